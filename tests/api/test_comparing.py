"""Whether a view is found to be nothing but its events, and whatever was done to it by hand is found and named."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from threading import Event
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
import pytest

from api.comparing import CannotCompare, Comparison, Scope, compare, drawn
from domain.book import ComparedScope, ViewFinding
from domain.stream import subject_of
from ledger.database import Database
from ledger.errors import LedgerError
from ledger.ledger import Ledger
from projections.audit_trail import AUDIT_TRAIL
from projections.case_file import CASE_FILE
from projections.comparison import Deviation
from projections.rebuild import rebuild
from projections.register import REGISTER
from projections.registry import PROJECTIONS
from projections.runner import Runner
from projections.staff import STAFF
from projections.view import View
from replay.walk import BookNotWhole
from tests import conftest
from tests.ledger.submissions import opened
from tests.projections.amended import Writers
from tests.projections.books import fill
from tests.projections.tampered import Tamperer

FEWER = "SELECT * FROM {table} WHERE name <> 'ada'"


class Kept(NamedTuple):
    """A book with something in every view, corrections, merges and voids in it, and the views at its end."""

    ledger: Ledger
    position: int
    hand: psycopg.Connection
    """Of somebody with the password for the views."""


@pytest.fixture(scope="module")
def kept(shared_database: Callable[[], AbstractContextManager[conftest.Database]]) -> Iterator[Kept]:
    with (
        shared_database() as database,
        Database(database.writer_url) as written,
        Database(database.projector_url) as projected,
        psycopg.connect(database.projector_url, autocommit=True) as hand,
    ):
        ledger = opened(written, "main")
        fill(ledger, cases=6)
        Writers(ledger, 5, customers=6, cases=12).write(250)
        yield Kept(ledger, Runner(ledger, projected).catch_up(), hand)


def by_name(view: View[Any]) -> str:
    return view.name


def shown(found: Comparison) -> list[tuple[tuple[Any, ...], Deviation, tuple[str, ...]]]:
    return [(one.key, one.kind, one.columns) for one in found.differences.shown]


@contextmanager
def undone(hand: psycopg.Connection, view: View[Any]) -> Iterator[Tamperer]:
    """Has a view's table and its cursor put back as they were."""
    hand.execute(view.statement("CREATE TEMP TABLE saved AS SELECT * FROM {table}"))
    (row,) = hand.execute("SELECT position FROM views.cursor WHERE projection = %s", [view.name]).fetchall()
    yield Tamperer(hand, view)
    hand.execute(view.statement("DELETE FROM {table}"))
    hand.execute(view.statement("INSERT INTO {table} SELECT * FROM saved"))
    hand.execute("UPDATE views.cursor SET position = %s WHERE projection = %s", [*row, view.name])
    hand.execute("UPDATE views.live SET version = %s WHERE projection = %s", [view.version, view.name])
    hand.execute("DROP TABLE saved")


@pytest.mark.parametrize("view", PROJECTIONS, ids=by_name)
def test_whatever_is_done_to_a_view_by_hand_is_found_and_named(kept: Kept, view: View[Any]) -> None:
    ledger, book, hand = kept
    found = compare(ledger, view)
    assert (found.same, found.position, found.findings, found.live) == (True, book, (), found.fresh)
    assert found.live is not None
    assert found.live.rows > 1
    rows = found.live.rows

    with undone(hand, view) as somebody:
        key, column = somebody.edit()
        found = compare(ledger, view)
        assert (found.same, shown(found)) == (False, [(key, Deviation.EDITED, (column,))])
        assert found.live != found.fresh
    with undone(hand, view) as somebody:
        key = somebody.delete()
        found = compare(ledger, view)
        assert [row[:2] for row in shown(found)] == [(key, Deviation.DELETED)]
        assert (found.live and found.live.rows, found.differences.deleted) == (rows - 1, 1)
    with undone(hand, view) as somebody:
        key = somebody.insert()
        found = compare(ledger, view)
        assert [row[:2] for row in shown(found)] == [(key, Deviation.INSERTED)]
        assert (found.live and found.live.rows, found.differences.inserted) == (rows + 1, 1)
    with undone(hand, view) as somebody:
        one, other, column = somebody.swap()
        found = compare(ledger, view)
        assert shown(found) == [(key, Deviation.SWAPPED, (column,)) for key in sorted([one, other])]
        assert {row.key: row.swapped_with for row in found.differences.shown} == {one: other, other: one}
    with undone(hand, view) as somebody:
        somebody.move_cursor(1 - book)
        found = compare(ledger, view)
        assert (found.position, found.findings) == (1, (ViewFinding.BEYOND_ITS_CURSOR,))
        assert not found.same
    with undone(hand, view) as somebody:
        somebody.move_cursor(3)
        assert compare(ledger, view).findings == (ViewFinding.BEYOND_THE_BOOK,)
    with undone(hand, view) as somebody:
        somebody.forget()
        found = compare(ledger, view)
        assert (found.same, found.findings) == (False, (ViewFinding.SHORT_OF_ITS_CURSOR,))
    with undone(hand, view) as somebody:
        somebody.call_it(view.version - 1)
        assert (compare(ledger, view).findings, compare(ledger, view).live) == ((ViewFinding.STALE,), None)
        somebody.call_it(view.version + 1)
        assert compare(ledger, view).findings == (ViewFinding.NEWER,)
    assert compare(ledger, view).same


def test_a_comparison_of_some_subjects_looks_at_their_rows_alone(kept: Kept) -> None:
    ledger, _, hand = kept
    for view in PROJECTIONS:
        with undone(hand, view) as somebody:
            somebody.edit()
            subjects = somebody.subjects()
            wrong = [one for one in subjects[:4] if not compare(ledger, view, Scope(ComparedScope.KEY, one)).same]
            assert wrong == subjects[:1], view.name
            few = compare(ledger, view, Scope(ComparedScope.SAMPLE, size=2, seed=3))
            assert few.subjects == 2
            everybody = compare(ledger, view, Scope(ComparedScope.SAMPLE, size=1_000, seed=3))
            assert (everybody.same, everybody.live) == (False, compare(ledger, view).live)


def test_of_one_subject_too_the_book_is_told_of_and_not_the_view_when_an_event_is_gone(
    database: conftest.Database,
) -> None:
    with Database(database.writer_url) as written, Database(database.projector_url) as projected:
        ledger = opened(written, "main")
        fill(ledger, cases=2)
        Runner(ledger, projected).catch_up()
        last = next(one for one in reversed(ledger.since(0)) if one.stream.startswith("case-"))
        key = Scope(ComparedScope.KEY, subject_of(last.stream))
        assert compare(ledger, CASE_FILE, key).same
        with psycopg.connect(database.owner_url, autocommit=True) as owner:
            owner.execute("ALTER TABLE ledger.event DISABLE TRIGGER append_only")
            owner.execute("DELETE FROM ledger.event WHERE position = %s", [last.position])
        with pytest.raises(BookNotWhole, match=f"position {last.position} holds none"):
            compare(ledger, CASE_FILE, key)


def test_a_subject_that_was_put_into_a_table_by_hand_can_be_drawn(kept: Kept) -> None:
    ledger, _, hand = kept
    with undone(hand, CASE_FILE) as somebody:
        (invented,) = somebody.insert()
        found = compare(ledger, CASE_FILE, Scope(ComparedScope.SAMPLE, size=1_000, seed=1))
        assert [(row.key, row.kind) for row in found.differences.shown] == [((invented,), Deviation.INSERTED)]


def test_a_sample_depends_on_the_seed_and_not_on_the_order_of_the_candidates() -> None:
    candidates = [UUID(int=number) for number in range(100)]
    chosen = drawn(candidates, 10, seed=1)
    assert (len(chosen), drawn([*reversed(candidates), *candidates], 10, seed=1)) == (10, chosen)
    assert drawn(candidates, 10, seed=2) != chosen
    assert (drawn(candidates, 1_000, seed=1), drawn([], 3, seed=1)) == (candidates, [])
    counts = Counter(one for seed in range(400) for one in drawn(candidates, 10, seed))
    assert min(counts.values()) > 10
    assert max(counts.values()) < 80


def test_many_differing_rows_are_counted_and_few_are_shown(kept: Kept) -> None:
    ledger, _, hand = kept
    with undone(hand, AUDIT_TRAIL):
        hand.execute(AUDIT_TRAIL.statement("UPDATE {table} SET actor = 'nobody', unit = NULL WHERE place = 0"))
        found = compare(ledger, AUDIT_TRAIL, most=3)
        assert found.live is not None
        assert (found.differences.differing, len(found.differences.shown)) == (found.live.rows, 3)
        assert {row.columns for row in found.differences.shown} == {("actor",)}
        assert [row.live for row in found.differences.shown] == [("nobody",)] * 3


def test_a_view_that_is_asked_by_another_name_than_its_table_is_found(kept: Kept) -> None:
    """Whoever owns the views can have the name that is asked lead elsewhere, and leave the table as it is."""
    ledger, _, hand = kept
    with hand.transaction():
        hand.execute(STAFF.query("CREATE OR REPLACE VIEW {table} AS ") + STAFF.statement(FEWER))
    try:
        found = compare(ledger, STAFF)
        assert [row.kind for row in found.differences.shown] == [Deviation.DELETED]
    finally:
        hand.execute(STAFF.query("CREATE OR REPLACE VIEW {table} AS ") + STAFF.statement("SELECT * FROM {table}"))


def test_a_row_that_is_there_twice_is_found_though_both_are_right(kept: Kept) -> None:
    ledger, _, hand = kept
    with undone(hand, STAFF) as somebody:
        hand.execute(STAFF.statement(f"ALTER TABLE {{table}} DROP CONSTRAINT {STAFF.table}_pkey"))
        key = somebody.repeat()
        found = compare(ledger, STAFF)
        assert [row[:2] for row in shown(found)] == [(key, Deviation.INSERTED)]
    hand.execute(STAFF.statement("ALTER TABLE {table} ADD PRIMARY KEY (book, staff_id)"))
    assert compare(ledger, STAFF).same


def test_where_no_temporary_table_can_be_made_that_is_said(database: conftest.Database) -> None:
    with Database(database.writer_url) as written, Database(database.projector_url) as projected:
        ledger = opened(written, "main")
        Runner(ledger, projected).catch_up()
        with psycopg.connect(database.owner_url, autocommit=True) as owner:
            owner.execute(f"REVOKE TEMPORARY ON DATABASE {database.name} FROM PUBLIC")
        with pytest.raises(CannotCompare, match="as a role with TEMPORARY on it"):
            compare(ledger, STAFF)


# While the book goes on -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(2))
def test_no_difference_is_found_in_any_view_of_a_random_book_while_it_is_written_and_projected(
    database: conftest.Database, seed: int
) -> None:
    chance, stop = random.Random(seed), Event()
    with Database(database.writer_url) as written, Database(database.projector_url) as projected:
        ledger = opened(written, "main")
        writers, runner = Writers(ledger, seed, customers=5, cases=15), Runner(ledger, projected)
        writers.write(60)
        runner.catch_up()

        def write() -> None:
            while not stop.is_set():
                writers.write(chance.randrange(1, 20))
                runner.catch_up(batch=chance.choice([3, 7, 1000]))

        with ThreadPoolExecutor() as beside:
            writing = beside.submit(write)
            try:
                found = [compare(ledger, view) for view in PROJECTIONS]
            finally:
                stop.set()
            writing.result()
    assert [(one.view, one.findings) for one in found if not one.same] == []
    assert len({one.position for one in found}) > 1  # it did go on


def test_a_table_that_is_built_anew_meanwhile_waits_to_take_its_place(
    database: conftest.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.rebuild.LOCK_PATIENCE", "20ms")
    with Database(database.writer_url) as written, Database(database.projector_url) as projected:
        ledger = opened(written, "main")
        fill(ledger, cases=5)
        Runner(ledger, projected).catch_up()
        met: list[str] = []

        def told(done: int, of: int) -> None:
            if not met:
                with pytest.raises(LedgerError, match="is read without a pause") as refused:
                    rebuild(CASE_FILE, lambda: [ledger], projected)
                met.append(str(refused.value))

        assert compare(ledger, CASE_FILE, told=told).same
        assert len(met) == 1
        assert rebuild(CASE_FILE, lambda: [ledger], projected).differing == 0
        assert compare(ledger, CASE_FILE).same


@pytest.mark.long
def test_a_book_of_a_hundred_thousand_commands_is_compared_in_every_view_and_one_row_in_it_found(
    database: conftest.Database,
) -> None:
    with (
        Database(database.writer_url) as written,
        Database(database.projector_url) as projected,
        psycopg.connect(database.projector_url, autocommit=True) as hand,
    ):
        ledger = opened(written, "main")
        fill(ledger, cases=6)
        Writers(ledger, 9, customers=1_500, cases=6_000).write(100_000)
        Runner(ledger, projected).catch_up()
        for view in PROJECTIONS:
            assert compare(ledger, view).same, view.name
        for view in PROJECTIONS:
            if view is not STAFF and view is not REGISTER:
                key, column = Tamperer(hand, view).edit()
                assert shown(compare(ledger, view)) == [(key, Deviation.EDITED, (column,))]
