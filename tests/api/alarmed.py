"""A book whose policy warns, misses and escalates, and cases of it that are due in working order."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from domain.book import id_of_book
from domain.calendar import ProposeCalendar, PublishCalendar
from domain.case.commands import ReceiveCase, RegisterCase
from domain.case.events import CaseKind
from domain.channel import Channel
from domain.envelope import Recorded, Submission
from domain.event import Command
from domain.policy import ProposePolicy, PublishPolicy
from domain.sla.calendar import document_of
from domain.sla.policy import PolicyDocument
from domain.standards import streams_of_standards
from ledger.ledger import Ledger
from tests.ledger.submissions import CLERK, case_stream, submission

NAMESPACE = UUID("00000000-0000-4000-8000-00000000a1a2")
SINCE = date(2020, 1, 1)
ALWAYS = {day: ["00:00-24:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
CLOCK: dict[str, Any] = {
    "name": "round-the-clock", "title": {"en": "Round the clock"}, "zone": "Asia/Shanghai", "week": ALWAYS,
    "source": "test",
}  # fmt: skip
REPLY: dict[str, Any] = {
    "id": "reply",
    "title": {"en": "First reply", "zh": "首次答复"},
    "kind": "first_response",
    "clock": {"type": "elapsed", "amount": "PT8H"},
    "stop": "response-sent",
    "pauses": {"grounds": ["customer"]},
    "warnings": [{"at_percent": 50}, {"at_percent": 75}],
    "escalations": [
        {"level": 1, "at_percent": 100, "to_unit": "North"},
        {"level": 2, "after_due": "PT4H", "to_staff": "Director Li"},
    ],
    "extensions": [{"id": "goodwill", "length": "PT4H", "mode": "add_to_raw"}],
}
POLICY: dict[str, Any] = {
    "name": "service",
    "title": {"en": "Service", "zh": "服务标准"},
    "regime": "internal",
    "zone": "Asia/Shanghai",
    "calendar": "round-the-clock",
    "rules": [{"id": "all", "targets": ["reply"]}],
    "targets": [REPLY],
}


def policy(*targets: dict[str, Any]) -> dict[str, Any]:
    """The policy with other targets."""
    return POLICY | {"rules": [{"id": "all", "targets": [each["id"] for each in targets]}], "targets": list(targets)}


def tell(ledger: Ledger, *commands: Command, at: datetime, **rest: Any) -> int:
    """Carries commands out at a time of the book, and says where it stands after them."""
    return ledger.carry_out(submission(*commands, at=at, **rest)).position


def publish(ledger: Ledger, at: datetime, raw: dict[str, Any] = POLICY) -> None:
    """The calendar, and a policy that holds since long ago."""
    book = id_of_book(ledger.book)
    said: dict[str, Any] = {"at": at, "book_id": book, "reason": "promised", "requested_by": "王芳"}
    if not ledger.history(streams_of_standards(ledger.book)[1]):
        document = document_of(CLOCK)
        tell(ledger, ProposeCalendar(document=document, effective_from=SINCE, **said), at=at)
        tell(ledger, PublishCalendar(at=at, book_id=book, proposal=1, approved_by="Director Li"), at=at)
    proposal = len(ledger.history(streams_of_standards(ledger.book)[0])) + 1
    document_ = PolicyDocument.model_validate(raw)
    tell(ledger, ProposePolicy(document=document_, effective_from=SINCE, **said), at=at)
    tell(ledger, PublishPolicy(at=at, book_id=book, proposal=proposal, approved_by="Director Li"), at=at)


def case_id(number: int) -> UUID:
    """The id of one of the cases."""
    return uuid5(NAMESPACE, str(number))


def receipt(number: int, at: datetime) -> tuple[Command, Command]:
    """A case, received and registered at once."""
    return (
        ReceiveCase(
            at=at, case_id=case_id(number), kind=CaseKind.COMPLAINT, channel=Channel.EMAIL, source_key=f"K-{number}"
        ),
        RegisterCase(at=at, case_id=case_id(number), unit="客户服务处"),
    )


def receive(ledger: Ledger, numbers: Sequence[int], at: datetime, *, said_at: datetime | None = None) -> None:
    """Cases that were received at a time, and told then or later."""
    ledger.carry_out_all([
        Submission(uuid5(NAMESPACE, f"receive {number}"), receipt(number, at), CLERK, "test", said_at=said_at or at)
        for number in numbers
    ])  # fmt: skip


def events(ledger: Ledger, number: int) -> list[Recorded[Any]]:
    """What is on record of a case."""
    return ledger.history(case_stream(case_id(number)))


def alarms(ledger: Ledger, number: int) -> list[tuple[str, Any, datetime]]:
    """The alarms of a case in the order in which they were recorded: what, which, and when it occurred."""
    found = [one for one in events(ledger, number) if one.metadata.channel == "alarm"]
    return [
        (
            one.event.TOPIC.rpartition(".")[0].rpartition("-")[2],
            getattr(one.event, "number", getattr(one.event, "level", None)),
            one.occurred_at,
        )
        for one in found
    ]


def hours(count: float) -> timedelta:
    """So many hours."""
    return timedelta(hours=count)


MONDAY = datetime(2026, 3, 2, 1, tzinfo=UTC)
