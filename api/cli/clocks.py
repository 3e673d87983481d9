"""`daybook sla explain`: the clocks of a case, stretch by stretch, with sentences in both languages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.text import Text

from api.cli.case import find
from api.cli.deadlines import due_words, moment, told
from api.cli.exits import NotFound
from api.cli.lasting import short
from api.cli.past import AskedPast, as_data, as_it_stands, with_standards
from api.cli.terminal import Terminal, add_row, clean, table
from api.cli.views import looked_at
from api.past_clocks import past_clocks, past_courses
from api.workspace import Workspace
from domain.sla.clock import ClockKey, Segment, Why
from domain.sla.zones import zone
from domain.stream import Category, stream_of
from ledger.ledger import Ledger
from projections.clock_course import ClockCourse, courses, wanted_at
from projections.deadlines import of_streams
from projections.sla_row import SlaTimer, state_at, verdicts_at
from projections.sla_timer import SLA_TIMER
from replay.as_of import AsOf

WORDS = {
    Why.RUNNING: "counts",
    Why.OUTSIDE_HOURS: "outside the calendar's hours",
    Why.PAUSED: "paused",
    Why.BEFORE_START: "counts, before it began",
    Why.NOT_A_DAY: "a day that is not counted",
}


def run(workspace: Workspace, terminal: Terminal, name: str, targets: Sequence[str], asked: AskedPast) -> None:
    """Answers. Raises: NotFound, WrongUse."""
    ledger, stream = workspace.ledger, stream_of(Category.CASE, find(workspace, name))
    if asked.is_now:
        as_of = as_it_stands(ledger, looked_at(ledger, terminal, SLA_TIMER))
        every = of_streams(ledger.database, ledger.book, [stream]).get(stream, ())
    else:
        as_of = asked.as_of(ledger)
        every = past_clocks(ledger, [stream], as_of).get(stream, ())
    timers, now = _those(every, name, targets, asked), as_of.valid_at
    course = _courses(ledger, timers, as_of, live=asked.is_now)
    terminal.answer({
        "book": ledger.book,
        "time": ledger.time,
        **as_data(as_of),
        "clocks": [_as_data(timer, course[timer.key], now) for timer in timers],
    })  # fmt: skip
    terminal.stamp(ledger.book, ledger.time)
    if not asked.is_now:
        terminal.show(with_standards(asked.stated(as_of), as_of), "")
    for place, timer in enumerate(timers):
        terminal.show(*([""] if place else []), *_shown(timer, course[timer.key], now))


def _courses(
    ledger: Ledger, timers: Sequence[SlaTimer], as_of: AsOf, *, live: bool
) -> Mapping[ClockKey, ClockCourse | None]:
    wanted = {timer.key: wanted_at(timer, as_of.valid_at, None if live else as_of.position) for timer in timers}
    found = courses(ledger, wanted.values()) if live else past_courses(ledger, wanted.values(), as_of)
    return {timer.key: found.get(wanted[timer.key]) for timer in timers}


def _those(every: Sequence[SlaTimer], name: str, targets: Sequence[str], asked: AskedPast) -> list[SlaTimer]:
    if not every:
        nothing = "is" if asked.is_now else "was then"
        raise NotFound(f"Nothing {nothing} to be done for the case {name!r} in time: no policy has a rule for it.")
    unknown = [target for target in targets if target not in {timer.target for timer in every}]
    if unknown:
        there = ", ".join(dict.fromkeys(timer.target for timer in every))
        raise NotFound(f"The case {name!r} has no target {unknown[0]!r}; it has {there}.")
    return [timer for timer in every if not targets or timer.target in targets]


def _as_data(timer: SlaTimer, course: ClockCourse | None, now: datetime) -> dict[str, Any]:
    when_due, by_now = verdicts_at(timer, now)
    data = told(timer, now) | {
        "cycle": timer.cycle,
        "instance": timer.instance,
        "started_at": timer.started_at,
        "verdicts": {"when_due": when_due, "now": by_now, "rests_on_late": timer.rests_on_late},
        "promised_at": timer.promised_at,
        "lived_at": timer.lived_at,
        "original_due_at": timer.original_at,
        "stopped_at": timer.stopped_at,
        "extensions": timer.extensions,
        "calendar": timer.calendar,
        "calendar_version": timer.calendar_version,
        "zone_data": timer.zone_data,
        "engine": timer.engine,
    }
    if course is None:
        return data
    clock, explanation = course.clock, course.explanation
    return data | {
        "counted_seconds": int(clock.counted.total_seconds()),
        "remaining_seconds": None if clock.remaining is None else int(clock.remaining.total_seconds()),
        "segments": clock.segments,
        "upcoming": course.upcoming,
        "explanation": {"en": explanation.en, "zh": explanation.zh},
    }


def _shown(timer: SlaTimer, course: ClockCourse | None, now: datetime) -> Iterator[Any]:
    title = " · ".join(part for part in (timer.title_zh, timer.title_en, timer.part) if part)
    which = f"  cycle {timer.cycle}, {timer.instance}" if (timer.cycle, timer.instance) != (1, 1) else ""
    yield Text(clean(f"{title}  ({timer.target}){which}"), "bold")
    yield _standing(timer, now)
    if course is None:
        return
    place = zone(timer.zone)
    segments = [*course.clock.segments]
    if segments:
        yield _segments(segments, place)
    yield ""
    for sentences in (course.explanation.en, course.explanation.zh):
        yield "\n".join(sentences)


def _standing(timer: SlaTimer, now: datetime) -> str:
    when_due, by_now = verdicts_at(timer, now)
    parts = [f"{state_at(timer, now)}"]
    if timer.due_at is not None:
        parts.append(f"due {due_words(timer)} {timer.zone}")
    if by_now is not None:
        parts.append(f"{by_now}, as known when due {when_due or 'not decided'}")
    parts.append(f"statutory: {timer.statute_clause}" if timer.statutory else "internal")
    return "; ".join(parts)


def _segments(segments: Sequence[Segment], place: ZoneInfo) -> Any:
    lines = table("from", "to", "lasts", "counted", "", "event", right=("lasts", "counted", "event"))
    for begin, end, counts, why, by, note in segments:
        lasts = short(end - begin)
        what = WORDS[why] if note is None else f"{WORDS[why]} ({note})"
        add_row(lines, moment(begin, place), moment(end, place), lasts, lasts if counts else None, what, by)
    return lines
