"""The command `daybook conformance`, with its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.options import All, Book, Json, Known, Limit, Valid, Whose
from api.cli.terminal import Terminal, answering
from domain.case.vocabulary import CaseKind
from replay.as_of import KnownBy

Declared = Annotated[
    Path | None,
    typer.Option("--process", metavar="FILE", help="The declared process, as a TOML file; by default ours."),
]
Shown = Annotated[
    bool, typer.Option("--show-process", help="Print the file of the process that ships, to be copied, and leave.")
]
ReceivedFrom = Annotated[
    str | None, typer.Option("--from", metavar="DAY|INSTANT", help="Only cases that were received then or later.")
]
ReceivedTo = Annotated[
    str | None,
    typer.Option(
        "--to", metavar="DAY|INSTANT", help="Only cases that were received by the end of that day, or before."
    ),
]
Cases = Annotated[
    list[str] | None,
    typer.Option("--case", metavar="NUMBER|KEY|ID", help="Only this case; may be given several times."),
]
Kinds = Annotated[
    list[CaseKind] | None, typer.Option("--kind", help="Only cases of this kind; may be given several times.")
]
Unit = Annotated[str | None, typer.Option("--unit", metavar="NAME", help="Only cases that this unit has.")]
Rules = Annotated[
    list[str] | None, typer.Option("--rule", metavar="ID", help="Only this rule; may be given several times.")
]


def conformance(
    process: Declared = None,
    show_process: Shown = False,
    kinds: Kinds = None,
    received_from: ReceivedFrom = None,
    received_to: ReceivedTo = None,
    unit: Unit = None,
    cases: Cases = None,
    rules: Rules = None,
    known: Known = None,
    valid: Valid = None,
    by: Whose = KnownBy.LEDGER,
    limit: Limit = 50,
    everything: All = False,
    book: Book = None,
    json: Json = False,
) -> None:
    """Show which cases departed from the declared process, in which step, and what they are still owed."""
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import conforming as answer
        from api.cli.past import AskedPast
        from api.processes import shipped_text
        from api.settings import Settings
        from api.workspace import Workspace

        if show_process:
            typer.echo(shipped_text(), nl=False)
            raise typer.Exit
        asked = answer.Asked(
            answer.conformance_of(process, tuple(rules or ()), tuple(kinds or ())),
            tuple(kinds or ()),
            received_from,
            received_to,
            unit,
            tuple(cases or ()),
            AskedPast(known, valid, by),
            None if everything else limit,
        )
        with Workspace(Settings.from_environment(), book=book, told=terminal.say) as workspace:
            answer.run(workspace, terminal, asked)
