"""Spells: what held of a row since when, kept inside the row, so that it can be asked for as of an instant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, TypeVar


class Spell(Protocol):
    """Something that began when it occurred (UTC), and held until another one began."""

    @property
    def since(self) -> datetime:
        """When it began."""


S = TypeVar("S", bound=Spell)


def held_at(spells: Sequence[S], at: datetime) -> S | None:
    """The one that held at an instant; None before the first.

    They stand in the order of their stream, which decides between two that had begun: a stream is folded in that order,
    and the instant only says which of its events had occurred.
    """
    return next((spell for spell in reversed(spells) if spell.since <= at), None)


def instant(text: str) -> datetime:
    """An instant as it stands inside a row's JSON."""
    return datetime.fromisoformat(text)


def maybe_instant(text: str | None) -> datetime | None:
    """The same where there may be none."""
    return None if text is None else instant(text)
