"""The words of clocks as the schema shows them: SCREAMING names, the domain's own sentences."""

from __future__ import annotations

from enum import StrEnum

from api.graphql.enums import shown
from domain.sla.clock import State, Why
from domain.sla.dues import Added

__all__ = ["Added", "AlarmKind", "State", "Why"]


class AlarmKind(StrEnum):
    """What becomes due of a clock when nothing else happens."""

    WARNING = "warning"
    MISS = "miss"
    LAPSE = "lapse"
    ESCALATION = "escalation"


NAMES: dict[type[StrEnum], tuple[str, dict[str, str]]] = {
    Added: ("SlaStepKind", {}),
    AlarmKind: (
        "SlaAlarmKind",
        {"LAPSE": "Its time runs out, which is no breach: another clock begins, or the customer may go elsewhere."},
    ),
    State: (
        "SlaState",
        {
            "MET_LATE": "It was stopped after its due.",
            "OVERDUE": "Its due has passed and nothing stopped it in time; it stays so when its subject ends.",
            "CANCELLED": "Its subject ended before its due.",
            "LAPSED": "Its time ran out, which is no breach.",
            "INFORMATIONAL": "A duty without a number, or one for which nobody has stated a date.",
        },
    ),
    Why: (
        "SlaSegmentReason",
        {
            "OUTSIDE_HOURS": "The calendar does not count it.",
            "BEFORE_START": "It is measured from an earlier event than the one that began it.",
            "NOT_A_DAY": "A day that the target does not count.",
        },
    ),
}
for _enumeration, (_name, _meanings) in NAMES.items():
    shown(_enumeration, _name, (_enumeration.__doc__ or "").split("\n", maxsplit=1)[0], _meanings)
