from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from api.demo.fill import fill
from api.demo.year import Year
from api.workspace import Workspace
from domain.amendment import AMENDMENTS
from domain.book import stream_of_book
from domain.envelope import RegisterNumber
from domain.event import rfc3339
from domain.personal import personal_values
from domain.stream import Category, stream_of
from domain.unit.events import id_of_unit, stream_of_unit
from ledger.ledger import Ledger
from projections import case_file
from projections.case_file import RECEIVED
from projections.paging import Window
from replay.as_of import AsOf, KnownBy
from replay.export.exporting import Stage, export
from replay.export.ocel import Ocel
from replay.export.selection import Asked, Selection, Span
from replay.export.tables import Table
from replay.reader import Reader
from tests.api.demo.test_demo import nobody, opened
from tests.conftest import _database
from tests.replay.export.log import Log, as_of, ocel_of, read, rows_of, tables_of, told_by, told_in

YEAR = Year(date(2026, 11, 20), seed=1, cases=40)
NOW = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def filled(server: Any, template: str) -> Iterator[Workspace]:
    """A demo's book, filled once: tests only look at it."""
    for database in _database(server, template):
        with opened(database, "demo", YEAR) as workspace:
            fill(workspace.ledger, workspace.views, YEAR, nobody)
            workspace.runner.catch_up()
            yield workspace


@pytest.fixture(scope="module")
def book(filled: Workspace) -> Ledger:
    return filled.ledger


@pytest.fixture(scope="module")
def asked(book: Ledger) -> Asked:
    return Asked(as_of(book, NOW))


@pytest.fixture(scope="module")
def exported(book: Ledger, asked: Asked) -> bytes:
    return ocel_of(book, asked)[0]


@pytest.fixture(scope="module")
def log(exported: bytes) -> Log:
    return read(exported)


def test_every_event_of_a_book_as_it_is_read_is_in_its_export_with_all_that_it_says(book: Ledger, log: Log) -> None:
    assert_same(told_in(log), told_by(book))


def assert_same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    assert list(found) == list(expected)
    apart = [
        (name, each, found[name][each], expected[name][each])
        for name in found
        for each in found[name]
        if found[name][each] != expected[name][each]
    ]
    assert apart[:3] == []


def test_as_written_every_event_is_in_the_export_with_corrections_and_voids_as_such(book: Ledger) -> None:
    written = read(ocel_of(book, Asked(as_of(book, NOW), as_written=True))[0])
    assert_same(told_in(written), told_by(book, as_written=True))
    assert {amendment.TOPIC.rpartition(".")[0] for amendment in AMENDMENTS} & written.types.keys()


def test_the_same_book_as_of_the_same_position_has_the_same_bytes(book: Ledger, asked: Asked, exported: bytes) -> None:
    assert ocel_of(book, asked)[0] == exported


def test_what_an_export_counts_is_what_is_in_it(book: Ledger, asked: Asked, log: Log) -> None:
    _, counts = ocel_of(book, asked)
    assert counts.events == log.types
    assert counts.objects == Counter(thing.type for thing in log.objects.values())
    assert counts.event_to_object == Counter(part for event in log.events.values() for _, part in event.related)
    assert counts.object_to_object == Counter(part for thing in log.objects.values() for _, part in thing.related)
    assert counts.changes == sum(len(thing.changes) for thing in log.objects.values())
    assert counts.skipped == 0


def test_a_case_ends_in_an_export_as_the_view_of_cases_has_it(filled: Workspace, book: Ledger, log: Log) -> None:
    rows = case_file.page(book.database, book.book, Window(RECEIVED, limit=1_000)).rows
    assert len(rows) == YEAR.cases
    shown = {
        stream_of(Category.CASE, row.case_id): {
            "number": str(RegisterNumber(row.series or "", row.number)) if row.number else None,
            "source_key": row.source_key,
            "kind": row.kind,
            "channel": row.channel,
            "status": row.status,
            "unit": row.unit,
            "handler": row.handler,
            "category": row.category,
            "priority": row.priority,
            "outcome": row.outcome,
        }
        for row in rows
    }
    told = {
        name: {attribute: case.last.get(attribute) or None for attribute in shown[name]}
        for name, case in log.of("case").items()
    }
    assert told == shown


def test_no_personal_value_of_a_book_is_in_its_export(book: Ledger, exported: bytes) -> None:
    said = {
        value
        for recorded in book.since(0, opened=True)
        for _, personal in personal_values(recorded.event)
        if isinstance(value := personal.value, str)
    }
    text = exported.decode()
    assert len(said) > 50
    named = {member.last["name"] for member in read(exported).of("staff").values()}
    assert [value for value in said if f'"{value}"' in text and value not in named] == []
    assert [value for value in said if len(value) > 12 and value in text] == []


def test_an_event_is_about_its_stream_and_names_whom_it_names(book: Ledger, log: Log) -> None:
    registered = next(event for event in log.events.values() if event.type == "case-registered")
    parts = {part: log.objects[thing] for thing, part in registered.related}
    assert parts["about"].last["number"] == registered.attributes["register"]
    assert parts["registered_by"].last["name"] == registered.attributes["data.registered_by"]
    transferred = next(event for event in log.events.values() if event.type == "case-transferred")
    units = {part: log.objects[thing].last.get("name") for thing, part in transferred.related}
    assert units["from_unit"] == transferred.attributes["data.from_unit"]
    assert units["to_unit"] == transferred.attributes["data.to_unit"]
    genesis = log.events[f"{book.book}/1"]
    assert genesis.related[0] == (stream_of_book(book.book), "about")


def test_units_stand_below_others_and_cases_belong_to_customers(log: Log) -> None:
    group = [name for name, unit in log.of("unit").items() if not any(part == "parent" for _, part in unit.related)]
    assert len(group) >= 1
    assert {part for case in log.of("case").values() for _, part in case.related} >= {"customer", "handler", "unit"}


# Filters --------------------------------------------------------------------------------------------------------------


def test_events_are_chosen_by_when_they_occurred_and_were_recorded(book: Ledger, asked: Asked, log: Log) -> None:
    since, before = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)
    occurred = read(ocel_of(book, asked, Selection(occurred=Span(since, before)))[0])
    assert occurred.events == {
        name: event for name, event in log.events.items() if rfc3339(since) <= event.time < rfc3339(before)
    }
    recorded = read(ocel_of(book, asked, Selection(recorded=Span(since, before)))[0])
    assert recorded.events == {
        name: event
        for name, event in log.events.items()
        if rfc3339(since) <= event.attributes["recorded_at"] < rfc3339(before)
    }
    assert 0 < len(occurred.events) != len(log.events)


def test_events_are_chosen_by_topic_kind_of_stream_and_actor_together(book: Ledger, asked: Asked, log: Log) -> None:
    actor = next(event.attributes["actor"] for event in log.events.values() if event.type == "case-resolved")
    chosen = Selection(kinds=(Category.CASE,), topics=("case-resolved", "case-closed"), actors=(actor,))
    found = read(ocel_of(book, asked, chosen)[0])
    assert found.events == {
        name: event
        for name, event in log.events.items()
        if event.type in {"case-resolved", "case-closed"} and event.attributes["actor"] == actor
    }
    assert found.events


def test_a_case_that_is_asked_for_is_there_alone(book: Ledger, asked: Asked, log: Log) -> None:
    case = next(iter(log.of("case")))
    found = read(ocel_of(book, asked, Selection(cases=(case,)))[0])
    assert found.events == {name: one for name, one in log.events.items() if one.attributes["stream"] == case}
    assert found.of("case").keys() >= {case}


def test_of_a_customer_everything_is_there_that_ever_named_them(book: Ledger, asked: Asked, log: Log) -> None:
    customer = next(name for thing in log.of("case").values() for name, part in thing.related if part == "customer")
    found = read(ocel_of(book, asked, Selection(customer=customer))[0])
    streams = {one.attributes["stream"] for one in log.events.values() if customer in {name for name, _ in one.related}}
    assert found.events == {name: one for name, one in log.events.items() if one.attributes["stream"] in streams}
    assert found.of("case")


def test_of_a_unit_everything_is_there_that_had_to_do_with_it_or_with_one_below_it(
    book: Ledger, asked: Asked, log: Log
) -> None:
    below: dict[str, set[str]] = {}
    for name, unit in log.of("unit").items():
        for other, part in unit.related:
            if part == "parent":
                below.setdefault(other, set()).add(name)
    branch = next(name for name in sorted(below) if any(part == "parent" for _, part in log.objects[name].related))
    units = {branch, *below[branch]}
    found = read(ocel_of(book, asked, Selection(unit=branch))[0])
    streams = {one.attributes["stream"] for one in log.events.values() if units & {name for name, _ in one.related}}
    assert found.events == {name: one for name, one in log.events.items() if one.attributes["stream"] in streams}
    assert 0 < len(found.events) < len(log.events)


def test_nothing_that_is_meant_is_an_export_without_events_and_objects(book: Ledger, asked: Asked) -> None:
    nobodys, counts = ocel_of(book, asked, Selection(unit=stream_of_unit(id_of_unit("there is none"))))
    assert read(nobodys) == Log({}, {})
    assert (counts.events, counts.objects, counts.changes) == (Counter(), Counter(), 0)


# As of ----------------------------------------------------------------------------------------------------------------


def test_as_known_at_a_position_an_export_is_what_it_was_then(book: Ledger) -> None:
    position = book.head() // 2
    known = book.since(position - 1, upto=position)[0].recorded_at
    earlier = read(ocel_of(book, Asked(AsOf(position, known, known)))[0])
    assert max(earlier.positions) <= position
    assert all(event.time <= rfc3339(known) for event in earlier.events.values())
    by_source = read(ocel_of(book, Asked(AsOf(book.head(), known, known, KnownBy.SOURCE)))[0])
    assert set(by_source.events) <= {f"{book.book}/{n}" for n in range(1, book.head() + 1)}


def test_whoever_watches_hears_of_every_position_and_object(book: Ledger, asked: Asked) -> None:
    heard: list[Stage] = []
    counts = export(Reader(book), asked, Ocel(lambda data: None), Selection(), heard.append)
    assert [stage.done for stage in heard if stage.name == "events"][-1] == book.head()
    assert [stage for stage in heard if stage.name == "objects"][-1][1:] == (counts.objects.total(),) * 2
    assert [stage.done for stage in heard] == sorted([s.done for s in heard if s.name == "events"]) + sorted(
        s.done for s in heard if s.name == "objects"
    )


# Tables ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("exact", [False, True], ids=["guarded", "exact"])
def test_tables_hold_what_the_event_log_holds(book: Ledger, asked: Asked, log: Log, exact: bool) -> None:
    tables = {table: rows_of(data) for table, data in tables_of(book, asked, exact=exact).items()}

    def cell(text: str) -> str:
        return text if exact else text.removeprefix("'")

    assert [(row["id"], row["type"], row["time"]) for row in tables[Table.EVENTS]] == [
        (name, event.type, event.time) for name, event in log.events.items()
    ]
    assert {row["id"]: row["type"] for row in tables[Table.OBJECTS]} == {
        name: thing.type for name, thing in log.objects.items()
    }
    assert [(row["object"], row["name"], row["time"], cell(row["value"])) for row in tables[Table.CHANGES]] == [
        (name, attribute, time, {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value))
        for name, thing in log.objects.items()
        for attribute, time, value in thing.changes
    ]
    assert [tuple(row.values()) for row in tables[Table.RELATIONS]] == [
        *((name, "event", part, thing) for name, event in log.events.items() for thing, part in event.related),
        *((name, "object", part, other) for name, thing in log.objects.items() for other, part in thing.related),
    ]
