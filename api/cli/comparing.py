"""What `daybook compare` does: each view beside a fresh fold of its events, told and recorded."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import psycopg
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from api.cli.amending import CHANNEL
from api.cli.case import find
from api.cli.exits import Exit, WrongUse
from api.cli.projecting import views_called
from api.cli.terminal import Terminal, add_row, clean, table
from api.comparing import ALL, Comparison, Scope, compare, recording, views_about
from api.present import present
from api.workspace import Workspace
from domain.book import ComparedScope, ViewFinding
from domain.envelope import Actor, ActorKind, Submission
from domain.stream import Category
from ledger.errors import LedgerError
from ledger.ledger import Ledger
from projections.comparison import Deviation, DifferingRow
from projections.view import View

MAY_APPEND = """
SELECT bool_or(has_function_privilege(oid, 'EXECUTE')) FROM pg_proc
WHERE pronamespace = 'ledger'::regnamespace AND proname = 'append'
"""
FINDINGS: Mapping[ViewFinding, str] = MappingProxyType({
    ViewFinding.MISSING: "its table is not there; `daybook project` makes it",
    ViewFinding.STALE: "its table is of version {live_version}, and this program makes version {version}; "
    "`daybook project` builds that",
    ViewFinding.NEWER: "its table is of version {live_version}, and this program knows version {version}; "
    "compare with the newer program",
    ViewFinding.BEYOND_THE_BOOK: "its cursor stands at {position}, and the book ends at {head}; the cursor was moved, "
    "or the book restored without the views",
    ViewFinding.BEYOND_ITS_CURSOR: "rows show events after {position}, where its cursor stands; the cursor was moved "
    "back, or rows were written past it",
    ViewFinding.SHORT_OF_ITS_CURSOR: "the last rows that there ought to be by {position}, where its cursor stands, are "
    "not there; the cursor was moved on, or they were deleted",
})  # fmt: skip
HOW: Mapping[Deviation, str] = MappingProxyType({
    Deviation.EDITED: "was edited",
    Deviation.SWAPPED: "was swapped",
    Deviation.DELETED: "was deleted",
    Deviation.INSERTED: "was inserted",
})  # fmt: skip


class CannotRecord(LedgerError):
    """The book takes no writes from here."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"The result cannot be recorded here: {why}. Compare where the book is written, or say --no-record to be "
            "shown the result only."
        )


class Asked(NamedTuple):
    """What was asked for."""

    views: tuple[str, ...]
    case: str | None
    key: str | None
    sample: int | None
    seed: int | None
    rows: int
    by: str | None
    """Who compares, for the record; None where none is made."""


def check(asked: Asked, *, no_record: bool) -> None:
    """Raises: WrongUse, WrongSetting."""
    if (asked.case is not None) + (asked.key is not None) + (asked.sample is not None) > 1:
        raise WrongUse("Ask for one thing: --case, --key or --sample; without them all rows are compared.")
    if asked.seed is not None and asked.sample is None:
        raise WrongUse("--seed draws a sample; say --sample N as well, or leave it out.")
    if asked.by is None and not no_record:
        raise WrongUse("The result is recorded under a name: say --by NAME, or --no-record to be shown it only.")
    views_called(asked.views)
    if asked.key is not None:
        _id(asked.key)


def run(workspace: Workspace, terminal: Terminal, asked: Asked) -> Exit:
    """Answers; LEDGER when a view is not what its events make of it. Raises: WrongUse, NotFound, CannotRecord."""
    ledger = workspace.ledger
    views, scope = _what(workspace, asked)
    if asked.by is not None:
        _check_writing(ledger)
    found: list[tuple[Comparison, int | None]] = []
    for view in views:
        comparison = _compared(ledger, terminal, view, scope, asked.rows)
        found.append((comparison, None if asked.by is None else _recorded(ledger, comparison, asked.by)))
    terminal.answer({
        "book": ledger.book,
        "time": ledger.time,
        "same": all(comparison.same for comparison, _ in found),
        "compared": [as_data(comparison) | {"recorded_at_position": at} for comparison, at in found],
    })  # fmt: skip
    terminal.stamp(ledger.book, ledger.time)
    _show(terminal, found)
    wrong = [comparison.view for comparison, _ in found if not comparison.same]
    if wrong:
        terminal.complain(
            f"{', '.join(wrong)}: not what the events of book {ledger.book} make of them. Find out who or what changed "
            f"them; `daybook project --rebuild {' '.join(wrong)}` puts them right."
        )
    return Exit.LEDGER if wrong else Exit.DONE


def _what(workspace: Workspace, asked: Asked) -> tuple[Sequence[View[Any]], Scope]:
    """Which views, and which of their rows."""
    views = views_called(asked.views)
    if asked.case is not None:
        key = find(workspace, asked.case)
        return (views if asked.views else views_about(Category.CASE, views)), Scope(ComparedScope.KEY, key)
    if asked.key is not None:
        return views, Scope(ComparedScope.KEY, _id(asked.key))
    if asked.sample is not None:
        seed = secrets.randbelow(2**53) if asked.seed is None else asked.seed
        return views, Scope(ComparedScope.SAMPLE, size=asked.sample, seed=seed)
    return views, ALL


def _id(key: str) -> UUID:
    try:
        return UUID(key.strip())
    except ValueError:
        raise WrongUse(
            f"--key {key!r} is no id; write the id of a subject, as `daybook audit` shows it in its stream."
        ) from None


def _check_writing(ledger: Ledger) -> None:
    """Before anything that takes long. Raises: CannotRecord."""
    try:
        rows = ledger.database.writing(lambda connection: connection.execute(MAY_APPEND).fetchall())
    except (psycopg.errors.ReadOnlySqlTransaction, psycopg.errors.FeatureNotSupported) as error:  # a standby
        raise CannotRecord(str(error.diag.message_primary)) from error
    if rows != [(True,)]:
        raise CannotRecord("the role at hand may not append to the ledger")


def _compared(ledger: Ledger, terminal: Terminal, view: View[Any], scope: Scope, rows: int) -> Comparison:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with terminal.progress(*columns) as bars:
        task = bars.add_task(f"{view.name}, folded anew", total=None)
        return compare(
            ledger, view, scope, most=rows, told=lambda done, of: bars.update(task, completed=done, total=of)
        )


def _recorded(ledger: Ledger, comparison: Comparison, by: str) -> int:
    """The book's position after the result was recorded."""
    command = recording(comparison, ledger.book, present(ledger), uuid4())
    actor = Actor(by, ActorKind.PERSON)
    return ledger.carry_out(
        Submission(uuid4(), (command,), actor, CHANNEL, said_at=command.at, times_stated=False)
    ).position


# Told -----------------------------------------------------------------------------------------------------------------


def as_data(found: Comparison) -> dict[str, Any]:
    """A comparison as JSON has it."""
    scope, differ = found.scope, found.differences
    return {
        "view": found.view,
        "version": found.version,
        "live_version": found.live_version,
        "position": found.position,
        "head": found.head,
        "stopped_before": found.stopped_at,
        "scope": {"kind": scope.kind, "key": scope.key, "subjects": found.subjects, "seed": scope.seed},
        "same": found.same,
        "findings": list(found.findings),
        "live": found.live and found.live._asdict(),
        "fresh": found.fresh and found.fresh._asdict(),
        "differing": differ.differing,
        "edited": differ.edited,
        "deleted": differ.deleted,
        "inserted": differ.inserted,
        "rows": [_row(row) for row in differ.shown],
    }


def _row(row: DifferingRow) -> dict[str, Any]:
    return {
        "key": row.key,
        "kind": row.kind,
        "swapped_with": row.swapped_with,
        "columns": [
            {"column": column, "live": live, "fresh": fresh}
            for column, live, fresh in zip(row.columns, row.live, row.fresh, strict=True)
        ],
    }


def _show(terminal: Terminal, found: Sequence[tuple[Comparison, int | None]]) -> None:
    shown = table("view", "version", "position", "rows", "differing", "live", "fresh", "", "recorded at",
                  right=("version", "position", "rows", "differing", "recorded at"))  # fmt: skip
    for one, at in found:
        rows = None if one.fresh is None else one.fresh.rows
        digests = [None if digest is None else digest.sha256[:16] for digest in (one.live, one.fresh)]
        add_row(shown, one.view, one.version, _position(one), rows, one.differences.differing, *digests,
                "same" if one.same else "DIFFERS", at)  # fmt: skip
    terminal.show(shown)
    for one, _ in found:
        terminal.show(*(Text(clean(line), "red") for line in _told(one)))
        if one.stopped_at is not None:
            terminal.say(f"{one.view} has stopped before position {one.stopped_at}; `daybook status` says why.")
    for seed in {one.scope.seed for one, _ in found} - {None}:
        terminal.show(f"Drawn by --seed {seed}.")


def _position(one: Comparison) -> str:
    return str(one.position) if one.position == one.head else f"{one.position} of {one.head}"


def _told(one: Comparison) -> Iterator[str]:
    """What is wrong with a view, line by line."""
    told = {"version": one.version, "live_version": one.live_version, "position": one.position, "head": one.head}
    for finding in one.findings:
        yield f"{one.view}: {FINDINGS[finding].format(**told)}."
    for row in one.differences.shown:
        key = ", ".join(map(str, row.key))
        swapped = f" with {', '.join(map(str, row.swapped_with))}" if row.swapped_with else ""
        yield f"{one.view}: row {key} {HOW[row.kind]}{swapped}"
        if row.kind in {Deviation.EDITED, Deviation.SWAPPED}:
            for column, live, fresh in zip(row.columns, row.live, row.fresh, strict=True):
                yield f"    {column} is {_value(live)}, and ought to be {_value(fresh)}"
    left = one.differences.differing - len(one.differences.shown)
    if left > 0:
        yield f"{one.view}: {left} more rows differ; --rows shows more."


def _value(text: str | None) -> str:
    return "nothing" if text is None else repr(text)
