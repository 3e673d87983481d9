"""On which grounds a case is paused: those that one of its targets allows, by the policies that hold for it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from domain.calendar import CALENDAR
from domain.case.events import CaseKind, CasePaused, PauseGround
from domain.case.life import CASE, needs
from domain.case.promise import PromisedDue, Terms
from domain.case.promising import PROMISING
from domain.case.rules import Departure
from domain.case.terms import TermsAssigned
from domain.customer import CUSTOMER, CustomerKind, CustomerRegistered, Tier, TierAssigned
from domain.deciders import DECIDERS
from domain.envelope import Occurred, When
from domain.event import Event
from domain.policy import POLICY
from domain.policy_events import PolicyProposed, PolicyPublished
from domain.sla.policy import PolicyDocument
from domain.standards import streams_of_standards
from domain.stream import Category, stream_of
from tests.domain.case import histories as h
from tests.domain.case.steps import at_hand, others
from tests.domain.case.steps_beside import approve_pause, on_request, pause_approved, pause_requested
from tests.domain.story import MONDAY, Story, folded, recorded

POLICIES, CALENDARS = streams_of_standards("test")
CUSTOMERS = stream_of(Category.CUSTOMER, h.WANG)


def target(name: str, *grounds: str, **more: Any) -> dict[str, Any]:
    clock = {"type": "elapsed", "amount": "PT24H"}
    pauses = {"grounds": grounds}
    stopped = {"stop": "case-resolved", "pauses": pauses}
    return {"id": name, "title": {"en": name}, "kind": "resolution", "clock": clock, **stopped, **more}


def document(
    name: str, rules: Sequence[tuple[str, dict[str, Any], list[str]]], *targets: dict[str, Any]
) -> dict[str, Any]:
    rows = [{"id": rule, "when": when, "targets": asked} for rule, when, asked in rules]
    about = {"title": {"en": name}, "regime": name, "zone": "UTC", "calendar": "office"}
    return {"name": name, **about, "rules": rows, "targets": targets}


def published(*documents: dict[str, Any]) -> list[Event]:
    """Each in force since long ago, its versions counted by its name."""
    events: list[Event] = []
    names: list[str] = []
    for raw in documents:
        names.append(raw["name"])
        proposal = PolicyProposed(
            document=PolicyDocument.model_validate(raw),
            effective_from=date(2020, 1, 1),
            effective_before=None,
            reassigns=True,
            reason="promised",
            requested_by="ada",
        )
        version = names.count(raw["name"])
        events.append(proposal)
        events.append(PolicyPublished(proposal=len(events), name=raw["name"], version=version, approved_by="grace"))
    return events


def a_book(*documents: dict[str, Any], imported: bool = False) -> Story:
    return Story(CASE, imported=imported, others=others()).beside(POLICIES, POLICY, *published(*documents))


def terms(*assigned: tuple[str, int, str, list[str]]) -> TermsAssigned:
    """Of each policy its version, its rule, and the targets of that."""
    told = [
        Terms(
            policy=policy,
            policy_version=version,
            rule=rule,
            ground=(),
            dues=tuple(
                PromisedDue(target=each, calendar="office", calendar_version=1, due_at=None, due_on=None)
                for each in targets
            ),
        )
        for policy, version, rule, targets in assigned
    ]
    return TermsAssigned(terms=tuple(told), zone_data="2026a", engine=1)


def paused(ground: PauseGround) -> CasePaused:
    return CasePaused(ground=ground)


def waits_for(ground: PauseGround) -> Any:
    return h.pause.model_copy(update={"ground": ground})


SERVICE = document(
    "service",
    [("complaints", {"kind": ["complaint"]}, ["reply", "solved"]), ("inquiries", {"kind": ["inquiry"]}, ["answer"])],
    target("reply"),
    target("solved", "customer", "evidence", on_expiry="opens", opens="final"),
    target("final", "third-party"),
    target("answer", "vendor"),
)
LAW = document("law", [("all", {}, ["decision"])], target("decision"))
COMPLAINT = terms(("service", 1, "complaints", ["reply", "solved"]))
GROUNDS = [ground for ground in PauseGround if ground is not PauseGround.OTHER]


@pytest.mark.parametrize("ground", GROUNDS)
def test_a_case_is_paused_on_the_grounds_that_one_of_its_targets_allows_and_no_other(ground: PauseGround) -> None:
    asked = a_book(SERVICE, LAW).given(*at_hand, COMPLAINT).when(waits_for(ground))
    if ground in (PauseGround.CUSTOMER, PauseGround.EVIDENCE, PauseGround.THIRD_PARTY):
        asked.then(paused(ground))
    else:
        asked.then_refused(
            "GROUND_NOT_ALLOWED",
            f"allows a pause on the ground {ground}; they allow customer, evidence, third-party. Pause it on one of",
        )


def test_a_case_that_only_the_law_is_about_is_not_paused_without_two_people() -> None:
    book = a_book(LAW).given(*at_hand, terms(("law", 1, "all", ["decision"])))
    no = "they allow no pause. Have a pause requested by one person and approved by another, which stops no clock"
    book.when(h.pause).then_refused("GROUND_NOT_ALLOWED", no)


def test_a_pause_that_two_people_agree_on_takes_no_target_that_allows_it() -> None:
    book = a_book(LAW).given(*at_hand, terms(("law", 1, "all", ["decision"])), pause_requested)
    book.when(approve_pause).then(pause_approved, on_request)


def test_where_a_target_allows_other_grounds_it_is_said_that_those_take_two_people() -> None:
    lenient = document("law", [("all", {}, ["decision"])], target("decision", "other", "customer"))
    book = a_book(lenient).given(*at_hand, terms(("law", 1, "all", ["decision"])))
    book.when(waits_for(PauseGround.VENDOR)).then_refused(
        "GROUND_NOT_ALLOWED", "they allow customer. Pause it .* by another, which stops those that allow other grounds"
    )
    book.when(waits_for(PauseGround.OTHER)).then_refused("APPROVAL_NEEDED", "requested by one person")


@pytest.mark.parametrize("ground", GROUNDS)
def test_a_case_without_terms_is_paused_on_each_listed_ground(ground: PauseGround) -> None:
    a_book(SERVICE, LAW).given(*at_hand).when(waits_for(ground)).then(paused(ground))


def test_of_two_policies_that_hold_one_is_enough() -> None:
    both = terms(("law", 1, "all", ["decision"]), ("service", 1, "inquiries", ["answer"]))
    inquiry = h.received.model_copy(update={"kind": CaseKind.INQUIRY})
    book = a_book(SERVICE, LAW).given(inquiry, h.registered, both)
    book.when(waits_for(PauseGround.VENDOR)).then(paused(PauseGround.VENDOR))
    book.when(h.pause).then_refused("GROUND_NOT_ALLOWED", "they allow vendor")


def test_what_a_later_version_allows_does_not_count_for_a_case_of_an_earlier_one() -> None:
    later = SERVICE | {"targets": [*SERVICE["targets"][:3], target("answer"), target("reply", "problem")][1:]}
    assert later["targets"][-1]["pauses"] == {"grounds": ("problem",)}
    waits = waits_for(PauseGround.PROBLEM)
    book = a_book(SERVICE, later)
    book.given(*at_hand, COMPLAINT).when(waits).then_refused("GROUND_NOT_ALLOWED", "customer, evidence, third-party")
    by_the_later = terms(("service", 2, "complaints", ["reply", "solved"]))
    book.given(*at_hand, by_the_later).when(waits).then(paused(PauseGround.PROBLEM))


def test_a_case_that_became_of_another_kind_waits_for_what_the_rule_allows_that_fits_it_now() -> None:
    waits = waits_for(PauseGround.VENDOR)
    book = a_book(SERVICE, LAW)
    book.given(*at_hand, COMPLAINT).when(waits).then_refused("GROUND_NOT_ALLOWED", "on the ground vendor")
    book.given(*at_hand, COMPLAINT, h.an_inquiry).when(waits).then(paused(PauseGround.VENDOR))


def test_where_every_target_stays_whatever_changes_another_kind_allows_nothing_more() -> None:
    kept = [each | {"on_change": "keep"} for each in SERVICE["targets"]]
    book = a_book(SERVICE | {"targets": kept}, LAW).given(*at_hand, COMPLAINT, h.an_inquiry)
    book.when(waits_for(PauseGround.VENDOR)).then_refused("GROUND_NOT_ALLOWED", "customer, evidence, third-party")


def test_the_tier_that_the_customer_has_now_counts() -> None:
    tiers = document(
        "service",
        [("gold", {"tier": ["gold"]}, ["soon"]), ("all", {}, ["days"])],
        target("soon", "vendor"),
        target("days"),
    )
    waits = waits_for(PauseGround.VENDOR)
    book = a_book(tiers).given(*at_hand, terms(("service", 1, "all", ["days"])))
    stream = stream_of(Category.CASE, h.CASE_ID)
    book = book.beside(stream, CASE, *at_hand).beside(CALENDARS, CALENDAR)
    assert set(needs(waits, book.context, PROMISING)) == {POLICIES, CALENDARS, stream, CUSTOMERS}
    file = CustomerRegistered(kind=CustomerKind.PERSON, name=None, source_key=None, language=None)
    book.beside(CUSTOMERS, CUSTOMER, file).when(waits).then_refused("GROUND_NOT_ALLOWED", "they allow no pause")
    gold = TierAssigned(tier=Tier.GOLD, rule_version=None)
    book.beside(CUSTOMERS, CUSTOMER, file, gold).when(waits).then(paused(PauseGround.VENDOR))


def test_a_decision_on_a_pause_reads_the_books_own_streams_alone() -> None:
    assert set(needs(h.pause, a_book(SERVICE, LAW).context, PROMISING)) == {POLICIES, CALENDARS}
    assert not set(needs(h.resume, a_book(SERVICE, LAW).context, PROMISING))


def test_what_is_published_after_the_terms_were_recorded_allows_nothing_however_far_back_it_reaches() -> None:
    law = terms(("law", 1, "all", ["decision"]))
    waits = waits_for(PauseGround.CUSTOMER)
    a_book(LAW, SERVICE).given(*at_hand, law, h.classified).when(waits).then(h.paused)
    events = enumerate(published(LAW, SERVICE), 1)
    known = folded(POLICY, (recorded(event, at, When(h.TUESDAY) if at > 2 else None) for at, event in events))
    book = Story(CASE, others={**others(), POLICIES: known}).given(*at_hand, law, h.classified)
    book.when(waits).then_refused("GROUND_NOT_ALLOWED", "they allow no pause")


@pytest.mark.parametrize("at_once", [True, False])
def test_another_policy_of_the_regime_counts_once_its_rule_fits_also_in_the_submission_that_assigned_the_terms(
    *, at_once: bool
) -> None:
    about = {"regime": "internal"}
    first = document("first", [("complaints", {"kind": ["complaint"]}, ["solved"])], target("solved")) | about
    second = document("second", [("inquiries", {"kind": ["inquiry"]}, ["answer"])], target("answer", "vendor")) | about
    book = a_book(first, second).given(*at_hand, terms(("first", 1, "complaints", ["solved"])))
    if at_once:  # the book is told of a step of long ago, and its terms have no place in it yet
        *before, latest = book.past
        provisional = latest._replace(position=0, recorded_at=MONDAY - timedelta(days=900))
        book = replace(book, past=(*before, provisional))
    waits = waits_for(PauseGround.VENDOR)
    book.when(waits).then_refused("GROUND_NOT_ALLOWED", "they allow no pause")
    inquiry = recorded(h.an_inquiry, len(book.past) + 1)
    replace(book, past=(*book.past, inquiry)).when(waits).then(paused(PauseGround.VENDOR))


def test_a_pause_that_is_open_already_is_the_same_again_whatever_holds() -> None:
    vendor = paused(PauseGround.VENDOR)
    a_book(SERVICE).given(*at_hand, vendor, COMPLAINT).when(waits_for(PauseGround.VENDOR)).then_nothing()


def test_history_keeps_a_pause_on_a_ground_that_no_target_allowed_and_marks_it() -> None:
    book = a_book(SERVICE, LAW, imported=True).given(*at_hand, COMPLAINT)
    marked = Occurred(paused(PauseGround.VENDOR), departures=(Departure.PAUSED_ON_GROUND_NOT_ALLOWED,))
    book.when(waits_for(PauseGround.VENDOR)).then(marked)
    book.when(h.pause).then(h.paused)
    book.when(waits_for(PauseGround.OTHER)).then(on_request)


def test_the_refusal_names_the_field_and_the_grounds_that_are_allowed() -> None:
    book = a_book(SERVICE, LAW).given(*at_hand, COMPLAINT)
    state = folded(CASE, book.past)
    with pytest.raises(Exception, match="on the ground problem") as refused:
        DECIDERS[Category.CASE].decide(state, waits_for(PauseGround.PROBLEM), book.context)
    no: Any = refused.value
    assert (no.field, no.params) == ("ground", {"ground": "problem", "grounds": "customer, evidence, third-party"})


def test_a_case_whose_terms_name_a_policy_that_nobody_knows_is_paused() -> None:
    """As in an excerpt of a book without the stream of its policies."""
    Story(CASE).given(*at_hand, COMPLAINT).when(h.pause).then(h.paused)


def test_all_that_is_told_here_is_what_a_book_would_hold() -> None:
    state = folded(POLICY, (recorded(event, number) for number, event in enumerate(published(SERVICE, LAW), 1)))
    assert [each.name for each in state.versions] == ["service", "law"]
