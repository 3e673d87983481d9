"""Filling the demo's book: the domain decides every command of the year, as it would those of any other door."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import psycopg

from api.demo.group import BOOK, ZONE
from api.demo.telling import HERE
from api.demo.year import Year
from api.settings import Settings, WrongSetting
from api.workspace import CLUSTER, NewBook
from domain.book import BookOpened, BookTime
from ledger.embedded import Embedded
from ledger.ledger import Ledger
from ledger.outcome import Accepted

BATCH = 1_000
# Leans on the primary key of outcome.
IS_IN = "SELECT EXISTS (SELECT FROM ledger.outcome WHERE book = %(book)s AND command_id = %(id)s)"
OTHERS = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
EMPTY = "DROP SCHEMA IF EXISTS views CASCADE; DROP SCHEMA IF EXISTS ledger CASCADE"


def demo_settings(settings: Settings) -> Settings:
    """The demo's own: an embedded PostgreSQL and a book apart from all other data, whatever the environment says."""
    own = {"database_url": None, "master_key": None, "master_key_file": None, "book": BOOK, "zone": ZONE}
    return settings.model_copy(update=own | {"data": settings.data / BOOK})


def this_year(seed: int, cases: int) -> Year:
    """The twelve months that end where today begins."""
    return Year(datetime.now(HERE).date(), seed, cases)


def new_book(year: Year) -> NewBook:
    """How the book of a year is opened: with the year as its origin, so that the book says what it was filled with."""
    return NewBook(BookTime.SIMULATED, ZONE, year.start.astimezone(UTC), year.name)


def year_in(ledger: Ledger) -> Year:
    """The year that the book was opened for. Raises: WrongSetting when it is no demo."""
    (genesis,) = ledger.since(0, upto=1)
    year = Year.named(genesis.event.origin) if isinstance(genesis.event, BookOpened) else None
    if year is None:
        raise WrongSetting(f"The book {ledger.book!r} is no demo. Name another folder in DAYBOOK_DATA, or say --fresh.")
    return year


def fill(ledger: Ledger, year: Year, on_progress: Callable[[int, int], None]) -> int:
    """Tells the year to its book and gives back how many submissions were still to be told.

    One that was interrupted goes on where it was; nothing is told twice. `on_progress` hears how many of how many.
    """
    ((complete,),) = ledger.database.rows(IS_IN, {"book": ledger.book, "id": year.last_command})
    if complete:
        return 0
    submissions = year.submissions()
    told = done = 0
    for begin in range(0, len(submissions), BATCH):
        batch = submissions[begin : begin + BATCH]
        for outcome in ledger.carry_out_all(batch):
            if not isinstance(outcome, Accepted):
                raise outcome
            told += not outcome.repeated
        done += len(batch)
        on_progress(done, len(submissions))
    return told


def empty(settings: Settings) -> None:
    """Throws the demo's ledger away. Raises: WrongSetting while another process works on it, EmbeddedError."""
    with Embedded(settings.data / "pg") as server, psycopg.connect(server.url(CLUSTER), autocommit=True) as connection:
        row = connection.execute(OTHERS).fetchone()
        if row is not None and row[0]:
            raise WrongSetting(f"Another process works on {settings.data}; end it, and then say --fresh again.")
        connection.execute(EMPTY)
