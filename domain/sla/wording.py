"""The sentences in which clocks are explained, in English and in Chinese."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any, TypeAlias

from domain.sla.clock import Verdict

Pair: TypeAlias = tuple[str, str]
"""The same in English and in Chinese."""
Sentence: TypeAlias = tuple[Pair, Mapping[str, Any]]
"""A sentence with gaps, and what fills them: the same in both languages, or a pair."""

SENTENCES: Mapping[str, Pair] = MappingProxyType({
    "internal": (
        "{title}: an internal target, by rule {rule} of policy {policy}, version {version}.",
        "{title}:内部目标,依据服务标准 {policy} 第 {version} 版的规则 {rule}。",
    ),
    "statutory": (
        "{title}: a statutory target ({clause}), by rule {rule} of policy {policy}, version {version}.",
        "{title}:法定时限({clause}),依据服务标准 {policy} 第 {version} 版的规则 {rule}。",
    ),
    "stated": ("{title}: a date that was stated, under no policy.", "{title}:已声明的日期,不属于任何服务标准。"),
    "matched": (
        "The rule asks for {field} {value}, which is what the case has.",
        "规则要求 {field} 为 {value},案件符合。",
    ),
    "passed-over": (
        "Rule {rule} of {policy} comes before it and does not fit: it asks for {field} {wanted}; the case has {found}.",
        "在其之前的规则({policy} 的 {rule})不适用:它要求 {field} 为 {wanted},而案件为 {found}。",
    ),
    "not-started": ("What starts it has not happened.", "启动事件尚未发生。"),
    "started": (
        "It started at {at} with event {version}, {event}.",
        "自 {at} 起计,由第 {version} 号事件 {event} 启动。",
    ),
    "opened": ("It began at {at}, when the time of {by} ran out.", "{by} 到期后,于 {at} 开始。"),
    "measured": ("Its time is measured from {at}.", "时间自 {at} 起算。"),
    "step-amount": ("{amount} lead to {led}.", "{amount}后为 {led}。"),
    "step-cut-off": (
        "It came after the cut-off, so that it counts as of {led}.",
        "在截止时间之后收到,视为 {led} 收到。",
    ),
    "step-extension": ("The extension {note}, {amount}, leads to {led}.", "延期 {note}({amount})后为 {led}。"),
    "step-cap": ("No extension leads beyond {amount}, which is {led}.", "延期不得超过{amount},即 {led}。"),
    "step-pause": ("Pauses move that by {amount} to {led}.", "暂停使其顺延{amount},至 {led}。"),
    "step-roll": (
        "Nobody works on that day, so that it moves to {led}.",
        "该日为非工作日,顺延至 {led}。",
    ),
    "step-period": ("The period ends on {led}.", "报告期于 {led} 结束。"),
    "step-stated": ("{led} was stated.", "声明的日期为 {led}。"),
    "stood": ("It stood still from {begin} to {end} ({ground}).", "{begin} 至 {end} 暂停计时({ground})。"),
    "stands": ("It stands still since {begin} ({ground}).", "自 {begin} 起暂停计时({ground})。"),
    "extension-extended": (
        "Extension {step}, approved at {at} (event {version}), moved the due from {before} to {after}.",
        "延期 {step} 于 {at} 获批(第 {version} 号事件),期限由 {before} 延至 {after}。",
    ),
    "extension-late": (
        "Extension {step} was approved at {at} (event {version}), after the due, and does not undo the miss.",
        "延期 {step} 于 {at} 获批(第 {version} 号事件),已过期限,不改变超时的事实。",
    ),
    "extension-ignored": (
        "Extension {step}, approved at {at} (event {version}), is beyond the ladder and changes nothing.",
        "延期 {step} 于 {at} 获批(第 {version} 号事件),超出规定的延期次序,不予计入。",
    ),
    "changed": (
        "At {at} it changed, because {why}: the due went from {before} to {after}.",
        "{at} 因{why}而变更:期限由 {before} 变为 {after}。",
    ),
    "overtaken": (
        "The due before had passed, so that it was missed then; by the policy the rule that fits in the end decides.",
        "变更前的期限当时已过,即当时已超时;依服务标准,以最终适用的规则为准。",
    ),
    "due": ("It is due by {due}.", "期限为 {due}。"),
    "due-by-calendar": (
        "It is due by {due}, by calendar {calendar}, version {version}.",
        "期限为 {due},依据工作日历 {calendar} 第 {version} 版。",
    ),
    "no-due": ("There is no date by which it is due.", "没有具体期限。"),
    "promised-decides": (
        "By the calendar as it was lived it would be {lived}; what was promised, {promised}, decides.",
        "按实际经过的日历为 {lived};以承诺的 {promised} 为准。",
    ),
    "lived-decides": (
        "What was promised at the start is {promised}; the calendar as it was lived, {lived}, decides.",
        "起初承诺的是 {promised};以实际经过的日历 {lived} 为准。",
    ),
    "born-overdue": ("That had passed already when it came to hold, at {at}.", "在 {at} 生效时该期限已过。"),
    "in-time": (
        "Event {version}, {event}, stopped it at {at}, in time, after {used} of its own time.",
        "{at} 由第 {version} 号事件 {event} 按时终止,已用 {used}。",
    ),
    "late": (
        "Event {version}, {event}, stopped it at {at}, too late, after {used} of its own time.",
        "{at} 由第 {version} 号事件 {event} 终止,已超时,共用 {used}。",
    ),
    "cancelled": (
        "Event {version}, {event}, cancelled it at {at}, before its due.",
        "{at} 由第 {version} 号事件 {event} 在期限之前取消。",
    ),
    "ended": (
        "Event {version}, {event}, ended it at {at}, when its time had run out.",
        "{at} 由第 {version} 号事件 {event} 结束,此前已到期。",
    ),
    "dropped": (
        "At {at} the case changed, and nothing of this kind is asked for any longer.",
        "{at} 案件变更后,不再有此项要求。",
    ),
    "lapsed": ("Its time ran out, which is no breach.", "时间已到,不构成超时违约。"),
    "no-number": ("Nothing has stopped it by {at}.", "截至 {at} 尚未终止。"),
    "left": ("Nothing has stopped it by {at}; {left} of its own time are left.", "截至 {at} 尚未终止,剩余 {left}。"),
    "over": (
        "Nothing has stopped it by {at}; it is {left} over, in its own time.",
        "截至 {at} 尚未终止,已超时 {left}。",
    ),
    "pair": (
        "As known when due it was {when_due}; as known now it is {now}.",
        "到期时已知:{when_due};目前已知:{now}。",
    ),
    "late-record": (
        "What is known now rests on something that was recorded after the due.",
        "目前的结论依据期限之后才登记的事件。",
    ),
})  # fmt: skip

UNITS: Mapping[str, Pair] = MappingProxyType({
    "working_time": ("of working time", "工作时间"),
    "elapsed": ("", ""),
    "calendar_days": ("calendar days", "个自然日"),
    "business_days": ("business days", "个工作日"),
    "weeks": ("weeks", "周"),
    "months": ("months", "个月"),
    "years": ("years", "年"),
})  # fmt: skip

VERDICTS: Mapping[Verdict | None, Pair] = MappingProxyType({
    Verdict.KEPT: ("kept", "按时"),
    Verdict.MISSED: ("missed", "超时"),
    None: ("not decided", "未定"),
})  # fmt: skip

WHYS: Mapping[str, Pair] = MappingProxyType({
    "rule": ("another rule fits", "适用规则改变"),
    "merge": ("it took the place of an older case", "并入了更早的案件"),
    "transfer": ("another unit has it", "转至其他部门"),
    "hours": ("the unit that has it works by other hours", "所在部门的工作时间改变"),
    "terms": ("other terms were assigned", "改派服务标准"),
})  # fmt: skip


def lasting(amount: int | timedelta | None, unit: Pair) -> Pair:
    """An amount in both languages: `8 h 30 min of working time`, `15 calendar days`."""
    if amount is None:
        return unit
    if isinstance(amount, int):
        return f"{amount} {unit[0]}".strip(), f"{amount} {unit[1]}".strip()
    seconds, micros = divmod(amount // timedelta(microseconds=1), 1_000_000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    fraction = f".{micros:06d}" if micros else ""
    parts = [
        (f"{hours} h", f"{hours} 小时") if hours else None,
        (f"{minutes} min", f"{minutes} 分钟") if minutes else None,
        (f"{seconds}{fraction} s", f"{seconds}{fraction} 秒") if seconds or micros else None,
    ]
    told = [part for part in parts if part is not None] or [("0 min", "0 分钟")]
    en, zh = " ".join(part[0] for part in told), " ".join(part[1] for part in told)
    return f"{en} {unit[0]}".strip(), f"{unit[1]} {zh}".strip()


def both_languages(sentences: Iterable[Sentence]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The sentences with their gaps filled, in English and in Chinese."""
    told = list(sentences)
    return tuple(_filled(each, 0) for each in told), tuple(_filled(each, 1) for each in told)


def _filled(sentence: Sentence, language: int) -> str:
    text, words = sentence
    filled = {name: word[language] if isinstance(word, tuple) else word for name, word in words.items()}
    return text[language].format(**filled)
