"""A customer as a front end sees them: who they are, how to reach them, their cases and their history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple
from uuid import UUID

import strawberry

from api.graphql.allowed_actions import AllowedAction, Only, allowed_actions
from api.graphql.amendments import Amendment, amendments_of
from api.graphql.as_of import KnownAt, KnownByArgument, KnownPosition, ValidAt, asked_past
from api.graphql.attachment import Attachment, attachments_of
from api.graphql.audit import AuditEntry, audit_of
from api.graphql.case import Case
from api.graphql.cases import CaseOrder, cases_of_page
from api.graphql.connection import AFTER, BEFORE, FIRST, LAST, Connection, PageArguments
from api.graphql.enums import ContactKind, CustomerKind, Precision, Tier
from api.graphql.history import BY_VERSION, Event, page_of_history
from api.graphql.identity import global_id
from api.graphql.loaders import CasesOf
from api.graphql.node import Node
from api.graphql.personal import PersonalString, shown_personal
from api.graphql.request import Info, Request
from api.graphql.resolved import resolved
from api.graphql.scalars import SafeInt
from api.graphql.sorting import Sorting
from api.graphql.timeline import TimelineFilter, timeline_of
from api.graphql.timeline_items import TimelineItem
from domain.stream import Category, stream_of
from ledger.ledger import PersonalPlace
from projections.customer_profile import CustomerProfile
from projections.customer_profile import Visit as KnownVisit
from projections.paging import Page
from replay.as_of import KnownBy

if TYPE_CHECKING:
    from api.graphql.customer_snapshot import CustomerSnapshot


@strawberry.type(description="A way to reach a customer.")
class Contact:
    kind: ContactKind = strawberry.field(description="What kind of address it is.")
    version: int = strawberry.field(description="The version in which it was recorded; `withdrawContact` takes it.")
    place: strawberry.Private[PersonalPlace | None]

    @resolved("The number, address or account.")
    async def value(self, info: Info) -> PersonalString | None:
        return await shown_personal(info.context, self.place)


@strawberry.type(description="Since when a customer was in a class.")
class TierSpell:
    since: datetime = strawberry.field(description="Since when.")
    tier: Tier = strawberry.field(description="The class.")
    rule_version: str | None = strawberry.field(description="The version of the rules that put them there.")


@strawberry.type(description="A visit to a customer: planned, made or cancelled (大客户回访).")
class Visit:
    visit_id: UUID | None = strawberry.field(description="Its id, for `makeVisit` and `cancelVisit`; null unplanned.")
    planned_for: datetime | None = strawberry.field(description="When it was to be.")
    planned_precision: Precision | None = strawberry.field(description="How exactly that was agreed.")
    planned_by: str | None = strawberry.field(description="Who was to go.")
    made_at: datetime | None = strawberry.field(description="When it was made; null while it was not.")
    made_by: str | None = strawberry.field(description="Who went.")
    result: str | None = strawberry.field(description="What came of it.")
    cancelled_at: datetime | None = strawberry.field(description="When it was called off.")
    cancel_reason: str | None = strawberry.field(description="Why it was called off.")
    words_place: strawberry.Private[PersonalPlace | None]

    @resolved("What the customer said, word for word.")
    async def words(self, info: Info) -> PersonalString | None:
        return await shown_personal(info.context, self.words_place)


@strawberry.type(description="A customer who proved to be another one; their file is read, and not written any more.")
class AbsorbedCustomer:
    id: strawberry.ID = strawberry.field(description="Their id; whatever is asked by it is answered by the survivor.")
    since: datetime = strawberry.field(description="When they proved to be the same.")
    stream: strawberry.Private[str]

    @resolved("The events of their own file, by version.")
    async def history(
        self,
        info: Info,
        first: Annotated[int | None, FIRST] = None,
        after: Annotated[str | None, AFTER] = None,
        last: Annotated[int | None, LAST] = None,
        before: Annotated[str | None, BEFORE] = None,
    ) -> Connection[Event]:
        window = PageArguments(first, after, last, before).window(BY_VERSION, descending=False)
        return page_of_history(await info.context.loaders.histories.load(self.stream) or (), window)


@strawberry.type
class CustomerFacts(Node):
    kind: CustomerKind = strawberry.field(description="Whether the customer is a human being.")
    source_key: str | None = strawberry.field(description="Their key in the system they came from.")
    language: str | None = strawberry.field(description="A language tag (BCP 47), such as zh-Hans-CN.")
    tier_rule_version: str | None = strawberry.field(
        description="The version of the rules that put them there; null when somebody simply decided."
    )
    tiers: list[TierSpell] = strawberry.field(description="The classes they were in, in the order they were told.")
    contacts: list[Contact] = strawberry.field(description="How to reach them, oldest first.")
    manager: str | None = strawberry.field(description="The member of staff who manages them (大客户).")
    manager_since: datetime | None = strawberry.field(description="Since when.")
    visits: list[Visit] = strawberry.field(description="Visits to them, in the order in which they became known.")
    registered_at: datetime | None = strawberry.field(description="When they got their file.")
    touchpoint_count: int = strawberry.field(description="How often they and the company met.")
    first_touchpoint_at: datetime | None = strawberry.field(description="When they first met.")
    last_touchpoint_at: datetime | None = strawberry.field(description="When they last met.")
    last_occurred_at: datetime = strawberry.field(description="When the latest thing happened to this file.")
    last_recorded_at: datetime = strawberry.field(description="When the ledger last heard of it.")
    version: int = strawberry.field(description="The version of their file that this shows.")
    position: SafeInt = strawberry.field(description="The position in the book of the latest event that this shows.")
    customer_id: strawberry.Private[UUID]
    stream: strawberry.Private[str]
    name_place: strawberry.Private[PersonalPlace | None]
    profile: strawberry.Private[CustomerProfile]

    @resolved("Their name; null when only a key of them is known.")
    async def name(self, info: Info) -> PersonalString | None:
        return await shown_personal(info.context, self.name_place)


@strawberry.type(description="A customer, as they are known now.")
class Customer(CustomerFacts):
    absorbed: list[AbsorbedCustomer] = strawberry.field(description="Customers who proved to be this one.")

    @resolved("The class they are in (客户分级), or were in at an instant.")
    async def tier(
        self,
        as_of: Annotated[
            datetime | None, strawberry.argument(description="The instant, with an offset or Z. Null is now.")
        ] = None,
    ) -> Tier | None:
        if as_of is None:
            return self.profile.tier
        spell = self.profile.tier_as_of(as_of)
        return None if spell is None else spell.tier

    @resolved("How many cases are about them.")
    async def case_count(self, info: Info) -> int:
        counts = await info.context.loaders.case_counts.load(self.customer_id)
        return counts.cases if counts else 0

    @resolved("How many of these are neither resolved nor closed.")
    async def open_case_count(self, info: Info) -> int:
        counts = await info.context.loaders.case_counts.load(self.customer_id)
        return counts.open_cases if counts else 0

    @resolved("The cases about them.")
    async def cases(
        self,
        info: Info,
        order_by: Annotated[
            CaseOrder | None, strawberry.argument(description="The order; latest received first when left out.")
        ] = None,
        first: Annotated[int | None, FIRST] = None,
        after: Annotated[str | None, AFTER] = None,
        last: Annotated[int | None, LAST] = None,
        before: Annotated[str | None, BEFORE] = None,
    ) -> Connection[Case]:
        order = order_by or CaseOrder()
        window = PageArguments(first, after, last, before).window(order.order, descending=order.descending)
        page = await info.context.loaders.cases_of.load(CasesOf(self.customer_id, window))
        return cases_of_page(window, page or Page([], has_more=False), info.context.door.book)

    @resolved("Everything that happened with them and with their cases, by when it happened.")
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
        return await timeline_of(
            info.context, self.customer_id, filter, arguments, descending=direction is Sorting.DESC
        )

    @resolved("The events of their file, by version; those of their cases are with the cases.")
    async def history(
        self,
        info: Info,
        first: Annotated[int | None, FIRST] = None,
        after: Annotated[str | None, AFTER] = None,
        last: Annotated[int | None, LAST] = None,
        before: Annotated[str | None, BEFORE] = None,
    ) -> Connection[Event]:
        window = PageArguments(first, after, last, before).window(BY_VERSION, descending=False)
        return page_of_history(await info.context.loaders.histories.load(self.stream) or (), window)

    @resolved(
        "Everything recorded about them as it was written, by position: the events of their file, and those that name "
        "them."
    )
    async def audit(
        self,
        info: Info,
        first: Annotated[int | None, FIRST] = None,
        after: Annotated[str | None, AFTER] = None,
        last: Annotated[int | None, LAST] = None,
        before: Annotated[str | None, BEFORE] = None,
    ) -> Connection[AuditEntry]:
        return await audit_of(
            info.context, Category.CUSTOMER, self.customer_id, PageArguments(first, after, last, before)
        )

    @resolved(
        "The files that belong to theirs, in the order in which they were attached; those of cases are with these."
    )
    async def attachments(self, info: Info) -> list[Attachment]:
        return await attachments_of(info.context, *(other.stream for other in self.absorbed), self.stream)

    @resolved(
        "What can be asked about them in the asker's role, and whether it could be done now; but for files, and for "
        "what puts right what is recorded."
    )
    async def allowed_actions(self, info: Info, only: Only = None) -> list[AllowedAction]:
        return await allowed_actions(info.context, Category.CUSTOMER, self.stream, only)

    @resolved("What was asked to be read otherwise or to count no longer, and what became of that.")
    async def amendments(self, info: Info) -> list[Amendment]:
        return amendments_of(await info.context.loaders.histories.load(self.stream) or ())

    @resolved(
        "The customer as they were known at one instant, as far as it had occurred by another; null when nobody had "
        "registered them."
    )
    async def as_of(
        self,
        info: Info,
        known_at: KnownAt = None,
        valid_at: ValidAt = None,
        known_position: KnownPosition = None,
        known_by: KnownByArgument = KnownBy.LEDGER,
    ) -> Annotated[CustomerSnapshot, strawberry.lazy("api.graphql.customer_snapshot")] | None:
        from api.graphql.customer_snapshot import customer_snapshot

        asked = asked_past(known_at, known_position, known_by, valid_at)
        return await customer_snapshot(info.context, self.customer_id, asked)


class Places(NamedTuple):
    """Where it lies what is personal in a customer's file."""

    name: PersonalPlace | None
    contacts: Sequence[PersonalPlace | None]
    words: Sequence[PersonalPlace | None]
    """What they said, visit by visit."""


def customer_of(profile: CustomerProfile, book: str) -> Customer:
    """A registered customer's profile as the schema shows it."""
    words = [profile.words_place(visit) for visit in profile.visits]
    return Customer(
        id=strawberry.ID(global_id(Category.CUSTOMER, book, profile.customer_id)),
        absorbed=[
            AbsorbedCustomer(
                id=strawberry.ID(global_id(Category.CUSTOMER, book, other)),
                since=since,
                stream=stream_of(Category.CUSTOMER, other),
            )
            for other, since in profile.absorbed
        ],
        **facts_of_customer(profile, Places(profile.name_place, profile.contact_places, words)),
    )


def facts_of_customer(profile: CustomerProfile, places: Places) -> dict[str, Any]:
    """What a registered customer's profile says, as the schema shows it; all but their id and who was merged."""
    return dict(
        contacts=[
            Contact(kind=contact.kind, version=contact.version, place=place)
            for contact, place in zip(profile.contacts, places.contacts, strict=True)
        ],
        tiers=[TierSpell(**spell._asdict()) for spell in profile.tiers],
        visits=[_visit_of(visit, words) for visit, words in zip(profile.visits, places.words, strict=True)],
        touchpoint_count=profile.touchpoints,
        position=SafeInt(profile.position),
        stream=profile.stream,
        name_place=places.name,
        profile=profile,
        **{name: getattr(profile, name) for name in SAME},
    )


SAME = (
    "kind", "source_key", "language", "tier_rule_version", "manager", "manager_since", "registered_at",
    "first_touchpoint_at", "last_touchpoint_at", "last_occurred_at", "last_recorded_at", "version", "customer_id",
)  # fmt: skip
"""Fields that the view has just as the schema shows them."""


def _visit_of(visit: KnownVisit, words: PersonalPlace | None) -> Visit:
    said = {name: value for name, value in visit._asdict().items() if name != "words_version"}
    return Visit(words_place=words, **said)


async def shown_customer(request: Request, customer_id: UUID) -> Customer | None:
    """A customer as they are known now, by the survivor if they were merged; None when they are not registered."""
    profile = await request.loaders.customers.load(customer_id)
    return None if profile is None else customer_of(profile, request.door.book)
