"""`compareView`: what an auditor is shown, what the book keeps of it, and what is the command line's."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from api.graphql import comparing
from api.graphql.identity import global_id
from api.workspace import Workspace
from domain.book import ViewCompared, stream_of_book
from domain.stream import Category
from projections.case_file import CASE_FILE
from projections.customer_profile import CUSTOMER_PROFILE
from projections.view import View
from tests.api.graphql.asking import FrontEnd
from tests.conftest import Database
from tests.projections.amended import Writers
from tests.projections.books import case_id, fill
from tests.projections.tampered import Tamperer

SHOWN = """
view version position scope subjects seed same findings rows liveDigest freshDigest differing
differences { key kind swappedWith columns { column live fresh } }
"""


@pytest.fixture(scope="module")
def head(workspace: Workspace) -> int:
    """The end of a book with something in every view, and the views at it."""
    fill(workspace.ledger, cases=5)
    Writers(workspace.ledger, 5, customers=6, cases=12).write(80)
    return workspace.runner.catch_up()


@pytest.fixture
def hand(module_database: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(module_database.projector_url, autocommit=True) as connection:
        yield connection


def compared(front_end: FrontEnd, **asked: Any) -> Any:
    payload = front_end.change("compareView", SHOWN, **asked)
    assert payload["userErrors"] == []
    return payload["comparison"]


def recorded(workspace: Workspace) -> list[ViewCompared]:
    history = workspace.ledger.history(stream_of_book("main"))
    return [one.event for one in history if isinstance(one.event, ViewCompared)]


def test_the_rows_about_one_case_are_compared_and_the_result_is_recorded(
    front_end: FrontEnd, workspace: Workspace, head: int
) -> None:
    found = compared(front_end, view="CASE_FILE", subjectId=global_id(Category.CASE, "main", case_id(1)))
    event = recorded(workspace)[-1]
    assert found == {
        "view": "CASE_FILE",
        "version": CASE_FILE.version,
        "position": event.position,
        "scope": "KEY",
        "subjects": None,
        "seed": None,
        "same": True,
        "findings": [],
        "rows": 1,
        "liveDigest": event.live_digest,
        "freshDigest": event.live_digest,
        "differing": 0,
        "differences": [],
    }
    assert (event.key, event.rows) == (case_id(1), 1)


@pytest.mark.parametrize("view", [CASE_FILE, CUSTOMER_PROFILE], ids=lambda view: view.name)
def test_a_row_edited_by_hand_is_shown_with_both_values_and_once_only(
    front_end: FrontEnd, workspace: Workspace, head: int, hand: psycopg.Connection, view: View[Any]
) -> None:
    asked = {"commandId": str(uuid4()), "view": view.name.upper(), "sample": 200, "seed": 7}
    with hand.transaction(force_rollback=False):
        hand.execute(view.statement("CREATE TEMP TABLE saved AS SELECT * FROM {table}"))
    key, column = Tamperer(hand, view).edit()
    try:
        found = compared(front_end, **asked)
    finally:
        hand.execute(view.statement("DELETE FROM {table}"))
        hand.execute(view.statement("INSERT INTO {table} SELECT * FROM saved"))
    ((told,), event) = found["differences"], recorded(workspace)[-1]
    assert (told["key"], told["kind"], [one["column"] for one in told["columns"]]) == ([*key], "EDITED", [column])
    assert told["columns"][0]["live"] != told["columns"][0]["fresh"]
    assert (found["same"], found["differing"], event.anomalous, event.differing) == (False, 1, True, 1)
    before = workspace.ledger.head()
    again = compared(front_end, **asked)  # the answer got lost
    assert (again, workspace.ledger.head()) == (found | {"differences": None}, before)


@pytest.mark.parametrize(
    ("asked", "code", "field"),
    [
        ({}, "INVALID_INPUT", ["subjectId"]),
        ({"sample": 3, "subjectId": "x"}, "INVALID_INPUT", ["subjectId"]),
        ({"subjectId": "x"}, "INVALID_INPUT", ["subjectId"]),
        ({"sample": 201, "seed": 1}, "INVALID_INPUT", ["sample"]),
        ({"sample": 3}, "INVALID_INPUT", ["seed"]),
        ({"sample": 3, "seed": -1}, "INVALID_INPUT", ["seed"]),
    ],
    ids=["nothing", "both", "no id", "too many", "no seed", "no such seed"],
)
def test_what_cannot_be_compared_so_is_said_by_the_field(
    front_end: FrontEnd, workspace: Workspace, head: int, asked: dict[str, Any], code: str, field: list[str]
) -> None:
    before = workspace.ledger.head()
    payload = front_end.change("compareView", SHOWN, view="CASE_FILE", **asked)
    assert [(error["code"], error["field"]) for error in payload["userErrors"]] == [(code, field)]
    assert (payload["comparison"], workspace.ledger.head()) == (None, before)


def test_what_takes_too_long_for_one_answer_is_the_command_lines(
    front_end: FrontEnd, head: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparing, "MOST_EVENTS", 3)
    payload = front_end.change("compareView", SHOWN, view="CUSTOMER_PROFILE", sample=3, seed=1)
    (error,) = payload["userErrors"]
    assert (error["code"], error["params"]["limit"]) == ("COMPARISON_TOO_LARGE", 3)
    assert "Ask `daybook compare customer_profile`, which takes any number." in error["message"]
    of_one = global_id(Category.CASE, "main", case_id(1))
    assert compared(front_end, view="CASE_FILE", subjectId=of_one)["same"]
