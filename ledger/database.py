"""The connection to PostgreSQL: a pool that outlives restarts, and one committer a book."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from threading import Lock
from types import TracebackType
from typing import Any, Self, TypeVar

import psycopg
from psycopg_pool import ConnectionPool, PoolClosed

from ledger.append import Batch, LeftOut, Write, Written
from ledger.committer import NOTIFY, Committer
from ledger.connection import WRITING, Awaken, as_wanted, away, connected, passing, with_deadlines
from ledger.errors import LedgerAway, LedgerError, TookTooLong
from ledger.stopping import stoppable

T = TypeVar("T")

PATIENCE = timedelta(seconds=10)
FIRST_PAUSE_SECONDS = 0.05
LONGEST_PAUSE_SECONDS = 1.0


class Database:
    """One PostgreSQL, shared by the ledgers of all its books. Every instant it reads comes back in UTC.

    `awaken` is called before each connection that is made: it starts a server of our own again that has died.
    `longest` bounds each statement of what is read. With `reads`, what is asked over its pool cannot write: whatever is
    appended goes over the committers' own connections, or says so at the beginning of its transaction.
    Raises: LedgerAway when it does not answer within `patience`; DiskFull.
    """

    def __init__(
        self,
        url: str,
        *,
        patience: timedelta = PATIENCE,
        pool_size: int = 10,
        awaken: Awaken | None = None,
        longest: timedelta | None = None,
        reads: bool = False,
    ) -> None:
        self.url = with_deadlines(url, patience)
        self.patience = patience
        self._awaken = awaken
        self._longest = longest
        self._reads = reads
        self._asleep: LedgerAway | None = None
        self._closed = False
        self._pool: ConnectionPool[psycopg.Connection] = ConnectionPool(
            self._reachable,
            min_size=1,
            max_size=pool_size,
            open=False,
            kwargs={"autocommit": True},
            configure=self._configure,
            name="daybook",
            timeout=patience.total_seconds(),
            # The pool waits longer and longer between its attempts; after this it begins anew.
            reconnect_timeout=patience.total_seconds(),
        )
        self._pool.open()
        self._committers: dict[str, Committer] = {}
        self._lock = Lock()
        try:
            self.rows("SELECT 1")
        except LedgerAway:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Waits for what has been handed in, then lets all connections go."""
        with self._lock:
            self._closed = True
            committers, self._committers = self._committers, {}
        for committer in committers.values():
            committer.close()
        self._pool.close()

    def now(self) -> datetime:
        """The time of day here, in UTC."""
        return datetime.now(UTC)

    def connection(self) -> AbstractContextManager[psycopg.Connection]:
        """A pooled connection, in autocommit, for work that is not tried again."""
        return self._pool.connection()

    @contextmanager
    def apart(self) -> Iterator[psycopg.Connection]:
        """A connection of one's own, in autocommit, for what a session keeps to itself; it ends with the block.

        Raises: LedgerAway, DiskFull, also when the connection is lost within the block.
        """
        try:
            connection = connected(self.url, self._awaken)
            try:
                yield connection
            finally:
                connection.close()
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            raise away(error, self.url) from error

    def rows(self, query: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query, tried again over a lost connection. For reading only."""

        def read(connection: psycopg.Connection) -> list[tuple[Any, ...]]:
            cursor = connection.execute(query, parameters, prepare=True, binary=True)
            return cursor.fetchall()

        return self.patiently(read)

    def patiently(self, work: Callable[[psycopg.Connection], T]) -> T:
        """Does work that may be done twice, again and again until the database answers.

        Raises: LedgerAway; DiskFull and TookTooLong, at once.
        """
        deadline = time.monotonic() + self.patience.total_seconds()
        pause = FIRST_PAUSE_SECONDS
        again = False
        while True:
            try:
                if again:
                    self._awake()
                    self._pool.check()  # a restart ends all connections at once, and each would cost a try
                with (
                    self._pool.connection(max(deadline - time.monotonic(), pause)) as connection,
                    stoppable(connection),
                ):
                    return work(connection)
            except PoolClosed as error:
                raise LedgerError("This ledger has been closed.") from error
            except psycopg.errors.QueryCanceled as error:
                raise TookTooLong(f"The database was stopped: {error.diag.message_primary}.", self._longest) from error
            except (psycopg.Error, LedgerAway) as error:
                if isinstance(error, psycopg.errors.DiskFull):
                    raise away(error, self.url) from error
                if not passing(error):
                    raise
                if time.monotonic() + pause > deadline:
                    raise away(self._asleep or error, self.url) from error
                time.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
                again = True

    def writing(self, work: Callable[[psycopg.Connection], T]) -> T:
        """The same for work that writes, in a transaction of its own."""

        def within(connection: psycopg.Connection) -> T:
            with connection.transaction():
                connection.execute(WRITING)
                return work(connection)

        return self.patiently(within)

    def in_use(self) -> tuple[int, int]:
        """How many connections of the pool are in use, and how many it may have."""
        found = self._pool.get_stats()
        return found.get("pool_size", 0) - found.get("pool_available", 0), self._pool.max_size

    def write(self, book: str, write: Write) -> Written | LeftOut:
        """One command, in a transaction shared with the commands that arrive beside it."""
        return self._committer(book).submit(write).result()

    def write_together(self, book: str, writes: Sequence[Write]) -> list[Written | LeftOut]:
        """Many commands at once, all or none; they may share streams.

        When the connection is lost at the commit, the second try finds them `repeated`.
        """
        batch = Batch(writes, together=True)

        written = self.writing(lambda connection: batch.run(connection, book, self.now()))
        if any(isinstance(result, Written) for result in written):
            self.rows(NOTIFY, (book,))
        return written

    def _configure(self, connection: psycopg.Connection) -> None:
        as_wanted(connection)
        if self._longest is not None:
            milliseconds = int(self._longest.total_seconds() * 1000)
            connection.execute("SELECT set_config('statement_timeout', %s, false)", [str(milliseconds)])
        if self._reads:
            connection.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")

    def _reachable(self) -> str:
        """Where the pool is to connect, as soon as a server lets anybody in; after `patience`, where it was to be.

        The pool waits 1, 2, 4 seconds between its attempts, and a server has recovered from a killed process in less.
        libpq's ping would ask for less, but psycopg holds all other threads up meanwhile.
        """
        deadline = time.monotonic() + self.patience.total_seconds()
        pause = FIRST_PAUSE_SECONDS
        while True:
            url = self._awake()
            try:
                psycopg.connect(url, autocommit=True).close()
            except psycopg.OperationalError:
                if not self._closed and time.monotonic() + pause < deadline:
                    time.sleep(pause)
                    pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
                    continue
            return url

    def _awake(self) -> str:
        """Where to connect, once a server is there. The pool keeps to itself what a try came to."""
        try:
            if self._awaken is not None:
                self._awaken()
        except LedgerAway as error:
            self._asleep = error
            raise
        self._asleep = None
        return self.url

    def _committer(self, book: str) -> Committer:
        with self._lock:
            if self._closed:
                raise LedgerError("This ledger has been closed.")
            if book not in self._committers:
                self._committers[book] = Committer(self.url, book, self.patience, self.now, self._awaken)
            return self._committers[book]
