"""More time, other terms and other verdicts, as they can be asked for."""

from __future__ import annotations

import strawberry

from api.graphql.enums import Cause, Verdict
from api.graphql.inputs import AskedOfCase

POLICY = "The policy, by its name."
TARGET = "The target, by its id within the policy."
PART = "The part of the case, of a target that each part has by itself."
REASON = "Why, as the installation's list has it."
REQUEST = "The version of the case at which the request stands."
ASKED_BY = "The member of staff who asks."
APPROVED_BY = "The member of staff who approves: somebody else than who asked."
DECLINED_BY = "The member of staff who declines; who asked may, to take the request back."


@strawberry.input(description="A wish for more time for a target.")
class RequestExtensionInput(AskedOfCase):
    policy: str = strawberry.field(description=POLICY)
    target: str = strawberry.field(description=TARGET)
    part: str | None = strawberry.field(default=None, description=PART)
    step: str = strawberry.field(description="The step, by its id, of the ladder that the policy has for the target.")
    reason: str = strawberry.field(description=REASON)
    evidence: str | None = strawberry.field(
        default=None, description="What shows the reason, such as the number of a letter; some steps demand it."
    )
    requested_by: str = strawberry.field(description=ASKED_BY)


@strawberry.input(description="Somebody's yes to more time.")
class ApproveExtensionInput(AskedOfCase):
    request: int = strawberry.field(description=REQUEST)
    approved_by: str = strawberry.field(description=APPROVED_BY)
    approver_role: str | None = strawberry.field(
        default=None, description="The role in which they approve; some steps demand one."
    )


@strawberry.input(description="Somebody's no to more time.")
class DeclineExtensionInput(AskedOfCase):
    request: int = strawberry.field(description=REQUEST)
    reason: str = strawberry.field(description=REASON)
    declined_by: str = strawberry.field(description=DECLINED_BY)


@strawberry.input(description="A wish that another policy hold for a case, or another version of it.")
class RequestReassignmentInput(AskedOfCase):
    policy: str = strawberry.field(description=POLICY)
    policy_version: int = strawberry.field(description="Its version.")
    reason: str = strawberry.field(description=REASON)
    requested_by: str = strawberry.field(description=ASKED_BY)


@strawberry.input(description="Somebody's yes to other terms.")
class ApproveReassignmentInput(AskedOfCase):
    request: int = strawberry.field(description=REQUEST)
    approved_by: str = strawberry.field(description=APPROVED_BY)


@strawberry.input(description="Somebody's no to other terms.")
class DeclineReassignmentInput(AskedOfCase):
    request: int = strawberry.field(description=REQUEST)
    reason: str = strawberry.field(description=REASON)
    declined_by: str = strawberry.field(description=DECLINED_BY)


@strawberry.input(description="A wish that the verdict on a deadline be read otherwise than when the deadline came.")
class RequestRevisionInput(AskedOfCase):
    policy: str = strawberry.field(description=POLICY)
    target: str = strawberry.field(description=TARGET)
    part: str | None = strawberry.field(default=None, description=PART)
    cycle: int = strawberry.field(default=1, description="In which cycle, from 1; a reopening begins another.")
    instance: int = strawberry.field(default=1, description="Which time within the cycle, from 1.")
    now: Verdict = strawberry.field(description="What the verdict is to be; it was the other.")
    cause: Cause = strawberry.field(description="What kind of thing makes the difference.")
    reason: str = strawberry.field(description=REASON)
    requested_by: str = strawberry.field(description=ASKED_BY)


@strawberry.input(description="Somebody's yes to another verdict.")
class ApproveRevisionInput(AskedOfCase):
    request: int = strawberry.field(description=REQUEST)
    approved_by: str = strawberry.field(description=APPROVED_BY)


@strawberry.input(description="Somebody's no to another verdict.")
class DeclineRevisionInput(AskedOfCase):
    request: int = strawberry.field(description=REQUEST)
    reason: str = strawberry.field(description=REASON)
    declined_by: str = strawberry.field(description=DECLINED_BY)
