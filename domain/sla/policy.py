"""A policy (服务标准): which targets hold for which cases, and by which rules their clocks run. A document, as data.

Every choice between readings of a rule is a field here, with its default. Durations are ISO 8601 (`PT4H`), counts of
days whole numbers, shares whole per cents, expressions those of `domain.sla.expression`.
"""

from __future__ import annotations

from datetime import time, timedelta
from enum import StrEnum
from re import fullmatch
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, StringConstraints

from domain.case.vocabulary import AttributeName, CaseKind, PauseGround, Priority
from domain.channel import Channel
from domain.event import NO_NUL, Label, UnitName, ZoneName
from domain.owed import ObligationKind
from domain.sla.document import Part, Slug
from domain.sla.expression import ExpressionText
from domain.sla.working_time import Boundary

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=NO_NUL)]


def duration(span: timedelta) -> str:
    """A time as documents write it, in hours, minutes and seconds: `PT24H` is never `P1D`, which reads like a day."""
    seconds, micros = divmod(round(span / timedelta(microseconds=1)), 1_000_000)
    hours, rest = divmod(seconds, 3_600)
    minutes, rest = divmod(rest, 60)
    fraction = f".{micros:06}".rstrip("0") if micros else ""
    parts = [(hours, f"{hours}H"), (minutes, f"{minutes}M"), (rest or micros, f"{rest}{fraction}S")]
    return "PT" + ("".join(text for count, text in parts if count) or "0S")


def _written_out(value: Any) -> Any:
    """Whatever says its unit. Raises: ValueError for a bare number, which would be seconds, for months and years."""
    if isinstance(value, int | float):
        raise ValueError(f"{value} has no unit; write a duration such as PT4H (four hours)")
    if isinstance(value, str) and fullmatch(r"[+-]?P[^T]*[YM].*", value.strip().upper()):
        raise ValueError(f"'{value}' has months or years, which are not of one length; write days, as in P30D")
    return value


Span = Annotated[
    timedelta,
    BeforeValidator(_written_out),
    Field(gt=timedelta(), le=timedelta(days=36_525)),
    PlainSerializer(duration, return_type=str, when_used="json"),
]
"""More than nothing, and no more than a century."""

Days = Annotated[int, Field(ge=1, le=36_525)]
"""The same in days."""


class Title(Part):
    """What people read, in both languages of the console."""

    en: Text
    zh: Text | None = None


# Clock types (DOMAIN.md, point 4) -------------------------------------------------------------------------------------


class Ends(StrEnum):
    """When on its last day a target of days ends."""

    CLOCK_TIME = "clock_time"
    """At the time of day at which it started."""
    CLOSE_OF_BUSINESS = "close_of_business"
    END_OF_DAY = "end_of_day"
    """It is kept when the stop comes before the next local midnight."""


class FirstDay(StrEnum):
    """Whether the day of the start is one of the days."""

    COUNTED = "counted"
    EXCLUDED = "excluded"


class Roll(StrEnum):
    """What becomes of a due on a day on which nobody works."""

    NONE = "none"
    NEXT_WORKING_DAY = "next_working_day"
    """Regulation 1182/71, article 3(4); Civil Code of China, article 203."""


class WorkingTime(Part):
    """So much time on the calendar."""

    type: Literal["working_time"]
    amount: Span


class Elapsed(Part):
    """So much time, whatever the calendar says."""

    type: Literal["elapsed"]
    amount: Span


class CountedDays(Part):
    """What clocks that count days have in common."""

    amount: Days
    ends: Ends = Ends.END_OF_DAY
    first_day: FirstDay = FirstDay.EXCLUDED
    roll: Roll = Roll.NONE


class CalendarDays(CountedDays):
    """So many days, working or not."""

    type: Literal["calendar_days"]


class BusinessDays(CountedDays):
    """So many working days of the calendar."""

    type: Literal["business_days"]


class Weeks(CountedDays):
    """So many times seven days."""

    type: Literal["weeks"]
    amount: Annotated[int, Field(ge=1, le=5_218)]


class Months(CountedDays):
    """To the corresponding date, or to the month's last day where there is none (Civil Code of China, article 202)."""

    type: Literal["months"]
    amount: Annotated[int, Field(ge=1, le=1_200)]


class Years(CountedDays):
    """The same in years."""

    type: Literal["years"]
    amount: Annotated[int, Field(ge=1, le=100)]


class ReportingPeriod(Part):
    """Something is due after the end of each period."""

    type: Literal["reporting_period"]
    every_months: Annotated[int, Field(ge=1, le=120)]
    first_month: Annotated[int, Field(ge=1, le=12)] = 1
    """In which a period begins."""
    within: Annotated[int, Field(ge=0, le=366)]
    """So many days after the period's end."""
    within_business_days: bool = False


class StatedDate(Part):
    """By a date that somebody stated: a promise in a letter, or what a source carries. Nothing is computed."""

    type: Literal["stated_date"]
    of: Label
    """What the stated date is for, such as "resolution"."""
    by: Literal["source", "company", "any"] = "any"


class NoNumber(Part):
    """A duty without a number, such as "prompt": shown, and never missed."""

    type: Literal["no_number"]
    word: Title


ClockType: TypeAlias = Annotated[
    WorkingTime
    | Elapsed
    | CalendarDays
    | BusinessDays
    | Weeks
    | Months
    | Years
    | ReportingPeriod
    | StatedDate
    | NoNumber,
    Field(discriminator="type"),
]
COUNTING_DAYS = (CalendarDays, BusinessDays, Weeks, Months, Years)


# A target -------------------------------------------------------------------------------------------------------------


class TargetKind(StrEnum):
    """What is to be done in time (DOMAIN.md, point 3)."""

    ACKNOWLEDGEMENT = "acknowledgement"
    ACCEPTANCE = "acceptance"
    DISPATCH = "dispatch"
    FIRST_RESPONSE = "first_response"
    NEXT_RESPONSE = "next_response"
    RESOLUTION = "resolution"
    NOTICE = "notice"
    FOLLOW_UP = "follow_up"
    REVIEW = "review"
    FORWARDING = "forwarding"
    REPORT = "report"
    RETENTION = "retention"
    OTHER = "other"


class SubjectKind(StrEnum):
    """Whose clock it is."""

    CASE = "case"
    PART = "part"
    """Each part of a case by itself."""
    OBLIGATION = "obligation"


class Instances(StrEnum):
    """How often the target runs."""

    CYCLE = "cycle"
    """Once, and again after a reopening."""
    START = "start"
    """Whenever its start occurs while none of it runs, such as for a customer's oldest unanswered message."""


class PauseDays(StrEnum):
    """How much a pause moves a due that counts days."""

    EXACT = "exact"
    """By as long as it took; of business days by as much of it as lay on working days, or within their hours when the
    target ends at close of business."""
    WHOLE = "whole"
    """By the days that lie wholly within it; of business days the working ones."""
    TOUCHED = "touched"
    """By every day of which it has a part; of business days the working ones."""


class Interval(Part):
    """A pause between named events, beside `case-paused` and `case-resumed` with its ground."""

    ground: Slug
    begins: ExpressionText
    ends: ExpressionText


class Pauses(Part):
    """For what the clock stands still; statutory targets usually allow nothing."""

    grounds: tuple[PauseGround, ...] = ()
    between: tuple[Interval, ...] = ()
    days: PauseDays = PauseDays.EXACT


class ExtensionMode(StrEnum):
    """What the length of an extension is added to."""

    TOTAL_FROM_START = "total_from_start"
    """To nothing: it takes the place of the target's amount."""
    ADD_TO_RAW = "add_to_raw"
    """To the due before it is rolled to a working day."""
    ADD_TO_ROLLED = "add_to_rolled"


class ExtensionStep(Part):
    """A step of the extension ladder."""

    id: Slug
    title: Title | None = None
    length: Days | Span
    """A whole number of the clock's own days, weeks, months or years; a duration for clocks of time."""
    mode: ExtensionMode
    most: Annotated[int, Field(ge=1, le=20)] = 1
    """How often it may be taken."""
    approver_role: Label | None = None
    evidence: bool = False
    """Whether it takes evidence."""
    notice: bool = False
    """Whether the complainant has to be notified of it (`complainant-notified(of=extension)`)."""


class Reminder(Part):
    """When somebody is told that a target runs out: one of the three."""

    at_percent: Annotated[int, Field(ge=1, le=99)] | None = None
    """So much of the target used up, in the target's own time."""
    before: Span | None = None
    """So much before the due, by the clock on the wall."""
    before_business_days: Days | None = None


class Escalation(Part):
    """A rung of the escalation ladder: at a share of the target, or a time after its due."""

    level: Annotated[int, Field(ge=1, le=9)]
    at_percent: Annotated[int, Field(ge=1, le=100)] | None = None
    """100 is the due itself."""
    after_due: Span | None = None
    to_unit: UnitName | None = None
    to_staff: Label | None = None


class OnExpiry(StrEnum):
    """What it means that the time ran out."""

    MISS = "miss"
    OPENS = "opens"
    """Another target begins, which `opens` names; nothing is missed."""
    RIGHT_ARISES = "right_arises"
    """The customer may go elsewhere; nothing is missed."""


class OnChange(StrEnum):
    """What a change of what the choice of the rule rests on does to a running target."""

    KEEP = "keep"
    RETARGET = "retarget"
    """The rule that fits now has the say, from the original start; what was missed before the change stays missed."""
    FINAL = "final"
    """The same, and also over a due that had passed. Its verdict when due stays missed; by the rule that fits in the
    end it may be kept now."""


class OnTransfer(StrEnum):
    """Whose calendar and zone hold after a transfer to another unit."""

    KEEP = "keep"
    MOVE = "move"


class Reopen(StrEnum):
    """What a reopening does to a target that had stopped."""

    NEW_CYCLE = "new_cycle"
    RESUME = "resume"


class LateRecord(StrEnum):
    """Whether a stop in time counts that was recorded after the due."""

    ACCEPT = "accept"
    ACCEPT_WITHIN = "accept_within"
    """When it was recorded within `late_record_within` of the due."""
    EVIDENCE_REQUIRED = "evidence_required"
    """When a revision of the verdict was approved."""


class CalendarOf(StrEnum):
    """Which calendar decides the verdict; both dues are shown."""

    AS_PROMISED = "as_promised"
    """The one known when the clock started."""
    AS_LIVED = "as_lived"
    """At each instant the one known then."""


class Statute(Part):
    """The law or rule that demands it."""

    clause: Text
    source: Text
    """Where its text was read, and as of when."""
    unverified: Annotated[Text | None, Field(exclude_if=lambda said: said is None)] = None
    """What of it was not read at its source, such as the number of days; None, and not written, where nothing was left
    unread."""


def _of_no_zone(at: time) -> time:
    if at.tzinfo is not None:
        raise ValueError("it is a time of day in the target's own zone; leave the offset out, as in 17:30:00")
    return at


class CutOff(Part):
    """A receipt after that local time, or after close of business, counts as of the next working day. On a day on which
    nobody works every time is after close of business."""

    at: Annotated[time, AfterValidator(_of_no_zone)] | Literal["close_of_business"]


class Target(Part):
    """Something to be done in time, and how its clock runs."""

    id: Slug
    title: Title
    kind: TargetKind
    statute: Statute | None = None
    """None is an internal target."""
    note: Text | None = None
    subject: SubjectKind = SubjectKind.CASE
    clock: ClockType
    start: ExpressionText = "case-received"
    measured_from: ExpressionText | None = None
    """An earlier event than the start, from which the time is measured; None is the start itself."""
    stop: ExpressionText
    cancel: ExpressionText = "any(case-withdrawn, case-merged, case-closed)"
    """What ends the clock without a verdict while the time runs; a due that has passed stays missed."""
    instances: Instances = Instances.CYCLE
    zone: ZoneName | None = None
    """None is the policy's."""
    calendar: Slug | None = None
    """None is the policy's."""
    boundary: Boundary = Boundary.CLOSING
    cut_off: CutOff | None = None
    pauses: Pauses = Pauses()
    extensions: tuple[ExtensionStep, ...] = ()
    cap: Days | Span | None = None
    """No extension leads beyond so much from the start, in the clock's own measure."""
    warnings: tuple[Reminder, ...] = ()
    escalations: tuple[Escalation, ...] = ()
    on_expiry: OnExpiry = OnExpiry.MISS
    opens: Slug | None = None
    on_change: OnChange = OnChange.RETARGET
    on_transfer: OnTransfer = OnTransfer.KEEP
    reopen: Reopen = Reopen.NEW_CYCLE
    cycles: Literal["per_cycle", "worst"] = "per_cycle"
    late_record: LateRecord = LateRecord.ACCEPT
    late_record_within: Span | None = None
    verdict_by: CalendarOf = CalendarOf.AS_PROMISED

    @property
    def statutory(self) -> bool:
        """Whether a law or rule demands it; otherwise it is internal, and always shown so."""
        return self.statute is not None


# Selection ------------------------------------------------------------------------------------------------------------


def _nothing(values: tuple[ObligationKind, ...]) -> bool:
    return not values


class When(Part):
    """For which cases a rule is, or for which obligations: each field that is given has to have one of its values."""

    # Documents that were published before rules could be for obligations read and write the same without it.
    obligation: Annotated[tuple[ObligationKind, ...], Field(exclude_if=_nothing)] = ()
    """The kinds of obligations that the rule is for. Without any it is for cases; with some only `unit` may stand
    beside it."""
    kind: tuple[CaseKind, ...] = ()
    category: tuple[Label, ...] = ()
    tier: tuple[Label, ...] = ()
    priority: tuple[Priority, ...] = ()
    channel: tuple[Channel, ...] = ()
    unit: tuple[UnitName, ...] = ()
    attributes: dict[AttributeName, tuple[Label, ...]] = Field(default_factory=dict)
    """Facts of the case's source by name: product, jurisdiction, regime."""


class Rule(Part):
    """Which targets hold for which cases or obligations. Of a policy's rules the first that fits has the say."""

    id: Slug
    when: When = When()
    targets: tuple[Slug, ...]


class PolicyDocument(Part):
    """A policy in full: what a TOML file holds, and an event."""

    name: Slug
    title: Title
    regime: Slug
    """Of the policies of one regime the first that fits has the say, by `rank` and name; different regimes hold at
    once."""
    rank: Annotated[int, Field(ge=0, le=1_000)] = 100
    jurisdiction: Label | None = None
    note: Text | None = None
    zone: ZoneName
    calendar: Slug
    rules: Annotated[tuple[Rule, ...], Field(min_length=1, max_length=100)]
    targets: Annotated[tuple[Target, ...], Field(min_length=1, max_length=40)]

    def target(self, target_id: str) -> Target | None:
        """The target of that id."""
        return next((target for target in self.targets if target.id == target_id), None)
