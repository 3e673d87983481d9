"""The cases of several customers, a page for each, in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from ledger.database import Database
from projections.case_file import CASE_FILE, CaseFile, of_row
from projections.customer_profile import FAMILIES
from projections.paging import Page, Window, paged
from projections.reach import EVERYTHING, Reach, added

# Leans on the case file's index customer, once a customer and whoever was merged into them. Their cases are sorted,
# and they are few.
PAGES = """
SELECT wanted.id, cases.*
FROM unnest(%(ids)s::uuid[]) AS wanted(id)
CROSS JOIN LATERAL (
  SELECT {columns} FROM {table}
  WHERE book = %(book)s AND customer_id IN (SELECT family.id FROM family WHERE family.root = wanted.id) AND """


def pages(
    database: Database, book: str, customer_ids: Sequence[UUID], window: Window, reach: Reach = EVERYTHING
) -> dict[UUID, Page[CaseFile]]:
    """For each customer the page that a window cuts from their cases within reach and from those of whoever was merged
    into them.

    Raises: BadPlace, LedgerAway.
    """
    conditions, places = added(*window.condition(), reach.cases())
    query = FAMILIES + CASE_FILE.query(PAGES) + " AND ".join(conditions)
    query += f"\n  ORDER BY {window.ordering()}\n  LIMIT %(limit)s\n) AS cases"
    rows = database.rows(query, {"book": book, "ids": list(customer_ids), **places, "limit": window.limit + 1})
    found: dict[UUID, list[CaseFile]] = {customer_id: [] for customer_id in customer_ids}
    for customer_id, *row in rows:
        found[customer_id].append(of_row(row))
    return {customer_id: paged(files, window) for customer_id, files in found.items()}
