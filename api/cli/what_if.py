"""`daybook sla what-if`: what another policy or calendar would have made of the deadlines of a book."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from enum import Enum, auto
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from api.calendars import BadCalendarFile, document_in
from api.cli import policies
from api.cli.as_of import AsOf
from api.cli.case import find
from api.cli.exits import WrongUse
from api.cli.period import instant
from api.cli.terminal import Terminal, add_row, table
from api.present import present
from api.what_if_words import flip_words, reason_words, sides_of
from api.workspace import Workspace
from domain.sla.calendar import CalendarDocument
from domain.sla.clock import Clock, Due
from domain.sla.explain import due_words
from domain.sla.wording import VERDICTS
from domain.sla.zones import zone
from domain.stream import Category, stream_of, subject_of
from replay.flip_reasons import Reason
from replay.flips import Count, Flip, FlipKind, TargetName, TargetTotal, Totals
from replay.hypothesis import Hypothesis
from replay.reader import Reader
from replay.what_if import Question, Selection, question

HYPOTHETICAL = "HYPOTHETICAL: none of this has happened, and nothing was written."
COLUMNS = (
    "case", "key", "policy", "target", "part", "cycle", "instance", "flip", "verdict", "would_be", "due",
    "due_would_be", "reasons", "why_en", "why_zh",
)  # fmt: skip


class Form(Enum):
    """How it is answered."""

    SHOWN = auto()
    JSON = auto()
    CSV = auto()


class Typed(NamedTuple):
    """What was typed."""

    policy: Path | None
    library: str | None
    effective: str | None
    instead_of: str | None
    calendar: Path | None
    calendar_effective: str | None
    received_from: str | None
    received_to: str | None
    cases: tuple[str, ...]
    kinds: tuple[str, ...]
    unit: str | None
    at: AsOf | None


def form_of(*, json: bool, csv: bool) -> Form:
    """How it is to be answered. Raises: WrongUse."""
    if json and csv:
        raise WrongUse("Answer with --json or with --csv; one of the two.")
    return Form.JSON if json else Form.CSV if csv else Form.SHOWN


def hypothesis_of(typed: Typed) -> Hypothesis:
    """What is supposed, read before any database is asked. Raises: WrongUse, with every mistake of a file."""
    asked = typed.policy is not None or typed.library is not None
    if not asked and typed.calendar is None:
        raise WrongUse("Name what to suppose: a policy by --policy or --library, a calendar by --calendar, or both.")
    if not asked and (typed.effective or typed.instead_of):
        raise WrongUse("--effective and --instead-of are about a policy; name one by --policy or --library.")
    if typed.calendar is None and typed.calendar_effective:
        raise WrongUse("--calendar-effective is about a calendar; name one by --calendar.")
    if typed.policy is not None and typed.library is not None:
        raise WrongUse("Name the policy by --policy or by --library; one of the two.")
    return Hypothesis(
        policy=policies.document_in(policies.file_of(typed.policy, typed.library)) if asked else None,
        policy_since=policies.day(typed.effective, "--effective"),
        instead_of=typed.instead_of,
        calendar=None if typed.calendar is None else _calendar_in(typed.calendar),
        calendar_since=policies.day(typed.calendar_effective, "--calendar-effective"),
    )


def _calendar_in(path: Path) -> CalendarDocument:
    try:
        return document_in(path)
    except BadCalendarFile as error:
        raise WrongUse(str(error)) from None
    except OSError as error:
        raise WrongUse(f"The calendar {path} cannot be read: {error.strerror}.") from None


def run(
    workspace: Workspace, terminal: Terminal, typed: Typed, hypothesis: Hypothesis, form: Form, *, limit: int | None
) -> None:
    """Answers. Raises: NotFound, WrongUse, Refused."""
    ledger = workspace.ledger
    selection = Selection(
        received_from=instant(typed.received_from, ledger.zone, "--received-from"),
        received_before=instant(typed.received_to, ledger.zone, "--received-to", days=1),
        kinds=typed.kinds,
        unit=typed.unit,
        cases=tuple(stream_of(Category.CASE, find(workspace, each)) for each in typed.cases),
    )
    at = present(ledger) if typed.at is None else typed.at.instant(ledger.zone)
    asked = question(Reader(ledger), hypothesis, at, selection)
    totals = Totals()
    flips = _flips(asked, totals, terminal)
    match form:
        case Form.JSON:
            head = _head(asked, hypothesis)
            terminal.stream(head, "flips", map(flip_data, flips), lambda: totals_data(totals))
        case Form.CSV:
            written = csv.writer(sys.stdout, lineterminator="\n")
            written.writerow(COLUMNS)
            for flip in flips:
                written.writerow(_line(flip))
            sys.stdout.flush()
        case Form.SHOWN:
            _show(terminal, asked, hypothesis, flips, totals, limit, ZoneInfo(ledger.zone))


def _flips(asked: Question, totals: Totals, terminal: Terminal) -> Iterator[Flip]:
    """The flips as they are found; the totals are complete after the last."""
    columns = (
        TextColumn("{task.fields[cases]:,} cases"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[flips]:,} flips"),
    )
    with terminal.progress(*columns) as progress:
        task, found = progress.add_task("", total=asked.upto, cases=0, flips=0), 0
        for part in asked.parts():
            totals.add(part.totals)
            found += len(part.flips)
            progress.update(task, completed=part.position, cases=totals.cases, flips=found)
            yield from part.flips


# As data --------------------------------------------------------------------------------------------------------------


def _head(asked: Question, hypothesis: Hypothesis) -> dict[str, Any]:
    policy, calendar = asked.supposed.policy, hypothesis.calendar
    return {
        "hypothetical": True,
        "book": asked.book.book,
        "time": asked.book.time,
        "position": asked.upto,
        "at": asked.at,
        "policy": None
        if policy is None
        else {
            "name": policy.name,
            "effective_from": hypothesis.policy_since,
            "in_the_place_of": asked.supposed.replaced,
        },
        "calendar": None if calendar is None else {"name": calendar.name, "effective_from": hypothesis.calendar_since},
    }


def totals_data(totals: Totals) -> dict[str, Any]:
    """What became of all clocks."""
    return {
        "cases": totals.cases,
        "cases_with_flips": totals.cases_with_flips,
        "totals": [_total_data(name, total) for name, total in totals.in_order()],
    }


def _total_data(name: TargetName, total: TargetTotal) -> dict[str, Any]:
    return {
        "policy": name.policy,
        "target": name.target,
        "title": total.title,
        "statutory": total.statutory,
        "actual": _count_data(total.actual),
        "hypothetical": _count_data(total.hypothetical),
        "flips": {kind: total.flips[kind] for kind in FlipKind if total.flips[kind]},
    }


def _count_data(count: Count) -> dict[str, int]:
    return {"clocks": count.clocks, "kept": count.kept, "missed": count.missed, "undecided": count.undecided}


def flip_data(flip: Flip) -> dict[str, Any]:
    """A flip as an answer has it."""
    return {
        "case_id": str(subject_of(flip.stream)),
        "number": None if flip.number is None else str(flip.number),
        "source_key": flip.source_key,
        "flip": flip.kind,
        "actual": None if flip.actual is None else _clock_data(flip.actual),
        "hypothetical": None if flip.hypothetical is None else _clock_data(flip.hypothetical),
        "reasons": [_reason_data(reason) for reason in flip.reasons],
    }


def _clock_data(clock: Clock) -> dict[str, Any]:
    key, due = clock.key, clock.due
    return {
        "policy": key.policy,
        "rule": clock.basis.rule,
        "target": key.target,
        "part": key.part,
        "cycle": key.cycle,
        "instance": key.instance,
        "state": clock.state,
        "verdict": clock.now,
        "started_at": clock.started_at,
        "due_at": None if due is None else due.at,
        "due_on": None if due is None else due.on,
        "stopped_at": None if clock.stop is None else clock.stop.at,
        "zone": clock.basis.zone,
    }


def _reason_data(reason: Reason) -> dict[str, Any]:
    was, now = sides_of(reason)
    english, chinese = reason_words(reason)
    days = [
        {"day": each.day, "was": None if each.was is None else each.was.frames,
         "now": None if each.now is None else each.now.frames}
        for each in reason.days
    ]  # fmt: skip
    told = {"reason": reason.kind, "was": was, "now": now, "en": english, "zh": chinese}
    return told | {"days": days} if days else told


def _line(flip: Flip) -> list[Any]:
    clock = flip.hypothetical or flip.actual
    key = None if clock is None else clock.key
    words = [reason_words(reason) for reason in flip.reasons]
    return [
        _case(flip),
        flip.source_key,
        *(() if key is None else (key.policy, key.target, key.part, key.cycle, key.instance)),
        flip.kind,
        *(None if each is None else each.now for each in (flip.actual, flip.hypothetical)),
        *(_instant(each) for each in (flip.actual, flip.hypothetical)),
        " ".join(reason.kind for reason in flip.reasons),
        " ".join(english for english, _ in words),
        "".join(chinese for _, chinese in words),
    ]


def _instant(clock: Clock | None) -> str | None:
    if clock is None or clock.due is None:
        return None
    return clock.due.at.isoformat().replace("+00:00", "Z")


# For people -----------------------------------------------------------------------------------------------------------


def _show(
    terminal: Terminal,
    asked: Question,
    hypothesis: Hypothesis,
    flips: Iterator[Flip],
    totals: Totals,
    limit: int | None,
    place: ZoneInfo,
) -> None:
    kept: list[Flip] = []
    count = 0
    for flip in flips:
        count += 1
        if limit is None or len(kept) < limit:
            kept.append(flip)
    terminal.stamp(asked.book.book, asked.book.time)
    terminal.show(Text(HYPOTHETICAL, "yellow"), _supposed(asked, hypothesis))
    terminal.show(
        f"{totals.cases:,} cases as of {asked.at.astimezone(place).isoformat(' ', 'seconds')}; "
        f"{totals.cases_with_flips:,} of them have a clock that would be otherwise."
    )
    if totals.targets:
        terminal.show(_totals(totals))
    for flip in kept:
        terminal.show("", *_told(flip))
    if kept:
        terminal.show("")
    if count > len(kept):
        terminal.show(f"{count - len(kept):,} more; --all shows them, --csv and --json have them.")


def _supposed(asked: Question, hypothesis: Hypothesis) -> str:
    told: list[str] = []
    policy = asked.supposed.policy
    if policy is not None:
        first = hypothesis.policy_since
        since = "" if first is None else f", for receipts from {first.isoformat()} on"
        place = asked.supposed.replaced
        beside = f"in the place of {place}" if place else "beside what was published"
        told.append(f"the policy {policy.name} {beside}{since}")
    if hypothesis.calendar is not None:
        first = hypothesis.calendar_since
        since = "" if first is None else f", for dates from {first.isoformat()} on"
        told.append(f"the calendar {hypothesis.calendar.name}{since}")
    return f"Supposed: {'; '.join(told)}."


def _totals(totals: Totals) -> Any:
    figures = ("kept", "missed", "open", "would be kept", "would be missed", "would be open")
    lines = table("target", *figures, "flips", right=figures)
    for name, total in totals.in_order():
        flips = [f"{flip_words(kind)[0]} {total.flips[kind]:,}" for kind in FlipKind if total.flips[kind]]
        add_row(
            lines,
            f"{name.policy} {name.target}{' §' if total.statutory else ''}",
            *(f"{each:,}" for each in _figures(total)),
            "; ".join(flips),
        )
    return lines


def _figures(total: TargetTotal) -> tuple[int, ...]:
    actual, would_be = total.actual, total.hypothetical
    return (actual.kept, actual.missed, actual.undecided, would_be.kept, would_be.missed, would_be.undecided)


def _told(flip: Flip) -> Iterator[str]:
    """A flip in some lines: what becomes of which clock, by when it is and would be due, and why."""
    clock = flip.hypothetical or flip.actual
    target = "" if clock is None else clock.key.target
    if clock is not None and (clock.key.cycle, clock.key.instance) != (1, 1):
        target += f" {clock.key.cycle}/{clock.key.instance}"
    what, what_zh = flip_words(flip.kind)
    if flip.kind is FlipKind.VERDICT_CHANGES and flip.actual and flip.hypothetical:
        what = f"{VERDICTS[flip.actual.now][0]}, would be {VERDICTS[flip.hypothetical.now][0]}"
        what_zh = f"{VERDICTS[flip.actual.now][1]}变为{VERDICTS[flip.hypothetical.now][1]}"
    if flip.actual is None and flip.hypothetical is not None and flip.hypothetical.now is not None:
        what = f"{what}, {VERDICTS[flip.hypothetical.now][0]}"
        what_zh = f"{what_zh},{VERDICTS[flip.hypothetical.now][1]}"
    yield f"{_case(flip)} {target}: {what} ({what_zh})"
    dues = [("due", flip.actual), ("would be due", flip.hypothetical)]
    yield "  " + ", ".join(f"{word} {_due(each)}" for word, each in dues if each is not None)
    for reason in flip.reasons:
        english, chinese = reason_words(reason)
        yield f"  {english}"
        yield f"  {chinese}"


def _case(flip: Flip) -> str:
    return str(flip.number) if flip.number is not None else flip.source_key or str(subject_of(flip.stream))


def _due(clock: Clock) -> str:
    due: Due | None = clock.due
    return due_words(due, zone(clock.basis.zone))[0]
