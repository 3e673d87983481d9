"""What a live command is refused for, and imported history marked with; the marks of all streams but those of cases."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from domain.decider import Decided
from domain.envelope import Context, Occurred
from domain.event import Event, Refused
from domain.refusal import Refusal


class Departure(StrEnum):
    """A step that the declared life of a customer, a unit, a member of staff or an obligation does not foresee."""

    AFTER_MERGER = "after-merger"
    """It was told of a customer after they were merged into another."""
    NOT_THE_MANAGER = "not-the-manager"
    """Somebody was released from a customer whom they did not manage."""
    VISIT_NOT_PLANNED = "visit-not-planned"
    """A visit was made or cancelled of which no plan is known."""
    VISIT_SETTLED_BEFORE = "visit-settled-before"
    """A visit was made or cancelled that was made or cancelled before."""

    UNKNOWN_UNIT = "unknown-unit"
    """It names a unit that was not opened."""
    NAME_TAKEN = "name-taken"
    """A unit took the name under which another one was opened."""
    WHILE_CLOSED = "while-closed"
    """It happened to a unit that was closed, or put one below it."""
    CLOSED_ABOVE_OPEN_UNITS = "closed-above-open-units"
    """A unit was closed while units below it were open."""
    CLOSED_UNDER_SUPERVISION = "closed-under-supervision"
    """A unit was closed while it was supervised."""
    SUPERVISED_TWICE = "supervised-twice"
    """A unit came under a supervision that was open already."""
    NOT_SUPERVISED = "not-supervised"
    """A supervision ended that was not open."""
    UNKNOWN_CALENDAR = "unknown-calendar"
    """A unit came to work by a calendar that nobody had published."""
    REOPENED_WHILE_OPEN = "reopened-while-open"
    """It was reopened while open."""

    AFTER_LEAVING = "after-leaving"
    """It was told of a member of staff who had left."""
    RETURNED_WITHOUT_LEAVING = "returned-without-leaving"
    """A member of staff returned who had not left."""
    CERTIFICATE_NOT_HELD = "certificate-not-held"
    """A certificate ended that was not held."""

    UNKNOWN_CASE = "unknown-case"
    """It belongs to a case that was not received."""
    AFTER_ITS_END = "after-its-end"
    """It was told of an obligation that was met or cancelled, and not reopened."""
    VERIFIED_UNMET = "verified-unmet"
    """An obligation was verified that was not met."""
    VERIFIED_AGAIN = "verified-again"
    """An obligation was verified twice, with different results."""
    ESCALATED_NO_HIGHER = "escalated-no-higher"
    """An obligation was brought before a level that it had reached."""
    TIME_RUNS_BACKWARDS = "time-runs-backwards"
    """It occurred before that which it presupposes."""


class Broken(NamedTuple):
    """A rule that a step breaks: the answer to a live command, and the mark on imported history."""

    refusal: Refusal
    departure: StrEnum
    """One of `Departure`, or of those of cases."""
    message: str
    field: str | None = None
    params: Mapping[str, str] = MappingProxyType({})

    @property
    def refused(self) -> Refused:
        """The answer no, to be raised."""
        return Refused(self.refusal, self.message, field=self.field, params=self.params)


def stepped(context: Context, event: Event, *rules: Broken | None) -> Decided:
    """The event, marked with the rules it breaks when it is history. Raises: Refused for the first, when it is not."""
    broken = [rule for rule in rules if rule is not None]
    if not broken:
        return [event]
    if not context.imported:
        raise broken[0].refused
    return [Occurred(event, departures=tuple(dict.fromkeys(rule.departure for rule in broken)))]
