"""For which stretches of time a clock stands still: intervals between events, kept whole, never as a sum."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import accumulate
from typing import NamedTuple

from domain.sla.compiled import CompiledTarget
from domain.sla.happenings import Timeline, first
from domain.sla.working_time import Span

EVER = datetime.max.replace(tzinfo=UTC)


class Pause(NamedTuple):
    """A stretch on one ground."""

    begin: datetime
    end: datetime | None
    """None while it goes on."""
    ground: str
    place: int
    """Of the event that began it."""
    until: int | None
    """Of the event that ended it."""


class Stretches:
    """The pauses of a target in order, so that those of a window are found without going through all of them."""

    __slots__ = ("_begins", "_ends", "_pauses")

    def __init__(self, pauses: Sequence[Pause]) -> None:
        self._pauses = pauses
        self._begins = [pause.begin for pause in pauses]
        self._ends = list(accumulate((EVER if pause.end is None else pause.end for pause in pauses), max))

    def within(self, begin: datetime, end: datetime | None) -> Iterator[Pause]:
        """What of them lies between two instants."""
        until = len(self._pauses) if end is None else bisect_left(self._begins, end)
        for pause in self._pauses[bisect_right(self._ends, begin) : until]:
            cut = clipped(pause, begin, end)
            if cut is not None:
                yield cut


def pauses_of(target: CompiledTarget, timeline: Timeline) -> list[Pause]:
    """The stretches on the grounds that a target allows, in order."""
    found: list[Pause] = []
    if target.grounds and "case-paused" in timeline.by_name:
        found += _by_ground(target.grounds, timeline)
    for ground, begins, ends in target.between:
        place = first(begins, timeline, 0)
        while place is not None:
            until = first(ends, timeline, place + 1)
            found.append(_pause(timeline, ground, place, until))
            place = None if until is None else first(begins, timeline, until)
    return sorted(found, key=lambda one: (one.begin, one.place))


def _by_ground(grounds: frozenset[str], timeline: Timeline) -> Iterable[Pause]:
    """A ground that is open already is not opened again."""
    opened: dict[str, int] = {}
    for place in timeline.places("case-paused", "case-resumed"):
        event = timeline.all[place].recorded.event
        ground = str(getattr(event, "ground", ""))
        if event.TOPIC.startswith("case-paused"):
            if ground in grounds:
                opened.setdefault(ground, place)
        elif ground in opened:
            yield _pause(timeline, ground, opened.pop(ground), place)
    for ground, place in opened.items():
        yield _pause(timeline, ground, place, None)


def _pause(timeline: Timeline, ground: str, place: int, until: int | None) -> Pause:
    end = None if until is None else timeline.all[until].at
    return Pause(timeline.all[place].at, end, ground, place, until)


def clipped(pause: Pause, begin: datetime, end: datetime | None) -> Pause | None:
    """What of a pause lies between two instants; None when nothing does."""
    latest = pause.end if end is None or (pause.end is not None and pause.end <= end) else end
    earliest = max(pause.begin, begin)
    if latest is not None and latest <= earliest:
        return None
    return pause._replace(begin=earliest, end=latest)


def spans_of(pauses: Iterable[Pause], at: datetime) -> list[Span]:
    """The same time as disjoint intervals in order, so that overlaps count once; what goes on does so until `at`."""
    merged: list[Span] = []
    for pause in sorted(pauses, key=lambda one: one.begin):
        end = at if pause.end is None else pause.end
        if end <= pause.begin:
            continue
        if merged and pause.begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((pause.begin, end))
    return merged
