import os
import random
import select
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.imports.errors import CannotImport
from api.imports.loading import parsed
from api.imports.mapping import Mapping
from api.imports.report import ImportReport, Progress
from api.imports.run import ImportStopped, run_import
from domain.book import BookTime
from domain.case.events import CaseReceived, CaseResolved, ResponseSent
from domain.customer import ContactRecorded, CustomerRegistered
from domain.event import Precision
from ledger.book import open_book
from ledger.database import Database
from ledger.keys import LocalMasterKey
from ledger.ledger import Ledger
from tests import conftest
from tests.api.imports.made_up import MAPPING, counts_of, made_up
from tests.api.imports.written import IMPORTER, SAID_AT, opened, told

MADE_UP = parsed(MAPPING, "made-up.toml")
HEADER = "case,activity,time,who,customer,team,via\n"
FIRST_ROW = MAPPING.replace("[case]\n", '[case]\nbegins = "first-row"\n')


def imported(ledger: Ledger, file: Path, mapping: Mapping = MADE_UP, **options: object) -> ImportReport:
    return run_import(ledger, file, mapping, actor=IMPORTER, said_at=SAID_AT, **options)  # type: ignore[arg-type]


def log(tmp_path: Path, *rows: str, header: str = HEADER, name: str = "log.csv") -> Path:
    file = tmp_path / name
    file.write_text(header + "".join(f"{row}\n" for row in rows), "utf-8")
    return file


def told_of(ledger: Ledger) -> list[str]:
    return [one.event.TOPIC for one in ledger.since(1) if one.metadata.source]


@pytest.mark.parametrize("times", [5, pytest.param(40, marks=pytest.mark.long)])
def test_thousands_of_rows_come_to_what_was_counted_beforehand_and_a_second_run_adds_nothing(
    database: conftest.Database, ledger: Ledger, tmp_path: Path, times: int
) -> None:
    file, expected = made_up(tmp_path / "log.csv", times), counts_of(times)
    tried = imported(ledger, file, dry_run=True)
    assert ledger.head() == 1
    report = imported(ledger, file)
    assert report.rows == 504 * times
    for name in expected._fields:
        assert getattr(report, name) == getattr(expected, name), name
    assert report.without_rule == {"Robot looked": times}
    assert replace(tried, dry_run=False, number=report.number, seconds=report.seconds) == report
    assert ledger.head() == 1 + 1 + report.events + 1
    with Database(database.writer_url) as connected:  # as another process would
        again = imported(opened(connected), file)
    assert (ledger.head(), again.repeated) == (1 + 1 + report.events + 1, expected.cases * 5)
    assert replace(again, repeated=0, seconds=report.seconds) == report


def test_a_row_becomes_the_commands_of_its_activity_at_its_time_by_its_actor(ledger: Ledger, tmp_path: Path) -> None:
    imported(ledger, log(tmp_path, "C,Opened,2026-03-02T09:00+08:00,li,K,,phone", "C,Resolved,2026-03-03,wu,,,"))
    (receipt,) = (one for one in ledger.since(0) if isinstance(one.event, CaseReceived))
    (resolution,) = (one for one in ledger.since(0) if isinstance(one.event, CaseResolved))
    assert (receipt.occurred_at, receipt.metadata.actor.name) == (datetime(2026, 3, 2, 1, 0, tzinfo=UTC), "li")
    assert isinstance(receipt.event, CaseReceived)
    assert (receipt.event.source_key, receipt.event.channel) == ("C", "hotline")
    assert (resolution.occurred_at, resolution.occurred_precision, resolution.metadata.actor.name) == (
        datetime(2026, 3, 3, tzinfo=UTC),
        Precision.DAY,
        "wu",
    )


def test_a_case_that_nobody_received_begins_with_its_first_row_when_the_mapping_says_so(
    ledger: Ledger, tmp_path: Path
) -> None:
    mapping = parsed(FIRST_ROW, "first-row.toml")
    rows = ("C,Answered,2026-03-02T09:00Z,li,,,mail", "C,Resolved,2026-03-03T09:00Z,li,,,mail")
    file = log(tmp_path, *rows, "D,Opened,2026-03-02T10:00Z,li,,,mail")
    report = imported(ledger, file, mapping)
    begun = ["touchpoint-recorded.1", "case-received.1", "case-registered.1"]
    assert told_of(ledger) == [*begun, "response-sent.1", "case-resolved.1", *begun]
    assert (report.cases, report.rejected) == (2, {})
    assert imported(ledger, file, mapping).repeated == 4


def test_a_log_in_two_files_goes_on_where_the_first_ended(ledger: Ledger, tmp_path: Path) -> None:
    mapping = parsed(FIRST_ROW, "first-row.toml")
    january = log(tmp_path, "C,Answered,2026-01-30T09:00Z,li,,,mail", name="january.csv")
    february = log(tmp_path, "C,Resolved,2026-02-02T09:00Z,li,,,mail", name="february.csv")
    imported(ledger, january, mapping)
    tried = imported(ledger, february, mapping, dry_run=True)
    report = imported(ledger, february, mapping)
    assert told_of(ledger)[3:] == ["response-sent.1", "case-resolved.1"]
    assert (report.cases, report.continued, report.events, report.rejected) == (0, 1, 1, {})
    assert (tried.continued, tried.events) == (1, 1)
    again = imported(ledger, february, mapping)
    assert (again.continued, again.events, again.repeated) == (1, 1, 1)


def test_an_activity_without_a_rule_is_listed_and_put_aside_and_takes_nothing_with_it(
    ledger: Ledger, tmp_path: Path
) -> None:
    rows = (
        "C,Opened,2026-03-02T09:00Z,li,,,phone",
        "C,Teleported,2026-03-02T09:01Z,li,,,",
        "C,Teleported,2026-03-02T09:02Z,li,,,",
        ",Opened,2026-03-02T09:03Z,li,,,phone",
        "C,,2026-03-02T09:04Z,li,,,phone",
        "C,Assigned,2026-03-02T09:05Z,li,,,",
        "C,Assigned,,li,,North,",
        "C,Resolved,2026-03-02T09:06Z,li,,,",
    )
    report = imported(ledger, log(tmp_path, *rows), rejects=tmp_path / "rejects.csv")
    assert report.without_rule == {"Teleported": 2}
    assert report.rejected == {
        "activity-without-rule": 2,
        "no-activity": 1,
        "no-case-key": 1,
        "no-time": 1,
        "no-value": 1,
    }
    aside = (tmp_path / "rejects.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in aside[1:]] == ["3", "4", "5", "6", "7", "8"]
    assert "team has nothing, and dispatch-case needs it as its unit" in aside[5]
    assert told_of(ledger)[-1] == "case-resolved.1"


def test_rows_out_of_order_are_refused_by_name_and_mended_by_the_order_of_time(ledger: Ledger, tmp_path: Path) -> None:
    rows = (
        "C,Resolved,2026-03-03T09:00Z,li,,,",
        "D,Opened,2026-03-02T10:00Z,li,,,phone",
        "C,nonsense,when?,li,,,",
        "C,Opened,2026-03-02T09:00Z,li,,,phone",
    )
    file = log(tmp_path, *rows)
    assert imported(ledger, file).rejected == {"activity-without-rule": 1, "unknown-case": 1}
    by_time = parsed(MAPPING.replace('key = ["activity", "time"]', 'key = ["activity", "time"]\norder = "time"'), "t")
    sorted_book = opened(ledger.database, "sorted")
    report = imported(sorted_book, file, by_time)
    assert report.rejected == {"activity-without-rule": 1}
    begun = ["touchpoint-recorded.1", "case-received.1", "case-registered.1"]
    assert told_of(sorted_book) == [*begun, "case-resolved.1", *begun]


def test_a_duplicate_is_told_once_and_another_row_under_its_key_is_put_aside(ledger: Ledger, tmp_path: Path) -> None:
    rows = (
        "C,Opened,2026-03-02T09:00Z,li,,,phone",
        "C,Answered,2026-03-02T10:00Z,li,,,",
        "D,Opened,2026-03-02T09:00Z,li,,,phone",
        "C,Answered,2026-03-02T10:00Z,li,,,",
        "C,Answered,2026-03-02T10:00Z,wu,,,",
        "C,Opened,2026-03-02T09:00Z,li,,,phone",
    )
    report = imported(ledger, log(tmp_path, *rows))
    assert (report.duplicates, report.rejected, report.cases) == (2, {"row-key-twice": 1}, 2)
    assert told_of(ledger).count("response-sent.1") == 1


PERSONAL = """
name = "people"
shape = "event"
source = "people.log"
[rows]
case = "case"
key = ["time"]
[time]
formats = ["iso"]
zone = "UTC"
zone_assumed = false
occurred = "time"
[customer]
column = "who"
kind = "person"
[personal]
words = ["address"]
name = "name"
contacts = { email = "mail" }
[case]
begins = "first-row"
kind = "complaint"
channel = "web"
[activity]
column = "what"
[activities]
asked = { do = "send-response", kind = "update", channel = "email", words = { column = "text", personal = true } }
handed = { do = "change-case-customer", customer_id = { column = "to" } }
"""


def test_personal_columns_become_personal_values_about_the_customer_or_else_the_case(
    ledger: Ledger, tmp_path: Path
) -> None:
    rows = (
        "C,2026-03-02T09:00Z,asked,K,冯小明,feng@example.org,北京,为什么？,",
        "C,2026-03-02T10:00Z,asked,,,,,It was 5 €.,",
        "C,2026-03-02T11:00Z,handed,,,,,,L",
        "C,2026-03-02T12:00Z,asked,,,,,To the other one.,",
        "D,2026-03-02T09:00Z,asked,,,,Mill Lane,Hello.,",
    )
    header = "case,time,what,who,name,mail,address,text,to\n"
    report = imported(ledger, log(tmp_path, *rows, header=header), parsed(PERSONAL, "people.toml"))
    assert report.rejected == {}
    events = [one.event for one in ledger.since(0, opened=True)]
    by_key = {one.event.source_key: one.stream for one in ledger.since(0) if isinstance(one.event, CustomerRegistered)}
    receipts = [event.words for event in events if isinstance(event, CaseReceived)]
    assert [words and words.value for words in receipts] == ["address: 北京", "address: Mill Lane"]
    answers = [event.words for event in events if isinstance(event, ResponseSent)]
    about = [str(words.subject) for words in (*receipts, *answers) if words]
    feng, other = (by_key[key].removeprefix("customer-") for key in ("K", "L"))
    lane = about[1]
    assert about == [feng, lane, feng, feng, other, lane]
    assert [event.value.value for event in events if isinstance(event, ContactRecorded)] == ["feng@example.org"]
    closed = b"".join(bytes(row[0]) for row in ledger.database.rows("SELECT data FROM ledger.event", {}))
    assert b"feng@example.org" not in closed
    assert b"Mill Lane" not in closed


def test_rows_are_recorded_at_the_times_of_their_source_in_their_order(ledger: Ledger, tmp_path: Path) -> None:
    file, expected = made_up(tmp_path / "log.csv", 2), counts_of(2)
    first = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
    book = open_book(
        ledger.database, LocalMasterKey(b"k" * 32), "history", origin="daybook.test", zone="UTC",
        time=BookTime.SIMULATED, at=first, actor=IMPORTER,
    )  # fmt: skip
    report = run_import(book, file, MADE_UP, actor=IMPORTER, source_times=True)
    assert (report.events, report.cases) == (expected.events, expected.cases)
    events = [one for one in book.since(1) if one.metadata.source]
    assert all(one.recorded_at == one.source_recorded_at for one in events)
    assert [one.recorded_at for one in events] == sorted(one.recorded_at for one in events)
    assert book.since(1, limit=1)[0].recorded_at == first
    assert book.since(book.head() - 1)[0].recorded_at == events[-1].recorded_at
    head = book.head()
    again = run_import(book, file, MADE_UP, actor=IMPORTER, source_times=True)
    assert (book.head(), again.repeated) == (head, expected.cases * 5)
    other = made_up(tmp_path / "other.csv", 1)
    with pytest.raises(CannotImport, match="a book's time never goes back"):
        run_import(book, other, MADE_UP, actor=IMPORTER, source_times=True)


def test_a_live_book_never_takes_the_times_of_a_source_for_its_own(ledger: Ledger, tmp_path: Path) -> None:
    live = open_book(
        ledger.database, LocalMasterKey(b"k" * 32), "live", origin="daybook.live", zone="UTC",
        time=BookTime.LIVE, at=ledger.database.now(), actor=IMPORTER,
    )  # fmt: skip
    with pytest.raises(CannotImport, match="Book 'live' is live"):
        run_import(live, made_up(tmp_path / "log.csv", 1), MADE_UP, actor=IMPORTER, source_times=True)
    silent = parsed(MAPPING.replace("source_recorded = true", "source_recorded = false"), "silent.toml")
    with pytest.raises(CannotImport, match="does not say when the source recorded"):
        run_import(ledger, made_up(tmp_path / "log.csv", 1), silent, actor=IMPORTER, source_times=True)
    assert live.head() == 1


def test_a_run_that_is_stopped_goes_on_where_it_was(ledger: Ledger, tmp_path: Path) -> None:
    file = made_up(tmp_path / "log.csv", 2)

    def stop(now: Progress) -> None:
        if now.events > 100:
            raise KeyboardInterrupt

    with pytest.raises(ImportStopped, match="run the same command again"):
        imported(ledger, file, on_progress=stop, batch_steps=50)
    assert 1 < ledger.head() < 1_000
    assert imported(ledger, file, batch_steps=50).repeated > 0
    clean = opened(ledger.database, "clean")
    imported(clean, file)
    assert told(ledger.since(1, opened=True)) == told(clean.since(1, opened=True))


@pytest.mark.parametrize("shape", ["event", "sorted", "request"])
def test_an_import_that_is_killed_again_and_again_ends_as_one_that_never_was(
    database: conftest.Database, ledger: Ledger, tmp_path: Path, shape: str
) -> None:
    file, mapping = made_up(tmp_path / "log.csv", 4), MAPPING
    if shape == "sorted":
        mapping = MAPPING.replace('key = ["activity", "time"]', 'key = ["activity", "time"]\norder = "time"')
    if shape == "request":
        lines = [f"R-{nth},2026-03-0{nth % 8 + 1},2026-03-1{nth % 9}T08:00Z" for nth in range(900)]
        file, mapping = log(tmp_path, *lines, header="id,came,went\n"), REQUESTS
    own = tmp_path / "own.toml"
    own.write_text(mapping, "utf-8")
    command = [sys.executable, "tests/api/imports/killed.py", database.writer_url, str(file), "100", str(own)]
    dice = random.Random(20261121)
    for batches in (2, 5, 9):
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
    resumed = imported(ledger, file, parsed(mapping, "own.toml"))
    assert resumed.repeated > 0
    clean = opened(ledger.database, "clean")
    unbroken = imported(clean, file, parsed(mapping, "own.toml"))
    assert replace(resumed, repeated=0, seconds=unbroken.seconds) == unbroken
    assert told(ledger.since(1, opened=True)) == told(clean.since(1, opened=True))


REQUESTS = """
name = "requests"
shape = "request"
source = "requests"
[rows]
case = "id"
[time]
formats = ["iso"]
zone = "UTC"
zone_assumed = false
source_recorded = true
[case]
kind = "request"
channel = "web"
[dates]
came = [{ do = "receive-case" }, { do = "register-case" }]
went = [{ do = "resolve-case", outcome = "solved" }, { do = "close-case" }]
"""


def test_a_later_copy_of_a_request_file_adds_what_has_happened_since(ledger: Ledger, tmp_path: Path) -> None:
    mapping = parsed(REQUESTS, "requests.toml")
    imported(ledger, log(tmp_path, "R-1,2026-03-02,", header="id,came,went\n"), mapping)
    later = log(tmp_path, "R-1,2026-03-02,2026-03-04", "R-1,2026-03-02,2026-03-04", header="id,came,went\n")
    report = imported(ledger, later, mapping)
    assert Counter(told_of(ledger)) == Counter(
        ["touchpoint-recorded.1", "case-received.1", "case-registered.1", "case-resolved.1", "case-closed.1"]
    )
    assert (report.repeated, report.duplicates, report.rejected) == (1, 1, {})
