"""Formal steps, and what happens to a complaint outside the company, as they can be asked for."""

from __future__ import annotations

import strawberry

from api.graphql.enums import NoticeOf, Outcome, ReviewOutcome
from api.graphql.inputs import WORDS, AskedOfCase

REASON = "Why, as the installation's list has it."
REFERENCE = "The key of the matter there."


@strawberry.input(description="A portal that passed the complaint on to the company.")
class SendToPortalInput(AskedOfCase):
    portal: str = strawberry.field(description="The portal.")
    reference: str | None = strawberry.field(default=None, description=REFERENCE)


@strawberry.input(description="A unit that confirms that it has the work order.")
class ConfirmUnitReceiptInput(AskedOfCase):
    unit: str = strawberry.field(description="The unit: the one that holds the case.")


@strawberry.input(description="A case about which its hotline is told.")
class InformHotlineInput(AskedOfCase):
    by: str | None = strawberry.field(default=None, description="The member of staff who tells it.")


@strawberry.input(description="A complaint to be taken on (受理).")
class AcceptCaseInput(AskedOfCase):
    pass


@strawberry.input(description="A complaint that is not taken on (不予受理).")
class RefuseCaseInput(AskedOfCase):
    reason: str = strawberry.field(description=REASON)


@strawberry.input(description="Documents or facts for which the complainant is asked.")
class RequestMaterialInput(AskedOfCase):
    items: list[str] = strawberry.field(description="What is missing, as the installation's list has it; 1 to 50.")
    words: str | None = strawberry.field(default=None, description=WORDS)


@strawberry.input(description="A case of which all the material is there.")
class CompleteMaterialInput(AskedOfCase):
    pass


@strawberry.input(description="The formal decision on a complaint.")
class MakeDecisionInput(AskedOfCase):
    outcome: Outcome = strawberry.field(description="How it was decided.")
    code: str | None = strawberry.field(default=None, description="The decision, as the installation's list has it.")


@strawberry.input(description="A formal notice to the complainant.")
class NotifyComplainantInput(AskedOfCase):
    of: NoticeOf = strawberry.field(description="What it is the notice of.")
    version: int | None = strawberry.field(
        default=None, description="The version of the event that it is the notice of. Null is the latest before it."
    )


@strawberry.input(description="The complainant's wish to have the decision looked at again (核查).")
class RequestReviewInput(AskedOfCase):
    reason: str | None = strawberry.field(default=None, description=REASON)


@strawberry.input(description="What the body above made of the decision.")
class DecideReviewInput(AskedOfCase):
    outcome: ReviewOutcome = strawberry.field(description="What came of the review.")


@strawberry.input(description="A regulator that got the complaint.")
class NoteRegulatorReceiptInput(AskedOfCase):
    regulator: str = strawberry.field(description="The regulator.")
    reference: str | None = strawberry.field(default=None, description=REFERENCE)


@strawberry.input(description="A regulator that passed the complaint on.")
class NoteRegulatorForwardingInput(AskedOfCase):
    regulator: str = strawberry.field(description="The regulator.")
    to: str = strawberry.field(description="To whom: a company or an authority.")


@strawberry.input(description="The return in which a case was reported.")
class SubmitReturnInput(AskedOfCase):
    to: str = strawberry.field(description="To whom it was submitted.")
    period: str = strawberry.field(description="Of which period it is, such as 2026-H1.")
