"""The record put right: in a handful of cases somebody asks for a correction or a void, and somebody else decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from api.correcting import replacement_of
from api.demo.detours import OFFICER
from api.demo.group import ZONE
from api.demo.telling import History
from api.demo.told import Told
from domain.amending import (
    AboutRecord,
    ApproveAmendment,
    DeclineAmendment,
    RequestCorrection,
    RequestVoid,
)
from domain.amendment import (
    CorrectionRequested,
    EventCorrected,
    EventVoided,
    Occurrence,
    VoidRequested,
)
from domain.case.commands import AboutCase, ResolveCase
from domain.case.dialogue import FollowUpMade, FollowUpResult, MakeFollowUp
from domain.case.events import CaseClassified, CaseReceived, CaseResolved, Outcome
from domain.envelope import Actor, Recorded
from domain.event import Event, Precision
from domain.stream import Category, stream_of


class Record:
    """A case's record, after all that is told of the case; which version is meant shows when it is written down."""

    def __init__(self, case: Told) -> None:
        self._case = case
        self._telling = case.telling
        self._stream = stream_of(Category.CASE, case.telling.case_id)

    def correct(self, kind: type[Event], to: Mapping[str, Any], reason: str, *, again: bool = False) -> None:
        """The handler asks that the latest event of a kind be read otherwise, or that its correction be."""

        def asked(history: History) -> dict[str, Any]:
            version = _there(history, EventCorrected if again else kind).version
            return {"version": version, "replacement": replacement_of(history, version, to), "occurrence": None}

        self._ask(RequestCorrection, asked, reason)

    def date_back(self, kind: type[Event], earlier: timedelta, reason: str) -> None:
        """The handler asks that the latest event of a kind be read as of an earlier day."""

        def asked(history: History) -> dict[str, Any]:
            found = _there(history, kind)
            when = Occurrence(at=found.occurred_at - earlier, zone=ZONE, precision=Precision.DAY)
            as_it_is = replacement_of(history, found.version, {})
            return {"version": found.version, "replacement": as_it_is, "occurrence": when}

        self._ask(RequestCorrection, asked, reason)

    def void(self, kind: type[Event], reason: str) -> None:
        """The handler asks that the latest event of a kind count no longer."""
        self._ask(RequestVoid, lambda history: {"version": _there(history, kind).version}, reason)

    def approve(self, by: Actor) -> None:
        """Somebody else approves what was asked for last."""
        self._tell(by, ApproveAmendment, lambda history: {"request": _request(history), "approved_by": by.name})

    def decline(self, by: Actor, reason: str) -> None:
        """Somebody else turns it down."""
        self._tell(
            by,
            DeclineAmendment,
            lambda history: {"request": _request(history), "reason": reason, "declined_by": by.name},
        )

    def follow_up(self, result: FollowUpResult) -> None:
        """Another visit is noted."""
        self._telling.after(1, 30)
        case = self._case
        case.tell(self._telling.about(MakeFollowUp, result=result, by=case.handler, channel=case.answering))

    def _ask(self, command: type[AboutRecord], said: Callable[[History], dict[str, Any]], reason: str) -> None:
        handler = self._case.handler
        self._tell(
            self._case.worker, command, lambda history: {**said(history), "reason": reason, "requested_by": handler}
        )

    def _tell(self, actor: Actor, command: type[AboutRecord], said: Callable[[History], dict[str, Any]]) -> None:
        self._telling.after(2, 40)
        about: dict[str, Any] = {"at": self._telling.now, "zone": ZONE, "about": self._stream}
        self._telling.tell_later(actor, lambda history: (command(**about, **said(history)),))


def _there(history: History, *kinds: type[Event]) -> Recorded[Any]:
    found: Recorded[Any] = next(one for one in reversed(history) if isinstance(one.event, kinds))
    return found


def _request(history: History) -> int:
    return _there(history, CorrectionRequested, VoidRequested).version


def _misclassified(record: Record, case: Told) -> None:
    """It was put in the wrong class."""
    record.correct(CaseClassified, {"subcategory": "other", "symptom": None}, "put in the wrong class")
    record.approve(case.head)


def _misclassified_twice(record: Record, case: Told) -> None:
    """The correction was wrong as well, and is corrected itself."""
    _misclassified(record, case)
    symptom = {"symptom": "seen at the visit"}
    record.correct(CaseClassified, symptom, "the correction left the symptom out", again=True)
    record.approve(OFFICER)


def _of_another_case(record: Record, case: Told) -> None:
    """A visit was noted here that was made in another case, and counts no longer."""
    record.follow_up(FollowUpResult.NOT_REACHED)
    record.void(FollowUpMade, "belongs to another case")
    record.approve(case.head)


def _rightly_here(record: Record, case: Told) -> None:
    """A visit was made void, which proved to be wrong, and was taken back."""
    record.follow_up(FollowUpResult.SATISFIED)
    record.void(FollowUpMade, "belongs to another case")
    record.approve(case.head)
    record.void(EventVoided, "it does belong here")
    record.approve(OFFICER)


def _as_it_was(record: Record, case: Told) -> None:
    """Somebody would have the outcome be another one, and is told no."""
    other = {"outcome": Outcome.NOT_SOLVED, "redress": None}
    record.correct(CaseResolved, other, "the customer sees it otherwise")
    record.decline(case.head, "that is how it was resolved; reopen the case instead")


def _by_its_stamp(record: Record, case: Told) -> None:
    """The paper was found, and it says an earlier day."""
    record.date_back(CaseReceived, timedelta(days=1), "the stamp of receipt says so")
    record.approve(case.head)


SCRIPTS: Sequence[tuple[Callable[[Record, Told], None], type[AboutCase] | None]] = (
    (_misclassified, None),
    (_misclassified_twice, None),
    (_of_another_case, ResolveCase),
    (_as_it_was, ResolveCase),
    (_by_its_stamp, None),
    (_rightly_here, ResolveCase),
)
"""Each with what has to be told of the case before, besides its receipt."""


def put_right(nth: int, case: Told) -> None:
    """Tells, at the end of a case, how its record was put right: in one way or the next, as the count goes round."""
    script, needed = SCRIPTS[nth % len(SCRIPTS)]
    if needed is None or case.telling.has_told(needed):
        script(Record(case), case)
