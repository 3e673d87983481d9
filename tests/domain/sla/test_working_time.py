from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.sla.days import WEEKDAYS
from domain.sla.working_time import Boundary, NeverReached, WorkingTime, instant_at
from domain.sla.zones import zone
from tests.domain.sla.made import OFFICE, ROUND_THE_CLOCK, WORKDAYS, calendar, local, utc, working_time

PLACES = ["UTC", "Asia/Shanghai", "Europe/Berlin", "America/Sao_Paulo", "Asia/Tehran", "Australia/Lord_Howe",
          "Pacific/Apia", "America/New_York", "Africa/Casablanca", "America/St_Johns"]  # fmt: skip
TIMES = {
    (place, hours, days): working_time(calendar(hours, days, place))
    for place in PLACES
    for hours, days in (
        (OFFICE, WORKDAYS),
        (("00:00-24:00",), WEEKDAYS),
        (("22:00-06:00",), WEEKDAYS),
        (("00:30-02:30", "02:30-04:00"), ("sun", "tue")),
    )
}
WORKING = st.sampled_from(list(TIMES.values()))
BEGIN, END = datetime(1990, 1, 1), datetime(2040, 1, 1)  # noqa: DTZ001  as hypothesis wants its limits
INSTANTS = st.datetimes(BEGIN, END, timezones=st.just(UTC))
AMOUNTS = st.timedeltas(timedelta(), timedelta(days=40))
SECOND = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
OPEN = working_time(calendar())
MONDAY = "2026-03-02"


@given(WORKING, INSTANTS, AMOUNTS, st.sampled_from(Boundary))
def test_as_much_time_passes_until_the_due_as_the_target_has(
    time: WorkingTime, start: datetime, amount: timedelta, boundary: Boundary
) -> None:
    assert time.between(start, time.after(start, amount, boundary)) == amount


@given(WORKING, INSTANTS, AMOUNTS)
def test_as_much_time_passes_from_the_begin_as_was_asked(time: WorkingTime, end: datetime, amount: timedelta) -> None:
    assert time.between(time.before(end, amount), end) == amount


@given(WORKING, INSTANTS, AMOUNTS.filter(bool))
def test_the_two_rules_differ_only_at_a_boundary(time: WorkingTime, start: datetime, amount: timedelta) -> None:
    closing, opening = (time.after(start, amount, rule) for rule in (Boundary.CLOSING, Boundary.NEXT_OPENING))
    assert closing <= opening
    assert time.between(closing, opening) == timedelta()
    if closing != opening:
        assert time.between(closing, closing + SECOND) == timedelta()
        assert time.between(opening, opening + SECOND) == SECOND


@given(WORKING, INSTANTS, AMOUNTS, AMOUNTS, st.sampled_from(Boundary))
def test_a_longer_target_is_never_due_earlier_and_targets_add_up(
    time: WorkingTime, start: datetime, one: timedelta, other: timedelta, boundary: Boundary
) -> None:
    first = time.after(start, one, boundary)
    assert first <= time.after(start, one + other, boundary)
    if other:
        assert time.after(first, other, boundary) == time.after(start, one + other, boundary)


@given(WORKING, INSTANTS, INSTANTS, AMOUNTS, st.sampled_from(Boundary))
def test_a_later_start_is_never_due_earlier(
    time: WorkingTime, start: datetime, other: datetime, amount: timedelta, boundary: Boundary
) -> None:
    early, late = sorted((start, other))
    if amount:
        assert time.after(early, amount, boundary) <= time.after(late, amount, boundary)


@given(WORKING, INSTANTS, st.timedeltas(timedelta(), timedelta(days=60)))
def test_the_time_between_is_the_sum_of_its_spans(time: WorkingTime, start: datetime, length: timedelta) -> None:
    spans = list(time.spans(start, start + length))
    assert sum((end - begin for begin, end in spans), timedelta()) == time.between(start, start + length)
    assert all(one[1] <= other[0] for one, other in pairwise(spans))
    assert all(begin < end for begin, end in spans)


@given(
    WORKING,
    INSTANTS,
    AMOUNTS,
    st.lists(st.tuples(st.timedeltas(timedelta(-3), timedelta(20)), AMOUNTS), max_size=4),
    st.sampled_from(Boundary),
)
def test_pauses_are_taken_out_and_count_once_where_they_overlap(
    time: WorkingTime,
    start: datetime,
    amount: timedelta,
    pauses: list[tuple[timedelta, timedelta]],
    boundary: Boundary,
) -> None:
    without = [(start + begin, start + begin + length) for begin, length in pauses]
    due = time.after(start, amount, boundary, without=without)
    assert time.between(start, due, without=without) == amount
    begin = time.before(due, amount, without=without)
    assert time.between(begin, due, without=without) == amount


@given(WORKING, st.dates(date(1990, 1, 1), date(2040, 1, 1)), st.integers(1, 300))
def test_working_days_count_there_and_back(time: WorkingTime, day: date, count: int) -> None:
    later = time.working_day_after(day, count)
    assert time.is_working_day(later)
    assert time.working_days_between(day + timedelta(days=1), later + timedelta(days=1)) == count
    assert time.working_day_before(later, count) == max(
        each for each in (day - timedelta(days=back) for back in range(9)) if time.is_working_day(each)
    )


@given(st.sampled_from(PLACES), INSTANTS, st.timedeltas(timedelta(), timedelta(days=400)))
def test_round_the_clock_all_time_counts_whatever_clocks_do(place: str, start: datetime, length: timedelta) -> None:
    assert TIMES[place, ("00:00-24:00",), WEEKDAYS].between(start, start + length) == length


# Where a target begins and ends ---------------------------------------------------------------------------------------


def test_nothing_to_do_is_due_at_the_first_working_moment() -> None:
    for boundary in Boundary:
        assert OPEN.after(utc(f"{MONDAY}T10:00"), timedelta(), boundary) == utc(f"{MONDAY}T10:00")
        assert OPEN.after(utc(f"{MONDAY}T12:30"), timedelta(), boundary) == utc(f"{MONDAY}T13:00")
        assert OPEN.after(utc("2026-02-28T10:00"), timedelta(), boundary) == utc(f"{MONDAY}T09:00")
    assert OPEN.after(utc(f"{MONDAY}T12:00"), timedelta(), Boundary.CLOSING) == utc(f"{MONDAY}T12:00")
    assert OPEN.after(utc(f"{MONDAY}T12:00"), timedelta(), Boundary.NEXT_OPENING) == utc(f"{MONDAY}T13:00")


def test_a_target_that_ends_at_closing_is_due_then_or_at_the_next_opening_which_may_be_a_weekend_away() -> None:
    friday = utc("2026-03-06T17:00")
    assert OPEN.after(friday, HOUR, Boundary.CLOSING) == utc("2026-03-06T18:00")
    assert OPEN.after(friday, HOUR, Boundary.NEXT_OPENING) == utc("2026-03-09T09:00")


def test_a_pause_that_begins_where_the_target_ends_is_like_a_closing() -> None:
    start, pause = utc(f"{MONDAY}T10:00"), [(utc(f"{MONDAY}T11:00"), utc(f"{MONDAY}T11:30"))]
    assert OPEN.after(start, HOUR, Boundary.CLOSING, without=pause) == utc(f"{MONDAY}T11:00")
    assert OPEN.after(start, HOUR, Boundary.NEXT_OPENING, without=pause) == utc(f"{MONDAY}T11:30")


def test_microseconds_are_kept() -> None:
    assert OPEN.after(utc(f"{MONDAY}T11:59:59.999999"), 2 * SECOND) == utc(f"{MONDAY}T13:00:00.000001")
    assert OPEN.between(utc(f"{MONDAY}T11:59:59.999999"), utc(f"{MONDAY}T13:00:00.000001")) == 2 * SECOND


def test_what_is_less_than_nothing_is_refused() -> None:
    for ask in (OPEN.after, OPEN.before):
        with pytest.raises(ValueError, match="less than nothing"):
            ask(utc(f"{MONDAY}T10:00"), timedelta(hours=-1))
    for count in (OPEN.working_day_after, OPEN.working_day_before):
        with pytest.raises(ValueError, match="0 working days lead nowhere"):
            count(date(2026, 3, 2), 0)


def test_a_calendar_without_a_day_to_come_says_so_instead_of_searching_for_ever() -> None:
    never = WorkingTime(zone("UTC"), lambda _: ())
    for ask in (never.after, never.before):
        with pytest.raises(NeverReached, match=r"Nobody work(s|ed) from"):
            ask(utc(f"{MONDAY}T10:00"), HOUR)
    with pytest.raises(NeverReached, match="from 2026 to 2076"):
        never.next_working_day(date(2026, 3, 2))
    assert list(never.spans(utc(f"{MONDAY}T10:00"), utc("2027-03-02T10:00"))) == []
    assert never.between(utc(f"{MONDAY}T10:00"), utc("2027-03-02T10:00")) == timedelta()


def test_a_target_beyond_all_years_is_never_reached() -> None:
    once = WorkingTime(zone("UTC"), lambda day: OPEN_ONCE if day == date(2290, 1, 1) else ())
    with pytest.raises(NeverReached, match="up to the year 2299; ask for less"):
        once.after(utc("2280-01-01T00:00"), 2 * HOUR)


OPEN_ONCE = ((utc("2290-01-01T09:00"), utc("2290-01-01T10:00")),)


# Days -----------------------------------------------------------------------------------------------------------------


def test_a_day_is_counted_by_when_its_work_begins() -> None:
    nights = working_time(calendar(("22:00-06:00",), ("fri",)))
    assert [nights.is_working_day(date(2026, 3, day)) for day in (5, 6, 7)] == [False, True, False]
    assert (nights.opening(date(2026, 3, 6)), nights.closing(date(2026, 3, 6))) == (
        utc("2026-03-06T22:00"),
        utc("2026-03-07T06:00"),
    )
    assert (nights.opening(date(2026, 3, 7)), nights.closing(date(2026, 3, 7))) == (None, None)
    assert nights.next_working_day(date(2026, 3, 6)) == date(2026, 3, 6)
    assert nights.next_working_day(date(2026, 3, 7)) == date(2026, 3, 13)
    assert nights.working_days_between(date(2026, 3, 6), date(2026, 3, 6)) == 0


def test_a_night_over_the_turn_of_the_year_counts_once() -> None:
    nights = working_time(calendar(("22:00-06:00",), WEEKDAYS))
    start = utc("2026-12-31T23:00")
    assert nights.between(start, utc("2027-01-01T05:00")) == 6 * HOUR
    assert nights.after(start, 7 * HOUR) == utc("2027-01-01T06:00")
    assert nights.before(utc("2027-01-01T05:00"), 6 * HOUR) == start
    assert list(nights.spans(utc("2027-01-01T01:00"), utc("2027-01-01T23:00"))) == [
        (utc("2027-01-01T01:00"), utc("2027-01-01T06:00")),
        (utc("2027-01-01T22:00"), utc("2027-01-01T23:00")),
    ]


# What clocks do -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "day", "hours"),
    [
        ("Europe/Berlin", "2026-03-29", 23.0),
        ("Europe/Berlin", "2026-10-25", 25.0),
        ("America/Sao_Paulo", "2018-11-04", 23.0),  # 00:00 does not exist
        ("America/Sao_Paulo", "2018-02-17", 25.0),  # 23:00 comes twice
        ("Asia/Tehran", "2022-03-22", 23.0),  # 00:00 does not exist
        ("Asia/Tehran", "2022-09-21", 25.0),
        ("Australia/Lord_Howe", "2026-10-04", 23.5),
        ("Australia/Lord_Howe", "2026-04-05", 24.5),
        ("America/Havana", "2019-11-03", 25.0),  # 00:00 comes twice
        ("America/St_Johns", "2010-11-07", 25.0),  # 00:01 goes back to 23:01; the day has begun
        ("Pacific/Apia", "2011-12-29", 24.0),
        ("Pacific/Apia", "2011-12-30", 0.0),  # this day never was
        ("Pacific/Apia", "2011-12-31", 24.0),
    ],
)
def test_a_day_has_as_many_hours_as_it_has(place: str, day: str, hours: float) -> None:
    time, on = working_time(calendar(place=place, **ROUND_THE_CLOCK)), date.fromisoformat(day)
    spans = list(time.spans(time.midnight(on), time.midnight(on + timedelta(days=1))))
    assert sum((end - begin for begin, end in spans), timedelta()) == timedelta(hours=hours)
    assert time.is_working_day(on) is bool(hours)


def test_a_day_that_never_was_is_no_working_day_and_counting_steps_over_it() -> None:
    time = working_time(calendar(("09:00-17:00",), WEEKDAYS, "Pacific/Apia"))
    assert time.working_day_after(date(2011, 12, 29), 1) == date(2011, 12, 31)
    assert time.same_clock_time_after(local("2011-12-29T10:00", "Pacific/Apia"), 1) == local(
        "2011-12-31T10:00", "Pacific/Apia"
    )


def test_frames_that_adjoin_at_a_time_that_comes_twice_count_it_twice_and_do_not_overlap() -> None:
    time = working_time(calendar(("00:00-01:30", "01:30-03:00"), ("sun",), "America/New_York"))
    (first, second) = islice(time.spans(local("2026-11-01T00:00", "America/New_York")), 2)
    assert first[1] == second[0] == local("2026-11-01T01:30", "America/New_York", fold=0)
    assert second[1] - first[0] == 4 * HOUR


def test_a_frame_that_ends_in_what_clocks_skip_ends_as_they_skip_it() -> None:
    time = working_time(calendar(("01:00-02:30",), ("sun",), "Europe/Berlin"))
    (span,) = islice(time.spans(local("2026-03-29T00:00", "Europe/Berlin")), 1)
    assert span == (utc("2026-03-29T00:00"), utc("2026-03-29T01:00"))


def test_an_instant_is_the_first_of_two_and_the_end_of_what_is_skipped() -> None:
    berlin = zone("Europe/Berlin")
    assert instant_at(datetime(2026, 10, 25, 2, 30), berlin) == utc("2026-10-25T00:30")  # noqa: DTZ001
    assert instant_at(datetime(2026, 3, 29, 2, 30, 0, 7), berlin) == utc("2026-03-29T01:00")  # noqa: DTZ001
    assert instant_at(datetime(2026, 3, 29, 3, 0, 0, 7), berlin) == utc("2026-03-29T01:00:00.000007")  # noqa: DTZ001
