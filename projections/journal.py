"""A journal: a view to which each event adds rows, none or many, and which nothing is folded into."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from typing_extensions import override

from domain.envelope import Recorded
from projections.view import V, View


@dataclass(frozen=True, slots=True)
class Journal(View[V]):
    """A view with rows of single events, in the order of the book.

    Among its columns are the event's `position`, `stream` and `version`, and `place` (smallint), which counts the rows
    of one event from 0. Its `.sql` has PRIMARY KEY (book, position, place) and an index on (book, stream).
    """

    entries: Callable[[Recorded[Any]], Sequence[V]]
    """The rows of an event; pure and total, and made of nothing but the event."""
    as_written: bool
    """Whether it shows events as they were written, requests and corrections among them, and no row ever changes.

    Otherwise it shows the history as it is read by now: requests, corrections and voids have no rows, and once a stream
    is amended its rows are made again.
    """

    @property
    @override
    def identity(self) -> tuple[str, ...]:
        return ("position", "place")
