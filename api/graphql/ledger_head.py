"""Where the book stands, for whoever asks and for whoever follows it."""

from __future__ import annotations

from datetime import datetime

import strawberry

from api.graphql.door import Door
from api.graphql.enums import BookTime
from api.graphql.scalars import ConsistencyToken, SafeInt
from ledger.book import books


@strawberry.type(description="Where the book stands.")
class LedgerHead:
    book: str = strawberry.field(description="The book that this door opens.")
    time: BookTime = strawberry.field(
        description="Whose clock says when things were recorded. What a SIMULATED book tells never happened."
    )
    zone: str = strawberry.field(description="The IANA zone in which the book's years begin.")
    position: SafeInt = strawberry.field(description="The position of its last event.")
    recorded_at: datetime = strawberry.field(description="When that was recorded.")
    consistency_token: ConsistencyToken = strawberry.field(description="Stands for everything recorded so far.")


async def head_of_book(door: Door) -> LedgerHead:
    """Where the book stands now. Raises: LedgerAway."""
    state = next(each for each in await door.off_loop(books, door.ledger.database) if each.book == door.book)
    return LedgerHead(
        book=state.book,
        time=state.time,
        zone=state.zone,
        position=SafeInt(state.position),
        recorded_at=state.recorded_at,
        consistency_token=door.token(state.position),
    )
