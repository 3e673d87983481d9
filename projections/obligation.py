"""The obligations: what somebody owes by when, and what became of it; one row each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Any, NamedTuple, assert_never
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.case.deadline import DeadlineMissed, DeadlineWarned, RevisionDeclined, RevisionRequested, VerdictRevised
from domain.case.terms import TermsAssigned
from domain.envelope import Recorded
from domain.event import Precision
from domain.obligation import (
    ObligationCancelled,
    ObligationEvent,
    ObligationKind,
    ObligationMet,
    ObligationOpened,
    ObligationReassigned,
    ObligationReopened,
    ObligationVerified,
)
from domain.obligation_deadlines import ObligationEscalated
from domain.stream import Category, stream_of
from ledger.database import Database
from ledger.ledger import PersonalPlace
from projections.paging import Order, Page, Window, cut, narrowed
from projections.projection import FoldContext, Projection, key_of
from projections.reach import EVERYTHING, Reach, added


class ObligationStatus(StrEnum):
    """Where an obligation is in its life."""

    OPEN = "open"
    MET = "met"
    VERIFIED = "verified"
    """Somebody looked at its effect; whether it had one is said beside."""
    CANCELLED = "cancelled"


class ObligationView(NamedTuple):
    """What somebody owes. Instants are when things occurred, in UTC; what is said of its end is that of the latest."""

    obligation_id: UUID
    version: int
    position: int
    kind: ObligationKind
    status: ObligationStatus
    title: str
    case_id: UUID | None
    unit: str | None
    owner: str | None
    due_at: datetime | None
    due_precision: Precision | None
    due_by: datetime | None
    """The last instant that is in time: the due one, or the last of the day in the zone where it was opened."""
    opened_at: datetime
    met_at: datetime | None
    met_by: str | None
    evidence: str | None
    words_version: int | None
    verified_at: datetime | None
    verified_by: str | None
    effective: bool | None
    cancelled_at: datetime | None
    cancel_reason: str | None
    reassignments: int
    reopens: int
    escalation_level: int | None
    """How high it was brought since it was last reopened."""
    last_occurred_at: datetime
    last_recorded_at: datetime

    @property
    def stream(self) -> str:
        """The obligation's stream."""
        return stream_of(Category.OBLIGATION, self.obligation_id)

    @property
    def words_place(self) -> PersonalPlace | None:
        """Where it lies what was said when it was met, for the ledger to disclose."""
        version = self.words_version
        return None if version is None else PersonalPlace(self.stream, version, "/words", as_read=True)

    @property
    def met_late(self) -> bool:
        """Whether it was met after it was due."""
        return self.met_at is not None and self.due_by is not None and self.met_at > self.due_by

    def overdue_at(self, at: datetime) -> bool:
        """Whether it is open, and was due before an instant."""
        return self.status is ObligationStatus.OPEN and self.due_by is not None and self.due_by < at


def keys(recorded: Recorded[ObligationEvent]) -> tuple[UUID, ...]:
    """The obligation itself."""
    return (key_of(recorded.stream),)


def fold(
    view: ObligationView | None, recorded: Recorded[ObligationEvent], context: FoldContext
) -> ObligationView | None:
    """The obligation after an event, in whatever order history has them; before its opening there is none."""
    event, at = recorded.event, recorded.occurred_at
    if view is None:
        return _opened(event, recorded, context.key) if isinstance(event, ObligationOpened) else None
    changed = partial(
        view._replace,
        version=recorded.version,
        position=recorded.position,
        last_occurred_at=max(view.last_occurred_at, at),
        last_recorded_at=recorded.recorded_at,
    )
    match event:
        case ObligationOpened():
            return changed()
        case ObligationReassigned():
            return changed(unit=event.unit, owner=event.owner, reassignments=view.reassignments + 1)
        case ObligationMet():
            said = None if event.words is None else recorded.version
            met = _endless(changed(status=ObligationStatus.MET))
            return met._replace(met_at=at, met_by=event.by, evidence=event.evidence, words_version=said)
        case ObligationVerified():
            return changed(
                status=ObligationStatus.VERIFIED, verified_at=at, verified_by=event.by, effective=event.effective
            )
        case ObligationCancelled():
            cancelled = _endless(changed(status=ObligationStatus.CANCELLED))
            return cancelled._replace(cancelled_at=at, cancel_reason=event.reason)
        case ObligationReopened():
            return _endless(changed(status=ObligationStatus.OPEN, reopens=view.reopens + 1, escalation_level=None))
        case ObligationEscalated():
            return changed(escalation_level=max(event.level, view.escalation_level or event.level))
        case (
            TermsAssigned()
            | DeadlineWarned()
            | DeadlineMissed()
            | RevisionRequested()
            | VerdictRevised()
            | RevisionDeclined()
        ):
            return changed()  # the timers show what became of its deadlines
        case _:
            assert_never(event)


def _endless(view: ObligationView) -> ObligationView:
    """The obligation without what was said of an end that it had before."""
    return view._replace(
        met_at=None,
        met_by=None,
        evidence=None,
        words_version=None,
        verified_at=None,
        verified_by=None,
        effective=None,
        cancelled_at=None,
        cancel_reason=None,
    )


def _opened(event: ObligationOpened, recorded: Recorded[ObligationEvent], obligation_id: UUID) -> ObligationView:
    by_day = event.due_precision is Precision.DAY
    return ObligationView(
        obligation_id=obligation_id,
        version=recorded.version,
        position=recorded.position,
        kind=event.kind,
        status=ObligationStatus.OPEN,
        title=event.title,
        case_id=event.case_id,
        unit=event.unit,
        owner=event.owner,
        due_at=event.due_at,
        due_precision=event.due_precision,
        due_by=_end_of_day(event.due_at, recorded.occurred_zone) if event.due_at and by_day else event.due_at,
        opened_at=recorded.occurred_at,
        met_at=None,
        met_by=None,
        evidence=None,
        words_version=None,
        verified_at=None,
        verified_by=None,
        effective=None,
        cancelled_at=None,
        cancel_reason=None,
        reassignments=0,
        reopens=0,
        escalation_level=None,
        last_occurred_at=recorded.occurred_at,
        last_recorded_at=recorded.recorded_at,
    )


def _end_of_day(at: datetime, zone: str) -> datetime:
    """The last microsecond before the next midnight of a zone."""
    there = _zone(zone)
    tomorrow = at.astimezone(there).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), tzinfo=there).astimezone(UTC) - timedelta(microseconds=1)


@lru_cache(maxsize=1_000)
def _zone(name: str) -> ZoneInfo:
    """The zone of a name; UTC for one that this program's zone data does not have, since a fold takes every event."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return ZoneInfo("UTC")


def of_row(row: Sequence[Any]) -> ObligationView:
    """The obligation in a row of the table."""
    view = ObligationView._make(row)
    return view._replace(
        kind=ObligationKind(view.kind),
        status=ObligationStatus(view.status),
        due_precision=None if view.due_precision is None else Precision(view.due_precision),
    )


OBLIGATION: Projection[ObligationView] = Projection(
    name="obligation",
    version=2,
    reads=frozenset({Category.OBLIGATION}),
    key="obligation_id",
    columns=ObligationView._fields,
    keys=keys,
    fold=fold,
    of_row=of_row,
)

# Questions ------------------------------------------------------------------------------------------------------------

DUE = Order("due", ("due_by", "obligation_id"), ("timestamptz", "uuid"), "due_by IS NOT NULL")
"""By when they are due, for those with a date; leans on the index `due`, or on that of the filter."""
OPENED = Order("opened", ("opened_at", "obligation_id"), ("timestamptz", "uuid"))
"""By when they were opened; leans on the index `opened`."""
ORDERS: Mapping[str, Order] = MappingProxyType({order.name: order for order in (DUE, OPENED)})


@dataclass(frozen=True, slots=True)
class ObligationFilter:
    """Which obligations: those for which all of it holds; what is left empty or None asks nothing."""

    statuses: tuple[ObligationStatus, ...] = ()
    kinds: tuple[ObligationKind, ...] = ()
    unit: str | None = None
    owner: str | None = None
    case_id: UUID | None = None
    due_before: datetime | None = None
    """Due, and in time only before then."""
    overdue_at: datetime | None = None
    """Open, and due before then."""

    def condition(self) -> tuple[list[str], dict[str, Any]]:
        """What holds for the rows, with its parameters."""
        conditions, parameters = list[str](), dict[str, Any]()
        for column, wanted in (
            ("status", self.statuses),  # leans on the index status
            ("kind", self.kinds),
            ("unit", () if self.unit is None else (self.unit,)),  # leans on the index unit
            ("owner", () if self.owner is None else (self.owner,)),  # leans on the index owner
            ("case_id", () if self.case_id is None else (self.case_id,)),  # leans on the index case_id
        ):
            condition, parameter = narrowed(column, wanted)
            conditions += condition
            parameters |= parameter
        if self.due_before is not None:
            conditions.append("due_by < %(due_before)s")
            parameters["due_before"] = self.due_before
        if self.overdue_at is not None:
            conditions.append("status = 'open' AND due_by < %(overdue_at)s")
            parameters["overdue_at"] = self.overdue_at
        return conditions, parameters


# Leans on the primary key.
BY_IDS = OBLIGATION.query("SELECT {columns} FROM {table} WHERE book = %(book)s AND obligation_id = ANY(%(ids)s)")


def by_ids(database: Database, book: str, obligation_ids: Iterable[UUID]) -> dict[UUID, ObligationView]:
    """Those of some obligations that there are, by id."""
    rows = database.rows(BY_IDS, {"book": book, "ids": list(obligation_ids)})
    return {view.obligation_id: view for view in map(of_row, rows)}


def by_id(database: Database, book: str, obligation_id: UUID) -> ObligationView | None:
    """An obligation, if there is one."""
    return by_ids(database, book, [obligation_id]).get(obligation_id)


# Leans on the index case_id.
OF_CASES = OBLIGATION.query("""
SELECT {columns} FROM {table}
WHERE book = %(book)s AND case_id = ANY(%(ids)s)
ORDER BY opened_at, obligation_id
""")


def of_cases(database: Database, book: str, case_ids: Iterable[UUID]) -> dict[UUID, list[ObligationView]]:
    """What is owed for some cases, by case, oldest first; none for a case for which nothing is."""
    found: dict[UUID, list[ObligationView]] = {}
    for view in map(of_row, database.rows(OF_CASES, {"book": book, "ids": list(case_ids)})):
        if view.case_id is not None:
            found.setdefault(view.case_id, []).append(view)
    return found


EVERY_OBLIGATION = ObligationFilter()


def page(
    database: Database,
    book: str,
    window: Window,
    where: ObligationFilter = EVERY_OBLIGATION,
    reach: Reach = EVERYTHING,
) -> Page[ObligationView]:
    """The part of the obligations within reach that a window cuts. Raises: BadPlace."""
    conditions, parameters = added(*where.condition(), reach.by_case(or_unit="unit"))
    return cut(database, OBLIGATION, book, window, conditions, parameters)
