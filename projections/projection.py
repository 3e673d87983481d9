"""A projection: which rows of a view an event touches, and what the event makes of each of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from string import Formatter
from typing import Any, Generic, LiteralString, NamedTuple, TypeVar
from uuid import UUID

from psycopg import sql

from domain.envelope import Recorded
from domain.stream import Category, subject_of

V = TypeVar("V", bound=tuple[Any, ...])
"""A row of a view, as a NamedTuple whose fields are the table's columns after `book`, in their order.

One of them is `position`, that of the latest event the row shows: no event is folded into a row twice.

A NamedTuple, since a fold copies it once or twice an event: with fifty fields `_replace` takes 1.6 us, where
`dataclasses.replace` takes 10 (2026-11-21).
"""


class FoldContext(NamedTuple):
    """What a fold needs from beside the event."""

    key: UUID
    """The row that the event is folded into; an event may touch several."""


@dataclass(frozen=True, slots=True)
class Projection(Generic[V]):
    """One view: its table, the events it is made of, and the fold that makes it.

    `keys` and `fold` are pure, and `fold` is total: it never raises, whatever the order of events. It gives None back
    while there is nothing to show. The events they take are those of the categories in `reads`; only a union in the
    projection's own module can name them, hence `Any` here.
    """

    name: str
    version: int
    """Raised with every change to the fold or the table: the new table is then made beside the old one."""
    reads: frozenset[Category]
    key: str
    """The column that, after the book, identifies a row."""
    columns: tuple[str, ...]
    """Those after `book`, which are the fields of the view."""
    keys: Callable[[Recorded[Any]], Sequence[UUID]]
    fold: Callable[[V | None, Recorded[Any], FoldContext], V | None]
    of_row: Callable[[Sequence[Any]], V]

    @property
    def table(self) -> str:
        """The table's name in the schema `views`."""
        return f"{self.name}_{self.version}"

    @property
    def label(self) -> str:
        """The projection as it is called in messages."""
        return f"{self.name} (version {self.version})"

    def query(self, text: LiteralString) -> str:
        """A query on the view: `{table}` becomes its versioned name, `{key}` its key, `{columns}` all its columns.

        `{others}` are those besides the key, `{excluded}` the same as an upsert proposes them.
        """
        others = [column for column in self.columns if column != self.key]
        names = {
            "table": sql.Identifier("views", self.table),
            "columns": sql.SQL(", ").join(map(sql.Identifier, self.columns)),
            "key": sql.Identifier(self.key),
            "others": sql.SQL(", ").join(map(sql.Identifier, others)),
            "excluded": sql.SQL(", ").join(sql.Identifier("excluded", column) for column in others),
        }
        return sql.SQL(text).format(**names).as_string(None)

    def definition(self) -> sql.Composed:
        """The statements that make the table, out of the `.sql` beside the module.

        `{table}` becomes its name; any other name in braces is an index, which gets the table's name in front.
        """
        text = files("projections").joinpath(f"{self.name}.sql").read_text(encoding="utf-8")
        indexes = {name for _, name, _, _ in Formatter().parse(text) if name and name != "table"}
        return sql.SQL(text).format(  # the package's own text
            table=sql.Identifier("views", self.table),
            **{name: sql.Identifier(f"{self.table}_{name}") for name in indexes},
        )


@lru_cache(maxsize=20_000)
def key_of(stream: str) -> UUID:
    """The subject of a stream; remembered, since the events of a stream come together. Raises: ValueError."""
    return subject_of(stream)
