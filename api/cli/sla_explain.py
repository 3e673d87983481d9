"""The command `daybook sla explain`, with its options."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.options import Book, Json, Known, Valid, Whose
from api.cli.terminal import Terminal, answering
from replay.as_of import KnownBy


def explain(
    name: Annotated[str, typer.Argument(metavar="CASE", help="The case, by its number, its key or its id.")],
    target: Annotated[
        list[str] | None, typer.Option("--target", help="Only this target, by its name; may be repeated.")
    ] = None,
    known: Known = None,
    valid: Valid = None,
    by: Whose = KnownBy.LEDGER,
    book: Book = None,
    json: Json = False,
) -> None:
    """Show each clock of a case stretch by stretch, and why it stands as it does, in English and in Chinese.

    With --known and --valid: as it was known then, and as it stood then.
    """
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import clocks as answer
        from api.cli.past import AskedPast
        from api.settings import Settings
        from api.workspace import Workspace

        with Workspace(Settings.from_environment(), book=book, told=terminal.say) as workspace:
            answer.run(workspace, terminal, name, target or (), AskedPast(known, valid, by))
