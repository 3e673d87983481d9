from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.case.events import CasePaused, CasePrioritised, CaseReopened, CaseResolved, CaseResumed
from domain.case.statutory import MaterialCompleted, MaterialRequested
from domain.sla.clock import Clock, State, Verdict, Why
from domain.sla.pauses import Pause, Stretches, clipped
from tests.domain.sla.history import Case, clock_of, hours, instant, policy, standards, target
from tests.domain.story import MONDAY

FOR_CUSTOMER = {"pauses": {"grounds": ["customer"]}}


def opened(clock: dict[str, Any], **fields: Any) -> tuple[Case, Any]:
    rules = policy(target(clock, **fields))
    return Case().received("2026-03-02 09:00").registered("2026-03-02 09:00", rules), standards(rules)


def waited(case: Case, begin: str, end: str | None, ground: str = "customer") -> Case:
    case.then(begin, CasePaused, ground=ground)
    return case if end is None else case.then(end, CaseResumed, ground=ground)


def at_due(clock: Clock) -> Any:
    assert clock.due is not None
    return clock.due.at


HOURS = {"type": "working_time", "amount": "PT8H"}


@pytest.mark.parametrize(
    ("begin", "end", "due"),
    [
        ("2026-03-02 10:00", "2026-03-02 13:00", "2026-03-03 12:00"),
        ("2026-03-02 16:00", "2026-03-03 10:00", "2026-03-03 11:00"),  # the night would not have counted anyway
        ("2026-03-02 17:00", "2026-03-03 09:00", "2026-03-02 17:00"),  # wholly outside hours
        ("2026-03-07 10:00", "2026-03-08 10:00", "2026-03-02 17:00"),  # after the due
    ],
)
def test_working_time_stands_still_for_as_much_of_a_pause_as_lay_within_hours(begin: str, end: str, due: str) -> None:
    case, by = opened(HOURS, **FOR_CUSTOMER)
    assert at_due(clock_of(waited(case, begin, end), by, "2026-03-09 09:00")) == instant(due)


def test_a_pause_on_a_ground_that_the_target_does_not_allow_changes_nothing() -> None:
    case, by = opened(HOURS, **FOR_CUSTOMER)
    clock = clock_of(waited(case, "2026-03-02 10:00", None, "vendor"), by, "2026-03-02 12:00")
    assert (clock.state, at_due(clock)) == (State.RUNNING, instant("2026-03-02 17:00"))
    statutory = {"statute": {"clause": "DISP 1.6.2R", "source": "handbook"}}
    case, by = opened({"type": "weeks", "amount": 8}, **statutory)
    clock = clock_of(waited(case, "2026-03-02 10:00", None), by, "2026-03-03 12:00")
    assert (clock.state, clock.due == clock.original) == (State.RUNNING, True)


def test_overlapping_pauses_count_once() -> None:
    case, by = opened(HOURS, pauses={"grounds": ["customer", "vendor"]})
    case.then("2026-03-02 10:00", CasePaused, ground="customer")
    case.then("2026-03-02 11:00", CasePaused, ground="vendor")
    case.then("2026-03-02 12:00", CaseResumed, ground="customer")
    case.then("2026-03-02 13:00", CaseResumed, ground="vendor")
    clock = clock_of(case, by, "2026-03-02 15:00")
    assert (at_due(clock), clock.counted) == (instant("2026-03-03 12:00"), hours(3))
    assert [segment.why for segment in clock.segments] == [Why.RUNNING, Why.PAUSED, Why.RUNNING]


def test_two_pauses_may_begin_at_one_instant_and_one_of_them_go_on() -> None:
    case, by = opened(HOURS, pauses={"grounds": ["customer", "vendor"]})
    case.then("2026-03-02 10:00", CasePaused, ground="customer")
    case.then("2026-03-02 10:00", CasePaused, ground="vendor")
    case.then("2026-03-02 12:00", CaseResumed, ground="customer")
    clock = clock_of(case, by, "2026-03-02 15:00")
    assert (clock.state, clock.counted) == (State.PAUSED, hours(1))


def test_two_pauses_that_begin_in_the_same_minute_are_both_kept() -> None:
    """A peer keys a day's pauses by hour and minute, so that one overwrites the other."""
    case, by = opened({"type": "elapsed", "amount": "PT10M"}, **FOR_CUSTOMER)
    waited(case, "2026-03-02 09:01:05", "2026-03-02 09:01:20")
    waited(case, "2026-03-02 09:01:40", "2026-03-02 09:05:00")
    assert clock_of(case, by, "2026-03-02 09:10").counted == timedelta(seconds=385)


def test_while_a_clock_is_paused_its_time_left_stays_and_nothing_is_due_to_be_told() -> None:
    case, by = opened(HOURS, **FOR_CUSTOMER, warnings=[{"at_percent": 75}])
    waited(case, "2026-03-02 12:00", None)
    for at in ("2026-03-02 15:00", "2026-03-20 15:00"):
        clock = clock_of(case, by, at)
        assert (clock.state, clock.remaining, clock.counted) == (State.PAUSED, hours(5), hours(3))
        assert (clock.alarms, clock.now) == ((), None)


def test_what_is_resolved_straight_from_a_pause_took_no_longer_for_it() -> None:
    """A peer reported a hold from February to August as forty-two days of work."""
    case, by = opened(HOURS, **FOR_CUSTOMER)
    waited(case, "2026-03-02 11:00", None).then("2026-08-03 10:00", CaseResolved, outcome="solved")
    clock = clock_of(case, by, "2026-09-01 09:00")
    assert (clock.state, clock.counted, clock.remaining) == (State.MET, hours(2), hours(6))
    assert clock == clock_of(case, by, "2026-10-01 09:00")


def test_a_pause_may_lie_between_named_events() -> None:
    between = [{"ground": "material", "begins": "material-requested", "ends": "material-completed"}]
    case, by = opened({"type": "calendar_days", "amount": 10}, pauses={"between": between, "days": "whole"})
    case.then("2026-03-04 15:00", MaterialRequested, items=("receipt",))
    case.then("2026-03-09 10:00", MaterialCompleted)
    clock = clock_of(case, by, "2026-03-10 09:00")
    assert clock.due is not None
    assert clock.due.on == date(2026, 3, 16)  # the fifth to the eighth, four whole days
    assert [(one.why, one.note) for one in clock.segments if not one.counted] == [
        (Why.NOT_A_DAY, None),
        (Why.PAUSED, "material"),
    ]


@pytest.mark.parametrize(
    ("rule", "on", "at"),
    [
        ("exact", date(2026, 3, 16), instant("2026-03-16 19:00")),
        ("whole", date(2026, 3, 15), instant("2026-03-16 00:00")),
        ("touched", date(2026, 3, 17), instant("2026-03-18 00:00")),
    ],
)
def test_a_pause_moves_a_due_of_days_as_its_policy_says(rule: str, on: date, at: Any) -> None:
    """From Wednesday 15:00 to Sunday 10:00: three days and nineteen hours, three whole days, five that it touches."""
    case, by = opened({"type": "calendar_days", "amount": 10}, pauses={"grounds": ["customer"], "days": rule})
    clock = clock_of(waited(case, "2026-03-04 15:00", "2026-03-08 10:00"), by, "2026-03-10 09:00")
    assert clock.due is not None
    assert (clock.due.on, clock.due.at) == (on, at)


@pytest.mark.parametrize("rule", ["exact", "whole", "touched"])
def test_nothing_is_overdue_while_it_is_paused_though_the_pause_began_on_the_last_day(rule: str) -> None:
    pauses = {"grounds": ["customer"], "days": rule}
    case, by = opened(
        {"type": "calendar_days", "amount": 2}, pauses=pauses, escalations=[{"level": 1, "after_due": "PT1H"}]
    )
    case.then("2026-03-04 15:00", CasePaused, ground="customer")
    for at in ("2026-03-04 23:59", "2026-03-05 00:00", "2026-03-07 13:00"):
        clock = clock_of(case, by, at)
        assert (clock.state, clock.now, clock.when_due, clock.alarms) == (State.PAUSED, None, None, ())
        assert clock.remaining is not None
        assert clock.remaining >= hours(0)
    case.then("2026-03-07 14:00", CaseResumed, ground="customer")
    # Of whole days two count, the fifth and the sixth: nothing is left of the time.
    state = State.OVERDUE if rule == "whole" else State.RUNNING
    clock = clock_of(case, by, "2026-03-07 14:00")
    assert (clock.state, clock.when_due) == (state, Verdict.MISSED if rule == "whole" else None)


def test_another_rule_while_it_is_paused_undoes_no_miss_on_whatever_day_it_is_asked() -> None:
    slow, fast = ({"type": "calendar_days", "amount": amount} for amount in (20, 2))
    pauses = {"grounds": ["customer"], "days": "whole"}
    rules = [{"id": "low", "when": {"priority": ["low"]}, "targets": ["slow"]}, {"id": "all", "targets": ["fast"]}]
    document = policy(target(fast, id="fast", pauses=pauses), target(slow, id="slow", pauses=pauses), rules=rules)
    case = Case().received("2026-03-02 09:00").registered("2026-03-02 09:30", document, rule="all")
    case.then("2026-03-04 15:00", CasePaused, ground="customer")
    case.then("2026-03-06 10:00", CasePrioritised, priority="low")
    case.then("2026-03-06 10:00", CasePrioritised, priority="high")  # and back to the first target
    case.then("2026-03-06 10:00", CasePrioritised, priority="low")
    for at in ("2026-03-06 10:00", "2026-03-06 11:00", "2026-03-07 11:00", "2026-03-09 11:00"):
        found = clock_of(case, standards(document), at, "slow")
        assert (found.state, found.now, found.when_due) == (State.PAUSED, None, None)


@pytest.mark.parametrize(("rule", "on"), [("whole", date(2026, 3, 10)), ("touched", date(2026, 3, 12))])
def test_a_pause_moves_business_days_by_business_days(rule: str, on: date) -> None:
    case, by = opened({"type": "business_days", "amount": 5}, pauses={"grounds": ["customer"], "days": rule})
    clock = clock_of(waited(case, "2026-03-04 15:00", "2026-03-06 10:00"), by, "2026-03-07 09:00")
    assert clock.due is not None
    assert clock.due.on == on


def test_a_day_that_two_pauses_touch_is_taken_out_once() -> None:
    case, by = opened({"type": "calendar_days", "amount": 10}, pauses={"grounds": ["customer"], "days": "touched"})
    waited(case, "2026-03-04 09:00", "2026-03-04 10:00")
    waited(case, "2026-03-04 15:00", "2026-03-05 10:00")
    clock = clock_of(case, by, "2026-03-06 09:00")
    assert clock.due is not None
    assert clock.due.on == date(2026, 3, 14)


def test_a_target_resumed_by_a_reopening_goes_on_with_the_time_that_was_left() -> None:
    case, by = opened(HOURS, reopen="resume")
    case.then("2026-03-02 14:00", CaseResolved, outcome="solved")
    case.then("2026-03-04 09:00", CaseReopened)
    clock = clock_of(case, by, "2026-03-04 10:00")
    assert (clock.key.cycle, clock.state, clock.counted) == (1, State.RUNNING, hours(6))
    assert at_due(clock) == instant("2026-03-04 12:00")
    case.then("2026-03-04 13:00", CaseResolved, outcome="solved")
    assert clock_of(case, by, "2026-03-05 09:00").now is Verdict.MISSED


MOMENTS = st.integers(0, 12).map(lambda hour: MONDAY + timedelta(hours=hour))
PAUSES = st.lists(st.builds(Pause, MOMENTS, st.none() | MOMENTS, st.just("customer"), st.integers(0, 9), st.none()))


@given(PAUSES, MOMENTS, st.none() | MOMENTS)
def test_the_pauses_of_a_window_are_those_of_which_something_lies_in_it(
    pauses: list[Pause], begin: datetime, end: datetime | None
) -> None:
    in_order = sorted(pauses, key=lambda one: (one.begin, one.place))
    cut = [clipped(pause, begin, end) for pause in in_order]
    assert list(Stretches(in_order).within(begin, end)) == [pause for pause in cut if pause is not None]
