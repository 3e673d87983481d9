"""In what ways each thing could be asked of a unit, or of a member of staff."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from domain import staff
from domain.event import Command
from domain.staff import Staff
from domain.stream import Category, stream_of
from domain.unit import commands as of_unit
from domain.unit.events import UnitKind, UnitOpened
from domain.unit.life import Unit
from domain.ways.trying import ANY, ELSEWHERE, Asking, Content, Ways, each, so


def _calendars(_: Unit, asking: Asking) -> Iterator[Content]:
    # Some calendar first, which needs the book's calendars to be read; None needs nothing.
    return ({"calendar": calendar} for calendar in (*asking.calendars, None))


def _supervisors(unit: Unit, _: Asking) -> Iterator[Content]:
    return ({"supervisor": supervisor, "reason": ANY} for supervisor in unit.supervisions or (ELSEWHERE,))


def _certificates(member: Staff) -> list[str]:
    return sorted(member.certificates) or [ANY]


WAYS_OF_UNIT: Mapping[type[Command], Ways[Unit]] = MappingProxyType({
    of_unit.RenameUnit: so(name=ANY),
    of_unit.MoveUnit: each("parent", (None, ELSEWHERE)),
    of_unit.CloseUnit: so(reason=ANY, anyway=True),
    of_unit.ReopenUnit: so(reason=ANY),
    of_unit.SetUnitHours: _calendars,
    of_unit.OpenSupervision: so(supervisor=ELSEWHERE, reason=ANY),
    of_unit.EndSupervision: _supervisors,
})  # fmt: skip
"""Of each command about a unit that a person sends."""

WAYS_OF_STAFF: Mapping[type[Command], Ways[Staff]] = MappingProxyType({
    staff.MoveStaff: so(unit=ANY, post=ANY),
    staff.LetStaffGo: so(reason=ANY),
    staff.TakeStaffBack: so(unit=ANY, post=ANY),
    staff.GrantCertificate: so(certificate=ANY),
    staff.ExpireCertificate: lambda member, _: ({"certificate": held} for held in _certificates(member)),
    staff.RevokeCertificate: lambda member, _: (
        {"certificate": held, "reason": ANY} for held in _certificates(member)
    ),
    staff.AssignGrade: so(grade=ANY),
    staff.AttendTraining: so(course=ANY),
})  # fmt: skip
"""Of each command about a member of staff that a person sends."""

_OPENING = UnitOpened(name=ANY, kind=UnitKind.TEAM, parent=None)
STAND_INS: Mapping[str, Any] = MappingProxyType({stream_of(Category.UNIT, ELSEWHERE): Unit(_OPENING, ANY, None)})
"""The other unit below which this one could stand, or which could supervise it."""
