"""A walk through a book: its streams, each once and whole, in the order in which they begin, none passed over."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import Any, TypeAlias
from uuid import UUID

from domain.envelope import Recorded
from domain.stream import Category, category_of
from ledger.errors import LedgerError
from replay.reader import Beginning, Reader
from replay.view import History

STREAMS_AT_ONCE = 500
"""So many histories are held in memory at a time, with what is read beside them."""
EVENTS_AT_ONCE = 2_000

Progress: TypeAlias = Callable[[int, int], None]
"""Told how far a walk has come, and how far it goes."""


class BookNotWhole(LedgerError):
    """Events are missing that the book must have had, so that nothing can be said of what follows from them."""


def nobody(done: int, of: int) -> None:
    """Tells nobody."""
    del done, of


class Walk:
    """A way through all that a book holds up to a position, and the count of what was met on it."""

    def __init__(self, book: Reader, position: int, told: Progress = nobody) -> None:
        self.book = book
        self.position = position
        self._told = told
        self.legs = 1
        """How many times it is to go through the book."""
        self._begun = 0
        self._met: dict[str, int] = {}

    @cached_property
    def _counts(self) -> dict[str, int]:
        """How many events there are of each kind of stream. Raises: BookNotWhole when the book has a gap."""
        counts = self.book.counts(self.position)
        there = sum(counts.values())
        if there != self.position:
            raise BookNotWhole(
                f"Book {self.book.book!r} holds {there} events up to position {self.position}: position "
                f"{self.book.first_gap(self.position)} holds none. Restore the event; nothing can be folded past the "
                "gap."
            )
        return counts

    def count(self, kinds: Collection[Category]) -> int:
        """How many events there are in streams of some kinds. Raises: BookNotWhole, LedgerAway."""
        counts = self._counts  # also for no kind at all: the gap is to be seen
        return sum(counts.get(kind, 0) for kind in kinds)

    def beginnings(self, kinds: Collection[Category]) -> Iterator[list[Beginning]]:
        """One leg: where the streams of some kinds begin, some at a time."""
        done, after = self._leg(), 0
        while begun := self.book.begun(kinds, after, self.position, STREAMS_AT_ONCE):
            yield begun
            after = begun[-1].position
            self._told(done + after, self.legs * self.position)
        self._told(self._begun * self.position, self.legs * self.position)

    def pages(self) -> Iterator[Sequence[Recorded[Any]]]:
        """One leg: every event, in order, as it was written."""
        done, after = self._leg(), 0
        while after < self.position:
            end = min(after + EVENTS_AT_ONCE, self.position)
            yield self.book.since(after, end)
            after = end
            self._told(done + after, self.legs * self.position)

    def _leg(self) -> int:
        """Begins another, once the book is seen to have no gap; gives back how far the legs before it went."""
        self.count(())
        self._begun += 1
        return (self._begun - 1) * self.position

    def histories(self, streams: Iterable[str], *, opened: bool = False) -> Mapping[str, History]:
        """Some streams up to the walk's end, each by version, as they were written. Raises: BookNotWhole."""
        found = self.book.histories(streams, self.position, opened=opened)
        for stream, history in found.items():
            if history and history[-1].version != len(history):
                missing = next(version for version, one in enumerate(history, 1) if one.version != version)
                raise BookNotWhole(
                    f"Version {missing} of stream {stream} in book {self.book.book!r} is not there, though others "
                    "after it are. Restore the event; nothing can be folded without it."
                )
        return found

    def meet(self, stream: str, events: int) -> None:
        """Counts the events of a stream that was read on the way."""
        kind = category_of(stream)
        self._met[kind] = self._met.get(kind, 0) + events

    def arrive(self, kinds: Collection[Category], times: int = 1) -> None:
        """Raises: BookNotWhole when not every event of some kinds was met so many times on the way."""
        for kind in sorted(kinds):
            wanted, met = times * self._counts.get(kind, 0), self._met.get(kind, 0)
            if met != wanted:
                raise BookNotWhole(
                    f"Book {self.book.book!r} has {wanted // times} events in {kind} streams up to position "
                    f"{self.position}, and {met // times} of them lie in streams that have a first event. Restore what "
                    "is missing; nothing can be folded without them."
                )


def whole(book: Reader, position: int) -> None:
    """Nothing where every event up to a position is there; it reads all of their envelopes. Raises: BookNotWhole."""
    Walk(book, position).count(())


def some(subjects: Iterable[UUID]) -> Iterator[list[UUID]]:
    """Some subjects at a time."""
    waiting = iter(subjects)
    while found := list(islice(waiting, STREAMS_AT_ONCE)):
        yield found
