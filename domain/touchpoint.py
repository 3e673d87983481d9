"""A touchpoint: one moment in which a customer and the company met."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, TypeAlias, assert_never
from uuid import UUID

from typing_extensions import override

from domain import attachment
from domain.attachment import Attaching, AttachmentAdded, Attachments
from domain.channel import Channel, Direction
from domain.decider import Decided, Decider
from domain.envelope import Context, Recorded
from domain.event import Command, Event, Label, Refused, StaffName, UnitName, Words
from domain.personal import Personal
from domain.refusal import Refusal
from domain.stream import Category, stream_of


class TouchpointRecorded(Event):
    """A customer reached the company, or the company the customer."""

    TOPIC: ClassVar = "touchpoint-recorded.1"

    customer_id: UUID | None
    case_id: UUID | None
    """The case it belongs to, when it belongs to one."""
    channel: Channel
    direction: Direction
    medium_id: Label | None
    """Which of the company's own numbers, counters or accounts; never the customer's."""
    staff: StaffName | None
    unit: UnitName | None
    words: Personal[Words] | None


TouchpointEvent: TypeAlias = TouchpointRecorded | AttachmentAdded


class AboutTouchpoint(Command):
    """Something asked for about one touchpoint."""

    touchpoint_id: UUID

    @property
    @override
    def stream(self) -> str:
        return stream_of(Category.TOUCHPOINT, self.touchpoint_id)


class RecordTouchpoint(AboutTouchpoint):
    """Note that a customer and the company met."""

    REFUSALS: ClassVar[tuple[str, ...]] = (Refusal.TOUCHPOINT_ALREADY_RECORDED, Refusal.SUBJECT_MISMATCH)

    customer_id: UUID | None = None
    case_id: UUID | None = None
    channel: Channel
    direction: Direction
    medium_id: Label | None = None
    staff: StaffName | None = None
    unit: UnitName | None = None
    words: Personal[Words] | None = None
    """About the customer; about the case when the customer is unknown; else about the touchpoint itself."""


class AttachToTouchpoint(Attaching, AboutTouchpoint):
    """Put a file to the touchpoint: what was handed over, photographed or recorded then."""

    REFUSALS: ClassVar[tuple[str, ...]] = (Refusal.UNKNOWN_TOUCHPOINT, *attachment.REFUSALS)


TouchpointCommand: TypeAlias = RecordTouchpoint | AttachToTouchpoint


@dataclass(frozen=True, slots=True)
class Touchpoint:
    """What was recorded of the moment, which is settled at once, and the files that were put to it."""

    record: TouchpointRecorded
    attachments: Attachments = ()


def subject_of_touchpoint(record: TouchpointRecorded, touchpoint_id: UUID) -> UUID:
    """Whom what was said then is about: the customer, or the case while nobody knows whose, or else the moment."""
    return record.customer_id or record.case_id or touchpoint_id


def decide(touchpoint: Touchpoint | None, command: TouchpointCommand, context: Context) -> Decided:
    """The events that the command leads to; none when nothing changes. Raises: Refused."""
    del context  # a record and the files beside it have no order that history could depart from
    match command:
        case RecordTouchpoint():
            return _record(touchpoint, command)
        case AttachToTouchpoint():
            return _attach(touchpoint, command)
        case _:
            assert_never(command)


def evolve(touchpoint: Touchpoint | None, recorded: Recorded[TouchpointEvent]) -> Touchpoint | None:
    """The touchpoint after an event; its first record stays, and what comes before that leaves nothing."""
    event = recorded.event
    match event:
        case TouchpointRecorded():
            return touchpoint or Touchpoint(event)
        case AttachmentAdded():
            if touchpoint is None:
                return None
            return replace(touchpoint, attachments=attachment.with_one_more(touchpoint.attachments, event))
        case _:
            assert_never(event)


TOUCHPOINT: Decider[Touchpoint | None] = Decider(
    Category.TOUCHPOINT,
    None,
    decide,
    evolve,
    events=(TouchpointRecorded, AttachmentAdded),
    begins=TouchpointRecorded,
)


def _record(touchpoint: Touchpoint | None, command: RecordTouchpoint) -> Decided:
    record = TouchpointRecorded(
        customer_id=command.customer_id,
        case_id=command.case_id,
        channel=command.channel,
        direction=command.direction,
        medium_id=command.medium_id,
        staff=command.staff,
        unit=command.unit,
        words=command.words,
    )
    if command.words is not None and command.words.subject != subject_of_touchpoint(record, command.touchpoint_id):
        raise Refused(
            Refusal.SUBJECT_MISMATCH,
            "The words are about somebody else than this touchpoint; give them under the id of its customer, "
            "or of its case when the customer is unknown, or else its own.",
            field="words",
        )
    if touchpoint is None:
        return [record]
    if touchpoint.record == record:
        return []
    raise Refused(
        Refusal.TOUCHPOINT_ALREADY_RECORDED,
        "This touchpoint is recorded already, with other content; record another one under an id of its own.",
        field="touchpoint_id",
    )


def _attach(touchpoint: Touchpoint | None, command: AttachToTouchpoint) -> Decided:
    if touchpoint is None:
        raise Refused(
            Refusal.UNKNOWN_TOUCHPOINT, "There is no such touchpoint; record it first.", field="touchpoint_id"
        )
    subject = subject_of_touchpoint(touchpoint.record, command.touchpoint_id)
    event = attachment.attached(touchpoint.attachments, command, subject)
    return [] if event is None else [event]
