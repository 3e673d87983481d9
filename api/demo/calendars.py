"""The group's calendars over the year: published when it begins, once more after the outage, and one turned down."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from api.demo.group import HEADS, ZONE
from api.demo.telling import HERE, SUNDAY, Step
from domain.book import id_of_book
from domain.calendar import DeclineCalendar, ProposeCalendar, PublishCalendar
from domain.envelope import Actor, ActorKind
from domain.sla.calendar import document_of
from domain.sla.days import WEEKDAYS

PLANNER = Actor("方敏", ActorKind.PERSON, role="quality")
HEAD = Actor(HEADS["北京分部 Beijing"], ActorKind.PERSON, role="supervisor")
HOURS = {str(day): ["08:30-17:30"] for day in WEEKDAYS[:SUNDAY]}
DECISION = timedelta(hours=2)


def calendar_steps(book: str, start: datetime, outage_at: datetime) -> Iterator[Step]:
    """What is written down about calendars: in this order, by which proposals have their numbers."""
    desk: dict[str, Any] = {
        "name": "group-service-desk",
        "title": {"en": "Service desks of the group", "zh": "集团客户服务处"},
        "zone": ZONE,
        "week": HOURS,
        "annual_holidays": ["01-01", "05-01", "10-01", "10-02", "10-03"],
        "source": "service hours of the group",
    }
    hotline = desk | {
        "name": "hotline",
        "title": {"en": "Hotline, round the clock", "zh": "客服热线"},
        "week": {str(day): ["00:00-24:00"] for day in WEEKDAYS},
        "annual_holidays": [],
        "source": "the public promise",
    }
    first_day = start.astimezone(HERE).date()
    telling = _Telling(book)
    begun = start + timedelta(hours=10)
    yield from telling.published(begun, desk, first_day, "hours of the new year")
    yield from telling.published(begun + 2 * DECISION, hotline, first_day, "the hotline never closes")
    later = outage_at + timedelta(days=1)
    longer = desk | {"week": {**HOURS, "sun": ["08:30-17:30"]}}
    yield from telling.declined(later, longer, later.astimezone(HERE).date(), "every Sunday, since the outage")
    sundays = [day for day in _days(later, 15) if day.weekday() == SUNDAY]
    extra = desk | {"working_days": {day.isoformat(): {"like": "sat", "name": "after the outage"} for day in sundays}}
    yield from telling.published(later + 2 * DECISION, extra, first_day, "two Sundays, since the outage")


def _days(after: datetime, count: int) -> Iterator[date]:
    first = after.astimezone(HERE).date()
    return (first + timedelta(days=days) for days in range(1, count))


class _Telling:
    """Tells of proposals and what comes of each, two events apiece."""

    def __init__(self, book: str) -> None:
        self._about: dict[str, Any] = {"zone": ZONE, "book_id": id_of_book(book)}
        self._proposal = -1

    def published(self, at: datetime, document: dict[str, Any], effective: date, reason: str) -> Iterator[Step]:
        yield self._proposed(at, document, effective, reason)
        decided = at + DECISION
        approval = PublishCalendar(at=decided, **self._about, proposal=self._proposal, approved_by=HEAD.name)
        yield Step(decided, HEAD, (approval,))

    def declined(self, at: datetime, document: dict[str, Any], effective: date, reason: str) -> Iterator[Step]:
        yield self._proposed(at, document, effective, reason)
        decided, why = at + DECISION, "a few Sundays will do"
        refusal = DeclineCalendar(at=decided, **self._about, proposal=self._proposal, reason=why, declined_by=HEAD.name)
        yield Step(decided, HEAD, (refusal,))

    def _proposed(self, at: datetime, document: dict[str, Any], effective: date, reason: str) -> Step:
        self._proposal += 2
        proposal = ProposeCalendar(
            at=at,
            **self._about,
            document=document_of(document),
            effective_from=effective,
            reason=reason,
            requested_by=PLANNER.name,
        )
        return Step(at, PLANNER, (proposal,))
