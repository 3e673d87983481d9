"""A complaint that a regulator passed on: taken on or not, decided, notified and looked at again, each by itself."""

from __future__ import annotations

from datetime import timedelta

from api.demo.papers import sent_in
from api.demo.told import Told
from domain.case.events import Outcome
from domain.case.outside import (
    InformHotline,
    NoteRegulatorForwarding,
    NoteRegulatorReceipt,
    SendToPortal,
    SubmitReturn,
)
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

REGULATOR, PORTAL = "通信管理局 Communications Administration", "12345"
ITEMS = ("copy of the contract", "bill of the month")


def came_from_outside(case: Told) -> None:
    """What the regulator did before the company got it."""
    telling = case.telling
    reference = f"R-{telling.case_id.hex[:6].upper()}"
    earlier = {"at": telling.now - timedelta(days=3)}
    later = {"at": telling.now - timedelta(hours=20)}
    telling.tell(
        case.head,
        telling.about(NoteRegulatorReceipt, regulator=REGULATOR, reference=reference, **earlier),
        telling.about(NoteRegulatorForwarding, regulator=REGULATOR, to=PORTAL, **later),
        telling.about(SendToPortal, portal=PORTAL, reference=reference, **later),
    )


def take_on(case: Told) -> bool:
    """Asks for what is missing, and decides whether the complaint is taken on (受理). Gives back whether it is."""
    telling = case.telling
    case.tell(telling.about(ConfirmUnitReceipt, unit=case.unit))
    telling.after(1, 10)
    words = case.said("请补充合同和账单复印件。", "Please send us copies of the contract and of the bill.")
    case.tell(telling.about(RequestMaterial, items=ITEMS, words=words))
    telling.after(10, 100)
    case.tell(telling.about(CompleteMaterial), *sent_in(case))
    telling.after(1, 20)
    accepted = telling.chance(0.7)
    answer = telling.about(AcceptCase) if accepted else telling.about(RefuseCase, reason="decided by a court already")
    notice = NoticeOf.ACCEPTANCE if accepted else NoticeOf.REFUSAL
    telling.tell(case.head, answer, telling.about(NotifyComplainant, of=notice))
    return accepted


def decide(case: Told, outcome: Outcome) -> None:
    """The formal decision, and its notice."""
    telling = case.telling
    telling.after(4, 60)
    telling.tell(case.head, telling.about(MakeDecision, outcome=outcome))
    telling.after(1, 30)
    telling.tell(case.head, telling.about(NotifyComplainant, of=NoticeOf.DECISION))


def report(case: Told) -> None:
    """After its outcome: the portal is told, a return made, and the decision perhaps looked at again (核查)."""
    telling = case.telling
    telling.after(2, 30)
    telling.tell(case.head, telling.about(InformHotline, by=case.head.name))
    if telling.chance(0.5):
        telling.after(24, 200)
        telling.tell(case.head, telling.about(RequestReview, reason="does not agree"))
        telling.after(48, 300)
        outcome = ReviewOutcome.UPHELD if telling.chance(0.7) else ReviewOutcome.CHANGED
        telling.tell(
            case.head,
            telling.about(DecideReview, outcome=outcome),
            telling.about(NotifyComplainant, of=NoticeOf.REVIEW),
        )
    telling.after(24, 400)
    quarter = f"{telling.now.year} Q{(telling.now.month + 2) // 3}"
    telling.tell(case.head, telling.about(SubmitReturn, to=REGULATOR, period=quarter))
