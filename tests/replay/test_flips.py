from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from domain.case.events import (
    CaseClassified,
    CasePaused,
    CaseReopened,
    CaseResolved,
    CaseResumed,
    ResponseSent,
)
from domain.case.promise import Terms
from domain.case.relations import CaseAbsorbed
from domain.case.terms import PolicyReassigned, PolicyReassignmentRequested
from domain.case.vocabulary import CaseKind, Outcome, PauseGround, ResponseKind
from domain.channel import Channel
from domain.customer import Tier
from domain.event import Refused
from domain.refusal import Refusal
from domain.sla.clock import Verdict
from domain.sla.days import DayKind
from domain.sla.policy import PolicyDocument
from replay.flip_reasons import ReasonKind
from replay.flips import FlipKind, Totals, added
from replay.hypothesis import Hypothesis
from tests.domain.sla.history import Case, calendar, instant, made, policy, target
from tests.replay.supposing import CUSTOMER, book, name_of, told, under, what_if

OLDER = UUID(int=8)
RESOLVED = made(CaseResolved, outcome=Outcome.SOLVED)
FINAL = made(ResponseSent, kind=ResponseKind.FINAL, channel=Channel.EMAIL)
SERVICE = policy(target())
"""Eight hours of working time, nine to five."""


def hours(count: int, **fields: Any) -> dict[str, Any]:
    return target({"type": "working_time", "amount": f"PT{count}H"}, **fields)


def solved(at: str) -> Case:
    """Received and registered on Monday at nine, resolved then."""
    case = Case().received("2026-03-02 09:00", customer_id=CUSTOMER).registered("2026-03-02 09:05", SERVICE)
    return case.then(at, RESOLVED)


def supposing(document: PolicyDocument, **more: Any) -> Hypothesis:
    return Hypothesis(policy=document, **more)


def test_a_tighter_target_turns_a_kept_deadline_into_a_missed_one() -> None:
    found = what_if(solved("2026-03-02 15:00"), supposing(policy(hours(4))), SERVICE)
    (flip,) = found.flips
    assert told(found) == [("resolution", FlipKind.KEPT_TO_MISSED, [ReasonKind.AMOUNT])]
    assert flip.actual is not None
    assert flip.hypothetical is not None
    assert (flip.actual.now, flip.hypothetical.now) == (Verdict.KEPT, Verdict.MISSED)
    assert flip.actual.due is not None
    assert flip.hypothetical.due is not None
    assert (flip.actual.due.at, flip.hypothetical.due.at) == (instant("2026-03-02 17:00"), instant("2026-03-02 13:00"))
    assert (flip.actual.basis.policy_version, flip.hypothetical.basis.policy_version) == (1, 2)


def test_a_looser_target_turns_a_missed_deadline_into_a_kept_one_though_the_miss_was_noticed() -> None:
    case = Case().received("2026-03-02 09:00").registered("2026-03-02 09:05", SERVICE)
    case.missed("2026-03-02 17:00").then("2026-03-03 10:00", RESOLVED)
    found = what_if(case, supposing(policy(hours(16))), SERVICE)
    assert told(found) == [("resolution", FlipKind.MISSED_TO_KEPT, [ReasonKind.AMOUNT])]
    (flip,) = found.flips
    assert flip.hypothetical is not None
    assert flip.hypothetical.when_due is Verdict.KEPT


def test_a_due_that_moves_without_a_verdict_that_changes_is_told_as_moved() -> None:
    found = what_if(solved("2026-03-02 10:00"), supposing(policy(hours(4))), SERVICE)
    assert told(found) == [("resolution", FlipKind.DUE_MOVES, [ReasonKind.AMOUNT])]


def test_the_same_policy_flips_nothing_and_still_counts() -> None:
    found = what_if(solved("2026-03-02 15:00"), supposing(SERVICE), SERVICE)
    totals = Totals()
    added(totals, found)
    ((name, total),) = totals.in_order()
    assert found.flips == ()
    assert (totals.cases, totals.cases_with_flips, tuple(name)) == (1, 0, ("service", "resolution"))
    assert (total.actual.kept, total.hypothetical.kept, total.flips) == (1, 1, {})


def test_a_clock_that_still_runs_may_be_late_by_another_policy() -> None:
    case = Case().received("2026-03-02 09:00").registered("2026-03-02 09:05", SERVICE)
    found = what_if(case, supposing(policy(hours(2))), SERVICE, at="2026-03-02 12:00")
    assert told(found) == [("resolution", FlipKind.VERDICT_CHANGES, [ReasonKind.AMOUNT])]


def test_targets_appear_and_vanish_with_a_rule_that_names_others() -> None:
    more = policy(target(), target(id="reply", kind="first_response", stop="response-sent"))
    fewer = policy(target(id="reply", kind="first_response", stop="response-sent"))
    case = solved("2026-03-02 15:00")
    assert told(what_if(case, supposing(more), SERVICE)) == [("reply", FlipKind.APPEARS, [ReasonKind.TARGET])]
    assert told(what_if(case, supposing(fewer), SERVICE)) == [
        ("resolution", FlipKind.VANISHES, [ReasonKind.TARGET]),
        ("reply", FlipKind.APPEARS, [ReasonKind.TARGET]),
    ]


def test_another_rule_is_chosen_and_it_is_told_why() -> None:
    rules = [
        {"id": "gold", "when": {"tier": ["gold"]}, "targets": ["quick"]},
        {"id": "all", "targets": ["resolution"]},
    ]
    tiered = policy(target(), hours(2, id="quick"), rules=rules)
    case = solved("2026-03-02 15:00")
    (flip,) = what_if(case, supposing(tiered), SERVICE, tier=Tier.GOLD).flips
    assert (flip.kind, name_of(flip)) == (FlipKind.KEPT_TO_MISSED, "quick")
    rule, other, amount = flip.reasons
    assert (rule.kind, rule.was, rule.now) == (ReasonKind.RULE, ("service", "all"), ("service", "gold"))
    assert rule.choice is not None
    assert [tuple(each) for each in rule.choice.matched] == [("tier", "gold")]
    assert (other.kind, other.was, other.now) == (ReasonKind.TARGET, "resolution", "quick")
    assert amount.kind is ReasonKind.AMOUNT
    assert what_if(case, supposing(tiered), SERVICE, tier=Tier.SILVER).flips == ()


def test_a_case_that_no_policy_held_for_would_be_promised_something() -> None:
    case = Case().received("2026-03-02 09:00").registered("2026-03-02 09:05").then("2026-03-04 09:00", RESOLVED)
    case.told = [one for one in case.told if one.event.TOPIC != "terms-assigned.1"]
    found = what_if(case, supposing(SERVICE))
    assert told(found) == [("resolution", FlipKind.APPEARS, [ReasonKind.POLICY])]
    (flip,) = found.flips
    assert flip.hypothetical is not None
    assert (flip.actual, flip.hypothetical.now) == (None, Verdict.MISSED)


def test_the_unit_that_a_registration_names_chooses_the_rule_of_a_case_without_terms() -> None:
    by_unit = policy(target(), rules=[{"id": "west", "when": {"unit": ["West"]}, "targets": ["resolution"]}])
    case = Case().received("2026-03-02 09:00").registered("2026-03-02 09:05", unit="West")
    case.told = [one for one in case.told if one.event.TOPIC != "terms-assigned.1"]
    case.then("2026-03-02 09:10", CaseClassified, category="billing")
    assert told(what_if(case, supposing(by_unit))) == [("resolution", FlipKind.APPEARS, [ReasonKind.POLICY])]


def test_a_policy_of_another_regime_stands_beside_those_that_were_published() -> None:
    law = policy(target(id="law"), name="law", regime="law")
    found = what_if(solved("2026-03-02 15:00"), supposing(law), SERVICE)
    assert told(found) == [("law", FlipKind.APPEARS, [ReasonKind.POLICY])]


def test_a_policy_may_stand_in_the_place_of_one_of_another_name() -> None:
    successor = policy(hours(4), name="successor")
    case = solved("2026-03-02 15:00")
    assert what_if(case, supposing(successor), SERVICE).flips == ()  # the regime asks the published one first
    found = what_if(case, supposing(successor, instead_of="service"), SERVICE)
    assert told(found) == [("resolution", FlipKind.KEPT_TO_MISSED, [ReasonKind.RULE, ReasonKind.AMOUNT])]


def test_a_policy_supposed_from_a_day_on_leaves_earlier_receipts_alone() -> None:
    case = solved("2026-03-02 15:00")
    assert what_if(case, supposing(policy(hours(4)), policy_since=date(2026, 3, 3)), SERVICE).flips == ()
    assert len(what_if(case, supposing(policy(hours(4)), policy_since=date(2026, 3, 2)), SERVICE).flips) == 1


def test_a_calendar_that_differs_is_told_day_by_day() -> None:
    closed = calendar(holidays=[{"date": "2026-03-02", "name": "Founders"}]).document
    found = what_if(solved("2026-03-02 18:00"), Hypothesis(calendar=closed), SERVICE)
    assert told(found) == [("resolution", FlipKind.MISSED_TO_KEPT, [ReasonKind.CALENDAR])]
    (day,) = found.flips[0].reasons[0].days
    assert (day.day, day.was and day.was.frames) == (date(2026, 3, 2), ("09:00-17:00",))
    assert day.now is not None
    assert (day.now.kind, day.now.name, day.now.frames) == (DayKind.HOLIDAY, "Founders", ())


def test_other_hours_are_no_reason_where_whole_days_are_counted() -> None:
    days = policy(target({"type": "business_days", "amount": 2}))
    case = Case().received("2026-03-02 09:00").registered("2026-03-02 09:05", days).then("2026-03-05 09:00", RESOLVED)
    week = {day: ["10:00-16:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
    shorter = calendar(week=week, holidays=[{"date": "2026-03-03", "name": "Founders"}]).document
    found = what_if(case, Hypothesis(calendar=shorter), days)
    assert told(found) == [("resolution", FlipKind.MISSED_TO_KEPT, [ReasonKind.CALENDAR])]
    assert [each.day for each in found.flips[0].reasons[0].days] == [date(2026, 3, 3)]


def test_a_calendar_supposed_from_a_day_on_counts_earlier_days_as_they_were() -> None:
    closed = calendar(week={"mon": ["09:00-10:00"]}).document
    case = solved("2026-03-02 18:00")
    later = Hypothesis(calendar=closed, calendar_since=date(2026, 3, 3))
    assert what_if(case, later, SERVICE).flips == ()
    assert len(what_if(case, Hypothesis(calendar=closed, calendar_since=date(2026, 3, 2)), SERVICE).flips) == 1


def test_days_before_a_supposed_calendar_count_by_the_first_one_as_they_do_also_where_that_begins_later() -> None:
    begun = replace(calendar(), effective_from=date(2026, 3, 3))
    closed = calendar(week={"wed": ["09:00-10:00"]}).document
    case = solved("2026-03-02 18:00")
    for day in (date(2026, 3, 3), date(2026, 3, 4)):
        later = Hypothesis(calendar=closed, calendar_since=day)
        assert what_if(case, later, SERVICE, calendars=[begun]).flips == ()
    earlier = Hypothesis(calendar=closed, calendar_since=date(2026, 3, 2))
    assert len(what_if(case, earlier, SERVICE, calendars=[begun]).flips) == 1
    second = replace(calendar(version=2), effective_from=date(2026, 3, 1))
    middle = Hypothesis(calendar=second.document, calendar_since=date(2026, 3, 2))
    assert what_if(case, middle, SERVICE, calendars=[begun, second]).flips == ()


def test_a_calendar_that_no_target_asks_changes_nothing() -> None:
    around = policy(target({"type": "elapsed", "amount": "PT8H"}))
    case = Case().received("2026-03-02 09:00").registered("2026-03-02 09:05", around)
    closed = calendar(week={"mon": ["09:00-10:00"]}).document
    assert what_if(case, Hypothesis(calendar=closed), around).flips == ()


def test_a_pause_that_is_allowed_or_is_not_is_told_with_its_stretch() -> None:
    allowing = policy(target(pauses={"grounds": ["customer"]}))
    case = Case().received("2026-03-02 09:00").registered("2026-03-02 09:05", allowing)
    case.then("2026-03-02 10:00", CasePaused, ground=PauseGround.CUSTOMER)
    case.then("2026-03-02 14:00", CaseResumed, ground=PauseGround.CUSTOMER)
    case.then("2026-03-03 10:00", RESOLVED)
    found = what_if(case, supposing(SERVICE), allowing)
    assert told(found) == [("resolution", FlipKind.KEPT_TO_MISSED, [ReasonKind.PAUSES])]
    (reason,) = found.flips[0].reasons
    assert ([tuple(each) for each in reason.was], reason.now) == (
        [("customer", instant("2026-03-02 10:00"), instant("2026-03-02 14:00"))],
        (),
    )


def test_a_pause_that_never_was_is_no_reason() -> None:
    allowing = policy(hours(4, pauses={"grounds": ["customer"]}))
    found = what_if(solved("2026-03-02 15:00"), supposing(allowing), SERVICE)
    assert told(found) == [("resolution", FlipKind.KEPT_TO_MISSED, [ReasonKind.AMOUNT])]


OTHERWISE: list[tuple[dict[str, Any], str, FlipKind, ReasonKind]] = [
    ({"stop": "response-sent"}, "2026-03-02 15:00", FlipKind.KEPT_TO_MISSED, ReasonKind.STOP),
    ({"start": "case-registered"}, "2026-03-02 15:00", FlipKind.DUE_MOVES, ReasonKind.START),
    ({"on_expiry": "right_arises"}, "2026-03-03 15:00", FlipKind.VERDICT_CHANGES, ReasonKind.EXPIRY),
    ({"boundary": "next_opening"}, "2026-03-02 15:00", FlipKind.DUE_MOVES, ReasonKind.COUNTING),
    ({"calendar": "nights"}, "2026-03-02 15:00", FlipKind.DUE_MOVES, ReasonKind.CALENDAR),
]


@pytest.mark.parametrize(("fields", "stopped", "kind", "reason"), OTHERWISE)
def test_whatever_a_target_says_otherwise_is_the_reason(
    fields: dict[str, Any], stopped: str, kind: FlipKind, reason: ReasonKind
) -> None:
    nights = calendar("nights", week={"mon": ["20:00-24:00"], "tue": ["00:00-24:00"]})
    other = policy(target(**fields))
    found = what_if(solved(stopped), supposing(other), SERVICE, calendars=[calendar(), nights])
    assert told(found) == [("resolution", kind, [reason])]


def test_days_that_end_or_roll_otherwise_are_a_way_of_counting() -> None:
    days = policy(target({"type": "calendar_days", "amount": 5}))
    rolled = policy(target({"type": "calendar_days", "amount": 5, "roll": "next_working_day"}))
    case = Case().received("2026-03-02 09:00").registered("2026-03-02 09:05", days).then("2026-03-09 09:00", RESOLVED)
    found = what_if(case, supposing(rolled), days)
    assert told(found) == [("resolution", FlipKind.MISSED_TO_KEPT, [ReasonKind.COUNTING])]
    assert (found.flips[0].reasons[0].was["roll"], found.flips[0].reasons[0].now["roll"]) == (
        "none",
        "next_working_day",
    )


def test_another_zone_counts_where_days_are_counted() -> None:
    days = policy(target({"type": "calendar_days", "amount": 1}))
    eastern = policy(target({"type": "calendar_days", "amount": 1}), zone="Asia/Shanghai")
    case = Case().received("2026-03-02 20:00").registered("2026-03-02 20:05", days).then("2026-03-03 17:00", RESOLVED)
    found = what_if(case, supposing(eastern), days)
    assert told(found) == [("resolution", FlipKind.DUE_MOVES, [ReasonKind.ZONE])]


def test_an_extension_that_the_ladder_has_no_step_for_is_the_reason() -> None:
    step = {"id": "more", "length": "PT8H", "mode": "add_to_raw"}
    ladder = policy(target(extensions=[step]))
    case = Case().received("2026-03-02 09:00").registered("2026-03-02 09:05", ladder)
    case.extended("2026-03-02 12:00", "more").then("2026-03-03 12:00", RESOLVED)
    found = what_if(case, supposing(SERVICE), ladder)
    assert told(found) == [("resolution", FlipKind.KEPT_TO_MISSED, [ReasonKind.EXTENSIONS])]
    assert (found.flips[0].reasons[0].was, found.flips[0].reasons[0].now) == (["more"], [])


def test_a_stop_recorded_late_counts_by_one_policy_and_not_by_the_other() -> None:
    strict = policy(target(late_record="evidence_required"))
    case = Case().received("2026-03-02 09:00").registered("2026-03-02 09:05", SERVICE)
    case.then("2026-03-02 15:00", RESOLVED, known="2026-03-05 09:00")
    found = what_if(case, supposing(strict), SERVICE)
    assert told(found) == [("resolution", FlipKind.KEPT_TO_MISSED, [ReasonKind.LATE_RECORD])]


def test_a_cycle_after_a_reopening_is_compared_with_its_like() -> None:
    case = solved("2026-03-02 15:00").then("2026-03-04 09:00", CaseReopened).then("2026-03-04 16:00", RESOLVED)
    found = what_if(case, supposing(policy(hours(4))), SERVICE)
    keys = [flip.hypothetical.key.cycle for flip in found.flips if flip.hypothetical is not None]
    assert (keys, [flip.kind for flip in found.flips]) == ([1, 2], [FlipKind.KEPT_TO_MISSED] * 2)
    resumed = what_if(case, supposing(policy(target(reopen="resume"))), SERVICE)
    assert told(resumed) == [
        ("resolution", FlipKind.KEPT_TO_MISSED, [ReasonKind.INSTANCES]),
        ("resolution", FlipKind.VANISHES, [ReasonKind.INSTANCES]),
    ]


def test_a_later_change_of_the_case_chooses_by_the_supposed_rules() -> None:
    rules = [
        {"id": "billing", "when": {"category": ["billing"]}, "targets": ["resolution"]},
        {"id": "rest", "targets": ["slow"]},
    ]
    by_class = policy(target(), hours(40, id="slow"), rules=rules)
    case = Case().received("2026-03-02 09:00").registered("2026-03-02 09:05", SERVICE)
    case.then("2026-03-02 10:00", CaseClassified, category="billing").then("2026-03-04 10:00", RESOLVED)
    assert what_if(case, supposing(by_class), SERVICE).flips == ()
    other = (
        Case().received("2026-03-02 09:00").registered("2026-03-02 09:05", SERVICE).then("2026-03-04 10:00", RESOLVED)
    )
    (flip,) = what_if(other, supposing(by_class), SERVICE).flips
    assert (flip.kind, flip.reasons[0].kind) == (FlipKind.MISSED_TO_KEPT, ReasonKind.RULE)


def test_what_was_reassigned_by_hand_stays_unless_the_supposed_policy_takes_its_place() -> None:
    strict = policy(hours(4), name="strict", rank=200)
    case = Case().received("2026-03-02 09:00").registered("2026-03-02 09:05", SERVICE)
    case.then("2026-03-02 09:10", PolicyReassignmentRequested(policy="strict", policy_version=1, reason="law",
                                                              requested_by="Liu"))  # fmt: skip
    terms = (Terms(policy="strict", policy_version=1, rule="all", ground=(), dues=()),)
    case.then("2026-03-02 09:20", PolicyReassigned(request=len(case.told), terms=terms, zone_data="test", engine=1,
                                                   reason="law", requested_by="Liu", approved_by="Chen"))  # fmt: skip
    case.then("2026-03-02 15:00", RESOLVED)
    assert what_if(case, supposing(policy(hours(1))), SERVICE, strict).flips == ()
    milder = policy(hours(8), name="strict", rank=200)
    found = what_if(case, supposing(milder), SERVICE, strict)
    assert told(found) == [("resolution", FlipKind.MISSED_TO_KEPT, [ReasonKind.AMOUNT])]


def test_the_survivor_of_a_merge_inherits_by_the_supposed_policy_too() -> None:
    statute = {"clause": "s. 1", "source": "read in 2026"}
    law, longer = policy(target(statute=statute)), policy(hours(16, statute=statute))
    older = Case(case=OLDER).received("2026-02-27 16:00").registered("2026-02-27 16:05", law)
    case = Case().received("2026-03-02 09:00").registered("2026-03-02 09:05", law)
    case.then("2026-03-02 10:00", CaseAbsorbed, case_id=OLDER)
    case.then("2026-03-02 17:00", RESOLVED)
    found = what_if(case, supposing(longer), law, inherited=older.told)
    assert told(found) == [("resolution", FlipKind.MISSED_TO_KEPT, [ReasonKind.AMOUNT])]


def test_a_case_that_was_never_registered_is_promised_nothing() -> None:
    assert what_if(Case().received("2026-03-02 09:00"), supposing(SERVICE), SERVICE) == ((), ())


def test_an_answer_of_another_kind_that_stops_the_clock_is_the_reason() -> None:
    final = policy(target(stop="response-sent(kind=final)"))
    case = solved("2026-03-02 15:00").then("2026-03-02 16:00", FINAL)
    assert what_if(case, supposing(final), SERVICE).flips == ()
    case = solved("2026-03-02 15:00").then("2026-03-03 16:00", FINAL)
    assert told(what_if(case, supposing(final), SERVICE)) == [
        ("resolution", FlipKind.KEPT_TO_MISSED, [ReasonKind.STOP])
    ]


def test_totals_say_what_becomes_of_each_target() -> None:
    totals = Totals()
    for stopped in ("2026-03-02 10:00", "2026-03-02 15:00", "2026-03-03 15:00"):
        mine = Totals()
        added(mine, what_if(solved(stopped), supposing(policy(hours(4))), SERVICE))
        totals.add(mine)
    ((_, total),) = totals.in_order()
    assert (total.actual.clocks, total.actual.kept, total.actual.missed, total.actual.undecided) == (3, 2, 1, 0)
    assert (total.hypothetical.kept, total.hypothetical.missed) == (1, 2)
    assert totals.flips == {FlipKind.KEPT_TO_MISSED: 1, FlipKind.DUE_MOVES: 2}
    assert (totals.cases, totals.cases_with_flips) == (3, 3)


# What cannot be supposed ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hypothesis", "code", "because"),
    [
        (Hypothesis(policy(target(stop="case-resolvd"))), Refusal.BAD_POLICY, "case-resolvd"),
        (Hypothesis(policy(target(), calendar="moon")), Refusal.UNKNOWN_CALENDAR, "no calendar 'moon'"),
        (Hypothesis(SERVICE, instead_of="servce"), Refusal.UNKNOWN_POLICY, "there is service"),
        (
            Hypothesis(calendar=calendar(zone="Asia/Shanghai").document),
            Refusal.CALENDAR_ZONE_DIFFERS,
            "is in UTC",
        ),
    ],
)
def test_what_could_not_be_proposed_cannot_be_supposed(hypothesis: Hypothesis, code: Refusal, because: str) -> None:
    with pytest.raises(Refused, match=because) as refused:
        under(hypothesis, book(SERVICE))
    assert refused.value.code == code


def test_a_policy_may_count_by_a_calendar_that_is_supposed_with_it() -> None:
    both = Hypothesis(
        policy(hours(4), calendar="nights"), calendar=calendar("nights", week={"mon": ["20:00-24:00"]}).document
    )
    (flip,) = what_if(solved("2026-03-02 15:00"), both, SERVICE).flips
    assert [reason.kind for reason in flip.reasons] == [ReasonKind.AMOUNT, ReasonKind.CALENDAR]
    assert flip.hypothetical is not None
    assert flip.hypothetical.due is not None
    assert flip.hypothetical.due.at == instant("2026-03-03 00:00")


def test_a_kind_of_case_that_no_rule_asks_for_any_longer_loses_its_clocks() -> None:
    requests = policy(target(), rules=[{"id": "requests", "when": {"kind": ["request"]}, "targets": ["resolution"]}])
    case = Case().received("2026-03-02 09:00", kind=CaseKind.COMPLAINT).registered("2026-03-02 09:05", SERVICE)
    found = what_if(case, supposing(requests), SERVICE)
    assert told(found) == [("resolution", FlipKind.VANISHES, [ReasonKind.POLICY])]
