"""`daybook status`: the books, where they stand, how far each view has read, and on what all of it lies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from api.alarms.candidates import Waiting, waiting
from api.cli.exits import Exit
from api.cli.terminal import Terminal, add_row, table
from api.lag import Lag, lags, time_in
from api.workspace import Workspace
from domain.book import BookTime
from ledger.book import BookState, books
from ledger.connection import place_of
from ledger.migrate import applied
from projections.cursor import Standing, standings
from projections.fingerprint import fingerprint
from projections.half_built import HalfBuilt, half_built
from projections.registry import PROJECTIONS
from projections.tables import ViewNewer


def run(workspace: Workspace, terminal: Terminal) -> Exit:
    """Answers; LEDGER when a view has stopped."""
    database = workspace.database
    found = [(state, lags(database, state, standings(database, state.book, PROJECTIONS))) for state in books(database)]
    due = {state.book: waiting(database, state.book, time_in(database, state)) for state, _ in found}
    ((server,),) = database.rows("SELECT current_setting('server_version')")
    with database.connection() as connection:
        schema = max(applied(connection))
    begun, now = half_built(database), database.now()
    place = str(workspace.settings.data) if workspace.settings.embedded else place_of(database.url)
    terminal.answer(
        {
            "postgresql": server,
            "embedded": workspace.settings.embedded,
            "place": place,
            "schema": schema,
            "books": [_as_data(state, views, due[state.book]) for state, views in found],
            "half_built": [_begun_as_data(table, now) for table in begun],
        }
    )
    kind = "embedded PostgreSQL" if workspace.settings.embedded else "PostgreSQL"
    terminal.show(f"{kind} {server}, schema {schema}, in {place}", "")
    if not found:
        terminal.show("There is no book yet; `daybook migrate --open main` opens one.")
    _show(terminal, found)
    _show_begun(terminal, begun, {state.book: state.position for state, _ in found}, now)
    _show_alarms(terminal, due)
    stopped = [(state.book, lag.view) for state, views in found for lag in views if lag.view.why]
    for book, view in stopped:
        terminal.complain(f"In book {book}: {view.why} {_what_to_do(view)}")
    return Exit.LEDGER if stopped else Exit.DONE


def _show(terminal: Terminal, found: Sequence[tuple[BookState, Sequence[Lag]]]) -> None:
    if not found:
        return
    of_books = table("book", "time", "zone", "position", "last recorded", right=("position",))
    of_views = table("book", "view", "position", "behind", "for", "moved", "state", right=("position", "behind", "for"))
    for state, views in found:
        time = "SIMULATED" if state.time is BookTime.SIMULATED else state.time
        add_row(of_books, state.book, time, state.zone, state.position, _instant(state.recorded_at))
        for view, events, behind in views:
            moved = _instant(view.updated_at) if view.updated_at else "never"
            name, waiting = f"{view.projection} {view.version}", _seconds(behind) if events else ""
            add_row(of_views, state.book, name, view.position, events, waiting, moved, _state(view, events))
    terminal.show(of_books, "", of_views)


def _show_begun(terminal: Terminal, begun: Sequence[HalfBuilt], heads: Mapping[str, int], now: datetime) -> None:
    """What is being built beside the live tables, or was broken off."""
    of_tables = table("half built", "begun", "age", "moved", "events", "of", "bytes", "state",
                      right=("age", "events", "of", "bytes"))  # fmt: skip
    for one in begun:
        taken = sum(one.positions.values())
        moved = _instant(one.moved_at) if one.moved_at else "never"
        name, age, state = f"{one.projection} {one.version}", _days(now - one.begun_at), _begun_state(one)
        add_row(
            of_tables, name, _instant(one.begun_at), age, moved, taken, sum(heads.values()), one.stored_bytes, state
        )
    if begun:
        terminal.show("", of_tables, "`daybook project --rebuild` goes on with them, `--discard` throws them away.")


def _begun_state(table: HalfBuilt) -> str:
    return "goes on from there" if _goes_on(table) else "BEGUN BY ANOTHER PROGRAM"


def _goes_on(table: HalfBuilt) -> bool:
    """Whether this program would go on with it, not begin it again."""
    made = {view.name: fingerprint(view) for view in PROJECTIONS if view.name == table.projection}
    return made.get(table.projection) == table.fingerprint


def _show_alarms(terminal: Terminal, due: Mapping[str, Sequence[Waiting]]) -> None:
    """What is due and was not noted, as far as the view of timers knows."""
    of_alarms = table("book", "alarms due and not noted", "how many", "since", right=("how many",))
    for book, alarms in due.items():
        for one in alarms:
            add_row(of_alarms, book, one.kind, one.alarms, _instant(one.since))
    if any(due.values()):
        terminal.show("", of_alarms, "`daybook alarms` notes them, and so does a server.")


def _instant(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _seconds(behind: timedelta) -> str:
    return f"{behind.total_seconds():.0f} s"


def _days(age: timedelta) -> str:
    """Whole days, or hours and minutes."""
    minutes = int(age.total_seconds()) // 60
    return f"{age.days} d" if age.days else f"{minutes // 60} h {minutes % 60} min"


def _state(view: Standing, behind: int) -> str:
    if isinstance(view.held, ViewNewer):
        return "KEPT BY A NEWER PROGRAM"
    if view.held:
        return "TO BE BUILT ANEW"
    if view.stopped:
        since = f" since {_instant(view.stopped.since)}" if view.stopped.since else ""
        return f"STOPPED before position {view.stopped.position}{since}"
    return "up to date" if behind == 0 else "behind"


def _what_to_do(view: Standing) -> str:
    """What helps, beyond what the error says."""
    if view.held or view.stopped is None:
        return ""
    since = f"It has stood there since {_instant(view.stopped.since)}. " if view.stopped.since else ""
    return (
        f"{since}It is tried again by whoever keeps the views next: update the program and restart it, or run `daybook "
        f"project`. If its rows are at fault, `daybook project --rebuild {view.projection}` makes them anew."
    )


def _as_data(state: BookState, views: Sequence[Lag], due: Sequence[Waiting]) -> dict[str, Any]:
    return state._asdict() | {
        "alarms_due": {one.kind: {"alarms": one.alarms, "since": one.since} for one in due},
        "views": [
            {
                "projection": view.projection,
                "version": view.version,
                "position": view.position,
                "behind": events,
                "behind_seconds": behind.total_seconds() if events else 0,
                "updated_at": view.updated_at,
                "stopped": None
                if view.stopped is None or view.held
                else {
                    "position": view.stopped.position,
                    "topic": view.stopped.topic,
                    "cause": view.stopped.cause,
                    "since": view.stopped.since,
                },
                "held": str(view.held) if view.held else None,
            }
            for view, events, behind in views
        ],
    }


def _begun_as_data(table: HalfBuilt, now: datetime) -> dict[str, Any]:
    return {
        "view": table.projection,
        "version": table.version,
        "begun_at": table.begun_at,
        "age_seconds": int((now - table.begun_at).total_seconds()),
        "updated_at": table.moved_at,
        "positions": table.positions,
        "bytes": table.stored_bytes,
        "goes_on": _goes_on(table),
    }
