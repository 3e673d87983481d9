from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.api.graphql.asking import FrontEnd

QUERY = """
query($id: ID!, $first: Int, $after: String, $filter: CaseFilter, $at: DateTime) {
  node(id: $id) { id }
  cases(first: $first, after: $after, filter: $filter) { nodes { id } }
  units(asOf: $at) { name }
}
"""
SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)
VARIABLES = st.fixed_dictionaries(
    {},
    optional={
        "id": VALUES,
        "first": VALUES,
        "after": VALUES,
        "at": VALUES,
        "filter": VALUES | st.fixed_dictionaries({}, optional={"unit": VALUES, "kind": VALUES, "status": VALUES}),
    },
)
REQUESTS = st.fixed_dictionaries(
    {},
    optional={
        "query": VALUES | st.just(QUERY) | st.text('{}()[]:!$@.|&#"\\ \n\u2028abc_012-', max_size=80),
        "variables": VALUES,
        "operationName": VALUES,
        "documentId": VALUES,
        "extensions": VALUES | st.fixed_dictionaries({"persistedQuery": VALUES}),
    },
)
TOLD = {"BAD_REQUEST", "BAD_DOCUMENT", "DOCUMENT_TOO_LARGE", "PERSISTED_QUERY_NOT_SUPPORTED", "PAGE_TOO_LARGE"}
TOLD_OF_ARGUMENTS = {"BAD_ID", "BAD_ARGUMENTS", "BAD_CURSOR"}


def codes(answer: dict[str, Any]) -> set[str]:
    return {error["extensions"]["code"] for error in answer.get("errors", ())}


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60) | REQUESTS.map(orjson.dumps) | VALUES.map(orjson.dumps))
def test_whatever_is_sent_is_answered_by_a_code_and_is_no_fault(front_end: FrontEnd, body: bytes) -> None:
    response = front_end.sent(body)
    assert response.status_code in {200, 400}
    assert codes(response.json()) <= TOLD


@settings(max_examples=200, deadline=None)
@given(VARIABLES)
def test_variables_of_any_kind_are_answered_by_a_code_and_are_no_fault(
    front_end: FrontEnd, variables: dict[str, Any]
) -> None:
    response = front_end.sent(orjson.dumps({"query": QUERY, "variables": variables}))
    assert response.status_code == 200
    assert codes(response.json()) <= TOLD | TOLD_OF_ARGUMENTS
