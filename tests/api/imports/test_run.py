import csv
import json
import resource
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from api.imports.errors import BadFile, BadMapping, CannotGoOn
from api.imports.loading import SHIPPED, parsed
from api.imports.mapping import Mapping
from api.imports.report import ImportReport, Progress
from api.imports.run import ImportStopped, run_import
from api.imports.snapshot_mapping import SnapshotMapping
from domain.case.events import CaseChannelChanged, CaseCustomerChanged, CaseReceived, CaseTransferred
from domain.customer import CustomerRegistered
from domain.envelope import ActorKind
from domain.imports import ImportFinished, ImportStarted
from ledger.ledger import Ledger
from tests.api.imports.written import FIRST, IMPORTER, SAID_AT, Line, case, csv_of, told, written

ACTIVE, RESOLVED, CLOSED = ({"incident_state": state} for state in ("Active", "Resolved", "Closed"))
LIFE = case("INC1", ACTIVE, {"assignment_group": "Group 2"}, {"made_sla": "false"}, RESOLVED, CLOSED)
OTHER = case("INC2", {"caller_id": "Caller 2"}, {"contact_type": "IVR"}, {"contact_type": "Email"})


def imported(ledger: Ledger, file: Path, mapping: Mapping, **options: object) -> ImportReport:
    return run_import(ledger, file, mapping, actor=IMPORTER, said_at=SAID_AT, **options)  # type: ignore[arg-type]


def rejects_in(path: Path) -> list[tuple[int, str, str]]:
    with path.open(newline="") as text:
        return [(int(row["line"]), row["code"], row["number"]) for row in csv.DictReader(text)]


def test_rows_become_events_and_the_import_says_how_many(
    ledger: Ledger, servicenow: SnapshotMapping, tmp_path: Path
) -> None:
    file = written(tmp_path / "some.csv.gz", LIFE, OTHER)
    report = imported(ledger, file, servicenow)
    events = ledger.since(1)
    topics = Counter(one.event.TOPIC for one in events)
    assert topics == {
        "import-started.1": 1,
        "customer-registered.1": 2,
        "touchpoint-recorded.1": 2,
        "case-received.1": 2,
        "case-registered.1": 2,
        "case-classified.1": 2,
        "case-prioritised.1": 2,
        "case-attributes-recorded.1": 4,
        "work-started.1": 1,
        "case-transferred.1": 1,
        "case-resolved.1": 1,
        "case-closed.1": 1,
        "case-customer-changed.1": 1,
        "case-channel-changed.1": 1,
        "import-finished.1": 1,
    }
    assert (report.rows, report.unchanged, report.cases, report.customers) == (10, 1, 2, 2)
    assert (report.events, report.repeated, report.rejected) == (len(events) - 2, 0, {})
    assert report.odd == {"outcome-unstated": 1}
    assert report.number == "I2017-000001"
    assert json.loads(report.as_json())["import_id"] == str(report.import_id)
    start, finish = events[0].event, events[-1].event
    assert isinstance(start, ImportStarted)
    assert (start.file_name, start.mapping, start.zone, start.zone_assumed) == (
        "some.csv.gz",
        "servicenow",
        "UTC",
        True,
    )
    assert finish == ImportFinished(rows=10, unchanged=1, rejected=0, cases=2, events=report.events)


def test_an_event_names_the_rows_actor_line_file_and_times(
    ledger: Ledger, servicenow: SnapshotMapping, tmp_path: Path
) -> None:
    file = written(
        tmp_path / "some.csv", case("INC1", {"assignment_group": "Group 2", "sys_updated_by": "Updated by 7"})
    )
    report = imported(ledger, file, servicenow)
    (transfer,) = (one for one in ledger.since(0) if isinstance(one.event, CaseTransferred))
    (receipt,) = (one for one in ledger.since(0) if isinstance(one.event, CaseReceived))
    start = ledger.since(1, limit=1)[0].event
    assert isinstance(start, ImportStarted)
    assert transfer.metadata.actor == ("Updated by 7", ActorKind.IMPORT, None, None, None, None)
    assert transfer.metadata.source == (start.file_digest, 3)
    assert transfer.metadata.correlation == report.import_id
    assert transfer.occurred_at == transfer.source_recorded_at
    assert receipt.occurred_at.isoformat() == "2016-02-29T06:38:00+00:00"
    assert str(receipt.source_recorded_at) == "2016-02-29 06:42:00+00:00"
    assert isinstance(receipt.event, CaseReceived)
    assert (receipt.event.source_key, receipt.event.received_by) == ("INC1", "Opened by  1")


def test_a_second_run_adds_nothing_and_reports_the_same(
    ledger: Ledger, servicenow: SnapshotMapping, tmp_path: Path
) -> None:
    first = imported(ledger, written(tmp_path / "some.csv", LIFE, OTHER), servicenow)
    head = ledger.head()
    again = imported(ledger, written(tmp_path / "copy of some.csv", LIFE, OTHER), servicenow)
    assert ledger.head() == head
    assert (again.repeated, again.number) == (9, first.number)
    assert without(again) == without(first)


def without(report: ImportReport) -> dict[str, object]:
    """A report but for what tells one run from another."""
    left_out = ("seconds", "repeated", "file", "dry_run", "number", "import_id")
    return {name: value for name, value in json.loads(report.as_json()).items() if name not in left_out}


def test_an_extract_and_then_the_whole_file_lead_to_the_cases_of_the_whole_file(
    ledger: Ledger, servicenow: SnapshotMapping, tmp_path: Path
) -> None:
    imported(ledger, written(tmp_path / "extract.csv", OTHER), servicenow)
    whole = written(tmp_path / "whole.csv", LIFE, OTHER)
    report = imported(ledger, whole, servicenow)
    assert (report.repeated, report.cases, report.customers) == (len(OTHER), 2, 2)
    registered = [one.stream for one in ledger.since(0) if isinstance(one.event, CustomerRegistered)]
    assert len(registered) == len(set(registered)) == 2
    assert imported(ledger, whole, servicenow).events == report.events


def test_a_dry_run_reports_what_a_run_would_and_writes_nothing(
    ledger: Ledger, servicenow: SnapshotMapping, tmp_path: Path
) -> None:
    file = written(
        tmp_path / "some.csv",
        LIFE,
        OTHER,
        [{**FIRST, "number": "INC3", "priority": "?"}],
        [{**FIRST, "sys_mod_count": "9"}],
    )
    tried = imported(ledger, file, servicenow, dry_run=True, batch_steps=2)
    assert (ledger.head(), tried.number) == (1, None)
    done = imported(ledger, file, servicenow, batch_steps=2)
    assert without(tried) == without(done)
    head = ledger.head()
    tried_again = imported(ledger, file, servicenow, dry_run=True)
    assert (tried_again.repeated, without(tried_again), ledger.head()) == (done.rows - 3, without(done), head)


def test_columns_of_hindsight_are_never_read(ledger: Ledger, servicenow: SnapshotMapping, tmp_path: Path) -> None:
    blank = dict.fromkeys(servicenow.ignored.hindsight, "")
    report = imported(ledger, written(tmp_path / "some.csv", LIFE), servicenow)
    blanked = imported(ledger, written(tmp_path / "blank.csv", [{**row, **blank} for row in LIFE]), servicenow)
    assert (blanked.repeated, without(blanked)) == (5, without(report))


def test_bad_rows_are_put_aside_with_line_and_reason_and_the_others_are_told_as_if_they_were_not_there(
    ledger: Ledger, servicenow: SnapshotMapping, tmp_path: Path
) -> None:
    rows = case(
        "INC1",
        {"sys_updated_at": "soon", "location": "Location 2"},
        {"sys_updated_at": "29/2/2016 09:00", "location": "Location 3"},
        {"priority": "0 - Now"},
        {"priority": "2 - High", "assigned_to": "x" * 201},
        {"assigned_to": "Resolver 1"},
        {"category": "?"},
        {"category": "Category 1", "sys_updated_by": "y" * 201, "location": "Location 4"},
        {"sys_updated_by": "Updated by 2"},
    )
    nameless = {**FIRST, "number": "?"}
    twice = {**rows[-1], "location": "Location 5"}
    file = tmp_path / "some.csv"
    file.write_text(csv_of([*rows, twice, nameless, rows[-1]]) + "INC9,too,short\n")
    report = imported(ledger, file, servicenow, rejects=tmp_path / "rejects.csv")
    assert rejects_in(tmp_path / "rejects.csv") == [
        (3, "bad-time", "INC1"),
        (5, "unknown-value", "INC1"),
        (6, "does-not-fit", "INC1"),
        (8, "class-lost", "INC1"),
        (9, "does-not-fit", "INC1"),
        (11, "row-key-twice", "INC1"),
        (12, "no-case-key", "?"),
        (14, "field-count", "INC9"),
    ]
    assert (sum(report.rejected.values()), report.duplicates) == (8, 1)
    good = [rows[0], rows[2], rows[5], rows[8]]
    clean = imported(ledger, written(tmp_path / "good.csv", good), servicenow)
    assert (clean.repeated, clean.rejected, clean.events) == (4, {}, report.events)


def test_the_rejects_file_is_written_anew_by_each_run_and_keeps_foreign_bytes(
    ledger: Ledger, servicenow: SnapshotMapping, tmp_path: Path
) -> None:
    file, rejects = tmp_path / "some.csv", tmp_path / "rejects.csv"
    ours = csv_of([*LIFE, {**FIRST, "number": "INC3", "location": "Çarşı"}]).encode()
    file.write_bytes(
        ours + csv_of([{**FIRST, "number": "INC4", "location": "Caf\xe9"}]).encode("latin-1").split(b"\n")[1]
    )
    for _ in range(2):
        report = imported(ledger, file, servicenow, rejects=rejects)
        assert report.rejected == {"wrong-encoding": 1}
        lines = rejects.read_bytes().split(b"\r\n")
        assert lines[0].startswith(b"line,code,reason,number,incident_state")
        assert lines[1].startswith(b'9,wrong-encoding,"it holds the byte 0xe9, which is not utf-8",INC4,')
        assert b"Caf\xe9" in lines[1]
        assert len(lines) == 3


def test_rows_of_a_case_that_come_after_those_of_another_are_put_aside_wherever_a_batch_ends(
    ledger: Ledger, servicenow: SnapshotMapping, tmp_path: Path
) -> None:
    life = case("INC1", ACTIVE, {"assignment_group": "Group 2"}, RESOLVED, CLOSED)
    file = written(tmp_path / "some.csv", life[:2], OTHER, life[2:], case("INC3"))
    for steps in (1, 2, 3, 1000):
        report = imported(ledger, file, servicenow, batch_steps=steps)
        assert report.rejected == {"case-told-before": 3}
        assert (report.cases, report.rows) == (3, 10)
    assert [one.event.TOPIC for one in ledger.since(0)].count("case-received.1") == 3


def test_rows_that_another_mapping_tells_otherwise_are_put_aside(
    ledger: Ledger, servicenow: SnapshotMapping, tmp_path: Path
) -> None:
    file = written(tmp_path / "some.csv", LIFE)
    imported(ledger, file, servicenow)
    head = ledger.head()
    other = parsed((SHIPPED / "servicenow.toml").read_text("utf-8").replace('"request"', '"internal"'), "other.toml")
    report = imported(ledger, file, other)
    assert (report.rejected, report.repeated) == ({"command-id-reused": 1}, 4)
    assert ledger.head() == head + 2


def test_odd_rows_are_imported_counted_and_marked_by_the_ledger(
    ledger: Ledger, servicenow: SnapshotMapping, tmp_path: Path
) -> None:
    odd = [
        *case("INC1", CLOSED, {"assignment_group": "Group 2"}),
        *case("INC2", RESOLVED, {"assigned_to": "Resolver 1"}, {"incident_state": "-100"}),
        *case("INC3", ACTIVE, {"incident_state": "New"}, {"sys_updated_at": "29/2/2016 06:40", **RESOLVED}),
        {**FIRST, "number": "INC4", **RESOLVED},
        *case("INC5", {"opened_by": "Opened by  2"}),
    ]
    report = imported(ledger, written(tmp_path / "some.csv", odd), servicenow)
    assert report.odd == {
        "back-to-registered": 1,
        "begins-finished": 1,
        "closed-unresolved": 1,
        "opening-changed": 1,
        "outcome-unstated": 3,
        "state-unknown": 1,
        "time-runs-backwards": 1,
        "work-after-closing": 1,
        "work-after-resolving": 1,
    }
    marked = {(departure, one.metadata.source) for one in ledger.since(0) for departure in one.metadata.departures}
    ours = {kind: n for kind, n in report.odd.items() if kind not in NOT_DEPARTURES}
    assert Counter(departure for departure, _ in marked) == ours


NOT_DEPARTURES = {"back-to-registered", "begins-finished", "opening-changed", "state-unknown"}


def test_a_case_that_turns_out_to_be_anothers_and_to_have_come_another_way_says_so(
    ledger: Ledger, servicenow: SnapshotMapping, tmp_path: Path
) -> None:
    imported(ledger, written(tmp_path / "some.csv", OTHER), servicenow)
    events = [one.event for one in ledger.since(0)]
    assert len([event for event in events if isinstance(event, CaseCustomerChanged)]) == 1
    (channel,) = (event for event in events if isinstance(event, CaseChannelChanged))
    assert channel.channel == "email"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{**row, "sys_updated_at": "2016-02-29"} for row in LIFE], "time.format .* does not fit sys_updated_at"),
        ([{**row, "opened_at": "2/29/2016 6:38"} for row in LIFE], "time.format .* does not fit opened_at"),
        (
            [{k: v for k, v in row.items() if k != "rfc"} for row in LIFE],
            "attributes names 'rfc', which the file lacks",
        ),
    ],
)
def test_a_mapping_that_does_not_fit_is_told_before_anything_is_written(
    ledger: Ledger, servicenow: SnapshotMapping, tmp_path: Path, rows: list[Line], message: str
) -> None:
    file = tmp_path / "some.csv"
    header = ",".join(rows[0])
    file.write_text("\n".join([header, *(",".join(row.values()) for row in rows)]))
    with pytest.raises(BadMapping, match=message):
        imported(ledger, file, servicenow, rejects=tmp_path / "rejects.csv")
    assert ledger.head() == 1
    assert not (tmp_path / "rejects.csv").exists()


def test_a_file_in_another_encoding_is_told_before_anything_is_written(
    ledger: Ledger, servicenow: SnapshotMapping, tmp_path: Path
) -> None:
    file = tmp_path / "some.csv"
    file.write_bytes(csv_of([{**row, "location": "Besançon"} for row in LIFE]).encode("latin-1"))
    with pytest.raises(BadFile, match=r"is not written in utf-8: on line 2 it holds the byte 0xe7, .* file\.encoding"):
        imported(ledger, file, servicenow)
    assert ledger.head() == 1


def test_the_file_itself_is_never_taken_for_its_rejects(
    ledger: Ledger, servicenow: SnapshotMapping, tmp_path: Path
) -> None:
    file = written(tmp_path / "some.csv", LIFE)
    with pytest.raises(BadFile, match="is the file to be imported"):
        imported(ledger, file, servicenow, rejects=file)
    with pytest.raises(BadFile, match="cannot be written: No such file or directory"):
        imported(ledger, file, servicenow, rejects=tmp_path / "no" / "rejects.csv")
    assert ledger.head() == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
def test_a_rejects_file_that_cannot_be_begun_is_told_before_anything_is_written(
    ledger: Ledger, servicenow: SnapshotMapping, tmp_path: Path
) -> None:
    file = written(tmp_path / "some.csv", LIFE)
    for rejects, said in ((Path("/dev/full"), "No space left"), (tmp_path / ("x" * 300), "File name too long")):
        with pytest.raises(BadFile, match=f"cannot be written: {said}"):
            imported(ledger, file, servicenow, rejects=rejects)
    assert ledger.head() == 1


def test_a_rejects_file_that_cannot_be_written_further_stops_the_run_which_then_goes_on(
    ledger: Ledger, servicenow: SnapshotMapping, tmp_path: Path
) -> None:
    bad = [{**FIRST, "number": f"INC{count}", "priority": "0 - Now"} for count in range(10, 60)]
    file, rejects = written(tmp_path / "some.csv", LIFE, bad), tmp_path / "rejects.csv"
    with files_of_at_most(2_000), pytest.raises(CannotGoOn, match=r"cannot be written: File too large.* to go on"):
        imported(ledger, file, servicenow, rejects=rejects)
    report = imported(ledger, file, servicenow, rejects=rejects)
    assert (report.cases, report.repeated, len(rejects_in(rejects))) == (1, 5, 50)


@contextmanager
def files_of_at_most(size_bytes: int) -> Iterator[None]:
    """As if the disk were full: no file of this process may grow beyond that."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize(("name", "kept"), [("caf\udce9.csv", "caf\\udce9.csv"), (" ", "' '"), ("冯.csv", "冯.csv")])
def test_a_file_may_have_any_name(
    ledger: Ledger, servicenow: SnapshotMapping, tmp_path: Path, name: str, kept: str
) -> None:
    imported(ledger, written(tmp_path / name, LIFE), servicenow)
    start = ledger.since(1, limit=1)[0].event
    assert isinstance(start, ImportStarted)
    assert start.file_name == kept


def test_a_dry_run_that_is_stopped_does_not_say_that_anything_was_written(
    ledger: Ledger, servicenow: SnapshotMapping, tmp_path: Path
) -> None:
    def stop(now: Progress) -> None:
        if now.rows:
            raise KeyboardInterrupt

    with pytest.raises(ImportStopped, match="It was a dry run, and nothing is written"):
        imported(ledger, written(tmp_path / "some.csv", LIFE), servicenow, dry_run=True, on_progress=stop)


def test_a_run_that_is_stopped_says_how_to_go_on_and_the_next_one_does(
    ledger: Ledger, servicenow: SnapshotMapping, tmp_path: Path
) -> None:
    file = written(tmp_path / "some.csv", LIFE, OTHER)

    def stop(position: int) -> None:
        if position > 5:
            raise KeyboardInterrupt

    with pytest.raises(ImportStopped, match=r"Stopped after \d+ rows .* run the same command again") as stopped:
        imported(ledger, file, servicenow, after_batch=stop, batch_steps=2)
    assert 0 < stopped.value.report.events < 20
    report = imported(ledger, file, servicenow, batch_steps=2)
    assert report.repeated >= 2
    assert without(imported(ledger, file, servicenow)) == without(report)


def test_progress_is_told_from_nothing_to_the_whole_file(
    ledger: Ledger, servicenow: SnapshotMapping, tmp_path: Path
) -> None:
    seen: list[Progress] = []
    positions: list[int] = []
    file = written(tmp_path / "some.csv", LIFE, OTHER)
    report = imported(ledger, file, servicenow, on_progress=seen.append, after_batch=positions.append, batch_steps=3)
    assert (seen[0].rows, seen[0].bytes_total) == (0, file.stat().st_size)
    assert (seen[-1].rows, seen[-1].events, seen[-1].bytes_read) == (10, report.events, file.stat().st_size)
    assert [one.rows for one in seen] == sorted(one.rows for one in seen)
    assert positions == sorted(positions)
    assert positions[-1] == ledger.head()


def test_every_run_says_the_same_whatever_the_size_of_its_batches(
    ledger: Ledger, servicenow: SnapshotMapping, tmp_path: Path
) -> None:
    file = written(tmp_path / "some.csv", LIFE, OTHER)
    imported(ledger, file, servicenow, batch_steps=1)
    by_one = told(ledger.since(1))
    assert next(line[5] for line in by_one if line[5]) == ("I2017", 1)
    again = imported(ledger, file, servicenow, batch_steps=100)
    assert (told(ledger.since(1)), again.repeated) == (by_one, 9)
