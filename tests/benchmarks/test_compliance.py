"""The compliance report beside the plain aggregates that somebody would write over the same rows."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from ledger.database import Database
from projections.compliance import report
from projections.compliance_question import Figure, Grouping, Question
from projections.movement import Period
from projections.runner import Runner
from projections.sla_timer import SLA_TIMER
from projections.unit import UNIT
from tests import conftest
from tests.benchmarks.side_by_side import Work, compare
from tests.ledger.submissions import OPENED, opened
from tests.projections.amended import Writers

ZONE = "Asia/Shanghai"
LATER = OPENED + timedelta(days=500)
YEAR = Period(OPENED, OPENED + timedelta(days=365))

# A real book has few clocks; each is copied to so many cases, spread over a year and over a group, most of them kept.
MANY = """
INSERT INTO {table} (book, {columns})
SELECT book, {values}
FROM {table} CROSS JOIN generate_series(1, %(timers)s) AS copies (copy)
WHERE due_at IS NOT NULL
LIMIT %(timers)s
"""
CASE = "'case-' || md5(stream || copy)::uuid"
COPIED = {
    "stream": CASE,
    "clock_id": f"{CASE} || '/' || policy || '/' || target || '/' || cycle || '/' || instance || '/' || part",
    "unit": "'unit ' || copy %% 200",
    "tier": "(ARRAY['standard', 'silver', 'gold'])[1 + copy %% 3]",
    "state": "CASE WHEN copy %% 10 < 7 THEN 'met' WHEN copy %% 10 = 7 THEN 'met-late' ELSE state END",
    "when_due": "CASE WHEN copy %% 10 < 7 THEN 'kept' WHEN copy %% 10 = 7 THEN 'missed' ELSE when_due END",
    "now_verdict": "CASE WHEN copy %% 10 < 7 THEN 'kept' WHEN copy %% 10 = 7 THEN 'missed' ELSE now_verdict END",
    "elapsed_seconds": "CASE WHEN copy %% 10 < 8 THEN 3600 + copy * 7919::bigint %% 1000003 END",
    "counted_seconds": "1800 + copy * 7919::bigint %% 500009",
    **{
        column: f"{column} + copy %% 365 * interval '1 day'"
        for column in ("started_at", "due_at", "ended_at", "stopped_at", "reckoned_at")
    },
}

PLAIN = """
SELECT statutory, to_char(due_at AT TIME ZONE %(zone)s, 'YYYY-MM'), unit, count(*),
       count(*) FILTER (WHERE now_verdict = 'kept'), count(*) FILTER (WHERE now_verdict = 'missed')
FROM {table}
WHERE book = %(book)s AND due_at >= %(since)s AND due_at < %(before)s
GROUP BY 1, 2, 3
"""
WITH_PERCENTILES = PLAIN.replace(
    "\nFROM",
    """,
       percentile_disc(ARRAY[0.5, 0.9, 0.99]) WITHIN GROUP (ORDER BY elapsed_seconds),
       percentile_disc(ARRAY[0.5, 0.9, 0.99]) WITHIN GROUP (ORDER BY counted_seconds)
FROM""",
)


@pytest.fixture
def filled(database: conftest.Database, request: pytest.FixtureRequest) -> Any:
    """A book of so many clocks, and the question for a year by unit and month."""
    timers: int = request.config.getoption("--bench-timers")
    with Database(database.writer_url) as written, Database(database.projector_url) as projected:
        ledger = opened(written, "main")
        Writers(ledger, 11, customers=20, cases=100, amending=0.0).write(1_000)
        runner = Runner(ledger, projected, [UNIT, SLA_TIMER])
        runner.prepare()
        runner.catch_up()
        with psycopg.connect(database.owner_url, autocommit=True) as connection:
            values = ", ".join(COPIED.get(column, column) for column in SLA_TIMER.columns)
            many = SLA_TIMER.statement(MANY.replace("{values}", values))
            made = connection.execute(many, {"timers": timers}).rowcount
            assert made == timers
            connection.execute("VACUUM ANALYZE")
        yield written


def test_a_year_by_unit_and_month(filled: Database, rounds: int) -> None:
    parameters = {"book": "main", "zone": ZONE, "since": YEAR.since, "before": YEAR.before}
    question = Question(LATER, ZONE, period=YEAR, groups=(Grouping.MONTH, Grouping.UNIT))

    def ours(_: Any) -> int:
        answer = report(filled, "main", question, most=100_000)
        return sum(row.figures.counts[Figure.CLOCKS] for row in answer.totals)

    def plain(text: str) -> Any:
        return lambda _: sum(row[3] for row in filled.rows(SLA_TIMER.query(text), parameters))

    compare(
        "Compliance of a year by unit and month",
        rounds,
        Work("daybook", ours),
        (Work("plain counts", plain(PLAIN)), "none"),
        (Work("plain counts and percentiles", plain(WITH_PERCENTILES)), "none"),
    )
