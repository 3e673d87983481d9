"""What every kind of stream declares about itself: how its state follows from events, and events from commands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar

from domain.envelope import Context, Occurred, Recorded
from domain.event import Event
from domain.stream import Category

S = TypeVar("S")

Decided: TypeAlias = Sequence[Event | Occurred[Event]]
"""The events that follow from a command, in order. A bare event occurred as its command did."""


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
