"""Movements: each time a case changed hands, from which unit or handler to which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from domain.case.escalation import CaseEscalated
from domain.case.events import (
    CaseAssigned,
    CaseDispatched,
    CaseRegistered,
    CaseTransferred,
    CaseUnassigned,
    DispatchReturned,
)
from domain.envelope import Recorded
from domain.event import Precision
from domain.stream import Category
from ledger.database import Database
from projections.journal import Journal
from projections.paging import Order, Page, Window, cut, narrowed, paged
from projections.projection import key_of
from projections.reach import EVERYTHING, Reach, added


class MovementKind(StrEnum):
    """How a case changed hands."""

    REGISTERED = "registered"
    """A unit or a handler had it from its registration."""
    DISPATCHED = "dispatched"
    RETURNED = "returned"
    TRANSFERRED = "transferred"
    ASSIGNED = "assigned"
    UNASSIGNED = "unassigned"
    ESCALATED = "escalated"
    """It was brought before a unit or somebody on a higher level."""


class Movement(NamedTuple):
    """One time that a case changed hands; what the event does not say is None."""

    position: int
    place: int
    stream: str
    version: int
    case_id: UUID
    kind: MovementKind
    occurred_at: datetime
    occurred_zone: str
    occurred_precision: Precision
    recorded_at: datetime
    from_unit: str | None
    to_unit: str | None
    from_handler: str | None
    to_handler: str | None
    reason: str | None


class Hands(NamedTuple):
    """From whom to whom."""

    kind: MovementKind
    from_unit: str | None = None
    to_unit: str | None = None
    from_handler: str | None = None
    to_handler: str | None = None
    reason: str | None = None


def entries(recorded: Recorded[Any]) -> Sequence[Movement]:
    """The movement that an event is, if it is one."""
    hands = _hands(recorded.event)
    if hands is None:
        return ()
    return (
        Movement(
            recorded.position,
            0,
            recorded.stream,
            recorded.version,
            key_of(recorded.stream),
            hands.kind,
            recorded.occurred_at,
            recorded.occurred_zone,
            recorded.occurred_precision,
            recorded.recorded_at,
            *hands[1:],
        ),
    )


def _hands(event: Any) -> Hands | None:
    match event:
        case CaseRegistered() if event.unit or event.handler:
            return Hands(MovementKind.REGISTERED, to_unit=event.unit, to_handler=event.handler)
        case CaseDispatched():
            return Hands(MovementKind.DISPATCHED, to_unit=event.unit, to_handler=event.handler)
        case DispatchReturned():
            return Hands(MovementKind.RETURNED, from_unit=event.unit, reason=event.reason)
        case CaseTransferred():
            return Hands(
                MovementKind.TRANSFERRED,
                from_unit=event.from_unit,
                to_unit=event.to_unit,
                to_handler=event.handler,
                reason=event.reason,
            )
        case CaseAssigned():
            return Hands(MovementKind.ASSIGNED, to_handler=event.handler)
        case CaseUnassigned():
            return Hands(MovementKind.UNASSIGNED, from_handler=event.handler)
        case CaseEscalated() if event.to_unit or event.to_staff:
            return Hands(MovementKind.ESCALATED, to_unit=event.to_unit, to_handler=event.to_staff, reason=event.reason)
        case _:
            return None


def of_row(row: Sequence[Any]) -> Movement:
    """The movement in a row of the table."""
    told = Movement._make(row)
    return told._replace(kind=MovementKind(told.kind), occurred_precision=Precision(told.occurred_precision))


MOVEMENT: Journal[Movement] = Journal(
    name="movement",
    version=1,
    reads=frozenset({Category.CASE}),
    columns=Movement._fields,
    of_row=of_row,
    entries=entries,
    as_written=False,
)

# Questions ------------------------------------------------------------------------------------------------------------

OCCURRED = Order("occurred", ("occurred_at", "position"), ("timestamptz", "bigint"))
"""By when they occurred; leans on the index `occurred`, or on that of the filter."""


class Period(NamedTuple):
    """A stretch of time, half-open; None is no bound."""

    since: datetime | None = None
    before: datetime | None = None

    def condition(self, column: str) -> tuple[list[str], dict[str, Any]]:
        """What holds for an instant in it, with its parameters."""
        conditions, parameters = list[str](), dict[str, Any]()
        if self.since is not None:
            conditions.append(f"{column} >= %(since)s")
            parameters["since"] = self.since
        if self.before is not None:
            conditions.append(f"{column} < %(before)s")
            parameters["before"] = self.before
        return conditions, parameters


ALWAYS = Period()


@dataclass(frozen=True, slots=True)
class MovementFilter:
    """Which movements: those for which all of it holds; what is left empty or None asks nothing."""

    case_id: UUID | None = None
    kinds: tuple[MovementKind, ...] = ()
    from_unit: str | None = None
    to_unit: str | None = None
    handler: str | None = None
    """Who had the case before or after."""
    period: Period = ALWAYS

    def condition(self) -> tuple[list[str], dict[str, Any]]:
        """What holds for the rows, with its parameters."""
        conditions, parameters = self.period.condition("occurred_at")
        for column, wanted in (
            ("case_id", () if self.case_id is None else (self.case_id,)),  # leans on the index case_id
            ("kind", self.kinds),  # leans on the index kind
            ("from_unit", () if self.from_unit is None else (self.from_unit,)),  # leans on the index from_unit
            ("to_unit", () if self.to_unit is None else (self.to_unit,)),  # leans on the index to_unit
        ):
            condition, parameter = narrowed(column, wanted)
            conditions += condition
            parameters |= parameter
        if self.handler is not None:
            conditions.append("%(handler)s IN (from_handler, to_handler)")
            parameters["handler"] = self.handler
        return conditions, parameters


EVERY_MOVEMENT = MovementFilter()


def page(
    database: Database, book: str, window: Window, where: MovementFilter = EVERY_MOVEMENT, reach: Reach = EVERYTHING
) -> Page[Movement]:
    """The part of the book's movements within reach that a window cuts. Raises: BadPlace, LedgerAway."""
    conditions, parameters = added(*where.condition(), reach.by_case())
    return cut(database, MOVEMENT, book, window, conditions, parameters)


# Leans on the index case_id, once a case.
PAGES = """
SELECT moved.*
FROM unnest(%(ids)s::uuid[]) AS wanted(id)
CROSS JOIN LATERAL (
  SELECT {columns} FROM {table}
  WHERE book = %(book)s AND case_id = wanted.id AND """


def pages_of(database: Database, book: str, case_ids: Sequence[UUID], window: Window) -> dict[UUID, Page[Movement]]:
    """For each case the page that a window cuts from its movements, in one statement. Raises: BadPlace, LedgerAway."""
    conditions, places = window.condition()
    query = MOVEMENT.query(PAGES) + " AND ".join(conditions)
    query += f"\n  ORDER BY {window.ordering()}\n  LIMIT %(limit)s\n) AS moved"
    found: dict[UUID, list[Movement]] = {case_id: [] for case_id in case_ids}
    for row in database.rows(query, {"book": book, "ids": list(case_ids), **places, "limit": window.limit + 1}):
        moved = of_row(row)
        found[moved.case_id].append(moved)
    return {case_id: paged(told, window) for case_id, told in found.items()}
