"""A customer as a front end sees them: who they are, how to reach them, their cases and their history."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, cast
from uuid import UUID

import strawberry

from api.graphql.amendments import Amendment, amendments_of
from api.graphql.audit import AuditEntry, audit_of
from api.graphql.case import Case
from api.graphql.cases import CaseOrder, cases_of_page
from api.graphql.connection import AFTER, BEFORE, FIRST, LAST, Connection, PageArguments
from api.graphql.enums import ContactKind, CustomerKind, Tier
from api.graphql.history import BY_VERSION, Event, page_of_history
from api.graphql.identity import global_id
from api.graphql.loaders import CasesOf
from api.graphql.node import Node
from api.graphql.personal import PersonalString
from api.graphql.request import Info, Request
from api.graphql.resolved import resolved
from api.graphql.scalars import SafeInt
from domain.stream import Category
from ledger.ledger import PersonalPlace
from projections.customer_profile import CustomerProfile
from projections.paging import Page


@strawberry.type(description="A way to reach a customer.")
class Contact:
    kind: ContactKind = strawberry.field(description="What kind of address it is.")
    place: strawberry.Private[PersonalPlace]

    @resolved("The number, address or account.")
    async def value(self, info: Info) -> PersonalString | None:
        return PersonalString.of(await info.context.loaders.personal.load(self.place))


@strawberry.type(description="A customer, as they are known now.")
class Customer(Node):
    kind: CustomerKind = strawberry.field(description="Whether the customer is a human being.")
    source_key: str | None = strawberry.field(description="Their key in the system they came from.")
    language: str | None = strawberry.field(description="A language tag (BCP 47), such as zh-Hans-CN.")
    tier: Tier | None = strawberry.field(description="The class they are in (客户分级).")
    tier_rule_version: str | None = strawberry.field(
        description="The version of the rules that put them there; null when somebody simply decided."
    )
    contacts: list[Contact] = strawberry.field(description="How to reach them, oldest first.")
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

    @resolved("Their name; null when only a key of them is known.")
    async def name(self, info: Info) -> PersonalString | None:
        if self.name_place is None:
            return None
        return PersonalString.of(await info.context.loaders.personal.load(self.name_place))

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

    @resolved("What was asked to be read otherwise or to count no longer, and what became of that.")
    async def amendments(self, info: Info) -> list[Amendment]:
        return amendments_of(await info.context.loaders.histories.load(self.stream) or ())


def customer_of(profile: CustomerProfile, book: str) -> Customer:
    """A registered customer's profile as the schema shows it."""
    return Customer(
        id=strawberry.ID(global_id(Category.CUSTOMER, book, profile.customer_id)),
        kind=cast(CustomerKind, profile.kind),  # every question finds registered customers only
        source_key=profile.source_key,
        language=profile.language,
        tier=profile.tier,
        tier_rule_version=profile.tier_rule_version,
        contacts=[
            Contact(kind=contact.kind, place=place)
            for contact, place in zip(profile.contacts, profile.contact_places, strict=True)
        ],
        registered_at=profile.registered_at,
        touchpoint_count=profile.touchpoints,
        first_touchpoint_at=profile.first_touchpoint_at,
        last_touchpoint_at=profile.last_touchpoint_at,
        last_occurred_at=profile.last_occurred_at,
        last_recorded_at=profile.last_recorded_at,
        version=profile.version,
        position=SafeInt(profile.position),
        customer_id=profile.customer_id,
        stream=profile.stream,
        name_place=profile.name_place,
    )


async def shown_customer(request: Request, customer_id: UUID) -> Customer | None:
    """A customer as they are known now; None when they are not registered."""
    profile = await request.loaders.customers.load(customer_id)
    return None if profile is None else customer_of(profile, request.door.book)
