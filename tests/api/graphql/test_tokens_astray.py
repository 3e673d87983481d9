"""Tokens that somebody made up, or that belong to another stream: each stands for its position, and none is a fault."""

from collections.abc import Iterator

import pytest

from api.graphql.consistency import token_of
from api.workspace import Workspace
from tests.api.graphql.asking import FrontEnd
from tests.api.graphql.following import Follower, beside

BOARD = "subscription($after: ConsistencyToken) { casesOnBoard(after: $after) { position } }"
CLOCKS = "subscription($after: ConsistencyToken, $id: ID!) { slaChanged(caseId: $id, after: $after) { position } }"
DUE = "2199-01-01T00:00:00Z"
BESIDE = (
    "event 9999-12-31T23:59:59.999999-23:59 x",
    "event 9999-12-31T23:59:59.999999+00:00 x",
    "time 9999-12-31T23:59:59.999999+00:00 x",
    "time 0001-01-01T00:00:00+23:59 x",
    "event 0002-01-01T00:00:00+23:59 x",
    "time 2026-03-02T09:00:00 x",
    "event",
    "time  ",
    "7d0f7c64-2f0b-4f3d-9a35-0c3d9e6b1f20",
    "x" * 3_000,
)


@pytest.fixture(scope="module")
def follower(workspace: Workspace, front_end: FrontEnd) -> Iterator[Follower]:
    with beside(front_end, workspace) as follower:
        yield follower


@pytest.mark.parametrize("position", [0, 1])
@pytest.mark.parametrize("told", BESIDE, ids=lambda told: told[:45])
def test_whatever_stands_beside_the_position_of_a_token_is_no_fault(
    follower: Follower, told: str, position: int
) -> None:
    front_end, after = follower.front_end, token_of("main", position, told)
    case = front_end.done("receiveCase", kind="COMPLAINT", channel="HOTLINE")["id"]
    token = follower.token()
    with (
        follower.following(BOARD, after=after) as board,
        follower.following(CLOCKS, after=after, id=case) as clocks,
        follower.following(CLOCKS, after=token, id=case) as others,
    ):
        waiting = [clocks.coming(), others.coming()]
        assert board.next()["position"] > position
        front_end.done("stateDue", caseId=case, target="resolution", dueAt=DUE, statedBy="COMPANY")
        assert [each.result().errors for each in waiting] == [None, None]
