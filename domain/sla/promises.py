"""By when a case is promised what: the dues that can be told at its registration, before anything else happens."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import NamedTuple

from domain.sla.calendars import UnknownCalendar
from domain.sla.clock import Due
from domain.sla.compiled import CompiledTarget
from domain.sla.dues import due_of, needs_hours, origin_of
from domain.sla.happenings import Leaf, Waited
from domain.sla.measures import View, hours_of
from domain.sla.selection import Choice
from domain.sla.standards import Standards


class Begun(NamedTuple):
    """When an event occurred, and its local day when only that is known."""

    at: datetime
    day: date | None = None


class Promised(NamedTuple):
    """A target of a case's terms."""

    target: str
    calendar: str
    calendar_version: int
    """The one in force at the start, as known then; 0 when there is no calendar of that name."""
    due: Due | None
    """None of a target without a number, and of one that has not started."""


def promised(
    standards: Standards, choice: Choice, begun: Mapping[str, Begun], known_at: datetime
) -> tuple[Promised, ...]:
    """The dues of the targets of a rule, in its order, as known at an instant.

    `begun` holds the events that have occurred by name, such as `case-received`; a target starts with the first of
    those that its start asks for without conditions.
    """
    policy = standards.policies.compiled(choice.policy.name, choice.policy.version)
    targets = () if policy is None else policy.rules.get(choice.rule, ())
    named = (each for each in targets if each.target.id in choice.targets)
    return tuple(_promised(standards, each, begun, known_at) for each in named)


def _promised(standards: Standards, target: CompiledTarget, begun: Mapping[str, Begun], known_at: datetime) -> Promised:
    start = None if target.opened else _first(target.start, begun)
    since = start if target.measured_from is None else (start and (_first(target.measured_from, begun) or start))
    due = None
    if since is not None and needs_hours(target):
        hours = hours_of(standards, target, View(known_at))
        due = due_of(target, origin_of(target, since.at, since.day, hours), hours)
    day = (since.at if since else known_at).astimezone(target.zone).date()
    try:
        version = standards.calendars.in_force(target.calendar, day, known_at).version
    except UnknownCalendar:
        version = 0
    return Promised(target.target.id, target.calendar, version, due)


def _first(expression: Waited, begun: Mapping[str, Begun]) -> Begun | None:
    """When an expression came true, as far as names alone tell."""
    if isinstance(expression, Leaf):
        return None if expression.conditions or expression.references else begun.get(expression.name)
    each = [_first(part, begun) for part in expression.of]
    found = [one for one in each if one is not None]
    if not found or (not expression.any and None in each):
        return None
    return (min if expression.any else max)(found, key=lambda one: one.at)
