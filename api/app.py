"""The web application: GraphQL over HTTP, for this machine alone until people sign in."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from fastapi import FastAPI
from opentelemetry.trace import TracerProvider
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request as HttpRequest
from starlette.responses import Response

from api.graphql.door import WAIT_SECONDS, Door
from api.graphql.problem import Code
from api.graphql.request import Request
from api.graphql.schema import SCHEMA
from api.http.admission import Admission
from api.http.documents import Documents
from api.http.health import Health
from api.http.metrics import Figures
from api.http.router import PATH, Router
from api.http.running import running
from api.http.tracing import telemetry
from api.http.turned_away import TurnedAway
from api.http.watched import Watched
from api.http.watching import Watching
from api.workspace import Workspace
from domain.envelope import Actor

HOSTS = ("localhost", "127.0.0.1", "[::1]")
"""The names under which this machine reaches itself. A page elsewhere whose name is made to lead here has another."""


def create_app(
    workspace: Workspace,
    *,
    development_actor: Actor,
    wait_seconds: float = WAIT_SECONDS,
    alarms: bool = False,
    traces: TracerProvider | None = None,
) -> FastAPI:
    """The application over an open workspace. Everything is done in the name of `development_actor`.

    While it runs, a thread keeps the views up to date, and with `alarms` another one notes what is due. `wait_seconds`
    is how long an answer waits for the views. `traces` gets the traces, instead of whoever the settings name.
    Raises: WrongSetting.
    """
    settings = workspace.settings
    door = Door(workspace.ledger, workspace.runner, development_actor, wait_seconds)

    admission, figures = Admission(settings), Figures()
    health = Health(workspace.ledger, timedelta(seconds=settings.ready_lag_seconds))
    pools = {"book": workspace.database, "views": workspace.views}
    watching = Watching(health, figures, admission, pools).routes()
    app = FastAPI(
        title="Daybook",
        lifespan=partial(running, workspace, alarms),
        openapi_url=None,
        redirect_slashes=False,
        routes=[*watching],
        telemetry=telemetry(traces, sent=settings.traces),
    )
    app.state.health = health
    app.include_router(
        Router(
            SCHEMA,
            lambda: Request(door, shows_schema=not settings.production),
            admission=admission,
            documents=Documents.of(settings),
            most_body_bytes=settings.body_bytes,
            ide=not (settings.production or settings.documents_only),
        )
    )
    app.add_exception_handler(404, _nowhere)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*HOSTS, *settings.hosts], www_redirect=False)
    paths = frozenset({PATH, *(route.path for route in watching)})
    app.add_middleware(Watched, figures=figures, admission=admission, paths=paths)
    return app


async def _nowhere(request: HttpRequest, error: Exception) -> Response:
    del request, error
    return TurnedAway(Code.NOT_FOUND, f"Nothing is served here; GraphQL is at {PATH}.").response()
