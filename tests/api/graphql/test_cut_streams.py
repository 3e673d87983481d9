"""A stream that is cut again and again goes on from its token: every event once, and in order."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from threading import Thread
from uuid import uuid4

import pytest

from api.workspace import Workspace
from domain.case.commands import ClassifyCase, ReceiveCase, RegisterCase
from domain.case.events import CaseKind
from domain.channel import Channel
from domain.envelope import Actor, ActorKind, Submission
from domain.stream import Category, category_of
from ledger.ledger import Ledger
from ledger.outcome import Accepted
from tests.api.graphql.asking import FrontEnd
from tests.api.graphql.following import Follower, beside

BOARD = """
subscription($after: ConsistencyToken) {
  casesOnBoard(after: $after, filter: { status: [RECEIVED, REGISTERED, IN_PROGRESS] }) {
    move caseId position consistencyToken case { id }
  }
}
"""
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
WRITER = Actor("writer", ActorKind.SYSTEM)
STEPS = 10


@pytest.fixture(scope="module")
def follower(workspace: Workspace, front_end: FrontEnd) -> Iterator[Follower]:
    with beside(front_end, workspace) as follower:
        yield follower


def lives(cases: int, chance: random.Random) -> Iterator[Submission]:
    """The steps of many cases, in whatever order."""
    of_cases = [iter(list(_life())) for _ in range(cases)]
    left = [case for case in of_cases for _ in range(STEPS)]
    chance.shuffle(left)
    return (next(case) for case in left)


def _life() -> Iterator[Submission]:
    case_id = uuid4()
    commands = [
        ReceiveCase(at=AT, case_id=case_id, kind=CaseKind.COMPLAINT, channel=Channel.WEB),
        RegisterCase(at=AT, case_id=case_id, unit="北京分部"),
        *(ClassifyCase(at=AT, case_id=case_id, category=f"category {number}") for number in range(STEPS - 2)),
    ]
    return (Submission(uuid4(), (command,), WRITER, "demo") for command in commands)


def write(ledger: Ledger, asked: Iterator[Submission], chance: random.Random, most: int) -> None:
    """Carries all of it out, some of it at a time."""
    every = list(asked)
    while every:
        some = chance.randint(1, most)
        assert all(isinstance(outcome, Accepted) for outcome in ledger.carry_out_all(every[:some]))
        del every[:some]


@pytest.mark.parametrize(
    ("cuts", "cases"), [(25, 60), pytest.param(100, 500, marks=pytest.mark.long)], ids=["a_few", "a_hundred"]
)
def test_a_stream_that_is_cut_over_thousands_of_events_yields_exactly_the_ledger(
    workspace: Workspace, follower: Follower, cuts: int, cases: int
) -> None:
    """Half of them are there before anybody follows, and half are written meanwhile."""
    ledger, chance, token = workspace.ledger, random.Random(100), follower.token()
    begun = ledger.head()
    write(ledger, lives(cases, chance), chance, 2_000)
    writer = Thread(target=write, args=(ledger, lives(cases, random.Random(7)), random.Random(8), 40))
    writer.start()
    told: list[tuple[int, str]] = []
    total = 2 * cases * STEPS
    for cut in range(cuts + 1):
        many = total - len(told) if cut == cuts else min(chance.randrange(2 * total // cuts), total - len(told))
        with follower.following(BOARD, after=token) as stream:
            for item in [stream.next() for _ in range(many)]:
                told.append((item["position"], item["move"]))
                token = item["consistencyToken"]
    writer.join()
    of_cases = [each for each in ledger.since(begun) if category_of(each.stream) == Category.CASE]
    assert told == [(each.position, "ENTER" if each.version == 1 else "UPDATE") for each in of_cases]
    assert len(told) == total
