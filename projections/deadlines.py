"""Questions to the timers: what is due soon, what is overdue, what was missed in a period, and the clocks of a case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

import psycopg

from domain.sla.clock import State
from domain.sla.policy import SubjectKind, TargetKind
from ledger.database import Database
from projections.as_known import KNOWN
from projections.movement import ALWAYS, Period
from projections.paging import Order, Page, Window, cut, cut_on, narrowed
from projections.reach import EVERYTHING, Conditions, Reach, added
from projections.sla_row import STATE_AT, SlaTimer, of_row
from projections.sla_timer import SLA_TIMER

DUE = Order("due", ("due_at", "clock_id"), ("timestamptz", "text"), "due_at IS NOT NULL")
"""By when they are due, for those with a number; leans on the index `open` or `due`, or on that of the filter."""
STARTED = Order("started", ("started_at", "clock_id"), ("timestamptz", "text"), "started_at IS NOT NULL")
"""By when they began; leans on the index `started`."""
ORDERS: Mapping[str, Order] = MappingProxyType({order.name: order for order in (DUE, STARTED)})

OPEN = frozenset({State.NOT_STARTED, State.RUNNING, State.PAUSED})
MISSED = f"(now_verdict = 'missed' OR (state <> 'overdue' AND {STATE_AT} = 'overdue'))"
"""`verdicts_at` in SQL: whether a clock is missed by now."""


@dataclass(frozen=True, slots=True)
class TimerFilter:
    """Which clocks: those for which all of it holds; what is left empty or None asks nothing."""

    now: datetime
    """The instant at which they are looked at."""
    states: tuple[State, ...] = ()
    """How they stand then."""
    open: bool | None = None
    """Whether nothing has stopped or cancelled them; an overdue one is open until something does."""
    missed: bool | None = None
    """Whether their deadline is known to be missed by then."""
    due: Period = ALWAYS
    """A day is due within the period that holds its end: what is due on the last of March is due in March."""
    unit: str | None = None
    """Who has the subject, or had it at the end."""
    units: frozenset[str] | None = None
    """The same, any of these; none of them when it is empty."""
    handler: str | None = None
    tier: str | None = None
    policy: str | None = None
    targets: tuple[str, ...] = ()
    kinds: tuple[TargetKind, ...] = ()
    statutory: bool | None = None
    subject_kinds: tuple[SubjectKind, ...] = ()
    case_id: UUID | None = None
    """The case that they are of, or for which the obligation is that they are of."""

    def condition(self) -> tuple[list[str], dict[str, Any]]:
        """What holds for the rows, with its parameters."""
        conditions, parameters = self._due()
        for column, wanted in (
            ("holder_unit", () if self.unit is None else (self.unit,)),  # leans on the index holder_unit
            ("holder_handler", () if self.handler is None else (self.handler,)),  # leans on the index holder_handler
            ("tier", () if self.tier is None else (self.tier,)),  # leans on the index tier
            ("policy", () if self.policy is None else (self.policy,)),
            ("target", self.targets),  # leans on the index target
            ("kind", self.kinds),
            ("subject_kind", self.subject_kinds),
            ("case_id", () if self.case_id is None else (self.case_id,)),  # leans on the index case_id
        ):
            condition, parameter = narrowed(column, wanted)
            conditions += condition
            parameters |= parameter
        if self.units is not None:  # leans on the index holder_unit
            conditions.append("holder_unit = ANY(%(units)s)")
            parameters["units"] = list(self.units)
        if self.statutory is not None:
            conditions.append("statutory" if self.statutory else "NOT statutory")
        return conditions + self._by_now(), parameters | {"now": self.now}

    def _due(self) -> tuple[list[str], dict[str, Any]]:
        """Of a due that counts days, and so ends with a midnight, the day before that midnight decides."""
        conditions, parameters = list[str](), dict[str, Any]()
        if self.due.since is not None:
            conditions += ["due_at >= %(due_since)s", "NOT (due_open_ended AND due_at = %(due_since)s)"]
            parameters["due_since"] = self.due.since
        if self.due.before is not None:
            conditions += ["due_at <= %(due_before)s", "(due_open_ended OR due_at < %(due_before)s)"]
            parameters["due_before"] = self.due.before
        return conditions, parameters

    def _by_now(self) -> list[str]:
        conditions: list[str] = []
        if self.open is not None:
            conditions.append(f"{_ENDED if not self.open else f'NOT {_ENDED}'}")
        if self.open or (self.states and OPEN.issuperset(self.states)):
            conditions.append("ended_at IS NULL")  # lets the index of open ones serve
        if self.states:
            wanted = ", ".join(f"'{state.value}'" for state in dict.fromkeys(self.states))
            conditions.append(f"{STATE_AT} IN ({wanted})")
        if self.missed is not None:
            conditions.append(MISSED if self.missed else f"NOT coalesce({MISSED}, false)")
        return conditions


_ENDED = f"(ended_at IS NOT NULL OR {STATE_AT} IN ('met', 'met-late', 'lapsed'))"


def page(
    database: Database, book: str, window: Window, where: TimerFilter, reach: Reach = EVERYTHING
) -> Page[SlaTimer]:
    """The part of the book's clocks within reach that a window cuts. Raises: BadPlace, LedgerAway."""
    conditions, parameters = added(*where.condition(), within(reach))
    return cut(database, SLA_TIMER, book, window, conditions, parameters)


def page_as_known(connection: psycopg.Connection, book: str, window: Window, where: TimerFilter) -> Page[SlaTimer]:
    """The same of the clocks that a connection has aside. Raises: BadPlace."""
    return cut_on(connection, KNOWN, book, window, *where.condition())


def within(reach: Reach) -> Conditions:
    """Which clocks lie within reach: those of a case with it, and those of an obligation with its unit as well."""
    (cases, parameters), (units, _) = reach.by_case(), reach.by_unit("holder_unit")
    if not cases:
        return [], {}
    return [f"({cases[0]} OR (subject_kind = 'obligation' AND {units[0]}))"], parameters


# Leans on the primary key.
OF_STREAMS = SLA_TIMER.query("""
SELECT {columns} FROM {table}
WHERE book = %(book)s AND stream = ANY(%(streams)s)
ORDER BY stream, due_at NULLS LAST, clock_id
""")


def of_streams(database: Database, book: str, streams: Iterable[str]) -> dict[str, Sequence[SlaTimer]]:
    """The clocks of some cases and obligations by stream, first due first; none for a stream that has none."""
    found: dict[str, Sequence[SlaTimer]] = {}
    for timer in map(of_row, database.rows(OF_STREAMS, {"book": book, "streams": list(streams)})):
        found[timer.stream] = (*found.get(timer.stream, ()), timer)
    return found
