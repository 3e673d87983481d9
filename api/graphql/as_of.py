"""As known when, and as far as it had occurred by when: the arguments by which a front end asks about the past."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, NamedTuple

import strawberry

from api.cut_off import BadCutOff
from api.graphql.enums import shown
from api.graphql.problem import Code, Problem
from api.graphql.request import Request
from api.graphql.scalars import SafeInt
from domain.event import rfc3339
from replay.as_of import AsOf, KnownBy

shown(
    KnownBy,
    "KnownBy",
    "Who had to know of an event for it to be known.",
    {
        "LEDGER": "This ledger had recorded it.",
        "SOURCE": "The system that it was imported from had, as that says. What came from no such system was known "
        "when this ledger recorded it.",
    },
)

KnownAt = Annotated[
    datetime | None,
    strawberry.argument(description="Known is what was recorded by then; everything up to now when left out."),
]
KnownPosition = Annotated[
    SafeInt | None,
    strawberry.argument(
        description="Known is what the book has up to this position; instead of `knownAt`.", name="knownPosition"
    ),
]
KnownByArgument = Annotated[
    KnownBy,
    strawberry.argument(description="Who had to know of it; a source by `knownAt` only.", name="knownBy"),
]
ValidAt = Annotated[
    datetime | None,
    strawberry.argument(description="It had occurred by then; by `knownAt` when left out. It may be later than that."),
]


class AskedPast(NamedTuple):
    """The two axes as they were asked for."""

    known: int | datetime | None = None
    valid_at: datetime | None = None
    known_by: KnownBy = KnownBy.LEDGER


def asked_past(
    known_at: datetime | None, known_position: int | None, known_by: KnownBy, valid_at: datetime | None
) -> AskedPast:
    """What the arguments say. Raises: Problem when they say twice as known when."""
    if known_at is not None and known_position is not None:
        raise Problem(Code.BAD_ARGUMENTS, "Say by knownAt or by knownPosition as known when; one of the two.")
    return AskedPast(known_at if known_position is None else int(known_position), valid_at, known_by)


def in_id(as_of: AsOf) -> tuple[str, ...]:
    """What stands of both instants in the id of a thing of the past.

    Raises: OverflowError for one that is none in UTC.
    """
    instants = rfc3339(as_of.known_at), rfc3339(as_of.valid_at)
    whose = () if as_of.known_by is KnownBy.LEDGER else (as_of.known_by.value,)
    return str(as_of.position), *instants, *whose


async def past(request: Request, asked: AskedPast) -> AsOf | None:
    """The cut-off that is asked for; None when nothing was known by then. Raises: Problem for what cannot be."""
    try:
        found: AsOf | None = await request.loaders.as_of.load(asked)
    except BadCutOff as error:
        raise Problem(Code.BAD_ARGUMENTS, str(error)) from None
    return found
