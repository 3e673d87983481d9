"""How targets run: begun by an event, gone on with after changes, ended by an event or by their own expiry."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import accumulate
from operator import attrgetter
from typing import Any

from domain.sla.clock import Due, Extended
from domain.sla.compiled import CompiledTarget
from domain.sla.dues import LEAST, Added, Step, Steps, due_of, in_time, needs_hours, origin_of, passed, stated_due
from domain.sla.happenings import Happening, Timeline, first
from domain.sla.lanes import Inherited, Lane, Stage, Why
from domain.sla.measures import LIVED, View, hours_of, same_as_lived
from domain.sla.pauses import Pause, Stretches, pauses_of, spans_of
from domain.sla.policy import (
    ExtensionStep,
    Instances,
    NoNumber,
    OnChange,
    OnExpiry,
    Reopen,
    StatedDate,
)
from domain.sla.run import Change, Opening, Run, Start, view_of
from domain.sla.standards import Standards

AT, RECORDED_AT = attrgetter("at"), attrgetter("recorded.recorded_at")


class Runner:
    """Lets the targets of one subject run over its history."""

    def __init__(self, timeline: Timeline, standards: Standards, at: datetime) -> None:
        self.timeline, self.standards, self.at = timeline, standards, at
        self.reopened = timeline.places("case-reopened", "obligation-reopened")
        self._opened: dict[tuple[str | None, str, str], list[Opening]] = {}
        self.openings = 0
        """How many targets began because the time of others ran out."""
        self._stretches: dict[tuple[str | None, int], tuple[CompiledTarget, Stretches]] = {}
        self._approvals = self._approved()
        self._records = list(accumulate(map(RECORDED_AT, timeline.all), max))

    def recorded_by(self, at: datetime) -> datetime | None:
        """When the last of those events was recorded that had occurred by an instant; None when none had."""
        place = bisect_right(self.timeline.all, at, key=AT)
        return self._records[place - 1] if place else None

    def is_opened(self, lane: Lane, part: str | None) -> bool:
        """Whether a target was opened by another."""
        targets = (stage.target for stage in lane if stage.target is not None)
        return any((part, each.policy, each.target.id) in self._opened for each in targets)

    def runs(self, lane: Lane, part: str | None = None, opened_at: int = 0) -> Iterator[Run]:
        """Each time that a target runs, in order; of a part from the place at which that was opened."""
        timeline = self.timeline if part is None else self.timeline.of_part(part)
        before: Run | None = None
        while True:
            run = self._begun(lane, timeline, part, opened_at, before)
            if run is None:
                return
            self._go(run, lane, timeline)
            yield run
            if run.end is None:
                return
            before = run

    # Start ------------------------------------------------------------------------------------------------------------

    def _begun(
        self, lane: Lane, timeline: Timeline, part: str | None, opened_at: int, before: Run | None
    ) -> Run | None:
        since, restart = 0, None
        if before is not None and before.end is not None:
            since = before.end
            if before.target.target.instances is Instances.CYCLE:
                restart = self._reopening(since) if self.reopened else None
                if restart is None:
                    return None
                since = restart
        for number, stage in enumerate(lane):
            following = lane[number + 1].place if number + 1 < len(lane) else None
            if stage.target is None:
                continue
            taken = None if before is None else before.start.opening
            start = self._start(stage, stage.target, timeline, part, since, restart, taken)
            if start is not None and (following is None or start.place < following):
                return self._run(stage, stage.target, number, start, timeline, part, opened_at, before)
        return None

    def _reopening(self, ended: int) -> int | None:
        """The place of the first reopening after an end."""
        return next((place for place in self.reopened if place > ended), None)

    def _start(
        self,
        stage: Stage,
        target: CompiledTarget,
        timeline: Timeline,
        part: str | None,
        since: int,
        restart: int | None,
        taken: Opening | None,
    ) -> Start | None:
        openings = self._opened.get((part, target.policy, target.target.id), ()) if self._opened else ()
        # What ends a run may be the very event behind the opening that began it, and that one begins no other run.
        opening = next((each for each in openings if each.place >= since and each != taken), None)
        found = None if opening is None else _opened(opening)
        if target.opened:
            return found
        place = restart if restart is not None and target.restarts else first(target.start, timeline, since)
        if place is not None and (found is None or place < found.place):
            found = _started(timeline.all[place], place)
        elif found is None and stage.inherited is not None and not since:
            happening = timeline.all[stage.place]
            found = _started(happening, stage.place)
        return found

    def _run(
        self,
        stage: Stage,
        target: CompiledTarget,
        number: int,
        start: Start,
        timeline: Timeline,
        part: str | None,
        opened_at: int,
        before: Run | None,
    ) -> Run:
        if start.opening is not None:
            cycle = start.opening.cycle
        else:
            cycle = 1 + sum(place <= start.place for place in self.reopened) if self.reopened else 1
        since = start.place if start.opening else start.place + 1
        active_at = start.at
        if stage.at is not None and stage.place > start.place:
            active_at = max(active_at, stage.at)
        if part is not None:
            since = max(since, opened_at + 1)
            active_at = max(active_at, timeline.all[opened_at].at)
        run = Run(
            target=target,
            part=part,
            cycle=cycle,
            instance=before.instance + 1 if before is not None and before.cycle == cycle else 1,
            start=start,
            active_at=active_at,
            since=since,
            stops_since=since if start.opening is None else start.opening.since,
            inherited=stage.inherited if cycle == 1 else None,
            moves=stage.moves,
            hours=hours_of(self.standards, target, view_of(target, start), stage.moves),
            stage=number,
        )
        self._measure(run, timeline)
        run.original = self._first_due(run)
        return run

    def _measure(self, run: Run, timeline: Timeline) -> None:
        """Finds from when the run is measured."""
        start, target = run.start, run.target
        run.measured_at, run.measured_day, run.origin_place = start.at, start.day, start.place
        if start.opening is not None:
            run.measured_at, run.measured_day, _ = start.opening.origin
            run.origin_place = start.opening.origin_place
        if target.measured_from is not None and run.cycle == 1:
            earlier = first(target.measured_from, timeline, 0)
            if earlier is not None and earlier <= run.since:
                one = timeline.all[earlier]
                run.measured_at, run.measured_day, run.origin_place = one.at, one.day, earlier
        if run.inherited is not None and run.inherited.at < run.measured_at:
            run.measured_at, run.measured_day = run.inherited.at, run.inherited.day
        run.origin = origin_of(target, run.measured_at, run.measured_day, run.hours)

    # Course -----------------------------------------------------------------------------------------------------------

    def _go(self, run: Run, lane: Lane, timeline: Timeline) -> None:
        """Follows a run to its end, or to the instant that is asked about."""
        following, kept, asleep = run.stage + 1, False, False
        while True:
            target = run.target
            stop = first(target.stop, timeline, run.stops_since, run.origin_place)
            cancel = first(target.cancel, timeline, run.since)
            end = stop if cancel is None else cancel if stop is None else min(stop, cancel)
            change = lane[following] if following < len(lane) else None
            if change is not None and (end is None or change.place <= end):
                following += 1
                if change.target is None and any(stage.target is not None for stage in lane[following:]):
                    self._pause(run, timeline)
                    self._reckon(run, change.place)
                    asleep = change.at is not None and not self.ran_out(run, change.at)
                    continue  # it is asked for again later
                kept = self._changed(run, change, timeline, kept=kept, asleep=asleep)
                asleep = False
                if run.dropped is not None:
                    return
                continue
            self._pause(run, timeline, end)
            self._reckon(run, end)
            if self._lapsed(run, end):
                return
            if end is None:
                break
            run.end = max(end, run.start.place)  # so that it is not begun again
            if stop == end:
                run.stop = stop
            else:
                run.cancel = cancel
            again = self._reopening(end) if self.reopened else None
            if again is None or target.target.reopen is not Reopen.RESUME or target.target.instances is Instances.START:
                break
            begin, until = timeline.all[end].at, timeline.all[again].at
            run.stood.append(Pause(begin, until, "stopped", end, again))
            run.stop = run.cancel = run.end = None
            run.since = run.stops_since = again + 1
        if passed(run.due, run.active_at):
            run.born_overdue = run.stop is None or not self.stopped_in_time(run)

    def _changed(self, run: Run, change: Stage, timeline: Timeline, *, kept: bool, asleep: bool) -> bool:
        """Lets a change take effect on a run; gives back whether the run keeps its target from here on.

        While it was asleep, since no rule asked for it, nothing could be missed.
        """
        target, at = run.target, change.at or run.start.at
        self._pause(run, timeline)
        self._reckon(run, change.place)
        missed = self.ran_out(run, at) and not asleep
        # What was missed stays missed, and by the due that was, unless the policy lets the rule in the end decide.
        if missed and not _overtakes(target, change):
            return kept
        if change.why is Why.RULE and (kept or target.target.on_change is OnChange.KEEP):
            return True
        due_before = run.due
        if change.target is None:
            run.dropped = Change(at, change.by, change.why, target, due_before, None)
            run.end = change.place
            return kept
        if change.why is Why.RULE:
            run.windows.append((target, at))
            run.target = change.target
        run.moves, run.inherited = change.moves, change.inherited if run.cycle == 1 else None
        run.hours = hours_of(self.standards, run.target, run.view, run.moves)
        run.changes.append(Change(at, change.by, change.why, target, due_before, None, missed))
        self._measure(run, timeline)
        self._pause(run, timeline)
        self._reckon(run, change.place)
        run.changes[-1] = run.changes[-1]._replace(due_after=run.due)
        if passed(run.due, at) and not missed:
            run.active_at = at
        return kept

    def _pause(self, run: Run, timeline: Timeline, end: int | None = None) -> None:
        ever = run.target.between or (run.target.grounds and "case-paused" in timeline.by_name)
        if not (ever or run.windows or run.stood):
            return
        begin, found = run.origin.at, list(run.stood)
        earlier: datetime | None = None
        last = None if end is None else timeline.all[end].at
        for target, until in (*run.windows, (run.target, last)):
            since = begin if earlier is None else max(begin, earlier)
            if target.grounds or target.between:
                found += self._stretches_of(target, run.part, timeline).within(since, until)
            earlier = until
        run.pauses = found

    def _stretches_of(self, target: CompiledTarget, part: str | None, timeline: Timeline) -> Stretches:
        """The pauses of a target, found once: they are asked for at every change, for every target before it."""
        key = (part, id(target))
        if key not in self._stretches:  # with the target, so that no other one gets its identity meanwhile
            self._stretches[key] = target, Stretches(pauses_of(target, timeline))
        return self._stretches[key][1]

    def _lapsed(self, run: Run, end: int | None) -> bool:
        """Lets another target take the place of one whose time ran out, when its policy says so."""
        target = run.target.target
        if target.on_expiry is not OnExpiry.OPENS or run.due is None:
            return False
        if not (self.ran_out(run) if end is None else not self.in_time(run, end)):
            return False
        due = run.due
        run.lapsed_at = due.at
        place = next((number for number, one in enumerate(self.timeline.all) if passed(due, one.at)), None)
        run.end = len(self.timeline.all) if place is None else place
        if target.opens is not None:
            origin = Inherited(run.measured_at, run.measured_day, run.start.recorded_at)
            key = (run.part, run.target.policy, target.opens)
            opening = Opening(due.at, target.id, run.end, origin, run.origin_place, run.cycle, run.stops_since)
            openings = self._opened.setdefault(key, [])
            if opening not in openings:
                openings.append(opening)
                self.openings += 1
        return True

    def ran_out(self, run: Run, at: datetime | None = None) -> bool:
        """Whether the time of a run that nothing had ended had run out by an instant, or by that which is asked about.

        It does not while the run stands still: where only whole days of a pause count, one that began on the last day
        leaves a due that is always the midnight before.
        """
        by = self.at if at is None else at
        if not passed(run.due, by):
            return False
        stood = (begin for begin, end in spans_of(run.pauses, by + LEAST) if begin <= by < end)
        return all(passed(run.due, begin) for begin in stood)

    def stopped_in_time(self, run: Run) -> bool:
        """Whether a run that was stopped was stopped in time."""
        if run.kept is None:
            run.kept = run.stop is not None and self.in_time(run, run.stop)
        return run.kept

    def in_time(self, run: Run, place: int) -> bool:
        """Whether an event is not after a run's due."""
        one = self.timeline.all[place]
        return in_time(run.due, one.at, one.day, run.hours.zone)

    # Dues -------------------------------------------------------------------------------------------------------------

    def due_by(self, run: Run, view: View) -> Due | None:
        """The due by another view of the calendars."""
        if not needs_hours(run.target):
            return run.due
        return self._due(run, run.applied, view)

    def other_due(self, run: Run) -> tuple[Due | None, Due | None]:
        """The due as promised, and as lived."""
        if same_as_lived(self.standards, run.target, run.start.at, run.start.recorded_at) and not run.moves:
            return run.due, run.due
        promised = View(run.start.recorded_at)
        if run.view == LIVED:
            return self.due_by(run, promised), run.due
        return run.due, self.due_by(run, LIVED)

    def arithmetic(self, run: Run) -> Steps:
        """How its due came about, line by line."""
        told: list[Step] = []
        if isinstance(run.target.target.clock, StatedDate) and run.original is not None:
            on = run.original.on
            told.append(Step(Added.STATED, None, "", run.original.at if on is None else None, on))
        if needs_hours(run.target):
            origin_of(run.target, run.measured_at, run.measured_day, run.hours, told)
            due_of(run.target, run.origin, run.hours, run.applied, spans_of(run.pauses, self.at), told)
        return told

    def _first_due(self, run: Run) -> Due | None:
        return due_of(run.target, run.origin, run.hours) if needs_hours(run.target) else None

    def _due(self, run: Run, steps: Sequence[ExtensionStep], view: View | None = None) -> Due | None:
        pauses = spans_of(run.pauses, self.at) if run.pauses else ()
        hours = run.hours if view is None else hours_of(self.standards, run.target, view, run.moves)
        return due_of(run.target, run.origin, hours, steps, pauses)

    def _reckon(self, run: Run, limit: int | None) -> None:
        """Works out the due, with what was approved and stated up to a place."""
        clock = run.target.target.clock
        if isinstance(clock, NoNumber):
            return
        if isinstance(clock, StatedDate):
            self._stated(run, clock, limit)
            return
        run.applied, run.extended = [], []
        run.due = self._due(run, ()) if run.pauses or run.changes else run.original
        if not self._approvals:
            return
        taken: dict[str, int] = {}
        for place, request in self._approvals:
            if place <= run.start.place or (limit is not None and place > limit) or not self._is_for(run, request):
                continue
            self._extend(run, place, str(request.step), taken)

    def _extend(self, run: Run, place: int, step_id: str, taken: dict[str, int]) -> None:
        one = self.timeline.all[place]
        step = next((each for each in run.target.target.extensions if each.id == step_id), None)
        taken[step_id] = taken.get(step_id, 0) + 1
        late = not in_time(run.due, one.at, one.day, run.hours.zone)
        beyond = step is None or taken[step_id] > step.most
        before = run.due
        if step is not None and not late and not beyond:
            run.applied.append(step)
            run.due = self._due(run, run.applied)
        if before is not None and run.due is not None:
            run.extended.append(Extended(step_id, one.recorded.version, one.at, late, before, run.due, beyond))

    def _is_for(self, run: Run, request: Any) -> bool:
        ids = {(each.policy, each.target.id) for each in (run.target, *(target for target, _ in run.windows))}
        return request.part == run.part and (str(request.policy), str(request.target)) in ids

    def _approved(self) -> list[tuple[int, Any]]:
        """The places of approvals, and what was asked for."""
        approvals = self.timeline.by_name.get("extension-approved", ())
        if not approvals:
            return []
        requests = {
            self.timeline.all[place].recorded.version: self.timeline.all[place].recorded.event
            for place in self.timeline.places("extension-requested")
        }
        found = ((place, requests.get(self.timeline.all[place].recorded.event.request)) for place in approvals)
        return [(place, request) for place, request in found if request is not None]

    def _stated(self, run: Run, clock: StatedDate, limit: int | None) -> None:
        """The latest date that was stated before the one before it had passed."""
        run.due, run.extended = None, []
        for place in self.timeline.places("due-stated", "obligation-opened"):
            one = self.timeline.all[place]
            due = stated_due(one.recorded.event, clock, run.hours.zone)
            if due is None or (limit is not None and place > limit):
                continue
            if run.due is None:
                run.due = run.original = due
                continue
            late = not in_time(run.due, one.at, one.day, run.hours.zone)
            run.extended.append(
                Extended("stated", one.recorded.version, one.at, late, run.due, run.due if late else due)
            )
            run.due = run.due if late else due


def _overtakes(target: CompiledTarget, change: Stage) -> bool:
    """Whether a change of rule gives a target another due though its own had passed."""
    return change.why is Why.RULE and change.target is not None and target.target.on_change is OnChange.FINAL


def _started(one: Happening, place: int) -> Start:
    return Start(one.at, one.day, one.recorded.version, place, one.recorded.recorded_at)


def _opened(opening: Opening) -> Start:
    return Start(opening.at, None, None, opening.place, opening.origin.recorded_at, opening)
