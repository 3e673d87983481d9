"""Noting alarms among many open timers, beside the plain question that finds them and the record that they take."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import count
from threading import Event
from typing import Any

import pytest

from api.alarms.following import nobody
from api.alarms.notices import told
from api.alarms.reading import subjects
from api.alarms.sweeping import ACTOR, BATCH, CHANNEL, Sweeper
from domain.envelope import Submission
from ledger.database import Database
from ledger.ledger import Ledger
from ledger.outcome import Accepted
from projections.runner import Runner
from projections.sla_timer import SLA_TIMER, asked
from tests import conftest
from tests.api.alarmed import REPLY, policy, publish, receipt
from tests.benchmarks.durable import AT, a_ledger, submission
from tests.benchmarks.side_by_side import Work, compare

DUE = 1_000
SWEEPS = 20
NOW = AT + timedelta(hours=9)
LATER = AT + timedelta(days=300)
TARGET = REPLY | {"warnings": [], "escalations": []}
PLAIN = "SELECT stream FROM {table} WHERE book = %(book)s AND next_alarm_at < %(now)s ORDER BY next_alarm_at"
# Timers of cases that do not exist: nothing of them but their rows is ever read while they are not due.
OPEN = """
INSERT INTO {table}
SELECT made.*
FROM (SELECT * FROM {table} LIMIT 1) AS one
CROSS JOIN generate_series(1, %(timers)s) AS nth
CROSS JOIN LATERAL jsonb_populate_record(NULL::{table}, to_jsonb(one) || jsonb_build_object(
  'stream', 'case-' || gen_random_uuid(), 'clock_id', 'case-' || nth,
  'due_at', %(later)s + nth * interval '1 second', 'next_alarm_at', %(later)s + nth * interval '1 second'
)) AS made
"""


class Timers:
    """A book with many timers that are open, and as many due as are asked for."""

    def __init__(self, ledger: Ledger, views: Database, timers: int) -> None:
        self.ledger, self.views = ledger, views
        self._runner = Runner(ledger, views, (SLA_TIMER,))
        self._numbers = count()
        publish(ledger, AT, policy(TARGET))
        self.prepare(1)
        with views.connection() as connection:
            connection.execute(SLA_TIMER.statement(OPEN), {"later": LATER, "timers": timers})
            connection.execute(SLA_TIMER.statement("ANALYZE {table}"))
        self.sweep()

    def prepare(self, due: int) -> None:
        """Brings the view up, and sees to it that so many alarms are due in it."""
        self._runner.catch_up()
        missing = due - self.ask()
        asked = (submission(*receipt(number, AT)) for number, _ in zip(self._numbers, range(missing), strict=False))
        self.ledger.carry_out_all(list(asked))
        self._runner.catch_up()

    def sweep(self) -> int:
        """Notes what is due, and says how much that was."""
        return Sweeper(self.ledger, self.views, nobody).sweep(NOW, Event())

    def decided(self) -> list[Submission]:
        """A thousand alarms, ready to be recorded."""
        self.prepare(DUE)
        rows = self.views.rows(SLA_TIMER.query(PLAIN), {"book": self.ledger.book, "now": NOW})
        basis = self.ledger.head()
        cases = subjects(self.ledger, [stream for (stream,) in rows], basis)
        return [
            Submission(
                notice.command_id(self.ledger.book), (notice.command,), ACTOR, CHANNEL,
                expected=((stream, case.written[-1].version),), said_at=NOW,
            )
            for stream, case in cases.items()
            for notice in told(asked(case), NOW, basis).due
        ]  # fmt: skip

    def record(self, ready: list[Submission]) -> int:
        """Records them, as many at a time as a sweep does, and says how many were recorded."""
        batches = (ready[first : first + BATCH] for first in range(0, len(ready), BATCH))
        answers = [answer for batch in batches for answer in self.ledger.carry_out_all(batch)]
        return sum(isinstance(answer, Accepted) and len(answer.placed) for answer in answers)

    def ask(self) -> int:
        """Finds what is due, and says how much that is."""
        return len(self.views.rows(SLA_TIMER.query(PLAIN), {"book": self.ledger.book, "now": NOW}))


@pytest.fixture
def timers(database: conftest.Database, request: pytest.FixtureRequest) -> Iterator[Timers]:
    ledger = a_ledger(database.writer_url)
    with Database(database.projector_url) as views:
        yield Timers(ledger, views, request.config.getoption("--bench-timers"))
    ledger.close()
    ledger.database.close()


def test_a_thousand_alarms_are_due_among_many(rounds: int, timers: Timers, request: pytest.FixtureRequest) -> None:
    def prepared() -> Any:
        timers.prepare(DUE)

    compare(
        f"{DUE:,} alarms due among {request.config.getoption('--bench-timers'):,} open timers",
        rounds,
        Work("found, read, decided, recorded", lambda _: timers.sweep(), prepare=prepared),
        (Work("recorded, the rest done before", timers.record, prepare=timers.decided), "none"),
        (Work("found, by the plain question", lambda _: timers.ask(), prepare=prepared), "none"),
    )


def test_nothing_is_due(rounds: int, timers: Timers, request: pytest.FixtureRequest) -> None:
    timers.prepare(0)
    sweeper = Sweeper(timers.ledger, timers.views, nobody)

    def often(look: Callable[[], int]) -> Callable[[Any], int]:
        return lambda _: sum(1 + look() for _ in range(SWEEPS))

    compare(
        f"Nothing due among {request.config.getoption('--bench-timers'):,} open timers",
        rounds,
        Work("a sweep", often(lambda: sweeper.sweep(NOW, Event()))),
        (Work("the plain question", often(timers.ask)), "none"),
    )
