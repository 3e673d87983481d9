"""Working time: how much of it lies between two instants, and when so much of it has passed.

Instants are aware, come out in UTC and keep their microseconds. What counts is real elapsed time, so that an hour which
clocks skip counts for nothing and one that they repeat counts twice.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple, TypeAlias, TypeVar
from zoneinfo import ZoneInfo

Span: TypeAlias = tuple[datetime, datetime]
"""From an instant up to another one, which it does not hold; both in UTC."""

DaySource: TypeAlias = Callable[[date], tuple[Span, ...]]
"""The working time of a local date, in order and disjoint; a frame over midnight belongs to the date it begins on."""

D = TypeVar("D", bound=date)

NOTHING = timedelta()
DAY = timedelta(days=1)
LONGEST = 3 * DAY
"""No span is longer: 24 hours, and another 24 where a date occurs twice."""
EMPTY_YEARS = 50
"""After so many years without any working time there is none to come."""
MOST_DAYS = 4_000
"""So many dates are kept beside the tables: those about which clocks that end at closing ask."""
FIRST_YEAR, LAST_YEAR = 1850, 2299
"""Nothing is looked for beyond: the ledger's own dates are from 1900 to 2199."""


class Boundary(StrEnum):
    """When a target is due that is reached exactly at closing; products disagree, and it can be a weekend."""

    CLOSING = "closing"
    """At closing."""
    NEXT_OPENING = "next_opening"
    """At the next opening: the first working moment at which the target is used up."""


class NeverReached(ValueError):
    """The calendar does not have so much working time."""


class _Year(NamedTuple):
    """The working time that begins in a year of UTC, and the working days of that year."""

    begins: list[datetime]
    ends: list[datetime]
    before: list[timedelta]
    """The working time of the year before each span, and at last all of it."""
    days: list[date]
    """The local dates of the year on which work begins."""

    def worked(self, at: datetime) -> timedelta:
        """The working time of the year up to an instant."""
        place = bisect_right(self.begins, at)
        if not place:
            return NOTHING
        return self.before[place - 1] + min(at, self.ends[place - 1]) - self.begins[place - 1]

    def reached(self, amount: timedelta) -> datetime:
        """When so much of the year's working time has passed, at the earliest."""
        place = max(bisect_left(self.before, amount) - 1, 0)
        return self.begins[place] + (amount - self.before[place])

    def left(self, amount: timedelta) -> datetime:
        """When just so much of the year's working time has passed, at the latest."""
        place = min(bisect_right(self.before, amount), len(self.begins)) - 1
        return self.begins[place] + (amount - self.before[place])

    @property
    def total(self) -> timedelta:
        return self.before[-1]


class WorkingTime:
    """The working time of a zone, out of a source of days.

    It fills a table a year when a question first touches the year; after that a question costs a bisection, and a step
    for each whole year that it spans. `without` takes intervals out, such as pauses; overlapping ones count once.
    """

    def __init__(self, zone: ZoneInfo, days: DaySource) -> None:
        self.zone = zone
        self._days = lru_cache(maxsize=MOST_DAYS)(days)
        self._years: dict[int, _Year] = {}

    # Time -------------------------------------------------------------------------------------------------------------

    def after(
        self, start: datetime, amount: timedelta, boundary: Boundary = Boundary.CLOSING, *, without: Sequence[Span] = ()
    ) -> datetime:
        """When so much working time has passed since `start`.

        A start outside hours counts from the next opening. An amount of zero gives the first working moment, which is
        the start itself within hours, and by `CLOSING` also exactly at closing.
        Raises: ValueError for less than nothing; NeverReached.
        """
        at, left = start.astimezone(UTC), _positive(amount)
        if not left and boundary == Boundary.CLOSING and self._closes(at):
            return at
        for begin, end in _merged(without) if without else ():
            if end <= at:
                continue
            if begin > at:
                worked = self.between(at, begin)
                if left < worked or (left == worked and left and boundary == Boundary.CLOSING):
                    break
                left -= worked
            at = end
        return self._forward(at, left, boundary)

    def before(self, end: datetime, amount: timedelta, *, without: Sequence[Span] = ()) -> datetime:
        """The instant from which on so much working time passes until `end`; of several the latest.

        An end outside hours counts from the last closing. An amount of zero gives that closing, or the end itself
        within hours or exactly at opening. Raises: ValueError for less than nothing; NeverReached.
        """
        at, left = end.astimezone(UTC), _positive(amount)
        if not left and self._opens(at):
            return at
        for begin, finish in reversed(_merged(without)):
            if begin >= at:
                continue
            if finish < at:
                worked = self.between(finish, at)
                if left <= worked and worked:
                    break
                left -= worked
            at = begin
        return self._backward(at, left)

    def between(self, start: datetime, end: datetime, *, without: Sequence[Span] = ()) -> timedelta:
        """The working time from `start` up to `end`; nothing when the end comes first."""
        start, end = start.astimezone(UTC), end.astimezone(UTC)
        if end <= start:
            return NOTHING
        worked = NOTHING
        for year in range((start - LONGEST).year, end.year + 1):
            table = self._year(year)
            worked += table.worked(end) - table.worked(start)
        for begin, finish in _merged(without) if without else ():
            worked -= self.between(max(begin, start), min(finish, end))
        return worked

    def spans(self, start: datetime, end: datetime | None = None) -> Iterator[Span]:
        """The working time from `start` on, span by span, cut to what was asked for; without an `end` it goes on."""
        start = start.astimezone(UTC)
        end = None if end is None else end.astimezone(UTC)
        first = (start - LONGEST).year
        years = self._onward(first) if end is None else map(self._year, range(first, end.year + 1))
        for table in years:
            for begin, finish in zip(table.begins, table.ends, strict=True):
                if end is not None and max(begin, start) >= end:
                    return
                if finish > start:
                    yield max(begin, start), finish if end is None else min(finish, end)

    # Days -------------------------------------------------------------------------------------------------------------

    def is_working_day(self, day: date) -> bool:
        """Whether any working time begins on a local date."""
        return _holds(self._year(day.year).days, day)

    def working_day_after(self, day: date, count: int) -> date:
        """So many working days later, from 1 on; whether `day` itself is one makes no difference.

        Raises: ValueError for less than one; NeverReached.
        """
        left = _counted(count)
        for table in self._onward(day.year):
            place = bisect_right(table.days, day)
            if place + left <= len(table.days):
                return table.days[place + left - 1]
            left -= len(table.days) - place
        raise AssertionError

    def working_day_before(self, day: date, count: int) -> date:
        """The same in the other direction."""
        left = _counted(count)
        for table in self._back(day.year):
            place = bisect_left(table.days, day)
            if left <= place:
                return table.days[place - left]
            left -= place
        raise AssertionError

    def next_working_day(self, day: date) -> date:
        """The date itself when somebody works on it, otherwise the next one. Raises: NeverReached."""
        return day if self.is_working_day(day) else self.working_day_after(day, 1)

    def working_days_between(self, first: date, last: date) -> int:
        """How many working days there are from `first` up to `last`, which does not count; 0 when that comes first."""
        if last <= first:
            return 0
        tables = (self._year(year).days for year in range(first.year, last.year + 1))
        return sum(bisect_left(days, last) - bisect_left(days, first) for days in tables)

    def opening(self, day: date) -> datetime | None:
        """When work begins on a local date; None when nobody works."""
        spans = self._days(day)
        return spans[0][0] if spans else None

    def closing(self, day: date) -> datetime | None:
        """When the work that begins on a local date ends, perhaps on the next; None when nobody works."""
        spans = self._days(day)
        return spans[-1][1] if spans else None

    def same_clock_time_after(self, start: datetime, days: int) -> datetime:
        """So many working days later at the same local time of day, or else at the next opening.

        Raises: ValueError for less than one day; NeverReached.
        """
        local = start.astimezone(self.zone)
        at = instant_at(datetime.combine(self.working_day_after(local.date(), days), local.time()), self.zone)
        return self._forward(at, NOTHING, Boundary.NEXT_OPENING)

    def same_clock_time_before(self, end: datetime, days: int) -> datetime:
        """So many working days earlier at the same local time of day, or else at the last closing before."""
        local = end.astimezone(self.zone)
        at = instant_at(datetime.combine(self.working_day_before(local.date(), days), local.time()), self.zone)
        return self.before(at, NOTHING)

    def midnight(self, day: date) -> datetime:
        """When a local date begins: at midnight, or when clocks skip that."""
        return instant_at(datetime.combine(day, time()), self.zone)

    # Tables -----------------------------------------------------------------------------------------------------------

    def _forward(self, at: datetime, left: timedelta, boundary: Boundary) -> datetime:
        for table in self._onward((at - LONGEST).year):
            worked = table.worked(at)
            rest = table.total - worked
            if left and boundary == Boundary.CLOSING:
                if left <= rest:
                    return table.reached(worked + left)
            elif left < rest:
                return table.left(worked + left)
            left -= rest
        raise AssertionError

    def _backward(self, at: datetime, left: timedelta) -> datetime:
        for table in self._back(at.year):
            worked = table.worked(at)
            if worked and left <= worked:
                return table.left(worked - left) if left else table.reached(worked)
            left -= worked
        raise AssertionError

    def _opens(self, at: datetime) -> bool:
        return _holds(self._year(at.year).begins, at)

    def _closes(self, at: datetime) -> bool:
        return any(_holds(self._year(year).ends, at) for year in {(at - LONGEST).year, at.year})

    def _onward(self, first: int) -> Iterator[_Year]:
        """The years from one on. Raises: NeverReached when nothing is to come."""
        empty = 0
        for year in range(first, LAST_YEAR + 1):
            table = self._year(year)
            yield table
            empty = 0 if table.begins else empty + 1
            if empty > EMPTY_YEARS:
                raise NeverReached(f"Nobody works from {year - EMPTY_YEARS} to {year}; the calendar has no such day.")
        raise NeverReached(f"There is not so much working time up to the year {LAST_YEAR}; ask for less.")

    def _back(self, last: int) -> Iterator[_Year]:
        empty = 0
        for year in range(last, FIRST_YEAR - 1, -1):
            table = self._year(year)
            yield table
            empty = 0 if table.begins else empty + 1
            if empty > EMPTY_YEARS:
                raise NeverReached(f"Nobody worked from {year} to {year + EMPTY_YEARS}; the calendar has no such day.")
        raise NeverReached(f"There is not so much working time down to the year {FIRST_YEAR}; ask for less.")

    def _year(self, year: int) -> _Year:
        table = self._years.get(year)
        if table is None:
            table = self._years[year] = self._filled(year)
        return table

    def _filled(self, year: int) -> _Year:
        """By the year in which a span begins, so that no span of a year begins before one of an earlier year.

        They are sorted, since of two calendars, one after the other, the later may have a date's work begin before
        the night's work of the date before has gone on.
        """
        first, last = date(year, 1, 1), date(year, 12, 31)
        spans: list[Span] = []
        days: list[date] = []
        day = first - LONGEST
        while day <= last + LONGEST:
            of_day = self._days(day)
            spans += [span for span in of_day if span[0].year == year]
            if of_day and day.year == year:
                days.append(day)
            day += DAY
        spans.sort()
        before = [NOTHING]
        for begin, end in spans:
            before.append(before[-1] + (end - begin))
        return _Year([begin for begin, _ in spans], [end for _, end in spans], before, days)


def instant_at(wall: datetime, zone: ZoneInfo) -> datetime:
    """The instant at which clocks in a zone show a time of day.

    A time that they skip is the moment at which they skip it; of one that they show twice it is the first. So a later
    time is never an earlier instant, and frames that adjoin still do.
    """
    first, second = (wall.replace(tzinfo=zone, fold=fold).utcoffset() or NOTHING for fold in (0, 1))
    naive = wall.replace(tzinfo=UTC, fold=0)
    if first >= second:
        return naive - first
    low, high = naive - second, naive - first
    before = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)


def later_at(wall: datetime, zone: ZoneInfo) -> datetime:
    """The same, but a time that clocks skip is as much later as they skip: 02:30 is 03:30 (RFC 5545, 3.3.5)."""
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def _merged(intervals: Iterable[Span]) -> list[Span]:
    """The same time as disjoint intervals in order."""
    merged: list[Span] = []
    for begin, end in sorted(intervals):
        if end <= begin:
            continue
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((begin.astimezone(UTC), end.astimezone(UTC)))
    return merged


def _holds(ordered: Sequence[D], one: D) -> bool:
    place = bisect_left(ordered, one)
    return place < len(ordered) and ordered[place] == one


def _positive(amount: timedelta) -> timedelta:
    if amount < NOTHING:
        raise ValueError(f"{amount} is less than nothing; give the time that is to pass.")
    return amount


def _counted(count: int) -> int:
    if count < 1:
        raise ValueError(f"{count} working days lead nowhere; give 1 or more.")
    return count
