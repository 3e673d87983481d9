import pytest

from domain.case.events import (
    Attribute,
    CaseAttributesRecorded,
    CaseEvent,
    CasePaused,
    CaseRegistered,
    CaseResumed,
    PauseGround,
)
from domain.case.life import CASE
from domain.case.state import Case, Moment, Status
from domain.channel import Channel
from domain.event import Precision
from tests.domain.case.histories import (
    NORTH,
    SOUTH,
    WANG,
    ZHAO,
    about_zhao,
    assigned,
    attributes,
    by_web,
    classified,
    closed,
    dispatched,
    first,
    paused,
    prioritised,
    received,
    registered,
    reopened,
    resumed,
    returned,
    started,
    transferred,
    unassigned,
    upheld,
)
from tests.domain.story import MONDAY, folded, recorded

MOMENT = Moment(MONDAY, Precision.INSTANT)


def after(*events: CaseEvent) -> Case | None:
    state: Case | None = folded(CASE, map(recorded, events))
    return state


@pytest.mark.parametrize(
    ("events", "status"),
    [
        ((received,), Status.RECEIVED),
        ((received, registered), Status.REGISTERED),
        ((received, registered, dispatched, assigned), Status.REGISTERED),
        ((received, registered, started), Status.IN_PROGRESS),
        ((received, registered, paused), Status.PAUSED),
        ((received, registered, paused, resumed), Status.REGISTERED),
        ((received, registered, started, paused), Status.PAUSED),
        ((received, registered, started, paused, CasePaused(ground=PauseGround.VENDOR), resumed), Status.PAUSED),
        ((received, registered, started, paused, resumed), Status.IN_PROGRESS),
        ((received, registered, upheld), Status.RESOLVED),
        ((received, registered, upheld, paused), Status.RESOLVED),
        ((received, registered, upheld, closed), Status.CLOSED),
        ((received, closed), Status.CLOSED),
        ((received, registered, upheld, closed, reopened), Status.IN_PROGRESS),
        ((received, registered, upheld, reopened, upheld), Status.RESOLVED),
    ],
)
def test_the_status_is_the_latest_stage_reached(events: tuple[CaseEvent, ...], status: Status) -> None:
    case = after(*events)
    assert case is not None
    assert case.status is status


def test_a_case_knows_what_its_decisions_need() -> None:
    events = (received, registered, classified, prioritised, attributes, dispatched, assigned, started, first)
    assert after(*events, about_zhao, by_web, paused) == Case(
        receipt=received,
        received=MOMENT,
        previous=MOMENT,
        customer_id=ZHAO,
        channel=Channel.WEB,
        registration=registered,
        classification=classified,
        priority=prioritised,
        attributes=attributes.attributes,
        unit=NORTH,
        handler="ada",
        movement=dispatched,
        work=started,
        paused=frozenset({PauseGround.CUSTOMER}),
        responses=((MONDAY, first),),
    )


def test_a_reopening_begins_a_cycle_in_which_nothing_was_done_yet() -> None:
    before = after(received, registered)
    reopened_case = after(received, registered, started, first, upheld, closed, reopened)
    assert before is not None
    assert reopened_case == Case(
        receipt=received,
        received=MOMENT,
        previous=MOMENT,
        customer_id=WANG,
        channel=Channel.HOTLINE,
        registration=registered,
        reopening=reopened,
    )


@pytest.mark.parametrize(
    ("events", "unit", "handler"),
    [
        ((dispatched, assigned), NORTH, "ada"),
        ((dispatched, assigned, unassigned), NORTH, None),
        ((dispatched, assigned, transferred), SOUTH, None),
        ((dispatched, assigned, returned), None, None),
        ((assigned, dispatched), NORTH, None),
        ((CaseRegistered(unit=SOUTH, handler="li", registered_by=None),), SOUTH, "li"),
        ((dispatched, assigned, registered), NORTH, "ada"),
    ],
)
def test_who_has_the_case_follows_from_its_movements(
    events: tuple[CaseEvent, ...], unit: str | None, handler: str | None
) -> None:
    case = after(received, *events)
    assert case is not None
    assert (case.unit, case.handler) == (unit, handler)


def test_what_comes_before_the_receipt_leaves_nothing() -> None:
    assert after(registered, upheld, closed) is None
    assert after(registered, received) == after(received)


def test_the_first_receipt_and_the_first_number_stay() -> None:
    second = registered.model_copy(update={"registered_by": "li"})
    assert after(received, registered, second, received) == after(received, registered)


def test_grounds_pause_and_resume_apart_from_each_other() -> None:
    case = after(
        received,
        registered,
        paused,
        CasePaused(ground=PauseGround.VENDOR),
        paused,
        CaseResumed(ground=PauseGround.VENDOR),
    )
    assert case is not None
    assert case.paused == {PauseGround.CUSTOMER}
    assert case.resumed == {PauseGround.VENDOR}


def test_the_latest_value_of_an_attribute_counts() -> None:
    withdrawn = CaseAttributesRecorded(attributes=(Attribute(name="knowledge", value=None),))
    case = after(received, attributes, withdrawn)
    assert case is not None
    assert case.attributes == withdrawn.attributes
