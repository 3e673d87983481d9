from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

from ledger.append import Written
from ledger.embedded import Embedded
from ledger.ledger import Ledger
from ledger.migrate import migrate
from tests.benchmarks.durable import DATA, METADATA, Floor, a_ledger, a_response, a_write, floor_row, registered_cases
from tests.benchmarks.side_by_side import Work, compare, in_threads

COMMANDS_A_ROUND = 640
BULK_EVENTS = 10_000
EVENTS_A_COMMAND = 5


@pytest.fixture(scope="module")
def durable(open_folder: Path) -> Iterator[Embedded]:
    """A server that flushes what it acknowledges."""
    with Embedded(open_folder / "durable", settings={"max_connections": "150", "shared_buffers": "512MB"}) as server:
        migrate(server.url())
        yield server


@pytest.fixture(scope="module")
def ledger(durable: Embedded) -> Iterator[Ledger]:
    ledger = a_ledger(durable.url(user="daybook_writer"))
    yield ledger
    ledger.close()
    ledger.database.close()


@pytest.fixture
def floor(durable: Embedded) -> Iterator[Floor]:
    floor = Floor(durable.url(user="daybook_writer"), durable.url())
    yield floor
    floor.close()
    with psycopg.connect(durable.url(), autocommit=True) as owner:
        owner.execute("DROP TABLE public.floor; DROP SEQUENCE public.floor_position")


@pytest.fixture
def stock(durable: Embedded) -> Iterator[PostgresApplicationRecorder]:
    """The library's own recorder, as it ships."""
    info: Any = psycopg.conninfo.conninfo_to_dict(durable.url())
    with PostgresDatastore(
        dbname=info["dbname"], host=info["host"], port="5432", user=info["user"], password="", pool_size=35
    ) as store:
        recorder = PostgresApplicationRecorder(store, events_table_name=f"stock_{uuid4().hex[:8]}")
        recorder.create_table()
        yield recorder


@pytest.mark.parametrize("writers", [1, 8, 32])
def test_one_event_appends(
    writers: int, ledger: Ledger, floor: Floor, stock: PostgresApplicationRecorder, durable: Embedded
) -> None:
    each = COMMANDS_A_ROUND // 32
    before = ledger.head()

    def ours(_: int) -> int:
        done = [ledger.database.write("main", a_write()) for _ in range(each)]
        return sum(isinstance(result, Written) for result in done)

    def library(_: int) -> int:
        for _ in range(each):
            stock.insert_events([StoredEvent(uuid4(), 1, "response-sent.1", DATA + METADATA)])
        return each

    compare(
        f"Recorder: one-event appends, {writers} writers, one book",
        Work("daybook recorder", partial(in_threads, writers, ours), lambda: ledger.head() - before),
        (Work("stock recorder", partial(in_threads, writers, library), stock.max_notification_id), "10 or more (32)"),
        (Work("unlocked INSERT + COMMIT", partial(in_threads, writers, partial(floor.insert, each)), floor.rows),
         "0.5 or more (32)"),
    )  # fmt: skip


@pytest.mark.parametrize("writers", [1, 8, 32])
def test_whole_commands(writers: int, ledger: Ledger, floor: Floor) -> None:
    each = COMMANDS_A_ROUND // 32
    cases = registered_cases(ledger, writers * 10)
    before = ledger.head()

    def ours(writer: int) -> int:
        done = 0
        for turn in range(each):
            done += len(ledger.carry_out(a_response(*cases[writer * 10 + turn % 10])).placed)
        return done

    compare(
        f"Whole command: look up, read, decide, encrypt, append, {writers} writers",
        Work("carry_out", partial(in_threads, writers, ours), lambda: ledger.head() - before),
        (Work("unlocked INSERT + COMMIT", partial(in_threads, writers, partial(floor.insert, each)), floor.rows),
         "0.2 or more (32)"),
    )  # fmt: skip


def test_bulk_append(ledger: Ledger, floor: Floor) -> None:
    before = ledger.head()
    positions = iter(range(1, 10**9))

    def ours() -> int:
        writes = [a_write(EVENTS_A_COMMAND) for _ in range(BULK_EVENTS // EVENTS_A_COMMAND)]
        written = ledger.database.write_together("main", writes)
        return sum(isinstance(result, Written) for result in written) * EVENTS_A_COMMAND

    def copied() -> int:
        return floor.copy([floor_row(next(positions)) for _ in range(BULK_EVENTS)])

    compare(
        f"Bulk append: {BULK_EVENTS} encoded events, {EVENTS_A_COMMAND} a command, checked and durable",
        Work("daybook bulk append", ours, lambda: ledger.head() - before),
        (Work("binary COPY", copied, floor.rows), "0.7 or more"),
    )
