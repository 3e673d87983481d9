"""Movements of the whole book: listed, counted by units, and how long dispatches took."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated

import strawberry

from api.graphql.arguments import (
    After,
    Before,
    Direction,
    First,
    Last,
    OccurredBefore,
    OccurredFrom,
    Token,
)
from api.graphql.connection import Connection, PageArguments
from api.graphql.enums import shown
from api.graphql.identity import identity_of
from api.graphql.movement import Movement, page_of_movements
from api.graphql.problem import speakable
from api.graphql.request import Info, Request
from api.graphql.resolved import resolved
from api.graphql.sorting import Sorting
from domain.stream import Category
from projections import handing_on, movement
from projections.handing_on import Since
from projections.movement import MovementKind, Period

shown(
    Since,
    "DispatchSince",
    "From when on a dispatch takes time.",
    {"RECEIVED": "From the case's receipt.", "REGISTERED": "From its registration."},
)


@strawberry.input(
    description="Which movements: those for which everything given holds. A list holds for any of its values; an empty "
    "one asks nothing."
)
class MovementFilter:
    case_id: strawberry.ID | None = strawberry.field(default=None, description="The case that changed hands.")
    kind: list[MovementKind] = strawberry.field(default_factory=list, description="How it changed hands.")
    from_unit: str | None = strawberry.field(default=None, description="The unit that let go of it.")
    to_unit: str | None = strawberry.field(default=None, description="The unit that it went to.")
    handler: str | None = strawberry.field(default=None, description="Who handled it before or after.")
    occurred_from: datetime | None = strawberry.field(default=None, description="Happened then or later.")
    occurred_before: datetime | None = strawberry.field(default=None, description="Happened earlier than then.")

    def of_view(self, book: str) -> movement.MovementFilter:
        """The filter of the view. Raises: Problem."""
        case = None if self.case_id is None else identity_of(self.case_id, book, Category.CASE)
        return movement.MovementFilter(
            case_id=case and case.subject,
            kinds=tuple(self.kind),
            from_unit=None if self.from_unit is None else speakable(self.from_unit),
            to_unit=None if self.to_unit is None else speakable(self.to_unit),
            handler=None if self.handler is None else speakable(self.handler),
            period=Period(self.occurred_from, self.occurred_before),
        )


@strawberry.type(description="How often cases went from one unit to another (转派统计).")
class MovementCount:
    kind: MovementKind = strawberry.field(description="How they changed hands.")
    from_unit: str | None = strawberry.field(description="The unit that let go of them; null for none.")
    to_unit: str | None = strawberry.field(description="The unit that they went to; null for none.")
    movements: int = strawberry.field(description="How often.")
    cases: int = strawberry.field(description="How many cases these were: one may go the same way again.")


@strawberry.type(description="How many cases a unit was given, and how many it gave back (退单).")
class UnitReturns:
    unit: str = strawberry.field(description="The unit.")
    given: int = strawberry.field(description="Dispatched or transferred to it, or registered with it.")
    returned: int = strawberry.field(description="Given back by it.")


@strawberry.type(description="How long it took until cases were first dispatched to one unit.")
class DispatchLatency:
    unit: str = strawberry.field(description="The unit.")
    cases: int = strawberry.field(description="How many cases the figures are made of.")
    by_day: int = strawberry.field(
        description="How many are left out, since the receipt or the dispatch is known by its day only."
    )
    early: int = strawberry.field(
        description="How many were dispatched before the beginning; they count with less than nothing."
    )
    median_seconds: float | None = strawberry.field(description="Half of the cases took no longer.")
    nine_tenths_seconds: float | None = strawberry.field(description="Nine of ten cases took no longer.")


@strawberry.type(description="How many cases were resolved, and how many of them were never transferred.")
class FirstContactResolution:
    unit: str | None = strawberry.field(description="The unit that holds them; null for none.")
    resolved: int = strawberry.field(description="Those whose outcome stands.")
    untransferred: int = strawberry.field(description="Those that no unit passed on to another.")


async def counted_movements(request: Request, kinds: list[MovementKind], period: Period) -> list[MovementCount]:
    """Movements by kind and pair of units, the most frequent first."""
    door, reach = request.door, await request.reach()
    read = partial(handing_on.counts, door.ledger.database, door.book, period, kinds=kinds, reach=reach)
    rows = await door.off_loop(read)
    return [MovementCount(**row._asdict()) for row in rows]


async def counted_returns(request: Request, period: Period) -> list[UnitReturns]:
    """Returns by unit, most first."""
    door, reach = request.door, await request.reach()
    rows = await door.off_loop(partial(handing_on.returns, door.ledger.database, door.book, period, reach=reach))
    return [UnitReturns(**row._asdict()) for row in rows]


async def measured_dispatches(request: Request, since: Since, period: Period) -> list[DispatchLatency]:
    """The latency of dispatches by unit."""
    door, reach = request.door, await request.reach()
    read = partial(handing_on.dispatch_latency, door.ledger.database, door.book, period, since=since, reach=reach)
    rows = await door.off_loop(read)
    return [DispatchLatency(**row._asdict()) for row in rows]


async def counted_first_contacts(request: Request, period: Period) -> list[FirstContactResolution]:
    """First-contact resolution by unit."""
    door, reach = request.door, await request.reach()
    rows = await door.off_loop(partial(handing_on.first_contact, door.ledger.database, door.book, period, reach=reach))
    return [FirstContactResolution(**row._asdict()) for row in rows]


@strawberry.type(description="What can be asked of movements.")
class MovementQuery:
    @resolved("Each time a case of the book changed hands.")
    async def movements(
        self,
        info: Info,
        filter: Annotated[  # noqa: A002
            MovementFilter | None, strawberry.argument(description="Which movements; all when left out.")
        ] = None,
        direction: Direction = Sorting.DESC,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        consistency_token: Token = None,
    ) -> Connection[Movement]:
        await info.context.caught_up(consistency_token)
        chosen = (filter or MovementFilter()).of_view(info.context.door.book)
        arguments = PageArguments(first, after, last, before)
        return await page_of_movements(info.context, chosen, arguments, descending=direction is Sorting.DESC)

    @resolved("How often cases went from unit to unit (转派统计), the most frequent way first; at most 1000 ways.")
    async def movement_counts(
        self,
        info: Info,
        kind: Annotated[
            list[MovementKind] | None,
            strawberry.argument(description="How they changed hands; transfers when left out, all when empty."),
        ] = None,
        occurred_from: OccurredFrom = None,
        occurred_before: OccurredBefore = None,
        consistency_token: Token = None,
    ) -> list[MovementCount]:
        await info.context.caught_up(consistency_token)
        kinds = [MovementKind.TRANSFERRED] if kind is None else kind
        return await counted_movements(info.context, kinds, Period(occurred_from, occurred_before))

    @resolved("How many cases each unit was given and gave back (退单), most returns first; at most 1000 units.")
    async def returns_by_unit(
        self,
        info: Info,
        occurred_from: OccurredFrom = None,
        occurred_before: OccurredBefore = None,
        consistency_token: Token = None,
    ) -> list[UnitReturns]:
        await info.context.caught_up(consistency_token)
        return await counted_returns(info.context, Period(occurred_from, occurred_before))

    @resolved("How long it took until cases were first dispatched, by the unit they went to; at most 1000 units.")
    async def dispatch_latency(
        self,
        info: Info,
        since: Annotated[Since, strawberry.argument(description="Where the time begins.")] = Since.RECEIVED,
        occurred_from: OccurredFrom = None,
        occurred_before: OccurredBefore = None,
        consistency_token: Token = None,
    ) -> list[DispatchLatency]:
        await info.context.caught_up(consistency_token)
        return await measured_dispatches(info.context, since, Period(occurred_from, occurred_before))

    @resolved("How many cases were resolved without a transfer, by the unit that holds them; at most 1000 units.")
    async def first_contact_resolution(
        self,
        info: Info,
        occurred_from: OccurredFrom = None,
        occurred_before: OccurredBefore = None,
        consistency_token: Token = None,
    ) -> list[FirstContactResolution]:
        await info.context.caught_up(consistency_token)
        return await counted_first_contacts(info.context, Period(occurred_from, occurred_before))
