"""Finding customers through GraphQL: by what they go by, page by page, and what cannot be looked for."""

from typing import Any

import pytest

from api.workspace import Workspace
from tests.api.graphql.asking import FrontEnd

FOUND = """
query($search: String, $kind: [CustomerKind!], $first: Int, $after: String, $last: Int, $before: String) {
  customers(
    filter: { search: $search, kind: $kind }, first: $first, after: $after, last: $last, before: $before
  ) {
    nodes { id name { value } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""
PEOPLE = (
    ("冯小明", "+86 138 0000 1111", "feng@example.com", "K-1"),
    ("Ming Feng", "010-6234 5678", "ming@example.com", "K-2"),
    ("José Álvarez", "+34 600 000 001", "jose@example.com", "K-3"),
    ("محمد عبد الله", "+20 100 000 0002", "m@example.com", "K-4"),
    ("冯芳", None, None, None),
)


@pytest.fixture(scope="module")
def people(front_end: FrontEnd) -> FrontEnd:
    for name, phone, email, key in PEOPLE:
        contacts = [{"kind": kind, "value": value} for kind, value in (("PHONE", phone), ("EMAIL", email)) if value]
        front_end.done("registerCustomer", kind="PERSON", name=name, contacts=contacts, sourceKey=key)
    return front_end


def names(front_end: FrontEnd, search: str, **variables: Any) -> list[str]:
    nodes = front_end.ask(FOUND, search=search, **variables)["customers"]["nodes"]
    return [node["name"]["value"] for node in nodes]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("冯", ["冯芳", "冯小明"]),
        ("小明", ["冯小明"]),
        ("feng", ["Ming Feng"]),
        ("fen", ["Ming Feng"]),
        ("jose alv", ["José Álvarez"]),
        ("محمد", ["محمد عبد الله"]),
        ("13800001111", ["冯小明"]),
        ("+86 138 0000 1111", ["冯小明"]),
        ("+861062345678", ["Ming Feng"]),
        ("FENG@example.com", ["冯小明"]),
        ("k-3", ["José Álvarez"]),
        ("冯大明", []),
        ("example.com", []),
    ],
)
def test_customers_are_found_by_what_they_go_by(people: FrontEnd, search: str, found: list[str]) -> None:
    assert names(people, search) == found


def test_a_search_is_narrowed_and_paged_as_every_list_of_customers(people: FrontEnd) -> None:
    assert names(people, "冯", kind=["ORGANISATION"]) == []
    first = people.ask(FOUND, search="冯", first=1)["customers"]
    assert ([node["name"]["value"] for node in first["nodes"]], first["pageInfo"]["hasNextPage"]) == (["冯芳"], True)
    second = people.ask(FOUND, search="冯", first=1, after=first["pageInfo"]["endCursor"])["customers"]
    assert [node["name"]["value"] for node in second["nodes"]] == ["冯小明"]
    assert second["pageInfo"]["hasNextPage"] is False
    back = people.ask(FOUND, search="冯", last=1, before=second["pageInfo"]["startCursor"])["customers"]
    assert back["nodes"] == first["nodes"]


@pytest.mark.parametrize("search", ["", "   ", "…", "@", "\0", "+", "冯" * 201, "x" * 100_000])
def test_what_cannot_be_looked_for_is_refused_by_name_and_long_texts_are_not_repeated(
    people: FrontEnd, search: str
) -> None:
    (error,) = people.errors(FOUND, search=search)
    assert error["extensions"]["code"] == "BAD_ARGUMENTS"
    assert len(error["message"]) < 300


def test_a_search_records_nothing(people: FrontEnd, workspace: Workspace) -> None:
    head = workspace.ledger.head()
    assert names(people, "冯") == ["冯芳", "冯小明"]
    assert workspace.ledger.head() == head


def test_a_search_takes_as_many_statements_for_many_as_for_one(people: FrontEnd, statements: list[str]) -> None:
    names(people, "小明")
    once = len(statements)
    statements.clear()
    names(people, "冯")
    assert len(statements) == once


def test_who_was_renamed_is_found_by_the_next_question_with_the_token(people: FrontEnd) -> None:
    customer = people.done("registerCustomer", kind="PERSON", name="Ann Old")["id"]
    payload = people.change("renameCustomer", customerId=customer, name="Ann New")
    document = """query($token: ConsistencyToken) {
      old: customers(filter: { search: "ann old" }, consistencyToken: $token) { nodes { id } }
      new: customers(filter: { search: "ann new" }, consistencyToken: $token) { nodes { id } }
    }"""
    found = people.ask(document, token=payload["consistencyToken"])
    assert found == {"old": {"nodes": []}, "new": {"nodes": [{"id": customer}]}}
