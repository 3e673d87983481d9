"""What only some cases have, as a front end sees it: the ladder, links to other cases, stated dates."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from api.graphql.enums import DueOrigin, Precision, Relation
from api.graphql.request import Info
from api.graphql.resolved import resolved
from projections.case_row import CaseFile

if TYPE_CHECKING:
    from api.graphql.case import Case


@strawberry.type(description="How high a case has risen since it was last reopened.")
class Escalation:
    level: int = strawberry.field(description="The highest level reached, from 1 to 9.")
    at: datetime = strawberry.field(description="When it reached that level.")
    acknowledged_at: datetime | None = strawberry.field(description="When somebody on that level took notice.")


@strawberry.type(description="What a case has to do with another one.")
class CaseLink:
    relation: Relation = strawberry.field(description="What this case is to that one.")
    case_id: strawberry.Private[UUID]

    @resolved("The other case; null while it is not there.")
    async def case(self, info: Info) -> Annotated[Case, strawberry.lazy("api.graphql.case")] | None:
        from api.graphql.case import shown_case

        return await shown_case(info.context, self.case_id)


@strawberry.type(description="A date by which somebody said that something is due. No rule of Daybook's worked it out.")
class StatedDue:
    target: str = strawberry.field(description="What is to be done by then.")
    due_at: datetime = strawberry.field(description="By when.")
    precision: Precision = strawberry.field(description="How exactly that is known.")
    stated_by: DueOrigin = strawberry.field(description="Whose word it is.")


def escalation_of(file: CaseFile) -> Escalation | None:
    """How high a case has risen; None when it has not."""
    if file.escalation_level is None or file.escalated_at is None:
        return None
    return Escalation(
        level=file.escalation_level, at=file.escalated_at, acknowledged_at=file.escalation_acknowledged_at
    )
