"""What is followed of a live book: where it stands, a case, and what is wrong with what is asked."""

from collections.abc import Iterator

import pytest

from api.graphql.consistency import position_of, token_of
from api.workspace import Workspace
from tests.api.graphql.asking import FrontEnd
from tests.api.graphql.following import Follower, beside

HEADS = "subscription($after: String) { ledgerHead(after: $after) { position consistencyToken } }"
CASE = """
subscription($id: ID!, $after: String) {
  caseChanged(id: $id, after: $after) {
    topic subject version position occurredAt recordedAt consistencyToken case { id status unit version position }
  }
}
"""


@pytest.fixture(scope="module")
def follower(workspace: Workspace, front_end: FrontEnd) -> Iterator[Follower]:
    with beside(front_end, workspace) as follower:
        yield follower


@pytest.fixture
def case(front_end: FrontEnd) -> str:
    """A registered case of nobody's."""
    found: str = front_end.done("receiveCase", kind="COMPLAINT", channel="HOTLINE")["id"]
    front_end.done("registerCase", caseId=found, unit="北京分部")
    return found


def position(follower: Follower) -> int:
    return position_of(follower.token(), "main")


def test_where_the_book_stands_is_told_at_once_and_whenever_it_grows(follower: Follower, case: str) -> None:
    with follower.following(HEADS) as heads:
        first = heads.next()
        assert first["position"] == position(follower)
        follower.front_end.done("prioritiseCase", caseId=case, priority="HIGH")
        second = heads.next()
        assert second["position"] == first["position"] + 1
        assert second["consistencyToken"] == token_of("main", second["position"])
    with follower.following(HEADS, after=first["consistencyToken"]) as heads:
        assert heads.next() == second


def test_a_case_is_told_with_each_thing_that_is_recorded_of_it(follower: Follower, case: str) -> None:
    before = follower.token()
    with follower.following(CASE, id=case, after=before) as changes:
        follower.front_end.done("startWork", caseId=case, by="王芳")
        told = changes.next()
        assert (told["topic"], told["subject"], told["version"]) == ("work-started.1", "case", 3)
        assert told["case"] == {
            "id": case, "status": "IN_PROGRESS", "unit": "北京分部", "version": 3, "position": told["position"],
        }  # fmt: skip
        follower.front_end.done("transferCase", caseId=case, toUnit="上海分部")
        assert changes.next()["case"]["unit"] == "上海分部"
    both = follower.some(CASE, 2, id=case, after=before)
    assert [each["topic"] for each in both] == ["work-started.1", "case-transferred.1"]
    assert [each["case"]["version"] for each in both] == [4, 4]
    (second,) = follower.some(CASE, 1, id=case, after=both[0]["consistencyToken"])
    assert second == both[1]
