"""What can happen to a case."""

from __future__ import annotations

from typing import ClassVar, TypeAlias
from uuid import UUID

from domain.attachment import AttachmentAdded
from domain.case.deadline import DeadlineEvent
from domain.case.dialogue import DialogueEvent
from domain.case.due import DueStated
from domain.case.escalation import EscalationEvent
from domain.case.extension import ExtensionEvent
from domain.case.outside import OutsideEvent
from domain.case.parts import PartEvent
from domain.case.pausing import PausingEvent
from domain.case.relations import RelationEvent
from domain.case.settlement import SettlementEvent
from domain.case.statutory import StatutoryEvent
from domain.case.terms import TermsEvent
from domain.case.vocabulary import (
    Attribute,
    AttributeName,
    CaseKind,
    Level,
    Outcome,
    PauseGround,
    Priority,
    ResponseKind,
)
from domain.channel import Channel
from domain.event import Event, Label, SourceKey, StaffName, UnitName, Words
from domain.money import Money
from domain.personal import Personal

__all__ = ["Attribute", "AttributeName", "CaseKind", "Level", "Outcome", "PauseGround", "Priority", "ResponseKind"]
# The words in which events speak are found here as well as in the vocabulary.


class CaseReceived(Event):
    """The matter reached the company (受理). It may have been by day only; registration is another event."""

    TOPIC: ClassVar = "case-received.1"

    kind: CaseKind
    customer_id: UUID | None
    channel: Channel
    touchpoint_id: UUID | None
    received_by: StaffName | None
    source_key: SourceKey | None
    words: Personal[Words] | None
    """About the customer, or about the case when the customer is unknown; so is every personal value of a case."""


class CaseRegistered(Event):
    """The case got its number (先登记); it may be handled from here on."""

    TOPIC: ClassVar = "case-registered.1"
    REGISTER: ClassVar[str | None] = "C"

    unit: UnitName | None
    """The unit that holds it from its registration."""
    handler: StaffName | None
    registered_by: StaffName | None


class CaseClassified(Event):
    """The case was put in a class of the issue library."""

    TOPIC: ClassVar = "case-classified.1"

    category: Label
    subcategory: Label | None
    symptom: Label | None
    taxonomy: Label | None
    """The version of the taxonomy that these terms come from."""


class CasePrioritised(Event):
    """The case was given a priority."""

    TOPIC: ClassVar = "case-prioritised.1"

    priority: Priority
    impact: Level | None
    urgency: Level | None


class CaseDispatched(Event):
    """A case that no unit held went to one (派单). Whoever handled it before no longer does, unless named."""

    TOPIC: ClassVar = "case-dispatched.1"

    unit: UnitName
    handler: StaffName | None


class DispatchReturned(Event):
    """The unit that held the case gave it back; now neither a unit nor a handler has it."""

    TOPIC: ClassVar = "dispatch-returned.1"

    unit: UnitName
    """The one that returned it."""
    reason: Label | None


class CaseTransferred(Event):
    """The case went from one unit to another (转派). Whoever handled it before no longer does, unless named."""

    TOPIC: ClassVar = "case-transferred.1"

    from_unit: UnitName
    to_unit: UnitName
    handler: StaffName | None
    reason: Label | None


class CaseAssigned(Event):
    """A member of staff became the case's handler; its unit stays."""

    TOPIC: ClassVar = "case-assigned.1"

    handler: StaffName


class CaseUnassigned(Event):
    """The handler let go of the case; its unit stays."""

    TOPIC: ClassVar = "case-unassigned.1"

    handler: StaffName
    """The one who let it go."""


class WorkStarted(Event):
    """Somebody began to handle the case."""

    TOPIC: ClassVar = "work-started.1"

    by: StaffName | None


class CasePaused(Event):
    """From here on the case waits for something; several grounds may be open at once."""

    TOPIC: ClassVar = "case-paused.1"

    ground: PauseGround


class CaseResumed(Event):
    """The case waits for this no longer."""

    TOPIC: ClassVar = "case-resumed.1"

    ground: PauseGround


class ResponseSent(Event):
    """The company answered the customer."""

    TOPIC: ClassVar = "response-sent.1"

    kind: ResponseKind
    channel: Channel
    by: StaffName | None
    words: Personal[Words] | None


class CaseResolved(Event):
    """The company gave the matter its outcome. No pause outlasts it: each open one is resumed just before."""

    TOPIC: ClassVar = "case-resolved.1"

    outcome: Outcome
    redress: Money | None
    """What the customer gets, if anything; None is an explicit "nothing"."""
    resolved_by: StaffName | None
    code: Label | None
    """The way in which it was resolved, as the installation's list has it."""


class CaseReopened(Event):
    """A resolved or closed case went back to work; its next resolution ends another cycle."""

    TOPIC: ClassVar = "case-reopened.1"

    reason: Label | None


class CaseClosed(Event):
    """The loop was closed (闭环): nothing more is to be done."""

    TOPIC: ClassVar = "case-closed.1"

    code: Label | None


class CaseCustomerChanged(Event):
    """The record turned out to be about somebody else than it said."""

    TOPIC: ClassVar = "case-customer-changed.1"

    customer_id: UUID


class CaseChannelChanged(Event):
    """The record named another channel than before."""

    TOPIC: ClassVar = "case-channel-changed.1"

    channel: Channel


class KindChanged(Event):
    """The matter turned out to be of another kind than it said; which promises hold may change with it."""

    TOPIC: ClassVar = "kind-changed.1"

    kind: CaseKind
    reason: Label | None


class CaseAttributesRecorded(Event):
    """Facts that the case's source keeps became known, or other than they were; each name once."""

    TOPIC: ClassVar = "case-attributes-recorded.1"

    attributes: tuple[Attribute, ...]


HandlingEvent: TypeAlias = (
    CaseReceived
    | CaseRegistered
    | CaseClassified
    | CasePrioritised
    | CaseDispatched
    | DispatchReturned
    | CaseTransferred
    | CaseAssigned
    | CaseUnassigned
    | WorkStarted
    | CasePaused
    | CaseResumed
    | ResponseSent
    | CaseResolved
    | CaseReopened
    | CaseClosed
    | CaseCustomerChanged
    | CaseChannelChanged
    | KindChanged
    | CaseAttributesRecorded
)
"""Those of the declared life that every case has."""

CaseEvent: TypeAlias = (
    HandlingEvent
    | DialogueEvent
    | SettlementEvent
    | EscalationEvent
    | RelationEvent
    | PartEvent
    | PausingEvent
    | DueStated
    | StatutoryEvent
    | OutsideEvent
    | TermsEvent
    | ExtensionEvent
    | DeadlineEvent
    | AttachmentAdded
)
"""Everything that can happen to a case."""
