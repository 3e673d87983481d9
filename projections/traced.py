"""A row traced: folded out of its events one by one, with which of them changed each of its fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

from domain.amendment import AMENDMENTS
from domain.envelope import Recorded
from projections.fields import Fields, Value
from projections.projection import FoldContext, Projection

Place: TypeAlias = tuple[str, int]
"""A stream and a version in it."""


class Traced(NamedTuple):
    """What is known of a subject, and by which events."""

    fields: Mapping[str, Value]
    """By path, all but the subject's own id."""
    touched: Mapping[str, Sequence[Place]]
    """The events that changed each field, in their order, also of those that were gone in the end."""


def row_of(projection: Projection[Any], key: UUID, told: Iterable[tuple[Recorded[Any], Recorded[Any] | None]]) -> Any:
    """The row after some events, each as it was written and as it is read; None while there is nothing to show."""
    row, context = None, FoldContext(key)
    for written, read in told:
        row = _after(projection, row, written, read, context)
    return row


def traced(
    projection: Projection[Any], key: UUID, told: Iterable[tuple[Recorded[Any], Recorded[Any] | None]], fields: Fields
) -> Traced:
    """The same by field. Of a row only the columns that an event changed are taken apart again, so that a subject with
    thousands of events is traced in a moment."""
    row, context = None, FoldContext(key)
    known: dict[str, dict[str, Value]] = {}
    touched: dict[str, list[Place]] = {}
    for written, read in told:
        after = _after(projection, row, written, read, context)
        if after is not row:
            for column in _changed(row, after):
                if column == projection.key:
                    continue
                was, becomes = known.get(column, {}), dict(fields.of_row({column: getattr(after, column)}))
                known[column] = becomes
                for path in {**was, **becomes}:
                    if was.get(path) != becomes.get(path):
                        touched.setdefault(path, []).append((written.stream, written.version))
        row = after
    return Traced({path: value for column in known.values() for path, value in column.items()}, touched)


def _after(
    projection: Projection[Any], row: Any, written: Recorded[Any], read: Recorded[Any] | None, context: FoldContext
) -> Any:
    if isinstance(written.event, AMENDMENTS):
        return row and projection.noted(row, written)
    return row if read is None else projection.fold(row, read, context)


def _changed(row: Any, after: Any) -> list[str]:
    """Columns that are otherwise. A fold never takes a row away."""
    if row is None:
        return list(after._fields)
    return [name for name, was, becomes in zip(after._fields, row, after, strict=True) if was != becomes]
