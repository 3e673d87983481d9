"""What an obligation is about, what every command about one has, and the refusals that many of them share."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from typing_extensions import override

from domain.event import Command
from domain.refusal import Refusal
from domain.stream import Category, stream_of


class ObligationKind(StrEnum):
    """What somebody owes."""

    TASK = "task"
    """Work of a back office for the front desk (一口对外)."""
    CORRECTIVE_ACTION = "corrective-action"
    """So that the same cause brings no case again."""
    DIRECTIVE = "directive"
    DAILY_REPORT = "daily-report"
    MILESTONE = "milestone"
    """A step of a project."""
    FINDING = "finding"
    """Of an audit; met when it is remedied."""


KNOWN = (Refusal.UNKNOWN_OBLIGATION, Refusal.BEFORE_OPENING)
"""Of what may be recorded of an obligation at any time."""
UNENDED = (*KNOWN, Refusal.OBLIGATION_MET, Refusal.OBLIGATION_CANCELLED)
"""Of what is done until it is met or cancelled."""


class AboutObligation(Command):
    """Something asked for about one obligation."""

    obligation_id: UUID

    @property
    @override
    def stream(self) -> str:
        return stream_of(Category.OBLIGATION, self.obligation_id)
