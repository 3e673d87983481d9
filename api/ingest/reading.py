"""From what was sent to items: each line by itself, so that a bad one takes no other with it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from itertools import count
from typing import Annotated, Any, Literal, NamedTuple
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from api.ingest.outcome import BadItem, Fault, Path, names
from api.ingest.vocabulary import Kind, kinds
from api.source_keys import id_in, namespace_of
from api.zones import zones
from domain.event import NO_NUL, Label, Precision, SourceKey, ZoneName

MOST_LINE_BYTES = 256 * 1024
"""A personal value may have 64 KiB, and each of its characters may be escaped."""
MOST_LEVELS = 16
LONGEST_TYPE = 40
"""In a suggestion: looking for names that are near takes longer, the longer they are."""
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
BLANK = b" \t\r"
INSTANT = r"^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$"
EXTENSION = re.compile(r"[a-z0-9]+")
"""How CloudEvents allows a further attribute to be called (1.0, Naming Conventions)."""
MEDIA = re.compile(r"application/(\S+\+)?json( *;.*)?", re.IGNORECASE)

ItemId = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=NO_NUL)]


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise BadItem(Fault.NOT_JSON, f"It has the key {twice[:50]!r} twice, so that nobody can say which one counts.")
    return made


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number of JSON (RFC 8259, 6)")


JSON = json.JSONDecoder(object_pairs_hook=_each_key_once, parse_constant=_no_number)


class Envelope(BaseModel):
    """An item: a CloudEvent whose type is a command. Without `specversion` it is the same, for lines of one's own."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True)

    specversion: Literal["1.0"] | None = None
    """The version of CloudEvents. Where it stands, further attributes that CloudEvents allows are not read."""
    id: ItemId | None = None
    """Unique within its source. The same item sent again under the same id is carried out once. It may be left out of
    lines in a request with an Idempotency-Key."""
    source: Label | None = None
    """The system that it comes from; its keys are unique in it. The header Daybook-Source says it for lines that do
    not."""
    type: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    """What is to be recorded."""
    time: Annotated[str, StringConstraints(pattern=INSTANT)] | None = None
    """When it happened (RFC 3339); now, if it does not say."""
    zone: ZoneName | None = None
    """The IANA zone in which that was written down; the book's, if it does not say."""
    precision: Precision = Precision.INSTANT
    """How exactly the time is known."""
    subject: SourceKey | None = None
    """What it is about, by the source's own key for it."""
    datacontenttype: str | None = None
    dataschema: str | None = None
    data: dict[str, Any] = Field(default_factory=dict)
    """What is said, by the type's own fields."""


class Item(NamedTuple):
    """Something that another system tells."""

    place: int
    """Its line, or its place in the batch, from 1."""
    id: str | None
    command_id: UUID
    namespace: UUID
    kind: Kind
    envelope: Envelope
    data: BaseModel


class Sender(NamedTuple):
    """What a request says of all of its items."""

    name: str
    """Who sends."""
    source: str | None
    key: str | None
    """What stands in for the ids of items that have none."""
    events: bool = False
    """Whether all of them have to be CloudEvents."""

    def command_id(self, namespace: UUID, envelope: Envelope, place: int) -> UUID:
        """The id under which the ledger knows an item. Raises: BadItem when there is none."""
        if envelope.id is not None:
            return id_in(namespace, "item", envelope.id)
        if self.key is not None:
            return uuid5(id_in(namespace, "sent", self.name, self.key), str(place))
        message = "It has no id; give it one that is its own, or send the header Idempotency-Key."
        raise BadItem(Fault.NO_ID, message, ("id",))


def lines_of(body: bytes) -> Iterator[tuple[int, bytes]]:
    """The lines by number, one after the other: a body may hold millions. Those that have nothing are empty."""
    start = len(BYTE_ORDER_MARK) if body.startswith(BYTE_ORDER_MARK) else 0
    for number in count(1):
        end = body.find(b"\n", start)
        if end < 0:
            if start < len(body):
                yield number, body[start:].strip(BLANK)
            return
        yield number, body[start:end].strip(BLANK)
        start = end + 1


def object_in(line: bytes) -> dict[str, Any]:
    """The object that a line holds. Raises: BadItem."""
    if len(line) > MOST_LINE_BYTES:
        raise BadItem(Fault.TOO_LONG, f"The line has {len(line)} bytes; at most {MOST_LINE_BYTES} are read.")
    return object_of(value_in(line))


def value_in(text: bytes) -> Any:
    """The value that is written there in JSON. Raises: BadItem."""
    try:
        return JSON.decode(text.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise BadItem(Fault.NOT_JSON, f"Byte {error.start + 1} is not UTF-8.") from error
    except ValueError as error:
        raise BadItem(Fault.NOT_JSON, f"It is no JSON: {error}.") from error
    except RecursionError as error:
        raise BadItem(Fault.NOT_JSON, "It is nested too deep.") from error


def object_of(value: Any) -> dict[str, Any]:
    """The value, which has to be an object. Raises: BadItem."""
    if not isinstance(value, dict):
        raise BadItem(Fault.NOT_JSON, "It is JSON, but no object.")
    return value


def item_of(found: Mapping[str, Any], place: int, sender: Sender) -> Item:
    """The item that an object is. Raises: BadItem."""
    _refuse_unwritable(found, ())
    if "specversion" in found:
        found = {name: value for name, value in found.items() if _is_read(name)}
    elif sender.events:
        raise BadItem(
            Fault.BAD_FIELD, "It is missing: a CloudEvent says its specversion, which is 1.0.", ("specversion",)
        )
    try:
        envelope = Envelope.model_validate(found)
    except ValidationError as error:
        raise bad_field(error, ()) from error
    if envelope.datacontenttype is not None and not MEDIA.fullmatch(envelope.datacontenttype):
        raise BadItem(Fault.BAD_FIELD, "Its data is not JSON; send application/json.", ("datacontenttype",))
    if envelope.zone is not None and envelope.zone not in zones():
        message = f"{envelope.zone!r} is no IANA zone; give one such as Asia/Shanghai."
        raise BadItem(Fault.BAD_FIELD, message, ("zone",))
    source = envelope.source or sender.source
    if source is None:
        message = "It does not say which system it comes from; give source, or send the header Daybook-Source."
        raise BadItem(Fault.NO_SOURCE, message, ("source",))
    kind = kinds().get(envelope.type)
    if kind is None:
        near = get_close_matches(envelope.type[:LONGEST_TYPE], kinds(), 1)
        message = f"There is no type {envelope.type!r}" + (f"; is it {near[0]}?" if near else ".")
        raise BadItem(Fault.UNKNOWN_TYPE, message, ("type",))
    namespace = namespace_of(source)
    command_id = sender.command_id(namespace, envelope, place)
    try:
        data = kind.data.model_validate(envelope.data)
    except ValidationError as error:
        raise bad_field(error, ("data",)) from error
    return Item(place, envelope.id, command_id, namespace, kind, envelope, data)


def id_of(found: Mapping[str, Any]) -> str | None:
    """The id of an object that may be no item, to be told in its answer."""
    told = found.get("id")
    return told if isinstance(told, str) and len(told) <= 300 and not _unwritable(told) else None


def bad_field(error: ValidationError, below: Path) -> BadItem:
    """The first field that does not fit, as the reason why nothing can be made of an item."""
    first: Any = error.errors(include_url=False, include_context=False, include_input=False)[0]
    path = (*below, *(part for part in names(first["loc"]) if part.isidentifier() or part.isdecimal()))
    message = str(first["msg"]).removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        message = "There is no such field"
    elif first["type"] == "missing":
        message = "It is missing"
    return BadItem(Fault.BAD_FIELD, f"{message[:1].upper()}{message[1:].rstrip('.')}.", path)


def _is_read(name: str) -> bool:
    return name in Envelope.model_fields or not EXTENSION.fullmatch(name)


def _unwritable(text: str) -> bool:
    return "\0" in text or (not text.isascii() and any("\ud800" <= each <= "\udfff" for each in text))


def _refuse_unwritable(value: Any, path: Path) -> None:
    """Raises: BadItem for a character that no text of the ledger may have, and for what is nested too deep."""
    if len(path) > MOST_LEVELS:
        raise BadItem(Fault.BAD_FIELD, f"It is nested more than {MOST_LEVELS} levels deep.", path[:2])
    match value:
        case str() if _unwritable(value):
            message = "This text has a character in it that is none: U+0000 or half of a surrogate pair."
            raise BadItem(Fault.BAD_FIELD, message, path)
        case dict():
            for name, inner in value.items():
                _refuse_unwritable(name, path)
                _refuse_unwritable(inner, (*path, name))
        case list():
            for at, inner in enumerate(value):
                _refuse_unwritable(inner, (*path, str(at)))
        case _:
            pass
