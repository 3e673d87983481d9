from datetime import date
from typing import Any

import pytest

from domain.case.events import CaseResolved
from domain.sla.clock import State, Verdict
from tests.domain.sla.history import Case, calendar, clock_of, instant, policy, standards, target

LADDER = [
    {"id": "complex", "length": 30, "mode": "total_from_start", "approver_role": "head"},
    {"id": "special", "length": 30, "mode": "add_to_raw"},
]
CHINA = calendar("china", zone="Asia/Shanghai", holidays=[{"date": "2026-03-17", "name": "holiday"}])


def opened(clock: dict[str, Any], ladder: list[dict[str, Any]] = LADDER, **fields: Any) -> tuple[Case, Any]:
    rules = policy(target(clock, extensions=ladder, **fields), zone="Asia/Shanghai", calendar="china")
    case = Case("Asia/Shanghai").received("2026-03-02 09:00").registered("2026-03-02 09:30", rules)
    return case, standards(rules, calendars=[CHINA])


FIFTEEN = {"type": "calendar_days", "amount": 15}


def test_fifteen_days_become_thirty_and_then_sixty_in_all() -> None:
    """银行业保险业消费投诉处理管理办法: 15 days; complex 30; special another 30, each approved."""
    case, by = opened(FIFTEEN)
    case.extended("2026-03-16 10:00", "complex").extended("2026-03-30 10:00", "special")
    clock = clock_of(case, by, "2026-04-01 10:00")
    assert [each.due_after.on for each in clock.extensions] == [date(2026, 4, 1), date(2026, 5, 1)]
    assert clock.due is not None
    assert clock.original is not None
    assert (clock.due.on, clock.original.on) == (date(2026, 5, 1), date(2026, 3, 17))


def test_an_extension_approved_after_the_due_is_shown_and_does_not_undo_the_miss() -> None:
    case, by = opened(FIFTEEN)
    case.extended("2026-03-19 10:00", "complex").then("2026-03-25 10:00", CaseResolved, outcome="upheld")
    clock = clock_of(case, by, "2026-03-26 10:00")
    assert (clock.state, clock.now, clock.when_due) == (State.MET_LATE, Verdict.MISSED, Verdict.MISSED)
    (late,) = clock.extensions
    assert (late.late, late.due_before, late.due_after) == (True, clock.due, clock.due)


def test_an_approval_of_the_very_day_of_the_due_is_in_time() -> None:
    case, by = opened(FIFTEEN)
    case.extended("2026-03-17", "complex")
    clock = clock_of(case, by, "2026-03-19 10:00")
    assert (clock.extensions[0].late, clock.state) == (False, State.RUNNING)


def test_what_is_beyond_the_ladder_is_ignored_and_said_to_be() -> None:
    case, by = opened(FIFTEEN)
    case.extended("2026-03-03 10:00", "complex").extended("2026-03-04 10:00", "complex")
    case.extended("2026-03-05 10:00", "endless")
    clock = clock_of(case, by, "2026-03-06 10:00")
    assert [(each.step, each.ignored) for each in clock.extensions] == [
        ("complex", False),
        ("complex", True),
        ("endless", True),
    ]
    assert clock.due is not None
    assert clock.due.on == date(2026, 4, 1)


def test_no_extension_leads_beyond_the_cap() -> None:
    case, by = opened(
        {"type": "business_days", "amount": 5}, [{"id": "more", "length": 10, "mode": "add_to_raw"}], cap=9
    )
    clock = clock_of(case.extended("2026-03-03 10:00", "more"), by, "2026-03-04 10:00")
    assert clock.due is not None
    assert clock.due.on == date(2026, 3, 13)


@pytest.mark.parametrize(("mode", "on"), [("add_to_raw", date(2026, 3, 20)), ("add_to_rolled", date(2026, 3, 23))])
def test_an_extension_is_added_before_or_after_the_due_is_rolled_to_a_working_day(mode: str, on: date) -> None:
    """The fifteenth day is a holiday, so that the due rolls by a day; three more days from one or from the other."""
    ladder = [{"id": "more", "length": 3, "mode": mode}]
    case, by = opened({**FIFTEEN, "roll": "next_working_day"}, ladder)
    clock = clock_of(case.extended("2026-03-03 10:00", "more"), by, "2026-03-04 10:00")
    assert clock.original is not None
    assert clock.due is not None
    assert (clock.original.on, clock.due.on) == (date(2026, 3, 18), on)


def test_hours_are_extended_by_hours() -> None:
    ladder = [{"id": "more", "length": "PT4H", "mode": "add_to_raw"}]
    case, by = opened({"type": "working_time", "amount": "PT8H"}, ladder)
    clock = clock_of(case.extended("2026-03-02 10:00", "more"), by, "2026-03-02 11:00")
    assert clock.due is not None
    assert clock.due.at == instant("2026-03-03 13:00", "Asia/Shanghai")


def test_an_extension_of_another_target_changes_nothing() -> None:
    case, by = opened(FIFTEEN)
    case.extended("2026-03-03 10:00", "complex", target="notice")
    assert clock_of(case, by, "2026-03-04 10:00").extensions == ()
