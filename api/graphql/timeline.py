"""A customer's timeline as a front end sees it: everything that happened with them, in one order."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from api.access.rules import Scope
from api.graphql.connection import Connection, PageArguments, connection_of
from api.graphql.enums import Channel, Direction, Precision, shown
from api.graphql.identity import global_id
from api.graphql.loaders import TimelineOf
from api.graphql.personal import PersonalString, shown_personal
from api.graphql.request import Info, Request
from api.graphql.resolved import resolved
from api.graphql.scalars import SafeInt
from domain.stream import Category, subject_of
from ledger.ledger import PersonalPlace
from projections import timeline
from projections.paging import Page
from projections.timeline import OCCURRED, EntryKind

if TYPE_CHECKING:
    from api.graphql.case import Case
    from api.graphql.customer import Customer

shown(
    EntryKind,
    "TimelineEntryKind",
    "What an entry of a timeline tells.",
    {
        "TOUCHPOINT": "The customer and the company met; `term` is the company's number, counter or account.",
        "RECEIVED": "A case reached the company; `term` is its kind.",
        "REGISTERED": "The case got its number, which is `term`.",
        "ACKNOWLEDGED": "The customer was told that their matter had arrived.",
        "ACCEPTED": "The company takes the matter on (受理).",
        "DUE_STATED": "A time was stated by which something is due, which is `term`.",
        "REFUSED": "The company does not take the matter on (不予受理); `term` is the reason.",
        "ANSWERED": "The company answered; `term` is the kind of the answer.",
        "CUSTOMER_REPLIED": "The customer wrote or called again about the case.",
        "ESCALATED": "The case was brought before a higher level, which is `term`.",
        "PROPOSED": "A resolution was offered.",
        "DECIDED": "A decision was made; `term` is its outcome.",
        "NOTIFIED": "The complainant was given notice; `term` is of what.",
        "RESOLVED": "The case got its outcome, which is `term`.",
        "FEEDBACK_GIVEN": "The customer was told what came of it (反馈).",
        "FOLLOWED_UP": "The customer was asked afterwards (回访); `term` is the result.",
        "REFERRED_OUTSIDE": "The case went to a body outside the company, which is `term`.",
        "WITHDRAWN": "The customer took the case back.",
        "CLOSED": "The loop was closed (闭环).",
        "REOPENED": "The case went back to work; `term` is the reason.",
        "CASE_MERGED": "Another case took this one's place.",
        "CASE_ABSORBED": "This case took another one's place.",
        "ATTACHMENT_ADDED": "The customer sent a file in, or was sent one: `words` is its name, `term` its media type.",
        "CUSTOMER_CHANGED": "The case turned out to be this customer's.",
        "CUSTOMER_REGISTERED": "The customer got a file; `words` is the name.",
        "RENAMED": "The customer goes by another name, which is `words`.",
        "CONTACT_RECORDED": "A way to reach the customer became known: `term` is its kind, `words` the address.",
        "TIER_ASSIGNED": "The customer was put in a tier, which is `term`.",
        "VISIT_PLANNED": "The customer is to be visited; `term` is when.",
        "CUSTOMER_MERGED": "The customer turned out to be another one, whose timeline holds this one's entries.",
        "CUSTOMER_ABSORBED": "Another customer turned out to be this one.",
    },
)


OUR_OWN_BUSINESS = frozenset({
    EntryKind.ESCALATED,
    EntryKind.TIER_ASSIGNED,
    EntryKind.VISIT_PLANNED,
    EntryKind.CUSTOMER_CHANGED,
    EntryKind.CUSTOMER_MERGED,
    EntryKind.CUSTOMER_ABSORBED,
})  # fmt: skip
"""What a customer is not told of their own timeline: it is between us, or about who else they were taken for."""


@strawberry.type(description="One thing that happened with a customer, as it is read by now.")
class TimelineEntry:
    kind: EntryKind = strawberry.field(description="What happened.")
    occurred_at: datetime = strawberry.field(description="When it happened.")
    occurred_zone: str = strawberry.field(description="The IANA zone in which that was written down.")
    occurred_precision: Precision = strawberry.field(description="How exactly that is known.")
    recorded_at: datetime = strawberry.field(description="When the ledger heard of it.")
    position: SafeInt = strawberry.field(description="The event's place in the book.")
    version: int = strawberry.field(description="The event's place in the history of what it is about.")
    channel: Channel | None = strawberry.field(description="How the words travelled.")
    direction: Direction | None = strawberry.field(description="Who reached whom; IN is towards the company.")
    unit: str | None = strawberry.field(description="The unit that it names.")
    staff: str | None = strawberry.field(description="The member of staff whom it names.")
    term: str | None = strawberry.field(description="What it says in a term; the kind tells which term that is.")
    touchpoint_id: strawberry.ID | None = strawberry.field(
        description="The touchpoint, when it is one; `node(id:)` shows it."
    )
    case_id: strawberry.Private[UUID | None]
    customer_id: strawberry.Private[UUID | None]
    words_place: strawberry.Private[PersonalPlace | None]

    @resolved("The case that it belongs to, if any.")
    async def case(self, info: Info) -> Annotated[Case, strawberry.lazy("api.graphql.case")] | None:
        from api.graphql.case import shown_case

        return None if self.case_id is None else await shown_case(info.context, self.case_id)

    @resolved("The customer whom it names. Whose the case is by now, the case says.")
    async def customer(self, info: Info) -> Annotated[Customer, strawberry.lazy("api.graphql.customer")] | None:
        from api.graphql.customer import shown_customer

        return None if self.customer_id is None else await shown_customer(info.context, self.customer_id)

    @resolved("What was said, word for word; of a file, the name or the address.")
    async def words(self, info: Info) -> PersonalString | None:
        return await shown_personal(info.context, self.words_place)


@strawberry.input(
    description="Which entries: those for which everything given holds. A list holds for any of its values; an empty "
    "one asks nothing."
)
class TimelineFilter:
    kind: list[EntryKind] = strawberry.field(default_factory=list, description="What they tell.")
    channel: list[Channel] = strawberry.field(default_factory=list, description="How the words travelled.")
    direction: list[Direction] = strawberry.field(default_factory=list, description="Who reached whom.")
    occurred_from: datetime | None = strawberry.field(default=None, description="Happened then or later.")
    occurred_before: datetime | None = strawberry.field(default=None, description="Happened earlier than then.")

    def of_view(self) -> timeline.TimelineFilter:
        """The filter of the view."""
        return timeline.TimelineFilter(
            kinds=tuple(self.kind),
            channels=tuple(self.channel),
            directions=tuple(self.direction),
            occurred_from=self.occurred_from,
            occurred_before=self.occurred_before,
        )


def entry_of(entry: timeline.TimelineEntry, book: str) -> TimelineEntry:
    """An entry of the view as the schema shows it."""
    touchpoint = entry.category is Category.TOUCHPOINT
    return TimelineEntry(
        kind=entry.kind,
        occurred_at=entry.occurred_at,
        occurred_zone=entry.occurred_zone,
        occurred_precision=entry.occurred_precision,
        recorded_at=entry.recorded_at,
        position=SafeInt(entry.position),
        version=entry.version,
        channel=entry.channel,
        direction=entry.direction,
        unit=entry.unit,
        staff=entry.staff,
        term=entry.term,
        touchpoint_id=strawberry.ID(global_id(Category.TOUCHPOINT, book, subject_of(entry.stream)))
        if touchpoint
        else None,
        case_id=entry.case_id,
        customer_id=entry.customer_id,
        words_place=entry.words_place,
    )


async def timeline_of(
    request: Request, customer_id: UUID, where: TimelineFilter | None, arguments: PageArguments, *, descending: bool
) -> Connection[TimelineEntry]:
    """A page of a customer's timeline. Raises: Problem."""
    window = arguments.window(OCCURRED, descending=descending)
    chosen = (where or TimelineFilter()).of_view()
    if request.rights.scope is Scope.OWN:
        kinds = tuple(kind for kind in chosen.kinds or EntryKind if kind not in OUR_OWN_BUSINESS)
        if not kinds:
            return connection_of(window, [], more=False, show=partial(entry_of, book=request.door.book))
        chosen = replace(chosen, kinds=kinds)
    wanted = TimelineOf(customer_id, window, chosen)
    page = await request.loaders.timelines.load(wanted) or Page([], has_more=False)
    return connection_of(window, page.rows, more=page.has_more, show=partial(entry_of, book=request.door.book))
