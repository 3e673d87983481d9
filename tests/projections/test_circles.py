"""Circles: refused to whoever asks for one, and where a history holds one all the same, whoever reads it comes to an
end."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

import pytest

from domain.amending import RequestCorrection, RequestVoid
from domain.amendment import Replacement
from domain.case.commands import RegisterCase, TransferCase
from domain.case.relations import CaseAbsorbed, CaseMerged, MergeCase
from domain.envelope import Recorded
from domain.event import Command, Event, Refused
from domain.standards import streams_of_standards
from domain.stream import Category, stream_of
from domain.unit.commands import MoveUnit, OpenUnit, SetUnitHours
from domain.unit.events import UnitKind, UnitMoved, id_of_unit, stream_of_unit
from ledger.ledger import Ledger
from projections.sla_row import SlaTimer
from projections.sla_timer import SLA_TIMER, rows
from projections.working_out import subjects
from tests.ledger.submissions import OPENED, submission
from tests.projections.books import case_id, received
from tests.projections.regulated import POLICY, STATUTE, hours, promise, target, tell

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FIRST, SECOND = (stream_of(Category.CASE, case_id(number)) for number in (1, 2))
WEST, SHIFT = id_of_unit("West"), id_of_unit("Shift")
MOVING: dict[str, Any] = {
    **POLICY,
    "rules": [{"id": "all", "targets": ["legal", "moves"]}],
    "targets": [
        target("legal", {"type": "calendar_days", "amount": 15}, "case-resolved", statute=STATUTE),
        target("moves", hours(12), "case-resolved", on_transfer="move"),
    ],
}


def took_in(ledger: Ledger, number: int) -> None:
    tell(ledger, received(number))
    tell(ledger, RegisterCase(at=OPENED, case_id=case_id(number), unit="Front"))
    tell(ledger, TransferCase(at=OPENED + HOUR, case_id=case_id(number), to_unit="Shift"), at=OPENED + HOUR)


def refused(ledger: Ledger, command: Command, *, imported: bool) -> str:
    before = ledger.head()
    with pytest.raises(Refused) as no:
        ledger.carry_out(submission(command, at=OPENED + DAY, imported=imported))
    assert ledger.head() == before
    return str(no.value.code)


@pytest.mark.parametrize("imported", [False, True], ids=["live", "imported"])
def test_no_writer_makes_a_circle(ledger: Ledger, imported: bool) -> None:
    for number in (1, 2, 3):
        took_in(ledger, number)
    tell(ledger, MergeCase(at=OPENED + HOUR, case_id=case_id(1), into=case_id(2)), at=OPENED + HOUR)
    tell(ledger, MergeCase(at=OPENED + HOUR, case_id=case_id(2), into=case_id(3)), at=OPENED + HOUR)
    tell(ledger, OpenUnit(at=OPENED, name="West", kind=UnitKind.BRANCH))
    tell(ledger, OpenUnit(at=OPENED, name="Shift", kind=UnitKind.TEAM, parent=WEST))
    at: dict[str, Any] = {"at": OPENED + DAY}
    amends: dict[str, Any] = {**at, "about": FIRST, "reason": "mistyped", "requested_by": "王芳"}
    last = len(ledger.history(FIRST))
    back = RequestCorrection(**amends, version=last, replacement=Replacement.of(CaseMerged(into=case_id(1))))
    told = {
        "itself": refused(ledger, MergeCase(**at, case_id=case_id(3), into=case_id(3)), imported=imported),
        "round": refused(ledger, MergeCase(**at, case_id=case_id(3), into=case_id(1)), imported=imported),
        "units": refused(ledger, MoveUnit(**at, unit_id=WEST, parent=SHIFT), imported=imported),
        "read": refused(ledger, back, imported=imported),
        "request": refused(ledger, RequestVoid(**amends, version=last + 1), imported=imported),
    }
    assert told == {
        "itself": "MERGES_ITSELF", "round": "MERGES_IN_A_CIRCLE", "units": "UNIT_IN_A_CIRCLE",
        "read": "NO_LONGER_FOLDS", "request": "AMENDS_ITSELF",
    }  # fmt: skip


class Tampered:
    """Histories of a book, with events behind them that no decision let in."""

    def __init__(self, ledger: Ledger, added: Mapping[str, Event]) -> None:
        self._ledger = ledger
        self._added = added

    def read(self, streams: Collection[str]) -> dict[str, list[Recorded[Any]]]:
        return {stream: self._of(stream) for stream in streams}

    def _of(self, stream: str) -> list[Recorded[Any]]:
        history: list[Recorded[Any]] = [*self._ledger.history(stream)]
        if stream not in self._added:
            return history
        last = history[-1]
        added = last._replace(version=last.version + 1, position=last.position + 1_000, event=self._added[stream])
        return [*history, added]

    def clocks(self) -> dict[str, list[SlaTimer]]:
        standing = self._ledger.standing(streams_of_standards("main"), self._ledger.head())
        found = subjects(SLA_TIMER, [FIRST, SECOND], self.read, standing)
        return {subject.stream: rows(subject, OPENED + 20 * DAY) for subject in found}


def test_of_cases_that_were_merged_into_each_other_the_clocks_are_worked_out(ledger: Ledger) -> None:
    promise(ledger, MOVING)
    for number in (1, 2):
        took_in(ledger, number)
    plain = Tampered(ledger, {}).clocks()
    circle = Tampered(ledger, {FIRST: CaseAbsorbed(case_id=case_id(2)), SECOND: CaseAbsorbed(case_id=case_id(1))})
    assert {
        stream: [(clock.target, clock.due_at) for clock in clocks] for stream, clocks in circle.clocks().items()
    } == {stream: [(clock.target, clock.due_at) for clock in clocks] for stream, clocks in plain.items()}
    itself = Tampered(ledger, {FIRST: CaseAbsorbed(case_id=case_id(1))}).clocks()
    assert len(itself[FIRST]) == len(plain[FIRST]) == 2


def test_of_units_that_stand_below_each_other_the_hours_are_worked_out(ledger: Ledger) -> None:
    promise(ledger, MOVING)
    tell(ledger, OpenUnit(at=OPENED, name="West", kind=UnitKind.BRANCH))
    tell(ledger, OpenUnit(at=OPENED, name="Shift", kind=UnitKind.TEAM, parent=WEST))
    tell(ledger, SetUnitHours(at=OPENED, unit_id=WEST, calendar="desk"))
    for number in (1, 2):
        took_in(ledger, number)
    plain = Tampered(ledger, {}).clocks()
    circle = Tampered(ledger, {stream_of_unit(WEST): UnitMoved(parent=SHIFT)}).clocks()
    assert [clock.due_at for clock in circle[FIRST]] == [clock.due_at for clock in plain[FIRST]]
