"""More time under the laws of the library, rung by rung, what they ask for it, and that none of them stands still."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import pytest

from api.policies import library, library_policy
from domain.case.commands import PauseCase, ResumeCase
from domain.case.extension import ApproveExtension, RequestExtension
from domain.case.pausing import ApprovePause, RequestPause
from domain.case.statutory import NotifyComplainant
from domain.case.vocabulary import PauseGround
from domain.event import Refused
from domain.refusal import Refusal
from domain.sla.check import document_of
from domain.sla.clock import Clock, State, Verdict
from domain.sla.policy import PolicyDocument, Target
from tests.api.library_clocks import NUMBERED, Numbered
from tests.api.lived import LEAST, Life, Step, step

HOUR, A_DAY = timedelta(hours=1), timedelta(days=1)


class Rung(NamedTuple):
    """A step of a ladder, and the last day once it is taken behind those before it."""

    policy: str
    target: str
    step: str
    due: date
    role: str | None = None
    notice: bool = False


LADDERS = {
    ("cn-bank", "decision"): (
        # 11 September to 20 October are thirty days from the 20th of September; thirty more end on 19 November.
        Rung("cn-bank", "decision", "complex", date(2025, 10, 20)),
        Rung("cn-bank", "decision", "specially-complex", date(2025, 11, 19), role="head-office", notice=True),
    ),
    ("cn-12345-shandong", "handling"): (
        # From 30 September: 9, 10 and Saturday 11 October, which is worked; 13 to 17, 20 and 21.
        Rung("cn-12345-shandong", "handling", "specially-complex", date(2025, 10, 21)),
    ),
    ("gdpr-erasure", "answer"): (
        # Two months from 18 April, which the month had ended with before Good Friday moved it.
        Rung("gdpr-erasure", "answer", "complexity", date(2025, 6, 18), notice=True),
    ),
}
RUNGS = [rung for ladder in LADDERS.values() for rung in ladder]


def told_of(policy: str, target: str) -> Numbered:
    return next(told for told in NUMBERED if (told.policy, told.target) == (policy, target))


def target_of(policy: str, target: str) -> Target:
    found = library_policy(policy).document().target(target)
    assert found is not None
    return found


def request(rung: Rung, **changes: Any) -> Step:
    said = {"policy": rung.policy, "target": rung.target, "step": rung.step, "reason": "several branches"}
    return step(RequestExtension, **said, evidence="letter 12", requested_by="Liu", **changes)


def approval(life: Life, rung: Rung, **changes: Any) -> Step:
    """Of the request that was made last, notices of it left aside."""
    asked = next(one.version for one in reversed(life.history) if one.event.TOPIC.startswith("extension-requested"))
    said: dict[str, Any] = {"request": asked, "approved_by": "Director Li", "approver_role": rung.role}
    return step(ApproveExtension, **said | changes)


def asked(life: Life, rung: Rung, at: datetime) -> Life:
    """More time asked for, and the complainant told of it where the rung wants that."""
    life.then(at, request(rung))
    if rung.notice:
        life.then(at, step(NotifyComplainant, of="extension", version=life.version))
    return life


def taken(life: Life, rung: Rung, at: datetime) -> Life:
    asked(life, rung, at)
    return life.then(at, approval(life, rung))


def up_to(rung: Rung) -> tuple[Life, datetime]:
    """The case with all rungs below taken, each at the last moment, and the last moment that follows."""
    told = told_of(rung.policy, rung.target)
    life = Life.under(rung.policy).told(*told.begun)
    last = life.instant(told.due) + A_DAY - LEAST
    for below in LADDERS[rung.policy, rung.target]:
        if below == rung:
            break
        taken(life, below, last)
        last = life.instant(below.due.isoformat()) + A_DAY - LEAST
    return life, last


def clock_of(life: Life, rung: Rung, at: datetime) -> Clock:
    return life.clocks(at)[(rung.target, None)]


def test_the_ladders_told_here_are_those_of_the_library() -> None:
    shipped = {
        (name, target.id): [(each.id, each.approver_role, each.notice, each.evidence) for each in target.extensions]
        for name in library()
        for target in library_policy(name).document().targets
        if target.extensions
    }
    told = {key: [(each.step, each.role, each.notice, True) for each in ladder] for key, ladder in LADDERS.items()}
    assert told == shipped


each_rung = pytest.mark.parametrize("rung", [pytest.param(rung, id=f"{rung.policy}-{rung.step}") for rung in RUNGS])


@each_rung
def test_a_rung_taken_at_the_last_moment_leads_to_the_day_that_the_law_allows(rung: Rung) -> None:
    life, last = up_to(rung)
    taken(life, rung, last)
    clock = clock_of(life, rung, life.instant(rung.due.isoformat()) + A_DAY - LEAST)
    assert clock.due is not None
    assert (clock.state, clock.due.on) == (State.RUNNING, rung.due)
    assert [each.late or each.ignored for each in clock.extensions][-1] is False
    late = clock_of(life, rung, life.instant(rung.due.isoformat()) + A_DAY)
    assert (late.state, late.when_due, late.now) == (State.OVERDUE, Verdict.MISSED, Verdict.MISSED)


@each_rung
def test_what_is_answered_on_the_last_day_of_a_rung_is_kept_and_a_microsecond_later_late(rung: Rung) -> None:
    for more, state in ((timedelta(), State.MET), (LEAST, State.MET_LATE)):
        life, last = up_to(rung)
        taken(life, rung, last)
        end = life.instant(rung.due.isoformat()) + A_DAY - LEAST
        *before, stop = told_of(rung.policy, rung.target).stops[0]
        life.then(end - HOUR, *before).then(end + more, stop)
        assert clock_of(life, rung, end + A_DAY).state is state


@each_rung
def test_a_rung_approved_after_the_due_is_shown_and_undoes_no_miss(rung: Rung) -> None:
    life, last = up_to(rung)
    asked(life, rung, last)
    before = clock_of(life, rung, last).due
    life.then(last + LEAST, approval(life, rung))
    clock = clock_of(life, rung, last + A_DAY)
    assert (clock.state, clock.when_due, clock.now, clock.due) == (
        State.OVERDUE, Verdict.MISSED, Verdict.MISSED, before,
    )  # fmt: skip
    assert [(each.step, each.late) for each in clock.extensions][-1] == (rung.step, True)


@each_rung
def test_a_rung_takes_evidence_and_another_person_and_the_role_and_notice_that_the_law_wants(rung: Rung) -> None:
    life, last = up_to(rung)
    with pytest.raises(Refused, match=f"The step {rung.step} takes evidence") as unfounded:
        life.then(last, step(RequestExtension, **{**request(rung).fields, "evidence": None}))
    assert unfounded.value.code == Refusal.EVIDENCE_NEEDED
    life.then(last, request(rung))
    before = clock_of(life, rung, last)
    if rung.notice:
        with pytest.raises(Refused) as unannounced:
            life.then(last, approval(life, rung))
        assert unannounced.value.code == Refusal.NOTICE_NEEDED
        life.then(last, step(NotifyComplainant, of="extension", version=life.version))
    refusals = [({"approved_by": "Liu"}, Refusal.SAME_PERSON)]
    refusals += [({"approver_role": "clerk"}, Refusal.ROLE_NEEDED)] if rung.role else []
    for changes, code in refusals:
        with pytest.raises(Refused) as refused:
            life.then(last, approval(life, rung, **changes))
        assert refused.value.code == code
    assert clock_of(life, rung, last) == before
    life.then(last, approval(life, rung))
    assert len(clock_of(life, rung, last).extensions) == len(before.extensions) + 1


@each_rung
def test_no_rung_is_taken_twice(rung: Rung) -> None:
    """Of a target that may run several times the clock alone can tell, and passes over what is beyond the ladder."""
    life, last = up_to(rung)
    taken(life, rung, last)
    if target_of(rung.policy, rung.target).instances == "start":
        taken(life, rung, last)
        clock = clock_of(life, rung, last)
        assert clock.due is not None
        assert (clock.extensions[-1].ignored, clock.due.on) == (True, rung.due)
    else:
        with pytest.raises(Refused) as refused:
            life.then(last, request(rung))
        assert refused.value.code == Refusal.STEP_USED_UP


@pytest.mark.parametrize(("policy", "target"), LADDERS)
def test_however_often_a_copied_policy_lets_rungs_be_taken_none_leads_beyond_the_cap(policy: str, target: str) -> None:
    """The shipped ladders reach their cap exactly; a copy that lets the last rung be taken twice gets no further."""
    raw = library_policy(policy).document().model_dump(mode="json")
    (found,) = (each for each in raw["targets"] if each["id"] == target)
    found["extensions"][-1]["most"] = 2
    copy: PolicyDocument = document_of(raw)
    last_rung = LADDERS[policy, target][-1]
    told = told_of(policy, target)
    life = Life(copy).told(*told.begun)
    at = life.instant(told.begun[-1].at) + HOUR
    for rung in (*LADDERS[policy, target], last_rung):
        taken(life, rung, at)
    clock = clock_of(life, last_rung, at)
    assert clock.due is not None
    assert (clock.due.on, [each.ignored for each in clock.extensions][-1]) == (last_rung.due, False)


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(told, id=f"{told.policy}-{told.target}")
        for told in NUMBERED
        if (told.policy, told.target) not in LADDERS
    ],
)
def test_where_the_law_knows_no_extension_none_can_be_asked_for(told: Numbered) -> None:
    life = Life.under(told.policy).told(*told.begun)
    said = {"policy": told.policy, "target": told.target, "step": "more", "reason": "complex", "part": told.part}
    opened = [one for one in life.history if one.event.TOPIC.startswith("terms-assigned")]
    with pytest.raises(Refused, match="it cannot be extended") as refused:
        life.then(opened[0].occurred_at + 40 * A_DAY, step(RequestExtension, **said, requested_by="Liu"))
    assert refused.value.code == Refusal.OFF_THE_LADDER


# Pauses ---------------------------------------------------------------------------------------------------------------

OPEN = [told for told in NUMBERED if told.target not in {"records", "call-back"} or told.policy == "fca-disp"]
"""Those whose case is still handled when they start; no other can be paused."""


def test_no_law_of_the_library_lets_its_time_stand_still() -> None:
    for name in library():
        for target in library_policy(name).document().targets:
            assert (target.pauses.grounds, target.pauses.between) == ((), ())


@pytest.mark.parametrize("told", [pytest.param(told, id=f"{told.policy}-{told.target}") for told in OPEN])
def test_a_case_under_a_law_alone_waits_on_no_listed_ground(told: Numbered) -> None:
    life = Life.under(told.policy).told(*told.begun)
    for ground in PauseGround:
        with pytest.raises(Refused) as refused:
            life.then(life.instant(told.begun[-1].at) + HOUR, step(PauseCase, ground=ground))
        listed = ground is not PauseGround.OTHER
        assert refused.value.code == (Refusal.GROUND_NOT_ALLOWED if listed else Refusal.APPROVAL_NEEDED)


@pytest.mark.parametrize("told", [pytest.param(told, id=f"{told.policy}-{told.target}") for told in OPEN])
def test_a_case_may_wait_as_two_people_agree_and_its_statutory_time_goes_on(told: Numbered) -> None:
    life = Life.under(told.policy).told(*told.begun)
    begun = life.instant(told.begun[-1].at) + HOUR
    key = (told.target, told.part)
    ran = Life.under(told.policy).told(*told.begun).clocks(begun + 60 * A_DAY)[key]
    for hours in (0, 25):
        asked = step(RequestPause, reason=f"wait {hours}", requested_by="Liu")
        life.then(begun + hours * HOUR, asked, step(ApprovePause, approved_by="Director Li"))
        if not hours:
            life.then(begun + A_DAY, step(ResumeCase, ground=PauseGround.OTHER))
    clock = life.clocks(begun + 60 * A_DAY)[key]
    assert (clock.due, clock.state, clock.pauses) == (ran.due, ran.state, 0)


def test_a_wait_on_no_listed_ground_is_refused_unless_another_approves_it() -> None:
    told = told_of("cn-bank", "decision")
    life = Life.under("cn-bank").told(*told.begun)
    with pytest.raises(Refused) as refused:
        life.then(life.instant("2025-09-21 10:00"), step(PauseCase, ground=PauseGround.OTHER))
    assert refused.value.code == Refusal.APPROVAL_NEEDED
