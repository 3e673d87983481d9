import os
import random
import select
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from unittest.mock import ANY

import pytest

from api.imports.report import ImportReport
from api.imports.run import run_import
from api.imports.snapshot_mapping import SnapshotMapping
from domain.stream import Category, category_of
from ledger.database import Database
from ledger.ledger import Ledger
from projections import customer_profile
from projections.paging import Window
from projections.runner import Runner
from tests import conftest
from tests.api.imports.real import FULL, MIDDLE, MINI, VERDICTS, History, all_cases, blanked, unchanged_in
from tests.api.imports.written import IMPORTER, SAID_AT, opened, rows_of, told

pytestmark = pytest.mark.usefixtures("collecting_as_the_command_line_does")
NO_DEPARTURES = {"begins-finished", "state-unknown"}


@pytest.fixture
def projector(database: conftest.Database) -> Iterator[Database]:
    with Database(database.projector_url) as connected:
        yield connected


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


def test_a_second_run_over_a_real_history_adds_nothing(
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


@pytest.mark.long
def test_a_history_of_which_an_extract_is_there_already_comes_to_what_it_comes_to_in_an_empty_book(
    ledger: Ledger, servicenow: SnapshotMapping, shared_data: Path
) -> None:
    def run(history: History) -> ImportReport:
        return run_import(ledger, shared_data / history.file, servicenow, actor=IMPORTER, said_at=SAID_AT)

    run(MINI)
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
    file = blanked(rows_of(shared_data / MINI.file), VERDICTS, tmp_path / "blanked.csv")
    blind = opened(ledger.database, "blind")
    run_import(blind, file, servicenow, actor=IMPORTER, said_at=SAID_AT)
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
