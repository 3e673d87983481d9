"""`daybook project`: brings the views of all books up to their heads, builds them anew where asked, and follows."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from threading import Event, Thread
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from api.cli.book_progress import Shown
from api.cli.exits import Exit
from api.cli.rebuilding import built_anew, renew, renewed, tell_rebuilt
from api.cli.side_by_side import side_by_side
from api.cli.terminal import Terminal
from api.settings import WrongSetting
from api.workspace import Workspace
from ledger.ledger import Ledger
from projections.cursor import Standing
from projections.rebuild import Outcome
from projections.registry import PROJECTIONS
from projections.runner import Runner
from projections.view import View

WORTH_A_PROCESS = 100_000
"""Events. Two books of 54,000 took two seconds longer in processes of their own than on threads (2026-11-22): that is
what it takes to begin them."""
LOOK_SECONDS = 5.0
"""How often who follows looks for books opened meanwhile."""


def views_called(names: Sequence[str]) -> list[View[Any]]:
    """The views of these names, or all. Raises: WrongSetting."""
    by_name = {view.name: view for view in PROJECTIONS}
    for name in names:
        if name not in by_name:
            raise WrongSetting(f"There is no view {name!r}; there are {', '.join(by_name)}.")
    return [by_name[name] for name in names] or list(PROJECTIONS)


# Up to date -----------------------------------------------------------------------------------------------------------


def catch_up(workspace: Workspace, terminal: Terminal) -> int:
    """Brings the workspace's book to its head, older views built anew, and says how far all its views have come."""
    _bring_up(workspace, terminal, [workspace.ledger])
    renewed(workspace, terminal)
    return min(view.position for view in workspace.runner.positions())


def _bring_up(workspace: Workspace, terminal: Terminal, ledgers: Sequence[Ledger]) -> None:
    """Brings books to their heads: those far behind in a process each, as many at once as there are processors."""
    behind = {ledger.book: ledger.head() - _reached(workspace, ledger) for ledger in ledgers}
    apart = [book for book, events in behind.items() if events >= WORTH_A_PROCESS]
    if min(len(apart), os.cpu_count() or 1) < 2:
        apart = []
    with _bars(terminal) as bars:
        tasks = {book: bars.add_task(book, total=None) for book, events in behind.items() if events}

        def tell(book: str, reached: int, target: int) -> None:
            if book in tasks:
                bars.update(tasks[book], completed=reached, total=target)

        for ledger in ledgers:
            if ledger.book not in apart:
                runner_of(workspace, ledger).catch_up(on_progress=partial(tell, ledger.book))
        side_by_side(apart, tell, single_role=workspace.single_role)


def _reached(workspace: Workspace, ledger: Ledger) -> int:
    """How far the views of a book have come that may go on."""
    going = [view.position for view in runner_of(workspace, ledger).positions() if view.held is None]
    return min(going, default=ledger.head())


def runner_of(workspace: Workspace, ledger: Ledger) -> Runner:
    """The runner of a book's views, their tables made."""
    if ledger.book == workspace.book:
        return workspace.runner
    runner = Runner(ledger, workspace.views)
    runner.prepare()
    return runner


def _bars(terminal: Terminal) -> Progress:
    columns = (TextColumn("events into views: {task.description}"), BarColumn(), MofNCompleteColumn())
    return terminal.progress(*columns, TimeRemainingColumn())


# Told -----------------------------------------------------------------------------------------------------------------


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
    return _complained(terminal, workspace.runner.positions())


def _complained(terminal: Terminal, views: Sequence[Standing]) -> bool:
    stopped = [view.why for view in views if view.why]
    for why in stopped:
        terminal.complain(str(why))
    return bool(stopped)


def run(
    workspace: Workspace,
    terminal: Terminal,
    *,
    one_book: bool,
    anew: Sequence[View[Any]],
    follow: bool,
    jobs: int | None = None,
    restart: bool = False,
    shown: Shown = Shown.AUTO,
) -> Exit:
    """Answers with the views' positions; LEDGER when one has stopped, or was not what its events make of it."""
    ledgers = [workspace.ledger] if one_book else workspace.ledgers()
    with untold():
        _bring_up(workspace, terminal, ledgers)
        asked = built_anew(workspace, terminal, anew, jobs=jobs, restart=restart, shown=shown)
        given_up = [why.projection for why in asked.stopped]
        older = renew(workspace, terminal, but=given_up, jobs=jobs, shown=shown)
        outcome = Outcome([*asked.rebuilt, *older.rebuilt], [*asked.stopped, *older.stopped])
        if outcome.rebuilt:  # what another program kept until now has not been brought up yet
            _bring_up(workspace, terminal, ledgers)
    found = [(ledger, ledger.head(), runner_of(workspace, ledger).positions()) for ledger in ledgers]
    terminal.answer({
        "books": [_as_data(ledger, head, views) for ledger, head, views in found],
        "rebuilt": [built._asdict() for built in outcome.rebuilt],
        "not_rebuilt": [
            {"view": why.projection, "version": why.version, "position": why.position, "topic": why.topic}
            for why in outcome.stopped
        ],
    })  # fmt: skip
    for ledger, head, views in found:
        terminal.stamp(ledger.book, ledger.time)
        position = min(view.position for view in views)
        terminal.show(f"The views of book {ledger.book} show it up to position {position} of {head}.")
    wrong = tell_rebuilt(terminal, outcome)
    stopped = [_complained(terminal, views) for _, _, views in found]
    if follow:
        terminal.say("Following; Ctrl-C ends it.")
        _follow(workspace, ledgers, one_book=one_book)
    return Exit.LEDGER if any([wrong, *stopped]) else Exit.DONE


def _as_data(ledger: Ledger, head: int, views: Sequence[Standing]) -> dict[str, Any]:
    return {
        "book": ledger.book,
        "time": ledger.time,
        "position": min(view.position for view in views),
        "head": head,
        "views": [
            {"projection": v.projection, "version": v.version, "position": v.position, "stopped": bool(v.why)}
            for v in views
        ],
    }


# Following ------------------------------------------------------------------------------------------------------------


def _follow(workspace: Workspace, ledgers: Sequence[Ledger], *, one_book: bool) -> None:
    """Follows books, each on a thread, until Ctrl-C; with all of them, those that are opened meanwhile as well."""
    stop = Event()
    threads: dict[str, Thread] = {}
    try:
        while True:
            for ledger in ledgers:
                if ledger.book not in threads:
                    runner = runner_of(workspace, ledger)
                    threads[ledger.book] = Thread(target=runner.follow, args=(stop,), name="views", daemon=True)
                    threads[ledger.book].start()
            stop.wait(LOOK_SECONDS)
            if not one_book:
                ledgers = workspace.ledgers()
    finally:
        stop.set()
        for thread in threads.values():
            thread.join()
