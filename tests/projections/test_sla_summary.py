"""The summary of clocks beside a count of the same rows by hand."""

from collections import defaultdict
from datetime import datetime, timedelta

import pytest

from domain.case.commands import RegisterCase
from domain.sla.clock import State, Verdict
from ledger.ledger import Ledger
from projections.compliance import Share
from projections.compliance_question import Duty
from projections.deadlines import of_streams
from projections.reach import Reach
from projections.runner import Runner
from projections.sla_row import SlaTimer, state_at, verdicts_at
from projections.sla_summary import VALUES, Counts, Grouping, Question, Summary, summary
from projections.sla_timer import SLA_TIMER
from tests.ledger.submissions import OPENED
from tests.projections.amended import Writers, kept
from tests.projections.books import UNITS, case_id, received
from tests.projections.regulated import POLICY, hours, promise, target, tell

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PLACED = {UNITS[0]: "above", UNITS[1]: "above", UNITS[2]: UNITS[2]}


def duty_of(timer: SlaTimer) -> Duty:
    if timer.policy_version == 0:
        return Duty.STATED
    return Duty.STATUTORY if timer.statutory else Duty.INTERNAL


def value_of(timer: SlaTimer, grouping: Grouping) -> str | None:
    if grouping is Grouping.SUBUNIT:
        return PLACED.get(timer.holder_unit or "")
    found = getattr(timer, VALUES[grouping])
    return None if found is None else str(found)


def counted(timers: list[SlaTimer], asked: Question) -> Counts:
    states = [(timer, state_at(timer, asked.now)) for timer in timers]
    since = asked.kept_since
    decided = [
        verdicts_at(timer, asked.now)[1]
        for timer in timers
        if since is None or (timer.due_at is not None and timer.due_at >= since)
    ]
    going_on = [timer for timer, state in states if state in {State.RUNNING, State.PAUSED}]
    running = [timer for timer, state in states if state is State.RUNNING]
    return Counts(
        running=len(running),
        paused=len(going_on) - len(running),
        due_soon=sum(timer.due_at is not None and timer.due_at <= asked.due_before for timer in running),
        warned=sum(timer.warned_at is not None and timer.warned_at <= asked.now for timer in going_on),
        overdue=sum(state is State.OVERDUE and timer.ended_at is None for timer, state in states),
        kept=Share(decided.count(Verdict.KEPT), decided.count(Verdict.KEPT) + decided.count(Verdict.MISSED)),
    )


def by_hand(timers: list[SlaTimer], asked: Question) -> tuple[dict[object, Counts], dict[object, Counts]]:
    """The totals and the groups."""
    totals: dict[object, list[SlaTimer]] = defaultdict(list)
    rows: dict[object, list[SlaTimer]] = defaultdict(list)
    for timer in timers:
        if asked.units is not None and timer.holder_unit not in asked.units:
            continue
        if asked.kept_since and timer.ended_at and not (timer.due_at and timer.due_at >= asked.kept_since):
            continue
        totals[duty_of(timer)].append(timer)
        rows[duty_of(timer), *(value_of(timer, each) for each in asked.apart)].append(timer)
    return tuple({key: counted(those, asked) for key, those in found.items()} for found in (totals, rows))  # type: ignore[return-value]


def told(answer: Summary) -> tuple[dict[object, Counts], dict[object, Counts]]:
    totals: dict[object, Counts] = {row.duty: row.counts for row in answer.totals}
    return totals, {(row.duty, *row.values): row.counts for row in answer.rows}


@pytest.fixture
def book(ledger: Ledger, runner: Runner) -> Ledger:
    """A book in which a lot happens, and much is put right."""
    Writers(ledger, 7, customers=6, cases=30).write(400)
    assert runner.catch_up() == ledger.head()
    return ledger


def test_every_figure_is_what_comes_of_counting_the_clocks_by_hand(book: Ledger) -> None:
    timers, some = kept(book, SLA_TIMER), 0
    for hour in (30, 100, 24 * 40, 24 * 400):
        now = max(OPENED + hour * HOUR, *(timer.reckoned_at for timer in timers))
        for groups in (*((each,) for each in Grouping), (), (Grouping.UNIT, Grouping.TARGET)):
            for units in (None, frozenset(UNITS[:2])):
                since = None if hour < 100 else now - 300 * DAY
                asked = Question(now, now + 5 * DAY, since, groups, units, PLACED)
                totals, rows = by_hand(timers, asked)
                answer = summary(book.database, book.book, asked)
                assert told(answer) == (totals, rows if groups else {}), (hour, groups, units)
                some += sum(row.counts.overdue for row in answer.rows)
    assert some > 0


def test_what_lies_beyond_reach_is_in_no_figure(book: Ledger) -> None:
    now = OPENED + 400 * DAY
    nobody = summary(book.database, book.book, Question(now, now, groups=(Grouping.UNIT,), reach=Reach(name="x")))
    assert nobody == Summary([], [], has_more=False)
    south = Reach(units=frozenset({UNITS[1]}), name="x")
    some = summary(book.database, book.book, Question(now, now, groups=(Grouping.UNIT,), reach=south))
    whole = summary(book.database, book.book, Question(now, now, groups=(Grouping.UNIT,)))
    assert 0 < sum(row.counts.overdue for row in some.totals) < sum(row.counts.overdue for row in whole.totals)


def test_of_more_groups_than_were_asked_for_the_totals_are_whole(book: Ledger) -> None:
    now = OPENED + 400 * DAY
    asked = Question(now, now, groups=(Grouping.TARGET,))
    whole, few = summary(book.database, book.book, asked), summary(book.database, book.book, asked, 2)
    assert (few.totals, few.rows, few.has_more) == (whole.totals, whole.rows[:2], True)
    assert summary(book.database, book.book, asked, 0).rows == []


WARNED = {
    **POLICY,
    "targets": [target("soon", hours(4), "response-sent", warnings=[{"at_percent": 50}, {"at_percent": 75}])],
    "rules": [{"id": "all", "targets": ["soon"]}],
}


@pytest.mark.parametrize(
    ("after", "warned"),
    [(timedelta(0), 0), (2 * HOUR, 1), (3 * HOUR, 1)],
)
def test_a_clock_is_warned_of_from_the_first_warning_on(
    ledger: Ledger, runner: Runner, after: timedelta, warned: int
) -> None:
    promise(ledger, WARNED)
    monday = datetime(2026, 1, 12, 1, 0, tzinfo=OPENED.tzinfo)  # nine o'clock in Shanghai
    tell(ledger, received(1, at=monday), at=monday)
    tell(ledger, RegisterCase(at=monday, case_id=case_id(1)), at=monday)
    assert runner.catch_up() == ledger.head()
    (timer,) = of_streams(ledger.database, "main", [f"case-{case_id(1)}"])[f"case-{case_id(1)}"]
    assert timer.warned_at == monday + 2 * HOUR
    (total,) = summary(ledger.database, "main", Question(monday + after, monday)).totals
    assert (total.counts.running, total.counts.warned) == (1, warned)
