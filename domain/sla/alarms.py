"""Who is to be told of a clock, and when: warnings, the miss, and the rungs of the escalation ladder."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from operator import attrgetter

from domain.sla.clock import Alarm, ClockKey, Due, State, Verdict
from domain.sla.dues import last_day, midnight, passed
from domain.sla.happenings import Timeline
from domain.sla.measures import Hours
from domain.sla.policy import Escalation, OnExpiry, Reminder
from domain.sla.run import Run
from domain.sla.segments import counting_from, stood_still
from domain.sla.verdicts import Pair, about_clock, miss_recorded
from domain.sla.working_time import NOTHING, NeverReached

AT = attrgetter("at")
GOING_ON = frozenset({State.RUNNING, State.PAUSED, State.OVERDUE})
ENDS = ("case-resolved", "case-closed", "case-withdrawn", "case-merged", "obligation-met", "obligation-cancelled")
"""Events after which a case or an obligation is not escalated, until it is reopened."""
REOPENS = ("case-reopened", "obligation-reopened")
RISES = ("case-escalated", "obligation-escalated")


def alarms_of(
    key: ClockKey, run: Run, hours: Hours, state: State, pair: Pair, timeline: Timeline, at: datetime
) -> tuple[Alarm, ...]:
    """All alarms of a clock that nobody has recorded yet, in order of time.

    While it is paused nothing runs out, so that only what was due already is left. A deadline that had passed before
    its case was imported raises none.
    """
    due = run.due
    if due is None or (state not in GOING_ON and Verdict.MISSED not in pair) or _imported_late(run, due, timeline):
        return ()
    found = [*_miss(key, run, due, state, pair, timeline)]
    if state in GOING_ON:
        found += _warnings(key, run, due, hours, timeline, at)
        found += _escalations(run, due, hours, timeline, at)
    if state is State.PAUSED:
        found = [alarm for alarm in found if alarm.at <= at and alarm.at < due.at]
    return tuple(sorted(found, key=AT))


def _imported_late(run: Run, due: Due, timeline: Timeline) -> bool:
    """Whether the deadline was past when what began it was imported: of a target that another opened, what began that
    one."""
    if run.start.recorded_at <= due.at:
        return False
    place = run.start.place if run.start.opening is None else run.origin_place
    return timeline.all[min(place, len(timeline.all) - 1)].recorded.metadata.source is not None


def _miss(key: ClockKey, run: Run, due: Due, state: State, pair: Pair, timeline: Timeline) -> Iterator[Alarm]:
    at = max(due.at, run.active_at) if run.born_overdue else due.at
    if run.target.target.on_expiry is not OnExpiry.MISS:
        if state is not State.OVERDUE and run.stop is None:
            yield Alarm("lapse", at, 0)
        return
    missed = pair.now is Verdict.MISSED if run.overtaken else Verdict.MISSED in pair[:2]
    if (missed or state in GOING_ON) and not miss_recorded(key, timeline):
        yield Alarm("miss", at, 0)


def _warnings(key: ClockKey, run: Run, due: Due, hours: Hours, timeline: Timeline, at: datetime) -> Iterator[Alarm]:
    reminders = run.target.target.warnings
    if not reminders or passed(due, at):  # a warning behind the miss warns of nothing
        return
    places = timeline.by_name.get("deadline-warned", ())
    told = {timeline.all[place].recorded.event.number for place in places if about_clock(timeline, place, key)}
    for number, reminder in enumerate(reminders):
        if number not in told:
            yield Alarm("warning", _reminded(reminder, run, due, hours, at), number)


def _reminded(reminder: Reminder, run: Run, due: Due, hours: Hours, at: datetime) -> datetime:
    if reminder.at_percent is not None:
        return _at_share(reminder.at_percent, run, due, hours, at)
    if reminder.before is not None:
        return due.at - reminder.before
    if reminder.before_business_days is not None:
        day = _days_before(last_day(due, hours.zone), reminder.before_business_days, hours)
        opening = None if hours.work is None else hours.work.opening(day)
        return opening or midnight(day, hours.zone)
    return due.at


def _days_before(day: date, count: int, hours: Hours) -> date:
    if hours.work is None:
        return date.fromordinal(day.toordinal() - count)
    try:
        return hours.work.working_day_before(day, count)
    except NeverReached:
        return day


def _at_share(percent: int, run: Run, due: Due, hours: Hours, at: datetime) -> datetime:
    """When so much of the target's own time is used up."""
    begin = counting_from(run, hours)
    pauses = stood_still(run, hours, at) if run.pauses else []
    whole = hours.own.between(begin, due.at, without=pauses)
    if whole <= NOTHING:
        return due.at
    return min(hours.own.after(begin, whole * percent / 100, without=pauses), due.at)


def _escalations(run: Run, due: Due, hours: Hours, timeline: Timeline, at: datetime) -> Iterator[Alarm]:
    ladder = run.target.target.escalations
    if not ladder or run.target.target.on_expiry is not OnExpiry.MISS:
        return
    level = _level(run, timeline)
    for number, rung in enumerate(ladder):
        if level is not None and rung.level > level:
            yield Alarm("escalation", _rung(rung, run, due, hours, at), number, rung.level)


def _level(run: Run, timeline: Timeline) -> int | None:
    """How high the case or the obligation has risen, by whichever of its clocks or by a person, in this cycle and since
    the clock began.

    None once it has ended, when there is nothing to escalate any more, though the clock may be overdue for good.
    """
    cycle = max(timeline.places(*REOPENS), default=0)
    if any(place > cycle for place in timeline.places(*ENDS)):
        return None
    since = min(run.start.place, cycle)
    risen = (place for place in timeline.places(*RISES) if place >= since)
    return max((timeline.all[place].recorded.event.level for place in risen), default=0)


def _rung(rung: Escalation, run: Run, due: Due, hours: Hours, at: datetime) -> datetime:
    if rung.after_due is not None:
        return due.at + rung.after_due
    if rung.at_percent is None or rung.at_percent == 100:
        return max(due.at, run.active_at) if run.born_overdue else due.at
    return _at_share(rung.at_percent, run, due, hours, at)
