"""The command `daybook sla report`, with its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.as_of import AsOf, as_of
from api.cli.options import All, Book, Json, Known, Limit, Whose
from api.cli.terminal import Terminal, answering
from projections.compliance_question import By
from replay.as_of import KnownBy

Since = Annotated[str | None, typer.Option("--from", metavar="DAY|INSTANT", help="Only what was due then or later.")]
Until = Annotated[
    str | None,
    typer.Option("--to", metavar="DAY|INSTANT", help="Only what was due by the end of that day, or before that."),
]
ByWhich = Annotated[By, typer.Option("--by", help="What has to lie in that period: the due or the start.")]
Group = Annotated[
    list[str] | None,
    typer.Option(
        "--group",
        metavar="FIELD,...",
        help="Count apart by unit, branch, top, handler, tier, kind, category, channel, priority, target, "
        "target-kind, policy or month; by several with commas between them. By target when left out.",
    ),
]
Statutory = Annotated[
    bool | None, typer.Option("--statutory/--internal", help="Only what a law or rule demands, or only the rest.")
]
Units = Annotated[
    list[str] | None, typer.Option("--unit", help="Only what this unit had at the start; may be repeated.")
]
Where = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        metavar="FIELD=VALUE",
        help="Only where any such field has this value, or none: branch=, tier=gold; may be repeated.",
    ),
]
Valid = Annotated[
    AsOf | None,
    typer.Option(
        "--valid",
        "--at",
        parser=as_of,
        metavar="AT",
        help="As far as it had occurred by then, which is when clocks are looked at; by what --known says, or when "
        "that position was recorded, when left out.",
    ),
]
Compare = Annotated[
    Path | None,
    typer.Option(
        "--compare",
        metavar="FILE",
        help="Count a report anew that --json has saved, as known then, and tell what differs and why.",
    ),
]
Csv = Annotated[bool, typer.Option("--csv", help="Answer with each group as a line of CSV.")]


def report(
    since: Since = None,
    until: Until = None,
    by: ByWhich = By.DUE,
    group: Group = None,
    statutory: Statutory = None,
    unit: Units = None,
    where: Where = None,
    known: Known = None,
    valid: Valid = None,
    known_by: Whose = KnownBy.LEDGER,
    compare: Compare = None,
    limit: Limit = 50,
    everything: All = False,
    csv: Csv = False,
    book: Book = None,
    json: Json = False,
) -> None:
    """Count how many deadlines were kept, and how long it took; statutory, internal and stated ones apart.

    With --known and --valid: as it was known then, and as it stood then; worked out anew.
    """
    terminal = Terminal(json=json or csv)
    with answering(terminal):
        from api.cli import compared_report
        from api.cli import compliance as answer
        from api.cli.past import AskedPast
        from api.settings import Settings
        from api.workspace import Workspace

        past = AskedPast(known, valid, known_by)
        typed = answer.Typed(
            since, until, by, tuple(group or ()), statutory, tuple(unit or ()), tuple(where or ()), past
        )
        form = answer.form_of(json=json, csv=csv)
        saved = None if compare is None else compared_report.saved_in(compare, typed, form)
        groups, values = answer.fields_of(typed)
        most = answer.ALL if everything or form is not answer.Form.SHOWN else limit
        with Workspace(Settings.from_environment(), book=book, told=terminal.say) as workspace:
            if saved is not None:
                raise typer.Exit(compared_report.run(workspace, terminal, saved))
            answer.run(workspace, terminal, typed, groups, values, form, most)
