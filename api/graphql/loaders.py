"""Loaders: what many fields of one answer need is read once, in one statement a kind."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from strawberry.dataloader import DataLoader

from api.access.reaching import customers_within
from api.cut_off import BadCutOff, past_at
from api.graphql.door import Door
from api.graphql.problem import Code, Problem
from api.next_steps import Tries, tries_of
from api.next_steps import Wanted as WantedTries
from api.past_case import PastCase, past_cases
from api.past_clocks import past_clocks, past_courses, past_tree
from api.past_customer import PastCustomer, past_customers, to_be_looked_through
from domain.envelope import Recorded
from domain.event import Event
from domain.personal import Personal
from domain.stream import Category
from ledger.ledger import PersonalPlace
from projections import (
    case_file,
    case_timeline,
    clock_course,
    customer_cases,
    customer_profile,
    customer_timeline,
    deadlines,
    movement,
    obligation,
    overrides,
    staff,
    unit,
)
from projections.audit_trail import AuditEntry, Recording, pages_about
from projections.before_and_after import FieldChange, changes
from projections.case_file import CaseFile
from projections.clock_course import ClockCourse, Wanted
from projections.clock_moments import Moment, clocks_of
from projections.customer_profile import CaseCounts, CustomerProfile
from projections.movement import Movement
from projections.obligation import ObligationView
from projections.overrides import OverridesOf
from projections.paging import Page, Window
from projections.reach import Reach
from projections.sla_row import SlaTimer
from projections.staff import StaffView
from projections.timeline import TimelineEntry, TimelineFilter
from projections.unit import Tree, UnitView
from replay.as_of import AsOf, KnownBy
from replay.history import Steps

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


class CaseTimelineOf(NamedTuple):
    """A page of one case's timeline."""

    case_id: UUID
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


class EntriesOf(NamedTuple):
    """A page of the events behind one count of overrides."""

    of: OverridesOf
    window: Window
    recording: Recording
    back_dated_over: timedelta


class PastOf(NamedTuple):
    """A case as of two instants."""

    case_id: UUID
    as_of: AsOf


class PastCustomerOf(NamedTuple):
    """A customer as of two instants."""

    customer_id: UUID
    as_of: AsOf


class PastClocksOf(NamedTuple):
    """The clocks of a case or an obligation as of two instants."""

    stream: str
    as_of: AsOf


class CourseOf(NamedTuple):
    """The course of a clock, by now or as of two instants."""

    wanted: Wanted
    as_of: AsOf | None = None


class TreeAt(NamedTuple):
    """The tree in which the units stood at an instant, as known by now or as of two."""

    at: datetime
    as_of: AsOf | None = None


class ClocksAfter(NamedTuple):
    """The clocks of a case or an obligation as they stood after one of its events."""

    moment: Moment
    version: int
    """So many events are gone through for it."""


MOST_GONE_THROUGH = 500_000
"""Events, by the engine, for clocks that are told after each of a history: some 4 s, by one core."""
MOST_LOOKED_THROUGH = 100_000
"""Events that are read and decoded one after the other, which takes some 2 s."""
MOST_TRIES = 10_000
"""Everything about some hundred and fifty cases, which takes about a second."""
Place = tuple[str, int]
"""A stream and a version in it."""
Instants = tuple[int | datetime | None, datetime | None, KnownBy]
"""By which position or instant something was known, by when it had occurred, and who had to know of it."""


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
        self.case_timelines: DataLoader[CaseTimelineOf, Page[TimelineEntry] | None] = _by_key(
            door, lambda wanted: _case_timelines_of(door, wanted)
        )
        self.movements_of: DataLoader[MovementsOf, Page[Movement] | None] = _by_key(
            door, lambda wanted: _movements_of(door, wanted)
        )
        self.units: DataLoader[UUID, UnitView | None] = _by_key(door, lambda ids: unit.by_ids(database, book, ids))
        self.units_below: DataLoader[UUID, Sequence[UnitView] | None] = _by_key(
            door, lambda ids: unit.below(database, book, ids)
        )
        self.trees: DataLoader[TreeAt, Tree | None] = _by_key(door, lambda wanted: _trees(door, wanted))
        self.staff: DataLoader[UUID, StaffView | None] = _within(door, reach, partial(_staff, door))
        self.obligations: DataLoader[UUID, ObligationView | None] = _within(door, reach, partial(_obligations, door))
        self.timers: DataLoader[str, Sequence[SlaTimer] | None] = _by_key(
            door, lambda streams: deadlines.of_streams(database, book, streams)
        )
        self.courses: DataLoader[CourseOf, ClockCourse | None] = _by_key(door, lambda wanted: _courses(door, wanted))
        self.tries: DataLoader[WantedTries, Tries | None] = _by_key(door, partial(_tries, door))
        self.presents: DataLoader[str, datetime] = _presents(door)
        self.as_of: DataLoader[Instants, Any] = _by_key(
            door, lambda wanted: {each: _past_at(door, each) for each in wanted}
        )
        self.looked_back: set[PastOf | PastCustomerOf] = set()
        self.listed = 0
        """How many events of differences the answer lists, one that made several fields so with each of them."""
        self.looked_over = 0
        """How many cases were folded for what is asked of many together, once for each time that it was asked."""
        self.past_cases: DataLoader[PastOf, PastCase | None] = _by_key(door, lambda wanted: _past_cases(door, wanted))
        self.past_customers: DataLoader[PastCustomerOf, PastCustomer | None] = _by_key(
            door, lambda wanted: _past_customers(door, wanted)
        )
        self.past_clocks: DataLoader[PastClocksOf, Sequence[SlaTimer] | None] = _by_key(
            door, lambda wanted: _past_clocks(door, wanted)
        )
        self.personal: DataLoader[PersonalPlace, Personal[Any] | None] = _by_key(door, ledger.disclose)
        self.histories: DataLoader[str, Sequence[Recorded[Event]] | None] = _by_key(door, ledger.histories)
        self.audit_of: DataLoader[AuditOf, Page[AuditEntry] | None] = _by_key(
            door, lambda wanted: _audit_of(door, wanted)
        )
        self.overrides_of: DataLoader[EntriesOf, Page[AuditEntry] | None] = _by_key(
            door, lambda wanted: _overrides_of(door, wanted)
        )
        self.changes: DataLoader[Place, tuple[FieldChange, ...] | None] = _by_key(
            door, lambda places: _changes(door, places)
        )
        self.clock_moments: DataLoader[ClocksAfter, Sequence[SlaTimer] | None] = _by_key(
            door, lambda wanted: _clock_moments(door, wanted)
        )
        self._steps: dict[str, Steps] = {}

    def steps(self, stream: str, history: Sequence[Recorded[Event]]) -> Steps:
        """The steps of a stream as it is read by now, worked out once for all of them that are shown."""
        if stream not in self._steps:
            self._steps[stream] = Steps.by_now(history)
        return self._steps[stream]


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


def _tries(door: Door, wanted: Sequence[WantedTries]) -> dict[WantedTries, Tries]:
    """What came of trying commands, each of which is a decision. Raises: Problem for more than one request may ask."""
    tries = sum(len(each.kinds) for each in wanted)
    if tries > MOST_TRIES:
        message = f"This asks of {tries} actions whether they could be done; at most {MOST_TRIES} are looked at. Name "
        message += "those that are shown in `only`, or ask for shorter pages."
        raise Problem(Code.DOCUMENT_TOO_LARGE, message, limit=MOST_TRIES, found=tries, of="actions")
    return tries_of(door.ledger, wanted)


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


def _trees(door: Door, wanted: Sequence[TreeAt]) -> dict[TreeAt, Tree]:
    """The trees of some instants, those as known by now out of one reading of the units."""
    live = [each for each in wanted if each.as_of is None]
    every = unit.every(door.ledger.database, door.book) if live else []
    found = {each: unit.tree_of(every, each.at) for each in live}
    return found | {each: past_tree(door.ledger, each.as_of) for each in wanted if each.as_of is not None}


def _past_at(door: Door, instants: Instants) -> AsOf | BadCutOff | None:
    """What can be known then. That nothing can is a matter of one field, and not of all that ask in one batch."""
    try:
        return past_at(door.ledger, *instants)
    except BadCutOff as error:
        return error


def _past_cases(door: Door, wanted: Sequence[PastOf]) -> dict[PastOf, PastCase]:
    """Cases as of some instants, of which a document has few: in one reading for each."""
    found: dict[PastOf, PastCase] = {}
    for as_of in dict.fromkeys(each.as_of for each in wanted):
        ids = [each.case_id for each in wanted if each.as_of == as_of]
        cases = past_cases(door.ledger, ids, as_of)
        found |= {PastOf(case_id, as_of): past for case_id, past in cases.items()}
    return found


def _past_customers(door: Door, wanted: Sequence[PastCustomerOf]) -> dict[PastCustomerOf, PastCustomer]:
    """The same for customers, the registered ones."""
    found: dict[PastCustomerOf, PastCustomer] = {}
    for as_of in dict.fromkeys(each.as_of for each in wanted):
        ids = [each.customer_id for each in wanted if each.as_of == as_of]
        views_near(door, as_of)
        customers = past_customers(door.ledger, ids, as_of)
        found |= {PastCustomerOf(each, as_of): past for each, past in customers.items() if past.profile.kind}
    return found


def views_near(door: Door, *instants: AsOf) -> None:
    """Sees to it that a customer's past is not looked for in the whole book. Raises: Problem while the views are far
    behind."""
    left = to_be_looked_through(door.ledger, max(as_of.position for as_of in instants))
    if left > MOST_LOOKED_THROUGH:
        message = f"{left:,} events would have to be looked through for customers, since the views have not read them "
        message += "yet. Ask again once they have, or ask `daybook customer --known`, which looks through any number."
        raise Problem(Code.NOT_CAUGHT_UP, message, limit=MOST_LOOKED_THROUGH, found=left)


def _past_clocks(door: Door, wanted: Sequence[PastClocksOf]) -> dict[PastClocksOf, Sequence[SlaTimer]]:
    """The same for clocks."""
    found: dict[PastClocksOf, Sequence[SlaTimer]] = {}
    for as_of in dict.fromkeys(each.as_of for each in wanted):
        streams = [each.stream for each in wanted if each.as_of == as_of]
        clocks = past_clocks(door.ledger, streams, as_of)
        found |= {PastClocksOf(stream, as_of): timers for stream, timers in clocks.items()}
    return found


def _courses(door: Door, wanted: Sequence[CourseOf]) -> dict[CourseOf, ClockCourse]:
    """The courses, for each two instants in one reading."""
    found: dict[CourseOf, ClockCourse] = {}
    for as_of in dict.fromkeys(each.as_of for each in wanted):
        asked = [each.wanted for each in wanted if each.as_of == as_of]
        read = clock_course.courses(door.ledger, asked) if as_of is None else past_courses(door.ledger, asked, as_of)
        found |= {CourseOf(each, as_of): course for each, course in read.items()}
    return found


def _clock_moments(door: Door, wanted: Sequence[ClocksAfter]) -> dict[ClocksAfter, Sequence[SlaTimer]]:
    """Clocks as they stood at moments; all that they rest on is read together. Raises: Problem for too many."""
    events = sum(each.version for each in wanted)
    if events > MOST_GONE_THROUGH:
        message = f"For the clocks after each event {events} events would be gone through; at most {MOST_GONE_THROUGH} "
        message += "are. Ask for shorter pages of history, or for `clocks` on fewer of them."
        raise Problem(Code.DOCUMENT_TOO_LARGE, message, limit=MOST_GONE_THROUGH, found=events, of="clocks")
    found = clocks_of(door.book, {each.moment for each in wanted}, door.ledger.histories)
    return {each: found[each.moment] for each in wanted if each.moment in found}


def _timelines_of(door: Door, reach: Reach, wanted: Sequence[TimelineOf]) -> dict[TimelineOf, Page[TimelineEntry]]:
    """The same for timelines, whose filters a document has as few of."""
    found: dict[TimelineOf, Page[TimelineEntry]] = {}
    for window, where in dict.fromkeys((each.window, each.where) for each in wanted):
        ids = [each.customer_id for each in wanted if (each.window, each.where) == (window, where)]
        pages = customer_timeline.pages(door.ledger.database, door.book, ids, window, where, reach)
        found |= {TimelineOf(customer_id, window, where): page for customer_id, page in pages.items()}
    return found


def _case_timelines_of(door: Door, wanted: Sequence[CaseTimelineOf]) -> dict[CaseTimelineOf, Page[TimelineEntry]]:
    """The same for the timelines of cases, which are asked for by cases that were found before."""
    found: dict[CaseTimelineOf, Page[TimelineEntry]] = {}
    for window, where in dict.fromkeys((each.window, each.where) for each in wanted):
        ids = [each.case_id for each in wanted if (each.window, each.where) == (window, where)]
        pages = case_timeline.pages(door.ledger.database, door.book, ids, window, where)
        found |= {CaseTimelineOf(case_id, window, where): page for case_id, page in pages.items()}
    return found


def _audit_of(door: Door, wanted: Sequence[AuditOf]) -> dict[AuditOf, Page[AuditEntry]]:
    """The pages, in one statement for each window and kind of subject, of which a document has few."""
    found: dict[AuditOf, Page[AuditEntry]] = {}
    for category, window in dict.fromkeys((each.category, each.window) for each in wanted):
        ids = [each.subject for each in wanted if (each.category, each.window) == (category, window)]
        pages = pages_about(door.ledger.database, door.book, category, ids, window)
        found |= {AuditOf(category, subject, window): page for subject, page in pages.items()}
    return found


def _overrides_of(door: Door, wanted: Sequence[EntriesOf]) -> dict[EntriesOf, Page[AuditEntry]]:
    """The pages, in one statement for each window and question, of which a document has few."""
    found: dict[EntriesOf, Page[AuditEntry]] = {}
    for asked in dict.fromkeys(each[1:] for each in wanted):
        window, recording, span = asked
        counts = [each.of for each in wanted if each[1:] == asked]
        pages = overrides.pages_of(
            door.ledger.database, door.book, counts, window, recording=recording, back_dated_over=span
        )
        found |= {EntriesOf(count, *asked): page for count, page in pages.items()}
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
