import psycopg
import pytest

from ledger.errors import LedgerError
from ledger.ledger import Ledger
from projections.runner import Runner
from tests import conftest
from tests.projections.books import fill


def test_an_event_that_somebody_removed_is_not_passed_over(
    ledger: Ledger, runner: Runner, database: conftest.Database
) -> None:
    head = fill(ledger, cases=5)
    gone = head // 2
    with psycopg.connect(database.owner_url) as connection:
        connection.execute("ALTER TABLE ledger.event DISABLE TRIGGER append_only")
        connection.execute("DELETE FROM ledger.event WHERE position = %s", (gone,))
    with pytest.raises(LedgerError, match=f"Position {gone} of book 'main' holds no event"):
        runner.catch_up(batch=5)
    assert max(standing.position for standing in runner.positions()) < gone
