"""`daybook sla`: what is due and overdue, and why, in a simulated book whose present is what was recorded last."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from api.cli.exits import Exit
from api.cli.lasting import short
from api.settings import Settings
from api.workspace import NewBook, Workspace
from domain.book import BookTime
from domain.case.commands import AssignCase, PauseCase, RegisterCase, ResumeCase
from domain.case.events import PauseGround
from ledger.ledger import Ledger
from tests.api.cli.conftest import CommandLine
from tests.projections.books import case_id, received
from tests.projections.regulated import calendar, promise, publish_calendar, tell

# A Monday at nine o'clock in Shanghai, later than any clock by which these tests run.
BEGUN = datetime(2099, 3, 2, 1, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def ledger(daybook: CommandLine) -> Iterator[Ledger]:
    """A book that makes promises, its views never read."""
    settings = Settings.from_environment(daybook.environment)
    with Workspace(settings, new_book=NewBook(BookTime.SIMULATED, "Asia/Shanghai", BEGUN)) as workspace:
        promise(workspace.ledger, at=BEGUN)
        yield workspace.ledger


def took_in(ledger: Ledger, number: int, at: datetime, unit: str = "北京分部") -> UUID:
    tell(ledger, received(number, at=at, source_key=f"INC{number}"), at=at)
    tell(ledger, RegisterCase(at=at, case_id=case_id(number), unit=unit), at=at)
    return case_id(number)


def named(answer: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(one["case"], one["target"]) for one in answer]


def test_what_is_overdue_and_what_is_due_soon_is_listed_first_due_first(daybook: CommandLine, ledger: Ledger) -> None:
    took_in(ledger, 1, BEGUN)
    took_in(ledger, 2, BEGUN + 3 * DAY, unit="广州分部")
    now = BEGUN + 4 * DAY
    tell(ledger, AssignCase(at=now, case_id=case_id(2), handler="李四"), at=now)
    daybook.json("project")
    one, two = "C2099-000001", "C2099-000002"
    answer = daybook.json("sla", "due", "--within", "2d")
    assert (answer["time"], answer["valid_at"], answer["until"]) == (
        "simulated", "2099-03-06T01:00:00Z", "2099-03-08T01:00:00Z",
    )  # fmt: skip
    assert named(answer["overdue"]) == [(one, "resolution")]
    assert named(answer["due_soon"]) == [(one, "lived")]
    (overdue,) = answer["overdue"]
    assert (overdue["due_on"], overdue["unit"], overdue["state"], overdue["title"]["zh"]) == (
        "2099-03-05", "北京分部", "overdue", "resolution 时限",
    )  # fmt: skip
    wider = daybook.json("sla", "due", "--within", "3w", "--unit", "广州分部", "--target", "legal", "--target", "last")
    assert (named(wider["overdue"]), named(wider["due_soon"])) == ([], [(two, "legal"), (two, "last")])
    assert named(daybook.json("sla", "due", "--within", "3w", "--statutory")["due_soon"]) == [
        (one, "legal"),
        (two, "legal"),
    ]
    assert named(daybook.json("sla", "due", "--within", "3w", "--handler", "李四", "--statutory")["due_soon"]) == [
        (two, "legal")
    ]
    assert daybook.json("sla", "due", "--unit", "nobody") | {"overdue": [], "due_soon": []} == daybook.json(
        "sla", "due", "--unit", "nobody"
    )


def test_a_name_that_no_deadline_has_is_told_from_one_that_has_nothing_due(
    daybook: CommandLine, ledger: Ledger
) -> None:
    took_in(ledger, 1, BEGUN)
    daybook.json("project")
    nothing = daybook("sla", "due", "--unit", "北京分布", "--target", "legal", "--target", "leagl")
    assert (nothing.exit_code, "Nothing is overdue." in nothing.stdout) == (Exit.DONE, True)
    assert "No deadline, past ones among them, is of the unit '北京分布'; look whether" in nothing.stderr
    assert ("'leagl'" in nothing.stderr, "'legal'" in nothing.stderr) == (True, False)
    later = daybook("sla", "due", "--within", "1m", "--unit", "北京分部")
    assert ("Nothing is overdue." in later.stdout, "No deadline" in later.stderr) == (True, False)


def test_people_see_by_how_much_and_whose_it_is(daybook: CommandLine, ledger: Ledger) -> None:
    took_in(ledger, 1, BEGUN)
    tell(ledger, AssignCase(at=BEGUN + 4 * DAY, case_id=case_id(1), handler="李四"), at=BEGUN + 4 * DAY)
    daybook.json("project")
    shown = daybook("sla", "due", "--within", "36h")
    assert shown.exit_code == 0, shown.stderr
    lines = [line.split() for line in shown.stdout.splitlines()]
    assert lines[0][0] == "SIMULATED"
    assert ["due", "overdue", "by", "case", "target", "unit", "handler"] in lines
    (overdue,) = (line for line in lines if "Resolution" in line)
    assert overdue == ["2099-03-05", "9h", "C2099-000001", "resolution", "时限", "·", "Resolution", "北京分部", "李四"]
    (lived,) = (line for line in lines if "Lived" in line)
    assert lived[:4] == ["2099-03-06", "11:00", "2h", "C2099-000001"]
    limited = daybook("sla", "due", "--within", "52w", "--limit", "1")
    assert "Only the first 1 are shown; --all shows all of them." in limited.stderr
    nothing = daybook("sla", "due", "--unit", "nobody")
    assert "Nothing is overdue.\nNothing is due within 1d.\n" in nothing.stdout


@pytest.mark.parametrize("typed", ["soon", "3", "-1d", "", "9999999d", "99999w", "٣d"])
def test_a_length_of_time_that_is_none_is_told_so(daybook: CommandLine, ledger: Ledger, typed: str) -> None:
    result = daybook("sla", "due", "--within", typed)
    assert (result.exit_code, result.stdout) == (Exit.USAGE, "")


def test_lengths_of_time_are_shown_in_their_two_largest_parts() -> None:
    times = (timedelta(), 59, 60, 3_599, 3_600, 5_400, 86_400, 90_060, 1_000_000)
    told = [short(each if isinstance(each, timedelta) else timedelta(seconds=each)) for each in times]
    assert told == ["0s", "59s", "1m", "59m", "1h", "1h 30m", "1d", "1d 1h", "11d 13h"]


def test_a_clock_is_explained_stretch_by_stretch_in_both_languages(daybook: CommandLine, ledger: Ledger) -> None:
    case = took_in(ledger, 1, BEGUN)
    for at, step in ((2 * HOUR, PauseCase), (26 * HOUR, ResumeCase)):
        tell(ledger, step(at=BEGUN + at, case_id=case, ground=PauseGround.VENDOR), at=BEGUN + at)
    publish_calendar(ledger, calendar(2, date(2099, 3, 4)), at=BEGUN + 26 * HOUR)
    daybook.json("project")
    answer = daybook.json("sla", "explain", "INC1", "--target", "lived")
    (clock,) = answer["clocks"]
    assert [(each["begin"], each["end"], each["counted"], each["why"], each["by"]) for each in clock["segments"]] == [
        ("2099-03-02T01:00:00Z", "2099-03-02T03:00:00Z", True, "running", 1),
        ("2099-03-02T03:00:00Z", "2099-03-03T03:00:00Z", False, "paused", 4),
    ]
    assert clock["counted_seconds"] == 2 * 3_600
    assert (
        sum(
            (datetime.fromisoformat(each["end"]) - datetime.fromisoformat(each["begin"])).total_seconds()
            for each in clock["upcoming"]
            if each["counted"]
        )
        == clock["remaining_seconds"]
        == 28 * 3_600
    )
    assert clock["due_at"] == clock["lived_at"] > clock["promised_at"]
    assert clock["explanation"]["en"][0].startswith("Lived: an internal target, by rule others of policy promises")
    assert clock["explanation"]["zh"][0].startswith("lived 时限:内部目标,依据服务标准 promises 第 1 版")
    people = daybook("sla", "explain", "C2099-000001", "--target", "lived")
    assert people.exit_code == 0, people.stderr
    lines = [line.split() for line in people.stdout.splitlines()]
    assert ["2099-03-02", "09:00", "2099-03-02", "11:00", "2h", "2h", "counts", "1"] in lines
    assert ["2099-03-02", "11:00", "2099-03-03", "11:00", "1d", "paused", "(vendor)", "4"] in lines
    for language in ("en", "zh"):
        assert "\n".join(clock["explanation"][language]) in people.stdout


def test_every_clock_of_a_case_is_explained_when_none_is_named(daybook: CommandLine, ledger: Ledger) -> None:
    took_in(ledger, 1, BEGUN)
    daybook.json("project")
    clocks = daybook.json("sla", "explain", "INC1")["clocks"]
    assert {clock["target"] for clock in clocks} == {
        "resolution", "lived", "step", "next", "last", "legal", "answer", "prompt", "later", "stated",
    }  # fmt: skip
    assert [clock["target"] for clock in clocks if not clock["explanation"]["en"]] == []
    opened = next(clock for clock in clocks if clock["target"] == "next")
    assert "It began at 2099-03-02 11:00 Asia/Shanghai, when the time of step ran out." in opened["explanation"]["en"]
    assert daybook("sla", "explain", "INC1").stdout.count("counts") >= 3


def test_what_is_not_there_is_told_with_what_is(daybook: CommandLine, ledger: Ledger) -> None:
    unread = daybook("sla", "due")
    assert (unread.exit_code, "`daybook project` does that" in unread.stderr) == (Exit.NO, True)
    tell(ledger, received(1, at=BEGUN, source_key="INC1"), at=BEGUN)
    took_in(ledger, 2, BEGUN)
    daybook.json("project")
    unregistered = daybook("sla", "explain", "INC1")
    assert (unregistered.exit_code, "no policy has a rule for it" in unregistered.stderr) == (Exit.NO, True)
    other = daybook("sla", "explain", "INC2", "--target", "soon")
    assert (other.exit_code, "it has" in other.stderr) == (Exit.NO, True)
    assert daybook("sla", "explain", "INC3").exit_code == Exit.NO
    took_in(ledger, 4, BEGUN)
    behind = daybook("sla", "due", "--json")
    assert "`daybook project` reads on" in behind.stderr
    assert json.loads(behind.stdout)["known_position"] < ledger.head()
