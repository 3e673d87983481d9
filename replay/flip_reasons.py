"""Why a clock would be otherwise: what differs between two targets, as far as it made a difference to this clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from domain.sla.calendars import UnknownCalendar
from domain.sla.clock import Clock
from domain.sla.clocks import Course
from domain.sla.compiled import CompiledTarget, Counts
from domain.sla.days import ToldDay
from domain.sla.policy import COUNTING_DAYS, Ends, ReportingPeriod, StatedDate, Target
from domain.sla.run import Run
from domain.sla.selection import Choice
from domain.sla.standards import Standards
from replay.hypothetical_terms import Promise

DAY = timedelta(days=1)
MOST_DAYS = 400
"""So many local days of a clock's life are compared, from its start."""


class ReasonKind(StrEnum):
    """What made the difference."""

    POLICY = "policy"
    """A policy holds where none of its regime did, or the other way round."""
    RULE = "rule"
    """Another rule is chosen, or another rule's policy."""
    TARGET = "target"
    """The rule asks for another target, or asks no longer."""
    AMOUNT = "amount"
    COUNTING = "counting"
    """How days are counted and end, or what a due at closing means."""
    START = "start"
    MEASURED_FROM = "measured-from"
    CUT_OFF = "cut-off"
    ZONE = "zone"
    CALENDAR = "calendar"
    """Days have other hours."""
    PAUSES = "pauses"
    EXTENSIONS = "extensions"
    STOP = "stop"
    CANCEL = "cancel"
    INSTANCES = "instances"
    """How often it runs, and what a reopening does."""
    EXPIRY = "expiry"
    """What a due that passes means."""
    CHANGE = "change"
    """What a change or a transfer of the case does to it."""
    LATE_RECORD = "late-record"
    """Whether a stop counts that was recorded after the due."""
    VERDICT_BY = "verdict-by"
    """Whether the calendar as promised decides, or as lived."""
    OTHER = "other"
    """Another clock on which this one rests is otherwise."""


class DayDifference(NamedTuple):
    """A local day that counts otherwise."""

    day: date
    was: ToldDay | None
    """None where there is no such calendar, so that all time counts."""
    now: ToldDay | None


class Stood(NamedTuple):
    """A pause that counted."""

    ground: str
    begin: datetime
    end: datetime | None


class Reason(NamedTuple):
    """One of the reasons for which a clock would be otherwise. `was` and `now` are in its own terms."""

    kind: ReasonKind
    was: Any = None
    now: Any = None
    choice: Choice | None = None
    """Of another rule: why it would hold."""
    days: tuple[DayDifference, ...] = ()


class Side(NamedTuple):
    """A clock by one of the two standards, and the course of its case."""

    course: Course
    clock: Clock | None
    run: Run | None
    """None where there is no clock, or it has not started."""
    target: CompiledTarget | None

    @property
    def standards(self) -> Standards:
        """By which it runs."""
        return self.course.runner.standards


def reasons_for(one: Side, other: Side, promise: Promise) -> tuple[Reason, ...]:
    """Why `one`, the clock that is, differs from `other`, the one that would be; never nothing."""
    found = list(_chosen_otherwise(one, other, promise))
    if one.target is not None and other.target is not None:
        if one.target.target.id != other.target.target.id:
            found.append(Reason(ReasonKind.TARGET, one.target.target.id, other.target.target.id))
        found += _of_targets(one, other)
    elif not found:
        found += _of_one(one, other)
    return tuple(found) or (Reason(ReasonKind.OTHER),)


# Policies and rules ---------------------------------------------------------------------------------------------------


def _chosen_otherwise(one: Side, other: Side, promise: Promise) -> Iterator[Reason]:
    regime = _regime(other) or _regime(one)
    if regime is None:
        return
    was, now = (_rules(side, regime) for side in (one, other))
    if was == now:
        return
    choice = promise.now.get(regime)
    changed = any(side.run is not None and side.run.changes for side in (one, other))
    if changed or (choice is not None and (choice.policy.name, choice.rule) != now):
        choice = None  # what the case became later has chosen
    yield Reason(ReasonKind.RULE if was and now else ReasonKind.POLICY, was, now, choice)


def _regime(side: Side) -> str | None:
    if side.target is None:
        return None
    version = side.standards.policies.version(side.target.policy, side.target.version)
    return None if version is None else version.document.regime


def _rules(side: Side, regime: str) -> tuple[str, str] | None:
    """The policy and the rule that hold for a clock, or else for the case in that regime."""
    if side.target is not None and side.target.rule:
        return side.target.policy, side.target.rule
    for target in (*(run.target for run in side.course.runs.values()), *(target for target, _ in side.course.waiting)):
        version = side.standards.policies.version(target.policy, target.version)
        if version is not None and version.document.regime == regime and target.rule:
            return target.policy, target.rule
    return None


def _of_one(one: Side, other: Side) -> Iterator[Reason]:
    """Why there is a clock by one of the standards only, though both have the same rule."""
    side, away = (one, other) if one.target is not None else (other, one)
    target = side.target
    if target is None:
        return
    twin = _twin(away, target)
    if twin is None:
        was, now = (None, target.target.id) if side is other else (target.target.id, None)
        yield Reason(ReasonKind.TARGET, was, now)
        return
    was_target, now_target = (twin, target.target) if side is other else (target.target, twin)
    for kind, names in (
        (ReasonKind.START, ("start",)),
        (ReasonKind.INSTANCES, ("instances", "reopen", "subject")),
        (ReasonKind.STOP, ("stop",)),
        (ReasonKind.CANCEL, ("cancel",)),
        (ReasonKind.EXPIRY, ("on_expiry", "opens")),
    ):
        before, after = (tuple(str(getattr(each, name)) for name in names) for each in (was_target, now_target))
        if before != after:
            yield Reason(kind, ", ".join(before), ", ".join(after))


def _twin(side: Side, target: CompiledTarget) -> Target | None:
    """The target of the same name by the other standards."""
    for each in (*(run.target for run in side.course.runs.values()), *(target for target, _ in side.course.waiting)):
        if (each.policy, each.target.id) == (target.policy, target.target.id):
            return each.target
    return None


# Targets --------------------------------------------------------------------------------------------------------------


def _of_targets(one: Side, other: Side) -> Iterator[Reason]:
    if one.target is None or other.target is None:
        return
    t, u = one.target.target, other.target.target
    if _amount(t) != _amount(u):
        yield Reason(ReasonKind.AMOUNT, t.clock, u.clock)
    if _counting(t) != _counting(u):
        yield Reason(ReasonKind.COUNTING, _counting(t), _counting(u))
    a, h = one.run, other.run
    if a is None or h is None:
        if a is not h and t.start != u.start:
            yield Reason(ReasonKind.START, t.start, u.start)
        return
    yield from _of_beginnings(a, h)
    if a.target.zone.key != h.target.zone.key and _by_days(a) | _by_days(h):
        yield Reason(ReasonKind.ZONE, a.target.zone.key, h.target.zone.key)
    days = tuple(_days_otherwise(one, other, a, h))
    if days:
        yield Reason(ReasonKind.CALENDAR, a.target.calendar, h.target.calendar, days=days)
    yield from _of_courses(a, h)
    yield from _of_ends(one, other, a, h)


def _amount(target: Target) -> Any:
    clock = target.clock
    if isinstance(clock, COUNTING_DAYS):
        return clock.type, clock.amount
    return clock


def _counting(target: Target) -> dict[str, str]:
    """How days are counted, as far as the type of the clock has it."""
    clock = target.clock
    if isinstance(clock, COUNTING_DAYS):
        return {"ends": str(clock.ends), "first_day": str(clock.first_day), "roll": str(clock.roll)}
    return {} if isinstance(clock, ReportingPeriod | StatedDate) else {"boundary": str(target.boundary)}


def _by_days(run: Run) -> bool:
    return run.target.counts in {Counts.DAYS, Counts.WORKING_DAYS} or run.origin.deemed


def _of_beginnings(a: Run, h: Run) -> Iterator[Reason]:
    t, u = a.target.target, h.target.target
    if a.start.at != h.start.at:
        if t.start != u.start:
            yield Reason(ReasonKind.START, t.start, u.start)
    elif a.measured_at != h.measured_at and t.measured_from != u.measured_from:
        yield Reason(ReasonKind.MEASURED_FROM, t.measured_from, u.measured_from)
    if a.origin.deemed != h.origin.deemed or (a.origin.deemed and t.cut_off != u.cut_off):
        before, after = (None if each.cut_off is None else str(each.cut_off.at) for each in (t, u))
        if before != after:
            yield Reason(ReasonKind.CUT_OFF, before, after)


def _of_courses(a: Run, h: Run) -> Iterator[Reason]:
    t, u = a.target.target, h.target.target
    was, now = _stood(a), _stood(h)
    if t.pauses != u.pauses and (was != now or (was and t.pauses.days is not u.pauses.days)):
        yield Reason(ReasonKind.PAUSES, was, now)
    if (t.extensions, t.cap) != (u.extensions, u.cap) and (a.applied or h.applied):
        yield Reason(ReasonKind.EXTENSIONS, [step.id for step in a.applied], [step.id for step in h.applied])
    if (t.on_change, t.on_transfer) != (u.on_change, u.on_transfer) and (a.changes or h.changes or a.moves or h.moves):
        yield Reason(ReasonKind.CHANGE, f"{t.on_change}, {t.on_transfer}", f"{u.on_change}, {u.on_transfer}")


def _stood(run: Run) -> tuple[Stood, ...]:
    return tuple(Stood(each.ground, each.begin, each.end) for each in run.pauses if each not in run.stood)


def _of_ends(one: Side, other: Side, a: Run, h: Run) -> Iterator[Reason]:
    t, u = a.target.target, h.target.target
    if t.stop != u.stop and _version(one, a.stop) != _version(other, h.stop):
        yield Reason(ReasonKind.STOP, t.stop, u.stop)
    if t.cancel != u.cancel and _version(one, a.cancel) != _version(other, h.cancel):
        yield Reason(ReasonKind.CANCEL, t.cancel, u.cancel)
    if (t.on_expiry, t.opens) != (u.on_expiry, u.opens):
        yield Reason(ReasonKind.EXPIRY, str(t.on_expiry), str(u.on_expiry))
    if (t.instances, t.reopen) != (u.instances, u.reopen) and (a.stood or h.stood or a.instance > 1):
        yield Reason(ReasonKind.INSTANCES, f"{t.instances}, {t.reopen}", f"{u.instances}, {u.reopen}")
    late = [(each.late_record, each.late_record_within) for each in (t, u)]
    if late[0] != late[1] and a.stop is not None and h.stop is not None and _only_the_verdict(one, other):
        yield Reason(ReasonKind.LATE_RECORD, str(t.late_record), str(u.late_record))
    promised_and_lived = (one.clock, other.clock)
    apart = any(clock is not None and clock.promised != clock.lived for clock in promised_and_lived)
    if t.verdict_by is not u.verdict_by and apart:
        yield Reason(ReasonKind.VERDICT_BY, str(t.verdict_by), str(u.verdict_by))


def _version(side: Side, place: int | None) -> int | None:
    return None if place is None else side.course.runner.timeline.all[place].recorded.version


def _only_the_verdict(one: Side, other: Side) -> bool:
    was, now = one.clock, other.clock
    return was is not None and now is not None and was.now is not now.now


# Calendars ------------------------------------------------------------------------------------------------------------


def _days_otherwise(one: Side, other: Side, a: Run, h: Run) -> Iterator[DayDifference]:
    """The local days from the start to the later of the dues whose hours differ."""
    if not (_asks(a) or _asks(h)):
        return
    ends = [run.due.on or run.due.at.astimezone(run.target.zone).date() for run in (a, h) if run.due is not None]
    first = min(a.origin.day, h.origin.day, *_first_days(a, h))
    last = max(ends, default=first)
    by_hours = _by_hours(a) or _by_hours(h)
    for apart in range(min((last - first).days + 1, MOST_DAYS)):
        day = first + apart * DAY
        was, now = _told(one.standards, a, day), _told(other.standards, h, day)
        hours = [(None,) if told is None else told.frames for told in (was, now)]
        if hours[0] != hours[1] and (by_hours or bool(hours[0]) != bool(hours[1])):
            yield DayDifference(day, was, now)


def _first_days(a: Run, h: Run) -> Iterator[date]:
    """A cut-off has moved the origin past days that may have been otherwise."""
    for run in (a, h):
        yield run.measured_at.astimezone(run.target.zone).date()


def _by_hours(run: Run) -> bool:
    """Whether the hours of a day matter, and not only whether anybody works on it."""
    clock = run.target.target.clock
    by_time_of_day = isinstance(clock, COUNTING_DAYS) and clock.ends is not Ends.END_OF_DAY
    return run.target.counts is Counts.HOURS or run.target.target.cut_off is not None or by_time_of_day


def _asks(run: Run) -> bool:
    return run.target.asks_calendar or run.target.counts is Counts.WORKING_DAYS


def _told(standards: Standards, run: Run, day: date) -> ToldDay | None:
    try:
        return standards.calendars.told(run.target.calendar, day, run.view.known_at)
    except UnknownCalendar:
        return None
