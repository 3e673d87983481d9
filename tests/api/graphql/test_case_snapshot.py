"""A case as it was, on both axes, in a simulated book whose present is what was recorded last."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.app import create_app
from api.graphql import case_snapshot
from api.graphql.identity import global_id, opaque, parts_of
from api.workspace import NewBook, Workspace
from domain.book import BookTime
from domain.case.commands import PauseCase, RegisterCase, ResolveCase
from domain.case.events import CaseReceived, Outcome, PauseGround
from domain.case.relations import MergeCase
from domain.event import rfc3339
from domain.personal import Personal
from domain.stream import Category, stream_of
from tests.api.graphql.asking import FrontEnd, asking
from tests.api.graphql.conftest import ACTOR, opened
from tests.conftest import Database
from tests.ledger.submissions import receive, register_customer
from tests.projections.books import case_id, customer_id
from tests.projections.regulated import promise, tell
from tests.projections.righted import corrected, voided

BEGUN = datetime(2099, 3, 2, 1, 0, tzinfo=UTC)
"""A Monday at nine o'clock in Shanghai, later than any clock by which tests run."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ONE, TWO, GONE = (global_id(Category.CASE, "main", case_id(number)) for number in (1, 2, 3))
SHOWN = """
  id knownAt validAt knownPosition version number status category outcome
  words { state value } case { id status } customer { name { value } }
  mergedInto { id status knownAt validAt } absorbed { id status }
  history(first: 20) { nodes { version topic amendedBy } } amendments { request state } deadlineRequests { request }
  clocks { id target state dueAt evaluatedAt knownPosition verdicts { whenDue now } case { id } upcoming { begin }
    segments { why } explanation { en } stateChangesAt nextStates { at state } }
"""
AS_OF = f"""query($id: ID!, $knownAt: DateTime, $validAt: DateTime) {{
  case(id: $id) {{ id asOf(knownAt: $knownAt, validAt: $validAt) {{ {SHOWN} }} }} }}"""
SNAPSHOT = f"""query($id: ID, $number: String, $knownAt: DateTime, $validAt: DateTime) {{
  caseSnapshot(id: $id, number: $number, knownAt: $knownAt, validAt: $validAt) {{ {SHOWN} }} }}"""
AGAIN = f"query($id: ID!) {{ node(id: $id) {{ id ... on CaseSnapshot {{ {SHOWN} }} }} }}"


@pytest.fixture(scope="module")
def workspace(module_database: Database) -> Iterator[Workspace]:
    """A case that was resolved on Tuesday, which was written down on Friday; its words were put right on Thursday."""
    with opened(module_database, new_book=NewBook(BookTime.SIMULATED, "Asia/Shanghai", BEGUN)) as workspace:
        ledger = workspace.ledger
        promise(ledger, at=BEGUN)
        tell(ledger, register_customer(customer_id(1), at=BEGUN), at=BEGUN)
        for number in (1, 2, 3):
            told = receive(case_id(number), "线路不通", at=BEGUN, customer_id=customer_id(1))
            tell(ledger, told, at=BEGUN)
            if number < 3:
                tell(ledger, RegisterCase(at=BEGUN, case_id=case_id(number)), at=BEGUN)
        paused = PauseCase(at=BEGUN + 2 * DAY, case_id=case_id(1), ground=PauseGround.CUSTOMER)
        tell(ledger, paused, at=BEGUN + 2 * DAY)
        stream = stream_of(Category.CASE, case_id(1))
        receipt = ledger.history(stream, opened=True)[0].event
        assert isinstance(receipt, CaseReceived)
        words = Personal.open(customer_id(1), "线路很慢")
        corrected(ledger, stream, 1, receipt.model_copy(update={"words": words}), asked=BEGUN + 3 * DAY)
        merged = BEGUN + 3 * DAY + 2 * HOUR
        tell(ledger, MergeCase(at=merged, case_id=case_id(2), into=case_id(1)), at=merged)
        resolved = ResolveCase(at=BEGUN + DAY, case_id=case_id(1), outcome=Outcome.UPHELD)
        tell(ledger, resolved, at=BEGUN + 4 * DAY)
        voided(ledger, stream_of(Category.CASE, case_id(3)), 1, asked=BEGUN + 5 * DAY)
        yield workspace


@pytest.fixture(scope="module")
def screen(workspace: Workspace) -> Iterator[FrontEnd]:
    """A front end, once the views have read all of it."""
    with asking(create_app(workspace, development_actor=ACTOR)) as running:
        assert workspace.runner.wait_for(workspace.ledger.head(), 20)
        yield running


def as_of(screen: FrontEnd, known: timedelta | None, valid: timedelta | None = None, of: str = ONE) -> Any:
    """A case as of so long after Monday."""
    return screen.ask(AS_OF, id=of, **instants(known, valid))["case"]["asOf"]


def instants(known: timedelta | None, valid: timedelta | None) -> dict[str, str | None]:
    return {
        "knownAt": None if known is None else rfc3339(BEGUN + known),
        "validAt": None if valid is None else rfc3339(BEGUN + valid),
    }


def test_a_case_is_shown_as_it_was_known_and_as_it_was(screen: FrontEnd) -> None:
    on_wednesday, now = 2 * DAY + HOUR, 5 * DAY
    seen = {
        (known, valid): as_of(screen, known, valid)["status"]
        for known in (on_wednesday, now)
        for valid in (HOUR, DAY + HOUR, on_wednesday)
    }
    assert seen == {
        (on_wednesday, HOUR): "REGISTERED", (on_wednesday, DAY + HOUR): "REGISTERED",
        (on_wednesday, on_wednesday): "PAUSED",
        # By now it is known that it had been resolved on Tuesday, and nobody knew of it when it was paused.
        (now, HOUR): "REGISTERED", (now, DAY + HOUR): "RESOLVED", (now, on_wednesday): "RESOLVED",
    }  # fmt: skip
    then = as_of(screen, on_wednesday)
    assert (then["knownAt"], then["validAt"]) == (rfc3339(BEGUN + on_wednesday),) * 2
    assert (then["number"], then["version"], then["outcome"]) == ("C2099-000001", 4, None)
    assert [each["topic"] for each in then["history"]["nodes"]] == [
        "case-received.1", "case-registered.1", "terms-assigned.1", "case-paused.1",
    ]  # fmt: skip
    assert then["case"] == {"id": ONE, "status": "RESOLVED"}
    assert as_of(screen, None, HOUR)["status"] == "REGISTERED"


def test_without_an_instant_it_is_as_it_is_now(screen: FrontEnd) -> None:
    now = as_of(screen, None)
    live = screen.ask("query($id: ID!) { case(id: $id) { version status outcome words { value } } }", id=ONE)["case"]
    assert (now["version"], now["status"], now["outcome"]) == (live["version"], live["status"], live["outcome"])
    assert now["words"]["value"] == live["words"]["value"]
    assert now["knownAt"] == now["validAt"] == rfc3339(BEGUN + 5 * DAY)


def test_what_the_customer_said_is_read_as_it_was_read_then(screen: FrontEnd) -> None:
    before, after = as_of(screen, 2 * DAY), as_of(screen, 4 * DAY)
    assert (before["words"]["value"], before["amendments"]) == ("线路不通", [])
    assert (after["words"]["value"], after["amendments"]) == ("线路很慢", [{"request": 5, "state": "APPROVED"}])
    assert [each["amendedBy"] for each in before["history"]["nodes"]] == [None] * 4
    assert after["history"]["nodes"][0] == {"version": 1, "topic": "case-received.1", "amendedBy": 6}
    # What had occurred on Monday is read with what is known on Friday.
    assert as_of(screen, 4 * DAY, HOUR)["words"]["value"] == "线路很慢"
    assert as_of(screen, 4 * DAY, HOUR)["history"]["nodes"][0]["amendedBy"] == 6
    assert as_of(screen, 4 * DAY, HOUR)["amendments"] == after["amendments"]


def test_its_clocks_stand_as_they_stood(screen: FrontEnd) -> None:
    def resolution(known: timedelta, valid: timedelta | None = None) -> Any:
        (found,) = (each for each in as_of(screen, known, valid)["clocks"] if each["target"] == "resolution")
        return found

    monday, wednesday, friday = resolution(HOUR), resolution(2 * DAY + HOUR), resolution(4 * DAY, 2 * DAY + HOUR)
    assert (monday["state"], wednesday["state"], friday["state"]) == ("RUNNING", "PAUSED", "MET")
    assert (monday["evaluatedAt"], monday["upcoming"][0]["begin"]) == (rfc3339(BEGUN + HOUR),) * 2
    assert monday["nextStates"][0]["state"] == "OVERDUE"
    assert friday["verdicts"]["now"] == "KEPT"
    assert "PAUSED" in {each["why"] for each in wednesday["segments"]}
    assert monday["explanation"]["en"]
    live = screen.ask("query($id: ID!) { case(id: $id) { clocks { id } } }", id=ONE)["case"]["clocks"]
    ids = [each["id"] for each in live] + [each["id"] for each in (monday, wednesday, friday)]
    assert len(set(ids)) == len(ids)
    assert screen.code("query($id: ID!) { slaClock(id: $id) { id } }", id=monday["id"]) == "BAD_ID"


def test_a_snapshot_is_found_again_by_its_id_for_good(screen: FrontEnd) -> None:
    shown = as_of(screen, 2 * DAY + HOUR, DAY)
    assert screen.ask(AGAIN, id=shown["id"])["node"] == shown
    assert screen.ask(SNAPSHOT, number="c2099-1", **instants(2 * DAY + HOUR, DAY))["caseSnapshot"] == shown
    assert shown["id"] not in {as_of(screen, 2 * DAY + HOUR)["id"], as_of(screen, 5 * DAY, DAY)["id"], ONE}


def test_a_case_was_not_there_before_its_first_event(screen: FrontEnd) -> None:
    assert as_of(screen, 5 * DAY, -HOUR) is None
    assert as_of(screen, -1000 * DAY) is None
    unknown = {"id": global_id(Category.CASE, "main", case_id(9)), **instants(DAY, None)}
    assert screen.ask(SNAPSHOT, **unknown)["caseSnapshot"] is None
    assert screen.ask(SNAPSHOT, number="C2099-000099", **instants(DAY, None))["caseSnapshot"] is None


def test_a_merged_case_leads_to_its_survivor_as_of_the_same_instants(screen: FrontEnd) -> None:
    before, after = as_of(screen, 3 * DAY, of=TWO), as_of(screen, 5 * DAY, of=TWO)
    assert (before["mergedInto"], before["status"]) == (None, "REGISTERED")
    survivor = after["mergedInto"]
    assert survivor | {"id": ""} == {
        "id": "", "status": "RESOLVED", "knownAt": after["knownAt"], "validAt": after["validAt"],
    }  # fmt: skip
    assert as_of(screen, 5 * DAY)["absorbed"] == [{"id": after["id"], "status": "MERGED"}]
    assert as_of(screen, 5 * DAY)["id"] == survivor["id"]


def test_a_case_whose_receipt_no_longer_counts_has_a_past_all_the_same(screen: FrontEnd) -> None:
    assert screen.ask("query($id: ID!) { case(id: $id) { id } }", id=GONE) == {"case": None}
    then = screen.ask(SNAPSHOT, id=GONE, **instants(4 * DAY, None))["caseSnapshot"]
    assert (then["status"], then["case"]) == ("RECEIVED", None)
    assert screen.ask(SNAPSHOT, id=GONE, **instants(5 * DAY, None))["caseSnapshot"] is None


@pytest.mark.parametrize(
    ("known", "valid", "code", "said"),
    [
        ("2199-01-01T00:00:00Z", None, "BAD_ARGUMENTS", "has not come yet"),
        (None, "2199-01-01T00:00:00Z", "BAD_ARGUMENTS", "has not come yet"),
        ("2099-03-03T01:00:00", None, "BAD_DOCUMENT", "does not say in which zone"),
        ("yesterday", None, "BAD_DOCUMENT", "is no instant"),
    ],
)
def test_a_past_that_cannot_be_asked_for_is_told(
    screen: FrontEnd, known: str | None, valid: str | None, code: str, said: str
) -> None:
    (error,) = screen.errors(AS_OF, id=ONE, knownAt=known, validAt=valid)
    assert (error["extensions"]["code"], said in error["message"]) == (code, True), error


def test_a_later_instant_than_what_was_known_is_one_at_which_nothing_more_had_happened(screen: FrontEnd) -> None:
    later = as_of(screen, HOUR, 5 * DAY)
    assert (later["status"], later["version"]) == ("REGISTERED", 3)
    assert {each["state"] for each in later["clocks"] if each["target"] == "resolution"} == {"OVERDUE"}


def test_an_id_that_was_made_up_is_refused_and_finds_nothing(screen: FrontEnd) -> None:
    real = parts_of(as_of(screen, DAY)["id"])
    kind, book, case, position, known, valid = real
    wrong = [
        [kind], [kind, book], [*real, "more"], [kind, "other", case, position, known, valid],
        [kind, book, "x", position, known, valid], [kind, book, case, "0", known, valid],
        [kind, book, case, "-1", known, valid], [kind, book, case, "9" * 15, known, valid],
        [kind, book, case, "9" * 5_000, known, valid], [kind, book, case, position, "x", valid],
        [kind, book, case, position, known, "2099-03-03T01:00:00"],
        [kind, book, case, position, "2098-03-03T01:00:00Z", valid],
        [kind, book, case, position, "9999-03-03T01:00:00Z", valid],
        [kind, book, case, position, known, "9999-03-03T01:00:00Z"],
        [kind, book, case, position, known, "9999-12-31T23:59:59-14:00"],  # none in UTC
        [kind, book, case, position, "0001-01-01T00:00:00+14:00", valid],
        [kind, book, case, f"+{position}", known, valid],  # the same, which has one id
        [kind, book, case.upper(), position, known, valid],
        [kind, book, case, position, known.replace("Z", "+00:00"), valid],
    ]  # fmt: skip
    assert {screen.code(AGAIN, id=opaque(*each)) for each in wrong} == {"BAD_ID"}
    nobody = opaque(kind, book, str(case_id(77)), position, known, valid)
    assert screen.ask(AGAIN, id=nobody) == {"node": None}
    assert screen.code("query($id: ID!) { case(id: $id) { id } }", id=opaque(*real)) == "BAD_ID"


def test_one_request_looks_back_at_so_many_cases_and_no_more(screen: FrontEnd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(case_snapshot, "MOST_CASES", 3)
    one = "query($id: ID!) { case(id: $id) { %s } }"
    hours = [f'a{hour}: asOf(validAt: "2099-03-0{hour}T00:00:00Z") {{ id }}' for hour in range(3, 7)]
    assert len(screen.ask(one % " ".join(hours[:3]), id=ONE)["case"]) == 3
    (error,) = screen.errors(one % " ".join(hours), id=ONE)
    assert error["extensions"] == {"code": "TOO_MANY_CASES", "params": {"limit": 3}}


def test_the_pasts_of_many_cases_take_as_many_statements_as_that_of_one(
    screen: FrontEnd, statements: list[str]
) -> None:
    asked = f"""query($first: Int!) {{ cases(first: $first) {{ nodes {{
      asOf(knownAt: "2099-03-04T02:00:00Z") {{ {SHOWN} }} }} }} }}"""
    counted = []
    for first in (1, 2):
        statements.clear()
        shown = screen.ask(asked, first=first)["cases"]["nodes"]
        assert [bool(each["asOf"]["clocks"]) for each in shown] == [True] * first
        counted.append(len(statements))
    assert counted[1] <= counted[0] + 2, counted
