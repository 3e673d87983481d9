"""What the rows of a snapshot log say, read through its mapping: keys, times, snapshots."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Mapping as Table
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, TypeVar

from api.imports.clock import Clock
from api.imports.errors import BadRow
from api.imports.mapping import Column
from api.imports.people import People
from api.imports.record import Columns, Record
from api.imports.snapshot import Classed, Opening, Rated, Snapshot, Stage
from api.imports.snapshot_mapping import Coded, SnapshotMapping
from api.imports.step import short_enough
from domain.case.state import Moment, Status
from domain.channel import Channel

Code = TypeVar("Code")
Values = Sequence[str]


@dataclass(frozen=True, slots=True)
class Place:
    """A column that a rule reads: its name, and where it stands in a row."""

    name: Column
    index: int | None
    """None when the file has no such column."""
    missing: frozenset[str]


class Interpreter:
    """A mapping, fitted to the header of a file."""

    def __init__(self, mapping: SnapshotMapping, header: Sequence[Column]) -> None:
        self.mapping = mapping
        self.columns = Columns(mapping, header)
        self.clock: Clock = self.columns.clock
        self.people = People(mapping)
        places = {name: Place(name, *self.columns.place(name)) for name in self.columns.names}

        def place(name: Column | None) -> Place | None:
            return None if name is None else places[name]

        self._case = places[mapping.rows.case]
        self._key = [places[name] for name in mapping.rows.key]
        self._received, self._updated = places[mapping.time.received], places[mapping.time.updated]
        actor = mapping.actor.column if mapping.actor else None
        self._actor = place(actor)
        self._received_by, self._registered_by = place(mapping.case.received_by), place(mapping.case.registered_by)
        self._unit, self._handler = place(mapping.case.unit), place(mapping.case.handler)
        self._customer = place(mapping.customer.column if mapping.customer else None)
        self._channel = places[mapping.channel.column]
        self._state = places[mapping.state.column]
        self._stages = _stages(mapping)
        self._classification: list[Place | None] = []
        if rule := mapping.classification:
            self._classification = [place(rule.category), place(rule.subcategory), place(rule.symptom)]
        self._places = places
        self._attributes = [(name, places[column]) for column, name in mapping.attributes.items()]
        if mapping.channel.keep_as:
            self._attributes.append((mapping.channel.keep_as, self._channel))
        left_out = mapping.left_out
        only_keys = set(mapping.rows.key) - {place.column for place in mapping.places()}
        stamps = only_keys | {mapping.time.updated, actor}
        self.told: Callable[[Values], tuple[str, ...]] = _columns(
            [
                place.index
                for place in places.values()
                if place.index is not None and place.name not in left_out | stamps
            ]
        )
        """What a row says of its case; a row that says the same as the one before is unchanged."""
        once = [self._received, self._received_by, self._registered_by]
        self.told_once: Callable[[Values], tuple[str, ...]] = _columns(
            [place.index for place in once if place and place.index is not None]
        )

    def case_key(self, values: Values) -> str:
        """The source's key of the case that a row is about. Raises: BadRow."""
        return self._needed(values, self._case, "no-case-key")

    def row_key(self, values: Values) -> tuple[str, ...]:
        """What tells the row from the others of its case."""
        return tuple(_word(values, place) for place in self._key)

    def updated(self, values: Values) -> Moment:
        """When the row was written. Raises: BadRow."""
        return self.clock.moment(self._needed(values, self._updated, "no-time"))

    def actor(self, values: Values) -> str | None:
        """Who made the update, if anybody. Raises: BadRow."""
        return short_enough(self._text(values, self._actor), self._actor.name if self._actor else "")

    def opening(self, values: Values, key: str) -> Opening:
        """What is said once, when the case of that key begins. Raises: BadRow."""
        rule, record = self.mapping, Record(self.columns, values)
        received = self.clock.moment(self._needed(values, self._received, "no-time"))
        customer = self._text(values, self._customer)
        record.subject = record.id_of("case", key) if customer is None else record.id_of("customer", customer)
        known = () if customer is None else self.people.known(record, customer, received.at)
        return Opening(
            kind=rule.case.kind,
            direction=rule.channel.direction,
            received_at=received.at,
            precision=received.precision,
            words=self.people.words(record),
            known=tuple(command for _, command in known),
            received_by=self._text(values, self._received_by),
            registered_by=self._text(values, self._registered_by),
        )

    def snapshot(self, values: Values, former: Stage | None) -> tuple[Snapshot, bool]:
        """The record as the row has it, and whether its state is known, or is the former one.

        Raises: BadRow.
        """
        stage = self._stages.get(_word(values, self._state))
        if stage is None and not self._state_unknown(values):
            raise self._unknown(values, self._state)
        return (
            Snapshot(
                customer=self._text(values, self._customer),
                channel=self._channelled(values),
                stage=stage or former or Stage(Status.REGISTERED),
                unit=self._text(values, self._unit),
                handler=self._text(values, self._handler),
                classed=self._classed(values),
                rated=self._rated(values),
                attributes=tuple([(name, self._text(values, place)) for name, place in self._attributes]),
            ),
            stage is not None,
        )

    def _state_unknown(self, values: Values) -> bool:
        word = _word(values, self._state)
        return word in self.mapping.state.unknown or word in self._state.missing

    def _channelled(self, values: Values) -> Channel:
        rule = self.mapping.channel
        if self._text(values, self._channel) is None:
            if rule.when_missing is None:
                raise BadRow("no-channel", f"{self._channel.name} has nothing, and the mapping gives no channel then")
            return rule.when_missing
        return self._meant(values, self._channel, rule.values)

    def _classed(self, values: Values) -> Classed | None:
        rule = self.mapping.classification
        if rule is None:
            return None
        category, subcategory, symptom = [self._text(values, place) for place in self._classification]
        if category is not None:
            return Classed(category, subcategory, symptom, rule.taxonomy)
        if subcategory is not None or symptom is not None:
            raise BadRow("no-category", "it has a subcategory or a symptom, but no category that they could belong to")
        return None

    def _rated(self, values: Values) -> Rated | None:
        rule = self.mapping.priority
        if rule is None:
            return None
        priority = self._coded(values, rule)
        impact = self._coded(values, rule.impact) if rule.impact else None
        urgency = self._coded(values, rule.urgency) if rule.urgency else None
        if priority is not None:
            return Rated(priority, impact, urgency)
        if impact is not None or urgency is not None:
            raise BadRow("no-priority", "it has an impact or an urgency, but no priority")
        return None

    def _coded(self, values: Values, rule: Coded[Code]) -> Code | None:
        place = self._places[rule.column]
        return None if self._text(values, place) is None else self._meant(values, place, rule.values)

    def _meant(self, values: Values, place: Place, codes: Table[str, Code]) -> Code:
        try:
            return codes[_word(values, place)]
        except KeyError:
            raise self._unknown(values, place) from None

    def _unknown(self, values: Values, place: Place) -> BadRow:
        return BadRow("unknown-value", f"{place.name} is {_word(values, place)!r}, which the mapping does not know")

    def _needed(self, values: Values, place: Place, code: str) -> str:
        text = self._text(values, place)
        if text is None:
            raise BadRow(code, f"{place.name} has nothing")
        return text

    def _text(self, values: Values, place: Place | None) -> str | None:
        if place is None:
            return None
        text = _word(values, place)
        return None if text in place.missing else text


def _word(values: Values, place: Place) -> str:
    return "" if place.index is None else values[place.index].strip()


def _stages(mapping: SnapshotMapping) -> dict[str, Stage]:
    rule = mapping.state
    return {
        **dict.fromkeys(rule.registered, Stage(Status.REGISTERED)),
        **dict.fromkeys(rule.in_progress, Stage(Status.IN_PROGRESS)),
        **{word: Stage(Status.PAUSED, ground) for word, ground in rule.paused.items()},
        **dict.fromkeys(rule.resolved, Stage(Status.RESOLVED)),
        **dict.fromkeys(rule.closed, Stage(Status.CLOSED)),
    }


def _columns(indices: Sequence[int]) -> Callable[[Values], tuple[str, ...]]:
    """Those columns of a row, as a tuple however many they are."""
    if len(indices) == 1:
        return lambda values: (values[indices[0]],)
    pick: Callable[[Any], Any] = itemgetter(*indices)
    return pick
