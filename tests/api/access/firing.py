"""Sends documents of any kind to a server, and looks at whether the answers are such as they should be."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, settings

from api.graphql.identity import parts_of
from api.graphql.problem import Code
from tests.api.access.any_document import Sent
from tests.api.access.world import Signed, World
from tests.api.graphql.every_connection import everything, pages, places

FAULTS = {Code.FAULT, Code.TIMED_OUT, Code.TOO_BUSY, Code.RATE_LIMITED, Code.LEDGER_AWAY, Code.CLOCKS_DISAGREE}
"""Codes that nothing in a document may bring about. One that takes too long to answer is stopped as TIMED_OUT."""
SETTLED_LATER = pytest.mark.filterwarnings("ignore:coroutine 'GraphQLCoreConverter:RuntimeWarning")
"""For tests that send thousands: where a field fails before those beside it have begun, graphql-core now and then
drops one of these without having awaited it. The answer is as it should be."""
STATUSES = {200, 400, 403, 413}
KEYS = {"message", "locations", "path", "extensions"}


def sent(asker: Signed, request: Sent) -> httpx.Response:
    """The answer to a request."""
    headers = asker.headers | {"Content-Type": "application/json"}
    return asker.portal.call(lambda: asker.client.post("/graphql", content=request.body, headers=headers))


def check_shape(response: httpx.Response) -> None:
    """Fails unless the answer is one of GraphQL's, and says what is wrong by a code that is no fault of ours."""
    assert response.status_code in STATUSES, response.text
    answer = json.loads(response.content)
    assert isinstance(answer, dict)
    assert answer.keys() in ({"data"}, {"errors"}, {"data", "errors"}), answer.keys()
    assert answer.get("errors", [None]) != []
    for error in answer.get("errors", ()):
        assert error.keys() <= KEYS
        assert isinstance(error["message"], str)
        assert error["extensions"]["code"] in set(Code) - FAULTS, error
    assert "data" not in answer or answer["data"] is None or isinstance(answer["data"], dict)


def so_many(few: int, *, long: bool, shrinking: bool = True) -> settings:
    """The same few documents in every run, or many others with `--long`."""
    return settings(
        max_examples=few * 15 if long else few,
        derandomize=not long,
        database=None,
        phases=[Phase.generate, Phase.shrink] if shrinking else [Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
    )


def heard_of(world: World) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Ids by what they are of and cursors by connection, of everything in the book, and some that are none."""
    ids: dict[str, dict[str, None]] = {"other": dict.fromkeys(("", "nonsense", "WyJjYXNlIl0"))}
    cursors: dict[str, list[str]] = {"nonsense": ["nonsense", "WyJyZWNlaXZlZCJd"]}
    for of in (world.cases, world.customers, world.obligations, world.touchpoints, world.staff, world.units):
        for each in of.values():
            ids.setdefault(parts_of(each)[0], {})[each] = None
    for place in places():
        shown = f"edges {{ cursor }} nodes {{ {everything(place.items, 2)} }} pageInfo {{ endCursor }}"
        answer = world.administrator.send(place.document("first: 20", shown, most=20)).json()
        for page in pages(answer.get("data")):
            cursors.setdefault(str(place), []).extend(edge["cursor"] for edge in page["edges"][:5])
            for each in (found for node in page["nodes"] for found in _ids_in(node)):
                ids.setdefault(parts_of(each)[0], {})[each] = None
    return {kind: list(found) for kind, found in ids.items()}, {of: found for of, found in cursors.items() if found}


def _ids_in(shown: Any) -> Iterator[str]:
    if isinstance(shown, list):
        for each in shown:
            yield from _ids_in(each)
    elif isinstance(shown, dict):
        for name, each in shown.items():
            if name == "id" and isinstance(each, str):
                yield each
            else:
                yield from _ids_in(each)
