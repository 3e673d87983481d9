from datetime import UTC, datetime

import pytest

from api.imports.clock import Clock
from api.imports.errors import BadRow
from api.imports.interpretation import Interpreter
from api.imports.snapshot import Classed, Rated, Snapshot, Stage
from api.imports.snapshot_mapping import SnapshotMapping, Times
from domain.case.events import Level, PauseGround, Priority
from domain.case.state import Status
from domain.channel import Channel
from tests.api.imports.written import FIRST

PAUSED = Stage(Status.PAUSED, PauseGround.VENDOR)


def values(**changed: str) -> list[str]:
    return list({**FIRST, **changed}.values())


@pytest.fixture
def reader(servicenow: SnapshotMapping) -> Interpreter:
    return Interpreter(servicenow, list(FIRST))


def clock(zone: str, ambiguous: str = "reject", written: str = "%d/%m/%Y %H:%M") -> Clock:
    rule = {"format": written, "zone": zone, "zone_assumed": False, "ambiguous": ambiguous, "received": "a"}
    return Clock(Times.model_validate({**rule, "updated": "b", "source_recorded": True}))


def code_of(attempt: pytest.ExceptionInfo[BadRow]) -> str:
    return attempt.value.code


def test_a_local_time_is_an_instant_in_the_declared_zone() -> None:
    assert clock("UTC").instant("29/2/2016 06:38") == datetime(2016, 2, 29, 6, 38, tzinfo=UTC)
    assert clock("Asia/Shanghai").instant("29/2/2016 06:38") == datetime(2016, 2, 28, 22, 38, tzinfo=UTC)


def test_a_time_that_names_its_own_offset_needs_no_zone() -> None:
    written = clock("Asia/Shanghai", written="%Y-%m-%dT%H:%M%z")
    assert written.instant("2016-02-29T06:38+02:00") == datetime(2016, 2, 29, 4, 38, tzinfo=UTC)


def test_an_hour_that_clocks_leave_out_is_no_time() -> None:
    with pytest.raises(BadRow, match="does not exist in America/New_York: clocks were put forward") as attempt:
        clock("America/New_York", "earlier").instant("13/3/2016 02:30")
    assert code_of(attempt) == "time-does-not-exist"


def test_an_hour_that_occurs_twice_is_read_as_the_mapping_declares() -> None:
    with pytest.raises(BadRow, match="occurs twice in America/New_York") as attempt:
        clock("America/New_York").instant("6/11/2016 01:30")
    assert code_of(attempt) == "time-is-ambiguous"
    earlier = clock("America/New_York", "earlier").instant("6/11/2016 01:30")
    later = clock("America/New_York", "later").instant("6/11/2016 01:30")
    assert (earlier, later) == (datetime(2016, 11, 6, 5, 30, tzinfo=UTC), datetime(2016, 11, 6, 6, 30, tzinfo=UTC))


@pytest.mark.parametrize(
    ("text", "code"),
    [("31/2/2016 06:38", "bad-time"), ("yesterday", "bad-time"), ("1/1/1066 09:00", "impossible-time")],
)
def test_what_is_no_time_is_told_by_name(text: str, code: str) -> None:
    with pytest.raises(BadRow) as attempt:
        clock("UTC").instant(text)
    assert code_of(attempt) == code


@pytest.mark.parametrize(
    ("zone", "text"), [("Asia/Shanghai", "1/1/0001 00:00"), ("America/New_York", "31/12/9999 23:59")]
)
def test_the_first_and_last_hours_that_there_are_are_impossible_in_any_zone(zone: str, text: str) -> None:
    with pytest.raises(BadRow) as attempt:
        clock(zone).instant(text)
    assert code_of(attempt) == "impossible-time"


def test_a_row_is_read_into_the_words_of_the_domain(reader: Interpreter) -> None:
    row = values(incident_state="Awaiting Vendor", vendor=" Vendor 1 ", impact="1 - High", u_symptom="Symptom 1")
    nothing = ("cmdb_ci", "knowledge", "u_priority_confirmation", "notify", "problem_id", "rfc")
    assert reader.snapshot(row, None) == (
        Snapshot(
            customer="Caller 1",
            channel=Channel.HOTLINE,
            stage=PAUSED,
            unit="Group 1",
            handler=None,
            classed=Classed("Category 1", None, "Symptom 1", None),
            rated=Rated(Priority.MODERATE, Level.HIGH, Level.MEDIUM),
            attributes=(
                ("location", "Location 1"),
                *((name, None) for name in nothing),
                ("vendor", "Vendor 1"),
                ("caused_by", None),
                ("contact_type", "Phone"),
            ),
        ),
        True,
    )


@pytest.mark.parametrize("word", ["-100", "?", ""])
def test_a_case_whose_state_is_unknown_stays_where_it_was(reader: Interpreter, word: str) -> None:
    for former, stage in ((PAUSED, PAUSED), (None, Stage(Status.REGISTERED))):
        snapshot, known = reader.snapshot(values(incident_state=word), former)
        assert (snapshot.stage, known) == (stage, False)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"incident_state": "Reopened"}, "unknown-value"),
        ({"priority": "5 - Whenever"}, "unknown-value"),
        ({"contact_type": "Fax"}, "unknown-value"),
        ({"contact_type": "?"}, "no-channel"),
        ({"category": "?", "u_symptom": "Symptom 1"}, "no-category"),
        ({"priority": "?"}, "no-priority"),
    ],
)
def test_a_row_that_cannot_be_understood_is_told_by_name(
    reader: Interpreter, changed: dict[str, str], code: str
) -> None:
    with pytest.raises(BadRow) as attempt:
        reader.snapshot(values(**changed), None)
    assert code_of(attempt) == code


def test_bookkeeping_and_hindsight_say_nothing_of_the_case(reader: Interpreter) -> None:
    silent = {"active", "sys_created_at", "sys_mod_count", "sys_updated_at", "sys_updated_by"}
    silent |= set(reader.mapping.ignored.hindsight)
    assert len(silent) == 12
    for name in FIRST:
        same = reader.told(values(**{name: "other"})) == reader.told(values())
        assert same == (name in silent), name
