from datetime import timedelta

import pytest

from domain.case.commands import AboutCase, CaseCommand
from domain.case.events import (
    CaseClosed,
    CaseDispatched,
    CaseEvent,
    CaseReopened,
    CaseResolved,
    CaseResumed,
    CaseTransferred,
    CaseUnassigned,
    DispatchReturned,
    Outcome,
    PauseGround,
    ResponseSent,
    WorkStarted,
)
from domain.case.life import CASE
from domain.case.rules import Departure
from domain.case.state import Status
from domain.envelope import Occurred, When
from domain.event import Precision
from domain.personal import Personal
from domain.refusal import Refusal
from tests.domain.case.histories import (
    EAST,
    NORTH,
    SOUTH,
    TUESDAY,
    WANG,
    ZHAO,
    assign,
    assigned,
    classified,
    classify,
    close,
    closed,
    dispatch,
    dispatched,
    first,
    give_back,
    pause,
    paused,
    receive,
    received,
    register,
    registered,
    reopen,
    reopened,
    resume,
    resumed,
    send_first,
    send_update,
    start,
    started,
    transfer,
    unassign,
    update,
    upheld,
    uphold,
    words,
)
from tests.domain.case.steps_attaching import ATTACHING
from tests.domain.case.steps_beside import BESIDE
from tests.domain.case.steps_dialogue import DIALOGUE
from tests.domain.case.steps_settlement import SETTLEMENT
from tests.domain.case.steps_statutory import STATUTORY
from tests.domain.case.steps_terms import OF_TERMS
from tests.domain.story import MONDAY, Story, folded, recorded

Past = tuple[CaseEvent, ...]

imported = Story(CASE, imported=True)
SUBJECTS = (BESIDE, DIALOGUE, SETTLEMENT, STATUTORY, OF_TERMS, ATTACHING)
at_work: Past = (received, registered, dispatched, assigned, started)
resolved: Past = (*at_work, upheld)

MARKED: dict[str, tuple[Past, CaseCommand, CaseEvent, tuple[Departure, ...]]] = {
    "it was dispatched before it was registered": (
        (received,),
        dispatch,
        dispatched,
        (Departure.NOT_REGISTERED,),
    ),
    "it was assigned after its resolution": (
        (received, registered, upheld),
        assign,
        assigned,
        (Departure.WORK_AFTER_RESOLVING,),
    ),
    "it was resolved otherwise without a reopening": (
        resolved,
        uphold.model_copy(update={"outcome": Outcome.SOLVED, "redress": None}),
        CaseResolved(outcome=Outcome.SOLVED, redress=None, resolved_by="ada", code=None),
        (Departure.WORK_AFTER_RESOLVING,),
    ),
    "it waited after closing": ((*resolved, closed), pause, paused, (Departure.WORK_AFTER_CLOSING,)),
    "it was answered after closing": ((*resolved, closed), send_update, update, (Departure.WORK_AFTER_CLOSING,)),
    "it was closed twice, otherwise": (
        (*resolved, closed),
        close.model_copy(update={"code": "Code 6"}),
        CaseClosed(code="Code 6"),
        (Departure.WORK_AFTER_CLOSING,),
    ),
    "it was dispatched while another unit held it": (
        at_work,
        dispatch.model_copy(update={"unit": SOUTH}),
        CaseDispatched(unit=SOUTH, handler=None),
        (Departure.DISPATCHED_WHILE_HELD,),
    ),
    "a unit gave back what it did not hold": (
        at_work,
        give_back.model_copy(update={"unit": SOUTH}),
        DispatchReturned(unit=SOUTH, reason="not ours"),
        (Departure.MOVED_BY_ANOTHER_UNIT,),
    ),
    "a unit transferred what it did not hold": (
        at_work,
        transfer.model_copy(update={"from_unit": SOUTH, "to_unit": EAST}),
        CaseTransferred(from_unit=SOUTH, to_unit=EAST, handler=None, reason="metering"),
        (Departure.MOVED_BY_ANOTHER_UNIT,),
    ),
    "it was transferred from nobody knows where": (
        (received, registered),
        transfer.model_copy(update={"from_unit": None}),
        CaseDispatched(unit=SOUTH, handler=None),
        (Departure.MOVED_BY_ANOTHER_UNIT,),
    ),
    "it was transferred to where it was": (
        at_work,
        transfer.model_copy(update={"to_unit": NORTH}),
        CaseTransferred(from_unit=NORTH, to_unit=NORTH, handler=None, reason="metering"),
        (Departure.TRANSFERRED_TO_HOLDER,),
    ),
    "somebody let go of it who did not have it": (
        at_work,
        unassign.model_copy(update={"handler": "li"}),
        CaseUnassigned(handler="li"),
        (Departure.LET_GO_BY_ANOTHER,),
    ),
    "work started while it was under way": (
        at_work,
        start.model_copy(update={"by": None}),
        WorkStarted(by=None),
        (Departure.WORK_STARTED_AGAIN,),
    ),
    "it was resumed without a pause": (at_work, resume, resumed, (Departure.RESUMED_NOT_PAUSED,)),
    "it got two first replies": (
        (*at_work, first),
        send_first.model_copy(update={"words": None}),
        ResponseSent(kind=first.kind, channel=first.channel, by="ada", words=None),
        (Departure.ANSWERED_AGAIN,),
    ),
    "nobody said how it was resolved": (
        at_work,
        uphold.model_copy(update={"outcome": Outcome.UNSTATED, "redress": None}),
        CaseResolved(outcome=Outcome.UNSTATED, redress=None, resolved_by="ada", code=None),
        (Departure.OUTCOME_UNSTATED,),
    ),
    "it was closed and never resolved": (at_work, close, closed, (Departure.CLOSED_UNRESOLVED,)),
    "it was reopened while open": (at_work, reopen, reopened, (Departure.REOPENED_WHILE_OPEN,)),
    "it was classified before it was received": (
        (received,),
        classify.model_copy(update={"at": MONDAY - timedelta(minutes=1)}),
        classified,
        (Departure.TIME_RUNS_BACKWARDS,),
    ),
    "it left the declared life in several ways at once": (
        (received, upheld, closed),
        unassign.model_copy(update={"at": MONDAY - timedelta(minutes=1)}),
        CaseUnassigned(handler="ada"),
        (
            Departure.NOT_REGISTERED,
            Departure.WORK_AFTER_CLOSING,
            Departure.LET_GO_BY_ANOTHER,
            Departure.TIME_RUNS_BACKWARDS,
        ),
    ),
}


@pytest.mark.parametrize(("past", "command", "event", "marks"), MARKED.values(), ids=MARKED.keys())
def test_history_is_recorded_as_it_was_and_marked(
    past: Past, command: CaseCommand, event: CaseEvent, marks: tuple[Departure, ...]
) -> None:
    imported.given(*past).when(command).then(Occurred(event, departures=marks))


def test_every_departure_has_a_story() -> None:
    of_merges = {Departure.MERGED_INTO_MERGED, Departure.MERGED_INTO_FINISHED}
    elsewhere = of_merges | {Departure.PAUSE_SELF_APPROVED, Departure.RESOLVED_WITH_OPEN_PART}
    elsewhere |= {Departure.PAUSED_ON_GROUND_NOT_ALLOWED}  # in test_pause_grounds, by policies
    elsewhere |= {mark for steps in SUBJECTS for step in steps.marked.values() for mark in step.marks}
    assert {mark for *_, marks in MARKED.values() for mark in marks} | elsewhere == set(Departure)


NOT_EVEN_IMPORTED: dict[str, tuple[Past, AboutCase, Refusal, str]] = {
    "a step before the receipt": ((), register, Refusal.UNKNOWN_CASE, "receive it first"),
    "a second receipt": (
        (received,),
        receive.model_copy(update={"customer_id": None, "words": None}),
        Refusal.ALREADY_RECEIVED,
        "received already",
    ),
    "a second number": (
        (received, registered),
        register.model_copy(update={"unit": NORTH}),
        Refusal.ALREADY_REGISTERED,
        "registered already",
    ),
    "words under another's key": (
        (received, registered),
        send_first.model_copy(update={"words": Personal[str].open(ZHAO, "Dear Zhao")}),
        Refusal.SUBJECT_MISMATCH,
        "about somebody else",
    ),
}


@pytest.mark.parametrize(
    ("past", "command", "code", "because"), NOT_EVEN_IMPORTED.values(), ids=NOT_EVEN_IMPORTED.keys()
)
def test_no_history_can_hold(past: Past, command: AboutCase, code: Refusal, because: str) -> None:
    imported.given(*past).when(command).then_refused(code, because)


def test_a_step_runs_backwards_against_the_one_before_it_and_not_against_the_latest() -> None:
    late, early = When(TUESDAY + timedelta(hours=2)), When(TUESDAY - timedelta(hours=2))
    past = (received, registered, Occurred(assigned, late), Occurred(classified, early))
    imported.given(*past).when(start).then(started)
    imported.given(*past[:3]).when(start).then(Occurred(started, departures=(Departure.TIME_RUNS_BACKWARDS,)))


def test_a_step_known_by_its_day_does_not_run_backwards_within_that_day() -> None:
    by_day = pause.model_copy(update={"at": TUESDAY - timedelta(hours=9), "precision": Precision.DAY})
    imported.given(received, registered, Occurred(assigned, When(TUESDAY))).when(by_day).then(paused)


def test_only_the_end_is_marked_when_a_pause_ends_with_it() -> None:
    unstated = uphold.model_copy(update={"outcome": Outcome.UNSTATED, "redress": None})
    imported.given(*at_work, paused).when(unstated).then(
        CaseResumed(ground=PauseGround.CUSTOMER),
        Occurred(
            CaseResolved(outcome=Outcome.UNSTATED, redress=None, resolved_by="ada", code=None),
            departures=(Departure.OUTCOME_UNSTATED,),
        ),
    )


def test_a_pause_ends_with_the_closing_of_what_was_never_resolved() -> None:
    imported.given(*at_work, paused).when(close).then(
        resumed, Occurred(closed, departures=(Departure.CLOSED_UNRESOLVED,))
    )


def test_an_incident_may_begin_as_resolved_go_back_to_waiting_and_close_unresolved() -> None:
    end = CaseResolved(outcome=Outcome.UNSTATED, redress=None, resolved_by=None, code=None)
    again = CaseReopened(reason=None)
    history: list[CaseEvent] = [received, registered, end]
    statuses = [folded(CASE, map(recorded, history)).status]
    for event in (again, paused, resumed, closed, again):
        history.append(event)
        statuses.append(folded(CASE, map(recorded, history)).status)
    assert statuses == [
        Status.RESOLVED,
        Status.IN_PROGRESS,
        Status.PAUSED,
        Status.IN_PROGRESS,
        Status.CLOSED,
        Status.IN_PROGRESS,
    ]


def test_words_of_the_receipt_are_about_its_customer() -> None:
    assert words.subject == WANG
    imported.when(receive).then(received)
