"""The rarer columns of a case file, read off a history as a whole: a second opinion on the fold."""

from typing import Any

from domain.case.dialogue import CaseAcknowledged, CustomerReplied, FeedbackGiven, FollowUpMade
from domain.case.due import DueStated
from domain.case.escalation import CaseEscalated, EscalationAcknowledged
from domain.case.parts import CasePartOpened, CasePartResolved
from domain.case.pausing import PauseApproved, PauseDeclined, PauseRequested
from domain.case.relations import CaseAbsorbed, CaseLinked, CaseMerged, CaseUnlinked
from domain.case.settlement import (
    CaseReferredOutside,
    CaseWithdrawn,
    ProposalAccepted,
    ProposalRejected,
    ResolutionProposed,
)
from domain.case.statutory import (
    CaseAccepted,
    CaseRefused,
    ComplainantNotified,
    DecisionMade,
    NoticeOf,
    ReviewDecided,
    ReviewRequested,
)
from domain.envelope import Recorded
from domain.event import Event
from projections.case_row import Link, Proposal, StatedDue

History = list[Recorded[Any]]

STANDS: dict[type[Event], Proposal] = {
    ResolutionProposed: Proposal.OPEN,
    ProposalAccepted: Proposal.ACCEPTED,
    ProposalRejected: Proposal.REJECTED,
}


def of(told: History, *kinds: type[Event]) -> History:
    return [each for each in told if isinstance(each.event, kinds)]


def at_last(told: History, *kinds: type[Event]) -> Any:
    """When the latest of these kinds occurred."""
    found = of(told, *kinds)
    return found[-1].occurred_at if found else None


def course(told: History, cycle: History) -> dict[str, Any]:
    """The columns, from the events after the receipt and those of the latest cycle."""
    proposals = of(cycle, *STANDS)
    taken_on = of(cycle, CaseAccepted, CaseRefused)[-1:]
    pauses = of(cycle, PauseRequested, PauseApproved, PauseDeclined)
    reviews = of(told, ReviewRequested, ReviewDecided)
    visits = of(cycle, FollowUpMade)
    referrals = of(told, CaseReferredOutside)
    merges = of(told, CaseMerged)
    return {
        "acknowledged_at": min((each.occurred_at for each in of(told, CaseAcknowledged)), default=None),
        "customer_replied_at": max((each.occurred_at for each in of(told, CustomerReplied)), default=None),
        "proposal": STANDS[type(proposals[-1].event)] if proposals else None,
        "feedback_at": min((each.occurred_at for each in of(cycle, FeedbackGiven)), default=None),
        "follow_up_at": at_last(cycle, FollowUpMade),
        "follow_up_result": visits[-1].event.result if visits else None,
        **ladder(cycle),
        "withdrawn_at": at_last(cycle, CaseWithdrawn),
        "pause_requested_by": getattr(pauses[-1].event, "requested_by", None)
        if pauses and isinstance(pauses[-1].event, PauseRequested)
        else None,
        "accepted_at": at_last(taken_on, CaseAccepted),
        "refused_at": at_last(taken_on, CaseRefused),
        "decided_at": at_last(cycle, DecisionMade),
        "notified_at": at_last(
            [each for each in of(cycle, ComplainantNotified) if each.event.of is NoticeOf.DECISION], Event
        ),
        "review_requested_at": at_last(reviews[-1:], ReviewRequested),
        "referred_to": referrals[-1].event.body if referrals else None,
        "merged_into": merges[-1].event.into if merges else None,
        "absorbed": tuple(dict.fromkeys(each.event.case_id for each in of(told, CaseAbsorbed))),
        "links": still_there(told, CaseLinked, CaseUnlinked, lambda event: Link(event.case_id, event.relation)),
        "open_parts": still_there(told, CasePartOpened, CasePartResolved, lambda event: event.part),
        "stated_dues": dues(told),
    }


def ladder(cycle: History) -> dict[str, Any]:
    rungs = of(cycle, CaseEscalated)
    if not rungs:
        return dict.fromkeys(("escalation_level", "escalated_at", "escalation_acknowledged_at"))
    highest = max(each.event.level for each in rungs)
    reached = next(each for each in rungs if each.event.level == highest)
    after = [each for each in of(cycle, EscalationAcknowledged) if each.version > reached.version]
    return {
        "escalation_level": highest,
        "escalated_at": reached.occurred_at,
        "escalation_acknowledged_at": at_last([each for each in after if each.event.level == highest], Event),
    }


def still_there(told: History, comes: type[Event], goes: type[Event], what: Any) -> tuple[Any, ...]:
    """Whatever came after it last went, in the order in which it came."""
    gone = {what(each.event): each.version for each in of(told, goes)}
    came = [what(each.event) for each in of(told, comes) if each.version > gone.get(what(each.event), 0)]
    return tuple(dict.fromkeys(came))


def dues(told: History) -> tuple[StatedDue, ...]:
    latest = {(each.event.target, each.event.stated_by): each for each in of(told, DueStated)}
    stated = sorted(latest.values(), key=lambda each: each.version)
    return tuple(
        StatedDue(each.event.target, each.event.due_at, each.event.due_precision, each.event.stated_by)
        for each in stated
    )
