"""How long something lasts: as people type it, and as it is shown to them."""

from __future__ import annotations

import re
from datetime import timedelta

import typer

TYPED = re.compile(r"(?P<count>\d{1,6})\s*(?P<unit>[wdhm])", re.ASCII)
UNITS = {"w": timedelta(weeks=1), "d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1)}
LONGEST = timedelta(days=36_525)


class Lasting:
    """What was typed, as time by the clock on the wall."""

    def __init__(self, time: timedelta) -> None:
        self.time = time


def lasting(text: str) -> Lasting:
    """What was typed: `3d`, `36h`, `90m`, `2w`. Raises: typer.BadParameter."""
    found = TYPED.fullmatch(text.strip().lower())
    if found is None:
        raise typer.BadParameter(f"{text!r} is no length of time; write one such as 3d, 36h, 90m or 2w.")
    time = int(found["count"]) * UNITS[found["unit"]]
    if time > LONGEST:
        raise typer.BadParameter(f"{text!r} is more than a century; give less.")
    return Lasting(time)


def short(time: timedelta) -> str:
    """A length of time in its two largest parts: `2d 3h`, `4h 30m`, `5m`; less than a minute in seconds."""
    seconds = int(abs(time).total_seconds())
    if seconds < 60:
        return f"{seconds}s"
    days, rest = divmod(seconds // 60, 24 * 60)
    parts = [(days, "d"), (rest // 60, "h"), (rest % 60, "m")]
    first = next(place for place, (count, _) in enumerate(parts) if count)
    return " ".join(f"{count}{unit}" for count, unit in parts[first : first + 2] if count)
