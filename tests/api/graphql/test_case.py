import re
from typing import Any
from uuid import uuid4

import psycopg

from api.graphql.identity import global_id, identity_of
from domain.stream import Category
from tests.api.graphql.asking import FrontEnd
from tests.conftest import Database

CASE = """
  id number kind status channel unit handler version customer { id name { value } } words { state value }
  outcome redress { minorUnits currency } openPauses { ground }
  counts { dispatches returns transfers unitChanges assignments reopens responses pauses }
  receivedAt registeredAt firstResponseAt resolvedAt closedAt lastOccurredAt position
"""


def registered(front_end: FrontEnd, **asked: Any) -> str:
    """The id of a case that has its number."""
    case = front_end.done("receiveCase", kind="COMPLAINT", channel="HOTLINE", **asked)
    front_end.done("registerCase", caseId=case["id"])
    case_id: str = case["id"]
    return case_id


def test_a_customer_gets_a_file_with_contacts_and_a_tier_at_once(front_end: FrontEnd) -> None:
    customer = front_end.done(
        "registerCustomer",
        "kind name { state value } contacts { kind value { value } } tier language version caseCount",
        kind="PERSON",
        name="冯小明",
        language="zh-Hans-CN",
        contacts=[{"kind": "PHONE", "value": "+86 10 5555 0100"}, {"kind": "EMAIL", "value": "feng@example.org"}],
        tier="GOLD",
    )
    assert customer == {
        "kind": "PERSON",
        "name": {"state": "OPEN", "value": "冯小明"},
        "contacts": [
            {"kind": "PHONE", "value": {"value": "+86 10 5555 0100"}},
            {"kind": "EMAIL", "value": {"value": "feng@example.org"}},
        ],
        "tier": "GOLD",
        "language": "zh-Hans-CN",
        "version": 4,
        "caseCount": 0,
    }


def test_every_payload_of_a_cases_life_shows_what_was_just_written(front_end: FrontEnd) -> None:
    customer = front_end.done("registerCustomer", kind="PERSON", name="Grace Chen")
    received = front_end.done(
        "receiveCase", CASE, kind="COMPLAINT", channel="WECHAT", customerId=customer["id"], words="三天没有人回复"
    )
    case_id = received["id"]
    assert received["status"] == "RECEIVED"
    assert received["customer"] == {"id": customer["id"], "name": {"value": "Grace Chen"}}
    assert received["words"] == {"state": "OPEN", "value": "三天没有人回复"}

    def then(mutation: str, **asked: Any) -> Any:
        return front_end.done(mutation, CASE, caseId=case_id, **asked)

    assert re.fullmatch(r"C\d{4}-\d{6}", then("registerCase")["number"])
    assert front_end.done("classifyCase", "category", caseId=case_id, category="Billing") == {"category": "Billing"}
    assert front_end.done("prioritiseCase", "priority", caseId=case_id, priority="HIGH") == {"priority": "HIGH"}
    assert then("dispatchCase", unit="East")["unit"] == "East"
    assert then("returnDispatch", unit="East")["unit"] is None
    assert then("dispatchCase", unit="East", handler="Li")["handler"] == "Li"
    assert then("transferCase", toUnit="West")["unit"] == "West"
    assert then("assignCase", handler="Mei")["handler"] == "Mei"
    assert then("startWork", by="Mei")["status"] == "IN_PROGRESS"
    assert then("pauseCase", ground="EVIDENCE")["openPauses"] == [{"ground": "EVIDENCE"}]
    assert then("resumeCase", ground="EVIDENCE")["openPauses"] == []
    assert then("sendResponse", kind="FIRST", channel="WECHAT", words="我们正在处理")["firstResponseAt"]
    assert then("resolveCase", outcome="UPHELD", redress={"minorUnits": 125000, "currency": "CNY"})["redress"] == {
        "minorUnits": 125000,
        "currency": "CNY",
    }
    assert then("closeCase")["status"] == "CLOSED"
    reopened = then("reopenCase", reason="new facts")
    assert (reopened["status"], reopened["outcome"], reopened["version"]) == ("IN_PROGRESS", None, 16)
    assert reopened["counts"] == {
        "dispatches": 2, "returns": 1, "transfers": 1, "unitChanges": 4, "assignments": 1, "reopens": 1,
        "responses": 1, "pauses": 1,
    }  # fmt: skip


def test_a_case_is_found_by_id_number_and_source_key(front_end: FrontEnd) -> None:
    case_id = registered(front_end, sourceKey="INC0000102")
    number = front_end.ask("query($id: ID!) { case(id: $id) { number } }", id=case_id)["case"]["number"]
    series, digits = number.split("-")
    for by, key in (("number", number), ("number", f"{series.lower()}-{int(digits)}"), ("sourceKey", "INC0000102")):
        found = front_end.ask(f"query($key: String!) {{ case({by}: $key) {{ id }} }}", key=key)
        assert found == {"case": {"id": case_id}}
    assert front_end.ask("query($id: ID!) { node(id: $id) { __typename id } }", id=case_id) == {
        "node": {"__typename": "Case", "id": case_id}
    }
    assert front_end.ask('{ case(number: "C2020-000009") { id } }') == {"case": None}
    assert front_end.code("{ case { id } }") == "BAD_ARGUMENTS"
    assert front_end.code('{ case(number: "12", sourceKey: "x") { id } }') == "BAD_ARGUMENTS"
    assert front_end.code('{ case(number: "twelve") { id } }') == "BAD_ARGUMENTS"
    assert front_end.code('{ case(id: "twelve") { id } }') == "BAD_ID"


def test_two_cases_with_one_source_key_are_not_mistaken_for_each_other(front_end: FrontEnd) -> None:
    registered(front_end, sourceKey="A-1")
    registered(front_end, sourceKey="A-1")
    assert front_end.code('{ case(sourceKey: "A-1") { id } }') == "AMBIGUOUS"


def test_an_id_says_of_what_it_is(front_end: FrontEnd) -> None:
    customer = front_end.done("registerCustomer", kind="ORGANISATION")
    errors = front_end.errors("query($id: ID!) { case(id: $id) { id } }", id=customer["id"])
    assert [error["extensions"]["code"] for error in errors] == ["BAD_ID"]
    assert "is the id of a customer, not of a case" in errors[0]["message"]


def test_a_history_tells_who_did_what_when_and_shows_no_personal_value_in_its_data(front_end: FrontEnd) -> None:
    customer = front_end.done("registerCustomer", kind="PERSON", name="冯小明")
    case = front_end.done(
        "receiveCase",
        kind="COMPLAINT",
        channel="LETTER",
        customerId=customer["id"],
        words="字迹",
        occurredAt="2026-03-02T09:00:00+08:00",
        occurredZone="Asia/Shanghai",
        occurredPrecision="DAY",
    )
    history = front_end.ask(
        """query($id: ID!) { case(id: $id) { history(first: 1) { nodes {
             version topic occurredAt occurredZone occurredPrecision register door departures data
             actor { name kind unit } personal { path text { state value } }
           } pageInfo { hasNextPage } } } }""",
        id=case["id"],
    )["case"]["history"]
    (event,) = history["nodes"]
    words = event["data"].pop("words")
    assert words.keys() == {"subject", "commitment"}
    assert event == {
        "version": 1,
        "topic": "case-received.1",
        "occurredAt": "2026-03-02T01:00:00.000000Z",
        "occurredZone": "Asia/Shanghai",
        "occurredPrecision": "DAY",
        "register": None,
        "door": "graphql",
        "departures": [],
        "data": event["data"],
        "actor": {"name": "developer", "kind": "PERSON", "unit": "Head office"},
        "personal": [{"path": "/words", "text": {"state": "OPEN", "value": "字迹"}}],
    }
    assert event["data"]["channel"] == "letter"
    assert history["pageInfo"] == {"hasNextPage": False}


def test_an_erased_text_is_shown_as_erased_and_not_as_empty(front_end: FrontEnd, module_database: Database) -> None:
    case = front_end.done("receiveCase", kind="COMPLAINT", channel="EMAIL", words="private")
    with psycopg.connect(module_database.owner_url) as owner:
        owner.execute("DELETE FROM ledger.personal_value WHERE stream = %s", [identity_of(case["id"], "main").stream])
    shown = front_end.ask("query($id: ID!) { case(id: $id) { words { state value } } }", id=case["id"])
    assert shown == {"case": {"words": {"state": "ERASED", "value": None}}}


def test_a_touchpoint_is_recorded_for_a_customer_and_a_case(front_end: FrontEnd) -> None:
    customer = front_end.done("registerCustomer", kind="PERSON")
    case = front_end.done("receiveCase", kind="REQUEST", channel="COUNTER", customerId=customer["id"])
    shown = "id channel direction staff words { value } customer { id touchpointCount } case { id }"
    touchpoint = front_end.done(
        "recordTouchpoint",
        shown,
        channel="COUNTER",
        direction="IN",
        staff="Li",
        words="asked how long it takes",
        customerId=customer["id"],
        caseId=case["id"],
    )
    expected = {
        "id": touchpoint["id"],
        "channel": "COUNTER",
        "direction": "IN",
        "staff": "Li",
        "words": {"value": "asked how long it takes"},
        "customer": {"id": customer["id"], "touchpointCount": 1},
        "case": {"id": case["id"]},
    }
    assert touchpoint == expected
    again = front_end.ask(
        f"query($id: ID!) {{ node(id: $id) {{ ... on Touchpoint {{ {shown} }} }} }}", id=touchpoint["id"]
    )
    assert again == {"node": expected}


def test_what_a_command_refers_to_must_be_there(front_end: FrontEnd) -> None:
    case_id = registered(front_end)
    other = front_end.change("receiveCase", kind="REQUEST", channel="COUNTER", customerId=case_id)
    assert other["case"] is None
    assert [(error["code"], error["field"]) for error in other["userErrors"]] == [("INVALID_INPUT", ["customerId"])]
    nobody = global_id(Category.CUSTOMER, "main", uuid4())
    asked = {"kind": "REQUEST", "channel": "COUNTER", "customerId": nobody}
    assert front_end.objections("receiveCase", **asked) == [("UNKNOWN_CUSTOMER", ["customerId"])]
    no_case = global_id(Category.CASE, "main", uuid4())
    assert front_end.objections("assignCase", caseId=no_case, handler="Li") == [("UNKNOWN_CASE", ["caseId"])]


def test_the_head_says_where_the_book_stands_and_whose_time_it_has(front_end: FrontEnd) -> None:
    before = front_end.ask("{ ledgerHead { position } }")["ledgerHead"]["position"]
    registered(front_end)
    head = front_end.ask("{ ledgerHead { book time zone position recordedAt consistencyToken } }")["ledgerHead"]
    assert (head["book"], head["time"], head["zone"], head["position"]) == (
        "main",
        "LIVE",
        "Asia/Shanghai",
        before + 2,
    )
    assert head["recordedAt"].endswith("Z")
    assert head["consistencyToken"]


def test_a_customer_is_found_by_their_key_with_the_history_of_their_file(front_end: FrontEnd) -> None:
    asked = {"kind": "ORGANISATION", "name": "Harbour Lane Hotel", "sourceKey": "K-7", "tier": "KEY"}
    customer = front_end.done("registerCustomer", **asked)
    found = front_end.ask(
        """{ customer(sourceKey: "K-7") {
             id kind name { value } history(last: 2) { nodes { version topic personal { text { value } } } } } }"""
    )
    assert found == {
        "customer": {
            "id": customer["id"],
            "kind": "ORGANISATION",
            "name": {"value": "Harbour Lane Hotel"},
            "history": {
                "nodes": [
                    {
                        "version": 1,
                        "topic": "customer-registered.1",
                        "personal": [{"text": {"value": "Harbour Lane Hotel"}}],
                    },
                    {"version": 2, "topic": "tier-assigned.1", "personal": []},
                ]
            },
        }
    }
    assert front_end.ask('{ customer(sourceKey: "K-8") { id } }') == {"customer": None}


def test_a_case_of_nobody_known_has_no_customer_and_keeps_its_words_under_itself(front_end: FrontEnd) -> None:
    shown = "id customer { id } words { value } history { nodes { data } }"
    case = front_end.done("receiveCase", shown, kind="COMPLAINT", channel="FORUM", words="anonymous")
    assert case["customer"] is None
    assert case["words"] == {"value": "anonymous"}
    subject = case["history"]["nodes"][0]["data"]["words"]["subject"]
    assert subject == str(identity_of(case["id"], "main").subject)
