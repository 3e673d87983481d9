"""A board that is followed: the cases that come onto it, change on it, and leave it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

import strawberry

from api.access.principal import Principal
from api.access.reaching import Units
from api.graphql.case import Case, shown_case
from api.graphql.consistency import Place, token_of
from api.graphql.enums import shown
from api.graphql.identity import global_id
from api.graphql.passing import lasting, passing, shown_by
from api.graphql.request import Request
from api.graphql.scalars import ConsistencyToken, SafeInt
from api.live.board import Board, Move, moved, units_at
from domain.stream import Category
from ledger.marks import Mark
from projections.case_file import CaseFilter

shown(
    Move,
    "BoardMove",
    "What became of a case on a board.",
    {
        "ENTER": "It stands on the board from now on.",
        "UPDATE": "It stands there still, and is shown otherwise.",
        "LEAVE": "It stands there no longer: another unit has it, or it is over, or what was asked for does not hold.",
    },
)
AT_ONCE = 100
"""Cases whose steps are worked out together, so that the first is told before the last of a long way is known."""


@strawberry.type(description="Something became of a case on a board.")
class BoardChange:
    move: Move = strawberry.field(description="What became of it.")
    case_id: strawberry.ID = strawberry.field(description="The case's id, also when it is not shown any more.")
    case: Case | None = strawberry.field(
        description="The case as it stands when this is told, which may show later changes already; null when the "
        "asker is told of it no more, since it left their reach as well as the board."
    )
    position: SafeInt = strawberry.field(description="The place in the book of what made it so.")
    recorded_at: datetime = strawberry.field(description="When the ledger heard of that.")
    consistency_token: ConsistencyToken = strawberry.field(
        description="Stands for this change: after it, the next one follows."
    )


@dataclass
class Following:
    """One asker who follows one board."""

    request: Request
    unit: str | None
    where: CaseFilter
    looked: bool = False
    """Whether the asker's reach was read for the page that is told."""
    known: tuple[Units, Principal, Board] | None = None
    """The board that was asked for last, and by what."""

    async def changes(self, place: Place) -> AsyncGenerator[BoardChange, None]:
        """What becomes of cases on the board after a place."""
        door, told = self.request.door, _told_of(place)
        start = place.position if told is None else place.position - 1
        if not await shown_by(door, place.position):
            return
        units = await self._units(start)
        async with aclosing(passing(door, start)) as pages:
            async for page in pages:
                self.looked = False
                for some in _parts(page):
                    if some[0].kind != Category.UNIT:
                        if any(mark.kind == Category.CASE for mark in some):
                            async for change in self._of_cases(self._board(units), some):
                                yield change
                        continue
                    (mark,) = some
                    before, units = units, await self._units(mark.position)
                    async for change in self._of_units(self._board(before), self._board(units), mark, told):
                        yield change
                    told = None

    async def _units(self, position: int) -> Units:
        """The units as known at a position."""
        door = self.request.door
        return await lasting(door, partial(door.in_turn, lambda: units_at(door.ledger, position, door.now())))

    def _board(self, units: Units) -> Board:
        """The board by some units, for who asks by now."""
        principal = self.request.principal
        if self.known is None or self.known[0] is not units or self.known[1] != principal:
            self.known = (units, principal, Board.of(self.unit, self.where, units, principal, self.request.rights))
        return self.known[2]

    async def _of_cases(self, board: Board, marks: Sequence[Mark]) -> AsyncIterator[BoardChange]:
        """What becomes of cases of which something was recorded."""
        door = self.request.door
        of_cases = [mark for mark in marks if mark.kind == Category.CASE]
        steps = await lasting(door, partial(door.in_turn, door.steps.of, of_cases))
        for mark in of_cases:
            move = board.move(*steps[mark.position])
            if move is not None and mark.case_id is not None:
                change = await self._change(move, mark.case_id, mark, door.token(mark.position))
                if change is not None:
                    yield change

    async def _of_units(self, before: Board, board: Board, mark: Mark, told: UUID | None) -> AsyncIterator[BoardChange]:
        """What becomes of cases whose units now stand elsewhere in the tree; they share a position, and tokens say
        which of them was told last."""
        door = self.request.door
        moves = await lasting(door, partial(door.in_turn, moved, door.ledger, before, board, mark.position))
        for case_id, move in moves:
            if told is None or case_id > told:
                token = token_of(door.book, mark.position, str(case_id))
                change = await self._change(move, case_id, mark, token)
                if change is not None:
                    yield change

    async def _change(self, move: Move, case_id: UUID, mark: Mark, token: ConsistencyToken) -> BoardChange | None:
        """What is told of it. A case that is beyond reach by now leaves the board, and does nothing else on it."""

        if not self.looked:  # how far the asker reaches is read once a page
            self.request.forget()
            self.looked = True

        async def case_now() -> Case | None:
            self.request.read_again()
            return await shown_case(self.request, case_id)

        case = await lasting(self.request.door, case_now)
        if case is None and move is not Move.LEAVE:
            return None
        return BoardChange(
            move=move,
            case_id=strawberry.ID(global_id(Category.CASE, self.request.door.book, case_id)),
            case=case,
            position=SafeInt(mark.position),
            recorded_at=mark.recorded_at,
            consistency_token=token,
        )


def _parts(page: Sequence[Mark]) -> list[Sequence[Mark]]:
    """A page, cut where something happens to a unit, which stands alone, and into parts that are worked out at once."""
    parts: list[list[Mark]] = []
    for mark in page:
        alone = mark.kind == Category.UNIT
        if not parts or alone or parts[-1][0].kind == Category.UNIT or len(parts[-1]) >= AT_ONCE:
            parts.append([])
        parts[-1].append(mark)
    return list(parts)


def _told_of(place: Place) -> UUID | None:
    """The case that was told last of those that moved together; None when all of the position was told."""
    try:
        return UUID(place.beside) if place.beside else None
    except ValueError:  # out of another stream, which says nothing about cases
        return None
