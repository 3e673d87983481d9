"""Trying the first rows of a file, so that what is wrong with all of it is told before anything is written."""

from __future__ import annotations

from itertools import islice

from api.imports.errors import BadFile, BadMapping, BadRow
from api.imports.mapping import Mapping, Place
from api.imports.reading import Records, Row
from api.imports.record import Columns

SAMPLE_ROWS = 100


def check_sample(records: Records, mapping: Mapping) -> None:
    """Tries the first rows.

    Single bad rows are no reason: it is wrong when none of those that could show it is right. Raises: BadFile,
    BadMapping.
    """
    sample = list(islice(records, SAMPLE_ROWS))
    if not sample:
        raise BadFile(f"{records.path} has no rows: there is nothing in it to import.")
    undecoded = [row for row in sample if row.fault and row.fault[0] == "wrong-encoding"]
    decoded = [row for row in sample if row.fault is None and not all(value.isascii() for value in row.values)]
    if undecoded and not decoded:
        fault = undecoded[0].fault or ("", "")
        raise BadFile(
            f"{records.path} is not written in {mapping.file.encoding}: on line {undecoded[0].line} {fault[1]}. "
            "Give its encoding in the mapping, as file.encoding."
        )
    columns = Columns(mapping, records.header)
    whole = [row for row in sample if row.fault is None]
    if mapping.file.format == "ndjson":
        _check_objects(records, mapping, columns, sample, whole)
    for place in mapping.timed:
        _check_times(records, mapping, columns, whole, place)


def _check_objects(records: Records, mapping: Mapping, columns: Columns, sample: list[Row], whole: list[Row]) -> None:
    """A path that no object has is a slip of the pen; the header of a table would have shown it."""
    if not whole:
        _, said = sample[0].fault or ("", "")
        raise BadFile(
            f"{records.path} holds no JSON objects, one a line: on line {sample[0].line} {said}. "
            "Is it in the format that the mapping names?"
        )
    for place in mapping.needed:
        if all(columns.text(row.values, place.column) is None for row in whole):
            raise BadMapping(
                f"The mapping {mapping.name!r} does not fit {records.path}: {place.name} names {place.column!r}, "
                f"which none of the first {len(whole)} objects has."
            )


def _check_times(records: Records, mapping: Mapping, columns: Columns, whole: list[Row], place: Place) -> None:
    bad: list[tuple[int, str]] = []
    for row in whole:
        text = columns.text(row.values, place.column)
        if text is None:
            continue
        try:
            columns.clock.moment(text)
        except BadRow as error:
            if error.code == "bad-time":
                bad.append((row.line, str(error)))
                continue
        return
    if bad:
        line, reason = bad[0]
        raise BadMapping(
            f"time.format of the mapping {mapping.name!r} does not fit {place.column} ({place.name}) in "
            f"{records.path}: on line {line} {reason}."
        )
