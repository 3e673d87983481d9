"""The course of clocks, worked out when it is asked for: their stretches, those to come, and why they stand so."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from domain.sla.clock import Clock, ClockKey, Segment, State
from domain.sla.explain import Explanation, explained
from ledger.ledger import Ledger
from projections.reading import Knows, histories_known
from projections.sla_row import SlaTimer
from projections.sla_timer import SLA_TIMER, TICK, Asked, asked
from projections.working_out import subjects


class Wanted(NamedTuple):
    """A clock whose course is asked for."""

    key: ClockKey
    at: datetime
    known: int | None = None
    """The position up to which everything is known of it; None is the book's end."""


class ClockCourse(NamedTuple):
    """A clock at an instant."""

    at: datetime
    clock: Clock
    explanation: Explanation
    upcoming: Sequence[Segment]
    """The stretches from then on to its due, if nothing happens; none of a clock that stands still or is over."""


def wanted_at(timer: SlaTimer, now: datetime, known: int | None = None) -> Wanted:
    """The course of a clock at an instant, as known by now or at a position; of one that begins later, at the first of
    its life."""
    begins = timer.started_at is not None and timer.started_at > now
    return Wanted(timer.key, timer.started_at + TICK if begins and timer.started_at is not None else now, known)


def courses(ledger: Ledger, wanted: Collection[Wanted], knows: Knows | None = None) -> dict[Wanted, ClockCourse]:
    """The course of some clocks, those that there are. Histories known equally far are read in one statement; given
    who `knows`, of their events those alone that were known.

    Raises: LedgerAway.
    """
    found: dict[Wanted, ClockCourse] = {}
    for known in {each.known for each in wanted}:
        found |= _courses(ledger, [each for each in wanted if each.known == known], known, knows)
    return found


def _courses(
    ledger: Ledger, wanted: Sequence[Wanted], known: int | None, knows: Knows | None
) -> dict[Wanted, ClockCourse]:
    of_streams: dict[str, list[Wanted]] = {}
    for each in wanted:
        of_streams.setdefault(each.key.subject, []).append(each)
    standing = ledger.standing(SLA_TIMER.beside(ledger.book), ledger.head() if known is None else known)
    read = ledger.histories if known is None else histories_known(ledger, known, knows)
    found: dict[Wanted, ClockCourse] = {}
    for subject in subjects(SLA_TIMER, list(of_streams), read, standing):
        if subject.history:
            found |= _of_subject(asked(subject), of_streams[subject.stream])
    return found


def _of_subject(told: Asked, wanted: Sequence[Wanted]) -> Mapping[Wanted, ClockCourse]:
    found: dict[Wanted, ClockCourse] = {}
    for each in wanted:
        key, at, _ = each
        then = told.until(at)
        explanation = explained(
            then.history,
            then.standards,
            at,
            key,
            tier_at=then.tiers,
            inherited=then.inherited,
            as_recorded=then.as_recorded,
        )
        if explanation is not None:
            clock = explanation.clock
            found[each] = ClockCourse(at, clock, explanation, _upcoming(told, clock, at))
    return found


def _upcoming(told: Asked, clock: Clock, at: datetime) -> Sequence[Segment]:
    if clock.state is not State.RUNNING or clock.due is None or clock.due.at <= at:
        return ()
    later = told.until(at).clocks(clock.due.at, segments=True)
    segments = next((each.segments for each in later if each.key == clock.key), ())
    return tuple(each._replace(begin=max(each.begin, at)) for each in segments if each.end > at)
