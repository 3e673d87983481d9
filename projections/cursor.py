"""How far each view has come in a book: its cursor, and the one transaction that moves it and writes the view."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from types import NoneType
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

import orjson
import psycopg
from psycopg.types.json import Jsonb

from ledger.database import Database
from ledger.errors import LedgerError
from projections.projection import Projection
from projections.tables import LIVE, ViewNewer, ViewOlder
from projections.view import V, View

ROWS_A_STATEMENT = 1_000

Statement: TypeAlias = tuple[str, Mapping[str, Any]]
"""A statement with its parameters."""


class Copied(NamedTuple):
    """Rows that are copied into a table, which puts none in the place of another."""

    statement: str
    rows: Sequence[tuple[Any, ...]]


class Overtaken(LedgerError):
    """Another runner has moved this view on; what it wrote stands, and nothing was written twice."""


class ProjectionStopped(LedgerError):
    """A view came to an event that it cannot take, and stays before it; the other views go on."""

    def __init__(
        self, projection: str, version: int, position: int, topic: str, cause: str, since: datetime | None = None
    ) -> None:
        super().__init__(
            f"{projection} (version {version}) stopped before position {position} ({topic}). "
            f"Nothing was skipped; it goes on from there once the program can take the event. It met {cause}"
        )
        self.projection = projection
        self.version = version
        self.position = position
        self.topic = topic
        self.cause = cause
        self.since = since
        """When it first stopped there; None until that is written down."""


class RowAhead(LedgerError):
    """A row shows events that its view's cursor has not come to, so that they would be counted twice."""

    def __init__(self, key: UUID, position: int) -> None:
        super().__init__(f"The row {key} shows position {position} already. Delete the cursor to build the view anew.")


class Standing(NamedTuple):
    """How far a view has come. The table that is asked may be of another version than the program's."""

    projection: str
    version: int
    position: int
    updated_at: datetime | None
    """When it last moved; None when it never has."""
    stopped: ProjectionStopped | None
    begun_at: datetime | None = None
    """When its table was begun in this book."""
    held: ViewNewer | ViewOlder | None = None
    """Why this program leaves the table alone."""

    @property
    def why(self) -> LedgerError | None:
        """Why the view does not go on, if it does not."""
        return self.held or self.stopped


class Change(NamedTuple):
    """What becomes of a view by position `position`, as statements, and what stopped it there, if anything."""

    position: int
    statements: Sequence[Statement | Copied]
    stopped: ProjectionStopped | None = None


# Leans on the primary key of cursor.
STANDINGS = """
SELECT projection, version, anew, position, begun_at, updated_at, stopped_position, stopped_topic, stopped_cause,
       stopped_since
FROM views.cursor
WHERE book = %(book)s
"""
BEGIN = """
INSERT INTO views.cursor (book, projection, version, anew, position, begun_at, updated_at)
VALUES (%(book)s, %(projection)s, %(version)s, %(anew)s, 0, %(now)s, %(now)s)
ON CONFLICT DO NOTHING
"""
# The fence: whoever finds the cursor elsewhere than where the views were read from writes nothing. Nor does who finds
# another cursor at the same place, that of a table which took the place of the one that was read.
MOVE = """
UPDATE views.cursor
SET position = %(position)s, updated_at = %(now)s, stopped_position = %(stopped_position)s,
    stopped_topic = %(stopped_topic)s, stopped_cause = %(stopped_cause)s,
    stopped_since = CASE
      WHEN %(stopped_position)s::bigint IS NULL THEN NULL
      WHEN stopped_position = %(stopped_position)s THEN stopped_since
      ELSE %(now)s
    END
WHERE book = %(book)s AND projection = %(projection)s AND version = %(version)s AND anew = %(anew)s
  AND position = %(previous)s AND begun_at = %(begun_at)s
"""


def begin(connection: psycopg.Connection, book: str, view: View[Any], now: datetime) -> None:
    """Sets a cursor at the beginning of a book where there is none. Rows that outlived their cursor go."""
    parameters = {"book": book, "projection": view.name, "version": view.version, "anew": view.anew, "now": now}
    with connection.transaction():
        if connection.execute(BEGIN, parameters).rowcount:
            connection.execute(view.statement("DELETE FROM {table} WHERE book = %(book)s"), {"book": book})
            if isinstance(view, Projection):
                connection.execute(view.statement("DELETE FROM {touch} WHERE book = %(book)s"), {"book": book})


def standings(database: Database, book: str, views: Iterable[View[Any]]) -> list[Standing]:
    """How far views have come in a book; those without a cursor stand at the beginning. Raises: LedgerAway."""
    try:
        live: dict[str, int] = dict(database.rows(LIVE))
        rows = database.rows(STANDINGS, {"book": book})
    except psycopg.errors.UndefinedTable:
        live, rows = {}, []
    found = {(name, version, anew): _standing(name, version, *rest) for name, version, anew, *rest in rows}
    return [_of(view, live.get(view.name, view.version), found) for view in views]


def _of(view: View[Any], version: int, found: Mapping[tuple[str, int, bool], Standing]) -> Standing:
    if view.anew:
        version = view.version
    at = found.get((view.name, version, view.anew)) or Standing(view.name, version, 0, None, None)
    if version == view.version:
        return at
    return at._replace(held=(ViewNewer if version > view.version else ViewOlder)(view, version))


def _standing(
    name: str, version: int, position: int, begun_at: datetime, updated_at: datetime, at: int | None, *why: Any
) -> Standing:
    stopped = None if at is None else ProjectionStopped(name, version, at, *why)
    return Standing(name, version, position, updated_at, stopped, begun_at)


def views_of(database: Database, book: str, projection: Projection[V], keys: Collection[UUID]) -> dict[UUID, V]:
    """Those of some rows of a view that there are, by key. Raises: LedgerAway."""
    if not keys:
        return {}
    # Leans on the primary key, which is the book and the key.
    query = projection.statement("SELECT {key}, {columns} FROM {table} WHERE book = %(book)s AND {key} = ANY(%(keys)s)")
    rows = database.rows(query, {"book": book, "keys": list(keys)})
    return {row[0]: projection.of_row(row[1:]) for row in rows}


def insertion(view: View[V], book: str, rows: Sequence[V], *, upsert: bool = False) -> list[Statement]:
    """The statements that put rows into a view's table. Raises: orjson.JSONEncodeError."""
    # One parameter of JSON for all rows and columns: it needs no list of types, no staging table and one round trip,
    # and took 44 us a row where a binary COPY into a staging table took 38 and UNNEST 79 (2026-11-21).
    statement = view.statement("""
        INSERT INTO {table} (book, {columns})
        SELECT book, {columns} FROM json_populate_recordset(NULL::{table}, %(rows)s::json)
    """)
    if upsert:
        statement += view.statement("ON CONFLICT (book, {key}) DO UPDATE SET ({others}) = ROW({excluded})")
    documents = [{"book": book, **dict(zip(view.columns, row, strict=True))} for row in rows]
    return [
        (statement, {"rows": orjson.dumps(documents[first : first + ROWS_A_STATEMENT], default=_plain).decode()})
        for first in range(0, len(documents), ROWS_A_STATEMENT)
    ]


def copied(view: View[V], book: str, rows: Sequence[V]) -> list[Copied]:
    """The same for rows that are not in the table yet, by COPY; none for none.

    A tuple of plain values becomes an array, and whatever has parts of its own is JSON.
    """
    # Text, which needs no list of types. For the audit trail it took 9 us a row where JSON took 17 (2026-11-22).
    statement = view.statement("COPY {table} (book, {columns}) FROM STDIN")
    return [Copied(statement, [(book, *map(_cell, row)) for row in rows])] if rows else []


def write(database: Database, book: str, view: View[Any], start: Standing, change: Change) -> Standing:
    """Writes a view and moves its cursor on from where it stood, together. Raises: Overtaken, LedgerAway."""
    stopped, now = change.stopped, database.now()
    move = {
        "book": book,
        "projection": view.name,
        "version": view.version,
        "anew": view.anew,
        "previous": start.position,
        "begun_at": start.begun_at,
        "position": change.position,
        "now": now,
        "stopped_position": stopped.position if stopped else None,
        "stopped_topic": stopped.topic if stopped else None,
        "stopped_cause": stopped.cause if stopped else None,
    }

    def write_once(connection: psycopg.Connection) -> None:
        with connection.transaction():
            if connection.execute(MOVE, move, prepare=True).rowcount == 0:
                raise Overtaken(f"Another runner has moved {view.label} past position {start.position}.")
            for each in change.statements:
                if isinstance(each, Copied):
                    _copy(connection, each)
                else:
                    connection.execute(*each, prepare=True)

    database.patiently(write_once)
    return start._replace(position=change.position, updated_at=now, stopped=stopped)


def _copy(connection: psycopg.Connection, copied: Copied) -> None:
    """Raises: psycopg.DataError of a row that is none."""
    with connection.cursor() as cursor, cursor.copy(copied.statement) as copy:
        for row in copied.rows:
            try:
                copy.write_row(row)
            except (UnicodeEncodeError, psycopg.ProgrammingError) as error:  # it has not left this program yet
                raise psycopg.DataError(str(error)) from error


SCALARS = frozenset({str, int, bool, float, NoneType, datetime, UUID})


def _cell(value: Any) -> Any:
    if type(value) in SCALARS:
        return value
    if type(value) in {tuple, list} and not any(isinstance(item, (tuple, list, Mapping)) for item in value):
        return list(value)
    return Jsonb(value, dumps=_json) if isinstance(value, (tuple, list, Mapping)) else value


def _json(value: object) -> bytes:
    return orjson.dumps(value, default=_plain)


def _plain(value: object) -> object:
    """What orjson leaves to its caller: a NamedTuple within a row is a list, a read-only mapping an object."""
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError  # orjson says which type it met
