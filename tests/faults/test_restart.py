"""The database is killed in the middle of carry_out: what was asked is carried out, or away, and never half of it."""

import os
import signal
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Semaphore
from uuid import uuid4

import pytest

from domain.envelope import Submission
from ledger.database import Database
from ledger.embedded import Embedded
from ledger.errors import LedgerAway
from ledger.ledger import Ledger
from ledger.migrate import migrate
from ledger.outcome import Accepted
from tests.conftest import WRITER
from tests.faults.histories import shared_customers, written_by
from tests.ledger.submissions import MASTER, opened, receive, register, submission

# Whoever is acknowledged is in the log, though not on the disk: the server dies here, the machine does not.
SETTINGS = {"fsync": "off", "full_page_writes": "off"}
WRITERS = 8
COMMANDS = 150
LONG = timedelta(seconds=60)


class Machine:
    """A server of this test's own, which can be killed and started again on its data."""

    def __init__(self, folder: Path) -> None:
        self._data = folder / "pg"
        self._server = Embedded(self._data, settings=SETTINGS)

    def url(self, user: str) -> str:
        return self._server.url(user=user)

    def kill(self, how: signal.Signals) -> None:
        os.kill(int((self._data / "postmaster.pid").read_text().split()[0]), how)

    def start(self) -> None:
        with self._server:
            self._server = Embedded(self._data, settings=SETTINGS)

    def stop(self) -> None:
        self._server.close()


@pytest.fixture
def machine(open_folder: Path) -> Iterator[Machine]:
    folder = Path(tempfile.mkdtemp(dir=open_folder))
    folder.chmod(0o755)
    running = Machine(folder)
    migrate(running.url("postgres"))
    yield running
    running.stop()


def whole(ledger: Ledger, asked: Sequence[Submission], answers: Sequence[Accepted]) -> None:
    """Positions without a gap, each command whole and once, and its answer the same as before."""
    book = ledger.since(0)
    assert (
        [recorded.position for recorded in book] == list(range(1, len(book) + 1)) == list(range(1, ledger.head() + 1))
    )
    commands = {one.command_id: one for one in asked}
    placed = [event for answer in answers for event in answer.placed]
    assert len({event.position for event in placed}) == len(placed)
    assert all(book[e.position - 1][1:3] == (e.stream, e.version) for e in placed)
    assert ledger.carry_out_all([commands[answer.command_id] for answer in answers]) == list(answers)
    assert ledger.head() == len(book)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGQUIT])
def test_a_database_that_is_killed_and_comes_back_is_waited_for(machine: Machine, how: signal.Signals) -> None:
    customers = shared_customers(4)
    asked = [written_by(writer, COMMANDS, [c for c, _ in customers], seed=7) for writer in range(WRITERS)]
    acknowledged = Semaphore(0)

    with Database(machine.url(WRITER), patience=LONG) as database:
        ledger = opened(database, "main")
        ledger.carry_out_all([registered for _, registered in customers])

        def write(mine: Sequence[Submission]) -> list[Accepted]:
            answers = []
            for one in mine:
                answers.append(ledger.carry_out(one))
                acknowledged.release()
            return answers

        with ThreadPoolExecutor(WRITERS) as threads:
            writing = [threads.submit(write, mine) for mine in asked]
            for _ in range(2):
                for _ in range(200):
                    acknowledged.acquire(timeout=60)
                machine.kill(how)
                machine.start()
            answers = [answer for future in writing for answer in future.result()]
        assert len(answers) == WRITERS * COMMANDS
        whole(ledger, [one for mine in asked for one in mine], answers)
        positions = {event.position for answer in answers for event in answer.placed}
        assert positions == set(range(2 + len(customers), ledger.head() + 1))


def test_a_database_that_stays_away_is_named_and_nothing_is_half_written(machine: Machine) -> None:
    with Database(machine.url(WRITER), patience=timedelta(seconds=1)) as database:
        ledger = opened(database, "main")
        first = submission(receive(uuid4(), "三月份收了两次费"))
        before = ledger.carry_out(first)
        case = uuid4()
        second = submission(receive(case, "三月份收了两次费"), register(case))
        machine.kill(signal.SIGQUIT)
        for ask in (lambda: ledger.carry_out(second), lambda: ledger.carry_out_all([second]), ledger.head):
            with pytest.raises(LedgerAway, match="The database does not answer"):
                ask()
        machine.start()
    with Database(machine.url(WRITER), patience=LONG) as again:
        ledger = Ledger(again, MASTER, "main")
        assert ledger.carry_out(first) == before
        assert ledger.carry_out(second).position == 4
        whole(ledger, [first, second], [before, ledger.carry_out(second)])
