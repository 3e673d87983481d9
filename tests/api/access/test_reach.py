from collections.abc import Iterator
from uuid import uuid4

import pytest

from api.graphql.identity import global_id
from api.workspace import Workspace
from domain.stream import Category
from tests.api.access.issuing import Issuer
from tests.api.access.world import BEIJING, EAST, NORTH, World, app_of, uuid_of
from tests.api.graphql.asking import asking


@pytest.fixture(scope="module")
def world(workspace: Workspace) -> Iterator[World]:
    issuer = Issuer()
    with asking(app_of(workspace, issuer)) as front_end:
        yield World(front_end, issuer)


def test_a_customer_of_two_units_is_seen_by_both_with_their_own_cases_counts_and_timeline(world: World) -> None:
    by, customer = world.administrator, world.customers[BEIJING]
    other = by.done("receiveCase", kind="REQUEST", channel="EMAIL", customerId=customer, words="另一件")["id"]
    by.done("registerCase", caseId=other, unit=EAST)
    document = """
    query($id: ID!) {
      customer(id: $id) {
        caseCount openCaseCount cases { nodes { id } } timeline(first: 100) { nodes { case { id } } }
      }
    }
    """
    for unit, case in ((BEIJING, world.cases[BEIJING]), (EAST, other)):
        found = world.signed("agent", unit=unit).ask(document, id=customer)["customer"]
        assert (found["caseCount"], found["openCaseCount"]) == (1, 1)
        assert found["cases"]["nodes"] == [{"id": case}]
        told = {entry["case"]["id"] for entry in found["timeline"]["nodes"] if entry["case"]}
        assert told == {case}
        of_cases = [entry for entry in found["timeline"]["nodes"] if entry["case"] is None]
        assert len(of_cases) == 2, "the file itself: the registration and the contact"
    whole = world.customer(BEIJING).ask(document, id=customer)["customer"]
    assert whole["caseCount"] == 2


def test_a_new_customer_without_a_case_is_seen_by_whoever_may_take_them_in(world: World) -> None:
    agent = world.signed("agent", unit=EAST)
    new = agent.done("registerCustomer", "id name { value }", kind="PERSON", name="新客户")
    assert new["name"] == {"value": "新客户"}
    assert world.signed("agent", unit=BEIJING).ask("query($id: ID!) { customer(id: $id) { id } }", id=new["id"]) == {
        "customer": {"id": new["id"]}
    }
    case = world.administrator.done("receiveCase", kind="REQUEST", channel="EMAIL", customerId=new["id"])["id"]
    world.administrator.done("registerCase", caseId=case, unit=EAST)
    gone = world.signed("agent", unit=BEIJING).ask("query($id: ID!) { customer(id: $id) { id } }", id=new["id"])
    assert gone == {"customer": None}


def test_an_edge_that_leads_beyond_reach_is_null_and_no_error(world: World) -> None:
    by = world.administrator
    by.done("linkCase", caseId=world.cases[NORTH], otherId=world.cases[EAST], relation="RELATED")
    agent = world.signed("agent", unit=NORTH)
    found = agent.ask("query($id: ID!) { case(id: $id) { links { case { id } } } }", id=world.cases[NORTH])
    assert found["case"]["links"] == [{"case": None}]
    whole = by.ask("query($id: ID!) { case(id: $id) { links { case { id } } } }", id=world.cases[NORTH])
    assert whole["case"]["links"] == [{"case": {"id": world.cases[EAST]}}]


def test_a_command_about_a_case_beyond_reach_is_answered_as_one_about_a_case_that_is_not(world: World) -> None:
    agent = world.signed("agent", unit=EAST)
    nowhere = global_id(Category.CASE, "main", uuid4())
    for mutation, asked in (
        ("prioritiseCase", {"priority": "HIGH"}),
        ("assignCase", {"handler": "x"}),
        ("resolveCase", {"outcome": "UPHELD"}),
        ("prioritiseCase", {"priority": "HIGH", "expectedVersion": 2}),
        ("sendResponse", {"kind": "FIRST", "channel": "HOTLINE", "words": "您好"}),
        ("linkCase", {"otherId": world.cases[EAST], "relation": "RELATED"}),
    ):
        there = agent.change(mutation, caseId=world.cases[NORTH], **asked)
        not_there = agent.change(mutation, caseId=nowhere, **asked)
        assert there == not_there
        assert there["case"] is None
        assert there["userErrors"] != []
    untouched = world.administrator.ask("query($id: ID!) { case(id: $id) { priority handler } }", id=world.cases[NORTH])
    assert untouched["case"] == {"priority": None, "handler": None}


def test_nothing_beyond_reach_can_be_named_in_a_command(world: World) -> None:
    agent = world.signed("agent", unit=EAST)
    north = {"customerId": world.customers[NORTH]}
    assert agent.objections("receiveCase", kind="REQUEST", channel="EMAIL", **north) == [
        ("UNKNOWN_CUSTOMER", ["customerId"])
    ]
    met = {"kind": "REQUEST", "channel": "EMAIL", "touchpointId": world.touchpoints[NORTH]}
    assert agent.objections("receiveCase", **met) == [("UNKNOWN_TOUCHPOINT", ["touchpointId"])]
    assert agent.objections("renameCustomer", name="x", **north) == [("UNKNOWN_CUSTOMER", ["customerId"])]
    owed = {"obligationId": world.obligations[NORTH]}
    assert agent.objections("meetObligation", **owed) == [("UNKNOWN_OBLIGATION", ["obligationId"])]
    merging = {"caseId": world.cases[EAST], "into": world.cases[NORTH]}
    assert agent.objections("mergeCase", **merging) == [("SURVIVOR_UNKNOWN", ["into"])]
    nowhere = global_id(Category.CASE, "main", uuid4())
    for record in (world.cases[NORTH], world.staff[NORTH], world.units[NORTH], nowhere):
        void = {"recordId": record, "version": 2, "reason": "x", "requestedBy": "王芳"}
        assert agent.objections("requestVoid", **void) == [("UNKNOWN_EVENT", ["version"])]


def test_reach_is_as_the_units_and_the_case_stand_now(world: World) -> None:
    by, agent = world.administrator, world.signed("agent", unit=EAST)
    question = "query($id: ID!) { case(id: $id) { id } }"
    case = by.done("receiveCase", kind="REQUEST", channel="EMAIL")["id"]
    by.done("registerCase", caseId=case, unit=BEIJING)
    assert agent.ask(question, id=case) == {"case": None}
    by.done("moveUnit", unitId=world.units[BEIJING], parent=world.units[EAST])
    assert agent.ask(question, id=case) == {"case": {"id": case}}
    agent.done("assignCase", caseId=case, handler="王芳")
    by.done("moveUnit", unitId=world.units[BEIJING], parent=world.units[NORTH])
    assert agent.ask(question, id=case) == {"case": None}
    by.done("transferCase", caseId=case, fromUnit=BEIJING, toUnit=EAST)
    payload = agent.change("transferCase", caseId=case, fromUnit=EAST, toUnit=NORTH)
    assert (payload["userErrors"], payload["case"]) == ([], None)


def test_who_takes_a_case_in_sees_it_until_a_unit_holds_it(world: World) -> None:
    agent = world.signed("agent", unit=EAST, name="李娜")
    case = agent.done("receiveCase", "id receivedBy", kind="REQUEST", channel="EMAIL")
    assert case["receivedBy"] == "李娜"
    question = "query($id: ID!) { case(id: $id) { id } }"
    assert world.signed("agent", unit=EAST, name="王芳").ask(question, id=case["id"]) == {"case": None}
    agent.done("registerCase", caseId=case["id"], unit=EAST)
    assert world.signed("agent", unit=EAST, name="王芳").ask(question, id=case["id"]) == {"case": {"id": case["id"]}}


def test_nobody_asks_or_approves_in_another_ones_name(world: World) -> None:
    supervisor = world.signed("supervisor", unit=EAST, name="赵敏")
    about = {"caseId": world.cases[EAST]}
    assert supervisor.objections("requestPause", reason="r", requestedBy="李娜", **about) == [
        ("INVALID_INPUT", ["requestedBy"])
    ]
    supervisor.done("requestPause", reason="r", requestedBy="赵敏", **about)
    assert supervisor.objections("approvePause", approvedBy="李娜", **about) == [("INVALID_INPUT", ["approvedBy"])]
    assert supervisor.objections("approvePause", approvedBy="赵敏", **about) == [("SAME_PERSON", ["approvedBy"])]
    other = world.signed("supervisor", unit=EAST, name="李娜")
    assert other.change("approvePause", approvedBy="李娜", **about)["userErrors"] == []


def test_a_customer_speaks_in_their_own_matter_and_in_no_other(world: World) -> None:
    customer = world.customer(NORTH)
    assert customer.objections("withdrawCase", caseId=world.cases[EAST], channel="WEB") == [
        ("UNKNOWN_CASE", ["caseId"])
    ]
    replied = customer.done(
        "recordCustomerReply", "customerRepliedAt", caseId=world.cases[NORTH], channel="WEB", words="还在等"
    )
    assert replied["customerRepliedAt"] is not None
    events = world.administrator.ask(
        "query($id: ID!) { case(id: $id) { history(last: 1) { nodes { topic address actor { name role claim } } } } }",
        id=world.cases[NORTH],
    )
    (event,) = events["case"]["history"]["nodes"]
    assert event["address"] is None
    assert event["actor"] == {
        "name": f"customer {uuid_of(world.customers[NORTH])}",
        "role": "customer",
        "claim": "iss=https://sign-in.example",
    }


def test_a_customer_who_was_merged_sees_the_cases_of_both(world: World) -> None:
    by = world.administrator
    one, two = (by.done("registerCustomer", kind="PERSON", name=name)["id"] for name in ("甲", "乙"))
    cases = [by.done("receiveCase", kind="REQUEST", channel="EMAIL", customerId=each)["id"] for each in (one, two)]
    by.done("mergeCustomers", customerId=one, into=two)
    for each in (one, two):
        found = world.signed("customer", customer=each).ask("{ cases { nodes { id } } }")["cases"]["nodes"]
        assert {node["id"] for node in found} == set(cases)


def test_a_unit_that_takes_another_name_keeps_the_cases_that_name_it_as_it_was(world: World) -> None:
    by, question = world.administrator, "query($id: ID!) { case(id: $id) { id } }"
    unit = by.done("openUnit", name="南京网点", kind="DESK", parent=world.units[EAST])["id"]
    case = by.done("receiveCase", kind="REQUEST", channel="EMAIL")["id"]
    by.done("registerCase", caseId=case, unit="南京网点")
    by.done("renameUnit", unitId=unit, name="南京中心")
    there = {"case": {"id": case}}
    for called in ("南京中心", "南京网点", EAST):
        assert world.signed("agent", unit=called).ask(question, id=case) == there
    assert world.signed("agent", unit=NORTH).ask(question, id=case) == {"case": None}


def test_a_name_that_another_unit_bears_by_now_is_that_ones(world: World) -> None:
    by, question = world.administrator, "query($id: ID!) { case(id: $id) { id } }"
    first = by.done("openUnit", name="一", kind="DESK", parent=world.units[EAST])["id"]
    by.done("renameUnit", unitId=first, name="热线")
    by.done("renameUnit", unitId=first, name="二")
    other = by.done("openUnit", name="三", kind="DESK", parent=world.units[NORTH])["id"]
    by.done("renameUnit", unitId=other, name="热线")
    case = by.done("receiveCase", kind="REQUEST", channel="EMAIL")["id"]
    by.done("registerCase", caseId=case, unit="热线")
    assert world.signed("agent", unit=NORTH).ask(question, id=case) == {"case": {"id": case}}
    assert world.signed("agent", unit=EAST).ask(question, id=case) == {"case": None}


def test_conformance_is_told_of_the_cases_within_reach(world: World) -> None:
    document = "{ conformance { caseCount cases(first: 100) { case { id } } } cases(first: 100) { nodes { id } } }"
    counts = {}
    for unit in (EAST, NORTH, BEIJING):
        found = world.signed("supervisor", unit=unit).ask(document)
        seen = {case["id"] for case in found["cases"]["nodes"]}
        listed = [each["case"]["id"] for each in found["conformance"]["cases"]]
        assert found["conformance"]["caseCount"] == len(seen) > 0
        assert set(listed) <= seen
        counts[unit] = len(seen)
    assert counts[NORTH] > counts[BEIJING]
    whole = world.administrator.ask(document)
    assert whole["conformance"]["caseCount"] == len(whole["cases"]["nodes"]) > counts[NORTH]
