"""What every view has: a name and a version, the streams it is made of, and a table of rows."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from string import Formatter
from typing import Any, Generic, LiteralString, TypeVar

from psycopg import sql

from domain.stream import Category

LATER = re.compile(r"^CREATE INDEX \{(?!stream\})(\w+)\}[^;]*;", re.MULTILINE)
"""Indexes that only questions lean on. Those on streams are for who takes rows away, and unique ones refuse rows."""

V = TypeVar("V", bound=tuple[Any, ...])
"""A row of a view, as a NamedTuple whose fields are the table's columns after `book`, in their order.

A NamedTuple, since a fold copies it once or twice an event: with fifty fields `_replace` takes 1.6 us, where
`dataclasses.replace` takes 10 (2026-11-21).
"""


@dataclass(frozen=True, slots=True)
class View(ABC, Generic[V]):
    """A table that follows from events: a `Projection` folds them into rows, a `Journal` adds rows for each of them, a
    `Reckoning` works out the rows about a subject from its whole history."""

    name: str
    version: int
    """Raised with every change to what is made of the events, or to the table: a new table is then built beside the old
    one, and takes its place."""
    reads: frozenset[Category]
    columns: tuple[str, ...]
    """Those after `book`, which are the fields of a row."""
    of_row: Callable[[Sequence[Any]], V]
    anew: bool = field(default=False, kw_only=True)
    """Whether this is the table that is being built beside the live one."""
    aside: bool = field(default=False, kw_only=True)
    """Whether this is a table of one connection alone, for a single question, which is gone with the connection."""

    @property
    @abstractmethod
    def identity(self) -> tuple[str, ...]:
        """The columns that, after the book, identify a row."""

    @property
    def table(self) -> str:
        """The table's name in the schema `views`."""
        return f"{self.name}_{self.version}{'_anew' if self.anew else ''}"

    @property
    def schema(self) -> str:
        """Where the table is: with the other views, or among what the connection keeps to itself."""
        return "pg_temp" if self.aside else "views"

    @property
    def label(self) -> str:
        """The view as it is called in messages."""
        return f"{self.name} (version {self.version})"

    def query(self, text: LiteralString) -> str:
        """A question to the view: `{table}` becomes the name under which its live table is found, whichever that is.

        `{columns}` are all its columns, `{key}` those that identify a row. Of a view aside it is that very table.
        """
        return self._composed(text, self.table if self.aside else self.name)

    def statement(self, text: LiteralString) -> str:
        """The same on this very table, for who keeps it. `{others}` are the columns that do not identify a row,
        `{excluded}` those as an upsert proposes them, `{touch}` the table of which streams touch a row."""
        return self._composed(text, self.table)

    def _composed(self, text: LiteralString, table: str) -> str:
        others = [column for column in self.columns if column not in self.identity]
        names = {
            "table": sql.Identifier(self.schema, table),
            "touch": sql.Identifier(self.schema, f"{table}_touch"),
            "columns": sql.SQL(", ").join(map(sql.Identifier, self.columns)),
            "key": sql.SQL(", ").join(map(sql.Identifier, self.identity)),
            "others": sql.SQL(", ").join(map(sql.Identifier, others)),
            "excluded": sql.SQL(", ").join(sql.Identifier("excluded", column) for column in others),
        }
        return sql.SQL(text).format(**names).as_string(None)

    def definition(self) -> sql.Composed:
        """The statements that make the table, out of the `.sql` beside the module.

        `{table}` becomes its name; any other name in braces is an index, which gets the table's name in front. A table
        that is built anew has to do without `later_indexes` while it is filled.
        """
        text = self._source()
        return self._made(LATER.sub("", text) if self.anew else text)

    @property
    def definition_text(self) -> str:
        """The `.sql`, as it is written."""
        return self._source()

    def later_indexes(self) -> dict[str, sql.Composed]:
        """The statements that make the indexes which only questions lean on, by the indexes' names."""
        found = LATER.finditer(self._source())
        return {f"{self.table}_{index[1]}": self._made(index[0]) for index in found}

    def _made(self, text: LiteralString) -> sql.Composed:
        indexes = {name for _, name, _, _ in Formatter().parse(text) if name and name != "table"}
        return sql.SQL(text).format(
            table=sql.Identifier(self.schema, self.table),
            **{name: sql.Identifier(f"{self.table}_{name}") for name in indexes},
        )

    def _source(self) -> LiteralString:
        """The `.sql` beside the module, which is the package's own text."""
        return files("projections").joinpath(f"{self.name}.sql").read_text(encoding="utf-8")
