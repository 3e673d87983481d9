"""What runs in a data directory: the server that postmaster.pid names, and whatever else of PostgreSQL works there."""

import os
import signal
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ledger.account import Account

PROCESSES = Path("/proc")


@dataclass(frozen=True)
class PidFile:
    """What a server says of itself in postmaster.pid. The file may be old, or cut short: then pid is 0, or a liar."""

    pid: int
    data: str
    """The directory as it was called when the server was started."""
    socket: str
    """The folder of its socket; empty while there is none."""
    status: str

    @staticmethod
    def of(data: Path) -> "PidFile | None":
        """None when there is no such file, or no such directory."""
        try:
            lines = os.fsdecode((data / "postmaster.pid").read_bytes()).splitlines()
        except FileNotFoundError:
            return None
        # pid, directory, start, port, socket's folder, address, shared memory, status
        pid, place, _, _, socket, _, _, status, *_ = (*lines, *[""] * 8)
        return PidFile(abs(int(pid)) if pid.removeprefix("-").isdecimal() else 0, place, socket, status.strip())


@dataclass(frozen=True)
class Processes:
    """The PostgreSQL processes of one account that work in one data directory, where the system shows them."""

    data: Path
    account: Account

    def lives(self, pid: int) -> bool:
        """Whether the process is one of them: neither gone, nor a zombie, nor by now another program's."""
        if pid <= 0:
            return False
        if not (PROCESSES / "self" / "stat").exists():
            return _signalable(pid)
        if not self._is_postgres(pid):
            return False
        try:
            return (PROCESSES / str(pid) / "cwd").samefile(self.data)  # PostgreSQL works inside its data directory
        except PermissionError:
            return self.account.works_in(pid, self.data)
        except (FileNotFoundError, ProcessLookupError):
            return False

    def at_work(self) -> list[int]:
        """The ids of all of them."""
        return [pid for pid in _all() if self.lives(pid)]

    def in_removed_directory(self) -> list[int]:
        """The ids of those whose directory had this name and has been removed under them."""
        return [pid for pid in _all() if self._is_postgres(pid) and _works_in(pid) == f"{self.data} (deleted)"]

    def end(self, pids: Iterable[int], how: signal.Signals) -> None:
        """Sends a signal to processes, some of which may be gone by then."""
        for pid in pids:
            if self._is_postgres(pid):
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, how)

    def _is_postgres(self, pid: int) -> bool:
        process = PROCESSES / str(pid)
        try:
            status = (process / "stat").read_text(errors="replace")
            name, state = status[status.index("(") + 1 : status.rindex(")")], status[status.rindex(")") + 2]
            return name == "postgres" and state not in "ZX" and process.stat().st_uid == self.account.uid
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            return False


def _all() -> Iterator[int]:
    """The ids of all processes, where the system shows them."""
    yield from (int(entry.name) for entry in PROCESSES.glob("[0-9]*"))


def _works_in(pid: int) -> str | None:
    try:
        return str((PROCESSES / str(pid) / "cwd").readlink())
    except OSError:
        return None


def _signalable(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True
