"""What a sample is drawn from: cases, missed deadlines, overrides or corrections, as known at a position of the book.

Cases and deadlines are folded out of the ledger; overrides and corrections are read from the audit trail, which has one
entry for each event, as it was written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from typing import Any, NamedTuple

import psycopg

from domain.amendment import EventCorrected, EventVoided
from domain.case.vocabulary import CaseKind
from domain.sla.clock import Verdict
from domain.stream import subject_of
from ledger.ledger import Ledger
from projections import as_known, audit_trail
from projections.audit_trail import AUDIT_TRAIL, POSITION, AuditEntry, AuditFilter, Recording
from projections.cursor import standings
from projections.paging import Window
from projections.sla_row import SlaTimer, verdicts_at
from replay.as_of import AsOf, KnownBy
from replay.cases import Chosen, PastCase, parts
from replay.reader import Reader
from replay.sample import Member

PAGE = 1_000
CORRECTIONS = (EventCorrected.TOPIC, EventVoided.TOPIC)


class Population(StrEnum):
    """What a sample can be drawn from."""

    CASES = "cases"
    """The cases that were received within a time."""
    MISSED = "missed"
    """The deadlines within a time that were missed."""
    OVERRIDES = "overrides"
    """The overrides that were recorded within a time: back-dated events, approved requests, departures and the like."""
    CORRECTIONS = "corrections"
    """The corrections and voids that were recorded within a time."""

    @property
    def is_folded(self) -> bool:
        """Whether it comes out of the ledger itself, and not out of the audit trail."""
        return self in (Population.CASES, Population.MISSED)


class CannotSample(Exception):
    """A population cannot be told as it was asked for."""


class Wanted(NamedTuple):
    """Which population, and which part of it."""

    population: Population
    since: datetime | None = None
    """Received, due or recorded then or later."""
    before: datetime | None = None
    """Received, due or recorded earlier than then."""
    kinds: tuple[CaseKind, ...] = ()
    unit: str | None = None
    """Of cases the one that has them, of deadlines the one that had the case when they ended, or has it."""
    statuses: tuple[Any, ...] = ()
    """Of cases."""

    @property
    def chosen(self) -> Chosen:
        """The cases that are asked for."""
        return Chosen(self.since, self.before, self.kinds, self.unit, self.statuses)


class Part(NamedTuple):
    """Some members, in the order of the population."""

    position: int
    """The place in the book up to which it has been looked for them."""
    members: Sequence[Member]


def shown_up_to(ledger: Ledger) -> int:
    """The position up to which the audit trail shows the book. Raises: CannotSample when there is none."""
    (view,) = standings(ledger.database, ledger.book, [AUDIT_TRAIL])
    if view.held is not None:
        raise view.held
    try:
        ledger.database.rows(AUDIT_TRAIL.query("SELECT FROM {table} LIMIT 0"))
    except psycopg.errors.UndefinedTable as error:
        raise CannotSample("There is no audit trail yet; `daybook project` makes it.") from error
    return view.position


def members(ledger: Ledger, wanted: Wanted, as_of: AsOf) -> Iterator[Part]:
    """The members of a population, some at a time. Raises: CannotSample, CannotWorkOut, LedgerAway."""
    if wanted.population is Population.CASES:
        found = parts(Reader(ledger), as_of, wanted.chosen)
        return (Part(part.position, list(map(_case, part.cases))) for part in found)
    _plainly_known(wanted, as_of)
    if wanted.population is Population.MISSED:
        return _missed(ledger, wanted, as_of)
    if (shown := shown_up_to(ledger)) < as_of.position:
        raise CannotSample(
            f"The audit trail goes up to position {shown}, and what was known at {as_of.position} is asked for; "
            f"`daybook project` reads on, or ask as known at {shown}."
        )
    return _entries(ledger, wanted, as_of)


def _plainly_known(wanted: Wanted, as_of: AsOf) -> None:
    if as_of.known_by is not KnownBy.LEDGER:
        raise CannotSample("What a source knew can be asked of cases only; of the rest say what this ledger knew.")
    if as_of.valid_at < as_of.known_at:
        raise CannotSample(
            f"Of {wanted.population} it counts what was recorded; by when it had occurred can be asked of cases only."
        )
    if wanted.statuses or (not wanted.population.is_folded and (wanted.kinds or wanted.unit is not None)):
        said = "a status" if wanted.statuses else "a kind or a unit"
        raise CannotSample(f"Of {wanted.population} {said} cannot be asked for; narrow them by time.")


# Cases and deadlines --------------------------------------------------------------------------------------------------


def _case(past: PastCase) -> Member:
    case = past.case
    redress = None if case.resolution is None else case.resolution.redress
    return Member(
        past.stream,
        past.number,
        redress,
        {
            "case_id": subject_of(past.stream),
            "source_key": case.receipt.source_key,
            "kind": case.kind,
            "status": case.status,
            "unit": case.unit,
            "received_at": past.receipt.occurred_at,
        },
    )


def _missed(ledger: Ledger, wanted: Wanted, as_of: AsOf) -> Iterator[Part]:
    for part in as_known.clocks(ledger, as_of.position):
        found: list[Member] = []
        for _, clocks in groupby(part.clocks, key=lambda clock: clock.stream):
            of_subject = (clock for clock in clocks if _is_wanted(clock, wanted, as_of.valid_at))
            found += [_clock(clock) for clock in sorted(of_subject, key=lambda clock: clock.clock_id)]
        yield Part(part.position, found)


def _is_wanted(clock: SlaTimer, wanted: Wanted, at: datetime) -> bool:
    if verdicts_at(clock, at)[1] is not Verdict.MISSED or clock.due_at is None:
        return False
    return (
        (wanted.since is None or clock.due_at >= wanted.since)
        and (wanted.before is None or clock.due_at < wanted.before)
        and (not wanted.kinds or clock.case_kind in wanted.kinds)
        and (wanted.unit is None or clock.holder_unit == wanted.unit)
    )


def _clock(clock: SlaTimer) -> Member:
    told = {
        "case_id": clock.case_id,
        "source_key": clock.source_key,
        "policy": clock.policy,
        "target": clock.target,
        "statutory": clock.statutory,
        "unit": clock.holder_unit,
        "due_at": clock.due_at,
        "stopped_at": clock.stopped_at,
    }
    # The name of a part may hold any character, and ids stand on lines.
    one_line = clock.clock_id.replace("\\", "\\\\").replace("\n", "\\n")
    return Member(one_line, clock.register, None, told)


# Events ---------------------------------------------------------------------------------------------------------------


def _entries(ledger: Ledger, wanted: Wanted, as_of: AsOf) -> Iterator[Part]:
    corrections = wanted.population is Population.CORRECTIONS
    where = AuditFilter(
        recording=Recording(wanted.since, wanted.before),
        topics=CORRECTIONS if corrections else (),
        overriding=not corrections,
        upto=as_of.position,
    )
    after, more = None, True
    while more:
        page = audit_trail.page(ledger.database, ledger.book, Window(POSITION, after=after, limit=PAGE), where)
        if page.rows:
            yield Part(page.rows[-1].position, list(map(_event, page.rows)))
        after, more = POSITION.place_of(page.rows[-1]) if page.rows else None, page.has_more


def _event(entry: AuditEntry) -> Member:
    told = {
        "stream": entry.stream,
        "version": entry.version,
        "position": entry.position,
        "topic": entry.topic,
        "actor": entry.actor,
        "role": entry.role,
        "recorded_at": entry.recorded_at,
        "decided_by": entry.decided_by,
    }
    return Member(f"{entry.stream}/{entry.version}", entry.register, None, told)
