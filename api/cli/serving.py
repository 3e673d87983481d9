"""`daybook serve`: the GraphQL door, from the bound port to the orderly end; on the loopback address alone, unless
people sign in."""

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

from api.access.configured import gate_of, reachable_from_elsewhere
from api.access.gate import Gate
from api.cli.exits import PortTaken
from api.cli.rebuilding import renewed
from api.cli.terminal import Terminal
from api.log_lines import log_to
from api.settings import Settings, WrongSetting
from api.workspace import Workspace
from domain.envelope import Actor, ActorKind

if TYPE_CHECKING:
    from fastapi import FastAPI

    from api.http.health import Health
    from api.http.sockets import Sockets

DEVELOPER = Actor("developer", ActorKind.PERSON, role="development")
"""Who acts where there is no sign-in: nobody in particular, and the role says so."""


def bound(host: str, port: int, *, anywhere: bool = False) -> socket.socket:
    """A socket that has the port, before anything else is begun; not of this machine alone only with `anywhere`.

    Raises: WrongSetting, PortTaken.
    """
    address = any_address(host) if anywhere else loopback(host)
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
        "no sign-in but what this machine's own key proves; so it is 127.0.0.1, ::1 or localhost. Set up sign-in "
        "(DAYBOOK_OIDC_ISSUER, DAYBOOK_OIDC_AUDIENCE, DAYBOOK_OIDC_JWKS) to serve others."
    )


def any_address(host: str) -> str:
    """The address that a host names. Raises: WrongSetting for what is no address."""
    try:
        return "127.0.0.1" if host == "localhost" else str(ipaddress.ip_address(host))
    except ValueError:
        raise WrongSetting(f"{host} is no IP address; give one of this machine's, or 0.0.0.0 or :: for all.") from None


def listening_on(settings: Settings, host: str, port: int, *, development: bool) -> socket.socket:
    """The socket that a server with these settings may have. Raises: WrongSetting, PortTaken."""
    return bound(host, port, anywhere=reachable_from_elsewhere(settings, development=development))


def url_of(listening: socket.socket) -> str:
    """Where GraphQL is."""
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/graphql"


class Announced(uvicorn.Server):
    """A server that says when it serves, and that it is not ready any more before it ends."""

    def __init__(
        self,
        config: uvicorn.Config,
        announce: Callable[[], None],
        health: Health,
        sockets: Sockets,
        drain_seconds: float,
    ) -> None:
        super().__init__(config)
        self._announce = announce
        self._health = health
        self._sockets = sockets
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

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._sockets.end()
        await super().shutdown(sockets)


def serve(workspace: Workspace, listening: socket.socket, gate: Gate, announce: Callable[[], None]) -> None:
    """Serves whom the gate lets in, until Ctrl-C or SIGTERM.

    These come out as KeyboardInterrupt and SystemExit once all is answered. `announce` is called when requests are
    accepted. The log goes to standard error.
    """
    from api.app import (
        create_app,
    )  # the schema takes a moment to make, and a taken port or a missing book is told first

    log_to(sys.stderr, workspace.settings.log)
    app = create_app(workspace, gate=gate, alarms=workspace.settings.alarms)
    server_of(app, workspace.settings, announce).run(sockets=[listening])


def server_of(app: FastAPI, settings: Settings, announce: Callable[[], None]) -> Announced:
    """A server of an application, by HTTP and by WebSockets."""
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=list(settings.proxies),
        timeout_graceful_shutdown=settings.grace_seconds,
        ws="api.http.wire:Wire",
        ws_max_size=settings.body_bytes,
        ws_ping_interval=settings.socket_ping_seconds,
        ws_ping_timeout=settings.socket_ping_seconds,
        ws_per_message_deflate=False,  # a packed message says nothing of how long it is
    )
    return Announced(config, announce, app.state.health, app.state.sockets, settings.drain_seconds)


def run(workspace: Workspace, terminal: Terminal, listening: socket.socket, *, development: bool = False) -> None:
    """Serves a book and says where. What is missing is told, and views of an older version are built anew, before
    anything is served."""
    ledger, url = workspace.ledger, url_of(listening)
    gate = gate_of(workspace.settings, ledger.book, development=development, developer=DEVELOPER)
    workspace.runner.prepare()
    renewed(workspace, terminal)

    def announce() -> None:
        terminal.answer({"url": url, "book": ledger.book, "time": ledger.time, "position": ledger.head()})
        terminal.stamp(ledger.book, ledger.time)
        terminal.show(f"GraphQL, and a page to try it on: {url}")
        terminal.say(f"{_who(workspace.settings, gate, development=development)} Ctrl-C ends it.")

    serve(workspace, listening, gate, announce)


def _who(settings: Settings, gate: Gate, *, development: bool) -> str:
    """Who is let in, in a sentence."""
    if not gate.checks:
        return "There is no sign-in: whoever is on this machine may read and write."
    issuers = [settings.oidc_issuer] if settings.oidc_issuer else []
    issuers += ["this machine (`daybook token`)"] if development else []
    return f"Let in is who has a token of {' or '.join(issuers)}."
