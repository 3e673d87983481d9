"""Real servers on ports of this machine, and clients that speak graphql-transport-ws to them, well or badly."""

import json
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import httpx
from fastapi import FastAPI
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

from api.cli.serving import Announced, bound, server_of
from api.http.messages import SUBPROTOCOL
from api.settings import Settings

PATIENCE_SECONDS = 30.0
"""How long a test waits for what has to come; far longer than it takes."""
FRAME = 65_536
HANDSHAKE = (
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: {SUBPROTOCOL}\r\n"
)


class Wired:
    """One socket of a client."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    def send(self, **message: Any) -> None:
        """Sends a message."""
        self.connection.send(json.dumps(message))

    def sent(self, message: Any, *, text: bool | None = None) -> None:
        """Sends what is no message, or a part of one each; the server may close before it has all of it."""
        with suppress(ConnectionClosed):
            self.connection.send(message, text=text)

    def got(self) -> dict[str, Any]:
        """The next message."""
        found: dict[str, Any] = json.loads(self.connection.recv(PATIENCE_SECONDS))
        return found

    def acknowledged(self, **payload: Any) -> dict[str, Any]:
        """What a client that says who asks is told when it is let in."""
        self.send(type="connection_init", payload=payload)
        answer = self.got()
        assert answer["type"] == "connection_ack", answer
        told: dict[str, Any] = answer["payload"]
        return told

    def ask(self, query: str, name: str = "1", **variables: Any) -> None:
        """Asks for an operation."""
        self.send(type="subscribe", id=name, payload={"query": query, "variables": variables})

    def data(self, name: str = "1") -> Any:
        """The data of the next message, which is of that operation and has no errors."""
        answer = self.got()
        assert (answer["type"], answer.get("id")) == ("next", name), answer
        assert "errors" not in answer["payload"], answer
        return answer["payload"]["data"]

    def code(self, name: str = "1") -> str:
        """The code with which an operation is refused."""
        answer = self.got()
        assert (answer["type"], answer["id"]) == ("error", name), answer
        code: str = answer["payload"][0]["extensions"]["code"]
        return code

    def closed(self) -> tuple[int, str]:
        """The code and the first word with which the server closes, whatever else comes before."""
        try:
            while True:
                self.connection.recv(PATIENCE_SECONDS)
        except ConnectionClosed as error:
            code, reason = (error.rcvd.code, error.rcvd.reason) if error.rcvd else (1006, "")
            return code, reason.partition(":")[0]


class Reached:
    """A server that runs somewhere, and what reaches it."""

    def __init__(self, host: str, port: int) -> None:
        self.place = f"{host}:{port}"
        self.address = (host, port)

    @contextmanager
    def wired(
        self,
        *,
        subprotocol: str | None = SUBPROTOCOL,
        origin: str | None = None,
        headers: Mapping[str, str] | None = None,
        path: str = "/graphql",
        **options: Any,
    ) -> Iterator[Wired]:
        """A socket that is open."""
        connection = connect(
            f"ws://{self.place}{path}",
            subprotocols=None if subprotocol is None else [Subprotocol(each) for each in subprotocol.split(", ")],
            origin=None if origin is None else Origin(origin),
            additional_headers=headers,
            open_timeout=PATIENCE_SECONDS,
            close_timeout=1,
            proxy=None,
            **options,
        )
        with connection:
            yield Wired(connection)

    @contextmanager
    def let_in(self, **payload: Any) -> Iterator[Wired]:
        """A socket whose client has been let in."""
        with self.wired() as wired:
            wired.acknowledged(**payload)
            yield wired

    @contextmanager
    def bare(self, host: str | None = None, status: int = 101) -> Iterator[socket.socket]:
        """A connection on which a socket was opened, and whose other end reads and answers nothing by itself."""
        with socket.create_connection(self.address, PATIENCE_SECONDS) as connection:
            connection.sendall(f"GET /graphql HTTP/1.1\r\nHost: {host or self.place}\r\n{HANDSHAKE}\r\n".encode())
            assert connection.recv(FRAME).startswith(f"HTTP/1.1 {status} ".encode())
            yield connection

    def ask(self, query: str, headers: Mapping[str, str] | None = None, **variables: Any) -> Any:
        """The data of an answer by HTTP, without errors."""
        asked = {"query": query, "variables": variables}
        answer = httpx.post(f"http://{self.place}/graphql", json=asked, headers=headers, timeout=PATIENCE_SECONDS)
        assert "errors" not in answer.json(), answer.json()
        return answer.json()["data"]

    def figures(self) -> dict[str, float]:
        """The server's figures by name and labels."""
        text = httpx.get(f"http://{self.place}/metrics", timeout=PATIENCE_SECONDS).text
        lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
        return {name: float(value) for name, _, value in lines}

    def until(self, figure: str, value: float) -> None:
        """Returns once a figure has a value."""
        while self.figures().get(figure, 0) != value:
            pass


class Served(Reached):
    """A server in a thread of this process."""

    def __init__(self, server: Announced, host: str, port: int) -> None:
        super().__init__(host, port)
        self.server = server

    def end(self) -> None:
        """Tells it to end."""
        self.server.should_exit = True


@contextmanager
def served(app: FastAPI, settings: Settings) -> Iterator[Served]:
    """The application behind a real server, in a thread with a loop of its own."""
    begun = threading.Event()
    with bound("127.0.0.1", 0) as listening:
        server = server_of(app, settings, begun.set)
        host, port = listening.getsockname()[:2]
        thread = threading.Thread(target=server.run, args=([listening],), name="server")
        thread.start()
        try:
            assert begun.wait(PATIENCE_SECONDS)
            yield Served(server, host, port)
        finally:
            server.should_exit = True
            thread.join()
