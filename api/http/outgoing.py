"""What goes out of a socket: one message at a time, and never more waiting than the other end takes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import orjson
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketDisconnected

from api.http.closing import CloseCode, Closed, Left, Why

LETTING_GO = "daybook.letting_go"
"""The extension of ASGI by which `api.http.wire` ends a connection, also one whose other end takes nothing any more."""
CLOSE_SECONDS = 1.0


class Outgoing:
    """The way out of a socket. Who sends waits until the message has left, within `seconds`.

    What is not sent yet is not made either: a subscription reads on only when its last message is gone. So a slow
    reader costs one message of each of its subscriptions, and what the system's own buffers hold.
    """

    def __init__(self, websocket: WebSocket, seconds: float) -> None:
        self._websocket = websocket
        self._seconds = seconds
        self._turn = asyncio.Lock()
        self.sent = 0

    async def send(self, message: Mapping[str, Any]) -> None:
        """Sends a message. Raises: Closed when the other end takes too long to read, Left when it is gone."""
        text = orjson.dumps(message).decode()
        try:
            async with self._turn, asyncio.timeout(self._seconds):
                await self._websocket.send_text(text)
        except TimeoutError:
            said = f"You took nothing for {self._seconds:g} seconds; connect again and go on after your last token."
            raise Closed(CloseCode.TRY_AGAIN, Why.SLOW, said) from None
        except (WebSocketDisconnect, WebSocketDisconnected):
            raise Left from None
        self.sent += 1

    async def close(self, closed: Closed) -> None:
        """Says why, and ends the connection, whether or not the other end listens."""
        let_go = self._websocket.scope.get("extensions", {}).get(LETTING_GO)
        if let_go is not None:
            let_go["now"](closed.code, closed.reason)
            return
        with suppress(TimeoutError, WebSocketDisconnect, WebSocketDisconnected):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._websocket.close(closed.code, closed.reason)
