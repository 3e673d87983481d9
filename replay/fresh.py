"""The rows that a view's table is to hold at a position: made anew out of the book, by nothing that keeps the table.

Streams are read whole, each once, some hundreds at a time, so that memory stays what it is however long the book. A
view whose rows are touched by the streams of other subjects costs another reading of those, and one more of them for
each million of their events.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from domain.amendment import AMENDMENTS
from domain.correction import Reading, applied
from domain.deciders import decider_of
from domain.envelope import Recorded
from domain.stream import Category, category_of, stream_of, subject_of
from ledger.errors import LedgerError
from replay.reader import Beginning, Reader
from replay.touches import Part, Touches, touches
from replay.view import Entered, Folded, History, Keyed, Named, Reckoned, Worked
from replay.walk import Progress, Walk, nobody, some

TOUCHES_A_PASS = 1_000_000
"""So many touches of rows by other streams are held in memory at a time, in some 100 MB."""


class CannotFold(LedgerError):
    """A view's own functions fail over a history."""

    def __init__(self, view: Named, where: str, cause: Exception) -> None:
        super().__init__(
            f"The rows of {view.name} about {where} cannot be made anew: {type(cause).__name__}: {cause}. "
            "Nothing is told of the view, since rows would be missing."
        )


def fresh(
    book: Reader, view: Named, position: int, *, only: Collection[UUID] | None = None, told: Progress = nobody
) -> Iterator[Sequence[Any]]:
    """The rows of a view as its table is to have them at a position, some at a time, in no order.

    `only` names the subjects whose rows are wanted: keys of a projection, the subjects of streams in any other view.
    Raises: CannotFold, BookNotWhole, LedgerAway, UnknownTopic, UnreadableEvent, WrongKey.
    """
    match view:
        case Folded():
            return _folded(book, view, position, only, told)
        case Entered():
            return _entered(book, view, position, only, told)
        case Reckoned():
            return _reckoned(book, view, position, only, told)
        case _:
            raise TypeError(f"{view.name} has neither rows of its keys nor of its events nor of its subjects.")


def subjects(book: Reader, view: Named, position: int, told: Progress = nobody) -> Iterator[UUID]:
    """Every subject of which `fresh` may have rows, some of them more than once. Raises: as `fresh`."""
    walk = Walk(book, position, told)
    passes = _passes(walk, view) if isinstance(view, Folded) and view.touched_by else 0
    walk.legs = 1 + passes
    for begun in walk.beginnings(view.subjects if isinstance(view, Reckoned) else view.reads):
        yield from (subject_of(stream) for _, stream in begun)
    if isinstance(view, Folded):
        for place in range(passes):
            yield from touches(walk, view, Part(place, passes)).keys()


def _named(
    walk: Walk, kinds: Collection[Category], only: Collection[UUID], *, opened: bool = False
) -> Iterator[Mapping[str, History]]:
    """The histories that some subjects have, some at a time."""
    for keys in some(sorted(only)):
        found = walk.histories((stream_of(kind, key) for key in keys for kind in kinds), opened=opened)
        yield {stream: history for stream, history in found.items() if history}


# One row a subject ----------------------------------------------------------------------------------------------------


def _folded(
    book: Reader, view: Folded, position: int, only: Collection[UUID] | None, told: Progress
) -> Iterator[Sequence[Any]]:
    touched = bool(view.touched_by)
    if only is not None:
        walk = Walk(book, position, told)
        touching = touches(walk, view, Part(only=only)) if touched else Touches()
        for keys in some(sorted(only)):
            found = _histories(walk, view, keys, touching)
            yield _rows(view, found)
        return
    walk, own = Walk(book, position, told), view.reads - view.touched_by
    passes = _passes(walk, view)
    walk.legs = 2 * passes if touched else 1
    for place in range(passes):
        part = Part(place, passes)
        touching = touches(walk, view, part) if touched else Touches()
        for begun in walk.beginnings(own):
            here = [one for one in begun if subject_of(one.stream) in part]
            found = _histories(walk, view, (subject_of(stream) for _, stream in here), touching)
            for _, stream in here:
                walk.meet(stream, len(found[subject_of(stream)][stream]))
            yield _rows(view, {key: found[key] for key in _first_met(here, found, own)})
        for keys in some(touching.keys()):
            found = _histories(walk, view, keys, touching)
            yield _rows(view, {key: known for key, known in found.items() if _beginning(known, own) is None})
    walk.arrive(own)
    walk.arrive(view.touched_by, passes)


def _passes(walk: Walk, view: Folded) -> int:
    return 1 + walk.count(view.touched_by) // TOUCHES_A_PASS


def _histories(walk: Walk, view: Folded, keys: Iterable[UUID], touching: Touches) -> dict[UUID, Mapping[str, History]]:
    """All that may touch some rows: the streams of their own subjects, of any kind, and those of others."""
    streams = {key: [*(stream_of(kind, key) for kind in view.reads), *touching.of(key)] for key in keys}
    read = walk.histories({stream for of_key in streams.values() for stream in of_key})
    return {key: {stream: read[stream] for stream in of_key} for key, of_key in streams.items()}


def _first_met(
    here: Sequence[Beginning], found: Mapping[UUID, Mapping[str, History]], own: Collection[str]
) -> list[UUID]:
    """The subjects that are met here for the first time: two kinds of streams may be about one id."""
    places = {position for position, _ in here}
    return [key for key, known in found.items() if _beginning(known, own) in places]


def _beginning(known: Mapping[str, History], own: Collection[str]) -> int | None:
    begun = (history[0].position for stream, history in known.items() if history and category_of(stream) in own)
    return min(begun, default=None)


def _rows(view: Folded, found: Mapping[UUID, Mapping[str, History]]) -> list[Any]:
    rows: list[Any] = []
    for key, known in found.items():
        try:
            row = _row(view, key, known.values())
        except Exception as error:
            raise CannotFold(view, str(key), error) from error
        if row is not None:
            rows.append(row)
    return rows


def _row(view: Folded, key: UUID, histories: Iterable[History]) -> Any:
    """A row out of all that touches it, in the order of the book; None when there is nothing to show."""
    events = sorted((one for history in histories for one in history), key=lambda one: one.position)
    reading, row, context = Reading(events), None, Keyed(key)
    for recorded in events:
        if isinstance(recorded.event, AMENDMENTS):
            if row is not None and subject_of(recorded.stream) == key:
                row = view.noted(row, recorded)
        elif (read := reading.of(recorded)) is not None:
            for touched in view.keys(read):
                if touched == key:
                    row = view.fold(row, read, context)
                elif category_of(read.stream) not in view.touched_by:
                    raise ValueError(f"{read.stream} touches {touched}, which the view does not say of its kind")
    return row


# Rows of single events ------------------------------------------------------------------------------------------------


def _entered(
    book: Reader, view: Entered, position: int, only: Collection[UUID] | None, told: Progress
) -> Iterator[Sequence[Any]]:
    walk = Walk(book, position, told)
    if only is not None:
        for found in _named(walk, view.reads, only):
            yield _entries(view, found)
        return
    if view.as_written:
        yield from _in_order(walk, view)
        return
    for begun in walk.beginnings(view.reads):
        found = walk.histories(stream for _, stream in begun)
        for stream, history in found.items():
            walk.meet(stream, len(history))
        yield _entries(view, found)
    walk.arrive(view.reads)


def _in_order(walk: Walk, view: Entered) -> Iterator[Sequence[Any]]:
    """What no amendment changes needs no whole streams."""
    for page in walk.pages():
        yield _told(view, (one for one in page if category_of(one.stream) in view.reads))


def _entries(view: Entered, found: Mapping[str, History]) -> list[Any]:
    return [row for history in found.values() for row in _told(view, history if view.as_written else applied(history))]


def _told(view: Entered, events: Iterable[Recorded[Any]]) -> list[Any]:
    rows: list[Any] = []
    for recorded in events:
        try:
            rows += view.entries(recorded)
        except Exception as error:
            raise CannotFold(view, f"version {recorded.version} of {recorded.stream}", error) from error
    return rows


# Rows worked out of whole histories -----------------------------------------------------------------------------------


def _reckoned(
    book: Reader, view: Reckoned, position: int, only: Collection[UUID] | None, told: Progress
) -> Iterator[Sequence[Any]]:
    walk = Walk(book, position, told)
    standing = _standing(walk, view)
    if only is not None:
        for found in _named(walk, view.subjects, only, opened=view.opened):
            yield _worked_out(walk, view, found, standing)
        return
    for begun in walk.beginnings(view.subjects):
        found = walk.histories((stream for _, stream in begun), opened=view.opened)
        for stream, history in found.items():
            walk.meet(stream, len(history))
        yield _worked_out(walk, view, found, standing)
    walk.arrive(view.subjects)


def _standing(walk: Walk, view: Reckoned) -> dict[str, Any]:
    """The states of the streams that all rows lean on; nothing in them is ever amended."""
    states: dict[str, Any] = {}
    for stream, history in walk.histories(view.beside(walk.book.book)).items():
        decider = decider_of(stream)
        states[stream] = decider.initial
        for recorded in history:
            states[stream] = decider.evolve(states[stream], recorded)
    return states


def _worked_out(walk: Walk, view: Reckoned, written: Mapping[str, History], standing: Mapping[str, Any]) -> list[Any]:
    read = {stream: tuple(applied(history)) for stream, history in written.items()}
    leaning = _leaning(walk, view, read)
    blind = walk.book.blind_index if view.opened else None
    rows: list[Any] = []
    for stream, history in read.items():
        try:
            others = _reached(view, stream, history, leaning)
            rows += view.rows(Worked(stream, history, written[stream], others, standing, blind))
        except Exception as error:
            raise CannotFold(view, stream, error) from error
    return rows


def _leaning(walk: Walk, view: Reckoned, read: Mapping[str, History]) -> dict[str, History]:
    """The histories of all streams on which some others lean, directly or not."""
    known: dict[str, History] = {}
    wanted = {other for history in read.values() for other in view.leans_on(history)}
    while wanted:
        found = walk.histories(wanted, opened=view.opened)
        for stream, history in found.items():
            known[stream] = tuple(history if category_of(stream) in view.as_written else applied(history))
        wanted = {other for stream in found for other in view.leans_on(known[stream])} - known.keys()
    return known


def _reached(view: Reckoned, stream: str, history: History, leaning: Mapping[str, History]) -> dict[str, History]:
    """Of these, the ones on which a single stream leans."""
    found: dict[str, History] = {}
    named = list(view.leans_on(history))
    while named:
        other = named.pop(0)
        if other != stream and other not in found:
            found[other] = leaning[other]
            named += view.leans_on(found[other])
    return found
