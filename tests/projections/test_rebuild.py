from collections.abc import Callable
from dataclasses import replace
from threading import Event, Thread
from typing import Any

import psycopg
import pytest

from domain.case.commands import RegisterCase
from ledger.database import Database
from ledger.ledger import Ledger
from projections.case_file import CASE_FILE, CaseFile, by_ids
from projections.comparison import Difference
from projections.cursor import ProjectionStopped, standings
from projections.customer_profile import CUSTOMER_PROFILE
from projections.projection import Projection
from projections.rebuild import RebuildUnderWay, rebuild
from projections.registry import PROJECTIONS
from projections.runner import Runner
from projections.tables import ViewNewer, ViewOlder
from projections.view import View
from tests import conftest
from tests.ledger.submissions import OPENED, opened
from tests.projections.amended import Writers, expected, kept
from tests.projections.books import case_id, fill, received, tables, write
from tests.projections.journals import READ, WRITTEN

Meanwhile = Callable[[], object]

# What else there may be in the schema once nobody builds anything.
SETTLED = "SELECT relname FROM pg_class WHERE relnamespace = 'views'::regnamespace ORDER BY relname"


def things(database: conftest.Database) -> list[str]:
    """The names of all tables, indexes and SQL views in the schema of the views."""
    with psycopg.connect(database.owner_url) as connection:
        return [name for (name,) in connection.execute(SETTLED)]


def once(meanwhile: Meanwhile) -> Callable[[str, int, int], None]:
    """What tells nobody how far a build has come, and does something else at the first call."""
    done = Event()

    def told(book: str, reached: int, target: int) -> None:
        if not done.is_set():
            done.set()
            meanwhile()

    return told


def raised_version(view: Projection[CaseFile]) -> Projection[CaseFile]:
    """The case file of the next version, which counts answers twice."""

    def fold(before: Any, recorded: Any, context: Any) -> Any:
        after = view.fold(before and before._replace(responses=before.responses // 2), recorded, context)
        return after and after._replace(responses=after.responses * 2)

    return replace(view, version=view.version + 1, fold=fold)


@pytest.mark.parametrize("view", [CASE_FILE, CUSTOMER_PROFILE, READ, WRITTEN], ids=lambda view: view.name)
def test_a_view_built_anew_is_the_same_in_the_same_place(
    ledger: Ledger, projected: Database, database: conftest.Database, view: View[Any]
) -> None:
    runner = Runner(ledger, projected, [*PROJECTIONS, READ, WRITTEN])
    writers = Writers(ledger, 3, customers=4, cases=12)
    writers.write(400)
    runner.catch_up()
    before = things(database)
    built = rebuild(view, lambda: [ledger], projected)
    assert (built.view, built.version, built.before, built.differing) == (view.name, view.version, view.version, 0)
    assert [(book.book, book.position, book.rows) for book in built.books] == [
        ("main", ledger.head(), len(expected(ledger, view)))
    ]
    assert things(database) == before
    writers.write(200)
    assert runner.catch_up(batch=33) == ledger.head()
    assert kept(ledger, view) == expected(ledger, view)


def test_a_row_that_somebody_changed_is_told_and_mended(
    ledger: Ledger, runner: Runner, projected: Database, database: conftest.Database
) -> None:
    fill(ledger, cases=15)
    runner.catch_up()
    right = tables(database)
    with projected.connection() as connection:
        connection.execute(
            "UPDATE views.case_file_1 SET unit = 'nobody', returns = 99 WHERE case_id = %s", (case_id(3),)
        )
        connection.execute("DELETE FROM views.case_file_1 WHERE case_id = %s", (case_id(4),))
    (book,) = rebuild(CASE_FILE, lambda: [ledger], projected).books
    assert book.differing == 2
    first, second = book.shown
    assert first == Difference((str(case_id(3)),), ("unit", "returns"))
    assert (second.key, "status" in second.columns) == ((str(case_id(4)),), True)
    assert tables(database) == right


def test_many_differences_are_counted_and_ten_are_shown(ledger: Ledger, runner: Runner, projected: Database) -> None:
    fill(ledger, cases=15)
    runner.catch_up()
    with projected.connection() as connection:
        connection.execute("UPDATE views.case_file_1 SET kind = 'praise', unit = 'nobody'")
    (book,) = rebuild(CASE_FILE, lambda: [ledger], projected).books
    assert (book.differing, len(book.shown)) == (15, 10)


def test_a_raised_version_is_asked_once_it_is_built_and_the_older_program_leaves_it_alone(
    ledger: Ledger, runner: Runner, written: Database, projected: Database, database: conftest.Database
) -> None:
    fill(ledger, cases=15)
    runner.catch_up()
    newer = raised_version(CASE_FILE)
    updated = Runner(ledger, projected, [newer, CUSTOMER_PROFILE])
    position = write(ledger, received(99))
    assert updated.catch_up() == position - 1
    older, customers = updated.positions()
    assert isinstance(older.held, ViewOlder)
    assert (older.version, older.position, customers.position) == (1, position - 1, position)
    assert "`daybook project` builds that beside it" in str(older.why)
    assert not updated.wait_for(position, 3600)

    answers = {view.case_id: view.responses for view in kept(ledger, CASE_FILE)}
    built = rebuild(newer, lambda: [ledger], projected)
    assert (built.version, built.before) == (2, 1)
    assert built.differing == sum(count > 0 for count in answers.values()) > 0
    assert {name for book in built.books for row in book.shown for name in row.columns} == {"responses"}
    assert updated.positions()[0].held is None
    found = by_ids(written, "main", answers)
    assert {key: view.responses for key, view in found.items()} == {key: 2 * of for key, of in answers.items()}
    assert [name for name in things(database) if name.startswith("case_file_1")] == []

    position = write(ledger, RegisterCase(at=OPENED, case_id=case_id(99)))
    assert runner.catch_up() == position - 1
    newest, customers, *_ = runner.positions()
    assert isinstance(newest.held, ViewNewer)
    assert (newest.version, newest.position, customers.position) == (2, position - 1, position)
    assert "is of version 2, and this program knows version 1. Nothing was touched" in str(newest.why)
    with pytest.raises(ViewNewer):
        rebuild(CASE_FILE, lambda: [ledger], projected)
    assert updated.catch_up() == position


def test_what_happens_meanwhile_is_in_the_new_table_before_it_is_asked(
    ledger: Ledger, runner: Runner, projected: Database
) -> None:
    fill(ledger, cases=15)
    runner.catch_up()
    writers = Writers(ledger, 4, customers=5, cases=15)

    def meanwhile(book: str, reached: int, target: int) -> None:
        if ledger.head() < 500:
            writers.write(40)

    stop = Event()
    following = Thread(target=runner.follow, args=(stop,))
    following.start()
    try:
        for _ in range(3):
            writers.write(100)
            head = ledger.head()
            assert rebuild(CASE_FILE, lambda: [ledger], projected, meanwhile).differing == 0
            assert standings(projected, "main", [CASE_FILE])[0].position >= head
    finally:
        stop.set()
        following.join()
    runner.catch_up()
    assert kept(ledger, CASE_FILE) == expected(ledger, CASE_FILE)


def test_a_runner_that_read_the_table_before_writes_nothing_into_the_one_after(
    ledger: Ledger, runner: Runner, projected: Database
) -> None:
    write(ledger, received(1), received(2))
    runner.catch_up()
    with projected.connection() as connection:
        connection.execute("UPDATE views.case_file_1 SET unit = 'nobody'")
    position = write(ledger, RegisterCase(at=OPENED, case_id=case_id(1)))
    switched = Event()

    def fold(view: Any, recorded: Any, context: Any) -> Any:
        if not switched.is_set():
            switched.set()
            rebuild(CASE_FILE, lambda: [ledger], projected)
        return CASE_FILE.fold(view, recorded, context)

    assert Runner(ledger, projected, [replace(CASE_FILE, fold=fold)]).catch_up() == position
    assert kept(ledger, CASE_FILE) == expected(ledger, CASE_FILE)


def test_who_asks_meanwhile_is_answered_from_one_table_or_the_other(
    ledger: Ledger, runner: Runner, written: Database, projected: Database
) -> None:
    fill(ledger, cases=15)
    runner.catch_up()
    ids, stop, answers = [case_id(number) for number in range(15)], Event(), set[int]()

    def ask() -> None:
        while not stop.is_set():
            answers.add(len(by_ids(written, "main", ids)))

    asking = Thread(target=ask)
    asking.start()
    try:
        for _ in range(3):
            rebuild(CASE_FILE, lambda: [ledger], projected)
    finally:
        stop.set()
        asking.join()
    assert answers == {15}


def test_all_books_are_built_before_any_is_asked(written: Database, projected: Database) -> None:
    books = [opened(written, name) for name in ("main", "other", "empty")]
    for seed, book in enumerate(books[:2]):
        fill(book, cases=8, seed=seed)
        Runner(book, projected).catch_up()
    built = rebuild(raised_version(CASE_FILE), lambda: books, projected)
    assert [(each.book, each.rows) for each in built.books] == [("main", 8), ("other", 8), ("empty", 0)]
    for book in books:
        runner = Runner(book, projected, [raised_version(CASE_FILE)])
        assert runner.catch_up() == book.head()
        assert kept(book, CASE_FILE) == expected(book, raised_version(CASE_FILE))


def test_two_do_not_build_the_same_view_at_once(ledger: Ledger, runner: Runner, projected: Database) -> None:
    fill(ledger, cases=5)
    refused: list[str] = []

    def another() -> None:
        with pytest.raises(RebuildUnderWay) as refusal:
            rebuild(CASE_FILE, lambda: [ledger], projected)
        refused.append(str(refusal.value))
        runner.prepare()  # takes nothing away that somebody is building
        rebuild(CUSTOMER_PROFILE, lambda: [ledger], projected)

    assert rebuild(CASE_FILE, lambda: [ledger], projected, once(another)).differing == 0
    assert refused == [
        "The view case_file is being built anew by another process. Nothing was touched; let that one finish."
    ]


def test_an_event_that_the_new_version_cannot_take_leaves_the_old_table_as_it_is(
    ledger: Ledger, runner: Runner, projected: Database, database: conftest.Database
) -> None:
    head = fill(ledger, cases=15)
    runner.catch_up()
    before, shown = things(database), tables(database)

    def fold(view: Any, recorded: Any, context: Any) -> Any:
        if recorded.position > head // 2:
            raise ZeroDivisionError
        return CASE_FILE.fold(view, recorded, context)

    with pytest.raises(ProjectionStopped, match=r"case_file \(version 2\) stopped before position"):
        rebuild(replace(CASE_FILE, version=2, fold=fold), lambda: [ledger], projected)
    assert (things(database), tables(database)) == (before, shown)
    assert runner.catch_up() == head


def test_who_follows_takes_up_a_view_again_that_was_built_past_the_event_at_which_it_stopped(
    ledger: Ledger, projected: Database
) -> None:
    poison = write(ledger, received(1))
    first = Event()

    def fold(view: Any, recorded: Any, context: Any) -> Any:
        if recorded.position == poison:
            first.set()
            raise ZeroDivisionError
        return CASE_FILE.fold(view, recorded, context)

    broken, stop = Runner(ledger, projected, [replace(CASE_FILE, fold=fold)]), Event()
    following = Thread(target=broken.follow, args=(stop,))
    following.start()
    try:
        assert first.wait(20)
        while broken.positions()[0].stopped is None:
            pass
        rebuild(CASE_FILE, lambda: [ledger], projected)
        assert Runner(ledger, projected, [CASE_FILE]).wait_for(write(ledger, received(2)), 20)
    finally:
        stop.set()
        following.join()
    assert kept(ledger, CASE_FILE) == expected(ledger, CASE_FILE)
