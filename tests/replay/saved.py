"""Views saved as they stood while a book was being written, and made again out of the book alone: both as bytes."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import psycopg

from domain.stream import Category
from ledger.database import Database
from ledger.ledger import Ledger
from projections.registry import PROJECTIONS
from projections.runner import Runner
from projections.view import View
from projections.writing import added
from replay.fresh import fresh
from replay.reader import Reader

ROWS = "COPY (SELECT {columns} FROM {table} WHERE book = %(book)s ORDER BY {key}) TO STDOUT"
"""Every column of every row, in the text that PostgreSQL itself writes."""


def bytes_of(connection: psycopg.Connection, view: View[Any], book: str) -> bytes:
    """All rows of a view's table in a book."""
    with connection.cursor().copy(view.statement(ROWS), {"book": book}) as copy:
        return b"".join(map(bytes, copy))


class Saved:
    """What the views of a book held at some positions of it."""

    def __init__(self, ledger: Ledger, views: Database) -> None:
        self._ledger = ledger
        self._views = views
        self._runner = Runner(ledger, views)
        self._kept: dict[int, dict[str, bytes]] = {}

    def save(self) -> None:
        """Brings the views to where the book is, and keeps every row of each."""
        head = self._ledger.head()
        if head in self._kept:
            return
        assert self._runner.catch_up() == head
        with self._views.connection() as connection:
            book = self._ledger.book
            self._kept[head] = {view.name: zlib.compress(bytes_of(connection, view, book), 1) for view in PROJECTIONS}

    @property
    def positions(self) -> Sequence[int]:
        """At which it was saved."""
        return sorted(self._kept)

    def at(self, position: int) -> dict[str, bytes]:
        """What was saved there, by view."""
        return {name: zlib.decompress(rows) for name, rows in self._kept[position].items()}


class Again:
    """The same rows out of the book, by way of tables that are gone with their connection."""

    def __init__(self, ledger: Ledger, connection: psycopg.Connection) -> None:
        self._ledger = ledger
        self._connection = connection
        self._views = {view.name: replace(view, aside=True) for view in PROJECTIONS}

    @classmethod
    @contextmanager
    def of(cls, ledger: Ledger) -> Iterator[Again]:
        """For a book, until the block ends."""
        with ledger.database.apart() as connection:
            made = cls(ledger, connection)
            for view in made._views.values():
                connection.execute(view.definition())
            yield made

    def folded(self, position: int) -> dict[str, bytes]:
        """Every view, folded anew from the first event to that position."""
        book = Reader(self._ledger)
        return {name: self.as_bytes(name, fresh(book, view, position)) for name, view in self._views.items()}

    def as_bytes(self, name: str, rows: Iterable[Sequence[Any]]) -> bytes:
        """The rows of a view as its table would hold them."""
        view = self._views[name]
        self._connection.execute(view.statement("TRUNCATE {table}"))
        for some in rows:
            for step in added(view, self._ledger.book, some):
                step(self._connection)
        return bytes_of(self._connection, view, self._ledger.book)


def late_or_amended(ledger: Ledger, late_days: int) -> float:
    """The share of cases in which something was written down days after it occurred, or was put right."""
    marked: dict[str, bool] = {}
    for one in ledger.since(0):
        if one.stream.startswith(f"{Category.CASE}-"):
            amended = one.event.TOPIC in {"event-corrected.1", "event-voided.1"}
            late = (one.recorded_at - one.occurred_at).days >= late_days
            marked[one.stream] = marked.get(one.stream, False) or amended or late
    return sum(marked.values()) / len(marked)
