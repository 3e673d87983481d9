"""Rules of counting, declared on a copied policy by the fields that the library names, and counted by the engine."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from api.policies import library_policy, rules_of_counting
from domain.sla.check import document_of
from domain.sla.clock import Clock
from domain.sla.policy import PolicyDocument
from tests.api.lived import Life, received

FIELDS = {rule.id: rule.fields for rule in rules_of_counting()}


def copied(policy: str, target: str, **clock: Any) -> PolicyDocument:
    """A policy of the library in which one target is counted otherwise."""
    raw = library_policy(policy).document().model_dump(mode="json")
    (found,) = (each for each in raw["targets"] if each["id"] == target)
    found["clock"] = clock
    return document_of(raw)


def clock_of(policy: PolicyDocument, target: str, receipt: str) -> Clock:
    life = Life(policy).told(*received(receipt))
    return life.clocks(life.instant(receipt))[(target, None)]


def due(policy: PolicyDocument, target: str, receipt: str) -> date | None:
    clock = clock_of(policy, target, receipt)
    assert clock.due is not None
    return clock.due.on


@pytest.mark.parametrize(
    ("clock", "receipt", "on"),
    [
        # 18 October 2025 is a Saturday.
        ({"type": "calendar_days", "amount": 15}, "2025-10-03 10:00", date(2025, 10, 20)),
        # 26 October 2025 is a Sunday, the 27th the Irish October holiday.
        ({"type": "calendar_days", "amount": 15}, "2025-10-11 10:00", date(2025, 10, 28)),
        # 17 March 2025 is Saint Patrick's day, a Monday.
        ({"type": "weeks", "amount": 2}, "2025-03-03 10:00", date(2025, 3, 18)),
        # The corresponding date lies on Sunday 31 August 2025.
        ({"type": "months", "amount": 1}, "2025-07-31 10:00", date(2025, 9, 1)),
        # No 31 June: the month's last day, a Monday.
        ({"type": "months", "amount": 1}, "2025-05-31 10:00", date(2025, 6, 30)),
        # 28 October 2025 is a working day.
        ({"type": "calendar_days", "amount": 15}, "2025-10-13 10:00", date(2025, 10, 28)),
    ],
)
def test_a_period_of_a_european_act_that_ends_on_a_day_off_ends_with_the_next_working_day(
    clock: dict[str, Any], receipt: str, on: date
) -> None:
    """Regulation 1182/71, article 3(4); a national limit set on the joint guidelines, as their note asks."""
    assert due(copied("eu-complaints", "response", **clock, **FIELDS["eu-1182"]), "response", receipt) == on


def test_a_period_of_a_european_act_that_is_counted_in_hours_is_not_moved() -> None:
    """Regulation 1182/71, article 3(4), its exception: 48 hours from Friday noon end on Sunday noon."""
    clock = clock_of(
        copied("eu-complaints", "response", type="elapsed", amount="PT48H"), "response", "2025-10-10 12:00"
    )
    life = Life(library_policy("eu-complaints").document())
    assert clock.due is not None
    assert clock.due.at == life.instant("2025-10-12 12:00")


@pytest.mark.parametrize(
    ("clock", "receipt", "on"),
    [
        # 201: the day itself is not counted; the fifteenth day lies in the holiday of October, which ends with the 8th.
        ({"type": "calendar_days", "amount": 15}, "2025-09-20 10:00", date(2025, 10, 9)),
        # 203: a Sunday that is worked is no day off, nor is a Saturday.
        ({"type": "calendar_days", "amount": 8}, "2025-09-20 10:00", date(2025, 9, 28)),
        ({"type": "calendar_days", "amount": 15}, "2025-09-26 10:00", date(2025, 10, 11)),
        # 202: the corresponding date, and 203 since 12 April 2025 is a Saturday.
        (
            {"type": "months", "amount": 1},
            "2025-03-12 10:00",
            date(2025, 4, 14),
        ),
        # 202: the month's last day where there is no such date; Saturday 28 February 2026 is worked.
        ({"type": "months", "amount": 1}, "2025-01-31 10:00", date(2025, 2, 28)),
        ({"type": "months", "amount": 6}, "2025-08-31 10:00", date(2026, 2, 28)),
        ({"type": "years", "amount": 1}, "2025-03-03 10:00", date(2026, 3, 3)),
    ],
)
def test_a_period_of_the_civil_code_of_china_ends_as_its_articles_201_to_203_say(
    clock: dict[str, Any], receipt: str, on: date
) -> None:
    policy = copied("cn-bank", "decision", **clock, **FIELDS["cn-civil-201-203"])
    assert due(policy, "decision", receipt) == on


def test_where_there_are_business_hours_the_last_day_ends_with_them() -> None:
    """民法典, article 203, second paragraph: 9 October 2025 at 17:00 by the calendar, instead of 24:00."""
    declared = FIELDS["cn-civil-201-203"] | {"ends": "close_of_business"}
    policy = copied("cn-bank", "decision", type="calendar_days", amount=15, **declared)
    clock = clock_of(policy, "decision", "2025-09-20 10:00")
    assert clock.due is not None
    assert clock.due.at == Life(policy).instant("2025-10-09 17:00")
