"""The golden books: small histories kept as the ledger stores them, event by event, for as long as there is a ledger.

Each line of `golden/NAME.jsonl` is an event: the columns of its row, `data` and `metadata` exactly as they are stored.
Personal values are in them as commitments only; whoever reads the books finds every one of them erased.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

from domain.book import BookOpened, BookTime
from domain.envelope import Recorded
from domain.event import rfc3339
from domain.personal import ERASED
from ledger.append import Batch, Draft, Write
from ledger.book import OPEN
from ledger.codec import Codec, metadata_of
from ledger.database import Database
from ledger.keys import MasterKey
from ledger.ledger import BookKind, Ledger
from ledger.recorder import COLUMNS, LedgerMapper, Row

FOLDER = Path(__file__).parent / "golden"
BOOKS = ("demo", "main")
"""A year of the demo's invented group, alarms and all; and one of amendments upon amendments in zones far apart."""
NAMES = COLUMNS.split(", ")
INSTANTS = {"recorded_at", "occurred_at", "source_recorded_at"}
BYTES = {"data", "metadata"}


class Erased:
    """Knows every personal value as one whose key is gone."""

    def get(self, commitment: str, default: Any, /) -> Any:
        """That it is gone."""
        del commitment, default
        return ERASED


@dataclass(frozen=True)
class GoldenBook:
    """A book out of its file."""

    name: str

    @cached_property
    def rows(self) -> list[Row]:
        """Its events as the ledger reads them, by position."""
        lines = (FOLDER / f"{self.name}.jsonl").read_text("utf-8").splitlines()
        return [_row(json.loads(line)) for line in lines]

    @cached_property
    def history(self) -> list[Recorded[Any]]:
        """The same as recorded events, personal values erased."""
        mapper, erased = LedgerMapper(Codec(), self.name), Erased()
        return [mapper.recorded(row, erased) for row in self.rows]

    def load(self, database: Database, master: MasterKey) -> Ledger:
        """Puts the book into a database that has none of its name, byte for byte, by the append function."""
        opened = self.history[0].event
        assert isinstance(opened, BookOpened)
        ledger = Ledger(database, master, self.name, kind=BookKind(opened.time, opened.zone))
        begin, writes = self.history[0].recorded_at, list(self._writes())

        def append(connection: Any) -> None:
            connection.execute(OPEN, {"book": self.name, "time": opened.time, "zone": opened.zone, "from": begin})
            Batch(writes, together=True).run(connection, self.name, database.now())

        assert opened.time is BookTime.SIMULATED
        database.writing(append)
        return ledger

    def _writes(self) -> Iterator[Write]:
        """What each command had written."""
        for command, told in groupby(self.rows, key=lambda row: metadata_of(row[-1]).command):
            rows = list(told)
            digest, said_at = bytes.fromhex(metadata_of(rows[0][-1]).digest), rows[0][NAMES.index("recorded_at")]
            expected: dict[str, int] = {}
            for row in rows:
                expected.setdefault(row[0], row[1] - 1)
            yield Write(command, digest, said_at, tuple(map(_draft, rows)), (), tuple(expected.items()))


def kept(rows: Sequence[Row]) -> str:
    """The file of a book, out of its rows."""
    assert all(one[4] + 1 == other[4] for one, other in pairwise(rows))
    return "".join(f"{json.dumps(dict(_line(row)), ensure_ascii=False)}\n" for row in rows)


def _line(row: Row) -> Iterator[tuple[str, Any]]:
    told = dict(zip(NAMES, row, strict=True))
    for name in ("position", *(name for name in NAMES if name != "position")):
        value = told[name]
        if name in BYTES:
            yield name, bytes(value).decode()
        elif value is not None:
            yield name, rfc3339(value) if name in INSTANTS else value


def _row(line: dict[str, Any]) -> Row:
    def value(name: str) -> Any:
        found = line.get(name)
        if found is None:
            return None
        if name in BYTES:
            return found.encode()
        return datetime.fromisoformat(found).astimezone(UTC) if name in INSTANTS else found

    return tuple(map(value, NAMES))


def _draft(row: Row) -> Draft:
    of = dict(zip(NAMES, row, strict=True))
    series = of["register_series"]
    return Draft(
        of["stream"], of["version"], of["topic"], of["occurred_at"], of["occurred_zone"], of["occurred_precision"],
        of["source_recorded_at"], None if series is None else series[:-4], of["data"], of["metadata"],
    )  # fmt: skip
