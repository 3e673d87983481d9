"""What stands in a timeline: one interface, a type for each kind of item that has fields of its own, and one for the
rest, so that what becomes worth telling later breaks no front end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry

from api.graphql.enums import (
    CaseKind,
    Channel,
    ContactKind,
    Direction,
    FollowUpResult,
    Outcome,
    Precision,
    ResponseKind,
    Tier,
)
from api.graphql.identity import global_id
from api.graphql.personal import PersonalString, shown_personal
from api.graphql.request import Info
from api.graphql.resolved import resolved
from api.graphql.scalars import SafeInt
from domain.stream import Category, subject_of
from ledger.ledger import PersonalPlace
from projections.timeline import EntryKind, TimelineEntry

if TYPE_CHECKING:
    from api.graphql.case import Case
    from api.graphql.customer import Customer
    from api.graphql.touchpoint import Touchpoint


@strawberry.interface(
    description="One thing that happened with a customer or in a case, as it is read by now. New kinds of things come "
    "as `GenericEvent`, and may get a type of their own."
)
class TimelineItem:
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

    @resolved("What was said, word for word; of a customer's file, the name or the address.")
    async def words(self, info: Info) -> PersonalString | None:
        return await shown_personal(info.context, self.words_place)


# A field of one name has one type in all of them, so that a document may ask for several of them side by side.


@strawberry.type(description="The customer and the company met.")
class TouchpointItem(TimelineItem):
    touchpoint_id: strawberry.ID = strawberry.field(description="The touchpoint's id; `node(id:)` shows it.")
    medium_id: str | None = strawberry.field(description="Which of the company's own numbers, counters or accounts.")
    subject: strawberry.Private[UUID]

    @resolved("The touchpoint itself; null when it counts no longer.")
    async def touchpoint(self, info: Info) -> Annotated[Touchpoint, strawberry.lazy("api.graphql.touchpoint")] | None:
        from api.graphql.touchpoint import touchpoint_within_reach

        return await touchpoint_within_reach(info.context, self.subject)


@strawberry.type(description="A case reached the company (受理).")
class CaseReceivedItem(TimelineItem):
    case_kind: CaseKind = strawberry.field(description="What kind of matter it was taken for.")


@strawberry.type(description="The case got its number (先登记).")
class CaseRegisteredItem(TimelineItem):
    number: str = strawberry.field(description="The number: `C2026-000123`.")


@strawberry.type(description="The company answered.")
class AnswerItem(TimelineItem):
    answer_kind: ResponseKind = strawberry.field(description="What kind of answer it was.")


@strawberry.type(description="The customer wrote or called again about the case.")
class CustomerReplyItem(TimelineItem):
    pass


@strawberry.type(description="The case was brought before a higher level.")
class EscalationItem(TimelineItem):
    level: int = strawberry.field(description="The level, from 1; `unit` and `staff` say before whom.")


@strawberry.type(description="A time was stated by which something is due.")
class DueStatedItem(TimelineItem):
    due_at: datetime = strawberry.field(description="The time.")


@strawberry.type(description="Something was not done in time (超时).")
class DeadlineMissedItem(TimelineItem):
    target: str = strawberry.field(description="What was due, as the policy calls it.")


@strawberry.type(description="The case got its outcome (办结).")
class ResolutionItem(TimelineItem):
    outcome: Outcome = strawberry.field(description="How it ended for the customer.")


@strawberry.type(description="The customer was asked afterwards (回访).")
class FollowUpItem(TimelineItem):
    follow_up_result: FollowUpResult = strawberry.field(description="What they said of it.")


@strawberry.type(description="The loop was closed (闭环).")
class CaseClosedItem(TimelineItem):
    closing_code: str | None = strawberry.field(description="The way in which it was closed.")


@strawberry.type(description="The case went back to work.")
class CaseReopenedItem(TimelineItem):
    reason: str | None = strawberry.field(description="Why.")


@strawberry.type(description="A way to reach the customer became known; `words` is the address.")
class ContactItem(TimelineItem):
    contact_kind: ContactKind = strawberry.field(description="What kind of address it is.")


@strawberry.type(description="The customer was put in a class (客户分级).")
class TierItem(TimelineItem):
    tier: Tier = strawberry.field(description="The class.")


@strawberry.type(description="Something that has no type of its own here.")
class GenericEvent(TimelineItem):
    kind: str = strawberry.field(
        description="What happened, by a name as in `TimelineEntryKind`. There may be names that a front end does not "
        "know yet."
    )
    term: str | None = strawberry.field(
        description="What it says in a term; `TimelineEntryKind` tells of each kind which term that is."
    )


def _terms(**read: Callable[[str], Any]) -> Callable[[str | None], Mapping[str, Any]]:
    """The field that an entry's term becomes, by how it is read."""
    ((field, of_text),) = read.items()
    return lambda term: {field: None if term is None else of_text(term)}


def _no_term(term: str | None) -> Mapping[str, Any]:
    del term
    return {}


TYPES: Mapping[EntryKind, tuple[type[TimelineItem], Callable[[str | None], Mapping[str, Any]]]] = MappingProxyType({
    EntryKind.TOUCHPOINT: (TouchpointItem, _terms(medium_id=str)),
    EntryKind.RECEIVED: (CaseReceivedItem, _terms(case_kind=CaseKind)),
    EntryKind.REGISTERED: (CaseRegisteredItem, _terms(number=str)),
    EntryKind.ANSWERED: (AnswerItem, _terms(answer_kind=ResponseKind)),
    EntryKind.CUSTOMER_REPLIED: (CustomerReplyItem, _no_term),
    EntryKind.ESCALATED: (EscalationItem, _terms(level=int)),
    EntryKind.DUE_STATED: (DueStatedItem, _terms(due_at=datetime.fromisoformat)),
    EntryKind.DEADLINE_MISSED: (DeadlineMissedItem, _terms(target=str)),
    EntryKind.RESOLVED: (ResolutionItem, _terms(outcome=Outcome)),
    EntryKind.FOLLOWED_UP: (FollowUpItem, _terms(follow_up_result=FollowUpResult)),
    EntryKind.CLOSED: (CaseClosedItem, _terms(closing_code=str)),
    EntryKind.REOPENED: (CaseReopenedItem, _terms(reason=str)),
    EntryKind.CONTACT_RECORDED: (ContactItem, _terms(contact_kind=ContactKind)),
    EntryKind.TIER_ASSIGNED: (TierItem, _terms(tier=Tier)),
})  # fmt: skip
"""What each kind of entry is in the schema, and what becomes of its term; every other one is a `GenericEvent`."""
ITEMS: tuple[type[TimelineItem], ...] = (*(item for item, _ in TYPES.values()), GenericEvent)


def item_of(entry: TimelineEntry, book: str) -> TimelineItem:
    """An entry of the view as the schema shows it."""
    known = TYPES.get(entry.kind)
    if known is None:
        return GenericEvent(kind=entry.kind.name, term=entry.term, **_common(entry))
    item, read = known
    said = {**_common(entry), **read(entry.term)}
    if item is TouchpointItem:
        said["subject"] = subject_of(entry.stream)
        said["touchpoint_id"] = strawberry.ID(global_id(Category.TOUCHPOINT, book, said["subject"]))
    return item(**said)


SAME = (
    "occurred_at", "occurred_zone", "occurred_precision", "recorded_at", "version", "channel", "direction", "unit",
    "staff", "case_id", "customer_id", "words_place",
)  # fmt: skip
"""Fields that the view has just as the schema shows them."""


def _common(entry: TimelineEntry) -> dict[str, Any]:
    return {"position": SafeInt(entry.position), **{name: getattr(entry, name) for name in SAME}}
