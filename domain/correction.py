"""The one seam through which every history passes before it is folded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from domain.envelope import Recorded
from domain.event import Event

E = TypeVar("E", bound=Event)


def applied(history: Iterable[Recorded[E]]) -> Iterator[Recorded[E]]:
    """The history as it is to be folded: in the order given, each version once, nothing added or left out.

    Whoever folds a stream or a book (the ledger before a decision, a projection, a replay) folds what comes out of
    here and nothing else, so that a corrected event means the same to all of them. No topic corrects another, so
    what goes in comes out. It reads one event at a time and keeps none.
    """
    yield from history
