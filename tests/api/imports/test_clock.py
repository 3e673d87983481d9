from datetime import UTC, datetime
from typing import Any

import pytest

from api.imports.clock import Clock
from api.imports.errors import BadRow
from api.imports.mapping import TimeForm
from domain.case.state import Moment
from domain.event import Precision

DAY, INSTANT = Precision.DAY, Precision.INSTANT


def clock(*formats: str, zone: str = "UTC", **more: Any) -> Clock:
    return Clock(TimeForm.model_validate({"formats": formats, "zone": zone, "zone_assumed": False, **more}))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-02T09:00:00Z", Moment(datetime(2026, 3, 2, 9, 0, tzinfo=UTC), INSTANT)),
        ("2026-03-02 09:00:07.25", Moment(datetime(2026, 3, 2, 8, 0, 7, 250_000, tzinfo=UTC), INSTANT)),
        ("2026-03-02t09:00+0530", Moment(datetime(2026, 3, 2, 3, 30, tzinfo=UTC), INSTANT)),
        ("2026-03-02T09:00,5", None),
        ("2026-03-02T09:00:01,5 -01", Moment(datetime(2026, 3, 2, 10, 0, 1, 500_000, tzinfo=UTC), INSTANT)),
        ("2026-03-02", Moment(datetime(2026, 3, 1, 23, 0, tzinfo=UTC), DAY)),
        ("2/3/2026 09:00", Moment(datetime(2026, 3, 2, 8, 0, tzinfo=UTC), INSTANT)),
        ("2/3/26", Moment(datetime(2026, 3, 1, 23, 0, tzinfo=UTC), DAY)),
        ("1772442000", Moment(datetime(2026, 3, 2, 9, 0, tzinfo=UTC), INSTANT)),
        ("1772442000.5", Moment(datetime(2026, 3, 2, 9, 0, 0, 500_000, tzinfo=UTC), INSTANT)),
        ("2026-02-30", None),
        ("20260302", None),
        ("yesterday", None),
    ],
)
def test_several_formats_in_one_column_are_tried_in_their_order(text: str, moment: Moment | None) -> None:
    mixed = clock("iso", "%d/%m/%Y %H:%M", "%d/%m/%y", "epoch-seconds", zone="Europe/Berlin")
    if text == "20260302":  # as seconds it is a day in 1970, which is a time, if hardly the one that was meant
        assert mixed.moment(text).at.year == 1970
        return
    if moment is None:
        with pytest.raises(BadRow, match="is not a time as 'iso' or '%d/%m/%Y %H:%M' or"):
            mixed.moment(text)
        return
    assert mixed.moment(text) == moment


def test_milliseconds_since_1970_are_read_as_such() -> None:
    assert clock("epoch-millis").instant("1772442000123") == datetime(2026, 3, 2, 9, 0, 0, 123_000, tzinfo=UTC)


def test_day_first_wins_over_month_first_when_it_is_declared_first() -> None:
    assert clock("%d/%m/%Y", "%m/%d/%Y").instant("2/3/2026") == datetime(2026, 3, 2, tzinfo=UTC)
    assert clock("%d/%m/%Y", "%m/%d/%Y").instant("3/31/2026") == datetime(2026, 3, 31, tzinfo=UTC)


def test_an_hour_that_clocks_leave_out_is_read_by_the_clock_as_it_was_when_that_is_declared() -> None:
    forward = clock("iso", zone="Europe/Berlin", skipped="forward")
    assert forward.instant("2026-03-29 02:30") == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    with pytest.raises(BadRow, match="does not exist") as attempt:
        clock("iso", zone="Europe/Berlin").moment("2026-03-29 02:30")
    assert attempt.value.code == "time-does-not-exist"


def test_an_offset_in_the_value_wins_over_the_zone_also_in_an_hour_that_occurs_twice() -> None:
    berlin = clock("iso", zone="Europe/Berlin", ambiguous="reject")
    assert berlin.instant("2026-10-25T02:30:00+01:00") == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    with pytest.raises(BadRow, match="occurs twice"):
        berlin.instant("2026-10-25T02:30:00")


def test_a_day_whose_midnight_clocks_leave_out_is_a_day_all_the_same() -> None:
    assert clock("iso", zone="Africa/Cairo").moment("2026-04-24") == Moment(
        datetime(2026, 4, 23, 22, 0, tzinfo=UTC), DAY
    )


def test_a_number_that_is_no_time_of_this_age_is_told() -> None:
    with pytest.raises(BadRow) as attempt:
        clock("epoch-seconds").moment("999999999999999")
    assert attempt.value.code == "impossible-time"
