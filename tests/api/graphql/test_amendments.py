from typing import Any
from uuid import uuid4

import pytest

from tests.api.graphql.asking import FrontEnd

AMENDMENTS = (
    "amendments { request kind state version topic data occurredAt reason requestedBy decidedBy declinedBecause }"
)


def change(front_end: FrontEnd, mutation: str, shown: str = "id", **asked: Any) -> dict[str, Any]:
    """The payload of a mutation about any record."""
    pascal = mutation[0].upper() + mutation[1:]
    document = f"""
    mutation($input: {pascal}Input!) {{
      {mutation}(input: $input) {{
        record {{ {shown} }} userErrors {{ code field params message }} consistencyToken
      }}
    }}
    """
    payload: dict[str, Any] = front_end.ask(document, input={"commandId": str(uuid4()), **asked})[mutation]
    return payload


def done(front_end: FrontEnd, mutation: str, shown: str = "id", **asked: Any) -> dict[str, Any]:
    payload = change(front_end, mutation, shown, **asked)
    assert payload["userErrors"] == []
    record: dict[str, Any] = payload["record"]
    return record


def no(front_end: FrontEnd, mutation: str, **asked: Any) -> tuple[str, list[str] | None]:
    (error,) = change(front_end, mutation, **asked)["userErrors"]
    return error["code"], error["field"]


@pytest.fixture
def customer_id(front_end: FrontEnd) -> str:
    found: str = front_end.done("registerCustomer", kind="PERSON", name="王小明")["id"]
    return found


@pytest.fixture
def case_id(front_end: FrontEnd, customer_id: str) -> str:
    """A case at version 4, resolved as upheld."""
    case = front_end.done("receiveCase", kind="COMPLAINT", channel="HOTLINE", customerId=customer_id, words="又断线了")
    front_end.done("registerCase", caseId=case["id"], unit="北京分部")
    front_end.done("classifyCase", caseId=case["id"], category="broadband")
    front_end.done("resolveCase", caseId=case["id"], outcome="UPHELD")
    found: str = case["id"]
    return found


def test_a_correction_shows_at_once_where_it_was_approved(front_end: FrontEnd, case_id: str) -> None:
    asked: dict[str, Any] = {"recordId": case_id, "version": 4, "data": {"outcome": "rejected"}, "reason": "mistyped"}
    shown = f"... on Case {{ outcome version {AMENDMENTS} }}"
    requested = done(front_end, "requestCorrection", shown, **asked, requestedBy="Chen")
    assert (requested["outcome"], requested["version"]) == ("UPHELD", 5)
    approved = done(front_end, "approveAmendment", shown, recordId=case_id, request=5, approvedBy="Director Li")
    assert (approved["outcome"], approved["version"]) == ("REJECTED", 6)
    (amendment,) = approved["amendments"]
    assert amendment.pop("data") == {"outcome": "rejected", "redress": None, "resolved_by": None, "code": None}
    assert amendment == {
        "request": 5, "kind": "CORRECTION", "state": "APPROVED", "version": 4, "topic": "case-resolved.1",
        "occurredAt": None, "reason": "mistyped", "requestedBy": "Chen", "decidedBy": "Director Li",
        "declinedBecause": None,
    }  # fmt: skip


def test_the_history_stays_as_it_was_written_and_says_what_is_read_otherwise(front_end: FrontEnd, case_id: str) -> None:
    done(front_end, "requestVoid", recordId=case_id, version=4, reason="too early", requestedBy="Chen")
    done(front_end, "approveAmendment", recordId=case_id, request=5, approvedBy="Director Li")
    query = "query($id: ID!) { case(id: $id) { status history { nodes { topic amendedBy data } } } }"
    case = front_end.ask(query, id=case_id)["case"]
    assert case["status"] == "REGISTERED"
    assert [(event["topic"], event["amendedBy"]) for event in case["history"]["nodes"]][3:] == [
        ("case-resolved.1", 6),
        ("void-requested.1", None),
        ("event-voided.1", None),
    ]
    assert case["history"]["nodes"][3]["data"]["outcome"] == "upheld"


def test_corrected_words_are_shown_as_they_are_read_and_kept_as_they_were_said(
    front_end: FrontEnd, case_id: str
) -> None:
    asked: dict[str, Any] = {"recordId": case_id, "version": 1, "data": {"words": "每天断线"}, "reason": "misheard"}
    done(front_end, "requestCorrection", **asked, requestedBy="Chen")
    done(front_end, "approveAmendment", recordId=case_id, request=5, approvedBy="Director Li")
    query = """query($id: ID!) { case(id: $id) {
      words { value } history { nodes { personal { path text { state value } } } }
    } }"""
    case = front_end.ask(query, id=case_id)["case"]
    assert case["words"] == {"value": "每天断线"}
    said = [event["personal"] for event in case["history"]["nodes"]]
    assert said[0] == [{"path": "/words", "text": {"state": "OPEN", "value": "又断线了"}}]
    assert said[4] == [{"path": "/replacement/data/words", "text": {"state": "OPEN", "value": "每天断线"}}]


def test_a_correction_moves_a_case_to_another_customer_with_what_they_said(
    front_end: FrontEnd, case_id: str, customer_id: str
) -> None:
    other = front_end.done("registerCustomer", kind="PERSON", name="赵大")
    subject = front_end.ask("query($id: ID!) { customer(id: $id) { history { nodes { data } } } }", id=other["id"])
    other_uuid = subject["customer"]["history"]["nodes"][0]["data"]["name"]["subject"]
    asked: dict[str, Any] = {
        "recordId": case_id,
        "version": 1,
        "data": {"customerId": other_uuid},
        "reason": "wrong file",
    }
    done(front_end, "requestCorrection", **asked, requestedBy="Chen")
    done(front_end, "approveAmendment", recordId=case_id, request=5, approvedBy="Director Li")
    query = "query($id: ID!) { customer(id: $id) { caseCount cases { nodes { id words { value } } } } }"
    now = front_end.ask(query, id=other["id"])["customer"]
    assert now == {"caseCount": 1, "cases": {"nodes": [{"id": case_id, "words": {"value": "又断线了"}}]}}
    assert front_end.ask(query, id=customer_id)["customer"]["caseCount"] == 0


def test_a_correction_moves_a_touchpoint_from_one_customer_to_the_other(front_end: FrontEnd, customer_id: str) -> None:
    other = front_end.done("registerCustomer", "id", kind="PERSON", name="赵大")
    touchpoint = front_end.done("recordTouchpoint", channel="HOTLINE", direction="IN", customerId=customer_id)
    query = "query($id: ID!) { customer(id: $id) { touchpointCount history { nodes { data } } } }"
    other_uuid = front_end.ask(query, id=other["id"])["customer"]["history"]["nodes"][0]["data"]["name"]["subject"]
    assert front_end.ask(query, id=customer_id)["customer"]["touchpointCount"] == 1
    asked: dict[str, Any] = {
        "recordId": touchpoint["id"],
        "version": 1,
        "data": {"customerId": other_uuid},
        "reason": "wrong caller",
    }
    done(front_end, "requestCorrection", **asked, requestedBy="Chen")
    shown = "... on Touchpoint { customer { name { value } } }"
    moved = done(front_end, "approveAmendment", shown, recordId=touchpoint["id"], request=2, approvedBy="Li")
    assert moved == {"customer": {"name": {"value": "赵大"}}}
    assert front_end.ask(query, id=customer_id)["customer"]["touchpointCount"] == 0
    assert front_end.ask(query, id=other["id"])["customer"]["touchpointCount"] == 1


def test_a_case_whose_receipt_is_void_is_there_no_more(front_end: FrontEnd) -> None:
    case = front_end.done("receiveCase", kind="COMPLAINT", channel="HOTLINE")
    done(front_end, "requestVoid", recordId=case["id"], version=1, reason="a trial", requestedBy="Chen")
    payload = change(front_end, "approveAmendment", recordId=case["id"], request=2, approvedBy="Director Li")
    assert (payload["record"], payload["userErrors"]) == (None, [])
    assert front_end.ask("query($id: ID!) { node(id: $id) { id } }", id=case["id"])["node"] is None


def test_what_cannot_be_amended_is_answered_with_a_code(front_end: FrontEnd, case_id: str) -> None:
    correction: dict[str, Any] = {
        "recordId": case_id,
        "version": 4,
        "data": {},
        "reason": "mistyped",
        "requestedBy": "Chen",
    }
    for version in (99, 0, -1, -(2**31)):
        assert no(front_end, "requestCorrection", **correction | {"version": version}) == (
            "UNKNOWN_EVENT",
            ["version"],
        )
    assert no(front_end, "requestCorrection", **correction | {"topic": "case-sold.1"}) == ("INVALID_INPUT", ["topic"])
    assert no(front_end, "requestVoid", recordId=case_id, version=99, reason="?", requestedBy="Chen") == (
        "UNKNOWN_EVENT",
        ["version"],
    )
    assert no(front_end, "requestCorrection", **correction | {"data": []}) == ("INVALID_INPUT", ["data"])
    assert no(front_end, "requestCorrection", **correction | {"data": {"result": 1}}) == (
        "INVALID_INPUT",
        ["data", "result"],
    )
    assert no(front_end, "requestCorrection", **correction | {"data": {"outcome": "won"}}) == (
        "INVALID_INPUT",
        ["data", "outcome"],
    )
    stale = no(front_end, "requestVoid", recordId=case_id, version=3, reason="?", requestedBy="C", expectedVersion=1)
    assert stale == ("STALE_VERSION", ["expectedVersion"])
    zone = {"at": "2026-03-02T09:00:00Z", "zone": "Mars/Olympus"}
    assert no(front_end, "requestCorrection", **correction, occurrence=zone) == (
        "INVALID_INPUT",
        ["occurrence", "zone"],
    )
    assert no(front_end, "approveAmendment", recordId=case_id, request=1, approvedBy="Li") == (
        "UNKNOWN_REQUEST",
        ["request"],
    )
    assert no(front_end, "requestVoid", recordId="bogus", version=1, reason="?", requestedBy="C") == (
        "INVALID_INPUT",
        ["recordId"],
    )


def test_who_asks_does_not_approve(front_end: FrontEnd, case_id: str) -> None:
    done(front_end, "requestVoid", recordId=case_id, version=3, reason="mistyped", requestedBy="Chen")
    assert no(front_end, "approveAmendment", recordId=case_id, request=5, approvedBy="Chen") == (
        "SAME_PERSON",
        ["approvedBy"],
    )
    declined = done(
        front_end, "declineAmendment", f"... on Case {{ {AMENDMENTS} }}",
        recordId=case_id, request=5, reason="it was so", declinedBy="Chen",
    )  # fmt: skip
    assert [(one["state"], one["declinedBecause"]) for one in declined["amendments"]] == [("DECLINED", "it was so")]


def test_a_corrected_occurrence_moves_the_case_in_time(front_end: FrontEnd, case_id: str) -> None:
    when = {"at": "2026-01-05T00:00:00+08:00", "zone": "Asia/Shanghai", "precision": "DAY"}
    asked: dict[str, Any] = {
        "recordId": case_id,
        "version": 1,
        "data": {},
        "occurrence": when,
        "reason": "the letter's stamp",
    }
    done(front_end, "requestCorrection", **asked, requestedBy="Chen")
    shown = "... on Case { receivedAt receivedPrecision }"
    moved = done(front_end, "approveAmendment", shown, recordId=case_id, request=5, approvedBy="Director Li")
    assert moved == {"receivedAt": "2026-01-04T16:00:00.000000Z", "receivedPrecision": "DAY"}
