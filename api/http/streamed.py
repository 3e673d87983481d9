"""An answer that leaves piece by piece, for as long as its other end takes some of it now and then."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import ExitStack, aclosing

from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send
from typing_extensions import override

LOG = logging.getLogger("daybook.http")
STALLED_SECONDS = 30.0
"""How long the other end may take nothing."""


class Streamed(StreamingResponse):
    """What a generator yields. Whoever takes nothing of it for `stalled_seconds` is answered no further: what there is
    to send would be kept for as long as their connection lasts.

    However it ends, also before its first piece, the generator is closed and what is `held` for it is let go.
    """

    def __init__(
        self,
        pieces: AsyncGenerator[bytes, None],
        headers: Mapping[str, str],
        media_type: str | None = None,
        *,
        held: ExitStack | None = None,
        stalled_seconds: float = STALLED_SECONDS,
    ) -> None:
        super().__init__(pieces, headers=headers, media_type=media_type)
        self._pieces = pieces
        self._held = held or ExitStack()
        self._stalled_seconds = stalled_seconds

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._held:
            async with aclosing(self._pieces):
                await super().__call__(scope, receive, send)

    @override
    async def stream_response(self, send: Send) -> None:
        async def in_time(message: Message) -> None:
            async with asyncio.timeout(self._stalled_seconds):
                await send(message)

        try:
            await super().stream_response(in_time)
        except TimeoutError:
            LOG.warning("An answer was given up: nothing of it was taken for %g seconds.", self._stalled_seconds)
