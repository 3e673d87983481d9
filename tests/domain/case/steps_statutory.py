"""Formal steps, and what happens outside the company, step by step."""

from typing import Any

from domain.case.events import CaseDispatched, Outcome
from domain.case.outside import (
    HotlineInformed,
    InformHotline,
    NoteRegulatorForwarding,
    NoteRegulatorReceipt,
    RegulatorForwarded,
    RegulatorReceived,
    ReturnSubmitted,
    SendToPortal,
    SentToPortal,
    SubmitReturn,
)
from domain.case.rules import Departure
from domain.case.statutory import (
    AcceptCase,
    CaseAccepted,
    CaseRefused,
    ComplainantNotified,
    CompleteMaterial,
    ConfirmUnitReceipt,
    DecideReview,
    DecisionMade,
    MakeDecision,
    MaterialCompleted,
    MaterialRequested,
    NoticeOf,
    NotifyComplainant,
    RefuseCase,
    RequestMaterial,
    RequestReview,
    ReviewDecided,
    ReviewOutcome,
    ReviewRequested,
    UnitReceived,
)
from domain.personal import Personal
from domain.refusal import Refusal
from tests.domain.case.histories import CASE_ID, NORTH, SOUTH, TUESDAY, WANG, ZHAO, received, reopened
from tests.domain.case.steps import BEFORE, Accepted, Marked, Rejected, Steps, at_hand, by_stage, ended, over

about: dict[str, Any] = {"at": TUESDAY, "case_id": CASE_ID}
asked_for = Personal[str].open(WANG, "请补充身份证明")
held = (*at_hand, CaseDispatched(unit=NORTH, handler=None))
send = SendToPortal(**about, portal="company portal", reference="P-1")
sent = SentToPortal(portal="company portal", reference="P-1")
confirm = ConfirmUnitReceipt(**about, unit=NORTH)
confirmed = UnitReceived(unit=NORTH)
inform = InformHotline(**about, by="ada")
informed = HotlineInformed(by="ada")
accept = AcceptCase(**about)
refuse = RefuseCase(**about, reason="not about our services")
refused = CaseRefused(reason="not about our services")
ask = RequestMaterial(**about, items=("身份证明", "invoice"), words=asked_for)
asked = MaterialRequested(items=("身份证明", "invoice"), words=asked_for)
complete = CompleteMaterial(**about)
decide = MakeDecision(**about, outcome=Outcome.REJECTED, code="D7")
decided = DecisionMade(outcome=Outcome.REJECTED, code="D7")
notify = NotifyComplainant(**about, of=NoticeOf.DECISION, version=3)
notified = ComplainantNotified(of=NoticeOf.DECISION, version=3)
want_review = RequestReview(**about, reason="new evidence")
review_wanted = ReviewRequested(reason="new evidence")
review = DecideReview(**about, outcome=ReviewOutcome.SENT_BACK)
reviewed = ReviewDecided(outcome=ReviewOutcome.SENT_BACK)
regulator_got = NoteRegulatorReceipt(**about, regulator="监管局", reference="R-1")
regulator_has = RegulatorReceived(regulator="监管局", reference="R-1")
forward = NoteRegulatorForwarding(**about, regulator="监管局", to="Beijing branch")
forwarded = RegulatorForwarded(regulator="监管局", to="Beijing branch")
report = SubmitReturn(**about, to="FCA", period="2026-H1")
reported = ReturnSubmitted(to="FCA", period="2026-H1")

ACCEPTED = {
    "a portal passed the complaint on before it was received": Accepted(
        (received,), send.model_copy(update={"at": BEFORE}), (sent,)
    ),
    "another portal did as well": Accepted(
        (received, sent),
        send.model_copy(update={"portal": "12345"}),
        (SentToPortal(portal="12345", reference="P-1"),),
    ),
    "the unit confirms the work order": Accepted(held, confirm, (confirmed,)),
    "the unit confirms it again after it came back": Accepted((*held, confirmed), confirm, (confirmed,)),
    "the hotline hears of it after closing": Accepted(ended, inform, (informed,)),
    "a complaint is taken on": Accepted(at_hand, accept, (CaseAccepted(),)),
    "a complaint is not taken on": Accepted(at_hand, refuse, (refused,)),
    "whether to take it on is decided anew after a reopening": Accepted(
        (*at_hand, refused, *over[2:], reopened), accept, (CaseAccepted(),)
    ),
    "material is asked for": Accepted(at_hand, ask, (asked,)),
    "the same material is asked for again once it came": Accepted(
        (*at_hand, asked, MaterialCompleted()), ask, (asked,)
    ),
    "the material is there": Accepted((*at_hand, asked), complete, (MaterialCompleted(),)),
    "the material was there from the beginning": Accepted(at_hand, complete, (MaterialCompleted(),)),
    "the decision is made": Accepted(at_hand, decide, (decided,)),
    "another decision is made after a reopening": Accepted(
        (*at_hand, decided, *over[2:], reopened),
        decide.model_copy(update={"outcome": Outcome.UPHELD}),
        (DecisionMade(outcome=Outcome.UPHELD, code="D7"),),
    ),
    "the complainant is notified of this decision": Accepted((*at_hand, decided), notify, (notified,)),
    "the complainant is notified of an extension": Accepted(
        at_hand,
        notify.model_copy(update={"of": NoticeOf.EXTENSION, "version": None}),
        (ComplainantNotified(of=NoticeOf.EXTENSION, version=None),),
    ),
    "the complainant is notified of the acceptance": Accepted(
        (*at_hand, CaseAccepted()),
        notify.model_copy(update={"of": NoticeOf.ACCEPTANCE, "version": None}),
        (ComplainantNotified(of=NoticeOf.ACCEPTANCE, version=None),),
    ),
    "the complainant wants a closed case looked at again": Accepted(ended, want_review, (review_wanted,)),
    "a refusal can be looked at again": Accepted((*at_hand, refused), want_review, (review_wanted,)),
    "the body above decides": Accepted((*ended, review_wanted), review, (reviewed,)),
    "a second review is asked for": Accepted((*ended, review_wanted, reviewed), want_review, (review_wanted,)),
    "a regulator got the complaint before the company did": Accepted(
        (received,), regulator_got.model_copy(update={"at": BEFORE}), (regulator_has,)
    ),
    "a regulator passed the complaint on": Accepted(
        (received, regulator_has), forward.model_copy(update={"at": BEFORE}), (forwarded,)
    ),
    "a case is reported in a return": Accepted(ended, report, (reported,)),
}
REJECTED = {
    **dict(by_stage(ACCEPTED)),
    "a portal passes it on once": Rejected(
        (received, sent), send.model_copy(update={"reference": None}), Refusal.RECORDED_OTHERWISE, "correction"
    ),
    "a regulator got it once": Rejected(
        (received, regulator_has),
        regulator_got.model_copy(update={"reference": None}),
        Refusal.RECORDED_OTHERWISE,
        "correction",
    ),
    "nobody confirms what no unit holds": Rejected(at_hand, confirm, Refusal.NOT_HELD, "dispatch it first"),
    "a unit does not confirm what another holds": Rejected(
        held,
        confirm.model_copy(update={"unit": SOUTH}),
        Refusal.HELD_BY_ANOTHER_UNIT,
        f"with {NORTH}, not with {SOUTH}",
    ),
    "what was not taken on is not taken on later": Rejected(
        (*at_hand, refused), accept, Refusal.RECORDED_OTHERWISE, "correction"
    ),
    "what was taken on is not refused later": Rejected(
        (*at_hand, CaseAccepted()), refuse, Refusal.RECORDED_OTHERWISE, "correction"
    ),
    "a decision is made once": Rejected(
        (*at_hand, decided),
        decide.model_copy(update={"outcome": Outcome.UPHELD}),
        Refusal.RECORDED_OTHERWISE,
        "correction",
    ),
    "a decision says how it ends": Rejected(
        at_hand, decide.model_copy(update={"outcome": Outcome.UNSTATED}), Refusal.OUTCOME_UNSTATED, "say how it ended"
    ),
    "no notice of a decision that is yet to be made": Rejected(
        at_hand,
        notify.model_copy(update={"version": None}),
        Refusal.NOTHING_TO_NOTIFY,
        "no decision to give notice of",
    ),
    "no notice of a decision that stands elsewhere": Rejected(
        (*at_hand, decided),
        notify.model_copy(update={"version": 2}),
        Refusal.NOTHING_TO_NOTIFY,
        "no decision in version 2",
    ),
    "nothing is looked at again that was not decided": Rejected(
        at_hand, want_review, Refusal.NOTHING_TO_REVIEW, "nothing to review"
    ),
    "one review at a time": Rejected(
        (*ended, review_wanted),
        want_review.model_copy(update={"reason": None}),
        Refusal.REVIEW_ALREADY_REQUESTED,
        "not decided yet",
    ),
    "no review is decided that nobody wanted": Rejected(
        ended, review, Refusal.NO_REVIEW_REQUESTED, "No review of this case"
    ),
    "words under another's key": Rejected(
        at_hand,
        ask.model_copy(update={"words": Personal[str].open(ZHAO, "Dear Zhao")}),
        Refusal.SUBJECT_MISMATCH,
        "somebody else",
    ),
}
MARKED = {
    "a unit confirmed what it did not hold": Marked(at_hand, confirm, confirmed, (Departure.RECEIVED_BY_ANOTHER_UNIT,)),
    "it was taken on after all": Marked((*at_hand, refused), accept, CaseAccepted(), (Departure.RECORDED_OTHERWISE,)),
    "notice was given of nothing": Marked(at_hand, notify, notified, (Departure.NOTIFIED_OF_NOTHING,)),
    "nothing was to be reviewed": Marked(at_hand, want_review, review_wanted, (Departure.REVIEWED_NOTHING,)),
    "a review was asked for twice": Marked(
        (*ended, review_wanted),
        want_review.model_copy(update={"reason": None}),
        ReviewRequested(reason=None),
        (Departure.REVIEW_REQUESTED_AGAIN,),
    ),
    "a review was decided that nobody wanted": Marked(ended, review, reviewed, (Departure.REVIEW_NOT_REQUESTED,)),
}
STATUTORY = Steps(ACCEPTED, REJECTED, MARKED)
