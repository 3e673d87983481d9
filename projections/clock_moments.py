"""How the clocks of subjects stood at moments of their histories: as known at a position, looked at at an instant.

`as_known.clocks_at` answers the same for one moment. Here there are many of one subject, and whatever they rest on is
read once.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from domain.amendment import CorrectionRequested
from domain.deciders import decider_of
from domain.stream import category_of
from projections.as_known import CannotWorkOut, first_due_first
from projections.reckoning import History
from projections.sla_row import SlaTimer
from projections.sla_timer import SLA_TIMER, leans_on, rows
from projections.working_out import subjects

Histories = Mapping[str, History]
Read = Callable[[Collection[str]], Histories]
"""Gives back whole histories, as they were written, in order of version."""


class Moment(NamedTuple):
    """When the clocks of a case or an obligation are looked at."""

    stream: str
    position: int
    """Of the last event that is known."""
    at: datetime


Watch = Callable[[Sequence[Moment]], Iterable[Moment]]
"""Goes through moments, and tells somebody how far that is."""


def clocks_of(
    book: str, moments: Collection[Moment], read: Read, watch: Watch = iter
) -> dict[Moment, Sequence[SlaTimer]]:
    """The clocks of each moment, first due first. Streams are read together, whatever the number of moments.

    Each moment is worked out by itself, which takes the longer, the more has happened by then: all thousand of a case
    of a thousand events took 4 s (2026-11-22).

    Raises: CannotWorkOut, and whatever `read` raises.
    """
    wanted = sorted({moment for moment in moments if category_of(moment.stream) in SLA_TIMER.subjects}, key=_in_order)
    if not wanted:
        return {}
    beside = SLA_TIMER.beside(book)
    known = _Known(read, {moment.stream for moment in wanted}, beside)
    standing = _Standing({stream: known.whole(stream) for stream in beside})
    found: dict[Moment, Sequence[SlaTimer]] = {}
    for moment in watch(wanted):
        states = standing.by(moment.position)
        for subject in subjects(SLA_TIMER, [moment.stream], known.by(moment.position), states):
            try:
                found[moment] = sorted(rows(subject, moment.at), key=first_due_first)
            except Exception as error:
                raise CannotWorkOut(moment.stream, moment.position, error) from error
    return found


def _in_order(moment: Moment) -> tuple[int, str, datetime]:
    """Standards grow with the positions, and are folded on."""
    return moment.position, moment.stream, moment.at


class _Known:
    """Whole histories, out of which those up to a position are cut."""

    def __init__(self, read: Read, streams: Collection[str], beside: Collection[str]) -> None:
        self._read = read
        self._whole: dict[str, History] = {}
        wanted: Collection[str] = {*streams, *beside}
        while wanted:
            self._whole |= read(wanted)
            # However they are read at any of the moments, they lean on no other streams than these.
            told = [self._whole[stream] for stream in wanted if stream not in beside]
            wanted = {
                other for history in told for other in leans_on(list(_every_reading(history)))
            } - self._whole.keys()

    def whole(self, stream: str) -> History:
        """All that is known of a stream."""
        if stream not in self._whole:
            self._whole |= self._read([stream])
        return self._whole[stream]

    def by(self, position: int) -> Read:
        """What reads them up to a position."""

        def read(streams: Collection[str]) -> Histories:
            return {stream: _up_to(self.whole(stream), position) for stream in streams}

        return read


def _up_to(history: History, position: int) -> History:
    return history[: bisect_right(history, position, key=lambda recorded: recorded.position)]


def _every_reading(history: History) -> Iterator[Any]:
    """The events of a history, and whatever was ever asked to be read in their places."""
    for recorded in history:
        event = recorded.event
        yield recorded._replace(event=event.replacement.data) if isinstance(event, CorrectionRequested) else recorded


class _Standing:
    """The states of streams in which nothing is amended, position after position."""

    def __init__(self, histories: Histories) -> None:
        self._waiting = {stream: list(reversed(history)) for stream, history in histories.items()}
        self._states: dict[str, Any] = {stream: decider_of(stream).initial for stream in histories}

    def by(self, position: int) -> Mapping[str, Any]:
        """The states by a position, which is none before that asked for last.

        A state that has not grown is the same object again, so that what was compiled of it serves again.
        """
        for stream, waiting in self._waiting.items():
            while waiting and waiting[-1].position <= position:
                self._states[stream] = decider_of(stream).evolve(self._states[stream], waiting.pop())
        return dict(self._states)
