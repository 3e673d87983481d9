"""Filling the demo's book: the domain decides every command of the year, as it would those of any other door."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from threading import Event
from uuid import UUID

import psycopg

from api.alarms.following import nobody
from api.alarms.sweeping import Sweeper
from api.demo.group import BOOK, ZONE
from api.demo.papers import bring
from api.demo.telling import HERE, Step
from api.demo.year import DOOR, Saying, Year
from api.settings import Settings, WrongSetting
from api.workspace import CLUSTER, NewBook
from domain.book import BookOpened, BookTime
from domain.envelope import Submission
from domain.event import Command
from ledger.database import Database
from ledger.embedded import Embedded
from ledger.ledger import Ledger
from ledger.outcome import Accepted
from projections.runner import Runner
from projections.sla_timer import SLA_TIMER

# Leans on the primary key of outcome.
ARE_IN = "SELECT command_id FROM ledger.outcome WHERE book = %(book)s AND command_id = ANY(%(ids)s)"
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


def fill(ledger: Ledger, views: Database, year: Year, on_progress: Callable[[int, int], None]) -> int:
    """Tells the year to its book, its alarms noted as they become due, and gives back how many submissions were still
    to be told.

    One that was interrupted goes on where it was; nothing is told twice. `on_progress` hears how many of how many.
    `views` is the database as the role that owns the views uses it: alarms are found in one of them.
    """
    if _are_in(ledger, [year.last_command]):
        return 0
    story = year.told()
    said = _are_in(ledger, [one.command_id for one in story])
    # All that is in front of the last one that was told was told before it, or came to nothing.
    begin = 1 + max((place for place, one in enumerate(story) if one.command_id in said), default=-1)
    since = story[begin - 1].step.said_at if begin else year.start
    looks = deque(look for look in year.looks() if look >= since)
    filling = _Filling(ledger, views)
    for place, one in enumerate(story[begin:], begin):
        while looks and one.step.said_at > looks[0]:
            filling.look(looks.popleft())
            on_progress(place, len(story))
        filling.tell(one)
    filling.flush()
    on_progress(len(story), len(story))
    return filling.count


class _Filling:
    """The book as it is being filled: what is told in a row is carried out together."""

    def __init__(self, ledger: Ledger, views: Database) -> None:
        self.count = 0
        self._ledger = ledger
        self._waiting: list[Submission] = []
        self._streams = set[str]()
        self._timers = Runner(ledger, views, (SLA_TIMER,))
        self._alarms = Sweeper(ledger, views, nobody)

    def tell(self, one: Saying) -> None:
        """Takes in what is told next."""
        commands = self._commands(one.step)
        if commands:
            bring(self._ledger, one.step.actor, commands)
            said_at = one.step.said_at
            self._waiting.append(Submission(one.command_id, commands, one.step.actor, DOOR, said_at=said_at))
            self._streams.update(stream for command in commands for stream in command.streams)

    def _commands(self, step: Step) -> tuple[Command, ...]:
        if step.later is None:
            return step.commands
        if step.later.stream in self._streams:
            self.flush()
        return tuple(step.later.said(self._ledger.history(step.later.stream, opened=True)))

    def flush(self) -> None:
        """Has what waits carried out. Raises: Refused, LedgerError, where the story is none that the domain allows."""
        waiting, self._waiting, self._streams = self._waiting, [], set()
        for outcome in self._ledger.carry_out_all(waiting) if waiting else ():
            if not isinstance(outcome, Accepted):
                raise outcome
            self.count += not outcome.repeated

    def look(self, at: datetime) -> None:
        """Has the alarms noted that are due by then, as `daybook alarms` would have."""
        self.flush()
        self._timers.catch_up()
        self._alarms.sweep(at, Event())


def _are_in(ledger: Ledger, ids: Sequence[UUID]) -> frozenset[UUID]:
    """Those of some commands that the book has carried out."""
    return frozenset(found for (found,) in ledger.database.rows(ARE_IN, {"book": ledger.book, "ids": list(ids)}))


def empty(settings: Settings) -> None:
    """Throws the demo's ledger away. Raises: WrongSetting while another process works on it, EmbeddedError."""
    with Embedded(settings.data / "pg") as server, psycopg.connect(server.url(CLUSTER), autocommit=True) as connection:
        row = connection.execute(OTHERS).fetchone()
        if row is not None and row[0]:
            raise WrongSetting(f"Another process works on {settings.data}; end it, and then say --fresh again.")
        connection.execute(EMPTY)
