"""Working time and working days beside packages that answer the same questions, on the same questions."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any, NamedTuple

import businesstimedelta  # type: ignore[import-untyped]
import holidays
import pytest
import pytz  # type: ignore[import-untyped]  # in which that package wants its zones

from api.calendars import document_in
from domain.sla.calendars import Calendars, CalendarVersion
from domain.sla.working_time import WorkingTime
from tests.benchmarks.side_by_side import Work, compare
from tests.conftest import PROJECT
from tests.domain.sla.made import WORKDAYS, calendar

ZONE = "Asia/Shanghai"
YEARS = [2025, 2026]
LAST = datetime(2026, 6, 1, tzinfo=UTC)


class Question(NamedTuple):
    start: datetime
    amount: timedelta


QUESTIONS = [
    Question(LAST - timedelta(minutes=chance.randrange(365 * 1440)), timedelta(minutes=chance.randrange(1, 40 * 60)))
    for chance in [Random(7)]
    for _ in range(200)
]
DAYS = [(one.start.date(), number) for number, one in enumerate(QUESTIONS, 1)]


@pytest.fixture(scope="module")
def office() -> WorkingTime:
    """Nine to five in China, but for public holidays; without make-up days, which the other package does not know."""
    known = holidays.country_holidays("CN", years=YEARS)
    document = calendar(
        ("09:00-17:00",), WORKDAYS, ZONE, holidays={day.isoformat(): "Holiday" for day in sorted(known)}
    )
    version = CalendarVersion("office", 1, date(2025, 1, 1), LAST, document)
    return Calendars((version,)).as_lived("office")


@pytest.fixture(scope="module")
def bank() -> WorkingTime:
    """The days of a bank in China, with make-up days."""
    document = document_in(PROJECT / "examples" / "calendars" / "china-bank.toml")
    return Calendars((CalendarVersion("china-bank", 1, date(2025, 1, 1), LAST, document),)).as_lived("china-bank")


@pytest.fixture(scope="module")
def rules() -> Any:
    """The same hours, as businesstimedelta has them."""
    zone = pytz.timezone(ZONE)
    hours = businesstimedelta.WorkDayRule(time(9), time(17), [0, 1, 2, 3, 4], tz=zone)
    off = businesstimedelta.HolidayRule(holidays.country_holidays("CN", years=YEARS), tz=zone)
    return businesstimedelta.Rules([hours, off])


def answered(ask: Callable[..., Any], asked: list[Any], expected: list[Any]) -> Callable[[Any], int]:
    """Asks every question, and counts those that were answered as expected."""

    def run(_: Any) -> int:
        return sum(ask(*one) == answer for one, answer in zip(asked, expected, strict=True))

    return run


def side_by_side(title: str, rounds: int, asked: list[Any], ours: Any, theirs: Any, name: str) -> None:
    expected = [theirs(*one) for one in asked]
    assert [ours(*one) for one in asked] == expected
    compare(
        title,
        rounds,
        Work("daybook", answered(ours, asked, expected), lambda: len(asked) * (rounds + 1)),
        (Work(name, answered(theirs, asked, expected)), "none"),
    )


def test_when_so_many_working_hours_have_passed(rounds: int, office: WorkingTime, rules: Any) -> None:
    def theirs(start: datetime, amount: timedelta) -> datetime:
        due: datetime = start + businesstimedelta.BusinessTimeDelta(rules, timedelta=amount)
        return due

    side_by_side("The due of a target in working time", rounds, QUESTIONS, office.after, theirs, "businesstimedelta")


def test_how_much_working_time_has_passed(rounds: int, office: WorkingTime, rules: Any) -> None:
    def theirs(start: datetime, end: datetime) -> timedelta:
        passed: timedelta = rules.difference(start, end).timedelta
        return passed

    asked = [(one.start, one.start + 4 * one.amount) for one in QUESTIONS]
    side_by_side("Working time between two instants", rounds, asked, office.between, theirs, "businesstimedelta")


def test_so_many_working_days_later(rounds: int, bank: WorkingTime) -> None:
    known = holidays.country_holidays("CN", years=YEARS)
    asked = [(day, count % 60 + 1) for day, count in DAYS]
    title = "A date so many working days later, with make-up days"
    side_by_side(title, rounds, asked, bank.working_day_after, known.get_nth_working_day, "holidays")


def test_how_many_working_days_lie_between(rounds: int, bank: WorkingTime) -> None:
    known = holidays.country_holidays("CN", years=YEARS)
    asked = [(day, day + timedelta(days=number % 90)) for day, number in DAYS]

    def ours(first: date, last: date) -> int:
        return bank.working_days_between(first, last + timedelta(days=1))

    side_by_side("Working days between two dates", rounds, asked, ours, known.get_working_days_count, "holidays")
