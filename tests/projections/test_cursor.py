import pytest

from ledger.database import Database
from ledger.ledger import Ledger
from projections.case_file import CASE_FILE
from projections.projection import Projection
from projections.rebuild import rebuild
from projections.reckoning import Reckoning
from projections.registry import PROJECTIONS
from projections.runner import Runner
from projections.tables import ViewsNotOurs
from tests import conftest
from tests.projections.books import fill, received, tables, write


def test_a_cursor_that_was_set_back_by_hand_counts_nothing_twice(
    ledger: Ledger, runner: Runner, projected: Database, database: conftest.Database
) -> None:
    head = fill(ledger, cases=15)
    runner.catch_up()
    expected = tables(database)
    with projected.connection() as connection:
        connection.execute("UPDATE views.cursor SET position = 1")
    assert runner.catch_up() < head
    stopped = [standing.stopped for standing in runner.positions()]
    # What is worked out from whole histories is only worked out again.
    folds = [None if isinstance(view, Reckoning) else isinstance(view, Projection) for view in PROJECTIONS]
    twice = [None if each is None else "RowAhead" if each else "UniqueViolation" for each in folds]
    assert [None if each is None else each.cause.partition(":")[0] for each in stopped] == twice
    assert tables(database) == expected
    with projected.connection() as connection:
        connection.execute("DELETE FROM views.cursor")
    assert Runner(ledger, projected).catch_up() == head
    assert tables(database) == expected


def test_a_role_that_may_not_write_the_views_is_told_whose_they_are(
    ledger: Ledger, runner: Runner, written: Database, database: conftest.Database
) -> None:
    write(ledger, received(1))
    for work in (
        Runner(ledger, written).prepare,
        Runner(ledger, written).catch_up,
        lambda: rebuild(CASE_FILE, lambda: [ledger], written),
    ):
        with pytest.raises(ViewsNotOurs, match=r"permission denied .* belong to the role daybook_projector"):
            work()
    assert tables(database) == [[] for _ in PROJECTIONS]
    assert runner.catch_up() == 2


def test_tables_from_before_views_had_names_of_their_own_are_filled_anew(
    ledger: Ledger, runner: Runner, projected: Database, database: conftest.Database
) -> None:
    head = fill(ledger, cases=15)
    runner.catch_up()
    expected = tables(database)
    with projected.connection() as connection:
        connection.execute("DROP VIEW views.case_file, views.customer_profile")
        connection.execute("DROP TABLE views.live, views.case_file_1_touch, views.customer_profile_2_touch")
        connection.execute("ALTER TABLE views.cursor DROP COLUMN anew, DROP COLUMN begun_at, DROP COLUMN stopped_since")
    assert Runner(ledger, projected).catch_up() == head
    assert tables(database) == expected
