from datetime import date, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from domain.sla.calendar import MOST_BYTES, BadCalendar, CalendarDocument, Problem, document_of, problems
from tests.domain.sla.made import OFFICE, calendar, raw, utc, working_time

HOUR = timedelta(hours=1)
MONDAY = date(2026, 3, 2)


def places(document: dict[str, Any]) -> list[str]:
    return [problem.place for problem in problems(document)]


def hours(document: CalendarDocument, day: date) -> list[tuple[str, str]]:
    """The working time of a date in a calendar of UTC."""
    time = working_time(document)
    spans = time.spans(time.midnight(day), time.midnight(day + timedelta(days=1)))
    return [(f"{begin:%H:%M}", f"{end:%H:%M}") for begin, end in spans]


def test_an_override_goes_before_a_working_day_and_that_before_a_holiday_and_that_before_the_week() -> None:
    told: dict[str, Any] = {"annual_holidays": ["03-02"]}
    assert hours(calendar(OFFICE), MONDAY) == [("09:00", "12:00"), ("13:00", "18:00")]
    assert hours(calendar(OFFICE, **told), MONDAY) == []
    told["working_days"] = {"2026-03-02": {"frames": ["10:00-11:00"]}}
    assert hours(calendar(OFFICE, **told), MONDAY) == [("10:00", "11:00")]
    told["overrides"] = {"2026-03-02": ["14:00-16:00"]}
    assert hours(calendar(OFFICE, **told), MONDAY) == [("14:00", "16:00")]
    told["breaks"] = {"2026-03-02": ["15:00-15:30"]}
    assert hours(calendar(OFFICE, **told), MONDAY) == [("14:00", "15:00"), ("15:30", "16:00")]
    told["overrides"] = {"2026-03-02": []}
    assert hours(calendar(OFFICE, **told), MONDAY) == []


def test_a_saturday_works_like_the_friday_whose_place_it_takes() -> None:
    made_up = calendar(OFFICE, working_days={"2026-10-10": {"like": "fri", "name": "国庆节调休"}})
    assert hours(made_up, date(2026, 10, 10)) == [("09:00", "12:00"), ("13:00", "18:00")]
    assert hours(made_up, date(2026, 10, 17)) == []


def test_a_holiday_in_february_comes_in_leap_years() -> None:
    leap = working_time(calendar(OFFICE, annual_holidays=["02-29"]))
    assert not leap.is_working_day(date(2028, 2, 29))
    assert leap.is_working_day(date(2028, 2, 28))
    assert leap.is_working_day(date(2029, 3, 1))


def test_a_break_is_taken_out_of_the_night_before_too() -> None:
    nights = working_time(calendar(("22:00-06:00",), ("mon",), breaks={"2026-03-03": ["01:00-02:00"]}))
    assert list(nights.spans(utc("2026-03-02T00:00"), utc("2026-03-04T00:00"))) == [
        (utc("2026-03-02T22:00"), utc("2026-03-03T01:00")),
        (utc("2026-03-03T02:00"), utc("2026-03-03T06:00")),
    ]
    late = working_time(calendar(("00:00-08:00",), ("tue",), breaks={"2026-03-02": ["23:00-01:00"]}))
    assert late.opening(date(2026, 3, 3)) == utc("2026-03-03T01:00")


def test_all_mistakes_of_a_document_are_told_at_once_each_with_its_place() -> None:
    bad = {
        "name": "Big Desk",
        "title": {"en": ""},
        "zone": "Asia/Shangai",
        "week": {"mon": ["09:00-12:00", "11:00-13:00", "9-10"], "funday": [], "sun": ["22:00-10:00"]},
        "annual_holidays": ["02-29", "13-01"],
        "holidays": {"2026-01-01": "元旦", "2026-02-30": "?"},
        "working_days": {"2026-01-01": "mon", "2026-01-03": "tue", "2026-01-04": {"frames": ["00:00-00:00"]}},
        "overrides": [
            {"date": "26-05-05", "frames": []},
            {"date": "2026-05-05", "frames": []},
            {"date": "2026-05-05", "frames": ["10:00-12:00"]},
            {"date": "2026-05-06", "frames": ["10:00-25:00"]},
        ],
        "closed": True,
    }
    assert problems(bad) == [
        Problem("annual_holidays[1]", "'13-01' is no day of a year; write it as 12-25"),
        Problem(
            "closed",
            "a calendar has no such field; it has name, title, zone, week, annual_holidays, holidays, working_days, "
            "overrides, breaks, source",
        ),
        Problem("holidays.2026-02-30.date", "'2026-02-30' is no date that there is; write one as 2026-02-28"),
        Problem("name", "this does not look like ^[a-z0-9][a-z0-9-]*$"),
        Problem("overrides[0].date", "'26-05-05' is no date that there is; write one as 2026-02-28"),
        Problem("overrides[2]", "2026-05-05 stands among the overrides already; keep one of the two"),
        Problem("overrides[3].frames[0]", "'10:00-25:00' holds no times of day; they go from 00:00 to 24:00"),
        Problem("source", "this is missing"),
        Problem("title.en", "string should have at least 1 character"),
        Problem("week.funday", "there is no such field here"),
        Problem("week.mon[0]", "'09:00-12:00' overlaps '22:00-10:00' of week.sun; join them, or cut one"),
        Problem("week.mon[1]", "'11:00-13:00' overlaps '09:00-12:00' of week.mon; join them, or cut one"),
        Problem("week.mon[2]", "'9-10' is no frame of hours; write one as 09:00-12:00"),
        Problem("working_days.2026-01-01", "2026-01-01 stands among the holidays already; keep one of the two"),
        Problem(
            "working_days.2026-01-03.like",
            "the week has no frames on tue; give frames, or a day on which somebody works",
        ),
        Problem(
            "working_days.2026-01-04.frames[0]", "'00:00-00:00' has no length; write a whole day as 00:00-24:00"
        ),
        Problem(
            "zone", problems(raw(place="Asia/Shangai"))[0].message
        ),
    ]  # fmt: skip
    with pytest.raises(BadCalendar, match="This is no calendar; 17 to mend:\n  annual_holidays"):
        document_of(bad)


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"week": {}}, "week"),
        ({"week": {"mon": []}}, "week"),
        ({"week": 7}, "week"),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"holidays": [{"date": "2026-01-01"}]}, "holidays[0].name"),
        ({"holidays": [{"date": "2026-01-01", "name": "a"}, {"date": "2026-01-01", "name": "b"}]}, "holidays[1]"),
        ({"holidays": 5}, "holidays"),
        ({"working_days": {"2026-01-03": {}}}, "working_days.2026-01-03"),
        ({"working_days": {"2026-01-03": {"like": "mon", "frames": ["10:00-11:00"]}}}, "working_days.2026-01-03"),
        ({"breaks": {"2026-01-05": ["10:00-11:00", "10:30-12:00"]}}, "breaks.2026-01-05.frames[1]"),
        ({"overrides": {"1826-01-05": []}}, "overrides.1826-01-05.date"),
        ({"overrides": {"2026-01-05": ["24:00-02:00"]}}, "overrides.2026-01-05.frames[0]"),
    ],
)
def test_what_cannot_be_is_refused_at_its_place(more: dict[str, Any], place: str) -> None:
    assert places(raw() | more) == [place]


def test_a_night_that_runs_into_hours_of_its_own_is_refused_wherever_the_hours_come_from() -> None:
    nights = raw(("22:00-06:00",), ("mon", "tue", "wed"))
    assert places(nights) == []
    assert places(nights | {"overrides": {"2026-03-03": ["05:00-08:00"]}}) == ["overrides.2026-03-03"]
    assert places(nights | {"working_days": {"2026-03-01": {"frames": ["20:00-24:00"]}}}) == []
    over = {"2026-03-01": {"frames": ["23:00-22:30"]}}
    assert places(nights | {"working_days": over}) == ["working_days.2026-03-01"]
    assert places(raw(("22:00-06:00", "05:30-07:00"), ("mon", "tue"))) == ["week.tue[1]"]


def test_a_document_has_no_more_than_an_event_can_hold() -> None:
    days = [(date(2026, 1, 1) + timedelta(days=back)).isoformat() for back in range(3_001)]
    (many,) = problems(raw(holidays=dict.fromkeys(days, "h")))
    assert (many.place, many.message) == ("", "3001 dated entries are more than 3000; leave out past years")
    (big,) = problems(raw(holidays=dict.fromkeys(days[:1_000], "春节" * 20)))
    assert big.message.endswith(f"and an event holds {MOST_BYTES}; leave out past years")
    assert problems(raw(holidays=dict.fromkeys(days[:1_000], "春节"))) == []


def test_a_document_that_contradicts_itself_is_none_by_whatever_way_it_comes() -> None:
    sound = calendar().model_dump(mode="json")
    assert CalendarDocument.model_validate(sound) == calendar()
    assert document_of(sound) == calendar()
    with pytest.raises(ValidationError, match="nobody works on any day"):
        CalendarDocument.model_validate(sound | {"week": {}})


def test_a_document_reads_back_as_it_was_written() -> None:
    document = calendar(
        holidays={"2026-01-01": "元旦"},
        working_days={"2026-01-04": "mon"},
        overrides={"2026-01-05": []},
        breaks={"2026-01-06": ["10:00-10:15"]},
    )
    assert CalendarDocument.model_validate_json(document.model_dump_json()) == document
