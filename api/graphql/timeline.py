"""Timelines as a front end sees them: everything that happened with a customer or in a case, in one order."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial
from uuid import UUID

import strawberry

from api.access.rules import Scope
from api.graphql.connection import Connection, PageArguments, connection_of
from api.graphql.enums import Channel, Direction, shown
from api.graphql.loaders import CaseTimelineOf, TimelineOf
from api.graphql.request import Request
from api.graphql.timeline_items import TimelineItem, item_of
from projections import timeline
from projections.paging import Page, Window
from projections.timeline import OCCURRED, EntryKind

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


async def timeline_of(
    request: Request, customer_id: UUID, where: TimelineFilter | None, arguments: PageArguments, *, descending: bool
) -> Connection[TimelineItem]:
    """A page of a customer's timeline. Raises: Problem."""
    window = arguments.window(OCCURRED, descending=descending)
    chosen = told(request, where)
    if chosen is None:
        return _shown(request, window, None)
    return _shown(request, window, await request.loaders.timelines.load(TimelineOf(customer_id, window, chosen)))


async def timeline_of_case(
    request: Request, case_id: UUID, where: TimelineFilter | None, arguments: PageArguments, *, descending: bool
) -> Connection[TimelineItem]:
    """A page of the timeline of a case, which lies within the asker's reach. Raises: Problem."""
    window = arguments.window(OCCURRED, descending=descending)
    chosen = told(request, where)
    if chosen is None:
        return _shown(request, window, None)
    return _shown(request, window, await request.loaders.case_timelines.load(CaseTimelineOf(case_id, window, chosen)))


def told(request: Request, where: TimelineFilter | None) -> timeline.TimelineFilter | None:
    """Which entries are asked for and may be told to the asker; None for none."""
    chosen = (where or TimelineFilter()).of_view()
    if request.rights.scope is not Scope.OWN:
        return chosen
    kinds = tuple(kind for kind in chosen.kinds or EntryKind if kind not in OUR_OWN_BUSINESS)
    return replace(chosen, kinds=kinds) if kinds else None


def _shown(request: Request, window: Window, page: Page[timeline.TimelineEntry] | None) -> Connection[TimelineItem]:
    rows, more = page or Page([], has_more=False)
    return connection_of(window, rows, more=more, show=partial(item_of, book=request.door.book))
