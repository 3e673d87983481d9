"""One operation over a socket, from the message that asks for it to the one that ends it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from anyio import to_thread
from graphql import GraphQLError
from strawberry.schema import BaseSchema
from strawberry.types import ExecutionResult

from api.graphql.door import Door
from api.graphql.problem import told
from api.graphql.reading import is_subscription
from api.graphql.request import Request
from api.http.admission import Admission
from api.http.body import checked
from api.http.documents import Documents
from api.http.messages import Subscribe
from api.http.metrics import Figures
from api.http.outgoing import Outgoing
from api.http.turned_away import TurnedAway
from ledger.stopping import ASKED_FOR, Statements

LOG = logging.getLogger("daybook.http")
LAST = frozenset({"complete", "error"})
"""The messages behind which nothing comes of an operation."""


@dataclass(frozen=True)
class Works:
    """What carries operations out, the same for all sockets of a server."""

    schema: BaseSchema
    door: Door
    shows_schema: bool
    admission: Admission
    documents: Documents
    figures: Figures


class Operation:
    """An operation under the id that the client gave to it."""

    def __init__(
        self, works: Works, asked: Subscribe, request: Request, outgoing: Outgoing, forget: Callable[[str], None]
    ) -> None:
        self.id = asked.id
        self.request = request
        self.streams = False
        """Whether it is a subscription that has begun."""
        self._works = works
        self._payload = asked.payload
        self._outgoing = outgoing
        self._forget = forget
        self._outcome = "ok"

    async def run(self) -> None:
        """Carries it out, and says what came of it. Raises: Closed, Left."""
        begun = time.perf_counter()
        try:
            await self._carried_out()
        except (TurnedAway, GraphQLError) as error:
            await self._refuse([error.problem if isinstance(error, TurnedAway) else told(error)])
        except asyncio.CancelledError:
            self._outcome = "GIVEN_UP"
            raise
        finally:
            self._note(time.perf_counter() - begun)

    async def _carried_out(self) -> None:
        asked = checked(self._payload, self._works.documents)
        text, name = asked.query or "", asked.operation_name

        async def results() -> AsyncGenerator[Any, None]:
            return await self._works.schema.stream(text, asked.variables, self.request, operation_name=name)

        async def answer() -> ExecutionResult:
            async with aclosing(await results()) as found:
                return await anext(found)

        admission = self._works.admission
        # Reading takes turns and no place: all pages come back at once when a server begins, and none is sent away.
        if await admission.in_time(is_subscription(self._works.schema, self._works.door, text, name)):
            await self._subscribed(await results())
            return
        with admission.operations.one_more():
            result = await admission.in_time(answer())
        if await self._say(result):
            await self._send("complete")

    async def _subscribed(self, results: AsyncGenerator[Any, None]) -> None:
        """Sends what comes, each as soon as the one before has left."""
        statements = Statements()
        ASKED_FOR.set(statements)
        self.streams = True
        try:
            async with aclosing(results):
                async for result in results:
                    if not await self._say(result):
                        return
            await self._send("complete")
        except BaseException:  # nobody waits for what its threads are at
            await to_thread.run_sync(statements.stop)
            raise
        finally:
            self.streams = False

    async def _say(self, result: ExecutionResult) -> bool:
        """Sends a result; False when that was the last word, because nothing was carried out."""
        errors = [told(error) for error in result.errors or ()]
        if errors and result.data is None and not any(error.path for error in errors):
            await self._refuse(errors)
            return False
        formatted = [error.formatted for error in errors]
        if errors:
            self._outcome = _code_of(errors)
        await self._send("next", {"data": result.data, **({"errors": formatted} if formatted else {})})
        return True

    async def _refuse(self, errors: list[GraphQLError]) -> None:
        self._outcome = _code_of(errors)
        await self._send("error", [error.formatted for error in errors])

    async def _send(self, kind: str, payload: Any = None) -> None:
        if kind in LAST:  # whoever reads it may use the id for another one at once
            self._forget(self.id)
        message = {"id": self.id, "type": kind}
        await self._outgoing.send(message if payload is None else {**message, "payload": payload})

    def _note(self, seconds: float) -> None:
        kind = self.request.kind or "none"
        # How long a subscription lasted says nothing of how long anything took.
        self._works.figures.operated(kind, self._outcome, None if kind == "subscription" else seconds)
        fields = {
            "method": "WS",
            "seconds": round(seconds, 6),
            "kind": kind,
            "operation": self.request.operation,
            "outcome": self._outcome,
        }
        LOG.info("WS %s %s", kind, self._outcome, extra={"fields": fields})


def _code_of(errors: list[GraphQLError]) -> str:
    return str((errors[0].extensions or {})["code"])
