"""Replays of whole books in processes of their own: from bytes to states, and to the rows of every view.

Run as a program it replays a book once, and tells in a line of JSON how much, how long, and how much memory it took.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from itertools import groupby

from ledger.database import Database
from ledger.decision import tip_of
from ledger.ledger import Ledger
from ledger.recorder import LedgerMapper, Row
from projections.registry import PROJECTIONS
from replay.fresh import fresh
from replay.reader import Reader
from tests.benchmarks.durable import MASTER
from tests.benchmarks.filling import Done, ProcessFailed, peak_bytes
from tests.conftest import PROJECT

EVENTS_AT_ONCE = 2_000


class _Here:
    """What a process works on: the ledger of a book, and the bytes of all its events."""

    ledger: Ledger
    rows: Sequence[Row] = ()


def opened(url: str, book: str) -> None:
    """Makes this process ready for a book."""
    _Here.ledger = Ledger(Database(url), MASTER, book)
    _Here.rows = sorted(_Here.ledger.rows.rows_since(0, None, None), key=lambda row: (row[0], row[1]))


def to_states() -> int:
    """Every stream of the book at hand, from bytes in memory to its state. Gives back how many events that were."""
    mapper, count = LedgerMapper(_Here.ledger.codec, _Here.ledger.book), 0
    for stream, rows in groupby(_Here.rows, key=lambda row: str(row[0])):
        count += tip_of(stream, map(mapper.recorded, rows)).version
    return count


def to_views() -> int:
    """Every row of every view of the book at hand, made anew. Gives back how many events the book has."""
    return _to_views(_Here.ledger)


def _to_views(ledger: Ledger) -> int:
    reader, head = Reader(ledger), ledger.head()
    for view in PROJECTIONS:
        rows = sum(map(len, fresh(reader, view, head)))
        assert rows or not _expected(view.name), f"no row of {view.name}"
    return head


def _expected(name: str) -> bool:
    """Whether any book has rows of a view."""
    return name in {"case_file", "audit_trail", "timeline"}


def _read_through(ledger: Ledger) -> int:
    """Every event of a book, decoded and let go."""
    reader, head, position = Reader(ledger), ledger.head(), 0
    while position < head:
        position = reader.since(position, head, EVENTS_AT_ONCE)[-1].position
    return position


WORKS: dict[str, Callable[[Ledger], int]] = {"events": _read_through, "views": _to_views}


def in_process(work: str, url: str, book: str) -> Done:
    """Replays a book once in a process of its own: its `events`, or its `views`. Raises: ProcessFailed."""
    program = [sys.executable, "-m", "tests.benchmarks.replaying", work, url, book]
    env = {**os.environ, "PYTHONPATH": str(PROJECT)}
    ended = subprocess.run(program, stdout=subprocess.PIPE, text=True, cwd=PROJECT, env=env, check=False)
    if ended.returncode:
        raise ProcessFailed(f"The process that was to replay {book} ended with {ended.returncode}; it says why above.")
    return Done(*json.loads(ended.stdout))


def main(work: str, url: str, book: str) -> None:
    """Replays, and tells how it went."""
    with Database(url) as database:
        ledger = Ledger(database, MASTER, book)
        started = time.perf_counter()
        events = WORKS[work](ledger)
        print(json.dumps(Done(events, time.perf_counter() - started, peak_bytes(), 0)))
        ledger.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
