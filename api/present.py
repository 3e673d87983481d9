"""What time it is in a book, for whoever asks at a door."""

from __future__ import annotations

from datetime import datetime

from domain.book import BookTime
from ledger.book import books
from ledger.ledger import Ledger


def present(ledger: Ledger) -> datetime:
    """The time of day (UTC); in a simulated book not before the last thing that was recorded there."""
    now = ledger.database.now()
    if ledger.time is BookTime.LIVE:
        return now
    return max(now, *(state.recorded_at for state in books(ledger.database) if state.book == ledger.book))
