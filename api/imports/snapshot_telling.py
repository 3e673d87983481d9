"""From the rows of a snapshot log to steps: each told as what is new in it since the last good one of its case."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from api.imports.duplicates import RowKeys
from api.imports.errors import BadRow
from api.imports.interpretation import Interpreter
from api.imports.oddity import Oddity, oddities
from api.imports.reading import Row
from api.imports.snapshot import RULES, Snapshot, Source, Unsaid
from api.imports.step import Asking, Begins, Occasion, Step, Told, by_day, not_fitting, step
from domain.customer import CustomerKind
from domain.event import Command, Precision


@dataclass(slots=True)
class Group:
    """The rows of one case, as far as they have been read; memory is for one case at a time."""

    key: str
    line: int
    snapshot: Snapshot | None = None
    """The last good one."""
    told: tuple[str, ...] = ()
    told_once: tuple[str, ...] = ()
    state_known: bool = True
    latest: datetime | None = None
    """When the last command about the case took place."""


class SnapshotTeller:
    """Reads the rows of a snapshot log in order, one case after the other."""

    def __init__(self, interpreter: Interpreter, occasion: Occasion) -> None:
        mapping = interpreter.mapping
        customer_kind = mapping.customer.kind if mapping.customer else CustomerKind.PERSON
        self._source = Source(mapping.namespace, mapping.time.zone, customer_kind)
        self._interpreter = interpreter
        self._source_recorded = mapping.time.source_recorded
        self._nobody = mapping.source
        self._occasion = occasion
        self._group: Group | None = None
        self._keys = RowKeys()

    def tell(self, row: Row) -> Told:
        """What is new in a row. Raises: BadRow, and then the next row is told as if this one were not there."""
        if row.fault is not None:
            raise BadRow(*row.fault)
        values, reader = row.values, self._interpreter
        key = reader.case_key(values)
        row_key = reader.row_key(values)
        if self._keys.again((key, *row_key), values):
            return Told(duplicate=True)
        group = self._group
        if group is None or group.key != key:
            group = self._group = Group(key, row.line)
        told = reader.told(values)
        if told == group.told:
            return Told(unchanged=True, odd=() if group.state_known else (Oddity.STATE_UNKNOWN,))
        try:
            return self._news(row, group, told, row_key)
        except Unsaid as error:
            self._keys.take_back()
            raise BadRow(error.code, str(error)) from error
        except ValidationError as error:
            self._keys.take_back()
            raise not_fitting(error) from error
        except BadRow:
            self._keys.take_back()
            raise

    def _news(self, row: Row, group: Group, told: tuple[str, ...], row_key: tuple[str, ...]) -> Told:
        values, reader, source, before = row.values, self._interpreter, self._source, group.snapshot
        moment = reader.updated(values)
        at = moment.at
        after, state_known = reader.snapshot(values, before.stage if before else None)
        told_once = reader.told_once(values)
        odd: list[Oddity] = [] if state_known else [Oddity.STATE_UNKNOWN]
        commands: list[Command]
        if before is None:
            opening = reader.opening(values, group.key)
            commands = source.opening(group.key, opening, after, at)
            latest = group.latest or opening.received_at
            if opening.precision is Precision.DAY:
                commands = by_day(commands, opening.received_at)
        else:
            commands = source.changes(group.key, before, after, at)
            latest = group.latest or at
            if told_once != group.told_once:
                odd.append(Oddity.OPENING_CHANGED)
        odd += oddities(before, after, commands, latest)
        if moment.precision is Precision.DAY:
            commands = by_day(commands, at)
        steps = [self._step(row, group, row_key, commands, at)] if commands else []
        group.snapshot, group.told, group.told_once, group.state_known = after, told, told_once, state_known
        group.latest = commands[-1].at if commands else latest
        return Told(steps, unchanged=not steps and not odd, odd=odd)

    def _step(self, row: Row, group: Group, row_key: tuple[str, ...], commands: list[Command], at: datetime) -> Step:
        asking = Asking(
            self._source.id_of("row", group.key, *row_key),
            self._interpreter.actor(row.values) or self._nobody,
            at if self._source_recorded else None,
        )
        ruled = [(RULES.get(type(command), "state"), command) for command in commands]
        begins = Begins.CLAIMS if group.snapshot is None else Begins.NOT
        return step(self._occasion, row, ruled, asking, group=group.line, begins=begins)
