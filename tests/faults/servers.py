"""Embedded servers in other processes, to be killed, and what can be asked about them from outside."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ParamSpec

import psycopg

from tests.conftest import PROJECT

P = ParamSpec("P")
DEADLINE_SECONDS = 30

USE_UNTIL_TOLD = """
import sys
from pathlib import Path
from typing import ParamSpec

from ledger.embedded import FAST, Embedded

server = Embedded(Path(sys.argv[1]), settings=FAST)
print(server.url(), flush=True)
for line in sys.stdin:
    server.ensure()
    print((Path(sys.argv[1]) / "postmaster.pid").read_bytes().split()[0].decode(), flush=True)
server.close()
"""


def python(
    program: str, *arguments: str | Path, before: Sequence[str] = (), stderr: int | None = None
) -> "subprocess.Popen[str]":
    """A Python process that runs a program of the project."""
    command = [*before, sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.Popen(
        command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, text=True
    )


@contextmanager
def another_process(data: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process that uses the server on data, and leaves when its input ends. A line to it has it ask for the server
    again, and say its pid.
    """
    with python(USE_UNTIL_TOLD, data) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("postgresql://")
        yield process


def answer(url: str, question: str = "SELECT 1") -> object:
    """The one value of a question."""
    with psycopg.connect(url) as connection:
        row = connection.execute(question.encode()).fetchone()
        assert row is not None
        return row[0]


def write_and_commit(url: str) -> None:
    """Writes a table that outlives its server, whatever the server's settings."""
    with psycopg.connect(url, options="-c synchronous_commit=on") as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")


def postmaster(data: Path) -> int:
    """The pid of the server on data."""
    return int((data / "postmaster.pid").read_bytes().split()[0])


def gone(pid: int) -> bool:
    """Whether a process has ended, though perhaps nobody has asked how."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def eventually(condition: Callable[P, bool], *given: P.args, **named: P.kwargs) -> bool:
    """Whether a condition comes to hold in time."""
    end = time.monotonic() + DEADLINE_SECONDS
    while not condition(*given, **named):
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True
