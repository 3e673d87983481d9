"""What another policy or calendar makes of a case: its clocks side by side with those it has, and what differs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from domain.case.events import CaseReceived
from domain.envelope import RegisterNumber
from domain.sla.clock import Clock, Verdict
from domain.sla.clocks import Course, clocks, course
from domain.sla.compiled import CompiledTarget
from domain.sla.policy import Target
from domain.sla.run import Run
from domain.sla.standards import Standards
from domain.unit.hours import with_units
from replay.flip_reasons import Reason, Side, reasons_for
from replay.hypothesis import Supposed
from replay.hypothetical_terms import Promise, Subject, promised_under


class FlipKind(StrEnum):
    """What becomes of a clock."""

    KEPT_TO_MISSED = "kept-to-missed"
    MISSED_TO_KEPT = "missed-to-kept"
    VERDICT_CHANGES = "verdict-changes"
    """One of the two is not decided: the clock still runs, lapsed, or was cancelled."""
    DUE_MOVES = "due-moves"
    """The verdict stays."""
    APPEARS = "appears"
    VANISHES = "vanishes"


DECIDED_OTHERWISE: Mapping[tuple[Verdict | None, Verdict | None], FlipKind] = MappingProxyType({
    (Verdict.KEPT, Verdict.MISSED): FlipKind.KEPT_TO_MISSED,
    (Verdict.MISSED, Verdict.KEPT): FlipKind.MISSED_TO_KEPT,
})  # fmt: skip


class Flip(NamedTuple):
    """A clock that would be otherwise. Nothing of what it says of the hypothesis has happened."""

    stream: str
    number: RegisterNumber | None
    source_key: str | None
    kind: FlipKind
    actual: Clock | None
    """As known now; None for one that appears."""
    hypothetical: Clock | None
    """None for one that vanishes."""
    actual_target: Target | None
    hypothetical_target: Target | None
    reasons: tuple[Reason, ...]


@dataclass(slots=True)
class Count:
    """The clocks of one target."""

    clocks: int = 0
    kept: int = 0
    missed: int = 0

    @property
    def undecided(self) -> int:
        """Those that have no verdict: not due yet, cancelled, or without a number."""
        return self.clocks - self.kept - self.missed

    def add(self, clock: Clock) -> None:
        """Counts one more."""
        self.clocks += 1
        self.kept += clock.now is Verdict.KEPT
        self.missed += clock.now is Verdict.MISSED

    def add_all(self, other: Count) -> None:
        """Counts all of another count."""
        self.clocks += other.clocks
        self.kept += other.kept
        self.missed += other.missed


class TargetName(NamedTuple):
    """A target of a policy."""

    policy: str
    target: str


@dataclass(slots=True)
class TargetTotal:
    """What becomes of the clocks of one target."""

    title: Any
    statutory: bool
    actual: Count = field(default_factory=Count)
    hypothetical: Count = field(default_factory=Count)
    flips: Counter[FlipKind] = field(default_factory=Counter)


@dataclass(slots=True)
class Totals:
    """What becomes of all clocks, by target."""

    targets: dict[TargetName, TargetTotal] = field(default_factory=dict)
    cases: int = 0
    cases_with_flips: int = 0

    def of(self, clock: Clock) -> TargetTotal:
        """The total to which a clock belongs."""
        name = TargetName(clock.key.policy, clock.key.target)
        found = self.targets.get(name)
        if found is None:
            found = self.targets[name] = TargetTotal(clock.title, clock.statute is not None)
        return found

    def add(self, other: Totals) -> None:
        """Adds what became of more clocks."""
        self.cases += other.cases
        self.cases_with_flips += other.cases_with_flips
        for name, total in other.targets.items():
            mine = self.targets.setdefault(name, TargetTotal(total.title, total.statutory))
            mine.actual.add_all(total.actual)
            mine.hypothetical.add_all(total.hypothetical)
            mine.flips.update(total.flips)

    @property
    def flips(self) -> Counter[FlipKind]:
        """All of them, by kind."""
        return sum((total.flips for total in self.targets.values()), Counter[FlipKind]())

    def in_order(self) -> list[tuple[TargetName, TargetTotal]]:
        """By policy and target."""
        return sorted(self.targets.items(), key=lambda one: one[0])


class Compared(NamedTuple):
    """A case by both standards."""

    pairs: Sequence[tuple[Clock | None, Clock | None]]
    flips: Sequence[Flip]


def compared(subject: Subject, actual: Standards, under: Supposed, at: datetime) -> Compared:
    """The clocks of a case at an instant as they are and as they would be, paired, and those pairs that differ."""
    around: dict[str, Any] = {"tier_at": subject.tiers, "inherited": subject.inherited}
    actual = with_units(actual, subject.read, subject.units)
    under = under._replace(standards=with_units(under.standards, subject.read, subject.units))
    promise = promised_under(subject, actual, under)
    if promise is None:
        return Compared((), ())
    as_recorded = subject.as_recorded
    are = clocks(subject.read, actual, at, **around, as_recorded=as_recorded, segments=False)
    would_be = clocks(promise.history, under.standards, at, **around, segments=False)
    pairs = list(_paired(are, would_be))
    found = [(kind, one, other) for one, other in pairs if (kind := _flips(one, other)) is not None]
    if not found:
        return Compared(pairs, ())
    courses = (
        course(subject.read, actual, at, **around),
        course(promise.history, under.standards, at, **around),
    )
    told = [_flip(subject, kind, (one, other), courses, promise) for kind, one, other in found]
    return Compared(pairs, told)


def added(totals: Totals, compared_case: Compared) -> None:
    """Counts a case."""
    totals.cases += 1
    totals.cases_with_flips += bool(compared_case.flips)
    for one, other in compared_case.pairs:
        if one is not None:
            totals.of(one).actual.add(one)
        if other is not None:
            totals.of(other).hypothetical.add(other)
    for flip in compared_case.flips:
        clock = flip.hypothetical or flip.actual
        if clock is not None:
            totals.of(clock).flips[flip.kind] += 1


def _flips(one: Clock | None, other: Clock | None) -> FlipKind | None:
    if one is None:
        return FlipKind.APPEARS
    if other is None:
        return FlipKind.VANISHES
    if one.now is not other.now:
        return DECIDED_OTHERWISE.get((one.now, other.now), FlipKind.VERDICT_CHANGES)
    return FlipKind.DUE_MOVES if one.due != other.due else None


# Pairs ----------------------------------------------------------------------------------------------------------------


def _paired(are: Sequence[Clock], would_be: Sequence[Clock]) -> Iterator[tuple[Clock | None, Clock | None]]:
    """Each clock with the one that takes its place: the same, one of that name in another policy, or the only one of
    its kind."""
    left, right = {clock.key: clock for clock in are}, {clock.key: clock for clock in would_be}
    pairs: list[tuple[Clock, Clock]] = []
    for name in (_key, _name, _of_kind):
        ones, others = _by(name, left.values()), _by(name, right.values())
        for key, these in ones.items():
            those = others.get(key, [])
            if len(these) == len(those) == 1:
                pairs.append((these[0], those[0]))
                del left[these[0].key], right[those[0].key]
    yield from pairs
    yield from ((clock, None) for clock in left.values())
    yield from ((None, clock) for clock in right.values())


def _key(clock: Clock) -> Any:
    return clock.key


def _name(clock: Clock) -> Any:
    key = clock.key
    return key.part, key.target, key.cycle, key.instance


def _of_kind(clock: Clock) -> Any:
    key = clock.key
    return key.part, clock.kind, clock.statute is not None, key.cycle, key.instance


def _by(name: Any, several: Iterable[Clock]) -> Mapping[Any, list[Clock]]:
    found: dict[Any, list[Clock]] = {}
    for clock in several:
        found.setdefault(name(clock), []).append(clock)
    return found


# A flip ---------------------------------------------------------------------------------------------------------------


def _flip(
    subject: Subject,
    kind: FlipKind,
    pair: tuple[Clock | None, Clock | None],
    courses: tuple[Course, Course],
    promise: Promise,
) -> Flip:
    one, other = (_side(told, clock) for told, clock in zip(courses, pair, strict=True))
    receipt = next((each.event for each in subject.read if isinstance(each.event, CaseReceived)), None)
    return Flip(
        stream=subject.stream,
        number=next((each.register for each in subject.written if each.register is not None), None),
        source_key=None if receipt is None else receipt.source_key,
        kind=kind,
        actual=pair[0],
        hypothetical=pair[1],
        actual_target=None if one.target is None else one.target.target,
        hypothetical_target=None if other.target is None else other.target.target,
        reasons=reasons_for(one, other, promise),
    )


def _side(told: Course, clock: Clock | None) -> Side:
    run = None if clock is None else _run_of(told, clock)
    return Side(told, clock, run, _target_of(told, clock, run))


def _run_of(told: Course, clock: Clock) -> Run | None:
    return told.runs.get(clock.key)


def _target_of(told: Course, clock: Clock | None, run: Run | None) -> CompiledTarget | None:
    if run is not None or clock is None:
        return None if run is None else run.target
    return next((target for target, part in told.waiting if _waits(target, part, clock)), None)


def _waits(target: CompiledTarget, part: str | None, clock: Clock) -> bool:
    return (target.policy, target.target.id, part) == (clock.key.policy, clock.key.target, clock.key.part)
