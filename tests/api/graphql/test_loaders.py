from datetime import UTC, datetime
from uuid import uuid4

import pytest

from api.workspace import Workspace
from domain.case.commands import ReceiveCase
from domain.case.events import CaseKind
from domain.channel import Channel
from domain.customer import ContactKind, CustomerKind, RecordContact, RegisterCustomer
from domain.envelope import Actor, ActorKind, Submission
from domain.personal import Personal
from tests.api.graphql.asking import FrontEnd

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
EVERYTHING = """
query($first: Int!) {
  customers(first: $first) { nodes {
    name { value } contacts { value { value } } caseCount openCaseCount
    history { nodes { topic personal { text { value } } } }
    cases(first: 2) { nodes {
      words { value } customer { id name { value } } history(first: 5) { nodes { topic personal { text { value } } } }
    } }
  } }
}
"""


@pytest.fixture(scope="module")
def filled(workspace: Workspace, front_end: FrontEnd) -> FrontEnd:
    """Thirty customers with three cases each."""
    for _ in range(30):
        customer_id = uuid4()
        name, phone = Personal.open(customer_id, "冯小明"), Personal.open(customer_id, "+86 10 5555 0100")
        registered = RegisterCustomer(at=AT, customer_id=customer_id, kind=CustomerKind.PERSON, name=name)
        contact = RecordContact(at=AT, customer_id=customer_id, kind=ContactKind.PHONE, value=phone)
        cases = [
            ReceiveCase(
                at=AT,
                case_id=uuid4(),
                kind=CaseKind.COMPLAINT,
                channel=Channel.CHAT,
                customer_id=customer_id,
                words=Personal.open(customer_id, "words"),
            )
            for _ in range(3)
        ]
        actor = Actor("filler", ActorKind.SYSTEM)
        workspace.ledger.carry_out(Submission(uuid4(), (registered, contact, *cases), actor, "demo"))
    assert workspace.runner.wait_for(workspace.ledger.head(), 10)
    return front_end


def test_an_answer_takes_a_handful_of_statements_for_one_customer_and_for_thirty(
    filled: FrontEnd, statements: list[str]
) -> None:
    one = filled.ask(EVERYTHING, first=1)
    for_one = len(statements)
    statements.clear()
    thirty = filled.ask(EVERYTHING, first=30)
    assert len(one["customers"]["nodes"]) == 1
    assert len(thirty["customers"]["nodes"]) == 30
    assert all(len(customer["cases"]["nodes"]) == 2 for customer in thirty["customers"]["nodes"])
    # Which look-ups meet in one batch varies by one between runs; a look-up a customer would take thirty.
    assert len(statements) <= 16
    assert for_one <= 16


def test_a_list_of_cases_with_words_and_customers_takes_a_handful_of_statements(
    filled: FrontEnd, statements: list[str]
) -> None:
    answer = filled.ask("{ cases(first: 90) { nodes { words { value } customer { name { value } } } } }")
    assert [case for case in answer["cases"]["nodes"] if case["words"] != {"value": "words"}] == []
    assert len(answer["cases"]["nodes"]) == 90
    assert len(statements) <= 8


AUDITED = """
query($first: Int!) { auditTrail(first: $first, filter: {subjectKind: [CASE, CUSTOMER]}) { nodes {
  overrides requestedBy event { topic personal { text { value } } } subject { id } case { id } customer { id }
  changes { field before after personalAfter { value } }
} } }
"""


def test_a_page_of_the_audit_trail_reads_the_streams_of_all_its_entries_at_once(
    filled: FrontEnd, statements: list[str]
) -> None:
    filled.ask(AUDITED, first=1)
    for_one = len(statements)
    statements.clear()
    entries = filled.ask(AUDITED, first=100)["auditTrail"]["nodes"]
    assert len(entries) == 100
    assert all(entry["changes"] for entry in entries)
    # Which answers arrive in time to be asked for together varies from one asking to the next.
    assert len(statements) <= for_one + 2
    assert for_one <= 10


def test_the_audit_trails_of_many_cases_are_read_at_once(filled: FrontEnd, statements: list[str]) -> None:
    answer = filled.ask("{ cases(first: 90) { nodes { audit(first: 1) { nodes { position } } } } }")
    assert [len(case["audit"]["nodes"]) for case in answer["cases"]["nodes"]] == [1] * 90
    assert len(statements) <= 3


def test_the_movements_of_many_cases_are_read_at_once(filled: FrontEnd, statements: list[str]) -> None:
    cases = [case["id"] for case in filled.ask("{ cases(first: 30) { nodes { id } } }")["cases"]["nodes"]]
    for at, case_id in enumerate(cases):
        filled.done("registerCase", caseId=case_id, unit=f"Branch {at}")
        filled.done("transferCase", caseId=case_id, fromUnit=f"Branch {at}", toUnit="Head office")
    token = filled.ask("{ ledgerHead { consistencyToken } }")["ledgerHead"]["consistencyToken"]
    filled.ask(
        "query($token: ConsistencyToken) { cases(first: 1, consistencyToken: $token) { nodes { id } } }", token=token
    )
    statements.clear()  # with those by which that query waited for the views
    shown = "movements(first: 1, after: $after) { nodes { kind fromUnit toUnit } pageInfo { hasNextPage endCursor } }"
    nodes = f"{{ cases(first: 30, consistencyToken: $token) {{ nodes {{ {shown} }} }} }}"
    query = f"query($token: ConsistencyToken, $after: String) {nodes}"
    found = [case["movements"] for case in filled.ask(query, token=token)["cases"]["nodes"]]
    units = {page["nodes"][0]["toUnit"] for page in found}
    assert units == {f"Branch {at}" for at in range(30)}
    assert all(page["pageInfo"]["hasNextPage"] for page in found)
    assert len(statements) <= 3
