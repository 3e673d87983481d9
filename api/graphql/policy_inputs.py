"""What can be asked of policies; what is left out of a document has the default that its description names."""

from __future__ import annotations

from datetime import date

import strawberry

from api.graphql.enums import CaseKind, Channel, ObligationKind, PauseGround, Priority
from api.graphql.inputs import AskedAgain
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
from api.graphql.scalars import Duration

EXPRESSION = "An expression over events, such as `any(response-sent(kind=final), case-resolved)`."
REQUEST = "The number of the request."


@strawberry.input(description="What people read.")
class PolicyTitleInput:
    en: str = strawberry.field(description="In English.")
    zh: str | None = strawberry.field(default=None, description="In Chinese.")


@strawberry.input(description="The law or rule that demands a target.")
class StatuteInput:
    clause: str = strawberry.field(description="Its clause.")
    source: str = strawberry.field(description="Where its text was read, and as of when.")
    unverified: str | None = strawberry.field(
        default=None, description="What of it was not read at its source, such as the number of days."
    )


@strawberry.input(description="How a target's time is counted; which fields are needed depends on its type.")
class TargetClockInput:
    type: ClockType = strawberry.field(description="How it is counted.")
    duration: Duration | None = strawberry.field(default=None, description="How long, of working or elapsed time.")
    count: int | None = strawberry.field(default=None, description="How many days, weeks, months or years.")
    ends: Ends | None = strawberry.field(default=None, description="When on its last day. Null is END_OF_DAY.")
    first_day: FirstDay | None = strawberry.field(
        default=None, description="Whether the day of the start counts. Null is EXCLUDED."
    )
    roll: Roll | None = strawberry.field(default=None, description="What of a last day off. Null is NONE.")
    every_months: int | None = strawberry.field(default=None, description="Of a reporting period: its length.")
    first_month: int | None = strawberry.field(
        default=None, description="Of a reporting period: a month in which one begins. Null is January."
    )
    within: int | None = strawberry.field(
        default=None, description="Of a reporting period: how many days after its end."
    )
    within_business_days: bool | None = strawberry.field(
        default=None, description="Of a reporting period: whether those are working days. Null is false."
    )
    of: str | None = strawberry.field(default=None, description="Of a stated date: what it is for.")
    by: StatedBy | None = strawberry.field(default=None, description="Of a stated date: who said it. Null is ANY.")
    word: PolicyTitleInput | None = strawberry.field(
        default=None, description="Of a duty without a number: its word, such as prompt."
    )


@strawberry.input(description="A pause between named events.")
class PauseIntervalInput:
    ground: str = strawberry.field(description="What for.")
    begins: str = strawberry.field(description=EXPRESSION)
    ends: str = strawberry.field(description=EXPRESSION)


@strawberry.input(description="For what a clock stands still.")
class TargetPausesInput:
    grounds: list[PauseGround] = strawberry.field(default_factory=list, description="The grounds of pauses of cases.")
    between: list[PauseIntervalInput] = strawberry.field(default_factory=list, description="Between named events.")
    days: PauseDays | None = strawberry.field(
        default=None, description="How much one moves a due that counts days. Null is EXACT."
    )


@strawberry.input(description="A length in a clock's own measure: one of the two.")
class MeasureInput:
    count: int | None = strawberry.field(default=None, description="Of the clock's days, weeks, months or years.")
    duration: Duration | None = strawberry.field(default=None, description="Of clocks of time.")


@strawberry.input(description="A step of the extension ladder.")
class ExtensionStepInput:
    id: str = strawberry.field(description="Its name within the target.")
    title: PolicyTitleInput | None = strawberry.field(default=None, description="What people read.")
    length: MeasureInput = strawberry.field(description="How long it is.")
    mode: ExtensionMode = strawberry.field(description="What its length is added to.")
    most: int | None = strawberry.field(default=None, description="How often it may be taken. Null is once.")
    approver_role: str | None = strawberry.field(default=None, description="The role that approves it.")
    evidence: bool | None = strawberry.field(default=None, description="Whether it takes evidence. Null is false.")
    notice: bool | None = strawberry.field(
        default=None, description="Whether the complainant has to be notified. Null is false."
    )


@strawberry.input(description="When somebody is told that a target runs out: one of the three.")
class ReminderInput:
    at_percent: int | None = strawberry.field(default=None, description="At so many per cent of the target's time.")
    before: Duration | None = strawberry.field(default=None, description="So long before the due.")
    before_business_days: int | None = strawberry.field(default=None, description="So many working days before it.")


@strawberry.input(description="A rung of the escalation ladder: at a share of the target, or a time after its due.")
class EscalationRungInput:
    level: int = strawberry.field(description="The level, from 1.")
    at_percent: int | None = strawberry.field(default=None, description="100 is the due itself.")
    after_due: Duration | None = strawberry.field(default=None, description="So long after the due.")
    to_unit: str | None = strawberry.field(default=None, description="The unit that is told.")
    to_staff: str | None = strawberry.field(default=None, description="The member of staff who is told.")


@strawberry.input(description="Something to be done in time, and how its clock runs.")
class PolicyTargetInput:
    id: str = strawberry.field(description="Its name within the policy.")
    title: PolicyTitleInput = strawberry.field(description="What people read.")
    kind: TargetKind = strawberry.field(description="What is to be done.")
    statute: StatuteInput | None = strawberry.field(default=None, description="The law behind it. Null: internal.")
    note: str | None = strawberry.field(default=None, description="What else there is to know.")
    subject: SubjectKind | None = strawberry.field(default=None, description="Whose clock it is. Null is CASE.")
    clock: TargetClockInput = strawberry.field(description="How its time is counted.")
    start: str | None = strawberry.field(default=None, description=f"Null is `case-received`. {EXPRESSION}")
    measured_from: str | None = strawberry.field(
        default=None, description=f"An earlier event from which the time is measured. {EXPRESSION}"
    )
    stop: str = strawberry.field(description=EXPRESSION)
    cancel: str | None = strawberry.field(
        default=None,
        description=f"What ends it without a verdict. Null: withdrawal, merger or closing. {EXPRESSION}",
    )
    instances: Instances | None = strawberry.field(default=None, description="How often it runs. Null is CYCLE.")
    zone: str | None = strawberry.field(default=None, description="An IANA zone. Null is the policy's.")
    calendar: str | None = strawberry.field(default=None, description="A calendar. Null is the policy's.")
    boundary: Boundary | None = strawberry.field(
        default=None, description="When one is due that is reached at closing. Null is CLOSING."
    )
    cut_off: str | None = strawberry.field(
        default=None,
        description="A local time such as `17:30:00`, or `close_of_business`: what comes later counts as of the next "
        "working day.",
    )
    pauses: TargetPausesInput | None = strawberry.field(default=None, description="For what it stands still.")
    extensions: list[ExtensionStepInput] = strawberry.field(default_factory=list, description="The extension ladder.")
    cap: MeasureInput | None = strawberry.field(default=None, description="No extension leads beyond so much.")
    warnings: list[ReminderInput] = strawberry.field(default_factory=list, description="When somebody is warned.")
    escalations: list[EscalationRungInput] = strawberry.field(
        default_factory=list, description="The escalation ladder."
    )
    on_expiry: OnExpiry | None = strawberry.field(default=None, description="What a due that passes means. Null: MISS.")
    opens: str | None = strawberry.field(default=None, description="The target that begins then, with OPENS.")
    on_change: OnChange | None = strawberry.field(
        default=None, description="What a change of what rules rest on does. Null is RETARGET."
    )
    on_transfer: OnTransfer | None = strawberry.field(
        default=None, description="Whose calendar holds after a transfer. Null is KEEP."
    )
    reopen: Reopen | None = strawberry.field(default=None, description="What a reopening does. Null is NEW_CYCLE.")
    cycles: Cycles | None = strawberry.field(default=None, description="How cycles count. Null is PER_CYCLE.")
    late_record: LateRecord | None = strawberry.field(
        default=None, description="Whether a stop in time counts that was recorded late. Null is ACCEPT."
    )
    late_record_within: Duration | None = strawberry.field(default=None, description="With ACCEPT_WITHIN.")
    verdict_by: CalendarOf | None = strawberry.field(
        default=None, description="Which calendar decides. Null is AS_PROMISED."
    )


@strawberry.input(description="The values of one fact of a case's source.")
class AttributeValuesInput:
    name: str = strawberry.field(description="The fact.")
    values: list[str] = strawberry.field(description="Any of these.")


@strawberry.input(description="For which cases a rule is: each field that is given has to have one of its values.")
class RuleWhenInput:
    obligation: list[ObligationKind] = strawberry.field(
        default_factory=list, description="The kinds of obligations that it is for; without any it is for cases."
    )
    kind: list[CaseKind] = strawberry.field(default_factory=list, description="The case's kind.")
    category: list[str] = strawberry.field(default_factory=list, description="Its category.")
    tier: list[str] = strawberry.field(default_factory=list, description="The customer's tier at receipt.")
    priority: list[Priority] = strawberry.field(default_factory=list, description="Its priority.")
    channel: list[Channel] = strawberry.field(default_factory=list, description="How it came.")
    unit: list[str] = strawberry.field(default_factory=list, description="The unit that holds it.")
    attributes: list[AttributeValuesInput] = strawberry.field(
        default_factory=list, description="Facts of its source, each once."
    )


@strawberry.input(description="Which targets hold for which cases.")
class PolicyRuleInput:
    id: str = strawberry.field(description="Its name within the policy.")
    when: RuleWhenInput | None = strawberry.field(default=None, description="For which cases. Null is every case.")
    targets: list[str] = strawberry.field(description="The targets that hold.")


@strawberry.input(description="A policy in full (服务标准).")
class PolicyDocumentInput:
    name: str = strawberry.field(description="The name that stays: small letters, digits and dashes.")
    title: PolicyTitleInput = strawberry.field(description="What people read.")
    regime: str = strawberry.field(description="Of the policies of one regime the first that fits has the say.")
    rank: int | None = strawberry.field(default=None, description="In which order those are tried. Null is 100.")
    jurisdiction: str | None = strawberry.field(default=None, description="Where it holds.")
    note: str | None = strawberry.field(default=None, description="What else there is to know.")
    zone: str = strawberry.field(description="The IANA zone of its days.")
    calendar: str = strawberry.field(description="The calendar of its working days.")
    rules: list[PolicyRuleInput] = strawberry.field(description="Of which the first that fits has the say.")
    targets: list[PolicyTargetInput] = strawberry.field(description="What is to be done in time.")


@strawberry.input(description="A policy to hold from a day on. No case is bound before somebody else approves.")
class ProposePolicyInput(AskedAgain):
    document: PolicyDocumentInput = strawberry.field(description="The policy.")
    effective_from: date = strawberry.field(description="The first local day of receipt for which it is to hold.")
    effective_before: date | None = strawberry.field(
        default=None, description="The day from which on it is to hold no longer."
    )
    reassign: bool = strawberry.field(
        default=False, description="Whether it may reach back before a version that applied already."
    )
    reason: str = strawberry.field(description="Why.")
    requested_by: str = strawberry.field(description="The member of staff who proposes it.")


@strawberry.input(description="A proposal to publish. Who made it may not, unless the book allows it.")
class PublishPolicyInput(AskedAgain):
    proposal: int = strawberry.field(description=REQUEST)
    approved_by: str = strawberry.field(description="The member of staff who approves.")


@strawberry.input(description="A proposal, or the request for a withdrawal, to turn down.")
class DeclinePolicyInput(AskedAgain):
    request: int = strawberry.field(description=REQUEST)
    reason: str = strawberry.field(description="Why.")
    declined_by: str = strawberry.field(description="The member of staff who declines.")


@strawberry.input(description="A policy of which no version is to be in force from a day on.")
class RequestPolicyWithdrawalInput(AskedAgain):
    name: str = strawberry.field(description="The policy.")
    effective_before: date = strawberry.field(description="The day.")
    reason: str = strawberry.field(description="Why.")
    requested_by: str = strawberry.field(description="The member of staff who asks.")


@strawberry.input(description="The request for a withdrawal to approve. Who asked may not, unless the book allows it.")
class ApprovePolicyWithdrawalInput(AskedAgain):
    request: int = strawberry.field(description=REQUEST)
    approved_by: str = strawberry.field(description="The member of staff who approves.")
