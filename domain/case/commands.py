"""What can be asked of a case."""

from __future__ import annotations

from typing import Annotated, ClassVar, TypeAlias
from uuid import UUID

from pydantic import AfterValidator, Field

from domain.case.about import HANDLING, KNOWN, OPEN, UNFINISHED, AboutCase
from domain.case.attaching import AttachToCase
from domain.case.deadline import DeadlineCommand
from domain.case.dialogue import DialogueCommand
from domain.case.due import StateDue
from domain.case.escalation import EscalationCommand
from domain.case.extension import ExtensionCommand
from domain.case.outside import OutsideCommand
from domain.case.parts import PartCommand
from domain.case.pausing import PausingCommand
from domain.case.relations import RelationCommand
from domain.case.settlement import SettlementCommand
from domain.case.statutory import StatutoryCommand
from domain.case.terms import TermsCommand
from domain.case.vocabulary import Attribute, CaseKind, Level, Outcome, PauseGround, Priority, ResponseKind
from domain.channel import Channel
from domain.event import Label, SourceKey, StaffName, UnitName, Words
from domain.money import Money
from domain.personal import Personal
from domain.refusal import Refusal

__all__ = ["AboutCase"]
# What all commands about a case share is found here as well as beside the modules that lean on it.


def _each_name_once(attributes: tuple[Attribute, ...]) -> tuple[Attribute, ...]:
    if len({attribute.name for attribute in attributes}) < len(attributes):
        raise ValueError("an attribute is given twice; give each name once")
    return attributes


class ReceiveCase(AboutCase):
    """Take a matter in."""

    REFUSALS: ClassVar[tuple[str, ...]] = (Refusal.ALREADY_RECEIVED, Refusal.SUBJECT_MISMATCH)

    kind: CaseKind
    customer_id: UUID | None = None
    channel: Channel
    touchpoint_id: UUID | None = None
    received_by: StaffName | None = None
    source_key: SourceKey | None = None
    words: Personal[Words] | None = None


class RegisterCase(AboutCase):
    """Give the case its number."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*KNOWN, Refusal.ALREADY_REGISTERED)

    unit: UnitName | None = None
    handler: StaffName | None = None
    registered_by: StaffName | None = None


class ClassifyCase(AboutCase):
    """Put the case in a class, at any time: the issue library is kept after closing, too."""

    REFUSALS: ClassVar[tuple[str, ...]] = KNOWN

    category: Label
    subcategory: Label | None = None
    symptom: Label | None = None
    taxonomy: Label | None = None


class PrioritiseCase(AboutCase):
    """Give the case a priority, before or after its registration."""

    REFUSALS: ClassVar[tuple[str, ...]] = UNFINISHED

    priority: Priority
    impact: Level | None = None
    urgency: Level | None = None


class DispatchCase(AboutCase):
    """Send a case that no unit holds to one."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*OPEN, Refusal.ALREADY_HELD)

    unit: UnitName
    handler: StaffName | None = None


class ReturnDispatch(AboutCase):
    """Give the case back, as the unit that holds it."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*OPEN, Refusal.NOT_HELD, Refusal.HELD_BY_ANOTHER_UNIT)

    unit: UnitName
    reason: Label | None = None


class TransferCase(AboutCase):
    """Send the case to another unit."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*OPEN, Refusal.NOT_HELD, Refusal.HELD_BY_ANOTHER_UNIT, Refusal.SAME_UNIT)

    from_unit: UnitName | None = None
    """The unit that is to let go of it; None is "whichever holds it"."""
    to_unit: UnitName
    handler: StaffName | None = None
    reason: Label | None = None


class AssignCase(AboutCase):
    """Make a member of staff the handler, instead of the one there was."""

    REFUSALS: ClassVar[tuple[str, ...]] = OPEN

    handler: StaffName


class UnassignCase(AboutCase):
    """Let go of the case, as its handler."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*OPEN, Refusal.NOT_THE_HANDLER)

    handler: StaffName


class StartWork(AboutCase):
    """Begin to handle the case."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*OPEN, Refusal.WORK_ALREADY_STARTED)

    by: StaffName | None = None


class PauseCase(AboutCase):
    """Let the case wait for something that one of its targets allows, if it has any. Everything else is asked for and
    approved instead."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*OPEN, Refusal.APPROVAL_NEEDED, Refusal.GROUND_NOT_ALLOWED)

    ground: PauseGround


class ResumeCase(AboutCase):
    """Let the case wait no longer for this."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*OPEN, Refusal.NOT_PAUSED)

    ground: PauseGround


class SendResponse(AboutCase):
    """Answer the customer, until the case is closed."""

    REFUSALS: ClassVar[tuple[str, ...]] = (
        *HANDLING,
        Refusal.ALREADY_CLOSED,
        Refusal.ALREADY_ANSWERED,
        Refusal.SUBJECT_MISMATCH,
    )

    kind: ResponseKind
    channel: Channel
    by: StaffName | None = None
    words: Personal[Words] | None = None


class ResolveCase(AboutCase):
    """Give the matter its outcome."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*OPEN, Refusal.OUTCOME_UNSTATED, Refusal.PART_STILL_OPEN)

    outcome: Outcome
    redress: Money | None = None
    resolved_by: StaffName | None = None
    code: Label | None = None


class ReopenCase(AboutCase):
    """Put a resolved, closed or withdrawn case back to work."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*HANDLING, Refusal.STILL_OPEN)

    reason: Label | None = None


class CloseCase(AboutCase):
    """Close the loop on a resolved case."""

    REFUSALS: ClassVar[tuple[str, ...]] = (
        *HANDLING,
        Refusal.NOT_RESOLVED,
        Refusal.ALREADY_CLOSED,
        Refusal.ALREADY_WITHDRAWN,
    )

    code: Label | None = None


class ChangeCaseCustomer(AboutCase):
    """Say whom the case is really about, at any time."""

    REFUSALS: ClassVar[tuple[str, ...]] = KNOWN

    customer_id: UUID


class ChangeCaseChannel(AboutCase):
    """Say by which channel the case really came, at any time."""

    REFUSALS: ClassVar[tuple[str, ...]] = KNOWN

    channel: Channel


class ChangeCaseKind(AboutCase):
    """Say of which kind the matter really is, at any time."""

    REFUSALS: ClassVar[tuple[str, ...]] = KNOWN

    kind: CaseKind
    reason: Label | None = None


class RecordAttributes(AboutCase):
    """Note facts that the case's source keeps, at any time. Only those that are other than before are recorded."""

    REFUSALS: ClassVar[tuple[str, ...]] = KNOWN

    attributes: Annotated[tuple[Attribute, ...], Field(min_length=1), AfterValidator(_each_name_once)]


HandlingCommand: TypeAlias = (
    ReceiveCase
    | RegisterCase
    | ClassifyCase
    | PrioritiseCase
    | DispatchCase
    | ReturnDispatch
    | TransferCase
    | AssignCase
    | UnassignCase
    | StartWork
    | PauseCase
    | ResumeCase
    | SendResponse
    | ResolveCase
    | ReopenCase
    | CloseCase
    | ChangeCaseCustomer
    | ChangeCaseChannel
    | ChangeCaseKind
    | RecordAttributes
)
"""Those of the declared life that every case has."""

CaseCommand: TypeAlias = (
    HandlingCommand
    | DialogueCommand
    | SettlementCommand
    | EscalationCommand
    | RelationCommand
    | PartCommand
    | PausingCommand
    | StateDue
    | StatutoryCommand
    | OutsideCommand
    | TermsCommand
    | ExtensionCommand
    | DeadlineCommand
    | AttachToCase
)
"""Everything that can be asked of a case."""
