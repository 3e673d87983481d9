import gzip
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from api.cli import exits
from api.cli.commands import app
from api.cli.exits import Exit
from tests.api.cli.conftest import CommandLine, Teller, environment
from tests.api.cli.test_serving import announced
from tests.conftest import PROJECT, Database

COMMANDS = (
    "demo", "serve", "migrate", "import", "project", "status", "case", "audit", "customer", "units", "timeline",
    "movements", "register", "compare",
)  # fmt: skip


def example(command: str) -> list[str]:
    """The words of the example at the foot of a command's help."""
    shown = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"}).stdout
    (line,) = (line.strip() for line in shown.splitlines() if line.strip().startswith("Example: "))
    return shlex.split(line.removeprefix("Example: daybook "))


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_a_command_has_an_example_of_it(command: str) -> None:
    assert example(command)[0] == command


@pytest.mark.parametrize("command", ["migrate", "project", "status"])
def test_the_example_of_a_command_runs(daybook: CommandLine, teller: Teller, command: str) -> None:
    teller.case("INC0000102")
    words = example(command)
    if command == "migrate":  # the book of the example is there, and of another kind
        words = [word.replace("main", "branch") for word in words]
    result = daybook(*words)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout


def test_the_example_of_serve_runs(daybook: CommandLine, teller: Teller) -> None:
    teller.case("INC0000102")
    words = [word.replace("8080", "0") for word in example("serve")]  # whichever port is free here
    with daybook.process(*words, "--json") as running:
        assert announced(running)["position"] == 4


def test_the_examples_of_case_and_audit_run(daybook: CommandLine, teller: Teller) -> None:
    for number in range(123):
        teller.case(f"INC{number}", identity=f"case {number}")
    assert "INC122" in daybook(*example("case")).stdout
    daybook.json("project")
    assert "C2026-000123" in daybook(*example("audit")).stdout


def test_the_example_of_import_runs_and_without_dry_run_its_cases_are_there(
    daybook: CommandLine, teller: Teller, shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(shared_data / "uci_incident_mini_400.csv.gz", tmp_path / "incidents.csv.gz")
    words = example("import")
    head = teller.workspace.ledger.head()
    tried = daybook.json(*words)
    assert (tried["dry_run"], teller.workspace.ledger.head()) == (True, head)
    words.remove("--dry-run")
    done = daybook.json(*words)
    assert {name: done[name] for name in ("rows", "cases", "events")} == {
        name: tried[name] for name in ("rows", "cases", "events")
    }
    rows = gzip.decompress((tmp_path / "incidents.csv.gz").read_bytes()).decode("latin-1").splitlines()
    key = rows[1].split(",")[0]
    assert daybook.json("case", key)["case"]["source_key"] == key


def test_the_version_is_told() -> None:
    assert CliRunner().invoke(app, ["--version"]).stdout.startswith("daybook 0.")


def test_a_book_that_is_not_there_is_told_with_those_that_are(daybook: CommandLine, teller: Teller) -> None:
    assert teller.workspace.ledger.head() == 1
    result = daybook("project", "--book", "mian")
    assert result.exit_code == Exit.NO
    assert result.stderr == (
        "daybook: There is no book 'mian' in this ledger. There are: main. `daybook migrate --open mian` opens it.\n"
    )


@pytest.mark.parametrize(
    ("words", "more", "told"),
    [
        (("status",), {"DAYBOOK_ZONE": "Mars/Olympus"}, "DAYBOOK_ZONE cannot be used"),
        (("status",), {"DAYBOOK_BOOK": "Main Book"}, "DAYBOOK_BOOK cannot be used"),
        (("project",), {"DAYBOOK_PROJECTOR_URL": ""}, "DAYBOOK_PROJECTOR_URL is not set"),
        (("migrate",), {"DAYBOOK_OWNER_URL": ""}, "DAYBOOK_OWNER_URL is not set"),
        (("project",), {"DAYBOOK_MASTER_KEY": ""}, "There is no master key"),
        (("project",), {"DAYBOOK_MASTER_KEY": "", "DAYBOOK_MASTER_KEY_FILE": "/nowhere/key"}, "cannot be read"),
        (("project",), {"DAYBOOK_MASTER_KEY": "", "DAYBOOK_MASTER_KEY_FILE": "/"}, "cannot be read"),
        (("serve", "--host", "0.0.0.0"), {}, "0.0.0.0 is not a loopback address"),
        (("serve", "--host", "example.com"), {}, "there is no sign-in"),
        (("import", "nowhere.csv", "--mapping", "nothing"), {}, "There is no mapping 'nothing'"),
        (("case",), {}, "Missing argument"),
        (("units", "--known", "2026-13-01"), {}, "is no day and no instant"),
        (("units", "--known", "2026-03-02T09:00:00"), {}, "names no zone"),
        (("customer", "K-1", "--as-of", "1815-06-18"), {}, "from 1900 to 2199"),
    ],
)
def test_what_is_asked_wrongly_is_told_in_a_sentence(
    daybook: CommandLine, teller: Teller, words: tuple[str, ...], more: dict[str, str], told: str
) -> None:
    assert teller.workspace.ledger.head() == 1
    result = daybook(*words, **more)
    assert (result.exit_code, result.stdout) == (Exit.USAGE, "")
    assert told in " ".join(result.stderr.replace("│", " ").split())  # folded to the width of its frame
    assert "Traceback" not in result.stderr


def test_a_database_that_is_away_is_tried_for_a_while_and_then_told_without_its_password(daybook: CommandLine) -> None:
    away = "postgresql://daybook_writer:s3cret@127.0.0.1:1/ledger"
    result = daybook("status", DATABASE_URL=away, DAYBOOK_PATIENCE_SECONDS="1")
    assert (result.exit_code, result.stdout) == (Exit.AWAY, "")
    assert "The database at 127.0.0.1:1/ledger does not answer yet; trying for 1 seconds." in result.stderr
    assert "does not answer: connection failed" in result.stderr
    assert "s3cret" not in result.stderr


def test_a_database_without_a_ledger_is_told_what_to_do(empty_database: Database) -> None:
    daybook = CommandLine(environment(empty_database, DATABASE_URL=empty_database.owner_url))
    result = daybook("status")
    assert (result.exit_code, result.stdout) == (Exit.LEDGER, "")
    assert "Run `daybook migrate` as its owner." in result.stderr


def test_migrate_makes_the_schema_once_and_opens_a_book(empty_database: Database) -> None:
    daybook = CommandLine(environment(empty_database))
    assert len(daybook.json("migrate")["applied"]) >= 5
    opened = daybook.json("migrate", "--open", "main", "--zone", "Asia/Shanghai", "--time", "simulated")
    assert opened == {"applied": [], "opened": {"book": "main", "time": "simulated", "zone": "Asia/Shanghai"}}
    assert daybook.json("migrate", "--open", "main", "--zone", "Asia/Shanghai", "--time", "simulated") == opened
    other = daybook("migrate", "--open", "main")
    assert other.exit_code == Exit.NO
    assert "Book 'main' is there already" in other.stderr


@pytest.mark.parametrize(
    "words", [("--open", "Main Book"), ("--open", "\udcff"), ("--open", "east", "--zone", "Factory")]
)
def test_a_book_that_cannot_be_is_told_before_anything_is_made(
    empty_database: Database, words: tuple[str, ...]
) -> None:
    result = CommandLine(environment(empty_database))("migrate", *words)
    assert (result.exit_code, result.stdout) == (Exit.USAGE, "")
    with psycopg.connect(empty_database.owner_url) as owner:
        assert owner.execute("SELECT to_regclass('ledger.migration')").fetchone() == (None,)


def test_status_shows_books_views_and_how_far_they_are_behind(daybook: CommandLine, teller: Teller) -> None:
    teller.case("INC0000102")
    daybook.json("project")
    teller.case("INC0000103")
    head = teller.workspace.ledger.head()
    (book,) = daybook.json("status")["books"]
    assert (book["book"], book["time"], book["zone"], book["position"]) == ("main", "simulated", "Asia/Shanghai", head)
    assert [(view["projection"], view["behind"], view["stopped"]) for view in book["views"]] == [
        ("case_file", head - 4, None),
        ("customer_profile", head - 4, None),
        ("customer_lookup", head - 4, None),
        ("obligation", head - 4, None),
        ("staff", head - 4, None),
        ("unit", head - 4, None),
        ("audit_trail", head - 4, None),
        ("timeline", head - 4, None),
        ("movement", head - 4, None),
        ("register", head - 4, None),
        ("sla_timer", head - 4, None),
    ]


def test_a_command_whose_output_the_shell_has_closed_ends_as_it_would_otherwise(
    daybook: CommandLine, teller: Teller
) -> None:
    teller.case("INC0000102")
    program = str(Path(sys.executable).parent / "daybook")
    for closed in ("1>&-", "2>&-", "1>&- 2>&-"):
        told = subprocess.run(
            ["sh", "-c", f'exec "$0" status {closed}', program],
            env={**os.environ, **daybook.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (told.returncode, told.stderr, "main" in told.stdout) == (0, "", "1>" not in closed)


def test_status_says_when_a_view_has_stopped_and_before_which_event(
    daybook: CommandLine, teller: Teller, database: Database
) -> None:
    teller.case("INC0000102")
    with psycopg.connect(database.owner_url) as owner:
        owner.execute("ALTER TABLE ledger.event DISABLE TRIGGER append_only")
        owner.execute("UPDATE ledger.event SET topic = 'case-received.9' WHERE position = 3")
    projected = daybook("project")
    status = daybook("status")
    assert (projected.exit_code, status.exit_code) == (Exit.LEDGER, Exit.LEDGER)
    assert "STOPPED before position 3" in status.stdout
    for result in (projected, status):
        assert "case_file (version 1) stopped before position 3 (case-received.9)" in result.stderr


def test_the_page_on_the_command_line_names_every_command_and_code() -> None:
    page = (PROJECT / "docs" / "command-line.md").read_text("utf-8")
    for command in COMMANDS:
        assert f"| `daybook {command}" in page
    for code, meaning in exits.MEANINGS.items():
        assert f"| {int(code)} | {meaning} |" in page
    assert set(exits.MEANINGS) == set(Exit)
