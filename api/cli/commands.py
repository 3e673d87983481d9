"""The commands of `daybook`, with their options; each does its work in a module of its own, read when it is run."""

from __future__ import annotations

from importlib.metadata import version as distribution_version
from pathlib import Path
from typing import Annotated

import typer

from api.cli import (
    amend,
    attachment,
    calendar,
    compare,
    customers,
    differing,
    documents,
    export,
    history,
    policy,
    review,
    setting,
    sla,
    unit,
)
from api.cli.as_of import AsOf, as_of
from api.cli.conform import conformance
from api.cli.exits import MEANINGS
from api.cli.options import All, Book, Json, Known, Limit, Port, SingleRole, ValidToo, Whose, example
from api.cli.period import From, RecordedFrom, RecordedTo, To
from api.cli.project import project
from api.cli.terminal import Terminal, answering
from api.cli.tokens import token
from domain.book import BookTime
from domain.channel import Channel
from projections.movement import MovementKind
from projections.timeline import EntryKind
from replay.as_of import KnownBy

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: " + "; ".join(f"{int(code)} {meaning}" for code, meaning in MEANINGS.items()) + ".",
)

app.add_typer(amend.app, name="amend")
app.add_typer(attachment.app, name="attachment")
app.add_typer(calendar.app, name="calendar")
app.add_typer(customers.app, name="customer")
app.add_typer(differing.app, name="diff")
app.add_typer(documents.app, name="documents")
app.add_typer(export.app, name="export")
app.add_typer(policy.app, name="policy")
app.add_typer(review.app, name="review")
app.add_typer(sla.app, name="sla")
app.add_typer(unit.app, name="unit")
app.command(epilog=example("daybook case C2026-000123 --known 2026-03-31"))(history.case)
app.command(epilog=example("daybook conformance --kind complaint --from 2026-01-01 --to 2026-03-31"))(conformance)
app.command(epilog=compare.EXAMPLE)(compare.compare)
app.command(epilog=example("daybook settings"))(setting.settings)
app.command(epilog=example("daybook token --role agent --unit 北京分部 --name 王芳 --expires 8h"))(token)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"daybook {distribution_version('daybook')}")
        raise typer.Exit


@app.callback()
def daybook(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """An event-sourced ledger of customer interactions.

    Without DATABASE_URL it keeps its data in a PostgreSQL of its own, in .data of the current folder.
    """


@app.command(epilog=example("daybook demo --cases 500 --port 8080"))
def demo(
    cases: Annotated[int, typer.Option("--cases", min=1, max=1_000_000, help="How many cases the year has.")] = 2_000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Another seed, another year.")] = 1,
    port: Port = 8_000,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Fill the book and leave.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Throw the demo's book away and fill another.")] = False,
    json: Json = False,
) -> None:
    """Fill a simulated book with a year of an invented group, and serve it."""
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import demonstrating
        from api.settings import Settings

        settings = Settings.from_environment()
        demonstrating.run(settings, terminal, cases=cases, seed=seed, port=None if no_serve else port, fresh=fresh)


@app.command(epilog=example("daybook serve --port 8080"))
def serve(
    host: Annotated[
        str, typer.Option("--host", help="An address of this machine; without sign-in, a loopback address only.")
    ] = "127.0.0.1",
    port: Port = 8_000,
    book: Book = None,
    development_tokens: Annotated[
        bool,
        typer.Option("--development-tokens", help="Let in by what `daybook token` signs; for this machine alone."),
    ] = False,
    single_role: SingleRole = False,
    json: Json = False,
) -> None:
    """Serve GraphQL, and keep the views up to date."""
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import serving
        from api.settings import Settings
        from api.workspace import Workspace

        settings = Settings.from_environment()
        with (
            serving.listening_on(settings, host, port, development=development_tokens) as listening,
            Workspace(
                settings, book=book, writes=True, single_role=single_role, longest=settings.longest, told=terminal.say
            ) as workspace,
        ):
            serving.run(workspace, terminal, listening, development=development_tokens)


@app.command(epilog=example("daybook migrate --open main --zone Asia/Shanghai"))
def migrate(
    opened: Annotated[
        str | None, typer.Option("--open", metavar="BOOK", help="Open a book of this name as well, for good.")
    ] = None,
    zone: Annotated[
        str | None, typer.Option("--zone", help="The IANA zone in which the book's years begin; DAYBOOK_ZONE, or UTC.")
    ] = None,
    time: Annotated[
        BookTime, typer.Option("--time", help="Whose clock says when the book's events were recorded.")
    ] = BookTime.LIVE,
    json: Json = False,
) -> None:
    """Bring the database's schema forward, as its owner (DAYBOOK_OWNER_URL)."""
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import migrating
        from api.settings import Settings

        migrating.run(Settings.from_environment(), terminal, opened=opened, zone=zone, time=time)


@app.command("import", epilog=example("daybook import incidents.csv.gz --mapping servicenow --dry-run"))
def import_(
    file: Annotated[Path, typer.Argument(help="The file; gzip is read as it is.")],
    mapping: Annotated[
        str, typer.Option("--mapping", metavar="NAME|FILE", help="A mapping that ships, by name, or a TOML file.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do everything but write.")] = False,
    rejects: Annotated[
        Path | None,
        typer.Option(
            "--rejects", metavar="FILE", help="Where rejected rows go; by default FILE's name with .rejects.csv."
        ),
    ] = None,
    no_project: Annotated[
        bool, typer.Option("--no-project", help="Leave the views to `daybook project`, or to a server.")
    ] = False,
    source_times: Annotated[
        bool,
        typer.Option(
            "--source-times",
            help="Record each row when its source did, in a simulated book; one that is not there is opened.",
        ),
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show what the first rows would become, by which rules, and leave.")
    ] = False,
    rows: Annotated[int, typer.Option("--rows", min=1, max=10_000, help="How many rows --explain shows.")] = 10,
    book: Book = None,
    single_role: SingleRole = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
    json: Json = False,
) -> None:
    """Import a history from a file by a mapping; asked again, it goes on where it was and adds nothing twice."""
    terminal = Terminal(json=json, quiet=quiet)
    with answering(terminal):
        from api.cli import explaining, importing
        from api.settings import Settings
        from api.workspace import Workspace

        settings = Settings.from_environment()
        new_book = importing.book_of(file, mapping) if source_times and not (dry_run or explain) else None
        with Workspace(
            settings, book=book, new_book=new_book, writes=True, single_role=single_role, told=terminal.say
        ) as workspace:
            if explain:
                end = explaining.run(workspace, terminal, file, mapping, rows)
            else:
                end = importing.run(
                    workspace,
                    terminal,
                    file,
                    mapping,
                    dry_run=dry_run,
                    rejects=rejects,
                    project=not no_project,
                    source_times=source_times,
                )
        raise typer.Exit(end)


app.command(epilog=example("daybook project --rebuild case_file"))(project)


@app.command(epilog=example("daybook alarms --once"))
def alarms(
    once: Annotated[bool, typer.Option("--once", help="Note what is due by now, and leave.")] = False,
    until: Annotated[
        AsOf | None,
        typer.Option(
            "--until",
            parser=as_of,
            metavar="DATE",
            help="In simulated books: note what is due by the end of a day, or by an instant, and leave.",
        ),
    ] = None,
    book: Annotated[str | None, typer.Option("--book", help="One book; by default all of them.")] = None,
    single_role: SingleRole = False,
    json: Json = False,
) -> None:
    """Note warnings, missed deadlines and escalations as they become due, each once, until Ctrl-C."""
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import alarming
        from api.settings import Settings
        from api.workspace import Workspace

        settings = Settings.from_environment()
        with Workspace(settings, book=book, writes=True, single_role=single_role, told=terminal.say) as workspace:
            end = alarming.run(workspace, terminal, one_book=book is not None, once=once, until=until)
        raise typer.Exit(end)


@app.command(epilog=example("daybook status --json"))
def status(json: Json = False) -> None:
    """Show the books, where they stand, and how far each view has read."""
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import status as answer
        from api.settings import Settings
        from api.workspace import Workspace

        with Workspace(Settings.from_environment(), told=terminal.say) as workspace:
            end = answer.run(workspace, terminal)
        raise typer.Exit(end)


@app.command(epilog=example("daybook timeline CUST-0001 --from 2026-03-01 --to 2026-03-31"))
def timeline(
    name: Annotated[str, typer.Argument(metavar="CUSTOMER", help="Their key where they came from, or their id.")],
    since: From = None,
    until: To = None,
    kinds: Annotated[
        list[EntryKind] | None, typer.Option("--kind", help="Only entries of this kind; may be repeated.")
    ] = None,
    channels: Annotated[
        list[Channel] | None, typer.Option("--channel", help="Only entries by this channel; may be repeated.")
    ] = None,
    oldest: Annotated[bool, typer.Option("--oldest-first", help="Begin with the oldest, not the latest.")] = False,
    limit: Limit = 50,
    everything: All = False,
    book: Book = None,
    json: Json = False,
) -> None:
    """Show everything that happened with a customer and their cases, in one order."""
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import timeline as answer
        from api.cli.period import period
        from api.settings import Settings
        from api.workspace import Workspace
        from projections.timeline import TimelineFilter

        with Workspace(Settings.from_environment(), book=book, told=terminal.say) as workspace:
            within = period(since, until, workspace.ledger.zone)
            where = TimelineFilter(
                kinds=tuple(kinds or ()),
                channels=tuple(channels or ()),
                occurred_from=within.since,
                occurred_before=within.before,
            )
            answer.run(workspace, terminal, name, where, limit=None if everything else limit, oldest=oldest)


@app.command(epilog=example("daybook movements --by-units --from 2026-03-01 --to 2026-03-31"))
def movements(
    name: Annotated[
        str | None, typer.Argument(metavar="[CASE]", help="One case, by its number, its key or its id.")
    ] = None,
    by_units: Annotated[
        bool, typer.Option("--by-units", help="Count them by the units that cases went from and to.")
    ] = False,
    kinds: Annotated[
        list[MovementKind] | None, typer.Option("--kind", help="Only movements of this kind; may be repeated.")
    ] = None,
    since: From = None,
    until: To = None,
    limit: Limit = 50,
    everything: All = False,
    book: Book = None,
    json: Json = False,
) -> None:
    """Show how cases changed hands: one case's, the book's, or counted by units."""
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import movements as answer
        from api.cli.exits import WrongUse
        from api.cli.period import period
        from api.settings import Settings
        from api.workspace import Workspace

        if by_units and name is not None:
            raise WrongUse("--by-units counts the movements of all cases; leave the case out.")
        with Workspace(Settings.from_environment(), book=book, told=terminal.say) as workspace:
            within = period(since, until, workspace.ledger.zone)
            if by_units:
                answer.by_units(workspace, terminal, kinds or (), within)
            else:
                most = None if everything else limit
                answer.run(workspace, terminal, name, kinds or (), within, limit=most)


@app.command(epilog=example("daybook register --series C2026 --gaps"))
def register(
    series: Annotated[str | None, typer.Option("--series", help="One series of numbers, such as C2026.")] = None,
    gaps: Annotated[bool, typer.Option("--gaps", help="Say whether numbers are missing; exit code 4 if so.")] = False,
    early: Annotated[
        bool, typer.Option("--early", help="What was handled before it was registered, or without ever being.")
    ] = False,
    late: Annotated[
        int | None,
        typer.Option(
            "--late",
            metavar="HOURS",
            min=0,
            max=2_000_000,
            help="Receipts written down so many hours late.",
        ),
    ] = None,
    at_source: Annotated[
        bool, typer.Option("--at-source", help="With --late: those that came with the time of their source, by that.")
    ] = False,
    limit: Limit = 50,
    everything: All = False,
    book: Book = None,
    json: Json = False,
) -> None:
    """Show the register: the numbers in their order, or what is out of order with them."""
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import registering as answer
        from api.cli.exits import Exit, WrongUse
        from api.settings import Settings
        from api.workspace import Workspace

        if gaps + early + (late is not None) > 1 or (series and (early or late is not None)):
            raise WrongUse("Ask for one thing: --gaps, --early or --late; --series goes with --gaps or alone.")
        if at_source and late is None:
            raise WrongUse("--at-source goes with --late.")
        end, most = Exit.DONE, None if everything else limit
        with Workspace(Settings.from_environment(), book=book, told=terminal.say) as workspace:
            if gaps:
                end = answer.gaps(workspace, terminal, series)
            elif early:
                answer.early(workspace, terminal, limit=most)
            elif late is not None:
                answer.back_dated(workspace, terminal, late, at_source=at_source, limit=most)
            else:
                answer.numbers(workspace, terminal, series, limit=most)
        raise typer.Exit(end)


@app.command(epilog=example("daybook units --known 2026-04-30 --valid 2026-03-31"))
def units(
    known: Known = None, valid: ValidToo = None, by: Whose = KnownBy.LEDGER, book: Book = None, json: Json = False
) -> None:
    """Show the tree of units, as it is or as of two instants: as known when, and as it stood when."""
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import units as answer
        from api.cli.past import AskedPast
        from api.settings import Settings
        from api.workspace import Workspace

        with Workspace(Settings.from_environment(), book=book, told=terminal.say) as workspace:
            answer.run(workspace, terminal, AskedPast(known, valid, by))


@app.command(epilog=example("daybook audit C2026-000123"))
def audit(
    name: Annotated[
        str | None,
        typer.Argument(
            help="What it is about: a case by its number, its key or its id; anything else by its stream, "
            "customer-0b5e... Without it, the whole book."
        ),
    ] = None,
    actor: Annotated[str | None, typer.Option("--actor", metavar="NAME", help="Only what this actor did.")] = None,
    topic: Annotated[
        str | None, typer.Option("--topic", help="Only events of this topic, such as case-resolved.")
    ] = None,
    begin: RecordedFrom = None,
    end: RecordedTo = None,
    departures: Annotated[
        bool, typer.Option("--departures", help="Only what left the declared life, and counts of it by kind.")
    ] = False,
    overrides: Annotated[
        bool,
        typer.Option(
            "--overrides",
            help="Only back-dated events, amendments, asked pauses, own approvals and departures, and counts by actor.",
        ),
    ] = False,
    limit: Limit = 50,
    everything: All = False,
    book: Book = None,
    json: Json = False,
) -> None:
    """Show who did what to which subject as it was written, and what each event changed."""
    terminal = Terminal(json=json)
    with answering(terminal):
        from api.cli import auditing
        from api.settings import Settings
        from api.workspace import Workspace

        asked = auditing.Asked(
            name, actor, topic, begin, end, departures, overrides, limit=None if everything else limit
        )
        with Workspace(Settings.from_environment(), book=book, told=terminal.say) as workspace:
            auditing.run(workspace, terminal, asked)
