"""The body of a request: how much of it is read, and what it must be."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from itertools import islice
from typing import Any

import orjson
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from strawberry.http import GraphQLRequestData

from api.graphql.problem import Code
from api.http.documents import Documents
from api.http.media import content_of
from api.http.turned_away import TurnedAway

JSON = "application/json"
MOST_VALUES = 10_000
"""Each is made to fit its type on the event loop: 40,000 of an enumeration kept it for 0.6 s (2026-11-22)."""
FIELDS = {"query": str, "operationName": str, "variables": dict, "extensions": dict}
CALLED = {str: "a string", dict: "an object", list: "a list", int: "a number", float: "a number", bool: "a boolean"}


async def asked_in(request: HttpRequest, documents: Documents, most_bytes: int, seconds: float) -> GraphQLRequestData:
    """What a request asks for. Raises: TurnedAway, when it is no request of GraphQL over HTTP."""
    refuse_other_content(request)
    return request_in(await bytes_of(request, most_bytes, seconds), documents)


def refuse_other_content(request: HttpRequest) -> None:
    """Raises: TurnedAway for anything but JSON in UTF-8. What a form of any page could send is not taken."""
    kind, charset = content_of(request.headers.get("content-type"))
    encoding = request.headers.get("content-encoding", "identity").lower()
    if kind != JSON or charset not in {"utf-8", "utf8"} or encoding != "identity":
        found = f"{kind or 'no content type'}, {charset}, {encoding}"
        raise TurnedAway(
            Code.UNSUPPORTED_MEDIA_TYPE,
            f"The body is {found}; send application/json in UTF-8, without compression.",
            {"Accept-Post": JSON},
        )


async def bytes_of(request: HttpRequest, most_bytes: int, seconds: float) -> bytes:
    """The whole body. Raises: TurnedAway, as soon as it is too long, or before it is read when its header says so; when
    it does not come in time, and when it ends before it is whole."""
    length = request.headers.get("content-length", "0")
    if length.isdecimal() and int(length) > most_bytes:
        raise _too_large(int(length), most_bytes)
    read = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                read += chunk
                if len(read) > most_bytes:
                    raise _too_large(len(read), most_bytes)
    except TimeoutError as error:
        message = f"The body had not come to its end after {seconds:g} seconds; {len(read)} bytes of it were read."
        raise TurnedAway(Code.BODY_TOO_SLOW, message, {"Connection": "close"}, limit=seconds) from error
    except ClientDisconnect as error:
        raise TurnedAway(Code.BAD_REQUEST, "The connection ended before the body did.") from error
    return bytes(read)


def request_in(body: bytes, documents: Documents) -> GraphQLRequestData:
    """The request that a body holds. Raises: TurnedAway."""
    try:
        found: Any = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise TurnedAway(Code.BAD_REQUEST, f"The body is no JSON in UTF-8: {error.msg}.") from error
    if isinstance(found, list):
        raise TurnedAway(Code.BAD_REQUEST, "The body is a list; send one operation a request.")
    if not isinstance(found, dict):
        raise TurnedAway(Code.BAD_REQUEST, f"The body is {CALLED.get(type(found), 'null')}; send an object.")
    return checked(found, documents)


def checked(found: Mapping[str, Any], documents: Documents) -> GraphQLRequestData:
    """The request that a JSON object is. Raises: TurnedAway."""
    for name, kind in FIELDS.items():
        value = found.get(name)
        if value is not None and not isinstance(value, kind):
            wrong = CALLED[type(value)]
            raise TurnedAway(Code.BAD_REQUEST, f"The field {name} is {wrong}; it must be {CALLED[kind]} or null.")
    values = _values(found.get("variables"))
    if values > MOST_VALUES:
        message = f"The variables hold more than {MOST_VALUES} values; send fewer at a time."
        raise TurnedAway(Code.BODY_TOO_LARGE, message, limit=MOST_VALUES, of="values")
    return GraphQLRequestData(
        query=documents.text_of(found),
        variables=found.get("variables"),
        operation_name=found.get("operationName"),
        extensions=found.get("extensions"),
    )


def _values(variables: Any) -> int:
    """How many values there are, one inside the other; not counted much further than is let in."""
    left, count = [variables], 0
    while left and count <= MOST_VALUES:
        value = left.pop()
        count += 1
        if isinstance(value, dict | list):
            inside = value.values() if isinstance(value, dict) else value
            count += max(0, len(inside) - MOST_VALUES)
            left.extend(islice(inside, MOST_VALUES))
    return count


def _too_large(found: int, most_bytes: int) -> TurnedAway:
    message = f"The body has {found} bytes or more; at most {most_bytes} are read."
    return TurnedAway(Code.BODY_TOO_LARGE, message, {"Connection": "close"}, limit=most_bytes, found=found, of="bytes")
