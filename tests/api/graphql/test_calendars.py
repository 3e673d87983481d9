from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from api.app import create_app
from api.present import present
from domain.book import AllowSelfApproval, id_of_book
from domain.envelope import Submission
from domain.sla.zones import ZONE_DATA
from tests.api.graphql.asking import FrontEnd, asking
from tests.api.graphql.conftest import ACTOR, opened
from tests.conftest import Database

HOURS = ["09:00-12:00", "13:30-17:30"]
DOCUMENT: dict[str, Any] = {
    "name": "office",
    "title": {"en": "Office", "zh": "办公室"},
    "zone": "Asia/Shanghai",
    "week": {"mon": HOURS, "tue": HOURS, "wed": [], "thu": ["22:00-06:00"], "fri": [], "sat": [], "sun": []},
    "annualHolidays": ["05-01"],
    "holidays": [{"date": "2026-10-01", "name": "国庆节"}],
    "workingDays": [
        {"date": "2026-10-10", "like": "MON", "frames": [], "name": "2026-10-07 调休"},
        {"date": "2026-10-11", "like": None, "frames": ["10:00-11:00"], "name": None},
    ],
    "overrides": [{"date": "2026-12-31", "frames": []}],
    "breaks": [{"date": "2026-06-01", "frames": ["10:00-10:30"]}],
    "source": "国办发明电〔2025〕7号",
}
SHOWN = """
  version zoneData
  published { name version effectiveFrom approvedBy document { name } }
  proposals {
    proposal effectiveFrom reason requestedBy
    document {
      name title { en zh } zone week { mon tue wed thu fri sat sun } annualHolidays holidays { date name }
      workingDays { date like frames name } overrides { date frames } breaks { date frames } source
    }
  }
"""


def objections(front_end: FrontEnd, mutation: str, **asked: Any) -> list[tuple[str, list[str]]]:
    """The codes with which something was not done, and the fields at fault."""
    errors = front_end.change(mutation, "version", **asked)["userErrors"]
    return [(error["code"], error["field"]) for error in errors]


PROPOSED = {"document": DOCUMENT, "effectiveFrom": "2026-01-01", "reason": "announced", "requestedBy": "陈洁"}


@pytest.fixture
def new_book(database: Database) -> Iterator[FrontEnd]:
    """A front end of a book that nobody else writes in."""
    with opened(database) as workspace, asking(create_app(workspace, development_actor=ACTOR)) as running:
        yield running


def test_a_calendar_is_proposed_shown_published_and_declined(new_book: FrontEnd) -> None:
    front_end = new_book
    before = front_end.ask(f"{{ calendars {{ {SHOWN} }} }}")["calendars"]
    assert before == {"version": 0, "zoneData": ZONE_DATA, "published": [], "proposals": []}
    shown = front_end.done("proposeCalendar", SHOWN, **PROPOSED)
    assert shown == {
        "version": 1,
        "zoneData": ZONE_DATA,
        "published": [],
        "proposals": [
            {"proposal": 1, "effectiveFrom": "2026-01-01", "reason": "announced", "requestedBy": "陈洁",
             "document": DOCUMENT}
        ],
    }  # fmt: skip
    assert objections(front_end, "publishCalendar", proposal=1, approvedBy="陈洁") == [("SAME_PERSON", ["approvedBy"])]
    published = front_end.done("publishCalendar", SHOWN, proposal=1, approvedBy="李四")
    assert (published["proposals"], published["published"]) == (
        [],
        [{"name": "office", "version": 1, "effectiveFrom": "2026-01-01", "approvedBy": "李四",
          "document": {"name": "office"}}],
    )  # fmt: skip
    again = front_end.done("proposeCalendar", SHOWN, **PROPOSED)
    assert again == published
    longer = DOCUMENT | {"week": {"mon": ["09:00-20:00"]}}
    waiting = front_end.done("proposeCalendar", SHOWN, **PROPOSED | {"document": longer})["proposals"]
    assert waiting[0]["document"]["week"] == {
        day: ["09:00-20:00"] if day == "mon" else [] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    }
    asked = {"proposal": waiting[0]["proposal"], "reason": "last year's", "declinedBy": "李四"}
    assert objections(front_end, "declineCalendar", **asked, expectedVersion=1) == [
        ("STALE_VERSION", ["expectedVersion"])
    ]
    assert front_end.done("declineCalendar", SHOWN, **asked)["proposals"] == []
    assert objections(front_end, "publishCalendar", proposal=3, approvedBy="李四") == [
        ("ALREADY_DECIDED", ["proposal"])
    ]
    assert objections(front_end, "publishCalendar", proposal=99, approvedBy="李四") == [
        ("UNKNOWN_PROPOSAL", ["proposal"])
    ]
    elsewhere = PROPOSED | {"document": DOCUMENT | {"zone": "Europe/Berlin"}}
    assert objections(front_end, "proposeCalendar", **elsewhere) == [("CALENDAR_ZONE_DIFFERS", ["document"])]


def test_all_mistakes_of_a_calendar_are_told_at_the_fields_at_fault(front_end: FrontEnd) -> None:
    bad = DOCUMENT | {
        "zone": "Mars/Olympus",
        "week": {"mon": ["09:00-12:00", "11:00-13:00"]},
        "annualHolidays": ["13-01"],
        "workingDays": [{"date": "2026-10-10"}],
        "overrides": [{"date": "2026-12-31", "frames": ["9-10"]}],
    }
    assert objections(front_end, "proposeCalendar", **PROPOSED | {"document": bad}) == [
        ("INVALID_INPUT", ["document", "annualHolidays", "0"]),
        ("INVALID_INPUT", ["document", "overrides", "0", "frames", "0"]),
        ("INVALID_INPUT", ["document", "week", "mon", "1"]),
        ("INVALID_INPUT", ["document", "workingDays", "0"]),
        ("INVALID_INPUT", ["document", "zone"]),
    ]
    assert objections(front_end, "proposeCalendar", **PROPOSED | {"reason": ""}) == [("INVALID_INPUT", ["reason"])]


@pytest.mark.parametrize("day", ["2026-02-30", "20260101", "2026-W01-1", "2026-01-01T00:00:00Z"])
def test_what_is_no_date_is_refused_before_anything_is_done(front_end: FrontEnd, day: str) -> None:
    document = "mutation ($input: ProposeCalendarInput!) { proposeCalendar(input: $input) { userErrors { code } } }"
    asked = PROPOSED | {"effectiveFrom": day, "commandId": "0e3c7a5e-8f1a-4a51-9d0f-3a8a6c1f0001"}
    (error,) = front_end.errors(document, input=asked)
    assert "is no date; write one such as 2026-03-02" in error["message"]


def test_a_calendar_that_somebody_proposed_and_published_is_listed_among_own_approvals(database: Database) -> None:
    with opened(database) as workspace, asking(create_app(workspace, development_actor=ACTOR)) as front_end:
        allow = AllowSelfApproval(
            at=present(workspace.ledger), book_id=id_of_book("main"), reason="one clerk", decided_by="Director Li"
        )
        workspace.ledger.carry_out(Submission(uuid4(), (allow,), ACTOR, "test", times_stated=False))
        front_end.done("proposeCalendar", **PROPOSED, shown="version")
        front_end.done("publishCalendar", proposal=1, approvedBy="陈洁", shown="version")
        token = front_end.ask("{ ledgerHead { consistencyToken } }")["ledgerHead"]["consistencyToken"]
        shown = "nodes { requestedBy decidedBy overrides event { topic } }"
        own = "filter: {override: [OWN_APPROVAL]}, consistencyToken: $token"
        asked = f"query ($token: ConsistencyToken) {{ auditTrail({own}) {{ {shown} }} }}"
        assert front_end.ask(asked, token=token)["auditTrail"]["nodes"] == [{
            "requestedBy": "陈洁", "decidedBy": "陈洁", "overrides": ["OWN_APPROVAL"],
            "event": {"topic": "calendar-published.1"},
        }]  # fmt: skip
        counted = front_end.ask("{ overrides { actor counts { kind events } } }")["overrides"]
        assert {"kind": "OWN_APPROVAL", "events": 1} in [count for each in counted for count in each["counts"]]


def test_what_was_decided_of_calendars_stands_in_the_audit_trail(front_end: FrontEnd) -> None:
    front_end.done("proposeCalendar", **PROPOSED | {"document": DOCUMENT | {"name": "trailed"}}, shown="version")
    token = front_end.ask("{ ledgerHead { consistencyToken } }")["ledgerHead"]["consistencyToken"]
    asked = "query ($token: ConsistencyToken) { auditTrail(first: 1, consistencyToken: $token) { nodes { %s } } }"
    shown = "subjectKind event { topic data } changes { field after }"
    (entry,) = front_end.ask(asked % shown, token=token)["auditTrail"]["nodes"]
    assert (entry["subjectKind"], entry["event"]["topic"]) == ("CALENDAR", "calendar-proposed.1")
    assert entry["event"]["data"]["document"]["name"] == "trailed"
    changes = {change["field"]: change["after"] for change in entry["changes"]}
    (proposal,) = (field for field, after in changes.items() if after == "trailed")
    assert changes[proposal.replace("document/name", "requested_by")] == "陈洁"
