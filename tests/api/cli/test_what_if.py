import csv
import io
import os
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid5

import psycopg
import pytest

from api.workspace import Workspace
from domain.case.commands import ReceiveCase, RegisterCase, ResolveCase
from domain.case.events import CaseKind, Outcome
from domain.channel import Channel
from domain.envelope import Submission
from tests.api.cli.conftest import AGENT, NAMESPACE, CommandLine
from tests.api.cli.held_up import wait_until_held_up
from tests.conftest import PROJECT, Database

EXAMPLES = PROJECT / "examples"
CHINA = EXAMPLES / "calendars" / "china.toml"
TWO = ("--by", "陈洁", "--approved-by", "Director Li")
FROM = ("--effective", "2026-01-01")
END = "until the end of the last day"
MONDAY = datetime.fromisoformat("2026-04-13T09:00:00+08:00")
POLICY = """
name = "service"
title = { en = "Service", zh = "服务" }
regime = "internal"
zone = "Asia/Shanghai"
calendar = "china"

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


def file(folder: Path, *pairs: tuple[str, str], text: str = POLICY, name: str = "policy.toml") -> str:
    """A policy as a file, with some of its text replaced."""
    for before, after in pairs:
        assert before in text
        text = text.replace(before, after)
    path = folder / name
    path.write_text(text, "utf-8")
    return str(path)


def write(workspace: Workspace, *lives: tuple[str, datetime, int]) -> None:
    """Cases by key, received and registered at a time, and resolved so many days later."""
    for key, at, days in lives:
        case_id = uuid5(NAMESPACE, key)
        told = [
            (at, ReceiveCase(at=at, zone="Asia/Shanghai", case_id=case_id, kind=CaseKind.COMPLAINT,
                             channel=Channel.HOTLINE, source_key=key)),
            (at, RegisterCase(at=at, case_id=case_id)),
            (at + timedelta(days=days), ResolveCase(at=at + timedelta(days=days), case_id=case_id,
                                                    outcome=Outcome.SOLVED, redress=None)),
        ]  # fmt: skip
        for place, (said_at, command) in enumerate(told):
            command_id = uuid5(NAMESPACE, f"{key} {place}")
            workspace.ledger.carry_out(Submission(command_id, (command,), AGENT, "test", said_at=said_at))


@pytest.fixture
def book(workspace: Workspace, daybook: CommandLine, tmp_path: Path) -> Workspace:
    """A book that promises three business days, with a case that took two of them."""
    assert workspace.ledger.head() == 1
    daybook.json("calendar", "publish", str(CHINA), *TWO, *FROM)
    daybook.json("policy", "publish", file(tmp_path), *TWO, *FROM)
    write(workspace, ("T-1", MONDAY, 2), ("T-2", MONDAY + timedelta(days=1), 1))
    workspace.runner.catch_up()
    return workspace


@pytest.fixture
def tighter(tmp_path: Path) -> str:
    return file(tmp_path, ("amount = 3", "amount = 1"), name="tighter.toml")


def test_a_tighter_policy_is_shown_with_what_it_flips_and_why(
    daybook: CommandLine, book: Workspace, tighter: str
) -> None:
    head = book.ledger.head()
    shown = daybook("sla", "what-if", "--policy", tighter, "--at", "2026-04-20T09:00:00+08:00")
    assert shown.exit_code == 0, shown.stderr
    lines = [" ".join(line.split()) for line in shown.stdout.splitlines()]
    assert lines[1:4] == [
        "HYPOTHETICAL: none of this has happened, and nothing was written.",
        "Supposed: the policy service in the place of service.",
        "2 cases as of 2026-04-20 09:00:00+08:00; 2 of them have a clock that would be otherwise.",
    ]
    assert lines[5] == "service resolution 2 0 0 1 1 0 kept, would be missed 1; due moves 1"
    assert lines[7:11] == [
        "C2026-000001 resolution: kept, would be missed (按时变为超时)",
        "due the end of 2026-04-16, would be due the end of 2026-04-14",
        f"It would have 1 working day, {END} instead of 3 working days, {END}.",
        "时限由3个工作日，至末日24时变为1个工作日，至末日24时。",
    ]
    assert book.ledger.head() == head


def test_the_answer_as_json_is_marked_hypothetical_and_holds_both_clocks(
    daybook: CommandLine, book: Workspace, tighter: str
) -> None:
    told = daybook.json("sla", "what-if", "--policy", tighter, "--case", "T-1")
    assert list(told) == [
        "hypothetical", "book", "time", "position", "at", "policy", "calendar", "flips", "cases", "cases_with_flips",
        "totals",
    ]  # fmt: skip
    assert (told["hypothetical"], told["cases"], told["cases_with_flips"]) == (True, 1, 1)
    assert told["policy"] == {"name": "service", "effective_from": None, "in_the_place_of": "service"}
    (flip,) = told["flips"]
    assert (flip["number"], flip["source_key"], flip["flip"]) == ("C2026-000001", "T-1", "kept-to-missed")
    assert (flip["actual"]["verdict"], flip["hypothetical"]["verdict"]) == ("kept", "missed")
    assert (flip["actual"]["due_on"], flip["hypothetical"]["due_on"]) == ("2026-04-16", "2026-04-14")
    assert [(reason["reason"], reason["zh"]) for reason in flip["reasons"]] == [
        ("amount", "时限由3个工作日，至末日24时变为1个工作日，至末日24时。")
    ]
    (total,) = told["totals"]
    assert (total["actual"], total["hypothetical"], total["flips"]) == (
        {"clocks": 1, "kept": 1, "missed": 0, "undecided": 0},
        {"clocks": 1, "kept": 0, "missed": 1, "undecided": 0},
        {"kept-to-missed": 1},
    )


def test_the_answer_as_csv_has_a_line_for_each_flip(daybook: CommandLine, book: Workspace, tighter: str) -> None:
    result = daybook("sla", "what-if", "--policy", tighter, "--csv")
    assert result.exit_code == 0, result.stderr
    lines = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [(line["case"], line["flip"], line["verdict"], line["would_be"], line["reasons"]) for line in lines] == [
        ("C2026-000001", "kept-to-missed", "kept", "missed", "amount"),
        ("C2026-000002", "due-moves", "kept", "kept", "amount"),
    ]
    assert lines[0]["due_would_be"] == "2026-04-14T16:00:00Z"


def test_a_calendar_is_supposed_and_its_days_are_told(daybook: CommandLine, book: Workspace, tmp_path: Path) -> None:
    closed = 'source = "test"\n[[holidays]]\ndate = 2026-04-14\nname = "闭馆"\n'
    week = 'name = "china"\ntitle = { en = "China" }\nzone = "Asia/Shanghai"\n'
    hours = "".join(f'{day} = ["09:00-12:00", "13:30-17:30"]\n' for day in ("mon", "tue", "wed", "thu", "fri"))
    calendar = file(tmp_path, text=f"{week}{closed}[week]\n{hours}", name="closed.toml")
    told = daybook.json("sla", "what-if", "--calendar", calendar, "--case", "T-1")
    ((reason,),) = [flip["reasons"] for flip in told["flips"]]
    assert reason["days"][0]["day"] == "2026-04-14"
    assert (reason["reason"], reason["days"][0]["now"]) == ("calendar", [])
    assert "2026-04-14 closed (闭馆) instead of" in reason["en"]
    later = daybook.json("sla", "what-if", "--calendar", calendar, "--calendar-effective", "2026-05-01")
    assert later["flips"] == []


def test_cases_are_chosen_by_their_receipt_in_the_zone_of_the_book(
    daybook: CommandLine, book: Workspace, tighter: str
) -> None:
    def keys(*words: str) -> list[Any]:
        return [flip["source_key"] for flip in daybook.json("sla", "what-if", "--policy", tighter, *words)["flips"]]

    assert keys("--received-from", "2026-04-14") == ["T-2"]
    assert keys("--received-to", "2026-04-13") == ["T-1"]
    assert keys("--kind", "request") == []
    assert keys("--effective", "2026-04-14") == ["T-2"]
    assert keys("--case", "T-2", "--case", "C2026-000001") == ["T-2", "T-1"]


def test_a_long_list_is_cut_and_says_so(daybook: CommandLine, book: Workspace, tighter: str) -> None:
    shown = daybook("sla", "what-if", "--policy", tighter, "--limit", "1").stdout
    assert "C2026-000002" not in shown
    assert "1 more; --all shows them" in shown
    assert "C2026-000002" in daybook("sla", "what-if", "--policy", tighter, "--limit", "1", "--all").stdout


def test_a_shipped_policy_stands_beside_what_was_published(daybook: CommandLine, book: Workspace) -> None:
    told = daybook.json("sla", "what-if", "--library", "cn-bank", "--case", "T-1")
    assert told["policy"]["in_the_place_of"] is None
    assert {flip["flip"] for flip in told["flips"]} <= {"appears"}


def test_a_bad_policy_is_told_with_its_lines_as_by_policy_check(
    daybook: CommandLine, book: Workspace, tmp_path: Path
) -> None:
    bad = file(tmp_path, ("case-resolved", "case-resolvd"), ("amount = 3", "amount = 0"), name="bad.toml")
    checked = daybook("policy", "check", bad)
    result = daybook("sla", "what-if", "--policy", bad)
    assert (result.exit_code, checked.exit_code) == (2, 2)
    told = " ".join(result.stderr.split())
    for line in checked.stdout.splitlines():
        assert " ".join(line.split()).removeprefix(f"{bad}: ") in told


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        ((), 2, "Name what to suppose"),
        (("--calendar-effective", "2026-01-01", "--library", "fca-disp"), 2, "name one by --calendar"),
        (("--effective", "2026-01-01", "--calendar", str(CHINA)), 2, "name one by --policy or --library"),
        (("--policy", "nowhere.toml"), 2, "nowhere.toml cannot be read"),
        (("--calendar", "nowhere.toml"), 2, "nowhere.toml cannot be read"),
        (("--library", "cn-bank", "--effective", "soon"), 2, "--effective 'soon' is no date"),
        (("--library", "cn-bank", "--received-from", "soon"), 2, "--received-from 'soon' is no time"),
        (("--library", "cn-bank", "--json", "--csv"), 2, "one of the two"),
        (("--library", "cn-bank", "--case", "T-9"), 1, "There is no case 'T-9'"),
        (("--library", "cn-bank", "--instead-of", "srvice"), 1, "there is service"),
        (("--library", "fca-disp"), 1, "There is no calendar"),
    ],
)
def test_what_cannot_be_answered_says_why(
    daybook: CommandLine, book: Workspace, words: tuple[str, ...], code: int, why: str
) -> None:
    result = daybook("sla", "what-if", *words)
    assert (result.exit_code, why in " ".join(result.stderr.split())) == (code, True), result.stderr


def test_an_empty_book_has_nothing_to_flip(daybook: CommandLine, workspace: Workspace, tmp_path: Path) -> None:
    assert workspace.ledger.head() == 1
    daybook.json("calendar", "publish", str(CHINA), *TWO, *FROM)
    shown = daybook("sla", "what-if", "--policy", file(tmp_path))
    assert (shown.exit_code, "0 cases as of" in shown.stdout) == (0, True)


def test_the_answer_is_the_same_under_other_hash_seeds_zones_and_locales(
    daybook: CommandLine, book: Workspace, tighter: str
) -> None:
    program = str(Path(sys.executable).parent / "daybook")

    def answer(**more: str) -> str:
        words = [program, "sla", "what-if", "--policy", tighter, "--at", "2026-04-20", "--json"]
        done = subprocess.run(
            words, env={**os.environ, **daybook.environment, **more}, capture_output=True, text=True, check=True
        )
        return done.stdout

    first = answer(PYTHONHASHSEED="0", TZ="UTC")
    assert first == answer(PYTHONHASHSEED="4711", TZ="America/St_Johns", LC_ALL="C")
    assert first == answer(PYTHONHASHSEED="random", TZ="Pacific/Apia", LC_ALL="C.UTF-8")


def test_ctrl_c_ends_it_in_one_sentence_and_leaves_the_book_as_it_was(
    daybook: CommandLine, book: Workspace, tighter: str, database: Database
) -> None:
    head = book.ledger.head()
    with psycopg.connect(database.owner_url) as holding:
        holding.execute("LOCK TABLE ledger.event IN ACCESS EXCLUSIVE MODE")
        with daybook.process("sla", "what-if", "--policy", tighter, "--csv") as running:
            wait_until_held_up(database)
            running.send_signal(signal.SIGINT)
            _, said = running.communicate(timeout=30)
            assert (running.returncode, "Ended by Ctrl-C" in said) == (130, True), said
    assert book.ledger.head() == head
