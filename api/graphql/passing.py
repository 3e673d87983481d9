"""What passes: the way of one subscriber through the book, from the place where they stand and on without end."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Annotated, TypeVar

import strawberry

from api.graphql.consistency import Place, place_of
from api.graphql.door import Door
from api.graphql.problem import Code, Problem
from api.graphql.request import Request
from api.graphql.scalars import ConsistencyToken
from api.live.feed import Until, Word
from ledger.errors import LedgerAway
from ledger.marks import Mark, marks

T = TypeVar("T")

PAGE = 500
"""Marks read at a time. They are small, and what is told of them is read for each as it is told."""

Since = Annotated[
    ConsistencyToken | None,
    strawberry.argument(
        description="A consistency token: what follows it is told, first what has been recorded since, then what "
        "comes. When left out, what comes from now on."
    ),
]


async def place_after(request: Request, token: str | None) -> Place:
    """Where a subscriber begins: after a token, or where the book stands now. Raises: Problem."""
    door = request.door
    head = await door.off_loop(door.ledger.head)
    if token is None:
        return Place(head)
    place = place_of(token, door.book)
    if place.position > head:
        raise _ahead(place.position, head)
    return place


async def passing(door: Door, position: int) -> AsyncGenerator[Sequence[Mark], None]:
    """All that was recorded after a position, in order and without gaps, some of it at a time and each time once the
    views show it; it ends with the server. Raises: Problem when the views stand still, or the book was restored to an
    earlier state."""
    while True:
        word = await word_beyond(door, position)
        if word is None:
            return
        while position < word.shown:
            found = await marks_between(door, position, word.shown)
            position = found[-1].position
            yield found


async def word_beyond(door: Door, position: int, until: Until | None = None) -> Word | None:
    """The first word by which the views show more than a position that was reached, or for which `until` holds instead;
    None when the server ends. Raises: Problem."""

    def tells(word: Word) -> bool:
        stands = word.stands and word.shown <= position < word.head
        return word.head < position or stands or (word.shown > position if until is None else until(word))

    while True:
        word = await door.feed.heard(tells)
        if word is None:
            return None
        if word.head < position:  # it was looked for before that was recorded, or is gone
            head = await lasting(door, lambda: door.in_turn(door.ledger.head))
            if head < position:
                raise _ahead(position, head)
            await door.feed.heard(lambda later, looks=word.looks: later.looks > looks)  # type: ignore[misc]
            continue
        if word.stands and word.shown <= position < word.head:
            message = f"The views stand still at position {word.shown}; go on with the last token once they do."
            raise Problem(Code.NOT_CAUGHT_UP, message, position=word.shown)
        return word


async def shown_by(door: Door, position: int) -> bool:
    """Returns once the views show a position; False when the server ends before. Raises: Problem."""
    return position == 0 or await word_beyond(door, position - 1) is not None


async def lasting(door: Door, work: Callable[[], Awaitable[T]]) -> T:
    """What comes of work that may be done again, however long the ledger is away. Raises: LedgerAway when the server
    ends meanwhile."""
    while True:
        looks = door.feed.looks
        try:
            return await work()
        except LedgerAway:
            if await door.feed.heard(lambda word, since=looks: word.looks > since) is None:  # type: ignore[misc]
                raise


async def marks_between(door: Door, after: int, upto: int) -> Sequence[Mark]:
    """A page of what was recorded after a position and up to another that the book has reached. Raises: Problem when
    it is gone since."""
    found = door.feed.remembered(after, upto, PAGE)
    if found is not None:
        return found
    database, book = door.ledger.database, door.book
    found = await lasting(door, lambda: door.in_turn(marks, database, book, after, upto, PAGE))
    if not found:  # it was there when the feed looked
        raise _ahead(upto, await lasting(door, lambda: door.in_turn(door.ledger.head)))
    return found


def _ahead(position: int, head: int) -> Problem:
    message = (
        f"The token stands for position {position}, and the book ends at {head}: it was restored to an earlier state. "
        "Ask for everything anew."
    )
    return Problem(Code.BAD_CONSISTENCY_TOKEN, message, position=position, head=head)
