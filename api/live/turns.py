"""Turns of clocks: how a clock comes to stand otherwise, because something was recorded or because time has passed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from domain.sla.clock import State
from ledger.marks import Mark
from projections.sla_row import SlaTimer, state_at, verdicts_at
from projections.sla_timer import TICK

Clocks = Mapping[str, SlaTimer]
"""The clocks of one case or obligation, by their ids."""


class Because(StrEnum):
    """Why a clock stands otherwise."""

    TIME = "time"
    EVENT = "event"


class Order(NamedTuple):
    """Where a turn stands among all turns: what time makes at an instant comes before what is recorded then."""

    at: datetime
    because_of_event: bool
    position: int
    """Of the event; 0 without one."""
    clock_id: str


class Moment(NamedTuple):
    """Up to where everything was told: what is recorded by a position, and what time has made by an instant."""

    position: int
    at: datetime
    told: datetime | None = None
    """The instant of what was told last, where more turned at that very instant; what is recorded later comes after
    all of it, whenever its clock says."""

    def heard(self, mark: Mark) -> datetime:
        """When something that was recorded after it is heard of by who is told."""
        return max(mark.recorded_at, self.told or self.at)


class Turn(NamedTuple):
    """That a clock stands otherwise than it did."""

    order: Order
    at: datetime
    """When. A due that passes does so a moment later than it says."""
    clock: SlaTimer
    """The clock, as last known."""
    before: SlaTimer | None
    """The clock as it was known; None for one that was not there."""
    after: SlaTimer | None
    was: State | None
    is_now: State | None
    warns: bool = False
    """Whether this is its warning."""


def by_time(clocks: Clocks, since: datetime, until: datetime) -> Iterator[Turn]:
    """What becomes of clocks after an instant and up to another, if nothing is recorded meanwhile; in order."""
    yield from sorted(turn for clock in clocks.values() for turn in _by_time(clock, since, until))


def next_turn(clocks: Sequence[SlaTimer], after: datetime) -> datetime | None:
    """When the first of some clocks turns by itself after an instant; None when none does."""
    return min((at for clock in clocks for at in _instants(clock) if at > after), default=None)


def by_event(before: Clocks, after: Clocks, at: datetime, mark: Mark) -> Iterator[Turn]:
    """What something that was recorded made of the clocks of a subject, seen at an instant; by their ids."""
    for clock_id in sorted({*before, *after}):
        was, is_now = before.get(clock_id), after.get(clock_id)
        last = before[clock_id] if is_now is None else is_now
        if _seen(was, at) != _seen(is_now, at):
            order = Order(at, because_of_event=True, position=mark.position, clock_id=clock_id)
            yield Turn(order, at, last, was, is_now, _state(was, at), _state(is_now, at))


def course(known: Callable[[int], Clocks], marks: Sequence[Mark], since: Moment, until: datetime) -> Iterator[Turn]:
    """All turns of the clocks of a subject after a moment, in order; `known` gives back its clocks as known at a
    position, and `marks` are what bears on them, after that moment."""
    clocks, at = known(since.position), since.at
    for mark in marks:
        then = max(since.heard(mark), at)
        yield from by_time(clocks, at, then)
        told = known(mark.position)
        yield from by_event(clocks, told, then, mark)
        clocks, at = told, then
    yield from by_time(clocks, at, max(until, at))


def _by_time(clock: SlaTimer, since: datetime, until: datetime) -> Iterator[Turn]:
    was = state_at(clock, since)
    instants = _instants(clock)
    for at in sorted(each for each in instants if since < each <= until):
        is_now = state_at(clock, at)
        warns = is_now is State.RUNNING and any(alarm.kind == "warning" and alarm.at == at for alarm in clock.alarms)
        if is_now is not was or warns:
            order = Order(at, because_of_event=False, position=0, clock_id=clock.clock_id)
            yield Turn(order, instants[at], clock, clock, clock, was, is_now, warns)
        was = is_now


def _instants(clock: SlaTimer) -> dict[datetime, datetime]:
    """The instants at which a clock may turn by itself, each with the time that is said for it."""
    found: dict[datetime, datetime] = {}
    if clock.ended_at is None and clock.state in (State.RUNNING, State.NOT_STARTED):
        found |= {alarm.at: alarm.at for alarm in clock.alarms if alarm.kind == "warning"}
        if clock.started_at is not None:
            found[clock.started_at] = clock.started_at
        if clock.due_at is not None:
            found[clock.due_at if clock.due_open_ended else clock.due_at + TICK] = clock.due_at
    return found


def _state(clock: SlaTimer | None, at: datetime) -> State | None:
    return None if clock is None else state_at(clock, at)


def _seen(clock: SlaTimer | None, at: datetime) -> Any:
    """What of a clock makes a turn when it is another. While it is paused, its due moves by itself."""
    if clock is None:
        return None
    state = state_at(clock, at)
    due = None if state is State.PAUSED else (clock.due_at, clock.due_on)
    warns = min((alarm.at for alarm in clock.alarms if alarm.kind == "warning" and alarm.at > at), default=None)
    held = (clock.holder_unit, clock.holder_handler)
    return state, due, warns, verdicts_at(clock, at), clock.started_at, clock.stopped_at, clock.extended, held
