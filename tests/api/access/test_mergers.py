"""What is said of the case that took another one's place, to those who are told of one of them alone."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from api.workspace import Workspace
from tests.api.access.issuing import Issuer
from tests.api.access.world import BEIJING, EAST, GROUP, NORTH, Signed, World, app_of, uuid_of
from tests.api.graphql.asking import asking

ALLOWED = """
query($id: ID!) {
  case(id: $id) { mergedInto { id } allowedActions(only: ["withdrawCase"]) { refusedBecause { code params message } } }
}
"""
NOT_NAMED = {
    "code": "ALREADY_MERGED",
    "params": {},
    "message": "This case was merged into another case; go on with that one.",
}


@pytest.fixture(scope="module")
def world(workspace: Workspace) -> Iterator[World]:
    """The case of Beijing was merged into that of the east, which is about somebody else."""
    issuer = Issuer()
    with asking(app_of(workspace, issuer)) as front_end:
        world = World(front_end, issuer)
        world.administrator.done("mergeCase", caseId=world.cases[BEIJING], into=world.cases[EAST])
        yield world


def whoever(world: World, role: str) -> Signed:
    """Somebody who is told of the case that was merged, and not of the one that took its place."""
    return world.customer(BEIJING) if role == "customer" else world.signed(role, unit=NORTH)


def named(world: World) -> dict[str, Any]:
    """The refusal, as it names the survivor."""
    message = f"This case was merged into case {uuid_of(world.cases[EAST])}; go on with that one."
    return {"code": "ALREADY_MERGED", "params": {"into": world.cases[EAST]}, "message": message}


@pytest.mark.parametrize("role", ["customer", "agent", "supervisor"])
def test_what_may_be_done_does_not_name_a_case_beyond_reach(world: World, role: str) -> None:
    case = whoever(world, role).ask(ALLOWED, id=world.cases[BEIJING])["case"]
    assert case == {"mergedInto": None, "allowedActions": [{"refusedBecause": NOT_NAMED}]}


@pytest.mark.parametrize("role", ["customer", "agent", "supervisor"])
def test_a_refusal_does_not_name_a_case_beyond_reach(world: World, role: str) -> None:
    (error,) = whoever(world, role).change("withdrawCase", caseId=world.cases[BEIJING], channel="HOTLINE")["userErrors"]
    assert error == {**NOT_NAMED, "field": None}
    merging = {"caseId": world.cases[NORTH], "into": world.cases[BEIJING]}
    if role != "customer":
        payload = whoever(world, role).change("mergeCase", **merging)
        assert [error["code"] for error in payload["userErrors"]] == ["SURVIVOR_MERGED"]
        assert str(uuid_of(world.cases[EAST])) not in orjson.dumps(payload).decode()


def test_who_is_told_of_both_is_led_to_the_survivor_by_its_id(world: World) -> None:
    agent = world.signed("agent", unit=GROUP)
    case = agent.ask(ALLOWED, id=world.cases[BEIJING])["case"]
    assert case == {"mergedInto": {"id": world.cases[EAST]}, "allowedActions": [{"refusedBecause": named(world)}]}
    (error,) = agent.change("withdrawCase", caseId=world.cases[BEIJING], channel="HOTLINE")["userErrors"]
    assert error == {**named(world), "field": None}
