from typing import Any
from uuid import uuid4

import pytest

from api.graphql.reading import MOST_KEPT_CHARACTERS, Reading
from tests.api.graphql.asking import FrontEnd


@pytest.mark.parametrize(
    ("document", "params"),
    [
        (
            "{ " + "cases { nodes { customer { " * 5 + "id " + "} } } " * 5 + "}",
            {"of": "levels", "limit": 15, "found": 16},
        ),
        (
            "{ ledgerHead { " + " ".join(f"a{at}: book" for at in range(31)) + " } }",
            {"of": "aliases", "limit": 30, "found": 31},
        ),
        (
            "query($a: Int @deprecated) { ledgerHead { " + "book @skip(if: false) @include(if: true) " * 30 + " } }",
            {"of": "directives", "limit": 50, "found": 61},
        ),
        ("{ " + "ledgerHead { book } " * 21 + " }", {"of": "root fields", "limit": 20, "found": 21}),
        (
            "{ ledgerHead { " + "book " * 400 + " } }",
            {"of": "pairs of fields that answer to one name", "limit": 50_000, "found": 79_800},
        ),
        ("{ ledgerHead { " + "book " * 20_000 + " } }", {"of": "tokens", "limit": 2_000}),
        ("{ ledgerHead { book " + "@skip(if: false) " * 4_000 + " } }", {"of": "tokens", "limit": 2_000}),
        ("{ ledgerHead { book } } #" + "\n#" * 20_000, {"of": "tokens", "limit": 2_000}),
        ("{ ledgerHead " + "{ book " * 900 + "} " * 901, {"of": "levels", "limit": 15}),
    ],
    ids=["levels", "aliases", "directives", "root", "repeated", "tokens", "4000 directives", "comments", "nested"],
)
def test_documents_beyond_a_limit_are_refused_by_its_name_and_figures(
    front_end: FrontEnd, document: str, params: dict[str, Any]
) -> None:
    extensions = [error["extensions"] for error in front_end.errors(document)]
    assert {"code": "DOCUMENT_TOO_LARGE", "params": params} in extensions
    assert {each["code"] for each in extensions} == {"DOCUMENT_TOO_LARGE"}


@pytest.mark.parametrize(
    "document",
    [
        "{ " + "ledgerHead { book } " * 490 + "}",
        "{ ledgerHead { " + "a: book a: position " * 330 + "} }",
        "{ ledgerHead { " + "book " * 1_990 + "} }",
        "{ ledgerHead { ...f } } fragment f on LedgerHead { " + "book " * 1_900 + "}",
        "{ " + "ledgerHead { ... on LedgerHead { ... on LedgerHead { book } } } " * 15 + "x " * 1_000 + "}",
    ],
)
def test_fields_that_would_take_long_to_compare_are_not_compared(front_end: FrontEnd, document: str) -> None:
    """With the comparison, validation would come to more errors than this one, or to none."""
    (error,) = front_end.errors(document)
    assert error["extensions"]["code"] == "DOCUMENT_TOO_LARGE"
    assert "pairs of fields" in error["message"]


def test_a_document_is_read_once_for_all_who_send_it_and_a_long_one_is_not_kept(front_end: FrontEnd) -> None:
    short, long = (f"{{ ledgerHead {{ book }} }} #{'x' * many}" for many in (7, MOST_KEPT_CHARACTERS))
    for document in (short, long, short, long):
        front_end.ask(document)
    kept = [text for _, text in Reading._kept]
    assert kept.count(short) == 1
    assert long not in kept


def test_two_operations_need_a_name(front_end: FrontEnd) -> None:
    two = {"query": "query A { ledgerHead { book } } query B { ledgerHead { time } }"}
    (error,) = front_end.posted(two).json()["errors"]
    assert error["extensions"] == {"code": "BAD_DOCUMENT"}
    assert "operationName" in error["message"]
    assert front_end.posted({**two, "operationName": "B"}).json() == {"data": {"ledgerHead": {"time": "LIVE"}}}


def test_relay_has_the_levels_that_it_needs(front_end: FrontEnd) -> None:
    answer = front_end.ask(
        "{ customers { edges { node { cases { edges { node { customer { cases { edges { node { history { nodes {"
        " actor { name } } } } } } } } } } } } } }"
    )
    assert answer == {"customers": {"edges": []}}


NESTED = "cases(first: $first) { ...page } } } fragment page on CaseConnection { nodes { customer { "
DEEP = f"query($first: Int = 100) {{ customers(last: $first) {{ edges {{ node {{ {NESTED}"


@pytest.mark.parametrize("inside", ["timeline(first: 50) { nodes { position } }", "visits { result }"])
def test_pages_inside_of_pages_hold_a_limited_number_of_nodes(front_end: FrontEnd, inside: str) -> None:
    document = DEEP.replace("} } } fragment", "} } } } } fragment") + inside + " } } }"
    (error,) = front_end.errors(document)
    params = error["extensions"]["params"]
    assert (error["extensions"]["code"], params["limit"], params["of"]) == ("DOCUMENT_TOO_LARGE", 200_000, "nodes")
    assert params["found"] > 200_000
    assert "could hold" in error["message"]
    assert front_end.ask(document, first=10) == {"customers": {"edges": []}}
    assert front_end.code(document, first=101) == "DOCUMENT_TOO_LARGE"


def test_a_page_inside_of_a_mutation_is_counted_before_anything_is_carried_out(front_end: FrontEnd) -> None:
    cases = "cases(first: 100) { nodes { audit(first: 100) { nodes { changes { field } } } } }"
    shown = f"registerCustomer(input: $input) {{ customer {{ {cases} }} }}"
    mutation = f"mutation($input: RegisterCustomerInput!) {{ {shown} }}"
    asked = {"commandId": str(uuid4()), "kind": "PERSON", "name": "王小明"}
    assert front_end.code(mutation, input=asked) == "DOCUMENT_TOO_LARGE"
    assert front_end.ask("{ customers { nodes { id } } }") == {"customers": {"nodes": []}}


@pytest.mark.parametrize("levels", [40, 150])
def test_fragments_that_spread_each_other_twice_cost_nothing(front_end: FrontEnd, levels: int) -> None:
    fragments = [f"fragment f{at} on Case {{ ...f{at + 1} ...f{at + 1} }}" for at in range(levels)]
    document = "{ cases { nodes { ...f0 } } } " + " ".join(fragments) + f" fragment f{levels} on Case {{ a: id b: id }}"
    assert {error["extensions"]["code"] for error in front_end.errors(document)} == {"DOCUMENT_TOO_LARGE"}


def test_a_long_chain_of_fragments_is_answered_or_refused_and_is_no_fault(front_end: FrontEnd) -> None:
    for many in (100, 245):
        chain = " ".join(f"fragment f{at} on Case {{ ...f{at + 1} }}" for at in range(many))
        response = front_end.send(f"{{ cases {{ nodes {{ ...f0 }} }} }} {chain} fragment f{many} on Case {{ id }}")
        assert response.status_code == 200, many


def test_a_fragment_that_spreads_itself_or_is_not_there_is_refused(front_end: FrontEnd) -> None:
    assert front_end.code("{ cases { nodes { ...f } } } fragment f on Case { ...f }") == "BAD_DOCUMENT"
    assert front_end.code("{ cases { nodes { ...g } } }") == "BAD_DOCUMENT"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1:8000"])
def test_a_page_elsewhere_that_leads_here_under_another_name_is_turned_away(front_end: FrontEnd, host: str) -> None:
    assert front_end.send("{ ledgerHead { book } }", headers={"Host": host}).status_code == 400


def test_a_character_that_is_none_is_refused_in_questions_too(front_end: FrontEnd) -> None:
    assert front_end.code('{ case(sourceKey: "a\\u0000") { id } }') == "BAD_ARGUMENTS"
    assert front_end.code('{ cases(filter: {unit: "a\\u0000"}) { nodes { id } } }') == "BAD_ARGUMENTS"
    assert front_end.code('{ customer(sourceKey: "\\u0000") { id } }') == "BAD_ARGUMENTS"
    assert front_end.code('{ cases(filter: {unit: "\\ud800"}) { nodes { id } } }') == "BAD_DOCUMENT"


def test_the_ide_is_served_on_this_machine(front_end: FrontEnd) -> None:
    page = front_end.got("/graphql", headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert "GraphiQL" in page.text
