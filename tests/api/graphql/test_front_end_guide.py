import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import uuid4

import pytest

from api.graphql import limits
from api.graphql.connection import MOST_A_PAGE
from api.graphql.problem import Code
from tests.api.graphql.asking import FrontEnd
from tests.conftest import PROJECT

GUIDE = (PROJECT / "docs" / "front-end.md").read_text()
RECEIVED = {"kind": "COMPLAINT", "channel": "WECHAT"}
BLOCK = re.compile(r"```(graphql|json variables|json answer)\n(.*?)```", re.DOTALL)


class Example(NamedTuple):
    """A document of the guide, with its variables and the answer that it shows, if it shows one."""

    document: str
    variables: dict[str, Any]
    answer: dict[str, Any] | None


def examples() -> Iterator[Example]:
    found: list[dict[str, str]] = []
    for kind, text in BLOCK.findall(GUIDE):
        if kind == "graphql":
            found.append({})
        found[-1][kind] = text
    for example in found:
        answer = example.get("json answer")
        variables = json.loads(example.get("json variables", "{}"))
        yield Example(example["graphql"], variables, None if answer is None else json.loads(answer))


def shape(value: Any) -> Any:
    """A value without what differs from book to book: ids, tokens and texts that were shortened."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape(inner) for inner in value]
    return "opaque" if isinstance(value, str) and value.startswith("WyJ") else value


@pytest.fixture
def told(front_end: FrontEnd) -> dict[str, Any]:
    """What an earlier answer told the reader: an id, and a token."""
    case = front_end.done("receiveCase", **RECEIVED)
    token = front_end.ask("{ ledgerHead { consistencyToken } }")["ledgerHead"]["consistencyToken"]
    number = front_end.done("registerCase", "number", caseId=front_end.done("receiveCase", **RECEIVED)["id"])["number"]
    customer = front_end.done("registerCustomer", kind="PERSON")["id"]
    return {"customerId": customer, "id": case["id"], "caseId": case["id"], "consistencyToken": token, "number": number}


@pytest.mark.parametrize("example", list(examples()), ids=lambda example: example.document.split("(")[0].split()[-1])
def test_an_example_of_the_guide_answers_as_the_guide_shows(
    front_end: FrontEnd, told: dict[str, Any], example: Example
) -> None:
    def filled(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {inner_key: filled(inner, inner_key) for inner_key, inner in value.items()}
        return str(uuid4()) if key == "commandId" else told.get(key, value)

    answer = front_end.ask(example.document, **filled(example.variables))
    assert None not in answer.values()
    if example.answer is not None:
        assert shape(answer) == shape(example.answer)


def test_the_guide_names_every_code_and_every_limit() -> None:
    assert [code for code in Code if f"`{code}`" not in GUIDE] == []
    sizes = (limits.MOST_TOKENS, *limits.LIMITS, MOST_A_PAGE)
    assert [size for size in sizes if not re.search(rf"\b{size}\b", GUIDE)] == []


def test_the_guide_has_examples() -> None:
    assert len(list(examples())) == 7
