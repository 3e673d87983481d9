"""Whose tier counts for a case, out of the customers' streams."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.case.events import CaseReceived
from domain.case.tiers import tiers_of
from domain.customer import Tier, TierAssigned
from domain.envelope import Recorded, When
from domain.sla.lanes import TierSince
from domain.stream import Category, stream_of
from tests.domain.sla.history import made
from tests.domain.story import MONDAY, recorded

ANNA = UUID(int=3)
RECEIVED = [recorded(made(CaseReceived, customer_id=ANNA, kind="complaint", channel="email"), 1, When(MONDAY))]


def assigned(*tiers: tuple[Tier, datetime]) -> list[Recorded[Any]]:
    told = (TierAssigned(tier=tier, rule_version=None) for tier, _ in tiers)
    return [
        recorded(event, version, When(at)) for version, (event, (_, at)) in enumerate(zip(told, tiers, strict=True), 1)
    ]


def tiers(*told: tuple[Tier, datetime]) -> list[TierSince]:
    return list(tiers_of(RECEIVED, {stream_of(Category.CUSTOMER, ANNA): assigned(*told)}))


def test_of_two_tiers_of_one_instant_the_one_that_was_recorded_later_holds() -> None:
    for first, second in ((Tier.KEY, Tier.STANDARD), (Tier.STANDARD, Tier.KEY)):
        assert tiers((first, MONDAY), (second, MONDAY))[-1] == TierSince(MONDAY, second.value)


def test_tiers_that_were_recorded_in_another_order_follow_one_another_by_time() -> None:
    later = MONDAY + timedelta(days=1)
    found = tiers((Tier.GOLD, later), (Tier.SILVER, MONDAY))
    assert found == [TierSince(MONDAY, "silver"), TierSince(later, "gold")]
