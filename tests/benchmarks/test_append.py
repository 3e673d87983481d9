from collections.abc import Callable, Iterator
from itertools import count
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

from domain.envelope import Submission
from ledger.append import Write, Written
from ledger.ledger import Ledger
from tests.benchmarks.durable import DATA, METADATA, Floor, a_ledger, a_response, a_write, floor_row, registered_cases
from tests.benchmarks.side_by_side import Work, compare, in_threads
from tests.conftest import Database

COMMANDS_A_ROUND = 3_200
"""With 32 writers."""
BULK_EVENTS = 10_000
EVENTS_A_COMMAND = 5
RESPONSES_A_CASE = 5


@pytest.fixture
def ledger(database: Database) -> Iterator[Ledger]:
    """An empty book."""
    ledger = a_ledger(database.writer_url)
    yield ledger
    ledger.close()
    ledger.database.close()


@pytest.fixture
def floor(database: Database) -> Iterator[Floor]:
    floor = Floor(database.writer_url, database.owner_url)
    yield floor
    floor.close()


@pytest.fixture
def stock(database: Database) -> Iterator[PostgresApplicationRecorder]:
    """The library's own recorder, as it ships."""
    info: Any = psycopg.conninfo.conninfo_to_dict(database.owner_url)
    with PostgresDatastore(
        dbname=info["dbname"], host=info["host"], port="5432", user=info["user"], password="", pool_size=35
    ) as store:
        recorder = PostgresApplicationRecorder(store, events_table_name="stock")
        recorder.create_table()
        yield recorder


@pytest.mark.parametrize("writers", [1, 8, 32])
def test_one_event_appends(
    rounds: int, writers: int, ledger: Ledger, floor: Floor, stock: PostgresApplicationRecorder
) -> None:
    each = COMMANDS_A_ROUND // 32
    before = ledger.head()

    def ours(writes: list[list[Write]]) -> int:
        def append(writer: int) -> int:
            done = [ledger.database.write("main", write) for write in writes[writer]]
            return sum(isinstance(result, Written) for result in done)

        return in_threads(writers, append)

    def library(events: list[list[StoredEvent]]) -> int:
        def append(writer: int) -> int:
            for event in events[writer]:
                stock.insert_events([event])
            return len(events[writer])

        return in_threads(writers, append)

    def bare(rows: list[list[list[Any]]]) -> int:
        return in_threads(writers, lambda writer: floor.insert(rows[writer], writer))

    compare(
        f"Recorder: one-event appends, {writers} writers, one book",
        rounds,
        Work("daybook recorder", ours, lambda: ledger.head() - before, _for_each(writers, each, a_write)),
        (
            Work("stock recorder", library, stock.max_notification_id, _for_each(writers, each, _a_stored_event)),
            "10 or more (32)",
        ),
        (
            Work("unlocked INSERT + COMMIT", bare, floor.rows, _for_each(writers, each, _a_row)),
            "0.5 or more (32)",
        ),
    )


@pytest.mark.parametrize("writers", [1, 8, 32])
def test_whole_commands(rounds: int, writers: int, ledger: Ledger, floor: Floor) -> None:
    each = COMMANDS_A_ROUND // 32
    cases = iter(registered_cases(ledger, (rounds + 1) * writers * each // RESPONSES_A_CASE + writers))
    before = ledger.head()

    def submissions() -> list[list[Submission]]:
        of_writer = [[next(cases) for _ in range(each // RESPONSES_A_CASE)] for _ in range(writers)]
        return [[a_response(*case) for _ in range(RESPONSES_A_CASE) for case in mine] for mine in of_writer]

    def ours(given: list[list[Submission]]) -> int:
        def carry_out(writer: int) -> int:
            return sum(len(ledger.carry_out(submission).placed) for submission in given[writer])

        return in_threads(writers, carry_out)

    def bare(rows: list[list[list[Any]]]) -> int:
        return in_threads(writers, lambda writer: floor.insert(rows[writer], writer))

    compare(
        f"Whole command: look up, read, decide, encrypt, append, {writers} writers",
        rounds,
        Work("carry_out", ours, lambda: ledger.head() - before, submissions),
        (
            Work("unlocked INSERT + COMMIT", bare, floor.rows, _for_each(writers, each, _a_row)),
            "0.2 or more (32)",
        ),
    )


def test_bulk_append(rounds: int, ledger: Ledger, floor: Floor) -> None:
    before = ledger.head()
    positions = count(1)

    def writes() -> list[Write]:
        return [a_write(EVENTS_A_COMMAND) for _ in range(BULK_EVENTS // EVENTS_A_COMMAND)]

    def rows() -> list[list[Any]]:
        return [floor_row(draft, next(positions)) for write in writes() for draft in write.drafts]

    def ours(writes: list[Write]) -> int:
        written = ledger.database.write_together("main", writes)
        return sum(isinstance(result, Written) for result in written) * EVENTS_A_COMMAND

    compare(
        f"Bulk append: {BULK_EVENTS} encoded events, {EVENTS_A_COMMAND} a command, checked and durable",
        rounds,
        Work("daybook bulk append", ours, lambda: ledger.head() - before, writes),
        (Work("binary COPY", floor.copy, None, rows), "0.7 or more"),
        (
            Work("INSERT ... SELECT without checks", floor.select, None, lambda: floor.stage(rows())),
            "none; for the profile",
        ),
    )
    assert floor.rows() == 2 * (rounds + 1) * BULK_EVENTS


def _for_each(writers: int, each: int, make: Callable[[], Any]) -> Callable[[], list[list[Any]]]:
    """Makes what every writer writes in a round."""
    return lambda: [[make() for _ in range(each)] for _ in range(writers)]


def _a_row() -> list[Any]:
    return floor_row(a_write().drafts[0])


def _a_stored_event() -> StoredEvent:
    return StoredEvent(uuid4(), 1, "response-sent.1", DATA + METADATA)
