import csv
import gc
import os
import random
import select
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from unittest.mock import ANY

import pytest

from api.cli import GC_THRESHOLDS
from api.imports.report import ImportReport
from api.imports.run import run_import
from api.imports.snapshot_mapping import SnapshotMapping
from domain.case.state import Status
from domain.stream import Category, category_of
from ledger.database import Database
from ledger.ledger import Ledger
from projections import case_file, customer_profile
from projections.case_file import CaseFile
from projections.paging import Window
from projections.runner import Runner
from tests import conftest
from tests.api.imports.written import IMPORTER, SAID_AT, opened, rows_of, told

STAMPS = {"active", "sys_created_at", "sys_mod_count", "sys_updated_at", "sys_updated_by"}
VERDICTS = {"made_sla", "reopen_count", "reassignment_count", "closed_code", "resolved_by", "resolved_at", "closed_at"}
NO_DEPARTURES = {"begins-finished", "state-unknown"}


class History(NamedTuple):
    """A real file, and what was measured in it without this program."""

    file: str
    rows: int
    cases: int
    reopened_cases: int
    reopenings: int
    unit_changes: int
    agreeing_on_unit_changes: int


MINI = History("uci_incident_mini_400.csv.gz", 3_699, 400, 141, 162, 698, 399)
MIDDLE = History("uci_incident_2500.csv.gz", 16_688, 2_500, 275, 331, 2_836, 2_491)
FULL = History("uci_incident_full.csv.gz", 141_712, 24_918, 275, 331, 23_321, 24_827)


@pytest.fixture
def projector(database: conftest.Database) -> Iterator[Database]:
    with Database(database.projector_url) as connected:
        yield connected


@pytest.fixture(autouse=True)
def collecting_as_the_command_line_does() -> Iterator[None]:
    """Python's own thresholds would have these millions of small objects searched for circles all the time."""
    thresholds = gc.get_threshold()
    gc.set_threshold(*GC_THRESHOLDS)
    yield
    gc.set_threshold(*thresholds)


def all_cases(ledger: Ledger) -> Iterator[CaseFile]:
    after: str | None = None
    while True:
        page = case_file.page(ledger.database, ledger.book, Window(case_file.RECEIVED, after=after, limit=1000))
        yield from page.rows
        if not page.has_more:
            return
        after = case_file.RECEIVED.place_of(page.rows[-1])


def unchanged_in(rows: list[dict[str, str]]) -> int:
    """Rows that say the same as the one before, counted in the file itself."""
    said = [{name: value for name, value in row.items() if name not in STAMPS | VERDICTS} for row in rows]
    return sum(one == other for one, other in pairwise(said))


@pytest.mark.parametrize("history", [MINI, MIDDLE, FULL], ids=["mini", "2500", "full"])
def test_the_case_view_agrees_with_the_verdicts_that_the_history_carries(
    ledger: Ledger,
    projector: Database,
    servicenow: SnapshotMapping,
    shared_data: Path,
    tmp_path: Path,
    history: History,
) -> None:
    runner = Runner(ledger, projector)
    runner.prepare()
    file, rejects = shared_data / history.file, tmp_path / "rejects.csv"
    report = run_import(
        ledger, file, servicenow, actor=IMPORTER, said_at=SAID_AT, rejects=rejects, after_batch=runner.catch_up
    )
    rows = rows_of(file)
    last = {row["number"]: row for row in rows}
    cases = {view.source_key or "": view for view in all_cases(ledger)}
    assert (report.rows, report.cases, report.unchanged) == (history.rows, history.cases, unchanged_in(rows))
    assert (report.rejected, len(rejects.read_text().splitlines())) == ({}, 1)
    assert cases.keys() == last.keys()
    assert {key: view.reopens for key, view in cases.items()} == {key: int(last[key]["reopen_count"]) for key in cases}
    reopened = [view.reopens for view in cases.values() if view.reopens]
    assert (len(reopened), sum(reopened)) == (history.reopened_cases, history.reopenings)
    assert sum(view.unit_changes for view in cases.values()) == history.unit_changes
    agreeing = [key for key, view in cases.items() if view.unit_changes == int(last[key]["reassignment_count"])]
    assert len(agreeing) == history.agreeing_on_unit_changes
    assert {view.status for view in cases.values()} == {Status.CLOSED}
    assert ledger.head() == 1 + 1 + report.events + 1


def test_the_full_history_leaves_28486_rows_unchanged(shared_data: Path) -> None:
    assert unchanged_in(rows_of(shared_data / FULL.file)) == 28_486


def test_every_odd_row_is_marked_by_the_ledger_and_counted_by_the_import(
    ledger: Ledger, servicenow: SnapshotMapping, shared_data: Path
) -> None:
    file = shared_data / MIDDLE.file
    report = run_import(ledger, file, servicenow, actor=IMPORTER, said_at=SAID_AT)
    marked = {(mark, one.metadata.source) for one in ledger.since(0) for mark in one.metadata.departures}
    counted = {kind: rows for kind, rows in report.odd.items() if kind not in NO_DEPARTURES}
    assert Counter(mark for mark, _ in marked) == counted
    rows = rows_of(file)
    firsts = {row["number"]: row for row in reversed(rows)}
    assert report.odd["state-unknown"] == sum(row["incident_state"] == "-100" for row in rows)
    assert report.odd["begins-finished"] == sum(row["incident_state"] == "Resolved" for row in firsts.values())


def test_a_second_run_over_a_real_history_adds_nothing_and_an_extract_of_it_changes_nothing(
    ledger: Ledger, servicenow: SnapshotMapping, shared_data: Path
) -> None:
    def run(history: History) -> ImportReport:
        return run_import(ledger, shared_data / history.file, servicenow, actor=IMPORTER, said_at=SAID_AT)

    mini = run(MINI)
    head = ledger.head()
    again = run(MINI)
    only_lost_its_state = 1
    assert (ledger.head(), again.repeated) == (head, mini.rows - mini.unchanged - only_lost_its_state)
    assert replace(again, repeated=0, seconds=mini.seconds) == mini
    middle = run(MIDDLE)
    clean = opened(ledger.database, "clean")
    assert run_import(clean, shared_data / MIDDLE.file, servicenow, actor=IMPORTER, said_at=SAID_AT) == replace(
        middle, repeated=0, seconds=ANY, number="I2017-000001"
    )
    assert by_case(ledger) == by_case(clean)


def by_case(ledger: Ledger) -> dict[str, list[tuple[object, ...]]]:
    """What is said of each case, in order, wherever it lies in the book and whichever file said it."""
    found: dict[str, list[tuple[object, ...]]] = {}
    for one in ledger.since(1):
        if category_of(one.stream) == Category.CASE:
            said = (one.version, one.event, one.occurred_at, one.metadata.actor, one.metadata.departures)
            found.setdefault(one.stream, []).append(said)
    return found


def test_columns_of_hindsight_may_be_blank_in_a_real_history(
    ledger: Ledger, servicenow: SnapshotMapping, shared_data: Path, tmp_path: Path
) -> None:
    run_import(ledger, shared_data / MINI.file, servicenow, actor=IMPORTER, said_at=SAID_AT)
    blanked = tmp_path / "blanked.csv"
    with blanked.open("w", newline="") as text:
        rows = rows_of(shared_data / MINI.file)
        writer = csv.DictWriter(text, list(rows[0]))
        writer.writeheader()
        writer.writerows({**row, **dict.fromkeys(VERDICTS, "")} for row in rows)
    blind = opened(ledger.database, "blind")
    run_import(blind, blanked, servicenow, actor=IMPORTER, said_at=SAID_AT)
    assert by_case(blind) == by_case(ledger)


def test_an_import_that_is_killed_again_and_again_ends_as_one_that_never_was(
    database: conftest.Database,
    ledger: Ledger,
    projector: Database,
    servicenow: SnapshotMapping,
    shared_data: Path,
) -> None:
    file, dice = shared_data / MINI.file, random.Random(20260302)
    command = [sys.executable, "tests/api/imports/killed.py", database.writer_url, str(file), "100"]
    # Of 28 reports of progress each hears more than the one before: killed while it writes, not only while it looks up.
    for batches in sorted(dice.sample(range(1, 24), 10)):
        with subprocess.Popen(
            command,
            cwd=conftest.PROJECT,
            env={**os.environ, "PYTHONPATH": str(conftest.PROJECT)},
            stdout=subprocess.PIPE,
            text=True,
        ) as child:
            assert child.stdout is not None
            for _ in range(batches):
                assert child.stdout.readline()
            select.select([child.stdout], [], [], dice.uniform(0, 0.01))  # somewhere in the next one
            child.send_signal(signal.SIGKILL)
        assert child.returncode == -signal.SIGKILL
    resumed = run_import(ledger, file, servicenow, actor=IMPORTER, said_at=SAID_AT)
    assert resumed.repeated > 0
    clean = opened(ledger.database, "clean")
    unbroken = run_import(clean, file, servicenow, actor=IMPORTER, said_at=SAID_AT)
    assert replace(resumed, repeated=0, seconds=unbroken.seconds) == unbroken
    assert told(ledger.since(1, opened=True)) == told(clean.since(1, opened=True))
    for book in (ledger, clean):
        runner = Runner(book, projector)
        runner.prepare()
        runner.catch_up()
    assert list(all_cases(ledger)) == list(all_cases(clean))
    window = Window(customer_profile.REGISTERED, limit=1000)
    customers = [customer_profile.page(ledger.database, book.book, window).rows for book in (ledger, clean)]
    assert customers[0] == customers[1] != []
