"""Several books brought up to date at once, each in a process of its own: reading events is work for a processor."""

from __future__ import annotations

import gc
import logging
import os
import signal
from collections import deque
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

import psycopg

from api.cli import GC_THRESHOLDS
from ledger.errors import LedgerError

Tell = Callable[[str, int, int], None]
"""Told a book, the position that its views have reached, and the one to reach."""


def side_by_side(books: Sequence[str], tell: Tell, *, single_role: bool) -> None:
    """Brings books up, as many at once as there are processors. When one fails, the others are ended where they stand,
    and go on from there another time. Raises: LedgerError."""
    spawn = get_context("spawn")
    waiting, running = deque(books), dict[Connection, tuple[str, SpawnProcess]]()
    try:
        while waiting or running:
            while waiting and len(running) < (os.cpu_count() or 1):
                book = waiting.popleft()
                ours, theirs = spawn.Pipe(duplex=False)
                process = spawn.Process(target=_bring_up, args=(book, single_role, theirs), name=f"views of {book}")
                process.start()
                theirs.close()
                running[ours] = book, process
            for connection in [one for one in wait(list(running)) if isinstance(one, Connection)]:
                book, process = running[connection]
                try:
                    _heard(book, connection.recv(), tell)
                except EOFError:
                    del running[connection]
                    process.join()
                    if process.exitcode:
                        raise LedgerError(
                            f"The process that brought up the views of {book} ended with {process.exitcode}. "
                            "Nothing was half written; the next run goes on from there."
                        ) from None
    finally:
        for _, process in running.values():
            process.terminate()
            process.join()


def _heard(book: str, said: str | tuple[int, int], tell: Tell) -> None:
    """Raises: LedgerError with what went wrong there."""
    if isinstance(said, str):
        raise LedgerError(f"The views of {book} could not be brought up. {said}")
    tell(book, *said)


def _bring_up(book: str, single_role: bool, told: Connection) -> None:
    """What such a process does; it says how far it has come, or in the end what went wrong."""
    from api.settings import Settings
    from api.workspace import Workspace

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the process that waits, which ends this one
    gc.set_threshold(*GC_THRESHOLDS)
    logging.getLogger("projections").setLevel(logging.CRITICAL)
    try:
        with Workspace(Settings.from_environment(), book=book, writes=True, single_role=single_role) as workspace:
            workspace.runner.catch_up(on_progress=lambda reached, target: told.send((reached, target)))
    except (LedgerError, psycopg.Error) as error:
        told.send(f"{type(error).__name__}: {error}")
