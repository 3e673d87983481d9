"""A reckoning: a view whose rows about a subject are worked out anew from its whole history, whenever that grows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, LiteralString, NamedTuple

import psycopg
from typing_extensions import override

from domain.correction import applied
from domain.envelope import Recorded
from domain.stream import Category, category_of
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

# Leans on the primary key, or on an index (book, stream).
TAKE_AWAY = "DELETE FROM {table} WHERE book = %(book)s AND stream = ANY(%(streams)s)"
# Leans on the primary key.
LEANING = "SELECT DISTINCT stream FROM {touch} WHERE book = %(book)s AND on_stream = ANY(%(streams)s)"
KEEP_LEANS = """
INSERT INTO {touch} (book, on_stream, stream)
SELECT %(book)s, on_stream, stream FROM unnest(%(ons)s::text[], %(streams)s::text[]) AS leans (on_stream, stream)
ON CONFLICT DO NOTHING
"""

History = Sequence[Recorded[Any]]


class Subject(NamedTuple):
    """What the rows about a subject are worked out of, all of it as known by one position of the book."""

    stream: str
    history: History
    """As it is read by then."""
    written: History
    """As it was written, amendments among it."""
    others: Mapping[str, History]
    """The histories, as read, of the streams that its own leans on, and of those that these lean on."""
    standing: Mapping[str, Any]
    """The states of the book's own streams that `beside` names."""


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
    matters: Callable[[Recorded[Any]], bool] = always
    """Whether an event changes anything for those that lean on its stream."""

    @property
    @override
    def identity(self) -> tuple[str, ...]:
        return ("stream", *self.tells_apart)


def reckoned(view: Reckoning[Any], ledger: Ledger, database: Database, part: Part) -> Change:
    """What a part leads to: the rows about every subject that it concerns, as they are after it.

    They are worked out as they are written, a thousand subjects at a time; the step raises CannotTake.
    """
    beside = frozenset(view.beside(ledger.book))
    concerned = _concerned(view, ledger.book, database, part, beside)
    if not concerned:
        return Change(part.end, (), part.stopped)
    standing = ledger.standing(beside, part.end)
    work = _Work(view, ledger, part, concerned, standing)
    return Change(part.end, (work.write,), part.stopped)


def _concerned(
    view: Reckoning[Any], book: str, database: Database, part: Part, beside: Collection[str]
) -> dict[str, Recorded[Any]]:
    """The streams whose rows a part changes, each with the last event that has it so."""
    own = {each.stream: each for each in part.events if category_of(each.stream) in view.subjects}
    leant = {each.stream: each for each in part.events if each.stream not in beside and view.matters(each)}
    others: dict[str, Recorded[Any]] = {}
    if leant:
        last = max(leant.values(), key=lambda recorded: recorded.position)
        found = database.rows(view.statement(LEANING), {"book": book, "streams": list(leant)})
        others |= {stream: last for (stream,) in found}
    grown = [recorded for recorded in part.events if recorded.stream in beside]
    if grown:
        asked = {"book": book, "since": min(recorded.recorded_at for recorded in grown)}
        others |= {stream: grown[-1] for (stream,) in database.rows(view.statement(view.again), asked)}
    return others | own


class _Work(NamedTuple):
    """The subjects that a part concerns, each with the last event that has it so."""

    view: Reckoning[Any]
    ledger: Ledger
    part: Part
    concerned: Mapping[str, Recorded[Any]]
    standing: Mapping[str, Any]

    def write(self, connection: psycopg.Connection) -> None:
        """Replaces the rows about all of them. Raises: CannotTake."""
        waiting = iter(sorted(self.concerned))
        while chunk := list(islice(waiting, STREAMS_AT_ONCE)):
            for step in self._steps(chunk):
                step(connection)

    def _steps(self, streams: Sequence[str]) -> list[Step]:
        written = self._read(streams)
        read = {stream: _as_read(history) for stream, history in written.items()}
        leans = self._leans(read)
        rows: list[Any] = []
        for stream, history in written.items():
            others = {other: read[other] for other in leans.get(stream, ())}
            try:
                rows += self.view.rows(Subject(stream, read[stream], history, others, self.standing))
            except Exception as error:
                raise CannotTake(self._culprit(stream), error) from error
        book = self.ledger.book
        steps = [stated(self.view.statement(TAKE_AWAY), book=book, streams=list(written))]
        if leans:
            pairs = [(other, stream) for stream, others in leans.items() for other in others]
            ons, leaning = [other for other, _ in pairs], [stream for _, stream in pairs]
            steps.append(stated(self.view.statement(KEEP_LEANS), book=book, ons=ons, streams=leaning))
        return [*steps, *added(self.view, book, rows)]

    def _leans(self, read: dict[str, History]) -> dict[str, list[str]]:
        """What each subject leans on, directly or by another; the histories of all that are added to those read."""
        direct: dict[str, tuple[str, ...]] = {}
        wanted = list(read)
        leans = {stream: list[str]() for stream in wanted}
        while wanted:
            direct |= {stream: tuple(self.view.leans_on(read[stream])) for stream in wanted}
            wanted = sorted({other for stream in wanted for other in direct[stream]} - read.keys())
            read |= {stream: _as_read(history) for stream, history in self._read(wanted).items()}
        for stream, found in leans.items():
            named = list(direct[stream])
            while named:
                other = named.pop(0)
                if other != stream and other not in found:
                    found.append(other)
                    named += direct[other]
        return {stream: found for stream, found in leans.items() if found}

    def _read(self, streams: Collection[str]) -> dict[str, History]:
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
            last = max(self.concerned.values(), key=lambda recorded: recorded.position)
            raise CannotTake(last, error) from error
        return dict(histories)

    def _culprit(self, stream: str) -> Recorded[Any]:
        own = [recorded for recorded in self.part.events if recorded.stream == stream]
        return own[-1] if own else self.concerned[stream]


def _as_read(written: History) -> History:
    return tuple(applied(written))
