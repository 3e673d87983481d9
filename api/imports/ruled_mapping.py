"""Mappings by rules: of requests, one row a case with several dates, and of event logs, one row an activity."""

from __future__ import annotations

from collections.abc import Mapping as Table
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from typing_extensions import override

from api.imports.mapping import Column, Ignored, Mapping, Place, Reason, Rule, TimeForm, later
from api.imports.rules import CommandRule, Compiled, compiled, places_of
from domain.case.commands import ReceiveCase
from domain.case.events import CaseKind
from domain.channel import Direction

Ruled = tuple[str, Compiled]
"""A rule with its place in the mapping."""
Rules = Annotated[
    tuple[CommandRule, ...],
    BeforeValidator(lambda given: [given] if isinstance(given, dict) else given),
    Field(min_length=1),
]
"""One rule, or several in their order."""

GIVEN_BY_CASE = {
    "receive-case": ("kind", "channel", "received_by"),
    "register-case": ("unit", "handler", "registered_by"),
}
BY_ROW = {"receive-case": ("customer_id",)}


class CaseForm(Rule):
    """What every case of the file has; a rule that receives or registers one may say otherwise."""

    kind: CaseKind | None = None
    channel: Any = None
    direction: Direction = Direction.IN
    received_by: Any = None
    registered_by: Any = None
    unit: Any = None
    handler: Any = None

    def given_to(self, rule: CommandRule) -> CommandRule:
        """The rule, with what it leaves to the case."""
        own = {name: getattr(self, name) for name in GIVEN_BY_CASE.get(rule.do, ())}
        return rule.model_copy(
            update={"fields": {**{name: value for name, value in own.items() if value is not None}, **rule.fields}}
        )


class RuledMapping(Mapping):
    """A mapping whose rows lead to commands by rules."""

    case: CaseForm

    @property
    def rules(self) -> Table[str, tuple[CommandRule, ...]]:
        """Rules by their place in the mapping."""
        raise NotImplementedError

    def compiled(self) -> dict[str, tuple[Ruled, ...]]:
        """The same, ready for rows. Raises: ValueError, naming each key that is wrong."""
        faults: list[str] = []
        found: dict[str, tuple[Ruled, ...]] = {}
        for place, rules in self.rules.items():
            ready: list[Ruled] = []
            for nth, rule in enumerate(rules):
                name = f"{place}.{nth}" if len(rules) > 1 else place
                try:
                    ready.append((name, compiled(self.case.given_to(rule), BY_ROW.get(rule.do, ()))))
                except ValueError as error:
                    faults.append(f"{name}.{error}")
            found[place] = tuple(ready)
        if faults:
            raise ValueError("; ".join(faults))
        return found

    @override
    def places(self) -> list[Place]:
        rules = [one for rules in self.compiled().values() for one in rules]
        return [*places_of(rules), *super().places()]


def receives(rules: Sequence[Ruled]) -> bool:
    """Whether one of the rules receives a case."""
    return any(rule.command is ReceiveCase for _, rule in rules)


# Requests -------------------------------------------------------------------------------------------------------------


class RequestRows(Rule):
    """How rows hang together: each is a whole case."""

    case: Column
    order: Literal["file", "time"] = later("file")


class RequestTimes(TimeForm):
    """How times are written."""

    source_recorded: bool
    """Whether the time of what happened is also when the source recorded it."""


class RequestMapping(RuledMapping):
    """How flat request files become commands: a row is a case, and each of its dates is something that happened."""

    shape: Literal["request"]
    rows: RequestRows
    time: RequestTimes
    dates: Annotated[dict[Column, Rules], Field(min_length=1)]
    """For each column of times what happened then, in order; the first begins the case."""

    @property
    @override
    def rules(self) -> Table[str, tuple[CommandRule, ...]]:
        return {f"dates.{column}": rules for column, rules in self.dates.items()}

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
        return ()

    @property
    @override
    def timed(self) -> list[Place]:
        return [Place(f"dates.{column}", column) for column in self.dates]

    @property
    @override
    def needed(self) -> list[Place]:
        return [Place("rows.case", self.rows.case), self.timed[0]]

    @override
    def places(self) -> list[Place]:
        return [Place("rows.case", self.rows.case), *self.timed, *super().places()]

    @model_validator(mode="after")
    def _the_first_begins(self) -> Self:
        first, *others = self.compiled().items()
        if not receives(first[1]):
            raise ValueError(f"{first[0]}: the first date begins the case; give it a rule that does receive-case")
        again = [place for place, rules in others if receives(rules)]
        if again:
            raise ValueError(f"{again[0]}: the case was received at the first date already")
        return self


# Event logs -----------------------------------------------------------------------------------------------------------


class EventRows(Rule):
    """How rows hang together: each is one thing that happened in a case."""

    case: Column
    key: Annotated[tuple[Column, ...], Field(min_length=1)]
    """What tells the rows of a case apart, in every copy and extract of the file."""
    order: Literal["file", "time"] = "file"
    """`time` brings the rows of a case together, in the order of their times."""


class EventTimes(TimeForm):
    """Where times stand and how they are written."""

    occurred: Column
    recorded: Column | None = None
    """When the source recorded it, if it says so."""
    source_recorded: bool = False
    """Whether the time of what happened is also when the source recorded it."""


class EventCase(CaseForm):
    """What every case of the log has."""

    begins: Literal["receive-case", "first-row"] = "receive-case"
    """Whether an activity receives it, or its first row shows that it was received and registered by then."""


class Activity(Rule):
    """What happened, in the source's words."""

    column: Column


class EventIgnored(Ignored):
    """What is left out of an event log."""

    activities: dict[str, Reason] = Field(default_factory=dict)
    """Activities that say nothing about the case, each with its reason."""


class EventMapping(RuledMapping):
    """How logs of one row an activity become commands."""

    shape: Literal["event"]
    rows: EventRows
    time: EventTimes
    case: EventCase
    activity: Activity
    activities: Annotated[dict[str, Rules], Field(min_length=1)]
    """For each activity what it means."""
    ignored: EventIgnored = EventIgnored()

    @property
    @override
    def rules(self) -> Table[str, tuple[CommandRule, ...]]:
        found = {f"activities.{activity}": rules for activity, rules in self.activities.items()}
        if self.case.begins == "first-row":
            begin = (CommandRule(do="receive-case", fields={}), CommandRule(do="register-case", fields={}))
            found["case.begins"] = begin
        return found

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
        recorded = [Place("time.recorded", self.time.recorded)] if self.time.recorded else []
        return [Place("time.occurred", self.time.occurred), *recorded]

    @property
    @override
    def needed(self) -> list[Place]:
        return [
            Place("rows.case", self.rows.case),
            Place("activity.column", self.activity.column),
            Place("time.occurred", self.time.occurred),
        ]

    @override
    def places(self) -> list[Place]:
        own = [Place("rows.case", self.rows.case), *self.timed, Place("activity.column", self.activity.column)]
        return [*own, *super().places()]

    @model_validator(mode="after")
    def _cases_begin(self) -> Self:
        ready = self.compiled()
        if self.case.begins == "receive-case" and not any(receives(rules) for rules in ready.values()):
            raise ValueError('case.begins: no activity does receive-case; give one that rule, or say "first-row"')
        both = [activity for activity in self.activities if activity in self.ignored.activities]
        if both:
            raise ValueError(f"ignored.activities: {both[0]!r} has a rule; an activity is ruled or ignored")
        if self.time.source_recorded and self.time.recorded:
            raise ValueError("time.recorded: the source recorded it then, or when it happened; give one of the two")
        return self
