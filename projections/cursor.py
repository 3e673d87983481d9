"""How far each view has come in a book: its table and its cursor, and the one transaction that moves both."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from importlib.resources import files
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import psycopg
from psycopg import sql

from ledger.database import Database
from ledger.errors import LedgerError
from projections.projection import Projection, V

# Which of them a second CREATE TABLE meets depends on how far the first has come: the row of the table, or of its type.
MADE_MEANWHILE = (
    psycopg.errors.UniqueViolation,
    psycopg.errors.DuplicateTable,
    psycopg.errors.DuplicateObject,
)


class Overtaken(LedgerError):
    """Another runner has moved this view on; what it wrote stands, and nothing was written twice."""


class ProjectionStopped(LedgerError):
    """A view came to an event that it cannot take, and stays before it; the other views go on."""

    def __init__(self, projection: str, version: int, position: int, topic: str, cause: str) -> None:
        super().__init__(
            f"{projection} (version {version}) stopped before position {position} ({topic}). "
            f"Nothing was skipped; it goes on from there once the program can take the event. It met {cause}"
        )
        self.projection = projection
        self.version = version
        self.position = position
        self.topic = topic
        self.cause = cause


class RowAhead(LedgerError):
    """A row shows events that its view's cursor has not come to, so that they would be counted twice."""

    def __init__(self, key: UUID, position: int) -> None:
        super().__init__(f"The row {key} shows position {position} already. Delete the cursor to build the view anew.")


class Standing(NamedTuple):
    """How far a view has come."""

    projection: str
    version: int
    position: int
    updated_at: datetime | None
    """When it last moved; None when it never has."""
    stopped: ProjectionStopped | None


class Folded(NamedTuple):
    """What became of a view by position `position`, and what stopped it there, if anything."""

    position: int
    views: Mapping[UUID, Any]
    stopped: ProjectionStopped | None = None


# Leans on the primary key of cursor.
STANDINGS = """
SELECT projection, version, position, updated_at, stopped_position, stopped_topic, stopped_cause
FROM views.cursor
WHERE book = %(book)s
"""
BEGIN = """
INSERT INTO views.cursor (book, projection, version, position, updated_at)
VALUES (%(book)s, %(projection)s, %(version)s, 0, %(now)s)
ON CONFLICT DO NOTHING
"""
FORGET = "DELETE FROM views.cursor WHERE projection = %(projection)s AND version = %(version)s"
# The fence: whoever finds the cursor elsewhere than where the views were read from writes nothing.
MOVE = """
UPDATE views.cursor
SET position = %(position)s, updated_at = %(now)s, stopped_position = %(stopped_position)s,
    stopped_topic = %(stopped_topic)s, stopped_cause = %(stopped_cause)s
WHERE book = %(book)s AND projection = %(projection)s AND version = %(version)s AND position = %(previous)s
"""


def make_tables(connection: psycopg.Connection, projections: Sequence[Projection[Any]]) -> None:
    """Makes the tables that are not there yet. Two may do it at once: the second waits and finds them made."""
    if not _is_there(connection, "cursor"):
        try:
            with connection.transaction():
                connection.execute(sql.SQL(files("projections").joinpath("cursor.sql").read_text(encoding="utf-8")))
        except MADE_MEANWHILE:
            pass  # two first runners met, and the other has made it
    for projection in projections:
        if not _is_there(connection, projection.table):
            with connection.transaction():
                connection.execute("LOCK TABLE views.cursor IN SHARE ROW EXCLUSIVE MODE")
                if not _is_there(connection, projection.table):
                    _make_table(connection, projection)


def _is_there(connection: psycopg.Connection, table: str) -> bool:
    return connection.execute("SELECT to_regclass(%s)", (f"views.{table}",)).fetchone() != (None,)


def _make_table(connection: psycopg.Connection, projection: Projection[Any]) -> None:
    """An empty table begins at the beginning, whatever a cursor says that outlived the table before it."""
    connection.execute(projection.definition())
    connection.execute(projection.query("GRANT SELECT ON {table} TO daybook_writer"))
    connection.execute(FORGET, {"projection": projection.name, "version": projection.version})


def begin(connection: psycopg.Connection, book: str, projection: Projection[Any], now: datetime) -> None:
    """Sets a cursor at the beginning of a book where there is none. Rows that outlived their cursor go."""
    parameters = {"book": book, "projection": projection.name, "version": projection.version, "now": now}
    with connection.transaction():
        if connection.execute(BEGIN, parameters).rowcount:
            connection.execute(projection.query("DELETE FROM {table} WHERE book = %(book)s"), {"book": book})


def standings(database: Database, book: str, projections: Sequence[Projection[Any]]) -> list[Standing]:
    """How far views have come in a book; those without a cursor stand at the beginning. Raises: LedgerAway."""
    try:
        rows = database.rows(STANDINGS, {"book": book})
    except psycopg.errors.UndefinedTable:
        rows = []
    found = {(name, version): _standing(name, version, *rest) for name, version, *rest in rows}
    return [found.get((p.name, p.version)) or Standing(p.name, p.version, 0, None, None) for p in projections]


def _standing(name: str, version: int, position: int, updated_at: datetime, at: int | None, *why: str) -> Standing:
    stopped = None if at is None else ProjectionStopped(name, version, at, *why)
    return Standing(name, version, position, updated_at, stopped)


def views_of(database: Database, book: str, projection: Projection[V], keys: Collection[UUID]) -> dict[UUID, V]:
    """Those of some rows of a view that there are, by key. Raises: LedgerAway."""
    if not keys:
        return {}
    # Leans on the primary key, which is the book and the key.
    query = projection.query("SELECT {key}, {columns} FROM {table} WHERE book = %(book)s AND {key} = ANY(%(keys)s)")
    rows = database.rows(query, {"book": book, "keys": list(keys)})
    return {row[0]: projection.of_row(row[1:]) for row in rows}


def write(database: Database, book: str, projection: Projection[Any], previous: int, folded: Folded) -> None:
    """Writes views and moves their cursor from `previous` on, together. Raises: Overtaken, LedgerAway."""
    stopped = folded.stopped
    move = {
        "book": book,
        "projection": projection.name,
        "version": projection.version,
        "previous": previous,
        "position": folded.position,
        "now": database.now(),
        "stopped_position": stopped.position if stopped else None,
        "stopped_topic": stopped.topic if stopped else None,
        "stopped_cause": stopped.cause if stopped else None,
    }
    # One parameter of JSON for all rows and columns: it needs no list of types, no staging table and one round trip,
    # and took 44 us a row where a binary COPY into a staging table took 38 and UNNEST 79 (2026-11-21).
    upsert = projection.query("""
        INSERT INTO {table} (book, {columns})
        SELECT book, {columns} FROM json_populate_recordset(NULL::{table}, %(rows)s::json)
        ON CONFLICT (book, {key}) DO UPDATE SET ({others}) = ROW({excluded})
    """)
    rows = [{"book": book, **dict(zip(projection.columns, view, strict=True))} for view in folded.views.values()]
    document = orjson.dumps(rows, default=_plain).decode()

    def write_once(connection: psycopg.Connection) -> None:
        with connection.transaction():
            if connection.execute(MOVE, move, prepare=True).rowcount == 0:
                raise Overtaken(f"Another runner has moved {projection.label} past position {previous}.")
            if rows:
                connection.execute(upsert, {"rows": document}, prepare=True)

    database.patiently(write_once)


def _plain(value: object) -> object:
    """What orjson leaves to its caller: a NamedTuple within a row is a list, a read-only mapping an object."""
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError  # orjson says which type it met
