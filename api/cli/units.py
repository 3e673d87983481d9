"""`daybook units`: the tree of units, now or as of a day."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from api.cli.as_of import AsOf
from api.cli.case import readable
from api.cli.terminal import Terminal, add_row, table
from api.cli.views import read
from api.present import present
from api.workspace import Workspace
from projections.unit import UNIT, Tree, UnitAt, tree_as_of


def run(workspace: Workspace, terminal: Terminal, asked: AsOf | None) -> None:
    """Answers. Raises: NotFound."""
    ledger = workspace.ledger
    at = present(ledger) if asked is None else asked.instant(ledger.zone)
    tree = read(ledger, terminal, UNIT, lambda: tree_as_of(ledger.database, ledger.book, at))
    walked = list(tree.walk())
    terminal.answer(
        {
            "book": ledger.book,
            "time": ledger.time,
            "as_of": at,
            "units": [_as_data(tree, depth, unit) for depth, unit in walked],
        }
    )
    terminal.stamp(ledger.book, ledger.time)
    zone = ZoneInfo(ledger.zone)
    if not walked:
        terminal.show(f"No unit had been opened by {readable(at, zone)}.")
        return
    worked = any(unit.calendar is not None for _, unit in walked)
    shown = table("unit", "kind", "since", *(["calendar"] if worked else []), "")
    for depth, unit in walked:
        closed = "" if unit.is_open else "closed"
        since = f"{unit.named_since.astimezone(zone):%Y-%m-%d}"
        calendar = [tree.calendar_of(unit.unit_id) or ""] if worked else []
        add_row(shown, "  " * depth + unit.name, unit.kind, since, *calendar, closed)
    terminal.show(shown)


def _as_data(tree: Tree, depth: int, unit: UnitAt) -> dict[str, Any]:
    path = [each.name for each in tree.path(unit.unit_id)]
    hours = {"own_calendar": unit.calendar, "calendar": tree.calendar_of(unit.unit_id)}
    return unit._asdict() | {"depth": depth, "path": path, **hours}
