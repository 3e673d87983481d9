"""How the open clocks of a book stand at this moment, counted by groups, and how many deadlines were kept: for a screen
that hangs in a room, where the compliance report is for a month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, LiteralString, NamedTuple

from ledger.database import Database
from projections.compliance import Share
from projections.compliance_question import DUTY, NOW_VERDICT, Duty
from projections.deadlines import within
from projections.reach import EVERYTHING, Reach, added
from projections.sla_row import STATE_AT
from projections.sla_timer import SLA_TIMER

MOST_ROWS = 1_000


class Grouping(StrEnum):
    """By what clocks are counted apart, beside their duty."""

    UNIT = "unit"
    """The one that has the subject, or had it at the clock's end."""
    SUBUNIT = "subunit"
    """The unit right below the one that is asked about, with everything below that."""
    HANDLER = "handler"
    TARGET = "target"
    TARGET_KIND = "target-kind"
    POLICY = "policy"
    TIER = "tier"
    PRIORITY = "priority"
    KIND = "kind"
    """Of the case."""
    CATEGORY = "category"
    CHANNEL = "channel"


VALUES: Mapping[Grouping, LiteralString] = MappingProxyType({
    Grouping.UNIT: "holder_unit",
    Grouping.SUBUNIT: "subunit",
    Grouping.HANDLER: "holder_handler",
    Grouping.TARGET: "target",
    Grouping.TARGET_KIND: "kind",
    Grouping.POLICY: "policy",
    Grouping.TIER: "tier",
    Grouping.PRIORITY: "priority",
    Grouping.KIND: "case_kind",
    Grouping.CATEGORY: "category",
    Grouping.CHANNEL: "channel",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Question:
    """What a summary is asked."""

    now: datetime
    due_before: datetime
    """What is due by then is due soon."""
    kept_since: datetime | None = None
    """The share is of deadlines that were due then or later; None is all."""
    groups: tuple[Grouping, ...] = ()
    units: frozenset[str] | None = None
    """The units that have the subjects, by all their names; None is every unit, and none at all."""
    subunits: Mapping[str, str] = field(default_factory=dict)
    """For each name of a unit the one right below what is asked about under which it stands."""
    reach: Reach = EVERYTHING

    @property
    def apart(self) -> tuple[Grouping, ...]:
        """By what clocks are counted apart, each once."""
        return tuple(dict.fromkeys(self.groups))


class Counts(NamedTuple):
    """How the clocks of a group stand."""

    running: int
    paused: int
    due_soon: int
    """Of those running."""
    warned: int
    """Of those running or paused: a warning of them was due."""
    overdue: int
    """The due has passed, and nothing has ended them since."""
    kept: Share
    """Of those decided."""


class Row(NamedTuple):
    """A group of clocks. Statutory duties are never counted together with internal targets."""

    duty: Duty
    values: tuple[str | None, ...]
    """In the order of the groups asked for; of a total there are none."""
    counts: Counts


class Summary(NamedTuple):
    """The totals, one a duty that occurs, and the groups, those with the most overdue clocks first."""

    totals: Sequence[Row]
    rows: Sequence[Row]
    has_more: bool


# What is asked of each clock is worked out once, behind the OFFSET. Leans on the index `open`, or on `holder_unit`.
SUMMARY: LiteralString = """
SELECT {is_total}, duty, {names}
  count(*) FILTER (WHERE state_now = 'running'),
  count(*) FILTER (WHERE state_now = 'paused'),
  count(*) FILTER (WHERE state_now = 'running' AND due_at <= %(due_before)s),
  count(*) FILTER (WHERE state_now IN ('running', 'paused') AND warned_at <= %(now)s),
  count(*) FILTER (WHERE state_now = 'overdue' AND ended_at IS NULL) AS overdue,
  count(*) FILTER (WHERE known_now = 'kept' AND counts),
  count(*) FILTER (WHERE known_now IN ('kept', 'missed') AND counts)
FROM (
  SELECT {duty} AS duty, {values} {state} AS state_now, {verdict} AS known_now, due_at, warned_at, ended_at,
    %(since)s::timestamptz IS NULL OR due_at >= %(since)s AS counts
  FROM {table}{placed}
  WHERE {conditions}
  OFFSET 0
) AS seen
GROUP BY {sets}
ORDER BY {is_total} DESC, array_position(ARRAY['statutory', 'internal', 'stated'], duty), overdue DESC, {order}
LIMIT %(limit)s
"""
PLACED = """
  LEFT JOIN unnest(%(unit_names)s::text[], %(subunit_names)s::text[]) AS placed (unit_name, subunit)
    ON unit_name = holder_unit"""


def summary(database: Database, book: str, question: Question, most: int = MOST_ROWS) -> Summary:
    """The summary, in one statement: however many clocks there are, only its rows come here. Raises: LedgerAway."""
    conditions, parameters = added(["book = %(book)s"], {"book": book}, within(question.reach))
    if question.units is not None:
        conditions.append("holder_unit = ANY(%(units)s)")
        parameters["units"] = list(question.units)
    if question.kept_since is not None:
        conditions.append("(ended_at IS NULL OR due_at >= %(since)s)")
    parameters |= {
        "now": question.now, "due_before": question.due_before, "since": question.kept_since,
        "limit": most + 1 + len(Duty),
    }  # fmt: skip
    if Grouping.SUBUNIT in question.apart:
        parameters["unit_names"] = list(question.subunits)
        parameters["subunit_names"] = list(question.subunits.values())
    depth = len(question.apart)
    found = database.rows(SLA_TIMER.query(_text(question.apart, conditions)), parameters)
    totals = [_row(rest, depth)._replace(values=()) for is_total, *rest in found if is_total]
    rows = [_row(rest, depth) for is_total, *rest in found if not is_total]
    return Summary(totals if depth else rows, rows[:most] if depth else [], len(rows) > most)


def _text(apart: Sequence[Grouping], conditions: Sequence[str]) -> LiteralString:
    """The statement, put together out of constants."""
    names = [f"group_{place}" for place, _ in enumerate(apart)]
    values = [f'({VALUES[each]}) COLLATE "C" AS {name},' for each, name in zip(apart, names, strict=True)]
    whole = ", ".join(["duty", *names])
    text: Any = SUMMARY
    for name, what in {
        "{is_total}": f"grouping({names[0] if names else 'duty'}) = 1",
        "{names}": "".join(f"{name}, " for name in names),
        "{duty}": DUTY,
        "{values}": " ".join(values),
        "{state}": STATE_AT,
        "{verdict}": NOW_VERDICT,
        "{placed}": PLACED if Grouping.SUBUNIT in apart else "",
        "{conditions}": "\n    AND ".join(conditions),
        "{sets}": f"GROUPING SETS (({whole}), (duty))" if names else "duty",
        "{order}": ", ".join(f"{name} NULLS LAST" for name in names) or "duty",
    }.items():
        text = text.replace(name, what)
    return text  # type: ignore[no-any-return]


def _row(row: Sequence[Any], depth: int) -> Row:
    duty, *rest = row
    running, paused, due_soon, warned, overdue, kept, decided = rest[depth:]
    counts = Counts(running, paused, due_soon, warned, overdue, Share(kept, decided))
    return Row(Duty(duty), tuple(rest[:depth]), counts)
