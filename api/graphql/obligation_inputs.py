"""What can be asked of obligations."""

from __future__ import annotations

from datetime import datetime

import strawberry

from api.graphql.course_inputs import LEVEL
from api.graphql.deadline_inputs import APPROVED_BY, ASKED_BY, DECLINED_BY, POLICY, REASON, TARGET
from api.graphql.enums import Cause, EscalatedBy, ObligationKind, Precision, Verdict
from api.graphql.inputs import UNIT, Asked, AskedAgain

OWNER = "The member of staff who owes it. Null is nobody in particular."


@strawberry.input(description="Something that somebody owes by a time.")
class OpenObligationInput(Asked):
    kind: ObligationKind = strawberry.field(description="What kind of thing is owed.")
    title: str = strawberry.field(description="What is owed, as the installation calls it; never about a person.")
    case_id: strawberry.ID | None = strawberry.field(default=None, description="The case for which it is owed.")
    unit: str | None = strawberry.field(default=None, description=UNIT)
    owner: str | None = strawberry.field(default=None, description=OWNER)
    due_at: datetime | None = strawberry.field(default=None, description="By when, with an offset or Z.")
    due_precision: Precision = strawberry.field(
        default=Precision.INSTANT,
        description="How exactly that is said; DAY when it is due by the end of that day, in the zone of "
        "`occurredZone`.",
    )


@strawberry.input
class AskedOfObligation(AskedAgain):
    obligation_id: strawberry.ID = strawberry.field(description="The obligation, by its id.")


@strawberry.input(description="Who is to owe it instead.")
class ReassignObligationInput(AskedOfObligation):
    unit: str | None = strawberry.field(default=None, description=UNIT)
    owner: str | None = strawberry.field(default=None, description=OWNER)
    reason: str | None = strawberry.field(default=None, description="Why, as the installation's list has it.")


@strawberry.input(description="What was done about it.")
class MeetObligationInput(AskedOfObligation):
    by: str | None = strawberry.field(default=None, description="The member of staff who did it.")
    evidence: str | None = strawberry.field(
        default=None, description="What shows it, such as the number of a letter; never about a person."
    )
    words: str | None = strawberry.field(
        default=None, description="What was said, word for word: kept sealed, under the key of the case's customer."
    )


@strawberry.input(description="Whether what was done had its effect.")
class VerifyObligationInput(AskedOfObligation):
    by: str = strawberry.field(description="The member of staff who looked.")
    effective: bool = strawberry.field(description="Whether it had its effect.")


@strawberry.input(description="An obligation that is owed no longer.")
class CancelObligationInput(AskedOfObligation):
    reason: str = strawberry.field(description="Why, as the installation's list has it.")


@strawberry.input(description="An obligation that is owed again.")
class ReopenObligationInput(AskedOfObligation):
    reason: str | None = strawberry.field(default=None, description="Why, as the installation's list has it.")


@strawberry.input(description="Something owed that is to be brought before a higher level.")
class EscalateObligationInput(AskedOfObligation):
    level: int = strawberry.field(description=LEVEL)
    to_unit: str | None = strawberry.field(default=None, description="The unit before which it is brought.")
    to_staff: str | None = strawberry.field(default=None, description="The member of staff before whom it is brought.")
    reason: str | None = strawberry.field(default=None, description=REASON)
    by: EscalatedBy = strawberry.field(default=EscalatedBy.PERSON, description="Who or what saw to it.")


REQUEST = "The version of the obligation at which the request stands."


@strawberry.input(description="A wish that the verdict on a deadline of an obligation be read otherwise.")
class RequestObligationRevisionInput(AskedOfObligation):
    policy: str = strawberry.field(description=POLICY)
    target: str = strawberry.field(description=TARGET)
    cycle: int = strawberry.field(default=1, description="In which cycle, from 1; a reopening begins another.")
    instance: int = strawberry.field(default=1, description="Which time within the cycle, from 1.")
    now: Verdict = strawberry.field(description="What the verdict is to be; it was the other.")
    cause: Cause = strawberry.field(description="What kind of thing makes the difference.")
    reason: str = strawberry.field(description=REASON)
    requested_by: str = strawberry.field(description=ASKED_BY)


@strawberry.input(description="Somebody's yes to another verdict.")
class ApproveObligationRevisionInput(AskedOfObligation):
    request: int = strawberry.field(description=REQUEST)
    approved_by: str = strawberry.field(description=APPROVED_BY)


@strawberry.input(description="Somebody's no to another verdict.")
class DeclineObligationRevisionInput(AskedOfObligation):
    request: int = strawberry.field(description=REQUEST)
    reason: str = strawberry.field(description=REASON)
    declined_by: str = strawberry.field(description=DECLINED_BY)
