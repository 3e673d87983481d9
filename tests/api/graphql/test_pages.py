from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from api.graphql.identity import global_id
from api.workspace import Workspace
from domain.case.commands import PrioritiseCase, ReceiveCase, RegisterCase, ResolveCase
from domain.case.events import CaseKind, Outcome, Priority
from domain.channel import Channel
from domain.customer import AssignTier, CustomerKind, RegisterCustomer, Tier
from domain.envelope import Actor, ActorKind, Submission
from domain.event import Command
from domain.personal import Personal
from domain.stream import Category
from tests.api.graphql.asking import FrontEnd

CASES = 25
CUSTOMERS = 5
BEGIN = datetime(2026, 3, 2, 9, tzinfo=UTC)
ACTOR = Actor("filler", ActorKind.SYSTEM)


def commands_of(nth: int, customers: list[Any]) -> Iterator[Command]:
    """One case a quarter of an hour, so that two are received at the same instant now and then."""
    case_id, at = uuid4(), BEGIN + timedelta(minutes=15 * (nth // 2))
    customer_id = customers[nth % CUSTOMERS]
    kind = CaseKind.COMPLAINT if nth % 3 else CaseKind.REQUEST
    words = Personal.open(customer_id, f"words {nth}")
    yield ReceiveCase(
        at=at, case_id=case_id, kind=kind, channel=Channel.EMAIL, customer_id=customer_id, words=words,
        source_key=f"S{nth}",
    )  # fmt: skip
    if nth % 5:
        yield RegisterCase(at=at, case_id=case_id, unit="East" if nth % 2 else "West")
        yield PrioritiseCase(at=at, case_id=case_id, priority=Priority.HIGH)
    if nth % 5 == 1:
        yield ResolveCase(at=at + timedelta(days=nth), case_id=case_id, outcome=Outcome.SOLVED)


@pytest.fixture(scope="module")
def filled(workspace: Workspace, front_end: FrontEnd) -> FrontEnd:
    """A book of cases and customers, all of whose views are up to date."""
    customers = [uuid4() for _ in range(CUSTOMERS)]
    files: list[list[Command]] = [
        [
            RegisterCustomer(
                at=BEGIN + timedelta(hours=nth),
                customer_id=customer_id,
                kind=CustomerKind.PERSON,
                name=Personal.open(customer_id, f"name {nth}"),
            ),
            AssignTier(at=BEGIN + timedelta(hours=nth), customer_id=customer_id, tier=list(Tier)[nth % 4]),
        ]
        for nth, customer_id in enumerate(customers)
    ]
    written = workspace.ledger.carry_out_all(
        [
            Submission(uuid4(), tuple(commands), ACTOR, "demo")
            for commands in (*files, *(list(commands_of(nth, customers)) for nth in range(CASES)))
        ]
    )
    assert not [outcome for outcome in written if isinstance(outcome, Exception)]
    assert workspace.runner.wait_for(workspace.ledger.head(), 10)
    return front_end


def keys(front_end: FrontEnd, arguments: str = "first: 100") -> list[str]:
    """The source keys of the cases of one page."""
    return [
        case["sourceKey"]
        for case in front_end.ask(f"{{ cases({arguments}) {{ nodes {{ sourceKey }} }} }}")["cases"]["nodes"]
    ]


@pytest.mark.parametrize("field", ["RECEIVED_AT", "NUMBER", "LAST_OCCURRED_AT"])
@pytest.mark.parametrize("direction", ["ASC", "DESC"])
@pytest.mark.parametrize(("size", "beside", "more", "cursor"), [
    ("first", "after", "hasNextPage", "endCursor"),
    ("last", "before", "hasPreviousPage", "startCursor"),
])  # fmt: skip
def test_pages_one_after_the_other_are_the_whole_list_without_gap_or_repeat(
    filled: FrontEnd, field: str, direction: str, size: str, beside: str, more: str, cursor: str
) -> None:
    order = f"filter: {{kind: [COMPLAINT, REQUEST]}}, orderBy: {{field: {field}, direction: {direction}}}"
    whole = keys(filled, f"{order}, first: 100")
    found: list[str] = []
    place, further = None, True
    while further:
        page = filled.ask(
            f"""query($place: String) {{ cases({order}, {size}: 4, {beside}: $place) {{
                  edges {{ cursor node {{ sourceKey }} }} nodes {{ sourceKey }}
                  pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}""",
            place=place,
        )["cases"]
        nodes = [edge["node"] for edge in page["edges"]]
        assert page["nodes"] == nodes
        here = [node["sourceKey"] for node in nodes]
        found = [*here, *found] if size == "last" else [*found, *here]
        info = page["pageInfo"]
        assert info["startCursor"] == page["edges"][0]["cursor"]
        assert info["endCursor"] == page["edges"][-1]["cursor"]
        assert info["hasPreviousPage" if size == "first" else "hasNextPage"] == (place is not None)
        place, further = info[cursor], info[more]
    assert found == whole
    assert len(whole) == (20 if field == "NUMBER" else CASES)


def test_complaints_are_the_cases_of_that_kind(filled: FrontEnd) -> None:
    every = "first: 100, orderBy: {field: RECEIVED_AT, direction: ASC}"
    found = filled.ask(f"{{ complaints({every}) {{ nodes {{ id kind }} }} cases({every}) {{ nodes {{ id kind }} }} }}")
    of_all = [node for node in found["cases"]["nodes"] if node["kind"] == "COMPLAINT"]
    assert found["complaints"]["nodes"] == of_all
    assert 0 < len(of_all) < len(found["cases"]["nodes"])
    east = filled.ask('{ complaints(filter: {kind: COMPLAINT, unit: "East"}) { nodes { unit } } }')["complaints"][
        "nodes"
    ]
    assert {node["unit"] for node in east} == {"East"}
    (error,) = filled.errors("{ complaints(filter: {kind: [REQUEST]}) { nodes { id } } }")
    assert error["extensions"]["code"] == "BAD_ARGUMENTS"


def test_a_page_keeps_its_place_while_cases_come_in(filled: FrontEnd) -> None:
    page = filled.ask("{ cases(first: 3) { nodes { sourceKey } pageInfo { endCursor } } }")["cases"]
    following = filled.ask(
        "query($after: String) { cases(first: 3, after: $after) { nodes { sourceKey } } }",
        after=page["pageInfo"]["endCursor"],
    )
    filled.done("receiveCase", kind="PRAISE", channel="CHAT", sourceKey="later", occurredAt="2026-03-01T00:00:00Z")
    again = filled.ask(
        "query($after: String) { cases(first: 3, after: $after) { nodes { sourceKey } } }",
        after=page["pageInfo"]["endCursor"],
    )
    assert again == following
    assert keys(filled, "filter: {kind: PRAISE}") == ["later"]


def test_a_filter_holds_for_all_that_it_says(filled: FrontEnd) -> None:
    expected = [f"S{nth}" for nth in range(CASES) if nth % 3 and nth % 5 and nth % 2]
    chosen = 'filter: {kind: [COMPLAINT, SUGGESTION], unit: "East", status: [REGISTERED, RESOLVED], priority: HIGH}'
    assert sorted(keys(filled, f"first: 100, {chosen}")) == sorted(expected)
    between = 'filter: {receivedFrom: "2026-03-02T10:00:00Z", receivedBefore: "2026-03-02T11:00:00+00:00"}'
    assert sorted(keys(filled, between)) == sorted(f"S{nth}" for nth in range(8, 16))
    assert keys(filled, 'filter: {unit: "Nowhere"}') == []


def test_customers_are_listed_with_their_cases(filled: FrontEnd) -> None:
    answer = filled.ask(
        """{ customers(orderBy: {field: REGISTERED_AT, direction: ASC}) { nodes {
             name { value } tier caseCount openCaseCount
             cases(first: 2, orderBy: {field: RECEIVED_AT, direction: ASC}) {
               nodes { sourceKey customer { name { value } } } pageInfo { hasNextPage endCursor } }
           } } }"""
    )
    for nth, customer in enumerate(answer["customers"]["nodes"]):
        name = {"value": f"name {nth}"}
        assert customer["name"] == name
        assert customer["tier"] == list(Tier)[nth % 4].name
        assert (customer["caseCount"], customer["openCaseCount"]) == (5, 0 if nth == 1 else 5)
        assert customer["cases"]["nodes"] == [
            {"sourceKey": f"S{nth}", "customer": {"name": name}},
            {"sourceKey": f"S{nth + 5}", "customer": {"name": name}},
        ]
        assert customer["cases"]["pageInfo"]["hasNextPage"]


def test_the_cases_of_one_customer_are_paged_from_both_ends(filled: FrontEnd) -> None:
    customer = filled.ask("{ customers(last: 1) { nodes { id } } }")["customers"]["nodes"][0]["id"]
    document = """query($id: ID!, $after: String, $before: String, $first: Int, $last: Int) { customer(id: $id) {
        cases(after: $after, before: $before, first: $first, last: $last) {
          nodes { sourceKey } pageInfo { startCursor endCursor hasNextPage hasPreviousPage } } } }"""
    first = filled.ask(document, id=customer, first=3)["customer"]["cases"]
    second = filled.ask(document, id=customer, after=first["pageInfo"]["endCursor"])["customer"]["cases"]
    assert [case["sourceKey"] for case in first["nodes"] + second["nodes"]] == ["S20", "S15", "S10", "S5", "S0"]
    before = filled.ask(document, id=customer, last=2, before=second["pageInfo"]["startCursor"])["customer"]["cases"]
    assert before["nodes"] == first["nodes"][1:]
    assert before["pageInfo"]["hasPreviousPage"]
    listed = filled.ask("query($id: ID!) { cases(filter: {customerId: $id}) { nodes { sourceKey } } }", id=customer)
    assert listed["cases"]["nodes"] == first["nodes"] + second["nodes"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("first: 101", "PAGE_TOO_LARGE"),
        ("last: 1000", "PAGE_TOO_LARGE"),
        ("first: -1", "BAD_ARGUMENTS"),
        ("first: 1, last: 1", "BAD_ARGUMENTS"),
        ('after: "nonsense"', "BAD_CURSOR"),
        ('before: "冯"', "BAD_CURSOR"),
        ('filter: {customerId: "nonsense"}', "BAD_ID"),
        ('filter: {receivedFrom: "2026-03-02T10:00:00"}', "BAD_DOCUMENT"),
    ],
)
def test_a_page_that_cannot_be_is_refused_by_name(filled: FrontEnd, arguments: str, code: str) -> None:
    assert filled.code(f"{{ cases({arguments}) {{ nodes {{ id }} }} }}") == code


def test_a_cursor_of_one_order_is_no_place_in_another(filled: FrontEnd) -> None:
    cursor = filled.ask("{ cases(first: 1) { pageInfo { endCursor } } }")["cases"]["pageInfo"]["endCursor"]
    document = "query($after: String) { cases(after: $after, orderBy: {field: NUMBER}) { nodes { id } } }"
    assert filled.code(document, after=cursor) == "BAD_CURSOR"


def test_a_history_is_paged_like_any_other_connection(filled: FrontEnd) -> None:
    document = """query($after: String, $before: String, $first: Int, $last: Int) { case(sourceKey: "S1") {
        history(after: $after, before: $before, first: $first, last: $last) {
          nodes { version } pageInfo { startCursor endCursor hasNextPage hasPreviousPage } } } }"""

    def versions(**arguments: Any) -> tuple[list[int], dict[str, Any]]:
        history = filled.ask(document, **arguments)["case"]["history"]
        return [event["version"] for event in history["nodes"]], history["pageInfo"]

    assert versions()[0] == [1, 2, 3, 4]
    first, info = versions(first=2)
    assert (first, info["hasNextPage"]) == ([1, 2], True)
    second, info = versions(first=2, after=info["endCursor"])
    assert (second, info["hasNextPage"], info["hasPreviousPage"]) == ([3, 4], False, True)
    last, info = versions(last=1, before=info["startCursor"])
    assert (last, info["hasPreviousPage"]) == ([2], True)


def test_a_customer_whom_nobody_registered_is_not_there(filled: FrontEnd) -> None:
    nobody = global_id(Category.CUSTOMER, "main", uuid4())
    assert filled.ask("query($id: ID!) { customer(id: $id) { id } node(id: $id) { id } }", id=nobody) == {
        "customer": None,
        "node": None,
    }
    elsewhere = global_id(Category.CUSTOMER, "other", uuid4())
    assert filled.code("query($id: ID!) { customer(id: $id) { id } }", id=elsewhere) == "BAD_ID"


def test_complaints_are_the_cases_of_that_kind_and_no_others(filled: FrontEnd) -> None:
    page = "(first: 7, orderBy: { field: RECEIVED_AT, direction: ASC }) { nodes { sourceKey } }"
    shown = filled.ask(f"{{ complaints{page} }}")["complaints"]
    complaints = keys(
        filled, "first: 100, orderBy: { field: RECEIVED_AT, direction: ASC }, filter: { kind: COMPLAINT }"
    )
    assert [each["sourceKey"] for each in shown["nodes"]] == complaints[:7]
    narrowed = "query($where: CaseFilter) { complaints(filter: $where, first: 100) { nodes { unit kind } } }"
    for where in ({"unit": "East"}, {"unit": "East", "kind": ["COMPLAINT"]}):
        found = filled.ask(narrowed, where=where)["complaints"]["nodes"]
        assert {(each["unit"], each["kind"]) for each in found} == {("East", "COMPLAINT")}
    (error,) = filled.errors(narrowed, where={"kind": ["COMPLAINT", "REQUEST"]})
    assert error["extensions"]["code"] == "BAD_ARGUMENTS"


@pytest.mark.parametrize(
    ("question", "limit"),
    [
        ("cases(first: 2001) { nodes { id } }", 100),
        ("complaints(last: 2001) { nodes { id } }", 100),
        ("slaTimers(first: 2001) { nodes { id } }", 100),
        ("taxonomyTerms(first: 2001) { category }", 100),
        ("overrides(first: 2001) { actor }", 100),
        ("slaSummary(mostRows: 2001) { hasMore }", 1000),
        ("complianceReport(mostRows: 2001) { hasMore }", 1000),
    ],
)
def test_whoever_asks_for_too_many_is_told_how_many_there_may_be(
    front_end: FrontEnd, question: str, limit: int
) -> None:
    (error,) = front_end.errors(f"{{ {question} }}")
    assert error["extensions"]["code"] == "PAGE_TOO_LARGE"
    assert error["extensions"]["params"] == {"limit": limit, "found": 2001}
