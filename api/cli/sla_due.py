"""The command `daybook sla due`, with its options."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.lasting import UNITS, Lasting, lasting
from api.cli.options import All, Book, Json, Known, Limit, Valid, Whose
from api.cli.terminal import Terminal, answering
from replay.as_of import KnownBy

Within = Annotated[
    Lasting | None,
    typer.Option(
        "--within", parser=lasting, metavar="TIME", help="How far ahead to look: 3d, 36h, 90m, 2w; a day by default."
    ),
]


def due(
    within: Within = None,
    unit: Annotated[str | None, typer.Option("--unit", help="Only what this unit has.")] = None,
    handler: Annotated[str | None, typer.Option("--handler", help="Only what this member of staff has.")] = None,
    target: Annotated[
        list[str] | None, typer.Option("--target", help="Only this target, by its name; may be repeated.")
    ] = None,
    statutory: Annotated[
        bool | None, typer.Option("--statutory/--internal", help="Only what a law or rule demands, or only the rest.")
    ] = None,
    known: Known = None,
    valid: Valid = None,
    by: Whose = KnownBy.LEDGER,
    limit: Limit = 50,
    everything: All = False,
    book: Book = None,
    json: Json = False,
) -> None:
    """Show what is overdue, and what is due soon; of each list the first due first.

    With --known and --valid: what was overdue and due soon then, as it was known; worked out anew.
    """
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import deadlines as answer
        from api.cli.past import AskedPast
        from api.settings import Settings
        from api.workspace import Workspace

        with Workspace(Settings.from_environment(), book=book, told=terminal.say) as workspace:
            ahead, past = within.time if within else UNITS["d"], AskedPast(known, valid, by)
            asked = answer.Asked(ahead, unit, handler, tuple(target or ()), statutory, past)
            answer.run(workspace, terminal, asked, limit=None if everything else limit)
