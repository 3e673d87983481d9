"""The present of a book: the time of day, or in a simulated book not before the last thing that was recorded there."""

from __future__ import annotations

from datetime import datetime

from domain.book import BookTime
from ledger.book import books
from ledger.ledger import Ledger


def now_in(ledger: Ledger) -> datetime:
    """The present of the ledger's book. Raises: LedgerAway."""
    now = ledger.database.now()
    if ledger.time is BookTime.LIVE:
        return now
    return max(now, *(state.recorded_at for state in books(ledger.database) if state.book == ledger.book))
