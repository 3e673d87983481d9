"""The ladder of a case: escalated from level to level by people or alarms, and acknowledged (多层级快速响应机制)."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, ClassVar, NamedTuple, TypeAlias, assert_never

from pydantic import Field

from domain.case.about import UNFINISHED, AboutCase
from domain.case.rules import Departure, finished, out_of_time
from domain.decider import Decided
from domain.departure import Broken, stepped
from domain.envelope import Context, Recorded
from domain.event import Event, Label, StaffName, UnitName
from domain.refusal import Refusal

if TYPE_CHECKING:
    from domain.case.state import Case

EscalationLevel = Annotated[int, Field(ge=1, le=9)]
"""A rung of the ladder, from 1, the first above whoever handles the case, to 9."""


class EscalatedBy(StrEnum):
    """Whether somebody saw to it, or a deadline did."""

    PERSON = "person"
    ALARM = "alarm"


# Events ---------------------------------------------------------------------------------------------------------------


class CaseEscalated(Event):
    """The case was brought before a higher level. Whoever handles it goes on handling it."""

    TOPIC: ClassVar = "case-escalated.1"

    level: EscalationLevel
    to_unit: UnitName | None
    to_staff: StaffName | None
    reason: Label | None
    by: EscalatedBy


class EscalationAcknowledged(Event):
    """Somebody on that level took notice."""

    TOPIC: ClassVar = "escalation-acknowledged.1"

    level: EscalationLevel
    by: StaffName


EscalationEvent: TypeAlias = CaseEscalated | EscalationAcknowledged

# Commands -------------------------------------------------------------------------------------------------------------


class EscalateCase(AboutCase):
    """Bring the case before a higher level, with or without its number: that it has none may be the reason.

    An alarm for a level that the case has reached changes nothing.
    """

    REFUSALS: ClassVar[tuple[str, ...]] = (*UNFINISHED, Refusal.NOT_HIGHER)

    level: EscalationLevel
    to_unit: UnitName | None = None
    to_staff: StaffName | None = None
    reason: Label | None = None
    by: EscalatedBy


class AcknowledgeEscalation(AboutCase):
    """Take notice of an escalation."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*UNFINISHED, Refusal.NOT_ESCALATED, Refusal.ESCALATION_ACKNOWLEDGED)

    level: EscalationLevel
    by: StaffName


EscalationCommand: TypeAlias = EscalateCase | AcknowledgeEscalation

# Life -----------------------------------------------------------------------------------------------------------------


class Ladder(NamedTuple):
    """How high the case has risen in this cycle, and who took notice."""

    escalations: tuple[CaseEscalated, ...] = ()
    acknowledged: tuple[EscalationAcknowledged, ...] = ()

    @property
    def level(self) -> int:
        """The highest level reached; 0 for none."""
        return max((escalation.level for escalation in self.escalations), default=0)


def evolve(ladder: Ladder, recorded: Recorded[EscalationEvent]) -> Ladder:
    """The ladder after an event, in whatever order history has them."""
    event = recorded.event
    match event:
        case CaseEscalated():
            return ladder._replace(escalations=(*ladder.escalations, event))
        case EscalationAcknowledged():
            return ladder._replace(acknowledged=(*ladder.acknowledged, event))
        case _:
            assert_never(event)


def decide(case: Case, command: EscalationCommand, context: Context) -> Decided:
    """The events that the command leads to; none when nothing changes. Raises: Refused."""
    early = out_of_time(case, command, context)
    match command:
        case EscalateCase():
            return _escalate(case, command, context, early)
        case AcknowledgeEscalation():
            return _acknowledge(case, command, context, early)
        case _:
            assert_never(command)


def _escalate(case: Case, command: EscalateCase, context: Context, early: Broken | None) -> Decided:
    escalation = CaseEscalated(
        level=command.level,
        to_unit=command.to_unit,
        to_staff=command.to_staff,
        reason=command.reason,
        by=command.by,
    )
    ladder = case.rare.ladder
    if escalation in ladder.escalations:
        return []
    # Each rung has its own alarm, and may be overtaken: by a person, or by the alarm of a rung above.
    if command.by is EscalatedBy.ALARM and command.level <= ladder.level and not context.imported:
        return []
    no_higher = Broken(
        Refusal.NOT_HIGHER,
        Departure.ESCALATED_NO_HIGHER,
        f"This case is at level {ladder.level} already; escalate it to a higher one.",
        field="level",
        params={"level": str(ladder.level)},
    )
    return stepped(context, escalation, finished(case), no_higher if command.level <= ladder.level else None, early)


def _acknowledge(case: Case, command: AcknowledgeEscalation, context: Context, early: Broken | None) -> Decided:
    notice = EscalationAcknowledged(level=command.level, by=command.by)
    ladder = case.rare.ladder
    if notice in ladder.acknowledged:
        return []
    by_another = next((each.by for each in ladder.acknowledged if each.level == command.level), None)
    return stepped(
        context,
        notice,
        finished(case),
        _not_escalated(ladder, command.level),
        None if by_another is None else _acknowledged_by(by_another),
        early,
    )


def _not_escalated(ladder: Ladder, level: int) -> Broken | None:
    if any(escalation.level == level for escalation in ladder.escalations):
        return None
    return Broken(
        Refusal.NOT_ESCALATED,
        Departure.ACKNOWLEDGED_NO_ESCALATION,
        f"Nothing was escalated to level {level}; this case is at level {ladder.level}.",
        field="level",
        params={"level": str(ladder.level)},
    )


def _acknowledged_by(somebody: str) -> Broken:
    return Broken(
        Refusal.ESCALATION_ACKNOWLEDGED,
        Departure.ESCALATION_ACKNOWLEDGED_AGAIN,
        f"{somebody} has acknowledged this escalation already.",
        field="level",
        params={"by": somebody},
    )
