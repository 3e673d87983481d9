"""Reckonings: the clocks of cases and obligations as known at a position, worked out once for all who follow."""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from threading import Lock
from typing import Any

from api.live.turns import Clocks
from ledger.ledger import Ledger
from ledger.marks import Mark, positions_of
from projections.reckoning import History
from projections.runner import Runner
from projections.sla_timer import SLA_TIMER
from projections.working_out import subjects

MOST_REMEMBERED = 2_000
Place = tuple[str, int]
"""A stream, and the position up to which everything is known of it."""


class Reckonings:
    """The clocks of subjects at positions, by the very functions that keep the view."""

    def __init__(self, ledger: Ledger, runner: Runner) -> None:
        self._ledger = ledger
        self._runner = runner
        self._lock = Lock()
        self._known: OrderedDict[Place, Clocks] = OrderedDict()
        self._leaning: OrderedDict[Place, frozenset[str]] = OrderedDict()

    def of(self, places: Collection[Place]) -> Mapping[Place, Clocks]:
        """The clocks at some places. Raises: LedgerAway, UnknownTopic, UnreadableEvent."""
        with self._lock:  # whoever asks for the same at this moment finds it there
            missing = [place for place in places if place not in self._known]
            made = self._made(missing) if missing else {}
            found = {place: made[place] if place in made else self._known[place] for place in places}
            self._known.update(made)
            while len(self._known) > MOST_REMEMBERED:
                self._known.popitem(last=False)
        return found

    def leaning(self, marks: Sequence[Mark]) -> Mapping[int, frozenset[str]]:
        """The subjects whose clocks lean on the streams of some marks, by position. Raises: LedgerAway."""
        with self._lock:
            places = [(mark.stream, mark.position) for mark in marks]
            missing = [place for place in places if place not in self._leaning]
            found = self._runner.leaning(SLA_TIMER, {stream for stream, _ in missing}) if missing else {}
            self._leaning.update({place: found.get(place[0], frozenset()) for place in missing})
            by_position = {position: self._leaning[stream, position] for stream, position in places}
            while len(self._leaning) > MOST_REMEMBERED:
                self._leaning.popitem(last=False)
        return by_position

    def forget(self) -> None:
        """Forgets all of them."""
        with self._lock:
            self._known.clear()
            self._leaning.clear()

    def _made(self, places: Collection[Place]) -> dict[Place, Clocks]:
        """Histories are read once for all places, and the standards of the book once for each state of them."""
        beside = SLA_TIMER.beside(self._ledger.book)
        grown = positions_of(self._ledger.database, self._ledger.book, beside)
        histories: dict[str, History] = {}
        standards: dict[int, Mapping[str, Any]] = {}
        by_position: dict[int, list[str]] = {}
        for stream, position in places:
            by_position.setdefault(position, []).append(stream)

        def read(wanted: Collection[str], upto: int) -> Mapping[str, History]:
            histories.update(self._ledger.histories(set(wanted) - histories.keys()))
            return {stream: _up_to(histories[stream], upto) for stream in wanted}

        read({stream for stream, _ in places}, 0)
        found: dict[Place, Clocks] = {}
        for position, streams in by_position.items():
            state = bisect_right(grown, position)
            if state not in standards:
                standards[state] = self._ledger.standing(beside, position)
            for subject in subjects(SLA_TIMER, streams, partial(read, upto=position), standards[state]):
                rows = SLA_TIMER.rows(subject) if subject.history else ()
                found[subject.stream, position] = {timer.clock_id: timer for timer in rows}
        return found


def _up_to(history: History, position: int) -> History:
    return history[: bisect_right(history, position, key=lambda recorded: recorded.position)]
