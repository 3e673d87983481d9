"""A movement as a front end sees it: one time that a case changed hands."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from api.graphql.connection import Connection, PageArguments, connection_of
from api.graphql.enums import Precision, shown
from api.graphql.loaders import MovementsOf
from api.graphql.request import Info, Request
from api.graphql.resolved import resolved
from api.graphql.scalars import SafeInt
from projections import movement
from projections.movement import OCCURRED, MovementKind
from projections.paging import Page

if TYPE_CHECKING:
    from api.graphql.case import Case

shown(
    MovementKind,
    "MovementKind",
    "How a case changed hands.",
    {
        "REGISTERED": "A unit or a handler had it from its registration.",
        "DISPATCHED": "It was sent to a unit while none held it (派单).",
        "RETURNED": "A unit gave it back (退单).",
        "TRANSFERRED": "It went from one unit to another (转派).",
        "ASSIGNED": "It was given a handler.",
        "UNASSIGNED": "Its handler let go of it.",
        "ESCALATED": "It was brought before a unit or somebody on a higher level.",
    },
)


@strawberry.type(description="One time that a case changed hands, as it is read by now. What is not known is null.")
class Movement:
    kind: MovementKind = strawberry.field(description="How it changed hands.")
    occurred_at: datetime = strawberry.field(description="When it happened.")
    occurred_zone: str = strawberry.field(description="The IANA zone in which that was written down.")
    occurred_precision: Precision = strawberry.field(description="How exactly that is known.")
    recorded_at: datetime = strawberry.field(description="When the ledger heard of it.")
    position: SafeInt = strawberry.field(description="The event's place in the book.")
    version: int = strawberry.field(description="The event's place in the case's history.")
    from_unit: str | None = strawberry.field(description="The unit that let go of it.")
    to_unit: str | None = strawberry.field(description="The unit that it went to.")
    from_handler: str | None = strawberry.field(description="Who let go of it.")
    to_handler: str | None = strawberry.field(description="Who handles it from here on.")
    reason: str | None = strawberry.field(description="Why.")
    case_id: strawberry.Private[UUID]

    @resolved("The case.")
    async def case(self, info: Info) -> Annotated[Case, strawberry.lazy("api.graphql.case")] | None:
        from api.graphql.case import shown_case

        return await shown_case(info.context, self.case_id)


SAME = (
    "kind", "occurred_at", "occurred_zone", "occurred_precision", "recorded_at", "version", "from_unit", "to_unit",
    "from_handler", "to_handler", "reason", "case_id",
)  # fmt: skip
"""Fields that the view has just as the schema shows them."""


def movement_of(moved: movement.Movement) -> Movement:
    """A movement of the view as the schema shows it."""
    return Movement(position=SafeInt(moved.position), **{name: getattr(moved, name) for name in SAME})


async def movements_of(request: Request, case_id: UUID, arguments: PageArguments) -> Connection[Movement]:
    """A page of one case's movements, the first one first. Raises: Problem."""
    window = arguments.window(OCCURRED, descending=False)
    page = await request.loaders.movements_of.load(MovementsOf(case_id, window)) or Page([], has_more=False)
    return connection_of(window, page.rows, more=page.has_more, show=movement_of)


async def page_of_movements(
    request: Request, where: movement.MovementFilter, arguments: PageArguments, *, descending: bool
) -> Connection[Movement]:
    """A page of movements. Raises: Problem."""
    window, door = arguments.window(OCCURRED, descending=descending), request.door
    page = await door.off_loop(movement.page, door.ledger.database, door.book, window, where, await request.reach())
    return connection_of(window, page.rows, more=page.has_more, show=movement_of)
