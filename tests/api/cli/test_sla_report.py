"""`daybook sla report`: how many deadlines were kept, for people, as JSON and as CSV."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.cells import cell_len

from api.cli.exits import Exit
from api.settings import Settings
from api.workspace import NewBook, Workspace
from domain.book import BookTime
from domain.case.commands import RegisterCase, ResolveCase
from domain.case.due import DueOrigin, StateDue
from domain.case.events import Outcome
from domain.sla.zones import ZONE_DATA
from domain.unit.commands import OpenUnit
from domain.unit.events import UnitKind, id_of_unit
from ledger.ledger import Ledger
from projections.compliance_question import Figure
from tests.api.cli.conftest import CommandLine
from tests.projections.books import case_id, received
from tests.projections.regulated import POLICY, STATUTE, promise, target, tell

# A Monday at nine o'clock in Shanghai, later than any clock by which these tests run.
BEGUN = datetime(2099, 3, 2, 1, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NORTH, SOUTH, DESK = "北京分部", "South branch", "客户服务处"


@pytest.fixture
def ledger(daybook: CommandLine) -> Iterator[Ledger]:
    """A book that promises two things, and has two branches, one with a desk."""
    settings = Settings.from_environment(daybook.environment)
    targets = [
        target("resolution", {"type": "elapsed", "amount": "P3D"}, "case-resolved"),
        target("legal", {"type": "calendar_days", "amount": 15}, "case-resolved", statute=STATUTE),
    ]
    rules = [{"id": "all", "targets": [each["id"] for each in targets]}]
    with Workspace(settings, new_book=NewBook(BookTime.SIMULATED, "Asia/Shanghai", BEGUN)) as workspace:
        ledger = workspace.ledger
        promise(ledger, {**POLICY, "rules": rules, "targets": targets}, at=BEGUN)
        for name, kind, parent in (
            (NORTH, UnitKind.BRANCH, None),
            (SOUTH, UnitKind.BRANCH, None),
            (DESK, UnitKind.DESK, NORTH),
        ):
            above = None if parent is None else id_of_unit(parent)
            tell(ledger, OpenUnit(at=BEGUN, name=name, kind=kind, parent=above), at=BEGUN)
        yield ledger


@pytest.fixture
def told(ledger: Ledger, daybook: CommandLine) -> CommandLine:
    """Three cases: in time, late, and open; and a date that was stated for the first one and missed."""
    for number, unit in enumerate((NORTH, DESK, SOUTH), 1):
        tell(ledger, received(number, at=BEGUN), at=BEGUN)
        tell(ledger, RegisterCase(at=BEGUN, case_id=case_id(number), unit=unit), at=BEGUN)
    about: dict[str, Any] = {"case_id": case_id(1), "at": BEGUN}
    stated = StateDue(**about, target="call back", due_at=BEGUN + HOUR, stated_by=DueOrigin.SOURCE)
    tell(ledger, stated, at=BEGUN)
    for number, days in ((1, 1), (2, 5)):
        at = BEGUN + days * DAY
        tell(ledger, ResolveCase(at=at, case_id=case_id(number), outcome=Outcome.UPHELD), at=at)
    daybook.json("project")
    return daybook


SHOWN = """\
Statutory duties (法定时限)
branch        clocks  kept  missed    share  when due  met late  overdue  open  no verdict  revised  by late records
South branch       1     0       0                            0        0     1           0        0                0
北京分部           2     2       0  100.0 %   100.0 %         0        0     0           0        0                0
all                3     2       0  100.0 %   100.0 %         0        0     1           0        0                0

branch        measured  took: half  nine tenths  99 of 100  counted: half  nine tenths  99 of 100
South branch         0
北京分部             2          1d           5d         5d          9h 0m      105h 0m    105h 0m
all                  2          1d           5d         5d          9h 0m      105h 0m    105h 0m

Internal targets (内部时限)
branch        clocks  kept  missed   share  when due  met late  overdue  open  no verdict  revised  by late records
South branch       1     0       1   0.0 %     0.0 %         0        1     0           0        0                0
北京分部           2     1       1  50.0 %    50.0 %         1        0     0           0        0                0
all                3     1       2  33.3 %    33.3 %         1        1     0           0        0                0

branch        measured  took: half  nine tenths  99 of 100  counted: half  nine tenths  99 of 100
South branch         0
北京分部             2          1d           5d         5d         24h 0m      120h 0m    120h 0m
all                  2          1d           5d         5d         24h 0m      120h 0m    120h 0m
"""


def lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines()]


def test_duties_are_shown_apart_by_the_branch_above_each_unit(told: CommandLine) -> None:
    result = told("sla", "report", "--group", "branch", "--to", "2099-03-31")
    assert result.exit_code == Exit.DONE
    shown = lines(result.stdout)
    assert shown[0].startswith("SIMULATED BOOK main")
    assert shown[1 : 1 + len(lines(SHOWN))] == lines(SHOWN)
    assert "Stated dates (言明的日期)" in shown
    assert shown[-2:] == [
        "As of position 21, looked at 2099-03-07T09:00:00+08:00.",
        f"By policy promises 1, calendar desk 1, zone data {ZONE_DATA}, engine 1.",
    ]


def test_columns_stand_below_one_another_whatever_the_script(told: CommandLine) -> None:
    shown = lines(told("sla", "report", "--group", "unit", "--statutory").stdout)
    rows = [line for line in shown if line.startswith((NORTH, SOUTH, DESK))]
    assert len({cell_len(line) for line in rows if "%" in line}) == 1
    assert any(line.startswith(f"{DESK}  ") for line in rows)


def test_json_has_every_figure_the_versions_and_the_position(told: CommandLine) -> None:
    answer = told.json(
        "sla", "report", "--group", "month, tier", "--from", "2099-03-01", "--to", "2099-03-31", "--internal"
    )
    assert (answer["book"], answer["time"], answer["known_position"], answer["valid_at"]) == (
        "main", "simulated", 21, "2099-03-07T01:00:00Z",
    )  # fmt: skip
    assert (answer["by"], answer["from"], answer["before"]) == ("due", "2099-02-28T16:00:00Z", "2099-03-31T16:00:00Z")
    assert answer["versions"] == {
        "policies": [{"name": "promises", "version": 1}],
        "calendars": [{"name": "desk", "version": 1}],
        "zone_data": [ZONE_DATA],
        "engine": [1],
    }
    assert [(row["duty"], row["group"], row["clocks"], row["kept_share"]) for row in answer["rows"]] == [
        ("internal", {"month": "2099-03", "tier": None}, 3, {"met": 1, "total": 3}),
        ("stated", {"month": "2099-03", "tier": None}, 1, {"met": 0, "total": 1}),
    ]
    row = answer["rows"][0]
    assert row["elapsed_seconds"] == {"median": 86_400, "nine_tenths": 432_000, "ninety_nine": 432_000}
    assert {figure.value.replace("-", "_") for figure in Figure} < row.keys()


def test_csv_has_a_line_for_each_group(told: CommandLine) -> None:
    result = told("sla", "report", "--csv")
    found = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [(line["duty"], line["target"], line["clocks"], line["kept"], line["missed"]) for line in found] == [
        ("statutory", "legal", "3", "2", "0"),
        ("internal", "resolution", "3", "1", "2"),
        ("stated", "call-back-21cdd175", "1", "0", "1"),
    ]
    assert found[1]["counted_ninety_nine_seconds"] == "432000"


@pytest.mark.parametrize(
    ("words", "clocks"),
    [
        (("--unit", DESK), 2),
        (("--unit", DESK, "--unit", SOUTH), 4),
        (("--where", f"branch={NORTH}"), 5),
        (("--where", f"branch={NORTH}", "--where", f"branch={SOUTH}", "--statutory"), 3),
        (("--where", "tier="), 7),
        (("--where", "tier=gold"), 0),
        (("--where", "duty=stated"), 1),
        (("--by", "started", "--to", "2099-03-01"), 0),
        (("--by", "started", "--from", "2099-03-02"), 7),
        (("--from", "2099-03-05T09:00:00"), 6),
        (("--from", "2099-03-05T09:00:00.000001"), 3),
    ],
)
def test_a_report_is_of_what_was_asked_for_alone(told: CommandLine, words: tuple[str, ...], clocks: int) -> None:
    answer = told.json("sla", "report", *words)
    assert sum(total["clocks"] for total in answer["totals"]) == clocks


def test_of_many_groups_the_first_are_shown_and_it_is_said_that_there_are_more(told: CommandLine) -> None:
    some = told("sla", "report", "--group", "unit", "--limit", "1")
    assert "Only the first 1 groups are shown" in some.stderr
    every = told("sla", "report", "--group", "unit", "--limit", "1", "--all")
    assert "Only the first" not in every.stderr
    assert DESK in every.stdout
    assert DESK not in some.stdout
    assert "Stated dates" in some.stdout


def test_nothing_due_is_said_and_is_an_empty_answer(told: CommandLine) -> None:
    asked = ("sla", "report", "--from", "2100-01-01")
    assert "No deadline is due there." in told(*asked).stdout
    assert told(*asked, "--csv").stdout.count("\n") == 1
    answer = told.json(*asked)
    assert (answer["rows"], answer["totals"], answer["versions"]["policies"]) == ([], [], [])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--group", "colour"), "--group 'colour' is no field; there is duty, unit, branch"),
        (("--where", "colour=red"), "--where 'colour' is no field"),
        (("--where", "tier"), "write FIELD=VALUE"),
        (("--statutory", "--where", "duty=stated"), "one of them"),
        (("--json", "--csv"), "one of the two"),
        (("--from", "soon"), "--from 'soon' is no time"),
        (("--unit", "\udcff"), "no text in the terminal's encoding"),
    ],
)
def test_what_cannot_be_asked_is_told_with_what_can(
    daybook: CommandLine, ledger: Ledger, words: tuple[str, ...], said: str
) -> None:
    result = daybook("sla", "report", *words)
    assert (result.exit_code, said in " ".join(result.stderr.split())) == (Exit.USAGE, True), result.stderr


def test_before_the_views_were_made_it_says_how_to_make_them(daybook: CommandLine, ledger: Ledger) -> None:
    result = daybook("sla", "report")
    assert (result.exit_code, "`daybook project` does that" in result.stderr) == (Exit.NO, True)
