"""Why a clock would be otherwise, in English and Chinese sentences. What is hypothetical is told as such."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias, cast

from api.policy_words import clock_words
from domain.sla.days import ToldDay
from domain.sla.policy import ClockType
from domain.sla.selection import Choice
from replay.flip_reasons import DayDifference, Reason, ReasonKind, Stood
from replay.flips import FlipKind

Pair: TypeAlias = tuple[str, str]
"""The same in English and in Chinese."""

MOST_DAYS = 5
"""So many days are named in a sentence; all of them stand beside it."""

FLIPS: Mapping[FlipKind, Pair] = MappingProxyType({
    FlipKind.KEPT_TO_MISSED: ("kept, would be missed", "按时变为超时"),
    FlipKind.MISSED_TO_KEPT: ("missed, would be kept", "超时变为按时"),
    FlipKind.VERDICT_CHANGES: ("decided otherwise", "结论改变"),
    FlipKind.DUE_MOVES: ("due moves", "期限移动"),
    FlipKind.APPEARS: ("appears", "新增"),
    FlipKind.VANISHES: ("vanishes", "取消"),
})  # fmt: skip

SENTENCES: Mapping[ReasonKind, Pair] = MappingProxyType({
    ReasonKind.TARGET: ("The target {now} takes the place of {was}.", "目标 {now} 取代 {was}。"),
    ReasonKind.START: ("It would start with {now} instead of {was}.", "起计事件由 {was} 变为 {now}。"),
    ReasonKind.MEASURED_FROM: (
        "It would be measured from {now} instead of {was}.",
        "计量起点由 {was} 变为 {now}。",
    ),
    ReasonKind.CUT_OFF: ("The cut-off would be {now} instead of {was}.", "截止时间由 {was} 变为 {now}。"),
    ReasonKind.ZONE: ("Its days would be those of {now} instead of {was}.", "日期所属时区由 {was} 变为 {now}。"),
    ReasonKind.EXTENSIONS: (
        "Extensions that count would be {now} instead of {was}.",
        "计入的延期由 {was} 变为 {now}。",
    ),
    ReasonKind.STOP: ("It would stop with {now} instead of {was}.", "终止事件由 {was} 变为 {now}。"),
    ReasonKind.CANCEL: ("It would be cancelled by {now} instead of {was}.", "取消事件由 {was} 变为 {now}。"),
    ReasonKind.INSTANCES: (
        "How often it runs, and what a reopening does, would be {now} instead of {was}.",
        "运行次数与重新受理的处理由 {was} 变为 {now}。",
    ),
    ReasonKind.EXPIRY: ("A due that passes would mean {now} instead of {was}.", "到期的后果由 {was} 变为 {now}。"),
    ReasonKind.CHANGE: (
        "What a change or a transfer of the case does to it would be {now} instead of {was}.",
        "案件变更或移交的处理由 {was} 变为 {now}。",
    ),
    ReasonKind.LATE_RECORD: (
        "A stop that was recorded after the due would be dealt with as {now} instead of {was}.",
        "期限后才登记的终止,处理方式由 {was} 变为 {now}。",
    ),
    ReasonKind.VERDICT_BY: (
        "The calendar {now} would decide instead of {was}.",
        "判定所依日历由 {was} 变为 {now}。",
    ),
    ReasonKind.OTHER: (
        "Another clock on which this one rests would be otherwise.",
        "所依据的另一时限发生变化。",
    ),
})  # fmt: skip

APART: Mapping[ReasonKind, tuple[Pair, Pair]] = MappingProxyType({
    ReasonKind.POLICY: (
        ("Rule {now} would hold; no policy of its regime does.", "将适用 {now},目前该制度下无适用的服务标准。"),
        ("No rule of its regime would hold; {was} does.", "该制度下将无适用规则,目前适用 {was}。"),
    ),
    ReasonKind.TARGET: (
        ("The rule would ask for the target {now}.", "规则将要求目标 {now}。"),
        ("The rule would ask for the target {was} no longer.", "规则将不再要求目标 {was}。"),
    ),
})  # fmt: skip
"""Where there is something on one side only: what it is said to be when it comes, and when it goes."""


def flip_words(kind: FlipKind) -> Pair:
    """What becomes of a clock."""
    return FLIPS[kind]


def reason_words(reason: Reason) -> Pair:
    """A reason as a sentence."""
    match reason.kind:
        case ReasonKind.POLICY | ReasonKind.RULE:
            return _of_rule(reason)
        case ReasonKind.AMOUNT:
            was, now = (clock_words(cast(ClockType, clock)) for clock in (reason.was, reason.now))
            return f"It would have {now[0]} instead of {was[0]}.", f"时限由{was[1]}变为{now[1]}。"
        case ReasonKind.COUNTING:
            return _of_counting(reason.was, reason.now)
        case ReasonKind.CALENDAR:
            return _of_days(reason)
        case ReasonKind.PAUSES:
            was, now = _pauses(reason.was), _pauses(reason.now)
            return f"Pauses that count would be {now[0]} instead of {was[0]}.", f"计入的暂停由{was[1]}变为{now[1]}。"
        case _:
            return _plain(reason)


def sides_of(reason: Reason) -> tuple[str | None, str | None]:
    """What stood on both sides, in short: as it is, and as it would be."""
    return _short(reason, reason.was), _short(reason, reason.now)


def _short(reason: Reason, side: Any) -> str | None:
    if side is None:
        return None
    match reason.kind:
        case ReasonKind.POLICY | ReasonKind.RULE:
            return _rule(side)
        case ReasonKind.AMOUNT:
            return clock_words(side)[0]
        case ReasonKind.COUNTING:
            return ", ".join(f"{name} {value}" for name, value in side.items())
        case ReasonKind.PAUSES:
            return _pauses(side)[0]
        case ReasonKind.EXTENSIONS:
            return ", ".join(side) or "none"
        case _:
            return str(side)


def _plain(reason: Reason) -> Pair:
    told = SENTENCES[reason.kind]
    if reason.kind in APART and (reason.was is None or reason.now is None):
        told = APART[reason.kind][0 if reason.was is None else 1]
    was, now = sides_of(reason)
    english, chinese = told
    return (
        english.format(was=was or "nothing", now=now or "nothing"),
        chinese.format(was=was or "无", now=now or "无"),
    )


# Rules ----------------------------------------------------------------------------------------------------------------


def _rule(side: tuple[str, str]) -> str:
    policy, rule = side
    return f"{rule} ({policy})"


def _of_rule(reason: Reason) -> Pair:
    was, now = sides_of(reason)
    if was is None or now is None:
        english, chinese = APART[ReasonKind.POLICY][0 if was is None else 1]
    else:
        english, chinese = "Rule {now} would hold instead of {was}.", "适用规则由 {was} 变为 {now}。"
    told = english.format(was=was, now=now), chinese.format(was=was, now=now)
    why = None if reason.choice is None else _choice(reason.choice, reason.was)
    return told if why is None else (f"{told[0]} {why[0]}", f"{told[1]}{why[1]}")


def _choice(choice: Choice, was: tuple[str, str] | None) -> Pair:
    """Why a rule would hold: what the case has that it asks for, and why the rule that does hold is passed over."""
    asks = [f"{each.field} {each.value}" for each in choice.matched]
    english = f"The case has {' and '.join(asks)}, as it asks." if asks else "It fits every case."
    chinese = f"案件的 {'、'.join(asks)} 符合其要求。" if asks else "它适用于所有案件。"
    passed = next((each for each in choice.passed_over if (each.policy, each.rule) == was), None)
    if passed is not None:
        wanted = (" or ".join(passed.wanted), "或".join(passed.wanted))
        english += f" {passed.rule} would ask for {passed.field} {wanted[0]}; the case has {passed.found or 'none'}."
        chinese += f"{passed.rule} 将要求 {passed.field} 为 {wanted[1]},而案件为 {passed.found or '无'}。"
    return english, chinese


# Counting, days and pauses --------------------------------------------------------------------------------------------


def _of_counting(was: Mapping[str, str], now: Mapping[str, str]) -> Pair:
    names = [name for name in (*was, *(name for name in now if name not in was)) if was.get(name) != now.get(name)]
    english = (f"{name} would be {now.get(name, 'nothing')} instead of {was.get(name, 'nothing')}" for name in names)
    chinese = (f"{name} 由 {was.get(name, '无')} 变为 {now.get(name, '无')}" for name in names)
    return f"It would count otherwise: {'; '.join(english)}.", f"计算方式不同:{';'.join(chinese)}。"


def _of_days(reason: Reason) -> Pair:
    days = reason.days
    named = [_day(each) for each in days[:MOST_DAYS]]
    more = len(days) - len(named)
    english = "; ".join(each[0] for each in named) + (f"; and {more} more" if more else "")
    chinese = ";".join(each[1] for each in named) + (f";另有 {more} 天" if more else "")
    if reason.was != reason.now:
        return (
            f"The calendar {reason.now} would count instead of {reason.was}: {english}.",
            f"工作日历由 {reason.was} 变为 {reason.now}:{chinese}。",
        )
    return f"The calendar {reason.now} would be otherwise: {english}.", f"工作日历 {reason.now} 不同:{chinese}。"


def _day(difference: DayDifference) -> Pair:
    (was, was_zh), (now, now_zh) = hours_words(difference.was), hours_words(difference.now)
    day = difference.day.isoformat()
    return f"{day} {now} instead of {was}", f"{day} 由{was_zh}变为{now_zh}"


def hours_words(told: ToldDay | None) -> Pair:
    """What a calendar says of a day."""
    if told is None:
        return "all day", "全天"
    name = f" ({told.name})" if told.name else ""
    if not told.frames:
        return f"closed{name}", f"休息{name.strip()}"
    return f"{', '.join(told.frames)}{name}", f"{'、'.join(told.frames)}{name.strip()}"


def _pauses(stood: Sequence[Stood]) -> Pair:
    if not stood:
        return "none", "无"
    english = (f"{each.ground} from {_at(each.begin)} to {_at(each.end)}" for each in stood)
    chinese = (f"{each.ground}({_at(each.begin)} 至 {_at(each.end, '现在')})" for each in stood)
    return ", ".join(english), "、".join(chinese)


def _at(at: Any, still: str = "now") -> str:
    return still if at is None else at.isoformat(timespec="minutes").replace("+00:00", "Z")
