"""The deadlines of an obligation as they came: warned of, missed, revised, and brought before somebody higher up."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, NamedTuple, TypeAlias, cast

from domain.case import deadline
from domain.case.deadline import (
    APPROVING,
    DECLINING,
    REQUESTING,
    DeadlineEvent,
    Deadlines,
    Held,
    MissToNote,
    RevisionToApprove,
    RevisionToDecline,
    RevisionToRequest,
    WarningToNote,
)
from domain.case.escalation import EscalatedBy, EscalationLevel
from domain.decider import Decided
from domain.departure import Broken, Departure, stepped
from domain.envelope import Context, Recorded
from domain.event import Event, Label, StaffName, UnitName
from domain.owed import KNOWN, UNENDED, AboutObligation
from domain.refusal import Refusal

# Events ---------------------------------------------------------------------------------------------------------------


class ObligationEscalated(Event):
    """What is owed was brought before a higher level. Whoever owes it goes on owing it."""

    TOPIC: ClassVar = "obligation-escalated.1"

    level: EscalationLevel
    to_unit: UnitName | None
    to_staff: StaffName | None
    reason: Label | None
    by: EscalatedBy


ObligationDeadlineEvent: TypeAlias = DeadlineEvent | ObligationEscalated
"""Beside those of cases, which are about a clock, whosever it is."""

# Commands -------------------------------------------------------------------------------------------------------------


class NoteObligationWarning(WarningToNote, AboutObligation):
    """Note that a target of the obligation runs out of time."""

    REFUSALS: ClassVar[tuple[str, ...]] = (Refusal.UNKNOWN_OBLIGATION,)


class NoteObligationMiss(MissToNote, AboutObligation):
    """Note that a deadline of the obligation was missed."""

    REFUSALS: ClassVar[tuple[str, ...]] = (Refusal.UNKNOWN_OBLIGATION,)


class EscalateObligation(AboutObligation):
    """Bring what is owed before a higher level. An alarm for a level that was reached changes nothing."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*UNENDED, Refusal.NOT_HIGHER)

    level: EscalationLevel
    to_unit: UnitName | None = None
    to_staff: StaffName | None = None
    reason: Label | None = None
    by: EscalatedBy


class RequestObligationRevision(RevisionToRequest, AboutObligation):
    """Ask that a verdict on the obligation be read otherwise."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*KNOWN, *REQUESTING)


class ApproveObligationRevision(RevisionToApprove, AboutObligation):
    """Let the verdict be read so."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*KNOWN, *APPROVING)


class DeclineObligationRevision(RevisionToDecline, AboutObligation):
    """Turn the request down."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*KNOWN, *DECLINING)


ObligationDeadlineCommand: TypeAlias = (
    NoteObligationWarning
    | NoteObligationMiss
    | EscalateObligation
    | RequestObligationRevision
    | ApproveObligationRevision
    | DeclineObligationRevision
)

# Life -----------------------------------------------------------------------------------------------------------------


class Watched(NamedTuple):
    """What is on record about the deadlines of an obligation, and how high it has risen since it was last reopened."""

    deadlines: Deadlines = Deadlines()
    escalations: tuple[ObligationEscalated, ...] = ()

    @property
    def level(self) -> int:
        """The highest level reached; 0 for none."""
        return max((escalation.level for escalation in self.escalations), default=0)


class Asked(NamedTuple):
    """The obligation of which something is asked, as far as a decision on its deadlines depends on it."""

    watched: Watched
    promised: Callable[[str], bool]
    """Whether a policy promises something of it."""
    ended: Broken | None
    early: Broken | None


def evolve(watched: Watched, recorded: Recorded[ObligationDeadlineEvent]) -> Watched:
    """What is on record after an event, in whatever order history has them."""
    event = recorded.event
    if isinstance(event, ObligationEscalated):
        return watched._replace(escalations=(*watched.escalations, event))
    of_deadlines = cast("Recorded[DeadlineEvent]", recorded)
    return watched._replace(deadlines=deadline.evolve(watched.deadlines, of_deadlines))


def decide(asked: Asked, command: ObligationDeadlineCommand, context: Context) -> Decided:
    """The events that the command leads to; none when nothing changes. Raises: Refused."""
    if isinstance(command, EscalateObligation):
        return _escalate(asked, command, context)
    held = Held(asked.watched.deadlines, asked.promised, asked.early, "obligation")
    return deadline.decided(held, command, context)


def _escalate(asked: Asked, command: EscalateObligation, context: Context) -> Decided:
    escalated = ObligationEscalated(
        level=command.level,
        to_unit=command.to_unit,
        to_staff=command.to_staff,
        reason=command.reason,
        by=command.by,
    )
    level = asked.watched.level
    if escalated in asked.watched.escalations:
        return []
    # Each rung has its own alarm, and may be overtaken: by a person, or by the alarm of a rung above.
    if command.by is EscalatedBy.ALARM and command.level <= level and not context.imported:
        return []
    no_higher = Broken(
        Refusal.NOT_HIGHER,
        Departure.ESCALATED_NO_HIGHER,
        f"This obligation is at level {level} already; escalate it to a higher one.",
        field="level",
        params={"level": str(level)},
    )
    return stepped(context, escalated, asked.ended, no_higher if command.level <= level else None, asked.early)
