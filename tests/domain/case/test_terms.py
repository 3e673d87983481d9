from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.book import BookOpened, BookTime, SelfApprovalAllowed, stream_of_book
from domain.case.about import AboutCase
from domain.case.deadline import ApproveRevision, Cause, NoteMiss, NoteWarning, OwnClock, RequestRevision
from domain.case.escalation import EscalateCase, EscalatedBy
from domain.case.events import CaseKind, CaseReceived, Outcome
from domain.case.extension import ApproveExtension, RequestExtension
from domain.case.life import CASE as UNPROMISED
from domain.case.life import decider
from domain.case.promise import Assessment, Under
from domain.case.state import Case
from domain.case.statutory import NoticeOf, NotifyComplainant
from domain.case.terms import ApproveReassignment, DeclineReassignment, RequestReassignment, TermsAssigned
from domain.deciders import DECIDERS
from domain.envelope import Context, Occurred
from domain.event import Refused
from domain.refusal import Refusal
from domain.sla.clock import Verdict
from domain.stream import Category
from tests.domain.case import histories as h
from tests.domain.case.promised import CASE, DUES, PROMISES, PROMISING, assess
from tests.domain.case.steps import at_hand, others
from tests.domain.case.steps_terms import (
    approve_extension,
    approve_reassignment,
    approve_revision,
    assigned,
    clock,
    decline_reassignment,
    extend,
    extended,
    extending,
    late,
    miss,
    promised,
    reassign,
    reassigned,
    reassigning,
    revise,
    revised,
    revising,
    terms,
)
from tests.domain.story import MONDAY, Story, folded, kept_in, recorded

live = Story(CASE, others=others())
imported = Story(CASE, imported=True, others=others())


def after(*events: Any) -> Case:
    case = folded(CASE, (recorded(event, version) for version, event in enumerate(events, 1)))
    assert isinstance(case, Case)
    return case


# Terms ----------------------------------------------------------------------------------------------------------------


def test_a_case_gets_its_terms_right_behind_its_number() -> None:
    live.given(h.received).when(h.register).then(h.registered, assigned)


def test_so_does_a_case_of_imported_history() -> None:
    early = h.register.model_copy(update={"at": MONDAY - timedelta(hours=1)})
    marked = Occurred(h.registered, departures=("time-runs-backwards",))
    imported.given(h.received).when(early).then(marked, assigned)


def test_a_case_for_which_no_rule_is_gets_its_number_alone() -> None:
    praise = h.received.model_copy(update={"kind": CaseKind.PRAISE})
    live.given(praise).when(h.register).then(h.registered)


def test_a_case_in_a_book_without_policies_gets_its_number_alone() -> None:
    Story(UNPROMISED).given(h.received).when(h.register).then(h.registered)


def test_terms_are_worked_out_for_the_case_as_it_is_registered() -> None:
    asked: list[Case] = []

    def seen(case: Case, under: Under | None, context: Context) -> Assessment | None:
        asked.append(case)
        return assess(case, under, context)

    curious = Story(decider(PROMISING._replace(assess=seen)))
    command = h.register.model_copy(update={"at": h.TUESDAY, "unit": h.NORTH, "handler": "ada"})
    registered = h.registered.model_copy(update={"unit": h.NORTH, "handler": "ada"})
    curious.given(h.received).when(command).then(registered, assigned)
    case = asked[0]
    assert (case.unit, case.handler, case.registration) == (h.NORTH, "ada", registered)
    assert (case.received.at, case.previous.at) == (MONDAY, h.TUESDAY)


def test_a_correction_may_not_leave_a_case_with_two_first_terms() -> None:
    assert TermsAssigned in CASE.once


def test_the_terms_of_a_reassignment_hold_and_the_first_stay_on_record() -> None:
    standing = after(*promised, reassigning, reassigned).rare.terms
    assert [each.terms for each in standing.assessed] == [assigned.terms, reassigned.terms]
    assert standing.terms == reassigned.terms
    assert standing.of("group-service") == reassigned.terms[0]
    assert (standing.ever("group-service"), standing.ever("praise")) == (True, False)


def test_a_second_assignment_of_an_odd_history_changes_nothing() -> None:
    assert after(*promised, assigned.model_copy(update={"terms": ()})).rare.terms.terms == (terms,)


def test_terms_and_deadlines_outlast_a_reopening() -> None:
    case = after(*late, revising, revised, h.upheld, h.reopened)
    assert case.rare.terms.terms == (terms,)
    assert case.rare.deadlines.missed == {OwnClock(**clock)}
    assert case.rare.deadlines.verdict(OwnClock(**clock)) is Verdict.KEPT


@pytest.mark.parametrize("command", [h.register, extend, reassign], ids=lambda command: type(command).__name__)
def test_whoever_works_terms_out_says_what_that_takes(command: AboutCase) -> None:
    assert list(CASE.needs(command, Context(book="test"))) == [PROMISES]


def test_an_approval_asks_the_book_whether_one_may_approve_ones_own() -> None:
    book = stream_of_book("test")
    context = Context(book="test")
    assert list(CASE.needs(approve_extension, context)) == [book, PROMISES]
    assert list(CASE.needs(approve_reassignment, context)) == [book, PROMISES]
    assert list(CASE.needs(approve_revision, context)) == [book]
    assert list(CASE.needs(decline_reassignment, context)) == []


# What history cannot do without ---------------------------------------------------------------------------------------


def test_not_even_history_approves_terms_or_verdicts_that_nobody_asked_for() -> None:
    imported.given(*promised).when(approve_reassignment).then_refused("UNKNOWN_REQUEST", "Version 4 is no such request")
    imported.given(*promised).when(approve_revision).then_refused("UNKNOWN_REQUEST", "Version 5 is no such request")


def test_not_even_history_is_reassigned_to_a_policy_that_has_no_rule_for_it() -> None:
    to_praise = reassigning.model_copy(update={"policy": "praise", "policy_version": 1})
    imported.given(*promised, to_praise).when(approve_reassignment).then_refused("NO_RULE_FITS", "No rule of version 1")


# Approving one's own --------------------------------------------------------------------------------------------------


def test_who_asked_approves_where_the_book_allows_that() -> None:
    opened = BookOpened(origin="test", zone="UTC", time=BookTime.LIVE, formats=())
    allowed = SelfApprovalAllowed(reason="one desk", decided_by="grace")
    book = folded(DECIDERS[Category.BOOK], map(recorded, (opened, allowed)))
    small_office = Story(CASE, others={stream_of_book("test"): book})
    by_ada = {"approved_by": "ada"}
    small_office.given(*promised, extending).when(approve_extension.model_copy(update=by_ada)).then(
        extended.model_copy(update=by_ada)
    )
    small_office.given(*promised, reassigning).when(approve_reassignment.model_copy(update=by_ada)).then(
        reassigned.model_copy(update=by_ada)
    )
    small_office.given(*late, revising).when(approve_revision.model_copy(update=by_ada)).then(
        revised.model_copy(update=by_ada)
    )


# Alarms ---------------------------------------------------------------------------------------------------------------


def test_a_miss_is_noted_once_whatever_a_second_process_found() -> None:
    found_later = miss.model_copy(update={"basis": 49, "explanation": "Found again.", "counted": 7})
    live.given(*late).when(found_later).then_nothing()


@dataclass
class Told:
    """A story of one promised case as it goes on, an hour a step."""

    history: list[Any] = field(default_factory=list)
    hours: int = 0

    def step(self, command: type[AboutCase], /, **said: Any) -> list[str]:
        """What follows, by topic."""
        self.hours += 1
        asked = command(**{"at": MONDAY + timedelta(hours=self.hours), "case_id": UUID(int=7), **said})
        context = Context(book="test", others=others())
        decided = CASE.decide(folded(CASE, self.history), asked, context)
        told = kept_in(asked.stream, decided, asked, len(self.history) + 1)
        self.history += told
        return [each.event.TOPIC for each in told]

    def refused(self, command: type[AboutCase], /, **said: Any) -> str:
        """The code of the no."""
        with pytest.raises(Refused) as answer:
            self.step(command, **said)
        return answer.value.code


def test_a_complaint_takes_longer_is_missed_and_the_verdict_is_revised() -> None:
    told = Told()
    told.step(type(h.receive), **h.receive.model_dump(exclude={"at", "case_id", "words"}))
    assert told.step(type(h.register), registered_by="grace") == ["case-registered.1", "terms-assigned.1"]
    asked = {"policy": "group-service", "target": "resolution", "step": "thirty-days", "reason": "evidence of a bank"}
    assert told.refused(RequestExtension, **asked, requested_by="ada") == Refusal.EVIDENCE_NEEDED
    letter = {"evidence": "letter 12", "requested_by": "ada"}
    assert told.step(RequestExtension, **asked, **letter) == ["extension-requested.1"]
    head = {"request": 4, "approved_by": "grace", "approver_role": "head of complaints"}
    assert told.refused(ApproveExtension, **head) == Refusal.NOTICE_NEEDED
    told.step(NotifyComplainant, of=NoticeOf.EXTENSION, version=4)
    assert told.step(ApproveExtension, **head) == ["extension-approved.1"]
    due = {"due_at": DUES["resolution"]}
    assert told.step(NoteWarning, **clock, **due, number=0) == ["deadline-warned.1"]
    assert told.step(NoteWarning, **clock, **due, number=0) == []
    rise: dict[str, Any] = {"reason": "resolution", "by": EscalatedBy.ALARM}
    assert told.step(EscalateCase, level=2, **rise) == ["case-escalated.1"]
    assert told.step(EscalateCase, level=1, **rise) == []
    found = miss.model_dump(exclude={"at", "case_id", "zone", "precision"})
    assert told.step(NoteMiss, **found) == ["deadline-missed.1"]
    told.step(type(h.uphold), outcome=Outcome.UPHELD)
    assert told.step(NoteMiss, **found) == []
    again: dict[str, Any] = {"now": Verdict.KEPT, "cause": Cause.LATE_RECORD, "reason": "found in the post"}
    version = len(told.history) + 1
    assert told.step(RequestRevision, **clock, **again, requested_by="ada") == ["revision-requested.1"]
    assert told.refused(ApproveRevision, request=version, approved_by="ada") == Refusal.SAME_PERSON
    assert told.step(ApproveRevision, request=version, approved_by="grace") == ["verdict-revised.1"]


def test_a_policy_published_late_takes_the_place_of_the_old_one() -> None:
    told = Told()
    told.step(type(h.receive), **h.receive.model_dump(exclude={"at", "case_id", "words"}))
    told.step(type(h.register))
    asked = {"policy": "group-service", "policy_version": 2, "reason": "published late", "requested_by": "ada"}
    assert told.step(RequestReassignment, **asked) == ["policy-reassignment-requested.1"]
    assert told.step(DeclineReassignment, request=4, reason="not for this one", declined_by="ada") == [
        "policy-reassignment-declined.1"
    ]
    told.step(RequestReassignment, **asked)
    assert told.step(ApproveReassignment, request=6, approved_by="grace") == ["policy-reassigned.1"]
    assert told.step(ApproveReassignment, request=6, approved_by="grace") == []
    assert told.refused(ApproveReassignment, request=6, approved_by="li") == Refusal.ALREADY_DECIDED


def test_what_is_asked_about_terms_is_told_of_a_case_only_once_it_was_received() -> None:
    assert folded(CASE, map(recorded, (assigned, extending, revised))) is None
    assert after(*at_hand).rare.terms.assessed == ()
    assert isinstance(after(h.received).receipt, CaseReceived)
    assert revise.clock == miss.clock
