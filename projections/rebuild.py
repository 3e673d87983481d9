"""A view built anew beside the live one, compared with it, and put in its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from ledger.connection import as_wanted
from ledger.database import Database
from ledger.errors import LedgerAway, LedgerError
from ledger.ledger import Ledger
from projections.comparison import Compared, compared
from projections.runner import Runner
from projections.tables import LOCK, ViewNewer, as_their_owner, drop_anew, live_versions, make_tables, put_in_place
from projections.view import View

TRIES = 5
LOCK_PATIENCE = "2s"

Books = Callable[[], Sequence[Ledger]]
"""The ledgers of all books there are by now."""
Progress = Callable[[str, int, int], None]
"""Told a book, the position that its new table has reached, and the one to reach."""

# Released by the server when the connection ends, however this process does.
ALONE = f"SELECT pg_try_advisory_lock({LOCK})"
LET_GO = f"SELECT pg_advisory_unlock({LOCK})"
# Leans on the primary key of cursor.
LIVE_CURSORS = """
SELECT book, position FROM views.cursor
WHERE projection = %(projection)s AND version = %(version)s AND NOT anew
FOR UPDATE
"""


class RebuildUnderWay(LedgerError):
    """Another process is building the same view anew."""

    def __init__(self, view: View[Any]) -> None:
        super().__init__(
            f"The view {view.name} is being built anew by another process. Nothing was touched; let that one finish."
        )


class Rebuilt(NamedTuple):
    """A view that was built anew and took the place of the one before."""

    view: str
    version: int
    before: int | None
    """The version in whose place it is; None when there was none."""
    books: Sequence[Compared]

    @property
    def differing(self) -> int:
        """How many rows differ from those that were asked until now, over all books."""
        return sum(book.differing for book in self.books)


def nobody_told(book: str, reached: int, target: int) -> None:
    """Tells nobody."""
    del book, reached, target


def rebuild(view: View[Any], books: Books, database: Database, on_progress: Progress = nobody_told) -> Rebuilt:
    """Builds a view's table anew, of all books, while the live one goes on; compares both; switches in one transaction.

    However it ends, the live table is whole: what was half built is dropped, by the next run when this one was killed.
    Raises: RebuildUnderWay, ViewNewer, ViewsNotOurs, ProjectionStopped, LedgerAway.
    """
    anew = replace(view, anew=True)
    with as_their_owner(), _alone(database, view) as connection:
        make_tables(connection, [], database.now())
        before = live_versions(connection).get(view.name)
        if before is not None and before > view.version:
            raise ViewNewer(view, before)
        drop_anew(connection, view)
        try:
            found = [_built(anew, before, ledger, database, connection, on_progress) for ledger in books()]
            _switch(anew, before, books, database, connection, on_progress)
        except BaseException:
            if not connection.broken:
                drop_anew(connection, view)
            raise
    return Rebuilt(view.name, view.version, before, found)


@contextmanager
def _alone(database: Database, view: View[Any]) -> Iterator[psycopg.Connection]:
    """A connection that nobody else has for this view, until it ends. Raises: RebuildUnderWay, LedgerAway."""
    try:
        with psycopg.connect(database.url, autocommit=True) as connection:
            as_wanted(connection)
            if connection.execute(ALONE, {"view": view.name}).fetchone() != (True,):
                raise RebuildUnderWay(view)
            try:
                yield connection
            finally:
                with suppress(psycopg.Error):  # at once; that the connection has ended, the server sees a moment later
                    connection.execute(LET_GO, {"view": view.name})
    except psycopg.OperationalError as error:
        raise LedgerAway(
            f"The database went away while {view.name} was being built anew: {str(error).strip()}. "
            "The table that was asked until now is whole; build the new one again."
        ) from error


def _built(
    anew: View[Any],
    before: int | None,
    ledger: Ledger,
    database: Database,
    connection: psycopg.Connection,
    on_progress: Progress,
) -> Compared:
    """Brings a book's new table to where the live one stands, and compares the two as they are at that position."""
    runner = Runner(ledger, database, [anew])
    runner.prepare()
    live = _live_position(connection, anew, before, ledger.book)
    _catch_up(runner, ledger, on_progress, live)
    with database.connection() as snapshot:
        with connection.transaction():  # the live table stands still until the other transaction has its snapshot
            live = _live_position(connection, anew, before, ledger.book)
            _catch_up(runner, ledger, on_progress, live)
            snapshot.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            snapshot.execute("SELECT")
        try:
            return compared(snapshot, anew, before, ledger.book, live)
        finally:
            snapshot.execute("ROLLBACK")


def _live_position(connection: psycopg.Connection, anew: View[Any], before: int | None, book: str) -> int:
    return _live_positions(connection, anew, before).get(book, 0)


def _live_positions(connection: psycopg.Connection, anew: View[Any], before: int | None) -> dict[str, int]:
    """Where the live table stands in each book; within a transaction it then stays there."""
    rows = connection.execute(LIVE_CURSORS, {"projection": anew.name, "version": before}).fetchall()
    return {book: position for book, position in rows}  # noqa: C416  a row is no pair to a checker


def _catch_up(runner: Runner, ledger: Ledger, on_progress: Progress, upto: int | None = None) -> None:
    """Raises: ProjectionStopped."""
    runner.catch_up(upto, on_progress=lambda reached, target: on_progress(ledger.book, reached, target))
    (standing,) = runner.positions()
    if standing.stopped is not None:
        raise standing.stopped


def _switch(
    anew: View[Any],
    before: int | None,
    books: Books,
    database: Database,
    connection: psycopg.Connection,
    on_progress: Progress,
) -> None:
    """Puts the new table in the live one's place, once it shows in every book at least what that shows."""
    for left in reversed(range(TRIES)):
        runners = {ledger.book: (Runner(ledger, database, [anew]), ledger) for ledger in books()}
        for runner, ledger in runners.values():
            _catch_up(runner, ledger, on_progress)
        try:
            with connection.transaction():
                connection.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(LOCK_PATIENCE))
                connection.execute("LOCK TABLE views.live IN SHARE ROW EXCLUSIVE MODE")
                for book, position in _live_positions(connection, anew, before).items():
                    if book in runners:
                        _catch_up(*runners[book], on_progress, position)
                put_in_place(connection, anew, before, database.now())
            return
        except (psycopg.errors.LockNotAvailable, psycopg.errors.UniqueViolation) as error:
            if left == 0:
                raise LedgerError(
                    f"The view {anew.name} is read without a pause, so that its new table cannot take its place. "
                    "Nothing was changed; build it again when there is less to do."
                ) from error
