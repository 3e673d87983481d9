"""A member of staff as a front end sees them, and how they are listed."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from functools import partial
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

import strawberry

from api.graphql.allowed_actions import AllowedAction, Only, allowed_actions
from api.graphql.connection import AFTER, BEFORE, FIRST, LAST, Connection, PageArguments, connection_of
from api.graphql.enums import shown
from api.graphql.history import BY_VERSION, Event, page_of_history
from api.graphql.identity import global_id
from api.graphql.node import Node
from api.graphql.problem import Code, Problem, speakable
from api.graphql.request import Info, Request
from api.graphql.resolved import resolved
from api.graphql.scalars import SafeInt
from api.graphql.sorting import Sorting
from domain.event import EARLIEST, LATEST
from domain.stream import Category
from projections import staff as staff_view
from projections.staff import StaffView


@strawberry.type(description="Where somebody works, or worked.")
class Posting:
    since: datetime = strawberry.field(description="Since when.")
    unit: str | None = strawberry.field(description="The unit, by its name.")
    post: str | None = strawberry.field(description="The post.")


@strawberry.type(description="A certificate as it was granted (持证上岗).")
class Certificate:
    name: str = strawberry.field(description="What it is called.")
    since: datetime = strawberry.field(description="Since when it counts.")
    until: datetime | None = strawberry.field(description="When its time is over; null for one that is for good.")
    ended_at: datetime | None = strawberry.field(description="When it was noted as expired, or revoked.")
    revoked_because: str | None = strawberry.field(description="Why it was revoked; null when it was not.")


@strawberry.type(description="A grade that somebody is in, or was (分等定级).")
class Grade:
    since: datetime = strawberry.field(description="Since when.")
    grade: str = strawberry.field(description="The grade.")
    rules_version: str | None = strawberry.field(description="The version of the rules that put them there.")


@strawberry.type(description="A training that somebody attended (培训).")
class Training:
    at: datetime = strawberry.field(description="When.")
    course: str = strawberry.field(description="The course.")
    score: SafeInt | None = strawberry.field(description="What they scored, in the course's own points.")


@strawberry.type(description="A member of staff, under the name under which they work.")
class StaffMember(Node):
    name: str = strawberry.field(description="Their name at work; cases name their handler so.")
    unit: str | None = strawberry.field(description="The unit they work for, by its name.")
    post: str | None = strawberry.field(description="Their post.")
    is_here: bool = strawberry.field(description="Whether they work here now.")
    grade: str | None = strawberry.field(description="The grade they are in.")
    grade_rules_version: str | None = strawberry.field(description="The version of the rules that put them there.")
    certificates: list[Certificate] = strawberry.field(description="Each time that they were certified, oldest first.")
    grades: list[Grade] = strawberry.field(description="The grades they were in.")
    trainings: list[Training] = strawberry.field(description="The trainings they attended.")
    postings: list[Posting] = strawberry.field(description="Where they worked.")
    registered_at: datetime = strawberry.field(description="When they became known.")
    last_occurred_at: datetime = strawberry.field(description="When the latest thing happened to them.")
    last_recorded_at: datetime = strawberry.field(description="When the ledger last heard of them.")
    version: int = strawberry.field(description="The version that this shows; give it back as `expectedVersion`.")
    position: SafeInt = strawberry.field(description="The position in the book of the latest event that this shows.")
    view: strawberry.Private[StaffView]

    @resolved("Whether they held a certificate at an instant.")
    async def certified_at(
        self,
        certificate: Annotated[str, strawberry.argument(description="What the certificate is called.")],
        at: Annotated[datetime, strawberry.argument(description="The instant, with an offset or Z.")],
    ) -> bool:
        return self.view.certified_at(certificate, at)

    @resolved("Whether they held a certificate at some moment of a day, in the book's zone.")
    async def certified_on(
        self,
        info: Info,
        certificate: Annotated[str, strawberry.argument(description="What the certificate is called.")],
        day: Annotated[date, strawberry.argument(description="The day, as ISO 8601 has it: `2026-03-02`.")],
    ) -> bool:
        if not EARLIEST.date() < day < LATEST.date():
            raise Problem(Code.BAD_ARGUMENTS, f"{day} is no day of this ledger; give one from 1900 to 2199.")
        return self.view.certified_on(certificate, day, ZoneInfo(info.context.door.ledger.zone))

    @resolved("The latest training in a course that they had attended by an instant; null for none.")
    async def trained_at(
        self,
        course: Annotated[str, strawberry.argument(description="The course.")],
        at: Annotated[datetime, strawberry.argument(description="The instant, with an offset or Z.")],
    ) -> Training | None:
        found = self.view.trained_at(course, at)
        return None if found is None else _training(found)

    @resolved("Where they worked at an instant; null while they were not here.")
    async def posting_at(
        self, at: Annotated[datetime, strawberry.argument(description="The instant, with an offset or Z.")]
    ) -> Posting | None:
        found = self.view.posting_at(at)
        return None if found is None else Posting(**found._asdict())

    @resolved(
        "What can be asked about them in the asker's role, and whether it could be done now; but for files, and for "
        "what puts right what is recorded."
    )
    async def allowed_actions(self, info: Info, only: Only = None) -> list[AllowedAction]:
        return await allowed_actions(info.context, Category.STAFF, self.view.stream, only)

    @resolved("Their events, by version.")
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
    "name", "unit", "post", "is_here", "grade", "grade_rules_version", "registered_at", "last_occurred_at",
    "last_recorded_at", "version",
)  # fmt: skip
"""Fields that the view has just as the schema shows them."""


def staff_of(view: StaffView, book: str) -> StaffMember:
    """A member of staff as the schema shows them."""
    return StaffMember(
        id=strawberry.ID(global_id(Category.STAFF, book, view.staff_id)),
        certificates=[Certificate(**one._asdict()) for one in view.certificates],
        grades=[Grade(**one._asdict()) for one in view.grades],
        trainings=list(map(_training, view.trainings)),
        postings=[Posting(**one._asdict()) for one in view.postings],
        position=SafeInt(view.position),
        view=view,
        **{name: getattr(view, name) for name in SAME},
    )


def _training(training: staff_view.Training) -> Training:
    score = None if training.score is None else SafeInt(training.score)
    return Training(at=training.at, course=training.course, score=score)


async def shown_staff(request: Request, staff_id: UUID) -> StaffMember | None:
    """A member of staff as they are now; None when they are not registered."""
    view = await request.loaders.staff.load(staff_id)
    return None if view is None else staff_of(view, request.door.book)


class StaffOrderField(StrEnum):
    """By what staff are ordered."""

    NAME = "name"
    REGISTERED_AT = "registered"


shown(StaffOrderField, "StaffOrderField", "By what staff are ordered.", {"REGISTERED_AT": "When they became known."})


@strawberry.input(description="An order of staff.")
class StaffOrder:
    field: StaffOrderField = strawberry.field(default=StaffOrderField.NAME, description="By what they are ordered.")
    direction: Sorting = strawberry.field(default=Sorting.ASC, description="Which way the order runs.")


@strawberry.input(description="Which members of staff: those for whom everything given holds.")
class StaffFilter:
    unit: str | None = strawberry.field(default=None, description="The unit they work for, by its name.")
    grade: str | None = strawberry.field(default=None, description="The grade they are in.")
    is_here: bool | None = strawberry.field(default=None, description="Whether they work here now.")
    name_starts_with: str | None = strawberry.field(
        default=None, description="How their name at work begins, in whatever case of letters."
    )


async def listed_staff(
    request: Request, where: StaffFilter | None, order_by: StaffOrder | None, arguments: PageArguments
) -> Connection[StaffMember]:
    """A page of the book's staff. Raises: Problem."""
    door, order, chosen = request.door, order_by or StaffOrder(), where or StaffFilter()
    window = arguments.window(staff_view.ORDERS[order.field.value], descending=order.direction is Sorting.DESC)
    narrowed = staff_view.StaffFilter(
        unit=None if chosen.unit is None else speakable(chosen.unit),
        grade=None if chosen.grade is None else speakable(chosen.grade),
        is_here=chosen.is_here,
        name_starts_with=None if chosen.name_starts_with is None else speakable(chosen.name_starts_with),
    )
    reach = await request.reach()
    page = await door.off_loop(staff_view.page, door.ledger.database, door.book, window, narrowed, reach)
    return connection_of(window, page.rows, more=page.has_more, show=partial(staff_of, book=door.book))
