"""A target's own time: what of the time that passes counts for it, by which calendar and in which zone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from domain.sla.calendars import Calendars, UnknownCalendar
from domain.sla.compiled import CompiledTarget, Counts
from domain.sla.standards import Standards
from domain.sla.working_time import NOTHING, Boundary, Span, WorkingTime
from domain.sla.zones import zone


class Measure(Protocol):
    """Something that counts time."""

    def after(
        self, start: datetime, amount: timedelta, boundary: Boundary = ..., *, without: Sequence[Span] = ...
    ) -> datetime:
        """When so much has passed."""

    def between(self, start: datetime, end: datetime, *, without: Sequence[Span] = ...) -> timedelta:
        """How much has passed."""

    def spans(self, start: datetime, end: datetime) -> Iterator[Span]:
        """What counts, in order."""


class Work(Measure, Protocol):
    """Working time and working days."""

    def is_working_day(self, day: date) -> bool:
        """Whether anybody works on a date."""

    def working_day_after(self, day: date, count: int) -> date:
        """So many working days later."""

    def working_day_before(self, day: date, count: int) -> date:
        """So many working days earlier."""

    def opening(self, day: date) -> datetime | None:
        """When a date's work begins."""

    def closing(self, day: date) -> datetime | None:
        """When a date's work ends."""


class PassingTime:
    """All time counts."""

    def after(
        self,
        start: datetime,
        amount: timedelta,
        boundary: Boundary = Boundary.CLOSING,
        *,
        without: Sequence[Span] = (),
    ) -> datetime:
        """When so much time has passed; `without` is disjoint and in order."""
        at = start + amount
        for begin, end in without:
            if end <= start:
                continue
            if begin > at or (begin == at and boundary == Boundary.CLOSING):
                break
            at += end - max(begin, start)
        return at

    def between(self, start: datetime, end: datetime, *, without: Sequence[Span] = ()) -> timedelta:
        """How much time passes; nothing when the end comes first."""
        if end <= start:
            return NOTHING
        passed = end - start
        for begin, finish in without:
            passed -= max(min(finish, end) - max(begin, start), NOTHING)
        return passed

    def spans(self, start: datetime, end: datetime) -> Iterator[Span]:
        """All of it."""
        if start < end:
            yield start, end


PASSING_TIME = PassingTime()


class WorkMoved:
    """The work of one calendar up to an instant, and of another one from there on."""

    def __init__(self, before: Work, at: datetime, after: Work, place: ZoneInfo) -> None:
        self._before, self._at, self._after = before, at, after
        self._day = at.astimezone(place).date()

    def after(
        self,
        start: datetime,
        amount: timedelta,
        boundary: Boundary = Boundary.CLOSING,
        *,
        without: Sequence[Span] = (),
    ) -> datetime:
        """When so much working time has passed."""
        if start < self._at:
            worked = self._before.between(start, self._at, without=without)
            if amount < worked or (amount == worked and amount and boundary == Boundary.CLOSING):
                return self._before.after(start, amount, boundary, without=without)
            start, amount = self._at, amount - worked
        return self._after.after(start, amount, boundary, without=without)

    def between(self, start: datetime, end: datetime, *, without: Sequence[Span] = ()) -> timedelta:
        """The working time between two instants."""
        earlier = self._before.between(start, min(end, self._at), without=without)
        return earlier + self._after.between(max(start, self._at), end, without=without)

    def spans(self, start: datetime, end: datetime) -> Iterator[Span]:
        """The working time, span by span."""
        yield from self._before.spans(start, min(end, self._at))
        yield from self._after.spans(max(start, self._at), end)

    def is_working_day(self, day: date) -> bool:
        """Whether anybody works on a date; that of the move is the later one's."""
        return self._of(day).is_working_day(day)

    def working_day_after(self, day: date, count: int) -> date:
        """So many working days later."""
        while day < self._day and count:
            following = self._before.working_day_after(day, 1)
            if following >= self._day:
                break
            day, count = following, count - 1
        if not count or day >= self._day:
            return self._after.working_day_after(day, count) if count else day
        return self._after.working_day_after(self._day - timedelta(days=1), count)

    def working_day_before(self, day: date, count: int) -> date:
        """So many working days earlier."""
        while day > self._day and count:
            earlier = self._after.working_day_before(day, 1)
            if earlier < self._day:
                break
            day, count = earlier, count - 1
        return self._before.working_day_before(min(day, self._day), count) if count else day

    def opening(self, day: date) -> datetime | None:
        """When a date's work begins."""
        return self._of(day).opening(day)

    def closing(self, day: date) -> datetime | None:
        """When a date's work ends."""
        return self._of(day).closing(day)

    def _of(self, day: date) -> Work:
        return self._before if day < self._day else self._after


class Move(NamedTuple):
    """From when on a case belongs to a unit that works by a calendar of its own."""

    at: datetime
    calendar: str
    zone: str


class Hours(NamedTuple):
    """How a target counts, by one view of the calendars."""

    zone: ZoneInfo
    work: Work | None
    """None when there is no calendar of that name; then every day is a working day, around the clock."""
    own: Measure
    """The target's own time."""


class View(NamedTuple):
    """Which versions of the calendars count."""

    known_at: datetime | None
    """Those known then; None for those known at each instant, as it was lived."""


LIVED = View(None)


def hours_of(standards: Standards, target: CompiledTarget, view: View, moves: tuple[Move, ...] = ()) -> Hours:
    """How a target counts, after the case moved to units with calendars of their own."""
    if not moves:
        latest = standards.kept.get(target.calendar, UNASKED)
        if latest is not None and latest is not UNASKED:
            all_known = view.known_at is not None and latest[0] <= view.known_at
            if all_known or view.known_at is None:
                key = (target.policy, target.version, target.target.id, target.zone.key, all_known)
                kept: Hours | None = standards.kept.get(key)
                if kept is None:
                    kept = standards.kept[key] = _hours(standards, target, view, moves)
                return kept
    return _hours(standards, target, view, moves)


def _hours(standards: Standards, target: CompiledTarget, view: View, moves: tuple[Move, ...]) -> Hours:
    place, work = target.zone, _work(standards, target.calendar, view)
    for move in moves:
        place = zone(move.zone)
        moved = _work(standards, move.calendar, view)
        work = moved if moved is None or work is None else WorkMoved(work, move.at, moved, place)
    if target.counts is Counts.HOURS:
        return Hours(place, work, work or PASSING_TIME)
    if target.counts is Counts.WORKING_DAYS and work is not None:
        return Hours(place, work, _whole_days(standards, work, place, lasting=not moves))
    return Hours(place, work, PASSING_TIME)


def same_as_lived(standards: Standards, target: CompiledTarget, since: datetime, known_at: datetime) -> bool:
    """Whether nothing about the calendar became known after a start, so that what was promised is what is lived."""
    if not target.asks_calendar:
        return True
    if _work(standards, target.calendar, LIVED) is None:
        return True
    latest: datetime = standards.kept[target.calendar][0]
    return latest <= since and latest <= known_at


def _work(standards: Standards, name: str, view: View) -> Work | None:
    held: tuple[datetime, WorkingTime, WorkingTime] | None = standards.kept.get(name, UNASKED)
    if held is UNASKED:
        held = standards.kept[name] = _latest(standards.calendars, name)
    if held is None:
        return None
    latest, by_all, lived = held
    if view.known_at is None:
        return lived
    return by_all if latest <= view.known_at else standards.calendars.as_known(name, view.known_at)


UNASKED: Any = object()


def _latest(calendars: Calendars, name: str) -> tuple[datetime, WorkingTime, WorkingTime] | None:
    """When the last was heard of a calendar, and its working time by all that is known; None when there is none."""
    try:
        latest = max(version.known_at for version in calendars.versions(name))
    except UnknownCalendar:
        return None
    return latest, calendars.as_known(name, None), calendars.as_lived(name)


def _whole_days(standards: Standards, work: Work, place: ZoneInfo, *, lasting: bool) -> WorkingTime:
    """Working days from midnight to midnight."""
    key = ("days", id(work), place.key)
    kept: tuple[Work, WorkingTime] | None = standards.kept.get(key)
    if kept is not None:
        return kept[1]

    def day_of(day: date) -> tuple[Span, ...]:
        return ((made.midnight(day), made.midnight(day + timedelta(days=1))),) if work.is_working_day(day) else ()

    made = WorkingTime(place, day_of)
    if lasting:
        standards.kept[key] = (work, made)  # with what it is of, so that its id stays its own
    return made
