from datetime import UTC, date, datetime
from typing import Any

from domain.case.events import CasePrioritised, CaseResolved
from domain.case.terms import PolicyReassigned
from domain.sla.clock import Verdict
from domain.sla.policy import PolicyDocument
from domain.sla.promises import Begun, promised
from domain.sla.selection import CaseFacts, Fit, Matched, PassedOver, chosen
from domain.sla.standards import Policies, PolicyVersion, Standards
from tests.domain.sla.history import LONG_AGO, Case, clocks_of, instant, policy, published, standards, target

COMPLAINT = CaseFacts(kind="complaint", channel="email")
RECEIPT = instant("2026-03-02 09:00")
FOUR, EIGHT = target(id="four"), target(id="eight")


def rules_of(choices: Any) -> list[tuple[str, int, str]]:
    return [(choice.policy.name, choice.policy.version, choice.rule) for choice in choices]


def test_the_first_rule_in_declared_order_that_fits_has_the_say() -> None:
    rules = [
        {"id": "gold", "when": {"tier": ["gold", "platinum"], "kind": ["complaint"]}, "targets": ["four"]},
        {"id": "complaints", "when": {"kind": ["complaint"]}, "targets": ["four"]},
        {"id": "rest", "targets": ["eight"]},
    ]
    by = standards(policy(FOUR, EIGHT, rules=rules))
    (choice,) = chosen(by, COMPLAINT, RECEIPT, RECEIPT)
    assert (choice.rule, choice.targets) == ("complaints", ("four",))
    assert choice.matched == (Matched("kind", "complaint"),)
    assert choice.passed_over == (PassedOver("service", 1, "gold", "tier", ("gold", "platinum"), None),)


def test_of_a_regime_the_policy_of_the_lowest_rank_that_has_a_fitting_rule_is_chosen_and_regimes_hold_at_once() -> None:
    cards = {"rules": [{"id": "cards", "when": {"attributes": {"product": ["cards"]}}, "targets": ["four"]}]}
    by = standards(
        policy(EIGHT, name="general", regime="fca", rank=100),
        policy(FOUR, name="payments", regime="fca", rank=10, **cards),
        policy(EIGHT, name="service", regime="internal"),
    )
    payments = COMPLAINT._replace(attributes=(("product", "cards"),))
    assert rules_of(chosen(by, payments, RECEIPT, RECEIPT)) == [("payments", 1, "cards"), ("service", 1, "all")]
    other = chosen(by, COMPLAINT, RECEIPT, RECEIPT)
    assert rules_of(other) == [("general", 1, "all"), ("service", 1, "all")]
    assert other[0].passed_over == (PassedOver("payments", 1, "cards", "attributes.product", ("cards",), None),)


def version(
    document: PolicyDocument, number: int, since: date, known: datetime = LONG_AGO, **how: Any
) -> PolicyVersion:
    return published(document, number, since)._replace(known_at=known, **how)


def test_the_version_in_force_on_the_local_day_of_receipt_holds_as_known_at_registration() -> None:
    document = policy(FOUR, zone="Asia/Shanghai")
    by = Standards(
        Policies(
            (
                version(document, 1, date(2020, 1, 1)),
                version(document, 2, date(2026, 3, 3)),
                version(document, 3, date(2026, 3, 1), known=datetime(2026, 3, 10, tzinfo=UTC)),
            )
        )
    )
    before = instant("2026-03-02 15:59")
    midnight_in_shanghai = instant("2026-03-02 16:00")
    assert rules_of(chosen(by, COMPLAINT, before, before)) == [("service", 1, "all")]
    assert rules_of(chosen(by, COMPLAINT, midnight_in_shanghai, midnight_in_shanghai)) == [("service", 2, "all")]
    assert rules_of(chosen(by, COMPLAINT, before, instant("2026-03-11 09:00"))) == [("service", 3, "all")]


def test_a_policy_that_was_withdrawn_holds_for_no_receipt_from_that_day_on() -> None:
    document = policy(FOUR)
    withdrawn_at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    ended = version(document, 1, date(2020, 1, 1), effective_before=date(2026, 3, 2), withdrawn_at=withdrawn_at)
    by = Standards(Policies((ended,)))
    assert chosen(by, COMPLAINT, RECEIPT, RECEIPT) == ()
    assert rules_of(chosen(by, COMPLAINT, instant("2026-03-01 23:00"), RECEIPT)) == [("service", 1, "all")]
    assert rules_of(chosen(by, COMPLAINT, RECEIPT, LONG_AGO)) == [("service", 1, "all")]


def test_a_later_version_touches_no_case_that_was_received_before() -> None:
    document = policy(target({"type": "calendar_days", "amount": 10}))
    shorter = policy(target({"type": "calendar_days", "amount": 5}))
    case = Case().received("2026-03-02 09:00").registered("2026-03-02 09:30", document)
    before = clocks_of(case, standards(document), "2026-03-05 09:00")
    later = Standards(
        Policies((published(document), version(shorter, 2, date(2026, 3, 4)))), standards(document).calendars
    )
    assert clocks_of(case, later, "2026-03-05 09:00") == before


def test_a_case_may_be_reassigned_by_an_event_that_says_so() -> None:
    document = policy(target({"type": "calendar_days", "amount": 10}))
    longer = policy(target({"type": "calendar_days", "amount": 20}))
    by = Standards(Policies((published(document), version(longer, 2, date(2026, 3, 4)))), standards().calendars)
    case = Case().received("2026-03-02 09:00").registered("2026-03-02 09:30", document)
    before = clocks_of(case, by, "2026-03-05 08:00")["resolution"]
    terms = {"policy": "service", "policy_version": 2, "rule": "all", "ground": (), "dues": ()}
    who: dict[str, Any] = {"request": 4, "reason": "merged firms", "requested_by": "Liu", "approved_by": "Chen"}
    case.then("2026-03-05 09:00", PolicyReassigned, terms=(terms,), zone_data="test", engine=1, **who)
    after = clocks_of(case, by, "2026-03-05 10:00")["resolution"]
    assert before.due is not None
    assert after.due is not None
    assert [(clock.basis.policy_version, clock.due.on) for clock in (before, after) if clock.due] == [
        (1, date(2026, 3, 12)),
        (2, date(2026, 3, 22)),
    ]
    assert clocks_of(case, by, "2026-03-05 08:00")["resolution"] == before


def test_the_dues_that_registration_can_tell_are_those_that_the_clocks_then_have() -> None:
    document = policy(
        target({"type": "calendar_days", "amount": 10}),
        target(id="dispatch", start="case-registered", stop="case-dispatched"),
        target(id="visit", start="case-resolved", stop="follow-up-made"),
    )
    by = standards(document)
    case = Case().received("2026-03-02 09:00").registered("2026-03-02 09:30", document)
    (choice,) = chosen(by, COMPLAINT, RECEIPT, instant("2026-03-02 09:30"))
    begun = {"case-received": Begun(RECEIPT), "case-registered": Begun(instant("2026-03-02 09:30"))}
    told = promised(by, choice, begun, instant("2026-03-02 09:30"))
    found = clocks_of(case, by, "2026-03-02 09:30")
    assert [(each.target, each.calendar, each.calendar_version) for each in told] == [
        (name, "office", 1) for name in ("resolution", "dispatch", "visit")
    ]
    assert [each.due for each in told] == [found[each.target].due for each in told]
    assert told[2].due is None


def test_another_policy_over_the_same_events_is_a_counterfactual() -> None:
    document = policy(target({"type": "calendar_days", "amount": 10}))
    strict = policy(target({"type": "calendar_days", "amount": 5}), name="strict")
    case = Case().received("2026-03-02 09:00").registered("2026-03-02 09:30", document)
    case.then("2026-03-10 09:00", CaseResolved, outcome="solved")
    by = standards(document, strict)
    assert clocks_of(case, by, "2026-03-20 09:00")["resolution"].now is Verdict.KEPT
    what_if = clocks_of(case, by, "2026-03-20 09:00", under=(Fit("strict", 1, "all"),))["resolution"]
    assert (what_if.key.policy, what_if.now) == ("strict", Verdict.MISSED)


def test_a_change_after_a_reassignment_chooses_among_the_rules_of_the_version_assigned() -> None:
    rules = [{"id": "urgent", "when": {"priority": ["high"]}, "targets": ["four"]}, {"id": "all", "targets": ["eight"]}]
    document = policy(FOUR, EIGHT, rules=rules)
    by = Standards(Policies((published(document), version(document, 2, date(2027, 1, 1)))), standards().calendars)
    case = Case().received("2026-03-02 09:00").registered("2026-03-02 09:30", document, rule="all")
    terms = {"policy": "service", "policy_version": 2, "rule": "all", "ground": (), "dues": ()}
    who: dict[str, Any] = {"request": 4, "reason": "merged firms", "requested_by": "Liu", "approved_by": "Chen"}
    case.then("2026-03-02 10:00", PolicyReassigned, terms=(terms,), zone_data="test", engine=1, **who)
    case.then("2026-03-02 11:00", CasePrioritised, priority="high")
    clock = clocks_of(case, by, "2026-03-02 12:00")["four"]
    assert (clock.basis.policy_version, clock.basis.rule) == (2, "urgent")
