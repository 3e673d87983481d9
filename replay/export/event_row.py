"""An event as one row of an export: when it occurred, what it says without personal values, what it has to do with."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import Enum
from typing import Any, NamedTuple

import orjson

from domain.envelope import Recorded
from domain.event import Event, rfc3339
from domain.personal import Personal, personal_values
from replay.export.declared import SKIPPED, Field, Form, Value, fields_of, name_of
from replay.export.related import ABOUT, Thing, Units, of_stream, related
from replay.export.selection import Told, Untold


class EventRow(NamedTuple):
    """An event."""

    id: str
    type: str
    time: str
    """RFC 3339 in UTC with six digits."""
    attributes: tuple[tuple[str, Value], ...]
    """What it has nothing of is left out."""
    things: dict[Thing, str]
    """The objects that it has to do with, each with its part in it; never none."""


def event_row(told: Told, units: Units) -> EventRow:
    """The row of an event as it is read, or as it was written."""
    recorded = told.recorded
    return EventRow(
        event_id(recorded.book, recorded.position),
        name_of(type(recorded.event)),
        rfc3339(recorded.occurred_at),
        (*_envelope(recorded, told.read_by), *_said(recorded.event)),
        related(recorded, units),
    )


def skipped_row(untold: Untold, book: str) -> EventRow:
    """The mark in the place of an event that this program cannot read; its envelope it can."""
    unread = untold.unread
    attributes: tuple[tuple[str, Value], ...] = (
        ("position", unread.position),
        ("stream", unread.stream),
        ("version", unread.version),
        ("topic", unread.topic),
        ("recorded_at", rfc3339(untold.recorded_at)),
        ("cause", type(unread.cause).__name__),
    )
    thing = of_stream(unread.stream, book)
    return EventRow(event_id(book, unread.position), SKIPPED, rfc3339(untold.occurred_at), attributes, {thing: ABOUT})


def event_id(book: str, position: int) -> str:
    """What an event is called wherever books come together."""
    return f"{book}/{position}"


def _envelope(recorded: Recorded[Any], read_by: int | None) -> Iterator[tuple[str, Value]]:
    yield "position", recorded.position
    yield "stream", recorded.stream
    yield "version", recorded.version
    yield "topic", recorded.event.TOPIC
    yield "recorded_at", rfc3339(recorded.recorded_at)
    if recorded.source_recorded_at is not None:
        yield "source_recorded_at", rfc3339(recorded.source_recorded_at)
    yield "occurred_zone", recorded.occurred_zone
    yield "occurred_precision", recorded.occurred_precision.value
    if recorded.register is not None:
        yield "register", str(recorded.register)
    metadata = recorded.metadata
    actor = metadata.actor
    yield "actor", actor.name
    yield "actor_kind", actor.kind.value
    if actor.unit is not None:
        yield "actor_unit", actor.unit
    if actor.role is not None:
        yield "actor_role", actor.role
    yield "door", metadata.channel
    yield "correlation", str(metadata.correlation)
    if metadata.departures:
        yield "departures", " ".join(metadata.departures)
    if metadata.source is not None:
        yield "source_line", metadata.source.line
    if read_by is not None:
        yield "read_by", read_by


def _said(event: Event) -> Iterator[tuple[str, Value]]:
    for field in fields_of(type(event)):
        value = getattr(event, field.name)
        if value is None:
            continue
        match field.form:
            case Form.PLAIN:
                yield field.attributes[0][0], plain(value)
            case Form.PERSONAL:
                yield field.attributes[0][0], state_of(value)
            case Form.MONEY:
                (amount, _), (currency, _) = field.attributes
                yield amount, value.minor_units
                yield currency, value.currency
            case Form.JSON:
                yield field.attributes[0][0], _json(event, field)


def plain(value: Any) -> Value:
    """A simple value as an attribute has it."""
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, datetime):
        return rfc3339(value)
    return value if isinstance(value, str | int) else str(value)


def state_of(personal: Personal[Any]) -> str:
    """What is told of a personal value: never what it says. Nothing is unsealed for an export."""
    return personal.state.value


def _json(event: Event, field: Field) -> str:
    dumped = event.model_dump(mode="json", include={field.name})
    for path, personal in personal_values(event):
        first, *rest = path.removeprefix("/").split("/")
        if first == field.name:
            _put(dumped, [first, *rest], {"personal": state_of(personal)})
    return orjson.dumps(dumped[field.name], option=orjson.OPT_SORT_KEYS).decode()


def _put(within: Any, path: list[str], value: Any) -> None:
    *way, last = path
    for step in way:
        within = within[int(step)] if isinstance(within, list) else within[step]
    if isinstance(within, list):
        within[int(last)] = value
    else:
        within[last] = value
