"""`daybook register`: the numbers that were given, their gaps, and what was handled or written down out of turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from api.cli.case import is_text, readable
from api.cli.exits import Exit, WrongUse
from api.cli.terminal import Terminal, add_row, table
from api.cli.views import looked_at
from api.workspace import Workspace
from domain.event import Precision
from ledger.ledger import Ledger
from projections import register
from projections.paging import Order, Page, Window
from projections.register import DELAY, EARLY, NUMBER, REGISTER, RegisterEntry, SeriesState

PAGE = 500


def numbers(workspace: Workspace, terminal: Terminal, series: str | None, *, limit: int | None) -> None:
    """Answers with the register in the order of its numbers."""
    ledger = workspace.ledger
    position = looked_at(ledger, terminal, REGISTER)
    asked = _series(series)
    found = _walked(NUMBER, limit, lambda window: register.page(ledger.database, ledger.book, window, asked))
    _show(ledger, terminal, list(found), position)


def early(workspace: Workspace, terminal: Terminal, *, limit: int | None) -> None:
    """Answers with what was handled before it was registered."""
    ledger = workspace.ledger
    position = looked_at(ledger, terminal, REGISTER)
    found = _walked(EARLY, limit, lambda window: register.page(ledger.database, ledger.book, window))
    _show(ledger, terminal, list(found), position)


def back_dated(workspace: Workspace, terminal: Terminal, hours: int, *, at_source: bool, limit: int | None) -> None:
    """Answers with receipts that were written down more than so many hours after they occurred, the latest first."""
    ledger = workspace.ledger
    position = looked_at(ledger, terminal, REGISTER)

    def ask(window: Window) -> Page[RegisterEntry]:
        longer_than = timedelta(hours=hours)
        return register.back_dated(ledger.database, ledger.book, window, longer_than, at_source=at_source)

    _show(ledger, terminal, list(_walked(DELAY, limit, ask, descending=True)), position)


def gaps(workspace: Workspace, terminal: Terminal, series: str | None) -> Exit:
    """Answers whether each series is whole; LEDGER when one is not."""
    ledger = workspace.ledger
    position = looked_at(ledger, terminal, REGISTER)
    states = register.series_states(ledger.database, ledger.book, _series(series))
    terminal.answer({
        "book": ledger.book,
        "time": ledger.time,
        "position": position,
        "series": [state._asdict() | {"first_missing": _first_missing(state)} for state in states],
    })  # fmt: skip
    terminal.stamp(ledger.book, ledger.time)
    if not states:
        terminal.show("No number was given.")
    for state in states:
        whole = f"{state.series}: 1 to {state.last}, nothing missing"
        broken = f"{state.series}: {state.missing} of 1 to {state.last} MISSING, the first is {_first_missing(state)}"
        behind = "" if state.given == state.last else f"; {state.given} were given"
        terminal.show((broken if state.missing else whole) + behind)
    return Exit.LEDGER if any(state.missing for state in states) else Exit.DONE


def _series(typed: str | None) -> str | None:
    """A series as the register has it. Raises: WrongUse."""
    if typed is not None and not is_text(typed):
        raise WrongUse(f"{typed!r} is no text; write the series in the encoding of this terminal.")
    return None if typed is None else typed.upper()


def _first_missing(state: SeriesState) -> str | None:
    number = state.first_missing_number
    return None if number is None else str(number)


def _walked(
    order: Order, limit: int | None, ask: Callable[[Window], Page[RegisterEntry]], *, descending: bool = False
) -> Iterator[RegisterEntry]:
    """All of them, or as many as were asked for, a page at a time."""
    place: str | None = None
    left = limit
    while left is None or left > 0:
        size = PAGE if left is None else min(PAGE, left)
        page = ask(Window(order, descending, place, limit=size))
        yield from page.rows
        if not page.has_more:
            return
        left = None if left is None else left - len(page.rows)
        place = order.place_of(page.rows[-1])


def _show(ledger: Ledger, terminal: Terminal, entries: list[RegisterEntry], position: int) -> None:
    terminal.answer({
        "book": ledger.book,
        "time": ledger.time,
        "position": position,
        "entries": [{"register": str(one.register) if one.register else None} | one._asdict() for one in entries],
    })  # fmt: skip
    terminal.stamp(ledger.book, ledger.time)
    if not entries:
        terminal.show("None.")
        return
    zone = ZoneInfo(ledger.zone)
    lines = table("number", "received", "written down after", "registered", "by", "unit", "before that")
    for one in entries:
        here = one.received_at.astimezone(ZoneInfo(one.received_zone))
        by_day = one.received_precision is Precision.DAY
        add_row(
            lines,
            one.register or one.stream,
            here.date() if by_day else readable(here, None),
            timedelta(seconds=one.delay_seconds),
            readable(one.registered_at, zone) if one.registered_at else None,
            one.registered_by,
            one.unit,
            ", ".join(_called(step.topic) for step in one.early_steps),
        )
    terminal.show(lines)


def _called(topic: str) -> Any:
    return topic.rpartition(".")[0].replace("-", " ")
