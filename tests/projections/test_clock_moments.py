"""The clocks at many moments of a history, beside those that are worked out for each moment by itself."""

from collections import Counter
from collections.abc import Collection
from datetime import timedelta
from functools import partial

import pytest

from domain.stream import Category, stream_of
from ledger.ledger import Ledger
from projections import as_known
from projections.clock_moments import Histories, Moment, clocks_of
from projections.reading import histories
from tests.projections.amended import Writers
from tests.projections.books import case_id


@pytest.mark.parametrize("seed", [1, 4])
def test_at_every_event_of_every_case_the_clocks_are_those_worked_out_for_it_alone(ledger: Ledger, seed: int) -> None:
    writers = Writers(ledger, seed, customers=4, cases=8, amending=0.25)
    for commands in (30, 200):
        writers.write(commands)
    events = [each for each in ledger.since(0) if each.stream.startswith(f"{Category.CASE}-")]
    moments = [Moment(each.stream, each.position, each.recorded_at + late)
               for each in events for late in (timedelta(), timedelta(days=2))]  # fmt: skip
    read: Counter[str] = Counter()

    def reading(streams: Collection[str]) -> Histories:
        read.update(streams)
        return histories(ledger, streams, ledger.head())

    found = clocks_of(ledger.book, moments, reading)
    alone = {moment: as_known.clocks_at(ledger, [moment.stream], moment.position, moment.at)[moment.stream]
             for moment in moments}  # fmt: skip
    assert found == alone
    assert len(set(map(tuple, found.values()))) > len(events) // 3
    assert set(read.values()) == {1}


def test_what_has_no_clocks_is_left_out(ledger: Ledger) -> None:
    customer = stream_of(Category.CUSTOMER, case_id(1))
    assert clocks_of("main", [Moment(customer, 1, ledger.since(0)[0].recorded_at)], partial(_none)) == {}


def _none(streams: Collection[str]) -> Histories:
    raise AssertionError(f"{sorted(streams)} need not be read")
