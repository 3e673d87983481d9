"""Every target of the regulatory library with a case in which it runs, and its due, worked out by hand from the law.

The days are counted on paper from these: bank holidays in England 2025 are 18 and 21 April, 5 and 26 May and 25 August
(gov.uk/bank-holidays); in China 1 to 8 October 2025 is a holiday, and Sunday 28 September and Saturday 11 October are
working days (国务院办公厅关于2025年部分节假日安排的通知).
"""

from __future__ import annotations

from typing import NamedTuple

from domain.case.commands import CloseCase, DispatchCase, ReopenCase, ResolveCase, ReturnDispatch, SendResponse
from domain.case.dialogue import AcknowledgeCase, GiveFeedback, MakeFollowUp, RecordCustomerReply
from domain.case.outside import (
    InformHotline,
    NoteRegulatorForwarding,
    NoteRegulatorReceipt,
    SendToPortal,
    SubmitReturn,
)
from domain.case.parts import OpenCasePart, ResolveCasePart
from domain.case.relations import MergeCase
from domain.case.settlement import AcceptProposal, ProposeResolution
from domain.case.statutory import (
    AcceptCase,
    CompleteMaterial,
    ConfirmUnitReceipt,
    DecideReview,
    MakeDecision,
    NotifyComplainant,
    RefuseCase,
    RequestMaterial,
    RequestReview,
)
from domain.case.vocabulary import CaseKind, Outcome
from domain.channel import Channel
from tests.api.lived import SURVIVOR, Step, Told, received, step

Steps = tuple[Step, ...]

ACKNOWLEDGED = step(AcknowledgeCase, channel=Channel.EMAIL)
UPDATE, INTERIM, HOLDING, DELAY_LETTER, FINAL = (
    step(SendResponse, kind=kind, channel=Channel.EMAIL)
    for kind in ("update", "interim", "holding", "delay-letter", "final")
)
PROPOSED, AGREED = step(ProposeResolution), step(AcceptProposal, channel=Channel.HOTLINE)
RESOLVED, CLOSED, REOPENED = step(ResolveCase, outcome=Outcome.UPHELD), step(CloseCase), step(ReopenCase)
MERGED = step(MergeCase, into=SURVIVOR)
ACCEPTED, REFUSED = step(AcceptCase), step(RefuseCase, reason="not ours")
MATERIAL_ASKED, MATERIAL = step(RequestMaterial, items=("contract",)), step(CompleteMaterial)
DECIDED = step(MakeDecision, outcome=Outcome.UPHELD)
TOLD_DECISION, TOLD_EXTENSION, TOLD_ACCEPTANCE, TOLD_REFUSAL = (
    step(NotifyComplainant, of=of) for of in ("decision", "extension", "acceptance", "refusal")
)
REVIEW_ASKED, REVIEWED = step(RequestReview, reason="unfair"), step(DecideReview, outcome="upheld")
TO_PORTAL = step(SendToPortal, portal="CFPB")
INFORMED, FED_BACK = step(InformHotline), step(GiveFeedback, channel=Channel.HOTLINE)
DISPATCHED, GOT, RETURNED = (
    step(DispatchCase, unit="供热科"),
    step(ConfirmUnitReceipt, unit="供热科"),
    step(ReturnDispatch, unit="供热科", reason="not ours"),
)
REGULATOR_GOT = step(NoteRegulatorReceipt, regulator="金融监管局")
REGULATOR_SENT = step(NoteRegulatorForwarding, regulator="金融监管局", to="bank")
RETURN_MADE = step(SubmitReturn, to="FCA", period="2025 H1")
CALLED_BACK = step(MakeFollowUp, result="satisfied", channel=Channel.HOTLINE)
ASKED = step(RecordCustomerReply, channel=Channel.EMAIL)
PSD_PART, OTHER_PART = (step(OpenCasePart, part=part, category=part) for part in ("psd", "other"))
PSD_DONE, OTHER_DONE = (step(ResolveCasePart, part=part, outcome=Outcome.UPHELD) for part in ("psd", "other"))


class Numbered(NamedTuple):
    """A clock with a number, in a case of its own."""

    policy: str
    target: str
    begun: list[Told]
    """Up to what starts it, which comes last."""
    due: str
    """The last local day, or, of a target that ends within a day, its last instant."""
    stops: tuple[Steps, ...]
    """Each way to stop it; the last step does."""
    goes_on: tuple[Steps, ...]
    """What looks like a stop and is none."""
    counted: str
    """The clause, and how the due was counted."""
    part: str | None = None
    lapses: bool = False
    """Whether it is no breach that the time runs out."""


class Unnumbered(NamedTuple):
    """A duty without a number, in a case of its own."""

    policy: str
    target: str
    begun: list[Told]
    stops: tuple[Steps, ...]
    word: str


HOTLINE = [*received("2025-09-24 10:00"), Told("2025-09-24 11:00", DISPATCHED), Told("2025-09-24 15:00", GOT)]
PSD = received("2025-04-17 10:00", regime="psd")
OPENED = [Told("2025-04-18 10:00", OTHER_PART), Told("2025-04-18 10:00", PSD_PART)]
IN_PARTS = [*received("2025-04-17 10:00", regime="psd-in-part"), *OPENED]
DECIDED_ON = [*received("2025-09-20 10:00"), Told("2025-09-28 10:00", DECIDED)]

NUMBERED = (
    Numbered(
        "fca-disp", "summary-resolution", received("2025-04-17 10:00"), "2025-04-24 17:00",
        ((PROPOSED, AGREED),), ((PROPOSED,), (ACKNOWLEDGED,), (FINAL,)),
        "DISP 1.5: 22, 23 and 24 April; Good Friday, the weekend and Easter Monday are no business days", lapses=True,
    ),
    Numbered(
        "fca-disp", "eight-weeks", received("2025-04-17 10:00"), "2025-06-12",
        ((FINAL,), (DELAY_LETTER,)), ((UPDATE,), (HOLDING,), (INTERIM,), (RESOLVED, CLOSED)),
        "DISP 1.6.2R: the same weekday, Thursday, eight weeks on",
    ),
    Numbered(
        "fca-disp", "psd-15-days", PSD, "2025-05-13", ((FINAL,), (HOLDING,)),
        ((UPDATE,), (DELAY_LETTER,), (RESOLVED, CLOSED)),
        "DISP 1.6.2AR: seven in April from the 22nd to the 30th, then 1, 2, 6 to 9, 12 and 13 May",
    ),
    Numbered(
        "fca-disp", "psd-35-days", [*PSD, Told("2025-05-12 10:00", HOLDING)], "2025-06-11",
        ((FINAL,),), ((UPDATE,), (DELAY_LETTER,), (RESOLVED, CLOSED)),
        "DISP 1.6.2AR: 13 May is the 15th, 30 May the 27th (26 May is a holiday), 6 June the 32nd",
    ),
    Numbered(
        "fca-disp", "part-15-days", IN_PARTS, "2025-05-13", ((PSD_DONE,), (HOLDING,)), ((OTHER_DONE,), (DELAY_LETTER,)),
        "DISP 1.6.2AR, of the part alone; counted as psd-15-days", part="psd",
    ),
    Numbered(
        "fca-disp", "part-35-days", [*IN_PARTS, Told("2025-05-12 10:00", HOLDING)], "2025-06-11",
        ((PSD_DONE,),), ((OTHER_DONE,), (DELAY_LETTER,)),
        "DISP 1.6.2AR, of the part alone; counted as psd-35-days", part="psd",
    ),
    Numbered(
        "fca-disp", "part-eight-weeks", [*IN_PARTS[:-2], *reversed(OPENED)], "2025-06-12",
        ((OTHER_DONE,), (DELAY_LETTER,)), ((PSD_DONE,), (HOLDING,)),
        "DISP 1.6.2R, of the part alone; counted as eight-weeks", part="other",
    ),
    Numbered(
        "fca-disp", "records", received("2025-04-17 10:00"), "2028-04-17", ((MERGED,),), ((RESOLVED, CLOSED),),
        "DISP 1.9.1R: the corresponding date three years on", lapses=True,
    ),
    Numbered(
        "fca-disp", "records-five-years", received("2025-04-17 10:00", regime="collective-portfolio"), "2030-04-17",
        ((MERGED,),), ((RESOLVED, CLOSED),), "DISP 1.9.1R: the corresponding date five years on", lapses=True,
    ),
    Numbered(
        "fca-disp", "report", received("2025-04-17 10:00"), "2025-08-11", ((RETURN_MADE,),), ((RESOLVED, CLOSED),),
        "DISP 1.10.1R: the half-year ends on 30 June; 23 business days in July, 7 in August to the 11th",
    ),
    Numbered(
        "cfpb", "response", [*received("2025-03-03 10:00"), Told("2025-03-03 10:00", TO_PORTAL)], "2025-03-18",
        ((FINAL,), (INTERIM,)), ((ACKNOWLEDGED,), (RESOLVED, CLOSED)),
        "Portal manual, 8.1: the 3rd and fifteen days; clocks go forward on 9 March",
    ),
    Numbered(
        "cfpb", "final-response",
        [*received("2025-03-03 10:00"), Told("2025-03-03 10:00", TO_PORTAL), Told("2025-03-10 10:00", INTERIM)],
        "2025-05-02", ((FINAL,),), ((UPDATE,), (RESOLVED, CLOSED)),
        "Portal manual, 8.1: 28 days in March, 30 in April, 2 in May",
    ),
    Numbered(
        "cn-bank", "decision", received("2025-09-20 10:00"), "2025-10-05",
        ((DECIDED, TOLD_DECISION),), ((DECIDED,), (DECIDED, TOLD_EXTENSION), (FINAL,), (DECIDED, RESOLVED, CLOSED)),
        "银保监会令2020年第3号: ten days in September, five in October, holidays among them",
    ),
    Numbered(
        "cn-bank", "review-request", [*DECIDED_ON, Told("2025-10-05 10:00", TOLD_DECISION)], "2025-11-04",
        ((REVIEW_ASKED,),), ((ASKED,),), "核查: 26 days in October, 4 in November", lapses=True,
    ),
    Numbered(
        "cn-bank", "review-decision",
        [*DECIDED_ON, Told("2025-10-05 10:00", TOLD_DECISION), Told("2025-10-20 10:00", REVIEW_ASKED)], "2025-11-19",
        ((REVIEWED,),), ((UPDATE,),), "核查: 11 days in October, 19 in November",
    ),
    Numbered(
        "cn-bank", "forwarding", [*received("2025-09-20 10:00"), Told("2025-09-26 10:00", REGULATOR_GOT)], "2025-09-30",
        ((REGULATOR_SENT,),), ((ACKNOWLEDGED,),),
        "银保监会令2020年第3号: Sunday 28 September, which is worked, the 29th and the 30th",
    ),
    Numbered(
        "cn-bank", "records",
        [*received("2025-09-20 10:00"), Told("2025-10-10 10:00", RESOLVED), Told("2025-10-20 10:00", CLOSED)],
        "2028-10-20", ((REOPENED,),), ((CALLED_BACK,),),
        "中国人民银行令〔2020〕第5号: the corresponding date three years after closing", lapses=True,
    ),
    Numbered(
        "cn-telecom", "reply", received("2025-09-20 10:00"), "2025-10-05", ((FINAL,), (UPDATE,)),
        ((ACKNOWLEDGED,), (RESOLVED, CLOSED)),
        "电信用户申诉处理办法, 10(4): ten days in September, five in October", lapses=True,
    ),
    Numbered(
        "cn-telecom", "acceptance", received("2025-09-24 10:00", role="appeal-body"), "2025-09-30",
        ((ACCEPTED, TOLD_ACCEPTANCE), (REFUSED, TOLD_REFUSAL)),
        ((ACCEPTED,), (REFUSED,), (ACKNOWLEDGED,), (RESOLVED, CLOSED)),
        "电信用户申诉处理办法: 25, 26, Sunday 28, which is worked, 29 and 30 September",
    ),
    Numbered(
        "cn-telecom", "answer",
        [
            *received("2025-09-24 10:00", role="appeal-body"), Told("2025-09-25 10:00", MATERIAL_ASKED),
            Told("2025-10-01 10:00", MATERIAL),
        ],
        "2025-10-31", ((FINAL,),), ((UPDATE,), (RESOLVED, CLOSED)),
        "电信用户申诉处理办法: thirty days after 1 October, when all the material was there",
    ),
    Numbered(
        "cn-12345-shandong", "return", HOTLINE, "2025-09-26", ((RETURNED,),), ((RESOLVED,),),
        "山东省政务服务热线管理办法: 25 and 26 September", lapses=True,
    ),
    Numbered(
        "cn-12345-shandong", "handling", HOTLINE, "2025-09-30",
        ((RESOLVED, FED_BACK, INFORMED), (INFORMED, FINAL, RESOLVED), (INFORMED, RESOLVED, FED_BACK)),
        ((RESOLVED, FED_BACK), (RESOLVED, INFORMED), (FINAL, INFORMED)),
        "山东省政务服务热线管理办法: 25, 26, Sunday 28, which is worked, 29 and 30 September",
    ),
    Numbered(
        "cn-12345-bureau", "inquiry",
        [
            *received("2025-09-24 10:00", kind=CaseKind.INQUIRY), Told("2025-09-24 11:00", DISPATCHED),
            Told("2025-09-24 15:00", GOT),
        ],
        "2025-09-28", ((RESOLVED, INFORMED), (INFORMED, RESOLVED)), ((RESOLVED,), (INFORMED,), (FINAL,)),
        "Rules of the bureau: 25, 26 and Sunday 28 September, which is worked",
    ),
    Numbered(
        "cn-12345-bureau", "complaint", HOTLINE, "2025-10-17",
        ((RESOLVED, INFORMED), (INFORMED, RESOLVED)), ((RESOLVED,), (INFORMED,), (FINAL,)),
        "Rules of the bureau: five to 30 September; 9, 10 and Saturday 11, which is worked; 13 to 17 October",
    ),
    Numbered(
        "cn-12345-bureau", "call-back", [*HOTLINE, Told("2025-10-10 10:00", RESOLVED)], "2025-10-11",
        ((CALLED_BACK,),), ((INFORMED,), (FED_BACK,)), "Rules of the bureau: the next day",
    ),
    Numbered(
        "cn-samr", "acceptance", received("2025-09-24 10:00"), "2025-10-10",
        ((ACCEPTED, TOLD_ACCEPTANCE), (REFUSED, TOLD_REFUSAL)),
        ((ACCEPTED,), (REFUSED,), (ACKNOWLEDGED,), (RESOLVED, CLOSED)),
        "投诉举报处理暂行办法, 14: 25, 26, Sunday 28, which is worked, 29 and 30 September; 9 and 10 October",
    ),
    Numbered(
        "cn-samr", "mediation", [*received("2025-09-24 10:00"), Told("2025-10-10 10:00", ACCEPTED)], "2025-12-11",
        ((RESOLVED,),), ((FINAL,), (TOLD_ACCEPTANCE,)),
        "投诉举报处理暂行办法, 21: Saturday 11 October, which is worked; eight weeks from the 13th; 8 to 11 December",
    ),
    Numbered(
        "gdpr-erasure", "answer", received("2025-03-18 10:00", CaseKind.REQUEST, "erasure"), "2025-04-22",
        ((FINAL,), (DECIDED, TOLD_DECISION), (REFUSED, TOLD_REFUSAL)), ((UPDATE,), (DECIDED,), (RESOLVED, CLOSED)),
        "GDPR, 12(3); Regulation 1182/71, 3(4): 18 April is Good Friday; the 22nd is the next working day",
    ),
)  # fmt: skip
"""Every target that has a number."""

UNNUMBERED = (
    Unnumbered("fca-disp", "acknowledgement", received("2025-04-17 10:00"), ((ACKNOWLEDGED,),), "prompt"),
    Unnumbered("eu-complaints", "response", received("2025-04-17 10:00"), ((FINAL,),), "without unnecessary delay"),
    Unnumbered("iso-10002", "acknowledgement", received("2025-04-17 10:00"), ((ACKNOWLEDGED,),), "immediately"),
    Unnumbered(
        "iso-10002", "status", [*received("2025-04-17 10:00"), Told("2025-04-20 10:00", ASKED)], ((UPDATE,),),
        "on request, and at deadlines set beforehand",
    ),
    Unnumbered(
        "pipl-erasure", "deletion", received("2025-04-17 10:00", CaseKind.REQUEST, "erasure"), ((RESOLVED,), (FINAL,)),
        "on its own motion, or when asked",
    ),
)  # fmt: skip
"""Every target that has none."""
