"""What each role is told by the timeline of a customer, and of a case."""

from collections.abc import Iterator

import pytest

from api.graphql.timeline import OUR_OWN_BUSINESS
from api.graphql.timeline_items import ITEMS
from api.workspace import Workspace
from projections.timeline import EntryKind
from tests.api.access.expecting import fields
from tests.api.access.issuing import Issuer
from tests.api.access.world import EAST, NORTH, Signed, World, app_of
from tests.api.graphql.asking import asking

ITEM = "__typename occurredPrecision ... on GenericEvent { kind }"
TIMELINES = f"""
query($id: ID!) {{
  case(id: $id) {{
    timeline(first: 100) {{ nodes {{ {ITEM} }} }}
    customer {{ timeline(first: 100) {{ nodes {{ {ITEM} }} }} }}
  }}
}}
"""
BETWEEN_US = {"EscalationItem", "TierItem"}
TOLD_TO_CUSTOMERS = """
TOUCHPOINT RECEIVED REGISTERED ACKNOWLEDGED ACCEPTED REFUSED MATERIAL_REQUESTED MATERIAL_COMPLETED DUE_STATED EXTENDED
DEADLINE_MISSED VERDICT_REVISED ANSWERED CUSTOMER_REPLIED PROPOSED PROPOSAL_ACCEPTED PROPOSAL_REJECTED DECIDED NOTIFIED
RESOLVED FEEDBACK_GIVEN FOLLOWED_UP REFERRED_OUTSIDE REVIEW_REQUESTED REVIEW_DECIDED WITHDRAWN CLOSED REOPENED
CASE_MERGED CASE_ABSORBED CUSTOMER_REGISTERED RENAMED CONTACT_RECORDED CONTACT_WITHDRAWN LANGUAGE_CHANGED
MANAGER_ASSIGNED MANAGER_RELEASED VISIT_MADE VISIT_CANCELLED ATTACHMENT_ADDED
"""
"""Written by hand, so that a new kind of entry is told to customers only once somebody has said so here."""


@pytest.fixture(scope="module")
def world(workspace: Workspace) -> Iterator[World]:
    issuer = Issuer()
    with asking(app_of(workspace, issuer)) as front_end:
        world = World(front_end, issuer)
        by, about = world.administrator, {"caseId": world.cases[NORTH]}
        by.done("escalateCase", **about, level=2, toUnit=EAST, by="PERSON")
        by.done("assignTier", customerId=world.customers[NORTH], tier="GOLD")
        by.done("planVisit", customerId=world.customers[NORTH], plannedFor="2199-01-01T00:00:00Z")
        yield world


def told(asker: Signed, case: str) -> tuple[set[str], set[str]]:
    """The items of a case and of its customer, by type, and by kind where that has none of its own."""
    shown = asker.ask(TIMELINES, id=case)["case"]
    of_case, of_customer = (
        {node.get("kind", node["__typename"]) for node in part["timeline"]["nodes"]}
        for part in (shown, shown["customer"])
    )
    return of_case, of_customer


def test_a_customer_is_not_told_what_is_between_us_by_either_timeline(world: World) -> None:
    of_case, of_customer = told(world.customer(NORTH), world.cases[NORTH])
    assert of_case == {"TouchpointItem", "CaseReceivedItem", "CaseRegisteredItem", "DueStatedItem"}
    assert of_customer == of_case | {"CUSTOMER_REGISTERED", "ContactItem"}
    staff = told(world.signed("agent", unit=NORTH), world.cases[NORTH])
    assert staff == (of_case | {"EscalationItem"}, of_customer | {"EscalationItem", "TierItem", "VISIT_PLANNED"})


def test_every_kind_of_entry_is_told_to_customers_or_kept_from_them_on_purpose() -> None:
    assert {kind.name for kind in set(EntryKind) - OUR_OWN_BUSINESS} == set(TOLD_TO_CUSTOMERS.split())


def test_a_customer_who_asks_for_what_is_between_us_alone_is_shown_nothing(world: World) -> None:
    document = """query($id: ID!, $kind: [TimelineEntryKind!]!) { case(id: $id) {
      timeline(filter: { kind: $kind }) { nodes { __typename } pageInfo { hasNextPage } }
      customer { timeline(filter: { kind: $kind }) { nodes { __typename } } } } }"""
    shown = world.customer(NORTH).ask(document, id=world.cases[NORTH], kind=["ESCALATED", "TIER_ASSIGNED"])["case"]
    assert shown["timeline"] == {"nodes": [], "pageInfo": {"hasNextPage": False}}
    assert shown["customer"]["timeline"] == {"nodes": []}


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.__name__)
def test_a_field_that_a_role_may_not_ask_of_the_interface_it_may_not_ask_of_an_item_either(
    world: World, item: type
) -> None:
    customer, case = world.customer(NORTH), world.cases[NORTH]
    own = set(fields()[item.__name__]) - set(fields()["TimelineItem"])
    for name in ("staff", "unit", "recordedAt", "position", "version"):
        document = "query($id: ID!) { case(id: $id) { timeline { nodes { ... on ITEM { NAME } } } } }"
        asked = document.replace("ITEM", item.__name__).replace("NAME", name)
        assert customer.code(asked, id=case) == "FORBIDDEN"
        assert "errors" not in world.signed("agent", unit=NORTH).send(asked, id=case).json()
    if item.__name__ in BETWEEN_US:
        for name in {"occurredAt", *own}:
            document = "query($id: ID!) { case(id: $id) { timeline { nodes { ... on ITEM { NAME } } } } }"
            assert customer.code(document.replace("ITEM", item.__name__).replace("NAME", name), id=case) == "FORBIDDEN"


def test_the_timeline_of_a_case_beyond_reach_is_not_there(world: World) -> None:
    agent = world.signed("agent", unit=EAST)
    assert agent.ask(TIMELINES, id=world.cases[NORTH]) == {"case": None}
