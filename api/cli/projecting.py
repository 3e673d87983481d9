"""`daybook project`: brings a book's views up to its head, and keeps them there when told to follow."""

from __future__ import annotations

import logging
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


def run(workspace: Workspace, terminal: Terminal, *, follow: bool) -> Exit:
    """Answers with the views' positions; LEDGER when one has stopped."""
    logging.getLogger("projections").setLevel(logging.CRITICAL)  # what stopped is told below, once
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
    stopped = [view.stopped for view in views if view.stopped]
    for stop in stopped:
        terminal.complain(str(stop))
    if follow:
        logging.getLogger("projections").setLevel(logging.NOTSET)
        terminal.say("Following; Ctrl-C ends it.")
        workspace.runner.follow(Event())
    return Exit.LEDGER if stopped else Exit.DONE
