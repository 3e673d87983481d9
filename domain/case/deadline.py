"""Deadlines as they came: warned of, missed, and verdicts revised by one person's request and another's approval.

The events and the rules are those of obligations too, whose commands are their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeAlias, assert_never

from pydantic import BaseModel

from domain.book import stream_of_book
from domain.case.about import KNOWN, AboutCase
from domain.case.requests import Requests, decided_before, no_request, not_asked, own_request, said_so
from domain.case.rules import Departure, out_of_time
from domain.decider import Decided
from domain.departure import Broken, stepped
from domain.envelope import Context, Recorded
from domain.event import Count, Event, Instant, Label, Ordinal, StaffName, Version
from domain.refusal import Refusal
from domain.sla.clock import Verdict
from domain.sla.document import Slug
from domain.sla.policy import Text

if TYPE_CHECKING:
    from domain.case.state import Case


class OwnClock(NamedTuple):
    """What tells a clock from its others (`domain.sla.clock.ClockKey`, without the case or obligation)."""

    policy: str
    target: str
    part: str | None
    cycle: int
    instance: int


class OfClock(BaseModel):
    """What is about one clock of a case or an obligation."""

    policy: Slug
    target: Slug
    part: Label | None
    """The part of the case that it is for; None is the whole."""
    cycle: Ordinal
    """A reopening begins another."""
    instance: Ordinal
    """Within the cycle."""

    @property
    def clock(self) -> OwnClock:
        """Which one."""
        return OwnClock(self.policy, self.target, self.part, self.cycle, self.instance)


class Cause(StrEnum):
    """Why a verdict is another one now than it was when the deadline came."""

    LATE_RECORD = "late-record"
    """What was done in time was recorded after the due."""
    CORRECTION = "correction"
    """What was recorded proved wrong."""
    CALENDAR = "calendar"
    """A day was declared a holiday, or a working day, afterwards."""
    POLICY = "policy"
    """Another policy holds since."""
    ENGINE = "engine"
    """The program worked it out wrongly, and was mended."""


# Events ---------------------------------------------------------------------------------------------------------------


class DeadlineWarned(OfClock, Event):
    """A target ran out of so much of its time that somebody had to be told (时限警示)."""

    TOPIC: ClassVar = "deadline-warned.1"

    number: Count
    """Which of the warnings that the policy declares, from 0."""
    due_at: Instant
    """By when it is due, as known then; of a due that counts days the midnight after."""
    due_on: date | None
    """The local day, of a due that counts days."""
    explanation: Text | None
    """How the due came about, in one English sentence."""


class DeadlineMissed(OfClock, Event):
    """A deadline passed and nothing known by then had met it (超时). What becomes known later does not undo that."""

    TOPIC: ClassVar = "deadline-missed.1"

    policy_version: Version | None
    """None of a date that somebody stated, which is due without a policy."""
    due_at: Instant
    due_on: date | None
    calendar: Slug | None
    """None when the target counts by no calendar."""
    calendar_version: Version | None
    zone_data: Label
    engine: Count
    basis: Count
    """The position of the book up to which events were known when it was noticed."""
    counted: Count
    """The time used up by then, in whole seconds of the target's own time."""
    explanation: Text
    """How the due came about, in one English sentence."""


class RevisionRequested(OfClock, Event):
    """Somebody asked that a verdict be read otherwise. Nothing changes before somebody else approves."""

    TOPIC: ClassVar = "revision-requested.1"

    was: Verdict
    now: Verdict
    cause: Cause
    reason: Label
    requested_by: StaffName


class VerdictRevised(OfClock, Event):
    """The request was approved. What was known when the deadline came stays beside what is known now."""

    TOPIC: ClassVar = "verdict-revised.1"

    request: Version
    was: Verdict
    now: Verdict
    cause: Cause
    reason: Label
    requested_by: StaffName
    approved_by: StaffName


class RevisionDeclined(Event):
    """The request was turned down, or taken back by who asked; the verdict stays."""

    TOPIC: ClassVar = "revision-declined.1"

    request: Version
    reason: Label
    declined_by: StaffName


DeadlineEvent: TypeAlias = DeadlineWarned | DeadlineMissed | RevisionRequested | VerdictRevised | RevisionDeclined

# Commands -------------------------------------------------------------------------------------------------------------


class WarningToNote(OfClock):
    """That a target runs out of time: each warning of a clock once, whoever notes it, also after its end.

    Whoever asks has worked out that it is so, and names the version that they looked at.
    """

    part: Label | None = None
    number: Count
    due_at: Instant
    due_on: date | None = None
    explanation: Text | None = None


class MissToNote(OfClock):
    """That a deadline was missed: once of each clock, whoever notes it, also after its end.

    Whoever asks has worked out that it is so, and names the version that they looked at.
    """

    part: Label | None = None
    policy_version: Version | None = None
    due_at: Instant
    due_on: date | None = None
    calendar: Slug | None = None
    calendar_version: Version | None = None
    zone_data: Label
    engine: Count
    basis: Count
    counted: Count
    explanation: Text


class RevisionToRequest(OfClock):
    """That a verdict be read otherwise than it was known when the deadline came; also after its end."""

    part: Label | None = None
    now: Verdict
    """What it is to be; it was the other."""
    cause: Cause
    reason: Label
    requested_by: StaffName


class RevisionToApprove(BaseModel):
    """That the verdict be read so, by somebody else than who asked."""

    request: Version
    approved_by: StaffName


class RevisionToDecline(BaseModel):
    """That the request be turned down. Who asked may do so too: that takes the request back."""

    request: Version
    reason: Label
    declined_by: StaffName


AboutDeadline: TypeAlias = WarningToNote | MissToNote | RevisionToRequest | RevisionToApprove | RevisionToDecline
"""What may be asked about a deadline, whosever it is."""

REQUESTING = (Refusal.UNKNOWN_TARGET, Refusal.VERDICT_ALREADY_SO, Refusal.REVISION_ALREADY_REQUESTED)
DECLINING = (Refusal.UNKNOWN_REQUEST, Refusal.ALREADY_DECIDED)
APPROVING = (*DECLINING, Refusal.SAME_PERSON)


class NoteWarning(WarningToNote, AboutCase):
    """Note that a target of the case runs out of time."""

    REFUSALS: ClassVar[tuple[str, ...]] = (Refusal.UNKNOWN_CASE,)


class NoteMiss(MissToNote, AboutCase):
    """Note that a deadline of the case was missed."""

    REFUSALS: ClassVar[tuple[str, ...]] = (Refusal.UNKNOWN_CASE,)


class RequestRevision(RevisionToRequest, AboutCase):
    """Ask that a verdict on the case be read otherwise."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*KNOWN, *REQUESTING)


class ApproveRevision(RevisionToApprove, AboutCase):
    """Let the verdict be read so."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*KNOWN, *APPROVING)


class DeclineRevision(RevisionToDecline, AboutCase):
    """Turn the request down."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*KNOWN, *DECLINING)


DeadlineCommand: TypeAlias = NoteWarning | NoteMiss | RequestRevision | ApproveRevision | DeclineRevision

# Life -----------------------------------------------------------------------------------------------------------------

Revisions: TypeAlias = Requests[RevisionRequested, VerdictRevised | RevisionDeclined]


class Deadlines(NamedTuple):
    """What is on record about the deadlines of a case or an obligation, in all of its cycles."""

    warned: frozenset[tuple[OwnClock, int]] = frozenset()
    missed: frozenset[OwnClock] = frozenset()
    revisions: Revisions = Requests()

    def verdict(self, clock: OwnClock) -> Verdict | None:
        """What the latest revision has made of it; None when there is none."""
        answers = reversed(self.revisions.answers)
        return next((each.now for each in answers if isinstance(each, VerdictRevised) and each.clock == clock), None)


def evolve(deadlines: Deadlines, recorded: Recorded[DeadlineEvent]) -> Deadlines:
    """What is on record after an event, in whatever order history has them."""
    event = recorded.event
    match event:
        case DeadlineWarned():
            return deadlines._replace(warned=deadlines.warned | {(event.clock, event.number)})
        case DeadlineMissed():
            return deadlines._replace(missed=deadlines.missed | {event.clock})
        case RevisionRequested():
            return deadlines._replace(revisions=deadlines.revisions.requested(recorded, event))
        case VerdictRevised() | RevisionDeclined():
            return deadlines._replace(revisions=deadlines.revisions.answered(event))
        case _:
            assert_never(event)


class Held(NamedTuple):
    """Whose deadlines they are, as far as a decision asks."""

    deadlines: Deadlines
    promised: Callable[[str], bool]
    """Whether a policy promises something, or ever did."""
    early: Broken | None
    """Whether the step comes before what it presupposes."""
    what: str
    """`case` or `obligation`, for whoever reads the answer."""


def needs(command: AboutDeadline, context: Context) -> Iterable[str]:
    """The book's own stream, for an approval: it says whether one may approve what one asked for."""
    return (stream_of_book(context.book),) if isinstance(command, RevisionToApprove) else ()


def decide(case: Case, command: DeadlineCommand, context: Context) -> Decided:
    """The events that the command leads to; none when nothing changes. Raises: Refused."""
    held = Held(case.rare.deadlines, case.rare.terms.ever, out_of_time(case, command, context), "case")
    return decided(held, command, context)


def decided(held: Held, command: AboutDeadline, context: Context) -> Decided:
    """The same, whosever deadlines they are. Raises: Refused."""
    known = held.deadlines
    match command:
        case WarningToNote():
            warned = (command.clock, command.number) in known.warned
            return [] if warned else [DeadlineWarned(**_told(DeadlineWarned, command))]
        case MissToNote():
            # What was known when the due passed is settled by whoever noted it first.
            return [] if command.clock in known.missed else [DeadlineMissed(**_told(DeadlineMissed, command))]
        case RevisionToRequest():
            return _request(held, command, context)
        case RevisionToApprove():
            return _approve(held, command, context)
        case RevisionToDecline():
            return _decline(held, command, context)
        case _:
            assert_never(command)


def _request(held: Held, command: RevisionToRequest, context: Context) -> Decided:
    deadlines = held.deadlines
    request = RevisionRequested(
        policy=command.policy,
        target=command.target,
        part=command.part,
        cycle=command.cycle,
        instance=command.instance,
        was=Verdict.MISSED if command.now is Verdict.KEPT else Verdict.KEPT,
        now=command.now,
        cause=command.cause,
        reason=command.reason,
        requested_by=command.requested_by,
    )
    pending = deadlines.revisions.pending
    if request in pending:
        return []
    waiting = next((each for each in pending if each.clock == request.clock), None)
    another = None
    if waiting is not None:
        another = Broken(
            Refusal.REVISION_ALREADY_REQUESTED,
            Departure.REVISION_REQUESTED_AGAIN,
            f"A request of {waiting.requested_by} to revise this verdict waits for a decision; have that made first.",
            params={"requested_by": waiting.requested_by},
        )
    no_target, so_already = _no_target(held, command), _so_already(deadlines, request)
    return stepped(context, request, no_target, so_already, another, held.early)


def _no_target(held: Held, command: RevisionToRequest) -> Broken | None:
    """Whether no policy ever promised this and nobody noted that it was missed."""
    if held.promised(command.policy) or command.clock in held.deadlines.missed:
        return None
    return Broken(
        Refusal.UNKNOWN_TARGET,
        Departure.REVISED_UNKNOWN_TARGET,
        f"This {held.what} never had a target of the policy {command.policy}; name one that it had.",
        field="policy",
        params={"policy": command.policy, "target": command.target},
    )


def _so_already(deadlines: Deadlines, request: RevisionRequested) -> Broken | None:
    if deadlines.verdict(request.clock) is not request.now:
        return None
    return Broken(
        Refusal.VERDICT_ALREADY_SO,
        Departure.REVISED_TO_THE_SAME,
        f"The verdict on {request.target} was revised to {request.now} already.",
        field="now",
        params={"now": request.now},
    )


def _approve(held: Held, command: RevisionToApprove, context: Context) -> Decided:
    """Imported history cannot do without the request, which says what is revised."""
    requests = held.deadlines.revisions
    if any(isinstance(each, VerdictRevised) and said_so(each, command) for each in requests.answers):
        return []
    asked = requests.at(command.request)
    if asked is None:
        raise no_request(command.request).refused
    revised = VerdictRevised(
        policy=asked.policy,
        target=asked.target,
        part=asked.part,
        cycle=asked.cycle,
        instance=asked.instance,
        request=command.request,
        was=asked.was,
        now=asked.now,
        cause=asked.cause,
        reason=asked.reason,
        requested_by=asked.requested_by,
        approved_by=command.approved_by,
    )
    own = own_request(asked.requested_by, command.approved_by, context)
    return stepped(context, revised, decided_before(requests, command.request), own, held.early)


def _decline(held: Held, command: RevisionToDecline, context: Context) -> Decided:
    requests = held.deadlines.revisions
    declined = RevisionDeclined(request=command.request, reason=command.reason, declined_by=command.declined_by)
    if declined in requests.answers:
        return []
    asked, before = not_asked(requests, command.request), decided_before(requests, command.request)
    return stepped(context, declined, asked, before, held.early)


def _told(event: type[DeadlineWarned | DeadlineMissed], command: WarningToNote | MissToNote) -> dict[str, Any]:
    return {name: getattr(command, name) for name in event.model_fields}
