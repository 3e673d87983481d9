"""What is followed of a live book: where it stands, a case, and what is wrong with what is asked."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from api.graphql.consistency import position_of, token_of
from api.graphql.identity import global_id
from api.graphql.request import Request
from api.workspace import Workspace
from domain.stream import Category
from tests.api.graphql.asking import FrontEnd
from tests.api.graphql.following import DEVELOPER, Follower, beside

HEADS = "subscription($after: ConsistencyToken) { ledgerHead(after: $after) { position consistencyToken } }"
CASE = """
subscription($id: ID!, $after: ConsistencyToken) {
  caseChanged(id: $id, after: $after) {
    topic subjectKind version position occurredAt recordedAt consistencyToken case { id status unit version position }
  }
}
"""


@pytest.fixture(scope="module")
def follower(workspace: Workspace, front_end: FrontEnd) -> Iterator[Follower]:
    with beside(front_end, workspace) as follower:
        yield follower


@pytest.fixture
def case(front_end: FrontEnd) -> str:
    """A registered case of nobody's."""
    found: str = front_end.done("receiveCase", kind="COMPLAINT", channel="HOTLINE")["id"]
    front_end.done("registerCase", caseId=found, unit="北京分部")
    return found


def position(follower: Follower) -> int:
    return position_of(follower.token(), "main")


def test_where_the_book_stands_is_told_at_once_and_whenever_it_grows(follower: Follower, case: str) -> None:
    with follower.following(HEADS) as heads:
        first = heads.next()
        assert first["position"] == position(follower)
        follower.front_end.done("prioritiseCase", caseId=case, priority="HIGH")
        second = heads.next()
        assert second["position"] == first["position"] + 1
        assert second["consistencyToken"] == token_of("main", second["position"])
    with follower.following(HEADS, after=first["consistencyToken"]) as heads:
        assert heads.next() == second


def test_a_case_is_told_with_each_thing_that_is_recorded_of_it(follower: Follower, case: str) -> None:
    before = follower.token()
    with follower.following(CASE, id=case, after=before) as changes:
        follower.front_end.done("startWork", caseId=case, by="王芳")
        told = changes.next()
        assert (told["topic"], told["subjectKind"], told["version"]) == ("work-started.1", "CASE", 3)
        assert told["case"] == {
            "id": case, "status": "IN_PROGRESS", "unit": "北京分部", "version": 3, "position": told["position"],
        }  # fmt: skip
        follower.front_end.done("transferCase", caseId=case, toUnit="上海分部")
        assert changes.next()["case"]["unit"] == "上海分部"
    both = follower.some(CASE, 2, id=case, after=before)
    assert [each["topic"] for each in both] == ["work-started.1", "case-transferred.1"]
    assert [each["case"]["version"] for each in both] == [4, 4]
    (second,) = follower.some(CASE, 1, id=case, after=both[0]["consistencyToken"])
    assert second == both[1]


def test_what_happens_beside_a_case_and_bears_on_it_is_told_as_well(follower: Follower) -> None:
    front_end = follower.front_end
    customer = front_end.done("registerCustomer", kind="PERSON", name="冯小明")["id"]
    case = front_end.done("receiveCase", kind="COMPLAINT", channel="HOTLINE", customerId=customer)["id"]
    before = follower.token()
    front_end.done("renameCustomer", customerId=customer, name="冯大明")
    front_end.done("assignTier", customerId=customer, tier="GOLD")
    owed = front_end.done("openObligation", kind="TASK", title="mend the line", caseId=case)["id"]
    front_end.done("openObligation", kind="TASK", title="something else")
    front_end.done("meetObligation", obligationId=owed, by="王芳")
    front_end.done("recordTouchpoint", channel="HOTLINE", direction="IN", caseId=case)
    front_end.done("recordTouchpoint", channel="HOTLINE", direction="IN")
    front_end.done("registerCase", caseId=case)
    told = follower.some(CASE, 5, id=case, after=before)
    assert [(each["subjectKind"], each["topic"]) for each in told] == [
        ("CUSTOMER", "tier-assigned.1"),
        ("OBLIGATION", "obligation-opened.1"),
        ("OBLIGATION", "obligation-met.1"),
        ("TOUCHPOINT", "touchpoint-recorded.1"),
        ("CASE", "case-registered.1"),
    ]


def test_who_comes_later_is_told_of_what_a_case_leant_on_then_and_not_of_what_came_before(follower: Follower) -> None:
    """A customer's tier bears on a case from when the customer is known, whenever somebody asks."""
    front_end = follower.front_end
    customer = front_end.done("registerCustomer", kind="PERSON", name="冯小明")["id"]
    case = front_end.done("receiveCase", kind="COMPLAINT", channel="HOTLINE")["id"]
    before = follower.token()
    with follower.following(CASE, id=case, after=before) as live:
        front_end.done("assignTier", customerId=customer, tier="GOLD")
        merged = front_end.done("receiveCase", kind="COMPLAINT", channel="HOTLINE", customerId=customer)["id"]
        front_end.done("mergeCase", caseId=merged, into=case)
        front_end.done("assignTier", customerId=customer, tier="KEY")
        front_end.done("registerCase", caseId=case)
        told = [live.next() for _ in range(2)]
        while told[-1]["topic"] != "case-registered.1":
            told.append(live.next())
    again = follower.some(CASE, len(told), id=case, after=before)
    assert [each["position"] for each in again] == [each["position"] for each in told]
    assert [(each["subjectKind"], each["topic"]) for each in told] == [
        ("CASE", "case-absorbed.1"),
        ("CUSTOMER", "tier-assigned.1"),
        ("CASE", "case-registered.1"),
    ]


def test_a_case_that_is_not_there_is_null_and_nothing_follows(follower: Follower) -> None:
    with follower.following(CASE, id=global_id(Category.CASE, "main", uuid4())) as changes:
        assert changes.next() is None
        changes.ends()


def test_a_case_whose_receipt_is_void_is_there_no_more(follower: Follower) -> None:
    front_end = follower.front_end
    case = front_end.done("receiveCase", kind="COMPLAINT", channel="HOTLINE")["id"]
    with follower.following(CASE, id=case, after=follower.token()) as changes:
        front_end.done("requestVoid", recordId=case, reason="twice", requestedBy="王芳", version=1)
        assert changes.next()["topic"] == "void-requested.1"
        approved = front_end.change("approveAmendment", recordId=case, request=2, approvedBy="Director Li")
        assert (approved["record"], approved["userErrors"]) == (None, [])
        assert changes.next() is None
        changes.ends()


def test_what_is_wrong_with_a_question_is_said_before_anything_follows(follower: Follower, case: str) -> None:
    ahead = token_of("main", position(follower) + 1)
    wrong: tuple[tuple[str, dict[str, Any], str], ...] = (
        (HEADS, {"after": "nonsense"}, "BAD_CONSISTENCY_TOKEN"),
        (HEADS, {"after": token_of("other", 1)}, "BAD_CONSISTENCY_TOKEN"),
        (HEADS, {"after": ahead}, "BAD_CONSISTENCY_TOKEN"),
        (CASE, {"id": case, "after": ahead}, "BAD_CONSISTENCY_TOKEN"),
        (CASE, {"id": "nonsense"}, "BAD_ID"),
        (CASE, {"id": global_id(Category.CUSTOMER, "main", uuid4())}, "BAD_ID"),
        ("subscription { casesOnBoard(unit: \"\\u0000\") { move } }", {}, "BAD_ARGUMENTS"),
        ('subscription { casesOnBoard(filter: { below: "a" }) { move } }', {}, "BAD_ARGUMENTS"),
        ("subscription { slaChanged { at } }", {}, "BAD_ARGUMENTS"),
        ("subscription($id: ID) { slaChanged(unit: \"a\", caseId: $id) { at } }", {"id": case}, "BAD_ARGUMENTS"),
        ("subscription { ledgerHead { book } viewer: ledgerHead { book } }", {}, "BAD_DOCUMENT"),
        ("subscription { nothing }", {}, "BAD_DOCUMENT"),
        ("subscription { __typename }", {}, "BAD_DOCUMENT"),
    )  # fmt: skip
    for document, variables, code in wrong:
        with follower.following(document, **variables) as stream:
            assert stream.code() == code, document


def test_a_subscription_has_the_limits_of_every_document(follower: Follower, case: str) -> None:
    deep = "case { movements(first: 100) { nodes { case { movements(first: 100) { nodes { case { %s } } } } } } }"
    wide = deep % "movements(first: 100) { nodes { kind } }"
    for shown in (wide, "case { " + "customer { cases { nodes { " * 6 + "id" + " } } }" * 6 + " }"):
        with follower.following(f"subscription($id: ID!) {{ caseChanged(id: $id) {{ {shown} }} }}", id=case) as stream:
            assert stream.code() == "DOCUMENT_TOO_LARGE"
    hidden = Request(follower.door, DEVELOPER, shows_schema=False)
    with follower.following("subscription { ledgerHed { book } }", asked=hidden) as stream:
        (error,) = stream.result().errors
        assert "Did you mean" not in error.message


def test_a_fault_within_an_item_is_masked_and_the_stream_goes_on(follower: Follower, case: str) -> None:
    document = """subscription($id: ID!, $after: ConsistencyToken) {
      caseChanged(id: $id, after: $after) { case { movements(after: "nonsense") { nodes { kind } } } }
    }"""
    with follower.following(document, id=case, after=follower.token()) as stream:
        for priority in ("LOW", "HIGH"):
            follower.front_end.done("prioritiseCase", caseId=case, priority=priority)
            result = stream.result()
            assert [error.extensions["code"] for error in result.errors] == ["BAD_CURSOR"]
            assert result.data == {"caseChanged": None}
