from typing import Any

import httpx
import pytest

from api.settings import Settings
from tests.api.graphql.asking import FrontEnd

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"
HEAD = {"query": "{ ledgerHead { book } }"}
MOST_BODY_BYTES = Settings().body_bytes
WRONG = {"query": "{ nothing }"}


def code_of(response: httpx.Response) -> str:
    """The code of the only error, which stands there without data."""
    body: dict[str, Any] = response.json()
    assert body.keys() == {"errors"}
    (error,) = body["errors"]
    code: str = error["extensions"]["code"]
    return code


def asked(front_end: FrontEnd, method: str, **options: Any) -> httpx.Response:
    return front_end.portal.call(lambda: front_end.client.request(method, "/graphql", **options))


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (JSON, JSON),
        ("*/*", JSON),
        ("", JSON),
        (GRAPHQL, GRAPHQL),
        (f"{GRAPHQL}; charset=utf-8, {JSON}; charset=utf-8", GRAPHQL),
        (f"{JSON}, {GRAPHQL}", GRAPHQL),
        (f"{GRAPHQL};q=0.5, {JSON}", JSON),
        (f"text/html, application/*;q=0.1, {GRAPHQL};q=0", JSON),
    ],
)
def test_an_answer_comes_in_the_form_that_was_asked_for(front_end: FrontEnd, accept: str, media: str) -> None:
    response = front_end.posted(HEAD, {"Accept": accept})
    assert (response.status_code, response.headers["content-type"]) == (200, f"{media}; charset=utf-8")
    assert response.json() == {"data": {"ledgerHead": {"book": "main"}}}


def test_an_answer_in_neither_form_is_not_to_be_had(front_end: FrontEnd) -> None:
    for accept in ("text/html", f"{JSON};q=0", f"{JSON};q=none"):
        response = front_end.posted(HEAD, {"Accept": accept})
        assert (response.status_code, code_of(response)) == (406, "NOT_ACCEPTABLE")


@pytest.mark.parametrize(
    "request_",
    [
        WRONG,
        {"query": "{"},
        {"query": "query A { __typename }", "operationName": "B"},
        {"query": "fragment f on Query { __typename }"},
        {"query": "query($id: ID!) { node(id: $id) { id } }", "variables": {"id": [7]}},
        {"query": "query($id: ID!) { node(id: $id) { id } }"},
    ],
)
def test_a_document_that_cannot_be_carried_out_is_a_bad_request_where_the_form_has_a_status_for_it(
    front_end: FrontEnd, request_: dict[str, Any]
) -> None:
    by_status = front_end.posted(request_, {"Accept": GRAPHQL})
    assert (by_status.status_code, code_of(by_status)) == (400, "BAD_DOCUMENT")
    plain = front_end.posted(request_, {"Accept": JSON})
    assert (plain.status_code, code_of(plain)) == (200, "BAD_DOCUMENT")


def test_an_error_beside_data_is_no_bad_request(front_end: FrontEnd) -> None:
    response = front_end.posted({"query": "{ node(id: 7) { id } }"}, {"Accept": GRAPHQL})
    assert response.status_code == 200
    assert response.json()["data"] == {"node": None}
    assert response.json()["errors"][0]["extensions"]["code"] == "BAD_ID"


@pytest.mark.parametrize("accept", [JSON, GRAPHQL])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"7",
        b"null",
        b'"{ ledgerHead { book } }"',
        b"[]",
        b'[{"query": "{ ledgerHead { book } }"}]',
        b"{}",
        b'{"query": null}',
        b'{"query": ""}',
        b'{"query": 7}',
        b'{"query": ["{ ledgerHead { book } }"]}',
        b'{"query": "{ ledgerHead { book } }", "variables": "{}"}',
        b'{"query": "{ ledgerHead { book } }", "variables": [7]}',
        b'{"query": "{ ledgerHead { book } }", "operationName": {}}',
        b'{"query": "{ ledgerHead { book } }", "extensions": true}',
        b'{"query": "{ ledgerHead { book } } \xff"}',
        b'{"query": "\\ud800"}',
        b"[" * 200_000,
    ],
)
def test_a_body_that_is_no_request_is_told_so(front_end: FrontEnd, body: bytes, accept: str) -> None:
    headers = {"Content-Type": JSON, "Accept": accept}
    response = asked(front_end, "POST", content=body, headers=headers)
    assert (response.status_code, code_of(response)) == (400, "BAD_REQUEST")
    assert response.headers["content-type"] == f"{accept}; charset=utf-8"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "multipart/form-data; boundary=b"},
        {"Content-Type": "application/jsonp"},
        {"Content-Type": "application/json; charset=utf-16"},
        {"Content-Type": JSON, "Content-Encoding": "gzip"},
    ],
)
def test_a_body_of_another_kind_is_not_taken(front_end: FrontEnd, headers: dict[str, str]) -> None:
    response = asked(front_end, "POST", content=b'{"query": "{ ledgerHead { book } }"}', headers=headers)
    assert (response.status_code, code_of(response)) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert response.headers["accept-post"] == JSON


def test_nothing_but_a_post_carries_an_operation(front_end: FrontEnd) -> None:
    for method in ("GET", "PUT", "PATCH", "DELETE", "OPTIONS"):
        response = asked(front_end, method, params=HEAD)
        assert (response.status_code, code_of(response)) == (405, "METHOD_NOT_ALLOWED"), method
        assert response.headers["allow"] == "GET, POST"
    assert asked(front_end, "HEAD").status_code == 405
    assert asked(front_end, "POST", params=HEAD, json={}).status_code == 400


def test_a_body_beyond_its_limit_is_turned_away_before_it_is_read(front_end: FrontEnd) -> None:
    padded = {**HEAD, "extensions": {"padding": "x" * MOST_BODY_BYTES}}
    response = front_end.posted(padded)
    assert (response.status_code, code_of(response)) == (413, "BODY_TOO_LARGE")
    params = response.json()["errors"][0]["extensions"]["params"]
    assert params["limit"] == MOST_BODY_BYTES < params["found"]
    assert front_end.posted({**HEAD, "extensions": {"padding": "x" * (MOST_BODY_BYTES - 100)}}).status_code == 200


def test_a_body_that_does_not_say_how_long_it_is_is_read_up_to_the_limit_only(front_end: FrontEnd) -> None:
    read = 0

    async def endless() -> Any:
        nonlocal read
        while True:
            read += 65_536
            yield b" " * 65_536

    response = asked(front_end, "POST", content=endless(), headers={"Content-Type": JSON})
    assert (response.status_code, code_of(response)) == (413, "BODY_TOO_LARGE")
    assert read <= MOST_BODY_BYTES + 2 * 65_536


def test_an_answer_is_kept_by_nobody(front_end: FrontEnd) -> None:
    for response in (front_end.posted(HEAD), front_end.posted({})):
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "variables",
    [
        {f"v{at}": at for at in range(10_001)},
        {"status": ["RECEIVED"] * 10_001},
        {"deep": [[[[7] * 100] * 10] * 5, [{"a": [7] * 100}] * 51]},
    ],
    ids=["many", "long", "inside"],
)
def test_more_values_than_are_made_to_fit_their_types_are_turned_away(
    front_end: FrontEnd, variables: dict[str, Any]
) -> None:
    response = front_end.posted({**HEAD, "variables": variables})
    assert (response.status_code, code_of(response)) == (413, "BODY_TOO_LARGE")
    assert response.json()["errors"][0]["extensions"]["params"] == {"limit": 10_000, "of": "values"}
    assert front_end.posted({**HEAD, "variables": {"status": ["RECEIVED"] * 9_000}}).status_code == 200


@pytest.mark.parametrize(
    "document",
    [
        f"{{ cases(first: {'1' * 400_000}) {{ nodes {{ id }} }} }}",
        f"{{ {'x' * 400_000} }}",
        f'{{ cases(filter: {{kind: "{"x" * 400_000}"}}) {{ nodes {{ id }} }} }}',
    ],
    ids=["number", "name", "text"],
)
def test_something_of_enormous_length_is_a_mistake_that_is_not_quoted_in_full(
    front_end: FrontEnd, document: str
) -> None:
    response = front_end.posted({"query": document})
    assert (response.status_code, code_of(response)) == (200, "BAD_DOCUMENT")
    assert len(response.text) < 5_000
