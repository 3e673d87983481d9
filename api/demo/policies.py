"""What the group promises over the year: stricter after the outage; a trial ends, and one proposal is turned down."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from api.demo.group import HEADS, ZONE
from api.demo.telling import HERE, Step
from domain.book import id_of_book
from domain.envelope import Actor, ActorKind
from domain.event import Command
from domain.policy import (
    ApprovePolicyWithdrawal,
    DeclinePolicy,
    ProposePolicy,
    PublishPolicy,
    RequestPolicyWithdrawal,
)
from domain.sla.check import document_of

PLANNER = Actor("方敏", ActorKind.PERSON, role="quality")
HEAD = Actor(HEADS["北京分部 Beijing"], ActorKind.PERSON, role="supervisor")
DECISION = timedelta(hours=2)
REPLY: dict[str, Any] = {
    "id": "reply",
    "title": {"en": "First reply", "zh": "初步回复"},
    "kind": "first_response",
    "stop": "response-sent",
    "warnings": [{"at_percent": 75}],
}
SOLUTION: dict[str, Any] = {
    "id": "solution",
    "title": {"en": "Solved", "zh": "办结"},
    "kind": "resolution",
    "clock": {"type": "business_days", "amount": 10, "ends": "close_of_business"},
    "stop": "case-resolved",
    "pauses": {"grounds": ["customer", "evidence"]},
}


def promise(hours: int) -> dict[str, Any]:
    """What the desks promise: a first reply in so many hours, and a solution of complaints in ten working days."""
    reply = REPLY | {"clock": {"type": "elapsed", "amount": f"PT{hours}H"}}
    return {
        "name": "group-promise",
        "title": {"en": "What the group promises", "zh": "集团服务承诺"},
        "regime": "internal",
        "zone": ZONE,
        "calendar": "group-service-desk",
        "rules": [
            {"id": "complaints", "when": {"kind": ["complaint"]}, "targets": ["reply", "solution"]},
            {"id": "others", "targets": ["reply"]},
        ],
        "targets": [reply, SOLUTION],
    }


def policy_steps(book: str, start: datetime, outage_at: datetime) -> Iterator[Step]:
    """What is written down about policies: in this order, by which requests have their numbers."""
    first_day = start.astimezone(HERE).date()
    telling = _Telling(book)
    begun = start + timedelta(hours=15)  # once its calendar is published
    yield from telling.published(begun, promise(24), first_day, "promised in public")
    trial = promise(1) | {"name": "hotline-trial", "title": {"en": "Hotline, on trial", "zh": "热线试行"}, "rank": 200}
    trial["rules"] = [{"id": "hotline", "when": {"channel": ["hotline"]}, "targets": ["reply", "solution"]}]
    yield from telling.published(begun + 2 * DECISION, trial, first_day, "a trial of half a year")
    later = outage_at + timedelta(days=2)
    day = later.astimezone(HERE).date()
    yield from telling.declined(later, promise(1), day, "everybody at once")
    yield from telling.published(later + 2 * DECISION, promise(12), day, "faster, since the outage")
    yield from telling.withdrawn(later + 4 * DECISION, "hotline-trial", day + timedelta(days=1), "the trial is over")


class _Telling:
    """Tells of requests and what comes of each, two events apiece."""

    def __init__(self, book: str) -> None:
        self._about: dict[str, Any] = {"zone": ZONE, "book_id": id_of_book(book)}
        self._request = -1

    def published(self, at: datetime, document: dict[str, Any], effective: date, reason: str) -> Iterator[Step]:
        yield self._proposed(at, document, effective, reason)
        decided = at + DECISION
        yield _by_head(PublishPolicy(at=decided, **self._about, proposal=self._request, approved_by=HEAD.name), decided)

    def declined(self, at: datetime, document: dict[str, Any], effective: date, reason: str) -> Iterator[Step]:
        yield self._proposed(at, document, effective, reason)
        decided, why = at + DECISION, "nobody could keep that"
        yield _by_head(
            DeclinePolicy(at=decided, **self._about, request=self._request, reason=why, declined_by=HEAD.name), decided
        )

    def withdrawn(self, at: datetime, name: str, before: date, reason: str) -> Iterator[Step]:
        self._request += 2
        asked = RequestPolicyWithdrawal(
            at=at, **self._about, name=name, effective_before=before, reason=reason, requested_by=PLANNER.name
        )
        yield Step(at, PLANNER, (asked,))
        decided = at + DECISION
        yield _by_head(
            ApprovePolicyWithdrawal(at=decided, **self._about, request=self._request, approved_by=HEAD.name), decided
        )

    def _proposed(self, at: datetime, document: dict[str, Any], effective: date, reason: str) -> Step:
        self._request += 2
        proposal = ProposePolicy(
            at=at,
            **self._about,
            document=document_of(document),
            effective_from=effective,
            reason=reason,
            requested_by=PLANNER.name,
        )
        return Step(at, PLANNER, (proposal,))


def _by_head(command: Command, at: datetime) -> Step:
    return Step(at, HEAD, (command,))
