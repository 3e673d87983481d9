"""A projection: which rows of a view an event touches, and what the event makes of each of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from typing_extensions import override

from domain.envelope import Recorded
from domain.stream import Category, subject_of
from projections.view import V, View


class FoldContext(NamedTuple):
    """What a fold needs from beside the event."""

    key: UUID
    """The row that the event is folded into; an event may touch several."""


def noted(view: V, recorded: Recorded[Any]) -> V:
    """The row after an event of its own stream that only speaks of other events: a request to amend one, a correction,
    a void, a request declined.

    It changes the stream's version, which whoever writes next is to have seen, and when the stream was last written
    to; the columns `version`, `position` and `last_recorded_at`, those of them that the view has.
    """
    told: Any = view
    if getattr(view, "stream", recorded.stream) != recorded.stream:  # of another subject with the same id
        return view
    known = {
        column: getattr(recorded, of)
        for column, of in (("version", "version"), ("position", "position"), ("last_recorded_at", "recorded_at"))
        if column in told._fields
    }
    noting: V = told._replace(**known)
    return noting


def none_again(recorded: Recorded[Any]) -> Sequence[UUID]:
    """No row has to be folded again for this event."""
    del recorded
    return ()


@dataclass(frozen=True, slots=True)
class Projection(View[V]):
    """A view with one row a subject: the events it is made of, and the fold that makes a row of them.

    `keys`, `fold` and `noted` are pure, and total: they never raise, whatever the order of events. `fold` gives None
    back while there is nothing to show. The events they take are those of the categories in `reads`, as they are read
    by now; only a union in the projection's own module can name them, hence `Any` here.

    One of the view's columns is `position`, that of the latest event the row shows: no event is folded into a row
    twice.
    """

    key: str
    """The column that, after the book, identifies a row."""
    keys: Callable[[Recorded[Any]], Sequence[UUID]]
    fold: Callable[[V | None, Recorded[Any], FoldContext], V | None]
    noted: Callable[[V, Recorded[Any]], V] = noted
    """What an event of AMENDMENTS changes in the row that its stream is about. It never reaches `keys` or `fold`."""
    refold: Callable[[Recorded[Any]], Sequence[UUID]] = none_again
    """Rows to be folded again from all that touches them, because of this event."""
    touched_by: frozenset[Category] = frozenset()
    """Kinds of streams among `reads` whose events are folded into rows of other subjects than their own. Any other
    event touches the row of its own stream's subject, or none."""

    @property
    @override
    def identity(self) -> tuple[str, ...]:
        return (self.key,)


@lru_cache(maxsize=20_000)
def key_of(stream: str) -> UUID:
    """The subject of a stream; remembered, since the events of a stream come together. Raises: ValueError."""
    return subject_of(stream)
