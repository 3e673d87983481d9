"""How a matter is settled: investigated, a resolution proposed and answered, referred outside, or withdrawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple, TypeAlias, assert_never

from domain.case.about import HANDLING, OPEN, UNFINISHED, AboutCase
from domain.case.rules import Departure, about_its_subject, closed, finished, merged, out_of_time, unregistered
from domain.channel import Channel
from domain.decider import Decided
from domain.departure import Broken, stepped
from domain.envelope import Context, Recorded
from domain.event import Event, Label, SourceKey, StaffName, Words
from domain.money import Money
from domain.personal import Personal
from domain.refusal import Refusal

if TYPE_CHECKING:
    from domain.case.state import Case

# Events ---------------------------------------------------------------------------------------------------------------


class InvestigationStarted(Event):
    """Somebody began to look into what happened (ISO 10002:2018, 8.6)."""

    TOPIC: ClassVar = "investigation-started.1"

    by: StaffName | None


class InvestigationFinished(Event):
    """It was found out what happened, or that it cannot be."""

    TOPIC: ClassVar = "investigation-finished.1"

    by: StaffName | None
    finding: Label | None
    """As the installation's list has it; what was found about the customer belongs in the words."""
    words: Personal[Words] | None


class ResolutionProposed(Event):
    """The company offered a way to settle the matter (ISO 10002:2018, 8.7). An earlier open offer is off the table."""

    TOPIC: ClassVar = "resolution-proposed.1"

    redress: Money | None
    by: StaffName | None
    words: Personal[Words] | None


class ProposalAccepted(Event):
    """The customer agreed to what was proposed (ISO 10002:2018, 8.9)."""

    TOPIC: ClassVar = "proposal-accepted.1"

    channel: Channel


class ProposalRejected(Event):
    """The customer turned down what was proposed; the case stays open (ISO 10002:2018, 8.9)."""

    TOPIC: ClassVar = "proposal-rejected.1"

    channel: Channel
    reason: Label | None


class CaseReferredOutside(Event):
    """The customer was pointed to somebody outside the company, such as an ombudsman (ISO 10002:2018, 8.9)."""

    TOPIC: ClassVar = "case-referred-outside.1"

    body: Label
    reference: SourceKey | None
    reason: Label | None


class CaseWithdrawn(Event):
    """The customer took the matter back, which ends it. No pause outlasts it."""

    TOPIC: ClassVar = "case-withdrawn.1"

    channel: Channel
    reason: Label | None


SettlementEvent: TypeAlias = (
    InvestigationStarted
    | InvestigationFinished
    | ResolutionProposed
    | ProposalAccepted
    | ProposalRejected
    | CaseReferredOutside
    | CaseWithdrawn
)

# Commands -------------------------------------------------------------------------------------------------------------


class StartInvestigation(AboutCase):
    """Begin to look into what happened; one investigation at a time."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*OPEN, Refusal.INVESTIGATION_UNDER_WAY)

    by: StaffName | None = None


class FinishInvestigation(AboutCase):
    """Note what the investigation found."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*OPEN, Refusal.NO_INVESTIGATION, Refusal.SUBJECT_MISMATCH)

    by: StaffName | None = None
    finding: Label | None = None
    words: Personal[Words] | None = None


class ProposeResolution(AboutCase):
    """Offer the customer a way to settle the matter."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*OPEN, Refusal.PROPOSAL_ACCEPTED, Refusal.SUBJECT_MISMATCH)

    redress: Money | None = None
    by: StaffName | None = None
    words: Personal[Words] | None = None


class AcceptProposal(AboutCase):
    """Note that the customer agrees to what was proposed, until the case is closed."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*HANDLING, Refusal.ALREADY_CLOSED, Refusal.NO_OPEN_PROPOSAL)

    channel: Channel


class RejectProposal(AboutCase):
    """Note that the customer turns down what was proposed, until the case is closed."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*HANDLING, Refusal.ALREADY_CLOSED, Refusal.NO_OPEN_PROPOSAL)

    channel: Channel
    reason: Label | None = None


class ReferOutside(AboutCase):
    """Point the customer to somebody outside the company, at any time once the case has its number."""

    REFUSALS: ClassVar[tuple[str, ...]] = HANDLING

    body: Label
    reference: SourceKey | None = None
    reason: Label | None = None


class WithdrawCase(AboutCase):
    """Note that the customer takes the matter back, with or without its number."""

    REFUSALS: ClassVar[tuple[str, ...]] = UNFINISHED

    channel: Channel
    reason: Label | None = None


SettlementCommand: TypeAlias = (
    StartInvestigation
    | FinishInvestigation
    | ProposeResolution
    | AcceptProposal
    | RejectProposal
    | ReferOutside
    | WithdrawCase
)

# Life -----------------------------------------------------------------------------------------------------------------


class Settlement(NamedTuple):
    """How far a matter is settled in this cycle."""

    investigation: InvestigationStarted | None = None
    finding: InvestigationFinished | None = None
    """None while the investigation is under way."""
    proposal: ResolutionProposed | None = None
    answer: ProposalAccepted | ProposalRejected | None = None
    """None while the proposal is open."""
    referrals: tuple[CaseReferredOutside, ...] = ()
    """Of the case's whole life: who was asked outside stays asked."""
    withdrawal: CaseWithdrawn | None = None

    @property
    def in_next_cycle(self) -> Settlement:
        """What a reopening leaves."""
        return Settlement(referrals=self.referrals)


def evolve(settlement: Settlement, recorded: Recorded[SettlementEvent]) -> Settlement:
    """The settlement after an event, in whatever order history has them."""
    event = recorded.event
    match event:
        case InvestigationStarted():
            return settlement._replace(investigation=event, finding=None)
        case InvestigationFinished():
            return settlement._replace(finding=event)
        case ResolutionProposed():
            return settlement._replace(proposal=event, answer=None)
        case ProposalAccepted() | ProposalRejected():
            return settlement._replace(answer=event)
        case CaseReferredOutside():
            return settlement._replace(referrals=(*settlement.referrals, event))
        case CaseWithdrawn():
            return settlement._replace(withdrawal=event)
        case _:
            assert_never(event)


def decide(case: Case, command: SettlementCommand, context: Context) -> Decided:
    """The events that the command leads to; none when nothing changes. Raises: Refused."""
    early = out_of_time(case, command, context)
    match command:
        case StartInvestigation():
            return _investigate(case, command, context, early)
        case FinishInvestigation():
            return _find(case, command, context, early)
        case ProposeResolution():
            return _propose(case, command, context, early)
        case AcceptProposal():
            return _answer(case, ProposalAccepted(channel=command.channel), context, early)
        case RejectProposal():
            rejection = ProposalRejected(channel=command.channel, reason=command.reason)
            return _answer(case, rejection, context, early)
        case ReferOutside():
            referral = CaseReferredOutside(body=command.body, reference=command.reference, reason=command.reason)
            if referral in case.rare.settlement.referrals:
                return []
            return stepped(context, referral, merged(case), unregistered(case), early)
        case WithdrawCase():
            withdrawal = CaseWithdrawn(channel=command.channel, reason=command.reason)
            if case.rare.settlement.withdrawal == withdrawal:
                return []
            return stepped(context, withdrawal, finished(case), early)
        case _:
            assert_never(command)


def _investigate(case: Case, command: StartInvestigation, context: Context, early: Broken | None) -> Decided:
    investigation = InvestigationStarted(by=command.by)
    under_way = case.rare.settlement.finding is None and case.rare.settlement.investigation is not None
    if under_way and case.rare.settlement.investigation == investigation:
        return []
    twice = Broken(
        Refusal.INVESTIGATION_UNDER_WAY,
        Departure.INVESTIGATION_STARTED_AGAIN,
        "An investigation of this case is under way; finish it first.",
    )
    return stepped(context, investigation, unregistered(case), finished(case), twice if under_way else None, early)


def _find(case: Case, command: FinishInvestigation, context: Context, early: Broken | None) -> Decided:
    about_its_subject(command.words, case.customer_id or command.case_id)
    finding = InvestigationFinished(by=command.by, finding=command.finding, words=command.words)
    settlement = case.rare.settlement
    if settlement.finding == finding:
        return []
    nothing = Broken(
        Refusal.NO_INVESTIGATION,
        Departure.INVESTIGATION_NOT_STARTED,
        "No investigation of this case is under way; start one first.",
    )
    under_way = settlement.investigation is not None and settlement.finding is None
    return stepped(context, finding, unregistered(case), finished(case), None if under_way else nothing, early)


def _propose(case: Case, command: ProposeResolution, context: Context, early: Broken | None) -> Decided:
    about_its_subject(command.words, case.customer_id or command.case_id)
    proposal = ResolutionProposed(redress=command.redress, by=command.by, words=command.words)
    settlement = case.rare.settlement
    accepted = isinstance(settlement.answer, ProposalAccepted)
    if settlement.proposal == proposal and (accepted or settlement.answer is None):
        return []
    agreed = Broken(
        Refusal.PROPOSAL_ACCEPTED,
        Departure.PROPOSED_AFTER_ACCEPTANCE,
        "The customer has accepted what was proposed; resolve the case by that.",
    )
    return stepped(context, proposal, unregistered(case), finished(case), agreed if accepted else None, early)


def _answer(case: Case, answer: ProposalAccepted | ProposalRejected, context: Context, early: Broken | None) -> Decided:
    settlement = case.rare.settlement
    if settlement.answer == answer:
        return []
    none_open = Broken(
        Refusal.NO_OPEN_PROPOSAL,
        Departure.ANSWERED_NO_PROPOSAL,
        "No proposal to the customer is open; propose a resolution first.",
    )
    is_open = settlement.proposal is not None and settlement.answer is None
    return stepped(context, answer, unregistered(case), closed(case), None if is_open else none_open, early)
