"""The words of the compliance report as the schema shows them."""

from __future__ import annotations

from enum import StrEnum

from api.graphql.enums import shown
from projections.compliance_question import By, Duty, Figure, Grouping

__all__ = ["By", "Duty", "Figure", "Grouping"]

NAMES: dict[type[StrEnum], tuple[str, dict[str, str]]] = {
    By: (
        "ComplianceBy",
        {
            "DUE": "Its due. A due that counts days belongs to its day. Clocks without a number are in no such report.",
            "STARTED": "Its start.",
        },
    ),
    Duty: (
        "ComplianceDuty",
        {
            "STATUTORY": "A law's or a rule's (法定).",
            "INTERNAL": "A policy's of the company (内部).",
            "STATED": "Somebody's who stated a date that no policy asks for: it came with the data, and no rule "
            "worked it out.",
        },
    ),
    Grouping: (
        "ComplianceField",
        {
            "DUTY": "Whose word it is that something is due; rows always have it.",
            "UNIT": "The unit that had the subject when the clock began.",
            "BRANCH": "The nearest branch above that unit in the tree as it stood at the due, itself included.",
            "TOP": "What stood at the very top above it then.",
            "HANDLER": "Who had the subject when the clock began.",
            "TIER": "The tier of the case's customer when the clock began.",
            "KIND": "The kind of the case.",
            "CATEGORY": "The category of the case when the clock began.",
            "CHANNEL": "The channel by which the case came.",
            "PRIORITY": "The priority of the case when the clock began.",
            "TARGET": "The target, by its name in the policy.",
            "TARGET_KIND": "What is to be done in time.",
            "POLICY": "The policy.",
            "MONTH": "The month of the due, or of the start, in the book's zone: such as 2026-03.",
        },
    ),
    Figure: (
        "ComplianceFigure",
        {
            "CLOCKS": "All.",
            "MET": "Stopped by the due.",
            "MET_LATE": "Stopped after the due.",
            "OVERDUE": "The due has passed, and nothing has stopped them.",
            "RUNNING": "Not due yet.",
            "PAUSED": "Standing still.",
            "CANCELLED": "Their subject ended before the due.",
            "LAPSED": "Their time ran out, which is no breach.",
            "INFORMATIONAL": "Duties without a number.",
            "KEPT": "Kept, as known by now.",
            "MISSED": "Missed, as known by now.",
            "KEPT_WHEN_DUE": "Kept, as known when due.",
            "MISSED_WHEN_DUE": "Missed, as known when due.",
            "REVISED": "What is known by now differs from what was known when due.",
            "UNKNOWN_WHEN_DUE": "Decided by now, while nobody can say what was known when due.",
            "RESTS_ON_LATE": "The verdict by now rests on something that was recorded after the due.",
            "KEPT_ON_LATE": "Kept only by something that was recorded after the due.",
            "MEASURED": "Stopped at a known instant: those of which the times are.",
            "BY_DAY": "Stopped on a known day, and so left out of the times.",
        },
    ),
}
OPENINGS = {
    By: "What of a clock has to lie in the period.",
    Duty: "Whose word it is that something is due. These are never counted together.",
    Grouping: "By what clocks are counted apart, or chosen.",
    Figure: "What a compliance report counts.",
}
for _enumeration, (_name, _meanings) in NAMES.items():
    shown(_enumeration, _name, OPENINGS[_enumeration], _meanings)
