"""`daybook sla report --compare`: a saved report counted anew as known then, and which figures differ and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import orjson
from pydantic import AwareDatetime, BaseModel, Field, PositiveInt, StringConstraints, ValidationError

from api.cli import past
from api.cli.compliance import ALL, Form, Typed, as_data
from api.cli.exits import Exit, NotFound, WrongUse
from api.cli.terminal import Terminal, add_row, json_of, table
from api.cli.working_out import worked_out
from api.compliance import asked
from api.past_clocks import past_report
from api.workspace import Workspace
from domain.event import NO_NUL
from projections.compliance_question import By, Grouping
from projections.movement import Period
from replay.as_of import AsOf, KnownBy

TOTALS_AND_ROWS = ("totals", "rows")
WHOSE = ("duty", "group")


class SavedVersions(BaseModel):
    """By which versions the figures of a saved report were worked out."""

    zone_data: tuple[str, ...]
    engine: tuple[int, ...]


class SavedReport(BaseModel):
    """A report that `daybook sla report --json` has written."""

    book: str
    known_at: AwareDatetime
    known_position: PositiveInt
    known_by: KnownBy
    valid_at: AwareDatetime
    by: By
    since: AwareDatetime | None = Field(alias="from")
    before: AwareDatetime | None
    group_by: tuple[Grouping, ...]
    where: dict[Grouping, tuple[Annotated[str, StringConstraints(pattern=NO_NUL)] | None, ...]]
    totals: tuple[dict[str, Any], ...]
    rows: tuple[dict[str, Any], ...]
    versions: SavedVersions


class Saved(NamedTuple):
    """A report and the file that it was saved in."""

    file: Path
    report: SavedReport


class Difference(NamedTuple):
    """A figure that is another one by now; None stands for a row that is not there."""

    among: str
    duty: str
    group: Mapping[str, str | None]
    figure: str
    then: Any
    now: Any


def saved_in(file: Path, typed: Typed, form: Form) -> Saved:
    """The report in a file. Raises: WrongUse."""
    if typed != Typed(None, None, By.DUE, (), None, (), ()) or form is Form.CSV:
        raise WrongUse("--compare asks what the file says that was asked; leave out all but --book and --json.")
    try:
        return Saved(file, SavedReport.model_validate_json(file.read_bytes()))
    except OSError as error:
        raise WrongUse(f"The report {file} cannot be read: {error.strerror}.") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise WrongUse(
            f"{file} is no report that `daybook sla report --json` has written: {place}: {first['msg']}."
        ) from None


def run(workspace: Workspace, terminal: Terminal, told: Saved) -> Exit:
    """Tells what differs; NO when anything does. Raises: NotFound, WrongUse."""
    ledger, (file, saved) = workspace.ledger, told
    if saved.book != ledger.book:
        raise WrongUse(f"{file} is of book {saved.book!r}, and this is {ledger.book!r}; name that by --book.")
    if saved.known_position > ledger.head():
        raise NotFound(
            f"{file} counts up to position {saved.known_position}, and book {ledger.book!r} ends at {ledger.head()}: "
            "the file is of another ledger, or this one has lost its end."
        )
    period = Period(saved.since, saved.before)
    as_of = AsOf(saved.known_position, saved.known_at, saved.valid_at, saved.known_by)
    question = asked(ledger, as_of.valid_at, saved.by, period, saved.group_by, saved.where, as_of.position)
    answer = past_report(ledger, question, as_of, worked_out(terminal, ledger, as_of), ALL)
    anew = SavedReport.model_validate_json(json_of(as_data(ledger, answer, as_of)))
    found = list(_differences(saved, anew))
    because = because_of(saved.versions, anew.versions)
    terminal.answer({
        "book": ledger.book,
        "time": ledger.time,
        "file": file.name,
        **past.as_data(as_of),
        "equal": not found,
        "versions_differ": because,
        "then": saved.versions,
        "by_now": anew.versions,
        "differences": [each._asdict() for each in found],
    })  # fmt: skip
    terminal.stamp(ledger.book, ledger.time)
    if found:
        lines = table("", "duty", *(field.value for field in saved.group_by), "figure", "then", "now")
        for each in found:
            group = (each.group.get(field.value) for field in saved.group_by)
            among = "all" if each.among == "totals" else ""
            add_row(lines, among, each.duty, *group, each.figure, _shown(each.then), _shown(each.now))
        terminal.show(lines, "")
    terminal.show(in_words(file.name, saved, anew, len(found)))
    return Exit.NO if found else Exit.DONE


def because_of(then: SavedVersions, now: SavedVersions) -> tuple[str, ...]:
    """Which versions differ: those that alone can make the same events give another figure."""
    return tuple(name for name in SavedVersions.model_fields if set(getattr(then, name)) != set(getattr(now, name)))


def in_words(name: str, saved: SavedReport, anew: SavedReport, differences: int) -> str:
    """What came of it, and what made the difference."""
    whose = {"engine": "engine", "zone_data": "zone data"}
    then_and_now = [
        f"{whose[each]} {_listed(getattr(saved.versions, each))} then and {_listed(getattr(anew.versions, each))} now"
        for each in because_of(saved.versions, anew.versions)
    ]
    versions = ", ".join(then_and_now)
    if not differences:
        same = f"Every figure of {name} is the same, counted anew as known at position {saved.known_position}"
        return f"{same}, though by other versions: {versions}." if versions else f"{same}."
    told = f"{differences:,} figures of {name} differ as known at position {saved.known_position}: {versions}."
    match then_and_now:
        case []:
            return (
                f"{differences:,} figures of {name} differ as known at position {saved.known_position}, and neither "
                "the engine nor the zone data does: the file or the ledger was changed, or the program without a "
                "number."
            )
        case [_]:
            return f"{told} That made the difference, as long as neither the file nor the ledger was changed."
        case _:
            return f"{told} One of the two made the difference, or both did."


def _differences(saved: SavedReport, anew: SavedReport) -> Iterator[Difference]:
    for among in TOTALS_AND_ROWS:
        then, now = _by_group(getattr(saved, among)), _by_group(getattr(anew, among))
        for key in dict.fromkeys([*then, *now]):
            before, after = then.get(key), now.get(key)
            row = before or after or {}
            for figure in dict.fromkeys([*(before or ()), *(after or ())]):
                told = [None if each is None else each.get(figure) for each in (before, after)]
                if figure not in WHOSE and told[0] != told[1]:
                    yield Difference(among, row.get("duty", ""), row.get("group", {}), figure, *told)


def _by_group(rows: Sequence[dict[str, Any]]) -> dict[bytes, dict[str, Any]]:
    return {orjson.dumps([row.get(name) for name in WHOSE], option=orjson.OPT_SORT_KEYS): row for row in rows}


def _shown(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else json_of(value, indented=False)


def _listed(values: Sequence[Any]) -> str:
    return ", ".join(map(str, values)) or "none"
