"""Pages by GraphQL, beside the same pages by a door that somebody writes for them alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.app import create_app
from api.graphql.identity import global_id
from api.workspace import NewBook, Workspace
from domain.book import BookTime
from domain.case.commands import DispatchCase, ReceiveCase, RegisterCase, ResolveCase, SendResponse
from domain.case.events import CaseKind, Outcome, ResponseKind
from domain.channel import Channel
from domain.customer import ContactKind, CustomerKind, RecordContact, RegisterCustomer
from domain.envelope import Submission
from domain.event import Command
from domain.personal import Personal
from domain.stream import Category
from tests import conftest
from tests.api.alarmed import REPLY, policy, publish
from tests.api.graphql.conftest import opened
from tests.benchmarks.asked import Page, compare_pages, got, posted
from tests.benchmarks.by_hand import ByHand
from tests.benchmarks.durable import ACTOR, AT

CUSTOMERS, CASES = 60, 5
RESOLUTION = REPLY | {"id": "resolution", "title": {"en": "Resolution"}, "kind": "resolution", "stop": "case-resolved"}
TIMES = 20
CASE = "id number status version receivedAt"
FIGURES = """
figures { clocks met metLate overdue running keptShare { met total } elapsed { medianSeconds p90Seconds } }
"""
PROFILE = f"""
query($id: ID!) {{
  customer(id: $id) {{
    id name {{ state value }} tier caseCount openCaseCount contacts {{ kind value {{ state value }} }}
    cases(first: 20) {{ nodes {{ {CASE} }} pageInfo {{ hasNextPage endCursor }} }}
    timeline(first: 20) {{ nodes {{ kind occurredAt channel direction case {{ number }} }} }}
  }}
}}
"""
NESTED = f"""
{{
  customers(first: 50) {{
    nodes {{
      id name {{ state value }}
      cases(first: 5) {{ nodes {{ {CASE} clocks {{ id target state dueAt title {{ en }} }} }} }}
    }}
  }}
}}
"""
AUDIT = """
query($after: String) {
  auditTrail(first: 100, after: $after) {
    edges {
      cursor
      node {
        position subjectKind
        event { version topic recordedAt occurredAt actor { name kind role } door }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}
"""
REPORT = f"""
{{
  complianceReport(groupBy: [MONTH, UNIT], mostRows: 1000) {{
    knownPosition hasMore totals {{ duty {FIGURES} }} rows {{ duty group {{ field value }} {FIGURES} }}
  }}
}}
"""


def told(customer: int) -> Iterator[Command]:
    """A customer with a phone number and five cases: some open, some answered, some resolved, with two clocks each."""
    customer_id, at = UUID(int=customer + 1), AT + timedelta(hours=13 * customer)
    when: dict[str, Any] = {"at": at, "zone": "Asia/Shanghai"}
    name = Personal.open(customer_id, f"王秀英 {customer}")
    yield RegisterCustomer(**when, customer_id=customer_id, kind=CustomerKind.PERSON, name=name)
    phone = Personal.open(customer_id, f"+86 138 {customer:04d} 1111")
    yield RecordContact(**when, customer_id=customer_id, kind=ContactKind.PHONE, value=phone)
    for nth in range(CASES):
        case_id = UUID(int=1_000 * (customer + 1) + nth)
        case: dict[str, Any] = when | {"case_id": case_id, "at": at + timedelta(hours=nth)}
        words = Personal.open(customer_id, "电费多收了一倍，请核查。")
        yield ReceiveCase(
            **case, kind=CaseKind.COMPLAINT, channel=Channel.HOTLINE, customer_id=customer_id, words=words
        )
        yield RegisterCase(**case)
        yield DispatchCase(**case, unit=f"Branch {customer % 12}")
        if nth > 0:
            answer = case | {"at": case["at"] + timedelta(hours=3 * nth)}
            yield SendResponse(**answer, kind=ResponseKind.FIRST, channel=Channel.HOTLINE)
        if nth > 2:
            yield ResolveCase(**case | {"at": case["at"] + timedelta(hours=20)}, outcome=Outcome.UPHELD)


@pytest.fixture
def filled(database: conftest.Database) -> Iterator[Workspace]:
    """A book of three hundred cases with two clocks each."""
    with opened(database, new_book=NewBook(BookTime.SIMULATED, "Asia/Shanghai", AT), rate_per_second=0) as workspace:
        publish(workspace.ledger, AT, policy(REPLY, RESOLUTION))
        later = AT + timedelta(days=90)
        outcomes = workspace.ledger.carry_out_all([
            Submission(uuid4(), tuple(told(customer)), ACTOR, "graphql", said_at=later)
            for customer in range(CUSTOMERS)
        ])  # fmt: skip
        assert [each for each in outcomes if isinstance(each, Exception)] == []
        workspace.runner.catch_up()
        yield workspace


@pytest.fixture
def ours(filled: Workspace) -> Any:
    """Our application. Nothing else runs beside it: the views are where they should be."""
    return create_app(filled, development_actor=ACTOR)


@pytest.fixture
def hand(filled: Workspace) -> Any:
    """The other one."""
    return ByHand(filled.ledger).app


def test_a_profile_page(ours: Any, hand: Any, rounds: int) -> None:
    customer = global_id(Category.CUSTOMER, "main", UUID(int=7))

    async def by_graphql() -> list[Any]:
        return [(await posted(ours, PROFILE, id=customer))["customer"]]

    async def by_hand() -> list[Any]:
        return [await got(hand, "/profile", customer=customer)]

    title = "A profile page"
    compare_pages(title, rounds, TIMES, Page("GraphQL", by_graphql), Page("by hand", by_hand))


def test_a_nested_list(ours: Any, hand: Any, rounds: int) -> None:
    async def by_graphql() -> list[Any]:
        return list((await posted(ours, NESTED))["customers"]["nodes"])

    async def by_hand() -> list[Any]:
        return list(await got(hand, "/nested"))

    title = "50 customers, 5 cases each, 2 clocks each"
    compare_pages(title, rounds, 4, Page("GraphQL", by_graphql), Page("by hand", by_hand))


def test_two_hundred_audit_events(ours: Any, hand: Any, rounds: int) -> None:
    async def by_graphql() -> list[Any]:
        first = (await posted(ours, AUDIT))["auditTrail"]
        return [first, (await posted(ours, AUDIT, after=first["pageInfo"]["endCursor"]))["auditTrail"]]

    async def by_hand() -> list[Any]:
        first = await got(hand, "/audit")
        return [first, await got(hand, "/audit", after=first["pageInfo"]["endCursor"])]

    title = "200 audit events, in two pages"
    compare_pages(title, rounds, 4, Page("GraphQL", by_graphql, 2), Page("by hand", by_hand, 2))


def test_a_compliance_report(ours: Any, hand: Any, rounds: int) -> None:
    async def by_graphql() -> list[Any]:
        return [(await posted(ours, REPORT))["complianceReport"]]

    async def by_hand() -> list[Any]:
        return [await got(hand, "/report")]

    title = "A compliance report by month and unit"
    compare_pages(title, rounds, TIMES, Page("GraphQL", by_graphql), Page("by hand", by_hand))
