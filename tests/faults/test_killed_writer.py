"""A process that writes is killed outright: what it acknowledged is there, and what it had not is whole or absent."""

import subprocess
import sys
from collections import Counter
from uuid import UUID

import pytest

from ledger.database import Database
from ledger.ledger import Ledger
from tests import conftest
from tests.faults.histories import shared_customers, written_by
from tests.ledger.submissions import MASTER, opened

SEED, WRITERS, COMMANDS = 11, 8, 2_000

WRITE = f"""
import sys
from concurrent.futures import ThreadPoolExecutor

from ledger.database import Database
from ledger.ledger import Ledger
from tests.faults.histories import shared_customers, written_by
from tests.ledger.submissions import MASTER

customers = [customer for customer, _ in shared_customers(4)]
with Database(sys.argv[1]) as database:
    ledger = Ledger(database, MASTER, "main")

    def write(writer):
        for asked in written_by(writer, {COMMANDS}, customers, seed={SEED}):
            answer = ledger.carry_out(asked)
            sys.stdout.write(f"{{answer.command_id}} {{answer.position}} {{len(answer.placed)}}\\n")
            sys.stdout.flush()

    with ThreadPoolExecutor({WRITERS}) as threads:
        list(threads.map(write, range({WRITERS})))
"""


def acknowledged_by_a_process_killed_after(lines: int, url: str) -> list[tuple[UUID, int, int]]:
    """What a process had said, as (command, position, events), when it was killed in the middle of more."""
    command = [sys.executable, "-c", WRITE, url]
    with subprocess.Popen(command, cwd=conftest.PROJECT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = [process.stdout.readline() for _ in range(lines)]
        process.kill()
        said += process.stdout.readlines()
    whole = [line.split() for line in said if line.endswith("\n")]
    return [(UUID(command_id), int(position), int(events)) for command_id, position, events in whole]


@pytest.mark.parametrize("lines", [1, 60, 333])
def test_what_a_killed_process_had_acknowledged_is_there_and_the_rest_is_whole(
    database: conftest.Database, lines: int
) -> None:
    customers = shared_customers(4)
    with Database(database.writer_url) as connected:
        opened(connected, "main").carry_out_all([registered for _, registered in customers])
    acknowledged = acknowledged_by_a_process_killed_after(lines, database.writer_url)
    assert len(acknowledged) >= lines

    with Database(database.writer_url) as connected:
        ledger = Ledger(connected, MASTER, "main")
        book = ledger.since(0)
        assert [recorded.position for recorded in book] == list(range(1, ledger.head() + 1))
        asked = {
            one.command_id: one
            for writer in range(WRITERS)
            for one in written_by(writer, COMMANDS, [customer for customer, _ in customers], seed=SEED)
        }
        again = [ledger.carry_out(asked[command_id]) for command_id, _, _ in acknowledged]
        assert [(a.command_id, a.position, len(a.placed)) for a in again] == acknowledged
        assert all(answer.repeated for answer in again)
        assert ledger.head() == len(book)

        written = Counter(recorded.metadata.command for recorded in book if recorded.metadata.command in asked)
        outcomes = dict(connected.rows("SELECT command_id, events FROM ledger.outcome"))
        assert {command: outcomes[command] for command in written} == written
