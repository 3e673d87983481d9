"""What people type for a stretch of time: days whole, times on the clocks of the book, or what is wrong with them."""

from datetime import UTC, datetime

import pytest

from api.cli.exits import WrongUse
from api.cli.period import instant, period

BERLIN = "Europe/Berlin"


def test_a_day_counts_whole_and_a_time_without_an_offset_is_one_on_the_clocks_of_the_book() -> None:
    whole = period("2026-10-25", "2026-10-25", BERLIN)
    assert whole.since == datetime(2026, 10, 24, 22, tzinfo=UTC)
    assert whole.before == datetime(2026, 10, 25, 23, tzinfo=UTC)  # a day of twenty-five hours
    assert instant("2026-10-25T03:30", BERLIN, "--from") == datetime(2026, 10, 25, 2, 30, tzinfo=UTC)
    assert instant("2026-10-25T02:30+01:00", BERLIN, "--from") == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-10-25T02:30", "twice; say which is meant: 2026-10-25T02:30:00+02:00 or 2026-10-25T02:30:00+01:00"),
        ("2026-03-29T02:30", "never showed 2026-03-29 02:30:00"),
        ("0001-01-01T00:00", "no time of this ledger|not a date of this ledger"),
        ("yesterday", "'yesterday' is no time of this ledger"),
    ],
)
def test_an_hour_that_the_clocks_showed_twice_or_never_is_asked_back(text: str, said: str) -> None:
    with pytest.raises(WrongUse, match="^--from.*(" + said.replace("+", r"\+") + ")"):
        instant(text, BERLIN, "--from")
