"""The embedded server and those who use it are killed: the next use finds a server with everything acknowledged."""

import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from ledger.account import Account
from ledger.database import Database
from ledger.embedded import FAST, Embedded
from ledger.ledger import Ledger
from ledger.migrate import migrate
from ledger.postmaster import Processes
from tests.conftest import WRITER
from tests.faults.servers import (
    USE_UNTIL_TOLD,
    another_process,
    answer,
    eventually,
    gone,
    postmaster,
    python,
    write_and_commit,
)
from tests.ledger.submissions import MASTER, opened, receive, submission

# Whoever is acknowledged is in the log, though not on the disk: servers die here, the machine does not.
KILLED_ONLY = {"fsync": "off", "full_page_writes": "off"}

WRITE_UNTIL_KILLED = """
import sys
from itertools import count
from pathlib import Path

import psycopg

from ledger.embedded import Embedded

server = Embedded(Path(sys.argv[1]))
with psycopg.connect(server.url(), autocommit=True) as connection:
    connection.execute("CREATE TABLE written (number int)")
    for number in count(1):
        connection.execute("INSERT INTO written VALUES (%s)", [number])
        sys.stdout.write(f"{number}\\n")
        sys.stdout.flush()
"""

RECOVER = """
import os
import signal
import sys
from pathlib import Path

from ledger.embedded import FAST, Embedded

data = Path(sys.argv[1])
server = Embedded(data, settings=FAST)
for _ in range(2):
    os.kill(int((data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    server.ensure()
server.close()
print("recovered", (data / "postmaster.pid").exists())
"""

AT_WORK = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
BUSY = f"{AT_WORK} AND state = 'active' AND query LIKE '%%generate_series%%'"


def test_what_a_killed_process_was_told_is_written_is_in_the_server_that_the_next_one_adopts(place: Path) -> None:
    with python(WRITE_UNTIL_KILLED, place / "pg") as writing:
        assert writing.stdout is not None
        said = [writing.stdout.readline() for _ in range(200)]
        orphan = postmaster(place / "pg")
        writing.kill()
        said += [line for line in writing.stdout if line.endswith("\n")]
    with Embedded(place / "pg") as server:
        assert postmaster(place / "pg") == orphan
        kept = answer(server.url(), "SELECT array_agg(number ORDER BY number) FROM written")
        assert isinstance(kept, list)
        assert kept[: len(said)] == [int(line) for line in said] == list(range(1, len(said) + 1))
        assert len(kept) - len(said) in {0, 1}  # what was under way may have been written
    assert not (place / "pg" / "postmaster.pid").exists()
    assert gone(orphan)


def busy(url: str) -> None:
    """Has a backend compute until its server is gone; it waits for nothing meanwhile."""
    with suppress(psycopg.OperationalError), psycopg.connect(url) as connection:
        connection.execute("SELECT count(*) FROM generate_series(1, 1000000000000)")


@pytest.mark.parametrize("stopped", [False, True], ids=["busy", "stopped"])
def test_processes_that_outlive_their_killed_server_do_not_keep_the_next_one_out(place: Path, stopped: bool) -> None:
    with ThreadPoolExecutor(1) as threads, Embedded(place / "pg", settings=FAST) as server:
        write_and_commit(server.url())
        threads.submit(busy, server.url())
        with psycopg.connect(server.url(), autocommit=True) as asking:
            assert eventually(lambda: asking.execute(BUSY).fetchall() != [])
            ((working,),) = asking.execute(BUSY).fetchall()
        if stopped:
            os.kill(working, signal.SIGSTOP)
        os.kill(postmaster(place / "pg"), signal.SIGKILL)
        with Embedded(place / "pg", settings=FAST) as next_one:
            assert answer(next_one.url(), "SELECT answer FROM kept") == 42
            assert gone(working)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGQUIT, signal.SIGINT])
def test_a_process_whose_server_dies_reads_and_writes_on_over_a_new_one(place: Path, how: signal.Signals) -> None:
    with Embedded(place / "pg", settings=KILLED_ONLY) as server:
        migrate(server.url())
        with Database(server.url(user=WRITER), awaken=server.ensure) as database:
            ledger = opened(database, "main")
            for nth in range(2, 6):
                server.ensure()
                killed = postmaster(place / "pg")
                os.kill(killed, how)
                if nth % 2:
                    assert ledger.carry_out(submission(receive(uuid4()))).position == nth // 2 + 1
                else:
                    assert ledger.head() == nth // 2
                assert eventually(gone, killed)
            assert [recorded.position for recorded in Ledger(database, MASTER, "main").since(0)] == [1, 2, 3]
    assert not (place / "pg" / "postmaster.pid").exists()


def test_a_server_that_was_idle_when_it_died_is_there_at_the_next_question(place: Path) -> None:
    with Embedded(place / "pg", settings=FAST) as server, Database(server.url(), awaken=server.ensure) as database:
        killed = postmaster(place / "pg")
        os.kill(killed, signal.SIGKILL)
        assert eventually(gone, killed)
        assert database.rows("SELECT 42") == [(42,)]
        with database.connection() as connection:
            assert connection.execute("SELECT 42").fetchall() == [(42,)]


def test_a_killed_backend_costs_a_connection_and_no_more(place: Path) -> None:
    with Embedded(place / "pg", settings=KILLED_ONLY) as server:
        migrate(server.url())
        with Database(server.url(user=WRITER), awaken=server.ensure) as database:
            ledger = opened(database, "main")
            for nth in (2, 3, 4):
                with psycopg.connect(server.url(), autocommit=True) as asking:
                    (victim, *_) = [row[0] for row in asking.execute(AT_WORK)]
                    os.kill(victim, signal.SIGKILL)
                with Embedded(place / "pg", settings=KILLED_ONLY) as beside:  # while it recovers
                    assert answer(beside.url()) == 1
                assert ledger.carry_out(submission(receive(uuid4()))).position == nth
            assert len(ledger.since(0)) == 4


def test_eight_processes_whose_server_is_killed_share_the_next_one(place: Path) -> None:
    with ExitStack() as all_of_them:
        users = [all_of_them.enter_context(another_process(place / "pg")) for _ in range(8)]
        killed = postmaster(place / "pg")
        os.kill(killed, signal.SIGKILL)
        assert eventually(gone, killed)
        for user in users:
            assert user.stdin is not None
            user.stdin.write("again\n")
            user.stdin.flush()
        (pid,) = {int(user.stdout.readline()) for user in users if user.stdout is not None}
        assert (pid, pid != killed) == (postmaster(place / "pg"), True)
        for user in users[1:]:
            user.communicate("")
        assert postmaster(place / "pg") == pid
        users[0].communicate("")
        assert [user.returncode for user in users] == [0] * 8
    assert not (place / "pg" / "postmaster.pid").exists()


@pytest.mark.parametrize("count", [2, 8])
def test_processes_that_start_at_once_share_one_server(place: Path, count: int) -> None:
    processes = [python(USE_UNTIL_TOLD, place / "pg") for _ in range(count)]
    said = [process.communicate("")[0] for process in processes]
    assert len(set(said)) == 1
    assert [process.returncode for process in processes] == [0] * count
    assert not (place / "pg" / "postmaster.pid").exists()
    assert sorted(path.name for path in place.iterdir()) == ["pg", "pg.lock", "pg.users"]


def found(place: Path, pattern: str) -> bool:
    return any(place.glob(pattern))


def nobody_works_in(data: Path) -> bool:
    return Processes(data, Account.of_this_process()).at_work() == []


def test_a_start_that_is_interrupted_leaves_no_server(place: Path) -> None:
    for begun in ("pg.new-*/PG_VERSION", "pg/postmaster.pid"):
        with python(USE_UNTIL_TOLD, place / "pg", stderr=subprocess.PIPE) as starting:
            assert eventually(found, place, begun)
            starting.send_signal(signal.SIGINT)
            starting.communicate()
            assert starting.returncode == -signal.SIGINT
        assert eventually(nobody_works_in, place / "pg")
    with Embedded(place / "pg", settings=FAST) as server:
        assert answer(server.url()) == 1
    assert sorted(path.name for path in place.iterdir()) == ["pg", "pg.lock", "pg.users"]


def test_a_process_that_is_killed_as_it_starts_a_server_leaves_nothing_in_the_way(place: Path) -> None:
    for begun in ("pg.users", "pg.new-*/PG_VERSION", "pg/postmaster.pid"):
        with python(USE_UNTIL_TOLD, place / "pg") as starting:
            assert eventually(found, place, begun)
            starting.kill()
            starting.communicate()
    with Embedded(place / "pg", settings=FAST) as server:
        assert answer(server.url()) == 1
    assert not (place / "pg" / "postmaster.pid").exists()
    assert sorted(path.name for path in place.iterdir()) == ["pg", "pg.lock", "pg.users"]


def changed_pid(data: Path, pid: int) -> None:
    lines = (data / "postmaster.pid").read_text().splitlines()
    (data / "postmaster.pid").write_text("\n".join([str(pid), *lines[1:]]) + "\n")


def another_program() -> int:
    return os.getpid()


def another_server() -> int:
    """The run's own server is a postgres as well, but at work elsewhere."""
    return next(int(p.parent.name) for p in Path("/proc").glob("[0-9]*/comm") if p.read_text() == "postgres\n")


def nobody() -> int:
    return 2**22 + 1


@pytest.mark.usefixtures("server")
def test_a_pid_that_is_another_programs_by_now_is_no_server(place: Path) -> None:
    with Embedded(place / "pg", settings=FAST) as server:
        write_and_commit(server.url())
        for other in (another_program, another_server, nobody):
            os.kill(postmaster(place / "pg"), signal.SIGKILL)
            changed_pid(place / "pg", other())
            server.ensure()
            assert answer(server.url(), "SELECT answer FROM kept") == 42


def test_a_pid_file_that_was_cut_short_is_no_server(place: Path) -> None:
    Embedded(place / "pg", settings=FAST).close()
    for content in ("", "\n", "not a number\n/nowhere\n"):
        (place / "pg" / "postmaster.pid").write_text(content)
        with Embedded(place / "pg", settings=FAST) as server:
            assert answer(server.url()) == 1


def test_a_server_whose_pid_file_was_removed_gives_way_to_the_next(place: Path) -> None:
    with Embedded(place / "pg", settings=FAST) as server:
        write_and_commit(server.url())
        old = postmaster(place / "pg")
        (place / "pg" / "postmaster.pid").unlink()
        server.ensure()
        assert postmaster(place / "pg") != old
        assert gone(old)
        assert answer(server.url(), "SELECT answer FROM kept") == 42


def without(*capabilities: str) -> Sequence[str]:
    """How a root without some of its powers runs a program, as in a container."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root has powers to lay down, and setpriv is what lays them down")
    taken = ",".join(f"-{name}" for name in capabilities)
    return ["setpriv", f"--bounding-set={taken}", f"--inh-caps={taken}"]


def test_a_root_that_may_not_look_at_other_users_processes_recovers_as_well(place: Path) -> None:
    with python(RECOVER, place / "pg", before=without("sys_ptrace")) as recovering:
        said, _ = recovering.communicate()
    assert (recovering.returncode, said) == (0, "recovered False\n")
