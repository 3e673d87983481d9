"""The case file: where each case stands now, one row a case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Any
from uuid import UUID

from domain.case.events import (
    CaseAssigned,
    CaseAttributesRecorded,
    CaseChannelChanged,
    CaseClassified,
    CaseClosed,
    CaseCustomerChanged,
    CaseDispatched,
    CaseEvent,
    CaseKind,
    CasePaused,
    CasePrioritised,
    CaseReceived,
    CaseRegistered,
    CaseReopened,
    CaseResolved,
    CaseResumed,
    CaseTransferred,
    CaseUnassigned,
    DispatchReturned,
    PauseGround,
    Priority,
    ResponseSent,
    WorkStarted,
)
from domain.case.state import Status
from domain.channel import Channel
from domain.envelope import Recorded, RegisterNumber
from domain.stream import Category
from ledger.database import Database
from projections.case_course import OF_A_CYCLE, changes
from projections.case_row import NOTHING_YET, CaseFile, OpenLoop, OpenPause, of_row
from projections.paging import Order, Page, Window, cut, narrowed
from projections.projection import FoldContext, Projection, key_of
from projections.reach import EVERYTHING, Reach, added

__all__ = ["CaseFile", "OpenPause", "of_row"]
# The row is part of what this view is, though it has a module of its own.


def keys(recorded: Recorded[CaseEvent]) -> tuple[UUID, ...]:
    """The case itself."""
    return (key_of(recorded.stream),)


def fold(view: CaseFile | None, recorded: Recorded[CaseEvent], context: FoldContext) -> CaseFile | None:
    """The case file after an event, in whatever order history has them; before its receipt there is none."""
    if view is None:
        event = recorded.event
        return _received(event, recorded, context.key) if isinstance(event, CaseReceived) else None
    after = _after(view, recorded)
    status = _status(after)
    return after if status is after.status else after._replace(status=status)


def _received(event: CaseReceived, recorded: Recorded[CaseEvent], case_id: UUID) -> CaseFile:
    return NOTHING_YET._replace(
        case_id=case_id,
        version=recorded.version,
        position=recorded.position,
        kind=event.kind,
        customer_id=event.customer_id,
        channel=event.channel,
        touchpoint_id=event.touchpoint_id,
        source_key=event.source_key,
        received_by=event.received_by,
        words_version=None if event.words is None else recorded.version,
        received_at=recorded.occurred_at,
        received_precision=recorded.occurred_precision,
        departures=_departures((), recorded.metadata.departures),
        last_occurred_at=recorded.occurred_at,
        last_recorded_at=recorded.recorded_at,
    )


def _after(view: CaseFile, recorded: Recorded[CaseEvent]) -> CaseFile:  # noqa: C901  one flat case an event
    event, at = recorded.event, recorded.occurred_at
    # One copy for most events: what every event changes is bound here, what this one changes is named below.
    changed = partial(
        view._replace,
        version=recorded.version,
        position=recorded.position,
        departures=_departures(view.departures, recorded.metadata.departures),
        last_occurred_at=max(view.last_occurred_at, at),
        last_recorded_at=recorded.recorded_at,
    )
    match event:
        case CaseReceived():
            return changed()
        case CaseRegistered():
            return _registered(changed(), event, recorded)
        case CaseClassified(category=category, subcategory=subcategory, symptom=symptom, taxonomy=taxonomy):
            return changed(category=category, subcategory=subcategory, symptom=symptom, taxonomy=taxonomy)
        case CasePrioritised():
            return changed(priority=event.priority, impact=event.impact, urgency=event.urgency)
        case CaseDispatched():
            first, count = _earlier(view.dispatched_at, at), view.dispatches + 1
            return _moved(changed(dispatched_at=first, dispatches=count), event.unit, event.handler)
        case DispatchReturned():
            return _moved(changed(returns=view.returns + 1), None, None)
        case CaseTransferred():
            return _moved(changed(transfers=view.transfers + 1), event.to_unit, event.handler)
        case CaseAssigned():
            return changed(handler=event.handler, assignments=view.assignments + 1)
        case CaseUnassigned():
            return changed(handler=None)
        case WorkStarted():
            return changed(work_started_at=view.work_started_at or at)
        case CasePaused():
            return _paused(changed(pauses=view.pauses + 1), event.ground, at)
        case CaseResumed():
            return changed(open_pauses=tuple(pause for pause in view.open_pauses if pause.ground != event.ground))
        case ResponseSent():
            return changed(responses=view.responses + 1, first_response_at=_earlier(view.first_response_at, at))
        case CaseResolved():
            return _resolved(changed(), event, at)
        case CaseReopened():
            return _reopened(changed(reopens=view.reopens + 1))
        case CaseClosed():
            return changed(closed_at=at, closing_code=event.code)
        case CaseCustomerChanged():
            return changed(customer_id=event.customer_id)
        case CaseChannelChanged():
            return changed(channel=event.channel)
        case CaseAttributesRecorded():
            return changed(attributes={**view.attributes, **{told.name: told.value for told in event.attributes}})
        case _:
            return changed(**changes(view, event, at))


def _registered(view: CaseFile, event: CaseRegistered, recorded: Recorded[CaseEvent]) -> CaseFile:
    """A case keeps its first number. A registration that names no unit takes the case from none."""
    held = view._replace(unit=event.unit or view.unit, handler=event.handler or view.handler)
    if view.registered_at is not None:
        return held
    series, number = recorded.register or (None, None)
    return held._replace(series=series, number=number, registered_at=recorded.occurred_at)


def _moved(view: CaseFile, unit: str | None, handler: str | None) -> CaseFile:
    counted = 0 if view.registered_at is None else 1
    return view._replace(unit=unit, handler=handler, unit_changes=view.unit_changes + counted)


def _paused(view: CaseFile, ground: PauseGround, at: datetime) -> CaseFile:
    """A ground that is open already stays open since it was first."""
    if any(pause.ground == ground for pause in view.open_pauses):
        return view
    return view._replace(open_pauses=(*view.open_pauses, OpenPause(ground, at)))


def _resolved(view: CaseFile, event: CaseResolved, at: datetime) -> CaseFile:
    return view._replace(
        resolved_at=at,
        resolved_by=event.resolved_by,
        outcome=event.outcome,
        resolution_code=event.code,
        redress_minor_units=event.redress.minor_units if event.redress else None,
        redress_currency=event.redress.currency if event.redress else None,
    )


def _reopened(view: CaseFile) -> CaseFile:
    return view._replace(
        work_started_at=None,
        resolved_at=None,
        resolved_by=None,
        outcome=None,
        resolution_code=None,
        redress_minor_units=None,
        redress_currency=None,
        closed_at=None,
        closing_code=None,
        **OF_A_CYCLE,
    )


def _status(view: CaseFile) -> Status:
    """The latest stage reached, and paused while any ground is open; a reopened case is back in progress at once."""
    if view.merged_into is not None:
        return Status.MERGED
    if view.closed_at is not None:
        return Status.CLOSED
    if view.withdrawn_at is not None:
        return Status.WITHDRAWN
    if view.resolved_at is not None:
        return Status.RESOLVED
    if view.open_pauses:
        return Status.PAUSED
    if view.work_started_at is not None or view.reopens:
        return Status.IN_PROGRESS
    return Status.RECEIVED if view.registered_at is None else Status.REGISTERED


def _earlier(known: datetime | None, told: datetime) -> datetime:
    return told if known is None else min(known, told)


def _departures(known: tuple[str, ...], told: tuple[str, ...]) -> tuple[str, ...]:
    return known if not told else tuple(sorted({*known, *told}))


CASE_FILE: Projection[CaseFile] = Projection(
    name="case_file",
    version=1,
    reads=frozenset({Category.CASE}),
    key="case_id",
    columns=CaseFile._fields,
    keys=keys,
    fold=fold,
    of_row=of_row,
)

# Questions ------------------------------------------------------------------------------------------------------------

RECEIVED = Order("received", ("received_at", "case_id"), ("timestamptz", "uuid"))
"""By when they were received; leans on the index `received`, or on that of the filter."""
NUMBER = Order("number", ("series", "number"), ("text", "integer"), "series IS NOT NULL")
"""By register number, registered cases only; leans on the index `number`."""
ACTIVITY = Order("activity", ("last_occurred_at", "case_id"), ("timestamptz", "uuid"))
"""By the latest thing that happened; leans on the index `activity`."""
ORDERS: Mapping[str, Order] = MappingProxyType({order.name: order for order in (RECEIVED, NUMBER, ACTIVITY)})


# As `CaseFile.open_loops` has it.
OWED: Mapping[OpenLoop, str] = MappingProxyType({
    OpenLoop.FEEDBACK: "resolved_at IS NOT NULL AND feedback_at IS NULL AND status NOT IN ('withdrawn', 'merged')",
    OpenLoop.FOLLOW_UP: "closed_at IS NOT NULL AND follow_up_at IS NULL AND status NOT IN ('withdrawn', 'merged')",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which cases: those for which all of it holds; what is left empty or None asks nothing."""

    statuses: tuple[Status, ...] = ()
    kinds: tuple[CaseKind, ...] = ()
    channels: tuple[Channel, ...] = ()
    priorities: tuple[Priority, ...] = ()
    categories: tuple[str, ...] = ()
    open_loops: tuple[OpenLoop, ...] = ()
    """Cases whose customers are owed any of these."""
    unit: str | None = None
    units: frozenset[str] | None = None
    """Cases that any of these holds; None asks nothing."""
    handler: str | None = None
    customer_id: UUID | None = None
    received_from: datetime | None = None
    """Received then or later."""
    received_before: datetime | None = None
    """Received earlier than then."""

    def condition(self) -> tuple[list[str], dict[str, Any]]:
        """What holds for the rows, with its parameters."""
        conditions, parameters = list[str](), dict[str, Any]()
        for column, wanted in (
            ("status", self.statuses),  # leans on the index status
            ("kind", self.kinds),  # leans on the index kind
            ("channel", self.channels),  # leans on the index channel
            ("priority", self.priorities),  # leans on the index priority
            ("category", self.categories),  # leans on the index category
            ("unit", () if self.unit is None else (self.unit,)),  # leans on the index unit
            ("handler", () if self.handler is None else (self.handler,)),  # leans on the index handler
            ("customer_id", () if self.customer_id is None else (self.customer_id,)),  # leans on the index customer
        ):
            condition, parameter = narrowed(column, wanted)
            conditions += condition
            parameters |= parameter
        if self.units is not None:  # leans on the index unit
            conditions.append("unit = ANY(%(units)s)")
            parameters["units"] = list(self.units)
        if self.open_loops:
            conditions.append(f"({' OR '.join(OWED[loop] for loop in self.open_loops)})")
        if self.received_from is not None:
            conditions.append("received_at >= %(received_from)s")
            parameters["received_from"] = self.received_from
        if self.received_before is not None:
            conditions.append("received_at < %(received_before)s")
            parameters["received_before"] = self.received_before
        return conditions, parameters

    def holds(self, case: CaseFile) -> bool:
        """Whether it holds for a case: `condition`, for one that was never in the table as it is here."""
        any_of = (
            (self.statuses, case.status),
            (self.kinds, case.kind),
            (self.channels, case.channel),
            (self.priorities, case.priority),
            (self.categories, case.category),
        )
        the_one = ((self.unit, case.unit), (self.handler, case.handler), (self.customer_id, case.customer_id))
        return (
            all(not wanted or found in wanted for wanted, found in any_of)
            and all(wanted is None or found == wanted for wanted, found in the_one)
            and (self.units is None or case.unit in self.units)
            and (not self.open_loops or not set(self.open_loops).isdisjoint(case.open_loops))
            and (self.received_from is None or case.received_at >= self.received_from)
            and (self.received_before is None or case.received_at < self.received_before)
        )


# Leans on the primary key.
BY_IDS = CASE_FILE.query("SELECT {columns} FROM {table} WHERE book = %(book)s AND case_id = ANY(%(ids)s)")


def by_ids(database: Database, book: str, case_ids: Iterable[UUID]) -> dict[UUID, CaseFile]:
    """Those of some cases that there are, by id."""
    rows = database.rows(BY_IDS, {"book": book, "ids": list(case_ids)})
    return {view.case_id: view for view in map(of_row, rows)}


def by_id(database: Database, book: str, case_id: UUID) -> CaseFile | None:
    """A case, if there is one."""
    return by_ids(database, book, [case_id]).get(case_id)


# Leans on the index number.
BY_NUMBER = CASE_FILE.query("""
SELECT {columns} FROM {table}
WHERE book = %(book)s AND series = %(series)s AND number = %(number)s
""")


def by_number(database: Database, book: str, number: RegisterNumber) -> CaseFile | None:
    """The case with a register number, such as C2026-000123."""
    rows = database.rows(BY_NUMBER, {"book": book, "series": number.series, "number": number.number})
    return of_row(rows[0]) if rows else None


# Leans on the index source_key.
BY_SOURCE_KEY = CASE_FILE.query("""
SELECT {columns} FROM {table}
WHERE book = %(book)s AND source_key = %(source_key)s
ORDER BY received_at, case_id
""")


def by_source_key(database: Database, book: str, source_key: str) -> list[CaseFile]:
    """The cases with a key in the system they came from, oldest first; more than one when two systems share it."""
    return [of_row(row) for row in database.rows(BY_SOURCE_KEY, {"book": book, "source_key": source_key})]


EVERY_CASE = CaseFilter()

# Leans on the index unit, and for those that no unit holds on the index status.
HELD_BY = CASE_FILE.query("""
SELECT {columns} FROM {table}
WHERE book = %(book)s AND (unit = ANY(%(units)s) OR (%(unheld)s AND unit IS NULL)) AND status = ANY(%(statuses)s)
""")


def held_by(
    database: Database, book: str, units: Iterable[str], statuses: Iterable[Status], *, unheld: bool = False
) -> list[CaseFile]:
    """The cases that some units hold, or nobody does, and that are somewhere in their life. Raises: LedgerAway."""
    asked = {"book": book, "units": list(units), "unheld": unheld, "statuses": [each.value for each in statuses]}
    return [of_row(row) for row in database.rows(HELD_BY, asked)]


def page(
    database: Database, book: str, window: Window, where: CaseFilter = EVERY_CASE, reach: Reach = EVERYTHING
) -> Page[CaseFile]:
    """The part of the cases within reach that a window cuts. Raises: BadPlace."""
    conditions, parameters = added(*where.condition(), reach.cases())
    return cut(database, CASE_FILE, book, window, conditions, parameters)
