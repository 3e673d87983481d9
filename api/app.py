"""The web application: GraphQL over HTTP and the door for items, for those who sign in, or for this machine alone."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from fastapi import FastAPI
from opentelemetry.trace import TracerProvider
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import HTTPConnection
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from strawberry.schema import BaseSchema

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
from api.http.operating import Works
from api.http.router import PATH, Router
from api.http.running import running
from api.http.sockets import Sockets
from api.http.tracing import telemetry
from api.http.turned_away import TurnedAway, answer_with
from api.http.watched import Watched, account_of
from api.http.watching import Watching
from api.ingest.door import METHODS, Ingest
from api.ingest.door import PATH as INGEST
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
    schema: BaseSchema = SCHEMA,
) -> FastAPI:
    """The application over an open workspace. A `gate` says who asks; without one, everything is done in the name of
    `development_actor`, and only this machine is answered.

    While it runs, a thread keeps the views up to date, and with `alarms` another one notes what is due. `wait_seconds`
    is how long an answer waits for the views. `traces` gets the traces, instead of whoever the settings name.
    `schema` is what is asked.
    Raises: WrongSetting.
    """
    if gate is None:
        if development_actor is None:
            raise ValueError("an application has a gate, or somebody in whose name everything is done")
        gate = Gate(unproved=without_sign_in(development_actor))
    settings, checked = workspace.settings, gate
    door = Door(workspace.ledger, workspace.runner, wait_seconds, settings.attachment_bytes)
    shows_schema = checked.checks or not settings.production

    admission, figures = Admission(settings), Figures()

    async def entered(connection: HTTPConnection) -> Request:
        address = connection.client.host if connection.client else None
        asker = await checked.principal(connection.headers, address)
        admission.recognise(connection.scope, asker)
        return Request(door, asker, shows_schema=shows_schema, once=True)

    health = Health(workspace.ledger, timedelta(seconds=settings.ready_lag_seconds))
    documents = Documents.of(settings)
    works = Works(schema, door, shows_schema, admission, documents, figures)
    sockets = Sockets(works, checked, settings, (*HOSTS, *settings.hosts))
    pools = {"book": workspace.database, "views": workspace.views}
    watching = Watching(health, figures, admission, sockets, pools).routes()
    files = Files(door, checked, admission, settings.transfers_at_once)
    app = FastAPI(
        title="Daybook",
        lifespan=partial(running, workspace, alarms, door.feed),
        openapi_url=None,
        redirect_slashes=False,
        routes=[*watching, *files.routes(), sockets.route(PATH)],
        telemetry=telemetry(traces, sent=settings.traces),
    )
    app.state.health, app.state.sockets = health, sockets
    app.include_router(
        Router(
            schema,
            entered,
            admission=admission,
            documents=documents,
            most_body_bytes=settings.body_bytes,
            body_seconds=settings.body_seconds,
            ide=not (settings.production or settings.documents_only),
        )
    )
    ingest = Ingest(door, checked, admission, figures, settings)
    app.add_route(INGEST, ingest.answer, methods=list(METHODS), include_in_schema=False)
    app.add_exception_handler(404, _nowhere)
    app.add_exception_handler(NotLetIn, _not_let_in)
    if not checked.checks:  # a token is sent on purpose; what a page elsewhere has the browser send holds none
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*HOSTS, *settings.hosts], www_redirect=False)
    paths = frozenset({PATH, INGEST, FOLDER, *(route.path for route in watching)})
    app.add_middleware(Watched, figures=figures, admission=admission, paths=paths, by_details=frozenset({INGEST}))
    return app


async def _nowhere(request: HttpRequest, error: Exception) -> Response:
    del request, error
    return TurnedAway(
        Code.NOT_FOUND, f"Nothing is served here; GraphQL is at {PATH}, and items are taken at {INGEST}."
    ).response()


async def _not_let_in(request: HttpRequest, error: Exception) -> Response:
    if not isinstance(error, NotLetIn):
        raise error
    account_of(request).outcome = error.code
    return answer_with(error.answer, media_for(request.headers.get("accept")), error.status, error.headers)
