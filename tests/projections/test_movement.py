from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from statistics import median
from typing import Any
from uuid import UUID

import psycopg
import pytest

from domain.case.commands import (
    AssignCase,
    DispatchCase,
    RegisterCase,
    ReopenCase,
    ResolveCase,
    ReturnDispatch,
    TransferCase,
    UnassignCase,
)
from domain.case.escalation import EscalateCase, EscalatedBy
from domain.case.events import (
    CaseAssigned,
    CaseDispatched,
    CaseReceived,
    CaseRegistered,
    CaseTransferred,
    CaseUnassigned,
    DispatchReturned,
    Outcome,
)
from domain.correction import applied
from domain.envelope import Recorded
from domain.event import Precision
from domain.stream import subject_of
from ledger.database import Database
from ledger.ledger import Ledger
from projections import handing_on, movement
from projections.handing_on import DispatchLatency, FirstContact, MovementCount, Since, UnitReturns
from projections.movement import OCCURRED, Movement, MovementFilter, MovementKind, Period
from projections.paging import Page, Window
from projections.runner import Runner
from tests import conftest
from tests.ledger.submissions import OPENED, case_stream
from tests.projections.books import UNITS, case_id, fill, received, rows, write
from tests.projections.righted import corrected, voided

NORTH, SOUTH, EAST = UNITS
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LATER = OPENED + 100 * DAY


@pytest.fixture
def ask(ledger: Ledger, runner: Runner, written: Database) -> Callable[..., Page[Movement]]:
    """Asks for movements, once the views show everything."""

    def asking(
        *,
        limit: int = 500,
        descending: bool = False,
        after: str | None = None,
        before: str | None = None,
        from_end: bool = False,
        **where: Any,
    ) -> Page[Movement]:
        assert runner.catch_up() == ledger.head()
        window = Window(OCCURRED, descending, after, before, from_end, limit=limit)
        return movement.page(written, "main", window, MovementFilter(**where))

    return asking


def hands(moved: Movement) -> tuple[Any, ...]:
    return moved.kind, moved.from_unit, moved.to_unit, moved.from_handler, moved.to_handler, moved.reason


def plainly(recorded: Recorded[Any]) -> tuple[Any, ...] | None:
    """A movement as its event tells it, from whom to whom."""
    match recorded.event:
        case CaseRegistered(unit=None, handler=None):
            return None
        case CaseRegistered(unit=unit, handler=handler):
            return (MovementKind.REGISTERED, None, unit, None, handler, None)
        case CaseDispatched(unit=unit, handler=handler):
            return (MovementKind.DISPATCHED, None, unit, None, handler, None)
        case DispatchReturned(unit=unit, reason=reason):
            return (MovementKind.RETURNED, unit, None, None, None, reason)
        case CaseTransferred() as moved:
            return (MovementKind.TRANSFERRED, moved.from_unit, moved.to_unit, None, moved.handler, moved.reason)
        case CaseAssigned(handler=handler):
            return (MovementKind.ASSIGNED, None, None, None, handler, None)
        case CaseUnassigned(handler=handler):
            return (MovementKind.UNASSIGNED, None, None, handler, None, None)
        case _:
            return None


def movements_of(ledger: Ledger) -> list[Recorded[Any]]:
    found = [recorded for recorded in applied(ledger.since(0)) if plainly(recorded)]
    return sorted(found, key=lambda one: (one.occurred_at, one.position))


# Each one -----------------------------------------------------------------------------------------------------


def test_a_case_is_followed_from_hand_to_hand(ledger: Ledger, ask: Callable[..., Page[Movement]]) -> None:
    write(ledger, received(1), received(2))
    about: list[dict[str, Any]] = [{"at": OPENED + nth * MINUTE, "case_id": case_id(1)} for nth in range(6)]
    steps = [
        RegisterCase(**about[0]),
        DispatchCase(**about[1], unit=NORTH, handler="林"),
        UnassignCase(**about[2], handler="林"),
        AssignCase(**about[3], handler="ada"),
        TransferCase(**about[4], to_unit=SOUTH, reason="wrong region"),
        ReturnDispatch(**about[5], unit=SOUTH, reason="not ours"),
    ]
    write(ledger, *steps, RegisterCase(at=OPENED, case_id=case_id(2), unit=EAST), at=LATER)
    shown = ask(case_id=case_id(1)).rows
    assert [hands(moved) for moved in shown] == [
        (MovementKind.DISPATCHED, None, NORTH, None, "林", None),
        (MovementKind.UNASSIGNED, None, None, "林", None, None),
        (MovementKind.ASSIGNED, None, None, None, "ada", None),
        (MovementKind.TRANSFERRED, NORTH, SOUTH, None, None, "wrong region"),
        (MovementKind.RETURNED, SOUTH, None, None, None, "not ours"),
    ]
    assert [hands(moved) for moved in ask(case_id=case_id(2)).rows] == [
        (MovementKind.REGISTERED, None, EAST, None, None, None)
    ]


def test_an_escalation_to_a_unit_or_to_somebody_is_a_movement_and_one_to_nobody_is_not(
    ledger: Ledger, ask: Callable[..., Page[Movement]]
) -> None:
    about: dict[str, Any] = {"at": OPENED, "case_id": case_id(1), "by": EscalatedBy.ALARM}
    write(ledger, received(1), EscalateCase(**about, level=1))
    write(ledger, EscalateCase(**about, level=2, to_unit=NORTH, to_staff="李主任", reason="overdue"))
    assert [hands(moved) for moved in ask().rows] == [(MovementKind.ESCALATED, None, NORTH, None, "李主任", "overdue")]


def test_the_movements_of_a_book_equal_what_it_tells_without_a_view(
    ledger: Ledger, ask: Callable[..., Page[Movement]]
) -> None:
    fill(ledger, cases=40)
    expected = movements_of(ledger)
    shown = ask().rows
    assert [(one.position, hands(one)) for one in shown] == [(one.position, plainly(one)) for one in expected]
    assert {one.kind for one in shown} == set(MovementKind) - {MovementKind.UNASSIGNED, MovementKind.ESCALATED}
    assert len(shown) > 50


def test_movements_are_paged_from_both_ends(ledger: Ledger, ask: Callable[..., Page[Movement]]) -> None:
    fill(ledger, cases=20)
    for descending in (False, True):
        whole = ask(descending=descending).rows
        found: list[Movement] = []
        back: list[Movement] = []
        while len(found) < len(whole):
            place = OCCURRED.place_of(found[-1]) if found else None
            found += ask(descending=descending, limit=7, after=place).rows
            place = OCCURRED.place_of(back[0]) if back else None
            back = ask(descending=descending, limit=7, before=place, from_end=True).rows + back
        assert found == back == whole


FILTERS: dict[str, tuple[dict[str, Any], Callable[[Movement], bool]]] = {
    "a case": ({"case_id": case_id(3)}, lambda one: one.case_id == case_id(3)),
    "a kind": ({"kinds": (MovementKind.ASSIGNED,)}, lambda one: one.kind is MovementKind.ASSIGNED),
    "kinds": (
        {"kinds": (MovementKind.RETURNED, MovementKind.TRANSFERRED)},
        lambda one: one.kind in (MovementKind.RETURNED, MovementKind.TRANSFERRED),
    ),
    "from a unit": ({"from_unit": NORTH}, lambda one: one.from_unit == NORTH),
    "to a unit": ({"to_unit": SOUTH}, lambda one: one.to_unit == SOUTH),
    "a handler": ({"handler": "ada"}, lambda one: "ada" in (one.from_handler, one.to_handler)),
    "a period": (
        {"period": Period(OPENED + DAY, OPENED + 3 * DAY)},
        lambda one: OPENED + DAY <= one.occurred_at < OPENED + 3 * DAY,
    ),
}


@pytest.mark.parametrize("name", FILTERS)
def test_movements_are_narrowed_by_every_filter(ledger: Ledger, ask: Callable[..., Page[Movement]], name: str) -> None:
    fill(ledger, cases=40)
    where, holds = FILTERS[name]
    whole = ask().rows
    expected = [one for one in whole if holds(one)]
    assert 0 < len(expected) < len(whole)
    assert ask(**where).rows == expected


def test_a_movement_that_is_corrected_or_void_is_shown_as_it_is_read_by_now(
    ledger: Ledger, ask: Callable[..., Page[Movement]], runner: Runner, written: Database
) -> None:
    write(ledger, received(1), RegisterCase(at=OPENED, case_id=case_id(1), unit=NORTH))
    write(ledger, TransferCase(at=OPENED, case_id=case_id(1), to_unit=SOUTH))
    assert ask().rows[1].to_unit == SOUTH
    really = CaseTransferred(from_unit=NORTH, to_unit=EAST, handler="林", reason="mistyped")
    corrected(ledger, case_stream(case_id(1)), 3, really, at=OPENED - HOUR)
    assert [hands(one)[:3] for one in ask().rows] == [
        (MovementKind.TRANSFERRED, NORTH, EAST),
        (MovementKind.REGISTERED, None, NORTH),
    ]
    assert handing_on.counts(written, "main") == [MovementCount(MovementKind.TRANSFERRED, NORTH, EAST, 1, 1)]
    voided(ledger, case_stream(case_id(1)), 3)
    assert [one.kind for one in ask().rows] == [MovementKind.REGISTERED]
    assert handing_on.counts(written, "main") == []


def test_movements_that_were_built_anew_equal_those_that_grew(
    ledger: Ledger, runner: Runner, projected: Database, database: conftest.Database
) -> None:
    fill(ledger, cases=15)
    runner.catch_up(batch=5)
    moved = next(one for one in movements_of(ledger) if not isinstance(one.event, CaseRegistered))
    voided(ledger, moved.stream, moved.version)
    runner.catch_up(batch=3)
    grown = rows(database, "movement_1")
    assert moved.position not in {row[1] for row in grown}
    with projected.connection() as connection:
        connection.execute("DELETE FROM views.cursor")
    Runner(ledger, projected).catch_up()
    assert rows(database, "movement_1") == grown != []


# Counted ------------------------------------------------------------------------------------------------------


@pytest.fixture
def counted(ledger: Ledger, runner: Runner) -> list[Recorded[Any]]:
    """A book's movements, shown by its views."""
    fill(ledger, cases=60, seed=4)
    runner.catch_up()
    return movements_of(ledger)


PERIODS = (Period(), Period(OPENED + DAY, OPENED + 3 * DAY), Period(before=OPENED - DAY), Period(since=OPENED + DAY))


def within(period: Period, at: datetime) -> bool:
    return (period.since is None or at >= period.since) and (period.before is None or at < period.before)


@pytest.mark.parametrize("kinds", [(), (MovementKind.TRANSFERRED,), (MovementKind.RETURNED, MovementKind.DISPATCHED)])
def test_movements_are_counted_by_pair_of_units_and_period(
    counted: list[Recorded[Any]], written: Database, kinds: Sequence[MovementKind]
) -> None:
    for period in PERIODS:
        count, cases = Counter[Any](), dict[Any, set[str]]()
        for one in counted:
            told_so = plainly(one)
            assert told_so
            if within(period, one.occurred_at) and told_so[0] in (kinds or handing_on.BETWEEN_UNITS):
                count[told_so[:3]] += 1
                cases.setdefault(told_so[:3], set()).add(one.stream)
        shown = handing_on.counts(written, "main", period, kinds=kinds)
        assert {row[:3]: row[3:] for row in shown} == {way: (count[way], len(cases[way])) for way in count}
        assert [row.movements for row in shown] == sorted(count.values(), reverse=True)
        assert handing_on.counts(written, "main", period, kinds=kinds, most=1) == shown[:1]


def test_returns_are_counted_by_the_unit_that_gave_back(counted: list[Recorded[Any]], written: Database) -> None:
    for period in PERIODS:
        given, returned = Counter[str](), Counter[str]()
        for one in counted:
            kind, from_unit, to_unit, *_ = plainly(one) or ()
            if within(period, one.occurred_at) and to_unit is not None:
                given[to_unit] += 1
            if within(period, one.occurred_at) and kind is MovementKind.RETURNED:
                returned[from_unit] += 1
        expected = [UnitReturns(unit, given[unit], returned[unit]) for unit in {*given, *returned}]
        shown = handing_on.returns(written, "main", period)
        assert sorted(shown) == sorted(expected)
        assert [row.returned for row in shown] == sorted((row.returned for row in expected), reverse=True)


def percentile(values: list[float], share: Fraction) -> float:
    """Between the two values beside it, as percentile_cont has it."""
    at = share * (len(values) - 1)
    below = sorted(values)[int(at)]
    above = sorted(values)[min(int(at) + 1, len(values) - 1)]
    return below + (above - below) * float(at - int(at))


@pytest.mark.parametrize("since", Since)
def test_the_latency_of_dispatches_is_that_of_the_first_one_of_each_case(
    counted: list[Recorded[Any]], ledger: Ledger, written: Database, since: Since
) -> None:
    begun: dict[UUID, datetime] = {}
    beginning = CaseReceived if since is Since.RECEIVED else CaseRegistered
    for one in ledger.since(0):
        if isinstance(one.event, beginning):
            begun.setdefault(subject_of(one.stream), one.occurred_at)
    first: dict[str, Recorded[Any]] = {}
    for one in counted:
        if isinstance(one.event, CaseDispatched):
            first.setdefault(one.stream, one)
    measured = 0
    for period in PERIODS:
        taken: dict[str, list[float]] = {}
        for stream, one in first.items():
            if within(period, one.occurred_at) and subject_of(stream) in begun:
                seconds = (one.occurred_at - begun[subject_of(stream)]).total_seconds()
                taken.setdefault(one.event.unit, []).append(seconds)
        shown = {row.unit: row for row in handing_on.dispatch_latency(written, "main", period, since=since)}
        assert shown.keys() == taken.keys()
        for unit, values in taken.items():
            measured += len(values)
            early = sum(value < 0 for value in values)
            assert shown[unit][:4] == (unit, len(values), 0, early)
            figures = (median(values), percentile(values, Fraction(9, 10)))
            assert shown[unit][4:] == pytest.approx(figures)
    assert measured > 10


def test_a_dispatch_known_by_its_day_has_no_latency_to_the_minute(
    ledger: Ledger, runner: Runner, written: Database
) -> None:
    by_day = received(1).model_copy(update={"precision": Precision.DAY})
    write(ledger, by_day, received(2), RegisterCase(at=OPENED, case_id=case_id(1)))
    write(ledger, RegisterCase(at=OPENED + MINUTE, case_id=case_id(2)), at=LATER)
    for case in (1, 2):
        write(ledger, DispatchCase(at=OPENED + HOUR, case_id=case_id(case), unit=NORTH), at=LATER)
    runner.catch_up()
    assert handing_on.dispatch_latency(written, "main") == [DispatchLatency(NORTH, 1, 1, 0, 3600.0, 3600.0)]
    assert handing_on.dispatch_latency(written, "main", since=Since.REGISTERED) == [
        DispatchLatency(NORTH, 2, 0, 0, 3570.0, 3594.0)
    ]


def test_a_case_resolved_without_a_transfer_was_resolved_at_first_contact(
    ledger: Ledger, runner: Runner, written: Database
) -> None:
    for number, unit in enumerate((NORTH, NORTH, SOUTH, SOUTH)):
        write(ledger, received(number), RegisterCase(at=OPENED, case_id=case_id(number), unit=unit))
    write(ledger, TransferCase(at=OPENED, case_id=case_id(1), to_unit=SOUTH))
    for number in (0, 1, 2):
        at = OPENED + number * DAY
        write(ledger, ResolveCase(at=at, case_id=case_id(number), outcome=Outcome.SOLVED), at=LATER)
    runner.catch_up()
    assert handing_on.first_contact(written, "main") == [FirstContact(SOUTH, 2, 1), FirstContact(NORTH, 1, 1)]
    of_a_day = Period(OPENED + DAY, OPENED + 2 * DAY)
    assert handing_on.first_contact(written, "main", of_a_day) == [FirstContact(SOUTH, 1, 0)]
    write(ledger, ReopenCase(at=LATER, case_id=case_id(0)), at=LATER)
    runner.catch_up()
    assert handing_on.first_contact(written, "main") == [FirstContact(SOUTH, 2, 1)]


def test_an_empty_book_has_nothing_to_count(ledger: Ledger, runner: Runner, written: Database) -> None:
    runner.catch_up()
    assert handing_on.counts(written, "main", kinds=()) == []
    assert handing_on.returns(written, "main") == []
    assert handing_on.dispatch_latency(written, "main") == []
    assert handing_on.first_contact(written, "main") == []


LEANS: list[tuple[MovementFilter, str]] = [
    (MovementFilter(), "occurred"),
    (MovementFilter(case_id=case_id(1)), "case_id"),
    (MovementFilter(kinds=(MovementKind.TRANSFERRED,)), "kind"),
    (MovementFilter(from_unit=NORTH), "from_unit"),
    (MovementFilter(to_unit=NORTH), "to_unit"),
]


@pytest.mark.parametrize(("where", "index"), LEANS)
def test_a_page_of_movements_leans_on_the_index_that_it_names(
    counted: list[Recorded[Any]], database: conftest.Database, where: MovementFilter, index: str
) -> None:
    assert counted
    with psycopg.connect(database.owner_url, autocommit=True) as connection:
        # The table is small; where an index serves at all, it is to be seen.
        for way in ("seqscan", "bitmapscan", "sort"):
            connection.execute(f"SET enable_{way} = off")
        connection.execute("ANALYZE views.movement_1")
        conditions, parameters = where.condition()
        query = movement.MOVEMENT.query("SELECT {columns} FROM {table} WHERE book = %(book)s")
        query += "".join(f" AND {each}" for each in conditions) + " ORDER BY occurred_at DESC, position DESC LIMIT 5"
        explained = connection.execute(f"EXPLAIN {query}", {"book": "main", **parameters}).fetchall()
    plan = "\n".join(line for (line,) in explained)
    assert f" using movement_1_{index} " in plan
    assert "Sort" not in plan
