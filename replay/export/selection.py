"""Which events of a book are exported, and the walk through them in their order."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from domain.amendment import AMENDMENTS
from domain.correction import Reading
from domain.envelope import Recorded
from domain.stream import Category, category_of
from ledger.opening import Unread
from replay.as_of import AsOf, KnownBy
from replay.export.declared import name_of
from replay.reader import Reader

EVENTS_AT_ONCE = 2_000
"""So many events are held in memory at a time, with the whole histories of the amended streams among theirs."""


class Span(NamedTuple):
    """A stretch of time, from an instant on and before another; None is no bound."""

    since: datetime | None = None
    before: datetime | None = None

    def holds(self, at: datetime) -> bool:
        """Whether an instant lies in it."""
        return (self.since is None or at >= self.since) and (self.before is None or at < self.before)


ALWAYS = Span()


class Selection(NamedTuple):
    """Which events are meant; each that is asked for narrows it."""

    occurred: Span = ALWAYS
    recorded: Span = ALWAYS
    kinds: tuple[Category, ...] = ()
    """Of streams."""
    cases: tuple[str, ...] = ()
    """Their streams: only what stands in these."""
    customer: str | None = None
    """Their stream: the events in it, and in all streams that ever name the customer."""
    unit: str | None = None
    """Its stream: the events in all streams that ever name the unit or one below it."""
    topics: tuple[str, ...] = ()
    """Names without the version of the schema."""
    actors: tuple[str, ...] = ()


EVERYTHING = Selection()


class Told(NamedTuple):
    """An event as it goes into an export."""

    recorded: Recorded[Any]
    """As it is read by then, or as it was written."""
    read_by: int | None = None
    """The position of the correction by which it is read otherwise than it was written."""


class Untold(NamedTuple):
    """An event that this program cannot read, and when it was."""

    unread: Unread
    occurred_at: datetime
    recorded_at: datetime


class Batch(NamedTuple):
    """Some events of a book."""

    position: int
    """Up to which the book was read."""
    told: Sequence[Told]
    untold: Sequence[Untold]


class Asked(NamedTuple):
    """As of when a book is looked at, and how its events are read."""

    as_of: AsOf
    as_written: bool = False
    """With corrections and voids as events of their own, and what they are about as it was written first."""


def batches(book: Reader, asked: Asked, cases: Collection[str] = ()) -> Iterator[Batch]:
    """The events of a book as of then, in order; given the streams of cases, no more than those is read.

    Raises: LedgerAway; UnknownTopic and UnreadableEvent, unless the reader leaves these out.
    """
    upto = asked.as_of.position
    if cases:
        histories = book.histories(cases, upto)
        events = sorted((one for history in histories.values() for one in history), key=lambda one: one.position)
        untold = _untold(book, asked.as_of)
        yield Batch(upto, list(_read(events, histories, asked)), untold)
        return
    for after in range(0, upto, EVENTS_AT_ONCE):
        last = min(after + EVENTS_AT_ONCE, upto)
        events = book.since(after, last)
        untold = _untold(book, asked.as_of)
        amended: Mapping[str, list[Recorded[Any]]] = {}
        if not asked.as_written:
            amended = book.histories(book.amended({one.stream for one in events}, upto), upto)
            book.forget_unread()
        yield Batch(last, list(_read(events, amended, asked)), untold)


def matches(batch: Batch, selection: Selection, chosen: Callable[[Collection[str]], Collection[str]]) -> Batch:
    """Those events of a batch that are meant. `chosen` says which of some streams have to do with what was asked
    about."""
    streams = chosen({one.recorded.stream for one in batch.told} | {one.unread.stream for one in batch.untold})
    told = [one for one in batch.told if one.recorded.stream in streams and _is_meant(one.recorded, selection)]
    untold = [one for one in batch.untold if one.unread.stream in streams and _may_be_meant(one, selection)]
    return Batch(batch.position, told, untold)


def _is_meant(recorded: Recorded[Any], selection: Selection) -> bool:
    return (
        _in_time(recorded.stream, recorded.occurred_at, recorded.recorded_at, selection)
        and (not selection.topics or name_of(type(recorded.event)) in selection.topics)
        and (not selection.actors or recorded.metadata.actor.name in selection.actors)
    )


def _may_be_meant(untold: Untold, selection: Selection) -> bool:
    """Whose act it was nobody can tell; of which topic it is stands in its envelope."""
    unread = untold.unread
    return _in_time(unread.stream, untold.occurred_at, untold.recorded_at, selection) and (
        not selection.topics or unread.topic.rpartition(".")[0] in selection.topics
    )


def _in_time(stream: str, occurred_at: datetime, recorded_at: datetime, selection: Selection) -> bool:
    return (
        (not selection.kinds or category_of(stream) in selection.kinds)
        and (not selection.cases or stream in selection.cases)
        and selection.occurred.holds(occurred_at)
        and selection.recorded.holds(recorded_at)
    )


def _read(
    events: Iterable[Recorded[Any]], amended: Mapping[str, Sequence[Recorded[Any]]], asked: Asked
) -> Iterator[Told]:
    as_of, readings = asked.as_of, dict[str, Reading]()
    for recorded in events:
        if not as_of.knows(recorded):
            continue
        if asked.as_written:
            if recorded.occurred_at <= as_of.valid_at:
                yield Told(recorded)
            continue
        history = amended.get(recorded.stream)
        if history is None:
            if not isinstance(recorded.event, AMENDMENTS) and recorded.occurred_at <= as_of.valid_at:
                yield Told(recorded)
            continue
        if recorded.stream not in readings:
            readings[recorded.stream] = Reading(one for one in history if as_of.knows(one))
        reading = readings[recorded.stream]
        read = reading.of(recorded)
        if read is not None and read.occurred_at <= as_of.valid_at:
            amendment = reading.amended_by(recorded)
            yield Told(read, None if amendment is None else amendment.position)


def _untold(book: Reader, as_of: AsOf) -> list[Untold]:
    """What the reader has left out since it was asked last."""
    left_out = {one.position: one for one in book.unread or ()}
    if not left_out:
        return []
    book.forget_unread()
    found = []
    for position, (occurred_at, recorded_at, source_recorded_at) in sorted(book.times(left_out).items()):
        known_at = source_recorded_at or recorded_at
        if occurred_at <= as_of.valid_at and (as_of.known_by is KnownBy.LEDGER or known_at <= as_of.known_at):
            found.append(Untold(left_out[position], occurred_at, recorded_at))
    return found
