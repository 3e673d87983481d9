import json
import re
import signal
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest

from api.cli import projecting
from api.cli.exits import Exit
from api.settings import Settings
from api.workspace import NewBook, Workspace
from domain.book import BookTime
from tests.api.cli.conftest import OPENED, CommandLine, Teller
from tests.api.cli.test_serving import announced
from tests.conftest import Database
from tests.projections.books import fill


@pytest.fixture
def owner(database: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.owner_url, autocommit=True) as owner:
        yield owner


def made_by_another(owner: psycopg.Connection, version: int) -> None:
    """Has the case file's table as a program left it that made another version."""
    owner.execute(f"ALTER TABLE views.case_file_1 RENAME TO case_file_{version}")
    owner.execute(f"ALTER TABLE views.case_file_1_touch RENAME TO case_file_{version}_touch")
    owner.execute("ALTER INDEX views.case_file_1_pkey RENAME TO another_pkey")
    for (index,) in owner.execute(
        "SELECT indexname FROM pg_indexes WHERE indexname LIKE 'case\\_file\\_1\\_%'"
    ).fetchall():
        owner.execute(f"ALTER INDEX views.{index} RENAME TO {index.replace('_1_', f'_{version}_')}")
    owner.execute(f"UPDATE views.cursor SET version = {version} WHERE projection = 'case_file'")
    owner.execute(f"UPDATE views.live SET version = {version} WHERE projection = 'case_file'")


def daybook_status(daybook: CommandLine) -> Any:
    """The books as `daybook status` tells them, though a view has stopped."""
    return json.loads(daybook("status", "--json").stdout)["books"]


@pytest.mark.parametrize("worth_a_process", [1, 100_000])
def test_project_brings_up_the_views_of_all_books(
    daybook: CommandLine, teller: Teller, monkeypatch: pytest.MonkeyPatch, worth_a_process: int
) -> None:
    monkeypatch.setattr(projecting, "WORTH_A_PROCESS", worth_a_process)
    teller.case("INC0000102")
    settings = Settings.from_environment(daybook.environment)
    heads = {"main": teller.workspace.ledger.head()}
    for seed, name in enumerate(("north", "south")):
        book = NewBook(BookTime.SIMULATED, "Asia/Shanghai", OPENED)
        with Workspace(settings, book=name, new_book=book) as workspace:
            heads[name] = fill(workspace.ledger, cases=5, seed=seed)
    assert [book["book"] for book in daybook.json("project", "--book", "north")["books"]] == ["north"]
    answer = daybook.json("project")
    assert {book["book"]: (book["position"], book["head"]) for book in answer["books"]} == {
        name: (head, head) for name, head in heads.items()
    }
    assert {view["behind"] for book in daybook.json("status")["books"] for view in book["views"]} == {0}
    assert sum(view["rows"] for view in daybook.json("project", "--rebuild", "case_file")["rebuilt"][0]["books"]) == 11


def test_what_fails_in_the_process_of_one_book_is_told(
    daybook: CommandLine, teller: Teller, owner: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projecting, "WORTH_A_PROCESS", 1)
    settings = Settings.from_environment(daybook.environment)
    with Workspace(settings, book="north", new_book=NewBook(BookTime.SIMULATED, "UTC", OPENED)) as workspace:
        fill(workspace.ledger, cases=5)
    teller.case("INC0000102")
    owner.execute("ALTER TABLE ledger.event DISABLE TRIGGER append_only")
    owner.execute("DELETE FROM ledger.event WHERE book = 'north' AND position = 4")
    result = daybook("project")
    assert (result.exit_code, result.stdout) == (Exit.LEDGER, "")
    assert "The views of north could not be brought up. LedgerError: Position 4 of book 'north'" in result.stderr


def test_a_rebuild_tells_which_rows_were_not_what_the_events_make_of_them(
    daybook: CommandLine, teller: Teller, owner: psycopg.Connection
) -> None:
    case_id = teller.case("INC0000102")
    daybook.json("project")
    owner.execute("UPDATE views.case_file_1 SET unit = 'nobody'")
    result = daybook("project", "--rebuild", "case_file")
    assert result.exit_code == Exit.LEDGER
    assert "case_file (version 1) was built anew: 1 rows, 1 of them other." in result.stdout
    assert f"main at 4: {case_id} differs in unit" in result.stdout
    assert "1 rows of case_file were not what the events make of them. They are now" in " ".join(result.stderr.split())
    again = daybook.json("project", "--rebuild")["rebuilt"]
    assert [(built["view"], built["books"][0]["differing"]) for built in again][:2] == [
        ("case_file", 0),
        ("customer_profile", 0),
    ]


def test_a_view_is_named_as_it_is_called_and_with_the_option_that_needs_it(daybook: CommandLine) -> None:
    unknown, idle = daybook("project", "--rebuild", "case_files"), daybook("project", "case_file")
    assert (unknown.exit_code, idle.exit_code) == (Exit.USAGE, Exit.USAGE)
    assert "There is no view 'case_files'; there are case_file, customer_profile" in unknown.stderr
    assert "say --rebuild as well" in idle.stderr


def test_a_view_of_an_older_version_is_built_anew_without_being_asked_for(
    daybook: CommandLine, teller: Teller, owner: psycopg.Connection
) -> None:
    teller.case("INC0000102")
    daybook.json("project")
    made_by_another(owner, 0)
    status = daybook("status")
    assert status.exit_code == Exit.LEDGER
    assert "TO BE BUILT ANEW" in status.stdout
    assert "The view case_file is of version 0, and this program makes version 1. `daybook project`" in status.stderr
    (built,) = daybook.json("project")["rebuilt"]
    assert (built["view"], built["version"], built["before"], built["books"][0]["differing"]) == ("case_file", 1, 0, 0)
    assert daybook("status").exit_code == Exit.DONE


def test_serve_builds_an_older_view_anew_before_it_serves(
    daybook: CommandLine, teller: Teller, owner: psycopg.Connection
) -> None:
    teller.case("INC0000102")
    daybook.json("project")
    made_by_another(owner, 0)
    with daybook.process("serve", "--port", "0", "--json") as running:
        answer = announced(running)
        asked = httpx.post(answer["url"], json={"query": '{ case(number: "C2026-000001") { sourceKey } }'})
        assert asked.json() == {"data": {"case": {"sourceKey": "INC0000102"}}}
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=30)
    assert "The table of case_file is of an older version; case_file (version 1) is being built beside it." in said


def test_a_view_of_a_newer_program_is_left_alone_and_the_others_go_on(
    daybook: CommandLine, teller: Teller, owner: psycopg.Connection
) -> None:
    assert teller.workspace.ledger.head() == 1
    daybook.json("project")
    made_by_another(owner, 2)
    teller.case("INC0000102")
    for result in (daybook("project"), daybook("status"), daybook("project", "--rebuild", "case_file")):
        assert result.exit_code == Exit.LEDGER
        assert "The view case_file is of version 2, and this program knows version 1. Nothing was touched" in (
            result.stderr
        )
    (book,) = daybook_status(daybook)
    assert [(view["projection"], view["version"], view["behind"]) for view in book["views"]][:2] == [
        ("case_file", 2, 3),
        ("customer_profile", 2, 0),
    ]
    assert owner.execute("SELECT count(*) FROM views.case_file").fetchone() == (0,)


@pytest.mark.parametrize("version", [0, 9])
@pytest.mark.parametrize(
    ("view", "words"),
    [("audit_trail", ("audit",)), ("unit", ("units",)), ("customer_profile", ("customer", "K-1")),
     ("case_file", ("case", "INC0000102")), ("movement", ("movements",))],
)  # fmt: skip
def test_a_question_to_a_table_of_another_version_is_answered_with_what_to_do(
    daybook: CommandLine, teller: Teller, owner: psycopg.Connection, view: str, words: tuple[str, ...], version: int
) -> None:
    teller.case("INC0000102")
    daybook.json("project")
    for table in ("cursor", "live"):
        owner.execute(f"UPDATE views.{table} SET version = {version} WHERE projection = '{view}'")
    result = daybook(*words)
    assert (result.exit_code, result.stdout) == (Exit.LEDGER, "")
    assert f"The view {view} is of version {version}" in result.stderr


def test_status_says_since_when_a_view_stands_and_what_to_do(
    daybook: CommandLine, teller: Teller, owner: psycopg.Connection
) -> None:
    teller.case("INC0000102")
    owner.execute("ALTER TABLE ledger.event DISABLE TRIGGER append_only")
    owner.execute("UPDATE ledger.event SET topic = 'case-received.9' WHERE position = 3")
    daybook("project")
    first = daybook_status(daybook)[0]["views"][0]
    daybook("project")
    again = daybook_status(daybook)[0]["views"][0]
    assert again["stopped"]["since"] == first["stopped"]["since"]
    assert again["updated_at"] > first["updated_at"]
    said = " ".join(daybook("status").stderr.split())
    assert re.search(r"It has stood there since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\. It is tried again", said)
    assert "`daybook project --rebuild case_file` makes them anew" in said


def test_status_says_how_long_what_is_missing_has_been_there(daybook: CommandLine, teller: Teller) -> None:
    assert teller.workspace.ledger.head() == 1
    daybook.json("project")
    teller.case("INC0000102")
    teller.case("INC0000103")
    assert {(view["behind"], view["behind_seconds"]) for view in daybook_status(daybook)[0]["views"][:2]} == {(5, 60.0)}
