"""What passes between the company and the customer, step by step."""

from uuid import UUID

from domain.case.dialogue import (
    AcknowledgeCase,
    CaseAcknowledged,
    CustomerReplied,
    FeedbackGiven,
    FollowUpMade,
    FollowUpResult,
    GiveFeedback,
    MakeFollowUp,
    RecordCustomerReply,
)
from domain.case.rules import Departure
from domain.channel import Channel
from domain.personal import Personal
from domain.refusal import Refusal
from tests.domain.case.histories import CASE_ID, TUESDAY, WANG, ZHAO, received, reopened
from tests.domain.case.steps import Accepted, Marked, Rejected, Steps, at_hand, by_stage, ended, over, withdrawn

said = Personal[str].open(WANG, "您的投诉我们已收到")
to_zhao = Personal[str].open(ZHAO, "Dear Zhao")
acknowledge = AcknowledgeCase(at=TUESDAY, case_id=CASE_ID, channel=Channel.SMS, words=said)
acknowledged = CaseAcknowledged(channel=Channel.SMS, by=None, words=said)
reply = RecordCustomerReply(at=TUESDAY, case_id=CASE_ID, channel=Channel.WECHAT, touchpoint_id=UUID(int=5), words=said)
replied = CustomerReplied(channel=Channel.WECHAT, touchpoint_id=UUID(int=5), words=said)
feed_back = GiveFeedback(at=TUESDAY, case_id=CASE_ID, by="ada", channel=Channel.HOTLINE, words=said)
fed_back = FeedbackGiven(by="ada", channel=Channel.HOTLINE, words=said)
visit = MakeFollowUp(
    at=TUESDAY, case_id=CASE_ID, result=FollowUpResult.DISSATISFIED, by="li", channel=Channel.HOTLINE, words=said
)
visited = FollowUpMade(result=FollowUpResult.DISSATISFIED, by="li", channel=Channel.HOTLINE, words=said)

ACCEPTED = {
    "a receipt is acknowledged before the registration": Accepted((received,), acknowledge, (acknowledged,)),
    "a reopened case is acknowledged anew": Accepted(
        (*at_hand, acknowledged, *over[2:], reopened), acknowledge, (acknowledged,)
    ),
    "the customer writes again": Accepted(at_hand, reply, (replied,)),
    "the customer writes again after closing": Accepted(ended, reply, (replied,)),
    "the customer writes once more in the same words": Accepted((*at_hand, replied), reply, (replied,)),
    "the customer is told what came of it": Accepted(over, feed_back, (fed_back,)),
    "late feedback is better than none": Accepted(ended, feed_back, (fed_back,)),
    "a resolved case is followed up": Accepted(over, visit, (visited,)),
    "a closed case is followed up": Accepted((*ended, fed_back), visit, (visited,)),
}
REJECTED = {
    **dict(by_stage(ACCEPTED)),
    "a receipt is not acknowledged otherwise": Rejected(
        (*at_hand, acknowledged),
        acknowledge.model_copy(update={"by": "ada"}),
        Refusal.ALREADY_ACKNOWLEDGED,
        "send an update instead",
    ),
    "no feedback on what has no result": Rejected(at_hand, feed_back, Refusal.NOT_RESOLVED, "resolve it first"),
    "no visit about what has no result": Rejected(at_hand, visit, Refusal.NOT_RESOLVED, "resolve it first"),
    "no visit about what was withdrawn": Rejected((*at_hand, withdrawn), visit, Refusal.NOT_RESOLVED, "resolve it"),
    **{
        f"{type(command).__name__}: words under another's key": Rejected(
            past, command.model_copy(update={"words": to_zhao}), Refusal.SUBJECT_MISMATCH, "somebody else"
        )
        for past, command in ((at_hand, acknowledge), (at_hand, reply), (over, feed_back), (over, visit))
    },
}
MARKED = {
    "it was acknowledged once more": Marked(
        (*at_hand, acknowledged),
        acknowledge.model_copy(update={"by": "ada"}),
        acknowledged.model_copy(update={"by": "ada"}),
        (Departure.ACKNOWLEDGED_AGAIN,),
    ),
    "feedback came before the result": Marked(at_hand, feed_back, fed_back, (Departure.FED_BACK_UNRESOLVED,)),
    "a visit came before the result": Marked(at_hand, visit, visited, (Departure.FOLLOWED_UP_UNRESOLVED,)),
}
DIALOGUE = Steps(ACCEPTED, REJECTED, MARKED)
