"""Conformance: what happened to a case against the process that was declared for it, step by step.

The steps are taken in the order in which they occurred, as clocks take them; those of one instant, and those of a day
of which no more is known, in the order in which they were recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from domain.envelope import ActorKind, Recorded
from domain.event import Event
from domain.sla.expression import Happens, leaves, read
from domain.sla.happenings import Timeline, name_of
from replay import cases
from replay.as_of import AsOf
from replay.cases import Chosen, PastCase
from replay.process import Per, Process, Rule, RuleKind, Step
from replay.reader import Reader

PEOPLE = ("approved_by", "decided_by", "resolved_by", "by", "registered_by", "requested_by")
"""The fields of events that say who did it, the first of them that there is; without any it is who acted."""


class Standing(StrEnum):
    """What became of what the process asks."""

    DEPARTED = "departed"
    """It was not done so."""
    OPEN = "open"
    """It is owed, and may yet be done in time."""


class Found(StrEnum):
    """What was found where something else was expected."""

    NEVER = "never"
    """The other step was never done."""
    LATER = "later"
    """The other step was done, but later."""
    EARLIER = "earlier"
    """The other step had been done."""
    TOO_OFTEN = "too-often"
    """It was done once more than it may be."""
    SOMEBODY_ELSE = "somebody-else"
    """It was done by somebody who does not do it, or in another role."""
    SAME_PERSON = "same-person"
    """It was done by the person of the other step."""
    TOO_LATE = "too-late"
    """It was done after its time."""
    NOT_YET = "not-yet"
    """It was not done, and there is time left, or no time is set."""
    OVERDUE = "overdue"
    """It was not done, and its time is over."""


class Finding(NamedTuple):
    """A rule from which a case departed, or something that it is still owed, with the event where it shows."""

    rule: Rule
    standing: Standing
    found: Found
    step: str
    """The step that the event did. It is that of the rule, but for what is owed and was not done: then it is the step
    that came too early, or the one since which it is owed."""
    version: int
    position: int
    topic: str
    occurred_at: datetime
    other_version: int | None = None
    """Of the event of the other step that was found."""
    times: int | None = None
    """Which time it was."""
    who: str | None = None
    """Who did it, or in which role; None when no role was claimed."""
    due_at: datetime | None = None
    """When the time is over, of what is owed within a time."""
    marked: bool = False
    """Whether the event bears a mark of the rule: its import noticed the same."""


class Noticed(NamedTuple):
    """A mark of an imported event, and whether the process finds the same there."""

    departure: str
    version: int
    found: bool


class Judged(NamedTuple):
    """A case against the process."""

    case: PastCase
    findings: Sequence[Finding]
    """By version, and by the order of the rules."""
    noticed: Sequence[Noticed]
    """What its import noticed, whether the process asks for that or not."""


class Conformance:
    """A process made ready for many histories; with `only`, as far as those rules go."""

    def __init__(self, process: Process, only: Iterable[str] = ()) -> None:
        wanted = set(only)
        self.process = process
        self.rules = tuple(rule for rule in process.rules if not wanted or rule.id in wanted)
        self._narrowed = bool(wanted)
        self._order = {rule.id: place for place, rule in enumerate(self.rules)}
        self._ways = _ways(process.steps)

    def judged(self, case: PastCase, at: datetime) -> Judged | None:
        """What the case departed from as it stood at an instant; None when the process is not for its kind."""
        kind = case.case.kind
        if self.process.kinds and kind not in self.process.kinds:
            return None
        course = self._course(case.history, at)
        findings: list[Finding] = []
        for rule in self.rules:
            if not rule.kinds or kind in rule.kinds:
                findings += JUDGES[rule.kind](rule, course, at)
        findings.sort(key=lambda each: (each.version, self._order[each.rule.id]))
        return Judged(case, findings, tuple(self._noticed(case.history, findings)))

    def _course(self, history: Iterable[Recorded[Any]], at: datetime) -> Course:
        """The steps that were done, in the order in which they occurred."""
        done: dict[str, list[Done]] = {step.id: [] for step in self.process.steps}
        turns: list[datetime] = []
        for place, happening in enumerate(Timeline.of(history, at).all):
            recorded = happening.recorded
            steps = {way.step for way in self._ways.get(name_of(recorded.event), ()) if way.takes(recorded.event)}
            for step in steps:
                done[step].append(Done(step, place, len(turns) + 1, happening.at, recorded))
            # What begins another cycle is the last step of the one before.
            turns += [happening.at] if self.process.cycle in steps else []
        return Course(done, turns)

    def _noticed(self, history: Iterable[Recorded[Any]], findings: Sequence[Finding]) -> Iterator[Noticed]:
        asked = {str(mark) for rule in self.rules for mark in rule.departures}
        found = {(finding.version, str(mark)) for finding in findings for mark in finding.rule.departures}
        for recorded in history:
            for code in recorded.metadata.departures:
                if code in asked or not self._narrowed:
                    yield Noticed(code, recorded.version, (recorded.version, code) in found)


# The steps of a case --------------------------------------------------------------------------------------------------


class Way(NamedTuple):
    """One of the events by which a step is done."""

    step: str
    event: Happens
    naming: tuple[str, ...] = ()
    """Fields of which at least one has to be filled; none asks nothing."""

    def takes(self, event: Event) -> bool:
        """Whether an event of that name does the step."""
        if self.naming:
            return any(getattr(event, field, None) is not None for field in self.naming)
        return self.event.takes(event)


def _ways(steps: Iterable[Step]) -> Mapping[str, Sequence[Way]]:
    """By the names of events."""
    found: dict[str, list[Way]] = {}
    for step in steps:
        for leaf in leaves(read(step.when)):
            found.setdefault(leaf.name, []).append(Way(step.id, leaf))
        for name, fields in step.or_naming.items():
            found.setdefault(name, []).append(Way(step.id, Happens(name), fields))
    return found


class Done(NamedTuple):
    """A step that was done, in its place of the order, and the cycle in which it was."""

    step: str
    place: int
    cycle: int
    at: datetime
    recorded: Recorded[Any]

    @property
    def version(self) -> int:
        """Of the event."""
        return self.recorded.version


class Course(NamedTuple):
    """What was done of each step, in order."""

    done: Mapping[str, Sequence[Done]]
    turns: Sequence[datetime]
    """When each cycle ended; one more goes on."""

    def by_scope(self, rule: Rule, step: str | None) -> dict[int, list[Done]]:
        """What was done of a step, by cycles where the rule holds within one."""
        found: dict[int, list[Done]] = {}
        for one in self.done[step] if step is not None else ():
            found.setdefault(_scope(rule, one), []).append(one)
        return found


def _scope(rule: Rule, one: Done) -> int:
    return one.cycle if rule.per is Per.CYCLE else 0


# What each kind of rule asks ------------------------------------------------------------------------------------------


def _needed(rule: Rule, course: Course, at: datetime) -> Iterator[Finding]:
    del at
    others = course.by_scope(rule, rule.needs)
    for one in course.done[rule.step]:
        first = next(iter(others.get(_scope(rule, one), ())), None)
        if first is None or first.place == one.place:
            yield _departed(rule, one, Found.NEVER)
        elif first.place > one.place:
            yield _departed(rule, one, Found.LATER, other_version=first.version)


def _barred(rule: Rule, course: Course, at: datetime) -> Iterator[Finding]:
    del at
    others = course.by_scope(rule, rule.not_after)
    for one in course.done[rule.step]:
        first = next(iter(others.get(_scope(rule, one), ())), None)
        if first is not None and first.place < one.place:
            yield _departed(rule, one, Found.EARLIER, other_version=first.version)


def _repeated(rule: Rule, course: Course, at: datetime) -> Iterator[Finding]:
    del at
    most = rule.most or 0
    for done in course.by_scope(rule, rule.step).values():
        for count, one in enumerate(done[most:], most + 1):
            yield _departed(rule, one, Found.TOO_OFTEN, times=count, other_version=done[0].version if most else None)


def _by_whom(rule: Rule, course: Course, at: datetime) -> Iterator[Finding]:
    """A role is asked of persons only: of what else acts, its kind says all."""
    del at
    for one in course.done[rule.step]:
        actor = one.recorded.metadata.actor
        if rule.actors and actor.kind not in rule.actors:
            yield _departed(rule, one, Found.SOMEBODY_ELSE, who=actor.kind.value)
        elif rule.roles and actor.kind is ActorKind.PERSON and actor.role not in rule.roles:
            yield _departed(rule, one, Found.SOMEBODY_ELSE, who=actor.role)


def _by_another(rule: Rule, course: Course, at: datetime) -> Iterator[Finding]:
    """What decides a request is looked at beside that request, anything else beside the latest of the other step."""
    del at
    others = course.by_scope(rule, rule.other_than)
    for one in course.done[rule.step]:
        request = getattr(one.recorded.event, "request", None)
        before = [other for other in others.get(_scope(rule, one), ()) if other.place < one.place]
        named = [other for other in before if request is None or other.version == request]
        if named and _person(named[-1]) == _person(one):
            yield _departed(rule, one, Found.SAME_PERSON, other_version=named[-1].version, who=_person(one))


def _person(one: Done) -> str:
    event = one.recorded.event
    told = (getattr(event, field, None) for field in PEOPLE)
    return next((name for name in told if name is not None), one.recorded.metadata.actor.name)


def _owed(rule: Rule, course: Course, at: datetime) -> Iterator[Finding]:
    """In each cycle once, since the first time that the other step was done; whenever in the cycle it was met.

    What waives it, or ends the cycle, takes back nothing that had departed by then.
    """
    met, until, waived = (course.by_scope(rule, step) for step in (rule.step, rule.until, rule.waived_by))
    for scope, since in course.by_scope(rule, rule.owed_after).items():
        done, bound, waiver = (next(iter(each.get(scope, ())), None) for each in (met, until, waived))
        due = None if rule.within is None else since[0].at + rule.within
        ended = course.turns[scope - 1] if 0 < scope <= len(course.turns) else None
        if waiver is not None:
            bound = None if bound is None or bound.place > waiver.place else bound
            ended = waiver.at
        if bound is not None and (done is None or done.place > bound.place):
            found, other = (Found.NEVER, None) if done is None else (Found.LATER, done.version)
            yield _departed(rule, bound, found, other_version=other, due_at=due)
        elif due is not None and (ended or at) > due and (done is None or done.at > due):
            if done is None:
                yield _departed(rule, since[0], Found.OVERDUE, due_at=due)
            else:
                yield _departed(rule, done, Found.TOO_LATE, other_version=since[0].version, due_at=due)
        elif done is None and ended is None:
            yield _departed(rule, since[0], Found.NOT_YET, due_at=due)._replace(standing=Standing.OPEN)


JUDGES: Mapping[RuleKind, Callable[[Rule, Course, datetime], Iterator[Finding]]] = MappingProxyType({
    RuleKind.NEEDS: _needed,
    RuleKind.NOT_AFTER: _barred,
    RuleKind.MOST: _repeated,
    RuleKind.WHO: _by_whom,
    RuleKind.OTHER_THAN: _by_another,
    RuleKind.OWED: _owed,
})  # fmt: skip


def _departed(rule: Rule, one: Done, found: Found, **more: Any) -> Finding:
    recorded = one.recorded
    return Finding(
        rule=rule,
        standing=Standing.DEPARTED,
        found=found,
        step=one.step,
        version=recorded.version,
        position=recorded.position,
        topic=recorded.event.TOPIC,
        occurred_at=recorded.occurred_at,
        marked=not set(map(str, rule.departures)).isdisjoint(recorded.metadata.departures),
        **more,
    )


# Counted --------------------------------------------------------------------------------------------------------------


class Count:
    """What was found by one rule."""

    __slots__ = ("cases", "departed", "marked", "open")

    def __init__(self) -> None:
        self.departed = 0
        """Events."""
        self.cases = 0
        """Cases with such events."""
        self.marked = 0
        """Events that bear a mark of the rule."""
        self.open = 0
        """Cases to which it is still owed."""


class Totals:
    """What was found of all cases that were looked at."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.cases = 0
        self.departed = 0
        """Cases that departed in anything."""
        self.open = 0
        """Cases that are still owed something."""
        self.with_findings = 0
        """Cases of which either is so."""
        self.rules = {rule.id: Count() for rule in rules}
        self.noticed: dict[str, tuple[int, int]] = {}
        """By mark: how many events bear it, and of how many of those the process says the same."""

    def add(self, judged: Judged) -> None:
        """Counts one more case."""
        self.cases += 1
        self.departed += any(each.standing is Standing.DEPARTED for each in judged.findings)
        self.open += any(each.standing is Standing.OPEN for each in judged.findings)
        self.with_findings += bool(judged.findings)
        seen: set[str] = set()
        for finding in judged.findings:
            count, name = self.rules[finding.rule.id], finding.rule.id
            if finding.standing is Standing.OPEN:
                count.open += 1
                continue
            count.departed += 1
            count.marked += finding.marked
            count.cases += name not in seen
            seen.add(name)
        for mark in judged.noticed:
            events, found = self.noticed.get(mark.departure, (0, 0))
            self.noticed[mark.departure] = (events + 1, found + mark.found)

    def data(self) -> dict[str, Any]:
        """The counts for programs."""
        return {
            "totals": {"cases": self.cases, "departed": self.departed, "open": self.open},
            "rules": [
                {"rule": name, "departed": count.departed, "cases": count.cases, "marked": count.marked,
                 "open": count.open}
                for name, count in self.rules.items()
            ],
            "noticed": [
                {"departure": code, "events": events, "found": found}
                for code, (events, found) in sorted(self.noticed.items())
            ],
        }  # fmt: skip


class Part(NamedTuple):
    """What was found in some cases."""

    position: int
    """The place in the book up to which cases have been looked at."""
    judged: Sequence[Judged]


def parts(book: Reader, as_of: AsOf, chosen: Chosen, conformance: Conformance) -> Iterator[Part]:
    """Every case that is chosen and that the process is for, some at a time, in the order of their receipts.

    Raises: LedgerAway, UnknownTopic, UnreadableEvent.
    """
    for part in cases.parts(book, as_of, chosen):
        found = (conformance.judged(case, as_of.valid_at) for case in part.cases)
        yield Part(part.position, [judged for judged in found if judged is not None])
