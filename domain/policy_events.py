"""What happens to the policies of a book (分层服务标准), and what is known of them after it.

All of a book's policies share one stream: which of them applies to a case depends on the order in which they were
published, and that is a property of the whole set.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar, NamedTuple, TypeAlias, assert_never

from domain.envelope import Recorded
from domain.event import Event, Label, StaffName, Version
from domain.sla.calendar import Day
from domain.sla.document import Slug
from domain.sla.policy import PolicyDocument
from domain.sla.standards import PolicyVersion

# Events ---------------------------------------------------------------------------------------------------------------


class PolicyProposed(Event):
    """Somebody asked that a policy hold from a day on."""

    TOPIC: ClassVar = "policy-proposed.1"

    document: PolicyDocument
    effective_from: Day
    """The first local day of receipt, in the policy's zone, for which it is to hold."""
    effective_before: Day | None
    """The day from which on it is to hold no longer; None is until another version or a withdrawal."""
    reassigns: bool
    """Whether it may reach back before the date of a version that applied already; cases that were received since
    keep their terms until they are reassigned one by one."""
    reason: Label
    requested_by: StaffName


class PolicyPublished(Event):
    """Somebody else approved what was proposed; from here on it is known."""

    TOPIC: ClassVar = "policy-published.1"

    proposal: Version
    """The version of the proposal in this stream."""
    name: Slug
    version: Version
    """Of the policies of that name, from 1."""
    approved_by: StaffName


class PolicyWithdrawalRequested(Event):
    """Somebody asked that no version of a policy be in force any more from a day on."""

    TOPIC: ClassVar = "policy-withdrawal-requested.1"

    name: Slug
    effective_before: Day
    reason: Label
    requested_by: StaffName


class PolicyWithdrawn(Event):
    """Somebody else approved the withdrawal."""

    TOPIC: ClassVar = "policy-withdrawn.1"

    request: Version
    name: Slug
    effective_before: Day
    approved_by: StaffName


class PolicyDeclined(Event):
    """A proposal, or the request for a withdrawal, was turned down, or taken back by who asked."""

    TOPIC: ClassVar = "policy-declined.1"

    request: Version
    reason: Label
    declined_by: StaffName


PolicyEvent: TypeAlias = PolicyProposed | PolicyPublished | PolicyWithdrawalRequested | PolicyWithdrawn | PolicyDeclined

# State ----------------------------------------------------------------------------------------------------------------

Asked: TypeAlias = PolicyProposed | PolicyWithdrawalRequested
Answer: TypeAlias = PolicyPublished | PolicyWithdrawn | PolicyDeclined


class Request(NamedTuple):
    """A proposal or the request for a withdrawal, and what came of it."""

    version: int
    """Its place in the stream, by which it is answered."""
    asked: Asked
    recorded_at: datetime
    answer: Answer | None = None
    answered_at: datetime | None = None

    @property
    def name(self) -> str:
        """The policy that it is about."""
        return self.asked.document.name if isinstance(self.asked, PolicyProposed) else self.asked.name


@dataclass(frozen=True, slots=True)
class BookPolicies:
    """A book's policies: every version in order of publication, and what was asked for."""

    versions: tuple[PolicyVersion, ...] = ()
    requests: tuple[Request, ...] = ()

    @property
    def pending(self) -> tuple[Request, ...]:
        """The requests on which nobody has decided, in their order."""
        return tuple(request for request in self.requests if request.answer is None)

    def of(self, name: str) -> tuple[PolicyVersion, ...]:
        """The versions of a policy, in order of publication."""
        return tuple(version for version in self.versions if version.name == name)

    def request(self, version: int) -> Request | None:
        """The request that stands at a version of the stream."""
        return next((request for request in self.requests if request.version == version), None)


def evolve(policies: BookPolicies, recorded: Recorded[PolicyEvent]) -> BookPolicies:
    """The policies after an event; an answer to nothing leaves nothing, and a second one changes nothing."""
    event = recorded.event
    match event:
        case PolicyProposed() | PolicyWithdrawalRequested():
            request = Request(recorded.version, event, recorded.recorded_at)
            return replace(policies, requests=(*policies.requests, request))
        case PolicyPublished():
            return _published(policies, event, recorded)
        case PolicyWithdrawn():
            return _withdrawn(policies, event, recorded)
        case PolicyDeclined():
            return _with_answer(policies, event.request, event, recorded) or policies
        case _:
            assert_never(event)


def _with_answer(
    policies: BookPolicies, version: int, answer: Answer, recorded: Recorded[PolicyEvent]
) -> BookPolicies | None:
    """The policies with a request answered; None when it was never made, or was answered before."""
    request = policies.request(version)
    if request is None or request.answer is not None:
        return None
    answered = request._replace(answer=answer, answered_at=recorded.recorded_at)
    requests = tuple(answered if each.version == version else each for each in policies.requests)
    return replace(policies, requests=requests)


def _published(policies: BookPolicies, event: PolicyPublished, recorded: Recorded[PolicyEvent]) -> BookPolicies:
    request, answered = policies.request(event.proposal), _with_answer(policies, event.proposal, event, recorded)
    if answered is None or request is None or not isinstance(request.asked, PolicyProposed):
        return policies
    version = PolicyVersion(
        event.name,
        event.version,
        request.asked.effective_from,
        request.asked.effective_before,
        recorded.recorded_at,
        request.asked.document,
    )
    return replace(answered, versions=(*policies.versions, version))


def _withdrawn(policies: BookPolicies, event: PolicyWithdrawn, recorded: Recorded[PolicyEvent]) -> BookPolicies:
    answered = _with_answer(policies, event.request, event, recorded)
    if answered is None:
        return policies
    ended = tuple(
        each.withdrawn(event.effective_before, recorded.recorded_at) if each.name == event.name else each
        for each in policies.versions
    )
    return replace(answered, versions=ended)
