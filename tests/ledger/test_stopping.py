from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import timedelta

import psycopg
import pytest

from ledger.database import Database
from ledger.errors import TookTooLong
from ledger.stopping import ASKED_FOR, Statements
from tests import conftest

SLEEP = "SELECT pg_sleep(600)::text"
DONE = "SELECT 'done'"
AT_WORK = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(600)%' AND state = 'active'"


def wait_until_at_work(database: conftest.Database, many: int) -> None:
    """Returns when so many statements that would take ten minutes are under way."""
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        while owner.execute(AT_WORK).fetchone() != (many,):
            pass


def test_what_is_done_for_somebody_is_stopped_on_every_connection_and_nothing_more_begins(
    database: conftest.Database,
) -> None:
    asked, other = Statements(), Statements()

    def rows(statements: Statements, query: str) -> list[tuple[str]]:
        ASKED_FOR.set(statements)
        return connected.rows(query)

    with Database(database.writer_url) as connected, ThreadPoolExecutor() as threads:
        working = [threads.submit(copy_context().run, rows, asked, SLEEP) for _ in range(3)]
        wait_until_at_work(database, 3)
        asked.stop()
        for each in working:
            with pytest.raises(TookTooLong, match="canceling statement due to user request"):
                each.result()
        wait_until_at_work(database, 0)
        with pytest.raises(TookTooLong, match="Nobody waits"):
            threads.submit(copy_context().run, rows, asked, DONE).result()
        assert threads.submit(copy_context().run, rows, other, DONE).result() == [("done",)]


def test_a_statement_that_begins_only_after_it_was_first_stopped_is_stopped_again(database: conftest.Database) -> None:
    asked = Statements()
    with (
        psycopg.connect(database.writer_url) as connection,
        psycopg.connect(database.writer_url) as other,
        ThreadPoolExecutor() as threads,
    ):
        with asked.at(connection):
            stopping = threads.submit(asked.stop)
            while may_begin(asked, other):
                pass
            with pytest.raises(psycopg.errors.QueryCanceled):
                connection.execute(SLEEP)
        stopping.result()


def may_begin(asked: Statements, connection: psycopg.Connection) -> bool:
    try:
        with asked.at(connection):
            return True
    except TookTooLong:
        return False


def test_a_statement_ends_when_its_time_is_up_and_is_not_tried_again(database: conftest.Database) -> None:
    with Database(database.writer_url, longest=timedelta(milliseconds=50)) as connected:
        with pytest.raises(TookTooLong, match="due to statement timeout"):
            connected.rows(SLEEP)
        assert connected.rows("SELECT 42") == [(42,)]
