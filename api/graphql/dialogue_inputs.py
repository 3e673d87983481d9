"""What passes between the company and the customer, and how a matter is settled, as it can be asked for."""

from __future__ import annotations

import strawberry

from api.graphql.enums import Channel, FollowUpResult
from api.graphql.inputs import WORDS, AskedOfCase, MoneyInput

CHANNEL = "How the words travelled."
BY = "The member of staff. Null when a machine did it, or nobody knows."
REASON = "Why, as the installation's list has it."


@strawberry.input(description="A receipt to be acknowledged to the customer.")
class AcknowledgeCaseInput(AskedOfCase):
    channel: Channel = strawberry.field(description=CHANNEL)
    by: str | None = strawberry.field(default=None, description=BY)
    words: str | None = strawberry.field(default=None, description=WORDS)


@strawberry.input(description="What the customer said when they turned to the company again.")
class RecordCustomerReplyInput(AskedOfCase):
    channel: Channel = strawberry.field(description=CHANNEL)
    touchpoint_id: strawberry.ID | None = strawberry.field(
        default=None, description="The touchpoint in which they said it."
    )
    words: str | None = strawberry.field(default=None, description=WORDS)


@strawberry.input(description="Feedback to the customer on what came of a case (反馈).")
class GiveFeedbackInput(AskedOfCase):
    channel: Channel = strawberry.field(description=CHANNEL)
    by: str | None = strawberry.field(default=None, description=BY)
    words: str | None = strawberry.field(default=None, description=WORDS)


@strawberry.input(description="A follow-up visit or call (回访), and what it found.")
class MakeFollowUpInput(AskedOfCase):
    result: FollowUpResult = strawberry.field(description="What it found.")
    channel: Channel = strawberry.field(description=CHANNEL)
    by: str | None = strawberry.field(default=None, description=BY)
    words: str | None = strawberry.field(default=None, description=WORDS)


@strawberry.input(description="A case into which somebody begins to look.")
class StartInvestigationInput(AskedOfCase):
    by: str | None = strawberry.field(default=None, description=BY)


@strawberry.input(description="What an investigation found.")
class FinishInvestigationInput(AskedOfCase):
    by: str | None = strawberry.field(default=None, description=BY)
    finding: str | None = strawberry.field(
        default=None, description="What was found, as the installation's list has it; never about the customer."
    )
    words: str | None = strawberry.field(
        default=None, description="What was found about the customer: kept sealed under the customer's own key."
    )


@strawberry.input(description="A way to settle the matter, offered to the customer.")
class ProposeResolutionInput(AskedOfCase):
    redress: MoneyInput | None = strawberry.field(default=None, description="What the customer would get, if anything.")
    by: str | None = strawberry.field(default=None, description=BY)
    words: str | None = strawberry.field(default=None, description=WORDS)


@strawberry.input(description="The customer's yes to what was proposed.")
class AcceptProposalInput(AskedOfCase):
    channel: Channel = strawberry.field(description=CHANNEL)


@strawberry.input(description="The customer's no to what was proposed.")
class RejectProposalInput(AskedOfCase):
    channel: Channel = strawberry.field(description=CHANNEL)
    reason: str | None = strawberry.field(default=None, description=REASON)


@strawberry.input(description="Somebody outside the company to whom the customer is pointed.")
class ReferOutsideInput(AskedOfCase):
    body: str = strawberry.field(description="The body outside, such as an ombudsman.")
    reference: str | None = strawberry.field(default=None, description="The key of the matter there.")
    reason: str | None = strawberry.field(default=None, description=REASON)


@strawberry.input(description="A case that the customer takes back.")
class WithdrawCaseInput(AskedOfCase):
    channel: Channel = strawberry.field(description=CHANNEL)
    reason: str | None = strawberry.field(default=None, description=REASON)
