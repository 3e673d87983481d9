"""Requests that are answered before GraphQL looks at them."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from starlette.responses import Response

from api.graphql.problem import Code, Problem
from api.http.media import Media

STATUS_OF: Mapping[str, HTTPStatus] = {
    Code.BAD_REQUEST: HTTPStatus.BAD_REQUEST,
    Code.PERSISTED_QUERY_NOT_FOUND: HTTPStatus.BAD_REQUEST,
    Code.PERSISTED_QUERY_NOT_SUPPORTED: HTTPStatus.BAD_REQUEST,
    Code.DOCUMENT_NOT_TRUSTED: HTTPStatus.FORBIDDEN,
    Code.FORBIDDEN: HTTPStatus.FORBIDDEN,
    Code.BAD_LINK: HTTPStatus.FORBIDDEN,
    Code.LINK_EXPIRED: HTTPStatus.GONE,
    Code.WRONG_SIZE: HTTPStatus.BAD_REQUEST,
    Code.WRONG_DIGEST: HTTPStatus.BAD_REQUEST,
    Code.OTHER_BYTES: HTTPStatus.CONFLICT,
    Code.UPLOAD_GONE: HTTPStatus.GONE,
    Code.UPLOAD_STALLED: HTTPStatus.REQUEST_TIMEOUT,
    Code.NOT_FOUND: HTTPStatus.NOT_FOUND,
    Code.METHOD_NOT_ALLOWED: HTTPStatus.METHOD_NOT_ALLOWED,
    Code.NOT_ACCEPTABLE: HTTPStatus.NOT_ACCEPTABLE,
    Code.BODY_TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    Code.UNSUPPORTED_MEDIA_TYPE: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    Code.FAULT: HTTPStatus.INTERNAL_SERVER_ERROR,
    Code.CLOCKS_DISAGREE: HTTPStatus.SERVICE_UNAVAILABLE,
    Code.LEDGER_AWAY: HTTPStatus.SERVICE_UNAVAILABLE,
    Code.RATE_LIMITED: HTTPStatus.TOO_MANY_REQUESTS,
    Code.TOO_BUSY: HTTPStatus.SERVICE_UNAVAILABLE,
    Code.BODY_TOO_SLOW: HTTPStatus.REQUEST_TIMEOUT,
    Code.TIMED_OUT: HTTPStatus.GATEWAY_TIMEOUT,
}
"""The status of an answer that one of these codes is in, whatever its form."""


class TurnedAway(Exception):
    """A request is not looked at any further; the answer says why, in the form of a GraphQL error."""

    def __init__(self, code: Code, message: str, headers: Mapping[str, str] | None = None, **params: Any) -> None:
        super().__init__(message)
        self.code = code.value
        self.problem = Problem(code, message, **params)
        self.status = STATUS_OF[code]
        self.headers = headers

    def response(self, media: Media | None = None) -> Response:
        """The answer."""
        return answer_with({"errors": [self.problem.formatted]}, media, self.status, self.headers)


def answer_with(
    answer: Mapping[str, Any], media: Media | None, status: int, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer on its way, which nobody is to keep or to take for anything else."""
    always = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Vary": "Accept"}
    return Response(
        orjson.dumps(answer), status, {**always, **(headers or {})}, f"{media or Media.JSON}; charset=utf-8"
    )
