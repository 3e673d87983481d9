"""Group commit: the commands that arrive while one transaction commits share the next one."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from threading import Lock, Thread

import psycopg

from ledger.append import Batch, LeftOut, Write, Written
from ledger.connection import Awaken, away, connected, passing
from ledger.errors import ClocksDisagree, LedgerAway, LedgerError, UnknownBook

MOST_EVENTS = 2_000
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 1.0
NOTIFY = "SELECT pg_notify('daybook', %s)"

Result = Written | LeftOut
Waiting = tuple[Write, "Future[Result]"]


class Committer:
    """One thread and one connection, which write for a book of this process.

    No timer: the next batch gathers while the last one commits. When the connection is lost, the batch is sent again
    over a new one; a command that had been committed after all comes back as repeated, so none is doubled or lost.
    """

    def __init__(
        self,
        url: str,
        book: str,
        patience: timedelta,
        now: Callable[[], datetime],
        awaken: Awaken | None = None,
    ) -> None:
        self._url = url
        self._book = book
        self._patience = patience
        self._now = now
        self._awaken = awaken
        self._queue: SimpleQueue[Waiting | None] = SimpleQueue()
        self._held: list[Waiting] = []
        self._connection: psycopg.Connection | None = None
        self._closed = False
        self._lock = Lock()
        self._thread = Thread(target=self._work, name=f"committer-{book}", daemon=True)
        self._thread.start()

    def submit(self, write: Write) -> Future[Result]:
        """Hands a command in; the future has its result after the commit."""
        future: Future[Result] = Future()
        with self._lock:
            if self._closed:
                raise LedgerError("This ledger has been closed.")
            self._queue.put((write, future))
        return future

    def close(self) -> None:
        """Writes what was handed in, then stops."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._queue.put(None)
        self._thread.join()
        if self._connection is not None:
            self._connection.close()

    def _work(self) -> None:
        stopping = False
        while not (stopping and not self._held):
            batch, stop_seen = self._gather(wait=not stopping)
            stopping = stopping or stop_seen
            if batch:
                self._commit(batch)

    def _gather(self, *, wait: bool) -> tuple[list[Waiting], bool]:
        """What goes into the next transaction, and whether the last has been seen.

        A command on a stream, or with an id, that the batch has already waits for the next one.
        """
        batch: list[Waiting] = []
        taken: set[object] = set()
        events = 0
        held, self._held = self._held, []
        stop = False
        while events < MOST_EVENTS:
            if held:
                item: Waiting | None = held.pop(0)
            else:
                try:
                    item = self._queue.get(block=wait and not batch and not self._held)
                except Empty:
                    break
            if item is None:
                stop = True
                break
            marks = {item[0].command_id, *(stream for stream, _ in item[0].expected)}
            if marks & taken:
                self._held.append(item)
                continue
            taken |= marks
            events += len(item[0].drafts)
            batch.append(item)
        self._held += held
        return batch, stop

    def _commit(self, batch: list[Waiting]) -> None:
        try:
            results: list[Result | Exception] = list(self._run([write for write, _ in batch]))
        except (UnknownBook, ClocksDisagree, LedgerAway) as error:
            results = [error] * len(batch)
        except Exception:  # noqa: BLE001 -- whatever is wrong with one command is handed to its own caller
            results = [self._alone(write) for write, _ in batch]
        for (_, future), result in zip(batch, results, strict=True):
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)
        self._notify()

    def _alone(self, write: Write) -> Result | Exception:
        """One command of a batch in which some row was bad: only its own command fails."""
        try:
            return self._run([write])[0]
        except Exception as error:  # noqa: BLE001 -- handed to the caller; the thread lives on for the others
            return error

    def _run(self, writes: list[Write]) -> list[Result]:
        """One transaction, sent again over a new connection when the old one is lost.

        Raises: LedgerAway, DiskFull.
        """
        deadline = time.monotonic() + self._patience.total_seconds()
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                return Batch(writes).run(self._connected(), self._book, self._now())
            except (psycopg.Error, LedgerAway) as error:
                if isinstance(error, psycopg.errors.DiskFull):
                    raise away(error, self._url) from error
                if not passing(error):
                    raise
                self._disconnect()
                if time.monotonic() + pause > deadline:
                    raise away(error, self._url) from error
                time.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    def _notify(self) -> None:
        """Tells listeners, in a transaction of its own, which writes nothing and waits for no flush.

        They poll as well, so a lost connection here loses nothing.
        """
        try:
            self._connected().execute(NOTIFY, (self._book,), prepare=True)
        except (psycopg.Error, LedgerAway):
            self._disconnect()

    def _connected(self) -> psycopg.Connection:
        if self._connection is None or self._connection.closed:
            self._connection = connected(self._url, self._awaken)
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
