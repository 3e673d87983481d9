import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from ledger.account import Account, default_data, programs, reachable
from ledger.embedded import FAST, Embedded
from ledger.errors import EmbeddedError
from tests.faults.servers import another_process, answer, postmaster, write_and_commit


@pytest.fixture
def place(open_folder: Path) -> Iterator[Path]:
    """A folder that no other test uses, with a path short enough for a socket."""
    folder = Path(tempfile.mkdtemp(dir=open_folder))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)  # at once: what is still in memory then need not be written to the disk at all


def test_a_server_starts_on_an_empty_place_and_stops_when_closed(place: Path) -> None:
    with Embedded(place / "pg", settings=FAST) as server:
        assert answer(server.url(), "SHOW server_version").__str__().startswith("18.")
        assert answer(server.url(), "SHOW fsync") == "off"
        assert answer(server.url(), "SHOW timezone") == "UTC"
    assert not (place / "pg" / "postmaster.pid").exists()
    with pytest.raises(psycopg.OperationalError):
        answer(server.url())


def test_data_is_durable_unless_told_otherwise(place: Path) -> None:
    with Embedded(place / "pg") as server:
        assert [answer(server.url(), f"SHOW {name}") for name in FAST] == ["on", "on", "on"]


def test_what_was_committed_is_there_at_the_next_start(place: Path) -> None:
    with Embedded(place / "pg", settings=FAST) as server:
        write_and_commit(server.url())
    with Embedded(place / "pg", settings=FAST) as server:
        assert answer(server.url(), "SELECT answer FROM kept") == 42


def test_nothing_listens_on_the_network(place: Path) -> None:
    with Embedded(place / "pg", settings=FAST) as server:
        assert answer(server.url(), "SHOW listen_addresses") == ""


def test_the_callers_postgres_variables_change_nothing(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PGHOST": "nowhere.invalid", "PGPORT": "1", "PGDATA": "/nowhere", "PGOPTIONS": "-c x"}.items():
        monkeypatch.setenv(name, value)
    with Embedded(place / "pg", settings=FAST) as server:
        monkeypatch.delenv("PGOPTIONS")  # libpq hands these to any server it connects to, ours or not
        assert answer(server.url()) == 1


def test_no_postgres_is_needed_on_the_path(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with Embedded(place / "pg", settings=FAST) as server:
        assert answer(server.url()) == 1


def test_two_users_share_one_server_and_the_last_one_out_stops_it(place: Path) -> None:
    first, second = (Embedded(place / "pg", settings=FAST) for _ in range(2))
    assert first.url() == second.url()
    first.close()
    assert answer(second.url()) == 1
    first.close()
    assert answer(second.url()) == 1
    second.close()
    assert not (place / "pg" / "postmaster.pid").exists()


def test_a_second_process_keeps_the_server_that_the_first_started(place: Path) -> None:
    with another_process(place / "pg") as process:
        with Embedded(place / "pg", settings=FAST) as server:
            assert answer(server.url()) == 1
        assert answer(server.url()) == 1
        process.communicate("")
    assert not (place / "pg" / "postmaster.pid").exists()


def test_a_killed_server_recovers_what_was_committed(place: Path) -> None:
    abandoned = Embedded(place / "pg")
    write_and_commit(abandoned.url())
    killed = postmaster(place / "pg")
    os.kill(killed, signal.SIGKILL)
    with Embedded(place / "pg") as server:
        assert postmaster(place / "pg") != killed
        assert answer(server.url(), "SELECT answer FROM kept") == 42
        abandoned.close()
        assert answer(server.url()) == 1


def test_a_start_that_was_cut_short_is_begun_again(place: Path) -> None:
    (place / "pg.new-cut").mkdir()
    (place / "pg.new-cut" / "PG_VERSION").write_text("18\n")
    with Embedded(place / "pg", settings=FAST) as server:
        assert answer(server.url()) == 1


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("data of ours", id="blanks"),
        pytest.param('it\'s "5 $HOME", `x`', id="quotes"),
        pytest.param("客户服务处", id="chinese"),
        pytest.param("long-" * 24, id="long"),
    ],
)
def test_the_place_may_have_any_name(place: Path, name: str) -> None:
    with Embedded(place / name / "pg", settings=FAST) as server:
        assert answer(server.url()) == 1
        assert Path(str(answer(server.url(), "SHOW data_directory"))) == place / name / "pg"


def test_a_place_with_other_things_in_it_is_refused(place: Path) -> None:
    folder = place / "pg"
    folder.mkdir()
    os.chown(folder, Account.of_this_process().uid, -1)
    (folder / "letter.txt").write_text("Dear Sir")
    with pytest.raises(EmbeddedError, match="neither empty nor a PostgreSQL data directory"):
        Embedded(folder)
    assert [path.name for path in folder.iterdir()] == ["letter.txt"]


def test_a_setting_that_postgres_does_not_know_is_named_in_the_error(place: Path) -> None:
    with pytest.raises(EmbeddedError, match='unrecognized configuration parameter "speed"'):
        Embedded(place / "pg", settings={"speed": "high"})
    with Embedded(place / "pg", settings=FAST) as server:
        assert answer(server.url()) == 1


def test_a_place_that_is_a_file_is_an_error_with_its_name(place: Path) -> None:
    (place / "file").write_text("")
    with pytest.raises(EmbeddedError, match=r"file is no folder, and pg was to lie in it. Name another place"):
        Embedded(place / "file" / "pg")


def test_a_projects_data_lies_inside_it(place: Path) -> None:
    assert default_data(place) == place / ".data" / "pg"


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root steps down to another user")


@as_root
def test_root_steps_down_to_another_user(place: Path) -> None:
    with Embedded(place / "pg", settings=FAST) as server:
        assert answer(server.url()) == 1
        assert Path(f"/proc/{postmaster(place / 'pg')}").stat().st_uid == Account.of_this_process().uid != 0


@as_root
def test_roots_data_of_a_project_in_a_private_folder_lies_where_its_stand_in_may_enter(place: Path) -> None:
    place.chmod(0o700)
    data = default_data(place)
    assert not data.is_relative_to(place)
    assert data == default_data(place)
    with Embedded(data, settings=FAST) as server:
        assert answer(server.url()) == 1
    shutil.rmtree(data.parent)
    with pytest.raises(EmbeddedError, match="may not enter"):
        Embedded(place / ".data" / "pg")


@as_root
def test_programs_in_a_private_folder_are_run_from_a_copy(place: Path) -> None:
    account = Account.of_this_process()
    private, copies = place / "private", place / "copies"
    package = programs().parent.parent
    for part in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(part, private / part.name, symlinks=True)
    copies.mkdir()
    folder = private / programs().relative_to(package.parent)
    assert reachable(folder, account, copies=copies) == folder
    private.chmod(0o700)
    copied = reachable(folder, account, copies=copies)
    assert copied.is_relative_to(copies)
    assert account.run([copied / "initdb", "--version"]).stdout.startswith("initdb (PostgreSQL) 18.")
    assert reachable(folder, account, copies=copies) == copied


@as_root
def test_a_folder_that_somebody_else_planted_in_a_public_place_is_refused(place: Path) -> None:
    place.chmod(0o1777)
    planted = place / "planted"
    planted.mkdir()
    os.chown(planted, 12345, 12345)
    with pytest.raises(EmbeddedError, match="was put there by somebody else"):
        Embedded(planted / "pg")
