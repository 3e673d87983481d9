"""What a mutation is: what is asked, the commands it becomes, and what it changes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple
from uuid import UUID

from api.graphql import inputs
from api.graphql.carrying_out import Maker
from api.graphql.request import Request
from domain.event import Command

Showing = Callable[[Request, UUID], Awaitable[Any]]


class Subject(NamedTuple):
    """What a mutation changes: its name in the payload, its type, and how it is shown as it is now."""

    name: str
    type: Any
    show: Showing


class Mutation(NamedTuple):
    """Something that can be asked for."""

    name: str
    description: str
    input: type[inputs.Asked]
    make: Maker
    commands: tuple[type[Command], ...]
    """The commands it may become, whose refusals are its codes."""
    subject: Subject
    codes: tuple[str, ...] = ()
    """Those that come on top."""
