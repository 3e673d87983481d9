from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from api.cut_off import BadCutOff, past_at
from domain.book import BookTime
from ledger.book import recorded_at
from ledger.database import Database
from ledger.ledger import Ledger
from replay.as_of import AsOf, KnownBy
from tests import conftest
from tests.ledger.submissions import opened, receive
from tests.ledger.submissions import submission as asked
from tests.projections.books import case_id

TICK = timedelta(microseconds=1)


@pytest.fixture
def live(database: conftest.Database) -> Iterator[Ledger]:
    """A live book with three cases."""
    with Database(database.writer_url) as connected:
        ledger = opened(connected, "main", BookTime.LIVE)
        for number in range(3):
            now = connected.now()
            ledger.carry_out(asked(receive(case_id(number), at=now), at=now))
        yield ledger


def recorded(ledger: Ledger, position: int) -> datetime:
    found = recorded_at(ledger.database, "main", position)
    assert found is not None
    return found


def test_a_position_was_known_when_it_was_recorded_and_is_looked_at_then_unless_another_instant_is_given(
    live: Ledger,
) -> None:
    for position in range(1, live.head() + 1):
        at = recorded(live, position)
        assert past_at(live, position, None) == past_at(live, position, at) == AsOf(position, at, at)
        for valid in (live.database.now(), at - TICK, at - timedelta(days=900)):
            assert past_at(live, position, valid) == AsOf(position, at, valid)


def test_by_an_instant_the_last_position_is_known_that_was_recorded_by_then(live: Ledger) -> None:
    for position in range(1, live.head() + 1):
        at = recorded(live, position)
        assert past_at(live, at, None) == AsOf(position, at, at)
        before = past_at(live, at - TICK, None)
        assert before == (AsOf(position - 1, at - TICK, at - TICK) if position > 1 else None)
    now = live.database.now()
    assert past_at(live, now, None) == AsOf(live.head(), now, now)
    assert past_at(live, now, recorded(live, 1)) == AsOf(live.head(), now, recorded(live, 1))


def test_without_an_instant_everything_is_known_as_far_as_the_book_has_come(live: Ledger) -> None:
    valid = recorded(live, 2)
    found = past_at(live, None, valid)
    assert found is not None
    assert (found.position, found.valid_at, found.known_by) == (live.head(), valid, KnownBy.LEDGER)
    assert recorded(live, live.head()) <= found.known_at


def test_a_source_knew_by_an_instant_even_before_the_book_and_is_not_asked_by_position(live: Ledger) -> None:
    long_ago = recorded(live, 1) - timedelta(days=3_000)
    then = AsOf(live.head(), long_ago, long_ago, KnownBy.SOURCE)
    assert past_at(live, long_ago, None, KnownBy.SOURCE) == then
    for nothing in (2, None):
        with pytest.raises(BadCutOff, match="A source has no positions: say by an instant"):
            past_at(live, nothing, None, KnownBy.SOURCE)


def test_what_has_not_come_and_what_the_book_has_not_is_no_cut_off(live: Ledger) -> None:
    ahead = live.database.now() + timedelta(minutes=1)
    for known, valid in ((ahead, None), (2, ahead), (None, ahead)):
        with pytest.raises(BadCutOff, match="has not come yet; in book 'main' it is"):
            past_at(live, known, valid)
    for position in (0, 9, 10**17):
        with pytest.raises(BadCutOff, match=f"Position {position} is not in book 'main', which has positions 1 to 4"):
            past_at(live, position, None)
