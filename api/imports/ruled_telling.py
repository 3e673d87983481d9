"""From rows to steps by rules: of requests, whose rows have several dates, and of logs of one row an activity."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from api.imports.duplicates import RowKeys
from api.imports.errors import BadRow
from api.imports.people import People
from api.imports.reading import Row
from api.imports.record import Columns, Record
from api.imports.ruled_mapping import EventMapping, RequestMapping, Ruled, RuledMapping, receives
from api.imports.scratch import Notes, mark_of
from api.imports.step import Asking, Begins, Occasion, Step, Told, not_fitting, short_enough, step
from domain.case.commands import ChangeCaseCustomer, ReceiveCase, RecordAttributes
from domain.case.state import Moment
from domain.customer import RegisterCustomer
from domain.event import Command
from domain.touchpoint import RecordTouchpoint

REMEMBERED_CASES = 4_096


class Commands:
    """What rules make of a row."""

    def __init__(self, mapping: RuledMapping) -> None:
        self.people = People(mapping)
        self._direction = mapping.case.direction
        self._attributes = tuple(mapping.attributes.items())
        self._zone = mapping.clocks.zone

    def of(self, rules: Sequence[Ruled], record: Record, key: str, moment: Moment) -> list[tuple[str, Command]]:
        """The commands about the case of that key, each with its rule. Raises: BadRow, ValidationError."""
        commands: list[tuple[str, Command]] = []
        case_id = record.id_of("case", key)
        for place, rule in rules:
            if not rule.applies(record):
                continue
            given: dict[str, Any] = {
                **rule.given(record),
                "at": moment.at,
                "zone": self._zone,
                "precision": moment.precision,
                "case_id": case_id,
            }
            if rule.command is ReceiveCase:
                commands += self._received(place, given, record, key, moment)
                continue
            if rule.command is ChangeCaseCustomer:
                for column in (column for field, column, _ in rule.columns if field == "customer_id"):
                    commands += self.people.registered(record, record.needed(column, "no-value"), moment.at)
            commands.append((place, rule.command.model_validate(given)))
        return commands

    def attributes(self, record: Record, key: str, moment: Moment) -> list[tuple[str, Command]]:
        """What the row's source keeps besides; columns that have nothing say nothing. Raises: ValidationError."""
        told = [{"name": name, "value": text} for column, name in self._attributes if (text := record.text(column))]
        if not told:
            return []
        given = {"at": moment.at, "zone": self._zone, "precision": moment.precision, "attributes": told}
        return [("attributes", RecordAttributes.model_validate({**given, "case_id": record.id_of("case", key)}))]

    def _received(
        self, place: str, given: dict[str, Any], record: Record, key: str, moment: Moment
    ) -> list[tuple[str, Command]]:
        """A receipt: of a known customer, at a touchpoint, with what the personal columns say."""
        customer = self.people.key(record)
        customer_id = record.id_of("customer", customer) if customer else None
        touchpoint_id = record.id_of("touchpoint", key)
        own = {"customer_id": customer_id, "touchpoint_id": touchpoint_id, "source_key": key}
        receipt = ReceiveCase.model_validate({"words": self.people.words(record), **given, **own})
        touchpoint = RecordTouchpoint(
            at=receipt.at,
            zone=receipt.zone,
            precision=receipt.precision,
            touchpoint_id=touchpoint_id,
            customer_id=customer_id,
            case_id=receipt.case_id,
            channel=receipt.channel,
            direction=self._direction,
            staff=receipt.received_by,
        )
        registered = self.people.registered(record, customer, moment.at) if customer else ()
        return [*registered, (place, touchpoint), (place, receipt)]


class RequestTeller:
    """Reads requests, one row a case; each of its dates is a step."""

    def __init__(self, mapping: RequestMapping, columns: Columns, occasion: Occasion) -> None:
        self._mapping, self._columns, self._occasion = mapping, columns, occasion
        self._commands = Commands(mapping)
        self._rules = [(column, mapping.compiled()[f"dates.{column}"]) for column in mapping.dates]
        self._keys = RowKeys()

    def tell(self, row: Row) -> Told:
        """What happened by the dates of a row. Raises: BadRow."""
        if row.fault is not None:
            raise BadRow(*row.fault)
        record = Record(self._columns, row.values)
        key = record.needed(self._mapping.rows.case, "no-case-key")
        if self._keys.again((key,), row.values):
            return Told(duplicate=True)
        try:
            return Told(self._steps(row, record, key))
        except ValidationError as error:
            self._keys.take_back()
            raise not_fitting(error) from error
        except BadRow:
            self._keys.take_back()
            raise

    def _steps(self, row: Row, record: Record, key: str) -> list[Step]:
        mapping = self._mapping
        customer = self._commands.people.key(record)
        record.subject = record.id_of("customer", customer) if customer else record.id_of("case", key)
        actor = record.text(mapping.actor.column) if mapping.actor else None
        steps: list[Step] = []
        for nth, (column, rules) in enumerate(self._rules):
            text = record.text(column) if nth else record.needed(column, "no-time")
            if text is None:
                continue
            moment = record.moment(text, column)
            commands = self._commands.of(rules, record, key, moment)
            if not nth:
                commands += self._commands.attributes(record, key, moment)
            if not commands:
                continue
            asking = Asking(
                record.id_of("row", key, column),
                short_enough(actor, mapping.actor.column if mapping.actor else "") or mapping.source,
                moment.at if mapping.time.source_recorded else None,
            )
            begins = Begins.NOT if nth else Begins.RECEIVES
            steps.append(step(self._occasion, row, commands, asking, group=row.line, begins=begins))
        return steps


class EventTeller:
    """Reads a log of one row an activity. What it must know of each case is on disk: whether it began, and whose it is.

    `without_rule` counts the rows of activities that have no rule, by name, up to a number of names.
    """

    MOST_NAMES = 1_000

    def __init__(self, mapping: EventMapping, columns: Columns, occasion: Occasion) -> None:
        self._mapping, self._columns, self._occasion = mapping, columns, occasion
        self._commands = Commands(mapping)
        ready = mapping.compiled()
        self._rules = {activity: ready[f"activities.{activity}"] for activity in mapping.activities}
        self._begin = ready.get("case.begins")
        self._keys = RowKeys()
        self._cases = Notes()
        self._recent: OrderedDict[str, str] = OrderedDict()
        self.without_rule: dict[str, int] = {}

    def tell(self, row: Row) -> Told:
        """What an activity means. Raises: BadRow."""
        if row.fault is not None:
            raise BadRow(*row.fault)
        mapping, record = self._mapping, Record(self._columns, row.values)
        key = record.needed(mapping.rows.case, "no-case-key")
        row_key = tuple(record.text(column) or "" for column in mapping.rows.key)
        if self._keys.again((key, *row_key), row.values):
            return Told(duplicate=True)
        try:
            return self._told(row, record, key, row_key)
        except ValidationError as error:
            self._keys.take_back()
            raise not_fitting(error) from error
        except BadRow:
            self._keys.take_back()
            raise

    def _told(self, row: Row, record: Record, key: str, row_key: tuple[str, ...]) -> Told:
        mapping = self._mapping
        activity = record.needed(mapping.activity.column, "no-activity")
        if reason := mapping.ignored.activities.get(activity):
            return Told(ignored=reason)
        rules = self._rules.get(activity)
        if rules is None:
            self._count(activity)
            raise BadRow("activity-without-rule", f"the mapping has no rule for the activity {activity!r}")
        moment = record.moment(record.needed(mapping.time.occurred, "no-time"), mapping.time.occurred)
        applying = [(place, rule) for place, rule in rules if rule.applies(record)]
        customer = self._customer_of(key)
        new = customer is None
        if customer is None or receives(applying):
            customer = self._commands.people.key(record) or ""
        record.subject = record.id_of("customer", customer) if customer else record.id_of("case", key)
        begin = self._begin if new and not receives(applying) else None
        began = self._commands.of(begin, record, key, moment) if begin else []
        commands = self._commands.of(applying, record, key, moment)
        commands += self._commands.attributes(record, key, moment)
        steps = []
        if began:
            asking = self._asking(record, key, ("begins",), moment)
            steps.append(step(self._occasion, row, began, asking, group=row.line, begins=Begins.JOINS))
        if commands:
            begins = Begins.RECEIVES if receives(applying) else Begins.NOT
            asking = self._asking(record, key, ("row", *row_key), moment)
            steps.append(step(self._occasion, row, commands, asking, group=row.line, begins=begins))
        if steps:
            self._note(key, customer, commands)
        return Told(steps, unchanged=not steps)

    def _asking(self, record: Record, key: str, name: tuple[str, ...], moment: Moment) -> Asking:
        mapping = self._mapping
        actor = record.text(mapping.actor.column) if mapping.actor else None
        recorded_at = moment.at if mapping.time.source_recorded else None
        if mapping.time.recorded and (text := record.text(mapping.time.recorded)):
            recorded_at = record.moment(text, mapping.time.recorded).at
        return Asking(
            record.id_of(name[0], key, *name[1:]),
            short_enough(actor, mapping.actor.column if mapping.actor else "") or mapping.source,
            recorded_at,
        )

    def _customer_of(self, key: str) -> str | None:
        """Whose case it is, if it began; nobody's is ""."""
        if key in self._recent:
            self._recent.move_to_end(key)
            return self._recent[key]
        note = self._cases.under(mark_of(key))
        return note if isinstance(note, str) else None

    def _note(self, key: str, customer: str, commands: Sequence[tuple[str, Command]]) -> None:
        """The case began, if it had not; and what is personal from now on is about this customer."""
        changed = {command.customer_id for _, command in commands if isinstance(command, ChangeCaseCustomer)}
        for _, command in commands:
            if isinstance(command, RegisterCustomer) and command.customer_id in changed:
                customer = command.source_key or customer
        if self._recent.get(key) != customer:
            self._cases.renote(mark_of(key), customer)
            self._recent[key] = customer
            if len(self._recent) > REMEMBERED_CASES:
                self._recent.popitem(last=False)

    def _count(self, activity: str) -> None:
        """One more row of an activity without a rule; a column that is no activity at all has no end of names."""
        known = activity in self.without_rule or len(self.without_rule) < self.MOST_NAMES
        name = activity[:200] if known else "(others)"
        self.without_rule[name] = self.without_rule.get(name, 0) + 1
