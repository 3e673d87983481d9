"""The timeline: what happened with each customer and each case, one entry an event that people want to see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

from domain.attachment import AttachmentAdded
from domain.channel import Channel, Direction
from domain.envelope import Recorded
from domain.event import Precision, rfc3339
from domain.stream import Category, category_of
from ledger.ledger import PersonalPlace
from projections.journal import Journal
from projections.paging import Order, narrowed
from projections.projection import key_of


class EntryKind(StrEnum):
    """What an entry of a timeline tells."""

    TOUCHPOINT = "touchpoint"
    """The customer and the company met."""
    RECEIVED = "received"
    REGISTERED = "registered"
    ACKNOWLEDGED = "acknowledged"
    """The customer was told that their matter had arrived."""
    ACCEPTED = "accepted"
    """The company takes the matter on (受理)."""
    REFUSED = "refused"
    """The company does not take the matter on (不予受理)."""
    MATERIAL_REQUESTED = "material-requested"
    MATERIAL_COMPLETED = "material-completed"
    DUE_STATED = "due-stated"
    """A time was stated by which something is due."""
    EXTENDED = "extended"
    """More time was given for something (延期)."""
    DEADLINE_MISSED = "deadline-missed"
    """Something was not done in time (超时)."""
    VERDICT_REVISED = "verdict-revised"
    """Whether something was done in time is read otherwise since."""
    ANSWERED = "answered"
    CUSTOMER_REPLIED = "customer-replied"
    ESCALATED = "escalated"
    PROPOSED = "proposed"
    """A resolution was offered."""
    PROPOSAL_ACCEPTED = "proposal-accepted"
    PROPOSAL_REJECTED = "proposal-rejected"
    DECIDED = "decided"
    NOTIFIED = "notified"
    """The complainant was notified of a decision or an extension."""
    RESOLVED = "resolved"
    FEEDBACK_GIVEN = "feedback-given"
    """The customer was told what came of it (反馈)."""
    FOLLOWED_UP = "followed-up"
    """The customer was asked afterwards (回访)."""
    REFERRED_OUTSIDE = "referred-outside"
    REVIEW_REQUESTED = "review-requested"
    REVIEW_DECIDED = "review-decided"
    WITHDRAWN = "withdrawn"
    CLOSED = "closed"
    REOPENED = "reopened"
    CASE_MERGED = "case-merged"
    """Another case took this one's place."""
    CASE_ABSORBED = "case-absorbed"
    """This case took another one's place."""
    ATTACHMENT_ADDED = "attachment-added"
    """The customer sent a file in, or was sent one."""
    CUSTOMER_CHANGED = "customer-changed"
    """The case turned out to be this customer's."""
    CUSTOMER_REGISTERED = "customer-registered"
    RENAMED = "renamed"
    CONTACT_RECORDED = "contact-recorded"
    CONTACT_WITHDRAWN = "contact-withdrawn"
    LANGUAGE_CHANGED = "language-changed"
    TIER_ASSIGNED = "tier-assigned"
    MANAGER_ASSIGNED = "manager-assigned"
    MANAGER_RELEASED = "manager-released"
    VISIT_PLANNED = "visit-planned"
    VISIT_MADE = "visit-made"
    VISIT_CANCELLED = "visit-cancelled"
    CUSTOMER_MERGED = "customer-merged"
    """The customer turned out to be another one."""
    CUSTOMER_ABSORBED = "customer-absorbed"
    """Another customer turned out to be this one."""


class TimelineEntry(NamedTuple):
    """One thing that happened. What was said is not in it, only the place where that lies."""

    position: int
    place: int
    stream: str
    version: int
    category: Category
    """What the event's stream is about."""
    kind: EntryKind
    occurred_at: datetime
    occurred_zone: str
    occurred_precision: Precision
    recorded_at: datetime
    customer_id: UUID | None
    """Whom the event names. A case says later, perhaps, that it is somebody else's."""
    case_id: UUID | None
    other_id: UUID | None
    """The case or customer that took this one's place, or whose place it took."""
    channel: Channel | None
    direction: Direction | None
    unit: str | None
    staff: str | None
    term: str | None
    """What the event says in a term: an outcome, a tier, the kind of an answer, a reason."""
    words: str | None
    """Where in the event the words or the name stand, as a JSON pointer."""

    @property
    def words_place(self) -> PersonalPlace | None:
        """Where the words lie, for the ledger to disclose."""
        return None if self.words is None else PersonalPlace(self.stream, self.version, self.words, as_read=True)


class Telling(NamedTuple):
    """How an event becomes an entry: which of its fields hold what the entry shows."""

    kind: EntryKind
    direction: Direction | None = None
    unit: str | None = None
    staff: str | None = None
    term: str | None = None
    words: str | None = None
    other_id: str | None = None


IN, OUT = Direction.IN, Direction.OUT
TOLD: Mapping[str, Telling] = MappingProxyType({
    "touchpoint-recorded.1": Telling(EntryKind.TOUCHPOINT, None, "unit", "staff", "medium_id", "words"),
    "case-received.1": Telling(EntryKind.RECEIVED, IN, staff="received_by", term="kind", words="words"),
    "case-registered.1": Telling(EntryKind.REGISTERED, unit="unit", staff="registered_by"),
    "case-acknowledged.1": Telling(EntryKind.ACKNOWLEDGED, OUT, staff="by", words="words"),
    "case-accepted.1": Telling(EntryKind.ACCEPTED, OUT),
    "due-stated.1": Telling(EntryKind.DUE_STATED, term="due_at"),
    "extension-approved.1": Telling(EntryKind.EXTENDED, staff="approved_by", term="role"),
    "deadline-missed.1": Telling(EntryKind.DEADLINE_MISSED, term="target"),
    "verdict-revised.1": Telling(EntryKind.VERDICT_REVISED, staff="approved_by", term="now"),
    "case-refused.1": Telling(EntryKind.REFUSED, OUT, term="reason"),
    "material-requested.1": Telling(EntryKind.MATERIAL_REQUESTED, OUT, words="words"),
    "material-completed.1": Telling(EntryKind.MATERIAL_COMPLETED, IN),
    "response-sent.1": Telling(EntryKind.ANSWERED, OUT, staff="by", term="kind", words="words"),
    "customer-replied.1": Telling(EntryKind.CUSTOMER_REPLIED, IN, words="words"),
    "case-escalated.1": Telling(EntryKind.ESCALATED, unit="to_unit", staff="to_staff", term="level"),
    "resolution-proposed.1": Telling(EntryKind.PROPOSED, OUT, staff="by", words="words"),
    "proposal-accepted.1": Telling(EntryKind.PROPOSAL_ACCEPTED, IN),
    "proposal-rejected.1": Telling(EntryKind.PROPOSAL_REJECTED, IN, term="reason"),
    "decision-made.1": Telling(EntryKind.DECIDED, term="outcome"),
    "complainant-notified.1": Telling(EntryKind.NOTIFIED, OUT, term="of"),
    "case-resolved.1": Telling(EntryKind.RESOLVED, staff="resolved_by", term="outcome"),
    "feedback-given.1": Telling(EntryKind.FEEDBACK_GIVEN, OUT, staff="by", words="words"),
    "follow-up-made.1": Telling(EntryKind.FOLLOWED_UP, OUT, staff="by", term="result", words="words"),
    "case-referred-outside.1": Telling(EntryKind.REFERRED_OUTSIDE, term="body"),
    "review-requested.1": Telling(EntryKind.REVIEW_REQUESTED, IN, term="reason"),
    "review-decided.1": Telling(EntryKind.REVIEW_DECIDED, term="outcome"),
    "case-withdrawn.1": Telling(EntryKind.WITHDRAWN, IN, term="reason"),
    "case-closed.1": Telling(EntryKind.CLOSED, term="code"),
    "case-reopened.1": Telling(EntryKind.REOPENED, term="reason"),
    "case-merged.1": Telling(EntryKind.CASE_MERGED, other_id="into"),
    "case-absorbed.1": Telling(EntryKind.CASE_ABSORBED, other_id="case_id"),
    "case-customer-changed.1": Telling(EntryKind.CUSTOMER_CHANGED),
    "attachment-added.1": Telling(EntryKind.ATTACHMENT_ADDED, term="media_type", words="file_name"),
    "customer-registered.1": Telling(EntryKind.CUSTOMER_REGISTERED, term="kind", words="name"),
    "customer-renamed.1": Telling(EntryKind.RENAMED, words="name"),
    "contact-recorded.1": Telling(EntryKind.CONTACT_RECORDED, term="kind", words="value"),
    "contact-withdrawn.1": Telling(EntryKind.CONTACT_WITHDRAWN, term="kind"),
    "language-changed.1": Telling(EntryKind.LANGUAGE_CHANGED, term="language"),
    "tier-assigned.1": Telling(EntryKind.TIER_ASSIGNED, term="tier"),
    "manager-assigned.1": Telling(EntryKind.MANAGER_ASSIGNED, staff="manager"),
    "manager-released.1": Telling(EntryKind.MANAGER_RELEASED, staff="manager"),
    "visit-planned.1": Telling(EntryKind.VISIT_PLANNED, staff="by", term="planned_for"),
    "visit-made.1": Telling(EntryKind.VISIT_MADE, OUT, staff="by", term="result", words="words"),
    "visit-cancelled.1": Telling(EntryKind.VISIT_CANCELLED, term="reason"),
    "customer-merged.1": Telling(EntryKind.CUSTOMER_MERGED, other_id="into"),
    "customer-absorbed.1": Telling(EntryKind.CUSTOMER_ABSORBED, other_id="customer_id"),
})  # fmt: skip
"""The events that somebody at a counter wants to see, by topic; steps between units and desks are none of them."""


def entries(recorded: Recorded[Any]) -> Sequence[TimelineEntry]:
    """The entry that an event makes, if it makes one."""
    event = recorded.event
    told = TOLD.get(event.TOPIC)
    if told is None or _is_not_theirs(recorded):
        return ()
    category = Category(category_of(recorded.stream))
    subject = key_of(recorded.stream)
    other_id = _field(event, told.other_id)
    return (
        TimelineEntry(
            position=recorded.position,
            place=0,
            stream=recorded.stream,
            version=recorded.version,
            category=category,
            kind=told.kind,
            occurred_at=recorded.occurred_at,
            occurred_zone=recorded.occurred_zone,
            occurred_precision=recorded.occurred_precision,
            recorded_at=recorded.recorded_at,
            customer_id=subject if category is Category.CUSTOMER else getattr(event, "customer_id", None),
            case_id=subject if category is Category.CASE else getattr(event, "case_id", None),
            other_id=other_id,
            channel=getattr(event, "channel", None),
            direction=getattr(event, "direction", told.direction),
            unit=_field(event, told.unit),
            staff=_field(event, told.staff),
            term=_term(recorded, told),
            words=None if _field(event, told.words) is None else f"/{told.words}",
        ),
    )


def _is_not_theirs(recorded: Recorded[Any]) -> bool:
    """Whether it is a file that did not pass between customer and company, or one beside a touchpoint, which is an
    entry itself."""
    event = recorded.event
    if not isinstance(event, AttachmentAdded):
        return False
    return event.direction is None or category_of(recorded.stream) == Category.TOUCHPOINT


def _field(event: Any, name: str | None) -> Any:
    return None if name is None else getattr(event, name, None)


def _term(recorded: Recorded[Any], told: Telling) -> str | None:
    """A registration says its number."""
    if recorded.register is not None:
        return str(recorded.register)
    value = _field(recorded.event, told.term)
    if isinstance(value, datetime):
        return rfc3339(value)
    return None if value is None else str(value)


def of_row(row: Sequence[Any]) -> TimelineEntry:
    """The entry in a row of the table."""
    entry = TimelineEntry._make(row)
    return entry._replace(
        category=Category(entry.category),
        kind=EntryKind(entry.kind),
        occurred_precision=Precision(entry.occurred_precision),
        channel=Channel(entry.channel) if entry.channel else None,
        direction=Direction(entry.direction) if entry.direction else None,
    )


TIMELINE: Journal[TimelineEntry] = Journal(
    name="timeline",
    version=1,
    reads=frozenset({Category.CUSTOMER, Category.TOUCHPOINT, Category.CASE}),
    columns=TimelineEntry._fields,
    of_row=of_row,
    entries=entries,
    as_written=False,
)

# Questions ------------------------------------------------------------------------------------------------------------

OCCURRED = Order("occurred", ("occurred_at", "position"), ("timestamptz", "bigint"))
"""By when things occurred; what occurred at the same time in the order in which it was recorded."""


@dataclass(frozen=True, slots=True)
class TimelineFilter:
    """Which entries: those for which all of it holds; what is left empty or None asks nothing."""

    kinds: tuple[EntryKind, ...] = ()
    channels: tuple[Channel, ...] = ()
    directions: tuple[Direction, ...] = ()
    occurred_from: datetime | None = None
    """Occurred then or later."""
    occurred_before: datetime | None = None
    """Occurred earlier than then."""

    def condition(self) -> tuple[list[str], dict[str, Any]]:
        """What holds for the rows, with its parameters."""
        conditions, parameters = list[str](), dict[str, Any]()
        for column, wanted in (("kind", self.kinds), ("channel", self.channels), ("direction", self.directions)):
            condition, parameter = narrowed(column, wanted)
            conditions += condition
            parameters |= parameter
        if self.occurred_from is not None:
            conditions.append("occurred_at >= %(occurred_from)s")
            parameters["occurred_from"] = self.occurred_from
        if self.occurred_before is not None:
            conditions.append("occurred_at < %(occurred_before)s")
            parameters["occurred_before"] = self.occurred_before
        return conditions, parameters


EVERYTHING = TimelineFilter()
