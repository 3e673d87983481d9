"""A client that says anything, in any order: it is answered, or closed with a code, and nobody else notices."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed

from api.http.closing import CloseCode
from tests.api.http.counting import counting
from tests.api.http.test_any_body import VALUES
from tests.api.http.wired import PATIENCE_SECONDS, Served, Wired
from tests.conftest import Database

IDS = st.sampled_from(["1", "2", "3"])
DOCUMENTS = st.sampled_from([
    "{ asker }", "{ asker", "subscription { count(upto: 3) }", "subscription { silence }", "subscription { nothing }",
    "subscription { count(upto: 3, faultAt: 2) }", "{ fault }", "query A { asker } query B { asker }",
])  # fmt: skip
PAYLOADS = st.fixed_dictionaries(
    {"query": DOCUMENTS | VALUES}, optional={"variables": VALUES, "operationName": VALUES, "extensions": VALUES}
)
SENSIBLE = st.one_of(
    st.builds(lambda name, payload: {"type": "subscribe", "id": name, "payload": payload}, IDS, PAYLOADS),
    st.builds(lambda name: {"type": "complete", "id": name}, IDS),
    st.sampled_from([{"type": "ping"}, {"type": "pong"}]),
)
KINDS = st.sampled_from(["connection_init", "ping", "pong", "subscribe", "complete", "next"]) | VALUES
ODD = st.fixed_dictionaries({}, optional={"type": KINDS, "id": IDS | VALUES, "payload": PAYLOADS | VALUES})
MESSAGES = (
    SENSIBLE.map(orjson.dumps).map(bytes.decode)
    | (ODD | VALUES).map(orjson.dumps).map(bytes.decode)
    | st.text(max_size=20)
    | st.binary(max_size=20)
)
OURS = {code.value for code in CloseCode} - {CloseCode.FAULT.value}


@pytest.fixture(scope="module")
def daybook(module_database: Database) -> Iterator[Served]:
    with counting(module_database, rate_per_second=0) as running:
        yield running
        running.until("daybook_sockets_open", 0)
        running.until("daybook_subscriptions", 0)
        assert 'daybook_sockets_closed_total{why="FAULT"}' not in running.figures()
        assert running.ask("{ asker }") == {"asker": "developer"}


def answered(wired: Wired) -> list[Any]:
    """All that is answered up to the pong of a last ping."""
    wired.send(type="ping")
    found: list[Any] = []
    while not found or found[-1] != {"type": "pong"}:
        found.append(orjson.loads(wired.connection.recv(PATIENCE_SECONDS)))
    return found


@settings(max_examples=200, deadline=None)
@given(
    st.booleans(), st.lists(SENSIBLE.map(orjson.dumps).map(bytes.decode), max_size=8), st.lists(MESSAGES, max_size=4)
)
def test_whatever_is_said_is_answered_or_closed_with_a_code(
    daybook: Served, greets: bool, sensible: list[str], any_messages: list[str | bytes]
) -> None:
    with daybook.wired() as wired:
        if greets:
            wired.acknowledged()
        for message in (*sensible, *any_messages):
            wired.sent(message)
        try:
            said = {answer["type"] for answer in answered(wired)}
        except ConnectionClosed as closed:
            said = {closed.rcvd.code if closed.rcvd else None}
    assert said <= {"connection_ack", "pong", "next", "error", "complete"} or said <= OURS
