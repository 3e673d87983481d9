"""The commands of `daybook diff`, with their options."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.as_of import AsOf, as_of, known_by
from api.cli.exits import Exit, WrongUse
from api.cli.options import Book, Json, example
from api.cli.past import AskedPast
from api.cli.terminal import Terminal, answering
from replay.as_of import KnownBy

if TYPE_CHECKING:
    from api.workspace import Workspace

FromKnown = Annotated[
    Any,  # a position or an `AsOf`, of which `typer` knows no union
    typer.Option(
        "--from-known",
        parser=known_by,
        metavar="AT|POSITION",
        help="The one side: as it was known then, by a day (its end), an instant with an offset, a local time as "
        "2026-03-02T09:00[Asia/Shanghai], or a position of the book. Now by default.",
    ),
]
FromValid = Annotated[
    AsOf | None,
    typer.Option(
        "--from-valid",
        parser=as_of,
        metavar="AT",
        help="As far as it had occurred by then; by what --from-known says when left out.",
    ),
]
FromWhose = Annotated[
    KnownBy, typer.Option("--from-known-by", help="Who had to know of it: this ledger, or the source it came from.")
]
ToKnown = Annotated[
    Any,  # a position or an `AsOf`, of which `typer` knows no union
    typer.Option("--to-known", parser=known_by, metavar="AT|POSITION", help="The other side, alike. Now by default."),
]
ToValid = Annotated[
    AsOf | None,
    typer.Option("--to-valid", parser=as_of, metavar="AT", help="By what --to-known says when left out."),
]
ToWhose = Annotated[KnownBy, typer.Option("--to-known-by", help="As --from-known-by, for the other side.")]
ExitCode = Annotated[
    bool, typer.Option("--exit-code", help="End with 1 when something differs, and with 0 when nothing does.")
]

app = typer.Typer(
    no_args_is_help=True,
    help="Show what is otherwise with a case or a customer between two points of the past, and because of what.",
    epilog=example("daybook diff case C2026-000123 --from-known 2026-03-31"),
)


@app.command(epilog=example("daybook diff case C2026-000123 --from-known 2026-03-31 --to-valid 2026-03-31"))
def case(
    name: Annotated[str, typer.Argument(help="Its register number, its key where it came from, or its id.")],
    from_known: FromKnown = None,
    from_valid: FromValid = None,
    from_by: FromWhose = KnownBy.LEDGER,
    to_known: ToKnown = None,
    to_valid: ToValid = None,
    to_by: ToWhose = KnownBy.LEDGER,
    exit_code: ExitCode = False,
    book: Book = None,
    json: Json = False,
) -> None:
    """Show what is otherwise with a case: each field, what it was, what it is, and the events that made it so.

    With --from-known and --to-valid of one day it is what became known afterwards of the time until then: late records
    and corrections, and nothing that happened since.
    """
    sides = AskedPast(from_known, from_valid, from_by), AskedPast(to_known, to_valid, to_by)

    def answer(workspace: Workspace, terminal: Terminal) -> bool:
        from api.cli import difference

        return difference.of_case(workspace, terminal, name, *sides)

    _answered(answer, sides, exit_code=exit_code, book=book, json=json)


@app.command(epilog=example("daybook diff customer K-1024 --from-known 48000 --to-known 51200"))
def customer(
    name: Annotated[str, typer.Argument(help="Their key where they came from, or their id.")],
    from_known: FromKnown = None,
    from_valid: FromValid = None,
    from_by: FromWhose = KnownBy.LEDGER,
    to_known: ToKnown = None,
    to_valid: ToValid = None,
    to_by: ToWhose = KnownBy.LEDGER,
    exit_code: ExitCode = False,
    book: Book = None,
    json: Json = False,
) -> None:
    """Show what is otherwise with a customer, by their own file: that they proved to be somebody else is a difference.

    A key is looked up as it is now.
    """
    sides = AskedPast(from_known, from_valid, from_by), AskedPast(to_known, to_valid, to_by)

    def answer(workspace: Workspace, terminal: Terminal) -> bool:
        from api.cli import difference

        return difference.of_customer(workspace, terminal, name, *sides)

    _answered(answer, sides, exit_code=exit_code, book=book, json=json)


def _answered(
    answer: Callable[[Workspace, Terminal], bool],
    sides: tuple[AskedPast, AskedPast],
    *,
    exit_code: bool,
    book: str | None,
    json: bool,
) -> None:
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.settings import Settings
        from api.workspace import Workspace

        if all(side.is_now for side in sides):
            raise WrongUse(
                "Both sides are now. Say which past to begin with: --from-known for what was known by then, or "
                "--from-valid for what had occurred by then; the other side is now unless --to-known or --to-valid say."
            )
        with Workspace(Settings.from_environment(), book=book, told=terminal.say) as workspace:
            differs = answer(workspace, terminal)
        raise typer.Exit(Exit.NO if differs and exit_code else Exit.DONE)
