"""What an export has come across so far, kept on disk beyond a few megabytes: a book may have more than fits."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from replay.export.declared import Kind
from replay.export.related import Thing

AT_ONCE = 500
"""So many names are looked up in one statement."""
SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -16384;
CREATE TABLE thing (kind TEXT NOT NULL, id TEXT NOT NULL, name TEXT, PRIMARY KEY (kind, id)) WITHOUT ROWID;
CREATE TABLE chosen (ground TEXT NOT NULL, stream TEXT NOT NULL, PRIMARY KEY (ground, stream)) WITHOUT ROWID;
"""
ADD = "INSERT OR IGNORE INTO thing VALUES (?, ?, ?)"
CHOOSE = "INSERT OR IGNORE INTO chosen VALUES (?, ?)"
PAGE = "SELECT id, name FROM thing WHERE kind = ? AND id > ? ORDER BY id LIMIT ?"
COUNT = "SELECT count(*) FROM thing"


class Found:
    """Objects, each once, and streams that were chosen on some ground. It ends with its block, and leaves no file, not
    even when the process is killed: a database of SQLite without a name has none in any folder."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.executescript(SCHEMA)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def add(self, things: Iterable[Thing]) -> None:
        """Notes objects; what one is called stays as it was noted first. Raises: OSError."""
        with _told():
            self._database.executemany(ADD, ((thing.kind.value, thing.id, thing.name) for thing in things))

    def choose(self, ground: str, streams: Iterable[str]) -> None:
        """Notes streams. Raises: OSError."""
        with _told():
            self._database.executemany(CHOOSE, ((ground, stream) for stream in streams))

    def chosen(self, ground: str, streams: Collection[str]) -> set[str]:
        """Those of some streams that were chosen."""
        asked = "SELECT stream FROM chosen WHERE ground = ? AND stream IN"
        return self._among(asked, ground, streams)

    def known(self, kind: Kind, ids: Collection[str]) -> set[str]:
        """Those of some objects of a kind that were noted."""
        return self._among("SELECT id FROM thing WHERE kind = ? AND id IN", kind.value, ids)

    def count(self) -> int:
        """How many objects were noted."""
        return int(self._database.execute(COUNT).fetchone()[0])

    def pages(self, kind: Kind, size: int) -> Iterator[list[Thing]]:
        """All objects of a kind, some at a time, by their ids."""
        after = ""
        while rows := self._database.execute(PAGE, (kind.value, after, size)).fetchall():
            yield [Thing(kind, *row) for row in rows]
            after = rows[-1][0]

    def _among(self, query: str, ground: str, names: Collection[str]) -> set[str]:
        wanted, found = list(names), set[str]()
        for first in range(0, len(wanted), AT_ONCE):
            some = wanted[first : first + AT_ONCE]
            marks = ", ".join("?" * len(some))
            found |= {name for (name,) in self._database.execute(f"{query} ({marks})", (ground, *some))}
        return found


@contextmanager
def _told() -> Iterator[None]:
    """Has a full disk told as what it is. Raises: OSError."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if "full" not in str(error):
            raise
        raise OSError(errno.ENOSPC, "No space left on device", "the temporary folder") from error
