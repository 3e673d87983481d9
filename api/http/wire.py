"""The WebSocket protocol of uvicorn, bounded where an application cannot reach: below the messages."""

from __future__ import annotations

import asyncio
from typing import Any

from typing_extensions import override
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request

from api.http.outgoing import LETTING_GO

MOST_FRAMES = 1_000
"""Of one message. Empty ones add nothing to its length, and each would be kept until the last."""
MOST_UNREAD_BYTES = 64 * 1024
"""Of answers to pings that the other end does not read."""
LINGER_SECONDS = 5.0
"""How long after the last word the connection is given to the other end, to read it."""


class Wire(WebSocketsSansIOProtocol):
    """One connection. Asyncio closes a connection only once everything written was read, which may be never; here it is
    cut after a while."""

    _cut: asyncio.TimerHandle | None = None

    def let_go(self, code: int, reason: str) -> None:
        """Says why, behind what was not read yet, and ends the connection soon whether that is read or not."""
        if not self.close_sent and not self.transport.is_closing():
            self.conn.send_close(code, reason)
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.close_sent = True
        self.transport.close()
        self._cut_in(LINGER_SECONDS)

    @override
    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if not self.close_sent:  # else the handshake failed, and there is no application to tell
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[LETTING_GO] = {"now": self.let_go}

    @override
    def handle_ping(self) -> None:
        if self.transport.get_write_buffer_size() > MOST_UNREAD_BYTES:
            self._refuse(1008, "too many pings whose answers nobody reads")
            return
        super().handle_ping()

    @override
    def handle_cont(self, event: Frame) -> None:
        if len(self.frames) >= MOST_FRAMES:
            self._refuse(1009, f"more than {MOST_FRAMES} frames in one message")
            return
        super().handle_cont(event)

    @override
    def send_receive_event_to_app(self) -> None:
        if self.curr_msg_data_type == "text" and not self.close_sent:
            whole = b"".join(self.frames)
            try:
                whole.decode()
            except UnicodeDecodeError:  # uvicorn would log it as an error of the server's
                self._refuse(1007, "text that is not UTF-8")
                return
            self.frames = [whole]
        super().send_receive_event_to_app()

    @override
    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": 1011, "reason": "keepalive ping timeout"})
        self._cut_in(LINGER_SECONDS)

    @override
    async def send(self, message: Any) -> None:
        if self.close_sent:
            raise ClientDisconnected
        await super().send(message)
        if message["type"] == "websocket.close":
            self._cut_in(self.close_timeout + LINGER_SECONDS)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self._cut is not None:
            self._cut.cancel()
        super().connection_lost(exc)

    def _refuse(self, code: int, reason: str) -> None:
        """Closes for what came in."""
        self.frames = []
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.let_go(code, reason)

    def _cut_in(self, seconds: float) -> None:
        if self._cut is None:
            self._cut = self.loop.call_later(seconds, self.transport.abort)
