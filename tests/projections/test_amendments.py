import random
from typing import Any

import pytest

from ledger.database import Database
from ledger.ledger import Ledger
from projections.registry import PROJECTIONS
from projections.runner import Runner
from projections.view import View
from tests.projections.amended import Writers, expected, kept
from tests.projections.journals import READ, WRITTEN

VIEWS: tuple[View[Any], ...] = (*PROJECTIONS, WRITTEN, READ)


def forget(projected: Database) -> None:
    with projected.connection() as connection:
        connection.execute("DELETE FROM views.cursor")


@pytest.mark.parametrize("seed", range(3))
def test_views_of_an_amended_book_equal_a_fold_of_its_history_as_it_is_read_by_now(
    ledger: Ledger, projected: Database, seed: int
) -> None:
    chance, runner = random.Random(seed), Runner(ledger, projected, VIEWS)
    writers = Writers(ledger, seed, customers=6, cases=25)
    for _ in range(6):
        writers.write(chance.randrange(1, 150))
        assert runner.catch_up(batch=chance.choice([1, 3, 40, 1000])) == ledger.head()
        for view in VIEWS:
            assert kept(ledger, view) == expected(ledger, view)
    forget(projected)
    assert Runner(ledger, projected, VIEWS).catch_up(batch=77) == ledger.head()
    for view in VIEWS:
        assert kept(ledger, view) == expected(ledger, view)


@pytest.mark.long
def test_the_same_holds_after_a_hundred_thousand_commands(ledger: Ledger, projected: Database) -> None:
    chance, runner = random.Random(9), Runner(ledger, projected, VIEWS)
    writers = Writers(ledger, 9, customers=1_500, cases=6_000)
    for _ in range(20):
        writers.write(5_000)
        assert runner.catch_up(batch=chance.choice([10, 300, 5_000])) == ledger.head()
    before = [kept(ledger, view) for view in VIEWS]
    for view, rows in zip(VIEWS, before, strict=True):
        assert rows == expected(ledger, view)
    forget(projected)
    assert Runner(ledger, projected, VIEWS).catch_up(batch=4_321) == ledger.head()
    assert [kept(ledger, view) for view in VIEWS] == before
