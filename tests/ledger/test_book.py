from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from random import Random
from threading import Barrier
from uuid import uuid4

import psycopg
import pytest
from typing_extensions import override

from domain.book import BookOpened, BookTime
from domain.envelope import Actor, ActorKind
from ledger.book import FORMATS, BookState, books, open_book, position_at, recorded_at
from ledger.database import Database
from ledger.errors import BookExists, LedgerError
from ledger.keys import LocalMasterKey
from ledger.ledger import Ledger
from tests import conftest
from tests.ledger.submissions import MASTER, OPENED, opened, receive, submission

MINUTE, TICK = timedelta(minutes=1), timedelta(microseconds=1)
INSTALLATION = Actor("installation", ActorKind.SYSTEM)
HANG_UP = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = %s AND datname = current_database()
"""


def test_a_book_begins_with_its_genesis(ledger: Ledger) -> None:
    (genesis,) = ledger.since(0)
    assert genesis.event == BookOpened(
        origin="test.example", zone="Asia/Shanghai", time=BookTime.SIMULATED, formats=FORMATS
    )
    assert (genesis.position, genesis.version, genesis.recorded_at, genesis.occurred_at) == (1, 1, OPENED, OPENED)
    assert genesis.stream.startswith("book-")
    assert genesis.metadata.actor == INSTALLATION
    assert books(ledger.database) == [BookState("main", BookTime.SIMULATED, "Asia/Shanghai", 1, OPENED)]


def test_opened_just_so_again_it_is_the_same_book(ledger: Ledger) -> None:
    ledger.carry_out(submission(receive(uuid4())))
    again = opened(ledger.database, "main")
    assert again.since(0) == ledger.since(0)
    later = open_book(
        ledger.database, MASTER, "main", origin="test.example", zone="Asia/Shanghai", time=BookTime.SIMULATED,
        at=OPENED.replace(year=2027), actor=INSTALLATION,
    )  # fmt: skip
    assert later.head() == 2


@pytest.mark.parametrize(("time", "zone"), [(BookTime.LIVE, "Asia/Shanghai"), (BookTime.SIMULATED, "Europe/Berlin")])
def test_a_book_of_another_kind_is_told_from_it(ledger: Ledger, time: BookTime, zone: str) -> None:
    with pytest.raises(
        BookExists, match=r"Book 'main' is there already, with simulated time and in zone Asia/Shanghai\."
    ):
        opened(ledger.database, "main", time, zone)
    assert ledger.head() == 1


def test_a_book_does_not_change_its_origin(ledger: Ledger) -> None:
    with pytest.raises(BookExists, match=r"Book 'main' is there already, under the name test\.example\."):
        open_book(
            ledger.database, MASTER, "main", origin="another.example", zone="Asia/Shanghai",
            time=BookTime.SIMULATED, at=OPENED, actor=INSTALLATION,
        )  # fmt: skip
    assert ledger.head() == 1


def test_a_book_opens_again_after_its_master_key_was_changed(ledger: Ledger) -> None:
    again = open_book(
        ledger.database, LocalMasterKey(b"2" * 32), "main", origin="test.example", zone="Asia/Shanghai",
        time=BookTime.SIMULATED, at=OPENED, actor=INSTALLATION,
    )  # fmt: skip
    assert again.carry_out(submission(receive(uuid4()))).position == 2


def test_processes_that_open_a_book_at_the_same_moment_end_with_one_genesis(written: Database) -> None:
    together = Barrier(6)

    def open_together(_: int) -> list[object]:
        together.wait()
        return list(opened(written, "main").since(0))

    with ThreadPoolExecutor(6) as threads:
        histories = list(threads.map(open_together, range(6)))
    assert [len(history) for history in histories] == [1] * 6
    assert all(history == histories[0] for history in histories)


def test_a_book_is_opened_over_a_connection_that_is_lost_midway(database: conftest.Database) -> None:
    class Lost(Database):
        """A database that hangs up when the genesis is about to be written, once."""

        whole = True

        @override
        def now(self) -> datetime:
            if self.whole:
                self.whole = False
                with psycopg.connect(database.owner_url) as owner:
                    owner.execute(HANG_UP, (conftest.WRITER,)).fetchall()
            return super().now()

    with Lost(database.writer_url) as lost:
        ledger = opened(lost, "main")
        assert not lost.whole
        assert [recorded.position for recorded in ledger.since(0)] == [1]


@pytest.mark.parametrize("name", ["", "Main", "1st", "a b", "a_b", "a" * 41, "main\n", "ma\0in", "主"])
def test_a_name_that_no_book_can_have_is_refused(written: Database, name: str) -> None:
    with pytest.raises(LedgerError, match="is no name for a book"):
        opened(written, name)
    assert books(written) == []


@pytest.mark.parametrize("name", ["a", "a" * 40, "north-2"])
def test_a_books_name_is_small_letters_digits_and_dashes(written: Database, name: str) -> None:
    opened(written, name)
    assert [state.book for state in books(written)] == [name]


@pytest.mark.parametrize("zone", ["Asia/Nowhere", "Mars", "UTC+8"])
def test_a_zone_that_does_not_exist_is_refused_since_no_case_could_be_registered(written: Database, zone: str) -> None:
    with pytest.raises(LedgerError, match="There is no time zone"):
        opened(written, "main", zone=zone)
    assert books(written) == []


def test_books_are_listed_by_name_with_where_they_stand(written: Database) -> None:
    north, south = opened(written, "north"), opened(written, "alpha", BookTime.LIVE, "UTC")
    north.carry_out(submission(receive(uuid4()), at=OPENED.replace(hour=5)))
    alpha, listed_north = books(written)
    assert alpha[:4] == ("alpha", BookTime.LIVE, "UTC", 1)
    assert alpha.recorded_at == south.since(0)[0].recorded_at
    assert listed_north == BookState("north", BookTime.SIMULATED, "Asia/Shanghai", 2, OPENED.replace(hour=5))


def test_the_last_position_recorded_by_an_instant_is_that_of_a_look_through_the_book(ledger: Ledger) -> None:
    chance = Random(7)
    for _ in range(40):
        at = OPENED + chance.randrange(60) * MINUTE
        ledger.carry_out(submission(receive(uuid4(), at=OPENED), receive(uuid4(), at=OPENED), at=at))
    history = ledger.since(0)
    instants = {each.recorded_at + tick for each in history for tick in (-TICK, timedelta(), TICK)}
    for at in (*instants, OPENED - MINUTE, OPENED + 90 * MINUTE):
        known = [each.position for each in history if each.recorded_at <= at]
        assert position_at(ledger.database, "main", at) == (known[-1] if known else 0)
    assert position_at(ledger.database, "nowhere", OPENED) == 0
    assert recorded_at(ledger.database, "main", history[-1].position + 1) is None
