from datetime import date, timedelta
from typing import Any

import pytest

from domain.case.dialogue import CustomerReplied
from domain.case.events import CaseClosed, CaseReopened, CaseResolved, ResponseSent
from domain.case.outside import HotlineInformed
from domain.case.relations import CaseMerged
from domain.case.settlement import CaseWithdrawn, ProposalAccepted
from domain.case.statutory import ComplainantNotified, DecisionMade
from domain.sla.clock import State, Verdict, Why
from tests.domain.sla.history import CASE, Case, clock_of, clocks_of, hours, instant, policy, standards, target

FIFTEEN_DAYS = {"type": "calendar_days", "amount": 15}
DECIDED_AND_NOTIFIED = "all(decision-made, complainant-notified(of=decision, version=@decision-made))"


def opened(*targets: dict[str, Any], **fields: Any) -> tuple[Case, Any]:
    rules = policy(*targets, **fields)
    return Case().received("2026-03-02 09:00").registered("2026-03-02 09:30", rules), standards(rules)


def test_a_stop_at_exactly_the_due_is_in_time_and_one_microsecond_later_it_is_not() -> None:
    case, by = opened(target({"type": "elapsed", "amount": "PT8H"}))
    case.then("2026-03-02 17:00", CaseResolved, outcome="solved")
    clock = clock_of(case, by, "2026-03-03 09:00")
    assert (clock.state, clock.now, clock.remaining) == (State.MET, Verdict.KEPT, timedelta())
    late, by = opened(target({"type": "elapsed", "amount": "PT8H"}))
    late.then("2026-03-02 17:00:00.000001", CaseResolved, outcome="solved")
    clock = clock_of(late, by, "2026-03-03 09:00")
    assert (clock.state, clock.now) == (State.MET_LATE, Verdict.MISSED)


def test_a_due_that_counts_days_is_missed_at_the_very_midnight() -> None:
    case, by = opened(target(FIFTEEN_DAYS))
    case.then("2026-03-18 00:00", CaseResolved, outcome="solved")
    assert clock_of(case, by, "2026-03-18 09:00").now is Verdict.MISSED
    in_time, by = opened(target(FIFTEEN_DAYS))
    in_time.then("2026-03-17 23:59:59.999999", CaseResolved, outcome="solved")
    assert clock_of(in_time, by, "2026-03-18 09:00").now is Verdict.KEPT


@pytest.mark.parametrize(("dated", "verdict"), [("2026-03-17", Verdict.KEPT), ("2026-03-18", Verdict.MISSED)])
def test_a_letter_of_which_only_the_day_is_known_compares_by_its_day(dated: str, verdict: Verdict) -> None:
    case, by = opened(target(FIFTEEN_DAYS, stop="response-sent(kind=final)"))
    case.then(dated, ResponseSent, kind="final", channel="letter")
    clock = clock_of(case, by, "2026-03-20 09:00")
    assert (clock.now, clock.stop.by_day if clock.stop else None) == (verdict, True)


def test_a_letter_of_a_day_is_in_time_for_a_due_at_some_hour_of_that_day() -> None:
    case, by = opened(target({"type": "elapsed", "amount": "PT8H"}, stop="response-sent"))
    case.then("2026-03-02", ResponseSent, kind="final", channel="letter", known="2026-03-02 18:00")
    clock = clock_of(case, by, "2026-03-02 20:00")
    assert (clock.state, clock.now) == (State.MET, Verdict.KEPT)


def test_any_of_several_events_stops_a_target_and_the_first_of_them_counts() -> None:
    case, by = opened(target(stop="any(response-sent(kind=final), case-resolved)"))
    case.then("2026-03-02 15:00", ResponseSent, kind="update", channel="email")
    case.then("2026-03-02 16:00", CaseResolved, outcome="solved")
    case.then("2026-03-02 16:30", ResponseSent, kind="final", channel="email")
    clock = clock_of(case, by, "2026-03-04 09:00")
    assert clock.stop is not None
    assert (clock.stop.version, clock.stop.at) == (5, instant("2026-03-02 16:00"))


def test_all_of_several_events_stop_a_target_when_the_last_of_them_is_there() -> None:
    case, by = opened(target(FIFTEEN_DAYS, stop="all(case-resolved, response-sent(kind=final), hotline-informed)"))
    case.then("2026-03-04 10:00", HotlineInformed)
    case.then("2026-03-05 10:00", ResponseSent, kind="final", channel="hotline")
    assert clock_of(case, by, "2026-03-06 09:00").state is State.RUNNING
    case.then("2026-03-07 10:00", CaseResolved, outcome="solved")
    clock = clock_of(case, by, "2026-03-08 09:00")
    assert (clock.state, clock.stop.version if clock.stop else None) == (State.MET, 6)


def test_a_notice_before_the_decision_does_not_stop_the_duty_to_decide_and_notify() -> None:
    case, by = opened(target(FIFTEEN_DAYS, stop=DECIDED_AND_NOTIFIED))
    case.then("2026-03-05 10:00", ComplainantNotified, of="extension")
    case.then("2026-03-06 10:00", ComplainantNotified, of="decision")
    case.then("2026-03-10 10:00", DecisionMade, outcome="upheld")
    assert clock_of(case, by, "2026-03-16 09:00").state is State.RUNNING
    assert clock_of(case, by, "2026-03-18 09:00").state is State.OVERDUE


def test_the_notice_that_names_the_decision_stops_it_and_so_does_one_that_names_none_behind_it() -> None:
    for version in (None, 4):
        case, by = opened(target(FIFTEEN_DAYS, stop=DECIDED_AND_NOTIFIED))
        case.then("2026-03-10 10:00", DecisionMade, outcome="upheld")
        case.then("2026-03-16 10:00", ComplainantNotified, of="decision", version=version)
        clock = clock_of(case, by, "2026-03-18 09:00")
        assert (clock.state, clock.stop.version if clock.stop else None) == (State.MET, 5)


def test_a_notice_of_an_earlier_decision_is_none_of_the_one_that_counts() -> None:
    upheld = "all(decision-made(outcome=upheld), complainant-notified(version=@decision-made))"
    case, by = opened(target(FIFTEEN_DAYS, stop=upheld))
    case.then("2026-03-05 10:00", DecisionMade, outcome="rejected")
    case.then("2026-03-10 10:00", DecisionMade, outcome="upheld")
    case.then("2026-03-11 10:00", ComplainantNotified, of="decision", version=4)
    assert clock_of(case, by, "2026-03-16 09:00").state is State.RUNNING
    case.then("2026-03-16 10:00", ComplainantNotified, of="decision", version=5)
    assert clock_of(case, by, "2026-03-16 12:00").state is State.MET


def test_one_letter_stops_a_duty_and_starts_the_next_one() -> None:
    every_fortnight = target(
        {"type": "calendar_days", "amount": 14},
        id="update",
        kind="next_response",
        start="any(case-received, response-sent(kind=update))",
        stop="response-sent(kind=update|final)",
        instances="start",
    )
    case, by = opened(every_fortnight)
    case.then("2026-03-10 10:00", ResponseSent, kind="update", channel="email")
    case.then("2026-03-30 10:00", ResponseSent, kind="final", channel="email")
    found = clocks_of(case, by, "2026-04-20 10:00")
    assert [found[f"update/1/{instance}"].now for instance in (1, 2)] == [Verdict.KEPT, Verdict.MISSED]
    assert "update/1/3" not in found


def test_an_expiry_that_opens_another_target_is_no_miss() -> None:
    """Three business days to a summary resolution; missing them only brings the eight weeks into force (DISP 1.5)."""
    three = target(
        {"type": "business_days", "amount": 3},
        id="summary",
        stop="proposal-accepted",
        on_expiry="opens",
        opens="eight-weeks",
    )
    eight = target({"type": "weeks", "amount": 8}, id="eight-weeks", stop="response-sent(kind=final)")
    case, by = opened(eight, three)
    before = clocks_of(case, by, "2026-03-05 23:00")
    assert (before["summary"].state, "eight-weeks" in before) == (State.RUNNING, False)
    assert [alarm.kind for alarm in before["summary"].alarms] == ["lapse"]
    case.then("2026-03-12 10:00", ProposalAccepted, channel="hotline")
    after = clocks_of(case, by, "2026-03-20 10:00")
    summary, long = after["summary"], after["eight-weeks"]
    assert (summary.state, summary.now, summary.when_due, summary.stop) == (State.LAPSED, None, None, None)
    assert (long.state, long.started_at, long.started_by) == (State.RUNNING, instant("2026-03-06 00:00"), None)
    assert (long.measured_from, long.due.on if long.due else None) == (instant("2026-03-02 09:00"), date(2026, 4, 27))


def test_a_case_withdrawn_before_a_target_ran_out_opens_nothing() -> None:
    three = target({"type": "business_days", "amount": 3}, id="summary", on_expiry="opens", opens="eight-weeks")
    eight = target({"type": "weeks", "amount": 8}, id="eight-weeks", stop="response-sent(kind=final)")
    case, by = opened(three, eight)
    case.then("2026-03-04 10:00", CaseWithdrawn, channel="hotline")
    found = clocks_of(case, by, "2026-05-20 10:00")
    assert {name: clock.state for name, clock in found.items() if "/" not in name} == {"summary": State.CANCELLED}


def test_what_is_opened_only_by_expiry_never_begins_when_the_first_target_was_met() -> None:
    fifteen = target(FIFTEEN_DAYS, id="fifteen", stop="response-sent", on_expiry="opens", opens="sixty")
    sixty = target({"type": "calendar_days", "amount": 60}, id="sixty", stop="response-sent(kind=final)")
    rules = [{"id": "all", "targets": ["fifteen"]}]
    case, by = opened(fifteen, sixty, rules=rules)
    case.then("2026-03-10 10:00", ResponseSent, kind="final", channel="email")
    assert [name for name in clocks_of(case, by, "2026-05-20 10:00") if "/" not in name] == ["fifteen"]
    silent, by = opened(fifteen, sixty, rules=rules)
    found = clocks_of(silent, by, "2026-05-20 10:00")
    assert (found["fifteen"].state, found["sixty"].state) == (State.LAPSED, State.OVERDUE)


def test_what_was_done_before_an_expiry_asked_for_it_is_done_and_a_reopening_of_the_target_undoes_it() -> None:
    three = target(
        {"type": "business_days", "amount": 3}, id="summary", stop="proposal-accepted", on_expiry="opens", opens="long"
    )
    long = target({"type": "weeks", "amount": 8}, id="long", stop="response-sent(kind=final)", reopen="resume")
    case, by = opened(three, long, rules=[{"id": "all", "targets": ["summary"]}])
    case.then("2026-03-03 10:00", ResponseSent, kind="final", channel="email")
    assert "long" not in clocks_of(case, by, "2026-03-05 23:00")
    clock = clocks_of(case, by, "2026-05-20 10:00")["long"]
    assert (clock.state, clock.when_due, clock.now) == (State.MET, Verdict.KEPT, Verdict.KEPT)
    assert clock.counted == hours(10)  # the day of the receipt is excluded
    assert [segment.why for segment in clock.segments] == [Why.NOT_A_DAY, Why.BEFORE_START]
    case.then("2026-03-04 10:00", CaseReopened)
    resumed = clocks_of(case, by, "2026-05-20 10:00")["long"]
    assert (resumed.state, resumed.stop, resumed.key.cycle) == (State.OVERDUE, None, 1)


def test_what_an_expiry_opens_begins_once_also_when_the_next_event_ends_it() -> None:
    three = target({"type": "business_days", "amount": 3}, id="summary", on_expiry="opens", opens="eight-weeks")
    eight = target({"type": "weeks", "amount": 8}, id="eight-weeks", stop="response-sent", instances="start")
    case, by = opened(three, eight, rules=[{"id": "all", "targets": ["summary"]}])
    case.then("2026-03-10 10:00", ResponseSent, kind="final", channel="email")
    found = clocks_of(case, by, "2026-05-20 10:00")
    assert (found["eight-weeks/1/1"].state, "eight-weeks/1/2" in found) == (State.MET, False)


def test_silence_gives_the_customer_a_right_and_is_no_miss() -> None:
    """Fifteen days without an answer open the way to the appeal body (电信用户申诉处理办法)."""
    case, by = opened(target(FIFTEEN_DAYS, stop="response-sent", on_expiry="right_arises"))
    assert clock_of(case, by, "2026-03-17 12:00").state is State.RUNNING
    lapsed = clock_of(case, by, "2026-03-18 12:00")
    assert (lapsed.state, lapsed.now, lapsed.when_due) == (State.LAPSED, None, None)
    case.then("2026-03-20 10:00", ResponseSent, kind="final", channel="email")
    answered = clock_of(case, by, "2026-03-21 12:00")
    assert (answered.state, answered.stop is not None, answered.now) == (State.LAPSED, True, None)


@pytest.mark.parametrize(
    ("event", "fields"),
    [(CaseWithdrawn, {"channel": "hotline"}), (CaseMerged, {"into": CASE}), (CaseClosed, {})],
)
def test_what_ends_a_case_cancels_a_clock_that_runs_and_leaves_a_miss_a_miss(
    event: Any, fields: dict[str, Any]
) -> None:
    case, by = opened(target(FIFTEEN_DAYS))
    case.then("2026-03-10 10:00", event, **fields)
    clock = clock_of(case, by, "2026-05-20 10:00")
    assert (clock.state, clock.now, clock.when_due, clock.alarms) == (State.CANCELLED, None, None, ())
    late, by = opened(target(FIFTEEN_DAYS))
    late.then("2026-03-18 10:00", event, **fields)
    clock = clock_of(late, by, "2026-05-20 10:00")
    assert (clock.state, clock.now, clock.when_due) == (State.OVERDUE, Verdict.MISSED, Verdict.MISSED)
    assert clock.cancelled is not None
    assert [alarm.kind for alarm in clock.alarms] == ["miss"]


def test_two_unanswered_messages_are_one_duty_from_the_older_one() -> None:
    answer = target(
        {"type": "elapsed", "amount": "PT24H"},
        id="next",
        kind="next_response",
        start="customer-replied",
        stop="response-sent",
        instances="start",
    )
    case, by = opened(answer)
    assert clock_of(case, by, "2026-03-02 10:00", "next").state is State.NOT_STARTED
    case.then("2026-03-03 09:00", CustomerReplied, channel="email")
    case.then("2026-03-03 15:00", CustomerReplied, channel="email")
    clock = clock_of(case, by, "2026-03-03 16:00", "next")
    assert (clock.started_at, clock.key.instance) == (instant("2026-03-03 09:00"), 1)
    case.then("2026-03-04 08:00", ResponseSent, kind="update", channel="email")
    case.then("2026-03-05 09:00", CustomerReplied, channel="email")
    found = clocks_of(case, by, "2026-03-06 12:00")
    assert [found[f"next/1/{instance}"].state for instance in (1, 2)] == [State.MET, State.OVERDUE]
