"""The clocks of what was passed on to a unit with hours of its own, in their table: live as rebuilt."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from domain.amending import ApproveAmendment, RequestVoid
from domain.case.commands import RegisterCase, ResolveCase, TransferCase
from domain.case.events import Outcome
from domain.sla.clock import State
from domain.stream import Category, stream_of
from domain.unit.commands import MoveUnit, OpenUnit, RenameUnit, SetUnitHours
from domain.unit.events import UnitKind, id_of_unit, stream_of_unit
from ledger.database import Database
from ledger.ledger import Ledger
from projections.audit_trail import AUDIT_TRAIL
from projections.before_and_after import changes
from projections.deadlines import of_streams
from projections.runner import Runner
from projections.sla_row import SlaTimer
from projections.sla_timer import SLA_TIMER
from tests.ledger.submissions import OPENED
from tests.projections.amended import expected, kept
from tests.projections.books import case_id, received
from tests.projections.regulated import POLICY, calendar, hours, promise, publish_calendar, target, tell

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
GROUP, WEST, SHIFT = (id_of_unit(name) for name in ("集团", "West", "Shift"))
# OPENED is a Monday, at nine o'clock in Shanghai; the desk works from nine to twelve and from half past one.
NIGHTS = {day: ["18:00-22:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
MOVING: dict[str, Any] = {
    **POLICY,
    "rules": [{"id": "all", "targets": ["moves", "keeps", "quick"]}],
    "targets": [
        target("moves", hours(12), "case-resolved", on_transfer="move"),
        target("keeps", hours(12), "case-resolved"),
        target("quick", hours(1), "case-resolved", on_transfer="move"),
    ],
}


@pytest.fixture
def timers(ledger: Ledger, projected: Database) -> Runner:
    """The runner of a book with a group, a branch and a shift in it, whose targets move with what is passed on."""
    promise(ledger, MOVING)
    publish_calendar(ledger, calendar(name="nights", week=NIGHTS))
    for name, parent in (("集团", None), ("West", GROUP), ("Shift", WEST)):
        tell(ledger, OpenUnit(at=OPENED, name=name, kind=UnitKind.TEAM, parent=parent))
    made = Runner(ledger, projected, [SLA_TIMER, AUDIT_TRAIL])
    made.prepare()
    return made


def passed_on(ledger: Ledger, number: int, after: timedelta = 2 * HOUR) -> None:
    tell(ledger, received(number))
    tell(ledger, RegisterCase(at=OPENED, case_id=case_id(number), unit="Front"))
    at = OPENED + after
    tell(ledger, TransferCase(at=at, case_id=case_id(number), to_unit="Shift"), at=at)


def sets(ledger: Ledger, unit: Any, name: str | None, after: timedelta) -> None:
    tell(ledger, SetUnitHours(at=OPENED + after, unit_id=unit, calendar=name), at=OPENED + after)


def shown(ledger: Ledger, runner: Runner, number: int) -> dict[str, SlaTimer]:
    assert runner.catch_up() == ledger.head()
    assert kept(ledger, SLA_TIMER) == expected(ledger, SLA_TIMER)
    stream = stream_of(Category.CASE, case_id(number))
    return {timer.target: timer for timer in of_streams(ledger.database, "main", [stream])[stream]}


def local(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-01-{text}+08:00")


def test_a_change_of_a_units_hours_works_out_the_open_clocks_anew_that_move_and_no_others(
    ledger: Ledger, timers: Runner
) -> None:
    assert OPENED.date() == date(2026, 1, 5)
    for number in (1, 2):
        passed_on(ledger, number)
    tell(ledger, received(3))
    tell(ledger, RegisterCase(at=OPENED, case_id=case_id(3), unit="Shift"))
    resolved = OPENED + 6 * HOUR
    tell(ledger, ResolveCase(at=resolved, case_id=case_id(2), outcome=Outcome.UPHELD), at=resolved)
    before = {number: shown(ledger, timers, number) for number in (1, 2, 3)}
    sets(ledger, SHIFT, "nights", DAY)
    after = {number: shown(ledger, timers, number) for number in (1, 2, 3)}
    assert {name: clock.due_at for name, clock in before[1].items()} == {
        "moves": local("06T15:30"), "keeps": local("06T15:30"), "quick": local("05T10:00"),
    }  # fmt: skip
    # Seven hours of Monday had been used up by the desk's hours, and five are left of evenings.
    assert after[1]["moves"].due_at == local("07T19:00")
    assert (after[1]["keeps"], after[1]["quick"]) == (before[1]["keeps"], before[1]["quick"])
    assert (after[1]["quick"].state, after[2]["moves"].state) == (State.OVERDUE, State.MET)
    assert (after[2], after[3]) == (before[2], before[3])


def test_a_unit_has_the_hours_of_the_units_above_it_and_goes_with_their_changes(ledger: Ledger, timers: Runner) -> None:
    sets(ledger, GROUP, "nights", HOUR)
    passed_on(ledger, 1)
    assert shown(ledger, timers, 1)["moves"].due_at == local("07T20:00")
    sets(ledger, WEST, "desk", 3 * HOUR)
    assert shown(ledger, timers, 1)["moves"].due_at == local("06T16:30")
    tell(ledger, MoveUnit(at=OPENED + DAY, unit_id=SHIFT, parent=GROUP), at=OPENED + DAY)
    moved = shown(ledger, timers, 1)["moves"]
    assert moved.due_at == local("07T20:00")
    sets(ledger, SHIFT, None, DAY + HOUR)
    assert shown(ledger, timers, 1)["moves"] == moved


def test_hours_that_are_made_void_count_no_longer_from_then_on(ledger: Ledger, timers: Runner) -> None:
    sets(ledger, SHIFT, "nights", HOUR)
    passed_on(ledger, 1)
    by_night = shown(ledger, timers, 1)["moves"].due_at
    at, stream = OPENED + DAY, stream_of_unit(SHIFT)
    asks = RequestVoid(at=at, about=stream, version=2, reason="the wrong unit", requested_by="王芳")
    tell(ledger, asks, at=at)
    assert shown(ledger, timers, 1)["moves"].due_at == by_night
    tell(ledger, ApproveAmendment(at=at, about=stream, request=3, approved_by="ada"), at=at)
    # Two hours of Monday's morning and four of its evening: six are left of the desk's Tuesday.
    assert (by_night, shown(ledger, timers, 1)["moves"].due_at) == (local("07T20:00"), local("06T16:30"))


def test_the_audit_trail_tells_by_what_a_unit_worked_before(ledger: Ledger, timers: Runner) -> None:
    sets(ledger, SHIFT, "nights", HOUR)
    sets(ledger, SHIFT, "desk", DAY)
    assert timers.catch_up() == ledger.head()
    stream = stream_of_unit(SHIFT)
    told = [entry.topic for entry in kept(ledger, AUDIT_TRAIL) if entry.stream == stream]
    assert told == ["unit-opened.1", "unit-hours-set.1", "unit-hours-set.1"]
    changed = {change.path: (change.before, change.after) for change in changes(ledger.history(stream), {3})[3]}
    assert changed["calendar"] == ("nights", "desk")


def test_what_goes_to_a_unit_by_the_name_that_it_took_goes_by_its_hours(ledger: Ledger, timers: Runner) -> None:
    tell(ledger, RenameUnit(at=OPENED, unit_id=SHIFT, name="Night shift"))
    tell(ledger, received(1))
    tell(ledger, RegisterCase(at=OPENED, case_id=case_id(1), unit="Front"))
    at = OPENED + 2 * HOUR
    tell(ledger, TransferCase(at=at, case_id=case_id(1), to_unit="Night shift"), at=at)
    assert shown(ledger, timers, 1)["moves"].due_at == local("06T15:30")
    sets(ledger, WEST, "nights", 3 * HOUR)
    assert shown(ledger, timers, 1)["moves"].due_at == local("07T19:00")
