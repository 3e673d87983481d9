"""The difference of two points of a case or a customer, whatever was amended between and on either axis."""

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import product
from uuid import UUID

import pytest

from api.differences import case_difference, case_points, customer_difference, customer_points
from api.past_case import past_cases
from api.past_customer import past_customers
from domain.case.commands import ClassifyCase, DispatchCase, RegisterCase, ResolveCase, ReturnDispatch
from domain.case.events import Outcome
from domain.channel import Channel, Direction
from domain.customer import MergeCustomers
from domain.event import rfc3339
from domain.personal import Personal
from domain.stream import Category, stream_of
from domain.touchpoint import RecordTouchpoint
from ledger.database import Database
from ledger.ledger import Ledger
from projections.fields import HOLDS, Sealed
from replay.as_of import AsOf, KnownBy
from replay.difference import Difference, Point, Standing, applied, difference, inverse
from tests import conftest
from tests.ledger.submissions import OPENED, customer_stream, opened, receive, register_customer, rename, submission
from tests.projections.amended import Writers, touchpoint_id
from tests.projections.books import case_id, customer_id, received
from tests.projections.regulated import tell
from tests.projections.righted import corrected, voided

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LATER = OPENED + 4_000 * DAY
CASE, STREAM = case_id(1), stream_of(Category.CASE, case_id(1))
ONE, TWO = customer_id(1), customer_id(2)


@pytest.fixture
def ledger(database: conftest.Database) -> Iterator[Ledger]:
    """A simulated book."""
    with Database(database.writer_url) as connected:
        yield opened(connected, "main")


def now(ledger: Ledger, at: datetime = LATER) -> AsOf:
    return AsOf(ledger.head(), LATER, at)


def holds(before: Point, after: Point) -> Difference:
    """What is to hold for any two points of anything."""
    found = difference(before, after)
    assert applied(before.fields, found) == after.fields
    assert applied(after.fields, inverse(found)) == before.fields
    back = difference(after, before)
    assert {each.path: each for each in back.fields} == {each.path: each for each in inverse(found).fields}
    assert back.events == inverse(found).events
    assert all(each.before != each.after for each in found.fields)
    assert all(each.because and set(each.because) <= set(found.events) for each in found.fields)
    assert all(each.before != each.after for each in found.events)
    positions = [each.event.position for each in found.events]
    assert positions == sorted(set(positions))
    assert difference(before, before).is_nothing
    return found


@pytest.mark.parametrize("seed", range(4))
def test_a_difference_leads_from_one_point_to_the_other_and_back_and_lists_nothing_that_is_the_same(
    ledger: Ledger, seed: int
) -> None:
    chance = random.Random(seed)
    Writers(ledger, seed, customers=3, cases=4, amending=0.4).write(150)
    occurred = [one.occurred_at for one in ledger.since(0)]
    positions = [1, *chance.sample(range(2, ledger.head()), 3), ledger.head()]
    instants = [AsOf(position, LATER, at) for position, at in product(positions, (*chance.sample(occurred, 2), LATER))]
    differing = 0
    for points in (
        *(case_points(ledger, case_id(number), instants) for number in range(4)),
        *(customer_points(ledger, customer_id(number), instants) for number in range(3)),
    ):
        for before, after in product(points or (), repeat=2):
            differing += bool(holds(before, after).fields)
    assert differing > 200


@pytest.mark.parametrize("seed", range(2))
def test_a_point_has_the_fields_of_the_row_that_is_folded_for_it(ledger: Ledger, seed: int) -> None:
    Writers(ledger, seed, customers=3, cases=3, amending=0.4).write(120)
    as_of = AsOf(ledger.head() * 3 // 4, LATER, LATER)
    numbers = range(3)
    cases = past_cases(ledger, map(case_id, numbers), as_of)
    customers = past_customers(ledger, map(customer_id, numbers), as_of)
    assert len(cases) == len(customers) == 3
    for number in numbers:
        (case,), (customer,) = (
            case_points(ledger, case_id(number), [as_of]) or [],
            customer_points(ledger, customer_id(number), [as_of]) or [],
        )
        assert counted(case.fields) == counted(cases[case_id(number)].file._asdict())
        assert counted(customer.fields) == counted(customers[customer_id(number)].profile._asdict())


def counted(told: Mapping[str, object]) -> dict[str, int]:
    """The figures in what is known, which stand in a row as they do in its fields."""
    return {name: value for name, value in told.items() if isinstance(value, int) and name not in HOLDS}


# What it says ---------------------------------------------------------------------------------------------------------


def of_case(ledger: Ledger, before: AsOf, after: AsOf) -> Difference:
    found = case_difference(ledger, CASE, before, after)
    assert found is not None
    return found


def fields(found: Difference) -> dict[str, tuple[object, object, list[int]]]:
    """By path what was, what is, and the versions of the events that made it so; without what every event changes."""
    return {
        each.path: (each.before, each.after, [because.event.version for because in each.because])
        for each in found.fields
        if each.path not in {"version", "position", "last_occurred_at", "last_recorded_at"}
    }


def events(found: Difference) -> dict[int, tuple[Standing, Standing]]:
    return {each.event.version: (each.before.standing, each.after.standing) for each in found.events}


@pytest.fixture
def resolved(ledger: Ledger) -> int:
    """A case that was resolved on Tuesday as upheld, which was known at once; the position of that."""
    tell(ledger, received(1, at=OPENED), RegisterCase(at=OPENED, case_id=CASE), at=OPENED)
    tell(ledger, ResolveCase(at=OPENED + DAY, case_id=CASE, outcome=Outcome.UPHELD), at=OPENED + DAY)
    return ledger.head()


def test_what_a_correction_changed_is_because_of_the_event_that_is_read_otherwise(
    ledger: Ledger, resolved: int
) -> None:
    really = ledger.history(STREAM)[2].event.model_copy(update={"outcome": Outcome.REJECTED})
    corrected(ledger, STREAM, 3, really, asked=OPENED + 5 * DAY)
    found = of_case(ledger, AsOf(resolved, LATER, OPENED + 2 * DAY), now(ledger, OPENED + 2 * DAY))
    assert fields(found) == {"outcome": ("upheld", "rejected", [3])}
    (cause,) = found.fields[0].because
    assert (cause.before.standing, cause.after.standing) == (Standing.COUNTED, Standing.CORRECTED)
    assert (cause.before.by, cause.after.by and cause.after.by.version) == (None, 5)
    assert events(found) == {3: (Standing.COUNTED, Standing.CORRECTED)}
    later = of_case(ledger, AsOf(resolved, LATER, OPENED + 2 * DAY), now(ledger))
    assert events(later) == {
        3: (Standing.COUNTED, Standing.CORRECTED),
        4: (Standing.UNKNOWN, Standing.COUNTED),
        5: (Standing.UNKNOWN, Standing.COUNTED),
    }


def test_a_correction_of_a_correction_is_what_has_the_event_read_so(ledger: Ledger, resolved: int) -> None:
    written = ledger.history(STREAM)[2].event
    outcomes = (Outcome.REJECTED, Outcome.PARTLY_UPHELD)
    for version, outcome, day in zip((3, 5), outcomes, (5, 6), strict=True):
        corrected(ledger, STREAM, version, written.model_copy(update={"outcome": outcome}), asked=OPENED + day * DAY)
    at = OPENED + 2 * DAY
    first, second = AsOf(resolved + 2, LATER, at), now(ledger, at)
    found = of_case(ledger, first, second)
    assert fields(found) == {"outcome": ("rejected", "partly-upheld", [3])}
    (cause,) = found.events
    assert [side.by and side.by.version for side in (cause.before, cause.after)] == [5, 7]
    later = of_case(ledger, first._replace(valid_at=LATER), now(ledger))
    assert events(later) == {
        3: (Standing.CORRECTED, Standing.CORRECTED),
        5: (Standing.COUNTED, Standing.CORRECTED),
        6: (Standing.UNKNOWN, Standing.COUNTED),
        7: (Standing.UNKNOWN, Standing.COUNTED),
    }


def test_what_was_written_down_late_is_told_apart_from_what_had_not_happened_yet(ledger: Ledger, resolved: int) -> None:
    tell(ledger, ClassifyCase(at=OPENED + HOUR, case_id=CASE, category="billing"), at=OPENED + 9 * DAY)
    late = of_case(ledger, AsOf(resolved, LATER, OPENED + 2 * DAY), now(ledger, OPENED + 2 * DAY))
    assert fields(late) == {"category": (None, "billing", [4])}
    assert events(late) == {4: (Standing.UNKNOWN, Standing.COUNTED)}
    passing = of_case(ledger, now(ledger, OPENED), now(ledger, OPENED + 2 * DAY))
    assert events(passing) == {3: (Standing.TO_COME, Standing.COUNTED), 4: (Standing.TO_COME, Standing.COUNTED)}
    assert fields(passing)["status"] == ("registered", "resolved", [3])


def test_what_a_void_took_away_is_because_of_what_counts_no_longer(ledger: Ledger, resolved: int) -> None:
    voided(ledger, STREAM, 3, asked=OPENED + 5 * DAY)
    at = OPENED + 2 * DAY
    found = of_case(ledger, AsOf(resolved, LATER, at), now(ledger, at))
    assert fields(found) == {
        "status": ("resolved", "registered", [3]),
        "resolved_at": (rfc3339(OPENED + DAY), None, [3]),
        "outcome": ("upheld", None, [3]),
    }
    assert events(found) == {3: (Standing.COUNTED, Standing.VOID)}
    taken_back = ledger.head()
    voided(ledger, STREAM, 5, asked=OPENED + 6 * DAY)
    assert fields(of_case(ledger, AsOf(resolved, LATER, at), now(ledger, at))) == {}
    again = of_case(ledger, AsOf(taken_back, LATER, LATER), now(ledger))
    assert events(again) == {
        3: (Standing.VOID, Standing.COUNTED),
        5: (Standing.COUNTED, Standing.VOID),
        6: (Standing.UNKNOWN, Standing.COUNTED),
        7: (Standing.UNKNOWN, Standing.COUNTED),
    }


def test_a_count_is_because_of_all_that_was_counted_and_a_name_because_of_the_last(ledger: Ledger) -> None:
    tell(ledger, received(1, at=OPENED), RegisterCase(at=OPENED, case_id=CASE), at=OPENED)
    before = AsOf(ledger.head(), LATER, LATER)
    for hour, unit in enumerate(("north", "south"), 2):
        at = OPENED + hour * HOUR
        tell(ledger, DispatchCase(at=at, case_id=CASE, unit=unit), at=at)
        tell(ledger, ReturnDispatch(at=at, case_id=CASE, unit=unit), at=at)
    tell(ledger, DispatchCase(at=OPENED + DAY, case_id=CASE, unit="west"), at=OPENED + DAY)
    whole = of_case(ledger, before, now(ledger))
    passing = {each.path: [cause.event.version for cause in each.because] for each in whole.fields}
    assert [passing[path] for path in ("version", "position", "last_recorded_at")] == [[7], [7], [7]]
    found = fields(whole)
    assert found == {
        "dispatches": (0, 3, [3, 5, 7]),
        "returns": (0, 2, [4, 6]),
        "unit": (None, "west", [7]),
        "unit_changes": (0, 5, [3, 4, 5, 6, 7]),
        "dispatched_at": (None, rfc3339(OPENED + 2 * HOUR), [3]),
    }


def test_an_event_that_has_a_later_one_count_otherwise_is_named_though_it_does_not_change_the_field_itself(
    ledger: Ledger,
) -> None:
    tell(ledger, received(1, at=OPENED), at=OPENED)
    tell(ledger, RegisterCase(at=OPENED + 5 * HOUR, case_id=CASE), at=OPENED + 5 * HOUR)
    dispatch = DispatchCase(at=OPENED + HOUR, case_id=CASE, unit="north")
    ledger.carry_out(submission(dispatch, at=OPENED + DAY, imported=True))
    found = of_case(ledger, now(ledger, OPENED + 2 * HOUR), now(ledger, OPENED + 6 * HOUR))
    # Moves are counted once a case is registered, and that it was is what differs: it had not occurred yet.
    assert fields(found)["unit_changes"] == (0, 1, [2])
    assert [each.event.version for each in found.events] == [2]


def test_words_are_sealed_in_a_difference_with_the_places_where_they_lie(ledger: Ledger) -> None:
    tell(ledger, receive(CASE, "the line is dead", at=OPENED), at=OPENED)
    before = ledger.head()
    receipt = ledger.history(STREAM, opened=True)[0].event
    words = Personal.open(receipt.words.subject, "the line is slow")  # type: ignore[attr-defined]
    corrected(ledger, STREAM, 1, receipt.model_copy(update={"words": words}), asked=OPENED + DAY)
    found = of_case(ledger, AsOf(before, LATER, OPENED), now(ledger, OPENED))
    (field,) = found.fields
    assert field.path == "words"
    assert "dead" not in repr(found)
    places = [side.place for side in (field.before, field.after) if isinstance(side, Sealed)]
    disclosed = ledger.disclose(places)
    assert [disclosed[place].value for place in places] == ["the line is dead", "the line is slow"]
    same = receipt.model_copy(update={"words": Personal.open(receipt.words.subject, "the line is slow")})  # type: ignore[attr-defined]
    once = ledger.head()
    corrected(ledger, STREAM, 1, same, asked=OPENED + 2 * DAY)
    assert of_case(ledger, AsOf(once, LATER, OPENED), now(ledger, OPENED)).is_nothing


# Customers ------------------------------------------------------------------------------------------------------------


def of_customer(ledger: Ledger, who: UUID, before: AsOf, after: AsOf) -> Difference:
    found = customer_difference(ledger, who, before, after)
    assert found is not None
    return found


def places(found: Difference) -> Sequence[tuple[str, Standing, Standing]]:
    return [(each.event.stream, each.before.standing, each.after.standing) for each in found.events]


def test_a_meeting_that_was_with_somebody_else_is_a_difference_of_both(ledger: Ledger) -> None:
    for who in (ONE, TWO):
        tell(ledger, register_customer(who, "冯小明", at=OPENED), at=OPENED)
    stream = stream_of(Category.TOUCHPOINT, touchpoint_id(1))
    met = RecordTouchpoint(
        at=OPENED, touchpoint_id=touchpoint_id(1), customer_id=ONE, channel=Channel.WEB, direction=Direction.IN
    )
    tell(ledger, met, at=OPENED)
    before = AsOf(ledger.head(), LATER, LATER)
    really = ledger.history(stream)[0].event.model_copy(update={"customer_id": TWO})
    corrected(ledger, stream, 1, really, asked=OPENED + DAY)
    lost, won = (of_customer(ledger, who, before, now(ledger)) for who in (ONE, TWO))
    assert fields(lost)["touchpoints"] == (1, 0, [1])
    assert fields(won)["touchpoints"] == (0, 1, [1])
    assert places(lost) == [(stream, Standing.COUNTED, Standing.ELSEWHERE)]
    assert places(won) == [(stream, Standing.ELSEWHERE, Standing.CORRECTED)]
    gone = now(ledger)
    voided(ledger, stream, 1, asked=OPENED + 2 * DAY)
    assert places(of_customer(ledger, TWO, gone, now(ledger))) == [(stream, Standing.CORRECTED, Standing.VOID)]


def test_that_a_customer_proved_to_be_another_one_is_a_difference_of_both(ledger: Ledger) -> None:
    for who in (ONE, TWO):
        tell(ledger, register_customer(who, "冯小明", at=OPENED), at=OPENED)
    before = AsOf(ledger.head(), LATER, LATER)
    tell(ledger, MergeCustomers(at=OPENED + DAY, customer_id=ONE, into=TWO), at=OPENED + DAY)
    when = rfc3339(OPENED + DAY)
    assert fields(of_customer(ledger, ONE, before, now(ledger))) == {
        "merged_into": (None, str(TWO), [2]),
        "merged_at": (None, when, [2]),
    }
    assert fields(of_customer(ledger, TWO, before, now(ledger))) == {
        "absorbed/0/customer_id": (None, str(ONE), [2]),
        "absorbed/0/since": (None, when, [2]),
    }


def test_what_the_source_knew_and_this_ledger_did_not_is_a_difference(ledger: Ledger) -> None:
    tell(ledger, register_customer(ONE, "冯小明", at=OPENED), at=OPENED)
    heard = submission(
        rename(ONE, "冯晓明", at=OPENED + DAY), at=OPENED + 30 * DAY, imported=True, source_recorded_at=OPENED + 2 * DAY
    )
    ledger.carry_out(heard)
    at = OPENED + 3 * DAY
    found = of_customer(ledger, ONE, AsOf(ledger.head() - 1, at, at), AsOf(ledger.head(), at, at, KnownBy.SOURCE))
    assert [each.path for each in found.fields if isinstance(each.after, Sealed)] == ["name"]
    assert places(found) == [(customer_stream(ONE), Standing.UNKNOWN, Standing.COUNTED)]


def test_nobody_and_nothing_has_no_difference(ledger: Ledger) -> None:
    assert case_difference(ledger, CASE, now(ledger), now(ledger)) is None
    assert customer_difference(ledger, ONE, now(ledger), now(ledger)) is None
