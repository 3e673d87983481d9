"""What only some cases of the demo go through: looked into, offered, escalated, waiting, in parts, asked of others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from uuid import uuid5

from api.demo.group import (
    BODIES,
    DEPARTMENTS,
    ESCALATIONS,
    FINDINGS,
    GROUP,
    INSPECTOR,
    PARTS,
    REJECTIONS,
    WAITS,
    WITHDRAWALS,
    ZONE,
)
from api.demo.telling import History, this_cycle
from api.demo.told import Told
from domain.case.commands import (
    AssignCase,
    ChangeCaseChannel,
    ChangeCaseKind,
    PrioritiseCase,
    RecordAttributes,
    ResumeCase,
    UnassignCase,
)
from domain.case.dialogue import FollowUpResult, GiveFeedback, MakeFollowUp, RecordCustomerReply
from domain.case.due import DueOrigin, StateDue
from domain.case.escalation import (
    AcknowledgeEscalation,
    CaseEscalated,
    EscalateCase,
    EscalatedBy,
    EscalationAcknowledged,
)
from domain.case.events import Attribute, CaseKind, Outcome, PauseGround, Priority
from domain.case.parts import OpenCasePart, ResolveCasePart
from domain.case.pausing import ApprovePause, DeclinePause, RequestPause
from domain.case.settlement import (
    AcceptProposal,
    FinishInvestigation,
    ProposeResolution,
    ReferOutside,
    RejectProposal,
    StartInvestigation,
    WithdrawCase,
)
from domain.channel import Channel, Direction
from domain.envelope import Actor, ActorKind
from domain.event import Command, Precision
from domain.money import Money
from domain.obligation import MeetObligation, ObligationKind, OpenObligation, VerifyObligation

OFFICER = Actor(INSPECTOR, ActorKind.PERSON, unit=GROUP, role="compliance")

# While it is open -----------------------------------------------------------------------------------------------------


def promise(case: Told) -> None:
    """A day is promised by which it will be settled."""
    telling = case.telling
    day = telling.now + timedelta(days=telling.random.randrange(3, 15))
    case.tell(
        telling.about(
            StateDue, target="resolution", due_at=day, due_precision=Precision.DAY, stated_by=DueOrigin.COMPANY
        )
    )


def reply(case: Told) -> None:
    """The customer turns to the company again before it is settled."""
    telling = case.telling
    telling.after(2, 60)
    contact = case.touchpoint(Direction.IN, case.unit, case.handler)
    words = case.said("请问我的问题处理得怎么样了？", "How far have you come with my matter?")
    asked = telling.about(RecordCustomerReply, channel=case.channel, touchpoint_id=contact.touchpoint_id, words=words)
    case.tell(contact, asked)


def withdraw(case: Told) -> None:
    """The customer takes the matter back."""
    case.telling.after(2, 80)
    case.tell(case.telling.about(WithdrawCase, channel=case.answering, reason=case.telling.one_of(WITHDRAWALS)))


def learn_more(case: Told) -> None:
    """It proves to be other than was noted: of another channel or line, more pressing, or a complaint."""
    telling = case.telling
    telling.after(0.2, 20)
    line = Attribute(name="line", value=telling.one_of(("fibre 300", "fibre 1000", "leased line")))
    told = [
        telling.about(RecordAttributes, attributes=(line,)),
        telling.about(ChangeCaseChannel, channel=Channel.SOCIAL),
        telling.about(PrioritiseCase, priority=Priority.CRITICAL),
    ]
    if case.kind is CaseKind.REQUEST:
        case.kind = CaseKind.COMPLAINT
        told.append(telling.about(ChangeCaseKind, kind=case.kind, reason="asked for it twice before"))
    case.tell(*(one for one in told if telling.chance(0.6)))


def hand_over(case: Told) -> None:
    """The handler lets go of it, and somebody else in the unit takes it."""
    telling = case.telling
    telling.after(0.5, 20)
    case.tell(telling.about(UnassignCase, handler=case.handler))
    telling.after(0.2, 10)
    case.handler = telling.one_of([one for one in case.branch.staff[case.department] if one != case.handler])
    case.tell(telling.about(AssignCase, handler=case.handler))


def investigate(case: Told) -> None:
    """Somebody finds out what happened."""
    telling = case.telling
    telling.after(0.5, 12)
    case.tell(telling.about(StartInvestigation, by=case.handler))
    telling.after(2, 60)
    words = case.said("经核实，情况属实。", "We have looked into it, and it is as you say.")
    finding = telling.one_of(FINDINGS)
    case.tell(telling.about(FinishInvestigation, by=case.handler, finding=finding, words=words))


def escalate(case: Told) -> None:
    """It is brought before the branch's head, and now and then before the group."""
    telling = case.telling
    for to_unit, to_staff in ((case.branch.name, case.head), (GROUP, OFFICER)):
        telling.after(4, 60)
        reason = telling.one_of(ESCALATIONS)
        escalated = partial(
            telling.as_of_now(EscalateCase), to_unit=to_unit, to_staff=to_staff.name, reason=reason,
            by=EscalatedBy.PERSON,
        )  # fmt: skip
        telling.tell_later(case.worker, partial(_one_higher, escalated))
        if telling.chance(0.85):
            telling.after(0.5, 20)
            take_notice(case, to_staff)
        if telling.chance(0.75):
            return


def _one_higher(escalated: Callable[..., Command], history: History) -> Sequence[Command]:
    """Higher than anybody, or an alarm, has brought it by then."""
    return (escalated(level=1 + max(levels(history), default=0)),)


def take_notice(case: Told, by: Actor) -> None:
    """Somebody takes notice of the highest escalation, unless somebody has."""
    noticed = case.telling.as_of_now(AcknowledgeEscalation)

    def said(history: History) -> Sequence[Command]:
        highest = max(levels(history), default=0)
        answered = {one.event.level for one in this_cycle(history) if isinstance(one.event, EscalationAcknowledged)}
        return () if highest in {0, *answered} else (noticed(level=highest, by=by.name),)

    case.telling.tell_later(by, said)


def levels(history: History) -> set[int]:
    """To which the case was escalated since it was reopened last, or at all."""
    return {one.event.level for one in this_cycle(history) if isinstance(one.event, CaseEscalated)}


def wait_as_asked(case: Told) -> None:
    """A pause on no listed ground: one asks for it, another decides."""
    telling = case.telling
    telling.after(0.5, 10)
    case.tell(telling.about(RequestPause, reason=telling.one_of(WAITS), requested_by=case.handler))
    telling.after(1, 12)
    if telling.chance(0.2):
        telling.tell(case.head, telling.about(DeclinePause, reason="no ground to wait", declined_by=case.head.name))
        return
    telling.tell(case.head, telling.about(ApprovePause, approved_by=case.head.name))
    telling.after(24, 200)
    case.tell(telling.about(ResumeCase, ground=PauseGround.OTHER))


def in_parts(case: Told) -> None:
    """Two parts of the matter are dealt with apart."""
    telling = case.telling
    telling.after(0.2, 3)
    opened = [telling.about(OpenCasePart, part=part, category=case.matter.category, unit=case.unit) for part in PARTS]
    case.tell(*opened)
    for part in PARTS:
        telling.after(3, 40)
        outcome = Outcome.PARTLY_UPHELD if telling.chance(0.3) else Outcome.UPHELD
        case.tell(telling.about(ResolveCasePart, part=part, outcome=outcome))


def ask_another_unit(case: Told) -> None:
    """Another department owes its part by a day; the customer hears of one desk alone (一口对外)."""
    telling = case.telling
    other = case.branch.unit(telling.one_of([one for one in DEPARTMENTS if one != case.department]))
    duty = uuid5(telling.case_id, f"task {len(telling.steps)}")
    telling.after(0.2, 4)
    due = telling.now + timedelta(days=telling.random.choice((1, 2, 3)))
    case.tell(
        OpenObligation(
            at=telling.now, zone=ZONE, obligation_id=duty, kind=ObligationKind.TASK, title="look it up, or go there",
            case_id=telling.case_id, unit=other, due_at=due,
        )
    )  # fmt: skip
    telling.after(4, 90)
    evidence = telling.one_of(("work order", "copy of the account", "picture"))
    case.tell(MeetObligation(at=telling.now, zone=ZONE, obligation_id=duty, evidence=evidence))


def propose(case: Told) -> None:
    """A way to settle it is offered, and perhaps another one after that."""
    telling = case.telling
    for _ in range(2):
        telling.after(2, 40)
        amount = Money(minor_units=telling.random.randrange(20, 300) * 100, currency="CNY")
        words = case.said("我们建议退还部分费用，您看可以吗？", "We offer to pay a part back; would that settle it?")
        case.tell(telling.about(ProposeResolution, redress=amount, by=case.handler, words=words))
        telling.after(1, 60)
        if telling.chance(0.7):
            case.tell(telling.about(AcceptProposal, channel=case.answering))
            return
        case.tell(telling.about(RejectProposal, channel=case.answering, reason=telling.one_of(REJECTIONS)))


# After its outcome ----------------------------------------------------------------------------------------------------


def refer_outside(case: Told) -> None:
    """Who does not agree is told where else to turn."""
    case.telling.now += timedelta(minutes=5)
    case.tell(case.telling.about(ReferOutside, body=case.telling.one_of(BODIES), reason="does not agree"))


def feedback(case: Told) -> Command:
    """The customer is told what came of it (反馈)."""
    words = case.said("您的问题已处理完毕，结果如下。", "Your matter is settled; this is what we did.")
    return case.telling.about(GiveFeedback, by=case.handler, channel=case.answering, words=words)


def follow_up(case: Told) -> FollowUpResult:
    """The customer is asked afterwards (回访). Gives back what they said."""
    telling = case.telling
    telling.after(24, 240)
    results = {FollowUpResult.SATISFIED: 12, FollowUpResult.DISSATISFIED: 2, FollowUpResult.NOT_REACHED: 3}
    (result,) = telling.random.choices(list(results), list(results.values()))
    case.tell(telling.about(MakeFollowUp, result=result, by=case.handler, channel=case.answering))
    return result


def prevent(case: Told) -> None:
    """What is to be done so that the same cause brings no case again, and whether it helped."""
    telling = case.telling
    duty = uuid5(telling.case_id, f"corrective action {len(telling.steps)}")
    telling.after(4, 80)
    due = telling.now + timedelta(days=30)
    telling.tell(
        case.head,
        OpenObligation(
            at=telling.now, zone=ZONE, obligation_id=duty, kind=ObligationKind.CORRECTIVE_ACTION,
            title=f"so that it happens no more: {case.matter.subcategory}", case_id=telling.case_id, unit=case.unit,
            owner=case.handler, due_at=due, due_precision=Precision.DAY,
        ),
    )  # fmt: skip
    telling.after(100, 900)
    case.tell(MeetObligation(at=telling.now, zone=ZONE, obligation_id=duty, by=case.handler, evidence="new rule"))
    telling.after(100, 500)
    effective = telling.chance(0.8)
    verified = VerifyObligation(at=telling.now, zone=ZONE, obligation_id=duty, by=OFFICER.name, effective=effective)
    telling.tell(OFFICER, verified)
