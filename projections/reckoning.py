"""A reckoning: a view whose rows about a subject are worked out anew from its whole history, whenever that grows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString, NamedTuple

from typing_extensions import override

from domain.envelope import Recorded
from domain.stream import Category
from ledger.blind_index import BlindIndex
from projections.view import V, View

History = Sequence[Recorded[Any]]


class Subject(NamedTuple):
    """What the rows about a subject are worked out of, all of it as known by one position of the book."""

    stream: str
    history: History
    """As it is read by then."""
    written: History
    """As it was written, amendments among it."""
    others: Mapping[str, History]
    """The histories of the streams that its own leans on, and of those that these lean on: as they are read, or of the
    kinds that the view wants so, as they were written."""
    standing: Mapping[str, Any]
    """The states of the book's own streams that `beside` names."""
    blind: BlindIndex | None = None
    """What makes numbers of personal values; only where the view has these opened."""


def leans_on_nothing(history: History) -> Iterable[str]:
    """No other stream."""
    del history
    return ()


def always(recorded: Recorded[Any]) -> bool:
    """Whatever happens."""
    del recorded
    return True


@dataclass(frozen=True, slots=True)
class Reckoning(View[V]):
    """A view with any number of rows a subject, each made of all that is known of it and of the book's standards.

    Where a fold would have to keep the whole history in a row, the history itself is read again. Among the columns are
    the subject's `stream` and whatever tells its rows apart. `rows` is pure and total.
    """

    tells_apart: tuple[str, ...]
    """The columns that, after the book and the stream, identify a row."""
    subjects: frozenset[Category]
    """Whose rows they are: kinds of streams."""
    rows: Callable[[Subject], Sequence[V]]
    beside: Callable[[str], Sequence[str]]
    """The streams of a book, given its name, that all rows lean on: nothing in them is ever amended."""
    again: LiteralString
    """Selects the streams whose rows have to be worked out again when one of those grows at %(since)s."""
    leans_on: Callable[[History], Iterable[str]] = leans_on_nothing
    """Other streams that a history leans on. Which do is kept beside the table, and nothing is forgotten of it."""
    as_written: frozenset[Category] = frozenset()
    """Kinds of other streams that are handed on with their amendments, for whoever asks what was known when."""
    matters: Callable[[Recorded[Any]], bool] = always
    """Whether an event changes anything for those that lean on its stream."""
    opened: bool = False
    """Whether histories are read with their personal values. The rows hold none of them, only numbers of the blind
    index."""

    @property
    @override
    def identity(self) -> tuple[str, ...]:
        return ("stream", *self.tells_apart)
