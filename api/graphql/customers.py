"""Lists of customers: how they are narrowed down and ordered."""

from __future__ import annotations

from enum import StrEnum
from functools import partial

import strawberry

from api.access.rules import Showing
from api.graphql.connection import Connection, PageArguments, connection_of
from api.graphql.customer import Customer, customer_of
from api.graphql.enums import CustomerKind, Tier, shown
from api.graphql.problem import Code, Problem, speakable
from api.graphql.request import Request
from api.graphql.sorting import Sorting
from projections import customer_lookup, customer_profile
from projections.customer_lookup import Sought
from projections.search_terms import LONGEST


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
    search: str | None = strawberry.field(
        default=None,
        description="Who goes by that: a name or the beginnings of its words (`feng`, `冯`, `小明`), a phone number "
        "however it is written, an e-mail address or account, or their key in the system they came from. Roles to "
        "which personal values are masked find by whole names, numbers and addresses alone. At most 200 characters.",
    )


def sought_by(request: Request, text: str) -> Sought:
    """What a search asks the blind index; whole texts alone, where the asker's role has personal values masked.

    Raises: Problem when there is nothing in the text to look for, or more than anybody goes by.
    """
    if len(text) > LONGEST:
        message = f"A search has at most {LONGEST} characters, and this one has {len(text)}; ask for less."
        raise Problem(Code.BAD_ARGUMENTS, message, limit=LONGEST, found=len(text))
    partly = request.rights.personal is Showing.OPEN
    sought = customer_lookup.sought(request.door.ledger.blind_index, text, partly=partly)
    if sought is None:
        message = f"There is nothing in {text!r} to look for; give a name, a number, an address, or a part of a name."
        raise Problem(Code.BAD_ARGUMENTS, message)
    return sought


async def listed_customers(
    request: Request, where: CustomerFilter | None, order_by: CustomerOrder | None, arguments: PageArguments
) -> Connection[Customer]:
    """A page of the book's registered customers. Raises: Problem."""
    door, order, chosen = request.door, order_by or CustomerOrder(), where or CustomerFilter()
    window = arguments.window(customer_profile.ORDERS[order.field.value], descending=order.direction is Sorting.DESC)
    manager = None if chosen.manager is None else speakable(chosen.manager)
    found = None if chosen.search is None else sought_by(request, chosen.search)
    narrowed = customer_profile.CustomerFilter(tuple(chosen.kind), tuple(chosen.tier), manager, found)
    reach = await request.reach()
    page = await door.off_loop(customer_profile.page, door.ledger.database, door.book, window, narrowed, reach)
    return connection_of(window, page.rows, more=page.has_more, show=partial(customer_of, book=door.book))
