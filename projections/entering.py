"""From the events of a part to the rows of a journal: added, or made again where history is read otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from domain.amendment import AMENDMENTS
from domain.correction import Reading
from domain.envelope import Recorded
from ledger.errors import UnknownTopic, UnreadableEvent
from ledger.ledger import Ledger
from projections.cursor import Change
from projections.journal import Journal
from projections.part import CannotTake, Part, stopped_at
from projections.reading import through
from projections.writing import Step, added, stated

# Leans on the index (book, stream).
TAKE_AWAY = "DELETE FROM {table} WHERE book = %(book)s AND stream = ANY(%(streams)s)"


def entered(journal: Journal[Any], ledger: Ledger, part: Part) -> Change:
    """What a part adds, up to the first event that the journal cannot take."""
    while True:
        try:
            return _entered(journal, ledger, part)
        except CannotTake as met:
            part = part.until(stopped_at(journal, met.recorded, met.cause))


def _entered(journal: Journal[Any], ledger: Ledger, part: Part) -> Change:
    """Raises: CannotTake."""
    if journal.as_written:
        return Change(part.end, added(journal, ledger.book, _rows(journal, part.events)), part.stopped)
    amended = part.amended()
    told = (one for one in part.events if one.stream not in amended and not isinstance(one.event, AMENDMENTS))
    rows = _rows(journal, told)
    steps: list[Step] = []
    if amended:
        steps.append(stated(journal.statement(TAKE_AWAY), book=ledger.book, streams=list(amended)))
        rows += _made_again(journal, ledger, part, amended)
    return Change(part.end, [*steps, *added(journal, ledger.book, rows)], part.stopped)


def _rows(journal: Journal[Any], events: Iterable[Recorded[Any]]) -> list[Any]:
    rows: list[Any] = []
    for recorded in events:
        try:
            rows += journal.entries(recorded)
        except Exception as error:
            raise CannotTake(recorded, error) from error
    return rows


def _made_again(journal: Journal[Any], ledger: Ledger, part: Part, amended: dict[str, Recorded[Any]]) -> list[Any]:
    """The rows of amended streams from their beginning, as they are read after the part. Raises: CannotTake."""

    def make(events: Iterator[Recorded[Any]]) -> list[Any]:
        history = list(events)
        reading = Reading(history)
        rows: list[Any] = []
        for recorded in history:
            read = reading.of(recorded)
            try:
                rows += () if read is None else journal.entries(read)
            except Exception as error:
                raise CannotTake(part.culprit(recorded, amended[recorded.stream]), error) from error
        return rows

    try:
        return through(ledger, amended, part.end, make)
    except (UnknownTopic, UnreadableEvent) as error:  # by this program, though another one has read it before
        last = max(amended.values(), key=lambda recorded: recorded.position)
        raise CannotTake(last, error) from error
