"""The cases of a book as they were known at one instant, as far as they had occurred by another, some at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import reduce
from typing import Any, NamedTuple

from domain.case.events import CaseReceived, CaseRegistered
from domain.case.state import Case, Status, evolve
from domain.case.vocabulary import CaseKind
from domain.envelope import Recorded, RegisterNumber
from replay.as_of import AsOf, PastStream, streams_as_of
from replay.reader import Reader

CASES_AT_ONCE = 500
"""So many cases with their histories are held in memory at a time."""


class Chosen(NamedTuple):
    """Which cases; what is None or empty asks nothing. All of it is as of the two instants."""

    received_from: datetime | None = None
    received_before: datetime | None = None
    kinds: tuple[CaseKind, ...] = ()
    unit: str | None = None
    """The one that has the case."""
    statuses: tuple[Status, ...] = ()
    streams: tuple[str, ...] = ()
    """These cases alone."""

    def takes(self, past: PastCase) -> bool:
        """Whether a case is one of them."""
        received, case = past.receipt.occurred_at, past.case
        return (
            (self.received_from is None or received >= self.received_from)
            and (self.received_before is None or received < self.received_before)
            and (not self.kinds or case.kind in self.kinds)
            and (self.unit is None or case.unit == self.unit)
            and (not self.statuses or case.status in self.statuses)
        )


class PastCase(NamedTuple):
    """A case as of two instants."""

    stream: str
    receipt: Recorded[Any]
    """As it is read."""
    number: RegisterNumber | None
    case: Case
    history: Sequence[Recorded[Any]]
    """Its events as they are read, by version."""
    past: PastStream


class Part(NamedTuple):
    """Some of the cases."""

    position: int
    """The place in the book up to which cases have been looked at."""
    cases: Sequence[PastCase]


def parts(book: Reader, as_of: AsOf, chosen: Chosen, batch: int = CASES_AT_ONCE) -> Iterator[Part]:
    """The cases that are chosen, in the order in which their receipts stand in the book.

    Raises: LedgerAway, UnknownTopic, UnreadableEvent.
    """
    for position, streams in _batches(book, as_of, chosen, batch):
        found = (past_case(stream, past) for stream, past in streams_as_of(book, streams, as_of).items())
        yield Part(position, [case for case in found if case is not None and chosen.takes(case)])


def _batches(book: Reader, as_of: AsOf, chosen: Chosen, batch: int) -> Iterator[tuple[int, list[str]]]:
    if chosen.streams:
        named = list(dict.fromkeys(chosen.streams))
        for begin in range(0, len(named), batch):
            yield as_of.position, named[begin : begin + batch]
        return
    since, before, after = chosen.received_from, chosen.received_before, 0
    while found := book.receipts(after, as_of.position, batch, since=since, before=before):
        after = found[-1].position
        yield after, list(dict.fromkeys(receipt.stream for receipt in found))


def past_case(stream: str, past: PastStream) -> PastCase | None:
    """The case that its events as of two instants lead to; None while it had not been received."""
    history = list(past.read())
    receipt = next((one for one in history if isinstance(one.event, CaseReceived)), None)
    case = reduce(evolve, history, None)
    if receipt is None or case is None:
        return None
    numbers = (one.register for one in history if isinstance(one.event, CaseRegistered))
    return PastCase(stream, receipt, next(numbers, None), case, history, past)
