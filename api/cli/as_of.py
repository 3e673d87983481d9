"""What people type for an instant: a day, which stands for its end in the book's zone, or an instant with an offset."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import typer

DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
POSITION = re.compile(r"\d{1,18}", re.ASCII)


class AsOf:
    """A day or an instant, before it is known which zone the book has."""

    def __init__(self, typed: date | datetime) -> None:
        self._typed = typed

    def instant(self, zone: str) -> datetime:
        """The instant; of a day its last one in a zone."""
        if isinstance(self._typed, datetime):
            return self._typed
        tomorrow = datetime.combine(self._typed + timedelta(days=1), time(), tzinfo=ZoneInfo(zone))
        return tomorrow.astimezone(UTC) - timedelta(microseconds=1)


def known_by(text: str) -> int | AsOf:
    """A position of the book, or an instant by which something was known. Raises: typer.BadParameter."""
    if not POSITION.fullmatch(text):
        return as_of(text)
    if int(text) == 0:
        raise typer.BadParameter("positions count from 1.")
    return int(text)


def as_of(text: str) -> AsOf:
    """What was typed. Raises: typer.BadParameter."""
    try:
        typed: date | datetime = date.fromisoformat(text) if DAY.fullmatch(text) else datetime.fromisoformat(text)
    except ValueError:
        message = f"{text!r} is no day and no instant; write 2026-03-02, or 2026-03-02T09:00:00+08:00."
        raise typer.BadParameter(message) from None
    if isinstance(typed, datetime) and typed.tzinfo is None:
        raise typer.BadParameter(f"{text!r} names no zone; add Z or an offset such as +08:00.")
    if not 1900 <= typed.year < 2200:
        raise typer.BadParameter(f"{text!r} is not a date of this ledger; give one from 1900 to 2199.")
    return AsOf(typed.astimezone(UTC) if isinstance(typed, datetime) else typed)
