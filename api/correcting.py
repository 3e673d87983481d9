"""What is to be read instead of a recorded event, out of the few fields that somebody says are wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import UnionType
from typing import Any, Union, get_args, get_origin
from uuid import UUID

from pydantic import ValidationError

from domain.amending import resealed
from domain.amendment import Amendment, Replacement
from domain.correctable import CORRECTABLE
from domain.correction import Reading
from domain.envelope import Recorded
from domain.event import Event
from domain.personal import Personal, PersonalState
from domain.stream import subject_of

CLASSES: Mapping[str, type[Event]] = {event.TOPIC: event for event in CORRECTABLE}


class NoReplacement(Exception):
    """The fields make no event; `path` leads to the one at fault, and is empty when it is the whole."""

    def __init__(self, message: str, *path: str) -> None:
        super().__init__(message)
        self.message = message
        self.path = path


def replacement_of(
    history: Sequence[Recorded[Any]], version: int, fields: Mapping[str, Any], *, topic: str | None = None
) -> Replacement:
    """The event at a version as it would read with these fields; the others stay as they are read by now.

    `history` is the whole stream with its personal values open. Fields are named as in the event's data; a personal
    value is given as its text. Another topic takes no field over. Personal values are about the customer whom the new
    event names, or else about whom the old one's were. Where nothing is written at that version there is only what is
    given, and the ledger refuses the request. Raises: NoReplacement.
    """
    read = _read(history, version)
    told = topic or (read.event.TOPIC if read else None)
    if told is None:
        raise NoReplacement(f"There is no version {version} in this stream; its last is {len(history)}.", "version")
    kind = CLASSES.get(told)
    if kind is None:
        raise NoReplacement(f"There is no event {told!r} that could stand there.", "topic")
    kept = {}
    if read is not None and type(read.event) is kind:
        kept = {name: getattr(read.event, name) for name in kind.model_fields}
    unknown = [name for name in fields if name not in kind.model_fields]
    if unknown:
        raise NoReplacement(
            f"{kind.TOPIC} has no field {unknown[0]!r}; it has {', '.join(kind.model_fields)}.", unknown[0]
        )
    subject = _subject(history, read, fields)
    try:
        event = kind.model_validate({**kept, **fields} | _personal(kind, {**kept, **fields}, subject))
    except ValidationError as error:
        (fault, *_) = error.errors(include_url=False)
        message = str(fault["msg"]).removeprefix("Value error, ")
        path = [str(part) for part in fault["loc"]]
        raise NoReplacement(f"{'.'.join(path)}: {message[:1].lower()}{message[1:]}.", *path) from None
    return Replacement.of(resealed(event))


def _read(history: Sequence[Recorded[Any]], version: int) -> Recorded[Any] | None:
    """The event behind a version, however many amendments lie between, as it is read by now."""
    if not 1 <= version <= len(history):
        return None
    target = history[version - 1]
    while isinstance(target.event, Amendment):
        target = history[target.event.version - 1]
    return Reading(history).of(target) or target


def _subject(history: Sequence[Recorded[Any]], read: Recorded[Any] | None, fields: Mapping[str, Any]) -> UUID | None:
    """Whom personal values of the new event are about."""
    if (said := fields.get("customer_id")) is not None:
        try:
            return UUID(str(said))
        except ValueError:
            raise NoReplacement(f"customer_id: {said!r} is no id.", "customer_id") from None
    if read is None:
        return None
    old = [value for name in type(read.event).model_fields if isinstance(value := getattr(read.event, name), Personal)]
    if "customer_id" in fields:  # nobody is known any more
        return subject_of(history[0].stream)
    named = getattr(read.event, "customer_id", None)
    return old[0].subject if old else named or subject_of(history[0].stream)


def _personal(kind: type[Event], fields: Mapping[str, Any], subject: UUID | None) -> dict[str, Any]:
    """The personal values among some fields, about the subject."""
    found: dict[str, Any] = {}
    for name, field in kind.model_fields.items():
        value = fields.get(name)
        if value is None or not _is_personal(field.annotation):
            continue
        if isinstance(value, Personal):
            if value.state is not PersonalState.OPEN or value.subject == subject:
                continue
            value = value.value
        if subject is not None:
            found[name] = Personal.open(subject, value)
    return found


def _is_personal(annotation: Any) -> bool:
    origin = get_origin(annotation) or annotation
    if origin in (UnionType, Union):
        return any(_is_personal(inner) for inner in get_args(annotation))
    return origin is Personal
