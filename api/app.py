"""The web application: GraphQL over HTTP, for those who sign in, or for this machine alone."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from fastapi import FastAPI
from opentelemetry.trace import TracerProvider
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import HTTPConnection
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from api.access.gate import Gate
from api.access.links import FOLDER
from api.access.principal import without_sign_in
from api.access.refused import NotLetIn
from api.graphql.door import WAIT_SECONDS, Door
from api.graphql.problem import Code
from api.graphql.request import Request
from api.graphql.schema import SCHEMA
from api.http.admission import Admission
from api.http.attachments import Files
from api.http.documents import Documents
from api.http.health import Health
from api.http.media import media_for
from api.http.metrics import Figures
from api.http.router import PATH, Router
from api.http.running import running
from api.http.tracing import telemetry
from api.http.turned_away import TurnedAway, answer_with
from api.http.watched import Watched, account_of
from api.http.watching import Watching
from api.workspace import Workspace
from domain.envelope import Actor

HOSTS = ("localhost", "127.0.0.1", "[::1]")
"""The names under which this machine reaches itself. A page elsewhere whose name is made to lead here has another."""


def create_app(
    workspace: Workspace,
    *,
    development_actor: Actor | None = None,
    gate: Gate | None = None,
    wait_seconds: float = WAIT_SECONDS,
    alarms: bool = False,
    traces: TracerProvider | None = None,
) -> FastAPI:
    """The application over an open workspace. A `gate` says who asks; without one, everything is done in the name of
    `development_actor`, and only this machine is answered.

    While it runs, a thread keeps the views up to date, and with `alarms` another one notes what is due. `wait_seconds`
    is how long an answer waits for the views. `traces` gets the traces, instead of whoever the settings name.
    Raises: WrongSetting.
    """
    if gate is None:
        if development_actor is None:
            raise ValueError("an application has a gate, or somebody in whose name everything is done")
        gate = Gate(unproved=without_sign_in(development_actor))
    settings, checked = workspace.settings, gate
    door = Door(workspace.ledger, workspace.runner, wait_seconds, settings.attachment_bytes)
    shows_schema = checked.checks or not settings.production

    async def entered(connection: HTTPConnection) -> Request:
        address = connection.client.host if connection.client else None
        return Request(door, await checked.principal(connection.headers, address), shows_schema=shows_schema)

    admission, figures = Admission(settings), Figures()
    health = Health(workspace.ledger, timedelta(seconds=settings.ready_lag_seconds))
    pools = {"book": workspace.database, "views": workspace.views}
    watching = Watching(health, figures, admission, pools).routes()
    files = Files(door, checked, settings.transfers_at_once)
    app = FastAPI(
        title="Daybook",
        lifespan=partial(running, workspace, alarms),
        openapi_url=None,
        redirect_slashes=False,
        routes=[*watching, *files.routes()],
        telemetry=telemetry(traces, sent=settings.traces),
    )
    app.state.health = health
    app.include_router(
        Router(
            SCHEMA,
            entered,
            admission=admission,
            documents=Documents.of(settings),
            most_body_bytes=settings.body_bytes,
            ide=not (settings.production or settings.documents_only),
        )
    )
    app.add_exception_handler(404, _nowhere)
    app.add_exception_handler(NotLetIn, _not_let_in)
    if not checked.checks:  # a token is sent on purpose; what a page elsewhere has the browser send holds none
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*HOSTS, *settings.hosts], www_redirect=False)
    paths = frozenset({PATH, FOLDER, *(route.path for route in watching)})
    app.add_middleware(Watched, figures=figures, admission=admission, paths=paths)
    return app


async def _nowhere(request: HttpRequest, error: Exception) -> Response:
    del request, error
    return TurnedAway(Code.NOT_FOUND, f"Nothing is served here; GraphQL is at {PATH}.").response()


async def _not_let_in(request: HttpRequest, error: Exception) -> Response:
    if not isinstance(error, NotLetIn):
        raise error
    account_of(request).outcome = error.code
    return answer_with(error.answer, media_for(request.headers.get("accept")), error.status, error.headers)
