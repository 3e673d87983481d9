"""What somebody with a password for the views may do to their tables by hand."""

from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from projections.projection import Projection
from projections.view import View

TOLD = ("series", "number", "place", "position", "stream")
"""Columns that are left alone where any will do: some of them are unique, or say where a row is."""


class Swapped(NamedTuple):
    """Two rows whose values in a column were exchanged."""

    one: tuple[Any, ...]
    other: tuple[Any, ...]
    column: str


class Tamperer:
    """Somebody who writes into one view's table."""

    def __init__(self, connection: psycopg.Connection, view: View[Any], book: str = "main") -> None:
        self._connection = connection
        self._view = view
        self._asked = {"book": book, "projection": view.name}

    def edit(self) -> tuple[tuple[Any, ...], str]:
        """Changes a value of the first row. Gives back which row, as it is told, and which column."""
        key, row = self._rows()[0]
        column = next(
            name for name in self._free() if row[name] is not None and self._other(name, row[name]) is not None
        )
        self._set(key, column, self._other(column, row[column]))
        return self._told(key), column

    def delete(self) -> tuple[Any, ...]:
        """Takes the first row away."""
        key, _ = self._rows()[0]
        self._do("DELETE FROM {table} WHERE book = %(book)s AND {mine}", key)
        return self._told(key)

    def insert(self) -> tuple[Any, ...]:
        """Puts another row like the first beside it."""
        key, _ = self._rows()[0]
        name, *_ = self._view.identity if self._view.identity != ("position", "place") else ("place",)
        invented: Any = {"place": 99, "stream": f"case-{UUID(int=1)}"}.get(name, str(UUID(int=1)))
        fresh = {name: invented} | ({"number": 9_999} if "number" in self._view.columns else {})
        self._do(
            "INSERT INTO {table} SELECT (jsonb_populate_record(t, %(fresh)s)).* FROM {table} AS t "
            "WHERE t.book = %(book)s AND {mine}",
            key,
            fresh=Jsonb(fresh),
        )
        return self._told(key | {name: invented})

    def swap(self) -> Swapped:
        """Exchanges what two rows have in a column."""
        rows = self._rows()
        for column in self._free():
            (one, of_one), *others = rows
            for other, of_other in others:
                if None not in {str(of_one[column] or ""), of_other[column]} and of_one[column] != of_other[column]:
                    self._set(one, column, of_other[column])
                    self._set(other, column, of_one[column])
                    return Swapped(self._told(one), self._told(other), column)
        raise AssertionError(f"No two rows of {self._view.name} differ in anything.")

    def move_cursor(self, by: int) -> None:
        """Has the view stand elsewhere."""
        self._connection.execute(
            "UPDATE views.cursor SET position = position + %(by)s "
            "WHERE book = %(book)s AND projection = %(projection)s AND NOT anew",
            self._asked | {"by": by},
        )

    def forget(self) -> None:
        """Takes all rows away, and leaves the cursor where it is."""
        self._connection.execute(self._view.statement("DELETE FROM {table} WHERE book = %(book)s"), self._asked)

    def call_it(self, version: int) -> None:
        """Has the table pass for one of another version."""
        self._connection.execute(
            "UPDATE views.live SET version = %(version)s WHERE projection = %(projection)s",
            self._asked | {"version": version},
        )

    def subjects(self) -> list[UUID]:
        """Whom the rows are about, each once, that of the first row first."""
        rows = [row for _, row in self._rows()]
        told = [row[self._view.key] if isinstance(self._view, Projection) else row["stream"] for row in rows]
        return list(dict.fromkeys(UUID(one[-36:]) for one in told))

    # By hand --------------------------------------------------------------------------------------------------

    def _free(self) -> list[str]:
        return [name for name in self._view.columns if name not in (*self._view.identity, *TOLD)]

    def _rows(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        query = self._view.statement("SELECT to_jsonb(t) FROM {table} AS t WHERE book = %(book)s ORDER BY {key}")
        rows = [row for (row,) in self._connection.execute(query, self._asked)]
        return [({name: row[name] for name in self._view.identity}, row) for row in rows]

    def _other(self, column: str, value: Any) -> Any:
        """Another value of a column, where any will do."""
        match value:
            case bool():
                return not value
            case int():
                return value + 1
            case [first, *_] if isinstance(first, int):
                return [*value, 7]
            case str() if not column.endswith(("_at", "_id", "since")):
                return f"{value}!"
            case _:
                return None

    def _set(self, key: dict[str, Any], column: str, value: Any) -> None:
        setting = sql.SQL("UPDATE {table} SET {column} = (jsonb_populate_record(NULL::{table}, %(row)s)).{column}")
        told = setting.format(table=sql.Identifier("views", self._view.table), column=sql.Identifier(column))
        self._do(told.as_string(None) + " WHERE book = %(book)s AND {mine}", key, row=Jsonb({column: value}))

    def _do(self, statement: str, key: dict[str, Any], **more: Any) -> None:
        mine = " AND ".join(f"{name}::text = %({name}_of_key)s" for name in key)
        told = statement.replace("{mine}", mine).replace("{table}", f'views."{self._view.table}"')
        of_key = {f"{name}_of_key": str(value) for name, value in key.items()}
        assert self._connection.execute(told, self._asked | of_key | more).rowcount == 1

    def _told(self, key: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(key[name] for name in self._view.identity)
