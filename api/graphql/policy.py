"""The policies of the book as a front end sees them: what was published, and what waits for a decision."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import strawberry

from api.cut_off import BadCutOff, past_at
from api.graphql.arguments import Token
from api.graphql.as_of import KnownAt, KnownByArgument, KnownPosition, ValidAt, asked_past
from api.graphql.policy_document import PolicyDocument, document_shown
from api.graphql.problem import Code, Problem
from api.graphql.request import Info, Request
from api.graphql.resolved import resolved
from api.graphql.scalars import SafeInt
from api.past_standards import in_force, past_policies
from domain.policy import stream_of_policies
from domain.policy_events import BookPolicies, PolicyProposed, PolicyPublished
from domain.policy_events import Request as Asked
from domain.sla.policy import PolicyDocument as Document
from domain.sla.standards import PolicyVersion
from ledger.decision import Tip
from replay.as_of import AsOf, KnownBy


@strawberry.type(description="What is so of a version of a policy, now or as of some day.")
class PolicyFacts:
    name: str = strawberry.field(description="The policy.")
    version: int = strawberry.field(description="From 1, for each policy.")
    effective_from: date = strawberry.field(
        description="The first local day of receipt, in the policy's zone, for which it holds."
    )
    effective_before: date | None = strawberry.field(description="From that day on it holds no longer.")
    known_at: datetime = strawberry.field(description="When the ledger heard of its publication.")
    withdrawn_at: datetime | None = strawberry.field(description="When the ledger heard of its withdrawal.")
    requested_by: str = strawberry.field(description="Who proposed it.")
    approved_by: str = strawberry.field(description="Who published it.")
    reason: str = strawberry.field(description="Why.")
    kept: strawberry.Private[Document]

    @resolved("What it says.")
    def document(self) -> PolicyDocument:
        return document_shown(self.kept)


@strawberry.type(description="A version of a policy, as it was published.")
class PublishedPolicy(PolicyFacts):
    """The live one."""


@strawberry.type(
    description="A version of a policy as it was known earlier: its end may have been declared afterwards. It is no "
    "`PublishedPolicy`, so that no cache takes the one for the other."
)
class PolicySnapshot(PolicyFacts):
    in_force: bool = strawberry.field(description="Whether it holds for what is received at `validAt`.")


@strawberry.type(
    description="The policies of the book as they were known at one instant, and which of them were in force at "
    "another. They come from no source: those are known that this book had published."
)
class PoliciesSnapshot:
    known_at: datetime = strawberry.field(description="Known is what was recorded by then.")
    known_position: SafeInt = strawberry.field(
        description="The last position of the book that was known, or looked at: so far policies are known."
    )
    known_by: KnownBy = strawberry.field(description="Who had to know of an event; of a policy always this ledger.")
    valid_at: datetime = strawberry.field(
        description="In force is what holds for what is received then, which may be to come."
    )
    nodes: list[PolicySnapshot] = strawberry.field(description="Every version that was known, in order of publication.")
    in_force: list[PolicySnapshot] = strawberry.field(
        description="Those in force: of each policy one at most, by regime and then in the order in which they are "
        "asked."
    )


@strawberry.type(description="A policy that somebody proposed, or asked to withdraw, and nobody has decided on.")
class PolicyRequest:
    request: int = strawberry.field(description="Its number; give it to publish, approve or decline.")
    name: str = strawberry.field(description="The policy.")
    effective_from: date | None = strawberry.field(
        description="The first day for which it is to hold; null of a withdrawal."
    )
    effective_before: date | None = strawberry.field(description="From that day on it is to hold no longer.")
    reassigns: bool = strawberry.field(description="Whether it may reach back before a version that applied already.")
    reason: str = strawberry.field(description="Why.")
    requested_by: str = strawberry.field(description="Who asked.")
    requested_at: datetime = strawberry.field(description="When the ledger heard of it.")
    kept: strawberry.Private[Document | None]

    @resolved("What is proposed; null of a withdrawal.")
    def document(self) -> PolicyDocument | None:
        return None if self.kept is None else document_shown(self.kept)


@strawberry.type(description="All policies of the book.")
class Policies:
    version: int = strawberry.field(description="Goes into `expectedVersion`; 0 before anything was proposed.")
    nodes: list[PublishedPolicy] = strawberry.field(description="Every version, in order of publication.")
    requests: list[PolicyRequest] = strawberry.field(description="What waits for a decision.")


@strawberry.type
class PolicyQuery:
    @resolved("The book's policies, as they are by now.")
    async def policies(self, info: Info) -> Policies:
        return _policies_of(await _tip(info.context))

    @resolved("A version of a policy; null for none.")
    async def policy(
        self,
        info: Info,
        name: Annotated[str, strawberry.argument(description="The policy.")],
        version: Annotated[
            int | None, strawberry.argument(description="The version; the one published last when left out.")
        ] = None,
    ) -> PublishedPolicy | None:
        tip = await _tip(info.context)
        versions = [each for each in tip.state.of(name) if version in (None, each.version)]
        return _published(tip.state, versions[-1]) if versions else None

    @resolved(
        "The policies as they were known at one instant, and which of them were in force at another; null before the "
        "book's first event. `knownBy: SOURCE` tells those that this book has by now, since they come from no source."
    )
    async def policies_snapshot(
        self,
        info: Info,
        known_at: KnownAt = None,
        known_position: KnownPosition = None,
        known_by: KnownByArgument = KnownBy.LEDGER,
        valid_at: ValidAt = None,
        consistency_token: Token = None,
    ) -> PoliciesSnapshot | None:
        request = info.context
        await request.caught_up(consistency_token)
        ledger, asked = request.door.ledger, asked_past(known_at, known_position, known_by, valid_at)

        def read() -> PoliciesSnapshot | None:
            as_of = past_at(ledger, *asked, ahead=True)
            return None if as_of is None else _snapshot(past_policies(ledger, as_of), as_of)

        try:
            return await request.door.off_loop(read)
        except BadCutOff as error:
            raise Problem(Code.BAD_ARGUMENTS, str(error)) from None


async def shown_policies(request: Request, subject: UUID) -> Policies:
    """The policies of the book, of which each has one set."""
    del subject
    return _policies_of(await _tip(request))


async def _tip(request: Request) -> Tip:
    ledger = request.door.ledger
    stream = stream_of_policies(ledger.book)

    def read() -> Tip:
        return ledger.tips([stream])[stream]

    return await request.door.off_loop(read)


def _policies_of(tip: Tip) -> Policies:
    state: BookPolicies = tip.state
    return Policies(
        version=tip.version,
        nodes=[_published(state, version) for version in state.versions],
        requests=list(map(_waiting, state.pending)),
    )


def _snapshot(state: BookPolicies, as_of: AsOf) -> PoliciesSnapshot:
    held = [(each.name, each.version) for each in in_force(state, as_of.valid_at)]
    shown = {
        (each.name, each.version): PolicySnapshot(in_force=(each.name, each.version) in held, **_facts(state, each))
        for each in state.versions
    }
    return PoliciesSnapshot(
        known_at=as_of.known_at,
        known_position=SafeInt(as_of.position),
        known_by=as_of.known_by,
        valid_at=as_of.valid_at,
        nodes=list(shown.values()),
        in_force=[shown[each] for each in held],
    )


def _published(state: BookPolicies, version: PolicyVersion) -> PublishedPolicy:
    return PublishedPolicy(**_facts(state, version))


def _facts(state: BookPolicies, version: PolicyVersion) -> dict[str, Any]:
    asked, answer = _publication(state, version)
    return {
        "name": version.name,
        "version": version.version,
        "effective_from": version.effective_from,
        "effective_before": version.effective_before,
        "known_at": version.known_at,
        "withdrawn_at": version.withdrawn_at,
        "requested_by": asked.requested_by,
        "approved_by": answer.approved_by,
        "reason": asked.reason,
        "kept": version.document,
    }


def _publication(state: BookPolicies, version: PolicyVersion) -> tuple[PolicyProposed, PolicyPublished]:
    """How a version came about."""
    return next(
        (request.asked, request.answer)
        for request in state.requests
        if isinstance(request.asked, PolicyProposed)
        and isinstance(request.answer, PolicyPublished)
        and (request.answer.name, request.answer.version) == (version.name, version.version)
    )


def _waiting(request: Asked) -> PolicyRequest:
    asked = request.asked
    proposed = asked if isinstance(asked, PolicyProposed) else None
    return PolicyRequest(
        request=request.version,
        name=request.name,
        effective_from=proposed.effective_from if proposed else None,
        effective_before=asked.effective_before,
        reassigns=proposed is not None and proposed.reassigns,
        reason=asked.reason,
        requested_by=asked.requested_by,
        requested_at=request.recorded_at,
        kept=proposed.document if proposed else None,
    )
