"""The mapping of a snapshot log: each row is the whole record of a case after one update."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Generic, Literal, Self, TypeVar

from pydantic import Field, ValidationInfo, field_validator, model_validator
from typing_extensions import override

from api.imports.mapping import Column, Mapping, Place, Rule, TimeForm, Use, later, listed
from domain.case.events import AttributeName, CaseKind, Level, PauseGround, Priority
from domain.channel import Channel, Direction
from domain.event import Label

Code = TypeVar("Code")


class Rows(Rule):
    """How rows hang together: each is the whole record after one update."""

    case: Column
    key: Annotated[tuple[Column, ...], Field(min_length=1)]
    """What tells the rows of a case apart, in every copy and extract of the file."""
    order: Literal["file", "time"] = later("file")
    """`time` brings the rows of a case together, in the order of their updates."""
    grouped: bool
    """Declares that the rows of a case stand together, in their order."""

    @field_validator("grouped")
    @classmethod
    def _together(cls, grouped: bool, info: ValidationInfo) -> bool:
        if not grouped and info.data.get("order") != "time":
            raise ValueError('input should be True; rows that do not stand together need order = "time"')
        return grouped


class Times(TimeForm):
    """Where times stand and how they are written."""

    received: Column
    updated: Column
    source_recorded: bool
    """Whether the time of an update is also when the source recorded it."""


class CaseRule(Rule):
    """What every case of the file has."""

    kind: CaseKind
    received_by: Column | None = None
    registered_by: Column | None = None
    unit: Column | None = None
    handler: Column | None = None


class Coded(Rule, Generic[Code]):
    """A column of codes, and what each means."""

    column: Column
    values: Annotated[dict[str, Code], Field(min_length=1)]


class ChannelRule(Coded[Channel]):
    """How the customer came."""

    when_missing: Channel | None = None
    direction: Direction = Direction.IN
    keep_as: AttributeName | None = None
    """The attribute that keeps the source's own word, where several words are one channel."""


class StateRule(Rule):
    """Where the case is in its life, in the source's words."""

    column: Column
    unknown: tuple[str, ...] = ()
    """Words which say that the source does not know; the case stays where it was."""
    registered: tuple[str, ...]
    in_progress: tuple[str, ...] = ()
    paused: dict[str, PauseGround] = Field(default_factory=dict)
    resolved: tuple[str, ...]
    closed: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _each_word_once(self) -> Self:
        words = Counter(
            (*self.unknown, *self.registered, *self.in_progress, *self.paused, *self.resolved, *self.closed)
        )
        twice = [word for word, count in words.items() if count > 1]
        if twice:
            raise ValueError(f"{listed(twice)} is given twice")
        return self


class ClassificationRule(Rule):
    """The class the case is in."""

    category: Column
    subcategory: Column | None = None
    symptom: Column | None = None
    taxonomy: Label | None = None


class PriorityRule(Coded[Priority]):
    """How pressing the case is."""

    impact: Coded[Level] | None = None
    urgency: Coded[Level] | None = None


class SnapshotMapping(Mapping):
    """How the columns of a snapshot log become commands."""

    shape: Literal["snapshot"] = later("snapshot")
    rows: Rows
    time: Times
    case: CaseRule
    channel: ChannelRule
    state: StateRule
    classification: ClassificationRule | None = None
    priority: PriorityRule | None = None

    @property
    @override
    def clocks(self) -> TimeForm:
        return self.time

    @property
    @override
    def together(self) -> bool:
        return self.rows.order == "time"

    @property
    @override
    def keyed(self) -> tuple[Column, ...]:
        return self.rows.key

    @property
    @override
    def timed(self) -> list[Place]:
        return [Place("time.updated", self.time.updated), Place("time.received", self.time.received)]

    @property
    @override
    def needed(self) -> list[Place]:
        return [Place("rows.case", self.rows.case), *self.timed, Place("state.column", self.state.column)]

    @override
    def places(self) -> list[Place]:
        case, rated, classed = self.case, self.priority, self.classification
        columns: list[tuple[str, Column | None]] = [
            ("rows.case", self.rows.case),
            ("time.received", self.time.received),
            ("time.updated", self.time.updated),
            ("case.received_by", case.received_by),
            ("case.registered_by", case.registered_by),
            ("case.unit", case.unit),
            ("case.handler", case.handler),
            ("channel.column", self.channel.column),
            ("state.column", self.state.column),
            ("classification.category", classed.category if classed else None),
            ("classification.subcategory", classed.subcategory if classed else None),
            ("classification.symptom", classed.symptom if classed else None),
            ("priority.column", rated.column if rated else None),
            ("priority.impact.column", rated.impact.column if rated and rated.impact else None),
            ("priority.urgency.column", rated.urgency.column if rated and rated.urgency else None),
        ]
        own = [Place(name, column) for name, column in columns if column is not None]
        return [*own, *(place._replace(use=Use.ALONE) for place in super().places())]

    @model_validator(mode="after")
    def _each_attribute_once(self) -> Self:
        if self.channel.keep_as in self.attributes.values():
            raise ValueError(f"the attribute {self.channel.keep_as!r} is given to two columns")
        return self
