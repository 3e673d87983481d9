"""What a replay is handed of a view: the pure functions that say which rows its table is to hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable
from uuid import UUID

from domain.envelope import Recorded
from domain.stream import Category
from ledger.blind_index import BlindIndex

History = Sequence[Recorded[Any]]


class Keyed(NamedTuple):
    """What a fold needs from beside the event."""

    key: UUID
    """The row that the event is folded into."""


class Worked(NamedTuple):
    """What the rows about a subject are worked out of, all of it as known by one position of the book."""

    stream: str
    history: History
    """As it is read by then."""
    written: History
    """As it was written, amendments among it."""
    others: Mapping[str, History]
    """The histories of the streams that its own leans on, and of those that these lean on."""
    standing: Mapping[str, Any]
    """The states of the streams that all rows lean on."""
    blind: BlindIndex | None = None
    """What makes numbers of personal values; only where the view has these opened."""


class Named(Protocol):
    """What every view has."""

    @property
    def name(self) -> str: ...

    @property
    def reads(self) -> frozenset[Category]: ...


@runtime_checkable
class Folded(Named, Protocol):
    """A view with one row a subject: which rows an event touches, and what it makes of each."""

    @property
    def touched_by(self) -> frozenset[Category]: ...

    @property
    def keys(self) -> Callable[[Recorded[Any]], Sequence[UUID]]: ...

    @property
    def fold(self) -> Callable[[Any, Recorded[Any], Any], Any]: ...

    @property
    def noted(self) -> Callable[[Any, Recorded[Any]], Any]: ...


@runtime_checkable
class Entered(Named, Protocol):
    """A view with rows of single events, as they were written or as they are read."""

    @property
    def entries(self) -> Callable[[Recorded[Any]], Sequence[Any]]: ...

    @property
    def as_written(self) -> bool: ...


@runtime_checkable
class Reckoned(Named, Protocol):
    """A view whose rows about a subject are worked out of its whole history, and of what that leans on."""

    @property
    def subjects(self) -> frozenset[Category]: ...

    @property
    def rows(self) -> Callable[[Any], Sequence[Any]]: ...

    @property
    def beside(self) -> Callable[[str], Sequence[str]]: ...

    @property
    def leans_on(self) -> Callable[[History], Iterable[str]]: ...

    @property
    def as_written(self) -> frozenset[Category]: ...

    @property
    def opened(self) -> bool: ...
