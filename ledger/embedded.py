"""A PostgreSQL of Daybook's own: started when somebody needs it, shared by processes, stopped by the last one out."""

import atexit
import fcntl
import os
import shlex
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Final, NamedTuple, Self
from urllib.parse import quote

from psycopg.pq import PGconn, Ping

from ledger.account import Account, digest, give, make_parents, make_private, programs, reachable
from ledger.errors import DiskFull, EmbeddedError, out_of_room
from ledger.postmaster import PidFile, Processes

PORT: Final = 5432
"""Only a name of the socket file: nothing listens on the network."""

PATIENCE_SECONDS: Final = 60.0
"""How long a server may take to start, recover or stop before that is an error."""

GRACE_SECONDS: Final = 2.0
"""How long processes whose server was killed have to end when told to, before they are killed as well."""

PAUSE_SECONDS: Final = 0.02

SEGMENT_BYTES: Final = 16 * 1024 * 1024
"""What PostgreSQL needs at once when it begins another file of its log of changes (wal_segment_size)."""

LOG_TAIL_BYTES: Final = 1_500

SOCKET_DIRECTORY_BYTES: Final = 84
"""A socket's whole path has 104 bytes on some systems, and PostgreSQL adds up to 20 for the file and its lock."""

FAST: Final[Mapping[str, str]] = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""Settings for data that may be lost: tests."""


class Identity(NamedTuple):
    """What tells a data directory from another one that was put in its place."""

    users: tuple[int, int]
    """Device and inode of the file on which the users hold their locks."""
    cluster: bytes
    """What initdb called it: the system identifier, at the head of pg_control."""


class Embedded:
    """A running server on one data directory, until closed.

    Every user holds a shared lock on `<data>.users`; who closes and can make it exclusive is the last and stops the
    server. A process killed outright loses its lock with its life, and the next one to come finds the server still
    running and adopts it. A server that already runs keeps the settings it was started with. One that dies meanwhile
    is started again by whoever asks by `ensure`.
    """

    def __init__(self, data: Path, *, settings: Mapping[str, str] = {}, stop_at_exit: bool = True) -> None:
        """Raises: EmbeddedError when the server cannot be made or started; DiskFull when it has no room."""
        self._account = Account.of_this_process()
        self._data = data.resolve()
        self._processes = Processes(self._data, self._account)
        self._settings = dict(settings)
        self._process = os.getpid()
        with self._told():
            self._binaries = reachable(programs(), self._account)
            make_parents(self._data, self._account)
            self._check_place()
            with self._lock(), ExitStack() as undo:
                self._users: IO[bytes] = undo.enter_context(self._beside(".users").open("ab"))
                undo.push(self._interrupted)
                fcntl.flock(self._users, fcntl.LOCK_SH)
                self._make_cluster()
                self._identity = self._found()
                if not self._serving():
                    self._start()
                self._socket = Path(self._pid_file().socket)
                undo.pop_all()
        if stop_at_exit:
            atexit.register(self.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def url(self, database: str = "postgres", user: str = "postgres") -> str:
        """A conninfo URL through the unix socket; it leans on no PG* variable."""
        host = quote(os.fsencode(self._socket), safe="")
        return f"postgresql://{quote(user, safe='')}@/{quote(database, safe='')}?host={host}&port={PORT}"

    def ensure(self) -> None:
        """Starts the server again if it has died; cheap while it lives, and safe from any thread.

        Raises: EmbeddedError, also when the data were removed or replaced by others: whoever works on with what it
        remembers of the old data would harm the new ones. DiskFull.
        """
        with self._told():
            self._check_identity()
            if self._up():
                return
            with self._lock():
                self._check_identity()
                if not self._serving():
                    self._start()

    def close(self) -> None:
        """Leaves; the last one out stops the server. Closing twice, or in a forked child, does nothing."""
        if self._users.closed or os.getpid() != self._process:
            return
        atexit.unregister(self.close)
        with self._told(), self._users:
            if self._found() != self._identity:
                # Whoever made the new ones has locks of its own. The old server has nothing left to keep.
                self._processes.end(self._processes.in_removed_directory(), signal.SIGQUIT)
                return
            with self._lock():
                fcntl.flock(self._users, fcntl.LOCK_UN)
                try:
                    fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return
                if self._serving():
                    self._control("stop", "-m", "fast")
                if self._socket != self._data:
                    shutil.rmtree(self._socket, ignore_errors=True)

    def _interrupted(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """A start that somebody breaks off leaves no server behind, unless others use it."""
        del error, trace
        if kind is None or issubclass(kind, Exception):  # one that fails may be a long recovery, which goes on
            return
        with suppress(BlockingIOError):
            fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._processes.end(self._processes.at_work(), signal.SIGQUIT)

    # ------------------------------------------------------------------ files

    def _beside(self, suffix: str) -> Path:
        return self._data.with_name(self._data.name + suffix)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """Starting and stopping happen one at a time."""
        path, end = self._beside(".lock"), time.monotonic() + 2 * PATIENCE_SECONDS
        while time.monotonic() < end:
            with path.open("ab") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    time.sleep(PAUSE_SECONDS)
                    continue
                if _file(path) == _file(lock.fileno()):  # or it was removed meanwhile, and others lock another one
                    yield
                    return
        raise EmbeddedError(
            f"Another process has been starting or stopping the server in {self._data} for "
            f"{2 * PATIENCE_SECONDS:g} seconds. It holds {path}; end it, and try again."
        )

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Gives the system's errors a name, a place and a way out. Raises: EmbeddedError, DiskFull."""
        try:
            yield
        except OSError as error:
            if out_of_room(error):
                raise self._disk_full(error, Path(error.filename or self._data)) from error
            raise EmbeddedError(
                f"No embedded PostgreSQL in {self._data}: {error}. It runs as {self._account.name}, and that folder "
                "and the one around it have to be there and writable. Name another place (DAYBOOK_DATA), or set "
                "DATABASE_URL."
            ) from error

    def _disk_full(self, cause: object, place: Path) -> DiskFull:
        return DiskFull(
            f"The disk of {place} is full: {' '.join(str(cause).split())}. What had been acknowledged is not lost. "
            "Make room there and try again."
        )

    def _check_place(self) -> None:
        """Raises: EmbeddedError when something is in the way of the data."""
        if "\n" in str(self._data):
            raise EmbeddedError(f"{str(self._data)!r} has a line break in it. Name another place (DAYBOOK_DATA).")
        if not self._data.exists():
            return
        if not self._data.is_dir():
            raise EmbeddedError(
                f"{self._data} is a file, and was to be the folder of the data. Move it away, or name another place "
                "(DAYBOOK_DATA)."
            )
        if not self._account.owns(self._data):
            raise EmbeddedError(
                f"{self._data} does not belong to {self._account.name} but to user {self._data.stat().st_uid}. "
                "Run as its owner, or move it away to start with an empty one."
            )

    def _make_cluster(self) -> None:
        self._check_place()
        if (self._data / "PG_VERSION").exists():
            found, major = (self._data / "PG_VERSION").read_text(errors="replace").strip(), self._major()
            if found != major:
                raise EmbeddedError(
                    f"{self._data} holds data of PostgreSQL {found}, and this program brings {major}. "
                    "Dump it with the program that wrote it, or set DATABASE_URL to a server of that version."
                )
            return
        if self._data.exists() and any(self._data.iterdir()):
            raise EmbeddedError(
                f"{self._data} is neither empty nor a PostgreSQL data directory. Name another place (DAYBOOK_DATA)."
            )
        self._processes.end(self._processes.in_removed_directory(), signal.SIGQUIT)
        # initdb writes PG_VERSION first and the rest later: made aside and renamed, a cluster is whole or not there.
        # What a start that was killed had begun may still be written to, so that each has a name of its own.
        begun = self._beside(".new-").name
        self._remove_begun(begun)
        fresh = Path(tempfile.mkdtemp(prefix=begun, dir=self._data.parent))
        give(fresh, self._account)
        # Code point order everywhere, yet upper and lower case beyond ASCII.
        locale = ["--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        speed = ["--no-sync"] if self._settings.get("fsync") == "off" else []
        initdb = str(self._binaries / "initdb")
        try:
            self._run([initdb, "-D", str(fresh), "-U", "postgres", "-A", "trust", "-E", "UTF8", *locale, *speed])
            fresh.rename(self._data)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
        self._remove_begun(begun)  # once more: whoever still wrote into one has found it gone by now, and ended

    def _remove_begun(self, begun: str) -> None:
        """Removes what starts that were killed had begun, as far as nobody writes into it meanwhile."""
        for left in [path for path in self._data.parent.iterdir() if path.name.startswith(begun)]:
            shutil.rmtree(left, ignore_errors=True)

    def _major(self) -> str:
        """The version as `postgres (PostgreSQL) 18.6` has it, up to the point."""
        return self._run([self._binaries / "postgres", "--version"]).split()[2].partition(".")[0]

    def _found(self) -> Identity | None:
        """What lies there now; None when something of it is missing."""
        try:
            with (self._data / "global" / "pg_control").open("rb") as control:
                return Identity(_file(self._beside(".users")), control.read(8))
        except FileNotFoundError:
            return None

    def _check_identity(self) -> None:
        if self._users.closed:
            raise EmbeddedError(f"The server in {self._data} has been left by this process.")
        found = self._found()
        if found != self._identity:
            what = "removed" if found is None else "replaced by others"
            raise EmbeddedError(
                f"The data in {self._data} were {what} while this process worked on them. End it and start it again."
            )

    # ------------------------------------------------------------------ process

    def _start(self) -> None:
        socket = self._data
        name = str(socket)
        # Clients read a list of hosts, and a conninfo is UTF-8.
        if len(os.fsencode(socket)) > SOCKET_DIRECTORY_BYTES or "," in name or not _is_utf_8(name):
            socket = self._short()
            make_private(socket, self._account)
        quoted_socket = '"' + str(socket).replace('"', '""') + '"'  # a list of names to PostgreSQL
        settings = {
            "listen_addresses": "",
            "port": str(PORT),
            "unix_socket_directories": quoted_socket,
            "unix_socket_permissions": "0700",
            "timezone": "UTC",
            "log_timezone": "UTC",
            **self._settings,
        }
        options = " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in settings.items())
        self._control("start", "-l", "server.log", "-o", options)

    def _control(self, what: str, *more: str) -> None:
        # The directory goes by PGDATA and the log by a relative name: pg_ctl hands both to a shell between mere double
        # quotes, where a dollar sign in a path would be a variable.
        command = [str(self._binaries / "pg_ctl"), what, "-s", "-w", "-t", str(int(PATIENCE_SECONDS)), *more]
        self._run(command, cwd=self._data, data=self._data)

    def _run(self, command: Sequence[str | Path], *, cwd: Path = Path("/"), data: Path | None = None) -> str:
        log = self._data / "server.log"
        logged = log.stat().st_size if log.exists() else 0
        done = self._account.run(command, cwd=cwd, data=data)
        if done.returncode == 0:
            return done.stdout
        said = f"{(done.stderr or done.stdout).strip()}\n{self._log(logged)}".strip()
        reasons = [line for line in said.splitlines() if out_of_room(line)]
        if reasons:
            raise self._disk_full(reasons[-1], self._data)
        room = shutil.disk_usage(self._data if self._data.exists() else self._data.parent).free
        if room < SEGMENT_BYTES:  # where the log is kept, there may have been no room to say so
            raise self._disk_full(f"{room} bytes are free, and {Path(command[0]).name} failed: {said}", self._data)
        raise EmbeddedError(f"{Path(command[0]).name} failed in {self._data}: {said}")

    def _log(self, since: int = 0) -> str:
        """The end of what the server has logged."""
        try:
            with (self._data / "server.log").open("rb") as log:
                log.seek(max(since, log.seek(0, os.SEEK_END) - LOG_TAIL_BYTES))
                return log.read().decode(errors="replace").strip()
        except OSError:
            return ""

    def _pid_file(self) -> PidFile:
        found = PidFile.of(self._data)
        if found is None:
            raise EmbeddedError(f"The server in {self._data} ended as soon as it had begun.\n{self._log()}")
        return found

    def _up(self) -> bool:
        """Whether the server seems to be there, without asking it."""
        found = PidFile.of(self._data)
        return (
            found is not None
            and found.status == "ready"
            and self._processes.lives(found.pid)
            and self._socket_of(found).exists()
        )

    def _serving(self) -> bool:
        """Whether a server answers here; waits for one that is starting, recovering or leaving.

        The postmaster may have been killed outright, and then its pid is gone, a zombie, or by now somebody else's.
        PostgreSQL itself copes with the first only. Nor does it start while processes of the killed one live, which
        notice when they next wait for something; those that do not wait are ended here.
        """
        end = time.monotonic() + PATIENCE_SECONDS
        first_seen = None
        while time.monotonic() < end:
            found = PidFile.of(self._data)
            if found is not None and self._processes.lives(found.pid):
                if found.status == "ready":
                    if self._leads_elsewhere(found):
                        self._control("stop", "-m", "fast")
                    elif self._answers(found):
                        return True
            else:
                orphans = self._processes.at_work()
                if not orphans:
                    self._forget(found)
                    return False
                first_seen = first_seen or time.monotonic()
                hard = time.monotonic() - first_seen > GRACE_SECONDS
                self._processes.end(orphans, signal.SIGKILL if hard else signal.SIGQUIT)
            time.sleep(PAUSE_SECONDS)
        raise EmbeddedError(
            f"The server in {self._data} neither answers nor leaves. End its processes, which are named postgres, and "
            f"try again.\n{self._log()}"
        )

    def _short(self) -> Path:
        """A short folder for the socket, where it cannot lie beside the data."""
        return Path("/tmp") / f"daybook-{digest(os.fsencode(self._data))}"  # noqa: S108 - the same for all, and short

    def _leads_elsewhere(self, found: PidFile) -> bool:
        """Whether nobody can reach the server any more: its socket was removed, or the directory has moved with it."""
        place = Path(found.data)
        return not (self._socket_of(found).exists() and place.exists() and place.samefile(self._data))

    def _answers(self, found: PidFile) -> bool:
        """Whether it takes connections: after a crash it calls itself ready while it recovers."""
        place = found.socket.replace("\\", "\\\\").replace("'", "\\'")
        asked = PGconn.ping(os.fsencode(f"host='{place}' port={PORT} dbname=postgres user=postgres connect_timeout=2"))
        return asked in {Ping.OK, Ping.NO_ATTEMPT}  # no attempt: the caller's PG* variables are at fault

    def _socket_of(self, found: PidFile) -> Path:
        return Path(found.socket) / f".s.PGSQL.{PORT}"

    def _forget(self, left: PidFile | None) -> None:
        """Removes what a killed server left: its pid is written beside the socket too, and would keep a new one out."""
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        folders = {self._data, self._short()}
        if left is not None and left.socket:
            folders.add(Path(left.socket))
        for folder in folders:
            lock = folder / f".s.PGSQL.{PORT}.lock"
            # Where the data once lay, there may be another server by now.
            if lock.exists() and not self._socket_in_use(lock):
                lock.unlink(missing_ok=True)

    def _socket_in_use(self, lock: Path) -> bool:
        """Whether the server that a socket's lock names is at work, though not on these data."""
        pid, data, *_ = (*os.fsdecode(lock.read_bytes()).splitlines(), "", "")
        return pid.isdecimal() and Processes(Path(data), self._account).lives(int(pid))


def _file(at: Path | int) -> tuple[int, int]:
    """Which file it is, whatever its name."""
    found = os.stat(at)  # noqa: PTH116 - a descriptor has no path
    return found.st_dev, found.st_ino


def _is_utf_8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
