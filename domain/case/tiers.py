"""Which tiers the customers of a case had, from when on: what a rule may ask for, and no event of the case tells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.case.events import CaseCustomerChanged, CaseReceived
from domain.customer import TierAssigned
from domain.envelope import Recorded
from domain.sla.lanes import TierSince
from domain.stream import Category, stream_of

History = Sequence[Recorded[Any]]
NAMES_CUSTOMER = (CaseReceived, CaseCustomerChanged)
"""The events that say whose case it is."""


def customers_of(history: History) -> list[tuple[datetime, str]]:
    """The streams of a case's customers, each with when the case came to be theirs, by time."""
    told: list[tuple[datetime, UUID]] = [
        (recorded.occurred_at, recorded.event.customer_id)
        for recorded in history
        if isinstance(recorded.event, NAMES_CUSTOMER) and recorded.event.customer_id is not None
    ]
    return [(at, stream_of(Category.CUSTOMER, each)) for at, each in sorted(told, key=lambda one: one[0])]


def tiers_of(history: History, customers: Mapping[str, History]) -> Iterator[TierSince]:
    """The tiers of the customers that a case had, out of their streams as read; each from when the case was theirs."""
    whose = customers_of(history)
    for number, (since, stream) in enumerate(whose):
        until = whose[number + 1][0] if number + 1 < len(whose) else None
        told = customers.get(stream, ())
        assigned = ((each.occurred_at, each.event.tier.value) for each in told if isinstance(each.event, TierAssigned))
        tiers = sorted(assigned, key=lambda one: one[0])  # stable: of two at one instant the later in the stream holds
        if number:  # the case came to another customer, with the tier that they had then
            yield TierSince(since, next((tier for at, tier in reversed(tiers) if at <= since), None))
        for at, tier in tiers:
            if (not number or at > since) and (until is None or at < until):
                yield TierSince(at, tier)


def tier_known(history: History, customers: Mapping[str, History], before: int) -> str | None:
    """The tier that a case's latest customer was known to have before a position of the book."""
    recorded = [each.event.customer_id for each in history
                if isinstance(each.event, NAMES_CUSTOMER)]  # fmt: skip
    whose = next((each for each in reversed(recorded) if each is not None), None)
    told = () if whose is None else customers.get(stream_of(Category.CUSTOMER, whose), ())
    tiers = [each.event.tier.value for each in told if isinstance(each.event, TierAssigned) and each.position < before]
    return tiers[-1] if tiers else None
