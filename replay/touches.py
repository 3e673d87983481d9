"""Which rows the streams of other subjects touch: found by reading these streams, whatever a view says of it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator
from uuid import UUID

from domain.correction import applied
from domain.stream import Category, category_of, stream_of, subject_of
from replay.view import Folded
from replay.walk import Walk

KINDS = tuple(Category)
KEY_BYTES = 16


class Touches:
    """Rows, and the streams that touch them, in some 70 bytes each."""

    def __init__(self) -> None:
        self._kept: list[bytes] = []

    def add(self, key: UUID, stream: str) -> None:
        """Notes that a stream touches a row; before `settle`."""
        kind = KINDS.index(Category(category_of(stream)))
        self._kept.append(key.bytes + bytes([kind]) + subject_of(stream).bytes)

    def settle(self) -> None:
        """Puts them in order, each once."""
        self._kept = sorted(set(self._kept))

    def of(self, key: UUID) -> list[str]:
        """The streams that touch a row."""
        place, found = bisect_left(self._kept, key.bytes), list[str]()
        while place < len(self._kept) and self._kept[place].startswith(key.bytes):
            kept = self._kept[place]
            found.append(stream_of(KINDS[kept[KEY_BYTES]], UUID(bytes=kept[KEY_BYTES + 1 :])))
            place += 1
        return found

    def keys(self) -> Iterator[UUID]:
        """The rows, each once, in order."""
        last = b""
        for kept in self._kept:
            if kept[:KEY_BYTES] != last:
                last = kept[:KEY_BYTES]
                yield UUID(bytes=last)


class Part:
    """Of the keys there are, every so manieth by its number; or some that are named."""

    def __init__(self, place: int = 0, of: int = 1, only: Collection[UUID] | None = None) -> None:
        self._place = place
        self._of = of
        self.only = only

    def __contains__(self, key: UUID) -> bool:
        """Whether a key is among them."""
        return (self.only is None or key in self.only) and key.int % self._of == self._place


def touches(walk: Walk, view: Folded, part: Part) -> Touches:
    """What touches those rows of a view that are in a part, out of all streams by which rows are touched.

    Raises: BookNotWhole, LedgerAway, UnknownTopic, UnreadableEvent.
    """
    found = Touches()
    for begun in walk.beginnings(view.touched_by):
        for stream, history in walk.histories(stream for _, stream in begun).items():
            walk.meet(stream, len(history))
            for recorded in applied(history):
                for key in view.keys(recorded):
                    if key in part:
                        found.add(key, stream)
    found.settle()
    return found
