"""A cut-off: by when something was known, and by when it had occurred, in a book that has come so far."""

from __future__ import annotations

from datetime import datetime

from api.present import present
from domain.event import rfc3339
from ledger.book import position_at, recorded_at
from ledger.ledger import Ledger
from replay.as_of import AsOf, KnownBy


class BadCutOff(Exception):
    """There is nothing that was known then, or not yet."""


def past_at(
    ledger: Ledger,
    known: int | datetime | None,
    valid_at: datetime | None,
    known_by: KnownBy = KnownBy.LEDGER,
    *,
    ahead: bool = False,
) -> AsOf | None:
    """What was recorded by a position or by an instant, as far as it had occurred by another instant; None when nothing
    had been.

    Without the first it is all that is known by now, without the second what had occurred by the first. The second may
    be the later one: what was known then, looked at on a day after it; `ahead` lets it be one to come, for what is
    declared before it holds. A source knows by instants only.

    Raises: BadCutOff for what has not come yet, for a position that the book does not have, and for one of a source;
    LedgerAway.
    """
    for at in (known, None if ahead else valid_at):
        if isinstance(at, datetime):
            _has_come(ledger, at)
    if known_by is KnownBy.SOURCE and not isinstance(known, datetime):
        raise BadCutOff(
            "A source has no positions: say by an instant what it had recorded, or ask what this book knew."
        )
    position, known_at = _known(ledger, known, known_by)
    return None if position == 0 else AsOf(position, known_at, known_at if valid_at is None else valid_at, known_by)


def _known(ledger: Ledger, known: int | datetime | None, known_by: KnownBy) -> tuple[int, datetime]:
    """The last position that is known, and when."""
    if isinstance(known, int):
        recorded = recorded_at(ledger.database, ledger.book, known)
        if recorded is None:
            raise _no_such_position(ledger, known)
        return known, recorded
    if known is None:
        position = ledger.head()
        recorded = recorded_at(ledger.database, ledger.book, position)
        return position, max(present(ledger), recorded) if recorded else present(ledger)
    if known_by is KnownBy.SOURCE:
        return ledger.head(), known
    return position_at(ledger.database, ledger.book, known), known


def _no_such_position(ledger: Ledger, position: int) -> BadCutOff:
    return BadCutOff(
        f"Position {position} is not in book {ledger.book!r}, which has positions 1 to {ledger.head()}; ask for one of "
        "them."
    )


def _has_come(ledger: Ledger, at: datetime) -> None:
    """The database says when things were recorded, and its clock may be ahead of this one."""
    recorded = recorded_at(ledger.database, ledger.book, ledger.head())
    now = max(present(ledger), recorded or at)
    if at > now:
        raise BadCutOff(f"{rfc3339(at)} has not come yet; in book {ledger.book!r} it is {rfc3339(now)}.")
