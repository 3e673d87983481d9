from contextlib import ExitStack
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest

from ledger.database import Database
from ledger.errors import LedgerAway, LedgerError
from ledger.ledger import Ledger
from tests import conftest
from tests.faults.servers import eventually
from tests.ledger.submissions import MASTER, receive, submission

NOWHERE = "postgresql://daybook_writer@/nothing?host=%2Fno%2Fsuch%2Ffolder&connect_timeout=2"
BRIEFLY = timedelta(seconds=1)


def hang_up_on(database: conftest.Database, role: str) -> int:
    """Ends every connection of a role to the test's database, as a restart would, and says how many there were."""
    with psycopg.connect(database.owner_url) as connection:
        ended = connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE usename = %s AND datname = current_database()",
            (role,),
        ).fetchall()
    return len(ended)


def nobody_is_connected(database: conftest.Database, role: str) -> bool:
    """Whether the server has no connection of a role left; it sees a moment later that one was closed."""
    with psycopg.connect(database.owner_url) as connection:
        found = connection.execute(
            "SELECT FROM pg_stat_activity WHERE usename = %s AND datname = current_database()", (role,)
        )
        return found.fetchone() is None


def test_a_database_that_is_away_at_the_start_is_named(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(LedgerAway, match="The database does not answer: "):
        Database(NOWHERE, patience=BRIEFLY)


def test_every_connection_of_the_pool_may_be_lost_at_once(database: conftest.Database) -> None:
    with Database(database.writer_url, patience=BRIEFLY, pool_size=10) as connected:
        with ExitStack() as all_used:
            for _ in range(10):
                all_used.enter_context(connected.connection())
        assert hang_up_on(database, conftest.WRITER) == 10
        assert connected.rows("SELECT 42") == [(42,)]


def test_reading_and_writing_go_on_over_new_connections(database: conftest.Database, ledger: Ledger) -> None:
    for _ in range(3):
        assert hang_up_on(database, conftest.WRITER) >= 1
        ledger.carry_out(submission(receive(uuid4())))
    assert [recorded.position for recorded in ledger.since(0)] == [1, 2, 3, 4]


def test_work_is_done_again_until_it_succeeds_and_other_errors_are_not_retried(database: conftest.Database) -> None:
    tries: list[str] = []

    def lost_twice(connection: psycopg.Connection) -> str:
        tries.append("try")
        if len(tries) < 3:
            hang_up_on(database, conftest.WRITER)
        connection.execute("SELECT 1")
        return "done"

    def wrong(connection: psycopg.Connection) -> None:
        tries.append("wrong")
        connection.execute("SELECT 1 / 0")

    with Database(database.writer_url) as connected:
        assert connected.patiently(lost_twice) == "done"
        with pytest.raises(psycopg.errors.DivisionByZero):
            connected.patiently(wrong)
    assert tries == ["try", "try", "try", "wrong"]


def test_a_limit_of_the_server_is_told_at_once_and_not_as_its_absence(database: conftest.Database) -> None:
    tries: list[str] = []

    def too_large(connection: psycopg.Connection) -> None:
        tries.append("try")
        connection.execute("SELECT array_fill(0, ARRAY[1000000, 1000000])")

    with Database(database.writer_url) as connected, pytest.raises(psycopg.errors.ProgramLimitExceeded):
        connected.patiently(too_large)
    assert tries == ["try"]


def test_ledgers_of_one_database_share_a_committer_for_each_book(database: conftest.Database, ledger: Ledger) -> None:
    sibling = Ledger(ledger.database, MASTER, "main")
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        connection.execute("LISTEN daybook")
        for _ in range(3):
            ledger.carry_out(submission(receive(uuid4())))
            sibling.carry_out(submission(receive(uuid4())))
        assert len(list(connection.notifies(timeout=10, stop_after=6))) == 6  # each goes out after its answer
        ((committers,),) = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = %s AND datname = current_database() "
            "AND query LIKE '%%pg_notify%%'",
            (conftest.WRITER,),
        ).fetchall()
    assert committers == 1


def test_closing_lets_every_connection_go(database: conftest.Database) -> None:
    with Database(database.writer_url) as connected:
        connected.rows("SELECT 1")
    assert eventually(nobody_is_connected, database, conftest.WRITER)


def test_a_closed_database_writes_nothing_more(database: conftest.Database, ledger: Ledger) -> None:
    write = ledger.first_write(submission(receive(uuid4())))
    ledger.database.close()
    with pytest.raises(LedgerError, match=r"This ledger has been closed\."):
        ledger.database.write("main", write)
    assert eventually(nobody_is_connected, database, conftest.WRITER)
