"""Dates that were stated for a case: by the system it came from, or by the company."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from domain.case.about import AboutCase
from domain.event import Event, Instant, Label, Precision
from domain.refusal import Refusal


class DueOrigin(StrEnum):
    """Who stated the date."""

    SOURCE = "source"
    """The system that the case was imported from carried it."""
    COMPANY = "company"
    """The company promised it."""


class DueStated(Event):
    """A date was stated by which something is to be done for the case; the latest of a target stands."""

    TOPIC: ClassVar = "due-stated.1"

    target: Label
    """What is due by then, such as resolution."""
    due_at: Instant
    due_precision: Precision
    stated_by: DueOrigin


class StateDue(AboutCase):
    """Note the date by which something is to be done, at any time."""

    REFUSALS: ClassVar[tuple[str, ...]] = (Refusal.UNKNOWN_CASE, Refusal.BEFORE_RECEIPT)

    target: Label
    due_at: Instant
    due_precision: Precision = Precision.INSTANT
    stated_by: DueOrigin


def statement(command: StateDue) -> DueStated:
    """What is stated."""
    return DueStated(
        target=command.target,
        due_at=command.due_at,
        due_precision=command.due_precision,
        stated_by=command.stated_by,
    )
