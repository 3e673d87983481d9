"""`daybook conformance`: the cases that departed from the declared process, each with the step in which it did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

from api.cli.case import find, is_text
from api.cli.exits import WrongUse
from api.cli.past import AskedPast, as_data, stated
from api.cli.period import instant
from api.cli.terminal import Terminal, add_row, table
from api.conformance_words import expected_words, found_words, title_words
from api.processes import BadProcessFile, read_process, shipped_process
from api.workspace import Workspace
from domain.case.vocabulary import CaseKind
from domain.sla.shape import near
from domain.stream import Category, stream_of, subject_of
from ledger.ledger import Ledger
from replay.as_of import AsOf
from replay.cases import Chosen
from replay.conformance import Conformance, Finding, Judged, Standing, Totals, parts
from replay.process import Process
from replay.reader import Reader


class Asked(NamedTuple):
    """What is asked."""

    conformance: Conformance
    kinds: tuple[CaseKind, ...]
    received_from: str | None
    received_to: str | None
    unit: str | None
    cases: tuple[str, ...]
    past: AskedPast
    limit: int | None
    """So many of the cases that departed are shown; None is all of them."""


class Question(NamedTuple):
    """The same, in a book."""

    ledger: Ledger
    conformance: Conformance
    chosen: Chosen
    as_of: AsOf

    @property
    def process(self) -> Process:
        """The process that was declared."""
        return self.conformance.process


def conformance_of(path: Path | None, rules: tuple[str, ...], kinds: tuple[CaseKind, ...]) -> Conformance:
    """The process that is asked about, read before any database is. Raises: WrongUse, with every mistake of a file."""
    try:
        process = shipped_process() if path is None else read_process(path)
    except BadProcessFile as error:
        raise WrongUse(str(error)) from None
    names = [rule.id for rule in process.rules]
    for rule in rules:
        if rule not in names:
            raise WrongUse(f"The process {process.name} has no rule {rule!r}{near(rule, names)} It has {_list(names)}.")
    if process.kinds and kinds and not set(kinds) & set(process.kinds):
        raise WrongUse(f"The process {process.name} is for cases of kind {_list(process.kinds)}; ask for one of them.")
    return Conformance(process, rules)


def _list(names: Iterable[str]) -> str:
    return ", ".join(map(str, names))


def run(workspace: Workspace, terminal: Terminal, asked: Asked) -> None:
    """Answers. Raises: NotFound, WrongUse, LedgerAway."""
    ledger = workspace.ledger
    if asked.unit is not None and not is_text(asked.unit):
        raise WrongUse(f"--unit {asked.unit!r} is no text; write the name in the encoding of this terminal.")
    chosen = Chosen(
        received_from=instant(asked.received_from, ledger.zone, "--from"),
        received_before=instant(asked.received_to, ledger.zone, "--to", days=1),
        kinds=asked.kinds,
        unit=asked.unit,
        streams=tuple(stream_of(Category.CASE, find(workspace, name)) for name in asked.cases),
    )
    question = Question(ledger, asked.conformance, chosen, asked.past.as_of(ledger))
    totals = Totals(asked.conformance.rules)
    if terminal.json:
        listed = _first(_walked(question, terminal, totals), asked.limit)
        terminal.stream(head_data(question), "cases", (case_data(question, each) for each in listed), totals.data)
    else:
        _show(question, terminal, totals, asked.limit)


def _walked(question: Question, terminal: Terminal, totals: Totals) -> Iterator[Judged]:
    """The cases in which something was found, while a bar shows how far it is; all of them are counted."""
    columns = (
        TextColumn("{task.fields[cases]:,} cases, {task.fields[departed]:,} departed"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    with terminal.progress(*columns) as progress:
        task = progress.add_task("", total=question.as_of.position, cases=0, departed=0)
        for part in parts(Reader(question.ledger), question.as_of, question.chosen, question.conformance):
            for judged in part.judged:
                totals.add(judged)
                if judged.findings or judged.noticed:
                    yield judged
            progress.update(task, completed=part.position, cases=totals.cases, departed=totals.departed)


def _first(found: Iterator[Judged], limit: int | None) -> Iterator[Judged]:
    """The first so many with findings; the rest are counted all the same."""
    shown = 0
    for judged in found:
        if judged.findings and (limit is None or shown < limit):
            shown += 1
            yield judged


# For programs ---------------------------------------------------------------------------------------------------------


def head_data(question: Question) -> dict[str, Any]:
    """What was asked, and by which process."""
    ledger, process = question.ledger, question.process
    rules = []
    for rule in question.conformance.rules:
        expected = expected_words(process, rule)
        rules.append({
            "rule": rule.id,
            "title": {"en": rule.title.en, "zh": rule.title.zh},
            "step": rule.step,
            "expected": {"en": expected[0], "zh": expected[1]},
            "departures": rule.departures,
            "source": rule.source,
        })  # fmt: skip
    return {
        "book": ledger.book,
        "time": ledger.time,
        **as_data(question.as_of),
        "process": {"name": process.name, "version": process.version},
        "asked": rules,
    }


def case_data(question: Question, judged: Judged) -> dict[str, Any]:
    """A case with what was found in it."""
    case = judged.case
    return {
        "case_id": subject_of(case.stream),
        "number": None if case.number is None else str(case.number),
        "source_key": case.case.receipt.source_key,
        "kind": case.case.kind,
        "status": case.case.status,
        "unit": case.case.unit,
        "received_at": case.receipt.occurred_at,
        "findings": [_finding_data(question, each) for each in judged.findings],
        "noticed": [each._asdict() for each in judged.noticed],
    }


def _finding_data(question: Question, finding: Finding) -> dict[str, Any]:
    english, chinese = found_words(question.process, finding, ZoneInfo(question.ledger.zone))
    told = finding._asdict()
    return {"rule": told.pop("rule").id} | told | {"words": {"en": english, "zh": chinese}}


# For people -----------------------------------------------------------------------------------------------------------


def _show(question: Question, terminal: Terminal, totals: Totals, limit: int | None) -> None:
    """The counts first, which are known last: the cases that are shown are few, or read once more."""
    kept = [] if limit is None else list(_first(_walked(question, terminal, totals), limit))
    if limit is None:
        for _ in _walked(question, terminal, totals):
            pass
    process = question.process
    terminal.stamp(question.ledger.book, question.ledger.time)
    terminal.show(
        f"Process {process.name}, version {process.version}. Cases: {totals.cases:,}, departed from it: "
        f"{totals.departed:,}, still owed something: {totals.open:,}.",
        stated(question.as_of),
    )
    _show_counts(terminal, question.conformance, totals)
    found = _first(_walked(question, terminal, Totals(question.conformance.rules)), None) if limit is None else kept
    for judged in found:
        terminal.show("", *_lines(question, judged))
    if limit is not None and totals.with_findings > limit:
        terminal.say(f"These are the first {limit:,} of {totals.with_findings:,} cases; --limit shows more, --all all.")


def _show_counts(terminal: Terminal, conformance: Conformance, totals: Totals) -> None:
    counted = table(
        "rule",
        "departure",
        "events",
        "cases",
        "marked",
        "still open",
        right=("events", "cases", "marked", "still open"),
    )
    quiet = 0
    for rule in conformance.rules:
        count = totals.rules[rule.id]
        if count.departed or count.open:
            add_row(counted, rule.id, title_words(rule), count.departed, count.cases, count.marked, count.open)
        else:
            quiet += 1
    if quiet < len(conformance.rules):
        terminal.show("", counted)
    if quiet:
        terminal.show(
            f"Nothing departed from {'any' if quiet == len(conformance.rules) else f'the other {quiet}'} rules."
        )
    if totals.noticed:
        marks = table("noticed at import", "events", "found here as well", right=("events", "found here as well"))
        for code in sorted(totals.noticed):
            add_row(marks, code, *totals.noticed[code])
        terminal.show("", marks)


def _lines(question: Question, judged: Judged) -> Iterator[str]:
    case, zone = judged.case, ZoneInfo(question.ledger.zone)
    named = case.number or case.case.receipt.source_key or case.stream
    about = (case.case.kind, case.case.status, case.case.unit)
    yield "  ".join(str(part) for part in (named, *about) if part is not None)
    process = question.process
    for finding in judged.findings:
        expected, found = expected_words(process, finding.rule)[0], found_words(process, finding, zone)[0]
        at = finding.occurred_at.astimezone(zone).strftime("%Y-%m-%d %H:%M")
        marks = [
            word for word, holds in (("open", finding.standing is Standing.OPEN), ("marked", finding.marked)) if holds
        ]
        yield (
            f"  {finding.version:>3}  {at}  {process.step(finding.step).title.en}: {title_words(finding.rule)}; "
            f"expected {expected}, found {found}" + (f" [{', '.join(marks)}]" if marks else "")
        )
