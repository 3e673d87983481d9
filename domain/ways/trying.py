"""Trying commands without carrying them out: whether something may be done now, and if not, why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias, TypeVar
from uuid import UUID

from domain.decider import Decider
from domain.envelope import Context
from domain.event import Command, Refused
from domain.sla.standards import PolicyVersion

ANY = "whatever it may be"
"""Stands for every name, label or text, where a decision looks at none in particular. Nobody is to be called so."""
ELSEWHERE = UUID("6f0d4a8e-3b57-4c52-9a41-5a8f6d2c7e10")
"""Stands for some other subject of the same kind, which is there and in order. Nothing is recorded under it."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks, about what, and what is known beside it."""

    subject: UUID
    name: str = ANY
    """In whose name requests are made and decided."""
    policies: Sequence[PolicyVersion] = ()
    """Every version of the book's policies."""
    calendars: Sequence[str] = ()
    """The names of the book's calendars."""


S = TypeVar("S")
Content: TypeAlias = Mapping[str, Any]
"""What a command says, beside its time and its subject."""
Ways: TypeAlias = Callable[[S, Asking], Iterable[Content]]
"""The contents with which a command could be sent: one for each choice that the subject leaves, or one of which it
knows nothing, so that there always is one. By the first, all is read that any of them needs, but for who stands in."""


def so(**content: Any) -> Ways[Any]:
    """One way, whatever the subject."""
    return lambda _, __: (content,)


def each(field: str, values: Iterable[Any], **content: Any) -> Ways[Any]:
    """One way for each of the values of a field."""
    ways = tuple({field: value, **content} for value in values)
    return lambda _, __: ways


def by(field: str, **content: Any) -> Ways[Any]:
    """One way, in the name of who asks."""
    return lambda _, asking: ({field: asking.name, **content},)


class Tried(NamedTuple):
    """What came of trying a command in all the ways in which it could be sent."""

    refused: Refused | None
    """Why it cannot be done in any of them, as the decider says of the first; None when it can."""
    changing: tuple[Command, ...] = ()
    """The ways in which it changes something. None, and no refusal: it was done already."""


def tried(
    decider: Decider[Any], state: Any, commands: Iterable[Command], context: Context, *, all_ways: bool = False
) -> Tried:
    """What the decider says of commands that ask for the same in different ways.

    One that changes something settles it, unless all of them are asked for.
    """
    refused: Refused | None = None
    changing: list[Command] = []
    for command in commands:
        try:
            follows = decider.decide(state, command, context)
        except Refused as no:
            refused = refused or no
            continue
        if follows:
            changing.append(command)
            if not all_ways:
                break
    return Tried(None if changing else refused, tuple(changing))
