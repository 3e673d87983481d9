import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from api.cli.book_progress import Shown, told_by_book
from api.cli.exits import Exit
from api.cli.terminal import Terminal
from api.settings import Settings
from api.workspace import NewBook, Workspace
from domain.book import BookTime
from tests.api.cli.conftest import OPENED, CommandLine
from tests.conftest import Database
from tests.projections.books import fill

BOOKS = ("east", "north")
VIEWS = ("case_file", "timeline")
SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE usename IN ('daybook_writer', 'daybook_projector')"
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"
CONNECTIONS_A_PROCESS = 5
"""Two that read events, and three that write views and hold still what is compared."""

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")


@pytest.fixture
def filled(daybook: CommandLine) -> CommandLine:
    """Two books with all their views."""
    settings = Settings.from_environment(daybook.environment)
    for seed, name in enumerate(BOOKS):
        with Workspace(settings, book=name, new_book=NewBook(BookTime.SIMULATED, "UTC", OPENED)) as workspace:
            fill(workspace.ledger, cases=8, seed=seed)
    daybook.json("project")
    return daybook


@pytest.fixture
def owner(database: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.owner_url) as owner:
        yield owner


@pytest.fixture
def watching(database: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.owner_url, autocommit=True) as watching:
        yield watching


def number(connection: psycopg.Connection, query: str) -> int:
    ((found,),) = connection.execute(query.encode()).fetchall()
    return int(found)


def children(pid: int) -> set[int]:
    """The processes that one has begun and that do something still."""
    found = set[int]()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            told = stat.read_text().rpartition(")")[2].split()
        except OSError:  # gone meanwhile
            continue
        if told[0] != "Z" and int(told[1]) == pid:
            found.add(int(stat.parent.name))
    return found


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def held_up(
    running: subprocess.Popen[str], owner: psycopg.Connection, watching: psycopg.Connection
) -> tuple[set[int], int]:
    """The processes of both books, once they wait for what another has locked, and how many sessions there are then."""
    while number(watching, WAITING) < len(BOOKS):
        assert running.poll() is None, running.communicate()
    return children(running.pid), number(watching, SESSIONS)


@pytest.mark.parametrize(
    "how", [pytest.param(signal.SIGINT, marks=pytest.mark.long), signal.SIGKILL], ids=["Ctrl-C", "kill -9"]
)
def test_a_rebuild_in_processes_ends_with_all_of_them_and_goes_on_when_it_is_asked_for_again(
    filled: CommandLine, owner: psycopg.Connection, watching: psycopg.Connection, how: signal.Signals
) -> None:
    command = ("project", "--rebuild", *VIEWS, "--jobs", "2")
    owner.execute("LOCK TABLE views.rebuild_compared IN EXCLUSIVE MODE")
    with filled.process(*command) as running:
        processes, sessions = held_up(running, owner, watching)
        assert len(processes) >= len(BOOKS)  # and what keeps an eye on what they share
        assert sessions <= CONNECTIONS_A_PROCESS * (1 + len(BOOKS))
        running.send_signal(how)
        _, said = running.communicate(timeout=60)
        while any(alive(pid) for pid in processes):
            pass
    if how is signal.SIGINT:
        assert running.returncode == Exit.INTERRUPTED
        assert "What was built is kept: ask for the same again, and it goes on from there." in said
    owner.rollback()
    begun = {table["view"]: table for table in filled.json("status")["half_built"]}
    assert set(begun) == set(VIEWS)
    assert all(table["goes_on"] and set(table["positions"]) == set(BOOKS) for table in begun.values())
    while (again := filled(*command, "--json")).exit_code == Exit.LEDGER:
        assert "is being built anew by another process" in again.stderr  # whose end the server has not noticed
    assert [
        (built["view"], [(book["book"], book["differing"]) for book in built["books"]])
        for built in json.loads(again.stdout)["rebuilt"]
    ] == [(view, [(book, 0) for book in BOOKS]) for view in VIEWS]
    assert again.stderr.count("it goes on from where it was") == len(VIEWS)
    assert filled.json("status")["half_built"] == []


def test_what_is_half_built_is_shown_with_its_age_and_thrown_away_when_asked(
    filled: CommandLine, owner: psycopg.Connection, watching: psycopg.Connection
) -> None:
    owner.execute("LOCK TABLE views.rebuild_compared IN EXCLUSIVE MODE")
    with filled.process("project", "--rebuild", "case_file", "--jobs", "2") as running:
        held_up(running, owner, watching)
        busy = filled("project", "--discard")
        assert (busy.exit_code, busy.stdout) == (Exit.LEDGER, "")
        assert "The view case_file is being built anew by another process" in busy.stderr
        running.kill()
    owner.rollback()
    owner.execute("UPDATE views.rebuild SET begun_at = begun_at - interval '3 days', fingerprint = 'another'")
    owner.commit()
    shown = filled("status").stdout
    assert "case_file 1" in shown
    assert "3 d" in shown
    assert "BEGUN BY ANOTHER PROGRAM" in shown
    assert [table["goes_on"] for table in filled.json("status")["half_built"]] == [False]
    while (discarded := filled("project", "--discard", "--json")).exit_code == Exit.LEDGER:
        pass
    assert [(table["view"], table["version"]) for table in json.loads(discarded.stdout)["discarded"]] == [
        ("case_file", 1)
    ]
    assert filled.json("status")["half_built"] == []
    assert "Nothing is half built." in filled("project", "--discard").stdout


def test_what_belongs_to_a_rebuild_is_asked_for_with_it(daybook: CommandLine) -> None:
    for words, why in (
        (("--jobs", "2"), "--jobs and --restart are about --rebuild"),
        (("--restart",), "--jobs and --restart are about --rebuild"),
        (("--discard", "--rebuild"), "--discard throws away and leaves"),
        (("--rebuild", "--jobs", "0"), "--jobs"),
        (("--discard", "nothing"), "There is no view 'nothing'"),
    ):
        result = daybook("project", *words)
        assert result.exit_code == Exit.USAGE
        assert why in " ".join(result.stderr.replace("│", " ").split())


def test_progress_is_told_in_lines_of_json_when_asked_and_the_answer_stays_one_document(filled: CommandLine) -> None:
    result = filled("project", "--rebuild", "case_file", "--progress", "json", "--json")
    assert json.loads(result.stdout)["rebuilt"][0]["view"] == "case_file"
    told = [json.loads(line) for line in result.stderr.splitlines() if line.startswith("{")]
    assert {one["book"] for one in told} == set(BOOKS)
    assert {(one["position"] == one["head"]) for one in told} == {True}
    assert filled("project", "--rebuild", "case_file", "--json").stderr == ""
    assert filled("project", "--rebuild", "case_file", "--progress", "lines").stderr == ""  # nothing takes long here


def test_a_log_is_told_now_and_then_of_a_book_that_takes_long_and_of_its_end(
    capfd: pytest.CaptureFixture[str],
) -> None:
    now = [0.0]
    with told_by_book(Terminal(), "views", Shown.LINES, lambda: now[0]) as tell:
        for seconds in range(25):
            now[0] = float(seconds)
            tell("北区", seconds * 100, 2_400)
            tell("北区", seconds * 100, 2_400)
    said = capfd.readouterr().err.splitlines()
    assert said == [f"views: 北区 {at} of 2400, {at // 100} s" for at in (1_000, 2_000, 2_400)]


def test_bars_stand_for_each_book_and_for_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    terminal = Terminal()
    assert terminal.watched
    with told_by_book(terminal, "views") as tell:
        tell("a", 1, 10)
        tell("b", 2, 20)
        bars = tell.__self__  # type: ignore[attr-defined]
        told = [(task.description, task.completed, task.total) for task in bars.bars.tasks]
    assert told == [("a", 1, 10), ("b", 2, 20), ("all books", 3, 30)]
