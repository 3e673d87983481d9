"""A target that runs or ran once, as the engine notes it down: from when, until when, and what changed in between."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from domain.sla.clock import Due, Extended
from domain.sla.compiled import CompiledTarget
from domain.sla.dues import Origin
from domain.sla.lanes import Inherited, Why
from domain.sla.measures import LIVED, Hours, Move, View
from domain.sla.pauses import Pause
from domain.sla.policy import CalendarOf, ExtensionStep


class Change(NamedTuple):
    """Something after which a target went on otherwise."""

    at: datetime
    by: int | None
    why: Why
    before: CompiledTarget
    due_before: Due | None
    due_after: Due | None
    missed: bool = False
    """Whether the due before had been missed by then, and the policy has the rule that fits in the end decide."""


class Opening(NamedTuple):
    """A target that begins because the time of another one ran out."""

    at: datetime
    by: str
    """The target whose time it was."""
    place: int
    """Of the first event behind it."""
    origin: Inherited
    origin_place: int
    cycle: int
    since: int
    """The place from which on that one could be stopped. What was done from there on is done."""


class Start(NamedTuple):
    """From where a target runs."""

    at: datetime
    day: date | None
    by: int | None
    """The version of the event; None when another target's expiry opened it."""
    place: int
    recorded_at: datetime
    opening: Opening | None = None


@dataclass(slots=True, kw_only=True)
class Run:
    """A target as it runs or ran, once."""

    target: CompiledTarget
    part: str | None
    cycle: int
    instance: int
    start: Start
    active_at: datetime
    """When it came to run: at its start, or later, when it held for the case only from then on."""
    since: int
    """The place from which on it may be stopped or cancelled."""
    measured_at: datetime = field(init=False)
    measured_day: date | None = None
    origin: Origin = field(init=False)
    """The same as its policy counts it."""
    origin_place: int = 0
    stops_since: int = 0
    """The place from which on a stop counts: of what another target opened that may be before it began."""
    inherited: Inherited | None = None
    moves: tuple[Move, ...] = ()
    hours: Hours
    """How it counts."""
    stage: int = 0
    windows: list[tuple[CompiledTarget, datetime | None]] = field(default_factory=list)
    """The targets that it had before, and until when: the pauses of each count for as long as it held."""
    stood: list[Pause] = field(default_factory=list)
    """From a stop to the reopening that undid it."""
    pauses: list[Pause] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    extended: list[Extended] = field(default_factory=list)
    applied: list[ExtensionStep] = field(default_factory=list)
    due: Due | None = None
    original: Due | None = None
    stop: int | None = None
    cancel: int | None = None
    dropped: Change | None = None
    """The change after which nothing of its kind is asked for any longer."""
    lapsed_at: datetime | None = None
    """When another target took its place."""
    born_overdue: bool = False
    end: int | None = None
    """The place at which it ended."""
    kept: bool | None = None
    """Whether it was stopped in time, once that was asked for."""

    @property
    def overtaken(self) -> bool:
        """Whether it was missed before a change of rule gave it another due."""
        return bool(self.changes) and any(change.missed for change in self.changes)

    @property
    def view(self) -> View:
        """By which calendars its due is decided."""
        return view_of(self.target, self.start)


def view_of(target: CompiledTarget, start: Start) -> View:
    """By which calendars the due of a target is decided that started so."""
    return LIVED if target.target.verdict_by is CalendarOf.AS_LIVED else View(start.recorded_at)
