"""The audit trail: one row an event, as it was written, with all of its envelope that an auditor asks by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

from domain.amendment import AMENDMENTS
from domain.book import ViewCompared
from domain.envelope import ActorKind, Recorded, RegisterNumber, Source
from domain.event import Event, Precision
from domain.stream import Category, category_of, stream_of, subject_of
from domain.topics import EVENTS
from ledger.database import Database
from projections.journal import Journal
from projections.paging import Order, Page, Window, cut, narrowed, paged
from projections.projection import key_of

DAY = timedelta(days=1)


class Override(StrEnum):
    """What goes beside the ordinary course of things, or asks for that."""

    BACK_DATED = "back-dated"
    """It was recorded long after it occurred, and no source had it written down before."""
    CORRECTION_REQUESTED = "correction-requested"
    CORRECTION_APPROVED = "correction-approved"
    VOID_REQUESTED = "void-requested"
    VOID_APPROVED = "void-approved"
    PAUSE_REQUESTED = "pause-requested"
    """A pause on no listed ground was asked for."""
    PAUSE_APPROVED = "pause-approved"
    EXTENSION_REQUESTED = "extension-requested"
    """More time was asked for."""
    EXTENSION_APPROVED = "extension-approved"
    """More time was given, in time or after the due."""
    LATE_APPROVAL = "late-approval"
    """More time was given after the due had passed; the deadline stays missed."""
    REASSIGNMENT_REQUESTED = "reassignment-requested"
    """It was asked that another policy hold for a case."""
    REASSIGNMENT_APPROVED = "reassignment-approved"
    REVISION_REQUESTED = "revision-requested"
    """It was asked that a verdict be read otherwise."""
    REVISION_APPROVED = "revision-approved"
    OWN_APPROVAL = "own-approval"
    """Somebody approved what they had asked for themselves, as the book allows."""
    SELF_APPROVAL_ALLOWED = "self-approval-allowed"
    """The book was told to let people approve what they ask for themselves."""
    VIEW_DIFFERS = "view-differs"
    """A view was compared with its events and was something else; whoever compared found it."""
    DEPARTURE = "departure"
    """It left the declared life."""


OF_NAMES: Mapping[str, Override] = MappingProxyType({
    "correction-requested": Override.CORRECTION_REQUESTED,
    "event-corrected": Override.CORRECTION_APPROVED,
    "void-requested": Override.VOID_REQUESTED,
    "event-voided": Override.VOID_APPROVED,
    "pause-requested": Override.PAUSE_REQUESTED,
    "pause-approved": Override.PAUSE_APPROVED,
    "extension-requested": Override.EXTENSION_REQUESTED,
    "extension-approved": Override.EXTENSION_APPROVED,
    "policy-reassignment-requested": Override.REASSIGNMENT_REQUESTED,
    "policy-reassigned": Override.REASSIGNMENT_APPROVED,
    "revision-requested": Override.REVISION_REQUESTED,
    "verdict-revised": Override.REVISION_APPROVED,
    "self-approval-allowed": Override.SELF_APPROVAL_ALLOWED,
})  # fmt: skip
OF_TOPICS: Mapping[str, Override] = MappingProxyType({
    event.TOPIC: OF_NAMES[name] for event in EVENTS if (name := event.TOPIC.rpartition(".")[0]) in OF_NAMES
})  # fmt: skip
"""Events that are overrides by themselves, whatever the version of their schema."""
APPROVALS = (
    Override.CORRECTION_APPROVED,
    Override.VOID_APPROVED,
    Override.PAUSE_APPROVED,
    Override.EXTENSION_APPROVED,
    Override.REASSIGNMENT_APPROVED,
    Override.REVISION_APPROVED,
)
PUBLICATIONS = tuple(
    event.TOPIC
    for event in EVENTS
    if event.TOPIC.rpartition(".")[0] in {"calendar-published", "policy-published", "policy-withdrawn"}
)
"""Approvals in the ordinary course: overrides only where somebody approved what they had asked for themselves."""


WORKED_OUT = frozenset({Override.BACK_DATED, Override.OWN_APPROVAL, Override.LATE_APPROVAL})
"""Overrides that no event shows by itself: a span is asked for, or the request or the clocks are looked at."""


class AuditEntry(NamedTuple):
    """An event with what an auditor asks by. It holds no personal value, nor what happened in full: the event does."""

    position: int
    place: int
    stream: str
    version: int
    category: str
    topic: str
    case_id: UUID | None
    """The case that it is about or names."""
    customer_id: UUID | None
    """The customer whom it is about or names."""
    recorded_at: datetime
    occurred_at: datetime
    occurred_zone: str
    occurred_precision: Precision
    source_recorded_at: datetime | None
    back_dated_seconds: int | None
    """How long after it occurred it was recorded; None when not at all, or when a source had it before."""
    series: str | None
    number: int | None
    actor: str
    actor_kind: ActorKind
    unit: str | None
    role: str | None
    claim: str | None
    on_behalf_of: str | None
    door: str
    program: str
    command_id: UUID
    correlation_id: UUID
    causation_id: UUID | None
    basis: int | None
    source_digest: str | None
    source_line: int | None
    departures: tuple[str, ...]
    overrides: tuple[Override, ...]
    """Those that the event alone shows; `WORKED_OUT` are others."""
    about_version: int | None
    """The version that a request or an amendment is about."""
    request_version: int | None
    """The request that a decision decides."""
    requested_by: str | None
    """Who asked, as the event has it."""
    decided_by: str | None
    """Who approved, declined or decided, as the event has it."""

    @property
    def register(self) -> RegisterNumber | None:
        """The number that the event gave, if it gave one."""
        return None if self.series is None or self.number is None else RegisterNumber(self.series, self.number)

    @property
    def approves(self) -> bool:
        """Whether it approved what somebody had asked for."""
        return self.topic in PUBLICATIONS or not set(self.overrides).isdisjoint(APPROVALS)

    @property
    def source(self) -> Source | None:
        """Where it was read, when it was imported."""
        if self.source_digest is None or self.source_line is None:
            return None
        return Source(self.source_digest, self.source_line)


NAMED = ("case_id", "customer_id", "requested_by")
REQUESTS = ("request", "proposal")
OF_AMENDMENTS = ("version",)
DECIDERS = ("approved_by", "declined_by", "decided_by")


class _Told(NamedTuple):
    """Which fields of an event the audit trail shows."""

    fields: tuple[str, ...]
    request: str | None
    """The one that says which request was decided."""
    decider: str | None
    """The one that says who decided."""


@cache
def _told_by(event: type[Event]) -> _Told:
    names = (*NAMED, *OF_AMENDMENTS) if event in AMENDMENTS else NAMED
    there = event.model_fields
    return _Told(
        tuple(name for name in names if name in there),
        next((name for name in REQUESTS if name in there), None),
        next((name for name in DECIDERS if name in there), None),
    )


def entries(recorded: Recorded[Any]) -> tuple[AuditEntry, ...]:
    """The one row of an event."""
    event, metadata = recorded.event, recorded.metadata
    actor, source, register = metadata.actor, metadata.source, recorded.register
    category = category_of(recorded.stream)
    kind: type[Event] = type(event)
    names, request, decider = _told_by(kind)
    told = {name: getattr(event, name) for name in names}
    if category in {Category.CASE, Category.CUSTOMER}:
        told[f"{category}_id"] = key_of(recorded.stream)
    override = _override(event)
    overrides = () if override is None else (override,)
    return (
        AuditEntry(
            recorded.position,
            0,
            recorded.stream,
            recorded.version,
            category,
            event.TOPIC,
            told.get("case_id"),
            told.get("customer_id"),
            recorded.recorded_at,
            recorded.occurred_at,
            recorded.occurred_zone,
            recorded.occurred_precision,
            recorded.source_recorded_at,
            _back_dated_seconds(recorded),
            register.series if register else None,
            register.number if register else None,
            actor.name,
            actor.kind,
            actor.unit,
            actor.role,
            actor.claim,
            actor.on_behalf_of,
            metadata.channel,
            metadata.program,
            metadata.command,
            metadata.correlation,
            metadata.causation,
            metadata.basis,
            source.digest if source else None,
            source.line if source else None,
            metadata.departures,
            (*overrides, Override.DEPARTURE) if metadata.departures else overrides,
            told.get("version"),
            None if request is None else getattr(event, request),
            told.get("requested_by"),
            None if decider is None else getattr(event, decider),
        ),
    )


def _override(event: Event) -> Override | None:
    if isinstance(event, ViewCompared):
        return Override.VIEW_DIFFERS if event.anomalous else None
    return OF_TOPICS.get(event.TOPIC)


def _back_dated_seconds(recorded: Recorded[Any]) -> int | None:
    """Of a day, from its end at the latest: nobody said when in the day it was."""
    if recorded.source_recorded_at is not None:
        return None
    delay = recorded.recorded_at - recorded.occurred_at
    if recorded.occurred_precision is Precision.DAY:
        delay -= DAY
    seconds = delay // timedelta(seconds=1)
    return seconds if seconds > 0 else None


def of_row(row: Sequence[Any]) -> AuditEntry:
    """The entry in a row of the table."""
    told = AuditEntry(*row)
    return told._replace(
        occurred_precision=Precision(told.occurred_precision),
        actor_kind=ActorKind(told.actor_kind),
        departures=tuple(told.departures),
        overrides=tuple(map(Override, told.overrides)),
    )


AUDIT_TRAIL: Journal[AuditEntry] = Journal(
    name="audit_trail",
    version=3,
    reads=frozenset(Category),
    columns=AuditEntry._fields,
    of_row=of_row,
    entries=entries,
    as_written=True,
)

# Questions ------------------------------------------------------------------------------------------------------------

POSITION = Order("position", ("position",), ("bigint",))
"""As the book has them, which is by when they were recorded as well; leans on the primary key, or on that of the
filter."""
OCCURRED = Order("occurred", ("occurred_at", "position"), ("timestamptz", "bigint"))
"""By when they occurred; leans on the index `occurred`."""
ORDERS: Mapping[str, Order] = MappingProxyType({order.name: order for order in (POSITION, OCCURRED)})

SUBJECT = "stream = %(subject)s"  # leans on the index stream
NAMING: Mapping[Category, str] = MappingProxyType({
    Category.CASE: "case_id = %(subject_id)s AND category <> 'case'",  # leans on the index case
    Category.CUSTOMER: "customer_id = %(subject_id)s AND category <> 'customer'",  # leans on the index customer
})  # fmt: skip
# No record was heard before the one in front of it, so a time of recording is a place in the book: found once, by the
# index recorded, it narrows down whatever index the rest of the question leans on.
HEARD_FROM = """
coalesce((SELECT heard.position FROM {table} heard
          WHERE heard.book = %(book)s AND heard.recorded_at >= %(recorded_from)s
          ORDER BY heard.recorded_at, heard.position LIMIT 1), 9223372036854775807)
"""
HEARD_BEFORE = HEARD_FROM.replace("recorded_from", "recorded_before")
# The request stands in the same stream; leans on the index stream.
OWN_APPROVAL = """
((overrides && %(approvals)s OR topic = ANY(%(publications)s)) AND decided_by = coalesce(requested_by, (
   SELECT asked.requested_by FROM {table} asked
   WHERE asked.book = %(book)s AND asked.stream = audit_trail.stream AND asked.version = audit_trail.request_version
)))
"""
# Whether more time was given in time is for the clocks to say: of an extension they keep the version of the approval,
# and whether it came after the due. Leans on the primary key of the timers.
LATE_APPROVAL = """
(overrides @> ARRAY['extension-approved'] AND EXISTS (
   SELECT FROM views.sla_timer AS timed
   WHERE timed.book = %(book)s AND timed.stream = audit_trail.stream
   AND jsonb_path_exists(timed.extensions, 'strict $[*] ? (@[1] == $version && @[3] == true)',
                         jsonb_build_object('version', audit_trail.version))
))
"""
OWN_APPROVALS: Mapping[str, Any] = MappingProxyType({"approvals": list(APPROVALS), "publications": list(PUBLICATIONS)})
"""The parameters of those conditions."""
ADMINISTRATION = "(role = 'administrator' OR category IN ('access', 'book', 'calendar', 'import', 'policy'))"
"""What was done in the role of an administrator, or to what belongs to the book as a whole: its standards, its rules of
approval, what came into it in bulk, and who had masked values shown; as the index administration has it."""


class Recording(NamedTuple):
    """A span of the ledger's own time, by when events were recorded; None is without a bound."""

    begin: datetime | None = None
    """Recorded then or later."""
    end: datetime | None = None
    """Recorded earlier than then."""

    def condition(self) -> tuple[list[str], dict[str, Any]]:
        """What holds for the rows inside, with its parameters."""
        conditions, parameters = list[str](), dict[str, Any]()
        if self.begin is not None:
            conditions.append("position >= " + AUDIT_TRAIL.query(HEARD_FROM))
            parameters["recorded_from"] = self.begin
        if self.end is not None:
            conditions.append("position < " + AUDIT_TRAIL.query(HEARD_BEFORE))
            parameters["recorded_before"] = self.end
        return conditions, parameters


ALWAYS = Recording()


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which events: those for which all of it holds; what is left empty or None asks nothing."""

    subject: str | None = None
    """About the subject of this stream: its own events, and those that name it."""
    actor: str | None = None
    actor_kinds: tuple[ActorKind, ...] = ()
    roles: tuple[str, ...] = ()
    categories: tuple[Category, ...] = ()
    topics: tuple[str, ...] = ()
    doors: tuple[str, ...] = ()
    recording: Recording = ALWAYS
    occurred_from: datetime | None = None
    """Occurred then or later."""
    occurred_before: datetime | None = None
    """Occurred earlier than then."""
    departed: bool = False
    """Only those that left the declared life."""
    departures: tuple[str, ...] = ()
    """Only those that left it in one of these steps."""
    overriding: bool = False
    """Only overrides of any sort."""
    overrides: tuple[Override, ...] = ()
    """Only overrides of one of these sorts."""
    back_dated_over: timedelta = DAY
    """What counts as back-dated."""
    administration: bool = False
    """Only what administrators did, and what touches the book as a whole."""
    upto: int | None = None
    """The last position that is looked at."""

    def condition(self) -> tuple[list[str], dict[str, Any]]:
        """What holds for the rows, with its parameters."""
        conditions, parameters = self.recording.condition()
        for column, wanted in (
            ("actor", () if self.actor is None else (self.actor,)),  # leans on the index actor
            ("actor_kind", self.actor_kinds),
            ("role", self.roles),
            ("category", self.categories),
            ("topic", self.topics),
            ("door", self.doors),
        ):
            condition, parameter = narrowed(column, wanted)
            conditions += condition
            parameters |= parameter
        for told, (conditions_told, parameters_told) in (
            (self.subject, self._about()),
            (self.occurred_from, (["occurred_at >= %(occurred_from)s"], {"occurred_from": self.occurred_from})),
            (self.occurred_before, (["occurred_at < %(occurred_before)s"], {"occurred_before": self.occurred_before})),
            (self.departed or self.departures, self._departed()),
            (self.overriding or self.overrides, self._overriding()),
            (self.administration, ([ADMINISTRATION], {})),
            (self.upto is not None, (["position <= %(upto)s"], {"upto": self.upto})),
        ):
            if told:
                conditions += conditions_told
                parameters |= parameters_told
        return conditions, parameters

    def _about(self) -> tuple[list[str], dict[str, Any]]:
        subject = self.subject or ""
        naming = NAMING.get(Category(category_of(subject))) if subject else None
        if naming is None:
            return [SUBJECT], {"subject": subject}
        return [f"({SUBJECT} OR ({naming}))"], {"subject": subject, "subject_id": subject_of(subject)}

    def _departed(self) -> tuple[list[str], dict[str, Any]]:
        conditions = ["departures <> '{}'"]  # as the index departed has it
        if not self.departures:
            return conditions, {}
        return [*conditions, "departures && %(departures)s"], {"departures": list(self.departures)}

    def _overriding(self) -> tuple[list[str], dict[str, Any]]:
        told = set(self.overrides)
        alone = [kind for kind in told if kind not in WORKED_OUT]
        any_of = ["overrides <> '{}'"] if not told else ["overrides && %(overrides)s"] if alone else []
        if not told or Override.BACK_DATED in told:
            any_of.append("back_dated_seconds >= %(back_dated_seconds)s")
        if not told or Override.OWN_APPROVAL in told:
            any_of.append(AUDIT_TRAIL.query(OWN_APPROVAL))
        if Override.LATE_APPROVAL in told:  # whatever is one is an approved extension as well
            any_of.append(LATE_APPROVAL)
        parameters = {"overrides": alone, **OWN_APPROVALS, **seconds_of(self.back_dated_over)}
        return [f"({' OR '.join(any_of)})", *overridden(self.back_dated_over)], parameters


def seconds_of(back_dated_over: timedelta) -> dict[str, Any]:
    """The parameter that says what counts as back-dated; seconds, rounded up."""
    return {"back_dated_seconds": -(-back_dated_over // timedelta(seconds=1))}


def overridden(back_dated_over: timedelta) -> list[str]:
    """The condition of the index overridden, where it holds for all that is asked: a day or more counts."""
    if back_dated_over < DAY:
        return []
    return ["(overrides <> '{}' OR back_dated_seconds >= 86400 OR category IN ('calendar', 'policy'))"]


EVERYTHING = AuditFilter()


def page(database: Database, book: str, window: Window, where: AuditFilter = EVERYTHING) -> Page[AuditEntry]:
    """The part of the entries that a window cuts. Raises: BadPlace, LedgerAway."""
    conditions, parameters = where.condition()
    return cut(database, AUDIT_TRAIL, book, window, conditions, parameters)


# Leans on the indexes stream, case and customer, once a subject; what is about one subject is little, and is sorted.
PAGES = """
SELECT wanted.subject, entries.*
FROM unnest(%(subjects)s::text[], %(ids)s::uuid[]) AS wanted(subject, id)
CROSS JOIN LATERAL (
  SELECT {columns} FROM {table}
  WHERE book = %(book)s AND """


def pages_about(
    database: Database, book: str, category: Category, ids: Sequence[UUID], window: Window
) -> dict[UUID, Page[AuditEntry]]:
    """For each of some subjects the page that a window cuts from what is about them. Raises: BadPlace, LedgerAway."""
    about = f"({SUBJECT} OR ({NAMING[category]}))" if category in NAMING else SUBJECT
    about = about.replace("%(subject)s", "wanted.subject").replace("%(subject_id)s", "wanted.id")
    conditions, places = window.condition()
    query = AUDIT_TRAIL.query(PAGES) + " AND ".join([about, *conditions])
    query += f"\n  ORDER BY {window.ordering()}\n  LIMIT %(limit)s\n) AS entries"
    subjects = {stream_of(category, each): each for each in ids}
    asked = {"subjects": list(subjects), "ids": list(subjects.values()), "limit": window.limit + 1}
    found: dict[UUID, list[AuditEntry]] = {each: [] for each in ids}
    for subject, *row in database.rows(query, {"book": book, **asked, **places}):
        found[subjects[subject]].append(of_row(row))
    return {each: paged(told, window) for each, told in found.items()}
