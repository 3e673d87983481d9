from typing import Any

from domain.case.deadline import DeadlineWarned
from domain.case.dialogue import CustomerReplied
from domain.case.escalation import CaseEscalated
from domain.case.events import CaseReopened, CaseResolved
from domain.sla.clock import Alarm, Clock
from tests.domain.sla.history import Case, clock_of, instant, policy, standards, target

EIGHT_HOURS = {"type": "working_time", "amount": "PT8H"}
LADDER = [{"level": 1, "at_percent": 50}, {"level": 2, "at_percent": 100}, {"level": 3, "after_due": "PT24H"}]


def opened(clock: dict[str, Any], **fields: Any) -> tuple[Case, Any]:
    rules = policy(target(clock, **fields))
    return Case().received("2026-03-02 13:00").registered("2026-03-02 13:00", rules), standards(rules)


def told(clock: Clock) -> list[tuple[str, int, Any]]:
    return [(alarm.kind, alarm.number, alarm.at) for alarm in clock.alarms]


def test_a_warning_comes_at_a_share_of_the_target_in_its_own_time() -> None:
    """Three quarters of eight working hours from one o'clock are ten o'clock the next morning, not seven at night."""
    case, by = opened(EIGHT_HOURS, warnings=[{"at_percent": 75}, {"before": "PT30M"}])
    clock = clock_of(case, by, "2026-03-02 14:00")
    assert told(clock) == [
        ("warning", 0, instant("2026-03-03 11:00")),
        ("warning", 1, instant("2026-03-03 12:30")),
        ("miss", 0, instant("2026-03-03 13:00")),
    ]
    assert clock.next_alarm == instant("2026-03-03 11:00")


def test_a_warning_three_business_days_before_comes_when_the_office_opens() -> None:
    case, by = opened({"type": "weeks", "amount": 8}, warnings=[{"before_business_days": 3}])
    assert told(clock_of(case, by, "2026-03-03 09:00"))[0] == ("warning", 0, instant("2026-04-22 09:00"))


def test_a_share_of_business_days_leaves_the_weekend_out() -> None:
    case, by = opened({"type": "business_days", "amount": 10}, warnings=[{"at_percent": 50}])
    assert told(clock_of(case, by, "2026-03-03 09:00"))[0] == ("warning", 0, instant("2026-03-10 00:00"))


def test_the_escalation_ladder_rises_before_at_and_after_the_due() -> None:
    case, by = opened(EIGHT_HOURS, escalations=LADDER)
    clock = clock_of(case, by, "2026-03-02 14:00")
    assert clock.alarms == (
        Alarm("escalation", instant("2026-03-02 17:00"), 0, 1),
        Alarm("miss", instant("2026-03-03 13:00"), 0),
        Alarm("escalation", instant("2026-03-03 13:00"), 1, 2),
        Alarm("escalation", instant("2026-03-04 13:00"), 2, 3),
    )


def test_what_was_recorded_is_not_to_be_told_again() -> None:
    case, by = opened(EIGHT_HOURS, escalations=LADDER, warnings=[{"at_percent": 50}, {"at_percent": 75}])
    warned: dict[str, Any] = {"policy": "service", "target": "resolution", "cycle": 1, "instance": 1}
    case.then("2026-03-02 17:00", DeadlineWarned, **warned, number=0, due_at=instant("2026-03-03 13:00"))
    case.then("2026-03-02 17:00", CaseEscalated, level=1, by="alarm")
    clock = clock_of(case, by, "2026-03-03 09:00")
    assert [(alarm.kind, alarm.number) for alarm in clock.alarms] == [
        ("warning", 1),
        ("miss", 0),
        ("escalation", 1),
        ("escalation", 2),
    ]
    case.missed("2026-03-03 13:00")
    late = clock_of(case, by, "2026-03-03 14:00")
    assert [(alarm.kind, alarm.level) for alarm in late.alarms] == [("escalation", 2), ("escalation", 3)]


def test_a_miss_that_nobody_noted_is_still_to_be_told_when_the_case_is_resolved() -> None:
    case, by = opened(EIGHT_HOURS, escalations=LADDER, warnings=[{"at_percent": 50}])
    case.then("2026-03-04 09:00", CaseResolved, outcome="solved")
    assert told(clock_of(case, by, "2026-03-05 09:00")) == [("miss", 0, instant("2026-03-03 13:00"))]


def test_what_was_met_in_time_raises_no_alarm() -> None:
    case, by = opened(EIGHT_HOURS, escalations=LADDER, warnings=[{"at_percent": 50}])
    case.then("2026-03-02 14:00", CaseResolved, outcome="solved")
    assert clock_of(case, by, "2026-03-02 15:00").alarms == ()


def test_a_deadline_that_had_passed_before_its_case_was_imported_raises_no_alarm() -> None:
    rules = policy(target(EIGHT_HOURS))
    case = Case().received("2026-03-02 13:00", known="2026-06-01 09:00", imported=True)
    case.registered("2026-03-02 13:00", rules, known="2026-06-01 09:00", imported=True)
    clock = clock_of(case, standards(rules), "2026-06-02 09:00")
    assert (clock.state.value, clock.alarms) == ("overdue", ())


def test_nor_does_one_of_a_target_whose_turn_had_come_and_gone_before_the_import() -> None:
    days = {"type": "calendar_days", "amount": 7}
    first = target(days, id="first", on_expiry="opens", opens="next")
    rules = policy(first, target(days | {"amount": 14}, id="next"))
    late, in_time = "2026-06-01 09:00", "2026-03-12 09:00"
    for known, raised in ((late, []), (in_time, ["miss"])):
        case = Case().received("2026-03-02 13:00", known=known, imported=True)
        case.registered("2026-03-02 13:00", rules, known=known, imported=True)
        clock = clock_of(case, standards(rules), "2026-06-02 09:00", "next")
        assert (clock.state.value, [alarm.kind for alarm in clock.alarms]) == ("overdue", raised)


def test_a_clock_that_begins_later_does_not_ask_for_a_level_that_the_case_has_reached() -> None:
    later = target(EIGHT_HOURS, id="answer", start="customer-replied", stop="response-sent", escalations=LADDER)
    rules = policy(target(EIGHT_HOURS, escalations=LADDER), later)
    case = Case().received("2026-03-02 13:00").registered("2026-03-02 13:00", rules)
    case.then("2026-03-02 17:00", CaseEscalated, level=1, by="alarm")
    case.then("2026-03-03 09:00", CustomerReplied, channel="email")
    alarms = clock_of(case, standards(rules), "2026-03-03 10:00", "answer").alarms
    assert [(alarm.kind, alarm.level) for alarm in alarms] == [("miss", None), ("escalation", 2), ("escalation", 3)]


def test_a_case_that_has_ended_is_not_escalated_until_it_is_reopened() -> None:
    rules = policy(target(EIGHT_HOURS, stop="response-sent", cancel="case-withdrawn", escalations=LADDER))
    case, by = Case().received("2026-03-02 13:00").registered("2026-03-02 13:00", rules), standards(rules)
    case.then("2026-03-02 17:00", CaseEscalated, level=1, by="alarm")
    case.then("2026-03-03 12:00", CaseResolved, outcome="upheld")
    ended = clock_of(case, by, "2026-03-03 14:00")
    assert (ended.state.value, told(ended)) == ("overdue", [("miss", 0, instant("2026-03-03 13:00"))])
    case.then("2026-03-03 15:00", CaseReopened, reason="not so")
    again = clock_of(case, by, "2026-03-03 16:00", "resolution/1/1")
    assert [(alarm.kind, alarm.level) for alarm in again.alarms] == [
        ("miss", None),
        ("escalation", 2),
        ("escalation", 3),
    ]
