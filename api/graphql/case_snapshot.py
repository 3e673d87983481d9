"""A case as it was: known at one instant, as far as it had occurred by another, in a type of its own.

A normalising cache must never take what was so for what is so.
"""

from __future__ import annotations

from asyncio import gather
from datetime import datetime
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import strawberry

from api.graphql.amendments import Amendment, amendments_of
from api.graphql.arguments import After, Before, First, Last, Token, number_in, one_argument
from api.graphql.as_of import (
    AskedPast,
    KnownAt,
    KnownByArgument,
    KnownPosition,
    ValidAt,
    asked_past,
    in_id,
    past,
)
from api.graphql.case import Case, CaseFacts, facts_of, shown_case
from api.graphql.clock import SlaClockSnapshot, past_clock_of
from api.graphql.conformance_finding import ConformanceFinding, past_findings_of
from api.graphql.connection import Connection, PageArguments
from api.graphql.customer import Customer, shown_customer
from api.graphql.deadline_requests import DeadlineRequest, deadline_requests_of
from api.graphql.history import Event, WhichEvents, page_of_past
from api.graphql.identity import identity_of, opaque
from api.graphql.loaders import PastClocksOf, PastCustomerOf, PastOf
from api.graphql.past_identity import past_in
from api.graphql.personal import PersonalString, shown_personal
from api.graphql.problem import Code, Problem
from api.graphql.request import Info, Request
from api.graphql.resolved import resolved
from api.graphql.scalars import SafeInt
from api.past_case import PastCase
from domain.stream import Category, subject_of
from replay.as_of import AsOf, KnownBy

SNAPSHOT = "case-snapshot"
"""What stands in the id of one, where that of a case has its kind."""
MOST_CASES = 1_000
"""So many cases and customers, each as of some instants, one request folds anew."""


@strawberry.type(
    description="A case as it was known at one instant, as far as it had occurred by another. It never changes: "
    "whatever is recorded later, its `id` leads to the same again."
)
class CaseSnapshot(CaseFacts):
    known_at: datetime = strawberry.field(description="Known is what was recorded by then.")
    valid_at: datetime = strawberry.field(description="It had occurred by then.")
    known_position: SafeInt = strawberry.field(description="The last position of the book that had been recorded.")
    known_by: KnownBy = strawberry.field(description="Who had to know of an event.")
    version: int = strawberry.field(description="The version of the latest of its events that this shows.")
    past: strawberry.Private[PastCase]
    as_of: strawberry.Private[AsOf]

    @resolved("The case as it stands now; null when its receipt no longer counts.")
    async def case(self, info: Info) -> Case | None:
        return await shown_case(info.context, subject_of(self.stream))

    @resolved("Whom it was about then, with their file as it stands now.")
    async def customer(self, info: Info) -> Customer | None:
        return None if self.customer_id is None else await shown_customer(info.context, self.customer_id)

    @resolved("The case that had taken its place, as of the same instants.")
    async def merged_into(
        self, info: Info
    ) -> Annotated[CaseSnapshot, strawberry.lazy("api.graphql.case_snapshot")] | None:
        return None if self.survivor_id is None else await case_as_of(info.context, self.survivor_id, self.as_of)

    @resolved("The cases whose place it had taken, as of the same instants.")
    async def absorbed(self, info: Info) -> list[Annotated[CaseSnapshot, strawberry.lazy("api.graphql.case_snapshot")]]:
        found = await gather(*(case_as_of(info.context, each, self.as_of) for each in self.absorbed_ids))
        return [snapshot for snapshot in found if snapshot is not None]

    @resolved("What the customer said, word for word, as it was read then.")
    async def words(self, info: Info) -> PersonalString | None:
        return await shown_personal(info.context, self.words_place)

    @resolved("The events that it comes of, by version, as they were written; amended as was known then.")
    async def history(
        self,
        filter: WhichEvents = None,  # noqa: A002
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> Connection[Event]:
        return page_of_past(self.past.stream, self.as_of, PageArguments(first, after, last, before), filter)

    @resolved("What was known to be asked to be read otherwise or to count no longer, and what had become of that.")
    def amendments(self) -> list[Amendment]:
        return amendments_of(self.past.stream.amending)

    @resolved("What had been asked about its deadlines, and what had become of that.")
    def deadline_requests(self) -> list[DeadlineRequest]:
        return deadline_requests_of(self.past.stream.read())

    @resolved("Where it had departed from the declared process, in which step, and what it was still owed; by version.")
    async def conformance(self, info: Info) -> list[ConformanceFinding]:
        door, past = info.context.door, self.past.stream
        return await door.off_loop(past_findings_of, self.stream, past, self.as_of.valid_at, ZoneInfo(door.ledger.zone))

    @resolved("Its clocks (时限), first due first, by the policies and calendars known then, looked at at `validAt`.")
    async def clocks(self, info: Info) -> list[SlaClockSnapshot]:
        timers = await info.context.loaders.past_clocks.load(PastClocksOf(self.stream, self.as_of))
        book = info.context.door.book
        return [past_clock_of(timer, book, self.as_of) for timer in timers or ()]


@strawberry.type
class CaseSnapshotQuery:
    @resolved(
        "A case as it was known at one instant, as far as it had occurred by another; null when nothing was. Ask by "
        "exactly one of its id and its number. It finds a case whose receipt no longer counts, too."
    )
    async def case_snapshot(
        self,
        info: Info,
        id: Annotated[strawberry.ID | None, strawberry.argument(description="The id of the case.")] = None,  # noqa: A002
        number: Annotated[
            str | None, strawberry.argument(description="Its register number, such as C2026-000123.")
        ] = None,
        known_at: KnownAt = None,
        valid_at: ValidAt = None,
        consistency_token: Token = None,
        known_position: KnownPosition = None,
        known_by: KnownByArgument = KnownBy.LEDGER,
    ) -> CaseSnapshot | None:
        request = info.context
        await request.caught_up(consistency_token)
        asked = asked_past(known_at, known_position, known_by, valid_at)
        by, value = one_argument(id=id, number=number)
        if by == "id":
            case_id = identity_of(value, request.door.book, Category.CASE).subject
            return await shown_snapshot(request, case_id, asked)
        stream = await request.door.off_loop(request.door.ledger.stream_of_number, number_in(value))
        return None if stream is None else await shown_snapshot(request, subject_of(stream), asked)


async def shown_snapshot(request: Request, case_id: UUID, asked: AskedPast) -> CaseSnapshot | None:
    """A case as of two instants; None when nothing was known of it. Raises: Problem."""
    as_of = await past(request, asked)
    return None if as_of is None else await case_as_of(request, case_id, as_of)


async def case_as_of(request: Request, case_id: UUID, as_of: AsOf) -> CaseSnapshot | None:
    """A case as of two instants that were found before. Whose past it is lies where the case does now; what is a case
    no more, with whoever sees the whole book."""
    reach = await request.reach()
    if not reach.everything and await request.loaders.cases.load(case_id) is None:
        return None
    looks_back(request, PastOf(case_id, as_of))
    found = await request.loaders.past_cases.load(PastOf(case_id, as_of))
    if found is None:
        return None
    return CaseSnapshot(
        id=_id_of(request.door.book, case_id, as_of),
        known_at=as_of.known_at,
        valid_at=as_of.valid_at,
        known_position=SafeInt(as_of.position),
        known_by=as_of.known_by,
        past=found,
        as_of=as_of,
        words_place=found.words_place,
        **facts_of(found.file),
    )


def looks_back(request: Request, *at: PastOf | PastCustomerOf) -> None:
    """Counts what one request folds anew. Raises: Problem when that is too much."""
    looked_back = request.loaders.looked_back
    looked_back.update(at)
    if len(looked_back) > MOST_CASES:
        message = f"One request looks back at {MOST_CASES:,} cases and customers at most; ask for fewer, or for fewer "
        raise Problem(Code.TOO_MANY_CASES, f"{message}instants.", limit=MOST_CASES)


def _id_of(book: str, case_id: UUID, as_of: AsOf) -> strawberry.ID:
    """Raises: OverflowError for an instant that is none in UTC."""
    return strawberry.ID(opaque(SNAPSHOT, book, str(case_id), *in_id(as_of)))


# By its id ------------------------------------------------------------------------------------------------------------


async def snapshot_of_id(request: Request, text: str) -> CaseSnapshot | None:
    """The snapshot with an id. Raises: Problem for what is no id of one, or has a cut-off that cannot be."""
    return await case_as_of(request, *await past_in(request, text, SNAPSHOT))
