"""Exports of a book in which much is corrected, of one that nobody of today can read whole, and of odd events."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

import pytest
from eventsourcing.persistence import StoredEvent

from domain.amendment import AMENDMENTS
from domain.case.commands import DispatchCase
from domain.customer import CustomerKind, MergeCustomers, RegisterCustomer
from domain.staff import RegisterStaff, id_of_staff
from domain.stream import Category, stream_of
from domain.unit.commands import OpenUnit, RenameUnit
from domain.unit.events import UnitKind, id_of_unit, stream_of_unit
from ledger.database import Database
from ledger.errors import UnknownTopic
from ledger.ledger import Ledger
from replay.as_of import AsOf
from replay.export import selection
from replay.export.declared import SKIPPED
from replay.export.exporting import export
from replay.export.ocel import Ocel
from replay.export.selection import Asked, Selection
from replay.export.tables import Table
from replay.reader import Reader
from tests import conftest
from tests.ledger.submissions import OPENED, case_stream, opened, receive, register, submission
from tests.projections.amended import Writers
from tests.replay.export.log import as_of, ocel_of, read, rows_of, tables_of, told_by, told_in

LATER = datetime(2027, 1, 1, tzinfo=UTC)
NAMESPACE = UUID("00000000-0000-4000-8000-0000000000e0")


@pytest.fixture
def ledger(database: conftest.Database) -> Iterator[Ledger]:
    """A simulated book with nothing in it but its genesis."""
    with Database(database.writer_url) as connected:
        yield opened(connected, "main")


def case_id(name: str) -> UUID:
    return uuid5(NAMESPACE, name)


def amended(ledger: Ledger, seed: int) -> Writers:
    """Writes, and then corrects and voids, a bit at a time: writers amend what they have seen."""
    writers = Writers(ledger, seed, customers=5, cases=12, amending=0.5)
    for _ in range(6):
        writers.write(40)
    return writers


@pytest.mark.parametrize("seed", [1, 2])
def test_a_book_full_of_corrections_of_corrections_is_exported_as_it_is_read(ledger: Ledger, seed: int) -> None:
    writers = amended(ledger, seed)
    asked = Asked(as_of(ledger, LATER))
    exported, _ = ocel_of(ledger, asked)
    log = read(exported)
    assert told_in(log) == told_by(ledger)
    corrected = [event for event in log.events.values() if "read_by" in event.attributes]
    assert len(corrected) > 3
    history = {one.position: one for one in ledger.since(0)}
    assert all(isinstance(history[event.attributes["read_by"]].event, AMENDMENTS) for event in corrected)
    writers.write(80)
    assert ocel_of(ledger, asked)[0] == exported  # whatever came since


def test_the_case_of_a_correction_is_as_it_was_when_nobody_knew_of_it(ledger: Ledger) -> None:
    amended(ledger, 4)
    for position in range(20, ledger.head(), 60):
        at = ledger.since(position - 1, upto=position)[0].recorded_at
        then = read(ocel_of(ledger, Asked(AsOf(position, at, at + timedelta(days=40))))[0])
        assert max(then.positions, default=0) <= position
        assert all(event.attributes.get("read_by", 0) <= position for event in then.events.values())


# What this program cannot read ----------------------------------------------------------------------------------------


@pytest.fixture
def half_read(ledger: Ledger) -> Ledger:
    """A book with two events of a topic that no program of today has."""
    ledger.carry_out(submission(receive(case_id("a")), register(case_id("a"))))
    for stream, version in ((case_stream(case_id("a")), 3), (case_stream(case_id("b")), 1)):
        ledger.rows.insert_events([StoredEvent(stream, version, "case-weighed.1", b'{"grams":3}')])
    ledger.carry_out(submission(receive(case_id("c"))))
    return ledger


def test_an_event_of_an_unknown_topic_ends_an_export_and_is_named(half_read: Ledger) -> None:
    with pytest.raises(UnknownTopic, match=r"case-weighed\.1.* at position 4"):
        ocel_of(half_read, Asked(as_of(half_read, LATER)))


def test_an_event_that_is_skipped_leaves_a_mark_in_its_place(half_read: Ledger) -> None:
    exported, counts = ocel_of(half_read, Asked(as_of(half_read, LATER)), skip_unknown=True)
    log = read(exported)
    assert log.positions == [1, 2, 3, 4, 5, 6]
    assert [event.type for event in log.events.values()][3:5] == [SKIPPED, SKIPPED]
    mark = log.events["main/4"]
    assert mark.related == [(case_stream(case_id("a")), "about")]
    del mark.attributes["recorded_at"]
    assert mark.attributes == {
        "position": 4,
        "stream": case_stream(case_id("a")),
        "version": 3,
        "topic": "case-weighed.1",
        "cause": "UnknownTopic",
    }
    assert (counts.skipped, [one.position for one in counts.named]) == (2, [4, 5])
    assert log.objects[case_stream(case_id("b"))].changes == []


def test_marks_are_chosen_by_what_their_envelopes_say(half_read: Ledger) -> None:
    def marks(selection: Selection) -> int:
        return ocel_of(half_read, Asked(as_of(half_read, LATER)), selection, skip_unknown=True)[1].skipped

    assert marks(Selection(cases=(case_stream(case_id("a")),))) == 1
    assert marks(Selection(kinds=(Category.CUSTOMER,))) == 0
    assert marks(Selection(topics=("case-received",))) == 0
    assert marks(Selection(actors=("grace",))) == 2  # whose they are, nobody can tell
    assert marks(Selection(customer=stream_of(Category.CUSTOMER, case_id("a")))) == 0


def test_a_mark_stands_once_and_in_its_place_when_its_stream_is_read_for_other_events_too(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    east = stream_of_unit(id_of_unit("East"))
    ledger.carry_out(submission(OpenUnit(at=OPENED, name="East", kind=UnitKind.BRANCH, parent=None)))
    for case in ("a", "b"):
        at = OPENED + timedelta(hours=1)
        ledger.carry_out(submission(receive(case_id(case), at=at), register(case_id(case), at=at), at=at))
        ledger.carry_out(submission(DispatchCase(at=at, case_id=case_id(case), unit="East"), at=at, imported=True))
    ledger.rows.insert_events([StoredEvent(east, 2, "unit-weighed.1", b"{}")])
    monkeypatch.setattr(selection, "EVENTS_AT_ONCE", 2)
    asked = Asked(as_of(ledger, LATER))
    everything, counts = ocel_of(ledger, asked, skip_unknown=True)
    assert read(everything).positions == [*range(1, ledger.head() + 1)]
    assert (counts.skipped, [one.position for one in counts.named]) == (1, [ledger.head()])
    of_unit = read(ocel_of(ledger, asked, Selection(unit=east), skip_unknown=True)[0])
    assert [event.type for event in of_unit.events.values()].count(SKIPPED) == 1


# Names ----------------------------------------------------------------------------------------------------------------


def test_a_unit_is_one_object_under_all_its_names(ledger: Ledger) -> None:
    old, new = "北京分部", "北京"
    unit_id = id_of_unit(old)
    ledger.carry_out(submission(OpenUnit(at=OPENED, name=old, kind=UnitKind.BRANCH, parent=None)))
    for case, name in (("a", old), ("b", new)):
        at = OPENED + timedelta(hours=1)
        ledger.carry_out(submission(receive(case_id(case), at=at), register(case_id(case), at=at), at=at))
        ledger.carry_out(submission(DispatchCase(at=at, case_id=case_id(case), unit=name), at=at, imported=True))
        if name == old:
            ledger.carry_out(submission(RenameUnit(at=at, unit_id=unit_id, name=new), at=at))
    log = read(ocel_of(ledger, Asked(as_of(ledger, LATER)))[0])
    assert [(unit, thing.last["name"]) for unit, thing in log.of("unit").items()] == [(stream_of_unit(unit_id), new)]
    assert [change for change in log.of("unit")[stream_of_unit(unit_id)].changes if change[0] == "name"] == [
        ("name", "2026-01-05T01:00:00.000000Z", old),
        ("name", "2026-01-05T02:00:00.000000Z", new),
    ]
    whole = read(ocel_of(ledger, Asked(as_of(ledger, LATER)), Selection(unit=stream_of_unit(unit_id)))[0])
    assert set(whole.of("case")) == {case_stream(case_id("a")), case_stream(case_id("b"))}


def test_who_is_only_named_is_an_object_with_that_name(ledger: Ledger) -> None:
    ledger.carry_out(submission(receive(case_id("a"), received_by="王芳", customer_id=case_id("nobody"))))
    log = read(ocel_of(ledger, Asked(as_of(ledger, LATER)))[0])
    assert log.objects[stream_of(Category.STAFF, id_of_staff("王芳"))].changes == [
        ("name", "1970-01-01T00:00:00.000000Z", "王芳")
    ]
    assert log.objects[stream_of(Category.CUSTOMER, case_id("nobody"))].changes == []


def test_of_a_customer_who_proved_to_be_another_both_files_are_there(ledger: Ledger) -> None:
    one, other = case_id("one"), case_id("other")
    for customer in (one, other):
        command = RegisterCustomer(at=OPENED, customer_id=customer, kind=CustomerKind.PERSON)
        ledger.carry_out(submission(command))
    ledger.carry_out(submission(receive(case_id("a"), customer_id=other)))
    ledger.carry_out(submission(MergeCustomers(at=OPENED, customer_id=other, into=one)))
    chosen = Selection(customer=stream_of(Category.CUSTOMER, one))
    found = read(ocel_of(ledger, Asked(as_of(ledger, LATER)), chosen)[0])
    assert set(found.of("customer")) == {stream_of(Category.CUSTOMER, one), stream_of(Category.CUSTOMER, other)}
    assert set(found.of("case")) == {case_stream(case_id("a"))}


def test_what_was_recorded_late_stands_where_it_stands_in_its_stream(ledger: Ledger) -> None:
    """A reader of the file has the last value by time, which is to be the one that holds."""
    ledger.carry_out(submission(receive(case_id("a")), register(case_id("a"))))
    for hours, unit in ((5, "B"), (2, "A")):
        at = OPENED + timedelta(hours=hours)
        ledger.carry_out(submission(DispatchCase(at=at, case_id=case_id("a"), unit=unit), at=LATER, imported=True))
    case = read(ocel_of(ledger, Asked(as_of(ledger, LATER)))[0]).objects[case_stream(case_id("a"))]
    assert case.last["unit"] == "A"


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\tx", "'quoted", '"a",b\r\nc', "李"])
def test_a_cell_is_no_formula_and_comes_back_as_it_was(ledger: Ledger, name: str) -> None:
    kept = RegisterStaff(at=OPENED, name=name).name
    ledger.carry_out(submission(RegisterStaff(at=OPENED, name=kept, unit=None)))
    asked, staff = Asked(as_of(ledger, LATER)), stream_of(Category.STAFF, id_of_staff(kept))
    guarded, exact = (rows_of(tables_of(ledger, asked, exact=exact)[Table.CHANGES]) for exact in (False, True))
    (told,) = [row["value"] for row in guarded if row["name"] == "name" and row["object"] == staff]
    assert not told.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert told.removeprefix("'") == kept
    assert kept in {row["value"] for row in exact}


def test_an_export_holds_no_more_of_a_large_book_in_memory_than_of_a_small_one(ledger: Ledger) -> None:
    """Bytes are handed on as they come: the sink hears of events before the last of them was read."""
    for number in range(22):
        ledger.carry_out_all([submission(receive(case_id(f"{number} {each}"))) for each in range(100)])
    order: list[str] = []
    export(
        Reader(ledger),
        Asked(as_of(ledger, LATER)),
        Ocel(lambda data: order.append("bytes")),
        told=lambda stage: order.append(f"{stage.name} {stage.done}"),
    )
    steps = [step for step in order if step != "bytes"]
    assert steps[:2] == ["events 2000", "events 2201"]
    assert order.index(steps[0]) > 2_000
    assert order.index(steps[1]) - order.index(steps[0]) > 201
