"""Clocks as a front end reads them, in a simulated book whose present is what was recorded last."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from api.graphql.identity import global_id, opaque
from api.workspace import NewBook, Workspace
from domain.book import BookTime
from domain.case.commands import AssignCase, PauseCase, RegisterCase, ResumeCase
from domain.case.events import PauseGround
from domain.event import Precision, rfc3339
from domain.obligation import ObligationKind, OpenObligation
from domain.sla.dues import Added
from domain.stream import Category
from ledger.database import Database as Connected
from projections.sla_timer import SLA_TIMER
from tests.api.graphql.asking import FrontEnd
from tests.api.graphql.conftest import opened
from tests.api.guides.page import questions, read
from tests.conftest import Database
from tests.projections.books import case_id, received
from tests.projections.regulated import calendar, promise, publish_calendar, tell

# A Monday at nine o'clock in Shanghai, later than any clock by which these tests run.
BEGUN = datetime(2099, 3, 2, 1, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
OWED = UUID(int=0x0B11)
ALL = """
  id target title { en zh } kind subject part cycle instance statutory statuteClause policy policyVersion rule calendar
  calendarVersion zone zoneData engine evaluatedAt state stateChangesAt nextStates { at state }
  verdicts { whenDue now restsOnLate bornOverdue } startedAt measuredFrom dueAt dueOn promised { at on } lived { at on }
  originalDueAt stoppedAt stoppedVersion stoppedRecordedAt stoppedByDay cancelledAt lapsedAt elapsedSeconds pauses
  extensions { step version approvedAt late ignored dueBefore dueAfter } alarms { kind at number level } warnAt unit
  handler tier version position case { number } obligation { title } countedSeconds remainingSeconds
  segments { begin end counted why version note } upcoming { begin end counted why version note }
  explanation {
    en zh openedBy started { version name at day recordedAt } ended { name }
    matched { field value } passedOver { policy policyVersion rule field wanted found }
    steps { kind count unit seconds ledTo ledToDay note } pauses { ground began { version } ended { version } }
  }
"""


@pytest.fixture(scope="module")
def workspace(module_database: Database) -> Iterator[Workspace]:
    """A book with a case whose clocks stood still for a day, one that nobody looked at, and something owed."""
    with opened(module_database, new_book=NewBook(BookTime.SIMULATED, "Asia/Shanghai", BEGUN)) as workspace:
        ledger = workspace.ledger
        promise(ledger, at=BEGUN)
        for number in (1, 2):
            tell(ledger, received(number, at=BEGUN, source_key=f"INC{number}"), at=BEGUN)
            tell(ledger, RegisterCase(at=BEGUN, case_id=case_id(number), unit="北京分部"), at=BEGUN)
        owed = OpenObligation(
            at=BEGUN, obligation_id=OWED, kind=ObligationKind.TASK, title="mend the line", case_id=case_id(1),
            owner="李四", due_at=BEGUN + DAY, due_precision=Precision.DAY,
        )  # fmt: skip
        tell(ledger, owed, at=BEGUN)
        for after, step in ((2 * HOUR, PauseCase), (26 * HOUR, ResumeCase)):
            tell(ledger, step(at=BEGUN + after, case_id=case_id(1), ground=PauseGround.VENDOR), at=BEGUN + after)
        publish_calendar(ledger, calendar(2, date(2099, 3, 4)), at=BEGUN + 26 * HOUR)
        later = BEGUN + 3 * DAY + HOUR
        tell(ledger, AssignCase(at=later, case_id=case_id(2), handler="李四"), at=later)
        yield workspace


@pytest.fixture(scope="module")
def screen(workspace: Workspace, front_end: FrontEnd) -> FrontEnd:
    """The front end, once the views have read all of it."""
    assert workspace.runner.wait_for(workspace.ledger.head(), 20, views=[SLA_TIMER])
    assert workspace.runner.wait_for(workspace.ledger.head(), 20)
    return front_end


def clock(screen: FrontEnd, target: str, shown: str = ALL, number: int = 1) -> Any:
    clocks = screen.ask(f'{{ case(sourceKey: "INC{number}") {{ clocks {{ target {shown} }} }} }}')["case"]["clocks"]
    (found,) = (each for each in clocks if each["target"] == target)
    return found


def at(text: str) -> str:
    return f"{text}:00.000000Z"


def just_after(instant: str) -> str:
    """The first instant that is late where the given one is the last in time."""
    return rfc3339(datetime.fromisoformat(instant) + timedelta(microseconds=1))


def test_a_clock_says_all_that_it_rests_on(screen: FrontEnd) -> None:
    shown = clock(screen, "lived")
    assert (shown["state"], shown["policy"], shown["policyVersion"], shown["rule"]) == (
        "RUNNING",
        "promises",
        1,
        "others",
    )
    assert (shown["title"], shown["subject"], shown["zone"]) == (
        {"en": "Lived", "zh": "lived 时限"}, "CASE", "Asia/Shanghai",
    )  # fmt: skip
    assert (shown["evaluatedAt"], shown["stateChangesAt"]) == (at("2099-03-05T02:00"), just_after(shown["dueAt"]))
    assert (shown["verdicts"], shown["pauses"]) == (
        {"whenDue": None, "now": None, "restsOnLate": False, "bornOverdue": False}, 1,
    )  # fmt: skip
    assert shown["lived"]["at"] == shown["dueAt"] > shown["promised"]["at"]
    assert (shown["case"], shown["unit"]) == ({"number": "C2099-000001"}, "北京分部")
    assert [each["why"] for each in shown["segments"]] == [
        "RUNNING", "PAUSED", "RUNNING", "OUTSIDE_HOURS", "RUNNING", "OUTSIDE_HOURS", "RUNNING",
    ]  # fmt: skip
    assert shown["segments"][1] == {
        "begin": at("2099-03-02T03:00"), "end": at("2099-03-03T03:00"), "counted": False, "why": "PAUSED", "version": 4,
        "note": "vendor",
    }  # fmt: skip
    explained = shown["explanation"]
    assert explained["started"] == {
        "version": 1, "name": "case-received", "at": at("2099-03-02T01:00"), "day": None,
        "recordedAt": at("2099-03-02T01:00"),
    }  # fmt: skip
    assert explained["steps"][0] == {
        "kind": "AMOUNT", "count": None, "unit": None, "seconds": 30 * 3_600, "ledTo": explained["steps"][0]["ledTo"],
        "ledToDay": None, "note": None,
    }  # fmt: skip
    assert explained["pauses"] == [{"ground": "vendor", "began": {"version": 4}, "ended": {"version": 5}}]
    assert explained["passedOver"][0] == {
        "policy": "promises", "policyVersion": 1, "rule": "gold", "field": "tier", "wanted": ["gold", "key"],
        "found": None,
    }  # fmt: skip
    assert explained["en"][0].startswith("Lived: an internal target")
    assert explained["zh"][0].startswith("lived 时限:内部目标")


def test_a_page_counts_down_by_itself_to_the_very_state_that_the_server_tells_later(screen: FrontEnd) -> None:
    shown = clock(screen, "lived")
    upcoming = shown["upcoming"]
    instants = [(datetime.fromisoformat(each["begin"]), datetime.fromisoformat(each["end"])) for each in upcoming]
    assert (upcoming[0]["begin"], upcoming[-1]["end"]) == (shown["evaluatedAt"], shown["dueAt"])
    assert [end for _, end in instants[:-1]] == [begin for begin, _ in instants[1:]]
    counted = [end - begin for (begin, end), each in zip(instants, upcoming, strict=True) if each["counted"]]
    assert sum(counted, timedelta()).total_seconds() == shown["remainingSeconds"]
    used = [
        datetime.fromisoformat(each["end"]) - datetime.fromisoformat(each["begin"])
        for each in shown["segments"]
        if each["counted"]
    ]
    assert sum(used, timedelta()).total_seconds() == shown["countedSeconds"]
    assert shown["countedSeconds"] + shown["remainingSeconds"] == 30 * 3_600


def test_the_query_of_the_guide_is_enough_to_count_down_by(screen: FrontEnd) -> None:
    (guide,) = (each for each in questions(read("front-end.md")) if each.name == "Clocks")
    case = screen.ask(guide.document, id=global_id(Category.CASE, "main", case_id(2)))["case"]
    running = [each for each in case["clocks"] if each["state"] == "RUNNING" and each["remainingSeconds"] is not None]
    assert {each["title"]["en"] for each in running} == {"Resolution", "Lived", "Last", "Legal"}
    for shown in running:
        assert left(shown, shown["evaluatedAt"]) == shown["remainingSeconds"]
        assert left(shown, shown["dueAt"]) == 0
        assert shown["stateChangesAt"] == (shown["dueAt"] if shown["dueOn"] else just_after(shown["dueAt"]))


def left(shown: Any, at: str) -> float:
    """As the guide has it in JavaScript."""
    now = datetime.fromisoformat(at)
    ahead = (
        datetime.fromisoformat(each["end"]) - max(now, datetime.fromisoformat(each["begin"]))
        for each in shown["upcoming"]
        if each["counted"]
    )
    return sum((max(each, timedelta()) for each in ahead), timedelta()).total_seconds()


def test_what_is_overdue_by_now_is_missed_though_nothing_was_recorded_since(screen: FrontEnd) -> None:
    for number in (1, 2):  # nothing was recorded of the first since
        shown = clock(screen, "last", "state verdicts { now whenDue } stateChangesAt startedAt", number)
        assert (shown["state"], shown["startedAt"]) == ("RUNNING", at("2099-03-02T06:00"))
    owed = screen.ask(
        "query($id: ID!) { obligation(id: $id) "
        "{ clocks { target policy state verdicts { now whenDue } dueOn handler } } }",
        id=global_id(Category.OBLIGATION, "main", OWED),
    )["obligation"]["clocks"]
    assert owed == [
        {
            "target": "obligation",
            "policy": None,
            "state": "OVERDUE",
            "verdicts": {"now": "MISSED", "whenDue": "MISSED"},
            "dueOn": "2099-03-03",
            "handler": "李四",
        }
    ]


def test_lists_are_narrowed_down_ordered_and_paged(screen: FrontEnd) -> None:
    asked = """query($filter: SlaClockFilter, $orderBy: SlaClockOrder, $first: Int, $after: String) {
      slaTimers(filter: $filter, orderBy: $orderBy, first: $first, after: $after) {
        nodes { target state case { number } obligation { title } } pageInfo { hasNextPage endCursor } } }"""

    def named(**variables: Any) -> list[tuple[str, str]]:
        nodes = screen.ask(asked, **variables)["slaTimers"]["nodes"]
        return [(each["case"]["number"], each["target"]) for each in nodes]

    one, two = "C2099-000001", "C2099-000002"
    assert named(filter={"state": ["OVERDUE"]}) == [(one, "obligation")]
    assert named(filter={"missed": True, "dueBefore": "2099-03-04T00:00:00Z"}) == [(one, "obligation")]
    assert named(filter={"missed": True, "dueFrom": "2099-03-04T00:00:00Z"}) == []
    assert named(filter={"statutory": True}) == [(one, "legal"), (two, "legal")]
    assert named(filter={"handler": "李四", "target": ["legal", "lived"]}) == [(two, "lived"), (two, "legal")]
    assert named(filter={"kind": ["RESOLUTION"], "subject": ["OBLIGATION"]}) == []
    soon = {"dueFrom": "2099-03-05T02:00:00Z", "dueBefore": "2099-03-09T00:00:00Z", "open": True}
    assert named(filter=soon) == [(one, "resolution"), (two, "resolution")]
    case = global_id(Category.CASE, "main", case_id(1))
    assert named(filter={"caseId": case, "state": ["LAPSED"]}) == [(one, "step"), (one, "next")]
    descending = {"field": "STARTED_AT", "direction": "DESC"}
    assert {target for _, target in named(filter={"caseId": case}, orderBy=descending)[:2]} == {"last", "next"}
    first = screen.ask(asked, filter={"statutory": True}, first=1)["slaTimers"]
    assert first["pageInfo"]["hasNextPage"]
    again = named(filter={"statutory": True}, first=5, after=first["pageInfo"]["endCursor"])
    assert again == [(two, "legal")]


def test_a_clock_is_found_again_by_its_id_and_by_no_other(screen: FrontEnd) -> None:
    shown = clock(screen, "legal", "id statuteClause")
    by_id = "query($id: ID!) { slaClock(id: $id) { id target statuteClause } }"
    assert screen.ask(by_id, id=shown["id"])["slaClock"] == shown
    gone = opaque("clock", "main", f"case-{case_id(1)}/promises/legal/7/1/")
    assert screen.ask(by_id, id=gone) == {"slaClock": None}
    elsewhere = opaque("clock", "other", f"case-{case_id(1)}/promises/legal/1/1/")
    for wrong in ("", "x", elsewhere, global_id(Category.CASE, "main", case_id(1)), opaque("clock", "main", "a/b")):
        assert screen.code(by_id, id=wrong) == "BAD_ID"
    for subject in ("case-x", "case", f"unit-{case_id(1)}", f"book-{case_id(1)}", f"nothing-{case_id(1)}", ""):
        assert screen.code(by_id, id=opaque("clock", "main", f"{subject}/promises/legal/1/1/")) == "BAD_ID"
    unspeakable = opaque("clock", "main", f"case-{case_id(1)}/promises/legal\0/1/1/")
    assert screen.code(by_id, id=unspeakable) == "BAD_ARGUMENTS"


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that are sent by `Database.rows`."""
    seen: list[str] = []
    rows = Connected.rows

    def watched(self: Connected, query: str, parameters: Sequence[Any] | dict[str, Any] = ()) -> list[tuple[Any, ...]]:
        seen.append(query)
        return rows(self, query, parameters)

    monkeypatch.setattr(Connected, "rows", watched)
    return seen


def test_the_clocks_of_many_cases_take_one_statement_and_their_histories_another(
    screen: FrontEnd, statements: list[str]
) -> None:
    asked = "query($first: Int!) { cases(first: $first) { nodes { clocks { explanation { en } segments { end } } } } }"
    shown = screen.ask(asked, first=2)["cases"]["nodes"]
    assert all(each["explanation"]["en"] for case in shown for each in case["clocks"])
    assert sum(len(case["clocks"]) for case in shown) == 20
    assert sum("sla_timer" in query for query in statements) == 1
    assert len([query for query in statements if "views.cursor" not in query]) <= 12


def test_every_line_of_arithmetic_has_a_name_in_the_schema(screen: FrontEnd) -> None:
    kinds = screen.ask('{ __type(name: "SlaStepKind") { enumValues { name } } }')["__type"]["enumValues"]
    assert {each["name"] for each in kinds} == {each.name for each in Added}
