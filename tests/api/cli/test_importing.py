import json
import shutil
from pathlib import Path

import psycopg
import pytest

from api.cli.exits import Exit
from ledger.embedded import Embedded
from tests.api.cli.conftest import CommandLine, Teller
from tests.api.imports.made_up import MAPPING, made_up
from tests.conftest import Database


@pytest.fixture
def file(shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A real history in the current folder."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(shared_data / "uci_incident_mini_400.csv.gz", tmp_path / "incidents.csv.gz")
    return "incidents.csv.gz"


def test_an_import_that_loses_the_database_says_how_to_go_on_and_nothing_of_each_try(
    daybook: CommandLine, teller: Teller, database: Database, server: Embedded, file: str
) -> None:
    daybook.environment["DAYBOOK_PATIENCE_SECONDS"] = "1"
    with psycopg.connect(server.url(), autocommit=True) as owner:
        with daybook.process("import", file, "--mapping", "servicenow", "--json") as running:
            while teller.workspace.ledger.head() < 1_000:
                assert running.poll() is None
            owner.execute(f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS false")
            owner.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database.name])
            answer, said = running.communicate(timeout=60)
        owner.execute(f"ALTER DATABASE {database.name} ALLOW_CONNECTIONS true")
    assert (running.returncode, answer) == (Exit.AWAY, "")
    (line,) = said.splitlines()
    assert line.startswith("daybook: The database does not answer")
    assert line.endswith("What is written stays; run the same command again to go on from there.")
    assert daybook.json("import", file, "--mapping", "servicenow")["repeated"] > 0


def test_an_import_beside_a_view_that_has_stopped_says_so_once(
    daybook: CommandLine, teller: Teller, database: Database, file: str
) -> None:
    teller.case("INC0000102")
    with psycopg.connect(database.owner_url) as owner:
        owner.execute("ALTER TABLE ledger.event DISABLE TRIGGER append_only")
        owner.execute("UPDATE ledger.event SET topic = 'case-received.9' WHERE position = 3")
    result = daybook("import", file, "--mapping", "servicenow")
    assert result.exit_code == Exit.LEDGER
    assert "Imported as I" in result.stdout
    assert result.stderr.count("case_file (version 1) stopped before position 3") == 1


def own_log(tmp_path: Path) -> tuple[str, str]:
    """A made-up log and its mapping, in the current folder."""
    made_up(tmp_path / "log.csv", 1)
    (tmp_path / "made-up.toml").write_text(MAPPING, "utf-8")
    return "log.csv", "./made-up.toml"


def test_explain_shows_what_rows_become_by_which_rules_and_writes_nothing(
    daybook: CommandLine, teller: Teller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "log.csv").write_text(
        "case,activity,time,who,customer,team,via\n"
        "C,Opened,2026-03-02T09:00+08:00,li,K,,phone\n"
        "C,Teleported,2026-03-02T09:01Z,li,,,\n"
        "C,Remark,2026-03-02T09:02Z,li,,,\n"
        "C,Assigned,2026-03-02T09:03Z,li,,North,\n"
        "C,Closed,2026-03-02T09:04Z,li,,,\n",
        "utf-8",
    )
    (tmp_path / "made-up.toml").write_text(MAPPING, "utf-8")
    head = teller.workspace.ledger.head()
    words = ("import", "log.csv", "--mapping", "./made-up.toml", "--explain")
    result = daybook(*words, "--json")
    assert (result.exit_code, teller.workspace.ledger.head()) == (Exit.IN_PART, head)
    rows = json.loads(result.stdout)["rows"]
    assert [(row["line"], row["becomes"], row["code"]) for row in rows] == [
        (2, "carried", None),
        (3, "rejected", "activity-without-rule"),
        (4, "ignored", None),
        (5, "carried", None),
        (6, "carried", None),
    ]
    assert [(one["command"], one["rule"]) for one in rows[0]["commands"]] == [
        ("register-customer", "customer"),
        ("record-touchpoint", "activities.Opened.0"),
        ("receive-case", "activities.Opened.0"),
        ("register-case", "activities.Opened.1"),
    ]
    (closing,) = rows[4]["commands"]
    (event,) = closing["events"]
    assert (event["topic"], event["departures"]) == ("case-closed.1", ["closed-unresolved"])
    shown = daybook(*words).stdout
    assert "line 3 rejected: activity-without-rule: the mapping has no rule for the activity 'Teleported'" in shown
    assert "dispatch-case unit=North  [activities.Assigned, 2026-03-02T09:03:00Z]" in shown
    assert "-> case-closed.1 (closed-unresolved)" in shown
    assert len(json.loads(daybook(*words, "--rows", "1", "--json").stdout)["rows"]) == 1
    daybook(*words[:-1])
    assert json.loads(daybook(*words, "--json").stdout)["rows"][0]["becomes"] == "told-before"


def test_explain_shows_the_snapshots_of_a_log_by_the_keys_of_its_mapping(
    daybook: CommandLine, teller: Teller, file: str
) -> None:
    assert teller.workspace.ledger.head() == 1
    rows = daybook.json("import", file, "--mapping", "servicenow", "--explain")["rows"]
    assert (len(rows), teller.workspace.ledger.head()) == (10, 1)
    rules = {command["rule"] for row in rows for command in row["commands"]}
    assert rules >= {"customer", "channel", "time.received", "classification", "priority", "attributes", "state"}


def test_source_times_open_a_simulated_book_that_begins_with_the_first_of_them(
    daybook: CommandLine, teller: Teller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    teller.case("C-1")  # in another book
    log, mapping = own_log(tmp_path)
    words = ("import", log, "--mapping", mapping, "--source-times", "--book", "history", "--json")
    result = daybook(*words)
    assert result.exit_code == Exit.IN_PART, result.stderr
    assert (json.loads(result.stdout)["time"], json.loads(result.stdout)["cases"]) == ("simulated", 100)
    shown = daybook.json("case", "C-0", "--book", "history")
    assert {one["recorded_at"] == one["occurred_at"] for one in shown["history"]} == {True}
    assert json.loads(daybook(*words).stdout)["repeated"] == 500
    wrong = daybook("import", log, "--mapping", mapping, "--source-times")
    assert wrong.exit_code == Exit.USAGE
    assert "a book's time never goes back" in wrong.stderr
