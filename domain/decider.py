"""What every kind of stream declares about itself: how its state follows from events, and events from commands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar
from uuid import UUID

from domain.envelope import Context, Occurred, Recorded
from domain.event import Event
from domain.stream import Category

S = TypeVar("S")

Decided: TypeAlias = Sequence[Event | Occurred[Event]]
"""The events that follow from a command, in order. A bare event occurred as its command did."""


def nothing_else(command: Any, context: Context) -> Iterable[str]:
    """No stream beside the command's own."""
    del command, context
    return ()


def nowhere(state: Any) -> UUID | None:
    """No other subject."""
    del state
    return None


@dataclass(frozen=True, slots=True)
class Decider(Generic[S]):
    """One kind of stream: where its state starts, what a command leads to, what an event makes of the state.

    `decide` raises nothing but `Refused`; `evolve` never raises. Each takes the commands or events of its own
    category, which only a union in its module can name, hence `Any` here.
    """

    category: Category
    initial: S
    decide: Callable[[S, Any, Context], Decided]
    evolve: Callable[[S, Recorded[Any]], S]
    events: tuple[type[Event], ...]
    """Those that stand in its streams, beside requests to amend them and what comes of those."""
    begins: type[Event]
    """The one with which a history begins; without it, the rest cannot be folded."""
    once: tuple[type[Event], ...] = ()
    """Others that a history holds at most once."""
    amendable: bool = True
    """Whether what is recorded may be corrected and voided, by request and approval."""
    needs: Callable[[Any, Context], Iterable[str]] = nothing_else
    """Other streams whose states the decision on a command asks for. It is asked again with what was read, until it
    names nothing new, so that it may walk from one stream to the next."""
    onward: Callable[[S], UUID | None] = nowhere
    """The subject of the same kind that a state leads to: who stands for it, or what it stands below. The way from one
    to the next never leads back."""
