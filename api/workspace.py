"""What every door works with: the database, the master key, the ledger of one book, and the runner of its views."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

from api.settings import Settings, WrongSetting
from domain.book import BookTime
from domain.envelope import Actor, ActorKind
from ledger.book import books, open_book
from ledger.connection import Awaken, away, place_of
from ledger.database import Database
from ledger.embedded import Embedded
from ledger.errors import DiskFull, LedgerAway, LedgerError, UnknownBook, out_of_room
from ledger.keys import LocalMasterKey
from ledger.ledger import Ledger
from ledger.migrate import Migration, check_schema, migrate
from projections.runner import Runner

OPENER = Actor("daybook", ActorKind.SYSTEM)
WRITER = "daybook_writer"
PROJECTOR = "daybook_projector"
CLUSTER = "postgres"
MAIN = "main"
PAUSE_SECONDS = 0.5
# Whatever road leads there: a grant, ownership, a superuser, or a role that this one may become.
MAY_CHANGE_EVENTS = """
SELECT current_user,
       EXISTS (SELECT FROM pg_roles r
               WHERE pg_has_role(current_user, r.oid, 'MEMBER')
                 AND (r.rolsuper OR has_table_privilege(r.oid, 'ledger.event', 'INSERT, UPDATE, DELETE, TRUNCATE')))
"""


class TooMuchAllowed(LedgerError):
    """The role that the server works as could rewrite the ledger."""


@dataclass(frozen=True, slots=True)
class NewBook:
    """How the book is opened when it is missing."""

    time: BookTime = BookTime.LIVE
    zone: str | None = None
    """The IANA zone in which its years begin; None takes the settings'."""
    at: datetime | None = None
    """When it is opened; in a simulated book its time begins there. None is now."""
    origin: str | None = None
    """The name under which it signs, for good; None makes one of the book's."""


def silent(message: str) -> None:
    """Tells nobody."""
    del message


class Workspace:
    """All of it, open until closed; a context manager.

    With no `DATABASE_URL` it runs the embedded PostgreSQL, starts it again when it dies, migrates it and keeps the
    master key in a file beside the data; with one, it finds all that as the owner has made it. `writes` says that the
    door is going to write: the embedded ledger then gets its book `main`, and a role that could rewrite the ledger is
    refused unless `single_role`. `new_book` opens a missing book of any name. `longest` bounds each statement of
    what is read. `told` hears what takes time.

    Raises: EmbeddedError, LedgerAway, DiskFull, SchemaMismatch, TooMuchAllowed, WrongSetting.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        book: str | None = None,
        new_book: NewBook | None = None,
        writes: bool = False,
        single_role: bool = False,
        longest: timedelta | None = None,
        told: Callable[[str], None] = silent,
    ) -> None:
        self.settings = settings
        self.book = book or settings.book
        # A book of another name is opened on purpose only, or a slip of the pen would be one.
        self._new_book = new_book or (NewBook() if settings.embedded and writes and self.book == MAIN else None)
        self.single_role = single_role
        self._ledgers: dict[str, Ledger] = {}
        self._awaken: Awaken | None = None
        with ExitStack() as undo:
            if settings.database_url is None:
                server = undo.enter_context(Embedded(settings.data / "pg"))
                self._awaken = server.ensure
                migrate(server.url(CLUSTER))
                self._writer_url = server.url(CLUSTER, user=WRITER)
                self._projector_url: str | None = server.url(CLUSTER, user=PROJECTOR)
            else:
                self._writer_url = settings.database_url
                self._projector_url = settings.projector_url or (settings.database_url if single_role else None)
            wait_for(self._writer_url, settings.patience_seconds, told)
            self.database = undo.enter_context(
                Database(self._writer_url, patience=settings.patience, awaken=self._awaken, longest=longest, reads=True)
            )
            with self.database.connection() as connection:
                check_schema(connection)
                if writes and not single_role:
                    refuse_a_single_role(connection)
            self._open = undo.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Writes what has been handed in, and lets go of everything; closing twice does nothing."""
        self._open.close()

    @cached_property
    def master(self) -> LocalMasterKey:
        """The master key. Raises: WrongSetting, WrongKey."""
        settings = self.settings
        if settings.master_key is not None:
            return LocalMasterKey.from_text(settings.master_key.get_secret_value())
        if settings.master_key_file is not None:
            return _key_in(settings.master_key_file, "DAYBOOK_MASTER_KEY_FILE")
        if not settings.embedded:
            raise WrongSetting(
                "There is no master key: set DAYBOOK_MASTER_KEY (`openssl rand -base64 32` makes one), "
                "or DAYBOOK_MASTER_KEY_FILE. Keep it; nothing personal can be read without it."
            )
        file = settings.data / "master.key"
        if not file.exists() and books(self.database):
            raise WrongSetting(f"The data in {settings.data} was written under a master key that is gone: {file}.")
        return _key_in(file, f"The master key {file}", create=True)

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger of the book, which is opened if it may be. Raises: UnknownBook, WrongSetting, WrongKey."""
        ledger = self._opened()
        self._open.callback(ledger.close)
        ledger.check_key()
        return ledger

    def _opened(self) -> Ledger:
        names = [state.book for state in books(self.database)]
        if self.book in names:
            return Ledger(self.database, self.master, self.book)
        if self._new_book is None:
            there = f"There are: {', '.join(names)}." if names else "There is none yet."
            raise UnknownBook(
                f"There is no book {self.book!r} in this ledger. {there} `daybook migrate --open {self.book}` opens it."
            )
        return open_book(
            self.database,
            self.master,
            self.book,
            origin=self._new_book.origin or f"daybook/{self.book}",
            zone=self._new_book.zone or self.settings.zone,
            time=self._new_book.time,
            at=self._new_book.at or datetime.now(UTC),
            actor=OPENER,
        )

    def ledgers(self) -> list[Ledger]:
        """The ledgers of all books there are by now. Raises: UnknownBook when there is none, WrongSetting, WrongKey."""
        for state in books(self.database):
            if state.book not in self._ledgers:
                self._ledgers[state.book] = Ledger(self.database, self.master, state.book)
                self._open.callback(self._ledgers[state.book].close)
                self._ledgers[state.book].check_key()
        return list(self._ledgers.values()) or [self.ledger]

    @cached_property
    def views(self) -> Database:
        """The database as the role that owns the views uses it. Raises: WrongSetting, LedgerAway."""
        if self._projector_url is None:
            raise WrongSetting(
                "DAYBOOK_PROJECTOR_URL is not set: the views are written by a role of their own, daybook_projector."
            )
        return self._open.enter_context(
            Database(self._projector_url, patience=self.settings.patience, awaken=self._awaken)
        )

    @cached_property
    def runner(self) -> Runner:
        """The runner of the book's views, their tables made. Raises: WrongSetting, LedgerAway."""
        runner = Runner(self.ledger, self.views)
        runner.prepare()
        return runner


def migrated(settings: Settings, told: Callable[[str], None] = silent) -> list[Migration]:
    """Brings the schema forward as its owner, and gives back what was run. Raises: WrongSetting, LedgerAway."""
    if settings.embedded:
        with Embedded(settings.data / "pg") as server:
            return migrate(server.url(CLUSTER))
    if settings.owner_url is None:
        raise WrongSetting("DAYBOOK_OWNER_URL is not set: the schema belongs to a role that the server does not have.")
    wait_for(settings.owner_url, settings.patience_seconds, told)
    return migrate(settings.owner_url)


def wait_for(url: str, patience_seconds: float, told: Callable[[str], None] = silent) -> None:
    """Returns as soon as the database answers. Raises: LedgerAway, with what it was that failed."""
    deadline = time.monotonic() + patience_seconds
    said = False
    while True:
        try:
            psycopg.connect(url, connect_timeout=max(2, int(patience_seconds))).close()
            return
        except psycopg.OperationalError as error:
            cause = " ".join(str(error).split())
            if time.monotonic() + PAUSE_SECONDS > deadline:
                if isinstance(found := away(error, url), DiskFull):
                    raise found from error
                raise LedgerAway(
                    f"The database at {place_of(url)} does not answer: {cause}. Start it, or mend the URL."
                ) from error
        except psycopg.ProgrammingError as error:
            raise WrongSetting(f"A database URL cannot be read: {error}") from error
        if not said:
            told(f"The database at {place_of(url)} does not answer yet; trying for {patience_seconds:g} seconds.")
            said = True
        time.sleep(PAUSE_SECONDS)


def refuse_a_single_role(connection: psycopg.Connection) -> None:
    """Raises: TooMuchAllowed when the connection's role could change what has been written."""
    for role, may_change in connection.execute(MAY_CHANGE_EVENTS):
        if may_change:
            raise TooMuchAllowed(
                f"The role {role!r} of DATABASE_URL could rewrite the ledger. Let the server log in as {WRITER} "
                "and migrate as the owner (DAYBOOK_OWNER_URL), or say --insecure-single-role."
            )


def _key_in(file: Path, called: str, *, create: bool = False) -> LocalMasterKey:
    try:
        return LocalMasterKey.from_file(file, create=create)
    except (OSError, UnicodeDecodeError) as error:
        if out_of_room(error):
            raise DiskFull(f"The disk of {file} is full. Make room there and try again.") from error
        raise WrongSetting(f"{called} cannot be read: {error}") from error
