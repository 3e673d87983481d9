"""What is being built of views beside their live tables: begun by a program, kept until it is done or given up."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from ledger.connection import away, connected
from ledger.database import Database
from ledger.errors import LedgerError
from projections.comparison import Compared, Difference
from projections.cursor import begin
from projections.fingerprint import fingerprint
from projections.tables import is_there, make_table, name_it
from projections.view import View

# Of who builds a view anew: an advisory lock, since it ends with its connection, however this process does, and holds
# back no vacuum.
LOCK = "hashtext('daybook views'), hashtext(%(view)s)"
ALONE = f"SELECT pg_try_advisory_lock({LOCK})"
LET_GO = f"SELECT pg_advisory_unlock({LOCK})"

NOTES = "SELECT projection, version, fingerprint, asked, begun_at, in_place_at, before FROM views.rebuild"
NOTE = """
INSERT INTO views.rebuild (projection, version, fingerprint, asked, begun_at)
VALUES (%(projection)s, %(version)s, %(fingerprint)s, %(asked)s, %(now)s)
"""
IN_PLACE = "UPDATE views.rebuild SET in_place_at = %(now)s, before = %(before)s WHERE projection = %(projection)s"
ASKED = "UPDATE views.rebuild SET asked = %(asked)s WHERE projection = %(projection)s"
FORGET = "DELETE FROM views.rebuild WHERE projection = %(projection)s"
# What is in its place is of use only to who goes on with what was asked for with it.
FORGET_DONE = """
DELETE FROM views.rebuild d
WHERE in_place_at IS NOT NULL
  AND NOT EXISTS (SELECT FROM views.rebuild b WHERE b.in_place_at IS NULL AND b.asked = d.asked)
"""
# Both lean on the primary key.
COMPARED = """
SELECT book, position, rows, differing, shown FROM views.rebuild_compared WHERE projection = %(projection)s
"""
KEEP_COMPARED = """
INSERT INTO views.rebuild_compared (projection, book, position, rows, differing, shown)
VALUES (%(projection)s, %(book)s, %(position)s, %(rows)s, %(differing)s, %(shown)s)
ON CONFLICT (projection, book) DO UPDATE
SET position = excluded.position, rows = excluded.rows, differing = excluded.differing, shown = excluded.shown
"""
# Tables with what is kept beside them.
TABLES = """
SELECT relname FROM pg_class
WHERE relnamespace = 'views'::regnamespace AND relkind = 'r' AND relname ~ %(pattern)s
"""
FORGET_CURSORS = "DELETE FROM views.cursor WHERE projection = %(projection)s AND anew = %(anew)s"
NO_LONGER_ANEW = "UPDATE views.cursor SET anew = false WHERE projection = %(projection)s AND anew"
INDEXES = """
SELECT c.relname FROM pg_class c JOIN pg_index i ON c.oid = i.indexrelid
WHERE i.indrelid = to_regclass(%(table)s)
"""
HALF_BUILT = r"""
SELECT projection, version, fingerprint, begun_at,
       (SELECT max(updated_at) FROM views.cursor c WHERE c.projection = r.projection AND c.anew),
       (SELECT jsonb_object_agg(book, position) FROM views.cursor c WHERE c.projection = r.projection AND c.anew),
       (SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class
        WHERE relnamespace = 'views'::regnamespace AND relkind = 'r'
          AND relname ~ ('^' || r.projection || '_\d+_anew(_touch)?$'))
FROM views.rebuild r
WHERE in_place_at IS NULL
ORDER BY begun_at, projection
"""


class RebuildUnderWay(LedgerError):
    """Another process is building the same view anew."""

    def __init__(self, view: View[Any]) -> None:
        super().__init__(
            f"The view {view.name} is being built anew by another process. Nothing was touched; let that one finish."
        )


class Note(NamedTuple):
    """What is known of a table that was begun beside a live one."""

    projection: str
    version: int
    fingerprint: str
    asked: Sequence[str]
    """The views that were asked for together."""
    begun_at: datetime
    in_place_at: datetime | None
    """When it took the live table's place, while others of those had not."""
    before: int | None
    """The version in whose place it is."""

    def is_made_by(self, view: View[Any]) -> bool:
        """Whether this program would make the very same rows of it."""
        return (self.version, self.fingerprint) == (view.version, fingerprint(view))


class HalfBuilt(NamedTuple):
    """A table that was begun beside a live one, and has not taken its place."""

    projection: str
    version: int
    fingerprint: str
    begun_at: datetime
    moved_at: datetime | None
    """When it last grew."""
    positions: Mapping[str, int]
    """How far it has come, by book."""
    stored_bytes: int
    """What it takes on disk, with its indexes."""


def half_built(database: Database) -> list[HalfBuilt]:
    """What was begun and has neither been done nor given up, the oldest first. Raises: LedgerAway."""
    try:
        rows = database.rows(HALF_BUILT)
    except psycopg.errors.UndefinedTable:
        return []
    return [HalfBuilt._make((*row[:5], row[5] or {}, row[6])) for row in rows]


@contextmanager
def alone(database: Database, views: Iterable[View[Any]]) -> Iterator[psycopg.Connection]:
    """A connection that nobody else has for these views, until it ends. Raises: RebuildUnderWay, LedgerAway."""
    held: list[View[Any]] = []
    try:
        with connected(database.url) as connection:
            try:
                for view in views:
                    if connection.execute(ALONE, {"view": view.name}).fetchone() != (True,):
                        raise RebuildUnderWay(view)
                    held.append(view)
                yield connection
            finally:
                with suppress(psycopg.Error):  # at once; that the connection has ended, the server sees a moment later
                    for view in held:
                        connection.execute(LET_GO, {"view": view.name})
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        raise away(error, database.url) from error


def notes(connection: psycopg.Connection) -> dict[str, Note]:
    """What is known of all tables that were begun, by the view's name."""
    return {row[0]: Note(*row) for row in connection.execute(NOTES)}


def begin_anew(connection: psycopg.Connection, anew: View[Any], asked: Collection[str], now: datetime) -> None:
    """Begins a view's table beside the live one, in place of any that was begun before."""
    with connection.transaction():
        give_up(connection, anew)
        make_table(connection, anew)
        noted = {"projection": anew.name, "version": anew.version, "fingerprint": fingerprint(anew)}
        connection.execute(NOTE, {**noted, "asked": sorted(asked), "now": now})


def begin_books(
    connection: psycopg.Connection, views: Iterable[View[Any]], books: Iterable[str], now: datetime
) -> None:
    """Sets a cursor at the beginning of each book that a begun table does not know yet."""
    for view in views:
        for book in books:
            begin(connection, book, view, now)


def give_up(connection: psycopg.Connection, view: View[Any]) -> None:
    """Takes away what was begun of a view, of any version. Who does so is alone with it."""
    with connection.transaction():
        begun = connection.execute(TABLES, {"pattern": rf"^{view.name}_\d+_anew(_touch)?$"}).fetchall()
        for (table,) in begun:
            connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier("views", table)))
        connection.execute(FORGET_CURSORS, {"projection": view.name, "anew": True})
        connection.execute(FORGET, {"projection": view.name})


def go_on(connection: psycopg.Connection, anew: View[Any], asked: Collection[str]) -> None:
    """Has a table that was begun belong together with other views than before."""
    connection.execute(ASKED, {"projection": anew.name, "asked": sorted(asked)})


def forget_done(connection: psycopg.Connection) -> None:
    """Forgets what is in its place, unless others that were asked for with it are not."""
    connection.execute(FORGET_DONE)


def keep_compared(connection: psycopg.Connection, view: View[Any], found: Compared) -> None:
    """Notes how a new table differed from the live one in a book."""
    shown = Jsonb([[list(row.key), list(row.columns)] for row in found.shown])
    told = {"book": found.book, "position": found.position, "rows": found.rows, "differing": found.differing}
    connection.execute(KEEP_COMPARED, {**told, "projection": view.name, "shown": shown})


def kept_compared(connection: psycopg.Connection, view: View[Any]) -> dict[str, Compared]:
    """How the new table of a view differed from the live one, by book."""
    return {
        book: Compared(
            book, position, rows, differing, [Difference(tuple(key), tuple(columns)) for key, columns in shown]
        )
        for book, position, rows, differing, shown in connection.execute(COMPARED, {"projection": view.name})
    }


def make_indexes(connection: psycopg.Connection, anew: View[Any]) -> None:
    """Makes the indexes that were left for later, and has the server look at what the table holds: it would plan the
    first questions blindly."""
    for name, statement in anew.later_indexes().items():
        if not is_there(connection, name):
            connection.execute(statement)
    connection.execute(anew.statement("ANALYZE {table}"))


def put_in_place(connection: psycopg.Connection, anew: View[Any], before: int | None, now: datetime) -> None:
    """Drops the live table, and gives its place, its name and its cursors to the new one. Within a transaction."""
    view = replace(anew, anew=False)
    connection.execute(view.query("DROP VIEW IF EXISTS {table}"))
    for version in {before, view.version} - {None}:
        table = f"{view.name}_{version}"
        for dropped in (table, f"{table}_touch"):
            connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier("views", dropped)))
    connection.execute(FORGET_CURSORS, {"projection": view.name, "anew": False})
    for suffix in ("", "_touch"):
        _rename(connection, f"{anew.table}{suffix}", anew.table, view.table)
    connection.execute(NO_LONGER_ANEW, {"projection": view.name})
    name_it(connection, view, now)
    connection.execute(IN_PLACE, {"projection": view.name, "before": before, "now": now})


def _rename(connection: psycopg.Connection, table: str, old: str, new: str) -> None:
    """Gives a table and its indexes the names that they would have had at once."""
    for (index,) in connection.execute(INDEXES, {"table": f"views.{table}"}).fetchall():
        renamed = sql.Identifier(index.replace(old, new, 1))
        connection.execute(sql.SQL("ALTER INDEX {} RENAME TO {}").format(sql.Identifier("views", index), renamed))
    renamed = sql.Identifier(table.replace(old, new, 1))
    connection.execute(sql.SQL("ALTER TABLE IF EXISTS {} RENAME TO {}").format(sql.Identifier("views", table), renamed))
