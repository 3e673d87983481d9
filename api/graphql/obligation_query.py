"""What can be read of obligations."""

from __future__ import annotations

from typing import Annotated

import strawberry

from api.graphql.arguments import After, Before, First, Last, Token
from api.graphql.connection import Connection, PageArguments
from api.graphql.identity import identity_of
from api.graphql.obligation import (
    Obligation,
    ObligationFilter,
    ObligationOrder,
    listed_obligations,
    shown_obligation,
)
from api.graphql.request import Info
from api.graphql.resolved import resolved
from domain.stream import Category


@strawberry.type
class ObligationQuery:
    @resolved("An obligation, by its id; null for none.")
    async def obligation(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")],  # noqa: A002
        consistency_token: Token = None,
    ) -> Obligation | None:
        await info.context.caught_up(consistency_token)
        return await shown_obligation(
            info.context, identity_of(id, info.context.door.book, Category.OBLIGATION).subject
        )

    @resolved("What is owed in the book.")
    async def obligations(
        self,
        info: Info,
        filter: Annotated[  # noqa: A002
            ObligationFilter | None, strawberry.argument(description="Which obligations; all when left out.")
        ] = None,
        order_by: Annotated[
            ObligationOrder | None, strawberry.argument(description="The order; first due first when left out.")
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        consistency_token: Token = None,
    ) -> Connection[Obligation]:
        await info.context.caught_up(consistency_token)
        return await listed_obligations(info.context, filter, order_by, PageArguments(first, after, last, before))
