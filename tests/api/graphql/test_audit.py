from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.app import create_app
from api.correcting import replacement_of
from api.graphql.identity import global_id
from api.workspace import NewBook, Workspace
from domain.amending import ApproveAmendment, RequestCorrection, RequestVoid
from domain.book import AllowSelfApproval, BookTime, id_of_book
from domain.case.commands import CloseCase, ReceiveCase, RegisterCase, ResolveCase
from domain.case.events import CaseKind, Outcome
from domain.channel import Channel, Direction
from domain.customer import CustomerKind, RegisterCustomer
from domain.envelope import Actor, ActorKind, Source, Submission
from domain.event import Command
from domain.personal import Personal
from domain.stream import Category, stream_of
from domain.touchpoint import RecordTouchpoint
from tests.api.graphql.asking import FrontEnd, asking
from tests.api.graphql.conftest import ACTOR, opened
from tests.conftest import Database

BEGIN = datetime(2026, 3, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)
WANG = Actor("王芳", ActorKind.PERSON, unit="北京分部", role="agent")
LI = Actor("Director Li", ActorKind.PERSON, role="supervisor")
READER = Actor("reader", ActorKind.IMPORT)
CASE, OTHER, CUSTOMER, TOUCHPOINT = (UUID(int=0xA0D17_0000 + number) for number in range(4))
STREAM = stream_of(Category.CASE, CASE)
CASE_ID = global_id(Category.CASE, "main", CASE)
CUSTOMER_ID = global_id(Category.CUSTOMER, "main", CUSTOMER)
# The case's resolution is corrected in version 5, and that taken back in version 7, by who asked.
ABOUT = """
query About($filter: AuditFilter) { auditTrail(filter: $filter, orderBy: {direction: ASC}, first: 100) { nodes {
  position subjectKind departures overrides backDatedBy aboutVersion requestedBy decidedBy
  event { version topic recordedAt actor { name kind role } door source { digest line } amendedBy }
  subject { __typename id } case { id } customer { id }
  changes { field before after personalBefore { state } personalAfter { state } }
} } }
"""


@pytest.fixture(scope="module")
def workspace(module_database: Database) -> Iterator[Workspace]:
    """A simulated book, whose times the tests tell."""
    with opened(module_database, new_book=NewBook(BookTime.SIMULATED, "Asia/Shanghai", BEGIN)) as workspace:
        yield workspace


def tell(workspace: Workspace, by: Actor, *commands: Command, late: timedelta = timedelta(), **rest: Any) -> None:
    said_at = max(command.at for command in commands) + late
    door = rest.pop("channel", "command-line")
    workspace.ledger.carry_out(Submission(uuid4(), commands, by, door, said_at=said_at, **rest))


@pytest.fixture(scope="module")
def audited(workspace: Workspace, front_end: FrontEnd) -> FrontEnd:
    """A book in which a case was dated back and corrected, and another one imported that nobody resolved."""
    ledger = workspace.ledger
    name = Personal.open(CUSTOMER, "冯小明")
    tell(workspace, WANG, RegisterCustomer(at=BEGIN, customer_id=CUSTOMER, kind=CustomerKind.PERSON, name=name))
    words = Personal.open(CUSTOMER, "没有回音")
    received = ReceiveCase(
        at=BEGIN, case_id=CASE, kind=CaseKind.COMPLAINT, channel=Channel.WECHAT, customer_id=CUSTOMER, words=words
    )
    tell(workspace, WANG, received)
    touchpoint = RecordTouchpoint(
        at=BEGIN, touchpoint_id=TOUCHPOINT, customer_id=CUSTOMER, case_id=CASE, channel=Channel.CHAT,
        direction=Direction.OUT,
    )  # fmt: skip
    tell(workspace, WANG, touchpoint, RegisterCase(at=BEGIN, case_id=CASE, unit="北区"), late=3 * DAY)
    tell(workspace, WANG, ResolveCase(at=BEGIN + 3 * DAY, case_id=CASE, outcome=Outcome.UPHELD))
    about: dict[str, Any] = {"about": STREAM, "reason": "mistyped", "at": BEGIN + 3 * DAY}
    corrected = replacement_of(ledger.history(STREAM, opened=True), 3, {"outcome": "rejected"})
    tell(workspace, WANG, RequestCorrection(**about, version=3, replacement=corrected, requested_by="王芳"))
    tell(workspace, LI, ApproveAmendment(about=STREAM, at=BEGIN + 3 * DAY, request=4, approved_by="Director Li"))
    allowed = AllowSelfApproval(
        at=BEGIN + 3 * DAY, book_id=id_of_book("main"), reason="two people", decided_by="Director Li"
    )
    tell(workspace, LI, allowed)
    tell(workspace, WANG, RequestVoid(**about, version=5, requested_by="王芳"))
    tell(workspace, WANG, ApproveAmendment(about=STREAM, at=BEGIN + 3 * DAY, request=6, approved_by="王芳"))
    other: dict[str, Any] = {"at": BEGIN + 3 * DAY, "case_id": OTHER}
    tell(
        workspace, READER, ReceiveCase(**other, kind=CaseKind.REQUEST, channel=Channel.LETTER), CloseCase(**other),
        imported=True, channel="import", source=Source("ab" * 32, 7), source_recorded_at=BEGIN,
    )  # fmt: skip
    assert workspace.runner.wait_for(ledger.head(), 10)
    return front_end


def entries(front_end: FrontEnd, **where: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = front_end.ask(ABOUT, filter=where)["auditTrail"]["nodes"]
    return found


def told(entry: dict[str, Any]) -> tuple[str, str]:
    return entry["event"]["topic"], entry["event"]["actor"]["name"]


def test_the_trail_of_a_book_has_each_event_once_as_it_was_written(audited: FrontEnd) -> None:
    found = entries(audited)
    assert [entry["position"] for entry in found] == list(range(1, 14))
    assert [told(entry) for entry in found] == [
        ("book-opened.1", "daybook"), ("customer-registered.1", "王芳"), ("case-received.1", "王芳"),
        ("touchpoint-recorded.1", "王芳"), ("case-registered.1", "王芳"), ("case-resolved.1", "王芳"),
        ("correction-requested.1", "王芳"), ("event-corrected.1", "Director Li"),
        ("self-approval-allowed.1", "Director Li"), ("void-requested.1", "王芳"), ("event-voided.1", "王芳"),
        ("case-received.1", "reader"), ("case-closed.1", "reader"),
    ]  # fmt: skip
    subjects = [entry["subject"] and entry["subject"]["__typename"] for entry in found]
    assert subjects == [None, "Customer", "Case", "Touchpoint", *["Case"] * 4, None, *["Case"] * 4]


def test_an_entry_says_what_it_names_how_late_it_was_and_where_it_was_read(audited: FrontEnd) -> None:
    found = entries(audited)
    assert found[3] | {"changes": []} == {
        "position": 4, "subjectKind": "TOUCHPOINT", "departures": [], "overrides": ["BACK_DATED"],
        "backDatedBy": 3 * 86_400, "aboutVersion": None, "requestedBy": None, "decidedBy": None,
        "event": {
            "version": 1, "topic": "touchpoint-recorded.1", "recordedAt": "2026-03-05T09:00:00.000000Z",
            "actor": {"name": "王芳", "kind": "PERSON", "role": "agent"}, "door": "command-line", "source": None,
            "amendedBy": None,
        },
        "subject": {"__typename": "Touchpoint", "id": global_id(Category.TOUCHPOINT, "main", TOUCHPOINT)},
        "case": {"id": CASE_ID}, "customer": {"id": CUSTOMER_ID}, "changes": [],
    }  # fmt: skip
    assert found[12]["event"]["source"] == {"digest": "ab" * 32, "line": 7}
    assert (found[12]["departures"], found[12]["overrides"], found[12]["backDatedBy"]) == (
        ["NOT_REGISTERED", "CLOSED_UNRESOLVED"], ["DEPARTURE"], None,
    )  # fmt: skip


def test_a_correction_shows_who_asked_and_who_approved_and_what_it_changed(audited: FrontEnd) -> None:
    resolved, asked, approved, void, own = (entries(audited)[position - 1] for position in (6, 7, 8, 10, 11))
    assert [
        (each["requestedBy"], each["decidedBy"], each["aboutVersion"], each["overrides"])
        for each in (asked, approved, void, own)
    ] == [
        ("王芳", None, 3, ["CORRECTION_REQUESTED"]),
        ("王芳", "Director Li", 3, ["CORRECTION_APPROVED"]),
        ("王芳", None, 5, ["VOID_REQUESTED"]),
        ("王芳", "王芳", 5, ["VOID_APPROVED", "OWN_APPROVAL"]),
    ]
    nothing = {"personalBefore": None, "personalAfter": None}
    assert {change["field"]: change for change in resolved["changes"]} == {
        "status": {"field": "status", "before": "registered", "after": "resolved", **nothing},
        "outcome": {"field": "outcome", "before": None, "after": "upheld", **nothing},
        "resolvedAt": {
            "field": "resolvedAt", "before": None, "after": "2026-03-05T09:00:00.000000Z", **nothing,
        },
    }  # fmt: skip
    assert (asked["changes"], void["changes"]) == ([], [])
    assert approved["changes"] == [{"field": "outcome", "before": "upheld", "after": "rejected", **nothing}]
    assert own["changes"] == [{"field": "outcome", "before": "rejected", "after": "upheld", **nothing}]


def test_a_personal_value_shows_its_state_and_its_text_only_to_who_asks_for_it(audited: FrontEnd) -> None:
    received = entries(audited)[2]
    assert {
        "field": "words",
        "before": None,
        "after": None,
        "personalBefore": None,
        "personalAfter": {"state": "OPEN"},
    } in (received["changes"])
    assert "没有回音" not in audited.send(ABOUT, filter={}).text
    answer = audited.ask(
        "query($id: ID!) { case(id: $id) { audit(first: 1) { nodes { changes { field personalAfter { value } } } } } }",
        id=CASE_ID,
    )
    assert {"field": "words", "personalAfter": {"value": "没有回音"}} in answer["case"]["audit"]["nodes"][0]["changes"]


@pytest.mark.parametrize(
    ("where", "positions"),
    [
        ({"subjectId": CASE_ID}, [3, 4, 5, 6, 7, 8, 10, 11]),
        ({"subjectId": CUSTOMER_ID}, [2, 3, 4]),
        ({"subjectId": global_id(Category.TOUCHPOINT, "main", TOUCHPOINT)}, [4]),
        ({"subjectKind": ["BOOK", "TOUCHPOINT"]}, [1, 4, 9]),
        ({"topic": ["case-received.1"]}, [3, 12]),
        ({"actor": "Director Li"}, [8, 9]),
        ({"actorKind": ["SYSTEM", "IMPORT"]}, [1, 12, 13]),
        ({"role": ["supervisor"]}, [8, 9]),
        ({"door": ["import"]}, [12, 13]),
        ({"recordedBefore": "2026-03-05T09:00:00Z"}, [1, 2, 3]),
        ({"recordedFrom": "2026-03-05T17:00:00+08:00", "actor": "reader"}, [12, 13]),
        ({"occurredFrom": "2026-03-02T09:00:00Z", "occurredBefore": "2026-03-02T09:00:01Z"}, [1, 2, 3, 4, 5]),
        ({"departed": True}, [13]),
        ({"departure": ["CLOSED_UNRESOLVED", "ANSWERED_AGAIN"]}, [13]),
        ({"departure": ["ANSWERED_AGAIN"]}, []),
        ({"overriding": True}, [4, 5, 7, 8, 9, 10, 11, 13]),
        ({"override": ["OWN_APPROVAL", "SELF_APPROVAL_ALLOWED"]}, [9, 11]),
        ({"override": ["BACK_DATED"], "backDatedOver": 300_000}, []),
        ({"topic": ["case-received.1"], "actor": "王芳"}, [3]),
        ({"actor": "nobody"}, []),
    ],
)
def test_a_filter_holds_for_all_that_it_says(audited: FrontEnd, where: dict[str, Any], positions: list[int]) -> None:
    assert [entry["position"] for entry in entries(audited, **where)] == positions


@pytest.mark.parametrize("field", ["POSITION", "RECORDED_AT", "OCCURRED_AT"])
@pytest.mark.parametrize("direction", ["ASC", "DESC"])
def test_the_trail_is_paged_forwards_and_backwards(audited: FrontEnd, field: str, direction: str) -> None:
    document = f"""query($first: Int, $after: String, $last: Int, $before: String) {{
      auditTrail(orderBy: {{field: {field}, direction: {direction}}}, first: $first, after: $after, last: $last,
                 before: $before) {{
        nodes {{ position event {{ occurredAt }} }} pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }}
    }}"""

    def walked(size: str, beside: str, more: str, cursor: str) -> list[Any]:
        found: list[Any] = []
        place, further = None, True
        while further:
            page = audited.ask(document, **{size: 4, beside: place})["auditTrail"]
            found = page["nodes"] + found if size == "last" else found + page["nodes"]
            place, further = page["pageInfo"][cursor], page["pageInfo"][more]
        return found

    forwards = walked("first", "after", "hasNextPage", "endCursor")
    assert walked("last", "before", "hasPreviousPage", "startCursor") == forwards
    by_time = (lambda node: (node["event"]["occurredAt"], node["position"])) if field == "OCCURRED_AT" else (
        lambda node: node["position"]
    )  # fmt: skip
    assert forwards == sorted(forwards, key=by_time, reverse=direction == "DESC")
    assert len(forwards) == 13


def test_cases_and_customers_each_have_their_own_trail(audited: FrontEnd) -> None:
    answer = audited.ask("""{
      cases(orderBy: {direction: ASC}) { nodes { id audit(last: 2) {
        nodes { position event { topic } } pageInfo { hasPreviousPage } } } }
      customers { nodes { audit(first: 2) { nodes { position } pageInfo { hasNextPage } } } }
    }""")
    by_id = {case["id"]: case["audit"] for case in answer["cases"]["nodes"]}
    assert [entry["position"] for entry in by_id[CASE_ID]["nodes"]] == [10, 11]
    assert by_id[CASE_ID]["pageInfo"]["hasPreviousPage"]
    assert by_id[global_id(Category.CASE, "main", OTHER)] == {
        "nodes": [
            {"position": 12, "event": {"topic": "case-received.1"}},
            {"position": 13, "event": {"topic": "case-closed.1"}},
        ],
        "pageInfo": {"hasPreviousPage": False},
    }
    assert answer["customers"]["nodes"] == [
        {"audit": {"nodes": [{"position": 2}, {"position": 3}], "pageInfo": {"hasNextPage": True}}}
    ]


def test_departures_are_counted_and_listed(audited: FrontEnd) -> None:
    document = (
        "query($from: DateTime, $to: DateTime) {"
        " departures(recordedFrom: $from, recordedBefore: $to) { departure events subjects } }"
    )
    counts = [
        {"departure": departure, "events": 1, "subjects": 1} for departure in ("CLOSED_UNRESOLVED", "NOT_REGISTERED")
    ]
    assert audited.ask(document)["departures"] == counts
    assert audited.ask(document, to="2026-03-05T09:00:00Z")["departures"] == []


def test_overrides_are_counted_by_actor_with_the_events_behind_them(audited: FrontEnd) -> None:
    document = """query($actor: String, $from: DateTime, $first: Int! = 20) {
      overrides(actor: $actor, recordedFrom: $from, first: $first) {
        actor actorKind total counts { kind events entries { nodes { position } } } } }"""
    answer = audited.ask(document)["overrides"]
    shown = {
        (each["actor"], each["actorKind"]): {
            count["kind"]: [entry["position"] for entry in count["entries"]["nodes"]] for count in each["counts"]
        }
        for each in answer
    }
    assert shown == {
        ("王芳", "PERSON"): {
            "BACK_DATED": [5, 4],
            "CORRECTION_REQUESTED": [7],
            "VOID_REQUESTED": [10],
            "VOID_APPROVED": [11],
            "OWN_APPROVAL": [11],
        },
        ("Director Li", "PERSON"): {"CORRECTION_APPROVED": [8], "SELF_APPROVAL_ALLOWED": [9]},
        ("reader", "IMPORT"): {"DEPARTURE": [13]},
    }
    assert all(count["events"] == len(count["entries"]["nodes"]) for each in answer for count in each["counts"])
    assert [each["total"] for each in answer] == [6, 2, 1]
    assert audited.ask(document, actor="Director Li")["overrides"] == [answer[1]]
    assert audited.ask(document, first=1)["overrides"] == answer[:1]
    assert audited.ask(document, **{"from": "2026-03-06T00:00:00Z"})["overrides"] == []


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("{ auditTrail(first: 101) { nodes { position } } }", "PAGE_TOO_LARGE"),
        ('{ auditTrail(after: "nonsense") { nodes { position } } }', "BAD_CURSOR"),
        ('{ auditTrail(filter: {subjectId: "nonsense"}) { nodes { position } } }', "BAD_ID"),
        ("{ auditTrail(filter: {backDatedOver: 0}) { nodes { position } } }", "BAD_ARGUMENTS"),
        ('{ auditTrail(filter: {actor: "\\u0000"}) { nodes { position } } }', "BAD_ARGUMENTS"),
        ("{ overrides(backDatedOver: -1) { actor } }", "BAD_ARGUMENTS"),
        ("{ overrides(first: 101) { actor } }", "PAGE_TOO_LARGE"),
        ('{ overrides(recordedFrom: "yesterday") { actor } }', "BAD_DOCUMENT"),
    ],
)
def test_a_question_that_cannot_be_is_refused_by_name(audited: FrontEnd, document: str, code: str) -> None:
    assert audited.code(document) == code


def test_a_cursor_of_one_order_is_no_place_in_another(audited: FrontEnd) -> None:
    cursor = audited.ask("{ auditTrail(first: 1) { pageInfo { endCursor } } }")["auditTrail"]["pageInfo"]["endCursor"]
    document = (
        """query($after: String) { auditTrail(after: $after, orderBy: {field: OCCURRED_AT}) { nodes { position } } }"""
    )
    assert audited.code(document, after=cursor) == "BAD_CURSOR"


def test_an_empty_book_has_its_genesis_and_nothing_to_audit(database: Database) -> None:
    everything = "{ auditTrail { nodes { position subject { id } } } departures { events } overrides { actor } }"
    with opened(database) as workspace, asking(create_app(workspace, development_actor=ACTOR)) as front_end:
        assert workspace.runner.wait_for(1, 10)
        assert front_end.ask(everything) == {
            "auditTrail": {"nodes": [{"position": 1, "subject": None}]}, "departures": [], "overrides": [],
        }  # fmt: skip
