"""Events to bytes and back: canonical data under stable topics, personal values committed to and sealed beside."""

from __future__ import annotations

import hmac
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, get_args
from uuid import UUID

import orjson
from pydantic import BaseModel

from domain.correctable import UPCASTS
from domain.envelope import Actor, ActorKind, Metadata, Source
from domain.event import Event
from domain.personal import Opening, Personal, pair_of, personal_values, plain
from domain.topics import EVENTS
from ledger.canonical import canonical, canonical_of_checked
from ledger.errors import NotCanonical, TooLarge, UnknownTopic, UnreadableEvent, WrongKey
from ledger.keys import DataKey, sealed, unsealed

DATA_LIMIT_BYTES = 56 * 1024
METADATA_LIMIT_BYTES = 4 * 1024
PERSONAL_LIMIT_BYTES = 64 * 1024
SALT_BYTES = 32
PERSONAL_PAIR = {"commitment", "subject"}
NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")

Upcast = Callable[[dict[str, Any]], dict[str, Any]]


class Disclosure(NamedTuple):
    """A personal value in the clear, with what is needed to check the commitment in the event's bytes."""

    path: str
    subject: UUID
    commitment: str
    salt: bytes
    value: bytes
    """Canonical JSON."""


class Encoded(NamedTuple):
    """An event as bytes, and the personal values that must be sealed beside it."""

    topic: str
    series: str | None
    data: bytes
    disclosures: tuple[Disclosure, ...]


class SealedValue(NamedTuple):
    """A personal value as it lies in the ledger."""

    stream: str
    version: int
    path: str
    subject: UUID
    key_version: int
    sealed: bytes


class Codec:
    """The topics of a program, with the ways to read their bytes."""

    def __init__(
        self,
        events: Iterable[type[Event]] = EVENTS,
        upcasts: Mapping[str, tuple[str, Upcast]] = UPCASTS,
    ) -> None:
        self._classes = {event.TOPIC: event for event in events}
        self._upcasts = dict(upcasts)
        self._personal = {event.TOPIC for event in self._classes.values() if holds_personal(event)}
        self._validators = {topic: event.__pydantic_validator__ for topic, event in self._classes.items()}
        for topic in self._upcasts:
            if self._end_of(topic) in self._personal:
                self._personal.add(topic)

    def holds_personal(self, topic: str) -> bool:
        """Whether events of this topic can hold personal values."""
        return topic in self._personal

    def encode(self, event: Event) -> Encoded:
        """The event's canonical bytes. Fresh salts make the commitments differ each time.

        Raises: UnknownTopic for an event that is not registered, NotCanonical, TooLarge.
        """
        topic = event.TOPIC
        if self._classes.get(topic) is not type(event):
            raise UnknownTopic(
                f"{type(event).__qualname__} is not registered under {topic!r}; add it to domain.topics."
            )
        disclosures: tuple[Disclosure, ...] = ()
        context: dict[int, dict[str, str]] = {}
        if topic in self._personal:
            found = [(path, personal) for path, personal in personal_values(event) if personal.commitment is None]
            disclosures = tuple(disclosed(path, personal) for path, personal in found)
            context = {
                id(personal): pair_of(d.subject, d.commitment)
                for (_, personal), d in zip(found, disclosures, strict=True)
            }
        data = canonical_of_checked(event.model_dump(mode="json", context=context))
        if b"\\u0000" in data and NUL.search(data):
            raise NotCanonical(f"{topic} holds a NUL character, which PostgreSQL cannot show as text; leave it out.")
        if len(data) > DATA_LIMIT_BYTES:
            raise TooLarge(f"{topic} has {len(data)} bytes of data; the ledger keeps {DATA_LIMIT_BYTES}. Attach it.")
        return Encoded(topic, event.REGISTER, data, disclosures)

    def decode(self, topic: str, data: bytes, opened: Opening | None = None, *, where: str = "") -> Event:
        """The event as today's class, however old its payload.

        `opened` knows personal values by their commitments; one that it does not know stays closed. `where`
        is told in errors, such as "position 48112".

        Raises: UnknownTopic, UnreadableEvent.
        """
        validator = self._validators.get(topic)
        try:
            if validator is not None:
                event: Event = validator.validate_json(data, context=opened)
                return event
            return self._decode_old(topic, data, opened, where)
        except (ValueError, LookupError, TypeError, AttributeError) as error:  # of the validator, JSON, or an upcast
            raise UnreadableEvent(
                f"The bytes of {topic} at {where or 'an unknown place'} do not fit: {error}"
            ) from error

    def _decode_old(self, topic: str, data: bytes, opened: Opening | None, where: str) -> Event:
        if topic not in self._upcasts:
            raise UnknownTopic(self._unknown(topic, where))
        payload = orjson.loads(data)
        while topic in self._upcasts:
            topic, upcast = self._upcasts[topic]
            payload = upcast(payload)
        event: Event = self._validators[topic].validate_json(orjson.dumps(payload), context=opened)
        return event

    def _end_of(self, topic: str) -> str:
        while topic in self._upcasts:
            topic = self._upcasts[topic][0]
        if topic not in self._classes:
            raise UnknownTopic(f"The upcasts end in {topic!r}, for which there is no event class.")
        return topic

    def _unknown(self, topic: str, where: str) -> str:
        name, _, schema = topic.rpartition(".")
        known = [int(t.rpartition(".")[2]) for t in self._classes if t.rpartition(".")[0] == name]
        if known and schema.isdecimal() and int(schema) > max(known):
            reason = f"This program knows schema versions up to {max(known)}; a newer one wrote it. Update the program."
        else:
            reason = "Is this program too old?"
        return f"No event class for {topic!r} at {where or 'an unknown place'}. {reason}"


def holds_personal(model: type[BaseModel]) -> bool:
    """Whether a model has a personal field, at any depth."""
    return any(_mentions_personal(field.annotation) for field in model.model_fields.values())


def _mentions_personal(annotation: Any) -> bool:
    if annotation is Event:  # any event may stand there
        return True
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return holds_personal(annotation)
    origin = getattr(annotation, "__origin__", annotation)
    return origin is Personal or any(_mentions_personal(inner) for inner in get_args(annotation))


def commitment(salt: bytes, path: str, value: bytes) -> str:
    """What stands in the event's bytes for a personal value: HMAC-SHA256 under the salt, hex."""
    # Not hmac.digest, which releases the interpreter's lock: with 32 writers, each release is a switch of threads.
    return hmac.new(salt, b"daybook/personal/v1\0" + path.encode() + b"\0" + value, "sha256").hexdigest()


def disclosed(path: str, personal: Personal[Any]) -> Disclosure:
    """An open value with a fresh salt and its commitment. Raises: TooLarge, NotCanonical."""
    value = canonical(plain(personal))
    if len(value) > PERSONAL_LIMIT_BYTES:
        raise TooLarge(f"The personal value at {path} has {len(value)} bytes; the ledger keeps {PERSONAL_LIMIT_BYTES}.")
    salt = os.urandom(SALT_BYTES)
    return Disclosure(path, personal.subject, commitment(salt, path, value), salt, value)


def _binding(book: str, stream: str, version: int, d: tuple[str, UUID, str], key_version: int) -> bytes:
    path, subject, committed = d
    return f"{book}\0{stream}\0{version}\0{path}\0{subject}\0{key_version}\0{committed}".encode()


def seal(book: str, stream: str, version: int, d: Disclosure, key: DataKey) -> SealedValue:
    """The value under its subject's key, bound to the one place in the ledger where it belongs."""
    binding = _binding(book, stream, version, (d.path, d.subject, d.commitment), key.version)
    blob = sealed(key.cipher, d.salt + d.value, binding)
    return SealedValue(stream, version, d.path, d.subject, key.version, blob)


def unseal(book: str, value: SealedValue, committed: str, key: DataKey) -> Disclosure:
    """The value in the clear again, checked against the commitment in the event's bytes. Raises: WrongKey."""
    place = (value.path, value.subject, committed)
    blob = unsealed(key.cipher, value.sealed, _binding(book, value.stream, value.version, place, value.key_version))
    salt, clear = blob[:SALT_BYTES], blob[SALT_BYTES:]
    if commitment(salt, value.path, clear) != committed:
        raise WrongKey(f"The personal value at {value.stream} {value.version}{value.path} is not the one committed to.")
    return Disclosure(value.path, value.subject, committed, salt, clear)


def commitments(data: bytes) -> dict[str, str]:
    """The commitments in an event's bytes, by JSON pointer."""
    return dict(_commitments(orjson.loads(data), ""))


def _commitments(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        if value.keys() == PERSONAL_PAIR:
            yield path, value["commitment"]
            return
        for name, inner in value.items():
            yield from _commitments(inner, f"{path}/{name}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _commitments(inner, f"{path}/{index}")


def metadata_bytes(metadata: Metadata) -> bytes:
    """The canonical bytes of metadata; what is None or empty is left out. Raises: TooLarge, NotCanonical."""
    told = {name: getattr(metadata, name) for name in Metadata.__dataclass_fields__}
    fields: dict[str, Any] = {name: value for name, value in told.items() if value not in (None, ())}
    fields["actor"] = {name: value for name, value in metadata.actor._asdict().items() if value is not None}
    if metadata.source is not None:
        fields["source"] = metadata.source._asdict()
    data = canonical_of_checked(fields)
    if b"\\u0000" in data and NUL.search(data):
        raise NotCanonical("The metadata holds a NUL character, which PostgreSQL cannot show as text; leave it out.")
    if len(data) > METADATA_LIMIT_BYTES:
        raise TooLarge(f"The metadata has {len(data)} bytes; the ledger keeps {METADATA_LIMIT_BYTES}.")
    return data


def metadata_of(data: bytes) -> Metadata:
    """Metadata out of its bytes. Raises: UnreadableEvent."""
    try:
        found = orjson.loads(data)
        actor = found["actor"]
        source = found.get("source")
        causation = found.get("causation")
        return Metadata(
            Actor(
                actor["name"],
                ActorKind(actor["kind"]),
                actor.get("unit"),
                actor.get("role"),
                actor.get("claim"),
                actor.get("on_behalf_of"),
            ),
            found["channel"],
            UUID(found["correlation"]),
            UUID(causation) if causation else None,
            UUID(found["command"]),
            found["digest"],
            found.get("basis"),
            found["program"],
            Source(source["digest"], source["line"]) if source else None,
            tuple(found.get("departures", ())),
            found.get("client"),
            found.get("address"),
        )
    except (orjson.JSONDecodeError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise UnreadableEvent(f"The metadata {data!r} cannot be read: {error}") from error
