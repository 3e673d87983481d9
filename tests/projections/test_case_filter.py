"""A filter says the same of a case by itself as of the rows of the table."""

import random
from datetime import timedelta
from typing import Any

from domain.case.events import CaseKind, Priority
from domain.case.state import Status
from domain.channel import Channel
from ledger.ledger import Ledger
from projections.case_file import EVERY_CASE, RECEIVED, CaseFilter, page
from projections.case_row import OpenLoop
from projections.paging import Window
from projections.runner import Runner
from tests.ledger.submissions import OPENED
from tests.projections.books import STAFF, UNITS, customer_id, fill

MANY = Window(RECEIVED, limit=1_000)


def test_a_filter_holds_for_the_cases_that_a_page_of_it_finds(ledger: Ledger, runner: Runner) -> None:
    fill(ledger, cases=60)
    runner.catch_up()
    every = page(ledger.database, ledger.book, MANY, EVERY_CASE).rows
    chance, found_any = random.Random(1), 0
    for _ in range(300):
        where = CaseFilter(**dict(chance.sample(_conditions(chance), 2)))
        found = page(ledger.database, ledger.book, MANY, where).rows
        assert found == [case for case in every if where.holds(case)], where
        found_any += bool(found)
    assert len(every) == 60
    assert found_any > 100


def _conditions(chance: random.Random) -> list[tuple[str, Any]]:
    """Something for each part of a filter."""
    times = [OPENED + timedelta(hours=hours) for hours in (10, 50, 90)]
    several: dict[str, Any] = {
        "statuses": Status,
        "kinds": CaseKind,
        "channels": Channel,
        "priorities": Priority,
        "categories": ("category 1", "category 2", "broadband"),
        "open_loops": OpenLoop,
    }
    single: dict[str, Any] = {
        "unit": UNITS,
        "units": [frozenset(UNITS[:2]), frozenset()],
        "handler": STAFF,
        "customer_id": [customer_id(number) for number in range(20)],
        "received_from": times,
        "received_before": times,
    }
    return [
        *((name, tuple(chance.sample(list(among), chance.randrange(3)))) for name, among in several.items()),
        *((name, chance.choice(among)) for name, among in single.items()),
    ]
