"""The messages of graphql-transport-ws as clients send them: read strictly, since anybody may send anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

import orjson

from api.http.closing import Closed, bad_message

SUBPROTOCOL = "graphql-transport-ws"
LONGEST_ID = 200
"""In characters. The ids that clients make up are UUIDs, or numbers."""


class Init(NamedTuple):
    """Who asks, before anything else."""

    payload: Mapping[str, Any]


class Ping(NamedTuple):
    """A sign of life; with an authorization, a renewal."""

    payload: Mapping[str, Any]


class Pong(NamedTuple):
    """The answer to one."""

    payload: Mapping[str, Any]


class Subscribe(NamedTuple):
    """An operation, whatever its kind."""

    id: str
    payload: Mapping[str, Any]


class Complete(NamedTuple):
    """An operation of which no more is wanted."""

    id: str


Message: TypeAlias = Init | Ping | Pong | Subscribe | Complete


def message_in(text: str) -> Message:
    """The message that a text is. Raises: Closed."""
    try:
        found: Any = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise bad_message(f"This is no JSON: {error.msg}.") from None
    if not isinstance(found, dict):
        raise bad_message("A message is a JSON object with a type.")
    match found.get("type"):
        case "connection_init":
            return Init(_payload(found))
        case "ping":
            return Ping(_payload(found))
        case "pong":
            return Pong(_payload(found))
        case "subscribe":
            asked = found.get("payload")
            if not isinstance(asked, dict):
                raise bad_message("A subscribe message has an object as its payload.")
            return Subscribe(_id(found), asked)
        case "complete":
            return Complete(_id(found))
        case other:
            raise _unknown(other)


def _payload(found: Mapping[str, Any]) -> Mapping[str, Any]:
    payload = found.get("payload")
    if payload is not None and not isinstance(payload, dict):
        raise bad_message(f"The payload of {found['type']} is an object, or left out.")
    return payload or {}


def _id(found: Mapping[str, Any]) -> str:
    name = found.get("id")
    if not isinstance(name, str) or not 0 < len(name) <= LONGEST_ID:
        raise bad_message(f"The id of {found['type']} is a string of 1 to {LONGEST_ID} characters.")
    return name


def _unknown(kind: Any) -> Closed:
    said = repr(kind[:40]) if isinstance(kind, str) else "missing, or no string"
    return bad_message(f"The type of this message is {said}; {SUBPROTOCOL} has no such type for clients.")
