"""Pages of a view: in an order, from a place in it on, never by counting rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

import orjson
import psycopg

from ledger.database import Database
from projections.view import V, View

P = TypeVar("P")
Reader = Callable[[Any], Any]


class BadPlace(ValueError):
    """What was given as a place in an order is none, or one in another order."""


class Page(NamedTuple, Generic[P]):
    """Some rows, in the order asked for, and whether more follow in the direction in which they were read."""

    rows: list[P]
    has_more: bool


@dataclass(frozen=True, slots=True)
class Order:
    """An order without ties, which an index has: columns, the last of them unique."""

    name: str
    columns: tuple[str, ...]
    types: tuple[str, ...]
    """Their types in SQL, by which a place is read."""
    only: str = "TRUE"
    """Which rows stand in it, as the index has it."""

    def place_of(self, view: tuple[Any, ...]) -> str:
        """Where a row stands in this order, as JSON text: what a cursor holds."""
        return orjson.dumps([self.name, *(getattr(view, column) for column in self.columns)]).decode()

    def values_of(self, place: str) -> list[Any]:
        """The values in a place. Raises: BadPlace."""
        try:
            name, *values = orjson.loads(place)
            if name != self.name:
                raise BadPlace(f"This is a place in the order {name!r}, not in {self.name!r}.")
            return [READERS[type_](value) for type_, value in zip(self.types, values, strict=True)]
        except BadPlace:
            raise
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise BadPlace(f"This is no place in the order {self.name!r}.") from error


def _instant(value: Any) -> datetime:
    instant = datetime.fromisoformat(value)
    if instant.tzinfo is None:
        raise ValueError("a place has an aware instant")
    return instant


def _integer(value: Any) -> int:
    return _whole(value, 2**31)


def _bigint(value: Any) -> int:
    return _whole(value, 2**63)


def _whole(value: Any, bound: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not -bound <= value < bound:
        raise ValueError("a place has a number that a column can hold")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError("a place has a text that a column can hold")
    return value


READERS: Mapping[str, Reader] = {
    "timestamptz": _instant, "uuid": UUID, "integer": _integer, "bigint": _bigint, "text": _text,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Window:
    """The part of an order that a page is cut from, and from which end."""

    order: Order
    descending: bool = False
    after: str | None = None
    """A place of the order; only what stands after it."""
    before: str | None = None
    from_end: bool = False
    limit: int = field(kw_only=True)
    """How many rows at the most."""

    def condition(self) -> tuple[list[str], dict[str, Any]]:
        """What holds for the rows inside, with its parameters. Raises: BadPlace."""
        conditions, parameters = [self.order.only], dict[str, Any]()
        for name, place, past in (("after", self.after, self.descending), ("before", self.before, not self.descending)):
            if place is None:
                continue
            values = self.order.values_of(place)
            parameters |= {f"{name}_{at}": value for at, value in enumerate(values)}
            given = ", ".join(f"%({name}_{at})s::{type_}" for at, type_ in enumerate(self.order.types))
            conditions.append(f"({', '.join(self.order.columns)}) {'<' if past else '>'} ({given})")
        return conditions, parameters

    def ordering(self) -> str:
        """The ORDER BY in which the rows are read, from whichever end."""
        direction = "DESC" if self.descending != self.from_end else "ASC"
        return ", ".join(f"{column} {direction}" for column in self.order.columns)


def narrowed(column: str, wanted: Sequence[Any]) -> tuple[list[str], dict[str, Any]]:
    """The condition that a column has one of some values; none when all will do.

    For one value it is an equation, which lets an index give the order as well.
    """
    if not wanted:
        return [], {}
    if len(wanted) == 1:
        return [f"{column} = %({column})s"], {column: wanted[0]}
    return [f"{column} = ANY(%({column})s)"], {column: list(wanted)}


def cut(
    database: Database,
    view: View[V],
    book: str,
    window: Window,
    conditions: Sequence[str],
    parameters: Mapping[str, Any],
) -> Page[V]:
    """The page in a window over the rows of a book for which the conditions hold. Raises: BadPlace, LedgerAway.

    The statement is put together out of constants; one that is written for every filter at once would be planned once
    for all of them, and lean on no index.
    """
    query, asked = _statement(view, book, window, conditions, parameters)
    return paged([view.of_row(row) for row in database.rows(query, asked)], window)


def cut_on(
    connection: psycopg.Connection,
    view: View[V],
    book: str,
    window: Window,
    conditions: Sequence[str],
    parameters: Mapping[str, Any],
) -> Page[V]:
    """The same on a connection, which may have a table of its own for the view. Raises: BadPlace."""
    query, asked = _statement(view, book, window, conditions, parameters)
    return paged([view.of_row(row) for row in connection.execute(query, asked, binary=True)], window)


def _statement(
    view: View[V], book: str, window: Window, conditions: Sequence[str], parameters: Mapping[str, Any]
) -> tuple[str, dict[str, Any]]:
    inside, places = window.condition()
    query = view.query("SELECT {columns} FROM {table} WHERE book = %(book)s") + "".join(
        f"\nAND {condition}" for condition in (*inside, *conditions)
    )
    query += f"\nORDER BY {window.ordering()}\nLIMIT %(limit)s"
    return query, {"book": book, **parameters, **places, "limit": window.limit + 1}


def paged(rows: Sequence[P], window: Window) -> Page[P]:
    """The page out of the rows that a window's statement found, which are up to one more than it holds."""
    kept = list(rows[: window.limit])
    return Page(kept[::-1] if window.from_end else kept, has_more=len(rows) > window.limit)
