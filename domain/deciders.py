"""Which decider speaks for which streams."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from domain.book import BOOK
from domain.calendar import CALENDAR
from domain.case.life import CASE
from domain.customer import CUSTOMER
from domain.decider import Decider
from domain.event import Refused
from domain.imports import IMPORT
from domain.obligation import OBLIGATION
from domain.policy import POLICY
from domain.refusal import Refusal
from domain.revealing import REVEALING
from domain.staff import STAFF
from domain.stream import Category, category_of
from domain.touchpoint import TOUCHPOINT
from domain.unit.life import UNIT

DECIDERS: Mapping[Category, Decider[Any]] = MappingProxyType(
    {
        decider.category: decider
        for decider in (BOOK, CUSTOMER, TOUCHPOINT, CASE, IMPORT, UNIT, STAFF, OBLIGATION, CALENDAR, POLICY, REVEALING)
    }
)
_BY_NAME: Mapping[str, Decider[Any]] = {str(category): decider for category, decider in DECIDERS.items()}


def decider_of(stream: str) -> Decider[Any]:
    """The decider that speaks for a stream. Raises: Refused when none does."""
    decider = _BY_NAME.get(category_of(stream))
    if decider is None:
        raise Refused(
            Refusal.UNKNOWN_STREAM,
            f"Nothing is known of streams such as {stream}; they begin with {', '.join(Category)}.",
            params={"stream": stream},
        )
    return decider
