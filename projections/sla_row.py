"""A row of the timers: a clock of a case or an obligation as it stood after the last event, and what it is by now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

from domain.case.vocabulary import CaseKind, Priority
from domain.channel import Channel
from domain.envelope import RegisterNumber
from domain.sla.clock import ClockKey, State, Verdict
from domain.sla.policy import SubjectKind, TargetKind


class TimerExtension(NamedTuple):
    """An extension that was approved, and what it moved."""

    step: str
    version: int
    approved_at: datetime
    late: bool
    """Approved after the due: it moved nothing."""
    due_before: datetime
    due_after: datetime
    ignored: bool
    """Beyond the ladder: it moved nothing."""


class TimerAlarm(NamedTuple):
    """A warning, miss, lapse or escalation that becomes due without another event."""

    kind: str
    at: datetime
    number: int
    level: int | None


class SlaTimer(NamedTuple):
    """A clock. Instants are in UTC; what depends on the time is as of `reckoned_at`, and `state_at` goes on from there.

    Texts by which clocks are grouped are as of its start, or what was first known after it; `holder_unit` and
    `holder_handler` are those who had it at its end, or have it.
    """

    stream: str
    part: str
    """The part of the case that it is for; empty for the case itself."""
    policy: str
    """`stated` for a date that somebody stated where no policy says what it is for."""
    target: str
    cycle: int
    instance: int
    clock_id: str
    """All of these in one."""
    case_id: UUID | None
    obligation_id: UUID | None
    position: int
    """Of the last event of its subject, and `version` its place in that stream."""
    version: int
    title_en: str
    title_zh: str | None
    kind: TargetKind
    statutory: bool
    statute_clause: str | None
    subject_kind: SubjectKind
    policy_version: int
    """0 for a stated date."""
    rule: str
    calendar: str
    calendar_version: int
    zone: str
    zone_data: str
    engine: int
    state: State
    reckoned_at: datetime
    """The time of the last event that bears on it, when that occurred or was recorded."""
    started_at: datetime | None
    """Later than `reckoned_at` for one that begins when the time of another one runs out, unless something happens."""
    measured_from: datetime | None
    due_at: datetime | None
    """The one that decides. While it is paused, as if it went on at `reckoned_at`."""
    due_on: date | None
    due_open_ended: bool
    promised_at: datetime | None
    promised_on: date | None
    lived_at: datetime | None
    lived_on: date | None
    original_at: datetime | None
    ended_at: datetime | None
    """When it was stopped or cancelled, or lapsed; None while it is open, be it overdue."""
    stopped_at: datetime | None
    stopped_version: int | None
    stopped_recorded_at: datetime | None
    stopped_by_day: bool
    cancelled_at: datetime | None
    lapsed_at: datetime | None
    lapses: bool
    """Whether it lapses once its due has passed, and is not missed."""
    paused: bool
    pauses: int
    extensions: tuple[TimerExtension, ...]
    extended: int
    """How many of the extensions moved the due."""
    counted_seconds: int
    """In the target's own time, as is what remains."""
    remaining_seconds: int | None
    elapsed_seconds: int | None
    """From start to stop by the clock on the wall; None for what was done before it began."""
    next_alarm_at: datetime | None
    warned_at: datetime | None
    """When its first warning was recorded, or is due if nothing happens."""
    alarms: tuple[TimerAlarm, ...]
    when_due: Verdict | None
    now_verdict: Verdict | None
    rests_on_late: bool
    born_overdue: bool
    case_kind: CaseKind | None
    category: str | None
    channel: Channel | None
    tier: str | None
    priority: Priority | None
    unit: str | None
    handler: str | None
    holder_unit: str | None
    holder_handler: str | None
    source_key: str | None
    series: str | None
    number: int | None

    @property
    def key(self) -> ClockKey:
        """What tells the clock from all others."""
        return ClockKey(self.stream, self.part or None, self.policy, self.target, self.cycle, self.instance)

    @property
    def register(self) -> RegisterNumber | None:
        """The case's number."""
        return None if self.series is None or self.number is None else RegisterNumber(self.series, self.number)


def clock_id(key: ClockKey) -> str:
    """A clock's key as one text. The part stands last, since it may hold any character."""
    return f"{key.subject}/{key.policy}/{key.target}/{key.cycle}/{key.instance}/{key.part or ''}"


MOST_DIGITS = 10
"""Of a cycle or an instance, which are numbers of four bytes; Python reads no number of more than 4,300."""


def key_of_id(text: str) -> ClockKey | None:
    """The key in such a text; None when it is none."""
    parts = text.split("/", 5)
    if len(parts) != 6 or not all(each.isdecimal() and len(each) <= MOST_DIGITS for each in parts[3:5]):
        return None
    subject, policy, target, cycle, instance, part = parts
    return ClockKey(subject, part or None, policy, target, int(cycle), int(instance))


# By now ---------------------------------------------------------------------------------------------------------------

STATE_AT = """
CASE
  WHEN state = 'not-started' AND (started_at IS NULL OR started_at > %(now)s) THEN 'not-started'
  WHEN state = 'not-started' AND stopped_at IS NOT NULL
    THEN CASE WHEN now_verdict = 'kept' THEN 'met' WHEN lapses THEN 'lapsed' ELSE 'met-late' END
  WHEN state IN ('running', 'not-started') AND (due_at < %(now)s OR (due_open_ended AND due_at = %(now)s))
    THEN CASE WHEN lapses THEN 'lapsed' ELSE 'overdue' END
  WHEN state = 'not-started' THEN 'running'
  ELSE state
END"""
"""`state_at` in SQL."""


def state_at(timer: SlaTimer, now: datetime) -> State:
    """How a clock stands at an instant after `reckoned_at`, if nothing has happened since."""
    if timer.state not in (State.RUNNING, State.NOT_STARTED):
        return timer.state
    if timer.state is State.NOT_STARTED and (timer.started_at is None or timer.started_at > now):
        return State.NOT_STARTED
    if timer.state is State.NOT_STARTED and timer.stopped_at is not None:
        too_late = State.LAPSED if timer.lapses else State.MET_LATE
        return State.MET if timer.now_verdict is Verdict.KEPT else too_late
    if timer.due_at is not None and (now >= timer.due_at if timer.due_open_ended else now > timer.due_at):
        return State.LAPSED if timer.lapses else State.OVERDUE
    return State.RUNNING


def verdicts_at(timer: SlaTimer, now: datetime) -> tuple[Verdict | None, Verdict | None]:
    """Both verdicts at an instant after `reckoned_at`, if nothing has happened since: as known when due, and by now.

    A due that passes while nothing happens is missed, and known to be.
    """
    if timer.state is not State.OVERDUE and state_at(timer, now) is State.OVERDUE:
        return timer.when_due or Verdict.MISSED, Verdict.MISSED
    return timer.when_due, timer.now_verdict


# Rows -----------------------------------------------------------------------------------------------------------------

TERMS: Mapping[str, Any] = MappingProxyType({
    "kind": TargetKind,
    "subject_kind": SubjectKind,
    "state": State,
    "when_due": Verdict,
    "now_verdict": Verdict,
    "case_kind": CaseKind,
    "channel": Channel,
    "priority": Priority,
})  # fmt: skip


def of_row(row: Sequence[Any]) -> SlaTimer:
    """The clock in a row of the table."""
    timer = SlaTimer._make(row)
    told = {column: term(value) for column, term in TERMS.items() if (value := getattr(timer, column)) is not None}
    extensions: Any = timer.extensions
    told["extensions"] = tuple(
        TimerExtension(step, version, _instant(at), late, _instant(before), _instant(after), ignored)
        for step, version, at, late, before, after, ignored in extensions
    )
    alarms: Any = timer.alarms
    told["alarms"] = tuple(TimerAlarm(kind, _instant(at), number, level) for kind, at, number, level in alarms)
    return timer._replace(**told)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
