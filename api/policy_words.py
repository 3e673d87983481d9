"""Policies in words, in English and Chinese: how long, from when, until what, and for whom."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from domain.sla.policy import (
    BusinessDays,
    CalendarDays,
    ClockType,
    CountedDays,
    Elapsed,
    Ends,
    Escalation,
    ExtensionMode,
    ExtensionStep,
    FirstDay,
    Months,
    NoNumber,
    OnChange,
    OnExpiry,
    Reminder,
    ReportingPeriod,
    Roll,
    StatedDate,
    Target,
    Title,
    Weeks,
    When,
    WorkingTime,
    Years,
)

UNITS = (("day", "天", 86_400), ("hour", "小时", 3_600), ("minute", "分钟", 60), ("second", "秒", 1))
OF_DAYS: dict[type[CountedDays], tuple[str, str]] = {
    CalendarDays: ("day", "日"),
    BusinessDays: ("working day", "个工作日"),
    Weeks: ("week", "周"),
    Months: ("month", "个月"),
    Years: ("year", "年"),
}
ENDS = {
    Ends.CLOCK_TIME: ("until the time of day of the start", "至起始时刻"),
    Ends.CLOSE_OF_BUSINESS: ("until close of business", "至营业结束"),
    Ends.END_OF_DAY: ("until the end of the last day", "至末日24时"),
}


def _many(count: int, one: str) -> str:
    return f"{count} {one}" if count == 1 else f"{count} {one}s"


def span_words(span: timedelta, *, hours: bool = False) -> tuple[str, str]:
    """A duration in words; with `hours` no days, which in working time would mislead."""
    left, english, chinese = int(span.total_seconds()), [], []
    for one, zh, seconds in UNITS[1:] if hours or span < timedelta(days=2) else UNITS:
        count, left = divmod(left, seconds)
        if count:
            english.append(_many(count, one))
            chinese.append(f"{count}{zh}")
    return " ".join(english) or "less than a second", "".join(chinese) or "不足一秒"


def length_words(length: int | timedelta, clock: ClockType) -> tuple[str, str]:
    """A length in the measure of a clock."""
    if isinstance(length, timedelta):
        return span_words(length, hours=isinstance(clock, WorkingTime))
    one, zh = next((words for kind, words in OF_DAYS.items() if isinstance(clock, kind)), ("day", "日"))
    return _many(length, one), f"{length}{zh}"


def clock_words(clock: ClockType) -> tuple[str, str]:
    """How long a target has."""
    match clock:
        case WorkingTime():
            english, chinese = span_words(clock.amount, hours=True)
            return f"{english} of working time", f"{chinese}工时"
        case Elapsed():
            return span_words(clock.amount)
        case ReportingPeriod():
            kind, zh = ("working days", "个工作日") if clock.within_business_days else ("days", "日")
            every = _many(clock.every_months, "month")
            return (
                f"within {clock.within} {kind} of the end of each period of {every}",
                f"每{clock.every_months}个月一期，期末后{clock.within}{zh}内",
            )
        case StatedDate():
            who = {"source": ("by the source", "来源"), "company": ("by the company", "公司"), "any": ("", "")}[
                clock.by
            ]
            return f"by the date stated for {clock.of} {who[0]}".rstrip(), f"{who[1]}所述“{clock.of}”日期"
        case NoNumber():
            return f"{clock.word.en}; no number, never missed", f"{clock.word.zh or clock.word.en}（无期限，不判逾期）"
        case _:
            return _days_words(clock)


def _days_words(clock: CountedDays) -> tuple[str, str]:
    one, zh = OF_DAYS[type(clock)]
    ends, ends_zh = ENDS[clock.ends]
    english, chinese = [_many(clock.amount, one), ends], [f"{clock.amount}{zh}", ends_zh]
    if clock.first_day is FirstDay.COUNTED:
        english.append("the day of the start counted")
        chinese.append("起始日计入")
    if clock.roll is Roll.NEXT_WORKING_DAY:
        english.append("moved to the next working day")
        chinese.append("遇休息日顺延")
    return ", ".join(english), "，".join(chinese)


def target_words(target: Target) -> tuple[str, str]:
    """How long a target has, and from when."""
    english, chinese = clock_words(target.clock)
    if target.measured_from is not None:
        return f"{english}, measured from {target.measured_from}", f"{chinese}，自 {target.measured_from} 起算"
    return english, chinese


def expiry_words(target: Target) -> tuple[str, str]:
    """What it means that a target's time ran out."""
    match target.on_expiry:
        case OnExpiry.OPENS:
            return f"nothing is missed; {target.opens} begins", f"不判逾期，转入 {target.opens}"
        case OnExpiry.RIGHT_ARISES:
            return "nothing is missed; a right arises, or ends", "不判逾期，权利随之产生或终止"
        case _:
            return "missed", "逾期"


def change_words(target: Target) -> tuple[str, str]:
    """What becomes of a target that runs when another rule fits."""
    match target.on_change:
        case OnChange.KEEP:
            return "nothing changes", "维持不变"
        case OnChange.FINAL:
            return (
                "the rule that fits in the end decides, also over a due that had passed",
                "以最终适用的规则为准，已过的期限亦然",
            )
        case _:
            return "its target takes over, and what was missed stays missed", "改用新规则的时限，已逾期的仍为逾期"


def when_words(when: When) -> str:
    """For which cases a rule is, by the names of the fields; `every case` where it asks for nothing."""
    return "; ".join(_conditions(when)) or "every case (所有)"


def _conditions(when: When) -> Iterator[str]:
    for name in When.model_fields:
        if name != "attributes" and (values := getattr(when, name)):
            yield f"{name} {' or '.join(map(str, values))}"
    for name, values in when.attributes.items():
        yield f"{name} {' or '.join(values)}"


def reminder_words(reminder: Reminder) -> str:
    """When a warning comes."""
    if reminder.at_percent is not None:
        return f"at {reminder.at_percent} %"
    if reminder.before is not None:
        return f"{span_words(reminder.before)[0]} before the due"
    return f"{_many(reminder.before_business_days or 0, 'working day')} before the due"


def escalation_words(rung: Escalation) -> str:
    """When a case goes up the ladder, and to whom."""
    if rung.after_due is not None:
        when = f"{span_words(rung.after_due)[0]} after the due"
    else:
        when = "at the due" if rung.at_percent == 100 else f"at {rung.at_percent} %"
    to = ", ".join(each for each in (rung.to_unit, rung.to_staff) if each)
    return f"level {rung.level} {when}{f' to {to}' if to else ''}"


def extension_words(step: ExtensionStep, clock: ClockType) -> str:
    """A step of the extension ladder."""
    length = length_words(step.length, clock)[0]
    how = {
        ExtensionMode.TOTAL_FROM_START: f"{length} in all",
        ExtensionMode.ADD_TO_RAW: f"{length} more",
        ExtensionMode.ADD_TO_ROLLED: f"{length} more, after the due was moved to a working day",
    }[step.mode]
    asks = [f"approved by {step.approver_role}"] if step.approver_role else []
    asks += ["with evidence"] if step.evidence else []
    asks += ["with notice to the complainant"] if step.notice else []
    asks += [f"at most {step.most} times"] if step.most > 1 else []
    return f"{step.id}: {', '.join([how, *asks])}"


def both(title: Title) -> str:
    """A title in both languages."""
    return f"{title.en} {title.zh}" if title.zh else title.en


def bilingual(words: tuple[str, str]) -> str:
    """Words in both languages, side by side."""
    return f"{words[0]} ({words[1]})"
