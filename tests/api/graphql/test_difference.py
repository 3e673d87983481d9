"""A customer as they were, and what is otherwise between two points of the past of a case or a customer."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from api.app import create_app
from api.graphql import case_snapshot, difference, loaders
from api.graphql.identity import global_id, opaque, parts_of
from api.past_customer import to_be_looked_through
from api.workspace import NewBook, Workspace
from domain.book import BookTime
from domain.case.commands import RegisterCase, ResolveCase
from domain.case.events import CaseReceived, Outcome
from domain.channel import Channel, Direction
from domain.customer import AssignTier, ContactKind, CustomerKind, MergeCustomers, RegisterCustomer, Tier
from domain.event import rfc3339
from domain.key_account import MakeVisit
from domain.personal import Personal
from domain.stream import Category, stream_of
from domain.touchpoint import RecordTouchpoint
from tests.api.graphql.asking import FrontEnd, asking
from tests.api.graphql.conftest import ACTOR, opened
from tests.conftest import Database
from tests.ledger.submissions import contact, receive, rename
from tests.projections.amended import touchpoint_id
from tests.projections.books import case_id, customer_id
from tests.projections.regulated import tell
from tests.projections.righted import corrected

BEGUN = datetime(2099, 3, 2, 1, 0, tzinfo=UTC)
"""A Monday, later than any clock by which tests run."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ONE, TWO, CASE = customer_id(1), customer_id(2), case_id(1)
SHOWN = """
  id kind sourceKey language tier tierRuleVersion tiers { since tier } version position touchpointCount mergedAt
  name { state value } contacts { kind version value { value } } visits { madeAt result words { value } }
  knownAt validAt knownPosition knownBy customer { id name { value } } mergedInto { id name { value } }
  absorbed { id mergedAt } history(first: 20) { nodes { version topic amendedBy } } amendments { request state }
"""
AS_OF = f"""query($id: ID!, $knownAt: DateTime, $validAt: DateTime) {{
  customer(id: $id) {{ id asOf(knownAt: $knownAt, validAt: $validAt) {{ {SHOWN} }} }} }}"""
SNAPSHOT = f"""query($id: ID, $sourceKey: String, $knownAt: DateTime, $validAt: DateTime) {{
  customerSnapshot(id: $id, sourceKey: $sourceKey, knownAt: $knownAt, validAt: $validAt) {{ {SHOWN} }} }}"""
AGAIN = f"query($id: ID!) {{ node(id: $id) {{ id ... on CustomerSnapshot {{ {SHOWN} }} }} }}"
DIFFERENCE = """
  differs
  fields { field before after personalBefore { value } personalAfter { value } because { event { position } } }
  events {
    subjectKind event { position topic version amendedBy }
    before { standing by } after { standing by }
  }
"""
OF_CASE = f"""query($id: ID, $number: String, $from: PastPointInput!, $to: PastPointInput) {{
  caseDifference(id: $id, number: $number, from: $from, to: $to) {{
    before {{ id status }} after {{ id status }} {DIFFERENCE} }} }}"""
OF_CUSTOMER = f"""query($id: ID, $sourceKey: String, $from: PastPointInput!, $to: PastPointInput) {{
  customerDifference(id: $id, sourceKey: $sourceKey, from: $from, to: $to) {{
    before {{ id version }} after {{ id version }} {DIFFERENCE} }} }}"""


@pytest.fixture(scope="module")
def workspace(module_database: Database) -> Iterator[Workspace]:
    """A customer who got a tier and a number on Tuesday, whose name was put right on Thursday, and who proved to be
    another one on Friday; and a case of theirs that was resolved on Tuesday, which was written down on Wednesday."""
    with opened(module_database, new_book=NewBook(BookTime.SIMULATED, "Asia/Shanghai", BEGUN)) as workspace:
        ledger = workspace.ledger
        for who, name, key in ((ONE, "冯小明", "K-1"), (TWO, "冯晓明", "K-2")):
            register = RegisterCustomer(
                at=BEGUN, customer_id=who, kind=CustomerKind.PERSON, name=Personal.open(who, name), source_key=key
            )
            tell(ledger, register, at=BEGUN)
        tell(ledger, receive(CASE, "线路不通", at=BEGUN, customer_id=ONE), at=BEGUN)
        tell(ledger, RegisterCase(at=BEGUN, case_id=CASE), at=BEGUN)
        tuesday = BEGUN + DAY
        tell(ledger, AssignTier(at=tuesday, customer_id=ONE, tier=Tier.GOLD), at=tuesday)
        tell(ledger, contact(ONE, ContactKind.PHONE, "13800001111", at=tuesday), at=tuesday)
        visit = MakeVisit(at=tuesday, customer_id=ONE, by="王芳", result="content", words=Personal.open(ONE, "很好"))
        tell(ledger, visit, at=tuesday)
        met = RecordTouchpoint(
            at=tuesday, touchpoint_id=touchpoint_id(1), customer_id=ONE, channel=Channel.WEB, direction=Direction.IN
        )
        tell(ledger, met, at=tuesday)
        resolved = ResolveCase(at=tuesday, case_id=CASE, outcome=Outcome.UPHELD)
        tell(ledger, resolved, at=BEGUN + 2 * DAY)
        stream = stream_of(Category.CUSTOMER, ONE)
        really = ledger.history(stream, opened=True)[0].event.model_copy(update={"name": Personal.open(ONE, "冯筱明")})
        corrected(ledger, stream, 1, really, asked=BEGUN + 3 * DAY)
        of_case = stream_of(Category.CASE, CASE)
        receipt = ledger.history(of_case, opened=True)[0].event
        assert isinstance(receipt, CaseReceived)
        words = Personal.open(ONE, "线路很慢")
        corrected(ledger, of_case, 1, receipt.model_copy(update={"words": words}), asked=BEGUN + 3 * DAY)
        merge = MergeCustomers(at=BEGUN + 4 * DAY, customer_id=ONE, into=TWO)
        tell(ledger, merge, at=BEGUN + 4 * DAY)
        tell(ledger, rename(TWO, "冯明", at=BEGUN + 5 * DAY), at=BEGUN + 5 * DAY)
        yield workspace


@pytest.fixture(scope="module")
def screen(workspace: Workspace) -> Iterator[FrontEnd]:
    """A front end, once the views have read all of it."""
    with asking(create_app(workspace, development_actor=ACTOR)) as running:
        assert workspace.runner.wait_for(workspace.ledger.head(), 20)
        yield running


def named(who: UUID) -> str:
    return global_id(Category.CUSTOMER, "main", who)


def at(since: timedelta | None) -> str | None:
    return None if since is None else rfc3339(BEGUN + since)


def past(screen: FrontEnd, known: timedelta | None, valid: timedelta | None = None, who: UUID = ONE) -> Any:
    return screen.ask(SNAPSHOT, id=named(who), knownAt=at(known), validAt=at(valid))["customerSnapshot"]


def test_a_customer_is_shown_as_they_were_known_and_as_they_were(screen: FrontEnd) -> None:
    monday, wednesday, thursday = past(screen, HOUR), past(screen, 2 * DAY), past(screen, 3 * DAY + HOUR)
    assert (monday["tier"], monday["contacts"], monday["touchpointCount"], monday["version"]) == (None, [], 0, 1)
    assert (wednesday["tier"], wednesday["touchpointCount"], wednesday["version"]) == ("GOLD", 1, 4)
    assert wednesday["contacts"] == [{"kind": "PHONE", "version": 3, "value": {"value": "13800001111"}}]
    assert [each["words"] for each in wednesday["visits"]] == [{"value": "很好"}]
    assert [each["name"]["value"] for each in (monday, wednesday, thursday)] == ["冯小明", "冯小明", "冯筱明"]
    assert thursday["history"]["nodes"][0] == {"version": 1, "topic": "customer-registered.1", "amendedBy": 6}
    assert (wednesday["amendments"], thursday["amendments"]) == ([], [{"request": 5, "state": "APPROVED"}])
    # What had occurred on Monday, by what is known on Thursday.
    early = past(screen, 3 * DAY + HOUR, HOUR)
    assert (early["name"]["value"], early["tier"], early["touchpointCount"]) == ("冯筱明", None, 0)


def test_who_was_merged_is_shown_by_their_own_file_and_leads_to_the_survivor_of_then(screen: FrontEnd) -> None:
    before, after = past(screen, 3 * DAY + HOUR), past(screen, 4 * DAY + HOUR)
    assert (before["mergedInto"], before["mergedAt"]) == (None, None)
    assert (after["mergedInto"]["name"]["value"], after["mergedAt"]) == ("冯晓明", rfc3339(BEGUN + 4 * DAY))
    assert after["customer"] == before["customer"] == {"id": named(TWO), "name": {"value": "冯明"}}
    survivor = past(screen, 4 * DAY + HOUR, who=TWO)
    assert survivor["id"] == after["mergedInto"]["id"]
    assert survivor["absorbed"] == [{"id": after["id"], "mergedAt": after["mergedAt"]}]
    assert past(screen, 3 * DAY, who=TWO)["absorbed"] == []


def test_a_customers_snapshot_is_found_again_by_its_id_for_good(screen: FrontEnd) -> None:
    shown = past(screen, 2 * DAY, DAY)
    assert screen.ask(AGAIN, id=shown["id"])["node"] == shown
    by_key = screen.ask(SNAPSHOT, sourceKey="K-1", knownAt=at(2 * DAY), validAt=at(DAY))["customerSnapshot"]
    assert by_key == shown
    assert shown["id"] not in {past(screen, 2 * DAY)["id"], past(screen, 3 * DAY, DAY)["id"], named(ONE)}
    live = screen.ask(AS_OF, id=named(TWO), knownAt=at(2 * DAY), validAt=None)["customer"]
    assert (live["id"], live["asOf"]) == (named(TWO), past(screen, 2 * DAY, who=TWO))


def test_without_an_instant_a_customer_is_as_they_are_now(screen: FrontEnd) -> None:
    now = past(screen, None, who=TWO)
    asked = "query($id: ID!) { customer(id: $id) { version position touchpointCount name { value } tier } }"
    live = screen.ask(asked, id=named(TWO))["customer"]
    assert {name: now[name] for name in ("version", "position", "touchpointCount", "tier")} | {
        "name": {"value": now["name"]["value"]}
    } == live


def test_nobody_was_there_before_they_were_registered(screen: FrontEnd) -> None:
    assert past(screen, 5 * DAY, -HOUR) is None
    assert past(screen, -1000 * DAY) is None
    assert past(screen, DAY, who=customer_id(9)) is None
    assert screen.ask(SNAPSHOT, sourceKey="K-9", knownAt=None, validAt=None) == {"customerSnapshot": None}


def test_an_id_of_a_customers_past_that_was_made_up_is_refused(screen: FrontEnd) -> None:
    kind, book, who, position, known, valid = parts_of(past(screen, DAY)["id"])
    wrong = [
        [kind], [kind, book, who, position, known], [kind, "other", who, position, known, valid],
        [kind, book, "x", position, known, valid], [kind, book, who, "9" * 15, known, valid],
        [kind, book, who.upper(), position, known, valid], [kind, book, who, position, known, valid, "ledger"],
        [kind, book, who, position, "2098-03-03T01:00:00.000000Z", valid],
    ]  # fmt: skip
    assert {screen.code(AGAIN, id=opaque(*each)) for each in wrong} == {"BAD_ID"}
    assert screen.ask(AGAIN, id=opaque("case-snapshot", book, who, position, known, valid)) == {"node": None}


# Differences ----------------------------------------------------------------------------------------------------------


def fields(found: Any) -> dict[str, tuple[Any, Any, list[int]]]:
    """By name what was, what is, and the positions of what made it so; without what every event changes."""
    passing = {"version", "position", "lastOccurredAt", "lastRecordedAt"}
    return {
        each["field"]: (
            each["before"] if each["personalBefore"] is None else each["personalBefore"]["value"],
            each["after"] if each["personalAfter"] is None else each["personalAfter"]["value"],
            [because["event"]["position"] for because in each["because"]],
        )
        for each in found["fields"]
        if each["field"] not in passing
    }


def test_what_became_known_late_of_a_case_is_told_with_the_events_that_made_it_so(screen: FrontEnd) -> None:
    point = {"knownAt": at(DAY + HOUR)}
    found = screen.ask(OF_CASE, number="C2099-000001", **{"from": point, "to": {"validAt": at(DAY + HOUR)}})
    told = found["caseDifference"]
    received, resolved = 4, 10
    assert fields(told) == {
        "status": ("REGISTERED".lower(), "resolved", [resolved]),
        "resolvedAt": (None, at(DAY), [resolved]),
        "outcome": (None, "upheld", [resolved]),
        "words": ("线路不通", "线路很慢", [received]),
    }
    assert told["differs"] is True
    assert (told["before"]["status"], told["after"]["status"]) == ("REGISTERED", "RESOLVED")
    first, second = told["events"]
    assert (first["event"]["topic"], first["before"], first["after"]) == (
        "case-received.1",
        {"standing": "COUNTED", "by": None},
        {"standing": "CORRECTED", "by": 5},
    )
    assert (second["event"]["position"], second["before"]["standing"]) == (resolved, "UNKNOWN")
    assert second["after"] == {"standing": "COUNTED", "by": None}
    assert first["subjectKind"] == "CASE"


def test_what_became_of_a_customer_between_two_positions_is_told(screen: FrontEnd) -> None:
    asked = {"from": {"knownPosition": 5}, "to": {"knownPosition": 9}}
    found = screen.ask(OF_CUSTOMER, sourceKey="K-1", **asked)["customerDifference"]
    told = fields(found)
    assert told["tier"] == (None, "gold", [6])
    assert told["contacts/0/value"] == (None, "13800001111", [7])
    assert told["visits/0/words"] == (None, "很好", [8])
    assert told["touchpoints"] == (0, 1, [9])
    assert {each["subjectKind"] for each in found["events"]} == {"CUSTOMER", "TOUCHPOINT"}
    assert [each["event"]["position"] for each in found["events"]] == [6, 7, 8, 9]
    assert (found["before"]["version"], found["after"]["version"]) == (1, 4)


def test_nothing_differs_between_a_point_and_itself_and_all_of_it_does_from_before_the_book(screen: FrontEnd) -> None:
    case = global_id(Category.CASE, "main", CASE)
    point = {"knownAt": at(2 * DAY), "validAt": at(DAY)}
    same = screen.ask(OF_CASE, id=case, **{"from": point, "to": point})["caseDifference"]
    assert (same["differs"], same["fields"], same["events"]) == (False, [], [])
    assert same["before"] == same["after"]
    whole = screen.ask(OF_CASE, id=case, **{"from": {"knownAt": at(-1000 * DAY)}})["caseDifference"]
    assert (whole["before"], whole["after"]["status"]) == (None, "RESOLVED")
    assert fields(whole)["words"] == (None, "线路很慢", [4])


def test_what_cannot_be_compared_is_told(screen: FrontEnd) -> None:
    case = global_id(Category.CASE, "main", CASE)
    nothing = {"from": {"knownPosition": 3}}
    assert screen.ask(OF_CASE, number="C2099-000099", **nothing) == {"caseDifference": None}
    assert screen.ask(OF_CASE, id=global_id(Category.CASE, "main", case_id(9)), **nothing) == {"caseDifference": None}
    assert screen.ask(OF_CUSTOMER, id=named(customer_id(9)), **nothing) == {"customerDifference": None}
    for document, arguments in (
        (OF_CASE, {"id": case, "number": "C2099-000001", **nothing}),
        (OF_CASE, {"id": case, "from": {"knownPosition": 3, "knownAt": at(DAY)}}),
        (OF_CASE, {"id": case, "from": {"knownPosition": 999}}),
        (OF_CASE, {"id": case, "from": {"knownBy": "SOURCE"}}),
        (OF_CUSTOMER, {"id": named(ONE), "from": {"validAt": "2199-01-01T00:00:00Z"}}),
        (OF_CUSTOMER, {**nothing}),
    ):
        assert screen.code(document, **arguments) == "BAD_ARGUMENTS", arguments


def test_looking_back_at_customers_and_differences_is_counted_with_cases(
    screen: FrontEnd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(case_snapshot, "MOST_CASES", 3)
    one = "query($id: ID!) { %s }"
    days = [f'a{day}: customerSnapshot(id: $id, validAt: "2099-03-0{day}T00:00:00Z") {{ id }}' for day in range(3, 7)]
    assert len(screen.ask(one % " ".join(days[:3]), id=named(ONE))) == 3
    assert screen.code(one % " ".join(days), id=named(ONE)) == "TOO_MANY_CASES"
    twice = " ".join(
        f"a{p}: customerDifference(id: $id, from: {{ knownPosition: {p} }}) {{ differs }}" for p in (2, 3, 4)
    )
    assert screen.code(one % twice, id=named(ONE)) == "TOO_MANY_CASES"


def test_no_request_looks_through_a_book_for_customers_while_the_views_are_far_behind(
    screen: FrontEnd, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = workspace.ledger.head()
    assert [to_be_looked_through(workspace.ledger, upto) for upto in (1, head, head + 5)] == [0, 0, 5]
    monkeypatch.setattr(loaders, "MOST_LOOKED_THROUGH", -1)  # as if they were
    asked = "query($id: ID!) { %s }"
    difference = "customerDifference(id: $id, from: { knownPosition: 5 }) { differs }"
    for question in ("customerSnapshot(id: $id) { id }", difference):
        (error,) = screen.errors(asked % question, id=named(ONE))
        assert error["extensions"] == {"code": "NOT_CAUGHT_UP", "params": {"limit": -1, "found": 0}}


def test_events_that_differ_are_counted_as_often_as_an_answer_lists_them(
    screen: FrontEnd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(difference, "MOST_LISTED", 9)

    def asked(names: str, shown: str) -> str:
        difference = f"customerDifference(id: $id, from: {{ knownPosition: 5 }}, to: {{ knownPosition: 9 }}) {shown}"
        return "query($id: ID!) { " + " ".join(f"{name}: {difference}" for name in names) + " }"

    events, reasons = "{ events { before { standing } } }", "{ fields { because { before { standing } } } }"
    assert len(screen.ask(asked("a", events), id=named(ONE))["a"]["events"]) == 4
    assert screen.code(asked("a", reasons), id=named(ONE)) == "DOCUMENT_TOO_LARGE"
    assert screen.ask(asked("a", "{ differs fields { field } }"), id=named(ONE))["a"]["differs"] is True
    (error,) = screen.errors(asked("abc", events), id=named(ONE))
    assert error["extensions"] == {
        "code": "DOCUMENT_TOO_LARGE", "params": {"limit": 9, "found": 12, "of": "events"}
    }  # fmt: skip


def test_the_pasts_of_many_customers_take_as_many_statements_as_that_of_one(
    screen: FrontEnd, statements: list[str]
) -> None:
    asked = f"""query($first: Int!) {{ a: customers(first: $first) {{ nodes {{
      asOf(knownAt: "2099-03-04T02:00:00Z") {{ {SHOWN} }} }} }}
      b: customerSnapshot(sourceKey: "K-1", knownAt: "2099-03-04T02:00:00Z") {{ {SHOWN} }} }}"""
    several = asked.replace("b: ", 'c: customerSnapshot(sourceKey: "K-2", knownAt: "2099-03-04T02:00:00Z") { id } b: ')
    counted = []
    for document in (asked, several):
        statements.clear()
        assert screen.ask(document, first=1)["b"]["tier"] == "GOLD"
        counted.append(len([query for query in statements if "views.cursor" not in query]))  # asked until it is there
    assert counted[1] <= counted[0] + 3, counted
