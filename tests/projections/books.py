"""Books full of arbitrary cases and customers, the same for the same seed."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from domain.case.commands import (
    AssignCase,
    CaseCommand,
    ChangeCaseCustomer,
    ClassifyCase,
    CloseCase,
    DispatchCase,
    PauseCase,
    PrioritiseCase,
    ReceiveCase,
    RecordAttributes,
    RegisterCase,
    ReopenCase,
    ResolveCase,
    ResumeCase,
    ReturnDispatch,
    SendResponse,
    StartWork,
    TransferCase,
)
from domain.case.dialogue import FollowUpResult, GiveFeedback, MakeFollowUp
from domain.case.due import DueOrigin, StateDue
from domain.case.escalation import EscalateCase, EscalatedBy
from domain.case.events import Attribute, CaseKind, Outcome, PauseGround, Priority, ResponseKind
from domain.case.parts import OpenCasePart
from domain.case.pausing import RequestPause
from domain.case.relations import LinkCase, Relation
from domain.case.settlement import WithdrawCase
from domain.case.statutory import AcceptCase
from domain.channel import Channel, Direction
from domain.customer import AssignTier, ContactKind, Tier
from domain.envelope import Submission
from domain.event import Command
from domain.money import Money
from domain.obligation import MeetObligation, ObligationKind, OpenObligation
from domain.staff import GrantCertificate, RegisterStaff, id_of_staff
from domain.touchpoint import RecordTouchpoint
from domain.unit.commands import OpenUnit, RenameUnit
from domain.unit.events import UnitKind, id_of_unit
from ledger.ledger import Ledger
from ledger.outcome import Accepted
from projections.registry import PROJECTIONS
from tests import conftest
from tests.ledger.submissions import OPENED, contact, receive, register_customer, rename, submission

UNITS = ("北区", "South", "East")
STAFF = ("ada", "lin")


def case_id(number: int) -> UUID:
    return UUID(int=0xCA5E_0000 + number)


def customer_id(number: int) -> UUID:
    return UUID(int=0xC057_0000 + number)


def write(ledger: Ledger, *commands: Command, at: datetime = OPENED, imported: bool = False) -> int:
    """Carries commands out and gives the book's position after them back."""
    return ledger.carry_out(submission(*commands, at=at, imported=imported)).position


def fill(ledger: Ledger, *, cases: int, seed: int = 1) -> int:
    """Cases of every sort with their customers, their steps interleaved. Gives the book's position back."""
    chance = random.Random(seed)
    customers = max(1, cases // 3)
    asked = [_customer(number, chance) for number in range(customers)]
    asked += [submission(*commands, at=OPENED) for commands in _organisation()]
    lives = [list(_life(number, customer_id(chance.randrange(customers)), chance)) for number in range(cases)]
    while any(lives):
        life = chance.choice([life for life in lives if life])
        asked.append(life.pop(0))
    for outcome in ledger.carry_out_all(asked):
        assert isinstance(outcome, Accepted), outcome
    return ledger.head()


def _customer(number: int, chance: random.Random) -> Submission:
    who = customer_id(number)
    at = OPENED + timedelta(minutes=number)
    commands: list[Command] = [register_customer(who, f"客户 {number}", at=at)]
    if chance.random() < 0.5:
        commands.append(contact(who, ContactKind.PHONE, f"+86 {number}", at=at))
    if chance.random() < 0.5:
        commands.append(AssignTier(at=at, customer_id=who, tier=chance.choice(list(Tier))))
    if chance.random() < 0.3:
        commands.append(rename(who, f"新名 {number}", at=at))
    return submission(*commands, at=at)


def _organisation() -> Iterator[list[Command]]:
    """A group, its units and staff, and something that somebody owes."""
    group, (north, *_) = id_of_unit("集团"), UNITS
    yield [OpenUnit(at=OPENED, name="集团", kind=UnitKind.GROUP)]
    yield [OpenUnit(at=OPENED, name=name, kind=UnitKind.BRANCH, parent=group) for name in UNITS]
    yield [RenameUnit(at=OPENED, unit_id=id_of_unit(north), name="北方")]
    for name in STAFF:
        registered = RegisterStaff(at=OPENED, name=name, unit=north)
        yield [registered, GrantCertificate(at=OPENED, staff_id=id_of_staff(name), certificate="hotline")]
    for number in range(3):
        owed = UUID(int=0x0B11_0000 + number)
        opened = OpenObligation(
            at=OPENED, obligation_id=owed, kind=ObligationKind.TASK, title=f"task {number}", unit=north, due_at=OPENED
        )
        yield [opened, *([MeetObligation(at=OPENED, obligation_id=owed, by="lin")] if number else [])]


def _life(number: int, customer: UUID, chance: random.Random) -> Iterator[Submission]:
    case, at = case_id(number), OPENED + timedelta(hours=chance.randrange(100))
    receipt = receive(case, f"words {number}", at=at, customer_id=customer, source_key=f"INC{number:04}")
    first: list[Command] = [
        receipt.model_copy(
            update={"kind": chance.choice(list(CaseKind)), "channel": chance.choice([Channel.WEB, Channel.COUNTER])}
        )
    ]
    if chance.random() < 0.7:
        touchpoint = UUID(int=0x70C4_0000 + number)
        first.append(
            RecordTouchpoint(
                at=at, touchpoint_id=touchpoint, customer_id=customer, channel=Channel.WEB, direction=Direction.IN
            )
        )
    yield submission(*first, at=at, imported=True)
    if chance.random() < 0.9:
        yield submission(RegisterCase(at=at, case_id=case, unit=chance.choice([None, *UNITS])), at=at, imported=True)
    for _ in range(chance.randrange(12)):
        at += timedelta(minutes=chance.randrange(-30, 200))
        yield submission(_step(case, at, chance), at=at, imported=True)


def _step(case: UUID, at: datetime, chance: random.Random) -> CaseCommand:
    unit, staff = chance.choice(UNITS), chance.choice(STAFF)
    ground = chance.choice([PauseGround.CUSTOMER, PauseGround.VENDOR])
    about: dict[str, Any] = {"at": at, "case_id": case}
    steps: list[CaseCommand] = [
        DispatchCase(**about, unit=unit), ReturnDispatch(**about, unit=unit), TransferCase(**about, to_unit=unit),
        AssignCase(**about, handler=staff), StartWork(**about, by=staff), PauseCase(**about, ground=ground),
        ResumeCase(**about, ground=ground), ClassifyCase(**about, category=f"category {chance.randrange(3)}"),
        PrioritiseCase(**about, priority=chance.choice(list(Priority))),
        SendResponse(**about, kind=ResponseKind.UPDATE, channel=Channel.SMS, by=staff),
        ResolveCase(**about, outcome=Outcome.UPHELD, redress=Money(minor_units=2**40, currency="CNY")),
        ReopenCase(**about), CloseCase(**about, code="visited"),
        ChangeCaseCustomer(**about, customer_id=customer_id(0)),
        GiveFeedback(**about, channel=Channel.SMS), OpenCasePart(**about, part=f'part "{chance.randrange(3)}"'),
        MakeFollowUp(**about, channel=Channel.SMS, result=chance.choice(list(FollowUpResult))),
        EscalateCase(**about, level=chance.randrange(1, 9), by=EscalatedBy.ALARM),
        LinkCase(**about, other_id=case_id(chance.randrange(9)), relation=Relation.RELATED),
        StateDue(**about, target=unit, due_at=at, stated_by=chance.choice(list(DueOrigin))),
        WithdrawCase(**about, channel=Channel.SMS), AcceptCase(**about),
        RequestPause(**about, reason="x", requested_by=staff),
        RecordAttributes(**about, attributes=(Attribute(name="location", value=f'L"{chance.randrange(9)}'),)),
    ]  # fmt: skip
    return chance.choice(steps)


def received(number: int, at: datetime = OPENED, **rest: Any) -> ReceiveCase:
    return receive(case_id(number), at=at, **rest)


def rows(database: conftest.Database, table: str, book: str = "main") -> list[tuple[Any, ...]]:
    """Every row of a view's table, as anybody with psql sees it."""
    with psycopg.connect(database.owner_url) as connection:
        query = sql.SQL("SELECT * FROM views.{} WHERE book = %s ORDER BY 2").format(sql.Identifier(table))
        return connection.execute(query, (book,)).fetchall()


def tables(database: conftest.Database, book: str = "main") -> list[list[tuple[Any, ...]]]:
    """Every row of every view."""
    return [rows(database, projection.table, book) for projection in PROJECTIONS]
