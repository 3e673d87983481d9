"""The course of clocks, worked out when it is asked for: their stretches, those to come, and why they stand as they do."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from domain.sla.clock import Clock, ClockKey, Segment, State
from domain.sla.explain import Explanation, explained
from ledger.ledger import Ledger
from projections.sla_timer import SLA_TIMER, TICK, Asked, asked
from projections.working_out import subjects


class Wanted(NamedTuple):
    """A clock whose course is asked for."""

    key: ClockKey
    started_at: datetime | None
    """As its row has it."""


class ClockCourse(NamedTuple):
    """A clock at an instant."""

    at: datetime
    """The one asked about; of a clock that begins later, the first of its life."""
    clock: Clock
    explanation: Explanation
    upcoming: Sequence[Segment]
    """The stretches from then on to its due, if nothing happens; none of a clock that stands still or is over."""


def courses(ledger: Ledger, wanted: Collection[Wanted], now: datetime) -> dict[ClockKey, ClockCourse]:
    """The course of some clocks at an instant, those that there are. Their histories are read in one statement.

    Raises: LedgerAway.
    """
    of_streams: dict[str, list[Wanted]] = {}
    for each in wanted:
        of_streams.setdefault(each.key.subject, []).append(each)
    standing = ledger.standing(SLA_TIMER.beside(ledger.book), ledger.head())
    found: dict[ClockKey, ClockCourse] = {}
    for subject in subjects(SLA_TIMER, list(of_streams), ledger.histories, standing):
        if subject.history:
            found |= _of_subject(asked(subject), of_streams[subject.stream], now)
    return found


def _of_subject(told: Asked, wanted: Sequence[Wanted], now: datetime) -> Mapping[ClockKey, ClockCourse]:
    found: dict[ClockKey, ClockCourse] = {}
    for key, started_at in wanted:
        at = now if started_at is None or started_at < now else started_at + TICK
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
            found[key] = ClockCourse(at, clock, explanation, _upcoming(told, clock, at))
    return found


def _upcoming(told: Asked, clock: Clock, at: datetime) -> Sequence[Segment]:
    if clock.state is not State.RUNNING or clock.due is None or clock.due.at <= at:
        return ()
    later = told.clocks(clock.due.at, segments=True)
    segments = next((each.segments for each in later if each.key == clock.key), ())
    return tuple(each._replace(begin=max(each.begin, at)) for each in segments if each.end > at)
