"""The timelines of several customers, a page for each, in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from ledger.database import Database
from projections.case_file import CASE_FILE
from projections.customer_profile import CUSTOMER_PROFILE
from projections.paging import Page, Window, paged
from projections.reach import EVERYTHING as WHOLE
from projections.reach import Conditions, Reach, added
from projections.timeline import EVERYTHING, TIMELINE, TimelineEntry, TimelineFilter, of_row

# A customer's timeline is what names them, and what belongs to a case that is theirs by now. A page is merged from as
# many ordered ranges as there are cases: first one entry of each case is looked up, by which those cases are found that
# can stand on the page, which are no more than it has entries; then their entries. A customer with thousands of entries
# is so read by an index throughout, and nothing but the page is sorted.
#
# Leans on the timeline's indexes named and case_id, on the case file's index customer, and on the profile's index
# merged_into.
PAGES = """
SELECT wanted.id, entry.*
FROM unnest(%(ids)s::uuid[]) AS wanted(id)
CROSS JOIN LATERAL (
  WITH RECURSIVE whose (customer_id) AS (
    SELECT wanted.id
    UNION
    SELECT merged.customer_id
    FROM whose
    JOIN {profiles} AS merged ON merged.book = %(book)s AND merged.merged_into = whose.customer_id
  ),
  theirs AS MATERIALIZED (
    SELECT file.case_id
    FROM (SELECT array_agg(customer_id) AS ids FROM whose) AS one
    CROSS JOIN LATERAL (
      SELECT case_id FROM {cases} WHERE book = %(book)s AND customer_id = ANY (one.ids)
    ) AS file
    CROSS JOIN LATERAL (
      SELECT occurred_at, position FROM {table}
      WHERE book = %(book)s AND case_id = file.case_id AND {conditions}
      ORDER BY {ordering}
      LIMIT 1
    ) AS foremost
    ORDER BY {ordering}
    LIMIT %(limit)s
  )
  SELECT * FROM (
    SELECT named.*
    FROM whose
    CROSS JOIN LATERAL (
      SELECT {columns} FROM {table}
      WHERE book = %(book)s AND customer_id = whose.customer_id AND category <> 'case' AND {conditions}
      ORDER BY {ordering}
      LIMIT %(limit)s
    ) AS named
    UNION ALL
    SELECT belonging.*
    FROM theirs
    CROSS JOIN LATERAL (
      SELECT {columns} FROM {table}
      WHERE book = %(book)s AND case_id = theirs.case_id AND {conditions}
        AND (category = 'case' OR customer_id IS NULL OR customer_id NOT IN (SELECT customer_id FROM whose))
      ORDER BY {ordering}
      LIMIT %(limit)s
    ) AS belonging
  ) AS either
  ORDER BY {ordering}
  LIMIT %(limit)s
) AS entry
"""


def pages(
    database: Database,
    book: str,
    customer_ids: Sequence[UUID],
    window: Window,
    where: TimelineFilter = EVERYTHING,
    reach: Reach = WHOLE,
) -> dict[UUID, Page[TimelineEntry]]:
    """For each customer the page that a window cuts from their timeline; customers who were merged into one have one.

    Raises: BadPlace, LedgerAway.
    """
    inside, places = window.condition()
    wanted, asked = added(*where.condition(), _within(reach))
    # Put together out of constants, as `paging.cut` does.
    text = PAGES.replace("{conditions}", " AND ".join([*inside, *wanted])).replace("{ordering}", window.ordering())
    text = text.replace("{cases}", CASE_FILE.query("{table}")).replace("{profiles}", CUSTOMER_PROFILE.query("{table}"))
    query = TIMELINE.query(text)
    rows = database.rows(query, {"book": book, "ids": list(customer_ids), **places, **asked, "limit": window.limit + 1})
    found: dict[UUID, list[TimelineEntry]] = {customer_id: [] for customer_id in customer_ids}
    for customer_id, *row in rows:
        found[customer_id].append(of_row(row))
    return {customer_id: paged(entries, window) for customer_id, entries in found.items()}


def _within(reach: Reach) -> Conditions:
    """What belongs to a case lies within reach with it, and a touchpoint of no case with its unit; the rest is of the
    customer's own file."""
    (of_case, parameters), (of_unit, units) = reach.by_case(), reach.by_unit()
    if not of_case:
        return [], {}
    own = of_unit if reach.customers is None else ["TRUE"]
    apart = f"(case_id IS NULL AND (category <> 'touchpoint' OR unit IS NULL OR {own[0]}))"
    return [f"({apart} OR {of_case[0]})"], {**parameters, **units}


def page(
    database: Database, book: str, customer_id: UUID, window: Window, where: TimelineFilter = EVERYTHING
) -> Page[TimelineEntry]:
    """The part of one customer's entries that a window cuts. Raises: BadPlace, LedgerAway."""
    return pages(database, book, [customer_id], window, where)[customer_id]
