from collections import Counter
from typing import Any, get_args
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.case.dialogue import FeedbackGiven, FollowUpMade, FollowUpResult
from domain.case.events import (
    Attribute,
    CaseAssigned,
    CaseAttributesRecorded,
    CaseChannelChanged,
    CaseClassified,
    CaseClosed,
    CaseCustomerChanged,
    CaseDispatched,
    CaseEvent,
    CaseKind,
    CasePaused,
    CasePrioritised,
    CaseReceived,
    CaseRegistered,
    CaseReopened,
    CaseResolved,
    CaseResumed,
    CaseTransferred,
    CaseUnassigned,
    DispatchReturned,
    KindChanged,
    Level,
    Outcome,
    PauseGround,
    Priority,
    ResponseSent,
    WorkStarted,
)
from domain.case.life import CASE
from domain.case.relations import CaseMerged
from domain.case.settlement import CaseWithdrawn
from domain.case.state import Status
from domain.channel import Channel
from domain.envelope import Occurred, Recorded, RegisterNumber
from domain.event import Event, Precision
from domain.money import Money
from ledger.ledger import PersonalPlace
from projections.case_course import OF_A_CYCLE
from projections.case_file import CASE_FILE, CaseFile, OpenPause
from projections.case_row import OpenLoop
from tests.domain import story
from tests.domain.case import histories as h
from tests.domain.case.steps_attaching import ATTACHING
from tests.domain.case.steps_beside import BESIDE
from tests.domain.case.steps_dialogue import DIALOGUE
from tests.domain.case.steps_settlement import SETTLEMENT
from tests.domain.case.steps_statutory import STATUTORY
from tests.domain.case.steps_terms import OF_TERMS, assigned
from tests.projections.course import course
from tests.projections.telling import NUMBER, Told, case_history, folded, minute

CASE_ID = h.CASE_ID


def file_of(*events: Event | Told) -> CaseFile:
    view = folded(CASE_FILE, CASE_ID, case_history(CASE_ID, *events))
    assert isinstance(view, CaseFile)
    return view


def test_a_case_that_was_received_shows_what_its_receipt_says() -> None:
    assert file_of(h.received) == CaseFile(
        case_id=CASE_ID,
        version=1,
        position=10,
        kind=CaseKind.COMPLAINT,
        status=Status.RECEIVED,
        series=None,
        number=None,
        customer_id=h.WANG,
        channel=Channel.HOTLINE,
        touchpoint_id=None,
        source_key=None,
        received_by="grace",
        words_version=1,
        category=None,
        subcategory=None,
        symptom=None,
        taxonomy=None,
        priority=None,
        impact=None,
        urgency=None,
        unit=None,
        handler=None,
        received_at=minute(1),
        received_precision=Precision.INSTANT,
        registered_at=None,
        dispatched_at=None,
        first_response_at=None,
        work_started_at=None,
        resolved_at=None,
        resolved_by=None,
        outcome=None,
        resolution_code=None,
        redress_minor_units=None,
        redress_currency=None,
        closed_at=None,
        closing_code=None,
        open_pauses=(),
        dispatches=0,
        returns=0,
        transfers=0,
        unit_changes=0,
        assignments=0,
        reopens=0,
        responses=0,
        pauses=0,
        departures=(),
        attributes={},
        **course([], []),
        last_occurred_at=minute(1),
        last_recorded_at=minute(1001),
    )


def test_nothing_rare_has_happened_to_a_case_yet() -> None:
    assert course([], []) == {
        **dict.fromkeys(OF_A_CYCLE),
        **dict.fromkeys(
            ("acknowledged_at", "customer_replied_at", "review_requested_at", "referred_to", "merged_into")
        ),
        **dict.fromkeys(("absorbed", "links", "open_parts", "stated_dues"), ()),
    }


def test_a_case_with_an_outcome_shows_what_is_still_owed_to_the_customer() -> None:
    fed_back = FeedbackGiven(by="ada", channel=Channel.SMS, words=None)
    visited = FollowUpMade(result=FollowUpResult.NOT_REACHED, by="ada", channel=Channel.HOTLINE, words=None)
    life = (h.received, h.registered, h.upheld, h.closed, fed_back, visited)
    assert [file_of(*life[:upto]).open_loops for upto in range(2, 7)] == [
        (),
        (OpenLoop.FEEDBACK,),
        (OpenLoop.FEEDBACK, OpenLoop.FOLLOW_UP),
        (OpenLoop.FOLLOW_UP,),
        (),
    ]
    assert file_of(*life[:3], CaseMerged(into=UUID(int=8))).open_loops == ()


def test_the_words_of_the_customer_are_not_in_the_view_but_the_place_where_they_lie_is() -> None:
    view = file_of(h.received)
    assert view.words_place == PersonalPlace(f"case-{CASE_ID}", 1, "/words", as_read=True)
    assert h.words.value not in repr(view)
    assert file_of(h.received.model_copy(update={"words": None})).words_place is None


def test_a_case_is_registered_dispatched_worked_on_answered_resolved_and_closed() -> None:
    life = (h.received, h.registered, h.dispatched, h.assigned, h.started, h.first, h.upheld, h.closed)
    statuses = [file_of(*life[:upto]).status for upto in range(1, len(life) + 1)]
    assert statuses == [
        Status.RECEIVED, Status.REGISTERED, Status.REGISTERED, Status.REGISTERED,
        Status.IN_PROGRESS, Status.IN_PROGRESS, Status.RESOLVED, Status.CLOSED,
    ]  # fmt: skip
    view = file_of(*life)
    assert (view.register, view.unit, view.handler) == (NUMBER, h.NORTH, "ada")
    assert (view.registered_at, view.dispatched_at, view.work_started_at) == (minute(2), minute(3), minute(5))
    assert (view.first_response_at, view.resolved_at, view.closed_at) == (minute(6), minute(7), minute(8))
    assert (view.outcome, view.redress, view.closing_code) == (Outcome.UPHELD, h.redress, "followed up")
    assert (view.version, view.position, view.last_recorded_at) == (8, 80, minute(1008))


def test_a_reopened_case_keeps_no_outcome_and_counts_the_reopening() -> None:
    view = file_of(h.received, h.registered, h.started, h.upheld, h.closed, h.reopened)
    assert (view.status, view.reopens) == (Status.IN_PROGRESS, 1)
    taken_back = (view.work_started_at, view.resolved_at, view.resolved_by, view.outcome, view.resolution_code,
                  view.redress, view.closed_at, view.closing_code)  # fmt: skip
    assert taken_back == (None,) * 8


def test_the_unit_at_registration_is_where_a_case_starts_and_counts_as_no_change() -> None:
    at_north = h.registered.model_copy(update={"unit": h.NORTH})
    view = file_of(h.received, at_north, h.transferred, h.returned, h.dispatched)
    assert (view.unit_changes, view.dispatches, view.returns, view.transfers) == (3, 1, 1, 1)
    assert file_of(h.received, at_north).unit_changes == 0


def test_what_moved_before_registration_is_counted_but_is_no_change_of_a_registered_case() -> None:
    view = file_of(h.received, h.dispatched, h.registered, h.transferred)
    assert (view.dispatches, view.transfers, view.unit_changes, view.unit) == (1, 1, 1, h.SOUTH)


def test_a_dispatch_a_return_and_a_transfer_take_the_case_from_its_handler() -> None:
    assert file_of(h.received, h.registered, h.assigned, h.dispatched).handler is None
    returned = file_of(h.received, h.registered, h.dispatched, h.assigned, h.returned)
    assert (returned.unit, returned.handler) == (None, None)
    assert file_of(h.received, h.registered, h.assigned, h.transferred).handler is None
    assert file_of(h.received, h.registered, h.assigned, h.unassigned).handler is None


def test_a_paused_case_shows_each_open_ground_and_since_when() -> None:
    for_vendor = CasePaused(ground=PauseGround.VENDOR)
    paused = (h.received, h.registered, h.started, h.paused, for_vendor)
    assert file_of(*paused).open_pauses == (
        OpenPause(PauseGround.CUSTOMER, minute(4)),
        OpenPause(PauseGround.VENDOR, minute(5)),
    )
    view = file_of(*paused, h.resumed)
    assert (view.status, view.open_pauses) == (Status.PAUSED, (OpenPause(PauseGround.VENDOR, minute(5)),))
    assert (view.pauses, file_of(*paused, h.resumed, CaseResumed(ground=PauseGround.VENDOR)).status) == (
        2,
        Status.IN_PROGRESS,
    )


def test_the_first_answer_and_the_first_dispatch_are_the_earliest_whenever_they_were_recorded() -> None:
    early = Told(h.first, at=minute(-5))
    view = file_of(h.received, h.registered, h.dispatched, h.update, early, Told(h.dispatched, at=minute(-9)))
    assert (view.first_response_at, view.dispatched_at, view.responses) == (minute(-5), minute(-9), 2)
    assert view.last_occurred_at == minute(4)


def test_attributes_are_kept_by_name_and_the_latest_value_stands() -> None:
    later = CaseAttributesRecorded(
        attributes=(Attribute(name="knowledge", value=None), Attribute(name="location", value="L7"))
    )
    assert file_of(h.received, h.attributes, later).attributes == {"knowledge": None, "location": "L7"}


def test_departures_gather_as_a_sorted_set() -> None:
    marked = Told(h.started, departures=("time-runs-backwards", "not-registered"))
    assert file_of(h.received, marked, marked).departures == ("not-registered", "time-runs-backwards")


def test_what_comes_before_the_receipt_leaves_nothing() -> None:
    assert folded(CASE_FILE, CASE_ID, case_history(CASE_ID, h.registered, h.upheld)) is None
    assert file_of(h.registered, h.received).status is Status.RECEIVED


def test_a_fold_does_not_change_the_view_it_is_given() -> None:
    first = case_history(CASE_ID, h.received, h.attributes, h.paused)
    before = folded(CASE_FILE, CASE_ID, first)
    kept = before._replace(attributes=dict(before.attributes))
    more = CaseAttributesRecorded(attributes=(Attribute(name="location", value="L7"),))
    after = folded(CASE_FILE, CASE_ID, case_history(CASE_ID, more), before)
    assert after != before
    assert before == kept


OF_SUBJECTS: list[Event] = [
    each.event if isinstance(each, Occurred) else each
    for steps in (DIALOGUE, SETTLEMENT, BESIDE, STATUTORY, OF_TERMS, ATTACHING)
    for step in steps.accepted.values()
    for each in step.events
]
MOVEMENTS = (CaseDispatched, DispatchReturned, CaseTransferred)
VARIANTS: list[Event] = [
    h.received, h.registered, h.classified, h.prioritised, h.dispatched, h.returned, h.transferred, h.assigned,
    h.unassigned, h.started, h.paused, h.resumed, h.first, h.update, h.final, h.upheld, h.reopened, h.closed,
    h.about_zhao, h.by_web, h.an_inquiry, h.attributes, *OF_SUBJECTS, assigned,
    h.received.model_copy(update={"kind": CaseKind.PRAISE, "words": None, "source_key": "K-1"}),
    h.registered.model_copy(update={"unit": h.EAST, "handler": "lin"}),
    CaseDispatched(unit=h.EAST, handler="lin"),
    CasePaused(ground=PauseGround.VENDOR), CaseResumed(ground=PauseGround.VENDOR),
    CasePrioritised(priority=Priority.LOW, impact=None, urgency=None),
    CaseResolved(outcome=Outcome.SOLVED, redress=None, resolved_by=None, code="R1"),
    CaseAttributesRecorded(attributes=(Attribute(name="knowledge", value=None), Attribute(name="b", value="2"))),
    CaseClassified(category="Metering", subcategory=None, symptom="slow", taxonomy=None),
]  # fmt: skip
TELLINGS = st.lists(
    st.builds(
        Told,
        event=st.sampled_from(VARIANTS),
        at=st.integers(-50, 50).map(minute),
        stream=st.none(),
        departures=st.sets(st.sampled_from(["a", "b", "c"]), max_size=2).map(tuple),
    ),
    max_size=25,
)


def test_the_random_histories_hold_every_kind_of_event() -> None:
    assert {type(event) for event in VARIANTS} == set(get_args(CaseEvent))


@given(TELLINGS)
def test_a_view_equals_what_is_read_off_its_whole_history(tellings: list[Told]) -> None:
    told = case_history(CASE_ID, *tellings)
    assert folded(CASE_FILE, CASE_ID, told) == read_off(told)


@given(TELLINGS)
def test_a_view_has_the_status_on_which_decisions_rest(tellings: list[Told]) -> None:
    told = case_history(CASE_ID, *tellings)
    view, case = folded(CASE_FILE, CASE_ID, told), story.folded(CASE, told)
    assert (view and (view.status, view.unit, view.handler, view.customer_id, view.channel)) == (
        case and (case.status, case.unit, case.handler, case.customer_id, case.channel)
    )


@given(TELLINGS, st.data())
def test_folding_on_from_a_row_that_was_written_equals_folding_in_one_go(tellings: list[Told], data: Any) -> None:
    told = case_history(CASE_ID, *tellings)
    cut = data.draw(st.integers(0, len(told)))
    half = folded(CASE_FILE, CASE_ID, told[:cut])
    again = None if half is None else CASE_FILE.of_row(as_read_from_a_row(half))
    assert again == half
    assert folded(CASE_FILE, CASE_ID, told[cut:], again) == folded(CASE_FILE, CASE_ID, told)


def as_read_from_a_row(view: CaseFile) -> list[Any]:
    """The columns as the database hands them out: terms as text, pauses as lists."""
    pauses = [[str(pause.ground), pause.since.isoformat()] for pause in view.open_pauses]
    links = [[str(link.case_id), str(link.relation)] for link in view.links]
    dues = [[due.target, due.due_at.isoformat(), str(due.precision), str(due.stated_by)] for due in view.stated_dues]
    lists = {name: list(getattr(view, name)) for name in ("departures", "absorbed", "open_parts")}
    row = view._replace(open_pauses=pauses, links=links, stated_dues=dues, **lists)  # type: ignore[arg-type]
    return [str(value) if isinstance(value, str) else value for value in row]


def read_off(told: list[Recorded[Any]]) -> CaseFile | None:
    """The same view, written independently: each column is a question to the history as a whole."""
    start = next((at for at, each in enumerate(told) if isinstance(each.event, CaseReceived)), None)
    if start is None:
        return None
    first, rest = told[start], told[start + 1 :]
    counts = Counter(type(each.event) for each in rest)
    cycle = rest[max((at + 1 for at, each in enumerate(rest) if isinstance(each.event, CaseReopened)), default=0) :]
    numbered = next((each for each in rest if isinstance(each.event, CaseRegistered)), None)
    resolved, closed = last(cycle, CaseResolved), last(cycle, CaseClosed)
    worked = [each for each in cycle if isinstance(each.event, WorkStarted)]
    pauses = open_pauses(rest)
    stages = [
        (last(rest, CaseMerged), Status.MERGED),
        (closed, Status.CLOSED), (last(cycle, CaseWithdrawn), Status.WITHDRAWN),
        (resolved, Status.RESOLVED), (pauses, Status.PAUSED),
        (worked or counts[CaseReopened], Status.IN_PROGRESS), (numbered, Status.REGISTERED), (True, Status.RECEIVED),
    ]  # fmt: skip
    return CaseFile(
        case_id=CASE_ID,
        version=told[-1].version,
        position=told[-1].position,
        kind=latest(rest, KindChanged, "kind", first.event.kind),
        status=next(status for reached, status in stages if reached),
        series=numbered.register.series if numbered and numbered.register else None,
        number=numbered.register.number if numbered and numbered.register else None,
        customer_id=latest(rest, CaseCustomerChanged, "customer_id", first.event.customer_id),
        channel=latest(rest, CaseChannelChanged, "channel", first.event.channel),
        touchpoint_id=first.event.touchpoint_id,
        source_key=first.event.source_key,
        received_by=first.event.received_by,
        words_version=first.version if first.event.words else None,
        **classes(rest),
        unit=unit(rest),
        handler=handler(rest),
        received_at=first.occurred_at,
        received_precision=first.occurred_precision,
        registered_at=numbered.occurred_at if numbered else None,
        dispatched_at=earliest(rest, CaseDispatched),
        first_response_at=earliest(rest, ResponseSent),
        work_started_at=worked[0].occurred_at if worked else None,
        **ending(resolved, closed),
        open_pauses=pauses,
        dispatches=counts[CaseDispatched],
        returns=counts[DispatchReturned],
        transfers=counts[CaseTransferred],
        unit_changes=sum(
            isinstance(each.event, MOVEMENTS) and numbered is not None and each.version > numbered.version
            for each in rest
        ),
        assignments=counts[CaseAssigned],
        reopens=counts[CaseReopened],
        responses=counts[ResponseSent],
        pauses=counts[CasePaused],
        departures=tuple(sorted({code for each in told[start:] for code in each.metadata.departures})),
        attributes={
            attribute.name: attribute.value
            for each in rest
            if isinstance(each.event, CaseAttributesRecorded)
            for attribute in each.event.attributes
        },
        **course(rest, cycle),
        last_occurred_at=max(each.occurred_at for each in told[start:]),
        last_recorded_at=told[-1].recorded_at,
    )


def classes(told: list[Recorded[Any]]) -> dict[str, Any]:
    classified, prioritised = last(told, CaseClassified), last(told, CasePrioritised)
    return {
        field: getattr(found.event, field) if found else None
        for found, names in (
            (classified, ("category", "subcategory", "symptom", "taxonomy")),
            (prioritised, ("priority", "impact", "urgency")),
        )
        for field in names
    }


def ending(resolved: Recorded[Any] | None, closed: Recorded[Any] | None) -> dict[str, Any]:
    redress: Money | None = resolved.event.redress if resolved else None
    return {
        "resolved_at": resolved.occurred_at if resolved else None,
        "resolved_by": resolved.event.resolved_by if resolved else None,
        "outcome": resolved.event.outcome if resolved else None,
        "resolution_code": resolved.event.code if resolved else None,
        "redress_minor_units": redress.minor_units if redress else None,
        "redress_currency": redress.currency if redress else None,
        "closed_at": closed.occurred_at if closed else None,
        "closing_code": closed.event.code if closed else None,
    }


def last(told: list[Recorded[Any]], kind: type[Event]) -> Recorded[Any] | None:
    return next((each for each in reversed(told) if isinstance(each.event, kind)), None)


def latest(told: list[Recorded[Any]], kind: type[Event], field: str, otherwise: Any) -> Any:
    found = last(told, kind)
    return getattr(found.event, field) if found else otherwise


def earliest(told: list[Recorded[Any]], kind: type[Event]) -> Any:
    return min((each.occurred_at for each in told if isinstance(each.event, kind)), default=None)


def unit(told: list[Recorded[Any]]) -> str | None:
    for each in reversed(told):
        match each.event:
            case DispatchReturned():
                return None
            case CaseDispatched(unit=found) | CaseTransferred(to_unit=found) | CaseRegistered(unit=str(found)):
                return found
            case _:
                pass
    return None


def handler(told: list[Recorded[Any]]) -> str | None:
    for each in reversed(told):
        match each.event:
            case DispatchReturned() | CaseUnassigned():
                return None
            case CaseAssigned(handler=found) | CaseDispatched(handler=found) | CaseTransferred(handler=found):
                return found
            case CaseRegistered(handler=str(found)):
                return found
            case _:
                pass
    return None


def open_pauses(told: list[Recorded[Any]]) -> tuple[OpenPause, ...]:
    """A ground is open from its first pause after its last resumption."""
    found = []
    for ground in PauseGround:
        of_ground = [
            each for each in told
            if isinstance(each.event, CasePaused | CaseResumed) and each.event.ground == ground
        ]  # fmt: skip
        resumed = max((each.version for each in of_ground if isinstance(each.event, CaseResumed)), default=0)
        since = next((each for each in of_ground if each.version > resumed), None)
        if since is not None:
            found.append((since.version, OpenPause(ground, since.occurred_at)))
    return tuple(pause for _, pause in sorted(found))


@pytest.mark.parametrize("level", list(Level))
def test_every_level_survives_the_row(level: Level) -> None:
    view = file_of(h.received, CasePrioritised(priority=Priority.HIGH, impact=level, urgency=level))
    assert CASE_FILE.of_row(as_read_from_a_row(view)) == view


def test_the_register_is_a_number_once_there_is_one() -> None:
    assert file_of(h.received).register is None
    assert file_of(h.received, h.registered).register == RegisterNumber("C2026", 123)
