"""What can be read of units and staff."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, NamedTuple

import strawberry

from api.graphql.arguments import After, Before, First, Last, Token, one_argument
from api.graphql.as_of import AskedPast, KnownAt, KnownByArgument, KnownPosition, asked_past, past
from api.graphql.connection import Connection, PageArguments
from api.graphql.identity import identity_of
from api.graphql.loaders import TreeAt
from api.graphql.problem import speakable
from api.graphql.request import Info, Request
from api.graphql.resolved import resolved
from api.graphql.staff import StaffFilter, StaffMember, StaffOrder, listed_staff, shown_staff
from api.graphql.unit import AsOf as AsOfArgument
from api.graphql.unit import Unit, UnitSnapshot, shown_unit, snapshot_of, unit_of
from domain.event import EARLIEST
from domain.staff import id_of_staff
from domain.stream import Category
from projections import unit as unit_view
from projections.unit import Tree, UnitAt
from replay.as_of import AsOf, KnownBy


class _Then(NamedTuple):
    """A tree, and as of when."""

    tree: Tree
    at: datetime
    as_of: AsOf | None = None
    """None is as known by now."""

    def shown(self, was: UnitAt) -> UnitSnapshot:
        """A unit of it as the schema shows it."""
        return snapshot_of(was, self.tree, self.at, self.as_of)


async def _then(request: Request, asked: AskedPast) -> _Then:
    """The tree that is asked for; without units when nothing was known by then. Raises: Problem."""
    if asked == AskedPast(valid_at=asked.valid_at):
        at = await request.now() if asked.valid_at is None else asked.valid_at
        return _Then(await request.loaders.trees.load(TreeAt(at)) or Tree(()), at)
    as_of = await past(request, asked)
    if as_of is None:
        return _Then(Tree(()), EARLIEST)
    tree = await request.loaders.trees.load(TreeAt(as_of.valid_at, as_of))
    return _Then(tree or Tree(()), as_of.valid_at, as_of)


@strawberry.type
class OrganisationQuery:
    @resolved("A unit, by exactly one of its id or the name that it bears now; null for none.")
    async def unit(
        self,
        info: Info,
        id: Annotated[strawberry.ID | None, strawberry.argument(description="Its id.")] = None,  # noqa: A002
        name: Annotated[str | None, strawberry.argument(description="Its name.")] = None,
        consistency_token: Token = None,
    ) -> Unit | None:
        request = info.context
        await request.caught_up(consistency_token)
        by, value = one_argument(id=id, name=name)
        book, database = request.door.book, request.door.ledger.database
        if by == "id":
            return await shown_unit(request, identity_of(value, book, Category.UNIT).subject)
        found = await request.door.off_loop(unit_view.by_name, database, book, speakable(value))
        return None if found is None else unit_of(found, book)

    @resolved(
        "The units as they stood at an instant, each after the one above it; now, when none is given. As known by now, "
        "or as known earlier, when also what they stand by is `knownAt`."
    )
    async def units(
        self,
        info: Info,
        as_of: Annotated[
            datetime | None,
            strawberry.argument(
                description="It had occurred by then; an instant with an offset or Z. By `knownAt`, or by now, when "
                "left out."
            ),
        ] = None,
        is_open: Annotated[
            bool | None, strawberry.argument(description="Those that were open then, or those that were not.")
        ] = None,
        name_starts_with: Annotated[
            str | None, strawberry.argument(description="How their name of then begins, in whatever case of letters.")
        ] = None,
        consistency_token: Token = None,
        known_at: KnownAt = None,
        known_position: KnownPosition = None,
        known_by: KnownByArgument = KnownBy.LEDGER,
    ) -> list[UnitSnapshot]:
        request = info.context
        await request.caught_up(consistency_token)
        then = await _then(request, asked_past(known_at, known_position, known_by, as_of))
        begins = (name_starts_with or "").casefold()
        chosen = (was for _, was in then.tree.walk() if is_open in (None, was.is_open))
        return [then.shown(was) for was in chosen if was.name.casefold().startswith(begins)]

    @resolved("From the top down to the unit that bore a name at an instant, as a case has it; empty when none did.")
    async def unit_path(
        self,
        info: Info,
        name: Annotated[str, strawberry.argument(description="The name, as the case has it.")],
        as_of: AsOfArgument,
        consistency_token: Token = None,
        known_at: KnownAt = None,
        known_position: KnownPosition = None,
        known_by: KnownByArgument = KnownBy.LEDGER,
    ) -> list[UnitSnapshot]:
        await info.context.caught_up(consistency_token)
        then = await _then(info.context, asked_past(known_at, known_position, known_by, as_of))
        return [then.shown(was) for was in then.tree.path_of(name)]

    @resolved("A member of staff, by exactly one of their id or the name under which they work; null for none.")
    async def staff(
        self,
        info: Info,
        id: Annotated[strawberry.ID | None, strawberry.argument(description="Their id.")] = None,  # noqa: A002
        name: Annotated[str | None, strawberry.argument(description="Their name at work.")] = None,
        consistency_token: Token = None,
    ) -> StaffMember | None:
        request = info.context
        await request.caught_up(consistency_token)
        by, value = one_argument(id=id, name=name)
        if by == "name":
            return await shown_staff(request, id_of_staff(speakable(value).strip()))
        return await shown_staff(request, identity_of(value, request.door.book, Category.STAFF).subject)

    @resolved("The book's staff.")
    async def staff_members(
        self,
        info: Info,
        filter: Annotated[  # noqa: A002
            StaffFilter | None, strawberry.argument(description="Which members of staff; all when left out.")
        ] = None,
        order_by: Annotated[
            StaffOrder | None, strawberry.argument(description="The order; by name when left out.")
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        consistency_token: Token = None,
    ) -> Connection[StaffMember]:
        await info.context.caught_up(consistency_token)
        return await listed_staff(info.context, filter, order_by, PageArguments(first, after, last, before))
