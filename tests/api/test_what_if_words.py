from datetime import UTC, date, datetime
from typing import Any

import pytest

from api.what_if_words import flip_words, reason_words, sides_of
from domain.sla.days import DayKind, ToldDay
from domain.sla.policy import BusinessDays, WorkingTime
from domain.sla.selection import Choice, Matched, PassedOver
from replay.flip_reasons import DayDifference, Reason, ReasonKind, Stood
from replay.flips import FlipKind
from tests.domain.sla.history import policy, published, target

EIGHT = WorkingTime.model_validate({"type": "working_time", "amount": "PT8H"})
THREE = BusinessDays.model_validate({"type": "business_days", "amount": 3})
ALL, GOLD = ("service", "all"), ("service", "gold")
MORNING = datetime(2026, 3, 2, 9, tzinfo=UTC)
OPEN = ToldDay(DayKind.USUAL, None, ("09:00-17:00",), cut=False)
CLOSED = ToldDay(DayKind.HOLIDAY, "国庆节", (), cut=False)
SERVICE = published(policy(target()))
CHOSEN = Choice(
    "internal", SERVICE, "gold", ("resolution",), (Matched("tier", "gold"),),
    (PassedOver("service", 1, "all", "kind", ("request", "inquiry"), "complaint"),),
)  # fmt: skip
ANY_CASE = CHOSEN._replace(matched=(), passed_over=())

TOLD: list[tuple[Reason, str, str]] = [
    (
        Reason(ReasonKind.RULE, ALL, GOLD),
        "Rule gold (service) would hold instead of all (service).",
        "由 all (service)",
    ),
    (
        Reason(ReasonKind.RULE, ALL, GOLD, CHOSEN),
        "The case has tier gold, as it asks. all would ask for kind request or inquiry; the case has complaint.",
        "all 将要求 kind 为 request或inquiry,而案件为 complaint。",
    ),
    (Reason(ReasonKind.RULE, GOLD, ALL, ANY_CASE), "It fits every case.", "它适用于所有案件。"),
    (Reason(ReasonKind.POLICY, None, ALL), "Rule all (service) would hold; no policy of its regime does.", "无适用"),
    (Reason(ReasonKind.POLICY, ALL, None), "No rule of its regime would hold; all (service) does.", "无适用规则"),
    (Reason(ReasonKind.TARGET, "slow", "quick"), "The target quick takes the place of slow.", "quick 取代 slow"),
    (Reason(ReasonKind.TARGET, None, "quick"), "The rule would ask for the target quick.", "将要求目标 quick"),
    (Reason(ReasonKind.TARGET, "slow", None), "ask for the target slow no longer.", "不再要求目标 slow"),
    (
        Reason(ReasonKind.AMOUNT, EIGHT, THREE),
        "It would have 3 working days, until the end of the last day instead of 8 hours of working time.",
        "时限由8小时工时变为3个工作日",
    ),
    (
        Reason(ReasonKind.COUNTING, {"ends": "end_of_day", "roll": "none"}, {"boundary": "closing", "roll": "none"}),
        "ends would be nothing instead of end_of_day; boundary would be closing instead of nothing.",
        "boundary 由 无 变为 closing",
    ),
    (Reason(ReasonKind.START, "case-received", "case-registered"), "start with case-registered", "由 case-received"),
    (Reason(ReasonKind.MEASURED_FROM, None, "case-received"), "from case-received instead of nothing", "由 无"),
    (Reason(ReasonKind.CUT_OFF, "17:00:00", None), "cut-off would be nothing instead of 17:00:00", "截止时间"),
    (Reason(ReasonKind.ZONE, "UTC", "Asia/Shanghai"), "those of Asia/Shanghai instead of UTC", "时区由 UTC"),
    (
        Reason(ReasonKind.CALENDAR, "office", "office", days=(DayDifference(date(2026, 10, 1), OPEN, CLOSED),)),
        "The calendar office would be otherwise: 2026-10-01 closed (国庆节) instead of 09:00-17:00.",
        "2026-10-01 由09:00-17:00变为休息(国庆节)",
    ),
    (
        Reason(
            ReasonKind.CALENDAR,
            "office",
            "nights",
            days=tuple(DayDifference(date(2026, 10, day), None, OPEN) for day in range(1, 9)),
        ),
        "nights would count instead of office: 2026-10-01 09:00-17:00 instead of all day;",
        "另有 3 天",
    ),
    (
        Reason(ReasonKind.PAUSES, (Stood("customer", MORNING, None),), ()),
        "Pauses that count would be none instead of customer from 2026-03-02T09:00Z to now.",
        "customer(2026-03-02T09:00Z 至 现在)变为无",
    ),
    (Reason(ReasonKind.EXTENSIONS, ["complex"], []), "would be none instead of complex", "由 complex 变为 none"),
    (Reason(ReasonKind.STOP, "case-resolved", "response-sent"), "stop with response-sent", "终止事件"),
    (Reason(ReasonKind.CANCEL, "case-closed", "case-merged"), "cancelled by case-merged", "取消事件"),
    (Reason(ReasonKind.INSTANCES, "cycle, resume", "start, resume"), "would be start, resume", "运行次数"),
    (Reason(ReasonKind.EXPIRY, "miss", "right_arises"), "would mean right_arises instead of miss", "到期的后果"),
    (Reason(ReasonKind.CHANGE, "keep, keep", "retarget, keep"), "would be retarget, keep", "变更或移交"),
    (Reason(ReasonKind.LATE_RECORD, "accept", "evidence_required"), "dealt with as evidence_required", "处理方式"),
    (Reason(ReasonKind.VERDICT_BY, "as_promised", "as_lived"), "The calendar as_lived would decide", "判定所依日历"),
    (Reason(ReasonKind.OTHER), "Another clock on which this one rests would be otherwise.", "另一时限"),
]


@pytest.mark.parametrize(("reason", "english", "chinese"), TOLD)
def test_a_reason_is_told_in_both_languages(reason: Reason, english: str, chinese: str) -> None:
    en, zh = reason_words(reason)
    assert (english in en, chinese in zh) == (True, True), (en, zh)
    assert not {"{", "}"} & set(en + zh)


def test_every_kind_of_reason_and_of_flip_has_words() -> None:
    assert {reason.kind for reason, _, _ in TOLD} == set(ReasonKind)
    assert all(all(flip_words(kind)) for kind in FlipKind)


def test_both_sides_are_told_in_short() -> None:
    shown: list[Any] = [sides_of(reason) for reason, _, _ in TOLD]
    assert shown[3] == (None, "all (service)")
    assert shown[8] == ("8 hours of working time", "3 working days, until the end of the last day")
