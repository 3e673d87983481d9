"""Where an alarm may be due: a question to the view of timers, which need not be right about anything else."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import psycopg

from ledger.database import Database
from projections.sla_timer import SLA_TIMER


class Place(NamedTuple):
    """How far the candidates of a sweep have been gone through."""

    at: datetime | None = None
    clock_id: str = ""


class Candidate(NamedTuple):
    """A clock with an alarm that is due, by the last event that its row shows."""

    clock_id: str
    stream: str
    next_alarm_at: datetime
    position: int
    reckoned_at: datetime

    @property
    def place(self) -> Place:
        """Where it stands among all."""
        return Place(self.next_alarm_at, self.clock_id)


# Leans on the index alarm. A clock that only lapses has nobody to be told.
# Who locks a row has it to themselves: another process passes over it, and works at what is behind.
CANDIDATES = """
SELECT clock_id, stream, next_alarm_at, position, reckoned_at
FROM {table}
WHERE book = %(book)s AND next_alarm_at < %(now)s
  AND (%(after_at)s::timestamptz IS NULL OR (next_alarm_at, clock_id) > (%(after_at)s, %(after_id)s))
  AND jsonb_path_exists(alarms, 'strict $[*] ? (@[0] != "lapse")')
ORDER BY next_alarm_at, clock_id
LIMIT %(most)s
FOR UPDATE SKIP LOCKED
"""
# The same index, one row of it.
NEXT = "SELECT min(next_alarm_at) FROM {table} WHERE book = %(book)s AND next_alarm_at >= %(now)s"
# A warning behind the due warns of nothing any more.
DUE = """
SELECT alarm ->> 0, count(*), min((alarm ->> 1)::timestamptz)
FROM {table}, jsonb_array_elements(alarms) AS alarm
WHERE book = %(book)s AND next_alarm_at < %(now)s
  AND alarm ->> 0 <> 'lapse' AND (alarm ->> 1)::timestamptz < %(now)s
  AND (alarm ->> 0 <> 'warning' OR due_at > %(now)s)
GROUP BY alarm ->> 0
ORDER BY alarm ->> 0
"""
CLOCK = "SELECT clock_timestamp()"


class Waiting(NamedTuple):
    """Alarms of one kind that are due and not recorded, by the view of timers."""

    kind: str
    alarms: int
    since: datetime
    """When the first of them became due."""


def locked(connection: psycopg.Connection, book: str, now: datetime, after: Place, most: int) -> list[Candidate]:
    """The next candidates that nobody else works at, in order of time, locked to the end of the transaction."""
    asked = {"book": book, "now": now, "after_at": after.at, "after_id": after.clock_id, "most": most}
    return [Candidate(*row) for row in connection.execute(SLA_TIMER.query(CANDIDATES), asked, binary=True)]


def next_due(database: Database, book: str, now: datetime) -> datetime | None:
    """When the next alarm becomes due by the present course of things. Raises: LedgerAway."""
    ((at,),) = database.rows(SLA_TIMER.query(NEXT), {"book": book, "now": now})
    found: datetime | None = at
    return found


def waiting(database: Database, book: str, now: datetime) -> list[Waiting]:
    """How many alarms are due and not recorded, by kind; none where there is no such view yet. Raises: LedgerAway."""
    try:
        return [Waiting(*row) for row in database.rows(SLA_TIMER.query(DUE), {"book": book, "now": now})]
    except psycopg.errors.UndefinedTable:
        return []


def clock_of(database: Database) -> datetime:
    """The time of day by the clock of the database. Raises: LedgerAway."""
    ((now,),) = database.rows(CLOCK)
    told: datetime = now
    return told
