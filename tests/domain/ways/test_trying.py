from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any, get_args
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.book import Book, BookOpened, BookTime, stream_of_book
from domain.case.commands import CaseCommand, CloseCase, PauseCase, ResolveCase, ResumeCase, StartWork
from domain.case.extension import ApproveExtension, RequestExtension
from domain.case.pausing import ApprovePause, RequestPause
from domain.case.statutory import AcceptCase
from domain.case.vocabulary import CaseKind, PauseGround
from domain.customer import CustomerCommand, CustomerKind, RegisterCustomer
from domain.decider import Decider
from domain.envelope import Context
from domain.event import Command, Precision, Refused
from domain.obligation import ObligationCommand, ObligationKind, OpenObligation
from domain.refusal import Refusal
from domain.staff import RegisterStaff, StaffCommand
from domain.stream import Category, category_of, stream_of, subject_of
from domain.unit.commands import OpenUnit, UnitCommand
from domain.unit.events import UnitKind
from domain.ways.subjects import STAND_INS, WAYS, commands
from domain.ways.trying import ANY, Asking, Tried, tried
from tests.domain.case.promised import POLICIES
from tests.domain.story import MONDAY
from tests.domain.test_laws import (
    CASE_COMMANDS,
    DOCUMENTS,
    OTHER,
    RECEIVED,
    REGISTERED,
    States,
    answer,
    decider_of,
    lived,
    made,
)

CASE = stream_of(Category.CASE, UUID(int=7))
LATER = MONDAY + timedelta(hours=5)
LIVE = Context(book="test")
IN_OWN_NAME = ("requested_by", "approved_by", "declined_by")
OF_THE_INPUT = {
    Refusal.SUBJECT_MISMATCH, Refusal.OUTCOME_UNSTATED, Refusal.MERGES_ITSELF, Refusal.MERGES_IN_A_CIRCLE,
    Refusal.SURVIVOR_UNKNOWN, Refusal.MERGED_WITH_ITSELF, Refusal.MERGED_IN_A_CIRCLE, Refusal.UNKNOWN_CUSTOMER,
    Refusal.UNIT_IN_A_CIRCLE, Refusal.SUPERVISES_ITSELF,
    Refusal.NOT_ESCALATED, Refusal.UNKNOWN_PART, Refusal.UNKNOWN_REQUEST, Refusal.UNKNOWN_POLICY_VERSION,
    Refusal.UNKNOWN_TARGET, Refusal.OFF_THE_LADDER, Refusal.UNKNOWN_VISIT, Refusal.UNKNOWN_CONTACT, Refusal.NOT_LINKED,
    Refusal.NOT_SUPERVISED, Refusal.CERTIFICATE_NOT_HELD, Refusal.VISIT_ALREADY_PLANNED, Refusal.ROLE_NEEDED,
}  # fmt: skip
"""Reasons that some input may have, whatever the state: whom the words are about, which other subject is named, in
which role somebody says they act, and what is named of which the subject knows nothing."""
KINDS = [(category, kind) for category, kinds in WAYS.items() for kind in kinds]


def states_after(history: Sequence[Command]) -> States:
    states = States()
    lived(list(history), LIVE, states)
    return states


def asked(
    states: States, stream: str, kind: type[Command], name: str = ANY, *, all_ways: bool = False
) -> tuple[Tried, list[Command], Decider[Any], Context]:
    """What may be done about a stream, the ways in which that was tried, and by whom it was decided."""
    decider, category = decider_of(stream), Category(category_of(stream))
    calendars = [document.name for document in DOCUMENTS]
    asking = Asking(subject_of(stream), name, POLICIES, calendars)
    context = replace(LIVE, others=States({**states, **STAND_INS}))
    ways = list(commands(category, kind, states[stream], asking, LATER))
    return tried(decider, states[stream], ways, context, all_ways=all_ways), ways, decider, context


def may(history: Sequence[Command], kind: type[Command], name: str = ANY) -> str | None:
    """The code with which something cannot be done after a history; None when it can."""
    found, *_ = asked(states_after(history), CASE, kind, name)
    return None if found.refused is None else found.refused.code


def sent(command: Command, subject: UUID, category: Category, name: str) -> Command:
    """A command as a door would send it now: about a subject, and in the name of who asks."""
    told: dict[str, Any] = {f"{category}_id": subject, "at": LATER, "precision": Precision.INSTANT}
    told |= {field: name for field in IN_OWN_NAME if name != ANY and field in type(command).model_fields}
    return command.model_copy(update=told)


UNPROMISED: list[Command] = [RECEIVED.model_copy(update={"kind": CaseKind.SUGGESTION}), REGISTERED]
"""A case for which no policy has a rule."""
THERE: dict[str, list[list[Command]]] = {
    Category.CASE: [[RECEIVED], [OTHER, RECEIVED, REGISTERED], [OTHER, *UNPROMISED]],
    Category.CUSTOMER: [
        [RegisterCustomer(at=MONDAY, customer_id=UUID(int=each), kind=CustomerKind.PERSON) for each in (1, 2)]
    ],
    Category.OBLIGATION: [
        [OpenObligation(at=MONDAY, obligation_id=UUID(int=1), kind=ObligationKind.TASK, title="mend the line")]
    ],
    Category.UNIT: [[OpenUnit(at=MONDAY, name=name, kind=UnitKind.DESK) for name in ("one", "二")]],
    Category.STAFF: [[RegisterStaff(at=MONDAY, name=name) for name in ("one", "二")]],
}
"""Histories after which there is something of each kind, of which more is asked then."""
COMMANDS = {
    Category.CASE: get_args(CaseCommand),
    Category.CUSTOMER: get_args(CustomerCommand),
    Category.OBLIGATION: get_args(ObligationCommand),
    Category.UNIT: get_args(UnitCommand),
    Category.STAFF: get_args(StaffCommand),
}


@cache
def of_kind(kind: type[Command]) -> st.SearchStrategy[Any]:
    """Commands of a kind."""
    return made(kind)


@cache
def histories(category: Category, module: str) -> st.SearchStrategy[list[Command]]:
    """Of something that is there, what is asked by the commands of a module more often than everything else."""
    every = COMMANDS[category]
    beside = st.sampled_from([each for each in every if each.__module__ == module])
    kinds = st.sampled_from([True, True, False]).flatmap(lambda near: beside if near else st.sampled_from(every))
    now = {"at": MONDAY, "precision": Precision.INSTANT}
    then = st.lists(kinds.flatmap(of_kind).map(lambda command: command.model_copy(update=now)), min_size=3, max_size=9)
    return st.tuples(st.sampled_from(THERE[category]), then).map(lambda both: [*both[0], *both[1]])


@pytest.mark.parametrize(("category", "kind"), KINDS, ids=lambda value: getattr(value, "__name__", str(value)))
def test_what_the_first_way_needs_is_all_that_the_others_need_but_for_who_stands_for_others(
    category: Category, kind: type[Command]
) -> None:
    """What is read before commands are tried goes by the first way of each."""
    for history in THERE[category]:
        states = states_after(history)
        _, ways, decider, context = asked(states, history[-1].stream, kind)
        first, *others = (set(decider.needs(way, context)) - STAND_INS.keys() for way in ways)
        assert [needed - first for needed in others if not needed <= first] == []


@pytest.mark.parametrize(("category", "kind"), KINDS, ids=lambda value: getattr(value, "__name__", str(value)))
@settings(max_examples=25)
@given(st.data())
def test_what_is_shown_as_refused_changes_nothing_whatever_is_sent_and_is_refused_with_a_code_that_was_shown(
    category: Category, kind: type[Command], data: st.DataObject
) -> None:
    states = states_after(data.draw(histories(category, kind.__module__)))
    name = data.draw(st.sampled_from(["one", "二", ANY]))
    streams = [stream for stream, state in states.items() if category_of(stream) == category and state is not None]
    for stream in streams:
        found, ways, decider, context = asked(states, stream, kind, name)
        if found.refused is None:
            continue
        codes = {no.code for way in ways if isinstance(no := answer(decider, states[stream], way, context), Refused)}
        assert found.refused.code in codes
        for drawn in data.draw(st.lists(of_kind(kind), min_size=6, max_size=10)):
            command = sent(drawn, subject_of(stream), category, name)
            decided = answer(decider, states[stream], command, context)
            if isinstance(decided, Refused):
                assert decided.code in codes | OF_THE_INPUT
            else:
                assert decided == []


@given(st.lists(CASE_COMMANDS, max_size=20), st.sampled_from(["one", "二", ANY]))
def test_what_is_shown_as_allowed_is_done_when_it_is_sent_in_a_way_that_changes_something(
    history: list[Command], name: str
) -> None:
    states = states_after([RECEIVED, OTHER, REGISTERED, *history])
    for kind in WAYS[Category.CASE]:
        found, ways, decider, context = asked(states, CASE, kind, name)
        answers = [answer(decider, states[CASE], way, context) for way in ways]
        if found.refused is None and not found.changing:
            assert all(decided == [] for decided in answers)
        else:
            assert (found.refused is None) == any(decided and not isinstance(decided, Refused) for decided in answers)


def about(kind: type[Command], **content: Any) -> Command:
    return kind.model_validate({"at": MONDAY, "case_id": UUID(int=7)} | content)


BEGUN = [RECEIVED, REGISTERED]
RESOLVED = about(ResolveCase, outcome="upheld")


def test_a_case_without_a_number_is_not_worked_on_and_one_with_it_is() -> None:
    assert may([RECEIVED], StartWork) == Refusal.NOT_REGISTERED
    assert may(BEGUN, StartWork) is None


def test_work_that_has_begun_does_not_begin_again() -> None:
    assert may([*BEGUN, about(StartWork)], StartWork) == Refusal.WORK_ALREADY_STARTED


def test_a_case_is_closed_once_it_is_resolved_and_not_before() -> None:
    assert may(BEGUN, CloseCase) == Refusal.NOT_RESOLVED
    assert may([*BEGUN, RESOLVED], CloseCase) is None
    assert may([*BEGUN, RESOLVED, about(CloseCase)], CloseCase) == Refusal.ALREADY_CLOSED


def test_only_what_a_case_waits_for_is_resumed() -> None:
    assert may(UNPROMISED, ResumeCase) == Refusal.NOT_PAUSED
    assert may([*UNPROMISED, about(PauseCase, ground="customer")], ResumeCase) is None


def test_a_case_whose_targets_allow_no_pause_is_not_paused_without_asking() -> None:
    assert may(BEGUN, PauseCase) == Refusal.GROUND_NOT_ALLOWED
    assert may(BEGUN, RequestPause) is None


def test_who_asked_for_a_pause_is_told_that_somebody_else_approves_it() -> None:
    asking = [*BEGUN, about(RequestPause, reason="flood", requested_by="one")]
    assert may(BEGUN, ApprovePause, "one") == Refusal.NO_PAUSE_REQUESTED
    assert may(asking, ApprovePause, "one") == Refusal.SAME_PERSON
    assert may(asking, ApprovePause, "二") is None
    assert may(asking, ApprovePause) is None


def test_where_a_book_allows_it_who_asked_may_approve() -> None:
    states = states_after([*BEGUN, about(RequestPause, reason="flood", requested_by="one")])
    genesis = BookOpened(origin="daybook.example/test", zone="UTC", time=BookTime.LIVE, formats=())
    states[stream_of_book("test")] = Book(genesis, self_approval=True)
    found, *_ = asked(states, CASE, ApprovePause, "one")
    assert found.refused is None


def test_more_time_is_asked_for_by_the_steps_of_the_cases_own_policy() -> None:
    found, *_ = asked(states_after(BEGUN), CASE, RequestExtension, "one", all_ways=True)
    steps = {
        way.step: way.model_copy(update={"at": MONDAY}) for way in found.changing if isinstance(way, RequestExtension)
    }
    assert steps.keys() == {"thirty-days", "goodwill"}
    assert may([*BEGUN, steps["goodwill"]], ApproveExtension, "二") is None
    assert may([*BEGUN, steps["goodwill"]], ApproveExtension, "one") == Refusal.SAME_PERSON
    assert may([*BEGUN, steps["thirty-days"]], ApproveExtension, "二") == Refusal.NOTICE_NEEDED
    assert may([RECEIVED], RequestExtension) == Refusal.UNKNOWN_TARGET


def test_all_the_grounds_on_which_a_case_may_be_paused_are_told_at_once() -> None:
    found, *_ = asked(states_after([*UNPROMISED, about(PauseCase, ground="customer")]), CASE, PauseCase, all_ways=True)
    grounds = {way.ground for way in found.changing if isinstance(way, PauseCase)}
    assert grounds == {*PauseGround} - {PauseGround.CUSTOMER, PauseGround.OTHER}


def test_what_was_done_already_is_neither_refused_nor_would_it_change_anything() -> None:
    found, *_ = asked(states_after([*BEGUN, about(AcceptCase)]), CASE, AcceptCase)
    assert found == Tried(None, ())
