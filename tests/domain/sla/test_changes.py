from datetime import date
from typing import Any

from domain.case.events import (
    CaseAssigned,
    CaseAttributesRecorded,
    CaseClassified,
    CaseDispatched,
    CasePaused,
    CasePrioritised,
    CaseResolved,
    CaseResumed,
    CaseTransferred,
    KindChanged,
    ResponseSent,
)
from domain.sla.clock import State, Verdict
from domain.sla.explain import explained
from domain.sla.unit_hours import HoursOfUnit, KnownSpells, Spell, UnitHours
from tests.domain.sla.history import (
    LONG_AGO,
    Case,
    calendar,
    clock_of,
    clocks_of,
    hours,
    instant,
    policy,
    standards,
    target,
    tier,
)

EIGHT = target({"type": "elapsed", "amount": "PT8H"}, id="eight", pauses={"grounds": ["customer"]})
FOUR = target({"type": "elapsed", "amount": "PT4H"}, id="four", pauses={"grounds": ["customer"]})
BY_PRIORITY = {
    "rules": [
        {"id": "urgent", "when": {"priority": ["critical", "high"]}, "targets": ["four"]},
        {"id": "all", "targets": ["eight"]},
    ]
}


def opened(*targets: dict[str, Any], **fields: Any) -> tuple[Case, Any]:
    rules = policy(*targets, **fields)
    case = Case().received("2026-03-02 09:00").registered("2026-03-02 09:30", rules, rule="all", unit="desk")
    return case, standards(rules)


def raised(case: Case, at: str, priority: str = "high", **how: Any) -> Case:
    return case.then(at, CasePrioritised, priority=priority, **how)


def test_a_priority_raised_in_time_gives_the_shorter_target_from_the_original_start() -> None:
    case, by = opened(FOUR, EIGHT, **BY_PRIORITY)
    clock = clock_of(raised(case, "2026-03-02 11:00"), by, "2026-03-02 12:00", "four")
    assert clock.due is not None
    assert clock.original is not None
    assert (clock.due.at, clock.original.at) == (instant("2026-03-02 13:00"), instant("2026-03-02 17:00"))
    assert (clock.started_at, clock.basis.rule, clock.born_overdue) == (instant("2026-03-02 09:00"), "urgent", False)


def test_a_priority_raised_at_hour_ten_of_a_new_four_hour_target_is_born_overdue_and_missed_at_that_instant() -> None:
    day = target({"type": "elapsed", "amount": "PT24H"}, id="eight")
    case, by = opened(FOUR, day, **BY_PRIORITY)
    clock = clock_of(raised(case, "2026-03-02 19:00"), by, "2026-03-02 19:00", "four")
    assert (clock.born_overdue, clock.state, clock.now) == (True, State.OVERDUE, Verdict.MISSED)
    assert [(alarm.kind, alarm.at) for alarm in clock.alarms] == [("miss", instant("2026-03-02 19:00"))]
    assert "eight" not in clocks_of(case, by, "2026-03-02 19:00")


def test_a_change_after_the_due_does_not_undo_the_miss() -> None:
    long = target({"type": "elapsed", "amount": "PT48H"}, id="eight")
    rules = {
        "rules": [
            {"id": "all", "when": {"priority": ["high"]}, "targets": ["four"]},
            {"id": "slow", "when": {"priority": ["low"]}, "targets": ["eight"]},
        ]
    }
    case, by = opened(FOUR, long, **rules)
    raised(case, "2026-03-02 15:00", "low")
    clock = clock_of(case, by, "2026-03-02 16:00", "four")
    assert (clock.state, clock.now) == (State.OVERDUE, Verdict.MISSED)


def test_the_final_rule_decides_where_a_policy_says_so_and_the_verdict_when_due_stays_missed() -> None:
    long = target({"type": "elapsed", "amount": "PT48H"}, id="eight")
    case, by = opened({**FOUR, "on_change": "final"}, {**long, "on_change": "final"}, **BY_PRIORITY)
    raised(case, "2026-03-02 10:00")
    clock = clock_of(case, by, "2026-03-02 15:00", "four")
    assert (clock.state, clock.when_due, clock.now) == (State.OVERDUE, Verdict.MISSED, Verdict.MISSED)
    raised(case, "2026-03-02 15:00", "low")
    clock = clock_of(case, by, "2026-03-02 16:00", "eight")
    assert (clock.state, clock.when_due, clock.now, clock.born_overdue) == (State.RUNNING, Verdict.MISSED, None, False)
    assert [(alarm.kind, alarm.at) for alarm in clock.alarms] == [("miss", instant("2026-03-04 09:00"))]
    case.then("2026-03-03 09:00", CaseResolved, outcome="solved")
    clock = clock_of(case, by, "2026-03-05 09:00", "eight")
    assert (clock.state, clock.when_due, clock.now) == (State.MET, Verdict.MISSED, Verdict.KEPT)
    assert clock.alarms == ()
    assert "four" not in clocks_of(case, by, "2026-03-05 09:00")


def test_of_dues_that_have_all_passed_the_final_one_counts() -> None:
    case, by = opened({**FOUR, "on_change": "final"}, {**EIGHT, "on_change": "final"}, **BY_PRIORITY)
    raised(case, "2026-03-02 19:00")
    clock = clock_of(case, by, "2026-03-02 20:00", "four")
    assert clock.due is not None
    assert (clock.due.at, clock.born_overdue) == (instant("2026-03-02 13:00"), False)
    assert (clock.state, clock.when_due, clock.now) == (State.OVERDUE, Verdict.MISSED, Verdict.MISSED)


def test_a_final_rule_that_asks_for_nothing_leaves_the_miss_as_it_is() -> None:
    rules = [{"id": "all", "targets": ["four"]}, {"id": "high", "when": {"priority": ["high"]}, "targets": ["other"]}]
    other = target({"type": "elapsed", "amount": "PT48H"}, id="other", kind="notice", stop="response-sent")
    case, by = opened({**FOUR, "on_change": "final"}, other, rules=rules[::-1])
    raised(case, "2026-03-02 15:00")
    clock = clock_of(case, by, "2026-03-02 16:00", "four")
    assert (clock.state, clock.now) == (State.OVERDUE, Verdict.MISSED)


def test_a_target_may_be_kept_whatever_changes() -> None:
    case, by = opened(FOUR, {**EIGHT, "on_change": "keep"}, **BY_PRIORITY)
    found = clocks_of(raised(case, "2026-03-02 11:00"), by, "2026-03-02 12:00")
    assert [name for name in found if "/" not in name] == ["eight"]


def test_accrued_pauses_carry_over_to_the_new_target() -> None:
    """Peers forget them: eight hours, three of them paused, become four from the same start."""
    case, by = opened({**FOUR, "pauses": {}}, EIGHT, **BY_PRIORITY)
    case.then("2026-03-02 10:00", CasePaused, ground="customer").then(
        "2026-03-02 13:00", CaseResumed, ground="customer"
    )
    clock = clock_of(raised(case, "2026-03-02 13:30"), by, "2026-03-02 14:00", "four")
    assert clock.due is not None
    assert (clock.due.at, clock.counted) == (instant("2026-03-02 16:00"), hours(2))


def test_a_finished_target_is_not_opened_again_by_a_change() -> None:
    case, by = opened(FOUR, EIGHT, **BY_PRIORITY)
    case.then("2026-03-02 10:00", CaseResolved, outcome="solved")
    found = clocks_of(raised(case, "2026-03-03 11:00"), by, "2026-03-03 12:00")
    assert {name: clock.state for name, clock in found.items() if "/" not in name} == {"eight": State.MET}


def test_a_change_of_kind_brings_duties_that_were_none_before_and_drops_what_is_owed_no_longer() -> None:
    internal = target({"type": "elapsed", "amount": "PT48H"}, id="inquiry", kind="first_response", stop="response-sent")
    duty = target({"type": "weeks", "amount": 8}, id="duty", statute={"clause": "DISP 1.6.2R", "source": "handbook"})
    rules = [
        {"id": "complaints", "when": {"kind": ["complaint"]}, "targets": ["duty"]},
        {"id": "all", "targets": ["inquiry"]},
    ]
    document = policy(internal, duty, rules=rules)
    by = standards(document)
    case = Case().received("2026-03-02 09:00", kind="inquiry")  # type: ignore[arg-type]
    case.registered("2026-03-02 09:30", document, rule="all")
    case.then("2026-03-03 09:00", KindChanged, kind="complaint")
    found = clocks_of(case, by, "2026-03-04 10:00")
    assert (found["inquiry"].state, found["inquiry"].cancelled is not None) == (State.CANCELLED, True)
    assert found["duty"].due is not None
    assert (found["duty"].started_at, found["duty"].due.on) == (instant("2026-03-02 09:00"), date(2026, 4, 27))
    late = Case().received("2026-03-02 09:00", kind="inquiry")  # type: ignore[arg-type]
    late.registered("2026-03-02 09:30", document, rule="all").then("2026-06-01 09:00", KindChanged, kind="complaint")
    assert clock_of(late, by, "2026-06-01 09:00", "duty").born_overdue


def test_each_fact_that_a_rule_asks_for_may_change_the_rule() -> None:
    changes: dict[str, Any] = {
        "category": (CaseClassified, {"category": "billing"}, ["billing"]),
        "unit": (CaseTransferred, {"from_unit": "desk", "to_unit": "north"}, ["north"]),
    }
    for field, (event, fields, wanted) in changes.items():
        rules = [{"id": "some", "when": {field: wanted}, "targets": ["four"]}, {"id": "all", "targets": ["eight"]}]
        case, by = opened(FOUR, EIGHT, rules=rules)
        case.then("2026-03-02 10:00", event, **fields)
        assert clock_of(case, by, "2026-03-02 11:00", "four").basis.rule == "some", field
    product = [
        {"id": "some", "when": {"attributes": {"product": ["cards"]}}, "targets": ["four"]},
        {"id": "all", "targets": ["eight"]},
    ]
    case, by = opened(FOUR, EIGHT, rules=product)
    case.then("2026-03-02 10:00", CaseAttributesRecorded, attributes=({"name": "product", "value": "cards"},))
    assert clock_of(case, by, "2026-03-02 11:00", "four").state is State.RUNNING


def test_the_customers_tier_may_change_the_rule_without_an_event_of_the_case() -> None:
    rules = [{"id": "gold", "when": {"tier": ["gold"]}, "targets": ["four"]}, {"id": "all", "targets": ["eight"]}]
    case, by = opened(FOUR, EIGHT, rules=rules)
    tiers = (tier("2026-01-01 00:00", "silver"), tier("2026-03-02 10:00", "gold"))
    found = clocks_of(case, by, "2026-03-02 11:00", tier_at=tiers)
    assert [name for name in found if "/" not in name] == ["four"]
    assert "eight" in clocks_of(case, by, "2026-03-02 11:00", tier_at=tiers[:1])


def test_the_first_tier_that_a_customer_is_put_in_may_change_the_rule_of_a_case_that_was_there_before() -> None:
    rules = [{"id": "gold", "when": {"tier": ["gold"]}, "targets": ["four"]}, {"id": "all", "targets": ["eight"]}]
    case, by = opened(FOUR, EIGHT, rules=rules)
    found = clocks_of(case, by, "2026-03-02 11:00", tier_at=[tier("2026-03-02 10:00", "gold")])
    assert [name for name in found if "/" not in name] == ["four"]


def test_a_tier_that_the_customer_has_later_is_none_of_their_tier_before() -> None:
    rules = [{"id": "gold", "when": {"tier": ["gold"]}, "targets": ["four"]}, {"id": "all", "targets": ["eight"]}]
    case, by = opened(FOUR, EIGHT, rules=rules)
    tiers = (tier("2026-01-01 00:00", "silver"), tier("2026-03-02 15:00", "gold"))
    before = clocks_of(case, by, "2026-03-02 14:59", tier_at=tiers)
    assert before == clocks_of(case, by, "2026-03-02 14:59", tier_at=tiers[:1])
    assert {name: clock.state for name, clock in before.items() if "/" not in name} == {"eight": State.RUNNING}
    assert clock_of(case, by, "2026-03-02 15:00", "four", tier_at=tiers).state is State.OVERDUE


def test_a_fact_that_no_rule_asks_for_changes_nothing() -> None:
    case, by = opened(FOUR, EIGHT, **BY_PRIORITY)
    before = clock_of(case, by, "2026-03-02 12:00", "eight")
    case.then("2026-03-02 10:00", CaseClassified, category="billing")
    assert clock_of(case, by, "2026-03-02 12:00", "eight") == before


def test_a_change_recorded_late_is_no_part_of_what_was_known_when_due() -> None:
    case, by = opened(FOUR, EIGHT, **BY_PRIORITY)
    raised(case, "2026-03-02 11:00", known="2026-03-02 16:00")
    case.then("2026-03-02 16:30", CaseResolved, outcome="solved")
    clock = clock_of(case, by, "2026-03-03 09:00", "four")
    assert (clock.now, clock.when_due, clock.rests_on_late) == (Verdict.MISSED, Verdict.MISSED, True)


def test_after_a_transfer_the_hours_of_the_new_unit_hold_where_the_policy_says_so() -> None:
    eight = {"type": "working_time", "amount": "PT8H"}
    night = calendar("night", week={day: ["18:00-24:00"] for day in ("mon", "tue", "wed")})
    units = {"night shift": UnitHours("night", "UTC")}
    for on_transfer, due in (("move", "2026-03-02 23:00"), ("keep", "2026-03-02 17:00")):
        rules = policy(target(eight, on_transfer=on_transfer))
        case = Case().received("2026-03-02 09:00").registered("2026-03-02 09:00", rules, unit="desk")
        case.then("2026-03-02 12:00", CaseTransferred, from_unit="desk", to_unit="night shift")
        by = standards(rules, calendars=[calendar(), night], units=units)
        clock = clock_of(case, by, "2026-03-02 13:00")
        assert clock.due is not None
        assert clock.due.at == instant(due)
        back = case.then("2026-03-02 19:00", CaseTransferred, from_unit="night shift", to_unit="desk")
        clock = clock_of(back, by, "2026-03-02 20:00")
        assert clock.due is not None
        assert clock.due.at == instant("2026-03-03 13:00" if on_transfer == "move" else due)


def test_other_hours_of_the_unit_that_has_a_case_count_from_then_on_and_touch_nothing_that_is_over() -> None:
    eight = {"type": "working_time", "amount": "PT8H"}
    night = calendar("night", week={day: ["18:00-24:00"] for day in ("mon", "tue", "wed")})
    noon, evening = UnitHours("desk", "UTC"), UnitHours("night", "UTC")
    told = (Spell(LONG_AGO, noon), Spell(instant("2026-03-02 15:00"), evening))
    units = {"shift": HoursOfUnit((KnownSpells(LONG_AGO, told),))}
    rules = policy(
        target(eight, on_transfer="move"),
        target(eight, id="kept", on_transfer="keep"),
        target({"type": "working_time", "amount": "PT5H"}, id="over", on_transfer="move"),
        target(eight, id="done", on_transfer="move", stop="case-assigned"),
    )
    case = Case().received("2026-03-02 09:00").registered("2026-03-02 09:00", rules, unit="office")
    case.then("2026-03-02 12:00", CaseTransferred, from_unit="office", to_unit="shift")
    case.then("2026-03-02 14:30", CaseAssigned, handler="lin")
    by = standards(rules, calendars=[calendar("desk"), calendar(), night], units=units)
    found = clocks_of(case, by, "2026-03-02 16:00")
    dues = {name: getattr(found[name].due, "at", None) for name in ("resolution", "kept", "over", "done")}
    assert dues == {
        "resolution": instant("2026-03-02 20:00"),
        "kept": instant("2026-03-02 17:00"),
        "over": instant("2026-03-02 14:00"),
        "done": instant("2026-03-02 17:00"),
    }
    assert [found[name].state for name in dues] == [State.RUNNING, State.RUNNING, State.OVERDUE, State.MET]
    told_why = explained(case.told, by, instant("2026-03-02 16:00"), found["resolution"].key)
    assert told_why is not None
    assert [(str(each.why), each.at) for each in told_why.changes] == [
        ("transfer", instant("2026-03-02 12:00")),
        ("hours", instant("2026-03-02 15:00")),
    ]
    assert any("the unit that has it works by other hours" in sentence for sentence in told_why.en)
    gone = case.then("2026-03-02 14:45", CaseTransferred, from_unit="shift", to_unit="office")
    clock = clock_of(gone, by, "2026-03-02 16:00")
    assert clock.due is not None
    assert clock.due.at == instant("2026-03-02 17:00")


def test_business_days_count_by_each_units_days_while_it_had_the_case() -> None:
    every_day = calendar("every-day", week={day: ["09:00-17:00"] for day in ("sat", "sun", "mon", "tue")})
    rules = policy(target({"type": "business_days", "amount": 5}, on_transfer="move"))
    case = Case().received("2026-03-05 09:00").registered("2026-03-05 09:00", rules, unit="desk")
    case.then("2026-03-05 12:00", CaseDispatched, unit="weekend")
    by = standards(rules, calendars=[calendar(), every_day], units={"weekend": UnitHours("every-day", "UTC")})
    clock = clock_of(case, by, "2026-03-05 13:00")
    assert clock.due is not None
    assert clock.due.on == date(2026, 3, 14)


def test_an_answer_before_the_change_is_in_time_for_the_new_target_too() -> None:
    first = {"kind": "first_response", "stop": "response-sent"}
    rules = [
        {"id": "urgent", "when": {"priority": ["high"]}, "targets": ["quick", "four"]},
        {"id": "all", "targets": ["eight"]},
    ]
    quick = target({"type": "elapsed", "amount": "PT1H"}, id="quick", **first)
    case, by = opened(quick, FOUR, EIGHT, rules=rules)
    case.then("2026-03-02 09:45", ResponseSent, kind="first", channel="email")
    clock = clock_of(raised(case, "2026-03-02 11:00"), by, "2026-03-02 12:00", "quick")
    assert (clock.state, clock.born_overdue, clock.now) == (State.MET, False, Verdict.KEPT)


def test_a_target_that_is_asked_for_again_goes_on_from_its_start() -> None:
    rules = [
        {"id": "urgent", "when": {"priority": ["high"]}, "targets": ["quick"]},
        {"id": "all", "targets": ["eight"]},
    ]
    quick = target({"type": "elapsed", "amount": "PT1H"}, id="quick", kind="first_response", stop="response-sent")
    case, by = opened(quick, EIGHT, rules=rules)
    raised(case, "2026-03-02 09:45")
    assert clock_of(case, by, "2026-03-02 10:00", "eight").state is State.CANCELLED
    raised(case, "2026-03-02 10:30", "low")
    found = clocks_of(case, by, "2026-03-02 11:00")
    assert (found["eight"].state, found["eight"].counted) == (State.RUNNING, hours(2))
    assert found["quick"].state is State.OVERDUE


def test_a_target_that_is_asked_for_again_after_its_due_is_born_overdue() -> None:
    rules = [
        {"id": "urgent", "when": {"priority": ["high"]}, "targets": ["quick"]},
        {"id": "all", "targets": ["eight"]},
    ]
    quick = target({"type": "elapsed", "amount": "PT1H"}, id="quick", kind="first_response", stop="response-sent")
    case, by = opened(quick, EIGHT, rules=rules)
    raised(raised(case, "2026-03-02 09:45"), "2026-03-02 19:00", "low")
    clock = clock_of(case, by, "2026-03-02 20:00", "eight")
    assert (clock.born_overdue, clock.state, clock.when_due) == (True, State.OVERDUE, Verdict.MISSED)
    assert clock.alarms[0].at == instant("2026-03-02 19:00")
