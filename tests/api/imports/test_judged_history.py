import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from api.imports.report import ImportReport
from api.imports.run import run_import
from api.imports.snapshot_mapping import SnapshotMapping
from domain.case.events import CasePaused, CaseReceived, PauseGround
from domain.case.rules import Departure
from domain.case.state import Status
from domain.envelope import Recorded
from domain.sla.clock import Clock, State, Verdict
from domain.sla.clocks import clocks
from domain.sla.explain import Explanation, explained
from domain.sla.policy import WorkingTime
from domain.sla.standards import Standards
from domain.standards import standards_of, streams_of_standards
from domain.stream import Category, category_of
from ledger.database import Database
from ledger.ledger import Ledger
from projections.case_file import CASE_FILE
from projections.compliance import Share, report
from projections.compliance_question import Figure, Grouping, Question
from projections.deadlines import of_streams
from projections.registry import PROJECTIONS
from projections.runner import Runner
from projections.sla_timer import SLA_TIMER
from tests import conftest
from tests.api.imports.real import (
    FULL,
    MIDDLE,
    MINI,
    History,
    all_cases,
    blanked,
    unchanged_in,
)
from tests.api.imports.written import IMPORTER, SAID_AT, opened, rows_of
from tests.ledger.published import PUBLICATION, publish

FITTED = "uci-incidents"
"""The policy and the calendar of that name in the examples."""
BEFORE_THE_FIRST = date(2016, 1, 1)
HINDSIGHT = ("made_sla", "closed_at", "resolved_at")
"""The verdict, and what would give it away: blank in the copy that is imported."""
NOW = SAID_AT
LEAST = 24_891
"""What the same rule agrees in when it is worked out without this program, with the closing that the file names."""

pytestmark = pytest.mark.usefixtures("collecting_as_the_command_line_does")


@dataclass(frozen=True)
class Judged:
    """A real history in a book in which the fitted policy was published before."""

    history: History
    rows: list[dict[str, str]]
    ledger: Ledger
    report: ImportReport
    rejects: list[str]

    @cached_property
    def told(self) -> dict[str, list[Recorded[Any]]]:
        """The events of each case by its stream."""
        found: dict[str, list[Recorded[Any]]] = {}
        for one in self.ledger.since(0):
            if category_of(one.stream) == Category.CASE:
                found.setdefault(one.stream, []).append(one)
        return found

    @cached_property
    def standards(self) -> Standards:
        """The policy and the calendar, as the book has them."""
        ledger = self.ledger
        return standards_of(ledger.standing(streams_of_standards(ledger.book), ledger.head()), ledger.book)

    @cached_property
    def clocks(self) -> dict[str, tuple[Clock, ...]]:
        """The clocks of each case by its key at the source."""
        return {
            source_key(history): clocks(history, self.standards, NOW, segments=False) for history in self.told.values()
        }

    @cached_property
    def carried(self) -> dict[str, tuple[str, Verdict]]:
        """The final priority and the verdict that the source gave, out of the file alone."""
        return {
            row["number"]: (row["priority"], Verdict.KEPT if row["made_sla"] == "true" else Verdict.MISSED)
            for row in self.rows
        }

    def first(self, key: str) -> Clock:
        """The clock to the first closing."""
        (found,) = [clock for clock in self.clocks[key] if clock.key.cycle == 1]
        return found

    def explanation(self, key: str) -> Explanation:
        """Why that clock stands as it does."""
        history = next(each for each in self.told.values() if source_key(each) == key)
        found = explained(history, self.standards, NOW, self.first(key).key)
        assert found is not None
        return found


def source_key(history: list[Recorded[Any]]) -> str:
    receipt = next(one.event for one in history if isinstance(one.event, CaseReceived))
    return receipt.source_key or ""


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(MINI, id="mini"),
        pytest.param(MIDDLE, id="2500"),
        pytest.param(FULL, id="full", marks=pytest.mark.long),
    ],
)
def judged(
    request: pytest.FixtureRequest,
    shared_database: Callable[[], AbstractContextManager[conftest.Database]],
    servicenow: SnapshotMapping,
    shared_data: Path,
    tmp_path_factory: pytest.TempPathFactory,
    collecting_as_the_command_line_does: None,
) -> Iterator[Judged]:
    """The whole file is imported once, for all that is asked of it."""
    history: History = request.param
    folder = tmp_path_factory.mktemp("judged")
    rows, rejects = rows_of(shared_data / history.file), folder / "rejects.csv"
    file = blanked(rows, HINDSIGHT, folder / "blanked.csv")
    with (
        shared_database() as database,
        Database(database.writer_url) as written,
        Database(database.projector_url) as projected,
    ):
        ledger = opened(written)
        publish(ledger, FITTED, FITTED, BEFORE_THE_FIRST, SAID_AT)
        runner = Runner(ledger, projected, (CASE_FILE, SLA_TIMER) if history is FULL else PROJECTIONS)
        runner.prepare()
        report = run_import(
            ledger, file, servicenow, actor=IMPORTER, said_at=SAID_AT, rejects=rejects, after_batch=runner.catch_up
        )
        yield Judged(history, rows, ledger, report, rejects.read_text().splitlines())


def test_the_case_view_agrees_with_the_verdicts_that_the_history_carries(judged: Judged) -> None:
    history, report = judged.history, judged.report
    last = {row["number"]: row for row in judged.rows}
    cases = {view.source_key or "": view for view in all_cases(judged.ledger)}
    assert (report.rows, report.cases, report.unchanged) == (history.rows, history.cases, unchanged_in(judged.rows))
    assert (report.rejected, len(judged.rejects)) == ({}, 1)
    assert cases.keys() == last.keys()
    assert {key: view.reopens for key, view in cases.items()} == {key: int(last[key]["reopen_count"]) for key in cases}
    reopened = [view.reopens for view in cases.values() if view.reopens]
    assert (len(reopened), sum(reopened)) == (history.reopened_cases, history.reopenings)
    assert sum(view.unit_changes for view in cases.values()) == history.unit_changes
    agreeing = [key for key, view in cases.items() if view.unit_changes == int(last[key]["reassignment_count"])]
    assert len(agreeing) == history.agreeing_on_unit_changes
    assert {view.status for view in cases.values()} == {Status.CLOSED}
    assert judged.ledger.head() == 1 + PUBLICATION + 1 + report.events + 1


def test_the_clocks_of_the_fitted_policy_agree_with_the_verdict_that_the_history_carries(judged: Judged) -> None:
    assert judged.clocks.keys() == judged.carried.keys()
    of_priority = Counter(priority for priority, _ in judged.carried.values())
    ours = {key: judged.first(key).now for key in judged.carried}
    wrong = [key for key, (_, verdict) in judged.carried.items() if ours[key] is not verdict]
    agreeing = of_priority - Counter(judged.carried[key][0] for key in wrong)
    sys.stdout.write(f"\n{judged.history.file}: {agreeing.total():,} of {of_priority.total():,} agree\n")
    sys.stdout.writelines(f"  {each}: {agreeing[each]:,} of {cases:,}\n" for each, cases in sorted(of_priority.items()))
    for key in wrong:
        priority, verdict = judged.carried[key]
        sys.stdout.write(f"\n{key}, {priority}: the source says {verdict}, the policy {ours[key]}\n")
        sys.stdout.writelines(f"  {line}\n" for line in told(judged.explanation(key)))
    assert {name: (agreeing[name], cases) for name, cases in of_priority.items()} == judged.history.agreeing
    assert tuple(wrong) == judged.history.disagreeing
    assert judged.history is not FULL or agreeing.total() >= LEAST


def told(why: Explanation) -> Iterator[str]:
    """Why a clock stands as it does, with the stretches that add up to the time that it counts."""
    yield from why.en
    counted = [segment for segment in why.clock.segments if segment.counted]
    for segment in counted:
        yield f"{segment.begin:%a %Y-%m-%d %H:%M} to {segment.end:%H:%M}: {segment.end - segment.begin}"
    assert sum((segment.end - segment.begin for segment in counted), timedelta()) == why.clock.counted


def test_every_listed_wait_of_the_history_is_kept_and_marked_since_the_fitted_policy_allows_none(
    judged: Judged,
) -> None:
    mark = Departure.PAUSED_ON_GROUND_NOT_ALLOWED
    waits = [one for events in judged.told.values() for one in events if isinstance(one.event, CasePaused)]
    listed = [one for one in waits if one.event.ground is not PauseGround.OTHER]
    assert listed
    assert all(mark in one.metadata.departures for one in listed)
    marked = [one for events in judged.told.values() for one in events if mark in one.metadata.departures]
    assert len(marked) == len(listed)


def test_whoever_is_within_the_limit_is_kept_and_whoever_is_beyond_it_missed(judged: Judged) -> None:
    (policy,) = judged.standards.policies.published
    limits = {
        target.id: target.clock.amount for target in policy.document.targets if isinstance(target.clock, WorkingTime)
    }
    found = {key: judged.first(key) for key in judged.carried}
    assert {key: clock.now for key, clock in found.items()} == {
        key: Verdict.KEPT if clock.counted <= limits[clock.key.target] else Verdict.MISSED
        for key, clock in found.items()
    }
    assert {clock.state for clock in found.values()} == {State.MET, State.MET_LATE}


def test_the_table_of_timers_says_what_the_engine_says_of_a_whole_history(judged: Judged) -> None:
    found = of_streams(judged.ledger.database, judged.ledger.book, judged.told)
    table = {
        timer.key: (
            timer.state,
            timer.due_at,
            timer.stopped_at,
            timer.when_due,
            timer.now_verdict,
            timer.counted_seconds,
        )
        for timers in found.values()
        for timer in timers
    }
    assert table == {
        clock.key: (
            clock.state,
            clock.due and clock.due.at,
            clock.stop and clock.stop.at,
            clock.when_due,
            clock.now,
            clock.counted // timedelta(seconds=1),
        )
        for each in judged.clocks.values()
        for clock in each
    }
    assert {timer.policy for timers in found.values() for timer in timers} == {FITTED}


def test_the_report_counts_what_the_clocks_say(judged: Judged) -> None:
    question = Question(NOW, judged.ledger.zone, groups=(Grouping.TARGET,))
    found = report(judged.ledger.database, judged.ledger.book, question)
    told = [clock for each in judged.clocks.values() for clock in each]
    counted = Counter((clock.key.target, clock.now) for clock in told)
    when_due = Counter((clock.key.target, clock.when_due) for clock in told)
    assert {row.group[Grouping.TARGET]: (row.figures.share, row.figures.share_when_due) for row in found.rows} == {
        target: tuple(
            Share(each[target, Verdict.KEPT], each.total())
            for each in (
                Counter({key: cases for key, cases in some.items() if key[0] == target}) for some in (counted, when_due)
            )
        )
        for target in {target for target, _ in counted}
    }
    assert found.totals[0].figures.counts[Figure.REVISED] == judged.history.made_good


def test_a_verdict_that_differs_from_the_one_when_due_is_a_miss_that_the_final_priority_made_good(
    judged: Judged,
) -> None:
    differing = {key: clock for key in judged.carried if (clock := judged.first(key)).when_due is not clock.now}
    assert {(clock.when_due, clock.now) for clock in differing.values()} <= {(Verdict.MISSED, Verdict.KEPT)}
    assert len(differing) == judged.history.made_good
    assert all(any(change.missed for change in judged.explanation(key).changes) for key in differing)
