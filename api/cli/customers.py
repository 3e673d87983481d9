"""The commands of `daybook customer`, with their options."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typing_extensions import override

from api.cli.options import All, At, Book, Json, Known, Limit, Valid, Whose, example
from api.cli.past import AskedPast
from api.cli.terminal import Terminal, answering
from replay.as_of import KnownBy

SHOW = "show"


class ShowsOne(TyperGroup):
    """Commands among which one need not be named: `daybook customer K-1024` is `daybook customer show K-1024`."""

    @override
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The arguments, led by the command that they mean."""
        named = bool(args) and args[0] not in {*self.commands, *ctx.help_option_names}
        return super().parse_args(ctx, [SHOW, *args] if named else args)


app = typer.Typer(
    cls=ShowsOne,
    no_args_is_help=True,
    help="Show who a customer is, or find one by what they go by.",
    epilog=example("daybook customer K-1024 --as-of 2026-03-31"),
)


@app.command(SHOW, epilog=example("daybook customer show K-1024 --known 2026-03-31 --valid 2026-03-02"))
def show(
    name: Annotated[str, typer.Argument(help="Their key where they came from, or their id.")],
    at: At = None,
    known: Known = None,
    valid: Valid = None,
    whose: Whose = KnownBy.LEDGER,
    book: Book = None,
    json: Json = False,
) -> None:
    """Show who a customer is, with their tier as of a day; the survivor, if they were merged.

    With --known or --valid it is their file as it was: what was known then, as far as it had occurred by then. A key is
    looked up as it is now. The word `show` may be left out, unless the customer's key is the name of a command.
    """
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import customer as answer
        from api.settings import Settings
        from api.workspace import Workspace

        with Workspace(Settings.from_environment(), book=book, told=terminal.say) as workspace:
            answer.run(workspace, terminal, name, at, AskedPast(known, valid, whose))


@app.command(epilog=example("daybook customer find '+86 138 0000 1111'"))
def find(
    text: Annotated[
        str,
        typer.Argument(help="A name or the beginnings of its words, a phone number, an address, an account, a key."),
    ],
    limit: Limit = 20,
    everything: All = False,
    book: Book = None,
    json: Json = False,
) -> None:
    """Find customers by name, phone number, e-mail address or key; who was registered last comes first."""
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import customers_found as answer
        from api.settings import Settings
        from api.workspace import Workspace

        with Workspace(Settings.from_environment(), book=book, told=terminal.say) as workspace:
            answer.run(workspace, terminal, text, limit=None if everything else limit)
