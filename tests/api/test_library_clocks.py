"""Every clock of the regulatory library, run by the engine over cases that a book would let happen."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from api.policies import library, library_policy
from domain.case.commands import DispatchCase
from domain.case.settlement import WithdrawCase
from domain.case.statutory import ConfirmUnitReceipt
from domain.channel import Channel
from domain.event import Precision
from domain.sla.clock import Clock, State, Verdict
from domain.sla.expression import leaves, read
from domain.sla.policy import NoNumber, Target
from domain.topics import EVENTS
from tests.api.library_clocks import (
    AGREED,
    DELAY_LETTER,
    FINAL,
    HOTLINE,
    MATERIAL,
    NUMBERED,
    PROPOSED,
    REFUSED,
    RESOLVED,
    RETURNED,
    TO_PORTAL,
    UNNUMBERED,
    Numbered,
    Steps,
    Unnumbered,
)
from tests.api.lived import DAY, LEAST, Life, Told, received, step

HOUR, A_DAY = timedelta(hours=1), timedelta(days=1)


def named(told: Numbered | Unnumbered) -> Any:
    return pytest.param(told, id=f"{told.policy}-{told.target}")


numbered = pytest.mark.parametrize("told", [named(told) for told in NUMBERED])
unnumbered = pytest.mark.parametrize("told", [named(told) for told in UNNUMBERED])
each_stop = pytest.mark.parametrize(
    ("told", "stop"),
    [
        pytest.param(told, stop, id=f"{told.policy}-{told.target}-{n}")
        for told in NUMBERED
        for n, stop in enumerate(told.stops)
    ],
)


def target_of(told: Numbered | Unnumbered) -> Target:
    target = library_policy(told.policy).document().target(told.target)
    assert target is not None
    return target


def life_of(told: Numbered | Unnumbered) -> Life:
    return Life.under(told.policy).told(*told.begun)


def clock_at(told: Numbered | Unnumbered, life: Life, at: datetime) -> Clock:
    return life.clocks(at)[(told.target, told.part if isinstance(told, Numbered) else None)]


def last_moment(told: Numbered) -> datetime:
    """The last instant in time, by the wall's clock in the policy's zone."""
    at, place = datetime.fromisoformat(told.due), ZoneInfo(library_policy(told.policy).document().zone)
    if len(told.due) > DAY:
        return at.replace(tzinfo=place)
    return (at + A_DAY).replace(tzinfo=place) - LEAST


def stopped(told: Numbered, stop: Steps, at: datetime, precision: Precision = Precision.INSTANT) -> Clock:
    """The clock after a way to stop it whose last step is taken then, and everything before it in time."""
    life = life_of(told)
    before = min(at, last_moment(told)) - HOUR
    life.then(before, *stop[:-1]).then(at, stop[-1], precision=precision)
    return clock_at(told, life, at + A_DAY)


# The due --------------------------------------------------------------------------------------------------------------


@numbered
def test_a_clock_is_due_when_the_law_says(told: Numbered) -> None:
    last = last_moment(told)
    clock = clock_at(told, life_of(told), last)
    assert clock.due is not None
    assert clock.due == clock.promised == clock.lived == clock.original
    assert clock.due.on == date.fromisoformat(told.due[:DAY])
    assert clock.due.at == (last if len(told.due) > DAY else last + LEAST)
    assert (clock.state, clock.when_due, clock.now) == (State.RUNNING, None, None)


@numbered
def test_nobody_answers_and_it_is_too_late_at_once_and_no_sooner(told: Numbered) -> None:
    clock = clock_at(told, life_of(told), last_moment(told) + LEAST)
    if told.lapses:
        assert (clock.state, clock.when_due, clock.now) == (State.LAPSED, None, None)
    else:
        assert (clock.state, clock.when_due, clock.now) == (State.OVERDUE, Verdict.MISSED, Verdict.MISSED)


@each_stop
def test_a_stop_at_the_last_moment_keeps_it(told: Numbered, stop: Steps) -> None:
    clock = stopped(told, stop, last_moment(told))
    assert (clock.state, clock.when_due, clock.now) == (State.MET, Verdict.KEPT, Verdict.KEPT)
    assert clock.stop is not None
    assert clock.stop.at == last_moment(told)


@each_stop
def test_a_stop_a_microsecond_later_is_late(told: Numbered, stop: Steps) -> None:
    clock = stopped(told, stop, last_moment(told) + LEAST)
    if told.lapses:
        assert (clock.state, clock.when_due, clock.now) == (State.LAPSED, None, None)
    else:
        assert (clock.state, clock.when_due, clock.now) == (State.MET_LATE, Verdict.MISSED, Verdict.MISSED)


@each_stop
@pytest.mark.parametrize("late", [0, 1])
def test_a_stop_known_by_its_day_only_is_in_time_on_the_last_day_and_late_on_the_next(
    told: Numbered, stop: Steps, late: int
) -> None:
    day = datetime.combine(date.fromisoformat(told.due[:DAY]) + late * A_DAY, time(), last_moment(told).tzinfo)
    clock = stopped(told, stop, day, Precision.DAY)
    too_late = State.LAPSED if told.lapses else State.MET_LATE
    assert clock.state is (too_late if late else State.MET)


@pytest.mark.parametrize(
    ("told", "looks_like"),
    [
        pytest.param(told, steps, id=f"{told.policy}-{told.target}-{n}")
        for told in NUMBERED
        for n, steps in enumerate(told.goes_on)
    ],
)
def test_what_looks_like_a_stop_is_none(told: Numbered, looks_like: Steps) -> None:
    last = last_moment(told)
    life = life_of(told).then(last - HOUR, *looks_like)
    assert clock_at(told, life, last).state is State.RUNNING


# The start ------------------------------------------------------------------------------------------------------------


@numbered
@pytest.mark.parametrize("time_of_day", ["00:00", "23:59:59.999999", None])
def test_at_whatever_time_of_a_day_it_starts_it_is_due_on_the_same_day(told: Numbered, time_of_day: str | None) -> None:
    """None of these laws has a cut-off: what comes in at night, or is known by its day only, came on that day."""
    begun = [Told(at[:DAY] if time_of_day is None else f"{at[:DAY]} {time_of_day}", each) for at, each in told.begun]
    life = Life.under(told.policy).told(*begun)
    assert clock_at(told, life, last_moment(told)).due == clock_at(told, life_of(told), last_moment(told)).due


@pytest.mark.parametrize(
    "told", [named(told) for told in (*NUMBERED, *UNNUMBERED) if target_of(told).start != "case-received"]
)
def test_a_clock_that_starts_with_something_else_does_not_run_before_it(told: Numbered | Unnumbered) -> None:
    life = Life.under(told.policy).told(*told.begun[:-1])
    begun = life.instant(told.begun[-1].at)
    found = life.clocks(begun)
    key = (told.target, told.part if isinstance(told, Numbered) else None)
    assert key not in found or found[key].state is State.NOT_STARTED
    assert clock_at(told, life_of(told), begun).started_at == begun


# The end without an answer --------------------------------------------------------------------------------------------

WITHDRAWN = step(WithdrawCase, channel=Channel.HOTLINE)
ENDED_BY_WITHDRAWAL = [  # of a call-back the matter is settled already, and cannot be taken back
    named(told) for told in NUMBERED if "case-withdrawn" in target_of(told).cancel and told.target != "call-back"
]


@pytest.mark.parametrize("told", ENDED_BY_WITHDRAWAL)
def test_a_withdrawal_ends_a_clock_without_a_verdict_and_undoes_no_miss(told: Numbered) -> None:
    last = last_moment(told)
    in_time = clock_at(told, life_of(told).then(last, WITHDRAWN), last + A_DAY)
    assert (in_time.state, in_time.when_due, in_time.now) == (State.CANCELLED, None, None)
    late = clock_at(told, life_of(told).then(last + LEAST, WITHDRAWN), last + A_DAY)
    assert late.state is (State.LAPSED if told.lapses else State.OVERDUE)


# What the laws say of single cases ------------------------------------------------------------------------------------


def test_a_final_response_within_three_business_days_keeps_the_eight_weeks_that_begin_when_it_is_not_accepted() -> None:
    """DISP 1.5: without acceptance DISP 1.6 holds from the fourth day on, and asks for what was sent already."""
    life = Life.under("fca-disp").told(*received("2025-04-17 10:00"), Told("2025-04-22 10:00", FINAL))
    assert ("eight-weeks", None) not in life.clocks(life.instant("2025-04-24 17:00"))
    found = life.clocks(life.instant("2025-06-20 10:00"))
    clock = found["eight-weeks", None]
    assert (found["summary-resolution", None].state, clock.state) == (State.LAPSED, State.MET)
    assert (clock.when_due, clock.now) == (Verdict.KEPT, Verdict.KEPT)
    assert clock.started_at == life.instant("2025-04-24 17:00")
    assert clock.stop is not None
    assert clock.stop.at == life.instant("2025-04-22 10:00")


def test_what_was_accepted_within_three_business_days_brings_no_eight_weeks() -> None:
    life = Life.under("fca-disp").told(*received("2025-04-17 10:00"), Told("2025-04-24 17:00", PROPOSED))
    life.told(Told("2025-04-24 17:00", AGREED))
    found = life.clocks(life.instant("2025-06-20 10:00"))
    assert (found["summary-resolution", None].state, ("eight-weeks", None) in found) == (State.MET, False)


def test_a_delay_letter_ends_the_eight_weeks_and_leaves_the_complaint_open_for_the_final_response() -> None:
    life = Life.under("fca-disp").told(*received("2025-04-17 10:00"), Told("2025-06-12 16:00", DELAY_LETTER))
    life.told(Told("2025-09-01 10:00", FINAL), Told("2025-09-01 11:00", RESOLVED))
    clock = life.clocks(life.instant("2025-09-02"))["eight-weeks", None]
    assert clock.stop is not None
    assert (clock.state, clock.stop.at) == (State.MET, life.instant("2025-06-12 16:00"))


def test_a_complaint_of_a_portal_has_run_since_the_portal_sent_it_whenever_the_company_looked() -> None:
    (receipt, registration) = received("2025-03-10 10:00")
    life = Life.under("cfpb").told(receipt, Told("2025-03-03 10:00", TO_PORTAL), registration)
    clock = life.clocks(life.instant("2025-03-11"))["response", None]
    assert clock.due is not None
    assert (clock.due.on, clock.measured_from) == (date(2025, 3, 18), life.instant("2025-03-03 10:00"))


def test_an_appeal_that_is_not_accepted_is_not_answered() -> None:
    life = Life.under("cn-telecom").told(*received("2025-09-24 10:00", role="appeal-body"))
    life.told(Told("2025-09-25 10:00", MATERIAL), Told("2025-09-26 10:00", REFUSED))
    clock = life.clocks(life.instant("2025-12-01"))["answer", None]
    assert (clock.state, clock.when_due, clock.now) == (State.CANCELLED, None, None)


@pytest.mark.parametrize(
    ("policy", "due"),
    [
        ("cn-12345-shandong", {"return": date(2025, 10, 13), "handling": date(2025, 10, 16)}),
        ("cn-12345-bureau", {"complaint": date(2025, 10, 28)}),
    ],
)
def test_a_unit_that_gets_an_order_which_another_handed_back_has_its_own_time(
    policy: str, due: dict[str, date]
) -> None:
    """From Friday 10 October: 11 (Saturday, worked) and 13; 14 to 16; the thirteenth working day is 28 October."""
    life = Life.under(policy).told(*HOTLINE, Told("2025-09-25 10:00", RETURNED))
    life.told(Told("2025-10-09 10:00", step(DispatchCase, unit="城管科")))
    life.told(Told("2025-10-10 10:00", step(ConfirmUnitReceipt, unit="城管科")))
    found = life.clocks(life.instant("2025-10-11 10:00"))
    for target, on in due.items():
        clock = found[target, None]
        assert clock.due is not None
        assert (clock.state, clock.key.instance, clock.due.on) == (State.RUNNING, 2, on)


def test_records_of_a_complaint_of_29_february_are_kept_until_28_february() -> None:
    """The corresponding date, or the month's last day where there is none."""
    life = Life.under("fca-disp").told(*received("2024-02-29 10:00"))
    clock = life.clocks(life.instant("2024-03-01"))["records", None]
    assert clock.due is not None
    assert clock.due.on == date(2027, 2, 28)


# No number ------------------------------------------------------------------------------------------------------------


@unnumbered
def test_a_duty_without_a_number_is_shown_with_its_word_and_never_missed(told: Unnumbered) -> None:
    clock_type = target_of(told).clock
    assert isinstance(clock_type, NoNumber)
    assert clock_type.word.en == told.word
    life = life_of(told)
    after_years = life.instant("2040-01-01")
    for steps in ((), *told.stops):
        clock = clock_at(told, life_of(told).then(after_years, *steps), after_years + A_DAY)
        assert (clock.state, clock.due, clock.when_due, clock.now) == (State.INFORMATIONAL, None, None, None)
        assert (clock.alarms, clock.remaining) == ((), None)
        assert (clock.stop is not None) == bool(steps)


# All of them ----------------------------------------------------------------------------------------------------------


def test_every_target_of_the_library_is_among_these_clocks_and_each_of_these_is_one_that_ships() -> None:
    shipped = [(name, target.id) for name in library() for target in library_policy(name).document().targets]
    assert sorted((told.policy, told.target) for told in (*NUMBERED, *UNNUMBERED)) == sorted(shipped)
    assert {told.policy for told in NUMBERED} | {told.policy for told in UNNUMBERED} == set(library())


def test_every_start_stop_and_end_of_the_library_names_an_event_of_the_registry() -> None:
    registered = {event.TOPIC.rpartition(".")[0] for event in EVENTS}
    for name in library():
        for target in library_policy(name).document().targets:
            texts = [target.start, target.stop, target.cancel, *filter(None, [target.measured_from])]
            assert {leaf.name for text in texts for leaf in leaves(read(text))} <= registered


def test_whether_it_is_a_breach_that_the_time_runs_out_is_as_the_policy_says() -> None:
    lapsing = {(told.policy, told.target) for told in NUMBERED if told.lapses}
    assert lapsing == {
        (name, target.id)
        for name in library()
        for target in library_policy(name).document().targets
        if target.on_expiry != "miss"
    }
