"""What the first rows of a file would become, command by command, each with the rule it follows from; nothing is
written."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from api.imports.carrying import Carrier, Left, Rehearsal
from api.imports.errors import BadRow
from api.imports.mapping import Mapping
from api.imports.opening import opened, teller_of
from api.imports.ordering import together
from api.imports.reading import Row, inspect
from api.imports.rules import name_of
from api.imports.run import check_file, import_id_of
from api.imports.step import Occasion, Step, Teller
from domain.event import Command, Precision, Refused, rfc3339
from domain.personal import personal_values
from ledger.ledger import Ledger

OF_EVERY_COMMAND = {"at", "zone", "precision"}


class ToEvent(NamedTuple):
    """An event that a command leads to."""

    topic: str
    stream: str
    departures: tuple[str, ...]


class ToCommand(NamedTuple):
    """A command that a row leads to."""

    rule: str
    """The place in the mapping that it follows from."""
    command: str
    at: str
    by_day: bool
    fields: dict[str, Any]
    """Those that are given; what is personal is not shown."""
    events: tuple[ToEvent, ...]


class Explained(NamedTuple):
    """What a row becomes."""

    line: int
    becomes: str
    """carried, unchanged, duplicate, ignored, told-before or rejected."""
    code: str | None
    """Why it is rejected, as in the rejects file."""
    reason: str | None
    commands: tuple[ToCommand, ...]


def explain(ledger: Ledger, file: Path, mapping: Mapping, rows: int = 10) -> list[Explained]:
    """What the first rows of a file would become, as if it had no others. Raises: CannotImport."""
    inspected = inspect(file)
    check_file(inspected, mapping)
    rehearsal = Rehearsal(ledger)
    with opened(inspected, mapping) as records:
        occasion = Occasion(inspected.digest, import_id_of(inspected, mapping), None, source_times=False)
        teller = teller_of(mapping, records.header, occasion)
        first = islice(records, rows)
        told = together(first, mapping, records.header, lambda: None) if mapping.together else first
        return [_explained(row, teller, rehearsal, ledger) for row in told]


def _explained(row: Row, teller: Teller, rehearsal: Rehearsal, ledger: Ledger) -> Explained:
    try:
        told = teller.tell(row)
    except BadRow as error:
        return Explained(row.line, "rejected", error.code, str(error), ())
    if told.duplicate:
        return Explained(row.line, "duplicate", None, "the same row stands in the file before", ())
    if told.ignored is not None:
        return Explained(row.line, "ignored", None, told.ignored, ())
    if told.unchanged:
        return Explained(row.line, "unchanged", None, "it says nothing new", ())
    return _of_steps(row, told.steps, rehearsal, ledger)


def _of_steps(row: Row, steps: Sequence[Step], rehearsal: Rehearsal, ledger: Ledger) -> Explained:
    commands: list[ToCommand] = []
    left: Left | None = None
    repeated = False
    for step in steps:
        (before,) = Carrier(ledger).known([step])
        if before is not None:
            repeated = True
            left = before if isinstance(before, Left) else left
        decisions = rehearsal.one_by_one(step)
        for rule, command, decision in zip(step.rules, step.submission.commands, decisions, strict=False):
            if isinstance(decision, Refused):
                left = left or Left(decision.code.lower().replace("_", "-"), decision.message)
                continue
            events = tuple(ToEvent(one.event.TOPIC, one.stream, one.departures) for one in decision.pending)
            commands.append(_to_command(rule, command, events))
    if left is not None:
        return Explained(row.line, "rejected", left.code, left.reason, tuple(commands))
    if repeated:
        return Explained(row.line, "told-before", None, "the ledger has it already", tuple(commands))
    return Explained(row.line, "carried", None, None, tuple(commands))


def _to_command(rule: str, command: Command, events: tuple[ToEvent, ...]) -> ToCommand:
    hidden = {path.split("/")[1] for path, _ in personal_values(command)}
    shown = command.model_dump(mode="json", exclude={*OF_EVERY_COMMAND, *hidden}, exclude_defaults=True)
    return ToCommand(
        rule,
        name_of(type(command)),
        rfc3339(command.at),
        command.precision is Precision.DAY,
        {**shown, **dict.fromkeys(sorted(hidden), "(personal)")},
        events,
    )
