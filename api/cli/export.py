"""The commands of `daybook export`: a history as files for programs of others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.options import Book, Json, Known, Valid, Whose, example
from api.cli.period import From, RecordedFrom, RecordedTo, To
from api.cli.terminal import Terminal, answering
from domain.stream import Category
from replay.as_of import KnownBy
from replay.export.tables import Table

if TYPE_CHECKING:
    from api.cli.exporting import Tabular, Typed

app = typer.Typer(no_args_is_help=True, help="Write events as files for programs of others.")

Out = Annotated[
    Path,
    typer.Option("--out", metavar="FILE", help="The file; compressed when it ends in .gz. `-` is standard output."),
]
Kinds = Annotated[
    list[Category] | None, typer.Option("--kind", help="Only events in streams of this kind; may be repeated.")
]
Cases = Annotated[
    list[str] | None,
    typer.Option("--case", metavar="NUMBER|KEY|ID", help="Only the events of this case; may be repeated."),
]
Customer = Annotated[
    str | None,
    typer.Option("--customer", metavar="KEY|ID", help="Only the customer's file and what ever was about them, whole."),
]
Unit = Annotated[
    str | None,
    typer.Option("--unit", metavar="NAME", help="Only what ever had to do with this unit or one below it, whole."),
]
Topics = Annotated[
    list[str] | None, typer.Option("--topic", help="Only events of this topic, such as case-resolved; may be repeated.")
]
Actors = Annotated[
    list[str] | None, typer.Option("--actor", metavar="NAME", help="Only what this actor did; may be repeated.")
]
AsWritten = Annotated[
    bool,
    typer.Option("--as-written", help="Events as they were first written, and corrections and voids as such."),
]
SkipUnknown = Annotated[
    bool,
    typer.Option("--skip-unknown", help="Mark events that this program cannot read, instead of ending at the first."),
]
Force = Annotated[bool, typer.Option("--force", help="Replace what is there under the name.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]


@app.callback()
def export() -> None:
    """Write events as files for programs of others. Personal values are never among them."""


@app.command(epilog=example("daybook export ocel --out march.json.gz --from 2026-03-01 --to 2026-03-31"))
def ocel(
    out: Out,
    known: Known = None,
    valid: Valid = None,
    known_by: Whose = KnownBy.LEDGER,
    since: From = None,
    until: To = None,
    recorded_from: RecordedFrom = None,
    recorded_to: RecordedTo = None,
    kind: Kinds = None,
    case: Cases = None,
    customer: Customer = None,
    unit: Unit = None,
    topic: Topics = None,
    actor: Actors = None,
    as_written: AsWritten = False,
    skip_unknown: SkipUnknown = False,
    force: Force = False,
    quiet: Quiet = False,
    book: Book = None,
    json: Json = False,
) -> None:
    """Write an object-centric event log: OCEL 2.0 in JSON, for process mining.

    An event has the objects that it has to do with; its time is when it occurred. Work names of staff are in the file,
    personal values of customers are not: only whether there is one.
    """
    from api.cli.exporting import Typed

    times = (since, until, recorded_from, recorded_to)
    typed = Typed(
        times, tuple(kind or ()), tuple(case or ()), customer, unit, tuple(topic or ()), tuple(actor or ()),
        known, valid, known_by, as_written, skip_unknown,
    )  # fmt: skip
    _run(typed, out, None, book, force=force, quiet=quiet, json=json)


@app.command("csv", epilog=example("daybook export csv --out march --from 2026-03-01 --to 2026-03-31"))
def csv_(
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            metavar="FOLDER|FILE",
            help="A folder for all tables; or a file for one of them, which ends in .csv or .csv.gz. `-` is standard "
            "output.",
        ),
    ],
    table: Annotated[
        Table | None, typer.Option("--table", help="Which table a file or standard output gets; the events by default.")
    ] = None,
    gzip: Annotated[bool, typer.Option("--gzip", help="Compress the tables of a folder.")] = False,
    exact: Annotated[
        bool,
        typer.Option("--exact", help="No apostrophe before cells that a spreadsheet would take for formulas."),
    ] = False,
    known: Known = None,
    valid: Valid = None,
    known_by: Whose = KnownBy.LEDGER,
    since: From = None,
    until: To = None,
    recorded_from: RecordedFrom = None,
    recorded_to: RecordedTo = None,
    kind: Kinds = None,
    case: Cases = None,
    customer: Customer = None,
    unit: Unit = None,
    topic: Topics = None,
    actor: Actors = None,
    as_written: AsWritten = False,
    skip_unknown: SkipUnknown = False,
    force: Force = False,
    quiet: Quiet = False,
    book: Book = None,
    json: Json = False,
) -> None:
    """Write events, objects, their changes and relations as tables in CSV.

    Personal values are not among them: only whether there is one.
    """
    from api.cli.exporting import Tabular, Typed

    times = (since, until, recorded_from, recorded_to)
    typed = Typed(
        times, tuple(kind or ()), tuple(case or ()), customer, unit, tuple(topic or ()), tuple(actor or ()),
        known, valid, known_by, as_written, skip_unknown,
    )  # fmt: skip
    _run(typed, out, Tabular(table, gzip, exact), book, force=force, quiet=quiet, json=json)


def _run(
    typed: Typed, out: Path, tabular: Tabular | None, book: str | None, *, force: bool, quiet: bool, json: bool
) -> None:
    terminal = Terminal(json=json, quiet=quiet)
    with answering(terminal):
        from api.cli import exporting
        from api.settings import Settings
        from api.workspace import Workspace

        exporting.check(out, tabular, json=json)
        with Workspace(Settings.from_environment(), book=book, told=terminal.say) as workspace:
            exporting.run(workspace, terminal, typed, out, tabular, force=force)
