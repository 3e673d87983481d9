"""Lists of customers: how they are narrowed down and ordered."""

from __future__ import annotations

from enum import StrEnum
from functools import partial

import strawberry

from api.graphql.cases import Sorting
from api.graphql.connection import Connection, PageArguments, connection_of
from api.graphql.customer import Customer, customer_of
from api.graphql.enums import CustomerKind, Tier, shown
from api.graphql.problem import speakable
from api.graphql.request import Request
from projections import customer_profile


class CustomerOrderField(StrEnum):
    """By what customers are ordered."""

    REGISTERED_AT = "registered"
    LAST_TOUCHPOINT_AT = "contacted"


shown(
    CustomerOrderField,
    "CustomerOrderField",
    "By what customers are ordered.",
    {
        "REGISTERED_AT": "When they got their file.",
        "LAST_TOUCHPOINT_AT": "When they and the company last met; those who never did are left out.",
    },
)


@strawberry.input(description="An order of customers.")
class CustomerOrder:
    field: CustomerOrderField = strawberry.field(
        default=CustomerOrderField.REGISTERED_AT, description="By what they are ordered."
    )
    direction: Sorting = strawberry.field(default=Sorting.DESC, description="Which way the order runs.")


@strawberry.input(
    description="Which customers: those for which everything given holds. A list holds for any of its values; an empty "
    "one asks nothing."
)
class CustomerFilter:
    kind: list[CustomerKind] = strawberry.field(default_factory=list, description="Whether they are human beings.")
    tier: list[Tier] = strawberry.field(default_factory=list, description="The class they are in.")
    manager: str | None = strawberry.field(default=None, description="The member of staff who manages them.")


async def listed_customers(
    request: Request, where: CustomerFilter | None, order_by: CustomerOrder | None, arguments: PageArguments
) -> Connection[Customer]:
    """A page of the book's registered customers. Raises: Problem."""
    door, order, chosen = request.door, order_by or CustomerOrder(), where or CustomerFilter()
    window = arguments.window(customer_profile.ORDERS[order.field.value], descending=order.direction is Sorting.DESC)
    manager = None if chosen.manager is None else speakable(chosen.manager)
    narrowed = customer_profile.CustomerFilter(tuple(chosen.kind), tuple(chosen.tier), manager)
    reach = await request.reach()
    page = await door.off_loop(customer_profile.page, door.ledger.database, door.book, window, narrowed, reach)
    return connection_of(window, page.rows, more=page.has_more, show=partial(customer_of, book=door.book))
