"""What an event changed, for people and for programs. Of a personal value both are told the state, never the text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.cli.case import readable
from domain.personal import Personal
from ledger.ledger import PersonalPlace
from projections.before_and_after import FieldChange

Texts = Mapping[PersonalPlace, Personal[Any]]
"""The personal values that changed, by where they lie."""


def places_of(change: FieldChange) -> list[PersonalPlace]:
    """Where the personal values lie that a change is about."""
    return [place for place in (change.personal_before, change.personal_after) if place]


def only_begun(change: FieldChange) -> bool:
    """Whether a count only began at none, which says nothing to people."""
    return change.before is None and change.personal_before is None and change.after in (0, False)


def in_words(change: FieldChange, texts: Texts) -> str:
    """A change for people."""
    before = _side(change.before, change.personal_before, texts)
    after = _side(change.after, change.personal_after, texts) or "-"
    return f"{change.path.replace('_', ' ')}: " + (f"{before} -> {after}" if before else after)


def _side(value: Any, place: PersonalPlace | None, texts: Texts) -> str:
    """One side of a change; of a personal value its state, never the text."""
    if place is not None:
        return f"({texts[place].state})" if place in texts else "(gone)"
    return "" if value is None else readable(tuple(value) if isinstance(value, list) else value, None)


def plain(value: Any, place: PersonalPlace | None, texts: Texts) -> Any:
    """One side of a change for programs."""
    if place is None:
        return value
    return {"state": texts[place].state if place in texts else None}
