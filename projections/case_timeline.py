"""The timelines of several cases, a page for each, in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from ledger.database import Database
from projections.paging import Page, Window, paged
from projections.reach import added
from projections.timeline import EVERYTHING, TIMELINE, TimelineEntry, TimelineFilter, of_row

# Leans on the index case_id, once a case.
PAGES = """
SELECT wanted.id, entry.*
FROM unnest(%(ids)s::uuid[]) AS wanted(id)
CROSS JOIN LATERAL (
  SELECT {columns} FROM {table}
  WHERE book = %(book)s AND case_id = wanted.id AND """


def pages(
    database: Database, book: str, case_ids: Sequence[UUID], window: Window, where: TimelineFilter = EVERYTHING
) -> dict[UUID, Page[TimelineEntry]]:
    """For each case the page that a window cuts from what belongs to it: its own events, and touchpoints about it.

    Raises: BadPlace, LedgerAway.
    """
    conditions, parameters = added(*window.condition(), where.condition())
    query = TIMELINE.query(PAGES) + " AND ".join(conditions)
    query += f"\n  ORDER BY {window.ordering()}\n  LIMIT %(limit)s\n) AS entry"
    found: dict[UUID, list[TimelineEntry]] = {case_id: [] for case_id in case_ids}
    for case_id, *row in database.rows(
        query, {"book": book, "ids": list(case_ids), **parameters, "limit": window.limit + 1}
    ):
        found[case_id].append(of_row(row))
    return {case_id: paged(entries, window) for case_id, entries in found.items()}
