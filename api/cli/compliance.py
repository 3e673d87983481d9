"""`daybook sla report`: how many deadlines were kept in a period, by whatever they are grouped."""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, timedelta
from enum import Enum, auto
from functools import partial
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from rich.table import Table
from rich.text import Text

from api.cli import past
from api.cli.case import is_text
from api.cli.exits import WrongUse
from api.cli.lasting import short
from api.cli.past import AskedPast
from api.cli.period import period
from api.cli.terminal import Terminal, add_row, table
from api.cli.views import looked_at
from api.cli.working_out import worked_out
from api.compliance import DUTIES, asked, versions_of
from api.past_clocks import by_its_position, past_report
from api.present import present
from api.workspace import Workspace
from domain.sla.clock import ENGINE
from domain.sla.zones import ZONE_DATA
from ledger.ledger import Ledger
from projections import as_known
from projections.compliance import Basis, Figures, Lasting, Report, Row, Share, report
from projections.compliance_question import By, Duty, Figure, Grouping, Question, Values
from projections.sla_timer import SLA_TIMER
from projections.unit import UNIT
from replay.as_of import AsOf, KnownBy

ALL = 1_000_000
NONE = "(none)"


class Form(Enum):
    """How it is answered."""

    SHOWN = auto()
    JSON = auto()
    CSV = auto()


class Typed(NamedTuple):
    """What was typed."""

    since: str | None
    until: str | None
    by: By
    groups: tuple[str, ...]
    statutory: bool | None
    units: tuple[str, ...]
    where: tuple[str, ...]
    past: AskedPast = AskedPast()
    """As known when, and as it stood when."""


def form_of(*, json: bool, csv: bool) -> Form:
    """How it is to be answered. Raises: WrongUse."""
    if json and csv:
        raise WrongUse("Answer with --json or with --csv; one of the two.")
    return Form.JSON if json else Form.CSV if csv else Form.SHOWN


def fields_of(typed: Typed) -> tuple[tuple[Grouping, ...], Mapping[Grouping, Values]]:
    """By what clocks are counted apart, and which of them alone are counted. Raises: WrongUse."""
    told = [name.strip() for names in typed.groups for name in names.split(",")] or [Grouping.TARGET.value]
    wanted: dict[Grouping, Values] = {}
    for one in typed.where:
        name, is_there, value = one.partition("=")
        if not is_there:
            raise WrongUse(f"--where {one!r} says no value; write FIELD=VALUE, such as tier=gold, or tier= for none.")
        field = _field(name.strip(), "--where")
        wanted[field] = (*wanted.get(field, ()), value or None)
    if typed.units:
        wanted[Grouping.UNIT] = (*wanted.get(Grouping.UNIT, ()), *typed.units)
    if typed.statutory is not None:
        if Grouping.DUTY in wanted:
            raise WrongUse("Ask for --statutory, for --internal, or by --where duty=...; one of them.")
        wanted[Grouping.DUTY] = (Duty.STATUTORY,) if typed.statutory else (Duty.INTERNAL, Duty.STATED)
    if not all(is_text(value) for values in wanted.values() for value in values if value is not None):
        raise WrongUse("A name is no text in the terminal's encoding; type it anew.")
    return tuple(_field(name, "--group") for name in told), wanted


def _field(name: str, option: str) -> Grouping:
    try:
        return Grouping(name)
    except ValueError:
        raise WrongUse(f"{option} {name!r} is no field; there is {', '.join(Grouping)}.") from None


def run(
    workspace: Workspace,
    terminal: Terminal,
    typed: Typed,
    groups: Sequence[Grouping],
    where: Mapping[Grouping, Values],
    form: Form,
    most: int,
) -> None:
    """Answers. Raises: NotFound, WrongUse."""
    ledger = workspace.ledger
    within = period(typed.since, typed.until, ledger.zone)
    live = typed.past.is_now
    if live:
        looked_at(ledger, terminal, SLA_TIMER, UNIT)
        question = asked(ledger, present(ledger), typed.by, within, groups, where)
        answer = report(ledger.database, ledger.book, question, most, units_at=partial(as_known.units, ledger))
        as_of = AsOf(answer.position, answer.question.now, answer.question.now)
        _say_what_is_stale(terminal, answer)
    else:
        as_of = typed.past.as_of(ledger)
        question = asked(ledger, as_of.valid_at, typed.by, within, groups, where, as_of.position)
        answer = past_report(ledger, question, as_of, worked_out(terminal, ledger, as_of), most)
    match form:
        case Form.JSON:
            terminal.answer(as_data(ledger, answer, as_of))
        case Form.CSV:
            _write(question, answer)
        case Form.SHOWN:
            terminal.stamp(ledger.book, ledger.time)
            _show(terminal, answer, most, None if live else as_of, ZoneInfo(ledger.zone))


def _say_what_is_stale(terminal: Terminal, answer: Report) -> None:
    """Rows of clocks that have ended stay as the program had them that worked them out."""
    _, _, zone_data, engines = versions_of(answer.versions)
    if not {*zone_data} <= {ZONE_DATA} or not {*engines} <= {ENGINE}:
        terminal.say(
            f"Some of it was worked out by another program; this one has zone data {ZONE_DATA} and engine {ENGINE}. "
            f"--known {answer.position} works all of it out anew."
        )


# For programs ---------------------------------------------------------------------------------------------------------


def as_data(ledger: Ledger, answer: Report, as_of: AsOf) -> dict[str, Any]:
    """A report as JSON has it: the same bytes for the same figures, whenever and however it is asked for."""
    question = answer.question
    since, before = question.period
    return {
        "book": ledger.book,
        "time": ledger.time,
        **past.as_data(by_its_position(ledger, as_of)),
        "by": question.by,
        "from": None if since is None else since.astimezone(UTC),
        "before": None if before is None else before.astimezone(UTC),
        "group_by": question.apart,
        "where": {field.value: question.where[field] for field in sorted(question.where)},
        "totals": list(map(_told, answer.totals)),
        "rows": list(map(_told, answer.rows)),
        "versions": _versions(answer.versions),
    }  # fmt: skip


def _told(row: Row) -> dict[str, Any]:
    """A row as JSON has it, times in seconds."""
    figures = row.figures
    return {
        "duty": row.duty,
        "group": {grouping.value: value for grouping, value in row.group.items()},
        "title": None if row.title_en is None else {"en": row.title_en, "zh": row.title_zh},
        **{_name(figure): count for figure, count in figures.counts.items()},
        "kept_share": figures.share,
        "kept_share_when_due": figures.share_when_due,
        "elapsed_seconds": figures.elapsed,
        "counted_seconds": figures.counted,
    }


def _versions(rests: Sequence[Basis]) -> dict[str, Any]:
    policies, calendars, zone_data, engines = versions_of(rests)
    return {
        "policies": [{"name": name, "version": version} for name, version in policies],
        "calendars": [{"name": name, "version": version} for name, version in calendars],
        "zone_data": zone_data,
        "engine": engines,
    }


def _name(figure: Figure) -> str:
    return figure.value.replace("-", "_")


def _write(question: Question, answer: Report) -> None:
    written = csv.writer(sys.stdout, lineterminator="\n")
    lasting = [f"{kind}_{part}_seconds" for kind in ("elapsed", "counted") for part in Lasting._fields]
    groups = [grouping.value for grouping in question.apart]
    written.writerow(["duty", *groups, *map(_name, Figure), *lasting])
    for row in answer.rows:
        figures = row.figures
        times = (*figures.elapsed, *figures.counted)
        written.writerow([row.duty, *row.group.values(), *(figures.counts[each] for each in Figure), *times])
    sys.stdout.flush()


# For people -----------------------------------------------------------------------------------------------------------

VERDICTS = (
    "clocks", "kept", "missed", "share", "when due", "met late", "overdue", "open", "no verdict", "revised",
    "by late records",
)  # fmt: skip
TIMES = ("measured", "took: half", "nine tenths", "99 of 100", "counted: half", "nine tenths", "99 of 100")


def _show(terminal: Terminal, answer: Report, most: int, then: AsOf | None, place: ZoneInfo) -> None:
    question = answer.question
    if not answer.totals:
        when = "is due" if question.by is By.DUE else "began"
        terminal.show(f"No deadline {when} there.")
        return
    for total in answer.totals:
        rows = [row for row in answer.rows if row.duty is total.duty]
        if question.apart:
            rows.append(total)
        english, chinese = DUTIES[total.duty]
        terminal.show(Text(f"{english} ({chinese})", "bold"), _verdicts(question, rows))
        if total.figures.counts[Figure.MEASURED]:
            terminal.show("", _times(question, rows))
        terminal.show("")
    looked = question.now.astimezone(place).isoformat()
    if then is None:
        terminal.show(f"As of position {answer.position}, looked at {looked}.")
    elif then.known_by is KnownBy.LEDGER:
        terminal.show(f"As known at position {answer.position}, looked at {looked}.")
    else:
        terminal.show(past.with_standards(past.stated(then), then))
    terminal.show(f"By {_in_words(answer.versions)}.")
    if answer.has_more:
        terminal.say(f"Only the first {most:,} groups are shown; --all shows all of them, --csv and --json have them.")


def _in_words(rests: Sequence[Basis]) -> str:
    """The versions on which the figures rest."""
    policies, calendars, zone_data, engines = versions_of(rests)
    parts = [f"policy {name} {version}" for name, version in policies]
    parts += [f"calendar {name} {version}" for name, version in calendars]
    parts += [f"zone data {', '.join(zone_data)}", f"engine {', '.join(map(str, engines))}"]
    return ", ".join(parts)


def _heads(question: Question) -> list[str]:
    return [grouping.value for grouping in question.apart]


def _group(question: Question, row: Row) -> list[str]:
    """What a row is of; of the last one, all."""
    if not question.apart:
        return []
    if not row.group:
        return ["all", *("" for _ in question.apart[1:])]
    named = " · ".join(part for part in (row.title_zh, row.title_en) if part)
    return [named if grouping is Grouping.TARGET and named else value or NONE for grouping, value in row.group.items()]


def _verdicts(question: Question, rows: Sequence[Row]) -> Table:
    lines = table(*_heads(question), *VERDICTS, right=VERDICTS)
    for row in rows:
        counts = row.figures.counts
        add_row(
            lines,
            *_group(question, row),
            counts[Figure.CLOCKS],
            counts[Figure.KEPT],
            counts[Figure.MISSED],
            _percent(row.figures.share),
            _percent(row.figures.share_when_due),
            counts[Figure.MET_LATE],
            counts[Figure.OVERDUE],
            counts[Figure.RUNNING] + counts[Figure.PAUSED],
            counts[Figure.CANCELLED] + counts[Figure.LAPSED] + counts[Figure.INFORMATIONAL],
            counts[Figure.REVISED],
            counts[Figure.KEPT_ON_LATE],
        )
    return lines


def _times(question: Question, rows: Sequence[Row]) -> Table:
    lines = table(*_heads(question), *TIMES, right=TIMES)
    for row in rows:
        figures: Figures = row.figures
        took = [None if each is None else _took(each) for each in figures.elapsed]
        counted = [None if each is None else _hours(each) for each in figures.counted]
        add_row(lines, *_group(question, row), figures.counts[Figure.MEASURED], *took, *counted)
    return lines


def _percent(share: Share) -> str | None:
    """Never rounded up: what is not whole is never shown as whole."""
    return None if not share.total else f"{share.met * 1000 // share.total / 10:.1f} %"


def _took(seconds: int) -> str:
    return f"{'-' if seconds < 0 else ''}{short(timedelta(seconds=seconds))}"


def _hours(seconds: int) -> str:
    """Working time has no days of its own."""
    minutes = abs(seconds) // 60
    return f"{'-' if seconds < 0 else ''}{minutes // 60}h {minutes % 60}m"
