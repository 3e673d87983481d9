"""What must have come of everything that was asked for, whatever was killed meanwhile."""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg import sql

from api.graphql.identity import identity_of
from api.workspace import Workspace
from domain.amendment import AMENDMENTS
from domain.correction import applied
from domain.envelope import Recorded
from domain.personal import PersonalState, personal_values
from domain.stream import category_of, subject_of
from projections.case_file import CASE_FILE
from projections.customer_profile import CUSTOMER_PROFILE
from projections.rebuild import rebuild
from projections.registry import PROJECTIONS
from projections.view import View
from tests.faults.front_ends import Asked
from tests.faults.installations import Installation

Book = Sequence[Recorded[Any]]
OUTCOMES = "SELECT command_id, position, events FROM ledger.outcome"
HALF_BUILT = "SELECT relname FROM pg_class WHERE relnamespace = 'views'::regnamespace AND relname LIKE '%\\_anew%'"
MOVES = ("case-dispatched.1", "case-transferred.1", "dispatch-returned.1")


# The ledger -----------------------------------------------------------------------------------------------------------


def is_gapless(book: Book) -> None:
    """Positions, the versions of each stream and the numbers of each register count from 1, and none is missing."""
    assert [recorded.position for recorded in book] == list(range(1, len(book) + 1))
    versions, numbers = defaultdict[str, list[int]](list), defaultdict[str, list[int]](list)
    for recorded in book:
        versions[recorded.stream].append(recorded.version)
        if recorded.register is not None:
            numbers[recorded.register.series].append(recorded.register.number)
    assert {stream: found for stream, found in versions.items() if found != list(range(1, len(found) + 1))} == {}
    assert {series: found for series, found in numbers.items() if found != list(range(1, len(found) + 1))} == {}
    assert [one.recorded_at for one in book] == sorted(one.recorded_at for one in book)


def outcomes_agree(book: Book, installation: Installation) -> None:
    """Each command has one outcome, and its events lie side by side where that says; no event is without one."""
    with installation.connected() as connection:
        outcomes = {command: (position, events) for command, position, events in connection.execute(OUTCOMES)}
    places = defaultdict[UUID, list[int]](list)
    for recorded in book:
        places[recorded.metadata.command].append(recorded.position)
    assert places.keys() <= outcomes.keys()
    for command, (position, events) in outcomes.items():
        assert places.get(command, []) == list(range(position - events + 1, position + 1)), command


def acknowledged_is_there_once(book: Book, asked: Sequence[Asked]) -> None:
    """What was acknowledged is there once, as the acknowledgement said; what was abandoned as a whole or not at all.

    What was said comes back out of its seals, word for word.
    """
    events = defaultdict[UUID, list[Recorded[Any]]](list)
    for recorded in book:
        events[recorded.metadata.command].append(recorded)
    assert len({one.command_id for one in asked}) == len(asked)
    for one in asked:
        found = events.get(one.command_id, [])
        if one.acknowledged is None and not found:
            continue
        assert tuple(recorded.event.TOPIC for recorded in found) == one.topics, one
        said = [personal.value for recorded in found for _, personal in personal_values(recorded.event)]
        assert sorted(said) == sorted(one.said), one
        if (answer := one.acknowledged) is None:
            continue
        last = found[-1]
        assert identity_of(answer.subject, "main").stream == last.stream, one
        assert answer.position >= last.position, one
        if answer.version is not None:
            assert answer.version == last.version or (not one.alone and answer.version > last.version), one
        if (register := found[0].register) is not None:
            assert answer.number == str(register), one


def everything_can_be_opened(book: Book) -> None:
    """No personal value has lost its key or its bytes."""
    states = Counter(personal.state for recorded in book for _, personal in personal_values(recorded.event))
    assert set(states) == {PersonalState.OPEN}


def imports_are_whole(book: Book, files: Sequence[Path]) -> None:
    """Each file was read to its end and counted once, and all of its cases went the same way."""
    steps = defaultdict[str, list[Recorded[Any]]](list)
    for recorded in book:
        steps[recorded.stream].append(recorded)
    cases = {whole[0].event.source_key: tuple(one.event.TOPIC for one in whole) for stream, whole in steps.items()
             if category_of(stream) == "case" and whole[0].event.source_key}  # fmt: skip
    imports = [whole for stream, whole in steps.items() if category_of(stream) == "import"]
    assert [whole[0].event.file_name for whole in imports] == [file.name for file in files]
    for file, whole in zip(files, imports, strict=True):
        rows = list(csv.DictReader(file.read_text().splitlines()))
        numbers = dict.fromkeys(row["number"] for row in rows)
        started, finished = whole
        assert (finished.event.rows, finished.event.rejected, finished.event.cases) == (len(rows), 0, len(numbers))
        assert started.register is not None
        assert len({cases.pop(number) for number in numbers}) == 1
    assert cases == {}


# The views ------------------------------------------------------------------------------------------------------------


def views_are_right(book: Book, workspace: Workspace, installation: Installation) -> None:
    """The live tables are what this module's own fold makes of the ledger, and equal to tables built anew."""
    assert workspace.runner.catch_up() == len(book)
    assert [standing.why for standing in workspace.runner.positions()] == [None] * len(PROJECTIONS)
    streams = defaultdict[str, list[Recorded[Any]]](list)
    for recorded in book:
        streams[recorded.stream].append(recorded)
    read = defaultdict[str, list[Recorded[Any]]](list)
    for recorded in applied(book):
        read[recorded.stream].append(recorded)
    assert _differing(shown(workspace, CASE_FILE), {
        subject_of(stream): case_told(whole, read[stream]) for stream, whole in streams.items()
        if category_of(stream) == "case"
    }) == []  # fmt: skip
    assert _differing(shown(workspace, CUSTOMER_PROFILE), customers_told(streams, read)) == []
    live = {view.name: _rows(installation, view) for view in PROJECTIONS}
    rebuilt = [rebuild(view, lambda: [workspace.ledger], workspace.views) for view in PROJECTIONS]
    assert [built.differing for built in rebuilt] == [0] * len(PROJECTIONS)
    assert {view.name: _rows(installation, view) for view in PROJECTIONS} == live
    with installation.connected() as connection:
        assert connection.execute(HALF_BUILT).fetchall() == []


def shown(workspace: Workspace, view: View[Any]) -> dict[UUID, Any]:
    """The rows of a view, by the id of what they are about."""
    query = view.query("SELECT {columns} FROM {table} WHERE book = %(book)s")
    rows = map(view.of_row, workspace.views.rows(query, {"book": workspace.book}))
    return {getattr(row, view.identity[0]): row for row in rows}


def _rows(installation: Installation, view: View[Any]) -> list[tuple[Any, ...]]:
    """A table as anybody with psql sees it."""
    with installation.connected() as connection:
        query = sql.SQL("SELECT * FROM views.{} ORDER BY 1, 2").format(sql.Identifier(view.name))
        return connection.execute(query).fetchall()


def _differing(rows: Mapping[UUID, Any], told: Mapping[UUID, Mapping[str, Any]]) -> list[tuple[Any, ...]]:
    """What is shown otherwise than it is told here, column by column."""
    assert rows.keys() == told.keys()
    return [
        (subject, column, getattr(rows[subject], column), expected)
        for subject, columns in told.items()
        for column, expected in columns.items()
        if getattr(rows[subject], column) != expected
    ]


class Story:
    """A stream as it is read by now, of which questions are asked one by one."""

    def __init__(self, events: Iterable[Recorded[Any]]) -> None:
        self.events = list(events)

    def of(self, *topics: str, since: int = 0) -> list[Recorded[Any]]:
        """Its events of some topics."""
        return [one for one in self.events if one.event.TOPIC in topics and one.version > since]

    def last(self, field: str, *topics: str, since: int = 0) -> Any:
        """What the latest of them says in a field; None when there is none."""
        found = self.of(*topics, since=since)
        return getattr(found[-1].event, field) if found else None

    def first_at(self, *topics: str) -> datetime | None:
        """When the first of them occurred."""
        return min((one.occurred_at for one in self.of(*topics)), default=None)

    def last_at(self, *topics: str, since: int = 0) -> datetime | None:
        """When the latest of them occurred."""
        found = self.of(*topics, since=since)
        return found[-1].occurred_at if found else None


def case_told(whole: Book, read: Book) -> dict[str, Any]:
    """A case, each column asked of its whole history."""
    story = Story(read)
    cycle = max((one.version for one in story.of("case-reopened.1")), default=0)
    receipt = story.of("case-received.1")[0]
    registered = story.of("case-registered.1")
    from_registration = registered[0].version if registered else 2**31
    holders = story.of("case-registered.1", *MOVES)
    units = [unit for one in holders if (unit := _unit(one.event)) != "as before"]
    handlers = [one.event.handler for one in story.of("case-registered.1", "case-dispatched.1", "case-transferred.1",
                "case-assigned.1") if one.event.handler or one.event.TOPIC != "case-registered.1"]  # fmt: skip
    resolved, closed = (story.last_at(f"case-{how}.1", since=cycle) for how in ("resolved", "closed"))
    waits = len(story.of("case-paused.1")) > len(story.of("case-resumed.1"))
    begun = story.of("work-started.1", since=cycle) or cycle
    redress = story.last("redress", "case-resolved.1", since=cycle)
    status = (
        "closed" if closed else "resolved" if resolved else "paused" if waits else "in-progress" if begun
        else "registered" if registered else "received"
    )  # fmt: skip
    return {
        "version": whole[-1].version, "position": whole[-1].position, "last_recorded_at": whole[-1].recorded_at,
        "last_occurred_at": max(one.occurred_at for one in read), "status": status, "kind": receipt.event.kind,
        "channel": story.last("channel", "case-received.1", "case-channel-changed.1"),
        "customer_id": receipt.event.customer_id, "touchpoint_id": receipt.event.touchpoint_id,
        "source_key": receipt.event.source_key, "received_at": receipt.occurred_at,
        "words_version": receipt.version if receipt.event.words else None,
        "series": registered[0].register.series if registered and registered[0].register else None,
        "number": registered[0].register.number if registered and registered[0].register else None,
        "registered_at": registered[0].occurred_at if registered else None,
        "category": story.last("category", "case-classified.1"),
        "priority": story.last("priority", "case-prioritised.1"),
        "unit": units[-1] if units else None, "handler": handlers[-1] if handlers else None,
        "dispatches": len(story.of("case-dispatched.1")), "transfers": len(story.of("case-transferred.1")),
        "unit_changes": len(story.of(*MOVES, since=from_registration)),
        "assignments": len(story.of("case-assigned.1")), "reopens": len(story.of("case-reopened.1")),
        "responses": len(story.of("response-sent.1")), "pauses": len(story.of("case-paused.1")),
        "first_response_at": story.first_at("response-sent.1"), "dispatched_at": story.first_at("case-dispatched.1"),
        "resolved_at": resolved, "closed_at": closed, "outcome": story.last("outcome", "case-resolved.1", since=cycle),
        "resolved_by": story.last("resolved_by", "case-resolved.1", since=cycle),
        "redress_minor_units": redress.minor_units if redress else None,
        "closing_code": story.last("code", "case-closed.1", since=cycle),
        "attributes": {told.name: told.value for one in story.of("case-attributes-recorded.1")
                       for told in one.event.attributes},
    }  # fmt: skip


def _unit(event: Any) -> str | None:
    """The unit that holds a case after an event that may say so."""
    match event.TOPIC:
        case "case-registered.1":
            return event.unit or "as before"
        case "case-transferred.1":
            return str(event.to_unit)
        case "case-dispatched.1":
            return str(event.unit)
        case _:
            return None


def customers_told(streams: Mapping[str, Book], read: Mapping[str, Book]) -> dict[UUID, dict[str, Any]]:
    """All customers, each column asked of their own stream and of all touchpoints."""
    met = defaultdict[UUID, list[Recorded[Any]]](list)
    for stream, events in read.items():
        if category_of(stream) == "touchpoint":
            for one in events:
                met[one.event.customer_id].append(one)
    return {
        subject_of(stream): customer_told(whole, read[stream], met[subject_of(stream)])
        for stream, whole in streams.items()
        if category_of(stream) == "customer"
    }


def customer_told(whole: Book, read: Book, met: Sequence[Recorded[Any]]) -> dict[str, Any]:
    """A customer, from their file and the touchpoints with them."""
    story, times = Story(read), [one.occurred_at for one in met]
    (registration,) = story.of("customer-registered.1")
    latest = max([whole[-1], *met], key=lambda one: one.position)
    assert not any(isinstance(one.event, AMENDMENTS) for one in whole)
    return {
        "version": whole[-1].version, "position": latest.position, "last_recorded_at": latest.recorded_at,
        "last_occurred_at": max([*times, *(one.occurred_at for one in read)]), "kind": registration.event.kind,
        "source_key": registration.event.source_key, "language": registration.event.language,
        "name_version": registration.version if registration.event.name else None,
        "registered_at": registration.occurred_at, "tier": story.last("tier", "tier-assigned.1"),
        "contacts": tuple((one.event.kind, one.version) for one in story.of("contact-recorded.1")),
        "touchpoints": len(met), "first_touchpoint_at": min(times, default=None),
        "last_touchpoint_at": max(times, default=None),
    }  # fmt: skip
