"""A policy in full, as a front end sees it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import strawberry

from api.graphql.enums import CaseKind, Channel, ObligationKind, PauseGround, Priority
from api.graphql.policy_enums import (
    Boundary,
    CalendarOf,
    ClockType,
    Cycles,
    Ends,
    ExtensionMode,
    FirstDay,
    Instances,
    LateRecord,
    OnChange,
    OnExpiry,
    OnTransfer,
    PauseDays,
    Reopen,
    Roll,
    StatedBy,
    SubjectKind,
    TargetKind,
)
from api.graphql.policy_inputs import EXPRESSION
from api.graphql.scalars import Duration
from api.policy_words import target_words
from domain.sla import policy


@strawberry.type(description="What people read.")
class PolicyTitle:
    en: str = strawberry.field(description="In English.")
    zh: str | None = strawberry.field(description="In Chinese.")

    @classmethod
    def of(cls, title: policy.Title) -> PolicyTitle:
        """A title of the domain."""
        return cls(en=title.en, zh=title.zh)


@strawberry.type(description="The law or rule that demands a target.")
class Statute:
    clause: str = strawberry.field(description="Its clause.")
    source: str = strawberry.field(description="Where its text was read, and as of when.")
    unverified: str | None = strawberry.field(
        description="What of it was not read at its source, such as the number of days; null where nothing was left."
    )


@strawberry.type(description="How a target's time is counted; fields that its type has none of are null.")
class TargetClock:
    type: ClockType = strawberry.field(description="How it is counted.")
    duration: Duration | None = strawberry.field(description="How long, of working or elapsed time.")
    count: int | None = strawberry.field(description="How many days, weeks, months or years.")
    ends: Ends | None = strawberry.field(description="When on its last day.")
    first_day: FirstDay | None = strawberry.field(description="Whether the day of the start counts.")
    roll: Roll | None = strawberry.field(description="What becomes of a last day on which nobody works.")
    every_months: int | None = strawberry.field(description="Of a reporting period: its length.")
    first_month: int | None = strawberry.field(description="Of a reporting period: a month in which one begins.")
    within: int | None = strawberry.field(description="Of a reporting period: how many days after its end.")
    within_business_days: bool | None = strawberry.field(
        description="Of a reporting period: whether those are working days."
    )
    of: str | None = strawberry.field(description="Of a stated date: what it is for.")
    by: StatedBy | None = strawberry.field(description="Of a stated date: who said it.")
    word: PolicyTitle | None = strawberry.field(description="Of a duty without a number: its word, such as prompt.")


@strawberry.type(description="A pause between named events.")
class PauseInterval:
    ground: str = strawberry.field(description="What for.")
    begins: str = strawberry.field(description=EXPRESSION)
    ends: str = strawberry.field(description=EXPRESSION)


@strawberry.type(description="For what a clock stands still.")
class TargetPauses:
    grounds: list[PauseGround] = strawberry.field(description="The grounds of pauses of cases.")
    between: list[PauseInterval] = strawberry.field(description="Between named events.")
    days: PauseDays = strawberry.field(description="How much one moves a due that counts days.")


@strawberry.type(description="A length in a clock's own measure: one of the two.")
class Measure:
    count: int | None = strawberry.field(description="Of the clock's days, weeks, months or years.")
    duration: Duration | None = strawberry.field(description="Of clocks of time.")

    @classmethod
    def of(cls, length: int | timedelta) -> Measure:
        """A length of the domain."""
        return cls(count=length if isinstance(length, int) else None, duration=_duration(length))


@strawberry.type(description="A step of the extension ladder.")
class ExtensionStep:
    key: str = strawberry.field(description="Its name within the target, which its input calls `id`.")
    title: PolicyTitle | None = strawberry.field(description="What people read.")
    length: Measure = strawberry.field(description="How long it is.")
    mode: ExtensionMode = strawberry.field(description="What its length is added to.")
    most: int = strawberry.field(description="How often it may be taken.")
    approver_role: str | None = strawberry.field(description="The role that approves it.")
    evidence: bool = strawberry.field(description="Whether it takes evidence.")
    notice: bool = strawberry.field(description="Whether the complainant has to be notified of it.")


@strawberry.type(description="When somebody is told that a target runs out: one of the three.")
class Reminder:
    at_percent: int | None = strawberry.field(description="At so many per cent of the target's own time.")
    before: Duration | None = strawberry.field(description="So long before the due.")
    before_business_days: int | None = strawberry.field(description="So many working days before it.")


@strawberry.type(description="A rung of the escalation ladder: at a share of the target, or a time after its due.")
class EscalationRung:
    level: int = strawberry.field(description="The level, from 1.")
    at_percent: int | None = strawberry.field(description="100 is the due itself.")
    after_due: Duration | None = strawberry.field(description="So long after the due.")
    to_unit: str | None = strawberry.field(description="The unit that is told.")
    to_staff: str | None = strawberry.field(description="The member of staff who is told.")


@strawberry.type(description="Something to be done in time, and how its clock runs.")
class PolicyTarget:
    key: str = strawberry.field(description="Its name within the policy, which its input calls `id`.")
    title: PolicyTitle = strawberry.field(description="What people read.")
    kind: TargetKind = strawberry.field(description="What is to be done.")
    statutory: bool = strawberry.field(description="Whether a law or rule demands it; otherwise it is internal.")
    statute: Statute | None = strawberry.field(description="The law behind it; null of an internal target.")
    note: str | None = strawberry.field(description="What else there is to know.")
    subject: SubjectKind = strawberry.field(description="Whose clock it is.")
    clock: TargetClock = strawberry.field(description="How its time is counted.")
    in_words: PolicyTitle = strawberry.field(description="How long it has, in words.")
    start: str = strawberry.field(description=EXPRESSION)
    measured_from: str | None = strawberry.field(
        description=f"An earlier event from which the time is measured; null is the start. {EXPRESSION}"
    )
    stop: str = strawberry.field(description=EXPRESSION)
    cancel: str = strawberry.field(description=f"What ends it without a verdict. {EXPRESSION}")
    instances: Instances = strawberry.field(description="How often it runs.")
    zone: str | None = strawberry.field(description="Its IANA zone; null is the policy's.")
    calendar: str | None = strawberry.field(description="Its calendar; null is the policy's.")
    boundary: Boundary = strawberry.field(description="When one is due that is reached exactly at closing.")
    cut_off: str | None = strawberry.field(
        description="A local time, or `close_of_business`: what comes later counts as of the next working day."
    )
    pauses: TargetPauses = strawberry.field(description="For what it stands still.")
    extensions: list[ExtensionStep] = strawberry.field(description="The extension ladder.")
    cap: Measure | None = strawberry.field(description="No extension leads beyond so much from the start.")
    warnings: list[Reminder] = strawberry.field(description="When somebody is warned.")
    escalations: list[EscalationRung] = strawberry.field(description="The escalation ladder.")
    on_expiry: OnExpiry = strawberry.field(description="What it means that a due passes.")
    opens: str | None = strawberry.field(description="The target that begins then, if one does.")
    on_change: OnChange = strawberry.field(description="What a change of what rules rest on does to it.")
    on_transfer: OnTransfer = strawberry.field(description="Whose calendar and zone hold after a transfer.")
    reopen: Reopen = strawberry.field(description="What a reopening does to it.")
    cycles: Cycles = strawberry.field(description="How the cycles of a reopened case count.")
    late_record: LateRecord = strawberry.field(description="Whether a stop in time counts that was recorded late.")
    late_record_within: Duration | None = strawberry.field(description="With ACCEPT_WITHIN.")
    verdict_by: CalendarOf = strawberry.field(description="Which calendar decides; both dues are shown.")


@strawberry.type(description="The values of one fact of a case's source.")
class AttributeValues:
    name: str = strawberry.field(description="The fact.")
    values: list[str] = strawberry.field(description="Any of these.")


@strawberry.type(description="For which cases a rule is: each field that has values has to have one of them.")
class RuleWhen:
    obligation: list[ObligationKind] = strawberry.field(
        description="The kinds of obligations that it is for; without any it is for cases."
    )
    kind: list[CaseKind] = strawberry.field(description="The case's kind.")
    category: list[str] = strawberry.field(description="Its category.")
    tier: list[str] = strawberry.field(description="The customer's tier at receipt.")
    priority: list[Priority] = strawberry.field(description="Its priority.")
    channel: list[Channel] = strawberry.field(description="How it came.")
    unit: list[str] = strawberry.field(description="The unit that holds it.")
    attributes: list[AttributeValues] = strawberry.field(description="Facts of its source.")


@strawberry.type(description="Which targets hold for which cases.")
class PolicyRule:
    key: str = strawberry.field(description="Its name within the policy, which its input calls `id`.")
    when: RuleWhen = strawberry.field(description="For which cases; without values for every case.")
    targets: list[str] = strawberry.field(description="The ids of the targets that hold.")


@strawberry.type(description="A policy in full (服务标准).")
class PolicyDocument:
    name: str = strawberry.field(description="The name that stays.")
    title: PolicyTitle = strawberry.field(description="What people read.")
    regime: str = strawberry.field(description="Of the policies of one regime the first that fits has the say.")
    rank: int = strawberry.field(description="In which order those are tried, lowest first.")
    jurisdiction: str | None = strawberry.field(description="Where it holds.")
    note: str | None = strawberry.field(description="What else there is to know.")
    zone: str = strawberry.field(description="The IANA zone of its days.")
    calendar: str = strawberry.field(description="The calendar of its working days.")
    rules: list[PolicyRule] = strawberry.field(description="Of which the first that fits has the say.")
    targets: list[PolicyTarget] = strawberry.field(description="What is to be done in time.")


def _duration(length: Any) -> Duration | None:
    """A length of time; None for anything else."""
    return Duration(policy.duration(length)) if isinstance(length, timedelta) else None


def _clock(clock: policy.ClockType) -> TargetClock:
    amount = getattr(clock, "amount", None)
    by, word = getattr(clock, "by", None), getattr(clock, "word", None)
    same = ("ends", "first_day", "roll", "every_months", "first_month", "within", "within_business_days", "of")
    return TargetClock(
        type=ClockType(clock.type),
        duration=_duration(amount),
        count=amount if isinstance(amount, int) else None,
        by=None if by is None else StatedBy(by),
        word=None if word is None else PolicyTitle.of(word),
        **{name: getattr(clock, name, None) for name in same},
    )


def _extension(step: policy.ExtensionStep) -> ExtensionStep:
    same = ("mode", "most", "approver_role", "evidence", "notice")
    return ExtensionStep(
        key=step.id,
        title=None if step.title is None else PolicyTitle.of(step.title),
        length=Measure.of(step.length),
        **{name: getattr(step, name) for name in same},
    )


SAME = (
    "kind", "statutory", "note", "subject", "start", "measured_from", "stop", "cancel", "instances", "zone",
    "calendar", "boundary", "on_expiry", "opens", "on_change", "on_transfer", "reopen", "late_record", "verdict_by",
)  # fmt: skip
"""Fields of a target that the schema shows as the domain has them."""


def _target(target: policy.Target) -> PolicyTarget:
    english, chinese = target_words(target)
    pauses, statute, cut_off = target.pauses, target.statute, target.cut_off
    return PolicyTarget(
        key=target.id,
        **{name: getattr(target, name) for name in SAME},
        title=PolicyTitle.of(target.title),
        statute=None
        if statute is None
        else Statute(clause=statute.clause, source=statute.source, unverified=statute.unverified),
        clock=_clock(target.clock),
        in_words=PolicyTitle(en=english, zh=chinese),
        cut_off=None if cut_off is None else str(cut_off.at),
        pauses=TargetPauses(
            grounds=list(pauses.grounds),
            between=[PauseInterval(ground=one.ground, begins=one.begins, ends=one.ends) for one in pauses.between],
            days=pauses.days,
        ),
        extensions=list(map(_extension, target.extensions)),
        cap=None if target.cap is None else Measure.of(target.cap),
        warnings=[
            Reminder(
                at_percent=one.at_percent,
                before=_duration(one.before),
                before_business_days=one.before_business_days,
            )
            for one in target.warnings
        ],
        escalations=[
            EscalationRung(
                level=one.level,
                at_percent=one.at_percent,
                after_due=_duration(one.after_due),
                to_unit=one.to_unit,
                to_staff=one.to_staff,
            )
            for one in target.escalations
        ],
        cycles=Cycles(target.cycles),
        late_record_within=_duration(target.late_record_within),
    )


def _rule(rule: policy.Rule) -> PolicyRule:
    lists = {name: list(getattr(rule.when, name)) for name in policy.When.model_fields if name != "attributes"}
    attributes = [AttributeValues(name=name, values=list(some)) for name, some in rule.when.attributes.items()]
    return PolicyRule(key=rule.id, when=RuleWhen(**lists, attributes=attributes), targets=list(rule.targets))


def document_shown(document: policy.PolicyDocument) -> PolicyDocument:
    """A policy as the schema shows it."""
    return PolicyDocument(
        name=document.name,
        title=PolicyTitle.of(document.title),
        regime=document.regime,
        rank=document.rank,
        jurisdiction=document.jurisdiction,
        note=document.note,
        zone=document.zone,
        calendar=document.calendar,
        rules=list(map(_rule, document.rules)),
        targets=list(map(_target, document.targets)),
    )
