"""Histories of cases and the standards by which their clocks run, in few words and without a database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.case.deadline import Cause, DeadlineMissed, VerdictRevised
from domain.case.events import CaseReceived, CaseRegistered
from domain.case.extension import ExtensionApproved, ExtensionRequested
from domain.case.promise import Terms
from domain.case.terms import TermsAssigned
from domain.case.vocabulary import CaseKind
from domain.channel import Channel
from domain.envelope import Recorded, Source
from domain.event import Event, Precision
from domain.sla.calendar import document_of
from domain.sla.calendars import Calendars, CalendarVersion
from domain.sla.clock import Clock, Verdict
from domain.sla.clocks import clocks
from domain.sla.lanes import TierSince
from domain.sla.policy import PolicyDocument
from domain.sla.standards import Policies, PolicyVersion, Standards
from domain.sla.unit_hours import HoursOfUnit, UnitHours
from tests.domain.story import METADATA, recorded

CASE = UUID(int=7)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
FOREVER = datetime(2100, 1, 1, tzinfo=UTC)

OFFICE = {day: ["09:00-17:00"] for day in ("mon", "tue", "wed", "thu", "fri")}


def instant(text: str, zone: str = "UTC") -> datetime:
    """`2026-03-02 09:00`, or a day for its first instant, in a zone."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def made(event: type[Event], /, **fields: Any) -> Event:
    """An event; what is not said of it is None."""
    return event(**dict.fromkeys(event.model_fields) | fields)


class Case:
    """A case's history as it is told, event by event; times are those of one zone."""

    def __init__(self, zone: str = "UTC", case: UUID = CASE) -> None:
        self.zone, self.stream, self.told = zone, f"case-{case}", list[Recorded[Any]]()

    def then(
        self,
        at: str,
        event: type[Event] | Event,
        /,
        *,
        known: str | None = None,
        imported: bool = False,
        source_known: str | None = None,
        **fields: Any,
    ) -> Case:
        """An event, recorded when it occurred unless told; one with a day only occurred at some time of that day."""
        by_day = len(at) == len("2026-03-02")
        occurred_at = instant(at, self.zone)
        told = event if isinstance(event, Event) else made(event, **fields)
        version = len(self.told) + 1
        later = self.told[-1].recorded_at if self.told else occurred_at
        one = recorded(told, version)._replace(
            stream=self.stream,
            occurred_at=occurred_at,
            occurred_zone=self.zone,
            occurred_precision=Precision.DAY if by_day else Precision.INSTANT,
            recorded_at=instant(known, self.zone) if known else max(occurred_at, later),
            source_recorded_at=instant(source_known, self.zone) if source_known else None,
        )
        if imported:
            values = {name: getattr(METADATA, name) for name in METADATA.__dataclass_fields__}
            one = one._replace(metadata=type(METADATA)(**values | {"source": Source("00", 1)}))
        self.told.append(one)
        return self

    def received(self, at: str, *, kind: CaseKind = CaseKind.COMPLAINT, **how: Any) -> Case:
        """The receipt."""
        return self.then(at, CaseReceived, kind=kind, channel=Channel.EMAIL, **how)

    def registered(
        self, at: str, *policies: PolicyDocument, rule: str | None = None, unit: str | None = None, **how: Any
    ) -> Case:
        """The registration, with the terms behind it."""
        self.then(at, CaseRegistered, unit=unit, **how)
        return self.assigned(at, *policies, rule=rule, **how)

    def assigned(self, at: str, *policies: PolicyDocument, rule: str | None = None, **how: Any) -> Case:
        """The terms: the first rule of each policy unless told."""
        terms = tuple(
            Terms(policy=each.name, policy_version=1, rule=rule or each.rules[0].id, ground=(), dues=())
            for each in policies
        )
        return self.then(at, TermsAssigned(terms=terms, zone_data="test", engine=1), **how)

    def extended(self, at: str, step: str, target: str = "resolution", policy: str = "service", **how: Any) -> Case:
        """An extension, asked for and approved."""
        self.then(
            at, ExtensionRequested, policy=policy, target=target, step=step, reason="complex", requested_by="Liu", **how
        )
        return self.then(at, ExtensionApproved, request=len(self.told), approved_by="Chen", **how)

    def missed(self, at: str, target: str = "resolution", policy: str = "service", **how: Any) -> Case:
        """A miss that an alarm noticed."""
        event = DeadlineMissed(
            policy=policy,
            target=target,
            part=None,
            cycle=1,
            instance=1,
            policy_version=1,
            due_at=instant(at, self.zone),
            due_on=None,
            calendar="office",
            calendar_version=1,
            zone_data="test",
            engine=1,
            basis=1,
            counted=0,
            explanation="The time ran out.",
        )
        return self.then(at, event, **how)

    def revised(self, at: str, target: str = "resolution", policy: str = "service") -> Case:
        """A revision of a verdict, approved."""
        event = VerdictRevised(
            policy=policy,
            target=target,
            part=None,
            cycle=1,
            instance=1,
            request=1,
            was=Verdict.MISSED,
            now=Verdict.KEPT,
            cause=Cause.LATE_RECORD,
            reason="the letter is dated",
            requested_by="Liu",
            approved_by="Chen",
        )
        return self.then(at, event)


def target(clock: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    """A target of a policy: eight hours of working time from receipt to resolution, unless told."""
    name = fields.get("id", "resolution")
    return {
        "id": name,
        "title": {"en": name},
        "kind": "resolution",
        "clock": clock or {"type": "working_time", "amount": "PT8H"},
        "stop": "case-resolved",
        **fields,
    }


def policy(*targets: dict[str, Any], **fields: Any) -> PolicyDocument:
    """A policy with one rule for every case, unless told."""
    return PolicyDocument.model_validate(
        {
            "name": "service",
            "title": {"en": "Service"},
            "regime": "internal",
            "zone": "UTC",
            "calendar": "office",
            "rules": [{"id": "all", "targets": [each["id"] for each in targets]}],
            "targets": list(targets),
            **fields,
        }
    )


def calendar(
    name: str = "office",
    *,
    zone: str = "UTC",
    week: dict[str, list[str]] | None = None,
    known: datetime = LONG_AGO,
    version: int = 1,
    **fields: Any,
) -> CalendarVersion:
    """A version of a calendar, by default from nine to five on weekdays."""
    raw = {"name": name, "title": {"en": name}, "zone": zone, "week": week or OFFICE, "source": "test", **fields}
    return CalendarVersion(name, version, date(2020, 1, 1), known, document_of(raw))


def published(document: PolicyDocument, version: int = 1, since: date = date(2020, 1, 1)) -> PolicyVersion:
    """A policy as it was published long ago."""
    return PolicyVersion(document.name, version, since, None, LONG_AGO, document)


def standards(
    *policies: PolicyDocument,
    calendars: Sequence[CalendarVersion] | None = None,
    units: Mapping[str, UnitHours | HoursOfUnit] | None = None,
) -> Standards:
    """Policies in their first versions, and the office's calendar unless told."""
    return Standards(
        Policies(tuple(published(each) for each in policies)),
        Calendars(tuple(calendars) if calendars is not None else (calendar(),)),
        {
            name: HoursOfUnit.always(hours) if isinstance(hours, UnitHours) else hours
            for name, hours in (units or {}).items()
        },
    )


def clocks_of(case: Case, by: Standards, at: str, **how: Any) -> dict[str, Clock]:
    """The clocks by target; of several runs of one the last, with the others under `target/cycle/instance`."""
    found: dict[str, Clock] = {}
    for clock in clocks(case.told, by, instant(at, case.zone), **how):
        key = clock.key
        name = f"{key.part}:{key.target}" if key.part else key.target
        found[name] = clock
        found[f"{name}/{key.cycle}/{key.instance}"] = clock
    return found


def clock_of(case: Case, by: Standards, at: str, name: str = "resolution", **how: Any) -> Clock:
    """The clock of a target."""
    return clocks_of(case, by, at, **how)[name]


def tier(at: str, name: str | None) -> TierSince:
    """The tier that the customer had from then on."""
    return TierSince(instant(at), name)


def hours(count: float) -> timedelta:
    """So many hours."""
    return timedelta(hours=count)
