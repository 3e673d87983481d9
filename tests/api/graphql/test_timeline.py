from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from graphql import GraphQLObjectType

from api.graphql import timeline_items
from api.graphql.identity import global_id
from api.graphql.timeline_items import ITEMS, GenericEvent
from api.workspace import NewBook, Workspace
from domain.book import BookTime
from domain.case.commands import (
    AssignCase,
    DispatchCase,
    ReceiveCase,
    RegisterCase,
    ResolveCase,
    ReturnDispatch,
    SendResponse,
    StartWork,
    TransferCase,
)
from domain.case.events import CaseKind, Outcome, ResponseKind
from domain.channel import Channel, Direction
from domain.customer import AssignTier, CustomerKind, RegisterCustomer, Tier
from domain.envelope import Actor, ActorKind, Submission
from domain.event import Command, Precision
from domain.personal import Personal
from domain.stream import Category
from domain.touchpoint import RecordTouchpoint
from projections.timeline import EntryKind
from tests.api.graphql.asking import FrontEnd
from tests.api.graphql.conftest import opened
from tests.api.graphql.every_connection import CORE
from tests.conftest import Database

BEGIN = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
ACTOR = Actor("filler", ActorKind.SYSTEM)
WANG, ZHAO = UUID(int=0xA), UUID(int=0xB)
CASES = [UUID(int=0xC0 + number) for number in range(4)]
NORTH, SOUTH = "北区", "South"


@pytest.fixture(scope="module")
def workspace(module_database: Database) -> Iterator[Workspace]:
    """A book whose writers say when they write."""
    with opened(module_database, new_book=NewBook(BookTime.SIMULATED, "Asia/Shanghai", BEGIN)) as workspace:
        yield workspace


def life(case_id: UUID, at: datetime) -> list[Command]:
    """A case of Wang that goes from the north to the south, and back to nobody."""
    said = Personal.open(WANG, f"三天没有人回复 {at:%H}")
    about: dict[str, Any] = {"case_id": case_id}
    return [
        ReceiveCase(
            at=at, **about, kind=CaseKind.COMPLAINT, channel=Channel.WECHAT, customer_id=WANG, words=said,
            received_by="林",
        ),
        RegisterCase(at=at + HOUR, **about, registered_by="林"),
        DispatchCase(at=at + 2 * HOUR, **about, unit=NORTH),
        AssignCase(at=at + 2 * HOUR, **about, handler="ada"),
        TransferCase(at=at + 3 * HOUR, **about, to_unit=SOUTH, reason="wrong region"),
        ReturnDispatch(at=at + 4 * HOUR, **about, unit=SOUTH, reason="not ours"),
        SendResponse(at=at + 5 * HOUR, **about, kind=ResponseKind.FIRST, channel=Channel.SMS, by="ada"),
        ResolveCase(at=at + 6 * HOUR, **about, outcome=Outcome.UPHELD),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def filled(workspace: Workspace, front_end: FrontEnd) -> FrontEnd:
    """Two customers, four cases of one of them, the last of which was worked on before anybody registered it."""
    people: list[Command] = [
        RegisterCustomer(at=BEGIN, customer_id=who, kind=CustomerKind.PERSON, name=Personal.open(who, name))
        for who, name in ((WANG, "王小明"), (ZHAO, "赵敏"))
    ]
    called = RecordTouchpoint(
        at=BEGIN, touchpoint_id=UUID(int=0xD), customer_id=WANG, case_id=CASES[0], channel=Channel.HOTLINE,
        direction=Direction.IN, precision=Precision.DAY,
    )  # fmt: skip
    tier = AssignTier(at=BEGIN + HOUR, customer_id=WANG, tier=Tier.GOLD)
    written: list[tuple[list[Command], bool]] = [
        ([*people, called, tier], False),
        *((life(case_id, BEGIN + nth * HOUR), False) for nth, case_id in enumerate(CASES[:3])),
        ([life(CASES[3], BEGIN)[0], StartWork(at=BEGIN, case_id=CASES[3], by="ada")], True),
        (life(CASES[3], BEGIN)[1:2], True),
    ]
    for commands, imported in written:
        said_at = BEGIN + timedelta(days=3)
        workspace.ledger.carry_out(
            Submission(uuid4(), tuple(commands), ACTOR, "demo", said_at=said_at, imported=imported)
        )
    assert workspace.runner.wait_for(workspace.ledger.head(), 10)
    return front_end


def customer(who: UUID) -> str:
    return global_id(Category.CUSTOMER, "main", who)


def case(case_id: UUID) -> str:
    return global_id(Category.CASE, "main", case_id)


ITEM = """__typename occurredAt occurredZone occurredPrecision recordedAt position version channel direction unit staff
  case { id } customer { id } words { state value }
  ... on TouchpointItem { touchpointId mediumId touchpoint { id channel } } ... on CaseReceivedItem { caseKind }
  ... on CaseRegisteredItem { number } ... on AnswerItem { answerKind } ... on ResolutionItem { outcome }
  ... on TierItem { tier } ... on GenericEvent { kind term }"""
PAGE = "nodes { ITEM } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }".replace("ITEM", ITEM)
TIMELINE = """
query($id: ID!, $filter: TimelineFilter, $direction: OrderDirection! = DESC, $first: Int, $after: String, $last: Int,
      $before: String) {
  WHOSE(id: $id) {
    timeline(filter: $filter, direction: $direction, first: $first, after: $after, last: $last, before: $before) {
      PAGE
    }
  }
}
""".replace("PAGE", PAGE)
OF_CUSTOMER, OF_CASE = TIMELINE.replace("WHOSE", "customer"), TIMELINE.replace("WHOSE", "case")
BARE = {"recordedAt": "", "position": 0, "unit": None, "staff": None, "customer": None, "words": None}
"""What is left out of a comparison, and what most items do not say."""


def timeline(front_end: FrontEnd, who: UUID = WANG, **variables: Any) -> dict[str, Any]:
    shown: dict[str, Any] = front_end.ask(OF_CUSTOMER, id=customer(who), **variables)["customer"]["timeline"]
    return shown


def types(nodes: list[dict[str, Any]]) -> list[str]:
    return [node["__typename"] for node in nodes]


def of_case(front_end: FrontEnd, case_id: UUID, **variables: Any) -> dict[str, Any]:
    shown: dict[str, Any] = front_end.ask(OF_CASE, id=case(case_id), **variables)["case"]["timeline"]
    return shown


def test_a_timeline_shows_a_customer_and_their_cases_in_one_order(filled: FrontEnd) -> None:
    nodes = timeline(filled, direction="ASC", first=100)["nodes"]
    assert len(nodes) == 3 + 3 * 4 + 2
    assert types(nodes[:4]) == ["GenericEvent", "TouchpointItem", "CaseReceivedItem", "CaseReceivedItem"]
    assert (nodes[0]["kind"], nodes[0]["term"]) == ("CUSTOMER_REGISTERED", "person")
    assert nodes[0]["words"] == {"state": "OPEN", "value": "王小明"}
    assert nodes[1] | {"position": 0, "recordedAt": ""} == BARE | {
        "__typename": "TouchpointItem",
        "occurredAt": "2026-03-02T09:00:00.000000Z",
        "occurredZone": "UTC",
        "occurredPrecision": "DAY",
        "version": 1,
        "channel": "HOTLINE",
        "direction": "IN",
        "mediumId": None,
        "touchpointId": global_id(Category.TOUCHPOINT, "main", UUID(int=0xD)),
        "touchpoint": {"id": global_id(Category.TOUCHPOINT, "main", UUID(int=0xD)), "channel": "HOTLINE"},
        "case": {"id": case(CASES[0])},
        "customer": {"id": customer(WANG)},
    }
    received = nodes[2]
    assert (received["case"], received["staff"], received["caseKind"]) == ({"id": case(CASES[0])}, "林", "COMPLAINT")
    assert received["words"] == {"state": "OPEN", "value": "三天没有人回复 09"}
    assert types(timeline(filled, ZHAO)["nodes"]) == ["GenericEvent"]


def test_a_case_has_the_items_of_its_customer_s_timeline_that_belong_to_it(filled: FrontEnd) -> None:
    whole = timeline(filled, direction="ASC", first=100)["nodes"]
    for case_id in CASES:
        nodes = of_case(filled, case_id, direction="ASC", first=100)["nodes"]
        assert nodes == [node for node in whole if node["case"] == {"id": case(case_id)}]
    nodes = of_case(filled, CASES[0], direction="ASC", first=100)["nodes"]
    assert types(nodes) == ["TouchpointItem", "CaseReceivedItem", "CaseRegisteredItem", "AnswerItem", "ResolutionItem"]
    registered, answered, resolved = nodes[2:]
    assert (registered["number"], answered["answerKind"], resolved["outcome"]) == ("C2026-000001", "FIRST", "UPHELD")
    assert types(of_case(filled, CASES[0], filter={"channel": ["SMS"]})["nodes"]) == ["AnswerItem"]
    page = of_case(filled, CASES[0], first=2)
    assert types(page["nodes"]) == ["ResolutionItem", "AnswerItem"]
    after = of_case(filled, CASES[0], first=2, after=page["pageInfo"]["endCursor"])
    assert types(after["nodes"]) == ["CaseRegisteredItem", "CaseReceivedItem"]


def test_timelines_of_several_cases_take_one_statement(filled: FrontEnd, statements: list[str]) -> None:
    shown = filled.ask("{ cases { nodes { timeline(first: 1, direction: ASC) { nodes { __typename } } } } }")
    assert len(shown["cases"]["nodes"]) == 4
    assert sum("views.timeline" in query or '"timeline"' in query for query in statements) == 1


# What has no type of its own ----------------------------------------------------------------------------------


def test_every_kind_of_entry_has_its_own_type_or_is_a_generic_event() -> None:
    types_of = {kind: item for kind, (item, _) in timeline_items.TYPES.items()}
    assert len(set(types_of.values())) == len(types_of)
    assert GenericEvent not in types_of.values()
    assert set(EntryKind) - types_of.keys()


def test_an_event_of_a_kind_without_a_type_of_its_own_breaks_no_document(
    filled: FrontEnd, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = of_case(filled, CASES[0], first=1)["nodes"][0]
    assert (before["__typename"], before["outcome"]) == ("ResolutionItem", "UPHELD")
    known = {kind: told for kind, told in timeline_items.TYPES.items() if kind is not EntryKind.RESOLVED}
    monkeypatch.setattr(timeline_items, "TYPES", known)
    after = of_case(filled, CASES[0], first=1)["nodes"][0]
    common = {name: value for name, value in before.items() if name != "outcome"}
    assert after == common | {"__typename": "GenericEvent", "kind": "RESOLVED", "term": "upheld"}
    assert types(of_case(filled, CASES[0], filter={"kind": ["RESOLVED"]})["nodes"]) == ["GenericEvent"]


def test_a_field_of_one_name_has_one_type_in_all_items() -> None:
    """So that a document may ask for it of several of them at once."""
    found: dict[str, set[str]] = {}
    items = [kind for name, kind in CORE.type_map.items() if name in {item.__name__ for item in ITEMS}]
    for kind in items:
        assert isinstance(kind, GraphQLObjectType)
        for name, field in kind.fields.items():
            found.setdefault(name, set()).add(str(field.type))
    assert {name: shapes for name, shapes in found.items() if len(shapes) > 1} == {}
    assert len(items) == len(ITEMS) > 12


def test_a_timeline_is_paged_from_both_ends(filled: FrontEnd) -> None:
    for direction in ("ASC", "DESC"):
        whole = [node["position"] for node in timeline(filled, direction=direction, first=100)["nodes"]]
        for size, beside, more, cursor in (
            ("first", "after", "hasNextPage", "endCursor"),
            ("last", "before", "hasPreviousPage", "startCursor"),
        ):
            found: list[int] = []
            place, further = None, True
            while further:
                asked: dict[str, Any] = {size: 4, beside: place}
                page = timeline(filled, direction=direction, **asked)
                here = [node["position"] for node in page["nodes"]]
                found = [*here, *found] if size == "last" else [*found, *here]
                place, further = page["pageInfo"][cursor], page["pageInfo"][more]
            assert found == whole


def test_a_timeline_is_narrowed_by_kind_channel_direction_and_window(filled: FrontEnd) -> None:
    def found(**where: Any) -> list[str]:
        return types(timeline(filled, filter=where, first=100)["nodes"])

    assert found(kind=["ANSWERED", "TIER_ASSIGNED"]) == ["AnswerItem"] * 3 + ["TierItem"]
    assert found(kind=["CUSTOMER_REGISTERED"]) == ["GenericEvent"]
    assert found(channel=["HOTLINE"]) == ["TouchpointItem"]
    assert set(found(direction=["OUT"])) == {"AnswerItem"}
    window = {"occurredFrom": "2026-03-02T16:00:00Z", "occurredBefore": "2026-03-02T17:00:00Z"}
    assert found(**window) == ["AnswerItem", "ResolutionItem"]
    assert found() == types(timeline(filled, first=100)["nodes"])


@pytest.mark.parametrize(
    ("variables", "code"),
    [({"first": 101}, "PAGE_TOO_LARGE"), ({"after": "nonsense"}, "BAD_CURSOR"), ({"first": -1}, "BAD_ARGUMENTS")],
)
def test_a_page_of_a_timeline_that_cannot_be_is_refused_by_name(
    filled: FrontEnd, variables: dict[str, Any], code: str
) -> None:
    assert filled.code(OF_CUSTOMER, id=customer(WANG), **variables) == code


def test_timelines_of_several_customers_come_with_their_customers(filled: FrontEnd) -> None:
    answer = filled.ask(
        "{ customers { nodes { id timeline(first: 1, direction: ASC) { nodes { words { value } } } } } }"
    )
    assert {node["id"]: node["timeline"]["nodes"] for node in answer["customers"]["nodes"]} == {
        customer(WANG): [{"words": {"value": "王小明"}}],
        customer(ZHAO): [{"words": {"value": "赵敏"}}],
    }


# Movements ----------------------------------------------------------------------------------------------------


def test_a_case_shows_its_movements(filled: FrontEnd) -> None:
    document = """query($id: ID!) { case(id: $id) { movements(first: 3) {
      nodes { kind fromUnit toUnit fromHandler toHandler reason occurredAt version case { id } }
      pageInfo { hasNextPage } } } }"""
    shown = filled.ask(document, id=case(CASES[0]))["case"]["movements"]
    assert shown["pageInfo"] == {"hasNextPage": True}
    assert [(node["kind"], node["fromUnit"], node["toUnit"], node["toHandler"]) for node in shown["nodes"]] == [
        ("DISPATCHED", None, NORTH, None),
        ("ASSIGNED", None, None, "ada"),
        ("TRANSFERRED", NORTH, SOUTH, None),
    ]
    assert (shown["nodes"][2]["reason"], shown["nodes"][2]["case"]) == ("wrong region", {"id": case(CASES[0])})


def test_movements_are_listed_and_narrowed(filled: FrontEnd) -> None:
    document = """query($filter: MovementFilter) { movements(filter: $filter, first: 100) {
      nodes { kind occurredAt case { id } } } }"""

    def listed(**where: Any) -> list[dict[str, Any]]:
        nodes: list[dict[str, Any]] = filled.ask(document, filter=where)["movements"]["nodes"]
        return nodes

    assert len(listed()) == 3 * 4
    assert [node["occurredAt"] for node in listed()] == sorted((n["occurredAt"] for n in listed()), reverse=True)
    assert {node["kind"] for node in listed(fromUnit=NORTH)} == {"TRANSFERRED"}
    assert len(listed(toUnit=SOUTH, kind=["TRANSFERRED", "RETURNED"])) == 3
    assert len(listed(handler="ada")) == 3
    assert {node["case"]["id"] for node in listed(caseId=case(CASES[1]))} == {case(CASES[1])}
    assert len(listed(occurredFrom="2026-03-02T14:00:00Z", occurredBefore="2026-03-02T15:00:00Z")) == 2
    assert filled.code(document, filter={"caseId": "nonsense"}) == "BAD_ID"
    assert filled.code(document, filter={"fromUnit": "a\0b"}) == "BAD_ARGUMENTS"


def test_movements_are_counted_and_measured_by_unit(filled: FrontEnd) -> None:
    answer = filled.ask(
        """{ transfers: movementCounts { kind fromUnit toUnit movements cases }
             all: movementCounts(kind: [], occurredBefore: "2026-03-02T12:00:00Z") { kind movements }
             returnsByUnit { unit given returned }
             received: dispatchLatency { unit cases byDay early medianSeconds nineTenthsSeconds }
             registered: dispatchLatency(since: REGISTERED) { medianSeconds }
             firstContactResolution { unit resolved untransferred } }"""
    )
    assert answer == {
        "transfers": [{"kind": "TRANSFERRED", "fromUnit": NORTH, "toUnit": SOUTH, "movements": 3, "cases": 3}],
        "all": [{"kind": "DISPATCHED", "movements": 1}],
        "returnsByUnit": [
            {"unit": SOUTH, "given": 3, "returned": 3},
            {"unit": NORTH, "given": 3, "returned": 0},
        ],
        "received": [
            {
                "unit": NORTH, "cases": 3, "byDay": 0, "early": 0, "medianSeconds": 7200.0,
                "nineTenthsSeconds": 7200.0,
            }
        ],
        "registered": [{"medianSeconds": 3600.0}],
        "firstContactResolution": [{"unit": None, "resolved": 3, "untransferred": 0}],
    }  # fmt: skip


# The register -------------------------------------------------------------------------------------------------


def test_the_register_is_shown_by_number_and_says_that_it_has_no_gaps(filled: FrontEnd) -> None:
    document = """query($after: String) { register(series: "c2026", first: 3, after: $after) {
      nodes { number receivedAt receivedPrecision registeredAt registeredBy delaySeconds unit importId
              earlySteps { topic } case { id } }
      pageInfo { hasNextPage endCursor }
      series { series given last missing firstMissing } gaps { series } } }"""
    page = filled.ask(document)["register"]
    assert [node["number"] for node in page["nodes"]] == ["C2026-000001", "C2026-000002", "C2026-000003"]
    assert page["nodes"][0] == {
        "number": "C2026-000001",
        "receivedAt": "2026-03-02T09:00:00.000000Z",
        "receivedPrecision": "INSTANT",
        "registeredAt": "2026-03-02T10:00:00.000000Z",
        "registeredBy": "林",
        "delaySeconds": 3 * 86_400,
        "unit": None,
        "importId": None,
        "earlySteps": [],
        "case": {"id": case(CASES[0])},
    }
    assert page["series"] == [{"series": "C2026", "given": 4, "last": 4, "missing": 0, "firstMissing": None}]
    assert page["gaps"] == []
    after = filled.ask(document, after=page["pageInfo"]["endCursor"])["register"]
    assert [node["number"] for node in after["nodes"]] == ["C2026-000004"]
    assert filled.ask('{ register(series: "C1999") { nodes { number } gaps { series } } }')["register"] == {
        "nodes": [],
        "gaps": [],
    }


def test_what_was_handled_before_it_was_registered_is_listed_with_what_was_done(filled: FrontEnd) -> None:
    nodes = filled.ask(
        "{ handledBeforeRegistration { nodes { number case { id } earlySteps { version topic occurredAt } } } }"
    )["handledBeforeRegistration"]["nodes"]
    step = {"version": 2, "topic": "work-started.1", "occurredAt": "2026-03-02T09:00:00.000000Z"}
    assert nodes == [{"number": "C2026-000004", "case": {"id": case(CASES[3])}, "earlySteps": [step]}]


def test_back_dated_receipts_are_listed_the_latest_first(filled: FrontEnd) -> None:
    document = "query($hours: Int!) { backDatedReceipts(longerThanHours: $hours) { nodes { number delaySeconds } } }"
    nodes = filled.ask(document, hours=24)["backDatedReceipts"]["nodes"]
    assert [node["delaySeconds"] // 3600 for node in nodes] == [72, 72, 71, 70]
    assert len(filled.ask(document, hours=71)["backDatedReceipts"]["nodes"]) == 2
    assert filled.ask("{ backDatedReceipts(atSource: true) { nodes { number } } }")["backDatedReceipts"]["nodes"] == []
    assert filled.code(document, hours=-1) == "BAD_ARGUMENTS"
    assert filled.code(document, hours=2**31 - 1) == "BAD_ARGUMENTS"
