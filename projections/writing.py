"""Rows on their way into a view's table, as steps of the transaction that moves its cursor."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import orjson
import psycopg
from psycopg.types.json import Jsonb

from projections.projection import Projection
from projections.view import V, View

ROWS_A_STATEMENT = 1_000

Step: TypeAlias = Callable[[psycopg.Connection], object]
"""Part of a transaction."""

UNFIT = (psycopg.ProgrammingError, TypeError, ValueError)
"""What psycopg raises over a value that no column takes."""

TYPES = """
SELECT a.attname, t.typname, t.typcategory FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = to_regclass(%(table)s) AND a.attnum > 0 AND NOT a.attisdropped
"""


def stated(statement: str, **parameters: Any) -> Step:
    """A statement with its parameters."""
    return lambda connection: connection.execute(statement, parameters, prepare=True)


def upserted(projection: Projection[V], book: str, rows: Sequence[V]) -> list[Step]:
    """Rows that take the place of those before them. Raises: orjson.JSONEncodeError."""
    # One parameter of JSON for many rows and all columns: it needs no list of types, no staging table and one round
    # trip, and took 44 us a row where a binary COPY into a staging table took 38 and UNNEST 79 (2026-11-21).
    statement = projection.statement("""
        INSERT INTO {table} (book, {columns})
        SELECT book, {columns} FROM json_populate_recordset(NULL::{table}, %(rows)s::json)
        ON CONFLICT (book, {key}) DO UPDATE SET ({others}) = ROW({excluded})
    """)
    documents = [{"book": book, **dict(zip(projection.columns, row, strict=True))} for row in rows]
    return [
        stated(statement, rows=_json(documents[first : first + ROWS_A_STATEMENT]).decode())
        for first in range(0, len(documents), ROWS_A_STATEMENT)
    ]


def added(view: View[V], book: str, rows: Sequence[V]) -> list[Step]:
    """Rows that nothing was there of before.

    By COPY, which took 17 us a row of twelve columns where JSON took 22. Binary COPY took 13, and is not for us:
    psycopg cuts a number that its column is too small for, where the server refuses it (2026-11-22).
    """
    if not rows:
        return []
    statement = view.statement("COPY {table} (book, {columns}) FROM STDIN")

    def copy_in(connection: psycopg.Connection) -> None:
        found = connection.execute(TYPES, {"table": f"{view.schema}.{view.table}"}).fetchall()
        shapes = {column: _shape(name, category) for column, name, category in found}
        shaped = [(at, shape) for at, column in enumerate(view.columns, 1) if (shape := shapes[column])]
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                values = [book, *row]
                try:
                    for at, shape in shaped:
                        values[at] = shape(values[at])
                    copy.write_row(values)
                except UNFIT as error:
                    raise psycopg.DataError(f"{error} in {row!r}") from error

    return [copy_in]


def _shape(name: str, category: str) -> Callable[[Any], Any] | None:
    """How a value is handed over for a column of a type: JSON as such, and for an array a list. None: as it is."""
    if name in {"json", "jsonb"}:
        return lambda value: None if value is None else Jsonb(value, dumps=_json)
    if category == "A":
        return lambda value: None if value is None else list(value)
    return None


def _json(value: object) -> bytes:
    return orjson.dumps(value, default=_plain)


def _plain(value: object) -> object:
    """What orjson leaves to its caller: a NamedTuple within a row is a list, a read-only mapping an object."""
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError  # orjson says which type it met
