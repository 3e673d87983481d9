"""What front ends get wrong about policies, calendars and extensions: each is named, and nothing is written."""

from collections.abc import Iterator
from typing import Any

import pytest

from api.app import create_app
from tests.api.graphql.asking import FrontEnd, asking
from tests.api.graphql.conftest import ACTOR, opened
from tests.api.graphql.test_calendars import DOCUMENT as CALENDAR
from tests.api.graphql.test_whole_life import a_case
from tests.conftest import Database

TARGET: dict[str, Any] = {
    "id": "resolution",
    "title": {"en": "Solved"},
    "kind": "RESOLUTION",
    "clock": {"type": "CALENDAR_DAYS", "count": 15},
    "stop": "case-resolved",
    "pauses": {"grounds": ["CUSTOMER"]},
    "extensions": [
        {
            "id": "complex",
            "length": {"count": 15},
            "mode": "ADD_TO_RAW",
            "approverRole": "supervisor",
            "evidence": True,
            "notice": True,
        }
    ],
}
POLICY: dict[str, Any] = {
    "name": "group-service",
    "title": {"en": "Service"},
    "regime": "internal",
    "zone": "Asia/Shanghai",
    "calendar": "office",
    "rules": [{"id": "all", "targets": ["resolution"]}],
    "targets": [TARGET],
}
PROPOSED: dict[str, Any] = {"effectiveFrom": "2026-01-01", "reason": "agreed", "requestedBy": "陈洁"}
ALL_DAY = ["00:00-24:00"]
RUNGS = [{"level": 2, "atPercent": 50, "toUnit": "North"}, {"level": 1, "atPercent": 100, "toUnit": "North"}]
MORE: dict[str, Any] = {"policy": "group-service", "target": "resolution", "step": "complex", "reason": "two trades"}
MORE |= {"requestedBy": "ada", "evidence": "letter 7"}


@pytest.fixture(scope="module")
def standards(module_database: Database) -> Iterator[FrontEnd]:
    """A front end of a book with a calendar and a policy that has applied for a while."""
    with opened(module_database) as workspace, asking(create_app(workspace, development_actor=ACTOR)) as running:
        running.done("proposeCalendar", **PROPOSED, document=CALENDAR, shown="version")
        running.done("publishCalendar", proposal=1, approvedBy="李四", shown="version")
        running.done("proposePolicy", **PROPOSED, document=POLICY, shown="version")
        running.done("publishPolicy", proposal=1, approvedBy="李四", shown="version")
        yield running


def head(front_end: FrontEnd) -> Any:
    return front_end.ask("{ ledgerHead { position } }")


def objections(front_end: FrontEnd, mutation: str, shown: str = "version", **asked: Any) -> list[tuple[str, Any]]:
    """The codes with which something was not done, and the fields at fault; nothing is written."""
    before = head(front_end)
    errors = front_end.change(mutation, shown, **asked)["userErrors"]
    assert head(front_end) == before
    return [(error["code"], error["field"]) for error in errors]


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"targets": [TARGET | {"stop": "responce-sent"}]}, ["targets", "0", "stop"]),
        ({"targets": [TARGET | {"escalations": RUNGS}]}, ["targets", "0", "escalations", "1", "level"]),
        ({"targets": [TARGET | {"onExpiry": "OPENS", "opens": "resolution"}]}, ["targets", "0", "opens"]),
        ({"rules": [{"id": "all", "targets": []}]}, ["rules", "0", "targets"]),
    ],
    ids=["no event stops it", "a ladder that leads back", "a target that opens itself", "a rule without targets"],
)
def test_a_policy_that_cannot_work_is_named_at_its_place(standards: FrontEnd, wrong: Any, place: list[str]) -> None:
    document = POLICY | {"name": "other"} | wrong
    found = objections(standards, "proposePolicy", **PROPOSED, document=document)
    assert ("INVALID_INPUT", ["document", *place]) in found


@pytest.mark.parametrize(
    ("week", "place"),
    [
        ({"mon": ["09:00-12:00", "11:00-13:00"]}, ["week", "mon", "1"]),
        ({"mon": ["22:00-06:00"], "tue": ["05:00-12:00"]}, ["week", "tue", "0"]),
        ({}, ["week"]),
        ({"mon": [], "sun": []}, ["week"]),
    ],
    ids=["frames overlap", "a night runs into the next day", "no hours", "days without hours"],
)
def test_a_calendar_that_cannot_be_is_named_at_its_place(standards: FrontEnd, week: Any, place: list[str]) -> None:
    document = CALENDAR | {"name": "other", "week": week}
    found = objections(standards, "proposeCalendar", **PROPOSED, document=document)
    assert ("INVALID_INPUT", ["document", *place]) in found


@pytest.mark.parametrize(
    ("mutation", "document"),
    [
        ("proposePolicy", POLICY | {"name": "other", "colour": "red"}),
        ("proposePolicy", POLICY | {"name": "other", "targets": [TARGET | {"until": "case-resolved"}]}),
        ("proposeCalendar", CALENDAR | {"name": "other", "hours": ALL_DAY}),
        ("proposeCalendar", CALENDAR | {"name": "other", "week": {"funday": ALL_DAY}}),
    ],
)
def test_a_field_that_there_is_not_is_refused_by_the_schema(
    standards: FrontEnd, mutation: str, document: dict[str, Any]
) -> None:
    before = head(standards)
    kind = f"{mutation[0].upper()}{mutation[1:]}Input"
    asked = PROPOSED | {"document": document, "commandId": "0e3c7a5e-8f1a-4a51-9d0f-3a8a6c1f0042"}
    (error,) = standards.errors(
        f"mutation ($input: {kind}!) {{ {mutation}(input: $input) {{ userErrors {{ code }} }} }}", input=asked
    )
    assert "not to include unknown field" in error["message"]
    assert error["extensions"]["code"] == "BAD_DOCUMENT"
    assert head(standards) == before


def test_a_day_before_what_has_applied_is_refused_unless_cases_are_to_be_reassigned(standards: FrontEnd) -> None:
    earlier = PROPOSED | {"effectiveFrom": "2025-06-01", "document": POLICY | {"note": "from the beginning"}}
    assert objections(standards, "proposePolicy", **earlier) == [("POLICY_BACK_DATED", ["effectiveFrom"])]
    standards.done("proposePolicy", **earlier, reassign=True, shown="version")


def test_more_time_is_refused_beyond_the_ladder_and_without_evidence_role_or_notice(standards: FrontEnd) -> None:
    case = a_case(standards)
    about: dict[str, Any] = {"caseId": case}

    def refused(mutation: str, **asked: Any) -> list[tuple[str, Any]]:
        return objections(standards, mutation, "id", **about, **asked)

    assert refused("requestExtension", **MORE | {"step": "goodwill"}) == [("OFF_THE_LADDER", ["step"])]
    assert refused("requestExtension", **MORE | {"target": "reply"}) == [("UNKNOWN_TARGET", ["target"])]
    assert refused("requestExtension", **MORE | {"evidence": None}) == [("EVIDENCE_NEEDED", ["evidence"])]
    (asked,) = standards.done("requestExtension", "deadlineRequests { request }", **about, **MORE)["deadlineRequests"]
    decision = {**asked, "approvedBy": "grace"}
    assert refused("approveExtension", **decision | {"approvedBy": "ada"}) == [("SAME_PERSON", ["approvedBy"])]
    assert refused("approveExtension", **decision) == [("ROLE_NEEDED", ["approverRole"])]
    assert refused("approveExtension", **decision, approverRole="clerk") == [("ROLE_NEEDED", ["approverRole"])]
    decision["approverRole"] = "supervisor"
    assert refused("approveExtension", **decision) == [("NOTICE_NEEDED", ["request"])]
    standards.done("notifyComplainant", "id", **about, of="EXTENSION", version=asked["request"])
    standards.done("approveExtension", "id", **about, **decision)
    assert refused("requestExtension", **MORE | {"reason": "once more"}) == [("STEP_USED_UP", ["step"])]


def test_a_pause_on_a_ground_that_no_target_allows_is_refused_and_the_grounds_that_one_allows_are_named(
    standards: FrontEnd,
) -> None:
    case = a_case(standards)
    before = head(standards)
    asked = standards.change("pauseCase", "status", caseId=case, ground="VENDOR")
    (error,) = asked["userErrors"]
    assert (error["code"], error["field"]) == ("GROUND_NOT_ALLOWED", ["ground"])
    assert "they allow customer. Pause it on one of these" in error["message"]
    assert head(standards) == before
    paused = standards.done("pauseCase", "status clocks { state }", caseId=case, ground="CUSTOMER")
    assert paused == {"status": "PAUSED", "clocks": [{"state": "PAUSED"}]}


def test_a_pause_that_two_people_agree_on_takes_no_ground_that_is_allowed_and_stops_no_clock(
    standards: FrontEnd,
) -> None:
    case = a_case(standards)
    shown = "clocks { target state dueAt }"
    before = standards.ask("query Of($id: ID!) { case(id: $id) { " + shown + " } }", id=case)["case"]["clocks"]
    assert objections(standards, "pauseCase", "id", caseId=case, ground="OTHER") == [("APPROVAL_NEEDED", ["ground"])]
    standards.done("requestPause", "id", caseId=case, reason="the vendor is on strike", requestedBy="ada")
    paused = standards.done("approvePause", f"status {shown}", caseId=case, approvedBy="grace")
    assert paused["status"] == "PAUSED"
    assert paused["clocks"] == before
    assert [clock["state"] for clock in before] == ["RUNNING"]
