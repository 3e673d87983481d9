"""Customers as of two instants, beside the live view as it stood when the book had come there."""

import random
from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import pairwise
from uuid import UUID

import pytest

from api.past_customer import past_customers, survivors
from domain.channel import Channel, Direction
from domain.customer import AssignTier, ContactKind, MergeCustomers, Tier
from domain.personal import Personal
from domain.stream import Category, stream_of
from domain.touchpoint import RecordTouchpoint
from ledger.database import Database
from ledger.ledger import Ledger, PersonalPlace
from projections.cursor import views_of
from projections.customer_profile import CUSTOMER_PROFILE, CustomerProfile
from projections.runner import Runner
from replay.as_of import AsOf, KnownBy
from tests import conftest
from tests.ledger.submissions import (
    OPENED,
    contact,
    customer_stream,
    opened,
    register_customer,
    rename,
    submission,
)
from tests.projections.amended import Writers, touchpoint_id
from tests.projections.books import customer_id
from tests.projections.regulated import tell
from tests.projections.righted import corrected, voided

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LATER = OPENED + 4_000 * DAY
CUSTOMERS = [customer_id(number) for number in range(6)]
ONE, TWO = CUSTOMERS[:2]


@pytest.fixture
def ledger(database: conftest.Database) -> Iterator[Ledger]:
    """A simulated book."""
    with Database(database.writer_url) as connected:
        yield opened(connected, "main")


@pytest.fixture
def runner(ledger: Ledger, database: conftest.Database) -> Iterator[Runner]:
    """The runner of that book, its tables made."""
    with Database(database.projector_url) as connected:
        made = Runner(ledger, connected)
        made.prepare()
        yield made


def profiles(ledger: Ledger, as_of: AsOf) -> Mapping[UUID, CustomerProfile]:
    return {customer: past.profile for customer, past in past_customers(ledger, CUSTOMERS, as_of).items()}


def live(ledger: Ledger) -> Mapping[UUID, CustomerProfile]:
    return views_of(ledger.database, ledger.book, CUSTOMER_PROFILE, CUSTOMERS)


def met(ledger: Ledger, number: int, who: UUID | None, at: timedelta = timedelta()) -> str:
    """A touchpoint with somebody; its stream."""
    told = RecordTouchpoint(
        at=OPENED + at,
        touchpoint_id=touchpoint_id(number),
        customer_id=who,
        channel=Channel.WEB,
        direction=Direction.IN,
    )
    tell(ledger, told, at=OPENED + at)
    return stream_of(Category.TOUCHPOINT, touchpoint_id(number))


def said_to_be(ledger: Ledger, stream: str, who: UUID | None, asked: timedelta) -> int:
    """A touchpoint turns out to be one with somebody else; the position from which on that is known."""
    really = ledger.history(stream)[0].event.model_copy(update={"customer_id": who})
    return corrected(ledger, stream, 1, really, asked=OPENED + asked)


@pytest.mark.parametrize("seed", range(3))
def test_what_was_known_at_any_position_is_what_the_view_showed_there_whatever_is_written_afterwards(
    ledger: Ledger, runner: Runner, seed: int
) -> None:
    chance, writers = random.Random(seed), Writers(ledger, seed, customers=len(CUSTOMERS), cases=5)
    shown: dict[int, Mapping[UUID, CustomerProfile]] = {}
    for _ in range(5):
        writers.write(chance.randrange(20, 120))
        assert runner.catch_up() == ledger.head()
        shown[ledger.head()] = live(ledger)
    writers.write(30)  # which the view has not read
    for position, before in shown.items():
        assert profiles(ledger, AsOf(position, LATER, LATER)) == before
    now = profiles(ledger, AsOf(ledger.head(), LATER, LATER))
    assert runner.catch_up() == ledger.head()
    assert now == live(ledger) != shown[max(shown)]
    assert profiles(ledger, AsOf(0, LATER, LATER)) == {}


def test_before_any_view_is_made_the_book_itself_is_looked_through(ledger: Ledger) -> None:
    tell(ledger, register_customer(ONE, at=OPENED), at=OPENED)
    met(ledger, 1, ONE)
    met(ledger, 2, TWO)
    found = profiles(ledger, AsOf(ledger.head(), LATER, LATER))
    assert {customer: (each.kind, each.touchpoints) for customer, each in found.items()} == {
        ONE: ("person", 1),
        TWO: (None, 1),
    }


def test_who_was_met_is_read_as_it_was_read_then_though_all_of_it_was_read_at_once(
    ledger: Ledger, runner: Runner
) -> None:
    for who in CUSTOMERS[:4]:
        tell(ledger, register_customer(who, at=OPENED), at=OPENED)
    stream = met(ledger, 1, ONE)
    known = [ledger.head()]
    known += [said_to_be(ledger, stream, who, day * DAY) for day, who in enumerate((TWO, CUSTOMERS[2], None), 1)]
    known.append(voided(ledger, stream, 1, asked=OPENED + 9 * DAY))
    assert runner.catch_up() == ledger.head()  # one batch, in which the first readings never reach a row
    counted = {
        position: [each.touchpoints for each in profiles(ledger, AsOf(position, LATER, LATER)).values()]
        for position in known
    }
    assert list(counted.values()) == [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0]]


def test_the_valid_axis_takes_what_had_occurred(ledger: Ledger) -> None:
    tell(ledger, register_customer(ONE, at=OPENED), at=OPENED)
    for day in (1, 5):
        met(ledger, day, ONE, day * DAY)
    tell(ledger, AssignTier(at=OPENED + 2 * DAY, customer_id=ONE, tier=Tier.GOLD), at=OPENED + 8 * DAY)
    late = ledger.head()

    def seen(position: int, days: int) -> tuple[Tier | None, int]:
        profile = profiles(ledger, AsOf(position, LATER, OPENED + days * DAY))[ONE]
        return profile.tier, profile.touchpoints

    assert (seen(late, 1), seen(late, 3), seen(late, 5)) == ((None, 1), (Tier.GOLD, 1), (Tier.GOLD, 2))
    assert seen(late - 1, 3) == (None, 1)
    assert profiles(ledger, AsOf(late, LATER, OPENED - HOUR)) == {}


def test_names_and_contacts_lie_where_they_were_read_then(ledger: Ledger) -> None:
    stream = customer_stream(ONE)
    tell(ledger, register_customer(ONE, "冯小明", at=OPENED), at=OPENED)
    tell(ledger, contact(ONE, ContactKind.PHONE, "13800001111"), at=OPENED)
    before = ledger.head()
    history = ledger.history(stream, opened=True)
    renamed = history[0].event.model_copy(update={"name": Personal.open(ONE, "冯晓明")})
    corrected(ledger, stream, 1, renamed, asked=OPENED + DAY)
    number = history[1].event.model_copy(update={"value": Personal.open(ONE, "13900002222")})
    after = corrected(ledger, stream, 2, number, asked=OPENED + 2 * DAY)

    def said(position: int) -> list[object]:
        past = past_customers(ledger, [ONE], AsOf(position, LATER, LATER))[ONE]
        places = [past.name_place, *past.contact_places]
        assert all(isinstance(place, PersonalPlace) for place in places)
        disclosed = ledger.disclose([place for place in places if place is not None])
        return [disclosed[place].value for place in places if place is not None]

    assert (said(before), said(after)) == (["冯小明", "13800001111"], ["冯晓明", "13900002222"])


def test_who_was_merged_was_themselves_before_and_is_answered_by_the_survivor_since(ledger: Ledger) -> None:
    for who, name in ((ONE, "冯小明"), (TWO, "冯晓明")):
        tell(ledger, register_customer(who, name, at=OPENED), at=OPENED)
    before = ledger.head()
    merged = MergeCustomers(at=OPENED + DAY, customer_id=ONE, into=TWO)
    tell(ledger, merged, at=OPENED + 3 * DAY)

    def standing(position: int, days: int) -> dict[UUID, UUID]:
        found = survivors(ledger, [ONE, TWO], AsOf(position, LATER, OPENED + days * DAY))
        return {asked: past.profile.customer_id for asked, past in found.items()}

    assert standing(before, 9) == {ONE: ONE, TWO: TWO}
    assert standing(ledger.head(), 9) == {ONE: TWO, TWO: TWO}
    assert standing(ledger.head(), 0) == {
        ONE: ONE,
        TWO: TWO,
    }  # by now it is known that they were two until the next day
    absorbed = profiles(ledger, AsOf(ledger.head(), LATER, LATER))
    assert (absorbed[ONE].merged_into, [each.customer_id for each in absorbed[TWO].absorbed]) == (TWO, [ONE])


def test_whoever_was_merged_over_several_is_answered_by_the_last_though_all_of_them_are_asked_for(
    ledger: Ledger,
) -> None:
    chain = CUSTOMERS[:4]
    for who in chain:
        tell(ledger, register_customer(who, at=OPENED), at=OPENED)
    for merged, into in pairwise(chain):
        tell(ledger, MergeCustomers(at=OPENED, customer_id=merged, into=into), at=OPENED + HOUR)
    as_of = AsOf(ledger.head(), LATER, LATER)
    for some in (chain, chain[:2], chain[:1]):
        found = {asked: past.profile.customer_id for asked, past in survivors(ledger, some, as_of).items()}
        assert found == dict.fromkeys(some, chain[-1])


def test_as_known_by_its_source_a_customer_was_there_before_the_import(ledger: Ledger) -> None:
    for days, told in ((0, register_customer(ONE, "冯小明", at=OPENED)), (5, rename(ONE, "冯晓明", at=OPENED + DAY))):
        heard = OPENED + days * DAY
        ledger.carry_out(submission(told, at=OPENED + 30 * DAY, imported=True, source_recorded_at=heard))
    between = AsOf(ledger.head(), OPENED + 2 * DAY, OPENED + 2 * DAY, KnownBy.SOURCE)
    assert profiles(ledger, between)[ONE].name_version == 1
    assert profiles(ledger, between._replace(known_at=OPENED + 6 * DAY))[ONE].name_version == 2
    assert profiles(ledger, between._replace(known_by=KnownBy.LEDGER))[ONE].name_version == 2
    assert profiles(ledger, between._replace(position=1, known_by=KnownBy.LEDGER)) == {}
