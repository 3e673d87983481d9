from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_required_argument,
    is_required_input_field,
)

from api.access.principal import Role
from api.graphql.identity import global_id
from api.graphql.schema import SCHEMA
from api.workspace import Workspace
from domain.stream import Category
from tests.api.access.expecting import expected, fields
from tests.api.access.issuing import Issuer
from tests.api.access.world import BEIJING, EAST, GROUP, NORTH, Signed, World, app_of
from tests.api.graphql.asking import asking

NOBODY = "nobody"
EVERYWHERE = frozenset({GROUP, NORTH, BEIJING, EAST, NOBODY})
# Who sees the cases of which units. A case that no unit holds is for the units at the top.
SEES: dict[tuple[str, str | None], frozenset[str]] = {
    ("agent", GROUP): EVERYWHERE,
    ("agent", NORTH): frozenset({NORTH, BEIJING}),
    ("agent", BEIJING): frozenset({BEIJING}),
    ("agent", EAST): frozenset({EAST}),
    ("agent", "南极分部"): frozenset(),
    ("supervisor", NORTH): frozenset({NORTH, BEIJING}),
    ("supervisor", EAST): frozenset({EAST}),
    ("compliance", None): EVERYWHERE,
    ("auditor", None): EVERYWHERE,
    ("administrator", None): EVERYWHERE,
    ("service", None): EVERYWHERE,
    ("customer", NORTH): frozenset({NORTH}),
    ("customer", NOBODY): frozenset({NOBODY}),
}


@pytest.fixture(scope="module")
def world(workspace: Workspace) -> Iterator[World]:
    issuer = Issuer()
    with asking(app_of(workspace, issuer)) as front_end:
        yield World(front_end, issuer)


@pytest.fixture(params=SEES, ids=lambda who: " ".join(map(str, who)))
def who(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def asker(world: World, who: tuple[str, str | None]) -> Signed:
    role, unit = who
    return world.customer(unit) if role == "customer" and unit else world.signed(role, unit=unit)


@pytest.fixture
def seen(who: tuple[str, str | None]) -> frozenset[str]:
    return SEES[who]


def units_of(world: World, ids: list[str], of: str = "cases") -> set[str]:
    """The units to which things belong."""
    known = {found: unit for unit, found in getattr(world, of).items()}
    return {known[each] for each in ids}


def staff_like(who: tuple[str, str | None]) -> bool:
    return who[0] != "customer"


# Cases ----------------------------------------------------------------------------------------------------------------


def test_a_case_is_found_by_its_id_within_reach_and_else_as_if_it_were_not(
    world: World, asker: Signed, seen: frozenset[str]
) -> None:
    for unit, case in world.cases.items():
        found = asker.ask("query($id: ID!) { case(id: $id) { id } node(id: $id) { id } }", id=case)
        there = {"id": case} if unit in seen else None
        assert found == {"case": there, "node": there}
    nowhere = global_id(Category.CASE, "main", uuid4())
    assert asker.ask("query($id: ID!) { case(id: $id) { id } node(id: $id) { id } }", id=nowhere) == {
        "case": None,
        "node": None,
    }


def test_a_case_is_found_by_its_number_or_its_key_within_reach(
    world: World, asker: Signed, seen: frozenset[str]
) -> None:
    for unit, number in world.numbers.items():
        document = "query($n: String, $k: String) { a: case(number: $n) { id } b: case(sourceKey: $k) { id } }"
        found = asker.ask(document, n=number, k=f"INC-{unit}")
        there = {"id": world.cases[unit]} if unit in seen else None
        assert found == {"a": there, "b": there}


def test_pages_of_cases_are_full_and_hold_those_within_reach_alone(
    world: World, asker: Signed, seen: frozenset[str]
) -> None:
    """By one item a page: with cases left out of pages afterwards, some would be empty."""
    document = """
    query($after: String, $before: String, $first: Int, $last: Int) {
      cases(after: $after, before: $before, first: $first, last: $last) {
        nodes { id } pageInfo { hasNextPage hasPreviousPage endCursor startCursor }
      }
    }
    """
    for size, cursor, place, more in (
        ("first", "after", "endCursor", "hasNextPage"),
        ("last", "before", "startCursor", "hasPreviousPage"),
    ):
        found, at = [], None
        for _ in seen:
            page = asker.ask(document, **{size: 1, cursor: at})["cases"]
            assert len(page["nodes"]) == 1
            found.append(page["nodes"][0]["id"])
            at = page["pageInfo"][place]
        assert units_of(world, found) == seen
        last = asker.ask(document, **{size: 1, cursor: at})["cases"]
        assert (last["nodes"], last["pageInfo"][more]) == ([], False)


def test_no_cursor_leads_beyond_reach(world: World, asker: Signed, seen: frozenset[str]) -> None:
    every = world.administrator.ask("{ cases { edges { cursor } } }")["cases"]["edges"]
    for edge in every:
        for argument in ("after", "before"):
            document = f"query($at: String) {{ cases({argument}: $at) {{ nodes {{ id }} }} }}"
            page = asker.ask(document, at=edge["cursor"])["cases"]["nodes"]
            assert units_of(world, [node["id"] for node in page]) <= seen


def test_no_filter_leads_beyond_reach(world: World, who: Any, asker: Signed, seen: frozenset[str]) -> None:
    document = "query($where: CaseFilter) { cases(filter: $where) { nodes { id } } }"
    for unit in EVERYWHERE:
        for where in ({"customerId": world.customers[unit]}, {"unit": unit}):
            if unit == NOBODY and "unit" in where:
                continue
            page = asker.ask(document, where=where)["cases"]["nodes"]
            assert units_of(world, [node["id"] for node in page]) == {unit} & seen, who


# Customers ------------------------------------------------------------------------------------------------------------


def test_a_customer_is_found_when_a_case_of_theirs_is(world: World, asker: Signed, seen: frozenset[str]) -> None:
    document = """
    query($id: ID!, $k: String) { a: customer(id: $id) { id } b: customer(sourceKey: $k) { id } node(id: $id) { id } }
    """
    for unit, customer in world.customers.items():
        there = {"id": customer} if unit in seen else None
        assert asker.ask(document, id=customer, k=f"K-{unit}") == {"a": there, "b": there, "node": there}


def test_customers_are_listed_when_a_case_of_theirs_is_seen(
    world: World, who: Any, asker: Signed, seen: frozenset[str]
) -> None:
    document = "{ customers(first: 100) { nodes { id } } }"
    if not staff_like(who):
        assert asker.code(document) == "FORBIDDEN"
        return
    nodes = asker.ask(document)["customers"]["nodes"]
    assert units_of(world, [node["id"] for node in nodes], "customers") == seen


# What belongs to cases ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("of", ["obligations", "touchpoints"])
def test_what_belongs_to_a_case_is_found_by_its_id_with_the_case(
    world: World, who: Any, asker: Signed, seen: frozenset[str], of: str
) -> None:
    for unit, found in getattr(world, of).items():
        there = {"id": found} if unit in seen and staff_like(who) else None
        assert asker.ask("query($id: ID!) { node(id: $id) { id } }", id=found) == {"node": there}


def test_obligations_are_listed_with_their_cases(world: World, who: Any, asker: Signed, seen: frozenset[str]) -> None:
    document = "{ obligations(orderBy: {field: OPENED_AT}, first: 100) { nodes { id case { id } } } }"
    if not staff_like(who):
        assert asker.code(document) == "FORBIDDEN"
        return
    nodes = asker.ask(document)["obligations"]["nodes"]
    assert units_of(world, [node["id"] for node in nodes], "obligations") == seen
    assert all(node["case"] for node in nodes)


def test_movements_are_listed_and_counted_with_their_cases(
    world: World, who: Any, asker: Signed, seen: frozenset[str]
) -> None:
    nodes = (
        []
        if who[0] == "customer"
        else asker.ask("{ movements(first: 100) { nodes { case { id } } } }")["movements"]["nodes"]
    )
    ids = [node["case"]["id"] for node in nodes]
    known = [each for each in ids if each in world.cases.values()]
    assert len([each for each in nodes if each["case"] is None]) == 0
    if staff_like(who):
        assert units_of(world, known) == seen - {NOBODY}
    counting = """
    { returnsByUnit { unit given } firstContactResolution { unit resolved } movementCounts(kind: []) { toUnit cases } }
    """
    if who[0] in {"customer", "agent", "service"}:
        assert asker.code(counting) == "FORBIDDEN"
        return
    counted = asker.ask(counting)
    assert {row["toUnit"] for row in counted["movementCounts"] if row["toUnit"]} >= seen - {NOBODY}
    if seen < EVERYWHERE:
        hidden = EVERYWHERE - seen - {NOBODY, BEIJING, EAST}
        assert not hidden & {row["toUnit"] for row in counted["movementCounts"]}
        assert not hidden & {row["unit"] for row in counted["returnsByUnit"]}


def test_staff_are_found_within_the_units(world: World, who: Any, asker: Signed, seen: frozenset[str]) -> None:
    if who[0] in {"customer", "service"}:
        assert asker.code("{ staffMembers { nodes { id } } }") == "FORBIDDEN"
        return
    within = seen - {NOBODY}
    nodes = asker.ask("{ staffMembers { nodes { id } } }")["staffMembers"]["nodes"]
    assert units_of(world, [node["id"] for node in nodes], "staff") == within
    for unit, staff in world.staff.items():
        document = "query($id: ID!, $n: String) { node(id: $id) { id } staff(name: $n) { id } }"
        there = {"id": staff} if unit in within else None
        assert asker.ask(document, id=staff, n=f"{unit}的员工") == {"node": there, "staff": there}


# Personal values ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "open_"),
    [
        ("agent", True),
        ("supervisor", True),
        ("administrator", True),
        ("customer", True),
        ("compliance", False),
        ("auditor", False),
        ("service", False),
    ],
)
def test_personal_values_are_open_or_masked_by_role_wherever_they_are_shown(
    world: World, role: str, open_: bool
) -> None:
    asker = world.customer(GROUP) if role == "customer" else world.signed(role)
    value = "state display value"
    document = f"""
    query($id: ID!) {{
      case(id: $id) {{
        words {{ {value} }}
        customer {{
          name {{ {value} }} contacts {{ value {{ {value} }} }}
          timeline(first: 100) {{ nodes {{ __typename words {{ {value} }} }} }}
        }}
      }}
    }}
    """
    case = asker.ask(document, id=world.cases[GROUP])["case"]
    if open_:
        assert case["words"] == {"state": "OPEN", "display": "集团: 我的话", "value": "集团: 我的话"}
        assert case["customer"]["name"]["value"] == "客户集团"
        return
    assert case["words"] == {"state": "MASKED", "display": "**", "value": None}
    assert case["customer"]["name"] == {"state": "MASKED", "display": "客**", "value": None}
    (contact,) = case["customer"]["contacts"]
    assert contact["value"] == {"state": "MASKED", "display": "+86 138 **** 1111", "value": None}
    told = [entry["words"] for entry in case["customer"]["timeline"]["nodes"] if entry["words"]]
    assert len(told) >= 4
    assert {entry["state"] for entry in told} == {"MASKED"}


# Clocks and figures ---------------------------------------------------------------------------------------------------


def test_clocks_are_listed_and_found_by_id_with_their_cases(
    world: World, who: Any, asker: Signed, seen: frozenset[str]
) -> None:
    document = "{ slaTimers(first: 100) { nodes { id case { id } } } }"
    if not staff_like(who):
        assert asker.code(document) == "FORBIDDEN"
        return
    nodes = asker.ask(document)["slaTimers"]["nodes"]
    assert units_of(world, [node["case"]["id"] for node in nodes]) == seen
    every = world.administrator.ask(document)["slaTimers"]["nodes"]
    assert len(every) == len(EVERYWHERE)
    for clock in every:
        (unit,) = units_of(world, [clock["case"]["id"]])
        found = asker.ask("query($id: ID!) { slaClock(id: $id) { id } }", id=clock["id"])["slaClock"]
        assert found == ({"id": clock["id"]} if unit in seen else None)


def test_a_compliance_report_counts_the_clocks_within_reach_and_shows_these(
    world: World, who: Any, asker: Signed, seen: frozenset[str]
) -> None:
    document = """
    { complianceReport(groupBy: [UNIT]) {
        totals { figures { clocks } }
        rows { group { value } figures { clocks } clocks(first: 10) { nodes { case { id } } } }
    } }
    """
    if who[0] in {"customer", "agent", "service"}:
        assert asker.code(document) == "FORBIDDEN"
        return
    report = asker.ask(document)["complianceReport"]
    assert sum(total["figures"]["clocks"] for total in report["totals"]) == len(seen)
    assert {row["group"][0]["value"] for row in report["rows"]} == {None if unit == NOBODY else unit for unit in seen}
    behind = [clock["case"]["id"] for row in report["rows"] for clock in row["clocks"]["nodes"]]
    assert units_of(world, behind) == seen


def test_a_summary_counts_the_clocks_within_reach_whatever_unit_is_asked_about(
    world: World, who: Any, asker: Signed, seen: frozenset[str]
) -> None:
    document = """query($unit: String, $by: [SlaSummaryField!]) {
      slaSummary(unit: $unit, groupBy: $by) { totals { running } rows { group { value } running } } }"""
    if who[0] in {"customer", "agent", "service"}:
        assert asker.code(document) == "FORBIDDEN"
        return

    def summary(unit: str | None, by: str) -> tuple[dict[str | None, int], int]:
        found = asker.ask(document, unit=unit, by=[by])["slaSummary"]
        rows = {row["group"][0]["value"]: row["running"] for row in found["rows"]}
        return rows, sum(total["running"] for total in found["totals"])

    every = {None if unit == NOBODY else unit: 1 for unit in seen}
    assert summary(None, "UNIT") == (every, len(seen))
    below = dict.fromkeys(seen & {NORTH, BEIJING}, 1)
    assert summary(NORTH, "UNIT") == (below, len(below))
    assert summary(NORTH, "SUBUNIT") == (below, len(below))
    assert summary(EAST, "UNIT") == (dict.fromkeys(seen & {EAST}, 1), len(seen & {EAST}))
    assert summary("南极分部", "SUBUNIT") == ({}, 0)


# What was so ----------------------------------------------------------------------------------------------------------


def test_the_past_of_a_case_lies_within_reach_where_the_case_does_now(
    world: World, who: Any, asker: Signed, seen: frozenset[str]
) -> None:
    at = world.administrator.ask("{ ledgerHead { recordedAt } }")["ledgerHead"]["recordedAt"]
    of_case = "query($id: ID!, $at: DateTime) { case(id: $id) { asOf(validAt: $at) { status } } }"
    direct = """query($id: ID, $number: String, $at: DateTime) {
      caseSnapshot(id: $id, number: $number, knownAt: $at) { id clocks { case { id } } } }"""
    by_node = "query($id: ID!) { node(id: $id) { id } }"
    for unit, case in world.cases.items():
        past = world.administrator.ask(direct, id=case, at=at)["caseSnapshot"]
        assert past is not None
        if who[0] in {"customer", "agent", "service"}:
            assert asker.code(direct, id=case, at=at) == asker.code(of_case, id=case, at=at) == "FORBIDDEN"
            assert asker.ask(by_node, id=past["id"]) == {"node": None}
            continue
        there = past if unit in seen else None
        assert asker.ask(direct, id=case, at=at) == {"caseSnapshot": there}
        assert asker.ask(direct, number=world.numbers[unit], at=at) == {"caseSnapshot": there}
        assert asker.ask(by_node, id=past["id"]) == {"node": there and {"id": past["id"]}}
        assert asker.ask(of_case, id=case, at=at) == {
            "case": {"asOf": {"status": "REGISTERED"}} if unit in seen else None
        }


def test_the_difference_of_two_pasts_of_a_case_lies_within_reach_where_the_case_does_now(
    world: World, who: Any, asker: Signed, seen: frozenset[str]
) -> None:
    asked = """query($id: ID, $number: String) {
      caseDifference(id: $id, number: $number, from: { knownPosition: 1 }) {
        differs before { id } after { status } } }"""
    for unit, case in world.cases.items():
        if who[0] in {"customer", "agent", "service"}:
            assert asker.code(asked, id=case) == "FORBIDDEN"
            continue
        there = {"differs": True, "before": None, "after": {"status": "REGISTERED"}} if unit in seen else None
        assert asker.ask(asked, id=case) == {"caseDifference": there}
        assert asker.ask(asked, number=world.numbers[unit]) == {"caseDifference": there}


def test_the_past_of_a_customer_lies_within_reach_where_the_customer_does_now(
    world: World, who: Any, asker: Signed
) -> None:
    at = world.administrator.ask("{ ledgerHead { recordedAt } }")["ledgerHead"]["recordedAt"]
    direct = "query($id: ID!, $at: DateTime) { customerSnapshot(id: $id, knownAt: $at) { id name { state } version } }"
    differs = "query($id: ID!) { customerDifference(id: $id, from: { knownPosition: 1 }) { differs } }"
    of_cases = "query($id: ID!) { case(id: $id) { customer { id } } }"
    live, by_node = "query($id: ID!) { customer(id: $id) { id } }", "query($id: ID!) { node(id: $id) { id } }"
    customers = {world.administrator.ask(of_cases, id=case)["case"]["customer"]["id"] for case in world.cases.values()}
    shown = set()
    for customer in customers:
        past = world.administrator.ask(direct, id=customer, at=at)["customerSnapshot"]
        if who[0] in {"customer", "agent", "service"}:
            assert asker.code(direct, id=customer, at=at) == "FORBIDDEN"
            assert asker.ask(by_node, id=past["id"]) == {"node": None}
            continue
        there = asker.ask(live, id=customer)["customer"] is not None
        shown.add(there)
        found = asker.ask(direct, id=customer, at=at)["customerSnapshot"]
        assert (found and {"id": found["id"], "version": found["version"]}) == (
            {"id": past["id"], "version": past["version"]} if there else None
        )
        assert asker.ask(by_node, id=past["id"]) == {"node": {"id": past["id"]} if there else None}
        if who[0] == "supervisor":
            assert asker.code(differs, id=customer) == "FORBIDDEN"
        else:
            assert asker.ask(differs, id=customer) == {"customerDifference": {"differs": True}}
    assert shown or who[0] in {"customer", "agent", "service"}


# By whatever door -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", Role)
def test_every_question_and_every_change_is_refused_or_open_to_a_role_as_the_list_says(
    world: World, role: Role
) -> None:
    """Asked of the running server by name: what is refused is so before anything else of it is looked at."""
    asker = world.customer(GROUP) if role is Role.CUSTOMER else world.signed(role.value, unit=GROUP)
    for kind, operation in (("Query", "query"), ("Mutation", "mutation")):
        for field in fields()[kind]:
            document = f"{operation} {{ {selecting(kind, field)} }}"
            answer = asker.send(document, {}).json()
            codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
            refused = f"{kind}.{field}" in str(answer.get("errors")) and codes == {"FORBIDDEN"}
            assert refused is ((role, f"{kind}.{field}") not in expected().allowed), (field, answer)


def selecting(kind: str, field: str) -> str:
    """A field with arguments that fit and the least selection that does, skipped so that it changes nothing."""
    definition = SCHEMA._schema.type_map[kind].fields[field]  # type: ignore[attr-defined]
    needed = {name: each for name, each in definition.args.items() if is_required_argument(each)}
    given = ", ".join(f"{name}: {literal(each.type)}" for name, each in needed.items())
    selection = "" if is_leaf_type(get_named_type(definition.type)) else " { __typename }"
    return f"{field}{f'({given})' if given else ''} @skip(if: true){selection}"


def literal(kind: Any) -> str:
    """Some value of an input type."""
    inner = get_nullable_type(kind)
    if isinstance(inner, GraphQLList):
        return "[]"
    if isinstance(inner, GraphQLInputObjectType):
        needed = (
            f"{name}: {literal(each.type)}" for name, each in inner.fields.items() if is_required_input_field(each)
        )
        return f"{{{', '.join(needed)}}}"
    if isinstance(inner, GraphQLEnumType):
        return str(next(iter(inner.values)))
    return {
        "UUID": '"00000000-0000-4000-8000-000000000001"',
        "DateTime": '"2026-01-01T00:00:00Z"',
        "Date": '"2026-01-01"',
        "Int": "1",
        "SafeInt": "1",
        "Boolean": "true",
        "JSON": "{}",
    }.get(inner.name, '"x"')
