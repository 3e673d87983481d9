"""The alarm process: it sweeps a book whenever something becomes due or has happened, until told to stop."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from threading import Event, Thread
from typing import NamedTuple

import psycopg

from api.alarms.candidates import clock_of, next_due
from api.alarms.sweeping import Raised, Sweeper
from api.present import present
from domain.book import BookTime
from ledger.database import Database
from ledger.errors import LedgerError
from ledger.ledger import Ledger
from ledger.subscription import Listener
from projections.runner import Runner
from projections.sla_timer import SLA_TIMER

PATIENCE_SECONDS = 2.0
"""How long others are given to bring the view of timers up to the book's head."""
POLL_SECONDS = 0.5
LEAST_SECONDS = 0.2
"""Between two sweeps: while a book is busy, each would find little."""
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 5.0

log = logging.getLogger(__name__)


class Wake(NamedTuple):
    """When a book is swept again: when it has grown, or something becomes due."""

    head: int = -1
    at: datetime | None = None

    def is_due(self, head: int, now: datetime) -> bool:
        """Whether it is time."""
        return head != self.head or (self.at is not None and self.at < now)


def nobody(raised: Raised) -> None:
    """Hears nothing."""
    del raised


class Alarms:
    """The alarms of one book. Any number of processes may note them: each alarm is recorded once.

    The view of timers, which says where to look, is waited for. Where nobody keeps it, this process does; with
    `keeps_view` it does so from the beginning.
    """

    def __init__(
        self,
        ledger: Ledger,
        views: Database,
        heard: Callable[[Raised], object] = nobody,
        *,
        keeps_view: bool = False,
    ) -> None:
        self._ledger = ledger
        self._views = views
        self._sweeper = Sweeper(ledger, views, heard)
        self._runner = Runner(ledger, views, (SLA_TIMER,))
        self._keeps_view = keeps_view
        self._tried = False

    def sweep(self, *, until: datetime | None = None, stop: Event | None = None) -> int:
        """Records what is due by now, or by an instant in a simulated book, and says how many alarms these were.

        Where it keeps the view, that shows them when this returns. Raises: LedgerAway, psycopg.Error.
        """
        stop = stop or Event()
        self._bring_up(self._ledger.head())
        raised = self._sweeper.sweep(until or self._now(), stop)
        if raised and self._keeps_view:
            self._bring_up(self._ledger.head())
        return raised

    def following(self, stop: Event) -> Thread:
        """A thread that follows, begun."""
        thread = Thread(target=self.follow, args=(stop,), name="alarms", daemon=True)
        thread.start()
        return thread

    def follow(self, stop: Event) -> None:
        """Records alarms as they become due, until told to stop. It outlives a database that goes away and comes back,
        and then records what became due meanwhile."""
        listener = Listener(self._views.url)
        pause, seen, wake = FIRST_PAUSE_SECONDS, 0, Wake()
        try:
            while not stop.is_set():
                try:
                    if wake.is_due(self._ledger.head(), self._now()):
                        wake = self._swept(stop)
                    left = POLL_SECONDS if wake.at is None else (wake.at - self._now()).total_seconds()
                    pause = FIRST_PAUSE_SECONDS
                except (LedgerError, psycopg.Error) as error:
                    log.warning("The alarms of %s wait %.1f s: %s", self._ledger.book, pause, error)
                    stop.wait(pause)
                    pause, wake = min(pause * 2, LONGEST_PAUSE_SECONDS), Wake()
                    continue
                seen = listener.wait(seen, min(max(left, 0.0), POLL_SECONDS))
                stop.wait(LEAST_SECONDS)
        finally:
            listener.close()

    def _swept(self, stop: Event) -> Wake:
        """Sweeps until nothing is left, and says when to sweep again. What is recorded meanwhile moves the book on."""
        head = self._ledger.head()
        now = self._now()
        self._bring_up(head)
        self._sweeper.sweep(now, stop)
        return Wake(head, next_due(self._views, self._ledger.book, now))

    def _now(self) -> datetime:
        """The earlier of the two clocks where the book is live: nothing is noted before it is due by the ledger's."""
        now = present(self._ledger)
        return min(now, clock_of(self._ledger.database)) if self._ledger.time is BookTime.LIVE else now

    def _bring_up(self, head: int) -> None:
        """Waits for the view, or keeps it. A view that stays where it is, is tried once: what
        it shows are candidates all the same."""
        if self._runner.wait_for(head, 0.0 if self._keeps_view else PATIENCE_SECONDS):
            return
        (standing,) = self._runner.positions()
        if standing.why is None or not self._tried:
            self._keeps_view = self._tried = True
            self._runner.catch_up()
