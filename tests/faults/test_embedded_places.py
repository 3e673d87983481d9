"""Places and users that keep the embedded server from its data: it copes, or says what was found and what to do."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from api.cli.exits import Exit
from ledger.account import Account, programs
from ledger.embedded import FAST, Embedded
from ledger.errors import EmbeddedError
from tests.api.cli.conftest import environment
from tests.conftest import PROJECT, Database
from tests.faults.servers import another_process, answer, eventually, gone, postmaster, python, write_and_commit

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")

# Everything is imported before the process becomes nobody, who may not be able to enter the folder of Python.
AS_NOBODY = """
import os
import sys
from pathlib import Path

from ledger.embedded import FAST, Embedded
from ledger.errors import EmbeddedError

os.setgroups([])
os.setgid(int(sys.argv[3]))
os.setuid(int(sys.argv[2]))
try:
    with Embedded(Path(sys.argv[1]), settings=FAST):
        pid = (Path(sys.argv[1]) / "postmaster.pid").read_text().split()[0]
        print("serving as", Path("/proc", pid).stat().st_uid)
except EmbeddedError as error:
    print(error)
"""


def nobody() -> pwd.struct_passwd:
    """An ordinary user, who has to be able to run the programs."""
    found = pwd.getpwnam("nobody")
    if not Account("nobody", found.pw_uid, found.pw_gid, stepped_down=True).may_enter(programs() / "postgres"):
        pytest.skip("nobody may not enter the folder of PostgreSQL's programs, and only root is given a copy")
    return found


def said_to_nobody(data: Path) -> str:
    user = nobody()
    with python(AS_NOBODY, data, str(user.pw_uid), str(user.pw_gid)) as process:
        said, _ = process.communicate()
    assert process.returncode == 0
    return said.strip()


def everything_in(folder: Path) -> list[tuple[Path, int, bytes]]:
    return sorted(
        (path, path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else b"") for path in folder.rglob("*")
    )


# Users ----------------------------------------------------------------------------------------------------------------


@as_root
def test_an_ordinary_user_runs_the_server_as_itself(place: Path) -> None:
    os.chown(place, nobody().pw_uid, -1)
    assert said_to_nobody(place / "pg") == f"serving as {nobody().pw_uid}"


@as_root
def test_an_ordinary_user_is_told_where_it_may_not_write_and_what_to_do(place: Path) -> None:
    told = said_to_nobody(place / "pg")
    assert "Permission denied" in told
    assert str(place / "pg") in told
    assert "Name another place (DAYBOOK_DATA), or set DATABASE_URL." in told
    assert list(place.iterdir()) == []


@as_root
def test_data_of_another_user_are_left_alone_and_their_owner_is_named(place: Path) -> None:
    Embedded(place / "pg", settings=FAST).close()
    owner, user = nobody(), Account.of_this_process()
    os.chown(place, owner.pw_uid, -1)
    if user.uid == owner.pw_uid:
        shutil.copytree(place / "pg", place / "other")  # root's
        assert f"{place / 'other'} does not belong to user {owner.pw_uid} but to user 0" in said_to_nobody(
            place / "other"
        )
    else:
        before = everything_in(place / "pg")
        told = said_to_nobody(place / "pg")
        assert f"{place / 'pg'} does not belong to user {owner.pw_uid} but to user {user.uid}. Run as its owner" in told
        assert everything_in(place / "pg") == before


@as_root
def test_data_that_their_owner_may_not_write_are_named(place: Path) -> None:
    owner = nobody()
    (place / "pg").mkdir()
    os.chown(place / "pg", owner.pw_uid, -1)
    os.chown(place, owner.pw_uid, -1)
    assert said_to_nobody(place / "pg").startswith("serving as")
    (place / "pg").chmod(0o500)
    told = said_to_nobody(place / "pg")
    assert "Permission denied" in told
    assert str(place / "pg") in told


def lacking(*capabilities: str) -> Sequence[str]:
    """How a root without some of its powers runs a program, as in a container."""
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv, which lays powers down, is not installed")
    taken = ",".join(f"-{name}" for name in capabilities)
    return ["setpriv", f"--bounding-set={taken}", f"--inh-caps={taken}"]


def status(folder: Path, *, before: Sequence[str], **more: str) -> "subprocess.CompletedProcess[str]":
    """`daybook status` in a folder."""
    command = [*before, str(Path(sys.executable).parent / "daybook"), "status"]
    given = {**os.environ, "PYTHONPATH": str(PROJECT), "DATABASE_URL": "", **more}
    return subprocess.run(command, cwd=folder, env=given, capture_output=True, text=True, timeout=60, check=False)


@as_root
@pytest.mark.parametrize("capabilities", [["setuid"], ["setgid"], ["all"]], ids="-".join)
def test_a_root_that_may_not_step_down_is_told_what_to_do(place: Path, capabilities: Sequence[str]) -> None:
    done = status(place, before=lacking(*capabilities))
    assert done.returncode == Exit.AWAY
    assert "PostgreSQL refuses to run as root, and this root may not become" in done.stderr
    assert "Run Daybook as an ordinary user, grant both, or set DATABASE_URL." in done.stderr
    assert "Traceback" not in done.stderr
    assert list(place.iterdir()) == []


@as_root
def test_a_root_that_may_not_step_down_works_on_a_database_elsewhere(place: Path, database: Database) -> None:
    done = status(place, before=lacking("setuid", "setgid"), **environment(database))
    assert (done.returncode, "There is no book yet" in done.stdout) == (Exit.DONE, True)


@as_root
def test_a_project_in_a_folder_that_is_roots_alone_works_and_its_data_may_not_be_forced_inside(place: Path) -> None:
    (place / "private").mkdir(mode=0o700)
    project = place / "private" / "project"
    project.mkdir()
    done = status(project, before=[])
    assert (done.returncode, done.stderr) == (Exit.DONE, "")
    elsewhere = Path(next(word for word in done.stdout.split() if word.startswith("/var/tmp/daybook-")).rstrip(","))
    assert sorted(path.name for path in elsewhere.iterdir()) == ["pg", "pg.lock", "pg.users"]
    shutil.rmtree(elsewhere)
    forced = status(project, before=[], DAYBOOK_DATA=str(project / ".data"))
    assert forced.returncode == Exit.AWAY
    assert f"may not enter {place / 'private'}. Name a place that it may enter (DAYBOOK_DATA)" in forced.stderr


# Places ---------------------------------------------------------------------------------------------------------------


def test_data_of_another_major_version_are_refused_and_not_touched(place: Path) -> None:
    Embedded(place / "pg", settings=FAST).close()
    for major in ("9.6", "17", "19", "unreadable"):
        (place / "pg" / "PG_VERSION").write_text(f"{major}\n")
        before = everything_in(place / "pg")
        with pytest.raises(EmbeddedError) as told:
            Embedded(place / "pg", settings=FAST)
        assert f"{place / 'pg'} holds data of PostgreSQL {major}, and this program brings 18." in str(told.value)
        assert "Dump it with the program that wrote it, or set DATABASE_URL" in str(told.value)
        assert everything_in(place / "pg") == before


def test_a_file_in_the_place_of_the_data_is_named(place: Path) -> None:
    (place / "pg").write_text("Dear Sir")
    with pytest.raises(EmbeddedError, match=r"pg is a file, and was to be the folder of the data. Move it away"):
        Embedded(place / "pg")
    assert [path.name for path in place.iterdir()] == ["pg"]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("long-" * 24, id="long"),
        pytest.param("投诉" * 30, id="long and chinese"),
        pytest.param(os.fsdecode(b"caf\xe9"), id="no utf-8"),
        pytest.param("a,b [c] 'd' \\e", id="comma, brackets, quotes and backslash"),
    ],
)
def test_another_process_finds_the_server_whatever_its_place_is_called(place: Path, name: str) -> None:
    data = place / name / "pg"
    with another_process(data) as process, Embedded(data, settings=FAST) as server:
        write_and_commit(server.url())
        killed = postmaster(data)
        os.kill(killed, signal.SIGKILL)
        assert eventually(gone, killed)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("again\n")
        process.stdin.flush()
        assert int(process.stdout.readline()) == postmaster(data)
        assert answer(server.url(), "SELECT answer FROM kept") == 42
        process.communicate("")
    assert not (data / "postmaster.pid").exists()
    assert not Path(server.url().partition("host=")[2].partition("&")[0].replace("%2F", "/"), ".s.PGSQL.5432").exists()


def test_a_place_with_a_line_break_in_its_name_is_refused(place: Path) -> None:
    with pytest.raises(EmbeddedError, match=r"has a line break in it. Name another place"):
        Embedded(place / "two\nlines" / "pg")


# Data that go away under the server -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["short", "long-" * 24])
def test_data_removed_under_a_server_are_begun_anew_and_whoever_held_the_old_is_told(place: Path, name: str) -> None:
    data = place / name / "pg"
    holding = Embedded(data, settings=FAST)
    old = postmaster(data)
    shutil.rmtree(data.parent)
    with pytest.raises(EmbeddedError, match=r"were removed while this process worked on them. End it and start it"):
        holding.ensure()
    with Embedded(data, settings=FAST) as anew:
        assert answer(anew.url()) == 1
        assert eventually(gone, old)
        with pytest.raises(EmbeddedError, match=r"were replaced by others while this process worked on them"):
            holding.ensure()
        holding.close()
        assert answer(anew.url()) == 1
    assert not (data / "postmaster.pid").exists()


def test_a_server_whose_data_were_removed_ends_with_its_last_user(place: Path) -> None:
    holding = Embedded(place / "pg", settings=FAST)
    old = postmaster(place / "pg")
    shutil.rmtree(place / "pg")
    holding.close()
    assert eventually(gone, old)


def test_a_server_whose_socket_was_removed_is_started_again(place: Path) -> None:
    with Embedded(place / "pg", settings=FAST) as server:
        write_and_commit(server.url())
        (place / "pg" / ".s.PGSQL.5432").unlink()
        server.ensure()
        assert answer(server.url(), "SELECT answer FROM kept") == 42


def test_data_that_were_moved_under_a_server_are_served_where_they_are(place: Path) -> None:
    holding = Embedded(place / "pg", settings=FAST)
    write_and_commit(holding.url())
    (place / "pg").rename(place / "moved")
    with Embedded(place / "moved", settings=FAST) as moved, Embedded(place / "pg", settings=FAST) as fresh:
        assert answer(moved.url(), "SELECT answer FROM kept") == 42
        assert answer(fresh.url(), "SELECT to_regclass('kept')") is None
        with pytest.raises(EmbeddedError, match="were replaced by others"):
            holding.ensure()
        holding.close()
        assert (answer(moved.url()), answer(fresh.url())) == (1, 1)


def test_a_server_keeps_the_settings_it_was_started_with_until_nobody_uses_it(place: Path) -> None:
    with Embedded(place / "pg", settings=FAST) as first:
        with Embedded(place / "pg", settings={"work_mem": "9MB"}) as second:
            assert (answer(second.url(), "SHOW work_mem"), answer(second.url(), "SHOW fsync")) == ("4MB", "off")
        assert answer(first.url()) == 1
    with Embedded(place / "pg", settings={"work_mem": "9MB"}) as third:
        assert (answer(third.url(), "SHOW work_mem"), answer(third.url(), "SHOW fsync")) == ("9MB", "on")
