"""All views built anew out of two books, in one process and in two, beside reading and decoding the same events."""

import base64
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import psycopg
import pytest
from psycopg import sql

from ledger.embedded import Embedded
from ledger.ledger import Ledger
from projections.registry import PROJECTIONS
from projections.runner import BATCH_EVENTS
from tests.benchmarks.durable import a_ledger, fresh_database
from tests.benchmarks.filling import check_disk, in_process
from tests.conftest import PROJECT
from tests.conftest import Database as Place

BOOKS = ("main", "other")
MOST_ROUNDS = 3
"""Of each way to do it; at a million events a round takes ten minutes."""
KEY = base64.b64encode(b"benchmark-master-key-of-32-bytes").decode()

# Of the table of one view, whatever the order of its rows.
DIGEST = "SELECT count(*), coalesce(sum(hashtextextended(told::text, 0)::numeric), 0)::text FROM {} AS told"


class Built(NamedTuple):
    """What a rebuild took."""

    seconds: float
    processor_seconds: float
    """Of all its processes; those of the server not counted."""
    peak_bytes: int
    """The most memory of the process that was asked; it builds by itself unless others do."""


@pytest.fixture
def sizes(request: pytest.FixtureRequest) -> list[int]:
    """How many events there are, in both books together."""
    asked: str = request.config.getoption("--bench-events")
    return sorted({int(size) for size in asked.split(",")})


@contextmanager
def filled(server: Embedded, events: int) -> Iterator[tuple[Place, list[Ledger]]]:
    """Two books with all their views."""
    with fresh_database(server) as place:
        for book in BOOKS:
            with fresh_database(server) as scratch:
                in_process("fill", place.writer_url, scratch.writer_url, events // 2, book, on_progress=lambda _: None)
        ledgers = [a_ledger(place.writer_url, book) for book in BOOKS]
        daybook(place, "project")
        yield place, ledgers
        for ledger in ledgers:
            ledger.close()
            ledger.database.close()


def daybook(place: Place, *words: str) -> tuple[Any, Built]:
    """A command in a process of its own; its answer, and what it took."""
    told = Path(tempfile.gettempdir()) / place.name
    env = {
        **os.environ, "PYTHONPATH": str(PROJECT), "DATABASE_URL": place.writer_url,
        "DAYBOOK_PROJECTOR_URL": place.projector_url, "DAYBOOK_MASTER_KEY": KEY,
    }  # fmt: skip
    program = [sys.executable, "-m", "tests.benchmarks.peak", str(told), *words, "--json"]
    started, used = time.perf_counter(), _processor_seconds()
    try:
        ended = subprocess.run(program, env=env, cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=True)
        seconds, used = time.perf_counter() - started, _processor_seconds() - used
        return json.loads(ended.stdout), Built(seconds, used, int(told.read_text("utf-8")))
    finally:
        told.unlink(missing_ok=True)


def _processor_seconds() -> float:
    """Of the programs that have been waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def read_alone(ledgers: list[Ledger]) -> tuple[int, float]:
    """Every event of the books, read and decoded, and given up again; how many, and how long it took."""
    started, events = time.perf_counter(), 0
    for ledger in ledgers:
        position, head = 0, ledger.head()
        while position < head:
            batch = ledger.since(position, limit=BATCH_EVENTS)
            position, events = batch[-1].position, events + len(batch)
    return events, time.perf_counter() - started


def digests(place: Place) -> dict[str, tuple[Any, ...] | None]:
    """Rows and digest of every view."""
    with psycopg.connect(place.owner_url) as owner:
        return {
            view.name: owner.execute(sql.SQL(DIGEST).format(sql.Identifier("views", view.name))).fetchone()
            for view in PROJECTIONS
        }


def test_rebuild(sizes: list[int], rounds: int, durable: Embedded, open_folder: Path) -> None:
    check_disk(open_folder, [size * 2 for size in sizes])
    for size in sizes:
        with filled(durable, size) as (place, ledgers):
            events, before = sum(ledger.head() for ledger in ledgers), digests(place)
            took: dict[str, list[Built]] = {"1": [], "2": []}
            reading: list[float] = []
            for turn in range(min(rounds, MOST_ROUNDS)):
                found, seconds = read_alone(ledgers)
                assert found == events
                reading.append(seconds)
                for jobs in ("1", "2") if turn % 2 == 0 else ("2", "1"):
                    answer, built = daybook(place, "project", "--rebuild", "--jobs", jobs)
                    assert [
                        (one["view"], [book["differing"] for book in one["books"]]) for one in answer["rebuilt"]
                    ] == [(view.name, [0, 0]) for view in PROJECTIONS]
                    assert digests(place) == before
                    took[jobs].append(built)
            tell(events, reading, took)


def tell(events: int, reading: list[float], took: dict[str, list[Built]]) -> None:
    print(f"\nAll {len(PROJECTIONS)} views anew, two books, {events:,} events, {len(reading)} rounds, load "
          f"{os.getloadavg()[1]:.1f}")  # fmt: skip
    print(f"  reading and decoding alone, one process {events / median(reading):>10,.0f} events a second")
    for jobs, found in took.items():
        seconds = median(built.seconds for built in found)
        beside = median(mine.seconds / plain for mine, plain in zip(found, reading, strict=True))
        used = median(built.processor_seconds for built in found)
        peak = max(built.peak_bytes for built in found) / 1e6
        print(f"  daybook project --rebuild --jobs {jobs}        {events / seconds:>10,.0f} events a second, "
              f"{seconds:.0f} s ({used:.0f} s of processors), {beside:.1f} times as long as reading; asked process "
              f"{peak:.0f} MB")  # fmt: skip
    ratios = sorted(one.seconds / two.seconds for one, two in zip(took["1"], took["2"], strict=True))
    print(f"  two processes: {median(ratios):.2f} times as fast [{ratios[0]:.2f}, {ratios[-1]:.2f}]")
