"""The group's calendars over the year: one turned down, one published by who asked, one when its day had passed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from api.demo.group import HEADS, ZONE
from api.demo.telling import HERE, SUNDAY, Step, midnight
from domain.book import AllowSelfApproval, ForbidSelfApproval, id_of_book
from domain.calendar import DeclineCalendar, ProposeCalendar, PublishCalendar
from domain.envelope import Actor, ActorKind
from domain.sla.calendar import document_of
from domain.sla.days import WEEKDAYS

CALENDAR = "group-service-desk"
PLANNER = Actor("方敏", ActorKind.PERSON, role="quality")
HEAD = Actor(HEADS["北京分部 Beijing"], ActorKind.PERSON, role="supervisor")
HOURS = {str(day): ["08:30-17:30"] for day in WEEKDAYS[:SUNDAY]}
DECISION = timedelta(hours=2)


def calendar_steps(book: str, start: datetime, outage_at: datetime) -> Iterator[Step]:
    """What is written down about calendars: in this order, by which proposals have their numbers."""
    desk: dict[str, Any] = {
        "name": CALENDAR,
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
    # Whoever could approve is out at the cable, so that for two days people may approve what they ask for.
    about: dict[str, Any] = {"zone": ZONE, "book_id": id_of_book(book), "decided_by": HEAD.name}
    allowed, forbidden = later + timedelta(hours=3), later + timedelta(days=2)
    allow = AllowSelfApproval(at=allowed, **about, reason="everybody is out at the cable")
    yield Step(allowed, HEAD, (allow,))
    yield from telling.published(later + 2 * DECISION, extra, first_day, "two Sundays, since the outage", by=PLANNER)
    yield Step(forbidden, HEAD, (ForbidSelfApproval(at=forbidden, **about, reason="the offices are staffed again"),))
    storm = next(day for day in _days(later + timedelta(days=25), 15) if day.weekday() not in (SUNDAY - 1, SUNDAY))
    known = midnight(storm) + timedelta(days=2, hours=10)
    closed = extra | {"overrides": {storm.isoformat(): []}}
    yield from telling.published(known, closed, first_day, "the offices were shut in the storm")


def _days(after: datetime, count: int) -> Iterator[date]:
    first = after.astimezone(HERE).date()
    return (first + timedelta(days=days) for days in range(1, count))


class _Telling:
    """Tells of proposals and what comes of each, two events apiece."""

    def __init__(self, book: str) -> None:
        self._about: dict[str, Any] = {"zone": ZONE, "book_id": id_of_book(book)}
        self._proposal = -1

    def published(
        self, at: datetime, document: dict[str, Any], effective: date, reason: str, by: Actor = HEAD
    ) -> Iterator[Step]:
        yield self._proposed(at, document, effective, reason)
        decided = at + DECISION
        approval = PublishCalendar(at=decided, **self._about, proposal=self._proposal, approved_by=by.name)
        yield Step(decided, by, (approval,))

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
