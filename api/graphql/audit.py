"""The audit trail as an auditor's screen sees it: who did what to which subject, and what that changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from api.graphql.amendments import shown_record
from api.graphql.connection import Connection, PageArguments, connection_of
from api.graphql.enums import Departure, shown
from api.graphql.field_change import FieldChange
from api.graphql.history import Event
from api.graphql.loaders import AuditOf
from api.graphql.node import Node
from api.graphql.request import Info, Request
from api.graphql.resolved import resolved
from api.graphql.scalars import SafeInt
from domain.stream import Category
from projections import audit_trail
from projections.audit_trail import DAY, POSITION, Override
from projections.paging import Page, Window

if TYPE_CHECKING:
    from api.graphql.case import Case
    from api.graphql.customer import Customer

shown(Category, "SubjectKind", "What kind of thing events are about.")
shown(
    Override,
    "OverrideKind",
    "What goes beside the ordinary course of things, or asks for that.",
    {
        "BACK_DATED": "It was recorded a day or more after it occurred, and no source had it written down before. A "
        "question may name another span.",
        "CORRECTION_REQUESTED": "Somebody asked that an event be read otherwise.",
        "CORRECTION_APPROVED": "Somebody had an event read otherwise.",
        "VOID_REQUESTED": "Somebody asked that an event count no longer.",
        "VOID_APPROVED": "Somebody had an event count no longer.",
        "PAUSE_REQUESTED": "Somebody asked for a pause on no listed ground.",
        "PAUSE_APPROVED": "Somebody granted such a pause.",
        "EXTENSION_REQUESTED": "Somebody asked for more time for a target.",
        "EXTENSION_APPROVED": "Somebody gave more time, in time or after the due.",
        "LATE_APPROVAL": "Somebody gave more time after the due had passed, which leaves the deadline missed.",
        "REASSIGNMENT_REQUESTED": "Somebody asked that another policy hold for a case.",
        "REASSIGNMENT_APPROVED": "Somebody had another policy hold for a case.",
        "REVISION_REQUESTED": "Somebody asked that a verdict on a deadline be read otherwise.",
        "REVISION_APPROVED": "Somebody had a verdict read otherwise.",
        "OWN_APPROVAL": "Somebody approved what they had asked for themselves, as the book allows.",
        "SELF_APPROVAL_ALLOWED": "The book was told to let people approve what they ask for themselves.",
        "VIEW_DIFFERS": "A view was compared with its events and was something else; whoever compared found it.",
        "DEPARTURE": "It left the declared life; only imported history does.",
    },
)


@strawberry.type(description="An event as it was written, with what it was about and what it changed.")
class AuditEntry:
    position: SafeInt = strawberry.field(description="Its place in the book, from 1 without gaps.")
    subject_kind: Category = strawberry.field(description="What kind of thing it is about.")
    departures: list[Departure] = strawberry.field(description="In which steps it left the declared life.")
    back_dated_by: SafeInt | None = strawberry.field(
        description="How many seconds after it occurred it was recorded; null when at once, or when a source had it "
        "written down before. Of a day, from its end."
    )
    about_version: int | None = strawberry.field(
        description="For a correction, a void, or a request for one: the version that it is about."
    )
    decided_by: str | None = strawberry.field(description="Who approved, declined or decided, as the event says.")
    entry: strawberry.Private[audit_trail.AuditEntry]

    @resolved("The event, in its envelope.")
    async def event(self, info: Info) -> Event:
        loaders = info.context.loaders
        history = await loaders.histories.load(self.entry.stream) or ()
        return Event.of(history[self.entry.version - 1], loaders.steps(self.entry.stream, history))

    @resolved("What it is about, as it is now; null for what has no page of its own, or none any more.")
    async def subject(self, info: Info) -> Node | None:
        return await shown_record(info.context, self.entry.stream)

    @resolved("The case that it is about or names.")
    async def case(self, info: Info) -> Annotated[Case, strawberry.lazy("api.graphql.case")] | None:
        from api.graphql.case import shown_case

        return None if self.entry.case_id is None else await shown_case(info.context, self.entry.case_id)

    @resolved("The customer whom it is about or names.")
    async def customer(self, info: Info) -> Annotated[Customer, strawberry.lazy("api.graphql.customer")] | None:
        from api.graphql.customer import shown_customer

        return None if self.entry.customer_id is None else await shown_customer(info.context, self.entry.customer_id)

    @resolved(
        "What it changed in its subject, as that was known then: corrections that came later are left out, and a "
        "correction shows what it changed itself."
    )
    async def changes(self, info: Info) -> list[FieldChange]:
        found = await info.context.loaders.changes.load((self.entry.stream, self.entry.version))
        return [FieldChange.of(change) for change in found or ()]

    @resolved("Who asked for it, as the event says, or the request that it decides.")
    async def requested_by(self, info: Info) -> str | None:
        return await _asked_by(self.entry, info.context)

    @resolved("In which ways it goes beside the ordinary course of things.")
    async def overrides(self, info: Info) -> list[Override]:
        entry, found = self.entry, list(self.entry.overrides)
        if (entry.back_dated_seconds or 0) >= DAY.total_seconds():
            found.append(Override.BACK_DATED)
        if entry.decided_by is not None and entry.approves and await _asked_by(entry, info.context) == entry.decided_by:
            found.append(Override.OWN_APPROVAL)
        if Override.EXTENSION_APPROVED in found:
            timers = await info.context.loaders.timers.load(entry.stream) or ()
            if any(each.late and each.version == entry.version for timer in timers for each in timer.extensions):
                found.append(Override.LATE_APPROVAL)
        return found


async def _asked_by(entry: audit_trail.AuditEntry, request: Request) -> str | None:
    if entry.requested_by is not None or entry.request_version is None:
        return entry.requested_by
    history = await request.loaders.histories.load(entry.stream) or ()
    asked = (one.event for one in history if one.version == entry.request_version)
    return next((getattr(event, "requested_by", None) for event in asked), None)


def entry_of(entry: audit_trail.AuditEntry) -> AuditEntry:
    """An entry as the schema shows it."""
    return AuditEntry(
        position=SafeInt(entry.position),
        subject_kind=Category(entry.category),
        departures=[Departure(code) for code in entry.departures],
        back_dated_by=None if entry.back_dated_seconds is None else SafeInt(entry.back_dated_seconds),
        about_version=entry.about_version,
        decided_by=entry.decided_by,
        entry=entry,
    )


def page_of_entries(window: Window, page: Page[audit_trail.AuditEntry]) -> Connection[AuditEntry]:
    """A page of entries as the schema shows it."""
    return connection_of(window, page.rows, more=page.has_more, show=entry_of)


async def audit_of(
    request: Request, category: Category, subject: UUID, arguments: PageArguments
) -> Connection[AuditEntry]:
    """What is about one subject: the events of its own, and those that name it. Raises: Problem."""
    window = arguments.window(POSITION, descending=False)
    page = await request.loaders.audit_of.load(AuditOf(category, subject, window))
    return page_of_entries(window, page or Page([], has_more=False))
