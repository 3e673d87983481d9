"""What every command about a case has in common."""

from __future__ import annotations

from uuid import UUID

from typing_extensions import override

from domain.event import Command
from domain.stream import Category, stream_of


class AboutCase(Command):
    """Something asked for about one case."""

    case_id: UUID

    @property
    @override
    def stream(self) -> str:
        return stream_of(Category.CASE, self.case_id)
