"""The same cases on the library's own Aggregate, as it ships: its events, its mapper, its JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection
from typing_extensions import override

from tests.benchmarks.durable import AT
from tests.conftest import Database

CASES = 300
CASES_A_SAVE = 50
"""The library's pipelined insert and the server wait for each other for ever at some thousand events in one save."""

UPSERT = """
INSERT INTO library_case_file AS v (case_id, status, unit, responses, last_occurred_at)
VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (case_id) DO UPDATE SET
  status = excluded.status, unit = coalesce(excluded.unit, v.unit), responses = v.responses + excluded.responses,
  last_occurred_at = excluded.last_occurred_at
"""


class Told(Aggregate.Event):
    """What our envelope says of every event. The library has no metadata, so its events carry it themselves."""

    occurred_at: datetime
    occurred_zone: str
    occurred_precision: str
    actor: str
    actor_kind: str
    actor_unit: str
    role: str
    door: str
    correlation: UUID
    command: UUID
    digest: str
    program: str


class LibraryCase(Aggregate):
    """A case with the same seven events as the benchmark's histories, folded by the events' own `apply`."""

    class Received(Aggregate.Created, Told):
        kind: str
        customer_id: UUID
        channel: str
        words: str

    class Registered(Told):
        unit: str
        registered_by: str

        @override
        def apply(self, aggregate: Any) -> None:
            aggregate.status, aggregate.unit = "registered", self.unit

    class Prioritised(Told):
        priority: str
        impact: str
        urgency: str

        @override
        def apply(self, aggregate: Any) -> None:
            aggregate.priority = self.priority

    class Transferred(Told):
        from_unit: str
        to_unit: str
        handler: str

        @override
        def apply(self, aggregate: Any) -> None:
            aggregate.unit, aggregate.handler = self.to_unit, self.handler

    class Responded(Told):
        kind: str
        channel: str
        by: str
        words: str

        @override
        def apply(self, aggregate: Any) -> None:
            aggregate.responses = (*aggregate.responses, (self.occurred_at, self.words))

    class Resolved(Told):
        outcome: str
        resolved_by: str

        @override
        def apply(self, aggregate: Any) -> None:
            aggregate.status = "resolved"

    class Closed(Told):
        code: str

        @override
        def apply(self, aggregate: Any) -> None:
            aggregate.status = "closed"

    def __init__(self, kind: str, customer_id: UUID, channel: str, words: str, **told: Any) -> None:
        self.kind, self.customer_id, self.channel, self.words = kind, customer_id, channel, words
        self.status, self.unit, self.handler, self.priority = "received", "", "", ""
        self.responses: tuple[tuple[datetime, str], ...] = ()


class Cases(Application[UUID]):
    """The library's application over its own PostgreSQL recorder."""


class LibraryView(PostgresTrackingRecorder):
    """A view with a handful of columns, brought up to date an event at a time."""

    @override
    def _create_table(self, curs: Any) -> None:
        super()._create_table(curs)
        curs.execute(
            "CREATE TABLE IF NOT EXISTS library_case_file (case_id uuid PRIMARY KEY, status text, unit text, "
            "responses integer NOT NULL, last_occurred_at timestamptz NOT NULL)"
        )

    def put(self, row: tuple[Any, ...], tracking: Tracking) -> None:
        """One row and the tracking of its event, in one transaction."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(UPSERT, row, prepare=True)


class LibraryProjection(Projection[LibraryView]):
    """The library's projection of its cases."""

    name = "library_case_file"

    @override
    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        """What an event makes of its row."""
        unit = getattr(domain_event, "unit", getattr(domain_event, "to_unit", None))
        responses = int(isinstance(domain_event, LibraryCase.Responded))
        status = type(domain_event).__name__.lower()
        self.view.put((domain_event.originator_id, status, unit, responses, domain_event.occurred_at), tracking)


def with_library_cases(place: Database, count: int) -> dict[str, str]:
    """So many cases saved in a database by the library, and its environment there."""
    info: Any = psycopg.conninfo.conninfo_to_dict(place.owner_url)
    env = {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": info["dbname"],
        "POSTGRES_HOST": info["host"],
        "POSTGRES_USER": info["user"],
        "POSTGRES_PASSWORD": "",
    }
    with Cases(env) as cases:
        for first in range(0, count, CASES_A_SAVE):
            cases.save(*(a_library_case(first + nth, uuid4(), AT) for nth in range(CASES_A_SAVE)))
    return env


def a_library_case(case: int, customer_id: UUID, at: datetime) -> LibraryCase:
    """A case with its seven events, not saved."""
    command = uuid4()
    told: dict[str, Any] = {
        "occurred_at": at, "occurred_zone": "Asia/Shanghai", "occurred_precision": "instant", "actor": "李娜",
        "actor_kind": "person", "actor_unit": "East branch desk", "role": "agent", "door": "benchmark",
        "correlation": command, "command": command, "digest": "5a" * 32, "program": "0.1.0",
    }  # fmt: skip
    found: LibraryCase = LibraryCase._create(
        LibraryCase.Received, kind="complaint", customer_id=customer_id, channel="hotline",
        words=f"电费多收了一倍，请核查。 {case}", **told,
    )  # fmt: skip
    found.trigger_event(LibraryCase.Registered, unit="East branch desk", registered_by="李娜", **told)
    found.trigger_event(LibraryCase.Prioritised, priority="moderate", impact="medium", urgency="medium", **told)
    found.trigger_event(
        LibraryCase.Transferred, from_unit="East branch desk", to_unit="Metering", handler="张伟", **told
    )
    reply = "We have read your meter and will call you."
    found.trigger_event(LibraryCase.Responded, kind="update", channel="hotline", by="李娜", words=reply, **told)
    found.trigger_event(LibraryCase.Resolved, outcome="upheld", resolved_by="张伟", **told)
    found.trigger_event(LibraryCase.Closed, code="meter replaced", **told)
    return found
