"""The register as a front end sees it: its numbers, its gaps, and what was handled or written down out of turn."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from api.graphql.arguments import After, Before, Direction, First, Last, Token
from api.graphql.connection import Connection, PageArguments, connection_of
from api.graphql.enums import Precision
from api.graphql.problem import Code, Problem, speakable
from api.graphql.request import Info, Request
from api.graphql.resolved import resolved
from api.graphql.scalars import SafeInt
from api.graphql.sorting import Sorting
from domain.stream import Category
from projections import register
from projections.register import DELAY, EARLY, NUMBER

if TYPE_CHECKING:
    from api.graphql.case import Case

LONGEST_HOURS = 24 * 366 * 300
"""The ledger's dates span three hundred years."""


@strawberry.type(description="Something done about a case that had no number yet.")
class EarlyStep:
    version: int = strawberry.field(description="The event's place in the case's history.")
    topic: str = strawberry.field(description="What was done, with the version of its schema: `case-dispatched.1`.")
    occurred_at: datetime = strawberry.field(description="When it was done.")


@strawberry.type(description="A line of the register (登记簿): a case or an import, with its number once it has one.")
class RegisterEntry:
    number: str | None = strawberry.field(description="The register number, `C2026-000123`; null while there is none.")
    received_at: datetime = strawberry.field(description="When it reached the company.")
    received_precision: Precision = strawberry.field(description="How exactly that is known.")
    received_recorded_at: datetime = strawberry.field(description="When the ledger heard of that.")
    received_source_recorded_at: datetime | None = strawberry.field(
        description="When the system that it came from heard of that."
    )
    delay_seconds: SafeInt = strawberry.field(
        description="From the receipt until it was written down, at its source or else here."
    )
    registered_at: datetime | None = strawberry.field(description="When it got its number.")
    registered_recorded_at: datetime | None = strawberry.field(description="When the ledger heard of that.")
    registered_by: str | None = strawberry.field(description="The member of staff who registered it.")
    unit: str | None = strawberry.field(description="The unit that had it from its registration.")
    early_steps: list[EarlyStep] = strawberry.field(description="What was done before its registration, by version.")
    import_id: UUID | None = strawberry.field(description="The import that the number was given to, when it is one.")
    case_id: strawberry.Private[UUID | None]

    @resolved("The case that the number was given to, when it is one.")
    async def case(self, info: Info) -> Annotated[Case, strawberry.lazy("api.graphql.case")] | None:
        from api.graphql.case import shown_case

        return None if self.case_id is None else await shown_case(info.context, self.case_id)


@strawberry.type(description="Whether the numbers of a series follow one another, as far as the views have read.")
class RegisterSeries:
    series: str = strawberry.field(description="The series: `C2026`.")
    given: int = strawberry.field(description="The last number that the ledger gave.")
    last: int = strawberry.field(description="The last number that the register shows; less while it reads on.")
    missing: int = strawberry.field(description="How many numbers up to that are nowhere. There must be none.")
    first_missing: str | None = strawberry.field(description="The first of them; null when there is none.")


@strawberry.type(description="A page of the register.")
class RegisterConnection(Connection[RegisterEntry]):
    series_asked: strawberry.Private[str | None]

    @resolved("The series of numbers, each with whether it is whole: all of the book, or the one asked for.")
    async def series(self, info: Info) -> list[RegisterSeries]:
        return await _states(info.context, self.series_asked)

    @resolved("Those of them in which numbers are missing. There must be none, so this is empty.")
    async def gaps(self, info: Info) -> list[RegisterSeries]:
        return [state for state in await _states(info.context, self.series_asked) if state.missing]


async def _states(request: Request, series: str | None) -> list[RegisterSeries]:
    door = request.door
    rows = await door.off_loop(register.series_states, door.ledger.database, door.book, series)
    return [state_of(row) for row in rows]


def state_of(state: register.SeriesState) -> RegisterSeries:
    """A series as the schema shows it."""
    first = state.first_missing_number
    return RegisterSeries(**state._asdict() | {"first_missing": None if first is None else str(first)})


def entry_of(entry: register.RegisterEntry) -> RegisterEntry:
    """A line of the view as the schema shows it."""
    return RegisterEntry(
        number=str(entry.register) if entry.register else None,
        delay_seconds=SafeInt(entry.delay_seconds),
        early_steps=[EarlyStep(**step._asdict()) for step in entry.early_steps],
        import_id=entry.subject_id if entry.kind is Category.IMPORT else None,
        case_id=entry.subject_id if entry.kind is Category.CASE else None,
        **{name: getattr(entry, name) for name in SAME},
    )


SAME = (
    "received_at", "received_precision", "received_recorded_at", "received_source_recorded_at", "registered_at",
    "registered_recorded_at", "registered_by", "unit",
)  # fmt: skip
"""Fields that the view has just as the schema shows them."""


async def listed_register(
    request: Request, series: str | None, arguments: PageArguments, *, descending: bool
) -> RegisterConnection:
    """A page of the register. Raises: Problem."""
    door, asked = request.door, None if series is None else speakable(series).upper()
    window = arguments.window(NUMBER, descending=descending)
    page = await door.off_loop(register.page, door.ledger.database, door.book, window, asked)
    shown = connection_of(window, page.rows, more=page.has_more, show=entry_of)
    return RegisterConnection(edges=shown.edges, nodes=shown.nodes, page_info=shown.page_info, series_asked=asked)


async def listed_early(request: Request, arguments: PageArguments, *, descending: bool) -> Connection[RegisterEntry]:
    """A page of what was handled before it was registered. Raises: Problem."""
    door, window = request.door, arguments.window(EARLY, descending=descending)
    page = await door.off_loop(register.page, door.ledger.database, door.book, window)
    return connection_of(window, page.rows, more=page.has_more, show=entry_of)


async def listed_back_dated(
    request: Request, hours: int, arguments: PageArguments, *, at_source: bool
) -> Connection[RegisterEntry]:
    """A page of the receipts that were written down late, the latest first. Raises: Problem."""
    if not 0 <= hours <= LONGEST_HOURS:
        raise Problem(Code.BAD_ARGUMENTS, f"Longer than {hours} hours cannot be asked; give 0 to {LONGEST_HOURS}.")
    door, window = request.door, arguments.window(DELAY, descending=True)
    longer_than = timedelta(hours=hours)
    page = await door.off_loop(
        lambda: register.back_dated(door.ledger.database, door.book, window, longer_than, at_source=at_source)
    )
    return connection_of(window, page.rows, more=page.has_more, show=entry_of)


@strawberry.type(description="What can be asked of the register.")
class RegisterQuery:
    @resolved("The register (登记簿): every number that was given, in its order.")
    async def register(
        self,
        info: Info,
        series: Annotated[
            str | None, strawberry.argument(description="One series of numbers, such as C2026; all when left out.")
        ] = None,
        direction: Direction = Sorting.ASC,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        consistency_token: Token = None,
    ) -> RegisterConnection:
        await info.context.caught_up(consistency_token)
        arguments = PageArguments(first, after, last, before)
        return await listed_register(info.context, series, arguments, descending=direction is Sorting.DESC)

    @resolved("Cases that were handled before they were registered, or without ever being, by when they were received.")
    async def handled_before_registration(
        self,
        info: Info,
        direction: Direction = Sorting.DESC,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        consistency_token: Token = None,
    ) -> Connection[RegisterEntry]:
        await info.context.caught_up(consistency_token)
        arguments = PageArguments(first, after, last, before)
        return await listed_early(info.context, arguments, descending=direction is Sorting.DESC)

    @resolved("Receipts that were written down long after they had occurred, those that took longest first.")
    async def back_dated_receipts(
        self,
        info: Info,
        longer_than_hours: Annotated[
            int, strawberry.argument(description="How many hours may pass before it counts.")
        ] = 24,
        at_source: Annotated[
            bool,
            strawberry.argument(
                description="Those that come with the time at which their source heard of them, measured by that; "
                "otherwise those without, measured by when the ledger heard."
            ),
        ] = False,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        consistency_token: Token = None,
    ) -> Connection[RegisterEntry]:
        await info.context.caught_up(consistency_token)
        arguments = PageArguments(first, after, last, before)
        return await listed_back_dated(info.context, longer_than_hours, arguments, at_source=at_source)
