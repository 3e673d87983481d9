"""A stretch of time as people type it: days or instants, in the book's zone unless they say otherwise."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from api.cli.as_of import on_clocks
from api.cli.exits import WrongUse
from domain.event import EARLIEST, LATEST
from projections.movement import Period

RecordedFrom = Annotated[
    str | None,
    typer.Option("--recorded-from", metavar="DAY|INSTANT", help="Only what was recorded then or later."),
]
RecordedTo = Annotated[
    str | None,
    typer.Option(
        "--recorded-to", metavar="DAY|INSTANT", help="Only what was recorded by the end of that day, or before that."
    ),
]
From = Annotated[
    str | None, typer.Option("--from", metavar="DAY|INSTANT", help="Only what happened then or later, by the book.")
]
To = Annotated[
    str | None,
    typer.Option("--to", metavar="DAY|INSTANT", help="Only what happened by the end of that day, or before that."),
]


def period(since: str | None, until: str | None, zone: str) -> Period:
    """The stretch of time; a day stands for the whole of it. Raises: WrongUse."""
    return Period(instant(since, zone, "--from"), instant(until, zone, "--to", days=1))


def instant(text: str | None, zone: str, option: str, *, days: int = 0) -> datetime | None:
    """A day or an instant as it is typed; without an offset it is of this zone. `days` are added to a day.

    Raises: WrongUse, also for an hour that the clocks of the zone showed twice or never.
    """
    if text is None:
        return None
    try:
        if len(text) == len("2026-03-02"):
            at = datetime.combine(date.fromisoformat(text) + timedelta(days=days), time(), ZoneInfo(zone))
        else:
            at = datetime.fromisoformat(text)
            at = at if at.tzinfo else on_clocks(at, zone, text)
        if EARLIEST <= at <= LATEST:
            return at
    except typer.BadParameter as error:
        raise WrongUse(f"{option}: {error.message}") from None
    except (ValueError, OverflowError):
        pass
    raise WrongUse(
        f"{option} {text!r} is no time of this ledger; write one such as 2026-03-02 or 2026-03-02T09:00+08:00."
    )
