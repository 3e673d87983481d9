"""What a calendar says of single dates: their hours, and why they have them."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from domain.sla.working_time import NOTHING, Span, instant_at, later_at

if TYPE_CHECKING:
    from domain.sla.calendar import CalendarDocument

MIDNIGHT = 24 * 60
Minutes: TypeAlias = tuple[int, int]
"""Of local time, from a date's midnight; beyond 24 hours on the next date."""


def minutes(frame: str) -> Minutes:
    """From when to when a frame is, such as 1320 to 1800 for `22:00-06:00`."""
    begin_hour, begin_minute, end_hour, end_minute = (int(frame[place : place + 2]) for place in (0, 3, 6, 9))
    begin, end = begin_hour * 60 + begin_minute, end_hour * 60 + end_minute
    return begin, end if end > begin else end + MIDNIGHT


def frame_of(hours: Minutes) -> str:
    """The same as text."""
    begin, end = hours
    end = end - MIDNIGHT if end > MIDNIGHT else end
    return f"{begin // 60:02}:{begin % 60:02}-{end // 60:02}:{end % 60:02}"


class Weekday(StrEnum):
    """A day of the week, in the order of `date.weekday`."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


WEEKDAYS: tuple[Weekday, ...] = tuple(Weekday)


class DayKind(StrEnum):
    """Why a date has the hours that it has."""

    USUAL = "usual"
    """Those of its day of the week, which may be none."""
    HOLIDAY = "holiday"
    MAKE_UP = "make-up"
    """Somebody works whatever day of the week or holiday it is (调休)."""
    OVERRIDE = "override"
    """Something else was said of this very date."""


class ToldDay(NamedTuple):
    """What a calendar says of a date."""

    kind: DayKind
    name: str | None
    frames: tuple[str, ...]
    """Its hours, after breaks were taken out."""
    cut: bool
    """Whether breaks were taken out of them."""


class Days:
    """The working time of each local date by a document."""

    def __init__(self, document: CalendarDocument) -> None:
        self._week = [tuple(sorted(map(minutes, document.week.of(weekday)))) for weekday in WEEKDAYS]
        self._annual = frozenset(document.annual_holidays)
        self._holidays = frozenset(holiday.date for holiday in document.holidays)
        self._dated: dict[date, tuple[Minutes, ...]] = {}
        for working in document.working_days:
            frames = working.frames if working.like is None else document.week.of(working.like)
            self._dated[working.date] = tuple(sorted(map(minutes, frames)))
        self._dated |= {each.date: tuple(sorted(map(minutes, each.frames))) for each in document.overrides}
        self._names: dict[date, str | None] = {holiday.date: holiday.name for holiday in document.holidays}
        self._names |= {working.date: working.name for working in document.working_days}
        self._made_up = frozenset(working.date for working in document.working_days)
        self._overridden = frozenset(override.date for override in document.overrides)
        self._breaks = {each.date: tuple(sorted(map(minutes, each.frames))) for each in document.breaks}

    def frames(self, day: date) -> tuple[Minutes, ...]:
        """The hours of a date, in order, before breaks are taken out."""
        dated = self._dated.get(day)
        if dated is not None:
            return dated
        return () if self._is_holiday(day) else self._week[day.weekday()]

    def _is_holiday(self, day: date) -> bool:
        return day in self._holidays or day.strftime("%m-%d") in self._annual

    def told(self, day: date) -> ToldDay:
        """What the document says of a date, and why."""
        if day in self._overridden:
            kind = DayKind.OVERRIDE
        elif day in self._made_up:
            kind = DayKind.MAKE_UP
        else:
            kind = DayKind.HOLIDAY if self._is_holiday(day) else DayKind.USUAL
        worked = self.worked(day)
        return ToldDay(kind, self._names.get(day), tuple(map(frame_of, worked)), worked != self.frames(day))

    def worked(self, day: date) -> tuple[Minutes, ...]:
        """The hours of a date, in order, after breaks have been taken out."""
        frames = self.frames(day)
        if not self._breaks or not frames:
            return frames
        for apart in (-1, 0, 1):
            for begin, end in self._breaks.get(day + timedelta(days=apart), ()):
                frames = _cut(frames, begin + apart * MIDNIGHT, end + apart * MIDNIGHT)
        return frames

    def spans(self, day: date, place: ZoneInfo) -> tuple[Span, ...]:
        """The same as spans of time in the zone of a place.

        What clocks skip is left out: a frame that ends in it ends as they skip it, and one that begins in it begins by
        so much later (RFC 5545, 3.3.5), or falls out when that is after its end. Of what they show twice both count,
        unless the frame begins or ends there: then it does so the first time.
        """
        midnight = datetime.combine(day, time())
        spans = (
            (
                (instant_at if begin % MIDNIGHT == 0 else later_at)(midnight + timedelta(minutes=begin), place),
                instant_at(midnight + timedelta(minutes=end), place),
            )
            for begin, end in self.worked(day)
        )
        return tuple((begin, end) for begin, end in spans if end - begin > NOTHING)


def _cut(frames: tuple[Minutes, ...], begin: int, end: int) -> tuple[Minutes, ...]:
    left = [part for first, last in frames for part in ((first, min(last, begin)), (max(first, end), last))]
    return tuple((first, last) for first, last in left if first < last)
