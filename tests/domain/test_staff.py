from datetime import timedelta

import pytest

from domain.envelope import Occurred, When
from domain.event import Event
from domain.staff import (
    STAFF,
    AssignGrade,
    AttendTraining,
    CertificateExpired,
    CertificateGranted,
    CertificateRevoked,
    ExpireCertificate,
    GradeAssigned,
    GrantCertificate,
    LetStaffGo,
    MoveStaff,
    RegisterStaff,
    RevokeCertificate,
    StaffCommand,
    StaffLeft,
    StaffMoved,
    StaffRegistered,
    StaffReturned,
    TakeStaffBack,
    TrainingAttended,
    id_of_staff,
)
from domain.stream import Category, stream_of
from tests.domain.story import MONDAY, Story

WANG = id_of_staff("王芳")
NEXT_YEAR = MONDAY + timedelta(days=365)
PERMIT = "客服上岗证"

story, imported = Story(STAFF), Story(STAFF, imported=True)
registered = StaffRegistered(name="王芳", unit="北京分部", post="hotline")
register = RegisterStaff(at=MONDAY, name="王芳", unit="北京分部", post="hotline")
moved = StaffMoved(unit="华北分部", post=None)
move = MoveStaff(at=MONDAY, staff_id=WANG, unit="华北分部")
left = StaffLeft(reason="retired")
let_go = LetStaffGo(at=MONDAY, staff_id=WANG, reason="retired")
returned = StaffReturned(unit="北京分部", post="hotline")
take_back = TakeStaffBack(at=MONDAY, staff_id=WANG, unit="北京分部", post="hotline")
granted = CertificateGranted(certificate=PERMIT, until=NEXT_YEAR)
grant = GrantCertificate(at=MONDAY, staff_id=WANG, certificate=PERMIT, until=NEXT_YEAR)
expired = CertificateExpired(certificate=PERMIT)
expire = ExpireCertificate(at=NEXT_YEAR, staff_id=WANG, certificate=PERMIT)
revoked = CertificateRevoked(certificate=PERMIT, reason="failed the audit")
revoke = RevokeCertificate(at=MONDAY, staff_id=WANG, certificate=PERMIT, reason="failed the audit")
graded = GradeAssigned(grade="二级", rules_version="2026-1")
grade = AssignGrade(at=MONDAY, staff_id=WANG, grade="二级", rules_version="2026-1")
trained = TrainingAttended(course="complaint handling", score=87)
train = AttendTraining(at=MONDAY, staff_id=WANG, course="complaint handling", score=87)


def test_a_member_of_staff_is_known_by_the_name_at_work() -> None:
    assert register.stream == stream_of(Category.STAFF, WANG)
    story.when(register).then(registered)
    story.given(registered).when(register).then_nothing()


def test_no_two_work_under_one_name() -> None:
    other = register.model_copy(update={"unit": "上海分部"})
    story.given(registered).when(other).then_refused("STAFF_ALREADY_REGISTERED", "a name that tells them apart")


def test_staff_move_between_units_and_posts() -> None:
    story.given(registered).when(move).then(moved)
    story.given(registered, moved).when(move).then_nothing()


def test_staff_leave_and_return() -> None:
    story.given(registered).when(let_go).then(left)
    story.given(registered, left).when(let_go).then_nothing()
    story.given(registered, left).when(take_back).then(returned)
    story.given(registered, left, returned).when(take_back).then_nothing()
    story.given(registered).when(take_back).then_refused("STAFF_NOT_LEFT", "王芳 has not left")
    imported.given(registered).when(take_back).then(Occurred(returned, departures=("returned-without-leaving",)))


def test_a_certificate_is_granted_and_prolonged() -> None:
    story.given(registered).when(grant).then(granted)
    story.given(registered, granted).when(grant).then_nothing()
    for_good = grant.model_copy(update={"until": None})
    story.given(registered, granted).when(for_good).then(CertificateGranted(certificate=PERMIT, until=None))


@pytest.mark.parametrize(("command", "event"), [(expire, expired), (revoke, revoked)], ids=["expired", "revoked"])
def test_a_certificate_ends_once_and_only_when_held(
    command: ExpireCertificate | RevokeCertificate, event: CertificateExpired | CertificateRevoked
) -> None:
    story.given(registered, granted).when(command).then(event)
    story.given(registered, granted, event).when(command).then_nothing()
    story.given(registered, granted, event).when(grant).then(granted)
    story.given(registered, granted, left).when(command).then(event)
    story.given(registered).when(command).then_refused("CERTIFICATE_NOT_HELD", "does not hold the certificate")
    imported.given(registered).when(command).then(Occurred(event, departures=("certificate-not-held",)))


def test_a_grade_is_assigned_again_only_under_other_rules() -> None:
    story.given(registered).when(grade).then(graded)
    story.given(registered, graded).when(grade).then_nothing()


def test_a_training_may_be_attended_again_another_time() -> None:
    story.given(registered).when(train).then(trained)
    attended = Occurred(trained, When(MONDAY))
    story.given(registered, attended).when(train).then_nothing()
    again = train.model_copy(update={"at": MONDAY + timedelta(days=1)})
    story.given(registered, attended).when(again).then(trained)


CHANGES: list[tuple[StaffCommand, Event]] = [
    (move, moved),
    (let_go.model_copy(update={"reason": None}), StaffLeft(reason=None)),
    (grant, granted),
    (grade, graded),
    (train, trained),
]


@pytest.mark.parametrize(("command", "event"), CHANGES, ids=lambda it: type(it).__name__)
def test_who_has_left_is_left_alone(command: StaffCommand, event: Event) -> None:
    story.given(registered, left).when(command).then_refused("STAFF_LEFT", "王芳 has left; take them back first")
    imported.given(registered, left).when(command).then(Occurred(event, departures=("after-leaving",)))


@pytest.mark.parametrize(
    "command", [*(each for each, _ in CHANGES), take_back, expire, revoke], ids=lambda it: type(it).__name__
)
def test_nothing_is_noted_about_nobody(command: StaffCommand) -> None:
    story.when(command).then_refused("UNKNOWN_STAFF", "register them first")
    imported.when(command).then_refused("UNKNOWN_STAFF", "register them first")
