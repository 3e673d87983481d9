"""What happened against the process that ships: by histories told without a ledger."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.case.commands import CaseCommand, CloseCase, ReopenCase, ResolveCase
from domain.case.events import CaseEvent, Outcome
from domain.case.extension import ExtensionApproved, ExtensionRequested
from domain.case.life import CASE
from domain.case.rules import Departure
from domain.envelope import Actor, ActorKind, Context, Recorded
from domain.event import Precision
from replay.conformance import Finding, Found, Standing
from tests.domain.case import histories as told_of
from tests.domain.case.histories import (
    CASE_ID,
    assigned,
    classified,
    closed,
    dispatched,
    first,
    prioritised,
    received,
    registered,
    reopened,
    started,
    upheld,
)
from tests.domain.case.steps import Marked, merged, withdrawn
from tests.domain.case.steps_attaching import ATTACHING
from tests.domain.case.steps_beside import BESIDE, linked, pause_approved, pause_requested
from tests.domain.case.steps_dialogue import DIALOGUE, acknowledged, fed_back, feed_back, visit, visited
from tests.domain.case.steps_settlement import SETTLEMENT
from tests.domain.case.steps_statutory import STATUTORY
from tests.domain.case.steps_terms import OF_TERMS
from tests.domain.story import MONDAY, kept_in
from tests.projections.telling import Told, minute
from tests.replay.judging import DAY, SHIPPED, STREAM, departed, judged, own, rows, still_open, told

ALL = (DIALOGUE, SETTLEMENT, BESIDE, STATUTORY, OF_TERMS, ATTACHING)
MARKED: dict[str, Marked] = {name: step for steps in ALL for name, step in steps.marked.items()}
DECLARED = (received, registered, dispatched, started, first, upheld, fed_back, closed, visited)
"""A complaint as it should go."""
NOTICED = {mark for rule in SHIPPED.rules for mark in rule.departures}
"""The marks that some rule of the process is about."""

# In order -------------------------------------------------------------------------------------------------------------


def test_a_complaint_that_went_as_declared_departed_from_nothing() -> None:
    found = judged(told(*DECLARED))
    assert (found.findings, found.noticed) == ([], ())


IN_BETWEEN: tuple[CaseCommand, ...] = (
    told_of.classify,
    told_of.prioritise,
    told_of.assign,
    told_of.transfer,
    told_of.send_update,
    told_of.record_attributes,
)


def carried_out(asked: list[CaseCommand]) -> list[Recorded[Any]]:
    """The history that commands lead to, a minute apart, each accepted."""
    state, history = None, list[Recorded[Any]]()
    timed = (each.model_copy(update={"at": MONDAY + timedelta(minutes=place)}) for place, each in enumerate(asked))
    for command in timed:
        decided = CASE.decide(state, command, Context(book="test"))
        for one in kept_in(STREAM, decided, command, len(history) + 1):
            history.append(one)
            state = CASE.evolve(state, one)
    return history


@given(
    st.lists(st.lists(st.sampled_from(IN_BETWEEN), max_size=3, unique_by=id), min_size=1, max_size=3),
    st.booleans(),
)
def test_a_case_carried_out_in_order_by_the_commands_departs_from_nothing(
    rounds: list[list[CaseCommand]], paused: bool
) -> None:
    """However often it is reopened, and whatever is done in between."""
    asked: list[CaseCommand] = [told_of.receive, told_of.register, told_of.dispatch]
    for cycle, between in enumerate(rounds):
        asked += [ReopenCase(at=MONDAY, case_id=CASE_ID, reason=f"again {cycle}")] if cycle else []
        asked += [told_of.start, told_of.send_first, *([told_of.pause] if paused else []), *between]
        resolve = ResolveCase(at=MONDAY, case_id=CASE_ID, outcome=Outcome.UPHELD, code=f"R{cycle}")
        asked += [resolve, told_of.send_final, feed_back, CloseCase(at=MONDAY, case_id=CASE_ID), visit]
    assert judged(carried_out(asked)).findings == []


# One departure --------------------------------------------------------------------------------------------------------

SINGLE: dict[str, tuple[tuple[CaseEvent | Told, ...], list[tuple[str, int, Found]]]] = {
    "handled before it was registered": (
        (received, started, registered, dispatched, first, upheld, fed_back, closed, visited),
        [("registered-before-handled", 2, Found.LATER)],
    ),
    "handled and never registered": ((received, dispatched), [("registered-before-handled", 2, Found.NEVER)]),
    "resolved without being dispatched": (
        (received, registered, first, upheld, fed_back, closed, visited),
        [("dispatched-before-resolved", 4, Found.NEVER)],
    ),
    "resolved before any reply": (
        (received, registered, dispatched, upheld, fed_back, closed, visited),
        [("replied-before-resolved", 4, Found.NEVER)],
    ),
    "closed without being resolved": (
        (received, registered, dispatched, first, closed, visited),
        [("resolved-before-closed", 5, Found.NEVER), ("resolved-before-visited", 6, Found.NEVER)],
    ),
    "closed again in a cycle that was not resolved": (
        (*DECLARED, reopened, closed, visited),
        [("resolved-before-closed", 11, Found.NEVER), ("resolved-before-visited", 12, Found.NEVER)],
    ),
    "fed back before it was resolved": (
        (received, registered, dispatched, first, fed_back, upheld, closed, visited),
        [("resolved-before-fed-back", 5, Found.LATER)],
    ),
    "reopened while open": (
        (received, registered, reopened),
        [("ended-before-reopened", 3, Found.NEVER)],
    ),
    "worked on after it was resolved": (
        (*DECLARED[:6], prioritised, *DECLARED[6:]),
        [("no-work-after-the-end", 7, Found.EARLIER)],
    ),
    "resolved twice": ((*DECLARED[:6], upheld, *DECLARED[6:]), [("no-work-after-the-end", 7, Found.EARLIER)]),
    "closed twice": ((*DECLARED, closed), [("nothing-closed-again", 10, Found.EARLIER)]),
    "answered after it was closed": (
        (*DECLARED, told_of.final),
        [("no-answer-after-closing", 10, Found.EARLIER)],
    ),
    "worked on after it was withdrawn": (
        (received, registered, dispatched, withdrawn, assigned),
        [("no-work-after-the-end", 5, Found.EARLIER)],
    ),
    "worked on after it was merged": (
        (received, registered, dispatched, merged, assigned),
        [("no-work-after-the-end", 5, Found.EARLIER)],
    ),
    "a first reply given again": (
        (*DECLARED[:5], first, *DECLARED[5:]),
        [("first-reply-once", 6, Found.TOO_OFTEN)],
    ),
    "receipt acknowledged again": (
        (received, acknowledged, acknowledged, registered),
        [("acknowledged-once", 3, Found.TOO_OFTEN)],
    ),
    "resolved with no outcome stated": (
        (*DECLARED[:5], upheld.model_copy(update={"outcome": Outcome.UNSTATED}), *DECLARED[6:]),
        [("outcome-stated", 6, Found.TOO_OFTEN)],
    ),
    "linked after it was merged": (
        (received, registered, merged, linked),
        [("nothing-after-merging", 4, Found.EARLIER)],
    ),
    "a pause approved by who had asked for it": (
        (received, registered, pause_requested, pause_approved.model_copy(update={"approved_by": "ada"})),
        [("approved-by-another", 4, Found.SAME_PERSON)],
    ),
    "closed without feedback": (
        (*DECLARED[:6], closed, visited),
        [("fed-back-once-resolved", 7, Found.NEVER)],
    ),
    "closed before feedback was given": (
        (*DECLARED[:6], closed, fed_back, visited),
        [("fed-back-once-resolved", 7, Found.LATER)],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("history", "expected"), SINGLE.values(), ids=SINGLE.keys())
def test_a_departure_is_listed_once_with_its_step(
    history: tuple[CaseEvent | Told, ...], expected: list[tuple[str, int, Found]]
) -> None:
    assert departed(*history) == expected


@pytest.mark.parametrize("step", MARKED.values(), ids=MARKED.keys())
def test_what_an_import_marks_is_found_once_where_the_process_asks_for_it(step: Marked) -> None:
    """The deciders mark the step by the states before it, the process reads the same out of the order of events."""
    history = told(*step.past, Told(step.event, departures=step.marks))
    found = judged(history)
    here = [each for each in found.findings if each.version == len(history)]
    for mark in set(step.marks) & NOTICED:
        (finding,) = (each for each in here if mark in each.rule.departures)
        assert finding.marked
    assert {(each.departure, each.found) for each in found.noticed} == {
        (str(mark), mark in NOTICED) for mark in step.marks
    }


def test_the_marks_that_the_process_is_about_are_all_tried() -> None:
    tried = {mark for step in MARKED.values() for mark in step.marks}
    elsewhere = {
        Departure.WORK_AFTER_RESOLVING, Departure.CLOSED_UNRESOLVED, Departure.REOPENED_WHILE_OPEN,
        Departure.OUTCOME_UNSTATED, Departure.ANSWERED_AGAIN, Departure.WORK_AFTER_CLOSING, Departure.NOT_REGISTERED,
        Departure.PAUSE_SELF_APPROVED,
    }  # fmt: skip
    assert set(NOTICED) - tried - elsewhere == set()


# Open loops -----------------------------------------------------------------------------------------------------------


def test_what_may_yet_be_done_is_open_and_no_departure() -> None:
    assert departed(*DECLARED[:6]) == departed(*DECLARED[:8]) == []
    assert still_open(*DECLARED[:6]) == [("fed-back-once-resolved", 6, Found.NOT_YET)]
    assert still_open(*DECLARED[:8]) == [("visited-once-closed", 8, Found.NOT_YET)]


def test_a_reopening_or_a_withdrawal_ends_what_was_owed() -> None:
    assert still_open(*DECLARED[:6], reopened) == []
    assert still_open(*DECLARED[:6], reopened, upheld) == [("fed-back-once-resolved", 8, Found.NOT_YET)]
    assert still_open(*DECLARED[:8], merged) == []


def test_feedback_that_was_due_within_days_is_open_then_overdue_or_late() -> None:
    within = own(step='"fed-back"', owed_after='"resolved"', within='"P3D"', per='"cycle"')
    history = (received, registered, upheld)
    resolved_at = minute(3)
    before, after = resolved_at + 3 * DAY, resolved_at + 3 * DAY + timedelta(seconds=1)
    assert still_open(*history, conformance=within, at=before) == [("it", 3, Found.NOT_YET)]
    assert departed(*history, conformance=within, at=before) == []
    assert departed(*history, conformance=within, at=after) == [("it", 3, Found.OVERDUE)]
    assert departed(*history, Told(fed_back, at=before), conformance=within) == []
    (late,) = judged(told(*history, Told(fed_back, at=after)), within).findings
    assert (late.found, late.version, late.other_version, late.due_at) == (Found.TOO_LATE, 4, 3, before)


def test_a_reopening_or_a_withdrawal_before_the_time_is_over_ends_it_and_a_later_one_does_not() -> None:
    within = own(
        step='"fed-back"', owed_after='"resolved"', within='"P3D"', waived_by='"withdrawn"', per='"cycle"'
    )  # fmt: skip
    history, due = (received, registered, upheld), minute(3) + 3 * DAY
    for ending in (reopened, withdrawn):
        assert departed(*history, Told(ending, at=due), conformance=within) == []
        assert still_open(*history, Told(ending, at=due), conformance=within) == []
        late = Told(ending, at=due + timedelta(minutes=1))
        assert departed(*history, late, conformance=within) == [("it", 3, Found.OVERDUE)]
        assert departed(*history, late, conformance=within, at=due) == []


def test_a_merger_takes_back_no_closing_without_feedback() -> None:
    never = ("fed-back-once-resolved", 7, Found.NEVER)
    assert never in departed(*DECLARED[:6], closed)
    assert never in departed(*DECLARED[:6], closed, merged)


def test_a_rule_of_complaints_asks_nothing_of_an_inquiry() -> None:
    inquiry = received.model_copy(update={"kind": told_of.an_inquiry.kind})
    assert still_open(inquiry, registered, upheld) == []
    assert departed(inquiry, registered, upheld, closed) == []


# By whom --------------------------------------------------------------------------------------------------------------


def by(actor: Actor, events: list[Recorded[Any]], version: int) -> list[Recorded[Any]]:
    """The history, with an event acted by somebody."""
    changed = events[version - 1]
    metadata = changed.metadata.__class__(**{
        field: getattr(changed.metadata, field) for field in changed.metadata.__dataclass_fields__
    } | {"actor": actor})  # fmt: skip
    return [*events[: version - 1], changed._replace(metadata=metadata), *events[version:]]


def test_a_step_is_done_by_those_who_do_it_and_in_their_roles() -> None:
    closing = own(step='"closed"', actors='["person", "import"]', roles='["supervisor"]')
    history = told(received, registered, upheld, closed)

    def found(actor: Actor) -> list[tuple[Found, str | None]]:
        return [(each.found, each.who) for each in judged(by(actor, history, 4), closing).findings]

    assert found(Actor("li", ActorKind.PERSON, role="supervisor")) == []
    assert found(Actor("reader", ActorKind.IMPORT)) == []
    assert found(Actor("ada", ActorKind.PERSON, role="agent")) == [(Found.SOMEBODY_ELSE, "agent")]
    assert found(Actor("ada", ActorKind.PERSON)) == [(Found.SOMEBODY_ELSE, None)]
    assert found(Actor("clock", ActorKind.ALARM, role="supervisor")) == [(Found.SOMEBODY_ELSE, "alarm")]


def asked(by_whom: str) -> ExtensionRequested:
    return ExtensionRequested(
        policy="p", target="t", part=None, step="s", reason="ill", evidence=None, requested_by=by_whom
    )


def test_an_approval_is_looked_at_beside_the_request_that_it_decides() -> None:
    def approved(request: int, by_whom: str) -> ExtensionApproved:
        return ExtensionApproved(request=request, role=None, approved_by=by_whom)

    history = (received, registered, asked("ada"), asked("lin"))
    assert departed(*history, approved(3, "lin"), approved(4, "ada")) == []
    assert departed(*history, approved(3, "ada")) == [("approved-by-another", 5, Found.SAME_PERSON)]
    (found,) = judged(told(*history, approved(4, "lin"))).findings
    assert (found.other_version, found.who) == (4, "lin")


# In time --------------------------------------------------------------------------------------------------------------


def test_the_order_is_that_in_which_things_occurred_and_not_in_which_they_were_recorded() -> None:
    late_recorded = (received, Told(dispatched, at=minute(9)), Told(registered, at=minute(5)))
    assert departed(*late_recorded) == []
    back_dated = (received, Told(registered, at=minute(9)), Told(dispatched, at=minute(5)))
    assert departed(*back_dated) == [("registered-before-handled", 3, Found.LATER)]


def test_of_a_day_of_which_no_more_is_known_the_order_of_recording_decides() -> None:
    def by_day(event: CaseEvent, version: int) -> Recorded[Any]:
        (one,) = told(event)
        return one._replace(version=version, position=version, occurred_precision=Precision.DAY)

    first_day = told(received)[0]
    after = [first_day, by_day(registered, 2), by_day(dispatched, 3)]
    before = [first_day, by_day(dispatched, 2), by_day(registered, 3)]
    assert rows(judged(after).findings) == []
    assert rows(judged(before).findings) == [("registered-before-handled", 2, Found.LATER)]


def test_what_had_not_occurred_by_then_departed_from_nothing() -> None:
    history = told(received, registered, dispatched, upheld, closed)
    assert rows(judged(history, at=minute(3)).findings) == []
    assert rows(judged(history, at=minute(4)).findings) == [("replied-before-resolved", 4, Found.NEVER)]


EVENTS = (
    registered, dispatched, started, first, told_of.final, upheld, fed_back, closed, visited, reopened, withdrawn,
    merged, classified, acknowledged, asked("ada"), ExtensionApproved(request=1, role=None, approved_by="ada"),
)  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(EVENTS), st.integers(0, 30)), max_size=25))
def test_any_order_of_events_is_judged_and_twice_the_same(steps: list[tuple[CaseEvent, int]]) -> None:
    history = told(received, *(Told(event, at=minute(at)) for event, at in steps))
    found = judged(history).findings
    assert found == judged(history).findings
    assert len({(each.rule.id, each.version) for each in found}) == len(found)
    assert all(_stands(each, history) for each in found)


def _stands(finding: Finding, history: list[Recorded[Any]]) -> bool:
    """Whether it names an event that there is, and another one where it says so."""
    event = history[finding.version - 1]
    others = finding.other_version is None or 1 <= finding.other_version <= len(history)
    return others and (finding.topic, finding.position) == (event.event.TOPIC, event.position)


def test_a_case_of_ten_thousand_replies_is_judged_in_one_walk() -> None:
    many = told(received, registered, dispatched, *([first] * 10_000))
    found = judged(many).findings
    assert rows(found) == [("first-reply-once", version, Found.TOO_OFTEN) for version in range(5, 10_004)]
    assert {each.standing for each in found} == {Standing.DEPARTED}
