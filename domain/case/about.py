"""What every command about a case has, and the refusals that many of them share."""

from __future__ import annotations

from uuid import UUID

from typing_extensions import override

from domain.event import Command
from domain.refusal import Refusal
from domain.stream import Category, stream_of

KNOWN = (Refusal.UNKNOWN_CASE, Refusal.BEFORE_RECEIPT)
"""Of what may be recorded of a case at any time."""
NOT_MERGED = (*KNOWN, Refusal.ALREADY_MERGED)
"""Of what may be recorded until another case takes this one's place."""
UNFINISHED = (*NOT_MERGED, Refusal.ALREADY_RESOLVED, Refusal.ALREADY_CLOSED, Refusal.ALREADY_WITHDRAWN)
"""Of what is done until the case ends, with or without its number."""
HANDLING = (*NOT_MERGED, Refusal.NOT_REGISTERED)
"""Of what is done once the case has its number."""
OPEN = (*UNFINISHED, Refusal.NOT_REGISTERED)
"""Of handling: from the number to the end."""


class AboutCase(Command):
    """Something asked for about one case."""

    case_id: UUID

    @property
    @override
    def stream(self) -> str:
        return stream_of(Category.CASE, self.case_id)
