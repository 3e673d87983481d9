import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from api.http.messages import LONGEST_ID
from api.settings import Settings
from tests.api.http.counting import Made, counting
from tests.api.http.wired import Served
from tests.conftest import Database

COUNT = "subscription Count($upto: Int!, $padding: Int = 0) { count(upto: $upto, padding: $padding) }"


@pytest.fixture(scope="module")
def made() -> Made:
    return Made()


@pytest.fixture(scope="module")
def daybook(module_database: Database, made: Made) -> Iterator[Served]:
    with counting(module_database, made) as running:
        yield running


def serves_others(daybook: Served) -> bool:
    """Whether somebody else is answered meanwhile, by HTTP and over a socket."""
    with daybook.let_in() as other:
        other.ask(COUNT, upto=1)
        assert (other.data(), other.got()["type"]) == ({"count": "1"}, "complete")
    return bool(daybook.ask("{ asker }") == {"asker": "developer"})


def test_a_subscription_tells_what_comes_in_order_and_then_that_it_is_complete(daybook: Served) -> None:
    with daybook.wired() as wired:
        assert wired.connection.subprotocol == "graphql-transport-ws"
        assert wired.acknowledged() == {"expiresAt": None}
        wired.ask(COUNT, upto=3)
        assert [wired.data() for _ in range(3)] == [{"count": str(number)} for number in (1, 2, 3)]
        assert wired.got() == {"id": "1", "type": "complete"}


def test_queries_are_answered_over_a_socket_as_well(daybook: Served) -> None:
    with daybook.let_in() as wired:
        wired.ask("{ asker }")
        assert wired.data() == {"asker": "developer"}
        assert wired.got() == {"id": "1", "type": "complete"}


def test_of_several_subprotocols_ours_is_taken(daybook: Served) -> None:
    with daybook.wired(subprotocol="graphql-ws, graphql-transport-ws") as wired:
        assert wired.connection.subprotocol == "graphql-transport-ws"
        wired.acknowledged()


def test_several_operations_run_side_by_side_and_one_of_them_can_be_ended(daybook: Served, made: Made) -> None:
    with daybook.let_in() as wired:
        wired.ask("subscription { silence }", "quiet")
        wired.ask(COUNT, "loud", upto=2)
        assert [wired.data("loud") for _ in range(2)] == [{"count": "1"}, {"count": "2"}]
        assert wired.got() == {"id": "loud", "type": "complete"}
        daybook.until("daybook_subscriptions", 1)
        before = made.ended
        wired.send(type="complete", id="quiet")
        wired.send(type="complete", id="unknown")
        daybook.until("daybook_subscriptions", 0)
        assert made.ended == before + 1
        wired.ask("{ asker }", "quiet")
        assert wired.data("quiet") == {"asker": "developer"}


def test_an_id_may_be_used_again_as_soon_as_its_operation_is_complete(daybook: Served) -> None:
    with daybook.let_in() as wired:
        for _ in range(50):
            wired.ask(COUNT, upto=1)
            assert (wired.data(), wired.got()["type"]) == ({"count": "1"}, "complete")


def test_what_a_socket_began_ends_when_it_is_cut(daybook: Served, made: Made) -> None:
    before = made.ended
    with daybook.let_in() as wired:
        for name in "abc":
            wired.ask("subscription { silence }", name)
        daybook.until("daybook_subscriptions", 3)
        wired.connection.socket.shutdown(socket.SHUT_RDWR)
    daybook.until("daybook_subscriptions", 0)
    daybook.until("daybook_sockets_open", 0)
    assert made.ended == before + 3


def test_a_ping_is_answered_before_and_after_somebody_is_let_in(daybook: Served) -> None:
    with daybook.wired() as wired:
        wired.send(type="ping")
        assert wired.got() == {"type": "pong"}
        wired.acknowledged()
        wired.send(type="ping", payload={"at": 7})
        wired.send(type="pong")
        assert wired.got() == {"type": "pong"}


DEEP = f'{{"type": "connection_init", "payload": {"[" * 100_000}'


@pytest.mark.parametrize(
    "message",
    [
        "",
        "{",
        "7",
        "null",
        "[]",
        '"connection_init"',
        "{}",
        '{"type": 7}',
        '{"type": ["ping"]}',
        '{"type": "start", "id": "1"}',
        '{"type": "next", "id": "1"}',
        '{"type": "connection_init", "payload": []}',
        '{"type": "connection_init", "payload": {"authorization": 7}}',
        '{"type": "ping", "payload": "now"}',
        '{"type": "subscribe"}',
        '{"type": "subscribe", "id": "1"}',
        '{"type": "subscribe", "id": "1", "payload": "{ asker }"}',
        '{"type": "subscribe", "id": 1, "payload": {"query": "{ asker }"}}',
        '{"type": "subscribe", "id": {}, "payload": {"query": "{ asker }"}}',
        '{"type": "subscribe", "id": "", "payload": {"query": "{ asker }"}}',
        f'{{"type": "subscribe", "id": "{"1" * (LONGEST_ID + 1)}", "payload": {{}}}}',
        '{"type": "complete"}',
        '{"type": "complete", "id": ["1"]}',
        '{"type": "ping", "payload": "\\ud800"}',
        DEEP,
        b"\x00\x01",
        b'{"type": "connection_init"}',
    ],
)
def test_what_is_no_message_closes_the_socket_and_disturbs_nobody(daybook: Served, message: str | bytes) -> None:
    with daybook.wired() as wired:
        wired.sent(message)
        assert wired.closed() == (4400, "BAD_MESSAGE")
    assert serves_others(daybook)


def test_text_that_is_not_utf_8_closes_the_socket_and_is_no_error_of_the_servers(
    daybook: Served, caplog: pytest.LogCaptureFixture
) -> None:
    for frames in (b"\xff\xfe", [b'{"type": "pi', b"\xc3", b"\x28"]):
        with daybook.wired() as wired:
            wired.sent(frames, text=True)
            assert wired.closed()[0] == 1007
    assert [record for record in caplog.records if record.levelname in {"ERROR", "CRITICAL"}] == []
    assert serves_others(daybook)


def test_a_message_beyond_its_limit_closes_the_socket_before_it_is_whole(daybook: Served) -> None:
    most = Settings().body_bytes
    for message in ("x" * (most + 1), ["x" * (most // 4)] * 5):
        with daybook.wired() as wired:
            wired.sent(message)
            assert wired.closed()[0] == 1009
    with daybook.let_in() as wired:
        wired.send(type="ping", payload={"padding": "x" * (most - 100)})
        assert wired.got() == {"type": "pong"}


def test_a_message_in_more_parts_than_any_client_makes_closes_the_socket(daybook: Served) -> None:
    with daybook.wired() as wired:
        wired.sent(["x"] + [""] * 2_000)
        assert wired.closed()[0] == 1009
    assert serves_others(daybook)


def test_what_is_no_frame_closes_the_socket(daybook: Served) -> None:
    with daybook.wired() as wired:
        wired.connection.socket.sendall(b"\xff\xff\xff\xff GET / HTTP/1.1\r\n\r\n")
        assert wired.closed()[0] == 1002
    assert serves_others(daybook)


@pytest.mark.parametrize("subprotocol", ["graphql-ws", "soap", None])
def test_no_other_subprotocol_is_spoken(daybook: Served, subprotocol: str | None) -> None:
    with daybook.wired(subprotocol=subprotocol) as wired:
        assert wired.connection.subprotocol is None
        assert wired.closed() == (4406, "OTHER_SUBPROTOCOL")


def test_no_socket_is_opened_anywhere_else(daybook: Served) -> None:
    with pytest.raises(InvalidStatus) as refused, daybook.wired(path="/elsewhere"):
        pass
    assert refused.value.response.status_code == 403


def test_who_asks_before_being_let_in_is_closed(daybook: Served) -> None:
    for message in (
        {"type": "subscribe", "id": "1", "payload": {"query": "{ asker }"}},
        {"type": "ping", "payload": {"authorization": "Bearer x"}},
    ):
        with daybook.wired() as wired:
            wired.send(**message)
            assert wired.closed() == (4401, "NOT_ACKNOWLEDGED")


def test_who_says_twice_who_asks_is_closed(daybook: Served) -> None:
    with daybook.let_in() as wired:
        wired.send(type="connection_init")
        assert wired.closed() == (4429, "INITIALISED_TWICE")


def test_an_id_that_is_still_used_is_nobody_elses(daybook: Served) -> None:
    with daybook.let_in() as wired:
        wired.ask("subscription { silence }")
        wired.ask("{ asker }")
        assert wired.closed() == (4409, "ID_TAKEN")


# What an operation is answered ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({}, "BAD_REQUEST"),
        ({"query": 7}, "BAD_REQUEST"),
        ({"query": "{ asker }", "variables": [7]}, "BAD_REQUEST"),
        ({"query": "{ asker }", "operationName": {}}, "BAD_REQUEST"),
        ({"query": "{ asker }", "variables": {"v": [7] * 10_001}}, "BODY_TOO_LARGE"),
        ({"query": "{"}, "BAD_DOCUMENT"),
        ({"query": "{ nothing }"}, "BAD_DOCUMENT"),
        ({"query": "subscription { nothing }"}, "BAD_DOCUMENT"),
        ({"query": "fragment f on Query { asker }"}, "BAD_DOCUMENT"),
        ({"query": "query A { asker } query B { asker }"}, "BAD_DOCUMENT"),
        ({"query": "query A { asker }", "operationName": "B"}, "BAD_DOCUMENT"),
        ({"query": "subscription A { silence asker }"}, "BAD_DOCUMENT"),
        ({"query": COUNT, "variables": {"upto": "three"}}, "BAD_DOCUMENT"),
        ({"query": f"{{ {'asker ' * 2_001} }}"}, "DOCUMENT_TOO_LARGE"),
        ({"query": f"subscription {{ {'a: silence ' * 31} }}"}, "DOCUMENT_TOO_LARGE"),
        ({"documentId": "x"}, "PERSISTED_QUERY_NOT_SUPPORTED"),
    ],
)
def test_an_operation_that_cannot_be_carried_out_is_refused_and_the_socket_goes_on(
    daybook: Served, payload: dict[str, Any], code: str
) -> None:
    with daybook.let_in() as wired:
        wired.send(type="subscribe", id="1", payload=payload)
        assert wired.code() == code
        wired.ask("{ asker }")
        assert wired.data() == {"asker": "developer"}


def test_one_of_several_operations_is_chosen_by_its_name(daybook: Served) -> None:
    document = "query Asker { asker } subscription Count { count(upto: 1) }"
    with daybook.let_in() as wired:
        for name, data in (("Count", {"count": "1"}), ("Asker", {"asker": "developer"})):
            wired.send(type="subscribe", id="1", payload={"query": document, "operationName": name})
            assert (wired.data(), wired.got()["type"]) == (data, "complete")


def test_a_fault_is_told_by_an_id_that_leads_to_the_log(daybook: Served, caplog: pytest.LogCaptureFixture) -> None:
    with daybook.let_in() as wired:
        for document in ("{ fault }", "subscription { count(upto: 9, faultAt: 1) }"):
            wired.ask(document)
            answer = wired.got()
            errors = answer["payload"] if answer["type"] == "error" else answer["payload"]["errors"]
            assert errors[0]["extensions"]["code"] == "FAULT"
            assert "欧阳若兰" not in json.dumps(answer, ensure_ascii=False)
            assert errors[0]["extensions"]["fault"] in caplog.text
            if answer["type"] == "next":
                assert wired.got()["type"] == "complete"


def test_a_subscription_is_not_to_be_had_by_http(daybook: Served) -> None:
    with pytest.raises(AssertionError, match="BAD_DOCUMENT"):
        daybook.ask(COUNT, upto=1)
