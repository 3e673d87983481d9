"""Clocks that are followed, in a simulated book whose time goes by as it is told, and in a live one."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from api.graphql.identity import global_id
from api.workspace import NewBook, Workspace
from domain.book import BookTime
from domain.case.commands import (
    AssignCase,
    PauseCase,
    PrioritiseCase,
    RegisterCase,
    ResolveCase,
    ResumeCase,
    SendResponse,
    TransferCase,
)
from domain.case.due import DueOrigin, StateDue
from domain.case.events import Outcome, PauseGround, Priority, ResponseKind
from domain.channel import Channel
from domain.customer import AssignTier, CustomerKind, RegisterCustomer, Tier
from domain.event import Command, Precision
from domain.obligation import MeetObligation, ObligationKind, OpenObligation
from domain.personal import Personal
from domain.stream import Category
from tests.api.graphql.asking import FrontEnd
from tests.api.graphql.conftest import opened
from tests.api.graphql.following import Follower, beside
from tests.conftest import Database
from tests.projections.books import case_id, customer_id, received
from tests.projections.regulated import calendar, promise, publish_calendar, tell

# A Monday at nine o'clock in Shanghai, later than any clock by which these tests run.
BEGUN = datetime(2099, 3, 2, 1, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
NORTH, EAST = "北京分部", "华东分部"
OWED, LAST = UUID(int=0x0B11), 99
CHANGED = """
subscription($unit: String, $case: ID, $after: ConsistencyToken) {
  slaChanged(unit: $unit, caseId: $case, after: $after) {
    because at before after warns position clockId consistencyToken clock { id target state }
  }
}
"""
TIMERS = """
query($where: SlaClockFilter, $after: String, $token: ConsistencyToken) {
  slaTimers(filter: $where, orderBy: {field: STARTED_AT}, first: 100, after: $after, consistencyToken: $token) {
    nodes { id state } pageInfo { endCursor hasNextPage }
  }
}
"""


def story() -> Iterator[tuple[timedelta, Command]]:
    """What happens, and how long after the beginning."""
    about: dict[int, dict[str, Any]] = {number: {"case_id": case_id(number)} for number in (1, 2, 3, LAST)}

    def when(hours: float) -> dict[str, Any]:
        return {"at": BEGUN + hours * HOUR}

    name = Personal.open(customer_id(2), "冯小明")
    steps: list[tuple[float, Command]] = [
        (0, RegisterCustomer(**when(0), customer_id=customer_id(2), kind=CustomerKind.PERSON, name=name)),
        (0, received(1, at=BEGUN)),
        (0, RegisterCase(**when(0), **about[1], unit=NORTH)),
        (0.5, received(2, at=BEGUN + HOUR / 2, customer_id=customer_id(2))),
        (0.5, RegisterCase(**when(0.5), **about[2], unit=EAST)),
        (1, received(3, at=BEGUN + HOUR)),
        (1, RegisterCase(**when(1), **about[3], unit=NORTH)),
        (2, PauseCase(**when(2), **about[1], ground=PauseGround.VENDOR)),
        (2.5, AssignTier(**when(2.5), customer_id=customer_id(2), tier=Tier.GOLD)),
        (3, PrioritiseCase(**when(3), **about[3], priority=Priority.HIGH)),
        (4, TransferCase(**when(4), **about[2], to_unit=NORTH)),
        (5, SendResponse(**when(5), **about[3], kind=ResponseKind.FIRST, channel=Channel.HOTLINE)),
        (6, OpenObligation(**when(6), obligation_id=OWED, kind=ObligationKind.TASK, title="mend", case_id=case_id(1),
                           unit=NORTH, due_at=BEGUN + 8 * HOUR, due_precision=Precision.INSTANT)),
        (26, ResumeCase(**when(26), **about[1], ground=PauseGround.VENDOR)),
        (27, TransferCase(**when(27), **about[3], to_unit=EAST)),
        (28, MeetObligation(**when(7), obligation_id=OWED, by="李四")),
        (50, ResolveCase(**when(49), **about[1], outcome=Outcome.UPHELD)),
        (400, AssignCase(**when(400), **about[2], handler="李四")),
        (500, ResolveCase(**when(500), **about[2], outcome=Outcome.UPHELD)),
        (600, received(LAST, at=BEGUN + 600 * HOUR)),
        (600, RegisterCase(**when(600), **about[LAST], unit=NORTH)),
        (600, StateDue(**when(600), **about[LAST], target="stated", due_at=BEGUN + 900 * HOUR,
                       due_precision=Precision.INSTANT, stated_by=DueOrigin.COMPANY)),
    ]  # fmt: skip
    return ((hours * HOUR, command) for hours, command in steps)


@pytest.fixture(scope="module")
def workspace(module_database: Database) -> Iterator[Workspace]:
    with opened(module_database, new_book=NewBook(BookTime.SIMULATED, "Asia/Shanghai", BEGUN)) as workspace:
        promise(workspace.ledger, at=BEGUN)
        yield workspace


@pytest.fixture(scope="module")
def follower(workspace: Workspace, front_end: FrontEnd) -> Iterator[Follower]:
    with beside(front_end, workspace) as follower:
        yield follower


@pytest.fixture(scope="module")
def begun(workspace: Workspace, follower: Follower) -> str:
    """A token from before the story, which has been told since."""
    token = follower.token()
    for after, command in story():
        tell(workspace.ledger, command, at=BEGUN + after)
        if after == 26 * HOUR:
            publish_calendar(workspace.ledger, calendar(2, date(2099, 3, 4)), at=BEGUN + after)
    return token


def until_the_end(follower: Follower, **asked: Any) -> list[Any]:
    """All that is told up to what happens last."""
    told: list[Any] = []
    head = follower.front_end.ask("{ ledgerHead { position } }")["ledgerHead"]["position"]
    with follower.following(CHANGED, **asked) as stream:
        while not told or told[-1]["position"] != head:
            told.append(stream.next())
    return told


def shown(each: Any) -> Any:
    return {name: value for name, value in each.items() if name != "clock"}


def states(follower: Follower, where: Any) -> dict[str, str]:
    """How clocks stand by the list of them."""
    found: dict[str, str] = {}
    cursor, token = None, follower.token()
    while True:
        page = follower.front_end.ask(TIMERS, where=where, after=cursor, token=token)["slaTimers"]
        found |= {node["id"]: node["state"] for node in page["nodes"]}
        if not page["pageInfo"]["hasNextPage"]:
            return found
        cursor = page["pageInfo"]["endCursor"]


@pytest.mark.parametrize("of", ["unit", "case"])
def test_who_follows_clocks_from_the_beginning_knows_in_the_end_how_all_of_them_stand(
    follower: Follower, begun: str, of: str
) -> None:
    case = global_id(Category.CASE, "main", case_id(LAST))
    asked, where = ({"unit": NORTH}, {"unit": NORTH}) if of == "unit" else ({"case": case}, {"caseId": case})
    known: dict[str, str] = {}
    for told in until_the_end(follower, after=begun, **asked):
        assert told["before"] == known.get(told["clockId"])
        if told["after"] is None:
            del known[told["clockId"]]
        else:
            known[told["clockId"]] = told["after"]
    by_list = states(follower, where)
    assert {clock: known.get(clock) for clock in by_list} == by_list
    assert {known[clock] for clock in known.keys() - by_list.keys()} <= {"NOT_STARTED"}
    assert len(by_list) >= 5
