from datetime import UTC, datetime

import pytest

from api.cli.exits import WrongUse
from api.cli.period import instant

BERLIN = "Europe/Berlin"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("2026-03-02", datetime(2026, 3, 1, 23, tzinfo=UTC)),
        ("2026-03-02T09:00", datetime(2026, 3, 2, 8, tzinfo=UTC)),
        ("2026-03-02T09:00+08:00", datetime(2026, 3, 2, 1, tzinfo=UTC)),
        ("2026-10-25T02:30+01:00", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
    ],
)
def test_a_day_and_a_time_are_of_the_books_zone_unless_they_say_otherwise(typed: str, meant: datetime) -> None:
    assert instant(typed, BERLIN, "--from") == meant


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("2026-10-25T02:30", "twice; say which is meant: 2026-10-25T02:30:00+02:00 or 2026-10-25T02:30:00+01:00"),
        ("2026-03-29T02:30", "never showed 2026-03-29 02:30:00"),
        ("yesterday", "is no time of this ledger"),
        ("9999-12-31T23:00", "is no"),
    ],
)
def test_a_time_that_the_clocks_show_twice_or_never_is_asked_back(typed: str, said: str) -> None:
    with pytest.raises(WrongUse) as refused:
        instant(typed, BERLIN, "--from")
    assert f"--from {typed!r}" in str(refused.value)
    assert said in str(refused.value)
