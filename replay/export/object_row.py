"""An object as one row of an export: what is known of it from when on, and how it stands to other objects."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from domain.amendment import AMENDMENTS
from domain.book import Book
from domain.calendar import CalendarPublished, stream_of_calendars
from domain.case.state import Case
from domain.customer import Customer
from domain.deciders import DECIDERS
from domain.envelope import Recorded
from domain.event import rfc3339
from domain.imports import Import
from domain.obligation import Obligation
from domain.policy import stream_of_policies
from domain.policy_events import PolicyPublished
from domain.staff import Staff
from domain.stream import Category, category_of
from domain.touchpoint import Touchpoint
from domain.unit.life import Unit
from replay.as_of import past_stream
from replay.export.declared import Kind, Value
from replay.export.event_row import plain, state_of
from replay.export.related import Thing, Units, staff_named, thing_of
from replay.export.selection import Asked
from replay.reader import Reader

OBJECTS_AT_ONCE = 200
"""So many objects with their histories are held in memory at a time."""
ALWAYS = "1970-01-01T00:00:00.000000Z"
"""The time of what has no time, as OCEL 2.0 has it."""

Facts: TypeAlias = Mapping[str, Value | None]
Relation: TypeAlias = tuple[Thing, str]
"""Another object, and what it is to this one."""


class Change(NamedTuple):
    """What an attribute of an object is from some time on; an empty text says that it is nothing any more."""

    name: str
    time: str
    value: Value


class ObjectRow(NamedTuple):
    """An object."""

    thing: Thing
    changes: tuple[Change, ...]
    """By time, at most one of an attribute at a time."""
    relations: tuple[Relation, ...]
    """As they stand as of the export; OCEL gives them no time."""


def object_rows(book: Reader, things: Sequence[Thing], asked: Asked, units: Units) -> Iterator[ObjectRow]:
    """The rows of some objects of one kind, in their order. Raises: LedgerAway, UnknownTopic, UnreadableEvent."""
    if not things:
        return
    if things[0].kind in {Kind.POLICY, Kind.CALENDAR}:
        yield from _documents(book, things, asked)
        return
    histories = book.histories([thing.id for thing in things], asked.as_of.position)
    book.forget_unread()  # each was told of in its place among the events
    read = {stream: list(_read(history, asked)) for stream, history in histories.items()}
    for thing in things:
        yield _row(thing, read[thing.id], units)


def _read(history: Iterable[Recorded[Any]], asked: Asked) -> Iterator[Recorded[Any]]:
    past = past_stream(history, asked.as_of)
    if not asked.as_written:
        return past.read()
    known = (one for one in history if asked.as_of.knows(one) and one.occurred_at <= asked.as_of.valid_at)
    return (one for one in known if not isinstance(one.event, AMENDMENTS))


def _row(thing: Thing, history: Iterable[Recorded[Any]], units: Units) -> ObjectRow:
    facts_of, relations_of = OF_CATEGORY[Category(category_of(thing.id))]
    evolve = DECIDERS[Category(category_of(thing.id))].evolve
    course = Course()
    state: Any = None
    number: str | None = None
    if thing.kind is Kind.BOOK:
        course.stand(ALWAYS, {"name": thing.name})
    for recorded in history:
        state = evolve(state, recorded)
        if number is None and recorded.register is not None:
            number = str(recorded.register)
        if state is not None:
            course.stand(rfc3339(recorded.occurred_at), {"number": number, **facts_of(state)})
    if state is None:
        named = () if thing.name is None else (Change("name", ALWAYS, thing.name),)
        return ObjectRow(thing, named, ())
    return ObjectRow(thing, course.changes(), tuple(dict.fromkeys(relations_of(state, units))))


class Course:
    """How the attributes of an object changed, in the order of its stream.

    A change stands at the time of its event, or at that of the change before it when that is later: what was recorded
    late counts from where it stands in the stream, and so the last value is the one that holds.
    """

    def __init__(self) -> None:
        self._at = ""
        self._now: dict[str, Value] = {}
        self._changes: dict[tuple[str, str], Change] = {}

    def stand(self, time: str, facts: Facts) -> None:
        """Notes how things stand after an event."""
        self._at = max(self._at, time)
        for name, told in facts.items():
            before = self._now.get(name)
            value = told if told is not None else None if before is None else ""
            if value is None or value == before:
                continue
            self._now[name] = value
            self._changes[name, self._at] = Change(name, self._at, value)

    def changes(self) -> tuple[Change, ...]:
        """All of them, by time and then by name."""
        return tuple(sorted(self._changes.values(), key=lambda change: (change.time, change.name)))


def _documents(book: Reader, things: Sequence[Thing], asked: Asked) -> Iterator[ObjectRow]:
    """Policies or calendars, all of which have one stream."""
    stream = (stream_of_policies if things[0].kind is Kind.POLICY else stream_of_calendars)(book.book)
    history = book.histories([stream], asked.as_of.position)[stream]
    read = [one for one in _read(history, asked) if isinstance(one.event, PolicyPublished | CalendarPublished)]
    for thing in things:
        course = Course()
        for recorded in read:
            if recorded.event.name == thing.name:
                course.stand(rfc3339(recorded.occurred_at), {"version": recorded.event.version})
        yield ObjectRow(thing, (Change("name", ALWAYS, thing.name or thing.id), *course.changes()), ())


# What is told of each kind --------------------------------------------------------------------------------------------


def _text(value: Any) -> Value | None:
    return None if value is None else plain(value)


def _case(case: Case) -> Facts:
    classified, priority, resolution = case.classification, case.priority, case.resolution
    return {
        "source_key": case.receipt.source_key,
        "kind": case.kind.value,
        "channel": case.channel.value,
        "status": case.status.value,
        "unit": case.unit,
        "handler": case.handler,
        "category": classified.category if classified else None,
        "subcategory": classified.subcategory if classified else None,
        "symptom": classified.symptom if classified else None,
        "priority": priority.priority.value if priority else None,
        "impact": _text(priority.impact) if priority else None,
        "urgency": _text(priority.urgency) if priority else None,
        "outcome": resolution.outcome.value if resolution else None,
        "resolution_code": resolution.code if resolution else None,
    }


def _of_case(case: Case, units: Units) -> Iterator[Relation]:
    if case.customer_id is not None:
        yield thing_of(Category.CUSTOMER, case.customer_id), "customer"
    if case.receipt.touchpoint_id is not None:
        yield thing_of(Category.TOUCHPOINT, case.receipt.touchpoint_id), "received-at"
    if case.unit is not None:
        yield units.named(case.unit), "unit"
    if case.handler is not None:
        yield staff_named(case.handler), "handler"
    relations = case.rare.relations
    if relations.merged_into is not None:
        yield thing_of(Category.CASE, relations.merged_into), "merged-into"
    for other in relations.absorbed:
        yield thing_of(Category.CASE, other), "absorbed"
    for link in sorted(relations.links):
        yield thing_of(Category.CASE, link.case_id), link.relation.value


def _customer(customer: Customer) -> Facts:
    return {
        "kind": customer.registration.kind.value,
        "name": None if customer.name is None else state_of(customer.name),
        "source_key": customer.registration.source_key,
        "language": customer.language,
        "tier": customer.tier.tier.value if customer.tier else None,
        "manager": customer.account.manager,
    }


def _of_customer(customer: Customer, units: Units) -> Iterator[Relation]:
    del units
    if customer.merged_into is not None:
        yield thing_of(Category.CUSTOMER, customer.merged_into), "merged-into"
    if customer.account.manager is not None:
        yield staff_named(customer.account.manager), "manager"


def _touchpoint(touchpoint: Touchpoint) -> Facts:
    record = touchpoint.record
    return {"channel": record.channel.value, "direction": record.direction.value, "medium": record.medium_id}


def _of_touchpoint(touchpoint: Touchpoint, units: Units) -> Iterator[Relation]:
    record = touchpoint.record
    if record.customer_id is not None:
        yield thing_of(Category.CUSTOMER, record.customer_id), "customer"
    if record.case_id is not None:
        yield thing_of(Category.CASE, record.case_id), "case"
    if record.unit is not None:
        yield units.named(record.unit), "unit"
    if record.staff is not None:
        yield staff_named(record.staff), "staff"


def _obligation(obligation: Obligation) -> Facts:
    ends = (
        ("cancelled", obligation.cancelling),
        ("verified", obligation.verification),
        ("met", obligation.meeting),
    )
    return {
        "kind": obligation.opening.kind.value,
        "title": obligation.opening.title,
        "status": next((status for status, end in ends if end is not None), "open"),
        "unit": obligation.unit,
        "owner": obligation.owner,
        "due_at": _text(obligation.opening.due_at),
    }


def _of_obligation(obligation: Obligation, units: Units) -> Iterator[Relation]:
    if obligation.opening.case_id is not None:
        yield thing_of(Category.CASE, obligation.opening.case_id), "case"
    if obligation.unit is not None:
        yield units.named(obligation.unit), "unit"
    if obligation.owner is not None:
        yield staff_named(obligation.owner), "owner"


def _unit(unit: Unit) -> Facts:
    return {"name": unit.name, "kind": unit.opening.kind.value, "open": unit.closing is None, "hours": unit.hours}


def _of_unit(unit: Unit, units: Units) -> Iterator[Relation]:
    del units
    if unit.parent is not None:
        yield thing_of(Category.UNIT, unit.parent), "parent"
    for supervisor in sorted(unit.supervisions):
        yield thing_of(Category.UNIT, supervisor), "supervisor"


def _staff(staff: Staff) -> Facts:
    return {
        "name": staff.registration.name,
        "unit": staff.unit,
        "post": staff.post,
        "grade": staff.grade.grade if staff.grade else None,
        "here": staff.leaving is None,
    }


def _of_staff(staff: Staff, units: Units) -> Iterator[Relation]:
    if staff.unit is not None:
        yield units.named(staff.unit), "unit"


def _import(running: Import) -> Facts:
    start, finish = running.start, running.finish
    told: dict[str, Value | None] = {"file_name": start.file_name, "mapping": start.mapping}
    if finish is not None:
        figures = ("rows", "unchanged", "rejected", "cases", "events")
        told |= {name: getattr(finish, name) for name in figures}
    return told


def _book(book: Book) -> Facts:
    genesis = book.genesis
    return {"origin": genesis.origin, "zone": genesis.zone, "time": genesis.time.value}


def _of_nothing(state: Any, units: Units) -> Iterator[Relation]:
    del state, units
    yield from ()


OF_CATEGORY: Mapping[Category, tuple[Callable[[Any], Facts], Callable[[Any, Units], Iterator[Relation]]]] = (
    MappingProxyType(
        {
            Category.CASE: (_case, _of_case),
            Category.CUSTOMER: (_customer, _of_customer),
            Category.TOUCHPOINT: (_touchpoint, _of_touchpoint),
            Category.OBLIGATION: (_obligation, _of_obligation),
            Category.UNIT: (_unit, _of_unit),
            Category.STAFF: (_staff, _of_staff),
            Category.IMPORT: (_import, _of_nothing),
            Category.BOOK: (_book, _of_nothing),
        }
    )
)
