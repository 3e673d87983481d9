"""`daybook export`: events and what they have to do with, as files that appear whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

from api.cli import customer
from api.cli.as_of import AsOf as TypedAsOf
from api.cli.auditing import topics
from api.cli.case import find, is_text
from api.cli.exits import WrongUse
from api.cli.past import AskedPast, as_data, stated
from api.cli.period import instant
from api.cli.terminal import Terminal
from api.landing import STANDARD_OUTPUT, CannotLand, Landed, Landings
from api.workspace import Workspace
from domain.stream import Category, stream_of
from ledger.ledger import Ledger
from replay.as_of import AsOf, KnownBy
from replay.export.exporting import Counts, Sink, Stage, export
from replay.export.ocel import Ocel
from replay.export.related import Units
from replay.export.selection import Asked, Selection, Span
from replay.export.tables import Table, Tables
from replay.reader import Reader


class Typed(NamedTuple):
    """What was typed."""

    times: tuple[str | None, str | None, str | None, str | None]
    """Occurred from and to, recorded from and to."""
    kinds: tuple[Category, ...]
    cases: tuple[str, ...]
    customer: str | None
    unit: str | None
    topics: tuple[str, ...]
    actors: tuple[str, ...]
    known: TypedAsOf | int | None
    valid: TypedAsOf | None
    known_by: KnownBy
    as_written: bool
    skip_unknown: bool


class Tabular(NamedTuple):
    """How tables are wanted."""

    table: Table | None
    """The one that a file gets; None is the events."""
    gzip: bool
    exact: bool


class Files(NamedTuple):
    """The files of an export; the first is the one that appears last."""

    landings: Landings
    sink: Sink


def check(out: Path, tabular: Tabular | None, *, json: bool) -> None:
    """Raises: WrongUse."""
    if json and out == STANDARD_OUTPUT:
        raise WrongUse("--json answers on standard output, where the export goes; give --out a file.")
    if tabular is None:
        return
    one = _is_one(out)
    if one and tabular.gzip and out.suffix != ".gz":
        raise WrongUse("--gzip is for the tables of a folder; a file is compressed when its name ends in .csv.gz.")
    if not one and tabular.table is not None:
        raise WrongUse(
            f"--table {tabular.table} is for a file, and a folder gets all tables; give --out a name that ends in .csv "
            "or .csv.gz."
        )
    if not one and out.exists() and not out.is_dir():
        raise WrongUse(
            f"{out} is no folder; name one for all tables, or a file for one of them that ends in .csv or .csv.gz."
        )


def _is_one(out: Path) -> bool:
    """Whether tables go to a file, which gets one of them."""
    return out == STANDARD_OUTPUT or out.suffixes[-1:] == [".csv"] or out.suffixes[-2:] == [".csv", ".gz"]


def run(
    workspace: Workspace, terminal: Terminal, typed: Typed, out: Path, tabular: Tabular | None, *, force: bool
) -> None:
    """Writes, and tells what was written. Raises: NotFound, WrongUse, CannotLand, LedgerError."""
    for option, name in (("--unit", typed.unit), *(("--actor", name) for name in typed.actors)):
        if name is not None and not is_text(name):
            raise WrongUse(f"{option} {name!r} is no text; write the name in the encoding of this terminal.")
    ledger = workspace.ledger
    book = Reader(ledger, skip_unknown=typed.skip_unknown)
    as_of = AskedPast(typed.known, typed.valid, typed.known_by).as_of(ledger)
    selection = _selection(workspace, typed, Units(book, as_of))
    stages: list[Stage] = []
    try:
        with _opened(out, tabular, force=force) as files, _watched(terminal) as watched:

            def told(stage: Stage) -> None:
                stages[:] = [stage]
                watched(stage)

            counts = export(book, Asked(as_of, typed.as_written), files.sink, selection, told)
            landed = files.landings.land()
    except BrokenPipeError:
        raise
    except OSError as error:
        again = "Make room or ask for less, and run the same command again."
        raise CannotLand(f"{error.strerror or error}: {_came_to(stages)} {_nothing(out)} {again}") from error
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"Ended by Ctrl-C: {_came_to(stages)} {_nothing(out)}") from None
    _tell(terminal, ledger, typed, as_of, counts, landed)


def _selection(workspace: Workspace, typed: Typed, units: Units) -> Selection:
    ledger = workspace.ledger
    since, until, recorded_from, recorded_to = typed.times
    known = [topics(each) for each in typed.topics]
    return Selection(
        occurred=Span(instant(since, ledger.zone, "--from"), instant(until, ledger.zone, "--to", days=1)),
        recorded=Span(
            instant(recorded_from, ledger.zone, "--recorded-from"),
            instant(recorded_to, ledger.zone, "--recorded-to", days=1),
        ),
        kinds=typed.kinds,
        cases=tuple(dict.fromkeys(stream_of(Category.CASE, find(workspace, each)) for each in typed.cases)),
        customer=None
        if typed.customer is None
        else stream_of(Category.CUSTOMER, customer.find(ledger, typed.customer).customer_id),
        unit=None if typed.unit is None else units.named(typed.unit).id,
        topics=tuple(topic.rpartition(".")[0] for found in known for topic in found),
        actors=typed.actors,
    )


@contextmanager
def _opened(out: Path, tabular: Tabular | None, *, force: bool) -> Iterator[Files]:
    """The files, open to be written. Raises: WrongUse, CannotLand."""
    if tabular is None or _is_one(out):
        tables = [] if tabular is None else [tabular.table or Table.EVENTS]
        paths = [out]
    else:
        tables = list(Table)
        paths = [out / f"{table}.csv{'.gz' if tabular.gzip else ''}" for table in tables]
    with _folder(out, wanted=paths != [out]), Landings(paths, over=force) as landings:
        if tabular is None:
            yield Files(landings, Ocel(landings.files[0].write))
        else:
            writes = {table: file.write for table, file in zip(tables, landings.files, strict=True)}
            yield Files(landings, Tables(writes, exact=tabular.exact))


@contextmanager
def _folder(out: Path, *, wanted: bool) -> Iterator[None]:
    """Makes the folder of tables where there is none, and takes it away again when nothing came to lie in it.

    Raises: CannotLand.
    """
    made = wanted and not out.exists()
    try:
        if made:
            out.mkdir()
    except OSError as error:
        raise CannotLand(f"The folder {out} cannot be made: {error.strerror}.") from error
    try:
        yield
    finally:
        if made:
            with suppress(OSError):
                out.rmdir()


@contextmanager
def _watched(terminal: Terminal) -> Iterator[Any]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f}"),
        TimeRemainingColumn(),
    )
    with terminal.progress(*columns) as progress:
        tasks: dict[str, Any] = {}

        def watched(stage: Stage) -> None:
            if stage.name not in tasks:
                tasks[stage.name] = progress.add_task(stage.name, total=stage.of)
            progress.update(tasks[stage.name], completed=stage.done)

        yield watched


def _came_to(stages: Sequence[Stage]) -> str:
    """How far it was."""
    if not stages:
        return "it had not begun."
    stage = stages[0]
    match stage.name:
        case "objects":
            return f"all events were written, and {stage.done:,} of {stage.of:,} objects."
        case "events":
            return f"it had come to position {stage.done:,} of {stage.of:,}."
        case _:
            return f"it had looked at position {stage.done:,} of {stage.of:,}, and written nothing."


def _nothing(out: Path) -> str:
    if out == STANDARD_OUTPUT:
        return "What went to standard output is not whole."
    return f"{out} is as it was before."


# What was written -----------------------------------------------------------------------------------------------------


def _tell(
    terminal: Terminal, ledger: Ledger, typed: Typed, as_of: AsOf, counts: Counts, landed: Sequence[Landed]
) -> None:
    if terminal.json:
        terminal.answer(_data(ledger, typed, as_of, counts, landed))
        return
    say = terminal.say if landed[0].file == str(STANDARD_OUTPUT) else terminal.show
    left_out = _left_out(counts) if typed.skip_unknown else ""
    for line in _lines(ledger, as_of, counts, landed):
        say(f"{line}{left_out}")


def _lines(ledger: Ledger, as_of: AsOf, counts: Counts, landed: Sequence[Landed]) -> Iterator[str]:
    if ledger.time == "simulated":
        yield f"SIMULATED BOOK {ledger.book}: its times are its writers', and nothing in it need be so."
    yield stated(as_of)
    for what, by_type in _figures(counts).items():
        yield f"{sum(by_type.values()):,} {what}"
        for name, count in by_type.items():
            yield f"  {name}  {count:,}"
    yield f"{counts.changes:,} values of objects"
    for unread in counts.named:
        yield f"Skipped: position {unread.position}, {unread.topic} of {unread.stream}. {unread.cause}"
    if not counts.events:
        yield "No event is meant by what was asked."
    for file in landed:
        yield f"{file.file}: {file.size:,} bytes, SHA-256 {file.sha256}"


def _figures(counts: Counts) -> dict[str, dict[str, int]]:
    return {
        "events": dict(sorted(counts.events.items())),
        "objects": dict(sorted(counts.objects.items())),
        "relations of events": dict(sorted(counts.event_to_object.items())),
        "relations of objects": dict(sorted(counts.object_to_object.items())),
    }


def _left_out(counts: Counts) -> str:
    return f"  [{counts.skipped:,} events skipped that this program cannot read]"


def _data(ledger: Ledger, typed: Typed, as_of: AsOf, counts: Counts, landed: Sequence[Landed]) -> Mapping[str, Any]:
    return {
        "book": ledger.book,
        "time": ledger.time,
        **as_data(as_of),
        "as_written": typed.as_written,
        "files": [file._asdict() for file in landed],
        **{what.replace(" ", "_"): by_type for what, by_type in _figures(counts).items()},
        "values_of_objects": counts.changes,
        "skip_unknown": typed.skip_unknown,
        "skipped": counts.skipped,
        "skipped_events": [
            {"position": one.position, "stream": one.stream, "version": one.version, "topic": one.topic}
            for one in counts.named
        ],
    }
