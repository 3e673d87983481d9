"""What is noted of each request: an id that goes in, out and into the log, how it went, and for how long."""

from __future__ import annotations

import logging
import re
import time
from dataclasses import dataclass
from http import HTTPStatus
from uuid import uuid4

from opentelemetry import trace
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access.links import FOLDER
from api.graphql.problem import Code
from api.http.admission import Admission
from api.http.media import media_for
from api.http.metrics import Figures
from api.http.problem_details import details, details_of
from api.http.turned_away import STATUS_OF, TurnedAway, answer_with
from api.log_lines import REQUEST_ID

LOG = logging.getLogger("daybook.http")
HEADER = "X-Request-Id"
ACCEPTED = re.compile(r"[A-Za-z0-9._-]{1,64}")
"""Ids that come in are written into the log, and so have nothing in them but this."""
QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
"""What a machine asks for every few seconds; it is counted, and not logged unless it goes wrong."""
ACCOUNT = "daybook.account"
HANDSHAKES = {"websocket.accept": 101, "websocket.close": 403}
"""The status of a handshake that is answered so; one that is denied says its own."""


@dataclass
class Account:
    """What is known of a request once it has been answered."""

    kind: str = "none"
    """Query, mutation or ingest, or attachment for a file; none when it was not even read."""
    operation: str | None = None
    outcome: str = "ok"
    """The code of the first error, if there was any."""


def account_of(request: Request) -> Account:
    """What is being noted of a request."""
    account: Account = request.scope[ACCOUNT]
    return account


def note_in_trace(account: Account) -> None:
    """Adds to the span of a request what is known of it; where nobody traces, there is none."""
    span = trace.get_current_span()
    if span.is_recording():
        span.set_attribute("graphql.operation.type", account.kind)
        span.set_attribute("graphql.operation.name", account.operation or "")
        span.set_attribute("daybook.outcome", account.outcome)
        span.set_attribute("daybook.request", REQUEST_ID.get() or "")


class Watched:
    """Around the whole application. Here requests are counted by network, before anybody looks at who says to send
    them; and a fault that got past all else ends here, as a fault with an id."""

    def __init__(
        self, app: ASGIApp, figures: Figures, admission: Admission, paths: frozenset[str], by_details: frozenset[str]
    ) -> None:
        self._app = app
        self._figures = figures
        self._admission = admission
        self._paths = paths
        self._by_details = by_details
        """Those of them that answer by problem details rather than in GraphQL's form."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        request = given if ACCEPTED.fullmatch(given) else uuid4().hex
        before = REQUEST_ID.set(request)
        try:
            if scope["type"] == "http":
                await self._http(scope, receive, send, request)
            else:
                await self._websocket(scope, receive, send)
        finally:
            REQUEST_ID.reset(before)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A handshake, and what comes after it: `api.http.sockets` notes how that went."""
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if not status:
                status = HANDSHAKES.get(message["type"]) or message["status"]
                self._figures.answered(self._path(scope), status)
            await send(message)

        try:
            self._admission.count(scope)
            await self._app(scope, receive, sending)
        except TurnedAway as away:
            await away.response()(scope, receive, sending)
        if status != 101:  # else it was a socket, whose end was noted
            fields = {"method": "WS", "path": self._path(scope), "status": status}
            LOG.info("WS %s %s", fields["path"], status, extra={"fields": fields})

    async def _http(self, scope: Scope, receive: Receive, send: Send, request: str) -> None:
        account = scope[ACCOUNT] = Account()
        begun = time.perf_counter()
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                note_in_trace(account)  # a span ends with the answer, before this does
                MutableHeaders(scope=message)[HEADER] = request
            await send(message)

        try:
            if scope["path"] not in QUIET:
                self._admission.count(scope)
            await self._app(scope, receive, sending)
        except TurnedAway as away:
            account.outcome = away.code
            await self._answer(away, scope)(scope, receive, sending)
        except Exception as error:  # the door: whatever got here is told by an id that leads to the log
            fault = uuid4()
            LOG.error("Fault %s", fault, exc_info=error)
            account.outcome = Code.FAULT.value
            if not status:
                message = f"Something went wrong here. The log has it under {fault}."
                told = {"message": message, "extensions": {"code": Code.FAULT.value, "fault": str(fault)}}
                answer = answer_with({"errors": [told]}, None, STATUS_OF[Code.FAULT])
                if scope["path"] in self._by_details:
                    answer = details(STATUS_OF[Code.FAULT], Code.FAULT.value, message, fault=str(fault))
                await answer(scope, receive, sending)
        finally:
            self._note(scope, account, status, time.perf_counter() - begun)

    def _path(self, scope: Scope) -> str:
        path = FOLDER if scope["path"].startswith(FOLDER) else scope["path"]  # without the link, which is a permission
        return path if path in self._paths else "other"

    def _answer(self, away: TurnedAway, scope: Scope) -> Response:
        if scope["path"] in self._by_details:
            return details_of(away)
        return away.response(media_for(Headers(scope=scope).get("accept")))

    def _note(self, scope: Scope, account: Account, status: int, seconds: float) -> None:
        path = self._path(scope)
        if account.outcome == "ok" and status >= 400:  # turned away by somebody who knows nothing of accounts
            account.outcome = HTTPStatus(status).name
        self._figures.answered(path, status)
        if path not in QUIET and path != "other":
            self._figures.operated(account.kind, account.outcome, seconds)
        if path in QUIET and status < 400:
            return
        fields = {
            "method": scope["method"] if scope["method"].isalpha() else "other",
            "path": path,
            "status": status,
            "seconds": round(seconds, 6),
            "kind": account.kind,
            "operation": account.operation,
            "outcome": account.outcome,
        }
        LOG.info("%s %s %s %s", fields["method"], path, status, account.outcome, extra={"fields": fields})
