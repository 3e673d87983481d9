"""How far the views of a book are behind it, in events and in time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from domain.book import BookTime
from ledger.book import BookState
from ledger.database import Database
from projections.cursor import Standing

# Leans on the primary key.
RECORDED = "SELECT position, recorded_at FROM ledger.event WHERE book = %(book)s AND position = ANY(%(positions)s)"


class Lag(NamedTuple):
    """How far a view is behind its book."""

    view: Standing
    events: int
    behind: timedelta
    """How long the first event that it does not show has been there: by the time of day, or the book's in a simulated
    one."""


def lags(database: Database, state: BookState, views: Sequence[Standing]) -> list[Lag]:
    """How far views are behind their book. Raises: LedgerAway."""
    missing = [view.position + 1 for view in views if view.position < state.position]
    recorded = dict(database.rows(RECORDED, {"book": state.book, "positions": missing}))
    now = time_in(database, state)
    return [
        Lag(view, state.position - view.position, max(now - recorded.get(view.position + 1, now), timedelta()))
        for view in views
    ]


def time_in(database: Database, state: BookState) -> datetime:
    """The time of day; in a simulated book, which has no other, when its last event was recorded."""
    return state.recorded_at if state.time is BookTime.SIMULATED else database.now()
