"""The events that say something about a subject, any of which may stand in the place of another."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from domain.attachment import AttachmentAdded
from domain.book import BookOpened, SelfApprovalAllowed, SelfApprovalForbidden, ViewCompared
from domain.calendar import CalendarDeclined, CalendarProposed, CalendarPublished
from domain.case.deadline import DeadlineMissed, DeadlineWarned, RevisionDeclined, RevisionRequested, VerdictRevised
from domain.case.dialogue import CaseAcknowledged, CustomerReplied, FeedbackGiven, FollowUpMade
from domain.case.due import DueStated
from domain.case.escalation import CaseEscalated, EscalationAcknowledged
from domain.case.events import (
    CaseAssigned,
    CaseAttributesRecorded,
    CaseChannelChanged,
    CaseClassified,
    CaseClosed,
    CaseCustomerChanged,
    CaseDispatched,
    CasePaused,
    CasePrioritised,
    CaseReceived,
    CaseRegistered,
    CaseReopened,
    CaseResolved,
    CaseResumed,
    CaseTransferred,
    CaseUnassigned,
    DispatchReturned,
    KindChanged,
    ResponseSent,
    WorkStarted,
)
from domain.case.extension import ExtensionApproved, ExtensionDeclined, ExtensionRequested
from domain.case.outside import HotlineInformed, RegulatorForwarded, RegulatorReceived, ReturnSubmitted, SentToPortal
from domain.case.parts import CasePartOpened, CasePartResolved
from domain.case.pausing import PauseApproved, PauseDeclined, PauseRequested
from domain.case.relations import CaseAbsorbed, CaseLinked, CaseMerged, CaseUnlinked
from domain.case.settlement import (
    CaseReferredOutside,
    CaseWithdrawn,
    InvestigationFinished,
    InvestigationStarted,
    ProposalAccepted,
    ProposalRejected,
    ResolutionProposed,
)
from domain.case.statutory import (
    CaseAccepted,
    CaseRefused,
    ComplainantNotified,
    DecisionMade,
    MaterialCompleted,
    MaterialRequested,
    ReviewDecided,
    ReviewRequested,
    UnitReceived,
)
from domain.case.terms import (
    PolicyReassigned,
    PolicyReassignmentDeclined,
    PolicyReassignmentRequested,
    TermsAssigned,
)
from domain.customer import (
    ContactRecorded,
    ContactWithdrawn,
    CustomerAbsorbed,
    CustomerMerged,
    CustomerRegistered,
    CustomerRenamed,
    LanguageChanged,
    TierAssigned,
)
from domain.event import Event
from domain.imports import ImportFinished, ImportStarted
from domain.key_account import ManagerAssigned, ManagerReleased, VisitCancelled, VisitMade, VisitPlanned
from domain.obligation import (
    ObligationCancelled,
    ObligationMet,
    ObligationOpened,
    ObligationReassigned,
    ObligationReopened,
    ObligationVerified,
)
from domain.obligation_deadlines import ObligationEscalated
from domain.policy_events import (
    PolicyDeclined,
    PolicyProposed,
    PolicyPublished,
    PolicyWithdrawalRequested,
    PolicyWithdrawn,
)
from domain.revealing import PersonalRevealed
from domain.staff import (
    CertificateExpired,
    CertificateGranted,
    CertificateRevoked,
    GradeAssigned,
    StaffLeft,
    StaffMoved,
    StaffRegistered,
    StaffReturned,
    TrainingAttended,
)
from domain.touchpoint import TouchpointRecorded
from domain.unit.events import (
    SubunitJoined,
    SupervisionEnded,
    SupervisionOpened,
    UnitClosed,
    UnitHoursSet,
    UnitMoved,
    UnitNameTaken,
    UnitOpened,
    UnitRenamed,
    UnitReopened,
)

CORRECTABLE: tuple[type[Event], ...] = (
    BookOpened,
    SelfApprovalAllowed,
    SelfApprovalForbidden,
    ViewCompared,
    CalendarProposed,
    CalendarPublished,
    CalendarDeclined,
    PolicyProposed,
    PolicyPublished,
    PolicyWithdrawalRequested,
    PolicyWithdrawn,
    PolicyDeclined,
    CustomerRegistered,
    CustomerRenamed,
    ContactRecorded,
    ContactWithdrawn,
    LanguageChanged,
    TierAssigned,
    ManagerAssigned,
    ManagerReleased,
    VisitPlanned,
    VisitMade,
    VisitCancelled,
    CustomerMerged,
    CustomerAbsorbed,
    TouchpointRecorded,
    CaseReceived,
    CaseRegistered,
    CaseClassified,
    CasePrioritised,
    CaseDispatched,
    DispatchReturned,
    CaseTransferred,
    CaseAssigned,
    CaseUnassigned,
    WorkStarted,
    CasePaused,
    CaseResumed,
    ResponseSent,
    CaseResolved,
    CaseReopened,
    CaseClosed,
    CaseCustomerChanged,
    CaseChannelChanged,
    CaseAttributesRecorded,
    KindChanged,
    CaseAcknowledged,
    CustomerReplied,
    FeedbackGiven,
    FollowUpMade,
    InvestigationStarted,
    InvestigationFinished,
    ResolutionProposed,
    ProposalAccepted,
    ProposalRejected,
    CaseReferredOutside,
    CaseWithdrawn,
    CaseEscalated,
    EscalationAcknowledged,
    CaseAbsorbed,
    CaseLinked,
    CaseMerged,
    CaseUnlinked,
    CasePartOpened,
    CasePartResolved,
    PauseApproved,
    PauseDeclined,
    PauseRequested,
    DueStated,
    UnitReceived,
    CaseAccepted,
    CaseRefused,
    MaterialRequested,
    MaterialCompleted,
    DecisionMade,
    ComplainantNotified,
    ReviewRequested,
    ReviewDecided,
    HotlineInformed,
    RegulatorForwarded,
    RegulatorReceived,
    ReturnSubmitted,
    SentToPortal,
    TermsAssigned,
    PolicyReassignmentRequested,
    PolicyReassigned,
    PolicyReassignmentDeclined,
    ExtensionRequested,
    ExtensionApproved,
    ExtensionDeclined,
    DeadlineWarned,
    DeadlineMissed,
    RevisionRequested,
    VerdictRevised,
    RevisionDeclined,
    ImportStarted,
    ImportFinished,
    UnitOpened,
    UnitRenamed,
    UnitNameTaken,
    UnitMoved,
    SubunitJoined,
    UnitClosed,
    UnitReopened,
    UnitHoursSet,
    SupervisionOpened,
    SupervisionEnded,
    StaffRegistered,
    StaffMoved,
    StaffLeft,
    StaffReturned,
    CertificateGranted,
    CertificateExpired,
    CertificateRevoked,
    GradeAssigned,
    TrainingAttended,
    ObligationOpened,
    ObligationReassigned,
    ObligationMet,
    ObligationVerified,
    ObligationCancelled,
    ObligationReopened,
    ObligationEscalated,
    PersonalRevealed,
    AttachmentAdded,
)
"""All of them, written out, so that adding one is a line in a review."""

_BY_TOPIC = {event.TOPIC: event for event in CORRECTABLE}

Upcast: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]
"""A payload of the next schema out of one of the schema before; pure, from plain JSON types to plain JSON types."""

UPCASTS: Mapping[str, tuple[str, Upcast]] = MappingProxyType({})
"""From a topic that is no longer written to the one that took its place, and how. No payload has changed so far."""


def event_of(topic: str, data: str, opened: Any = None) -> Event:
    """The event as today's class out of its data as JSON text, however old its schema.

    `opened` knows personal values by their commitments. Raises: ValueError of data that do not fit, or of a
    topic that no event has.
    """
    while topic in UPCASTS:
        topic, upcast = UPCASTS[topic]
        data = json.dumps(upcast(json.loads(data)))
    if topic not in _BY_TOPIC:
        raise ValueError(f"no event has the topic {topic!r}")
    return _BY_TOPIC[topic].model_validate_json(data, context=opened)
