"""How a matter is settled, step by step."""

from domain.case.events import CaseResumed, PauseGround
from domain.case.rules import Departure
from domain.case.settlement import (
    AcceptProposal,
    CaseReferredOutside,
    FinishInvestigation,
    InvestigationFinished,
    InvestigationStarted,
    ProposalAccepted,
    ProposalRejected,
    ProposeResolution,
    ReferOutside,
    RejectProposal,
    ResolutionProposed,
    StartInvestigation,
    WithdrawCase,
)
from domain.channel import Channel
from domain.personal import Personal
from domain.refusal import Refusal
from tests.domain.case.histories import CASE_ID, TUESDAY, WANG, ZHAO, paused, received, redress, reopened
from tests.domain.case.steps import (
    Accepted,
    Marked,
    Rejected,
    Steps,
    at_hand,
    by_stage,
    ended,
    over,
    withdrawn,
)

found = Personal[str].open(WANG, "电表读数被录入两次")
to_zhao = Personal[str].open(ZHAO, "Dear Zhao")
investigate = StartInvestigation(at=TUESDAY, case_id=CASE_ID, by="ada")
investigating = InvestigationStarted(by="ada")
find = FinishInvestigation(at=TUESDAY, case_id=CASE_ID, by="ada", finding="read twice", words=found)
finding = InvestigationFinished(by="ada", finding="read twice", words=found)
propose = ProposeResolution(at=TUESDAY, case_id=CASE_ID, redress=redress, by="ada", words=found)
proposed = ResolutionProposed(redress=redress, by="ada", words=found)
without_money = propose.model_copy(update={"redress": None})
no_money = proposed.model_copy(update={"redress": None})
accept = AcceptProposal(at=TUESDAY, case_id=CASE_ID, channel=Channel.HOTLINE)
accepted = ProposalAccepted(channel=Channel.HOTLINE)
reject = RejectProposal(at=TUESDAY, case_id=CASE_ID, channel=Channel.HOTLINE, reason="too little")
rejected = ProposalRejected(channel=Channel.HOTLINE, reason="too little")
refer = ReferOutside(at=TUESDAY, case_id=CASE_ID, body="Ombudsman", reference="O-17", reason="deadlock")
referred = CaseReferredOutside(body="Ombudsman", reference="O-17", reason="deadlock")
withdraw = WithdrawCase(at=TUESDAY, case_id=CASE_ID, channel=Channel.WECHAT, reason="settled elsewhere")
on_offer = (*at_hand, proposed)

ACCEPTED = {
    "an investigation begins": Accepted(at_hand, investigate, (investigating,)),
    "another investigation follows": Accepted((*at_hand, investigating, finding), investigate, (investigating,)),
    "an investigation ends": Accepted((*at_hand, investigating), find, (finding,)),
    "a resolution is proposed": Accepted(at_hand, propose, (proposed,)),
    "a better offer takes the place of one that is open": Accepted((*at_hand, no_money), propose, (proposed,)),
    "the same is offered again after it was turned down": Accepted((*on_offer, rejected), propose, (proposed,)),
    "the customer agrees": Accepted(on_offer, accept, (accepted,)),
    "the customer agrees after the resolution": Accepted((*on_offer, *over[2:]), accept, (accepted,)),
    "the customer declines": Accepted(on_offer, reject, (rejected,)),
    "the customer declines the second offer as well": Accepted((*on_offer, rejected, no_money), reject, (rejected,)),
    "a customer who does not agree is pointed outside": Accepted((*on_offer, rejected), refer, (referred,)),
    "a customer is pointed outside after closing": Accepted(ended, refer, (referred,)),
    "the customer takes the matter back": Accepted(at_hand, withdraw, (withdrawn,)),
    "the matter is taken back before it has a number": Accepted((received,), withdraw, (withdrawn,)),
    "no pause outlasts a withdrawal": Accepted(
        (*at_hand, paused), withdraw, (CaseResumed(ground=PauseGround.CUSTOMER), withdrawn)
    ),
    "what was taken back and reopened is taken back again": Accepted(
        (*at_hand, withdrawn, reopened), withdraw, (withdrawn,)
    ),
}
REJECTED = {
    **dict(by_stage(ACCEPTED)),
    "one investigation at a time": Rejected(
        (*at_hand, investigating),
        investigate.model_copy(update={"by": "li"}),
        Refusal.INVESTIGATION_UNDER_WAY,
        "finish it first",
    ),
    "nothing is found without looking": Rejected(at_hand, find, Refusal.NO_INVESTIGATION, "start one first"),
    "nothing else is offered once the customer agreed": Rejected(
        (*on_offer, accepted), without_money, Refusal.PROPOSAL_ACCEPTED, "resolve the case by that"
    ),
    "nobody agrees to nothing": Rejected(at_hand, accept, Refusal.NO_OPEN_PROPOSAL, "propose a resolution first"),
    "nobody declines what they agreed to": Rejected(
        (*on_offer, accepted), reject, Refusal.NO_OPEN_PROPOSAL, "propose a resolution first"
    ),
    "an offer of the cycle before is off the table": Rejected(
        (*on_offer, *over[2:], reopened), accept, Refusal.NO_OPEN_PROPOSAL, "propose a resolution first"
    ),
    **{
        f"{type(command).__name__}: words under another's key": Rejected(
            past, command.model_copy(update={"words": to_zhao}), Refusal.SUBJECT_MISMATCH, "somebody else"
        )
        for past, command in (((*at_hand, investigating), find), (at_hand, propose))
    },
}
MARKED = {
    "two looked into it at once": Marked(
        (*at_hand, investigating),
        investigate.model_copy(update={"by": "li"}),
        InvestigationStarted(by="li"),
        (Departure.INVESTIGATION_STARTED_AGAIN,),
    ),
    "nobody began the investigation that ended": Marked(at_hand, find, finding, (Departure.INVESTIGATION_NOT_STARTED,)),
    "another offer came after the customer agreed": Marked(
        (*on_offer, accepted), without_money, no_money, (Departure.PROPOSED_AFTER_ACCEPTANCE,)
    ),
    "the customer declined what nobody offered": Marked(at_hand, reject, rejected, (Departure.ANSWERED_NO_PROPOSAL,)),
    "it was investigated after it was withdrawn": Marked(
        (*at_hand, withdrawn), investigate, investigating, (Departure.WORK_AFTER_WITHDRAWAL,)
    ),
}
SETTLEMENT = Steps(ACCEPTED, REJECTED, MARKED)
