"""The clocks in their table: each state, what moves them, and the questions that are asked of them."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.amending import ApproveAmendment, RequestCorrection, RequestVoid
from domain.amendment import Occurrence, Replacement
from domain.case.commands import (
    AssignCase,
    ChangeCaseCustomer,
    CloseCase,
    DispatchCase,
    PauseCase,
    RegisterCase,
    ReopenCase,
    ResolveCase,
    ResumeCase,
    TransferCase,
)
from domain.case.due import DueOrigin, StateDue
from domain.case.events import Outcome, PauseGround
from domain.case.extension import ApproveExtension, RequestExtension
from domain.case.parts import OpenCasePart
from domain.case.relations import MergeCase
from domain.customer import AssignTier, Tier
from domain.event import Command, Precision
from domain.obligation import MeetObligation, ObligationKind, OpenObligation
from domain.sla.clock import State, Verdict
from domain.sla.policy import SubjectKind
from domain.stream import Category, stream_of
from ledger.database import Database
from ledger.ledger import Ledger
from projections import deadlines
from projections.deadlines import DUE, STARTED, TimerFilter, of_streams, page
from projections.movement import Period
from projections.paging import Window
from projections.runner import Runner
from projections.sla_row import SlaTimer, clock_id, key_of_id, state_at, verdicts_at
from projections.sla_timer import SLA_TIMER
from tests.ledger.submissions import OPENED, register_customer
from tests.projections.amended import expected, kept
from tests.projections.books import case_id, customer_id, received
from tests.projections.regulated import (
    POLICY,
    calendar,
    hours,
    promise,
    publish_calendar,
    publish_policy,
    target,
    tell,
)

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
# OPENED is a Monday, at nine o'clock in Shanghai.
STEPS: dict[str, Callable[[datetime, int], Command]] = {
    "assigned": lambda at, number: AssignCase(at=at, case_id=case_id(number), handler="lin"),
    "resolved": lambda at, number: ResolveCase(at=at, case_id=case_id(number), outcome=Outcome.UPHELD),
    "dispatched": lambda at, number: DispatchCase(at=at, case_id=case_id(number), unit="South"),
    "paused": lambda at, number: PauseCase(at=at, case_id=case_id(number), ground=PauseGround.CUSTOMER),
    "resumed": lambda at, number: ResumeCase(at=at, case_id=case_id(number), ground=PauseGround.CUSTOMER),
    "reopened": lambda at, number: ReopenCase(at=at, case_id=case_id(number)),
    "closed": lambda at, number: CloseCase(at=at, case_id=case_id(number)),
}


@pytest.fixture
def timers(ledger: Ledger, projected: Database) -> Runner:
    """The runner of the timers alone, of a book that makes promises."""
    promise(ledger)
    made = Runner(ledger, projected, [SLA_TIMER])
    made.prepare()
    return made


def took_in(ledger: Ledger, number: int = 1, at: datetime = OPENED, unit: str | None = "North", **rest: Any) -> None:
    """A case that is received and registered."""
    tell(ledger, received(number, at=at, **rest), at=at)
    tell(ledger, RegisterCase(at=at, case_id=case_id(number), unit=unit), at=at)


def shown(ledger: Ledger, runner: Runner, number: int = 1) -> dict[str, SlaTimer]:
    """The clocks of a case by target, the latest of several; the table is as the whole book has it."""
    assert runner.catch_up() == ledger.head()
    assert kept(ledger, SLA_TIMER) == expected(ledger, SLA_TIMER)
    stream = stream_of(Category.CASE, case_id(number))
    found = of_streams(ledger.database, "main", [stream]).get(stream, ())
    return {timer.target: timer for timer in sorted(found, key=lambda timer: (timer.cycle, timer.instance))}


# States ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "name", "state", "verdicts"),
    [
        ([], "resolution", State.RUNNING, (None, None)),
        ([], "answer", State.NOT_STARTED, (None, None)),
        ([], "prompt", State.INFORMATIONAL, (None, None)),
        ([("paused", HOUR)], "resolution", State.PAUSED, (None, None)),
        ([("resolved", HOUR)], "resolution", State.MET, (Verdict.KEPT, Verdict.KEPT)),
        ([("resolved", 9 * DAY)], "resolution", State.MET_LATE, (Verdict.MISSED, Verdict.MISSED)),
        ([("assigned", 9 * DAY)], "resolution", State.OVERDUE, (Verdict.MISSED, Verdict.MISSED)),
        ([("assigned", 3 * HOUR)], "step", State.LAPSED, (None, None)),
        ([("resolved", HOUR), ("closed", 2 * HOUR)], "later", State.CANCELLED, (None, None)),
        ([("resolved", HOUR), ("reopened", DAY)], "later", State.LAPSED, (None, None)),
    ],
)
def test_each_state_a_clock_can_be_in_is_shown_with_its_verdicts(
    ledger: Ledger, timers: Runner, told: list[tuple[str, timedelta]], name: str, state: State, verdicts: Any
) -> None:
    took_in(ledger)
    for step, after in told:
        tell(ledger, STEPS[step](OPENED + after, 1), at=OPENED + after)
    clock = shown(ledger, timers)[name]
    assert (clock.state, (clock.when_due, clock.now_verdict)) == (state, verdicts)
    assert clock.paused == (state is State.PAUSED)
    assert (clock.ended_at is None) == (state in (*deadlines.OPEN, State.OVERDUE, State.INFORMATIONAL))


def test_a_row_says_all_that_a_clock_rests_on(ledger: Ledger, timers: Runner) -> None:
    took_in(ledger, source_key="INC7")
    clock = shown(ledger, timers)["legal"]
    assert (clock.statutory, clock.statute_clause, clock.title_zh) == (True, "Article 15", "legal 时限")
    assert (clock.policy, clock.policy_version, clock.rule) == ("promises", 1, "others")
    assert (clock.calendar, clock.calendar_version, clock.zone) == ("desk", 1, "Asia/Shanghai")
    assert (clock.due_on, clock.due_open_ended) == (date(2026, 1, 20), True)
    assert clock.due_at == clock.promised_at == clock.lived_at == datetime.fromisoformat("2026-01-21T00:00+08:00")
    assert (clock.source_key, str(clock.register), clock.case_id) == ("INC7", "C2026-000001", case_id(1))
    assert (clock.unit, clock.holder_unit, clock.case_kind, clock.channel) == (
        "North", "North", received(1).kind, received(1).channel,
    )  # fmt: skip
    assert clock.subject_kind is SubjectKind.CASE
    assert key_of_id(clock.clock_id) == clock.key
    assert (clock.version, clock.position) == (3, ledger.head())


def test_a_pause_moves_the_due_and_is_counted(ledger: Ledger, timers: Runner) -> None:
    took_in(ledger)
    before = shown(ledger, timers)["resolution"]
    for step, after in (("paused", HOUR), ("resumed", HOUR + DAY)):
        tell(ledger, STEPS[step](OPENED + after, 1), at=OPENED + after)
    after_it = shown(ledger, timers)["resolution"]
    assert before.due_at is not None
    assert (after_it.state, after_it.pauses, after_it.due_at) == (State.RUNNING, 1, before.due_at + DAY)
    assert after_it.original_at == before.due_at


def test_an_approved_extension_moves_the_due_and_one_beyond_the_ladder_is_told_too(
    ledger: Ledger, timers: Runner
) -> None:
    took_in(ledger)
    about: dict[str, Any] = {"at": OPENED + HOUR, "case_id": case_id(1)}
    asks = RequestExtension(
        **about, policy="promises", target="resolution", step="more", reason="complex", requested_by="王芳"
    )
    tell(ledger, asks, at=OPENED + HOUR)
    due_before = shown(ledger, timers)["resolution"].due_at
    tell(ledger, ApproveExtension(**about, request=4, approved_by="Li"), at=OPENED + HOUR)
    clock = shown(ledger, timers)["resolution"]
    (told,) = clock.extensions
    assert clock.due_at is not None
    assert (told.step, told.version, told.late, told.due_before, told.due_after) == (
        "more", 5, False, due_before, clock.due_at,
    )  # fmt: skip
    assert (clock.extended, clock.original_at, clock.due_at > told.due_before) == (1, due_before, True)


def test_a_reopening_begins_another_cycle_and_the_old_verdict_stays(ledger: Ledger, timers: Runner) -> None:
    took_in(ledger)
    for step, after in (("resolved", HOUR), ("reopened", DAY)):
        tell(ledger, STEPS[step](OPENED + after, 1), at=OPENED + after)
    shown(ledger, timers)
    stream = stream_of(Category.CASE, case_id(1))
    cycles = [timer for timer in of_streams(ledger.database, "main", [stream])[stream] if timer.target == "resolution"]
    assert sorted((each.cycle, each.state, each.now_verdict) for each in cycles) == [
        (1, State.MET, Verdict.KEPT),
        (2, State.RUNNING, None),
    ]


def test_each_part_of_a_case_has_clocks_of_its_own(ledger: Ledger, timers: Runner) -> None:
    who = customer_id(1)
    tell(ledger, register_customer(who), AssignTier(at=OPENED, customer_id=who, tier=Tier.GOLD))
    took_in(ledger, customer_id=who)
    for part in ("billing", "收费/设备"):
        tell(ledger, OpenCasePart(at=OPENED + HOUR, case_id=case_id(1), part=part), at=OPENED + HOUR)
    shown(ledger, timers)
    parts = [timer for timer in kept(ledger, SLA_TIMER) if timer.target == "parts"]
    assert [(timer.part, timer.subject_kind, timer.tier) for timer in parts] == [
        ("billing", SubjectKind.PART, "gold"),
        ("收费/设备", SubjectKind.PART, "gold"),
    ]
    assert [key_of_id(timer.clock_id) for timer in parts] == [timer.key for timer in parts]


def test_a_stated_date_and_what_somebody_owes_have_clocks_without_any_policy(ledger: Ledger, timers: Runner) -> None:
    took_in(ledger)
    stated = StateDue(at=OPENED, case_id=case_id(1), target="closing", due_at=OPENED + DAY, stated_by=DueOrigin.COMPANY)
    owed = UUID(int=0x0B11)
    opened = OpenObligation(
        at=OPENED, obligation_id=owed, kind=ObligationKind.TASK, title="look at the meter", case_id=case_id(1),
        unit="South", owner="lin", due_at=OPENED + DAY, due_precision=Precision.DAY,
    )  # fmt: skip
    tell(ledger, stated, opened)
    closing = shown(ledger, timers)["closing"]
    assert (closing.policy, closing.due_at, closing.state) == ("stated", OPENED + DAY, State.RUNNING)
    tell(ledger, MeetObligation(at=OPENED + HOUR, obligation_id=owed, by="lin"), at=OPENED + HOUR)
    shown(ledger, timers)
    (task,) = of_streams(ledger.database, "main", [stream_of(Category.OBLIGATION, owed)]).values()
    assert [(each.state, each.obligation_id, each.case_id, each.due_on) for each in task] == [
        (State.MET, owed, case_id(1), date(2026, 1, 6))
    ]
    assert (task[0].holder_unit, task[0].holder_handler, task[0].subject_kind) == (
        "South", "lin", SubjectKind.OBLIGATION,
    )  # fmt: skip


def test_who_had_a_case_at_the_end_of_a_clock_stays_its_holder(ledger: Ledger, timers: Runner) -> None:
    took_in(ledger)
    for step, after in (("assigned", HOUR), ("resolved", 2 * HOUR), ("reopened", DAY)):
        tell(ledger, STEPS[step](OPENED + after, 1), at=OPENED + after)
    transfer = TransferCase(at=OPENED + DAY + HOUR, case_id=case_id(1), to_unit="East", handler="ada")
    tell(ledger, transfer, at=OPENED + DAY + HOUR)
    shown(ledger, timers)
    clocks = [timer for timer in kept(ledger, SLA_TIMER) if timer.target in ("resolution", "prompt")]
    assert [(each.target, each.cycle, each.unit, each.handler, each.holder_unit, each.holder_handler)
            for each in clocks] == [
        ("prompt", 1, "North", "lin", "East", "ada"),
        ("resolution", 1, "North", "lin", "North", "lin"),
        ("resolution", 2, "North", "lin", "East", "ada"),
    ]  # fmt: skip


# What a target opens --------------------------------------------------------------------------------------------------


def test_what_begins_when_another_target_runs_out_is_there_before_and_without_any_event(
    ledger: Ledger, timers: Runner
) -> None:
    took_in(ledger, unit=None)
    clocks = shown(ledger, timers)
    step, following, last = (clocks[name] for name in ("step", "next", "last"))
    assert (step.due_at, following.started_at, last.started_at) == (
        OPENED + 2 * HOUR, OPENED + 2 * HOUR, OPENED + 5 * HOUR,
    )  # fmt: skip
    for hour, states in (
        (1, (State.RUNNING, State.NOT_STARTED, State.NOT_STARTED)),
        (3, (State.LAPSED, State.RUNNING, State.NOT_STARTED)),
        (6, (State.LAPSED, State.LAPSED, State.RUNNING)),
        (24 * 30, (State.LAPSED, State.LAPSED, State.OVERDUE)),
    ):
        now = OPENED + hour * HOUR
        assert tuple(state_at(clock, now) for clock in (step, following, last)) == states
    assert verdicts_at(last, OPENED + 30 * DAY) == (Verdict.MISSED, Verdict.MISSED)
    tell(ledger, STEPS["dispatched"](OPENED + HOUR, 1), at=OPENED + HOUR)
    assert not {"next", "last"} & shown(ledger, timers).keys()


# What others do to a case ---------------------------------------------------------------------------------------------


def test_a_survivor_keeps_the_earliest_start_of_a_legal_deadline_and_loses_it_when_the_merger_is_void(
    ledger: Ledger, timers: Runner
) -> None:
    took_in(ledger, 1)
    took_in(ledger, 2, at=OPENED + 3 * DAY)
    took_in(ledger, 3, at=OPENED + 5 * DAY)
    alone = shown(ledger, timers, 3)["legal"].due_at
    assert alone is not None
    at = OPENED + 6 * DAY
    tell(ledger, MergeCase(at=at, case_id=case_id(1), into=case_id(2)), at=at)
    tell(ledger, MergeCase(at=at, case_id=case_id(2), into=case_id(3)), at=at)
    survivor = shown(ledger, timers, 3)
    assert (survivor["legal"].due_at, survivor["resolution"].started_at) == (alone - 5 * DAY, OPENED + 5 * DAY)
    assert shown(ledger, timers, 1)["legal"].state is State.CANCELLED
    stream = stream_of(Category.CASE, case_id(3))
    absorbed = len(ledger.history(stream))
    asks = RequestVoid(at=at, about=stream, version=absorbed, reason="not the same matter", requested_by="lin")
    tell(ledger, asks, at=at)
    tell(ledger, ApproveAmendment(at=at, about=stream, request=absorbed + 1, approved_by="ada"), at=at)
    assert shown(ledger, timers, 3)["legal"].due_at == alone


def test_a_correction_in_an_absorbed_case_moves_the_deadline_of_the_survivor(ledger: Ledger, timers: Runner) -> None:
    took_in(ledger, 1)
    took_in(ledger, 2, at=OPENED + 3 * DAY)
    at = OPENED + 4 * DAY
    tell(ledger, MergeCase(at=at, case_id=case_id(1), into=case_id(2)), at=at)
    inherited = shown(ledger, timers, 2)["legal"]
    stream = stream_of(Category.CASE, case_id(1))
    earlier = Occurrence(at=OPENED - 2 * DAY, zone="UTC", precision=Precision.INSTANT)
    asks = RequestCorrection(
        at=at, about=stream, version=1, replacement=Replacement.of(ledger.history(stream)[0].event), occurrence=earlier,
        reason="it lay in the letter box", requested_by="lin",
    )  # fmt: skip
    tell(ledger, asks, at=at)
    request = len(ledger.history(stream))
    tell(ledger, ApproveAmendment(at=at, about=stream, request=request, approved_by="ada"), at=at)
    corrected = shown(ledger, timers, 2)["legal"]
    assert inherited.due_at is not None
    assert corrected.due_at == inherited.due_at - 2 * DAY


def test_another_tier_of_the_customer_gives_a_case_other_targets(ledger: Ledger, timers: Runner) -> None:
    silver, gold, at = customer_id(1), customer_id(2), OPENED + HOUR
    for who, tier in ((silver, Tier.SILVER), (gold, Tier.GOLD)):
        tell(ledger, register_customer(who), AssignTier(at=OPENED, customer_id=who, tier=tier))
    took_in(ledger, 1, customer_id=silver)
    took_in(ledger, 2, customer_id=silver)
    assert "soon" not in shown(ledger, timers, 1)
    tell(ledger, ChangeCaseCustomer(at=at, case_id=case_id(2), customer_id=gold), at=at)
    assert ("soon" in shown(ledger, timers, 1), "soon" in shown(ledger, timers, 2)) == (False, True)
    tell(ledger, AssignTier(at=at + HOUR, customer_id=silver, tier=Tier.KEY), at=at + HOUR)
    clocks = shown(ledger, timers, 1)
    assert clocks["soon"].started_at == OPENED
    assert clocks["legal"].state is State.CANCELLED
    assert clocks["resolution"].tier == "silver"


# Standards ------------------------------------------------------------------------------------------------------------


def test_a_holiday_declared_late_moves_what_is_lived_and_not_what_was_promised(ledger: Ledger, timers: Runner) -> None:
    took_in(ledger)
    before = shown(ledger, timers)
    publish_calendar(ledger, calendar(2, date(2026, 1, 6), date(2026, 1, 7)), at=OPENED + HOUR)
    after = shown(ledger, timers)
    for name, lived in (("resolution", "2026-01-13T00:00+08:00"), ("lived", "2026-01-13T11:00+08:00")):
        was, now = before[name], after[name]
        assert was.promised_at == was.lived_at
        assert (now.promised_at, now.lived_at) == (was.promised_at, datetime.fromisoformat(lived))
    assert after["resolution"].due_at == before["resolution"].due_at
    assert after["lived"].due_at == after["lived"].lived_at
    assert after["resolution"].version == before["resolution"].version


def test_a_deadline_that_has_ended_is_left_alone_by_what_is_declared_afterwards(ledger: Ledger, timers: Runner) -> None:
    took_in(ledger)
    tell(ledger, STEPS["resolved"](OPENED + 9 * DAY, 1), at=OPENED + 9 * DAY)
    before = shown(ledger, timers)
    publish_calendar(ledger, calendar(2, date(2026, 1, 6)), at=OPENED + 30 * DAY)
    tighter = {
        **POLICY,
        "targets": [target("soon", hours(1), "response-sent")],
        "rules": [{"id": "all", "targets": ["soon"]}],
    }
    publish_policy(ledger, tighter, since=date(2026, 2, 4), at=OPENED + 30 * DAY)
    assert shown(ledger, timers) == before


@pytest.mark.parametrize("batch", [1, 2, 5, 1_000])
def test_any_division_into_batches_gives_the_same_rows(ledger: Ledger, projected: Database, batch: int) -> None:
    promise(ledger)
    for number in range(4):
        took_in(ledger, number, at=OPENED + number * HOUR)
        publish_calendar(ledger, calendar(2, date(2026, 1, 6 + number)), at=OPENED + number * HOUR)
    tell(ledger, MergeCase(at=OPENED + DAY, case_id=case_id(0), into=case_id(3)), at=OPENED + DAY)
    runner = Runner(ledger, projected, [SLA_TIMER])
    assert runner.catch_up(batch=batch) == ledger.head()
    assert kept(ledger, SLA_TIMER) == expected(ledger, SLA_TIMER)


# Questions ------------------------------------------------------------------------------------------------------------


def asked(ledger: Ledger, now: datetime, window: Window | None = None, **where: Any) -> list[tuple[UUID | None, str]]:
    found = page(ledger.database, "main", window or Window(DUE, limit=50), TimerFilter(now=now, **where))
    return [(timer.case_id, timer.target) for timer in found.rows]


def test_the_state_and_the_verdict_in_sql_are_those_in_python_at_any_instant(ledger: Ledger, timers: Runner) -> None:
    for number in range(3):
        took_in(ledger, number, at=OPENED + number * HOUR)
    tell(ledger, STEPS["paused"](OPENED + 3 * HOUR, 1), STEPS["resolved"](OPENED + 3 * HOUR, 2), at=OPENED + 3 * HOUR)
    shown(ledger, timers)
    rows = kept(ledger, SLA_TIMER)
    dues = {row.due_at for row in rows if row.due_at is not None}
    instants = [OPENED + 3 * HOUR, *dues, *(due + timedelta(microseconds=1) for due in dues), OPENED + 90 * DAY]
    for now in instants:
        everything = Window(STARTED, limit=100)
        for state in State:
            found = page(ledger.database, "main", everything, TimerFilter(now=now, states=(state,))).rows
            assert {row.clock_id for row in found} == {
                row.clock_id for row in rows if row.started_at is not None and state_at(row, now) is state
            }
        missed = page(ledger.database, "main", everything, TimerFilter(now=now, missed=True)).rows
        others = page(ledger.database, "main", everything, TimerFilter(now=now, missed=False)).rows
        assert {row.clock_id for row in missed} == {
            row.clock_id for row in rows if verdicts_at(row, now)[1] is Verdict.MISSED
        }
        assert len(missed) + len(others) == sum(row.started_at is not None for row in rows)


def test_what_is_due_soon_overdue_and_missed_is_found_by_unit_handler_target_and_more(
    ledger: Ledger, timers: Runner
) -> None:
    took_in(ledger, 1)
    took_in(ledger, 2, at=OPENED + DAY)
    tell(ledger, TransferCase(at=OPENED + DAY, case_id=case_id(2), to_unit="East", handler="lin"), at=OPENED + DAY)
    shown(ledger, timers)
    now = OPENED + 4 * DAY
    one, two = case_id(1), case_id(2)
    soon = Period(now, now + DAY)
    assert asked(ledger, now, due=soon, states=(State.RUNNING,)) == [(one, "lived"), (two, "resolution")]
    assert asked(ledger, now, states=(State.OVERDUE,)) == [(one, "resolution")]
    assert asked(ledger, now, missed=True, due=Period(OPENED, now)) == [(one, "resolution")]
    assert asked(ledger, now, missed=True, due=Period(now, None)) == []
    assert asked(ledger, now, unit="East", targets=("resolution", "legal")) == [(two, "resolution"), (two, "legal")]
    assert asked(ledger, now, handler="lin", targets=("legal",)) == [(two, "legal")]
    assert asked(ledger, now, statutory=True) == [(one, "legal"), (two, "legal")]
    assert asked(ledger, now, case_id=one, policy="promises", statutory=True) == [(one, "legal")]
    assert asked(ledger, now, subject_kinds=(SubjectKind.OBLIGATION,)) == []
    assert asked(ledger, now, open=False) == [(one, "step"), (one, "next"), (two, "step"), (two, "next")]
    window = Window(DUE, limit=1)
    first = page(ledger.database, "main", window, TimerFilter(now=now, statutory=True))
    assert first.has_more
    after = Window(DUE, after=DUE.place_of(first.rows[0]), limit=5)
    assert asked(ledger, now, after, statutory=True) == [(two, "legal")]


def test_an_id_of_a_clock_is_read_back_and_anything_else_is_none(ledger: Ledger, timers: Runner) -> None:
    took_in(ledger)
    for timer in shown(ledger, timers).values():
        assert key_of_id(clock_id(timer.key)) == timer.key
    assert [key_of_id(text) for text in ("", "case/a/b/1", "case/a/b/x/1/", "case/a/b/1/-1/")] == [None] * 4
    assert key_of_id(f"case/a/b/{'9' * 5_000}/1/") is None
