"""Whether a deadline was kept, twice: as known when it was due, and as known now (DOMAIN.md, point 12)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

from domain.correction import applied
from domain.envelope import Recorded
from domain.sla.clock import ClockKey, Due, Verdict
from domain.sla.dues import passed
from domain.sla.happenings import Timeline
from domain.sla.policy import LateRecord, NoNumber, OnExpiry, Reopen
from domain.sla.run import Run
from domain.sla.runs import Runner

History: TypeAlias = Sequence[Recorded[Any]]
Again: TypeAlias = Callable[[History, datetime], "tuple[Runner, Mapping[ClockKey, Run]]"]
"""Lets all targets run over another history of the same subject, up to an instant."""


class Pair(NamedTuple):
    """Both verdicts, and whether the one of now rests on what was recorded after the due."""

    when_due: Verdict | None
    now: Verdict | None
    rests_on_late: bool


UNDECIDED = Pair(None, None, rests_on_late=False)


def learned_at(recorded: Recorded[Any], due: datetime) -> datetime | None:
    """When an event became known: to its source, when it was imported. None when that source does not say.

    What was recorded here before the due was known before it, wherever it came from; only of others the metadata are
    read, since that takes as long as reading the event.
    """
    if recorded.source_recorded_at is not None:
        return recorded.source_recorded_at
    if recorded.recorded_at <= due or recorded.metadata.source is None:
        return recorded.recorded_at
    return None


def pair_of(key: ClockKey, run: Run, runner: Runner, history: History, as_recorded: History, again: Again) -> Pair:
    """The two verdicts on a run."""
    due = run.due
    missed = miss_recorded(key, runner.timeline)
    if due is None or isinstance(run.target.target.clock, NoNumber):
        return UNDECIDED._replace(when_due=Verdict.MISSED if missed else None)
    now = _now(key, run, runner, due)
    decided = missed or run.overtaken
    if now is None and not decided:
        return UNDECIDED
    dues = _dues(run, due)
    if not decided and not as_recorded and not _straddled(runner, dues):
        return Pair(Verdict.KEPT if runner.stopped_in_time(run) else now, now, rests_on_late=False)
    when_due = Verdict.MISSED if missed else None
    used = [runner.timeline.all[place].recorded for place in _used(run, runner.timeline)]
    stop = None if run.stop is None else runner.timeline.all[run.stop].recorded
    if not missed:
        floor = min(each.at for each in dues)
        when_due = _when_due(key, run, due, floor, used, stop, runner, history, as_recorded, again)
    ends = [runner.timeline.all[pause.until].recorded for pause in run.pauses if pause.until is not None]
    rests = [*used, *ends] if now is Verdict.MISSED or stop is None else [*used, *ends, stop]
    return Pair(when_due, now, any(_late(each, due) for each in rests))


def miss_recorded(key: ClockKey, timeline: Timeline) -> bool:
    """Whether a miss of the clock was recorded, which stands."""
    places = timeline.by_name.get("deadline-missed")
    return places is not None and any(about_clock(timeline, place, key) for place in places)


def about_clock(timeline: Timeline, place: int, key: ClockKey) -> bool:
    """Whether an event is about a clock."""
    event = timeline.all[place].recorded.event
    told = (event.policy, event.target, event.part, event.cycle, event.instance)
    return bool(told == (key.policy, key.target, key.part, key.cycle, key.instance))


def _dues(run: Run, due: Due) -> list[Due]:
    """All dues that the run had, one after the other."""
    if run.original == due and not run.extended and not run.changes:
        return [due]
    dues = [due, run.original, *(each.due_before for each in run.extended)]
    dues += [each for change in run.changes for each in (change.due_before, change.due_after)]
    return [each for each in dict.fromkeys(dues) if each is not None]


def _straddled(runner: Runner, dues: Sequence[Due]) -> bool:
    """Whether a due passed between an event and its record; otherwise what was known at each due is what was so."""
    for due in dues:
        recorded_at = runner.recorded_by(due.at)
        if recorded_at is not None and passed(due, recorded_at):
            return True
    return False


def _late(recorded: Recorded[Any], due: Due) -> bool:
    learned = learned_at(recorded, due.at)
    return learned is not None and passed(due, learned)


# Now ------------------------------------------------------------------------------------------------------------------


def _now(key: ClockKey, run: Run, runner: Runner, due: Due) -> Verdict | None:
    if run.lapsed_at is not None or run.dropped is not None:
        return None
    if runner.stopped_in_time(run):
        return Verdict.KEPT if accepted(key, run, runner, due) else Verdict.MISSED
    ended = run.cancel if run.stop is None else None
    in_time = ended is not None and runner.in_time(run, ended)
    if in_time or (run.stop is None and not runner.ran_out(run)):
        return None
    return None if run.target.target.on_expiry is not OnExpiry.MISS else Verdict.MISSED


def accepted(key: ClockKey, run: Run, runner: Runner, due: Due) -> bool:
    """Whether a stop in time counts, which may have been recorded after the due."""
    target = run.target.target
    if target.late_record is LateRecord.ACCEPT or run.stop is None:
        return True
    learned = learned_at(runner.timeline.all[run.stop].recorded, due.at)
    if learned is None or not passed(due, learned):
        return True
    within = target.late_record_within if target.late_record is LateRecord.ACCEPT_WITHIN else None
    if within is not None and learned <= due.at + within:
        return True
    revised = runner.timeline.by_name.get("verdict-revised", ())
    return any(_revised(runner.timeline, place, key) for place in revised)


def _revised(timeline: Timeline, place: int, key: ClockKey) -> bool:
    event = timeline.all[place].recorded.event
    return about_clock(timeline, place, key) and getattr(event, "now", None) == Verdict.KEPT


# When due -------------------------------------------------------------------------------------------------------------


def _used(run: Run, timeline: Timeline) -> Iterator[int]:
    """The places of the events on which a run rests, its stop left aside."""
    if run.start.by is not None:
        yield run.start.place
    yield run.origin_place
    for pause in run.pauses:
        yield pause.place
    versions = {change.by for change in run.changes} | {each.version for each in run.extended if not each.ignored}
    if versions:
        yield from (place for place, one in enumerate(timeline.all) if one.recorded.version in versions)


def _when_due(
    key: ClockKey,
    run: Run,
    due: Due,
    floor: datetime,
    used: Sequence[Recorded[Any]],
    stop: Recorded[Any] | None,
    runner: Runner,
    history: History,
    as_recorded: History,
    again: Again,
) -> Verdict | None:
    kept = runner.stopped_in_time(run)
    terms = runner.timeline.places("terms-assigned", "policy-reassigned")
    known = [learned_at(each, floor) for each in (*used, *(runner.timeline.all[place].recorded for place in terms))]
    ends = [runner.timeline.all[pause.until].recorded for pause in run.pauses if pause.until is not None]
    if kept and stop is not None:
        ends.append(stop)
    known_ends = [learned_at(each, due.at) for each in ends]
    if None in known or None in known_ends:
        return None
    if run.overtaken:
        return Verdict.MISSED
    punctual = all(each is not None and each <= floor for each in known)
    if punctual and not as_recorded and not any(passed(due, each) for each in known_ends if each is not None):
        return Verdict.KEPT if kept else _missed_or_lapsed(run)
    return _as_it_became_known(key, floor, runner.at, as_recorded or history, again)


def _missed_or_lapsed(run: Run) -> Verdict | None:
    return Verdict.MISSED if run.target.target.on_expiry is OnExpiry.MISS else None


def _as_it_became_known(key: ClockKey, floor: datetime, at: datetime, history: History, again: Again) -> Verdict | None:
    """The verdict at the first due that passed by what was known at the time.

    It goes from one instant at which something became known to the next. Within each stretch the due is the one that
    was known then; if it passes before anything else becomes known, that decides. Only a clock that had ended in time
    and that a reopening then resumed is weighed again, by the due that it has then. What became known after the instant
    at which all of this is looked at, as can be where that lies in the past, was known at no due before it.
    """
    learned = [(learned_at(each, floor) or each.recorded_at, each) for each in history]
    moments = sorted({floor, *(moment for moment, _ in learned if floor < moment <= at)})
    verdict: Verdict | None = None
    ended_when: int | None = None
    for number, moment in enumerate(moments):
        until = min(moments[number + 1], at) if number + 1 < len(moments) else at
        known = list(applied(each for told, each in learned if told <= moment))
        runner, runs = again(known, until)
        run = runs.get(key)
        if run is None or run.due is None or ended_when == len(run.stood):
            continue
        kept = runner.stopped_in_time(run)
        verdict, ended_when = Verdict.KEPT if kept else None, None
        if runner.ran_out(run) and run.dropped is None:
            cancelled = run.cancel is not None and runner.in_time(run, run.cancel)
            if not (kept or cancelled):
                return _missed_or_lapsed(run)
            if run.target.target.reopen is not Reopen.RESUME:
                return verdict
            ended_when = len(run.stood)
    return verdict
