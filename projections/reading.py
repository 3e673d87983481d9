"""Reading a book in batches for the projections, one batch ahead of them."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, NamedTuple, Self, cast

from domain.correction import applied
from domain.envelope import Recorded
from ledger.errors import UnknownTopic, UnreadableEvent
from ledger.ledger import Ledger
from ledger.recorder import LedgerMapper


class Unreadable(NamedTuple):
    """An event that this program cannot read, and why."""

    stream: str
    position: int
    topic: str
    cause: Exception


class Batch(NamedTuple):
    """The events of a book up to `end`, in order; those that could not be read stand apart."""

    end: int
    events: Sequence[Recorded[Any]]
    unreadable: Sequence[Unreadable] = ()


class Reader:
    """Reads a book, at most `limit` events at a time, each decoded once for all projections.

    While one batch is folded and written, which is half waiting for the database, the next is read.
    """

    def __init__(self, ledger: Ledger, limit: int) -> None:
        self._ledger = ledger
        self._limit = limit
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="reading")
        self._ahead: tuple[int, int, Future[Batch]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(cancel_futures=True)

    def read(self, start: int, end: int) -> Batch:
        """The events after `start` and up to `end`, or as many of them as a batch holds; there is at least one.

        Raises: LedgerAway.
        """
        ahead, self._ahead = self._ahead, None
        batch = ahead[2].result() if ahead and ahead[:2] == (start, end) else self._read(start, end)
        if batch.end < end:
            self._ahead = (batch.end, end, self._thread.submit(self._read, batch.end, end))
        return batch

    def _read(self, start: int, end: int) -> Batch:
        try:
            events = self._ledger.since(start, upto=end, limit=self._limit)
            return Batch(events[-1].position, list(applied(events)))
        except (UnknownTopic, UnreadableEvent):
            return self._read_around(start, end)

    def _read_around(self, start: int, end: int) -> Batch:
        """The same, where some of the events cannot be read."""
        mapper = cast(LedgerMapper, self._ledger.mapper)
        events: list[Recorded[Any]] = []
        unreadable: list[Unreadable] = []
        rows = self._ledger.rows.rows_since(start, end, self._limit)
        for row in rows:
            try:
                events.append(mapper.recorded(row))
            except (UnknownTopic, UnreadableEvent) as error:
                stream, _, topic, _, position, *_ = row
                unreadable.append(Unreadable(stream, position, topic, error))
        return Batch(rows[-1][4], list(applied(events)), unreadable)
