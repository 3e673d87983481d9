"""What an export says of itself: the types of events and of objects, and their attributes with the type of each."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum, StrEnum
from functools import cache
from types import MappingProxyType, NoneType, UnionType
from typing import Annotated, Any, NamedTuple, TypeAlias, Union, get_args, get_origin
from uuid import UUID

from pydantic import AwareDatetime

from domain.event import Event
from domain.money import Money
from domain.personal import Personal
from domain.topics import EVENTS

Value: TypeAlias = str | int | bool


class ValueType(StrEnum):
    """The types of OCEL 2.0 that Daybook has use for: it keeps no numbers with a fraction."""

    STRING = "string"
    TIME = "time"
    INTEGER = "integer"
    BOOLEAN = "boolean"


Attributes: TypeAlias = Mapping[str, ValueType]

_S, _T, _I, _B = ValueType.STRING, ValueType.TIME, ValueType.INTEGER, ValueType.BOOLEAN

ENVELOPE: Attributes = MappingProxyType(
    {
        "position": _I,
        "stream": _S,
        "version": _I,
        "topic": _S,
        "recorded_at": _T,
        "source_recorded_at": _T,
        "occurred_zone": _S,
        "occurred_precision": _S,
        "register": _S,
        "actor": _S,
        "actor_kind": _S,
        "actor_unit": _S,
        "actor_role": _S,
        "door": _S,
        "correlation": _S,
        "departures": _S,
        "source_line": _I,
        "read_by": _I,
    }
)
"""Of every event. `read_by` is the position of the correction by which it is read otherwise than it was written."""

SKIPPED = "skipped"
"""The type that stands in the place of an event that this program cannot read."""
OF_SKIPPED: Attributes = MappingProxyType(
    {"position": _I, "stream": _S, "version": _I, "topic": _S, "recorded_at": _T, "cause": _S}
)


class Kind(StrEnum):
    """The types of objects, in the order in which they are written."""

    BOOK = "book"
    POLICY = "policy"
    CALENDAR = "calendar"
    UNIT = "unit"
    STAFF = "staff"
    IMPORT = "import"
    CUSTOMER = "customer"
    CASE = "case"
    TOUCHPOINT = "touchpoint"
    OBLIGATION = "obligation"


OBJECTS: Mapping[Kind, Attributes] = MappingProxyType(
    {
        Kind.BOOK: {"name": _S, "origin": _S, "zone": _S, "time": _S},
        Kind.POLICY: {"name": _S, "version": _I},
        Kind.CALENDAR: {"name": _S, "version": _I},
        Kind.UNIT: {"name": _S, "kind": _S, "open": _B, "hours": _S},
        Kind.STAFF: {"name": _S, "unit": _S, "post": _S, "grade": _S, "here": _B},
        Kind.IMPORT: {
            "number": _S,
            "file_name": _S,
            "mapping": _S,
            "rows": _I,
            "unchanged": _I,
            "rejected": _I,
            "cases": _I,
            "events": _I,
        },
        Kind.CUSTOMER: {"kind": _S, "name": _S, "source_key": _S, "language": _S, "tier": _S, "manager": _S},
        Kind.CASE: {
            "number": _S,
            "source_key": _S,
            "kind": _S,
            "channel": _S,
            "status": _S,
            "unit": _S,
            "handler": _S,
            "category": _S,
            "subcategory": _S,
            "symptom": _S,
            "priority": _S,
            "impact": _S,
            "urgency": _S,
            "outcome": _S,
            "resolution_code": _S,
        },
        Kind.TOUCHPOINT: {"channel": _S, "direction": _S, "medium": _S},
        Kind.OBLIGATION: {"kind": _S, "title": _S, "status": _S, "unit": _S, "owner": _S, "due_at": _T},
    }
)


class Form(Enum):
    """How a field of an event becomes attributes."""

    PLAIN = "plain"
    PERSONAL = "personal"
    """The state of the value; the value itself never leaves."""
    MONEY = "money"
    """Two attributes, the amount and its currency."""
    JSON = "json"
    """What has parts, as a JSON text."""


class Field(NamedTuple):
    """A field of an event, and the attributes that it becomes."""

    name: str
    form: Form
    core: type
    """Its type, without what constrains it and whether it may be left out."""
    attributes: tuple[tuple[str, ValueType], ...]


def name_of(event: type[Event]) -> str:
    """The name of an event without the version of its schema, such as `case-resolved`."""
    return event.TOPIC.rpartition(".")[0]


@cache
def fields_of(event: type[Event]) -> tuple[Field, ...]:
    """The fields of an event, in its order."""
    return tuple(_field(name, _core(info.annotation)) for name, info in event.model_fields.items())


def event_types() -> dict[str, dict[str, ValueType]]:
    """Every type of event that there is, with its attributes, by name."""
    types = {name_of(event): {**ENVELOPE, **_declared(event)} for event in EVENTS}
    return dict(sorted({**types, SKIPPED: dict(OF_SKIPPED)}.items()))


def _declared(event: type[Event]) -> dict[str, ValueType]:
    return {name: type_ for field in fields_of(event) for name, type_ in field.attributes}


def _field(name: str, core: Any) -> Field:
    told = f"data.{name}"
    if core is Personal or get_origin(core) is Personal:
        return Field(name, Form.PERSONAL, Personal, ((told, _S),))
    if not isinstance(core, type):
        return Field(name, Form.JSON, object, ((told, _S),))
    if issubclass(core, Money):
        return Field(name, Form.MONEY, core, ((f"{told}.minor_units", _I), (f"{told}.currency", _S)))
    for kinds, type_ in ((bool, _B), (int, _I), (datetime, _T), ((str, UUID, date), _S)):
        if issubclass(core, kinds):
            return Field(name, Form.PLAIN, core, ((told, type_),))
    return Field(name, Form.JSON, core, ((told, _S),))


def _core(annotation: Any) -> Any:
    """A type without its constraints and without None."""
    while True:
        if annotation is AwareDatetime:  # a mark of pydantic's, and no class of instants
            return datetime
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation = get_args(annotation)[0]
        elif origin in {Union, UnionType}:
            told = [each for each in get_args(annotation) if each is not NoneType]
            if len(told) != 1:
                return annotation
            annotation = told[0]
        else:
            return annotation
