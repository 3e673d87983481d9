"""Exit codes: what a script can tell from how `daybook` ended, and which error leads to which."""

from __future__ import annotations

from enum import IntEnum

import psycopg

from api.imports.errors import CannotGoOn, CannotImport
from api.landing import CannotLand
from api.settings import WrongSetting
from domain.event import Refused
from ledger.errors import BookExists, DiskFull, LedgerAway, LedgerError, UnknownBook, out_of_room


class Exit(IntEnum):
    """How the process ends."""

    DONE = 0
    NO = 1
    USAGE = 2
    AWAY = 3
    LEDGER = 4
    PORT_TAKEN = 5
    IN_PART = 6
    DISK_FULL = 7
    FAULT = 70
    INTERRUPTED = 130
    TERMINATED = 143


MEANINGS = {
    Exit.DONE: "done",
    Exit.NO: "the answer is no: refused, or not found",
    Exit.USAGE: "asked wrongly: an option, a setting, a mapping or a file",
    Exit.AWAY: "the database does not answer",
    Exit.LEDGER: "the ledger is not as it should be: schema, roles, keys, unreadable events, a stopped view, "
    "a view that differs from its events, a gap in the register",
    Exit.PORT_TAKEN: "the port is taken",
    Exit.IN_PART: "done in part: rows of an import were rejected",
    Exit.DISK_FULL: "a disk is full",
    Exit.FAULT: "a fault in Daybook",
    Exit.INTERRUPTED: "ended by Ctrl-C",
    Exit.TERMINATED: "ended by SIGTERM",
}


class NotFound(Exception):
    """There is nothing under this name."""


class WrongUse(Exception):
    """What was typed cannot be understood."""


class PortTaken(Exception):
    """Another program listens there, or may not be asked to make room."""


FORESEEN = (Refused, NotFound, WrongUse, PortTaken, CannotImport, CannotGoOn, CannotLand, LedgerError, psycopg.Error)
"""What a command can fail with when nothing is wrong with Daybook itself."""


def exit_of(error: BaseException) -> Exit:
    """How the process ends because of an error."""
    match error:
        case Refused() | NotFound() | UnknownBook() | BookExists():
            return Exit.NO
        case CannotImport() | CannotGoOn() | CannotLand() | OSError() if out_of_room(error):
            return Exit.DISK_FULL
        case WrongSetting() | WrongUse() | CannotImport() | CannotGoOn() | CannotLand():
            return Exit.USAGE
        case DiskFull() | psycopg.errors.DiskFull():
            return Exit.DISK_FULL
        case LedgerAway() | psycopg.OperationalError():
            return Exit.AWAY
        case LedgerError() | psycopg.Error():
            return Exit.LEDGER
        case PortTaken():
            return Exit.PORT_TAKEN
        case KeyboardInterrupt():
            return Exit.INTERRUPTED
        case _:
            return Exit.FAULT
