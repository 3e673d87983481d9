import json
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from domain.case.events import CaseKind, Priority
from domain.case.state import ENDED, Status
from domain.channel import Channel
from domain.customer import CustomerKind, Tier
from domain.envelope import RegisterNumber
from ledger.database import Database
from ledger.ledger import Ledger
from projections import case_file, customer_cases, customer_profile
from projections.case_file import CASE_FILE, CaseFile, CaseFilter
from projections.case_row import OpenLoop
from projections.cursor import views_of
from projections.customer_profile import CUSTOMER_PROFILE, CaseCounts, CustomerFilter, CustomerProfile
from projections.paging import BadPlace, Order, Window
from projections.runner import Runner
from tests import conftest
from tests.ledger.submissions import OPENED, opened
from tests.projections.books import UNITS, case_id, customer_id, fill, received, write

CASES = 60


@pytest.fixture
def cases(ledger: Ledger, runner: Runner, projected: Database) -> list[CaseFile]:
    """Every case of a book that has some, as the fold made it."""
    fill(ledger, cases=CASES)
    runner.catch_up()
    found = views_of(projected, "main", CASE_FILE, [case_id(number) for number in range(CASES)])
    assert len(found) == CASES
    return list(found.values())


@pytest.fixture
def customers(cases: list[CaseFile], projected: Database) -> list[CustomerProfile]:
    """Every customer of that book."""
    return list(
        views_of(projected, "main", CUSTOMER_PROFILE, [customer_id(number) for number in range(CASES)]).values()
    )


def walked(ask: Callable[..., Any], order: Order, **rest: Any) -> list[Any]:
    """Every row, page after page from the start."""
    rows: list[Any] = []
    page = ask(order=order, limit=7, **rest)
    while True:
        rows += page.rows
        if not page.has_more:
            return rows
        assert len(page.rows) == 7
        page = ask(order=order, limit=7, after=order.place_of(rows[-1]), **rest)


def walked_back(ask: Callable[..., Any], order: Order, **rest: Any) -> list[Any]:
    """Every row, page before page from the end."""
    rows: list[Any] = []
    page = ask(order=order, limit=7, from_end=True, **rest)
    while True:
        rows = page.rows + rows
        if not page.has_more:
            return rows
        page = ask(order=order, limit=7, from_end=True, before=order.place_of(rows[0]), **rest)


def in_order(views: list[Any], order: Order, *, descending: bool) -> list[Any]:
    """The same rows put in order here."""
    standing = [view for view in views if None not in place(view, order)]
    return sorted(standing, key=lambda view: place(view, order), reverse=descending)


def place(view: Any, order: Order) -> tuple[Any, ...]:
    return tuple(getattr(view, column) for column in order.columns)


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("order", case_file.ORDERS.values(), ids=case_file.ORDERS.keys())
def test_cases_are_paged_in_each_order_from_both_ends(
    cases: list[CaseFile], written: Database, order: Order, *, descending: bool
) -> None:
    def ask(**rest: Any) -> Any:
        return case_file.page(written, "main", Window(descending=descending, **rest))

    expected = in_order(cases, order, descending=descending)
    assert len(expected) > CASES // 2
    assert walked(ask, order) == expected
    assert walked_back(ask, order) == expected


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("order", customer_profile.ORDERS.values(), ids=customer_profile.ORDERS.keys())
def test_customers_are_paged_in_each_order_from_both_ends(
    customers: list[CustomerProfile], written: Database, order: Order, *, descending: bool
) -> None:
    def ask(**rest: Any) -> Any:
        return customer_profile.page(written, "main", Window(descending=descending, **rest))

    expected = in_order(customers, order, descending=descending)
    assert len(expected) > 10
    assert walked(ask, order) == expected
    assert walked_back(ask, order) == expected


def test_a_page_lies_between_two_places(cases: list[CaseFile], written: Database) -> None:
    ordered = in_order(cases, case_file.RECEIVED, descending=False)
    after, before = (case_file.RECEIVED.place_of(ordered[at]) for at in (9, 20))
    page = case_file.page(written, "main", Window(case_file.RECEIVED, after=after, before=before, limit=5))
    assert (page.rows, page.has_more) == (ordered[10:15], True)
    last = Window(case_file.RECEIVED, after=after, before=before, from_end=True, limit=5)
    page = case_file.page(written, "main", last)
    assert (page.rows, page.has_more) == (ordered[15:20], True)
    page = case_file.page(written, "main", Window(case_file.RECEIVED, after=after, before=before, limit=10))
    assert (page.rows, page.has_more) == (ordered[10:20], False)


DAY = timedelta(days=1)
FILTERS: dict[str, tuple[CaseFilter, Callable[[CaseFile], bool]]] = {
    "one status": (CaseFilter(statuses=(Status.CLOSED,)), lambda view: view.status is Status.CLOSED),
    "two statuses": (CaseFilter(statuses=ENDED), lambda view: view.status in ENDED),
    "kinds": (CaseFilter(kinds=(CaseKind.PRAISE,)), lambda view: view.kind is CaseKind.PRAISE),
    "channels": (CaseFilter(channels=(Channel.WEB,)), lambda view: view.channel is Channel.WEB),
    "priorities": (
        CaseFilter(priorities=(Priority.HIGH, Priority.LOW)),
        lambda view: view.priority in (Priority.HIGH, Priority.LOW),
    ),
    "categories": (CaseFilter(categories=("category 1",)), lambda view: view.category == "category 1"),
    "one open loop": (
        CaseFilter(open_loops=(OpenLoop.FOLLOW_UP,)),
        lambda view: OpenLoop.FOLLOW_UP in view.open_loops,
    ),
    "any open loop": (CaseFilter(open_loops=tuple(OpenLoop)), lambda view: bool(view.open_loops)),
    "unit": (CaseFilter(unit=UNITS[0]), lambda view: view.unit == UNITS[0]),
    "units": (CaseFilter(units=frozenset(UNITS[:2])), lambda view: view.unit in UNITS[:2]),
    "handler": (CaseFilter(handler="ada"), lambda view: view.handler == "ada"),
    "customer": (CaseFilter(customer_id=customer_id(0)), lambda view: view.customer_id == customer_id(0)),
    "received": (
        CaseFilter(received_from=OPENED + DAY, received_before=OPENED + 2 * DAY),
        lambda view: OPENED + DAY <= view.received_at < OPENED + 2 * DAY,
    ),
    "all at once": (
        CaseFilter(channels=(Channel.WEB,), unit=UNITS[1], received_from=OPENED + DAY),
        lambda view: view.channel is Channel.WEB and view.unit == UNITS[1] and view.received_at >= OPENED + DAY,
    ),
}


def test_cases_are_narrowed_by_every_filter(cases: list[CaseFile], written: Database) -> None:
    for name, (where, holds) in FILTERS.items():
        for order in case_file.ORDERS.values():
            expected = [view for view in in_order(cases, order, descending=True) if holds(view)]
            page = case_file.page(written, "main", Window(order, descending=True, limit=CASES), where)
            assert (name, order.name, page.rows) == (name, order.name, expected)
        assert any(holds(view) for view in cases), name
    nothing = CaseFilter()
    tried = {each.name for where, _ in FILTERS.values() for each in fields(CaseFilter)
             if getattr(where, each.name) != getattr(nothing, each.name)}  # fmt: skip
    assert tried == {each.name for each in fields(CaseFilter)}


def test_customers_are_narrowed_by_kind_and_tier(customers: list[CustomerProfile], written: Database) -> None:
    everybody = in_order(customers, customer_profile.REGISTERED, descending=False)
    gold = CustomerFilter(kinds=(CustomerKind.PERSON,), tiers=(Tier.GOLD,))
    window = Window(customer_profile.REGISTERED, limit=CASES)
    page = customer_profile.page(written, "main", window, gold)
    assert page.rows == [view for view in everybody if view.tier is Tier.GOLD] != []
    nobody = CustomerFilter(kinds=(CustomerKind.ORGANISATION,))
    assert customer_profile.page(written, "main", window, nobody).rows == []


def test_a_case_is_found_by_id_number_and_source_key(cases: list[CaseFile], written: Database) -> None:
    numbered = next(view for view in cases if view.register)
    assert numbered.register is not None
    assert case_file.by_id(written, "main", numbered.case_id) == numbered
    assert case_file.by_number(written, "main", numbered.register) == numbered
    assert case_file.by_source_key(written, "main", str(numbered.source_key)) == [numbered]
    some = {view.case_id: view for view in cases[:3]}
    assert case_file.by_ids(written, "main", [*some, UUID(int=9)]) == some
    assert case_file.by_id(written, "main", UUID(int=9)) is None
    assert case_file.by_number(written, "main", RegisterNumber("C2026", 9999)) is None
    assert case_file.by_source_key(written, "main", "nothing") == []


def test_two_systems_may_use_one_key(ledger: Ledger, runner: Runner, written: Database) -> None:
    for number, at in ((2, OPENED), (1, OPENED + DAY)):
        write(ledger, received(number, at=at, source_key="INC1"), at=at)
    runner.catch_up()
    found = case_file.by_source_key(written, "main", "INC1")
    assert [view.case_id for view in found] == [case_id(2), case_id(1)]


def test_a_customer_is_found_by_id_and_source_key_once_registered(
    customers: list[CustomerProfile], ledger: Ledger, runner: Runner, written: Database
) -> None:
    known = customers[0]
    assert customer_profile.by_id(written, "main", known.customer_id) == known
    assert customer_profile.by_ids(written, "main", [known.customer_id, UUID(int=9)]) == {known.customer_id: known}
    assert customer_profile.by_source_key(written, "main", "nothing") == []


def test_a_book_does_not_show_anothers_cases(cases: list[CaseFile], written: Database, projected: Database) -> None:
    other = opened(written, "other")
    Runner(other, projected).catch_up()
    assert case_file.page(written, "other", Window(case_file.RECEIVED, limit=CASES)).rows == []
    assert case_file.by_id(written, "other", cases[0].case_id) is None
    assert customer_profile.case_counts(written, "other", [customer_id(0)]) == {}


def test_the_cases_of_a_customer_are_counted_where_they_are_kept(cases: list[CaseFile], written: Database) -> None:
    asked = [customer_id(number) for number in range(CASES)]
    expected: dict[UUID, CaseCounts] = {}
    for view in cases:
        assert view.customer_id is not None
        so_far = expected.get(view.customer_id, CaseCounts(0, 0))
        expected[view.customer_id] = CaseCounts(so_far.cases + 1, so_far.open_cases + (view.status not in ENDED))
    assert customer_profile.case_counts(written, "main", asked) == expected


def test_the_cases_of_several_customers_come_in_one_answer(cases: list[CaseFile], written: Database) -> None:
    asked = [customer_id(0), customer_id(1), UUID(int=9)]
    window = Window(case_file.RECEIVED, True, limit=2)
    pages = customer_cases.pages(written, "main", asked, window)
    for customer in asked:
        theirs = [view for view in in_order(cases, case_file.RECEIVED, descending=True) if view.customer_id == customer]
        assert (pages[customer].rows, pages[customer].has_more) == (theirs[:2], len(theirs) > 2)


BAD_PLACES = [
    "", "[]", "null", "7", "{}", '"received"', "not json",
    '["number","C2026",1]',
    '["received"]',
    '["received","2026-03-02T09:00:00+00:00"]',
    '["received","2026-03-02T09:00:00+00:00","not an id"]',
    '["received","2026-03-02T09:00:00","00000000-0000-0000-0000-000000000001"]',
    '["received","yesterday","00000000-0000-0000-0000-000000000001"]',
    '["received",7,"00000000-0000-0000-0000-000000000001"]',
    '["received","2026-03-02T09:00:00+00:00",7]',
]  # fmt: skip


@pytest.mark.parametrize("bad", BAD_PLACES)
def test_what_is_no_place_in_the_order_is_told_so(rolled_back_pages: Callable[..., Any], bad: str) -> None:
    with pytest.raises(BadPlace, match="received"):
        rolled_back_pages(case_file.RECEIVED, bad)


@pytest.mark.parametrize("bad", ['["number","C2026","1"]', '["number",1,1]', '["number","a\\u0000",1]',
                                 '["number","C2026",99999999999]'])  # fmt: skip
def test_what_is_no_register_number_is_no_place_among_them(rolled_back_pages: Callable[..., Any], bad: str) -> None:
    with pytest.raises(BadPlace, match="number"):
        rolled_back_pages(case_file.NUMBER, bad)


@pytest.fixture
def rolled_back_pages() -> Callable[..., Any]:
    """What a page does first with a place."""
    return lambda order, bad: Window(order, after=bad, limit=10).condition()


def test_a_place_reads_back_as_the_values_it_was_made_of(cases: list[CaseFile]) -> None:
    for order in case_file.ORDERS.values():
        view = next(view for view in cases if view.register)
        assert json.loads(order.place_of(view))[0] == order.name
        assert tuple(order.values_of(order.place_of(view))) == place(view, order)


# Each question beside the index that it names.
LEANS: list[tuple[str, str, dict[str, Any]]] = [
    (case_file.BY_IDS, "case_file_1_pkey", {"ids": [case_id(1)]}),
    (case_file.BY_NUMBER, "case_file_1_number", {"series": "C2026", "number": 1}),
    (case_file.BY_SOURCE_KEY, "case_file_1_source_key", {"source_key": "INC0001"}),
    (customer_profile.BY_IDS, "customer_profile_2_pkey", {"ids": [customer_id(1)]}),
    (customer_profile.BY_SOURCE_KEY, "customer_profile_2_source_key", {"source_key": "K"}),
    (customer_profile.CASE_COUNTS, "case_file_1_customer", {"ids": [customer_id(1)], "ended": []}),
]
PAGES: list[tuple[Order, CaseFilter, str]] = [
    (case_file.RECEIVED, CaseFilter(), "received"),
    (case_file.RECEIVED, CaseFilter(kinds=(CaseKind.PRAISE,)), "kind"),
    (case_file.RECEIVED, CaseFilter(channels=(Channel.LETTER,)), "channel"),
    (case_file.RECEIVED, CaseFilter(priorities=(Priority.CRITICAL,)), "priority"),
    (case_file.NUMBER, CaseFilter(), "number"),
    (case_file.ACTIVITY, CaseFilter(), "activity"),
    (case_file.RECEIVED, CaseFilter(statuses=(Status.CLOSED,)), "status"),
    (case_file.RECEIVED, CaseFilter(categories=("category 1",)), "category"),
    (case_file.RECEIVED, CaseFilter(unit="East"), "unit"),
    (case_file.RECEIVED, CaseFilter(handler="ada"), "handler"),
    (case_file.RECEIVED, CaseFilter(customer_id=customer_id(1)), "customer"),
]


def test_each_question_leans_on_the_index_that_it_names(cases: list[CaseFile], database: conftest.Database) -> None:
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        # The tables are small; where an index serves at all, it is to be seen.
        connection.execute("SET enable_seqscan = off")
        connection.execute("SET enable_bitmapscan = off")
        connection.execute("SET enable_sort = off")
        connection.execute("ANALYZE views.case_file_1")
        connection.execute("ANALYZE views.customer_profile_2")

        def plan(query: str, parameters: dict[str, Any]) -> str:
            explained = connection.execute(f"EXPLAIN {query}", {"book": "main", **parameters}).fetchall()
            return "\n".join(line for (line,) in explained)

        for query, index, parameters in LEANS:
            assert f" using {index} " in plan(query, parameters)
        for order, where, index in PAGES:
            for descending in (False, True):
                window = Window(order, descending, order.place_of(next(v for v in cases if v.register)), limit=5)
                inside, places = window.condition()
                conditions, parameters = where.condition()
                query = CASE_FILE.query("SELECT {columns} FROM {table} WHERE book = %(book)s")
                query += "".join(f" AND {each}" for each in (*inside, *conditions))
                query += f" ORDER BY {window.ordering()} LIMIT 5"
                explained = plan(query, places | parameters)
                assert f" using case_file_1_{index} " in explained
                assert "Sort" not in explained


def test_instants_come_back_in_utc(cases: list[CaseFile]) -> None:
    assert {view.received_at.tzinfo for view in cases} == {UTC}
