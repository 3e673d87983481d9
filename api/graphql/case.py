"""A case as a front end sees it: where it stands now, and its history."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import strawberry

from api.graphql.allowed_actions import AllowedAction, Only, allowed_actions, pause_grounds
from api.graphql.amendments import Amendment, amendments_of
from api.graphql.as_of import KnownAt, KnownByArgument, KnownPosition, ValidAt, asked_past
from api.graphql.attachment import Attachment, attachments_of
from api.graphql.audit import AuditEntry, audit_of
from api.graphql.clock import SlaClock, clocks_of
from api.graphql.conformance_finding import ConformanceFinding, findings_of
from api.graphql.connection import AFTER, BEFORE, FIRST, LAST, Connection, PageArguments
from api.graphql.course import CaseLink, Escalation, StatedDue, escalation_of
from api.graphql.deadline_requests import DeadlineRequest, deadline_requests_of
from api.graphql.enums import (
    CaseKind,
    Channel,
    Departure,
    FollowUpResult,
    Level,
    OpenLoop,
    Outcome,
    PauseGround,
    Precision,
    Priority,
    Proposal,
    Status,
)
from api.graphql.history import BY_VERSION, Event, WhichEvents, page_of_history
from api.graphql.identity import global_id
from api.graphql.movement import Movement, movements_of
from api.graphql.node import Node
from api.graphql.personal import PersonalString, shown_personal
from api.graphql.request import Info, Request
from api.graphql.resolved import resolved
from api.graphql.scalars import SafeInt
from api.graphql.sorting import Sorting
from api.graphql.timeline import TimelineFilter, timeline_of_case
from api.graphql.timeline_items import TimelineItem
from domain.stream import Category, subject_of
from ledger.ledger import PersonalPlace
from projections.case_file import CaseFile
from replay.as_of import KnownBy

if TYPE_CHECKING:
    from api.graphql.case_snapshot import CaseSnapshot
    from api.graphql.customer import Customer


@strawberry.type(description="An amount of money.")
class Money:
    minor_units: SafeInt = strawberry.field(description="The amount in minor units: 1250 of EUR is 12.50 euros.")
    currency: str = strawberry.field(description="The currency's ISO 4217 code.")


@strawberry.type(description="Something that a case waits for.")
class OpenPause:
    ground: PauseGround = strawberry.field(description="What it waits for.")
    since: datetime = strawberry.field(description="Since when.")


@strawberry.type(description="A fact that the case's source keeps, and to which Daybook gives no meaning of its own.")
class Attribute:
    name: str = strawberry.field(description="Its name at the source.")
    value: str | None = strawberry.field(description="What the source has there; null is nothing.")


@strawberry.type(description="How often things happened to a case.")
class CaseCounts:
    dispatches: int = strawberry.field(description="Sent to a unit while no unit held it.")
    returns: int = strawberry.field(description="Given back by a unit.")
    transfers: int = strawberry.field(description="Sent from one unit to another.")
    unit_changes: int = strawberry.field(description="Dispatches, returns and transfers since its registration.")
    assignments: int = strawberry.field(description="Given a handler.")
    reopens: int = strawberry.field(description="Put back to work after it was resolved or closed.")
    responses: int = strawberry.field(description="Answered, in whatever way.")
    pauses: int = strawberry.field(description="Began to wait for something.")


@strawberry.type(description="What is so of a case, now or as of some day.")
class CaseFacts(Node):
    number: str | None = strawberry.field(description="Its register number, `C2026-000123`; null until registered.")
    source_key: str | None = strawberry.field(description="Its key in the system it came from.")
    kind: CaseKind = strawberry.field(description="What kind of matter it is.")
    status: Status = strawberry.field(description="Where it is in its life.")
    channel: Channel = strawberry.field(description="How it reached the company.")
    received_by: str | None = strawberry.field(description="The member of staff who took it in.")
    category: str | None = strawberry.field(description="Its category in the issue library.")
    subcategory: str | None = strawberry.field(description="Its subcategory.")
    symptom: str | None = strawberry.field(description="Its symptom.")
    taxonomy: str | None = strawberry.field(description="The version of the taxonomy of these terms.")
    priority: Priority | None = strawberry.field(description="How soon it is to be dealt with.")
    impact: Level | None = strawberry.field(description="How much it affects.")
    urgency: Level | None = strawberry.field(description="How urgent it is.")
    unit: str | None = strawberry.field(description="The unit that holds it.")
    handler: str | None = strawberry.field(description="The member of staff who handles it.")
    received_at: datetime = strawberry.field(description="When it reached the company.")
    received_precision: Precision = strawberry.field(description="How exactly that is known.")
    registered_at: datetime | None = strawberry.field(description="When it got its number.")
    dispatched_at: datetime | None = strawberry.field(description="When it first went to a unit.")
    first_response_at: datetime | None = strawberry.field(description="When the customer was first answered.")
    work_started_at: datetime | None = strawberry.field(description="When work on it began, since it last reopened.")
    resolved_at: datetime | None = strawberry.field(description="When it got the outcome that stands.")
    resolved_by: str | None = strawberry.field(description="The member of staff who resolved it.")
    outcome: Outcome | None = strawberry.field(description="How it ended for the customer.")
    resolution_code: str | None = strawberry.field(description="The way in which it was resolved.")
    redress: Money | None = strawberry.field(description="What the customer gets; null is nothing.")
    closed_at: datetime | None = strawberry.field(description="When the loop was closed.")
    closing_code: str | None = strawberry.field(description="The way in which it was closed.")
    open_pauses: list[OpenPause] = strawberry.field(description="What it waits for.")
    counts: CaseCounts = strawberry.field(description="How often things happened to it.")
    departures: list[Departure] = strawberry.field(
        description="In which ways its history left the declared life; only imported history does."
    )
    attributes: list[Attribute] = strawberry.field(description="Facts that its source keeps, by name.")
    acknowledged_at: datetime | None = strawberry.field(description="When its receipt was first acknowledged.")
    customer_replied_at: datetime | None = strawberry.field(
        description="When the customer last turned to the company again."
    )
    proposal: Proposal | None = strawberry.field(
        description="Where the latest proposal to the customer stands; null when there is none since it last reopened."
    )
    feedback_at: datetime | None = strawberry.field(description="When the customer was told what came of it (反馈).")
    follow_up_at: datetime | None = strawberry.field(description="When the customer was last asked afterwards (回访).")
    follow_up_result: FollowUpResult | None = strawberry.field(description="What that visit found.")
    open_loops: list[OpenLoop] = strawberry.field(description="What is still owed to the customer (闭环).")
    escalation: Escalation | None = strawberry.field(description="How high it has risen; null when it has not.")
    withdrawn_at: datetime | None = strawberry.field(description="When the customer took it back.")
    pause_requested_by: str | None = strawberry.field(
        description="The member of staff whose request for a pause waits for a decision."
    )
    accepted_at: datetime | None = strawberry.field(description="When it was taken on (受理).")
    refused_at: datetime | None = strawberry.field(description="When it was not taken on (不予受理).")
    decided_at: datetime | None = strawberry.field(description="When the formal decision was made.")
    notified_at: datetime | None = strawberry.field(description="When the complainant got notice of the decision.")
    review_requested_at: datetime | None = strawberry.field(
        description="When the review was requested that waits for a decision (核查)."
    )
    referred_to: str | None = strawberry.field(description="The body outside to which the customer was pointed.")
    open_parts: list[str] = strawberry.field(description="The parts that are dealt with apart and have no outcome yet.")
    stated_dues: list[StatedDue] = strawberry.field(description="The dates that were stated for it.")
    links: list[CaseLink] = strawberry.field(description="What it has to do with other cases.")
    last_occurred_at: datetime = strawberry.field(description="When the latest thing happened to it.")
    last_recorded_at: datetime = strawberry.field(description="When the ledger last heard of it.")
    version: int = strawberry.field(description="The version that this shows; give it back as `expectedVersion`.")
    position: SafeInt = strawberry.field(description="The position in the book of the latest event that this shows.")
    stream: strawberry.Private[str]
    customer_id: strawberry.Private[UUID | None]
    words_place: strawberry.Private[PersonalPlace | None]
    """Where the customer's words lie, by the reading that is shown."""
    survivor_id: strawberry.Private[UUID | None]
    absorbed_ids: strawberry.Private[tuple[UUID, ...]]


@strawberry.type(description="One matter of a customer, as it stands now.")
class Case(CaseFacts):
    @resolved("Whom it is about; null when nobody knows, or while their file is not there.")
    async def customer(self, info: Info) -> Annotated[Customer, strawberry.lazy("api.graphql.customer")] | None:
        from api.graphql.customer import shown_customer

        return None if self.customer_id is None else await shown_customer(info.context, self.customer_id)

    @resolved("The case that took its place; null while none has.")
    async def merged_into(self, info: Info) -> Annotated[Case, strawberry.lazy("api.graphql.case")] | None:
        return None if self.survivor_id is None else await shown_case(info.context, self.survivor_id)

    @resolved("The cases whose place it took.")
    async def absorbed(self, info: Info) -> list[Annotated[Case, strawberry.lazy("api.graphql.case")]]:
        found = await info.context.loaders.cases.load_many(self.absorbed_ids)
        return [case_of(file, info.context.door.book) for file in found if file is not None]

    @resolved("What the customer said, word for word.")
    async def words(self, info: Info) -> PersonalString | None:
        return await shown_personal(info.context, self.words_place)

    @resolved("Its events, by version.")
    async def history(
        self,
        info: Info,
        filter: WhichEvents = None,  # noqa: A002
        first: Annotated[int | None, FIRST] = None,
        after: Annotated[str | None, AFTER] = None,
        last: Annotated[int | None, LAST] = None,
        before: Annotated[str | None, BEFORE] = None,
    ) -> Connection[Event]:
        window = PageArguments(first, after, last, before).window(BY_VERSION, descending=False)
        history = await info.context.loaders.histories.load(self.stream) or ()
        return page_of_history(history, window, info.context.loaders.steps(self.stream, history), filter)

    @resolved("What happened in it and with its customer about it, by when it happened.")
    async def timeline(
        self,
        info: Info,
        filter: Annotated[  # noqa: A002
            TimelineFilter | None, strawberry.argument(description="Which items; all when left out.")
        ] = None,
        direction: Annotated[
            Sorting, strawberry.argument(description="Which way it runs; the latest first when left out.")
        ] = Sorting.DESC,
        first: Annotated[int | None, FIRST] = None,
        after: Annotated[str | None, AFTER] = None,
        last: Annotated[int | None, LAST] = None,
        before: Annotated[str | None, BEFORE] = None,
    ) -> Connection[TimelineItem]:
        arguments = PageArguments(first, after, last, before)
        descending = direction is Sorting.DESC
        return await timeline_of_case(info.context, subject_of(self.stream), filter, arguments, descending=descending)

    @resolved("Each time it changed hands, the first one first.")
    async def movements(
        self,
        info: Info,
        first: Annotated[int | None, FIRST] = None,
        after: Annotated[str | None, AFTER] = None,
        last: Annotated[int | None, LAST] = None,
        before: Annotated[str | None, BEFORE] = None,
    ) -> Connection[Movement]:
        arguments = PageArguments(first, after, last, before)
        return await movements_of(info.context, subject_of(self.stream), arguments)

    @resolved("Everything recorded about it as it was written, by position: its own events, and those that name it.")
    async def audit(
        self,
        info: Info,
        first: Annotated[int | None, FIRST] = None,
        after: Annotated[str | None, AFTER] = None,
        last: Annotated[int | None, LAST] = None,
        before: Annotated[str | None, BEFORE] = None,
    ) -> Connection[AuditEntry]:
        return await audit_of(
            info.context, Category.CASE, subject_of(self.stream), PageArguments(first, after, last, before)
        )

    @resolved("The files that belong to it, in the order in which they were attached (附件).")
    async def attachments(self, info: Info) -> list[Attachment]:
        return await attachments_of(info.context, self.stream)

    @resolved("What was asked to be read otherwise or to count no longer, and what became of that.")
    async def amendments(self, info: Info) -> list[Amendment]:
        return amendments_of(await info.context.loaders.histories.load(self.stream) or ())

    @resolved("Where it departed from the declared process, in which step, and what it is still owed; by version.")
    async def conformance(self, info: Info) -> list[ConformanceFinding]:
        request = info.context
        history = await request.loaders.histories.load(self.stream) or ()
        now, door = await request.now(), request.door
        return await door.off_loop(findings_of, self.stream, history, now, ZoneInfo(door.ledger.zone))

    @resolved("Its clocks (时限), first due first: what is to be done for it in time, and how that stands now.")
    async def clocks(self, info: Info) -> list[SlaClock]:
        return await clocks_of(info.context, self.stream)

    @resolved("The case as it was known at one instant, as far as it had occurred by another; null when nothing was.")
    async def as_of(
        self,
        info: Info,
        known_at: KnownAt = None,
        valid_at: ValidAt = None,
        known_position: KnownPosition = None,
        known_by: KnownByArgument = KnownBy.LEDGER,
    ) -> Annotated[CaseSnapshot, strawberry.lazy("api.graphql.case_snapshot")] | None:
        from api.graphql.case_snapshot import shown_snapshot

        asked = asked_past(known_at, known_position, known_by, valid_at)
        return await shown_snapshot(info.context, subject_of(self.stream), asked)

    @resolved(
        "What can be asked about it in the asker's role, and whether it could be done now; but for files, and for what "
        "puts right what is recorded."
    )
    async def allowed_actions(self, info: Info, only: Only = None) -> list[AllowedAction]:
        return await allowed_actions(info.context, Category.CASE, self.stream, only)

    @resolved("The grounds on which it may be paused now, as its policies allow. Another pause has to be approved.")
    async def pause_grounds(self, info: Info) -> list[PauseGround]:
        return await pause_grounds(info.context, self.stream)

    @resolved("What was asked about its deadlines: more time, other terms, another verdict; and what became of that.")
    async def deadline_requests(self, info: Info) -> list[DeadlineRequest]:
        return deadline_requests_of(await info.context.loaders.histories.load(self.stream) or ())


def case_of(file: CaseFile, book: str) -> Case:
    """A case file as the schema shows it."""
    named = strawberry.ID(global_id(Category.CASE, book, file.case_id))
    return Case(id=named, words_place=file.words_place, **facts_of(file))


def facts_of(file: CaseFile) -> dict[str, Any]:
    """What a case file says, as the schema shows it; all but its id, and where the customer's words lie."""
    money = file.redress
    return dict(
        number=str(file.register) if file.register else None,
        redress=Money(minor_units=SafeInt(money.minor_units), currency=money.currency) if money else None,
        open_pauses=[OpenPause(ground=ground, since=since) for ground, since in file.open_pauses],
        counts=CaseCounts(
            dispatches=file.dispatches,
            returns=file.returns,
            transfers=file.transfers,
            unit_changes=file.unit_changes,
            assignments=file.assignments,
            reopens=file.reopens,
            responses=file.responses,
            pauses=file.pauses,
        ),
        departures=[Departure(code) for code in file.departures],
        attributes=[Attribute(name=name, value=file.attributes[name]) for name in sorted(file.attributes)],
        open_loops=list(file.open_loops),
        escalation=escalation_of(file),
        open_parts=list(file.open_parts),
        stated_dues=[StatedDue(**due._asdict()) for due in file.stated_dues],
        links=[CaseLink(relation=relation, case_id=case_id) for case_id, relation in file.links],
        survivor_id=file.merged_into,
        absorbed_ids=file.absorbed,
        position=SafeInt(file.position),
        stream=file.stream,
        customer_id=file.customer_id,
        **{name: getattr(file, name) for name in SAME},
    )


SAME = (
    "source_key", "kind", "status", "channel", "received_by", "category", "subcategory", "symptom", "taxonomy",
    "priority", "impact", "urgency", "unit", "handler", "received_at", "received_precision", "registered_at",
    "dispatched_at", "first_response_at", "work_started_at", "resolved_at", "resolved_by", "outcome",
    "resolution_code", "acknowledged_at", "customer_replied_at", "proposal", "feedback_at", "follow_up_at",
    "follow_up_result", "withdrawn_at", "pause_requested_by", "accepted_at", "refused_at", "decided_at", "notified_at",
    "review_requested_at", "referred_to", "closed_at", "closing_code", "last_occurred_at", "last_recorded_at",
    "version",
)  # fmt: skip
"""Fields that the view has just as the schema shows them."""


async def shown_case(request: Request, case_id: UUID) -> Case | None:
    """A case as it stands now; None when there is none."""
    file = await request.loaders.cases.load(case_id)
    return None if file is None else case_of(file, request.door.book)
