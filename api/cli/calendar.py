"""The commands of `daybook calendar`, with their options."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.as_of import AsOf, as_of
from api.cli.options import Book, Json, Known, SingleRole, Whose, example
from api.cli.terminal import Terminal, answering
from replay.as_of import KnownBy

if TYPE_CHECKING:
    from api.workspace import Workspace

app = typer.Typer(
    no_args_is_help=True,
    help="Keep the calendars (工作日历) by which deadlines count: one person proposes, another publishes.",
)

File = Annotated[Path, typer.Argument(help="A calendar as a TOML file; examples/calendars has some.")]
Effective = Annotated[
    str | None,
    typer.Option(
        "--effective", metavar="DATE", help="The first date for which it holds; today in its zone by default."
    ),
]
Reason = Annotated[str | None, typer.Option("--reason", help="Why; by default the file's name.")]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="The member of staff who does this.")]
Proposal = Annotated[
    int, typer.Argument(min=1, help="The number of the proposal, as `daybook calendar list` shows it.")
]


@contextmanager
def _workspace(terminal: Terminal, book: str | None, *, writes: bool, single_role: bool) -> Iterator[Workspace]:
    from api.settings import Settings
    from api.workspace import Workspace

    settings = Settings.from_environment()
    with Workspace(settings, book=book, writes=writes, single_role=single_role, told=terminal.say) as workspace:
        yield workspace


@app.command(
    epilog=example(
        "daybook calendar publish examples/calendars/china-bank.toml --effective 2026-01-01 "
        "--by 'Chen Jie' --approved-by 'Director Li'"
    )
)
def publish(
    file: File,
    by: By,
    approved_by: Annotated[
        str, typer.Option("--approved-by", metavar="NAME", help="The member of staff who approves it: somebody else.")
    ],
    effective: Effective = None,
    reason: Reason = None,
    book: Book = None,
    single_role: SingleRole = False,
    json: Json = False,
) -> None:
    """Propose the calendar in a file and publish it at once."""
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import publishing

        asked = publishing.asked(file, effective, reason, by)
        with _workspace(terminal, book, writes=True, single_role=single_role) as workspace:
            publishing.publish(workspace, terminal, asked, approved_by)


@app.command(epilog=example("daybook calendar propose examples/calendars/china-bank.toml --by 'Chen Jie'"))
def propose(
    file: File,
    by: By,
    effective: Effective = None,
    reason: Reason = None,
    book: Book = None,
    single_role: SingleRole = False,
    json: Json = False,
) -> None:
    """Propose the calendar in a file. Nothing counts by it before somebody else approves."""
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import publishing

        asked = publishing.asked(file, effective, reason, by)
        with _workspace(terminal, book, writes=True, single_role=single_role) as workspace:
            publishing.propose(workspace, terminal, asked)


@app.command(epilog=example("daybook calendar approve 3 --by 'Director Li'"))
def approve(proposal: Proposal, by: By, book: Book = None, single_role: SingleRole = False, json: Json = False) -> None:
    """Publish what somebody else proposed."""
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import publishing

        with _workspace(terminal, book, writes=True, single_role=single_role) as workspace:
            publishing.approve(workspace, terminal, proposal, by)


@app.command(epilog=example("daybook calendar decline 3 --reason 'dates of last year' --by 'Director Li'"))
def decline(
    proposal: Proposal,
    by: By,
    reason: Annotated[str, typer.Option("--reason", help="Why.")],
    book: Book = None,
    single_role: SingleRole = False,
    json: Json = False,
) -> None:
    """Turn a proposal down; who made it may do so too."""
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import publishing

        with _workspace(terminal, book, writes=True, single_role=single_role) as workspace:
            publishing.decline(workspace, terminal, proposal, reason, by)


@app.command("list", epilog=example("daybook calendar list --json"))
def list_(book: Book = None, json: Json = False) -> None:
    """Show all versions of all calendars, and the proposals that wait."""
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import publishing

        with _workspace(terminal, book, writes=False, single_role=False) as workspace:
            publishing.listed(workspace, terminal)


@app.command(epilog=example("daybook calendar show china-bank --month 2026-10"))
def show(
    name: Annotated[str, typer.Argument(help="The calendar, by its name.")],
    month: Annotated[
        str | None, typer.Option("--month", metavar="YYYY-MM", help="The month; that of --valid by default.")
    ] = None,
    known: Known = None,
    valid: Annotated[
        AsOf | None,
        typer.Option(
            "--valid",
            parser=as_of,
            metavar="AT",
            help="The month in which that lies, by the versions that hold for its dates; by what --known says when "
            "left out.",
        ),
    ] = None,
    by: Whose = KnownBy.LEDGER,
    book: Book = None,
    json: Json = False,
) -> None:
    """Show a month: working days with their hours, holidays with their names, make-up days.

    With --known: as it was known then, whatever was declared since.
    """
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import month as answer
        from api.cli.past import AskedPast

        first = None if month is None else answer.first_of(month)
        with _workspace(terminal, book, writes=False, single_role=False) as workspace:
            answer.run(workspace, terminal, name, first, AskedPast(known, valid, by))


@app.command(epilog=example("daybook calendar check examples/calendars/china-bank.toml"))
def check(file: File, json: Json = False) -> None:
    """Tell everything that is wrong with a file, each with its place and line; nothing is written."""
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import publishing

        end = publishing.check(terminal, file)
        raise typer.Exit(end)
