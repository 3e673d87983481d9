"""Rows that a snapshot log has in no order, and rows recorded at the times of their source."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.imports.errors import BadFile
from api.imports.loading import SHIPPED, load_mapping, parsed
from api.imports.mapping import Mapping
from api.imports.run import run_import
from domain.book import BookTime
from domain.event import Precision
from domain.stream import Category, category_of
from ledger.book import open_book
from ledger.keys import LocalMasterKey
from ledger.ledger import Ledger
from tests.api.imports.written import FIRST, IMPORTER, SAID_AT, case, csv_of, opened, told, written

SERVICENOW = (SHIPPED / "servicenow.toml").read_text("utf-8")
LIFE = case("INC1", {"incident_state": "Active"}, {"assignment_group": "Group 2"}, {"incident_state": "Closed"})
OTHER = case("INC2", {"caller_id": "Caller 2"}, {"contact_type": "IVR"})


def said(ledger: Ledger) -> dict[str, list[object]]:
    """What is said of each case."""
    found: dict[str, list[object]] = {}
    for one in ledger.since(1):
        if category_of(one.stream) == Category.CASE:
            found.setdefault(one.stream, []).append((one.event, one.occurred_at, one.metadata.departures))
    return found


def by_time() -> Mapping:
    assert SERVICENOW.count("grouped = true") == 1
    return parsed(SERVICENOW.replace("grouped = true", 'grouped = false\norder = "time"'), "by-time.toml")


def test_snapshots_in_no_order_are_brought_together_and_told_in_the_order_of_their_times(
    ledger: Ledger, tmp_path: Path
) -> None:
    mixed = [OTHER[2], LIFE[3], LIFE[0], OTHER[0], LIFE[2], OTHER[1], LIFE[1]]
    report = run_import(
        ledger, written(tmp_path / "mixed.csv", mixed), by_time(), actor=IMPORTER, said_at=SAID_AT, batch_steps=2
    )
    assert (report.rejected, report.cases) == ({}, 2)
    straight = opened(ledger.database, "straight")
    file = written(tmp_path / "straight.csv", OTHER, LIFE)
    run_import(straight, file, load_mapping("servicenow"), actor=IMPORTER, said_at=SAID_AT)
    assert said(ledger) == said(straight)


def test_the_same_rows_once_more_at_the_end_of_a_snapshot_log_are_duplicates(ledger: Ledger, tmp_path: Path) -> None:
    once = run_import(
        ledger, written(tmp_path / "once.csv", LIFE, OTHER), load_mapping("servicenow"), actor=IMPORTER, said_at=SAID_AT
    )
    twice = written(tmp_path / "twice.csv", LIFE, OTHER, LIFE[1:], OTHER)
    report = run_import(
        opened(ledger.database, "twice"), twice, load_mapping("servicenow"), actor=IMPORTER, said_at=SAID_AT
    )
    assert (report.duplicates, report.rejected, report.events) == (6, {}, once.events)


def test_snapshots_are_recorded_when_their_source_did_and_those_of_a_case_keep_their_order(
    ledger: Ledger, tmp_path: Path
) -> None:
    back = case("INC3", {"incident_state": "Active", "sys_updated_at": "29/2/2016 06:40"}, {"assigned_to": "Ann"})
    file = written(tmp_path / "some.csv", LIFE, OTHER, back)
    book = open_book(
        ledger.database, LocalMasterKey(b"k" * 32), "history", origin="daybook.test", zone="UTC",
        time=BookTime.SIMULATED, at=datetime(2016, 2, 29, 6, 40, tzinfo=UTC), actor=IMPORTER,
    )  # fmt: skip
    run_import(book, file, load_mapping("servicenow"), actor=IMPORTER, source_times=True, batch_steps=3)
    run_import(ledger, file, load_mapping("servicenow"), actor=IMPORTER, said_at=SAID_AT)
    assert said(book) == said(ledger)
    events = [one for one in book.since(1) if one.metadata.source]
    assert [one.recorded_at for one in events] == sorted(one.recorded_at for one in events)
    late = [one for one in events if one.recorded_at != one.source_recorded_at]
    assert {one.source_recorded_at for one in late} == {datetime(2016, 2, 29, 6, 40, tzinfo=UTC)}
    head = told(book.since(1))
    run_import(book, file, load_mapping("servicenow"), actor=IMPORTER, source_times=True)
    assert told(book.since(1)) == head


def test_updates_that_are_known_by_day_only_are_recorded_so(ledger: Ledger, tmp_path: Path) -> None:
    text = SERVICENOW.replace('format = "%d/%m/%Y %H:%M"', 'formats = ["%d/%m/%Y", "%d/%m/%Y %H:%M"]')
    rows = case("INC1", {"incident_state": "Active", "sys_updated_at": "1/3/2016"})
    run_import(
        ledger, written(tmp_path / "some.csv", rows), parsed(text, "mixed.toml"), actor=IMPORTER, said_at=SAID_AT
    )
    precisions = [one.occurred_precision for one in ledger.since(1) if one.metadata.source]
    assert precisions == [*[Precision.INSTANT] * (len(precisions) - 1), Precision.DAY]


def test_a_header_without_rows_is_told_before_anything_is_written(ledger: Ledger, tmp_path: Path) -> None:
    file = tmp_path / "some.csv"
    file.write_text(csv_of([FIRST]).splitlines()[0] + "\n\n")
    with pytest.raises(BadFile, match=r"some\.csv has no rows: there is nothing in it to import"):
        run_import(ledger, file, load_mapping("servicenow"), actor=IMPORTER, said_at=SAID_AT)
    assert ledger.head() == 1
