from datetime import timedelta
from typing import get_args
from uuid import UUID

import pytest
from pydantic import ValidationError

from domain.case.commands import (
    AboutCase,
    CaseCommand,
    CloseCase,
    HandlingCommand,
    PauseCase,
    RecordAttributes,
    RegisterCase,
    ReopenCase,
    ResumeCase,
    ReturnDispatch,
    TransferCase,
    UnassignCase,
)
from domain.case.events import (
    Attribute,
    CaseAttributesRecorded,
    CaseDispatched,
    CaseEvent,
    CasePaused,
    CaseRegistered,
    CaseResolved,
    CaseResumed,
    CaseTransferred,
    Outcome,
    PauseGround,
    ResponseSent,
)
from domain.case.life import CASE
from domain.envelope import Occurred, When
from domain.event import Precision
from domain.personal import Personal
from domain.refusal import Refusal
from tests.domain.case.histories import (
    CASE_ID,
    EAST,
    NORTH,
    SOUTH,
    TUESDAY,
    WANG,
    ZHAO,
    about_zhao,
    an_inquiry,
    answer,
    assign,
    assigned,
    attributes,
    by_web,
    change_to_inquiry,
    change_to_web,
    change_to_zhao,
    classified,
    classify,
    close,
    closed,
    dispatch,
    dispatched,
    final,
    first,
    give_back,
    pause,
    paused,
    prioritise,
    prioritised,
    receive,
    received,
    record_attributes,
    register,
    registered,
    reject,
    reopen,
    reopened,
    resume,
    resumed,
    returned,
    send_final,
    send_first,
    send_update,
    start,
    started,
    transfer,
    transferred,
    unassign,
    unassigned,
    update,
    upheld,
    uphold,
    words,
)
from tests.domain.case.steps import merged, withdrawn
from tests.domain.case.steps_beside import part_opened
from tests.domain.story import MONDAY, Story

Past = tuple[CaseEvent, ...]

story = Story(CASE)
at_work: Past = (received, registered, dispatched, assigned, started)
resolved: Past = (*at_work, upheld)
ended: Past = (*resolved, closed)

ACCEPTED: dict[str, tuple[Past, CaseCommand, CaseEvent]] = {
    "a complaint is received": ((), receive, received),
    "a received case is registered": ((received,), register, registered),
    "a case is classified before its registration": ((received,), classify, classified),
    "a closed case is classified for the issue library": (ended, classify, classified),
    "a case is given a priority": ((received,), prioritise, prioritised),
    "a registered case is dispatched": ((received, registered), dispatch, dispatched),
    "the unit that holds it gives it back": (at_work, give_back, returned),
    "a case given back is dispatched again": ((*at_work, returned), dispatch, dispatched),
    "a case goes from one unit to another": (at_work, transfer, transferred),
    "a case is assigned": ((received, registered), assign, assigned),
    "the handler lets it go": (at_work, unassign, unassigned),
    "a case let go is assigned to the same again": ((*at_work, unassigned), assign, assigned),
    "work starts": ((received, registered, assigned), start, started),
    "work starts again after a reopening": ((*resolved, reopened), start, started),
    "a case waits for the customer": (at_work, pause, paused),
    "a case waits again": ((*at_work, paused, resumed), pause, paused),
    "a case waits no longer": ((*at_work, paused), resume, resumed),
    "the customer gets a first reply": ((received, registered), send_first, first),
    "a reopened case gets a first reply of its own": ((*at_work, first, upheld, reopened), send_first, first),
    "the customer is told after the resolution": (resolved, send_final, final),
    "a case is resolved": (at_work, uphold, upheld),
    "a case is resolved at first contact, by nobody else": ((received, registered), uphold, upheld),
    "a resolved case is reopened": (resolved, reopen, reopened),
    "a closed case is reopened": (ended, reopen, reopened),
    "a resolved case is closed": (resolved, close, closed),
    "a case turns out to be about somebody else": (ended, change_to_zhao, about_zhao),
    "a case turns out to have come by the web": (ended, change_to_web, by_web),
    "a case turns out to be an inquiry": (ended, change_to_inquiry, an_inquiry),
    "a case has what its source keeps": (ended, record_attributes, attributes),
}


@pytest.mark.parametrize(("past", "command", "event"), ACCEPTED.values(), ids=ACCEPTED.keys())
def test_in_the_declared_life(past: Past, command: CaseCommand, event: CaseEvent) -> None:
    story.given(*past).when(command).then(event)


@pytest.mark.parametrize(("past", "command", "event"), ACCEPTED.values(), ids=ACCEPTED.keys())
def test_asked_again_adds_nothing(past: Past, command: CaseCommand, event: CaseEvent) -> None:
    as_asked = Occurred(event, When(command.at))
    story.given(*past, as_asked).when(command).then_nothing()


@pytest.mark.parametrize(("past", "command", "event"), ACCEPTED.values(), ids=ACCEPTED.keys())
def test_history_that_keeps_to_the_declared_life_carries_no_mark(
    past: Past, command: CaseCommand, event: CaseEvent
) -> None:
    Story(CASE, imported=True).given(*past).when(command).then(event)


def test_every_command_has_a_story() -> None:
    assert {type(command) for _, command, _ in ACCEPTED.values()} == set(get_args(HandlingCommand))


BEFORE = MONDAY - timedelta(minutes=1)
OTHER_WORDS = Personal[str].open(WANG, "something else")

REFUSED: dict[str, tuple[Past, AboutCase, Refusal, str]] = {
    "a case received is not received as another": (
        (received,),
        receive.model_copy(update={"words": OTHER_WORDS}),
        Refusal.ALREADY_RECEIVED,
        "received already, with other content",
    ),
    "a case has one number": (
        (received, registered),
        register.model_copy(update={"registered_by": "li"}),
        Refusal.ALREADY_REGISTERED,
        "registered already",
    ),
    "a priority does not change after the resolution": (
        resolved,
        prioritise,
        Refusal.ALREADY_RESOLVED,
        "resolved as upheld; reopen it first",
    ),
    "a priority does not change after closing": (ended, prioritise, Refusal.ALREADY_CLOSED, "closed; reopen it first"),
    "a case that a unit holds is not dispatched": (
        at_work,
        dispatch.model_copy(update={"unit": SOUTH}),
        Refusal.ALREADY_HELD,
        f"with {NORTH}; transfer it",
    ),
    "a case registered with a unit is not dispatched": (
        (received, CaseRegistered(unit=NORTH, handler=None, registered_by=None)),
        dispatch,
        Refusal.ALREADY_HELD,
        f"with {NORTH}; transfer it",
    ),
    "what no unit holds is not given back": (
        (received, registered),
        give_back,
        Refusal.NOT_HELD,
        "No unit holds this case",
    ),
    "a unit does not give back what another holds": (
        (*at_work, transferred),
        give_back,
        Refusal.HELD_BY_ANOTHER_UNIT,
        f"with {SOUTH}, not with {NORTH}",
    ),
    "what no unit holds is dispatched, not transferred": (
        (received, registered),
        transfer,
        Refusal.NOT_HELD,
        "dispatch it first",
    ),
    "a unit does not transfer what another holds": (
        (*at_work, transferred),
        transfer.model_copy(update={"to_unit": EAST}),
        Refusal.HELD_BY_ANOTHER_UNIT,
        f"with {SOUTH}, not with {NORTH}",
    ),
    "a transfer goes to another unit": (
        at_work,
        transfer.model_copy(update={"from_unit": None, "to_unit": NORTH}),
        Refusal.SAME_UNIT,
        "name another unit",
    ),
    "nobody lets go of what another handles": (
        at_work,
        unassign.model_copy(update={"handler": "li"}),
        Refusal.NOT_THE_HANDLER,
        "handled by ada, so li cannot",
    ),
    "nobody lets go of what nobody handles": (
        (received, registered),
        unassign,
        Refusal.NOT_THE_HANDLER,
        "Nobody handles this case, so ada cannot",
    ),
    "work under way is not started by another": (
        at_work,
        start.model_copy(update={"by": "li"}),
        Refusal.WORK_ALREADY_STARTED,
        "started already",
    ),
    "a case that does not wait is not resumed": (
        (*at_work, paused),
        resume.model_copy(update={"ground": PauseGround.VENDOR}),
        Refusal.NOT_PAUSED,
        "not paused for vendor",
    ),
    "a first reply is not given twice": (
        (*at_work, first),
        send_first.model_copy(update={"words": OTHER_WORDS}),
        Refusal.ALREADY_ANSWERED,
        "The first response to this case was given, and otherwise; send an update",
    ),
    "a final reply is not taken back by another": (
        (*at_work, final),
        send_final.model_copy(update={"words": OTHER_WORDS}),
        Refusal.ALREADY_ANSWERED,
        "The final response",
    ),
    "a reply stands under whom it is about": (
        at_work,
        send_first.model_copy(update={"words": Personal[str].open(ZHAO, "Dear Zhao")}),
        Refusal.SUBJECT_MISMATCH,
        "somebody else",
    ),
    "a reply to a known customer does not stand under the case": (
        at_work,
        send_first.model_copy(update={"words": Personal[str].open(CASE_ID, "Dear customer")}),
        Refusal.SUBJECT_MISMATCH,
        "somebody else",
    ),
    "words received stand under whom they are about": (
        (),
        receive.model_copy(update={"words": Personal[str].open(ZHAO, "三月份收了两次费")}),
        Refusal.SUBJECT_MISMATCH,
        "somebody else",
    ),
    "a case resolved as upheld is not rejected later": (
        resolved,
        reject,
        Refusal.ALREADY_RESOLVED,
        "This case is resolved as upheld; reopen it first",
    ),
    "a case is not resolved without an outcome": (
        at_work,
        uphold.model_copy(update={"outcome": Outcome.UNSTATED}),
        Refusal.OUTCOME_UNSTATED,
        "say how it ended",
    ),
    "an open case is not reopened": (at_work, reopen, Refusal.STILL_OPEN, "nothing to reopen"),
    "an unresolved case is not closed": (at_work, close, Refusal.NOT_RESOLVED, "resolve it first"),
    "a closed case is not closed otherwise": (
        ended,
        close.model_copy(update={"code": "no answer"}),
        Refusal.ALREADY_CLOSED,
        "closed; reopen it first",
    ),
    "a pause on no listed ground takes two people": (
        at_work,
        pause.model_copy(update={"ground": PauseGround.OTHER}),
        Refusal.APPROVAL_NEEDED,
        "requested by one person and approved by another",
    ),
    "a case is not resolved while a part of it is open": (
        (*at_work, part_opened),
        uphold,
        Refusal.PART_STILL_OPEN,
        "card payment",
    ),
    "a closed case gets no reply": (ended, send_update, Refusal.ALREADY_CLOSED, "closed; reopen it first"),
}

HANDLING = (dispatch, give_back, transfer, assign, unassign, start, pause, resume, uphold)
ANSWERING = (send_first, reopen, close)
KEEPING = (register, classify, prioritise, change_to_zhao, change_to_web, change_to_inquiry, record_attributes)

STANDS: dict[type[AboutCase], Past] = {
    RegisterCase: (received,),
    ReturnDispatch: at_work,
    TransferCase: at_work,
    UnassignCase: at_work,
    ResumeCase: (*at_work, paused),
    ReopenCase: resolved,
    CloseCase: resolved,
}
"""A history in which the command would be right, had it come later; else registration is enough."""

for command in (*HANDLING, *ANSWERING, *KEEPING):
    name = type(command).__name__
    early = command.model_copy(update={"at": BEFORE})
    stands = STANDS.get(type(command), (received, registered))
    REFUSED[f"no {name} without a receipt"] = ((), command, Refusal.UNKNOWN_CASE, "receive it first")
    REFUSED[f"no {name} before the receipt"] = (stands, early, Refusal.BEFORE_RECEIPT, "2026-03-02T09:00:00.000000Z")
for command in (*HANDLING, *ANSWERING):
    name = type(command).__name__
    REFUSED[f"no {name} before the registration"] = ((received,), command, Refusal.NOT_REGISTERED, "register it first")
for command in HANDLING:
    name = type(command).__name__
    other_end = CaseResolved(outcome=Outcome.SOLVED, redress=None, resolved_by=None, code=None)
    over: Past = (received, registered, other_end)
    REFUSED[f"no {name} after the resolution"] = (over, command, Refusal.ALREADY_RESOLVED, "as solved; reopen it first")
    REFUSED[f"no {name} after closing"] = ((*over, closed), command, Refusal.ALREADY_CLOSED, "closed; reopen it first")
for command in (*HANDLING, prioritise, close):
    name = type(command).__name__
    taken_back: Past = (received, registered, withdrawn)
    REFUSED[f"no {name} after a withdrawal"] = (taken_back, command, Refusal.ALREADY_WITHDRAWN, "reopen it first")
for command in (*HANDLING, *ANSWERING, prioritise):
    name = type(command).__name__
    elsewhere: Past = (received, registered, merged)
    REFUSED[f"no {name} after a merge"] = (elsewhere, command, Refusal.ALREADY_MERGED, "go on with that one")


@pytest.mark.parametrize(("past", "command", "code", "because"), REFUSED.values(), ids=REFUSED.keys())
def test_live(past: Past, command: AboutCase, code: Refusal, because: str) -> None:
    story.given(*past).when(command).then_refused(code, because)


def test_every_refusal_that_a_command_declares_has_a_story() -> None:
    declared = {(command, code) for command in get_args(HandlingCommand) for code in command.REFUSALS}
    elsewhere = {(PauseCase, Refusal.GROUND_NOT_ALLOWED)}  # in test_pause_grounds, by policies
    assert {(type(command), code) for _, command, code, _ in REFUSED.values()} | elsewhere == declared


def test_a_transfer_need_not_say_from_where() -> None:
    story.given(*at_work).when(transfer.model_copy(update={"from_unit": None})).then(transferred)
    story.given(*at_work, transferred).when(transfer.model_copy(update={"from_unit": None})).then_nothing()


def test_a_unit_that_got_a_case_by_transfer_passes_it_on_without_its_handler() -> None:
    onwards = transfer.model_copy(update={"from_unit": SOUTH, "to_unit": EAST, "handler": "li"})
    story.given(*at_work, transferred).when(onwards).then(
        CaseTransferred(from_unit=SOUTH, to_unit=EAST, handler="li", reason="metering")
    )
    story.given(*at_work, transferred).when(unassign).then_refused("NOT_THE_HANDLER", "Nobody handles this case")


def test_an_update_in_the_same_words_on_another_day_is_another_update() -> None:
    on_monday = Occurred(update, When(MONDAY))
    story.given(*at_work, on_monday).when(send_update).then(update)
    story.given(*at_work, on_monday).when(send_update.model_copy(update={"at": MONDAY})).then_nothing()


def test_no_pause_outlasts_the_resolution() -> None:
    for_vendor = CasePaused(ground=PauseGround.VENDOR)
    story.given(*at_work, for_vendor, paused).when(uphold).then(resumed, CaseResumed(ground=PauseGround.VENDOR), upheld)


def test_what_an_unknown_customer_is_told_stands_under_the_case_until_they_are_known() -> None:
    unknown = received.model_copy(update={"customer_id": None, "words": None})
    to_case = Personal[str].open(CASE_ID, "Dear customer")
    reply = send_first.model_copy(update={"words": to_case})
    story.given(unknown, registered).when(reply).then(
        ResponseSent(kind=reply.kind, channel=reply.channel, by=reply.by, words=to_case)
    )
    known = (unknown, registered, about_zhao)
    story.given(*known).when(reply).then_refused("SUBJECT_MISMATCH", "somebody else")
    story.given(*known).when(send_first).then_refused("SUBJECT_MISMATCH", "somebody else")


def test_only_attributes_that_are_new_are_recorded() -> None:
    two = (Attribute(name="knowledge", value="true"), Attribute(name="notify", value=None))
    command = RecordAttributes(at=TUESDAY, case_id=CASE_ID, attributes=two)
    story.given(received, attributes).when(command).then(CaseAttributesRecorded(attributes=two[1:]))


def test_an_attribute_is_given_once() -> None:
    twice = (Attribute(name="knowledge", value="true"), Attribute(name="knowledge", value="false"))
    with pytest.raises(ValidationError, match="give each name once"):
        RecordAttributes(at=TUESDAY, case_id=CASE_ID, attributes=twice)


@pytest.mark.parametrize("name", ["", "Größe", "two words", "CamelCase", "_hidden", "9lives", "x" * 65])
def test_the_name_of_an_attribute_is_ascii_snake_case(name: str) -> None:
    with pytest.raises(ValidationError, match="name"):
        Attribute(name=name, value=None)


def test_a_receipt_known_by_its_day_leaves_room_for_what_was_done_that_day() -> None:
    on_that_day = Occurred(received, When(MONDAY, "Asia/Shanghai", Precision.DAY))
    at_dawn = register.model_copy(update={"at": MONDAY - timedelta(hours=5)})
    story.given(on_that_day).when(at_dawn).then(registered)
    days_before = register.model_copy(update={"at": MONDAY - timedelta(days=2)})
    story.given(on_that_day).when(days_before).then_refused("BEFORE_RECEIPT", "before")


def test_what_was_done_in_time_may_be_recorded_late() -> None:
    later = Occurred(assigned, When(TUESDAY))
    in_time = send_first.model_copy(update={"at": MONDAY + timedelta(hours=1)})
    story.given(received, registered, later).when(in_time).then(first)


def test_a_case_and_its_customer_are_found_by_their_ids() -> None:
    assert receive.stream == f"case-{CASE_ID}"
    assert UUID(receive.stream.removeprefix("case-")) == CASE_ID
    assert words.subject == answer.subject == WANG


def test_a_dispatch_may_name_the_handler() -> None:
    story.given(received, registered).when(dispatch.model_copy(update={"handler": "ada"})).then(
        CaseDispatched(unit=NORTH, handler="ada")
    )
