"""The hours by which the units work that had a case (机构工作时间), out of their streams and those above them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from domain.amendment import Amendment, CorrectionRequested
from domain.correction import applied
from domain.envelope import Recorded
from domain.event import Precision
from domain.sla.calendars import Calendars, UnknownCalendar
from domain.sla.happenings import first_instant_of_day
from domain.sla.lanes import units_named
from domain.sla.standards import Standards
from domain.sla.unit_hours import HoursOfUnit, KnownSpells, Spell, UnitHours
from domain.unit.events import UnitHoursSet, UnitMoved, UnitNameTaken, UnitOpened, id_of_unit, stream_of_unit

History = Sequence[Recorded[Any]]

BEARS_ON_HOURS = (UnitOpened, UnitNameTaken, UnitMoved, UnitHoursSet, Amendment)
"""The events of a unit that may change by which hours it works, or one below it."""


def units_of(history: History) -> Iterator[str]:
    """The streams of the units that a case or an obligation went through; none when it stayed with one.

    Hours of its own count of a unit to which something was passed on: what stays where it began is counted by what its
    policy says.
    """
    names = dict.fromkeys(units_named(recorded.event for recorded in history))
    return map(_stream_of, names if len(names) > 1 else ())


def units_above(history: History) -> Iterator[str]:
    """The streams of the units that one ever stood below, given its stream as it was written; of a name under which
    none was opened the unit that took it."""
    for recorded in history:
        event = recorded.event
        if isinstance(event, CorrectionRequested):
            event = event.replacement.data
        if isinstance(event, UnitOpened | UnitMoved) and event.parent is not None:
            yield stream_of_unit(event.parent)
        elif isinstance(event, UnitNameTaken):
            yield stream_of_unit(event.unit_id)


def with_units(standards: Standards, history: History, units: Mapping[str, History]) -> Standards:
    """The standards with the hours of the units that a case or an obligation went through.

    `units` holds their streams and those of the units above them, as they were written.
    """
    names = dict.fromkeys(units_named(recorded.event for recorded in history))
    if len(names) < 2:
        return standards
    found = ((name, _hours_of(_stream_of(name), standards, units)) for name in names)
    return standards.among({name: hours for name, hours in found if hours is not None})


def _stream_of(name: str) -> str:
    return stream_of_unit(id_of_unit(name))


def _hours_of(stream: str, standards: Standards, units: Mapping[str, History]) -> HoursOfUnit | None:
    """The hours of a unit; None when neither it nor any unit above it ever had hours of its own."""
    streams = list(_lineage(stream, units))
    # Units of two books may have the same streams.
    key = ("unit hours", *((units[each][0].book, each, *_extent(units[each])) for each in streams))
    if key not in standards.kept:
        standards.kept[key] = _worked_out(stream, {each: units[each] for each in streams}, standards.calendars)
    found: HoursOfUnit | None = standards.kept[key]
    return found


def _extent(written: History) -> Iterator[int]:
    """What of a stream is looked at. What was written is not written otherwise later, so that its length says so,
    unless some of it is left out, as whoever asks what a source knew leaves it out."""
    if written[-1].version == len(written):
        yield len(written)
    else:
        yield from (0, *(recorded.version for recorded in written))


def _lineage(stream: str, units: Mapping[str, History]) -> Iterable[str]:
    """The unit and all that it ever stood below, as far as they are there."""
    found: dict[str, None] = {}
    waiting = [stream]
    while waiting:
        at = waiting.pop()
        if at not in found and units.get(at):
            found[at] = None
            waiting += units_above(units[at])
    return found


def _worked_out(stream: str, units: Mapping[str, History], calendars: Calendars) -> HoursOfUnit | None:
    everything = [recorded for history in units.values() for recorded in history]
    if not any(isinstance(recorded.event, UnitHoursSet) for recorded in everything):
        return None
    heard = {recorded.recorded_at for recorded in everything if isinstance(recorded.event, BEARS_ON_HOURS)}
    known: list[KnownSpells] = []
    for at in sorted(heard):
        told = {each: _Unit.of(one for one in units[each] if one.recorded_at <= at) for each in units}
        spells = tuple(_spells(stream, told, calendars))
        if not known or known[-1].spells != spells:
            known.append(KnownSpells(at, spells))
    return HoursOfUnit(tuple(known))


class _Since(NamedTuple):
    """What held of a unit from an instant on: where it stood, or by what it worked."""

    at: datetime
    what: Any


class _Unit(NamedTuple):
    """A unit as it was known, each thing in the order of its stream, which decides between two of one instant."""

    parents: Sequence[_Since]
    calendars: Sequence[_Since]

    @classmethod
    def of(cls, written: Iterable[Recorded[Any]]) -> _Unit:
        parents, calendars = list[_Since](), list[_Since]()
        for recorded in applied(written):
            event = recorded.event
            if isinstance(event, UnitOpened | UnitMoved):
                parents.append(_Since(_began(recorded), event.parent))
            elif isinstance(event, UnitNameTaken):
                parents.append(_Since(_began(recorded), event.unit_id))
            elif isinstance(event, UnitHoursSet):
                calendars.append(_Since(_began(recorded), event.calendar))
        return cls(parents, calendars)


def _began(recorded: Recorded[Any]) -> datetime:
    by_day = recorded.occurred_precision is Precision.DAY
    return first_instant_of_day(recorded) if by_day else recorded.occurred_at


def _spells(stream: str, told: Mapping[str, _Unit], calendars: Calendars) -> Iterator[Spell]:
    instants = {each.at for unit in told.values() for each in (*unit.parents, *unit.calendars)}
    last: UnitHours | None = None
    for at in sorted(instants):
        hours = _hours_at(at, stream, told, calendars)
        if hours != last:
            last = hours
            yield Spell(at, hours)


def _hours_at(at: datetime, stream: str, told: Mapping[str, _Unit], calendars: Calendars) -> UnitHours | None:
    """The unit's own, or else those of the nearest unit above that has some; no walk goes round in a circle."""
    seen: set[str] = set()
    here: str | None = stream
    while here is not None and here in told and here not in seen:
        seen.add(here)
        calendar = _held(told[here].calendars, at)
        if calendar is not None:
            return _hours_by(calendar, calendars)
        parent = _held(told[here].parents, at)
        here = None if parent is None else stream_of_unit(parent)
    return None


def _held(told: Sequence[_Since], at: datetime) -> Any:
    return next((each.what for each in reversed(told) if each.at <= at), None)


def _hours_by(calendar: str, calendars: Calendars) -> UnitHours | None:
    """None when nobody published the calendar, as imported history may have it."""
    try:
        return UnitHours(calendar, calendars.versions(calendar)[0].document.zone)
    except UnknownCalendar:
        return None
