import signal
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

import psycopg
import pytest
from eventsourcing.persistence import StoredEvent

from api.cli.exits import Exit
from domain.stream import Category, stream_of
from tests.api.cli.conftest import CUSTOMER, CommandLine, Teller
from tests.replay.export.log import Log, read, rows_of


@pytest.fixture
def told(teller: Teller) -> Teller:
    """A book with two cases of a customer."""
    teller.case("A-1")
    teller.resolve(teller.case("A-2"))
    return teller


def logged(path: Path) -> Log:
    return read(path.read_bytes())


def test_an_export_tells_what_it_wrote_and_under_which_digest(
    daybook: CommandLine, told: Teller, tmp_path: Path
) -> None:
    answer = daybook.json("export", "ocel", "--out", str(tmp_path / "a.json"))
    log = logged(tmp_path / "a.json")
    assert answer["events"] == dict(sorted(log.types.items()))
    assert answer["objects"]["case"] == len(log.of("case")) == 2
    assert answer["known_position"] == told.workspace.ledger.head()
    (file,) = answer["files"]
    summed = subprocess.run(["sha256sum", tmp_path / "a.json"], capture_output=True, text=True, check=True)
    assert (file["sha256"], file["size"]) == (summed.stdout.split()[0], (tmp_path / "a.json").stat().st_size)
    shown = daybook("export", "ocel", "--out", str(tmp_path / "b.json"))
    assert f"SHA-256 {file['sha256']}" in shown.stdout
    assert "SIMULATED BOOK main" in shown.stdout
    assert f"{len(log.events)} events" in shown.stdout


def test_a_file_that_is_there_is_replaced_by_force_only(daybook: CommandLine, told: Teller, tmp_path: Path) -> None:
    out = tmp_path / "a.json"
    out.write_text("mine")
    refused = daybook("export", "ocel", "--out", str(out))
    assert (refused.exit_code, out.read_text()) == (Exit.USAGE, "mine")
    assert "is there already; name another file, or replace it with --force" in refused.stderr
    assert daybook("export", "ocel", "--out", str(out), "--force").exit_code == 0
    assert logged(out).events


def test_standard_output_gets_the_export_and_nothing_else(daybook: CommandLine, told: Teller) -> None:
    piped = daybook("export", "ocel", "--out", "-")
    assert read(piped.stdout_bytes).events
    assert "SHA-256" in piped.stderr
    both = daybook("export", "ocel", "--out", "-", "--json")
    assert (both.exit_code, "give --out a file" in both.stderr) == (Exit.USAGE, True)
    table = daybook("export", "csv", "--out", "-", "--table", "objects")
    assert {row["type"] for row in rows_of(table.stdout_bytes)} >= {"case", "customer", "book"}


def test_tables_go_to_a_folder_or_one_of_them_to_a_file(daybook: CommandLine, told: Teller, tmp_path: Path) -> None:
    folder = tmp_path / "all"
    answer = daybook.json("export", "csv", "--out", str(folder))
    assert [Path(file["file"]).name for file in answer["files"]] == [
        "events.csv", "objects.csv", "changes.csv", "relations.csv",
    ]  # fmt: skip
    assert len(rows_of((folder / "events.csv").read_bytes())) == sum(answer["events"].values())
    daybook.json("export", "csv", "--out", str(tmp_path / "one.csv"), "--table", "relations")
    assert (tmp_path / "one.csv").read_bytes() == (folder / "relations.csv").read_bytes()
    daybook.json("export", "csv", "--out", str(tmp_path / "packed"), "--gzip")
    assert sorted(path.name for path in (tmp_path / "packed").iterdir()) == [
        "changes.csv.gz", "events.csv.gz", "objects.csv.gz", "relations.csv.gz",
    ]  # fmt: skip
    taken = tmp_path / "taken"
    taken.touch()
    for words, said in (
        ((str(tmp_path / "two.csv"), "--gzip"), "a file is compressed when its name ends in .csv.gz"),
        ((str(tmp_path / "two"), "--table", "objects"), "a folder gets all tables"),
        ((str(taken),), "is no folder; name one for all tables"),
    ):
        refused = daybook("export", "csv", "--out", *words)
        assert (refused.exit_code, said in refused.stderr) == (Exit.USAGE, True), refused.stderr
    assert not [*tmp_path.glob("two*")]
    again = daybook("export", "csv", "--out", str(folder))
    assert (again.exit_code, "events.csv is there already" in again.stderr) == (Exit.USAGE, True)


def test_what_is_asked_for_is_what_is_exported(daybook: CommandLine, told: Teller, tmp_path: Path) -> None:
    daybook("project")

    def exported(*words: str) -> Log:
        daybook.json("export", "ocel", "--out", str(tmp_path / "a.json"), "--force", *words)
        return logged(tmp_path / "a.json")

    everything = exported()
    assert exported("--case", "A-1").types.keys() <= everything.types.keys()
    assert len(exported("--case", "A-1").of("case")) == 1
    assert set(exported("--customer", str(CUSTOMER)).of("customer")) == {stream_of(Category.CUSTOMER, CUSTOMER)}
    assert exported("--topic", "case-received.1", "--kind", "case").types == {"case-received": 2}
    assert exported("--actor", "王芳", "--from", "2026-03-02", "--to", "2026-03-02").types.total() > 0
    assert exported("--recorded-from", "2030-01-01").events == {}
    assert exported("--unit", "nowhere").events == {}
    assert exported("--known", "2").positions == [1, 2]
    assert exported("--valid", "1999-12-31").events == {}
    assert exported("--as-written").types == everything.types


WRONG = (
    (("--topic", "case-solved"), Exit.USAGE, "There is no event 'case-solved'"),
    (("--case", "C2026-000999"), Exit.NO, "There is no case 'C2026-000999'"),
    (("--customer", "K-9"), Exit.NO, "There is no customer 'K-9'"),
    (("--from", "yesterday"), Exit.USAGE, "--from 'yesterday' is no time of this ledger"),
    (("--known", "99"), Exit.USAGE, "Position 99 is not in book 'main'"),
    (("--known", "1999-12-31"), Exit.NO, "Nothing had been recorded in book 'main' by then"),
    (("--known", "5", "--known-by", "source"), Exit.USAGE, "A source has no positions"),
    (("--valid", "2026-03-02T09:00"), Exit.USAGE, "names no zone"),
    (("--book", "other"), Exit.NO, "There is no book 'other'"),
    (("--unit", "\udcff"), Exit.USAGE, "--unit '\\udcff' is no text"),
    (("--actor", "\udcff"), Exit.USAGE, "--actor '\\udcff' is no text"),
    (("--out", ""), Exit.USAGE, ". is a folder; name a file in it"),
)


def test_what_cannot_be_exported_is_said_and_leaves_nothing(daybook: CommandLine, told: Teller, tmp_path: Path) -> None:
    daybook("project")
    for words, code, said in WRONG:
        ended = daybook("export", "ocel", "--out", str(tmp_path / "a.json"), *words)
        assert (ended.exit_code, said in " ".join(ended.stderr.replace("│", " ").split())) == (code, True), ended.stderr
        assert list(tmp_path.iterdir()) == []


def test_events_that_cannot_be_read_end_it_or_are_told_on_every_line(
    daybook: CommandLine, told: Teller, tmp_path: Path
) -> None:
    stream = stream_of(Category.CASE, CUSTOMER)
    told.workspace.ledger.rows.insert_events([StoredEvent(stream, 1, "case-weighed.1", b"{}")])
    out = str(tmp_path / "a.json")
    ended = daybook("export", "ocel", "--out", out)
    assert (ended.exit_code, list(tmp_path.iterdir())) == (Exit.LEDGER, [])
    assert "case-weighed.1" in ended.stderr
    skipped = daybook("export", "ocel", "--out", out, "--skip-unknown")
    assert skipped.exit_code == 0
    lines = skipped.stdout.splitlines()
    assert all(line.endswith("[1 events skipped that this program cannot read]") for line in lines)
    assert any(line.startswith(f"Skipped: position {told.workspace.ledger.head()}, case-weighed.1") for line in lines)
    assert logged(Path(out)).types["skipped"] == 1
    answer = daybook.json("export", "ocel", "--out", out, "--skip-unknown", "--force")
    assert (answer["skipped"], answer["skipped_events"][0]["topic"]) == (1, "case-weighed.1")


# Cut off --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_export_that_is_ended_leaves_what_was_under_its_name(
    daybook: CommandLine, told: Teller, tmp_path: Path, number: signal.Signals
) -> None:
    out = tmp_path / "a.json"
    out.write_text("mine")
    with Held(daybook) as held, daybook.process("export", "ocel", "--out", str(out), "--force") as running:
        held.let_go_on_until(running, lambda: len(list(tmp_path.iterdir())) == 2)
        running.send_signal(number)
        said = running.communicate(timeout=30)[1]
    assert out.read_text() == "mine"
    if number is signal.SIGINT:
        assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
        assert running.returncode == Exit.INTERRUPTED
        assert "Ended by Ctrl-C: it had not begun." in said
        assert "a.json is as it was before" in said
    assert daybook("export", "ocel", "--out", str(out), "--force").exit_code == 0


class Held:
    """The events of a database, which nobody else reads meanwhile but a statement at a time."""

    LOCK = "LOCK TABLE ledger.event IN ACCESS EXCLUSIVE MODE"
    WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'ledger.event'::regclass"

    def __init__(self, daybook: CommandLine) -> None:
        url = daybook.environment["DAYBOOK_OWNER_URL"]
        self._holder, self._next = psycopg.connect(url), psycopg.connect(url)
        self._looking = psycopg.connect(url, autocommit=True)

    def __enter__(self) -> Self:
        self._holder.execute(self.LOCK)
        return self

    def __exit__(self, *ended: object) -> None:
        for connection in (self._holder, self._next, self._looking):
            connection.close()

    def let_go_on_until(self, running: subprocess.Popen[str], ready: Callable[[], bool]) -> None:
        """Lets a program read one thing after the other, and stops it where it is to be."""
        self._wait_for(1, running)
        while not ready():
            with ThreadPoolExecutor(1) as beside:
                taken = beside.submit(self._next.execute, self.LOCK)
                self._wait_for(2, running)
                self._holder.rollback()
                taken.result()
            self._holder, self._next = self._next, self._holder
            self._wait_for(1, running)

    def _wait_for(self, waiting: int, running: subprocess.Popen[str]) -> None:
        while self._looking.execute(self.WAITING).fetchone() != (waiting,):
            assert running.poll() is None
            self._looking.execute("SELECT pg_sleep(0.02)")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 KiB, in memory."""
    place = tmp_path / "disk"
    place.mkdir()
    try:
        mount = ["mount", "-t", "tmpfs", "-o", "size=4k", "tmpfs", str(place)]
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("only a root that may mount a file system has a small disk to fill")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


@pytest.mark.parametrize("command", [("ocel", "a.json"), ("csv", "all")])
def test_a_full_disk_is_told_with_how_far_it_came_and_keeps_what_was_there(
    daybook: CommandLine, told: Teller, small_disk: Path, command: tuple[str, str]
) -> None:
    kind, name = command
    ended = daybook("export", kind, "--out", str(small_disk / name))
    assert ended.exit_code == Exit.DISK_FULL
    head = told.workspace.ledger.head()
    assert "No space left on device" in ended.stderr
    assert f"of {head}" in ended.stderr or "all events were written" in ended.stderr
    assert list(small_disk.iterdir()) == []
