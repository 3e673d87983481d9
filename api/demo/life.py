"""The life of one case of the demo, from its receipt as far as it has come."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from api.demo import deadlines, detours, regulated
from api.demo.group import AGENTS, BRANCHES, DEPARTMENTS, DESK, HOTLINE, REOPENINGS, RETURNS, TRANSFERS, agent
from api.demo.telling import midnight
from api.demo.told import Told
from domain.case.commands import (
    AssignCase,
    ChangeCaseCustomer,
    ClassifyCase,
    CloseCase,
    DispatchCase,
    PauseCase,
    PrioritiseCase,
    ReceiveCase,
    RegisterCase,
    ReopenCase,
    ResolveCase,
    ResumeCase,
    ReturnDispatch,
    StartWork,
    TransferCase,
)
from domain.case.dialogue import AcknowledgeCase, FollowUpResult
from domain.case.events import CaseKind, Outcome, Priority, ResponseKind
from domain.case.relations import LinkCase, MergeCase, Relation, UnlinkCase
from domain.channel import Channel, Direction
from domain.envelope import Actor
from domain.event import Precision
from domain.money import Money
from domain.personal import Personal

SPOKEN = frozenset({Channel.HOTLINE, Channel.COUNTER, Channel.CHAT})
LIGHT = frozenset({CaseKind.INQUIRY, CaseKind.PRAISE, CaseKind.SUGGESTION})
PRIORITIES = {Priority.CRITICAL: 1, Priority.HIGH: 4, Priority.MODERATE: 10, Priority.LOW: 6}


def tell_case(case: Told) -> None:
    """Tells the whole life."""
    telling = case.telling
    desk = _receive(case)
    if case.regulated:
        regulated.came_from_outside(case)
    elif case.kind in LIGHT and case.channel in SPOKEN and telling.chance(0.8):
        _settle_at_once(case, desk)
        return
    _dispatch(case, desk)
    contented = _work(case)
    while _comes_again(case, contented=contented):
        telling.after(20, 400)
        again = case.touchpoint(Direction.IN, HOTLINE, desk.name)
        telling.tell(desk, again, telling.about(ReopenCase, reason=telling.one_of(REOPENINGS)))
        contented = _work(case)
    if case.posted:
        deadlines.as_posted(case)


def _comes_again(case: Told, *, contented: bool) -> bool:
    if case.kind is CaseKind.PRAISE or case.regulated:
        return False
    return case.telling.chance(0.05 if contented else 0.6)


def tell_duplicate(case: Told, into: UUID) -> None:
    """The customer comes with the same matter once more; it is seen, and the first case goes on for both."""
    telling = case.telling
    desk = _receive(case)
    telling.now += timedelta(minutes=telling.random.randrange(10, 60))
    telling.tell(
        desk,
        telling.about(LinkCase, other_id=into, relation=Relation.DUPLICATE),
        telling.about(MergeCase, into=into),
    )


def _receive(case: Told) -> Actor:
    telling, matter = case.telling, case.matter
    if case.channel is Channel.COUNTER:
        desk = agent(telling.one_of(case.branch.staff[DESK]), case.branch.unit(DESK))
    else:
        desk = agent(telling.one_of(AGENTS), HOTLINE)
    words = telling.one_of(matter.chinese if case.chinese else matter.english)
    customer = None if case.anonymous else case.person.customer_id
    contact = case.touchpoint(Direction.IN, str(desk.unit), desk.name, known=not case.anonymous)
    by_letter = case.channel is Channel.LETTER  # the stamp says the day only, and the letter lies in a tray for a while
    received = telling.about(
        ReceiveCase,
        at=midnight(telling.now.date()) if by_letter else telling.now,
        precision=Precision.DAY if by_letter else Precision.INSTANT,
        kind=case.kind,
        customer_id=customer,
        channel=case.channel,
        touchpoint_id=contact.touchpoint_id,
        received_by=desk.name,
        source_key=f"WEB-{telling.case_id.hex[:8].upper()}" if case.channel is Channel.WEB else None,
        words=Personal.open(customer or telling.case_id, words),
    )
    on_paper = by_letter or (case.channel is Channel.COUNTER and telling.chance(0.2))
    late = timedelta(days=telling.random.choice((1, 1, 2, 5))) if on_paper else timedelta()
    telling.tell(desk, contact, received, late=late)
    if by_letter:
        telling.after(24, 60)
    telling.now += timedelta(minutes=telling.random.randrange(1, 25))
    (priority,) = telling.random.choices(list(PRIORITIES), list(PRIORITIES.values()))
    classes = {"category": matter.category, "subcategory": matter.subcategory, "symptom": matter.symptom}
    noted = [
        telling.about(RegisterCase, registered_by=desk.name),
        telling.about(ClassifyCase, **classes, taxonomy="1"),
        telling.about(PrioritiseCase, priority=priority),
    ]
    if case.channel not in SPOKEN and telling.chance(0.7):
        noted.append(telling.about(AcknowledgeCase, channel=case.answering))
    if case.follows is not None:
        noted.append(telling.about(LinkCase, other_id=case.follows, relation=Relation.FOLLOWS))
    telling.tell(desk, *noted)
    case.registered_at = telling.said_at
    return desk


def _settle_at_once(case: Told, desk: Actor) -> None:
    telling = case.telling
    telling.now += timedelta(minutes=telling.random.randrange(2, 15))
    telling.tell(
        desk,
        telling.about(StartWork, by=desk.name),
        case.response(ResponseKind.FINAL, desk),
        telling.about(ResolveCase, outcome=Outcome.SOLVED, resolved_by=desk.name, code="first contact"),
        telling.about(CloseCase, code="settled"),
    )


def _dispatch(case: Told, desk: Actor) -> None:
    """Sends the case to where it belongs; now and then somewhere else first, from where it comes back."""
    telling = case.telling
    right = case.department
    if telling.chance(0.08):
        case.department = telling.one_of([department for department in DEPARTMENTS if department != right])
        telling.now += timedelta(minutes=telling.random.randrange(3, 40))
        telling.tell(desk, telling.about(DispatchCase, unit=case.unit))
        telling.after(0.5, 8)
        wrong = agent(telling.one_of(case.branch.staff[case.department]), case.unit)
        telling.tell(wrong, telling.about(ReturnDispatch, unit=case.unit, reason=telling.one_of(RETURNS)))
        case.department = right
    telling.now += timedelta(minutes=telling.random.randrange(3, 40 if telling.chance(0.9) else 400))
    telling.tell(desk, telling.about(DispatchCase, unit=case.unit))
    _take(case)


def _take(case: Told) -> None:
    """Somebody in the unit takes the case."""
    telling = case.telling
    case.handler = telling.one_of(case.branch.staff[case.department])
    telling.after(0.2, 5)
    telling.tell(case.worker, telling.about(AssignCase, handler=case.handler))


def _work(case: Told) -> bool:
    """From the work's beginning to the loop's closing. Gives back whether the customer seems content."""
    telling = case.telling
    telling.after(0.1, 6)
    case.tell(telling.about(StartWork, by=case.handler))
    if case.anonymous:
        case.anonymous = False
        case.tell(telling.about(ChangeCaseCustomer, customer_id=case.person.customer_id))
    taken_on = not case.regulated or regulated.take_on(case)
    if telling.chance(0.9):
        telling.after(0.1, 12 if telling.chance(0.85) else 60)
        _reply(case)
        if telling.chance(0.1):
            detours.promise(case)
    if not case.regulated and telling.chance(0.04):
        case.open_until = case.open_until or telling.said_at
        detours.withdraw(case)
        return True
    if taken_on:
        _handle(case)
    outcome = _outcome(case, taken_on=taken_on)
    telling.after(case.matter.hours / 4, case.matter.hours * 3)
    if case.regulated and taken_on:
        regulated.decide(case, outcome)
    _resolve(case, outcome)
    return _close_the_loop(case, outcome)


def _reply(case: Told) -> None:
    """The first answer; by post, it is written down when the post book comes round."""
    telling = case.telling
    case.posted = not case.regulated and case.channel in (Channel.LETTER, Channel.COUNTER, Channel.EMAIL)
    case.posted = case.posted and telling.chance(0.7)
    late = timedelta(days=telling.random.uniform(1.5, 5)) if case.posted else timedelta()
    telling.tell(case.worker, case.response(ResponseKind.FIRST, case.worker), late=late)


def _handle(case: Told) -> None:
    """What is done about it, by whoever has it."""
    telling = case.telling
    complaint = case.kind is CaseKind.COMPLAINT
    if telling.chance(0.12):
        _transfer(case)
    if telling.chance(0.3):
        _wait(case)
    if telling.chance(0.1):
        detours.reply(case)
    if complaint and telling.chance(0.25):
        detours.investigate(case)
    if telling.chance(0.35):
        _visit(case)
    hotline = case.channel is Channel.HOTLINE
    for share, detour in (
        (0.06, detours.learn_more),
        (0.04, detours.hand_over),
        (0.6 if complaint and hotline else 0.0, deadlines.ordinary_promise),
        (0.2 if complaint else 0.0, deadlines.more_time),
        (0.06, detours.ask_another_unit),
        (0.05, detours.wait_as_asked),
        (0.06 if complaint else 0.0, detours.in_parts),
        (0.06, detours.escalate),
        (0.2 if complaint else 0.0, detours.propose),
    ):
        if telling.chance(share):
            detour(case)
    if complaint and telling.chance(0.3):
        telling.after(0.5, 6)
        detours.take_notice(case, case.head)


def _outcome(case: Told, *, taken_on: bool) -> Outcome:
    if not taken_on:
        return Outcome.REJECTED
    if case.kind is CaseKind.COMPLAINT:
        weights = {Outcome.UPHELD: 5, Outcome.PARTLY_UPHELD: 3, Outcome.REJECTED: 2}
    else:
        weights = {Outcome.SOLVED: 9, Outcome.NOT_SOLVED: 1}
    (outcome,) = case.telling.random.choices(list(weights), list(weights.values()))
    return outcome


def _close_the_loop(case: Told, outcome: Outcome) -> bool:
    """From the outcome on (闭环). Gives back whether the customer seems content."""
    telling = case.telling
    if outcome is Outcome.REJECTED and telling.chance(0.3):
        detours.refer_outside(case)
    if case.follows is not None and not telling.has_told(UnlinkCase) and telling.chance(0.4):
        telling.after(0.5, 4)
        case.tell(telling.about(UnlinkCase, other_id=case.follows, relation=Relation.FOLLOWS))
    early = telling.chance(0.2)
    if early:
        telling.after(1, 30)
        case.tell(detours.feedback(case))
    if case.regulated:
        regulated.report(case)
    if not telling.chance(0.93):
        return True
    telling.after(12, 150)
    told = () if early or telling.chance(0.25) else (detours.feedback(case),)
    case.tell(*told, telling.about(CloseCase, code="customer agrees" if telling.chance(0.8) else "no word"))
    result = detours.follow_up(case) if telling.chance(0.4) else None
    if outcome is Outcome.UPHELD and telling.chance(0.12):
        detours.prevent(case)
    return result is not FollowUpResult.DISSATISFIED


def _transfer(case: Told) -> None:
    telling = case.telling
    telling.after(0.5, 24)
    before, actor = case.unit, case.worker
    if telling.chance(0.3):
        case.branch = telling.random.choice([branch for branch in BRANCHES if branch != case.branch])
    else:
        case.department = telling.one_of([one for one in DEPARTMENTS if one != case.department])
    reason = telling.one_of(TRANSFERS)
    telling.tell(actor, telling.about(TransferCase, from_unit=before, to_unit=case.unit, reason=reason))
    _take(case)


def _wait(case: Told) -> None:
    telling = case.telling
    ground = telling.random.choice(case.matter.waits_for)
    telling.after(0.5, 10)
    telling.tell(case.worker, telling.about(PauseCase, ground=ground))
    telling.after(6, 150)
    telling.tell(case.worker, telling.about(ResumeCase, ground=ground))


def _visit(case: Told) -> None:
    """A visit or a call, and what the customer is told; crews write some of it down days later."""
    telling = case.telling
    telling.after(1, 30)
    late = timedelta(days=telling.random.uniform(1, 6)) if telling.chance(0.25) else timedelta()
    contact = case.touchpoint(Direction.OUT, case.unit, case.handler, channel=Channel.SITE_VISIT)
    telling.tell(case.worker, contact, case.response(ResponseKind.UPDATE, case.worker), late=late)


def _resolve(case: Told, outcome: Outcome) -> None:
    telling = case.telling
    redress = None
    if outcome in (Outcome.UPHELD, Outcome.PARTLY_UPHELD) and telling.chance(0.4):
        redress = Money(minor_units=telling.random.randrange(20, 600) * 100, currency="CNY")
    resolution = telling.about(ResolveCase, outcome=outcome, redress=redress, resolved_by=case.handler)
    case.open_until = case.open_until or telling.said_at
    case.tell(case.response(ResponseKind.FINAL, case.worker), resolution)
