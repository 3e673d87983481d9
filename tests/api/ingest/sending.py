"""A program that sends items, and reads what comes back."""

from collections.abc import Iterable, Mapping
from itertools import count
from typing import Any

import httpx
import orjson

from api.workspace import Workspace
from domain.envelope import Recorded
from tests.api.graphql.asking import FrontEnd

LINES = "application/x-ndjson"
ONE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
SOURCE = "shop.tickets"
AT = "2026-03-02T09:00:00Z"
IDS = (f"e-{number}" for number in count(1))
Answer = dict[str, Any]


def item(kind: str, subject: str | None = None, /, **more: Any) -> dict[str, Any]:
    """An item of a type; what is said beside the envelope is its data."""
    envelope: dict[str, Any] = {
        name: more.pop(name) for name in ("id", "source", "time", "zone", "precision") if name in more
    }
    told: dict[str, Any] = {"id": next(IDS), "source": SOURCE, "type": kind, "time": AT, "subject": subject}
    told |= {"data": more, **envelope}
    return {name: value for name, value in told.items() if value is not None}


def event(kind: str, subject: str | None = None, /, **more: Any) -> dict[str, Any]:
    """The same as a CloudEvent."""
    return {"specversion": "1.0", **item(kind, subject, **more)}


def received(key: str, **more: Any) -> dict[str, Any]:
    """The receipt of a case."""
    return item("receive-case", key, **{"kind": "complaint", "channel": "chat", **more})


def lines(items: Iterable[Any]) -> bytes:
    """A body of lines; bytes are lines as they are."""
    return b"".join((each if isinstance(each, bytes) else orjson.dumps(each)) + b"\n" for each in items)


class Producer:
    """Sends items to a running application, whose ledger it may look into."""

    def __init__(self, front_end: FrontEnd, workspace: Workspace) -> None:
        self.front_end = front_end
        self.ledger = workspace.ledger

    def post(
        self, content: Any, content_type: str | None = LINES, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """The whole response to a body as it is."""
        given = {**({} if content_type is None else {"Content-Type": content_type}), **(headers or {})}
        client = self.front_end.client
        return self.front_end.portal.call(lambda: client.post("/ingest", content=content, headers=given))

    def sent(self, *items: Any, headers: Mapping[str, str] | None = None) -> list[Answer]:
        """The answers to items on lines, the last one without."""
        response = self.post(lines(items), headers=headers)
        assert response.status_code == 200, response.text
        *answers, end = [orjson.loads(line) for line in response.content.splitlines()]
        assert end["end"] is True
        assert end["items"] == len(answers)
        return answers

    def statuses(self, *items: Any, headers: Mapping[str, str] | None = None) -> list[str]:
        """How they went, each with its code if it has one."""
        return [
            " ".join(filter(None, (answer["status"], answer.get("code"))))
            for answer in self.sent(*items, headers=headers)
        ]

    def events(self, after: int) -> list[Recorded[Any]]:
        """What was recorded since a position."""
        return self.ledger.since(after, opened=True)

    def names(self, after: int) -> list[str]:
        """The same by name."""
        return [type(one.event).__name__ for one in self.events(after)]


def problem(response: httpx.Response) -> tuple[int, str]:
    """The status and the code of a request that failed as a whole."""
    assert response.headers["content-type"] == "application/problem+json"
    told = response.json()
    assert (told["type"], told["status"]) == ("about:blank", response.status_code)
    assert told["title"]
    assert told["detail"]
    code: str = told["code"]
    return response.status_code, code
