"""Views built anew beside the live ones, compared with them, and put in their place."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from ledger.database import Database
from ledger.errors import LedgerAway, LedgerError
from ledger.ledger import Ledger
from projections.building import Progress, build, nobody_told
from projections.comparison import Compared
from projections.cursor import ProjectionStopped, standings
from projections.half_built import (
    HalfBuilt,
    Note,
    RebuildUnderWay,
    alone,
    begin_anew,
    begin_books,
    forget_done,
    give_up,
    go_on,
    half_built,
    kept_compared,
    make_indexes,
    notes,
    put_in_place,
)
from projections.runner import Runner
from projections.tables import ViewNewer, as_their_owner, is_there, live_versions, make_tables
from projections.view import View

LOCK_PATIENCE = "2s"
PAUSES_SECONDS = (0.0, 1.0, 2.0, 4.0, 8.0)
"""Before each attempt to take the live table's place: whoever reads is let through in between."""

Books = Callable[[], Sequence[Ledger]]
"""The ledgers of all books there are by now."""
Build = Callable[[Sequence[View[Any]], Sequence[Ledger]], None]
"""Fills the new tables of views from books, as `building.build` does for each."""
Told = Callable[[str], None]
"""Hears a sentence for people."""

# Leans on the primary key of cursor.
LIVE_POSITIONS = """
SELECT book, position FROM views.cursor
WHERE projection = %(projection)s AND version = %(version)s AND NOT anew
FOR UPDATE
"""

__all__ = ["HalfBuilt", "Outcome", "RebuildUnderWay", "Rebuilt", "discard", "half_built", "rebuild", "rebuild_all"]


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


class Outcome(NamedTuple):
    """What came of building several views."""

    rebuilt: list[Rebuilt]
    stopped: list[ProjectionStopped]
    """Why the others were given up: each came to an event that it cannot take, and its live table stays."""


def silent(message: str) -> None:
    """Tells nobody."""
    del message


def rebuild(view: View[Any], books: Books, database: Database, on_progress: Progress = nobody_told) -> Rebuilt:
    """`rebuild_all` for one view, which has to come through. Raises: ProjectionStopped besides."""

    def build_here(views: Sequence[View[Any]], ledgers: Sequence[Ledger]) -> None:
        for ledger in ledgers:
            build(views, ledger, database, on_progress)

    outcome = rebuild_all([view], books, database, build_here)
    for stopped in outcome.stopped:
        raise stopped
    return outcome.rebuilt[0]


def rebuild_all(
    views: Sequence[View[Any]],
    books: Books,
    database: Database,
    build_books: Build,
    *,
    restart: bool = False,
    told: Told = silent,
) -> Outcome:
    """Builds tables anew, of all books, while the live ones go on; compares; switches, each in one transaction.

    Broken off at any moment, it goes on from there when the very same program is asked again for the same views, unless
    it is to `restart`. However it ends, the live tables are whole.
    Raises: RebuildUnderWay, ViewNewer, ViewsNotOurs, LedgerAway; LedgerError when a table is read without a pause.
    """
    try:
        with as_their_owner(), alone(database, views) as connection:
            return _Work(books, database, connection, told).run(views, build_books, restart=restart)
    except LedgerAway as error:
        raise type(error)(
            f"{str(error).rstrip('.')}. Views were being built anew; those that are asked are whole, and what was "
            "built is kept: ask for the same again, and it goes on from there."
        ) from error


def discard(views: Iterable[View[Any]], database: Database) -> list[HalfBuilt]:
    """Gives up what was begun of some views and not finished, and gives back what that was.

    Raises: RebuildUnderWay, ViewsNotOurs, LedgerAway.
    """
    named = {view.name: view for view in views}
    begun = [table for table in half_built(database) if table.projection in named]
    with as_their_owner(), alone(database, [named[table.projection] for table in begun]) as connection:
        for table in begun:
            give_up(connection, named[table.projection])
    return begun


class _Work(NamedTuple):
    """What one builder does, alone with its views."""

    books: Books
    database: Database
    connection: psycopg.Connection
    told: Told

    def run(self, views: Sequence[View[Any]], build_books: Build, *, restart: bool) -> Outcome:
        """All of it."""
        before = self._before(views)
        done, begun = self._begin(views, restart=restart)
        ledgers = self.books()
        begin_books(self.connection, begun, [ledger.book for ledger in ledgers], self.database.now())
        if begun:
            build_books(begun, ledgers)
        stopped = self._stopped(begun, ledgers)
        for anew, _ in stopped:
            give_up(self.connection, anew)
        built = [anew for anew in begun if anew not in dict(stopped)]
        for anew in built:
            make_indexes(self.connection, anew)
        for anew in built:
            self._switch(anew, before.get(anew.name))
        known = notes(self.connection)
        rebuilt = [self._rebuilt(anew, known[anew.name], ledgers) for anew in (*done, *built)]
        forget_done(self.connection)
        order = [view.name for view in views]
        return Outcome(sorted(rebuilt, key=lambda each: order.index(each.view)), [why for _, why in stopped])

    def _before(self, views: Sequence[View[Any]]) -> Mapping[str, int]:
        """Which version of each view is live. Raises: ViewNewer."""
        make_tables(self.connection, [], self.database.now())
        before = live_versions(self.connection)
        for view in views:
            if before.get(view.name, view.version) > view.version:
                raise ViewNewer(view, before[view.name])
        return before

    def _begin(self, views: Sequence[View[Any]], *, restart: bool) -> tuple[list[View[Any]], list[View[Any]]]:
        """The views that are in their place already, of a rebuild that was broken off; and those that are begun."""
        forget_done(self.connection)
        asked, known, now = sorted(view.name for view in views), notes(self.connection), self.database.now()
        done, begun = list[View[Any]](), list[View[Any]]()
        for view in views:
            anew, note = replace(view, anew=True), known.get(view.name)
            ours = note is not None and note.is_made_by(view) and not restart
            if note is not None and note.in_place_at is not None and ours and list(note.asked) == asked:
                self.told(f"{view.label} was built anew and is in its place since {_minute(note.in_place_at)}.")
                done.append(anew)
                continue
            begun.append(anew)
            if note is not None and note.in_place_at is None and ours and is_there(self.connection, anew.table):
                self.told(f"{view.label} was begun {_minute(note.begun_at)}; it goes on from where it was.")
                go_on(self.connection, anew, asked)
                continue
            if note is not None and note.in_place_at is None:
                why = "as asked" if restart else "since another program began it"
                self.told(f"What was built of {view.name} is thrown away, {why}; it is begun again.")
            begin_anew(self.connection, anew, asked, now)
        return done, begun

    def _stopped(
        self, begun: Sequence[View[Any]], ledgers: Sequence[Ledger]
    ) -> list[tuple[View[Any], ProjectionStopped]]:
        """Views that cannot take an event of some book, and why."""
        found: dict[View[Any], ProjectionStopped] = {}
        for ledger in ledgers:
            for anew, at in zip(begun, standings(self.database, ledger.book, begun), strict=True):
                if at.stopped is not None:
                    found.setdefault(anew, at.stopped)
        return list(found.items())

    def _rebuilt(self, anew: View[Any], note: Note, ledgers: Sequence[Ledger]) -> Rebuilt:
        found = kept_compared(self.connection, anew)
        books = [found[ledger.book] for ledger in ledgers if ledger.book in found]
        return Rebuilt(anew.name, anew.version, note.before, books)

    # In place of the live one -------------------------------------------------------------------------------------

    def _switch(self, anew: View[Any], before: int | None) -> None:
        """Puts the new table in the live one's place, once it shows in every book at least what that shows.

        Raises: ProjectionStopped; LedgerError when nobody lets go of the live one.
        """
        for pause in PAUSES_SECONDS:
            time.sleep(pause)
            runners = self._runners(anew)
            for book in runners:
                _catch_up(runners[book], None)
            try:
                with self.connection.transaction():
                    self.connection.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(LOCK_PATIENCE))
                    self.connection.execute("LOCK TABLE views.live IN SHARE ROW EXCLUSIVE MODE")
                    for book, position in self._live_positions(anew, before).items():
                        if book in runners:
                            _catch_up(runners[book], position)
                    put_in_place(self.connection, anew, before, self.database.now())
                return
            except (psycopg.errors.LockNotAvailable, psycopg.errors.UniqueViolation, psycopg.errors.DeadlockDetected):
                continue
        raise LedgerError(
            f"The view {anew.name} is read without a pause, so that its new table cannot take its place. Nothing was "
            "changed, and what was built is kept: ask for the same again when there is less to do."
        )

    def _runners(self, anew: View[Any]) -> dict[str, Runner]:
        """A runner for each book; one that was opened meanwhile is begun."""
        ledgers = self.books()
        begin_books(self.connection, [anew], [ledger.book for ledger in ledgers], self.database.now())
        return {ledger.book: Runner(ledger, self.database, [anew]) for ledger in ledgers}

    def _live_positions(self, anew: View[Any], before: int | None) -> dict[str, int]:
        """Where the live table stands in each book; within a transaction it then stays there."""
        asked = {"projection": anew.name, "version": before}
        rows = self.connection.execute(LIVE_POSITIONS, asked).fetchall()
        return {book: position for book, position in rows}  # noqa: C416  a row is no pair to a checker


def _catch_up(runner: Runner, upto: int | None) -> None:
    """Raises: ProjectionStopped."""
    runner.catch_up(upto)
    (standing,) = runner.positions()
    if standing.stopped is not None:
        raise standing.stopped


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
