"""Items by HTTP beside the same matters by `daybook import` out of NDJSON, into one book, event by event the same."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import orjson
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal

from api.app import create_app
from api.imports.loading import parsed
from api.imports.run import run_import
from api.workspace import Workspace
from ledger.ledger import Ledger
from tests import conftest
from tests.api.graphql.asking import PLACE
from tests.api.graphql.conftest import ACTOR, opened
from tests.api.imports.written import IMPORTER
from tests.benchmarks.side_by_side import Work, compare

CASES = 1_000
EVENTS_A_CASE = 8
BEGAN = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
MAPPING = """
name = "matters"
shape = "event"
source = "bench.matters"

[file]
format = "ndjson"

[rows]
case = "case"
key = ["activity"]

[time]
formats = ["iso"]
zone = "UTC"
zone_assumed = false
occurred = "time"

[customer]
column = "customer"
kind = "person"

[case]
kind = "request"
channel = "hotline"

[activity]
column = "activity"

[activities]
"Opened" = [{ do = "receive-case" }, { do = "register-case" }]
"Assigned" = { do = "dispatch-case", unit = { column = "team" } }
"Answered" = { do = "send-response", kind = "first", channel = "email" }
"Resolved" = { do = "resolve-case", outcome = "solved" }
"Closed" = { do = "close-case" }
"""


class Matter(NamedTuple):
    """One case from its customer's file to its end, as both ways tell it."""

    rows: list[dict[str, Any]]
    items: list[dict[str, Any]]


def matter(name: str) -> Matter:
    """A matter of its own."""
    at = [(BEGAN + timedelta(hours=hours)).isoformat() for hours in range(5)]
    rows = [
        {"case": name, "activity": activity, "time": when, "customer": f"u-{name}", "team": "Team 1"}
        for activity, when in zip(("Opened", "Assigned", "Answered", "Resolved", "Closed"), at, strict=True)
    ]
    told: list[tuple[str, str, str, dict[str, Any]]] = [
        ("register-customer", at[0], f"u-{name}", {"kind": "person"}),
        ("record-touchpoint", at[0], name, {"customer": f"u-{name}", "channel": "hotline", "direction": "in"}),
        (
            "receive-case",
            at[0],
            name,
            {"kind": "request", "channel": "hotline", "customer": f"u-{name}", "touchpoint": name},
        ),
        ("register-case", at[0], name, {}),
        ("dispatch-case", at[1], name, {"unit": "Team 1"}),
        ("send-response", at[2], name, {"kind": "first", "channel": "email"}),
        ("resolve-case", at[3], name, {"outcome": "solved"}),
        ("close-case", at[4], name, {}),
    ]
    items = [
        {"id": f"{name}-{nth}", "source": "bench.matters", "type": kind, "time": when, "subject": subject, "data": data}
        for nth, (kind, when, subject, data) in enumerate(told)
    ]
    return Matter(rows, items)


def written(lines: list[dict[str, Any]]) -> bytes:
    return b"".join(orjson.dumps(line) + b"\n" for line in lines)


class Sides:
    """The two ways, each with matters of its own in every round."""

    def __init__(self, workspace: Workspace, portal: BlockingPortal, client: httpx.AsyncClient, folder: Path) -> None:
        self.ledger: Ledger = workspace.ledger
        self._portal, self._client, self._folder = portal, client, folder
        self._rounds = count()
        self._mapping = parsed(MAPPING, "matters.toml")

    def matters(self) -> list[Matter]:
        name = f"{next(self._rounds)}"
        return [matter(f"M-{name}-{number}") for number in range(CASES)]

    def body(self) -> bytes:
        return written([item for each in self.matters() for item in each.items])

    def file(self) -> Path:
        file = self._folder / f"{next(self._rounds)}.ndjson"
        file.write_bytes(written([row for each in self.matters() for row in each.rows]))
        return file

    def send(self, body: bytes) -> int:
        """By HTTP, and how many events that recorded."""
        headers = {"Content-Type": "application/x-ndjson"}
        response = self._portal.call(lambda: self._client.post("/ingest", content=body, headers=headers, timeout=None))
        end = orjson.loads(response.content.splitlines()[-1])
        accepted: int = end["accepted"]
        return accepted

    def load(self, file: Path) -> int:
        """By a file, and how many events that recorded."""
        return run_import(self.ledger, file, self._mapping, actor=IMPORTER).events


@pytest.fixture
def sides(database: conftest.Database, tmp_path: Path) -> Iterator[Sides]:
    with opened(database) as workspace, start_blocking_portal() as portal:
        app = create_app(workspace, development_actor=ACTOR)  # nothing follows the book: both sides only write
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url=PLACE)
        with portal.wrap_async_context_manager(client):
            yield Sides(workspace, portal, client, tmp_path)


def test_items_by_http_beside_an_import_of_the_same(rounds: int, sides: Sides) -> None:
    assert sides.send(sides.body()) == sides.load(sides.file()) == CASES * EVENTS_A_CASE
    compare(
        f"{CASES:,} matters of {EVENTS_A_CASE} events",
        rounds,
        Work("items by HTTP, an answer each", sides.send, prepare=sides.body),
        (Work("daybook import, NDJSON", sides.load, prepare=sides.file), "none"),
    )
