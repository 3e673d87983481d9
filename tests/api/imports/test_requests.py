import csv
import gzip
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from api.imports.loading import load_mapping
from api.imports.run import run_import
from domain.case.due import DueOrigin, DueStated
from domain.case.events import CaseReceived
from domain.case.state import Case, Status
from domain.envelope import Recorded
from domain.sla.clock import State, Verdict
from domain.sla.clocks import clocks
from domain.sla.standards import Standards
from domain.stream import Category, category_of
from ledger.ledger import Ledger
from tests.api.imports.written import IMPORTER, SAID_AT

FILES = {"boston311_2015_2024_full.csv.gz": (4_995, 0), "boston311_jan2022_100.csv.gz": (100, 15)}
BOSTON = ZoneInfo("America/New_York")
LONG_AFTER = datetime(2026, 1, 1, tzinfo=UTC)
"""Behind every date in either file."""


def rows_in(file: Path) -> Iterator[dict[str, str]]:
    with gzip.open(file, "rt", encoding="utf-8", newline="") as text:
        for row in csv.DictReader(text):
            yield {name.lower(): value.strip() for name, value in row.items()}


def instant(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=BOSTON).astimezone(UTC)


@pytest.mark.parametrize("name", FILES)
def test_every_request_of_boston_is_a_case_with_its_dates_and_the_open_ones_stay_open(
    ledger: Ledger, shared_data: Path, tmp_path: Path, name: str
) -> None:
    file = shared_data / name
    cases, still_open = FILES[name]
    report = run_import(ledger, file, load_mapping("boston311"), actor=IMPORTER, said_at=SAID_AT)
    rows = list(rows_in(file))
    assert (report.rows, report.cases, report.rejected) == (cases, cases, {})
    events = ledger.since(1)
    keys = {one.stream: one.event.source_key for one in events if isinstance(one.event, CaseReceived)}
    tips = ledger.tips(keys)
    states: dict[str, Case] = {str(keys[stream]): tip.state for stream, tip in tips.items()}
    stands = {key: Status.CLOSED if state.closing else state.status for key, state in states.items()}
    assert stands == {row["case_enquiry_id"]: Status.CLOSED if row["closed_dt"] else Status.REGISTERED for row in rows}
    assert Counter(stands.values())[Status.REGISTERED] == still_open
    due = {keys[one.stream]: one.event for one in events if isinstance(one.event, DueStated)}
    assert {key: (event.due_at, event.stated_by) for key, event in due.items()} == {
        row["case_enquiry_id"]: (instant(row["target_dt"]), DueOrigin.SOURCE) for row in rows if row["target_dt"]
    }
    received = {keys[one.stream]: one.occurred_at for one in events if isinstance(one.event, CaseReceived)}
    assert received == {row["case_enquiry_id"]: instant(row["open_dt"]) for row in rows}
    closed_by_the_source = sum(bool(row["closed_dt"]) for row in rows)
    topics = Counter(one.event.TOPIC for one in events)
    assert topics["case-resolved.1"] == topics["case-closed.1"] == closed_by_the_source


def test_the_addresses_of_boston_are_kept_under_keys_and_nowhere_in_the_open(ledger: Ledger, shared_data: Path) -> None:
    file = shared_data / "boston311_jan2022_100.csv.gz"
    run_import(ledger, file, load_mapping("boston311"), actor=IMPORTER, said_at=SAID_AT)
    streets = {row["location_street_name"] for row in rows_in(file)} - {""}
    opened = ledger.since(1, opened=True)
    said = [one.event.words.value for one in opened if isinstance(one.event, CaseReceived) and one.event.words]
    assert len(said) == 100
    places = {row["location"] for row in rows_in(file)} - {""}
    assert [place for place in places if all(place not in words for words in said)] == []
    stored = b"\n".join(
        bytes(data)
        for stream, data in ledger.database.rows("SELECT stream, data FROM ledger.event", {})
        if category_of(stream) in (Category.CASE, Category.TOUCHPOINT)
    )
    assert [street for street in streets if street.encode() in stored] == []


@pytest.mark.parametrize(
    ("name", "agreeing", "stands"),
    [
        ("boston311_2015_2024_full.csv.gz", 4_994, {State.MET: 3_809, State.MET_LATE: 475, None: 711}),
        ("boston311_jan2022_100.csv.gz", 100, {State.MET: 72, State.MET_LATE: 5, State.OVERDUE: 12, None: 11}),
    ],
)
def test_the_date_that_the_source_of_a_request_stated_is_missed_when_the_source_calls_it_overdue(
    ledger: Ledger, shared_data: Path, name: str, agreeing: int, stands: dict[State | None, int]
) -> None:
    """This judges the import more than the engine: the date is carried, and nothing has to be computed."""
    said = {
        row["case_enquiry_id"]: row.get("ontime_status") or row.get("ontime") for row in rows_in(shared_data / name)
    }
    run_import(ledger, shared_data / name, load_mapping("boston311"), actor=IMPORTER, said_at=SAID_AT)
    told = {
        source_key(history): history
        for stream, history in ledger.histories({one.stream for one in ledger.since(1)}).items()
        if category_of(stream) == Category.CASE
    }
    found = {key: clocks(history, Standards(), LONG_AFTER) for key, history in told.items()}
    missed = {key: any(clock.now is Verdict.MISSED for clock in each) for key, each in found.items()}
    wrong = [key for key in found if said[key] != ("OVERDUE" if missed[key] else "ONTIME")]
    assert (len(found) - len(wrong), wrong) == (agreeing, [key for key in said if not said[key]])
    assert Counter(next((clock.state for clock in each), None) for each in found.values()) == stands
    moment = timedelta(microseconds=1)
    for key, each in found.items():
        for clock in each:
            if clock.state is State.OVERDUE and clock.due is not None:
                (before,) = clocks(told[key], Standards(), clock.due.at)
                (after,) = clocks(told[key], Standards(), clock.due.at + moment)
                assert (before.state, after.state) == (State.RUNNING, State.OVERDUE)


def source_key(history: Sequence[Recorded[Any]]) -> str:
    return next(one.event.source_key or "" for one in history if isinstance(one.event, CaseReceived))
