"""Which objects an event has to do with, and as what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

from domain.book import stream_of_book
from domain.calendar import CalendarProposed, CalendarPublished
from domain.case.terms import PolicyReassigned, TermsAssigned
from domain.envelope import ActorKind, Recorded
from domain.event import Event
from domain.policy_events import PolicyProposed, PolicyPublished, PolicyWithdrawalRequested, PolicyWithdrawn
from domain.revealing import PersonalRevealed
from domain.staff import id_of_staff
from domain.stream import Category, category_of, stream_of
from domain.unit.events import UnitNameTaken, UnitOpened, id_of_unit, stream_of_unit
from replay.as_of import AsOf, past_stream
from replay.export.declared import Field, Kind, fields_of
from replay.reader import Reader

MOST_NAMES = 10_000
"""So many names of staff are kept with their ids, which every event asks for."""
ABOUT, ACTOR = "about", "actor"
OF_STREAM: Mapping[str, Kind] = MappingProxyType(
    {
        Category.CASE: Kind.CASE,
        Category.CUSTOMER: Kind.CUSTOMER,
        Category.TOUCHPOINT: Kind.TOUCHPOINT,
        Category.OBLIGATION: Kind.OBLIGATION,
        Category.UNIT: Kind.UNIT,
        Category.STAFF: Kind.STAFF,
        Category.IMPORT: Kind.IMPORT,
    }
)
"""The streams that are objects of their own. What stands in any other is about the book, or about what it names."""

UNITS = frozenset({"unit", "from_unit", "to_unit"})
"""The fields in which an event names a unit."""
STAFF = frozenset(
    {
        "approved_by",
        "by",
        "decided_by",
        "declined_by",
        "handler",
        "manager",
        "owner",
        "received_by",
        "registered_by",
        "requested_by",
        "resolved_by",
        "staff",
        "to_staff",
    }
)
"""The fields in which an event names a member of staff."""
IDS: Mapping[str, Category] = MappingProxyType(
    {
        "customer_id": Category.CUSTOMER,
        "case_id": Category.CASE,
        "touchpoint_id": Category.TOUCHPOINT,
        "unit_id": Category.UNIT,
        "parent": Category.UNIT,
        "supervisor": Category.UNIT,
    }
)
"""The fields in which an event holds the id of something else."""
INTO = "into"
"""The field that holds the id of another one of the same kind."""


class Thing(NamedTuple):
    """An object, and what it is called where nothing else tells."""

    kind: Kind
    id: str
    name: str | None = None


class Units:
    """Which unit is meant by a name, by a position of a book."""

    def __init__(self, book: Reader, as_of: AsOf) -> None:
        self._book = book
        self._as_of = as_of
        self._known: dict[str, str] = {}
        """The streams of the units that were named; a company has so many."""

    def look_up(self, names: Iterable[str]) -> None:
        """Reads who goes by some names, all together."""
        wanted = {stream_of_unit(id_of_unit(name)): name for name in names if name not in self._known}
        if not wanted:
            return
        for stream, history in self._book.histories(wanted, self._as_of.position).items():
            found = stream
            for recorded in past_stream(history, self._as_of).read():
                if isinstance(recorded.event, UnitOpened):
                    found = stream
                    break
                if isinstance(recorded.event, UnitNameTaken):
                    found = stream_of_unit(recorded.event.unit_id)
            self._known[wanted[stream]] = found
        self._book.forget_unread()  # each is told of in its place among the events

    def named(self, name: str) -> Thing:
        """The unit that was opened under a name, or took it."""
        if name not in self._known:
            self.look_up([name])
        return Thing(Kind.UNIT, self._known[name], name)


@lru_cache(maxsize=MOST_NAMES)
def staff_named(name: str) -> Thing:
    """The member of staff who works under a name."""
    return Thing(Kind.STAFF, stream_of(Category.STAFF, id_of_staff(name)), name)


def thing_of(category: Category, subject: UUID) -> Thing:
    """What has a stream of its own."""
    return Thing(OF_STREAM[category], stream_of(category, subject))


def book_itself(book: str) -> Thing:
    """The book as an object."""
    return Thing(Kind.BOOK, stream_of_book(book), book)


def document(kind: Kind, book: str, name: str) -> Thing:
    """A policy or a calendar of a book, by its name."""
    return Thing(kind, f"{kind}-{book}/{name}", name)


def related(recorded: Recorded[Any], units: Units) -> dict[Thing, str]:
    """The objects of an event, each once, with the first of the parts that it has in it; never none.

    What the event is about comes first, then whom and what it names, in the order of its fields, then who acted.
    """
    found: dict[Thing, str] = {}
    ids: set[str] = set()

    def add(thing: Thing, part: str) -> None:
        if thing.id not in ids:
            ids.add(thing.id)
            found[thing] = part

    add(_about(recorded), ABOUT)
    event: Event = recorded.event
    for name, part in _naming(type(event)):
        value = getattr(event, name)
        if value is None:
            continue
        if name in UNITS:
            add(units.named(value), part)
        elif name in STAFF:
            add(staff_named(value), part)
        else:
            add(thing_of(IDS.get(name) or Category(category_of(recorded.stream)), value), part)
    if isinstance(event, TermsAssigned | PolicyReassigned):
        for terms in event.terms:
            add(document(Kind.POLICY, recorded.book, terms.policy), "policy")
    elif isinstance(event, PersonalRevealed):
        for value in event.values:
            add(of_stream(value.stream, recorded.book), "revealed")
    actor = recorded.metadata.actor
    if actor.kind is ActorKind.PERSON:
        add(staff_named(actor.name), ACTOR)
    return found


def of_stream(stream: str, book: str) -> Thing:
    """The object whose events a stream holds."""
    kind = OF_STREAM.get(category_of(stream))
    return book_itself(book) if kind is None else Thing(kind, stream)


def units_named(events: Iterable[Event]) -> Iterator[str]:
    """The names of units in some events, to be looked up together."""
    for event in events:
        for name, _ in _naming(type(event)):
            if name in UNITS and (value := getattr(event, name)) is not None:
                yield value


def _about(recorded: Recorded[Any]) -> Thing:
    event, book = recorded.event, recorded.book
    match event:
        case UnitNameTaken():
            return thing_of(Category.UNIT, event.unit_id)
        case PolicyProposed():
            return document(Kind.POLICY, book, event.document.name)
        case PolicyPublished() | PolicyWithdrawalRequested() | PolicyWithdrawn():
            return document(Kind.POLICY, book, event.name)
        case CalendarProposed():
            return document(Kind.CALENDAR, book, event.document.name)
        case CalendarPublished():
            return document(Kind.CALENDAR, book, event.name)
        case _:
            return of_stream(recorded.stream, book)


@cache
def _naming(event: type[Event]) -> tuple[tuple[str, str], ...]:
    """The fields of an event that name an object, each with the part in which it stands."""
    return tuple((field.name, field.name.removesuffix("_id")) for field in fields_of(event) if _names(field))


def _names(field: Field) -> bool:
    """Whether a field holds somebody's name, or an id; an alarm that stands in `by` is neither."""
    if field.core is UUID:
        return field.name in IDS or field.name == INTO
    return field.core is str and field.name in UNITS | STAFF
