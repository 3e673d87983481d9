"""The command `daybook sla what-if`, with its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.as_of import AsOf, as_of
from api.cli.options import All, Book, Json, Limit
from api.cli.terminal import Terminal, answering
from domain.case.vocabulary import CaseKind

Policy = Annotated[Path | None, typer.Option("--policy", metavar="FILE", help="The policy to suppose, as a TOML file.")]
Library = Annotated[
    str | None, typer.Option("--library", metavar="NAME", help="Instead of --policy, one that ships, by its name.")
]
Calendar = Annotated[
    Path | None, typer.Option("--calendar", metavar="FILE", help="The calendar to suppose, as a TOML file.")
]


def what_if(
    policy: Policy = None,
    library: Library = None,
    effective: Annotated[
        str | None,
        typer.Option(
            "--effective", metavar="DATE", help="The first day of receipt for which it holds; every day by default."
        ),
    ] = None,
    instead_of: Annotated[
        str | None,
        typer.Option(
            "--instead-of", metavar="NAME", help="The policy in whose place it stands; by default that of its own name."
        ),
    ] = None,
    calendar: Calendar = None,
    calendar_effective: Annotated[
        str | None,
        typer.Option(
            "--calendar-effective", metavar="DATE", help="The first date for which it holds; every date by default."
        ),
    ] = None,
    received_from: Annotated[
        str | None, typer.Option("--received-from", metavar="DAY|INSTANT", help="Only what was received then or later.")
    ] = None,
    received_to: Annotated[
        str | None,
        typer.Option(
            "--received-to",
            metavar="DAY|INSTANT",
            help="Only what was received by the end of that day, or earlier.",
        ),
    ] = None,
    case: Annotated[
        list[str] | None,
        typer.Option("--case", metavar="NUMBER|KEY|ID", help="Only this case; may be given several times."),
    ] = None,
    kind: Annotated[
        list[CaseKind] | None, typer.Option("--kind", help="Only cases of this kind; may be given several times.")
    ] = None,
    unit: Annotated[str | None, typer.Option("--unit", metavar="NAME", help="Only cases that this unit has.")] = None,
    at: Annotated[
        AsOf | None,
        typer.Option(
            "--at",
            parser=as_of,
            metavar="DATE",
            help="Let the clocks run up to then, of a day to its end; now by default.",
        ),
    ] = None,
    limit: Limit = 50,
    everything: All = False,
    csv: Annotated[
        bool, typer.Option("--csv", help="Answer with each clock that would be otherwise as a line of CSV.")
    ] = False,
    book: Book = None,
    json: Json = False,
) -> None:
    """Show which deadlines another policy or calendar would have flipped, and why. Nothing is written."""
    terminal = Terminal(json=json or csv)
    with answering(terminal):
        from api.cli import what_if as work
        from api.settings import Settings
        from api.workspace import Workspace

        typed = work.Typed(
            policy=policy,
            library=library,
            effective=effective,
            instead_of=instead_of,
            calendar=calendar,
            calendar_effective=calendar_effective,
            received_from=received_from,
            received_to=received_to,
            cases=tuple(case or ()),
            kinds=tuple(kind or ()),
            unit=unit,
            at=at,
        )
        form = work.form_of(json=json, csv=csv)
        hypothesis = work.hypothesis_of(typed)
        settings = Settings.from_environment()
        with Workspace(settings, book=book, writes=False, told=terminal.say) as workspace:
            work.run(workspace, terminal, typed, hypothesis, form, limit=None if everything else limit)
