"""The ladder, other cases, parts, pauses on request and stated dates, step by step."""

from datetime import timedelta

from domain.case.due import DueOrigin, DueStated, StateDue
from domain.case.escalation import (
    AcknowledgeEscalation,
    CaseEscalated,
    EscalateCase,
    EscalatedBy,
    EscalationAcknowledged,
)
from domain.case.events import CasePaused, CaseResumed, Outcome, PauseGround
from domain.case.parts import CasePartOpened, CasePartResolved, OpenCasePart, ResolveCasePart
from domain.case.pausing import (
    ApprovePause,
    DeclinePause,
    PauseApproved,
    PauseDeclined,
    PauseRequested,
    RequestPause,
)
from domain.case.relations import (
    CaseAbsorbed,
    CaseLinked,
    CaseUnlinked,
    LinkCase,
    MergeCase,
    Relation,
    UnlinkCase,
)
from domain.case.rules import Departure
from domain.envelope import Occurred
from domain.event import Precision
from domain.refusal import Refusal
from domain.stream import Category, stream_of
from tests.domain.case.histories import CASE_ID, NORTH, TUESDAY, paused, received, reopened
from tests.domain.case.steps import (
    ENDED,
    MERGED,
    MERGED_HERE,
    OPEN,
    UNHEARD_OF,
    Accepted,
    Marked,
    Rejected,
    Steps,
    at_hand,
    by_stage,
    ended,
    merged,
    over,
)

escalate = EscalateCase(
    at=TUESDAY, case_id=CASE_ID, level=2, to_unit="集团客户服务处", reason="no reply in time", by=EscalatedBy.ALARM
)
escalated = CaseEscalated(
    level=2, to_unit="集团客户服务处", to_staff=None, reason="no reply in time", by=EscalatedBy.ALARM
)
escalate_higher = EscalateCase(at=TUESDAY, case_id=CASE_ID, level=3, to_staff="zhao", by=EscalatedBy.PERSON)
escalated_higher = CaseEscalated(level=3, to_unit=None, to_staff="zhao", reason=None, by=EscalatedBy.PERSON)
escalated_sideways = escalated.model_copy(update={"to_unit": NORTH})
take_notice = AcknowledgeEscalation(at=TUESDAY, case_id=CASE_ID, level=2, by="zhao")
noticed = EscalationAcknowledged(level=2, by="zhao")

link = LinkCase(at=TUESDAY, case_id=CASE_ID, other_id=OPEN, relation=Relation.DUPLICATE)
linked = CaseLinked(case_id=OPEN, relation=Relation.DUPLICATE)
unlink = UnlinkCase(at=TUESDAY, case_id=CASE_ID, other_id=OPEN, relation=Relation.DUPLICATE)
unlinked = CaseUnlinked(case_id=OPEN, relation=Relation.DUPLICATE)
merge = MergeCase(at=TUESDAY, case_id=CASE_ID, into=OPEN)
absorbed = Occurred(CaseAbsorbed(case_id=CASE_ID), stream=stream_of(Category.CASE, OPEN))

open_part = OpenCasePart(at=TUESDAY, case_id=CASE_ID, part="card payment", category="Payments")
part_opened = CasePartOpened(part="card payment", category="Payments", unit=None)
resolve_part = ResolveCasePart(at=TUESDAY, case_id=CASE_ID, part="card payment", outcome=Outcome.UPHELD, code="R1")
part_resolved = CasePartResolved(part="card payment", outcome=Outcome.UPHELD, redress=None, code="R1")

request_pause = RequestPause(at=TUESDAY, case_id=CASE_ID, reason="court case pending", requested_by="ada")
pause_requested = PauseRequested(reason="court case pending", requested_by="ada")
approve_pause = ApprovePause(at=TUESDAY, case_id=CASE_ID, approved_by="grace")
pause_approved = PauseApproved(approved_by="grace", requested_by="ada")
decline_pause = DeclinePause(at=TUESDAY, case_id=CASE_ID, reason="not a ground", declined_by="grace")
pause_declined = PauseDeclined(reason="not a ground", declined_by="grace")
on_request = CasePaused(ground=PauseGround.OTHER)

state_due = StateDue(
    at=TUESDAY,
    case_id=CASE_ID,
    target="resolution",
    due_at=TUESDAY + timedelta(days=14),
    due_precision=Precision.DAY,
    stated_by=DueOrigin.SOURCE,
)
due_stated = DueStated(
    target="resolution",
    due_at=TUESDAY + timedelta(days=14),
    due_precision=Precision.DAY,
    stated_by=DueOrigin.SOURCE,
)

ACCEPTED = {
    "an alarm brings an unregistered case before a higher level": Accepted((received,), escalate, (escalated,)),
    "a case rises further": Accepted((*at_hand, escalated), escalate_higher, (escalated_higher,)),
    "the ladder begins anew after a reopening": Accepted(
        (*at_hand, escalated_higher, *over[2:], reopened), escalate, (escalated,)
    ),
    "somebody takes notice": Accepted((*at_hand, escalated), take_notice, (noticed,)),
    "a case is linked to another": Accepted(ended, link, (linked,)),
    "a link comes back": Accepted((received, linked, unlinked), link, (linked,)),
    "a link is taken away": Accepted((received, linked), unlink, (unlinked,)),
    "a case is merged into another": Accepted(at_hand, merge, (merged, absorbed)),
    "a case without a number is merged": Accepted((received,), merge, (merged, absorbed)),
    "no pause outlasts a merge": Accepted(
        (*at_hand, paused), merge, (CaseResumed(ground=PauseGround.CUSTOMER), merged, absorbed)
    ),
    "a part is dealt with apart": Accepted(at_hand, open_part, (part_opened,)),
    "a part gets its outcome": Accepted((*at_hand, part_opened), resolve_part, (part_resolved,)),
    "a part is opened again in the next cycle": Accepted(
        (*at_hand, part_opened, part_resolved, *over[2:], reopened), open_part, (part_opened,)
    ),
    "somebody asks for a pause": Accepted(at_hand, request_pause, (pause_requested,)),
    "a pause is asked for again after it was declined": Accepted(
        (*at_hand, pause_requested, pause_declined), request_pause, (pause_requested,)
    ),
    "somebody else approves the pause": Accepted(
        (*at_hand, pause_requested), approve_pause, (pause_approved, on_request)
    ),
    "who asked for a pause takes the request back": Accepted(
        (*at_hand, pause_requested),
        decline_pause.model_copy(update={"declined_by": "ada"}),
        (PauseDeclined(reason="not a ground", declined_by="ada"),),
    ),
    "a pause is declined": Accepted((*at_hand, pause_requested), decline_pause, (pause_declined,)),
    "a source states a date": Accepted((received,), state_due, (due_stated,)),
    "the company promises another date": Accepted(
        (received, due_stated),
        state_due.model_copy(update={"stated_by": DueOrigin.COMPANY}),
        (due_stated.model_copy(update={"stated_by": DueOrigin.COMPANY}),),
    ),
    "a stated date moves": Accepted(
        (received, due_stated),
        state_due.model_copy(update={"due_at": TUESDAY}),
        (due_stated.model_copy(update={"due_at": TUESDAY}),),
    ),
}
REJECTED = {
    **dict(by_stage(ACCEPTED)),
    "an escalation goes up": Rejected(
        (*at_hand, escalated_higher),
        escalate.model_copy(update={"by": EscalatedBy.PERSON}),
        Refusal.NOT_HIGHER,
        "at level 3 already; escalate it to a higher one",
    ),
    "nobody takes notice of what did not happen": Rejected(
        (*at_hand, escalated_higher), take_notice, Refusal.NOT_ESCALATED, "level 2; this case is at level 3"
    ),
    "one person takes notice of an escalation": Rejected(
        (*at_hand, escalated, noticed),
        take_notice.model_copy(update={"by": "grace"}),
        Refusal.ESCALATION_ACKNOWLEDGED,
        "zhao has acknowledged",
    ),
    "a case is not linked to itself": Rejected(
        at_hand, link.model_copy(update={"other_id": CASE_ID}), Refusal.LINKS_ITSELF, "name another one"
    ),
    "a case is not linked to nothing": Rejected(
        at_hand, link.model_copy(update={"other_id": UNHEARD_OF}), Refusal.OTHER_CASE_UNKNOWN, "no such case"
    ),
    "a link that is not there is not taken away": Rejected(at_hand, unlink, Refusal.NOT_LINKED, "no link to take"),
    "a case is not merged into itself": Rejected(
        at_hand, merge.model_copy(update={"into": CASE_ID}), Refusal.MERGES_ITSELF, "the one that is to stay"
    ),
    "a case is not merged into nothing": Rejected(
        at_hand, merge.model_copy(update={"into": UNHEARD_OF}), Refusal.SURVIVOR_UNKNOWN, "no such case"
    ),
    "a merge does not lead back": Rejected(
        at_hand, merge.model_copy(update={"into": MERGED_HERE}), Refusal.MERGES_IN_A_CIRCLE, "merged into this one"
    ),
    "a case is merged into the one that is left": Rejected(
        at_hand,
        merge.model_copy(update={"into": MERGED}),
        Refusal.SURVIVOR_MERGED,
        "into case 00000000-0000-0000-0000-00000000000a; merge this one into that",
    ),
    "a case does not end unseen in one that has ended": Rejected(
        at_hand, merge.model_copy(update={"into": ENDED}), Refusal.SURVIVOR_FINISHED, "is closed and would take"
    ),
    "a merged case is not merged into another one": Rejected(
        (*at_hand, merged), merge.model_copy(update={"into": ENDED}), Refusal.ALREADY_MERGED, "go on with that one"
    ),
    "a part has one name": Rejected(
        (*at_hand, part_opened),
        open_part.model_copy(update={"unit": NORTH}),
        Refusal.PART_ALREADY_OPENED,
        "has a part card payment already",
    ),
    "an unknown part gets no outcome": Rejected(at_hand, resolve_part, Refusal.UNKNOWN_PART, "open it first"),
    "a part has one outcome": Rejected(
        (*at_hand, part_opened, part_resolved),
        resolve_part.model_copy(update={"outcome": Outcome.REJECTED}),
        Refusal.PART_ALREADY_RESOLVED,
        "has its outcome already",
    ),
    "a part is not resolved without an outcome": Rejected(
        (*at_hand, part_opened),
        resolve_part.model_copy(update={"outcome": Outcome.UNSTATED}),
        Refusal.OUTCOME_UNSTATED,
        "say how it ended",
    ),
    "one request at a time": Rejected(
        (*at_hand, pause_requested),
        request_pause.model_copy(update={"requested_by": "li"}),
        Refusal.PAUSE_ALREADY_REQUESTED,
        "request of ada to pause this case waits",
    ),
    "nothing is approved that nobody asked for": Rejected(
        at_hand, approve_pause, Refusal.NO_PAUSE_REQUESTED, "No request to pause"
    ),
    "who asks does not approve": Rejected(
        (*at_hand, pause_requested),
        approve_pause.model_copy(update={"approved_by": "ada"}),
        Refusal.SAME_PERSON,
        "ada asked for this and cannot approve it as well",
    ),
    "nothing is declined that nobody asked for": Rejected(
        at_hand, decline_pause, Refusal.NO_PAUSE_REQUESTED, "No request to pause"
    ),
}
MARKED = {
    "it did not rise": Marked(
        (*at_hand, escalated),
        escalate.model_copy(update={"to_unit": NORTH}),
        escalated_sideways,
        (Departure.ESCALATED_NO_HIGHER,),
    ),
    "somebody noticed what did not happen": Marked(
        at_hand, take_notice, noticed, (Departure.ACKNOWLEDGED_NO_ESCALATION,)
    ),
    "two took notice": Marked(
        (*at_hand, escalated, noticed),
        take_notice.model_copy(update={"by": "grace"}),
        EscalationAcknowledged(level=2, by="grace"),
        (Departure.ESCALATION_ACKNOWLEDGED_AGAIN,),
    ),
    "it was linked to itself": Marked(
        at_hand,
        link.model_copy(update={"other_id": CASE_ID}),
        CaseLinked(case_id=CASE_ID, relation=Relation.DUPLICATE),
        (Departure.LINKED_TO_ITSELF,),
    ),
    "it was linked to a case yet to come": Marked(
        at_hand,
        link.model_copy(update={"other_id": UNHEARD_OF}),
        CaseLinked(case_id=UNHEARD_OF, relation=Relation.DUPLICATE),
        (Departure.LINKED_TO_UNKNOWN,),
    ),
    "a link was taken away that was not there": Marked(at_hand, unlink, unlinked, (Departure.UNLINKED_NOT_LINKED,)),
    "it was linked after it was merged": Marked((*at_hand, merged), link, linked, (Departure.WORK_AFTER_MERGE,)),
    "a part was opened otherwise": Marked(
        (*at_hand, part_opened),
        open_part.model_copy(update={"unit": NORTH}),
        part_opened.model_copy(update={"unit": NORTH}),
        (Departure.PART_OPENED_AGAIN,),
    ),
    "a part was resolved that nobody opened": Marked(
        at_hand, resolve_part, part_resolved, (Departure.PART_NOT_OPENED,)
    ),
    "a part was resolved otherwise": Marked(
        (*at_hand, part_opened, part_resolved),
        resolve_part.model_copy(update={"code": None}),
        part_resolved.model_copy(update={"code": None}),
        (Departure.PART_RESOLVED_AGAIN,),
    ),
    "two asked for a pause": Marked(
        (*at_hand, pause_requested),
        request_pause.model_copy(update={"requested_by": "li"}),
        PauseRequested(reason="court case pending", requested_by="li"),
        (Departure.PAUSE_REQUESTED_AGAIN,),
    ),
    "a pause was declined that nobody asked for": Marked(
        at_hand, decline_pause, pause_declined, (Departure.PAUSE_NOT_REQUESTED,)
    ),
}
BESIDE = Steps(ACCEPTED, REJECTED, MARKED)
