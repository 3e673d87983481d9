"""What one request has at hand: who asks, the door it came through, and its loaders."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias
from uuid import UUID

import strawberry
from strawberry.fastapi import BaseContext

from api.access.principal import Principal
from api.access.reaching import reach_of, sees
from api.access.rules import Rights, Scope, rights
from api.graphql.consistency import position_of
from api.graphql.door import Door
from api.graphql.loaders import Loaders
from api.graphql.problem import Code, Problem
from domain.stream import Category
from projections.reach import EVERYTHING, Reach

CONSISTENCY_HEADER = "Daybook-Consistency-Token"


class Request(BaseContext):
    """One request. `shows_schema` says whether whoever asks may ask what there is to be asked; `once`, that it has
    one answer, so that nothing can be followed."""

    def __init__(self, door: Door, principal: Principal, *, shows_schema: bool = True, once: bool = False) -> None:
        super().__init__()
        self.door = door
        self.principal = principal
        self.shows_schema = shows_schema
        self.once = once
        self.kind: str | None = None
        """What kind of operation it is, once that is known."""
        self.operation: str | None = None
        """The name that its front end gave to it."""
        self._reach: Reach | None = None
        self.loaders = Loaders(door, self.reach)

    @property
    def rights(self) -> Rights:
        """What the asker's role may."""
        return rights()[self.principal.role]

    def become(self, principal: Principal) -> None:
        """Goes on in the name of somebody whose token was renewed."""
        self.principal = principal
        self.forget()

    def forget(self) -> None:
        """Shows nothing any more of what was read so far: something may have been written since."""
        self._reach = None
        self.read_again()

    def read_again(self) -> None:
        """The same, but that nobody's reach has changed."""
        self.loaders = Loaders(self.door, self.reach)

    async def reach(self) -> Reach:
        """The part of the book that the asker is told of, as the units stand now."""
        if self._reach is None:
            if self.rights.scope is Scope.ALL:
                self._reach = EVERYTHING
            else:
                self._reach = await self.door.off_loop(reach_of, self.principal, self.rights, self.door.ledger)
        return self._reach

    async def sees(self, kind: Category, subject: UUID) -> bool:
        """Whether something lies within the asker's reach."""
        reach = await self.reach()
        return reach.everything or await self.door.off_loop(sees, self.door.ledger, reach, kind, subject)

    async def now(self) -> datetime:
        """The time of day, one for all that is shown together."""
        return await self.loaders.presents.load(self.door.book)

    async def caught_up(self, token: str | None) -> None:
        """Returns when the views show what a token stands for; the request's header says it for all of its fields.

        Raises: Problem when they do not in time, or when it is no token.
        """
        told = token or (self.request.headers.get(CONSISTENCY_HEADER) if self.request else None)
        if told is None:
            return
        position = position_of(told, self.door.book)
        if not await self.door.shows(position):
            raise Problem(
                Code.NOT_CAUGHT_UP,
                f"The views do not show position {position} yet; try again, or ask without the consistency token.",
                position=position,
            )


Info: TypeAlias = strawberry.Info[Request, None]
