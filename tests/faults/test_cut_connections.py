"""Connections are cut after the commit and before the acknowledgement: nothing is lost, and nothing done twice."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from domain.envelope import Submission
from ledger.database import Database
from ledger.errors import LedgerAway, StreamMoved
from ledger.ledger import Ledger
from ledger.outcome import Accepted, Outcome
from projections.case_file import by_ids
from projections.runner import Runner
from tests import conftest
from tests.faults.histories import shared_customers, shown, told_again, written_by
from tests.faults.proxy import LOST_ANSWER, LOST_REQUEST, TORN_ANSWER, Proxy
from tests.ledger.submissions import MASTER, opened

SEED = 20_261_121
WRITERS = 32
CUSTOMERS = 8
BEFORE = 1 + CUSTOMERS
"""The genesis, and the customers whom all writers know."""
AT_ONCE = timedelta(milliseconds=40)
"""Shorter than the first pause: the ledger itself tries nothing again, and its caller must."""


@pytest.fixture
def proxy(database: conftest.Database) -> Iterator[Proxy]:
    (folder,) = parse_qs(urlsplit(database.writer_url).query)["host"]
    with Proxy(Path(folder) / ".s.PGSQL.5432", seed=SEED, share=0.1) as running:
        yield running


def insist(ledger: Ledger, asked: Submission) -> Accepted:
    """Carries a submission out, asking again under the same id until there is an answer."""
    while True:
        try:
            return ledger.carry_out(asked)
        except (LedgerAway, StreamMoved):
            continue


def write(ledger: Ledger, mine: Sequence[Submission]) -> list[Accepted]:
    return [insist(ledger, asked) for asked in mine]


def stored(database: conftest.Database) -> tuple[list[int], int, set[int]]:
    """The book's positions in order, how many outcomes there are, and the numbers given."""
    with psycopg.connect(database.owner_url) as connection:
        positions = [p for (p,) in connection.execute("SELECT position FROM ledger.event ORDER BY position")]
        ((outcomes,),) = connection.execute("SELECT count(*) FROM ledger.outcome").fetchall()
        numbers = {
            n for (n,) in connection.execute("SELECT register_number FROM ledger.event WHERE register_series = 'C2026'")
        }
    return positions, outcomes, numbers


@pytest.mark.parametrize("commands", [2_500, pytest.param(10_000, marks=pytest.mark.long)])
def test_thousands_of_commands_over_connections_that_are_cut_are_each_carried_out_once(
    database: conftest.Database, proxy: Proxy, commands: int
) -> None:
    with Database(database.writer_url) as direct:
        book = opened(direct, "main")
        customers = shared_customers(CUSTOMERS)
        book.carry_out_all([registered for _, registered in customers])
        known = [customer for customer, _ in customers]
        asked = [
            written_by(writer, commands // WRITERS + (writer < commands % WRITERS), known, seed=SEED)
            for writer in range(WRITERS)
        ]
        answers = carried_out_through(proxy, database, asked)
        check_the_ledger(database, book, asked, answers)
        check_the_views(database, book, least=commands // 20)
        assert proxy.cuts.keys() == {LOST_REQUEST, LOST_ANSWER, TORN_ANSWER}
        assert min(proxy.cuts.values()) >= 10


def carried_out_through(
    proxy: Proxy, database: conftest.Database, asked: Sequence[Sequence[Submission]]
) -> list[list[Accepted]]:
    """The first answers to all, from two processes' worth of connections, while a runner follows."""
    url = proxy.url(database.name, conftest.WRITER)
    stop = Event()
    with (
        Database(url) as patient,
        Database(url, pool_size=WRITERS) as impatient,
        Database(proxy.url(database.name, conftest.PROJECTOR)) as views,
    ):
        impatient.patience = AT_ONCE
        ledgers = [Ledger(patient, MASTER, "main"), Ledger(impatient, MASTER, "main")]
        runner = Thread(target=Runner(ledgers[0], views).follow, args=(stop,), name="runner")
        runner.start()
        try:
            with ThreadPoolExecutor(WRITERS) as threads:
                return list(threads.map(write, (ledgers[nth % 2] for nth in range(WRITERS)), asked))
        finally:
            stop.set()
            runner.join()


def check_the_ledger(
    database: conftest.Database, book: Ledger, asked: Sequence[Sequence[Submission]], answers: list[list[Accepted]]
) -> None:
    """Positions 1..n without a gap, each command once, its outcome the same each time it is asked."""
    positions, outcomes, numbers = stored(database)
    commands = sum(map(len, asked))
    assert positions == list(range(1, len(positions) + 1))
    assert outcomes == commands + BEFORE
    first = [answer for mine in answers for answer in mine]
    placed = sorted(event.position for answer in first for event in answer.placed)
    assert placed == positions[BEFORE:]
    assert sum(answer.repeated for answer in first) >= 10, "answers were lost, and found by asking again"
    assert numbers == set(range(1, len(numbers) + 1))
    again: list[Outcome] = []
    everything = [one for mine in asked for one in mine]
    for start in range(0, commands, 1000):
        again += book.carry_out_all(everything[start : start + 1000])
    assert again == first
    sample = everything[:: commands // 200]
    assert [book.carry_out(one) for one in sample] == first[:: commands // 200]
    assert book.head() == len(positions)


def check_the_views(database: conftest.Database, book: Ledger, *, least: int) -> None:
    """The views equal to a fold that is written independently."""
    with Database(database.projector_url) as direct:
        runner = Runner(book, direct)
        assert runner.catch_up() == book.head()
        assert {standing.stopped for standing in runner.positions()} == {None}
        expected = told_again(database.owner_url, "main")
        views = {case: shown(view) for case, view in by_ids(direct, "main", expected).items()}
    assert len(views) > least
    assert views == expected


def test_a_server_that_recovers_is_asked_until_it_lets_in_and_not_after_longer_and_longer_pauses(
    proxy: Proxy, database: conftest.Database
) -> None:
    proxy.calm()
    proxy.too_early = 6
    with Database(proxy.url(database.name, conftest.WRITER), patience=timedelta(seconds=4)) as connected:
        assert connected.rows("SELECT 42") == [(42,)]
    assert proxy.too_early == 0
