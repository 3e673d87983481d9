"""What the group promises over the year: stricter after the outage; a trial ends, and one proposal is turned down."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from api.demo.calendars import CALENDAR
from api.demo.group import GROUP, HEADS, HOTLINE, INSPECTOR, ZONE
from api.demo.telling import HERE, Step
from api.policies import library_policy
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
PROMISE, TRIAL = "group-promise", "hotline-trial"
REPLY, ANSWER, SOLUTION, PRESSING = "reply", "answer", "solution", "pressing"
LAW = "cn-telecom"
"""Of the library of policies."""
OWN_STEP, GROUP_STEP = "branch", "group"
"""The ladder by which the time for a solution is extended."""
FIRST_REPLY: dict[str, Any] = {
    "id": REPLY,
    "title": {"en": "First reply", "zh": "初步回复"},
    "kind": "first_response",
    "stop": "response-sent",
    "warnings": [{"at_percent": 75}],
    "escalations": [{"level": 1, "after_due": "PT24H", "to_unit": HOTLINE}],
    # What was posted in time and written down late counts once somebody has looked at the stamp.
    "late_record": "evidence_required",
}
NEXT_ANSWER: dict[str, Any] = {
    "id": ANSWER,
    "title": {"en": "Customer answered", "zh": "后续回复"},
    "kind": "next_response",
    "clock": {"type": "working_time", "amount": "PT18H"},
    "start": "customer-replied",
    "stop": "response-sent",
    "instances": "start",
    # What can be said next hangs on whoever is asked; the time for a solution does not.
    "pauses": {"grounds": ["customer", "vendor", "problem", "evidence", "third-party"]},
}
SOLVED: dict[str, Any] = {
    "id": SOLUTION,
    "title": {"en": "Solved", "zh": "办结"},
    "kind": "resolution",
    "clock": {"type": "business_days", "amount": 7, "ends": "close_of_business"},
    "stop": "case-resolved",
    "pauses": {"grounds": ["customer", "evidence"]},
    "extensions": [
        {
            "id": OWN_STEP, "title": {"en": "By the branch", "zh": "分部延期"}, "length": 5, "mode": "add_to_raw",
            "approver_role": "supervisor", "evidence": True,
        },
        {
            "id": GROUP_STEP, "title": {"en": "By the group", "zh": "集团延期"}, "length": 10, "mode": "add_to_raw",
            "approver_role": "compliance", "notice": True,
        },
    ],
    "warnings": [{"before_business_days": 1}],
    "escalations": [
        {"level": 2, "at_percent": 100, "to_unit": GROUP},
        {"level": 3, "after_due": "PT96H", "to_staff": INSPECTOR},
    ],
}  # fmt: skip

SOLVED_AT_ONCE: dict[str, Any] = SOLVED | {
    "id": PRESSING,
    "title": {"en": "Pressing matter solved", "zh": "紧急事项办结"},
    "clock": {"type": "business_days", "amount": 4, "ends": "close_of_business"},
    "extensions": [],
}


def promise(hours: int) -> dict[str, Any]:
    """What the desks promise: a first reply in so many hours, later ones too, and a solution of complaints in days."""
    reply = FIRST_REPLY | {"clock": {"type": "elapsed", "amount": f"PT{hours}H"}}
    return {
        "name": PROMISE,
        "title": {"en": "What the group promises", "zh": "集团服务承诺"},
        "regime": "internal",
        "zone": ZONE,
        "calendar": CALENDAR,
        "rules": [
            {
                "id": PRESSING,
                "when": {"kind": ["complaint"], "priority": ["critical"]},
                "targets": [REPLY, ANSWER, PRESSING],
            },
            {"id": "complaints", "when": {"kind": ["complaint"]}, "targets": [REPLY, ANSWER, SOLUTION]},
            {"id": "others", "targets": [REPLY, ANSWER]},
        ],
        "targets": [reply, NEXT_ANSWER, SOLVED, SOLVED_AT_ONCE],
    }


def policy_steps(book: str, start: datetime, outage_at: datetime) -> Iterator[Step]:
    """What is written down about policies: in this order, by which requests have their numbers."""
    first_day = start.astimezone(HERE).date()
    telling = _Telling(book)
    begun = start + timedelta(hours=15)  # once its calendar is published
    yield from telling.published(begun, promise(48), first_day, "promised in public")
    trial = promise(24) | {"name": TRIAL, "title": {"en": "Hotline, on trial", "zh": "热线试行"}, "rank": 50}
    complaints = {"kind": ["complaint"], "channel": ["hotline"]}
    trial["rules"] = [{"id": "hotline", "when": complaints, "targets": [REPLY, ANSWER, SOLUTION]}]
    trial["targets"] = [each for each in trial["targets"] if each["id"] in {REPLY, ANSWER, SOLUTION}]
    yield from telling.published(begun + 2 * DECISION, trial, first_day, "a trial until something better is found")
    law = library_policy(LAW).document().model_dump(mode="json", exclude_unset=True) | {"calendar": CALENDAR}
    yield from telling.published(begun + 4 * DECISION, law, first_day, "the ministry's measures")
    later = outage_at + timedelta(days=2)
    day = later.astimezone(HERE).date()
    yield from telling.declined(later, promise(1), day, "everybody at once")
    yield from telling.published(later + 2 * DECISION, promise(36), day, "faster, since the outage")
    yield from telling.withdrawn(later + 4 * DECISION, TRIAL, day + timedelta(days=1), "the trial is over")


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
