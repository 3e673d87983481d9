"""What is recorded, put right: asked for by one person and approved by another."""

from datetime import datetime

from domain.amending import ApproveAmendment, RequestCorrection, RequestVoid
from domain.amendment import Occurrence, Replacement
from domain.event import Event, Precision
from ledger.ledger import Ledger
from tests.ledger.submissions import OPENED
from tests.projections.books import write


def corrected(
    ledger: Ledger, stream: str, version: int, event: Event, at: datetime | None = None, asked: datetime = OPENED
) -> int:
    """Has an event read otherwise, and at another time if one is given. Gives the book's position back."""
    occurrence = None if at is None else Occurrence(at=at, zone="Asia/Shanghai", precision=Precision.INSTANT)
    request = RequestCorrection(
        at=asked,
        about=stream,
        version=version,
        replacement=Replacement.of(event),
        occurrence=occurrence,
        reason="mistyped",
        requested_by="grace",
    )
    return _approved(ledger, request)


def voided(ledger: Ledger, stream: str, version: int, asked: datetime = OPENED) -> int:
    """Has an event count no longer. Gives the book's position back."""
    request = RequestVoid(at=asked, about=stream, version=version, reason="entered twice", requested_by="grace")
    return _approved(ledger, request)


def _approved(ledger: Ledger, request: RequestCorrection | RequestVoid) -> int:
    write(ledger, request, at=request.at)
    approval = len(ledger.history(request.stream))
    approve = ApproveAmendment(at=request.at, about=request.stream, request=approval, approved_by="李主任")
    return write(ledger, approve, at=request.at)
