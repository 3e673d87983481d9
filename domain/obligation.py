"""An obligation: anything that somebody owes by a time, be it a task, a corrective action, a directive or a finding."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, TypeAlias, assert_never, get_args
from uuid import UUID

from domain import obligation_deadlines, obligation_terms
from domain.book import stream_of_book
from domain.case.deadline import (
    DeadlineMissed,
    DeadlineWarned,
    RevisionDeclined,
    RevisionRequested,
    RevisionToApprove,
    VerdictRevised,
)
from domain.case.state import Case
from domain.case.terms import TermsAssigned
from domain.decider import Decided, Decider
from domain.departure import Broken, Departure, stepped
from domain.envelope import Context, Recorded, When
from domain.event import (
    Event,
    Instant,
    Label,
    Precision,
    Refused,
    StaffName,
    UnitName,
    Words,
    rfc3339,
    same_day_or_before,
)
from domain.obligation_deadlines import ObligationDeadlineCommand, ObligationDeadlineEvent, ObligationEscalated, Watched
from domain.owed import KNOWN, UNENDED, AboutObligation
from domain.owed import ObligationKind as ObligationKind  # noqa: PLC0414  whoever opens one finds it here
from domain.personal import Personal
from domain.refusal import Refusal
from domain.sla.stated import STATED
from domain.stream import Category, stream_of

# Events ---------------------------------------------------------------------------------------------------------------


class ObligationOpened(Event):
    """Somebody owes something."""

    TOPIC: ClassVar = "obligation-opened.1"

    kind: ObligationKind
    title: Label
    case_id: UUID | None
    """The case for which it is owed, when it is for one."""
    unit: UnitName | None
    owner: StaffName | None
    due_at: Instant | None
    """By when; None is without a date."""
    due_precision: Precision | None
    """DAY when it is due by the end of a day, of which the instant is one; None without a date."""


class ObligationReassigned(Event):
    """Somebody else owes it."""

    TOPIC: ClassVar = "obligation-reassigned.1"

    unit: UnitName | None
    owner: StaffName | None
    reason: Label | None


class ObligationMet(Event):
    """It was done."""

    TOPIC: ClassVar = "obligation-met.1"

    by: StaffName | None
    evidence: Label | None
    """What shows it, such as the number of a letter."""
    words: Personal[Words] | None


class ObligationVerified(Event):
    """Somebody looked whether what was done had its effect."""

    TOPIC: ClassVar = "obligation-verified.1"

    by: StaffName
    effective: bool


class ObligationCancelled(Event):
    """It is owed no longer, and was not done."""

    TOPIC: ClassVar = "obligation-cancelled.1"

    reason: Label


class ObligationReopened(Event):
    """It is owed again."""

    TOPIC: ClassVar = "obligation-reopened.1"

    reason: Label | None


ObligationEvent: TypeAlias = (
    ObligationOpened
    | ObligationReassigned
    | ObligationMet
    | ObligationVerified
    | ObligationCancelled
    | ObligationReopened
    | TermsAssigned
    | ObligationDeadlineEvent
)

# Commands -------------------------------------------------------------------------------------------------------------


class OpenObligation(AboutObligation):
    """Note that somebody owes something."""

    REFUSALS: ClassVar[tuple[str, ...]] = (Refusal.OBLIGATION_ALREADY_OPENED, Refusal.UNKNOWN_CASE)

    kind: ObligationKind
    title: Label
    case_id: UUID | None = None
    unit: UnitName | None = None
    owner: StaffName | None = None
    due_at: Instant | None = None
    due_precision: Precision = Precision.INSTANT


class ReassignObligation(AboutObligation):
    """Let somebody else owe it."""

    REFUSALS: ClassVar[tuple[str, ...]] = UNENDED

    unit: UnitName | None = None
    owner: StaffName | None = None
    reason: Label | None = None


class MeetObligation(AboutObligation):
    """Note that it was done."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*UNENDED, Refusal.SUBJECT_MISMATCH)

    by: StaffName | None = None
    evidence: Label | None = None
    words: Personal[Words] | None = None
    """About the customer of its case; about the case while the customer is unknown; else about itself."""


class VerifyObligation(AboutObligation):
    """Note whether what was done had its effect."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*KNOWN, Refusal.OBLIGATION_NOT_MET, Refusal.OBLIGATION_VERIFIED)

    by: StaffName
    effective: bool


class CancelObligation(AboutObligation):
    """Let it be owed no longer."""

    REFUSALS: ClassVar[tuple[str, ...]] = UNENDED

    reason: Label


class ReopenObligation(AboutObligation):
    """Let it be owed again."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*KNOWN, Refusal.OBLIGATION_STILL_OPEN)

    reason: Label | None = None


ObligationCommand: TypeAlias = (
    OpenObligation
    | ReassignObligation
    | MeetObligation
    | VerifyObligation
    | CancelObligation
    | ReopenObligation
    | ObligationDeadlineCommand
)

# Life -----------------------------------------------------------------------------------------------------------------


UNWATCHED = Watched()


@dataclass(frozen=True, slots=True)
class Obligation:
    """What later decisions about an obligation depend on."""

    opening: ObligationOpened
    opened: When
    unit: str | None
    owner: str | None
    meeting: ObligationMet | None = None
    verification: ObligationVerified | None = None
    cancelling: ObligationCancelled | None = None
    reopening: ObligationReopened | None = None
    """The latest, until it ends again."""
    terms: TermsAssigned | None = None
    """What it was promised when it was opened."""
    watched: Watched = UNWATCHED

    def promised(self, policy: str) -> bool:
        """Whether a policy promises something of it, or somebody stated its date."""
        terms = () if self.terms is None else self.terms.terms
        return policy == STATED or any(each.policy == policy for each in terms)


def needs(command: ObligationCommand, context: Context) -> Iterable[str]:
    """The case for which it is owed: whether it is there, and whom it is about; what it is promised by; for an approval
    the book's own stream."""
    if isinstance(command, RevisionToApprove):
        yield stream_of_book(context.book)
    case_id = None
    if isinstance(command, OpenObligation):
        yield from obligation_terms.needs(context)
        case_id = command.case_id
    elif isinstance(command, MeetObligation) and command.words is not None:
        obligation: Obligation | None = context.others.get(command.stream)
        yield command.stream
        case_id = obligation.opening.case_id if obligation else None
    if case_id is not None:
        yield stream_of(Category.CASE, case_id)


def decide(obligation: Obligation | None, command: ObligationCommand, context: Context) -> Decided:
    """The events that the command leads to; none when nothing changes. Raises: Refused."""
    if isinstance(command, OpenObligation):
        return _open(obligation, command, context)
    if obligation is None:
        raise Refused(Refusal.UNKNOWN_OBLIGATION, "There is no such obligation; open it first.", field="obligation_id")
    early, ended = _early(obligation, command), _ended(obligation)
    if isinstance(command, ObligationDeadlineCommand):
        asked = obligation_deadlines.Asked(obligation.watched, obligation.promised, ended, early)
        return obligation_deadlines.decide(asked, command, context)
    match command:
        case ReassignObligation(unit=unit, owner=owner):
            if (obligation.unit, obligation.owner) == (unit, owner):
                return []
            return stepped(context, ObligationReassigned(unit=unit, owner=owner, reason=command.reason), ended, early)
        case MeetObligation():
            _about_those_concerned(obligation, command, context)
            met = ObligationMet(by=command.by, evidence=command.evidence, words=command.words)
            return [] if obligation.meeting == met else stepped(context, met, ended, early)
        case VerifyObligation():
            verified = ObligationVerified(by=command.by, effective=command.effective)
            if obligation.verification == verified:
                return []
            return stepped(context, verified, _unmet(obligation), _verified(obligation), early)
        case CancelObligation():
            cancelled = ObligationCancelled(reason=command.reason)
            return [] if obligation.cancelling == cancelled else stepped(context, cancelled, ended, early)
        case ReopenObligation():
            reopened = ObligationReopened(reason=command.reason)
            return (
                [] if obligation.reopening == reopened else stepped(context, reopened, _still_open(obligation), early)
            )
        case _:
            assert_never(command)


def evolve(obligation: Obligation | None, recorded: Recorded[ObligationEvent]) -> Obligation | None:
    """The obligation after an event; what comes before its opening leaves nothing, and its first opening stays."""
    event = recorded.event
    if obligation is None:
        if not isinstance(event, ObligationOpened):
            return None
        opened = When(recorded.occurred_at, recorded.occurred_zone, recorded.occurred_precision)
        return Obligation(event, opened, event.unit, event.owner)
    match event:
        case ObligationOpened():
            return obligation
        case ObligationReassigned():
            return replace(obligation, unit=event.unit, owner=event.owner)
        case ObligationMet():
            return replace(obligation, meeting=event, verification=None, cancelling=None, reopening=None)
        case ObligationVerified():
            return replace(obligation, verification=event)
        case ObligationCancelled():
            return replace(obligation, meeting=None, verification=None, cancelling=event, reopening=None)
        case ObligationReopened():
            anew = obligation.watched._replace(escalations=())
            return replace(obligation, meeting=None, verification=None, cancelling=None, reopening=event, watched=anew)
        case TermsAssigned():
            return obligation if obligation.terms else replace(obligation, terms=event)
        case DeadlineWarned() | DeadlineMissed() | RevisionRequested() | VerdictRevised() | RevisionDeclined():
            return _watched(obligation, recorded)
        case ObligationEscalated():
            return _watched(obligation, recorded)
        case _:
            assert_never(event)


def _watched(obligation: Obligation, recorded: Recorded[Any]) -> Obligation:
    return replace(obligation, watched=obligation_deadlines.evolve(obligation.watched, recorded))


OBLIGATION: Decider[Obligation | None] = Decider(
    Category.OBLIGATION,
    None,
    decide,
    evolve,
    events=get_args(ObligationEvent),
    begins=ObligationOpened,
    needs=needs,
)


def _open(obligation: Obligation | None, command: OpenObligation, context: Context) -> Decided:
    opening = ObligationOpened(
        kind=command.kind,
        title=command.title,
        case_id=command.case_id,
        unit=command.unit,
        owner=command.owner,
        due_at=command.due_at,
        due_precision=None if command.due_at is None else command.due_precision,
    )
    if obligation is None:
        opened = When(command.at, command.zone, command.precision)
        terms = obligation_terms.assigned(command.kind, command.unit, opened, context)
        follows = stepped(context, opening, _of_no_case(command, context))
        return follows if terms is None else [*follows, terms]
    if obligation.opening == opening:
        return []
    raise Refused(
        Refusal.OBLIGATION_ALREADY_OPENED,
        f"This obligation was opened already, as {obligation.opening.title}; open another under an id of its own.",
        field="obligation_id",
        params={"title": obligation.opening.title},
    )


def _of_no_case(command: OpenObligation, context: Context) -> Broken | None:
    if command.case_id is None or context.others.get(stream_of(Category.CASE, command.case_id)) is not None:
        return None
    message = "There is no such case; receive it first, or leave it out."
    return Broken(Refusal.UNKNOWN_CASE, Departure.UNKNOWN_CASE, message, field="case_id")


def _about_those_concerned(obligation: Obligation, command: MeetObligation, context: Context) -> None:
    """What somebody said falls with their key. Raises: Refused."""
    case_id = obligation.opening.case_id
    case: Case | None = None if case_id is None else context.others.get(stream_of(Category.CASE, case_id))
    subject = (case.customer_id if case else None) or case_id or command.obligation_id
    if command.words is not None and command.words.subject != subject:
        raise Refused(
            Refusal.SUBJECT_MISMATCH,
            "The words are about somebody else than this obligation; give them under the id of its case's customer, "
            "or of its case while the customer is unknown, or else its own.",
            field="words",
        )


def _early(obligation: Obligation, command: AboutObligation) -> Broken | None:
    opened = obligation.opened
    by_day = Precision.DAY in (opened.precision, command.precision)
    if same_day_or_before(opened.at, command.at, Precision.DAY if by_day else Precision.INSTANT):
        return None
    return Broken(
        Refusal.BEFORE_OPENING,
        Departure.TIME_RUNS_BACKWARDS,
        f"This obligation was opened at {rfc3339(opened.at)}; nothing can have been done about it before.",
        field="at",
        params={"opened_at": rfc3339(opened.at)},
    )


def _ended(obligation: Obligation) -> Broken | None:
    if obligation.meeting is not None:
        message = "This obligation is met; reopen it first."
        return Broken(Refusal.OBLIGATION_MET, Departure.AFTER_ITS_END, message)
    if obligation.cancelling is not None:
        reason = obligation.cancelling.reason
        message = f"This obligation is cancelled, because of {reason}; reopen it first."
        return Broken(Refusal.OBLIGATION_CANCELLED, Departure.AFTER_ITS_END, message, params={"reason": reason})
    return None


def _unmet(obligation: Obligation) -> Broken | None:
    if obligation.meeting is not None:
        return None
    message = "This obligation is not met, so there is no effect to look for."
    return Broken(Refusal.OBLIGATION_NOT_MET, Departure.VERIFIED_UNMET, message)


def _verified(obligation: Obligation) -> Broken | None:
    if obligation.verification is None:
        return None
    by = obligation.verification.by
    message = f"{by} has verified this obligation, and otherwise; reopen it first."
    return Broken(Refusal.OBLIGATION_VERIFIED, Departure.VERIFIED_AGAIN, message, params={"by": by})


def _still_open(obligation: Obligation) -> Broken | None:
    if obligation.meeting is not None or obligation.cancelling is not None:
        return None
    message = "This obligation is neither met nor cancelled, so there is nothing to reopen."
    return Broken(Refusal.OBLIGATION_STILL_OPEN, Departure.REOPENED_WHILE_OPEN, message)
