"""A file opened as its mapping says, and the teller that reads its shape."""

from __future__ import annotations

from collections.abc import Sequence

from api.imports.interpretation import Interpreter
from api.imports.json_lines import JsonLines
from api.imports.mapping import Mapping
from api.imports.reading import Inspected, Records
from api.imports.record import Columns
from api.imports.ruled_mapping import EventMapping, RequestMapping
from api.imports.ruled_telling import EventTeller, RequestTeller
from api.imports.snapshot_mapping import SnapshotMapping
from api.imports.snapshot_telling import SnapshotTeller
from api.imports.step import Occasion, Teller
from api.imports.table import Table


def opened(file: Inspected, mapping: Mapping) -> Records:
    """The rows of a file. Raises: BadFile."""
    if mapping.file.format == "ndjson":
        columns = dict.fromkeys(place.column for place in mapping.named() if place.column not in mapping.left_out)
        return JsonLines(file, mapping.file, list(columns))
    return Table(file, mapping.file)


def teller_of(mapping: Mapping, header: Sequence[str], occasion: Occasion) -> Teller:
    """The teller of a mapping's shape."""
    match mapping:
        case SnapshotMapping():
            return SnapshotTeller(Interpreter(mapping, header), occasion)
        case RequestMapping():
            return RequestTeller(mapping, Columns(mapping, header), occasion)
        case EventMapping():
            return EventTeller(mapping, Columns(mapping, header), occasion)
        case _:
            raise TypeError(f"{type(mapping).__name__} is no shape of file")
