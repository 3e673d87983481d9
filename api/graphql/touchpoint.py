"""A touchpoint as a front end sees it: one moment in which a customer and the company met."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from api.graphql.amendments import Amendment, amendments_of
from api.graphql.attachment import Attachment, attachments_of
from api.graphql.enums import Channel, Direction, Precision
from api.graphql.identity import global_id
from api.graphql.node import Node
from api.graphql.personal import PersonalString, shown_personal
from api.graphql.request import Info, Request
from api.graphql.resolved import resolved
from domain.correction import applied
from domain.envelope import Recorded
from domain.event import Event
from domain.stream import Category, stream_of, subject_of
from domain.touchpoint import TouchpointRecorded
from ledger.ledger import PersonalPlace

if TYPE_CHECKING:
    from api.graphql.case import Case
    from api.graphql.customer import Customer


@strawberry.type(description="One moment in which a customer and the company met.")
class Touchpoint(Node):
    channel: Channel = strawberry.field(description="How the words travelled.")
    direction: Direction = strawberry.field(description="Who reached whom; IN is towards the company.")
    medium_id: str | None = strawberry.field(description="Which of the company's own numbers, counters or accounts.")
    staff: str | None = strawberry.field(description="The member of staff.")
    unit: str | None = strawberry.field(description="The unit.")
    occurred_at: datetime = strawberry.field(description="When it was.")
    occurred_precision: Precision = strawberry.field(description="How exactly that is known.")
    recorded_at: datetime = strawberry.field(description="When the ledger heard of it.")
    customer_id: strawberry.Private[UUID | None]
    case_id: strawberry.Private[UUID | None]
    stream: strawberry.Private[str]
    words_place: strawberry.Private[PersonalPlace | None]

    @resolved("The customer, when known.")
    async def customer(self, info: Info) -> Annotated[Customer, strawberry.lazy("api.graphql.customer")] | None:
        from api.graphql.customer import shown_customer

        return None if self.customer_id is None else await shown_customer(info.context, self.customer_id)

    @resolved("The case it belongs to, when it belongs to one.")
    async def case(self, info: Info) -> Annotated[Case, strawberry.lazy("api.graphql.case")] | None:
        from api.graphql.case import shown_case

        return None if self.case_id is None else await shown_case(info.context, self.case_id)

    @resolved("What was said, word for word.")
    async def words(self, info: Info) -> PersonalString | None:
        return await shown_personal(info.context, self.words_place)

    @resolved("The files that belong to it, in the order in which they were attached (附件).")
    async def attachments(self, info: Info) -> list[Attachment]:
        return await attachments_of(info.context, self.stream)

    @resolved("What was asked to be read otherwise or to count no longer, and what became of that.")
    async def amendments(self, info: Info) -> list[Amendment]:
        return amendments_of(await info.context.loaders.histories.load(self.stream) or ())


def touchpoint_of(recorded: Recorded[Event], event: TouchpointRecorded) -> Touchpoint:
    """A touchpoint out of the event that recorded it, in its envelope."""
    return Touchpoint(
        id=strawberry.ID(global_id(Category.TOUCHPOINT, recorded.book, subject_of(recorded.stream))),
        channel=event.channel,
        direction=event.direction,
        medium_id=event.medium_id,
        staff=event.staff,
        unit=event.unit,
        occurred_at=recorded.occurred_at,
        occurred_precision=recorded.occurred_precision,
        recorded_at=recorded.recorded_at,
        customer_id=event.customer_id,
        case_id=event.case_id,
        stream=recorded.stream,
        words_place=None
        if event.words is None
        else PersonalPlace(recorded.stream, recorded.version, "/words", as_read=True),
    )


async def shown_touchpoint(request: Request, touchpoint_id: UUID) -> Touchpoint | None:
    """A touchpoint as it is read by now; None when there is none, or none any more."""
    if not await request.sees(Category.TOUCHPOINT, touchpoint_id):
        return None
    return await touchpoint_within_reach(request, touchpoint_id)


async def touchpoint_within_reach(request: Request, touchpoint_id: UUID) -> Touchpoint | None:
    """A touchpoint that the asker has been told of already, as it is read by now; None when there is none any more."""
    stream = stream_of(Category.TOUCHPOINT, touchpoint_id)
    history = await request.loaders.histories.load(stream) or ()
    return next(
        (touchpoint_of(one, one.event) for one in applied(history) if isinstance(one.event, TouchpointRecorded)), None
    )
