"""Differences as an auditor's screen sees them: what is otherwise at one point of the past than at another, and why."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry
from strawberry.scalars import JSON
from strawberry.utils.str_converters import to_camel_case

from api import differences
from api.graphql.arguments import Token, number_in, one_argument
from api.graphql.as_of import AskedPast, asked_past, past
from api.graphql.case_snapshot import CaseSnapshot, case_as_of, looks_back
from api.graphql.customer_snapshot import CustomerSnapshot, customer_as_of, customer_asked
from api.graphql.enums import shown
from api.graphql.history import Event
from api.graphql.identity import identity_of
from api.graphql.loaders import PastCustomerOf, PastOf, views_near
from api.graphql.personal import PersonalString, shown_personal
from api.graphql.problem import Code, Problem
from api.graphql.request import Info, Request
from api.graphql.resolved import resolved
from api.graphql.scalars import SafeInt
from domain.envelope import Recorded
from domain.stream import Category, category_of, subject_of
from ledger.ledger import PersonalPlace
from projections.fields import apart
from replay import difference
from replay.as_of import AsOf, KnownBy
from replay.difference import Standing

MOST_LISTED = 20_000
"""Fifteen times the 1,500 events of a long case took 7 s, by one core (2026-11-22)."""

shown(
    Standing,
    "EventStanding",
    "How an event stood at a point of the past.",
    {
        "UNKNOWN": "It was not known yet.",
        "TO_COME": "It was known, and had not occurred yet, as it was read then.",
        "ELSEWHERE": "It was read as being about somebody else.",
        "VOID": "It counted no longer; of a correction or a void, it was taken back.",
        "COUNTED": "It was read as it was written.",
        "CORRECTED": "It was read otherwise than it was written.",
    },
)


@strawberry.input(
    description="A point of the past: what was known, and as far as what had occurred. Left out it is now."
)
class PastPointInput:
    known_at: datetime | None = strawberry.field(
        default=None, description="Known is what was recorded by then; everything up to now when left out."
    )
    known_position: SafeInt | None = strawberry.field(
        default=None, description="Known is what the book has up to this position; instead of `knownAt`."
    )
    known_by: KnownBy = strawberry.field(
        default=KnownBy.LEDGER, description="Who had to know of it; a source by `knownAt` only."
    )
    valid_at: datetime | None = strawberry.field(
        default=None, description="It had occurred by then; by `knownAt` when left out. It may be later than that."
    )


From = Annotated[PastPointInput, strawberry.argument(description="The one side.", name="from")]
To = Annotated[PastPointInput | None, strawberry.argument(description="The other side; now when left out.", name="to")]


@strawberry.type(description="How an event stood at a point of the past, and by what.")
class EventStood:
    standing: Standing = strawberry.field(description="How it stood.")
    by: int | None = strawberry.field(
        description="The version of the correction or void that made it so, in the same stream; null for none."
    )


@strawberry.type(description="An event that one side has and the other has not, or reads otherwise.")
class EventDifference:
    subject_kind: Category = strawberry.field(description="What kind of thing it is about.")
    before: EventStood = strawberry.field(description="How it stood on the one side.")
    after: EventStood = strawberry.field(description="How it stood on the other side.")
    written: strawberry.Private[Recorded[Any]]

    @resolved("The event as it was written, in its envelope; `amendedBy` is as known now.")
    async def event(self, info: Info) -> Event:
        loaders, stream = info.context.loaders, self.written.stream
        history = await loaders.histories.load(stream) or ()
        return Event.of(self.written, loaders.steps(stream, history))


@strawberry.type(
    description="A field that is otherwise on one side than on the other. A personal value is null in `before` and "
    "`after`; `personalBefore` and `personalAfter` say whether it can be read, and give it to whoever may read it."
)
class FieldDifference:
    field: str = strawberry.field(description="The field, as a path into the subject: `status`, `contacts/0/kind`.")
    before: JSON | None = strawberry.field(description="What was known on the one side; null for nothing.")
    after: JSON | None = strawberry.field(description="What was known on the other side; null for nothing.")
    causes: strawberry.Private[list[EventDifference]]
    place_before: strawberry.Private[PersonalPlace | None]
    place_after: strawberry.Private[PersonalPlace | None]

    @resolved("The events that made it so, in the order of the book; never empty.")
    def because(self, info: Info) -> list[EventDifference]:
        return listed(info.context, self.causes)

    @resolved("The personal value on the one side; null when there was none, or the field is not personal.")
    async def personal_before(self, info: Info) -> PersonalString | None:
        return await shown_personal(info.context, self.place_before)

    @resolved("The personal value on the other side; null when there was none, or the field is not personal.")
    async def personal_after(self, info: Info) -> PersonalString | None:
        return await shown_personal(info.context, self.place_after)


@strawberry.type
class Differing:
    differs: bool = strawberry.field(description="Whether anything does: a field, or an event.")
    fields: list[FieldDifference] = strawberry.field(
        description="The fields that are otherwise, in the order of the subject's own; none that is the same."
    )
    every: strawberry.Private[list[EventDifference]]
    found: strawberry.Private[difference.Difference]

    @resolved("All that one side has and the other has not, or reads otherwise, in the order of the book.")
    def events(self, info: Info) -> list[EventDifference]:
        return listed(info.context, self.every)


@strawberry.type(description="What is otherwise with a case at one point of the past than at another.")
class CaseDifference(Differing):
    case_id: strawberry.Private[UUID]

    @resolved("The case on the one side; null when nothing was known of it.")
    async def before(self, info: Info) -> CaseSnapshot | None:
        return await case_as_of(info.context, self.case_id, self.found.before)

    @resolved("The case on the other side; null when nothing was known of it.")
    async def after(self, info: Info) -> CaseSnapshot | None:
        return await case_as_of(info.context, self.case_id, self.found.after)


@strawberry.type(description="What is otherwise with a customer's own file at one point of the past than at another.")
class CustomerDifference(Differing):
    customer_id: strawberry.Private[UUID]

    @resolved("The customer on the one side; null when nobody had registered them.")
    async def before(self, info: Info) -> CustomerSnapshot | None:
        return await customer_as_of(info.context, self.customer_id, self.found.before)

    @resolved("The customer on the other side; null when nobody had registered them.")
    async def after(self, info: Info) -> CustomerSnapshot | None:
        return await customer_as_of(info.context, self.customer_id, self.found.after)


@strawberry.type
class DifferenceQuery:
    @resolved(
        "What is otherwise with a case at one point of the past than at another, and which events made it so; null "
        "when there is no such case. Ask by exactly one of its id and its number."
    )
    async def case_difference(
        self,
        info: Info,
        from_: From,
        to: To = None,
        id: Annotated[strawberry.ID | None, strawberry.argument(description="The id of the case.")] = None,  # noqa: A002
        number: Annotated[
            str | None, strawberry.argument(description="Its register number, such as C2026-000123.")
        ] = None,
        consistency_token: Token = None,
    ) -> CaseDifference | None:
        request = info.context
        await request.caught_up(consistency_token)
        by, value = one_argument(id=id, number=number)
        if by == "id":
            case_id = identity_of(value, request.door.book, Category.CASE).subject
        else:
            stream = await request.door.off_loop(request.door.ledger.stream_of_number, number_in(value))
            if stream is None:
                return None
            case_id = subject_of(stream)
        reach = await request.reach()
        if not reach.everything and await request.loaders.cases.load(case_id) is None:
            return None
        sides = await _side(request, from_), await _side(request, to)
        looks_back(request, *(PastOf(case_id, side) for side in sides))
        found = await request.door.off_loop(differences.case_difference, request.door.ledger, case_id, *sides)
        return None if found is None else CaseDifference(case_id=case_id, **_parts(found))

    @resolved(
        "What is otherwise with a customer's own file at one point of the past than at another, and which events made "
        "it so; null when there is no such customer. Ask by exactly one of their id and their source key, which is "
        "looked up as it is now."
    )
    async def customer_difference(
        self,
        info: Info,
        from_: From,
        to: To = None,
        id: Annotated[strawberry.ID | None, strawberry.argument(description="The id of the customer.")] = None,  # noqa: A002
        source_key: Annotated[
            str | None, strawberry.argument(description="Their key in the system they came from.")
        ] = None,
        consistency_token: Token = None,
    ) -> CustomerDifference | None:
        request = info.context
        await request.caught_up(consistency_token)
        customer_id = await customer_asked(request, id, source_key)
        # The meetings that a file counts lie with the cases and units that they were of: whoever is not told of all of
        # these is told of no difference, since one without what made it so would be none.
        if customer_id is None or not (await request.reach()).everything:
            return None
        sides = await _side(request, from_), await _side(request, to)
        looks_back(request, *(PastCustomerOf(customer_id, side) for side in sides))
        await request.door.off_loop(views_near, request.door, *sides)
        found = await request.door.off_loop(differences.customer_difference, request.door.ledger, customer_id, *sides)
        return None if found is None else CustomerDifference(customer_id=customer_id, **_parts(found))


async def _side(request: Request, point: PastPointInput | None) -> AsOf:
    """A side as it was asked for. Before its first event a book has no position. Raises: Problem."""
    if point is None:
        asked = AskedPast()
    else:
        asked = asked_past(point.known_at, point.known_position, point.known_by, point.valid_at)
    found = await past(request, asked)
    if found is not None:
        return found
    known = asked.known if isinstance(asked.known, datetime) else await request.now()
    return AsOf(0, known, asked.valid_at or known, asked.known_by)


def listed(request: Request, events: list[EventDifference]) -> list[EventDifference]:
    """Counts the events that one answer lists. Raises: Problem when that is too much."""
    request.loaders.listed += len(events)
    if request.loaders.listed > MOST_LISTED:
        message = (
            f"One answer lists {MOST_LISTED:,} events that differ at most. Ask for two points closer together, or "
        )
        message += "`daybook diff --json`, which lists any number."
        raise Problem(Code.DOCUMENT_TOO_LARGE, message, limit=MOST_LISTED, found=request.loaders.listed, of="events")
    return events


def _parts(found: difference.Difference) -> dict[str, Any]:
    """A difference as the schema shows it: fields are named as those of its types."""
    events = {each.event.position: _event(each) for each in found.events}
    return {
        "differs": not found.is_nothing,
        "fields": [_field(each, [events[cause.event.position] for cause in each.because]) for each in found.fields],
        "every": list(events.values()),
        "found": found,
    }


def _field(each: difference.FieldDifference, because: list[EventDifference]) -> FieldDifference:
    name, stroke, rest = each.path.partition("/")
    (was, was_at), (becomes, becomes_at) = apart(each.before), apart(each.after)
    before: Any = was
    after: Any = becomes
    return FieldDifference(
        field=f"{to_camel_case(name)}{stroke}{rest}",
        before=before,
        after=after,
        causes=because,
        place_before=was_at,
        place_after=becomes_at,
    )


def _event(each: difference.EventDifference) -> EventDifference:
    return EventDifference(
        subject_kind=Category(category_of(each.event.stream)),
        before=_stood(each.before),
        after=_stood(each.after),
        written=each.event,
    )


def _stood(stood: difference.Stood) -> EventStood:
    return EventStood(standing=stood.standing, by=None if stood.by is None else stood.by.version)
