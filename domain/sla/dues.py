"""From a start to a due: what a target adds to it, and what pauses and extensions add to that."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from datetime import MAXYEAR, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache, partial
from typing import Any, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from domain.event import LATEST
from domain.sla.clock import Due
from domain.sla.compiled import CompiledTarget, Counts
from domain.sla.measures import Hours
from domain.sla.policy import (
    BusinessDays,
    CountedDays,
    Elapsed,
    Ends,
    ExtensionMode,
    ExtensionStep,
    FirstDay,
    Months,
    PauseDays,
    ReportingPeriod,
    Roll,
    StatedDate,
    Weeks,
    WorkingTime,
    Years,
)
from domain.sla.working_time import NOTHING, Boundary, NeverReached, Span, instant_at, later_at

DAY = timedelta(days=1)
LEAST = timedelta(microseconds=1)
TIMED = frozenset({Counts.HOURS, Counts.TIME})
MOST_MIDNIGHTS = 10_000
"""Cases of one time ask for the same days again and again."""


class Origin(NamedTuple):
    """From when a target is measured."""

    at: datetime
    """Of a day: its first instant."""
    day: date
    """The local day in the target's zone; of a target of hours, without a cut-off, that of UTC."""
    by_day: bool
    """Whether only its day is known."""
    deemed: bool = False
    """Whether a cut-off moved it to the next working day."""


class Added(StrEnum):
    """What moved a due."""

    AMOUNT = "amount"
    CUT_OFF = "cut-off"
    EXTENSION = "extension"
    CAP = "cap"
    PAUSE = "pause"
    ROLL = "roll"
    PERIOD = "period"
    STATED = "stated"


class Step(NamedTuple):
    """A line of the arithmetic."""

    what: Added
    amount: int | timedelta | None
    """Days and the like as a number, time as a duration."""
    unit: str
    """Of a number: the type of the clock, such as `weeks`."""
    at: datetime | None
    """Where it led: an instant, or else a local day."""
    on: date | None
    note: str | None = None
    """The step of an extension."""


Steps: TypeAlias = list[Step] | None
"""What is told on the way; None when nobody asks."""


def origin_of(target: CompiledTarget, at: datetime, day: date | None, hours: Hours, told: Steps = None) -> Origin:
    """The start as it counts: a cut-off may move it to the opening of the next working day, if there is one."""
    cut_off = target.target.cut_off
    if day is None:
        if cut_off is None and target.counts in TIMED:  # nobody asks for the day, and finding it takes a while
            return Origin(at, at.date(), by_day=False)
        origin = Origin(at, at.astimezone(hours.zone).date(), by_day=False)
    else:
        origin = Origin(midnight(day, hours.zone), day, by_day=True)
    if cut_off is None or hours.work is None or not _cut_off(cut_off.at, origin, hours):
        return origin
    try:
        following = hours.work.working_day_after(origin.day, 1)
    except NeverReached:
        return origin
    opening = hours.work.opening(following) or midnight(following, hours.zone)
    if told is not None:
        told.append(Step(Added.CUT_OFF, None, "", opening, following))
    return Origin(midnight(following, hours.zone) if day else opening, following, day is not None, deemed=True)


def _cut_off(at: object, origin: Origin, hours: Hours) -> bool:
    if isinstance(at, time):
        return not origin.by_day and origin.at.astimezone(hours.zone).time() > at
    closing = None if hours.work is None else hours.work.closing(origin.day)
    return closing is None or (not origin.by_day and origin.at > closing)


def due_of(
    target: CompiledTarget,
    origin: Origin,
    hours: Hours,
    extensions: Sequence[ExtensionStep] = (),
    pauses: Sequence[Span] = (),
    told: Steps = None,
) -> Due | None:
    """By when the target is due; None without a number, when the calendar never gets there, or behind the last instant
    of the ledger, which could neither be kept on record nor ever come.

    `pauses` are disjoint, in order, and from the origin on.
    """
    try:
        due = _by_clock(target, origin, hours, extensions, pauses, told)
    except (NeverReached, OverflowError):  # dates themselves end with the year 9999
        return None
    return due if due is not None and due.at < LATEST else None


def _by_clock(
    target: CompiledTarget,
    origin: Origin,
    hours: Hours,
    extensions: Sequence[ExtensionStep],
    pauses: Sequence[Span],
    told: Steps,
) -> Due | None:
    clock = target.target.clock
    if isinstance(clock, WorkingTime | Elapsed):
        return _of_time(target, clock, origin, hours, extensions, pauses, told)
    if isinstance(clock, CountedDays):
        return _Dates(target, clock, origin, hours, told).due(extensions, pauses)
    if isinstance(clock, ReportingPeriod):
        return _of_period(clock, origin, hours, told)
    return None


# Time -----------------------------------------------------------------------------------------------------------------


def _of_time(
    target: CompiledTarget,
    clock: WorkingTime | Elapsed,
    origin: Origin,
    hours: Hours,
    extensions: Sequence[ExtensionStep],
    pauses: Sequence[Span],
    told: Steps,
) -> Due:
    amount, boundary = clock.amount, target.target.boundary
    reach = partial(hours.own.after, origin.at, boundary=boundary)
    if told is not None:
        told.append(Step(Added.AMOUNT, amount, clock.type, reach(amount), None))
    for step in extensions:
        length = _as_time(step.length)
        amount = max(amount, length) if step.mode is ExtensionMode.TOTAL_FROM_START else amount + length
        if told is not None:
            told.append(Step(Added.EXTENSION, length, clock.type, reach(amount), None, step.id))
    cap = target.target.cap
    if cap is not None and extensions and amount > _as_time(cap):
        amount = max(_as_time(cap), clock.amount)
        if told is not None:
            told.append(Step(Added.CAP, amount, clock.type, reach(amount), None))
    at = reach(amount, without=pauses)
    if told is not None and pauses:
        stood = hours.own.between(origin.at, at) - hours.own.between(origin.at, at, without=pauses)
        if stood:
            told.append(Step(Added.PAUSE, stood, clock.type, at, None))
    return Due(at, None, open_ended=False)


def _as_time(length: int | timedelta) -> timedelta:
    return length if isinstance(length, timedelta) else timedelta(days=length)


# Days -----------------------------------------------------------------------------------------------------------------


class _Dates:
    """The dates of one target from one origin."""

    def __init__(self, target: CompiledTarget, clock: CountedDays, origin: Origin, hours: Hours, told: Steps) -> None:
        self._target, self._clock, self._origin, self._hours, self._told = target.target, clock, origin, hours, told
        self._unit: str = clock.type  # type: ignore[attr-defined]  # each of the types that count days has one

    def due(self, extensions: Sequence[ExtensionStep], pauses: Sequence[Span]) -> Due:
        raw = self._from_start(self._clock.amount)
        self._tell(Added.AMOUNT, self._clock.amount, raw)
        rolled = self._rolled(raw)
        for step in extensions:
            raw = self._extended(step, raw, rolled)
            self._tell(Added.EXTENSION, _as_days(step.length), raw, step.id)
            rolled = self._rolled(raw)
        cap = self._target.cap
        if cap is not None and extensions:
            furthest = self._from_start(max(_as_days(cap), self._clock.amount))
            if raw > furthest:
                raw = furthest
                self._tell(Added.CAP, _as_days(cap), raw)
                rolled = self._rolled(raw)
        if not pauses:
            self._tell_roll(raw, rolled)
            return self._ending(rolled)
        if self._target.pauses.days is PauseDays.EXACT:
            self._tell_roll(raw, rolled)
            return self._stood(self._ending(rolled), pauses)
        return self._stood_days(raw, pauses)

    def _from_start(self, amount: int) -> date:
        """The last of so many days, weeks, months or years from the start."""
        first, day = self._clock.first_day, self._origin.day
        if first is FirstDay.EXCLUDED:
            return self._plus(day, amount)
        return self._plus(day - DAY, amount)

    def _plus(self, day: date, amount: int) -> date:
        match self._clock:
            case BusinessDays():
                return self._work_after(day, amount)
            case Weeks():
                return day + 7 * amount * DAY
            case Months():
                return months_later(day, amount)
            case Years():
                return months_later(day, 12 * amount)
            case _:
                return day + amount * DAY

    def _work_after(self, day: date, amount: int) -> date:
        work = self._hours.work
        return day + amount * DAY if work is None else work.working_day_after(day, amount)

    def _rolled(self, day: date) -> date:
        work = self._hours.work
        if self._clock.roll is Roll.NONE or work is None or work.is_working_day(day):
            return day
        return work.working_day_after(day, 1)

    def _extended(self, step: ExtensionStep, raw: date, rolled: date) -> date:
        length = _as_days(step.length)
        match step.mode:
            case ExtensionMode.TOTAL_FROM_START:
                return max(raw, self._from_start(length))
            case ExtensionMode.ADD_TO_RAW:
                return self._plus(raw, length)
            case ExtensionMode.ADD_TO_ROLLED:
                return self._plus(rolled, length)

    def _ending(self, day: date) -> Due:
        hours, origin = self._hours, self._origin
        if self._clock.ends is Ends.CLOSE_OF_BUSINESS:
            closing = None if hours.work is None else hours.work.closing(day)
            if closing is not None:
                return Due(closing, day, open_ended=False)
        if self._clock.ends is Ends.CLOCK_TIME and not origin.by_day:
            at = later_at(datetime.combine(day, origin.at.astimezone(hours.zone).time()), hours.zone)
            if isinstance(self._clock, BusinessDays) and hours.work is not None:
                at = hours.work.after(at, NOTHING, Boundary.NEXT_OPENING)
            return Due(at, at.astimezone(hours.zone).date(), open_ended=False)
        return Due(midnight(day + DAY, hours.zone), day, open_ended=True)

    def _stood(self, due: Due, pauses: Sequence[Span]) -> Due:
        """The due after pauses as long as they took."""
        measure = self._hours.own
        if isinstance(self._clock, BusinessDays) and self._clock.ends is Ends.CLOSE_OF_BUSINESS:
            measure = self._hours.work or measure
        at = due.at
        for begin, end in pauses:
            if begin >= at:
                break
            at = measure.after(at, measure.between(begin, end))
        if at == due.at:
            return due
        on = (at - LEAST if due.open_ended else at).astimezone(self._hours.zone).date()
        self._tell(Added.PAUSE, at - due.at, on)
        rolled = self._rolled(on)
        self._tell_roll(on, rolled)
        return Due(at, on, due.open_ended) if rolled == on else self._ending(rolled)

    def _stood_days(self, raw: date, pauses: Sequence[Span]) -> Due:
        """The due after pauses by whole days, of which none counts twice."""
        day, place, counted = raw, self._hours.zone, date.min
        for begin, end in pauses:
            if begin >= self._ending(self._rolled(day)).at:
                break
            first, last = days_of(begin, end, self._target.pauses.days, place)
            stood = self._days_between(max(first, counted), last)
            counted = max(counted, last)
            if stood > 0:
                day = self._work_after(day, stood) if isinstance(self._clock, BusinessDays) else day + stood * DAY
        if day != raw:
            self._tell(Added.PAUSE, (day - raw).days, day)
        rolled = self._rolled(day)
        self._tell_roll(day, rolled)
        return self._ending(rolled)

    def _days_between(self, first: date, last: date) -> int:
        work = self._hours.work
        if isinstance(self._clock, BusinessDays) and work is not None:
            return sum(work.is_working_day(first + place * DAY) for place in range((last - first).days))
        return (last - first).days

    def _tell(self, what: Added, amount: int | timedelta, on: date, note: str | None = None) -> None:
        if self._told is not None:
            self._told.append(Step(what, amount, self._unit, None, on, note))

    def _tell_roll(self, raw: date, rolled: date) -> None:
        if raw != rolled:
            self._tell(Added.ROLL, (rolled - raw).days, rolled)


def days_of(begin: datetime, end: datetime, rule: PauseDays, place: ZoneInfo) -> tuple[date, date]:
    """The local days, from one up to another, for which a target of days stands still during a pause."""
    first, last = begin.astimezone(place).date(), end.astimezone(place).date()
    if rule is PauseDays.WHOLE:
        return first + DAY if begin > midnight(first, place) else first, last
    return first, last + DAY if end > midnight(last, place) else last


def months_later(day: date, months: int) -> date:
    """The corresponding date so many months later, or the month's last day where there is none.

    Raises: NeverReached behind the year in which dates end.
    """
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    if year > MAXYEAR:
        raise NeverReached(f"No date is {months} months after {day.isoformat()}.")
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


@lru_cache(maxsize=MOST_MIDNIGHTS)
def midnight(day: date, place: ZoneInfo) -> datetime:
    """When a local date begins: at midnight, or when clocks skip that."""
    return instant_at(datetime.combine(day, time()), place)


def _as_days(length: int | timedelta) -> int:
    """A duration in days, begun ones as whole ones."""
    return length if isinstance(length, int) else -(-length // DAY)


# Periods, and when a due has passed -----------------------------------------------------------------------------------


def _of_period(clock: ReportingPeriod, origin: Origin, hours: Hours, told: Steps) -> Due:
    since = (origin.day.month - clock.first_month) % clock.every_months
    begins = months_later(origin.day.replace(day=1), -since)
    last = months_later(begins, clock.every_months) - DAY
    if told is not None:
        told.append(Step(Added.PERIOD, clock.every_months, "months", None, last))
    if not clock.within:
        on = last
    elif clock.within_business_days and hours.work is not None:
        on = hours.work.working_day_after(last, clock.within)
    else:
        on = last + clock.within * DAY
    if told is not None and clock.within:
        unit = "business_days" if clock.within_business_days else "calendar_days"
        told.append(Step(Added.AMOUNT, clock.within, unit, None, on))
    return Due(midnight(on + DAY, hours.zone), on, open_ended=True)


def last_day(due: Due, place: ZoneInfo) -> date:
    """The last local day on which a stop is in time."""
    return due.on or (due.at - LEAST if due.open_ended else due.at).astimezone(place).date()


def passed(due: Due | None, at: datetime) -> bool:
    """Whether it is too late at an instant."""
    return due is not None and (at >= due.at if due.open_ended else at > due.at)


def in_time(due: Due | None, at: datetime, day: date | None, place: ZoneInfo) -> bool:
    """Whether what occurred then is in time; of what is known by its day only, the day decides."""
    if due is None:
        return True
    return not passed(due, at) if day is None else day <= last_day(due, place)


def needs_hours(target: CompiledTarget) -> bool:
    """Whether a due of the target can be worked out of a start at all."""
    return target.counts is not Counts.NOTHING or isinstance(target.target.clock, ReportingPeriod)


# Stated dates ---------------------------------------------------------------------------------------------------------


OWN_DUE = "obligation"
"""What the date is for that an obligation is opened with."""


def stated_due(event: Any, clock: StatedDate, place: ZoneInfo) -> Due | None:
    """The due that an event states for what a target is about; None when it states none."""
    at: datetime | None = getattr(event, "due_at", None)
    if at is None:
        return None
    if hasattr(event, "stated_by"):
        if event.target != clock.of or clock.by not in {"any", str(event.stated_by)}:
            return None
    elif clock.of != OWN_DUE:
        return None
    if str(event.due_precision) != "day":
        return Due(at, None, open_ended=False)
    day = at.astimezone(place).date()
    return Due(midnight(day + DAY, place), day, open_ended=True)
