from uuid import UUID

import pytest

from domain.book import BookOpened, BookTime
from domain.case.life import CASE
from domain.channel import Channel, Direction
from domain.customer import CustomerKind, CustomerRegistered
from domain.deciders import DECIDERS, decider_of
from domain.event import Event, Refused
from domain.obligation import ObligationKind, ObligationOpened
from domain.staff import StaffRegistered
from domain.stream import Category, stream_of
from domain.touchpoint import TouchpointRecorded
from domain.unit.events import UnitKind, UnitOpened
from tests.domain.story import folded, recorded


def test_every_category_has_its_decider() -> None:
    assert {category: decider.category for category, decider in DECIDERS.items()} == {each: each for each in Category}


def test_a_stream_finds_its_decider_by_its_name() -> None:
    assert decider_of(stream_of(Category.CASE, UUID(int=7))) is CASE


@pytest.mark.parametrize("stream", ["", "invoice-00000000-0000-0000-0000-000000000007", "CASE-7"])
def test_a_stream_of_no_known_category_is_refused(stream: str) -> None:
    with pytest.raises(Refused, match="Nothing is known of streams such as") as answer:
        decider_of(stream)
    assert answer.value.code == "UNKNOWN_STREAM"


GENESIS = BookOpened(origin="daybook.example/main", zone="UTC", time=BookTime.LIVE, formats=())
SECOND = {
    Category.BOOK: (GENESIS, GENESIS.model_copy(update={"zone": "Asia/Shanghai"})),
    Category.CUSTOMER: (
        CustomerRegistered(kind=CustomerKind.PERSON, name=None, source_key=None, language=None),
        CustomerRegistered(kind=CustomerKind.ORGANISATION, name=None, source_key=None, language=None),
    ),
    Category.TOUCHPOINT: tuple(
        TouchpointRecorded(
            customer_id=None,
            case_id=None,
            channel=channel,
            direction=Direction.IN,
            medium_id=None,
            staff=None,
            unit=None,
            words=None,
        )
        for channel in (Channel.HOTLINE, Channel.LETTER)
    ),
    Category.UNIT: tuple(UnitOpened(name=name, kind=UnitKind.BRANCH, parent=None) for name in ("East", "West")),
    Category.STAFF: tuple(StaffRegistered(name=name, unit=None, post=None) for name in ("ada", "lin")),
    Category.OBLIGATION: tuple(
        ObligationOpened(
            kind=ObligationKind.TASK,
            title=title,
            case_id=None,
            unit=None,
            owner=None,
            due_at=None,
            due_precision=None,
        )
        for title in ("mend the line", "call back")
    ),
}


@pytest.mark.parametrize(("category", "events"), SECOND.items(), ids=SECOND.keys())
def test_what_is_settled_stays_whatever_an_odd_history_says_afterwards(
    category: Category, events: tuple[Event, Event]
) -> None:
    decider = DECIDERS[category]
    once, twice = (folded(decider, map(recorded, events[:count])) for count in (1, 2))
    assert once is not None
    assert once == twice
