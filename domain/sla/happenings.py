"""The events of a stream in the order in which they happened, and when among them an expression comes true."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple, TypeAlias

from domain.envelope import Recorded
from domain.event import Event, Precision
from domain.sla.expression import AnyOf, Expression, Happens, plain, read
from domain.sla.working_time import instant_at
from domain.sla.zones import UnknownZone, zone

DAY = timedelta(days=1)
_NAMES: dict[type[Event], str] = {}


def name_of(event: Event) -> str:
    """The event's topic without the version of its schema, as expressions have it."""
    kind = type(event)
    name = _NAMES.get(kind)
    if name is None:
        name = _NAMES[kind] = kind.TOPIC.rpartition(".")[0]
    return name


class Happening(NamedTuple):
    """An event in its place."""

    at: datetime
    """When it occurred. Of a day: its first instant, or that of whatever was recorded of the day before."""
    day: date | None
    """The local day, when only that is known."""
    recorded: Recorded[Any]


class Timeline:
    """The events of one stream by time, those of one instant by version; places are counted from 0.

    What is known by its day only comes behind whatever of that day had been recorded before it.
    """

    __slots__ = ("all", "by_name")

    def __init__(self, happenings: list[Happening], by_name: dict[str, list[int]]) -> None:
        self.all = happenings
        self.by_name = by_name

    @classmethod
    def of(cls, history: Iterable[Recorded[Any]], at: datetime) -> Timeline:
        """The events that had occurred by an instant, out of a stream in order of version."""
        told: list[Happening] = []
        in_order, last = True, None
        for recorded in history:
            occurred_at = recorded.occurred_at
            if occurred_at > at:
                continue
            if recorded.occurred_precision is Precision.DAY:
                one = _of_day(told, recorded)
                occurred_at = one.at
            else:
                one = Happening(occurred_at, None, recorded)
            if last is not None and occurred_at < last:
                in_order = False
            last = occurred_at
            told.append(one)
        if not in_order:
            told.sort(key=lambda one: one.at)  # stable: those of one instant stay in order of version
        by_name: dict[str, list[int]] = {}
        for place, one in enumerate(told):
            event = one.recorded.event
            name = _NAMES.get(type(event)) or name_of(event)
            if name in by_name:
                by_name[name].append(place)
            else:
                by_name[name] = [place]
        return cls(told, by_name)

    def of_part(self, part: str) -> Timeline:
        """The same without what is about another part of the case."""
        elsewhere = {
            place for place, one in enumerate(self.all) if getattr(one.recorded.event, "part", part) not in {part, None}
        }
        if not elsewhere:
            return self
        kept = {name: [place for place in places if place not in elsewhere] for name, places in self.by_name.items()}
        return Timeline(self.all, kept)

    def places(self, *names: str) -> list[int]:
        """The places of events of these names, in order."""
        found = [places for name in names if (places := self.by_name.get(name))]
        if len(found) < 2:  # mostly there is one, and it is in order already
            return found[0] if found else []
        return sorted(chain.from_iterable(found))

    def after(self, at: datetime) -> int:
        """The place of the first event after an instant; the number of all when there is none."""
        return next((place for place, one in enumerate(self.all) if one.at > at), len(self.all))


def first_instant_of_day(recorded: Recorded[Any]) -> datetime:
    """When the local day began on which an event occurred."""
    place = _zone_of(recorded)
    return instant_at(datetime.combine(recorded.occurred_at.astimezone(place).date(), time()), place)


def _of_day(told: Sequence[Happening], recorded: Recorded[Any]) -> Happening:
    place = _zone_of(recorded)
    day = recorded.occurred_at.astimezone(place).date()
    begin, end = (instant_at(datetime.combine(each, time()), place) for each in (day, day + DAY))
    at = max((one.at for one in told if begin <= one.at < end), default=begin)
    return Happening(at, day, recorded)


def _zone_of(recorded: Recorded[Any]) -> Any:
    try:
        return zone(recorded.occurred_zone)
    except UnknownZone:  # an older release of the zone data may have had it
        return zone("UTC")


# Expressions ----------------------------------------------------------------------------------------------------------


class Leaf(NamedTuple):
    """An event that is waited for, made ready for many histories."""

    name: str
    conditions: tuple[tuple[str, frozenset[str]], ...]
    references: tuple[tuple[str, str], ...]
    """A field that holds the version of another event, and that event's name."""


class Compiled(NamedTuple):
    """Several of which any or all are waited for."""

    any: bool
    of: tuple[Waited, ...]


Waited: TypeAlias = Leaf | Compiled
Found: TypeAlias = Mapping[str, list[int]]
"""Of the events of one `all`, by name: the places of those that fit it."""


@lru_cache(maxsize=4_000)
def waited(text: str) -> Waited:
    """An expression's text made ready. Raises: BadExpression."""
    return _compiled(read(text))


def _compiled(expression: Expression) -> Waited:
    if isinstance(expression, Happens):
        references = tuple(expression.references.items())
        names = {field for field, _ in references}
        conditions = ((each.field, frozenset(each.values)) for each in expression.conditions if each.field not in names)
        return Leaf(expression.name, tuple(conditions), references)
    return Compiled(isinstance(expression, AnyOf), tuple(map(_compiled, expression.of)))


def names_in(expression: Waited) -> frozenset[str]:
    """The names of all events that it speaks of."""
    if isinstance(expression, Leaf):
        return frozenset({expression.name})
    return frozenset().union(*map(names_in, expression.of))


def takes(leaf: Leaf, event: Event) -> bool:
    """Whether it is an event of that name with the conditions, references left aside."""
    return all(plain(getattr(event, field, None)) in values for field, values in leaf.conditions)


def first(
    expression: Waited, timeline: Timeline, since: int, origin: int | None = None, found: Found | None = None
) -> int | None:
    """The first place from `since` on at which an expression is so.

    Of an `all` the events may have come from `origin` on, as long as the last of them comes from `since` on.
    """
    if isinstance(expression, Leaf):
        places = timeline.by_name.get(expression.name)
        if places is None:
            return None
        if not expression.conditions and not expression.references:
            for place in places:
                if place >= since:
                    return place
            return None
        return _first_that_fits(expression, timeline, places, since, found)
    origin = since if origin is None else origin
    if expression.any:
        earliest: int | None = None
        for part in expression.of:
            if isinstance(part, Leaf) and part.name not in timeline.by_name:
                continue
            found_at = first(part, timeline, since, origin, found)
            if found_at is not None and (earliest is None or found_at < earliest):
                earliest = found_at
        return earliest
    return _first_of_all(expression.of, timeline, since, origin)


def _first_that_fits(leaf: Leaf, timeline: Timeline, places: list[int], since: int, found: Found | None) -> int | None:
    fitting: list[int] = []
    for place in places:
        event = timeline.all[place].recorded.event
        if (place < since and not leaf.references) or not takes(leaf, event):
            continue
        at: int | None = place
        for field, name in leaf.references:
            other = _referred(timeline, place, getattr(event, field, None), name, found)
            at = None if at is None or other is None else max(at, other)
        if at is not None and at >= since:
            fitting.append(at)
    return min(fitting, default=None)


def _referred(timeline: Timeline, place: int, version: Any, name: str, found: Found | None) -> int | None:
    """The place of the event that one in a place refers to, when it is one of those found."""
    all_of_it = timeline.by_name.get(name, [])
    if version is None:
        other = max((each for each in all_of_it if each < place), default=None)
    else:
        other = next((each for each in all_of_it if timeline.all[each].recorded.version == version), None)
    return other if found is None or other in found.get(name, all_of_it) else None


def _first_of_all(parts: Sequence[Waited], timeline: Timeline, since: int, origin: int) -> int | None:
    found: dict[str, list[int]] = {}
    for part in parts:
        if isinstance(part, Leaf) and not part.references:
            places = timeline.by_name.get(part.name, [])
            fitting = [place for place in places if place >= origin and takes(part, timeline.all[place].recorded.event)]
            found[part.name] = [*found.get(part.name, []), *fitting]
    each = [first(part, timeline, origin, origin, found) for part in parts]
    if None in each:
        return None
    complete = max(place for place in each if place is not None)
    if complete >= since:
        return complete
    again = [first(part, timeline, since, origin, found) for part in parts]
    return min((place for place in again if place is not None), default=None)
