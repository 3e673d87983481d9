"""The compliance report in GraphQL, and the clocks behind its figures."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from strawberry.utils.str_converters import to_camel_case

from api.app import create_app
from api.workspace import NewBook
from domain.book import BookTime
from domain.case.commands import RegisterCase, ResolveCase
from domain.case.due import DueOrigin, StateDue
from domain.case.events import Outcome
from domain.sla.zones import ZONE_DATA
from domain.unit.commands import OpenUnit
from domain.unit.events import UnitKind, id_of_unit
from projections.compliance_question import Figure
from tests.api.graphql.asking import FrontEnd, asking
from tests.api.graphql.conftest import ACTOR, opened
from tests.conftest import Database
from tests.projections.books import case_id, received
from tests.projections.regulated import POLICY, STATUTE, promise, target, tell

# A Monday at nine o'clock in Shanghai, later than any clock by which these tests run.
BEGUN = datetime(2099, 3, 2, 1, 0, tzinfo=UTC)
DAY = timedelta(days=1)
CASES = 130
COUNTED = {figure.name: to_camel_case(figure.name.lower()) for figure in Figure}
"""The figures as the schema calls them."""
REPORT = """
query Report(
  $from: DateTime, $before: DateTime, $by: ComplianceBy = DUE, $groupBy: [ComplianceField!],
  $filter: [ComplianceCondition!], $mostRows: Int = 100
) {
  complianceReport(
    periodFrom: $from, periodBefore: $before, by: $by, groupBy: $groupBy, filter: $filter, mostRows: $mostRows
  ) {
    validAt knownPosition knownBy hasMore
    versions { policies { name version } calendars { name version } zoneData engine }
    totals { duty group { field value } title { en } figures { ...Figures } }
    rows { duty group { field value } title { en zh } figures { ...Figures } }
  }
}
fragment Figures on ComplianceFigures {
  FIGURES
  keptShare { met total } keptShareWhenDue { met total }
  elapsed { medianSeconds p90Seconds p99Seconds } counted { medianSeconds p90Seconds p99Seconds }
}
""".replace("FIGURES", " ".join(COUNTED.values()))
BEHIND = """
query Behind($figure: ComplianceFigure!, $first: Int!, $after: String, $groupBy: [ComplianceField!]) {
  complianceReport(groupBy: $groupBy) {
    rows { duty clocks(figure: $figure, first: $first, after: $after) {
      nodes { id target state case { number } verdicts { now whenDue } } pageInfo { hasNextPage endCursor }
    } }
  }
}
"""


@pytest.fixture(scope="module")
def screen(module_database: Database) -> Iterator[FrontEnd]:
    """A book of many cases in a branch and its desk, half of which are resolved in time."""
    targets = [
        target("resolution", {"type": "elapsed", "amount": "P3D"}, "case-resolved"),
        target("legal", {"type": "calendar_days", "amount": 15}, "case-resolved", statute=STATUTE),
    ]
    rules = [{"id": "all", "targets": [each["id"] for each in targets]}]
    with opened(module_database, new_book=NewBook(BookTime.SIMULATED, "Asia/Shanghai", BEGUN)) as workspace:
        ledger = workspace.ledger
        promise(ledger, {**POLICY, "rules": rules, "targets": targets}, at=BEGUN)
        tell(ledger, OpenUnit(at=BEGUN, name="北京分部", kind=UnitKind.BRANCH, parent=None), at=BEGUN)
        above = id_of_unit("北京分部")
        tell(ledger, OpenUnit(at=BEGUN, name="前台", kind=UnitKind.DESK, parent=above), at=BEGUN)
        for number in range(CASES):
            unit = "前台" if number % 3 else "北京分部"
            tell(
                ledger,
                received(number, at=BEGUN),
                RegisterCase(at=BEGUN, case_id=case_id(number), unit=unit),
                at=BEGUN,
            )
        about: dict[str, Any] = {"case_id": case_id(0), "at": BEGUN}
        tell(ledger, StateDue(**about, target="resolution", due_at=BEGUN + DAY, stated_by=DueOrigin.SOURCE), at=BEGUN)
        for number, days in [(number, 2) for number in range(1, CASES, 2)] + [(0, 5)]:
            at = BEGUN + days * DAY
            tell(ledger, ResolveCase(at=at, case_id=case_id(number), outcome=Outcome.UPHELD), at=at)
        with asking(create_app(workspace, development_actor=ACTOR)) as running:
            assert workspace.runner.wait_for(ledger.head(), 20)
            yield running


def rows(answer: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [
        (row["duty"], *(each["value"] for each in row["group"]), row["figures"]["keptShare"])
        for row in answer["complianceReport"]["rows"]
    ]


def test_duties_are_counted_apart_with_the_versions_and_the_position(screen: FrontEnd) -> None:
    answer = screen.ask(REPORT, groupBy=["BRANCH", "TARGET"])["complianceReport"]
    head = screen.ask("{ ledgerHead { position } }")["ledgerHead"]["position"]
    assert (answer["knownPosition"], answer["hasMore"], answer["validAt"]) == (
        head,
        False,
        "2099-03-07T01:00:00.000000Z",
    )
    assert answer["versions"] == {
        "policies": [{"name": "promises", "version": 1}],
        "calendars": [{"name": "desk", "version": 1}],
        "zoneData": [ZONE_DATA],
        "engine": [1],
    }
    assert [total["duty"] for total in answer["totals"]] == ["STATUTORY", "INTERNAL", "STATED"]
    assert {(total["title"], len(total["group"])) for total in answer["totals"]} == {(None, 0)}
    statutory, internal, stated = answer["rows"]
    assert statutory["group"] == [{"field": "BRANCH", "value": "北京分部"}, {"field": "TARGET", "value": "legal"}]
    assert statutory["title"] == {"en": "Legal", "zh": "legal 时限"}
    figures = internal["figures"]
    assert (figures["clocks"], figures["kept"], figures["missed"], figures["metLate"]) == (130, 65, 65, 1)
    assert (figures["keptShare"], figures["measured"]) == ({"met": 65, "total": 130}, 66)
    assert figures["elapsed"] == {"medianSeconds": 172_800, "p90Seconds": 172_800, "p99Seconds": 432_000}
    assert stated["figures"]["keptShare"] == {"met": 0, "total": 1}


def behind(screen: FrontEnd, figure: str, duty: str) -> Iterator[str]:
    """The clocks behind a figure of the row of a duty, page by page."""
    after = None
    while True:
        answer = screen.ask(BEHIND, figure=figure, first=50, after=after)["complianceReport"]["rows"]
        page = next(row["clocks"] for row in answer if row["duty"] == duty)
        yield from (node["id"] for node in page["nodes"])
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]


def test_behind_each_figure_of_a_row_are_its_clocks_page_by_page(screen: FrontEnd) -> None:
    counted = {row["duty"]: row["figures"] for row in screen.ask(REPORT)["complianceReport"]["rows"]}
    for duty, figures in counted.items():
        for figure, name in COUNTED.items():
            found = list(behind(screen, figure, duty))
            assert (len(found), len(set(found))) == (figures[name], figures[name])
    late = screen.ask(BEHIND, figure="MET_LATE", first=5)["complianceReport"]["rows"][1]["clocks"]["nodes"]
    assert [(node["state"], node["case"]["number"], node["verdicts"]) for node in late] == [
        ("MET_LATE", "C2099-000001", {"now": "MISSED", "whenDue": "MISSED"})
    ]


def test_what_a_row_has_in_common_can_be_asked_for_alone(screen: FrontEnd) -> None:
    whole = screen.ask(REPORT, groupBy=["UNIT", "KIND", "TIER", "CHANNEL"])["complianceReport"]["rows"]
    assert {row["group"][0]["value"] for row in whole} == {"前台", "北京分部"}
    assert [each["value"] for each in whole[0]["group"]][1:] == ["COMPLAINT", None, "HOTLINE"]
    for row in whole:
        conditions = [{"field": each["field"], "values": [each["value"]]} for each in row["group"]]
        conditions.append({"field": "DUTY", "values": [row["duty"]]})
        (total,) = screen.ask(REPORT, filter=conditions)["complianceReport"]["totals"]
        assert total["figures"] == row["figures"]


def test_two_conditions_of_a_field_hold_together_and_an_empty_one_asks_nothing(screen: FrontEnd) -> None:
    def counted(*conditions: tuple[str, list[str | None]]) -> int:
        where = [{"field": field, "values": values} for field, values in conditions]
        totals = screen.ask(REPORT, filter=where)["complianceReport"]["totals"]
        return sum(total["figures"]["clocks"] for total in totals)

    whole = counted()
    assert counted(("UNIT", [])) == whole == counted(("TOP", ["北京分部"])) == counted(("TIER", [None, "GOLD"]))
    assert counted(("DUTY", ["STATED", "INTERNAL"]), ("DUTY", ["STATED", "STATUTORY"])) == 1
    assert counted(("UNIT", ["前台"]), ("UNIT", ["北京分部"])) == 0


def test_a_period_is_of_dues_or_of_starts(screen: FrontEnd) -> None:
    due = (BEGUN + 3 * DAY).isoformat()
    assert len(rows(screen.ask(REPORT, **{"from": due}))) == 2
    assert len(rows(screen.ask(REPORT, before=due))) == 1
    assert rows(screen.ask(REPORT, by="STARTED", before=BEGUN.isoformat())) == []


def test_more_rows_than_were_asked_for_are_told(screen: FrontEnd) -> None:
    answer = screen.ask(REPORT, groupBy=["UNIT"], mostRows=1)["complianceReport"]
    assert (len(answer["rows"]), answer["hasMore"], len(answer["totals"])) == (1, True, 3)
    assert screen.code(REPORT, mostRows=1001) == "PAGE_TOO_LARGE"


def test_what_cannot_be_asked_is_told(screen: FrontEnd) -> None:
    (error,) = screen.errors(REPORT, filter=[{"field": "TIER", "values": ["gold"]}])
    assert (error["extensions"]["code"], "there is KEY, GOLD" in error["message"]) == ("BAD_ARGUMENTS", True), error
    assert screen.code(REPORT, filter=[{"field": "UNIT", "values": ["\0"]}]) == "BAD_ARGUMENTS"


def test_the_clocks_of_so_many_rows_at_once_are_refused(screen: FrontEnd) -> None:
    nodes = "nodes { id }"
    aliases = " ".join(f"a{number}: clocks(first: 1) {{ {nodes} }}" for number in range(29))
    asked = f"{{ complianceReport(groupBy: [UNIT, TARGET]) {{ rows {{ {aliases} }} }} }}"
    errors = screen.errors(asked)
    assert {error["extensions"]["code"] for error in errors} == {"DOCUMENT_TOO_LARGE"}
