"""The clocks of a book worked out anew as of two instants, while a bar shows how far that is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

from api.cli.terminal import Terminal
from api.past_clocks import every_past_clock
from ledger.ledger import Ledger
from projections.sla_row import SlaTimer
from replay.as_of import AsOf


def worked_out(terminal: Terminal, ledger: Ledger, as_of: AsOf) -> Iterator[Sequence[SlaTimer]]:
    """The clocks, some at a time. Raises: CannotWorkOut, LedgerAway, UnknownTopic, UnreadableEvent."""
    columns = (
        TextColumn("{task.fields[subjects]:,} cases and obligations, {task.fields[clocks]:,} clocks"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    with terminal.progress(*columns) as progress:
        task, subjects, clocks = progress.add_task("", total=as_of.position, subjects=0, clocks=0), 0, 0
        for part in every_past_clock(ledger, as_of):
            yield part.clocks
            subjects, clocks = subjects + part.subjects, clocks + len(part.clocks)
            progress.update(task, completed=part.position, subjects=subjects, clocks=clocks)
        progress.update(task, completed=as_of.position)
