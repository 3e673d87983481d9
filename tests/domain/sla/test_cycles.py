from datetime import date
from typing import Any
from uuid import UUID

from domain.case.due import DueStated
from domain.case.events import CaseClosed, CaseReopened, CaseResolved, ResponseSent
from domain.case.parts import CasePartOpened, CasePartResolved
from domain.case.relations import CaseAbsorbed
from domain.event import Precision
from domain.obligation import ObligationCancelled, ObligationMet, ObligationOpened, ObligationReopened
from domain.sla.clock import State, Verdict
from tests.domain.sla.history import Case, clock_of, clocks_of, instant, policy, standards, target

TEN_DAYS = {"type": "calendar_days", "amount": 10}
STATUTORY = {"statute": {"clause": "DISP 1.6.2R", "source": "handbook"}}
OTHER = UUID(int=8)


def opened(*targets: dict[str, Any]) -> tuple[Case, Any]:
    rules = policy(*targets)
    return Case().received("2026-03-02 09:00").registered("2026-03-02 09:30", rules), standards(rules)


# Reopening ------------------------------------------------------------------------------------------------------------


def test_a_reopened_case_has_a_new_cycle_and_the_verdict_of_the_old_one_stays() -> None:
    case, by = opened(target(TEN_DAYS))
    case.then("2026-03-05 09:00", CaseResolved, outcome="solved").then("2026-03-06 09:00", CaseClosed)
    case.then("2026-03-20 09:00", CaseReopened)
    found = clocks_of(case, by, "2026-04-02 09:00")
    first, second = found["resolution/1/1"], found["resolution/2/1"]
    assert (first.state, first.now, first.when_due) == (State.MET, Verdict.KEPT, Verdict.KEPT)
    assert (second.state, second.started_by, second.now) == (State.OVERDUE, 6, Verdict.MISSED)
    assert second.due is not None
    assert second.due.on == date(2026, 3, 30)


def test_a_target_that_begins_with_a_step_of_the_cycle_waits_for_that_step_again() -> None:
    follow_up = target(TEN_DAYS, id="visit", start="case-resolved", stop="follow-up-made", cancel="case-withdrawn")
    case, by = opened(follow_up)
    case.then("2026-03-05 09:00", CaseResolved, outcome="solved")
    case.then("2026-03-06 09:00", CaseReopened)
    found = clocks_of(case, by, "2026-03-07 09:00")
    assert (found["visit"].key.cycle, found["visit"].state) == (1, State.RUNNING)  # it had not stopped: it goes on


def test_a_case_closed_without_an_answer_and_reopened_gets_another_cycle() -> None:
    case, by = opened(target(TEN_DAYS))
    case.then("2026-03-05 09:00", CaseClosed).then("2026-03-06 09:00", CaseReopened)
    found = clocks_of(case, by, "2026-03-07 09:00")
    assert [found[f"resolution/{cycle}/1"].state for cycle in (1, 2)] == [State.CANCELLED, State.RUNNING]


# Parts ----------------------------------------------------------------------------------------------------------------


def test_each_part_of_a_case_has_a_clock_of_its_own_from_the_receipt() -> None:
    whole = target({"type": "weeks", "amount": 8}, id="whole")
    part = target(TEN_DAYS, id="part", subject="part", stop="case-part-resolved")
    case, by = opened(whole, part)
    assert [name for name in clocks_of(case, by, "2026-03-03 09:00") if "/" not in name] == ["whole"]
    case.then("2026-03-03 10:00", CasePartOpened, part="card").then("2026-03-04 10:00", CasePartOpened, part="loan")
    case.then("2026-03-11 10:00", CasePartResolved, part="card", outcome="upheld")
    found = clocks_of(case, by, "2026-03-20 09:00")
    assert {name: found[name].state for name in ("whole", "card:part", "loan:part")} == {
        "whole": State.RUNNING,
        "card:part": State.MET,
        "loan:part": State.OVERDUE,
    }
    assert found["loan:part"].started_at == instant("2026-03-02 09:00")


def test_a_part_opened_after_its_due_is_born_overdue() -> None:
    case, by = opened(target(TEN_DAYS, subject="part", stop="case-part-resolved"))
    case.then("2026-03-20 10:00", CasePartOpened, part="card")
    clock = clock_of(case, by, "2026-03-20 11:00", "card:resolution")
    assert (clock.born_overdue, clock.state, clock.alarms[0].at) == (True, State.OVERDUE, instant("2026-03-20 10:00"))


# Merges ---------------------------------------------------------------------------------------------------------------


def older_and_survivor(received: str) -> tuple[Case, Case, Any]:
    rules = policy(target(TEN_DAYS, **STATUTORY), target(TEN_DAYS, id="internal"))
    older = Case(case=OTHER).received(received).registered(received, rules)
    survivor = Case().received("2026-03-09 09:00").registered("2026-03-09 09:30", rules)
    survivor.then("2026-03-10 09:00", CaseAbsorbed, case_id=OTHER)
    return older, survivor, standards(rules)


def test_the_survivor_of_a_merge_two_days_before_the_older_cases_due_has_two_days_for_a_statutory_target() -> None:
    older, survivor, by = older_and_survivor("2026-03-02 09:00")
    before = clock_of(survivor, by, "2026-03-09 12:00", inherited=older.told)
    after = clocks_of(survivor, by, "2026-03-10 12:00", inherited=older.told)
    assert [clock.due.on if clock.due else None for clock in (before, after["resolution"], after["internal"])] == [
        date(2026, 3, 19),
        date(2026, 3, 12),
        date(2026, 3, 19),
    ]
    assert after["resolution"].measured_from == instant("2026-03-02 09:00")
    assert clock_of(survivor, by, "2026-03-13 00:00", inherited=older.told).state is State.OVERDUE


def test_the_survivor_of_a_case_that_was_overdue_is_overdue_from_the_merge_on() -> None:
    older, survivor, by = older_and_survivor("2026-02-02 09:00")
    clock = clock_of(survivor, by, "2026-03-10 12:00", inherited=older.told)
    assert (clock.born_overdue, clock.state) == (True, State.OVERDUE)
    assert [alarm.at for alarm in clock.alarms] == [instant("2026-03-10 09:00")]


def test_a_case_that_took_over_a_younger_one_keeps_its_own_start() -> None:
    younger, survivor, by = older_and_survivor("2026-03-09 18:00")
    clock = clock_of(survivor, by, "2026-03-10 12:00", inherited=younger.told)
    assert (clock.measured_from, clock.due) == (instant("2026-03-09 09:00"), clock.original)


def test_the_start_of_a_case_taken_over_twice_removed_is_inherited_as_well() -> None:
    third = UUID(int=9)
    rules = policy(target(TEN_DAYS, **STATUTORY))
    oldest = Case(case=third).received("2026-03-01 09:00")
    middle = Case(case=OTHER).received("2026-03-04 09:00").then("2026-03-05 09:00", CaseAbsorbed, case_id=third)
    survivor = Case().received("2026-03-09 09:00").registered("2026-03-09 09:30", rules)
    survivor.then("2026-03-10 09:00", CaseAbsorbed, case_id=OTHER)
    inherited = [*oldest.told, *middle.told]
    clock = clock_of(survivor, standards(rules), "2026-03-10 12:00", inherited=inherited)
    assert clock.measured_from == instant("2026-03-01 09:00")


# Stated dates ---------------------------------------------------------------------------------------------------------


def stated(case: Case, at: str, due: str, by: str = "company", precision: Precision = Precision.DAY) -> Case:
    return case.then(at, DueStated, target="resolution", due_at=instant(due), due_precision=precision, stated_by=by)


def test_without_a_policy_only_what_somebody_stated_is_a_deadline() -> None:
    case = Case().received("2026-03-02 09:00")
    assert clocks_of(case, standards(), "2026-03-03 09:00") == {}
    stated(case, "2026-03-03 09:00", "2026-03-10")
    clock = clock_of(case, standards(), "2026-03-10 23:00")
    assert (clock.key.policy, clock.state, clock.due.on if clock.due else None) == (
        "stated",
        State.RUNNING,
        date(2026, 3, 10),
    )
    assert clock_of(case, standards(), "2026-03-11 00:00").state is State.OVERDUE


def test_a_later_promise_moves_the_due_unless_the_earlier_one_was_broken_already() -> None:
    case = stated(Case().received("2026-03-02 09:00"), "2026-03-03 09:00", "2026-03-10")
    stated(case, "2026-03-10 15:00", "2026-03-12")
    stated(case, "2026-03-13 09:00", "2026-03-20")
    clock = clock_of(case, standards(), "2026-03-14 09:00")
    assert (clock.state, clock.due.on if clock.due else None) == (State.OVERDUE, date(2026, 3, 12))
    assert [each.late for each in clock.extensions] == [False, True]


def test_whatever_a_date_is_stated_for_has_a_clock_of_its_own_under_a_name_that_stays() -> None:
    case, abouts = Case().received("2026-03-02 09:00"), ("a" * 64, "a" * 200, "b" * 40 + "a" * 160, "办" * 200)
    for about in abouts:
        at, precision = instant("2026-03-09 12:00"), Precision.INSTANT
        case.then("2026-03-03 09:00", DueStated, target=about, stated_by="source", due_at=at, due_precision=precision)
    found = {name for name in clocks_of(case, standards(), "2026-03-06 09:00") if "/" not in name}
    assert found == {"a" * 64, "a" * 40 + "-599af058", "b" * 40 + "-f25a2f21", "stated-85ce1cba"}


def test_a_policy_may_take_only_the_word_of_the_company_or_of_the_source() -> None:
    rules = policy(target({"type": "stated_date", "of": "resolution", "by": "company"}))
    case = Case().received("2026-03-02 09:00").registered("2026-03-02 09:30", rules)
    stated(case, "2026-03-03 09:00", "2026-03-05 12:00", "source", Precision.INSTANT)
    assert clock_of(case, standards(rules), "2026-03-06 09:00").due is None
    stated(case, "2026-03-04 09:00", "2026-03-09 12:00", "company", Precision.INSTANT)
    found = clocks_of(case, standards(rules), "2026-03-06 09:00")
    assert [name for name in found if "/" not in name] == ["resolution"]
    assert found["resolution"].due is not None
    assert found["resolution"].due.at == instant("2026-03-09 12:00")


def owed(due: str | None = "2026-03-10 12:00") -> Case:
    case = Case()
    case.stream = "obligation-1"
    due_at = None if due is None else instant(due)
    precision = None if due is None else "instant"
    return case.then(
        "2026-03-02 09:00", ObligationOpened, kind="task", title="call", due_at=due_at, due_precision=precision
    )


def test_an_obligation_is_due_when_it_says_and_without_a_date_has_no_clock() -> None:
    assert clocks_of(owed(None), standards(), "2026-03-03 09:00") == {}
    met = owed().then("2026-03-10 12:00", ObligationMet)
    assert clock_of(met, standards(), "2026-03-11 09:00", "obligation").now is Verdict.KEPT
    cancelled = owed().then("2026-03-09 12:00", ObligationCancelled, reason="void")
    assert clock_of(cancelled, standards(), "2026-03-11 09:00", "obligation").state is State.CANCELLED
    assert clock_of(owed(), standards(), "2026-03-11 09:00", "obligation").state is State.OVERDUE


def test_an_obligation_owed_again_after_its_date_is_overdue_from_then_on() -> None:
    case = owed().then("2026-03-09 12:00", ObligationMet).then("2026-03-20 09:00", ObligationReopened)
    found = clocks_of(case, standards(), "2026-03-21 09:00")
    assert found["obligation/1/1"].now is Verdict.KEPT
    assert (found["obligation/2/1"].born_overdue, found["obligation/2/1"].state) == (True, State.OVERDUE)


def test_several_targets_of_one_case_run_at_once() -> None:
    first = target({"type": "working_time", "amount": "PT4H"}, id="first", kind="first_response", stop="response-sent")
    case, by = opened(first, target(TEN_DAYS, **STATUTORY))
    case.then("2026-03-02 11:00", ResponseSent, kind="first", channel="email")
    found = clocks_of(case, by, "2026-03-02 12:00")
    assert {name: found[name].state for name in ("first", "resolution")} == {
        "first": State.MET,
        "resolution": State.RUNNING,
    }
    assert (found["first"].statute, found["resolution"].statute is not None) == (None, True)
