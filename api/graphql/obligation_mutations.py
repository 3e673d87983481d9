"""What can be asked of obligations, and how each input becomes a command."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from api.graphql import obligation_inputs as inputs
from api.graphql.asked import OneCommand, content_of, personal_of
from api.graphql.carrying_out import Maker, Making
from api.graphql.codes import STALE_VERSION
from api.graphql.mutation import Mutation, Subject
from api.graphql.obligation import Obligation, shown_obligation
from domain import obligation, obligation_deadlines
from domain.event import Command
from domain.stream import Category, stream_of
from projections.obligation import OBLIGATION as OBLIGATION_VIEW

OBLIGATION = Subject("obligation", Obligation, shown_obligation, views=(OBLIGATION_VIEW,))
OF_ONE = {"obligation_id": Category.OBLIGATION}


def open_obligation(asked: inputs.OpenObligationInput, making: Making) -> Sequence[Command]:
    """The opening, under an id that is the same each time the command is asked for."""
    content = OneCommand(obligation.OpenObligation, {"case_id": Category.CASE}).content(asked, making)
    obligation_id = making.new_id(Category.OBLIGATION)
    return [making.command(obligation.OpenObligation, obligation_id=obligation_id, **content)]


def meet_obligation(asked: inputs.MeetObligationInput, making: Making) -> Sequence[Command]:
    """What was done; its words fall with the customer of the case, or with the case, or with the obligation itself."""
    obligation_id = making.id_of(asked.obligation_id, Category.OBLIGATION, "obligationId")
    content = content_of(asked) | {"obligation_id": obligation_id}
    content["words"] = personal_of(_concerned(obligation_id, making), asked.words) if asked.words else None
    return [making.command(obligation.MeetObligation, **content)]


def _concerned(obligation_id: UUID, making: Making) -> UUID:
    stream = stream_of(Category.OBLIGATION, obligation_id)
    owed: obligation.Obligation | None = making.ledger.tips([stream])[stream].state
    if owed is None or owed.opening.case_id is None:
        return obligation_id
    of_case = stream_of(Category.CASE, owed.opening.case_id)
    case = making.ledger.tips([of_case])[of_case].state
    return (case.customer_id if case else None) or owed.opening.case_id


def _of_obligation(
    name: str, description: str, asked: type[inputs.AskedOfObligation], kind: type[Command], make: Maker | None = None
) -> Mutation:
    made = make or OneCommand(kind, OF_ONE)
    return Mutation(name, description, asked, made, (kind,), OBLIGATION, (STALE_VERSION,))


OBLIGATION_MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        "open_obligation",
        "Notes that somebody owes something by a time.",
        inputs.OpenObligationInput,
        open_obligation,
        (obligation.OpenObligation,),
        OBLIGATION,
    ),
    _of_obligation(
        "reassign_obligation",
        "Lets somebody else owe it.",
        inputs.ReassignObligationInput,
        obligation.ReassignObligation,
    ),
    _of_obligation(
        "meet_obligation",
        "Notes that it was done.",
        inputs.MeetObligationInput,
        obligation.MeetObligation,
        meet_obligation,
    ),
    _of_obligation(
        "verify_obligation",
        "Notes whether what was done had its effect.",
        inputs.VerifyObligationInput,
        obligation.VerifyObligation,
    ),
    _of_obligation(
        "cancel_obligation",
        "Lets it be owed no longer.",
        inputs.CancelObligationInput,
        obligation.CancelObligation,
    ),
    _of_obligation(
        "reopen_obligation", "Lets it be owed again.", inputs.ReopenObligationInput, obligation.ReopenObligation
    ),
    _of_obligation(
        "escalate_obligation",
        "Brings what is owed before a higher level.",
        inputs.EscalateObligationInput,
        obligation_deadlines.EscalateObligation,
    ),
    _of_obligation(
        "request_obligation_revision",
        "Asks that the verdict on a deadline of an obligation be read otherwise.",
        inputs.RequestObligationRevisionInput,
        obligation_deadlines.RequestObligationRevision,
    ),
    _of_obligation(
        "approve_obligation_revision",
        "Lets the verdict be read so; what was known when the deadline came stays beside it.",
        inputs.ApproveObligationRevisionInput,
        obligation_deadlines.ApproveObligationRevision,
    ),
    _of_obligation(
        "decline_obligation_revision",
        "Leaves the verdict as it is.",
        inputs.DeclineObligationRevisionInput,
        obligation_deadlines.DeclineObligationRevision,
    ),
)
