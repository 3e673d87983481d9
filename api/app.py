"""The web application: GraphQL over HTTP, for those who sign in, or for this machine alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from threading import Event, Thread
from typing import Any

import orjson
from anyio import to_thread
from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import HTTPConnection
from starlette.requests import Request as HttpRequest
from strawberry.fastapi import GraphQLRouter
from strawberry.http import GraphQLHTTPResponse
from strawberry.types import ExecutionResult
from typing_extensions import override

from api.access.gate import Gate
from api.access.principal import without_sign_in
from api.access.refused import NotLetIn
from api.alarms.following import Alarms
from api.graphql.door import WAIT_SECONDS, Door
from api.graphql.problem import Code, told
from api.graphql.request import Request
from api.graphql.schema import SCHEMA
from api.workspace import Workspace
from domain.envelope import Actor
from projections.runner import Runner

HOSTS = ("localhost", "127.0.0.1", "[::1]")
"""The names under which this machine reaches itself. A page elsewhere whose name is made to lead here has another."""
MOST_BODY_BYTES = 512 * 1024
"""Larger than anything that the schema has use for."""
FAILING = {
    Code.FORBIDDEN.value: 403,
    Code.FAULT.value: 500,
    Code.CLOCKS_DISAGREE.value: 503,
    Code.LEDGER_AWAY.value: 503,
}


def create_app(
    workspace: Workspace,
    *,
    development_actor: Actor | None = None,
    gate: Gate | None = None,
    wait_seconds: float = WAIT_SECONDS,
    alarms: bool = False,
) -> FastAPI:
    """The application over an open workspace. A `gate` says who asks; without one, everything is done in the name of
    `development_actor`, and only this machine is answered.

    While it runs, a thread keeps the views up to date, and with `alarms` another one notes what is due. `wait_seconds`
    is how long an answer waits for the views.
    """
    if gate is None:
        if development_actor is None:
            raise ValueError("an application has a gate, or somebody in whose name everything is done")
        gate = Gate(unproved=without_sign_in(development_actor))
    door, checked = Door(workspace.ledger, workspace.runner, wait_seconds), gate

    async def entered(connection: HTTPConnection) -> Request:
        address = connection.client.host if connection.client else None
        return Request(door, await checked.principal(connection.headers, address))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        del app
        stop = Event()
        threads = [_following(workspace.runner, stop)]
        if alarms:
            threads.append(Alarms(workspace.ledger, workspace.views).following(stop))
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                await to_thread.run_sync(thread.join)

    app = FastAPI(title="Daybook", lifespan=lifespan, openapi_url=None, max_body_size=MOST_BODY_BYTES)
    app.include_router(Router(SCHEMA, path="/graphql", context_getter=entered))
    app.add_exception_handler(NotLetIn, _not_let_in)
    if not checked.checks:  # a token is sent on purpose; what a page elsewhere has the browser send holds none
        app.add_middleware(TrustedHostMiddleware, allowed_hosts=HOSTS, www_redirect=False)
    return app


async def _not_let_in(request: HttpRequest, error: Exception) -> Response:
    del request
    if not isinstance(error, NotLetIn):
        raise error
    return JSONResponse(error.answer, error.status, error.headers)


def _following(runner: Runner, stop: Event) -> Thread:
    thread = Thread(target=runner.follow, args=(stop,), name="views", daemon=True)
    thread.start()
    return thread


class Router(GraphQLRouter[Request, None]):
    """GraphQL over HTTP; an answer with a fault in it is a 500, so that whoever watches the status sees it."""

    @override
    def create_response(
        self, response_data: GraphQLHTTPResponse | list[GraphQLHTTPResponse], sub_response: Response
    ) -> Response:
        response = super().create_response(response_data, sub_response)
        answers = response_data if isinstance(response_data, list) else [response_data]
        errors: list[Any] = [error for answer in answers for error in answer.get("errors") or ()]
        for error in errors:
            status = FAILING.get(error["extensions"]["code"], response.status_code)
            response.status_code = max(response.status_code, status)
        return response

    @override
    async def process_result(self, request: HttpRequest, result: ExecutionResult) -> GraphQLHTTPResponse:
        if result.errors:  # those of a document that could not be read have not been told yet
            result.errors = [told(error) for error in result.errors]
        return await super().process_result(request, result)

    @override
    def encode_json(self, data: object) -> bytes:
        return orjson.dumps(data)

    @override
    def decode_json(self, data: str | bytes) -> object:
        found: object = orjson.loads(data)
        if not isinstance(found, dict | list):
            raise orjson.JSONDecodeError("an object was to be here", str(data), 0)
        return found
