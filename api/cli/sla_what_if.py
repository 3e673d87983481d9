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

Effective = Annotated[
    str | None,
    typer.Option(
        "--effective", metavar="DATE", help="The first day of receipt for which it holds; every day by default."
    ),
]
InsteadOf = Annotated[
    str | None,
    typer.Option(
        "--instead-of", metavar="NAME", help="The policy in whose place it stands; by default that of its own name."
    ),
]
CalendarEffective = Annotated[
    str | None,
    typer.Option(
        "--calendar-effective", metavar="DATE", help="The first date for which it holds; every date by default."
    ),
]
ReceivedFrom = Annotated[
    str | None, typer.Option("--received-from", metavar="DAY|INSTANT", help="Only what was received then or later.")
]
ReceivedTo = Annotated[
    str | None,
    typer.Option(
        "--received-to",
        metavar="DAY|INSTANT",
        help="Only what was received by the end of that day, or earlier.",
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
At = Annotated[
    AsOf | None,
    typer.Option(
        "--at",
        parser=as_of,
        metavar="DATE",
        help="Let the clocks run up to then, of a day to its end; now by default.",
    ),
]
Csv = Annotated[bool, typer.Option("--csv", help="Answer with each clock that would be otherwise as a line of CSV.")]


def what_if(
    policy: Policy = None,
    library: Library = None,
    effective: Effective = None,
    instead_of: InsteadOf = None,
    calendar: Calendar = None,
    calendar_effective: CalendarEffective = None,
    received_from: ReceivedFrom = None,
    received_to: ReceivedTo = None,
    case: Cases = None,
    kind: Kinds = None,
    unit: Unit = None,
    at: At = None,
    limit: Limit = 50,
    everything: All = False,
    csv: Csv = False,
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
