"""In which roles people acted: what each said to be when they asked for something, as the envelopes have it.

A role is one that was claimed when somebody acted, by a token or by a door; that they held it in between nobody wrote
down. Where somebody worked, and what they were certified for, was recorded by itself: `projections.staff`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from domain.envelope import ActorKind
from ledger.database import Database
from projections.audit_trail import AUDIT_TRAIL
from projections.paging import narrowed

MOST_CLAIMS = 1_000


class RoleClaim(NamedTuple):
    """That somebody acted in a role, for a unit, resting on a claim, and from when to when they are known to have."""

    actor: str
    actor_kind: ActorKind
    role: str | None
    """None: they claimed none."""
    unit: str | None
    claim: str | None
    """What the role rested on; None when nothing proved it."""
    first_at: datetime
    """When it was first recorded that they acted so, within what is asked about."""
    last_at: datetime
    events: int
    last_position: int


# Reads the book from its beginning, or from where the time that is asked about begins; or leans on the index actor.
CLAIMS = """
SELECT actor, actor_kind, role, unit, claim, min(recorded_at), max(recorded_at), count(*), max(position)
FROM {table}
WHERE book = %(book)s AND recorded_at <= %(at)s
"""
GROUPED = """
GROUP BY actor, actor_kind, role, unit, claim
ORDER BY actor, actor_kind, role, unit, claim, min(position)
LIMIT %(limit)s
"""


class ClaimFilter(NamedTuple):
    """Whose, and which; what is None asks nothing."""

    actor: str | None = None
    role: str | None = None
    unit: str | None = None
    recorded_from: datetime | None = None
    """Only what was recorded then or later."""
    upto: int | None = None
    """The last position that is looked at."""


def role_claims(
    database: Database, book: str, at: datetime, where: ClaimFilter | None = None, limit: int = MOST_CLAIMS
) -> list[RoleClaim]:
    """The roles in which people had acted by an instant, by name; at most so many. Raises: LedgerAway."""
    asked = where or ClaimFilter()
    conditions, parameters = list[str](), dict[str, Any]()
    for column, wanted in (("actor", asked.actor), ("role", asked.role), ("unit", asked.unit)):
        condition, parameter = narrowed(column, () if wanted is None else (wanted,))
        conditions += condition
        parameters |= parameter
    if asked.recorded_from is not None:
        conditions.append("recorded_at >= %(recorded_from)s")
        parameters["recorded_from"] = asked.recorded_from
    if asked.upto is not None:
        conditions.append("position <= %(upto)s")
        parameters["upto"] = asked.upto
    query = AUDIT_TRAIL.query(CLAIMS) + "".join(f"AND {condition}\n" for condition in conditions) + GROUPED
    rows = database.rows(query, {"book": book, "at": at, "limit": limit, **parameters})
    return [RoleClaim(row[0], ActorKind(row[1]), *row[2:]) for row in rows]
