import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import Event, Thread
from typing import Any

import psycopg
import pytest

from ledger.database import Database
from ledger.errors import LedgerAway, LedgerError
from ledger.ledger import Ledger
from projections import rebuild as rebuilding
from projections.audit_trail import AUDIT_TRAIL
from projections.building import build
from projections.case_file import CASE_FILE, by_ids
from projections.customer_profile import CUSTOMER_PROFILE
from projections.half_built import begin_anew, begin_books, half_built
from projections.rebuild import Outcome, RebuildUnderWay, discard, rebuild, rebuild_all
from projections.runner import GivenUp, Runner
from projections.view import View
from tests import conftest
from tests.ledger.submissions import opened
from tests.projections.amended import Writers, expected, kept
from tests.projections.books import case_id, fill, received, tables, write
from tests.projections.killed import BATCH, VIEWS
from tests.projections.test_rebuild import things

BEGUN = "SELECT projection, begun_at FROM views.rebuild WHERE in_place_at IS NULL ORDER BY 1"
CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'daybook_projector'"
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


@dataclass
class Builder:
    """Builds views anew in this process, and remembers how far it said to have come and what it told."""

    ledgers: Sequence[Ledger]
    projected: Database
    progress: list[tuple[str, int, int]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    meanwhile: Callable[[str], object] = lambda book: None
    """What else happens after each step."""

    def on_progress(self, book: str, reached: int, target: int) -> None:
        self.progress.append((book, reached, target))
        self.meanwhile(book)

    def build_books(self, views: Sequence[View[Any]], ledgers: Sequence[Ledger]) -> None:
        for ledger in ledgers:
            build(views, ledger, self.projected, self.on_progress, batch=BATCH)

    def run(self, views: Sequence[View[Any]] = VIEWS, *, restart: bool = False) -> Outcome:
        while True:
            try:
                return rebuild_all(
                    views,
                    lambda: list(self.ledgers),
                    self.projected,
                    self.build_books,
                    restart=restart,
                    told=self.said.append,
                )
            except RebuildUnderWay:  # the server has not noticed yet that the one before is dead
                continue


@pytest.fixture
def books(written: Database, ledger: Ledger, projected: Database) -> list[Ledger]:
    """Two books with all their views."""
    both = [ledger, opened(written, "other")]
    for seed, book in enumerate(both):
        fill(book, cases=15, seed=seed)
        Runner(book, projected).catch_up()
    return both


@pytest.fixture
def owner(database: conftest.Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.owner_url) as owner:
        yield owner


def interrupted(books: Sequence[Ledger], projected: Database) -> tuple[str, int, int]:
    """Breaks a build off after its second step, and gives back how far it had come."""

    def ctrl_c(_: str) -> None:
        if len(builder.progress) == 2:
            raise KeyboardInterrupt

    builder = Builder(books, projected, meanwhile=ctrl_c)
    with pytest.raises(KeyboardInterrupt):
        builder.run()
    return builder.progress[-1]


@contextmanager
def building(database: conftest.Database, books: Sequence[Ledger]) -> Iterator[subprocess.Popen[str]]:
    """The same in a process of its own, which is killed at the end."""
    program = [sys.executable, "-m", "tests.projections.killed", database.writer_url, database.projector_url]
    with subprocess.Popen(
        [*program, *(book.book for book in books)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(os.environ), cwd=conftest.PROJECT,
    ) as running:  # fmt: skip
        yield running
        running.kill()


def told(running: subprocess.Popen[str]) -> tuple[str, int, int]:
    """How far it has come, before it goes on."""
    assert running.stdout is not None
    book, reached, target = running.stdout.readline().split()
    return book, int(reached), int(target)


def let_go_on(running: subprocess.Popen[str], steps: int) -> None:
    assert running.stdin is not None
    running.stdin.write("\n" * steps)
    running.stdin.flush()


def until_it_waits(database: conftest.Database) -> None:
    with psycopg.connect(database.owner_url, autocommit=True) as watching:
        while watching.execute(WAITING).fetchone() == (0,):
            pass


@contextmanager
def going_on(books: Sequence[Ledger], written: Database, projected: Database) -> Iterator[list[set[int]]]:
    """Somebody who keeps the live views, somebody who writes and somebody who asks, all the while."""
    stop, answers = Event(), [set[int]() for _ in books]
    ids = [case_id(number) for number in range(15)]

    def keep(book: Ledger) -> None:
        Runner(book, projected).follow(stop)

    def ask() -> None:
        while not stop.wait(0.02):
            for book, found in zip(books, answers, strict=True):
                found.add(len(by_ids(written, book.book, ids)))

    def tell() -> None:
        writers = Writers(books[0], 7, customers=5, cases=15)
        while not stop.is_set() and books[0].head() < 800:
            writers.write(5)

    threads = [*(Thread(target=keep, args=(book,)) for book in books), Thread(target=ask), Thread(target=tell)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        stop.set()
        for thread in threads:
            thread.join()


STAGES = {
    "comparing": "views.rebuild_compared IN EXCLUSIVE MODE",
    "making indexes": "views.case_file_1_anew IN ROW EXCLUSIVE MODE",
    "taking the live tables' places": f"views.{AUDIT_TRAIL.table} IN ACCESS SHARE MODE",
}
"""What holds a builder up at a stage: a lock that somebody else has."""


def killed_while_it_builds(database: conftest.Database, books: Sequence[Ledger]) -> None:
    """Once in the first book, and once it has gone on from there and come to the second."""
    with building(database, books) as running:
        first = told(running)
        let_go_on(running, 1)
        second = told(running)
        assert (first[0], second[0], first[1] < second[1] < second[2]) == ("main", "main", True)
    with building(database, books) as running:
        book, reached, _ = told(running)
        assert (book, reached >= second[1]) == ("main", True)
        while book == "main":
            let_go_on(running, 1)
            book, _, _ = told(running)


@pytest.mark.parametrize(
    "stages",
    [
        ["comparing", "taking the live tables' places"],
        pytest.param(["building", *STAGES], marks=pytest.mark.long),
    ],
    ids=["two stages", "every stage"],
)
def test_a_rebuild_that_is_killed_goes_on_each_time_while_others_read_and_write(
    books: list[Ledger],
    written: Database,
    projected: Database,
    database: conftest.Database,
    owner: psycopg.Connection,
    stages: list[str],
) -> None:
    before = things(database)
    begun: list[Any] = []
    with going_on(books, written, projected) as answers:
        if "building" in stages:
            killed_while_it_builds(database, books)
        for stage in (stage for stage in STAGES if stage in stages):
            with building(database, books) as running:
                told(running)
                owner.execute(f"LOCK TABLE {STAGES[stage]}".encode())
                let_go_on(running, 10_000)
                until_it_waits(database)
            owner.rollback()
            begun.append(owner.execute(BEGUN).fetchall())
            owner.commit()
        builder = Builder(books, projected)
        outcome = builder.run()
    assert all(table in begun[0] for found in begun for table in found)  # nothing was begun again
    assert [(built.view, built.differing) for built in outcome.rebuilt] == [(view.name, 0) for view in VIEWS]
    assert all("goes on from where it was" in said or "is in its place since" in said for said in builder.said)
    assert answers == [{15}, {15}]
    assert things(database) == before
    for each in books:
        Runner(each, projected).catch_up()
        assert [kept(each, view) for view in VIEWS] == [expected(each, view) for view in VIEWS]


def test_what_was_broken_off_goes_on_from_where_it_was(
    books: list[Ledger], projected: Database, database: conftest.Database
) -> None:
    before, shown = things(database), tables(database)
    book, reached, target = interrupted(books, projected)
    assert (book, 0 < reached < target) == ("main", True)
    for each in books:
        Runner(each, projected).prepare()  # whoever begins takes nothing away
    builder = Builder(books, projected)
    outcome = builder.run()
    assert builder.progress[0][1] > reached
    assert [said.partition(" was begun ")[0] for said in builder.said] == [view.label for view in VIEWS]
    assert [built.differing for built in outcome.rebuilt] == [0, 0]
    assert (things(database), tables(database)) == (before, shown)


def test_a_database_that_drops_all_connections_ends_a_rebuild_and_what_was_built_is_kept(
    books: list[Ledger], projected: Database, database: conftest.Database, owner: psycopg.Connection
) -> None:
    before, shown = things(database), tables(database)

    def cut(_: str) -> None:
        if len(builder.progress) == 2:
            owner.execute(CUT)
            owner.commit()

    builder = Builder(books, projected, meanwhile=cut)
    with pytest.raises(LedgerAway, match=r"those that are asked are whole, and what was built is kept"):
        builder.run()
    again = Builder(books, projected)
    assert [built.differing for built in again.run().rebuilt] == [0, 0]
    assert again.progress == []  # all was built, and only the way into its place was missing
    assert [said.partition(" was begun ")[0] for said in again.said] == [view.label for view in VIEWS]
    assert (things(database), tables(database)) == (before, shown)


@pytest.mark.parametrize("restart", [False, True], ids=["by another program", "and is to be begun again"])
def test_what_cannot_be_gone_on_with_is_begun_again_and_said(
    books: list[Ledger], projected: Database, database: conftest.Database, owner: psycopg.Connection, restart: bool
) -> None:
    before, shown = things(database), tables(database)
    interrupted(books, projected)
    if not restart:
        owner.execute("UPDATE views.rebuild SET fingerprint = 'another'")
        owner.execute("UPDATE views.case_file_1_anew SET unit = 'as another program makes it'")
        owner.commit()
    builder = Builder(books, projected)
    outcome = builder.run(restart=restart)
    why = "as asked" if restart else "since another program began it"
    assert builder.said == [
        f"What was built of {view.name} is thrown away, {why}; it is begun again." for view in VIEWS
    ]
    assert builder.progress[0][1] == BATCH
    assert [built.differing for built in outcome.rebuilt] == [0, 0]
    assert (things(database), tables(database)) == (before, shown)


def test_a_row_that_somebody_changed_is_told_though_it_was_found_before_the_rebuild_was_broken_off(
    books: list[Ledger], projected: Database, owner: psycopg.Connection
) -> None:
    owner.execute("UPDATE views.case_file_1 SET unit = 'nobody' WHERE case_id = %s AND book = 'main'", (case_id(3),))
    owner.commit()

    def ctrl_c(book: str) -> None:
        if book == "other":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Builder(books, projected, meanwhile=ctrl_c).run()
    case_files, trail = Builder(books, projected).run().rebuilt
    assert (case_files.differing, trail.differing) == (1, 0)
    assert [(book.book, book.differing) for book in case_files.books] == [("main", 1), ("other", 0)]


def test_what_is_half_built_is_known_with_how_far_it_has_come_and_can_be_thrown_away(
    books: list[Ledger], projected: Database, written: Database, database: conftest.Database
) -> None:
    before = things(database)
    _, reached, _ = interrupted(books, projected)
    found = half_built(written)
    assert [(table.projection, table.version) for table in found] == [
        (view.name, view.version) for view in sorted(VIEWS, key=lambda each: each.name)
    ]
    assert {table.positions["main"] for table in found} == {reached}
    assert all(table.stored_bytes > 0 and table.moved_at is not None for table in found)
    assert [table.projection for table in discard([CASE_FILE, CUSTOMER_PROFILE], projected)] == ["case_file"]
    assert [table.projection for table in half_built(written)] == ["audit_trail"]
    discard(VIEWS, projected)
    assert (half_built(written), discard(VIEWS, projected), things(database)) == ([], [], before)


def test_what_is_being_built_is_not_thrown_away(books: list[Ledger], projected: Database) -> None:
    refused: list[RebuildUnderWay] = []

    def another(*told: Any) -> None:
        if not refused:
            with pytest.raises(RebuildUnderWay) as refusal:
                discard(VIEWS, projected)
            refused.append(refusal.value)

    assert rebuild(CASE_FILE, lambda: books, projected, another).differing == 0
    assert len(refused) == 1


def test_a_builder_writes_nothing_more_once_what_it_built_was_begun_again(
    books: list[Ledger], projected: Database, owner: psycopg.Connection
) -> None:
    def another(_: str) -> None:
        with projected.connection() as connection:
            anew = replace(CASE_FILE, anew=True)
            begin_anew(connection, anew, ["case_file"], projected.now())
            begin_books(connection, [anew], ["main"], projected.now())

    with pytest.raises(GivenUp, match="was given up or begun again by another process"):
        Builder(books, projected, meanwhile=another).run()
    assert owner.execute("SELECT count(*) FROM views.case_file_1_anew").fetchone() == (0,)


def test_a_view_that_cannot_take_an_event_is_given_up_and_the_others_take_their_places(
    books: list[Ledger], projected: Database, database: conftest.Database
) -> None:
    before, shown = things(database), tables(database)

    def fold(view: Any, recorded: Any, context: Any) -> Any:
        if recorded.position > 100:
            raise ZeroDivisionError
        return CASE_FILE.fold(view, recorded, context)

    outcome = Builder(books, projected).run([replace(CASE_FILE, fold=fold), AUDIT_TRAIL, CUSTOMER_PROFILE])
    assert [built.view for built in outcome.rebuilt] == ["audit_trail", "customer_profile"]
    assert [(why.projection, why.position > 100) for why in outcome.stopped] == [("case_file", True)]
    assert (things(database), tables(database)) == (before, shown)


def test_a_reader_who_does_not_let_go_has_the_rebuild_give_up_and_keep_what_it_built(
    books: list[Ledger],
    projected: Database,
    database: conftest.Database,
    owner: psycopg.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rebuilding, "PAUSES_SECONDS", (0.0, 0.0))
    monkeypatch.setattr(rebuilding, "LOCK_PATIENCE", "100ms")
    shown = tables(database)
    assert owner.execute(f"SELECT count(*) > 0 FROM views.{AUDIT_TRAIL.table}".encode()).fetchone() == (True,)
    with pytest.raises(LedgerError, match="The view audit_trail is read without a pause"):
        Builder(books, projected).run()
    owner.commit()
    assert tables(database) == shown
    builder = Builder(books, projected)
    assert [built.differing for built in builder.run().rebuilt] == [0, 0]
    assert ["in its place since" in said for said in builder.said] == [True, False]
    assert tables(database) == shown


def test_what_came_into_its_place_before_it_was_broken_off_is_built_again_when_it_is_asked_for_alone(
    books: list[Ledger], projected: Database, owner: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rebuilding, "PAUSES_SECONDS", (0.0,))
    monkeypatch.setattr(rebuilding, "LOCK_PATIENCE", "100ms")
    owner.execute(f"SELECT FROM views.{AUDIT_TRAIL.table}".encode())
    with pytest.raises(LedgerError):
        Builder(books, projected).run()
    owner.commit()
    owner.execute("UPDATE views.case_file_1 SET unit = 'nobody' WHERE book = 'main'")
    owner.commit()
    (built,) = Builder(books, projected).run([CASE_FILE]).rebuilt
    assert built.differing == 15


def test_a_book_that_is_opened_meanwhile_is_built_as_well(
    books: list[Ledger], written: Database, projected: Database
) -> None:
    def one_more(_: str) -> None:
        if len(books) == 2:
            books.append(opened(written, "third"))
            write(books[2], received(1))
            Runner(books[2], projected).catch_up()

    Builder(books, projected, meanwhile=one_more).run([CASE_FILE])
    assert kept(books[2], CASE_FILE) == expected(books[2], CASE_FILE)
    assert len(kept(books[2], CASE_FILE)) == 1
