"""Clocks and units as they were known: worked out anew out of the events up to a position, or of those of them that
somebody knew."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

import psycopg

from domain.correction import applied
from domain.stream import Category
from ledger.database import Database
from ledger.errors import LedgerError
from ledger.ledger import Ledger
from projections.projection import FoldContext, key_of
from projections.reading import Knows, histories_known
from projections.reckoning import History
from projections.sla_row import SlaTimer
from projections.sla_timer import SLA_TIMER, rows
from projections.unit import UNIT, UnitView
from projections.working_out import subjects
from projections.writing import added

SUBJECTS_AT_ONCE = 500
"""So many cases and obligations are held in memory at a time, with what they lean on."""
EVERY = 2**31 - 1

KNOWN = replace(SLA_TIMER, aside=True)
"""The timers in a table that is gone with its connection: questions to the live ones are asked of it unchanged."""

# A subject is there from its first event on. Leans on the primary key (book, position).
BEGUN = """
SELECT position, stream FROM ledger.event
WHERE book = %(book)s AND position > %(after)s AND position <= %(upto)s
  AND version = 1 AND split_part(stream, '-', 1) = ANY(%(kinds)s)
ORDER BY position
LIMIT %(limit)s
"""


class CannotWorkOut(LedgerError):
    """The rules fail over the history of a subject."""

    def __init__(self, stream: str, position: int, cause: Exception) -> None:
        super().__init__(
            f"The clocks of {stream} cannot be worked out as known at position {position}: "
            f"{type(cause).__name__}: {cause}. Nothing is counted, since they would be missing."
        )


class NoTableAside(LedgerError):
    """The role at hand may not make a temporary table."""

    def __init__(self, error: psycopg.Error) -> None:
        super().__init__(
            f"What was known earlier is counted in a temporary table, and none can be made here: "
            f"{error.diag.message_primary}. Ask a database that takes writes, as a role with TEMPORARY on it."
        )


class Part(NamedTuple):
    """The clocks of some subjects."""

    position: int
    """The place in the book up to which subjects have been looked at: where the last of them begins."""
    subjects: int
    clocks: Sequence[SlaTimer]


def subjects_by(ledger: Ledger, position: int, limit: int) -> int:
    """How many cases and obligations there were by a position, counted up to a limit. Raises: LedgerAway."""
    return len(_begun(ledger, SLA_TIMER.subjects, 0, position, limit))


def clocks(ledger: Ledger, position: int, *, knows: Knows | None = None, at: datetime | None = None) -> Iterator[Part]:
    """Every clock as known at a position, by the same functions as in the view, some subjects at a time.

    They stand as they did after the last event of their subject, or at an instant. Given who `knows`, known are those
    events alone; policies and calendars, which come from nowhere else, as the book has them by the position.
    Raises: CannotWorkOut, LedgerAway, UnknownTopic, UnreadableEvent.
    """
    standing = ledger.standing(SLA_TIMER.beside(ledger.book), position)
    read = histories_known(ledger, position, knows)
    after = 0
    while begun := _begun(ledger, SLA_TIMER.subjects, after, position, SUBJECTS_AT_ONCE):
        after = begun[-1][0]
        found: list[SlaTimer] = []
        for subject in subjects(SLA_TIMER, [stream for _, stream in begun], read, standing):
            try:
                found += rows(subject, at)
            except Exception as error:
                raise CannotWorkOut(subject.stream, position, error) from error
        yield Part(after, len(begun), found)


def clocks_at(
    ledger: Ledger, streams: Collection[str], position: int, at: datetime, knows: Knows | None = None
) -> dict[str, Sequence[SlaTimer]]:
    """The clocks of some cases and obligations as known at a position and as they stood at an instant, be it earlier or
    later than what was recorded there; first due first.

    Who `knows` is asked as by `clocks`. Raises: CannotWorkOut, LedgerAway, UnknownTopic, UnreadableEvent.
    """
    standing = ledger.standing(SLA_TIMER.beside(ledger.book), position)
    found: dict[str, Sequence[SlaTimer]] = {}
    for subject in subjects(SLA_TIMER, streams, histories_known(ledger, position, knows), standing):
        try:
            found[subject.stream] = sorted(rows(subject, at), key=first_due_first)
        except Exception as error:
            raise CannotWorkOut(subject.stream, position, error) from error
    return found


def first_due_first(timer: SlaTimer) -> tuple[bool, datetime, str]:
    """By which clocks are put in order."""
    return timer.due_at is None, timer.due_at or timer.reckoned_at, timer.clock_id


def units(
    ledger: Ledger,
    position: int,
    among: Collection[str] | None = None,
    *,
    knows: Knows | None = None,
    at: datetime | None = None,
) -> list[UnitView]:
    """Every unit as known at a position; those among some streams, where it is known which they are.

    Given who `knows`, known are those events alone; given an instant, those alone that had occurred by then.
    Raises: LedgerAway, UnknownTopic, UnreadableEvent.
    """
    if among is None:
        among = [stream for _, stream in _begun(ledger, {Category.UNIT}, 0, position, EVERY)]
    read = histories_known(ledger, position, knows)
    found = (_unit(stream, written, at) for stream, written in read(among).items())
    return [unit for unit in found if unit is not None]


def _unit(stream: str, written: History, at: datetime | None) -> UnitView | None:
    unit, context = None, FoldContext(key_of(stream))
    for recorded in applied(written):
        if at is None or recorded.occurred_at <= at:
            unit = UNIT.fold(unit, recorded, context)
    return unit


def _begun(ledger: Ledger, kinds: Collection[Category], after: int, upto: int, limit: int) -> list[tuple[int, str]]:
    """The subjects of some kinds that begin after a position and by another one, with where each begins, in order."""
    asked = {"book": ledger.book, "after": after, "upto": upto, "kinds": list(kinds), "limit": limit}
    return [(position, stream) for position, stream in ledger.database.rows(BEGUN, asked)]


@contextmanager
def aside(database: Database, book: str, clocks: Iterable[Sequence[SlaTimer]]) -> Iterator[psycopg.Connection]:
    """A connection that has these clocks in the table of `KNOWN`, until the block ends; nobody else sees them.

    They are taken in as they come, so that they need not fit into memory. Raises: NoTableAside, LedgerAway, DiskFull.
    """
    with database.apart() as connection:
        try:
            connection.execute(KNOWN.definition())
        except (psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction) as error:
            raise NoTableAside(error) from error
        for some in clocks:
            for step in added(KNOWN, book, some):
                step(connection)
        # Over 20 000 clocks a report by the worst of cycles took 103 s without it, and 0.1 s with it (2026-11-22).
        connection.execute(KNOWN.statement("ANALYZE {table}"))
        yield connection
