"""Revealing: somebody whose role sees personal values masked read some of them, for a purpose that they stated."""

from __future__ import annotations

from typing import Annotated, ClassVar, TypeAlias, assert_never
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from typing_extensions import override

from domain.decider import Decided, Decider
from domain.envelope import Context, Recorded
from domain.event import Command, Event, Label, Refused, Version
from domain.refusal import Refusal
from domain.stream import Category, stream_of

MOST_VALUES = 100
Place = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=r"^[\x21-\x7e]+$")]
"""A stream's name, or a JSON pointer in an event's data."""


class RevealedValue(BaseModel):
    """Where a personal value lies."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    stream: Place
    version: Version
    path: Place
    as_read: bool
    """Whether the event is meant as it is read by now, corrections applied, rather than as it was written."""


Values = Annotated[tuple[RevealedValue, ...], Field(min_length=1, max_length=MOST_VALUES)]


class PersonalRevealed(Event):
    """Somebody read personal values; who it was, and in which role, the envelope says."""

    TOPIC: ClassVar = "personal-revealed.1"

    purpose: Label
    """What for; about the work, never about a person."""
    values: tuple[RevealedValue, ...]


RevealingEvent: TypeAlias = PersonalRevealed


class RevealPersonal(Command):
    """Read personal values, and have it noted."""

    REFUSALS: ClassVar[tuple[str, ...]] = (Refusal.RECORDED_OTHERWISE,)

    access_id: UUID
    purpose: Label
    values: Values

    @property
    @override
    def stream(self) -> str:
        return stream_of(Category.ACCESS, self.access_id)


RevealingCommand: TypeAlias = RevealPersonal


def decide(revealed: PersonalRevealed | None, command: RevealingCommand, context: Context) -> Decided:
    """The events that the command leads to; none when nothing changes. Raises: Refused."""
    del context
    match command:
        case RevealPersonal(purpose=purpose, values=values):
            event = PersonalRevealed(purpose=purpose, values=values)
            if revealed == event:
                return []
            if revealed is None:
                return [event]
            message = "Other values were revealed under this id, or for another purpose; reveal these under a new one."
            raise Refused(Refusal.RECORDED_OTHERWISE, message, field="access_id")
        case _:
            assert_never(command)


def evolve(revealed: PersonalRevealed | None, recorded: Recorded[RevealingEvent]) -> PersonalRevealed | None:
    """What was revealed; the first stays."""
    event = recorded.event
    match event:
        case PersonalRevealed():
            return revealed or event
        case _:
            assert_never(event)


REVEALING: Decider[PersonalRevealed | None] = Decider(
    Category.ACCESS, None, decide, evolve, events=(PersonalRevealed,), begins=PersonalRevealed, amendable=False
)
