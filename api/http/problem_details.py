"""Requests that other systems send, and that fail as a whole: answered as RFC 9457 has it.

GraphQL and the files of its attachments answer with GraphQL's errors, and so have one form for one client.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson
from starlette.responses import Response

from api.access.refused import NotLetIn
from api.http.turned_away import TurnedAway

PROBLEM = "application/problem+json"


def details(status: int, code: str, message: str, headers: Mapping[str, str] | None = None, **more: Any) -> Response:
    """An answer that says what was found and what to do; `code` is what programs go by."""
    said = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": int(status), "detail": message}
    always = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    body = orjson.dumps({**said, "code": code, **more})
    return Response(body, status, {**always, **(headers or {})}, PROBLEM)


def details_of(away: TurnedAway | NotLetIn) -> Response:
    """The same of a request that was turned away, or not let in."""
    if isinstance(away, NotLetIn):
        return details(away.status, away.code, away.message, away.headers, **away.extensions)
    params = (away.problem.extensions or {}).get("params")
    more = {} if params is None else {"params": params}
    return details(away.status, away.code, away.problem.message, away.headers, **more)
