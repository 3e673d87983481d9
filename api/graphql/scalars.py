"""Scalars of the schema: instants with their offset, days, lengths of time, whole numbers beyond 32 bits, tokens."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any, NewType
from uuid import UUID

import strawberry
from graphql import GraphQLError
from pydantic import TypeAdapter, ValidationError
from strawberry.types.scalar import ScalarDefinition

from domain.event import COUNT_LIMIT, rfc3339

SafeInt = NewType("SafeInt", int)
"""A whole number that JavaScript keeps exactly."""
Duration = NewType("Duration", str)
"""A length of time as ISO 8601 writes it."""
ConsistencyToken = NewType("ConsistencyToken", str)
"""An opaque mark of a position."""

# Seconds may be left out, as browsers do. `datetime.fromisoformat` takes much more, and not the same in every Python:
# weeks, other separators, 24:00, a NUL in front of the offset.
INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([T ]([01][0-9]|2[0-3]):[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?(?P<zone>Z|[+-][0-9]{2}:[0-9]{2})?)?"
)

SPAN = TypeAdapter(timedelta)
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _instant(value: Any) -> datetime:
    """An aware instant. Raises: GraphQLError for anything else, impossible dates and naive ones among it."""
    form = INSTANT.fullmatch(value) if isinstance(value, str) else None
    if form is None:
        raise GraphQLError(f"{value!r} is no instant; write one such as 2026-03-02T09:00:00+08:00.")
    if form["zone"] is None:
        raise GraphQLError(f"{value!r} does not say in which zone; add Z or an offset such as +08:00.")
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise GraphQLError(f"{value!r} is no instant ({error}); write one such as 2026-03-02T09:00:00+08:00.") from None


def _date(value: Any) -> date:
    try:
        if isinstance(value, str) and DATE.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise GraphQLError(f"{value!r} is no date; write one such as 2026-03-02.")


def _uuid(value: Any) -> UUID:
    try:
        return UUID(value)
    except (ValueError, AttributeError, TypeError):
        raise GraphQLError(f"{value!r} is no UUID; write one such as 0e3c7a5e-8f1a-4a51-9d0f-3a8a6c1f0001.") from None


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > COUNT_LIMIT:
        raise GraphQLError(f"{value!r} is no whole number between -(2^53 - 1) and 2^53 - 1.")
    return value


def _text(value: Any) -> str:
    """A text. What it says is checked where it is used, which knows the field of the form that it came from."""
    if not isinstance(value, str):
        raise GraphQLError(f"{value!r} is no text.")
    return value


def span_of(text: str) -> timedelta:
    """The length of time that a text says. Raises: ValueError."""
    try:
        return SPAN.validate_python(text if text.startswith("P") else "")
    except ValidationError:
        raise ValueError(f"{text!r} is no duration; write one as ISO 8601 has it, such as PT4H.") from None


SCALARS: dict[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="An instant as RFC 3339 has it. Answers are in UTC with six digits, "
        "`2026-03-02T01:00:00.000000Z`; what is given must have an offset or Z.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=rfc3339,
        parse_value=_instant,
    ),
    date: strawberry.scalar(
        name="Date",
        description="A local date, `2026-03-02`; in which zone, the field or its object says.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339#section-5.6",
        serialize=date.isoformat,
        parse_value=_date,
    ),
    UUID: strawberry.scalar(
        name="UUID",
        description="A UUID in its usual form, 8-4-4-4-12 hexadecimal digits.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc9562",
        serialize=str,
        parse_value=_uuid,
    ),
    SafeInt: strawberry.scalar(
        name="SafeInt",
        description="A whole number of at most 53 bits, as JavaScript keeps it exactly; a JSON number.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc8259#section-6",
        serialize=int,
        parse_value=_whole,
    ),
    Duration: strawberry.scalar(
        name="Duration",
        description="A length of time as ISO 8601 writes it: `PT4H`, `PT30M`, `P1DT12H`, where a day is 24 hours. What "
        "was measured, and is to be counted down or compared, is in seconds instead.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339#appendix-A",
        serialize=str,
        parse_value=_text,
    ),
    ConsistencyToken: strawberry.scalar(
        name="ConsistencyToken",
        description="Stands for what an answer shows. It is opaque, a text in base64url; a query that carries it shows "
        "at least that.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc4648#section-5",
        serialize=str,
        parse_value=_text,
    ),
}
