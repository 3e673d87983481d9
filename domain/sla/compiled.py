"""A policy made ready for many histories: expressions read, zones found, nothing left to parse for a case."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from domain.sla.happenings import Waited, names_in, waited
from domain.sla.policy import (
    COUNTING_DAYS,
    BusinessDays,
    Elapsed,
    Ends,
    FirstDay,
    NoNumber,
    OnExpiry,
    PolicyDocument,
    ReportingPeriod,
    Roll,
    Rule,
    StatedDate,
    SubjectKind,
    Target,
    WorkingTime,
)
from domain.sla.zones import zone

ONCE_A_LIFE = frozenset({
    "case-received",
    "case-registered",
    "obligation-opened",
    "regulator-received",
    "sent-to-portal",
})  # fmt: skip
"""What a reopening does not bring again, so that it stands in for them itself."""


class Counts(StrEnum):
    """In what a target is measured."""

    HOURS = "hours"
    """The working time of the calendar."""
    TIME = "time"
    """Time that passes."""
    DAYS = "days"
    """Local days, working or not."""
    WORKING_DAYS = "working-days"
    NOTHING = "nothing"
    """A date is said, by somebody or by the end of a period, or there is none."""


class CompiledTarget(NamedTuple):
    """A target made ready."""

    policy: str
    version: int
    rule: str
    """Under which it came to a case; empty for one that only another opens."""
    target: Target
    counts: Counts
    start: Waited
    measured_from: Waited | None
    stop: Waited
    cancel: Waited
    between: tuple[tuple[str, Waited, Waited], ...]
    """The ground of an interval, and what begins and ends it."""
    grounds: frozenset[str]
    zone: ZoneInfo
    calendar: str
    asks_calendar: bool
    """Whether its due depends on the calendar."""
    opened: bool
    """Whether it begins only when another target's time has run out."""
    restarts: bool
    """Whether a reopening takes the place of its start."""
    excluded: bool
    """Whether what is left of the day of its start is none of its days."""


class CompiledPolicy(NamedTuple):
    """A policy's version made ready."""

    name: str
    version: int
    document: PolicyDocument
    targets: dict[str, CompiledTarget]
    rules: dict[str, tuple[CompiledTarget, ...]]
    """The targets of each rule, in its order, and behind them those that they open."""


def compiled(name: str, version: int, document: PolicyDocument) -> CompiledPolicy:
    """The policy made ready. Raises: BadExpression, UnknownZone, of a document that was never checked."""
    targets = {target.id: target_compiled(target, name, version, document) for target in document.targets}
    rules = {rule.id: _of_rule(rule, targets) for rule in document.rules}
    return CompiledPolicy(name, version, document, targets, rules)


def target_compiled(target: Target, policy: str, version: int, document: PolicyDocument | None) -> CompiledTarget:
    """A target made ready, of a policy or, without a document, of what somebody stated."""
    clock = target.clock
    start = waited(target.start)
    cancel = waited(target.cancel)
    if target.subject is SubjectKind.OBLIGATION and "obligation-cancelled" not in names_in(cancel):
        cancel = waited(f"any({target.cancel}, obligation-cancelled)")
    ends = clock.ends if isinstance(clock, COUNTING_DAYS) else None
    rolls = isinstance(clock, COUNTING_DAYS) and clock.roll is Roll.NEXT_WORKING_DAY
    of_business = isinstance(clock, WorkingTime | BusinessDays) or ends is Ends.CLOSE_OF_BUSINESS
    reported = isinstance(clock, ReportingPeriod) and clock.within_business_days
    zone_name = target.zone or (document.zone if document else "UTC")
    return CompiledTarget(
        policy=policy,
        version=version,
        rule="",
        target=target,
        counts=counts_of(clock),
        start=start,
        measured_from=None if target.measured_from is None else waited(target.measured_from),
        stop=waited(target.stop),
        cancel=cancel,
        between=tuple((each.ground, waited(each.begins), waited(each.ends)) for each in target.pauses.between),
        grounds=frozenset(str(ground) for ground in target.pauses.grounds),
        zone=zone(zone_name),
        calendar=target.calendar or (document.calendar if document else ""),
        asks_calendar=of_business or rolls or reported or target.cut_off is not None,
        opened=False,
        restarts=bool(names_in(start) & ONCE_A_LIFE),
        excluded=isinstance(clock, COUNTING_DAYS)
        and clock.first_day is FirstDay.EXCLUDED
        and clock.ends is not Ends.CLOCK_TIME,
    )


def counts_of(clock: Any) -> Counts:
    """In what a clock of some type is measured."""
    match clock:
        case WorkingTime():
            return Counts.HOURS
        case BusinessDays():
            return Counts.WORKING_DAYS
        case ReportingPeriod() | StatedDate() | NoNumber():
            return Counts.NOTHING
        case Elapsed():
            return Counts.TIME
        case _:
            return Counts.DAYS


def _of_rule(rule: Rule, targets: dict[str, CompiledTarget]) -> tuple[CompiledTarget, ...]:
    named = list(dict.fromkeys(target for target in rule.targets if target in targets))
    listed, opened = frozenset(named), set[str]()
    for name in named:  # it grows while it is gone through
        opener = targets[name].target
        if opener.on_expiry is not OnExpiry.OPENS or opener.opens not in targets:
            continue
        if opener.opens not in named:
            named.append(opener.opens)
        # What the rule does not name itself, or what would start with its opener, begins only when it is opened.
        if opener.opens not in listed or targets[opener.opens].target.start == opener.start:
            opened.add(opener.opens)
    return tuple(targets[each]._replace(rule=rule.id, opened=each in opened) for each in named)
