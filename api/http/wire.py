"""The WebSocket protocol of uvicorn, bounded where an application cannot reach: below the messages."""

from __future__ import annotations

from typing import Any

from typing_extensions import override
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request

from api.http.closing import CloseCode, Why
from api.http.outgoing import LETTING_GO

MOST_FRAMES = 1_000
"""Of one message. Empty ones add nothing to its length, and each would be kept until the last."""
MOST_UNREAD_BYTES = 64 * 1024
"""Of answers to pings that the other end does not read."""
MOST_AFTER_BYTES = 1024 * 1024
"""That are still taken in after the last word; what more there is waits at the other end."""
LINGER_SECONDS = 5.0
"""How long the other end has to read the last word."""


class Wire(WebSocketsSansIOProtocol):
    """One connection, and its end.

    What asyncio closes it closes once everything written was read, which may be never. And what is closed while more
    comes in is reset, so that the other end never sees the reason. Here the last word is followed by the end of our
    half; what still comes is thrown away, and soon the connection is cut.
    """

    _after = 0

    def let_go(self, code: int, reason: str) -> None:
        """Says why, behind what was not read yet, and ends the connection."""
        if not self.close_sent and not self.transport.is_closing():
            self.conn.send_close(code, reason)
            self._end(code, reason)

    @override
    def data_received(self, data: bytes) -> None:
        if not self.close_sent:
            super().data_received(data)
            return
        self._after += len(data)
        if self._after > MOST_AFTER_BYTES:
            self.transport.pause_reading()

    @override
    def handle_parser_exception(self) -> None:
        if not self.close_sent and self.conn.close_sent is not None:
            self._end(self.conn.close_sent.code, self.conn.close_sent.reason)

    @override
    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if not self.close_sent:  # else the handshake failed, and there is no application to tell
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[LETTING_GO] = {"now": self.let_go}

    @override
    def handle_ping(self) -> None:
        if self.transport.get_write_buffer_size() > MOST_UNREAD_BYTES:
            self.let_go(1008, f"{Why.RATE_LIMITED}: too many pings whose answers nobody reads")
        elif not self.close_sent:
            super().handle_ping()

    @override
    def handle_cont(self, event: Frame) -> None:
        if len(self.frames) >= MOST_FRAMES:
            self.let_go(1009, f"{Why.MESSAGE_TOO_LARGE}: more than {MOST_FRAMES} frames")
        elif not self.close_sent:
            super().handle_cont(event)

    @override
    def send_receive_event_to_app(self) -> None:
        if self.curr_msg_data_type == "text" and not self.close_sent:
            whole = b"".join(self.frames)
            try:
                whole.decode()
            except UnicodeDecodeError:  # uvicorn would log it as an error of the server's
                self.let_go(1007, f"{Why.BAD_TEXT}: this is not UTF-8")
            self.frames = [whole]
        super().send_receive_event_to_app()

    @override
    def keepalive_timeout(self) -> None:
        self.pong_timer = self.pending_ping_payload = None
        self.let_go(CloseCode.TRY_AGAIN, f"{Why.SILENT}: no ping was answered")

    @override
    async def send(self, message: Any) -> None:
        if self.close_sent:
            raise ClientDisconnected
        await super().send(message)

    def _end(self, code: int, reason: str) -> None:
        """Writes what there is to say, and begins to end; the application is told, if it is not the one who does."""
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.stop_keepalive()
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        if self.transport.can_write_eof():
            self.transport.write_eof()
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        # uvicorn leaves the connection alone for as long as this is set, and takes it away when the connection is lost.
        self.close_timer = self.loop.call_later(LINGER_SECONDS, self.transport.abort)
