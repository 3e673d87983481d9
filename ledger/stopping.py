"""Stopping what the database does for somebody who waits no longer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from threading import Condition

import psycopg

from ledger.errors import TookTooLong

CANCEL_SECONDS = 2.0
"""For how long the database is told to end something."""
AGAIN_SECONDS = 0.05
"""After which it is told once more: it hears nothing of it between two messages of one statement."""


class Statements:
    """The connections at which work is done for one asker, on however many threads."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._at_work: set[psycopg.Connection] = set()
        self._stopped = False

    @contextmanager
    def at(self, connection: psycopg.Connection) -> Iterator[None]:
        """Work at a connection. Raises: TookTooLong when all of it has been stopped before."""
        with self._changed:
            if self._stopped:
                raise TookTooLong("Nobody waits for this any longer.")
            self._at_work.add(connection)
        try:
            yield
        finally:
            with self._changed:  # a connection that is being told to stop is nobody else's yet
                self._at_work.discard(connection)
                self._changed.notify_all()

    def stop(self) -> None:
        """Has the database end what it is at, and lets nothing more begin. Returns when it has ended, or will not."""
        end = time.monotonic() + CANCEL_SECONDS
        with self._changed:
            self._stopped = True
            while self._at_work and time.monotonic() < end:
                for connection in self._at_work:
                    with suppress(psycopg.Error):  # one that is lost does nothing any more
                        connection.cancel_safe(timeout=CANCEL_SECONDS)
                self._changed.wait_for(lambda: not self._at_work, AGAIN_SECONDS)


ASKED_FOR: ContextVar[Statements | None] = ContextVar("asked_for", default=None)
"""For whom the work in this context is done; None for the program's own, which nobody stops."""


@contextmanager
def stoppable(connection: psycopg.Connection) -> Iterator[None]:
    """Work at a connection, which ends when whoever asked for it has it stopped. Raises: TookTooLong."""
    statements = ASKED_FOR.get()
    if statements is None:
        yield
        return
    with statements.at(connection):
        yield
