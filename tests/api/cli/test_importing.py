import shutil
from pathlib import Path

import psycopg
import pytest

from api.cli.exits import Exit
from ledger.embedded import Embedded
from tests.api.cli.conftest import CommandLine, Teller
from tests.conftest import Database


@pytest.fixture
def file(shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A real history in the current folder."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(shared_data / "uci_incident_2500.csv.gz", tmp_path / "incidents.csv.gz")
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
