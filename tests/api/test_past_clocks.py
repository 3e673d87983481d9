"""Clocks and units as of two instants, beside the live views and beside a book that heard of everything at once."""

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from api.past_case import past_cases
from api.past_clocks import every_past_clock, past_clocks, past_courses, past_tree
from domain.book import id_of_book
from domain.calendar import ProposeCalendar, PublishCalendar
from domain.case.commands import RegisterCase, ResolveCase, TransferCase
from domain.case.events import Outcome
from domain.policy import ProposePolicy, PublishPolicy
from domain.sla.calendar import document_of
from domain.sla.clock import State
from domain.sla.policy import PolicyDocument
from domain.stream import Category, stream_of
from domain.unit.commands import MoveUnit, OpenUnit, RenameUnit, SetUnitHours
from domain.unit.events import UnitKind, UnitMoved, id_of_unit, stream_of_unit
from ledger.database import Database
from ledger.ledger import Ledger
from projections import unit
from projections.clock_course import wanted_at
from projections.runner import Runner
from projections.sla_row import SlaTimer, state_at, verdicts_at
from projections.sla_timer import SLA_TIMER
from replay.as_of import AsOf, KnownBy
from tests import conftest
from tests.ledger.submissions import OPENED, opened, submission
from tests.projections.amended import Writers, kept
from tests.projections.books import case_id, received
from tests.projections.regulated import (
    POLICY,
    calendar,
    hours,
    promise,
    publish_calendar,
    publish_policy,
    something_new,
    target,
    tell,
)
from tests.projections.righted import corrected, voided

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LATER = OPENED + 4_000 * DAY
CASES = 9
GROUP, NORTH, EAST, DESK = (id_of_unit(name) for name in ("集团", "North", "East", "Desk"))
MOVES_ON = frozenset({State.PAUSED, State.CANCELLED})


@pytest.fixture
def database_of_views(database: conftest.Database) -> Iterator[Database]:
    with Database(database.projector_url) as connected:
        yield connected


@pytest.fixture
def written(database: conftest.Database) -> Iterator[Database]:
    with Database(database.writer_url) as connected:
        yield connected


@pytest.fixture
def ledger(written: Database) -> Ledger:
    """A simulated book."""
    return opened(written, "main")


@pytest.fixture
def runner(ledger: Ledger, database_of_views: Database) -> Runner:
    """The runner of its clocks and units, their tables made."""
    made = Runner(ledger, database_of_views, [SLA_TIMER, unit.UNIT])
    made.prepare()
    return made


def clocks(ledger: Ledger, as_of: AsOf) -> list[SlaTimer]:
    """All clocks of the cases, however they are asked for."""
    streams = [stream_of(Category.CASE, case_id(number)) for number in range(CASES)]
    found = [clock for some in past_clocks(ledger, streams, as_of).values() for clock in some]
    return sorted(found, key=lambda clock: clock.clock_id)


def shown(clocks: Sequence[SlaTimer], at: datetime) -> list[Any]:
    """What clocks are at an instant, whenever they were worked out before it; the due of one that stands still moves
    on with the time."""
    found = []
    for clock in clocks:
        state, verdicts = state_at(clock, at), verdicts_at(clock, at)
        dues = None if state in MOVES_ON else (clock.due_at, clock.promised_at, clock.lived_at, clock.original_at)
        found.append((
            clock.clock_id, state, verdicts, dues, clock.started_at, clock.stopped_at, clock.cancelled_at,
            clock.extended, clock.policy_version, clock.calendar_version, clock.tier, clock.version, clock.position,
        ))  # fmt: skip
    return sorted(found, key=lambda one: one[0])


def of_cases(clocks: Sequence[SlaTimer]) -> list[SlaTimer]:
    return [clock for clock in clocks if clock.stream.startswith(Category.CASE)]


# What the views showed ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(2))
def test_known_at_a_position_and_by_any_instant_clocks_and_units_are_what_the_views_showed_there(
    ledger: Ledger, runner: Runner, seed: int
) -> None:
    chance, writers = random.Random(seed), Writers(ledger, seed, customers=5, cases=CASES, publishing=False)
    organised(ledger)
    promise(ledger)
    saved: dict[int, tuple[list[SlaTimer], list[unit.UnitView]]] = {}
    for number in range(4):
        writers.write(chance.randrange(40, 120))
        something_new(ledger, chance, 50 + number, OPENED + (40 + number) * DAY)
        reorganised(ledger, chance, OPENED + (40 + number) * DAY)
        assert runner.catch_up() == ledger.head()
        saved[ledger.head()] = kept(ledger, SLA_TIMER), unit.every(ledger.database, "main")
    for position, (timers, units) in saved.items():
        as_of = AsOf(position, LATER, LATER)
        for at in (LATER, *(one.recorded_at for one in ledger.since(position - 1, limit=1))):
            assert shown(clocks(ledger, as_of._replace(valid_at=at)), at) == shown(of_cases(timers), at)
        every = [clock for part in every_past_clock(ledger, as_of) for clock in part.clocks]
        assert sorted(every) == sorted(timers)
        for days in (-1, 0, 20, 41, 43, 3_000):
            at = OPENED + days * DAY
            assert past_tree(ledger, as_of._replace(valid_at=at)).units == unit.tree_of(units, at).units
    assert len({len(timers) for timers, _ in saved.values()}) > 2


def organised(ledger: Ledger) -> None:
    tell(ledger, OpenUnit(at=OPENED, name="集团", kind=UnitKind.GROUP))
    for name in ("North", "East"):
        tell(ledger, OpenUnit(at=OPENED, name=name, kind=UnitKind.BRANCH, parent=GROUP))
    tell(ledger, OpenUnit(at=OPENED, name="Desk", kind=UnitKind.DESK, parent=NORTH))


def reorganised(ledger: Ledger, chance: random.Random, at: datetime) -> None:
    """A move told late, and whatever was told last put right or taken back."""
    moved = MoveUnit(at=at - chance.randrange(40) * DAY, unit_id=DESK, parent=chance.choice([NORTH, EAST, GROUP, None]))
    tell(ledger, moved, at=at)
    tell(ledger, RenameUnit(at=at - DAY, unit_id=EAST, name=f"East {at:%d}"), at=at)
    stream, last = stream_of_unit(DESK), ledger.history(stream_of_unit(DESK))[-1]
    if chance.random() < 0.5 and isinstance(last.event, UnitMoved):
        corrected(ledger, stream, last.version, UnitMoved(parent=EAST), at=at - 5 * DAY, asked=at)
        if chance.random() < 0.7:
            voided(ledger, stream, len(ledger.history(stream)), asked=at)


# What a source knew ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(2))
def test_what_a_source_knew_is_what_a_book_knew_that_heard_of_everything_when_the_source_did(
    ledger: Ledger, written: Database, seed: int
) -> None:
    imported_at = OPENED + 300 * DAY
    heard_at_once, carried_over = ledger, opened(written, "copy")
    for book in (heard_at_once, carried_over):
        published(book)
    begins = heard_at_once.head()
    for book, when in ((heard_at_once, None), (carried_over, imported_at)):
        Writers(book, seed, customers=5, cases=CASES, publishing=False, carried_over=when).write(160)
    head = heard_at_once.head()
    assert carried_over.head() == head
    looked_at = 0
    for position in range(begins + 5, head, (head - begins) // 6):
        known_at = heard_at_once.since(position - 1, limit=1)[0].recorded_at
        last = [one for one in heard_at_once.since(position - 1) if one.recorded_at <= known_at][-1].position
        for valid_at in (known_at - 6 * HOUR, known_at, known_at + 30 * DAY):
            told = AsOf(last, known_at, valid_at)
            by_source = AsOf(head, known_at, valid_at, KnownBy.SOURCE)
            before = clocks(heard_at_once, told)
            assert alike(clocks(carried_over, by_source)) == alike(before)
            assert statuses(carried_over, by_source) == statuses(heard_at_once, told)
            looked_at += len(before)
        # This book knew of none of it before it was imported.
        assert clocks(carried_over, AsOf(begins, known_at, LATER)) == []
    assert looked_at > 150


def published(book: Ledger) -> None:
    """Promises in a book of whatever name."""
    about: dict[str, Any] = {"at": OPENED, "book_id": id_of_book(book.book)}
    asks: dict[str, Any] = {"effective_from": date(2020, 1, 1), "reason": "promised", "requested_by": "王芳"}
    for command in (
        ProposeCalendar(**about, document=document_of(calendar()), **asks),
        PublishCalendar(**about, proposal=1, approved_by="Director Li"),
        ProposePolicy(**about, document=PolicyDocument.model_validate(POLICY), **asks),
        PublishPolicy(**about, proposal=1, approved_by="Director Li"),
    ):
        tell(book, command)


def alike(clocks: Sequence[SlaTimer]) -> list[SlaTimer]:
    return [clock._replace(position=0, stopped_recorded_at=None) for clock in clocks]


def statuses(ledger: Ledger, as_of: AsOf) -> Mapping[Any, Any]:
    found = past_cases(ledger, [case_id(number) for number in range(CASES)], as_of)
    return {case: (past.file.status, past.file.version, past.file.category) for case, past in found.items()}


IN_2016 = datetime(2016, 2, 1, 2, 0, tzinfo=UTC)
"""A Monday at ten o'clock in Shanghai."""


def imported(ledger: Ledger, number: int, *told: tuple[Any, datetime]) -> None:
    """A history of a case, each step with the time at which its source heard of it."""
    at = OPENED + 30 * DAY
    for command, heard in told:
        ledger.carry_out(submission(command, at=at, imported=True, source_recorded_at=heard))


def standing(ledger: Ledger, known_at: datetime, valid_at: datetime, by: KnownBy = KnownBy.SOURCE) -> dict[str, Any]:
    as_of = AsOf(ledger.head(), known_at, valid_at, by)
    return {clock.target: clock.state for clock in clocks(ledger, as_of)}


def test_an_imported_history_is_judged_by_the_policies_of_this_book_that_are_effective_then(ledger: Ledger) -> None:
    about: dict[str, Any] = {"case_id": case_id(1)}
    resolution = {**POLICY, "rules": [{"id": "all", "targets": ["resolution"]}]}
    publish_calendar(ledger, calendar(), since=date(2010, 1, 1))
    publish_policy(ledger, resolution, since=date(2010, 1, 1))
    imported(
        ledger, 1,
        (received(1, at=IN_2016), IN_2016),
        (RegisterCase(at=IN_2016 + HOUR, **about), IN_2016 + HOUR),
        (ResolveCase(at=IN_2016 + 2 * DAY, **about, outcome=Outcome.UPHELD), IN_2016 + 30 * DAY),
    )  # fmt: skip
    friday, later = IN_2016 + 4 * DAY, IN_2016 + 40 * DAY
    assert standing(ledger, IN_2016 + 2 * HOUR, IN_2016 + 2 * HOUR) == {"resolution": State.RUNNING}
    assert standing(ledger, friday, friday) == {"resolution": State.OVERDUE}
    assert standing(ledger, later, friday) == {"resolution": State.MET}
    assert standing(ledger, later, IN_2016 + DAY) == {"resolution": State.RUNNING}
    assert standing(ledger, IN_2016 - DAY, later) == {}
    # The book, which was opened ten years later, knew of none of it then.
    assert standing(ledger, later, friday, KnownBy.LEDGER) == standing(ledger, later, friday)
    before = AsOf(5, later, friday)
    assert clocks(ledger, before) == []
    (clock,) = clocks(ledger, AsOf(ledger.head(), later, friday, KnownBy.SOURCE))
    assert (clock.policy, clock.policy_version, str(clock.when_due)) == ("promises", 1, "missed")


def test_what_a_source_heard_out_of_order_leaves_a_hole_and_no_fault(ledger: Ledger) -> None:
    promise(ledger, {**POLICY, "rules": [{"id": "all", "targets": ["resolution"]}]})
    about: dict[str, Any] = {"case_id": case_id(1)}
    at = OPENED + HOUR
    imported(
        ledger, 1,
        (received(1, at=at), at + 5 * DAY),
        (RegisterCase(at=at, **about), at),
        (ResolveCase(at=at + DAY, **about, outcome=Outcome.UPHELD), at + DAY),
    )  # fmt: skip
    assert standing(ledger, at + 5 * DAY, at + 5 * DAY) == {"resolution": State.MET}
    for known_at in (at - HOUR, at, at + DAY, at + 4 * DAY):
        # Nobody had told of a receipt, from which the time runs.
        assert set(standing(ledger, known_at, at + 4 * DAY).values()) <= {State.NOT_STARTED}


def test_hours_of_a_unit_count_as_far_as_they_were_known_and_had_begun(ledger: Ledger) -> None:
    moves = {
        **POLICY,
        "rules": [{"id": "all", "targets": ["moves"]}],
        "targets": [target("moves", hours(12), "case-resolved", on_transfer="move")],
    }
    promise(ledger, moves)
    evenings = {day: ["18:00-22:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
    publish_calendar(ledger, calendar(name="nights", week=evenings))
    tell(ledger, OpenUnit(at=OPENED, name="Shift", kind=UnitKind.TEAM))
    tell(ledger, received(1))
    tell(ledger, RegisterCase(at=OPENED, case_id=case_id(1), unit="Front"))
    tell(ledger, TransferCase(at=OPENED + 2 * HOUR, case_id=case_id(1), to_unit="Shift"), at=OPENED + 2 * HOUR)
    before = ledger.head()
    begins = OPENED + DAY
    tell(ledger, SetUnitHours(at=begins, unit_id=id_of_unit("Shift"), calendar="nights"), at=begins)

    def due(position: int, valid_at: datetime, **rest: Any) -> Any:
        as_of = AsOf(position, LATER, valid_at, **rest)
        (clock,) = clocks(ledger, as_of)
        wanted = wanted_at(clock, valid_at, position)
        course = past_courses(ledger, [wanted], as_of)[wanted]
        assert (course.clock.due is not None and course.clock.due.at, course.at) == (clock.due_at, valid_at)
        return clock.due_at

    by_the_desk, by_evenings = due(before, LATER), due(ledger.head(), LATER)
    assert by_the_desk != by_evenings
    # It had not begun by then, however much is known of it afterwards.
    assert due(ledger.head(), begins - HOUR) == due(before, begins - HOUR) == by_the_desk
    assert due(ledger.head(), begins) == by_evenings
    # What this book heard of, and no source, was known when the book did.
    for known_at, expected in ((begins - HOUR, by_the_desk), (begins, by_evenings)):
        assert due(ledger.head(), LATER) == by_evenings
        (clock,) = clocks(ledger, AsOf(ledger.head(), known_at, LATER, KnownBy.SOURCE))
        assert clock.due_at == expected
