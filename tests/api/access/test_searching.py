"""Who finds whom: within reach alone, and by whole texts alone where personal values are masked."""

from collections.abc import Iterator

import pytest

from api.workspace import Workspace
from tests.api.access.issuing import Issuer
from tests.api.access.world import BEIJING, EAST, GROUP, NORTH, Signed, World, app_of
from tests.api.graphql.asking import asking

FOUND = "query($text: String!) { customers(filter: { search: $text }, first: 100) { nodes { id } } }"
PHONE = "13800131111"
"""All of the world's customers have it."""


@pytest.fixture(scope="module")
def world(workspace: Workspace) -> Iterator[World]:
    issuer = Issuer()
    with asking(app_of(workspace, issuer)) as front_end:
        yield World(front_end, issuer)


def found(world: World, asker: Signed, text: str) -> set[str]:
    """The units whose customers a text finds."""
    named = {customer: unit for unit, customer in world.customers.items()}
    return {named[node["id"]] for node in asker.ask(FOUND, text=text)["customers"]["nodes"]}


@pytest.mark.parametrize(
    ("unit", "seen"), [(GROUP, {GROUP, NORTH, BEIJING, EAST, "nobody"}), (NORTH, {NORTH, BEIJING}), (EAST, {EAST})]
)
@pytest.mark.parametrize("role", ["agent", "supervisor"])
def test_a_search_finds_those_within_reach_alone(world: World, role: str, unit: str, seen: set[str]) -> None:
    asker = world.signed(role, unit=unit)
    assert found(world, asker, "客户") == seen
    assert found(world, asker, PHONE) == seen
    for other in world.customers:
        assert found(world, asker, f"K-{other}") == {other} & seen
        assert found(world, asker, f"客户{other}") == {other} & seen


@pytest.mark.parametrize("role", ["compliance", "auditor", "service"])
def test_a_role_with_masked_values_finds_by_whole_texts_and_by_no_part_of_one(world: World, role: str) -> None:
    asker = world.signed(role)
    assert found(world, asker, PHONE) == set(world.customers)
    assert found(world, asker, f"+86 {PHONE}") == set(world.customers)
    assert found(world, asker, f"客户{NORTH}") == {NORTH}
    assert found(world, asker, f"K-{EAST}") == {EAST}
    for part in ("客", "客户", "客户华北", PHONE[:-1], "K-"):
        assert found(world, asker, part) == set()


def test_the_administrator_finds_everybody_by_a_part(world: World) -> None:
    assert found(world, world.administrator, "客") == set(world.customers)


def test_a_customer_looks_for_nobody(world: World) -> None:
    assert world.customer(NORTH).code(FOUND, text="客户") == "FORBIDDEN"
