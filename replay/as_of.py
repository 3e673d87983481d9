"""Streams as they were known at one instant, as far as their events had occurred by another: the past on both axes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from domain.amendment import AMENDMENTS
from domain.correction import Reading
from domain.envelope import Recorded
from replay.reader import Reader


class KnownBy(StrEnum):
    """Who had to know of an event by then."""

    LEDGER = "ledger"
    """This ledger had recorded it."""
    SOURCE = "source"
    """The system that it was imported from had recorded it, as that says. What came from no such system, and whatever
    its source gave no time for, was known when this ledger recorded it."""


class AsOf(NamedTuple):
    """Two instants: by when it was recorded what is known, and by when it had occurred."""

    position: int
    """The last position of the book that is known: what was recorded by `known_at`. By the source it is the last
    position that is looked at."""
    known_at: datetime
    valid_at: datetime
    known_by: KnownBy = KnownBy.LEDGER

    def knows(self, recorded: Recorded[Any]) -> bool:
        """Whether an event was known by then, whenever it occurred."""
        if recorded.position > self.position:
            return False
        return self.known_by is KnownBy.LEDGER or (recorded.source_recorded_at or recorded.recorded_at) <= self.known_at


class PastStream(NamedTuple):
    """A stream as of both."""

    written: Sequence[Recorded[Any]]
    """Its events in order of version, as they were written, with the amendments of them; those that had not occurred
    are left out."""
    reading: Reading
    """How each of them was read by then."""
    amending: Sequence[Recorded[Any]]
    """All that was known of amendments, whenever they were made: by them the events are read."""

    def read(self) -> Iterator[Recorded[Any]]:
        """What is to be folded: corrections as they were known then, and nothing that came later."""
        return (told for recorded in self.written if (told := self.reading.of(recorded)) is not None)


def streams_as_of(book: Reader, streams: Iterable[str], as_of: AsOf) -> dict[str, PastStream]:
    """Some streams as of two instants; empty where there was nothing by then.

    The valid axis only selects: events are taken when they had occurred by then as they are read, so that one whose
    time was corrected is where it really was. Raises: LedgerAway, UnknownTopic, UnreadableEvent.
    """
    found = book.histories(streams, as_of.position)
    return {stream: past_stream(history, as_of) for stream, history in found.items()}


def past_stream(history: Iterable[Recorded[Any]], as_of: AsOf) -> PastStream:
    """A whole history, as it was written, as of two instants."""
    known = [recorded for recorded in history if as_of.knows(recorded)]
    reading = Reading(known)
    told = [recorded for recorded in known if (reading.of(recorded) or recorded).occurred_at <= as_of.valid_at]
    amending = [recorded for recorded in known if isinstance(recorded.event, AMENDMENTS)]
    return PastStream(told, reading, amending)
