"""Boards that are followed: what comes onto them, changes on them and leaves them, also because units move."""

from collections.abc import Iterator
from typing import Any

import pytest

from api.access.principal import Principal, Role
from api.workspace import Workspace
from tests.api.graphql.asking import FrontEnd
from tests.api.graphql.following import DEVELOPER, Follower, Stream, beside

BOARD = """
subscription($unit: String, $filter: CaseFilter, $after: ConsistencyToken) {
  casesOnBoard(unit: $unit, filter: $filter, after: $after) {
    move caseId position recordedAt consistencyToken case { id unit status priority }
  }
}
"""
GROUP, NORTH, BEIJING, EAST = "集团", "华北分部", "北京网点", "华东分部"


@pytest.fixture(scope="module")
def follower(workspace: Workspace, front_end: FrontEnd) -> Iterator[Follower]:
    with beside(front_end, workspace) as follower:
        yield follower


@pytest.fixture(scope="module", autouse=True)
def units(front_end: FrontEnd) -> dict[str, str]:
    """The units' ids by their names."""
    found: dict[str, str] = {}
    for name, above in ((GROUP, None), (NORTH, GROUP), (BEIJING, NORTH), (EAST, GROUP)):
        parent = {} if above is None else {"parent": found[above]}
        found[name] = front_end.done("openUnit", name=name, kind="BRANCH" if parent else "GROUP", **parent)["id"]
    return found


def agent(unit: str, role: Role = Role.AGENT) -> Principal:
    """Somebody who is told of the cases of a unit and of those below it."""
    return Principal("u-1", "王芳", frozenset({role}), role, issuer="https://issuer.test", unit=unit)


def opened(front_end: FrontEnd, unit: str | None, **more: Any) -> str:
    """A registered case that a unit holds."""
    case: str = front_end.done("receiveCase", kind="COMPLAINT", channel="HOTLINE", **more)["id"]
    front_end.done("registerCase", caseId=case, **({} if unit is None else {"unit": unit}))
    return case


def moves(stream: Stream, many: int) -> list[tuple[str, str, str | None]]:
    """So many moves: what, of which case, and the unit that is shown to hold it."""
    told = [stream.next() for _ in range(many)]
    assert [each for each in told if each["case"] and each["case"]["id"] != each["caseId"]] == []
    return [(each["move"], each["caseId"], each["case"] and each["case"]["unit"]) for each in told]


def test_a_case_enters_a_board_changes_on_it_and_leaves_it(follower: Follower) -> None:
    front_end = follower.front_end
    with follower.following(BOARD, unit=NORTH, after=follower.token()) as board:
        elsewhere = opened(front_end, EAST)
        case = opened(front_end, BEIJING)
        front_end.done("prioritiseCase", caseId=case, priority="HIGH")
        front_end.done("prioritiseCase", caseId=elsewhere, priority="HIGH")
        front_end.done("transferCase", caseId=case, toUnit=EAST)
        front_end.done("transferCase", caseId=elsewhere, toUnit=NORTH)
        front_end.done("resolveCase", caseId=elsewhere, outcome="UPHELD")
        front_end.done("closeCase", caseId=elsewhere)
        last = opened(front_end, NORTH)
        told = [board.next() for _ in range(6)]
    assert [(each["move"], each["caseId"]) for each in told] == [
        ("ENTER", case),
        ("UPDATE", case),
        ("LEAVE", case),
        ("ENTER", elsewhere),
        ("LEAVE", elsewhere),
        ("ENTER", last),
    ]


def test_a_filter_says_what_stands_on_a_board(follower: Follower) -> None:
    front_end = follower.front_end
    chosen = {"priority": ["HIGH", "CRITICAL"], "status": ["REGISTERED", "RESOLVED"]}
    with follower.following(BOARD, unit=EAST, filter=chosen, after=follower.token()) as board:
        case = opened(front_end, EAST)
        front_end.done("prioritiseCase", caseId=case, priority="HIGH")
        front_end.done("classifyCase", caseId=case, category="billing")
        front_end.done("resolveCase", caseId=case, outcome="UPHELD")
        front_end.done("closeCase", caseId=case)
        assert [move for move, _, _ in moves(board, 4)] == ["ENTER", "UPDATE", "UPDATE", "LEAVE"]


def test_what_leaves_the_reach_of_an_agent_leaves_the_board_and_is_not_shown(follower: Follower) -> None:
    front_end, before = follower.front_end, follower.token()
    with follower.following(BOARD, who=agent(NORTH), after=before) as board:
        opened(front_end, EAST)
        case = opened(front_end, BEIJING)
        assert moves(board, 1) == [("ENTER", case, BEIJING)]
        front_end.done("transferCase", caseId=case, toUnit=EAST)
        front_end.done("prioritiseCase", caseId=case, priority="HIGH")
        assert moves(board, 1) == [("LEAVE", case, None)]
        last = opened(front_end, NORTH)
        assert moves(board, 1) == [("ENTER", last, NORTH)]
    with follower.following(BOARD, who=agent(NORTH), after=before) as board:  # that it was there is told no more
        assert moves(board, 2) == [("LEAVE", case, None), ("ENTER", last, NORTH)]


def test_nobody_follows_a_board_beyond_their_reach(follower: Follower) -> None:
    front_end = follower.front_end
    with follower.following(BOARD, who=agent(EAST), unit=GROUP, after=follower.token()) as board:
        opened(front_end, NORTH)
        case = opened(front_end, EAST)
        assert moves(board, 1) == [("ENTER", case, EAST)]


def test_a_unit_that_moves_takes_its_cases_with_it_and_a_cut_among_them_loses_none(
    follower: Follower, units: dict[str, str]
) -> None:
    front_end = follower.front_end
    held = sorted(opened(front_end, BEIJING) for _ in range(5))
    over = opened(front_end, BEIJING)
    front_end.done("withdrawCase", caseId=over, channel="HOTLINE")
    before = follower.token()
    on_board = {
        each["id"]
        for each in front_end.ask(
            "query($where: CaseFilter) { cases(first: 100, filter: $where) { nodes { id } } }",
            where={"below": BEIJING, "status": ["RECEIVED", "REGISTERED", "IN_PROGRESS", "PAUSED"]},
        )["cases"]["nodes"]
    }
    assert on_board >= set(held)
    front_end.done("moveUnit", unitId=units[BEIJING], parent=units[EAST])
    front_end.done("prioritiseCase", caseId=held[0], priority="HIGH")
    front_end.done("transferCase", caseId=held[1], toUnit=NORTH)
    many = len(on_board)
    for who, unit in ((DEVELOPER, NORTH), (agent(NORTH), None)):
        whole = follower.some(BOARD, many + 1, who=who, unit=unit, after=before)
        assert {(each["move"], each["caseId"]) for each in whole[:-1]} == {("LEAVE", case) for case in on_board}
        assert (whole[-1]["move"], whole[-1]["caseId"]) == ("ENTER", held[1])
        for cut in range(many + 1):
            token = before if cut == 0 else whole[cut - 1]["consistencyToken"]
            rest = follower.some(BOARD, many + 1 - cut, who=who, unit=unit, after=token)
            assert [(each["move"], each["caseId"]) for each in rest] == [
                (each["move"], each["caseId"]) for each in whole[cut:]
            ]
    entering = follower.some(BOARD, many + 2, unit=EAST, after=before)
    assert {(each["move"], each["caseId"]) for each in entering[:many]} == {("ENTER", case) for case in on_board}
    assert [(each["move"], each["caseId"]) for each in entering[many:]] == [("UPDATE", held[0]), ("LEAVE", held[1])]
    front_end.done("moveUnit", unitId=units[BEIJING], parent=units[NORTH])


def test_a_unit_that_takes_another_name_keeps_its_cases_on_the_board(follower: Follower, units: dict[str, str]) -> None:
    front_end = follower.front_end
    with follower.following(BOARD, unit=NORTH, after=follower.token()) as board:
        case = opened(front_end, BEIJING)
        assert moves(board, 1)[0][:2] == ("ENTER", case)
        front_end.done("renameUnit", unitId=units[BEIJING], name="北京一部")
        front_end.done("prioritiseCase", caseId=case, priority="HIGH")
        assert moves(board, 1) == [("UPDATE", case, BEIJING)]
        front_end.done("renameUnit", unitId=units[BEIJING], name=BEIJING)


def test_a_page_of_cases_of_a_unit_and_of_those_below_it_is_where_a_board_begins(follower: Follower) -> None:
    front_end = follower.front_end
    held = {unit: opened(front_end, unit) for unit in (GROUP, NORTH, BEIJING, EAST)}
    token = follower.token()
    document = """query($unit: String, $token: ConsistencyToken) {
      cases(first: 100, filter: { below: $unit }, consistencyToken: $token) { nodes { id } }
    }"""
    for unit, below in ((GROUP, {GROUP, NORTH, BEIJING, EAST}), (NORTH, {NORTH, BEIJING}), ("南极分部", set[str]())):
        nodes = front_end.ask(document, unit=unit, token=token)["cases"]["nodes"]
        shown = {each["id"] for each in nodes}
        assert {name for name, case in held.items() if case in shown} == below
