"""What every command about an obligation has, and the refusals that many of them share."""

from __future__ import annotations

from uuid import UUID

from typing_extensions import override

from domain.event import Command
from domain.refusal import Refusal
from domain.stream import Category, stream_of

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
