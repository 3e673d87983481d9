"""Everything bad that is known to be sent to such servers, each with the code that answers it, and others served."""

import asyncio
import json
import re
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from api.graphql.identity import opaque
from api.graphql.problem import Code
from tests.api.graphql.asking import FrontEnd

HEAD = "{ ledgerHead { book } }"
PAGE = "nodes { id } pageInfo { hasNextPage }"
MIB = 1024 * 1024


class Bad(NamedTuple):
    """What is sent, and what it is answered with."""

    name: str
    body: bytes
    status: int
    code: str


def asking_for(query: str, status: int = 200, code: str = "BAD_DOCUMENT", *, name: str, **variables: Any) -> Bad:
    return Bad(name, json.dumps({"query": query, "variables": variables}).encode(), status, code)


def cursor(*parts: Any) -> str:
    return urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


FRAGMENTS = " ".join(f"fragment f{nth} on Case {{ mergedInto {{ ...f{nth + 1} }} }}" for nth in range(60))
BY_CURSOR = f"query($c: String) {{ cases(after: $c) {{ {PAGE} }} }}"
BY_ID = "query($id: ID!) { node(id: $id) { id } }"
BAD = (
    Bad("malformed JSON", b'{"query": "{ ledgerHead { book } }"', 400, "BAD_REQUEST"),
    Bad("invalid UTF-8", b'{"query": "{ ledgerHead { book } } #\xc3\x28"}', 400, "BAD_REQUEST"),
    Bad("half of a surrogate pair", b'{"query": "{ ledgerHead { book } } #\\ud800"}', 400, "BAD_REQUEST"),
    Bad("50 MB", b" " * (50 * MIB), 413, "BODY_TOO_LARGE"),
    asking_for("{ ledgerHead { color } }", name="an unknown field"),
    asking_for("{ ledgerHead(at: 1) { book } }", name="an unknown argument"),
    asking_for("{ ledgerHead { ...gone } }", name="an unknown fragment"),
    asking_for(BY_ID, code="BAD_ID", name="an id that is none", id="x"),
    asking_for(BY_ID, code="BAD_ID", name="an id of another book", id=opaque("case", "other", "0" * 32)),
    asking_for(BY_ID, code="BAD_ID", name="an id of what has no page", id=opaque("policy", "main", "0" * 32)),
    asking_for(BY_CURSOR, code="BAD_CURSOR", name="a cursor that is none", c="x"),
    asking_for(BY_CURSOR, code="BAD_CURSOR", name="a cursor of another connection", c=cursor("position", 3)),
    asking_for(BY_CURSOR, code="BAD_CURSOR", name="a tampered cursor", c=cursor("received", "2026", 1)),
    asking_for(f"{{ cases(first: -1) {{ {PAGE} }} }}", code="BAD_ARGUMENTS", name="a page of -1"),
    asking_for(f"{{ cases(first: 101) {{ {PAGE} }} }}", code="PAGE_TOO_LARGE", name="a page of 101"),
    asking_for(f"{{ ledgerHead {{ {'book ' * 20_000} }} }}", code="DOCUMENT_TOO_LARGE", name="20,000 duplicate fields"),
    asking_for(
        f"{{ ledgerHead {{ book {'@skip(if: false) ' * 4_000} }} }}", code="DOCUMENT_TOO_LARGE", name="4,000 directives"
    ),
    asking_for(
        f"{{ cases {{ nodes {{ ...f0 }} }} }} {FRAGMENTS} fragment f60 on Case {{ id }}",
        code="DOCUMENT_TOO_LARGE",
        name="deep fragments",
    ),
    asking_for(
        "{ cases { nodes { ...a } } } fragment a on Case { ...b } fragment b on Case { ...a }", name="cyclic fragments"
    ),
    asking_for("query($first: Int) { cases(first: $first) { nodes { id } } }", name="a wrong variable", first="many"),
    asking_for(BY_ID, name="no variable"),
    asking_for("query($id: CaseFilter!) { node(id: $id) { id } }", name="a variable of another type", id={}),
    asking_for(BY_ID, 413, "BODY_TOO_LARGE", name="more variables than fit", id="x", more=[0] * 10_001),
)


def answered(response: httpx.Response) -> tuple[int, str]:
    (code,) = {error["extensions"]["code"] for error in response.json()["errors"]}
    return response.status_code, code


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name)
def test_bad_input_is_answered_with_its_code_and_the_next_one_is_served(front_end: FrontEnd, bad: Bad) -> None:
    response = front_end.sent(bad.body)
    assert answered(response) == (bad.status, bad.code)
    assert len(response.content) < 5_000
    assert front_end.ask(HEAD) == {"ledgerHead": {"book": "main"}}


def test_a_page_of_nothing_is_a_page(front_end: FrontEnd) -> None:
    page = {"nodes": [], "pageInfo": {"hasNextPage": False}}
    assert front_end.ask(f"{{ cases(first: 0) {{ {PAGE} }} }}") == {"cases": page}


def test_all_of_it_at_once_keeps_nobody_else_from_being_served(front_end: FrontEnd) -> None:
    post, headers = front_end.client.post, {"Content-Type": "application/json"}

    async def flood() -> tuple[int, list[httpx.Response]]:
        flooding = [
            asyncio.ensure_future(post("/graphql", content=bad.body, headers=headers)) for _ in range(2) for bad in BAD
        ]
        served = 0
        while not all(each.done() for each in flooding):
            response = await post("/graphql", json={"query": HEAD})
            assert response.json() == {"data": {"ledgerHead": {"book": "main"}}}
            served += 1
        return served, [each.result() for each in flooding]

    served, responses = front_end.portal.call(flood)
    assert [answered(response) for response in responses] == [(bad.status, bad.code) for bad in BAD] * 2
    assert served >= 2


# Codes ----------------------------------------------------------------------------------------------------------------

TESTS = Path(__file__).resolve().parents[2]
PAGE_FOR_FRONT_ENDS = TESTS.parent / "docs" / "front-end.md"
BEFORE_GRAPHQL = {"UNAUTHENTICATED", "SIGN_IN_AWAY"}
"""What nobody is told who has signed in; `api/access/refused.py` says these."""


def codes_on_the_page() -> set[str]:
    """The codes in the table of the page for front ends."""
    _, _, table = PAGE_FOR_FRONT_ENDS.read_text("utf-8").partition("| code | what it means |")
    rows = [line.split("|")[1] for line in table.strip().splitlines() if line.startswith("| `")]
    return {code for row in rows for code in re.findall(r"`([A-Z_]+)`", row)}


def test_the_page_for_front_ends_explains_every_code_and_no_other() -> None:
    assert codes_on_the_page() == set(Code) | BEFORE_GRAPHQL


def test_every_code_is_brought_about_by_some_test() -> None:
    sources = [path for path in TESTS.rglob("test_*.py") if path != Path(__file__)]
    written = "\n".join(path.read_text("utf-8") for path in sources)
    assert [code for code in Code if f'"{code}"' not in written] == []
