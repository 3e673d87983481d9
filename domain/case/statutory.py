"""The formal steps that laws ask about: acceptance (受理), material, decisions, notices and reviews (核查)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, ClassVar, NamedTuple, TypeAlias, TypeVar, assert_never, cast

from pydantic import Field

from domain.case.about import HANDLING, OPEN, AboutCase
from domain.case.rules import (
    Departure,
    Said,
    about_its_subject,
    closed,
    finished,
    merged,
    not_held_by,
    out_of_time,
    recorded_otherwise,
    unregistered,
    unstated,
)
from domain.case.vocabulary import Outcome
from domain.decider import Decided
from domain.departure import Broken, stepped
from domain.envelope import Context, Recorded
from domain.event import Event, Label, UnitName, Version, Words
from domain.personal import Personal
from domain.refusal import Refusal

if TYPE_CHECKING:
    from domain.case.state import Case


class NoticeOf(StrEnum):
    """What a complainant was notified of."""

    DECISION = "decision"
    EXTENSION = "extension"
    """More time is taken."""
    ACCEPTANCE = "acceptance"
    REFUSAL = "refusal"
    """The complaint is not taken on (不予受理)."""
    REVIEW = "review"


class ReviewOutcome(StrEnum):
    """What the body above made of a decision (核查)."""

    UPHELD = "upheld"
    """The decision stands."""
    CHANGED = "changed"
    """Another decision takes its place."""
    SENT_BACK = "sent-back"
    """It is to be decided anew."""


# Events ---------------------------------------------------------------------------------------------------------------


class UnitReceived(Event):
    """The unit that holds the case confirmed that it has the work order."""

    TOPIC: ClassVar = "unit-received.1"

    unit: UnitName


class CaseAccepted(Event):
    """The complaint was taken on (受理), by a decision that is apart from its receipt."""

    TOPIC: ClassVar = "case-accepted.1"


class CaseRefused(Event):
    """The complaint was not taken on (不予受理)."""

    TOPIC: ClassVar = "case-refused.1"

    reason: Label


class MaterialRequested(Event):
    """The complainant was asked for documents or facts."""

    TOPIC: ClassVar = "material-requested.1"

    items: tuple[Label, ...]
    words: Personal[Words] | None


class MaterialCompleted(Event):
    """All the material is there; some clocks start only here."""

    TOPIC: ClassVar = "material-completed.1"


class DecisionMade(Event):
    """The formal decision on the complaint was made; whether the complainant knows of it is another event."""

    TOPIC: ClassVar = "decision-made.1"

    outcome: Outcome
    code: Label | None


class ComplainantNotified(Event):
    """The complainant got a formal notice."""

    TOPIC: ClassVar = "complainant-notified.1"

    of: NoticeOf
    version: Version | None
    """Of the event in this stream that it is the notice of; None is the latest before it."""


class ReviewRequested(Event):
    """The complainant asked the body above to look at the decision again (核查)."""

    TOPIC: ClassVar = "review-requested.1"

    reason: Label | None


class ReviewDecided(Event):
    """The body above has looked at the decision."""

    TOPIC: ClassVar = "review-decided.1"

    outcome: ReviewOutcome


StatutoryEvent: TypeAlias = (
    UnitReceived
    | CaseAccepted
    | CaseRefused
    | MaterialRequested
    | MaterialCompleted
    | DecisionMade
    | ComplainantNotified
    | ReviewRequested
    | ReviewDecided
)

# Commands -------------------------------------------------------------------------------------------------------------


class ConfirmUnitReceipt(AboutCase):
    """Confirm that the unit that holds the case has the work order."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*OPEN, Refusal.NOT_HELD, Refusal.HELD_BY_ANOTHER_UNIT)

    unit: UnitName


class AcceptCase(AboutCase):
    """Take the complaint on; decided once a cycle, this way or the other."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*OPEN, Refusal.RECORDED_OTHERWISE)


class RefuseCase(AboutCase):
    """Do not take the complaint on; decided once a cycle, this way or the other."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*OPEN, Refusal.RECORDED_OTHERWISE)

    reason: Label


class RequestMaterial(AboutCase):
    """Ask the complainant for documents or facts."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*OPEN, Refusal.SUBJECT_MISMATCH)

    items: Annotated[tuple[Label, ...], Field(min_length=1, max_length=50)]
    words: Personal[Words] | None = None


class CompleteMaterial(AboutCase):
    """Note that all the material is there, whether or not it had to be asked for."""

    REFUSALS: ClassVar[tuple[str, ...]] = OPEN


class MakeDecision(AboutCase):
    """Make the formal decision, once a cycle, until the case is closed."""

    REFUSALS: ClassVar[tuple[str, ...]] = (
        *HANDLING,
        Refusal.ALREADY_CLOSED,
        Refusal.RECORDED_OTHERWISE,
        Refusal.OUTCOME_UNSTATED,
    )

    outcome: Outcome
    code: Label | None = None


class NotifyComplainant(AboutCase):
    """Give the complainant a formal notice, also after closing."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*HANDLING, Refusal.NOTHING_TO_NOTIFY)

    of: NoticeOf
    version: Version | None = None


class RequestReview(AboutCase):
    """Note that the complainant wants a decision looked at again, also after closing."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*HANDLING, Refusal.NOTHING_TO_REVIEW, Refusal.REVIEW_ALREADY_REQUESTED)

    reason: Label | None = None


class DecideReview(AboutCase):
    """Note what the body above made of the decision, also after closing."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*HANDLING, Refusal.NO_REVIEW_REQUESTED)

    outcome: ReviewOutcome


StatutoryCommand: TypeAlias = (
    ConfirmUnitReceipt
    | AcceptCase
    | RefuseCase
    | RequestMaterial
    | CompleteMaterial
    | MakeDecision
    | NotifyComplainant
    | RequestReview
    | DecideReview
)

# Life -----------------------------------------------------------------------------------------------------------------

K = TypeVar("K", bound=StatutoryEvent)


class Statutory(NamedTuple):
    """What of this kind happened, in the order in which it was recorded."""

    said: tuple[Said[StatutoryEvent], ...] = ()
    earlier: int = 0
    """How many of them belong to cycles that have ended."""

    @property
    def in_next_cycle(self) -> Statutory:
        """What a reopening leaves: it is all remembered, and to be decided anew."""
        return self._replace(earlier=len(self.said))

    def all(self, kind: type[K]) -> list[Said[K]]:
        """Those of a kind, of every cycle."""
        return [cast(Said[K], said) for said in self.said if isinstance(said.event, kind)]

    def latest(self, *kinds: type[K]) -> K | None:
        """The latest of these kinds in this cycle."""
        return next((said.event for said in reversed(self.said[self.earlier :]) if isinstance(said.event, kinds)), None)


NOTICES: Mapping[NoticeOf, type[StatutoryEvent] | None] = MappingProxyType({
    NoticeOf.DECISION: DecisionMade,
    NoticeOf.EXTENSION: None,
    NoticeOf.ACCEPTANCE: CaseAccepted,
    NoticeOf.REFUSAL: CaseRefused,
    NoticeOf.REVIEW: ReviewDecided,
})  # fmt: skip
"""What must have happened before its notice. An extension is no event of this kind, so its notice is not checked."""


def evolve(statutory: Statutory, recorded: Recorded[StatutoryEvent]) -> Statutory:
    """What happened, with one more."""
    said = Said(recorded.version, recorded.occurred_at, recorded.event)
    return statutory._replace(said=(*statutory.said, said))


def decide(case: Case, command: StatutoryCommand, context: Context) -> Decided:
    """The events that the command leads to; none when nothing changes. Raises: Refused."""
    early = out_of_time(case, command, context)
    match command:
        case ConfirmUnitReceipt():
            receipt = UnitReceived(unit=command.unit)
            return [] if _said(case, command, receipt) else _receive(case, receipt, context, early)
        case AcceptCase():
            return _take_on(case, CaseAccepted(), context, early)
        case RefuseCase():
            return _take_on(case, CaseRefused(reason=command.reason), context, early)
        case RequestMaterial():
            about_its_subject(command.words, case.customer_id or command.case_id)
            return _material(case, MaterialRequested(items=command.items, words=command.words), context, early)
        case CompleteMaterial():
            return _material(case, MaterialCompleted(), context, early)
        case MakeDecision():
            return _decide(case, command, context, early)
        case NotifyComplainant():
            return _notify(case, command, context, early)
        case RequestReview() | DecideReview():
            return _review(case, command, context, early)
        case _:
            assert_never(command)


def _receive(case: Case, receipt: UnitReceived, context: Context, early: Broken | None) -> Decided:
    not_theirs = not_held_by(case, receipt.unit, field="unit")
    if not_theirs is not None:
        not_theirs = not_theirs._replace(departure=Departure.RECEIVED_BY_ANOTHER_UNIT)
    return stepped(context, receipt, unregistered(case), finished(case), not_theirs, early)


def _take_on(case: Case, answer: CaseAccepted | CaseRefused, context: Context, early: Broken | None) -> Decided:
    before = case.rare.statutory.latest(CaseAccepted, CaseRefused)
    if before == answer:
        return []
    return stepped(context, answer, unregistered(case), finished(case), recorded_otherwise(before), early)


def _material(
    case: Case, step: MaterialRequested | MaterialCompleted, context: Context, early: Broken | None
) -> Decided:
    if case.rare.statutory.latest(MaterialRequested, MaterialCompleted) == step:
        return []
    return stepped(context, step, unregistered(case), finished(case), early)


def _decide(case: Case, command: MakeDecision, context: Context, early: Broken | None) -> Decided:
    decision = DecisionMade(outcome=command.outcome, code=command.code)
    before = case.rare.statutory.latest(DecisionMade)
    if before == decision:
        return []
    rules = (unregistered(case), closed(case), recorded_otherwise(before), unstated(command.outcome), early)
    return stepped(context, decision, *rules)


def _notify(case: Case, command: NotifyComplainant, context: Context, early: Broken | None) -> Decided:
    notice = ComplainantNotified(of=command.of, version=command.version)
    if _said(case, command, notice):
        return []
    kind = NOTICES[command.of]
    happened = [] if kind is None else [said.version for said in case.rare.statutory.all(kind)]
    nothing = None
    if kind is not None and (command.version not in happened if command.version else not happened):
        where = f" in version {command.version}" if command.version else ""
        nothing = Broken(
            Refusal.NOTHING_TO_NOTIFY,
            Departure.NOTIFIED_OF_NOTHING,
            f"This case has no {command.of}{where} to give notice of; record that first.",
            field="version" if command.version else "of",
            params={"of": command.of},
        )
    return stepped(context, notice, merged(case), unregistered(case), nothing, early)


def _review(case: Case, command: RequestReview | DecideReview, context: Context, early: Broken | None) -> Decided:
    known = case.rare.statutory
    reviews = [said.event for said in known.said if isinstance(said.event, ReviewRequested | ReviewDecided)]
    latest = reviews[-1] if reviews else None
    decided = any(isinstance(said.event, DecisionMade | CaseRefused) for said in known.said)
    event: ReviewRequested | ReviewDecided
    if isinstance(command, RequestReview):
        event = ReviewRequested(reason=command.reason)
        rules = (
            None if case.resolution is not None or decided else NOT_DECIDED,
            REVIEW_WAITS if isinstance(latest, ReviewRequested) else None,
        )
    else:
        event = ReviewDecided(outcome=command.outcome)
        rules = (None if isinstance(latest, ReviewRequested) else NO_REVIEW, None)
    return [] if latest == event else stepped(context, event, merged(case), unregistered(case), *rules, early)


NOT_DECIDED = Broken(
    Refusal.NOTHING_TO_REVIEW,
    Departure.REVIEWED_NOTHING,
    "Nothing was decided in this case, so there is nothing to review.",
)
REVIEW_WAITS = Broken(
    Refusal.REVIEW_ALREADY_REQUESTED,
    Departure.REVIEW_REQUESTED_AGAIN,
    "A review of this case was requested already, and is not decided yet.",
)
NO_REVIEW = Broken(
    Refusal.NO_REVIEW_REQUESTED,
    Departure.REVIEW_NOT_REQUESTED,
    "No review of this case waits for a decision.",
)


def _said(case: Case, command: StatutoryCommand, event: StatutoryEvent) -> bool:
    """Whether this happened at that very time: the same on another day happened once more."""
    return any(said.at == command.at and said.event == event for said in case.rare.statutory.said)
