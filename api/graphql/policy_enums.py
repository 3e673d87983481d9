"""The words of policies as the schema shows them: SCREAMING names, the domain's own sentences."""

from __future__ import annotations

from enum import StrEnum

from api.graphql.enums import shown
from domain.sla.policy import (
    CalendarOf,
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
    SubjectKind,
    TargetKind,
)
from domain.sla.working_time import Boundary

__all__ = [
    "Boundary",
    "CalendarOf",
    "ClockType",
    "Cycles",
    "Ends",
    "ExtensionMode",
    "FirstDay",
    "Instances",
    "LateRecord",
    "OnChange",
    "OnExpiry",
    "OnTransfer",
    "PauseDays",
    "Reopen",
    "Roll",
    "StatedBy",
    "SubjectKind",
    "TargetKind",
]


class ClockType(StrEnum):
    """How a target's time is counted."""

    WORKING_TIME = "working_time"
    ELAPSED = "elapsed"
    CALENDAR_DAYS = "calendar_days"
    BUSINESS_DAYS = "business_days"
    WEEKS = "weeks"
    MONTHS = "months"
    YEARS = "years"
    REPORTING_PERIOD = "reporting_period"
    STATED_DATE = "stated_date"
    NO_NUMBER = "no_number"


class StatedBy(StrEnum):
    """Who stated a date that counts."""

    SOURCE = "source"
    COMPANY = "company"
    ANY = "any"


class Cycles(StrEnum):
    """How a case counts that was reopened: each cycle by itself, or the worst of them."""

    PER_CYCLE = "per_cycle"
    WORST = "worst"


NAMES: dict[type[StrEnum], str] = {
    Boundary: "TargetBoundary",
    CalendarOf: "VerdictCalendar",
    ClockType: "ClockType",
    Cycles: "TargetCycles",
    Ends: "DayEnd",
    ExtensionMode: "ExtensionMode",
    FirstDay: "FirstDay",
    Instances: "TargetInstances",
    LateRecord: "LateRecord",
    OnChange: "OnChange",
    OnExpiry: "OnExpiry",
    OnTransfer: "OnTransfer",
    PauseDays: "PauseDays",
    Reopen: "OnReopening",
    Roll: "DueRoll",
    StatedBy: "StatedBy",
    SubjectKind: "TargetSubject",
    TargetKind: "TargetKind",
}
for _enumeration, _name in NAMES.items():
    shown(_enumeration, _name, (_enumeration.__doc__ or "").split("\n", maxsplit=1)[0])
