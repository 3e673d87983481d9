"""What can be asked of units and staff."""

from __future__ import annotations

from datetime import datetime

import strawberry

from api.graphql.enums import UnitKind
from api.graphql.inputs import UNIT, Asked, AskedAgain
from api.graphql.scalars import SafeInt

REASON = "Why, as the installation's list has it."
CERTIFICATE = "What the certificate is called."


@strawberry.input(description="A unit to open. Its id follows from its name.")
class OpenUnitInput(Asked):
    name: str = strawberry.field(description="What it is called; one name opens one unit.")
    kind: UnitKind = strawberry.field(description="What it is in the group.")
    parent: strawberry.ID | None = strawberry.field(default=None, description="The unit above it; null at the top.")


@strawberry.input
class AskedOfUnit(AskedAgain):
    unit_id: strawberry.ID = strawberry.field(description="The unit, by its id.")


@strawberry.input(description="Another name for a unit.")
class RenameUnitInput(AskedOfUnit):
    name: str = strawberry.field(description="The name.")


@strawberry.input(description="Another place in the tree for a unit.")
class MoveUnitInput(AskedOfUnit):
    parent: strawberry.ID | None = strawberry.field(description="The unit to stand below; null for the top.")


@strawberry.input(description="A unit to close.")
class CloseUnitInput(AskedOfUnit):
    reason: str | None = strawberry.field(default=None, description=REASON)
    anyway: bool = strawberry.field(
        default=False, description="Also while units below it are open, or its supervision has not ended."
    )


@strawberry.input(description="A closed unit to open again.")
class ReopenUnitInput(AskedOfUnit):
    reason: str | None = strawberry.field(default=None, description=REASON)


@strawberry.input(description="Hours for a unit (机构工作时间).")
class SetUnitHoursInput(AskedOfUnit):
    calendar: str | None = strawberry.field(
        description="The calendar by which it works, by name, and with it the zone; null for the hours of the unit "
        "above it, or else what each policy says."
    )


@strawberry.input(description="A unit to put under another one's supervision.")
class OpenSupervisionInput(AskedOfUnit):
    supervisor: strawberry.ID = strawberry.field(description="The unit that is to supervise.")
    reason: str = strawberry.field(description=REASON)


@strawberry.input(description="A supervision to end.")
class EndSupervisionInput(AskedOfUnit):
    supervisor: strawberry.ID = strawberry.field(description="The unit that supervises.")
    reason: str | None = strawberry.field(default=None, description=REASON)


@strawberry.input(description="A member of staff to make known. Their id follows from their name at work.")
class RegisterStaffInput(Asked):
    name: str = strawberry.field(description="The name under which they work; no two work under the same.")
    unit: str | None = strawberry.field(default=None, description=UNIT)
    post: str | None = strawberry.field(default=None, description="Their post.")


@strawberry.input
class AskedOfStaff(AskedAgain):
    staff_id: strawberry.ID = strawberry.field(description="The member of staff, by their id.")


@strawberry.input(description="Where a member of staff is to work.")
class MoveStaffInput(AskedOfStaff):
    unit: str | None = strawberry.field(description=UNIT)
    post: str | None = strawberry.field(default=None, description="Their post.")


@strawberry.input(description="A member of staff who works here no longer.")
class LetStaffGoInput(AskedOfStaff):
    reason: str | None = strawberry.field(default=None, description=REASON)


@strawberry.input(description="A member of staff who works here again.")
class TakeStaffBackInput(AskedOfStaff):
    unit: str | None = strawberry.field(default=None, description=UNIT)
    post: str | None = strawberry.field(default=None, description="Their post.")


@strawberry.input(description="A certificate for a member of staff.")
class GrantCertificateInput(AskedOfStaff):
    certificate: str = strawberry.field(description=CERTIFICATE)
    until: datetime | None = strawberry.field(
        default=None, description="It counts before then; null for one that is for good."
    )


@strawberry.input(description="A certificate whose time is over.")
class ExpireCertificateInput(AskedOfStaff):
    certificate: str = strawberry.field(description=CERTIFICATE)


@strawberry.input(description="A certificate to take from a member of staff.")
class RevokeCertificateInput(AskedOfStaff):
    certificate: str = strawberry.field(description=CERTIFICATE)
    reason: str = strawberry.field(description=REASON)


@strawberry.input(description="A grade for a member of staff.")
class AssignGradeInput(AskedOfStaff):
    grade: str = strawberry.field(description="The grade.")
    rules_version: str | None = strawberry.field(
        default=None, description="The version of the rules that put them there; null when somebody simply decided."
    )


@strawberry.input(description="A training that a member of staff took part in.")
class AttendTrainingInput(AskedOfStaff):
    course: str = strawberry.field(description="The course.")
    score: SafeInt | None = strawberry.field(
        default=None, description="What they scored, in the course's own points; null when nothing was assessed."
    )
