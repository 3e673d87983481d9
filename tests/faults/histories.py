"""What many writers ask for in the fault tests, and what must have come of it, told without the program's folds."""

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import psycopg

from domain.case.commands import (
    AssignCase,
    ClassifyCase,
    CloseCase,
    DispatchCase,
    PauseCase,
    ReopenCase,
    ResolveCase,
    ResumeCase,
    SendResponse,
    StartWork,
    TransferCase,
)
from domain.case.events import Outcome, PauseGround, ResponseKind
from domain.channel import Channel
from domain.customer import ContactKind
from domain.envelope import Submission
from domain.event import Command
from domain.personal import Personal
from domain.stream import subject_of
from projections.case_file import CaseFile
from tests.ledger.submissions import OPENED, contact, receive, register, register_customer, submission

UNITS = ("北区客户服务处", "South desk", "East desk")


def shared_customers(count: int) -> list[tuple[UUID, Submission]]:
    """Customers whom all writers know, with what registers them."""
    ids = [UUID(int=10**30 + nth) for nth in range(count)]
    return [(customer, submission(register_customer(customer, f"客户 {customer}"))) for customer in ids]


def written_by(writer: int, commands: int, customers: Sequence[UUID], *, seed: int) -> list[Submission]:
    """What a writer asks for, one after another; a tenth is, also or only, about a customer whom all writers know."""
    chance = random.Random(f"{seed}-{writer}")
    asked: list[Submission] = []
    at = OPENED
    while len(asked) < commands:
        for step in life_of(UUID(int=chance.getrandbits(128), version=4), chance):
            at += timedelta(seconds=chance.randrange(600))
            known = contact(chance.choice(customers), ContactKind.PHONE, f"+86 {writer} {len(asked)}", at)
            alone, beside = chance.random() < 0.05, chance.random() < 0.05
            now = tuple(command.model_copy(update={"at": at}) for command in step)
            groups = [(known,), now] if alone else [(*now, known)] if beside else [now]
            asked += [submission(*g, command_id=UUID(int=chance.getrandbits(128), version=4), at=at) for g in groups]
    return asked[:commands]


def life_of(case: UUID, chance: random.Random) -> Iterator[tuple[Command, ...]]:
    """A case's commands in the order of its declared life; what the last loop leaves open stays open."""
    rest: dict[str, Any] = {"at": OPENED, "case_id": case}
    first, second = chance.sample(UNITS, 2)
    yield (receive(case, "三月份收了两次费"), register(case))
    yield (ClassifyCase(**rest, category="Billing"),)
    yield (DispatchCase(**rest, unit=first), AssignCase(**rest, handler="grace"))
    yield (StartWork(**rest, by="grace"),)
    yield (PauseCase(**rest, ground=PauseGround.CUSTOMER),)
    yield (ResumeCase(**rest, ground=PauseGround.CUSTOMER),)
    yield (TransferCase(**rest, to_unit=second),)
    answer = Personal.open(case, "Thank you, we are looking into it.")
    yield (SendResponse(**rest, kind=ResponseKind.UPDATE, channel=Channel.HOTLINE, words=answer),)
    yield (ResolveCase(**rest, outcome=Outcome.UPHELD),)
    if chance.random() < 0.3:
        yield (ReopenCase(**rest, reason="not so"),)
        yield (ResolveCase(**rest, outcome=Outcome.SOLVED),)
    yield (CloseCase(**rest),)


# What must have come of it --------------------------------------------------------------------------------------------

EVENTS = """
SELECT position, stream, version, topic, recorded_at, occurred_at, register_series, register_number, data
FROM ledger.event WHERE book = %s ORDER BY position
"""
SHOWN = (
    "case_id", "version", "position", "status", "series", "number", "unit", "handler", "category", "dispatches",
    "transfers", "unit_changes", "assignments", "reopens", "responses", "pauses", "outcome", "received_at",
    "registered_at", "resolved_at", "closed_at", "first_response_at", "last_occurred_at", "last_recorded_at",
)  # fmt: skip


def told_again(url: str, book: str) -> dict[UUID, dict[str, Any]]:
    """The cases as they must be shown, from the stored rows alone and by another road than the program's folds."""
    by_stream: dict[str, list[dict[str, Any]]] = defaultdict(list)
    with psycopg.connect(url, options="-c TimeZone=UTC") as connection:
        for position, stream, version, topic, recorded, occurred, series, number, data in connection.execute(
            EVENTS.encode(), (book,)
        ):
            by_stream[stream].append({
                "position": position, "version": version, "what": topic.removesuffix(".1"), "recorded": recorded,
                "occurred": occurred, "series": series, "number": number, **orjson.loads(data),
            })  # fmt: skip
    return {
        subject_of(stream): case_told_again(subject_of(stream), events)
        for stream, events in by_stream.items()
        if stream.startswith("case-")
    }


def case_told_again(case: UUID, events: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One case, each column asked of its whole history."""

    def all_of(*kinds: str) -> list[Mapping[str, Any]]:
        return [event for event in events if event["what"] in kinds]

    def last(name: str, *kinds: str, since: int = 0) -> Any:
        return next((e.get(name) for e in reversed(all_of(*kinds)) if e["version"] > since), None)

    cycle = last("version", "case-reopened") or 0
    registration = all_of("case-registered")[0]
    moves = all_of("case-dispatched", "case-transferred", "case-returned")
    handlers = all_of("case-dispatched", "case-transferred", "case-assigned")
    resolved: datetime | None = last("occurred", "case-resolved", since=cycle)
    closed: datetime | None = last("occurred", "case-closed", since=cycle)
    pauses = len(all_of("case-paused"))
    status = (
        "closed" if closed
        else "resolved" if resolved
        else "paused" if pauses > len(all_of("case-resumed"))
        else "in-progress" if all_of("work-started", "case-reopened")
        else "registered"
    )  # fmt: skip
    return {
        "case_id": case, "version": events[-1]["version"], "position": events[-1]["position"], "status": status,
        "series": registration["series"], "number": registration["number"],
        "unit": (moves[-1].get("to_unit") or moves[-1]["unit"]) if moves else None,
        "handler": handlers[-1]["handler"] if handlers else None,
        "category": last("category", "case-classified"),
        "dispatches": len(all_of("case-dispatched")), "transfers": len(all_of("case-transferred")),
        "unit_changes": len(moves), "assignments": len(all_of("case-assigned")),
        "reopens": len(all_of("case-reopened")), "responses": len(all_of("response-sent")), "pauses": pauses,
        "outcome": last("outcome", "case-resolved", since=cycle),
        "received_at": events[0]["occurred"], "registered_at": registration["occurred"],
        "resolved_at": resolved, "closed_at": closed,
        "first_response_at": min((e["occurred"] for e in all_of("response-sent")), default=None),
        "last_occurred_at": max(e["occurred"] for e in events), "last_recorded_at": events[-1]["recorded"],
    }  # fmt: skip


def shown(view: CaseFile) -> dict[str, Any]:
    """The columns of a case file that are told again."""
    return {name: getattr(view, name) for name in SHOWN}
