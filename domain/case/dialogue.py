"""What passes between the company and the customer beside the answers: acknowledged, written again, fed back, asked."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, TypeAlias, assert_never
from uuid import UUID

from domain.case.about import NOT_MERGED, UNFINISHED, AboutCase
from domain.case.rules import Departure, Said, about_its_subject, finished, merged, out_of_time
from domain.case.rules import unresolved as without_outcome
from domain.channel import Channel
from domain.decider import Decided
from domain.departure import Broken, stepped
from domain.envelope import Context
from domain.event import Event, StaffName, Words
from domain.personal import Personal
from domain.refusal import Refusal

if TYPE_CHECKING:
    from domain.case.state import Case


class FollowUpResult(StrEnum):
    """What a follow-up visit found (回访)."""

    SATISFIED = "satisfied"
    DISSATISFIED = "dissatisfied"
    NOT_REACHED = "not-reached"


# Events ---------------------------------------------------------------------------------------------------------------


class CaseAcknowledged(Event):
    """The customer was told that the matter is in hand (ISO 10002:2018, 8.4)."""

    TOPIC: ClassVar = "case-acknowledged.1"

    channel: Channel
    by: StaffName | None
    """None when a machine did it, or nobody knows who."""
    words: Personal[Words] | None


class CustomerReplied(Event):
    """The customer turned to the company again about the case, and waits for an answer."""

    TOPIC: ClassVar = "customer-replied.1"

    channel: Channel
    touchpoint_id: UUID | None
    words: Personal[Words] | None


class FeedbackGiven(Event):
    """The customer was told what came of the matter (反馈; ISO 10002:2018, 8.8)."""

    TOPIC: ClassVar = "feedback-given.1"

    by: StaffName | None
    channel: Channel
    words: Personal[Words] | None


class FollowUpMade(Event):
    """The customer was asked afterwards whether they are content (回访)."""

    TOPIC: ClassVar = "follow-up-made.1"

    result: FollowUpResult
    by: StaffName | None
    channel: Channel
    words: Personal[Words] | None


DialogueEvent: TypeAlias = CaseAcknowledged | CustomerReplied | FeedbackGiven | FollowUpMade

# Commands -------------------------------------------------------------------------------------------------------------


class AcknowledgeCase(AboutCase):
    """Tell the customer that the matter is in hand, before or after its registration; once a cycle."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*UNFINISHED, Refusal.ALREADY_ACKNOWLEDGED, Refusal.SUBJECT_MISMATCH)

    channel: Channel
    by: StaffName | None = None
    words: Personal[Words] | None = None


class RecordCustomerReply(AboutCase):
    """Note that the customer turned to the company again, at any time: what they say is no step of the company's."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*NOT_MERGED, Refusal.SUBJECT_MISMATCH)

    channel: Channel
    touchpoint_id: UUID | None = None
    words: Personal[Words] | None = None


class GiveFeedback(AboutCase):
    """Tell the customer what came of the matter; also after closing, since late is better than never."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*NOT_MERGED, Refusal.NOT_RESOLVED, Refusal.SUBJECT_MISMATCH)

    by: StaffName | None = None
    channel: Channel
    words: Personal[Words] | None = None


class MakeFollowUp(AboutCase):
    """Ask the customer whether they are content, once the case is resolved; also after closing."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*NOT_MERGED, Refusal.NOT_RESOLVED, Refusal.SUBJECT_MISMATCH)

    result: FollowUpResult
    by: StaffName | None = None
    channel: Channel
    words: Personal[Words] | None = None


DialogueCommand: TypeAlias = AcknowledgeCase | RecordCustomerReply | GiveFeedback | MakeFollowUp

# Life -----------------------------------------------------------------------------------------------------------------


Dialogue: TypeAlias = tuple[Said[DialogueEvent], ...]
"""What was said in this cycle, in the order in which it was recorded."""


def decide(case: Case, command: DialogueCommand, context: Context) -> Decided:
    """The events that the command leads to; none when nothing changes. Raises: Refused."""
    about_its_subject(command.words, case.customer_id or command.case_id)
    early = out_of_time(case, command, context)
    match command:
        case AcknowledgeCase():
            return _acknowledge(case, command, context, early)
        case RecordCustomerReply():
            reply = CustomerReplied(channel=command.channel, touchpoint_id=command.touchpoint_id, words=command.words)
            return [] if _said(case, command, reply) else stepped(context, reply, merged(case), early)
        case GiveFeedback():
            feedback = FeedbackGiven(by=command.by, channel=command.channel, words=command.words)
            if _said(case, command, feedback):
                return []
            too_soon = _unresolved(case, Departure.FED_BACK_UNRESOLVED)
            return stepped(context, feedback, merged(case), too_soon, early)
        case MakeFollowUp():
            visit = FollowUpMade(result=command.result, by=command.by, channel=command.channel, words=command.words)
            if _said(case, command, visit):
                return []
            too_soon = _unresolved(case, Departure.FOLLOWED_UP_UNRESOLVED)
            return stepped(context, visit, merged(case), too_soon, early)
        case _:
            assert_never(command)


def _acknowledge(case: Case, command: AcknowledgeCase, context: Context, early: Broken | None) -> Decided:
    acknowledgement = CaseAcknowledged(channel=command.channel, by=command.by, words=command.words)
    before = [said.event for said in case.rare.dialogue if isinstance(said.event, CaseAcknowledged)]
    if acknowledgement in before:
        return []
    again = Broken(
        Refusal.ALREADY_ACKNOWLEDGED,
        Departure.ACKNOWLEDGED_AGAIN,
        "The receipt of this case was acknowledged, and otherwise; send an update instead.",
    )
    return stepped(context, acknowledgement, finished(case), again if before else None, early)


def _said(case: Case, command: DialogueCommand, event: DialogueEvent) -> bool:
    """Whether this was said at that very time: the same words on another day are said once more."""
    return any(said.at == command.at and said.event == event for said in case.rare.dialogue)


def _unresolved(case: Case, departure: Departure) -> Broken | None:
    broken = without_outcome(case)
    return None if broken is None else broken._replace(departure=departure)
