"""Terms, more time, and deadlines as they came, step by step."""

from datetime import date, timedelta
from typing import Any

from domain.case.deadline import (
    ApproveRevision,
    Cause,
    DeadlineMissed,
    DeadlineWarned,
    DeclineRevision,
    NoteMiss,
    NoteWarning,
    RequestRevision,
    RevisionDeclined,
    RevisionRequested,
    VerdictRevised,
)
from domain.case.events import CaseEvent
from domain.case.extension import (
    ApproveExtension,
    DeclineExtension,
    ExtensionApproved,
    ExtensionDeclined,
    ExtensionRequested,
    RequestExtension,
)
from domain.case.parts import CasePartOpened
from domain.case.promise import Ground, PromisedDue, Terms
from domain.case.relations import CaseMerged
from domain.case.rules import Departure
from domain.case.statutory import ComplainantNotified, NoticeOf
from domain.case.terms import (
    ApproveReassignment,
    DeclineReassignment,
    PolicyReassigned,
    PolicyReassignmentDeclined,
    PolicyReassignmentRequested,
    RequestReassignment,
    TermsAssigned,
)
from domain.refusal import Refusal
from domain.sla.clock import Verdict
from tests.domain.case.histories import CASE_ID, TUESDAY, an_inquiry, reopened
from tests.domain.case.promised import DUES
from tests.domain.case.steps import THIRD, Accepted, Marked, Rejected, Steps, at_hand, by_stage, ended, over

about: dict[str, Any] = {"at": TUESDAY, "case_id": CASE_ID}
dues = tuple(
    PromisedDue(target=target, calendar="china", calendar_version=1, due_at=DUES.get(target), due_on=None)
    for target in ("first-reply", "resolution", "each-part")
)
terms = Terms(
    policy="group-service",
    policy_version=1,
    rule="complaints",
    ground=(Ground(field="kind", value="complaint"),),
    dues=dues,
)
assigned = TermsAssigned(terms=(terms,), zone_data="2026a", engine=1)
promised: tuple[Any, ...] = (*at_hand, assigned)
"""Versions 1 to 3."""

# Reassignment ---------------------------------------------------------------------------------------------------------

reassign = RequestReassignment(
    **about, policy="group-service", policy_version=2, reason="published late", requested_by="ada"
)
reassigning = PolicyReassignmentRequested(
    policy="group-service", policy_version=2, reason="published late", requested_by="ada"
)
to_praise = reassign.model_copy(update={"policy": "praise", "policy_version": 1})
approve_reassignment = ApproveReassignment(**about, request=4, approved_by="grace")
reassigned = PolicyReassigned(
    request=4,
    terms=(terms.model_copy(update={"policy_version": 2}),),
    zone_data="2026a",
    engine=1,
    reason="published late",
    requested_by="ada",
    approved_by="grace",
)
decline_reassignment = DeclineReassignment(**about, request=4, reason="the old one holds", declined_by="grace")
not_reassigned = PolicyReassignmentDeclined(request=4, reason="the old one holds", declined_by="grace")

# More time ------------------------------------------------------------------------------------------------------------

step: dict[str, Any] = {"policy": "group-service", "target": "resolution", "part": None}
extend = RequestExtension(**about, **step, step="goodwill", reason="holidays", requested_by="ada")
extending = ExtensionRequested(**step, step="goodwill", reason="holidays", evidence=None, requested_by="ada")
extend_long = extend.model_copy(update={"step": "thirty-days", "evidence": "letter 12"})
extending_long = extending.model_copy(update={"step": "thirty-days", "evidence": "letter 12"})
approve_extension = ApproveExtension(**about, request=4, approved_by="grace")
extended = ExtensionApproved(request=4, role=None, approved_by="grace")
in_role = approve_extension.model_copy(update={"approver_role": "head of complaints"})
extended_in_role = ExtensionApproved(request=4, role="head of complaints", approved_by="grace")
decline_extension = DeclineExtension(**about, request=4, reason="no ground", declined_by="grace")
not_extended = ExtensionDeclined(request=4, reason="no ground", declined_by="grace")
told = ComplainantNotified(of=NoticeOf.EXTENSION, version=4)
told_of_the_latest = ComplainantNotified(of=NoticeOf.EXTENSION, version=None)
part_opened = CasePartOpened(part="card payment", category=None, unit=None)


def extension(**changes: Any) -> RequestExtension:
    return extend.model_copy(update=changes)


def taken(version: int) -> tuple[CaseEvent, ...]:
    """The step of goodwill asked for at a version, and approved."""
    return extending, extended.model_copy(update={"request": version})


# Deadlines ------------------------------------------------------------------------------------------------------------

clock: dict[str, Any] = {"policy": "group-service", "target": "resolution", "part": None, "cycle": 1, "instance": 1}
due: dict[str, Any] = {"due_at": DUES["resolution"], "due_on": date(2026, 3, 23)}
warn = NoteWarning(**about, **clock, **due, number=0, explanation="75 % of 15 business days are used up.")
warned = DeadlineWarned(**clock, **due, number=0, explanation="75 % of 15 business days are used up.")
found: dict[str, Any] = {
    "policy_version": 1, "calendar": "china", "calendar_version": 1, "zone_data": "2026a", "engine": 1,
    "basis": 48, "counted": 15 * 8 * 3600, "explanation": "15 business days from 2026-03-02 ended with 2026-03-23.",
}  # fmt: skip
miss = NoteMiss(**about, **clock, **due, **found)
missed = DeadlineMissed(**clock, **due, **found)
why: dict[str, Any] = {"cause": Cause.LATE_RECORD, "reason": "letter recorded late", "requested_by": "ada"}
revise = RequestRevision(**about, **clock, now=Verdict.KEPT, **why)
revising = RevisionRequested(**clock, was=Verdict.MISSED, now=Verdict.KEPT, **why)
approve_revision = ApproveRevision(**about, request=5, approved_by="grace")
revised = VerdictRevised(**clock, request=5, was=Verdict.MISSED, now=Verdict.KEPT, **why, approved_by="grace")
decline_revision = DeclineRevision(**about, request=5, reason="no evidence", declined_by="grace")
not_revised = RevisionDeclined(request=5, reason="no evidence", declined_by="grace")
late: tuple[Any, ...] = (*promised, missed)
"""Versions 1 to 4."""

ACCEPTED = {
    "somebody asks for another version of the policy": Accepted(promised, reassign, (reassigning,)),
    "a case that was promised nothing is brought under a policy": Accepted(at_hand, reassign, (reassigning,)),
    "a closed case is reassigned": Accepted(
        (*ended, reassigning),
        approve_reassignment.model_copy(update={"request": 5}),
        (reassigned.model_copy(update={"request": 5}),),
    ),
    "somebody else approves the reassignment": Accepted((*promised, reassigning), approve_reassignment, (reassigned,)),
    "the reassignment is declined": Accepted((*promised, reassigning), decline_reassignment, (not_reassigned,)),
    "it is asked for again after that": Accepted((*promised, reassigning, not_reassigned), reassign, (reassigning,)),
    "somebody asks for more time": Accepted(promised, extend, (extending,)),
    "somebody asks for more time after the end, for what runs on": Accepted((*ended, assigned), extend, (extending,)),
    "somebody asks for more time with evidence": Accepted(promised, extend_long, (extending_long,)),
    "more time for what runs when the time has run out": Accepted(
        promised, extension(target="final-answer"), (extending.model_copy(update={"target": "final-answer"}),)
    ),
    "more time for what a change of the case leads to": Accepted(
        (*promised, an_inquiry), extension(target="answer"), (extending.model_copy(update={"target": "answer"}),)
    ),
    "more time for a part": Accepted(
        (*promised, part_opened),
        extension(target="each-part", part="card payment"),
        (extending.model_copy(update={"target": "each-part", "part": "card payment"}),),
    ),
    "the step is taken once more": Accepted((*promised, *taken(4)), extend, (extending,)),
    "the step is there again in the next cycle": Accepted(
        (*promised, *taken(4), *taken(6), *over[2:], reopened), extend, (extending,)
    ),
    "more time is asked for again after it was declined": Accepted(
        (*promised, extending, not_extended), extend, (extending,)
    ),
    "more time for another target while one request waits": Accepted(
        (*promised, extending),
        extension(target="final-answer"),
        (extending.model_copy(update={"target": "final-answer"}),),
    ),
    "somebody else gives more time": Accepted((*promised, extending), approve_extension, (extended,)),
    "more time is given after the due": Accepted(
        (*promised, extending),
        approve_extension.model_copy(update={"at": DUES["resolution"] + timedelta(days=1)}),
        (extended,),
    ),
    "the head gives more time once the complainant knows": Accepted(
        (*promised, extending_long, told), in_role, (extended_in_role,)
    ),
    "a notice of the latest request will do": Accepted(
        (*promised, extending_long, told_of_the_latest), in_role, (extended_in_role,)
    ),
    "more time is not given": Accepted((*promised, extending), decline_extension, (not_extended,)),
    "a warning is noted": Accepted(promised, warn, (warned,)),
    "the next warning is noted": Accepted(
        (*promised, warned), warn.model_copy(update={"number": 1}), (warned.model_copy(update={"number": 1}),)
    ),
    "a miss is noted": Accepted(promised, miss, (missed,)),
    "a miss is noted after the case ended": Accepted((*ended, assigned), miss, (missed,)),
    "a miss is noted of a case that was merged": Accepted((*promised, CaseMerged(into=THIRD)), miss, (missed,)),
    "the next cycle has a miss of its own": Accepted(
        (*late, *over[2:], reopened), miss.model_copy(update={"cycle": 2}), (missed.model_copy(update={"cycle": 2}),)
    ),
    "another verdict is asked for": Accepted(late, revise, (revising,)),
    "another verdict is asked for after the case ended": Accepted((*ended, assigned), revise, (revising,)),
    "another verdict on what nobody promised but somebody missed": Accepted((*at_hand, missed), revise, (revising,)),
    "somebody else revises the verdict": Accepted((*late, revising), approve_revision, (revised,)),
    "the verdict is not revised": Accepted((*late, revising), decline_revision, (not_revised,)),
    "a revised verdict is revised back": Accepted(
        (*late, revising, revised),
        revise.model_copy(update={"now": Verdict.MISSED, "cause": Cause.ENGINE}),
        (revising.model_copy(update={"was": Verdict.KEPT, "now": Verdict.MISSED, "cause": Cause.ENGINE}),),
    ),
}
REJECTED = {
    **dict(by_stage(ACCEPTED)),
    "a policy that nobody published": Rejected(
        promised,
        reassign.model_copy(update={"policy": "nobody-s"}),
        Refusal.UNKNOWN_POLICY_VERSION,
        "no version of it was published",
    ),
    "a version that nobody published": Rejected(
        promised,
        reassign.model_copy(update={"policy_version": 9}),
        Refusal.UNKNOWN_POLICY_VERSION,
        "no version 9 of the policy group-service; its latest is version 2",
    ),
    "one request to reassign at a time": Rejected(
        (*promised, reassigning), to_praise, Refusal.REASSIGNMENT_ALREADY_REQUESTED, "request of ada to reassign"
    ),
    "no reassignment without a request": Rejected(
        promised, approve_reassignment, Refusal.UNKNOWN_REQUEST, "Version 4 is no such request"
    ),
    "another kind of request is no such request": Rejected(
        (*promised, extending), approve_reassignment, Refusal.UNKNOWN_REQUEST, "no such request"
    ),
    "no reassignment after it was declined": Rejected(
        (*promised, reassigning, not_reassigned), approve_reassignment, Refusal.ALREADY_DECIDED, "was decided before"
    ),
    "who asks for a reassignment does not approve it": Rejected(
        (*promised, reassigning),
        approve_reassignment.model_copy(update={"approved_by": "ada"}),
        Refusal.SAME_PERSON,
        "ada asked for this and cannot approve it as well",
    ),
    "no reassignment to a policy that has no rule for the case": Rejected(
        (*promised, reassigning.model_copy(update={"policy": "praise", "policy_version": 1})),
        approve_reassignment,
        Refusal.NO_RULE_FITS,
        "No rule of version 1 of the policy praise fits this case",
    ),
    "no reassignment is declined without a request": Rejected(
        promised, decline_reassignment, Refusal.UNKNOWN_REQUEST, "no such request"
    ),
    "no reassignment is declined after it was approved": Rejected(
        (*promised, reassigning, reassigned), decline_reassignment, Refusal.ALREADY_DECIDED, "was decided before"
    ),
    "no more time for a case that was promised nothing": Rejected(
        at_hand, extend, Refusal.UNKNOWN_TARGET, "no target resolution of the policy group-service"
    ),
    "no more time for what no rule has": Rejected(
        promised, extension(target="next-reply"), Refusal.UNKNOWN_TARGET, "no target next-reply"
    ),
    "no more time by another policy": Rejected(
        promised, extension(policy="praise"), Refusal.UNKNOWN_TARGET, "of the policy praise"
    ),
    "no more time for an unknown part": Rejected(
        promised, extension(target="each-part", part="conduct"), Refusal.UNKNOWN_PART, "no part conduct"
    ),
    "more time for which part": Rejected(
        (*promised, part_opened), extension(target="each-part"), Refusal.UNKNOWN_PART, "name one of its parts"
    ),
    "no part of what is one for the whole case": Rejected(
        (*promised, part_opened), extension(part="card payment"), Refusal.UNKNOWN_PART, "leave the part out"
    ),
    "no step that the ladder does not have": Rejected(
        promised, extension(step="a-year"), Refusal.OFF_THE_LADDER, "it has thirty-days, goodwill"
    ),
    "no step where there is no ladder": Rejected(
        promised, extension(target="first-reply"), Refusal.OFF_THE_LADDER, "it cannot be extended"
    ),
    "no step more often than it may be taken": Rejected(
        (*promised, *taken(4), *taken(6)), extend, Refusal.STEP_USED_UP, r"as often as the policy allows \(2\)"
    ),
    "a clock that resumes has had its step": Rejected(
        (
            *promised,
            an_inquiry,
            extending.model_copy(update={"target": "answer"}),
            extended.model_copy(update={"request": 5}),
            *over[2:],
            reopened,
        ),
        extension(target="answer"),
        Refusal.STEP_USED_UP,
        "as often as",
    ),
    "no step without evidence": Rejected(
        promised, extension(step="thirty-days"), Refusal.EVIDENCE_NEEDED, "say what shows the reason"
    ),
    "one request for more time at a time": Rejected(
        (*promised, extending), extend_long, Refusal.EXTENSION_ALREADY_REQUESTED, "request of ada for more time"
    ),
    "nobody gives time that nobody asked for": Rejected(
        promised, approve_extension, Refusal.UNKNOWN_REQUEST, "Version 4 is no such request"
    ),
    "nobody gives time that was declined": Rejected(
        (*promised, extending, not_extended), approve_extension, Refusal.ALREADY_DECIDED, "decided before"
    ),
    "who asks for time does not give it": Rejected(
        (*promised, extending),
        approve_extension.model_copy(update={"approved_by": "ada"}),
        Refusal.SAME_PERSON,
        "ada asked for this",
    ),
    "nobody but the head gives it": Rejected(
        (*promised, extending_long, told),
        approve_extension.model_copy(update={"approver_role": "agent"}),
        Refusal.ROLE_NEEDED,
        "in the role head of complaints; grace acts as agent",
    ),
    "nobody gives it before the complainant knows": Rejected(
        (*promised, extending_long), in_role, Refusal.NOTICE_NEEDED, "notice of the extension in version 4"
    ),
    "a notice of an earlier request will not do": Rejected(
        (*promised[:2], told_of_the_latest, assigned, extending_long),
        in_role.model_copy(update={"request": 5}),
        Refusal.NOTICE_NEEDED,
        "in version 5",
    ),
    "nobody gives time by a policy that no longer holds": Rejected(
        (*at_hand, extending, assigned.model_copy(update={"terms": ()})),
        approve_extension.model_copy(update={"request": 3}),
        Refusal.UNKNOWN_TARGET,
        "no target resolution",
    ),
    "nobody gives time by a step that is gone": Rejected(
        (*promised, extending.model_copy(update={"step": "a-year"})), approve_extension, Refusal.OFF_THE_LADDER, "has"
    ),
    "nobody gives time to a part that is gone": Rejected(
        (*promised, extending.model_copy(update={"target": "each-part", "part": "conduct"})),
        approve_extension,
        Refusal.UNKNOWN_PART,
        "no part conduct",
    ),
    "nobody takes a step too often": Rejected(
        (*promised, *taken(4), *taken(6), extending),
        approve_extension.model_copy(update={"request": 8}),
        Refusal.STEP_USED_UP,
        "as often as",
    ),
    "nobody declines what nobody asked for": Rejected(
        promised, decline_extension, Refusal.UNKNOWN_REQUEST, "no such request"
    ),
    "nobody declines what was given": Rejected(
        (*promised, extending, extended), decline_extension, Refusal.ALREADY_DECIDED, "decided before"
    ),
    "no verdict on what the case never had": Rejected(
        at_hand, revise, Refusal.UNKNOWN_TARGET, "never had a target of the policy group-service"
    ),
    "a verdict is revised once": Rejected(
        (*late, revising, revised), revise, Refusal.VERDICT_ALREADY_SO, "revised to kept already"
    ),
    "one request about a verdict at a time": Rejected(
        (*late, revising),
        revise.model_copy(update={"cause": Cause.CALENDAR}),
        Refusal.REVISION_ALREADY_REQUESTED,
        "request of ada to revise this verdict",
    ),
    "no verdict is revised that nobody asked about": Rejected(
        promised, approve_revision, Refusal.UNKNOWN_REQUEST, "Version 5 is no such request"
    ),
    "no verdict is revised after that was declined": Rejected(
        (*late, revising, not_revised), approve_revision, Refusal.ALREADY_DECIDED, "decided before"
    ),
    "who asks about a verdict does not revise it": Rejected(
        (*late, revising),
        approve_revision.model_copy(update={"approved_by": "ada"}),
        Refusal.SAME_PERSON,
        "ada asked for this",
    ),
    "nobody declines a revision that nobody asked for": Rejected(
        late, decline_revision, Refusal.UNKNOWN_REQUEST, "no such request"
    ),
    "nobody declines a revision that was approved": Rejected(
        (*late, revising, revised), decline_revision, Refusal.ALREADY_DECIDED, "decided before"
    ),
}
MARKED = {
    "an unknown policy was asked for": Marked(
        promised,
        reassign.model_copy(update={"policy_version": 9}),
        reassigning.model_copy(update={"policy_version": 9}),
        (Departure.UNKNOWN_POLICY_VERSION,),
    ),
    "two asked for other terms": Marked(
        (*promised, reassigning),
        reassign.model_copy(update={"requested_by": "li"}),
        reassigning.model_copy(update={"requested_by": "li"}),
        (Departure.REASSIGNMENT_REQUESTED_AGAIN,),
    ),
    "who asked for other terms approved them": Marked(
        (*promised, reassigning),
        approve_reassignment.model_copy(update={"approved_by": "ada"}),
        reassigned.model_copy(update={"approved_by": "ada"}),
        (Departure.SELF_APPROVED,),
    ),
    "other terms were approved after they were declined": Marked(
        (*promised, reassigning, not_reassigned), approve_reassignment, reassigned, (Departure.DECIDED_AGAIN,)
    ),
    "other terms were declined that nobody asked for": Marked(
        promised, decline_reassignment, not_reassigned, (Departure.DECIDED_NO_REQUEST,)
    ),
    "more time for what the case did not have": Marked(
        at_hand, extend, extending, (Departure.EXTENSION_OF_UNKNOWN_TARGET,)
    ),
    "more time by no step": Marked(
        promised,
        extension(step="a-year"),
        extending.model_copy(update={"step": "a-year"}),
        (Departure.EXTENDED_OFF_THE_LADDER,),
    ),
    "more time too often": Marked(
        (*promised, *taken(4), *taken(6)), extend, extending, (Departure.EXTENDED_TOO_OFTEN,)
    ),
    "more time without evidence": Marked(
        promised,
        extension(step="thirty-days"),
        extending.model_copy(update={"step": "thirty-days"}),
        (Departure.EXTENDED_WITHOUT_EVIDENCE,),
    ),
    "more time was asked for twice": Marked(
        (*promised, extending), extend_long, extending_long, (Departure.EXTENSION_REQUESTED_AGAIN,)
    ),
    "more time was given that nobody asked for": Marked(
        promised, approve_extension, extended, (Departure.DECIDED_NO_REQUEST,)
    ),
    "more time was given in whatever way": Marked(
        (*promised, extending_long),
        approve_extension.model_copy(update={"approved_by": "ada"}),
        extended.model_copy(update={"approved_by": "ada"}),
        (Departure.SELF_APPROVED, Departure.EXTENDED_OUT_OF_ROLE, Departure.EXTENDED_WITHOUT_NOTICE),
    ),
    "more time was given after it was declined": Marked(
        (*promised, extending, not_extended), approve_extension, extended, (Departure.DECIDED_AGAIN,)
    ),
    "another verdict on what the case never had": Marked(
        at_hand, revise, revising, (Departure.REVISED_UNKNOWN_TARGET,)
    ),
    "another verdict that was no other": Marked(
        (*late, revising, revised), revise, revising, (Departure.REVISED_TO_THE_SAME,)
    ),
    "another verdict was asked for twice": Marked(
        (*late, revising),
        revise.model_copy(update={"requested_by": "li"}),
        revising.model_copy(update={"requested_by": "li"}),
        (Departure.REVISION_REQUESTED_AGAIN,),
    ),
}
OF_TERMS = Steps(ACCEPTED, REJECTED, MARKED)
