"""What can be wrong within one target of a policy, though it has the right shape."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

from domain.sla.naming import naming_problems
from domain.sla.policy import (
    COUNTING_DAYS,
    Elapsed,
    ExtensionMode,
    ExtensionStep,
    LateRecord,
    NoNumber,
    OnChange,
    OnExpiry,
    ReportingPeriod,
    StatedDate,
    SubjectKind,
    Target,
    WorkingTime,
    duration,
)
from domain.sla.shape import Path, Problem, Severity

EXPRESSIONS = ("start", "measured_from", "stop", "cancel")


def target_problems(target: Target, path: Path) -> Iterator[Problem]:
    """What is wrong within a target that stands at a path."""
    for name in EXPRESSIONS:
        text = getattr(target, name)
        if text is not None:
            yield from naming_problems(text, (*path, name), target.subject)
    yield from _ends(target, path)
    yield from _pauses(target, (*path, "pauses"))
    yield from _extensions(target, path)
    yield from _warnings(target, path)
    yield from _escalations(target, path)
    yield from _expiry(target, path)
    if (target.late_record is LateRecord.ACCEPT_WITHIN) != (target.late_record_within is not None):
        if target.late_record_within is None:
            why = "late_record is accept_within; say within what time in late_record_within."
            yield Problem((*path, "late_record"), why)
        else:
            yield Problem((*path, "late_record_within"), "It says nothing unless late_record is accept_within.")


def _ends(target: Target, path: Path) -> Iterator[Problem]:
    if target.stop == target.start:
        yield Problem((*path, "stop"), f"It stops with what starts it, {target.start}.")
    if target.measured_from == target.start:
        why = "It is the start itself, from which the time is measured anyhow."
        yield Problem((*path, "measured_from"), why, Severity.WARNING)
    if target.cancel == target.start:
        yield Problem((*path, "cancel"), f"It is cancelled by what starts it, {target.start}.")


def _pauses(target: Target, path: Path) -> Iterator[Problem]:
    pauses = target.pauses
    if target.subject is SubjectKind.OBLIGATION and pauses.grounds:
        yield Problem((*path, "grounds"), "An obligation is never paused on a ground; name events with between.")
    if target.statutory and (pauses.grounds or pauses.between):
        named = ", ".join([*pauses.grounds, *(each.ground for each in pauses.between)])
        why = f"A statutory target pauses for {named}; few laws let one. See that {_clause(target)} does."
        yield Problem(path, why, Severity.WARNING)
    if isinstance(target.clock, NoNumber) and (pauses.grounds or pauses.between):
        yield Problem(path, "A duty without a number has no time that could stand still.")
    for place, ground in enumerate(pauses.grounds):
        if ground in pauses.grounds[:place]:
            yield Problem((*path, "grounds", place), f"{ground} is there twice.", Severity.WARNING)
    for place, interval in enumerate(pauses.between):
        at = (*path, "between", place)
        yield from naming_problems(interval.begins, (*at, "begins"), target.subject)
        yield from naming_problems(interval.ends, (*at, "ends"), target.subject)
        if interval.begins == interval.ends:
            yield Problem((*at, "ends"), f"The pause ends with what begins it, {interval.begins}.")


def _clause(target: Target) -> str:
    return "its clause" if target.statute is None else target.statute.clause


def measure_of(target: Target) -> type | None:
    """In what lengths are given that are added to a target's clock: whole numbers, durations, or nothing at all."""
    match target.clock:
        case WorkingTime() | Elapsed():
            return timedelta
        case clock if isinstance(clock, COUNTING_DAYS):
            return int
        case _:
            return None


def _extensions(target: Target, path: Path) -> Iterator[Problem]:
    if target.subject is SubjectKind.OBLIGATION and target.extensions:
        yield Problem((*path, "extensions"), "An obligation is given no more time by steps; leave them out.")
    measure = measure_of(target)
    amount: Any = getattr(target.clock, "amount", None)
    seen: set[str] = set()
    for place, step in enumerate(target.extensions):
        at = (*path, "extensions", place)
        if step.id in seen:
            yield Problem((*at, "id"), f"There is another extension {step.id!r} of this target.")
        seen.add(step.id)
        if measure is None:
            yield Problem(at, f"A clock of type {target.clock.type} has no length that could be extended.")
        elif not isinstance(step.length, measure):
            yield Problem((*at, "length"), _wrong_measure(target))
        else:
            yield from _of_step(target, step, amount, at)
    if target.cap is None:
        return
    if measure is None or not target.extensions:
        yield Problem((*path, "cap"), "There is no extension that it could limit.", Severity.WARNING)
    elif not isinstance(target.cap, measure):
        yield Problem((*path, "cap"), _wrong_measure(target))
    elif target.cap < amount:
        yield Problem((*path, "cap"), f"It is below the target's own amount, {shown(amount)}.")


def _of_step(target: Target, step: ExtensionStep, amount: Any, at: Path) -> Iterator[Problem]:
    if step.mode is not ExtensionMode.TOTAL_FROM_START:
        return
    length: Any = step.length
    if length <= amount:
        yield Problem(
            (*at, "length"), f"In all it comes to {shown(length)}, which is no more than the target's {shown(amount)}."
        )
    elif isinstance(target.cap, type(length)) and length > target.cap:
        yield Problem((*at, "length"), f"In all it comes to {shown(length)}, beyond the cap of {shown(target.cap)}.")


def _wrong_measure(target: Target) -> str:
    if measure_of(target) is int:
        return (
            f"A clock of type {target.clock.type} takes a whole number here, of its own days, weeks, months or years."
        )
    return f"A clock of type {target.clock.type} takes a duration here, such as PT4H."


def shown(length: int | timedelta) -> str:
    """A length as documents write it."""
    return str(length) if isinstance(length, int) else duration(length)


def _warnings(target: Target, path: Path) -> Iterator[Problem]:
    for place, reminder in enumerate(target.warnings):
        at = (*path, "warnings", place)
        given = [name for name in ("at_percent", "before", "before_business_days") if getattr(reminder, name)]
        yield from _exactly_one(at, given, "at_percent, before or before_business_days")
        if isinstance(target.clock, NoNumber):
            yield Problem(at, "A duty without a number never runs out, so there is nothing to warn of.")
        elif reminder.at_percent and isinstance(target.clock, StatedDate | ReportingPeriod):
            why = f"A clock of type {target.clock.type} has no time of its own to take a share of; use before."
            yield Problem((*at, "at_percent"), why)
        elif reminder in target.warnings[:place]:
            yield Problem(at, "The same warning is there already.", Severity.WARNING)


def _exactly_one(at: Path, given: list[str], names: str) -> Iterator[Problem]:
    if not given:
        yield Problem(at, f"It does not say when: give one of {names}.")
    elif len(given) > 1:
        yield Problem(at, f"It has {' and '.join(given)}; give one of them.")


def _escalations(target: Target, path: Path) -> Iterator[Problem]:
    rungs = []
    for place, rung in enumerate(target.escalations):
        at = (*path, "escalations", place)
        given = [name for name in ("at_percent", "after_due") if getattr(rung, name)]
        yield from _exactly_one(at, given, "at_percent or after_due")
        if isinstance(target.clock, NoNumber):
            yield Problem(at, "A duty without a number never runs out, so nothing escalates.")
        elif rung.at_percent and isinstance(target.clock, StatedDate | ReportingPeriod):
            why = f"A clock of type {target.clock.type} has no time of its own to take a share of; use after_due."
            yield Problem((*at, "at_percent"), why)
        if rung.to_unit is None and rung.to_staff is None:
            yield Problem(at, "It names neither to_unit nor to_staff, so nobody is told.", Severity.WARNING)
        if len(given) == 1:
            rungs.append(((rung.at_percent or 100, rung.after_due or timedelta()), place, rung.level))
    for (sooner, _, below), (later, place, level) in pairwise(sorted(rungs)):
        if level <= below:
            when = "at the same time as" if sooner == later else "after"
            why = f"Level {level} comes {when} level {below}; a ladder goes up with time."
            yield Problem((*path, "escalations", place, "level"), why)


def _expiry(target: Target, path: Path) -> Iterator[Problem]:
    if target.on_expiry is OnExpiry.OPENS and target.opens is None:
        yield Problem((*path, "opens"), "on_expiry is opens; name the target that begins then.")
    if target.on_expiry is not OnExpiry.OPENS and target.opens is not None:
        why = f"It says nothing while on_expiry is {target.on_expiry}; set that to opens, or leave it out."
        yield Problem((*path, "opens"), why)
    if target.on_expiry is not OnExpiry.MISS and isinstance(target.clock, NoNumber):
        yield Problem((*path, "on_expiry"), "A duty without a number never runs out.")
    if target.on_change is OnChange.FINAL and target.on_expiry is not OnExpiry.MISS:
        why = f"final is about what was missed, and with on_expiry {target.on_expiry} nothing is; set it to retarget."
        yield Problem((*path, "on_change"), why)
    elif target.on_change is OnChange.FINAL and target.statutory:
        why = f"By final, another rule may undo a miss of a statutory target. See that {_clause(target)} lets it."
        yield Problem((*path, "on_change"), why, Severity.WARNING)
