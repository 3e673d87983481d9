from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.book import AllowSelfApproval, OpenBook, id_of_book
from domain.case import commands as c
from domain.case.about import AboutCase
from domain.case.dialogue import (
    AcknowledgeCase,
    FollowUpResult,
    GiveFeedback,
    MakeFollowUp,
    RecordCustomerReply,
)
from domain.case.due import DueOrigin, StateDue
from domain.case.escalation import AcknowledgeEscalation, EscalateCase, EscalatedBy
from domain.case.events import CaseKind, Outcome, PauseGround, ResponseKind
from domain.case.outside import (
    InformHotline,
    NoteRegulatorForwarding,
    NoteRegulatorReceipt,
    SendToPortal,
    SubmitReturn,
)
from domain.case.parts import OpenCasePart, ResolveCasePart
from domain.case.pausing import ApprovePause, DeclinePause, RequestPause
from domain.case.relations import LinkCase, MergeCase, Relation, UnlinkCase
from domain.case.settlement import (
    AcceptProposal,
    FinishInvestigation,
    ProposeResolution,
    ReferOutside,
    RejectProposal,
    StartInvestigation,
    WithdrawCase,
)
from domain.case.state import Case, Status
from domain.case.statutory import (
    AcceptCase,
    CompleteMaterial,
    ConfirmUnitReceipt,
    DecideReview,
    MakeDecision,
    NoticeOf,
    NotifyComplainant,
    RefuseCase,
    RequestMaterial,
    RequestReview,
    ReviewOutcome,
)
from domain.channel import Channel
from domain.deciders import decider_of
from domain.envelope import Context, Occurred
from domain.event import Command, Precision, Refused
from domain.money import Money
from domain.personal import Personal
from domain.stream import Category, stream_of
from tests.domain.case.histories import EAST, NORTH, WANG
from tests.domain.story import MONDAY, folded, kept

FIRST, SECOND = UUID(int=101), UUID(int=102)


@dataclass
class Told:
    """A story as it goes on: an hour passes between one step and the next, and nothing is refused unless said."""

    states: dict[str, Any] = field(default_factory=dict)
    hours: int = 0

    def step(self, command: type[AboutCase], case_id: UUID = FIRST, /, **said: Any) -> list[str]:
        """What follows, by topic."""
        self.hours += 1
        return self.asked(command(**{"at": MONDAY + timedelta(hours=self.hours), "case_id": case_id, **said}))

    def asked(self, command: Command) -> list[str]:
        decided = decider_of(command.stream).decide(
            self.states.get(command.stream), command, Context(book="test", others=self.states)
        )
        assert not any(isinstance(each, Occurred) and each.departures for each in decided)
        for each in kept(decided, command):
            self.states[each.stream] = folded(decider_of(each.stream), [each], self.states.get(each.stream))
        return [(each.event if isinstance(each, Occurred) else each).TOPIC for each in decided]

    def refused(self, command: type[AboutCase], case_id: UUID = FIRST, /, **said: Any) -> str:
        """The code of the no."""
        with pytest.raises(Refused) as answer:
            self.step(command, case_id, **said)
        return answer.value.code

    def case(self, case_id: UUID = FIRST) -> Case:
        case = self.states[stream_of(Category.CASE, case_id)]
        assert isinstance(case, Case)
        return case

    def begun(self, case_id: UUID = FIRST, /, kind: CaseKind = CaseKind.COMPLAINT, **said: Any) -> "Told":
        """A case of Wang's that has its number."""
        self.step(c.ReceiveCase, case_id, kind=kind, channel=Channel.HOTLINE, customer_id=WANG, **said)
        self.step(c.RegisterCase, case_id, registered_by="grace")
        return self


def words(text: str) -> Personal[str]:
    return Personal[str].open(WANG, text)


def test_a_complaint_goes_round_the_whole_loop() -> None:
    told = Told().begun(words=words("三月份收了两次费"))
    assert told.step(AcknowledgeCase, channel=Channel.SMS, words=words("已收到")) == ["case-acknowledged.1"]
    told.step(c.DispatchCase, unit=NORTH, handler="ada")
    told.step(c.StartWork, by="ada")
    assert told.step(StartInvestigation, by="ada") == ["investigation-started.1"]
    assert told.step(RecordCustomerReply, channel=Channel.WECHAT, words=words("还没消息？")) == ["customer-replied.1"]
    told.step(c.SendResponse, kind=ResponseKind.INTERIM, channel=Channel.WECHAT, words=words("正在核实"))
    assert told.step(FinishInvestigation, by="ada", finding="read twice") == ["investigation-finished.1"]
    offer: dict[str, Any] = {"redress": Money(minor_units=5000, currency="CNY"), "by": "ada"}
    assert told.step(ProposeResolution, **offer) == ["resolution-proposed.1"]
    assert told.step(RejectProposal, channel=Channel.HOTLINE, reason="too little") == ["proposal-rejected.1"]
    told.step(ProposeResolution, **offer | {"redress": Money(minor_units=9000, currency="CNY")})
    assert told.step(AcceptProposal, channel=Channel.HOTLINE) == ["proposal-accepted.1"]
    told.step(c.ResolveCase, outcome=Outcome.UPHELD, redress=Money(minor_units=9000, currency="CNY"))
    assert told.step(GiveFeedback, by="ada", channel=Channel.HOTLINE) == ["feedback-given.1"]
    told.step(c.CloseCase, code="settled")
    visit: dict[str, Any] = {"by": "li", "channel": Channel.HOTLINE}
    assert told.step(MakeFollowUp, result=FollowUpResult.DISSATISFIED, **visit) == ["follow-up-made.1"]
    told.step(c.ReopenCase, reason="charged again")
    assert told.refused(AcceptProposal, channel=Channel.HOTLINE) == "NO_OPEN_PROPOSAL"
    assert told.step(ReferOutside, body="Ombudsman", reason="deadlock") == ["case-referred-outside.1"]
    assert told.case().status is Status.IN_PROGRESS


def test_an_inquiry_that_was_taken_for_a_complaint_is_taken_back() -> None:
    told = Told().begun()
    assert told.step(c.ChangeCaseKind, kind=CaseKind.INQUIRY, reason="no dissatisfaction voiced") == ["kind-changed.1"]
    assert told.case().kind is CaseKind.INQUIRY
    told.step(c.PauseCase, ground=PauseGround.CUSTOMER)
    assert told.step(WithdrawCase, channel=Channel.WECHAT) == ["case-resumed.1", "case-withdrawn.1"]
    assert told.refused(c.StartWork) == "ALREADY_WITHDRAWN"
    told.step(c.ReopenCase, reason="asks once more")
    told.step(c.StartWork)
    assert told.case().status is Status.IN_PROGRESS


def test_a_regulated_complaint_came_by_a_regulator_was_decided_notified_and_reviewed() -> None:
    told = Told().begun()
    before: dict[str, Any] = {"at": MONDAY - timedelta(days=3)}
    assert told.step(NoteRegulatorReceipt, regulator="监管局", reference="R-1", **before) == ["regulator-received.1"]
    assert told.step(NoteRegulatorForwarding, regulator="监管局", to="Beijing", **before) == ["regulator-forwarded.1"]
    assert told.step(SendToPortal, portal="12345", reference="P-1", **before) == ["sent-to-portal.1"]
    told.step(c.DispatchCase, unit=NORTH)
    assert told.step(ConfirmUnitReceipt, unit=NORTH) == ["unit-received.1"]
    assert told.step(RequestMaterial, items=("身份证明",), words=words("请补充")) == ["material-requested.1"]
    assert told.step(CompleteMaterial) == ["material-completed.1"]
    assert told.step(AcceptCase) == ["case-accepted.1"]
    assert told.step(NotifyComplainant, of=NoticeOf.ACCEPTANCE) == ["complainant-notified.1"]
    assert told.refused(NotifyComplainant, of=NoticeOf.DECISION) == "NOTHING_TO_NOTIFY"
    assert told.step(MakeDecision, outcome=Outcome.REJECTED, code="D7") == ["decision-made.1"]
    told.step(NotifyComplainant, of=NoticeOf.DECISION)
    assert told.step(InformHotline, by="ada") == ["hotline-informed.1"]
    told.step(c.ResolveCase, outcome=Outcome.REJECTED)
    told.step(c.CloseCase)
    assert told.step(RequestReview, reason="new evidence") == ["review-requested.1"]
    assert told.step(DecideReview, outcome=ReviewOutcome.SENT_BACK) == ["review-decided.1"]
    told.step(c.ReopenCase, reason="sent back")
    assert told.step(MakeDecision, outcome=Outcome.UPHELD) == ["decision-made.1"]
    told.step(c.ResolveCase, outcome=Outcome.UPHELD)
    assert told.step(SubmitReturn, to="监管局", period="2026-H1") == ["return-submitted.1"]


def test_a_complaint_about_somebody_else_s_service_is_not_taken_on() -> None:
    told = Told().begun()
    assert told.step(RefuseCase, reason="not about our services") == ["case-refused.1"]
    assert told.refused(AcceptCase) == "RECORDED_OTHERWISE"
    told.step(NotifyComplainant, of=NoticeOf.REFUSAL)
    told.step(RequestReview)


def test_an_internal_case_rises_when_nobody_meets_the_date_that_was_promised() -> None:
    told = Told().begun(kind=CaseKind.INTERNAL)
    told.step(c.DispatchCase, unit=NORTH)
    due: dict[str, Any] = {"target": "hand-over", "due_at": MONDAY + timedelta(days=1), "due_precision": Precision.DAY}
    assert told.step(StateDue, **due, stated_by=DueOrigin.COMPANY) == ["due-stated.1"]
    told.step(c.TransferCase, to_unit=EAST, reason="metering")
    rise: dict[str, Any] = {"to_unit": "集团", "reason": "hand-over missed", "by": EscalatedBy.ALARM}
    assert told.step(EscalateCase, level=1, **rise) == ["case-escalated.1"]
    assert told.step(AcknowledgeEscalation, level=1, by="zhao") == ["escalation-acknowledged.1"]
    told.step(EscalateCase, level=2, **rise)
    assert told.refused(EscalateCase, level=2, to_staff="zhao", by=EscalatedBy.PERSON) == "NOT_HIGHER"
    assert told.case().unit == EAST


def test_a_complaint_in_two_parts_ends_when_both_have_ended() -> None:
    told = Told().begun()
    for part in ("card payment", "conduct"):
        assert told.step(OpenCasePart, part=part) == ["case-part-opened.1"]
    assert told.step(ResolveCasePart, part="card payment", outcome=Outcome.UPHELD) == ["case-part-resolved.1"]
    assert told.refused(c.ResolveCase, outcome=Outcome.PARTLY_UPHELD) == "PART_STILL_OPEN"
    told.step(ResolveCasePart, part="conduct", outcome=Outcome.REJECTED)
    told.step(c.ResolveCase, outcome=Outcome.PARTLY_UPHELD)


def test_a_case_waits_for_a_court_once_two_people_agree() -> None:
    told = Told().begun()
    assert told.refused(c.PauseCase, ground=PauseGround.OTHER) == "APPROVAL_NEEDED"
    asked: dict[str, Any] = {"reason": "court case pending", "requested_by": "ada"}
    assert told.step(RequestPause, **asked) == ["pause-requested.1"]
    assert told.step(DeclinePause, declined_by="grace") == ["pause-declined.1"]
    told.step(RequestPause, **asked)
    assert told.refused(ApprovePause, approved_by="ada") == "SAME_PERSON"
    assert told.step(ApprovePause, approved_by="grace") == ["pause-approved.1", "case-paused.1"]
    assert told.case().status is Status.PAUSED


def test_one_desk_alone_agrees_with_itself_where_the_book_allows_that() -> None:
    told = Told()
    book: dict[str, Any] = {"at": MONDAY, "book_id": id_of_book("test")}
    told.asked(OpenBook.model_validate(book | {"origin": "t", "book_zone": "UTC", "time": "live", "formats": ()}))
    told.asked(AllowSelfApproval.model_validate(book | {"reason": "one desk", "decided_by": "ada"}))
    told.begun().step(RequestPause, reason="court case pending", requested_by="ada")
    assert told.step(ApprovePause, approved_by="ada") == ["pause-approved.1", "case-paused.1"]


def test_two_complaints_about_one_meter_become_one() -> None:
    told = Told().begun().begun(SECOND)
    assert told.step(LinkCase, other_id=SECOND, relation=Relation.RELATED) == ["case-linked.1"]
    assert told.step(UnlinkCase, other_id=SECOND, relation=Relation.RELATED) == ["case-unlinked.1"]
    told.step(LinkCase, other_id=SECOND, relation=Relation.DUPLICATE)
    assert told.step(MergeCase, into=SECOND) == ["case-merged.1", "case-absorbed.1"]
    assert (told.case().status, told.case(SECOND).rare.relations.absorbed) == (Status.MERGED, (FIRST,))
    assert told.refused(c.StartWork) == "ALREADY_MERGED"
    assert told.refused(MergeCase, SECOND, into=FIRST) == "MERGES_IN_A_CIRCLE"
    told.step(c.StartWork, SECOND, by="ada")
    assert told.step(MergeCase, into=SECOND) == []
