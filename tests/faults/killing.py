"""Kills at random moments: what is killed, in the middle of what, and how the installation gets over it."""

import os
import random
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from threading import Event, Timer
from typing import NamedTuple

import psycopg

from api.cli.exits import Exit
from tests.api.imports.written import Line, case, written
from tests.conftest import PROJECTOR, WRITER
from tests.faults.front_ends import FrontEnds
from tests.faults.installations import ORDINARY, Installation, Program
from tests.faults.servers import gone

DEADLINE_SECONDS = 90


class What(StrEnum):
    """What is killed."""

    POSTMASTER = "the postmaster"
    BACKEND = "a backend"
    SERVE = "daybook serve"
    IMPORT = "daybook import"
    REBUILD = "daybook project --rebuild"


class When(StrEnum):
    """In the middle of what."""

    WHENEVER = "whenever"
    APPEND = "during an append"
    PROJECTION = "during a projection"
    REBUILD = "during a rebuild"
    IMPORT = "during an import"
    RECOVERY = "during the recovery from the kill before"


ALWAYS = tuple(When)
MOMENTS = {
    What.POSTMASTER: ALWAYS,
    What.BACKEND: ALWAYS,
    What.SERVE: ALWAYS,
    What.IMPORT: (When.IMPORT,),
    What.REBUILD: (When.REBUILD,),
}
# A transaction that has written something, and is not over yet.
WRITING = """
SELECT pid FROM pg_stat_activity
WHERE usename = %(role)s AND backend_xid IS NOT NULL AND backend_type = 'client backend'
"""
IMPORTS_BEGUN = "SELECT count(*) FROM ledger.event WHERE topic = 'import-started.1'"
BEING_BUILT = "SELECT count(*) FROM pg_class WHERE relnamespace = 'views'::regnamespace AND relname LIKE '%\\_anew'"


class Kill(NamedTuple):
    """One that was done."""

    what: What
    when: When
    at: datetime
    asked_for: int
    """So many acknowledgements later, one of them was asked for after it."""


def drawn(kills: int, chance: random.Random) -> list[tuple[What, When]]:
    """What is to be killed when: everything in turn, in an order and at moments of chance."""
    plan: list[tuple[What, When]] = []
    decks = {what: list[When]() for what in What}
    while len(plan) < kills:
        for what in chance.sample(list(What), len(What)):
            decks[what] = decks[what] or chance.sample(MOMENTS[what], len(MOMENTS[what]))
            plan.append((what, decks[what].pop()))
    return plan[:kills]


class Killer:
    """Kills one thing after another, and sees to it that what was killed is started again."""

    def __init__(self, installation: Installation, front_ends: FrontEnds, chance: random.Random, rows: int) -> None:
        self.kills: list[Kill] = []
        self.imported: list[Path] = []
        self._installation = installation
        self._front_ends = front_ends
        self._chance = chance
        self._rows = rows
        self._importing: Program | None = None
        self._rebuilding: Program | None = None
        self._frozen: int | None = None

    def run(self, plan: Sequence[tuple[What, When]]) -> None:
        """Kills all of it, and returns once everything is acknowledged again, and every import is whole."""
        for what, when in plan:
            if when is not When.RECOVERY:
                self._recovered()
            self._moment(when)
            self._kill(what, when)
            self._pause(0.5 if when is When.RECOVERY else 0.2)
            self._tend()
        self._recovered()
        self._until(lambda: self._importing is None and self._rebuilding is None, "an import or a rebuild to end")

    def end(self) -> None:
        """Leaves nothing running."""
        for program in (self._importing, self._rebuilding):
            if program is not None and program.running:
                program.kill()
        if self._frozen is not None:
            _thaw(self._frozen)

    # Moments ----------------------------------------------------------------------------------------------------

    def _moment(self, when: When) -> None:
        """Returns in the middle of what was asked for."""
        match when:
            case When.WHENEVER:
                self._pause(1.0)
            case When.RECOVERY:
                self._pause(1.0)
            case When.APPEND:
                self._until(lambda: self._froze(WRITER), "an append")
            case When.PROJECTION:
                self._until(lambda: self._froze(PROJECTOR), "a projection")
            case When.REBUILD:
                self._begin_rebuild()
                self._until(lambda: self._rebuilding is None or self._count(BEING_BUILT) > 0, "a rebuild")
                self._pause(0.3)
            case When.IMPORT:
                before = self._count(IMPORTS_BEGUN)
                if self._importing is None:
                    self._begin_import()
                    self._until(lambda: self._importing is None or self._count(IMPORTS_BEGUN) > before, "an import")
                self._pause(1.0)

    def _froze(self, role: str) -> bool:
        """Whether a backend of a role has been stopped in the middle of a transaction in which it has written."""
        with suppress(psycopg.Error), self._installation.connected() as connection:
            for _ in range(200):
                for (pid,) in connection.execute(WRITING, {"role": role}).fetchall():
                    with frozen_for_a_while(pid):
                        if (pid,) in connection.execute(WRITING, {"role": role}).fetchall():
                            self._frozen = pid
                            return True
                    _thaw(pid)
        return False

    def _count(self, question: str) -> int:
        with suppress(psycopg.Error), self._installation.connected() as connection:
            row = connection.execute(question.encode()).fetchone()
            return 0 if row is None else int(row[0])
        return 0

    # Killing ----------------------------------------------------------------------------------------------------

    def _kill(self, what: What, when: When) -> None:
        if what is What.IMPORT and self._importing is None:  # it was over before its moment
            self._begin_import()
            self._pause(1.0)
        if what is What.REBUILD and self._rebuilding is None:
            self._begin_rebuild()
            self._pause(1.0)
        at = datetime.now(UTC)
        match what:
            case What.POSTMASTER:
                self._until(lambda: self._signalled(self._installation.postmaster()), "a postmaster")
            case What.BACKEND:
                self._until(self._killed_a_backend, "a backend")
            case What.SERVE:
                self._installation.serve.kill()
            case What.IMPORT:
                assert self._importing is not None
                self._importing.kill()
            case What.REBUILD:
                assert self._rebuilding is not None
                self._rebuilding.kill()
        if self._frozen is not None:
            _thaw(self._frozen)
            self._frozen = None
        self.kills.append(Kill(what, when, at, self._front_ends.one_asked_for_from_now_on()))

    def _killed_a_backend(self) -> bool:
        if self._frozen is not None:
            return self._signalled(self._frozen)
        backends = self._installation.backends()
        return self._signalled(self._chance.choice(backends) if backends else None)

    def _signalled(self, pid: int | None) -> bool:
        if pid is None or gone(pid):
            return False
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            return True
        return False

    # Starting again ---------------------------------------------------------------------------------------------

    def _begin_import(self) -> None:
        name = f"INC{len(self.imported)}"
        cases: list[list[Line]] = [
            case(f"{name}-{number}", {"assignment_group": "Group 2"}, {"incident_state": "Resolved", "active": "false"})
            for number in range(self._rows // 3)
        ]
        self.imported.append(written(self._installation.place / f"{name}.csv", *cases))
        self._import_again()

    def _import_again(self) -> None:
        file = self.imported[-1]
        rejects = ("--rejects", str(file.with_suffix(".rejects")))
        self._importing = self._installation.program("import", str(file), "--mapping", "servicenow", "-q", *rejects)

    def _begin_rebuild(self) -> None:
        if self._rebuilding is None:
            self._rebuilding = self._installation.program("project", "--rebuild")

    def _tend(self) -> None:
        """Starts again what has ended without being done. Nothing ends otherwise than it says it may."""
        self._installation.tend()
        if self._importing is not None and not self._importing.running:
            code, said = self._importing.ended(), self._importing.said
            if code in ORDINARY:
                self._importing = None
            else:
                assert self._importing.killed or code == Exit.AWAY, f"daybook import ended with {code}: {said[-4000:]}"
                self._import_again()
        if self._rebuilding is not None and not self._rebuilding.running:
            code, said = self._rebuilding.ended(), self._rebuilding.said
            busy = code == Exit.LEDGER and "is being built anew by another process" in said
            fine = self._rebuilding.killed or code in {Exit.DONE, Exit.AWAY} or busy
            assert fine, f"daybook project --rebuild ended with {code}: {said[-4000:]}"
            self._rebuilding = None

    def _recovered(self) -> None:
        """Returns when something that was asked for after the last kill has been acknowledged."""
        asked_for = self.kills[-1].asked_for if self.kills else self._front_ends.one_asked_for_from_now_on()
        self._until(lambda: self._front_ends.wait_for(asked_for, 0.05), "an acknowledgement")

    def _until(self, condition: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + DEADLINE_SECONDS
        while not condition():
            self._tend()
            assert time.monotonic() < end, f"{what} did not come about in {DEADLINE_SECONDS} seconds: {self.kills[-3:]}"
            Event().wait(0.01)

    def _pause(self, most: float) -> None:
        """Any moment from now on, up to so many seconds."""
        Event().wait(self._chance.uniform(0, most))


@contextmanager
def frozen_for_a_while(pid: int) -> Iterator[None]:
    """Stops a process, which goes on at the latest when the block takes too long: what it holds may be in its way."""
    goes_on = Timer(2.0, _thaw, (pid,))
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
    goes_on.start()
    try:
        yield
    finally:
        goes_on.cancel()
        goes_on.join()


def _thaw(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)
