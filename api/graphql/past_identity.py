"""The ids of things of the past: what it is, in which book, its own id, and both instants.

There is one id for one thing as of the same instants, so that a cache never holds two of it.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import strawberry

from api.cut_off import BadCutOff, past_at
from api.graphql.as_of import in_id
from api.graphql.identity import opaque, parts_of
from api.graphql.problem import Code, Problem
from api.graphql.request import Request
from replay.as_of import AsOf, KnownBy

LONGEST_POSITION = 15


def past_id(kind: str, book: str, subject: UUID, as_of: AsOf) -> strawberry.ID:
    """The id of a thing of a kind as of two instants. Raises: OverflowError for an instant that is none in UTC."""
    return strawberry.ID(opaque(kind, book, str(subject), *in_id(as_of)))


def kind_in(text: str) -> str | None:
    """What an id begins with, be it a right one or not; None when it is none at all."""
    try:
        return next(iter(parts_of(text)), None)
    except ValueError:
        return None


async def past_in(request: Request, text: str, kind: str) -> tuple[UUID, AsOf]:
    """The thing of a kind that has an id, and both instants.

    Raises: Problem for what is no id of one, or has a cut-off that cannot be.
    """
    book = request.door.book
    try:
        _, of_book, subject, position, known_at, valid_at, *whose = parts_of(text)
        if len(position) > LONGEST_POSITION:
            raise ValueError("no position")
        known_by = KnownBy(*whose) if whose else KnownBy.LEDGER
        instants = datetime.fromisoformat(known_at), datetime.fromisoformat(valid_at)
        found = UUID(subject), AsOf(int(position), *instants, known_by)
        if text != past_id(kind, of_book, *found):
            raise ValueError("the same in other words, which would be a second id of it")
    except (OverflowError, TypeError, ValueError):
        raise Problem(Code.BAD_ID, f"{text!r} is no id of this ledger; use one as an answer gave it.") from None
    if of_book != book:
        raise Problem(Code.BAD_ID, f"{text!r} lies in book {of_book!r}; this door opens book {book!r}.")
    if not await request.door.off_loop(_could_be, request, found[1]):
        raise Problem(Code.BAD_ID, f"{text!r} names a past that this book does not have; use one as an answer gave it.")
    return found


def _could_be(request: Request, as_of: AsOf) -> bool:
    """Whether both instants have come, and the position had been recorded by the first."""
    if as_of.known_at.tzinfo is None or as_of.valid_at.tzinfo is None:
        return False
    try:
        known = past_at(request.door.ledger, as_of.known_at, as_of.valid_at, as_of.known_by)
    except BadCutOff:
        return False
    return known is not None and 0 < as_of.position <= known.position
