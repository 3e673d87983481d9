"""What a compliance report is asked: which clocks it is of, what it counts of them, and how they are counted apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, LiteralString, NamedTuple

import psycopg

from domain.policy_events import BookPolicies
from projections import unit
from projections.deadlines import DUE, STARTED, within
from projections.lineage import Lineages, lineages
from projections.movement import ALWAYS, Period
from projections.paging import Order
from projections.reach import EVERYTHING, Reach
from projections.sla_row import STATE_AT
from projections.unit import UnitView


class By(StrEnum):
    """What of a clock has to lie in the period."""

    DUE = "due"
    """Its due; a due that counts days belongs to its last day. Clocks without a number are in no such report."""
    STARTED = "started"


class Duty(StrEnum):
    """Whose word it is that something is due."""

    STATUTORY = "statutory"
    """A law's or a rule's."""
    INTERNAL = "internal"
    """A policy's of the company."""
    STATED = "stated"
    """Somebody's who stated a date that no policy asks for: it came with the data, and is computed nowhere."""


class Grouping(StrEnum):
    """By what clocks are counted apart."""

    DUTY = "duty"
    """Always the first: statutory duties are never mixed with internal targets."""
    UNIT = "unit"
    """The one that had the subject when the clock began."""
    BRANCH = "branch"
    """The branch above that unit in the tree as it stood at the due, or the unit itself when it is one."""
    TOP = "top"
    """What stood at the very top above it then."""
    HANDLER = "handler"
    TIER = "tier"
    KIND = "kind"
    """Of the case."""
    CATEGORY = "category"
    CHANNEL = "channel"
    PRIORITY = "priority"
    TARGET = "target"
    TARGET_KIND = "target-kind"
    POLICY = "policy"
    MONTH = "month"
    """Of the due, or of the start when the period is of starts, in the book's zone: such as 2026-03."""


class Figure(StrEnum):
    """What is counted. Each is a set of clocks, which can be asked for."""

    CLOCKS = "clocks"
    """All of them: each is in one of the eight states that follow."""
    MET = "met"
    MET_LATE = "met-late"
    OVERDUE = "overdue"
    """The due has passed and nothing has stopped it."""
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    LAPSED = "lapsed"
    INFORMATIONAL = "informational"
    KEPT = "kept"
    """As known now."""
    MISSED = "missed"
    KEPT_WHEN_DUE = "kept-when-due"
    """As known when due."""
    MISSED_WHEN_DUE = "missed-when-due"
    REVISED = "revised"
    """What is known now differs from what was known when due."""
    UNKNOWN_WHEN_DUE = "unknown-when-due"
    """Decided by now, while nobody can say what was known when due: imported without the times of its source."""
    RESTS_ON_LATE = "rests-on-late"
    """The verdict of now rests on an event that was recorded after the due."""
    KEPT_ON_LATE = "kept-on-late"
    """Kept only by what was recorded after the due."""
    MEASURED = "measured"
    """Stopped at a known instant, so that its time is in the median and the percentiles."""
    BY_DAY = "by-day"
    """Stopped on a known day, and so left out of them."""


Values = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """Which clocks a report is of, and how they are counted apart."""

    now: datetime
    """The instant at which they are looked at."""
    zone: str
    """In which months begin."""
    by: By = By.DUE
    period: Period = ALWAYS
    groups: tuple[Grouping, ...] = ()
    where: Mapping[Grouping, Values] = field(default_factory=dict)
    """Only clocks with one of these values; None is none."""
    worst: tuple[tuple[str, int, str], ...] = ()
    """Policies, versions and targets by which a case counts once, with the worst of its cycles."""
    reach: Reach = EVERYTHING
    """Of whose cases and obligations they are, as these are held now."""

    @property
    def apart(self) -> tuple[Grouping, ...]:
        """By what clocks are counted apart, beside their duty, each once."""
        return tuple(each for each in dict.fromkeys(self.groups) if each is not Grouping.DUTY)

    @property
    def asks_for_the_tree(self) -> bool:
        """Whether it matters where the units stood."""
        return not TREE.isdisjoint({*self.groups, *self.where})

    def of_group(self, duty: Duty, values: Mapping[Grouping, str | None]) -> Question:
        """The same for the clocks of one group alone."""
        group = {name: (value,) for name, value in values.items()}
        return Question(
            self.now,
            self.zone,
            self.by,
            self.period,
            (),
            {**self.where, Grouping.DUTY: (duty,), **group},
            self.worst,
            self.reach,
        )


def worst_of(policies: BookPolicies) -> tuple[tuple[str, int, str], ...]:
    """The targets by which a case counts once, with the worst of its cycles."""
    return tuple(
        (version.name, version.version, target.id)
        for version in policies.versions
        for target in version.document.targets
        if target.cycles == "worst"
    )


# What is asked of a clock ---------------------------------------------------------------------------------------------

# The due that falls on a midnight belongs to the day before it.
LAST_INSTANT = "due_at - CASE WHEN due_open_ended THEN interval '1 microsecond' ELSE interval '0' END"
STANDS: Mapping[By, LiteralString] = MappingProxyType({By.DUE: LAST_INSTANT, By.STARTED: "started_at"})
"""Where a clock stands in time."""

# Each leans on the index of its column, `due` or `started`, or on that of the tier or the target.
SINCE: Mapping[By, LiteralString] = MappingProxyType({
    By.DUE: "due_at >= %(since)s AND NOT (due_at = %(since)s AND due_open_ended)",
    By.STARTED: "started_at >= %(since)s",
})  # fmt: skip
BEFORE: Mapping[By, LiteralString] = MappingProxyType({
    By.DUE: "due_at <= %(before)s AND (due_at < %(before)s OR due_open_ended)",
    By.STARTED: "started_at < %(before)s",
})  # fmt: skip
IN_ORDER: Mapping[By, Order] = MappingProxyType({By.DUE: DUE, By.STARTED: STARTED})

# A clock that begins when the time of another one runs out is none before that.
BEGUN = "NOT (state = 'not-started' AND (started_at IS NULL OR started_at > %(now)s))"

MISSED_SINCE = f"(state <> 'overdue' AND {STATE_AT} = 'overdue')"
NOW_VERDICT = f"CASE WHEN {MISSED_SINCE} THEN 'missed' ELSE now_verdict END"
WHEN_DUE = f"CASE WHEN {MISSED_SINCE} THEN coalesce(when_due, 'missed') ELSE when_due END"
"""`verdicts_at` in SQL."""

SEEN = f"{STATE_AT} AS state_now, {NOW_VERDICT} AS known_now, {WHEN_DUE} AS known_then"
"""A clock as it is seen now."""

DUTY = "CASE WHEN policy_version = 0 THEN 'stated' WHEN statutory THEN 'statutory' ELSE 'internal' END"
VALUES: Mapping[Grouping, LiteralString] = MappingProxyType({
    Grouping.DUTY: DUTY,
    Grouping.UNIT: "unit",
    Grouping.BRANCH: "stood_branch",
    Grouping.TOP: "coalesce(stood_top, unit)",
    Grouping.HANDLER: "handler",
    Grouping.TIER: "tier",
    Grouping.KIND: "case_kind",
    Grouping.CATEGORY: "category",
    Grouping.CHANNEL: "channel",
    Grouping.PRIORITY: "priority",
    Grouping.TARGET: "target",
    Grouping.TARGET_KIND: "kind",
    Grouping.POLICY: "policy",
    Grouping.MONTH: "to_char(({stands}) AT TIME ZONE %(zone)s, 'YYYY-MM')",
})  # fmt: skip

WHICH: Mapping[Figure, LiteralString] = MappingProxyType({
    Figure.CLOCKS: "TRUE",
    Figure.MET: "state_now = 'met'",
    Figure.MET_LATE: "state_now = 'met-late'",
    Figure.OVERDUE: "state_now = 'overdue'",
    Figure.RUNNING: "state_now = 'running'",
    Figure.PAUSED: "state_now = 'paused'",
    Figure.CANCELLED: "state_now = 'cancelled'",
    Figure.LAPSED: "state_now = 'lapsed'",
    Figure.INFORMATIONAL: "state_now = 'informational'",
    Figure.KEPT: "known_now = 'kept'",
    Figure.MISSED: "known_now = 'missed'",
    Figure.KEPT_WHEN_DUE: "known_then = 'kept'",
    Figure.MISSED_WHEN_DUE: "known_then = 'missed'",
    Figure.REVISED: "known_then IS NOT NULL AND known_then IS DISTINCT FROM known_now",
    Figure.UNKNOWN_WHEN_DUE: "known_then IS NULL AND known_now IS NOT NULL",
    Figure.RESTS_ON_LATE: "rests_on_late",
    Figure.KEPT_ON_LATE: "rests_on_late AND known_now = 'kept'",
    Figure.MEASURED: "elapsed_seconds IS NOT NULL AND NOT stopped_by_day",
    Figure.BY_DAY: "elapsed_seconds IS NOT NULL AND stopped_by_day",
})  # fmt: skip
"""Which clocks a figure counts."""

TREE = frozenset({Grouping.BRANCH, Grouping.TOP})

# The unit is named as it was when the clock began, and stands where it stood at the due: two short lists, of a group's
# units and of what became of them, that the clocks are hashed against.
STOOD: LiteralString = """
LEFT JOIN unnest(%(names)s::text[], %(named)s::uuid[], %(named_since)s::timestamptz[], %(named_before)s::timestamptz[])
  AS borne (borne_name, borne_unit, borne_since, borne_before)
  ON borne_name = unit
    AND (borne_since IS NULL OR borne_since <= coalesce(started_at, due_at))
    AND (borne_before IS NULL OR coalesce(started_at, due_at) < borne_before)
LEFT JOIN unnest(%(stood)s::uuid[], %(branches)s::text[], %(tops)s::text[], %(stood_since)s::timestamptz[],
                 %(stood_before)s::timestamptz[])
  AS above (stood_unit, stood_branch, stood_top, stood_since, stood_before)
  ON stood_unit = borne_unit
    AND (stood_since IS NULL OR stood_since <= coalesce({last_instant}, started_at))
    AND (stood_before IS NULL OR coalesce({last_instant}, started_at) < stood_before)"""

# Where the policy says so a case counts once, with the worst of its cycles that lie in the period: a missed one before
# an open one before a kept one, and of two alike the later. The others are found by the primary key.
RANK = f"""
CASE WHEN {NOW_VERDICT} = 'missed' THEN 0 WHEN {STATE_AT} IN ('running', 'paused') THEN 1
     WHEN {NOW_VERDICT} = 'kept' THEN 2 ELSE 3 END,
CASE WHEN {WHEN_DUE} = 'missed' THEN 0 ELSE 1 END, -cycle, -instance"""
WORST: LiteralString = """
((policy, policy_version, target) NOT IN (
  SELECT * FROM unnest(%(worst_policies)s::text[], %(worst_versions)s::integer[], %(worst_targets)s::text[])
) OR ({rank}) <= ALL (
  SELECT {rank}
  FROM {table}
  WHERE book = %(book)s AND stream = timer.stream AND part = timer.part AND policy = timer.policy
    AND target = timer.target AND {inside}
))"""


class Clocks(NamedTuple):
    """The clocks of a question, as the FROM and WHERE of a statement, and its parameters."""

    text: str
    parameters: dict[str, Any]


def clocks_asked(
    question: Question, connection: psycopg.Connection, book: str, units: Sequence[UnitView] | None = None
) -> Clocks:
    """The clocks of a question; reads where the units stood, when that is asked for and they are not handed in.

    The text is put together out of constants, as `paging.cut` does.
    """
    inside = [IN_ORDER[question.by].only, BEGUN]
    inside += [SINCE[question.by]] if question.period.since is not None else []
    inside += [BEFORE[question.by]] if question.period.before is not None else []
    parameters: dict[str, Any] = {
        "book": book, "now": question.now, "zone": question.zone,
        "since": question.period.since, "before": question.period.before,
    }  # fmt: skip
    conditions = ["book = %(book)s", *inside]
    for place, (grouping, wanted) in enumerate(question.where.items()):
        conditions.append(_one_of(value_of(grouping, question.by), f"where_{place}", wanted))
        parameters[f"where_{place}"] = [str(value) for value in wanted if value is not None]
    of_reach, asked_with = within(question.reach)
    conditions += of_reach
    parameters |= asked_with
    if question.worst:
        policies, versions, targets = zip(*question.worst, strict=True)
        parameters |= {
            "worst_policies": list(policies), "worst_versions": list(versions), "worst_targets": list(targets),
        }  # fmt: skip
        conditions.append(WORST.replace("{rank}", RANK).replace("{inside}", " AND ".join(inside)))
    text = "FROM {table} AS timer"
    if question.asks_for_the_tree:
        text += STOOD.replace("{last_instant}", LAST_INSTANT)
        if units is None:
            units = [unit.of_row(row) for row in connection.execute(unit.ALL, {"book": book})]
        parameters |= _placed(lineages(units))
    return Clocks(f"{text}\nWHERE " + "\n  AND ".join(conditions), parameters)


def value_of(grouping: Grouping, by: By) -> str:
    return VALUES[grouping].replace("{stands}", STANDS[by])


def _one_of(value: str, name: str, wanted: Values) -> str:
    """That a value is one of those wanted; for one it is an equation, which an index may serve."""
    told = [each for each in wanted if each is not None]
    same = f"{value} = (%({name})s::text[])[1]" if len(told) == 1 else f"{value} = ANY(%({name})s::text[])"
    return same if None not in wanted else f"({same} OR {value} IS NULL)" if told else f"{value} IS NULL"


def _placed(tree: Lineages) -> dict[str, Any]:
    return {
        "names": [each.name for each in tree.borne],
        "named": [each.unit_id for each in tree.borne],
        "named_since": [each.since for each in tree.borne],
        "named_before": [each.before for each in tree.borne],
        "stood": [each.unit_id for each in tree.stood],
        "branches": [each.branch for each in tree.stood],
        "tops": [each.top for each in tree.stood],
        "stood_since": [each.since for each in tree.stood],
        "stood_before": [each.before for each in tree.stood],
    }
