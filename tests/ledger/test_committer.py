from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from uuid import uuid4

import psycopg
import pytest

from ledger.append import LeftOut, Write, Written
from ledger.committer import MOST_EVENTS, Committer
from ledger.database import Database
from ledger.errors import LedgerAway, LedgerError, UnknownBook
from ledger.ledger import Ledger
from tests import conftest
from tests.ledger.submissions import OPENED, case_stream, receive, register, submission

PATIENCE = timedelta(seconds=10)
ONE_WAITS = """
SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()
"""


@pytest.fixture
def committer(ledger: Ledger) -> Iterator[Committer]:
    """A committer of its own for the book, beside the ledger's."""
    committer = Committer(ledger.database.url, "main", PATIENCE, ledger.database.now)
    yield committer
    committer.close()


@contextmanager
def the_book_held(database: conftest.Database) -> Iterator[psycopg.Connection]:
    """Nobody else appends meanwhile: what is handed in has to wait."""
    with psycopg.connect(database.owner_url) as connection:
        connection.execute("SELECT FROM ledger.head WHERE book = 'main' FOR UPDATE")
        yield connection


def new_case(ledger: Ledger) -> Write:
    return ledger.first_write(submission(receive(case := uuid4(), "words"), register(case)))


def results(futures: list[Future[Written | LeftOut]]) -> list[Written | LeftOut]:
    return [future.result(timeout=30) for future in futures]


def transactions(database: Database) -> int:
    """How many transactions wrote the events after the genesis."""
    ((count,),) = database.rows("SELECT count(DISTINCT xmin::text) FROM ledger.event WHERE position > 1")
    return int(count)


def test_commands_that_arrive_while_one_commits_share_the_next_transaction(
    ledger: Ledger, committer: Committer, database: conftest.Database
) -> None:
    with the_book_held(database):
        futures = [committer.submit(new_case(ledger)) for _ in range(200)]
    written = results(futures)
    assert {type(result) for result in written} == {Written}
    assert len({result.base for result in written if isinstance(result, Written)}) == 200
    assert [recorded.position for recorded in ledger.since(0)] == list(range(1, 402))
    assert transactions(ledger.database) <= 2


def test_a_transaction_has_no_more_than_its_fill_of_events(
    ledger: Ledger, committer: Committer, database: conftest.Database
) -> None:
    one = new_case(ledger)
    with the_book_held(database):
        futures = [
            committer.submit(one._replace(
                command_id=uuid4(),
                sealed=(),
                drafts=tuple(draft._replace(stream=stream) for draft in one.drafts),
                expected=((stream, 0),),
            ))
            for stream in (case_stream(uuid4()) for _ in range(MOST_EVENTS))
        ]  # fmt: skip
    assert len(results(futures)) == MOST_EVENTS
    assert 2 <= transactions(ledger.database) <= 3
    largest = ledger.database.rows(
        "SELECT count(*) FROM ledger.event WHERE position > 1 GROUP BY xmin::text ORDER BY 1 DESC LIMIT 1"
    )
    assert largest == [(MOST_EVENTS,)]


def test_threads_that_carry_out_commands_share_transactions(ledger: Ledger, database: conftest.Database) -> None:
    with ThreadPoolExecutor(32) as threads:
        with the_book_held(database):
            asked = [threads.submit(ledger.carry_out, submission(receive(uuid4()))) for _ in range(32)]
            wait_until(
                database,
                ONE_WAITS,
            )
        positions = {future.result(timeout=30).position for future in asked}
    assert positions == set(range(2, 34))
    assert transactions(ledger.database) < 32


def wait_until(database: conftest.Database, question: str) -> None:
    """Asks the server again and again until it says yes."""
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        while connection.execute(question.encode()).fetchone() != (True,):
            pass


def test_commands_on_one_stream_go_one_after_another(
    ledger: Ledger, committer: Committer, database: conftest.Database
) -> None:
    case = uuid4()
    first = ledger.first_write(submission(receive(case)))
    rival = ledger.first_write(submission(receive(case)))
    follows = first._replace(
        command_id=uuid4(),
        drafts=tuple(draft._replace(version=2) for draft in first.drafts),
        expected=((case_stream(case), 1),),
    )
    with the_book_held(database):
        futures = [committer.submit(write) for write in (first, rival, follows, first)]
    assert results(futures) == [
        Written(1, OPENED, (None,)),
        LeftOut(repeated=False),
        Written(2, OPENED, (None,)),
        LeftOut(repeated=True),
    ]


def test_a_bad_row_fails_alone(ledger: Ledger, committer: Committer, database: conftest.Database) -> None:
    writes = [new_case(ledger) for _ in range(20)]
    for nth, column in ((3, {"occurred_precision": "year"}), (11, {"data": b"x" * 60_000})):
        broken = writes[nth].drafts[1]._replace(**column)
        writes[nth] = writes[nth]._replace(drafts=(writes[nth].drafts[0], broken))
    gap = writes[17].drafts[1]._replace(version=9)
    writes[17] = writes[17]._replace(drafts=(writes[17].drafts[0], gap))
    zoneless = writes[5].drafts[1]._replace(occurred_at=OPENED.replace(tzinfo=None))
    writes[5] = writes[5]._replace(drafts=(writes[5].drafts[0], zoneless))
    with the_book_held(database):
        futures = [committer.submit(write) for write in writes]
    unfit = {3: psycopg.errors.CheckViolation, 5: TypeError, 11: psycopg.errors.CheckViolation, 17: LedgerError}
    for nth, kind in unfit.items():
        with pytest.raises(kind):
            futures[nth].result(timeout=30)
    well = [future for nth, future in enumerate(futures) if nth not in unfit]
    assert {type(result) for result in results(well)} == {Written}
    assert [recorded.position for recorded in ledger.since(0)] == list(range(1, 34))
    numbers = [recorded.register.number for recorded in ledger.since(0) if recorded.register]
    assert numbers == list(range(1, 17))


def test_closing_writes_what_was_handed_in_and_takes_nothing_more(ledger: Ledger) -> None:
    committer = Committer(ledger.database.url, "main", PATIENCE, ledger.database.now)
    futures = [committer.submit(new_case(ledger)) for _ in range(100)]
    committer.close()
    assert all(future.done() for future in futures)
    assert {type(result) for result in results(futures)} == {Written}
    assert ledger.head() == 201
    with pytest.raises(LedgerError, match=r"This ledger has been closed\."):
        committer.submit(new_case(ledger))
    committer.close()


def test_a_lost_connection_is_replaced_and_nothing_is_written_twice(
    ledger: Ledger, committer: Committer, database: conftest.Database
) -> None:
    assert isinstance(committer.submit(new_case(ledger)).result(timeout=30), Written)
    with the_book_held(database) as owner:
        futures = [committer.submit(new_case(ledger)) for _ in range(10)]
        wait_until(
            database,
            ONE_WAITS,
        )
        owner.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE wait_event_type = 'Lock' AND datname = current_database()"
        ).fetchall()
    assert {type(result) for result in results(futures)} == {Written}
    assert [recorded.position for recorded in ledger.since(0)] == list(range(1, 24))


def test_a_database_that_stays_away_is_told_to_everyone_who_waits(ledger: Ledger) -> None:
    nowhere = "postgresql://daybook_writer@/nothing?host=%2Fno%2Fsuch%2Ffolder"
    committer = Committer(nowhere, "main", timedelta(milliseconds=200), ledger.database.now)
    futures = [committer.submit(new_case(ledger)) for _ in range(3)]
    for future in futures:
        with pytest.raises(LedgerAway, match="The database does not answer"):
            future.result(timeout=30)
    committer.close()


def test_a_book_that_is_not_there_is_told_to_everyone_who_waits(ledger: Ledger) -> None:
    committer = Committer(ledger.database.url, "elsewhere", PATIENCE, ledger.database.now)
    futures = [committer.submit(new_case(ledger)) for _ in range(3)]
    for future in futures:
        with pytest.raises(UnknownBook):
            future.result(timeout=30)
    committer.close()
