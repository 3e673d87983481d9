"""From the events of a part to the rows of a reckoning: worked out anew for every subject that the part concerns."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

import psycopg

from domain.correction import applied
from domain.envelope import Recorded
from domain.stream import category_of
from ledger.blind_index import BlindIndex
from ledger.database import Database
from ledger.errors import UnknownTopic, UnreadableEvent, WrongKey
from ledger.ledger import Ledger
from projections.cursor import Change
from projections.part import CannotTake, Part
from projections.reading import histories
from projections.reckoning import History, Reckoning, Subject
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
        rows: list[Any] = []
        leans: list[tuple[str, str]] = []
        blind = self.ledger.blind_index if self.view.opened else None
        for subject in subjects(self.view, streams, self._read, self.standing, blind):
            leans += [(other, subject.stream) for other in subject.others]
            try:
                rows += self.view.rows(subject)
            except Exception as error:
                raise CannotTake(self._culprit(subject.stream), error) from error
        book = self.ledger.book
        steps = [stated(self.view.statement(TAKE_AWAY), book=book, streams=list(streams))]
        if leans:
            ons, leaning = [other for other, _ in leans], [stream for _, stream in leans]
            steps.append(stated(self.view.statement(KEEP_LEANS), book=book, ons=ons, streams=leaning))
        return [*steps, *added(self.view, book, rows)]

    def _read(self, streams: Collection[str]) -> Mapping[str, History]:
        """Histories as they were written, up to the part's end. Raises: CannotTake."""
        try:
            return histories(self.ledger, streams, self.part.end, opened=self.view.opened)
        except (UnknownTopic, UnreadableEvent, WrongKey) as error:  # by this program, though another one has read it
            last = max(self.concerned.values(), key=lambda recorded: recorded.position)
            raise CannotTake(last, error) from error

    def _culprit(self, stream: str) -> Recorded[Any]:
        own = [recorded for recorded in self.part.events if recorded.stream == stream]
        return own[-1] if own else self.concerned[stream]


def subjects(
    view: Reckoning[Any],
    streams: Collection[str],
    read: Callable[[Collection[str]], Mapping[str, History]],
    standing: Mapping[str, Any],
    blind: BlindIndex | None = None,
) -> Iterator[Subject]:
    """What the rows about some subjects are worked out of; `read` gives back histories as they were written."""
    written = read(streams)
    known = {stream: _as_read(written[stream]) for stream in streams}
    direct: dict[str, tuple[str, ...]] = {}
    wanted: Collection[str] = streams
    while wanted:
        direct |= {stream: tuple(view.leans_on(known[stream])) for stream in wanted}
        wanted = sorted({other for stream in wanted for other in direct[stream]} - known.keys())
        known |= {
            stream: tuple(history) if category_of(stream) in view.as_written else _as_read(history)
            for stream, history in read(wanted).items()
        }
    for stream in streams:
        others = {other: known[other] for other in _reached(stream, direct)}
        yield Subject(stream, known[stream], written[stream], others, standing, blind)


def _reached(stream: str, direct: Mapping[str, Sequence[str]]) -> list[str]:
    """What a stream leans on, directly or by another."""
    found: list[str] = []
    named = list(direct[stream])
    while named:
        other = named.pop(0)
        if other != stream and other not in found:
            found.append(other)
            named += direct[other]
    return found


def _as_read(written: History) -> History:
    return tuple(applied(written))
