from typing import get_args
from uuid import UUID

import pytest

from domain.book import BookOpened, BookTime, SelfApprovalAllowed, stream_of_book
from domain.case.commands import CaseCommand, HandlingCommand
from domain.case.events import CaseEvent, CaseResolved, HandlingEvent, Outcome
from domain.case.relations import CaseAbsorbed, CaseMerged
from domain.case.rules import Departure
from domain.case.terms import TermsAssigned
from domain.deciders import DECIDERS
from domain.envelope import Occurred, When
from domain.stream import Category, stream_of
from tests.domain.case.histories import CASE_ID, closed, received, reopen, reopened, upheld, uphold
from tests.domain.case.promised import CASE
from tests.domain.case.steps import (
    BEFORE,
    ENDED,
    MERGED,
    Accepted,
    Marked,
    Rejected,
    at_hand,
    ended,
    merged,
    others,
    over,
    withdrawn,
)
from tests.domain.case.steps_attaching import ATTACHING
from tests.domain.case.steps_beside import (
    BESIDE,
    approve_pause,
    escalate,
    escalated,
    escalated_higher,
    merge,
    on_request,
    part_opened,
    pause_approved,
    pause_requested,
)
from tests.domain.case.steps_dialogue import DIALOGUE
from tests.domain.case.steps_settlement import SETTLEMENT
from tests.domain.case.steps_statutory import STATUTORY
from tests.domain.case.steps_terms import OF_TERMS
from tests.domain.story import Story, folded, recorded

ALL = (DIALOGUE, SETTLEMENT, BESIDE, STATUTORY, OF_TERMS, ATTACHING)
ACCEPTED: dict[str, Accepted] = {name: step for steps in ALL for name, step in steps.accepted.items()}
REJECTED: dict[str, Rejected] = {name: step for steps in ALL for name, step in steps.rejected.items()}
MARKED: dict[str, Marked] = {name: step for steps in ALL for name, step in steps.marked.items()}

live = Story(CASE, others=others())
imported = Story(CASE, imported=True, others=others())


@pytest.mark.parametrize("step", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_in_the_declared_life(step: Accepted) -> None:
    live.given(*step.past).when(step.command).then(*step.events)


@pytest.mark.parametrize("step", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_asked_again_adds_nothing(step: Accepted) -> None:
    when = When(step.command.at)
    here = [each for each in step.events if not isinstance(each, Occurred)]
    live.given(*step.past, *(Occurred(event, when) for event in here)).when(step.command).then_nothing()


@pytest.mark.parametrize("step", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_history_that_keeps_to_the_declared_life_carries_no_mark(step: Accepted) -> None:
    imported.given(*step.past).when(step.command).then(*step.events)


@pytest.mark.parametrize("step", REJECTED.values(), ids=REJECTED.keys())
def test_live(step: Rejected) -> None:
    live.given(*step.past).when(step.command).then_refused(step.code, step.because)


@pytest.mark.parametrize("step", MARKED.values(), ids=MARKED.keys())
def test_history_is_recorded_as_it_was_and_marked(step: Marked) -> None:
    imported.given(*step.past).when(step.command).then(Occurred(step.event, departures=step.marks))


def test_every_command_has_a_story() -> None:
    told = {type(step.command) for step in ACCEPTED.values()}
    assert told == set(get_args(CaseCommand)) - set(get_args(HandlingCommand))


def test_every_event_follows_from_a_story() -> None:
    follows = (each.event if isinstance(each, Occurred) else each for step in ACCEPTED.values() for each in step.events)
    behind_a_registration = {TermsAssigned}
    declared = set(get_args(CaseEvent)) - set(get_args(HandlingEvent)) - behind_a_registration
    assert {type(event) for event in follows} >= declared


def test_every_refusal_that_a_command_declares_has_a_story() -> None:
    commands = set(get_args(CaseCommand)) - set(get_args(HandlingCommand))
    declared = {(command, code) for command in commands for code in command.REFUSALS}
    assert {(type(step.command), step.code) for step in REJECTED.values()} == declared


@pytest.mark.parametrize("case_id", [MERGED, ENDED])
def test_history_may_merge_a_case_into_one_that_is_over_and_is_marked(case_id: UUID) -> None:
    mark = Departure.MERGED_INTO_MERGED if case_id == MERGED else Departure.MERGED_INTO_FINISHED
    imported.given(*at_hand).when(merge.model_copy(update={"into": case_id})).then(
        Occurred(CaseMerged(into=case_id), departures=(mark,)),
        Occurred(CaseAbsorbed(case_id=CASE_ID), stream=stream_of(Category.CASE, case_id)),
    )


def test_a_survivor_that_came_later_than_the_merge_is_marked_itself() -> None:
    early = merge.model_copy(update={"at": BEFORE})
    mark = (Departure.TIME_RUNS_BACKWARDS,)
    imported.given(Occurred(received, When(BEFORE))).when(early).then(
        merged, Occurred(CaseAbsorbed(case_id=CASE_ID), departures=mark, stream=stream_of(Category.CASE, merged.into))
    )
    live.given(Occurred(received, When(BEFORE))).when(early).then_refused(
        "BEFORE_RECEIPT", "nothing can have been done"
    )


def test_who_asked_for_a_pause_approves_it_where_the_book_allows_that() -> None:
    opened = BookOpened(origin="test", zone="UTC", time=BookTime.LIVE, formats=())
    allowed = SelfApprovalAllowed(reason="one desk", decided_by="grace")
    book = folded(DECIDERS[Category.BOOK], map(recorded, (opened, allowed)))
    small_office = Story(CASE, others={stream_of_book("test"): book})
    own = approve_pause.model_copy(update={"approved_by": "ada"})
    approval = pause_approved.model_copy(update={"approved_by": "ada"})
    small_office.given(*at_hand, pause_requested).when(own).then(approval, on_request)


def test_history_may_have_a_pause_approved_by_who_asked_or_by_nobodys_request() -> None:
    own = approve_pause.model_copy(update={"approved_by": "ada"})
    imported.given(*at_hand, pause_requested).when(own).then(
        Occurred(pause_approved.model_copy(update={"approved_by": "ada"}), departures=(Departure.PAUSE_SELF_APPROVED,)),
        on_request,
    )
    imported.given(*at_hand).when(approve_pause).then(
        Occurred(pause_approved.model_copy(update={"requested_by": None}), departures=(Departure.PAUSE_NOT_REQUESTED,)),
        on_request,
    )


def test_an_approval_of_a_pause_that_is_open_pauses_nothing_twice() -> None:
    imported.given(*at_hand, pause_requested, on_request).when(approve_pause).then(pause_approved)


def test_a_case_is_resolved_with_an_open_part_in_history_only() -> None:
    live.given(*at_hand, part_opened).when(uphold).then_refused(
        "PART_STILL_OPEN", r"\(card payment\); resolve it first"
    )
    imported.given(*at_hand, part_opened).when(uphold).then(
        Occurred(upheld, departures=(Departure.RESOLVED_WITH_OPEN_PART,))
    )


def test_a_withdrawn_case_is_reopened_and_a_merged_one_is_not() -> None:
    live.given(*at_hand, withdrawn).when(reopen).then(reopened)
    live.given(*at_hand, merged).when(reopen).then_refused("ALREADY_MERGED", "go on with that one")


def test_an_alarm_for_a_level_that_the_case_has_reached_changes_nothing() -> None:
    live.given(*at_hand, escalated_higher).when(escalate).then_nothing()
    live.given(*at_hand, escalated).when(escalate.model_copy(update={"reason": "still no reply"})).then_nothing()


def test_the_whole_state_is_there_after_every_ending() -> None:
    endings = {"withdrawn": (*at_hand, withdrawn), "merged": (*ended, merged), "closed": ended, "resolved": over}
    assert {name: str(folded(CASE, map(recorded, past)).status) for name, past in endings.items()} == {
        name: name for name in endings
    }


def test_a_part_that_history_left_open_stays_open_in_the_next_cycle() -> None:
    unstated = CaseResolved(outcome=Outcome.UNSTATED, redress=None, resolved_by=None, code=None)
    past = (*at_hand, part_opened, unstated, closed, reopened)
    live.given(*past).when(uphold).then_refused("PART_STILL_OPEN", "card payment")
