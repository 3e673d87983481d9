"""The terms of a case: what was promised at its registration, and what it is promised since it was reassigned."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar, NamedTuple, TypeAlias, assert_never

from domain.book import stream_of_book
from domain.case.about import HANDLING, AboutCase
from domain.case.promise import Promising, Terms, Under
from domain.case.requests import Requests, decided_before, no_request, not_asked, own_request, said_so
from domain.case.rules import Departure, merged, out_of_time, unregistered
from domain.decider import Decided
from domain.departure import Broken, stepped
from domain.envelope import Context, Recorded
from domain.event import Count, Event, Label, Refused, StaffName, Version
from domain.refusal import Refusal
from domain.sla.document import Slug

if TYPE_CHECKING:
    from domain.case.state import Case

# Events ---------------------------------------------------------------------------------------------------------------


class TermsAssigned(Event):
    """It was worked out which policies hold and by when what is due: right behind the registration of a case, or the
    opening of an obligation."""

    TOPIC: ClassVar = "terms-assigned.1"

    terms: tuple[Terms, ...]
    """One of each regime."""
    zone_data: Label
    """The version of the time zone data."""
    engine: Count
    """The version of the rules by which it was worked out."""


class PolicyReassignmentRequested(Event):
    """Somebody asked that another policy hold for the case, or another version of it. Nothing changes before somebody
    else approves."""

    TOPIC: ClassVar = "policy-reassignment-requested.1"

    policy: Slug
    policy_version: Version
    reason: Label
    requested_by: StaffName


class PolicyReassigned(Event):
    """The request was approved: from here on these terms hold. What was promised before stays on record."""

    TOPIC: ClassVar = "policy-reassigned.1"

    request: Version
    terms: tuple[Terms, ...]
    """All that hold from here on, those of other regimes among them."""
    zone_data: Label
    engine: Count
    reason: Label
    requested_by: StaffName
    approved_by: StaffName


class PolicyReassignmentDeclined(Event):
    """The request was turned down, or taken back by who asked; the terms stay."""

    TOPIC: ClassVar = "policy-reassignment-declined.1"

    request: Version
    reason: Label
    declined_by: StaffName


TermsEvent: TypeAlias = TermsAssigned | PolicyReassignmentRequested | PolicyReassigned | PolicyReassignmentDeclined

# Commands -------------------------------------------------------------------------------------------------------------


class RequestReassignment(AboutCase):
    """Ask that another policy hold for the case, or another version of it; one request at a time."""

    REFUSALS: ClassVar[tuple[str, ...]] = (
        *HANDLING,
        Refusal.UNKNOWN_POLICY_VERSION,
        Refusal.REASSIGNMENT_ALREADY_REQUESTED,
    )

    policy: Slug
    policy_version: Version
    reason: Label
    requested_by: StaffName


class ApproveReassignment(AboutCase):
    """Let that policy hold, as somebody else than who asked."""

    REFUSALS: ClassVar[tuple[str, ...]] = (
        *HANDLING,
        Refusal.UNKNOWN_REQUEST,
        Refusal.ALREADY_DECIDED,
        Refusal.SAME_PERSON,
        Refusal.NO_RULE_FITS,
    )

    request: Version
    approved_by: StaffName


class DeclineReassignment(AboutCase):
    """Turn the request down. Who asked may do so too: that takes the request back."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*HANDLING, Refusal.UNKNOWN_REQUEST, Refusal.ALREADY_DECIDED)

    request: Version
    reason: Label
    declined_by: StaffName


TermsCommand: TypeAlias = RequestReassignment | ApproveReassignment | DeclineReassignment

# Life -----------------------------------------------------------------------------------------------------------------

Reassignments: TypeAlias = Requests[PolicyReassignmentRequested, PolicyReassigned | PolicyReassignmentDeclined]


class Standing(NamedTuple):
    """What a case was promised, one assessment after the other, and what was asked about that."""

    assessed: tuple[TermsAssigned | PolicyReassigned, ...] = ()
    requests: Reassignments = Requests()
    known_at: datetime | None = None
    """When the terms that hold were recorded: what is published later changes nothing about them. None when that is
    only about to happen, and all that a decision knows was known."""

    @property
    def terms(self) -> tuple[Terms, ...]:
        """Those that hold."""
        return self.assessed[-1].terms if self.assessed else ()

    def of(self, policy: str) -> Terms | None:
        """What a policy promises by the terms that hold."""
        return next((terms for terms in self.terms if terms.policy == policy), None)

    def ever(self, policy: str) -> bool:
        """Whether a policy promises something, or did before a reassignment."""
        return any(terms.policy == policy for each in self.assessed for terms in each.terms)


def evolve(standing: Standing, recorded: Recorded[TermsEvent]) -> Standing:
    """The standing after an event, in whatever order history has them."""
    event = recorded.event
    match event:
        case TermsAssigned():
            # Once a case; what an odd history has behind that is no reassignment.
            if standing.assessed:
                return standing
            return standing._replace(assessed=(event,), known_at=_known_at(recorded))
        case PolicyReassignmentRequested():
            asked = standing.requests.requested(recorded, event)
            return standing._replace(requests=asked)
        case PolicyReassigned():
            answered = standing.requests.answered(event)
            assessed = (*standing.assessed, event)
            return standing._replace(assessed=assessed, requests=answered, known_at=_known_at(recorded))
        case PolicyReassignmentDeclined():
            return standing._replace(requests=standing.requests.answered(event))
        case _:
            assert_never(event)


def _known_at(recorded: Recorded[TermsEvent]) -> datetime | None:
    """What an earlier command of the same submission led to has no position yet, nor a time of its recording."""
    return recorded.recorded_at if recorded.position else None


def assigned(case: Case, context: Context, promising: Promising) -> TermsAssigned | None:
    """What a registered case is promised; None when no policy that is in force has a rule for it."""
    found = None if case.rare.terms.assessed else promising.assess(case, None, context)
    if found is None or not found.terms:
        return None
    return TermsAssigned(terms=found.terms, zone_data=found.zone_data, engine=found.engine)


def needs(command: TermsCommand, context: Context, promising: Promising) -> Iterable[str]:
    """What it takes to work terms out; for an approval the book's own stream, which says whether one may approve what
    one asked for."""
    if isinstance(command, ApproveReassignment):
        yield stream_of_book(context.book)
    if not isinstance(command, DeclineReassignment):
        yield from promising.needs(command, context)


def decide(case: Case, command: TermsCommand, context: Context, promising: Promising) -> Decided:
    """The events that the command leads to; none when nothing changes. Raises: Refused."""
    early = out_of_time(case, command, context)
    match command:
        case RequestReassignment():
            return _request(case, command, context, promising, early)
        case ApproveReassignment():
            return _approve(case, command, context, promising, early)
        case DeclineReassignment():
            return _decline(case, command, context, early)
        case _:
            assert_never(command)


def _request(
    case: Case, command: RequestReassignment, context: Context, promising: Promising, early: Broken | None
) -> Decided:
    request = PolicyReassignmentRequested(
        policy=command.policy,
        policy_version=command.policy_version,
        reason=command.reason,
        requested_by=command.requested_by,
    )
    pending = case.rare.terms.requests.pending
    if request in pending:
        return []
    another = None
    if pending:
        another = Broken(
            Refusal.REASSIGNMENT_ALREADY_REQUESTED,
            Departure.REASSIGNMENT_REQUESTED_AGAIN,
            f"A request of {pending[0].requested_by} to reassign this case waits for a decision; have that made first.",
            params={"requested_by": pending[0].requested_by},
        )
    unknown = _unknown(command, context, promising)
    return stepped(context, request, merged(case), unregistered(case), unknown, another, early)


def _unknown(command: RequestReassignment, context: Context, promising: Promising) -> Broken | None:
    published = [each.version for each in promising.policies(context) if each.name == command.policy]
    if command.policy_version in published:
        return None
    there = f"its latest is version {max(published)}" if published else "no version of it was published"
    return Broken(
        Refusal.UNKNOWN_POLICY_VERSION,
        Departure.UNKNOWN_POLICY_VERSION,
        f"There is no version {command.policy_version} of the policy {command.policy}; {there}.",
        field="policy_version" if published else "policy",
        params={"policy": command.policy, "version": str(command.policy_version)},
    )


def _approve(
    case: Case, command: ApproveReassignment, context: Context, promising: Promising, early: Broken | None
) -> Decided:
    """Imported history cannot do without the request, nor without a rule that fits: there would be nothing to say."""
    requests = case.rare.terms.requests
    if any(isinstance(each, PolicyReassigned) and said_so(each, command) for each in requests.answers):
        return []
    asked = requests.at(command.request)
    if asked is None:
        raise _no(context, merged(case), unregistered(case), no_request(command.request))
    found = promising.assess(case, Under(asked.policy, asked.policy_version), context)
    if found is None or not found.terms:
        fits_nowhere = Broken(
            Refusal.NO_RULE_FITS,
            Departure.UNKNOWN_POLICY_VERSION,
            f"No rule of version {asked.policy_version} of the policy {asked.policy} fits this case; decline the "
            "request, and ask for a policy that has one.",
            field="request",
            params={"policy": asked.policy, "version": str(asked.policy_version)},
        )
        decided = decided_before(requests, command.request)
        raise _no(context, merged(case), unregistered(case), decided, fits_nowhere)
    reassigned = PolicyReassigned(
        request=command.request,
        terms=found.terms,
        zone_data=found.zone_data,
        engine=found.engine,
        reason=asked.reason,
        requested_by=asked.requested_by,
        approved_by=command.approved_by,
    )
    return stepped(
        context,
        reassigned,
        merged(case),
        unregistered(case),
        decided_before(requests, command.request),
        own_request(asked.requested_by, command.approved_by, context),
        early,
    )


def _no(context: Context, *rules: Broken | None) -> Refused:
    """The answer no for the first of the rules that is broken; to history for the last, which it cannot do without."""
    broken = [rule for rule in rules if rule is not None]
    return (broken[-1] if context.imported else broken[0]).refused


def _decline(case: Case, command: DeclineReassignment, context: Context, early: Broken | None) -> Decided:
    requests = case.rare.terms.requests
    declined = PolicyReassignmentDeclined(
        request=command.request, reason=command.reason, declined_by=command.declined_by
    )
    if declined in requests.answers:
        return []
    return stepped(
        context,
        declined,
        merged(case),
        unregistered(case),
        not_asked(requests, command.request),
        decided_before(requests, command.request),
        early,
    )
