"""Two tables of one view at the same position of a book, compared by digest, and row by row where that differs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from projections.tables import is_there
from projections.view import View

MOST_SHOWN = 10

# In the order of the first table.
COLUMNS = """
SELECT column_name FROM information_schema.columns
WHERE table_schema = 'views' AND table_name = %(table)s AND column_name <> 'book'
ORDER BY ordinal_position
"""
# The sum does not depend on the order in which the rows are read.
DIGEST = """
SELECT count(*), coalesce(sum(hashtextextended(ROW({columns})::text, 0)::numeric), 0)
FROM {table}
WHERE book = %(book)s
"""
# As text: a column may have had another type in another version. Leans on the primary keys.
DIFFERENCES = """
SELECT jsonb_build_array({identity}), array_remove(ARRAY[{differing}], NULL), count(*) OVER ()
FROM (SELECT * FROM {before} WHERE book = %(book)s) AS before
FULL JOIN (SELECT * FROM {after} WHERE book = %(book)s) AS after USING ({identity})
WHERE ROW({columns_before})::text IS DISTINCT FROM ROW({columns_after})::text
ORDER BY {identity}
LIMIT %(limit)s
"""


class Difference(NamedTuple):
    """A row that is not the same in both tables, or is in one of them only."""

    key: tuple[Any, ...]
    columns: tuple[str, ...]


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
    live = f"{anew.name}_{before}"
    told = [name for (name,) in connection.execute(COLUMNS, {"table": live})] if is_there(connection, live) else []
    columns = [column for column in anew.columns if column in told]
    if before is None or not columns or not set(anew.identity) <= set(columns):
        ((rows, _),) = _digest(connection, anew.table, anew.columns, book)
        return Compared(book, position, rows, 0, ())
    was, now = (_digest(connection, table, columns, book) for table in (live, anew.table))
    ((rows, _),) = now
    if was == now:
        return Compared(book, position, rows, 0, ())
    differences = connection.execute(_differences(live, anew, columns), {"book": book, "limit": MOST_SHOWN}).fetchall()
    shown = [Difference(tuple(key), tuple(names)) for key, names, _ in differences]
    return Compared(book, position, rows, differences[0][2] if differences else 0, shown)


def _digest(connection: psycopg.Connection, table: str, columns: Sequence[str], book: str) -> list[tuple[Any, ...]]:
    query = sql.SQL(DIGEST).format(
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)), table=sql.Identifier("views", table)
    )
    return connection.execute(query, {"book": book}).fetchall()


def _differences(live: str, anew: View[Any], columns: Sequence[str]) -> sql.Composed:
    compared_by = [column for column in columns if column not in anew.identity]
    differing = (
        sql.SQL("CASE WHEN before.{name}::text IS DISTINCT FROM after.{name}::text THEN {told} END").format(
            name=sql.Identifier(column), told=column
        )
        for column in compared_by
    )
    return sql.SQL(DIFFERENCES).format(
        identity=sql.SQL(", ").join(map(sql.Identifier, anew.identity)),
        differing=sql.SQL(", ").join(differing),
        before=sql.Identifier("views", live),
        after=sql.Identifier("views", anew.table),
        columns_before=sql.SQL(", ").join(sql.Identifier("before", column) for column in columns),
        columns_after=sql.SQL(", ").join(sql.Identifier("after", column) for column in columns),
    )
