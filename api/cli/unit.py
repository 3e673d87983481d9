"""The command of `daybook unit`: by which calendar a unit works."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.options import Book, Json, SingleRole, example
from api.cli.terminal import Terminal, answering

app = typer.Typer(no_args_is_help=True, help="Say by which hours a unit (机构) works.")


@app.callback()
def unit() -> None:
    """Say by which hours a unit (机构) works."""


@app.command(epilog=example("daybook unit hours 上海分部 --calendar shanghai-desk --by 'Chen Jie'"))
def hours(
    name: Annotated[str, typer.Argument(help="The unit, by its name.")],
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="The member of staff who does this.")],
    calendar: Annotated[
        str | None, typer.Option("--calendar", metavar="NAME", help="The calendar by which it works from now on.")
    ] = None,
    none: Annotated[
        bool,
        typer.Option("--none", help="Take its own hours back: it works as the unit above it, or each policy says."),
    ] = False,
    book: Book = None,
    single_role: SingleRole = False,
    json: Json = False,
) -> None:
    """Let a unit work by a calendar of its own.

    The hours count for what is passed on to the unit, where the policy's target says on_transfer = "move".
    """
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import unit_hours as answer
        from api.cli.exits import WrongUse
        from api.settings import Settings
        from api.workspace import Workspace

        if (calendar is None) is not none:
            raise WrongUse("Give a --calendar, or --none to take the unit's own hours back.")
        settings = Settings.from_environment()
        with Workspace(settings, book=book, writes=True, single_role=single_role, told=terminal.say) as workspace:
            answer.run(workspace, terminal, name, calendar, by)
