"""Laws that hold for every history, not only those somebody thought of."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any, get_args
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from pydantic import AwareDatetime
from typing_extensions import override

from domain.book import OpenBook, ViewCompared, id_of_book
from domain.calendar import CalendarCommand, CalendarPublished, ProposeCalendar, PublishCalendar
from domain.case.commands import CaseCommand, ReceiveCase, RecordAttributes, RegisterCase
from domain.case.events import Attribute, CaseEvent, CaseReceived, CaseRegistered
from domain.case.parts import still_open
from domain.case.promise import PromisedDue, Terms
from domain.case.rules import Departure
from domain.case.state import Case
from domain.customer import Customer, CustomerCommand, MergeCustomers
from domain.decider import Decided, Decider
from domain.deciders import DECIDERS
from domain.envelope import Context, Occurred, Recorded
from domain.event import Command, Precision, Refused
from domain.imports import ImportCommand
from domain.money import Money
from domain.obligation import ObligationCommand
from domain.personal import Personal
from domain.policy import PolicyCommand
from domain.policy_events import PolicyWithdrawalRequested, PolicyWithdrawn
from domain.refusal import Refusal
from domain.revealing import RevealedValue
from domain.sla.calendar import CalendarDocument, CalendarTitle, Week
from domain.sla.policy import PolicyDocument
from domain.staff import StaffCommand, id_of_staff
from domain.stream import Category, category_of, stream_of
from domain.touchpoint import TouchpointCommand
from domain.unit.commands import UnitCommand
from domain.unit.events import id_of_unit
from domain.unit.life import lineage
from tests.domain.case.promised import CASE, POLICIES
from tests.domain.sla.documents import policy
from tests.domain.story import MONDAY, folded, kept_in, recorded

# Few values of each, so that commands meet: the same customer, the same unit, the same hour.
IDS = st.sampled_from([UUID(int=1), UUID(int=2)])
TEXTS = st.sampled_from(["one", "二"])
UNITS = TEXTS.map(id_of_unit)
MAYBE_TEXTS = st.none() | TEXTS
DIGESTS = st.sampled_from(["ab" * 32, "cd" * 32])
CASES = st.sampled_from([UUID(int=7), UUID(int=8)])
PERSONAL = st.builds(Personal[str].open, IDS, TEXTS)
TIMES = st.integers(min_value=-2, max_value=2).map(lambda hours: MONDAY + timedelta(hours=hours))

LATER = date(2027, 1, 1)
DOCUMENTS = [
    CalendarDocument(
        name=name,
        title=CalendarTitle(en="Office"),
        zone="Asia/Shanghai",
        week=Week(mon=(hours,)),
        source="the office",
    )
    for name in ("office", "desk")
    for hours in ("09:00-12:00", "22:00-06:00")
]

DOCUMENTED = [
    PolicyDocument.model_validate(policy(("targets.1.clock.amount", days), name=name, calendar=calendar))
    for name in ("desk", "group-service")
    for calendar, days in (("office", 3), ("office", 5), ("desk", 3))
]

st.register_type_strategy(Money, st.builds(Money, minor_units=st.integers(0, 2), currency=st.just("CNY")))
st.register_type_strategy(
    RevealedValue,
    st.builds(
        RevealedValue,
        stream=st.just("case-1"),
        version=st.integers(1, 2),
        path=st.just("/words"),
        as_read=st.booleans(),
    ),
)
st.register_type_strategy(Attribute, st.builds(Attribute, name=st.sampled_from(["a", "b"]), value=MAYBE_TEXTS))
SLUGS = {
    "policy": st.sampled_from([each.name for each in POLICIES]),
    "target": st.sampled_from(["resolution", "each-part", "answer", "nothing"]),
    "step": st.sampled_from(["goodwill", "thirty-days", "a-year"]),
    "calendar": st.just("china"),
}
DUES = st.builds(PromisedDue, target=SLUGS["target"], calendar=SLUGS["calendar"], calendar_version=st.just(1),
                 due_at=st.none() | TIMES, due_on=st.none())  # fmt: skip
st.register_type_strategy(
    Terms,
    st.builds(Terms, policy=SLUGS["policy"], policy_version=st.integers(1, 2), rule=st.just("complaints"),
              ground=st.just(()), dues=st.lists(DUES, max_size=2).map(tuple)),
)  # fmt: skip


def decider_of(stream: str) -> Decider[Any]:
    """The decider of a stream; cases have a book of policies that promises them something."""
    category = Category(category_of(stream))
    return CASE if category is Category.CASE else DECIDERS[category]


def values(annotation: Any, field: str) -> st.SearchStrategy[Any]:
    """Values for a field of an event or a command."""
    if "Personal[" in str(annotation):
        if field == "digest":
            return st.builds(Personal[str].open, IDS, DIGESTS)
        return PERSONAL | st.none() if type(None) in get_args(annotation) else PERSONAL
    if annotation is UUID or annotation == UUID | None:
        return IDS if annotation is UUID else st.none() | IDS
    if field == "language":
        return st.sampled_from(["zh", "en"]) if annotation is str else st.sampled_from([None, "zh"])
    if annotation is str:
        return DIGESTS if field.endswith("digest") else TEXTS
    if type(None) in get_args(annotation) and str in map(plain, get_args(annotation)):
        return st.none() | DIGESTS if field.endswith("digest") else MAYBE_TEXTS
    if annotation is int:
        return st.integers(0, 1)
    return st.from_type(annotation)


def plain(annotation: Any) -> Any:
    return getattr(annotation, "__origin__", annotation)


def made(model: type[Any]) -> st.SearchStrategy[Any]:
    """Instances of an event or a command."""
    special: dict[str, st.SearchStrategy[Any]] = {
        "at": TIMES,
        "zone": st.just("UTC"),
        "book_zone": st.just("UTC"),
        "file_zone": st.just("UTC"),
        "precision": st.sampled_from(Precision),
        "formats": st.just(("envelope.1",)),
        "attributes": st.lists(st.from_type(Attribute), min_size=1, max_size=2, unique_by=lambda it: it.name).map(
            tuple
        ),
        "level": st.integers(1, 3),
        "items": st.lists(TEXTS, min_size=1, max_size=2).map(tuple),
        "case_id": st.just(UUID(int=7)) if issubclass(model, Command) else CASES,
        "other_id": CASES,
        "into": CASES if model.__module__.startswith("domain.case.") else IDS,
        "staff_id": TEXTS.map(id_of_staff),
        "planned_for": TIMES,
        "until": st.none() | TIMES,
        "score": st.none() | st.integers(0, 1),
        "document": st.sampled_from(DOCUMENTS),
        "effective_from": st.sampled_from([date(2026, 1, 1), date(2026, 7, 1)]),
        "proposal": st.integers(1, 3),
        "book_id": st.just(id_of_book("test")),
        "request": st.integers(1, 8),
        "media_type": st.sampled_from(["image/jpeg", "text/plain"]),
        "byte_size": st.integers(1, 2),
        **dict.fromkeys(("policy_version", "calendar_version", "cycle", "instance"), st.integers(1, 2)),
        **SLUGS,
    }
    if model is ViewCompared:
        special |= dict.fromkeys(("rows", "subjects", "seed"), st.none() | st.integers(0, 1))
    if model is CalendarPublished:
        special["name"] = st.sampled_from([document.name for document in DOCUMENTS])
    if model.__module__.startswith("domain.policy"):
        ends = st.sampled_from([date(2026, 3, 1), date(2026, 10, 1)])
        certain = model in (PolicyWithdrawalRequested, PolicyWithdrawn)
        special |= {
            "document": st.sampled_from(DOCUMENTED),
            "name": st.sampled_from(["desk", "group-service"]),
            "request": st.integers(1, 4),
            "effective_before": ends if certain or "name" in model.model_fields else st.sampled_from([None, LATER]),
        }
    elif "policy" not in model.model_fields:
        special.pop("target")
    if model.__module__.startswith("domain.unit."):
        special |= {"unit_id": UNITS, "supervisor": UNITS}
        special["parent"] = st.none() | UNITS
    for name, some in (("version", st.integers(1, 3)), ("due_at", TIMES)):
        if name in model.model_fields:
            special[name] = some if model.model_fields[name].annotation in (int, AwareDatetime) else st.none() | some
    return st.builds(
        model,
        **{
            name: special[name] if name in special else values(field.annotation, name)
            for name, field in model.model_fields.items()
        },
    )


CASE_COMMANDS = st.one_of([made(command) for command in get_args(CaseCommand)])
UNIT_COMMANDS = st.one_of([made(command) for command in get_args(UnitCommand)])
CUSTOMER_COMMANDS = st.one_of([made(command) for command in get_args(CustomerCommand)])
ORGANISATION_COMMANDS = st.one_of(
    UNIT_COMMANDS, *[made(command) for command in (*get_args(StaffCommand), *get_args(ObligationCommand))]
)
ALL_COMMANDS = st.one_of(
    CASE_COMMANDS,
    CUSTOMER_COMMANDS,
    ORGANISATION_COMMANDS,
    *[made(command) for command in (*get_args(ImportCommand), *get_args(TouchpointCommand), OpenBook)],
    *[made(command) for command in (*get_args(CalendarCommand), *get_args(PolicyCommand))],
)
HISTORIES = st.lists(st.builds(recorded, st.one_of([made(event) for event in get_args(CaseEvent)])), max_size=12)
CONTEXTS = st.builds(Context, imported=st.booleans(), book=st.just("test"))

RECEIVED = ReceiveCase.model_validate(
    {"at": MONDAY, "case_id": UUID(int=7), "kind": "complaint", "channel": "web", "customer_id": UUID(int=1)}
)
REGISTERED = RegisterCase(at=MONDAY, case_id=UUID(int=7))
OTHER = RECEIVED.model_copy(update={"case_id": UUID(int=8)})
OFFICE: list[Command] = [
    ProposeCalendar(
        at=MONDAY, book_id=id_of_book("test"), document=DOCUMENTS[0], effective_from=date(2026, 1, 1), reason="new",
        requested_by="one",
    ),
    PublishCalendar(at=MONDAY, book_id=id_of_book("test"), proposal=1, approved_by="二"),
]  # fmt: skip
BEGINNINGS: list[list[Command]] = [[], [RECEIVED], [RECEIVED, OTHER, REGISTERED], OFFICE]


def answer(decider: Decider[Any], state: Any, command: Command, context: Context) -> Decided | Refused:
    """What is decided, or the no; anything else that is raised fails the test."""
    try:
        return decider.decide(state, command, context)
    except Refused as refused:
        return refused


class States(dict[str, Any]):
    """The state of each stream, from its beginning on."""

    def __missing__(self, stream: str) -> Any:
        return decider_of(stream).initial

    @override
    def get(self, stream: str, default: Any = None) -> Any:
        """The state, or that of a stream in which nothing is written."""
        del default
        return self[stream]


def lived(
    commands: list[Command], context: Context, states: States | None = None
) -> list[tuple[Command, Decided | Refused, Any]]:
    """Each command, what came of it, and the state after it of the stream that it is about."""
    states = States() if states is None else states
    versions: dict[str, int] = {}
    context = replace(context, others=states)
    steps = []
    for command in commands:
        decided = answer(decider_of(command.stream), states[command.stream], command, context)
        if not isinstance(decided, Refused):
            for stream in command.streams:
                told = kept_in(stream, decided, command, versions.get(stream, 0) + 1)
                versions[stream] = versions.get(stream, 0) + len(told)
                states[stream] = folded(decider_of(stream), told, states[stream])
        steps.append((command, decided, states[command.stream]))
    return steps


def decisions(commands: list[Command], context: Context) -> list[tuple[Decided, Any]]:
    """What was decided, and the state after it, for each command that was not refused."""
    steps = lived(commands, context)
    return [(decided, state) for _, decided, state in steps if not isinstance(decided, Refused)]


@given(st.sampled_from(BEGINNINGS), st.lists(ALL_COMMANDS, max_size=15), CONTEXTS)
def test_whatever_is_asked_asking_again_adds_nothing_and_a_no_is_declared(
    beginning: list[Command], then: list[Command], context: Context
) -> None:
    commands = [*beginning, *then]
    for at, (command, decided, state) in enumerate(lived(commands, context), 1):
        others = States()
        lived(commands[:at], context, others)
        again = answer(decider_of(command.stream), state, command, replace(context, others=others))
        if isinstance(decided, Refused):
            assert decided.code in command.REFUSALS
            assert isinstance(again, Refused)
        else:
            assert again == []


@given(st.lists(CASE_COMMANDS, max_size=20), CONTEXTS)
def test_a_case_is_received_once_and_first_and_registered_at_most_once(
    commands: list[Command], context: Context
) -> None:
    kinds = [type(event) for decided, _ in decisions([*commands, RECEIVED], context) for event in bare(decided)]
    assert kinds[0] is CaseReceived
    assert kinds.count(CaseReceived) == 1
    assert kinds.count(CaseRegistered) <= 1


@given(st.lists(CASE_COMMANDS, max_size=20))
def test_a_live_case_keeps_to_its_declared_life(commands: list[Command]) -> None:
    for decided, case in decisions([RECEIVED, REGISTERED, OTHER, *commands], Context()):
        assert not any(isinstance(each, Occurred) and each.departures for each in decided)
        assert isinstance(case, Case)
        assert case.closing is None or case.resolution is not None
        assert case.resolution is None or not case.paused
        assert case.resolution is None or not still_open(case.rare.parts)
        assert case.rare.settlement.withdrawal is None or (case.closing is None and not case.paused)
        assert case.rare.relations.merged_into != UUID(int=7)


@given(st.lists(CASE_COMMANDS, max_size=20))
def test_imported_history_is_refused_only_what_no_history_can_hold(commands: list[Command]) -> None:
    impossible = {Refusal.ALREADY_RECEIVED, Refusal.ALREADY_REGISTERED, Refusal.SUBJECT_MISMATCH}
    impossible |= {Refusal.MERGES_ITSELF, Refusal.MERGES_IN_A_CIRCLE}
    impossible |= {Refusal.UNKNOWN_REQUEST, Refusal.NO_RULE_FITS}
    for _, decided, _ in lived([RECEIVED, OTHER, *commands], Context(imported=True)):
        if isinstance(decided, Refused):
            assert decided.code in impossible
        else:
            marks = {mark for each in decided if isinstance(each, Occurred) for mark in each.departures}
            assert marks <= set(Departure)


@given(HISTORIES, CASE_COMMANDS, CONTEXTS)
def test_a_case_is_folded_and_decided_on_in_whatever_order_its_events_come(
    history: list[Recorded[Any]], command: Command, context: Context
) -> None:
    state = folded(CASE, history)
    assert (state is None) == all(not isinstance(each.event, CaseReceived) for each in history)
    decided = answer(CASE, state, command, context)
    assert not isinstance(decided, Refused) or decided.code in command.REFUSALS


@given(st.data())
def test_every_decider_folds_its_events_in_whatever_order_they_come(data: st.DataObject) -> None:
    category = data.draw(st.sampled_from([each for each in Category if each is not Category.CASE]))
    own = [made(event) for event in DECIDERS[category].events]
    told = data.draw(st.lists(st.one_of(own), max_size=8))
    history = [recorded(event, version) for version, event in enumerate(told, 1)]
    once = folded(DECIDERS[category], history)
    assert folded(DECIDERS[category], history) == once


@given(made(RecordAttributes))
def test_attributes_recorded_once_are_known(command: RecordAttributes) -> None:
    *_, (_, case) = decisions([RECEIVED, command.model_copy(update={"at": MONDAY})], Context())
    assert {*command.attributes} <= {*case.attributes}


@given(st.lists(CUSTOMER_COMMANDS | ORGANISATION_COMMANDS, max_size=25))
def test_imported_customers_units_staff_and_obligations_are_refused_only_what_no_history_can_hold(
    commands: list[Command],
) -> None:
    impossible = {
        Refusal.UNKNOWN_CUSTOMER, Refusal.CUSTOMER_ALREADY_REGISTERED, Refusal.SUBJECT_MISMATCH,
        Refusal.UNKNOWN_CONTACT, Refusal.VISIT_ALREADY_PLANNED, Refusal.CUSTOMER_MERGED, Refusal.MERGED_WITH_ITSELF,
        Refusal.MERGED_IN_A_CIRCLE, Refusal.UNKNOWN_UNIT, Refusal.UNIT_ALREADY_OPENED, Refusal.UNIT_IN_A_CIRCLE,
        Refusal.SUPERVISES_ITSELF, Refusal.UNKNOWN_STAFF, Refusal.STAFF_ALREADY_REGISTERED,
        Refusal.UNKNOWN_OBLIGATION, Refusal.OBLIGATION_ALREADY_OPENED, Refusal.UNKNOWN_REQUEST,
    }  # fmt: skip
    for command, decided, _ in lived(commands, Context(imported=True)):
        if isinstance(decided, Refused):
            assert decided.code in impossible
            assert decided.code != Refusal.CUSTOMER_MERGED or isinstance(command, MergeCustomers)


@given(st.lists(CUSTOMER_COMMANDS | ORGANISATION_COMMANDS, max_size=25))
def test_nothing_that_is_asked_live_leaves_the_declared_life(commands: list[Command]) -> None:
    for decided, _ in decisions(commands, Context()):
        assert [each for each in decided if isinstance(each, Occurred) and each.departures] == []


@given(st.lists(CUSTOMER_COMMANDS, max_size=25), CONTEXTS)
def test_whoever_was_merged_is_led_to_a_registered_customer_in_no_circle(
    commands: list[Command], context: Context
) -> None:
    states = States()
    lived(commands, context, states)
    for customer in list(states.values()):
        seen, survivor = 0, customer
        while isinstance(survivor, Customer) and survivor.merged_into is not None:
            seen, survivor = seen + 1, states[stream_of(Category.CUSTOMER, survivor.merged_into)]
            assert isinstance(survivor, Customer)
            assert seen < len(states)


@given(st.lists(UNIT_COMMANDS, max_size=25), CONTEXTS)
def test_no_unit_ever_stands_below_itself_and_every_unit_above_knows_those_below(
    commands: list[Command], context: Context
) -> None:
    states = States()
    lived(commands, context, states)
    for stream, unit in states.items():
        if unit is not None and unit.parent is not None:
            assert stream not in lineage(unit.parent, states)


def bare(decided: Decided) -> list[Any]:
    return [each.event if isinstance(each, Occurred) else each for each in decided]
