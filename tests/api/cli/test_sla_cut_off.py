"""`daybook sla report --known` and `--compare`: a published report given again, and what differs when it does not."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from api.cli.exits import Exit
from api.settings import Settings
from api.workspace import NewBook, Workspace
from domain.book import BookTime
from domain.event import rfc3339
from domain.sla.clock import ENGINE
from domain.sla.zones import ZONE_DATA
from ledger.embedded import Embedded
from ledger.ledger import Ledger
from tests.api.cli.conftest import CommandLine, environment
from tests.api.cli.held_up import wait_until_held_up
from tests.api.published import AFTER, BEGUN, CUT, HOUR, NORTH, SOUTH, write, write_on
from tests.conftest import Database, _database

ASKED = (
    ("--group", "branch,target"),
    ("--group", "month,unit,tier", "--from", "2099-03-05", "--to", "2099-03-31"),
    ("--by", "started", "--where", f"branch={NORTH}", "--where", f"branch={SOUTH}", "--internal"),
    ("--statutory", "--unit", NORTH, "--where", "tier="),
)


@pytest.fixture
def ledger(daybook: CommandLine) -> Iterator[Ledger]:
    """A book that promises, with cases whose deadlines have run out, read into the views; to be written on."""
    with begun(daybook) as ledger:
        yield ledger


@pytest.fixture(scope="module")
def reader(server: Embedded, template: str) -> Iterator[CommandLine]:
    """The command line on such a book, which the tests that only read it share."""
    for database in _database(server, template):
        command_line = CommandLine(environment(database))
        with begun(command_line):
            yield command_line


@contextmanager
def begun(daybook: CommandLine) -> Iterator[Ledger]:
    settings = Settings.from_environment(daybook.environment)
    with Workspace(settings, new_book=NewBook(BookTime.SIMULATED, "Asia/Shanghai", BEGUN)) as workspace:
        write(workspace.ledger)
        workspace.runner.catch_up()
        yield workspace.ledger


def written_on(ledger: Ledger, daybook: CommandLine) -> None:
    write_on(ledger)
    daybook.json("project")


def saved(daybook: CommandLine, folder: Path, *words: str) -> Path:
    """A report in a file, as somebody publishes it."""
    file = folder / "march.json"
    result = daybook("sla", "report", *words, "--json")
    assert result.exit_code == Exit.DONE, result.stderr
    file.write_text(result.stdout, "utf-8")
    return file


def changed(file: Path, **changes: Any) -> Path:
    told = json.loads(file.read_text("utf-8")) | changes
    other = file.with_name("changed.json")
    other.write_text(json.dumps(told, ensure_ascii=False), "utf-8")
    return other


@pytest.mark.parametrize("words", ASKED, ids=" ".join)
def test_a_published_report_is_given_again_byte_by_byte_whatever_was_written_since(
    ledger: Ledger, daybook: CommandLine, tmp_path: Path, words: tuple[str, ...]
) -> None:
    published = daybook("sla", "report", *words, "--json").stdout
    head = json.loads(published)
    as_then = ("sla", "report", *words, "--known", str(head["known_position"]), "--at", head["valid_at"])
    shown = [daybook("sla", "report", *words, form).stdout for form in ("--all", "--csv")]
    written_on(ledger, daybook)
    assert daybook(*as_then, "--json").stdout == published
    known_at = f"As known at position {head['known_position']}, looked at 2099-03-22T09:00:00+08:00."
    assert daybook(*as_then, "--all").stdout == shown[0].replace(known_at.replace("As known at", "As of"), known_at)
    assert known_at in daybook(*as_then).stdout
    assert daybook(*as_then, "--csv").stdout == shown[1]
    assert json.loads(daybook("sla", "report", *words, "--json").stdout)["totals"] != head["totals"]
    assert daybook("sla", "report", "--compare", str(saved(daybook, tmp_path, *as_then[2:]))).exit_code == Exit.DONE


def test_what_was_known_is_asked_for_by_a_position_an_instant_or_a_day(ledger: Ledger, daybook: CommandLine) -> None:
    position = ledger.head()
    written_on(ledger, daybook)
    by_position = daybook.json("sla", "report", "--known", str(position))
    assert (by_position["known_position"], by_position["valid_at"]) == (position, "2099-03-22T01:00:00Z")
    assert daybook.json("sla", "report", "--known", rfc3339(CUT)) == by_position
    an_hour_on = daybook.json("sla", "report", "--known", rfc3339(CUT + HOUR))
    assert an_hour_on == by_position | {"valid_at": "2099-03-22T02:00:00Z"}
    by_day = daybook.json("sla", "report", "--known", "2099-03-22")
    assert by_day == by_position | {"valid_at": "2099-03-22T15:59:59.999999Z"}
    later = daybook.json("sla", "report", "--known", str(position), "--at", rfc3339(AFTER))
    assert (later["known_position"], later["valid_at"]) == (position, "2099-03-23T01:00:00Z")
    first = daybook.json("sla", "report", "--known", "1")
    assert (first["known_position"], first["rows"]) == (1, [])


def test_a_report_as_known_needs_no_view(ledger: Ledger, daybook: CommandLine) -> None:
    write_on(ledger)
    head = ledger.head()
    anew = daybook("sla", "report", "--known", str(head), "--group", "top", "--json")
    assert (anew.exit_code, anew.stderr) == (Exit.DONE, "")
    daybook.json("project")
    assert daybook("sla", "report", "--group", "top", "--json").stdout == anew.stdout


@pytest.mark.parametrize(
    ("words", "end", "said"),
    [
        (("--known", "0"), Exit.USAGE, "positions count from 1"),
        (("--known", "soon"), Exit.USAGE, "'soon' is no day and no instant"),
        (("--known", "2099-03-02T09:00:00"), Exit.USAGE, "names no zone"),
        (("--known", "9999"), Exit.USAGE, "Position 9999 is not in book 'main', which has positions 1 to"),
        (("--known", "2099-01-01"), Exit.NO, "Nothing had been recorded in book 'main' by then; it begins at"),
        (("--known", "2099-12-31"), Exit.USAGE, "has not come yet; in book 'main' it is 2099-03-22T01:00:00"),
        (("--known", "20", "--at", "2099-12-31"), Exit.USAGE, "has not come yet"),
        (("--valid", "2099-12-31"), Exit.USAGE, "has not come yet"),
        (("--known", "20", "--known-by", "source"), Exit.USAGE, "A source has no positions"),
        (("--compare", "nowhere.json"), Exit.USAGE, "The report nowhere.json cannot be read: No such file"),
        (("--compare", "x.json", "--known", "3"), Exit.USAGE, "leave out all but --book and --json"),
        (("--compare", "x.json", "--csv"), Exit.USAGE, "leave out all but --book and --json"),
    ],
)
def test_what_was_not_known_or_cannot_be_asked_is_told(
    reader: CommandLine, words: tuple[str, ...], end: Exit, said: str
) -> None:
    result = reader("sla", "report", *words)
    told = " ".join(result.stderr.replace("│", " ").split())
    assert (result.exit_code, said in told) == (end, True), result.stderr


# A saved report beside the same counted anew --------------------------------------------------------------------------


def test_a_saved_report_is_compared_with_the_same_as_known_then(
    ledger: Ledger, daybook: CommandLine, tmp_path: Path
) -> None:
    file = saved(daybook, tmp_path, "--group", "branch,target")
    position = ledger.head()
    written_on(ledger, daybook)
    result = daybook("sla", "report", "--compare", str(file))
    assert result.exit_code == Exit.DONE, result.stderr
    said = f"Every figure of march.json is the same, counted anew as known at position {position}."
    assert result.stdout.splitlines()[-1] == said
    told = daybook.json("sla", "report", "--compare", str(file))
    assert (told["equal"], told["differences"], told["versions_differ"]) == (True, [], [])
    assert told["by_now"] == told["then"] == {"zone_data": [ZONE_DATA], "engine": [ENGINE]}


def with_another_figure(file: Path, **versions: Any) -> Path:
    """The report as another program might have saved it: a share less, by other versions."""
    told = json.loads(file.read_text("utf-8"))
    told["rows"][0]["kept"] += 1
    return changed(file, rows=told["rows"], versions=told["versions"] | versions)


@pytest.mark.parametrize(
    ("versions", "differ", "said"),
    [
        ({}, [], "neither the engine nor the zone data does: the file or the ledger was changed"),
        ({"engine": [0]}, ["engine"], f"engine 0 then and {ENGINE} now. That made the difference, as long as"),
        (
            {"zone_data": ["2001a"]},
            ["zone_data"],
            f"zone data 2001a then and {ZONE_DATA} now. That made the difference",
        ),
        (
            {"engine": [0, ENGINE], "zone_data": ["2001a"]},
            ["zone_data", "engine"],
            "One of the two made the difference, or both did.",
        ),
    ],
)
def test_a_figure_that_differs_is_told_with_the_version_that_does(
    reader: CommandLine, tmp_path: Path, versions: Any, differ: list[str], said: str
) -> None:
    file = with_another_figure(saved(reader, tmp_path, "--group", "branch"), **versions)
    result = reader("sla", "report", "--compare", str(file))
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert result.exit_code == Exit.NO
    assert lines[1:3] == ["duty branch figure then now", f"statutory {SOUTH} kept 1 0"]
    assert said in lines[-1]
    answer = reader("sla", "report", "--compare", str(file), "--json")
    told = json.loads(answer.stdout)
    assert (answer.exit_code, told["equal"], told["versions_differ"]) == (Exit.NO, False, differ)
    assert told["differences"] == [
        {"among": "rows", "duty": "statutory", "group": {"branch": SOUTH}, "figure": "kept", "then": 1, "now": 0}
    ]


def test_other_versions_with_the_same_figures_are_told_too(reader: CommandLine, tmp_path: Path) -> None:
    file = saved(reader, tmp_path)
    versions = json.loads(file.read_text("utf-8"))["versions"] | {"engine": [0]}
    result = reader("sla", "report", "--compare", str(changed(file, versions=versions)))
    assert result.exit_code == Exit.DONE
    assert f"though by other versions: engine 0 then and {ENGINE} now." in result.stdout


def test_a_row_that_is_there_on_one_side_alone_is_told_figure_by_figure(reader: CommandLine, tmp_path: Path) -> None:
    file = saved(reader, tmp_path, "--group", "branch")
    rows = json.loads(file.read_text("utf-8"))["rows"]
    told = json.loads(reader("sla", "report", "--compare", str(changed(file, rows=rows[1:])), "--json").stdout)
    assert {(each["then"], each["group"]["branch"]) for each in told["differences"]} == {(None, SOUTH)}
    assert {each["figure"]: each["now"] for each in told["differences"]} == {
        name: value for name, value in rows[0].items() if name not in ("duty", "group", "title")
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no report that `daybook sla report --json` has written: the file: Invalid JSON"),
        ("[1]", "the file: Input should be an object"),
        ('{"book": "main"}', "known_at: Field required"),
    ],
)
def test_a_file_that_is_no_report_is_told_with_its_place(
    reader: CommandLine, tmp_path: Path, text: str, said: str
) -> None:
    file = tmp_path / "other.json"
    file.write_text(text, "utf-8")
    result = reader("sla", "report", "--compare", str(file))
    assert (result.exit_code, said in " ".join(result.stderr.split())) == (Exit.USAGE, True), result.stderr


def test_a_report_that_asks_for_what_no_name_holds_is_no_report(reader: CommandLine, tmp_path: Path) -> None:
    file = changed(saved(reader, tmp_path), where={"unit": ["北京\0分部"]})
    result = reader("sla", "report", "--compare", str(file))
    assert (result.exit_code, "where.unit.0" in result.stderr) == (Exit.USAGE, True), result.stderr


def test_a_report_of_another_book_or_of_more_than_there_is_is_told(reader: CommandLine, tmp_path: Path) -> None:
    file = saved(reader, tmp_path)
    other = reader("sla", "report", "--compare", str(changed(file, book="south")))
    assert (other.exit_code, "is of book 'south', and this is 'main'" in other.stderr) == (Exit.USAGE, True)
    beyond = reader("sla", "report", "--compare", str(changed(file, known_position=9999)))
    assert (beyond.exit_code, "or this one has lost its end" in beyond.stderr) == (Exit.NO, True)


def test_rows_that_another_program_worked_out_are_told_and_worked_out_anew_by_known(
    ledger: Ledger, daybook: CommandLine, database: Database, tmp_path: Path
) -> None:
    by_this_one = saved(daybook, tmp_path).read_text("utf-8")
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        connection.execute("UPDATE views.sla_timer_3 SET engine = 0 WHERE state = 'met'")
    result = daybook("sla", "report", "--json")
    head = json.loads(result.stdout)
    assert head["versions"]["engine"] == [0, ENGINE]
    assert f"this one has zone data {ZONE_DATA} and engine {ENGINE}. --known {head['known_position']}" in result.stderr
    anew = daybook("sla", "report", "--known", str(head["known_position"]), "--json")
    assert (anew.stdout, anew.stderr) == (by_this_one, "")


# Interrupted ----------------------------------------------------------------------------------------------------------


def test_ctrl_c_ends_it_in_one_sentence_and_without_an_answer(
    daybook: CommandLine, ledger: Ledger, database: Database
) -> None:
    with psycopg.connect(database.owner_url) as holding:
        holding.execute("LOCK TABLE ledger.event IN ACCESS EXCLUSIVE MODE")
        with daybook.process("sla", "report", "--known", "5", "--json") as running:
            wait_until_held_up(database)
            running.send_signal(signal.SIGINT)
            told, said = running.communicate(timeout=30)
            assert (running.returncode, told, "Ended by Ctrl-C" in said) == (Exit.INTERRUPTED, "", True), said


def test_a_killed_process_leaves_nothing_that_stands_in_the_way(
    daybook: CommandLine, ledger: Ledger, database: Database
) -> None:
    before = daybook("sla", "report", "--known", "20", "--json").stdout
    with psycopg.connect(database.owner_url) as holding:
        holding.execute("LOCK TABLE ledger.event IN ACCESS EXCLUSIVE MODE")
        with daybook.process("sla", "report", "--known", "20", "--json") as running:
            wait_until_held_up(database)
            running.kill()
    assert daybook("sla", "report", "--known", "20", "--json").stdout == before
