"""Why a clock stands as it does, as a front end sees it: its stretches, its arithmetic, and sentences."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import strawberry

from api.graphql.clock_enums import Added, Why
from api.graphql.scalars import SafeInt
from domain.sla.clock import Segment
from domain.sla.dues import Step
from domain.sla.explain import EventTold, Explanation, Stood


@strawberry.type(description="A stretch of a clock's life.")
class SlaSegment:
    begin: datetime = strawberry.field(description="When it begins.")
    end: datetime = strawberry.field(description="When it ends, and the next one begins.")
    counted: bool = strawberry.field(description="Whether its time counts.")
    why: Why = strawberry.field(description="Why it does, or does not.")
    version: int | None = strawberry.field(description="The version of the event that began it, where one did.")
    note: str | None = strawberry.field(description="The ground of a pause, or the name of a holiday.")


@strawberry.type(description="A line of the arithmetic from start to due.")
class SlaStep:
    kind: Added = strawberry.field(description="What moved the due.")
    count: int | None = strawberry.field(description="By how many, of days, weeks, months or years.")
    unit: str | None = strawberry.field(description="Of which: the type of the clock, such as `business_days`.")
    seconds: SafeInt | None = strawberry.field(description="By how much time, where it is time.")
    led_to: datetime | None = strawberry.field(description="The instant where it led.")
    led_to_day: date | None = strawberry.field(description="Or else the local day.")
    note: str | None = strawberry.field(description="The step of the extension ladder.")


@strawberry.type(description="An event that mattered to a clock.")
class SlaEvent:
    version: int = strawberry.field(description="Its version in the subject's stream; 0 when no event of it did.")
    name: str = strawberry.field(description="What it is, such as `case-received`.")
    at: datetime = strawberry.field(description="When it occurred.")
    day: date | None = strawberry.field(description="The local day, when only that is known.")
    recorded_at: datetime = strawberry.field(description="When the ledger heard of it.")


@strawberry.type(description="A time during which a clock stood still.")
class SlaPause:
    ground: str = strawberry.field(description="Why.")
    began: SlaEvent = strawberry.field(description="What began it.")
    ended: SlaEvent | None = strawberry.field(description="What ended it; null while it goes on.")


@strawberry.type(description="Something that the chosen rule asks for, and the case has.")
class SlaGround:
    field: str = strawberry.field(description="What of the case, such as `tier`.")
    value: str | None = strawberry.field(description="What the case has there.")


@strawberry.type(description="A rule that was asked before the chosen one, and why it does not fit.")
class SlaPassedOver:
    policy: str = strawberry.field(description="Its policy.")
    policy_version: int = strawberry.field(description="The policy's version.")
    rule: str = strawberry.field(description="The rule.")
    field: str = strawberry.field(description="What of the case it asks for.")
    wanted: list[str] = strawberry.field(description="The values that it takes.")
    found: str | None = strawberry.field(description="What the case has there.")


@strawberry.type(description="Why a clock stands as it does.")
class SlaExplanation:
    en: list[str] = strawberry.field(description="In English sentences.")
    zh: list[str] = strawberry.field(description="In Chinese sentences.")
    matched: list[SlaGround] = strawberry.field(description="Why its rule holds; none for one that fits every case.")
    passed_over: list[SlaPassedOver] = strawberry.field(description="Why the rules before it do not.")
    started: SlaEvent | None = strawberry.field(description="What started it.")
    opened_by: str | None = strawberry.field(description="The target whose time ran out, so that this one began.")
    steps: list[SlaStep] = strawberry.field(description="The arithmetic from start to due, line by line.")
    pauses: list[SlaPause] = strawberry.field(description="When it stood still.")
    ended: SlaEvent | None = strawberry.field(description="What stopped or cancelled it.")


def segment_of(segment: Segment) -> SlaSegment:
    """A stretch as the schema shows it."""
    begin, end, counted, why, by, note = segment
    return SlaSegment(begin=begin, end=end, counted=counted, why=why, version=by, note=note)


def explanation_of(told: Explanation) -> SlaExplanation:
    """An explanation as the schema shows it."""
    choice = told.choice
    return SlaExplanation(
        en=list(told.en),
        zh=list(told.zh),
        matched=[SlaGround(field=each.field, value=each.value) for each in (choice.matched if choice else ())],
        passed_over=[
            SlaPassedOver(**each._asdict() | {"wanted": list(each.wanted)})
            for each in (choice.passed_over if choice else ())
        ],
        started=_event(told.started),
        opened_by=told.opened_by,
        steps=list(map(_step, told.arithmetic)),
        pauses=list(map(_pause, told.stood)),
        ended=_event(told.stopped),
    )


def _step(step: Step) -> SlaStep:
    amount = step.amount
    return SlaStep(
        kind=step.what,
        count=None if isinstance(amount, timedelta) else amount,
        unit=None if isinstance(amount, timedelta) or amount is None else step.unit,
        seconds=SafeInt(int(amount.total_seconds())) if isinstance(amount, timedelta) else None,
        led_to=step.at,
        led_to_day=step.on,
        note=step.note,
    )


def _pause(stood: Stood) -> SlaPause:
    began = stood.began
    return SlaPause(ground=stood.ground, began=_told(began), ended=_event(stood.ended))


def _event(event: EventTold | None) -> SlaEvent | None:
    return None if event is None else _told(event)


def _told(event: EventTold) -> SlaEvent:
    return SlaEvent(version=event.version, name=event.name, at=event.at, day=event.day, recorded_at=event.recorded_at)
