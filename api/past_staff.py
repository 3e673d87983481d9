"""The staff as they were known at one instant, and as things stood at another: folded anew out of their events."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from domain.stream import Category, subject_of
from ledger.ledger import Ledger
from projections.projection import FoldContext
from projections.staff import STAFF, Certificate, Grade, Posting
from replay.as_of import AsOf, PastStream, streams_as_of
from replay.reader import Reader


class PastStaff(NamedTuple):
    """What was recorded of a member of staff, as it held at an instant."""

    staff_id: UUID
    name: str
    posting: Posting | None
    """Where they worked; None while they were not here."""
    grade: Grade | None
    certificates: tuple[Certificate, ...]
    """Those that counted."""


# A member of staff is there from the first event on. Leans on the primary key (book, position).
STREAMS = """
SELECT stream FROM ledger.event
WHERE book = %(book)s AND position <= %(upto)s AND version = 1 AND split_part(stream, '-', 1) = %(kind)s
ORDER BY position
"""


def past_staff(ledger: Ledger, as_of: AsOf) -> list[PastStaff]:
    """Everybody of whom anything was known by then, by name. Raises: LedgerAway, UnknownTopic, UnreadableEvent."""
    asked = {"book": ledger.book, "upto": as_of.position, "kind": Category.STAFF}
    streams = [stream for (stream,) in ledger.database.rows(STREAMS, asked)]
    found = (_folded(stream, past, as_of) for stream, past in streams_as_of(Reader(ledger), streams, as_of).items())
    return sorted((one for one in found if one is not None), key=lambda one: (one.name, one.staff_id))


def _folded(stream: str, past: PastStream, as_of: AsOf) -> PastStaff | None:
    """By the fold of the live view, so that both mean the same."""
    staff_id = subject_of(stream)
    view, context = None, FoldContext(staff_id)
    for recorded in past.read():
        view = STAFF.fold(view, recorded, context)
    if view is None:
        return None
    at = as_of.valid_at
    return PastStaff(staff_id, view.name, view.posting_at(at), view.grade_at(at), view.certificates_at(at))
