import json
import re
import shlex
from typing import Any, NamedTuple

import httpx
import pytest

from api.graphql.problem import Code
from api.http.turned_away import STATUS_OF
from api.ingest.outcome import Fault, Status
from api.ingest.vocabulary import kinds
from tests.api.graphql.asking import FrontEnd
from tests.api.guides.page import opaque, read

GUIDE = read("ingest.md")
EXAMPLE = re.compile(r"^```sh\n(curl .*?)^```\n\n```(?:ndjson|json)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
YEAR = re.compile(r"\bC\d{4}-")


class Curl(NamedTuple):
    """A command of the page: where it sends what."""

    url: str
    headers: dict[str, str]
    body: str


def typed(text: str) -> Curl:
    """The command as curl understands it."""
    command, _, body = text.partition("<<'END'\n")
    _, *words = shlex.split(command)
    url = next(word for word in words if word.startswith("http"))
    headers = dict(words[at + 1].split(": ", 1) for at, word in enumerate(words) if word == "-H")
    told = words[words.index("--data-binary") + 1]
    return Curl(url, headers, body.removesuffix("END\n") if told == "@-" else told)


def values(text: str) -> Any:
    """The lines of an answer, or all of it where it is one value, without what differs from book to book."""
    text = YEAR.sub("C2026-", text)
    try:
        return opaque(json.loads(text))
    except json.JSONDecodeError:
        return [opaque(json.loads(line)) for line in text.splitlines()]


def sent(front_end: FrontEnd, curl: Curl) -> httpx.Response:
    client = front_end.client
    return front_end.portal.call(lambda: client.post(curl.url, headers=curl.headers, content=curl.body.encode()))


def test_the_guide_is_followed_from_top_to_bottom_and_answers_as_it_shows(front_end: FrontEnd) -> None:
    examples = EXAMPLE.findall(GUIDE)
    assert len(examples) == GUIDE.count("```sh\n") == 5
    for command, answer in examples:
        assert values(sent(front_end, typed(command)).text) == values(answer)


@pytest.mark.parametrize("kind", kinds().values(), ids=lambda kind: kind.name)
def test_the_guide_has_every_type_with_its_fields(kind: Any) -> None:
    fields = kind.data.model_fields
    left_out = set() if kind.begins else {str(kind.category)}
    required = [f"`{name}`" for name, field in fields.items() if field.is_required()]
    others = [f"`{name}`" for name, field in fields.items() if not field.is_required() and name not in left_out]
    assert f"| `{kind.name}` | {kind.category} | {', '.join(required)} | {', '.join(others)} |\n" in GUIDE


def test_the_guide_names_every_status_and_every_code() -> None:
    assert [status for status in Status if f"| `{status}` |" not in GUIDE] == []
    assert [code for code in Fault if f"`{code}`" not in GUIDE] == []
    of_other_paths = {
        "BAD_LINK",
        "LINK_EXPIRED",
        "WRONG_SIZE",
        "WRONG_DIGEST",
        "OTHER_BYTES",
        "UPLOAD_GONE",
        "UPLOAD_STALLED",
        "PERSISTED_QUERY_NOT_FOUND",
        "PERSISTED_QUERY_NOT_SUPPORTED",
        "DOCUMENT_NOT_TRUSTED",
        "NOT_FOUND",
    }
    assert [code for code in STATUS_OF if f"`{Code(code)}`" not in GUIDE and code not in of_other_paths] == []
