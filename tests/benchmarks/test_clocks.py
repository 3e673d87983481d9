"""SLA clocks out of stored bytes beside folding the same bytes without clocks, on one core."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import reduce
from itertools import cycle, islice
from typing import Any, NamedTuple

import pytest

from domain.case.events import CaseRegistered
from domain.case.life import CASE
from domain.sla.clock import Clock
from domain.sla.clocks import clocks
from domain.sla.standards import Standards
from domain.standards import standards_of, streams_of_standards
from domain.stream import Category, stream_of
from ledger.ledger import Ledger
from ledger.outcome import Accepted
from ledger.recorder import LedgerMapper, Row
from tests.benchmarks.day import FIRST_DAY, Day
from tests.benchmarks.durable import AT, a_ledger
from tests.benchmarks.side_by_side import Work, compare
from tests.conftest import Database as Clone
from tests.ledger.published import publish

SEED = 5
DAYS = 5
"""So many different days of two thousand cases; to have more cases, the same are gone through again."""
NOW = FIRST_DAY + timedelta(days=DAYS + 20)
SUBMISSIONS_A_TRANSACTION = 1_000


class Stored(NamedTuple):
    """Cases as they lie in the ledger, and by what they are judged."""

    ledger: Ledger
    histories: Sequence[Sequence[Row]]
    standards: Standards

    def some(self, cases: int) -> Iterator[Sequence[Row]]:
        """So many cases, from the first on and again."""
        return islice(cycle(self.histories), cases)


@pytest.fixture
def stored(database: Clone) -> Iterator[Stored]:
    """Days of an invented company to whose customers a policy of five targets a complaint promises something."""
    ledger = a_ledger(database.writer_url)
    publish(ledger, "group-service", "china", date(2026, 1, 1), AT)
    days = [Day(SEED, number) for number in range(DAYS)]
    for day in days:
        submissions = day.submissions()
        for first in range(0, len(submissions), SUBMISSIONS_A_TRANSACTION):
            answers = ledger.carry_out_all(submissions[first : first + SUBMISSIONS_A_TRANSACTION])
            assert all(isinstance(answer, Accepted) for answer in answers)
    streams = [stream_of(Category.CASE, case_id) for day in days for case_id in day.case_ids]
    states = ledger.standing(streams_of_standards(ledger.book), ledger.head())
    yield Stored(ledger, [ledger.rows.rows_of([stream]) for stream in streams], standards_of(states, ledger.book))
    ledger.close()
    ledger.database.close()


@pytest.mark.parametrize("segments", [False, True], ids=["without-segments", "with-segments"])
def test_clocks_recomputed(rounds: int, request: pytest.FixtureRequest, stored: Stored, *, segments: bool) -> None:
    cases: int = request.config.getoption("--bench-cases")
    mapper = LedgerMapper(stored.ledger.codec, stored.ledger.book)
    read = {"clocks": 0, "folded": 0}

    def with_clocks(_: Any) -> int:
        for rows in stored.some(cases):
            history = list(map(mapper.recorded, rows))
            found = clocks(history, stored.standards, NOW, segments=segments)
            assert found or not promised(history)
            read["clocks"] += len(history)
        return cases

    def folded(_: Any) -> int:
        for rows in stored.some(cases):
            history = list(map(mapper.recorded, rows))
            assert reduce(CASE.evolve, history, CASE.initial) is not None
            read["folded"] += len(history)
        return cases

    compare(
        f"SLA clocks out of stored bytes, {'with' if segments else 'without'} their segments; cases",
        rounds,
        Work("daybook: decode, clocks", with_clocks),
        (Work("decode, evolve", folded), "0.3 or more"),
    )
    assert read["clocks"] == read["folded"]
    print(f"  {read['folded'] / (rounds + 1) / cases:.1f} events and {of_a_case(stored):.1f} clocks a case")


def promised(history: Sequence[Any]) -> bool:
    return any(isinstance(recorded.event, CaseRegistered) for recorded in history)


def of_a_case(stored: Stored) -> float:
    """How many clocks there are a case."""
    mapper = LedgerMapper(stored.ledger.codec, stored.ledger.book)
    found: list[Clock] = []
    for rows in stored.histories:
        found += clocks(list(map(mapper.recorded, rows)), stored.standards, NOW, segments=False)
    return len(found) / len(stored.histories)
