"""A policy that uses every field of a document, and every type of clock."""

from typing import Any

from domain.sla.policy import PolicyDocument

COUNTED = {"ends": "end_of_day", "first_day": "excluded", "roll": "next_working_day"}
CLOCKS: tuple[dict[str, Any], ...] = (
    {"type": "working_time", "amount": "PT4H"},
    {"type": "elapsed", "amount": "PT30M"},
    {"type": "calendar_days", "amount": 15, **COUNTED},
    {"type": "business_days", "amount": 3, "ends": "close_of_business", "first_day": "counted", "roll": "none"},
    {"type": "weeks", "amount": 8, **COUNTED},
    {"type": "months", "amount": 1, **COUNTED},
    {"type": "years", "amount": 3, "ends": "clock_time", "first_day": "excluded", "roll": "none"},
    {"type": "reporting_period", "every_months": 6, "first_month": 4, "within": 30, "within_business_days": True},
    {"type": "stated_date", "of": "resolution", "by": "company"},
    {"type": "no_number", "word": {"en": "prompt", "zh": "及时"}},
)


def target(place: int, clock: dict[str, Any]) -> dict[str, Any]:
    """A plain target with a clock."""
    return {
        "id": f"target-{place}",
        "title": {"en": f"Target {place}", "zh": f"第{place}项"},
        "kind": "resolution",
        "clock": clock,
        "stop": "case-resolved",
    }


FULL: dict[str, Any] = target(2, CLOCKS[2]) | {
    "statute": {"clause": "第十五条", "source": "the regulator's site, 2026-01-02", "unverified": "the number"},
    "note": "The fifteenth day may fall into a holiday.",
    "subject": "case",
    "start": "unit-received",
    "measured_from": "case-received",
    "stop": "all(decision-made, complainant-notified(of=decision, version=@decision-made))",
    "cancel": "any(case-withdrawn, case-merged)",
    "instances": "start",
    "zone": "Asia/Urumqi",
    "calendar": "desk",
    "boundary": "next_opening",
    "cut_off": {"at": "17:30:00"},
    "pauses": {
        "grounds": ["customer", "evidence"],
        "between": [{"ground": "material", "begins": "material-requested", "ends": "material-completed"}],
        "days": "whole",
    },
    "extensions": [
        {
            "id": "complex",
            "title": {"en": "A complex matter", "zh": "情况复杂"},
            "length": 30,
            "mode": "total_from_start",
            "most": 1,
            "approver_role": "supervisor",
            "evidence": True,
            "notice": True,
        }
    ],
    "cap": 60,
    "warnings": [{"at_percent": 75}, {"before": "PT4H"}, {"before_business_days": 3}],
    "escalations": [
        {"level": 1, "at_percent": 100, "to_unit": "客户服务处"},
        {"level": 2, "after_due": "PT24H", "to_staff": "Director Li"},
    ],
    "on_expiry": "opens",
    "opens": "target-5",
    "on_change": "keep",
    "on_transfer": "move",
    "reopen": "resume",
    "cycles": "worst",
    "late_record": "accept_within",
    "late_record_within": "PT48H",
    "verdict_by": "as_lived",
}

RAW: dict[str, Any] = {
    "name": "full",
    "title": {"en": "Every field", "zh": "全部字段"},
    "regime": "internal",
    "rank": 10,
    "jurisdiction": "CN",
    "note": "For reading and writing.",
    "zone": "Asia/Shanghai",
    "calendar": "office",
    "rules": [
        {
            "id": "some",
            "when": {
                "kind": ["complaint"],
                "category": ["billing"],
                "tier": ["gold"],
                "priority": ["critical", "high"],
                "channel": ["wechat"],
                "unit": ["北京分部"],
                "attributes": {"product": ["loan", "card"]},
            },
            "targets": ["target-2", "target-5"],
        },
        {"id": "others", "targets": [f"target-{place}" for place in range(len(CLOCKS))]},
    ],
    "targets": [FULL if place == 2 else target(place, clock) for place, clock in enumerate(CLOCKS)],
}
DOCUMENT = PolicyDocument.model_validate(RAW)
