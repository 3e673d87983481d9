"""What can be read of clocks: lists of what is due, overdue or was missed, and one by its id."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Annotated
from uuid import UUID

import strawberry

from api.access.reaching import names_below
from api.graphql.arguments import After, Before, First, Last, Token
from api.graphql.clock import CLOCK, SlaClock, clock_of
from api.graphql.clock_enums import State
from api.graphql.connection import Connection, PageArguments, connection_of
from api.graphql.enums import Tier, shown
from api.graphql.identity import identity_of, parts_of
from api.graphql.policy_enums import SubjectKind, TargetKind
from api.graphql.problem import Code, Problem, speakable
from api.graphql.request import Info, Request
from api.graphql.resolved import resolved
from api.graphql.sorting import Sorting
from domain.sla.clock import ClockKey
from domain.stream import Category, category_of, subject_of
from projections import deadlines
from projections.movement import Period
from projections.sla_row import key_of_id

HAVING_CLOCKS = frozenset({Category.CASE, Category.OBLIGATION})


class SlaClockOrderField(StrEnum):
    """By what clocks are ordered."""

    DUE = "due"
    STARTED_AT = "started"


shown(
    SlaClockOrderField,
    "SlaClockOrderField",
    "By what clocks are ordered.",
    {
        "DUE": "When they are due; those without a number are left out.",
        "STARTED_AT": "When they began, or begin; those of which nothing says when are left out.",
    },
)


@strawberry.input(description="An order of clocks.")
class SlaClockOrder:
    field: SlaClockOrderField = strawberry.field(
        default=SlaClockOrderField.DUE, description="By what they are ordered."
    )
    direction: Sorting = strawberry.field(default=Sorting.ASC, description="Which way the order runs.")


@strawberry.input(
    description="Which clocks: those for which everything given holds. A list holds for any of its values; an empty "
    "one asks nothing."
)
class SlaClockFilter:
    state: list[State] = strawberry.field(default_factory=list, description="How they stand now.")
    open: bool | None = strawberry.field(
        default=None, description="Whether nothing has ended them; one that is overdue is open until something does."
    )
    missed: bool | None = strawberry.field(default=None, description="Whether they are known to be missed by now.")
    due_from: datetime | None = strawberry.field(
        default=None, description="Due then or later; a day by its end, before its midnight."
    )
    due_before: datetime | None = strawberry.field(default=None, description="Due earlier than then.")
    unit: str | None = strawberry.field(
        default=None, description="The unit that has the subject, or had it at the clock's end."
    )
    below: str | None = strawberry.field(
        default=None,
        description="The unit that has the subject, or had it at the clock's end, or one that stands above it, as the "
        "tree stands now.",
    )
    handler: str | None = strawberry.field(default=None, description="The member of staff who does, or did.")
    tier: Tier | None = strawberry.field(default=None, description="The tier of the case's customer at the start.")
    policy: str | None = strawberry.field(default=None, description="The policy.")
    target: list[str] = strawberry.field(default_factory=list, description="The target, by its name in the policy.")
    kind: list[TargetKind] = strawberry.field(default_factory=list, description="What is to be done in time.")
    statutory: bool | None = strawberry.field(default=None, description="Whether a law or rule demands them.")
    subject: list[SubjectKind] = strawberry.field(default_factory=list, description="Whose clocks they are.")
    case_id: strawberry.ID | None = strawberry.field(
        default=None, description="The case that they are of, or for which the obligations are that they are of."
    )

    def of_view(self, book: str, now: datetime) -> deadlines.TimerFilter:
        """The filter of the view. Raises: Problem."""
        case = None if self.case_id is None else identity_of(self.case_id, book, Category.CASE)
        unit, handler, policy = (
            None if said is None else speakable(said) for said in (self.unit, self.handler, self.policy)
        )
        return deadlines.TimerFilter(
            now=now,
            states=tuple(self.state),
            open=self.open,
            missed=self.missed,
            due=Period(self.due_from, self.due_before),
            tier=None if self.tier is None else self.tier.value,
            targets=tuple(map(speakable, self.target)),
            kinds=tuple(self.kind),
            statutory=self.statutory,
            subject_kinds=tuple(self.subject),
            case_id=case and case.subject,
            unit=unit,
            handler=handler,
            policy=policy,
        )


@strawberry.type
class ClockQuery:
    @resolved("The clocks of all cases and obligations of the book, as they stand now.")
    async def sla_timers(
        self,
        info: Info,
        filter: Annotated[  # noqa: A002
            SlaClockFilter | None, strawberry.argument(description="Which clocks; all when left out.")
        ] = None,
        order_by: Annotated[
            SlaClockOrder | None, strawberry.argument(description="The order; first due first when left out.")
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        consistency_token: Token = None,
    ) -> Connection[SlaClock]:
        await info.context.caught_up(consistency_token)
        return await _listed(info.context, filter, order_by, PageArguments(first, after, last, before))

    @resolved("A clock, by its id; null for none.")
    async def sla_clock(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")],  # noqa: A002
        consistency_token: Token = None,
    ) -> SlaClock | None:
        request = info.context
        await request.caught_up(consistency_token)
        key, kind, subject = _key(id, request.door.book)
        if not await request.sees(kind, subject):
            return None
        timers = await request.loaders.timers.load(key.subject) or ()
        timer = next((each for each in timers if each.key == key), None)
        return None if timer is None else clock_of(timer, request.door.book, await request.now())


async def _listed(
    request: Request, where: SlaClockFilter | None, order_by: SlaClockOrder | None, arguments: PageArguments
) -> Connection[SlaClock]:
    door, order = request.door, order_by or SlaClockOrder()
    window = arguments.window(deadlines.ORDERS[order.field.value], descending=order.direction is Sorting.DESC)
    now = await request.now()
    asked = where or SlaClockFilter()
    chosen = asked.of_view(door.book, now)
    if asked.below is not None:
        chosen = replace(chosen, units=await door.off_loop(names_below, door.ledger, speakable(asked.below)))
    page = await door.off_loop(deadlines.page, door.ledger.database, door.book, window, chosen, await request.reach())
    return connection_of(window, page.rows, more=page.has_more, show=partial(clock_of, book=door.book, now=now))


def _key(text: str, book: str) -> tuple[ClockKey, Category, UUID]:
    """The key in a clock's id, and what it is a clock of. Raises: Problem."""
    key, kind, subject, of_book = None, None, None, ""
    try:
        called, of_book, clock_id = parts_of(text)
        key = key_of_id(speakable(clock_id)) if called == CLOCK else None
        if key is not None:
            kind, subject = Category(category_of(key.subject)), subject_of(key.subject)
    except ValueError:
        pass
    if key is None or subject is None or kind not in HAVING_CLOCKS:
        raise Problem(Code.BAD_ID, f"{text!r} is no id of a clock; use one as an answer gave it.")
    if of_book != book:
        raise Problem(Code.BAD_ID, f"{text!r} lies in book {of_book!r}; this door opens book {book!r}.")
    return key, kind, subject
