"""Opening personal values: each event is read with what is needed to unseal its values when they are looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from domain.envelope import Recorded
from domain.event import Event
from domain.personal import ERASED
from ledger.codec import SealedValue, commitments, unseal
from ledger.errors import LedgerError, UnknownTopic, UnreadableEvent
from ledger.keys import DataKey, KeyRing
from ledger.recorder import LedgerMapper, Row

WIDTH = 13
"""The columns of an event; those of a sealed value follow."""


class Unread(NamedTuple):
    """An event that this program cannot read, and why."""

    stream: str
    version: int
    position: int
    topic: str
    cause: LedgerError


class EventOpening:
    """The sealed values of one event, unsealed one by one when somebody looks."""

    __slots__ = ("_book", "_data", "_keys", "_values")

    def __init__(self, book: str, data: bytes, values: Sequence[SealedValue], keys: Mapping[UUID, DataKey]) -> None:
        self._book = book
        self._data = data
        self._values = values
        self._keys = keys

    def get(self, commitment: str, default: Any, /) -> Any:
        """The value behind a commitment; ERASED when it, or its key, is gone.

        Raises: WrongKey when what lies there is not what was committed to.
        """
        path = next((path for path, found in commitments(self._data).items() if found == commitment), None)
        if path is None:
            return default
        for value in self._values:
            if value.path == path and value.subject in self._keys:
                return orjson.loads(unseal(self._book, value, commitment, self._keys[value.subject]).value)
        return ERASED


def opened(mapper: LedgerMapper, keys: KeyRing, rows: Sequence[Row]) -> Iterator[Recorded[Event]]:
    """Recorded events out of rows joined with their sealed values, several rows an event that has several."""
    known = keys.existing({row[WIDTH + 1] for row in rows if row[WIDTH] is not None})
    for _, joined in groupby(rows, key=lambda row: row[4]):
        of_event = list(joined)
        row = of_event[0]
        opening = None
        if mapper.codec.holds_personal(row[2]):
            values = [SealedValue(row[0], row[1], *found[WIDTH:]) for found in of_event if found[WIDTH] is not None]
            opening = EventOpening(mapper.book, row[3], values, known)
        yield mapper.recorded(row[:WIDTH], opening)


def legible(
    rows: Sequence[Row], read: Callable[[Sequence[Row]], Iterable[Recorded[Event]]], unread: list[Unread]
) -> Iterator[Recorded[Event]]:
    """Recorded events one by one, around those that this program cannot read, which are noted."""
    for position, joined in groupby(rows, key=lambda row: row[4]):
        of_event = list(joined)
        try:
            yield from read(of_event)
        except (UnknownTopic, UnreadableEvent) as error:
            stream, version, topic, *_ = of_event[0]
            unread.append(Unread(stream, version, position, topic, error))
