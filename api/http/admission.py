"""Who is let in: so many requests a caller, so many operations at once, and for so long each."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Coroutine, Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import copy_context
from typing import Any, TypeVar

from anyio import to_thread

from api.access.principal import Principal
from api.graphql.problem import Code
from api.http.rate import Rate, network_of
from api.http.turned_away import TurnedAway
from api.settings import Settings
from ledger.stopping import ASKED_FOR, Statements

T = TypeVar("T")
Scope = MutableMapping[str, Any]

NETWORK = "daybook.network"
"""Where the scope of a request says for which network it was counted."""


class Room:
    """For so many of one kind at a time."""

    def __init__(self, most: int, of: str) -> None:
        self._most = most
        self._of = of
        self.taken = 0

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """One that is being worked at. Raises: TurnedAway when there are as many as may be."""
        if self.taken >= self._most:
            message = f"This server works at {self._most} {self._of} already; send the same again in a moment."
            raise TurnedAway(Code.TOO_BUSY, message, {"Retry-After": "1"}, limit=self._most)
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1


class Admission:
    """The limits of one server on what it does at a time. It lives on the event loop."""

    def __init__(self, settings: Settings) -> None:
        self._networks = Rate(settings.rate_per_second, settings.rate_burst)
        self._people = Rate(settings.rate_per_second, settings.rate_burst)
        self._seconds = settings.operation_seconds
        self.operations = Room(settings.operations_at_once, "operations")
        self.ingests = Room(settings.ingests_at_once, "bodies of items")

    def count(self, scope: Scope) -> None:
        """Counts a request for the network that it comes from, before anything of it is looked at.

        Raises: TurnedAway when too many came from there.
        """
        network = network_of((scope.get("client") or (None,))[0])
        _refuse_beyond(self._networks, network, "network")
        scope[NETWORK] = network

    def recognise(self, scope: Scope, principal: Principal) -> None:
        """Counts a request for whoever signed in, and no longer for their network: many may sit behind one address, and
        one may come from many. Who proved nothing still counts for the network.

        Raises: TurnedAway when they have sent too many.
        """
        if not principal.signed_in:
            return
        network = scope.pop(NETWORK, None)
        if network is not None:
            self._networks.give_back(network)
        _refuse_beyond(self._people, f"{principal.issuer} {principal.subject}", "caller")

    async def in_time(self, operation: Coroutine[Any, Any, T]) -> T:
        """What comes of an operation. Raises: TurnedAway when its time is up; its statements are stopped then."""
        statements = Statements()
        context = copy_context()
        context.run(ASKED_FOR.set, statements)
        task = asyncio.get_running_loop().create_task(operation, context=context)
        try:
            await asyncio.wait({task}, timeout=self._seconds)
        finally:
            if not task.done():  # its time is up, or the server ends
                task.cancel()
                task.add_done_callback(_forget)
                await to_thread.run_sync(statements.stop)
        if task.done() and not task.cancelled():
            return task.result()
        raise TurnedAway(
            Code.TIMED_OUT,
            f"This took longer than {self._seconds:g} seconds and was stopped; ask for less. A mutation may have been "
            "carried out nevertheless: send it again with the same commandId.",
            limit=self._seconds,
            of="operation",
        )


def _refuse_beyond(rate: Rate, whose: str, of: str) -> None:
    """Takes a token. Raises: TurnedAway when there is none."""
    wait = rate.wait_of(whose, time.monotonic())
    if wait:
        came = "came from your network" if of == "network" else "came from you"
        raise TurnedAway(
            Code.RATE_LIMITED,
            f"More than {rate.per_second:g} requests a second {came}; go on in {wait:.1f} seconds.",
            {"Retry-After": str(math.ceil(wait))},
            limit=rate.per_second,
            of=of,
        )


def _forget(task: asyncio.Task[Any]) -> None:
    """Looks at what came of a task that nobody waits for: asyncio would complain otherwise."""
    if not task.cancelled():
        task.exception()
