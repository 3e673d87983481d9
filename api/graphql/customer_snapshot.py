"""A customer as they were: known at one instant, as far as it had occurred by another, in a type of their own."""

from __future__ import annotations

from asyncio import gather
from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from api.graphql.amendments import Amendment, amendments_of
from api.graphql.arguments import After, Before, First, Last, Token, one_argument, the_one
from api.graphql.as_of import (
    AskedPast,
    KnownAt,
    KnownByArgument,
    KnownPosition,
    ValidAt,
    asked_past,
    past,
)
from api.graphql.case_snapshot import looks_back
from api.graphql.connection import Connection, PageArguments
from api.graphql.customer import Customer, CustomerFacts, Places, facts_of_customer, shown_customer
from api.graphql.enums import Tier
from api.graphql.history import Event, WhichEvents, page_of_past
from api.graphql.identity import identity_of
from api.graphql.loaders import PastCustomerOf
from api.graphql.past_identity import past_id, past_in
from api.graphql.problem import speakable
from api.graphql.request import Info, Request
from api.graphql.resolved import resolved
from api.graphql.scalars import SafeInt
from api.past_customer import PastCustomer
from domain.stream import Category
from projections import customer_profile
from replay.as_of import AsOf, KnownBy

CUSTOMER_SNAPSHOT = "customer-snapshot"
"""What stands in the id of one, where that of a customer has its kind."""


@strawberry.type(
    description="A customer as they were known at one instant, as far as it had occurred by another, by their own "
    "file. It never changes: whatever is recorded later, its `id` leads to the same again."
)
class CustomerSnapshot(CustomerFacts):
    known_at: datetime = strawberry.field(description="Known is what was recorded by then.")
    valid_at: datetime = strawberry.field(description="It had occurred by then.")
    known_position: SafeInt = strawberry.field(description="The last position of the book that had been recorded.")
    known_by: KnownBy = strawberry.field(description="Who had to know of an event.")
    tier: Tier | None = strawberry.field(description="The class they were in (客户分级).")
    merged_at: datetime | None = strawberry.field(
        description="When they proved to be another customer; null while they had not."
    )
    past: strawberry.Private[PastCustomer]
    as_of: strawberry.Private[AsOf]

    @resolved("The customer as they are known now, by the survivor if they were merged since.")
    async def customer(self, info: Info) -> Customer | None:
        return await shown_customer(info.context, self.customer_id)

    @resolved("The customer who they had proved to be, as of the same instants; null while they were themselves.")
    async def merged_into(
        self, info: Info
    ) -> Annotated[CustomerSnapshot, strawberry.lazy("api.graphql.customer_snapshot")] | None:
        into = self.profile.merged_into
        return None if into is None else await customer_as_of(info.context, into, self.as_of)

    @resolved("The customers who had proved to be this one, as of the same instants.")
    async def absorbed(
        self, info: Info
    ) -> list[Annotated[CustomerSnapshot, strawberry.lazy("api.graphql.customer_snapshot")]]:
        others = (other for other, _ in self.profile.absorbed)
        found = await gather(*(customer_as_of(info.context, each, self.as_of) for each in others))
        return [snapshot for snapshot in found if snapshot is not None]

    @resolved("The events of their own file, by version, as they were written; amended as was known then.")
    async def history(
        self,
        filter: WhichEvents = None,  # noqa: A002
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Event]:
        return page_of_past(self.past.stream, self.as_of, PageArguments(first, after, last, before), filter)

    @resolved("What was known to be asked to be read otherwise or to count no longer, and what had become of that.")
    def amendments(self) -> list[Amendment]:
        return amendments_of(self.past.stream.amending)


@strawberry.type
class CustomerSnapshotQuery:
    @resolved(
        "A customer as they were known at one instant, as far as it had occurred by another; null when nobody had "
        "registered them. Ask by exactly one of their id and their source key, which is looked up as it is now. Who "
        "had been merged is shown by their own file."
    )
    async def customer_snapshot(
        self,
        info: Info,
        id: Annotated[strawberry.ID | None, strawberry.argument(description="The id of the customer.")] = None,  # noqa: A002
        source_key: Annotated[
            str | None, strawberry.argument(description="Their key in the system they came from.")
        ] = None,
        known_at: KnownAt = None,
        valid_at: ValidAt = None,
        consistency_token: Token = None,
        known_position: KnownPosition = None,
        known_by: KnownByArgument = KnownBy.LEDGER,
    ) -> CustomerSnapshot | None:
        request = info.context
        await request.caught_up(consistency_token)
        asked = asked_past(known_at, known_position, known_by, valid_at)
        customer_id = await customer_asked(request, id, source_key)
        return None if customer_id is None else await customer_snapshot(request, customer_id, asked)


async def customer_asked(request: Request, by_id: str | None, source_key: str | None) -> UUID | None:
    """Whoever goes by an id, or by a key within reach, merged or not. Raises: Problem."""
    by, value = one_argument(id=by_id, sourceKey=source_key)
    door = request.door
    if by == "id":
        return identity_of(value, door.book, Category.CUSTOMER).subject
    found = await door.off_loop(customer_profile.with_source_key, door.ledger.database, door.book, speakable(value))
    if not (await request.reach()).everything:
        seen = await request.loaders.customers.load_many(found)
        found = [each for each, profile in zip(found, seen, strict=True) if profile is not None]
    return the_one(found, "customers", value)


async def customer_snapshot(request: Request, customer_id: UUID, asked: AskedPast) -> CustomerSnapshot | None:
    """A customer as of two instants; None when nobody had registered them. Raises: Problem."""
    as_of = await past(request, asked)
    return None if as_of is None else await customer_as_of(request, customer_id, as_of)


async def customer_as_of(request: Request, customer_id: UUID, as_of: AsOf) -> CustomerSnapshot | None:
    """A customer as of two instants that were found before. Whose past it is lies where the customer does now."""
    reach = await request.reach()
    if not reach.everything and await request.loaders.customers.load(customer_id) is None:
        return None
    at = PastCustomerOf(customer_id, as_of)
    looks_back(request, at)
    found = await request.loaders.past_customers.load(at)
    if found is None:
        return None
    profile = found.profile
    words = [found.words_place(visit) for visit in profile.visits]
    return CustomerSnapshot(
        id=past_id(CUSTOMER_SNAPSHOT, request.door.book, customer_id, as_of),
        known_at=as_of.known_at,
        valid_at=as_of.valid_at,
        known_position=SafeInt(as_of.position),
        known_by=as_of.known_by,
        tier=profile.tier,
        merged_at=profile.merged_at,
        past=found,
        as_of=as_of,
        **facts_of_customer(profile, Places(found.name_place, found.contact_places, words)),
    )


async def customer_snapshot_of_id(request: Request, text: str) -> CustomerSnapshot | None:
    """The snapshot with an id. Raises: Problem for what is no id of one, or has a cut-off that cannot be."""
    return await customer_as_of(request, *await past_in(request, text, CUSTOMER_SNAPSHOT))
