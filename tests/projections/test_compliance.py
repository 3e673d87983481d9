"""The compliance report beside a count in Python over the engine's own clocks, group by group and figure by figure."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest

from domain.case.commands import RegisterCase, ReopenCase, ResolveCase
from domain.case.due import DueOrigin, StateDue
from domain.case.events import Outcome
from domain.envelope import Source
from domain.event import Precision
from domain.policy import stream_of_policies
from domain.sla.clock import Clock, State, Verdict
from domain.unit.commands import MoveUnit, OpenUnit, RenameUnit
from domain.unit.events import UnitKind, id_of_unit
from ledger.database import Database
from ledger.ledger import Ledger
from projections.compliance import Figures, Lasting, Row, RowKey, Share, clocks_of_rows, report
from projections.compliance_question import IN_ORDER, By, Duty, Figure, Grouping, Question, clocks_asked, worst_of
from projections.movement import Period
from projections.paging import Window
from projections.reckoning import Reckoning, Subject
from projections.runner import Runner
from projections.sla_row import SlaTimer, clock_id
from projections.sla_timer import SLA_TIMER, asked
from projections.unit import tree_as_of
from tests import conftest
from tests.ledger.submissions import OPENED, submission
from tests.projections.amended import Writers, _subject
from tests.projections.books import case_id, received
from tests.projections.regulated import POLICY, STATUTE, promise, publish_policy, target, tell

ZONE = "Asia/Shanghai"
HOUR, DAY, TICK = timedelta(hours=1), timedelta(days=1), timedelta(microseconds=1)
LATER = OPENED + timedelta(days=60)
GROUP, NORTH, SOUTH = (id_of_unit(name) for name in ("集团", "North", "South"))


class Seen:
    """A clock as the engine has it now, with what its row says of its subject."""

    def __init__(self, clock: Clock, row: SlaTimer) -> None:
        self.clock = clock
        self.row = row
        # While it is paused its due moves on, and the row has it as of the last event.
        self.due_at = row.due_at if clock.state is State.PAUSED or clock.due is None else clock.due.at
        self.open_ended = clock.due is not None and clock.due.open_ended

    @property
    def duty(self) -> Duty:
        if self.clock.basis.policy_version == 0:
            return Duty.STATED
        return Duty.INTERNAL if self.clock.statute is None else Duty.STATUTORY

    def stands(self, by: By) -> datetime | None:
        """When it is due, or began; a midnight belongs to the day before it."""
        if by is By.STARTED:
            return self.clock.started_at
        return None if self.due_at is None else self.due_at - (TICK if self.open_ended else timedelta())

    def counts_as(self, figure: Figure) -> bool:
        clock, state = self.clock, self.clock.state
        match figure:
            case Figure.CLOCKS:
                return True
            case Figure.KEPT:
                return clock.now is Verdict.KEPT
            case Figure.MISSED:
                return clock.now is Verdict.MISSED
            case Figure.KEPT_WHEN_DUE:
                return clock.when_due is Verdict.KEPT
            case Figure.MISSED_WHEN_DUE:
                return clock.when_due is Verdict.MISSED
            case Figure.REVISED:
                return clock.when_due is not None and clock.when_due is not clock.now
            case Figure.UNKNOWN_WHEN_DUE:
                return clock.now is not None and clock.when_due is None
            case Figure.RESTS_ON_LATE:
                return clock.rests_on_late
            case Figure.KEPT_ON_LATE:
                return clock.rests_on_late and clock.now is Verdict.KEPT
            case Figure.MEASURED | Figure.BY_DAY:
                stopped = clock.stop is not None and clock.started_at is not None
                return stopped and (clock.stop is not None and clock.stop.by_day) is (figure is Figure.BY_DAY)
            case _:
                return state.value == figure.value


class Count:
    """Everything in a book counted one clock after the other."""

    def __init__(self, ledger: Ledger, now: datetime) -> None:
        self._ledger = ledger
        self._trees: dict[datetime, Any] = {}
        rows = {row.clock_id: row for row in rows_of(ledger)}
        found = [clock for told in subjects(ledger) for clock in asked(told).clocks(now)]
        begun = [clock for clock in found if clock.state is not State.NOT_STARTED]
        self.seen = [Seen(clock, rows[clock_id(clock.key)]) for clock in begun]

    def _tree(self, at: datetime) -> Any:
        if at not in self._trees:
            self._trees[at] = tree_as_of(self._ledger.database, self._ledger.book, at)
        return self._trees[at]

    def value(self, grouping: Grouping, seen: Seen, by: By) -> str | None:
        """What a clock has of what it is grouped by."""
        row = seen.row
        match grouping:
            case Grouping.DUTY:
                return seen.duty
            case Grouping.BRANCH | Grouping.TOP:
                return self._stood(grouping, seen)
            case Grouping.KIND:
                return row.case_kind
            case Grouping.TARGET_KIND:
                return row.kind
            case Grouping.MONTH:
                at = seen.stands(by)
                return None if at is None else f"{at.astimezone(ZoneInfo(ZONE)):%Y-%m}"
            case _:
                told: str | None = getattr(row, grouping.value)
                return told

    def _stood(self, grouping: Grouping, seen: Seen) -> str | None:
        name, began = seen.row.unit, seen.clock.started_at
        assert began is not None
        unit = None if name is None else self._tree(began).called(name)
        path = () if unit is None else self._tree(seen.stands(By.DUE) or began).path(unit.unit_id)
        if grouping is Grouping.TOP:
            return path[0].name if path else name
        return next((each.name for each in reversed(path) if each.kind is UnitKind.BRANCH), None)

    def of(self, question: Question) -> list[Seen]:
        """The clocks that a question is about."""
        return [seen for seen in self.seen if self._is_in(seen, question)]

    def _is_in(self, seen: Seen, question: Question) -> bool:
        at, period = seen.stands(question.by), question.period
        if at is None or (period.since and at < period.since) or (period.before and at >= period.before):
            return False
        return all(self.value(each, seen, question.by) in wanted for each, wanted in question.where.items())

    def report(self, question: Question) -> dict[tuple[str | None, ...], list[Seen]]:
        """The clocks of each row."""
        groups: dict[tuple[str | None, ...], list[Seen]] = {}
        for seen in self.of(question):
            key = tuple(self.value(each, seen, question.by) for each in (Grouping.DUTY, *question.apart))
            groups.setdefault(key, []).append(seen)
        return groups


def subjects(ledger: Ledger) -> Iterator[Subject]:
    """Every case and obligation that has a history, as the engine is asked about it."""
    view: Reckoning[Any] = SLA_TIMER
    standing = ledger.standing(view.beside(ledger.book), ledger.head())
    written: dict[str, list[Any]] = {}
    for recorded in ledger.since(0):
        written.setdefault(recorded.stream, []).append(recorded)
    for stream in written:
        if stream.partition("-")[0] in view.subjects:
            told = _subject(view, stream, written, standing)
            if told.history:
                yield told


def rows_of(ledger: Ledger) -> list[SlaTimer]:
    return [row for told in subjects(ledger) for row in SLA_TIMER.rows(told)]


def figures_of(those: Sequence[Seen]) -> Figures:
    counts = {figure: sum(seen.counts_as(figure) for seen in those) for figure in Figure}
    measured = [seen.clock for seen in those if seen.counts_as(Figure.MEASURED)]
    elapsed = [clock.stop.at - clock.started_at for clock in measured if clock.stop and clock.started_at]
    return Figures(counts, lasting(elapsed), lasting([clock.counted for clock in measured]))


def lasting(times: Sequence[timedelta]) -> Lasting:
    """The least time that so many of a hundred did not exceed."""
    ordered = sorted(time // timedelta(seconds=1) for time in times)
    if not ordered:
        return Lasting()
    return Lasting(*(ordered[ceil(percent * len(ordered) / 100) - 1] for percent in (50, 90, 99)))


@pytest.fixture
def random_book(ledger: Ledger, runner: Runner) -> Ledger:
    """A book of whatever happens, with units that are moved and renamed meanwhile, read into its views."""
    tell(ledger, OpenUnit(at=OPENED, name="集团", kind=UnitKind.GROUP))
    tell(
        ledger,
        OpenUnit(at=OPENED, name="North", kind=UnitKind.BRANCH, parent=GROUP),
        OpenUnit(at=OPENED, name="South", kind=UnitKind.DESK, parent=NORTH),
        OpenUnit(at=OPENED, name="East", kind=UnitKind.BRANCH, parent=GROUP),
    )
    writers = Writers(ledger, 11, customers=6, cases=40, amending=0.1)
    writers.write(300)
    at = OPENED + timedelta(days=32)
    tell(ledger, MoveUnit(at=at, unit_id=SOUTH, parent=id_of_unit("East")), at=at)
    tell(ledger, RenameUnit(at=at + DAY, unit_id=id_of_unit("East"), name="East and South"), at=at + DAY)
    writers.write(300)
    told_otherwise(ledger)
    assert runner.catch_up() == ledger.head()
    return ledger


def told_otherwise(ledger: Ledger) -> None:
    """What the writers do not come to: late answers, late records, stops known by their day, dates out of a file."""
    began = LATER - 10 * DAY
    for number in range(900, 904):
        tell(ledger, received(number, at=began), at=began)
        tell(ledger, RegisterCase(at=began, case_id=case_id(number), unit="South"), at=began)
    for number, after, recorded, precision in (
        (900, 1, 1, Precision.DAY), (901, 1, 9, Precision.INSTANT), (902, 9, 9, Precision.INSTANT),
    ):  # fmt: skip
        about: dict[str, Any] = {"case_id": case_id(number), "at": began + after * DAY, "precision": precision}
        tell(ledger, ResolveCase(**about, outcome=Outcome.UPHELD), at=began + recorded * DAY)
    about = {"case_id": case_id(990), "at": began}
    stated = StateDue(**about, target="resolution", due_at=began + 2 * DAY, stated_by=DueOrigin.SOURCE)
    resolved = ResolveCase(case_id=case_id(990), at=began + DAY, outcome=Outcome.UPHELD)
    steps = (received(990, at=began), RegisterCase(**about), stated, resolved)
    ledger.carry_out(submission(*steps, at=began + 9 * DAY, imported=True, source=Source("a" * 64, 1)))


def question(**more: Any) -> Question:
    return Question(LATER, ZONE, **more)


MONTHS = [Period(OPENED, OPENED + 32 * DAY), Period(OPENED + 31 * DAY, None), Period(None, OPENED + 33 * DAY)]
BOTH = (Grouping.BRANCH, Grouping.TARGET)


def test_every_figure_of_every_grouping_is_that_of_a_count_over_the_engines_clocks(random_book: Ledger) -> None:
    count = Count(random_book, LATER)
    asked_of = [question(by=by, groups=(each,)) for by in By for each in Grouping]
    asked_of += [question(groups=BOTH, by=by, period=period) for by in By for period in MONTHS]
    asked_of += [question(groups=(Grouping.MONTH, Grouping.TIER, Grouping.UNIT))]
    occurred, positions = set[Figure](), set[int]()
    for one in asked_of:
        answer, expected = report(random_book.database, "main", one), count.report(one)
        found = {(row.duty, *row.group.values()): row.figures for row in answer.rows}
        assert found == {key: figures_of(those) for key, those in expected.items()}
        duties = count.report(question(by=one.by, period=one.period))
        assert {row.duty: row.figures for row in answer.totals} == {
            key[0]: figures_of(those) for key, those in duties.items()
        }
        assert not answer.has_more
        positions.add(answer.position)
        occurred |= {figure for row in answer.rows for figure in Figure if row.figures.counts[figure]}
    assert occurred == set(Figure)
    assert positions == {random_book.head()}


def key_of_row(row: Row) -> RowKey:
    return RowKey(row.duty, tuple(row.group.values()))


def ids_of(ledger: Ledger, asked_of: Question, row: Row, figure: Figure, page: int) -> list[str]:
    """The clocks behind a figure of a row, page by page."""
    found: list[str] = []
    place, order, key = None, IN_ORDER[asked_of.by], key_of_row(row)
    while True:
        window = Window(order, after=place, limit=page)
        answer = clocks_of_rows(ledger.database, "main", asked_of, [key], window, figure)[key]
        found += [timer.clock_id for timer in answer.rows]
        if not answer.has_more:
            return found
        place = order.place_of(answer.rows[-1])


@pytest.mark.parametrize("by", By)
def test_behind_every_figure_lie_the_very_clocks_that_it_counts(random_book: Ledger, by: By) -> None:
    count = Count(random_book, LATER)
    asked_of = question(by=by, groups=(Grouping.BRANCH, Grouping.TIER), period=Period(OPENED + DAY, LATER))
    expected = count.report(asked_of)
    for row in report(random_book.database, "main", asked_of).rows:
        those = expected[row.duty, *row.group.values()]
        for figure in Figure:
            found = ids_of(random_book, asked_of, row, figure, page=7)
            assert len(found) == row.figures.counts[figure]
            assert sorted(found) == sorted(clock_id(seen.clock.key) for seen in those if seen.counts_as(figure))


def test_a_report_of_some_values_alone_counts_the_clocks_that_have_one_of_them(random_book: Ledger) -> None:
    count = Count(random_book, LATER)
    for grouping in Grouping:
        values = sorted({count.value(grouping, seen, By.DUE) for seen in count.of(question())}, key=str)
        for wanted in [(values[0],), (values[-1],), tuple(values[:2]), (None,), ("nobody's",)]:
            asked_of = question(where={grouping: wanted}, groups=(Grouping.TARGET,))
            expected = {key: figures_of(those) for key, those in count.report(asked_of).items()}
            answer = report(random_book.database, "main", asked_of)
            assert {(row.duty, *row.group.values()): row.figures for row in answer.rows} == expected


def test_a_report_of_many_groups_says_that_there_are_more(random_book: Ledger) -> None:
    asked_of = question(groups=(Grouping.UNIT, Grouping.TARGET))
    whole, some = (report(random_book.database, "main", asked_of, most) for most in (1_000, 3))
    assert (some.rows, some.has_more, some.totals) == (whole.rows[:3], True, whole.totals)


@pytest.mark.parametrize(
    ("by", "where", "index"),
    [
        (By.DUE, {}, "due"),
        (By.STARTED, {}, "started"),
        (By.DUE, {Grouping.TIER: ("gold",)}, "tier"),
        (By.DUE, {Grouping.TARGET: ("soon",)}, "target"),
    ],
)
def test_the_clocks_of_a_period_are_found_by_its_index(
    random_book: Ledger, database: conftest.Database, by: By, where: dict[Grouping, Any], index: str
) -> None:
    asked_of = question(by=by, where=where, period=Period(LATER - DAY, LATER), groups=(Grouping.BRANCH,))
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        clocks = clocks_asked(asked_of, connection, "main")
        connection.execute("SET enable_seqscan = off")  # the table is small
        connection.execute("SET enable_bitmapscan = off")
        connection.execute("ANALYZE views.sla_timer_3")
        query = SLA_TIMER.query(f"EXPLAIN SELECT stood_branch {clocks.text}")
        plan = "\n".join(line for (line,) in connection.execute(query, clocks.parameters))
    assert f" using sla_timer_3_{index} " in plan


def test_an_empty_book_has_an_empty_report(ledger: Ledger, runner: Runner) -> None:
    runner.catch_up()
    answer = report(ledger.database, "main", question(groups=(Grouping.MONTH, Grouping.BRANCH)))
    assert answer[1:] == (ledger.head(), [], [], False, [])


# Told one by one ------------------------------------------------------------------------------------------------------


@pytest.fixture
def promising(ledger: Ledger, projected: Database) -> Callable[..., Ledger]:
    """Has the book promise what some targets say, and tells the views what happened then."""

    def make(*targets: dict[str, Any]) -> Ledger:
        rules = [{"id": "all", "targets": [each["id"] for each in targets]}]
        promise(ledger, {**POLICY, "rules": rules, "targets": list(targets)})
        return ledger

    return make


def read(ledger: Ledger, projected: Database) -> None:
    runner = Runner(ledger, projected)
    runner.prepare()
    assert runner.catch_up() == ledger.head()


def took_in(ledger: Ledger, number: int = 1, at: datetime = OPENED) -> None:
    tell(ledger, received(number, at=at), RegisterCase(at=at, case_id=case_id(number)), at=at)


def resolve(ledger: Ledger, at: datetime, recorded: datetime | None = None, number: int = 1) -> None:
    tell(ledger, ResolveCase(at=at, case_id=case_id(number), outcome=Outcome.UPHELD), at=recorded or at)


def of(ledger: Ledger, figure: Figure, **more: Any) -> int:
    """A figure of a report, over all of its rows."""
    rows = report(ledger.database, "main", question(**more)).rows
    return sum(row.figures.counts[figure] for row in rows)


def test_a_due_that_counts_days_belongs_to_the_period_of_its_day_and_an_instant_to_the_one_it_begins(
    promising: Callable[..., Ledger], projected: Database
) -> None:
    ledger = promising(
        target("days", {"type": "calendar_days", "amount": 3}, "case-resolved"),
        target("exact", {"type": "elapsed", "amount": "P3D"}, "case-resolved"),
    )
    took_in(ledger)
    read(ledger, projected)
    timers = {timer.target: timer for timer in rows_of(ledger)}
    days, exact = timers["days"], timers["exact"]
    assert days.due_at is not None
    assert exact.due_at is not None
    assert days.due_on is not None
    assert (days.due_open_ended, exact.due_open_ended) == (True, False)
    for timer, first in ((days, days.due_at - DAY), (exact, exact.due_at)):
        only = {"where": {Grouping.TARGET: (timer.target,)}}
        assert timer.due_at is not None
        after = timer.due_at if timer is days else timer.due_at + TICK
        assert of(ledger, Figure.CLOCKS, period=Period(first, after), **only) == 1
        assert of(ledger, Figure.CLOCKS, period=Period(None, first), **only) == 0
        assert of(ledger, Figure.CLOCKS, period=Period(after, None), **only) == 0
    (row,) = report(ledger.database, "main", question(groups=(Grouping.MONTH,))).rows
    assert dict(row.group) == {Grouping.MONTH: f"{days.due_on:%Y-%m}"}
    began = question(by=By.STARTED, period=Period(OPENED, OPENED + TICK))
    assert report(ledger.database, "main", began).rows[0].figures.counts[Figure.CLOCKS] == 2
    assert of(ledger, Figure.CLOCKS, by=By.STARTED, period=Period(OPENED + TICK)) == 0


def test_both_verdicts_are_counted_and_what_was_revised_by_a_late_record(
    promising: Callable[..., Ledger], projected: Database
) -> None:
    ledger = promising(target("exact", {"type": "elapsed", "amount": "P3D"}, "case-resolved"))
    took_in(ledger)
    resolve(ledger, OPENED + DAY, recorded=OPENED + 5 * DAY)
    read(ledger, projected)
    (row,) = report(ledger.database, "main", question()).rows
    assert (row.figures.share, row.figures.share_when_due) == (Share(1, 1), Share(0, 1))
    counts = row.figures.counts
    assert (counts[Figure.REVISED], counts[Figure.KEPT_ON_LATE], counts[Figure.MET]) == (1, 1, 1)
    assert row.figures.elapsed == row.figures.counted == Lasting(86_400, 86_400, 86_400)


def reopened(ledger: Ledger, projected: Database) -> None:
    """A case that is resolved late, reopened, and then resolved in time."""
    took_in(ledger)
    resolve(ledger, OPENED + 9 * DAY)
    tell(ledger, ReopenCase(at=OPENED + 35 * DAY, case_id=case_id(1)), at=OPENED + 35 * DAY)
    resolve(ledger, OPENED + 36 * DAY)
    read(ledger, projected)


def test_a_case_of_several_cycles_counts_with_each_unless_its_policy_says_with_the_worst(
    promising: Callable[..., Ledger], projected: Database
) -> None:
    clock = {"type": "elapsed", "amount": "P3D"}
    ledger = promising(target("each", clock, "case-resolved"), target("worst", clock, "case-resolved", cycles="worst"))
    reopened(ledger, projected)
    stream = stream_of_policies("main")
    worst = worst_of(ledger.standing([stream], ledger.head())[stream])
    assert worst == (("promises", 1, "worst"),)
    asked_of = question(groups=(Grouping.TARGET,), worst=worst)
    rows = {row.group[Grouping.TARGET]: row for row in report(ledger.database, "main", asked_of).rows}
    assert rows["each"].figures.share == Share(1, 2)
    assert rows["worst"].figures.share == Share(0, 1)
    (missed,) = ids_of(ledger, asked_of, rows["worst"], Figure.CLOCKS, page=5)
    assert missed.split("/")[3] == "1"
    # Each period has the worst of the cycles that lie in it, so that no figure of an earlier one is changed later.
    by_month = question(groups=(Grouping.MONTH,), where={Grouping.TARGET: ("worst",)}, worst=worst)
    months = [row.group[Grouping.MONTH] for row in report(ledger.database, "main", by_month).rows]
    assert months == ["2026-01"]
    later = question(where={Grouping.TARGET: ("worst",)}, worst=worst, period=Period(OPENED + 30 * DAY))
    (row,) = report(ledger.database, "main", later).rows
    assert row.figures.share == Share(1, 1)


def test_a_date_that_somebody_stated_is_counted_apart_with_no_version_of_any_policy(
    promising: Callable[..., Ledger], projected: Database
) -> None:
    ledger = promising(target("legal", {"type": "calendar_days", "amount": 3}, "case-resolved", statute=STATUTE))
    took_in(ledger)
    stated = StateDue(
        at=OPENED, case_id=case_id(1), target="resolution", due_at=OPENED + DAY, stated_by=DueOrigin.COMPANY
    )
    tell(ledger, stated)
    resolve(ledger, OPENED + 2 * DAY)
    read(ledger, projected)
    answer = report(ledger.database, "main", question(groups=(Grouping.TARGET,)))
    assert [(row.duty, row.figures.share, row.title_en, row.title_zh) for row in answer.rows] == [
        (Duty.STATUTORY, Share(1, 1), "Legal", "legal 时限"),
        (Duty.STATED, Share(0, 1), "Stated date: resolution", "承诺的办结时间"),
    ]
    assert [(basis.policy, basis.policy_version, basis.calendar_version) for basis in answer.versions] == [
        ("promises", 1, 1), ("stated", 0, 0),
    ]  # fmt: skip


def test_targets_that_are_called_differently_are_given_no_title(ledger: Ledger, projected: Database) -> None:
    clock = {"type": "elapsed", "amount": "P3D"}
    for name, words in (("one", "Answer"), ("two", "Reply")):
        only = {**target("answer", clock, "case-resolved"), "title": {"en": words}}
        rules = [{"id": "all", "targets": ["answer"]}]
        publish = promise if name == "one" else publish_policy
        publish(ledger, {**POLICY, "name": name, "rules": rules, "targets": [only], "regime": name})
    took_in(ledger)
    read(ledger, projected)
    (row,) = report(ledger.database, "main", question(groups=(Grouping.TARGET,))).rows
    assert (row.figures.counts[Figure.CLOCKS], row.title_en, row.title_zh) == (2, None, None)


def test_a_clock_that_begins_only_when_another_runs_out_is_none_before_that(
    promising: Callable[..., Ledger], projected: Database
) -> None:
    ledger = promising(
        target("step", {"type": "elapsed", "amount": "P5D"}, "case-resolved", on_expiry="opens", opens="next"),
        target("next", {"type": "elapsed", "amount": "P9D"}, "case-resolved"),
    )
    took_in(ledger)
    read(ledger, projected)
    assert [timer.state for timer in rows_of(ledger)] == [State.RUNNING, State.NOT_STARTED]

    def targets(now: datetime) -> list[tuple[str | None, int]]:
        rows = report(ledger.database, "main", Question(now, ZONE, groups=(Grouping.TARGET,))).rows
        return [(row.group[Grouping.TARGET], row.figures.counts[Figure.RUNNING]) for row in rows]

    assert targets(OPENED + DAY) == [("step", 1)]
    assert targets(OPENED + 6 * DAY) == [("next", 1), ("step", 0)]
