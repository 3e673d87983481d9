"""Clocks that are followed, in a simulated book whose time goes by as it is told, and in a live one."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from api.app import create_app
from api.graphql import sla_changed
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
from domain.unit.commands import OpenUnit, RenameUnit
from domain.unit.events import UnitKind, id_of_unit
from tests.api.graphql.asking import FrontEnd, asking
from tests.api.graphql.conftest import ACTOR, opened
from tests.api.graphql.following import Follower, beside
from tests.api.graphql.test_boards import agent
from tests.conftest import Database
from tests.projections.books import case_id, customer_id, received
from tests.projections.regulated import calendar, promise, publish_calendar, tell

pytestmark = pytest.mark.story

# A Monday at nine o'clock in Shanghai, later than any clock by which these tests run.
BEGUN = datetime(2099, 3, 2, 1, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
NORTH, EAST, SOUTH = "北京分部", "华东分部", "华南分部"
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


def test_a_stream_of_clocks_that_is_cut_anywhere_goes_on_with_what_comes_next(follower: Follower, begun: str) -> None:
    whole = until_the_end(follower, unit=NORTH, after=begun)
    assert len({each["consistencyToken"] for each in whole}) == len(whole)
    for cut, last in enumerate(whole[:-1], 1):
        rest = until_the_end(follower, unit=NORTH, after=last["consistencyToken"])
        assert list(map(shown, rest)) == list(map(shown, whole[cut:])), last


def test_what_time_alone_makes_of_clocks_is_told_in_its_place(follower: Follower, begun: str) -> None:
    told = follower.some(CHANGED, 25, case=global_id(Category.CASE, "main", case_id(2)), after=begun)
    by_time = [each for each in told if each["because"] == "TIME"]
    assert [(each["at"][:16], each["before"], each["after"], each["warns"]) for each in by_time] == [
        ("2099-03-02T03:30", "NOT_STARTED", "RUNNING", False),
        ("2099-03-02T06:00", "RUNNING", "RUNNING", True),
        ("2099-03-02T07:00", "RUNNING", "OVERDUE", False),
        ("2099-03-05T16:00", "RUNNING", "OVERDUE", False),
    ]
    assert all(each["position"] is None for each in by_time)
    gold = next(each for each in told if each["clock"] and each["clock"]["target"] == "soon")
    assert (gold["because"], gold["before"], gold["after"]) == ("EVENT", None, "RUNNING")


def test_who_follows_while_it_happens_is_told_the_same_as_who_comes_later(
    workspace: Workspace, follower: Follower, begun: str
) -> None:
    del begun
    before, at = follower.token(), BEGUN + 700 * HOUR
    with follower.following(CHANGED, unit=NORTH, after=before) as stream:
        tell(workspace.ledger, received(70, at=at), at=at)
        tell(workspace.ledger, RegisterCase(at=at, case_id=case_id(70), unit=NORTH), at=at)
        told = [stream.next()]
        for hours in (1, 4, 5, 30, 60):
            then = at + hours * HOUR
            tell(workspace.ledger, AssignCase(at=then, case_id=case_id(70), handler=f"{hours}"), at=then)
            told.append(stream.next())
        last = ResolveCase(at=at + 60 * HOUR, case_id=case_id(70), outcome=Outcome.UPHELD)
        tell(workspace.ledger, last, at=at + 60 * HOUR)
        while told[-1]["position"] != workspace.ledger.head():
            told.append(stream.next())
        later = follower.some(CHANGED, len(told), unit=NORTH, after=before)
        assert list(map(shown, later)) == list(map(shown, told))


def test_the_clocks_of_a_case_that_leaves_the_reach_of_an_agent_are_told_to_be_gone(
    follower: Follower, begun: str, workspace: Workspace
) -> None:
    del begun
    at = BEGUN + 800 * HOUR
    tell(workspace.ledger, received(80, at=at), at=at)
    tell(workspace.ledger, RegisterCase(at=at, case_id=case_id(80), unit=NORTH), at=at)
    case = global_id(Category.CASE, "main", case_id(80))
    before = follower.token()
    with follower.following(CHANGED, who=agent(NORTH), case=case, after=before) as stream:
        tell(workspace.ledger, TransferCase(at=at, case_id=case_id(80), to_unit=EAST), at=at)
        told = [stream.next() for _ in range(10)]
        assert {(each["because"], each["after"], each["clock"]) for each in told} == {("EVENT", None, None)}
        assert {each["position"] for each in told} == {workspace.ledger.head()}
    tell(workspace.ledger, TransferCase(at=at, case_id=case_id(80), to_unit=NORTH), at=at)
    assert workspace.runner.wait_for(workspace.ledger.head(), 20)
    with follower.following(CHANGED, who=agent(EAST), unit=EAST, after=before) as stream:
        gone = stream.next()
        assert (gone["after"], gone["clock"], gone["position"]) == (None, None, workspace.ledger.head())


def test_too_much_at_once_is_said_to_be_so(follower: Follower, begun: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sla_changed, "MOST_BEHIND", 5)
    with follower.following(CHANGED, unit=NORTH, after=begun) as stream:
        assert stream.code() == "TOO_FAR_BEHIND"


def test_a_clock_that_runs_out_while_nothing_happens_is_told_when_it_does(database: Database) -> None:
    with (
        opened(database) as workspace,
        asking(create_app(workspace, development_actor=ACTOR)) as front_end,
        beside(front_end, workspace) as follower,
    ):
        case = front_end.done("receiveCase", kind="COMPLAINT", channel="HOTLINE")["id"]
        front_end.done("registerCase", caseId=case)
        soon = (workspace.ledger.database.now() + timedelta(seconds=1)).isoformat()
        before = follower.token()
        with follower.following(CHANGED, case=case, after=before) as stream:
            front_end.done("stateDue", caseId=case, target="resolution", dueAt=soon, statedBy="COMPANY")
            told = [stream.next(), stream.next()]
            assert [(each["because"], each["before"], each["after"]) for each in told] == [
                ("EVENT", None, "RUNNING"),
                ("TIME", "RUNNING", "OVERDUE"),
            ]
            assert told[1]["clock"]["state"] == "OVERDUE"
            front_end.done("resolveCase", caseId=case, outcome="UPHELD")
            told.append(stream.next())
        assert (told[2]["before"], told[2]["after"]) == ("OVERDUE", "MET_LATE")
        for cut, token in enumerate([before, *(each["consistencyToken"] for each in told[:2])]):
            rest = follower.some(CHANGED, 3 - cut, case=case, after=token)
            assert list(map(shown, rest)) == list(map(shown, told[cut:]))


def test_clocks_that_nobody_touched_turn_with_the_time_of_what_happens_elsewhere(
    workspace: Workspace, follower: Follower
) -> None:
    at = BEGUN + 2_000 * HOUR
    tell(workspace.ledger, received(90, at=at), at=at)
    tell(workspace.ledger, RegisterCase(at=at, case_id=case_id(90), unit=SOUTH), at=at)
    before = follower.token()
    with follower.following(CHANGED, unit=SOUTH, after=before) as stream:
        told: list[Any] = []
        for number, hours in ((91, 3), (92, 8), (93, 600)):
            then = at + hours * HOUR
            tell(workspace.ledger, received(number, at=then), at=then)
            told.append(stream.next())
        while told[-1]["after"] != "OVERDUE" or told[-1]["clock"]["target"] != "last":
            told.append(stream.next())
    assert {each["because"] for each in told} == {"TIME"}
    assert [(each["clock"]["target"], each["after"]) for each in told if each["before"] == "RUNNING"] == [
        ("step", "LAPSED"),
        ("next", "LAPSED"),
        ("resolution", "OVERDUE"),
        ("lived", "OVERDUE"),
        ("legal", "OVERDUE"),
        ("last", "OVERDUE"),
    ]
    later = follower.some(CHANGED, len(told), unit=SOUTH, after=before)
    assert list(map(shown, later)) == list(map(shown, told))


def test_the_clocks_of_a_unit_are_followed_by_whatever_name_it_takes(workspace: Workspace, follower: Follower) -> None:
    at = BEGUN + 3_000 * HOUR
    tell(workspace.ledger, OpenUnit(at=at, name="一部", kind=UnitKind.BRANCH), at=at)
    with follower.following(CHANGED, unit="一部", after=follower.token()) as stream:
        for number, name in ((94, "一部"), (95, "二部")):
            if number == 95:
                tell(workspace.ledger, RenameUnit(at=at, unit_id=id_of_unit("一部"), name=name), at=at)
            tell(workspace.ledger, received(number, at=at), at=at)
            tell(workspace.ledger, RegisterCase(at=at, case_id=case_id(number), unit=name), at=at)
            told = [stream.next() for _ in range(10)]
            assert {each["position"] for each in told} == {workspace.ledger.head()}
