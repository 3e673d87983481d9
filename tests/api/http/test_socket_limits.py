import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode

from api.app import create_app
from api.cli.serving import DEVELOPER
from api.log_lines import JsonLines
from tests.api.graphql.conftest import opened
from tests.api.http.counting import Made, counting
from tests.api.http.test_admission import CASES, locked
from tests.api.http.test_log import logged
from tests.api.http.wired import Served, served
from tests.conftest import Database

COUNT = "subscription($upto: Int!, $padding: Int = 0) { count(upto: $upto, padding: $padding) }"
FRAME = 65_536


def served_meanwhile(server: Served) -> None:
    with server.let_in() as other:
        other.ask("{ asker }")
        assert other.data() == {"asker": "developer"}


def test_a_socket_that_never_says_who_asks_is_closed(database: Database) -> None:
    with counting(database, socket_init_seconds=0.2) as server, server.wired() as silent, server.let_in() as other:
        silent.send(type="ping")
        assert silent.got() == {"type": "pong"}
        assert silent.closed() == (4408, "NOT_INITIALISED")
        other.ask("{ asker }")
        assert other.data() == {"asker": "developer"}
        assert server.figures()['daybook_sockets_closed_total{why="NOT_INITIALISED"}'] == 1


def test_a_socket_that_floods_is_closed_and_counts_with_what_its_caller_sends_otherwise(database: Database) -> None:
    with counting(database, rate_per_second=0.01, rate_burst=30) as server:
        with server.let_in() as wired:
            with suppress(ConnectionClosed):
                for _ in range(100_000):
                    wired.send(type="ping")
            assert wired.closed() == (4429, "RATE_LIMITED")
        with pytest.raises(InvalidStatus) as refused, server.wired():
            pass
        assert refused.value.response.status_code == 429
        assert json.loads(refused.value.response.body)["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
        assert server.figures()['daybook_http_requests_total{path="/graphql",status="429"}'] == 1


def test_pages_that_all_come_back_at_once_are_all_told(database: Database) -> None:
    names = [str(number) for number in range(40)]
    with counting(database, operations_at_once=1) as server, server.let_in() as wired:
        for name in names:
            wired.ask(COUNT, name, upto=1)
        told = [wired.got() for _ in range(2 * len(names))]
        assert sorted((each["id"], each["type"]) for each in told) == sorted(
            (name, kind) for name in names for kind in ("complete", "next")
        )


def test_as_many_sockets_are_open_as_may_be_of_one_caller_and_in_all(database: Database) -> None:
    bounds: tuple[dict[str, Any], ...] = ({"sockets": 2}, {"sockets_of_caller": 2})
    for settings in bounds:
        with counting(database, **settings) as server, server.let_in() as first:
            with server.let_in():
                with server.wired() as third:
                    assert third.closed() == (1013, "TOO_MANY_SOCKETS")
                assert server.figures()["daybook_sockets_open"] == 2
                first.ask("{ asker }")
                assert first.data() == {"asker": "developer"}
            server.until("daybook_sockets_open", 1)
            served_meanwhile(server)


def test_as_many_operations_run_on_a_socket_as_may_and_the_next_is_refused(database: Database) -> None:
    with counting(database, socket_operations=2) as server, server.let_in() as wired:
        for name in "ab":
            wired.ask("subscription { silence }", name)
        wired.ask("{ asker }", "c")
        assert wired.code("c") == "TOO_BUSY"
        wired.send(type="complete", id="a")
        wired.ask("{ asker }", "c")
        assert wired.data("c") == {"asker": "developer"}


def test_a_query_over_a_socket_has_its_time_and_its_turn_like_any_other(database: Database) -> None:
    with (
        opened(database, operation_seconds=0.3, operations_at_once=1) as workspace,
        served(create_app(workspace, development_actor=DEVELOPER), workspace.settings) as server,
        server.let_in() as wired,
        locked(database) as cases,
    ):
        wired.ask(CASES, "slow")
        cases.until(1)
        wired.ask(CASES, "next")
        answers = {answer["id"]: answer["payload"][0]["extensions"]["code"] for answer in (wired.got(), wired.got())}
        assert answers == {"next": "TOO_BUSY", "slow": "TIMED_OUT"}
        cases.until(0)
        wired.ask("{ ledgerHead { book } }", "then")
        assert wired.data("then") == {"ledgerHead": {"book": "main"}}


def test_a_query_that_nobody_waits_for_any_more_is_stopped_in_the_database(database: Database) -> None:
    with (
        opened(database) as workspace,
        served(create_app(workspace, development_actor=DEVELOPER), workspace.settings) as server,
        locked(database) as cases,
    ):
        with server.let_in() as wired:
            wired.ask(CASES, "completed")
            cases.until(1)
            wired.send(type="complete", id="completed")
            cases.until(0)
            wired.ask(CASES, "cut")
            cases.until(1)
        cases.until(0)


def test_only_trusted_documents_are_carried_out_where_no_others_are(database: Database, tmp_path: Path) -> None:
    manifest = tmp_path / "documents.json"
    manifest.write_text(json.dumps({"one": "subscription { count(upto: 1) }"}))
    with counting(database, documents=manifest, documents_only=True) as server, server.let_in() as wired:
        wired.ask("{ asker }")
        assert wired.code() == "DOCUMENT_NOT_TRUSTED"
        wired.send(type="subscribe", id="1", payload={"documentId": "two"})
        assert wired.code() == "PERSISTED_QUERY_NOT_FOUND"
        wired.send(type="subscribe", id="1", payload={"documentId": "one"})
        assert wired.data() == {"count": "1"}


# Those who do not read ------------------------------------------------------------------------------------------------


def test_who_does_not_read_is_dropped_with_a_reason_and_nothing_is_made_for_them_meanwhile(database: Database) -> None:
    made = Made()
    with counting(database, made, socket_send_seconds=0.3) as server:
        with server.wired(max_queue=1) as slow, server.let_in() as other:
            slow.acknowledged()
            slow.ask(COUNT, upto=100_000, padding=FRAME)
            server.until('daybook_sockets_closed_total{why="SLOW"}', 1)
            assert (
                made.items < 1_000
            )  # what the buffers of two sockets of the system hold, and not a hundred times that
            other.ask("{ asker }")
            assert other.data() == {"asker": "developer"}
            assert slow.closed() == (1013, "SLOW")
        server.until("daybook_subscriptions", 0)
        assert made.ended == 1


def test_who_reads_slowly_and_goes_on_is_not_dropped(database: Database) -> None:
    with counting(database, socket_send_seconds=30) as server, server.wired(max_queue=1) as slow:
        slow.acknowledged()
        slow.ask(COUNT, upto=200, padding=FRAME)
        assert [slow.data()["count"].strip() for _ in range(200)] == [str(number) for number in range(1, 201)]


def test_the_answers_to_a_flood_of_pings_do_not_pile_up(database: Database) -> None:
    """Below the messages a client may ping as often as it likes, and need not read what comes back."""
    ping = Frame(Opcode.PING, b"x" * 125).serialize(mask=True)
    with counting(database) as server, server.bare() as connection:
        with suppress(ConnectionResetError, BrokenPipeError):
            while True:
                connection.sendall(ping * 1_000)
        served_meanwhile(server)
        server.until("daybook_sockets_open", 0)


def test_a_socket_whose_other_end_has_vanished_is_noticed_by_its_silence(database: Database) -> None:
    with (
        counting(database, socket_ping_seconds=1, socket_init_seconds=600) as server,
        server.bare(),
        server.let_in() as other,
    ):
        server.until('daybook_sockets_closed_total{why="SILENT"}', 1)
        assert server.figures()["daybook_sockets_open"] == 1
        other.ask("{ asker }")
        assert other.data() == {"asker": "developer"}


# What is said of it ---------------------------------------------------------------------------------------------------


def test_sockets_are_counted_and_logged_without_anything_personal(database: Database) -> None:
    with logged(JsonLines()) as log, counting(database) as server:
        with server.let_in(name="欧阳若兰") as wired:
            wired.ask("subscription 欧阳若兰 { silence }")
            assert wired.code() == "BAD_DOCUMENT"
            wired.send(type="subscribe", id="+86 139 1234 5678", payload={"query": "query Who { asker }"})
            assert wired.data("+86 139 1234 5678") == {"asker": "developer"}
            assert wired.got()["type"] == "complete"
            wired.ask(COUNT, "2", upto=2)
            assert [wired.got()["type"] for _ in range(3)] == ["next", "next", "complete"]
            wired.send(type="欧阳若兰")
            assert wired.closed()[0] == 4400
        figures = server.figures()
    assert figures['daybook_operations_total{kind="query",outcome="ok"}'] == 1
    assert figures['daybook_operations_total{kind="subscription",outcome="ok"}'] == 1
    assert figures['daybook_sockets_closed_total{why="BAD_MESSAGE"}'] == 1
    assert figures['daybook_socket_messages_total{way="in"}'] == 5
    assert figures['daybook_socket_messages_total{way="out"}'] == 7
    assert figures['daybook_http_requests_total{path="/graphql",status="101"}'] == 1
    assert 'daybook_operation_duration_seconds_count{kind="subscription"}' not in figures
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    lines = [line for line in lines if not line["logger"].startswith("websockets.")]  # those of the client
    text = json.dumps(lines, ensure_ascii=False)
    assert [value for value in ("欧阳", "139 1234") if value in text] == []
    noted = [line for line in lines if line["logger"] == "daybook.http" and line.get("method") == "WS"]
    assert [line["outcome"] for line in noted] == ["BAD_DOCUMENT", "ok", "ok", "BAD_MESSAGE"]
    assert len({line["request"] for line in noted}) == 1
    assert (noted[1]["kind"], noted[1]["operation"]) == ("query", "Who")
    assert (noted[3]["received"], noted[3]["sent"]) == (5, 7)


def test_a_server_that_ends_says_so_on_every_socket_and_how_to_go_on(database: Database) -> None:
    with counting(database) as server, server.let_in() as one, server.wired() as other:
        one.ask("subscription { silence }")
        server.until("daybook_subscriptions", 1)
        server.end()
        for each in (one, other):
            assert each.closed() == (1001, "SERVER_ENDS")
            assert each.connection.close_reason is not None
            assert "last token" in each.connection.close_reason
