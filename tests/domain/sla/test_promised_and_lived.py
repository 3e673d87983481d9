"""Two dues: by the calendar known at the start, and by the one known at each instant (DOMAIN.md, point 15)."""

from datetime import date
from typing import Any

import pytest

from domain.case.events import CaseResolved
from domain.sla.clock import State, Verdict
from tests.domain.sla.history import Case, calendar, clock_of, instant, policy, standards, target

HOURS = {"type": "working_time", "amount": "PT16H"}


def known_later(at: str, **changed: Any) -> list[Any]:
    return [calendar(), calendar(version=2, known=instant(at), **changed)]


def closed(day: str) -> dict[str, Any]:
    return {"overrides": {day: []}}


def opened(clock: dict[str, Any], calendars: list[Any], **fields: Any) -> tuple[Case, Any]:
    rules = policy(target(clock, **fields))
    return Case().received("2026-03-02 09:00").registered("2026-03-02 09:30", rules), standards(
        rules, calendars=calendars
    )


@pytest.mark.parametrize(("verdict_by", "state"), [("as_promised", State.OVERDUE), ("as_lived", State.RUNNING)])
def test_a_day_closed_on_the_eve_moves_what_is_lived_and_not_what_was_promised(verdict_by: str, state: State) -> None:
    case, by = opened(HOURS, known_later("2026-03-02 18:00", **closed("2026-03-03")), verdict_by=verdict_by)
    clock = clock_of(case, by, "2026-03-04 10:00")
    assert clock.promised is not None
    assert clock.lived is not None
    assert (clock.promised.at, clock.lived.at) == (instant("2026-03-03 17:00"), instant("2026-03-04 17:00"))
    assert (clock.state, clock.due) == (state, clock.lived if verdict_by == "as_lived" else clock.promised)


def test_a_day_closed_after_it_had_passed_changes_nothing_that_was_lived() -> None:
    case, by = opened(HOURS, known_later("2026-03-05 09:00", **closed("2026-03-03")), verdict_by="as_lived")
    clock = clock_of(case, by, "2026-03-06 10:00")
    assert clock.promised == clock.lived
    assert clock.lived is not None
    assert clock.lived.at == instant("2026-03-03 17:00")


def test_a_saturday_declared_working_beforehand_is_lived_and_afterwards_it_is_not() -> None:
    saturday = {"working_days": [{"date": "2026-03-07", "name": "make-up", "like": "mon"}]}
    for known, lived in (("2026-03-06 12:00", date(2026, 3, 7)), ("2026-03-08 12:00", date(2026, 3, 9))):
        case, by = opened({"type": "business_days", "amount": 5}, known_later(known, **saturday))
        clock = clock_of(case, by, "2026-03-10 10:00")
        assert clock.promised is not None
        assert clock.lived is not None
        assert (clock.promised.on, clock.lived.on) == (date(2026, 3, 9), lived)


def test_a_calendar_that_was_known_before_the_start_gives_one_due_both_ways() -> None:
    case, by = opened(HOURS, known_later("2026-03-01 18:00", **closed("2026-03-03")))
    clock = clock_of(case, by, "2026-03-04 10:00")
    assert clock.promised == clock.lived
    assert clock.due is not None
    assert clock.due.at == instant("2026-03-04 17:00")
    assert clock.basis.calendar_version == 2


def test_the_verdict_goes_by_the_calendar_that_the_policy_names() -> None:
    for verdict_by, now in (("as_promised", Verdict.MISSED), ("as_lived", Verdict.KEPT)):
        case, by = opened(HOURS, known_later("2026-03-02 18:00", **closed("2026-03-03")), verdict_by=verdict_by)
        case.then("2026-03-04 12:00", CaseResolved, outcome="solved")
        clock = clock_of(case, by, "2026-03-05 09:00")
        assert (clock.now, clock.when_due) == (now, now)


def test_a_target_that_asks_no_calendar_takes_no_notice_of_one() -> None:
    case, by = opened({"type": "elapsed", "amount": "PT16H"}, known_later("2026-03-02 18:00", **closed("2026-03-03")))
    clock = clock_of(case, by, "2026-03-04 10:00")
    assert clock.promised == clock.lived == clock.due


def test_a_policy_may_name_a_calendar_that_nobody_published() -> None:
    rules = policy(target(HOURS), calendar="nowhere")
    case = Case().received("2026-03-02 09:00").registered("2026-03-02 09:30", rules)
    clock = clock_of(case, standards(rules), "2026-03-02 10:00")
    assert clock.due is not None
    assert (clock.due.at, clock.basis.calendar_version) == (instant("2026-03-03 01:00"), 0)
