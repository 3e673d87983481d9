"""A verdict is a pair (DOMAIN.md, point 12)."""

from datetime import timedelta
from typing import Any

import pytest

from domain.amendment import EventVoided, VoidRequested
from domain.case.events import CasePaused, CaseReopened, CaseResolved, CaseResumed, ResponseSent
from domain.correction import applied
from domain.sla.clock import State, Verdict
from tests.domain.sla.history import Case, clock_of, clocks_of, policy, standards, target

DAY = {"type": "elapsed", "amount": "PT24H"}


def opened(**fields: Any) -> tuple[Case, Any]:
    rules = policy(target(DAY, stop="response-sent", **fields))
    return Case().received("2026-03-02 09:00").registered("2026-03-02 09:30", rules), standards(rules)


def answered(case: Case, at: str, known: str | None = None) -> Case:
    return case.then(at, ResponseSent, kind="final", channel="letter", known=known)


def pair(case: Case, by: Any, at: str, **how: Any) -> tuple[Verdict | None, Verdict | None, bool]:
    clock = clock_of(case, by, at, **how)
    return clock.when_due, clock.now, clock.rests_on_late


def test_an_answer_given_and_recorded_in_time_is_kept_both_ways() -> None:
    case, by = opened()
    assert pair(case, by, "2026-03-02 10:00") == (None, None, False)
    answered(case, "2026-03-02 15:00")
    assert pair(case, by, "2026-03-09 09:00") == (Verdict.KEPT, Verdict.KEPT, False)


def test_an_answer_given_in_time_and_recorded_late_was_missed_when_due_and_is_kept_now() -> None:
    case, by = opened()
    answered(case, "2026-03-02 15:00", known="2026-03-04 10:00")
    assert pair(case, by, "2026-03-09 09:00") == (Verdict.MISSED, Verdict.KEPT, True)


@pytest.mark.parametrize(
    ("known", "now", "state"),
    [
        ("2026-03-03 12:00", Verdict.KEPT, State.MET),
        ("2026-03-05 12:00", Verdict.MISSED, State.MET_LATE),
    ],
)
def test_a_policy_may_accept_late_records_for_some_time_only(known: str, now: Verdict, state: State) -> None:
    case, by = opened(late_record="accept_within", late_record_within="P1D")
    answered(case, "2026-03-02 15:00", known=known)
    clock = clock_of(case, by, "2026-03-09 09:00")
    assert (clock.when_due, clock.now, clock.state) == (Verdict.MISSED, now, state)


def test_a_policy_may_ask_for_an_approved_revision_as_evidence_of_a_late_record() -> None:
    case, by = opened(late_record="evidence_required")
    answered(case, "2026-03-02 15:00", known="2026-03-04 10:00")
    assert pair(case, by, "2026-03-09 09:00") == (Verdict.MISSED, Verdict.MISSED, False)
    case.revised("2026-03-10 10:00")
    assert pair(case, by, "2026-03-11 09:00") == (Verdict.MISSED, Verdict.KEPT, True)


def test_answering_after_the_due_is_met_late_and_never_met() -> None:
    case, by = opened()
    answered(case, "2026-03-03 09:30")
    clock = clock_of(case, by, "2026-03-09 09:00")
    assert (clock.state, clock.now, clock.when_due, clock.remaining) == (
        State.MET_LATE,
        Verdict.MISSED,
        Verdict.MISSED,
        -timedelta(minutes=30),
    )
    assert not clock.rests_on_late


def test_a_recorded_miss_stands_whatever_becomes_known() -> None:
    case, by = opened()
    case.missed("2026-03-03 09:00")
    answered(case, "2026-03-02 15:00", known="2026-03-03 09:05")
    assert pair(case, by, "2026-03-09 09:00") == (Verdict.MISSED, Verdict.KEPT, True)


def test_a_pause_recorded_after_the_due_it_moved_does_not_change_what_was_known_then() -> None:
    case, by = opened(pauses={"grounds": ["customer"]})
    case.then("2026-03-02 12:00", CasePaused, ground="customer", known="2026-03-03 12:00")
    case.then("2026-03-02 18:00", CaseResumed, ground="customer", known="2026-03-03 12:00")
    answered(case, "2026-03-03 13:00")
    assert pair(case, by, "2026-03-09 09:00") == (Verdict.MISSED, Verdict.KEPT, False)
    known, by = opened(pauses={"grounds": ["customer"]})
    known.then("2026-03-02 12:00", CasePaused, ground="customer")
    known.then("2026-03-02 18:00", CaseResumed, ground="customer")
    answered(known, "2026-03-03 13:00")
    assert pair(known, by, "2026-03-09 09:00") == (Verdict.KEPT, Verdict.KEPT, False)


def test_a_resumption_recorded_late_is_weighed_when_it_becomes_known() -> None:
    """While nobody knew that it went on nothing ran out; when it was known the due had passed already."""
    case, by = opened(pauses={"grounds": ["customer"]})
    case.then("2026-03-02 12:00", CasePaused, ground="customer")
    case.then("2026-03-02 13:00", CaseResumed, ground="customer", known="2026-03-06 09:00")
    assert clock_of(known_before(case), by, "2026-03-05 09:00").state is State.PAUSED
    assert pair(case, by, "2026-03-07 09:00") == (Verdict.MISSED, Verdict.MISSED, True)


def known_before(case: Case) -> Case:
    """The case without its last event."""
    earlier = Case()
    earlier.told = case.told[:-1]
    return earlier


def test_a_case_registered_after_its_deadline_was_missed_when_that_became_known() -> None:
    rules = policy(target(DAY, stop="response-sent"))
    case = Case().received("2026-03-02 09:00").registered("2026-03-05 09:00", rules)
    assert pair(case, standards(rules), "2026-03-06 09:00") == (Verdict.MISSED, Verdict.MISSED, False)


def test_what_a_source_recorded_in_time_was_known_when_due_and_without_its_word_nobody_knows() -> None:
    rules = policy(target(DAY, stop="response-sent"))
    by = standards(rules)
    for source_known, verdict in (
        ("2026-03-02 16:00", Verdict.KEPT),
        ("2026-03-04 16:00", Verdict.MISSED),
        (None, None),
    ):
        said: dict[str, Any] = {"known": "2026-06-01 09:00", "imported": True}
        case = Case().received("2026-03-02 09:00", source_known=source_known and "2026-03-02 09:00", **said)
        case.registered("2026-03-02 09:30", rules, source_known=source_known and "2026-03-02 09:30", **said)
        case.then("2026-03-02 15:00", ResponseSent, kind="final", channel="letter", source_known=source_known, **said)
        clock = clock_of(case, by, "2026-06-02 09:00")
        assert (clock.when_due, clock.now) == (verdict, Verdict.KEPT)
        assert clock.rests_on_late is (verdict is Verdict.MISSED)


def test_an_answer_voided_afterwards_was_kept_when_due_and_is_missed_now() -> None:
    case, by = opened()
    answered(case, "2026-03-02 15:00")
    case.then("2026-03-10 09:00", VoidRequested, version=4, reason="another case", requested_by="Liu")
    case.then("2026-03-10 10:00", EventVoided, version=4, request=5, approved_by="Chen")
    as_recorded = list(case.told)
    case.told = list(applied(as_recorded))
    assert pair(case, by, "2026-03-11 09:00", as_recorded=as_recorded) == (Verdict.KEPT, Verdict.MISSED, False)


def test_the_two_as_of_times_are_apart() -> None:
    """As known on the third, before the answer was recorded; and as known later about the same day."""
    case, by = opened()
    before = clock_of(case, by, "2026-03-03 12:00")
    answered(case, "2026-03-02 15:00", known="2026-03-04 10:00")
    after = clock_of(case, by, "2026-03-03 12:00")
    assert (before.state, before.now) == (State.OVERDUE, Verdict.MISSED)
    assert (after.state, after.now) == (State.MET, Verdict.KEPT)
    assert clocks_of(case, by, "2026-03-02 12:00")["resolution"].state is State.RUNNING


def test_what_resolves_a_case_later_than_asked_about_is_not_seen() -> None:
    rules = policy(target(DAY))
    case = Case().received("2026-03-02 09:00").registered("2026-03-02 09:30", rules)
    case.then("2026-03-02 12:00", CaseResolved, outcome="solved")
    assert clock_of(case, standards(rules), "2026-03-02 11:00").state is State.RUNNING


def test_a_clock_resumed_after_it_was_kept_is_weighed_again_by_the_due_that_it_has_then() -> None:
    for known in (None, "2026-03-03 10:00"):
        rules = policy(target(DAY, reopen="resume"))
        case = Case().received("2026-03-02 09:00").registered("2026-03-02 09:30", rules)
        case.then("2026-03-02 12:00", CaseResolved, outcome="solved")
        case.then("2026-03-03 09:00", CaseReopened, known=known)
        by = standards(rules)
        assert pair(case, by, "2026-03-04 05:00")[:2] == (None, None)
        assert pair(case, by, "2026-03-04 07:00")[:2] == (Verdict.MISSED, Verdict.MISSED)
