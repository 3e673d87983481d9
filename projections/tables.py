"""The tables of views: made where they are missing, and asked under a name that does not carry their version."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from importlib.resources import files
from typing import Any

import psycopg
from psycopg import sql

from ledger.errors import LedgerError
from projections.projection import Projection
from projections.reckoning import Reckoning
from projections.view import View

# Which of them a second CREATE TABLE meets depends on how far the first has come: the row of the table, or of its type.
MADE_MEANWHILE = (
    psycopg.errors.UniqueViolation,
    psycopg.errors.DuplicateTable,
    psycopg.errors.DuplicateObject,
)

LIVE = "SELECT projection, version FROM views.live"
SHOWS = """
INSERT INTO views.live (projection, version, since) VALUES (%(projection)s, %(version)s, %(now)s)
ON CONFLICT (projection) DO UPDATE SET version = %(version)s, since = %(now)s
"""
FORGET = """
DELETE FROM views.cursor WHERE projection = %(projection)s AND version = %(version)s AND anew = %(anew)s
"""
# Streams that touch a row whose subject they are not about. The row's own stream is known by its name.
TOUCH = """
CREATE TABLE IF NOT EXISTS {touch} (
  book text NOT NULL,
  key uuid NOT NULL,
  stream text NOT NULL,
  PRIMARY KEY (book, key, stream)
)
"""
# Streams on which the rows of a reckoning lean without being about their subjects.
LEANS = """
CREATE TABLE IF NOT EXISTS {touch} (
  book text NOT NULL,
  on_stream text NOT NULL,
  stream text NOT NULL,
  PRIMARY KEY (book, on_stream, stream)
)
"""


class ViewsNotOurs(LedgerError):
    """The role at hand may not make or write the views."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The views cannot be written: {reason}. They belong to the role daybook_projector; let "
            "DAYBOOK_PROJECTOR_URL log in as that."
        )


@contextmanager
def as_their_owner() -> Iterator[None]:
    """Work that only the role does that owns the views. Raises: ViewsNotOurs."""
    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        raise ViewsNotOurs(error.diag.message_primary or str(error)) from error


class ViewNewer(LedgerError):
    """A view's table was made by a newer program; this one leaves it alone, and keeps the other views."""

    def __init__(self, view: View[Any], version: int) -> None:
        super().__init__(
            f"The view {view.name} is of version {version}, and this program knows version {view.version}. "
            "Nothing was touched; update this program, or let the newer one keep the views."
        )
        self.projection = view.name
        self.version = version


class ViewOlder(LedgerError):
    """A view's table is of an older version; it stays as it is until the new one has been built beside it."""

    def __init__(self, view: View[Any], version: int) -> None:
        super().__init__(
            f"The view {view.name} is of version {version}, and this program makes version {view.version}. "
            f"`daybook project` builds that beside it and puts it in its place."
        )
        self.projection = view.name
        self.version = version


def make_tables(connection: psycopg.Connection, views: Iterable[View[Any]], now: datetime) -> None:
    """Makes the live tables that are not there yet, and the names under which they are asked.

    A view that has a table of another version gets none here. Two may do it at once: the second waits and finds them
    made.
    """
    if not (is_there(connection, "live") and is_there(connection, "cursor")):
        try:
            with connection.transaction():
                if not is_there(connection, "live"):
                    # Cursors from before views had names of their own; their tables are begun anew.
                    connection.execute("DROP TABLE IF EXISTS views.cursor")
                connection.execute(sql.SQL(files("projections").joinpath("cursor.sql").read_text(encoding="utf-8")))
        except MADE_MEANWHILE:
            pass  # two first runners met, and the other has made it
    if not is_there(connection, "rebuild_compared"):
        with suppress(*MADE_MEANWHILE), connection.transaction():
            connection.execute(sql.SQL(files("projections").joinpath("rebuild.sql").read_text(encoding="utf-8")))
    for view in views:
        if not _is_made(connection, view):
            with connection.transaction():
                connection.execute("LOCK TABLE views.live IN SHARE ROW EXCLUSIVE MODE")
                if not _is_made(connection, view):
                    make_table(connection, view)
                    name_it(connection, view, now)


def _is_made(connection: psycopg.Connection, view: View[Any]) -> bool:
    """Whether some version of a view is asked under its name: another one is left as it is."""
    version = live_versions(connection).get(view.name)
    return version not in {None, view.version} or (version is not None and is_there(connection, view.name))


def live_versions(connection: psycopg.Connection) -> dict[str, int]:
    """Which version of each view is asked under its name."""
    return {name: version for name, version in connection.execute(LIVE)}  # noqa: C416  a row is no pair to a checker


def is_there(connection: psycopg.Connection, table: str) -> bool:
    """Whether there is something of this name in the schema `views`."""
    return connection.execute("SELECT to_regclass(%s)", (f"views.{table}",)).fetchone() != (None,)


def make_table(connection: psycopg.Connection, view: View[Any]) -> None:
    """An empty table begins at the beginning, whatever a cursor says that outlived the table before it."""
    if not is_there(connection, view.table):
        connection.execute(view.definition())
        connection.execute(view.statement("GRANT SELECT ON {table} TO daybook_writer"))
        connection.execute(FORGET, {"projection": view.name, "version": view.version, "anew": view.anew})
    if isinstance(view, Projection):
        connection.execute(view.statement(TOUCH))
        connection.execute(view.statement("GRANT SELECT ON {touch} TO daybook_writer"))  # for who asks about the past
    if isinstance(view, Reckoning):
        connection.execute(view.statement(LEANS))


def name_it(connection: psycopg.Connection, view: View[Any], now: datetime) -> None:
    """Lets questions asked under the view's name reach this table."""
    connection.execute(view.query("DROP VIEW IF EXISTS {table}"))
    connection.execute(view.query("CREATE VIEW {table} AS ") + view.statement("SELECT * FROM {table}"))
    connection.execute(view.query("GRANT SELECT ON {table} TO daybook_writer"))
    connection.execute(SHOWS, {"projection": view.name, "version": view.version, "now": now})
