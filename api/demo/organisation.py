"""The group's own year: its units opened, moved and renamed, its staff certified and graded, and what units owe."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from api.demo.calendars import CALENDAR
from api.demo.group import (
    AGENTS,
    BILLING,
    BRANCHES,
    DESK,
    FIELD,
    GROUP,
    HEADS,
    HOTLINE,
    INSPECTOR,
    MANAGERS,
    QUALITY,
    QUALITY_OFFICE,
    REGISTRAR,
    SUCCESSOR,
    ZONE,
)
from api.demo.telling import Step
from domain.case.escalation import EscalatedBy
from domain.event import Command, Precision
from domain.obligation import (
    CancelObligation,
    MeetObligation,
    ObligationKind,
    OpenObligation,
    ReassignObligation,
    ReopenObligation,
    VerifyObligation,
)
from domain.obligation_deadlines import EscalateObligation
from domain.staff import (
    AssignGrade,
    AttendTraining,
    ExpireCertificate,
    GrantCertificate,
    LetStaffGo,
    MoveStaff,
    RegisterStaff,
    RevokeCertificate,
    TakeStaffBack,
    id_of_staff,
)
from domain.unit.commands import (
    CloseUnit,
    EndSupervision,
    MoveUnit,
    OpenSupervision,
    OpenUnit,
    RenameUnit,
    ReopenUnit,
    SetUnitHours,
)
from domain.unit.events import UnitKind, id_of_unit

SHARED, PARTNER, EXTRA = "共享账务中心 shared accounts", "蓝线工程 Blue Line Works", "临时服务点 extra counter"
KINDS = {DESK: UnitKind.DESK, FIELD: UnitKind.TEAM, BILLING: UnitKind.BACK_OFFICE}
CERTIFICATE, COURSES = "客户服务 customer service", ("complaints and their rules", "the new billing system")
GRADES = ("one star", "two stars", "three stars")
TRAINEE, LEFT_AFTER = "林小禾", 238
MONTH = timedelta(days=30)


class Group(NamedTuple):
    """What a year of the group's own is told from."""

    start: datetime
    outage_at: datetime
    """When the cable is cut."""
    namespace: UUID
    random: Callable[[str], Random]

    def told(self) -> Iterator[tuple[str, Step]]:
        """All of it, each step with its name."""
        for nth, step in enumerate((*self._units(), *self._staff(), *self._duties(), *self._project())):
            yield f"group {nth:04d}", step

    def _at(self, days: float) -> datetime:
        """Some days after the year's beginning, when offices have opened."""
        return self.start + timedelta(days=int(days), hours=9)

    # Units --------------------------------------------------------------------------------------------------------

    def _units(self) -> Iterator[Step]:
        at = self.start
        yield _step(at, *self._opened())
        moved_at, renamed_at = self._at(120), self._at(150)
        yield _step(
            moved_at,
            OpenUnit(at=moved_at, zone=ZONE, name=SHARED, kind=UnitKind.BACK_OFFICE, parent=id_of_unit(GROUP)),
            MoveUnit(at=moved_at, zone=ZONE, unit_id=id_of_unit(BRANCHES[1].unit(BILLING)), parent=id_of_unit(SHARED)),
            SetUnitHours(at=moved_at, zone=ZONE, unit_id=id_of_unit(SHARED), calendar=CALENDAR),
        )
        yield _step(
            renamed_at,
            RenameUnit(at=renamed_at, zone=ZONE, unit_id=id_of_unit(QUALITY), name=QUALITY_OFFICE),
        )
        begun, ended = self.outage_at + timedelta(days=10), self.outage_at + timedelta(days=55)
        watched: dict[str, Any] = {
            "zone": ZONE,
            "unit_id": id_of_unit(BRANCHES[2].name),
            "supervisor": id_of_unit(GROUP),
        }
        yield _step(begun, OpenSupervision(at=begun, **watched, reason="too many visits missed after the outage"))
        yield _step(ended, EndSupervision(at=ended, **watched, reason="all of them made up for"))
        extra, closed = self.outage_at + timedelta(hours=6), self.outage_at + timedelta(days=20)
        above = id_of_unit(BRANCHES[0].name)
        yield _step(extra, OpenUnit(at=extra, zone=ZONE, name=EXTRA, kind=UnitKind.DESK, parent=above))
        over = "the outage is long over"
        yield _step(closed, CloseUnit(at=closed, zone=ZONE, unit_id=id_of_unit(EXTRA), reason=over))
        again, anew = closed + timedelta(days=12), closed + timedelta(days=24)
        yield _step(again, ReopenUnit(at=again, zone=ZONE, unit_id=id_of_unit(EXTRA), reason="the storm"))
        yield _step(anew, CloseUnit(at=anew, zone=ZONE, unit_id=id_of_unit(EXTRA), reason=over))

    def _opened(self) -> Iterator[Command]:
        """The tree as the year finds it."""

        def opened(name: str, kind: UnitKind, parent: str | None) -> OpenUnit:
            above = None if parent is None else id_of_unit(parent)
            return OpenUnit(at=self.start, zone=ZONE, name=name, kind=kind, parent=above)

        yield opened(GROUP, UnitKind.GROUP, None)
        yield opened(HOTLINE, UnitKind.DESK, GROUP)
        yield opened(QUALITY, UnitKind.TEAM, GROUP)
        yield opened(PARTNER, UnitKind.PARTNER, GROUP)
        for branch in BRANCHES:
            yield opened(branch.name, UnitKind.BRANCH, GROUP)
            for department in branch.staff:
                yield opened(branch.unit(department), KINDS[department], branch.name)

    # Staff --------------------------------------------------------------------------------------------------------

    def _staff(self) -> Iterator[Step]:
        for nth, (name, unit, post) in enumerate(_everybody()):
            yield from self._career(name, unit, post, self._at(0) + timedelta(seconds=nth))
        moved_at, left_at = self._at(90), self._at(LEFT_AFTER)
        yield _step(
            moved_at, MoveStaff(at=moved_at, zone=ZONE, staff_id=id_of_staff(TRAINEE), unit=QUALITY, post="inspector")
        )
        left = LetStaffGo(at=left_at, zone=ZONE, staff_id=id_of_staff(MANAGERS[0]), reason="went to another company")
        yield _step(left_at, left)
        away, back = left_at + timedelta(days=30), left_at + timedelta(days=60)
        yield _step(away, LetStaffGo(at=away, zone=ZONE, staff_id=id_of_staff(TRAINEE), reason="back to school"))
        yield _step(
            back,
            TakeStaffBack(at=back, zone=ZONE, staff_id=id_of_staff(TRAINEE), unit=QUALITY_OFFICE, post="inspector"),
        )

    def _career(self, name: str, unit: str, post: str, at: datetime) -> Iterator[Step]:
        """Somebody's year: registered and certified, trained, and graded twice."""
        random = self.random(f"staff {name}")
        whose: dict[str, Any] = {"zone": ZONE, "staff_id": id_of_staff(name)}
        until = at + timedelta(days=random.randrange(100, 700))
        first = random.randrange(len(GRADES))
        yield _step(
            at,
            RegisterStaff(at=at, zone=ZONE, name=name, unit=unit, post=post),
            GrantCertificate(at=at, **whose, certificate=CERTIFICATE, until=until),
            AssignGrade(at=at, **whose, grade=GRADES[first], rules_version="stars 1"),
        )
        trained = at + timedelta(days=random.randrange(20, 200))
        course = random.choice(COURSES)
        yield _step(trained, AttendTraining(at=trained, **whose, course=course, score=random.randrange(55, 101)))
        graded = at + timedelta(days=LEFT_AFTER - 30)
        second = min(first + random.randrange(2), len(GRADES) - 1)
        yield _step(graded, AssignGrade(at=graded, **whose, grade=GRADES[second], rules_version="stars 2"))
        if until < at + timedelta(days=LEFT_AFTER - 20):
            yield _step(until, ExpireCertificate(at=until, **whose, certificate=CERTIFICATE))
            again = until + timedelta(days=random.randrange(1, 15))
            anew = again + timedelta(days=730)
            yield _step(again, GrantCertificate(at=again, **whose, certificate=CERTIFICATE, until=anew))
        elif name == AGENTS[-1]:
            revoked = graded + timedelta(days=3)
            yield _step(
                revoked,
                RevokeCertificate(at=revoked, **whose, certificate=CERTIFICATE, reason="three calls against the rules"),
            )

    # What units owe -----------------------------------------------------------------------------------------------

    def _duties(self) -> Iterator[Step]:
        """Each month the group tells its branches to settle what is old, and most of them do so in time."""
        for month in range(12):
            for place, branch in enumerate(BRANCHES):
                random = self.random(f"directive {month} {place}")
                at = self._at(4) + month * MONTH + timedelta(minutes=place)
                duty = uuid5(self.namespace, f"directive {month} {place}")
                yield _step(
                    at,
                    OpenObligation(
                        at=at, zone=ZONE, obligation_id=duty, kind=ObligationKind.DIRECTIVE,
                        title="settle what is open for more than a month", unit=branch.name,
                        owner=HEADS[branch.name], due_at=at + timedelta(days=7), due_precision=Precision.DAY,
                    ),
                )  # fmt: skip
                done = at + timedelta(days=random.triangular(1, 12, 5))
                if random.random() < 0.06:
                    yield _step(
                        done, CancelObligation(at=done, zone=ZONE, obligation_id=duty, reason="nothing was that old")
                    )
                else:
                    by = HEADS[branch.name]
                    if month % 5 == 1:
                        by = branch.staff[DESK][0]
                        passed_on = ReassignObligation(at=at, zone=ZONE, obligation_id=duty, owner=by, reason="is away")
                        yield _step(at + timedelta(hours=3), passed_on)
                    if done > (asked_after := at + timedelta(days=8)):
                        yield _step(
                            asked_after,
                            EscalateObligation(
                                at=asked_after, zone=ZONE, obligation_id=duty, level=1, to_unit=GROUP,
                                reason="no list of cases has come", by=EscalatedBy.PERSON,
                            ),
                        )  # fmt: skip
                    met = MeetObligation(at=done, zone=ZONE, obligation_id=duty, by=by, evidence="list of cases")
                    yield _step(done, met)
                    if month % 6 == place:
                        looked, again = done + timedelta(days=2), done + timedelta(days=4)
                        reason = "half of the list is missing"
                        yield _step(looked, ReopenObligation(at=looked, zone=ZONE, obligation_id=duty, reason=reason))
                        yield _step(again, met.model_copy(update={"at": again, "evidence": "whole list of cases"}))

    def _project(self) -> Iterator[Step]:
        """The steps of a project, and what an audit found."""
        for nth, title in enumerate(("pilot in Shanghai", "staff trained", "old system switched off")):
            at, duty = self._at(122), uuid5(self.namespace, f"milestone {nth}")
            due = self._at(160 + 50 * nth)
            yield _step(
                at,
                OpenObligation(
                    at=at, zone=ZONE, obligation_id=duty, kind=ObligationKind.MILESTONE, title=title, unit=SHARED,
                    due_at=due, due_precision=Precision.DAY,
                ),
            )  # fmt: skip
            met = due + timedelta(days=9 * (nth - 1))
            yield _step(met, MeetObligation(at=met, zone=ZONE, obligation_id=duty, evidence="record of the handover"))
        found, remedied, looked = self._at(200), self._at(224), self._at(260)
        duty = uuid5(self.namespace, "finding")
        finding = OpenObligation(
            at=found, zone=ZONE, obligation_id=duty, kind=ObligationKind.FINDING,
            title="letters lie for days before they are registered", unit=BRANCHES[0].unit(DESK),
            due_at=found + MONTH, due_precision=Precision.DAY,
        )  # fmt: skip
        yield _step(found, finding)
        yield _step(remedied, MeetObligation(at=remedied, zone=ZONE, obligation_id=duty, evidence="daily round"))
        yield _step(
            looked,
            VerifyObligation(at=looked, zone=ZONE, obligation_id=duty, by=HEADS[BRANCHES[0].name], effective=True),
        )


def _everybody() -> Iterator[tuple[str, str, str]]:
    """Names, units and posts."""
    yield from ((name, HOTLINE, "agent") for name in AGENTS)
    yield TRAINEE, HOTLINE, "trainee"
    yield INSPECTOR, GROUP, "compliance officer"
    for place, branch in enumerate(BRANCHES):
        yield HEADS[branch.name], branch.name, "head of branch"
        yield MANAGERS[place], branch.name, "key account manager"
        for department, names in branch.staff.items():
            yield from ((name, branch.unit(department), "clerk") for name in names)
    yield SUCCESSOR, BRANCHES[0].name, "key account manager"


def _step(at: datetime, *commands: Command) -> Step:
    """Written down by the records office as it happens."""
    return Step(at, REGISTRAR, commands)
