"""Everything that can be read."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

from api.graphql.arguments import After, Before, First, Last, Token, number_in, one_argument, the_one
from api.graphql.audit import AuditEntry
from api.graphql.auditing import (
    ActorOverrides,
    AuditFilter,
    AuditOrder,
    DepartureCount,
    counted_departures,
    counted_overrides,
    listed_entries,
)
from api.graphql.calendar import CalendarQuery
from api.graphql.case import Case, case_of, shown_case
from api.graphql.case_snapshot import CaseSnapshotQuery
from api.graphql.cases import CaseFilter, CaseOrder, listed_cases, listed_complaints
from api.graphql.clock_query import ClockQuery
from api.graphql.compliance import ComplianceQuery
from api.graphql.conformance import ConformanceQuery
from api.graphql.connection import Connection, PageArguments
from api.graphql.customer import Customer, customer_of, shown_customer
from api.graphql.customer_snapshot import CustomerSnapshotQuery
from api.graphql.customers import CustomerFilter, CustomerOrder, listed_customers
from api.graphql.difference import DifferenceQuery
from api.graphql.identity import identity_of
from api.graphql.ledger_head import LedgerHead, head_of_book
from api.graphql.movements import MovementQuery
from api.graphql.node import Node
from api.graphql.nodes import shown_node
from api.graphql.obligation_query import ObligationQuery
from api.graphql.organisation_query import OrganisationQuery
from api.graphql.policy import PolicyQuery
from api.graphql.problem import speakable
from api.graphql.reference import ReferenceQuery
from api.graphql.register import RegisterQuery
from api.graphql.request import Info
from api.graphql.resolved import resolved
from api.graphql.review import ReviewQuery
from api.graphql.sla_summary import SlaSummaryQuery
from api.graphql.viewer import ViewerQuery
from api.graphql.what_if import WhatIfQuery
from domain.stream import Category
from projections import case_file, customer_profile
from projections.audit_trail import Recording

RecordedFrom = Annotated[datetime | None, strawberry.argument(description="Counts what was recorded then or later.")]
RecordedBefore = Annotated[
    datetime | None, strawberry.argument(description="Counts what was recorded earlier than then.")
]


@strawberry.type(description="Everything that can be read.")
class Query(
    OrganisationQuery,
    ObligationQuery,
    MovementQuery,
    RegisterQuery,
    CalendarQuery,
    PolicyQuery,
    ClockQuery,
    ComplianceQuery,
    WhatIfQuery,
    CaseSnapshotQuery,
    CustomerSnapshotQuery,
    DifferenceQuery,
    ConformanceQuery,
    ReviewQuery,
    SlaSummaryQuery,
    ViewerQuery,
    ReferenceQuery,
):
    @resolved("Anything that is a `Node`, by its global id; null when there is no such thing.")
    async def node(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="The global id.")],  # noqa: A002
    ) -> Node | None:
        # Relay fetches anew by this field, and knows it only with `id` alone; a token comes by the header.
        await info.context.caught_up(None)
        return await shown_node(info.context, id)

    @resolved("A case, by exactly one of its id, its number or its source key; null for none.")
    async def case(
        self,
        info: Info,
        id: Annotated[strawberry.ID | None, strawberry.argument(description="Its id.")] = None,  # noqa: A002
        number: Annotated[
            str | None, strawberry.argument(description="Its register number, such as C2026-000123.")
        ] = None,
        source_key: Annotated[
            str | None, strawberry.argument(description="Its key in the system it came from, such as INC0000102.")
        ] = None,
        consistency_token: Token = None,
    ) -> Case | None:
        request = info.context
        await request.caught_up(consistency_token)
        by, value = one_argument(id=id, number=number, sourceKey=source_key)
        book, database = request.door.book, request.door.ledger.database
        if by == "id":
            return await shown_case(request, identity_of(value, book, Category.CASE).subject)
        if by == "number":
            found = await request.door.off_loop(case_file.by_number, database, book, number_in(value))
            files = [] if found is None else [found]
        else:
            files = await request.door.off_loop(case_file.by_source_key, database, book, speakable(value))
        reach = await request.reach()
        file = the_one([each for each in files if reach.holds(each)], "cases", value)
        return None if file is None else case_of(file, book)

    @resolved("The book's cases.")
    async def cases(
        self,
        info: Info,
        filter: Annotated[  # noqa: A002
            CaseFilter | None, strawberry.argument(description="Which cases; all when left out.")
        ] = None,
        order_by: Annotated[
            CaseOrder | None, strawberry.argument(description="The order; latest received first when left out.")
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        consistency_token: Token = None,
    ) -> Connection[Case]:
        await info.context.caught_up(consistency_token)
        return await listed_cases(info.context, filter, order_by, PageArguments(first, after, last, before))

    @resolved("The book's complaints (投诉): its cases of that kind.")
    async def complaints(
        self,
        info: Info,
        filter: Annotated[  # noqa: A002
            CaseFilter | None,
            strawberry.argument(
                description="Which of them; all when left out. Their `kind` is COMPLAINT and no other."
            ),
        ] = None,
        order_by: Annotated[
            CaseOrder | None, strawberry.argument(description="The order; latest received first when left out.")
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        consistency_token: Token = None,
    ) -> Connection[Case]:
        await info.context.caught_up(consistency_token)
        return await listed_complaints(info.context, filter, order_by, PageArguments(first, after, last, before))

    @resolved("A customer, by exactly one of their id or their source key; null for none.")
    async def customer(
        self,
        info: Info,
        id: Annotated[strawberry.ID | None, strawberry.argument(description="Their id.")] = None,  # noqa: A002
        source_key: Annotated[
            str | None, strawberry.argument(description="Their key in the system they came from.")
        ] = None,
        consistency_token: Token = None,
    ) -> Customer | None:
        request = info.context
        await request.caught_up(consistency_token)
        by, value = one_argument(id=id, sourceKey=source_key)
        book, database = request.door.book, request.door.ledger.database
        if by == "id":
            return await shown_customer(request, identity_of(value, book, Category.CUSTOMER).subject)
        found = await request.door.off_loop(customer_profile.by_source_key, database, book, speakable(value))
        everything = (await request.reach()).everything
        ids = [each.customer_id for each in found]
        seen = found if everything else await request.loaders.customers.load_many(ids)
        profile = the_one([each for each in seen if each is not None], "customers", value)
        return None if profile is None else customer_of(profile, book)

    @resolved("The book's registered customers.")
    async def customers(
        self,
        info: Info,
        filter: Annotated[  # noqa: A002
            CustomerFilter | None, strawberry.argument(description="Which customers; all when left out.")
        ] = None,
        order_by: Annotated[
            CustomerOrder | None, strawberry.argument(description="The order; latest registered first when left out.")
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        consistency_token: Token = None,
    ) -> Connection[Customer]:
        await info.context.caught_up(consistency_token)
        return await listed_customers(info.context, filter, order_by, PageArguments(first, after, last, before))

    @resolved("Everything recorded in the book, as it was written: who did what to which subject, and what it changed.")
    async def audit_trail(
        self,
        info: Info,
        filter: Annotated[  # noqa: A002
            AuditFilter | None, strawberry.argument(description="Which events; all when left out.")
        ] = None,
        order_by: Annotated[
            AuditOrder | None, strawberry.argument(description="The order; latest recorded first when left out.")
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        consistency_token: Token = None,
    ) -> Connection[AuditEntry]:
        await info.context.caught_up(consistency_token)
        where = (filter or AuditFilter()).of_view(info.context.door.book)
        arguments = PageArguments(first, after, last, before)
        return await listed_entries(info.context, where, order_by or AuditOrder(), arguments)

    @resolved("How often history left the declared life, by the step in which it did, most frequent first.")
    async def departures(
        self,
        info: Info,
        recorded_from: RecordedFrom = None,
        recorded_before: RecordedBefore = None,
        consistency_token: Token = None,
    ) -> list[DepartureCount]:
        await info.context.caught_up(consistency_token)
        return await counted_departures(info.context, Recording(recorded_from, recorded_before))

    @resolved("What was done beside the ordinary course of things, by who acted; who has most stands first.")
    async def overrides(
        self,
        info: Info,
        actor: Annotated[str | None, strawberry.argument(description="Of this actor alone.")] = None,
        recorded_from: RecordedFrom = None,
        recorded_before: RecordedBefore = None,
        back_dated_over: Annotated[
            int,
            strawberry.argument(
                description="From how many seconds on an event counts as back-dated; a day when left out."
            ),
        ] = 86_400,
        first: Annotated[int, strawberry.argument(description="How many actors; at most 100.")] = 20,
        consistency_token: Token = None,
    ) -> list[ActorOverrides]:
        await info.context.caught_up(consistency_token)
        recording = Recording(recorded_from, recorded_before)
        return await counted_overrides(info.context, actor, recording, back_dated_over, first)

    @resolved("Where the book stands.")
    async def ledger_head(self, info: Info) -> LedgerHead:
        return await head_of_book(info.context.door)
