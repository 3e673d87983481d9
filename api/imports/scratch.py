"""What an import must remember of a whole file, on disk: memory does not grow with the rows, cases or customers."""

from __future__ import annotations

import copyreg
import io
import pickle
import sqlite3
from collections import ChainMap
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from types import MappingProxyType
from typing import Any, ClassVar
from uuid import UUID

from api.imports.errors import CannotGoOn
from domain.personal import Personal, PersonalState

CACHE_KIB = 8_192
REMEMBERED = 4_096
FRESH = 256
FILTER_BYTES = 1 << 22


def mark_of(*parts: str) -> bytes:
    """What stands for a key of several parts: 128 bits, so that no two keys of any file meet."""
    return blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).digest()


class Scratch:
    """A private database in a temporary file, which nobody else can open and which is gone with the process.

    SQLite keeps `CACHE_KIB` of it in memory. Raises: CannotGoOn when the disk is full.
    """

    def __init__(self, *tables: str) -> None:
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for statement in (f"PRAGMA cache_size = -{CACHE_KIB}", "PRAGMA journal_mode = OFF", "BEGIN", *tables):
            self._database.execute(statement)

    def run(self, statement: str, parameters: Sequence[object] = ()) -> sqlite3.Cursor:
        """Carries a statement out."""
        try:
            return self._database.execute(statement, parameters)
        except sqlite3.Error as error:
            raise CannotGoOn(
                f"The temporary file of the import cannot be used: {error}. Make room in TMPDIR."
            ) from error

    def run_each(self, statement: str, parameters: Iterable[Sequence[object]]) -> None:
        """Carries a statement out for each of many."""
        try:
            self._database.executemany(statement, parameters)
        except sqlite3.Error as error:
            raise CannotGoOn(
                f"The temporary file of the import cannot be used: {error}. Make room in TMPDIR."
            ) from error

    def rows(self, statement: str) -> Iterator[tuple[Any, ...]]:
        """The rows of a query, one by one."""
        try:
            yield from self.run(statement)
        except sqlite3.Error as error:
            raise CannotGoOn(f"The temporary file of the import cannot be read: {error}.") from error

    def close(self) -> None:
        """Lets go of the file."""
        self._database.close()


class Notes:
    """What is noted under each mark, as text or bytes; the latest note stands.

    Almost all marks that are asked for are new: a filter of fixed size says so without looking, as long as it is not
    crowded, and what is noted goes to the disk by the thousand. Each single look at the database took 40 microseconds
    (2026-11-22), most of them waiting for the thread that writes.
    """

    def __init__(self) -> None:
        self._scratch = Scratch("CREATE TABLE note (mark BLOB PRIMARY KEY, note) WITHOUT ROWID")
        self._met = bytearray(FILTER_BYTES)
        self._fresh: dict[bytes, str | bytes | None] = {}

    def note(self, mark: bytes, note: str | bytes) -> str | bytes | None:
        """Notes something unless there is a note already, which is then given back."""
        before = self.under(mark)
        if before is None:
            self.renote(mark, note)
        return before

    def renote(self, mark: bytes, note: str | bytes) -> None:
        """Notes something, whatever there was."""
        for byte, bit in _bits(mark):
            self._met[byte] |= bit
        self._put(mark, note)

    def under(self, mark: bytes) -> str | bytes | None:
        """The note, if there is one."""
        if mark in self._fresh:
            return self._fresh[mark]
        if not all(self._met[byte] & bit for byte, bit in _bits(mark)):
            return None
        found = self._scratch.run("SELECT note FROM note WHERE mark = ?", (mark,)).fetchone()
        return None if found is None else found[0]

    def forget(self, mark: bytes) -> None:
        """Takes a note back."""
        self._put(mark, None)

    def _put(self, mark: bytes, note: str | bytes | None) -> None:
        self._fresh[mark] = note
        if len(self._fresh) >= REMEMBERED:
            self._scratch.run_each("INSERT OR REPLACE INTO note VALUES (?, ?)", self._fresh.items())
            self._fresh.clear()


def _bits(mark: bytes) -> Iterator[tuple[int, int]]:
    """Where a mark, which is as good as random, stands in the filter: two bits."""
    for start in (0, 8):
        place = int.from_bytes(mark[start : start + 8], "big") % (FILTER_BYTES * 8)
        yield place >> 3, 1 << (place & 7)


class Marks:
    """A set of marks."""

    def __init__(self) -> None:
        self._notes = Notes()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __contains__(self, mark: bytes) -> bool:
        return bool(self._count) and self._notes.under(mark) is not None

    def add(self, mark: bytes) -> None:
        """Adds a mark, unless it is there."""
        self._count += self._notes.note(mark, b"") is None


class Queue:
    """Things to be taken up again in another order: those of one group together, or all by their time."""

    TOGETHER: ClassVar = """
SELECT thing FROM thing JOIN (SELECT grouped, min(place) AS begun FROM thing GROUP BY grouped) USING (grouped)
ORDER BY begun, at, place
"""
    # Nothing of a group comes before what stands before it in its own order, even if its time does.
    BY_TIME: ClassVar = """
SELECT thing FROM
  (SELECT place, thing, max(at) OVER (PARTITION BY grouped ORDER BY place) AS due FROM thing)
ORDER BY due, place
"""

    def __init__(self) -> None:
        self.scratch = Scratch("CREATE TABLE thing (place INTEGER PRIMARY KEY, grouped BLOB, at INTEGER, thing BLOB)")
        self._fresh: list[tuple[int, bytes, int, bytes]] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def put(self, group: bytes, at: int, thing: object) -> None:
        """Adds a thing with its time in microseconds; ties keep the order in which they were added."""
        self._count += 1
        self._fresh.append((self._count, group, at, packed(thing)))
        if len(self._fresh) >= FRESH:
            self._flush()

    def _flush(self) -> None:
        self.scratch.run_each("INSERT INTO thing VALUES (?, ?, ?, ?)", self._fresh)
        self._fresh.clear()

    def together(self) -> Iterator[Any]:
        """Each group in one piece, as it was first met, and inside it by time."""
        return self._things(self.TOGETHER)

    def by_time(self) -> Iterator[Any]:
        """All by time."""
        return self._things(self.BY_TIME)

    def _things(self, query: str) -> Iterator[Any]:
        self._flush()
        for (thing,) in self.scratch.rows(query):
            yield unpacked(thing)
        self.scratch.close()


def _parts(personal: Personal[Any]) -> Any:
    """A personal value, which forbids to be set, by its parts."""
    state = personal.state
    value = personal.value if state is PersonalState.OPEN else None
    return _personal, (personal.subject, state, value, personal.commitment)


def _mapping(mapping: MappingProxyType[Any, Any]) -> Any:
    """A mapping that forbids to be set, by what it holds."""
    return _read_only, (dict(mapping),)


def _read_only(of: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(of)


def _personal(subject: UUID, state: PersonalState, value: Any, commitment: str | None) -> Personal[Any]:
    return Personal(subject, state, value, commitment)


PACKED_BY: ChainMap[Any, Any] = ChainMap({Personal: _parts, MappingProxyType: _mapping}, copyreg.dispatch_table)


def packed(thing: object) -> bytes:
    """A thing as bytes."""
    into = io.BytesIO()
    pickler = pickle.Pickler(into, pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = PACKED_BY
    pickler.dump(thing)
    return into.getvalue()


def unpacked(data: bytes) -> Any:
    """The thing again."""
    return pickle.loads(data)  # noqa: S301  see above


class Shelf:
    """Things by name, the latest of each: those put since the last `clear` in memory, all others on disk."""

    def __init__(self) -> None:
        self._notes = Notes()
        self._near: dict[str, Any] = {}

    def put(self, things: Iterable[tuple[str, Any]]) -> None:
        """Keeps things."""
        self._near.update(things)

    def get(self, name: str) -> Any | None:
        """The thing of that name, if there is one."""
        if name in self._near:
            return self._near[name]
        data = self._notes.under(mark_of(name))
        return unpacked(data) if isinstance(data, bytes) else None

    def clear(self) -> None:
        """Puts everything out of memory."""
        for name, thing in self._near.items():
            self._notes.renote(mark_of(name), packed(thing))
        self._near.clear()
