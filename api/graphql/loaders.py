"""Loaders: what many fields of one answer need is read once, in one statement a kind."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from strawberry.dataloader import DataLoader

from api.access.reaching import customers_within
from api.graphql.door import Door
from domain.correction import Reading
from domain.envelope import Recorded
from domain.event import Event
from domain.personal import Personal
from domain.stream import Category
from ledger.ledger import PersonalPlace
from projections import (
    case_file,
    clock_course,
    customer_cases,
    customer_profile,
    customer_timeline,
    deadlines,
    movement,
    obligation,
    staff,
    unit,
)
from projections.audit_trail import AuditEntry, pages_about
from projections.before_and_after import FieldChange, changes
from projections.case_file import CaseFile
from projections.clock_course import ClockCourse, Wanted
from projections.customer_profile import CaseCounts, CustomerProfile
from projections.movement import Movement
from projections.obligation import ObligationView
from projections.paging import Page, Window
from projections.reach import Reach
from projections.sla_row import SlaTimer
from projections.staff import StaffView
from projections.timeline import TimelineEntry, TimelineFilter
from projections.unit import Tree, UnitView

K = TypeVar("K")
T = TypeVar("T")


class CasesOf(NamedTuple):
    """A page of one customer's cases."""

    customer_id: UUID
    window: Window


class TimelineOf(NamedTuple):
    """A page of one customer's timeline."""

    customer_id: UUID
    window: Window
    where: TimelineFilter


class MovementsOf(NamedTuple):
    """A page of one case's movements."""

    case_id: UUID
    window: Window


class AuditOf(NamedTuple):
    """A page of what is about one subject."""

    category: Category
    subject: UUID
    window: Window


Place = tuple[str, int]
"""A stream and a version in it."""


class Loaders:
    """One request's loaders; what they have read once they show until the request is over, or writes.

    What lies beyond the asker's reach they do not find. Histories, personal values, timers and courses are asked for by
    what was found before.
    """

    def __init__(self, door: Door, reach: Callable[[], Awaitable[Reach]]) -> None:
        ledger, database, book = door.ledger, door.ledger.database, door.book
        self.cases: DataLoader[UUID, CaseFile | None] = _within(door, reach, partial(_cases, door))
        self.customers: DataLoader[UUID, CustomerProfile | None] = _within(door, reach, partial(_customers, door))
        self.case_counts: DataLoader[UUID, CaseCounts | None] = _within(
            door, reach, lambda within, ids: customer_profile.case_counts(database, book, ids, within)
        )
        self.cases_of: DataLoader[CasesOf, Page[CaseFile] | None] = _within(door, reach, partial(_cases_of, door))
        self.timelines: DataLoader[TimelineOf, Page[TimelineEntry] | None] = _within(
            door, reach, partial(_timelines_of, door)
        )
        self.movements_of: DataLoader[MovementsOf, Page[Movement] | None] = _by_key(
            door, lambda wanted: _movements_of(door, wanted)
        )
        self.units: DataLoader[UUID, UnitView | None] = _by_key(door, lambda ids: unit.by_ids(database, book, ids))
        self.units_below: DataLoader[UUID, Sequence[UnitView] | None] = _by_key(
            door, lambda ids: unit.below(database, book, ids)
        )
        self.trees: DataLoader[datetime, Tree | None] = _by_key(door, lambda instants: _trees(door, instants))
        self.staff: DataLoader[UUID, StaffView | None] = _within(door, reach, partial(_staff, door))
        self.obligations: DataLoader[UUID, ObligationView | None] = _within(door, reach, partial(_obligations, door))
        self.timers: DataLoader[str, Sequence[SlaTimer] | None] = _by_key(
            door, lambda streams: deadlines.of_streams(database, book, streams)
        )
        self.courses: DataLoader[Wanted, ClockCourse | None] = _by_key(
            door, lambda wanted: clock_course.courses(ledger, wanted)
        )
        self.presents: DataLoader[str, datetime] = _presents(door)
        self.personal: DataLoader[PersonalPlace, Personal[Any] | None] = _by_key(door, ledger.disclose)
        self.histories: DataLoader[str, Sequence[Recorded[Event]] | None] = _by_key(door, ledger.histories)
        self.audit_of: DataLoader[AuditOf, Page[AuditEntry] | None] = _by_key(
            door, lambda wanted: _audit_of(door, wanted)
        )
        self.changes: DataLoader[Place, tuple[FieldChange, ...] | None] = _by_key(
            door, lambda places: _changes(door, places)
        )
        self._readings: dict[str, Reading] = {}

    def reading(self, stream: str, history: Sequence[Recorded[Event]]) -> Reading:
        """How a stream's events are read by now, worked out once for all of them that are shown."""
        if stream not in self._readings:
            self._readings[stream] = Reading(history)
        return self._readings[stream]


def _by_key(door: Door, read: Callable[[list[K]], Mapping[K, T]]) -> DataLoader[K, T | None]:
    """A loader over a reader that gives back what it found by key."""

    async def load(keys: list[K]) -> list[T | None]:
        found = await door.off_loop(read, keys)
        return [found.get(key) for key in keys]

    return DataLoader(load_fn=load)


def _within(
    door: Door, reach: Callable[[], Awaitable[Reach]], read: Callable[[Reach, list[K]], Mapping[K, T]]
) -> DataLoader[K, T | None]:
    """The same over a reader that is told how far the asker reaches."""

    async def load(keys: list[K]) -> list[T | None]:
        found = await door.off_loop(read, await reach(), keys)
        return [found.get(key) for key in keys]

    return DataLoader(load_fn=load)


def _cases(door: Door, reach: Reach, ids: Sequence[UUID]) -> dict[UUID, CaseFile]:
    found = case_file.by_ids(door.ledger.database, door.book, ids)
    return {case_id: file for case_id, file in found.items() if reach.holds(file)}


def _customers(door: Door, reach: Reach, ids: Sequence[UUID]) -> dict[UUID, CustomerProfile]:
    found = customers_within(door.ledger, reach, ids)
    return {customer_id: profile for customer_id, profile in found.items() if profile is not None}


def _staff(door: Door, reach: Reach, ids: Sequence[UUID]) -> dict[UUID, StaffView]:
    found = staff.by_ids(door.ledger.database, door.book, ids)
    return {staff_id: view for staff_id, view in found.items() if reach.holds_unit(view.unit)}


def _obligations(door: Door, reach: Reach, ids: Sequence[UUID]) -> dict[UUID, ObligationView]:
    """What is owed for a case that lies within reach lies there with it, whichever unit owes it."""
    found = obligation.by_ids(door.ledger.database, door.book, ids)
    elsewhere = {view.case_id for view in found.values() if view.case_id and not reach.holds_unit(view.unit)}
    cases = _cases(door, reach, list(elsewhere)) if elsewhere else {}
    return {each: view for each, view in found.items() if reach.holds_unit(view.unit) or view.case_id in cases}


def _presents(door: Door) -> DataLoader[str, datetime]:
    """A loader of what time it is in the book of a door: once, for all that is shown together."""

    async def load(books: list[str]) -> list[datetime]:
        now = await door.off_loop(door.now)
        return [now for _ in books]

    return DataLoader(load_fn=load)


def _cases_of(door: Door, reach: Reach, wanted: Sequence[CasesOf]) -> dict[CasesOf, Page[CaseFile]]:
    """The pages, in one statement for each window, of which a document has few."""
    found: dict[CasesOf, Page[CaseFile]] = {}
    for window in dict.fromkeys(each.window for each in wanted):
        ids = [each.customer_id for each in wanted if each.window == window]
        pages = customer_cases.pages(door.ledger.database, door.book, ids, window, reach)
        found |= {CasesOf(customer_id, window): page for customer_id, page in pages.items()}
    return found


def _movements_of(door: Door, wanted: Sequence[MovementsOf]) -> dict[MovementsOf, Page[Movement]]:
    """The same for movements."""
    found: dict[MovementsOf, Page[Movement]] = {}
    for window in dict.fromkeys(each.window for each in wanted):
        ids = [each.case_id for each in wanted if each.window == window]
        pages = movement.pages_of(door.ledger.database, door.book, ids, window)
        found |= {MovementsOf(case_id, window): page for case_id, page in pages.items()}
    return found


def _trees(door: Door, instants: Sequence[datetime]) -> dict[datetime, Tree]:
    """The trees of some instants, out of one reading of the units."""
    every = unit.every(door.ledger.database, door.book)
    return {at: unit.tree_of(every, at) for at in instants}


def _timelines_of(door: Door, reach: Reach, wanted: Sequence[TimelineOf]) -> dict[TimelineOf, Page[TimelineEntry]]:
    """The same for timelines, whose filters a document has as few of."""
    found: dict[TimelineOf, Page[TimelineEntry]] = {}
    for window, where in dict.fromkeys((each.window, each.where) for each in wanted):
        ids = [each.customer_id for each in wanted if (each.window, each.where) == (window, where)]
        pages = customer_timeline.pages(door.ledger.database, door.book, ids, window, where, reach)
        found |= {TimelineOf(customer_id, window, where): page for customer_id, page in pages.items()}
    return found


def _audit_of(door: Door, wanted: Sequence[AuditOf]) -> dict[AuditOf, Page[AuditEntry]]:
    """The pages, in one statement for each window and kind of subject, of which a document has few."""
    found: dict[AuditOf, Page[AuditEntry]] = {}
    for category, window in dict.fromkeys((each.category, each.window) for each in wanted):
        ids = [each.subject for each in wanted if (each.category, each.window) == (category, window)]
        pages = pages_about(door.ledger.database, door.book, category, ids, window)
        found |= {AuditOf(category, subject, window): page for subject, page in pages.items()}
    return found


def _changes(door: Door, places: Sequence[Place]) -> dict[Place, tuple[FieldChange, ...]]:
    """What events changed; their streams are read in one statement."""
    versions: dict[str, set[int]] = {}
    for stream, version in places:
        versions.setdefault(stream, set()).add(version)
    histories = door.ledger.histories(versions, opened=True)
    return {
        (stream, version): told
        for stream, asked in versions.items()
        for version, told in changes(histories[stream], asked).items()
    }
