"""A touchpoint: one moment in which a customer and the company met."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from typing_extensions import override

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


class RecordTouchpoint(Command):
    """Note that a customer and the company met."""

    REFUSALS: ClassVar[tuple[str, ...]] = (Refusal.TOUCHPOINT_ALREADY_RECORDED, Refusal.SUBJECT_MISMATCH)

    touchpoint_id: UUID
    customer_id: UUID | None = None
    case_id: UUID | None = None
    channel: Channel
    direction: Direction
    medium_id: Label | None = None
    staff: StaffName | None = None
    unit: UnitName | None = None
    words: Personal[Words] | None = None
    """About the customer; about the case when the customer is unknown; else about the touchpoint itself."""

    @property
    @override
    def stream(self) -> str:
        return stream_of(Category.TOUCHPOINT, self.touchpoint_id)


@dataclass(frozen=True, slots=True)
class Touchpoint:
    """What was recorded of the moment; it is settled at once."""

    record: TouchpointRecorded


def decide(touchpoint: Touchpoint | None, command: RecordTouchpoint, context: Context) -> Decided:
    """The record, or nothing when the same is recorded already. Raises: Refused."""
    del context  # one event has no order that history could depart from
    subject = command.customer_id or command.case_id or command.touchpoint_id
    if command.words is not None and command.words.subject != subject:
        raise Refused(
            Refusal.SUBJECT_MISMATCH,
            "The words are about somebody else than this touchpoint; give them under the id of its customer, "
            "or of its case when the customer is unknown, or else its own.",
            field="words",
        )
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
    if touchpoint is None:
        return [record]
    if touchpoint.record == record:
        return []
    raise Refused(
        Refusal.TOUCHPOINT_ALREADY_RECORDED,
        "This touchpoint is recorded already, with other content; record another one under an id of its own.",
        field="touchpoint_id",
    )


def evolve(touchpoint: Touchpoint | None, recorded: Recorded[TouchpointRecorded]) -> Touchpoint | None:
    """The touchpoint after an event; its first record stays."""
    return touchpoint or Touchpoint(recorded.event)


TOUCHPOINT: Decider[Touchpoint | None] = Decider(
    Category.TOUCHPOINT, None, decide, evolve, events=(TouchpointRecorded,), begins=TouchpointRecorded
)
