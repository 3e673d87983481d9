from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from api.graphql.identity import identity_of
from api.workspace import Workspace
from domain.case.deadline import NoteMiss
from domain.case.extension import ApproveExtension, DeclineExtension, RequestExtension
from domain.envelope import Actor, ActorKind, Submission
from domain.event import Command
from tests.api.graphql.asking import FrontEnd
from tests.api.graphql.test_whole_life import a_case

ALARM = Actor("alarms", ActorKind.ALARM)
CLOCK: dict[str, Any] = {"policy": "group-service", "target": "resolution", "cycle": 1, "instance": 1}
REQUESTS = """deadlineRequests {
  request kind state policy policyVersion target part cycle instance step evidence verdict cause reason requestedBy
  decidedBy declinedBecause
}"""
NOT_SAID = dict.fromkeys(
    ("policyVersion", "part", "cycle", "instance", "step", "evidence", "verdict", "cause", "decidedBy",
     "declinedBecause")
)  # fmt: skip


@pytest.fixture
def case_id(front_end: FrontEnd) -> str:
    """A registered complaint of a customer, held by North."""
    return a_case(front_end)


def tell(workspace: Workspace, case_id: str, command: type[Command], imported: bool = False, **said: Any) -> None:
    """Has something recorded that no front end asks for: what an alarm found, or what another system brought along."""
    asked = command(at=datetime.now(UTC), case_id=identity_of(case_id, "main").subject, **said)  # type: ignore[call-arg]
    workspace.ledger.carry_out(Submission(uuid4(), (asked,), ALARM, "alarm", imported=imported))


def missed(workspace: Workspace, case_id: str) -> None:
    found: dict[str, Any] = {"policy_version": 1, "calendar": "china", "calendar_version": 1, "zone_data": "2026a"}
    due = datetime(2026, 3, 23, 16, tzinfo=UTC)
    tell(workspace, case_id, NoteMiss, **CLOCK, **found, due_at=due, engine=1, basis=2, counted=60, explanation="Late.")


def test_a_verdict_is_revised_by_two_people(workspace: Workspace, front_end: FrontEnd, case_id: str) -> None:
    missed(workspace, case_id)
    about: dict[str, Any] = {"caseId": case_id}
    asked: dict[str, Any] = {"policy": "group-service", "target": "resolution", "now": "KEPT", "cause": "LATE_RECORD"}
    asked |= about | {"reason": "letter of the 20th", "requestedBy": "ada"}
    requested = front_end.done("requestRevision", REQUESTS, **asked)["deadlineRequests"]
    assert requested == [
        NOT_SAID | {
            "request": 4, "kind": "REVISION", "state": "REQUESTED", "policy": "group-service", "target": "resolution",
            "cycle": 1, "instance": 1, "verdict": "KEPT", "cause": "LATE_RECORD", "reason": "letter of the 20th",
            "requestedBy": "ada",
        }
    ]  # fmt: skip
    assert front_end.objections("requestRevision", **asked | {"requestedBy": "li"}) == [
        ("REVISION_ALREADY_REQUESTED", None)
    ]
    assert front_end.objections("approveRevision", **about, request=4, approvedBy="ada") == [
        ("SAME_PERSON", ["approvedBy"])
    ]
    approved = front_end.done("approveRevision", REQUESTS, **about, request=4, approvedBy="grace")
    assert approved["deadlineRequests"] == [requested[0] | {"state": "APPROVED", "decidedBy": "grace"}]
    assert front_end.objections("requestRevision", **asked) == [("VERDICT_ALREADY_SO", ["now"])]
    assert front_end.objections("declineRevision", **about, request=4, reason="no", declinedBy="li") == [
        ("ALREADY_DECIDED", ["request"])
    ]


def test_a_case_that_was_promised_nothing_has_nothing_to_be_extended(front_end: FrontEnd, case_id: str) -> None:
    more = {"policy": "group-service", "target": "resolution", "step": "goodwill", "reason": "x", "requestedBy": "ada"}
    assert front_end.objections("requestExtension", caseId=case_id, **more) == [("UNKNOWN_TARGET", ["target"])]
    decision = {"caseId": case_id, "request": 2}
    assert front_end.objections("approveExtension", **decision, approvedBy="grace") == [
        ("UNKNOWN_REQUEST", ["request"])
    ]
    assert front_end.objections("declineExtension", **decision, reason="no", declinedBy="grace") == [
        ("UNKNOWN_REQUEST", ["request"])
    ]


def test_a_policy_that_nobody_published_does_not_hold_for_anything(front_end: FrontEnd, case_id: str) -> None:
    other = {"policy": "group-service", "policyVersion": 2, "reason": "published late", "requestedBy": "ada"}
    assert front_end.objections("requestReassignment", caseId=case_id, **other) == [
        ("UNKNOWN_POLICY_VERSION", ["policy"])
    ]
    decision = {"caseId": case_id, "request": 2}
    assert front_end.objections("approveReassignment", **decision, approvedBy="grace") == [
        ("UNKNOWN_REQUEST", ["request"])
    ]
    assert front_end.objections("declineReassignment", **decision, reason="no", declinedBy="grace") == [
        ("UNKNOWN_REQUEST", ["request"])
    ]


def test_requests_that_another_system_brought_along_are_shown_with_what_came_of_them(
    workspace: Workspace, front_end: FrontEnd, case_id: str
) -> None:
    more: dict[str, Any] = {"policy": "old-desk", "target": "resolution", "step": "goodwill", "reason": "flood"}
    tell(workspace, case_id, RequestExtension, imported=True, **more, requested_by="ada")
    tell(workspace, case_id, DeclineExtension, imported=True, request=3, reason="no ground", declined_by="grace")
    tell(workspace, case_id, ApproveExtension, imported=True, request=3, approved_by="li")
    asked = "query Asked($id: ID!) { case(id: $id) { " + REQUESTS + " } }"
    case = front_end.ask(asked, id=case_id)["case"]
    assert case["deadlineRequests"] == [
        NOT_SAID | {
            "request": 3, "kind": "EXTENSION", "state": "DECLINED", "policy": "old-desk", "target": "resolution",
            "step": "goodwill", "reason": "flood", "requestedBy": "ada", "decidedBy": "grace",
            "declinedBecause": "no ground",
        }
    ]  # fmt: skip


def test_the_timeline_of_a_customer_says_what_was_missed_and_revised(
    workspace: Workspace, front_end: FrontEnd, case_id: str
) -> None:
    missed(workspace, case_id)
    asked = {"policy": "group-service", "target": "resolution", "now": "KEPT", "cause": "ENGINE", "reason": "mended"}
    front_end.done("requestRevision", caseId=case_id, **asked, requestedBy="ada")
    shown = """customer { timeline(first: 9, filter: { kind: [DEADLINE_MISSED, VERDICT_REVISED] }) { nodes {
      __typename ... on GenericEvent { kind term } ... on DeadlineMissedItem { target } } } }"""
    revised = front_end.done("approveRevision", shown, caseId=case_id, request=4, approvedBy="grace")
    assert revised["customer"]["timeline"]["nodes"] == [
        {"__typename": "GenericEvent", "kind": "VERDICT_REVISED", "term": "kept"},
        {"__typename": "DeadlineMissedItem", "target": "resolution"},
    ]
