"""The same cases on the library's own Aggregate, as it ships: its decorators, its mapper, its JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection
from typing_extensions import override

UPSERT = """
INSERT INTO library_case_file AS v (case_id, status, unit, responses, last_occurred_at)
VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (case_id) DO UPDATE SET
  status = excluded.status, unit = coalesce(excluded.unit, v.unit), responses = v.responses + excluded.responses,
  last_occurred_at = excluded.last_occurred_at
"""


class LibraryCase(Aggregate):
    """A case with the same seven events as the benchmark's histories."""

    class Received(Aggregate.Created):
        kind: str
        customer_id: UUID
        channel: str
        words: str
        occurred_at: datetime

    class Registered(Aggregate.Event):
        unit: str
        registered_by: str
        occurred_at: datetime

    class Prioritised(Aggregate.Event):
        priority: str
        impact: str
        urgency: str
        occurred_at: datetime

    class Transferred(Aggregate.Event):
        from_unit: str
        to_unit: str
        handler: str
        occurred_at: datetime

    class Responded(Aggregate.Event):
        kind: str
        channel: str
        by: str
        words: str
        occurred_at: datetime

    class Resolved(Aggregate.Event):
        outcome: str
        resolved_by: str
        occurred_at: datetime

    class Closed(Aggregate.Event):
        code: str
        occurred_at: datetime

    @event(Received)
    def __init__(self, kind: str, customer_id: UUID, channel: str, words: str, occurred_at: datetime) -> None:
        self.kind, self.customer_id, self.channel, self.received_at = kind, customer_id, channel, occurred_at
        self.status, self.unit, self.handler, self.priority = "received", "", "", ""
        self.responses: tuple[tuple[datetime, str], ...] = ()

    @event(Registered)
    def register(self, unit: str, registered_by: str, occurred_at: datetime) -> None:
        """Registers the case."""
        self.status, self.unit = "registered", unit

    @event(Prioritised)
    def prioritise(self, priority: str, impact: str, urgency: str, occurred_at: datetime) -> None:
        """Gives it a priority."""
        self.priority = priority

    @event(Transferred)
    def transfer(self, from_unit: str, to_unit: str, handler: str, occurred_at: datetime) -> None:
        """Moves it to another unit."""
        self.unit, self.handler = to_unit, handler

    @event(Responded)
    def respond(self, kind: str, channel: str, by: str, words: str, occurred_at: datetime) -> None:
        """Answers the customer."""
        self.responses = (*self.responses, (occurred_at, words))

    @event(Resolved)
    def resolve(self, outcome: str, resolved_by: str, occurred_at: datetime) -> None:
        """Gives the final answer."""
        self.status = "resolved"

    @event(Closed)
    def close(self, code: str, occurred_at: datetime) -> None:
        """Closes it."""
        self.status = "closed"


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


def a_library_case(case: int, customer_id: UUID, at: datetime) -> LibraryCase:
    """A case with its seven events, not saved."""
    found = LibraryCase("complaint", customer_id, "hotline", f"电费多收了一倍，请核查。 {case}", at)
    found.register("East branch desk", "李娜", at)
    found.prioritise("moderate", "medium", "medium", at)
    found.transfer("East branch desk", "Metering", "张伟", at)
    found.respond("update", "hotline", "李娜", "We have read your meter and will call you.", at)
    found.resolve("upheld", "张伟", at)
    found.close("meter replaced", at)
    return found
