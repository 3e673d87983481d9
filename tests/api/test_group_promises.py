"""The clocks that a group promises itself (examples/policies/group-service.toml): dues, pauses and more time."""

from __future__ import annotations

from typing import Any

import pytest

from api.policies import read_policy
from domain.case.commands import DispatchCase, PauseCase, ResumeCase
from domain.case.extension import ApproveExtension, RequestExtension
from domain.case.pausing import ApprovePause, RequestPause
from domain.case.statutory import NotifyComplainant
from domain.case.vocabulary import PauseGround
from domain.event import Refused
from domain.refusal import Refusal
from domain.sla.clock import Clock, State, Verdict
from tests.api.library_clocks import RESOLVED, UPDATE
from tests.api.lived import LEAST, Life, Step, Told, published, received, step, with_clock
from tests.conftest import PROJECT

GROUP = read_policy(PROJECT / "examples" / "policies" / "group-service.toml").document()
BOOK = published(GROUP)
DISPATCHED = step(DispatchCase, unit="北京分部")


def lived(*steps: Told) -> Life:
    return Life(GROUP, BOOK).told(*received("2025-09-24 10:00"), *steps)


def clock_of(life: Life, target: str, at: str) -> Clock:
    return life.clocks(life.instant(at))[(target, None)]


@pytest.mark.parametrize(
    ("target", "due", "stop"),
    [
        ("dispatch", "2025-09-24 10:30", DISPATCHED),
        ("reply", "2025-09-25 10:00", UPDATE),
        # 25, 26, Sunday 28, which is worked, 29 and 30 September; 9, 10, Saturday 11, which is worked, 13, 14 October.
        ("solved", "2025-10-14 17:00", RESOLVED),
    ],
)
def test_a_promise_is_kept_at_its_due_and_missed_a_microsecond_later(target: str, due: str, stop: Step) -> None:
    at = lived().instant(due)
    kept, late = (lived().then(at + more, stop).clocks(at + LEAST)[(target, None)] for more in (0 * LEAST, LEAST))
    assert kept.due is not None
    assert (kept.due.at, kept.state, kept.now) == (at, State.MET, Verdict.KEPT)
    assert (late.state, late.when_due, late.now) == (State.MET_LATE, Verdict.MISSED, Verdict.MISSED)
    assert lived().clocks(at + LEAST)[(target, None)].state is State.OVERDUE


def test_whoever_promises_a_reply_within_another_number_of_hours_changes_that_number() -> None:
    policy = with_clock(GROUP, "reply", amount="PT6H")
    clock = clock_of(Life(policy).told(*received("2025-09-24 10:00")), "reply", "2025-09-24 11:00")
    assert clock.due is not None
    assert clock.due.at == lived().instant("2025-09-24 16:00")


@pytest.mark.parametrize("ground", [PauseGround.CUSTOMER, PauseGround.EVIDENCE])
def test_a_wait_of_a_working_day_moves_the_solution_where_the_group_allows_its_ground(ground: PauseGround) -> None:
    life = lived(Told("2025-09-25 09:00", step(PauseCase, ground=ground)))
    assert clock_of(life, "solved", "2025-09-25 12:00").state is State.PAUSED
    life.told(Told("2025-09-26 09:00", step(ResumeCase, ground=ground)))
    clock = clock_of(life, "solved", "2025-09-26 10:00")
    assert clock.due is not None
    assert (clock.due.at, clock.pauses) == (life.instant("2025-10-15 17:00"), 1)


@pytest.mark.parametrize("ground", [PauseGround.VENDOR, PauseGround.PROBLEM, PauseGround.THIRD_PARTY])
def test_a_wait_that_the_group_does_not_allow_is_refused(ground: PauseGround) -> None:
    with pytest.raises(Refused, match="they allow customer, evidence") as refused:
        lived(Told("2025-09-25 09:00", step(PauseCase, ground=ground)))
    assert refused.value.code == Refusal.GROUND_NOT_ALLOWED


def test_what_two_people_agree_to_wait_for_moves_no_solution() -> None:
    life = lived(
        Told("2025-09-25 09:00", step(RequestPause, reason="the vendor is on strike", requested_by="Liu")),
        Told("2025-09-25 09:00", step(ApprovePause, approved_by="Director Li")),
    )
    assert clock_of(life, "solved", "2025-09-25 12:00").state is State.RUNNING
    life.told(Told("2025-09-26 09:00", step(ResumeCase, ground=PauseGround.OTHER)))
    clock = clock_of(life, "solved", "2025-09-26 10:00")
    assert clock.due is not None
    assert (clock.due.at, clock.pauses) == (life.instant("2025-10-14 17:00"), 0)


def test_a_complex_matter_is_given_five_working_days_twice_and_no_more() -> None:
    """From 14 October: 15, 16, 17, 20 and 21, then 22, 23, 24, 27 and 28, the twentieth day and so the cap."""
    life = lived()
    said: dict[str, Any] = {
        "policy": "group-service",
        "target": "solved",
        "step": "complex",
        "reason": "three branches",
    }
    for due in ("2025-10-21 17:00", "2025-10-28 17:00"):
        life.told(Told("2025-09-29 10:00", step(RequestExtension, **said, requested_by="Liu")))
        approval = {"request": life.version, "approved_by": "Director Li"}
        with pytest.raises(Refused) as refused:
            life.told(Told("2025-09-29 10:00", step(ApproveExtension, **approval, approver_role="supervisor")))
        assert refused.value.code == Refusal.NOTICE_NEEDED
        life.told(Told("2025-09-29 10:00", step(NotifyComplainant, of="extension", version=life.version)))
        with pytest.raises(Refused) as refused:
            life.told(Told("2025-09-29 10:00", step(ApproveExtension, **approval)))
        assert refused.value.code == Refusal.ROLE_NEEDED
        life.told(Told("2025-09-29 10:00", step(ApproveExtension, **approval, approver_role="supervisor")))
        clock = clock_of(life, "solved", "2025-09-29 10:00")
        assert clock.due is not None
        assert clock.due.at == life.instant(due)
    with pytest.raises(Refused) as refused:
        life.told(Told("2025-09-29 10:00", step(RequestExtension, **said, requested_by="Liu")))
    assert refused.value.code == Refusal.STEP_USED_UP
