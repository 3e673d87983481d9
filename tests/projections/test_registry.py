from typing import Any

import pytest

from ledger.database import Database
from ledger.ledger import Ledger
from projections.journal import Journal
from projections.registry import PROJECTIONS
from projections.runner import Runner
from projections.view import View
from tests.projections.journals import READ, WRITTEN

ALL: tuple[View[Any], ...] = (*PROJECTIONS, READ, WRITTEN)
COLUMNS = """
SELECT column_name FROM information_schema.columns
WHERE table_schema = 'views' AND table_name = %s ORDER BY ordinal_position
"""
# Of each index whether it is the primary key, and its columns in their order. That of the blind index is left out: the
# book's name is part of what each of its numbers is made of.
INDEXES = """
SELECT i.indisprimary, array_agg(a.attname::text ORDER BY k.place)
FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid
JOIN pg_am m ON m.oid = c.relam AND m.amname <> 'gin'
CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(attnum, place)
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
WHERE i.indrelid = to_regclass(%s)
GROUP BY i.indexrelid, i.indisprimary
"""


@pytest.fixture
def made(ledger: Ledger, projected: Database) -> Database:
    Runner(ledger, projected, ALL).prepare()
    return projected


@pytest.mark.parametrize("view", ALL, ids=lambda view: view.name)
def test_a_table_has_the_fields_of_its_rows_after_the_book_which_leads_every_index(
    made: Database, view: View[Any]
) -> None:
    assert [name for (name,) in made.rows(COLUMNS, [view.table])] == ["book", *view.columns]
    indexes = made.rows(INDEXES, [f"views.{view.table}"])
    assert [columns for primary, columns in indexes if primary] == [["book", *view.identity]]
    assert {columns[0] for _, columns in indexes} == {"book"}
    if isinstance(view, Journal):
        assert {"position", "place", "stream", "version"} <= set(view.columns)
        assert [columns for _, columns in indexes if columns[:2] == ["book", "stream"]]
    else:
        assert "position" in view.columns


def test_no_view_has_the_name_of_another_or_of_the_engine_s_own_tables() -> None:
    names = [view.name for view in ALL]
    assert len(set(names)) == len(names)
    assert {"cursor", "live"}.isdisjoint(names)
