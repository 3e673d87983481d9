"""All sockets of one server: who may open one, how many there are, and how they end together."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

from starlette.responses import Response
from starlette.routing import WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from api.access.gate import Gate
from api.graphql.problem import Code
from api.http.asker import Asker
from api.http.closing import CloseCode, Closed, Why
from api.http.messages import SUBPROTOCOL
from api.http.metrics import Figure, Sample
from api.http.operating import Works
from api.http.outgoing import CLOSE_SECONDS, Outgoing
from api.http.rate import network_of
from api.http.socket import Socket
from api.http.turned_away import TurnedAway
from api.settings import Settings

LOG = logging.getLogger("daybook.http")


class Sockets:
    """The sockets of a server. It lives on the event loop.

    Without sign-in a page of another site must not open one: a browser would let it, from a machine that is let in.
    `hosts` are then the names under which pages are served that may. With sign-in a token says who asks, which a
    browser never sends by itself.
    """

    def __init__(self, works: Works, gate: Gate, settings: Settings, hosts: tuple[str, ...]) -> None:
        self._works = works
        self._gate = gate
        self._settings = settings
        self._hosts = hosts
        self._open: set[Socket] = set()
        self._by_caller: Counter[str] = Counter()
        self._closed: Counter[str] = Counter()
        self._received = 0
        self._sent = 0
        self._ending = False
        self._empty = asyncio.Event()
        self._empty.set()

    def route(self, path: str) -> WebSocketRoute:
        """The route at which they are opened."""
        return WebSocketRoute(path, _Endpoint(self))

    async def end(self) -> None:
        """Closes all of them, and lets none be opened any more. Returns when they are closed, or soon after."""
        self._ending = True
        for each in self._open:
            each.end(_ends())
        try:
            async with asyncio.timeout(2 * CLOSE_SECONDS):
                await self._empty.wait()
        except TimeoutError:
            LOG.warning("%d sockets could not be closed in time", len(self._open))

    async def serve(self, websocket: WebSocket) -> None:
        """Serves a socket that somebody opens."""
        if not self._gate.checks and not self._is_at_home(websocket.headers.get("origin")):
            await websocket.send_denial_response(_elsewhere())
            return
        caller = network_of(websocket.client.host if websocket.client else None)
        refusal = self._refusal(websocket, caller)
        begun = time.perf_counter()
        if refusal is None:
            socket = self._socket(websocket, caller)
            why = await self._lived(socket, websocket)
            received, sent = socket.received, socket.outgoing.sent
        else:
            await websocket.accept(SUBPROTOCOL if SUBPROTOCOL in websocket["subprotocols"] else None)
            await Outgoing(websocket, CLOSE_SECONDS).close(refusal)
            why, received, sent = refusal.why, 0, 0
        self._closed[why] += 1
        fields = {
            "method": "WS",
            "seconds": round(time.perf_counter() - begun, 6),
            "outcome": why,
            "received": received,
            "sent": sent,
        }
        LOG.info("WS closed %s", why, extra={"fields": fields})

    def figures(self) -> Iterator[Figure]:
        """How many there are, and were."""
        yield Figure("daybook_sockets_open", "gauge", "WebSockets that are open.", [Sample((), len(self._open))])
        streams = sum(operation.streams for each in self._open for operation in each.operations.values())
        yield Figure("daybook_subscriptions", "gauge", "Subscriptions that run on them.", [Sample((), streams)])
        closed = [Sample((("why", why),), many) for why, many in self._closed.items()]
        yield Figure("daybook_sockets_closed_total", "counter", "WebSockets that were closed, by why.", closed)
        received = self._received + sum(each.received for each in self._open)
        sent = self._sent + sum(each.outgoing.sent for each in self._open)
        messages = [Sample((("way", "in"),), received), Sample((("way", "out"),), sent)]
        yield Figure("daybook_socket_messages_total", "counter", "Messages over WebSockets, by way.", messages)

    def _refusal(self, websocket: WebSocket, caller: str) -> Closed | None:
        """Why a socket is closed as soon as it is open, which is how a page can be told; None for one that may stay."""
        if SUBPROTOCOL not in websocket["subprotocols"]:
            said = f"Offer the subprotocol {SUBPROTOCOL}; it is the only one here."
            return Closed(CloseCode.OTHER_SUBPROTOCOL, Why.OTHER_SUBPROTOCOL, said)
        if self._ending:
            return _ends()
        most, most_of_one = self._settings.sockets, self._settings.sockets_of_caller
        if len(self._open) >= most:
            return _too_many(f"This server has {most} sockets open already; try again in a while.")
        if self._by_caller[caller] >= most_of_one:
            return _too_many(f"You have {most_of_one} sockets open already; share them, or close some.")
        return None

    def _socket(self, websocket: WebSocket, caller: str) -> Socket:
        address = websocket.client.host if websocket.client else None
        asker = Asker(self._gate, websocket.headers, address)
        return Socket(websocket, self._works, asker, caller, self._settings)

    async def _lived(self, socket: Socket, websocket: WebSocket) -> str:
        """Why a socket ended, at its end."""
        self._open.add(socket)
        self._by_caller[socket.caller] += 1
        self._empty.clear()
        try:
            await websocket.accept(SUBPROTOCOL)
            return await socket.run()
        except OSError:  # gone before it was told that it is open
            return Why.CLIENT
        finally:
            self._open.discard(socket)
            self._by_caller[socket.caller] -= 1
            if not self._by_caller[socket.caller]:
                del self._by_caller[socket.caller]
            self._received += socket.received
            self._sent += socket.outgoing.sent
            if not self._open:
                self._empty.set()

    def _is_at_home(self, origin: str | None) -> bool:
        """Whether a page of that origin may open a socket; programs that are no browsers say none."""
        if origin is None:
            return True
        try:
            host = urlsplit(origin).hostname or ""
        except ValueError:
            return False
        names = (each.lower() for each in self._hosts)
        return any(host == name.strip("[]") or (name.startswith("*.") and host.endswith(name[1:])) for name in names)


class _Endpoint:
    """An application of ASGI, which Starlette takes as it is."""

    def __init__(self, sockets: Sockets) -> None:
        self._sockets = sockets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._sockets.serve(WebSocket(scope, receive, send))


def _ends() -> Closed:
    said = "This server ends. Connect again, and go on after your last token."
    return Closed(CloseCode.GOING_AWAY, Why.SERVER_ENDS, said)


def _too_many(message: str) -> Closed:
    return Closed(CloseCode.TRY_AGAIN, Why.TOO_MANY_SOCKETS, message)


def _elsewhere() -> Response:
    message = "Without sign-in only pages of this server's own hosts open sockets; DAYBOOK_HOSTS names more of them."
    return TurnedAway(Code.FORBIDDEN, message).response()
