"""Several books worked on at once, each in a process of its own: reading events is work for a processor."""

from __future__ import annotations

import gc
import logging
import os
import signal
from collections import deque
from collections.abc import Callable, Sequence
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from threading import Thread
from typing import NamedTuple

import psycopg

from api.cli import GC_THRESHOLDS
from api.cli.exits import Exit
from api.workspace import Workspace
from ledger.errors import DiskFull, LedgerAway, LedgerError

Tell = Callable[[str, int, int], None]
"""Told a book, the position that its views have reached, and the one to reach."""
Work = Callable[[Workspace, Tell], None]
"""What is done to the workspace's book; a function of a module, or `partial` of one, so that processes can be told."""


def bring_up(workspace: Workspace, tell: Tell) -> None:
    """Brings the views of a book to its end."""
    book = workspace.book
    workspace.runner.catch_up(on_progress=lambda reached, target: tell(book, reached, target))


def side_by_side(
    books: Sequence[str], tell: Tell, *, single_role: bool, work: Work = bring_up, jobs: int | None = None
) -> None:
    """Does the work to books, `jobs` of them at once, or as many as there are processors. When one fails, the others
    are ended where they stand, and go on from there another time; so they are when this process ends, however it does.

    Raises: LedgerError.
    """
    spawn = get_context("spawn")
    waiting, running = deque(books), dict[Connection, tuple[str, SpawnProcess]]()
    most = jobs or os.cpu_count() or 1
    try:
        while waiting or running:
            while waiting and len(running) < most:
                book = waiting.popleft()
                ours, theirs = spawn.Pipe(duplex=False)
                process = spawn.Process(
                    target=_do, args=(work, book, single_role, theirs), name=f"views of {book}", daemon=True
                )
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
                            f"The process that worked on the views of {book} ended with {process.exitcode}. "
                            "Nothing was half written; the next run goes on from there."
                        ) from None
    finally:
        for _, process in running.values():
            process.terminate()
        for _, process in running.values():
            process.join()


class Wrong(NamedTuple):
    """What went wrong in such a process."""

    kind: str
    message: str


def _heard(book: str, said: Wrong | tuple[int, int], tell: Tell) -> None:
    """Raises: LedgerError with what went wrong there; as LedgerAway or DiskFull where it was that."""
    if isinstance(said, Wrong):
        raised = {kind.__name__: kind for kind in (LedgerAway, DiskFull)}.get(said.kind, LedgerError)
        raise raised(f"The views of {book} could not be brought up. {said.kind}: {said.message}")
    tell(book, *said)


def _do(work: Work, book: str, single_role: bool, told: Connection) -> None:
    """What such a process does; it says how far it has come, or in the end what went wrong."""
    from api.settings import Settings

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the process that waits, which ends this one
    Thread(target=_end_with_parent, daemon=True).start()
    gc.set_threshold(*GC_THRESHOLDS)
    logging.getLogger("projections").setLevel(logging.CRITICAL)
    try:
        with Workspace(Settings.from_environment(), book=book, writes=True, single_role=single_role) as workspace:
            work(workspace, lambda _, reached, target: told.send((reached, target)))
    except (LedgerError, psycopg.Error) as error:
        told.send(Wrong(type(error).__name__, str(error)))


def _end_with_parent() -> None:
    """Ends this process as soon as the one is gone that began it, so that nobody works on unseen."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(Exit.TERMINATED)
