"""Other orders than that of the file: the rows of a case together, and steps by when their source recorded them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from api.imports.clock import START
from api.imports.errors import BadMapping, BadRow
from api.imports.mapping import Mapping
from api.imports.opening import opened
from api.imports.reading import Inspected, Row
from api.imports.record import Columns
from api.imports.ruled_mapping import EventMapping, RequestMapping
from api.imports.scratch import Queue, mark_of
from api.imports.snapshot_mapping import SnapshotMapping
from api.imports.step import Step

MICROSECOND = timedelta(microseconds=1)
UNKNOWN = -(2**62)
ROWS_BETWEEN_PROGRESS = 5_000


def together(
    rows: Iterator[Row], mapping: Mapping, header: Sequence[str], progress: Callable[[], object]
) -> Iterator[Row]:
    """The rows of each case in one piece, in the order of their times; cases as the file first names them.

    A row whose case or time cannot be read comes first in its case; it will be put aside, and nothing depends on it.
    """
    columns, queue = Columns(mapping, header), Queue()
    case, time = _case_and_time(mapping)
    for row in rows:
        group, at = b"", UNKNOWN
        if row.fault is None:
            group = mark_of(columns.text(row.values, case) or "")
            at = _at(columns, row, time)
        queue.put(group, at, row)
        if not len(queue) % ROWS_BETWEEN_PROGRESS:
            progress()
    yield from queue.together()


def by_source_time(steps: Iterator[Step]) -> Iterator[Step]:
    """Steps by when their source recorded them; those of a case keep their order, whatever their times."""
    queue = Queue()
    for step in steps:
        said_at = step.submission.said_at or START
        queue.put(mark_of(step.case), (said_at - START) // MICROSECOND, step)
    yield from queue.by_time()


def earliest(file: Inspected, mapping: Mapping) -> datetime:
    """When the source recorded the first of its rows. Raises: BadMapping when it does not say."""
    columns_of_times = _recorded(mapping)
    first: datetime | None = None
    with opened(file, mapping) as records:
        columns = Columns(mapping, records.header)
        for row in records:
            if row.fault is not None:
                continue
            for column in columns_of_times:
                text = columns.text(row.values, column)
                try:
                    at = columns.clock.instant(text) if text else None
                except BadRow:
                    continue
                if at is not None and (first is None or at < first):
                    first = at
    if first is None:
        raise BadMapping(
            f"The mapping {mapping.name!r} does not say when the source recorded the rows of {file.path}: it needs "
            "time.source_recorded = true, or in an event log the column of that time as time.recorded."
        )
    return first


def _at(columns: Columns, row: Row, time: str) -> int:
    text = columns.text(row.values, time)
    try:
        return UNKNOWN if text is None else (columns.clock.instant(text) - START) // MICROSECOND
    except BadRow:
        return UNKNOWN


def _case_and_time(mapping: Mapping) -> tuple[str, str]:
    """The columns by which rows are brought together."""
    match mapping:
        case SnapshotMapping():
            return mapping.rows.case, mapping.time.updated
        case RequestMapping():
            return mapping.rows.case, next(iter(mapping.dates))
        case EventMapping():
            return mapping.rows.case, mapping.time.occurred
        case _:
            raise TypeError(f"{type(mapping).__name__} is no shape of file")


def _recorded(mapping: Mapping) -> tuple[str, ...]:
    """The columns that say when the source recorded something."""
    match mapping:
        case SnapshotMapping(time=time) if time.source_recorded:
            return (time.updated,)
        case RequestMapping(time=time, dates=dates) if time.source_recorded:
            return tuple(dates)
        case EventMapping(time=time) if time.recorded:
            return (time.recorded,)
        case EventMapping(time=time) if time.source_recorded:
            return (time.occurred,)
    return ()
