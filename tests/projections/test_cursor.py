from ledger.database import Database
from ledger.ledger import Ledger
from projections.journal import Journal
from projections.registry import PROJECTIONS
from projections.runner import Runner
from tests import conftest
from tests.projections.books import fill, tables


def test_a_cursor_that_was_set_back_by_hand_counts_nothing_twice(
    ledger: Ledger, runner: Runner, projected: Database, database: conftest.Database
) -> None:
    head = fill(ledger, cases=15)
    runner.catch_up()
    expected = tables(database)
    with projected.connection() as connection:
        connection.execute("UPDATE views.cursor SET position = 1")
    assert runner.catch_up() < head
    stopped = [standing.stopped for standing in runner.positions()]
    ahead = ["UniqueViolation" if isinstance(view, Journal) else "RowAhead" for view in PROJECTIONS]
    assert [each.cause.partition(":")[0] for each in stopped if each] == ahead
    assert tables(database) == expected
    with projected.connection() as connection:
        connection.execute("DELETE FROM views.cursor")
    assert Runner(ledger, projected).catch_up() == head
    assert tables(database) == expected
