"""One follower for everybody: what it costs, what it gets over, and how it ends."""

import logging
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from anyio.from_thread import start_blocking_portal
from psycopg import sql

from api.app import create_app
from api.graphql.door import Door
from api.graphql.identity import global_id, identity_of
from api.graphql.passing import marks_between
from api.graphql.problem import Problem
from api.live.clocks import Seen
from api.workspace import Workspace
from domain.case.commands import PrioritiseCase, ReceiveCase
from domain.case.events import CaseKind, Priority
from domain.channel import Channel
from domain.envelope import Submission
from domain.stream import Category
from ledger.embedded import Embedded
from projections.case_file import CASE_FILE
from projections.runner import Runner
from tests.api.graphql.asking import FrontEnd, asking
from tests.api.graphql.conftest import ACTOR, opened
from tests.api.graphql.following import Ended, Follower, beside
from tests.api.graphql.test_faults import views_held_back
from tests.conftest import Database
from tests.ledger.submissions import OPENED

HEADS = "subscription($after: ConsistencyToken) { ledgerHead(after: $after) { position } }"
CASE = "subscription($id: ID!, $after: ConsistencyToken) { caseChanged(id: $id, after: $after) { topic position } }"
WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE wait_event_type = 'Lock' AND datname = current_database() AND usename = 'daybook_writer'
"""
BY_WEB = """
subscription($after: ConsistencyToken) {
  casesOnBoard(filter: {channel: [WEB]}, after: $after) { caseId position }
}
"""
TABLES_OF_VIEWS = """
SELECT c.table_name FROM information_schema.columns AS c
JOIN information_schema.tables AS t USING (table_schema, table_name)
WHERE c.table_schema = 'views' AND c.column_name = 'position' AND t.table_type = 'BASE TABLE'
"""
CLOCKS = "subscription($id: ID!, $after: ConsistencyToken) { slaChanged(caseId: $id, after: $after) { position } }"
BOARD = "subscription($after: ConsistencyToken) { casesOnBoard(after: $after) { move position } }"


@contextmanager
def running(database: Database, **settings: Any) -> Iterator[tuple[Workspace, Follower]]:
    """An application over a new book, and a follower of it."""
    with (
        opened(database, **settings) as workspace,
        asking(create_app(workspace, development_actor=ACTOR)) as front_end,
        beside(front_end, workspace) as follower,
    ):
        yield workspace, follower


def received(front_end: FrontEnd) -> str:
    case: str = front_end.done("receiveCase", kind="COMPLAINT", channel="HOTLINE")["id"]
    return case


def test_what_concerns_nobody_who_follows_a_case_costs_nothing_however_many_they_are(
    database: Database, statements: list[str]
) -> None:
    with running(database) as (workspace, follower), ExitStack() as streams:
        front_end = follower.front_end
        cases = [received(front_end) for _ in range(20)]
        before = follower.token()
        followed = [streams.enter_context(follower.following(CASE, id=case, after=before)) for case in cases]
        waiting = [stream.coming() for stream in followed]
        for case in cases:
            front_end.done("prioritiseCase", caseId=case, priority="HIGH")
        assert {each.result().data["caseChanged"]["topic"] for each in waiting} == {"case-prioritised.1"}
        waiting = [stream.coming() for stream in followed]
        other = received(front_end)
        with follower.following(CASE, id=other, after=before) as stream:
            assert stream.next()["topic"] == "case-received.1"
            statements.clear()
            with follower.following(HEADS, after=follower.token()) as heads:
                for priority in ("HIGH", "LOW", "HIGH", "LOW"):
                    front_end.done("prioritiseCase", caseId=other, priority=priority)
                    heads.next()
                    stream.next()
        touching = [query for query in statements if "split_part(topic" in query]
        assert len(touching) <= 5
        assert not any(each.done() for each in waiting)
        assert workspace.ledger.head() > 40


def test_streams_get_over_a_database_that_is_away(database: Database, server: Embedded) -> None:
    with (
        running(database, patience_seconds=1) as (_, follower),
        psycopg.connect(server.url(), autocommit=True) as owner,
    ):
        case = received(follower.front_end)
        before = follower.token()
        with (
            follower.following(CASE, id=case, after=before) as changes,
            follower.following(BOARD, after=before) as board,
        ):
            follower.front_end.done("prioritiseCase", caseId=case, priority="LOW")
            told = [changes.next()["position"], board.next()["position"]]
            owner.execute(f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS false")
            owner.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()",
                [database.name],
            )
            waiting = [stream.coming() for stream in (changes, board)]
            asked = {"commandId": str(uuid4()), "caseId": case, "priority": "HIGH"}
            assert (
                follower.front_end.code(
                    "mutation($input: PrioritiseCaseInput!) { prioritiseCase(input: $input) { userErrors { code } } }",
                    input=asked,
                )
                == "LEDGER_AWAY"
            )
            owner.execute(f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS true")
            follower.front_end.done("prioritiseCase", **asked)
            results = [each.result() for each in waiting]
            assert [result.errors for result in results] == [None, None]
            assert [each["position"] for result in results for each in result.data.values()] == [told[0] + 1] * 2


def test_nothing_is_told_before_the_views_show_it(database: Database) -> None:
    with running(database) as (workspace, follower):
        case = received(follower.front_end)
        head = follower.token()
        with follower.following(CASE, id=case, after=head) as changes, follower.following(HEADS, after=head) as heads:
            with views_held_back(database):
                waiting = changes.coming()
                now, case_id = workspace.ledger.database.now(), identity_of(case, "main").subject
                command = PrioritiseCase(at=now, case_id=case_id, priority=Priority.HIGH)
                position = workspace.ledger.carry_out(Submission(uuid4(), (command,), ACTOR, "test")).position
                assert heads.next()["position"] == position
                assert not waiting.done()
            assert waiting.result().data == {"caseChanged": {"topic": "case-prioritised.1", "position": position}}


@contextmanager
def alone(workspace: Workspace, runner: Runner) -> Iterator[Follower]:
    """A follower of a book whose views nobody else keeps."""
    door = Door(workspace.ledger, runner)
    with start_blocking_portal() as portal:
        try:
            yield Follower(FrontEnd(portal, httpx.AsyncClient()), door)
        finally:
            door.feed.close()


def test_a_view_that_stands_still_is_said_to_do_so(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    with opened(database) as workspace, caplog.at_level(logging.CRITICAL):
        case = uuid4()
        command = ReceiveCase(at=OPENED, case_id=case, kind=CaseKind.COMPLAINT, channel=Channel.WEB)
        position = workspace.ledger.carry_out(Submission(uuid4(), (command,), ACTOR, "test")).position

        def fold(view: Any, recorded: Any, context: Any) -> Any:
            raise ZeroDivisionError((view, recorded, context))

        runner = Runner(workspace.ledger, workspace.views, [replace(CASE_FILE, fold=fold)])
        assert runner.catch_up() == position - 1
        global_one = global_id(Category.CASE, "main", case)
        with alone(workspace, runner) as follower, follower.following(CASE, id=global_one) as changes:
            assert changes.code() == "NOT_CAUGHT_UP"


def restored(database: Database, position: int) -> None:
    """Takes a book back to a position, with its views."""
    with psycopg.connect(database.owner_url) as owner:
        owner.execute("ALTER TABLE ledger.event DISABLE TRIGGER append_only")
        owner.execute("DELETE FROM ledger.event WHERE position > %s", [position])
        owner.execute("UPDATE ledger.head SET position = %s", [position])
        owner.execute("UPDATE views.cursor SET position = %s", [position])
        for (table,) in owner.execute(TABLES_OF_VIEWS).fetchall():
            owner.execute(sql.SQL("DELETE FROM views.{} WHERE position > %s").format(sql.Identifier(table)), [position])


def test_a_book_that_was_restored_to_an_earlier_state_is_said_to_be_so(database: Database) -> None:
    with running(database) as (_, follower):
        received(follower.front_end)
        with follower.following(BOARD, after=follower.token()) as board:
            received(follower.front_end)
            position = board.next()["position"]
            restored(database, position - 1)
            assert board.code() == "BAD_CONSISTENCY_TOKEN"


def test_what_is_recorded_in_the_place_of_what_was_lost_is_told_as_what_it_is(database: Database) -> None:
    with running(database) as (workspace, follower):
        received(follower.front_end)
        before = follower.token()
        with follower.following(BOARD, after=before) as board:
            received(follower.front_end)
            position = board.next()["position"]
            restored(database, position - 1)
            assert board.code() == "BAD_CONSISTENCY_TOKEN"
        assert workspace.runner.catch_up() == position - 1
        assert not workspace.runner.wait_for(position, 0)
        with follower.following(BY_WEB, after=before) as board:  # what was lost had come in by another channel
            case = follower.front_end.done("receiveCase", kind="COMPLAINT", channel="WEB")["id"]
            assert board.next() == {"caseId": case, "position": position}


def test_what_is_gone_between_a_look_at_the_book_and_reading_it_is_said_to_be_so(database: Database) -> None:
    with running(database) as (workspace, follower):
        head = workspace.ledger.head()
        with pytest.raises(Problem) as gone:
            follower.front_end.portal.call(marks_between, follower.door, head, head + 1)
        assert gone.value.extensions is not None
        assert gone.value.extensions["code"] == "BAD_CONSISTENCY_TOKEN"


def test_when_a_clock_turns_next_is_worked_out_once_however_often_the_book_is_looked_at(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    worked_out: list[datetime] = []
    next_turn = Seen.next_turn

    def counted(seen: Seen, after: datetime) -> datetime:
        worked_out.append(after)
        return next_turn(seen, after)

    monkeypatch.setattr(Seen, "next_turn", counted)
    with running(database) as (_, follower):
        case = received(follower.front_end)
        with follower.following(CLOCKS, id=case, after=follower.token()) as clocks:
            clocks.coming()
            follower.front_end.portal.call(follower.door.feed.heard, lambda word: bool(worked_out) and word.looks >= 4)
            assert len(worked_out) == 1


def test_the_follower_ends_while_somebody_holds_the_book_back(database: Database) -> None:
    with opened(database) as workspace, psycopg.connect(database.owner_url) as owner:
        with (
            alone(workspace, workspace.runner) as follower,
            follower.following(HEADS) as heads,
            psycopg.connect(database.owner_url, autocommit=True) as watching,
        ):
            assert heads.next()["position"] == workspace.ledger.head()
            owner.execute("LOCK TABLE ledger.head, ledger.event")
            while watching.execute(WAITING).fetchone() == (0,):
                pass
            follower.door.feed.close(grace_seconds=0.1)
            assert "feed" not in {thread.name for thread in threading.enumerate()}
        owner.rollback()


def test_streams_end_with_the_server(database: Database) -> None:
    with running(database) as (_, follower):
        with follower.following(BOARD) as board:
            waiting = board.coming()
            follower.door.feed.close()
            assert waiting.result() is None
        with pytest.raises(Ended), follower.following(HEADS) as heads:
            heads.result()
