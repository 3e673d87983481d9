"""The compliance report as it was known earlier, in GraphQL."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from api.app import create_app
from api.graphql import compliance_known
from api.workspace import NewBook
from domain.book import BookTime
from tests.api.graphql.asking import FrontEnd, asking
from tests.api.graphql.conftest import ACTOR, opened
from tests.api.published import BEGUN, write, write_on
from tests.conftest import Database

REPORT = """
query Report($known: ComplianceKnown, $groupBy: [ComplianceField!], $filter: [ComplianceCondition!]) {
  complianceReport(known: $known, groupBy: $groupBy, filter: $filter) {
    knownPosition knownBy knownAt validAt
    versions { policies { name version } calendars { name version } zoneData engine }
    totals { ...Row }
    rows { ...Row }
  }
}
fragment Row on ComplianceRow {
  duty group { field value }
  figures { clocks kept missed revised restsOnLate keptShare { met total } elapsed { medianSeconds } }
  clocks(figure: MISSED, first: 3) {
    nodes {
      __typename id position state dueAt countedSeconds remainingSeconds verdicts { whenDue now }
      segments { begin end counted why } upcoming { begin end } explanation { en zh steps { ledTo } }
    }
    pageInfo { hasNextPage endCursor }
  }
}
"""
ASKED: list[dict[str, Any]] = [
    {"groupBy": ["BRANCH", "TARGET"]},
    {"groupBy": ["TOP", "TIER"], "filter": [{"field": "DUTY", "values": ["INTERNAL"]}]},
    {},
]


def nodes(report: Any) -> list[Any]:
    """The clocks behind the figures of a report."""
    return [clock for row in (*report["totals"], *report["rows"]) for clock in row["clocks"]["nodes"]]


def ids(report: Any) -> set[str]:
    return {clock["id"] for clock in nodes(report)}


def kinds(report: Any) -> set[str]:
    return {clock["__typename"] for clock in nodes(report)}


def without_ids(report: Any) -> Any:
    """The report without what says as known when its clocks are shown."""
    told = deepcopy(report)
    for clock in nodes(told):
        del clock["id"], clock["__typename"]
    return told


@pytest.fixture(scope="module")
def published(module_database: Database) -> Iterator[tuple[FrontEnd, list[dict[str, Any]]]]:
    """Somebody's screen on a book that was written on, and the reports that it showed before."""
    with opened(module_database, new_book=NewBook(BookTime.SIMULATED, "Asia/Shanghai", BEGUN)) as workspace:
        write(workspace.ledger)
        with asking(create_app(workspace, development_actor=ACTOR)) as screen:
            assert workspace.runner.wait_for(workspace.ledger.head(), 20)
            before = [screen.ask(REPORT, **asked)["complianceReport"] for asked in ASKED]
            write_on(workspace.ledger)
            assert workspace.runner.wait_for(workspace.ledger.head(), 20)
            yield screen, before


@pytest.fixture
def screen(published: tuple[FrontEnd, list[dict[str, Any]]]) -> FrontEnd:
    return published[0]


def test_a_published_report_is_given_again_with_the_clocks_behind_it_and_why_they_stood_so(
    published: tuple[FrontEnd, list[dict[str, Any]]],
) -> None:
    screen, reports = published
    for asked, before in zip(ASKED, reports, strict=True):
        known = {"knownPosition": before["knownPosition"], "validAt": before["validAt"]}
        again = screen.ask(REPORT, known=known, **asked)["complianceReport"]
        assert without_ids(again) == without_ids(before)
        # A cache would take what was known then for what is so, if they were the same things.
        assert ids(again).isdisjoint(ids(before))
        assert kinds(again) == {"SlaClockSnapshot"}
        assert kinds(before) == {"SlaClock"}
        assert any(row["clocks"]["nodes"] for row in before["rows"])
        assert screen.ask(REPORT, **asked)["complianceReport"]["rows"] != before["rows"]


def test_what_was_recorded_by_an_instant_is_known_then(published: tuple[FrontEnd, list[dict[str, Any]]]) -> None:
    screen, (before, *_) = published
    answer = screen.ask(REPORT, known={"knownAt": before["validAt"]}, **ASKED[0])["complianceReport"]
    assert without_ids(answer) == without_ids(before)


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({}, "by knownAt or by knownPosition as known when, or by validAt"),
        ({"knownPosition": 3, "knownAt": "2099-03-02T09:00:00Z"}, "one of the two"),
        ({"knownPosition": 3, "knownBy": "SOURCE"}, "A source has no positions"),
        ({"knownPosition": 0}, "Position 0 is not in book 'main'"),
        ({"knownPosition": 99_999}, "which has positions 1 to"),
        ({"knownAt": "2098-03-02T09:00:00Z"}, "Nothing had been recorded in book 'main' by then"),
        ({"knownPosition": 3, "validAt": "2199-03-02T09:00:00Z"}, "has not come yet"),
    ],
)
def test_what_was_not_known_or_cannot_be_asked_is_told(screen: FrontEnd, known: dict[str, Any], said: str) -> None:
    (error,) = screen.errors(REPORT, known=known)
    assert (error["extensions"]["code"], said in error["message"]) == ("BAD_ARGUMENTS", True), error


def test_of_more_cases_than_one_request_may_work_out_it_is_told_where_to_ask(
    screen: FrontEnd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compliance_known, "MOST_CASES", 4)
    assert screen.ask(REPORT, known={"knownPosition": 20})["complianceReport"]["knownPosition"] == 20
    (error,) = screen.errors(REPORT, known={"knownAt": "2099-03-22T01:00:00Z"})
    assert error["extensions"] == {"code": "TOO_MANY_CASES", "params": {"limit": 4}}
    assert "more than 4 cases and obligations" in error["message"]
    assert "`daybook sla report --known" in error["message"]
