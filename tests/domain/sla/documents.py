"""A small policy as somebody writes it, and ways to spoil it."""

from copy import deepcopy
from typing import Any

from domain.sla.check import Severity, problems

POLICY: dict[str, Any] = {
    "name": "group-service",
    "title": {"en": "Service of the group", "zh": "集团服务标准"},
    "regime": "internal",
    "zone": "Asia/Shanghai",
    "calendar": "china",
    "rules": [
        {"id": "pressing", "when": {"kind": ["complaint"], "priority": ["critical"]}, "targets": ["reply", "solve"]},
        {"id": "complaints", "when": {"kind": ["complaint"]}, "targets": ["reply"]},
    ],
    "targets": [
        {
            "id": "reply",
            "title": {"en": "First reply"},
            "kind": "first_response",
            "clock": {"type": "elapsed", "amount": "PT24H"},
            "stop": "response-sent",
        },
        {
            "id": "solve",
            "title": {"en": "Solved", "zh": "办结"},
            "kind": "resolution",
            "clock": {"type": "business_days", "amount": 3},
            "stop": "case-resolved",
        },
    ],
}


def policy(*changes: tuple[str, Any], **more: Any) -> dict[str, Any]:
    """The small policy with other values: by dotted place (`targets.0.stop`), or by the name of a field."""
    raw = deepcopy(POLICY) | more
    for place, value in changes:
        *way, last = (int(part) if part.isdecimal() else part for part in place.split("."))
        inner: Any = raw
        for part in way:
            inner = inner[part]
        inner[last] = value
    return raw


def mistakes(raw: dict[str, Any]) -> list[tuple[str, str]]:
    """The mistakes in a raw policy, place and message."""
    return [(each.place, each.message) for each in problems(raw) if each.severity is Severity.MISTAKE]


def warnings(raw: dict[str, Any]) -> list[tuple[str, str]]:
    """The warnings about a raw policy, place and message."""
    return [(each.place, each.message) for each in problems(raw) if each.severity is Severity.WARNING]
