"""The life of one case of the demo, from its receipt as far as it has come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from api.demo.group import (
    AGENTS,
    ANSWERS,
    BRANCHES,
    DEPARTMENTS,
    DESK,
    HOTLINE,
    MEDIA,
    REOPENINGS,
    RETURNS,
    TRANSFERS,
    ZONE,
    Branch,
    Matter,
    agent,
)
from api.demo.people import Person
from api.demo.telling import Telling, midnight
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
    SendResponse,
    StartWork,
    TransferCase,
)
from domain.case.events import CaseKind, Outcome, Priority, ResponseKind
from domain.channel import Channel, Direction
from domain.envelope import Actor
from domain.event import Command, Precision
from domain.money import Money
from domain.personal import Personal
from domain.touchpoint import RecordTouchpoint

SPOKEN = frozenset({Channel.HOTLINE, Channel.COUNTER, Channel.CHAT})
LIGHT = frozenset({CaseKind.INQUIRY, CaseKind.PRAISE, CaseKind.SUGGESTION})
PRIORITIES = {Priority.CRITICAL: 1, Priority.HIGH: 4, Priority.MODERATE: 10, Priority.LOW: 6}


@dataclass(slots=True)
class Told:
    """A case, who brings it, and where it stands."""

    telling: Telling
    person: Person
    matter: Matter
    kind: CaseKind
    channel: Channel
    branch: Branch
    anonymous: bool
    """Whether the customer is not known at first."""
    department: str
    handler: str = ""

    @property
    def unit(self) -> str:
        """The unit that has it."""
        return self.branch.unit(self.department)

    @property
    def worker(self) -> Actor:
        """The handler, at work."""
        return agent(self.handler, self.unit)


def tell_case(case: Told) -> None:
    """Tells the whole life."""
    telling = case.telling
    desk = _receive(case)
    if case.kind in LIGHT and case.channel in SPOKEN and telling.chance(0.8):
        _settle_at_once(case, desk)
        return
    _dispatch(case, desk)
    _work(case)
    while case.kind is not CaseKind.PRAISE and telling.chance(0.07):
        telling.after(20, 400)
        again = _touchpoint(case, Direction.IN, HOTLINE, desk.name)
        telling.tell(desk, again, telling.about(ReopenCase, reason=telling.one_of(REOPENINGS)))
        _work(case)


def _receive(case: Told) -> Actor:
    telling, matter = case.telling, case.matter
    if case.channel is Channel.COUNTER:
        desk = agent(telling.one_of(case.branch.staff[DESK]), case.branch.unit(DESK))
    else:
        desk = agent(telling.one_of(AGENTS), HOTLINE)
    words = telling.one_of(matter.chinese if case.person.language.startswith("zh") else matter.english)
    customer = None if case.anonymous else case.person.customer_id
    contact = _touchpoint(case, Direction.IN, str(desk.unit), desk.name, known=not case.anonymous)
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
    telling.tell(
        desk,
        telling.about(RegisterCase, registered_by=desk.name),
        telling.about(
            ClassifyCase, category=matter.category, subcategory=matter.subcategory, symptom=matter.symptom, taxonomy="1"
        ),
        telling.about(PrioritiseCase, priority=priority),
    )
    return desk


def _settle_at_once(case: Told, desk: Actor) -> None:
    telling = case.telling
    telling.now += timedelta(minutes=telling.random.randrange(2, 15))
    telling.tell(
        desk,
        telling.about(StartWork, by=desk.name),
        _response(case, ResponseKind.FINAL, desk),
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


def _work(case: Told) -> None:
    """From the work's beginning to the loop's closing."""
    telling = case.telling
    telling.after(0.1, 6)
    telling.tell(case.worker, telling.about(StartWork, by=case.handler))
    if case.anonymous:
        case.anonymous = False
        telling.tell(case.worker, telling.about(ChangeCaseCustomer, customer_id=case.person.customer_id))
    if telling.chance(0.9):
        telling.after(0.1, 12 if telling.chance(0.85) else 60)
        telling.tell(case.worker, _response(case, ResponseKind.FIRST, case.worker))
    if telling.chance(0.12):
        _transfer(case)
    if telling.chance(0.3):
        _wait(case)
    if telling.chance(0.35):
        _visit(case)
    telling.after(case.matter.hours / 4, case.matter.hours * 3)
    _resolve(case)
    if telling.chance(0.93):
        telling.after(12, 150)
        telling.tell(
            case.worker, telling.about(CloseCase, code="customer agrees" if telling.chance(0.8) else "no word")
        )


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
    contact = _touchpoint(case, Direction.OUT, case.unit, case.handler, channel=Channel.SITE_VISIT)
    telling.tell(case.worker, contact, _response(case, ResponseKind.UPDATE, case.worker), late=late)


def _resolve(case: Told) -> None:
    telling = case.telling
    redress = None
    if case.kind is CaseKind.COMPLAINT:
        weights = {Outcome.UPHELD: 5, Outcome.PARTLY_UPHELD: 3, Outcome.REJECTED: 2}
    else:
        weights = {Outcome.SOLVED: 9, Outcome.NOT_SOLVED: 1}
    (outcome,) = telling.random.choices(list(weights), list(weights.values()))
    if outcome in (Outcome.UPHELD, Outcome.PARTLY_UPHELD) and telling.chance(0.4):
        redress = Money(minor_units=telling.random.randrange(20, 600) * 100, currency="CNY")
    resolution = telling.about(ResolveCase, outcome=outcome, redress=redress, resolved_by=case.handler)
    telling.tell(case.worker, _response(case, ResponseKind.FINAL, case.worker), resolution)


def _response(case: Told, kind: ResponseKind, by: Actor) -> Command:
    telling = case.telling
    answers = ANSWERS["zh" if case.person.language.startswith("zh") else "en"]
    subject = telling.case_id if case.anonymous else case.person.customer_id
    return telling.about(
        SendResponse,
        kind=kind,
        channel=Channel.HOTLINE if case.channel in (Channel.LETTER, Channel.COUNTER) else case.channel,
        by=by.name,
        words=Personal.open(subject, answers[kind is ResponseKind.FINAL]),
    )


def _touchpoint(
    case: Told, direction: Direction, unit: str, staff: str, *, known: bool = True, channel: Channel | None = None
) -> RecordTouchpoint:
    telling = case.telling
    return RecordTouchpoint(
        at=telling.now,
        zone=ZONE,
        touchpoint_id=telling.next_touchpoint(),
        customer_id=case.person.customer_id if known else None,
        case_id=telling.case_id,
        channel=channel or case.channel,
        direction=direction,
        medium_id=MEDIA.get(channel or case.channel),
        staff=staff,
        unit=unit,
    )
