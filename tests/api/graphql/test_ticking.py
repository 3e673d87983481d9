"""A page that ticks by itself: what it makes of one answer is what the server says later, if nothing happens."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.app import create_app
from api.graphql.identity import global_id
from api.workspace import NewBook, Workspace
from domain.book import BookTime
from domain.case.commands import PauseCase, RegisterCase, SendResponse
from domain.case.events import PauseGround, ResponseKind
from domain.channel import Channel
from domain.customer import AssignTier, Tier
from domain.stream import Category
from tests.api.graphql.asking import FrontEnd, asking
from tests.api.graphql.conftest import ACTOR, opened
from tests.conftest import Database
from tests.ledger.submissions import register_customer
from tests.projections.books import case_id, customer_id, received
from tests.projections.regulated import promise, tell

BEGUN = datetime(2099, 3, 2, 1, 0, tzinfo=UTC)
"""A Monday at nine o'clock in Shanghai, later than any clock by which tests run."""
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
TICK = timedelta(microseconds=1)
CASES = (1, 2, 3)
CLOCKS = """query($id: ID!) { case(id: $id) { clocks {
  id target state evaluatedAt stateChangesAt nextStates { at state } warnAt alarms { kind at } dueAt dueOn zone
  remainingSeconds upcoming { begin end counted } verdicts { now }
} } }"""


@pytest.fixture(scope="module")
def workspace(module_database: Database) -> Iterator[Workspace]:
    """A customer of the gold tier, one of none, and a case that waits; a chain of targets that open one another."""
    with opened(module_database, new_book=NewBook(BookTime.SIMULATED, "Asia/Shanghai", BEGUN)) as workspace:
        ledger = workspace.ledger
        promise(ledger, at=BEGUN)
        for number in CASES:
            tell(ledger, register_customer(customer_id(number), at=BEGUN), at=BEGUN)
            if number == 1:
                tell(ledger, AssignTier(at=BEGUN, customer_id=customer_id(1), tier=Tier.GOLD), at=BEGUN)
            tell(ledger, received(number, at=BEGUN, customer_id=customer_id(number)), at=BEGUN)
            tell(ledger, RegisterCase(at=BEGUN, case_id=case_id(number)), at=BEGUN)
        tell(ledger, PauseCase(at=BEGUN + HOUR, case_id=case_id(3), ground=PauseGround.VENDOR), at=BEGUN + HOUR)
        # Done before its turn: what opens later is over when it begins.
        at = BEGUN + HOUR + MINUTE
        answered = SendResponse(at=at, case_id=case_id(3), kind=ResponseKind.UPDATE, channel=Channel.SMS)
        tell(ledger, answered, at=at)
        yield workspace


@pytest.fixture(scope="module")
def screen(workspace: Workspace) -> Iterator[FrontEnd]:
    with asking(create_app(workspace, development_actor=ACTOR)) as running:
        yield running


def clocks(workspace: Workspace, screen: FrontEnd) -> dict[str, Any]:
    """All clocks of the book as the server says that they stand."""
    assert workspace.runner.wait_for(workspace.ledger.head(), 20)
    found = {}
    for number in CASES:
        for clock in screen.ask(CLOCKS, id=global_id(Category.CASE, "main", case_id(number)))["case"]["clocks"]:
            found[clock["id"]] = clock
    return found


def state_by_itself(clock: Any, now: datetime) -> str:
    """As a page makes it of what it was told."""
    states = [each["state"] for each in clock["nextStates"] if datetime.fromisoformat(each["at"]) <= now]
    state: str = states[-1] if states else clock["state"]
    return state


def left_by_itself(clock: Any, now: datetime) -> float:
    """Seconds, as the guide has it in JavaScript."""
    ahead = (
        datetime.fromisoformat(each["end"]) - max(now, datetime.fromisoformat(each["begin"]))
        for each in clock["upcoming"]
        if each["counted"]
    )
    return sum((max(each, timedelta()) for each in ahead), timedelta()).total_seconds()


def time_comes_to(workspace: Workspace, now: datetime) -> None:
    """A simulated book has come to an instant when something is recorded there: here about nobody's clock."""
    number = 1_000 + workspace.ledger.head()
    tell(workspace.ledger, register_customer(customer_id(number), at=now), at=now)


def test_a_page_that_ticks_from_one_answer_agrees_with_the_server_whenever_that_is_asked_later(
    workspace: Workspace, screen: FrontEnd
) -> None:
    told = clocks(workspace, screen)
    assert {clock["state"] for clock in told.values()} >= {"RUNNING", "NOT_STARTED", "PAUSED"}
    instants = set()
    for clock in told.values():
        assert clock["stateChangesAt"] == next((each["at"] for each in clock["nextStates"]), None)
        for each in clock["nextStates"]:
            changes = datetime.fromisoformat(each["at"])
            instants |= {changes - TICK, changes, changes + HOUR}
        instants |= {datetime.fromisoformat(each["at"]) for each in clock["alarms"]}
    began = max(datetime.fromisoformat(clock["evaluatedAt"]) for clock in told.values())
    seen: set[tuple[str, str]] = set()
    for now in sorted(each for each in instants if each > began):
        time_comes_to(workspace, now)
        later = clocks(workspace, screen)
        assert later.keys() == told.keys()
        for name, clock in later.items():
            assert datetime.fromisoformat(clock["evaluatedAt"]) == now
            assert clock["state"] == state_by_itself(told[name], now), (clock["target"], now)
            if clock["state"] == told[name]["state"] == "RUNNING" and clock["dueAt"] is not None:
                assert int(left_by_itself(told[name], now)) == clock["remainingSeconds"], (clock["target"], now)
            seen.add((told[name]["state"], clock["state"]))
    assert seen >= {
        ("RUNNING", "RUNNING"), ("RUNNING", "OVERDUE"), ("RUNNING", "LAPSED"), ("NOT_STARTED", "RUNNING"),
        ("PAUSED", "PAUSED"),
    }  # fmt: skip
