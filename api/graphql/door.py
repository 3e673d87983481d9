"""The door itself: what all requests of an application share, and the threads on which it reaches the ledger."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from typing import Any, TypeVar

from anyio import CapacityLimiter, to_thread

from api.graphql.consistency import token_of
from api.live.feed import Feed
from api.live.reckonings import Reckonings
from api.live.steps import Steps
from api.present import present
from ledger.ledger import Ledger
from projections.runner import Runner
from projections.view import View

T = TypeVar("T")

WORK_THREADS = 16
WAIT_THREADS = 100
READ_THREADS = 2
"""Reading a document is Python alone: more threads would only take turns."""
WAIT_SECONDS = 5.0


@dataclass(frozen=True)
class Door:
    """The ledger of one book, and its views.

    Both are reached by synchronous code, which runs on threads of its own and never on the event loop. Those who wait
    for a position wait on others, so that they keep nobody from working.
    """

    ledger: Ledger
    runner: Runner
    wait_seconds: float = WAIT_SECONDS
    working: CapacityLimiter = field(default_factory=partial(CapacityLimiter, WORK_THREADS))
    waiting: CapacityLimiter = field(default_factory=partial(CapacityLimiter, WAIT_THREADS))
    reading: CapacityLimiter = field(default_factory=partial(CapacityLimiter, READ_THREADS))

    @property
    def book(self) -> str:
        """The book that this door opens."""
        return self.ledger.book

    @cached_property
    def feed(self) -> Feed:
        """How far the book has come, for those who stay and are told of it. It begins with the first of them."""
        return Feed(self.ledger, self.runner)

    @cached_property
    def steps(self) -> Steps:
        """What events made of cases, for all boards that follow them."""
        return Steps(self.ledger)

    @cached_property
    def reckonings(self) -> Reckonings:
        """How clocks stood at which position, for all who follow clocks."""
        return Reckonings(self.ledger, self.runner)

    async def off_loop(self, work: Callable[..., T], *arguments: Any) -> T:
        """What synchronous work gives back."""
        return await to_thread.run_sync(work, *arguments, limiter=self.working)

    async def shows(self, position: int, views: Collection[View[Any]] | None = None) -> bool:
        """Whether some views, or all, have reached a position, or reach it within `wait_seconds`."""
        wait = partial(self.runner.wait_for, position, self.wait_seconds, views=views)
        return await to_thread.run_sync(wait, limiter=self.waiting)

    def now(self) -> datetime:
        """The time of day, as `present` has it. It asks the database, and so is asked off the loop."""
        return present(self.ledger)

    def token(self, position: int) -> str:
        """The consistency token of a position."""
        return token_of(self.book, position)
