"""The declared life of a unit: opened, renamed, moved, supervised, closed and reopened, with hours of its own or those
of the units above it; the units form a tree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias, assert_never, get_args
from uuid import UUID

from domain.calendar import BookCalendars, stream_of_calendars
from domain.decider import Decided, Decider
from domain.departure import Broken, Departure, stepped
from domain.envelope import Context, Occurred, Recorded
from domain.event import Event, Refused
from domain.refusal import Refusal
from domain.sla.calendars import UnknownCalendar
from domain.stream import Category
from domain.unit.commands import (
    CloseUnit,
    EndSupervision,
    MoveUnit,
    OpenSupervision,
    OpenUnit,
    RenameUnit,
    ReopenUnit,
    SetUnitHours,
    UnitCommand,
)
from domain.unit.events import (
    SubunitJoined,
    SupervisionEnded,
    SupervisionOpened,
    UnitClosed,
    UnitEvent,
    UnitHoursSet,
    UnitMoved,
    UnitNameTaken,
    UnitOpened,
    UnitRenamed,
    UnitReopened,
    id_of_unit,
    stream_of_unit,
)


@dataclass(frozen=True, slots=True)
class Unit:
    """What later decisions about a unit depend on, and those about units below it."""

    opening: UnitOpened
    name: str
    parent: UUID | None
    closing: UnitClosed | None = None
    reopening: UnitReopened | None = None
    """The latest, until it is closed again."""
    hours: str | None = None
    """The calendar by which it works, when that is its own."""
    joined: frozenset[UUID] = frozenset()
    """Every unit that ever stood below it."""
    supervisions: Mapping[UUID, SupervisionOpened] = field(default_factory=dict)
    """Those that are open, by who supervises."""
    ended: Mapping[UUID, SupervisionEnded] = field(default_factory=dict)
    """How the others ended last."""


Units: TypeAlias = Mapping[str, Any]
"""The states of units by their streams."""


def needs(command: UnitCommand, context: Context) -> Iterable[str]:
    """The units above, below and beside, as far as the command asks for them."""
    match command:
        case OpenUnit() | MoveUnit():
            return () if command.parent is None else lineage(command.parent, context.others)
        case RenameUnit():
            return (stream_of_unit(id_of_unit(command.name)),)
        case CloseUnit():
            unit: Unit | None = context.others.get(command.stream)
            return (command.stream, *(stream_of_unit(below) for below in (sorted(unit.joined) if unit else ())))
        case OpenSupervision():
            return (stream_of_unit(command.supervisor),)
        case SetUnitHours():
            return () if command.calendar is None else (stream_of_calendars(context.book),)
        case ReopenUnit() | EndSupervision():
            return ()
        case _:
            assert_never(command)


def lineage(unit_id: UUID, units: Units) -> list[str]:
    """The streams from a unit up to the top, as far as they are known; each once, even in a circle."""
    found: list[str] = []
    at: UUID | None = unit_id
    while at is not None and (stream := stream_of_unit(at)) not in found:
        found.append(stream)
        unit: Unit | None = units.get(stream)
        at = None if unit is None else unit.parent
    return found


def decide(unit: Unit | None, command: UnitCommand, context: Context) -> Decided:
    """The events that the command leads to; none when nothing changes. Raises: Refused."""
    if isinstance(command, OpenUnit):
        return _open(unit, command, context)
    if unit is None:
        raise Refused(Refusal.UNKNOWN_UNIT, "There is no such unit; open it first.", field="unit_id")
    match command:
        case RenameUnit(name=name):
            if unit.name == name:
                return []
            renamed = stepped(context, UnitRenamed(name=name), _closed(unit), _taken(command, context.others))
            return [*renamed, *_signed(command, context.others)]
        case MoveUnit():
            return _move(unit, command, context)
        case CloseUnit():
            return _close(unit, command, context)
        case ReopenUnit():
            reopening = UnitReopened(reason=command.reason)
            return [] if unit.reopening == reopening else stepped(context, reopening, _still_open(unit))
        case SetUnitHours(calendar=calendar):
            if unit.hours == calendar:
                return []
            return stepped(context, UnitHoursSet(calendar=calendar), _closed(unit), _unpublished(calendar, context))
        case OpenSupervision():
            return _supervise(unit, command, context)
        case EndSupervision(supervisor=supervisor):
            ended = SupervisionEnded(supervisor=supervisor, reason=command.reason)
            if supervisor not in unit.supervisions and unit.ended.get(supervisor) == ended:
                return []
            return stepped(context, ended, _not_supervised(unit, supervisor))
        case _:
            assert_never(command)


def evolve(unit: Unit | None, recorded: Recorded[UnitEvent]) -> Unit | None:
    """The unit after an event; what comes before its opening leaves nothing, and its first opening stays."""
    event = recorded.event
    if unit is None:
        return Unit(event, event.name, event.parent) if isinstance(event, UnitOpened) else None
    match event:
        case UnitOpened():
            return unit
        case UnitRenamed():
            return replace(unit, name=event.name)
        case UnitNameTaken():  # before a unit was opened under the name, which is the way to that one since
            return unit
        case UnitMoved():
            return replace(unit, parent=event.parent)
        case SubunitJoined():
            return replace(unit, joined=unit.joined | {event.unit_id})
        case UnitClosed():
            return replace(unit, closing=event, reopening=None)
        case UnitReopened():
            return replace(unit, closing=None, reopening=event)
        case UnitHoursSet():
            return replace(unit, hours=event.calendar)
        case SupervisionOpened():
            return replace(unit, supervisions={**unit.supervisions, event.supervisor: event})
        case SupervisionEnded():
            left = {by: opened for by, opened in unit.supervisions.items() if by != event.supervisor}
            ended = {**unit.ended, event.supervisor: event}
            return replace(unit, supervisions=left, ended=ended)
        case _:
            assert_never(event)


def above(unit: Unit | None) -> UUID | None:
    """The unit that it stands below."""
    return None if unit is None else unit.parent


UNIT: Decider[Unit | None] = Decider(
    Category.UNIT,
    None,
    decide,
    evolve,
    events=get_args(UnitEvent),
    begins=UnitOpened,
    needs=needs,
    onward=above,
)

# Opening and closing --------------------------------------------------------------------------------------------------


def _open(unit: Unit | None, command: OpenUnit, context: Context) -> Decided:
    opening = UnitOpened(name=command.name, kind=command.kind, parent=command.parent)
    if unit is None:
        _no_circle(command.unit_id, command.parent, context.others)
        opened = stepped(context, opening, *_above(command.parent, context.others))
        return [*opened, *_joining(command.unit_id, command.parent, context.others)]
    if unit.opening == opening:
        return []
    by_now = "" if unit.name == command.name else f", which is called {unit.name} by now"
    raise Refused(
        Refusal.UNIT_ALREADY_OPENED,
        f"A unit was opened under the name {command.name}{by_now}; move or reopen that one, or take another name.",
        field="name",
        params={"name": unit.name},
    )


def _close(unit: Unit, command: CloseUnit, context: Context) -> Decided:
    closing = UnitClosed(reason=command.reason, anyway=command.anyway)
    if unit.closing == closing:
        return []
    rules = () if command.anyway else (_open_below(unit, command.unit_id, context.others), _supervised(unit))
    return stepped(context, closing, _closed(unit), *rules)


def _closed(unit: Unit, field: str | None = None) -> Broken | None:
    if unit.closing is None:
        return None
    return Broken(
        Refusal.UNIT_CLOSED,
        Departure.WHILE_CLOSED,
        f"{unit.name} is closed; reopen it first.",
        field=field,
        params={"unit": unit.name},
    )


def _still_open(unit: Unit) -> Broken | None:
    if unit.closing is not None:
        return None
    message = f"{unit.name} is not closed, so there is nothing to reopen."
    return Broken(Refusal.UNIT_NOT_CLOSED, Departure.REOPENED_WHILE_OPEN, message, params={"unit": unit.name})


def _open_below(unit: Unit, unit_id: UUID, units: Units) -> Broken | None:
    """Whether a unit that is open stands below this one by now."""
    below: list[Unit | None] = [units.get(stream_of_unit(joined)) for joined in unit.joined]
    names = sorted(each.name for each in below if each and each.parent == unit_id and each.closing is None)
    if not names:
        return None
    return Broken(
        Refusal.SUBUNITS_OPEN,
        Departure.CLOSED_ABOVE_OPEN_UNITS,
        f"Below {unit.name} {', '.join(names)} would stay open; close or move them first, or say to close it anyway.",
        field="anyway",
        params={"units": ", ".join(names)},
    )


# The tree -------------------------------------------------------------------------------------------------------------


def _move(unit: Unit, command: MoveUnit, context: Context) -> Decided:
    if unit.parent == command.parent:
        return []
    _no_circle(command.unit_id, command.parent, context.others)
    moved = stepped(context, UnitMoved(parent=command.parent), _closed(unit), *_above(command.parent, context.others))
    return [*moved, *_joining(command.unit_id, command.parent, context.others)]


def _no_circle(unit_id: UUID, parent: UUID | None, units: Units) -> None:
    """A tree has none, and history is no reason for one. Raises: Refused."""
    if parent is None or stream_of_unit(unit_id) not in lineage(parent, units):
        return
    above: Unit | None = units.get(stream_of_unit(parent))
    where = "itself" if parent == unit_id or above is None else f"{above.name}, which stands below it"
    raise Refused(
        Refusal.UNIT_IN_A_CIRCLE,
        f"A unit cannot stand below {where}; move that one first.",
        field="parent",
        params={"unit": above.name if above else ""},
    )


def _above(parent: UUID | None, units: Units) -> tuple[Broken | None, ...]:
    """Whether the unit to stand below is not there, or closed."""
    if parent is None:
        return ()
    return _there(parent, units, "parent")


def _there(unit_id: UUID, units: Units, field: str) -> tuple[Broken | None, ...]:
    unit: Unit | None = units.get(stream_of_unit(unit_id))
    if unit is not None:
        return (_closed(unit, field),)
    message = "The other unit is not there; open it first."
    return (Broken(Refusal.UNKNOWN_UNIT, Departure.UNKNOWN_UNIT, message, field=field),)


def _joining(unit_id: UUID, parent: UUID | None, units: Units) -> list[Occurred[Event]]:
    """The unit above hears of each that comes to stand below it, and so knows which ones to look at before it closes.

    That two neighbours move at once is noticed as well: both of them write to the unit that one moves below.
    """
    if parent is None or units.get(stream_of_unit(parent)) is None:
        return []
    return [Occurred(SubunitJoined(unit_id=unit_id), stream=stream_of_unit(parent))]


def _taken(command: RenameUnit, units: Units) -> Broken | None:
    """Whether another unit was opened under this name: records of its time refer to it so."""
    owner = id_of_unit(command.name)
    if owner == command.unit_id or units.get(stream_of_unit(owner)) is None:
        return None
    return Broken(
        Refusal.UNIT_NAME_TAKEN,
        Departure.NAME_TAKEN,
        f"{command.name} is the name under which another unit was opened; take another one.",
        field="name",
        params={"name": command.name},
    )


def _signed(command: RenameUnit, units: Units) -> list[Occurred[Event]]:
    """The way from the name to the unit that bears it, where no unit was opened under that."""
    stream = stream_of_unit(id_of_unit(command.name))
    if stream == command.stream or units.get(stream) is not None:
        return []
    return [Occurred(UnitNameTaken(unit_id=command.unit_id), stream=stream)]


# Hours ----------------------------------------------------------------------------------------------------------------


def _unpublished(calendar: str | None, context: Context) -> Broken | None:
    """Whether nobody published the calendar by which the unit is to work."""
    if calendar is None:
        return None
    calendars: BookCalendars | None = context.others.get(stream_of_calendars(context.book))
    try:
        (calendars or BookCalendars()).calendars.versions(calendar)
    except UnknownCalendar as error:
        message = f"{error} Publish it first, or take one that is there."
        return Broken(
            Refusal.UNKNOWN_CALENDAR,
            Departure.UNKNOWN_CALENDAR,
            message,
            field="calendar",
            params={"calendar": calendar},
        )
    return None


# Supervision ----------------------------------------------------------------------------------------------------------


def _supervise(unit: Unit, command: OpenSupervision, context: Context) -> Decided:
    if command.supervisor == command.unit_id:
        raise Refused(Refusal.SUPERVISES_ITSELF, "A unit does not supervise itself.", field="supervisor")
    opened = SupervisionOpened(supervisor=command.supervisor, reason=command.reason)
    before = unit.supervisions.get(command.supervisor)
    if before == opened:
        return []
    again = None if before is None else _supervised_already(unit, before)
    return stepped(context, opened, _closed(unit), *_there(command.supervisor, context.others, "supervisor"), again)


def _supervised_already(unit: Unit, before: SupervisionOpened) -> Broken:
    return Broken(
        Refusal.UNDER_SUPERVISION,
        Departure.SUPERVISED_TWICE,
        f"{unit.name} is under this supervision already, because of {before.reason}; end it first.",
        field="supervisor",
        params={"reason": before.reason},
    )


def _supervised(unit: Unit) -> Broken | None:
    if not unit.supervisions:
        return None
    return Broken(
        Refusal.UNDER_SUPERVISION,
        Departure.CLOSED_UNDER_SUPERVISION,
        f"{unit.name} is under supervision; end it first, or say to close the unit anyway.",
        field="anyway",
        params={"unit": unit.name},
    )


def _not_supervised(unit: Unit, supervisor: UUID) -> Broken | None:
    if supervisor in unit.supervisions:
        return None
    return Broken(
        Refusal.NOT_SUPERVISED,
        Departure.NOT_SUPERVISED,
        f"{unit.name} is not under that unit's supervision.",
        field="supervisor",
        params={"unit": unit.name},
    )
