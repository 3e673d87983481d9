"""Books that make promises: a policy with targets of every sort, a calendar, and what happens to such promises."""

import random
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from domain.book import id_of_book
from domain.calendar import ProposeCalendar, PublishCalendar
from domain.case.commands import RegisterCase
from domain.case.extension import ApproveExtension, ExtensionRequested, RequestExtension
from domain.case.relations import MergeCase
from domain.case.terms import ApproveReassignment, RequestReassignment
from domain.envelope import Recorded
from domain.event import Command
from domain.obligation import ObligationKind, OpenObligation
from domain.policy import ApprovePolicyWithdrawal, ProposePolicy, PublishPolicy, RequestPolicyWithdrawal
from domain.sla.calendar import document_of
from domain.sla.policy import PolicyDocument
from domain.standards import streams_of_standards
from domain.stream import subject_of
from ledger.ledger import Ledger
from tests.ledger.submissions import OPENED, submission

BOOK = id_of_book("main")
SINCE = date(2020, 1, 1)
WEEK = {day: ["09:00-12:00", "13:30-17:30"] for day in ("mon", "tue", "wed", "thu", "fri")}
STATUTE = {"clause": "Article 15", "source": "the gazette, read on 2026-01-05"}


def target(name: str, clock: dict[str, Any], stop: str, **more: Any) -> dict[str, Any]:
    """A target of a policy."""
    title = {"en": name.capitalize(), "zh": f"{name} 时限"}
    return {"id": name, "title": title, "kind": "resolution", "clock": clock, "stop": stop, **more}


def hours(count: int) -> dict[str, Any]:
    """So much working time."""
    return {"type": "working_time", "amount": f"PT{count}H"}


LADDER = ("step", "next", "last")
"""Each opens the one behind it."""
EXTRA = [{"id": "more", "length": 5, "mode": "add_to_raw", "most": 2}]
POLICY: dict[str, Any] = {
    "name": "promises",
    "title": {"en": "Promises", "zh": "服务承诺"},
    "regime": "internal",
    "zone": "Asia/Shanghai",
    "calendar": "desk",
    "rules": [
        {"id": "gold", "when": {"tier": ["gold", "key"]}, "targets": ["soon", "resolution", "parts"]},
        {"id": "high", "when": {"priority": ["high", "critical"]}, "targets": ["soon", "lived", *LADDER, "legal"]},
        {"id": "others", "targets": ["resolution", "lived", *LADDER, "legal", "answer", "prompt", "later", "stated"]},
    ],
    "targets": [
        target("soon", hours(4), "response-sent", kind="first_response", warnings=[{"at_percent": 75}]),
        target("resolution", {"type": "business_days", "amount": 3}, "case-resolved", extensions=EXTRA,
               pauses={"grounds": ["customer"]}, escalations=[{"level": 2, "at_percent": 100}]),
        target("lived", hours(30), "case-resolved", verdict_by="as_lived", pauses={"grounds": ["vendor"]}),
        target("step", {"type": "elapsed", "amount": "PT2H"}, "case-dispatched", on_expiry="opens", opens="next"),
        target("next", {"type": "elapsed", "amount": "PT5H"}, "case-dispatched", on_expiry="opens", opens="last"),
        target("last", {"type": "elapsed", "amount": "P20D"}, "any(case-dispatched, response-sent)"),
        target("legal", {"type": "calendar_days", "amount": 15}, "case-resolved", statute=STATUTE,
               late_record="evidence_required", reopen="resume"),
        target("answer", hours(8), "response-sent", kind="next_response", start="feedback-given", instances="start"),
        target("prompt", {"type": "no_number", "word": {"en": "prompt"}}, "response-sent"),
        target("later", {"type": "elapsed", "amount": "PT90M"}, "follow-up-made", start="case-resolved",
               on_expiry="right_arises"),
        target("stated", {"type": "stated_date", "of": "North"}, "case-closed"),
        target("parts", hours(6), "case-resolved", subject="part"),
    ],
}  # fmt: skip


def calendar(number: int = 1, *holidays: date, **more: Any) -> dict[str, Any]:
    """The desk's calendar, with days on which it is closed."""
    return {
        "name": "desk",
        "title": {"en": "Desk", "zh": "服务台"},
        "zone": "Asia/Shanghai",
        "week": WEEK,
        "source": f"notice {number}",
        "holidays": [{"date": day.isoformat(), "name": "rest"} for day in holidays],
        **more,
    }


def tell(ledger: Ledger, *commands: Command, at: datetime = OPENED) -> None:
    """Carries commands out, at a time."""
    ledger.carry_out(submission(*commands, at=at))


def publish_calendar(ledger: Ledger, raw: dict[str, Any], since: date = SINCE, at: datetime = OPENED) -> None:
    """Proposes a calendar and publishes it."""
    proposal = len(ledger.history(streams_of_standards("main")[1])) + 1
    tell(ledger, ProposeCalendar(at=at, book_id=BOOK, document=document_of(raw), effective_from=since,
                                 reason="new hours", requested_by="王芳"), at=at)  # fmt: skip
    tell(ledger, PublishCalendar(at=at, book_id=BOOK, proposal=proposal, approved_by="Director Li"), at=at)


def publish_policy(ledger: Ledger, raw: dict[str, Any], since: date = SINCE, at: datetime = OPENED) -> None:
    """Proposes a policy and publishes it."""
    proposal = len(ledger.history(streams_of_standards("main")[0])) + 1
    tell(ledger, ProposePolicy(at=at, book_id=BOOK, document=PolicyDocument.model_validate(raw), effective_from=since,
                               reason="promised in public", requested_by="王芳"), at=at)  # fmt: skip
    tell(ledger, PublishPolicy(at=at, book_id=BOOK, proposal=proposal, approved_by="Director Li"), at=at)


def promise(ledger: Ledger, *policies: dict[str, Any], at: datetime = OPENED) -> None:
    """Lets a book promise what those policies say, on the desk's calendar."""
    publish_calendar(ledger, calendar(), at=at)
    for raw in policies or (POLICY,):
        publish_policy(ledger, raw, at=at)


def something_new(ledger: Ledger, chance: random.Random, number: int, at: datetime) -> None:
    """Another version of the calendar, of the policy, or the policy's end."""
    kind = chance.random()
    if kind < 0.5:
        closed = sorted({at.date() + timedelta(days=chance.randrange(10)) for _ in range(4)})
        publish_calendar(ledger, calendar(number, *closed), since=chance.choice([SINCE, at.date()]), at=at)
    elif kind < 0.9:
        amount = {"type": "business_days", "amount": 1 + number % 5}
        targets = [{**each, "clock": amount} if each["id"] == "resolution" else each for each in POLICY["targets"]]
        publish_policy(ledger, {**POLICY, "targets": targets, "title": {"en": f"Promises {number}"}}, at.date(), at)
    else:
        request = len(ledger.history(streams_of_standards("main")[0])) + 1
        ask = RequestPolicyWithdrawal(
            at=at, book_id=BOOK, name="promises", effective_before=date(2027, 1, 1), reason="over", requested_by="王芳"
        )
        tell(ledger, ask, at=at)
        if len(ledger.history(streams_of_standards("main")[0])) == request:
            tell(ledger, ApprovePolicyWithdrawal(at=at, book_id=BOOK, request=request, approved_by="Li"), at=at)


def step(case: UUID, other: UUID, at: datetime, chance: random.Random, asked: list[Recorded[Any]]) -> Command:
    """Something that happens to what was promised to a case; `asked` are requests that wait for a decision."""
    about: dict[str, Any] = {"at": at, "case_id": case}
    what: dict[str, Any] = {"policy": "promises", "requested_by": "王芳", "reason": "complex"}
    kind = chance.random()
    if kind < 0.45:
        return RegisterCase(**about, unit=chance.choice([None, "South"]))
    if kind < 0.6:
        return MergeCase(**about, into=other)
    if kind < 0.7:
        return RequestExtension(**about, target="resolution", step="more", **what)
    if kind < 0.85 and asked:
        request = asked.pop(chance.randrange(len(asked)))
        approves = ApproveExtension if isinstance(request.event, ExtensionRequested) else ApproveReassignment
        return approves(at=at, case_id=subject_of(request.stream), request=request.version, approved_by="Li")
    if kind < 0.9:
        return RequestReassignment(**about, policy_version=chance.randrange(1, 4), **what)
    return OpenObligation(
        at=at,
        obligation_id=UUID(int=0x0B12_0000 + chance.randrange(30)),
        kind=ObligationKind.TASK,
        title="task",
        case_id=case,
        due_at=chance.choice([None, at]),
    )
