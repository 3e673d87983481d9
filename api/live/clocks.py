"""Clocks that are followed: those of a unit and of the units below it, or those of one case."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from api.live.about import BEARING, RULING
from api.live.reckonings import Reckonings
from api.live.turns import Moment, Turn, by_time, course, next_turn
from domain.standards import streams_of_standards
from domain.stream import Category, stream_of
from ledger.ledger import Ledger
from ledger.marks import Mark
from projections import obligation
from projections.sla_row import SlaTimer, of_row
from projections.sla_timer import SLA_TIMER

AHEAD = timedelta(hours=1)
"""How far ahead clocks are looked for that turn by themselves; after that they are looked for again."""
AT_ONCE = 100
"""Subjects whose histories are held in memory together."""
SUBJECTS = frozenset({Category.CASE.value, Category.OBLIGATION.value})

POSITION = """
SELECT position FROM views.cursor
WHERE book = %(book)s AND projection = %(view)s AND version = %(version)s AND NOT anew
"""
# Leans on the index holder_unit; what is due by no date, and only begins, on the index started.
TURNING_OF_UNITS = SLA_TIMER.query("""
SELECT {columns} FROM {table}
WHERE book = %(book)s AND holder_unit = ANY(%(units)s) AND due_at IS NOT NULL AND due_at >= %(since)s
  AND ended_at IS NULL AND state IN ('running', 'not-started')
  AND (due_at <= %(until)s OR next_alarm_at <= %(until)s OR started_at > %(since)s AND started_at <= %(until)s)
UNION ALL
SELECT {columns} FROM {table}
WHERE book = %(book)s AND holder_unit = ANY(%(units)s) AND due_at IS NULL
  AND ended_at IS NULL AND state = 'not-started' AND started_at > %(since)s AND started_at <= %(until)s
""")
# Leans on the index case_id; they are few.
TURNING_OF_A_CASE = SLA_TIMER.query("""
SELECT {columns} FROM {table}
WHERE book = %(book)s AND case_id = %(case_id)s AND ended_at IS NULL AND state IN ('running', 'not-started')
""")
# It reads the book's rows: standards grow rarely.
OF_UNITS = SLA_TIMER.query("SELECT DISTINCT stream FROM {table} WHERE book = %(book)s AND holder_unit = ANY(%(units)s)")
# Leans on the index case_id.
OF_A_CASE = SLA_TIMER.query("SELECT DISTINCT stream FROM {table} WHERE book = %(book)s AND case_id = %(case_id)s")


@dataclass(frozen=True, slots=True)
class Followed:
    """Which clocks: those whose subject one of some units has, by every name that it bears or bore; or those of a case
    and of the obligations for it."""

    units: frozenset[str] = frozenset()
    case_id: UUID | None = None

    @property
    def parameters(self) -> Mapping[str, Any]:
        """With which questions ask for them."""
        return {"units": list(self.units), "case_id": self.case_id}

    def holds(self, clock: SlaTimer | None) -> bool:
        """Whether a clock is one of them."""
        if clock is None:
            return False
        return clock.case_id == self.case_id if self.case_id is not None else clock.holder_unit in self.units


class Seen(NamedTuple):
    """The clocks that turn by themselves soon, as the view has them."""

    position: int
    """What the view shows."""
    clocks: Sequence[SlaTimer]
    until: datetime
    """Up to when all of them are here."""

    def next_turn(self, after: datetime) -> datetime:
        """When to look again: when the first of them turns, or when others may be near."""
        return min(self.until, next_turn(self.clocks, after) or self.until)


def seen(ledger: Ledger, followed: Followed, since: datetime, now: datetime) -> Seen:
    """The clocks that have turned by themselves since an instant, or do so soon, all as the view has them at one
    position. Raises: LedgerAway."""
    until = now + AHEAD
    asked = {"book": ledger.book, **followed.parameters, "since": since, "until": until}
    query = TURNING_OF_UNITS if followed.case_id is None else TURNING_OF_A_CASE
    cursor = {"book": ledger.book, "view": SLA_TIMER.name, "version": SLA_TIMER.version}

    def read(connection: psycopg.Connection) -> Seen:
        with connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            at = connection.execute(POSITION, cursor).fetchone()
            rows = connection.execute(query, asked, binary=True).fetchall()
        return Seen(0 if at is None else at[0], [of_row(row) for row in rows], until)

    return ledger.database.patiently(read)


class Bearing:
    """Finds out on which clocks something that was recorded bears."""

    def __init__(self, ledger: Ledger, reckonings: Reckonings, followed: Followed) -> None:
        self._ledger = ledger
        self._reckonings = reckonings
        self._followed = followed
        self._standards = frozenset(streams_of_standards(ledger.book))

    def matters(self, mark: Mark) -> bool:
        """Whether it may bear on any clock, or on whose they are."""
        if mark.kind in SUBJECTS or mark.kind == Category.UNIT:
            return True
        return mark.name in (RULING if mark.stream in self._standards else BEARING)

    def subjects(self, marks: Sequence[Mark]) -> Mapping[str, Sequence[Mark]]:
        """The subjects on whose clocks some marks bear, each with those that do, in order. Raises: LedgerAway."""
        found: dict[str, list[Mark]] = {}
        bearing = [mark for mark in marks if mark.kind in SUBJECTS or mark.name in BEARING]
        leaning = self._reckonings.leaning(bearing)
        ruled = self._open() if any(mark.stream in self._standards for mark in marks) else frozenset()
        for mark in marks:
            streams = set(ruled) if mark.stream in self._standards else set(leaning.get(mark.position, ()))
            if mark.kind in SUBJECTS:
                streams.add(mark.stream)
            for stream in streams:
                found.setdefault(stream, []).append(mark)
        only = self._only(marks)
        return found if only is None else {stream: told for stream, told in found.items() if stream in only}

    def _only(self, marks: Sequence[Mark]) -> frozenset[str] | None:
        """The subjects that belong to the case that is followed; None where a unit's are."""
        case_id = self._followed.case_id
        if case_id is None:
            return None
        owed = obligation.of_cases(self._ledger.database, self._ledger.book, [case_id]).get(case_id, ())
        named = (mark.stream for mark in marks if mark.case_id == case_id)
        return frozenset({stream_of(Category.CASE, case_id), *(view.stream for view in owed), *named})

    def _open(self) -> frozenset[str]:
        query = OF_UNITS if self._followed.case_id is None else OF_A_CASE
        asked = {"book": self._ledger.book, **self._followed.parameters}
        return frozenset(stream for (stream,) in self._ledger.database.rows(query, asked))


def turns(
    reckonings: Reckonings,
    subjects: Mapping[str, Sequence[Mark]],
    others: Sequence[SlaTimer],
    since: Moment,
    now: datetime,
) -> list[Turn]:
    """All turns after a moment and up to an instant, in order: of subjects on which something bears, and of other
    clocks, which are known by the view. Raises: LedgerAway, UnknownTopic, UnreadableEvent."""
    untouched = {clock.clock_id: clock for clock in others if clock.stream not in subjects}
    found = list(by_time(untouched, since.at, now))
    for streams in batched(sorted(subjects), AT_ONCE):
        positions = {stream: [since.position, *(mark.position for mark in subjects[stream])] for stream in streams}
        known = reckonings.of([(stream, position) for stream in streams for position in positions[stream]])
        for stream in streams:
            clocks = {position: known[stream, position] for position in positions[stream]}
            found += course(clocks.__getitem__, subjects[stream], since, now)
    return sorted(found)


def batched(streams: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """The streams, so many at a time."""
    for start in range(0, len(streams), size):
        yield streams[start : start + size]
