"""Reading a book in batches, each decoded once for all projections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from domain.correction import applied
from domain.envelope import Recorded
from ledger.errors import LedgerError, UnknownTopic, UnreadableEvent
from ledger.ledger import Ledger
from ledger.recorder import LedgerMapper


class Unreadable(NamedTuple):
    """An event that this program cannot read, and why."""

    stream: str
    position: int
    topic: str
    cause: Exception


class Batch(NamedTuple):
    """The events of a book up to `end`, in order; those that could not be read stand apart."""

    end: int
    events: Sequence[Recorded[Any]]
    unreadable: Sequence[Unreadable] = ()


def read(ledger: Ledger, start: int, end: int) -> Batch:
    """The events after `start` and up to `end`, which the book has reached; corrections applied.

    Raises: LedgerAway; LedgerError when a position among them is empty, since a view that passed over it would not show
    that an event is gone.
    """
    try:
        batch = Batch(end, list(applied(ledger.since(start, upto=end))))
    except (UnknownTopic, UnreadableEvent):
        batch = _read_around(ledger, start, end)
    there = {recorded.position for recorded in batch.events} | {missed.position for missed in batch.unreadable}
    if len(there) < end - start:
        empty = next(position for position in range(start + 1, end + 1) if position not in there)
        raise LedgerError(
            f"Position {empty} of book {ledger.book!r} holds no event, though the book goes on after it. "
            "The views stay before it until the event is restored."
        )
    return batch


def _read_around(ledger: Ledger, start: int, end: int) -> Batch:
    """The same, where some of the events cannot be read."""
    mapper = cast(LedgerMapper, ledger.mapper)
    events: list[Recorded[Any]] = []
    unreadable: list[Unreadable] = []
    for row in ledger.rows.rows_since(start, end, None):
        try:
            events.append(mapper.recorded(row))
        except (UnknownTopic, UnreadableEvent) as error:
            stream, _, topic, _, position, *_ = row
            unreadable.append(Unreadable(stream, position, topic, error))
    return Batch(end, list(applied(events)), unreadable)
