"""The feed: one follower for a whole server, which tells everybody who waits how far the book has come."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from contextvars import copy_context
from datetime import datetime
from threading import Event, Lock, Thread
from typing import NamedTuple

import psycopg

from api.present import present
from ledger.errors import LedgerError
from ledger.ledger import Ledger
from ledger.marks import Mark, marks
from ledger.stopping import ASKED_FOR, Statements
from ledger.subscription import Listener
from projections.runner import Runner

POLL_SECONDS = 0.5
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 5.0
GRACE_SECONDS = 10.0
MOST_REMEMBERED = 5_000
"""Marks. Who is not further behind than that reads none: a thousand pages that follow a book read it once."""

log = logging.getLogger(__name__)


class Word(NamedTuple):
    """How far a book has come."""

    head: int
    """Its last position."""
    shown: int
    """The position up to which all views show it."""
    stands: bool
    """Whether a view stays where it is, so that `shown` waits for somebody's help."""
    at: datetime
    """The book's present before `head` was read: by then nothing more than that was recorded."""
    looks: int
    """How often the follower has looked, each time with an answer."""


Until = Callable[[Word], bool]


class _Waiter:
    """Somebody on an event loop who waits for a word."""

    def __init__(self, until: Until) -> None:
        self.until = until
        self.loop = asyncio.get_running_loop()
        self.heard: asyncio.Future[None] = self.loop.create_future()

    def wake(self) -> None:
        """Called on the follower's thread; the loop may be gone by now."""
        with suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self._heard)

    def _heard(self) -> None:
        if not self.heard.done():
            self.heard.set_result(None)


class Feed:
    """Follows a book for everybody in this process, from the first who waits until `close`.

    It hands out words, never what was recorded: each reads on from their own place, at their own pace, and nothing
    piles up for who is slow. The marks of what was recorded last are remembered once for all. It outlives a database
    that goes away and comes back; `when_shorter` is called when less is in it then than there was.
    """

    def __init__(self, ledger: Ledger, runner: Runner, when_shorter: Callable[[], None] = lambda: None) -> None:
        self._ledger = ledger
        self._when_shorter = when_shorter
        self._runner = runner
        self._lock = Lock()
        self._waiting: set[_Waiter] = set()
        self._word: Word | None = None
        self._recent: list[Mark] = []
        self._last = 0
        """The position up to which the marks are remembered."""
        self._stop = Event()
        self._statements = Statements()
        self._thread: Thread | None = None

    @property
    def looks(self) -> int:
        """How often the follower has looked so far."""
        word = self._word
        return 0 if word is None else word.looks

    async def heard(self, until: Until) -> Word | None:
        """The first word for which `until` holds, which is asked at least twice a second; None when the server ends."""
        with self._lock:
            if self._stop.is_set():
                return None
            self._begin()
            if self._word is not None and until(self._word):
                return self._word
            waiter = _Waiter(until)
            self._waiting.add(waiter)
        try:
            await waiter.heard
        finally:
            with self._lock:
                self._waiting.discard(waiter)
        return None if self._stop.is_set() else self._word

    def remembered(self, after: int, upto: int, limit: int) -> Sequence[Mark] | None:
        """What was recorded after a position and up to another, at most `limit`, in order; None when the feed does not
        know all of it any more."""
        with self._lock:
            first = self._last - len(self._recent)
            if after < first or upto > self._last:
                return None
            return self._recent[after - first : min(upto - first, after - first + limit)]

    def close(self, grace_seconds: float = GRACE_SECONDS) -> None:
        """Ends: whoever waits is told so. What the follower is at has so long, and is stopped then: somebody may hold a
        lock on the book for as long as they like."""
        with self._lock:
            self._stop.set()
            waiting, self._waiting = self._waiting, set()
            thread = self._thread
        for waiter in waiting:
            waiter.wake()
        if thread is not None:
            thread.join(grace_seconds)
            if thread.is_alive():
                self._statements.stop()
                thread.join()

    # The follower -------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        if self._thread is None:
            context = copy_context()  # of whoever is the first to wait, whose end is not the follower's
            context.run(ASKED_FOR.set, self._statements)
            self._thread = Thread(target=context.run, args=(self._follow,), name="feed", daemon=True)
            self._thread.start()

    def _follow(self) -> None:
        listener = Listener(self._ledger.database.url)
        seen, pause = 0, FIRST_PAUSE_SECONDS
        try:
            while not self._stop.is_set():
                try:
                    self._look()
                except (LedgerError, psycopg.Error) as error:
                    log.warning("The feed of %s waits %.1f s: %s", self._ledger.book, pause, error)
                    self._stop.wait(pause)
                    pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
                    continue
                pause = FIRST_PAUSE_SECONDS
                seen = listener.wait(seen, POLL_SECONDS)
        finally:
            listener.close()

    def _look(self) -> None:
        """Tells where the book stands at once, and how much of it shows as soon as it does."""
        at = present(self._ledger)
        head = self._ledger.head()
        self._remember(head)
        before = self._word
        if before is not None and before.head != head:
            self._tell(before._replace(head=head))
        looks = 1 if before is None else before.looks + 1
        if self._runner.wait_for(head, POLL_SECONDS):
            self._tell(Word(head, head, stands=False, at=at, looks=looks))
            return
        standings = self._runner.positions()
        shown = min([head, *(each.position for each in standings)])
        stands = any(each.position < head and each.why is not None for each in standings)
        self._tell(Word(head, shown, stands=stands, at=at, looks=looks))

    def _remember(self, head: int) -> None:
        """Reads what was recorded since the last look, once for all. A book that is shorter than it was is another."""
        with self._lock:
            last = self._last if self._word is not None else head
        if head < last:
            self._when_shorter()
        near = 0 <= head - last <= MOST_REMEMBERED
        found = marks(self._ledger.database, self._ledger.book, last, head, MOST_REMEMBERED) if near else []
        whole = near and len(found) == head - last
        with self._lock:
            if found or not whole:
                self._recent = [*self._recent, *found][-MOST_REMEMBERED:] if whole else []
            self._last = head

    def _tell(self, word: Word) -> None:
        with self._lock:
            self._word = word
            ready = [waiter for waiter in self._waiting if waiter.until(word)]
            self._waiting.difference_update(ready)
        for waiter in ready:
            waiter.wake()
