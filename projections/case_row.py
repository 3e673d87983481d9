"""A row of the case file: what it says of one case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

from domain.case.dialogue import FollowUpResult
from domain.case.due import DueOrigin
from domain.case.events import CaseKind, Level, Outcome, PauseGround, Priority
from domain.case.relations import Relation
from domain.case.state import Status
from domain.channel import Channel
from domain.envelope import RegisterNumber
from domain.event import Precision
from domain.money import Money
from domain.stream import Category, stream_of
from ledger.ledger import PersonalPlace


class Proposal(StrEnum):
    """Where the latest proposal to the customer stands."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class OpenLoop(StrEnum):
    """What is still owed to the customer of a case that has its outcome (闭环)."""

    FEEDBACK = "feedback"
    """It is resolved, and the customer was not told what came of it (反馈)."""
    FOLLOW_UP = "follow-up"
    """It is closed, and the customer was not asked afterwards (回访)."""


class Link(NamedTuple):
    """What a case is to another one."""

    case_id: UUID
    relation: Relation


class StatedDue(NamedTuple):
    """A date that somebody stated: what is to be done by then, and whose word it is."""

    target: str
    due_at: datetime
    precision: Precision
    stated_by: DueOrigin


class OpenPause(NamedTuple):
    """Something that a case waits for, and since when (UTC)."""

    ground: PauseGround
    since: datetime


class CaseFile(NamedTuple):
    """Where a case stands. Instants are when things occurred, in UTC; names of a stage are those of its latest events.

    What a customer said is not in it: `words_version` tells which event of the case holds it.
    """

    case_id: UUID
    version: int
    """Of the case's stream."""
    position: int
    """Of the latest event of the case, which this row shows."""
    kind: CaseKind
    status: Status
    series: str | None
    number: int | None
    customer_id: UUID | None
    channel: Channel
    touchpoint_id: UUID | None
    source_key: str | None
    received_by: str | None
    words_version: int | None
    category: str | None
    subcategory: str | None
    symptom: str | None
    taxonomy: str | None
    priority: Priority | None
    impact: Level | None
    urgency: Level | None
    unit: str | None
    handler: str | None
    received_at: datetime
    received_precision: Precision
    registered_at: datetime | None
    dispatched_at: datetime | None
    """The first time."""
    first_response_at: datetime | None
    """The first answer of any kind, in whichever order they were recorded."""
    work_started_at: datetime | None
    """In this cycle; a reopening begins another."""
    resolved_at: datetime | None
    """The resolution that stands; a reopening takes it back, with all that belongs to it."""
    resolved_by: str | None
    outcome: Outcome | None
    resolution_code: str | None
    redress_minor_units: int | None
    redress_currency: str | None
    closed_at: datetime | None
    closing_code: str | None
    open_pauses: tuple[OpenPause, ...]
    dispatches: int
    returns: int
    transfers: int
    unit_changes: int
    """Dispatches, returns and transfers since registration. Its unit at registration is where it starts."""
    assignments: int
    reopens: int
    responses: int
    pauses: int
    departures: tuple[str, ...]
    """Codes of the steps in which its history left the declared life, sorted."""
    attributes: Mapping[str, str | None]
    acknowledged_at: datetime | None
    """The first time."""
    customer_replied_at: datetime | None
    """The latest time that the customer turned to the company again."""
    proposal: Proposal | None
    """Where the latest proposal of this cycle stands; what follows is of this cycle, too, down to `notified_at`."""
    feedback_at: datetime | None
    """The first time."""
    follow_up_at: datetime | None
    follow_up_result: FollowUpResult | None
    """Of the latest visit."""
    escalation_level: int | None
    """The highest level reached, from 1 to 9."""
    escalated_at: datetime | None
    escalation_acknowledged_at: datetime | None
    """When that level took notice."""
    withdrawn_at: datetime | None
    pause_requested_by: str | None
    """Who waits for a decision on a pause."""
    accepted_at: datetime | None
    refused_at: datetime | None
    decided_at: datetime | None
    notified_at: datetime | None
    """When the complainant was last given notice of the decision."""
    review_requested_at: datetime | None
    """While the review is not decided."""
    referred_to: str | None
    """The body outside that was named last."""
    merged_into: UUID | None
    absorbed: tuple[UUID, ...]
    """The cases that were merged into this one."""
    links: tuple[Link, ...]
    open_parts: tuple[str, ...]
    stated_dues: tuple[StatedDue, ...]
    """The latest of each origin for each target."""
    last_occurred_at: datetime
    """The latest occurrence, in whichever order they were recorded."""
    last_recorded_at: datetime

    @property
    def stream(self) -> str:
        """The case's stream."""
        return stream_of(Category.CASE, self.case_id)

    @property
    def register(self) -> RegisterNumber | None:
        """The case's number; None until it is registered."""
        return None if self.series is None or self.number is None else RegisterNumber(self.series, self.number)

    @property
    def redress(self) -> Money | None:
        """What the customer gets by the resolution that stands."""
        if self.redress_minor_units is None or self.redress_currency is None:
            return None
        return Money(minor_units=self.redress_minor_units, currency=self.redress_currency)

    @property
    def open_loops(self) -> tuple[OpenLoop, ...]:
        """What is still owed to the customer. A case that ended without an outcome owes none of it."""
        owed = {
            OpenLoop.FEEDBACK: self.resolved_at is not None and self.feedback_at is None,
            OpenLoop.FOLLOW_UP: self.closed_at is not None and self.follow_up_at is None,
        }
        over = self.status in (Status.WITHDRAWN, Status.MERGED)
        return () if over else tuple(loop for loop, is_open in owed.items() if is_open)

    @property
    def words_place(self) -> PersonalPlace | None:
        """Where the customer's words lie, for the ledger to disclose."""
        return (
            None
            if self.words_version is None
            else PersonalPlace(self.stream, self.words_version, "/words", as_read=True)
        )


TERMS: Mapping[str, type[StrEnum]] = MappingProxyType({
    "kind": CaseKind,
    "status": Status,
    "channel": Channel,
    "priority": Priority,
    "impact": Level,
    "urgency": Level,
    "received_precision": Precision,
    "outcome": Outcome,
    "proposal": Proposal,
    "follow_up_result": FollowUpResult,
})  # fmt: skip


# What a receipt fills in; typed as if it had.
NOTHING_YET = CaseFile._make(None for _ in CaseFile._fields)._replace(
    status=Status.RECEIVED,
    open_pauses=(),
    dispatches=0,
    returns=0,
    transfers=0,
    unit_changes=0,
    assignments=0,
    reopens=0,
    responses=0,
    pauses=0,
    departures=(),
    attributes=MappingProxyType({}),
    absorbed=(),
    links=(),
    open_parts=(),
    stated_dues=(),
)


def of_row(row: Sequence[Any]) -> CaseFile:
    """The case file in a row of the table."""
    told = dict(zip(CaseFile._fields, row, strict=True))
    pauses = ((PauseGround(ground), datetime.fromisoformat(since)) for ground, since in told["open_pauses"])
    told["open_pauses"] = tuple(OpenPause(ground, since) for ground, since in pauses)
    told["links"] = tuple(Link(UUID(other), Relation(relation)) for other, relation in told["links"])
    told["stated_dues"] = tuple(
        StatedDue(target, datetime.fromisoformat(due_at), Precision(precision), DueOrigin(stated_by))
        for target, due_at, precision, stated_by in told["stated_dues"]
    )
    for column in ("departures", "absorbed", "open_parts"):
        told[column] = tuple(told[column])
    for column, terms in TERMS.items():
        if told[column] is not None:
            told[column] = terms(told[column])
    return CaseFile(**told)
