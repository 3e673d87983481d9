"""Arbitrary books, full of corrections: who follows them from the beginning knows in the end what the lists say."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from api.app import create_app
from api.graphql.identity import global_id, opaque
from api.workspace import NewBook, Workspace
from domain.book import BookTime
from domain.case.commands import RegisterCase
from domain.case.due import DueOrigin, StateDue
from domain.event import Precision
from domain.stream import Category
from tests.api.graphql.asking import FrontEnd, asking
from tests.api.graphql.conftest import ACTOR, opened
from tests.api.graphql.following import Follower, beside
from tests.api.graphql.test_followed_clocks import states
from tests.conftest import Database
from tests.ledger.submissions import OPENED
from tests.projections.amended import Writers
from tests.projections.books import UNITS, case_id, received
from tests.projections.regulated import tell

BOARD = """
subscription($unit: String, $after: ConsistencyToken) {
  casesOnBoard(unit: $unit, after: $after) { move caseId position consistencyToken }
}
"""
CLOCKS = """
subscription($unit: String, $after: ConsistencyToken) {
  slaChanged(unit: $unit, after: $after) { before after position clockId consistencyToken }
}
"""
LIST = """
query($unit: String, $after: String, $token: ConsistencyToken) {
  cases(first: 100, after: $after, consistencyToken: $token, filter: {
    unit: $unit, status: [RECEIVED, REGISTERED, IN_PROGRESS, PAUSED]
  }) { nodes { id } pageInfo { endCursor } }
}
"""


@pytest.fixture
def workspace(database: Database) -> Iterator[Workspace]:
    with opened(database, new_book=NewBook(BookTime.SIMULATED, "Asia/Shanghai", OPENED)) as workspace:
        yield workspace


@pytest.fixture
def follower(workspace: Workspace, front_end: FrontEnd) -> Iterator[Follower]:
    with beside(front_end, workspace) as follower:
        yield follower


@pytest.fixture
def front_end(workspace: Workspace) -> Iterator[FrontEnd]:
    with asking(create_app(workspace, development_actor=ACTOR)) as running:
        yield running


def written(workspace: Workspace, seed: int) -> Iterator[None]:
    """Things that happen in the book, some of them at a time."""
    writers = Writers(workspace.ledger, seed, customers=5, cases=12)
    for _ in range(4):
        assert writers.write(200)
        yield


@pytest.mark.parametrize("seed", [1, 2])
def test_who_follows_a_board_of_a_corrected_history_knows_in_the_end_what_stands_on_it(
    workspace: Workspace, follower: Follower, seed: int
) -> None:
    unit, token = None if seed == 1 else UNITS[0], follower.token()
    board, moves = set[str](), 0
    for part, _ in enumerate(written(workspace, seed)):
        sentinel = global_id(Category.CASE, "main", case_id(900 + part))
        tell(workspace.ledger, received(900 + part, at=OPENED), at=OPENED)
        tell(workspace.ledger, RegisterCase(at=OPENED, case_id=case_id(900 + part), unit=UNITS[0]), at=OPENED)
        with follower.following(BOARD, unit=unit, after=token) as stream:
            while sentinel not in board:
                told = stream.next()
                assert (told["caseId"] in board) == (told["move"] != "ENTER")
                moves += 1
                (board.discard if told["move"] == "LEAVE" else board.add)(told["caseId"])
                token = told["consistencyToken"]
        nodes = follower.front_end.ask(LIST, unit=unit, token=token)["cases"]["nodes"]
        assert board == {each["id"] for each in nodes}
    assert moves > (60 if unit is None else 15)


@pytest.mark.parametrize("seed", [3, 4])
def test_who_follows_clocks_of_a_corrected_history_knows_in_the_end_how_they_stand(
    workspace: Workspace, follower: Follower, seed: int
) -> None:
    unit, token = UNITS[seed % 3], follower.token()
    known: dict[str, str] = {}
    for part, _ in enumerate(written(workspace, seed)):
        case, due = case_id(900 + part), datetime.now(UTC) - timedelta(minutes=1)
        tell(workspace.ledger, received(900 + part, at=OPENED), at=OPENED)
        tell(workspace.ledger, RegisterCase(at=OPENED, case_id=case, unit=unit), at=OPENED)
        stated = StateDue(at=OPENED, case_id=case, target="stated", due_at=due, due_precision=Precision.INSTANT,
                          stated_by=DueOrigin.COMPANY)  # fmt: skip
        tell(workspace.ledger, stated, at=OPENED)
        about = opaque("clock", "main", f"case-{case}/stated/stated/1/1/")
        with follower.following(CLOCKS, unit=unit, after=token) as stream:
            while known.get(about) != "OVERDUE":
                told = stream.next()
                assert told["before"] == known.get(told["clockId"])
                known |= {told["clockId"]: told["after"]} if told["after"] else {}
                if told["after"] is None:
                    del known[told["clockId"]]
                token = told["consistencyToken"]
        by_list = states(follower, {"unit": unit})
        assert {clock: known.get(clock) for clock in by_list} == by_list
        assert {known[clock] for clock in known.keys() - by_list.keys()} <= {"NOT_STARTED"}
    assert len(known) > 20
