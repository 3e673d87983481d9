"""What the rarer events of a case change in its file: the dialogue, the settlement, the ladder, other cases, duties."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, assert_never

from domain.attachment import AttachmentAdded
from domain.case.deadline import DeadlineMissed, DeadlineWarned, RevisionDeclined, RevisionRequested, VerdictRevised
from domain.case.dialogue import CaseAcknowledged, CustomerReplied, FeedbackGiven, FollowUpMade
from domain.case.due import DueStated
from domain.case.escalation import CaseEscalated, EscalationAcknowledged
from domain.case.events import KindChanged
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
from domain.case.state import RareEvent
from domain.case.statutory import (
    CaseAccepted,
    CaseRefused,
    ComplainantNotified,
    DecisionMade,
    MaterialCompleted,
    MaterialRequested,
    NoticeOf,
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
from projections.case_row import CaseFile, Link, Proposal, StatedDue

Changes = Mapping[str, Any]
NOTHING: Changes = {}


OF_A_CYCLE: Changes = dict.fromkeys((
    "proposal", "feedback_at", "follow_up_at", "follow_up_result", "escalation_level", "escalated_at",
    "escalation_acknowledged_at", "withdrawn_at", "pause_requested_by", "accepted_at", "refused_at", "decided_at",
    "notified_at",
))  # fmt: skip
"""What a reopening takes back; nobody has done any of it in the cycle that begins."""


def changes(view: CaseFile, event: RareEvent, at: datetime) -> Changes:  # noqa: C901  one flat case an event
    """What an event changes in the file, whatever the order of history."""
    match event:
        case TermsAssigned() | PolicyReassignmentRequested() | PolicyReassigned() | PolicyReassignmentDeclined():
            return NOTHING  # what is due, and what came of that, is for clocks to say
        case KindChanged():
            return {"kind": event.kind}
        case CaseAcknowledged() | CustomerReplied() | FeedbackGiven() | FollowUpMade():
            return _of_dialogue(view, event, at)
        case ResolutionProposed():
            return {"proposal": Proposal.OPEN}
        case ProposalAccepted():
            return {"proposal": Proposal.ACCEPTED}
        case ProposalRejected():
            return {"proposal": Proposal.REJECTED}
        case CaseReferredOutside():
            return {"referred_to": event.body}
        case CaseWithdrawn():
            return {"withdrawn_at": at}
        case CaseEscalated() | EscalationAcknowledged():
            return _of_ladder(view, event, at)
        case CaseLinked() | CaseUnlinked() | CaseMerged() | CaseAbsorbed():
            return _of_others(view, event)
        case CasePartOpened():
            return {"open_parts": tuple(dict.fromkeys((*view.open_parts, event.part)))}
        case CasePartResolved():
            return {"open_parts": tuple(part for part in view.open_parts if part != event.part)}
        case PauseRequested():
            return {"pause_requested_by": event.requested_by}
        case PauseApproved() | PauseDeclined():
            return {"pause_requested_by": None}
        case DueStated():
            others = (due for due in view.stated_dues if (due.target, due.stated_by) != (event.target, event.stated_by))
            stated = StatedDue(event.target, event.due_at, event.due_precision, event.stated_by)
            return {"stated_dues": (*others, stated)}
        case CaseAccepted() | CaseRefused() | DecisionMade() | ComplainantNotified() | ReviewRequested():
            return _of_duties(event, at)
        case ReviewDecided():
            return {"review_requested_at": None}
        case InvestigationStarted() | InvestigationFinished() | UnitReceived() | MaterialRequested():
            return NOTHING
        case MaterialCompleted() | SentToPortal() | HotlineInformed() | RegulatorReceived() | RegulatorForwarded():
            return NOTHING
        case ReturnSubmitted() | AttachmentAdded():
            return NOTHING
        case ExtensionRequested() | ExtensionApproved() | ExtensionDeclined():
            return NOTHING
        case DeadlineWarned() | DeadlineMissed() | RevisionRequested() | VerdictRevised() | RevisionDeclined():
            return NOTHING
        case _:
            assert_never(event)


def _of_dialogue(
    view: CaseFile, event: CaseAcknowledged | CustomerReplied | FeedbackGiven | FollowUpMade, at: datetime
) -> Changes:
    match event:
        case CaseAcknowledged():
            return {"acknowledged_at": min(view.acknowledged_at or at, at)}
        case CustomerReplied():
            return {"customer_replied_at": max(view.customer_replied_at or at, at)}
        case FeedbackGiven():
            return {"feedback_at": min(view.feedback_at or at, at)}
        case FollowUpMade():
            return {"follow_up_at": at, "follow_up_result": event.result}
        case _:
            assert_never(event)


def _of_ladder(view: CaseFile, event: CaseEscalated | EscalationAcknowledged, at: datetime) -> Changes:
    """The highest level of this cycle, and whether somebody took notice of it."""
    level = view.escalation_level or 0
    if isinstance(event, EscalationAcknowledged):
        return {"escalation_acknowledged_at": at} if event.level == level else NOTHING
    if event.level <= level:
        return NOTHING
    return {"escalation_level": event.level, "escalated_at": at, "escalation_acknowledged_at": None}


def _of_others(view: CaseFile, event: CaseLinked | CaseUnlinked | CaseMerged | CaseAbsorbed) -> Changes:
    match event:
        case CaseLinked():
            return {"links": tuple(dict.fromkeys((*view.links, Link(event.case_id, event.relation))))}
        case CaseUnlinked():
            gone = Link(event.case_id, event.relation)
            return {"links": tuple(link for link in view.links if link != gone)}
        case CaseMerged():
            return {"merged_into": event.into}
        case CaseAbsorbed():
            return {"absorbed": tuple(dict.fromkeys((*view.absorbed, event.case_id)))}
        case _:
            assert_never(event)


def _of_duties(
    event: CaseAccepted | CaseRefused | DecisionMade | ComplainantNotified | ReviewRequested, at: datetime
) -> Changes:
    match event:
        case CaseAccepted():
            return {"accepted_at": at, "refused_at": None}
        case CaseRefused():
            return {"accepted_at": None, "refused_at": at}
        case DecisionMade():
            return {"decided_at": at}
        case ComplainantNotified():
            return {"notified_at": at} if event.of is NoticeOf.DECISION else NOTHING
        case ReviewRequested():
            return {"review_requested_at": at}
        case _:
            assert_never(event)
