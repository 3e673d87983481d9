"""A dashboard in a simulated book whose present is what was recorded last."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from api.alarms.following import Alarms
from api.app import create_app
from api.workspace import NewBook, Workspace
from domain.book import BookTime
from domain.case.commands import PauseCase, SendResponse, TransferCase
from domain.case.events import PauseGround, ResponseKind
from domain.channel import Channel
from domain.event import rfc3339
from domain.unit.commands import OpenUnit
from domain.unit.events import UnitKind, id_of_unit
from tests.api.alarmed import case_id, hours, publish, receive, tell
from tests.api.graphql.asking import FrontEnd, asking
from tests.api.graphql.conftest import ACTOR, opened
from tests.api.published import BEGUN
from tests.conftest import Database

GROUP, DESK, NORTH, EAST = "集团", "客户服务处", "北京分部", "East"
NOW = BEGUN + hours(15)
SUMMARY = """
query Dashboard($unit: String, $subtree: Boolean! = true, $groupBy: [SlaSummaryField!], $dueWithin: Duration! = "PT24H",
  $keptSince: DateTime, $mostRows: Int! = 100) {
  slaSummary(unit: $unit, subtree: $subtree, groupBy: $groupBy, dueWithin: $dueWithin, keptSince: $keptSince,
    mostRows: $mostRows) {
    evaluatedAt dueBefore keptSince hasMore
    totals { ...Row }
    rows { ...Row }
  }
}
fragment Row on SlaSummaryRow {
  duty group { field value } running paused dueSoon warned overdue keptShare { met total }
}
"""


@pytest.fixture(scope="module")
def screen(module_database: Database) -> Iterator[FrontEnd]:
    """Replies are due within eight hours, with a warning after four: seven cases of three units at three in the night,
    and alarms that noted what was due until then."""
    with opened(module_database, new_book=NewBook(BookTime.SIMULATED, "Asia/Shanghai", BEGUN)) as workspace:
        ledger = workspace.ledger
        publish(ledger, BEGUN)
        for name, kind, above in ((GROUP, UnitKind.GROUP, None), (NORTH, UnitKind.BRANCH, GROUP),
                                  (EAST, UnitKind.BRANCH, GROUP), (DESK, UnitKind.DESK, NORTH)):  # fmt: skip
            parent = None if above is None else id_of_unit(above)
            tell(ledger, OpenUnit(at=BEGUN, name=name, kind=kind, parent=parent), at=BEGUN)
        receive(ledger, [1, 2, 3], BEGUN)
        answer(workspace, 1, hours(1))
        receive(ledger, [4, 5], BEGUN + hours(9))
        paused = BEGUN + hours(10)
        tell(ledger, PauseCase(at=paused, case_id=case_id(5), ground=PauseGround.CUSTOMER), at=paused)
        answer(workspace, 2, hours(12))
        for number, unit in ((3, EAST), (4, EAST)):
            tell(
                ledger, TransferCase(at=BEGUN + hours(12), case_id=case_id(number), to_unit=unit), at=BEGUN + hours(12)
            )
        Alarms(ledger, workspace.views, keeps_view=True).sweep(until=NOW)
        receive(ledger, [6], NOW)
        with asking(create_app(workspace, development_actor=ACTOR)) as running:
            assert workspace.runner.wait_for(ledger.head(), 20)
            yield running


def answer(workspace: Workspace, number: int, after: timedelta) -> None:
    at = BEGUN + after
    said = SendResponse(at=at, case_id=case_id(number), kind=ResponseKind.FIRST, channel=Channel.SMS)
    tell(workspace.ledger, said, at=at)


def summary(screen: FrontEnd, **asked: Any) -> Any:
    return screen.ask(SUMMARY, **asked)["slaSummary"]


def rows(screen: FrontEnd, **asked: Any) -> dict[str | None, tuple[int, ...]]:
    """By value: running, paused, due soon, warned, overdue, kept and decided."""
    return {
        row["group"][0]["value"]: (
            row["running"], row["paused"], row["dueSoon"], row["warned"], row["overdue"], *row["keptShare"].values(),
        )
        for row in summary(screen, **asked)["rows"]
    }  # fmt: skip


def test_a_dashboard_shows_how_the_clocks_of_the_book_stand_now(screen: FrontEnd) -> None:
    shown = summary(screen)
    assert shown == {
        "evaluatedAt": rfc3339(NOW), "dueBefore": rfc3339(NOW + hours(24)), "keptSince": None, "hasMore": False,
        "totals": [{
            "duty": "INTERNAL", "group": [], "running": 2, "paused": 1, "dueSoon": 2, "warned": 1, "overdue": 1,
            "keptShare": {"met": 1, "total": 3},
        }],
        "rows": [],
    }  # fmt: skip
    (total,) = summary(screen, dueWithin="PT2H30M", keptSince=rfc3339(BEGUN + hours(24)))["totals"]
    assert (total["dueSoon"], total["keptShare"]) == (1, {"met": 0, "total": 0})


def test_clocks_are_counted_with_the_unit_that_has_the_case_now(screen: FrontEnd) -> None:
    assert rows(screen, groupBy=["UNIT"]) == {EAST: (1, 0, 1, 1, 1, 0, 1), DESK: (1, 1, 1, 0, 0, 1, 2)}
    assert rows(screen, groupBy=["UNIT"], unit=NORTH) == {DESK: (1, 1, 1, 0, 0, 1, 2)}
    assert rows(screen, groupBy=["UNIT"], unit=NORTH, subtree=False) == {}
    assert rows(screen, groupBy=["UNIT"], unit="nowhere") == {}
    assert rows(screen, groupBy=["TARGET_KIND"], unit=EAST) == {"FIRST_RESPONSE": (1, 0, 1, 1, 1, 0, 1)}


def test_what_a_dashboard_counts_of_a_unit_and_of_those_below_it_is_listed_by_the_same_word(screen: FrontEnd) -> None:
    document = "query($where: SlaClockFilter) { slaTimers(filter: $where, first: 100) { nodes { id unit } } }"

    def listed(**where: str) -> list[str]:
        return [clock["unit"] for clock in screen.ask(document, where=where)["slaTimers"]["nodes"]]

    assert listed(below=DESK) == listed(below=NORTH) == listed(unit=DESK) == [DESK] * len(listed(unit=DESK)) != []
    assert sorted(listed(below=GROUP)) == sorted([*listed(unit=DESK), *listed(unit=EAST)])
    assert listed(unit=NORTH) == listed(below="nowhere") == listed(below=NORTH, unit=EAST) == []


def test_the_units_right_below_are_counted_with_everything_below_them(screen: FrontEnd) -> None:
    east, desk = (1, 0, 1, 1, 1, 0, 1), (1, 1, 1, 0, 0, 1, 2)
    assert rows(screen, groupBy=["SUBUNIT"], unit=GROUP) == {NORTH: desk, EAST: east}
    assert rows(screen, groupBy=["SUBUNIT"], unit=NORTH) == {DESK: desk}
    assert rows(screen, groupBy=["SUBUNIT"], unit=DESK) == {DESK: desk}
    assert rows(screen, groupBy=["SUBUNIT"]) == {GROUP: (2, 1, 2, 1, 1, 1, 3)}


def test_it_takes_one_statement_whatever_it_is_grouped_by(screen: FrontEnd, statements: list[str]) -> None:
    for groups in ([], ["UNIT"], ["TARGET", "TIER", "HANDLER"]):
        statements.clear()
        summary(screen, groupBy=groups)
        assert sum("sla_timer" in query for query in statements) == 1, groups


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"dueWithin": "a day"}, "BAD_ARGUMENTS"),
        ({"dueWithin": "-PT1H"}, "BAD_ARGUMENTS"),
        ({"dueWithin": "P9999999999D"}, "BAD_ARGUMENTS"),
        ({"dueWithin": "P367D"}, "BAD_ARGUMENTS"),
        ({"mostRows": 1001}, "PAGE_TOO_LARGE"),
        ({"mostRows": -1}, "PAGE_TOO_LARGE"),
        ({"unit": "\0"}, "BAD_ARGUMENTS"),
        ({"dueWithin": 24}, "BAD_DOCUMENT"),
        ({"groupBy": ["MONTH"]}, "BAD_DOCUMENT"),
    ],
)
def test_what_cannot_be_asked_is_told(screen: FrontEnd, asked: dict[str, Any], code: str) -> None:
    assert screen.code(SUMMARY, **asked) == code


def test_of_more_groups_than_were_asked_for_it_says_so(screen: FrontEnd) -> None:
    shown = summary(screen, groupBy=["UNIT"], mostRows=1)
    assert [row["group"][0]["value"] for row in shown["rows"]] == [EAST]
    assert shown["hasMore"]
