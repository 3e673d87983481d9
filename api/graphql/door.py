"""The door itself: what all requests of an application share, and the threads on which it reaches the ledger."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial
from typing import Any, TypeVar

from anyio import CapacityLimiter, to_thread

from api.access.links import Links
from api.graphql.consistency import token_of
from api.graphql.scalars import ConsistencyToken
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
FOLLOW_THREADS = 4
READ_THREADS = 2
"""Reading a document is Python alone: more threads would only take turns."""
WAIT_SECONDS = 5.0
ATTACHMENT_BYTES = 100 * 1024 * 1024


@dataclass(frozen=True)
class Door:
    """The ledger of one book, and its views.

    Both are reached by synchronous code, which runs on threads of its own and never on the event loop. Those who wait
    for a position wait on others, so that they keep nobody from working.
    """

    ledger: Ledger
    runner: Runner
    wait_seconds: float = WAIT_SECONDS
    attachment_bytes: int = ATTACHMENT_BYTES
    """How long a file may be."""
    working: CapacityLimiter = field(default_factory=partial(CapacityLimiter, WORK_THREADS))
    waiting: CapacityLimiter = field(default_factory=partial(CapacityLimiter, WAIT_THREADS))
    following: CapacityLimiter = field(default_factory=partial(CapacityLimiter, FOLLOW_THREADS))
    reading: CapacityLimiter = field(default_factory=partial(CapacityLimiter, READ_THREADS))

    @property
    def book(self) -> str:
        """The book that this door opens."""
        return self.ledger.book

    @cached_property
    def feed(self) -> Feed:
        """How far the book has come, for those who stay and are told of it. It begins with the first of them."""
        return Feed(self.ledger, self.runner, self._forget)

    @cached_property
    def steps(self) -> Steps:
        """What events made of cases, for all boards that follow them."""
        return Steps(self.ledger)

    @cached_property
    def reckonings(self) -> Reckonings:
        """How clocks stood at which position, for all who follow clocks."""
        return Reckonings(self.ledger, self.runner)

    def _forget(self) -> None:
        """Forgets what was worked out by positions of a book that was restored to an earlier state."""
        self.steps.forget()
        self.reckonings.forget()

    @cached_property
    def links(self) -> Links:
        """The links to files of the book."""
        return Links(self.ledger.attachments.link_key, self.book)

    async def off_loop(self, work: Callable[..., T], *arguments: Any) -> T:
        """What synchronous work gives back."""
        return await to_thread.run_sync(work, *arguments, limiter=self.working)

    async def in_turn(self, work: Callable[..., T], *arguments: Any) -> T:
        """The same for those who follow the book: what they catch up with may be much, and keeps nobody from asking."""
        return await to_thread.run_sync(work, *arguments, limiter=self.following)

    async def shows(self, position: int, views: Collection[View[Any]] | None = None) -> bool:
        """Whether some views, or all, have reached a position, or reach it within `wait_seconds`."""
        wait = partial(self.runner.wait_for, position, self.wait_seconds, views=views)
        return await to_thread.run_sync(wait, limiter=self.waiting)

    def now(self) -> datetime:
        """The time of day, as `present` has it. It asks the database, and so is asked off the loop."""
        return present(self.ledger)

    def token(self, position: int) -> ConsistencyToken:
        """The consistency token of a position."""
        return token_of(self.book, position)
