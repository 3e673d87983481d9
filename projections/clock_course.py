"""The course of clocks, worked out when it is asked for: their stretches, those to come, and why they stand so."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from domain.sla.clock import Clock, ClockKey, Segment, State
from domain.sla.explain import Explanation, explained
from ledger.ledger import Ledger
from projections.sla_row import SlaTimer
from projections.sla_timer import SLA_TIMER, TICK, Asked, asked
from projections.working_out import subjects


class Wanted(NamedTuple):
    """A clock whose course is asked for."""

    key: ClockKey
    at: datetime


class ClockCourse(NamedTuple):
    """A clock at an instant."""

    at: datetime
    clock: Clock
    explanation: Explanation
    upcoming: Sequence[Segment]
    """The stretches from then on to its due, if nothing happens; none of a clock that stands still or is over."""


def wanted_at(timer: SlaTimer, now: datetime) -> Wanted:
    """The course of a clock at an instant; of one that begins later, at the first of its life."""
    begins = timer.started_at is not None and timer.started_at > now
    return Wanted(timer.key, timer.started_at + TICK if begins and timer.started_at is not None else now)


def courses(ledger: Ledger, wanted: Collection[Wanted]) -> dict[Wanted, ClockCourse]:
    """The course of some clocks, those that there are. Their histories are read in one statement.

    Raises: LedgerAway.
    """
    of_streams: dict[str, list[Wanted]] = {}
    for each in wanted:
        of_streams.setdefault(each.key.subject, []).append(each)
    standing = ledger.standing(SLA_TIMER.beside(ledger.book), ledger.head())
    found: dict[Wanted, ClockCourse] = {}
    for subject in subjects(SLA_TIMER, list(of_streams), ledger.histories, standing):
        if subject.history:
            found |= _of_subject(asked(subject), of_streams[subject.stream])
    return found


def _of_subject(told: Asked, wanted: Sequence[Wanted]) -> Mapping[Wanted, ClockCourse]:
    found: dict[Wanted, ClockCourse] = {}
    for each in wanted:
        key, at = each
        explanation = explained(
            told.history,
            told.standards,
            at,
            key,
            tier_at=told.tiers,
            inherited=told.inherited,
            as_recorded=told.as_recorded,
        )
        if explanation is not None:
            clock = explanation.clock
            found[each] = ClockCourse(at, clock, explanation, _upcoming(told, clock, at))
    return found


def _upcoming(told: Asked, clock: Clock, at: datetime) -> Sequence[Segment]:
    if clock.state is not State.RUNNING or clock.due is None or clock.due.at <= at:
        return ()
    later = told.clocks(clock.due.at, segments=True)
    segments = next((each.segments for each in later if each.key == clock.key), ())
    return tuple(each._replace(begin=max(each.begin, at)) for each in segments if each.end > at)
