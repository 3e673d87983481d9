"""A case's history for whoever looks into it: each step with what it changed, and how the clocks stood after it.

What replay says of the events and what the views say of them meet here, since neither knows of the other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial, reduce
from typing import Any, NamedTuple
from uuid import UUID

from api.past_case import PastCase, folded
from domain.case.events import CaseReceived
from domain.correction import Reading
from domain.deciders import decider_of
from domain.envelope import Recorded
from domain.event import LATEST, rfc3339
from domain.sla.clock import State
from domain.stream import Category, stream_of
from ledger.ledger import Ledger
from ledger.opening import Unread
from projections.before_and_after import FieldChange, changes
from projections.clock_moments import Moment, Watch, clocks_of
from projections.sla_row import SlaTimer, state_at
from replay.as_of import AsOf, KnownBy, PastStream, past_stream
from replay.history import EVERY_STEP, Step, StepFilter, steps
from replay.reader import Reader

MOST_GONE_THROUGH = 1_000_000
"""So many events are gone through for the clocks at each step, which takes some seven seconds of a core: those of a
case of 1,400 events. Where it would be more, the clocks are told at the first step and the last."""


class NoCase(Exception):
    """There is no such case, or what there is of it makes none; then it says why."""


class NotYetKnown(Exception):
    """The case is there, but nothing of it was known then, or had occurred; it says since when."""


class ClockMoment(NamedTuple):
    """How a clock stood right after a step."""

    timer: SlaTimer
    """As it was then; of one that nothing asks for any more, as it was before."""
    state: State | None
    """None of one that nothing asks for any more."""
    before: State | None
    """How it stood after the step before; None of one that was not there."""


class Told(NamedTuple):
    """A step with what became of it."""

    step: Step
    changes: tuple[FieldChange, ...]
    """What it changed of the case as that was known when it was recorded."""
    clocks: tuple[ClockMoment, ...]
    """The clocks that stand otherwise than after the step before, or are due at another time; of the first and the last
    step that are told all of them."""


class CaseHistory(NamedTuple):
    """The steps of a case as of two instants, as far as they were asked for."""

    case: PastCase
    customer: Any
    """What was known of its customer then; None where nothing was, or there is none."""
    told: Sequence[Told]
    steps: int
    """How many steps there are, told or not."""
    clocks_at_each: bool
    """Whether the clocks are told at every step, or only at the first and the last."""
    unread: Sequence[Unread]
    """What could not be read of all that this is made of, and was left out."""


def everything(ledger: Ledger) -> AsOf:
    """All that the book has, whenever it occurred."""
    return AsOf(ledger.head(), LATEST, LATEST)


def case_history(
    ledger: Ledger,
    case_id: UUID,
    as_of: AsOf,
    where: StepFilter = EVERY_STEP,
    *,
    skip_unknown: bool = False,
    watch: Watch = iter,
) -> CaseHistory:
    """The history of a case as of two instants.

    Raises: NoCase, NotYetKnown; UnknownTopic or UnreadableEvent, unless what cannot be read is to be left out;
    CannotWorkOut, LedgerAway.
    """
    reader, stream = Reader(ledger, skip_unknown=skip_unknown), stream_of(Category.CASE, case_id)
    history = reader.histories([stream], as_of.position, opened=True)[stream]
    past = past_stream(history, as_of)
    if not past.written:
        raise _not_yet(reader, case_id, as_of)
    file = folded(case_id, past)
    if file is None:
        raise _not_received(reader, history, past, as_of)
    every = steps(past)
    wanted = [step for step in every if where.takes(step)]
    changed = changes(history, {step.recorded.version for step in wanted})
    at_each = _gone_through(every, wanted) <= MOST_GONE_THROUGH
    clocks = _clocks(reader, every, wanted if at_each else [*wanted[:1], *wanted[-1:]], as_of, watch)
    told = [Told(step, changed[step.recorded.version], clocks.get(step.recorded.version, ())) for step in wanted]
    customer = _customer(reader, file.customer_id, as_of)
    unread = sorted({each.position: each for each in reader.unread or ()}.values(), key=lambda each: each.position)
    return CaseHistory(PastCase(file, past), customer, told, len(every), at_each, unread)


def _not_received(
    reader: Reader, history: Sequence[Recorded[Any]], past: PastStream, as_of: AsOf
) -> NoCase | NotYetKnown:
    """Why what is found of a case makes none."""
    every = [one for one in history if isinstance((past.reading.of(one) or one).event, CaseReceived)]
    receipts = [recorded for recorded in every if as_of.knows(recorded)]
    if every and not receipts:  # a source may have recorded a step before what it follows from
        heard = min(map(partial(known_at, as_of.known_by), every))
        return NotYetKnown(f"counts by {rfc3339(as_of.known_at)}, since its receipt was known only at {rfc3339(heard)}")
    counted = [read.occurred_at for recorded in receipts if (read := past.reading.of(recorded)) is not None]
    if counted and min(counted) > as_of.valid_at:
        return NotYetKnown(
            f"counts by {rfc3339(as_of.valid_at)}, since it was received only at {rfc3339(min(counted))}"
        )
    if receipts and not counted:
        return NoCase("what was received is void")
    return NoCase("what it begins with cannot be read" if reader.unread else "it was never received")


def _not_yet(reader: Reader, case_id: UUID, as_of: AsOf) -> NoCase | NotYetKnown:
    """Why nothing is found of a case."""
    stream = stream_of(Category.CASE, case_id)
    history = reader.histories([stream], reader.head())[stream]
    if not history:
        return NoCase("none of its events can be read" if reader.unread else "")
    if known := [recorded for recorded in history if as_of.knows(recorded)]:
        reading = Reading(known)
        first = min((reading.of(recorded) or recorded).occurred_at for recorded in known)
        return NotYetKnown(f"had occurred by {rfc3339(as_of.valid_at)}; the first of it did at {rfc3339(first)}")
    heard = min(map(partial(known_at, as_of.known_by), history))
    if as_of.known_by is KnownBy.SOURCE:
        return NotYetKnown(
            f"was known to its source by {rfc3339(as_of.known_at)}; that first recorded it at {rfc3339(heard)}"
        )
    return NotYetKnown(
        f"was known at {rfc3339(as_of.known_at)}, position {as_of.position}; it was first recorded at "
        f"{rfc3339(heard)}, position {history[0].position}"
    )


def known_at(by: KnownBy, recorded: Recorded[Any]) -> datetime:
    """When somebody knew of an event: this ledger, or the source that it came from, as far as that says."""
    told = recorded.source_recorded_at if by is KnownBy.SOURCE else None
    return told or recorded.recorded_at


def _customer(reader: Reader, customer_id: UUID | None, as_of: AsOf) -> Any:
    if customer_id is None:
        return None
    stream = stream_of(Category.CUSTOMER, customer_id)
    past = past_stream(reader.histories([stream], as_of.position, opened=True)[stream], as_of)
    decider = decider_of(stream)
    return reduce(decider.evolve, past.read(), decider.initial)


# Clocks ---------------------------------------------------------------------------------------------------------------


def _gone_through(every: Sequence[Step], told: Sequence[Step]) -> int:
    """How many events are gone through for the clocks at some steps, and at those before them."""
    places = {step.recorded.version: place for place, step in enumerate(every)}
    return sum(2 * places[step.recorded.version] + 1 for step in told) // (2 if len(told) == len(every) else 1)


def _clocks(
    reader: Reader, every: Sequence[Step], told: Sequence[Step], as_of: AsOf, watch: Watch
) -> Mapping[int, tuple[ClockMoment, ...]]:
    """What is told of clocks at some steps of a history, by version. They are looked at when the step became known."""
    if not told:
        return {}
    versions = {step.recorded.version for step in told}
    ends = {told[0].recorded.version, told[-1].recorded.version}
    moments = {step.recorded.version: Moment(step.recorded.stream, step.recorded.position,
                                             known_at(as_of.known_by, step.recorded)) for step in every}  # fmt: skip
    pairs = [(before, now) for before, now in zip([None, *moments], moments, strict=False) if now in versions]
    asked = {moments[version] for pair in pairs for version in pair if version is not None}
    found = clocks_of(reader.book, asked, partial(_read, reader, as_of.position), watch)
    none: Sequence[SlaTimer] = ()
    return {
        now: tuple(
            compared(
                none if before is None else found.get(moments[before], ()),
                found.get(moments[now], ()),
                None if before is None else moments[before].at,
                moments[now].at,
                whole=now in ends,
            )
        )
        for before, now in pairs
    }


def _read(reader: Reader, position: int, streams: Collection[str]) -> Mapping[str, Sequence[Recorded[Any]]]:
    return reader.histories(streams, position)


def compared(
    before: Sequence[SlaTimer],
    after: Sequence[SlaTimer],
    before_at: datetime | None,
    at: datetime,
    *,
    whole: bool = False,
) -> Iterator[ClockMoment]:
    """The clocks that stand otherwise than before, or are due at another time; with `whole` all that there are."""
    known = {timer.clock_id: timer for timer in before}
    for timer in after:
        old, state = known.pop(timer.clock_id, None), state_at(timer, at)
        was = None if old is None or before_at is None else state_at(old, before_at)
        if whole or old is None or state is not was or _moved(old, timer):
            yield ClockMoment(timer, state, was)
    for timer in known.values():
        yield ClockMoment(timer, None, state_at(timer, before_at or at))


def _moved(before: SlaTimer, after: SlaTimer) -> bool:
    """Whether the due is another one. While a clock is paused it moves on with the time, which says nothing."""
    return not (before.paused and after.paused) and (before.due_at, before.due_on) != (after.due_at, after.due_on)
