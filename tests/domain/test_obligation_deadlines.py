from datetime import timedelta
from uuid import UUID

from domain.book import BOOK, BookOpened, BookTime, stream_of_book
from domain.case.deadline import (
    Cause,
    DeadlineMissed,
    DeadlineWarned,
    RevisionDeclined,
    RevisionRequested,
    VerdictRevised,
)
from domain.case.escalation import EscalatedBy
from domain.envelope import Context, Occurred
from domain.obligation import (
    OBLIGATION,
    ObligationCancelled,
    ObligationKind,
    ObligationMet,
    ObligationOpened,
    ObligationReopened,
)
from domain.obligation_deadlines import (
    ApproveObligationRevision,
    DeclineObligationRevision,
    EscalateObligation,
    NoteObligationMiss,
    NoteObligationWarning,
    ObligationEscalated,
    RequestObligationRevision,
)
from domain.sla.clock import Verdict
from tests.domain.story import MONDAY, Story

OWED = UUID(int=1)
FRIDAY = MONDAY + timedelta(days=4)

story, imported = Story(OBLIGATION), Story(OBLIGATION, imported=True)
opened = ObligationOpened(
    kind=ObligationKind.TASK,
    title="mend the line",
    case_id=None,
    unit="后台支持",
    owner="李四",
    due_at=FRIDAY,
    due_precision=None,
)
met = ObligationMet(by="李四", evidence="letter 12", words=None)
CLOCK = {"policy": "stated", "target": "obligation", "part": None, "cycle": 1, "instance": 1}
DUE = {"due_at": FRIDAY, "due_on": None, "explanation": "Obligation: task: due on Friday."}
BY = {"policy_version": None, "calendar": None, "calendar_version": None, "zone_data": "2026a", "engine": 1,
      "basis": 9, "counted": 345_600}  # fmt: skip
warned = DeadlineWarned.model_validate({**CLOCK, **DUE, "number": 0})
missed = DeadlineMissed.model_validate({**CLOCK, **DUE, **BY})
warn = NoteObligationWarning.model_validate({**CLOCK, **DUE, "number": 0, "at": MONDAY, "obligation_id": OWED})
miss = NoteObligationMiss.model_validate({**CLOCK, **DUE, **BY, "at": FRIDAY, "obligation_id": OWED})
RISES = {"to_unit": None, "to_staff": "Director Li", "reason": "not done in time"}
escalated = ObligationEscalated.model_validate({**RISES, "level": 1, "by": EscalatedBy.ALARM})
escalate = EscalateObligation.model_validate({**RISES, "level": 1, "by": "alarm", "at": FRIDAY, "obligation_id": OWED})
REVISED = {"was": Verdict.MISSED, "now": Verdict.KEPT, "cause": Cause.LATE_RECORD, "reason": "it lay in the tray",
           "requested_by": "王芳"}  # fmt: skip
requested = RevisionRequested.model_validate({**CLOCK, **REVISED})
request = RequestObligationRevision.model_validate(
    {**CLOCK, "now": "kept", "cause": "late-record", "reason": "it lay in the tray", "requested_by": "王芳",
     "at": FRIDAY, "obligation_id": OWED}
)  # fmt: skip
approve = ApproveObligationRevision(at=FRIDAY, obligation_id=OWED, request=3, approved_by="李四")
revised = VerdictRevised.model_validate({**CLOCK, **REVISED, "request": 3, "approved_by": "李四"})
book = BookOpened(origin="test", zone="UTC", time=BookTime.SIMULATED, formats=())


def test_each_warning_and_each_miss_is_noted_once_also_after_the_end() -> None:
    story.given(opened).when(warn).then(warned)
    story.given(opened, warned).when(warn.model_copy(update={"explanation": None})).then_nothing()
    story.given(opened, met).when(miss).then(missed)
    story.given(opened, missed).when(miss.model_copy(update={"basis": 12})).then_nothing()
    story.when(miss).then_refused("UNKNOWN_OBLIGATION", "open it first")


def test_what_is_owed_rises_level_by_level_until_it_is_done() -> None:
    story.given(opened).when(escalate).then(escalated)
    higher = escalate.model_copy(update={"level": 3})
    story.given(opened, escalated).when(higher).then(escalated.model_copy(update={"level": 3}))
    by_somebody = escalate.model_copy(update={"by": EscalatedBy.PERSON})
    story.given(opened, escalated).when(by_somebody).then_refused("NOT_HIGHER", "at level 1 already")
    by_history = escalated.model_copy(update={"by": EscalatedBy.PERSON})
    imported.given(opened, escalated).when(by_somebody).then(Occurred(by_history, departures=("escalated-no-higher",)))
    story.given(opened, met).when(escalate).then_refused("OBLIGATION_MET", "is met; reopen it first")
    gone = ObligationCancelled(reason="overtaken")
    story.given(opened, gone).when(escalate).then_refused("OBLIGATION_CANCELLED", "reopen it first")


def test_an_alarm_for_a_level_that_was_reached_changes_nothing_before_a_reopening() -> None:
    higher = escalated.model_copy(update={"level": 2, "by": EscalatedBy.PERSON})
    story.given(opened, higher).when(escalate).then_nothing()
    story.given(opened, higher, met, ObligationReopened(reason=None)).when(escalate).then(escalated)


def test_a_verdict_is_revised_by_one_persons_request_and_anothers_approval() -> None:
    assert list(OBLIGATION.needs(approve, Context(book="test"))) == [stream_of_book("test")]
    story.given(opened, missed).when(request).then(requested)
    asked = story.given(opened, missed, requested).beside(stream_of_book("test"), BOOK, book)
    asked.when(approve).then(revised)
    asked.when(approve.model_copy(update={"approved_by": "王芳"})).then_refused("SAME_PERSON", "let somebody else")
    asked.when(approve.model_copy(update={"request": 2})).then_refused("UNKNOWN_REQUEST", "no such request")
    asked.given(opened, missed, requested, revised).when(request).then_refused("VERDICT_ALREADY_SO", "to kept already")


def test_a_request_to_revise_a_verdict_is_turned_down() -> None:
    decline = DeclineObligationRevision(
        at=FRIDAY, obligation_id=OWED, request=3, reason="nothing shows it", declined_by="李四"
    )
    declined = RevisionDeclined(request=3, reason="nothing shows it", declined_by="李四")
    story.given(opened, missed, requested).when(decline).then(declined)
    story.given(opened, missed, requested, declined).when(approve).then_refused("ALREADY_DECIDED", "decided before")


def test_only_a_verdict_that_there_may_be_is_revised() -> None:
    of_another = request.model_copy(update={"policy": "service"})
    story.given(opened).when(of_another).then_refused("UNKNOWN_TARGET", "This obligation never had a target")
    other = request.model_copy(update={"reason": "another"})
    story.given(opened, missed, requested).when(other).then_refused(
        "REVISION_ALREADY_REQUESTED", "waits for a decision"
    )
    before = request.model_copy(update={"at": MONDAY - timedelta(days=1)})
    story.given(opened).when(before).then_refused("BEFORE_OPENING", "nothing can have been done about it before")
