"""One case of any length, in our ledger and on the library's Aggregate."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from domain.amending import ApproveAmendment, RequestCorrection
from domain.amendment import Replacement
from domain.case.commands import (
    ClassifyCase,
    PauseCase,
    PrioritiseCase,
    ReceiveCase,
    RecordAttributes,
    RegisterCase,
    ResumeCase,
    SendResponse,
    TransferCase,
)
from domain.case.dialogue import RecordCustomerReply
from domain.case.events import Attribute, CaseClassified, CaseKind, PauseGround, Priority, ResponseKind
from domain.channel import Channel
from domain.envelope import Submission
from domain.event import Command
from domain.personal import Personal
from domain.stream import Category, stream_of
from ledger.ledger import Ledger
from ledger.outcome import Accepted
from tests.benchmarks.durable import ACTOR, AT
from tests.benchmarks.library_case import LibraryCase, a_library_case

APART = timedelta(minutes=7)
LATE = timedelta(minutes=30)
LEAST = 10
SUBMISSIONS_A_TRANSACTION = 1_000


def case_of(events: int) -> UUID:
    """The id of the case of that length."""
    return uuid5(NAMESPACE_OID, f"a case of {events} events")


def write_long_case(ledger: Ledger, events: int) -> str:
    """A case that goes on and on: words to and fro, now and then a wait, another unit or another priority; every tenth
    event is recorded late, and one of five hundred is put right. Gives its stream back."""
    case_id = case_of(events)
    stream = stream_of(Category.CASE, case_id)
    _carry_out(ledger, _beginning(case_id))
    _carry_out(ledger, _course(case_id, len(ledger.history(stream)) + 1, events))
    assert len(ledger.history(stream)) == events
    return stream


def _carry_out(ledger: Ledger, told: Iterator[tuple[UUID, datetime, tuple[Command, ...]]]) -> None:
    waiting = [Submission(id_, commands, ACTOR, "benchmark", said_at=said_at) for id_, said_at, commands in told]
    for first in range(0, len(waiting), SUBMISSIONS_A_TRANSACTION):
        for outcome in ledger.carry_out_all(waiting[first : first + SUBMISSIONS_A_TRANSACTION]):
            assert isinstance(outcome, Accepted), outcome


def _beginning(case_id: UUID) -> Iterator[tuple[UUID, datetime, tuple[Command, ...]]]:
    """Its receipt and registration, to which a book with a policy adds what it promises."""
    receive = ReceiveCase(
        at=AT, case_id=case_id, kind=CaseKind.INQUIRY, channel=Channel.HOTLINE, customer_id=uuid5(case_id, "customer")
    )
    register = RegisterCase(at=AT, case_id=case_id, unit="East branch desk")
    yield uuid5(case_id, "beginning"), AT, (receive, register)


def _course(case_id: UUID, version: int, events: int) -> Iterator[tuple[UUID, datetime, tuple[Command, ...]]]:
    """What happens from a version of its stream on; each step makes one event, and putting one right makes two."""
    customer, at = uuid5(case_id, "customer"), AT
    while version <= events:
        at += APART
        occurred = at - LATE if version % 10 == 0 and version > LEAST else at
        about: dict[str, Any] = {"at": occurred, "case_id": case_id}
        if version % 500 == 499 and version < events:
            yield uuid5(case_id, str(version)), at, _put_right(case_id, version, at)
            version += 2
            continue
        yield uuid5(case_id, str(version)), at, (_step(version, customer, about),)
        version += 1


def _step(version: int, customer: UUID, about: dict[str, Any]) -> Command:
    rare: dict[int, Command] = {
        20: PauseCase(**about, ground=PauseGround.CUSTOMER),
        21: ResumeCase(**about, ground=PauseGround.CUSTOMER),
        50: TransferCase(**about, to_unit=f"Unit {version // 100 % 7}"),
        70: PrioritiseCase(**about, priority=list(Priority)[version // 100 % 3]),
    }
    if version % 100 in rare:
        return rare[version % 100]
    words = Personal.open(customer, f"Words to and fro, {version}.")
    match version % 4:
        case 0:
            return RecordCustomerReply(**about, channel=Channel.HOTLINE, words=words)
        case 1:
            return RecordAttributes(**about, attributes=(Attribute(name="line", value=f"fibre {version}"),))
        case 2:
            return ClassifyCase(**about, category=f"matter {version % 9}")
        case _:
            return SendResponse(**about, kind=ResponseKind.UPDATE, channel=Channel.HOTLINE, by="李娜", words=words)


def _put_right(case_id: UUID, version: int, at: datetime) -> tuple[Command, ...]:
    """The event before, which classified the case, is corrected."""
    stream = stream_of(Category.CASE, case_id)
    really = CaseClassified(category="metering", subcategory=None, symptom=None, taxonomy=None)
    ask = RequestCorrection(
        at=at, about=stream, version=version - 1, replacement=Replacement.of(really), occurrence=None,
        reason="it was the meter", requested_by="李娜",
    )  # fmt: skip
    return ask, ApproveAmendment(at=at, about=stream, request=version, approved_by="张伟")


def a_long_library_case(events: int) -> LibraryCase:
    """One of as many events on the library's Aggregate, not saved. It has neither corrections nor events that are late,
    and none whose fold copies what was there before."""
    found = a_library_case(events, uuid5(NAMESPACE_OID, f"customer {events}"), AT)
    assert events >= found.version
    told: dict[str, Any] = {
        "occurred_at": AT, "occurred_zone": "Asia/Shanghai", "occurred_precision": "instant", "actor": "李娜",
        "actor_kind": "person", "actor_unit": "East branch desk", "role": "agent", "door": "benchmark",
        "correlation": found.id, "command": found.id, "digest": "5a" * 32, "program": "0.1.0",
    }  # fmt: skip
    for count in range(events - found.version):
        if count % 2:
            found.trigger_event(LibraryCase.Prioritised, priority="moderate", impact="low", urgency="low", **told)
        else:
            found.trigger_event(LibraryCase.Transferred, from_unit="a", to_unit="b", handler="张伟", **told)
    return found
