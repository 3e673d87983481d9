"""What the views showed at any moment of a book's life is made again out of the book alone, byte for byte."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from typing_extensions import override

from api.demo.fill import fill
from api.demo.group import ZONE
from api.demo.year import Year
from api.past_case import past_cases
from domain.amending import ApproveAmendment
from domain.amendment import Amendment
from domain.book import BookTime
from domain.envelope import Submission
from domain.stream import Category, category_of, subject_of
from ledger.book import open_book, recorded_at
from ledger.database import Database
from ledger.ledger import Ledger
from ledger.outcome import Outcome
from projections import as_known
from replay.as_of import AsOf
from tests import conftest
from tests.ledger.submissions import CLERK, MASTER
from tests.replay.saved import Again, Saved, late_or_amended

EVER = datetime.max.replace(tzinfo=UTC)
LATE_DAYS = 1
LEAST_SHARE = 1 / 5


class Length(NamedTuple):
    """How long the demo's year is, and how many of its submissions are followed by a look."""

    cases: int
    looks: int


class Watched(Ledger):
    """A ledger that carries submissions out one by one, with somebody who looks in between."""

    saved: Saved | None = None
    chosen: frozenset[UUID] = frozenset()

    @override
    def carry_out_all(self, submissions: Sequence[Submission]) -> list[Outcome]:
        """The same answers."""
        answers: list[Outcome] = []
        for submission in submissions:
            decides = any(isinstance(command, ApproveAmendment) for command in submission.commands)
            if decides:
                self._look()
            answers += super().carry_out_all([submission])
            if decides or submission.command_id in self.chosen:
                self._look()
        return answers

    def _look(self) -> None:
        assert self.saved is not None
        self.saved.save()


@pytest.fixture(params=[Length(16, 26), pytest.param(Length(80, 1_060), marks=pytest.mark.long)], ids=["short", "long"])
def lived(request: pytest.FixtureRequest, database: conftest.Database) -> Iterator[tuple[Ledger, Saved]]:
    """A demo's book, with what its views held here and there while it was told, and around every correction."""
    length: Length = request.param
    year = Year(date(2026, 11, 20), seed=4, cases=length.cases)
    opened: dict[str, Any] = {
        "origin": year.name,
        "zone": ZONE,
        "time": BookTime.SIMULATED,
        "at": year.start,
        "actor": CLERK,
    }
    with Database(database.writer_url) as written, Database(database.projector_url) as views:
        open_book(written, MASTER, "demo", **opened).close()
        ledger = Watched(written, MASTER, "demo")
        ledger.chosen = frozenset(Random(6).sample([one.command_id for one in year.told()], length.looks))
        ledger.saved = Saved(ledger, views)
        fill(ledger, views, year, lambda told, of: None)
        ledger.saved.save()
        yield ledger, ledger.saved
        ledger.close()


def test_what_views_held_at_any_position_is_folded_out_of_the_book_alone_byte_for_byte(
    lived: tuple[Ledger, Saved], request: pytest.FixtureRequest
) -> None:
    ledger, saved = lived
    assert late_or_amended(ledger, LATE_DAYS) >= LEAST_SHARE
    amended = [one.position for one in ledger.since(0) if isinstance(one.event, Amendment)]
    assert {*amended, *(position - 1 for position in amended)} <= {*saved.positions}
    assert len(saved.positions) >= (1_000 if "long" in request.node.callspec.id else 20)
    with Again.of(ledger) as again:
        for position in saved.positions:
            before = saved.at(position)
            for name, rows in again.folded(position).items():
                assert rows == before[name], f"{name} at position {position}"
            for name, rows in as_of(ledger, again, position).items():
                assert rows == before[name], f"{name} as of position {position}"
        corrected = amended[-1]
        assert again.folded(corrected - 1)["case_file"] != saved.at(corrected)["case_file"], "nothing was compared"


def as_of(ledger: Ledger, again: Again, position: int) -> dict[str, bytes]:
    """Cases, clocks and units as the doors to the past tell them, whatever the book has come to since."""
    known = recorded_at(ledger.database, ledger.book, position)
    assert known is not None
    cases = {subject_of(one.stream) for one in ledger.since(0) if category_of(one.stream) == Category.CASE}
    files = [past.file for past in past_cases(ledger, cases, AsOf(position, known, EVER)).values()]
    return {
        "case_file": again.as_bytes("case_file", [files]),
        "sla_timer": again.as_bytes("sla_timer", (part.clocks for part in as_known.clocks(ledger, position))),
        "unit": again.as_bytes("unit", [as_known.units(ledger, position)]),
    }
