"""A cut-off: up to which position of the book something is known, and at which instant it is looked at."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from api.present import present
from domain.event import rfc3339
from ledger.book import position_at, recorded_at
from ledger.ledger import Ledger


class BadCutOff(Exception):
    """There is nothing that was known then, or not yet."""


class CutOff(NamedTuple):
    """What is known, and as of when."""

    position: int
    """The last position of the book that is known."""
    at: datetime
    """The instant at which it is looked at, not before that position was recorded."""


def cut_off(ledger: Ledger, known: int | datetime, at: datetime | None = None) -> CutOff:
    """The cut-off at a position, or of what was recorded by an instant.

    Unless an instant is given it is looked at when that position was recorded, or at that instant. Raises: BadCutOff,
    LedgerAway.
    """
    position, seen = (known, at) if isinstance(known, int) else (_position(ledger, known), at or known)
    recorded = recorded_at(ledger.database, ledger.book, position)
    if recorded is None:
        raise BadCutOff(
            f"Position {position} is not in book {ledger.book!r}, which has positions 1 to {ledger.head()}; ask for "
            "one of them."
        )
    if seen is None:
        return CutOff(position, recorded)
    if seen < recorded:
        raise BadCutOff(
            f"Position {position} was recorded at {rfc3339(recorded)}, and clocks cannot be looked at before, at "
            f"{rfc3339(seen)}; give that instant or a later one."
        )
    _has_come(ledger, seen)
    return CutOff(position, seen)


def _position(ledger: Ledger, known: datetime) -> int:
    _has_come(ledger, known)
    position = position_at(ledger.database, ledger.book, known)
    if position == 0:
        first = recorded_at(ledger.database, ledger.book, 1)
        begins = "" if first is None else f"; it begins at {rfc3339(first)}"
        raise BadCutOff(f"Nothing was recorded in book {ledger.book!r} by {rfc3339(known)}{begins}.")
    return position


def _has_come(ledger: Ledger, at: datetime) -> None:
    """The database says when things were recorded, and its clock may be ahead of this one."""
    recorded = recorded_at(ledger.database, ledger.book, ledger.head())
    now = max(present(ledger), recorded or at)
    if at > now:
        raise BadCutOff(f"{rfc3339(at)} has not come yet; in book {ledger.book!r} it is {rfc3339(now)}.")
