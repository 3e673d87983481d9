"""Histories as a front end reads them: how each event is read, what it changed, and the clocks right after it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.app import create_app
from api.graphql import loaders
from api.graphql.identity import global_id
from api.workspace import NewBook, Workspace
from domain.book import BookTime
from domain.case.commands import ClassifyCase, RegisterCase, ResolveCase
from domain.case.events import CaseReceived, CaseResolved, Outcome
from domain.channel import Channel
from domain.personal import Personal
from domain.stream import Category, stream_of
from projections import as_known
from projections.sla_row import state_at
from tests.api.graphql.asking import FrontEnd, asking
from tests.api.graphql.conftest import ACTOR, opened
from tests.conftest import Database
from tests.ledger.submissions import receive, register_customer
from tests.projections.books import case_id, customer_id
from tests.projections.regulated import promise, tell
from tests.projections.righted import corrected, voided

BEGUN = datetime(2099, 3, 2, 1, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ONE = global_id(Category.CASE, "main", case_id(1))
REJECTED = CaseResolved(outcome=Outcome.REJECTED, redress=None, resolved_by=None, code=None)
CASES = 20
STEP = """
  version topic amendedBy isVoid
  readAs { topic data occurredAt occurredZone occurredPrecision personal { path text { state value } } }
  amendments { request kind state version decision effect reason requestedBy decidedBy }
  changes { field before after personalBefore { state } personalAfter { state value } }
  clocks { target title { en zh } part policy policyVersion cycle instance statutory state dueAt dueOn evaluatedAt }
"""
HISTORY = f"""query($id: ID!, $filter: HistoryFilter, $first: Int, $after: String) {{
  case(id: $id) {{ history(filter: $filter, first: $first, after: $after) {{
    nodes {{ {STEP} }} pageInfo {{ hasNextPage endCursor }}
  }} }}
}}"""
SNAPSHOT = f"""query($id: ID!, $position: SafeInt, $filter: HistoryFilter) {{
  caseSnapshot(id: $id, knownPosition: $position) {{ history(filter: $filter, first: 50) {{ nodes {{ {STEP} }} }} }}
}}"""
EVERY_CASE = """query($first: Int!) {
  cases(first: $first) { nodes { id history(first: 20) { nodes {
    version readAs { topic personal { text { value } } } amendments { effect } changes { field } clocks { state }
  } } } }
}"""


@pytest.fixture(scope="module")
def workspace(module_database: Database) -> Iterator[Workspace]:
    """Twenty cases; of the first one the words were corrected, the classification made void, and the resolution, which
    was written down days late, is asked to be read otherwise."""
    with opened(module_database, new_book=NewBook(BookTime.SIMULATED, "Asia/Shanghai", BEGUN)) as workspace:
        ledger = workspace.ledger
        promise(ledger, at=BEGUN)
        tell(ledger, register_customer(customer_id(1), at=BEGUN), at=BEGUN)
        for number in range(1, CASES + 1):
            case = case_id(number)
            told = receive(case, "线路不同", at=BEGUN, customer_id=customer_id(1))
            tell(ledger, told, RegisterCase(at=BEGUN, case_id=case), at=BEGUN)
            tell(ledger, ClassifyCase(at=BEGUN + DAY, case_id=case, category="line"), at=BEGUN + DAY)
        resolved = ResolveCase(at=BEGUN + 2 * DAY, case_id=case_id(1), outcome=Outcome.UPHELD)
        tell(ledger, resolved, at=BEGUN + 7 * DAY)
        stream = stream_of(Category.CASE, case_id(1))
        received = ledger.history(stream)[0].event
        assert isinstance(received, CaseReceived)
        words = Personal.open(customer_id(1), "线路不通")
        corrected(ledger, stream, 1, received.model_copy(update={"words": words, "channel": Channel.WEB}),
                  at=BEGUN - HOUR, asked=BEGUN + 8 * DAY)  # fmt: skip
        voided(ledger, stream, 4, asked=BEGUN + 9 * DAY)
        corrected(ledger, stream, 5, REJECTED, asked=BEGUN + 10 * DAY)
        assert workspace.runner.catch_up() == ledger.head()
        yield workspace


@pytest.fixture(scope="module")
def front_end(workspace: Workspace) -> Iterator[FrontEnd]:
    """A front end on that book."""
    with asking(create_app(workspace, development_actor=ACTOR)) as running:
        yield running


def nodes(front_end: FrontEnd, **where: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = front_end.ask(HISTORY, id=ONE, first=50, **where)["case"]["history"]["nodes"]
    return found


def test_a_corrected_event_says_how_it_is_read_by_which_request_and_when_it_really_happened(
    front_end: FrontEnd,
) -> None:
    received, *_, classified, resolved = nodes(front_end)[:5]
    assert received["amendedBy"] == 7
    read = received["readAs"]
    assert (read["topic"], read["occurredAt"], read["occurredZone"]) == (
        "case-received.1", "2099-03-02T00:00:00.000000Z", "Asia/Shanghai"
    )  # fmt: skip
    assert read["data"]["channel"] == "web"
    assert "线路不通" not in str(read["data"])
    assert read["personal"] == [{"path": "/words", "text": {"state": "OPEN", "value": "线路不通"}}]
    assert received["amendments"] == [{
        "request": 6, "kind": "CORRECTION", "state": "APPROVED", "version": 1, "decision": 7, "effect": "DECIDES",
        "reason": "mistyped", "requestedBy": "grace", "decidedBy": "李主任",
    }]  # fmt: skip
    assert (classified["amendedBy"], classified["isVoid"], classified["readAs"]) == (9, True, None)
    assert (received["isVoid"], resolved["isVoid"]) == (False, False)
    assert [each["effect"] for each in classified["amendments"]] == ["DECIDES"]
    assert resolved["readAs"]["data"]["outcome"] == "rejected"


def test_an_event_says_what_it_changed_and_an_amendment_what_is_read_otherwise_since(front_end: FrontEnd) -> None:
    every = nodes(front_end)
    nothing = {"personalBefore": None, "personalAfter": None}
    assert {"field": "category", "before": None, "after": "line", **nothing} in every[3]["changes"]
    assert every[8]["changes"] == [{"field": "category", "before": "line", "after": None, **nothing}]
    words = next(change for change in every[6]["changes"] if change["field"] == "words")
    assert (words["personalBefore"], words["personalAfter"]) == (
        {"state": "OPEN"}, {"state": "OPEN", "value": "线路不通"}
    )  # fmt: skip
    assert every[5]["changes"] == []


def test_an_event_says_how_the_clocks_stood_right_after_it_as_was_known_then(
    front_end: FrontEnd, workspace: Workspace
) -> None:
    stream = stream_of(Category.CASE, case_id(1))
    history = workspace.ledger.history(stream)
    for shown, recorded in zip(nodes(front_end), history, strict=True):
        at = recorded.recorded_at
        alone = as_known.clocks_at(workspace.ledger, [stream], recorded.position, at)[stream]
        assert [(each["target"], each["state"]) for each in shown["clocks"]] == [
            (timer.target, state_at(timer, at).name) for timer in alone
        ]
    states = [
        {each["target"]: each["state"] for each in shown["clocks"]}.get("resolution") for shown in nodes(front_end)
    ]
    assert states[2:5] == ["RUNNING", "RUNNING", "MET"]
    assert {each["evaluatedAt"] for each in nodes(front_end)[4]["clocks"]} == {"2099-03-09T01:00:00.000000Z"}


@pytest.mark.parametrize(
    ("where", "versions"),
    [
        ({}, [*range(1, 12)]),
        ({"topic": ["case-resolved.1"]}, [5]),
        ({"topic": ["case-resolved.1", "case-received.1"]}, [1, 5]),
        ({"actor": "nobody"}, []),
        ({"amended": True}, [1, 4, 5]),
        ({"departed": True}, []),
        ({"occurredBefore": "2099-03-02T00:30:00Z"}, [1]),
        ({"recordedFrom": "2099-03-10T00:00:00Z"}, [6, 7, 8, 9, 10, 11]),
        ({"recordedFrom": "2099-03-10T00:00:00Z", "recordedBefore": "2099-03-11T00:00:00Z"}, [6, 7]),
        ({"occurredFrom": "2099-03-03T00:00:00Z", "amended": True}, [4, 5]),
    ],
    ids=str,
)
def test_a_filter_narrows_a_history_down(front_end: FrontEnd, where: dict[str, Any], versions: list[int]) -> None:
    assert [each["version"] for each in nodes(front_end, filter=where)] == versions


def test_a_filtered_history_comes_page_after_page(front_end: FrontEnd) -> None:
    first = front_end.ask(HISTORY, id=ONE, first=2, filter={"amended": True})["case"]["history"]
    assert [each["version"] for each in first["nodes"]] == [1, 4]
    assert first["pageInfo"]["hasNextPage"] is True
    rest = front_end.ask(HISTORY, id=ONE, first=2, filter={"amended": True}, after=first["pageInfo"]["endCursor"])
    assert [each["version"] for each in rest["case"]["history"]["nodes"]] == [5]
    assert rest["case"]["history"]["pageInfo"]["hasNextPage"] is False


def test_a_snapshot_says_of_each_event_what_was_known_of_it_then(front_end: FrontEnd, workspace: Workspace) -> None:
    now = nodes(front_end)
    position = workspace.ledger.history(stream_of(Category.CASE, case_id(1)))[7].position
    then = front_end.ask(SNAPSHOT, id=ONE, position=position)["caseSnapshot"]["history"]["nodes"]
    assert [each["version"] for each in then] == [*range(1, 9)]
    assert then[0] == now[0]
    assert (then[3]["amendedBy"], then[3]["readAs"]) == (None, None)
    assert [(each["effect"], each["decision"]) for each in then[3]["amendments"]] == [("OPEN", None)]
    assert [each["clocks"] for each in then] == [each["clocks"] for each in now[:8]]
    amended = front_end.ask(SNAPSHOT, id=ONE, position=position, filter={"amended": True})["caseSnapshot"]["history"]
    assert [each["version"] for each in amended["nodes"]] == [1, 4]


def test_pages_of_history_with_all_of_it_take_a_handful_of_statements_for_one_case_and_for_twenty(
    front_end: FrontEnd, statements: list[str]
) -> None:
    one = front_end.ask(EVERY_CASE, first=1)
    for_one = len(statements)
    statements.clear()
    twenty = front_end.ask(EVERY_CASE, first=CASES)
    assert (len(one["cases"]["nodes"]), len(twenty["cases"]["nodes"])) == (1, CASES)
    assert all(node["clocks"] for case in twenty["cases"]["nodes"] for node in case["history"]["nodes"][2:])
    assert len(statements) <= for_one + 6
    assert len(statements) <= 16


def test_clocks_after_more_events_than_are_gone_through_are_refused_by_name(
    front_end: FrontEnd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loaders, "MOST_GONE_THROUGH", 20)
    document = "query($id: ID!) { case(id: $id) { history(first: 50) { nodes { clocks { state } } } } }"
    (error,) = front_end.send(document, id=ONE).json()["errors"][:1]
    assert (error["extensions"]["code"], "Ask for shorter pages" in error["message"]) == ("DOCUMENT_TOO_LARGE", True)
