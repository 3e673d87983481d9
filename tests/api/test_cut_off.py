from collections.abc import Iterator
from datetime import timedelta

import pytest

from api.cut_off import BadCutOff, CutOff, cut_off
from domain.book import BookTime
from ledger.book import recorded_at
from ledger.database import Database
from ledger.ledger import Ledger
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


def test_a_position_is_looked_at_when_it_was_recorded_unless_a_later_instant_is_given(live: Ledger) -> None:
    for position in range(1, live.head() + 1):
        recorded = recorded_at(live.database, "main", position)
        assert recorded is not None
        assert cut_off(live, position) == cut_off(live, position, recorded) == CutOff(position, recorded)
        later = live.database.now()
        assert cut_off(live, position, later) == CutOff(position, later)
        with pytest.raises(BadCutOff, match=f"Position {position} was recorded at .* cannot be looked at before"):
            cut_off(live, position, recorded - TICK)


def test_by_an_instant_the_last_position_is_known_that_was_recorded_by_then(live: Ledger) -> None:
    for position in range(1, live.head() + 1):
        recorded = recorded_at(live.database, "main", position)
        assert recorded is not None
        assert cut_off(live, recorded) == CutOff(position, recorded)
        if position > 1:
            assert cut_off(live, recorded - TICK) == CutOff(position - 1, recorded - TICK)
    now = live.database.now()
    assert cut_off(live, now) == CutOff(live.head(), now)


def test_what_has_not_come_and_what_was_before_the_book_is_no_cut_off(live: Ledger) -> None:
    first, ahead = recorded_at(live.database, "main", 1), live.database.now() + timedelta(minutes=1)
    assert first is not None
    with pytest.raises(BadCutOff, match=r"Nothing was recorded in book 'main' by .*; it begins at "):
        cut_off(live, first - TICK)
    with pytest.raises(BadCutOff, match="has not come yet"):
        cut_off(live, ahead)
    with pytest.raises(BadCutOff, match="has not come yet"):
        cut_off(live, 2, ahead)
    with pytest.raises(BadCutOff, match="Position 9 is not in book 'main', which has positions 1 to 4"):
        cut_off(live, 9)
