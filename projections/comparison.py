"""Two tables of one view at the same position of a book, compared by digest, and row by row where that differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from projections.tables import is_there
from projections.view import View

MOST_SHOWN = 10
LONGEST_VALUE = 500
"""Characters of a value that are shown."""

# In the order of the first table.
COLUMNS = """
SELECT column_name FROM information_schema.columns
WHERE table_schema = 'views' AND table_name = %(table)s AND column_name <> 'book'
ORDER BY ordinal_position
"""
# Whoever can write the table could find another row with the same sum of short hashes, hence SHA-256 throughout. Hashes
# are put in order instead of rows, so that neither the order of rows nor that of texts matters; in parts, since one
# text of all of them would have to fit into memory.
DIGEST = """
WITH hashed AS (
  SELECT sha256(convert_to(ROW({columns})::text, 'UTF8')) AS hash FROM {table} WHERE {within}
), parts AS (
  SELECT get_byte(hash, 0) AS part, count(*) AS rows, sha256(string_agg(hash, ''::bytea ORDER BY hash)) AS hash
  FROM hashed
  GROUP BY get_byte(hash, 0)
)
SELECT coalesce(sum(rows), 0)::bigint,
       encode(sha256(coalesce(string_agg(hash, ''::bytea ORDER BY part), ''::bytea)), 'hex')
FROM parts
"""
# As text: a column may have had another type in another version. Leans on the primary keys. Two rows were swapped when
# each has what the other ought to have, in the very columns in which they differ.
DIFFERENCES = """
WITH differing AS MATERIALIZED (
  SELECT jsonb_build_array({identity}) AS key,
         CASE WHEN live.book IS NULL THEN 'deleted' WHEN fresh.book IS NULL THEN 'inserted' ELSE 'edited' END AS kind,
         told.live, told.fresh
  FROM (SELECT * FROM {live} WHERE {within}) AS live
  FULL JOIN (SELECT * FROM {fresh} WHERE {within}) AS fresh USING ({identity})
  CROSS JOIN LATERAL (
    SELECT jsonb_object_agg(name, of_live) AS live, jsonb_object_agg(name, of_fresh) AS fresh
    FROM (VALUES {values}) AS sides (name, of_live, of_fresh)
    WHERE of_live IS DISTINCT FROM of_fresh
  ) AS told
  WHERE ROW({columns_live})::text IS DISTINCT FROM ROW({columns_fresh})::text
), counted AS (
  SELECT count(*) AS differing, count(*) FILTER (WHERE kind = 'edited') AS edited,
         count(*) FILTER (WHERE kind = 'deleted') AS deleted, count(*) FILTER (WHERE kind = 'inserted') AS inserted
  FROM differing
), shown AS (
  SELECT * FROM differing ORDER BY key LIMIT %(limit)s
)
SELECT shown.*, (
         SELECT other.key FROM differing AS other
         WHERE shown.kind = 'edited' AND other.kind = 'edited' AND other.key <> shown.key
           AND other.live = shown.fresh AND other.fresh = shown.live
         ORDER BY other.key LIMIT 1
       ), counted.*
FROM shown CROSS JOIN counted
ORDER BY shown.key
"""


class Deviation(StrEnum):
    """How a row of a live table is not what it ought to be."""

    EDITED = "edited"
    """Some of its columns have other values."""
    SWAPPED = "swapped"
    """Edited so that two rows have what the other one ought to have."""
    DELETED = "deleted"
    """It is not there."""
    INSERTED = "inserted"
    """There ought to be no such row."""


class Difference(NamedTuple):
    """A row that is not the same in both tables, or is in one of them only."""

    key: tuple[Any, ...]
    columns: tuple[str, ...]


class DifferingRow(NamedTuple):
    """The same, with how it differs."""

    key: tuple[Any, ...]
    kind: Deviation
    columns: tuple[str, ...]
    live: tuple[str | None, ...]
    """What the live table has in these columns, as text; None for a row that it has not, as for no value."""
    fresh: tuple[str | None, ...]
    """What it ought to have."""
    swapped_with: tuple[Any, ...] | None
    """The row that has what this one ought to have."""


class Differences(NamedTuple):
    """How many rows of two tables differ, and the first of them."""

    differing: int = 0
    edited: int = 0
    """Swapped ones among them."""
    deleted: int = 0
    inserted: int = 0
    shown: Sequence[DifferingRow] = ()


class Digest(NamedTuple):
    """What a table holds: the number of rows, and SHA-256 over that of each row."""

    rows: int
    sha256: str


class Within(NamedTuple):
    """Which rows of a book are compared."""

    book: str
    column: str | None = None
    values: Sequence[Any] = ()
    """Those that have one of these in the column, if one is named."""

    def condition(self) -> sql.Composed:
        """The condition, over `parameters`."""
        book = sql.SQL("book = %(book)s")
        if self.column is None:
            return sql.Composed([book])
        return sql.SQL("{} AND {} = ANY(%(values)s)").format(book, sql.Identifier(self.column))

    def parameters(self) -> dict[str, Any]:
        """What the condition is over."""
        return {"book": self.book} | ({} if self.column is None else {"values": list(self.values)})


class Compared(NamedTuple):
    """What became of a view's rows in a book."""

    book: str
    position: int
    """At which both were compared."""
    rows: int
    """That the new table has there."""
    differing: int
    shown: Sequence[Difference]
    """The first ten."""


def compared(connection: psycopg.Connection, anew: View[Any], before: int | None, book: str, position: int) -> Compared:
    """The new table of a view beside the live one, over the columns that both have, which stand at one position."""
    live, within = f"{anew.name}_{before}", Within(book)
    told = [name for (name,) in connection.execute(COLUMNS, {"table": live})] if is_there(connection, live) else []
    columns = [column for column in anew.columns if column in told]
    table = sql.Identifier("views", anew.table)
    if before is None or not columns or not set(anew.identity) <= set(columns):
        return Compared(book, position, digest(connection, table, anew.columns, within).rows, 0, ())
    now = digest(connection, table, columns, within)
    if digest(connection, sql.Identifier("views", live), columns, within) == now:
        return Compared(book, position, now.rows, 0, ())
    found = differences(connection, anew, sql.Identifier("views", live), table, columns, within)
    shown = [Difference(row.key, row.columns) for row in found.shown]
    return Compared(book, position, now.rows, found.differing, shown)


def digest(connection: psycopg.Connection, table: sql.Identifier, columns: Sequence[str], within: Within) -> Digest:
    """What a table holds in some columns."""
    query = sql.SQL(DIGEST).format(
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)), table=table, within=within.condition()
    )
    ((rows, sha256),) = connection.execute(query, within.parameters()).fetchall()
    return Digest(rows, sha256)


def differences(
    connection: psycopg.Connection,
    view: View[Any],
    live: sql.Identifier,
    fresh: sql.Identifier,
    columns: Sequence[str],
    within: Within,
    most: int = MOST_SHOWN,
) -> Differences:
    """In which rows two tables of a view differ over some columns, those that identify a row among them."""
    rest = [column for column in columns if column not in view.identity]
    values = (
        sql.SQL("({told}, live.{name}::text, fresh.{name}::text)").format(told=column, name=sql.Identifier(column))
        for column in rest
    )
    query = sql.SQL(DIFFERENCES).format(
        identity=sql.SQL(", ").join(map(sql.Identifier, view.identity)),
        live=live,
        fresh=fresh,
        within=within.condition(),
        values=sql.SQL(", ").join(values),
        columns_live=sql.SQL(", ").join(sql.Identifier("live", column) for column in columns),
        columns_fresh=sql.SQL(", ").join(sql.Identifier("fresh", column) for column in columns),
    )
    rows = connection.execute(query, {**within.parameters(), "limit": most}).fetchall()
    if not rows:
        return Differences()
    differing, edited, deleted, inserted = rows[0][5:]
    return Differences(differing, edited, deleted, inserted, [_difference(rest, *row[:5]) for row in rows])


def _difference(
    columns: Sequence[str],
    key: Sequence[Any],
    kind: str,
    live: Mapping[str, str | None] | None,
    fresh: Mapping[str, str | None] | None,
    partner: Sequence[Any] | None,
) -> DifferingRow:
    live, fresh = live or {}, fresh or {}
    told = tuple(column for column in columns if column in live)
    return DifferingRow(
        tuple(key),
        Deviation(kind) if partner is None else Deviation.SWAPPED,
        told,
        tuple(_short(live[column]) for column in told),
        tuple(_short(fresh[column]) for column in told),
        None if partner is None else tuple(partner),
    )


def _short(value: str | None) -> str | None:
    return value if value is None or len(value) <= LONGEST_VALUE else f"{value[:LONGEST_VALUE]}…"
