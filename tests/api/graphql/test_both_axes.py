"""Units, policies, clocks and reports as of two instants, and as a source knew of them, in GraphQL."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from api.app import create_app
from api.graphql.identity import global_id
from api.workspace import NewBook
from domain.book import BookTime
from domain.case.commands import RegisterCase, ResolveCase
from domain.case.events import Outcome
from domain.event import rfc3339
from domain.stream import Category
from ledger.ledger import Ledger
from tests.api.graphql.asking import FrontEnd, asking
from tests.api.graphql.conftest import ACTOR, opened
from tests.api.published import AFTER, BEGUN, CUT, DAY, DESK, HOUR, NORTH, SOUTH, write, write_on
from tests.conftest import Database
from tests.ledger.submissions import submission
from tests.projections.books import case_id, received

HEARD = BEGUN - 60 * DAY
"""When another system heard of a case, before there was this book."""
UNITS = """
query Units($asOf: DateTime, $knownAt: DateTime, $knownPosition: SafeInt, $knownBy: KnownBy! = LEDGER) {
  units(asOf: $asOf, knownAt: $knownAt, knownPosition: $knownPosition, knownBy: $knownBy) {
    name path asOf knownAt knownPosition knownBy
  }
}
"""
PATH = """
query Path($name: String!, $asOf: DateTime!, $knownPosition: SafeInt) {
  unitPath(name: $name, asOf: $asOf, knownPosition: $knownPosition) { name knownPosition }
}
"""
POLICIES = """
query Policies($knownAt: DateTime, $knownPosition: SafeInt, $knownBy: KnownBy! = LEDGER, $validAt: DateTime) {
  policiesSnapshot(knownAt: $knownAt, knownPosition: $knownPosition, knownBy: $knownBy, validAt: $validAt) {
    knownAt knownPosition knownBy validAt
    nodes { __typename name version inForce effectiveFrom document { title { en } } }
    inForce { name version }
  }
}
"""
SNAPSHOT = """
query Snapshot($id: ID!, $knownAt: DateTime, $knownPosition: SafeInt, $knownBy: KnownBy! = LEDGER,
               $validAt: DateTime) {
  caseSnapshot(
    id: $id, knownAt: $knownAt, knownPosition: $knownPosition, knownBy: $knownBy, validAt: $validAt
  ) {
    id status knownBy
    clocks {
      id target state dueAt evaluatedAt knownAt knownPosition knownBy verdicts { whenDue now }
      segments { begin end } explanation { en }
    }
  }
}
"""
REPORT = """
query Report($known: ComplianceKnown) {
  complianceReport(known: $known, groupBy: [TARGET, TOP], filter: [{ field: TARGET, values: ["resolution"] }]) {
    knownAt knownPosition knownBy validAt
    rows {
      group { value }
      figures { clocks kept missed }
      clocks(first: 5) { nodes { __typename id state evaluatedAt ... on SlaClockSnapshot { knownAt knownBy } } }
    }
  }
}
"""


class Screen:
    """Somebody's screen, and where the book stood before more was known."""

    def __init__(self, front_end: FrontEnd, ledger: Ledger, cut: int) -> None:
        self.front_end = front_end
        self.ledger = ledger
        self.cut = cut

    def ask(self, document: str, **variables: Any) -> Any:
        return self.front_end.ask(document, **variables)


@pytest.fixture(scope="module")
def screen(module_database: Database) -> Iterator[Screen]:
    with opened(module_database, new_book=NewBook(BookTime.SIMULATED, "Asia/Shanghai", BEGUN)) as workspace:
        ledger = workspace.ledger
        write(ledger)
        cut = ledger.head()
        write_on(ledger)
        about: dict[str, Any] = {"case_id": case_id(9)}
        for command, heard in (
            (received(9, at=HEARD, source_key="OLD-9"), HEARD),
            (RegisterCase(at=HEARD, **about, unit=DESK), HEARD),
            (ResolveCase(at=HEARD + DAY, **about, outcome=Outcome.UPHELD), HEARD + 40 * DAY),
        ):
            ledger.carry_out(submission(command, at=AFTER, imported=True, source_recorded_at=heard))
        with asking(create_app(workspace, development_actor=ACTOR)) as front_end:
            assert workspace.runner.wait_for(ledger.head(), 20)
            yield Screen(front_end, ledger, cut)


def paths(screen: Screen, **asked: Any) -> dict[str, list[str]]:
    return {unit["name"]: unit["path"] for unit in screen.ask(UNITS, **asked)["units"]}


def test_the_tree_is_shown_as_it_was_known_and_as_it_stood(screen: Screen) -> None:
    begun = rfc3339(BEGUN)
    assert paths(screen)[DESK] == paths(screen, asOf=begun)[DESK] == [SOUTH, DESK]
    assert paths(screen, knownPosition=screen.cut)[DESK] == [NORTH, DESK]
    assert paths(screen, knownAt=rfc3339(CUT), asOf=begun)[DESK] == [NORTH, DESK]
    assert paths(screen, knownAt=rfc3339(CUT), asOf=rfc3339(BEGUN - DAY)) == {}
    assert paths(screen, knownAt=rfc3339(HEARD), knownBy="SOURCE") == {}
    assert paths(screen, knownAt=rfc3339(BEGUN - DAY)) == {}
    (unit, *_) = screen.ask(UNITS, knownPosition=screen.cut)["units"]
    cut = rfc3339(CUT)
    assert {name: unit[name] for name in ("asOf", "knownAt", "knownPosition", "knownBy")} == {
        "asOf": cut, "knownAt": cut, "knownPosition": screen.cut, "knownBy": "LEDGER",
    }  # fmt: skip
    (now, *_) = screen.ask(UNITS)["units"]
    assert (now["knownAt"], now["knownPosition"], now["knownBy"]) == (None, None, "LEDGER")
    path = screen.ask(PATH, name=DESK, asOf=rfc3339(AFTER), knownPosition=screen.cut)["unitPath"]
    assert [(each["name"], each["knownPosition"]) for each in path] == [(NORTH, screen.cut), (DESK, screen.cut)]


def test_policies_are_shown_as_they_were_known_with_those_in_force(screen: Screen) -> None:
    def told(**asked: Any) -> tuple[list[tuple[int, bool]], list[int]]:
        found = screen.ask(POLICIES, **asked)["policiesSnapshot"]
        assert {node["__typename"] for node in found["nodes"]} <= {"PolicySnapshot"}
        return (
            [(node["version"], node["inForce"]) for node in found["nodes"]],
            [node["version"] for node in found["inForce"]],
        )

    assert told() == ([(1, False), (2, True)], [2])
    assert told(validAt=rfc3339(CUT)) == ([(1, True), (2, False)], [1])
    assert told(knownPosition=screen.cut) == told(knownAt=rfc3339(CUT)) == ([(1, True)], [1])
    assert told(knownPosition=screen.cut, validAt=rfc3339(AFTER + 90 * DAY)) == ([(1, True)], [1])
    assert told(knownPosition=1) == ([], [])
    by_source = screen.ask(POLICIES, knownAt=rfc3339(HEARD), knownBy="SOURCE")["policiesSnapshot"]
    assert [node["version"] for node in by_source["inForce"]] == [1]
    assert (by_source["knownBy"], by_source["knownPosition"]) == ("SOURCE", screen.ledger.head())
    assert by_source["validAt"] == rfc3339(HEARD)
    assert screen.ask(POLICIES, knownAt=rfc3339(BEGUN - DAY))["policiesSnapshot"] is None
    for wrong, said in (
        ({"knownPosition": 3, "knownBy": "SOURCE"}, "A source has no positions"),
        ({"knownPosition": 99_999}, "is not in book 'main'"),
        ({"knownAt": "2199-01-01T00:00:00Z"}, "has not come yet"),
        ({"knownPosition": 3, "knownAt": rfc3339(CUT)}, "one of the two"),
    ):
        (error,) = screen.front_end.errors(POLICIES, **wrong)
        assert (error["extensions"]["code"], said in error["message"]) == ("BAD_ARGUMENTS", True), error


def taken_over(screen: Screen, known: datetime, **asked: Any) -> Any:
    case = global_id(Category.CASE, "main", case_id(9))
    answer = screen.ask(SNAPSHOT, id=case, knownAt=rfc3339(known), **asked)["caseSnapshot"]
    (clock,) = (each for each in answer["clocks"] if each["target"] == "resolution")
    return answer | {"clock": clock}


def test_the_clocks_of_a_case_that_was_taken_over_are_shown_as_its_source_knew_of_it(screen: Screen) -> None:
    early, late, told = (taken_over(screen, HEARD + after, knownBy="SOURCE") for after in (HOUR, 20 * DAY, 41 * DAY))
    assert [each["clock"]["state"] for each in (early, late, told)] == ["RUNNING", "OVERDUE", "MET"]
    assert told["clock"]["verdicts"] == {"whenDue": "MISSED", "now": "KEPT"}
    assert {each["clock"]["knownBy"] for each in (early, late, told)} == {"SOURCE"}
    assert [each["clock"]["knownAt"] for each in (early, late)] == [rfc3339(HEARD + HOUR), rfc3339(HEARD + 20 * DAY)]
    assert late["clock"]["segments"][0]["begin"] == rfc3339(HEARD)
    assert all(each["clock"]["explanation"]["en"] for each in (early, late, told))
    then = taken_over(screen, HEARD + 41 * DAY, knownBy="SOURCE", validAt=rfc3339(HEARD + HOUR))
    assert (then["status"], then["clock"]["state"]) == ("REGISTERED", "RUNNING")
    # By the same position and instant, and yet another thing than what this ledger knew.
    by_ledger = taken_over(screen, AFTER, validAt=rfc3339(HEARD + 20 * DAY))
    by_source = taken_over(screen, HEARD + 20 * DAY, knownBy="SOURCE")
    assert by_ledger["clock"]["evaluatedAt"] == by_source["clock"]["evaluatedAt"]
    assert by_ledger["clock"]["knownPosition"] == by_source["clock"]["knownPosition"]
    assert (by_ledger["clock"]["state"], by_source["clock"]["state"]) == ("MET", "OVERDUE")
    assert by_ledger["clock"]["id"] != by_source["clock"]["id"]


def rows(report: Any) -> list[tuple[str, int, int, int]]:
    return [
        (row["group"][1]["value"], *(row["figures"][name] for name in ("clocks", "kept", "missed")))
        for row in report["rows"]
    ]


def test_a_report_is_counted_as_a_source_knew_and_as_things_stood(screen: Screen) -> None:
    known = {"knownAt": rfc3339(HEARD + 20 * DAY), "knownBy": "SOURCE"}
    by_source = screen.ask(REPORT, known=known)["complianceReport"]
    # The tree came from no source, which knew of no unit above the desk.
    assert rows(by_source) == [(DESK, 1, 0, 1)]
    assert (by_source["knownBy"], by_source["knownAt"], by_source["validAt"]) == ("SOURCE", *[known["knownAt"]] * 2)
    ((clock,),) = (row["clocks"]["nodes"] for row in by_source["rows"])
    assert (clock["__typename"], clock["state"], clock["knownBy"]) == ("SlaClockSnapshot", "OVERDUE", "SOURCE")
    later = screen.ask(REPORT, known={**known, "knownAt": rfc3339(HEARD + 41 * DAY)})["complianceReport"]
    assert rows(later) == [(DESK, 1, 1, 0)]
    given_back = {name: by_source[name] for name in ("knownAt", "knownBy", "validAt")}
    assert screen.ask(REPORT, known=given_back)["complianceReport"] == by_source
    as_it_stood = screen.ask(REPORT, known={"validAt": rfc3339(BEGUN + 2 * DAY)})["complianceReport"]
    assert sum(missed for *_, missed in rows(as_it_stood)) == 0
    assert as_it_stood["knownPosition"] == screen.ledger.head()
    at_the_cut = screen.ask(REPORT, known={"knownPosition": screen.cut})["complianceReport"]
    assert (at_the_cut["knownAt"], at_the_cut["validAt"]) == (rfc3339(CUT), rfc3339(CUT))
