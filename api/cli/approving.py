"""Who may approve what somebody asks for in the same breath."""

from __future__ import annotations

from domain.book import Book, stream_of_book
from domain.event import Refused
from domain.refusal import Refusal
from ledger.ledger import Ledger


def not_by_who_asks(ledger: Ledger, asked_by: str, approved_by: str) -> None:
    """Raises: Refused where the book wants two people, before anything is written: no proposal is left behind that
    nobody meant to wait."""
    if asked_by != approved_by:
        return
    stream = stream_of_book(ledger.book)
    book: Book | None = ledger.tips([stream])[stream].state
    if book is None or not book.self_approval:
        raise Refused(
            Refusal.SAME_PERSON, f"{approved_by} asks for this and cannot approve it as well; name somebody else."
        )
