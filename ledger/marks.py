"""Marks: that something was recorded, where and when, without what it says. By them a book is followed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.stream import Category, category_of, subject_of
from ledger.database import Database

# Leans on the primary key (book, position).
PASSED = """
SELECT position, stream, version, topic, occurred_at, recorded_at,
       CASE WHEN split_part(topic, '.', 1) = ANY(%(naming)s)
            THEN convert_from(data, 'UTF8')::jsonb ->> 'case_id' END
FROM ledger.event
WHERE book = %(book)s AND position > %(after)s AND position <= %(upto)s
ORDER BY position
LIMIT %(limit)s
"""
# The same.
TOUCHED = """
SELECT DISTINCT stream FROM ledger.event
WHERE book = %(book)s AND position > %(after)s AND split_part(stream, '-', 1) = %(kind)s
"""
# Leans on event (book, stream, version).
GREW = "SELECT position FROM ledger.event WHERE book = %(book)s AND stream = ANY(%(streams)s) ORDER BY position"
NAMING = ("touchpoint-recorded", "obligation-opened")
"""What is recorded in a stream of its own, and says for which case it is."""


class Mark(NamedTuple):
    """That something was recorded."""

    position: int
    stream: str
    version: int
    topic: str
    occurred_at: datetime
    recorded_at: datetime
    case_id: UUID | None
    """The case that it is about, or that it names."""

    @property
    def kind(self) -> str:
        """What kind of thing it is about."""
        return category_of(self.stream)

    @property
    def name(self) -> str:
        """What happened, without the version of its schema."""
        return self.topic.rpartition(".")[0]


def marks(database: Database, book: str, after: int, upto: int, limit: int) -> Sequence[Mark]:
    """What was recorded after a position and up to another, at most `limit`, in order. Raises: LedgerAway."""
    asked = {"book": book, "after": after, "upto": upto, "limit": limit, "naming": list(NAMING)}
    return [_mark(*row) for row in database.rows(PASSED, asked)]


def streams_since(database: Database, book: str, after: int, kind: Category) -> frozenset[str]:
    """The streams of a kind in which something was recorded after a position. Raises: LedgerAway."""
    asked = {"book": book, "after": after, "kind": kind.value}
    return frozenset(stream for (stream,) in database.rows(TOUCHED, asked))


def positions_of(database: Database, book: str, streams: Collection[str]) -> list[int]:
    """The positions of everything in some streams, in order. Raises: LedgerAway."""
    return [position for (position,) in database.rows(GREW, {"book": book, "streams": list(streams)})]


def _mark(
    position: int,
    stream: str,
    version: int,
    topic: str,
    occurred_at: datetime,
    recorded_at: datetime,
    named: str | None,
) -> Mark:
    case = subject_of(stream) if category_of(stream) == Category.CASE else None if named is None else UUID(named)
    return Mark(position, stream, version, topic, occurred_at, recorded_at, case)
