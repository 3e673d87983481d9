"""What can happen to what is recorded: somebody asks for a correction or a void, and somebody else decides."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Self, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    SerializeAsAny,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from domain.correctable import event_of
from domain.event import Event, Instant, Label, Precision, StaffName, Version, ZoneName

Topic = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*\.[1-9][0-9]*$", max_length=100)]
"""The stored name of an event with its schema version."""


class Occurrence(BaseModel):
    """When something really occurred: an instant, the zone it was written down in, and how exactly it is known."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    at: Instant
    zone: ZoneName
    precision: Precision


class Replacement(BaseModel):
    """An event that is to stand in another's place. It is read, upcast and sealed like any event."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    topic: Topic
    data: SerializeAsAny[Event]

    @classmethod
    def of(cls, event: Event) -> Self:
        """The event, under its topic."""
        return cls(topic=event.TOPIC, data=event)

    @field_validator("data", mode="wrap")
    @classmethod
    def _read(cls, value: Any, handler: Callable[[Any], Event], info: ValidationInfo) -> Event:
        del handler
        if isinstance(value, Event):
            return value
        if "topic" not in info.data or not isinstance(value, Mapping):
            raise ValueError("a replacement is a topic and the data of an event")
        return event_of(info.data["topic"], json.dumps(value), info.context)

    @model_validator(mode="after")
    def _named_as_it_is(self) -> Self:
        if self.topic != self.data.TOPIC:  # it was stored under an older schema
            object.__setattr__(self, "topic", self.data.TOPIC)
        return self


class CorrectionRequested(Event):
    """Somebody asked that an event be read otherwise. Nothing changes before somebody else approves."""

    TOPIC: ClassVar = "correction-requested.1"

    version: Version
    """Of the event in the same stream that is to be read otherwise; it may be a correction itself."""
    replacement: Replacement
    occurrence: Occurrence | None
    """When it really occurred; None leaves that as it is."""
    reason: Label
    """About the record, never about a person."""
    requested_by: StaffName


class VoidRequested(Event):
    """Somebody asked that an event count no longer; of a correction or a void, that it be taken back."""

    TOPIC: ClassVar = "void-requested.1"

    version: Version
    reason: Label
    requested_by: StaffName


class EventCorrected(Event):
    """The request was approved: from here on the event is read as the request has it. What was written stays."""

    TOPIC: ClassVar = "event-corrected.1"

    version: Version
    """Of the event that is read otherwise."""
    request: Version
    """Of the request, which holds what is read instead, why, and who asked."""
    approved_by: StaffName


class EventVoided(Event):
    """The request was approved: from here on the event counts no longer. What was written stays."""

    TOPIC: ClassVar = "event-voided.1"

    version: Version
    request: Version
    approved_by: StaffName


class AmendmentDeclined(Event):
    """The request was turned down; nothing changes."""

    TOPIC: ClassVar = "amendment-declined.1"

    request: Version
    reason: Label
    declined_by: StaffName


AmendmentRequest: TypeAlias = CorrectionRequested | VoidRequested
Amendment: TypeAlias = EventCorrected | EventVoided
AMENDMENTS: tuple[type[Event], ...] = (
    CorrectionRequested,
    VoidRequested,
    EventCorrected,
    EventVoided,
    AmendmentDeclined,
)
"""They stand in the stream of what they are about, and never reach `evolve` or a fold."""
