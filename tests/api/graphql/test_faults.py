import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from api.app import create_app
from api.graphql.consistency import token_of
from api.graphql.identity import opaque
from api.workspace import NewBook, Workspace
from domain.book import BookTime
from ledger.embedded import Embedded
from tests.api.graphql.asking import FrontEnd, asking
from tests.api.graphql.conftest import ACTOR, opened
from tests.conftest import Database

SHOWN = "query($token: ConsistencyToken) { cases(consistencyToken: $token) { nodes { id } } }"


@contextmanager
def views_held_back(database: Database) -> Iterator[None]:
    """Somebody holds the cursors of the views, so that no runner can move them."""
    with psycopg.connect(database.owner_url) as owner:
        owner.execute("SELECT FROM views.cursor FOR UPDATE")
        yield
        owner.rollback()


def code_of(answer: dict[str, Any]) -> str:
    (error,) = answer["errors"]
    code: str = error["extensions"]["code"]
    return code


def test_a_write_that_does_not_show_in_time_is_said_to_be_done_and_shows_later(database: Database) -> None:
    with opened(database) as workspace:
        hasty = create_app(workspace, development_actor=ACTOR, wait_seconds=0.2)
        with asking(hasty) as front_end, views_held_back(database):
            payload = front_end.change("receiveCase", kind="COMPLAINT", channel="WEB")
            token = payload["consistencyToken"]
            assert payload["case"] is None
            assert [error["code"] for error in payload["userErrors"]] == ["NOT_YET_VISIBLE"]
            assert front_end.ask("{ cases { nodes { id } } }") == {"cases": {"nodes": []}}
            assert front_end.code(SHOWN, token=token) == "NOT_CAUGHT_UP"
            by_header = front_end.send("{ cases { nodes { id } } }", headers={"Daybook-Consistency-Token": token})
            assert code_of(by_header.json()) == "NOT_CAUGHT_UP"
        with asking(create_app(workspace, development_actor=ACTOR)) as front_end:
            assert len(front_end.ask(SHOWN, token=token)["cases"]["nodes"]) == 1


def test_a_token_of_another_book_or_none_at_all_is_refused_by_name(front_end: FrontEnd) -> None:
    for token in (
        "nonsense",
        token_of("other", 1),
        token_of("main", 1)[:-3],
        "冯",
        token_of("main", -1),
        token_of("main", 10**30),
        opaque("position", "main", "１"),
    ):
        assert front_end.code(SHOWN, token=token) == "BAD_CONSISTENCY_TOKEN"


def test_a_fault_is_told_by_an_id_that_leads_to_the_log_and_by_nothing_else(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    with opened(database) as workspace, asking(create_app(workspace, development_actor=ACTOR)) as front_end:
        with psycopg.connect(database.owner_url) as owner:
            owner.execute("ALTER VIEW views.customer_profile RENAME COLUMN tier TO rank")
        response = front_end.send("{ customers { nodes { id } } ledgerHead { book } }")
    assert response.status_code == 500
    (error,) = response.json()["errors"]
    fault = error["extensions"]["fault"]
    assert str(UUID(fault)) == fault
    assert error == {
        "message": f"Something went wrong here. The log has it under {fault}.",
        "locations": [{"line": 1, "column": 3}],
        "path": ["customers"],
        "extensions": {"code": "FAULT", "fault": fault},
    }
    (record,) = [record for record in caplog.records if fault in record.getMessage()]
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], psycopg.errors.UndefinedColumn)


def test_a_database_that_is_away_is_said_to_be_so_and_found_again(database: Database, server: Embedded) -> None:
    with (
        opened(database, patience_seconds=1) as workspace,
        asking(create_app(workspace, development_actor=ACTOR, wait_seconds=10)) as front_end,
        psycopg.connect(server.url(), autocommit=True) as owner,
    ):
        closing = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
        )
        owner.execute(f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS false")
        owner.execute(closing, [database.name])
        asked = {"commandId": str(uuid4()), "kind": "COMPLAINT", "channel": "WEB"}
        mutation = "mutation($input: ReceiveCaseInput!) { receiveCase(input: $input) { userErrors { code } } }"
        away = [front_end.send("{ cases { nodes { id } } }"), front_end.send(mutation, input=asked)]
        owner.execute(f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS true")
        assert [(response.status_code, code_of(response.json())) for response in away] == [(503, "LEDGER_AWAY")] * 2
        front_end.done("receiveCase", **asked)
        assert len(front_end.ask("{ cases { nodes { id } } }")["cases"]["nodes"]) == 1


def test_what_people_wrote_does_not_reach_the_log_when_a_document_is_wrong(
    front_end: FrontEnd, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        written = 'words: "my secret illness"'
        for document in (
            f"mutation {{ receiveCase(input: {{kind: NOVEL, {written}}}) {{ case {{ id }} }} }}",
            f"mutation {{ receiveCase(input: {{{written} ",
        ):
            assert front_end.errors(document)
        asked = {"commandId": str(uuid4()), "kind": "COMPLAINT", "channel": "WEB", "words": ["my secret illness"]}
        front_end.errors(
            "mutation($input: ReceiveCaseInput!) { receiveCase(input: $input) { case { id } } }", input=asked
        )
    assert "secret" not in caplog.text


def test_a_simulated_book_goes_on_from_its_own_last_day(database: Database) -> None:
    later = datetime.now(UTC) + timedelta(days=400)
    book = NewBook(BookTime.SIMULATED, zone="Asia/Shanghai", at=later)
    with (
        opened(database, new_book=book) as workspace,
        asking(create_app(workspace, development_actor=ACTOR)) as front_end,
    ):
        case = front_end.done("receiveCase", "id receivedAt", kind="COMPLAINT", channel="WEB")
        assert case["receivedAt"] == later.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        front_end.done("registerCase", caseId=case["id"])
        assert front_end.ask("{ ledgerHead { time } }") == {"ledgerHead": {"time": "SIMULATED"}}


def test_the_thread_of_the_views_ends_with_the_application(workspace: Workspace) -> None:
    def following() -> int:
        return [thread.name for thread in threading.enumerate()].count("views")

    before = following()
    with asking(create_app(workspace, development_actor=ACTOR)):
        assert following() == before + 1
    assert following() == before


def test_clocks_that_disagree_stop_changes_and_say_so_and_questions_are_answered(database: Database) -> None:
    with opened(database) as workspace, asking(create_app(workspace, development_actor=ACTOR)) as front_end:
        assert workspace.runner.wait_for(workspace.ledger.head(), 20)
        moved = "UPDATE ledger.head SET recorded_at = now() + %s"
        asked = {"commandId": str(uuid4()), "kind": "COMPLAINT", "channel": "WEB"}
        mutation = "mutation($input: ReceiveCaseInput!) { receiveCase(input: $input) { userErrors { code } } }"
        with psycopg.connect(database.owner_url, autocommit=True) as owner:
            owner.execute(moved, [timedelta(minutes=11)])
            response = front_end.send(mutation, input=asked)
            assert (response.status_code, code_of(response.json())) == (503, "CLOCKS_DISAGREE")
            assert front_end.ask("{ cases { nodes { id } } }") == {"cases": {"nodes": []}}
            owner.execute(moved, [timedelta()])
        front_end.done("receiveCase", **asked)
