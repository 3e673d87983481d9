"""A policy edited and a calendar published late: what was promised stands, and today's would give another answer."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from api.settings import Settings
from api.workspace import NewBook, Workspace
from domain.book import BookTime
from domain.case.commands import AssignCase, RegisterCase, ResolveCase
from domain.case.events import Outcome
from ledger.ledger import Ledger
from tests.api.cli.conftest import CommandLine
from tests.projections.books import case_id, received
from tests.projections.regulated import tell

# A Monday at nine o'clock in Shanghai, later than any clock by which tests run.
MONDAY = datetime(2099, 3, 2, 1, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TWO = ("--by", "陈洁", "--approved-by", "Director Li")
SINCE = ("--effective", "2099-01-01")
CALENDAR = """
name = "desk"
title = { en = "Service desk", zh = "服务台" }
zone = "Asia/Shanghai"
source = "notice"

[week]
mon = ["09:00-17:00"]
tue = ["09:00-17:00"]
wed = ["09:00-17:00"]
thu = ["09:00-17:00"]
fri = ["09:00-17:00"]
"""
# Wednesday is over, as is the Saturday; Tuesday is to come.
PUBLISHED_LATE = """
[[holidays]]
date = "2099-03-04"
name = "storm"

[[holidays]]
date = "2099-03-10"
name = "removal"

[[working_days]]
date = "2099-03-07"
like = "mon"
"""
POLICY = """
name = "service"
title = { en = "Service", zh = "服务" }
regime = "internal"
zone = "Asia/Shanghai"
calendar = "desk"

[[rule]]
id = "all"
targets = ["resolution"]

[[target]]
id = "resolution"
title = { en = "Resolution", zh = "办结" }
kind = "resolution"
clock = { type = "business_days", amount = 3 }
stop = "case-resolved"
"""


class Files(NamedTuple):
    """The standards as somebody writes them down."""

    calendar: str
    late: str
    policy: str
    shorter: str


@pytest.fixture
def files(tmp_path: Path) -> Files:
    texts = (CALENDAR, CALENDAR + PUBLISHED_LATE, POLICY, POLICY.replace("amount = 3", "amount = 1"))
    paths = [tmp_path / f"{name}.toml" for name in Files._fields]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text, "utf-8")
    return Files(*map(str, paths))


@pytest.fixture
def book(daybook: CommandLine, files: Files) -> Iterator[Workspace]:
    """K-1 to K-3 came on a Monday, and were resolved in time, on the day after the due, and never; K-4 a week later."""
    settings = Settings.from_environment(daybook.environment)
    with Workspace(settings, new_book=NewBook(BookTime.SIMULATED, "Asia/Shanghai", MONDAY)) as workspace:
        ledger = workspace.ledger
        daybook.json("calendar", "publish", files.calendar, *TWO, *SINCE)
        daybook.json("policy", "publish", files.policy, *TWO, *SINCE)
        for number in (1, 2, 3):
            took_in(ledger, number, MONDAY)
        for number, days in ((1, 3), (2, 4)):
            at = MONDAY + days * DAY
            tell(ledger, ResolveCase(at=at, case_id=case_id(number), outcome=Outcome.SOLVED), at=at)
        took_in(ledger, 4, MONDAY + 7 * DAY)
        later = MONDAY + 7 * DAY + HOUR
        tell(ledger, AssignCase(at=later, case_id=case_id(4), handler="lin"), at=later)
        daybook.json("project")
        yield workspace


def took_in(ledger: Ledger, number: int, at: datetime) -> None:
    tell(ledger, received(number, at=at, source_key=f"K-{number}"), at=at)
    tell(ledger, RegisterCase(at=at, case_id=case_id(number)), at=at)


def edit(daybook: CommandLine, files: Files) -> None:
    """The policy gets a shorter target, and days are closed and declared working after the event."""
    daybook.json("policy", "publish", files.shorter, *TWO, "--effective", "2099-03-16")
    daybook.json("calendar", "publish", files.late, *TWO, *SINCE)
    daybook.json("project")


def clock(daybook: CommandLine, case: str) -> dict[str, Any]:
    (told,) = daybook.json("sla", "explain", case)["clocks"]
    return {
        "policy": told["policy_version"],
        "calendar": told["calendar_version"],
        "promised": told["promised_at"],
        "lived": told["lived_at"],
        "due": told["due_at"],
        "verdicts": (told["verdicts"]["when_due"], told["verdicts"]["now"]),
    }


def test_old_cases_keep_what_was_promised_to_them_and_their_verdicts(
    book: Workspace, daybook: CommandLine, files: Files
) -> None:
    before = {case: clock(daybook, case) for case in ("K-1", "K-2", "K-3", "K-4")}
    assert {case: told["verdicts"] for case, told in before.items()} == {
        "K-1": ("kept", "kept"), "K-2": ("missed", "missed"), "K-3": ("missed", "missed"), "K-4": (None, None),
    }  # fmt: skip
    edit(daybook, files)
    for case in ("K-1", "K-2", "K-3"):
        assert clock(daybook, case) == before[case]
        assert before[case]["promised"] == before[case]["lived"] == before[case]["due"] == "2099-03-05T16:00:00Z"
    # A day that was still to come is lived as it was declared; what was promised stays, and decides.
    assert clock(daybook, "K-4") == before["K-4"] | {"lived": "2099-03-13T16:00:00Z"}
    assert before["K-4"]["promised"] == before["K-4"]["due"] == "2099-03-12T16:00:00Z"


def test_the_report_re_run_as_of_its_cut_off_equals_the_published_one(
    book: Workspace, daybook: CommandLine, files: Files, tmp_path: Path
) -> None:
    published = daybook("sla", "report", "--json").stdout
    head = json.loads(published)
    (total,) = head["totals"]
    assert (total["kept"], total["missed"], total["running"]) == (1, 2, 1)
    edit(daybook, files)
    took_in(book.ledger, 5, MONDAY + 14 * DAY)
    daybook.json("project")
    again = daybook("sla", "report", "--known", str(head["known_position"]), "--at", head["valid_at"], "--json")
    assert again.stdout == published
    file = tmp_path / "published.json"
    file.write_text(published, "utf-8")
    assert daybook.json("sla", "report", "--compare", str(file))["equal"]
    by_now = daybook.json("sla", "report", "--group", "policy")
    assert by_now["versions"]["policies"] == [{"name": "service", "version": 1}, {"name": "service", "version": 2}]
    assert clock(daybook, "K-5")["promised"] == "2099-03-17T16:00:00Z"


def what_if(daybook: CommandLine, *supposed: str) -> dict[str, tuple[str, str, list[str]]]:
    """What would become of which cases of the first week, by when they would be due, and why."""
    week = ("--received-to", "2099-03-08", "--at", "2099-03-09T09:00:00+08:00")
    told = daybook.json("sla", "what-if", *supposed, *week)
    assert told["hypothetical"] is True
    return {
        flip["source_key"]: (flip["flip"], flip["hypothetical"]["due_on"], [each["reason"] for each in flip["reasons"]])
        for flip in told["flips"]
    }


def test_as_promised_then_and_as_right_now_give_two_answers(
    book: Workspace, daybook: CommandLine, files: Files
) -> None:
    edit(daybook, files)
    head = book.ledger.head()
    assert what_if(daybook, "--policy", files.shorter) == {
        "K-1": ("kept-to-missed", "2099-03-03", ["amount"]),
        "K-2": ("due-moves", "2099-03-03", ["amount"]),
        "K-3": ("due-moves", "2099-03-03", ["amount"]),
    }
    assert what_if(daybook, "--calendar", files.late) == {
        "K-1": ("due-moves", "2099-03-06", ["calendar"]),
        "K-2": ("missed-to-kept", "2099-03-06", ["calendar"]),
        "K-3": ("due-moves", "2099-03-06", ["calendar"]),
    }
    both = what_if(daybook, "--policy", files.shorter, "--calendar", files.late)
    assert {case: (flip, due) for case, (flip, due, _) in both.items()} == {
        "K-1": ("kept-to-missed", "2099-03-03"),
        "K-2": ("due-moves", "2099-03-03"),
        "K-3": ("due-moves", "2099-03-03"),
    }
    shown = daybook("sla", "what-if", "--policy", files.shorter).stdout
    assert "HYPOTHETICAL: none of this has happened, and nothing was written." in shown
    assert book.ledger.head() == head
    assert clock(daybook, "K-1")["verdicts"] == ("kept", "kept")
