"""The new tables of views, filled from the events of one book and compared with the live ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import psycopg

from ledger.connection import away
from ledger.database import Database
from ledger.ledger import Ledger
from projections.comparison import Compared, compared
from projections.cursor import Standing, standings
from projections.half_built import keep_compared, kept_compared, notes
from projections.runner import BATCH_EVENTS, GivenUp, Runner
from projections.tables import live_versions
from projections.view import View

Progress = Callable[[str, int, int], None]
"""Told a book, the position that its new tables have reached, and the one to reach."""

# Both lean on the primary key of cursor.
LIVE_POSITION = """
SELECT position FROM views.cursor
WHERE book = %(book)s AND projection = %(projection)s AND version = %(version)s AND NOT anew
"""
HELD_POSITION = LIVE_POSITION + " FOR UPDATE"


def nobody_told(book: str, reached: int, target: int) -> None:
    """Tells nobody."""
    del book, reached, target


def build(
    views: Sequence[View[Any]],
    ledger: Ledger,
    database: Database,
    on_progress: Progress = nobody_told,
    *,
    batch: int = BATCH_EVENTS,
) -> None:
    """Brings new tables, which were begun, to a book's end, and on the way notes what differs from the live ones.

    Asked again it goes on from where it was, in whatever process. A view that comes to an event which it cannot take
    stays before it, as its cursor says. Raises: GivenUp when this very program has not begun them, LedgerAway.
    """
    try:
        with database.connection() as connection:
            _check_begun(connection, views)
            before = live_versions(connection)
        book = _Book(ledger, database, before, ledger.head(), on_progress, batch)
        # Those whose live tables stand at one position take the events up to there in one pass.
        live = {view: book.live(view) for view in views}
        ends = {view: book.end if at is None else at for view, at in live.items()}
        for end in sorted(set(ends.values())):
            book.catch_up([view for view in views if ends[view] >= end], end)
        for view in views:
            book.compare(view)
        book.catch_up([view for view in views if book.standing(view).stopped is None], None)
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise away(error, database.url) from error
    finally:
        ledger.forget_keys()  # the next book has others


def _check_begun(connection: psycopg.Connection, views: Sequence[View[Any]]) -> None:
    """Raises: GivenUp."""
    begun = notes(connection)
    for view in views:
        note = begun.get(view.name)
        if note is None or note.in_place_at is not None or not note.is_made_by(view):
            raise GivenUp(view)


class _Book(NamedTuple):
    """What is built of one book."""

    ledger: Ledger
    database: Database
    before: Mapping[str, int]
    """Which version of each view is live."""
    end: int
    on_progress: Progress
    batch: int

    def standing(self, view: View[Any]) -> Standing:
        """How far a new table has come."""
        return standings(self.database, self.ledger.book, [view])[0]

    def live(self, view: View[Any]) -> int | None:
        """Where the live table stands; None where there is none of this book."""
        return _position(self.database.rows(LIVE_POSITION, self._asked(view)))

    def catch_up(self, views: Sequence[View[Any]], upto: int | None) -> None:
        """Takes events, as far as the views can take them."""

        def tell(reached: int, target: int) -> None:
            self.on_progress(self.ledger.book, reached, max(target, self.end))

        Runner(self.ledger, self.database, views).catch_up(upto, batch=self.batch, on_progress=tell)

    def compare(self, view: View[Any]) -> None:
        """Notes how a new table differs from the live one, where both can stand at one position.

        One that is past the live one was compared when it was not; if the live one was set back meanwhile, nothing is
        there to be compared.
        """
        live, new = self.live(view), self.standing(view)
        with self.database.connection() as connection, self.database.connection() as snapshot:
            if new.stopped is not None:
                return
            if live is not None and live >= new.position:
                found = self._beside_live(connection, snapshot, view)
            elif self.ledger.book not in kept_compared(connection, view):
                found = compared(snapshot, view, None, self.ledger.book, new.position)
            else:
                return
            if found is not None:
                keep_compared(connection, view, found)

    def _beside_live(
        self, connection: psycopg.Connection, snapshot: psycopg.Connection, view: View[Any]
    ) -> Compared | None:
        """Both tables as they are at one position; None when the new one has stopped before it."""
        with connection.transaction():  # the live table stands still until the other transaction has its snapshot
            live = _position(connection.execute(HELD_POSITION, self._asked(view)).fetchall()) or 0
            self.catch_up([view], live)
            if self.standing(view).position != live:
                return None
            snapshot.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            snapshot.execute("SELECT")
        try:
            return compared(snapshot, view, self.before.get(view.name), self.ledger.book, live)
        finally:
            snapshot.execute("ROLLBACK")

    def _asked(self, view: View[Any]) -> dict[str, Any]:
        return {"book": self.ledger.book, "projection": view.name, "version": self.before.get(view.name)}


def _position(rows: Sequence[tuple[Any, ...]]) -> int | None:
    return rows[0][0] if rows else None
