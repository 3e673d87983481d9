"""A clock as a front end sees it: an SLA target as it runs for a case, a part of one or an obligation (时限)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from api.graphql.as_of import in_id
from api.graphql.clock_enums import AlarmKind, State
from api.graphql.clock_explained import SlaExplanation, SlaSegment, explanation_of, segment_of
from api.graphql.enums import Verdict
from api.graphql.identity import opaque
from api.graphql.loaders import CourseOf
from api.graphql.policy_enums import SubjectKind, TargetKind
from api.graphql.request import Info, Request
from api.graphql.resolved import resolved
from api.graphql.scalars import SafeInt
from projections.clock_course import ClockCourse, wanted_at
from projections.sla_row import SlaTimer, state_at, verdicts_at
from projections.sla_timer import TICK
from replay.as_of import AsOf, KnownBy

if TYPE_CHECKING:
    from api.graphql.case import Case
    from api.graphql.obligation import Obligation

CLOCK = "clock"
"""What stands in the id of one, where that of a case has its kind."""
CLOCK_SNAPSHOT = "clock-snapshot"


@strawberry.type(description="What people read, in both languages of the console.")
class SlaTitle:
    en: str = strawberry.field(description="In English.")
    zh: str | None = strawberry.field(description="In Chinese.")


@strawberry.type(description="By when something is due.")
class SlaDue:
    at: datetime = strawberry.field(
        description="The last instant in time; of a due that counts days the next local midnight, which is late."
    )
    on: date | None = strawberry.field(description="The local day, of a due that counts days.")


@strawberry.type(description="Whether a deadline was kept, twice: as known when it was due, which stays, and by now.")
class SlaVerdicts:
    when_due: Verdict | None = strawberry.field(
        description="As known when it was due; null while nothing is decided, and where nobody could know then."
    )
    now: Verdict | None = strawberry.field(description="As known by now.")
    rests_on_late: bool = strawberry.field(
        description="Whether the verdict by now rests on something that was recorded after the due."
    )
    born_overdue: bool = strawberry.field(description="Whether a change set a due that had passed already.")


@strawberry.type(description="An extension that was approved.")
class SlaExtension:
    step: str = strawberry.field(description="The step of the ladder; `stated` for a date that was stated anew.")
    version: int = strawberry.field(description="The version of its approval.")
    approved_at: datetime = strawberry.field(description="When it was approved.")
    late: bool = strawberry.field(description="Whether that was after the due; it then changes nothing.")
    ignored: bool = strawberry.field(description="Whether the ladder has no such step, or not so often.")
    due_before: datetime = strawberry.field(description="The due before it.")
    due_after: datetime = strawberry.field(description="The due after it.")


@strawberry.type(description="Something that becomes due of a clock when nothing else happens.")
class SlaAlarm:
    kind: AlarmKind = strawberry.field(description="What it is.")
    at: datetime = strawberry.field(description="When.")
    number: int = strawberry.field(description="From 0, in the order in which the policy declares those of its kind.")
    level: int | None = strawberry.field(description="The level of an escalation.")


@strawberry.type(description="How a clock stands from an instant on, if nothing happens.")
class SlaNextState:
    at: datetime = strawberry.field(description="The first instant at which it stands so.")
    state: State = strawberry.field(description="How it stands from then on.")


@strawberry.interface(
    description="What a clock says: of `SlaClock` as known by now, of `SlaClockSnapshot` as it was known earlier."
)
class SlaClockFace:
    id: strawberry.ID = strawberry.field(description="Its id; opaque, and of nothing else.")
    target: str = strawberry.field(description="The target, by its name within the policy.")
    title: SlaTitle = strawberry.field(description="What people call it.")
    kind: TargetKind = strawberry.field(description="What is to be done in time.")
    subject: SubjectKind = strawberry.field(description="Whose clock it is.")
    part: str | None = strawberry.field(description="The part of the case that it is for.")
    cycle: int = strawberry.field(description="From 1; a reopening begins another.")
    instance: int = strawberry.field(description="From 1 within a cycle.")
    statutory: bool = strawberry.field(description="Whether a law or rule demands it; otherwise it is internal.")
    statute_clause: str | None = strawberry.field(description="The clause that does.")
    policy: str | None = strawberry.field(description="The policy; null for a date that somebody stated.")
    policy_version: int | None = strawberry.field(description="The policy's version.")
    rule: str | None = strawberry.field(description="The policy's rule that fits; null of what another target opened.")
    calendar: str = strawberry.field(description="The calendar by which it counts; empty without one.")
    calendar_version: int = strawberry.field(description="Its version in force when it started, as known then.")
    zone: str = strawberry.field(description="The IANA zone of its days.")
    zone_data: str = strawberry.field(description="The release of the IANA's zone data.")
    engine: int = strawberry.field(description="The version of the rules by which it was worked out.")
    evaluated_at: datetime = strawberry.field(
        description="The instant at which everything here is as it says; a page goes on from there by itself."
    )
    state: State = strawberry.field(description="How it stands.")
    state_changes_at: datetime | None = strawberry.field(
        description="The first instant at which the state is another one if nothing happens; null when it stays."
    )
    next_states: list[SlaNextState] = strawberry.field(
        description="The states to come if nothing happens, in order of time; the first begins at `stateChangesAt`."
    )
    verdicts: SlaVerdicts = strawberry.field(description="Whether it was kept.")
    started_at: datetime | None = strawberry.field(
        description="When it began, or begins if nothing happens before; null while nothing says when."
    )
    measured_from: datetime | None = strawberry.field(description="From when its time is measured.")
    due_at: datetime | None = strawberry.field(
        description="By when, as decides; null without a number. While it is paused it moves on with the time."
    )
    due_on: date | None = strawberry.field(
        description="The local day of that, of a due that counts days; what comes before its next midnight is in time."
    )
    promised: SlaDue | None = strawberry.field(description="By the calendar known when it started.")
    lived: SlaDue | None = strawberry.field(description="By the calendar known at each instant.")
    original_due_at: datetime | None = strawberry.field(
        description="The due before any extension, pause or change of target."
    )
    stopped_at: datetime | None = strawberry.field(description="When what was asked for was done.")
    stopped_version: int | None = strawberry.field(description="The version of the event that says so.")
    stopped_recorded_at: datetime | None = strawberry.field(description="When the ledger heard of it.")
    stopped_by_day: bool = strawberry.field(description="Whether only the day of that is known.")
    cancelled_at: datetime | None = strawberry.field(description="When its subject ended without that.")
    lapsed_at: datetime | None = strawberry.field(description="When its time ran out, which is no breach.")
    elapsed_seconds: SafeInt | None = strawberry.field(
        description="From start to stop by the clock on the wall, in seconds; null for what was done before it began."
    )
    pauses: int = strawberry.field(description="How often it stood still.")
    extensions: list[SlaExtension] = strawberry.field(description="The extensions that were approved.")
    alarms: list[SlaAlarm] = strawberry.field(
        description="What becomes due if nothing happens, and what is due that nobody has recorded, in order of time."
    )
    warn_at: datetime | None = strawberry.field(description="When the next warning is due; null when none is.")
    unit: str | None = strawberry.field(description="The unit that has the subject, or had it at the clock's end.")
    handler: str | None = strawberry.field(description="The member of staff who does, or did.")
    tier: str | None = strawberry.field(
        description="The tier of the case's customer at the start, as policies write it: `gold`."
    )
    version: int = strawberry.field(description="The version of the subject's stream that this shows.")
    position: SafeInt = strawberry.field(description="The position in the book of the latest event that this shows.")
    timer: strawberry.Private[SlaTimer]
    as_of: strawberry.Private[AsOf | None] = None
    """As of which instants; None is by now."""

    @resolved("The case that it is of, or that the obligation is for.")
    async def case(self, info: Info) -> Annotated[Case, strawberry.lazy("api.graphql.case")] | None:
        from api.graphql.case import shown_case

        return None if self.timer.case_id is None else await shown_case(info.context, self.timer.case_id)

    @resolved("The obligation that it is of.")
    async def obligation(self, info: Info) -> Annotated[Obligation, strawberry.lazy("api.graphql.obligation")] | None:
        from api.graphql.obligation import shown_obligation

        owed = self.timer.obligation_id
        return None if owed is None else await shown_obligation(info.context, owed)

    @resolved("The time used up, in the target's own time, in seconds.")
    async def counted_seconds(self, info: Info) -> SafeInt:
        course = await _course(self, info)
        return SafeInt(self.timer.counted_seconds if course is None else int(course.clock.counted.total_seconds()))

    @resolved(
        "The time left, in the target's own time, in seconds; negative once overdue, null without a number, or while "
        "the views show less than the ledger has."
    )
    async def remaining_seconds(self, info: Info) -> SafeInt | None:
        course = await _course(self, info)
        remaining = None if course is None else course.clock.remaining
        return None if remaining is None else SafeInt(int(remaining.total_seconds()))

    @resolved(
        "Its life so far, stretch by stretch, without gaps; the counted ones add up to the time used. None while the "
        "views show less than the ledger has."
    )
    async def segments(self, info: Info) -> list[SlaSegment]:
        course = await _course(self, info)
        return [] if course is None else list(map(segment_of, course.clock.segments))

    @resolved(
        "The stretches from `evaluatedAt` to its due if nothing happens: by these a page counts down by itself. None "
        "of a clock that stands still or is over, and none while the views show less than the ledger has."
    )
    async def upcoming(self, info: Info) -> list[SlaSegment]:
        course = await _course(self, info)
        return [] if course is None else list(map(segment_of, course.upcoming))

    @resolved("Why it stands as it does; null while the views show less than the ledger has.")
    async def explanation(self, info: Info) -> SlaExplanation | None:
        course = await _course(self, info)
        return None if course is None else explanation_of(course.explanation)


@strawberry.type(description="A target as it runs for a case, a part of one or an obligation (时限), as known by now.")
class SlaClock(SlaClockFace):
    """The live one."""


@strawberry.type(
    description="A clock as it was known earlier: at `evaluatedAt`, by what the book had up to `knownPosition`. It is "
    "no `SlaClock`, and has an id of its own, so that no cache takes the one for the other."
)
class SlaClockSnapshot(SlaClockFace):
    known_at: datetime = strawberry.field(description="Known is what was recorded by then.")
    known_position: SafeInt = strawberry.field(
        description="The last position of the book that was known, or looked at: policies and calendars are those that "
        "were published by there."
    )
    known_by: KnownBy = strawberry.field(description="Who had to know of an event.")


async def _course(clock: SlaClockFace, info: Info) -> ClockCourse | None:
    as_of, loaders = clock.as_of, info.context.loaders
    if as_of is None:
        return await loaders.courses.load(CourseOf(wanted_at(clock.timer, await info.context.now())))
    return await loaders.courses.load(CourseOf(wanted_at(clock.timer, as_of.valid_at, as_of.position), as_of))


SAME = (
    "target", "kind", "cycle", "instance", "statutory", "statute_clause", "calendar", "calendar_version", "zone",
    "zone_data", "engine", "started_at", "measured_from", "due_at", "due_on", "stopped_at", "stopped_version",
    "stopped_recorded_at", "stopped_by_day", "cancelled_at", "pauses", "tier", "version",
)  # fmt: skip
"""Fields that the view has just as the schema shows them."""


def clock_of(timer: SlaTimer, book: str, now: datetime) -> SlaClock:
    """A clock as the schema shows it, at an instant; as known by now."""
    return SlaClock(id=strawberry.ID(opaque(CLOCK, book, timer.clock_id)), **_shown(timer, now, None))


def past_clock_of(timer: SlaTimer, book: str, as_of: AsOf) -> SlaClockSnapshot:
    """A clock as of two instants."""
    return SlaClockSnapshot(
        id=strawberry.ID(opaque(CLOCK_SNAPSHOT, book, timer.clock_id, *in_id(as_of))),
        known_at=as_of.known_at,
        known_position=SafeInt(as_of.position),
        known_by=as_of.known_by,
        **_shown(timer, as_of.valid_at, as_of),
    )


def _shown(timer: SlaTimer, now: datetime, as_of: AsOf | None) -> dict[str, Any]:
    state, when_due, by_now = state_at(timer, now), *verdicts_at(timer, now)
    to_come = list(_next_states(timer, now))
    return dict(
        title=SlaTitle(en=timer.title_en, zh=timer.title_zh),
        subject=timer.subject_kind,
        part=timer.part or None,
        policy=timer.policy if timer.policy_version else None,
        policy_version=timer.policy_version or None,
        rule=timer.rule or None,
        evaluated_at=now,
        state=state,
        state_changes_at=to_come[0].at if to_come else None,
        next_states=to_come,
        verdicts=SlaVerdicts(
            when_due=when_due, now=by_now, rests_on_late=timer.rests_on_late, born_overdue=timer.born_overdue
        ),
        promised=_due(timer.promised_at, timer.promised_on),
        lived=_due(timer.lived_at, timer.lived_on),
        original_due_at=timer.original_at,
        lapsed_at=timer.due_at if state is State.LAPSED else None,
        elapsed_seconds=None if timer.elapsed_seconds is None else SafeInt(timer.elapsed_seconds),
        extensions=[SlaExtension(**told._asdict()) for told in timer.extensions],
        alarms=[
            SlaAlarm(kind=AlarmKind(alarm.kind), at=alarm.at, number=alarm.number, level=alarm.level)
            for alarm in timer.alarms
        ],
        warn_at=next((alarm.at for alarm in timer.alarms if alarm.kind == "warning" and alarm.at > now), None),
        unit=timer.holder_unit,
        handler=timer.holder_handler,
        position=SafeInt(timer.position),
        timer=timer,
        as_of=as_of,
        **{name: getattr(timer, name) for name in SAME},
    )


def _due(at: datetime | None, on: date | None) -> SlaDue | None:
    return None if at is None else SlaDue(at=at, on=on)


def _next_states(timer: SlaTimer, now: datetime) -> Iterator[SlaNextState]:
    """The states to come if nothing happens. What is due at an instant in time is overdue behind it, and what is due on
    a day with the midnight that ends it."""
    state = state_at(timer, now)
    behind = None if timer.due_at is None else timer.due_at if timer.due_open_ended else timer.due_at + TICK
    for at in sorted({each for each in (timer.started_at, behind) if each is not None and each > now}):
        later = state_at(timer, at)
        if later is not state:
            state = later
            yield SlaNextState(at=at, state=state)


async def clocks_of(request: Request, stream: str) -> list[SlaClock]:
    """The clocks of a case or an obligation, first due first."""
    timers: Sequence[SlaTimer] = await request.loaders.timers.load(stream) or ()
    now = await request.now()
    return [clock_of(timer, request.door.book, now) for timer in timers]
