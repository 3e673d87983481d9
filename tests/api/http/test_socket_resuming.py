"""What is followed over sockets that break, on servers that end, and on several of them at once."""

import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from api.app import create_app
from api.graphql.identity import global_id
from api.workspace import Workspace
from domain.case.commands import PrioritiseCase, ReceiveCase
from domain.case.events import CaseKind, Priority
from domain.channel import Channel
from domain.envelope import Submission
from domain.stream import Category, stream_of
from ledger.outcome import Accepted
from tests.api.graphql.conftest import ACTOR, opened
from tests.api.http.wired import Served, served
from tests.conftest import Database

EVENTS, CUTS, LOT = 1_000, 20, 50
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
CASE_ID = UUID("00000000-0000-4000-8000-000000000007")
OTHER_ID = UUID("00000000-0000-4000-8000-000000000008")
CHANGED = """
subscription($id: ID!, $after: ConsistencyToken) {
  caseChanged(id: $id, after: $after) { position version topic consistencyToken case { id } }
}
"""
HEADS = "subscription($after: ConsistencyToken) { ledgerHead(after: $after) { position consistencyToken } }"
HEAD = "{ ledgerHead { position consistencyToken } }"


@contextmanager
def running(database: Database, **settings: Any) -> Iterator[tuple[Served, Workspace]]:
    """A server of the whole application."""
    with (
        opened(database, **settings) as workspace,
        served(create_app(workspace, development_actor=ACTOR), workspace.settings) as daybook,
    ):
        yield daybook, workspace


def write(workspace: Workspace, *commands: Any) -> None:
    submissions = [Submission(uuid4(), (command,), ACTOR, "test") for command in commands]
    assert all(isinstance(outcome, Accepted) for outcome in workspace.ledger.carry_out_all(submissions))


def received(case_id: UUID) -> ReceiveCase:
    return ReceiveCase(at=AT, case_id=case_id, kind=CaseKind.COMPLAINT, channel=Channel.WECHAT)


def prioritised(case_id: UUID, nth: int) -> PrioritiseCase:
    priority = Priority.HIGH if nth % 2 else Priority.LOW
    return PrioritiseCase(at=AT + timedelta(seconds=nth), case_id=case_id, priority=priority)


def lots() -> Iterator[list[PrioritiseCase]]:
    """All that happens to the case after its receipt, and between it as much that happens to another."""
    for first in range(1, EVENTS, LOT):
        for case_id in (OTHER_ID, CASE_ID):
            yield [prioritised(case_id, nth) for nth in range(first, min(first + LOT, EVENTS))]


def write_all(workspace: Workspace) -> None:
    for lot in lots():
        write(workspace, *lot)


def followed(daybook: Served, token: str, many: int, cut: bool) -> list[dict[str, Any]]:
    """So many changes after a token; then the connection breaks."""
    asked = {"id": global_id(Category.CASE, "main", CASE_ID), "after": token}
    with daybook.let_in() as wired:
        wired.ask(CHANGED, **asked)
        changes = [wired.data()["caseChanged"] for _ in range(many)]
        if cut:
            wired.connection.socket.shutdown(socket.SHUT_RDWR)
    assert all(change.pop("case") == {"id": asked["id"]} for change in changes)
    return changes


def test_a_subscription_that_is_cut_again_and_again_tells_exactly_what_the_ledger_holds(database: Database) -> None:
    cuts = sorted(random.Random(7).sample(range(1, EVENTS - 1), CUTS))
    with running(database) as (one, workspace), running(database) as (other, _):
        token = one.ask(HEAD)["ledgerHead"]["consistencyToken"]
        write(workspace, received(CASE_ID), received(OTHER_ID))
        writing = threading.Thread(target=write_all, args=(workspace,))
        writing.start()
        told: list[dict[str, Any]] = []
        for nth, (begin, end) in enumerate(zip([0, *cuts], [*cuts, EVENTS], strict=True)):
            told += followed((one, other)[nth % 2], token, end - begin, cut=end < EVENTS)
            token = told[-1]["consistencyToken"]
        writing.join()
        held = workspace.ledger.history(stream_of(Category.CASE, CASE_ID))
        assert [(change["position"], change["version"], change["topic"]) for change in told] == [
            (each.position, each.version, each.event.TOPIC) for each in held
        ]
        assert len(told) == EVENTS
        for daybook in (one, other):
            daybook.until("daybook_subscriptions", 0)


def test_what_one_server_writes_is_told_on_the_sockets_of_another(database: Database) -> None:
    with running(database) as (one, workspace), running(database) as (other, _), other.let_in() as wired:
        wired.ask(HEADS)
        first = wired.data()["ledgerHead"]
        assert first == one.ask(HEAD)["ledgerHead"]
        write(workspace, received(CASE_ID))
        assert wired.data()["ledgerHead"]["position"] == first["position"] + 1


def test_who_is_told_that_a_server_ends_goes_on_at_another(database: Database) -> None:
    with running(database) as (other, workspace):
        with running(database) as (one, _), one.let_in() as wired:
            wired.ask(HEADS)
            first = wired.data()["ledgerHead"]
            one.end()
            assert wired.closed() == (1001, "SERVER_ENDS")
        write(workspace, received(CASE_ID))
        with other.let_in() as wired:
            wired.ask(HEADS, after=first["consistencyToken"])
            assert wired.data()["ledgerHead"]["position"] == first["position"] + 1
