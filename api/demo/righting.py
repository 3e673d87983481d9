"""The record put right: in a handful of cases somebody asks for a correction or a void, and somebody else decides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from api.demo.detours import OFFICER
from api.demo.group import ZONE
from api.demo.standing import ENVELOPE, NOBODY, Standing
from api.demo.telling import Step
from api.demo.told import Told
from domain.amending import (
    AboutRecord,
    ApproveAmendment,
    DeclineAmendment,
    RequestCorrection,
    RequestVoid,
)
from domain.amendment import Occurrence, Replacement
from domain.case.dialogue import FollowUpMade, FollowUpResult, MakeFollowUp
from domain.case.events import CaseClassified, CaseReceived, CaseResolved, Outcome
from domain.envelope import Actor, Recorded, Submission
from domain.event import Event, Precision
from domain.stream import Category, stream_of
from ledger.decision import decided, tip_of


class Record:
    """A case's stream as it will stand once it is told: the domain decides it here as it will in the ledger.

    Whoever asks for a correction names the version of an event, and so does whoever approves it.
    """

    def __init__(self, case: Told, standing: Standing) -> None:
        self._case = case
        self._standing = standing
        self._telling = case.telling
        self.stream = stream_of(Category.CASE, case.telling.case_id)
        self._tip = tip_of(self.stream, ())
        for step in case.telling.steps:
            self._take(step)

    def latest(self, kind: type[Event]) -> Recorded[Any]:
        """The latest event of a kind."""
        found: Recorded[Any] = next(one for one in reversed(self._tip.history) if isinstance(one.event, kind))
        return found

    def holds(self, kind: type[Event]) -> bool:
        """Whether there is one."""
        return any(isinstance(one.event, kind) for one in self._tip.history)

    def correct(self, version: int, event: Event, reason: str, when: Occurrence | None = None) -> int:
        """The handler asks that an event be read otherwise. Gives back the version of the request."""
        return self._about(
            self._case.worker, RequestCorrection, version=version, replacement=Replacement.of(event), occurrence=when,
            reason=reason, requested_by=self._case.handler,
        )  # fmt: skip

    def void(self, version: int, reason: str) -> int:
        """The handler asks that an event count no longer. Gives back the version of the request."""
        return self._about(
            self._case.worker, RequestVoid, version=version, reason=reason, requested_by=self._case.handler
        )

    def approve(self, request: int, by: Actor) -> int:
        """Somebody else approves. Gives back the version of the amendment."""
        return self._about(by, ApproveAmendment, request=request, approved_by=by.name)

    def decline(self, request: int, by: Actor, reason: str) -> None:
        """Somebody else turns it down."""
        self._about(by, DeclineAmendment, request=request, reason=reason, declined_by=by.name)

    def follow_up(self, result: FollowUpResult) -> None:
        """Another visit is noted."""
        self._telling.after(1, 30)
        asked = self._telling.about(MakeFollowUp, result=result, by=self._case.handler, channel=self._case.answering)
        self._tell(self._case.worker, asked)

    def _about(self, actor: Actor, command: type[AboutRecord], **fields: Any) -> int:
        self._telling.after(2, 40)
        return self._tell(actor, command(at=self._telling.now, zone=ZONE, about=self.stream, **fields))

    def _tell(self, actor: Actor, command: Any) -> int:
        self._telling.tell(actor, command)
        self._take(self._telling.steps[-1])
        return self._tip.version

    def _take(self, step: Step) -> None:
        commands = tuple(command for command in step.commands if command.stream == self.stream)
        if commands:
            asked = Submission(NOBODY, commands, step.actor, "demo")
            known = self._standing.context(step.said_at)
            self._tip = decided(asked, {self.stream: self._tip}, ENVELOPE, known).tips[self.stream]


def _misclassified(record: Record, case: Told) -> None:
    """It was put in the wrong class."""
    found = record.latest(CaseClassified)
    right = found.event.model_copy(update={"subcategory": "other", "symptom": None})
    record.approve(record.correct(found.version, right, "put in the wrong class"), case.head)


def _misclassified_twice(record: Record, case: Told) -> None:
    """The correction was wrong as well, and is corrected itself."""
    found = record.latest(CaseClassified)
    wrong = found.event.model_copy(update={"subcategory": "other", "symptom": None})
    correction = record.approve(record.correct(found.version, wrong, "put in the wrong class"), case.head)
    right = found.event.model_copy(update={"subcategory": "other", "symptom": "seen at the visit"})
    record.approve(record.correct(correction, right, "the correction left the symptom out"), OFFICER)


def _of_another_case(record: Record, case: Told) -> None:
    """A visit was noted here that was made in another case, and counts no longer."""
    record.follow_up(FollowUpResult.NOT_REACHED)
    noted = record.latest(FollowUpMade)
    record.approve(record.void(noted.version, "belongs to another case"), case.head)


def _rightly_here(record: Record, case: Told) -> None:
    """A visit was made void, which proved to be wrong, and was taken back."""
    record.follow_up(FollowUpResult.SATISFIED)
    noted = record.latest(FollowUpMade)
    void = record.approve(record.void(noted.version, "belongs to another case"), case.head)
    record.approve(record.void(void, "it does belong here"), OFFICER)


def _as_it_was(record: Record, case: Told) -> None:
    """Somebody would have the outcome be another one, and is told no."""
    found = record.latest(CaseResolved)
    other = found.event.model_copy(update={"outcome": Outcome.NOT_SOLVED, "redress": None})
    request = record.correct(found.version, other, "the customer sees it otherwise")
    record.decline(request, case.head, "that is how it was resolved; reopen the case instead")


def _by_its_stamp(record: Record, case: Told) -> None:
    """The paper was found, and it says an earlier day."""
    found = record.latest(CaseReceived)
    earlier = Occurrence(at=found.occurred_at - timedelta(days=1), zone=ZONE, precision=Precision.DAY)
    request = record.correct(found.version, found.event, "the stamp of receipt says so", earlier)
    record.approve(request, case.head)


SCRIPTS: Sequence[tuple[Callable[[Record, Told], None], type[Event]]] = (
    (_misclassified, CaseClassified),
    (_misclassified_twice, CaseClassified),
    (_of_another_case, CaseResolved),
    (_as_it_was, CaseResolved),
    (_by_its_stamp, CaseReceived),
    (_rightly_here, CaseResolved),
)


def put_right(nth: int, case: Told, standing: Standing) -> None:
    """Tells, at the end of a case, how its record was put right: in one way or the next, as the count goes round."""
    record = Record(case, standing)
    script, needed = SCRIPTS[nth % len(SCRIPTS)]
    if record.holds(needed):
        script(record, case)
