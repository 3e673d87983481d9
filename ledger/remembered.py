"""The states of streams that only ever grow, remembered between decisions, so that each event is folded once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from threading import Lock
from typing import Any, NamedTuple

from domain.deciders import decider_of
from ledger.recorder import LedgerMapper, LedgerRecorder

MOST_STREAMS = 100
"""More than a book has of its own; decisions ask for these and few others."""


class _Known(NamedTuple):
    """A stream up to an event: its last version and position, and its state after it."""

    version: int
    position: int
    state: Any


class Remembered:
    """The states of a book's streams in which nothing is amended: of the book itself, its policies and calendars.

    Every registration asks for them. What stands in them is never read otherwise afterwards, so a state that was folded
    once is folded on.
    """

    def __init__(self, rows: LedgerRecorder, mapper: LedgerMapper) -> None:
        self._rows = rows
        self._mapper = mapper
        self._known: dict[str, _Known] = {}
        self._lock = Lock()

    def states(self, streams: Iterable[str], upto: int) -> Mapping[str, Any]:
        """The states of those streams that are of this sort, after the events with positions not above `upto`.

        Raises: Refused, LedgerAway.
        """
        wanted = [stream for stream in streams if not decider_of(stream).amendable]
        if not wanted:
            return {}
        known = dict(self._known)
        since = {stream: self._up_to(known.get(stream), stream, upto) for stream in wanted}
        found = dict(since)
        for row in self._rows.rows_after({stream: at.version for stream, at in since.items()}, upto):
            recorded = self._mapper.recorded(row)
            at, decider = found[recorded.stream], decider_of(recorded.stream)
            found[recorded.stream] = _Known(recorded.version, recorded.position, decider.evolve(at.state, recorded))
        self._keep(found)
        return {stream: at.state for stream, at in found.items()}

    def _up_to(self, at: _Known | None, stream: str, upto: int) -> _Known:
        """What is known of a stream, unless that is more than was asked for."""
        return at if at is not None and at.position <= upto else _Known(0, 0, decider_of(stream).initial)

    def _keep(self, found: Mapping[str, _Known]) -> None:
        with self._lock:
            for stream, at in found.items():
                before = self._known.pop(stream, None)
                self._known[stream] = at if before is None or before.version < at.version else before
            while len(self._known) > MOST_STREAMS:
                del self._known[next(iter(self._known))]
