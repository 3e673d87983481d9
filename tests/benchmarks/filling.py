"""Books of many events: filled by the append function, folded by the runner, each in a process of its own.

Run as a program it does one of the two, and tells how it goes in lines of JSON.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import NamedTuple
from uuid import NAMESPACE_OID, uuid5

from domain.case.commands import ClassifyCase, DispatchCase, PrioritiseCase, ReceiveCase, RegisterCase
from domain.case.events import CaseKind, Priority
from domain.channel import Channel
from domain.envelope import Submission
from domain.event import Command
from ledger.append import Write, Written
from ledger.database import Database
from ledger.ledger import Ledger
from projections.runner import Runner
from tests.benchmarks.day import Day
from tests.benchmarks.durable import ACTOR, MASTER, a_ledger
from tests.benchmarks.stamp import Stamp
from tests.conftest import PROJECT

SEED = 1
SCRATCH_DAY = -1
"""The day that is carried out to make the stamp; no book holds it."""
EVENTS_A_TRANSACTION = 10_000
FEWEST_EVENTS = 50_000
"""A book has some whole days, so that every question finds what it asks for."""
BYTES_AN_EVENT = 1_500
"""On disk, with indexes and views: 1 133 at a million events (2026-11-22), and some to spare."""
WAL_BYTES = 3 * 1024**3

RARE = 10
"""Cases of a kind of their own in every book, however long, so that asking for them is the same question."""
RARE_CHANNEL, RARE_PRIORITY = Channel.QQ, Priority.CRITICAL
RARE_CATEGORY, RARE_UNIT, RARE_HANDLER = "a rare matter", "A rare unit", "a rare handler"

Progress = Callable[[int], None]
"""Told how many events are done."""


class DiskTooSmall(Exception):
    """The disk has no room for the books."""


class ProcessFailed(Exception):
    """A process that fills or folds a book came to a bad end."""


class Done(NamedTuple):
    """What one of the processes did."""

    events: int
    seconds: float
    peak_bytes: int
    """The most memory that it held at a time."""
    wal_bytes: int
    """What the server wrote ahead meanwhile."""


def check_disk(folder: Path, sizes: Sequence[int]) -> None:
    """Raises: DiskTooSmall."""
    need, free = sum(sizes) * BYTES_AN_EVENT + WAL_BYTES, shutil.disk_usage(folder).free
    if free < need:
        raise DiskTooSmall(
            f"Books of {', '.join(f'{size:,}' for size in sizes)} events take about {need / 1e9:.0f} GB, and {folder} "
            f"has {free / 1e9:.0f} GB left. Name another place by TMPDIR, or fewer events by --bench-events."
        )


def fill(book: Ledger, stamp: Stamp, events: int, on_progress: Progress) -> int:
    """Appends days until the book holds so many events, or a few less than a submission more. Gives back its head.

    The next rows are made while the server takes the last.
    """
    rare = [_rare(number, Day(SEED, 0).date) for number in range(RARE)]
    marks = [events * number // RARE for number in range(RARE)]
    with ThreadPoolExecutor(1) as appending:
        reached: Future[int] = appending.submit(book.head)
        for batch in _batches(stamp, book, events - book.head() - sum(len(one.commands) for one in rare)):
            while marks and reached.result() >= marks[0]:
                book.carry_out(rare.pop())
                del marks[0]
            on_progress(reached.result())
            reached = appending.submit(_appended, book, batch)
        on_progress(reached.result())
    book.carry_out_all(rare)
    return book.head()


def _appended(book: Ledger, batch: list[Write]) -> int:
    """The book's head after a batch."""
    written = book.database.write_together(book.book, batch)
    last = written[-1]
    assert isinstance(last, Written), f"left out: {last}"
    return last.base + len(batch[-1].drafts)


def _batches(stamp: Stamp, book: Ledger, events: int) -> Iterator[list[Write]]:
    batch: list[Write] = []
    drafts = 0
    for write in _writes(stamp, book, events):
        batch.append(write)
        drafts += len(write.drafts)
        if drafts >= EVENTS_A_TRANSACTION:
            yield batch
            batch, drafts = [], 0
    if batch:
        yield batch


def _writes(stamp: Stamp, book: Ledger, events: int) -> Iterator[Write]:
    for number in count():
        for write in stamp.writes(number, book, MASTER):
            if events < len(write.drafts):
                return
            events -= len(write.drafts)
            yield write


def _rare(number: int, at: datetime) -> Submission:
    """One of the rare cases, carried out like any other."""
    case_id = uuid5(NAMESPACE_OID, f"rare case {number}")
    commands: tuple[Command, ...] = (
        ReceiveCase(at=at, case_id=case_id, kind=CaseKind.PRAISE, channel=RARE_CHANNEL),
        RegisterCase(at=at, case_id=case_id),
        ClassifyCase(at=at, case_id=case_id, category=RARE_CATEGORY),
        PrioritiseCase(at=at, case_id=case_id, priority=RARE_PRIORITY),
        DispatchCase(at=at, case_id=case_id, unit=RARE_UNIT, handler=RARE_HANDLER),
    )
    return Submission(uuid5(case_id, "told"), commands, ACTOR, "benchmark", said_at=at)


def fold(book: Ledger, views: Database, upto: int, on_progress: Progress) -> int:
    """Brings all views of a book to a position, which it gives back."""
    runner = Runner(book, views)
    return runner.catch_up(upto, on_progress=lambda position, _: on_progress(position))


# The processes --------------------------------------------------------------------------------------------------------


def in_process(work: str, *arguments: str | int, on_progress: Progress) -> Done:
    """Does `fill` or `fold` in a process of its own, which ends with this one. Raises: ProcessFailed."""
    program = [sys.executable, "-m", "tests.benchmarks.filling", work, *map(str, arguments)]
    env = {**os.environ, "PYTHONPATH": str(PROJECT)}
    done: Done | None = None
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True, cwd=PROJECT, env=env) as process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                told = json.loads(line)
                if isinstance(told, int):
                    on_progress(told)
                else:
                    done = Done(*told)
        except BaseException:
            process.terminate()
            process.wait()  # Popen itself does not wait out a Ctrl-C
            raise
    if process.returncode or done is None:
        raise ProcessFailed(
            f"The process that was to {work} a book ended with {process.returncode}; it says why above."
        )
    return done


def main(work: str, url: str, other_url: str, events: str, name: str = "main") -> None:
    """Does the work to a book, and tells its parent in lines: positions reached, and at the end what was done.

    The other database is where a stamp is made, or the same one for the role that owns the views.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which ends this process
    book = a_ledger(url, name)
    if work == "fill":
        scratch = a_ledger(other_url)
        stamp = Stamp(scratch, Day(SEED, SCRATCH_DAY))
        scratch.close()
        scratch.database.close()
        done = _measured(book, lambda: fill(book, stamp, int(events), _tell))
    else:
        with Database(other_url) as views:
            done = _measured(book, lambda: fold(book, views, int(events), _tell))
    print(json.dumps(done), flush=True)
    book.close()
    book.database.close()


def _measured(book: Ledger, work: Callable[[], int]) -> Done:
    before, started = _wal(book), time.perf_counter()
    reached = work()
    return Done(reached, time.perf_counter() - started, peak_bytes(), _wal(book) - before)


def _tell(events: int) -> None:
    print(events, flush=True)


def _wal(book: Ledger) -> int:
    return int(book.database.rows("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::int8")[0][0])


def peak_bytes() -> int:
    """The most memory that this process held; on Linux its own, where rusage counts that of its parent as well."""
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
