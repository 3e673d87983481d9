"""OCEL 2.0 in JSON (ocel-standard.org, specification of 2023-10-16), an event and an object to a line.

What the types are stands first, whichever of them there are: the same in every file of a program.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from replay.export.declared import OBJECTS, ValueType, event_types
from replay.export.event_row import EventRow
from replay.export.object_row import ObjectRow

Write = Callable[[bytes], Any]


class Ocel:
    """Rows as a file of OCEL 2.0; it keeps none of them."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._first = True
        kinds = {kind.value: attributes for kind, attributes in OBJECTS.items()}
        write(b'{"objectTypes":[')
        self._types(kinds)
        write(b'],\n"eventTypes":[')
        self._types(event_types())
        write(b'],\n"events":[')

    def event(self, row: EventRow) -> None:
        """One event more."""
        self._item({
            "id": row.id,
            "type": row.type,
            "time": row.time,
            "attributes": [{"name": name, "value": value} for name, value in row.attributes],
            "relationships": [{"objectId": thing.id, "qualifier": part} for thing, part in row.things.items()],
        })  # fmt: skip

    def thing(self, row: ObjectRow) -> None:
        """One object more; after the first there are no more events."""
        self._objects()
        self._item({
            "id": row.thing.id,
            "type": row.thing.kind.value,
            "attributes": [{"name": name, "time": time, "value": value} for name, time, value in row.changes],
            "relationships": [{"objectId": thing.id, "qualifier": part} for thing, part in row.relations],
        })  # fmt: skip

    def end(self) -> None:
        """There is no more."""
        self._objects()
        self._write(b"\n]}\n")

    def _types(self, types: Mapping[str, Mapping[str, ValueType]]) -> None:
        self._first = True
        for name, attributes in types.items():
            told = [{"name": each, "type": type_.value} for each, type_ in attributes.items()]
            self._item({"name": name, "attributes": told})
        self._first = True

    def _objects(self) -> None:
        """Ends the events, once."""
        if not self._in_objects:
            self._in_objects = True
            self._write(b'\n],\n"objects":[')
            self._first = True

    _in_objects = False

    def _item(self, item: Mapping[str, Any]) -> None:
        self._write((b"\n" if self._first else b",\n") + orjson.dumps(item))
        self._first = False
