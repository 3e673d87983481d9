"""The units (机构): what each was called and where it stood since when, one row a unit; and the tree of any instant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple, assert_never
from uuid import UUID

from domain.envelope import Recorded
from domain.stream import Category
from domain.unit.events import (
    SubunitJoined,
    SupervisionEnded,
    SupervisionOpened,
    UnitClosed,
    UnitEvent,
    UnitHoursSet,
    UnitKind,
    UnitMoved,
    UnitNameTaken,
    UnitOpened,
    UnitRenamed,
    UnitReopened,
    stream_of_unit,
)
from ledger.database import Database
from projections.projection import FoldContext, Projection, key_of
from projections.spell import held_at, instant, maybe_instant


class Named(NamedTuple):
    """Since when a unit was called so."""

    since: datetime
    name: str


class Placed(NamedTuple):
    """Since when a unit stood below another one, or at the top."""

    since: datetime
    parent: UUID | None


class Standing(NamedTuple):
    """Since when a unit was open, or closed."""

    since: datetime
    is_open: bool


class Worked(NamedTuple):
    """Since when a unit worked by a calendar of its own; None is as the unit above it did, or as a policy says."""

    since: datetime
    calendar: str | None


class Supervision(NamedTuple):
    """A unit that supervises this one, why, since when, and until when it did."""

    supervisor: UUID
    reason: str
    since: datetime
    until: datetime | None = None


class UnitAt(NamedTuple):
    """A unit as it was at some instant."""

    unit_id: UUID
    name: str
    kind: UnitKind
    parent: UUID | None
    is_open: bool
    named_since: datetime
    calendar: str | None = None
    """By which it worked, when that was its own."""


class UnitView(NamedTuple):
    """Where a unit stands, and stood. Instants are when things occurred, in UTC.

    What it was called, where it stood, whether it was open and by what it worked are kept apart, each in the order of
    the stream: a name that becomes known late says nothing about where the unit stood.
    """

    unit_id: UUID
    version: int
    position: int
    name: str
    kind: UnitKind
    parent: UUID | None
    is_open: bool
    calendar: str | None
    """By which it works, when that is its own."""
    opened_at: datetime
    names: tuple[Named, ...]
    places: tuple[Placed, ...]
    standings: tuple[Standing, ...]
    hours: tuple[Worked, ...]
    supervisions: tuple[Supervision, ...]
    last_occurred_at: datetime
    last_recorded_at: datetime

    @property
    def stream(self) -> str:
        """The unit's stream."""
        return stream_of_unit(self.unit_id)

    def as_of(self, at: datetime) -> UnitAt | None:
        """The unit as it was at an instant; None before it was opened."""
        named, placed, standing = held_at(self.names, at), held_at(self.places, at), held_at(self.standings, at)
        if self.opened_at > at or named is None or placed is None or standing is None:
            return None
        worked = held_at(self.hours, at)
        calendar = None if worked is None else worked.calendar
        return UnitAt(self.unit_id, named.name, self.kind, placed.parent, standing.is_open, named.since, calendar)

    def supervised_at(self, at: datetime) -> tuple[Supervision, ...]:
        """The supervisions that were open at an instant."""
        return tuple(one for one in self.supervisions if one.since <= at and (one.until is None or at < one.until))


def keys(recorded: Recorded[UnitEvent]) -> tuple[UUID, ...]:
    """The unit itself."""
    return (key_of(recorded.stream),)


def fold(view: UnitView | None, recorded: Recorded[UnitEvent], context: FoldContext) -> UnitView | None:
    """The unit after an event, in whatever order history has them; before its opening there is none."""
    event, at = recorded.event, recorded.occurred_at
    if view is None:
        return _opened(event, recorded, context.key) if isinstance(event, UnitOpened) else None
    seen = view._replace(
        version=recorded.version,
        position=recorded.position,
        last_occurred_at=max(view.last_occurred_at, at),
        last_recorded_at=recorded.recorded_at,
    )
    match event:
        case UnitOpened() | SubunitJoined() | UnitNameTaken():  # those below it, or of its name, say so themselves
            return seen
        case UnitRenamed(name=name):
            return seen._replace(name=name, names=(*seen.names, Named(at, name)))
        case UnitMoved(parent=parent):
            return seen._replace(parent=parent, places=(*seen.places, Placed(at, parent)))
        case UnitClosed():
            return seen._replace(is_open=False, standings=(*seen.standings, Standing(at, is_open=False)))
        case UnitReopened():
            return seen._replace(is_open=True, standings=(*seen.standings, Standing(at, is_open=True)))
        case UnitHoursSet(calendar=calendar):
            return seen._replace(calendar=calendar, hours=(*seen.hours, Worked(at, calendar)))
        case SupervisionOpened():
            opened = Supervision(event.supervisor, event.reason, at)
            return seen._replace(supervisions=(*seen.supervisions, opened))
        case SupervisionEnded():
            return seen._replace(supervisions=tuple(_ended(seen.supervisions, event.supervisor, at)))
        case _:
            assert_never(event)


def _opened(event: UnitOpened, recorded: Recorded[UnitEvent], unit_id: UUID) -> UnitView:
    at = recorded.occurred_at
    return UnitView(
        unit_id=unit_id,
        version=recorded.version,
        position=recorded.position,
        name=event.name,
        kind=event.kind,
        parent=event.parent,
        is_open=True,
        calendar=None,
        opened_at=at,
        names=(Named(at, event.name),),
        places=(Placed(at, event.parent),),
        standings=(Standing(at, is_open=True),),
        hours=(),
        supervisions=(),
        last_occurred_at=at,
        last_recorded_at=recorded.recorded_at,
    )


def _ended(supervisions: Iterable[Supervision], supervisor: UUID, at: datetime) -> Iterator[Supervision]:
    """Every such supervision before it in the stream ends, if it did not end earlier."""
    for one in supervisions:
        ends = one.supervisor == supervisor and (one.until is None or at < one.until)
        yield one._replace(until=at) if ends else one


def of_row(row: Sequence[Any]) -> UnitView:
    """The unit in a row of the table."""
    told = dict(zip(UnitView._fields, row, strict=True))
    told["kind"] = UnitKind(told["kind"])
    told["names"] = tuple(Named(instant(since), name) for since, name in told["names"])
    told["places"] = tuple(Placed(instant(since), _maybe_id(parent)) for since, parent in told["places"])
    told["standings"] = tuple(Standing(instant(since), is_open) for since, is_open in told["standings"])
    told["hours"] = tuple(Worked(instant(since), calendar) for since, calendar in told["hours"])
    told["supervisions"] = tuple(
        Supervision(UUID(by), reason, instant(since), maybe_instant(until))
        for by, reason, since, until in told["supervisions"]
    )
    return UnitView(**told)


def _maybe_id(text: str | None) -> UUID | None:
    return None if text is None else UUID(text)


UNIT: Projection[UnitView] = Projection(
    name="unit",
    version=2,
    reads=frozenset({Category.UNIT}),
    key="unit_id",
    columns=UnitView._fields,
    keys=keys,
    fold=fold,
    of_row=of_row,
)


class Tree:
    """The units of one instant. One that stands below a unit that was not there stands at the top.

    Two moves far apart in the tree can, at the same instant, leave a circle that no decision has seen; no walk
    goes round in it.
    """

    def __init__(self, units: Iterable[UnitAt]) -> None:
        self.units: Mapping[UUID, UnitAt] = {unit.unit_id: unit for unit in units}

    def called(self, name: str) -> UnitAt | None:
        """The unit of that name; of several an open one, and of those the one that took the name last."""
        found = [unit for unit in self.units.values() if unit.name == name]
        return max(found, key=lambda unit: (unit.is_open, unit.named_since, unit.unit_id), default=None)

    def path(self, unit_id: UUID) -> tuple[UnitAt, ...]:
        """The way from the top down to a unit, both included; empty when there was no such unit."""
        way: dict[UUID, UnitAt] = {}
        at: UUID | None = unit_id
        while at is not None and at in self.units and at not in way:
            way[at] = self.units[at]
            at = self.units[at].parent
        return tuple(reversed(way.values()))

    def path_of(self, name: str) -> tuple[UnitAt, ...]:
        """The same to the unit of a name."""
        unit = self.called(name)
        return () if unit is None else self.path(unit.unit_id)

    def calendar_of(self, unit_id: UUID) -> str | None:
        """The calendar by which a unit worked: its own, or else that of the nearest unit above that had one."""
        return next((unit.calendar for unit in reversed(self.path(unit_id)) if unit.calendar is not None), None)

    def below(self, unit_id: UUID) -> tuple[UnitAt, ...]:
        """The units that stand right below a unit, by name."""
        return self._children.get(unit_id, ())

    def tops(self) -> tuple[UnitAt, ...]:
        """The units above which none stands, by name."""
        return self._children.get(None, ())

    def names_below(self, unit_id: UUID, borne: Mapping[UUID, Sequence[str]]) -> frozenset[str]:
        """The names by which cases may be held by a unit or by one below it, out of all that units bear or bore.

        Cases name their unit as it was called then. A name that a unit outside bears by now is that one's.
        """
        waiting, inside = [unit_id], set[UUID]()
        while waiting:
            here = waiting.pop()
            if here not in inside:
                inside.add(here)
                waiting += [each.unit_id for each in self.below(here)]
        elsewhere = {each.name for each in self.units.values() if each.unit_id not in inside}
        own = {self.units[each].name for each in inside}
        return frozenset(own | ({name for each in inside for name in borne.get(each, ())} - elsewhere))

    def walk(self) -> Iterator[tuple[int, UnitAt]]:
        """Every unit once, each right after the one above it and before those below it, with its depth from 0."""
        seen: set[UUID] = set()
        for unit in (*self._children.get(None, ()), *self._by_name):  # the latter for those in a circle
            waiting = [(0, unit)]
            while waiting:
                depth, here = waiting.pop()
                if here.unit_id not in seen:
                    seen.add(here.unit_id)
                    yield depth, here
                    waiting += [(depth + 1, each) for each in reversed(self.below(here.unit_id))]

    @cached_property
    def _by_name(self) -> tuple[UnitAt, ...]:
        return tuple(sorted(self.units.values(), key=lambda unit: (unit.name, unit.unit_id)))

    @cached_property
    def _children(self) -> Mapping[UUID | None, tuple[UnitAt, ...]]:
        found: dict[UUID | None, tuple[UnitAt, ...]] = {}
        for unit in self._by_name:
            parent = unit.parent if unit.parent in self.units else None
            found[parent] = (*found.get(parent, ()), unit)
        return found


# Questions ------------------------------------------------------------------------------------------------------------

# Leans on the primary key.
BY_IDS = UNIT.query("SELECT {columns} FROM {table} WHERE book = %(book)s AND unit_id = ANY(%(ids)s)")


def by_ids(database: Database, book: str, unit_ids: Iterable[UUID]) -> dict[UUID, UnitView]:
    """Those of some units that there are, by id."""
    rows = database.rows(BY_IDS, {"book": book, "ids": list(unit_ids)})
    return {view.unit_id: view for view in map(of_row, rows)}


def by_id(database: Database, book: str, unit_id: UUID) -> UnitView | None:
    """A unit, if it was opened."""
    return by_ids(database, book, [unit_id]).get(unit_id)


# Leans on the primary key: a group has some hundreds of units, and its tree is asked for whole.
ALL = UNIT.query("SELECT {columns} FROM {table} WHERE book = %(book)s")


def every(database: Database, book: str) -> list[UnitView]:
    """Every unit that was ever opened."""
    return [of_row(row) for row in database.rows(ALL, {"book": book})]


def tree_of(units: Iterable[UnitView], at: datetime) -> Tree:
    """The tree in which units stood at an instant, closed ones included."""
    return Tree(was for unit in units if (was := unit.as_of(at)) is not None)


def tree_as_of(database: Database, book: str, at: datetime) -> Tree:
    """The tree in which the book's units stood at an instant, closed ones included."""
    return tree_of(every(database, book), at)


def path_at(database: Database, book: str, name: str, at: datetime) -> tuple[UnitAt, ...]:
    """From the top down to the unit that bore a name at an instant, as a case has it; empty when none did."""
    return tree_as_of(database, book, at).path_of(name)


# Leans on the index name.
BY_NAME = UNIT.query("""
SELECT {columns} FROM {table}
WHERE book = %(book)s AND name = %(name)s
""")


def by_name(database: Database, book: str, name: str) -> UnitView | None:
    """The unit that bears a name now; of several an open one, and of those the one that took the name last."""
    found = [of_row(row) for row in database.rows(BY_NAME, {"book": book, "name": name})]
    return max(found, key=lambda unit: (unit.is_open, unit.names[-1].since, unit.unit_id), default=None)


# Leans on the index parent.
BELOW = UNIT.query(
    "SELECT {columns} FROM {table} WHERE book = %(book)s AND parent = ANY(%(ids)s) ORDER BY name, unit_id"
)


def below(database: Database, book: str, unit_ids: Iterable[UUID]) -> dict[UUID, list[UnitView]]:
    """The units that stand right below some units now, by the id of the one above; none for who has none."""
    found: dict[UUID, list[UnitView]] = {}
    for view in map(of_row, database.rows(BELOW, {"book": book, "ids": list(unit_ids)})):
        if view.parent is not None:
            found.setdefault(view.parent, []).append(view)
    return found
