"""The commands of `daybook attachment`: files of cases."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from api.cli.options import Book, Json, SingleRole, example
from api.cli.terminal import Terminal, answering
from domain.channel import Direction

app = typer.Typer(no_args_is_help=True, help="Put files (附件) to cases, list them, and fetch them.")
Case = Annotated[str, typer.Argument(help="The case, by its register number, its source's key or its id.")]


@app.callback()
def attachment() -> None:
    """Put files (附件) to cases, list them, and fetch them."""


@app.command(
    epilog=example("daybook attachment add C2026-000123 bill.pdf --type application/pdf --direction in --by 王芳")
)
def add(
    case: Case,
    file: Annotated[Path, typer.Argument(help="The file, under whose name it is kept.", exists=True, dir_okay=False)],
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="The member of staff who does this.")],
    media_type: Annotated[
        str, typer.Option("--type", metavar="TYPE", help="What kind of file it is, such as image/jpeg.")
    ] = "application/octet-stream",
    direction: Annotated[
        Direction | None,
        typer.Option("--direction", help="Whether the customer sent it in or was sent it; by default neither."),
    ] = None,
    book: Book = None,
    single_role: SingleRole = False,
    json: Json = False,
) -> None:
    """Put a file to a case."""
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import attaching as answer
        from api.settings import Settings
        from api.workspace import Workspace

        settings = Settings.from_environment()
        with Workspace(settings, book=book, writes=True, single_role=single_role, told=terminal.say) as workspace:
            answer.add(workspace, terminal, case, file, media_type, direction, by)


@app.command("list", epilog=example("daybook attachment list C2026-000123"))
def list_(case: Case, book: Book = None, json: Json = False) -> None:
    """List the files of a case."""
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import attaching as answer
        from api.settings import Settings
        from api.workspace import Workspace

        with Workspace(Settings.from_environment(), book=book, told=terminal.say) as workspace:
            answer.show(workspace, terminal, case)


@app.command(epilog=example("daybook attachment get 0e3c7a5e-8f1a-4a51-9d0f-3a8a6c1f0501 --output bill.pdf"))
def get(
    attachment: Annotated[str, typer.Argument(help="The attachment, by its id.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where to; - is standard output.")],
    book: Book = None,
    json: Json = False,
) -> None:
    """Fetch a file."""
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import attaching as answer
        from api.settings import Settings
        from api.workspace import Workspace

        with Workspace(Settings.from_environment(), book=book, told=terminal.say) as workspace:
            answer.get(workspace, terminal, attachment, output)
