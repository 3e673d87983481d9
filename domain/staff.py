"""A member of staff: where they work, what they are certified for (持证上岗), their grade, and their training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import ClassVar, TypeAlias, assert_never, get_args
from uuid import UUID, uuid5

from typing_extensions import override

from domain.decider import Decided, Decider
from domain.departure import Broken, Departure, stepped
from domain.envelope import Context, Recorded
from domain.event import Command, Count, Event, Instant, Label, Refused, StaffName, UnitName
from domain.refusal import Refusal
from domain.stream import Category, stream_of

STAFF_NAMESPACE = UUID("e6a8f7d2-3c0b-5b8e-9f43-2d7a1e5b6c04")


def id_of_staff(name: str) -> UUID:
    """The id of the member of staff who works under a name."""
    return uuid5(STAFF_NAMESPACE, name)


# Events ---------------------------------------------------------------------------------------------------------------


class StaffRegistered(Event):
    """A member of staff became known."""

    TOPIC: ClassVar = "staff-registered.1"

    name: StaffName
    """The name under which they work; no two work under the same."""
    unit: UnitName | None
    post: Label | None


class StaffMoved(Event):
    """They work in another unit, or on another post."""

    TOPIC: ClassVar = "staff-moved.1"

    unit: UnitName | None
    post: Label | None


class StaffLeft(Event):
    """They work here no longer."""

    TOPIC: ClassVar = "staff-left.1"

    reason: Label | None


class StaffReturned(Event):
    """They work here again."""

    TOPIC: ClassVar = "staff-returned.1"

    unit: UnitName | None
    post: Label | None


class CertificateGranted(Event):
    """They hold a certificate, or hold it for longer."""

    TOPIC: ClassVar = "certificate-granted.1"

    certificate: Label
    until: Instant | None
    """It counts before then; None is for good."""


class CertificateExpired(Event):
    """They hold a certificate no longer, since its time is over."""

    TOPIC: ClassVar = "certificate-expired.1"

    certificate: Label


class CertificateRevoked(Event):
    """A certificate was taken from them."""

    TOPIC: ClassVar = "certificate-revoked.1"

    certificate: Label
    reason: Label


class GradeAssigned(Event):
    """They were put in a grade (分等定级)."""

    TOPIC: ClassVar = "grade-assigned.1"

    grade: Label
    rules_version: Label | None
    """The version of the rules that put them there; None when somebody simply decided."""


class TrainingAttended(Event):
    """They took part in a training (培训)."""

    TOPIC: ClassVar = "training-attended.1"

    course: Label
    score: Count | None
    """In the course's own points; None when nothing was assessed."""


StaffEvent: TypeAlias = (
    StaffRegistered
    | StaffMoved
    | StaffLeft
    | StaffReturned
    | CertificateGranted
    | CertificateExpired
    | CertificateRevoked
    | GradeAssigned
    | TrainingAttended
)

# Commands -------------------------------------------------------------------------------------------------------------


class RegisterStaff(Command):
    """Make a member of staff known. Their id follows from their name at work."""

    REFUSALS: ClassVar[tuple[str, ...]] = (Refusal.STAFF_ALREADY_REGISTERED,)

    name: StaffName
    unit: UnitName | None = None
    post: Label | None = None

    @property
    @override
    def stream(self) -> str:
        return stream_of(Category.STAFF, id_of_staff(self.name))


class AboutStaff(Command):
    """Something asked for about one member of staff."""

    staff_id: UUID

    @property
    @override
    def stream(self) -> str:
        return stream_of(Category.STAFF, self.staff_id)


_HERE = (Refusal.UNKNOWN_STAFF, Refusal.STAFF_LEFT)


class MoveStaff(AboutStaff):
    """Put them in another unit, or on another post."""

    REFUSALS: ClassVar[tuple[str, ...]] = _HERE

    unit: UnitName | None
    post: Label | None = None


class LetStaffGo(AboutStaff):
    """Note that they work here no longer."""

    REFUSALS: ClassVar[tuple[str, ...]] = _HERE

    reason: Label | None = None


class TakeStaffBack(AboutStaff):
    """Note that they work here again."""

    REFUSALS: ClassVar[tuple[str, ...]] = (Refusal.UNKNOWN_STAFF, Refusal.STAFF_NOT_LEFT)

    unit: UnitName | None = None
    post: Label | None = None


class GrantCertificate(AboutStaff):
    """Certify them, or for longer."""

    REFUSALS: ClassVar[tuple[str, ...]] = _HERE

    certificate: Label
    until: Instant | None = None


class ExpireCertificate(AboutStaff):
    """Note that a certificate's time is over."""

    REFUSALS: ClassVar[tuple[str, ...]] = (Refusal.UNKNOWN_STAFF, Refusal.CERTIFICATE_NOT_HELD)

    certificate: Label


class RevokeCertificate(AboutStaff):
    """Take a certificate from them."""

    REFUSALS: ClassVar[tuple[str, ...]] = (Refusal.UNKNOWN_STAFF, Refusal.CERTIFICATE_NOT_HELD)

    certificate: Label
    reason: Label


class AssignGrade(AboutStaff):
    """Put them in a grade."""

    REFUSALS: ClassVar[tuple[str, ...]] = _HERE

    grade: Label
    rules_version: Label | None = None


class AttendTraining(AboutStaff):
    """Note that they took part in a training."""

    REFUSALS: ClassVar[tuple[str, ...]] = _HERE

    course: Label
    score: Count | None = None


StaffCommand: TypeAlias = (
    RegisterStaff
    | MoveStaff
    | LetStaffGo
    | TakeStaffBack
    | GrantCertificate
    | ExpireCertificate
    | RevokeCertificate
    | AssignGrade
    | AttendTraining
)

# Life -----------------------------------------------------------------------------------------------------------------

Ending: TypeAlias = CertificateExpired | CertificateRevoked


@dataclass(frozen=True, slots=True)
class Staff:
    """What later decisions about a member of staff depend on."""

    registration: StaffRegistered
    unit: str | None
    post: str | None
    leaving: StaffLeft | None = None
    returning: StaffReturned | None = None
    """The latest, until they leave again."""
    certificates: Mapping[str, CertificateGranted] = field(default_factory=dict)
    """Those that they hold, by name."""
    ended: Mapping[str, Ending] = field(default_factory=dict)
    """How the others ended last."""
    grade: GradeAssigned | None = None
    trainings: tuple[tuple[datetime, TrainingAttended], ...] = ()


def decide(staff: Staff | None, command: StaffCommand, context: Context) -> Decided:
    """The events that the command leads to; none when nothing changes. Raises: Refused."""
    if isinstance(command, RegisterStaff):
        return _register(staff, command)
    if staff is None:
        raise Refused(Refusal.UNKNOWN_STAFF, "There is no such member of staff; register them first.", field="staff_id")
    match command:
        case MoveStaff(unit=unit, post=post):
            if (staff.unit, staff.post) == (unit, post):
                return []
            return stepped(context, StaffMoved(unit=unit, post=post), _gone(staff))
        case LetStaffGo():
            leaving = StaffLeft(reason=command.reason)
            return [] if staff.leaving == leaving else stepped(context, leaving, _gone(staff))
        case TakeStaffBack():
            returning = StaffReturned(unit=command.unit, post=command.post)
            return [] if staff.returning == returning else stepped(context, returning, _still_here(staff))
        case GrantCertificate():
            granted = CertificateGranted(certificate=command.certificate, until=command.until)
            if staff.certificates.get(command.certificate) == granted:
                return []
            return stepped(context, granted, _gone(staff))
        case ExpireCertificate():
            return _end(staff, CertificateExpired(certificate=command.certificate), context)
        case RevokeCertificate():
            revoked = CertificateRevoked(certificate=command.certificate, reason=command.reason)
            return _end(staff, revoked, context)
        case AssignGrade():
            grade = GradeAssigned(grade=command.grade, rules_version=command.rules_version)
            return [] if staff.grade == grade else stepped(context, grade, _gone(staff))
        case AttendTraining():
            # The same course may be taken again; it is the same training only at the same time.
            attended = TrainingAttended(course=command.course, score=command.score)
            return [] if (command.at, attended) in staff.trainings else stepped(context, attended, _gone(staff))
        case _:
            assert_never(command)


def evolve(staff: Staff | None, recorded: Recorded[StaffEvent]) -> Staff | None:
    """The member of staff after an event; what comes before their registration leaves nothing."""
    event = recorded.event
    if staff is None:
        return Staff(event, event.unit, event.post) if isinstance(event, StaffRegistered) else None
    match event:
        case StaffRegistered():
            return staff
        case StaffMoved():
            return replace(staff, unit=event.unit, post=event.post)
        case StaffLeft():
            return replace(staff, leaving=event, returning=None)
        case StaffReturned():
            return replace(staff, unit=event.unit, post=event.post, leaving=None, returning=event)
        case CertificateGranted():
            held = {**staff.certificates, event.certificate: event}
            return replace(staff, certificates=held)
        case CertificateExpired() | CertificateRevoked():
            left = {name: held for name, held in staff.certificates.items() if name != event.certificate}
            ended = {**staff.ended, event.certificate: event}
            return replace(staff, certificates=left, ended=ended)
        case GradeAssigned():
            return replace(staff, grade=event)
        case TrainingAttended():
            return replace(staff, trainings=(*staff.trainings, (recorded.occurred_at, event)))
        case _:
            assert_never(event)


STAFF: Decider[Staff | None] = Decider(
    Category.STAFF, None, decide, evolve, events=get_args(StaffEvent), begins=StaffRegistered
)


def _register(staff: Staff | None, command: RegisterStaff) -> Decided:
    registration = StaffRegistered(name=command.name, unit=command.unit, post=command.post)
    if staff is None:
        return [registration]
    if staff.registration == registration:
        return []
    raise Refused(
        Refusal.STAFF_ALREADY_REGISTERED,
        f"Somebody works under the name {command.name} already; move them, or let the new one work under a name "
        "that tells them apart.",
        field="name",
        params={"name": command.name},
    )


def _gone(staff: Staff) -> Broken | None:
    if staff.leaving is None:
        return None
    name = staff.registration.name
    message = f"{name} has left; take them back first."
    return Broken(Refusal.STAFF_LEFT, Departure.AFTER_LEAVING, message, field="staff_id", params={"name": name})


def _still_here(staff: Staff) -> Broken | None:
    if staff.leaving is not None:
        return None
    name = staff.registration.name
    message = f"{name} has not left, and so does not return; move them instead."
    return Broken(
        Refusal.STAFF_NOT_LEFT, Departure.RETURNED_WITHOUT_LEAVING, message, field="staff_id", params={"name": name}
    )


def _end(staff: Staff, ending: Ending, context: Context) -> Decided:
    """Certificates also end after somebody has left."""
    held = ending.certificate in staff.certificates
    if not held and staff.ended.get(ending.certificate) == ending:
        return []
    name = staff.registration.name
    not_held = Broken(
        Refusal.CERTIFICATE_NOT_HELD,
        Departure.CERTIFICATE_NOT_HELD,
        f"{name} does not hold the certificate {ending.certificate}.",
        field="certificate",
        params={"name": name, "certificate": ending.certificate},
    )
    return stepped(context, ending, None if held else not_held)
