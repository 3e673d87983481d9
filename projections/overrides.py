"""What went beside the ordinary course of things, counted: overrides by who acted, departures by their kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

from domain.envelope import ActorKind
from ledger.database import Database
from projections.audit_trail import (
    ALWAYS,
    AUDIT_TRAIL,
    DAY,
    LATE_APPROVAL,
    OWN_APPROVAL,
    OWN_APPROVALS,
    AuditEntry,
    Override,
    Recording,
    of_row,
    overridden,
    seconds_of,
)
from projections.paging import Page, Window, paged

MOST_ACTORS = 100


class DepartureCount(NamedTuple):
    """How often history left the declared life in one way."""

    departure: str
    events: int
    subjects: int
    """How many streams hold these events."""


class ActorOverrides(NamedTuple):
    """The overrides of one actor, by kind; the kinds there were."""

    actor: str
    actor_kind: ActorKind
    counts: Mapping[Override, int]

    @property
    def total(self) -> int:
        """All of them; an event that is two kinds of override counts as two."""
        return sum(self.counts.values())


# Leans on the index departed.
DEPARTURES = """
SELECT departure, count(*), count(DISTINCT stream)
FROM {table}, unnest(departures) AS departure
WHERE book = %(book)s AND departures <> '{{}}'
"""


def departure_counts(database: Database, book: str, recording: Recording = ALWAYS) -> list[DepartureCount]:
    """How often history left the declared life, by the step in which it did, most frequent first."""
    conditions, parameters = recording.condition()
    query = AUDIT_TRAIL.query(DEPARTURES) + "".join(f"\nAND {condition}" for condition in conditions)
    query += "\nGROUP BY departure ORDER BY 2 DESC, 1"
    return [DepartureCount(*row) for row in database.rows(query, {"book": book, **parameters})]


# Leans on the index overridden where a day or more counts as back-dated; what is asked of one actor, on its actors.
OVERRIDES = """
SELECT actor, actor_kind, found.kind, count(*)
FROM {table} CROSS JOIN LATERAL (
  SELECT unnest(overrides) AS kind
  UNION ALL SELECT 'back-dated' WHERE back_dated_seconds >= %(back_dated_seconds)s
  UNION ALL SELECT 'late-approval' WHERE """
OWN = """
  UNION ALL SELECT 'own-approval' WHERE """
OF_BOOK = """
) AS found
WHERE book = %(book)s
"""


def overrides_by_actor(
    database: Database,
    book: str,
    *,
    actor: str | None = None,
    recording: Recording = ALWAYS,
    back_dated_over: timedelta = DAY,
    limit: int = MOST_ACTORS,
) -> list[ActorOverrides]:
    """The overrides that were recorded within a time, for at most `limit` actors; who has most stands first."""
    conditions, parameters = recording.condition()
    conditions += overridden(back_dated_over)
    if actor is not None:
        conditions.append("actor = %(actor)s")
        parameters["actor"] = actor
    query = AUDIT_TRAIL.query(OVERRIDES) + LATE_APPROVAL + OWN + AUDIT_TRAIL.query(OWN_APPROVAL) + OF_BOOK
    query += "".join(f"AND {condition}\n" for condition in conditions) + "GROUP BY actor, actor_kind, found.kind"
    asked: dict[str, Any] = {"book": book, **OWN_APPROVALS, **seconds_of(back_dated_over)}
    found: dict[tuple[str, str], dict[Override, int]] = {}
    for name, actor_kind, kind, count in database.rows(query, asked | parameters):
        found.setdefault((name, actor_kind), {})[Override(kind)] = count
    listed = [
        ActorOverrides(name, ActorKind(actor_kind), {kind: counts[kind] for kind in Override if kind in counts})
        for (name, actor_kind), counts in found.items()
    ]
    return sorted(listed, key=lambda each: (-each.total, each.actor, each.actor_kind))[:limit]


class OverridesOf(NamedTuple):
    """The overrides of one kind that one actor made."""

    actor: str
    actor_kind: ActorKind
    kind: Override


# Leans on the index overridden where a day or more counts as back-dated, else on the index actor: once for each.
PAGES = """
SELECT wanted.place, entries.*
FROM unnest(%(actors)s::text[], %(actor_kinds)s::text[], %(kinds)s::text[]) WITH ORDINALITY
  AS wanted(by_actor, by_kind, kind, place)
CROSS JOIN LATERAL (
  SELECT {columns} FROM {table}
  WHERE book = %(book)s AND actor = wanted.by_actor AND actor_kind = wanted.by_kind
    AND CASE wanted.kind
      WHEN 'back-dated' THEN back_dated_seconds >= %(back_dated_seconds)s
      WHEN 'late-approval' THEN """
OR_OWN = """
      WHEN 'own-approval' THEN """
OR_ELSE = """
      ELSE overrides @> ARRAY[wanted.kind]
    END"""


def pages_of(
    database: Database,
    book: str,
    wanted: Sequence[OverridesOf],
    window: Window,
    *,
    recording: Recording = ALWAYS,
    back_dated_over: timedelta = DAY,
) -> dict[OverridesOf, Page[AuditEntry]]:
    """For each of some counts the page that a window cuts from the events behind it, in one statement.

    Raises: BadPlace, LedgerAway.
    """
    inside, places = window.condition()
    conditions, parameters = recording.condition()
    conditions += [*overridden(back_dated_over), *inside]
    query = AUDIT_TRAIL.query(PAGES) + LATE_APPROVAL + OR_OWN + AUDIT_TRAIL.query(OWN_APPROVAL) + OR_ELSE
    query += "".join(f"\n    AND {condition}" for condition in conditions)
    ordering = window.ordering()
    query += f"\n  ORDER BY {ordering}\n  LIMIT %(limit)s\n) AS entries\nORDER BY wanted.place, {ordering}"
    asked: dict[str, Any] = {
        "book": book,
        "actors": [each.actor for each in wanted],
        "actor_kinds": [each.actor_kind.value for each in wanted],
        "kinds": [each.kind.value for each in wanted],
        "limit": window.limit + 1,
        **OWN_APPROVALS,
        **seconds_of(back_dated_over),
    }
    found: dict[OverridesOf, list[AuditEntry]] = {each: [] for each in wanted}
    for place, *row in database.rows(query, asked | parameters | places):
        found[wanted[place - 1]].append(of_row(row))
    return {each: paged(entries, window) for each, entries in found.items()}
