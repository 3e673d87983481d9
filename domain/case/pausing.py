"""Pauses for anything but the listed grounds: one person asks, another approves or declines."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar, NamedTuple, TypeAlias, assert_never

from domain.book import may_approve_own, stream_of_book
from domain.case.about import OPEN, AboutCase
from domain.case.promise import Promising
from domain.case.reach import targets_of
from domain.case.rules import Departure, finished, out_of_time, unregistered
from domain.case.vocabulary import PauseGround
from domain.decider import Decided
from domain.departure import Broken, stepped
from domain.envelope import Context, Recorded
from domain.event import Event, Label, StaffName
from domain.refusal import Refusal

if TYPE_CHECKING:
    from domain.case.state import Case

# Events ---------------------------------------------------------------------------------------------------------------


class PauseRequested(Event):
    """Somebody asked that the case wait for something that is not on the list of grounds."""

    TOPIC: ClassVar = "pause-requested.1"

    reason: Label
    requested_by: StaffName


class PauseApproved(Event):
    """The request was approved; the pause itself, on other grounds, stands right behind it."""

    TOPIC: ClassVar = "pause-approved.1"

    approved_by: StaffName
    requested_by: StaffName | None
    """None when history does not say who asked."""


class PauseDeclined(Event):
    """The request was turned down, or taken back by who asked; the case goes on."""

    TOPIC: ClassVar = "pause-declined.1"

    reason: Label | None
    declined_by: StaffName


PausingEvent: TypeAlias = PauseRequested | PauseApproved | PauseDeclined

# Commands -------------------------------------------------------------------------------------------------------------


class RequestPause(AboutCase):
    """Ask that the case wait for something that is not on the list of grounds, or on one that none of its targets
    allows; one request at a time."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*OPEN, Refusal.PAUSE_ALREADY_REQUESTED)

    reason: Label
    requested_by: StaffName


class ApprovePause(AboutCase):
    """Let the case wait as was asked, as somebody else than who asked."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*OPEN, Refusal.NO_PAUSE_REQUESTED, Refusal.SAME_PERSON)

    approved_by: StaffName


class DeclinePause(AboutCase):
    """Turn the request down. Who asked may do so too: that takes the request back."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*OPEN, Refusal.NO_PAUSE_REQUESTED)

    reason: Label | None = None
    declined_by: StaffName


PausingCommand: TypeAlias = RequestPause | ApprovePause | DeclinePause

# Life -----------------------------------------------------------------------------------------------------------------


class Asking(NamedTuple):
    """The latest request for a pause in this cycle, and what came of it."""

    request: PauseRequested | None = None
    answer: PauseApproved | PauseDeclined | None = None

    @property
    def pending(self) -> PauseRequested | None:
        """The request, while nobody has decided on it."""
        return self.request if self.answer is None else None


def evolve(asking: Asking, recorded: Recorded[PausingEvent]) -> Asking:
    """The request after an event, in whatever order history has them."""
    event = recorded.event
    match event:
        case PauseRequested():
            return Asking(event)
        case PauseApproved() | PauseDeclined():
            return asking._replace(answer=event)
        case _:
            assert_never(event)


def needs(command: PausingCommand, context: Context) -> Iterable[str]:
    """The book's own stream, for an approval: it says whether one may approve what one asked for."""
    return (stream_of_book(context.book),) if isinstance(command, ApprovePause) else ()


def decide(case: Case, command: PausingCommand, context: Context) -> Decided:
    """The events that the command leads to, without the pause itself; none when nothing changes. Raises: Refused."""
    early = out_of_time(case, command, context)
    match command:
        case RequestPause():
            return _request(case, command, context, early)
        case ApprovePause():
            return _approve(case, command, context, early)
        case DeclinePause():
            declined = PauseDeclined(reason=command.reason, declined_by=command.declined_by)
            if case.rare.asking.answer == declined:
                return []
            return stepped(context, declined, unregistered(case), finished(case), _not_requested(case), early)
        case _:
            assert_never(command)


def _request(case: Case, command: RequestPause, context: Context, early: Broken | None) -> Decided:
    request = PauseRequested(reason=command.reason, requested_by=command.requested_by)
    pending = case.rare.asking.pending
    if pending == request:
        return []
    another = None
    if pending is not None:
        another = Broken(
            Refusal.PAUSE_ALREADY_REQUESTED,
            Departure.PAUSE_REQUESTED_AGAIN,
            f"A request of {pending.requested_by} to pause this case waits for a decision; have that made first.",
            params={"requested_by": pending.requested_by},
        )
    return stepped(context, request, unregistered(case), finished(case), another, early)


def _approve(case: Case, command: ApprovePause, context: Context, early: Broken | None) -> Decided:
    asking = case.rare.asking
    if isinstance(asking.answer, PauseApproved) and asking.answer.approved_by == command.approved_by:
        return []
    requested_by = asking.pending.requested_by if asking.pending else None
    same_person = None
    if requested_by == command.approved_by and not may_approve_own(context):
        same_person = Broken(
            Refusal.SAME_PERSON,
            Departure.PAUSE_SELF_APPROVED,
            f"{command.approved_by} asked for this and cannot approve it as well; let somebody else decide.",
            field="approved_by",
            params={"requested_by": command.approved_by},
        )
    approved = PauseApproved(approved_by=command.approved_by, requested_by=requested_by)
    return stepped(context, approved, unregistered(case), finished(case), _not_requested(case), same_person, early)


def _not_requested(case: Case) -> Broken | None:
    if case.rare.asking.pending is not None:
        return None
    return Broken(
        Refusal.NO_PAUSE_REQUESTED,
        Departure.PAUSE_NOT_REQUESTED,
        "No request to pause this case waits for a decision.",
    )


# Grounds --------------------------------------------------------------------------------------------------------------


def not_allowed(case: Case, ground: PauseGround, context: Context, promising: Promising) -> Broken | None:
    """Whether the case has targets, and none of them stands still on this ground.

    What two people agree on needs no target that allows it.
    """
    if ground is PauseGround.OTHER:
        return None
    targets = targets_of(case, context, promising)
    allowed = {each for target in targets for each in target.pauses.grounds}
    if not targets or ground in allowed:
        return None
    listed = [each for each in PauseGround if each in allowed and each is not PauseGround.OTHER]
    grounds = ", ".join(listed)
    they = f"they allow {grounds}. Pause it on one of these, or have" if listed else "they allow no pause. Have"
    stops = "stops those that allow other grounds" if PauseGround.OTHER in allowed else "stops no clock"
    return Broken(
        Refusal.GROUND_NOT_ALLOWED,
        Departure.PAUSED_ON_GROUND_NOT_ALLOWED,
        f"No target of this case allows a pause on the ground {ground}; {they} a pause requested by one person and "
        f"approved by another, which {stops}.",
        field="ground",
        params={"ground": ground, "grounds": grounds},
    )
