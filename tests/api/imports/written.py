"""Small handmade files in the form that the mapping `servicenow` reads."""

import csv
import gzip
import io
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from domain.book import BookTime
from domain.envelope import Actor, ActorKind, Recorded
from domain.event import Event, rfc3339
from ledger.book import open_book
from ledger.database import Database
from ledger.keys import LocalMasterKey
from ledger.ledger import Ledger

SAID_AT = datetime(2017, 3, 1, tzinfo=UTC)
IMPORTER = Actor("importer", ActorKind.PERSON)
OPENED = datetime(2016, 2, 29, 6, 38, tzinfo=UTC)

FIRST = {
    "number": "INC1",
    "incident_state": "New",
    "active": "true",
    "reassignment_count": "0",
    "reopen_count": "0",
    "sys_mod_count": "0",
    "made_sla": "true",
    "caller_id": "Caller 1",
    "opened_by": "Opened by  1",
    "opened_at": "29/2/2016 06:38",
    "sys_created_by": "?",
    "sys_created_at": "?",
    "sys_updated_by": "Updated by 1",
    "sys_updated_at": "29/2/2016 06:42",
    "contact_type": "Phone",
    "location": "Location 1",
    "category": "Category 1",
    "subcategory": "?",
    "u_symptom": "?",
    "cmdb_ci": "?",
    "impact": "2 - Medium",
    "urgency": "2 - Medium",
    "priority": "3 - Moderate",
    "assignment_group": "Group 1",
    "assigned_to": "?",
    "knowledge": "?",
    "u_priority_confirmation": "?",
    "notify": "?",
    "problem_id": "?",
    "rfc": "?",
    "vendor": "?",
    "caused_by": "?",
    "closed_code": "code 3",
    "resolved_by": "Resolved by 1",
    "resolved_at": "2/3/2016 12:06",
    "closed_at": "7/3/2016 13:00",
}

Line = Mapping[str, str]


def opened(database: Database, book: str = "main") -> Ledger:
    return open_book(
        database,
        LocalMasterKey(b"k" * 32),
        book,
        origin="daybook.test",
        zone="UTC",
        time=BookTime.SIMULATED,
        at=SAID_AT,
        actor=IMPORTER,
    )


def case(number: str, *updates: Line) -> list[Line]:
    """The rows of a case: the first as FIRST has it, each update an hour after the one before, and what it changes."""
    rows: list[Line] = [{**FIRST, "number": number}]
    for count, update in enumerate(updates, 1):
        at = OPENED + timedelta(hours=count)
        stamps = {"sys_mod_count": str(count), "sys_updated_at": f"{at.day}/{at.month}/{at.year} {at:%H:%M}"}
        rows.append({**rows[-1], **stamps, **update})
    return rows


def csv_of(rows: Iterable[Line]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(FIRST), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def written(path: Path, *cases: Iterable[Line]) -> Path:
    content = csv_of(row for rows in cases for row in rows).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def rows_of(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def told(events: Iterable[Recorded[Event]]) -> list[tuple[object, ...]]:
    """What a book says, all but when it was recorded."""
    return [
        (
            one.stream,
            one.version,
            one.position,
            rfc3339(one.occurred_at),
            one.source_recorded_at,
            one.register,
            one.event,
            one.metadata.actor,
            one.metadata.command,
            one.metadata.source,
            one.metadata.departures,
        )
        for one in events
    ]
