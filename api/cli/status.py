"""`daybook status`: the books, where they stand, how far each view has read, and on what all of it lies."""

from __future__ import annotations

from typing import Any

from api.cli.exits import Exit
from api.cli.terminal import Terminal, add_row, table
from api.workspace import Workspace
from domain.book import BookTime
from ledger.book import BookState, books
from ledger.connection import place_of
from ledger.migrate import applied
from projections.cursor import Standing, standings
from projections.registry import PROJECTIONS


def run(workspace: Workspace, terminal: Terminal) -> Exit:
    """Answers; LEDGER when a view has stopped."""
    database = workspace.database
    found = [(state, standings(database, state.book, PROJECTIONS)) for state in books(database)]
    ((server,),) = database.rows("SELECT current_setting('server_version')")
    with database.connection() as connection:
        schema = max(applied(connection))
    place = str(workspace.settings.data) if workspace.settings.embedded else place_of(database.url)
    terminal.answer(
        {
            "postgresql": server,
            "embedded": workspace.settings.embedded,
            "place": place,
            "schema": schema,
            "books": [_as_data(state, views) for state, views in found],
        }
    )
    kind = "embedded PostgreSQL" if workspace.settings.embedded else "PostgreSQL"
    terminal.show(f"{kind} {server}, schema {schema}, in {place}", "")
    if not found:
        terminal.show("There is no book yet; `daybook migrate --open main` opens one.")
    _show(terminal, found)
    stopped = [view.stopped for _, views in found for view in views if view.stopped]
    for stop in stopped:
        terminal.complain(str(stop))
    return Exit.LEDGER if stopped else Exit.DONE


def _show(terminal: Terminal, found: list[tuple[BookState, list[Standing]]]) -> None:
    if not found:
        return
    of_books = table("book", "time", "zone", "position", "last recorded", right=("position",))
    of_views = table("book", "view", "position", "behind", "moved", "state", right=("position", "behind"))
    for state, views in found:
        time = "SIMULATED" if state.time is BookTime.SIMULATED else state.time
        add_row(of_books, state.book, time, state.zone, state.position, f"{state.recorded_at:%Y-%m-%d %H:%M:%S} UTC")
        for view in views:
            moved = f"{view.updated_at:%Y-%m-%d %H:%M:%S} UTC" if view.updated_at else "never"
            name, behind = f"{view.projection} {view.version}", state.position - view.position
            add_row(of_views, state.book, name, view.position, behind, moved, _state(view, behind))
    terminal.show(of_books, "", of_views)


def _state(view: Standing, behind: int) -> str:
    if view.stopped:
        return f"STOPPED before position {view.stopped.position}"
    return "up to date" if behind == 0 else "behind"


def _as_data(state: BookState, views: list[Standing]) -> dict[str, Any]:
    return state._asdict() | {
        "views": [
            {
                "projection": view.projection,
                "version": view.version,
                "position": view.position,
                "behind": state.position - view.position,
                "updated_at": view.updated_at,
                "stopped": None
                if view.stopped is None
                else {
                    "position": view.stopped.position,
                    "topic": view.stopped.topic,
                    "cause": view.stopped.cause,
                },
            }
            for view in views
        ]
    }
