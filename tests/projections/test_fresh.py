"""Rows made anew by the replay, beside those that the runner keeps, at the same positions of the same books."""

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import psycopg
import pytest

from domain.channel import Channel, Direction
from domain.stream import subject_of
from domain.touchpoint import RecordTouchpoint
from ledger.database import Database
from ledger.ledger import Ledger
from projections.case_file import CASE_FILE
from projections.customer_profile import CUSTOMER_PROFILE
from projections.registry import PROJECTIONS
from projections.runner import Runner
from projections.view import View
from replay import fresh as anew
from replay import walk
from replay.fresh import CannotFold, fresh, subjects
from replay.reader import Reader
from replay.walk import BookNotWhole
from tests import conftest
from tests.ledger.submissions import OPENED, register_customer
from tests.projections.amended import Writers, kept, touchpoint_id
from tests.projections.books import customer_id, fill, write
from tests.projections.journals import READ, WRITTEN

VIEWS: tuple[View[Any], ...] = (*PROJECTIONS, WRITTEN, READ)


def in_order(view: View[Any], rows: Sequence[Any]) -> list[Any]:
    return sorted(rows, key=lambda row: [getattr(row, column) for column in view.identity])


def made_anew(ledger: Ledger, view: View[Any], position: int, **scope: Any) -> list[Any]:
    return in_order(view, [row for rows in fresh(Reader(ledger), view, position, **scope) for row in rows])


def touchpoint(who: UUID) -> RecordTouchpoint:
    return RecordTouchpoint(
        at=OPENED, touchpoint_id=touchpoint_id(1), customer_id=who, channel=Channel.WEB, direction=Direction.IN
    )


def about(view: View[Any], row: Any) -> UUID:
    """The subject of a row."""
    return row[0] if len(view.identity) == 1 and view.identity != ("stream",) else subject_of(row.stream)


@pytest.mark.parametrize("seed", range(2))
def test_rows_made_anew_equal_the_views_of_an_amended_book_at_every_position_they_stood_at(
    ledger: Ledger, projected: Database, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walk, "STREAMS_AT_ONCE", 7)
    monkeypatch.setattr(anew, "TOUCHES_A_PASS", 5)
    chance, runner = random.Random(seed), Runner(ledger, projected, VIEWS)
    writers, stood = Writers(ledger, seed, customers=6, cases=25), dict[int, list[list[Any]]]()
    for _ in range(4):
        writers.write(chance.randrange(1, 150))
        position = runner.catch_up()
        stood[position] = [kept(ledger, view) for view in VIEWS]
    for position, rows in stood.items():
        for view, shown in zip(VIEWS, rows, strict=True):
            assert made_anew(ledger, view, position) == shown, view.name
            everybody = set(subjects(Reader(ledger), view, position))
            assert {about(view, row) for row in shown} <= everybody
            some = set(chance.sample(sorted(everybody), min(len(everybody), 9)))
            assert made_anew(ledger, view, position, only=some) == [row for row in shown if about(view, row) in some]


def test_rows_are_not_made_past_an_event_that_is_gone(ledger: Ledger, database: conftest.Database) -> None:
    head = fill(ledger, cases=3)
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        owner.execute("ALTER TABLE ledger.event DISABLE TRIGGER append_only")
        owner.execute("DELETE FROM ledger.event WHERE position = %s", [head // 2])
    for view in VIEWS:
        with pytest.raises(BookNotWhole, match=f"position {head // 2} holds none"):
            made_anew(ledger, view, head)
        assert made_anew(ledger, view, head // 2 - 1) is not None


def test_rows_are_not_made_of_a_stream_whose_beginning_is_gone(ledger: Ledger, database: conftest.Database) -> None:
    head = fill(ledger, cases=3)
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        owner.execute("ALTER TABLE ledger.event DISABLE TRIGGER append_only")
        owner.execute("UPDATE ledger.event SET version = version + 1000 WHERE stream LIKE 'case-%' AND version = 1")
    with pytest.raises(BookNotWhole, match=r"of them lie in streams that have a first event"):
        made_anew(ledger, CASE_FILE, head)


def test_a_view_that_does_not_say_which_streams_touch_its_rows_is_not_made(ledger: Ledger) -> None:
    head = write(ledger, register_customer(customer_id(1), "冯小明"), touchpoint(customer_id(1)))
    assert len(made_anew(ledger, CUSTOMER_PROFILE, head)) == 1
    undeclared = replace(CUSTOMER_PROFILE, touched_by=frozenset())
    with pytest.raises(CannotFold, match=r"touches .*, which the view does not say of its kind"):
        made_anew(ledger, undeclared, head)
