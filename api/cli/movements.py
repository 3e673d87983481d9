"""`daybook movements`: how cases changed hands, one by one or counted by units."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from api.cli.case import find, readable
from api.cli.terminal import Terminal, add_row, table
from api.cli.timeline import number_of
from api.cli.views import looked_at
from api.workspace import Workspace
from domain.event import Precision
from ledger.ledger import Ledger
from projections import case_file, handing_on, movement
from projections.case_file import CASE_FILE
from projections.movement import MOVEMENT, OCCURRED, Movement, MovementFilter, MovementKind, Period
from projections.paging import Window
from projections.register import REGISTER

PAGE = 500
NOBODY = "(none)"


def run(
    workspace: Workspace,
    terminal: Terminal,
    name: str | None,
    kinds: Sequence[MovementKind],
    within: Period,
    *,
    limit: int | None,
) -> None:
    """Answers; the movements of a case in their order, those of the book the latest first. Raises: NotFound."""
    ledger = workspace.ledger
    position = looked_at(ledger, terminal, MOVEMENT, CASE_FILE)
    case_id = None if name is None else find(workspace, name)
    where = MovementFilter(case_id=case_id, kinds=tuple(kinds), period=within)
    moved = list(_movements(ledger, where, limit, descending=case_id is None))
    numbers = _numbers(ledger, {one.case_id for one in moved})
    if terminal.json:
        shown = [one._asdict() | {"case": numbers[one.case_id]} for one in moved]
        for each in shown:
            del each["place"]
        terminal.answer({"book": ledger.book, "time": ledger.time, "position": position, "movements": shown})
        return
    terminal.stamp(ledger.book, ledger.time)
    if not moved:
        terminal.show("Nothing changed hands.")
        return
    lines = table("occurred", "case", "how", "from", "to", "reason")
    for one in moved:
        here = one.occurred_at.astimezone(ZoneInfo(one.occurred_zone if one.occurred_zone != "UTC" else ledger.zone))
        add_row(
            lines,
            here.date() if one.occurred_precision is Precision.DAY else readable(here, None),
            numbers[one.case_id],
            one.kind,
            " · ".join(part for part in (one.from_unit, one.from_handler) if part),
            " · ".join(part for part in (one.to_unit, one.to_handler) if part),
            one.reason,
        )
    terminal.show(lines)


def by_units(workspace: Workspace, terminal: Terminal, kinds: Sequence[MovementKind], within: Period) -> None:
    """Answers with what went from which unit to which, and how each unit dealt with what it was given."""
    ledger = workspace.ledger
    asked = (ledger.database, ledger.book, within)
    position = looked_at(ledger, terminal, MOVEMENT, REGISTER, CASE_FILE)
    counts = handing_on.counts(*asked, kinds=kinds)
    returns = handing_on.returns(*asked)
    latency = handing_on.dispatch_latency(*asked)
    contacts = handing_on.first_contact(*asked)
    terminal.answer({
        "book": ledger.book,
        "time": ledger.time,
        "position": position,
        "from": within.since,
        "before": within.before,
        "movements": counts,
        "returns": returns,
        "dispatch_latency": latency,
        "first_contact": contacts,
    })  # fmt: skip
    terminal.stamp(ledger.book, ledger.time)
    ways = table("from", "to", "how", "movements", "cases", right=("movements", "cases"))
    for count in counts:
        add_row(ways, count.from_unit or NOBODY, count.to_unit or NOBODY, count.kind, count.movements, count.cases)
    units = table(
        "unit", "given", "returned", "dispatched within: half", "nine tenths", "resolved", "untransferred",
        right=("given", "returned", "dispatched within: half", "nine tenths", "resolved", "untransferred"),
    )  # fmt: skip
    returned = {row.unit: row for row in returns}
    dispatched = {row.unit: row for row in latency}
    resolved = {row.unit: row for row in contacts}
    for unit in sorted({*returned, *dispatched, *resolved}, key=lambda each: each or ""):
        had, took, ended = returned.get(unit or ""), dispatched.get(unit or ""), resolved.get(unit)
        add_row(
            units,
            unit or NOBODY,
            had and had.given,
            had and had.returned,
            took and _lasting(took.median_seconds),
            took and _lasting(took.nine_tenths_seconds),
            ended and ended.resolved,
            ended and ended.untransferred,
        )
    terminal.show(ways, "", units)


def _lasting(seconds: float | None) -> str | None:
    return None if seconds is None else str(timedelta(seconds=round(seconds)))


def _movements(ledger: Ledger, where: MovementFilter, limit: int | None, *, descending: bool) -> Iterator[Movement]:
    place: str | None = None
    left = limit
    while left is None or left > 0:
        size = PAGE if left is None else min(PAGE, left)
        window = Window(OCCURRED, descending, place, limit=size)
        page = movement.page(ledger.database, ledger.book, window, where)
        yield from page.rows
        if not page.has_more:
            return
        left = None if left is None else left - len(page.rows)
        place = OCCURRED.place_of(page.rows[-1])


def _numbers(ledger: Ledger, case_ids: set[UUID]) -> dict[UUID, str | None]:
    cases = case_file.by_ids(ledger.database, ledger.book, case_ids)
    return {case_id: number_of(case_id, cases) for case_id in case_ids}
