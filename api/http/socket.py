"""One WebSocket by the protocol graphql-transport-ws, from its first message to the code that closes it.

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
"""

from __future__ import annotations

import asyncio
import logging
from uuid import uuid4

from starlette.websockets import WebSocket

from api.graphql.problem import Code, Problem
from api.graphql.request import Request
from api.http.asker import Asker
from api.http.closing import BY_PROTOCOL, CloseCode, Closed, Left, Why, bad_message, closed_by_rate
from api.http.messages import Complete, Init, Message, Ping, Pong, Subscribe, message_in
from api.http.operating import Operation, Works
from api.http.outgoing import Outgoing
from api.http.turned_away import TurnedAway
from api.settings import Settings

LOG = logging.getLogger("daybook.http")
SOONEST_SECONDS = 0.01
"""Between two looks at a token that is just about to expire."""


class Socket:
    """A socket that was accepted. Whatever it has begun ends with it."""

    def __init__(self, websocket: WebSocket, works: Works, asker: Asker, caller: str, settings: Settings) -> None:
        self.caller = caller
        self.received = 0
        self.outgoing = Outgoing(websocket, settings.socket_send_seconds)
        self.operations: dict[str, Operation] = {}
        self._websocket = websocket
        self._works = works
        self._asker = asker
        self._settings = settings
        self._running: dict[str, asyncio.Task[None]] = {}
        self._initialised = asyncio.Event()
        self._told: asyncio.Future[Closed] = asyncio.get_running_loop().create_future()

    def end(self, closed: Closed) -> None:
        """Has it closed from outside."""
        if not self._told.done():
            self._told.set_result(closed)

    async def run(self) -> str:
        """Serves it to its end; gives back why it ended."""
        end: Closed | Left
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._told_to_end())
                group.create_task(self._watched())
                await self._received(group)
        except BaseExceptionGroup as several:
            end = _end_in(several)
        if isinstance(end, Closed):
            await self.outgoing.close(end)
        return end.why

    async def _told_to_end(self) -> None:
        raise await self._told

    async def _watched(self) -> None:
        """Ends a socket that does not say who asks, or whose token is no longer taken."""
        seconds = self._settings.socket_init_seconds
        try:
            async with asyncio.timeout(seconds):
                await self._initialised.wait()
        except TimeoutError:
            message = f"No connection_init came within {seconds:g} seconds."
            raise Closed(CloseCode.NOT_INITIALISED, Why.NOT_INITIALISED, message) from None
        while (left := self._asker.seconds_left) is not None:
            await asyncio.sleep(max(SOONEST_SECONDS, min(left, self._settings.socket_recheck_seconds)))
            await self._asker.check()

    async def _received(self, group: asyncio.TaskGroup) -> None:
        """Takes what comes, one message after the other. Raises: Closed, Left."""
        while True:
            event = await self._websocket.receive()
            if event["type"] == "websocket.disconnect":
                raise Left(BY_PROTOCOL.get(event["code"], Why.CLIENT))
            self.received += 1
            try:
                self._count()
            except TurnedAway as away:
                raise closed_by_rate(away) from None
            text = event.get("text")
            if text is None:
                raise bad_message("Messages are text; this one is binary.")
            await self._take(message_in(text), group)

    def _count(self) -> None:
        """Counts a message as if it were a request. Raises: TurnedAway."""
        scope = {"client": self._websocket.scope.get("client")}
        self._works.admission.count(scope)
        if (principal := self._asker.known) is not None:
            self._works.admission.recognise(scope, principal)

    async def _take(self, message: Message, group: asyncio.TaskGroup) -> None:
        match message:
            case Init():
                await self._initialise(message)
            case Ping():
                await self._answer(message)
            case Subscribe():
                await self._begin(message, group)
            case Complete():
                if message.id in self.operations:
                    self._running[message.id].cancel()
                    self._forget(message.id)
            case Pong():
                pass

    async def _initialise(self, message: Init) -> None:
        if self._initialised.is_set():
            raise Closed(CloseCode.TOO_MANY, Why.INITIALISED_TWICE, "connection_init is sent once.")
        await self._asker.let_in(message.payload)
        self._initialised.set()
        await self.outgoing.send({"type": "connection_ack", "payload": self._asker.told})

    async def _answer(self, message: Ping) -> None:
        """Answers a ping, and takes the new token that it may have brought."""
        if not await self._asker.renew(message.payload):
            await self.outgoing.send({"type": "pong"})
            return
        for operation in self.operations.values():
            operation.request.become(self._asker.principal)
        await self.outgoing.send({"type": "pong", "payload": self._asker.told})

    async def _begin(self, message: Subscribe, group: asyncio.TaskGroup) -> None:
        request = Request(self._works.door, self._asker.principal, shows_schema=self._works.shows_schema)
        if message.id in self.operations:
            raise Closed(CloseCode.ID_TAKEN, Why.ID_TAKEN, f"Subscriber for {message.id} already exists")
        most = self._settings.socket_operations
        if len(self.operations) >= most:  # said here, so that nobody is read on who does not listen
            said = f"At most {most} operations run on one socket; complete one of them first."
            problem = Problem(Code.TOO_BUSY, said, limit=most)
            await self.outgoing.send({"id": message.id, "type": "error", "payload": [problem.formatted]})
            return
        operation = Operation(self._works, message, request, self.outgoing, self._forget)
        self.operations[message.id] = operation
        self._running[message.id] = group.create_task(operation.run())

    def _forget(self, name: str) -> None:
        """Lets the id of an operation be another one's."""
        self.operations.pop(name, None)
        self._running.pop(name, None)


def _end_in(several: BaseExceptionGroup) -> Closed | Left:
    """What ended a socket: the first of its own words, or a fault, which is logged under the id that the other end is
    told. Raises: whatever stops the program."""
    said: list[Closed | Left] = []
    left: list[BaseException] = list(several.exceptions)
    for error in left:
        if isinstance(error, BaseExceptionGroup):
            left.extend(error.exceptions)
        elif isinstance(error, Closed | Left):
            said.append(error)
        elif isinstance(error, Exception):
            fault = uuid4()
            LOG.error("Fault %s", fault, exc_info=error)
            return Closed(CloseCode.FAULT, Why.FAULT, f"Something went wrong here. The log has it under {fault}.")
        else:
            raise error
    return said[0]
