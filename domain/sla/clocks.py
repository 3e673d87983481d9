"""The clocks of a case or an obligation, out of its events: pure, and at any pair of as-of times.

What was known is for the caller to select, by which events are given; `at` says up to when they had to occur. Nothing
else computes a deadline.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from domain.envelope import Recorded
from domain.sla.alarms import alarms_of
from domain.sla.calendars import UnknownCalendar
from domain.sla.clock import ENGINE, Basis, Clock, ClockKey, State, Stop, Verdict
from domain.sla.compiled import CompiledTarget
from domain.sla.dues import needs_hours
from domain.sla.happenings import Happening, Timeline
from domain.sla.lanes import Lane, TierSince, lanes_of, terms_of
from domain.sla.measures import Hours
from domain.sla.policy import NoNumber, OnExpiry, StatedDate, SubjectKind
from domain.sla.run import Run
from domain.sla.runs import Runner
from domain.sla.segments import counted, counting_from, segments_of
from domain.sla.selection import Fit
from domain.sla.standards import Standards
from domain.sla.stated import stated_lanes
from domain.sla.verdicts import History, Pair, pair_of
from domain.sla.working_time import NOTHING
from domain.sla.zones import ZONE_DATA

NO_STREAM = ""


class Course(NamedTuple):
    """How the targets of a subject ran."""

    subject: str
    runner: Runner
    runs: dict[ClockKey, Run]
    waiting: list[tuple[CompiledTarget, str | None]]
    """Targets that have not begun, and the part of the case that each is for."""


def clocks(
    history: Sequence[Recorded[Any]],
    standards: Standards,
    at: datetime,
    *,
    tier_at: Sequence[TierSince] = (),
    inherited: Sequence[Recorded[Any]] = (),
    as_recorded: Sequence[Recorded[Any]] = (),
    under: Sequence[Fit] = (),
    segments: bool = True,
) -> tuple[Clock, ...]:
    """The clocks of a case or an obligation at an instant, each with both verdicts.

    `history` is its stream as read, with corrections applied, in order of version; `tier_at` the tiers of its customer
    in order of time; `inherited` the streams, as read, of cases that were merged into it. Where amendments change how
    the stream is read, `as_recorded` is the stream with them, so that what was known when a deadline came can be told.
    `under` are rules to go by in the place of those that were assigned, for a counterfactual.
    Without `segments` the clocks have none, which is faster. It never raises, whatever the order of the events.
    """
    told = course(history, standards, at, tier_at=tier_at, inherited=inherited, under=under)

    def again(known: History, until: datetime) -> tuple[Runner, Mapping[ClockKey, Run]]:
        other = course(known, standards, until, tier_at=tier_at, inherited=inherited, under=under)
        return other.runner, other.runs

    found: list[Clock] = []
    for key, run in told.runs.items():
        pair = pair_of(key, run, told.runner, history, as_recorded, again)
        found.append(_clock(key, run, told.runner, pair, segments=segments))
    found += [_not_started(told, target, part) for target, part in told.waiting]
    return tuple(found)


def course(
    history: Sequence[Recorded[Any]],
    standards: Standards,
    at: datetime,
    *,
    tier_at: Sequence[TierSince] = (),
    inherited: Sequence[Recorded[Any]] = (),
    under: Sequence[Fit] = (),
) -> Course:
    """How the targets of a subject ran up to an instant, for clocks and explanations to be made of."""
    timeline = Timeline.of(history, at)
    subject = history[0].stream if history else NO_STREAM
    runner = Runner(timeline, standards, at)
    terms = terms_of(timeline, under)
    lanes: list[Lane] = []
    if terms is not None:
        tiers = [tier for tier in tier_at if tier.at <= at]
        lanes = lanes_of(timeline, terms, standards, tiers, _absorbed(timeline, inherited, at))
    lanes += stated_lanes(timeline, _covered(lanes))
    return _run(subject, runner, lanes)


def _run(subject: str, runner: Runner, lanes: Sequence[Lane]) -> Course:
    """Lets every target run for the case, or for each of its parts."""
    parts = _parts(runner.timeline)
    tracks: list[tuple[Lane, str | None, int]] = []
    for lane in lanes:
        first = lane[0].target
        if first is not None and first.target.subject is SubjectKind.PART:
            tracks += [(lane, part, place) for part, place in parts.items()]
        else:
            tracks.append((lane, None, 0))
    results: list[list[Run]] = [[] for _ in tracks]
    # A target that another opens runs behind it; one may open the next, so that it takes a pass for each.
    left = list(range(len(tracks)))
    for _ in range(len(tracks) + 1):
        before = runner.openings
        for number in left:
            results[number] = list(runner.runs(*tracks[number]))
        if runner.openings == before:
            break
        left = [number for number, (lane, part, _) in enumerate(tracks) if runner.is_opened(lane, part)]
    waiting = [
        (lane[-1].target, part)
        for number, (lane, part, _) in enumerate(tracks)
        if not results[number] and lane[-1].target is not None and not lane[-1].target.opened
    ]
    runs: dict[ClockKey, Run] = {}
    for each in results:
        for run in each:
            runs.setdefault(_key(subject, run), run)  # what a rule asks for again after it had ended stays as it ended
    return Course(subject, runner, runs, waiting)


def _key(subject: str, run: Run) -> ClockKey:
    """What tells a run from all others."""
    target = run.target
    return ClockKey(subject, run.part, target.policy, target.target.id, run.cycle, run.instance)


def _absorbed(timeline: Timeline, inherited: Sequence[Recorded[Any]], at: datetime) -> Mapping[str, Timeline]:
    if not inherited or "case-absorbed" not in timeline.by_name:
        return {}
    streams: dict[str, list[Recorded[Any]]] = {}
    for recorded in inherited:
        streams.setdefault(recorded.stream, []).append(recorded)
    return {stream: Timeline.of(told, at) for stream, told in streams.items()}


def _covered(lanes: Iterable[Lane]) -> Iterator[str]:
    """For what the targets of policies take stated dates."""
    for lane in lanes:
        for stage in lane:
            if stage.target is not None and isinstance(stage.target.target.clock, StatedDate):
                yield stage.target.target.clock.of


def _parts(timeline: Timeline) -> dict[str, int]:
    found: dict[str, int] = {}
    for place in timeline.by_name.get("case-part-opened", ()):
        found.setdefault(str(timeline.all[place].recorded.event.part), place)
    return found


# A clock --------------------------------------------------------------------------------------------------------------


def _clock(key: ClockKey, run: Run, runner: Runner, pair: Pair, *, segments: bool) -> Clock:
    target, hours = run.target.target, run.hours
    state = _state(run, runner, pair)
    end = _end(run, runner)
    promised, lived = runner.other_due(run)
    return Clock(
        key=key,
        title=target.title,
        kind=target.kind,
        statute=target.statute,
        basis=_basis(run.target, run.start.at, run.start.recorded_at, runner.standards),
        state=state,
        started_at=run.start.at,
        started_by=run.start.by,
        measured_from=run.measured_at,
        promised=promised,
        lived=lived,
        due=run.due,
        original=run.original,
        stop=None if run.stop is None else _stopped(runner.timeline.all[run.stop]),
        cancelled=_cancelled(run, runner),
        segments=segments_of(run, hours, end, runner.timeline) if segments else (),
        pauses=len({pause.place for pause in run.pauses}) if run.pauses else 0,
        counted=counted(run, hours, end),
        remaining=None if run.due is None else _remaining(run, hours, end, run.due.at, state),
        extensions=tuple(run.extended),
        alarms=alarms_of(key, run, hours, state, pair, runner.timeline, runner.at),
        when_due=pair.when_due,
        now=pair.now,
        rests_on_late=pair.rests_on_late,
        born_overdue=run.born_overdue,
    )


def _state(run: Run, runner: Runner, pair: Pair) -> State:
    target = run.target.target
    if isinstance(target.clock, NoNumber) or (
        run.due is None and (not needs_hours(run.target) or run.stop is not None)
    ):
        return State.INFORMATIONAL
    if run.lapsed_at is not None:
        return State.LAPSED
    if run.dropped is not None:
        return State.CANCELLED
    too_late = State.OVERDUE if target.on_expiry is OnExpiry.MISS else State.LAPSED
    if run.stop is not None:
        if runner.stopped_in_time(run):
            return State.MET if pair.now is not Verdict.MISSED else State.MET_LATE
        return State.MET_LATE if target.on_expiry is OnExpiry.MISS else State.LAPSED
    if run.cancel is not None:
        return State.CANCELLED if runner.in_time(run, run.cancel) else too_late
    if runner.ran_out(run):
        return too_late
    paused = any(pause.end is None and pause.begin <= runner.at for pause in run.pauses)
    return State.PAUSED if paused else State.RUNNING


def _end(run: Run, runner: Runner) -> datetime:
    """When the clock's life ended, or the instant that is asked about."""
    place = run.stop if run.stop is not None else run.cancel
    if run.lapsed_at is not None:
        return max(run.lapsed_at, run.start.at)
    if run.dropped is not None:
        return max(run.dropped.at, run.start.at)
    if place is None:
        return max(runner.at, run.start.at)
    # What was done before another target opened this one ended it then.
    begin = run.start.at if run.start.opening is None else run.measured_at
    return max(runner.timeline.all[place].at, begin)


def _remaining(run: Run, hours: Hours, at: datetime, due: datetime, state: State) -> Any:
    if at <= due:
        begin = max(at, counting_from(run, hours))  # what is left of an excluded first day is no time of the target's
        return hours.own.between(begin, due) if begin < due else NOTHING
    return NOTHING if state is State.PAUSED else NOTHING - hours.own.between(due, at)


def _stopped(one: Happening) -> Stop:
    recorded = one.recorded
    return Stop(one.at, recorded.version, recorded.event.TOPIC, recorded.recorded_at, one.day is not None)


def _cancelled(run: Run, runner: Runner) -> Stop | None:
    if run.cancel is not None and run.stop is None:
        return _stopped(runner.timeline.all[run.cancel])
    if run.dropped is None:
        return None
    by = run.dropped.by
    one = next((each for each in runner.timeline.all if each.recorded.version == by), None)
    return Stop(run.dropped.at, 0, "tier-assigned.1", run.dropped.at, by_day=False) if one is None else _stopped(one)


def _basis(target: CompiledTarget, start: datetime, known_at: datetime, standards: Standards) -> Basis:
    key = ("basis", target.policy, target.version, target.rule, target.target.id, target.zone.key)
    kept: Basis | None = standards.kept.get(key)
    if kept is not None:
        return kept
    try:
        versions = standards.calendars.versions(target.calendar)
        day = start.astimezone(target.zone).date()
        version = standards.calendars.in_force(target.calendar, day, known_at).version
    except UnknownCalendar:
        versions, version = (), 0
    basis = _basis_by(target, version)
    if len(versions) < 2:
        standards.kept[key] = basis
    return basis


def _basis_by(target: CompiledTarget, version: int) -> Basis:
    return Basis(
        policy=target.policy,
        policy_version=target.version,
        rule=target.rule,
        calendar=target.calendar,
        calendar_version=version,
        zone=target.zone.key,
        zone_data=ZONE_DATA,
        engine=ENGINE,
    )


def _not_started(told: Course, target: CompiledTarget, part: str | None) -> Clock:
    runner = told.runner
    state = State.NOT_STARTED
    recorded_at = runner.timeline.all[0].recorded.recorded_at if runner.timeline.all else runner.at
    return Clock(
        key=ClockKey(told.subject, part, target.policy, target.target.id, 1, 1),
        title=target.target.title,
        kind=target.target.kind,
        statute=target.target.statute,
        basis=_basis(target, runner.at, recorded_at, runner.standards),
        state=state,
        started_at=None,
        started_by=None,
        measured_from=None,
        promised=None,
        lived=None,
        due=None,
        original=None,
        stop=None,
        cancelled=None,
        segments=(),
        pauses=0,
        counted=NOTHING,
        remaining=None,
        extensions=(),
        alarms=(),
        when_due=None,
        now=None,
        rests_on_late=False,
        born_overdue=False,
    )
