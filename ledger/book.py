"""Opening books: the row that orders them and their genesis, in one transaction."""

from __future__ import annotations

import re
from datetime import datetime
from typing import NamedTuple
from uuid import uuid5
from zoneinfo import ZoneInfo

import psycopg

from domain.book import BookOpened, BookTime, OpenBook, id_of_book
from domain.envelope import Actor, Submission
from ledger.append import Batch
from ledger.database import Database
from ledger.errors import BookExists, LedgerError
from ledger.keys import MasterKey
from ledger.ledger import BookKind, Ledger, kind_of

NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
FORMATS = ("envelope/v1", "personal/v1", "metadata/v1")
BOOKS = """
SELECT b.book, b.time, b.zone, h.position, h.recorded_at
FROM ledger.book b
JOIN ledger.head h ON h.book = b.book
ORDER BY b.book
"""
# Leans on the primary key of event.
RECORDED_AT = "SELECT recorded_at FROM ledger.event WHERE book = %(book)s AND position = %(position)s"
OPEN = "SELECT ledger.open_book(%(book)s, %(time)s, %(zone)s, %(from)s)"


class BookState(NamedTuple):
    """A book and where it stands."""

    book: str
    time: BookTime
    zone: str
    position: int
    recorded_at: datetime
    """When its last event was recorded, in UTC."""


def books(database: Database) -> list[BookState]:
    """All books, by name."""
    return [BookState(book, BookTime(time), *rest) for book, time, *rest in database.rows(BOOKS)]


def recorded_at(database: Database, book: str, position: int) -> datetime | None:
    """When the event at a position was recorded, in UTC; None where there is none. Raises: LedgerAway."""
    rows = database.rows(RECORDED_AT, {"book": book, "position": position})
    return rows[0][0] if rows else None


def position_at(database: Database, book: str, at: datetime) -> int:
    """The last position that was recorded by an instant; 0 before the book. Raises: LedgerAway.

    Nothing is recorded before what stands before it, so that a search by halves finds it: two dozen looks among ten
    million events, and no index.
    """
    known, unknown = 0, 1 + next((state.position for state in books(database) if state.book == book), 0)
    while unknown - known > 1:
        middle = (known + unknown) // 2
        recorded = recorded_at(database, book, middle)
        if recorded is None or recorded > at:
            unknown = middle
        else:
            known = middle
    return known


def open_book(
    database: Database,
    master: MasterKey,
    book: str,
    *,
    origin: str,
    zone: str,
    time: BookTime,
    at: datetime,
    actor: Actor,
) -> Ledger:
    """The ledger of a new book, or of the book that was opened just so before.

    `at` is when it is opened; in a simulated book its time begins there. Raises: BookExists when the book is there
    under another origin, or of another kind or zone; LedgerError for an impossible name or zone; ClocksDisagree;
    LedgerAway.
    """
    _check(book, zone)
    book_id = id_of_book(book)
    command = OpenBook(at=at, zone=zone, book_id=book_id, origin=origin, book_zone=zone, time=time, formats=FORMATS)
    submission = Submission(uuid5(book_id, "genesis"), (command,), actor, "ledger", said_at=at, times_stated=False)
    kind = BookKind(time, zone)
    ledger = Ledger(database, master, book, kind=kind)

    def begin(connection: psycopg.Connection) -> None:
        connection.execute(OPEN, {"book": book, "time": time.value, "zone": zone, "from": at})
        Batch([ledger.first_write(submission)]).run(connection, book, database.now())

    if all(state.book != book for state in books(database)):
        try:
            database.writing(begin)
            return ledger
        except psycopg.errors.UniqueViolation:
            pass  # another process opened it at this moment, or an earlier try of this one that lost its connection
    if kind_of(database, book) != kind:
        found = kind_of(database, book)
        raise BookExists(f"Book {book!r} is there already, with {found.time} time and in zone {found.zone}.")
    (genesis,) = ledger.since(0, limit=1)
    if isinstance(genesis.event, BookOpened) and genesis.event.origin != origin:
        raise BookExists(f"Book {book!r} is there already, under the name {genesis.event.origin}.")
    return ledger


def _check(book: str, zone: str) -> None:
    """Raises: LedgerError for a name or a zone that the database would trip over, the zone at the first number only."""
    if not NAME.fullmatch(book):
        raise LedgerError(f"{book!r} is no name for a book: up to 40 small letters, digits and dashes, a letter first.")
    try:
        ZoneInfo(zone)
    except (KeyError, OSError, ValueError) as error:  # not found, a folder, no name at all
        raise LedgerError(f"There is no time zone {zone!r}; give an IANA name such as Asia/Shanghai.") from error
