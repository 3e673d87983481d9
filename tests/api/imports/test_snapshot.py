from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.imports.snapshot import Classed, Opening, Rated, Snapshot, Source, Stage, Unsaid
from domain.case.commands import (
    AssignCase,
    ClassifyCase,
    CloseCase,
    DispatchCase,
    PauseCase,
    PrioritiseCase,
    RecordAttributes,
    ReopenCase,
    ResolveCase,
    ResumeCase,
    ReturnDispatch,
    StartWork,
    TransferCase,
)
from domain.case.events import Attribute, CaseKind, Level, Outcome, PauseGround, Priority
from domain.case.state import Case, Status
from domain.channel import Channel, Direction
from domain.customer import CustomerKind, RegisterCustomer
from domain.envelope import Actor, ActorKind, Context, Metadata, Submission
from domain.event import Command
from domain.touchpoint import RecordTouchpoint
from ledger.decision import Tip, decided, streams_of, tip_of

AT = datetime(2016, 2, 29, 6, 38, tzinfo=UTC)
NAMESPACE = UUID(int=1)
SOURCE = Source(NAMESPACE, "UTC", CustomerKind.PERSON)
CASE = SOURCE.id_of("case", "INC1")
OPENING = Opening(CaseKind.REQUEST, Direction.IN, AT, "Ann", None)
NAMES = ("location", "vendor", "rfc")
METADATA = Metadata(
    Actor("a", ActorKind.IMPORT), "import", NAMESPACE, None, NAMESPACE, "", None, "", None, ()
)  # fmt: skip

REGISTERED = Snapshot(
    customer="Caller 1",
    channel=Channel.HOTLINE,
    stage=Stage(Status.REGISTERED),
    unit="Group 1",
    handler="Bob",
    classed=Classed("Network", None, None, None),
    rated=Rated(Priority.LOW, None, None),
    attributes=(("location", "Here"), ("vendor", None), ("rfc", None)),
)

words = st.sampled_from(["a", "b", "c"])
stages = st.one_of(
    st.sampled_from([Stage(each) for each in (Status.REGISTERED, Status.IN_PROGRESS, Status.RESOLVED, Status.CLOSED)]),
    st.sampled_from(list(PauseGround)).map(lambda ground: Stage(Status.PAUSED, ground)),
)
snapshots = st.builds(
    Snapshot,
    customer=words,
    channel=st.sampled_from([Channel.EMAIL, Channel.WEB]),
    stage=stages,
    unit=st.none() | words,
    handler=st.none() | words,
    classed=st.builds(Classed, words, st.none() | words, st.none() | words, st.none()),
    rated=st.builds(
        Rated,
        st.sampled_from(list(Priority)),
        st.none() | st.sampled_from(list(Level)),
        st.none() | st.sampled_from(list(Level)),
    ),
    attributes=st.tuples(*(st.tuples(st.just(name), st.none() | words) for name in NAMES)),
)


def carried_out(rows: Iterable[list[Command]]) -> dict[str, Tip]:
    """The streams after submissions of an import, one a row."""
    tips: dict[str, Tip] = {}
    for commands in filter(None, rows):
        submission = Submission(NAMESPACE, tuple(commands), METADATA.actor, "import", imported=True)
        tips = {stream: tip_of(stream, ()) for stream in streams_of(submission)} | tips
        tips |= decided(submission, tips, METADATA, Context(imported=True, book="main")).tips
    return tips


def told(history: list[Snapshot]) -> list[list[Command]]:
    steps = pairwise(history)
    return [
        SOURCE.opening("INC1", OPENING, history[0], AT),
        *(
            SOURCE.changes("INC1", before, after, AT + timedelta(hours=nth))
            for nth, (before, after) in enumerate(steps, 1)
        ),
    ]


def rebuilt(case: Case) -> Snapshot:
    """What the events say, in the form of a snapshot."""
    by_id = {SOURCE.id_of("customer", word): word for word in "abc"}
    known = {attribute.name: attribute.value for attribute in case.attributes}
    (ground,) = case.paused or (None,)
    return Snapshot(
        customer=by_id[case.customer_id] if case.customer_id else None,
        channel=case.channel,
        stage=Stage(case.status, ground),
        unit=case.unit,
        handler=case.handler,
        classed=Classed(**case.classification.model_dump()) if case.classification else None,
        rated=Rated(**case.priority.model_dump()) if case.priority else None,
        attributes=tuple((name, known.get(name)) for name in NAMES),
    )


@settings(max_examples=300)
@given(st.lists(snapshots, min_size=1, max_size=8))
def test_the_commands_between_snapshots_lead_to_a_case_that_says_what_the_last_snapshot_says(
    history: list[Snapshot],
) -> None:
    tip = carried_out(told(history))[f"case-{CASE}"]
    assert isinstance(tip.state, Case)
    found, last = rebuilt(tip.state), history[-1]
    assert found._replace(stage=last.stage) == last
    if last.stage.status is Status.REGISTERED:
        assert found.stage.status in (Status.REGISTERED, Status.IN_PROGRESS)
    else:
        assert found.stage == last.stage


@settings(max_examples=100)
@given(st.lists(snapshots, min_size=1, max_size=5), st.integers(0, 4))
def test_a_snapshot_that_says_the_same_again_leads_to_nothing(history: list[Snapshot], place: int) -> None:
    place = min(place, len(history) - 1)
    again = [*history[: place + 1], *history[place:]]
    assert told(again)[place + 1] == []


@settings(max_examples=100)
@given(st.lists(snapshots, min_size=2, max_size=5))
def test_every_customer_whom_the_case_was_about_is_registered(history: list[Snapshot]) -> None:
    customers = {
        command.customer_id for row in told(history) for command in row if isinstance(command, RegisterCustomer)
    }
    assert customers == {SOURCE.id_of("customer", snapshot.customer or "") for snapshot in history}


def test_a_first_row_registers_the_case_as_it_has_it() -> None:
    later = AT + timedelta(minutes=4)
    first = REGISTERED._replace(stage=Stage(Status.PAUSED, PauseGround.VENDOR))
    commands = SOURCE.opening("INC1", OPENING, first, later)
    assert [type(command).__name__ for command in commands] == [
        "RegisterCustomer",
        "RecordTouchpoint",
        "ReceiveCase",
        "RegisterCase",
        "ClassifyCase",
        "PrioritiseCase",
        "RecordAttributes",
        "PauseCase",
    ]
    assert [command.at for command in commands] == [AT] * 7 + [later]
    assert commands[6] == RecordAttributes(at=AT, case_id=CASE, attributes=(Attribute(name="location", value="Here"),))
    touchpoint = commands[1]
    assert isinstance(touchpoint, RecordTouchpoint)
    assert (touchpoint.case_id, touchpoint.staff) == (CASE, "Ann")


def changes(before: Snapshot, after: Snapshot) -> list[Command]:
    return SOURCE.changes("INC1", before, after, AT)


def at(stage: Status, snapshot: Snapshot = REGISTERED) -> Snapshot:
    return snapshot._replace(stage=Stage(stage))


def test_a_case_goes_between_units_by_dispatch_return_and_transfer() -> None:
    held, free = REGISTERED, REGISTERED._replace(unit=None, handler=None)
    moved = REGISTERED._replace(unit="Group 2", handler="Cid")
    assert changes(free, moved) == [DispatchCase(at=AT, case_id=CASE, unit="Group 2", handler="Cid")]
    assert changes(held, free) == [ReturnDispatch(at=AT, case_id=CASE, unit="Group 1")]
    assert changes(held, moved) == [
        TransferCase(at=AT, case_id=CASE, from_unit="Group 1", to_unit="Group 2", handler="Cid")
    ]
    assert changes(held, free._replace(handler="Bob")) == [
        ReturnDispatch(at=AT, case_id=CASE, unit="Group 1"),
        AssignCase(at=AT, case_id=CASE, handler="Bob"),
    ]


def test_a_row_that_reopens_moves_and_ranks_a_case_reopens_it_first_and_one_that_resolves_it_does_so_last() -> None:
    moved = REGISTERED._replace(unit="Group 2", rated=Rated(Priority.HIGH, None, None))
    move = [
        PrioritiseCase(at=AT, case_id=CASE, priority=Priority.HIGH),
        TransferCase(at=AT, case_id=CASE, from_unit="Group 1", to_unit="Group 2", handler="Bob"),
    ]
    resolve = ResolveCase(at=AT, case_id=CASE, outcome=Outcome.UNSTATED)
    assert changes(at(Status.CLOSED), at(Status.IN_PROGRESS, moved)) == [
        ReopenCase(at=AT, case_id=CASE),
        *move,
        StartWork(at=AT, case_id=CASE),
    ]
    assert changes(at(Status.IN_PROGRESS), at(Status.RESOLVED, moved)) == [*move, resolve]


def test_a_resolved_case_that_is_closed_is_not_reopened_and_a_closed_one_that_is_resolved_is() -> None:
    assert changes(at(Status.RESOLVED), at(Status.CLOSED)) == [CloseCase(at=AT, case_id=CASE)]
    assert changes(at(Status.CLOSED), at(Status.RESOLVED)) == [
        ReopenCase(at=AT, case_id=CASE),
        ResolveCase(at=AT, case_id=CASE, outcome=Outcome.UNSTATED),
    ]


def test_a_case_that_waits_for_something_else_stops_waiting_for_the_former() -> None:
    before = REGISTERED._replace(stage=Stage(Status.PAUSED, PauseGround.CUSTOMER))
    after = REGISTERED._replace(stage=Stage(Status.PAUSED, PauseGround.VENDOR))
    assert changes(before, after) == [
        ResumeCase(at=AT, case_id=CASE, ground=PauseGround.CUSTOMER),
        PauseCase(at=AT, case_id=CASE, ground=PauseGround.VENDOR),
    ]


@pytest.mark.parametrize(
    ("after", "code"),
    [
        (REGISTERED._replace(customer=None), "customer-lost"),
        (REGISTERED._replace(classed=None), "class-lost"),
        (REGISTERED._replace(rated=None), "priority-lost"),
    ],
)
def test_what_no_command_can_say_is_refused_by_name(after: Snapshot, code: str) -> None:
    with pytest.raises(Unsaid) as unsaid:
        changes(REGISTERED, after)
    assert unsaid.value.code == code


def test_only_attributes_that_are_other_than_before_are_told() -> None:
    after = REGISTERED._replace(
        attributes=(("location", None), ("vendor", None), ("rfc", "CHG1")),
        classed=Classed("Network", "LAN", None, None),
    )
    assert changes(REGISTERED, after) == [
        ClassifyCase(at=AT, case_id=CASE, category="Network", subcategory="LAN"),
        RecordAttributes(
            at=AT,
            case_id=CASE,
            attributes=(Attribute(name="location", value=None), Attribute(name="rfc", value="CHG1")),
        ),
    ]
