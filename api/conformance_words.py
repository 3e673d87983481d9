"""What a process expects of a step, and what was found instead, in English and in Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from domain.envelope import ActorKind
from domain.sla.policy import duration
from replay.conformance import Finding, Found
from replay.process import Per, Process, Rule, RuleKind

Both = tuple[str, str]
"""The same in English and in Chinese."""

DAY = timedelta(days=1)
ACTORS: Mapping[ActorKind, Both] = {
    ActorKind.PERSON: ("a person", "人员"),
    ActorKind.SYSTEM: ("a program", "系统"),
    ActorKind.ALARM: ("an alarm", "时限警示"),
    ActorKind.IMPORT: ("an import", "导入"),
}


def title_words(rule: Rule) -> str:
    """The departure in both languages, as lists call it."""
    return f"{rule.title.en} ({rule.title.zh})"


def expected_words(process: Process, rule: Rule) -> Both:
    """What a rule asks of its step."""
    step = process.step(rule.step).title
    other = step if rule.other is None else process.step(rule.other).title
    match rule.kind:
        case RuleKind.NEEDS:
            return f"{other.en} first", f"先{other.zh}"
        case RuleKind.NOT_AFTER:
            return f"not once it was {other.en}", f"{other.zh}后不再{step.zh}"
        case RuleKind.MOST if not rule.most:
            return "never", "不应发生"
        case RuleKind.MOST:
            scope = ("cycle", "周期") if rule.per is Per.CYCLE else ("case", "案件")
            return f"at most {rule.most} in a {scope[0]}", f"每{scope[1]}至多{rule.most}次"
        case RuleKind.WHO:
            return _by_whom(rule)
        case RuleKind.OTHER_THAN:
            return f"by somebody else than it was {other.en} by", f"由“{other.zh}”以外的人"
        case RuleKind.OWED:
            return _owed(process, rule, (step.en, step.zh), (other.en, other.zh))


def _by_whom(rule: Rule) -> Both:
    kinds = [ACTORS[kind] for kind in rule.actors] or [ACTORS[ActorKind.PERSON]]
    english = f"by {' or '.join(each for each, _ in kinds)}"
    chinese = f"由{'或'.join(each for _, each in kinds)}"
    if not rule.roles:
        return english, chinese
    return f"{english} as {' or '.join(rule.roles)}", f"{chinese}，角色为{'或'.join(rule.roles)}"


def _owed(process: Process, rule: Rule, step: Both, other: Both) -> Both:
    english, chinese = f"{step[0]} once {other[0]}", f"{other[1]}后{step[1]}"
    if rule.until is not None:
        until = process.step(rule.until).title
        english, chinese = f"{english}, before it is {until.en}", f"{chinese}，先于{until.zh}"
    if rule.within is not None:
        within = _lasting(rule.within)
        english, chinese = f"{english}, within {within[0]}", f"{chinese}，限{within[1]}"
    return english, chinese


def _lasting(time: timedelta) -> Both:
    """Whole days as such, anything else as documents write it."""
    if time % DAY:
        return duration(time), duration(time)
    days = time // DAY
    return f"{days} day{'s' if days > 1 else ''}", f"{days}天"


def found_words(process: Process, finding: Finding, zone: ZoneInfo) -> Both:
    """What was found instead; instants on the clocks of a zone."""
    rule, version = finding.rule, finding.other_version
    named = rule.step if rule.kind is RuleKind.OWED else rule.other or rule.step
    other, due = process.step(named).title, _at(finding.due_at, zone)
    match finding.found:
        case Found.NEVER:
            return f"never {other.en}", f"从未{other.zh}"
        case Found.LATER:
            return f"{other.en} later, in version {version}", f"{other.zh}在后，见第{version}版"
        case Found.EARLIER:
            return f"{other.en} before, in version {version}", f"此前已{other.zh}，见第{version}版"
        case Found.TOO_OFTEN if not rule.most:
            return "it was", "已发生"
        case Found.TOO_OFTEN:
            return f"time {finding.times}", f"第{finding.times}次"
        case Found.SOMEBODY_ELSE if finding.who is None:
            return "in no role", "未声明角色"
        case Found.SOMEBODY_ELSE:
            known = {kind.value: words for kind, words in ACTORS.items()}
            english, chinese = known.get(finding.who or "", (str(finding.who), str(finding.who)))
            return f"by {english}", f"由{chinese}"
        case Found.SAME_PERSON:
            return f"by {finding.who} both times, see version {version}", f"均为{finding.who}，见第{version}版"
        case Found.TOO_LATE:
            return f"after {due}", f"迟于{due}"
        case Found.NOT_YET:
            return ("not yet", "尚未") if due is None else (f"not yet, due {due}", f"尚未，期限{due}")
        case Found.OVERDUE:
            return f"not by {due}", f"至{due}仍未"


def _at(at: datetime | None, zone: ZoneInfo) -> str | None:
    return None if at is None else at.astimezone(zone).isoformat(timespec="minutes")
