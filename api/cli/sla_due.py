"""The command `daybook sla due`, with its options."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.lasting import UNITS, Lasting, lasting
from api.cli.options import All, Book, Json, Limit
from api.cli.terminal import Terminal, answering

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
    limit: Limit = 50,
    everything: All = False,
    book: Book = None,
    json: Json = False,
) -> None:
    """Show what is overdue, and what is due soon; of each list the first due first."""
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import deadlines as answer
        from api.settings import Settings
        from api.workspace import Workspace

        with Workspace(Settings.from_environment(), book=book, told=terminal.say) as workspace:
            asked = answer.Asked(within.time if within else UNITS["d"], unit, handler, tuple(target or ()), statutory)
            answer.run(workspace, terminal, asked, limit=None if everything else limit)
