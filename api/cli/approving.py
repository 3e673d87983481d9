"""Who may approve what somebody asks for in the same breath."""

from __future__ import annotations

from pydantic import TypeAdapter, ValidationError

from api.cli.exits import WrongUse
from domain.book import Book, stream_of_book
from domain.event import Refused, StaffName
from domain.refusal import Refusal
from ledger.ledger import Ledger

STAFF: TypeAdapter[str] = TypeAdapter(StaffName)


def not_by_who_asks(ledger: Ledger, asked_by: str, approved_by: str) -> None:
    """Raises: Refused where the book wants two people, before anything is written: no proposal is left behind that
    nobody meant to wait. WrongUse, when who approves has no name."""
    try:
        approver = STAFF.validate_python(approved_by)
    except ValidationError:
        raise WrongUse("--approved-by is no name of somebody; give one of 1 to 200 characters.") from None
    if asked_by.strip() != approver:
        return
    stream = stream_of_book(ledger.book)
    book: Book | None = ledger.tips([stream])[stream].state
    if book is None or not book.self_approval:
        raise Refused(
            Refusal.SAME_PERSON, f"{approver} asks for this and cannot approve it as well; name somebody else."
        )
