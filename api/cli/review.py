"""The commands of `daybook review`: what an auditor asks for on the first day."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.lasting import UNITS, Lasting, lasting
from api.cli.options import All, At, Book, Json, Known, Limit, Valid, Whose, example
from api.cli.period import RecordedFrom, RecordedTo
from api.cli.terminal import Terminal, answering
from api.populations import Population
from domain.case.state import Status
from domain.case.vocabulary import CaseKind
from projections.audit_trail import Override
from replay.as_of import KnownBy

app = typer.Typer(
    no_args_is_help=True, help="Review lists (审查清单): overrides, roles, administrators, and random samples."
)

Actor = Annotated[str | None, typer.Option("--actor", metavar="NAME", help="Only what this actor did.")]
Over = Annotated[
    Lasting | None,
    typer.Option(
        "--over",
        parser=lasting,
        metavar="TIME",
        help="What counts as back-dated: recorded so long after it occurred, 3d, 36h or 90m; a day by default.",
    ),
]


@app.command(epilog=example("daybook review overrides --kind back-dated --over 3d --recorded-from 2026-01-01"))
def overrides(
    actor: Actor = None,
    kinds: Annotated[
        list[Override] | None, typer.Option("--kind", help="Only overrides of this kind; may be given several times.")
    ] = None,
    over: Over = None,
    begin: RecordedFrom = None,
    end: RecordedTo = None,
    limit: Limit = 50,
    everything: All = False,
    book: Book = None,
    json: Json = False,
) -> None:
    """Count overrides by who acted, and show the events behind the counts, with who asked and who approved."""
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import reviewing as answer
        from api.settings import Settings
        from api.workspace import Workspace

        with Workspace(Settings.from_environment(), book=book, told=terminal.say) as workspace:
            asked = answer.Asked(actor, begin, end, None if everything else limit)
            answer.overrides(workspace, terminal, asked, tuple(kinds or ()), over.time if over else UNITS["d"])


@app.command(epilog=example("daybook review roles --as-of 2026-03-31 --role supervisor"))
def roles(
    at: At = None,
    actor: Actor = None,
    role: Annotated[
        str | None, typer.Option("--role", metavar="NAME", help="Only this role, as it was claimed.")
    ] = None,
    unit: Annotated[str | None, typer.Option("--unit", metavar="NAME", help="Only those of this unit.")] = None,
    begin: RecordedFrom = None,
    known: Known = None,
    limit: Limit = 200,
    everything: All = False,
    book: Book = None,
    json: Json = False,
) -> None:
    """Show in which roles people acted, as they claimed them, and what was recorded of staff: units, posts, grades."""
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import reviewing as answer
        from api.cli.past import AskedPast
        from api.settings import Settings
        from api.workspace import Workspace

        with Workspace(Settings.from_environment(), book=book, told=terminal.say) as workspace:
            asked = answer.Asked(actor, begin, None, None if everything else limit)
            answer.roles(workspace, terminal, asked, role, unit, AskedPast(known, at))


@app.command(epilog=example("daybook review administrators --recorded-from 2026-01-01 --json"))
def administrators(
    actor: Actor = None,
    begin: RecordedFrom = None,
    end: RecordedTo = None,
    limit: Limit = 50,
    everything: All = False,
    book: Book = None,
    json: Json = False,
) -> None:
    """Show what administrators did, and what touched the book itself: standards, imports, revealed values."""
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import reviewing as answer
        from api.settings import Settings
        from api.workspace import Workspace

        with Workspace(Settings.from_environment(), book=book, told=terminal.say) as workspace:
            answer.administrators(workspace, terminal, answer.Asked(actor, begin, end, None if everything else limit))


@app.command(
    epilog=example("daybook review sample --population cases --kind complaint --from 2026-01-01 --size 25 --seed 7319")
)
def sample(
    population: Annotated[Population, typer.Option("--population", help="What to draw from.")],
    size: Annotated[int, typer.Option("--size", min=1, max=100_000, help="How many to draw.")],
    seed: Annotated[
        str, typer.Option("--seed", metavar="TEXT", help="The same seed draws the same; agree on it beforehand.")
    ],
    since: Annotated[
        str | None,
        typer.Option("--from", metavar="DAY|INSTANT", help="Only what was received, due or recorded then or later."),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="DAY|INSTANT", help="Only what was received, due or recorded by the end of that day."
        ),
    ] = None,
    kinds: Annotated[
        list[CaseKind] | None, typer.Option("--kind", help="Only cases of this kind; may be given several times.")
    ] = None,
    statuses: Annotated[
        list[Status] | None, typer.Option("--status", help="Only cases that stand so; may be given several times.")
    ] = None,
    unit: Annotated[str | None, typer.Option("--unit", metavar="NAME", help="Only cases that this unit has.")] = None,
    known: Known = None,
    valid: Valid = None,
    by: Whose = KnownBy.LEDGER,
    book: Book = None,
    json: Json = False,
) -> None:
    """Draw a random sample that anybody can draw again, with totals of control of what it was drawn from."""
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import sampling as answer
        from api.cli.past import AskedPast
        from api.settings import Settings
        from api.workspace import Workspace

        asked = answer.Asked(
            population, since, until, tuple(kinds or ()), tuple(statuses or ()), unit, AskedPast(known, valid, by)
        )
        with Workspace(Settings.from_environment(), book=book, told=terminal.say) as workspace:
            answer.run(workspace, terminal, asked, answer.sampling(seed, size))
