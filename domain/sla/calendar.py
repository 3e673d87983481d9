"""A calendar (工作日历): on which days, and when on them, somebody works. A document, as data.

What holds for a date: its override; or else its entry among the working days (调休); or else nothing, on a holiday; or
else the frames of its day of the week. Breaks are taken out of whatever that leaves, also of a night's work that began
on the date before. A frame that ends before it begins goes over midnight and belongs to the date on which it begins.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any, NamedTuple, Self, TypeAlias

from pydantic import (
    AfterValidator,
    BeforeValidator,
    PlainSerializer,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from typing_extensions import override

from domain.event import EARLIEST, LATEST, Label, ZoneName
from domain.sla.days import MIDNIGHT, WEEKDAYS, Days, Weekday, minutes
from domain.sla.document import Part, Slug
from domain.sla.zones import UnknownZone, zone

MOST_ENTRIES = 3_000
"""Dated entries of one document, all kinds together."""
MOST_BYTES = 53 * 1024
"""An event's data may have 56 KiB; the rest is for who proposed the document and why."""

_FRAME = re.compile(r"(\d{2}):(\d{2})-(\d{2}):(\d{2})")


def _frame(text: str) -> str:
    match = _FRAME.fullmatch(text)
    if match is None:
        raise ValueError(f"'{text}' is no frame of hours; write one as 09:00-12:00")
    hours = [int(part) for part in match.groups()]
    begin, end = hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]
    if max(hours[1], hours[3]) > 59 or begin >= MIDNIGHT or end > MIDNIGHT:
        raise ValueError(f"'{text}' holds no times of day; they go from 00:00 to 24:00")
    if begin == end:
        raise ValueError(f"'{text}' has no length; write a whole day as 00:00-24:00")
    return text


def _day(value: Any) -> Any:
    if isinstance(value, datetime) or not isinstance(value, str | date):
        raise ValueError("this is no date; write one as 2026-02-28")
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value if re.fullmatch(r"\d{4}-\d{2}-\d{2}", value) else "")
        except ValueError:
            raise ValueError(f"'{value}' is no date that there is; write one as 2026-02-28") from None
    if not EARLIEST.year <= value.year < LATEST.year:
        raise ValueError(f"{value.isoformat()} is not a date of this ledger; give one from 1900 to 2199")
    return value


def _day_of_year(text: str) -> str:
    try:
        date.fromisoformat(f"2024-{text}" if re.fullmatch(r"\d{2}-\d{2}", text) else "")  # a year with 02-29
    except ValueError:
        raise ValueError(f"'{text}' is no day of a year; write it as 12-25") from None
    return text


Frame = Annotated[str, AfterValidator(_frame)]
"""Hours of a day, in local time: `09:00-12:00`, up to `24:00`, or over midnight as `22:00-06:00`."""

Day = Annotated[date, BeforeValidator(_day), PlainSerializer(date.isoformat, return_type=str, when_used="json")]
"""A local date, from 1900 to 2199."""

DayOfYear = Annotated[str, AfterValidator(_day_of_year)]
"""A day that comes every year: `12-25`; 02-29 comes in leap years."""


class CalendarTitle(Part):
    """What people read, in both languages of the console."""

    en: Label
    zh: Label | None = None


class Week(Part):
    """The frames of each day of the week; a day without any is closed."""

    mon: tuple[Frame, ...] = ()
    tue: tuple[Frame, ...] = ()
    wed: tuple[Frame, ...] = ()
    thu: tuple[Frame, ...] = ()
    fri: tuple[Frame, ...] = ()
    sat: tuple[Frame, ...] = ()
    sun: tuple[Frame, ...] = ()

    def of(self, weekday: Weekday) -> tuple[Frame, ...]:
        """The frames of a day of the week."""
        frames: tuple[Frame, ...] = getattr(self, weekday)
        return frames


class Holiday(Part):
    """A date on which nobody works."""

    date: Day
    name: Label


class WorkingDay(Part):
    """A date on which somebody works, whatever day of the week or holiday it is: `like` another day, or in `frames`."""

    date: Day
    like: Weekday | None = None
    frames: tuple[Frame, ...] = ()
    name: Label | None = None


class Override(Part):
    """What holds for a date, whatever else is said of it; no frames: it is closed."""

    date: Day
    frames: tuple[Frame, ...]


class Break(Part):
    """Hours of a date in which nobody works."""

    date: Day
    frames: tuple[Frame, ...]


class Problem(NamedTuple):
    """Something that is wrong with a document."""

    place: str
    """Such as `week.mon[1]`; empty for the document as a whole."""
    message: str

    @override
    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message


class BadCalendar(ValueError):
    """A document is no calendar; `problems` are all its mistakes, each with its place."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        told = "\n".join(f"  {problem}" for problem in problems)
        super().__init__(f"This is no calendar; {len(problems)} to mend:\n{told}")
        self.problems = tuple(problems)


class CalendarDocument(Part):
    """A calendar in full: what a TOML file holds, and an event."""

    name: Slug
    title: CalendarTitle
    zone: ZoneName
    week: Week
    annual_holidays: tuple[DayOfYear, ...] = ()
    holidays: tuple[Holiday, ...] = ()
    working_days: tuple[WorkingDay, ...] = ()
    overrides: tuple[Override, ...] = ()
    breaks: tuple[Break, ...] = ()
    source: Label
    """Where its dates come from."""

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        found = contradictions(self)
        if found:
            raise ValueError("; ".join(map(str, found)))
        return self


# What cannot hold together --------------------------------------------------------------------------------------------


def contradictions(document: CalendarDocument) -> list[Problem]:
    """All that cannot hold together in a document whose parts are right by themselves, each with its place."""
    found = [*_week_contradictions(document.week), *_dates_twice(document)]
    for kind in ("working_days", "overrides", "breaks"):
        for place, entry in enumerate(getattr(document, kind)):
            found += _overlaps([(f"{kind}[{place}].frames[{at}]", frame, 0) for at, frame in enumerate(entry.frames)])
    for place, working in enumerate(document.working_days):
        if (working.like is None) is (not working.frames):
            found.append(Problem(f"working_days[{place}]", "give either `like` or `frames`"))
        elif working.like is not None and not document.week.of(working.like):
            said = f"the week has no frames on {working.like}; give frames, or a day on which somebody works"
            found.append(Problem(f"working_days[{place}].like", said))
    entries = sum(len(getattr(document, kind)) for kind in ("holidays", "working_days", "overrides", "breaks"))
    if entries > MOST_ENTRIES:
        found.append(Problem("", f"{entries} dated entries are more than {MOST_ENTRIES}; leave out past years"))
    elif (size := len(document.model_dump_json().encode())) > MOST_BYTES:
        said = f"the document has {size} bytes, and an event holds {MOST_BYTES}; leave out past years"
        found.append(Problem("", said))
    return found or _nights_into_days(document)


def _week_contradictions(week: Week) -> list[Problem]:
    if not any(week.of(weekday) for weekday in WEEKDAYS):
        said = "nobody works on any day, and nothing would ever be due; give the frames of at least one day"
        return [Problem("week", said)]
    found: list[Problem] = []
    for index, weekday in enumerate(WEEKDAYS):
        before = WEEKDAYS[index - 1]
        nights = [(f"week.{before}[{at}]", frame, -MIDNIGHT) for at, frame in enumerate(week.of(before))]
        found += _overlaps(
            [each for each in nights if minutes(each[1])[1] > MIDNIGHT]
            + [(f"week.{weekday}[{at}]", frame, 0) for at, frame in enumerate(week.of(weekday))]
        )
    return found


def _overlaps(frames: list[tuple[str, str, int]]) -> list[Problem]:
    """Frames that overlap, each with its place and the minutes by which it lies elsewhere."""
    found: list[Problem] = []
    furthest: tuple[int, str] | None = None
    for place, frame, moved in sorted(frames, key=lambda each: minutes(each[1])[0] + each[2]):
        begin, end = (at + moved for at in minutes(frame))
        if furthest is not None and begin < furthest[0]:
            found.append(Problem(place, f"'{frame}' overlaps {furthest[1]}; join them, or cut one"))
        furthest = max(furthest or (end, ""), (end, f"'{frame}' of {place.partition('[')[0]}"))
    return found


def _dates_twice(document: CalendarDocument) -> list[Problem]:
    found: list[Problem] = []
    holidays: dict[date, str] = {}
    for kind in ("holidays", "working_days", "overrides", "breaks"):
        seen: dict[date, str] = {} if kind != "working_days" else dict(holidays)
        for index, entry in enumerate(getattr(document, kind)):
            place = f"{kind}[{index}]"
            if entry.date in seen:
                said = f"{entry.date.isoformat()} stands among the {seen[entry.date]} already; keep one of the two"
                found.append(Problem(place, said))
            seen.setdefault(entry.date, kind.replace("_", " "))
        holidays = seen if kind == "holidays" else holidays
    return found


def _nights_into_days(document: CalendarDocument) -> list[Problem]:
    """Dates with hours of their own, beside a night's work that overlaps them."""
    days = Days(document)
    found: list[Problem] = []
    for kind in ("working_days", "overrides"):
        for place, entry in enumerate(getattr(document, kind)):
            for first in (entry.date - timedelta(days=1), entry.date):
                night = [frame for frame in days.frames(first) if frame[1] > MIDNIGHT]
                next_day = days.frames(first + timedelta(days=1))
                if night and next_day and night[-1][1] - MIDNIGHT > next_day[0][0]:
                    said = f"the night's work of {first.isoformat()} overlaps what begins on the next date; cut one"
                    found.append(Problem(f"{kind}[{place}]", said))
    return found


# Reading --------------------------------------------------------------------------------------------------------------

_KEYED = {"holidays": "name", "overrides": "frames", "breaks": "frames", "working_days": ""}
"""Lists that may be written as a table by date, and which field of an entry its value is; "" for a table of fields."""


def problems(raw: Mapping[str, Any]) -> list[Problem]:
    """All that is wrong with a document as it was read from a file or a form, each with its place; none when it is a
    calendar."""
    entries, places = _listed(raw)
    found, sound, moved = _by_themselves(entries)
    if sound.get("week"):
        spoilt = any(each.place.startswith("week") for each in found)  # then it may not be empty at all
        together = contradictions(CalendarDocument.model_construct(**sound))
        found += [
            Problem(_named(each.place, moved), each.message)
            for each in together
            if not (spoilt and each.place == "week")
        ]
    return sorted({Problem(_named(each.place, places), each.message) for each in found})


def document_of(raw: Mapping[str, Any]) -> CalendarDocument:
    """The calendar in a document as it was read. Raises: BadCalendar, with all its mistakes."""
    found = problems(raw)
    if found:
        raise BadCalendar(found)
    return CalendarDocument.model_validate(_listed(raw)[0])


def _listed(raw: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The document with its tables by date as lists, and where each entry of those stands."""
    entries, places = dict(raw), dict[str, str]()
    for kind, field in _KEYED.items():
        table = raw.get(kind)
        if not isinstance(table, Mapping):
            continue
        entries[kind] = []
        for index, (key, value) in enumerate(table.items()):
            fields = {field: value} if field else dict(value) if isinstance(value, Mapping) else {"like": value}
            entries[kind].append({"date": key, **fields})
            places[f"{kind}[{index}]"] = f"{kind}.{key}"
    return entries, places


def _named(place: str, places: Mapping[str, str]) -> str:
    """A place as the writer of the document knows it."""
    entry, bracket, rest = place.partition("]")
    return places.get(entry + bracket, entry + bracket) + rest


def _by_themselves(entries: Mapping[str, Any]) -> tuple[list[Problem], dict[str, Any], dict[str, str]]:
    """What is wrong with single parts of a document, those that are right, and where among all they stood."""
    said = f"a calendar has no such field; it has {', '.join(CalendarDocument.model_fields)}"
    found = [Problem(name, said) for name in sorted(set(entries) - set(CalendarDocument.model_fields))]
    sound: dict[str, Any] = {}
    moved: dict[str, str] = {}
    for name, field in CalendarDocument.model_fields.items():
        if name not in entries:
            if field.is_required():
                found.append(Problem(name, "this is missing"))
            else:
                sound[name] = field.default
            continue
        adapter: TypeAdapter[Any] = TypeAdapter(field.rebuild_annotation())
        wrong = _wrong(adapter, entries[name])
        found += [Problem(name + "".join(map(_step, where)), words) for where, words in wrong]
        try:
            sound[name] = adapter.validate_python(_without(entries[name], [where for where, _ in wrong], name, moved))
        except ValidationError:
            continue
    if "zone" in sound:
        try:
            zone(sound["zone"])
        except UnknownZone as unknown:
            found.append(Problem("zone", str(unknown)))
    return found, sound, moved


Where: TypeAlias = tuple[int | str, ...]


def _wrong(adapter: TypeAdapter[Any], value: Any) -> list[tuple[Where, str]]:
    try:
        adapter.validate_python(value)
    except ValidationError as bad:
        return [(error["loc"], _words(error)) for error in bad.errors(include_url=False, include_input=False)]
    return []


def _without(value: Any, wrong: Sequence[Where], place: str, moved: dict[str, str]) -> Any:
    """A part without the entries that are wrong; `moved` takes note of where the others stood."""
    if () in wrong:
        return value
    lost = {where[0] for where in wrong if len(where) == 1 or isinstance(where[0], int)}
    inner = {where[0] for where in wrong} - lost
    if isinstance(value, Mapping):
        return {
            key: _without(each, [where[1:] for where in wrong if where[0] == key], f"{place}.{key}", moved)
            if key in inner
            else each
            for key, each in value.items()
            if key not in lost
        }
    if not isinstance(value, list | tuple):
        return value
    kept = [(at, each) for at, each in enumerate(value) if at not in lost]
    moved.update({f"{place}[{now}]": f"{place}[{at}]" for now, (at, _) in enumerate(kept)})
    return [each for _, each in kept]


def _step(step: int | str) -> str:
    return f"[{step}]" if isinstance(step, int) else f".{step}"


def _words(error: Any) -> str:
    """What pydantic found, in words for who writes calendars."""
    match error["type"]:
        case "value_error":
            return str(error["ctx"]["error"])
        case "missing":
            return "this is missing"
        case "extra_forbidden":
            return "there is no such field here"
        case "string_pattern_mismatch":
            return f"this does not look like {error['ctx']['pattern']}"
        case _:
            message: str = error["msg"]
            return message[0].lower() + message[1:]
