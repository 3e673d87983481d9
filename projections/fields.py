"""Fields: the row or the state of a subject taken apart by path, so that two of them can be compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime
from enum import Enum
from types import MappingProxyType
from typing import Any, TypeAlias
from uuid import UUID

from pydantic import BaseModel
from typing_extensions import override

from domain.correction import Reading
from domain.envelope import Recorded
from domain.event import rfc3339
from domain.personal import Personal, personal_values
from ledger.ledger import PersonalPlace
from projections.customer_profile import Contact

EVERY_EVENT_CHANGES = frozenset({"version", "position", "last_occurred_at", "last_recorded_at"})
"""Columns that say which event came last, and when: the event itself says so."""
HOLDS: Mapping[str, str] = MappingProxyType({"words_version": "words", "name_version": "name"})
"""Columns that say which event holds a personal value, and the field of that event."""
Plain: TypeAlias = str | int | float | bool | list[Any] | None


@dataclass(frozen=True, slots=True, eq=False)
class Sealed:
    """A personal value in a view, and where it lies, for the ledger to disclose.

    It equals another that is the same value, wherever that lies: a correction seals what it leaves as it was anew,
    under another commitment.
    """

    personal: Personal[Any]
    place: PersonalPlace

    @override
    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sealed):
            return False
        return self.personal.commitment == other.personal.commitment or self.personal == other.personal

    @override
    def __hash__(self) -> int:
        return hash(self.personal)


Value: TypeAlias = Plain | Sealed


def apart(value: Value) -> tuple[Plain, PersonalPlace | None]:
    """What may be shown of a value, and where the rest lies."""
    return (None, value.place) if isinstance(value, Sealed) else (value, None)


class Fields:
    """The fields of one subject, whose stream is read in some way.

    A path is a JSON pointer without the first stroke: `status`, `contacts/0/kind`. What is None or empty has no path.
    """

    def __init__(self, history: Iterable[Recorded[Any]], reading: Reading) -> None:
        """`history` is the subject's stream as it was written, with its personal values opened: two that are closed can
        only be told apart by their commitments."""
        self.reading = reading
        self._events = {recorded.version: recorded for recorded in history}
        self._places = {
            personal.commitment: PersonalPlace(recorded.stream, recorded.version, path)
            # The first place, where an erased value stands in a replacement as well.
            for recorded in reversed(self._events.values())
            for path, personal in personal_values(recorded.event)
        }

    def of_row(self, row: Mapping[str, Any]) -> Iterator[tuple[str, Value]]:
        """Some columns of the subject's row, personal values in place of those that only say where they lie."""
        return self._parts(self._opened(row), "")

    def of(self, value: Any, path: str = "") -> Iterator[tuple[str, Value]]:
        """A value, or a state, taken apart into what can be compared."""
        match value:
            case Personal():
                if (sealed := self._sealed(value)) is not None:
                    yield path, sealed
            case Sealed():
                yield path, value
            case Mapping():
                yield from self._parts(value.items(), path)
            case Contact():
                yield from self._parts((("kind", value.kind), ("value", self._find(value.version, "value"))), path)
            case tuple() if hasattr(value, "_asdict"):
                yield from self._parts(self._opened(value._asdict()), path)
            case BaseModel():
                yield from self._parts(((name, getattr(value, name)) for name in type(value).model_fields), path)
            case _ if is_dataclass(value):
                yield from self._parts(((each.name, getattr(value, each.name)) for each in fields(value)), path)
            case tuple() | list() if any(_is_whole(item) for item in value):
                yield from self._parts(enumerate(value), path)
            case tuple() | list() | frozenset():
                if value:
                    items = map(_plain, value)
                    yield path, sorted(items, key=str) if isinstance(value, frozenset) else list(items)
            case None:
                return
            case _:
                yield path, _plain(value)

    def _parts(self, parts: Iterable[tuple[Any, Any]], path: str) -> Iterator[tuple[str, Value]]:
        for name, part in parts:
            yield from self.of(part, f"{path}/{name}" if path else str(name))

    def _opened(self, row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        for name, value in row.items():
            field = HOLDS.get(name)
            if field is None:
                yield name, value
            else:
                yield field, None if value is None else self._find(value, field)

    def _find(self, version: int, field: str) -> Sealed | None:
        """A personal value of the event at a version, as that is read."""
        written = self._events.get(version)
        read = None if written is None else self.reading.of(written)
        found = getattr(read.event, field, None) if read else None
        return self._sealed(found) if isinstance(found, Personal) else None

    def _sealed(self, personal: Personal[Any]) -> Sealed | None:
        commitment = personal.commitment
        return None if commitment is None else Sealed(personal, self._places[commitment])


def _is_whole(value: Any) -> bool:
    """Whether something has parts of its own."""
    return isinstance(value, (tuple, list, Mapping, BaseModel)) or is_dataclass(value)


def _plain(value: Any) -> Plain:
    match value:
        case Enum():
            return str(value.value)
        case bool() | int() | float() | str() | None:
            return value
        case datetime():
            return rfc3339(value)
        case UUID():
            return str(value)
        case _:
            return str(value)
