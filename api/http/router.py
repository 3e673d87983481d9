"""GraphQL over HTTP, as the specification's draft has it: one operation a request, by POST and in JSON."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, cast

from cross_web import AsyncHTTPRequestAdapter, HTTPException
from fastapi import Response
from starlette.requests import Request as HttpRequest
from starlette.websockets import WebSocket
from strawberry.fastapi import GraphQLRouter
from strawberry.http import GraphQLHTTPResponse, GraphQLRequestData
from strawberry.schema import BaseSchema
from strawberry.types import ExecutionResult
from typing_extensions import override

from api.graphql.problem import Code, Problem, told
from api.graphql.request import Request
from api.http.admission import Admission
from api.http.body import asked_in
from api.http.documents import Documents
from api.http.media import Media, media_for
from api.http.turned_away import STATUS_OF, TurnedAway, answer_with
from api.http.watched import account_of

PATH = "/graphql"
OTHER_METHODS = ("DELETE", "HEAD", "OPTIONS", "PATCH", "PUT", "TRACE")
Answer = GraphQLHTTPResponse | list[GraphQLHTTPResponse]


class Router(GraphQLRouter[Request, None]):
    """The GraphQL door. Strawberry finds its way through a request; what is taken and how it is answered is here.

    Queries are not taken by GET either: what is asked for would stand in the logs of every proxy on the way.
    """

    def __init__(
        self,
        schema: BaseSchema,
        context: Callable[..., Awaitable[Request]],
        *,
        admission: Admission,
        documents: Documents,
        most_body_bytes: int,
        body_seconds: float,
        ide: bool,
    ) -> None:
        super().__init__(
            schema,
            path=PATH,
            context_getter=context,
            allow_queries_via_get=False,
            graphql_ide="graphiql" if ide else None,
            subscription_protocols=(),
        )
        self._admission = admission
        self._documents = documents
        self._most_body_bytes = most_body_bytes
        self._body_seconds = body_seconds
        self.add_route(PATH, self._other_method, methods=list(OTHER_METHODS), include_in_schema=False)

    @override
    async def run(self, request: HttpRequest | WebSocket, *arguments: Any, **more: Any) -> Any:
        if not isinstance(request, HttpRequest):
            raise TypeError("sockets have a route of their own, which comes first")
        try:
            if request.method == "GET" and not self._shows_ide(request):
                raise self._not_allowed()
            return await super().run(request, *arguments, **more)
        except TurnedAway as away:
            account_of(request).outcome = away.code
            return away.response(media_for(request.headers.get("accept")))

    @override
    async def get_sub_response(self, request: HttpRequest) -> Response:
        response = await super().get_sub_response(request)
        if request.method == "GET":
            return response
        media = media_for(request.headers.get("accept"))
        if media is None:
            raise TurnedAway(
                Code.NOT_ACCEPTABLE, f"Answers are {' or '.join(Media)}; name one of them in the header Accept."
            )
        response.media_type = media
        return response

    @override
    async def parse_http_body(self, request: AsyncHTTPRequestAdapter) -> GraphQLRequestData:
        starlette: HttpRequest = request._request  # type: ignore[attr-defined]  # whose body is to be read bit by bit
        return await asked_in(starlette, self._documents, self._most_body_bytes, self._body_seconds)

    @override
    async def execute_operation(self, request: HttpRequest, *arguments: Any, **more: Any) -> Any:
        asked: Request = more["context"]
        try:
            with self._admission.operations.one_more():
                return await self._admission.in_time(super().execute_operation(request, *arguments, **more))
        finally:
            account = account_of(request)
            account.kind, account.operation = asked.kind or account.kind, asked.operation

    @override
    async def execute_single(self, *arguments: Any, **more: Any) -> ExecutionResult:
        try:
            return await super().execute_single(*arguments, **more)
        except HTTPException as error:  # no operation, or none of that name
            return ExecutionResult(None, [Problem(Code.BAD_DOCUMENT, f"{error.reason.rstrip('.')}.")])

    @override
    async def process_result(self, request: HttpRequest, result: ExecutionResult) -> GraphQLHTTPResponse:
        if result.errors:  # those of a document that could not be read have not been told yet
            result.errors = [told(error) for error in result.errors]
            account_of(request).outcome = (result.errors[0].extensions or {})["code"]
        answer = await super().process_result(request, result)
        if result.errors and result.data is None and not any(error.path for error in result.errors):
            del answer["data"]  # nothing was carried out, which is not the same as nothing being there
        return answer

    @override
    def create_response(self, response_data: Answer, sub_response: Response) -> Response:
        answer = cast("GraphQLHTTPResponse", response_data)  # a list would answer a batch
        media = Media(sub_response.media_type or Media.JSON)
        response = answer_with(answer, media, _status(answer, media))
        response.headers.raw.extend(sub_response.headers.raw)
        return response

    def _shows_ide(self, request: HttpRequest) -> bool:
        return self.graphql_ide is not None and "text/html" in request.headers.get("accept", "")

    def _not_allowed(self) -> TurnedAway:
        allowed = "GET, POST" if self.graphql_ide else "POST"
        return TurnedAway(
            Code.METHOD_NOT_ALLOWED, "Operations are sent by POST, and by nothing else.", {"Allow": allowed}
        )

    async def _other_method(self, request: HttpRequest) -> Response:
        return self._not_allowed().response(media_for(request.headers.get("accept")))


def _status(answer: GraphQLHTTPResponse, media: Media) -> int:
    """The status of an answer. A fault shows in it, so that whoever watches only that sees it."""
    errors: list[Any] = list(answer.get("errors") or ())
    failing = [STATUS_OF[code] for error in errors if (code := error["extensions"]["code"]) in STATUS_OF]
    if failing and (media is Media.JSON or answer.get("data") is None):
        return max(failing)
    if media is Media.GRAPHQL and "data" not in answer:
        return HTTPStatus.BAD_REQUEST
    return HTTPStatus.OK
