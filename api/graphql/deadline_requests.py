"""Requests for more time, other terms and other verdicts as a front end sees them: who asked, and who decided."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

import strawberry

from api.graphql.amendments import AmendmentState
from api.graphql.enums import Cause, Verdict, shown
from domain.case.deadline import RevisionDeclined, RevisionRequested, VerdictRevised
from domain.case.extension import ExtensionApproved, ExtensionDeclined, ExtensionRequested
from domain.case.terms import PolicyReassigned, PolicyReassignmentDeclined, PolicyReassignmentRequested
from domain.correction import applied
from domain.envelope import Recorded


class DeadlineRequestKind(StrEnum):
    """What was asked for."""

    EXTENSION = "extension"
    REASSIGNMENT = "reassignment"
    REVISION = "revision"


shown(
    DeadlineRequestKind,
    "DeadlineRequestKind",
    "What was asked for.",
    {
        "EXTENSION": "More time for a target (延期).",
        "REASSIGNMENT": "That another policy hold, or another version of it.",
        "REVISION": "That the verdict on a deadline be read otherwise.",
    },
)


@strawberry.type(description="A request about what is due and when, and what became of it.")
class DeadlineRequest:
    request: int = strawberry.field(description="The version of the request; give it to approve or decline it.")
    kind: DeadlineRequestKind = strawberry.field(description="What was asked for.")
    state: AmendmentState = strawberry.field(description="What became of it.")
    policy: str = strawberry.field(description="The policy that it is about.")
    policy_version: int | None = strawberry.field(
        description="For other terms: the version of the policy that is to hold."
    )
    target: str | None = strawberry.field(description="The target that it is about; null for other terms.")
    part: str | None = strawberry.field(description="The part of the case, of a target that each part has by itself.")
    cycle: int | None = strawberry.field(description="For another verdict: in which cycle, from 1.")
    instance: int | None = strawberry.field(description="For another verdict: which time within the cycle, from 1.")
    step: str | None = strawberry.field(description="For more time: the step of the ladder.")
    evidence: str | None = strawberry.field(description="For more time: what shows the reason.")
    verdict: Verdict | None = strawberry.field(description="For another verdict: what it is to be; it was the other.")
    cause: Cause | None = strawberry.field(description="For another verdict: what kind of thing makes the difference.")
    reason: str = strawberry.field(description="Why.")
    requested_by: str = strawberry.field(description="Who asked.")
    requested_at: datetime = strawberry.field(description="When the ledger heard of the request.")
    decided_by: str | None = strawberry.field(description="Who approved or declined it; null while it is open.")
    decided_at: datetime | None = strawberry.field(description="When the ledger heard of the decision.")
    declined_because: str | None = strawberry.field(description="Why it was declined, if it was.")


def deadline_requests_of(history: Iterable[Recorded[Any]]) -> list[DeadlineRequest]:
    """The requests in a case's stream as they are read by now, in the order in which they were made."""
    found: dict[int, DeadlineRequest] = {}
    for recorded in applied(history):
        match recorded.event:
            case ExtensionRequested() | PolicyReassignmentRequested() | RevisionRequested():
                found[recorded.version] = _requested(recorded)
            case ExtensionApproved() | PolicyReassigned() | VerdictRevised() as decision:
                _decide(found, recorded, decision.request, AmendmentState.APPROVED, decision.approved_by)
            case ExtensionDeclined() | PolicyReassignmentDeclined() | RevisionDeclined() as decision:
                _decide(found, recorded, decision.request, AmendmentState.DECLINED, decision.declined_by)
            case _:
                pass
    return list(found.values())


KINDS = {
    ExtensionRequested: DeadlineRequestKind.EXTENSION,
    PolicyReassignmentRequested: DeadlineRequestKind.REASSIGNMENT,
    RevisionRequested: DeadlineRequestKind.REVISION,
}
SAME = ("policy_version", "target", "part", "cycle", "instance", "step", "evidence", "cause")
"""Fields that only some requests have."""


def _requested(
    recorded: Recorded[ExtensionRequested | PolicyReassignmentRequested | RevisionRequested],
) -> DeadlineRequest:
    event = recorded.event
    return DeadlineRequest(
        request=recorded.version,
        kind=KINDS[type(event)],
        state=AmendmentState.REQUESTED,
        policy=event.policy,
        verdict=event.now if isinstance(event, RevisionRequested) else None,
        reason=event.reason,
        requested_by=event.requested_by,
        requested_at=recorded.recorded_at,
        decided_by=None,
        decided_at=None,
        declined_because=None,
        **{name: getattr(event, name, None) for name in SAME},
    )


def _decide(
    found: dict[int, DeadlineRequest], recorded: Recorded[Any], request: int, state: AmendmentState, by: str
) -> None:
    """The first decision counts, as it does for the case."""
    asked = found.get(request)
    if asked is None or asked.state is not AmendmentState.REQUESTED:
        return
    asked.state, asked.decided_by, asked.decided_at = state, by, recorded.recorded_at
    asked.declined_because = recorded.event.reason if state is AmendmentState.DECLINED else None
