"""An export: the events of a book that are meant, in their order, and then the objects that they have to do with.

Whatever the size of the book, some thousand events are in memory at a time: what has been come across is kept by
`replay.export.found`, and written events are not kept at all. The same book, as of the same position and with the same
selection, gives the same rows in the same order, whoever asks and wherever.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple, Protocol

from domain.customer import CustomerAbsorbed
from domain.stream import Category, stream_of
from domain.unit.events import stream_of_unit
from domain.unit.life import UNIT
from ledger.opening import Unread
from replay.as_of import AsOf, past_stream
from replay.export.declared import SKIPPED, Kind
from replay.export.event_row import EventRow, event_row, skipped_row
from replay.export.found import Found
from replay.export.object_row import OBJECTS_AT_ONCE, ObjectRow, object_rows
from replay.export.related import Thing, Units, related, units_named
from replay.export.selection import EVERYTHING, Asked, Batch, Selection, batches, matches
from replay.reader import Reader

MOST_NAMED = 20
"""So many of the events that were left out are told one by one; the others are counted."""


class Stage(NamedTuple):
    """How far an export is. Of looking and of events it is a position of the book, of objects their number."""

    name: str
    done: int
    of: int


class Sink(Protocol):
    """What takes the rows: events first, then objects."""

    def event(self, row: EventRow) -> None:
        """One event more."""

    def thing(self, row: ObjectRow) -> None:
        """One object more."""

    def end(self) -> None:
        """There is no more."""


@dataclass(slots=True)
class Counts:
    """What went into an export, by type and by the parts that objects have in it."""

    events: Counter[str] = field(default_factory=Counter)
    objects: Counter[str] = field(default_factory=Counter)
    event_to_object: Counter[str] = field(default_factory=Counter)
    object_to_object: Counter[str] = field(default_factory=Counter)
    changes: int = 0
    """Values of attributes of objects."""
    named: list[Unread] = field(default_factory=list)
    """The first of those that were left out."""

    @property
    def skipped(self) -> int:
        """How many events were left out, since this program cannot read them; each has a mark in its place."""
        return self.events[SKIPPED]


def export(
    book: Reader,
    asked: Asked,
    sink: Sink,
    selection: Selection = EVERYTHING,
    told: Callable[[Stage], None] | None = None,
) -> Counts:
    """Hands the rows over, and gives back what they were.

    Raises: LedgerAway, OSError; UnknownTopic and UnreadableEvent, unless the reader leaves these out.
    """
    counts, units, told = Counts(), Units(book, asked.as_of), told or _nobody
    with Found() as found:
        for batch in _meant(book, asked, selection, found, units, told):
            things: dict[Thing, None] = {}
            for row in _event_rows(batch, book.book, units):
                sink.event(row)
                counts.events[row.type] += 1
                counts.event_to_object.update(row.things.values())
                things |= dict.fromkeys(row.things)
            for untold in batch.untold[: MOST_NAMED - len(counts.named)]:
                counts.named.append(untold.unread)
            found.add(things)
        for thing in _object_rows(book, asked, found, units, told):
            sink.thing(thing)
            counts.objects[thing.thing.kind.value] += 1
            counts.object_to_object.update(part for _, part in thing.relations)
            counts.changes += len(thing.changes)
    sink.end()
    return counts


def _nobody(stage: Stage) -> None:
    """Watches nothing."""
    del stage


def _meant(
    book: Reader, asked: Asked, selection: Selection, found: Found, units: Units, told: Callable[[Stage], None]
) -> Iterator[Batch]:
    """The events that are meant, once it is known which streams have to do with what was asked about."""
    upto = asked.as_of.position
    grounds = list(_grounds(book, asked.as_of, selection))
    if grounds:
        for batch in batches(book, asked, selection.cases):
            units.look_up(units_named(one.recorded.event for one in batch.told))
            for ground, ids in grounds:
                found.choose(ground, {*_naming(batch, ids, units)})
            told(Stage("looking", batch.position, upto))
    chosen = partial(_chosen, found, [ground for ground, _ in grounds])
    for batch in batches(book, asked, selection.cases):
        yield matches(batch, selection, chosen)
        told(Stage("events", batch.position, upto))


def _chosen(found: Found, grounds: Iterable[str], streams: Collection[str]) -> Collection[str]:
    for ground in grounds:
        streams = found.chosen(ground, streams)
    return streams


def _grounds(book: Reader, as_of: AsOf, selection: Selection) -> Iterator[tuple[str, Collection[str]]]:
    """What streams are chosen by: naming one of some objects."""
    if selection.customer is not None:
        yield "customer", _with_absorbed(book, selection.customer, as_of)
    if selection.unit is not None:
        yield "unit", _with_below(book, selection.unit, as_of)


def _naming(batch: Batch, ids: Collection[str], units: Units) -> Iterator[str]:
    """The streams in which something names one of some objects, or is about it."""
    for one in batch.told:
        if one.recorded.stream in ids or any(thing.id in ids for thing in related(one.recorded, units)):
            yield one.recorded.stream
    for untold in batch.untold:
        if untold.unread.stream in ids:
            yield untold.unread.stream


def _with_absorbed(book: Reader, customer: str, as_of: AsOf) -> Collection[str]:
    """A customer's stream and those of whoever proved to be the same."""
    found: dict[str, None] = {}
    waiting = [customer]
    while waiting:
        stream = waiting.pop()
        found[stream] = None
        for recorded in past_stream(book.histories([stream], as_of.position)[stream], as_of).read():
            event = recorded.event
            if isinstance(event, CustomerAbsorbed):
                other = stream_of(Category.CUSTOMER, event.customer_id)
                waiting += [] if other in found else [other]
    book.forget_unread()
    return found


def _with_below(book: Reader, unit: str, as_of: AsOf) -> Collection[str]:
    """A unit's stream and those of the units that stand below it as of then."""
    found: dict[str, None] = {unit: None}
    above = [unit]
    while above:
        joined = {stream_of_unit(each) for stream in above for each in _unit(book, stream, as_of, "joined")}
        above = []
        for stream in sorted(joined - found.keys()):
            if any(stream_of_unit(parent) in found for parent in _unit(book, stream, as_of, "parent")):
                above.append(stream)
        found |= dict.fromkeys(above)
    book.forget_unread()
    return found


def _unit(book: Reader, stream: str, as_of: AsOf, what: str) -> Collection[Any]:
    state = UNIT.initial
    for recorded in past_stream(book.histories([stream], as_of.position)[stream], as_of).read():
        state = UNIT.evolve(state, recorded)
    if state is None:
        return ()
    return state.joined if what == "joined" else () if state.parent is None else (state.parent,)


def _event_rows(batch: Batch, book: str, units: Units) -> Iterator[EventRow]:
    """The rows of a batch in the order of the book, with marks where something could not be read."""
    units.look_up(units_named(one.recorded.event for one in batch.told))
    rows = [(one.recorded.position, event_row(one, units)) for one in batch.told]
    rows += [(one.unread.position, skipped_row(one, book)) for one in batch.untold]
    return (row for _, row in sorted(rows, key=lambda placed: placed[0]))


def _object_rows(
    book: Reader, asked: Asked, found: Found, units: Units, told: Callable[[Stage], None]
) -> Iterator[ObjectRow]:
    """The objects that were come across, by kind and id. Relations lead to such only: a file names nothing that is not
    in it."""
    done, of = 0, found.count()
    for kind in Kind:
        for things in found.pages(kind, OBJECTS_AT_ONCE):
            rows = list(object_rows(book, things, asked, units))
            others = {other for row in rows for other, _ in row.relations}
            there = {
                each: found.known(each, {other.id for other in others if other.kind is each})
                for each in {other.kind for other in others}
            }
            for row in rows:
                yield row._replace(relations=tuple(one for one in row.relations if one[0].id in there[one[0].kind]))
            done += len(things)
            told(Stage("objects", done, of))
