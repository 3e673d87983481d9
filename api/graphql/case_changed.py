"""A case that is followed: what was recorded about it, each time with the case as it is by then."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

import strawberry

from api.access.rules import Scope
from api.graphql.case import Case, shown_case
from api.graphql.consistency import Place
from api.graphql.passing import lasting, passing, shown_by
from api.graphql.request import Request
from api.graphql.scalars import ConsistencyToken, SafeInt
from api.live.about import About
from domain.stream import Category
from ledger.marks import Mark

REACHING: Mapping[Scope, Category | None] = MappingProxyType({
    Scope.OWN: Category.CUSTOMER,
    Scope.UNIT: Category.UNIT,
    Scope.ALL: None,
})  # fmt: skip
"""What moves what lies within somebody's reach, beside what happens to it."""


@strawberry.type(description="Something was recorded, and what is shown of a case may be another by it.")
class CaseChange:
    topic: str = strawberry.field(description="What happened, with the version of its schema: `case-resolved.1`.")
    subject_kind: Category = strawberry.field(
        description="What kind of thing it happened to: `CASE` for the case itself or one that was merged into it; "
        "otherwise what the case or its clocks rest on, such as an obligation, a touchpoint or the customer."
    )
    version: int = strawberry.field(description="Its place in the stream of that thing, from 1 without gaps.")
    position: SafeInt = strawberry.field(description="Its place in the book.")
    occurred_at: datetime = strawberry.field(description="When it happened.")
    recorded_at: datetime = strawberry.field(description="When the ledger heard of it.")
    case: Case = strawberry.field(
        description="The case as it stands when this is told, which may show later changes already."
    )
    consistency_token: ConsistencyToken = strawberry.field(
        description="Stands for this change: after it, the next one follows."
    )


async def case_changes(request: Request, case_id: UUID, place: Place) -> AsyncGenerator[CaseChange | None, None]:
    """What is recorded about a case after a place. Null, and nothing more, when there is no such case within reach, or
    none any more."""
    door = request.door
    about = About(door.ledger, case_id, beside=request.rights.scope is not Scope.OWN)

    async def shown() -> Case | None:
        request.read_again()
        return await shown_case(request, case_id)

    if not await shown_by(door, place.position):
        return
    request.forget()
    if await lasting(door, shown) is None:
        yield None
        return
    await lasting(door, lambda: door.in_turn(about.learn, place.position))
    async with aclosing(passing(door, place.position)) as pages:
        async for page in pages:
            looked, moving = False, REACHING[request.rights.scope]
            for mark in page:
                told = about.holds(mark)
                if not told and mark.kind != moving:
                    continue
                if not looked:
                    request.forget()
                    looked = True
                moving = moving if told else None  # who reaches how far is read once a page
                case = await lasting(door, shown)
                if case is None:  # it lies beyond reach by now, or counts no longer
                    yield None
                    return
                if told:
                    yield _change(mark, case, door.token(mark.position))
                if told and about.is_news(mark):
                    await lasting(door, lambda at=mark.position: door.in_turn(about.learn, at))  # type: ignore[misc]


def _change(mark: Mark, case: Case, token: ConsistencyToken) -> CaseChange:
    return CaseChange(
        topic=mark.topic,
        subject_kind=Category(mark.kind),
        version=mark.version,
        position=SafeInt(mark.position),
        occurred_at=mark.occurred_at,
        recorded_at=mark.recorded_at,
        case=case,
        consistency_token=token,
    )
