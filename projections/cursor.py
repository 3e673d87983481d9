"""How far each view has come in a book: its cursor, and the one transaction that moves it and writes the view."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from ledger.database import Database
from ledger.errors import LedgerError
from projections.projection import Projection
from projections.tables import LIVE, ViewNewer, ViewOlder
from projections.view import V, View
from projections.writing import Step


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
    """What becomes of a view by a position, as steps of a transaction, and what stopped it there, if anything."""

    position: int
    steps: Sequence[Step]
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
            for step in change.steps:
                step(connection)

    database.patiently(write_once)
    return start._replace(position=change.position, updated_at=now, stopped=stopped)
