import logging
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Event, Thread
from typing import Any
from uuid import UUID

import psycopg
import pytest

from domain.book import BookOpened
from domain.case.commands import RegisterCase
from domain.case.events import CaseRegistered, CaseResolved
from domain.topics import EVENTS
from ledger.codec import Codec
from ledger.database import Database
from ledger.ledger import Ledger
from projections.case_file import CASE_FILE, by_id
from projections.cursor import views_of
from projections.customer_profile import CUSTOMER_PROFILE
from projections.projection import Projection
from projections.registry import PROJECTIONS
from projections.runner import Runner
from tests import conftest
from tests.ledger.submissions import MASTER, OPENED, opened
from tests.projections.books import case_id, fill, received, rows, tables, write
from tests.projections.telling import rows_of

PATIENCE_SECONDS = 20.0
FOLDED = [view for view in PROJECTIONS if isinstance(view, Projection)]


def standing_at(runner: Runner) -> list[int]:
    return [standing.position for standing in runner.positions()]


@contextmanager
def following(runner: Runner) -> Iterator[None]:
    stop = Event()
    thread = Thread(target=runner.follow, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_a_book_with_nothing_but_its_genesis_has_empty_views(runner: Runner, database: conftest.Database) -> None:
    assert runner.catch_up() == 1
    assert [rows(database, view.table) for view in FOLDED] == [[] for _ in FOLDED]


def as_folded(ledger: Ledger) -> list[dict[UUID, Any]]:
    """The rows of each view, folded here and now from the whole book."""
    told = ledger.since(0)
    return [
        rows_of(projection, [each for each in told if each.stream.partition("-")[0] in projection.reads])
        for projection in FOLDED
    ]


def as_kept(ledger: Ledger, projected: Database, expected: list[dict[UUID, Any]]) -> list[dict[UUID, Any]]:
    """Those rows as the tables have them."""
    return [
        views_of(projected, ledger.book, projection, rows.keys())
        for projection, rows in zip(FOLDED, expected, strict=True)
    ]


def test_the_views_equal_a_fold_of_the_whole_book(
    ledger: Ledger, runner: Runner, projected: Database, database: conftest.Database
) -> None:
    head = fill(ledger, cases=40)
    assert runner.catch_up(batch=17) == head
    expected = as_folded(ledger)
    assert as_kept(ledger, projected, expected) == expected
    lengths = {view.name: len(rows) for view, rows in zip(PROJECTIONS, tables(database), strict=True)}
    assert [lengths[view.name] for view in FOLDED] == [len(rows) for rows in expected]
    assert [len(rows) for rows in expected] == [40, 13, 3, 2, 4, 40]


def test_a_rebuilt_view_equals_the_one_that_grew(
    ledger: Ledger, runner: Runner, projected: Database, database: conftest.Database
) -> None:
    for seed, batch in enumerate((1, 7, 1000)):
        if seed:
            write(ledger, received(1000 + seed))
        else:
            fill(ledger, cases=25)
        runner.catch_up(batch=batch)
    grown = tables(database)
    with projected.connection() as connection:
        connection.execute("DELETE FROM views.cursor")
    rebuilder = Runner(ledger, projected)
    assert rebuilder.catch_up() == ledger.head()
    assert tables(database) == grown
    with projected.connection() as connection:
        connection.execute("DROP TABLE views.case_file_1 CASCADE")
    rebuilder.prepare()
    assert standing_at(rebuilder) == [0, *(ledger.head() for _ in PROJECTIONS[1:])]
    rebuilder.catch_up(batch=11)
    assert tables(database) == grown


def test_the_views_are_brought_to_a_position_and_no_further(ledger: Ledger, runner: Runner, written: Database) -> None:
    before = write(ledger, received(1))
    write(ledger, RegisterCase(at=OPENED, case_id=case_id(1)))
    seen: list[tuple[int, int]] = []
    assert runner.catch_up(before, on_progress=lambda at, target: seen.append((at, target))) == before
    assert seen == [(before, before)]
    view = by_id(written, "main", case_id(1))
    assert view is not None
    assert (view.position, view.register) == (before, None)
    assert runner.catch_up(before - 1) == before


def test_two_books_are_kept_apart(written: Database, projected: Database, database: conftest.Database) -> None:
    books = [opened(written, "main"), opened(written, "other")]
    for seed, book in enumerate(books):
        fill(book, cases=10, seed=seed)
        Runner(book, projected).catch_up()
    expected = [as_folded(book) for book in books]
    assert expected[0] != expected[1]
    assert [as_kept(book, projected, rows) for book, rows in zip(books, expected, strict=True)] == expected
    apart = tables(database, "main"), tables(database, "other")
    with projected.connection() as connection:
        connection.execute("DELETE FROM views.cursor WHERE book = 'other'")
    Runner(books[1], projected).catch_up()
    assert (tables(database, "main"), tables(database, "other")) == apart


def test_a_runner_that_was_killed_midway_is_taken_up_where_it_stood(
    ledger: Ledger, runner: Runner, projected: Database, database: conftest.Database
) -> None:
    head = fill(ledger, cases=20)

    def interrupt(reached: int, target: int) -> None:
        if reached > target // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        runner.catch_up(batch=10, on_progress=interrupt)
    assert head // 2 < min(standing_at(runner)) < head
    again = Runner(ledger, projected)
    assert again.catch_up(batch=10) == head
    midway = tables(database)
    with projected.connection() as connection:
        connection.execute("DELETE FROM views.cursor")
    Runner(ledger, projected).catch_up()
    assert tables(database) == midway


def test_a_view_that_is_behind_meets_the_others_where_they_stand(
    ledger: Ledger, projected: Database, database: conftest.Database
) -> None:
    head = fill(ledger, cases=10)
    Runner(ledger, projected, [CUSTOMER_PROFILE]).catch_up(head // 2)
    both = Runner(ledger, projected, [CASE_FILE, CUSTOMER_PROFILE])
    both.prepare()
    assert standing_at(both) == [0, head // 2]
    seen: list[int] = []
    both.catch_up(on_progress=lambda reached, target: seen.append(reached))
    assert seen == [head // 2, head]
    assert standing_at(both) == [head, head]


# Two at once --------------------------------------------------------------------------------------------------


def overtaken_once(projection: Projection[Any], meanwhile: Callable[[], object]) -> Projection[Any]:
    """The projection, with something that happens between its reading and its writing, once."""
    happened = Event()

    def fold(view: Any, recorded: Any, context: Any) -> Any:
        if not happened.is_set():
            happened.set()
            meanwhile()
        return projection.fold(view, recorded, context)

    return replace(projection, fold=fold)


def test_a_runner_that_another_has_overtaken_writes_nothing_twice(
    ledger: Ledger, runner: Runner, projected: Database, database: conftest.Database
) -> None:
    head = fill(ledger, cases=15)
    slow = Runner(ledger, projected, [overtaken_once(CASE_FILE, lambda: runner.catch_up(batch=8)), CUSTOMER_PROFILE])
    assert slow.catch_up() == head
    overtaken = tables(database)
    with projected.connection() as connection:
        connection.execute("DELETE FROM views.cursor")
    Runner(ledger, projected).catch_up()
    assert tables(database) == overtaken


def test_a_cursor_that_vanishes_under_a_runner_is_set_anew(
    ledger: Ledger, runner: Runner, projected: Database, database: conftest.Database
) -> None:
    head = fill(ledger, cases=15)
    runner.catch_up()
    expected = tables(database)

    def forget() -> None:
        with projected.connection() as connection:
            connection.execute("DELETE FROM views.cursor")

    write(ledger, received(999))
    assert Runner(ledger, projected, [overtaken_once(CASE_FILE, forget), CUSTOMER_PROFILE]).catch_up() == head + 1
    assert [row for row in tables(database)[0] if row[1] != case_id(999)] == expected[0]


def test_many_runners_at_once_write_each_event_once(
    ledger: Ledger, projected: Database, database: conftest.Database
) -> None:
    head = fill(ledger, cases=30)
    threads = [Thread(target=Runner(ledger, projected).catch_up, kwargs={"batch": batch}) for batch in (3, 5, 7, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    together = tables(database)
    assert set(standing_at(Runner(ledger, projected))) == {head}
    with projected.connection() as connection:
        connection.execute("DELETE FROM views.cursor")
    Runner(ledger, projected).catch_up()
    assert tables(database) == together


def test_many_may_prepare_at_once_and_again(ledger: Ledger, projected: Database) -> None:
    failures: list[Exception] = []

    def prepare() -> None:
        try:
            Runner(ledger, projected).prepare()
        except psycopg.Error as error:
            failures.append(error)

    threads = [Thread(target=prepare) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    prepare()
    assert failures == []
    assert set(standing_at(Runner(ledger, projected))) == {0}


def test_before_anything_is_prepared_the_views_stand_at_the_beginning(ledger: Ledger, projected: Database) -> None:
    positions = Runner(ledger, projected).positions()
    assert [(each.projection, each.version, each.position, each.stopped) for each in positions] == [
        ("case_file", 1, 0, None),
        ("customer_profile", 1, 0, None),
        ("obligation", 2, 0, None),
        ("staff", 1, 0, None),
        ("unit", 2, 0, None),
        ("audit_trail", 1, 0, None),
        ("timeline", 1, 0, None),
        ("movement", 1, 0, None),
        ("register", 1, 0, None),
        ("sla_timer", 2, 0, None),
    ]


# What a view cannot take --------------------------------------------------------------------------------------


def refusing(projection: Projection[Any], position: int) -> Projection[Any]:
    """The projection, with a fold that fails at one event."""

    def fold(view: Any, recorded: Any, context: Any) -> Any:
        if recorded.position == position:
            raise ZeroDivisionError("division by zero")
        return projection.fold(view, recorded, context)

    return replace(projection, fold=fold)


def test_an_event_that_a_fold_fails_at_stops_its_view_alone_before_it(
    ledger: Ledger, projected: Database, database: conftest.Database, caplog: pytest.LogCaptureFixture
) -> None:
    head = fill(ledger, cases=15)
    poison = next(each.position for each in ledger.since(head // 2) if isinstance(each.event, CaseRegistered))
    broken = Runner(ledger, projected, [refusing(CASE_FILE, poison), CUSTOMER_PROFILE])
    with caplog.at_level(logging.ERROR):
        assert broken.catch_up(batch=20) == poison - 1
    case_file, customers = broken.positions()
    assert (case_file.position, customers.position, customers.stopped) == (poison - 1, head, None)
    assert case_file.stopped is not None
    assert (case_file.stopped.projection, case_file.stopped.position, case_file.stopped.topic) == (
        "case_file",
        poison,
        "case-registered.1",
    )
    assert str(case_file.stopped) == (
        f"case_file (version 1) stopped before position {poison} (case-registered.1). Nothing was skipped; it goes on "
        "from there once the program can take the event. It met ZeroDivisionError: division by zero"
    )
    assert str(case_file.stopped) in caplog.text
    assert max(row[3] for row in rows(database, CASE_FILE.table)) < poison
    assert broken.catch_up() == poison - 1
    mended = Runner(ledger, projected)
    assert mended.catch_up() == head
    assert {standing.stopped for standing in mended.positions()} == {None}


def test_a_topic_that_an_older_program_does_not_know_stops_the_view_that_reads_it(
    ledger: Ledger, written: Database, projected: Database
) -> None:
    head = fill(ledger, cases=15)
    unknown = next(each.position for each in ledger.since(0) if isinstance(each.event, CaseResolved))
    older = Ledger(written, MASTER, codec=Codec([event for event in EVENTS if event is not CaseResolved]))
    runner = Runner(older, projected)
    assert runner.catch_up(batch=10) == unknown - 1
    case_file, customers, *_ = runner.positions()
    assert (case_file.position, customers.position) == (unknown - 1, head)
    assert case_file.stopped is not None
    assert (case_file.stopped.position, case_file.stopped.topic) == (unknown, "case-resolved.1")
    assert case_file.stopped.cause.startswith("UnknownTopic: ")
    assert Runner(ledger, projected).catch_up() == head


def test_an_event_that_no_view_reads_need_not_be_known(ledger: Ledger, written: Database, projected: Database) -> None:
    head = fill(ledger, cases=5)
    older = Ledger(written, MASTER, codec=Codec([event for event in EVENTS if event is not BookOpened]))
    runner = Runner(older, projected, FOLDED)
    assert runner.catch_up() == head
    assert {standing.stopped for standing in runner.positions()} == {None}


@pytest.mark.parametrize(
    ("untaken", "because"), [(2**40, "out of range"), (None, "not-null"), ({1}, "not JSON serializable")]
)
def test_a_row_that_the_table_does_not_take_stops_the_view_at_the_event_that_made_it(
    ledger: Ledger, projected: Database, untaken: Any, because: str
) -> None:
    head = fill(ledger, cases=15)
    poison = next(each.position for each in ledger.since(head // 3) if isinstance(each.event, CaseRegistered))

    def fold(view: Any, recorded: Any, context: Any) -> Any:
        after = CASE_FILE.fold(view, recorded, context)
        return after._replace(responses=untaken) if after and recorded.position == poison else after

    runner = Runner(ledger, projected, [replace(CASE_FILE, fold=fold), CUSTOMER_PROFILE])
    assert runner.catch_up() == poison - 1
    stopped = runner.positions()[0].stopped
    assert stopped is not None
    assert (stopped.position, stopped.topic) == (poison, "case-registered.1")
    assert because in stopped.cause
    assert Runner(ledger, projected).catch_up() == head


def test_a_row_that_this_program_did_not_write_stops_the_view_before_the_next_event_of_it(
    ledger: Ledger, runner: Runner, projected: Database
) -> None:
    write(ledger, received(1))
    before = runner.catch_up()
    with projected.connection() as connection:
        connection.execute("UPDATE views.case_file_1 SET status = 'adjourned'")
    write(ledger, RegisterCase(at=OPENED, case_id=case_id(1)))
    assert runner.catch_up() == before
    case_file, customers, *_ = runner.positions()
    assert case_file.stopped is not None
    assert case_file.stopped.cause == "ValueError: 'adjourned' is not a valid Status"
    assert (customers.position, customers.stopped) == (before + 1, None)


def test_a_row_too_large_for_an_index_stops_its_view_and_not_the_others(ledger: Ledger, projected: Database) -> None:
    first = write(ledger, received(1))
    head = write(ledger, received(2))
    far_too_long = random.Random(1).randbytes(20_000).hex()  # and not to be compressed

    def fold(view: Any, recorded: Any, context: Any) -> Any:
        after = CASE_FILE.fold(view, recorded, context)
        return after._replace(category=far_too_long) if after and recorded.position > first else after

    runner = Runner(ledger, projected, [replace(CASE_FILE, fold=fold), CUSTOMER_PROFILE])
    assert runner.catch_up() == first
    case_file, customers, *_ = runner.positions()
    assert case_file.stopped is not None
    assert (case_file.stopped.position, customers.position) == (head, head)
    assert case_file.stopped.cause.startswith("ProgramLimitExceeded: index row")


@pytest.mark.parametrize("unwritable", ["a \0 in it", "a \ud800 in it"])
def test_what_stops_a_view_is_told_though_it_quotes_what_no_text_can_hold(
    ledger: Ledger, projected: Database, unwritable: str
) -> None:
    poison = write(ledger, received(1))

    def fold(*_: object) -> Any:
        raise ValueError(unwritable)

    runner = Runner(ledger, projected, [replace(CASE_FILE, fold=fold)])
    assert runner.catch_up() == poison - 1
    stopped = runner.positions()[0].stopped
    assert stopped is not None
    assert (stopped.position, stopped.cause[:14], stopped.cause[-6:]) == (poison, "ValueError: a ", " in it")


def test_a_key_that_cannot_be_told_stops_its_view_at_that_event(ledger: Ledger, projected: Database) -> None:
    first = write(ledger, received(1))
    write(ledger, received(2))

    def keys(recorded: Any) -> Any:
        if recorded.position > first:
            raise ValueError
        return CASE_FILE.keys(recorded)

    runner = Runner(ledger, projected, [replace(CASE_FILE, keys=keys)])
    assert runner.catch_up() == first
    stopped = runner.positions()[0].stopped
    assert stopped is not None
    assert (stopped.position, stopped.cause) == (first + 1, "ValueError")


# Following ----------------------------------------------------------------------------------------------------


def test_who_follows_shows_each_event_as_it_comes(ledger: Ledger, projected: Database, written: Database) -> None:
    runner = Runner(ledger, projected)
    with following(runner):
        for number in range(5):
            position = write(ledger, received(number))
            assert runner.wait_for(position, PATIENCE_SECONDS)
            assert by_id(written, "main", case_id(number)) is not None


def test_another_process_that_follows_is_waited_for_as_well(ledger: Ledger, projected: Database) -> None:
    position = write(ledger, received(1))
    with following(Runner(ledger, projected)):
        assert Runner(ledger, projected).wait_for(position, PATIENCE_SECONDS)


def test_waiting_ends_when_nobody_keeps_the_views(ledger: Ledger, runner: Runner) -> None:
    position = write(ledger, received(1))
    assert not runner.wait_for(position, 0.01)
    runner.catch_up()
    assert runner.wait_for(position, 0)


def test_nobody_waits_for_a_view_that_has_stopped_before(ledger: Ledger, projected: Database) -> None:
    position = write(ledger, received(1))
    broken = Runner(ledger, projected, [refusing(CASE_FILE, position), CUSTOMER_PROFILE])
    with following(broken):
        customers = Runner(ledger, projected, [CUSTOMER_PROFILE])
        assert customers.wait_for(position, PATIENCE_SECONDS)
        assert not broken.wait_for(position, 3600)
        assert broken.wait_for(position, PATIENCE_SECONDS, views=[CUSTOMER_PROFILE])
        assert customers.wait_for(write(ledger, received(2)), PATIENCE_SECONDS)
    assert standing_at(broken) == [position - 1, position + 1]


def test_who_follows_outlives_lost_connections(
    ledger: Ledger, projected: Database, database: conftest.Database
) -> None:
    runner = Runner(ledger, projected)
    with following(runner):
        assert runner.wait_for(write(ledger, received(1)), PATIENCE_SECONDS)
        with psycopg.connect(database.owner_url, autocommit=True) as owner:
            cut = owner.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND usename IN ('daybook_projector', 'daybook_writer')"
            ).fetchall()
        assert len(cut) > 1
        assert runner.wait_for(write(ledger, received(2)), PATIENCE_SECONDS)


def test_who_follows_makes_views_anew_that_were_dropped(ledger: Ledger, projected: Database) -> None:
    runner = Runner(ledger, projected)
    with following(runner):
        assert runner.wait_for(write(ledger, received(1)), PATIENCE_SECONDS)
        with projected.connection() as connection:
            connection.execute("DROP TABLE views.case_file_1, views.cursor CASCADE")
        position = write(ledger, received(2))
        assert Runner(ledger, projected).wait_for(position, PATIENCE_SECONDS)
    assert len(views_of(projected, "main", CASE_FILE, [case_id(1), case_id(2)])) == 2


def test_doors_may_read_the_views_and_may_not_write_them(runner: Runner, written: Database) -> None:
    assert written.rows("SELECT count(*) FROM views.case_file_1 JOIN views.cursor USING (book)") == [(0,)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        written.rows("DELETE FROM views.case_file_1 RETURNING book")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        written.rows("DELETE FROM views.cursor RETURNING book")
