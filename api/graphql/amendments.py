"""Corrections and voids as a front end sees them: who asked for what, and who decided."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import strawberry
from strawberry.scalars import JSON
from strawberry.utils.str_converters import to_snake_case

from api.correcting import NoReplacement, replacement_of
from api.graphql.carrying_out import Making, Objected, Objection
from api.graphql.codes import INVALID_INPUT
from api.graphql.enums import Precision, shown
from api.graphql.inputs import AskedAgain
from api.graphql.node import Node
from api.graphql.request import Request
from domain.amending import ApproveAmendment, DeclineAmendment, RequestCorrection, RequestVoid
from domain.amendment import AMENDMENTS, AmendmentDeclined, CorrectionRequested
from domain.correction import Reading
from domain.envelope import Recorded
from domain.event import Command
from domain.refusal import Refusal
from domain.stream import Category, category_of, subject_of
from replay.history import Effect, Link, links_of

RECORD = "What the event is about, by its id: a case, a customer, a touchpoint."


class AmendmentKind(StrEnum):
    """What was asked for."""

    CORRECTION = "correction"
    VOID = "void"


class AmendmentState(StrEnum):
    """What became of a request."""

    REQUESTED = "requested"
    APPROVED = "approved"
    DECLINED = "declined"


shown(AmendmentKind, "AmendmentKind", "What was asked for.")
shown(AmendmentState, "AmendmentState", "What became of a request.")
shown(
    Effect,
    "AmendmentEffect",
    "What a request to amend an event means for how that is read.",
    {
        "OPEN": "Nobody has decided on it.",
        "DECLINED": "It was turned down, and changes nothing.",
        "DECIDES": "By it the event that it is about is read as it is.",
        "REPLACED": "It was approved, and a later amendment of the same event decides.",
        "TAKEN_BACK": "It was approved, and its approval was made void.",
        "UNFOUNDED": "It was approved, but what was asked for is not there; so it changes nothing.",
    },
)
STATES = {Effect.OPEN: AmendmentState.REQUESTED, Effect.DECLINED: AmendmentState.DECLINED}


@strawberry.type(description="A request that an event be read otherwise or count no longer, and what became of it.")
class Amendment:
    request: int = strawberry.field(description="The version of the request; give it to approve or decline it.")
    kind: AmendmentKind = strawberry.field(
        description="Whether the event is to be read otherwise, or to count no longer."
    )
    state: AmendmentState = strawberry.field(description="What became of it.")
    version: int = strawberry.field(description="The version of the event that it is about.")
    topic: str | None = strawberry.field(description="Of what is to be read instead; null for a void.")
    data: JSON | None = strawberry.field(
        description="What is to be read instead, as an event's `data`; null for a void."
    )
    occurred_at: datetime | None = strawberry.field(description="When it really happened; null leaves that as it is.")
    reason: str = strawberry.field(description="Why.")
    requested_by: str = strawberry.field(description="Who asked.")
    requested_at: datetime = strawberry.field(description="When the ledger heard of the request.")
    decided_by: str | None = strawberry.field(description="Who approved or declined it; null while it is open.")
    decided_at: datetime | None = strawberry.field(description="When the ledger heard of the decision.")
    declined_because: str | None = strawberry.field(description="Why it was declined, if it was.")
    decision: int | None = strawberry.field(
        description="The version of the correction, the void or the refusal; null while it is open."
    )
    effect: Effect = strawberry.field(description="What it means for how the event that it is about is read.")


def amendments_of(history: Iterable[Recorded[Any]]) -> list[Amendment]:
    """The requests in a stream, in the order in which they were made."""
    amending = {recorded.version: recorded for recorded in history if isinstance(recorded.event, AMENDMENTS)}
    return shown_links(links_of(amending, Reading(amending.values())))


def shown_links(links: Iterable[Link]) -> list[Amendment]:
    """Requests as the schema shows them."""
    return [_shown(link, link.request) for link in links if link.request is not None]


def _shown(link: Link, request: Recorded[Any]) -> Amendment:
    event, decision = request.event, link.decision
    correction = event if isinstance(event, CorrectionRequested) else None
    data: Any = correction.replacement.data.model_dump(mode="json") if correction else None
    decided: Any = None if decision is None else decision.event
    declined = isinstance(decided, AmendmentDeclined)
    return Amendment(
        request=request.version,
        kind=AmendmentKind.CORRECTION if correction else AmendmentKind.VOID,
        state=STATES.get(link.effect, AmendmentState.APPROVED),
        version=link.version,
        topic=correction.replacement.topic if correction else None,
        data=data,
        occurred_at=correction.occurrence.at if correction and correction.occurrence else None,
        reason=event.reason,
        requested_by=event.requested_by,
        requested_at=request.recorded_at,
        decided_by=None if decided is None else decided.declined_by if declined else decided.approved_by,
        decided_at=None if decision is None else decision.recorded_at,
        declined_because=decided.reason if declined else None,
        decision=None if decision is None else decision.version,
        effect=link.effect,
    )


# Asking ---------------------------------------------------------------------------------------------------------------


@strawberry.input
class AskedOfRecord(AskedAgain):
    record_id: strawberry.ID = strawberry.field(description=RECORD)


@strawberry.input(description="When something really happened.")
class OccurrenceInput:
    at: datetime = strawberry.field(description="The instant, with an offset or Z.")
    zone: str | None = strawberry.field(default=None, description="The IANA zone. Null is the book's zone.")
    precision: Precision = strawberry.field(default=Precision.INSTANT, description="How exactly that is known.")


@strawberry.input(description="An event to be read otherwise. Nothing changes before somebody else approves.")
class RequestCorrectionInput(AskedOfRecord):
    version: int = strawberry.field(description="The version of the event, as `history` has it.")
    topic: str | None = strawberry.field(
        default=None, description="What it really was, such as `case-resolved.1`. Null leaves its topic as it is."
    )
    data: JSON = strawberry.field(
        description="The fields that are to be read otherwise, named as in the event's `data`; the others stay. "
        "A personal value is given as its text."
    )
    occurrence: OccurrenceInput | None = strawberry.field(
        default=None, description="When it really happened. Null leaves that as it is."
    )
    reason: str = strawberry.field(description="Why; about the record, never about a person.")
    requested_by: str = strawberry.field(description="The member of staff who asks.")


@strawberry.input(description="An event that is to count no longer; of a correction, to be taken back.")
class RequestVoidInput(AskedOfRecord):
    version: int = strawberry.field(description="The version of the event, as `history` has it.")
    reason: str = strawberry.field(description="Why; about the record, never about a person.")
    requested_by: str = strawberry.field(description="The member of staff who asks.")


@strawberry.input(description="A request to approve. Who asked may not, unless the book allows it.")
class ApproveAmendmentInput(AskedOfRecord):
    request: int = strawberry.field(description="The version of the request.")
    approved_by: str = strawberry.field(description="The member of staff who approves.")


@strawberry.input(description="A request to turn down. Who asked may do so too, which takes it back.")
class DeclineAmendmentInput(AskedOfRecord):
    request: int = strawberry.field(description="The version of the request.")
    reason: str = strawberry.field(description="Why.")
    declined_by: str = strawberry.field(description="The member of staff who declines.")


def request_correction(asked: RequestCorrectionInput, making: Making) -> Sequence[Command]:
    """The request, with the whole event that is to be read."""
    stream = making.stream_of(asked.record_id, "recordId")
    if not isinstance(asked.data, dict):
        raise Objected(Objection(INVALID_INPUT, "The fields are given as an object, by name.", ("data",)))
    fields = {to_snake_case(name): value for name, value in asked.data.items()}
    history = making.ledger.history(stream, opened=True)
    try:
        replacement = replacement_of(history, asked.version, fields, topic=asked.topic)
    except NoReplacement as error:
        if error.path == ("version",):
            raise Objected(Objection(Refusal.UNKNOWN_EVENT, error.message, error.path)) from None
        path = error.path if error.path == ("topic",) else ("data", *error.path)
        raise Objected(Objection(INVALID_INPUT, error.message, path)) from None
    when = asked.occurrence
    occurrence = (
        None
        if when is None
        else {"at": when.at, "zone": making.zone(when.zone, "occurrence", "zone"), "precision": when.precision}
    )
    return [
        making.command(
            RequestCorrection,
            about=stream,
            version=asked.version,
            replacement=replacement,
            occurrence=occurrence,
            reason=asked.reason,
            requested_by=asked.requested_by,
        )
    ]


def request_void(asked: RequestVoidInput, making: Making) -> Sequence[Command]:
    """The request."""
    about, by = making.stream_of(asked.record_id, "recordId"), asked.requested_by
    return [making.command(RequestVoid, about=about, version=asked.version, reason=asked.reason, requested_by=by)]


def approve_amendment(asked: ApproveAmendmentInput, making: Making) -> Sequence[Command]:
    """The approval."""
    about = making.stream_of(asked.record_id, "recordId")
    return [making.command(ApproveAmendment, about=about, request=asked.request, approved_by=asked.approved_by)]


def decline_amendment(asked: DeclineAmendmentInput, making: Making) -> Sequence[Command]:
    """The refusal."""
    about, by = making.stream_of(asked.record_id, "recordId"), asked.declined_by
    return [making.command(DeclineAmendment, about=about, request=asked.request, reason=asked.reason, declined_by=by)]


async def shown_record(request: Request, stream: str) -> Node | None:
    """Whatever a stream is about, as it is now; None when there is nothing, or nothing any more."""
    from api.graphql.nodes import SHOWN

    show = SHOWN.get(Category(category_of(stream)))
    return None if show is None else await show(request, subject_of(stream))
