"""The timers: every clock of every case and obligation (时限), as it stands after the last event; one row each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from domain.case.deadline import DeadlineWarned, OwnClock
from domain.case.events import CaseAssigned, CaseReceived, CaseRegistered, CaseUnassigned
from domain.case.relations import CaseAbsorbed
from domain.case.tiers import customers_of, tiers_of
from domain.case.vocabulary import CaseKind, Priority
from domain.channel import Channel
from domain.correction import amended
from domain.customer import TierAssigned
from domain.envelope import Recorded
from domain.obligation import ObligationOpened, ObligationReassigned
from domain.sla.clock import Clock, ClockKey, Extended, State
from domain.sla.clocks import clocks
from domain.sla.happenings import Timeline
from domain.sla.lanes import TierSince
from domain.sla.policy import SubjectKind
from domain.sla.selection import CHANGES_FACTS, CaseFacts
from domain.sla.standards import Standards
from domain.standards import standards_of, streams_of_standards
from domain.stream import Category, category_of, stream_of
from domain.unit.hours import BEARS_ON_HOURS, units_above, units_of, with_units
from projections.projection import key_of
from projections.reckoning import History, Reckoning, Subject
from projections.sla_row import SlaTimer, TimerAlarm, TimerExtension, clock_id, of_row

TICK = timedelta(microseconds=1)
SECOND = timedelta(seconds=1)
MOST_OPENED = 40
"""A policy has no more targets, so that no more can open one another."""


class Asked(NamedTuple):
    """All that the engine takes to work out the clocks of a subject."""

    history: History
    standards: Standards
    at: datetime
    """The time of the last event that bears on them."""
    tiers: Sequence[TierSince]
    inherited: History
    as_recorded: History

    def until(self, at: datetime) -> Asked:
        """The same as of an instant, whatever is known to have happened after it."""
        return self._replace(
            history=[recorded for recorded in self.history if recorded.occurred_at <= at],
            standards=self.standards.among({name: unit.until(at) for name, unit in self.standards.units.items()}),
            at=at,
            tiers=[tier for tier in self.tiers if tier.at <= at],
        )

    def clocks(self, at: datetime, *, segments: bool = False) -> tuple[Clock, ...]:
        """The clocks at an instant."""
        return clocks(
            self.history,
            self.standards,
            at,
            tier_at=self.tiers,
            inherited=self.inherited,
            as_recorded=self.as_recorded,
            segments=segments,
        )


def asked(subject: Subject) -> Asked:
    """What the engine takes for a subject of which there is at least one event as it is read."""
    history, written = subject.history, subject.written
    tiers = tuple(tiers_of(history, subject.others))
    absorbed = [told for stream, told in subject.others.items() if category_of(stream) == Category.CASE]
    units = {stream: told for stream, told in subject.others.items() if category_of(stream) == Category.UNIT}
    standards = standards_of(subject.standing, history[0].book)
    times = [written[-1].recorded_at, *(each.occurred_at for each in history), *(tier.at for tier in tiers)]
    return Asked(
        history,
        with_units(standards, history, units) if units else standards,
        max(times),
        tiers,
        [recorded for told in absorbed for recorded in told],
        written if amended(written) else (),
    )


def leans_on(history: History) -> Iterable[str]:
    """Of a case the customers it had, for their tiers, and the cases that were merged into it; of a case or an
    obligation that was passed on the units that had it, and of those the units above, for their hours."""
    kind = category_of(history[0].stream) if history else None
    if kind == Category.UNIT:
        return sorted(set(units_above(history)))
    if kind not in {Category.CASE, Category.OBLIGATION}:
        return ()
    customers = {stream for _, stream in customers_of(history)}
    merged = {
        stream_of(Category.CASE, recorded.event.case_id)
        for recorded in history
        if isinstance(recorded.event, CaseAbsorbed)
    }
    return sorted(customers | merged | set(units_of(history)))


def matters(recorded: Recorded[Any]) -> bool:
    """Of a customer only the tier; of a unit its hours and its place; of a case that was merged into another, all."""
    bears = isinstance(recorded.event, (TierAssigned, *BEARS_ON_HOURS))
    return bears or category_of(recorded.stream) == Category.CASE


# Rows -----------------------------------------------------------------------------------------------------------------


def rows(subject: Subject, at: datetime | None = None) -> list[SlaTimer]:
    """Every clock of a case or an obligation, as it stands after the last event, or at an instant before that."""
    if not subject.history:
        return []
    told = asked(subject)
    if at is not None:
        told = told.until(at)
    found = {clock.key: clock for clock in told.clocks(told.at)}
    if not found:
        return []
    about = _About.of(subject, told)
    made = [_row(clock, about) for clock in found.values()]
    made += [
        _row(clock, about)._replace(state=State.NOT_STARTED, ended_at=None, lapsed_at=None)
        for clock in _opening(told, found)
    ]
    return made


def _opening(told: Asked, found: dict[ClockKey, Clock]) -> Iterator[Clock]:
    """The clocks that begin when the time of others runs out, by the present course of things: nothing may happen until
    then, so that no event would add them."""
    known, waiting = set(found), sorted(_lapses(found.values(), told.at))
    for _ in range(MOST_OPENED):
        if not waiting:
            return
        at = waiting.pop(0) + TICK
        new = [clock for clock in told.clocks(at) if clock.key not in known]
        yield from new
        known |= {clock.key for clock in new}
        waiting = sorted({*waiting, *_lapses(new, at)})


def _lapses(running: Iterable[Clock], after: datetime) -> set[datetime]:
    return {
        alarm.at
        for clock in running
        if clock.state is State.RUNNING
        for alarm in clock.alarms
        if alarm.kind == "lapse" and alarm.at >= after
    }


class _Known(NamedTuple):
    """What was known of a subject from an instant on."""

    at: datetime
    facts: CaseFacts
    handler: str | None


class _About(NamedTuple):
    """What all clocks of a subject have in common."""

    subject: Subject
    asked: Asked
    course: Sequence[_Known]
    case_id: UUID | None
    obligation_id: UUID | None
    receipt: CaseReceived | None
    registered: Recorded[Any] | None
    warned: Mapping[OwnClock, datetime]
    """When the first warning of a clock was recorded to be due."""
    grouped: dict[datetime, Mapping[str, Any]]
    """What `grouping` gave before: most clocks of a subject begin together."""

    @classmethod
    def of(cls, subject: Subject, told: Asked) -> _About:
        events = [recorded.event for recorded in told.history]
        receipt = next((event for event in events if isinstance(event, CaseReceived)), None)
        registered = next((each for each in told.history if isinstance(each.event, CaseRegistered)), None)
        course, owed = list(_course(told)), key_of(subject.stream)
        warned: dict[OwnClock, datetime] = {}
        for each in told.history:
            if isinstance(each.event, DeadlineWarned):
                of = each.event.clock
                warned[of] = min(each.occurred_at, warned.get(of, each.occurred_at))
        if category_of(subject.stream) == Category.CASE:
            return cls(subject, told, course, owed, None, receipt, registered, warned, {})
        case_id = next((event.case_id for event in events if isinstance(event, ObligationOpened)), None)
        return cls(subject, told, course, case_id, owed, None, None, warned, {})

    def at(self, at: datetime) -> _Known:
        """What was known at an instant, or else first after it."""
        return next((known for known in reversed(self.course) if known.at <= at), self.course[0])

    def grouping(self, since: datetime) -> Mapping[str, Any]:
        """By what clocks are grouped that began at an instant: facts as of then, or else as first known after it."""
        found = self.grouped.get(since)
        if found is None:
            found = self.grouped[since] = self._grouping(since)
        return found

    def _grouping(self, since: datetime) -> Mapping[str, Any]:
        known = [self.at(since), *(each for each in self.course if each.at > since)]

        def first(field: str) -> str | None:
            told = (getattr(each.facts, field) for each in known)
            return next((value for value in told if value is not None), None)

        kind, channel, priority = first("kind"), first("channel"), first("priority")
        return {
            "case_kind": None if kind is None else CaseKind(kind),
            "category": first("category"),
            "channel": None if channel is None else Channel(channel),
            "tier": self._tier(since),
            "priority": None if priority is None else Priority(priority),
            "unit": first("unit"),
            "handler": next((each.handler for each in known if each.handler is not None), None),
        }

    def _tier(self, since: datetime) -> str | None:
        before = [tier.tier for tier in self.asked.tiers if tier.at <= since]
        after = (tier.tier for tier in self.asked.tiers if tier.at > since and tier.tier is not None)
        return before[-1] if before else next(after, None)


HANDS = frozenset({*CHANGES_FACTS, "case-received", "case-assigned", "case-unassigned"})


def _course(told: Asked) -> Iterator[_Known]:
    """What was known of a subject, change by change, in order of time."""
    facts, handler, seen = CaseFacts(), None, False
    for happening in Timeline.of(told.history, told.at).all:
        event = happening.recorded.event
        match event:
            case ObligationOpened() | ObligationReassigned():
                facts, handler = facts._replace(unit=event.unit), event.owner
            case CaseAssigned():
                handler = event.handler
            case CaseUnassigned():
                handler = None
            case _ if (name := event.TOPIC.rpartition(".")[0]) in HANDS:
                facts = facts.after(event)
                if name in ("case-registered", "case-dispatched", "case-transferred", "dispatch-returned"):
                    handler = getattr(event, "handler", None)
            case _:
                if seen:
                    continue
        seen = True
        yield _Known(happening.at, facts, handler)


def _row(clock: Clock, about: _About) -> SlaTimer:
    key, basis = clock.key, clock.basis
    lapsed_at = clock.due.at if clock.state is State.LAPSED and clock.due is not None else None
    ends = (clock.stop and clock.stop.at, clock.cancelled and clock.cancelled.at, lapsed_at)
    ended_at = min((at for at in ends if at is not None), default=None)
    holder = about.at(ended_at or about.asked.at)
    return SlaTimer(
        stream=key.subject,
        part=key.part or "",
        policy=key.policy,
        target=key.target,
        cycle=key.cycle,
        instance=key.instance,
        clock_id=clock_id(key),
        position=about.subject.written[-1].position,
        version=about.subject.written[-1].version,
        title_en=clock.title.en,
        title_zh=clock.title.zh,
        kind=clock.kind,
        statutory=clock.statute is not None,
        statute_clause=None if clock.statute is None else clock.statute.clause,
        policy_version=basis.policy_version,
        rule=basis.rule,
        calendar=basis.calendar,
        calendar_version=basis.calendar_version,
        zone=basis.zone,
        zone_data=basis.zone_data,
        engine=basis.engine,
        state=clock.state,
        reckoned_at=about.asked.at,
        started_at=clock.started_at,
        measured_from=clock.measured_from,
        ended_at=ended_at,
        lapsed_at=lapsed_at,
        lapses=clock.state is State.LAPSED or any(alarm.kind == "lapse" for alarm in clock.alarms),
        paused=clock.state is State.PAUSED,
        pauses=clock.pauses,
        extensions=tuple(map(_extension, clock.extensions)),
        extended=sum(not (each.late or each.ignored) for each in clock.extensions),
        counted_seconds=clock.counted // SECOND,
        remaining_seconds=None if clock.remaining is None else clock.remaining // SECOND,
        next_alarm_at=clock.next_alarm,
        warned_at=_warned_at(clock, about),
        alarms=tuple(TimerAlarm(*alarm) for alarm in clock.alarms),
        when_due=clock.when_due,
        now_verdict=clock.now,
        rests_on_late=clock.rests_on_late,
        born_overdue=clock.born_overdue,
        **_dues(clock),
        **_stop(clock),
        **_subject(key, about),
        **about.grouping(clock.started_at or about.asked.at),
        holder_unit=holder.facts.unit,
        holder_handler=holder.handler,
    )


def _dues(clock: Clock) -> dict[str, Any]:
    due, promised, lived = clock.due, clock.promised, clock.lived
    return {
        "due_at": None if due is None else due.at,
        "due_on": None if due is None else due.on,
        "due_open_ended": due is not None and due.open_ended,
        "promised_at": None if promised is None else promised.at,
        "promised_on": None if promised is None else promised.on,
        "lived_at": None if lived is None else lived.at,
        "lived_on": None if lived is None else lived.on,
        "original_at": None if clock.original is None else clock.original.at,
    }


def _stop(clock: Clock) -> dict[str, Any]:
    stop, start = clock.stop, clock.started_at
    if stop is not None and start is not None and stop.at < start:  # done before another target opened this one
        start = None
    return {
        "stopped_at": None if stop is None else stop.at,
        "stopped_version": None if stop is None else stop.version,
        "stopped_recorded_at": None if stop is None else stop.recorded_at,
        "stopped_by_day": stop is not None and stop.by_day,
        "cancelled_at": None if clock.cancelled is None else clock.cancelled.at,
        "elapsed_seconds": None if stop is None or start is None else (stop.at - start) // SECOND,
    }


def _subject(key: ClockKey, about: _About) -> dict[str, Any]:
    kind = SubjectKind.CASE if key.part is None else SubjectKind.PART
    number = None if about.registered is None else about.registered.register
    return {
        "case_id": about.case_id,
        "obligation_id": about.obligation_id,
        "subject_kind": kind if about.obligation_id is None else SubjectKind.OBLIGATION,
        "source_key": None if about.receipt is None else about.receipt.source_key,
        "series": None if number is None else number.series,
        "number": None if number is None else number.number,
    }


def _warned_at(clock: Clock, about: _About) -> datetime | None:
    key = clock.key
    recorded = about.warned.get(OwnClock(key.policy, key.target, key.part, key.cycle, key.instance))
    told = [alarm.at for alarm in clock.alarms if alarm.kind == "warning"]
    return min(told if recorded is None else [*told, recorded], default=None)


def _extension(told: Extended) -> TimerExtension:
    return TimerExtension(
        told.step, told.version, told.approved_at, told.late, told.due_before.at, told.due_after.at, told.ignored
    )


# All that a standard may still change: what is open, or is due behind the instant at which it grew, or was last worked
# out at that very instant, as happens where a writer states the time. It reads the book's rows: standards grow rarely.
AGAIN = """
SELECT DISTINCT stream FROM {table}
WHERE book = %(book)s
  AND (state IN ('not-started', 'running', 'paused')
    OR greatest(due_at, promised_at, lived_at, original_at, reckoned_at) >= %(since)s)
"""

SLA_TIMER: Reckoning[SlaTimer] = Reckoning(
    name="sla_timer",
    version=3,
    reads=frozenset(
        {
            Category.CASE,
            Category.OBLIGATION,
            Category.CUSTOMER,
            Category.UNIT,
            Category.POLICY,
            Category.CALENDAR,
        }
    ),
    columns=SlaTimer._fields,
    of_row=of_row,
    tells_apart=("part", "policy", "target", "cycle", "instance"),
    subjects=frozenset({Category.CASE, Category.OBLIGATION}),
    rows=rows,
    beside=streams_of_standards,
    again=AGAIN,
    leans_on=leans_on,
    as_written=frozenset({Category.UNIT}),
    matters=matters,
)
