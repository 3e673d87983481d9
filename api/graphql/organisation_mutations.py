"""What can be asked of units and staff, one line a mutation."""

from __future__ import annotations

from api.graphql import organisation_inputs as inputs
from api.graphql.asked import OneCommand
from api.graphql.codes import STALE_VERSION
from api.graphql.mutation import Mutation, Subject
from api.graphql.staff import StaffMember, shown_staff
from api.graphql.unit import Unit, shown_unit
from domain import staff
from domain.event import Command
from domain.stream import Category
from domain.unit import commands as of_unit
from projections.staff import STAFF as STAFF_VIEW
from projections.unit import UNIT as UNIT_VIEW

UNIT = Subject("unit", Unit, shown_unit, views=(UNIT_VIEW,))
STAFF = Subject("staff", StaffMember, shown_staff, views=(STAFF_VIEW,))


def _of_unit(
    name: str, description: str, asked: type[inputs.AskedOfUnit], kind: type[Command], *beside: str
) -> Mutation:
    """A mutation of one unit; `beside` are fields that name another one."""
    ids = dict.fromkeys(("unit_id", *beside), Category.UNIT)
    return Mutation(name, description, asked, OneCommand(kind, ids), (kind,), UNIT, (STALE_VERSION,))


def _of_staff(name: str, description: str, asked: type[inputs.AskedOfStaff], kind: type[Command]) -> Mutation:
    made = OneCommand(kind, {"staff_id": Category.STAFF})
    return Mutation(name, description, asked, made, (kind,), STAFF, (STALE_VERSION,))


UNIT_MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        "open_unit",
        "Opens a unit (机构).",
        inputs.OpenUnitInput,
        OneCommand(of_unit.OpenUnit, {"parent": Category.UNIT}),
        (of_unit.OpenUnit,),
        UNIT,
    ),
    _of_unit("rename_unit", "Gives a unit another name.", inputs.RenameUnitInput, of_unit.RenameUnit),
    _of_unit("move_unit", "Puts a unit below another one.", inputs.MoveUnitInput, of_unit.MoveUnit, "parent"),
    _of_unit("close_unit", "Closes a unit.", inputs.CloseUnitInput, of_unit.CloseUnit),
    _of_unit("reopen_unit", "Opens a closed unit again.", inputs.ReopenUnitInput, of_unit.ReopenUnit),
    _of_unit(
        "set_unit_hours",
        "Lets a unit work by a calendar of its own. They count for what is passed on to it, where the policy says so.",
        inputs.SetUnitHoursInput,
        of_unit.SetUnitHours,
    ),
    _of_unit(
        "open_supervision",
        "Puts a unit under another one's supervision (督办).",
        inputs.OpenSupervisionInput,
        of_unit.OpenSupervision,
        "supervisor",
    ),
    _of_unit(
        "end_supervision",
        "Ends another unit's supervision of a unit.",
        inputs.EndSupervisionInput,
        of_unit.EndSupervision,
        "supervisor",
    ),
)

STAFF_MUTATIONS: tuple[Mutation, ...] = (
    Mutation(
        "register_staff",
        "Makes a member of staff known.",
        inputs.RegisterStaffInput,
        OneCommand(staff.RegisterStaff, {}),
        (staff.RegisterStaff,),
        STAFF,
    ),
    _of_staff("move_staff", "Puts somebody in another unit, or post.", inputs.MoveStaffInput, staff.MoveStaff),
    _of_staff("let_staff_go", "Notes that somebody works here no longer.", inputs.LetStaffGoInput, staff.LetStaffGo),
    _of_staff("take_staff_back", "Notes that somebody is here again.", inputs.TakeStaffBackInput, staff.TakeStaffBack),
    _of_staff(
        "grant_certificate", "Certifies somebody (持证上岗).", inputs.GrantCertificateInput, staff.GrantCertificate
    ),
    _of_staff(
        "expire_certificate",
        "Notes that a certificate's time is over.",
        inputs.ExpireCertificateInput,
        staff.ExpireCertificate,
    ),
    _of_staff(
        "revoke_certificate",
        "Takes a certificate from somebody.",
        inputs.RevokeCertificateInput,
        staff.RevokeCertificate,
    ),
    _of_staff("assign_grade", "Puts somebody in a grade (分等定级).", inputs.AssignGradeInput, staff.AssignGrade),
    _of_staff(
        "attend_training",
        "Notes that somebody took part in a training.",
        inputs.AttendTrainingInput,
        staff.AttendTraining,
    ),
)
