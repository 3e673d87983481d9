"""The commands of `daybook policy`, with their options."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.options import Book, Json, Known, SingleRole, Valid, Whose, example
from api.cli.terminal import Terminal, answering
from replay.as_of import KnownBy

if TYPE_CHECKING:
    from api.cli.policies import Asked
    from api.workspace import Workspace

app = typer.Typer(
    no_args_is_help=True,
    help="Keep the policies (服务标准) that say what is due, and when: one person proposes, another publishes.",
)

File = Annotated[Path | None, typer.Argument(metavar="FILE", help="A policy as a TOML file.")]
Library = Annotated[
    str | None, typer.Option("--library", metavar="NAME", help="Instead of FILE, a policy that ships, by its name.")
]
Effective = Annotated[
    str | None,
    typer.Option(
        "--effective", metavar="DATE", help="The first day of receipt for which it holds; today in its zone by default."
    ),
]
Before = Annotated[
    str | None, typer.Option("--before", metavar="DATE", help="The day from which on it holds no longer.")
]
Reassign = Annotated[
    bool,
    typer.Option("--reassign", help="Let it reach back before what applied already, whose cases are reassigned then."),
]
Why = Annotated[str | None, typer.Option("--reason", help="Why; by default the file's name.")]
Reason = Annotated[str, typer.Option("--reason", help="Why.")]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="The member of staff who does this.")]
Request = Annotated[int, typer.Argument(min=1, help="The number of the request, as `daybook policy list` shows it.")]


@contextmanager
def _workspace(terminal: Terminal, book: str | None, *, writes: bool, single_role: bool = False) -> Iterator[Workspace]:
    from api.settings import Settings
    from api.workspace import Workspace

    settings = Settings.from_environment()
    with Workspace(settings, book=book, writes=writes, single_role=single_role, told=terminal.say) as workspace:
        yield workspace


def _asked(
    file: Path | None,
    library: str | None,
    effective: str | None,
    before: str | None,
    reason: str | None,
    by: str,
    *,
    reassign: bool,
) -> Asked:
    """What was typed, read before any database is asked. Raises: WrongUse."""
    from api.cli import policies

    found = policies.file_of(file, library)
    return policies.Asked(
        policies.document_in(found),
        policies.day(effective, "--effective"),
        policies.day(before, "--before"),
        reassign,
        reason or Path(found.name).name,
        by,
    )


@app.command(epilog=example("daybook policy check examples/policies/group-service.toml"))
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Policies as TOML files.")],
    json: Json = False,
) -> None:
    """Tell every mistake in some files, with its place and line; no book is asked."""
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import policies

        raise typer.Exit(policies.check(terminal, files))


@app.command(
    epilog=example(
        "daybook policy publish --library fca-disp --effective 2026-01-01 --by 'Chen Jie' --approved-by 'Director Li'"
    )
)
def publish(
    by: By,
    approved_by: Annotated[
        str, typer.Option("--approved-by", metavar="NAME", help="The member of staff who approves it: somebody else.")
    ],
    file: File = None,
    library: Library = None,
    effective: Effective = None,
    before: Before = None,
    reassign: Reassign = False,
    reason: Why = None,
    book: Book = None,
    single_role: SingleRole = False,
    json: Json = False,
) -> None:
    """Propose a policy and publish it at once."""
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import policies

        asked = _asked(file, library, effective, before, reason, by, reassign=reassign)
        with _workspace(terminal, book, writes=True, single_role=single_role) as workspace:
            policies.publish(workspace, terminal, asked, approved_by)


@app.command(epilog=example("daybook policy propose examples/policies/group-service.toml --by 'Chen Jie'"))
def propose(
    by: By,
    file: File = None,
    library: Library = None,
    effective: Effective = None,
    before: Before = None,
    reassign: Reassign = False,
    reason: Why = None,
    book: Book = None,
    single_role: SingleRole = False,
    json: Json = False,
) -> None:
    """Propose a policy. No case is bound by it before somebody else approves."""
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import policies

        asked = _asked(file, library, effective, before, reason, by, reassign=reassign)
        with _workspace(terminal, book, writes=True, single_role=single_role) as workspace:
            policies.propose(workspace, terminal, asked)


@app.command(epilog=example("daybook policy approve 3 --by 'Director Li'"))
def approve(request: Request, by: By, book: Book = None, single_role: SingleRole = False, json: Json = False) -> None:
    """Publish or withdraw a policy as somebody else asked."""
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import policies

        with _workspace(terminal, book, writes=True, single_role=single_role) as workspace:
            policies.approve(workspace, terminal, request, by)


@app.command(epilog=example("daybook policy decline 3 --reason 'hours not agreed' --by 'Director Li'"))
def decline(
    request: Request, reason: Reason, by: By, book: Book = None, single_role: SingleRole = False, json: Json = False
) -> None:
    """Turn down what was asked for; who asked may do so too."""
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import policies

        with _workspace(terminal, book, writes=True, single_role=single_role) as workspace:
            policies.decline(workspace, terminal, request, reason, by)


@app.command(
    epilog=example("daybook policy withdraw group-service --before 2026-07-01 --reason replaced --by 'Chen Jie'")
)
def withdraw(
    name: Annotated[str, typer.Argument(help="The policy.")],
    before: Annotated[str, typer.Option("--before", metavar="DATE", help="The day from which on it holds no longer.")],
    reason: Reason,
    by: By,
    book: Book = None,
    single_role: SingleRole = False,
    json: Json = False,
) -> None:
    """Ask that no version of a policy be in force from a day on; somebody else approves it."""
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import policies

        ends = policies.day(before, "--before")
        with _workspace(terminal, book, writes=True, single_role=single_role) as workspace:
            if ends is not None:
                policies.withdraw(workspace, terminal, name, ends, reason, by)


@app.command("list", epilog=example("daybook policy list --known 2026-04-30 --valid 2026-03-31"))
def list_(
    known: Known = None, valid: Valid = None, by: Whose = KnownBy.LEDGER, book: Book = None, json: Json = False
) -> None:
    """Show all versions of all policies, which of them are in force, and what waits for approval.

    With --known and --valid: those that were known then, and which of them hold for what is received then.
    """
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import policies
        from api.cli.past import AskedPast

        with _workspace(terminal, book, writes=False) as workspace:
            policies.listed(workspace, terminal, AskedPast(known, valid, by))


@app.command(epilog=example("daybook policy show group-service --valid 2026-03-31"))
def show(
    name: Annotated[str, typer.Argument(help="The policy.")],
    version: Annotated[
        int | None, typer.Option("--version", min=1, help="The version; by default the one in force.")
    ] = None,
    known: Known = None,
    valid: Valid = None,
    by: Whose = KnownBy.LEDGER,
    book: Book = None,
    json: Json = False,
) -> None:
    """Show a policy in words: its rules, its targets, and how their clocks run.

    With --known and --valid: as it was known then, the version that holds for what is received then.
    """
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import policy_shown
        from api.cli.past import AskedPast

        with _workspace(terminal, book, writes=False) as workspace:
            policy_shown.show(workspace, terminal, name, version, AskedPast(known, valid, by))


@app.command(epilog=example("daybook policy diff group-service 1 2"))
def diff(
    names: Annotated[list[str], typer.Argument(metavar="NAME V1 V2 | FILE NAME", help="What to compare with what.")],
    book: Book = None,
    json: Json = False,
) -> None:
    """Show how two versions of a policy differ, or how a file would change a policy."""
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import policy_shown

        with _workspace(terminal, book, writes=False) as workspace:
            policy_shown.difference(workspace, terminal, names)


@app.command(epilog=example("daybook policy library fca-disp --toml > fca-disp.toml"))
def library(
    name: Annotated[str | None, typer.Argument(help="One policy; by default all of them, in short.")] = None,
    toml: Annotated[bool, typer.Option("--toml", help="As its file, to be copied and changed.")] = False,
    json: Json = False,
) -> None:
    """Show the policies of laws and rules that ship; no book is asked."""
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import policy_shown

        policy_shown.shipped(terminal, name, toml=toml)
