"""Whether a server lives, and whether it should be sent anything."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Generic, NamedTuple, TypeVar

from anyio import CapacityLimiter, to_thread

from api.lag import Lag, lags
from ledger.book import books
from ledger.errors import LedgerError, SchemaMismatch
from ledger.ledger import Ledger
from ledger.migrate import check_schema
from projections.cursor import standings
from projections.registry import PROJECTIONS

PROBE_SECONDS = 2.0
OK = "ok"


class Found(NamedTuple):
    """What was found of a book and its views."""

    position: int
    lags: list[Lag]


class Ready(NamedTuple):
    """Whether to send anything, and what was found."""

    ready: bool
    checks: dict[str, str]


T = TypeVar("T")


class Look(Generic[T]):
    """A look at the database, for whose end nobody waits longer than two seconds. Those who ask meanwhile share it:
    while the database is away, looks do not pile up. It lives on the event loop."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._limiter = CapacityLimiter(1)
        self._task: asyncio.Task[T] | None = None

    async def __call__(self) -> T | None:
        """What was found; None when it takes too long."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(to_thread.run_sync(self._work, limiter=self._limiter))
        done, _ = await asyncio.wait({self._task}, timeout=PROBE_SECONDS)
        return self._task.result() if done else None


class Health:
    """The health of one server. It lives on the event loop."""

    def __init__(self, ledger: Ledger, longest_lag: timedelta) -> None:
        self._ledger = ledger
        self._longest_lag = longest_lag
        self._ready = Look(self._look)
        self.found = Look(self._found_or_not)
        """The position of the book and how far each view is behind; None when the database does not answer."""
        self.draining = False
        """Whether the server is about to end, and finishes what it has begun."""

    async def ready(self) -> Ready:
        """Whether it should be sent requests, within two seconds however long the database takes."""
        if self.draining:
            return Ready(False, {"server": "ends"})
        return await self._ready() or Ready(False, {"database": "does not answer in time"})

    def _found_or_not(self) -> Found | None:
        try:
            return self._found()
        except LedgerError:
            return None

    def _found(self) -> Found:
        database = self._ledger.database
        state = next(state for state in books(database) if state.book == self._ledger.book)
        return Found(state.position, lags(database, state, standings(database, state.book, PROJECTIONS)))

    def _look(self) -> Ready:
        checks = {"database": OK, "schema": OK, "views": OK, "lag": OK}
        try:
            self._ledger.database.patiently(check_schema)
            found = self._found()
        except SchemaMismatch:
            return Ready(False, {"database": OK, "schema": "is of another version"})
        except LedgerError:  # whose words are for the log, and not for whoever asks
            return Ready(False, {"database": "does not answer"})
        stopped = [lag.view.projection for lag in found.lags if lag.view.why is not None]
        if stopped:
            checks["views"] = f"stopped: {', '.join(stopped)}"
        behind = max((lag.behind for lag in found.lags), default=timedelta())
        if behind > self._longest_lag:
            checks["lag"] = f"{behind.total_seconds():.0f} seconds"
        return Ready(all(said == OK for said in checks.values()), checks)
