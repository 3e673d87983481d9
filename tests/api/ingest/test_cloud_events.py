from typing import Any

import httpx
import orjson
import pytest

from tests.api.ingest.sending import BATCH, LINES, ONE, Producer, event, problem


def posted(producer: Producer, told: Any, content_type: str = ONE, **headers: str) -> httpx.Response:
    return producer.post(orjson.dumps(told), content_type, headers)


def test_an_event_is_answered_by_its_status_and_by_what_became_of_it(producer: Producer) -> None:
    receipt = event("receive-case", "T-1", kind="complaint", channel="chat")
    response = posted(producer, receipt)
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    told = response.json()
    assert (told["item"], told["id"], told["status"], told["version"]) == (1, receipt["id"], "accepted", 1)
    token = response.headers["daybook-consistency-token"]
    shown = producer.front_end.send(
        "query($id: ID!) { node(id: $id) { ... on Case { sourceKey } } }",
        headers={"Daybook-Consistency-Token": token},
        id=told["subject"],
    )
    assert shown.json() == {"data": {"node": {"sourceKey": "T-1"}}}
    again = posted(producer, receipt)
    assert (again.status_code, again.json()) == (200, {**told, "status": "repeated"})


def test_an_event_that_is_not_taken_says_so_by_its_status(producer: Producer) -> None:
    receipt = event("receive-case", "T-2", kind="complaint", channel="chat")
    posted(producer, receipt)
    changed = {**receipt, "data": {"kind": "inquiry", "channel": "chat"}}
    assert problem(posted(producer, changed)) == (422, "ID_REUSED")
    assert problem(posted(producer, event("register-case", "T-3"))) == (409, "UNKNOWN_CASE")
    assert problem(posted(producer, event("register-case"))) == (422, "BAD_FIELD")
    assert problem(posted(producer, {**event("x"), "specversion": "1.1"})) == (422, "BAD_FIELD")
    assert problem(producer.post(b"{", ONE)) == (400, "NOT_JSON")
    assert problem(producer.post(b"", ONE)) == (400, "NOT_JSON")
    assert problem(posted(producer, [receipt])) == (400, "NOT_JSON")
    result = posted(producer, event("register-case", "T-3")).json()["result"]
    assert (result["item"], result["status"]) == (1, "refused")


def test_a_batch_is_answered_event_by_event(producer: Producer) -> None:
    batch = [
        event("receive-case", "T-4", kind="complaint", channel="chat"),
        "no event",
        event("register-case", "T-4"),
        event("register-case", "T-5"),
    ]
    response = posted(producer, batch, BATCH)
    assert response.headers["content-type"] == LINES
    *answers, end = [orjson.loads(line) for line in response.content.splitlines()]
    assert [(answer["item"], answer["status"]) for answer in answers] == [
        (1, "accepted"), (2, "invalid"), (3, "accepted"), (4, "refused"),
    ]  # fmt: skip
    assert (end["items"], end["accepted"], end["refused"], end["invalid"]) == (4, 2, 1, 1)


@pytest.mark.parametrize("body", [b"{}", b"", b"[", b'[{"a": 1, "a": 2}]', b'["\xff"]'])
def test_a_batch_that_is_no_list_of_json_fails_as_a_whole(producer: Producer, body: bytes) -> None:
    assert problem(producer.post(body, BATCH)) == (400, "BAD_REQUEST")


def test_a_cloud_event_says_that_it_is_one(producer: Producer) -> None:
    told = event("receive-case", "T-6", kind="complaint", channel="chat")
    bare = {name: value for name, value in told.items() if name != "specversion"}
    response = posted(producer, bare)
    assert problem(response) == (422, "BAD_FIELD")
    assert response.json()["result"]["field"] == ["specversion"]


def test_what_brokers_add_to_an_event_is_not_read(producer: Producer) -> None:
    told = event("receive-case", "T-7", kind="complaint", channel="chat")
    added = {"traceparent": "00-4bf9-00", "partitionkey": "T-7", "knativearrivaltime": "2026-03-02T09:00:01Z"}
    more = {**told, **added, "datacontenttype": "application/json; charset=utf-8", "dataschema": "urn:x"}
    assert posted(producer, more).json()["status"] == "accepted"
    assert posted(producer, told).json()["status"] == "repeated"
    assert producer.statuses({**told, **added}) == ["repeated"]
