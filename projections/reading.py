"""Reading a book in batches, each decoded once for all views, and whole streams again where they were amended."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar, cast, get_args

import psycopg

from domain.amendment import Amendment
from domain.correction import Reading
from domain.envelope import Recorded
from ledger.errors import LedgerError, UnknownTopic, UnreadableEvent
from ledger.ledger import Ledger
from ledger.opening import Unread
from ledger.recorder import COLUMNS, LedgerMapper

T = TypeVar("T")
Histories = dict[str, list[Recorded[Any]]]
Knows = Callable[[Recorded[Any]], bool]
"""Whether an event was known, by whoever is asked what they knew."""
PAGE = 2_000
AMENDING = [amendment.TOPIC for amendment in get_args(Amendment)]
"""Topics of events after which others are read otherwise."""

# Leans on event (book, stream, version): one search a stream.
WHOLE_STREAMS = f"""
SELECT {COLUMNS} FROM ledger.event
WHERE book = %(book)s AND stream = ANY(%(streams)s) AND position <= %(end)s
ORDER BY position
"""
# The same; streams are short.
AMENDED_STREAMS = """
SELECT DISTINCT stream FROM ledger.event
WHERE book = %(book)s AND stream = ANY(%(streams)s) AND position <= %(end)s AND topic = ANY(%(topics)s)
"""


class Batch(NamedTuple):
    """The events of a book up to `end`, in order, as they were written; those that could not be read stand apart."""

    end: int
    events: Sequence[Recorded[Any]]
    unreadable: Sequence[Unread] = ()


def read(ledger: Ledger, start: int, end: int) -> Batch:
    """The events after `start` and up to `end`, which the book has reached.

    Raises: LedgerAway; LedgerError when a position among them is empty, since a view that passed over it would not show
    that an event is gone.
    """
    unread: list[Unread] = []
    try:
        batch = Batch(end, ledger.since(start, upto=end))
    except (UnknownTopic, UnreadableEvent):
        batch = Batch(end, ledger.since(start, upto=end, unread=unread), unread)
    there = {recorded.position for recorded in batch.events} | {missed.position for missed in batch.unreadable}
    if len(there) < end - start:
        empty = next(position for position in range(start + 1, end + 1) if position not in there)
        raise LedgerError(
            f"Position {empty} of book {ledger.book!r} holds no event, though the book goes on after it. "
            "The views stay before it until the event is restored."
        )
    return batch


def through(ledger: Ledger, streams: Collection[str], end: int, work: Callable[[Iterator[Recorded[Any]]], T]) -> T:
    """What `work` makes of the whole of some streams up to a position, in the order of the book, as they were written.

    It is handed them a page at a time, so that streams need not fit into memory, and from their beginning again when
    the connection is lost. Raises: LedgerAway, UnknownTopic, UnreadableEvent, and whatever `work` raises.
    """
    mapper = cast(LedgerMapper, ledger.mapper)
    asked = {"book": ledger.book, "streams": list(streams), "end": end}

    def read_through(connection: psycopg.Connection) -> T:
        with connection.transaction(), connection.cursor(name="whole_streams", binary=True) as rows:
            rows.itersize = PAGE
            rows.execute(WHOLE_STREAMS, asked)
            return work(map(mapper.recorded, rows))

    return ledger.database.patiently(read_through)


def histories(
    ledger: Ledger, streams: Collection[str], end: int, *, opened: bool = False
) -> dict[str, list[Recorded[Any]]]:
    """Some streams up to a position, each by version, as they were written; empty where there was none by then. With
    `opened` their personal values can be read.

    Raises: LedgerAway, UnknownTopic, UnreadableEvent; with `opened` also WrongKey.
    """
    if opened:
        return {stream: list(history) for stream, history in ledger.histories(streams, opened=True, upto=end).items()}
    found: dict[str, list[Recorded[Any]]] = {stream: [] for stream in streams}

    def collect(events: Iterator[Recorded[Any]]) -> None:
        for history in found.values():  # from the beginning again, when the connection was lost
            history.clear()
        for recorded in events:
            found[recorded.stream].append(recorded)

    if found:
        through(ledger, found.keys(), end, collect)
    return found


def histories_known(ledger: Ledger, end: int, knows: Knows | None) -> Callable[[Collection[str]], Histories]:
    """Reads streams up to a position as `histories` does; of their events those alone that were known."""

    def read(streams: Collection[str]) -> Histories:
        found = histories(ledger, streams, end)
        return found if knows is None else {stream: list(filter(knows, told)) for stream, told in found.items()}

    return read


def reading_of(ledger: Ledger, streams: Collection[str], end: int) -> Reading:
    """How the events of some streams are read by a position. Only those are held that were amended by then.

    Raises: LedgerAway, UnknownTopic, UnreadableEvent.
    """
    asked = {"book": ledger.book, "streams": list(streams), "end": end, "topics": AMENDING}
    amended = [stream for (stream,) in ledger.database.rows(AMENDED_STREAMS, asked)]
    return through(ledger, amended, end, Reading) if amended else Reading(())
