"""What people type for an instant: a day, which stands for its end in the book's zone, an instant with an offset, or
the time on the clocks of a zone."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
POSITION = re.compile(r"\d{1,18}", re.ASCII)
IN_ZONE = re.compile(r"(?P<local>[^\[\]]+)\[(?P<zone>[A-Za-z0-9_+\-/]{1,64})\]")
"""A local time and the IANA zone whose clocks show it, as RFC 9557 writes that: 2026-10-25T02:30[Europe/Berlin]."""


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
    found = IN_ZONE.fullmatch(text)
    try:
        typed: date | datetime = (
            date.fromisoformat(text)
            if DAY.fullmatch(text)
            else datetime.fromisoformat(found["local"] if found else text)
        )
    except ValueError:
        message = f"{text!r} is no day and no instant; write 2026-03-02, or 2026-03-02T09:00:00+08:00."
        raise typer.BadParameter(message) from None
    if found:
        if _is_a_day(found["local"]):
            raise typer.BadParameter(
                f"{text!r} is a day in a zone; leave the zone out, and the day stands for its end in the book's, or "
                f"give the time: {found['local']}T09:00[{found['zone']}]."
            )
        typed = on_clocks(typed, found["zone"], text)
    if isinstance(typed, datetime) and typed.tzinfo is None:
        raise typer.BadParameter(
            f"{text!r} names no zone; add Z, an offset such as +08:00, or whose clocks show it: {text}[Asia/Shanghai]."
        )
    if not 1900 <= typed.year < 2200:
        raise typer.BadParameter(f"{text!r} is not a date of this ledger; give one from 1900 to 2199.")
    return AsOf(typed.astimezone(UTC) if isinstance(typed, datetime) else typed)


def _is_a_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def on_clocks(local: date, name: str, text: str) -> datetime:
    """The instant at which the clocks of a zone show a time. Raises: typer.BadParameter where there is none, or two."""
    if not isinstance(local, datetime) or local.tzinfo is not None:
        raise typer.BadParameter(f"{text!r} has an offset and a zone; leave one of them out.")
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise typer.BadParameter(f"{name!r} is no zone of the IANA data; write one such as Asia/Shanghai.") from None
    try:
        readings = [local.replace(tzinfo=zone, fold=fold) for fold in (0, 1)]
        shown = [at for at in readings if at.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local]
        offsets = {at.utcoffset() for at in shown}
    except OverflowError:
        raise typer.BadParameter(f"{text!r} is not a date of this ledger; give one from 1900 to 2199.") from None
    if not shown:
        raise typer.BadParameter(
            f"The clocks of {name} never showed {local.isoformat(' ')}: they were put forward over it. Give the "
            f"instant with its offset, such as {readings[0].isoformat()} or {readings[1].isoformat()}."
        )
    if len(offsets) > 1:
        raise typer.BadParameter(
            f"The clocks of {name} showed {local.isoformat(' ')} twice; say which is meant: "
            f"{readings[0].isoformat()} or {readings[1].isoformat()}."
        )
    return shown[0]
