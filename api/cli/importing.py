"""`daybook import`: a file of somebody else's history into the ledger, watched as it goes."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from pathlib import Path

from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn

from api.cli.exits import Exit
from api.cli.projecting import complained, untold
from api.cli.terminal import Terminal, add_row, table
from api.imports.loading import load_mapping
from api.imports.reading import inspect
from api.imports.report import ImportReport, Progress
from api.imports.run import GOES_ON, NOTHING_WRITTEN, check_file, run_import
from api.workspace import NewBook, Workspace
from domain.book import BookTime
from domain.envelope import Actor, ActorKind
from ledger.errors import LedgerAway
from projections.runner import Runner

FIGURES = ("rows", "unchanged", "cases", "customers", "commands", "events", "repeated")
FIGURES_IF_ANY = ("duplicates", "ignored", "continued")
IMPORTER = Actor("daybook import", ActorKind.IMPORT)


def run(
    workspace: Workspace,
    terminal: Terminal,
    file: Path,
    mapping: str,
    *,
    dry_run: bool,
    rejects: Path | None,
    project: bool,
    source_times: bool = False,
) -> Exit:
    """Imports and tells what it came to; LEDGER when a view has stopped, IN_PART when rows were rejected."""
    known = load_mapping(mapping)
    rejects = rejects or Path(f"{Path(file.name.removesuffix('.gz')).stem}.rejects.csv")
    columns = (
        TextColumn("{task.fields[rows]:,} rows"),
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.fields[rate]:,.0f} rows/s"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[rejected]} rejected"),
    )
    runner = workspace.runner if project and not dry_run else None
    with terminal.progress(*columns) as progress:
        task = progress.add_task("", total=None, rows=0, rate=0.0, rejected=0)

        def on_progress(now: Progress) -> None:
            progress.update(
                task,
                completed=now.bytes_read,
                total=now.bytes_total,
                rows=now.rows,
                rate=now.rows / now.seconds if now.seconds else 0.0,
                rejected=now.rejected,
            )

        try:
            with untold():
                report = run_import(
                    workspace.ledger,
                    file,
                    known,
                    dry_run=dry_run,
                    rejects=rejects,
                    source_times=source_times,
                    actor=IMPORTER,
                    on_progress=on_progress,
                    after_batch=None if runner is None else partial(_brought_up_to, runner),
                )
                if runner is not None:
                    runner.catch_up()
        except LedgerAway as error:
            raise LedgerAway(f"{error}. {NOTHING_WRITTEN if dry_run else GOES_ON}") from error
    terminal.answer({"book": workspace.book, "time": workspace.ledger.time, **asdict(report)})
    terminal.stamp(workspace.book, workspace.ledger.time)
    _show(terminal, report, rejects)
    if runner is not None and complained(workspace, terminal):
        return Exit.LEDGER
    return Exit.IN_PART if report.rejected else Exit.DONE


def book_of(file: Path, mapping: str) -> NewBook:
    """The simulated book for a file at its source's own times, which begins with the first of them.

    Raises: CannotImport.
    """
    return NewBook(BookTime.SIMULATED, at=check_file(inspect(file), load_mapping(mapping), source_times=True))


def _brought_up_to(runner: Runner, position: int) -> None:
    runner.catch_up(position)


def _show(terminal: Terminal, report: ImportReport, rejects: Path) -> None:
    figures = table("", "", right=("",))
    for name in FIGURES:
        add_row(figures, name, f"{getattr(report, name):,}")
    for name in FIGURES_IF_ANY:
        if count := getattr(report, name):
            add_row(figures, name, f"{count:,}")
    for what, counts in (("rejected", report.rejected), ("no rule", report.without_rule), ("odd", report.odd)):
        for reason, count in sorted(counts.items()):
            add_row(figures, f"{what}: {reason}", f"{count:,}")
    rate = report.rows / report.seconds if report.seconds else 0
    how = "Tried, and nothing written" if report.dry_run else f"Imported as {report.number}"
    terminal.show(f"{how}: {report.file} by {report.mapping}, {report.seconds:.1f} s, {rate:,.0f} rows/s.", figures)
    if report.rejected:
        terminal.say(f"The rejected rows, each with its line and the reason, are in {rejects}.")
