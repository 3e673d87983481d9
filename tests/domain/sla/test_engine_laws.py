"""What holds for every history, however odd its order."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.case.dialogue import CaseAcknowledged, CustomerReplied
from domain.case.due import DueStated
from domain.case.escalation import CaseEscalated
from domain.case.events import (
    CaseClassified,
    CaseClosed,
    CaseDispatched,
    CasePaused,
    CasePrioritised,
    CaseReceived,
    CaseReopened,
    CaseResolved,
    CaseResumed,
    CaseTransferred,
    KindChanged,
    ResponseSent,
)
from domain.case.extension import ExtensionApproved, ExtensionRequested
from domain.case.parts import CasePartOpened, CasePartResolved
from domain.case.relations import CaseAbsorbed, CaseMerged
from domain.case.settlement import CaseWithdrawn
from domain.case.statutory import ComplainantNotified, DecisionMade
from domain.envelope import Recorded
from domain.event import Event, Precision
from domain.sla.clock import Clock, Segment, State, Verdict
from domain.sla.clocks import clocks
from domain.sla.dues import passed
from domain.sla.unit_hours import UnitHours
from tests.domain.sla.history import CASE, OFFICE, Case, calendar, made, policy, standards, target

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
ALLOWED = ["customer", "vendor"]


def timed(kind: str, amount: Any, name: str, **fields: Any) -> dict[str, Any]:
    return target({"type": kind, "amount": amount}, id=name, **fields)


EVERYTHING = policy(
    timed("working_time", "PT8H", "hours", pauses={"grounds": ALLOWED}, warnings=[{"at_percent": 75}]),
    timed("elapsed", "PT30H", "elapsed", pauses={"grounds": ALLOWED}, reopen="resume", verdict_by="as_lived"),
    timed("calendar_days", 5, "days", pauses={"grounds": ALLOWED, "days": "whole"}),
    timed("business_days", 3, "business", pauses={"grounds": ALLOWED, "days": "touched"}, on_transfer="move"),
    timed("business_days", 2, "exact", pauses={"grounds": ALLOWED}, warnings=[{"before_business_days": 1}]),
    timed("weeks", 1, "statute", statute={"clause": "c", "source": "s"}, on_expiry="opens", opens="opened"),
    timed("months", 1, "opened", stop="response-sent(kind=final)"),
    timed("elapsed", "PT4H", "next", start="customer-replied", stop="response-sent", instances="start"),
    timed("calendar_days", 4, "part", subject="part", stop="case-part-resolved"),
    timed("calendar_days", 3, "notice", stop="all(decision-made, complainant-notified(version=@decision-made))"),
    target({"type": "stated_date", "of": "resolution"}, id="stated"),
    timed("working_time", "PT3H", "deemed", cut_off={"at": "close_of_business"}, boundary="next_opening"),
    target({"type": "reporting_period", "every_months": 1, "within": 3}, id="return", stop="return-submitted"),
    target(
        {"type": "business_days", "amount": 2, "ends": "close_of_business", "first_day": "counted"},
        id="ladder",
        start="any(case-registered, customer-replied)",
        measured_from="case-received",
        pauses={"grounds": ALLOWED, "between": [{"ground": "m", "begins": "decision-made", "ends": "response-sent"}]},
        extensions=[{"id": "more", "length": 3, "mode": "add_to_rolled", "most": 2}],
        cap=6,
        escalations=[{"level": 1, "at_percent": 80}, {"level": 2, "after_due": "PT1H"}],
        on_change="keep",
        kind="other",
    ),
    target({"type": "no_number", "word": {"en": "prompt"}}, id="prompt", stop="case-acknowledged"),
    timed("elapsed", "PT2H", "urgent", extensions=[{"id": "more", "length": "PT2H", "mode": "add_to_raw"}]),
    rules=[
        {"id": "urgent", "when": {"priority": ["high"]}, "targets": ["urgent", "days", "next", "statute"]},
        {"id": "billing", "when": {"category": ["billing"]}, "targets": ["hours", "exact", "part"]},
        {
            "id": "all",
            "targets": [
                *("hours", "elapsed", "days", "business", "exact", "statute", "next", "part", "notice", "stated"),
                *("prompt", "deemed", "return", "ladder"),
            ],
        },
    ],
)
RESUMED = {"elapsed"}
CHANGES = {"case-prioritised.1", "case-classified.1"}
"""After which no rule may ask for a target, so that it is not missed until one asks for it again."""
STANDARDS = standards(
    EVERYTHING,
    calendars=[
        calendar(),
        calendar(version=2, known=START + timedelta(days=2), overrides={"2026-03-05": []}),
        calendar("night", week=OFFICE | {"sat": ["20:00-04:00"]}),
    ],
    units={"north": UnitHours("night", "Asia/Shanghai")},
)
KINDS: list[Event] = [
    made(CaseReceived, kind="complaint", channel="email"),
    made(CasePaused, ground="customer"),
    made(CasePaused, ground="vendor"),
    made(CaseResumed, ground="customer"),
    made(CaseResumed, ground="vendor"),
    made(ResponseSent, kind="final", channel="email"),
    made(ResponseSent, kind="update", channel="email"),
    made(CustomerReplied, channel="email"),
    made(CaseAcknowledged, channel="email"),
    made(CaseResolved, outcome="solved"),
    made(CaseReopened),
    made(CaseClosed),
    made(CaseWithdrawn, channel="email"),
    made(CaseMerged, into=CASE),
    made(CaseAbsorbed, case_id=CASE),
    made(CasePrioritised, priority="high"),
    made(CasePrioritised, priority="low"),
    made(CaseClassified, category="billing"),
    made(KindChanged, kind="praise"),
    made(CaseDispatched, unit="desk"),
    made(CaseTransferred, from_unit="desk", to_unit="north"),
    made(CasePartOpened, part="card"),
    made(CasePartResolved, part="card", outcome="upheld"),
    made(DecisionMade, outcome="upheld"),
    made(ComplainantNotified, of="decision"),
    made(ComplainantNotified, of="decision", version=3),
    made(DueStated, target="resolution", due_at=START + timedelta(days=3), due_precision="day", stated_by="company"),
    made(DueStated, target="其他", due_at=START + timedelta(days=1), due_precision="instant", stated_by="source"),
    made(ExtensionRequested, policy="service", target="urgent", step="more", reason="r", requested_by="Liu"),
    made(ExtensionRequested, policy="service", target="ladder", step="more", reason="r", requested_by="Liu"),
    made(ExtensionApproved, request=4, approved_by="Chen"),
    made(ExtensionApproved, request=5, approved_by="Chen"),
    made(CaseEscalated, level=1, by="alarm"),
]
MINUTES = st.integers(0, 20 * 24 * 60).map(lambda count: timedelta(minutes=count))
STEPS = st.lists(
    st.tuples(st.sampled_from(KINDS), MINUTES, MINUTES.map(lambda late: late / 8), st.booleans()), max_size=14
)


def told(steps: list[tuple[Event, timedelta, timedelta, bool]], *, orderly: bool = False) -> list[Recorded[Any]]:
    """A history of these steps behind a receipt and a registration; in order of time only where that is asked."""
    case = Case().received("2026-03-02 09:00").registered("2026-03-02 09:30", EVERYTHING, rule="all")
    if orderly:
        steps = sorted(steps, key=lambda step: step[1])
    for event, after, late, by_day in steps:
        case.then("2026-03-02 10:00", event)
        at = START + timedelta(hours=1) + after
        precision = Precision.DAY if by_day and not orderly else Precision.INSTANT
        case.told[-1] = case.told[-1]._replace(occurred_at=at, occurred_precision=precision, recorded_at=at + late)
    return case.told


def all_clocks(history: list[Recorded[Any]], at: timedelta, **how: Any) -> tuple[Clock, ...]:
    return clocks(history, STANDARDS, START + at, inherited=history[:3], **how)


@settings(max_examples=300)
@given(STEPS, MINUTES)
def test_no_order_of_events_makes_the_engine_raise_and_its_answer_is_one_answer(steps: Any, at: timedelta) -> None:
    history = told(steps)
    found = all_clocks(history, at)
    assert found == all_clocks(list(history), at)
    keys = [clock.key for clock in found]
    assert len(set(keys)) == len(keys)
    assert all_clocks(history[2:], at) is not None
    assert all_clocks([], at) == ()


@settings(max_examples=300)
@given(STEPS, MINUTES)
def test_segments_are_a_partition_and_the_counted_ones_add_up(steps: Any, at: timedelta) -> None:
    for clock in all_clocks(told(steps), at):
        segments: tuple[Segment, ...] = clock.segments
        assert all(one.end == two.begin for one, two in pairwise(segments)), clock.key
        assert all(one.begin < one.end for one in segments)
        lasted = sum((one.end - one.begin for one in segments if one.counted), timedelta())
        assert lasted == clock.counted, (clock.key, segments)


@settings(max_examples=200)
@given(STEPS, MINUTES)
def test_a_clock_without_segments_is_otherwise_the_same(steps: Any, at: timedelta) -> None:
    history = told(steps)
    assert all_clocks(history, at, segments=False) == tuple(
        clock._replace(segments=()) for clock in all_clocks(history, at)
    )


@settings(max_examples=200)
@given(STEPS, MINUTES)
def test_a_state_agrees_with_its_verdicts(steps: Any, at: timedelta) -> None:
    for clock in all_clocks(told(steps), at):
        if clock.state in {State.MET, State.MET_LATE, State.OVERDUE}:
            assert clock.now is (Verdict.KEPT if clock.state is State.MET else Verdict.MISSED)
        else:
            assert clock.now is None
        if clock.started_at is None:
            assert (clock.state, clock.when_due, clock.due) == (State.NOT_STARTED, None, None)


@settings(max_examples=200)
@given(st.lists(st.tuples(MINUTES, MINUTES), max_size=6), st.tuples(MINUTES, MINUTES))
def test_another_pause_never_brings_a_due_forward(pauses: list[tuple[Any, Any]], another: tuple[Any, Any]) -> None:
    def dues(intervals: list[tuple[timedelta, timedelta]]) -> dict[str, datetime]:
        steps: list[tuple[Event, timedelta, timedelta, bool]] = []
        merged: list[tuple[timedelta, timedelta]] = []
        for begin, length in sorted(intervals):
            if merged and begin <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(merged[-1][1], begin + length / 8))
            else:
                merged.append((begin, begin + length / 8))
        for begin, end in merged:
            steps += [(KINDS[1], begin, timedelta(), False), (KINDS[3], end, timedelta(), False)]
        found = clocks(told(steps, orderly=True), STANDARDS, START + timedelta(days=60))
        return {clock.key.target: clock.due.at for clock in found if clock.due is not None}

    before, after = dues(pauses), dues([*pauses, another])
    assert before.keys() - {"opened"} <= after.keys()
    assert {name: due for name, due in before.items() if after.get(name, due) < due} == {}


@settings(max_examples=100)
@given(MINUTES, MINUTES)
def test_a_later_receipt_is_never_due_earlier(one: timedelta, other: timedelta) -> None:
    def dues(after: timedelta) -> dict[str, datetime]:
        history = [each._replace(occurred_at=START + after, recorded_at=START + after) for each in told([])]
        found = clocks(history, STANDARDS, START + after)
        return {clock.key.target: clock.due.at for clock in found if clock.due is not None}

    earlier, later = dues(min(one, other)), dues(max(one, other))
    assert {name: due for name, due in earlier.items() if later[name] < due} == {}


@settings(max_examples=150)
@given(STEPS, MINUTES, MINUTES)
def test_a_miss_stays_a_miss_as_long_as_nothing_is_recorded_late(steps: Any, one: timedelta, other: timedelta) -> None:
    punctual = [(event, after, timedelta(), by_day) for event, after, _, by_day in steps]
    history = told(punctual, orderly=True)
    earlier = {clock.key: clock for clock in all_clocks(history, min(one, other))}
    later = {clock.key: clock for clock in all_clocks(history, max(one, other))}
    for key, clock in earlier.items():
        if clock.now is Verdict.MISSED:
            assert later[key].now is Verdict.MISSED, key
            assert later[key].when_due is Verdict.MISSED, key


@settings(max_examples=200)
@given(STEPS, MINUTES)
def test_the_verdict_when_due_is_what_somebody_who_asked_at_every_moment_would_have_seen_first(
    steps: Any, at: timedelta
) -> None:
    """From one moment at which something became known to the next, the first due that passed decides; but a clock that
    a reopening resumes after it had ended in time has another one."""
    history = told([(event, after, late, False) for event, after, late, _ in steps])
    moments = sorted({each.recorded_at for each in history if each.recorded_at <= START + at})
    for clock in clocks([each for each in history if each.recorded_at <= START + at], STANDARDS, START + at):
        if clock.due is None:
            continue
        seen: Verdict | None = None
        for moment, until in pairwise([*moments, START + at]):
            known = [each for each in history if each.recorded_at <= moment]
            then = next((each for each in clocks(known, STANDARDS, until) if each.key == clock.key), None)
            seen = then.now if then is not None and then.now is Verdict.KEPT else None
            dropped = then is not None and then.cancelled is not None and then.cancelled.topic in CHANGES
            if then is not None and passed(then.due, until) and not dropped:
                seen = then.now
                if seen is Verdict.MISSED or clock.key.target not in RESUMED:
                    break
        if clock.now is not None:
            assert clock.when_due is seen, clock
