from typing import Any
from uuid import uuid4

import pytest

from tests.api.graphql.asking import FrontEnd


@pytest.fixture
def wang(front_end: FrontEnd) -> dict[str, Any]:
    """The id of a customer, for an input."""
    return {"customerId": front_end.done("registerCustomer", kind="PERSON", name="王小明")["id"]}


def test_a_file_is_kept_up_to_date(front_end: FrontEnd, wang: dict[str, Any]) -> None:
    assert front_end.done("renameCustomer", "name { value }", **wang, name="王大明") == {"name": {"value": "王大明"}}
    assert front_end.done("changeLanguage", "language", **wang, language="en") == {"language": "en"}
    shown = "contacts { kind version value { value } }"
    front_end.done("recordContact", **wang, kind="PHONE", value="+86 10 5555 0100")
    recorded = front_end.done("recordContact", shown, **wang, kind="EMAIL", value="wang@example.org")
    phone, email = recorded["contacts"]
    assert (phone["kind"], phone["value"], email["kind"]) == ("PHONE", {"value": "+86 10 5555 0100"}, "EMAIL")
    left = front_end.done("withdrawContact", shown, **wang, version=phone["version"])
    assert left == {"contacts": [email]}
    assert front_end.objections("withdrawContact", **wang, version=99) == [("UNKNOWN_CONTACT", ["version"])]


def test_the_tier_is_answered_as_of_any_instant(front_end: FrontEnd, wang: dict[str, Any]) -> None:
    front_end.done("assignTier", **wang, tier="SILVER", occurredAt="2026-03-02T09:00:00+08:00")
    shown = """now: tier before: tier(asOf: "2026-03-01T00:00:00Z") between: tier(asOf: "2026-03-15T00:00:00Z")
               tiers { tier ruleVersion }"""
    gold = {"tier": "GOLD", "ruleVersion": "2026-1", "occurredAt": "2026-04-02T09:00:00+08:00"}
    assert front_end.done("assignTier", shown, **wang, **gold) == {
        "now": "GOLD",
        "before": None,
        "between": "SILVER",
        "tiers": [{"tier": "SILVER", "ruleVersion": None}, {"tier": "GOLD", "ruleVersion": "2026-1"}],
    }


def test_a_key_account_has_a_manager_and_visits(front_end: FrontEnd, wang: dict[str, Any]) -> None:
    assert front_end.done("assignManager", "manager", **wang, manager="李四") == {"manager": "李四"}
    listed = front_end.ask('{ customers(filter: {manager: "李四"}) { nodes { id } } }')
    assert listed["customers"]["nodes"] == [{"id": wang["customerId"]}]
    asked = {"plannedFor": "2026-05-01T09:00:00+08:00", "plannedPrecision": "DAY", "by": "李四"}
    shown = """visits { visitId plannedFor plannedPrecision plannedBy madeBy result cancelReason words { value } }"""
    command = {"commandId": str(uuid4()), **wang, **asked}
    (plan,) = front_end.done("planVisit", shown, **command)["visits"]
    assert front_end.done("planVisit", shown, **command)["visits"] == [plan]
    assert (plan["plannedFor"], plan["plannedBy"], plan["madeBy"]) == ("2026-05-01T01:00:00.000000Z", "李四", None)
    made = front_end.done(
        "makeVisit", shown, **wang, visitId=plan["visitId"], by="赵六", result="satisfied", words="一切都好"
    )["visits"]
    assert made == [plan | {"madeBy": "赵六", "result": "satisfied", "words": {"value": "一切都好"}}]
    front_end.done("makeVisit", **wang, by="李四", result="dropped in")
    other = front_end.done("planVisit", shown, **wang, **asked)["visits"][-1]
    visits = front_end.done("cancelVisit", shown, **wang, visitId=other["visitId"], reason="away")["visits"]
    assert [(visit["result"], visit["cancelReason"]) for visit in visits] == [
        ("satisfied", None),
        ("dropped in", None),
        (None, "away"),
    ]
    again = {"visitId": plan["visitId"], "reason": "away"}
    assert front_end.objections("cancelVisit", **wang, **again) == [("VISIT_SETTLED", ["visitId"])]
    assert front_end.done("releaseManager", "manager", **wang, manager="李四") == {"manager": None}


def test_a_merged_customer_is_answered_by_the_survivor_with_all_their_cases(
    front_end: FrontEnd, wang: dict[str, Any]
) -> None:
    registered = {"kind": "PERSON", "name": "王晓明", "sourceKey": f"K-{uuid4()}"}
    survivor = front_end.done("registerCustomer", **registered)["id"]
    for customer in (wang["customerId"], survivor):
        front_end.done("receiveCase", kind="COMPLAINT", channel="WEB", customerId=customer)
    shown = "id caseCount cases { nodes { customer { id } } } absorbed { id history { nodes { topic } } }"
    merged = front_end.done("mergeCustomers", shown, **wang, into=survivor)
    assert merged == {
        "id": survivor,
        "caseCount": 2,
        "cases": {"nodes": [{"customer": {"id": survivor}}] * 2},
        "absorbed": [
            {
                "id": wang["customerId"],
                "history": {"nodes": [{"topic": "customer-registered.1"}, {"topic": "customer-merged.1"}]},
            }
        ],
    }
    by_id = "query($id: ID!) { customer(id: $id) { id } node(id: $id) { id } }"
    answer = front_end.ask(by_id, id=wang["customerId"])
    assert answer == {"customer": {"id": survivor}, "node": {"id": survivor}}
    (error,) = front_end.change("assignTier", **wang, tier="GOLD")["userErrors"]
    assert (error["code"], error["params"]) == ("CUSTOMER_MERGED", {"survivor": survivor})
    back = {"customerId": survivor, "into": wang["customerId"]}
    assert front_end.objections("mergeCustomers", **back) == [("MERGED_IN_A_CIRCLE", ["into"])]
    itself = {"customerId": survivor, "into": survivor}
    assert front_end.objections("mergeCustomers", **itself) == [("MERGED_WITH_ITSELF", ["into"])]
