"""Clocks and reports as they were known at a position, beside the views as they stood when the book had come there."""

import random
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import psycopg
import pytest

from domain.case.commands import RegisterCase, ResolveCase
from domain.case.events import Outcome
from domain.case.relations import MergeCase
from domain.correction import applied
from domain.customer import AssignTier, Tier
from domain.sla.clock import State
from domain.stream import Category, stream_of
from domain.unit.commands import MoveUnit, OpenUnit, RenameUnit
from domain.unit.events import UnitKind, id_of_unit
from ledger.database import Database
from ledger.errors import LedgerAway
from ledger.ledger import Ledger
from projections import as_known, unit
from projections.compliance import Report, RowKey, clocks_of_rows, clocks_of_rows_as_known, report, report_as_known
from projections.compliance_question import IN_ORDER, By, Duty, Figure, Grouping, Question
from projections.movement import Period
from projections.paging import Window
from projections.runner import Runner
from projections.sla_row import SlaTimer, state_at, verdicts_at
from projections.sla_timer import SLA_TIMER
from tests import conftest
from tests.ledger.submissions import OPENED, register_customer
from tests.projections.amended import Writers, kept
from tests.projections.books import case_id, customer_id, received
from tests.projections.regulated import (
    POLICY,
    calendar,
    promise,
    publish_calendar,
    publish_policy,
    something_new,
    tell,
)
from tests.projections.righted import corrected, voided

ZONE = "Asia/Shanghai"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LATER = OPENED + 400 * DAY
GROUPED = [(Grouping.TARGET,), (Grouping.BRANCH, Grouping.TARGET), (Grouping.TOP, Grouping.MONTH, Grouping.TIER), ()]


def worked_out(ledger: Ledger, position: int) -> list[SlaTimer]:
    """Every clock as known at a position, in the order in which the table is read here."""
    return in_order(row for part in as_known.clocks(ledger, position) for row in part.clocks)


def in_order(rows: Iterable[SlaTimer]) -> list[SlaTimer]:
    return sorted(rows, key=lambda row: [getattr(row, column) for column in SLA_TIMER.identity])


def told(ledger: Ledger, question: Question) -> Report:
    return report(ledger.database, ledger.book, question, units_at=partial(as_known.units, ledger))


def told_as_known(ledger: Ledger, question: Question, position: int) -> Report:
    rows = (part.clocks for part in as_known.clocks(ledger, position))
    return report_as_known(ledger, question, position, rows)


def questions(now: Any = LATER) -> list[Question]:
    worst = (("promises", 1, "resolution"), ("promises", 2, "legal"))
    asked = [Question(now, ZONE, groups=groups) for groups in GROUPED]
    asked.append(Question(now, ZONE, By.STARTED, groups=(Grouping.UNIT,), worst=worst))
    asked.append(Question(now, ZONE, where={Grouping.TOP: ("集团", None)}, period=Period(OPENED + 5 * DAY, None)))
    return asked


class Published:
    """What the views showed when a book had come to a position."""

    def __init__(self, ledger: Ledger) -> None:
        self.position = ledger.head()
        self.rows = kept(ledger, SLA_TIMER)
        self.units = sorted(unit.every(ledger.database, ledger.book))
        self.reports = [(question, told(ledger, question)) for question in questions()]

    def check(self, ledger: Ledger) -> None:
        """That all of it is what is worked out by now of what was known then."""
        assert worked_out(ledger, self.position) == self.rows
        lineage = [each._replace(version=0, position=0, last_recorded_at=OPENED) for each in self.units]
        again = [each._replace(version=0, position=0, last_recorded_at=OPENED)
                 for each in as_known.units(ledger, self.position)]  # fmt: skip
        assert sorted(again) == sorted(lineage)
        for question, before in self.reports:
            assert told_as_known(ledger, question, self.position) == before


def organised(ledger: Ledger) -> None:
    tell(ledger, OpenUnit(at=OPENED, name="集团", kind=UnitKind.GROUP))
    group = id_of_unit("集团")
    for name in ("North", "East"):
        tell(ledger, OpenUnit(at=OPENED, name=name, kind=UnitKind.BRANCH, parent=group))
    tell(ledger, OpenUnit(at=OPENED, name="South", kind=UnitKind.DESK, parent=id_of_unit("East")))


@pytest.mark.parametrize("seed", range(3))
def test_what_was_known_at_any_position_is_what_the_views_showed_there_whatever_is_written_afterwards(
    ledger: Ledger, runner: Runner, seed: int
) -> None:
    chance, writers = random.Random(seed), Writers(ledger, seed, customers=5, cases=20, amending=0.2)
    organised(ledger)
    published: list[Published] = []
    for number in range(5):
        writers.write(chance.randrange(20, 120))
        something_new(ledger, chance, 50 + number, OPENED + (40 + number) * DAY)
        renamed = RenameUnit(at=OPENED + number * DAY, unit_id=id_of_unit("East"), name=f"East {number}")
        tell(ledger, renamed, at=OPENED + (40 + number) * DAY)
        assert runner.catch_up(batch=chance.choice([7, 1_000])) == ledger.head()
        published.append(Published(ledger))
    for each in published:
        each.check(ledger)
    first, last = published[0], published[-1]
    assert {row.clock_id for row in first.rows} < {row.clock_id for row in last.rows}
    assert {row for row in last.rows if row.version} != {row for row in first.rows if row.version}
    assert [before for _, before in first.reports] != [before for _, before in last.reports]


# What comes afterwards, one by one ------------------------------------------------------------------------------------


def about(number: int) -> str:
    return stream_of(Category.CASE, case_id(number))


def took_in(ledger: Ledger, number: int, at: datetime = OPENED, **rest: Any) -> None:
    tell(ledger, received(number, at=at, **rest), at=at)
    tell(ledger, RegisterCase(at=at, case_id=case_id(number), unit="South"), at=at)


def resolved(ledger: Ledger, number: int, at: datetime, recorded: datetime | None = None) -> None:
    tell(ledger, ResolveCase(at=at, case_id=case_id(number), outcome=Outcome.UPHELD), at=recorded or at)


CUT = OPENED + 20 * DAY
AFTER = CUT + DAY


def a_late_record(ledger: Ledger) -> None:
    resolved(ledger, 1, OPENED + HOUR, recorded=AFTER)


def a_correction(ledger: Ledger) -> None:
    corrected(ledger, about(2), 1, ledger.history(about(2))[0].event, at=OPENED - 5 * DAY)


def a_void(ledger: Ledger) -> None:
    voided(ledger, about(2), 4)


def an_edited_policy(ledger: Ledger) -> None:
    shorter = [
        {**each, "clock": {"type": "business_days", "amount": 1}} if each["id"] == "resolution" else each
        for each in POLICY["targets"]
    ]
    publish_policy(ledger, {**POLICY, "targets": shorter}, since=AFTER.date(), at=AFTER)
    took_in(ledger, 7, at=AFTER + DAY)


def a_calendar_published_late(ledger: Ledger) -> None:
    saturday = {"working_days": [{"date": "2026-01-24", "like": "mon"}]}
    publish_calendar(ledger, calendar(2, date(2026, 1, 7), date(2026, 1, 26), **saturday), at=AFTER)


def a_merge(ledger: Ledger) -> None:
    tell(ledger, MergeCase(at=AFTER, case_id=case_id(1), into=case_id(3)), at=AFTER)


def a_tier(ledger: Ledger) -> None:
    tell(ledger, AssignTier(at=OPENED, customer_id=customer_id(1), tier=Tier.GOLD), at=AFTER)


def another_tree(ledger: Ledger) -> None:
    tell(ledger, MoveUnit(at=OPENED + HOUR, unit_id=id_of_unit("South"), parent=id_of_unit("North")), at=AFTER)
    tell(ledger, RenameUnit(at=OPENED + HOUR, unit_id=id_of_unit("North"), name="Far north"), at=AFTER)


def more_cases(ledger: Ledger) -> None:
    for number in (4, 5):
        took_in(ledger, number, at=AFTER)


@pytest.mark.parametrize(
    "happens",
    [
        a_late_record, a_correction, a_void, an_edited_policy, a_calendar_published_late, a_merge, a_tier,
        another_tree, more_cases,
    ],
    ids=lambda happens: happens.__name__,
)  # fmt: skip
def test_what_comes_after_the_cut_off_changes_what_is_known_now_and_not_what_was_known_then(
    ledger: Ledger, runner: Runner, happens: Callable[[Ledger], None]
) -> None:
    organised(ledger)
    promise(ledger)
    tell(ledger, register_customer(customer_id(1)))
    for number in (1, 2):
        took_in(ledger, number, customer_id=customer_id(1))
    resolved(ledger, 2, OPENED + DAY)
    took_in(ledger, 3, at=CUT)
    assert runner.catch_up() == ledger.head()
    before = Published(ledger)
    happens(ledger)
    assert runner.catch_up() == ledger.head()
    before.check(ledger)
    assert [told(ledger, question) for question, _ in before.reports] != [each for _, each in before.reports]
    assert (kept(ledger, SLA_TIMER), sorted(unit.every(ledger.database, ledger.book))) != (before.rows, before.units)


def test_behind_a_figure_as_known_then_lie_the_clocks_that_it_counted_then(ledger: Ledger, runner: Runner) -> None:
    organised(ledger)
    promise(ledger)
    for number in (1, 2):
        took_in(ledger, number)
    assert runner.catch_up() == ledger.head()
    position, question = ledger.head(), Question(AFTER, ZONE, groups=(Grouping.BRANCH,))
    window = Window(IN_ORDER[By.DUE], limit=3)
    east = [RowKey(Duty.INTERNAL, ("East",))]
    before = clocks_of_rows(ledger.database, "main", question, east, window, Figure.MISSED)
    another_tree(ledger)
    a_late_record(ledger)
    assert runner.catch_up() == ledger.head()
    rows = [[row] for row in worked_out(ledger, position)]
    assert clocks_of_rows_as_known(ledger, question, position, rows, east, window, Figure.MISSED) == before
    assert clocks_of_rows(ledger.database, "main", question, east, window, Figure.MISSED) != before


# How it is done -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at_once", [1, 2, 500])
def test_so_many_subjects_at_a_time_give_the_same_rows(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    promise(ledger)
    for number in range(5):
        took_in(ledger, number)
    a_merge(ledger)
    monkeypatch.setattr(as_known, "SUBJECTS_AT_ONCE", at_once)
    parts = list(as_known.clocks(ledger, ledger.head()))
    assert [part.subjects for part in parts] == [min(at_once, 5 - at) for at in range(0, 5, at_once)]
    assert [part.position for part in parts] == sorted(part.position for part in parts)
    assert as_known.subjects_by(ledger, ledger.head(), 3) == 3
    monkeypatch.undo()
    assert worked_out(ledger, ledger.head()) == sorted(
        (row for part in parts for row in part.clocks),
        key=lambda row: [getattr(row, each) for each in SLA_TIMER.identity],
    )


def test_nobody_else_sees_what_was_worked_out_and_the_view_stays_as_it_is(ledger: Ledger, runner: Runner) -> None:
    promise(ledger)
    took_in(ledger, 1)
    runner.catch_up()
    before = kept(ledger, SLA_TIMER)
    rows = [part.clocks for part in as_known.clocks(ledger, ledger.head())]
    with as_known.aside(ledger.database, "main", rows) as connection:
        query = as_known.KNOWN.query("SELECT count(*) FROM {table}")
        assert connection.execute(query).fetchone() == (len(before),)
        with pytest.raises(psycopg.errors.UndefinedTable):
            ledger.database.rows(query)
    assert kept(ledger, SLA_TIMER) == before


def test_without_the_views_what_was_known_is_counted_all_the_same(ledger: Ledger) -> None:
    promise(ledger)
    took_in(ledger, 1)
    answer = told_as_known(ledger, Question(LATER, ZONE, groups=(Grouping.TOP,)), ledger.head())
    assert {row.group[Grouping.TOP]: row.figures.counts[Figure.CLOCKS] for row in answer.rows} == {"South": 5}


def test_a_role_that_may_make_no_temporary_table_is_told_what_it_lacks(
    ledger: Ledger, database: conftest.Database
) -> None:
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        revoke = psycopg.sql.SQL("REVOKE TEMPORARY ON DATABASE {} FROM PUBLIC")
        connection.execute(revoke.format(psycopg.sql.Identifier(database.name)))
    with pytest.raises(as_known.NoTableAside, match="as a role with TEMPORARY on it"):
        told_as_known(ledger, Question(LATER, ZONE), ledger.head())


def test_a_lost_connection_is_told_as_a_ledger_that_does_not_answer(
    ledger: Ledger, database: conftest.Database
) -> None:
    def cut_off(connection: psycopg.Connection) -> None:
        with psycopg.connect(database.owner_url, autocommit=True) as owner:
            owner.execute("SELECT pg_terminate_backend(%s)", (connection.info.backend_pid,))
        connection.execute("SELECT 1")

    def count() -> None:
        with as_known.aside(ledger.database, "main", []) as connection:
            cut_off(connection)

    with pytest.raises(LedgerAway):
        count()


def test_a_clock_is_never_looked_at_before_what_it_shows_was_recorded(ledger: Ledger, runner: Runner) -> None:
    promise(ledger)
    took_in(ledger, 1, at=AFTER)
    runner.catch_up()
    too_early = Question(OPENED, ZONE)
    for answer in (told(ledger, too_early), told_as_known(ledger, too_early, ledger.head())):
        assert answer.question == Question(AFTER, ZONE)


def test_a_tree_that_is_further_than_the_clocks_is_counted_as_it_was_known_with_them(
    ledger: Ledger, projected: Database, runner: Runner
) -> None:
    organised(ledger)
    promise(ledger)
    took_in(ledger, 1)
    runner.catch_up()
    question = Question(LATER, ZONE, groups=(Grouping.BRANCH,))
    before = told(ledger, question)
    another_tree(ledger)
    ahead = Runner(ledger, projected, [unit.UNIT])
    assert ahead.catch_up() == ledger.head()
    assert told(ledger, question) == before
    runner.catch_up()
    assert told(ledger, question).rows != before.rows


# At an instant --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(2))
def test_the_clocks_of_a_case_at_an_instant_are_those_of_a_book_in_which_nothing_happened_after_it(
    ledger: Ledger, seed: int
) -> None:
    writers = Writers(ledger, seed, customers=5, cases=12, amending=0.2)
    organised(ledger)
    writers.write(150)
    position, streams = ledger.head(), [about(number) for number in range(12)]
    occurred = sorted(each.occurred_at for stream in streams for each in applied(ledger.history(stream)))
    instants = [occurred[0] - HOUR, *occurred[:: len(occurred) // 6], occurred[-1], LATER]
    seen = set()
    for at in instants:
        for stream, timers in as_known.clocks_at(ledger, streams, position, at).items():
            history = [each for each in applied(ledger.history(stream)) if each.occurred_at <= at]
            assert bool(timers) <= bool(history)
            for timer in timers:
                assert timer.reckoned_at == at
                assert timer.started_at is None or timer.started_at <= at or timer.state is State.NOT_STARTED
                assert timer.stopped_at is None or timer.stopped_at <= at
                seen.add(timer.state)
    assert {State.RUNNING, State.OVERDUE} <= seen
    late = {row.clock_id: row for row in worked_out(ledger, position)}
    at_the_end = as_known.clocks_at(ledger, streams, position, LATER)
    for timer in (each for timers in at_the_end.values() for each in timers):
        assert (timer.state, timer.now_verdict) == (
            state_at(late[timer.clock_id], LATER), verdicts_at(late[timer.clock_id], LATER)[1],
        )  # fmt: skip
