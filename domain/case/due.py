"""Dates that were stated: by the system a case came from, or by the company in a promise of its own."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from domain.case.about import KNOWN, AboutCase
from domain.case.rules import out_of_time
from domain.decider import Decided
from domain.departure import stepped
from domain.envelope import Context, Recorded
from domain.event import Event, Instant, Label, Precision

if TYPE_CHECKING:
    from domain.case.state import Case


class DueOrigin(StrEnum):
    """Whose word a stated date is."""

    SOURCE = "source"
    """The system that the case came from carries it."""
    COMPANY = "company"
    """The company promised it, such as in a letter."""


class DueStated(Event):
    """Somebody said by when something is to be done. It is kept as it was said; no rule of ours worked it out."""

    TOPIC: ClassVar = "due-stated.1"

    target: Label
    """What is to be done by then, such as "resolution"."""
    due_at: Instant
    due_precision: Precision
    stated_by: DueOrigin


class StateDue(AboutCase):
    """Note by when something is said to be due, at any time. What the same origin said before no longer holds."""

    REFUSALS: ClassVar[tuple[str, ...]] = KNOWN

    target: Label
    due_at: Instant
    due_precision: Precision = Precision.INSTANT
    stated_by: DueOrigin


Dues: TypeAlias = tuple[DueStated, ...]
"""The latest of each origin for each target."""


def evolve(dues: Dues, recorded: Recorded[DueStated]) -> Dues:
    """The stated dates after one more."""
    told = recorded.event
    return (*(due for due in dues if (due.target, due.stated_by) != (told.target, told.stated_by)), told)


def decide(case: Case, command: StateDue, context: Context) -> Decided:
    """The date, or nothing when it is what was said last. Raises: Refused."""
    due = DueStated(
        target=command.target,
        due_at=command.due_at,
        due_precision=command.due_precision,
        stated_by=command.stated_by,
    )
    return [] if due in case.rare.dues else stepped(context, due, out_of_time(case, command, context))
