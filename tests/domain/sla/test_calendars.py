from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.sla.calendars import Calendars, CalendarVersion, UnknownCalendar
from domain.sla.days import DayKind
from domain.sla.working_time import Boundary, WorkingTime
from tests.domain.sla.made import calendar, utc, version

DAY = ("09:00-17:00",)
HOUR = timedelta(hours=1)
USUAL = calendar(DAY)
FRIDAY = date(2026, 3, 6)
SATURDAY = date(2026, 3, 7)
CLOSED = calendar(DAY, holidays={FRIDAY.isoformat(): "Founders' day"})
MADE_UP = calendar(DAY, working_days={SATURDAY.isoformat(): "fri"})


def book(*versions: CalendarVersion) -> Calendars:
    return Calendars(versions)


FIRST = version(1, "2026-01-01", "2025-12-01", USUAL)


def test_a_day_closed_after_the_event_moves_what_is_known_and_not_what_was_lived() -> None:
    """Four working hours from Friday 12:00 were over at 16:00; on Monday the Friday is declared a holiday."""
    calendars = book(FIRST, version(2, "2026-01-01", "2026-03-09T10:00", CLOSED))
    start = utc("2026-03-06T12:00")
    dues = {
        "as promised": calendars.as_known("office", start).after(start, 4 * HOUR),
        "as known now": calendars.as_known("office", None).after(start, 4 * HOUR),
        "as lived": calendars.as_lived("office").after(start, 4 * HOUR),
    }
    assert dues == {
        "as promised": utc("2026-03-06T16:00"),
        "as known now": utc("2026-03-09T13:00"),
        "as lived": utc("2026-03-06T16:00"),
    }
    assert calendars.as_lived("office").is_working_day(FRIDAY)
    assert not calendars.as_known("office", None).is_working_day(FRIDAY)


def test_a_saturday_declared_working_afterwards_was_not_lived() -> None:
    calendars = book(FIRST, version(2, "2026-01-01", "2026-03-08T10:00", MADE_UP))
    start = utc("2026-03-06T16:00")
    assert calendars.as_known("office", None).after(start, 2 * HOUR) == utc("2026-03-07T10:00")
    assert calendars.as_lived("office").after(start, 2 * HOUR) == utc("2026-03-09T10:00")
    assert not calendars.as_lived("office").is_working_day(SATURDAY)


def test_a_holiday_published_a_week_before_is_lived_as_one_but_was_not_promised_so() -> None:
    calendars = book(FIRST, version(2, "2026-01-01", "2026-02-27T10:00", CLOSED))
    start = utc("2026-02-26T16:00")
    promised, lived = calendars.as_known("office", start), calendars.as_lived("office")
    assert promised.after(start, 41 * HOUR) == utc("2026-03-05T17:00")
    assert lived.after(start, 41 * HOUR) == utc("2026-03-05T17:00")
    assert promised.after(start, 42 * HOUR) == utc("2026-03-06T10:00")
    assert lived.after(start, 42 * HOUR) == utc("2026-03-09T10:00")


def test_a_day_that_is_closed_while_it_runs_counts_until_it_was_known() -> None:
    calendars = book(FIRST, version(2, "2026-01-01", "2026-03-06T11:30", CLOSED))
    lived = calendars.as_lived("office")
    assert lived.between(utc("2026-03-06T00:00"), utc("2026-03-07T00:00")) == 2.5 * HOUR
    assert lived.is_working_day(FRIDAY)
    assert (lived.opening(FRIDAY), lived.closing(FRIDAY)) == (utc("2026-03-06T09:00"), utc("2026-03-06T11:30"))
    opened = book(FIRST, version(2, "2026-01-01", "2026-03-07T11:30", MADE_UP)).as_lived("office")
    assert opened.between(utc("2026-03-07T00:00"), utc("2026-03-08T00:00")) == 5.5 * HOUR


def test_a_calendar_published_late_counts_for_its_dates_only_from_then_on() -> None:
    """From March on the office is open until 20:00; it was published on the 10th, at 18:00."""
    longer = calendar(("09:00-20:00",))
    calendars = book(FIRST, version(2, "2026-03-01", "2026-03-10T18:00", longer))
    lived, known = calendars.as_lived("office"), calendars.as_known("office", None)
    for day, hours in ((9, 8), (10, 10), (11, 11)):
        midnight = datetime(2026, 3, day, tzinfo=UTC)
        assert lived.between(midnight, midnight + 24 * HOUR) == hours * HOUR
        assert known.between(midnight, midnight + 24 * HOUR) == 11 * HOUR
    assert known.closing(date(2026, 2, 27)) == utc("2026-02-27T17:00")


def test_of_two_versions_the_later_effective_date_holds_and_of_two_alike_the_later_published() -> None:
    calendars = book(
        version(1, "2026-03-01", "2026-01-01", USUAL),
        version(2, "2026-05-01", "2026-01-02", CLOSED),
        version(3, "2026-04-01", "2026-01-03", MADE_UP),
        version(4, "2026-05-01", "2026-01-04", MADE_UP),
    )
    days = {"2026-02-01": 1, "2026-03-01": 1, "2026-04-01": 3, "2026-04-30": 3, "2026-05-01": 4, "2027-01-01": 4}
    held = {day: calendars.in_force("office", date.fromisoformat(day), None).version for day in days}
    assert held == days
    then = utc("2026-01-02T12:00")
    assert calendars.in_force("office", date(2026, 5, 1), then).version == 2
    assert [one.version for one in calendars.known("office", then)] == [1, 2]
    assert calendars.known("office", utc("2025-01-01T00:00")) == ()


def test_before_anything_was_known_the_first_version_stands_in() -> None:
    calendars = book(FIRST, version(2, "2026-01-01", "2026-03-09T10:00", CLOSED))
    long_ago = utc("2020-03-02T09:00")
    assert calendars.as_known("office", long_ago).after(long_ago, HOUR) == utc("2020-03-02T10:00")
    assert calendars.as_lived("office").after(long_ago, HOUR) == utc("2020-03-02T10:00")


def test_versions_that_became_known_together_count_together() -> None:
    calendars = book(FIRST, FIRST.__class__("office", 2, FIRST.effective_from, FIRST.known_at, CLOSED))
    assert not calendars.as_lived("office").is_working_day(FRIDAY)
    assert calendars.known_changes("office", utc("2020-01-01T00:00"), utc("2027-01-01T00:00")) == (FIRST.known_at,)


def test_changes_are_told_after_one_instant_and_up_to_another() -> None:
    second = version(2, "2026-01-01", "2026-03-09T10:00", CLOSED)
    calendars = book(FIRST, second)
    assert calendars.known_changes("office", FIRST.known_at, second.known_at) == (second.known_at,)
    assert calendars.known_changes("office", second.known_at, utc("2027-01-01T00:00")) == ()
    assert [one.version for one in calendars.versions("office")] == [1, 2]


def test_an_unknown_calendar_is_named_with_those_that_there_are() -> None:
    with pytest.raises(UnknownCalendar, match="There is no calendar offices; there is office"):
        book(FIRST).as_known("offices", None)
    with pytest.raises(UnknownCalendar, match="There is no calendar office; none was published yet"):
        Calendars().as_lived("office")


def test_what_was_compiled_is_kept() -> None:
    calendars = book(FIRST, version(2, "2026-01-01", "2026-03-09T10:00", CLOSED))
    assert calendars.as_known("office", None) is calendars.as_known("office", utc("2026-04-01T00:00"))
    assert calendars.as_known("office", None) is not calendars.as_known("office", utc("2026-03-01T00:00"))
    assert calendars.as_lived("office") is calendars.as_lived("office")


WEEKS = [
    calendar(DAY, place="Asia/Shanghai"),
    calendar(("22:00-06:00",), place="Asia/Shanghai"),
    calendar(("04:00-05:00",), ("sat", "sun", "mon"), place="Asia/Shanghai"),
    calendar(("00:00-24:00",), ("tue", "sat"), place="Asia/Shanghai"),
]
BEGIN, END = datetime(2025, 12, 28), datetime(2026, 1, 8)  # noqa: DTZ001  as hypothesis wants its limits
MOMENTS = st.datetimes(BEGIN, END, timezones=st.just(UTC))


@st.composite
def books(draw: st.DrawFn) -> Calendars:
    """A few versions, all around a turn of the year."""
    known = sorted(draw(st.lists(MOMENTS, min_size=1, max_size=4)))
    days = st.dates(date(2025, 12, 28), date(2026, 1, 8))
    return book(
        *(
            CalendarVersion("office", number, draw(days), at, draw(st.sampled_from(WEEKS)))
            for number, at in enumerate(known, 1)
        )
    )


def counted_at(calendars: Calendars, at: datetime) -> bool:
    """Whether the calendar known at an instant counts it: the definition, asked anew for each instant."""
    known: WorkingTime = calendars.as_known("office", at)
    return known.between(at, at + timedelta(microseconds=1)) > timedelta()


@given(books(), MOMENTS)
def test_an_instant_is_lived_as_the_calendar_known_at_it_counts_it(calendars: Calendars, at: datetime) -> None:
    lived = calendars.as_lived("office")
    assert (lived.between(at, at + timedelta(microseconds=1)) > timedelta()) is counted_at(calendars, at)


@given(books(), MOMENTS)
def test_nothing_declared_afterwards_changes_what_was_lived(calendars: Calendars, at: datetime) -> None:
    known = max(at, calendars.published[0].known_at)
    earlier = Calendars(tuple(one for one in calendars.published if one.known_at <= known))
    since = datetime(2025, 12, 20, tzinfo=UTC)
    lived = [each.as_lived("office").between(since, at) for each in (earlier, calendars)]
    assert lived[0] == lived[1]


@given(books(), MOMENTS, st.timedeltas(timedelta(), timedelta(days=5)), st.sampled_from(Boundary))
def test_a_due_as_lived_is_reached_by_as_much_time_as_the_target_has(
    calendars: Calendars, start: datetime, amount: timedelta, boundary: Boundary
) -> None:
    lived = calendars.as_lived("office")
    assert lived.between(start, lived.after(start, amount, boundary)) == amount


def test_a_date_is_told_as_it_was_known() -> None:
    calendars = book(FIRST, version(2, "2026-01-01", "2026-03-09T10:00", CLOSED))
    then, now = (calendars.told("office", FRIDAY, at) for at in (utc("2026-03-01T00:00"), None))
    assert (then.kind, then.name, then.frames) == (DayKind.USUAL, None, DAY)
    assert (now.kind, now.name, now.frames) == (DayKind.HOLIDAY, "Founders' day", ())
