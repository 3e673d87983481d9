"""How cases are handed on: movements counted by units, how long dispatches take, and what needs no transfer."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from domain.event import Precision
from ledger.database import Database
from projections.case_file import CASE_FILE
from projections.movement import ALWAYS, MOVEMENT, MovementKind, Period
from projections.paging import narrowed
from projections.reach import EVERYTHING, Reach, added
from projections.register import REGISTER

BETWEEN_UNITS = (
    MovementKind.REGISTERED,
    MovementKind.DISPATCHED,
    MovementKind.RETURNED,
    MovementKind.TRANSFERRED,
    MovementKind.ESCALATED,
)
"""Those that say from which unit, or to which."""
MOST_ROWS = 1_000
"""A group has hundreds of units, and pairs of those that hand on to each other are not many more."""


class MovementCount(NamedTuple):
    """How often cases went from one unit to another (转派统计); None is no unit."""

    kind: MovementKind
    from_unit: str | None
    to_unit: str | None
    movements: int
    cases: int
    """How many cases these were: one may go the same way again."""


class UnitReturns(NamedTuple):
    """How many cases a unit was given, and how many of them it gave back (退单)."""

    unit: str
    given: int
    """Dispatched, transferred or registered to it."""
    returned: int


class Since(StrEnum):
    """From when on a dispatch takes time."""

    RECEIVED = "received"
    REGISTERED = "registered"


class DispatchLatency(NamedTuple):
    """How long the first dispatch of cases took, to one unit."""

    unit: str
    cases: int
    """Those both of whose times are known to the instant."""
    by_day: int
    """Those of which one is known by its day only, so that they are left out of the figures."""
    early: int
    """Those dispatched before the beginning; they count with less than nothing."""
    median_seconds: float | None
    nine_tenths_seconds: float | None
    """Nine of ten cases took no longer."""


class FirstContact(NamedTuple):
    """How many cases were resolved by the unit that holds them, and how many of these were never transferred."""

    unit: str | None
    resolved: int
    untransferred: int


# Leans on the index occurred, or on kind where one kind is asked for.
COUNTS = """
SELECT kind, from_unit, to_unit, count(*), count(DISTINCT case_id)
FROM {table}
WHERE book = %(book)s AND {conditions}
GROUP BY kind, from_unit, to_unit
ORDER BY count(*) DESC, kind, from_unit NULLS FIRST, to_unit NULLS FIRST
LIMIT %(most)s
"""


def counts(
    database: Database,
    book: str,
    period: Period = ALWAYS,
    *,
    kinds: Sequence[MovementKind] = (MovementKind.TRANSFERRED,),
    most: int = MOST_ROWS,
    reach: Reach = EVERYTHING,
) -> list[MovementCount]:
    """Movements by kind and pair of units in a period, the most frequent first; of all kinds when none is named.

    Raises: LedgerAway.
    """
    rows = _asked(database, book, COUNTS, period, kinds or BETWEEN_UNITS, most, reach=reach)
    return [MovementCount(MovementKind(kind), *rest) for kind, *rest in rows]


# The same.
RETURNS = """
SELECT unit, count(*) FILTER (WHERE given), count(*) FILTER (WHERE NOT given)
FROM {table}
CROSS JOIN LATERAL (VALUES (to_unit, true), (from_unit, false)) AS hands (unit, given)
WHERE book = %(book)s AND unit IS NOT NULL AND (given OR kind = 'returned') AND {conditions}
GROUP BY unit
ORDER BY count(*) FILTER (WHERE NOT given) DESC, unit
LIMIT %(most)s
"""
GIVING = (MovementKind.REGISTERED, MovementKind.DISPATCHED, MovementKind.TRANSFERRED, MovementKind.RETURNED)


def returns(
    database: Database, book: str, period: Period = ALWAYS, *, most: int = MOST_ROWS, reach: Reach = EVERYTHING
) -> list[UnitReturns]:
    """What each unit was given in a period and what it gave back, most returns first. Raises: LedgerAway."""
    return [UnitReturns(*row) for row in _asked(database, book, RETURNS, period, GIVING, most, reach=reach)]


# Leans on the index kind, on case_id for the dispatch before, and on the register's primary key.
LATENCY = """
SELECT to_unit,
       count(*) FILTER (WHERE exact),
       count(*) FILTER (WHERE NOT exact),
       count(*) FILTER (WHERE exact AND seconds < 0),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) FILTER (WHERE exact),
       percentile_cont(0.9) WITHIN GROUP (ORDER BY seconds) FILTER (WHERE exact)
FROM (
  SELECT dispatch.to_unit,
         extract(epoch FROM dispatch.occurred_at - noted.{since}_at)::float8 AS seconds,
         %(instant)s = ALL (ARRAY[dispatch.occurred_precision, noted.{since}_precision]) AS exact
  FROM {table} AS dispatch
  JOIN {register} AS noted
    ON noted.book = %(book)s AND noted.subject_id = dispatch.case_id AND noted.{since}_at IS NOT NULL
  WHERE dispatch.book = %(book)s AND {conditions}
    AND NOT EXISTS (
      SELECT FROM {table} AS earlier
      WHERE earlier.book = %(book)s AND earlier.case_id = dispatch.case_id AND earlier.kind = dispatch.kind
        AND (earlier.occurred_at, earlier.position) < (dispatch.occurred_at, dispatch.position)
    )
) AS first_dispatch
GROUP BY to_unit
ORDER BY count(*) DESC, to_unit
LIMIT %(most)s
"""


def dispatch_latency(
    database: Database,
    book: str,
    period: Period = ALWAYS,
    *,
    since: Since = Since.RECEIVED,
    most: int = MOST_ROWS,
    reach: Reach = EVERYTHING,
) -> list[DispatchLatency]:
    """How long it took until cases were first dispatched, by the unit they went to and when. Raises: LedgerAway."""
    text = LATENCY.replace("{since}", since.value).replace("{register}", REGISTER.query("{table}"))
    rows = _asked(database, book, text, period, (MovementKind.DISPATCHED,), most, "dispatch.", reach)
    return [DispatchLatency(*row) for row in rows]


# The case file has no index on when cases were resolved: this reads the book's cases.
FIRST_CONTACT = """
SELECT unit, count(*), count(*) FILTER (WHERE transfers = 0)
FROM {table}
WHERE book = %(book)s AND {conditions}
GROUP BY unit
ORDER BY count(*) DESC, unit NULLS FIRST
LIMIT %(most)s
"""


def first_contact(
    database: Database, book: str, period: Period = ALWAYS, *, most: int = MOST_ROWS, reach: Reach = EVERYTHING
) -> list[FirstContact]:
    """Cases that are resolved, by the unit that holds them and when they were resolved. Raises: LedgerAway."""
    inside, times = added(*period.condition("resolved_at"), reach.cases())
    text = FIRST_CONTACT.replace("{conditions}", " AND ".join(["resolved_at IS NOT NULL", *inside]))
    query = CASE_FILE.query(text)
    return [FirstContact(*row) for row in database.rows(query, {"book": book, "most": most, **times})]


def _asked(
    database: Database,
    book: str,
    text: str,
    period: Period,
    kinds: Sequence[MovementKind],
    most: int,
    of: str = "",
    reach: Reach = EVERYTHING,
) -> list[tuple[Any, ...]]:
    """Put together out of constants, as `paging.cut` does."""
    inside, times = added(*period.condition(f"{of}occurred_at"), reach.by_case(f"{of}case_id"))
    of_kind, wanted = narrowed("kind", kinds)
    conditions = [*inside, *(f"{of}{condition}" for condition in of_kind)]
    query = MOVEMENT.query(text.replace("{conditions}", " AND ".join(conditions)))
    asked = {"book": book, "most": most, "instant": Precision.INSTANT.value, **times, **wanted}
    return database.rows(query, asked)
