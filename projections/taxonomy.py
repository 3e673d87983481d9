"""The terms of the issue library (客户在线咨询信息库) in use: under which of them cases stand, and how many."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from ledger.database import Database
from projections.case_file import CASE_FILE
from projections.reach import EVERYTHING, Reach, added


class TermFilter(NamedTuple):
    """Which terms: those for which everything given holds."""

    category: str | None = None
    starts_with: str | None = None
    """How the category begins, in whatever case of letters."""
    received_from: datetime | None = None
    """Of cases that were received then or later."""


class TermInUse(NamedTuple):
    """A class in which cases stand."""

    category: str
    subcategory: str | None
    symptom: str | None
    cases: int
    last_received_at: datetime


# Reads every case within reach that has a category: those of one lean on the index category.
TERMS_IN_USE = CASE_FILE.query("""
SELECT category, subcategory, symptom, count(*), max(received_at)
FROM {table}
WHERE book = %(book)s AND category IS NOT NULL""")


def terms_in_use(
    database: Database, book: str, where: TermFilter, limit: int, reach: Reach = EVERYTHING
) -> list[TermInUse]:
    """The terms under which cases within reach stand, the most frequent first. Raises: LedgerAway."""
    conditions, parameters = added(*_condition(where), reach.cases())
    query = " AND ".join([TERMS_IN_USE, *conditions])
    query += """
GROUP BY category, subcategory, symptom
ORDER BY count(*) DESC, category, subcategory NULLS FIRST, symptom NULLS FIRST
LIMIT %(limit)s"""
    return [TermInUse(*row) for row in database.rows(query, {"book": book, "limit": limit, **parameters})]


def _condition(where: TermFilter) -> tuple[list[str], dict[str, object]]:
    conditions = {
        "category": "category = %(category)s",
        "starts_with": "starts_with(lower(category), lower(%(starts_with)s))",
        "received_from": "received_at >= %(received_from)s",
    }
    given = {name: value for name, value in where._asdict().items() if value is not None}
    return [conditions[name] for name in given], given
