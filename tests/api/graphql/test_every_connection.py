import json
import threading
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from api.app import create_app
from api.workspace import NewBook
from domain.book import BookTime
from tests.api.graphql.asking import FrontEnd, asking
from tests.api.graphql.conftest import ACTOR, opened
from tests.api.graphql.crowd import MANY, crowd
from tests.api.graphql.every_connection import WAYS, Place, everything, pages, places
from tests.api.guides.month import OPENED, ZONE
from tests.conftest import Database

PLACES = places()
every_connection = pytest.mark.parametrize("place", PLACES, ids=str)
PAGE = "nodes { __typename } edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
MORE = 6
"""A hundred items are about more kinds of things than one, each of which is read at once, and which look-ups meet in
one batch varies a little between runs. One for each item would be many more."""

FEW = {"ComplianceRow.clocks", "OverrideCount.entries", "Unit.history"}
"""Of which two a row are no twenty: rows of counts are few, as is what happens to a unit."""

WITHIN = {"AbsorbedCustomer": 1}
"""So many items a page, where two with all that is in them are more nodes than are answered."""


@pytest.fixture(scope="module")
def front_end(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrontEnd]:
    """A front end on a book with many of everything."""
    new_book = NewBook(BookTime.SIMULATED, ZONE, OPENED)
    with opened(module_database, new_book=new_book) as workspace:
        crowd(workspace.ledger, tmp_path_factory.mktemp("crowd"))
        workspace.runner.catch_up()
        with asking(create_app(workspace, development_actor=ACTOR)) as running:
            yield running


@pytest.fixture(scope="module")
def cursors(front_end: FrontEnd) -> dict[Place, str]:
    """A cursor of each connection, as it gives it."""
    found = {}
    for place in PLACES:
        shown = pages(front_end.ask(place.document("first: 1", PAGE)))
        found[place] = next(page["pageInfo"]["endCursor"] for page in shown if page["nodes"])
    return found


def codes(front_end: FrontEnd, document: str, **variables: Any) -> set[str]:
    """The codes of an answer's errors; empty for an answer without any."""
    answer = front_end.send(document, **variables)
    return {error["extensions"]["code"] for error in answer.json().get("errors", ())}


def test_every_connection_can_be_reached() -> None:
    assert {place.parent for place in PLACES} == WAYS.keys()
    assert len(PLACES) > 20


@every_connection
def test_a_page_of_a_size_that_cannot_be_is_refused_by_name(front_end: FrontEnd, place: Place) -> None:
    found = {size: codes(front_end, place.document(size, PAGE, 1)) for size in ("first: -1", "last: -1", "first: 101")}
    assert found == {"first: -1": {"BAD_ARGUMENTS"}, "last: -1": {"BAD_ARGUMENTS"}, "first: 101": {"PAGE_TOO_LARGE"}}
    assert codes(front_end, place.document("last: 101", PAGE, 1)) == {"PAGE_TOO_LARGE"}
    assert codes(front_end, place.document("first: 1, last: 1", PAGE, 1)) == {"BAD_ARGUMENTS"}


@every_connection
def test_a_page_of_nothing_has_nothing_and_no_cursors(front_end: FrontEnd, place: Place) -> None:
    for page in pages(front_end.ask(place.document("first: 0", PAGE))):
        assert (page["nodes"], page["edges"]) == ([], [])
        assert (page["pageInfo"]["startCursor"], page["pageInfo"]["endCursor"]) == (None, None)


@every_connection
def test_pages_one_after_the_other_are_the_whole_list_from_either_end(front_end: FrontEnd, place: Place) -> None:
    lists = cut(front_end, place, "first: 20")
    longest = max(range(len(lists)), key=lambda nth: len(lists[nth]))
    whole = lists[longest]
    assert len(whole) > 1
    assert cut(front_end, place, "first: 2")[longest] == whole[:2]
    assert cut(front_end, place, "first: 2, after: $cursor", whole[0])[longest] == whole[1:3]
    assert cut(front_end, place, "last: 2, before: $cursor", whole[-1])[longest] == whole[:-1][-2:]


def cut(front_end: FrontEnd, place: Place, arguments: str, cursor: str | None = None) -> list[list[str]]:
    """The cursors of each page of an answer."""
    variables = "($cursor: String)" if cursor else ""
    given = {"cursor": cursor} if cursor else {}
    shown = pages(front_end.ask(place.document(arguments, PAGE, 20, variables), **given))
    return [[edge["cursor"] for edge in page["edges"]] for page in shown]


def sealed(value: Any) -> str:
    """A cursor with this inside."""
    return urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def unsealed(cursor: str) -> list[Any]:
    """What lies in a cursor."""
    found: list[Any] = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    return found


@every_connection
def test_a_cursor_that_is_none_is_refused_by_name(front_end: FrontEnd, cursors: dict[Place, str], place: Place) -> None:
    real = cursors[place]
    name, *values = unsealed(real)
    broken = ["", "nonsense", "冯", "%00", real[:-3], f"{real}!", "A" * 5_000, sealed(None), sealed([]), sealed({})]
    broken += [sealed([name]), sealed([name, *values, 1]), sealed(["other", *values]), sealed([name, *[None] * 9])]
    wrong: tuple[Any, ...] = (None, True, {}, [], "\0", 2**70, -(2**70), 1e400)
    broken += [sealed([name, *values[:-1], value]) for value in wrong]
    for end in ("first: 1, after: $cursor", "last: 1, before: $cursor"):
        document = place.document(end, PAGE, variables="($cursor: String)")
        found = {cursor: codes(front_end, document, cursor=cursor) for cursor in broken}
        assert {cursor: code for cursor, code in found.items() if code != {"BAD_CURSOR"}} == {}


@every_connection
def test_a_cursor_of_another_connection_is_a_place_in_the_same_order_or_none(
    front_end: FrontEnd, cursors: dict[Place, str], place: Place
) -> None:
    document = place.document("first: 1, after: $cursor", PAGE, variables="($cursor: String)")
    order = unsealed(cursors[place])[0]
    for other, cursor in cursors.items():
        found = codes(front_end, document, cursor=cursor)
        assert found == {"BAD_CURSOR"} or (found == set() and unsealed(cursor)[0] == order), str(other)


@every_connection
def test_a_page_takes_as_many_statements_for_one_item_as_for_a_hundred(
    front_end: FrontEnd, statements: list[str], place: Place
) -> None:
    shown = everything(place.items, 2)
    inner = f"nodes {{ {shown} }} pageInfo {{ hasNextPage }}"
    whole = place.parent in {"Query", "Unit"}
    counted, items = [], []
    for size in (1, 100):
        statements.clear()
        page = f"first: {size if whole else WITHIN.get(place.parent, 2)}"
        found = pages(front_end.ask(place.document(page, inner, most=size)))
        counted.append(len(statements))
        items.append(sum(len(page["nodes"]) for page in found))
    assert counted[1] <= counted[0] + MORE, (counted, items)
    assert items[1] >= MANY or str(place) in FEW, items


def test_the_clocks_behind_all_rows_of_a_report_take_one_statement_as_those_behind_one_do(
    front_end: FrontEnd, monkeypatch: pytest.MonkeyPatch
) -> None:
    """These are read on a connection at hand, which the watch over `Database.rows` does not see."""
    seen: list[str] = []
    execute = psycopg.Connection.execute

    def watched(self: psycopg.Connection, query: Any, *arguments: Any, **options: Any) -> Any:
        if threading.current_thread().name != "views" and "sla_timer" in str(query):
            seen.append(str(query))
        return execute(self, query, *arguments, **options)

    monkeypatch.setattr(psycopg.Connection, "execute", watched)
    asked = (
        "{ complianceReport(mostRows: %d, groupBy: [MONTH, TARGET]) { rows { clocks(first: 2) { nodes { id } } } } }"
    )
    counted, found = [], []
    for rows in (1, 100):
        seen.clear()
        found.append(front_end.ask(asked % rows)["complianceReport"]["rows"])
        counted.append(len(seen))
    assert counted[0] == counted[1] == 3  # the figures, the versions they rest on, and the clocks
    assert 2 < len(found[1]) <= 100
    assert found[1][:1] == found[0]
    assert all(row["clocks"]["nodes"] for row in found[1])
