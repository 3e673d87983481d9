"""The one form in which values become bytes: RFC 8785, with ASCII keys, whole numbers below 2^53 and no floats."""

from __future__ import annotations

from typing import Any

import orjson

from ledger.errors import NotCanonical

_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER


def canonical(value: Any) -> bytes:
    """The canonical bytes of plain JSON types.

    orjson escapes and sorts as RFC 8785 asks as long as keys are ASCII and there are no floats; both are checked here.
    Raises: NotCanonical.
    """
    _check(value, "")
    return canonical_of_checked(value)


def canonical_of_checked(value: Any) -> bytes:
    """The same for a value whose type already rules out floats and foreign keys, as every event's does.

    Raises: NotCanonical for an integer beyond 2^53 or a lone surrogate.
    """
    try:
        return orjson.dumps(value, option=_OPTIONS)
    except (TypeError, ValueError) as error:  # orjson.JSONEncodeError is a TypeError
        raise NotCanonical(f"No canonical form: {error}.") from error


def is_canonical(data: bytes) -> bool:
    """Whether stored bytes are in the canonical form."""
    try:
        return canonical(orjson.loads(data)) == data
    except (orjson.JSONDecodeError, NotCanonical):
        return False


def _check(value: Any, path: str) -> None:
    match value:
        case float():
            raise NotCanonical(f"A float at {path or '/'}: write whole minor units instead.")
        case dict():
            for key, inner in value.items():
                if not isinstance(key, str) or not key.isascii():
                    raise NotCanonical(f"The key {key!r} at {path or '/'} is not ASCII.")
                _check(inner, f"{path}/{key}")
        case list() | tuple():
            for index, inner in enumerate(value):
                _check(inner, f"{path}/{index}")
        case _:
            pass  # orjson knows the rest, or refuses it
