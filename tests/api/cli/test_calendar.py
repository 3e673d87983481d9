from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from api.workspace import Workspace
from domain.book import AllowSelfApproval, id_of_book
from domain.envelope import Actor, ActorKind, Submission
from tests.api.cli.conftest import NAMESPACE, OPENED, CommandLine
from tests.conftest import PROJECT

EXAMPLES = PROJECT / "examples" / "calendars"
BANK = str(EXAMPLES / "china-bank.toml")
TWO = ("--by", "陈洁", "--approved-by", "Director Li")
FROM = ("--effective", "2025-01-01")


@pytest.fixture(autouse=True)
def book(workspace: Workspace) -> str:
    """A simulated book without a calendar."""
    return workspace.ledger.book


def written(folder: Path, text: str) -> str:
    file = folder / "office.toml"
    file.write_text(text, "utf-8")
    return str(file)


OFFICE = """
name = "office"
title = { en = "Office", zh = "办公室" }
zone = "Asia/Shanghai"
source = "the office"
[week]
mon = ["09:00-17:00"]
tue = ["22:00-06:00"]
"""


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.toml")), ids=lambda file: file.stem)
def test_a_calendar_that_ships_is_right_and_can_be_published_and_shown(file: Path, daybook: CommandLine) -> None:
    assert "Nothing is wrong with it." in daybook("calendar", "check", str(file)).stdout
    (row,) = daybook.json("calendar", "publish", str(file), *TWO, *FROM)["calendars"]
    assert {key: row[key] for key in ("name", "version", "effective_from", "approved_by")} == {
        "name": file.stem,
        "version": 1,
        "effective_from": "2025-01-01",
        "approved_by": "Director Li",
    }
    shown = daybook("calendar", "show", file.stem, "--month", "2026-10")
    assert shown.exit_code == 0
    assert f"{file.stem} (" in shown.stdout


def test_a_month_shows_holidays_make_up_days_and_hours(daybook: CommandLine) -> None:
    assert daybook("calendar", "publish", BANK, *TWO, *FROM).exit_code == 0
    shown = daybook("calendar", "show", "china-bank", "--month", "2026-10").stdout
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    title = "Bank complaints department, 银行消费者权益保护部"
    assert lines[1] == f"china-bank ({title}), October 2026, Asia/Shanghai, version 1, as known now"
    assert "Mon Tue Wed Thu Fri Sat Sun" in lines
    assert "week 40 1 H 2 H 3 H 4 -" in lines
    assert "week 41 5 H 6 H 7 H 8 9 10 + 11 -" in lines
    assert "Mon Tue Wed Thu Fri 08:30-12:00 13:30-17:30" in lines
    assert "2026-10-01 Thu closed holiday: 国庆节" in lines
    assert "2026-10-10 Sat 08:30-12:00 13:30-17:30 make-up working day: 2026-10-07 调休" in lines
    assert all(len(line) <= 120 for line in lines)
    days = daybook.json("calendar", "show", "china-bank", "--month", "2026-10")["days"]
    assert len(days) == 31
    assert days[9] == {
        "date": "2026-10-10",
        "weekday": "sat",
        "kind": "make-up",
        "name": "2026-10-07 调休",
        "frames": ["08:30-12:00", "13:30-17:30"],
        "version": 1,
        "opens_at": "2026-10-10T00:30:00Z",
        "closes_at": "2026-10-10T09:30:00Z",
    }


def test_one_person_proposes_and_another_publishes_or_declines(daybook: CommandLine, tmp_path: Path) -> None:
    file = written(tmp_path, OFFICE)
    proposed = daybook("calendar", "propose", file, "--by", "陈洁", "--reason", "new hours")
    assert "daybook calendar approve 1 --by NAME" in proposed.stderr
    assert "Waiting for somebody's approval" in proposed.stdout
    refused = daybook("calendar", "approve", "1", "--by", "陈洁")
    assert (refused.exit_code, "let somebody else decide" in refused.stderr) == (1, True)
    assert daybook.json("calendar", "approve", "1", "--by", "Director Li")["calendars"][0]["zone"] == "Asia/Shanghai"
    again = daybook("calendar", "propose", file, "--by", "陈洁")
    assert "It is so already; nothing was written." in again.stderr
    longer = written(tmp_path, OFFICE.replace("17:00", "18:00"))
    (waiting,) = daybook.json("calendar", "propose", longer, "--by", "陈洁")["proposals"]
    declined = daybook.json("calendar", "decline", str(waiting["proposal"]), "--reason", "no", "--by", "Director Li")
    assert (declined["proposals"], len(declined["calendars"])) == ([], 1)


def test_who_asks_publishes_where_the_book_allows_it(workspace: Workspace, daybook: CommandLine) -> None:
    own = ("--by", "陈洁", "--approved-by", "陈洁")
    refused = daybook("calendar", "publish", BANK, *own)
    assert (refused.exit_code, "name somebody else" in refused.stderr) == (1, True)
    assert daybook.json("calendar", "list")["proposals"] == []
    allow = AllowSelfApproval(at=OPENED, book_id=id_of_book("main"), reason="one clerk", decided_by="Director Li")
    workspace.ledger.carry_out(Submission(NAMESPACE, (allow,), Actor("Director Li", ActorKind.PERSON), "test"))
    assert len(daybook.json("calendar", "publish", BANK, *own)["calendars"]) == 1


def test_a_month_is_shown_as_it_was_known(daybook: CommandLine, tmp_path: Path) -> None:
    assert daybook("calendar", "publish", written(tmp_path, OFFICE), *TWO, *FROM).exit_code == 0
    (first,) = daybook.json("calendar", "list")["calendars"]
    known = datetime.fromisoformat(first["known_at"])
    mended = written(
        tmp_path, OFFICE + '[holidays]\n2026-03-02 = "Founders\' day"\n[breaks]\n2026-03-09 = ["10:00-11:00"]'
    )
    assert daybook("calendar", "publish", mended, *TWO, *FROM).exit_code == 0

    def day(number: int, *options: str) -> Any:
        return daybook.json("calendar", "show", "office", "--month", "2026-03", *options)["days"][number - 1]

    then = ("--known", known.isoformat())
    assert (day(2)["kind"], day(2)["name"], day(2)["frames"]) == ("holiday", "Founders' day", [])
    assert (day(2, *then)["kind"], day(2, *then)["frames"]) == ("usual", ["09:00-17:00"])
    assert day(9)["frames"] == ["09:00-10:00", "11:00-17:00"]
    assert day(3)["closes_at"] == "2026-03-03T22:00:00Z"
    assert "with a break" in daybook("calendar", "show", "office", "--month", "2026-03").stdout
    before = daybook("calendar", "show", "office", "--known", "1")
    assert (before.exit_code, "was not known by then; it is known since" in before.stderr) == (1, True)
    assert known.astimezone(UTC) >= OPENED


def test_all_mistakes_of_a_file_are_told_with_their_lines(daybook: CommandLine, tmp_path: Path) -> None:
    bad = written(
        tmp_path,
        """name = "Office"
title = { en = "Office" }
zone = "Asia/Shangai"
source = "the office"
[week]
mon = [
  "09:00-12:00",
  "11:00-13:00",
]
[statutory]
country = "ZZ"
years = [2026]
[holidays]
2026-01-01 = "元旦"
"2026-02-30" = "?"
[[overrides]]
date = 2026-05-05
frames = []
[[overrides]]
date = 2026-05-05
frames = ["10:00-25:00"]
""",
    )
    checked = daybook("calendar", "check", bad)
    assert checked.exit_code == 2
    told = [line.removeprefix(f"{bad}: ") for line in checked.stdout.splitlines()]
    assert [line.partition(": ")[0] for line in told] == [
        "line 1, name",
        "line 3, zone",
        "line 6, week.mon[1]",
        "line 10, statutory",
        "line 15, holidays.2026-02-30.date",
        "line 21, overrides[1].frames[0]",
    ]
    answer = daybook("calendar", "check", bad, "--json")
    assert answer.exit_code == 2
    refused = daybook("calendar", "publish", bad, *TWO)
    assert refused.exit_code == 2
    assert "is not right: line 1, name" in refused.stderr
    assert "3 more, which `daybook calendar check` shows" in refused.stderr


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name = =", "line 1: this is not TOML"),
        ("", "name: this is missing"),
        ("week = 5\nholidays = 7", "line 2, holidays: "),
        (OFFICE + "[statutory]\ncountry = 5", "line 9, statutory.years: this is missing"),
        (OFFICE + '[statutory]\ncountry = "CN"\nyears = [2026]\nlanguage = "tlh"', "has no names in tlh"),
        (OFFICE + '[statutory]\ncountry = "GB"\nsubdivision = "Q"\nyears = [2026]', "does not have subdivision Q"),
        (OFFICE + '[statutory]\ncountry = "HolidayBase"\nyears = [2026]', "Country HolidayBase not available"),
        (OFFICE + '[statutory]\ncountry = "__init__"\nyears = [2026]', "Country __init__ not available"),
        (OFFICE + f"x = {'1' * 5000}", "a number has more digits than anybody counts"),
        (OFFICE.replace("mon =", "mon = []\nmo ="), "line 8, week.mo: there is no such field here"),
        ("x = " + "[" * 20_000, "values are nested too deep for a calendar"),
    ],
)
def test_a_file_that_is_no_calendar_says_where(daybook: CommandLine, tmp_path: Path, text: str, told: str) -> None:
    checked = daybook("calendar", "check", written(tmp_path, text))
    assert checked.exit_code == 2
    assert told in checked.stdout


def test_files_of_other_kinds_are_refused_in_a_sentence(daybook: CommandLine, tmp_path: Path) -> None:
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b'name = "x"\ntitle = "\xe9"')
    assert "line 2: this is not UTF-8" in daybook("calendar", "check", str(latin)).stdout
    latin.write_bytes(b"#" * (2 << 20))
    assert "larger than" in daybook("calendar", "check", str(latin)).stdout
    for path in (tmp_path / "none.toml", tmp_path):
        away = daybook("calendar", "check", str(path))
        assert (away.exit_code, "cannot be read" in away.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("show", "office"), "There is no calendar office; none was published yet"),
        (("show", "office", "--month", "October"), "--month 'October' is no month"),
        (("show", "office", "--month", "2026-13"), "--month '2026-13' is no month"),
        (("publish", BANK, *TWO, "--effective", "tomorrow"), "--effective 'tomorrow' is no date"),
        (("publish", BANK, "--by", " ", "--approved-by", "x"), "--by: string should have at least 1 character"),
        (("approve", "9", "--by", "x"), "Version 9 of the book's calendars is no proposal; none waits"),
    ],
)
def test_what_was_typed_wrongly_is_said(daybook: CommandLine, words: tuple[str, ...], told: str) -> None:
    result = daybook("calendar", *words)
    assert result.exit_code in {1, 2}
    assert told in " ".join(result.stderr.split())


def test_a_book_without_calendars_says_how_to_get_one(daybook: CommandLine) -> None:
    assert "`daybook calendar publish FILE` adds one" in daybook("calendar", "list").stdout


def test_years_whose_make_up_days_are_not_announced_are_named(daybook: CommandLine, tmp_path: Path) -> None:
    file = written(tmp_path, OFFICE + '[statutory]\ncountry = "CN"\nyears = [2150]')
    checked = daybook("calendar", "check", file)
    assert checked.exit_code == 0
    assert "No make-up working days of 2150 are known for CN" in checked.stderr


def test_ones_own_dates_go_before_statutory_ones(daybook: CommandLine, tmp_path: Path) -> None:
    own = '[statutory]\ncountry = "GB"\nyears = [2026]\n'
    own += '[working_days]\n2026-12-25 = "mon"\n[holidays]\n2026-04-03 = "Own"'
    calendar = daybook.json("calendar", "check", written(tmp_path, OFFICE + own))["calendar"]
    names = {day["date"]: day["name"] for day in calendar["holidays"]}
    assert names["2026-04-03"] == "Own"
    assert "2026-12-25" not in names
    assert calendar["source"].startswith("holidays ")
    assert calendar["source"].endswith(": GB 2026; the office")


@pytest.mark.parametrize(("approver", "code"), [("", 2), ("陈" * 201, 2), ("陈洁", 1), (" 陈洁 ", 1)])
def test_no_proposal_is_left_behind_of_what_nobody_may_publish(
    daybook: CommandLine, tmp_path: Path, approver: str, code: int
) -> None:
    file = written(tmp_path, OFFICE)
    assert daybook("calendar", "publish", file, "--by", "陈洁", "--approved-by", approver).exit_code == code
    assert daybook.json("calendar", "list")["proposals"] == []
