"""A clock's life cut into stretches, each counted or not, and why; the counted ones add up to the time used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from domain.sla.clock import Segment, Why
from domain.sla.compiled import Counts
from domain.sla.dues import DAY, days_of, midnight
from domain.sla.happenings import Timeline
from domain.sla.measures import Hours
from domain.sla.pauses import spans_of
from domain.sla.policy import CountedDays, PauseDays
from domain.sla.run import Run
from domain.sla.working_time import NOTHING, Span


def counting_from(run: Run, hours: Hours) -> datetime:
    """From when time counts: the start, or the midnight after it when the first day is excluded."""
    if not run.target.excluded:
        return run.origin.at
    return midnight(run.origin.day + DAY, hours.zone)


def stood_still(run: Run, hours: Hours, at: datetime) -> list[Span]:
    """When the target's own time stands still: during pauses, or on the days that its policy takes for them."""
    spans = spans_of(run.pauses, at)
    rule = run.target.target.pauses.days
    if rule is PauseDays.EXACT or not spans or not isinstance(run.target.target.clock, CountedDays):
        return spans
    whole: list[Span] = []
    for begin, end in spans:
        first, last = days_of(begin, end, rule, hours.zone)
        if first < last:
            begin, end = midnight(first, hours.zone), midnight(last, hours.zone)  # noqa: PLW2901
            if whole and begin <= whole[-1][1]:
                whole[-1] = (whole[-1][0], max(end, whole[-1][1]))
            else:
                whole.append((begin, end))
    return whole


def counted(run: Run, hours: Hours, end: datetime) -> timedelta:
    """How much of the target's own time is used up at an instant."""
    begin = counting_from(run, hours)
    if end <= begin:
        return NOTHING
    pauses = stood_still(run, hours, end) if run.pauses else ()
    return hours.own.between(begin, end, without=pauses)


def segments_of(run: Run, hours: Hours, end: datetime, timeline: Timeline) -> tuple[Segment, ...]:
    """The stretches from the instant from which it is measured to the end, without gaps."""
    begin = run.origin.at
    if end <= begin:
        return ()
    after = {pause.end: timeline.all[pause.until].recorded.version for pause in run.pauses if pause.until is not None}
    stood = [
        _stood(run, max(each[0], begin), min(each[1], end), timeline)
        for each in stood_still(run, hours, end)
        if each[0] < end and each[1] > begin
    ]
    pieces: list[Segment] = []
    for piece in _cut(_running(run, hours, begin, end), stood):
        if piece.why is Why.RUNNING:
            pieces += _before_start(piece, run.start.at, run.start.by, after.get(piece.begin))
        else:
            pieces.append(piece)
    return tuple(_joined(pieces))


def _stood(run: Run, begin: datetime, end: datetime, timeline: Timeline) -> Segment:
    pause = next((one for one in run.pauses if one.begin < end and (one.end is None or one.end > begin)), run.pauses[0])
    return Segment(begin, end, False, Why.PAUSED, timeline.all[pause.place].recorded.version, pause.ground)


def _running(run: Run, hours: Hours, begin: datetime, end: datetime) -> Iterator[Segment]:
    """What counts by the calendar, and what does not."""
    why = Why.OUTSIDE_HOURS if run.target.counts is Counts.HOURS else Why.NOT_A_DAY
    at = begin
    for opens, closes in hours.own.spans(min(counting_from(run, hours), end), end):
        if opens > at:
            yield Segment(at, opens, False, why, None)
        yield Segment(opens, closes, True, Why.RUNNING, None)
        at = closes
    if at < end:
        yield Segment(at, end, False, why, None)


def _cut(pieces: Iterator[Segment], stood: Sequence[Segment]) -> Iterator[Segment]:
    """The stretches with pauses put over them."""
    left = list(stood)
    for piece in pieces:
        at = piece.begin
        while left and left[0].begin < piece.end:
            pause = left[0]
            if pause.begin > at:
                yield piece._replace(begin=at, end=pause.begin)
            yield pause._replace(begin=max(pause.begin, at), end=min(pause.end, piece.end))
            at = min(pause.end, piece.end)
            if pause.end > piece.end:
                break
            left.pop(0)
        if at < piece.end:
            yield piece._replace(begin=at)


def _before_start(piece: Segment, start: datetime, by: int | None, resumed: int | None) -> Iterator[Segment]:
    if piece.begin < start:
        yield piece._replace(end=min(piece.end, start), why=Why.BEFORE_START)
    if piece.end > start:
        yield piece._replace(begin=max(piece.begin, start), by=resumed if resumed is not None else by)


def _joined(pieces: Sequence[Segment]) -> Iterator[Segment]:
    """What adjoins and is alike, as one."""
    last: Segment | None = None
    for piece in pieces:
        if piece.end <= piece.begin:
            continue
        if last is not None and last.end == piece.begin and last[2:] == piece[2:]:
            last = last._replace(end=piece.end)
            continue
        if last is not None:
            yield last
        last = piece
    if last is not None:
        yield last
