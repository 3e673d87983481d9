from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from api.app import create_app
from api.graphql.what_if import MOST_CASES
from api.workspace import NewBook, Workspace
from domain.book import BookTime
from domain.case.commands import ReceiveCase, RegisterCase, ResolveCase
from domain.case.events import CaseKind, Outcome
from domain.channel import Channel
from ledger.outcome import Accepted
from tests.api.graphql.asking import FrontEnd, asking
from tests.api.graphql.conftest import ACTOR, opened
from tests.conftest import Database
from tests.ledger.submissions import submission
from tests.ledger.test_terms import DESK, POLICY, publish_calendar, publish_policy

BOOK_OPENED = datetime.fromisoformat("2026-01-05T09:00:00+08:00")
MONDAY = datetime.fromisoformat("2026-01-12T09:00:00+08:00")
TITLE = {"en": "In time", "zh": "按时"}
ONE_DAY: dict[str, Any] = {
    "name": "promises",
    "title": TITLE,
    "regime": "internal",
    "zone": "Asia/Shanghai",
    "calendar": "desk",
    "rules": [{"id": "others", "targets": ["days"]}],
    "targets": [
        {"id": "days", "title": TITLE, "kind": "RESOLUTION", "clock": {"type": "BUSINESS_DAYS", "count": 1},
         "stop": "case-resolved"}
    ],
}  # fmt: skip
"""The policy with one business day instead of three, and nothing else."""
CLOSED: dict[str, Any] = {
    "name": "desk",
    "title": {"en": "Desk"},
    "zone": "Asia/Shanghai",
    "week": {day: ["09:00-12:00", "13:30-17:30"] for day in ("mon", "tue", "wed", "thu", "fri")},
    "holidays": [{"date": "2026-01-13", "name": "闭馆"}],
    "source": "test",
}
ASKED = """
query WhatIf($input: WhatIfInput!, $first: Int = 20, $kinds: [HypotheticalFlipKind!]) {
  whatIf(input: $input) {
    hypothetical position at inThePlaceOf cases casesWithFlips flipCount(kinds: $kinds)
    totals {
      policy target statutory actual { clocks kept missed undecided }
      hypothetical { clocks kept missed undecided } flips { kind count }
    }
    flips(first: $first, kinds: $kinds) {
      kind caseId number sourceKey
      actual { policy rule target verdict dueOn } hypothetical { policy rule target verdict dueAt dueOn zone }
      reasons { kind was now en zh days { day was now } }
    }
  }
}
"""


def tell(workspace: Workspace, *lives: tuple[int, datetime, int]) -> None:
    """Cases, received and registered at a time, and resolved so many days later."""
    told = []
    for number, at, days in lives:
        case_id, resolved = UUID(int=number), at + timedelta(days=days)
        told += [
            submission(
                ReceiveCase(at=at, case_id=case_id, kind=CaseKind.COMPLAINT, channel=Channel.HOTLINE,
                            source_key=f"T-{number}"),
                RegisterCase(at=at, case_id=case_id), at=at),
            submission(ResolveCase(at=resolved, case_id=case_id, outcome=Outcome.SOLVED, redress=None), at=resolved),
        ]  # fmt: skip
    told.sort(key=lambda each: each.said_at or BOOK_OPENED)
    for outcome in workspace.ledger.carry_out_all(told):
        assert isinstance(outcome, Accepted), outcome


@contextmanager
def promising(database: Database) -> Iterator[Workspace]:
    """A simulated book that promises three business days, with two cases."""
    book = NewBook(BookTime.SIMULATED, "Asia/Shanghai", BOOK_OPENED)
    with opened(database, new_book=book) as made:
        publish_calendar(made.ledger, DESK, at=BOOK_OPENED)
        publish_policy(made.ledger, POLICY, at=BOOK_OPENED)
        tell(made, (1, MONDAY, 2), (2, MONDAY + timedelta(days=1), 1))
        yield made


@pytest.fixture(scope="module")
def workspace(module_database: Database) -> Iterator[Workspace]:
    """The book that the tests of this module share."""
    with promising(module_database) as made:
        yield made


@pytest.fixture(scope="module")
def front_end(workspace: Workspace) -> Iterator[FrontEnd]:
    """A front end over that book."""
    with asking(create_app(workspace, development_actor=ACTOR)) as running:
        yield running


def supposing(front_end: FrontEnd, first: int = 20, kinds: list[str] | None = None, **asked: Any) -> dict[str, Any]:
    """The outcome of a hypothesis, as of the first of February."""
    variables = {"input": {"at": "2026-02-01T00:00:00Z", **asked}, "first": first, "kinds": kinds}
    outcome: dict[str, Any] = front_end.ask(ASKED, **variables)["whatIf"]
    return outcome


def problem(front_end: FrontEnd, **asked: Any) -> tuple[str, dict[str, Any]]:
    (error,) = front_end.errors(ASKED, input=asked)
    return error["extensions"]["code"], error["extensions"].get("params", {})


def test_a_policy_is_supposed_and_nothing_is_written(front_end: FrontEnd, workspace: Workspace) -> None:
    head = workspace.ledger.head()
    outcome = supposing(front_end, policy=ONE_DAY)
    assert {name: outcome[name] for name in ("hypothetical", "position", "at", "inThePlaceOf", "flipCount")} == {
        "hypothetical": True,
        "position": head,
        "at": "2026-02-01T00:00:00.000000Z",
        "inThePlaceOf": "promises",
        "flipCount": 4,
    }
    missed, vanished, moved, _ = outcome["flips"]
    assert (missed["kind"], missed["number"], missed["sourceKey"]) == ("KEPT_TO_MISSED", "C2026-000001", "T-1")
    assert (missed["actual"]["verdict"], missed["hypothetical"]["verdict"]) == ("KEPT", "MISSED")
    assert missed["hypothetical"]["dueAt"] == "2026-01-13T16:00:00.000000Z"
    assert [(reason["kind"], reason["days"]) for reason in missed["reasons"]] == [("AMOUNT", [])]
    assert missed["reasons"][0]["en"].startswith("It would have 1 working day")
    assert (vanished["kind"], vanished["hypothetical"]) == ("VANISHES", None)
    assert [(reason["kind"], reason["zh"]) for reason in vanished["reasons"]] == [
        ("TARGET", "规则将不再要求目标 dispatched。")
    ]
    assert moved["kind"] == "DUE_MOVES"
    assert outcome["totals"][0] == {
        "policy": "promises",
        "target": "days",
        "statutory": False,
        "actual": {"clocks": 2, "kept": 2, "missed": 0, "undecided": 0},
        "hypothetical": {"clocks": 2, "kept": 1, "missed": 1, "undecided": 0},
        "flips": [{"kind": "KEPT_TO_MISSED", "count": 1}, {"kind": "DUE_MOVES", "count": 1}],
    }
    assert workspace.ledger.head() == head


def test_a_calendar_is_supposed_and_tells_its_days(front_end: FrontEnd) -> None:
    # The other case was received on the day that differs, which is not counted.
    (flip,) = supposing(front_end, calendar=CLOSED)["flips"]
    (reason,) = flip["reasons"]
    assert (reason["kind"], reason["was"], reason["now"]) == ("CALENDAR", "desk", "desk")
    assert reason["days"] == [{"day": "2026-01-13", "was": "09:00-12:00, 13:30-17:30", "now": "closed (闭馆)"}]
    assert supposing(front_end, calendar=CLOSED, calendarEffectiveFrom="2026-01-20")["flips"] == []


def test_flips_are_chosen_by_kind_and_cut(front_end: FrontEnd) -> None:
    outcome = supposing(front_end, first=1, kinds=["VANISHES"], policy=ONE_DAY)
    assert ([flip["kind"] for flip in outcome["flips"]], outcome["flipCount"]) == (["VANISHES"], 2)
    assert front_end.code(ASKED, input={"policy": ONE_DAY}, first=101) == "PAGE_TOO_LARGE"


def test_cases_are_chosen(front_end: FrontEnd) -> None:
    def keys(**asked: Any) -> list[str]:
        outcome = supposing(front_end, kinds=["DUE_MOVES", "KEPT_TO_MISSED"], policy=ONE_DAY, **asked)
        return [flip["sourceKey"] for flip in outcome["flips"]]

    assert keys(receivedFrom="2026-01-13T00:00:00+08:00") == ["T-2"]
    assert keys(receivedBefore="2026-01-13T00:00:00+08:00") == ["T-1"]
    assert keys(policyEffectiveFrom="2026-01-13") == ["T-2"]
    assert keys(unit="nobody's") == []
    assert front_end.ask(ASKED, input={"policy": ONE_DAY, "kinds": ["REQUEST"]})["whatIf"]["cases"] == 0
    chosen = supposing(front_end, policy=ONE_DAY)["flips"][-1]["caseId"]
    assert keys(caseIds=[chosen]) == ["T-2"]


def test_a_hypothesis_with_mistakes_is_told_with_all_of_them_and_their_places(front_end: FrontEnd) -> None:
    (target,) = ONE_DAY["targets"]
    bad = {**ONE_DAY, "targets": [{**target, "stop": "case-resolvd", "clock": {"type": "BUSINESS_DAYS", "count": 0}}]}
    code, params = problem(front_end, policy=bad)
    assert (code, [each["field"] for each in params["mistakes"]]) == (
        "BAD_HYPOTHESIS",
        [["policy", "targets", "0", "clock", "count"], ["policy", "targets", "0", "stop"]],
    )
    code, params = problem(front_end, policy=ONE_DAY, calendar={**CLOSED, "zone": "Asia/Nowhere"})
    assert (code, [each["field"] for each in params["mistakes"]]) == ("BAD_HYPOTHESIS", [["calendar", "zone"]])


@pytest.mark.parametrize(
    ("asked", "code", "refused"),
    [
        ({}, "BAD_ARGUMENTS", (None, None)),
        ({"policy": ONE_DAY, "calendarEffectiveFrom": "2026-01-01"}, "BAD_ARGUMENTS", (None, None)),
        ({"calendar": CLOSED, "insteadOf": "promises"}, "BAD_ARGUMENTS", (None, None)),
        ({"policy": ONE_DAY, "unit": "a\0b"}, "BAD_ARGUMENTS", (None, None)),
        ({"policy": ONE_DAY, "policyEffectiveFrom": "1899-12-31"}, "BAD_ARGUMENTS", (None, None)),
        ({"policy": ONE_DAY, "policyEffectiveFrom": "9999-12-31"}, "BAD_ARGUMENTS", (None, None)),
        ({"calendar": CLOSED, "calendarEffectiveFrom": "2200-01-01"}, "BAD_ARGUMENTS", (None, None)),
        ({"policy": ONE_DAY, "at": "0001-01-01T00:00:00Z"}, "BAD_ARGUMENTS", (None, None)),
        ({"policy": ONE_DAY, "at": "9999-12-31T23:59:59Z"}, "BAD_ARGUMENTS", (None, None)),
        ({"policy": ONE_DAY, "caseIds": ["nonsense"]}, "BAD_ID", (None, None)),
        ({"policy": {**ONE_DAY, "calendar": "moon"}}, "BAD_HYPOTHESIS", ("UNKNOWN_CALENDAR", "policy")),
        ({"policy": ONE_DAY, "insteadOf": "promise"}, "BAD_HYPOTHESIS", ("UNKNOWN_POLICY", "insteadOf")),
        ({"calendar": {**CLOSED, "zone": "Europe/London"}}, "BAD_HYPOTHESIS", ("CALENDAR_ZONE_DIFFERS", "calendar")),
        ({"policy": ONE_DAY, "caseIds": ["x"] * (MOST_CASES + 1)}, "TOO_MANY_CASES", (None, None)),
    ],
)
def test_what_cannot_be_answered_says_why(
    front_end: FrontEnd, asked: dict[str, Any], code: str, refused: tuple[str | None, str | None]
) -> None:
    told, params = problem(front_end, **asked)
    assert (told, (params.get("refusal"), params.get("field"))) == (code, refused)


def test_more_cases_than_one_request_may_look_at_are_refused_before_any_is_read(database: Database) -> None:
    late = datetime.fromisoformat("2026-03-02T09:00:00+08:00")
    with promising(database) as full, asking(create_app(full, development_actor=ACTOR)) as front_end:
        tell(full, *((100 + number, late, 0) for number in range(MOST_CASES + 1)))
        assert problem(front_end, policy=ONE_DAY) == ("TOO_MANY_CASES", {"limit": MOST_CASES})
        early = supposing(front_end, policy=ONE_DAY, receivedBefore="2026-03-01T00:00:00Z")
        assert early["cases"] == 2
