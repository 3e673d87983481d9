"""Questions to the audit trail: how it is narrowed down and ordered, and what went beside the ordinary course."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

import strawberry

from api.graphql.audit import AuditEntry, page_of_entries
from api.graphql.connection import AFTER, BEFORE, FIRST, LAST, MOST_A_PAGE, Connection, PageArguments
from api.graphql.enums import ActorKind, Departure, shown
from api.graphql.identity import identity_of
from api.graphql.loaders import EntriesOf
from api.graphql.problem import Code, Problem, speakable
from api.graphql.request import Info, Request
from api.graphql.resolved import resolved
from api.graphql.sorting import Sorting
from domain.stream import Category
from projections import audit_trail, overrides
from projections.audit_trail import OCCURRED, POSITION, Override, Recording
from projections.paging import Order, Page

LONGEST_SECONDS = 300 * 366 * 86_400
"""More than lies between any two dates of a ledger."""


class AuditOrderField(StrEnum):
    """By what the audit trail is ordered."""

    POSITION = "position"
    RECORDED_AT = "recorded"
    OCCURRED_AT = "occurred"


shown(
    AuditOrderField,
    "AuditOrderField",
    "By what the audit trail is ordered.",
    {
        "POSITION": "Their place in the book.",
        "RECORDED_AT": "When the ledger heard of them; that is the order of their places, since its time never runs "
        "backwards.",
        "OCCURRED_AT": "When they happened.",
    },
)


@strawberry.input(description="An order of the audit trail.")
class AuditOrder:
    field: AuditOrderField = strawberry.field(default=AuditOrderField.POSITION, description="By what it is ordered.")
    direction: Sorting = strawberry.field(default=Sorting.DESC, description="Which way the order runs.")

    @property
    def order(self) -> Order:
        """The order of the view."""
        return OCCURRED if self.field is AuditOrderField.OCCURRED_AT else POSITION

    @property
    def descending(self) -> bool:
        """Whether the greatest comes first."""
        return self.direction is Sorting.DESC


@strawberry.input(
    description="Which events: those for which everything given holds. A list holds for any of its values; an empty "
    "one asks nothing."
)
class AuditFilter:
    subject_id: strawberry.ID | None = strawberry.field(
        default=None, description="What they are about or name, by its id: a case, a customer, a touchpoint."
    )
    subject_kind: list[Category] = strawberry.field(
        default_factory=list, description="What kind of thing they are about."
    )
    topic: list[str] = strawberry.field(
        default_factory=list, description="What happened, with the version of its schema: `case-resolved.1`."
    )
    actor: str | None = strawberry.field(default=None, description="Who acted, by the name under which they work.")
    actor_kind: list[ActorKind] = strawberry.field(default_factory=list, description="What kind of actor acted.")
    role: list[str] = strawberry.field(default_factory=list, description="The role in which they acted.")
    door: list[str] = strawberry.field(
        default_factory=list,
        description="The door they came through: graphql, ingest, command-line, import, demo, ledger.",
    )
    recorded_from: datetime | None = strawberry.field(default=None, description="Recorded then or later.")
    recorded_before: datetime | None = strawberry.field(default=None, description="Recorded earlier than then.")
    occurred_from: datetime | None = strawberry.field(default=None, description="Occurred then or later.")
    occurred_before: datetime | None = strawberry.field(default=None, description="Occurred earlier than then.")
    departed: bool = strawberry.field(default=False, description="Only those that left the declared life.")
    departure: list[Departure] = strawberry.field(
        default_factory=list, description="Only those that left it in one of these steps."
    )
    overriding: bool = strawberry.field(default=False, description="Only overrides, of whatever kind.")
    override: list[Override] = strawberry.field(
        default_factory=list, description="Only overrides of one of these kinds."
    )
    administration: bool = strawberry.field(
        default=False,
        description="Only what was done in the role of an administrator, and what touches the book as a whole: its "
        "opening, its standards, who may approve, imports, and masked values that were shown.",
    )
    back_dated_over: int = strawberry.field(
        default=86_400, description="From how many seconds on an event counts as back-dated; a day when left out."
    )

    def of_view(self, book: str) -> audit_trail.AuditFilter:
        """The filter of the view. Raises: Problem."""
        return audit_trail.AuditFilter(
            subject=None if self.subject_id is None else identity_of(self.subject_id, book).stream,
            actor=None if self.actor is None else speakable(self.actor),
            actor_kinds=tuple(self.actor_kind),
            roles=tuple(map(speakable, self.role)),
            categories=tuple(self.subject_kind),
            topics=tuple(map(speakable, self.topic)),
            doors=tuple(map(speakable, self.door)),
            recording=Recording(self.recorded_from, self.recorded_before),
            occurred_from=self.occurred_from,
            occurred_before=self.occurred_before,
            departed=self.departed,
            departures=tuple(self.departure),
            overriding=self.overriding,
            overrides=tuple(self.override),
            back_dated_over=_span(self.back_dated_over),
            administration=self.administration,
        )


def _span(seconds: int) -> timedelta:
    """What counts as back-dated. Raises: Problem."""
    if not 1 <= seconds <= LONGEST_SECONDS:
        raise Problem(Code.BAD_ARGUMENTS, f"{seconds} seconds are no span; give 1 to {LONGEST_SECONDS}.")
    return timedelta(seconds=seconds)


async def listed_entries(
    request: Request, where: audit_trail.AuditFilter, order: AuditOrder, arguments: PageArguments
) -> Connection[AuditEntry]:
    """A page of the book's audit trail. Raises: Problem."""
    door = request.door
    window = arguments.window(order.order, descending=order.descending)
    page = await door.off_loop(audit_trail.page, door.ledger.database, door.book, window, where)
    return page_of_entries(window, page)


# Departures and overrides ---------------------------------------------------------------------------------------------


@strawberry.type(description="How often history left the declared life in one way.")
class DepartureCount:
    departure: Departure = strawberry.field(description="The step in which it did.")
    events: int = strawberry.field(description="How many events bear that mark; `auditTrail` lists them.")
    subjects: int = strawberry.field(description="How many things these events are about.")


async def counted_departures(request: Request, recording: Recording) -> list[DepartureCount]:
    """Departures by kind."""
    door = request.door
    found = await door.off_loop(overrides.departure_counts, door.ledger.database, door.book, recording)
    return [DepartureCount(departure=Departure(each.departure), events=each.events, subjects=each.subjects)
            for each in found]  # fmt: skip


@strawberry.type(description="How often somebody did one kind of thing beside the ordinary course.")
class OverrideCount:
    kind: Override = strawberry.field(description="What kind of thing.")
    events: int = strawberry.field(description="How often.")
    of: strawberry.Private[overrides.OverridesOf]
    recording: strawberry.Private[Recording]
    back_dated_over: strawberry.Private[timedelta]

    @resolved("The events behind the count, the latest first.")
    async def entries(
        self,
        info: Info,
        first: Annotated[int | None, FIRST] = None,
        after: Annotated[str | None, AFTER] = None,
        last: Annotated[int | None, LAST] = None,
        before: Annotated[str | None, BEFORE] = None,
    ) -> Connection[AuditEntry]:
        window = PageArguments(first, after, last, before).window(POSITION, descending=True)
        wanted = EntriesOf(self.of, window, self.recording, self.back_dated_over)
        return page_of_entries(window, await info.context.loaders.overrides_of.load(wanted) or Page([], has_more=False))


@strawberry.type(description="What somebody did beside the ordinary course of things.")
class ActorOverrides:
    actor: str = strawberry.field(description="Who acted, by the name under which they work.")
    actor_kind: ActorKind = strawberry.field(description="What kind of actor.")
    total: int = strawberry.field(description="How often, of all kinds; an event that is two kinds counts as two.")
    counts: list[OverrideCount] = strawberry.field(
        description="How often, by kind; kinds that never occurred are not there."
    )


async def counted_overrides(
    request: Request, actor: str | None, recording: Recording, back_dated_over: int, first: int
) -> list[ActorOverrides]:
    """Overrides by who acted, for so many actors. Raises: Problem."""
    door, span = request.door, _span(back_dated_over)
    if not 0 <= first <= MOST_A_PAGE:
        message = f"At most {MOST_A_PAGE} actors are listed, not {first}."
        raise Problem(Code.PAGE_TOO_LARGE, message, limit=MOST_A_PAGE, found=first)
    named = None if actor is None else speakable(actor)
    found = await door.off_loop(
        lambda: overrides.overrides_by_actor(
            door.ledger.database, door.book, actor=named, recording=recording, back_dated_over=span, limit=first
        )
    )
    return [
        ActorOverrides(
            actor=each.actor,
            actor_kind=each.actor_kind,
            total=each.total,
            counts=list(_counts(each, recording, span)),
        )
        for each in found
    ]


def _counts(told: overrides.ActorOverrides, recording: Recording, span: timedelta) -> Iterator[OverrideCount]:
    for kind, events in told.counts.items():
        of = overrides.OverridesOf(told.actor, told.actor_kind, kind)
        yield OverrideCount(kind=kind, events=events, of=of, recording=recording, back_dated_over=span)
