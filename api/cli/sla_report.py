"""The command `daybook sla report`, with its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.as_of import AsOf, as_of, known_by
from api.cli.options import All, Book, Json, Limit
from api.cli.terminal import Terminal, answering
from projections.compliance_question import By


def report(
    since: Annotated[
        str | None, typer.Option("--from", metavar="DAY|INSTANT", help="Only what was due then or later.")
    ] = None,
    until: Annotated[
        str | None,
        typer.Option("--to", metavar="DAY|INSTANT", help="Only what was due by the end of that day, or before that."),
    ] = None,
    by: Annotated[By, typer.Option("--by", help="What has to lie in that period: the due or the start.")] = By.DUE,
    group: Annotated[
        list[str] | None,
        typer.Option(
            "--group",
            metavar="FIELD,...",
            help="Count apart by unit, branch, top, handler, tier, kind, category, channel, priority, target, "
            "target-kind, policy or month; by several with commas between them. By target when left out.",
        ),
    ] = None,
    statutory: Annotated[
        bool | None, typer.Option("--statutory/--internal", help="Only what a law or rule demands, or only the rest.")
    ] = None,
    unit: Annotated[
        list[str] | None, typer.Option("--unit", help="Only what this unit had at the start; may be repeated.")
    ] = None,
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where",
            metavar="FIELD=VALUE",
            help="Only where any such field has this value, or none: branch=, tier=gold; may be repeated.",
        ),
    ] = None,
    known: Annotated[
        Any,
        typer.Option(
            "--known",
            parser=known_by,
            metavar="POSITION|DAY|INSTANT",
            help="As it was known at that position of the book, or when that day ended; worked out anew.",
        ),
    ] = None,
    at: Annotated[
        AsOf | None,
        typer.Option(
            "--at",
            parser=as_of,
            metavar="DAY|INSTANT",
            help="With --known, look at the clocks then; when the position was recorded by default.",
        ),
    ] = None,
    compare: Annotated[
        Path | None,
        typer.Option(
            "--compare",
            metavar="FILE",
            help="Count a report anew that --json has saved, as known then, and tell what differs and why.",
        ),
    ] = None,
    limit: Limit = 50,
    everything: All = False,
    csv: Annotated[bool, typer.Option("--csv", help="Answer with each group as a line of CSV.")] = False,
    book: Book = None,
    json: Json = False,
) -> None:
    """Count how many deadlines were kept, and how long it took; statutory, internal and stated ones apart."""
    terminal = Terminal(json=json or csv)
    with answering(terminal):
        from api.cli import compliance as answer
        from api.settings import Settings
        from api.workspace import Workspace

        typed = answer.Typed(
            since, until, by, tuple(group or ()), statutory, tuple(unit or ()), tuple(where or ()), known, at
        )
        form = answer.form_of(json=json, csv=csv)
        if compare is not None:
            from api.cli import compared_report

            saved = compared_report.saved_in(compare, typed, form)
            with Workspace(Settings.from_environment(), book=book, told=terminal.say) as workspace:
                end = compared_report.run(workspace, terminal, compare, saved)
            raise typer.Exit(end)
        most = answer.ALL if everything or form is not answer.Form.SHOWN else limit
        groups, values = answer.fields_of(typed)
        with Workspace(Settings.from_environment(), book=book, told=terminal.say) as workspace:
            answer.run(workspace, terminal, typed, groups, values, form, most)
