"""`daybook project`: brings a book's views up to its head, and keeps them there when told to follow."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

from api.cli.exits import Exit
from api.cli.terminal import Terminal
from api.workspace import Workspace


def catch_up(workspace: Workspace, terminal: Terminal) -> int:
    """Reads the book to its head and gives back how far all views have come."""
    columns = (TextColumn("events into views"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with terminal.progress(*columns) as progress:
        task = progress.add_task("", total=None)
        return workspace.runner.catch_up(
            on_progress=lambda reached, target: progress.update(task, completed=reached, total=target)
        )


@contextmanager
def untold() -> Iterator[None]:
    """Keeps the runner's log to itself, which says at each turn what has stopped: `complained` says it once."""
    log = logging.getLogger("projections")
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(logging.NOTSET)


def complained(workspace: Workspace, terminal: Terminal) -> bool:
    """Whether a view has stopped; each that has is told, once."""
    stopped = [view.stopped for view in workspace.runner.positions() if view.stopped]
    for stop in stopped:
        terminal.complain(str(stop))
    return bool(stopped)


def run(workspace: Workspace, terminal: Terminal, *, follow: bool) -> Exit:
    """Answers with the views' positions; LEDGER when one has stopped."""
    with untold():
        position = catch_up(workspace, terminal)
    head = workspace.ledger.head()
    views = workspace.runner.positions()
    terminal.answer(
        {
            "book": workspace.book,
            "time": workspace.ledger.time,
            "position": position,
            "head": head,
            "views": [
                {"projection": v.projection, "version": v.version, "position": v.position, "stopped": bool(v.stopped)}
                for v in views
            ],
        }
    )
    terminal.stamp(workspace.book, workspace.ledger.time)
    terminal.show(f"The views of book {workspace.book} show it up to position {position} of {head}.")
    stopped = complained(workspace, terminal)
    if follow:
        terminal.say("Following; Ctrl-C ends it.")
        workspace.runner.follow(Event())
    return Exit.LEDGER if stopped else Exit.DONE
