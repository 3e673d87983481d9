"""`daybook compare`, with its options."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.options import Book, Json, SingleRole, example
from api.cli.terminal import Terminal, answering

EXAMPLE = example("daybook compare case_file timeline --sample 200 --seed 7 --by 'Chen Jie'")


def compare(
    views: Annotated[
        list[str] | None, typer.Argument(metavar="[VIEW]...", help="The views to compare; by default all.")
    ] = None,
    case: Annotated[
        str | None,
        typer.Option("--case", metavar="NUMBER", help="Only the rows about a case, by its number, its key or its id."),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option("--key", metavar="ID", help="Only the rows about one subject: a customer, a unit, by its id."),
    ] = None,
    sample: Annotated[
        int | None,
        typer.Option("--sample", metavar="N", min=1, max=1_000_000, help="Only the rows about N subjects a view."),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed", min=0, max=2**53 - 1, help="By which they are drawn, so that they can be drawn again; any other."
        ),
    ] = None,
    rows: Annotated[
        int, typer.Option("--rows", min=0, max=100_000, help="How many differing rows of a view are shown.")
    ] = 10,
    by: Annotated[str | None, typer.Option("--by", metavar="NAME", help="The member of staff who does this.")] = None,
    no_record: Annotated[
        bool,
        typer.Option("--no-record", help="Do not record the result in the book, as where nothing can be written."),
    ] = False,
    book: Book = None,
    single_role: SingleRole = False,
    json: Json = False,
) -> None:
    """Prove that views are nothing but the events: compare their tables with a fresh fold, and record the result.

    Exit code 4 when anything differs.
    """
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import comparing
        from api.settings import Settings
        from api.workspace import Workspace

        asked = comparing.Asked(tuple(views or ()), case, key, sample, seed, rows, None if no_record else by)
        comparing.check(asked, no_record=no_record)
        settings = Settings.from_environment()
        with Workspace(
            settings, book=book, writes=not no_record, single_role=single_role, told=terminal.say
        ) as workspace:
            end = comparing.run(workspace, terminal, asked)
        raise typer.Exit(end)
