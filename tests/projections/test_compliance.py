"""The compliance report beside a count in Python over the engine's own clocks, group by group and figure by figure."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.sla.clock import Clock, State, Verdict
from domain.unit.commands import MoveUnit, OpenUnit, RenameUnit
from domain.unit.events import UnitKind, id_of_unit
from ledger.ledger import Ledger
from projections.compliance import Figures, Lasting, report
from projections.compliance_question import By, Duty, Figure, Grouping, Question
from projections.movement import Period
from projections.reckoning import Reckoning, Subject
from projections.runner import Runner
from projections.sla_row import SlaTimer, clock_id
from projections.sla_timer import SLA_TIMER, asked
from projections.unit import tree_as_of
from tests.ledger.submissions import OPENED
from tests.projections.amended import Writers, _subject
from tests.projections.regulated import tell

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
                return state == figure


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
    assert runner.catch_up() == ledger.head()
    return ledger


def question(**more: Any) -> Question:
    return Question(LATER, ZONE, **more)


MONTHS = [Period(OPENED, OPENED + 32 * DAY), Period(OPENED + 31 * DAY, None), Period(None, OPENED + 33 * DAY)]
BOTH = (Grouping.BRANCH, Grouping.TARGET)


def test_every_figure_of_every_grouping_is_that_of_a_count_over_the_engines_clocks(random_book: Ledger) -> None:
    count = Count(random_book, LATER)
    asked_of = [question(by=by, groups=(each,)) for by in By for each in Grouping]
    asked_of += [question(groups=BOTH, by=by, period=period) for by in By for period in MONTHS]
    asked_of += [question(groups=(Grouping.MONTH, Grouping.TIER, Grouping.UNIT))]
    occurred = set[Figure]()
    for one in asked_of:
        answer, expected = report(random_book.database, "main", one), count.report(one)
        found = {(row.duty, *row.group.values()): row.figures for row in answer.rows}
        assert found == {key: figures_of(those) for key, those in expected.items()}
        duties = count.report(question(by=one.by, period=one.period))
        assert {row.duty: row.figures for row in answer.totals} == {key[0]: figures_of(x) for key, x in duties.items()}
        assert not answer.has_more
        occurred |= {figure for row in answer.rows for figure in Figure if row.figures.counts[figure]}
    assert occurred >= set(Figure) - {Figure.BY_DAY, Figure.UNKNOWN_WHEN_DUE}
