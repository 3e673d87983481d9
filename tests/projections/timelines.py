"""Timelines told again from the whole book without any view, and walked through page by page."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from domain.amendment import AMENDMENTS
from domain.case.events import CaseCustomerChanged, CaseReceived
from domain.channel import Channel, Direction
from domain.correction import applied
from domain.deciders import DECIDERS
from domain.envelope import Recorded
from domain.stream import Category, category_of, subject_of
from domain.touchpoint import RecordTouchpoint
from ledger.database import Database
from ledger.ledger import Ledger
from projections import customer_timeline
from projections.paging import Page, Window
from projections.runner import Runner
from projections.timeline import EVERYTHING, OCCURRED, TOLD, EntryKind, TimelineEntry, TimelineFilter
from tests.ledger.submissions import (
    OPENED,
)
from tests.projections.books import customer_id

OFFICE_WORK = {
    "case-classified.1", "case-prioritised.1", "case-dispatched.1", "dispatch-returned.1", "case-transferred.1",
    "case-assigned.1", "case-unassigned.1", "work-started.1", "case-paused.1", "case-resumed.1",
    "case-channel-changed.1", "case-attributes-recorded.1", "kind-changed.1", "case-linked.1", "case-unlinked.1",
    "case-part-opened.1", "case-part-resolved.1", "escalation-acknowledged.1", "hotline-informed.1",
    "investigation-started.1", "investigation-finished.1", "pause-requested.1", "pause-approved.1",
    "pause-declined.1", "unit-received.1", "sent-to-portal.1", "regulator-received.1", "regulator-forwarded.1",
    "return-submitted.1", "terms-assigned.1", "policy-reassignment-requested.1", "policy-reassigned.1",
    "policy-reassignment-declined.1", "extension-requested.1", "extension-declined.1", "deadline-warned.1",
    "revision-requested.1", "revision-declined.1",
}  # fmt: skip
OF_NO_CUSTOMER = {
    Category.BOOK, Category.IMPORT, Category.UNIT, Category.STAFF, Category.OBLIGATION, Category.CALENDAR,
    Category.POLICY, Category.ACCESS,
}  # fmt: skip
OF_OTHER_STREAMS = {
    event.TOPIC for category, decider in DECIDERS.items() if category in OF_NO_CUSTOMER for event in decider.events
} - {event.TOPIC for event in DECIDERS[Category.CASE].events}
"""A deadline is missed in a case, of which customers hear, and in what is owed within the company."""
LEFT_OUT = OFFICE_WORK | OF_OTHER_STREAMS | {event.TOPIC for event in AMENDMENTS}
WANG, ZHAO = customer_id(0), customer_id(1)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


class Place(NamedTuple):
    """Where an entry stands."""

    at: datetime
    position: int


def touched(number: int, at: datetime = OPENED, **rest: Any) -> RecordTouchpoint:
    said = {"customer_id": WANG, "channel": Channel.HOTLINE, "direction": Direction.IN, **rest}
    return RecordTouchpoint(at=at, touchpoint_id=UUID(int=0x70C4_1000 + number), **said)


def told_plainly(ledger: Ledger, customer: UUID) -> list[tuple[Place, str]]:
    """The topics of a customer's timeline, told again from the whole book without any view."""
    history = list(applied(ledger.since(0)))
    whose: dict[UUID, UUID | None] = {}
    for recorded in history:
        if isinstance(recorded.event, CaseReceived | CaseCustomerChanged):
            whose[subject_of(recorded.stream)] = recorded.event.customer_id

    def theirs(recorded: Recorded[Any]) -> bool:
        subject = subject_of(recorded.stream)
        match category_of(recorded.stream):
            case Category.CUSTOMER:
                return subject == customer
            case Category.CASE:
                return whose.get(subject) == customer
            case Category.TOUCHPOINT:
                in_case = recorded.event.case_id is not None and whose.get(recorded.event.case_id) == customer
                return recorded.event.customer_id == customer or in_case
            case _:
                return False

    return sorted(
        (Place(one.occurred_at, one.position), one.event.TOPIC)
        for one in history
        if one.event.TOPIC not in LEFT_OUT and theirs(one)
    )


def places(entries: list[TimelineEntry]) -> list[tuple[Place, str]]:
    topic_of = {told.kind: topic for topic, told in TOLD.items()}
    return [(Place(entry.occurred_at, entry.position), topic_of[entry.kind]) for entry in entries]


def walked(ask: Callable[..., Page[TimelineEntry]], size: int, **rest: Any) -> list[TimelineEntry]:
    """Every entry, page after page from the start."""
    found: list[TimelineEntry] = []
    page = ask(limit=size, **rest)
    while True:
        found += page.rows
        if not page.has_more:
            return found
        page = ask(limit=size, after=OCCURRED.place_of(found[-1]), **rest)


def walked_back(ask: Callable[..., Page[TimelineEntry]], size: int, **rest: Any) -> list[TimelineEntry]:
    """Every entry, page before page from the end."""
    found: list[TimelineEntry] = []
    page = ask(limit=size, from_end=True, **rest)
    while True:
        found = page.rows + found
        if not page.has_more:
            return found
        page = ask(limit=size, from_end=True, before=OCCURRED.place_of(found[0]), **rest)


def asking(ledger: Ledger, runner: Runner, written: Database) -> Callable[..., Page[TimelineEntry]]:
    """Asks for a page, once the views show everything."""

    def ask(
        customer: UUID = WANG, *, limit: int = 50, where: TimelineFilter = EVERYTHING, **places: Any
    ) -> Page[TimelineEntry]:
        assert runner.catch_up() == ledger.head()
        return customer_timeline.page(written, "main", customer, Window(OCCURRED, limit=limit, **places), where)

    return ask


def kinds(page: Page[TimelineEntry]) -> list[EntryKind]:
    return [entry.kind for entry in page.rows]
