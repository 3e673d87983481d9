from collections.abc import Iterator
from contextlib import closing
from uuid import uuid4

import psycopg
import pytest

from ledger.ledger import Ledger
from ledger.subscription import Listener
from tests import conftest
from tests.ledger.submissions import receive, submission
from tests.ledger.test_database import hang_up_on

LONG = 30.0


@pytest.fixture
def listening(database: conftest.Database) -> Iterator[psycopg.Connection]:
    """A connection that hears what the ledger tells."""
    with psycopg.connect(database.writer_url, autocommit=True) as connection:
        connection.execute("LISTEN daybook")
        yield connection


def heard(connection: psycopg.Connection) -> str:
    return next(connection.notifies(timeout=LONG, stop_after=1)).payload


@pytest.mark.parametrize("together", [False, True])
def test_a_book_that_grew_is_named_to_all_who_listen(
    ledger: Ledger, listening: psycopg.Connection, together: bool
) -> None:
    asked = submission(receive(uuid4()))
    ledger.carry_out_all([asked]) if together else ledger.carry_out(asked)
    assert heard(listening) == "main"


def test_a_listener_wakes_those_who_wait_after_each_append(ledger: Ledger) -> None:
    with closing(Listener(ledger.database.url)) as listener:
        seen = 0
        for _ in range(5):
            ledger.carry_out(submission(receive(uuid4())))
            beat = listener.wait(seen, LONG)
            assert beat > seen
            seen = beat


def test_a_listener_beats_though_nothing_is_told_and_after_its_connection_was_lost(
    database: conftest.Database, ledger: Ledger
) -> None:
    with closing(Listener(database.writer_url)) as listener:
        seen = listener.wait(0, LONG)
        assert hang_up_on(database, conftest.WRITER) >= 1
        for _ in range(3):
            beat = listener.wait(seen, LONG)
            assert beat > seen
            seen = beat


def test_a_wait_that_is_over_says_that_nothing_was_new(ledger: Ledger) -> None:
    with closing(Listener(ledger.database.url)) as listener:
        seen = listener.wait(0, LONG)
        assert listener.wait(seen, 0) >= seen
        assert listener.wait(0, LONG) >= 1


def test_closing_wakes_those_who_wait(ledger: Ledger) -> None:
    listener = Listener("postgresql://daybook_writer@/nothing?host=%2Fno%2Fsuch%2Ffolder")
    listener.close()
    assert listener.wait(10**9, LONG) < 10**9


def test_a_subscription_survives_a_lost_connection(database: conftest.Database, ledger: Ledger) -> None:
    with ledger.recorder.subscribe(gt=1) as subscription:
        ledger.carry_out(submission(receive(uuid4())))
        assert next(subscription).id == 2
        hang_up_on(database, conftest.WRITER)
        ledger.carry_out(submission(receive(uuid4())))
        assert next(subscription).id == 3
