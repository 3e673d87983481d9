"""A reckoning: a view whose rows about a subject are worked out anew from its whole history, whenever that grows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, LiteralString, NamedTuple

import psycopg
from typing_extensions import override

from domain.correction import applied
from domain.envelope import Recorded
from ledger.database import Database
from ledger.errors import UnknownTopic, UnreadableEvent
from ledger.ledger import Ledger
from projections.cursor import Change
from projections.part import CannotTake, Part
from projections.reading import through
from projections.view import V, View
from projections.writing import Step, added, stated

STREAMS_AT_ONCE = 1_000
"""So many histories are held in memory at a time."""

TAKE_AWAY = "DELETE FROM {table} WHERE book = %(book)s AND stream = ANY(%(streams)s)"

History = Sequence[Recorded[Any]]


class Subject(NamedTuple):
    """What the rows about a subject are worked out of, all of it as known by one position of the book."""

    stream: str
    history: History
    """As it is read by then."""
    written: History
    """As it was written, amendments among it."""
    others: Mapping[str, History]
    """The histories, as read, of the streams that its own leans on."""
    standing: Mapping[str, Any]
    """The states of the book's own streams that `beside` names."""


def leans_on_nothing(history: History) -> Iterable[str]:
    """No other stream."""
    del history
    return ()


@dataclass(frozen=True, slots=True)
class Reckoning(View[V]):
    """A view with any number of rows a subject, each made of all that is known of it and of the book's standards.

    Where a fold would have to keep the whole history in a row, the history itself is read again. Among the columns are
    the subject's `stream` and whatever tells its rows apart. `rows` is pure and total.
    """

    tells_apart: tuple[str, ...]
    """The columns that, after the book and the stream, identify a row."""
    rows: Callable[[Subject], Sequence[V]]
    beside: Callable[[str], Sequence[str]]
    """The streams of a book, given its name, that all rows lean on: nothing in them is ever amended."""
    again: LiteralString
    """Selects the streams whose rows have to be worked out again when one of those grows."""
    leans_on: Callable[[History], Iterable[str]] = leans_on_nothing
    """Other subjects' streams that a history leans on."""
    bears: Callable[[History], Iterable[str]] = leans_on_nothing
    """Other subjects' streams that lean on a history."""

    @property
    @override
    def identity(self) -> tuple[str, ...]:
        return ("stream", *self.tells_apart)


def reckoned(view: Reckoning[Any], ledger: Ledger, database: Database, part: Part) -> Change:
    """What a part leads to: the rows about every subject that it concerns, as they are after it.

    They are worked out as they are written, a thousand subjects at a time; the step raises CannotTake.
    """
    beside = frozenset(view.beside(ledger.book))
    concerned = {recorded.stream: recorded for recorded in part.events if recorded.stream not in beside}
    for recorded in part.events:
        if recorded.stream in beside:
            found = database.rows(view.statement(view.again), {"book": ledger.book})
            concerned |= {stream: recorded for (stream,) in found if stream not in concerned}
            break
    if not concerned:
        return Change(part.end, (), part.stopped)
    standing = ledger.standing(beside, part.end)
    work = _Work(view, ledger, part, concerned, standing)
    return Change(part.end, (work.write,), part.stopped)


class _Work(NamedTuple):
    """The subjects that a part concerns, each with the last event that has it so."""

    view: Reckoning[Any]
    ledger: Ledger
    part: Part
    concerned: Mapping[str, Recorded[Any]]
    standing: Mapping[str, Any]

    def write(self, connection: psycopg.Connection) -> None:
        """Replaces the rows about all of them. Raises: CannotTake."""
        done = set[str]()
        waiting = dict(self.concerned)
        while waiting:
            chunk = dict(islice(waiting.items(), STREAMS_AT_ONCE))
            for stream in chunk:
                del waiting[stream]
            histories = self._read(chunk, chunk)
            for stream, written in histories.items():
                done.add(stream)
                for other in self.view.bears(_as_read(written)):
                    if other not in done and other not in waiting and other not in chunk:
                        waiting[other] = chunk[stream]
            for step in self._steps(histories, chunk):
                step(connection)

    def _steps(self, histories: Mapping[str, History], because: Mapping[str, Recorded[Any]]) -> list[Step]:
        read = {stream: _as_read(written) for stream, written in histories.items()}
        wanted = {
            other: because[stream]
            for stream, history in read.items()
            for other in self.view.leans_on(history)
            if other not in read
        }
        others = {stream: _as_read(written) for stream, written in self._read(wanted, wanted).items()} | read
        rows: list[Any] = []
        for stream, written in histories.items():
            history = read[stream]
            leant = {other: others[other] for other in self.view.leans_on(history)}
            try:
                rows += self.view.rows(Subject(stream, history, written, leant, self.standing))
            except Exception as error:
                raise CannotTake(self._culprit(stream, because[stream]), error) from error
        book = self.ledger.book
        away = stated(self.view.statement(TAKE_AWAY), book=book, streams=list(histories))
        return [away, *added(self.view, book, rows)]

    def _read(self, streams: Iterable[str], because: Mapping[str, Recorded[Any]]) -> dict[str, History]:
        """Histories as they were written, up to the part's end. Raises: CannotTake."""
        histories: dict[str, list[Recorded[Any]]] = {stream: [] for stream in streams}
        if not histories:
            return {}

        def collect(events: Iterator[Recorded[Any]]) -> None:
            for history in histories.values():  # from the beginning again, when the connection was lost
                history.clear()
            for recorded in events:
                histories[recorded.stream].append(recorded)

        try:
            through(self.ledger, histories.keys(), self.part.end, collect)
        except (UnknownTopic, UnreadableEvent) as error:  # by this program, though another one has read it before
            last = max(because.values(), key=lambda recorded: recorded.position)
            raise CannotTake(last, error) from error
        return dict(histories)

    def _culprit(self, stream: str, because: Recorded[Any]) -> Recorded[Any]:
        own = [recorded for recorded in self.part.events if recorded.stream == stream]
        return own[-1] if own else because


def _as_read(written: History) -> History:
    return tuple(applied(written))
