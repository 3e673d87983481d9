"""A clock: an SLA target as it runs for a subject, computed from events, a policy, a calendar and zone data."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from domain.sla.policy import Statute, TargetKind, Title

ENGINE = 1
"""The version of the rules in this package: part of every figure, since a mended engine may give another answer."""


class State(StrEnum):
    """How a clock stands."""

    NOT_STARTED = "not-started"
    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    MET_LATE = "met-late"
    """It was stopped after its due: late, never met."""
    OVERDUE = "overdue"
    """Its due has passed and nothing has stopped it; it stays so when its subject ends."""
    CANCELLED = "cancelled"
    """Its subject ended before its due."""
    LAPSED = "lapsed"
    """Its time ran out, which is no breach: another target began, or the customer may go elsewhere."""
    INFORMATIONAL = "informational"
    """A duty without a number, or one for which nobody has stated a date."""


class Verdict(StrEnum):
    """Whether a deadline was kept."""

    KEPT = "kept"
    MISSED = "missed"


class ClockKey(NamedTuple):
    """What tells a clock from all others (DOMAIN.md, point 3)."""

    subject: str
    """The stream of its case or obligation."""
    part: str | None
    """The part of the case that it is for."""
    policy: str
    target: str
    cycle: int
    """From 1; a reopening begins another."""
    instance: int
    """From 1 within a cycle."""


class Due(NamedTuple):
    """By when."""

    at: datetime
    """The last instant in time; of a due that counts days the first that is late, the next local midnight."""
    on: date | None
    """The local day, of a due that counts days."""
    open_ended: bool
    """Whether a stop at that very instant is late, as it is at a midnight."""


class Why(StrEnum):
    """Why the time of a segment counts, or does not."""

    RUNNING = "running"
    OUTSIDE_HOURS = "outside-hours"
    """The calendar does not count it."""
    PAUSED = "paused"
    BEFORE_START = "before-start"
    """Measured from an earlier event than the one that began it."""
    NOT_A_DAY = "not-a-day"
    """A day that the target does not count."""


class Segment(NamedTuple):
    """A stretch of a clock's life."""

    begin: datetime
    end: datetime
    counted: bool
    why: Why
    by: int | None
    """The version of the event that began it."""
    note: str | None = None
    """The ground of a pause, or the name of a holiday."""


class Stop(NamedTuple):
    """What stopped or cancelled a clock."""

    at: datetime
    version: int
    """0 when no event of the stream did, as with a change of the customer's tier."""
    topic: str
    recorded_at: datetime
    by_day: bool
    """Whether only its day is known."""


class Extended(NamedTuple):
    """An extension that was approved."""

    step: str
    version: int
    approved_at: datetime
    late: bool
    """Approved after the due: it is shown, and does not undo the miss."""
    due_before: Due
    due_after: Due
    ignored: bool = False
    """Beyond the ladder: it has no such step, or not so often. It moves nothing."""


class Alarm(NamedTuple):
    """A warning, miss or escalation of a clock, and when it becomes due."""

    kind: str
    """`warning`, `miss` or `escalation`; or `lapse`, of which nobody is told, when the state changes without a miss."""
    at: datetime
    number: int
    """From 0, in the order in which the policy declares those of its kind."""
    level: int | None = None
    """Of an escalation."""


class Basis(NamedTuple):
    """The versions that a clock rests on."""

    policy: str
    policy_version: int
    rule: str
    calendar: str
    calendar_version: int
    """The one in force when it started, as known then."""
    zone: str
    zone_data: str
    engine: int


class Clock(NamedTuple):
    """A target as it runs for a subject, at two as-of times. All instants are UTC."""

    key: ClockKey
    title: Title
    kind: TargetKind
    statute: Statute | None
    basis: Basis
    state: State
    started_at: datetime | None
    started_by: int | None
    """The version of the event that started it."""
    measured_from: datetime | None
    promised: Due | None
    """By the calendar known when it started."""
    lived: Due | None
    """By the calendar known at each instant."""
    due: Due | None
    """The one of the two that decides."""
    original: Due | None
    """The due before any extension, pause or change of target."""
    stop: Stop | None
    cancelled: Stop | None
    segments: tuple[Segment, ...]
    pauses: int
    """How many pauses lay in its life."""
    counted: timedelta
    """Time used up, in the target's own time."""
    remaining: timedelta | None
    """Time left, in the target's own time; negative once overdue, None without a number."""
    extensions: tuple[Extended, ...]
    alarms: tuple[Alarm, ...]
    """All that nobody has recorded yet and that are due by the present course of things, in order of time."""
    when_due: Verdict | None
    """As known when due, which never changes afterwards; None while nothing is decided, and where it was not known
    then: imported history whose source does not say when it was recorded."""
    now: Verdict | None
    """As known now."""
    rests_on_late: bool
    """Whether `now` rests on an event that was recorded after the due."""
    born_overdue: bool
    """Whether a change of target set a due that was past already."""

    @property
    def next_alarm(self) -> datetime | None:
        """When the state changes, or somebody has to be told, without another event."""
        return min((alarm.at for alarm in self.alarms), default=None)
