"""The compliance report: how many deadlines were kept in a period, how long it took, and which clocks these were."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, LiteralString, NamedTuple

import psycopg

from domain.stream import Category
from ledger.book import RECORDED_AT
from ledger.database import Database
from ledger.ledger import Ledger
from projections import as_known
from projections.compliance_question import DUTY, SEEN, WHICH, Duty, Figure, Grouping, Question, clocks_asked, value_of
from projections.paging import Page, Window, paged
from projections.reading import Knows
from projections.reckoning import Reckoning
from projections.sla_row import SlaTimer, of_row
from projections.sla_timer import SLA_TIMER
from projections.unit import UNIT, UnitView

MOST_ROWS = 1_000
"""A report that people read has fewer rows; a program may ask for more."""


class Lasting(NamedTuple):
    """How long it took, in seconds; None when nothing was measured. So many of a hundred took no longer."""

    median: int | None = None
    nine_tenths: int | None = None
    ninety_nine: int | None = None


class Share(NamedTuple):
    """So many of so many."""

    met: int
    total: int


class Figures(NamedTuple):
    """What is said of a group of clocks."""

    counts: Mapping[Figure, int]
    elapsed: Lasting
    """From start to stop by the clock on the wall."""
    counted: Lasting
    """In the target's own time, such as working time."""

    @property
    def share(self) -> Share:
        """How many of those decided are kept, as known now."""
        return Share(self.counts[Figure.KEPT], self.counts[Figure.KEPT] + self.counts[Figure.MISSED])

    @property
    def share_when_due(self) -> Share:
        """The same as known when due."""
        kept = self.counts[Figure.KEPT_WHEN_DUE]
        return Share(kept, kept + self.counts[Figure.MISSED_WHEN_DUE])


class Row(NamedTuple):
    """A group of clocks and what is said of it."""

    duty: Duty
    group: Mapping[Grouping, str | None]
    """Its values, in the order in which they were asked for; None is none."""
    figures: Figures
    title_en: str | None = None
    """Of the target, when the group is of one and all its clocks call it the same."""
    title_zh: str | None = None


class Basis(NamedTuple):
    """The versions on which some clocks rest; policy version 0 is a date that somebody stated."""

    policy: str
    policy_version: int
    calendar: str
    calendar_version: int
    zone_data: str
    engine: int


class Report(NamedTuple):
    """The rows of a report, by the values of their groups, all of it as the views stood at one position."""

    question: Question
    """As it was answered: at an instant not before the position was recorded."""
    position: int
    totals: Sequence[Row]
    """One for each duty that occurs."""
    rows: Sequence[Row]
    has_more: bool
    """Whether there are more groups than were asked for."""
    versions: Sequence[Basis]


# Questions ------------------------------------------------------------------------------------------------------------

# What the report asks of each clock is worked out once, behind the OFFSET, rather than once for each figure.
REPORT: LiteralString = """
SELECT {totals}, duty, {groups}{titles}
  percentile_disc(ARRAY[0.5, 0.9, 0.99]) WITHIN GROUP (ORDER BY elapsed_seconds) FILTER (WHERE {measured}),
  percentile_disc(ARRAY[0.5, 0.9, 0.99]) WITHIN GROUP (ORDER BY counted_seconds) FILTER (WHERE {measured}),
  {counts}
FROM (
  SELECT {values}, {seen}, rests_on_late, elapsed_seconds, counted_seconds, stopped_by_day, title_en, title_zh
  {clocks}
  OFFSET 0
) AS seen
GROUP BY {sets}
ORDER BY {totals} DESC, array_position(ARRAY['statutory', 'internal', 'stated'], duty), {order}
LIMIT %(most)s
"""
TITLES = """
CASE WHEN min(title_en COLLATE "C") = max(title_en COLLATE "C") THEN min(title_en) END,
CASE WHEN min(title_zh COLLATE "C") = max(title_zh COLLATE "C") AND count(title_zh) = count(*)
     THEN min(title_zh) END,"""
UNTITLED = "NULL, NULL,"

# The same clocks, and every version that they name.
VERSIONS: LiteralString = """
SELECT DISTINCT policy, policy_version, calendar, calendar_version, zone_data, engine
{clocks}
ORDER BY policy, policy_version, calendar, calendar_version, zone_data, engine
"""

# Leans on the primary key of cursor.
REACHED = """
SELECT projection, position FROM views.cursor JOIN views.live USING (projection, version)
WHERE book = %(book)s AND NOT anew AND projection = ANY(%(views)s)
"""
# Leans on the primary key of event. The two views stand close to each other as a rule.
TREE_GREW = """
SELECT EXISTS (
  SELECT FROM ledger.event
  WHERE book = %(book)s AND position > %(after)s AND position <= %(upto)s AND split_part(stream, '-', 1) = %(kind)s)
"""

UnitsAt = Callable[[int], Sequence[UnitView]]
"""The units as known at a position."""


def report(
    database: Database, book: str, question: Question, most: int = MOST_ROWS, *, units_at: UnitsAt | None = None
) -> Report:
    """The report, in one view of the book: nothing that is written meanwhile is in one part of it alone.

    However many clocks there are, only its rows come here. Clocks and units are kept by cursors of their own; where
    the tree grew between those, `units_at` says how it stood as known at the position of the clocks.
    Raises: LedgerAway.
    """

    def read(connection: psycopg.Connection) -> Report:
        with connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            views = [SLA_TIMER.name, UNIT.name]
            reached: dict[str, int] = dict(connection.execute(REACHED, {"book": book, "views": views}).fetchall())
            position, units = reached.get(SLA_TIMER.name, 0), None
            if question.asks_for_the_tree and units_at is not None:
                after, upto = sorted((position, reached.get(UNIT.name, 0)))
                between = {"book": book, "after": after, "upto": upto, "kind": Category.UNIT}
                if connection.execute(TREE_GREW, between).fetchone() == (True,):
                    units = units_at(position)
            return _counted(connection, SLA_TIMER, book, question, position, units, most)

    return database.patiently(read)


def report_as_known(
    ledger: Ledger,
    question: Question,
    position: int,
    clocks: Iterable[Sequence[SlaTimer]],
    most: int = MOST_ROWS,
    *,
    knows: Knows | None = None,
    back: bool = False,
) -> Report:
    """The same out of clocks as known at a position, which are counted by the same statements.

    `back` is for clocks as they stood at the question's instant, be it before the position was recorded, and who
    `knows` for those of which that was asked. Raises: NoTableAside, LedgerAway, DiskFull, and whatever comes of working
    the clocks out.
    """
    with as_known.aside(ledger.database, ledger.book, clocks) as connection:
        units = units_as_known(ledger, question, position, knows=knows, back=back)
        return _counted(connection, as_known.KNOWN, ledger.book, question, position, units, most, back=back)


def units_as_known(
    ledger: Ledger, question: Question, position: int, *, knows: Knows | None = None, back: bool = False
) -> list[UnitView]:
    """The units by which a question counts; none when it does not ask where they stood."""
    at = question.now if back else None
    return as_known.units(ledger, position, knows=knows, at=at) if question.asks_for_the_tree else []


def _counted(
    connection: psycopg.Connection,
    view: Reckoning[SlaTimer],
    book: str,
    question: Question,
    position: int,
    units: Sequence[UnitView] | None,
    most: int,
    *,
    back: bool = False,
) -> Report:
    """The report by the rows of one table. No clock is looked at before what it shows was recorded, but for those that
    stand as they did at the very instant."""
    if not back:
        for (recorded,) in connection.execute(RECORDED_AT, {"book": book, "position": position}):
            question = replace(question, now=max(question.now, recorded))
    clocks = clocks_asked(question, connection, book, units)
    room = most + 1 + len(Duty)
    asked = view.query(_report(question, clocks.text))
    found = connection.execute(asked, {**clocks.parameters, "most": room}, binary=True).fetchall()
    versions = view.query(VERSIONS.replace("{clocks}", clocks.text))
    rests = [Basis(*row) for row in connection.execute(versions, clocks.parameters, binary=True)]
    totals = [_total(_row(question, rest)) for is_total, *rest in found if is_total]
    rows = [_row(question, rest) for is_total, *rest in found if not is_total]
    return Report(question, position, totals if question.apart else rows, rows[:most], len(rows) > most, rests)


def _report(question: Question, clocks: str) -> str:
    names = [f"group_{place}" for place, _ in enumerate(question.apart)]
    values = [f"{DUTY} AS duty"]
    values += [
        f'({value_of(each, question.by)}) COLLATE "C" AS {name}'
        for each, name in zip(question.apart, names, strict=True)
    ]
    whole = ", ".join(["duty", *names])
    told = {
        "{totals}": f"grouping({names[0] if names else 'duty'}) = 1",
        "{groups}": "".join(f"{name}, " for name in names),
        "{titles}": TITLES if Grouping.TARGET in question.apart else UNTITLED,
        "{measured}": WHICH[Figure.MEASURED],
        "{counts}": ",\n  ".join(f"count(*) FILTER (WHERE {which})" for which in WHICH.values()),
        "{values}": ", ".join(values),
        "{seen}": SEEN,
        "{clocks}": clocks,
        "{sets}": f"GROUPING SETS (({whole}), (duty))" if names else "duty",
        "{order}": ", ".join(f"{name} NULLS LAST" for name in names) or "duty",
    }
    text: str = REPORT
    for name, what in told.items():
        text = text.replace(name, what)
    return text


def _row(question: Question, row: Sequence[Any]) -> Row:
    apart = question.apart
    duty, *rest = row
    values, (title_en, title_zh, elapsed, counted, *counts) = rest[: len(apart)], rest[len(apart) :]
    return Row(
        Duty(duty),
        dict(zip(apart, values, strict=True)),
        Figures(dict(zip(WHICH, counts, strict=True)), _lasting(elapsed), _lasting(counted)),
        title_en,
        None if title_en is None else title_zh,
    )


def _total(row: Row) -> Row:
    return row._replace(group={}, title_en=None, title_zh=None)


def _lasting(seconds: Sequence[int] | None) -> Lasting:
    return Lasting() if seconds is None else Lasting(*seconds)


# The rows of a page are read in the order of the index `due` or `started`.
CLOCKS: LiteralString = """
SELECT {columns} FROM (
  SELECT timer.*, {seen}
  {clocks}
) AS seen
WHERE {conditions}
ORDER BY {ordering}
LIMIT %(limit)s
"""


class RowKey(NamedTuple):
    """What tells a row of a report from its others; of a total there are no values."""

    duty: Duty
    values: tuple[str | None, ...] = ()


# All rows of one depth at once: the clocks of the question are numbered within their rows, and joined to those wanted.
CLOCKS_OF_ROWS: LiteralString = """
SELECT wanted_place, {columns} FROM (
  SELECT seen.*, row_number() OVER (PARTITION BY {row} ORDER BY {ordering}) AS nth
  FROM (
    SELECT timer.*, {seen}, {values}
    {clocks}
    OFFSET 0
  ) AS seen
  WHERE {conditions}
) AS ranked
JOIN unnest({wanted}) WITH ORDINALITY AS wanted({names}, wanted_place) ON {same}
WHERE nth <= %(limit)s
ORDER BY wanted_place, nth
"""


def clocks_of_rows(
    database: Database, book: str, question: Question, rows: Sequence[RowKey], window: Window,
    figure: Figure = Figure.CLOCKS,
) -> dict[RowKey, Page[SlaTimer]]:  # fmt: skip
    """For each of some rows of a report the part that a window cuts from the clocks that a figure counts.

    That takes a statement for the rows of a report and another for its totals. Raises: BadPlace, LedgerAway.
    """
    return database.patiently(
        lambda connection: _pages(connection, SLA_TIMER, book, question, None, rows, window, figure)
    )


def clocks_of_rows_as_known(
    ledger: Ledger, question: Question, position: int, clocks: Iterable[Sequence[SlaTimer]], rows: Sequence[RowKey],
    window: Window, figure: Figure = Figure.CLOCKS, *, knows: Knows | None = None, back: bool = False,
) -> dict[RowKey, Page[SlaTimer]]:  # fmt: skip
    """The same of clocks as known at a position. Raises: BadPlace, NoTableAside, LedgerAway, DiskFull."""
    with as_known.aside(ledger.database, ledger.book, clocks) as connection:
        units = units_as_known(ledger, question, position, knows=knows, back=back)
        return _pages(connection, as_known.KNOWN, ledger.book, question, units, rows, window, figure)


def _pages(
    connection: psycopg.Connection,
    view: Reckoning[SlaTimer],
    book: str,
    question: Question,
    units: Sequence[UnitView] | None,
    rows: Sequence[RowKey],
    window: Window,
    figure: Figure,
) -> dict[RowKey, Page[SlaTimer]]:
    found: dict[RowKey, Page[SlaTimer]] = {}
    for apart in (question.apart, ()):
        wanted = [row for row in rows if len(row.values) == len(apart)]
        if len(wanted) == 1:  # the index that the order leans on ends with the page
            of_group = question.of_group(wanted[0].duty, dict(zip(apart, wanted[0].values, strict=True)))
            found[wanted[0]] = _page(connection, view, book, of_group, units, window, figure)
        elif wanted:
            found |= _pages_of(connection, view, book, question, apart, units, wanted, window, figure)
        if not question.apart:
            break
    return found


def _pages_of(
    connection: psycopg.Connection,
    view: Reckoning[SlaTimer],
    book: str,
    question: Question,
    apart: Sequence[Grouping],
    units: Sequence[UnitView] | None,
    wanted: Sequence[RowKey],
    window: Window,
    figure: Figure,
) -> dict[RowKey, Page[SlaTimer]]:
    inside, places = window.condition()
    clocks = clocks_asked(question, connection, book, units)
    names = [f"group_{place}" for place, _ in enumerate(apart)]
    values = [f'({value_of(each, question.by)}) COLLATE "C" AS {name}' for each, name in zip(apart, names, strict=True)]
    # Two that are none are alike in this, and the join can be hashed.
    same = [f"coalesce({name}, '') = wanted_{name} AND ({name} IS NULL) = none_{name}" for name in names]
    asked_names = [f"{kind}_{name}" for name in names for kind in ("wanted", "none")]
    text: str = CLOCKS_OF_ROWS
    for name, what in {
        "{row}": ", ".join(["row_duty", *names]),
        "{ordering}": window.ordering(),
        "{seen}": SEEN,
        "{values}": ", ".join([f"{DUTY} AS row_duty", *values]),
        "{clocks}": clocks.text,
        "{conditions}": " AND ".join([*inside, WHICH[figure]]),
        "{wanted}": ", ".join(
            ["%(wanted_duty)s::text[]"]
            + [f"%({name})s::{'text' if name.startswith('wanted') else 'boolean'}[]" for name in asked_names]
        ),
        "{names}": ", ".join(["wanted_duty", *asked_names]),
        "{same}": " AND ".join(["row_duty = wanted_duty", *same]),
    }.items():
        text = text.replace(name, what)
    parameters = {**clocks.parameters, **places, "limit": window.limit + 1}
    parameters["wanted_duty"] = [row.duty.value for row in wanted]
    for place, name in enumerate(names):
        parameters[f"wanted_{name}"] = [row.values[place] or "" for row in wanted]
        parameters[f"none_{name}"] = [row.values[place] is None for row in wanted]
    found: dict[RowKey, list[SlaTimer]] = {row: [] for row in wanted}
    for place, *row in connection.execute(view.query(text), parameters, binary=True):
        found[wanted[place - 1]].append(of_row(row))
    return {row: paged(timers, window) for row, timers in found.items()}


def _page(
    connection: psycopg.Connection,
    view: Reckoning[SlaTimer],
    book: str,
    question: Question,
    units: Sequence[UnitView] | None,
    window: Window,
    figure: Figure,
) -> Page[SlaTimer]:
    inside, places = window.condition()
    clocks = clocks_asked(question, connection, book, units)
    text: str = CLOCKS.replace("{clocks}", clocks.text).replace("{seen}", SEEN)
    text = text.replace("{conditions}", " AND ".join([*inside, WHICH[figure]]))
    asked = view.query(text.replace("{ordering}", window.ordering()))
    parameters = {**clocks.parameters, **places, "limit": window.limit + 1}
    rows = connection.execute(asked, parameters, binary=True).fetchall()
    return paged([of_row(row) for row in rows], window)
