"""`daybook calendar show`: a month of a calendar as a picture, and the days in it that are not as usual."""

from __future__ import annotations

import calendar as weeks
import re
from datetime import date, timedelta
from typing import Any

from rich.table import Table
from rich.text import Text

from api.cli.exits import NotFound, WrongUse
from api.cli.past import AskedPast, as_data, with_standards
from api.cli.publishing import state_of
from api.cli.terminal import Terminal, clean, table
from api.past_standards import past_calendars
from api.workspace import Workspace
from domain.sla.calendars import Calendars, UnknownCalendar
from domain.sla.days import WEEKDAYS, DayKind, ToldDay
from domain.sla.zones import ZONE_DATA, zone
from ledger.ledger import Ledger

MARKS = {DayKind.HOLIDAY: "H", DayKind.MAKE_UP: "+", DayKind.OVERRIDE: "*"}
STYLES = {DayKind.HOLIDAY: "red", DayKind.MAKE_UP: "green", DayKind.OVERRIDE: "yellow", DayKind.USUAL: ""}
LEGEND = "H holiday, + make-up working day, * hours of its own or with a break, - nobody works"


def first_of(month: str) -> date:
    """The first day of a month as it is typed. Raises: WrongUse."""
    if re.fullmatch(r"\d{4}-\d{2}", month, re.ASCII):
        try:
            first = date.fromisoformat(f"{month}-01")
        except ValueError:
            pass
        else:
            if 1900 <= first.year < 2200:
                return first
    raise WrongUse(f"--month {month!r} is no month of this ledger; write one such as 2026-10.")


def run(workspace: Workspace, terminal: Terminal, name: str, first: date | None, asked: AskedPast) -> None:
    """Shows the month. Raises: NotFound, WrongUse."""
    ledger = workspace.ledger
    as_of = asked.as_of(ledger, ahead=True)
    calendars = past_calendars(ledger, as_of).calendars
    try:
        known = calendars.versions(name)
    except UnknownCalendar as error:
        raise NotFound(_known_since(ledger, name) or str(error)) from None
    first = first or as_of.valid_at.astimezone(zone(known[0].document.zone)).date().replace(day=1)
    days = _days(calendars, name, first)
    terminal.answer({
        "book": ledger.book, "time": ledger.time, "calendar": name, "title": known[-1].document.title,
        "zone": known[0].document.zone, "zone_data": ZONE_DATA, "month": f"{first:%Y-%m}", **as_data(as_of),
        "days": [day for _, _, day in days],
    })  # fmt: skip
    terminal.stamp(ledger.book, ledger.time)
    document = known[-1].document
    title = document.title.en if document.title.zh is None else f"{document.title.en}, {document.title.zh}"
    versions = sorted({day["version"] for _, _, day in days})
    by = f"version {versions[0]}" if len(versions) == 1 else f"versions {', '.join(map(str, versions))}"
    then = "as known now" if asked.is_now else f"as known at position {as_of.position}"
    if not asked.is_now:
        terminal.show(with_standards(asked.stated(as_of, "looked at"), as_of))
    terminal.show(Text(f"{name} ({clean(title)}), {first:%B %Y}, {document.zone}, {by}, {then}", "bold"))
    terminal.show(_picture([(day, told) for day, told, _ in days]), LEGEND)
    terminal.show(_usual([(day, told) for day, told, _ in days]))
    unusual = [(day, told) for day, told, _ in days if told.kind is not DayKind.USUAL or told.cut]
    if unusual:
        terminal.show(_list(unusual))


def _known_since(ledger: Ledger, name: str) -> str | None:
    """Of a calendar that was not known by then, that it is by now."""
    try:
        since = state_of(ledger).calendars.versions(name)[0].known_at
    except UnknownCalendar:
        return None
    return f"The calendar {name} was not known by then; it is known since {since:%Y-%m-%d %H:%M}Z."


def _days(calendars: Calendars, name: str, first: date) -> list[tuple[date, ToldDay, dict[str, Any]]]:
    found = []
    time = calendars.as_known(name, None)
    for number in range(weeks.monthrange(first.year, first.month)[1]):
        day = first + timedelta(days=number)
        version = calendars.in_force(name, day, None)
        told = calendars.told(name, day, None)
        row = {
            "date": day, "weekday": WEEKDAYS[day.weekday()], "kind": told.kind, "name": told.name,
            "frames": told.frames, "version": version.version, "opens_at": time.opening(day),
            "closes_at": time.closing(day),
        }  # fmt: skip
        found.append((day, told, row))
    return found


def _picture(days: list[tuple[date, ToldDay]]) -> Table:
    """The month as a wall calendar has it, a mark beside each day that is not as usual."""
    shown = table("", *(day.title() for day in WEEKDAYS), right=("", *(day.title() for day in WEEKDAYS)))
    week: list[Text] = [Text("")] * days[0][0].weekday()
    for day, told in days:
        week.append(_cell(day, told))
        if day.weekday() == 6 or day == days[-1][0]:
            shown.add_row(Text(f"week {day.isocalendar().week}", "dim"), *week)
            week = []
    return shown


def _cell(day: date, told: ToldDay) -> Text:
    mark = MARKS.get(told.kind) or ("*" if told.cut else " " if told.frames else "-")
    style = STYLES[told.kind] if told.kind is not DayKind.USUAL else "" if told.frames else "dim"
    return Text(f"{day.day:2} {mark}", style)


def _usual(days: list[tuple[date, ToldDay]]) -> Table:
    """The hours of the days of the week that are as usual."""
    shown = table("", "")
    hours: dict[str, list[str]] = {}
    for weekday in WEEKDAYS:
        for day, told in days:
            if WEEKDAYS[day.weekday()] is weekday and told.kind is DayKind.USUAL and not told.cut:
                names = hours.setdefault("  ".join(told.frames) or "closed", [])
                if weekday.title() not in names:
                    names.append(weekday.title())
    for frames, names in hours.items():
        shown.add_row(" ".join(names), frames)
    return shown


def _list(days: list[tuple[date, ToldDay]]) -> Table:
    shown = table("date", "", "hours", "what")
    for day, told in days:
        what = {
            DayKind.HOLIDAY: "holiday", DayKind.MAKE_UP: "make-up working day", DayKind.OVERRIDE: "hours of its own",
            DayKind.USUAL: "",
        }[told.kind]  # fmt: skip
        parts = [part for part in (what, told.name, "with a break" if told.cut else None) if part]
        shown.add_row(
            Text(day.isoformat(), STYLES[told.kind]),
            WEEKDAYS[day.weekday()].title(),
            "  ".join(told.frames) or "closed",
            Text(clean(": ".join(parts))),
        )
    return shown
