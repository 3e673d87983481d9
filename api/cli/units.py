"""`daybook units`: the tree of units, as it is or as of two instants."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from api.cli.case import readable
from api.cli.past import AskedPast, as_data, as_it_stands
from api.cli.terminal import Terminal, add_row, table
from api.cli.views import looked_at
from api.past_clocks import past_tree
from api.workspace import Workspace
from projections.unit import UNIT, Tree, UnitAt, tree_as_of


def run(workspace: Workspace, terminal: Terminal, asked: AskedPast) -> None:
    """Answers. Raises: NotFound, WrongUse."""
    ledger = workspace.ledger
    if asked.is_now:
        as_of = as_it_stands(ledger, looked_at(ledger, terminal, UNIT))
        tree = tree_as_of(ledger.database, ledger.book, as_of.valid_at)
    else:
        as_of = asked.as_of(ledger)
        tree = past_tree(ledger, as_of)
    walked = list(tree.walk())
    terminal.answer(
        {
            "book": ledger.book,
            "time": ledger.time,
            **as_data(as_of),
            "units": [_unit(tree, depth, unit) for depth, unit in walked],
        }
    )
    terminal.stamp(ledger.book, ledger.time)
    zone = ZoneInfo(ledger.zone)
    if not asked.is_now:
        terminal.show(asked.stated(as_of))
    if not walked:
        terminal.show(f"No unit had been opened by {readable(as_of.valid_at, zone)}.")
        return
    worked = any(unit.calendar is not None for _, unit in walked)
    shown = table("unit", "kind", "since", *(["calendar"] if worked else []), "")
    for depth, unit in walked:
        closed = "" if unit.is_open else "closed"
        since = f"{unit.named_since.astimezone(zone):%Y-%m-%d}"
        calendar = [tree.calendar_of(unit.unit_id) or ""] if worked else []
        add_row(shown, "  " * depth + unit.name, unit.kind, since, *calendar, closed)
    terminal.show(shown)


def _unit(tree: Tree, depth: int, unit: UnitAt) -> dict[str, Any]:
    path = [each.name for each in tree.path(unit.unit_id)]
    hours = {"own_calendar": unit.calendar, "calendar": tree.calendar_of(unit.unit_id)}
    return unit._asdict() | {"depth": depth, "path": path, **hours}
