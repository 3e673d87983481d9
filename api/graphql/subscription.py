"""Everything that can be followed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Annotated, Any, TypeVar

import strawberry

from api.graphql.arguments import one_argument
from api.graphql.board_changed import BoardChange, Following
from api.graphql.case_changed import CaseChange, case_changes
from api.graphql.cases import CaseFilter
from api.graphql.door import Door
from api.graphql.identity import identity_of
from api.graphql.ledger_head import LedgerHead, head_of_book
from api.graphql.passing import Since, lasting, place_after
from api.graphql.problem import Code, Problem, speakable
from api.graphql.request import Info
from api.graphql.sla_changed import FollowedClocks, SlaChange
from domain.stream import Category

Source = TypeVar("Source", bound=Callable[..., Any])


def followed(description: str) -> Callable[[Source], Source]:
    """Makes a method the source of the subscription of its name. It says what is wrong with what was asked before the
    first item, and gives back the stream of them."""

    def declare(source: Source) -> Source:
        field: Any = strawberry.subscription(source, description=description)
        return field  # type: ignore[no-any-return]

    return declare


@strawberry.type(
    description="Everything that can be followed. Each field is a stream of its own: what has been recorded since its "
    "token, and then what comes, each thing once."
)
class Subscription:
    @followed("Where the book stands: at once, or when it has grown beyond the token, and whenever it grows.")
    async def ledger_head(self, info: Info, after: Since = None) -> AsyncGenerator[LedgerHead, None]:
        place = None if after is None else await place_after(info.context, after)
        return _heads(info.context.door, -1 if place is None else place.position)

    @followed(
        "What is recorded about a case, of itself and of what it rests on, each time with the case. Null when there is "
        "no such case, or none any more; nothing follows then."
    )
    async def case_changed(
        self,
        info: Info,
        id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")],  # noqa: A002
        after: Since = None,
    ) -> AsyncGenerator[CaseChange | None, None]:
        request = info.context
        case_id = identity_of(id, request.door.book, Category.CASE).subject
        return case_changes(request, case_id, await place_after(request, after))

    @followed(
        "The cases that come onto a board, change on it and leave it. On the board of a unit stand the cases that it "
        "holds, or one below it as the tree stands at the time; those that are neither resolved nor closed, unless the "
        "filter says where in their life."
    )
    async def cases_on_board(
        self,
        info: Info,
        unit: Annotated[
            str | None,
            strawberry.argument(
                description="The unit, by its name; every case that the asker is told of when left out."
            ),
        ] = None,
        filter: Annotated[  # noqa: A002
            CaseFilter | None, strawberry.argument(description="Which of these cases; all when left out.")
        ] = None,
        after: Since = None,
    ) -> AsyncGenerator[BoardChange, None]:
        request = info.context
        if filter is not None and filter.below is not None:
            raise Problem(Code.BAD_ARGUMENTS, "A board is that of a unit and of those below it: say which in `unit`.")
        where = (filter or CaseFilter()).of_view(request.door.book)
        following = Following(request, None if unit is None else speakable(unit), where)
        return following.changes(await place_after(request, after))

    @followed(
        "The clocks (时限) of a case, or those of a unit and of the units below it, each time one comes to stand "
        "otherwise: by what is recorded, or because time has passed. Give exactly one of both."
    )
    async def sla_changed(
        self,
        info: Info,
        unit: Annotated[
            str | None,
            strawberry.argument(description="The unit that has what they are of, or one above it, by its name."),
        ] = None,
        case_id: Annotated[
            strawberry.ID | None,
            strawberry.argument(description="The case that they are of, or for which the obligations are."),
        ] = None,
        after: Since = None,
    ) -> AsyncGenerator[SlaChange, None]:
        request = info.context
        one_argument(unit=unit, caseId=case_id)
        case = None if case_id is None else identity_of(case_id, request.door.book, Category.CASE)
        clocks = FollowedClocks(request, None if unit is None else speakable(unit), case and case.subject)
        return clocks.changes(await place_after(request, after), from_now=after is None)


async def _heads(door: Door, position: int) -> AsyncGenerator[LedgerHead, None]:
    while await door.feed.heard(lambda word, told=position: word.head > told) is not None:  # type: ignore[misc]
        head = await lasting(door, lambda: head_of_book(door))
        position = head.position
        yield head
