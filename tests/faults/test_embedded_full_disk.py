"""The disk under the embedded server is full: it is said so, nothing acknowledged is lost, and room is all it needs."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from api.cli.exits import Exit
from domain.envelope import Submission
from ledger.account import Account, programs, reachable
from ledger.database import Database
from ledger.embedded import Embedded
from ledger.errors import DiskFull
from ledger.ledger import Ledger
from ledger.migrate import migrate
from tests import conftest
from tests.api.cli.conftest import CommandLine, environment
from tests.conftest import WRITER
from tests.ledger.submissions import MASTER, opened, receive, submission

PATIENCE = timedelta(seconds=20)
WORDS = "三月份收了两次费" * 300


class Disk:
    """A small disk of a test's own, in memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def mount(self, size: str) -> None:
        """Raises: CalledProcessError when that may not be done here."""
        self.folder.mkdir()
        options = f"size={size},mode=0755"
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", self.folder], check=True, capture_output=True)

    def resize(self, size: str) -> None:
        subprocess.run(["mount", "-o", f"remount,size={size}", self.folder], check=True)

    def leave(self, kilobytes: int) -> None:
        """Fills it up to so much room."""
        with (self.folder / "ballast").open("wb") as ballast:
            os.posix_fallocate(ballast.fileno(), 0, shutil.disk_usage(self.folder).free - kilobytes * 1024)

    def make_room(self) -> None:
        (self.folder / "ballast").unlink()

    def unmount(self) -> None:
        subprocess.run(["umount", "--lazy", self.folder], check=True)


@pytest.fixture
def disk(place: Path) -> Iterator[Disk]:
    small = Disk(place / "disk")
    try:
        small.mount("128m")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("only a root that may mount a file system has a small disk to fill")
    yield small
    small.unmount()


@pytest.mark.parametrize("megabytes", [0, 20], ids=["nothing fits", "half a cluster fits"])
def test_a_first_start_on_a_full_disk_says_so_and_succeeds_once_there_is_room(disk: Disk, megabytes: int) -> None:
    disk.leave(1024 * megabytes)
    said_and_mended(disk)


@pytest.mark.parametrize("kilobytes", [0, 200], ids=["the server has no room", "the schema has no room"])
def test_a_start_on_a_disk_that_has_filled_up_says_so_and_succeeds_once_there_is_room(
    disk: Disk, kilobytes: int
) -> None:
    Embedded(disk.folder / "data" / "pg").close()
    disk.leave(kilobytes)
    said_and_mended(disk)


def said_and_mended(disk: Disk) -> None:
    data = disk.folder / "data"
    daybook = CommandLine({"DAYBOOK_DATA": str(data), "DATABASE_URL": "", "DAYBOOK_PATIENCE_SECONDS": "1"})
    told = daybook("status")
    assert told.exit_code == Exit.DISK_FULL
    assert str(data / "pg") in told.stderr
    assert "is full" in told.stderr
    assert "No space left on device" in told.stderr
    assert "ake room there and " in told.stderr
    disk.make_room()
    assert daybook.json("status")["books"] == []
    assert sorted(path.name for path in data.iterdir()) == ["pg", "pg.lock", "pg.users"]


def fill(ledger: Ledger) -> list[Submission]:
    """What was acknowledged until the disk was full, and, as the last, what was not."""
    asked: list[Submission] = []
    with pytest.raises(DiskFull) as told:  # noqa: PT012 - which of them it is depends on where the room ends
        while True:
            asked.append(submission(receive(uuid4(), WORDS)))
            ledger.carry_out(asked[-1])
    assert "No space left on device" in str(told.value)
    assert "/disk/" in str(told.value)
    assert "ake room there and " in str(told.value)
    return asked


@pytest.mark.parametrize("kilobytes", [400, 17_000], ids=["the tables have no room", "the log has no room"])
def test_a_disk_that_fills_up_under_the_ledger_loses_nothing_and_is_written_on_once_there_is_room(
    disk: Disk, kilobytes: int
) -> None:
    data = disk.folder / "pg"
    with Embedded(data) as server:
        migrate(server.url())
        with Database(server.url(user=WRITER), awaken=server.ensure, patience=PATIENCE) as database:
            ledger = opened(database, "main")
            disk.leave(kilobytes)
            *acknowledged, refused = fill(ledger)
            assert len(acknowledged) > 3
            with pytest.raises(DiskFull, match="No space left on device"):
                ledger.carry_out(refused)
            disk.make_room()
            assert ledger.head() == 1 + len(acknowledged)
            assert ledger.carry_out(refused).position == 2 + len(acknowledged)
    with Embedded(data) as server, Database(server.url(user=WRITER)) as database:
        again = Ledger(database, MASTER, "main")
        assert [recorded.position for recorded in again.since(0)] == list(range(1, len(acknowledged) + 3))
        assert all(again.carry_out(asked).repeated for asked in [*acknowledged, refused])


def test_an_answer_that_finds_no_room_is_no_fault_of_daybooks(database: conftest.Database) -> None:
    daybook = Path(sys.executable).parent / "daybook"
    given = {**os.environ, **environment(database)}
    given.pop("PYTHONUNBUFFERED", None)  # what is buffered is tried again when the process ends
    with Path("/dev/full").open("w") as full:
        for words in (["status"], ["status", "--json"]):
            done = subprocess.run(
                [daybook, *words], env=given, stdout=full, stderr=subprocess.PIPE, text=True, check=False
            )
            assert done.returncode == Exit.DISK_FULL
            assert done.stderr.endswith("No space left on device. Make room there and try again.\n")


def test_programs_that_find_no_room_for_their_copy_leave_nothing_behind(disk: Disk, place: Path) -> None:
    private, package = place / "private", programs().parent.parent
    for part in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(part, private / part.name, symlinks=True)
    private.chmod(0o700)
    disk.resize("1m")
    folder = private / programs().relative_to(package.parent)
    with pytest.raises(OSError, match="No space left on device") as told:
        reachable(folder, Account.of_this_process(), copies=disk.folder)
    assert told.value.filename == str(disk.folder)
    assert list(disk.folder.iterdir()) == []
