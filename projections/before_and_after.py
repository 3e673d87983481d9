"""Before and after: which fields of a subject's view an event changed, as that was known when it was recorded."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import reduce
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

from pydantic import BaseModel

from domain.amendment import AMENDMENTS, Amendment
from domain.correction import Reading, applied
from domain.deciders import decider_of
from domain.envelope import Recorded
from domain.event import rfc3339
from domain.personal import Personal, personal_values
from domain.stream import Category, category_of
from ledger.ledger import PersonalPlace
from projections.case_file import CASE_FILE
from projections.customer_profile import CUSTOMER_PROFILE, Contact
from projections.obligation import OBLIGATION
from projections.projection import FoldContext, Projection, key_of
from projections.staff import STAFF
from projections.unit import UNIT

EVERY_EVENT_CHANGES = frozenset({"version", "position", "last_occurred_at", "last_recorded_at"})
"""Columns that say which event came last, and when: the event itself says so."""


class Sealed(NamedTuple):
    """A personal value in a view, and where it lies, for the ledger to disclose."""

    personal: Personal[Any]
    place: PersonalPlace

    def same_as(self, other: Sealed) -> bool:
        """Whether it is the same value. A correction seals what it leaves as it was anew, under another commitment."""
        return self.personal.commitment == other.personal.commitment or self.personal == other.personal


Plain = str | int | float | bool | list[Any] | None


class FieldChange(NamedTuple):
    """A field that an event changed. Its path is a JSON pointer without the first stroke: `status`, `contacts/0/kind`.

    What is personal is None here, and lies where `personal_before` and `personal_after` say.
    """

    path: str
    before: Plain
    after: Plain
    personal_before: PersonalPlace | None = None
    personal_after: PersonalPlace | None = None


SEEN: Mapping[Category, Projection[Any]] = MappingProxyType({
    Category.CASE: CASE_FILE,
    Category.CUSTOMER: CUSTOMER_PROFILE,
    Category.OBLIGATION: OBLIGATION,
    Category.STAFF: STAFF,
    Category.UNIT: UNIT,
})  # fmt: skip
"""Projections whose rows are what is known of a subject. Of the others, what decisions know of them is shown."""
HOLDS: Mapping[str, str] = MappingProxyType({"words_version": "words", "name_version": "name"})
"""Columns that say which event holds a personal value, and the field of that event."""


def changes(history: Sequence[Recorded[Any]], versions: Collection[int]) -> dict[int, tuple[FieldChange, ...]]:
    """What some events of a stream changed, by version, in the order of the view's fields.

    `history` is the whole stream as it was written, or what of it could be read, personal values opened: two that are
    closed can only be told apart by their commitments. An event is seen beside what stood before it, amendments among
    that and none that came later; an amendment shows what has changed by what is read otherwise since.
    """
    found: dict[int, tuple[FieldChange, ...]] = {}
    last = max(versions, default=0)
    known = _Known(history)
    before: dict[str, Any] = {}
    for count, recorded in enumerate(history[:last], 1):
        asked = recorded.version in versions
        if asked and not before:
            before = known.shown()
        known.take(count)
        if asked:
            after = known.shown()
            found[recorded.version] = tuple(_differences(before, after))
            before = after
        else:
            before = {}
    return found


class _Known:
    """A subject as it is known after the first events of its stream, one event after the other."""

    def __init__(self, history: Sequence[Recorded[Any]]) -> None:
        self._history = history
        self._by_version = {recorded.version: recorded for recorded in history}
        self._seen = SEEN.get(Category(category_of(history[0].stream))) if history else None
        self._reading = Reading(())
        self._state: Any = None if self._seen or not history else decider_of(history[0].stream).initial
        self._places = {
            personal.commitment: PersonalPlace(recorded.stream, recorded.version, path)
            for recorded in reversed(history)  # the first place, where an erased value stands in a replacement as well
            for path, personal in personal_values(recorded.event)
        }

    def take(self, count: int) -> None:
        """Goes on by one event: folds it, or after a correction or a void all that stands so far again."""
        recorded = self._history[count - 1]
        if isinstance(recorded.event, Amendment):
            self._reading = Reading(self._history[:count])  # which nothing but an amendment changes
            start = None if self._seen else decider_of(recorded.stream).initial
            self._state = reduce(self._folded, applied(self._history[:count]), start)
        elif not isinstance(recorded.event, AMENDMENTS):
            self._state = self._folded(self._state, recorded)

    def shown(self) -> dict[str, Any]:
        """What is known by now, by path; nothing is left out but what every event changes."""
        if self._seen is None:
            return dict(self._flat(self._state, ""))
        if self._state is None:
            return {}
        told = self._state._asdict()
        row = {name: told[name] for name in told if name not in EVERY_EVENT_CHANGES and name != self._seen.key}
        return dict(self._parts(self._opened(row), ""))

    def _folded(self, state: Any, recorded: Recorded[Any]) -> Any:
        if self._seen is None:
            return decider_of(recorded.stream).evolve(state, recorded)
        return self._seen.fold(state, recorded, FoldContext(key_of(recorded.stream)))

    def _opened(self, row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        """The columns of a row, with personal values in place of those that only say where they lie."""
        for name, value in row.items():
            field = HOLDS.get(name)
            if field is None:
                yield name, value
            else:
                yield field, None if value is None else self._find(value, field)

    def _find(self, version: int, field: str) -> Sealed | None:
        """A personal value of the event at a version, as that is read by then."""
        read = self._reading.of(self._by_version[version])
        found = getattr(read.event, field, None) if read else None
        return self._sealed(found) if isinstance(found, Personal) else None

    def _sealed(self, personal: Personal[Any]) -> Sealed | None:
        commitment = personal.commitment
        return None if commitment is None else Sealed(personal, self._places[commitment])

    def _flat(self, value: Any, path: str) -> Iterator[tuple[str, Any]]:
        """A value taken apart into what can be compared, by path; what is None or empty is not there."""
        match value:
            case Personal():
                yield path, self._sealed(value)
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

    def _parts(self, parts: Iterable[tuple[Any, Any]], path: str) -> Iterator[tuple[str, Any]]:
        for name, part in parts:
            yield from self._flat(part, f"{path}/{name}" if path else str(name))


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


def _differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[FieldChange]:
    for path in dict.fromkeys((*after, *before)):
        old, new = before.get(path), after.get(path)
        if not _same(old, new):
            (was, was_at), (is_, is_at) = _apart(old), _apart(new)
            yield FieldChange(path, was, is_, was_at, is_at)


def _same(old: Any, new: Any) -> bool:
    if isinstance(old, Sealed) and isinstance(new, Sealed):
        return old.same_as(new)
    return bool(old == new)


def _apart(value: Any) -> tuple[Plain, PersonalPlace | None]:
    """What may be shown of a value, and where the rest lies."""
    return (None, value.place) if isinstance(value, Sealed) else (value, None)
