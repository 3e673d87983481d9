"""What the rows of a file say, read through a mapping: keys, times, snapshots."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Mapping as Table
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from operator import itemgetter
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from api.imports.mapping import Coded, Column, Mapping, Times
from api.imports.snapshot import Classed, Opening, Rated, Snapshot, Stage
from domain.case.state import Status
from domain.channel import Channel
from domain.event import EARLIEST, LATEST

Code = TypeVar("Code")
Values = Sequence[str]


class BadRow(Exception):
    """A row that cannot be understood; `code` is the reason's name."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Place:
    """A column that a rule reads: its name, and where it stands in a row."""

    name: Column
    index: int


class Clock:
    """Local times of a file as instants."""

    def __init__(self, rule: Times) -> None:
        self._format = rule.format
        self._zone = ZoneInfo(rule.zone)
        self._ambiguous = rule.ambiguous
        # An update's time stands in several rows of a file, the receipt's in all rows of a case.
        self.instant: Callable[[str], datetime] = lru_cache(8192)(self._instant)

    def _instant(self, text: str) -> datetime:
        """The instant in UTC. Raises: BadRow."""
        try:
            local = datetime.strptime(text, self._format)  # noqa: DTZ007  the mapping's zone is set below
        except ValueError:
            raise BadRow("bad-time", f"{text!r} is not a time as {self._format!r} has it") from None
        try:
            instant = (local if local.tzinfo else self._placed(local, text)).astimezone(UTC)
        except OverflowError:  # in the first or the last hours that there are, and beyond them in UTC
            instant = LATEST
        if not EARLIEST <= instant < LATEST:
            raise BadRow("impossible-time", f"{text!r} is not a time from 1900 to 2199")
        return instant

    def _placed(self, local: datetime, text: str) -> datetime:
        """A time on the wall, in the zone; clocks that are put forward or back leave out or repeat an hour."""
        earlier = local.replace(tzinfo=self._zone)
        later = earlier.replace(fold=1)
        turn = _offset(later) - _offset(earlier)
        if not turn:
            return earlier
        if turn > timedelta():
            raise BadRow("time-does-not-exist", f"{text!r} does not exist in {self._zone}: clocks were put forward")
        if self._ambiguous == "reject":
            raise BadRow("time-is-ambiguous", f"{text!r} occurs twice in {self._zone}: clocks were put back")
        return earlier if self._ambiguous == "earlier" else later


def _offset(local: datetime) -> timedelta:
    return local.utcoffset() or timedelta()


class Interpreter:
    """A mapping, fitted to the header of a file."""

    def __init__(self, mapping: Mapping, header: Sequence[Column]) -> None:
        self.mapping = mapping
        self.clock = Clock(mapping.time)
        self._missing = frozenset(("", *mapping.file.missing))
        places = {name: Place(name, index) for index, name in enumerate(header)}

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
        left_out = {*mapping.ignored.bookkeeping, *mapping.ignored.hindsight}
        only_keys = set(mapping.rows.key) - {column for _, column in mapping.ruled()}
        stamps = only_keys | {mapping.time.updated, actor}
        self.told: Callable[[Values], tuple[str, ...]] = _columns(
            [place.index for place in places.values() if place.name not in left_out | stamps]
        )
        """What a row says of its case; a row that says the same as the one before is unchanged."""
        once = [self._received, self._received_by, self._registered_by]
        self.told_once: Callable[[Values], tuple[str, ...]] = _columns([place.index for place in once if place])

    def nothing_in(self, text: str) -> bool:
        """Whether a field has nothing."""
        return text.strip() in self._missing

    def case_key(self, values: Values) -> str:
        """The source's key of the case that a row is about. Raises: BadRow."""
        return self._needed(values, self._case, "no-case-key")

    def row_key(self, values: Values) -> tuple[str, ...]:
        """What tells the row from the others of its case."""
        return tuple(values[place.index].strip() for place in self._key)

    def updated(self, values: Values) -> datetime:
        """When the row was written, in UTC. Raises: BadRow."""
        return self.clock.instant(self._needed(values, self._updated, "no-time"))

    def actor(self, values: Values) -> str | None:
        """Who made the update, if anybody. Raises: BadRow."""
        name = self._text(values, self._actor)
        if name is not None and len(name) > 200:
            raise BadRow("does-not-fit", f"{self._actor and self._actor.name}: a name has at most 200 characters")
        return name

    def opening(self, values: Values) -> Opening:
        """What is said once, when a case begins. Raises: BadRow."""
        rule = self.mapping
        return Opening(
            kind=rule.case.kind,
            direction=rule.channel.direction,
            received_at=self.clock.instant(self._needed(values, self._received, "no-time")),
            received_by=self._text(values, self._received_by),
            registered_by=self._text(values, self._registered_by),
        )

    def snapshot(self, values: Values, former: Stage | None) -> tuple[Snapshot, bool]:
        """The record as the row has it, and whether its state is known, or is the former one.

        Raises: BadRow.
        """
        stage = self._stages.get(values[self._state.index].strip())
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
        word = values[self._state.index].strip()
        return word in self.mapping.state.unknown or word in self._missing

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
            return codes[values[place.index].strip()]
        except KeyError:
            raise self._unknown(values, place) from None

    def _unknown(self, values: Values, place: Place) -> BadRow:
        return BadRow("unknown-value", f"{place.name} is {values[place.index]!r}, which the mapping does not know")

    def _needed(self, values: Values, place: Place, code: str) -> str:
        text = self._text(values, place)
        if text is None:
            raise BadRow(code, f"{place.name} has nothing")
        return text

    def _text(self, values: Values, place: Place | None) -> str | None:
        if place is None:
            return None
        text = values[place.index].strip()
        return None if text in self._missing else text


def _stages(mapping: Mapping) -> dict[str, Stage]:
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
