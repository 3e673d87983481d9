"""What is written in a book, row by row, and how it is read by now, worked out without the program's own reading."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from ledger.database import Database

WRITTEN = """
SELECT position, stream, version, topic, recorded_at, occurred_at, occurred_zone, occurred_precision,
       source_recorded_at, register_series, register_number, convert_from(data, 'UTF8'), convert_from(metadata, 'UTF8')
FROM ledger.event
WHERE book = %(book)s
ORDER BY position
"""
SPEAK_OF_OTHERS = frozenset(
    {"correction-requested", "void-requested", "event-corrected", "event-voided", "amendment-declined"}
)
VOID = "void"


class Row(NamedTuple):
    """A row of the ledger's table, its data and metadata as plain JSON."""

    position: int
    stream: str
    version: int
    topic: str
    recorded_at: datetime
    at: datetime
    zone: str
    precision: str
    source_recorded_at: datetime | None
    series: str | None
    number: int | None
    data: dict[str, Any]
    metadata: dict[str, Any]

    @property
    def kind(self) -> str:
        """The topic without the version of its schema, all of which are the first."""
        assert self.topic.endswith(".1"), f"{self.topic}: this fold knows first schemas only"
        return self.topic.removesuffix(".1")

    @property
    def category(self) -> str:
        return self.stream.split("-", 1)[0]

    @property
    def subject(self) -> UUID:
        return UUID(self.stream.split("-", 1)[1])


class Told(NamedTuple):
    """A book: every row as it was written, and those that say something as they are read by now."""

    written: list[Row]
    read: list[Row]

    def subjects(self, category: str) -> Iterator[tuple[UUID, list[Row], list[Row]]]:
        """Each subject of a category with its rows as they are read, and as they were written."""
        written, read = _by_stream(self.written), _by_stream(self.read)
        for stream, rows in written.items():
            if rows[0].category == category:
                yield rows[0].subject, read.get(stream, []), rows


def told(database: Database, book: str) -> Told:
    """The book as its table has it."""
    rows = [
        Row._make([*columns, json.loads(data), json.loads(metadata)])
        for *columns, data, metadata in database.rows(WRITTEN, {"book": book})
    ]
    return Told(rows, sorted(row for stream in _by_stream(rows).values() for row in _read(stream)))


def _by_stream(rows: Iterable[Row]) -> dict[str, list[Row]]:
    streams: dict[str, list[Row]] = {}
    for row in rows:
        streams.setdefault(row.stream, []).append(row)
    return streams


def _read(stream: list[Row]) -> Iterator[Row]:
    """The rows of a stream as they are read by now.

    Only what is written later can change how something is read. So the stream is gone through once from its end: what
    is met first about a version holds, and what is itself void by then says nothing.
    """
    instead: dict[int, Any] = {}
    for row in reversed(stream):
        if row.kind in {"event-corrected", "event-voided"} and instead.get(row.version) != VOID:
            asked = stream[row.data["request"] - 1]
            says = VOID if row.kind == "event-voided" else (asked.data["replacement"], asked.data["occurrence"])
            instead.setdefault(row.data["version"], instead.get(row.version, says))
    for row in stream:
        if row.kind in SPEAK_OF_OTHERS or instead.get(row.version) == VOID:
            continue
        yield _instead(row, *instead[row.version]) if row.version in instead else row


def _instead(row: Row, replacement: dict[str, Any], occurrence: dict[str, str] | None) -> Row:
    """A row with what a correction has stand in its place."""
    read = row._replace(topic=replacement["topic"], data=replacement["data"])
    if occurrence is None:
        return read
    at = datetime.fromisoformat(occurrence["at"])
    return read._replace(at=at, zone=occurrence["zone"], precision=occurrence["precision"])
