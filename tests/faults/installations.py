"""The processes that are killed, `daybook serve`, its PostgreSQL, imports, rebuilds, and who starts them again."""

import base64
import os
import random
import signal
import socket
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import psycopg
from typing_extensions import override

from api.cli.exits import Exit
from ledger.account import Account
from ledger.embedded import PORT, Embedded
from ledger.migrate import migrate
from ledger.postmaster import Processes
from tests.conftest import PROJECT, PROJECTOR, WRITER
from tests.faults.servers import gone, postmaster

KEY = base64.b64encode(b"k" * 32).decode()
ORDINARY = {Exit.DONE, Exit.IN_PART}


class Program:
    """`daybook` with some words, in a process of its own, whose words go into a file."""

    def __init__(self, name: str, words: Sequence[str], environment: dict[str, str], log: Path) -> None:
        self.name = name
        self.killed = False
        with log.open("ab") as output:
            self._begins = output.tell()
            self._process = subprocess.Popen(
                [Path(sys.executable).parent / "daybook", *words],
                env={**os.environ, **environment},
                cwd=PROJECT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self._log = log

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    @property
    def said(self) -> str:
        """What this process has said, and none before it."""
        return self._log.read_bytes()[self._begins :].decode(errors="replace")

    def kill(self) -> None:
        """Ends it outright."""
        self.killed = True
        self._process.kill()
        self._process.wait(30)

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Tells it to end, and says how it did."""
        with suppress(ProcessLookupError):
            self._process.send_signal(how)
        return self.ended()

    def ended(self, seconds: float = 90) -> int:
        """How it ends, within bounds."""
        return self._process.wait(seconds)


class Installation(ABC):
    """A book in a PostgreSQL, `daybook serve` in front of it, and a supervisor that starts again what was killed."""

    def __init__(self, place: Path, data: Path) -> None:
        self.place = place
        self.data = data
        self.port = _free_port()
        self.environment = {"DAYBOOK_DATA": str(place / "data"), "DAYBOOK_ZONE": "Asia/Shanghai"}
        self.restarts = 0
        """How often `daybook serve` found no database as it started, and said so."""

    def __enter__(self) -> Self:
        self.serve = self.program("serve", "--port", str(self.port))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.serve.running:
            self.serve.kill()
        if kind is not None:  # a test that fails leaves no server either
            processes = Processes(self.data, Account.of_this_process())
            processes.end(processes.at_work(), signal.SIGKILL)

    @property
    def url(self) -> str:
        """Where GraphQL is, whichever process serves it."""
        return f"http://127.0.0.1:{self.port}/graphql"

    @abstractmethod
    def tend_database(self) -> None:
        """Starts PostgreSQL again if nobody else would."""

    def program(self, *words: str) -> Program:
        """A `daybook` command, begun."""
        return Program(words[0], words, self.environment, self.place / f"{words[0]}.log")

    def tend(self) -> None:
        """Starts again what is not there, as a supervisor does. Nothing may have ended by itself, unless it says that
        the database did not answer as it began."""
        self.tend_database()
        if self.serve.running:
            return
        if not self.serve.killed:
            code = self.serve.ended()
            assert code == Exit.AWAY, f"daybook serve ended with {code}: {self.serve.said[-4000:]}"
            self.restarts += 1
        self.serve = self.program("serve", "--port", str(self.port))

    def connected(self) -> psycopg.Connection:
        """A superuser's connection, which keeps no server alive."""
        url = f"postgresql://postgres@/postgres?host={quote(str(self.data), safe='')}&port={PORT}"
        return psycopg.connect(url, autocommit=True, connect_timeout=5)

    def postmaster(self) -> int | None:
        """The server's pid, while there is one."""
        try:
            pid = postmaster(self.data)
        except (FileNotFoundError, IndexError, ValueError):
            return None
        return None if gone(pid) else pid

    def backends(self) -> list[int]:
        """All processes of the server but the first."""
        first = self.postmaster()
        return [pid for pid in Processes(self.data, Account.of_this_process()).at_work() if pid != first]

    def nobody_is_left(self) -> bool:
        return Processes(self.data, Account.of_this_process()).at_work() == []


class OnEmbedded(Installation):
    """On the PostgreSQL that `daybook` starts by itself, and starts again when it dies."""

    def __init__(self, place: Path) -> None:
        super().__init__(place, place / "data" / "pg")
        self.environment |= {"DATABASE_URL": ""}

    @override
    def tend_database(self) -> None:
        pass


class OnSeparate(Installation):
    """On a PostgreSQL of somebody else's, who starts it again a moment after it died."""

    def __init__(self, place: Path) -> None:
        super().__init__(place, place / "separate")
        # Processes are killed here, and the machine is not. Full pages stay on: a signal can end a write half way.
        self._server = Embedded(self.data, settings={"fsync": "off"})
        migrate(self._server.url())
        self.environment |= {
            "DATABASE_URL": self._server.url(user=WRITER),
            "DAYBOOK_PROJECTOR_URL": self._server.url(user=PROJECTOR),
            "DAYBOOK_OWNER_URL": self._server.url(),
            "DAYBOOK_MASTER_KEY": KEY,
        }
        opened = self.program("migrate", "--open", "main")
        assert opened.ended() == 0, opened.said

    @override
    def tend_database(self) -> None:
        self._server.ensure()

    @override
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        self._server.close()


def _free_port() -> int:
    """A port below those that the system gives to whoever asks for any, so that it stays free between two servers."""
    chance = random.SystemRandom()
    for _ in range(100):
        port = chance.randrange(20_000, 30_000)
        with socket.socket() as trying:
            try:
                trying.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")
