"""Calendars for tests, in few words."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from domain.sla.calendar import CalendarDocument, document_of
from domain.sla.calendars import CalendarVersion
from domain.sla.days import WEEKDAYS, Days
from domain.sla.working_time import WorkingTime
from domain.sla.zones import zone

OFFICE = ("09:00-12:00", "13:00-18:00")
WORKDAYS = WEEKDAYS[:5]


def raw(
    hours: Sequence[str] = OFFICE, days: Sequence[str] = WORKDAYS, place: str = "UTC", **more: Any
) -> dict[str, Any]:
    """A document, as a file has it."""
    return {
        "name": "office",
        "title": {"en": "Office"},
        "zone": place,
        "week": {str(day): list(hours) for day in days},
        "source": "the office",
        **more,
    }


def calendar(
    hours: Sequence[str] = OFFICE, days: Sequence[str] = WORKDAYS, place: str = "UTC", **more: Any
) -> CalendarDocument:
    """The calendar in it."""
    return document_of(raw(hours, days, place, **more))


def working_time(document: CalendarDocument) -> WorkingTime:
    """Working time by one document, at all times."""
    days, place = Days(document), zone(document.zone)
    return WorkingTime(place, lambda day: days.spans(day, place))


def version(number: int, effective: str, known: str, document: CalendarDocument) -> CalendarVersion:
    """A version that became known at midnight UTC of a date, or at an instant."""
    at = datetime.fromisoformat(known)
    return CalendarVersion(
        document.name, number, date.fromisoformat(effective), at if at.tzinfo else at.replace(tzinfo=UTC), document
    )


def utc(text: str) -> datetime:
    """An instant, written without its offset of zero."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(text: str, place: str, **fold: Any) -> datetime:
    """The instant of a local time."""
    return datetime.fromisoformat(text).replace(tzinfo=zone(place), **fold).astimezone(UTC)


ROUND_THE_CLOCK: Mapping[str, Any] = {"hours": ("00:00-24:00",), "days": WEEKDAYS}
