"""The policies of a book: one person proposes a version, with the day from which it holds, another publishes it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import ClassVar, Self, TypeAlias, TypeVar, assert_never, get_args
from uuid import UUID

from pydantic import model_validator
from typing_extensions import override

from domain.book import id_of_book, may_approve_own, stream_of_book
from domain.calendar import BookCalendars, stream_of_calendars
from domain.decider import Decided, Decider
from domain.envelope import Context
from domain.event import Command, Label, Refused, StaffName, Version
from domain.policy_events import (
    Answer,
    Asked,
    BookPolicies,
    PolicyDeclined,
    PolicyEvent,
    PolicyProposed,
    PolicyPublished,
    PolicyWithdrawalRequested,
    PolicyWithdrawn,
    Request,
    evolve,
)
from domain.refusal import Refusal
from domain.sla.calendar import Day
from domain.sla.check import Severity, document_problems
from domain.sla.document import Slug
from domain.sla.policy import PolicyDocument
from domain.sla.standards import PolicyVersion
from domain.sla.zones import zone
from domain.stream import Category, stream_of


def stream_of_policies(book: str) -> str:
    """The stream in which a book keeps all its policies."""
    return stream_of(Category.POLICY, id_of_book(book))


# Commands -------------------------------------------------------------------------------------------------------------

_DECIDED = (Refusal.UNKNOWN_REQUEST, Refusal.ALREADY_DECIDED)


class AboutPolicies(Command):
    """Something asked for about a book's policies."""

    book_id: UUID

    @property
    @override
    def stream(self) -> str:
        return stream_of(Category.POLICY, self.book_id)


class ProposePolicy(AboutPolicies):
    """Ask that a policy hold from a day on: a new one, or another version of one that there is."""

    REFUSALS: ClassVar[tuple[str, ...]] = (Refusal.BAD_POLICY, Refusal.UNKNOWN_CALENDAR, Refusal.POLICY_BACK_DATED)

    document: PolicyDocument
    effective_from: Day
    effective_before: Day | None = None
    reassign: bool = False
    reason: Label
    requested_by: StaffName

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.effective_before is not None and self.effective_before <= self.effective_from:
            raise ValueError(
                f"It would end on {self.effective_before.isoformat()}, before it begins; give a later effective_before"
            )
        return self


class PublishPolicy(AboutPolicies):
    """Let a policy hold as was proposed, as somebody else than who proposed it."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*_DECIDED, Refusal.SAME_PERSON, Refusal.POLICY_BACK_DATED)

    proposal: Version
    approved_by: StaffName


class DeclinePolicy(AboutPolicies):
    """Turn down a proposal or the request for a withdrawal. Who asked may do so too: that takes it back."""

    REFUSALS: ClassVar[tuple[str, ...]] = _DECIDED

    request: Version
    reason: Label
    declined_by: StaffName


class RequestPolicyWithdrawal(AboutPolicies):
    """Ask that no version of a policy be in force any more from a day on."""

    REFUSALS: ClassVar[tuple[str, ...]] = (Refusal.UNKNOWN_POLICY, Refusal.POLICY_BACK_DATED)

    name: Slug
    effective_before: Day
    reason: Label
    requested_by: StaffName


class ApprovePolicyWithdrawal(AboutPolicies):
    """Withdraw a policy as was asked, as somebody else than who asked."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*_DECIDED, Refusal.SAME_PERSON)

    request: Version
    approved_by: StaffName


PolicyCommand: TypeAlias = (
    ProposePolicy | PublishPolicy | DeclinePolicy | RequestPolicyWithdrawal | ApprovePolicyWithdrawal
)

K = TypeVar("K", bound=Asked)

# Life -----------------------------------------------------------------------------------------------------------------


def needs(command: PolicyCommand, context: Context) -> Iterable[str]:
    """The calendars that a proposal may name; for an approval the book, which says whether one may approve one's
    own."""
    match command:
        case ProposePolicy():
            return (stream_of_calendars(context.book),)
        case PublishPolicy() | ApprovePolicyWithdrawal():
            return (stream_of_book(context.book),)
        case DeclinePolicy() | RequestPolicyWithdrawal():
            return ()
        case _:
            assert_never(command)


def decide(policies: BookPolicies, command: PolicyCommand, context: Context) -> Decided:
    """The events that the command leads to; none when nothing changes. Raises: Refused."""
    match command:
        case ProposePolicy():
            return _propose(policies, command, context)
        case PublishPolicy():
            return _publish(policies, command, context)
        case DeclinePolicy():
            declined = PolicyDeclined(request=command.request, reason=command.reason, declined_by=command.declined_by)
            request = _asked(policies, command.request, "request")
            return [] if _answered(request, declined) else [declined]
        case RequestPolicyWithdrawal():
            return _request_withdrawal(policies, command)
        case ApprovePolicyWithdrawal():
            return _withdraw(policies, command, context)
        case _:
            assert_never(command)


POLICY: Decider[BookPolicies] = Decider(
    Category.POLICY,
    BookPolicies(),
    decide,
    evolve,
    events=get_args(PolicyEvent),
    begins=PolicyProposed,
    amendable=False,
    needs=needs,
)


def _propose(policies: BookPolicies, command: ProposePolicy, context: Context) -> Decided:
    proposed = PolicyProposed(
        document=command.document,
        effective_from=command.effective_from,
        effective_before=command.effective_before,
        reassigns=command.reassign,
        reason=command.reason,
        requested_by=command.requested_by,
    )
    latest = next(reversed(policies.of(command.document.name)), None)
    if any(request.asked == proposed for request in policies.pending) or (latest and _says(latest, proposed)):
        return []
    mistakes = [each for each in document_problems(command.document) if each.severity is Severity.MISTAKE]
    if mistakes:
        told = " ".join(f"{each.place}: {each.message}" for each in mistakes)
        raise Refused(Refusal.BAD_POLICY, f"This policy has mistakes. {told}", field="document")
    _known_calendars(command.document, context)
    _not_back_dated(policies, proposed, command.at)
    return [proposed]


def _says(version: PolicyVersion, proposed: PolicyProposed) -> bool:
    """Whether a version is what is proposed, so that nothing would change."""
    return (version.document, version.effective_from, version.effective_before) == (
        proposed.document,
        proposed.effective_from,
        proposed.effective_before,
    )


def _known_calendars(document: PolicyDocument, context: Context) -> None:
    calendars = context.others.get(stream_of_calendars(context.book))
    known = {version.name for version in calendars.versions} if isinstance(calendars, BookCalendars) else set()
    named = [document.calendar, *(target.calendar for target in document.targets)]
    for name in dict.fromkeys(named):
        if name is not None and name not in known:
            there = f"There are {', '.join(sorted(known))}." if known else "None has been published."
            raise Refused(
                Refusal.UNKNOWN_CALENDAR,
                f"There is no calendar {name!r} in this book; publish it first. {there}",
                field="document",
                params={"calendar": name},
            )


def _not_back_dated(policies: BookPolicies, proposed: PolicyProposed, at: datetime) -> None:
    """A later edit never touches a case that was received already (DOMAIN.md, point 2), unless somebody says so."""
    applied = _latest_applied(policies, proposed.document.name, at)
    if applied is not None and proposed.effective_from < applied.effective_from and not proposed.reassigns:
        raise Refused(
            Refusal.POLICY_BACK_DATED,
            f"Version {applied.version} of {applied.name} has applied since {applied.effective_from.isoformat()}, and "
            f"{proposed.effective_from.isoformat()} is before that. Give that day or a later one, or say that cases "
            "are to be reassigned.",
            field="effective_from",
            params={"version": applied.version, "effectiveFrom": applied.effective_from.isoformat()},
        )


def _latest_applied(policies: BookPolicies, name: str, at: datetime) -> PolicyVersion | None:
    """The version of a policy that took effect last, by a time."""
    applied = [each for each in policies.of(name) if each.effective_from <= _local_day(each.document, at)]
    return max(applied, key=lambda each: (each.effective_from, each.version), default=None)


def _local_day(document: PolicyDocument, at: datetime) -> date:
    return at.astimezone(zone(document.zone)).date()


def _asked(policies: BookPolicies, version: int, field: str) -> Request:
    """The request at a version. Raises: Refused when there is none."""
    request = policies.request(version)
    if request is None:
        raise Refused(
            Refusal.UNKNOWN_REQUEST,
            f"Nothing was asked for in version {version} of the book's policies; list them to see what was.",
            field=field,
            params={"version": version},
        )
    return request


def _asked_for(policies: BookPolicies, version: int, field: str, kind: type[K]) -> tuple[Request, K]:
    """The same of one kind, and what it asks for. Raises: Refused."""
    request = _asked(policies, version, field)
    if isinstance(request.asked, kind):
        return request, request.asked
    proposes = isinstance(request.asked, PolicyProposed)
    what = "proposes a policy; publish that" if proposes else "asks for a withdrawal; approve that"
    raise Refused(
        Refusal.UNKNOWN_REQUEST, f"Version {version} {what} instead.", field=field, params={"version": version}
    )


def _answered(request: Request, answer: Answer) -> bool:
    """Whether a request has this answer already. Raises: Refused when it has another."""
    if request.answer is None or request.answer == answer:
        return request.answer is not None
    who = request.answer.declined_by if isinstance(request.answer, PolicyDeclined) else request.answer.approved_by
    what = "declined" if isinstance(request.answer, PolicyDeclined) else "approved"
    raise Refused(
        Refusal.ALREADY_DECIDED,
        f"{who} {what} this already; ask for it anew.",
        params={"decided_by": who},
    )


def _somebody_else(request: Request, approved_by: str, context: Context) -> None:
    if request.asked.requested_by == approved_by and not may_approve_own(context):
        raise Refused(
            Refusal.SAME_PERSON,
            f"{approved_by} asked for this and cannot approve it as well; let somebody else decide.",
            field="approved_by",
            params={"requested_by": approved_by},
        )


def _publish(policies: BookPolicies, command: PublishPolicy, context: Context) -> Decided:
    request, proposed = _asked_for(policies, command.proposal, "proposal", PolicyProposed)
    number = 1 + len(policies.of(request.name))
    if isinstance(request.answer, PolicyPublished):
        number = request.answer.version
    published = PolicyPublished(
        proposal=command.proposal, name=request.name, version=number, approved_by=command.approved_by
    )
    if _answered(request, published):
        return []
    _somebody_else(request, command.approved_by, context)
    _not_back_dated(policies, proposed, command.at)
    return [published]


def _request_withdrawal(policies: BookPolicies, command: RequestPolicyWithdrawal) -> Decided:
    asked = PolicyWithdrawalRequested(
        name=command.name,
        effective_before=command.effective_before,
        reason=command.reason,
        requested_by=command.requested_by,
    )
    versions = policies.of(command.name)
    if not versions:
        known = ", ".join(sorted({each.name for each in policies.versions})) or "none"
        raise Refused(
            Refusal.UNKNOWN_POLICY,
            f"There is no policy {command.name!r} in this book; there is {known}.",
            field="name",
            params={"name": command.name},
        )
    ends = [each.effective_before or date.max for each in versions]
    if any(each.asked == asked for each in policies.pending) or max(ends) <= asked.effective_before:
        return []
    applied = _latest_applied(policies, command.name, command.at)
    if applied is not None and command.effective_before <= applied.effective_from:
        raise Refused(
            Refusal.POLICY_BACK_DATED,
            f"Version {applied.version} of {applied.name} has applied since {applied.effective_from.isoformat()}; "
            "it can be withdrawn from a later day on.",
            field="effective_before",
            params={"version": applied.version, "effectiveFrom": applied.effective_from.isoformat()},
        )
    return [asked]


def _withdraw(policies: BookPolicies, command: ApprovePolicyWithdrawal, context: Context) -> Decided:
    request, asked = _asked_for(policies, command.request, "request", PolicyWithdrawalRequested)
    withdrawn = PolicyWithdrawn(
        request=command.request,
        name=request.name,
        effective_before=asked.effective_before,
        approved_by=command.approved_by,
    )
    if _answered(request, withdrawn):
        return []
    _somebody_else(request, command.approved_by, context)
    return [withdrawn]
