"""`daybook serve`: the GraphQL door on the loopback address, from the bound port to the orderly end."""

from __future__ import annotations

import errno
import ipaddress
import socket
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING

import uvicorn
from typing_extensions import override

from api.cli.exits import PortTaken
from api.cli.projecting import renew
from api.cli.terminal import Terminal
from api.log_lines import log_to
from api.settings import WrongSetting
from api.workspace import Workspace
from domain.envelope import Actor, ActorKind

if TYPE_CHECKING:
    from api.http.health import Health

DEVELOPER = Actor("developer", ActorKind.PERSON, role="development")
"""Who acts until there is sign-in: nobody in particular, and the role says so."""


def bound(host: str, port: int) -> socket.socket:
    """A socket that has the port, before anything else is begun. Raises: WrongSetting, PortTaken."""
    address = loopback(host)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((address, port))
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(f"Port {port} of {address} is taken by another program; name another one, such as "
                            f"--port {port + 1 if port < 65_535 else 8_000}.") from error  # fmt: skip
        raise PortTaken(
            f"Port {port} of {address} cannot be had: {error.strerror}. Name another with --port."
        ) from error
    return listening


def loopback(host: str) -> str:
    """The loopback address that a host names. Raises: WrongSetting for any other."""
    if host == "localhost":
        return "127.0.0.1"
    try:
        if ipaddress.ip_address(host).is_loopback:
            return host
    except ValueError:
        pass
    raise WrongSetting(
        f"{host} is not a loopback address. Whoever reaches the port may read and write everything, since there is "
        "no sign-in; so it is 127.0.0.1, ::1 or localhost."
    )


def url_of(listening: socket.socket) -> str:
    """Where GraphQL is."""
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/graphql"


class Announced(uvicorn.Server):
    """A server that says when it serves, and that it is not ready any more before it ends."""

    def __init__(
        self, config: uvicorn.Config, announce: Callable[[], None], health: Health, drain_seconds: float
    ) -> None:
        super().__init__(config)
        self._announce = announce
        self._health = health
        self._drain_seconds = drain_seconds
        self._ends_at: float | None = None

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._announce()

    @override
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Ends at once when told a second time."""
        first = not self._health.draining
        self._health.draining = True
        super().handle_exit(sig, frame)
        if first and self._drain_seconds:
            self.should_exit = False
            self._ends_at = time.monotonic() + self._drain_seconds

    @override
    async def on_tick(self, counter: int) -> bool:
        if self._ends_at is not None and time.monotonic() >= self._ends_at:
            self.should_exit = True
        return await super().on_tick(counter)


def serve(workspace: Workspace, listening: socket.socket, announce: Callable[[], None]) -> None:
    """Serves until Ctrl-C or SIGTERM, which come out as KeyboardInterrupt and SystemExit once all is answered.

    `announce` is called when requests are accepted. The log goes to standard error.
    """
    from api.app import (
        create_app,
    )  # the schema takes a moment to make, and a taken port or a missing book is told first

    log_to(sys.stderr, workspace.settings.log)
    settings = workspace.settings
    app = create_app(workspace, development_actor=DEVELOPER, alarms=settings.alarms)
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=list(settings.proxies),
        timeout_graceful_shutdown=settings.grace_seconds,
    )
    Announced(config, announce, app.state.health, settings.drain_seconds).run(sockets=[listening])


def run(workspace: Workspace, terminal: Terminal, listening: socket.socket) -> None:
    """Serves a book and says where. What is missing is told, and views of an older version are built anew, before
    anything is served."""
    ledger, url = workspace.ledger, url_of(listening)
    workspace.runner.prepare()
    renew(workspace, terminal)

    def announce() -> None:
        terminal.answer({"url": url, "book": ledger.book, "time": ledger.time, "position": ledger.head()})
        terminal.stamp(ledger.book, ledger.time)
        terminal.show(f"GraphQL, and a page to try it on: {url}")
        terminal.say("There is no sign-in: whoever is on this machine may read and write. Ctrl-C ends it.")

    serve(workspace, listening, announce)
