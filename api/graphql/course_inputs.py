"""The ladder, other cases, parts, pauses on request and stated dates, as they can be asked for."""

from __future__ import annotations

from datetime import datetime

import strawberry

from api.graphql.enums import CaseKind, DueOrigin, EscalatedBy, Outcome, Precision, Relation
from api.graphql.inputs import UNIT, AskedOfCase, MoneyInput

REASON = "Why, as the installation's list has it."
LEVEL = "The level, from 1, the first above whoever handles the case, to 9."
PART = "The part's name within the case."
OTHER = "The other case, by its id."


@strawberry.input(description="A case to be brought before a higher level.")
class EscalateCaseInput(AskedOfCase):
    level: int = strawberry.field(description=LEVEL)
    to_unit: str | None = strawberry.field(default=None, description="The unit before which it is brought.")
    to_staff: str | None = strawberry.field(default=None, description="The member of staff before whom it is brought.")
    reason: str | None = strawberry.field(default=None, description=REASON)
    by: EscalatedBy = strawberry.field(default=EscalatedBy.PERSON, description="Who or what saw to it.")


@strawberry.input(description="An escalation of which somebody takes notice.")
class AcknowledgeEscalationInput(AskedOfCase):
    level: int = strawberry.field(description=LEVEL)
    by: str = strawberry.field(description="The member of staff who takes notice.")


@strawberry.input(description="What a case has to do with another one.")
class LinkCaseInput(AskedOfCase):
    other_id: strawberry.ID = strawberry.field(description=OTHER)
    relation: Relation = strawberry.field(description="What this case is to that one.")


@strawberry.input(description="A link between two cases to be taken away.")
class UnlinkCaseInput(AskedOfCase):
    other_id: strawberry.ID = strawberry.field(description=OTHER)
    relation: Relation = strawberry.field(description="What this case was taken to be to that one.")


@strawberry.input(description="A case whose place another one takes.")
class MergeCaseInput(AskedOfCase):
    into: strawberry.ID = strawberry.field(description="The case that stays, by its id.")


@strawberry.input(description="A part of the matter to be dealt with apart.")
class OpenCasePartInput(AskedOfCase):
    part: str = strawberry.field(description=PART)
    category: str | None = strawberry.field(default=None, description="Its category in the issue library.")
    unit: str | None = strawberry.field(default=None, description=UNIT)


@strawberry.input(description="How a part of the matter ended.")
class ResolveCasePartInput(AskedOfCase):
    part: str = strawberry.field(description=PART)
    outcome: Outcome = strawberry.field(description="How it ended for the customer.")
    redress: MoneyInput | None = strawberry.field(
        default=None, description='What the customer gets; null is an explicit "nothing".'
    )
    code: str | None = strawberry.field(
        default=None, description="The way in which it was resolved, as the installation's list has it."
    )


@strawberry.input(description="The kind of which a matter really is.")
class ChangeCaseKindInput(AskedOfCase):
    kind: CaseKind = strawberry.field(description="What kind of matter it is.")
    reason: str | None = strawberry.field(default=None, description=REASON)


@strawberry.input(description="A wish that a case wait for something that is not on the list of grounds.")
class RequestPauseInput(AskedOfCase):
    reason: str = strawberry.field(description=REASON)
    requested_by: str = strawberry.field(description="The member of staff who asks.")


@strawberry.input(description="Somebody's yes to the pause that was asked for.")
class ApprovePauseInput(AskedOfCase):
    approved_by: str = strawberry.field(description="The member of staff who approves: somebody else than who asked.")


@strawberry.input(description="Somebody's no to the pause that was asked for.")
class DeclinePauseInput(AskedOfCase):
    reason: str | None = strawberry.field(default=None, description=REASON)
    declined_by: str = strawberry.field(
        description="The member of staff who declines; who asked may, to take the request back."
    )


@strawberry.input(description="A date by which something is said to be due.")
class StateDueInput(AskedOfCase):
    target: str = strawberry.field(description="What is to be done by then, such as `resolution`.")
    due_at: datetime = strawberry.field(description="By when, with an offset or Z.")
    due_precision: Precision = strawberry.field(
        default=Precision.INSTANT, description="How exactly that is known; DAY when only the day is."
    )
    stated_by: DueOrigin = strawberry.field(description="Whose word it is.")
