"""A deadline is missed by the hours of the unit to which its case was passed on."""

from collections.abc import Iterator

import pytest

from api.alarms.following import Alarms
from domain.case.commands import TransferCase
from domain.unit.commands import OpenUnit, SetUnitHours
from domain.unit.events import UnitKind, id_of_unit
from ledger.database import Database
from ledger.ledger import Ledger
from tests import conftest
from tests.api.alarmed import CLOCK, MONDAY, REPLY, alarms, case_id, hours, policy, publish, receive, tell
from tests.ledger.submissions import OPENED, opened
from tests.projections.regulated import publish_calendar

NIGHTS = {day: ["18:00-22:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
SHIFT = id_of_unit("Shift")


@pytest.fixture
def ledger(database: conftest.Database) -> Iterator[Ledger]:
    """A book whose policy gives four working hours, on a clock that never stops, and goes along with a case."""
    with Database(database.writer_url) as connected:
        book = opened(connected, "main")
        four = REPLY | {"clock": {"type": "working_time", "amount": "PT4H"}, "on_transfer": "move", "warnings": [],
                        "escalations": []}  # fmt: skip
        publish(book, OPENED, policy(four))
        publish_calendar(book, CLOCK | {"name": "nights", "week": NIGHTS})
        tell(book, OpenUnit(at=OPENED, name="Shift", kind=UnitKind.TEAM), at=OPENED)
        yield book


@pytest.fixture
def noted(ledger: Ledger, database: conftest.Database) -> Iterator[Alarms]:
    with Database(database.projector_url) as views:
        yield Alarms(ledger, views, keeps_view=True)


def test_a_case_is_missed_by_the_hours_of_the_unit_that_it_was_passed_on_to(ledger: Ledger, noted: Alarms) -> None:
    tell(ledger, SetUnitHours(at=OPENED, unit_id=SHIFT, calendar="nights"), at=OPENED)
    receive(ledger, [1, 2], MONDAY)
    at = MONDAY + hours(1)
    tell(ledger, TransferCase(at=at, case_id=case_id(1), to_unit="Shift"), at=at)
    assert noted.sweep(until=MONDAY + hours(10)) == 1
    assert (alarms(ledger, 1), alarms(ledger, 2)) == ([], [("missed", None, MONDAY + hours(4))])
    # MONDAY is nine o'clock in Shanghai: an hour was used up, and three are left of the evening from six on.
    assert noted.sweep(until=MONDAY + hours(13)) == 1
    assert alarms(ledger, 1) == [("missed", None, MONDAY + hours(12))]


def test_other_hours_bring_an_alarm_forward_that_had_been_looked_for_later(ledger: Ledger, noted: Alarms) -> None:
    tell(ledger, SetUnitHours(at=OPENED, unit_id=SHIFT, calendar="nights"), at=OPENED)
    receive(ledger, [1], MONDAY)
    at = MONDAY + hours(1)
    tell(ledger, TransferCase(at=at, case_id=case_id(1), to_unit="Shift"), at=at)
    assert noted.sweep(until=MONDAY + hours(5)) == 0
    back = SetUnitHours(at=MONDAY + hours(5), unit_id=SHIFT, calendar=None)
    tell(ledger, back, at=MONDAY + hours(5))
    assert noted.sweep(until=MONDAY + hours(9)) == 1
    assert alarms(ledger, 1) == [("missed", None, MONDAY + hours(8))]
