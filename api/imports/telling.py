"""From rows to submissions: each row told as what is new in it since the last good one of its case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from pydantic import ValidationError

from api.imports.interpretation import BadRow, Interpreter
from api.imports.oddity import Oddity, oddities
from api.imports.reading import Row
from api.imports.snapshot import Snapshot, Source, Unsaid
from domain.customer import CustomerKind
from domain.envelope import Actor, ActorKind, Submission
from domain.envelope import Source as ReadFrom
from domain.event import Command

CHANNEL = "import"


@dataclass(slots=True)
class Group:
    """The rows of one case, as far as they have been read; memory is for one case at a time."""

    key: str
    snapshot: Snapshot | None = None
    """The last good one."""
    told: tuple[str, ...] = ()
    told_once: tuple[str, ...] = ()
    state_known: bool = True
    latest: datetime | None = None
    """When the last command about the case took place."""
    row_keys: set[tuple[str, ...]] = field(default_factory=set)
    closed_to: tuple[str, str] | None = None
    """Why no row of this group may be written, with its code: the case is not this group's. Found when its first row
    is handed to the ledger."""


class Step(NamedTuple):
    """A row that leads to something, and what is to be asked of the ledger for it."""

    row: Row
    group: Group
    begins: bool
    """Whether it begins its case."""
    submission: Submission


class Told(NamedTuple):
    """What became of a row: a step, or none; and what is odd about it."""

    step: Step | None
    unchanged: bool
    """Whether it says nothing that the row before did not say."""
    odd: Sequence[Oddity]


class Teller:
    """Reads the rows of a file in order, one case after the other."""

    def __init__(self, interpreter: Interpreter, file_digest: str, import_id: UUID, said_at: datetime | None) -> None:
        mapping = interpreter.mapping
        customer_kind = mapping.customer.kind if mapping.customer else CustomerKind.PERSON
        self._source = Source(mapping.namespace, mapping.time.zone, customer_kind)
        self._interpreter = interpreter
        self._source_recorded = mapping.time.source_recorded
        self._nobody = mapping.source
        self._file_digest = file_digest
        self._import_id = import_id
        self._said_at = said_at
        self._group: Group | None = None

    def tell(self, row: Row) -> Told:
        """What is new in a row. Raises: BadRow, and then the next row is told as if this one were not there."""
        if row.fault is not None:
            raise BadRow(*row.fault)
        values, reader = row.values, self._interpreter
        key = reader.case_key(values)
        group = self._group
        if group is None or group.key != key:
            group = self._group = Group(key)
        row_key = reader.row_key(values)
        if row_key in group.row_keys:
            raise BadRow("row-key-twice", f"the case has a row with the key {' '.join(row_key)} already")
        told = reader.told(values)
        if told == group.told:
            group.row_keys.add(row_key)
            return Told(None, unchanged=True, odd=() if group.state_known else (Oddity.STATE_UNKNOWN,))
        try:
            return self._news(row, group, told, row_key)
        except Unsaid as error:
            raise BadRow(error.code, str(error)) from error
        except ValidationError as error:
            raise BadRow("does-not-fit", _told_by(error)) from error

    def _news(self, row: Row, group: Group, told: tuple[str, ...], row_key: tuple[str, ...]) -> Told:
        values, reader, source, before = row.values, self._interpreter, self._source, group.snapshot
        at = reader.updated(values)
        after, state_known = reader.snapshot(values, before.stage if before else None)
        told_once = reader.told_once(values)
        odd: list[Oddity] = [] if state_known else [Oddity.STATE_UNKNOWN]
        commands: list[Command]
        if before is None:
            opening = reader.opening(values)
            commands = source.opening(group.key, opening, after, at)
            latest = group.latest or opening.received_at
        else:
            commands = source.changes(group.key, before, after, at)
            latest = group.latest or at
            if told_once != group.told_once:
                odd.append(Oddity.OPENING_CHANGED)
        odd += oddities(before, after, commands, latest)
        step = self._step(row, group, row_key, commands, at) if commands else None
        group.snapshot, group.told, group.told_once, group.state_known = after, told, told_once, state_known
        group.latest = commands[-1].at if commands else latest
        group.row_keys.add(row_key)
        return Told(step, unchanged=step is None and not odd, odd=odd)

    def _step(self, row: Row, group: Group, row_key: tuple[str, ...], commands: list[Command], at: datetime) -> Step:
        begins = group.snapshot is None
        actor = Actor(self._interpreter.actor(row.values) or self._nobody, ActorKind.IMPORT)
        submission = Submission(
            self._source.id_of("row", group.key, *row_key),
            tuple(commands),
            actor,
            CHANNEL,
            correlation=self._import_id,
            expected=((_case_stream(commands), 0),) if begins else (),
            said_at=self._said_at,
            source=ReadFrom(self._file_digest, row.line),
            source_recorded_at=at if self._source_recorded else None,
            imported=True,
        )
        return Step(row, group, begins, submission)


def _case_stream(commands: Sequence[Command]) -> str:
    """The stream of the case: an opening's last command is always about it."""
    return commands[-1].stream


def _told_by(error: ValidationError) -> str:
    fault: Any = error.errors(include_url=False, include_context=False)[0]
    place = ".".join(str(part) for part in fault["loc"])
    return f"{place}: {fault['msg']}"
