"""What tests ask of a ledger: submissions about customers and cases, with everything unsaid made up."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from domain.book import BookTime
from domain.case.commands import ClassifyCase, ReceiveCase, RegisterCase
from domain.case.events import CaseKind
from domain.channel import Channel
from domain.customer import CustomerKind, RecordContact, RegisterCustomer, RenameCustomer
from domain.envelope import Actor, ActorKind, Submission
from domain.event import Command
from domain.personal import Personal
from domain.stream import Category, stream_of
from ledger.book import open_book
from ledger.database import Database
from ledger.keys import LocalMasterKey
from ledger.ledger import Ledger

OPENED = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
"""When the tests' simulated books are opened."""

MASTER = LocalMasterKey(b"a master key of thirty-two bytes")
CLERK = Actor("grace", ActorKind.PERSON)


def submission(*commands: Command, command_id: UUID | None = None, at: datetime = OPENED, **rest: Any) -> Submission:
    """Commands to be carried out together, by the clerk at a time of the book."""
    return Submission(command_id or uuid4(), commands, **{"actor": CLERK, "channel": "test", "said_at": at, **rest})


def case_stream(case_id: UUID) -> str:
    return stream_of(Category.CASE, case_id)


def customer_stream(customer_id: UUID) -> str:
    return stream_of(Category.CUSTOMER, customer_id)


def receive(case_id: UUID, words: str | None = None, at: datetime = OPENED, **rest: Any) -> ReceiveCase:
    about = rest.get("customer_id") or case_id
    return ReceiveCase(
        at=at,
        case_id=case_id,
        kind=CaseKind.COMPLAINT,
        channel=Channel.HOTLINE,
        words=None if words is None else Personal.open(about, words),
        **rest,
    )


def register(case_id: UUID, at: datetime = OPENED) -> RegisterCase:
    return RegisterCase(at=at, case_id=case_id)


def classify(case_id: UUID, category: str, at: datetime = OPENED) -> ClassifyCase:
    return ClassifyCase(at=at, case_id=case_id, category=category)


def register_customer(customer_id: UUID, name: str | None = None, at: datetime = OPENED) -> RegisterCustomer:
    return RegisterCustomer(
        at=at,
        customer_id=customer_id,
        kind=CustomerKind.PERSON,
        name=None if name is None else Personal.open(customer_id, name),
    )


def rename(customer_id: UUID, name: str, at: datetime = OPENED) -> RenameCustomer:
    return RenameCustomer(at=at, customer_id=customer_id, name=Personal.open(customer_id, name))


def contact(customer_id: UUID, kind: Any, value: str, at: datetime = OPENED) -> RecordContact:
    return RecordContact(at=at, customer_id=customer_id, kind=kind, value=Personal.open(customer_id, value))


def received_cases(count: int) -> Sequence[tuple[UUID, Submission]]:
    """As many cases, each to be received by a submission of its own."""
    return [(case_id, submission(receive(case_id))) for case_id in (uuid4() for _ in range(count))]


def opened(database: Database, book: str, time: BookTime = BookTime.SIMULATED, zone: str = "Asia/Shanghai") -> Ledger:
    """A book with its genesis at position 1; a simulated one begins its time at OPENED."""
    at = OPENED if time is BookTime.SIMULATED else database.now()
    installation = Actor("installation", ActorKind.SYSTEM)
    return open_book(database, MASTER, book, origin="test.example", zone=zone, time=time, at=at, actor=installation)
