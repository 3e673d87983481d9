from datetime import date, timedelta
from typing import Any

import pytest

from domain.case.events import CaseResolved, ResponseSent
from domain.case.outside import SentToPortal
from domain.case.statutory import MaterialCompleted
from domain.sla.clock import Due, State, Verdict
from tests.domain.sla.history import Case, calendar, clock_of, clocks_of, instant, policy, standards, target

LONDON = calendar(
    "london",
    zone="Europe/London",
    holidays=[
        {"date": day, "name": "Bank holiday"} for day in ("2025-04-18", "2025-04-21", "2025-05-05", "2025-05-26")
    ],
)
CHINA = calendar(
    "china",
    zone="Asia/Shanghai",
    holidays=[{"date": f"2025-10-0{day}", "name": "国庆节"} for day in range(1, 9)],
    working_days=[{"date": "2025-09-28", "name": "调休", "like": "mon"}],
)


def days(kind: str, amount: int, **how: Any) -> dict[str, Any]:
    return {"type": kind, "amount": amount, **how}


def due(clock: dict[str, Any], received: str, *, by: Any = LONDON, zone: str = "Europe/London", **fields: Any) -> Due:
    rules = policy(target(clock, **fields), zone=zone, calendar=by.name)
    case = Case(zone).received(received).registered(received, rules)
    found = clock_of(case, standards(rules, calendars=[by]), f"{received[:10]} 23:59").due
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("clock", "received", "on"),
    [
        (days("business_days", 3, ends="close_of_business"), "2025-04-17 10:00", "2025-04-24"),  # DISP 1.5
        (days("weeks", 8), "2025-04-17 10:00", "2025-06-12"),  # DISP 1.6.2R
        (days("business_days", 15), "2025-04-17 10:00", "2025-05-13"),  # DISP 1.6.2AR
        (days("business_days", 35), "2025-04-17 10:00", "2025-06-11"),
        (days("calendar_days", 15), "2025-03-03 10:00", "2025-03-18"),  # CFPB
        (days("calendar_days", 60), "2025-03-03 10:00", "2025-05-02"),
        (days("years", 3), "2024-02-29 10:00", "2027-02-28"),  # DISP 1.9.1R
    ],
)
def test_the_worked_examples_of_laws_come_out(clock: dict[str, Any], received: str, on: str) -> None:
    assert due(clock, received).on == date.fromisoformat(on)


@pytest.mark.parametrize(("roll", "on"), [("none", "2025-10-05"), ("next_working_day", "2025-10-09")])
def test_the_fifteenth_day_in_a_holiday_rolls_only_where_the_policy_says_so(roll: str, on: str) -> None:
    clock = days("calendar_days", 15, roll=roll)
    assert due(clock, "2025-09-20", by=CHINA, zone="Asia/Shanghai").on == date.fromisoformat(on)


def test_a_make_up_working_day_counts_and_a_holiday_week_does_not() -> None:
    assert due(days("business_days", 7), "2025-09-24 09:30", by=CHINA, zone="Asia/Shanghai").on == date(2025, 10, 10)


@pytest.mark.parametrize(
    ("clock", "received", "on"),
    [
        (days("months", 1), "2026-01-31 10:00", "2026-02-28"),  # the corresponding date, else the month's end
        (days("months", 1), "2024-01-31 10:00", "2024-02-29"),
        (days("months", 13), "2026-11-30 10:00", "2027-12-30"),
        (days("calendar_days", 10, first_day="counted"), "2026-03-02 10:00", "2026-03-11"),
        (days("calendar_days", 10), "2026-03-02 10:00", "2026-03-12"),
        (days("business_days", 1, first_day="counted"), "2026-03-02 10:00", "2026-03-02"),
        (days("business_days", 1, first_day="counted"), "2026-03-07 10:00", "2026-03-09"),  # nobody works on Saturday
    ],
)
def test_days_count_from_the_start_or_from_the_day_after(clock: dict[str, Any], received: str, on: str) -> None:
    assert due(clock, received).on == date.fromisoformat(on)


def test_a_day_counted_due_is_half_open_and_ends_at_the_local_midnight() -> None:
    found = due(days("calendar_days", 1), "2026-07-01 10:00")
    assert found == Due(instant("2026-07-03 00:00", "Europe/London"), date(2026, 7, 2), open_ended=True)


@pytest.mark.parametrize(
    ("ends", "at"),
    [("clock_time", "2026-03-04 10:30"), ("close_of_business", "2026-03-04 17:00"), ("end_of_day", "2026-03-05 00:00")],
)
def test_business_days_end_as_their_policy_says(ends: str, at: str) -> None:
    found = due(days("business_days", 2, ends=ends), "2026-03-02 10:30")
    assert found == Due(instant(at), date(2026, 3, 4), open_ended=ends == "end_of_day")


def test_a_receipt_late_in_the_evening_in_utc_belongs_to_the_next_day_in_london_in_summer() -> None:
    rules = policy(target(days("calendar_days", 1)), zone="Europe/London", calendar="london")
    case = Case().received("2026-07-01 23:30").registered("2026-07-01 23:35", rules)
    clock = clock_of(case, standards(rules, calendars=[LONDON]), "2026-07-02 01:00")
    assert clock.due == Due(instant("2026-07-04 00:00", "Europe/London"), date(2026, 7, 3), open_ended=True)


EVERY_DAY = [(date(2024, 1, 1) + timedelta(days=place)).isoformat()[5:] for place in range(366)]


@pytest.mark.parametrize("clock", [{"type": "working_time", "amount": "PT8H"}, days("calendar_days", 2)])
def test_a_calendar_with_a_holiday_on_every_day_of_the_year_has_no_next_working_day_and_raises_nothing(
    clock: dict[str, Any],
) -> None:
    idle = calendar("idle", annual_holidays=EVERY_DAY)
    rules = policy(
        target(clock, cut_off={"at": "close_of_business"}, warnings=[{"before_business_days": 1}]), calendar="idle"
    )
    case = Case().received("2026-03-02 09:00").registered("2026-03-02 09:05", rules)
    found = clock_of(case, standards(rules, calendars=[idle]), "2026-03-03 09:00")
    assert (found.state, found.measured_from) == (State.RUNNING, instant("2026-03-02 09:00"))
    due = None if clock["type"] == "working_time" else Due(instant("2026-03-05"), date(2026, 3, 4), open_ended=True)
    assert found.due == due


def test_a_due_behind_the_last_year_of_the_ledger_is_none_that_could_be_kept_or_missed() -> None:
    rules = policy(target(days("years", 1)), target(days("calendar_days", 40), id="near"))
    case = Case().received("2199-11-20 09:00").registered("2199-11-20 09:05", rules)
    found = clocks_of(case, standards(rules), "2199-12-31 09:00")
    assert (found["resolution"].state, found["resolution"].due) == (State.RUNNING, None)
    last = Due(instant("2199-12-31"), date(2199, 12, 30), open_ended=True)
    assert (found["near"].state, found["near"].due) == (State.OVERDUE, last)


@pytest.mark.parametrize("kind", ["elapsed", "calendar_days", "business_days", "weeks", "months", "years"])
def test_however_often_a_century_is_added_nothing_is_raised(kind: str) -> None:
    amount, length = ("PT1H", "P36525D") if kind == "elapsed" else (1, 36_525)
    step = {"id": "more", "length": length, "mode": "add_to_raw", "most": 20}
    rules = policy(target(days(kind, 1) | {"amount": amount}, extensions=[step, {**step, "id": "again"}]))
    case = Case().received("2026-03-02 09:00").registered("2026-03-02 09:05", rules)
    for number in range(40):
        case.extended("2026-03-02 09:06", "more" if number % 2 else "again")
    clock = clock_of(case, standards(rules), "2026-03-02 09:07")
    assert (clock.state, clock.due) == (State.RUNNING, None)


@pytest.mark.parametrize(("boundary", "at"), [("closing", "2026-03-06 17:00"), ("next_opening", "2026-03-09 09:00")])
def test_eight_hours_that_end_exactly_at_closing_on_friday(boundary: str, at: str) -> None:
    """Peers disagree, by a weekend."""
    clock = {"type": "working_time", "amount": "PT8H"}
    assert due(clock, "2026-03-06 09:00", boundary=boundary).at == instant(at)


def test_elapsed_time_takes_no_notice_of_the_calendar_nor_of_clocks_that_are_put_forward() -> None:
    found = due({"type": "elapsed", "amount": "PT24H"}, "2026-03-28 12:00")
    assert found.at == instant("2026-03-28 12:00") + timedelta(hours=24) == instant("2026-03-29 13:00", "Europe/London")


@pytest.mark.parametrize(
    ("received", "at", "an_hour"),
    [
        ("2026-03-05 17:00", "2026-03-06 17:00", "2026-03-06 10:00"),  # exactly at closing is in business hours
        ("2026-03-05 17:01", "2026-03-09 17:00", "2026-03-06 10:00"),
        ("2026-03-07 10:00", "2026-03-10 17:00", "2026-03-09 10:00"),  # on a Saturday
    ],
)
def test_a_receipt_after_close_of_business_counts_as_of_the_next_working_day(
    received: str, at: str, an_hour: str
) -> None:
    clock = days("business_days", 1, ends="close_of_business")
    assert due(clock, received, cut_off={"at": "close_of_business"}).at == instant(at)
    found = due({"type": "working_time", "amount": "PT1H"}, received, cut_off={"at": "close_of_business"})
    assert found.at == instant(an_hour)


def test_a_cut_off_at_a_time_of_day_is_one_on_every_day() -> None:
    clock = days("calendar_days", 1)
    assert due(clock, "2026-03-05 15:00", cut_off={"at": "15:00:00"}).on == date(2026, 3, 6)
    assert due(clock, "2026-03-05 15:01", cut_off={"at": "15:00:00"}).on == date(2026, 3, 7)


def test_a_receipt_known_by_its_day_counts_from_that_day_and_for_hours_from_its_first_instant() -> None:
    assert due(days("calendar_days", 15), "2026-07-01").on == date(2026, 7, 16)
    assert due({"type": "elapsed", "amount": "PT24H"}, "2026-07-01").at == instant("2026-07-02", "Europe/London")
    assert due({"type": "working_time", "amount": "PT4H"}, "2026-07-01").at == instant(
        "2026-07-01 13:00", "Europe/London"
    )


def test_a_target_may_start_with_another_event_than_the_receipt() -> None:
    rules = policy(target(days("calendar_days", 30), start="material-completed"))
    by = standards(rules)
    case = Case().received("2026-03-02 10:00").registered("2026-03-02 11:00", rules)
    assert clock_of(case, by, "2026-03-05 10:00").state is State.NOT_STARTED
    case.then("2026-03-06 10:00", MaterialCompleted)
    clock = clock_of(case, by, "2026-03-07 10:00")
    assert (clock.state, clock.started_by, clock.due.on if clock.due else None) == (State.RUNNING, 4, date(2026, 4, 5))


def test_a_target_begins_with_the_holding_response_and_is_measured_from_the_receipt() -> None:
    """Fifteen business days, then thirty-five, both from the original receipt (DISP 1.6.2AR)."""
    fifteen = target(
        days("business_days", 15), id="fifteen", stop="any(response-sent(kind=final), response-sent(kind=holding))"
    )
    longer = target(
        days("business_days", 35),
        id="thirty-five",
        start="response-sent(kind=holding)",
        measured_from="case-received",
        stop="response-sent(kind=final)",
    )
    rules = policy(fifteen, longer, zone="Europe/London", calendar="london")
    by = standards(rules, calendars=[LONDON])
    case = Case("Europe/London").received("2025-04-17 10:00").registered("2025-04-17 10:05", rules)
    case.then("2025-05-12 16:00", ResponseSent, kind="holding", channel="letter")
    first, second = (clock_of(case, by, "2025-05-20 09:00", name) for name in ("fifteen", "thirty-five"))
    assert (first.state, first.now) == (State.MET, Verdict.KEPT)
    assert (second.started_by, second.measured_from) == (4, instant("2025-04-17 10:00", "Europe/London"))
    assert second.due is not None
    assert second.due.on == date(2025, 6, 11)


def test_a_portal_may_have_sent_the_matter_before_the_company_received_it() -> None:
    rules = policy(target(days("calendar_days", 15), start="sent-to-portal"))
    case = Case().then("2026-03-01 08:00", SentToPortal, portal="CFPB").received("2026-03-03 10:00")
    case.registered("2026-03-03 10:05", rules)
    found = clock_of(case, standards(rules), "2026-03-04 10:00").due
    assert found is not None
    assert found.on == date(2026, 3, 16)


def test_a_return_is_due_so_many_business_days_after_the_half_year() -> None:
    clock = {"type": "reporting_period", "every_months": 6, "within": 30, "within_business_days": True}
    assert due(clock, "2026-02-10 10:00").on == date(2026, 8, 11)
    assert due({**clock, "within_business_days": False, "within": 0}, "2026-02-10 10:00").on == date(2026, 6, 30)


def test_a_duty_without_a_number_is_shown_and_never_missed() -> None:
    rules = policy(target({"type": "no_number", "word": {"en": "promptly"}}))
    by = standards(rules)
    case = Case().received("2026-03-02 10:00").registered("2026-03-02 11:00", rules)
    clock = clock_of(case, by, "2027-03-02 10:00")
    assert (clock.state, clock.due, clock.now, clock.alarms) == (State.INFORMATIONAL, None, None, ())
    case.then("2027-03-03 10:00", CaseResolved, outcome="solved")
    clock = clock_of(case, by, "2027-03-04 10:00")
    assert (clock.state, clock.stop is not None, clock.when_due) == (State.INFORMATIONAL, True, None)


def test_a_target_that_no_calendar_ever_reaches_has_no_due_and_raises_nothing() -> None:
    once = calendar("once", week={"mon": ["09:00-10:00"]}, overrides={})
    rules = policy(target({"type": "working_time", "amount": "P36525D"}), calendar="once")
    case = Case().received("2026-03-02 09:00").registered("2026-03-02 09:05", rules)
    clock = clock_of(case, standards(rules, calendars=[once]), "2026-03-03 09:00")
    assert (clock.due, clock.state, clock.counted) == (None, State.RUNNING, timedelta(hours=1))
