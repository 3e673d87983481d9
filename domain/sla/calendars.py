"""All versions of the calendars of a book, and which of them count a day: as known at some time, or as it was lived."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfo

from domain.sla.calendar import CalendarDocument
from domain.sla.days import Days, ToldDay
from domain.sla.working_time import DaySource, Span, WorkingTime
from domain.sla.zones import zone

AROUND = timedelta(days=3)
"""Whatever the zone, a local date's working time lies this close to its midnight in UTC."""


class UnknownCalendar(LookupError):
    """No calendar of that name was ever published."""


@dataclass(frozen=True, slots=True)
class CalendarVersion:
    """A calendar as it was published."""

    name: str
    version: int
    """From 1, for each name."""
    effective_from: date
    """The first local date for which it holds, until another version does."""
    known_at: datetime
    """When its publication was recorded."""
    document: CalendarDocument


@dataclass(frozen=True)
class Calendars:
    """The calendars of a book, out of all their versions in order of publication."""

    published: tuple[CalendarVersion, ...] = ()
    _kept: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What was compiled before, by what it was compiled for."""

    def names(self) -> tuple[str, ...]:
        """The names of all calendars, in order."""
        return tuple(sorted({version.name for version in self.published}))

    def versions(self, name: str) -> tuple[CalendarVersion, ...]:
        """The versions of a calendar in order of publication. Raises: UnknownCalendar."""
        found: tuple[CalendarVersion, ...] | None = self._kept.get(name)
        if found is None:
            found = tuple(version for version in self.published if version.name == name)
            if not found:
                alike = get_close_matches(name, self.names(), n=3, cutoff=0.5) or self.names()[:10]
                there = f"there is {', '.join(alike)}" if alike else "none was published yet"
                raise UnknownCalendar(f"There is no calendar {name}; {there}.")
            self._kept[name] = found
        return found

    def known(self, name: str, at: datetime | None) -> tuple[CalendarVersion, ...]:
        """The versions that were known at an instant, of which there may be none; None is all that is known now.

        Raises: UnknownCalendar.
        """
        versions = self.versions(name)
        return versions if at is None else tuple(version for version in versions if version.known_at <= at)

    def in_force(self, name: str, day: date, at: datetime | None) -> CalendarVersion:
        """The version that holds for a local date, as known at an instant. Raises: UnknownCalendar."""
        return _holding(self._counting(name, at), day)

    def told(self, name: str, day: date, at: datetime | None) -> ToldDay:
        """What a calendar says of a local date, and why, as known at an instant. Raises: UnknownCalendar."""
        return self._days_of(self.in_force(name, day, at)).told(day)

    def as_known(self, name: str, at: datetime | None) -> WorkingTime:
        """The working time by the versions known at an instant (None: by all), whatever was declared afterwards.

        For each local date the version with the latest `effective_from` not after it holds, of two alike the one
        published later; for dates before all of them the first one. Before anything was known, what became known
        first stands in. Raises: UnknownCalendar.
        """
        versions = self._counting(name, at)
        key = (name, len(versions))
        if key not in self._kept:
            self._kept[key] = WorkingTime(self._zone(name), self._days_by(name, versions))
        found: WorkingTime = self._kept[key]
        return found

    def as_lived(self, name: str) -> WorkingTime:
        """The working time as it accrued: an instant counts when the calendar known at that very instant counts it.

        So nothing that is declared afterwards changes what was lived. A local date is a working day when any of its
        time counted. Raises: UnknownCalendar.
        """
        key = (name, "lived")
        if key not in self._kept:
            self._kept[key] = WorkingTime(self._zone(name), self._days_lived(name))
        found: WorkingTime = self._kept[key]
        return found

    def known_changes(self, name: str, after: datetime, upto: datetime) -> tuple[datetime, ...]:
        """The instants after `after` and up to `upto` at which something of a calendar became known.

        Raises: UnknownCalendar.
        """
        return tuple(at for at in _instants(self.versions(name)) if after < at <= upto)

    def _counting(self, name: str, at: datetime | None) -> tuple[CalendarVersion, ...]:
        return self.known(name, at) or self.known(name, self.versions(name)[0].known_at)

    def _zone(self, name: str) -> ZoneInfo:
        return zone(self.versions(name)[0].document.zone)

    def _days_of(self, version: CalendarVersion) -> Days:
        key = (version.name, version.version, "days")
        if key not in self._kept:
            self._kept[key] = Days(version.document)
        found: Days = self._kept[key]
        return found

    def _days_by(self, name: str, versions: tuple[CalendarVersion, ...]) -> DaySource:
        place = self._zone(name)

        def days(day: date) -> tuple[Span, ...]:
            return self._days_of(_holding(versions, day)).spans(day, place)

        return days

    def _days_lived(self, name: str) -> DaySource:
        place = self._zone(name)
        changes = _instants(self.versions(name))
        known = [self.known(name, at) for at in changes]

        def spans_by(one: int, day: date) -> tuple[Span, ...]:
            # What became known first stands in for the time before it.
            return self._days_of(_holding(known[max(one, 0)], day)).spans(day, place)

        def days(day: date) -> tuple[Span, ...]:
            midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
            first, last = (bisect_right(changes, at) - 1 for at in (midnight - AROUND, midnight + AROUND))
            if first == last:
                return spans_by(first, day)
            lived: list[Span] = []
            for one in range(first, last + 1):
                for begin, end in spans_by(one, day):
                    from_then = begin if one == first else max(begin, changes[one])
                    till_then = end if one == last else min(end, changes[one + 1])
                    if from_then < till_then:
                        lived.append((from_then, till_then))
            return tuple(lived)

        return days


def _instants(versions: Iterable[CalendarVersion]) -> list[datetime]:
    return sorted({version.known_at for version in versions})


def _holding(versions: tuple[CalendarVersion, ...], day: date) -> CalendarVersion:
    """Of several versions in order of publication the one that holds for a date."""
    earlier = [version for version in versions if version.effective_from <= day]
    return max(earlier, key=lambda version: (version.effective_from, version.version)) if earlier else versions[0]
