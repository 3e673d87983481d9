"""An obligation as a front end sees it, and how obligations are listed."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from api.graphql.allowed_actions import AllowedAction, Only, allowed_actions
from api.graphql.clock import SlaClock, clocks_of
from api.graphql.connection import AFTER, BEFORE, FIRST, LAST, Connection, PageArguments, connection_of
from api.graphql.deadline_requests import DeadlineRequest, deadline_requests_of
from api.graphql.enums import ObligationKind, ObligationStatus, Precision, shown
from api.graphql.history import BY_VERSION, Event, page_of_history
from api.graphql.identity import global_id, identity_of
from api.graphql.node import Node
from api.graphql.personal import PersonalString, shown_personal
from api.graphql.problem import speakable
from api.graphql.request import Info, Request
from api.graphql.resolved import resolved
from api.graphql.scalars import SafeInt
from api.graphql.sorting import Sorting
from domain.stream import Category
from projections import obligation as obligation_view
from projections.obligation import ObligationView

if TYPE_CHECKING:
    from api.graphql.case import Case


@strawberry.type(description="Anything that somebody owes by a time: a task, a corrective action, a directive.")
class Obligation(Node):
    kind: ObligationKind = strawberry.field(description="What kind of thing is owed.")
    status: ObligationStatus = strawberry.field(description="Where it is in its life.")
    title: str = strawberry.field(description="What is owed.")
    unit: str | None = strawberry.field(description="The unit that owes it, by its name.")
    owner: str | None = strawberry.field(description="The member of staff who owes it.")
    due_at: datetime | None = strawberry.field(description="By when; null without a date.")
    due_precision: Precision | None = strawberry.field(
        description="How exactly that was said; DAY when it is due by the end of the day."
    )
    due_by: datetime | None = strawberry.field(description="The last instant that is in time.")
    opened_at: datetime = strawberry.field(description="When it was opened.")
    met_at: datetime | None = strawberry.field(description="When it was done.")
    met_by: str | None = strawberry.field(description="The member of staff who did it.")
    met_late: bool = strawberry.field(description="Whether it was done after it was due.")
    evidence: str | None = strawberry.field(description="What shows that it was done.")
    verified_at: datetime | None = strawberry.field(description="When somebody looked at its effect.")
    verified_by: str | None = strawberry.field(description="Who looked at its effect.")
    effective: bool | None = strawberry.field(description="Whether it had its effect; null while nobody looked.")
    cancelled_at: datetime | None = strawberry.field(description="When it was cancelled.")
    cancel_reason: str | None = strawberry.field(description="Why it was cancelled.")
    reassignments: int = strawberry.field(description="How often it went to somebody else.")
    reopens: int = strawberry.field(description="How often it was opened again.")
    escalation_level: int | None = strawberry.field(
        description="The level before which it was brought since it was last reopened; null when it was not."
    )
    last_occurred_at: datetime = strawberry.field(description="When the latest thing happened to it.")
    last_recorded_at: datetime = strawberry.field(description="When the ledger last heard of it.")
    version: int = strawberry.field(description="The version that this shows; give it back as `expectedVersion`.")
    position: SafeInt = strawberry.field(description="The position in the book of the latest event that this shows.")
    view: strawberry.Private[ObligationView]

    @resolved("Whether it is open, and was due before an instant.")
    async def overdue(
        self, at: Annotated[datetime, strawberry.argument(description="The instant, with an offset or Z.")]
    ) -> bool:
        return self.view.overdue_at(at)

    @resolved("The case for which it is owed, when it is for one.")
    async def case(self, info: Info) -> Annotated[Case, strawberry.lazy("api.graphql.case")] | None:
        from api.graphql.case import shown_case

        return None if self.view.case_id is None else await shown_case(info.context, self.view.case_id)

    @resolved("What was said when it was done, word for word.")
    async def words(self, info: Info) -> PersonalString | None:
        return await shown_personal(info.context, self.view.words_place)

    @resolved("Its clocks (时限), first due first.")
    async def clocks(self, info: Info) -> list[SlaClock]:
        return await clocks_of(info.context, self.view.stream)

    @resolved(
        "What can be asked about it in the asker's role, and whether it could be done now; but for files, and for what "
        "puts right what is recorded."
    )
    async def allowed_actions(self, info: Info, only: Only = None) -> list[AllowedAction]:
        return await allowed_actions(info.context, Category.OBLIGATION, self.view.stream, only)

    @resolved("Requests for other verdicts on its deadlines, and what came of them, by version.")
    async def deadline_requests(self, info: Info) -> list[DeadlineRequest]:
        return deadline_requests_of(await info.context.loaders.histories.load(self.view.stream) or ())

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


SAME = (
    "kind", "status", "title", "unit", "owner", "due_at", "due_precision", "due_by", "opened_at", "met_at", "met_by",
    "met_late", "evidence", "verified_at", "verified_by", "effective", "cancelled_at", "cancel_reason",
    "reassignments", "reopens", "escalation_level", "last_occurred_at", "last_recorded_at", "version",
)  # fmt: skip
"""Fields that the view has just as the schema shows them."""


def obligation_of(view: ObligationView, book: str) -> Obligation:
    """An obligation as the schema shows it."""
    return Obligation(
        id=strawberry.ID(global_id(Category.OBLIGATION, book, view.obligation_id)),
        position=SafeInt(view.position),
        view=view,
        **{name: getattr(view, name) for name in SAME},
    )


async def shown_obligation(request: Request, obligation_id: UUID) -> Obligation | None:
    """An obligation as it stands now; None when there is none."""
    view = await request.loaders.obligations.load(obligation_id)
    return None if view is None else obligation_of(view, request.door.book)


class ObligationOrderField(StrEnum):
    """By what obligations are ordered."""

    DUE = "due"
    OPENED_AT = "opened"


shown(
    ObligationOrderField,
    "ObligationOrderField",
    "By what obligations are ordered.",
    {"DUE": "When they are due; those without a date are left out.", "OPENED_AT": "When they were opened."},
)


@strawberry.input(description="An order of obligations.")
class ObligationOrder:
    field: ObligationOrderField = strawberry.field(
        default=ObligationOrderField.DUE, description="By what they are ordered."
    )
    direction: Sorting = strawberry.field(default=Sorting.ASC, description="Which way the order runs.")


@strawberry.input(
    description="Which obligations: those for which everything given holds. A list holds for any of its values; an "
    "empty one asks nothing."
)
class ObligationFilter:
    status: list[ObligationStatus] = strawberry.field(default_factory=list, description="Where they are in their life.")
    kind: list[ObligationKind] = strawberry.field(default_factory=list, description="What kind of thing is owed.")
    unit: str | None = strawberry.field(default=None, description="The unit that owes them.")
    owner: str | None = strawberry.field(default=None, description="Who owes them.")
    case_id: strawberry.ID | None = strawberry.field(default=None, description="The case for which they are owed.")
    due_before: datetime | None = strawberry.field(default=None, description="Due before then.")
    overdue_at: datetime | None = strawberry.field(default=None, description="Open, and due before then.")

    def of_view(self, book: str) -> obligation_view.ObligationFilter:
        """The filter of the view. Raises: Problem."""
        case = None if self.case_id is None else identity_of(self.case_id, book, Category.CASE)
        return obligation_view.ObligationFilter(
            statuses=tuple(self.status),
            kinds=tuple(self.kind),
            unit=None if self.unit is None else speakable(self.unit),
            owner=None if self.owner is None else speakable(self.owner),
            case_id=case and case.subject,
            due_before=self.due_before,
            overdue_at=self.overdue_at,
        )


async def listed_obligations(
    request: Request, where: ObligationFilter | None, order_by: ObligationOrder | None, arguments: PageArguments
) -> Connection[Obligation]:
    """A page of the book's obligations. Raises: Problem."""
    door, order = request.door, order_by or ObligationOrder()
    window = arguments.window(obligation_view.ORDERS[order.field.value], descending=order.direction is Sorting.DESC)
    chosen = (where or ObligationFilter()).of_view(door.book)
    reach = await request.reach()
    page = await door.off_loop(obligation_view.page, door.ledger.database, door.book, window, chosen, reach)
    return connection_of(window, page.rows, more=page.has_more, show=partial(obligation_of, book=door.book))
