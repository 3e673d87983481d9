"""The commands of `daybook amend`, with their options."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.options import Book, Json, SingleRole, example
from api.cli.terminal import Terminal, answering

if TYPE_CHECKING:
    from api.workspace import Workspace

app = typer.Typer(no_args_is_help=True, help="Correct what is recorded: one person asks, another approves.")

Name = Annotated[
    str, typer.Argument(help="A case by its number, its key or its id; anything else by its stream, customer-0b5e...")
]
Version = Annotated[int, typer.Argument(min=1, help="The version of the event, as `daybook case` shows it.")]
Request = Annotated[int, typer.Argument(min=1, help="The version of the request, as `daybook amend list` shows it.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; about the record, never about a person.")]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="The member of staff who does this.")]


@contextmanager
def _workspace(terminal: Terminal, book: str | None, *, writes: bool, single_role: bool) -> Iterator[Workspace]:
    from api.settings import Settings
    from api.workspace import Workspace

    settings = Settings.from_environment()
    with Workspace(settings, book=book, writes=writes, single_role=single_role, told=terminal.say) as workspace:
        yield workspace


@app.command(
    epilog=example("daybook amend correct C2026-000123 5 --set outcome=upheld --reason mistyped --by 'Chen Jie'")
)
def correct(
    name: Name,
    version: Version,
    reason: Reason,
    by: By,
    fields: Annotated[
        list[str], typer.Option("--set", metavar="FIELD=VALUE", help="A field that is to be read so; may be repeated.")
    ],
    topic: Annotated[
        str | None,
        typer.Option("--topic", help="What it really was, such as case-resolved.1; all its fields are needed."),
    ] = None,
    book: Book = None,
    single_role: SingleRole = False,
    json: Json = False,
) -> None:
    """Ask that an event be read otherwise. Nothing changes before somebody else approves."""
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import amending

        with _workspace(terminal, book, writes=True, single_role=single_role) as workspace:
            amending.correct(workspace, terminal, name, version, fields, reason, by, topic)


@app.command(epilog=example("daybook amend void C2026-000123 5 --reason 'entered twice' --by 'Chen Jie'"))
def void(
    name: Name, version: Version, reason: Reason, by: By, book: Book = None, single_role: SingleRole = False,
    json: Json = False,
) -> None:  # fmt: skip
    """Ask that an event count no longer; of a correction or a void, that it be taken back."""
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import amending

        with _workspace(terminal, book, writes=True, single_role=single_role) as workspace:
            amending.void(workspace, terminal, name, version, reason, by)


@app.command(epilog=example("daybook amend approve C2026-000123 6 --by 'Director Li'"))
def approve(
    name: Name, request: Request, by: By, book: Book = None, single_role: SingleRole = False, json: Json = False
) -> None:
    """Approve what somebody else asked for."""
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import amending

        with _workspace(terminal, book, writes=True, single_role=single_role) as workspace:
            amending.approve(workspace, terminal, name, request, by)


@app.command(epilog=example("daybook amend decline C2026-000123 6 --reason 'it was so' --by 'Director Li'"))
def decline(
    name: Name, request: Request, reason: Reason, by: By, book: Book = None, single_role: SingleRole = False,
    json: Json = False,
) -> None:  # fmt: skip
    """Turn down what was asked for; who asked may do so too."""
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import amending

        with _workspace(terminal, book, writes=True, single_role=single_role) as workspace:
            amending.decline(workspace, terminal, name, request, reason, by)


@app.command("list", epilog=example("daybook amend list C2026-000123 --json"))
def list_(name: Name, book: Book = None, json: Json = False) -> None:
    """Show what was asked for, and what became of it."""
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import amending

        with _workspace(terminal, book, writes=False, single_role=False) as workspace:
            amending.listed(workspace, terminal, name)


@app.command(
    epilog=example("daybook amend own-approval --allow --reason 'two people in the office' --by 'Director Li'")
)
def own_approval(
    allow: Annotated[bool, typer.Option("--allow/--forbid", help="Whether who asks may approve.")],
    reason: Reason,
    by: By,
    book: Book = None,
    single_role: SingleRole = False,
    json: Json = False,
) -> None:
    """Say whether people may approve what they asked for themselves; the book records it."""
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import amending

        with _workspace(terminal, book, writes=True, single_role=single_role) as workspace:
            amending.own_approval(workspace, terminal, allowed=allow, reason=reason, by=by)
