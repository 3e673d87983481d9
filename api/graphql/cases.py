"""Lists of cases: how they are narrowed down and ordered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from functools import partial

import strawberry

from api.access.reaching import names_below
from api.graphql.case import Case, case_of
from api.graphql.connection import Connection, PageArguments, connection_of
from api.graphql.enums import CaseKind, Channel, OpenLoop, Priority, Status, shown
from api.graphql.identity import identity_of
from api.graphql.problem import Code, Problem, speakable
from api.graphql.request import Request
from api.graphql.sorting import Sorting
from domain.stream import Category
from projections import case_file
from projections.case_file import CaseFile
from projections.paging import Order, Page, Window


class CaseOrderField(StrEnum):
    """By what cases are ordered."""

    RECEIVED_AT = "received"
    NUMBER = "number"
    LAST_OCCURRED_AT = "activity"


shown(
    CaseOrderField,
    "CaseOrderField",
    "By what cases are ordered.",
    {
        "RECEIVED_AT": "When they reached the company.",
        "NUMBER": "Their register number; cases without one are left out.",
        "LAST_OCCURRED_AT": "When the latest thing happened to them.",
    },
)


@strawberry.input(description="An order of cases.")
class CaseOrder:
    field: CaseOrderField = strawberry.field(
        default=CaseOrderField.RECEIVED_AT, description="By what they are ordered."
    )
    direction: Sorting = strawberry.field(default=Sorting.DESC, description="Which way the order runs.")

    @property
    def order(self) -> Order:
        """The order of the view."""
        return case_file.ORDERS[self.field.value]

    @property
    def descending(self) -> bool:
        """Whether the greatest comes first."""
        return self.direction is Sorting.DESC


@strawberry.input(
    description="Which cases: those for which everything given holds. A list holds for any of its values; an empty one "
    "asks nothing."
)
class CaseFilter:
    status: list[Status] = strawberry.field(default_factory=list, description="Where they are in their life.")
    kind: list[CaseKind] = strawberry.field(default_factory=list, description="What kind of matter they are.")
    channel: list[Channel] = strawberry.field(default_factory=list, description="How they reached the company.")
    priority: list[Priority] = strawberry.field(default_factory=list, description="How soon they are to be dealt with.")
    category: list[str] = strawberry.field(default_factory=list, description="Their category in the issue library.")
    open_loop: list[OpenLoop] = strawberry.field(
        default_factory=list, description="What is still owed to their customers (闭环)."
    )
    unit: str | None = strawberry.field(default=None, description="The unit that holds them.")
    below: str | None = strawberry.field(
        default=None, description="The unit that holds them, or one that stands above it, as the tree stands now."
    )
    handler: str | None = strawberry.field(default=None, description="Who handles them.")
    customer_id: strawberry.ID | None = strawberry.field(default=None, description="Whom they are about.")
    received_from: datetime | None = strawberry.field(default=None, description="Received then or later.")
    received_before: datetime | None = strawberry.field(default=None, description="Received earlier than then.")

    def of_view(self, book: str) -> case_file.CaseFilter:
        """The filter of the view. Raises: Problem."""
        customer = None if self.customer_id is None else identity_of(self.customer_id, book, Category.CUSTOMER)
        return case_file.CaseFilter(
            statuses=tuple(self.status),
            kinds=tuple(self.kind),
            channels=tuple(self.channel),
            priorities=tuple(self.priority),
            categories=tuple(map(speakable, self.category)),
            open_loops=tuple(self.open_loop),
            unit=None if self.unit is None else speakable(self.unit),
            handler=None if self.handler is None else speakable(self.handler),
            customer_id=customer and customer.subject,
            received_from=self.received_from,
            received_before=self.received_before,
        )


def cases_of_page(window: Window, page: Page[CaseFile], book: str) -> Connection[Case]:
    """A page of cases as the schema shows it."""
    rows: Sequence[CaseFile] = page.rows
    return connection_of(window, rows, more=page.has_more, show=partial(case_of, book=book))


async def listed_cases(
    request: Request, where: CaseFilter | None, order_by: CaseOrder | None, arguments: PageArguments
) -> Connection[Case]:
    """A page of the book's cases. Raises: Problem."""
    door, order, asked = request.door, order_by or CaseOrder(), where or CaseFilter()
    window = arguments.window(order.order, descending=order.descending)
    chosen = asked.of_view(door.book)
    if asked.below is not None:
        units = await door.off_loop(names_below, door.ledger, speakable(asked.below))
        chosen = replace(chosen, units=units)
    page = await door.off_loop(case_file.page, door.ledger.database, door.book, window, chosen, await request.reach())
    return cases_of_page(window, page, door.book)


async def listed_complaints(
    request: Request, where: CaseFilter | None, order_by: CaseOrder | None, arguments: PageArguments
) -> Connection[Case]:
    """A page of the book's complaints. Raises: Problem."""
    asked = where or CaseFilter()
    if set(asked.kind) - {CaseKind.COMPLAINT}:
        raise Problem(Code.BAD_ARGUMENTS, "These are complaints alone; ask `cases` for cases of other kinds.")
    return await listed_cases(request, replace(asked, kind=[CaseKind.COMPLAINT]), order_by, arguments)
