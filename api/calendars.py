"""Calendars as TOML files: what a file says, with its statutory days written out, or all that is wrong with it.

    [statutory]
    country = "CN"            # ISO 3166, as the `holidays` package knows it
    years = [2025, 2026]
    language = "zh_CN"        # of the names; optional, like `subdivision` and `categories`

stands for dated holidays and, where the package knows them, make-up working days. They are written out here, so that an
event holds dates and not a library's opinion of a later year.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from domain.sla.calendar import CalendarDocument, Problem, document_of, problems
from domain.sla.days import WEEKDAYS

STATUTORY = "statutory"
MOST_BYTES = 1 << 20
LANGUAGE = "en_US"
"""Of names, where a file asks for none and the package has it: never the machine's own."""


class FileProblem(NamedTuple):
    """Something that is wrong with a file."""

    line: int | None
    """From 1; None where it is about the whole file."""
    place: str
    message: str


class BadCalendarFile(Exception):
    """A file holds no calendar."""

    def __init__(self, path: Path, found: Sequence[FileProblem]) -> None:
        told = "; ".join(told_problem(each) for each in found[:3])
        more = f"; {len(found) - 3} more, which `daybook calendar check` shows" if len(found) > 3 else ""
        super().__init__(f"The calendar {path} is not right: {told}{more}.")
        self.problems = tuple(found)


class Statutory(BaseModel):
    """Which statutory days a file asks for."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    country: str
    years: Annotated[tuple[Annotated[int, Field(ge=1900, lt=2200)], ...], Field(min_length=1, max_length=50)]
    subdivision: str | None = None
    categories: tuple[str, ...] | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """What a file says."""

    document: CalendarDocument | None
    """None when something is wrong with it."""
    problems: tuple[FileProblem, ...]
    notes: tuple[str, ...]
    """What its writer had better know, though nothing is wrong."""


def document_in(path: Path) -> CalendarDocument:
    """The calendar in a file. Raises: BadCalendarFile, OSError."""
    read = read_file(path)
    if read.document is None:
        raise BadCalendarFile(path, read.problems)
    return read.document


def read_file(path: Path) -> Read:
    """What a file says, and all that is wrong with it. Raises: OSError when there is no such file."""
    with path.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        return _wrong(None, "", f"the file is larger than {MOST_BYTES} bytes, and no calendar is")
    try:
        text = data.decode("utf-8")
        said = tomllib.loads(text)
    except UnicodeDecodeError as error:
        return _wrong(data.count(b"\n", 0, error.start) + 1, "", "this is not UTF-8, as TOML is")
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        return _wrong(int(line[1]) if line else None, "", f"this is not TOML: {error}")
    except ValueError:
        return _wrong(None, "", "a number has more digits than anybody counts")
    except RecursionError:
        return _wrong(None, "", "values are nested too deep for a calendar")
    lines = lines_of(text)
    raw, wrong, notes = _expanded(said)
    found = sorted(
        (FileProblem(_line_of(each.place, lines), each.place, each.message) for each in {*wrong, *problems(raw)}),
        key=lambda each: (each.line or 0, each.place),
    )
    return Read(None if found else document_of(raw), tuple(found), notes)


def told_problem(problem: FileProblem) -> str:
    """A problem in words: `line 7, week.mon: ...`."""
    where = [f"line {problem.line}"] if problem.line else []
    where += [problem.place] if problem.place else []
    return f"{', '.join(where)}: {problem.message}" if where else problem.message


def _wrong(line: int | None, place: str, message: str) -> Read:
    return Read(None, (FileProblem(line, place, message),), ())


# Statutory days -------------------------------------------------------------------------------------------------------


def _expanded(said: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem], tuple[str, ...]]:
    """The document with its statutory days written out, what is wrong with asking for them, and what to know."""
    raw = {name: value for name, value in said.items() if name != STATUTORY}
    if STATUTORY not in said:
        return raw, [], ()
    try:
        asked = Statutory.model_validate(said[STATUTORY])
    except ValidationError as bad:
        return raw | {"source": "statutory"}, [_problem(error) for error in bad.errors(include_url=False)], ()
    try:
        known = _known(asked)
    except (NotImplementedError, ValueError) as error:
        told = Problem(STATUTORY, f"the holidays package says: {error}")
        return raw | {"source": "statutory"}, [told], ()
    taken = {_date_of(key) for kind in ("holidays", "working_days") for key in _keys(raw.get(kind))}
    for kind, entries in (("holidays", known.holidays), ("working_days", known.working_days)):
        own = raw.get(kind, {})
        if not isinstance(own, list | dict):
            continue  # told as it stands
        listed = [{"date": day.isoformat(), **entry} for day, entry in entries.items() if day not in taken]
        raw[kind] = [*own, *listed] if isinstance(own, list) else own | {each.pop("date"): each for each in listed}
        if kind == "holidays" and not isinstance(own, list):
            raw[kind] = {key: value["name"] if isinstance(value, dict) else value for key, value in raw[kind].items()}
    if isinstance(told := raw.get("source", ""), str):
        raw["source"] = "; ".join(part for part in (known.source, told) if part)
    return raw, [], known.notes


class _Known(NamedTuple):
    holidays: dict[date, dict[str, Any]]
    working_days: dict[date, dict[str, Any]]
    source: str
    notes: tuple[str, ...]


def _known(asked: Statutory) -> _Known:
    """The statutory days that the package knows. Raises: NotImplementedError, ValueError."""
    import holidays as package

    # It takes any name that it has inside, its base class of no holidays among them.
    if asked.country not in package.list_supported_countries():
        raise ValueError(f"Country {asked.country} not available; write its code, such as CN or GB")
    options = {"subdiv": asked.subdivision, "years": asked.years, "categories": asked.categories}
    plain = package.country_holidays(asked.country, **options)  # type: ignore[arg-type]
    languages = plain.supported_languages
    if asked.language is not None and asked.language not in languages:
        raise ValueError(f"{asked.country} has no names in {asked.language}; it has {', '.join(sorted(languages))}")
    language = asked.language or (LANGUAGE if LANGUAGE in languages else plain.default_language)
    days = package.country_holidays(asked.country, **options, language=language)  # type: ignore[arg-type]
    named = {day: {"name": name[:200]} for day, name in sorted(days.items()) if day.year in asked.years}
    instead = {}
    for day in sorted(day for day in days.weekend_workdays if day.year in asked.years):
        place = _taken_by(days, day)
        instead[day] = {"like": str(WEEKDAYS[place.weekday() if place else 0])}
        if place is not None:
            chinese = (language or "").startswith("zh")
            instead[day]["name"] = f"{place} 调休" if chinese else f"instead of {place}"
    where = f"{asked.country}-{asked.subdivision}" if asked.subdivision else asked.country
    years = ", ".join(map(str, asked.years))
    return _Known(named, instead, f"holidays {version('holidays')}: {where} {years}", _unannounced(asked, days))


def _taken_by(days: Any, worked: date) -> date | None:
    """The day off that a make-up working day makes up for, when the package says so."""
    for name in ("special_public_holidays", "special_public_holidays_observed"):
        for entry in getattr(days, name, {}).get(worked.year, ()):
            if isinstance(entry, tuple) and len(entry) == 4 and entry[2:] == (worked.month, worked.day):
                return date(worked.year, *entry[:2])
    return None


def _unannounced(asked: Statutory, days: Any) -> tuple[str, ...]:
    """Years whose make-up working days nobody has announced yet, in a country that has such days."""
    announced = {day.year for day in days.weekend_workdays}
    missing = [year for year in asked.years if announced and year not in announced and year > max(announced)]
    return tuple(
        f"No make-up working days of {year} are known for {asked.country}: its dates are what the rules foresee. "
        "Publish another version once they are announced."
        for year in missing
    )


def _keys(entries: Any) -> Iterator[Any]:
    if isinstance(entries, Mapping):
        yield from entries
    elif isinstance(entries, list):
        yield from (entry.get("date") for entry in entries if isinstance(entry, Mapping))


def _date_of(key: Any) -> date | None:
    try:
        return key if isinstance(key, date) else date.fromisoformat(str(key))
    except ValueError:
        return None


def _problem(error: Any) -> Problem:
    place = STATUTORY + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error["loc"])
    message = "this is missing" if error["type"] == "missing" else str(error["msg"]).removeprefix("Value error, ")
    return Problem(place, message[:1].lower() + message[1:])


# Lines ----------------------------------------------------------------------------------------------------------------

_TABLE = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?")
_KEY = re.compile(r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=""")


def lines_of(text: str) -> dict[str, int]:
    """Where each key and table of a TOML text stands, by its place in the document: `week.mon` -> 7.

    It knows what calendars are written with, and passes over whatever else there is: tomllib tells no lines.
    """
    lines: dict[str, int] = {}
    table, counts = "", dict[str, int]()
    for number, line in enumerate(text.splitlines(), 1):
        if (header := _TABLE.fullmatch(line)) is not None:
            table = _plain(header[2])
            if header[1] == "[[":
                counts[table] = counts.get(table, -1) + 1
                table = f"{table}[{counts[table]}]"
            lines.setdefault(table, number)
        elif (key := _KEY.match(line)) is not None:
            lines.setdefault(f"{table}.{_plain(key[1])}" if table else _plain(key[1]), number)
    return lines


def _plain(key: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in key.split("."))


def _line_of(place: str, lines: Mapping[str, int]) -> int | None:
    """The line of a place, or of the nearest thing around it that has one."""
    while place:
        if place in lines:
            return lines[place]
        place = place[: max(place.rfind("."), place.rfind("["), 0)]
    return None
