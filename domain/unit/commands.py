"""What can be asked of a unit."""

from __future__ import annotations

from typing import ClassVar, TypeAlias
from uuid import UUID

from typing_extensions import override

from domain.event import Command, Label, UnitName
from domain.refusal import Refusal
from domain.sla.document import Slug
from domain.unit.events import UnitKind, id_of_unit, stream_of_unit


def _of_both(stream: str, parent: UUID | None) -> tuple[str, ...]:
    """A unit's stream and that of the unit above it, which hears of it."""
    return (stream,) if parent is None else (stream, stream_of_unit(parent))


class OpenUnit(Command):
    """Open a unit. Its id follows from its name."""

    REFUSALS: ClassVar[tuple[str, ...]] = (
        Refusal.UNIT_ALREADY_OPENED,
        Refusal.UNKNOWN_UNIT,
        Refusal.UNIT_CLOSED,
        Refusal.UNIT_IN_A_CIRCLE,
    )

    name: UnitName
    kind: UnitKind
    parent: UUID | None = None

    @property
    def unit_id(self) -> UUID:
        """The id of the unit."""
        return id_of_unit(self.name)

    @property
    @override
    def stream(self) -> str:
        return stream_of_unit(self.unit_id)

    @property
    @override
    def streams(self) -> tuple[str, ...]:
        return _of_both(self.stream, self.parent)


class AboutUnit(Command):
    """Something asked for about one unit."""

    unit_id: UUID

    @property
    @override
    def stream(self) -> str:
        return stream_of_unit(self.unit_id)


_OPEN = (Refusal.UNKNOWN_UNIT, Refusal.UNIT_CLOSED)


class RenameUnit(AboutUnit):
    """Give the unit another name."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*_OPEN, Refusal.UNIT_NAME_TAKEN)

    name: UnitName

    @property
    @override
    def streams(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self.stream, stream_of_unit(id_of_unit(self.name)))))


class MoveUnit(AboutUnit):
    """Put the unit below another one, or at the top."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*_OPEN, Refusal.UNIT_IN_A_CIRCLE)

    parent: UUID | None

    @property
    @override
    def streams(self) -> tuple[str, ...]:
        return _of_both(self.stream, self.parent)


class CloseUnit(AboutUnit):
    """Close the unit."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*_OPEN, Refusal.SUBUNITS_OPEN, Refusal.UNDER_SUPERVISION)

    reason: Label | None = None
    anyway: bool = False
    """Also while units below it are open, or its supervision has not ended."""


class ReopenUnit(AboutUnit):
    """Open a closed unit again."""

    REFUSALS: ClassVar[tuple[str, ...]] = (Refusal.UNKNOWN_UNIT, Refusal.UNIT_NOT_CLOSED)

    reason: Label | None = None


class SetUnitHours(AboutUnit):
    """Let the unit work by a calendar of its own, or as the unit above it does."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*_OPEN, Refusal.UNKNOWN_CALENDAR)

    calendar: Slug | None


class OpenSupervision(AboutUnit):
    """Put the unit under another one's supervision."""

    REFUSALS: ClassVar[tuple[str, ...]] = (*_OPEN, Refusal.SUPERVISES_ITSELF, Refusal.UNDER_SUPERVISION)

    supervisor: UUID
    reason: Label


class EndSupervision(AboutUnit):
    """End another unit's supervision of this one."""

    REFUSALS: ClassVar[tuple[str, ...]] = (Refusal.UNKNOWN_UNIT, Refusal.NOT_SUPERVISED)

    supervisor: UUID
    reason: Label | None = None


UnitCommand: TypeAlias = (
    OpenUnit | RenameUnit | MoveUnit | CloseUnit | ReopenUnit | SetUnitHours | OpenSupervision | EndSupervision
)
