"""A proxy in front of PostgreSQL that cuts connections where it hurts: between a commit and its acknowledgement."""

import asyncio
import contextlib
import random
import struct
from collections import Counter
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Self

COMMITS = (b"ledger.append(", b"COMMIT")
"""What a statement has in it when its answer says that something was committed."""

LOST_REQUEST, LOST_ANSWER, TORN_ANSWER = "request lost", "answer lost", "answer torn"
READY = ord("Z")
RECOVERING = b"SFATAL\0VFATAL\0C57P03\0Mthe database system is in recovery mode\0\0"
"""What a server says to whoever connects too early."""


class Proxy:
    """Listens on a free port of this machine and passes everything on to a server's unix socket.

    Of the statements that commit, a share (drawn from a seed) is cut: before the server has seen it, or after the
    server has committed it and before its answer, or the whole of it, has come back. `cuts` counts them by kind.
    The first connections, as many as `too_early`, are turned away as by a server that recovers.
    """

    def __init__(self, socket: Path, *, seed: int = 0, share: float = 0.0, too_early: int = 0) -> None:
        self.cuts: Counter[str] = Counter()
        self.passed = 0
        """Commits that were let through."""
        self.too_early = too_early
        """How many connections are still to be turned away."""
        self._socket = socket
        self._random = random.Random(seed)
        self._share = share
        self._port = 0
        self._listening = Event()
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_until_complete, args=(self._serve(),), name="proxy")

    def __enter__(self) -> Self:
        self._thread.start()
        self._listening.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()
        self._loop.close()

    def url(self, database: str, user: str) -> str:
        """Where to connect instead; without encryption, whose first answer is no message of the protocol."""
        return f"postgresql://{user}@127.0.0.1:{self._port}/{database}?sslmode=disable&gssencmode=disable"

    def calm(self) -> None:
        """Cuts nothing from here on."""
        self._share = 0.0

    async def _serve(self) -> None:
        self._over = asyncio.Event()
        calls: set[asyncio.Task[None]] = set()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            calls.add(task)
            try:
                await self._call(reader, writer)
            finally:
                calls.discard(task)

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        self._port = server.sockets[0].getsockname()[1]
        self._listening.set()
        await self._over.wait()
        server.close()
        for call in list(calls):
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)

    async def _call(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        if self.too_early > 0:
            self.too_early -= 1
            await client.read(65536)
            to_client.write(b"E" + struct.pack(">i", 4 + len(RECOVERING)) + RECOVERING)
            to_client.close()
            return
        server, to_server = await asyncio.open_unix_connection(str(self._socket))
        line = Line(self)
        pumps = [
            asyncio.ensure_future(line.requests(client, to_server)),
            asyncio.ensure_future(line.answers(server, to_client)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            for writer in (to_client, to_server):
                writer.close()
                with contextlib.suppress(ConnectionError):
                    await writer.wait_closed()

    def fate(self) -> str | None:
        """What becomes of the next commit; None lets it pass."""
        if self._random.random() >= self._share:
            self.passed += 1
            return None
        cut = self._random.choice((LOST_REQUEST, LOST_ANSWER, TORN_ANSWER))
        self.cuts[cut] += 1
        return cut


class Line:
    """One client's connection, with what it has prepared and what is to become of the answer under way."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        self._asked = b""
        self._started = False
        self._commits: dict[bytes, bool] = {}
        """Whether a prepared statement is one that commits, by its name."""
        self._fate: str | None = None
        self._answered = b""

    async def requests(self, client: asyncio.StreamReader, to_server: asyncio.StreamWriter) -> None:
        """Passes on what the client sends, until it ends or a request is to be lost."""
        while data := await client.read(65536):
            if self._has_commit(data):
                self._fate = self._proxy.fate()
                if self._fate == LOST_REQUEST:
                    return
            to_server.write(data)
            await to_server.drain()

    async def answers(self, server: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        """Passes on what the server says, until it ends or an answer that is to be lost is complete."""
        while data := await server.read(65536):
            if self._fate is None:
                to_client.write(data)
                await to_client.drain()
                continue
            self._answered += data
            if self._ready():
                if self._fate == TORN_ANSWER:
                    to_client.write(self._answered[:7])
                    await to_client.drain()
                return

    def _has_commit(self, data: bytes) -> bool:
        """Whether a statement that commits begins to be carried out in what was just sent."""
        self._asked += data
        found = False
        while True:
            head = 1 if self._started else 0
            if len(self._asked) < head + 4:
                return found
            (length,) = struct.unpack_from(">i", self._asked, head)
            if len(self._asked) < head + length:
                return found
            kind, body = self._asked[:head], self._asked[head + 4 : head + length]
            self._asked = self._asked[head + length :]
            self._started = True
            match kind:
                case b"P":
                    name, _, rest = body.partition(b"\0")
                    self._commits[name] = any(word in rest for word in COMMITS)
                case b"B":
                    statement = body.split(b"\0", 2)[1]
                    found = found or self._commits.get(statement, False)
                case b"Q":
                    found = found or any(word in body for word in COMMITS)
                case _:
                    pass

    def _ready(self) -> bool:
        """Whether the server has finished its answer, which it says after the commit."""
        place = 0
        while len(self._answered) >= place + 5:
            kind, length = struct.unpack_from(">Bi", self._answered, place)
            place += 1 + length
            if kind == READY and len(self._answered) >= place:
                return True
        return False
