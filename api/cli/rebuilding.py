"""`daybook project --rebuild` and `--discard`: views built anew beside the live ones, a process a book, and resumed."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from api.cli.book_progress import Shown, told_by_book
from api.cli.exits import Exit
from api.cli.side_by_side import Tell, side_by_side
from api.cli.terminal import Terminal
from api.workspace import Workspace
from ledger.ledger import Ledger
from projections.building import build
from projections.cursor import standings
from projections.rebuild import Outcome, Rebuilt, discard, rebuild_all
from projections.registry import PROJECTIONS
from projections.tables import ViewOlder
from projections.view import View

WORTH_A_PROCESS = 100_000
"""Events that are left to be taken in; as for `daybook project`, a process takes a moment to begin."""
KEPT = "Ended by Ctrl-C. What was built is kept: ask for the same again, and it goes on from there."


def renew(
    workspace: Workspace,
    terminal: Terminal,
    *,
    but: Collection[str] = (),
    jobs: int | None = None,
    shown: Shown = Shown.AUTO,
) -> Outcome:
    """Builds the views anew whose tables are of an older version than the program's, `but` those."""
    found = standings(workspace.database, workspace.book, PROJECTIONS)
    older = [
        view
        for view, at in zip(PROJECTIONS, found, strict=True)
        if isinstance(at.held, ViewOlder) and view.name not in but
    ]
    for view in older:
        terminal.say(f"The table of {view.name} is of an older version; {view.label} is being built beside it.")
    return built_anew(workspace, terminal, older, jobs=jobs, shown=shown)


def renewed(workspace: Workspace, terminal: Terminal) -> None:
    """The same for whoever cannot do with an older table. Raises: ProjectionStopped."""
    for stopped in renew(workspace, terminal).stopped:
        raise stopped


def built_anew(
    workspace: Workspace,
    terminal: Terminal,
    views: Sequence[View[Any]],
    *,
    jobs: int | None = None,
    restart: bool = False,
    shown: Shown = Shown.AUTO,
) -> Outcome:
    """Builds views anew, of all books. Raises: RebuildUnderWay, ViewNewer, LedgerAway."""
    if not views:
        return Outcome([], [])
    try:
        with told_by_book(terminal, "views anew", shown) as tell:
            books = partial(_build_books, workspace, tell, jobs)
            return rebuild_all(views, workspace.ledgers, workspace.views, books, restart=restart, told=terminal.say)
    except KeyboardInterrupt as error:
        raise KeyboardInterrupt(KEPT) from error


def _build_books(
    workspace: Workspace, tell: Tell, jobs: int | None, views: Sequence[View[Any]], ledgers: Sequence[Ledger]
) -> None:
    """Fills the new tables, `jobs` books at once. Unless it is said how many, small books take their turn here."""
    most = jobs or os.cpu_count() or 1
    apart = [ledger for ledger in ledgers if jobs or _left(workspace, views, ledger) >= WORTH_A_PROCESS]
    if min(len(apart), most) < 2:
        apart = []
    for ledger in ledgers:
        if ledger not in apart:
            build(views, ledger, workspace.views, tell)
    work = partial(build_named, tuple(view.name for view in views))
    side_by_side([ledger.book for ledger in apart], tell, single_role=workspace.single_role, work=work, jobs=most)


def build_named(names: Sequence[str], workspace: Workspace, tell: Tell) -> None:
    """What the process of one book does."""
    views = [replace(view, anew=True) for view in PROJECTIONS if view.name in names]
    build(views, workspace.ledger, workspace.views, tell)


def _left(workspace: Workspace, views: Sequence[View[Any]], ledger: Ledger) -> int:
    """How many events the view has still to take that has most of them left."""
    return ledger.head() - min(at.position for at in standings(workspace.views, ledger.book, views))


def thrown_away(workspace: Workspace, terminal: Terminal, views: Sequence[View[Any]]) -> Exit:
    """Gives up what was begun of views and not finished. Raises: RebuildUnderWay."""
    gone = discard(views, workspace.views)
    terminal.answer(
        {
            "discarded": [
                {"view": table.projection, "version": table.version, "begun_at": table.begun_at} for table in gone
            ]
        }
    )
    for table in gone:
        terminal.show(f"What was built of {table.projection} (version {table.version}) since "
                      f"{table.begun_at:%Y-%m-%d %H:%M} UTC is thrown away.")  # fmt: skip
    if not gone:
        terminal.show("Nothing is half built.")
    return Exit.DONE


def tell_rebuilt(terminal: Terminal, outcome: Outcome) -> bool:
    """Tells what new tables changed, and which could not be built; whether anything is not as it should be."""
    wrong = [_tell(terminal, built) for built in outcome.rebuilt]
    for stopped in outcome.stopped:
        terminal.complain(f"It was not built anew, and what was built of it is thrown away: {stopped}")
    return any(wrong) or bool(outcome.stopped)


def _tell(terminal: Terminal, built: Rebuilt) -> bool:
    """Whether rows differ though the version is the same, which should not be."""
    rows = sum(book.rows for book in built.books)
    terminal.show(
        f"{built.view} (version {built.version}) was built anew: {rows} rows, {built.differing} of them other."
    )
    for book in built.books:
        for shown in book.shown:
            key = ", ".join(str(part) for part in shown.key)
            terminal.show(f"  {book.book} at {book.position}: {key} differs in {', '.join(shown.columns)}")
    wrong = built.version == built.before and built.differing > 0
    if wrong:
        terminal.complain(
            f"{built.differing} rows of {built.view} were not what the events make of them. They are now; find out who "
            "or what changed them."
        )
    return wrong
