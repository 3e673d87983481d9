"""A unit (机构) as a front end sees it: as it is now, and as it was at any instant."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import strawberry

from api.graphql.allowed_actions import AllowedAction, Only, allowed_actions
from api.graphql.connection import AFTER, BEFORE, FIRST, LAST, Connection, PageArguments
from api.graphql.enums import UnitKind
from api.graphql.history import BY_VERSION, Event, page_of_history
from api.graphql.identity import global_id
from api.graphql.loaders import TreeAt
from api.graphql.node import Node
from api.graphql.request import Info, Request
from api.graphql.resolved import resolved
from api.graphql.scalars import SafeInt
from domain.stream import Category
from projections.unit import Tree, UnitAt, UnitView
from replay.as_of import AsOf as PastInstants
from replay.as_of import KnownBy

AsOf = Annotated[datetime, strawberry.argument(description="The instant, with an offset or Z.")]


@strawberry.type(description="A unit as it was at an instant, in the tree of then.")
class UnitSnapshot:
    as_of: datetime = strawberry.field(description="The instant by which it had occurred.")
    known_at: datetime | None = strawberry.field(
        description="Known is what was recorded by then; null for what is known by now."
    )
    known_position: SafeInt | None = strawberry.field(
        description="The last position of the book that was known, or looked at; null for what is known by now."
    )
    known_by: KnownBy = strawberry.field(description="Who had to know of an event.")
    name: str = strawberry.field(description="What it was called then.")
    kind: UnitKind = strawberry.field(description="What it is in the group.")
    is_open: bool = strawberry.field(description="Whether it was open then.")
    depth: int = strawberry.field(description="How many units stood above it.")
    calendar: str | None = strawberry.field(
        description="The calendar by which it worked, its own or that of the nearest unit above; null for none."
    )
    path: list[str] = strawberry.field(description="The names of then, from the top down to its own.")
    unit_id: strawberry.Private[UUID]

    @resolved("The unit as it is now.")
    async def unit(self, info: Info) -> Annotated[Unit, strawberry.lazy("api.graphql.unit")] | None:
        return await shown_unit(info.context, self.unit_id)


def snapshot_of(was: UnitAt, tree: Tree, at: datetime, then: PastInstants | None = None) -> UnitSnapshot:
    """A unit of a tree as the schema shows it, as known by now or then."""
    path = tree.path(was.unit_id)
    return UnitSnapshot(
        as_of=at,
        known_at=then and then.known_at,
        known_position=then and SafeInt(then.position),
        known_by=then.known_by if then else KnownBy.LEDGER,
        name=was.name,
        kind=was.kind,
        is_open=was.is_open,
        depth=len(path) - 1,
        calendar=tree.calendar_of(was.unit_id),
        path=[each.name for each in path],
        unit_id=was.unit_id,
    )


@strawberry.type(description="A name that a unit bore, or bears.")
class UnitNaming:
    since: datetime = strawberry.field(description="Since when.")
    name: str = strawberry.field(description="The name.")


@strawberry.type(description="By which calendar a unit works, or worked.")
class UnitHours:
    since: datetime = strawberry.field(description="Since when.")
    calendar: str | None = strawberry.field(
        description="The calendar, by name; null when it had none of its own from then on."
    )


@strawberry.type(description="That one unit supervises another (督办).")
class Supervision:
    reason: str = strawberry.field(description="Why, as the installation's list has it.")
    since: datetime = strawberry.field(description="Since when.")
    until: datetime | None = strawberry.field(description="Until when; null while it goes on.")
    supervisor_id: strawberry.Private[UUID]

    @resolved("The unit that supervises.")
    async def supervisor(self, info: Info) -> Annotated[Unit, strawberry.lazy("api.graphql.unit")] | None:
        return await shown_unit(info.context, self.supervisor_id)


@strawberry.type(description="A unit of the group (机构), as it is now.")
class Unit(Node):
    name: str = strawberry.field(description="What it is called; cases and touchpoints name it so.")
    kind: UnitKind = strawberry.field(description="What it is in the group.")
    is_open: bool = strawberry.field(description="Whether it is open.")
    opened_at: datetime = strawberry.field(description="When it was first opened.")
    names: list[UnitNaming] = strawberry.field(description="What it was called, in the order in which that was told.")
    calendar: str | None = strawberry.field(
        description="The calendar by which it works, when that is its own; `snapshot` says which it has from above."
    )
    hours: list[UnitHours] = strawberry.field(
        description="By which calendars of its own it worked, in the order in which that was told."
    )
    supervisions: list[Supervision] = strawberry.field(description="Which units supervise it, and did.")
    last_occurred_at: datetime = strawberry.field(description="When the latest thing happened to it.")
    last_recorded_at: datetime = strawberry.field(description="When the ledger last heard of it.")
    version: int = strawberry.field(description="The version that this shows; give it back as `expectedVersion`.")
    position: SafeInt = strawberry.field(description="The position in the book of the latest event that this shows.")
    view: strawberry.Private[UnitView]

    @resolved("The unit above it; null at the top.")
    async def parent(self, info: Info) -> Annotated[Unit, strawberry.lazy("api.graphql.unit")] | None:
        return None if self.view.parent is None else await shown_unit(info.context, self.view.parent)

    @resolved("The units right below it, by name.")
    async def subunits(self, info: Info) -> list[Annotated[Unit, strawberry.lazy("api.graphql.unit")]]:
        found = await info.context.loaders.units_below.load(self.view.unit_id) or ()
        return [unit_of(view, info.context.door.book) for view in found]

    @resolved("The unit as it was at an instant; null before it was opened.")
    async def snapshot(self, info: Info, as_of: AsOf) -> UnitSnapshot | None:
        was = self.view.as_of(as_of)
        tree = await info.context.loaders.trees.load(TreeAt(as_of))
        return None if was is None or tree is None else snapshot_of(was, tree, as_of)

    @resolved(
        "What can be asked about it in the asker's role, and whether it could be done now; but for files, and for what "
        "puts right what is recorded."
    )
    async def allowed_actions(self, info: Info, only: Only = None) -> list[AllowedAction]:
        return await allowed_actions(info.context, Category.UNIT, self.view.stream, only)

    @resolved("Its events, by version.")
    async def history(
        self,
        info: Info,
        first: Annotated[int | None, FIRST] = None,
        after: Annotated[str | None, AFTER] = None,
        last: Annotated[int | None, LAST] = None,
        before: Annotated[str | None, BEFORE] = None,
    ) -> Connection[Event]:
        window = PageArguments(first, after, last, before).window(BY_VERSION, descending=False)
        return page_of_history(await info.context.loaders.histories.load(self.view.stream) or (), window)


def unit_of(view: UnitView, book: str) -> Unit:
    """A unit as the schema shows it."""
    return Unit(
        id=strawberry.ID(global_id(Category.UNIT, book, view.unit_id)),
        name=view.name,
        kind=view.kind,
        is_open=view.is_open,
        opened_at=view.opened_at,
        names=[UnitNaming(since=since, name=name) for since, name in view.names],
        calendar=view.calendar,
        hours=[UnitHours(since=since, calendar=calendar) for since, calendar in view.hours],
        supervisions=[
            Supervision(reason=one.reason, since=one.since, until=one.until, supervisor_id=one.supervisor)
            for one in view.supervisions
        ],
        last_occurred_at=view.last_occurred_at,
        last_recorded_at=view.last_recorded_at,
        version=view.version,
        position=SafeInt(view.position),
        view=view,
    )


async def shown_unit(request: Request, unit_id: UUID) -> Unit | None:
    """A unit as it is now; None when it was never opened."""
    view = await request.loaders.units.load(unit_id)
    return None if view is None else unit_of(view, request.door.book)
