"""The same rows as tables in CSV: RFC 4180, UTF-8, a header, columns that stay."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any

import orjson

from replay.export.declared import ENVELOPE, OF_SKIPPED, Value
from replay.export.event_row import EventRow
from replay.export.object_row import ObjectRow

Write = Callable[[bytes], Any]
FORMULAS = ("=", "+", "-", "@", "\t", "\r", "'")
"""By what a spreadsheet takes a cell for an order (CWE-1236), and the mark itself, so that it comes off again."""


class Table(StrEnum):
    """The tables."""

    EVENTS = "events"
    OBJECTS = "objects"
    CHANGES = "changes"
    """What attributes of objects are from when on."""
    RELATIONS = "relations"
    """Of events and of objects to objects."""


_ENVELOPE = (*ENVELOPE, *(name for name in OF_SKIPPED if name not in ENVELOPE))
COLUMNS: Mapping[Table, tuple[str, ...]] = {
    Table.EVENTS: ("id", "type", "time", *_ENVELOPE, "data"),
    Table.OBJECTS: ("id", "type"),
    Table.CHANGES: ("object", "name", "time", "value"),
    Table.RELATIONS: ("from", "from_kind", "qualifier", "object"),
}


class Tables:
    """Rows as tables, those of them that are wanted. It keeps no row.

    A cell that a spreadsheet would take for a formula gets an apostrophe before it, and so does one that begins with an
    apostrophe: whoever takes one off has what was there. `exact` leaves cells as they are.
    """

    def __init__(self, writes: Mapping[Table, Write], *, exact: bool = False) -> None:
        self._writes = writes
        self._exact = exact
        self._line = io.StringIO()
        self._csv = csv.writer(self._line, lineterminator="\r\n")
        for table in writes:
            self._row(table, COLUMNS[table])

    def event(self, row: EventRow) -> None:
        """One event more. What is its own stands in `data`, as JSON: each type has other attributes."""
        told = dict(row.attributes)
        if Table.EVENTS in self._writes:
            data = {name: value for name, value in told.items() if name not in _ENVELOPE}
            cells = (row.id, row.type, row.time, *(told.get(name) for name in _ENVELOPE), _json(data))
            self._row(Table.EVENTS, cells)
        for thing, part in row.things.items():
            self._row(Table.RELATIONS, (row.id, "event", part, thing.id))

    def thing(self, row: ObjectRow) -> None:
        """One object more."""
        self._row(Table.OBJECTS, (row.thing.id, row.thing.kind.value))
        for change in row.changes:
            self._row(Table.CHANGES, (row.thing.id, *change))
        for other, part in row.relations:
            self._row(Table.RELATIONS, (row.thing.id, "object", part, other.id))

    def end(self) -> None:
        """There is no more: a table ends with its last row, and nothing closes it."""

    def _row(self, table: Table, cells: Iterable[Value | None]) -> None:
        write = self._writes.get(table)
        if write is None:
            return
        self._csv.writerow([self._cell(cell) for cell in cells])
        write(self._line.getvalue().encode())
        self._line.seek(0)
        self._line.truncate()

    def _cell(self, value: Value | None) -> str:
        if value is None:
            return ""
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int):
            return str(value)
        return f"'{value}" if not self._exact and value.startswith(FORMULAS) else value


def _json(data: Mapping[str, Value]) -> str:
    return orjson.dumps(data).decode()
