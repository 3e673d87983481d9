"""A book to be read, and nothing else: who has one of these cannot write, since there is nothing to write with."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple, get_args

from domain.amendment import Amendment
from domain.book import BookTime
from domain.case.events import CaseReceived
from domain.envelope import Recorded
from domain.event import Event
from ledger.blind_index import BlindIndex
from ledger.ledger import Ledger
from ledger.opening import Unread

AMENDING = [amendment.TOPIC for amendment in get_args(Amendment)]

# Leans on the primary key (book, position); the inner search on event (book, stream, version). A receipt of another
# time is looked at as well when its case was amended: its time may be what was corrected.
RECEIPTS = """
SELECT e.position, e.stream FROM ledger.event e
WHERE e.book = %(book)s AND e.position > %(after)s AND e.position <= %(upto)s AND e.topic = %(topic)s
  AND ((e.occurred_at >= COALESCE(%(since)s::timestamptz, '-infinity')
        AND e.occurred_at < COALESCE(%(before)s::timestamptz, 'infinity'))
       OR EXISTS (SELECT FROM ledger.event a
                  WHERE a.book = %(book)s AND a.stream = e.stream AND a.topic = ANY(%(amending)s)))
ORDER BY e.position
LIMIT %(limit)s
"""
# A stream is there from its first event on. Leans on the primary key (book, position).
BEGUN = """
SELECT position, stream FROM ledger.event
WHERE book = %(book)s AND position > %(after)s AND position <= %(upto)s
  AND version = 1 AND split_part(stream, '-', 1) = ANY(%(kinds)s)
ORDER BY position
LIMIT %(limit)s
"""
# The same key; it reads all of the book up to there.
COUNTS = """
SELECT split_part(stream, '-', 1), count(*) FROM ledger.event
WHERE book = %(book)s AND position <= %(upto)s
GROUP BY 1
"""
FIRST_GAP = """
SELECT place FROM generate_series(1, %(upto)s) AS place
WHERE NOT EXISTS (SELECT FROM ledger.event WHERE book = %(book)s AND position = place)
LIMIT 1
"""
# Leans on event (book, stream, version): one search a stream.
AMENDED = """
SELECT DISTINCT stream FROM ledger.event
WHERE book = %(book)s AND stream = ANY(%(streams)s) AND position <= %(upto)s AND topic = ANY(%(amending)s)
"""
# Leans on the primary key (book, position).
TIMES = """
SELECT position, occurred_at, recorded_at, source_recorded_at FROM ledger.event
WHERE book = %(book)s AND position = ANY(%(positions)s)
"""


class Receipt(NamedTuple):
    """Where in the book a case was received."""

    position: int
    stream: str


class Beginning(NamedTuple):
    """Where in the book a stream has its first event."""

    position: int
    stream: str


class Reader:
    """One book of a ledger, to be read.

    `skip_unknown` leaves out the events that this program cannot read, and keeps in `unread` which those are: whoever
    shows what is left has to say so. Without it they raise UnknownTopic or UnreadableEvent, which name the position.
    """

    __slots__ = ("_ledger", "unread")

    def __init__(self, ledger: Ledger, *, skip_unknown: bool = False) -> None:
        self._ledger = ledger
        self.unread: list[Unread] | None = [] if skip_unknown else None

    def forget_unread(self) -> None:
        """Starts `unread` anew: what was left out so far is told, or is told in another place."""
        if self.unread is not None:
            self.unread.clear()

    @property
    def book(self) -> str:
        """The book's name."""
        return self._ledger.book

    @property
    def time(self) -> BookTime:
        """Whose clock says when things were recorded."""
        return self._ledger.time

    def head(self) -> int:
        """The last position."""
        return self._ledger.head()

    def since(self, after: int, upto: int, limit: int | None = None) -> list[Recorded[Event]]:
        """The events above a position and not above another one, in order, as they were written."""
        return self._ledger.since(after, upto=upto, limit=limit, unread=self.unread)

    def histories(
        self, streams: Iterable[str], upto: int, *, opened: bool = False
    ) -> Mapping[str, list[Recorded[Any]]]:
        """Streams by version as they were written, up to a position of the book; with `opened` their personal values
        can be read."""
        return self._ledger.histories(streams, opened=opened, upto=upto, unread=self.unread)

    def standing(self, streams: Iterable[str], upto: int) -> Mapping[str, Any]:
        """The states by a position of those streams in which nothing is ever amended, such as the book's policies."""
        return self._ledger.standing(streams, upto)

    @property
    def blind_index(self) -> BlindIndex:
        """What makes numbers of personal values in this book."""
        return self._ledger.blind_index

    def begun(self, kinds: Collection[str], after: int, upto: int, limit: int) -> list[Beginning]:
        """Where streams of some kinds begin, in order, above a position and not above another one, `limit` at most."""
        asked = {"book": self.book, "kinds": list(kinds), "after": after, "upto": upto, "limit": limit}
        return [Beginning(*row) for row in self._ledger.database.rows(BEGUN, asked)]

    def counts(self, upto: int) -> dict[str, int]:
        """How many events there are of each kind of stream up to a position."""
        return dict(self._ledger.database.rows(COUNTS, {"book": self.book, "upto": upto}))

    def first_gap(self, upto: int) -> int | None:
        """The first position up to another one that holds no event."""
        rows = self._ledger.database.rows(FIRST_GAP, {"book": self.book, "upto": upto})
        return int(rows[0][0]) if rows else None

    def amended(self, streams: Iterable[str], upto: int) -> set[str]:
        """Those of some streams in which something was corrected or made void by a position."""
        asked = {"book": self.book, "streams": list(streams), "upto": upto, "amending": AMENDING}
        return {stream for (stream,) in self._ledger.database.rows(AMENDED, asked)} if asked["streams"] else set()

    def times(self, positions: Iterable[int]) -> dict[int, tuple[datetime, datetime, datetime | None]]:
        """When the events at some positions occurred, were recorded, and were recorded at their source, if that says.

        It reads their envelopes only, so that those are told that cannot be read.
        """
        rows = self._ledger.database.rows(TIMES, {"book": self.book, "positions": list(positions)})
        return {position: (occurred, recorded, source) for position, occurred, recorded, source in rows}

    def receipts(
        self, after: int, upto: int, limit: int, *, since: datetime | None = None, before: datetime | None = None
    ) -> list[Receipt]:
        """Where cases were received, in order, above a position and not above another one, `limit` at most.

        Given a time of receipt, those of that time, and those whose record was amended, whatever it says.
        """
        asked = {
            "book": self.book,
            "after": after,
            "upto": upto,
            "topic": CaseReceived.TOPIC,
            "since": since,
            "before": before,
            "amending": AMENDING,
            "limit": limit,
        }
        return [Receipt(*row) for row in self._ledger.database.rows(RECEIPTS, asked)]
