import json
import re
import types
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import pytest
from pydantic import AwareDatetime, BaseModel

import domain.book
import domain.case.due
import domain.case.events
import domain.customer
import domain.imports
import domain.touchpoint
from domain.event import Count, Event
from domain.personal import Personal
from domain.topics import EVENTS, UPCASTS

PAYLOADS = Path(__file__).parent / "payloads"
CLASSES = {event.TOPIC: event for event in EVENTS}

STAFF = "a name at work, under which the company's own people act"
TERM = "a term out of a list that the installation keeps, by its type Label"
UNIT = "a branch, desk or team of the company"
NOT_PERSONAL = {
    "BookOpened.origin": "the installation's own name",
    "BookOpened.zone": "an IANA zone, by its pattern",
    "BookOpened.formats": "names of formats",
    "CustomerRegistered.source_key": "a key that means nothing outside the system that issued it",
    "CustomerRegistered.language": "a language tag, by its pattern",
    "TierAssigned.rule_version": TERM,
    "TouchpointRecorded.medium_id": "the company's own number, counter or account",
    "TouchpointRecorded.staff": STAFF,
    "TouchpointRecorded.unit": UNIT,
    "CaseReceived.received_by": STAFF,
    "CaseReceived.source_key": "the key of the matter, not of a person, in the system it came from",
    "CaseRegistered.unit": UNIT,
    "CaseRegistered.handler": STAFF,
    "CaseRegistered.registered_by": STAFF,
    "CaseClassified.category": TERM,
    "CaseClassified.subcategory": TERM,
    "CaseClassified.symptom": TERM,
    "CaseClassified.taxonomy": TERM,
    "CaseDispatched.unit": UNIT,
    "CaseDispatched.handler": STAFF,
    "DispatchReturned.unit": UNIT,
    "DispatchReturned.reason": TERM,
    "CaseTransferred.from_unit": UNIT,
    "CaseTransferred.to_unit": UNIT,
    "CaseTransferred.handler": STAFF,
    "CaseTransferred.reason": TERM,
    "CaseAssigned.handler": STAFF,
    "CaseUnassigned.handler": STAFF,
    "WorkStarted.by": STAFF,
    "ResponseSent.by": STAFF,
    "CaseResolved.redress.currency": "an ISO 4217 code, by its pattern",
    "CaseResolved.resolved_by": STAFF,
    "CaseResolved.code": TERM,
    "CaseReopened.reason": TERM,
    "CaseClosed.code": TERM,
    "CaseAttributesRecorded.attributes.name": "the name of a column, by its pattern",
    "CaseAttributesRecorded.attributes.value": TERM,
    "DueStated.target": TERM,
    "ImportStarted.file_name": "the name of a file that the installation's own staff chose",
    "ImportStarted.file_digest": "a digest, by its pattern",
    "ImportStarted.mapping": TERM,
    "ImportStarted.mapping_digest": "a digest, by its pattern",
    "ImportStarted.zone": "an IANA zone, by its pattern",
}
"""Every text that stands bare in a payload, and why it tells nothing about a customer. To add one is to review it."""


def leaves(annotation: Any, path: str) -> Iterator[tuple[str, Any]]:
    """The types that a field's values consist of, each with where it stands; `Count` and `Personal` whole."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if annotation == Count or origin is Personal:
        yield path, Count if annotation == Count else Personal
    elif origin is Annotated:
        yield from leaves(inner[0], path)
    elif origin in (types.UnionType, Union):
        for each in inner:
            yield from leaves(each, path)
    elif origin is tuple and inner[1:] == (...,):
        yield from leaves(inner[0], path)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from fields(annotation, path)
    else:
        yield path, annotation


def fields(model: type[BaseModel], path: str) -> Iterator[tuple[str, Any]]:
    hints = get_type_hints(model, include_extras=True)
    for name in model.model_fields:
        yield from leaves(hints[name], f"{path}.{name}")


FIELDS = [found for event in EVENTS for found in fields(event, event.__name__)]


def test_every_text_of_an_event_is_personal_or_reviewed() -> None:
    assert {path for path, kind in FIELDS if kind is str} == NOT_PERSONAL.keys()


def test_an_event_holds_only_what_has_one_canonical_form() -> None:
    exact = (str, bool, UUID, Count, AwareDatetime, Personal, types.NoneType)
    odd = [
        (path, kind)
        for path, kind in FIELDS
        if kind not in exact and not (isinstance(kind, type) and issubclass(kind, StrEnum))
    ]
    assert odd == []


def test_every_event_of_the_domain_is_listed_once() -> None:
    rooms = (domain.book, domain.customer, domain.touchpoint, domain.case.events, domain.case.due, domain.imports)
    declared = {
        thing
        for room in rooms
        for thing in vars(room).values()
        if isinstance(thing, type) and issubclass(thing, Event) and thing is not Event
    }
    assert len(EVENTS) == len(CLASSES)
    assert set(EVENTS) == declared


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.TOPIC)
def test_a_topic_is_the_name_of_what_happened_and_its_schema_version(event: type[Event]) -> None:
    words = re.findall(r"[A-Z][a-z]*", event.__name__)
    assert re.fullmatch(rf"{'-'.join(words).lower()}\.[1-9][0-9]*", event.TOPIC)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.TOPIC)
def test_the_writer_of_an_event_chooses_every_field(event: type[Event]) -> None:
    assert [name for name, field in event.model_fields.items() if not field.is_required()] == []


def test_only_cases_and_imports_are_numbered() -> None:
    registers = {event.TOPIC: event.REGISTER for event in EVENTS if event.REGISTER is not None}
    assert registers == {"case-registered.1": "C", "import-started.1": "I"}


def test_a_payload_is_kept_of_every_topic_there_ever_was() -> None:
    assert {path.stem for path in PAYLOADS.iterdir()} == CLASSES.keys() | UPCASTS.keys()


@pytest.mark.parametrize("path", sorted(PAYLOADS.iterdir()), ids=lambda path: path.stem)
def test_a_stored_payload_reads_back_and_writes_the_same_bytes(path: Path) -> None:
    topic, stored = path.stem, path.read_bytes()
    payload = json.loads(stored)
    assert stored == canonical(payload)
    while topic in UPCASTS:
        topic, upcast = UPCASTS[topic]
        payload = upcast(payload)
    event = CLASSES[topic].model_validate_json(canonical(payload))
    assert canonical(event.model_dump(mode="json")) == canonical(payload)


def canonical(payload: object) -> bytes:
    """RFC 8785, as far as payloads go: ASCII keys, no floats; the test's own, so that it is a second opinion."""
    return json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
