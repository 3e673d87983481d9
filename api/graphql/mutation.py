"""What a mutation is: what is asked, the commands it becomes, and what it changes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from typing import Any, NamedTuple
from uuid import UUID

from api.access.principal import Principal
from api.graphql import inputs
from api.graphql.carrying_out import Done, Maker, carried_out
from api.graphql.door import Door
from api.graphql.request import Request
from domain.event import Command
from domain.stream import subject_of
from projections.reach import Reach
from projections.view import View

Showing = Callable[[Request, UUID], Awaitable[Any]]
ShowingStream = Callable[[Request, str], Awaitable[Any]]
ShowingFound = Callable[[Request, Any], Awaitable[Any]]
Carrying = Callable[[Door, Principal, Reach, Any, Maker], Done]


class Subject(NamedTuple):
    """What a mutation changes: its name in the payload, its type, and how it is shown as it is now."""

    name: str
    type: Any
    show: Showing | None = None
    show_stream: ShowingStream | None = None
    """Instead, where the mutation may be about several kinds of things."""
    show_found: ShowingFound | None = None
    """Instead, where it is something that was worked out on the way."""
    views: Collection[View[Any]] | None = None
    """Without which it is not shown; None for all. The others are waited for as well, and may be behind in the end."""

    async def shown(self, request: Request, stream: str, found: Any) -> Any:
        """It as it is now, or as it was `found`; None when there is none."""
        if self.show_found is not None:
            return await self.show_found(request, found)
        if self.show_stream is not None:
            return await self.show_stream(request, stream)
        return None if self.show is None else await self.show(request, subject_of(stream))


class Mutation(NamedTuple):
    """Something that can be asked for."""

    name: str
    description: str
    input: type[inputs.AskedOnce]
    make: Maker
    commands: tuple[type[Command], ...]
    """The commands it may become, whose refusals are its codes."""
    subject: Subject
    codes: tuple[str, ...] = ()
    """Those that come on top."""
    carried: Carrying = carried_out
    """How it is carried out, where more than its commands belongs to that."""
